/*
 * zrund: the guest's side of mk/zrun.  Init becomes it when the port zenta.ctl exists, so it is
 * process 1 and also reaps orphans.
 *
 * 1. What comes in: fw_cfg blobs
 *
 * /dev/fwcfg/run is a sequence of NUL-terminated records, each a letter and its text:
 *	v1			the version of this format, first
 *	uNAME			run as this entry of /etc/passwd
 *	aARG			one argument of the command, in order; bytes as they are
 *	eNAME=VALUE		added to the environment
 *	fMODE SEC NSEC SIZE PATH	a file to make: octal mode, modification time; its bytes are
 *				the next SIZE ones of /dev/fwcfg/files
 *	oPATH			a file wanted afterwards, numbered from 0 in order
 *	tROWS COLS		the command gets the console as its terminal
 *	i, n			stdin is /dev/fwcfg/stdin (i) or empty (n), instead of zenta.in:
 *				a blob does not depend on when the host has time to send
 *
 * 2. What goes out: the ports zenta.in, zenta.out and zenta.err are the command's stdin, stdout
 * and stderr themselves; nothing stands between.  The port zenta.ctl carries records to the host,
 * integers little endian, 32 bits each unless said otherwise:
 *	R			ready: the machine has booted
 *	E status length text	the command could not be tried; ends zrun with this status
 *	S kind value		the command ended: 0 by exit with value, 1 by signal value
 *	O index mode size(64) bytes	a file that was wanted
 *	M index length text	... and why there is none
 *	Z			all is said; the host switches the machine off
 * With a terminal the host answers R with G once everything the console said before is taken for
 * log (the command is held until then), and later sends W rows(16) cols(16) when its own terminal
 * changes size.
 *
 * 3. Order.  The host may end the machine when it has read Z, so before S the output ports are
 * flushed: fsync on a port returns when the host's side took everything.
 *
 * Exit status 127 stands for a command that is not found, 126 for one that cannot be executed, as
 * in the shell.
 */
#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

extern char **environ;

/* The records of /dev/fwcfg/run. */
struct request {
	const char *user;
	char **argv, **env, **files, **wanted;	/* each ends with NULL */
	size_t argc, nenv, nfiles, nwanted;
	bool terminal;
	unsigned short rows, cols;
	const char *input;			/* the command's stdin */
};

static int control = -1;
static int output[2] = { -1, -1 };		/* zenta.out, zenta.err */

