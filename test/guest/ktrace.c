/* Call traces: ktrace's lines of a small program, -f, -o, signals and ends; who may trace whom; slow readers. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <abi/trace.h>
#include <mx/fd.h>
#include <mx/syscalls.h>
#include "sysuser.h"
#include "sysnum.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include "tap.h"

#define OUTPUT	"/tmp/ktrace.out"

static const char *self;

/* --- what is traced ------------------------------------------------------------------------------- */

static void
on_usr1(int sig)
{
}

static int
traced(void)
{
	struct timespec ts = { 0, 1000 };
	mx_handle_t e, d;
	int fds[2];
	char c;

	open("/nonexistent", O_RDWR | O_CREAT | O_EXCL | O_DIRECTORY, 0640);
	open("/dev/null", O_RDONLY);
	write(3, "a\n\"b\\\001", 6);
	lseek(3, 0, SEEK_END);
	close(3);
	pipe(fds);
	write(fds[1], "xyz", 3);
	read(fds[0], &c, 1);
	mx_event_create(0, &e);
	mx_handle_duplicate(e, MX_RIGHT_WAIT | MX_RIGHT_INSPECT, &d);
	mx_object_signal(d, 0, MX_USER_SIGNAL_1 | MX_EVENT_SIGNALED);
	mx_object_wait_one(e, MX_EVENT_SIGNALED, 0, NULL);
	mx_handle_close(e);
	mx_handle_close(e);
	kill(getpid(), 0);
	nanosleep(&ts, NULL);
	signal(SIGUSR2, SIG_IGN);
	{
		struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/nowhere" };
		mx_wait_item_t it = { d, MX_EVENT_SIGNALED, 0 };
		mx_port_packet_t k = { .key = 5 };

		mx_object_wait_many(&it, 1, 0);
		mx_port_queue(d, &k);
		writev(fds[1], &(struct iovec){ (void *)0x1000, 5 }, 1);
		connect(99, (struct sockaddr *)&un, sizeof(un));
	}
	__sys_clock_gettime(CLOCK_MONOTONIC, &ts);
	_exit(7);
}

static const char traced_lines[] =
    "P openat(AT_FDCWD, \"/nonexistent\", O_RDWR|O_CREAT|O_EXCL|O_DIRECTORY, 0640) = -1 E\n"
    "P openat(AT_FDCWD, \"/dev/null\", O_RDONLY, 0) = 3\n"
    "P write(3, \"a\\n\\\"b\\\\\\x01\", 6) = -1 EBADF\n"
    "P lseek(3, 0, SEEK_END) = 0\n"
    "P close(3) = 0\n"
    "P pipe([3, 4], 0) = 0\n"
    "P write(4, \"xyz\", 3) = 3\n"
    "P read(3, \"x\", 1) = 1\n"
    "P mx_event_create(0, [H]) = MX_OK\n"
    "P mx_handle_duplicate(H, WAIT|INSPECT, [H]) = MX_OK\n"
    "P mx_object_signal(H, 0, SIGNALED|USER_1) = MX_ERR_ACCESS_DENIED\n"
    "P mx_object_wait_one(H, SIGNALED, 0, NULL) = MX_ERR_TIMED_OUT\n"
    "P mx_handle_close(H) = MX_OK\n"
    "P mx_handle_close(H) = MX_ERR_BAD_HANDLE\n"
    "P getpid() = N\n"
    "P kill(N, 0) = 0\n"
    "P clock_nanosleep(CLOCK_REALTIME, 0, {0.000001000}, NULL) = 0\n"
    "P sigaction(SIGUSR2, {SIG_IGN, mask=0, flags=0x8}, {SIG_DFL, mask=0, flags=0}) = 0\n"
    "P mx_object_wait_many([{H, SIGNALED}], 1, 0) = MX_ERR_TIMED_OUT\n"
    "P mx_port_queue(H, {key=0x5, type=0, status=0}) = MX_ERR_WRONG_TYPE\n"
    "P writev(4, [{0x1000, 5}], 1) = -1 EFAULT\n"
    "P connect(99, {AF_UNIX, \"/nowhere\"}, 110) = -1 EBADF\n"
    "P clock_gettime(CLOCK_MONOTONIC, {T}) = 0\n"
    "P exit(7, 0) = ?\n"
    "P +++ exited with 7 +++\n";

