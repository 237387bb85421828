/* Job control as a shell sees it: stops that a program does not notice, orphaned groups, SIGCHLD and
 * its flags, who may join which group, waits of all kinds at once. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include "tap.h"

static volatile sig_atomic_t chld, hups, conts, usr;
static volatile int chld_code, chld_status, chld_pid;

static void
on_chld(int sig, siginfo_t *si, void *uc)
{
	chld++;
	chld_code = si->si_code;
	chld_status = si->si_status;
	chld_pid = si->si_pid;
}

static void
count_signal(int sig)
{
	hups += sig == SIGHUP;
	conts += sig == SIGCONT;
	usr += sig == SIGUSR1;
}

static void
catch(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = count_signal, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void
watch_children(int flags)
{
	struct sigaction sa = { .sa_sigaction = on_chld, .sa_flags = SA_SIGINFO | SA_RESTART | flags };

	chld = 0;
	sigaction(SIGCHLD, &sa, NULL);
}

/* --- stops are not noticed --- */

/* A child reads one byte; it is stopped and continued before it comes. */
static void
stopped_read(void)
{
	int p[2], status;
	char c = 0;
	pid_t pid;

	pipe(p);
	pid = fork();
	if (pid == 0)
		_exit(read(p[0], &c, 1) == 1 ? c : 100);
	usleep(20000);
	kill(pid, SIGSTOP);
	is_int(waitpid(pid, &status, WUNTRACED), pid, "a reader stops");
	kill(pid, SIGCONT);
	usleep(20000);
	is_int(waitpid(pid, &status, WNOHANG), 0, "and goes on reading");
	write(p[1], "\7", 1);
	is_int(WEXITSTATUS(child_status(pid)), 7, "without an error");
	close(p[0]);
	close(p[1]);
}

static void
stopped_sleep(void)
{
	struct timespec ts = { 0, 150000000 }, a, b;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (nanosleep(&ts, NULL) != 0)
			_exit(1);
		clock_gettime(CLOCK_MONOTONIC, &b);
		_exit((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 150 ? 2 : 0);
	}
	usleep(20000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	is_int(child_status(pid), 0, "a sleep that was stopped lasts as long as it should");
}

static void
killed_stopped(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGTERM);
	usleep(10000);
	is_int(waitpid(pid, &status, WNOHANG), 0, "SIGTERM waits while a process is stopped");
	kill(pid, SIGKILL);
	status = child_status(pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "SIGKILL does not");
}

static void
cont_caught(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		catch(SIGCONT, 0);
		while (conts == 0)
			pause();
		_exit(3);
	}
	usleep(10000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	ok(WIFSTOPPED(status), "stopped");
	kill(pid, SIGCONT);
	is_int(WEXITSTATUS(child_status(pid)), 3, "SIGCONT continues and runs its handler");
}

static void
discard(void)
{
	sigset_t set, pend;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGTSTP);
	sigpending(&pend);
	ok(sigismember(&pend, SIGTSTP), "a blocked SIGTSTP is pending");
	kill(getpid(), SIGCONT);
	sigpending(&pend);
	ok(!sigismember(&pend, SIGTSTP), "SIGCONT takes it away");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ok(1, "and nobody stops");
}

/* --- SIGCHLD --- */

static void
sigchld(void)
{
	int status;
	pid_t pid;

	watch_children(0);
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(9);
	}
	waitpid(pid, &status, WUNTRACED);
	ok(chld == 1 && chld_code == CLD_STOPPED && chld_pid == pid && chld_status == SIGSTOP,
	    "SIGCHLD for a stop");
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	ok(chld >= 2, "for a continue");
	while (chld < 3)
		usleep(1000);
	ok(chld_code == CLD_EXITED && chld_status == 9, "for an exit, with the value");
	waitpid(pid, &status, 0);
	watch_children(SA_NOCLDSTOP);
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		abort();
	}
	waitpid(pid, &status, WUNTRACED);
	is_int(chld, 0, "SA_NOCLDSTOP: none for a stop");
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	ok(chld == 1 && chld_code == CLD_KILLED && chld_status == SIGABRT, "one for the death, with the signal");
}

static void
nobody_waits(void)
{
	int status;

	watch_children(SA_NOCLDWAIT);
	if (fork() == 0)
		_exit(0);
	fails(wait(&status), ECHILD, "SA_NOCLDWAIT: wait lasts until the last child is gone");
	is_int(chld, 1, "and SIGCHLD came");
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 5; i++)
		if (fork() == 0)
			_exit(0);
	fails(wait(&status), ECHILD, "the same when SIGCHLD is ignored");
	signal(SIGCHLD, SIG_DFL);
	if (fork() == 0)
		_exit(0);
	ok(wait(&status) > 0, "not with the default action");
}

/* --- groups --- */

static int
said(pid_t pid)
{
	return WEXITSTATUS(child_status(pid));
}