static void
control_send(const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(control, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

/* One record: its letter, two integers. */
static void
control_record(char letter, uint32_t a, uint32_t b)
{
	unsigned char r[9] = { (unsigned char)letter };

	for (int i = 0; i < 4; i++) {
		r[1 + i] = (unsigned char)(a >> 8 * i);
		r[5 + i] = (unsigned char)(b >> 8 * i);
	}
	control_send(r, sizeof(r));
}

static void
control_text(char letter, uint32_t a, const char *text)
{
	control_record(letter, a, (uint32_t)strlen(text));
	control_send(text, strlen(text));
}

/* Process 1 has nowhere to go: the host ends the machine. */
static void
stop(void)
{
	for (;;)
		pause();
}

static void
refuse(uint32_t status, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	control_text('E', status, text);
	stop();
}

static void *
allocate(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		refuse(126, "zrund: no memory");
	return p;
}

/* A whole file in memory, with a NUL behind it. */
static char *
slurp(const char *path, size_t *len)
{
	size_t room = 65536;
	char *buf = allocate(room + 1, 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		refuse(126, "zrund: %s: %s", path, strerror(errno));
	*len = 0;
	while ((n = read(fd, buf + *len, room - *len)) > 0) {
		*len += (size_t)n;
		if (*len == room) {
			room *= 2;
			buf = realloc(buf, room + 1);
			if (buf == NULL)
				refuse(126, "zrund: no memory");
		}
	}
	close(fd);
	buf[*len] = '\0';
	return buf;
}

static void
request_read(struct request *rq)
{
	size_t len;
	char *text = slurp("/dev/fwcfg/run", &len), *p;
	size_t most = 2;

	for (p = text; p < text + len; p += strlen(p) + 1)
		most++;
	*rq = (struct request){ .user = "root", .input = "/dev/vport/zenta.in" };
	rq->argv = allocate(most, sizeof(char *));
	rq->env = allocate(most, sizeof(char *));
	rq->files = allocate(most, sizeof(char *));
	rq->wanted = allocate(most, sizeof(char *));
	if (len < 3 || strcmp(text, "v1") != 0)
		refuse(126, "zrund: this image and mk/zrun do not belong together");
	for (p = text; p < text + len; p += strlen(p) + 1) {
		switch (*p) {
		case 'u':
			rq->user = p + 1;
			break;
		case 'a':
			rq->argv[rq->argc++] = p + 1;
			break;
		case 'e':
			rq->env[rq->nenv++] = p + 1;
			break;
		case 'f':
			rq->files[rq->nfiles++] = p + 1;
			break;
		case 'o':
			rq->wanted[rq->nwanted++] = p + 1;
			break;
		case 't':
			rq->terminal = true;
			rq->input = "/dev/console";
			sscanf(p + 1, "%hu %hu", &rq->rows, &rq->cols);
			break;
		case 'i':
			rq->input = "/dev/fwcfg/stdin";
			break;
		case 'n':
			rq->input = "/dev/null";
			break;
		}
	}
}

/* The folders above a path, each made unless it is there. */
static void
make_parents(const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL)
		refuse(126, "zrund: no memory");
	for (char *p = strchr(copy + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			refuse(126, "-f %s: %s: %s", path, copy, strerror(errno));
		*p = '/';
	}
	free(copy);
}

/* One record of -f: the next bytes of `from' become the file. */
static void
file_install(const char *record, int from)
{
	static char buf[65536];
	unsigned mode;
	long long sec;
	long nsec;
	unsigned long long size;
	int skip = 0, fd;
	const char *path;

	if (sscanf(record, "%o %lld %ld %llu %n", &mode, &sec, &nsec, &size, &skip) < 4 || skip == 0)
		refuse(126, "zrund: bad record: %s", record);
	path = record + skip;
	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		refuse(126, "-f %s: %s", path, strerror(errno));
	while (size > 0) {
		ssize_t n = read(from, buf, size < sizeof(buf) ? (size_t)size : sizeof(buf));

		if (n <= 0)
			refuse(126, "-f %s: the blob ends early", path);
		if (write(fd, buf, (size_t)n) != n)
			refuse(126, "-f %s: %s", path, strerror(errno));
		size -= (unsigned long long)n;
	}
	struct timespec times[2] = { { (time_t)sec, nsec }, { (time_t)sec, nsec } };
	if (fchown(fd, 0, 0) < 0 || fchmod(fd, mode & 07777) < 0 || futimens(fd, times) < 0)
		refuse(126, "-f %s: %s", path, strerror(errno));
	close(fd);
}

static void
files_install(const struct request *rq)
{
	int from;

	if (rq->nfiles == 0)
		return;
	from = open("/dev/fwcfg/files", O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < rq->nfiles; i++)
		file_install(rq->files[i], from);
	close(from);
}

/* Sends one file of -o; its size is what it was at the beginning. */
static void
file_return(uint32_t index, const char *path)
{
	static char buf[65536];
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		control_text('M', index, strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		control_text('M', index, "not a regular file");
		close(fd);
		return;
	}
	uint64_t left = (uint64_t)st.st_size;
	control_record('O', index, st.st_mode & 0777);
	unsigned char size[8];
	for (int i = 0; i < 8; i++)
		size[i] = (unsigned char)(left >> 8 * i);
	control_send(size, sizeof(size));
	while (left > 0) {
		size_t want = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		ssize_t n = read(fd, buf, want);

		if (n <= 0) {		/* it shrank: zeros keep the record whole */
			memset(buf, 0, want);
			n = (ssize_t)want;
		}
		control_send(buf, (size_t)n);
		left -= (uint64_t)n;
	}
	close(fd);
}

/* The environment is exactly this and what -e adds; a later name replaces an earlier one. */
static void
environment_make(const struct request *rq, const struct passwd *pw)
{
	static char *none[] = { NULL };

	environ = none;
	setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 1);
	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
	setenv("SHELL", pw->pw_shell, 1);
	setenv("TERM", rq->terminal ? "vt100" : "dumb", 1);
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C", 1);
	for (size_t i = 0; i < rq->nenv; i++) {
		char *name = strdup(rq->env[i]), *value = name ? strchr(name, '=') : NULL;

		if (value != NULL) {
			*value = '\0';
			setenv(name, value + 1, 1);
		}
	}
}

/* A stream of the command becomes descriptor `want'. */
static void
stream_open(const char *path, int flags, int want)
{
	int fd = open(path, flags | O_NOCTTY);

	if (fd < 0 || (fd != want && dup2(fd, want) < 0))
		_exit(126);
	if (fd != want)
		close(fd);
}

/* The child: streams, session, credentials, environment, the command. */
static void
command_run(const struct request *rq, const struct passwd *pw)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);		/* init keeps its signals blocked */
	setsid();
	stream_open(rq->input, rq->terminal ? O_RDWR : O_RDONLY, 0);
	if (rq->terminal) {
		stream_open("/dev/console", O_RDWR, 1);
		stream_open("/dev/console", O_RDWR, 2);
		ioctl(0, TIOCSCTTY, 0);
	} else if (dup2(output[0], 1) < 0 || dup2(output[1], 2) < 0) {
		_exit(126);
	}
	umask(022);
	if (chdir(pw->pw_dir) < 0 && chdir("/") < 0)
		_exit(126);
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0) {
		dprintf(2, "%s: %s\n", pw->pw_name, strerror(errno));
		_exit(126);
	}
	environment_make(rq, pw);
	execvp(rq->argv[0], rq->argv);
	int status = errno == ENOENT || errno == ENOTDIR ? 127 : 126;
	dprintf(2, "%s: %s\n", rq->argv[0], strerror(errno));
	_exit(status);
}

