/*
 * Process 1 of a machine of its own (test/zrun/rootjob): what the root job gives to who holds it, and what it
 * refuses to everybody.  Prints on the console, then switches the machine off.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <mx/fd.h>
#include "job.h"

/* A thing that a child does; its points are the parent's. */
static void
child(void (*fn)(void), const char *what)
{
	pid_t pid = fork();

	if (pid == 0) {
		tap_in_child = 1;
		tap_bad = 0;
		fn();
		_exit(tap_bad != 0);
	}
	is_int(child_status(pid), 0, what);
}

static mx_handle_t root;	/* a handle like any other, which fork hands down */

static void
holder(void)
{
	is_int(basic(root).rights, RIGHTS_JOB, "it has all rights");
	is_int(mx_task_kill(root), MX_ERR_ACCESS_DENIED, "and may not kill it");
	ok(koid(mx_job_default()) == koid(root), "it is this process's own job");
	is_int(basic(mx_job_default()).rights, RIGHTS_JOB_DEFAULT, "whose pseudo-handle only makes children");
	is_int(mx_task_kill(mx_job_default()), MX_ERR_ACCESS_DENIED, "or kills");
}

/* The holder need not be root: rights are checked where they are used, and this one is nobody's. */
static void
stranger(void)
{
	setresuid(1000, 1000, 1000);
	is_int(mx_task_kill(root), MX_ERR_ACCESS_DENIED, "a user's handle of it");
}

static void
refused(void)
{
	mx_handle_t self = mx_job_default(), weak, sub;
	mx_signals_t before = levels(self);
	mx_info_job_t info;
	pid_t pid;

	is_int(basic(self).rights, RIGHTS_JOB, "process 1 has the root job in full");
	is_int((long)basic(self).related_koid, 0, "which has no parent");
	is_int(mx_handle_duplicate(self, MX_RIGHT_SAME_RIGHTS, &root), MX_OK, "and may be handed down");
	is_int(mx_task_kill(self), MX_ERR_ACCESS_DENIED, "task_kill of the root job by its pseudo-handle");
	is_int(mx_task_kill(root), MX_ERR_ACCESS_DENIED, "by a handle");
	is_int(mx_handle_duplicate(self, RIGHTS_JOB & ~MX_RIGHT_DESTROY, &weak), MX_OK, "one without DESTROY");
	is_int(mx_task_kill(weak), MX_ERR_ACCESS_DENIED, "has no right to it anyway");
	child(holder, "by somebody to whom it was handed down");
	child(stranger, "by a user to whom it was handed down");
	is_int(mx_task_kill(mx_process_self()), MX_ERR_ACCESS_DENIED, "nor is process 1 killed");
	is_int(levels(self), before, "the root job's levels are as they were");
	is_int(mx_object_get_info(self, MX_INFO_JOB, &info, sizeof(info), NULL, NULL), MX_OK, "its information");
	ok(!info.exited && info.return_code == 0, "it lives");
	pid = sleeper(self);
	ok(pid > 1, "it takes processes");
	is_int(mx_job_create(self, 0, &sub), MX_OK, "and jobs");
	kill(pid, SIGKILL);
	child_status(pid);
	pid = sleeper(sub);
	is_int(mx_task_kill(sub), MX_OK, "a job below it is killed");
	is_int(WTERMSIG(child_status(pid)), SIGKILL, "with what is in it");
	mx_handle_close(sub), mx_handle_close(weak);
}

/* What only the root job can show: everything is below it. */
static void
everything(void)
{
	mx_handle_t p;
	mx_koid_t ids[8];
	size_t n = 0;

	is_int(mx_object_get_info(root, MX_INFO_JOB_PROCESSES, ids, sizeof(ids), &n, NULL), MX_OK, "its processes");
	ok(n == 1 && ids[0] == koid(mx_process_self()), "are process 1");
	is_int(mx_object_get_child(root, ids[0], MX_RIGHT_SAME_RIGHTS, &p), MX_OK, "which it leads to");
	is_int(mx_task_kill(p), MX_ERR_ACCESS_DENIED, "and that is not killed by this way either");
	mx_handle_close(p);
}

int
main(void)
{
	int fd;

	mount("devfs", "/dev", "devfs", 0);
	if ((fd = open("/dev/console", O_RDWR)) != 0)
		dup2(fd, 0);
	dup2(0, 1), dup2(0, 2);
	refused();
	everything();
	(void)tap_done();
	reboot(HALT_POWEROFF);
	return 1;
}
