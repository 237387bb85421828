/*
 * Terminals, on pseudo terminals: pairs, termios modes, levels, timers, job control, hang-up, bad
 * arguments.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <termios.h>
#include <time.h>
#include "tap.h"

#define KERNEL_PTR	((void *)0xffffffff80100000ull)

static int master, slave;
static char name[64];
static volatile sig_atomic_t caught;

static void
note(int sig)
{
	caught = sig;
}

static void
on(int sig)
{
	struct sigaction sa = { .sa_handler = note };	/* no SA_RESTART */

	sigaction(sig, &sa, NULL);
}

static void
pair(void)
{
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return;
	strcpy(name, ptsname(master));
	slave = open(name, O_RDWR | O_NOCTTY);
}

static void
unpair(void)
{
	close(slave);
	close(master);
}

static void
settle(void)
{
	struct timespec ms = { .tv_nsec = 30000000 };

	nanosleep(&ms, NULL);
}

static void
modes(int lclear, int lset, int min, int time)
{
	struct termios t;

	tcgetattr(slave, &t);
	t.c_lflag = (t.c_lflag & ~lclear) | lset;
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	tcsetattr(slave, TCSANOW, &t);
}

static int
type(const char *s)
{
	return write(master, s, strlen(s)) == (ssize_t)strlen(s);
}

/* One read of fd gives exactly this. */
static int
gives(int fd, const char *want)
{
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n == (ssize_t)strlen(want) && memcmp(buf, want, n) == 0)
		return 1;
	tap_print("# read %ld bytes, errno %d\n", (long)n, errno);
	return 0;
}