static void
terminal_resize(unsigned short rows, unsigned short cols)
{
	struct winsize ws = { .ws_row = rows, .ws_col = cols };
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0) {
		ioctl(fd, TIOCSWINSZ, &ws);
		close(fd);
	}
}

/* For who(1). */
static void
terminal_note(const struct request *rq, pid_t command)
{
	struct utmpx u = { .ut_type = USER_PROCESS, .ut_pid = command, .ut_id = "console", .ut_line = "console" };

	snprintf(u.ut_user, sizeof(u.ut_user), "%s", rq->user);
	u.ut_tv.tv_sec = time(NULL);
	pututxline(&u);
	endutxent();
}

static bool
control_read(unsigned char *buf, size_t len)
{
	for (size_t got = 0; got < len; ) {
		ssize_t n = read(control, buf + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

/* Waits for G, then leaves a process behind that carries sizes from the host to the console. */
static void
terminal_follow(const struct request *rq)
{
	unsigned char r[5];

	terminal_resize(rq->rows, rq->cols);
	while (control_read(r, 1) && r[0] == 'W')
		if (control_read(r + 1, 4))
			terminal_resize((unsigned short)(r[1] | r[2] << 8), (unsigned short)(r[3] | r[4] << 8));
	if (fork() != 0)
		return;
	while (control_read(r, 5))
		terminal_resize((unsigned short)(r[1] | r[2] << 8), (unsigned short)(r[3] | r[4] << 8));
	_exit(0);
}

/* Waits for everything, until the command itself has ended. */
static int
command_wait(pid_t command)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = wait(&status);
		if (pid == command)
			return status;
		if (pid < 0 && errno == ECHILD)
			refuse(125, "zrund: the command is lost");
	}
}

/* Everything that was written is with the host. */
static void
output_flush(void)
{
	fsync(output[0]);
	fsync(output[1]);
	sync();
}

/* A descriptor above the standard ones, whatever is closed when init becomes zrund. */
static int
port_open(const char *path, int flags)
{
	int low = open(path, flags | O_CLOEXEC), fd;

	if (low < 0 || low > 2)
		return low;
	fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
	close(low);
	return fd;
}

int
main(void)
{
	struct request rq;
	struct passwd *pw;
	pid_t command;
	int status;

	control = port_open("/dev/vport/zenta.ctl", O_RDWR);
	output[0] = port_open("/dev/vport/zenta.out", O_WRONLY);
	output[1] = port_open("/dev/vport/zenta.err", O_WRONLY);
	if (control < 0 || output[0] < 0 || output[1] < 0)
		refuse(126, "zrund: no ports");
	request_read(&rq);
	files_install(&rq);
	pw = getpwnam(rq.user);
	if (pw == NULL)
		refuse(2, "-u %s: no such user in /etc/passwd", rq.user);
	control_send("R", 1);
	if (rq.terminal)
		terminal_follow(&rq);
	command = fork();
	if (command == 0)
		command_run(&rq, pw);
	if (command < 0)
		refuse(126, "zrund: fork: %s", strerror(errno));
	if (rq.terminal)
		terminal_note(&rq, command);
	status = command_wait(command);
	output_flush();
	if (WIFSIGNALED(status))
		control_record('S', 1, (uint32_t)WTERMSIG(status));
	else
		control_record('S', 0, (uint32_t)WEXITSTATUS(status));
	for (size_t i = 0; i < rq.nwanted; i++)
		file_return((uint32_t)i, rq.wanted[i]);
	control_send("Z", 1);
	stop();
}
