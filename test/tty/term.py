"""A shell in Zenta on a terminal, for the tests in this folder.

The prompt is set to `{status}# ', so that each one tells the status of the line before it and
cannot be taken for output.  A part of a test that gets no answer fails one point and goes on in a
new machine.
"""
import os
import re
import signal
import sys
import termios

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
import pexpect
from tap import ROOT, ZRUN, done, equal, ok

SECONDS = 20                    # for an answer, however busy the host is
QUIET = 0.25                    # nothing for so long counts as nothing
PROMPT = re.compile(rb"\{(\d+)\}# $")


def plain_output():
    """The host's terminal shall add nothing: QEMU leaves its output processing on."""
    mode = termios.tcgetattr(0)
    mode[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, mode)


class Console:
    """A child of pexpect with a shell's prompt behind it."""

    def __init__(self, argv, rows=24, cols=80, seconds=SECONDS):
        self.p = pexpect.spawn(argv[0], argv[1:], dimensions=(rows, cols), timeout=seconds,
                               maxread=1 << 16, preexec_fn=plain_output)
        self.p.delaybeforesend = None
        self.p.ptyproc.delayafterclose = self.p.delayafterclose = 0.05
        self.first = self.until(rb"# $")

    def send(self, text):
        self.p.send(text)

    def until(self, pattern, seconds=-1):
        """Waits for a pattern; everything up to its end."""
        self.p.expect(pattern, timeout=seconds)
        return self.p.before + self.p.after

    def exactly(self, text, seconds=-1):
        """Waits for a text; what came before it."""
        self.p.expect_exact(text, timeout=seconds)
        return self.p.before

    def has(self, text, seconds=-1):
        """True when the text comes."""
        try:
            self.exactly(text, seconds)
            return True
        except pexpect.TIMEOUT:
            return False

    def quiet(self, seconds=QUIET):
        """What comes until nothing came for that long."""
        got = b""
        while True:
            try:
                got += self.until(re.compile(rb".+", re.S), seconds)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return got

    def prompt(self, seconds=-1):
        """(what came before the next prompt, the status it tells)"""
        self.p.expect(PROMPT, timeout=seconds)
        return self.p.before, int(self.p.match[1])

    def settle(self):
        """Sets the prompt that prompt() knows; $S is what stty needs to put all back."""
        self.send("PS1='{$?}# '\r")
        self.prompt()
        self.run("S=$(stty -g)")

    def begin(self, line):
        """Types a line and waits for its echo."""
        self.send(line + "\r")
        self.exactly(line.encode() + b"\r\n")

    def ready(self, line):
        """Types a line that says `go' when the terminal is set for what follows; waits for that."""
        self.begin(line)
        self.until(rb"go\r?\n")

    def run(self, line, seconds=-1):
        """(output with plain newlines, status) of a line."""
        self.begin(line)
        out, status = self.prompt(seconds)
        return out.replace(b"\r\n", b"\n").decode(errors="replace"), status

    def out(self, line):
        return self.run(line)[0]

    def start(self, command):
        """Runs a command in the foreground; returns when it has begun."""
        self.send(f"sh -c 'echo go; exec {command}'\r")
        self.exactly(b"\r\ngo\r\n")

    def close(self):
        """Ends the machine; the status of what pexpect started."""
        if self.p.closed:
            return None
        if self.p.isalive():
            self.p.kill(signal.SIGTERM)
            try:
                self.p.expect(pexpect.EOF, timeout=10)
            except pexpect.TIMEOUT:
                self.p.kill(signal.SIGKILL)
        return self.ended()

    def ended(self):
        """Waits for the end of what pexpect started; its status."""
        self.p.expect(pexpect.EOF)
        self.p.close()
        return self.p.exitstatus if self.p.exitstatus is not None else 128 + self.p.signalstatus


def zrun(*options, command="sh"):
    return Console([ZRUN, "-t", "200", *options, "-T", "--", command])


def settled(*options):
    c = zrun(*options)
    c.settle()
    return c


def parts(functions, make=settled, more=False):
    """Runs the parts of a test on one console, a new one after a part that had no answer.

    The test ends with them unless there is more to come.
    """
    c = None
    for part in functions:
        try:
            if c is None:
                c = make()
            part(c)
        except (pexpect.TIMEOUT, pexpect.EOF) as e:
            seen = c.p.before if c else str(e)[:1500]
            ok(False, f"{part.__name__.replace('_', ' ')}: no answer ({type(e).__name__})",
               repr(seen[-1500:] if isinstance(seen, bytes) else seen))
            if c:
                c.close()
            c = None
    if c:
        c.close()
    if not more:
        done()
