/*
 * Set-id exec of a process that somebody watches: suspensions and exception channels of before end with it, and
 * nobody but root hears of the program afterwards, not by its jobs either.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <mx/exception.h>
#include <mx/fd.h>
#include <mx/policy.h>
#include <mx/process.h>
#include <mx/spawn.h>
#include <mx/syscalls.h>
#include "handle.h"
#include "tap.h"

#define SETID	"/tmp/setid.program"
#define PAGE	4096
#define PAGES	64
#define SOON	mx_deadline_after(MX_SEC(20))
#define LATER	mx_deadline_after(MX_MSEC(50))

static int go[2], back[2];

static void
set(const char *name, const char *value)
{
	if (sysctlbyname(name, NULL, NULL, value, strlen(value) + 1) != 0)
		tap_print("# sysctl %s\n", name);
}

/* What the program with its owner's ids does; its channels are 0 and 1. */
static int
program(const char *what)
{
	char c;

	if (geteuid() != 1)
		return 3;
	if (strcmp(what, "end") == 0)
		return 7;
	write(1, "r", 1);
	read(0, &c, 1);
	if (strcmp(what, "fault") == 0)
		*(volatile char *)0x18 = 1;
	return 8;
}

/* A child that becomes the program when it is told to; argv[2] is the caller's. */
static pid_t
child(const char *what, const char *argument)
{
	pid_t pid;

	pipe(go), pipe(back);
	pid = fork();
	if (pid == 0) {
		char c;

		dup2(go[0], 0), dup2(back[1], 1);
		close(go[0]), close(go[1]), close(back[0]), close(back[1]);
		read(0, &c, 1);
		execl(SETID, SETID, what, argument, (char *)NULL);
		_exit(99);
	}
	close(go[0]), close(back[1]);
	return pid;
}

static void
tell(void)
{
	write(go[1], "x", 1);
}

/* Until the program runs. */
static void
hear(void)
{
	char c = 0;

	ok(read(back[0], &c, 1) == 1 && c == 'r', "the program runs");
}

static int
end_of(pid_t pid)
{
	int status = child_status(pid);

	close(go[1]), close(back[0]);
	return status;
}

static mx_handle_t
thread_of(mx_handle_t process)
{
	mx_handle_t h = MX_HANDLE_INVALID;
	mx_koid_t k = 0;

	mx_object_get_info(process, MX_INFO_PROCESS_THREADS, &k, sizeof(k), NULL, NULL);
	mx_object_get_child(process, k, MX_RIGHT_SAME_RIGHTS, &h);
	return h;
}

static int
is_closed(mx_handle_t ch)
{
	return mx_object_wait_one(ch, MX_CHANNEL_PEER_CLOSED, LATER, NULL) == MX_OK;
}

/* --- suspension --- */

/* An argument on a slow disk: the exec sleeps where it reads it, and that is when it is suspended. */
static void
suspended(int set_id)
{
	char *slow;
	int fd;
	mx_handle_t p, t, token;
	pid_t pid;

	set("dev.md0.size", "256k");
	fd = open("/dev/md0", O_RDWR);
	slow = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ok(fd >= 0 && slow != MAP_FAILED, "a slow disk");
	chmod(SETID, set_id ? 04755 : 0755);
	set("dev.md0.delay", "400000");
	pid = child("end", slow);
	p = mx_pid_handle(pid), t = thread_of(p);
	tell();
	mx_nanosleep(mx_deadline_after(MX_MSEC(100)));
	is_int(mx_task_suspend(t, &token), MX_OK, "suspended in the middle of its exec");
	set("dev.md0.delay", "0");
	if (set_id) {
		is_int(mx_object_wait_one(p, MX_TASK_TERMINATED, SOON, NULL), MX_OK, "a set-id program runs, held or not");
		is_int(WEXITSTATUS(child_status(pid)), 7, "to its end");
	} else {
		is_int(mx_object_wait_one(t, MX_THREAD_SUSPENDED, SOON, NULL), MX_OK, "any other is suspended");
		is_int(mx_object_wait_one(p, MX_TASK_TERMINATED, LATER, NULL), MX_ERR_TIMED_OUT, "and does not run");
	}
	mx_handle_close(token);
	if (!set_id)
		is_int(WEXITSTATUS(child_status(pid)), 3, "until it is let go");
	close(go[1]), close(back[0]);
	chmod(SETID, 04755);
	mx_handle_close(t), mx_handle_close(p);
	munmap(slow, PAGES * PAGE), close(fd);
	set("dev.md0.size", "0");
}