/* --- reading what it printed ------------------------------------------------------------------------ */

/* Lines of OUTPUT from the first that has `from' on, with what differs from run to run as a letter. */
static void
lines(const char *from, char *out, size_t size)
{
	FILE *f = fopen(OUTPUT, "r");
	char line[512], pid[16] = "";
	size_t n = 0;
	int on = 0;

	out[0] = '\0';
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		char *s = line;

		on |= strstr(line, from) != NULL;
		if (!on)
			continue;
		snprintf(pid, sizeof(pid), "%d", atoi(line));
		s += strspn(s, "0123456789");
		n += (size_t)snprintf(out + n, size - n, "P");
		while (*s != '\0' && n + 64 < size) {
			size_t hex = strncmp(s, "0x", 2) == 0 ? strspn(s + 2, "0123456789abcdef") : 0;

			if (hex > 4) {
				out[n++] = hex > 8 ? 'A' : 'H';
				s += 2 + hex;
			} else if (strncmp(s, pid, strlen(pid)) == 0 && (s[-1] == ' ' || s[-1] == '(') &&
			    strchr(",)\n", s[strlen(pid)]) != NULL && strstr(line, "(3") == NULL) {
				out[n++] = 'N';
				s += strlen(pid);
			} else if (*s == '{' && strstr(line, "clock_gettime") != NULL) {
				n += (size_t)snprintf(out + n, size - n, "{T}");
				s = strchr(s, '}') + 1;
			} else if (strncmp(s, "= -1 E", 6) == 0 && strstr(line, "nonexistent") != NULL) {
				n += (size_t)snprintf(out + n, size - n, "= -1 E\n");
				break;
			} else {
				out[n++] = *s++;
			}
		}
		out[n] = '\0';
	}
	if (f != NULL)
		fclose(f);
}

static int
has(const char *pattern)
{
	char command[256];

	snprintf(command, sizeof(command), "grep -Eq '%s' " OUTPUT, pattern);
	return system(command) == 0;
}