static int
ready(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void
opening(void)
{
	struct stat st, st2;
	int again;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	ok(master >= 0, "posix_openpt");
	ok(ptsname(master) != NULL, "ptsname");
	strcpy(name, ptsname(master));
	fails(open(name, O_RDWR | O_NOCTTY), EIO, "a locked terminal cannot be opened");
	is_int(grantpt(master), 0, "grantpt");
	is_int(unlockpt(master), 0, "unlockpt");
	slave = open(name, O_RDWR | O_NOCTTY);
	ok(slave >= 0, "the terminal opens");
	ok(isatty(slave) && isatty(master), "both are terminals");
	fstat(slave, &st);
	stat(name, &st2);
	ok(S_ISCHR(st.st_mode) && st.st_rdev == st2.st_rdev && st.st_ino == st2.st_ino,
	    "fstat and stat agree");
	ok(ttyname(slave) != NULL && strcmp(ttyname(slave), name) == 0, "ttyname finds its name");
	again = open(name, O_RDWR | O_NOCTTY);
	ok(again >= 0 && close(again) == 0, "it can be opened twice");
	fails(lseek(slave, 0, SEEK_SET), ESPIPE, "lseek is ESPIPE");
	fails(ioctl(0x7fffffff, TIOCGWINSZ, KERNEL_PTR), EBADF, "ioctl of no descriptor");
	fails(ioctl(slave, TIOCGWINSZ, KERNEL_PTR), EFAULT, "ioctl into the kernel is EFAULT");
	fails(ioctl(slave, TCSETS, NULL), EFAULT, "ioctl from NULL is EFAULT");
	fails(ioctl(slave, 0xdead, 0), ENOTTY, "an unknown ioctl is ENOTTY");
	fails(write(slave, KERNEL_PTR, 5), EFAULT, "write from the kernel is EFAULT");
	type("abc\n");
	fails(read(slave, KERNEL_PTR, 5), EFAULT, "read into the kernel is EFAULT");
	ok(gives(slave, "abc\n"), "and takes nothing away");
	fails(tcgetattr(-1, NULL), EBADF, "tcgetattr(-1)");
	unpair();
}

static void
lines(void)
{
	char buf[8];

	pair();
	ok(type("hello\r"), "the master types a line");
	ok(gives(slave, "hello\n"), "the terminal reads it");
	ok(gives(master, "hello\r\n"), "and it is echoed");
	ok(type("wrong\025right\n") && gives(slave, "right\n"), "kill");
	ok(type("ax\177b\n") && gives(slave, "ab\n"), "erase");
	ok(type("one two\027six\n") && gives(slave, "one six\n"), "word erase");
	ok(type("a\026\003b\n") && gives(slave, "a\003b\n"), "literal next");
	ok(type("part\004") && gives(slave, "part"), "end of file in a line");
	ok(type("\004") && gives(slave, ""), "end of file alone");
	type("abcdef\n");
	ok(read(slave, buf, 2) == 2 && gives(slave, "cdef\n"), "a line read in parts");
	tcflush(slave, TCIOFLUSH);
	ok(write(slave, "x\ny\n", 4) == 4 && gives(master, "x\r\ny\r\n"), "output processing");
	modes(ECHO, 0, 1, 0);
	ok(type("quiet\n") && gives(slave, "quiet\n") && ready(master, POLLIN) == 0, "no echo");
	type("thrown away\n");
	is_int(tcflush(slave, TCIFLUSH), 0, "tcflush");
	is_int(ready(slave, POLLIN), 0, "discards input");
	fails(tcflush(slave, 77), EINVAL, "tcflush(77) is EINVAL");
	unpair();
}

static void
levels(void)
{
	int n;

	pair();
	modes(ECHO, 0, 1, 0);
	fcntl(slave, F_SETFL, O_NONBLOCK);
	fcntl(master, F_SETFL, O_NONBLOCK);
	fails(read(slave, name, 1), EAGAIN, "nothing typed: EAGAIN");
	is_int(ready(slave, POLLIN | POLLOUT), POLLOUT, "only writable");
	type("ab");
	is_int(ready(slave, POLLIN), 0, "an unfinished line is not readable");
	fails(read(slave, name, 1), EAGAIN, "and gives EAGAIN");
	is_int(ioctl(slave, FIONREAD, &n) == 0 ? n : -1, 0, "FIONREAD is 0");
	type("\n");
	is_int(ready(slave, POLLIN), POLLIN, "a line is");
	is_int(ioctl(slave, FIONREAD, &n) == 0 ? n : -1, 3, "FIONREAD is 3");
	modes(ICANON, 0, 4, 0);
	is_int(ready(slave, POLLIN), 0, "MIN 4 with three bytes: not readable");
	fails(read(slave, name, 1), EAGAIN, "EAGAIN");
	type("d");
	is_int(ready(slave, POLLIN), POLLIN, "four bytes: readable");
	ok(gives(slave, "ab\nd"), "and read");
	fails(read(master, name, 1), EAGAIN, "the master has nothing to read");
	while (write(slave, "0123456789", 10) > 0)
		;
	ok(errno == EAGAIN && ready(slave, POLLOUT) == 0, "a full terminal takes no more");
	is_int(ready(master, POLLIN), POLLIN, "the master is readable");
	while (read(master, name, sizeof(name)) > 0)
		;
	ok(errno == EAGAIN && ready(slave, POLLOUT) == POLLOUT, "read empty, it is writable again");
	type("\023");
	ok(write(slave, "x", 1) == 1 && ready(master, POLLIN) == 0, "stopped output does not come out");
	type("\021");
	ok(gives(master, "x"), "until it is started");
	is_int(tcflow(slave, TCOOFF), 0, "tcflow stops");
	ok(write(slave, "y", 1) == 1 && ready(master, POLLIN) == 0, "output");
	is_int(tcflow(slave, TCOON), 0, "and starts it");
	ok(gives(master, "y"), "again");
	is_int(tcdrain(slave), 0, "tcdrain with nothing left returns");
	unpair();
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void
timers(void)
{
	double start;
	pid_t pid;

	pair();
	modes(ICANON | ECHO, 0, 0, 0);
	ok(gives(slave, ""), "MIN 0 TIME 0: nothing, at once");
	modes(0, 0, 0, 2);
	start = seconds();
	ok(gives(slave, "") && seconds() - start >= 0.19, "MIN 0 TIME 2: nothing, after 0.2 s");
	type("q");
	ok(gives(slave, "q"), "MIN 0 TIME 2: a byte at once");
	modes(0, 0, 5, 1);
	type("abc");
	ok(gives(slave, "abc"), "MIN 5 TIME 1: what came before the pause");
	modes(0, 0, 3, 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++) {
			settle();
			type("z");
		}
		_exit(0);
	}
	ok(gives(slave, "zzz"), "MIN 3 TIME 0: waits for three");
	child_status(pid);
	unpair();
}

/* A child that leads a session with the terminal; the parent plays the user. */
static void
leader(void (*program)(void), void (*user)(void), int want, const char *what)
{
	pid_t pid;
	int status;

	pair();
	pid = fork();
	if (pid == 0) {
		close(master);
		close(slave);
		setsid();
		slave = open(name, O_RDWR);
		program();
		_exit(0);
	}
	user();
	status = child_status(pid);
	is_int(status, want, what);
	unpair();
}

/* Waits until the program says so. */
static void
await(char c)
{
	char got = 0;

	while (got != c && read(master, &got, 1) == 1)
		;
	settle();
}

static void
say(const char *s)
{
	if (write(slave, s, strlen(s)) < 0)
		_exit(90);
}

static void
be_controlled(void)
{
	int tty = open("/dev/tty", O_RDWR);

	if (tty < 0)
		_exit(1);
	if (tcgetpgrp(tty) != getpid() || tcgetsid(tty) != getpid())
		_exit(2);
	if (tcsetpgrp(tty, 99999) != -1 || errno != EPERM)
		_exit(3);
	/* Giving it up hangs up its foreground group: us. */
	on(SIGHUP);
	if (ioctl(tty, TIOCNOTTY) != 0 || caught != SIGHUP)
		_exit(4);
	if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO)
		_exit(5);
	if (ioctl(slave, TIOCSCTTY, 0) != 0 || open("/dev/tty", O_RDWR) < 0)
		_exit(6);
}

static void
nothing(void)
{
}