/* The token of before does not count when it goes, and one of afterwards does. */
static void
tokens(void)
{
	mx_handle_t p, t, before, after;
	mx_signals_t seen;
	pid_t pid;

	pid = child("wait", NULL);
	p = mx_pid_handle(pid), t = thread_of(p);
	mx_task_suspend(t, &before);
	is_int(mx_object_wait_one(t, MX_THREAD_SUSPENDED, SOON, NULL), MX_OK, "suspended before its exec");
	tell();
	is_int(mx_object_wait_one(p, MX_TASK_TERMINATED, LATER, &seen), MX_ERR_TIMED_OUT, "it does not get there");
	mx_handle_close(before);
	hear();
	is_int(mx_task_suspend(t, &after), MX_OK, "root suspends the program");
	is_int(mx_object_wait_one(t, MX_THREAD_SUSPENDED, SOON, NULL), MX_OK, "it stands");
	tell();
	is_int(mx_object_wait_one(p, MX_TASK_TERMINATED, LATER, NULL), MX_ERR_TIMED_OUT, "still");
	mx_handle_close(after);
	is_int(WEXITSTATUS(end_of(pid)), 8, "and goes on");
	mx_handle_close(t), mx_handle_close(p);
}

/* --- channels of the process and the thread --- */

static void
channels(int root)
{
	mx_handle_t p, t, pc, dc, tc, jc, job, new = MX_HANDLE_INVALID;
	pid_t pid;

	pid = child("fault", NULL);
	p = mx_pid_handle(pid), t = thread_of(p);
	is_int(mx_task_create_exception_channel(p, 0, &pc), MX_OK, "the process's channel");
	is_int(mx_task_create_exception_channel(p, MX_EXCEPTION_CHANNEL_DEBUGGER, &dc), MX_OK, "its debugger's");
	is_int(mx_task_create_exception_channel(t, 0, &tc), MX_OK, "its thread's");
	mx_job_create(mx_job_default(), 0, &job);
	is_int(mx_task_create_exception_channel(job, 0, &jc), MX_OK, "and another job's");
	ok(!is_closed(pc) && !is_closed(dc) && !is_closed(tc), "are open");
	tell();
	hear();
	ok(is_closed(pc) && is_closed(dc) && is_closed(tc), "set-id exec closes them");
	ok(!is_closed(jc), "but nobody else's");
	is_int(mx_task_create_exception_channel(p, 0, &new), root ? MX_OK : MX_ERR_ACCESS_DENIED,
	    root ? "root may make a new one" : "a user none");
	if (root) {
		mx_exception_info_t info;
		mx_handle_t ex;

		tell();
		is_int(mx_object_wait_one(new, MX_CHANNEL_READABLE, SOON, NULL), MX_OK, "and hears of the fault");
		mx_channel_read(new, 0, &info, &ex, sizeof(info), 1, NULL, NULL);
		mx_handle_close(ex), mx_handle_close(new);
	} else {
		tell();
	}
	is_int(end_of(pid), SIGSEGV, "the fault is the program's own");
	mx_handle_close_many((mx_handle_t[]){ pc, dc, tc, jc, job, p, t }, 7);
}

/* --- jobs --- */

/* The program in a job with this channel, started by fork and exec or by mx_spawn. */
static pid_t
in_job(mx_handle_t job, int spawned, mx_handle_t *process)
{
	const char *const argv[] = { SETID, "fault", NULL }, *const envp[] = { NULL };
	mx_spawn_desc_t d[2] = { { .fd = 0 }, { .fd = 1 } };
	pid_t pid;

	pipe(go), pipe(back);
	if (spawned) {
		mx_info_process_t info;

		d[0].handle = mx_fd_handle(go[0]), d[1].handle = mx_fd_handle(back[1]);
		mx_spawn(job, 0, SETID, argv, envp, d, 2, process);
		mx_object_get_info(*process, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL);
		return (pid_t)info.pid;
	}
	pid = (pid_t)mx_job_fork(job);
	if (pid == 0) {
		dup2(go[0], 0), dup2(back[1], 1);
		close(go[1]), close(back[0]);
		execv(SETID, (char *const *)argv);
		_exit(99);
	}
	close(go[0]), close(back[1]);
	*process = mx_pid_handle(pid);
	return pid;
}

