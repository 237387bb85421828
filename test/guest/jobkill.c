/* Killing jobs: all that is below ends and stays dead, also against those that fork. */
#include "job.h"
#include "kstat.h"

static void
killing(void)
{
	mx_handle_t top = job_new(mx_job_default()), mid = job_new(top), low = job_new(mid), side = job_new(top), x, weak;
	mx_policy_basic_t pol = { MX_POL_NEW_EVENT, MX_POL_ACTION_DENY };
	mx_info_job_t info;
	pid_t pid[4];
	int good = 1, status;

	weak = only(top, RIGHTS_JOB & ~MX_RIGHT_DESTROY);
	is_int(mx_task_kill(weak), MX_ERR_ACCESS_DENIED, "task_kill needs DESTROY");
	mx_handle_close(weak);
	pid[0] = sleeper(mid), pid[1] = sleeper(low), pid[2] = sleeper(low), pid[3] = sleeper(side);
	mx_object_get_info(top, MX_INFO_JOB, &info, sizeof(info), NULL, NULL);
	is_int(info.processes, 4, "four processes below");
	is_int(mx_task_kill(mid), MX_OK, "task_kill of a job");
	is_int(mx_object_wait_one(mid, MX_JOB_TERMINATED, SOON, NULL), MX_OK, "TERMINATED");
	is_int(levels(mid), MX_JOB_TERMINATED | MX_JOB_NO_PROCESSES | MX_JOB_NO_JOBS, "and empty");
	is_int(levels(low), MX_JOB_TERMINATED | MX_JOB_NO_PROCESSES | MX_JOB_NO_JOBS, "what is below too");
	for (int i = 0; i < 3; i++) {
		status = child_status(pid[i]);
		good &= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	ok(good, "three were killed");
	is_int(kill(pid[3], 0), 0, "the one beside it lives");
	mx_object_get_info(mid, MX_INFO_JOB, &info, sizeof(info), NULL, NULL);
	ok(info.exited == 1 && info.return_code == MX_TASK_RETCODE_SYSCALL_KILL, "MX_INFO_JOB of the dead");
	is_int(mx_job_create(mid, 0, &x), MX_ERR_BAD_STATE, "no child in a dead job");
	is_int(mx_job_create(low, 0, &x), MX_ERR_BAD_STATE, "nor below");
	fails(__sys_job_fork(low), ESRCH, "no process");
	is_int(mx_job_set_policy(low, 0, MX_JOB_POL_BASIC, &pol, 1), MX_ERR_BAD_STATE, "no policy");
	is_int(mx_task_kill(mid), MX_OK, "killing it again is nothing");
	is_int((int)count(top, MX_INFO_JOB_CHILDREN), 1, "the dead are in no list");
	is_int(mx_object_get_child(top, koid(mid), MX_RIGHT_SAME_RIGHTS, &x), MX_ERR_NOT_FOUND, "nor to be found");
	mx_handle_close(low), mx_handle_close(mid);
	is_int(mx_task_kill(top), MX_OK, "the rest");
	status = child_status(pid[3]);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "with its process");
	is_int(mx_object_wait_one(side, MX_JOB_TERMINATED, SOON, NULL), MX_OK, "the other child is dead");
	is_int(levels(top) & MX_JOB_TERMINATED, MX_JOB_TERMINATED, "and so is the parent");
	mx_handle_close(side), mx_handle_close(top);
}

/* The handle was inherited by fork. */
static void
suicide(void)
{
	mx_handle_t j = job_new(mx_job_default());
	pid_t pid = (pid_t)__sys_job_fork(j);
	int status;

	if (pid == 0) {
		mx_task_kill(j);
		_exit(3);
	}
	status = child_status(pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "who kills his own job does not come back");
	mx_handle_close(j);
}

/* Forking against the killer: nothing survives.  More processes take longer and show no more. */
static void
forkers(void)
{
	for (int round = 0; round < 20; round++) {
		mx_handle_t j = job_new(mx_job_default());
		uint32_t most = 200;
		pid_t pid;

		mx_object_set_property(j, MX_PROP_JOB_PROCESS_LIMIT, &most, sizeof(most));
		pid = (pid_t)__sys_job_fork(j);
		if (pid == 0) {
			signal(SIGCHLD, SIG_IGN);
			for (int i = 0; ; i++)
				if (fork() == 0 && i > 3)
					_exit(0);
		}
		mx_nanosleep(mx_deadline_after(MX_MSEC(round)));
		mx_task_kill(j);
		if (mx_object_wait_one(j, MX_JOB_TERMINATED, SOON, NULL) != MX_OK)
			ok(0, "round %d: somebody survived", round);
		child_status(pid);
		mx_handle_close(j);
	}
	ok(1, "20 forking trees were killed");
}

/* The orphans of those that were killed are process 1's to collect, in its own time. */
static void
collected(long before)
{
	mx_time_t end = SOON;

	while (counter("proc.processes") > before && mx_time_get(MX_CLOCK_MONOTONIC) < end)
		usleep(1000);
	is_int(counter("proc.processes"), before, "process 1 has collected the orphans");
}

int
main(void)
{
	long before = counter("proc.processes");

	killing();
	suicide();
	forkers();
	collected(before);
	return tap_done();
}