static int
ktrace(const char *options, const char *command)
{
	char line[512];
	int status;

	snprintf(line, sizeof(line), "ktrace %s -o " OUTPUT " %s", options, command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
program(void)
{
	static char got[8192];
	char command[256];

	snprintf(command, sizeof(command), "%s traced", self);
	is_int(ktrace("", command), 7, "ktrace ends as the command does");
	lines("nonexistent", got, sizeof(got));
	if (!ok(strcmp(got, traced_lines) == 0, "the lines of a program")) {
		char *a = got, *line;
		const char *b = traced_lines;

		for (; (line = strsep(&a, "\n")) != NULL; b += strcspn(b, "\n") + (strchr(b, '\n') != NULL))
			if (strncmp(line, b, strcspn(b, "\n")) != 0 || strlen(line) != strcspn(b, "\n"))
				tap_print("# got  %s\n# want %.*s\n", line, (int)strcspn(b, "\n"), b);
	}
	ok(has("^[0-9]+ exec\\(\".*ktrace\", \\[\".*\", \"traced\"\\], 0x[0-9a-f]+\\) = 0$"), "exec with its arguments");
	is_int(ktrace("", "sh -c 'kill -USR2 $$'"), 128 + SIGUSR2, "a command that a signal ends");
	ok(has("^[0-9]+ --- SIGUSR2 ---$") && has("^[0-9]+ [+]{3} killed by SIGUSR2 [+]{3}$"), "both are told");
	is_int(ktrace("", "/nonexistent 2>/dev/null"), 127, "no such command");
	is_int(ktrace("", "/etc/passwd 2>/dev/null"), 126, "not a program");
	is_int(WEXITSTATUS(system("ktrace true 2>" OUTPUT)), 0, "without -o");
	ok(has("exit\\(0, 0\\) = [?]$"), "the lines are on standard error");
	is_int(WEXITSTATUS(system("ktrace 2>/dev/null")), 2, "usage");
}

static void
follow(void)
{
	is_int(ktrace("", "sh -c '/bin/echo hello >/dev/null; exit 4'"), 4, "without -f");
	ok(!has("hello.*, 6\\) = 6") && has("fork\\(0\\) = [0-9]+$|spawn.* = MX_OK$|exec.*echo"), "a child is not traced");
	is_int(ktrace("-f", "sh -c '/bin/echo hello | cat >/dev/null; exit 4'"), 4, "with -f");
	ok(has("write\\(1, \"hello.n\", 6\\) = 6$"), "a child is");
	ok(has("exited with 0") && has("exited with 4") && has("SIGCHLD"), "to its end");
	is_int(system("test $(cut -d' ' -f1 " OUTPUT " | sort -u | wc -l) -ge 3"), 0, "three processes");
}

/* --- the calls themselves ----------------------------------------------------------------------------- */

static int
count(int fd, int kind, int call)
{
	char buf[4096];
	ssize_t n;
	int found = 0;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < n;) {
			struct abi_trace_record r;

			memcpy(&r, buf + at, sizeof(r));
			found += r.kind == kind && (call < 0 || r.call == call);
			at += r.size;
		}
	return n == 0 ? found : -1;
}

static void
calls(void)
{
	mx_handle_t t, e, weak, child;
	struct pollfd p;
	char buf[4096];
	int fd, status, go[2];
	pid_t pid;

	is_int(mx_trace_create(1, &t), MX_ERR_INVALID_ARGS, "create: an option");
	is_int(mx_trace_create(0, (mx_handle_t *)8), MX_ERR_INVALID_ARGS, "a bad address");
	is_int(mx_trace_create(0, &t), MX_OK, "create");
	mx_event_create(0, &e);
	is_int(mx_trace_attach(t, mx_process_self(), 2), MX_ERR_INVALID_ARGS, "attach: an option");
	is_int(mx_trace_attach(e, mx_process_self(), 0), MX_ERR_WRONG_TYPE, "not a trace");
	is_int(mx_trace_attach(t, e, 0), MX_ERR_WRONG_TYPE, "not a process");
	is_int(mx_trace_attach(12345, mx_process_self(), 0), MX_ERR_BAD_HANDLE, "no handle");
	mx_handle_duplicate(t, MX_RIGHT_READ, &weak);
	is_int(mx_trace_attach(weak, mx_process_self(), 0), MX_ERR_ACCESS_DENIED, "without WRITE");
	mx_handle_close(weak);
	mx_handle_duplicate(mx_process_self(), MX_RIGHT_WAIT, &child);
	is_int(mx_trace_attach(t, child, 0), MX_ERR_ACCESS_DENIED, "a process without READ");
	mx_handle_close(child);
	mx_handle_close(e);
	fd = mx_handle_fd(t);
	fails(read(fd, buf, 100), EINVAL, "a small buffer");
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	is_int(poll(&p, 1, 0), 0, "nothing to read yet");
	pipe(go);
	pid = fork();
	if (pid == 0) {
		mx_handle_t t2;

		if (mx_trace_attach(t, mx_process_self(), 0) != MX_OK)
			_exit(1);
		if (mx_trace_attach(t, mx_process_self(), 0) != MX_ERR_ALREADY_BOUND)
			_exit(2);
		mx_trace_create(0, &t2);
		if (mx_trace_attach(t2, mx_process_self(), 0) != MX_ERR_ALREADY_BOUND)
			_exit(3);
		for (int i = 0; i < 3000; i++)
			__sys_getppid();
		_exit(0);
	}
	usleep(100000);
	is_int(waitpid(pid, &status, WNOHANG), 0, "a process that nobody reads waits");
	is_int(poll(&p, 1, 1000), 1, "there is something");
	is_int(count(fd, MX_TRACE_CALL, SYS_getppid), 3000, "every call is there, then the end");
	is_int(child_status(pid), 0, "it ended well");
	ok(poll(&p, 1, 0) == 1 && (p.revents & (POLLIN | POLLHUP)) != 0, "the end can be polled for");
	/* Nobody listens any more: the process runs on. */
	pid = fork();
	if (pid == 0) {
		if (mx_trace_attach(t, mx_process_self(), MX_TRACE_FOLLOW) != MX_OK)
			_exit(1);
		for (int i = 0; i < 3000; i++)
			__sys_getppid();
		_exit(0);
	}
	usleep(100000);
	mx_handle_close(t);
	kill(pid, SIGCONT);
	close(go[0]);
	close(go[1]);
	/* its own copy of the handle is still open: it ends by a signal, and leaves nothing behind */
	usleep(50000);
	kill(pid, SIGKILL);
	status = child_status(pid);
	ok(WIFSIGNALED(status) || WIFEXITED(status), "a process that waits for a reader can be killed");
}

/* The trace goes with its last handle while a caller waits for room. */
static void
reader_gone(void)
{
	mx_handle_t t;
	pid_t pid;

	mx_trace_create(0, &t);
	pid = fork();
	if (pid == 0) {
		mx_trace_attach(t, mx_process_self(), 0);
		mx_handle_close(t);
		for (int i = 0; i < 3000; i++)
			__sys_getppid();
		_exit(5);
	}
	usleep(100000);
	mx_handle_close(t);
	is_int(WEXITSTATUS(child_status(pid)), 5, "without a reader it runs on");
}

/* Who should read his own trace does not wait for himself for ever. */
static void
own_reader_lost(void)
{
	char buf[65536];
	struct abi_trace_record r;
	mx_handle_t t;
	int fd, lost = 0, n;

	if (mx_trace_create(0, &t) != MX_OK || mx_trace_attach(t, mx_process_self(), 0) != MX_OK)
		_exit(1);
	fd = mx_handle_fd(t);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 3000; i++)
		__sys_getppid();
	for (int i = 0; i < 3; i++) {
		if ((n = (int)read(fd, buf, sizeof(buf))) <= 0)
			_exit(2);
		for (int at = 0; at < n; at += (int)r.size) {
			memcpy(&r, buf + at, sizeof(r));
			lost += (r.flags & MX_TRACE_LOST) != 0;
		}
	}
	_exit(lost == 1 ? 0 : 3);
}