/* A user's job: a fault of a set-id program, its start by mx_spawn, are nothing to him. */
static void
users_job(int spawned)
{
	mx_handle_t job, plain, debugger, p = MX_HANDLE_INVALID, t;
	mx_exception_report_t report;
	pid_t pid;

	mx_job_create(mx_job_default(), 0, &job);
	mx_task_create_exception_channel(job, 0, &plain);
	pid = in_job(job, spawned, &p);
	hear();
	t = thread_of(p);
	/* The debugger of the job would hear of processes that start. */
	mx_task_create_exception_channel(job, MX_EXCEPTION_CHANNEL_DEBUGGER, &debugger);
	is_int(mx_object_get_info(t, MX_INFO_THREAD_EXCEPTION_REPORT, &report, sizeof(report), NULL, NULL),
	    MX_ERR_ACCESS_DENIED, "no report of what is not his");
	tell();
	is_int(end_of(pid), SIGSEGV, "a set-id program that faults does not wait for a user");
	is_int(mx_object_wait_one(plain, MX_CHANNEL_READABLE, 0, NULL), MX_ERR_TIMED_OUT, "whose channel heard nothing");
	mx_handle_close(p), mx_handle_close(t);
	if (spawned) {
		pid = in_job(job, 1, &p);
		hear();
		is_int(mx_object_wait_one(debugger, MX_CHANNEL_READABLE, 0, NULL), MX_ERR_TIMED_OUT, "nor his debugger its start");
		tell();
		end_of(pid);
		mx_handle_close(p);
	}
	mx_handle_close_many((mx_handle_t[]){ plain, debugger, job }, 3);
}

static void
user(void)
{
	tap_in_child = 1;
	tap_bad = 0;
	if (setresuid(1000, 1000, 1000) != 0)
		_exit(98);
	channels(0);
	users_job(0);
	users_job(1);
	_exit(tap_bad != 0);
}

/* Root's job hears of it, and says what shall be. */
static void
roots_job(void)
{
	mx_handle_t job, plain, debugger, p = MX_HANDLE_INVALID, ex = MX_HANDLE_INVALID;
	uint32_t state = MX_EXCEPTION_STATE_THREAD_EXIT;
	mx_exception_info_t info;
	pid_t pid;

	mx_job_create(mx_job_default(), 0, &job);
	mx_task_create_exception_channel(job, 0, &plain);
	mx_task_create_exception_channel(job, MX_EXCEPTION_CHANNEL_DEBUGGER, &debugger);
	pid = in_job(job, 1, &p);
	is_int(mx_object_wait_one(debugger, MX_CHANNEL_READABLE, SOON, NULL), MX_OK, "root's debugger hears of the start");
	mx_channel_read(debugger, 0, &info, &ex, sizeof(info), 1, NULL, NULL);
	mx_handle_close(ex);
	hear();
	tell();
	is_int(mx_object_wait_one(plain, MX_CHANNEL_READABLE, SOON, NULL), MX_OK, "and root's job of the fault");
	mx_channel_read(plain, 0, &info, &ex, sizeof(info), 1, NULL, NULL);
	is_int(mx_object_set_property(ex, MX_PROP_EXCEPTION_STATE, &state, sizeof(state)), MX_OK, "it answers");
	mx_handle_close(ex);
	is_int(end_of(pid), 0, "and that is what happens");
	mx_handle_close_many((mx_handle_t[]){ plain, debugger, job, p }, 4);
}

int
main(int argc, char **argv)
{
	char command[300];

	if (argc > 1)
		return program(argv[1]);
	snprintf(command, sizeof(command), "cp %s " SETID " && chown 1 " SETID " && chmod 4755 " SETID, argv[0]);
	is_int(system(command), 0, "a set-id program");
	suspended(1);
	suspended(0);
	tokens();
	channels(1);
	roots_job();
	is_int(in_child(user), 0, "a user hears of nothing");
	unlink(SETID);
	return tap_done();
}
