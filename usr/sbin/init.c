/*
 * init: process 1.
 *
 * Mounts /dev and /proc, sets the host name, runs /etc/rc, then keeps a root shell on each console
 * that /etc/ttys names and the machine has, and tells in /var/run/utmp who is where (who(1)).  Where mk/zrun waits at the other end of a virtio
 * port, /sbin/zrund takes over instead.
 *
 * All signals stay blocked; the main loop takes them one at a time with sigtimedwait, so nothing
 * here runs in a handler.  SIGCHLD: reap, and start again the shells that ended.  SIGTERM powers
 * off, SIGINT reboots, SIGQUIT halts, each after ending all processes; halt(8) sends them.
 */
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#define MAXCONSOLES	8
#define QUICK		2	/* a shell that lived for fewer seconds is not restarted at once */
#define PATIENCE	3	/* seconds that processes get to end by themselves */

struct console {
	char device[32];
	char term[32];
	pid_t pid;		/* 0: no shell */
	time_t start;		/* when it was, or is to be, started */
};

static struct console consoles[MAXCONSOLES];
static int nconsoles;
static sigset_t signals, none;

static time_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void
complain(const char *what)
{
	int saved = errno;
	FILE *f = fopen("/dev/console", "w");

	if (f != NULL) {
		fprintf(f, "init: %s: %s\n", what, strerror(saved));
		fclose(f);
	}
}

static void
ignore(int sig)
{
}

static void
signals_setup(void)
{
	static const int taken[] = { SIGCHLD, SIGTERM, SIGINT, SIGQUIT };
	struct sigaction sa = { .sa_handler = ignore };

	sigemptyset(&none);
	sigemptyset(&signals);
	/* A signal whose action is to be ignored may not stay pending: give each a handler. */
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		sigaddset(&signals, taken[i]);
		sigaction(taken[i], &sa, NULL);
	}
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

static void
mount_missing(const char *type, const char *dir, const char *has)
{
	if (access(has, F_OK) != 0 && mount(type, dir, type, 0) != 0)
		complain(dir);
}