static void
group_rules(void)
{
	pid_t pid, other;
	int go[2];
	char c;

	pipe(go);
	pid = fork();
	if (pid == 0) {
		setsid();
		write(go[1], "x", 1);
		pause();
	}
	read(go[0], &c, 1);
	fails(setpgid(pid, pid), EPERM, "setpgid of a child in another session");
	fails(setpgid(0, pid), EPERM, "joining a group of another session");
	kill(pid, SIGKILL);
	child_status(pid);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "echo x >&4; read x", (char *)0);
		_exit(1);
	}
	close(go[0]);
	close(go[1]);
	other = fork();
	if (other == 0) {
		setsid();
		errno = 0;
		_exit(setpgid(0, 0) == -1 && errno == EPERM ? 5 : 6);
	}
	is_int(said(other), 5, "a session leader stays in its group");
	kill(pid, SIGKILL);
	child_status(pid);
	other = fork();
	if (other == 0) {
		setpgid(0, 0);
		_exit(setsid() == -1 && errno == EPERM ? 5 : 6);
	}
	is_int(said(other), 5, "a group leader makes no session");
}

static void
exec_rule(void)
{
	int fds[2];
	pid_t pid;
	char c;

	pipe(fds);
	pid = fork();
	if (pid == 0) {
		char *argv[] = { "sh", "-c", "echo; kill -STOP $$", NULL };

		dup2(fds[1], 1);
		execv("/bin/sh", argv);
		_exit(1);
	}
	read(fds[0], &c, 1);
	fails(setpgid(pid, pid), EACCES, "setpgid of a child that executed a program");
	kill(pid, SIGKILL);
	child_status(pid);
	close(fds[0]);
	close(fds[1]);
}

/* A stopped job whose shell ends: SIGHUP, then SIGCONT. */
static void
orphaned_group(void)
{
	int fds[2], status;
	char what[2] = { 0, 0 };
	pid_t shell, job;

	pipe(fds);
	shell = fork();
	if (shell == 0) {
		setsid();
		job = fork();
		if (job == 0) {
			setpgid(0, 0);
			catch(SIGHUP, 0);
			catch(SIGCONT, 0);
			kill(getpid(), SIGSTOP);
			for (int i = 0; i < 1000 && (hups == 0 || conts == 0); i++)
				usleep(1000);
			what[0] = '0' + hups;
			what[1] = '0' + conts;
			write(fds[1], what, 2);
			_exit(0);
		}
		waitpid(job, &status, WUNTRACED);
		_exit(0);
	}
	child_status(shell);
	read(fds[0], what, 2);
	ok(what[0] == '1' && what[1] == '1', "an orphaned stopped group gets SIGHUP and SIGCONT, once");
	close(fds[0]);
	close(fds[1]);
	shell = fork();
	if (shell == 0) {
		setsid();
		kill(getpid(), SIGTSTP);
		_exit(4);
	}
	is_int(said(shell), 4, "SIGTSTP does not stop an orphaned group");
	shell = fork();
	if (shell == 0) {
		setsid();
		catch(SIGHUP, 0);
		job = fork();
		if (job == 0) {
			kill(getpid(), SIGSTOP);
			_exit(0);
		}
		waitpid(job, &status, WUNTRACED);
		ok(WIFSTOPPED(status), "SIGSTOP does");
		kill(job, SIGKILL);
		_exit(0);
	}
	child_status(shell);
	tap_count++;		/* the one the child has printed */
}

/* --- many at once --- */

static void
each_once(void)
{
	enum { N = 40 };
	pid_t pids[N];
	int seen[N] = { 0 }, status, once = 1;

	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(i);
	}
	for (int i = 0; i < N; i++) {
		pid_t pid = wait(&status);

		for (int k = 0; k < N; k++)
			if (pids[k] == pid)
				seen[k] += WEXITSTATUS(status) == k ? 1 : 100;
	}
	for (int i = 0; i < N; i++)
		once &= seen[i] == 1;
	ok(once, "forty children are reported once each, with their values");
	fails(wait(&status), ECHILD, "and then there are none");
}

static void
wait_interrupted(void)
{
	int status;
	pid_t pid = fork(), killer;

	if (pid == 0)
		for (;;)
			pause();
	killer = fork();
	if (killer == 0) {
		usleep(30000);
		kill(getppid(), SIGUSR1);
		usleep(30000);
		kill(pid, SIGKILL);
		_exit(0);
	}
	catch(SIGUSR1, 0);
	fails(waitpid(pid, &status, 0), EINTR, "a handler without SA_RESTART ends waitpid");
	is_int(waitpid(pid, &status, 0), pid, "which can be called again");
	child_status(killer);
	pid = fork();
	if (pid == 0) {
		usleep(60000);
		_exit(1);
	}
	killer = fork();
	if (killer == 0) {
		usleep(20000);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	catch(SIGUSR1, SA_RESTART);
	is_int(waitpid(pid, &status, 0), pid, "with SA_RESTART it goes on");
	child_status(killer);
}

/* The parent of a vfork child can be killed; the child is not hurt. */
static void
vfork_killed(void)
{
	int fds[2];
	char c = 0;
	pid_t pid;

	pipe(fds);
	pid = fork();
	if (pid == 0) {
		if (vfork() == 0) {
			usleep(50000);
			write(fds[1], "v", 1);
			_exit(0);
		}
		_exit(0);
	}
	usleep(10000);
	kill(pid, SIGKILL);
	ok(WTERMSIG(child_status(pid)) == SIGKILL, "SIGKILL ends the sleep of a vfork parent");
	ok(read(fds[0], &c, 1) == 1 && c == 'v', "its child goes on");
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	stopped_read();
	stopped_sleep();
	killed_stopped();
	cont_caught();
	discard();
	sigchld();
	nobody_waits();
	group_rules();
	exec_rule();
	orphaned_group();
	each_once();
	wait_interrupted();
	vfork_killed();
	return tap_done();
}