static void
as_user(void)
{
	mx_handle_t t;

	if (setuid(1000) != 0)
		_exit(1);
	if (mx_trace_create(0, &t) != MX_OK)
		_exit(2);
	if (mx_trace_attach(t, mx_process_self(), 0) != MX_OK)
		_exit(3);
	_exit(0);
}

/* A user's trace of a set-id program ends with its exec. */
static void
as_user_setid(void)
{
	mx_handle_t t;
	pid_t pid;
	int n;

	if (setuid(1000) != 0 || mx_trace_create(0, &t) != MX_OK)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		if (mx_trace_attach(t, mx_process_self(), MX_TRACE_FOLLOW) != MX_OK)
			_exit(1);
		execl("/tmp/ktrace.setid", "setid", "traced", (char *)NULL);
		_exit(2);
	}
	n = count(mx_handle_fd(t), MX_TRACE_EXIT, -1);
	_exit(WEXITSTATUS(child_status(pid)) == 7 && n == 0 ? 0 : 3);
}

static void
parent_of_root(void)
{
	mx_handle_t t;

	/* root's process, whose handle root gave away */
	if (setuid(1000) != 0 || mx_trace_create(0, &t) != MX_OK)
		_exit(1);
	_exit(mx_trace_attach(t, mx_fd_handle(9), 0) == MX_ERR_ACCESS_DENIED ? 0 : 2);
}

int
main(int argc, char **argv)
{
	mx_handle_t h;
	char command[256];

	self = argv[0];
	if (argc > 1)
		return traced();
	signal(SIGUSR1, on_usr1);
	program();
	follow();
	calls();
	reader_gone();
	is_int(in_child(own_reader_lost), 0, "who does not read his own trace loses records, and is told");
	is_int(in_child(as_user), 0, "a user may trace himself");
	mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &h);
	dup2(mx_handle_fd(h), 9);
	is_int(in_child(parent_of_root), 0, "but not root, whatever handle he has");
	close(9);
	mx_handle_close(h);
	snprintf(command, sizeof(command), "cp %s /tmp/ktrace.setid && chmod 4755 /tmp/ktrace.setid", self);
	system(command);
	is_int(in_child(as_user_setid), 0, "nor a set-id program");
	unlink("/tmp/ktrace.setid");
	unlink(OUTPUT);
	return tap_done();
}