/* When the machine started. */
static void
utmp_setup(void)
{
	struct utmpx u = { .ut_type = BOOT_TIME };
	int fd = open(UTMPX_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	close(fd);
	u.ut_tv.tv_sec = time(NULL) - now();
	pututxline(&u);
	endutxent();
}

/* A shell came or went. */
static void
utmp_note(const struct console *c, int type)
{
	struct utmpx u = { .ut_type = (short)type, .ut_pid = c->pid };
	const char *line = c->device + strlen("/dev/");

	snprintf(u.ut_line, sizeof(u.ut_line), "%s", line);
	snprintf(u.ut_id, sizeof(u.ut_id), "%s", line);
	if (type == USER_PROCESS)
		strcpy(u.ut_user, "root");
	u.ut_tv.tv_sec = time(NULL);
	pututxline(&u);
	endutxent();
}

static void
hostname_setup(void)
{
	char name[64];
	FILE *f = fopen("/etc/hostname", "r");

	if (f == NULL)
		return;
	if (fgets(name, sizeof(name), f) != NULL) {
		size_t len = strcspn(name, "\n");

		if (sethostname(name, len) != 0)
			complain("host name");
	}
	fclose(f);
}

/* In a child: standard descriptors on a terminal that becomes the session's. */
static bool
terminal_take(const char *device)
{
	setsid();
	int fd = open(device, O_RDWR);

	if (fd < 0)
		return false;
	ioctl(fd, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		if (fd != i)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
	return true;
}

static void
shell_exec(char *const argv[], const char *term)
{
	static char termvar[40];
	char *env[] = { "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root", "USER=root",
	    "LOGNAME=root", "SHELL=/bin/sh", "TZ=UTC", termvar, NULL };

	snprintf(termvar, sizeof(termvar), "TERM=%s", term);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/root") != 0 && chdir("/") != 0)
		_exit(126);
	execve("/bin/sh", argv, env);
	complain("/bin/sh");
	_exit(127);
}

static void
rc_run(void)
{
	char *argv[] = { "sh", "/etc/rc", NULL };
	pid_t pid;

	if (access("/etc/rc", R_OK) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		if (!terminal_take("/dev/console"))
			_exit(1);
		shell_exec(argv, "dumb");
	}
	if (pid < 0)
		complain("fork");
	else
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
}

static void
motd_print(void)
{
	char buf[1024];
	int fd = open("/etc/motd", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(1, buf, (size_t)n) != n)
			break;
	close(fd);
}

static void
console_start(struct console *c)
{
	char *argv[] = { "-sh", NULL };

	c->start = now();
	c->pid = fork();
	if (c->pid == 0) {
		if (!terminal_take(c->device))
			_exit(1);
		motd_print();
		shell_exec(argv, c->term);
	}
	if (c->pid < 0) {
		complain("fork");
		c->pid = 0;
		c->start += QUICK;
	} else {
		utmp_note(c, USER_PROCESS);
	}
}

static void
console_add(const char *device, const char *term)
{
	struct console *c = &consoles[nconsoles];

	if (nconsoles == MAXCONSOLES)
		return;
	snprintf(c->device, sizeof(c->device), "/dev/%s", device);
	snprintf(c->term, sizeof(c->term), "%s", term);
	if (access(c->device, R_OK | W_OK) == 0)
		nconsoles++;
}

static void
ttys_read(void)
{
	char line[128], device[24], term[24];
	FILE *f = fopen("/etc/ttys", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (line[0] != '#' && sscanf(line, "%23s %23s", device, term) == 2)
			console_add(device, term);
	if (f != NULL)
		fclose(f);
	if (nconsoles == 0)
		console_add("console", "vt100");
}

/* Collects every child that ended. */
static void
reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < nconsoles; i++)
			if (consoles[i].pid == pid) {
				utmp_note(&consoles[i], DEAD_PROCESS);
				consoles[i].pid = 0;
				if (now() - consoles[i].start < QUICK)
					consoles[i].start = now() + QUICK;
			}
}

/* Starts the shells that are due; true if one is to be started later. */
static bool
consoles_start(void)
{
	bool later = false;

	for (int i = 0; i < nconsoles; i++) {
		if (consoles[i].pid != 0)
			continue;
		if (consoles[i].start <= now())
			console_start(&consoles[i]);
		later |= consoles[i].pid == 0;
	}
	return later;
}

/* Waits until no process but this one is left; false if PATIENCE ran out. */
static bool
all_ended(void)
{
	const struct timespec second = { 1, 0 };
	time_t end = now() + PATIENCE;

	while (now() < end) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return true;
		sigtimedwait(&signals, NULL, &second);
	}
	return false;
}

static void
shut_down(int how)
{
	/* An interactive shell ignores SIGTERM. */
	for (int i = 0; i < nconsoles; i++)
		if (consoles[i].pid > 0)
			kill(consoles[i].pid, SIGHUP);
	if (kill(-1, SIGTERM) == 0) {
		kill(-1, SIGHUP);		/* interactive shells ignore the other */
		kill(-1, SIGCONT);
		if (!all_ended() && kill(-1, SIGKILL) == 0)
			all_ended();
	}
	sync();
	reboot(how);
	complain("halt");
}

int
main(void)
{
	const struct timespec wait = { QUICK, 0 };

	if (getpid() != 1) {
		fprintf(stderr, "init: only the kernel starts init; see halt(8)\n");
		return 1;
	}
	signals_setup();
	umask(022);
	mount_missing("devfs", "/dev", "/dev/null");
	mount_missing("procfs", "/proc", "/proc/self");
	hostname_setup();
	utmp_setup();
	if (access("/dev/vport/zenta.ctl", F_OK) == 0) {
		char *argv[] = { "zrund", NULL };

		sigprocmask(SIG_SETMASK, &none, NULL);
		execve("/sbin/zrund", argv, argv + 1);
		complain("/sbin/zrund");
		sigprocmask(SIG_BLOCK, &signals, NULL);
	}
	rc_run();
	ttys_read();
	for (;;) {
		bool later = consoles_start();
		int sig = sigtimedwait(&signals, NULL, later ? &wait : NULL);

		reap();
		if (sig == SIGTERM)
			shut_down(HALT_POWEROFF);
		else if (sig == SIGINT)
			shut_down(HALT_REBOOT);
		else if (sig == SIGQUIT)
			shut_down(HALT_HALT);
	}
}