static void
be_interrupted(void)
{
	char c;

	on(SIGINT);
	on(SIGQUIT);
	on(SIGWINCH);
	say("1");
	if (read(slave, &c, 1) != -1 || errno != EINTR || caught != SIGINT)
		_exit(1);
	say("2");
	if (read(slave, &c, 1) != -1 || errno != EINTR || caught != SIGQUIT)
		_exit(2);
	say("3");
	if (read(slave, &c, 1) != -1 || errno != EINTR || caught != SIGWINCH)
		_exit(3);
}

static void
interrupt(void)
{
	struct winsize w = { .ws_row = 33, .ws_col = 111 }, got;

	await('1');
	type("\003");
	await('2');
	type("\034");
	await('3');
	ioctl(master, TIOCSWINSZ, &w);
	ok(ioctl(slave, TIOCGWINSZ, &got) == 0 && got.ws_row == 33 && got.ws_col == 111, "window size");
}

/* Runs fn in a background group; the status a WUNTRACED wait gives. */
static int
background(void (*fn)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		setpgid(0, 0);
		fn();
		_exit(7);
	}
	setpgid(pid, pid);
	waitpid(pid, &status, WUNTRACED);
	if (WIFSTOPPED(status)) {
		int dead;

		kill(pid, SIGKILL);
		waitpid(pid, &dead, 0);
	}
	return status;
}

static void
reads(void)
{
	char c;

	read(slave, &c, 1);
}

static void
writes(void)
{
	write(slave, "b", 1);
}

static void
sets(void)
{
	struct termios t;

	tcgetattr(slave, &t);
	tcsetattr(slave, TCSANOW, &t);
}

static void
reads_ignoring(void)
{
	char c;

	signal(SIGTTIN, SIG_IGN);
	if (read(slave, &c, 1) == -1 && errno == EIO)
		_exit(8);
}

static int
stopped_by(int status, int sig)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == sig;
}

static void
be_a_shell(void)
{
	int status;
	pid_t job;

	if (!stopped_by(background(reads), SIGTTIN))
		_exit(1);
	if (WEXITSTATUS(background(reads_ignoring)) != 8)
		_exit(2);
	if (WEXITSTATUS(background(writes)) != 7)
		_exit(3);
	if (!stopped_by(background(sets), SIGTTOU))
		_exit(4);
	modes(0, TOSTOP, 1, 0);
	if (!stopped_by(background(writes), SIGTTOU))
		_exit(5);
	modes(TOSTOP, 0, 1, 0);
	/* A foreground job is stopped from the keyboard; the shell takes the terminal back. */
	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		char c;

		setpgid(0, 0);
		tcsetpgrp(slave, getpid());
		signal(SIGTTOU, SIG_DFL);
		say("J");
		_exit(read(slave, &c, 1) == 1 && c == '\n' ? 21 : 22);
	}
	setpgid(job, job);
	tcsetpgrp(slave, job);
	if (waitpid(job, &status, WUNTRACED) != job || !stopped_by(status, SIGTSTP))
		_exit(6);
	if (tcsetpgrp(slave, getpid()) != 0 || tcgetpgrp(slave) != getpid())
		_exit(7);
	tcsetpgrp(slave, job);
	kill(-job, SIGCONT);
	say("K");
	if (waitpid(job, &status, 0) != job || WEXITSTATUS(status) != 21)
		_exit(8);
	tcsetpgrp(slave, getpid());
}

static void
press_keys(void)
{
	await('J');
	type("\032");
	await('K');
	type("\n");
}

static void
be_cut_off(void)
{
	char c;

	on(SIGHUP);
	say("1");
	(void)!read(slave, &c, 1);
	if (caught != SIGHUP)
		_exit(1);
	if (read(slave, &c, 1) != 0)
		_exit(2);
	if (write(slave, "x", 1) != -1 || errno != EIO)
		_exit(3);
	if ((ready(slave, POLLIN | POLLOUT) & (POLLIN | POLLHUP)) != (POLLIN | POLLHUP))
		_exit(4);
	if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO)
		_exit(5);
}

static void
cut_off(void)
{
	await('1');
	close(slave);
	close(master);
	master = slave = -1;
}

static void
leave(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* Survives its leader, in the foreground: SIGHUP, then the terminal is dead. */
		on(SIGHUP);
		say("1");
		while (caught != SIGHUP)
			pause();
		_exit(0);
	}
	settle();
}

static void
see_it_end(void)
{
	char buf[16];
	ssize_t n;

	close(slave);
	await('1');
	while ((n = read(master, buf, sizeof(buf))) > 0)
		;
	ok(n == -1 && errno == EIO, "the master gets EIO when the last open is gone");
	slave = -1;
}

int
main(void)
{
	opening();
	lines();
	levels();
	timers();
	leader(be_controlled, nothing, 0, "controlling terminal: /dev/tty, groups, giving up, taking");
	leader(be_interrupted, interrupt, 0, "SIGINT, SIGQUIT and SIGWINCH reach the foreground");
	leader(be_a_shell, press_keys, 0, "job control: background reads and writes, Ctrl-Z, fg");
	leader(be_cut_off, cut_off, 0, "hang-up: SIGHUP, end of file, EIO, POLLHUP");
	leader(leave, see_it_end, 0, "the leader leaves");
	return tap_done();
}
