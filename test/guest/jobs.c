/*
 * Jobs: the tree, its levels and koid lists, what may be done with which handle, processes coming
 * and going, killing, limits, and that nothing is left behind.
 */
#include "job.h"

static void
creation(void)
{
	mx_handle_t self = mx_job_default(), j, c, weak, ev;
	mx_info_handle_basic_t b;

	is_int(mx_job_create(self, 0, &j), MX_OK, "a child of the own job");
	mx_object_get_info(j, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	ok(b.type == MX_OBJ_TYPE_JOB && b.props == MX_OBJ_PROP_WAITABLE, "its type");
	is_int(b.rights, RIGHTS_JOB, "its rights");
	ok(b.related_koid == koid(self) && b.related_koid != 0, "its relative is the parent");
	is_int(levels(j), MX_JOB_NO_PROCESSES | MX_JOB_NO_JOBS, "a new job is empty");
	is_int(mx_job_create(j, 0, &c), MX_OK, "a grandchild");
	is_int(levels(j), MX_JOB_NO_PROCESSES, "its parent has jobs now");
	is_int(mx_job_create(j, 1, &c), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_job_create(0, 1, &c), MX_ERR_INVALID_ARGS, "before the handle");
	is_int(mx_job_create(0, 0, &c), MX_ERR_BAD_HANDLE, "no handle");
	mx_event_create(0, &ev);
	weak = only(ev, MX_RIGHT_WAIT);
	is_int(mx_job_create(weak, 0, &c), MX_ERR_WRONG_TYPE, "an event is no job, whatever its rights");
	mx_handle_close(weak), mx_handle_close(ev);
	weak = only(j, RIGHTS_JOB & ~MX_RIGHT_MANAGE_JOB);
	is_int(mx_job_create(weak, 0, &c), MX_ERR_ACCESS_DENIED, "without MANAGE_JOB");
	mx_handle_close(weak);
	is_int(mx_job_create(j, 0, BAD_PTR), MX_ERR_INVALID_ARGS, "a bad pointer");
	is_int((int)count(j, MX_INFO_JOB_CHILDREN), 1, "made no job");
	mx_handle_close(c);
	is_int(levels(j), MX_JOB_NO_PROCESSES | MX_JOB_NO_JOBS, "a child with no handle left is gone");
	mx_handle_close(j);
}

static void
default_job(void)
{
	mx_handle_t self = mx_job_default(), d;
	mx_policy_basic_t p = { MX_POL_NEW_ANY, MX_POL_ACTION_ALLOW };
	mx_info_handle_basic_t b;
	mx_info_job_t info;

	mx_object_get_info(self, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	is_int(b.rights, RIGHTS_JOB_DEFAULT, "the own job serves to make children");
	is_int(mx_job_set_policy(self, 0, MX_JOB_POL_BASIC, &p, 1), MX_ERR_ACCESS_DENIED, "no policy for it");
	is_int(mx_object_get_info(self, MX_INFO_JOB, &info, sizeof(info), NULL, NULL), MX_ERR_ACCESS_DENIED, "no look at it");
	is_int(mx_object_get_info(self, MX_INFO_JOB_PROCESSES, NULL, 0, NULL, NULL), MX_ERR_ACCESS_DENIED, "nor its processes");
	is_int(mx_object_get_child(self, 1, MX_RIGHT_SAME_RIGHTS, &d), MX_ERR_ACCESS_DENIED, "nor a way to them");
	is_int(mx_object_wait_one(self, MX_JOB_NO_JOBS, 0, NULL), MX_ERR_ACCESS_DENIED, "nor waiting for it");
	is_int(mx_handle_duplicate(self, MX_RIGHT_SAME_RIGHTS, &d), MX_OK, "it can be duplicated");
	ok(koid(d) == koid(self), "which is the same job");
	mx_handle_close(d);
	ok(basic(mx_process_self()).related_koid == koid(self), "the process's relative is its job");
}

static void
depth(void)
{
	mx_handle_t j[DEPTH + 2], over;
	int n = 0;
	pid_t pid;

	/* The tests run some levels below the root: at the bottom it is exact. */
	j[0] = job_new(mx_job_default());
	while (n < DEPTH + 1 && (j[n + 1] = job_new(j[n])) != MX_HANDLE_INVALID)
		n++;
	ok(n >= 1 && n < DEPTH, "%d levels below the first", n);
	is_int(mx_job_create(j[n], 0, &over), MX_ERR_OUT_OF_RANGE, "one more is too deep");
	pid = sleeper(j[n]);
	ok(pid > 0, "processes may be there");
	kill(pid, SIGKILL), child_status(pid);
	for (int i = n; i >= 0; i--)
		mx_handle_close(j[i]);
}

static void
lists(void)
{
	mx_handle_t j = job_new(mx_job_default()), c[70], d, e = 0, weak;
	mx_koid_t list[70], mine[70];
	size_t actual, avail;
	int good = 1;

	for (int i = 0; i < 70; i++)
		c[i] = job_new(j), mine[i] = koid(c[i]);
	is_int(mx_object_get_info(j, MX_INFO_JOB_CHILDREN, list, sizeof(list), &actual, &avail), MX_OK, "JOB_CHILDREN");
	ok(actual == 70 && avail == 70, "all of them");
	ok(memcmp(list, mine, sizeof(mine)) == 0, "in order");
	is_int(mx_object_get_info(j, MX_INFO_JOB_CHILDREN, list, 3 * sizeof(*list) + 1, &actual, &avail), MX_OK, "three fit");
	ok(actual == 3 && avail == 70, "and the others are counted");
	is_int(mx_object_get_info(j, MX_INFO_JOB_CHILDREN, BAD_PTR, 80, NULL, NULL), MX_ERR_INVALID_ARGS, "a bad pointer");
	weak = only(j, RIGHTS_JOB & ~MX_RIGHT_ENUMERATE);
	is_int(mx_object_get_info(weak, MX_INFO_JOB_CHILDREN, list, 80, NULL, NULL), MX_ERR_ACCESS_DENIED, "without ENUMERATE");
	is_int(mx_object_get_info(weak, MX_INFO_JOB_PROCESSES, list, 80, NULL, NULL), MX_ERR_ACCESS_DENIED, "processes too");
	is_int(mx_object_get_child(weak, mine[0], MX_RIGHT_SAME_RIGHTS, &d), MX_ERR_ACCESS_DENIED, "get_child too");
	mx_handle_close(weak);
	mx_event_create(0, &e);
	is_int(mx_object_get_info(e, MX_INFO_JOB_CHILDREN, list, 80, NULL, NULL), MX_ERR_WRONG_TYPE, "of an event");
	mx_handle_close(e);
	is_int(mx_object_get_child(j, mine[9], MX_RIGHT_SAME_RIGHTS, &d), MX_OK, "get_child");
	ok(koid(d) == mine[9], "is that child");
	mx_handle_close(d);
	is_int(mx_object_get_child(j, mine[9], MX_RIGHT_WAIT, &d), MX_OK, "with fewer rights");
	is_int(mx_job_create(d, 0, &e), MX_ERR_ACCESS_DENIED, "it has no others");
	mx_handle_close(d);
	is_int(mx_object_get_child(j, mine[9], MX_RIGHT_MAP, &d), MX_ERR_ACCESS_DENIED, "with rights that the parent's handle lacks");
	is_int(mx_object_get_child(j, koid(j), MX_RIGHT_SAME_RIGHTS, &d), MX_ERR_NOT_FOUND, "a koid that is no child");
	is_int(mx_object_get_child(j, mine[9], MX_RIGHT_SAME_RIGHTS, BAD_PTR), MX_ERR_INVALID_ARGS, "a bad pointer");
	d = job_new(c[9]);
	is_int(mx_object_get_child(j, koid(d), MX_RIGHT_SAME_RIGHTS, &e), MX_ERR_NOT_FOUND, "a grandchild is no child");
	mx_handle_close(d);
	for (int i = 0; i < 70; i += 2)
		mx_handle_close(c[i]);
	mx_object_get_info(j, MX_INFO_JOB_CHILDREN, list, sizeof(list), &actual, NULL);
	for (int i = 0; i < 35; i++)
		good &= list[i] == mine[2 * i + 1];
	ok(actual == 35 && good, "those that are left");
	for (int i = 1; i < 70; i += 2)
		mx_handle_close(c[i]);
	is_int((int)count(j, MX_INFO_JOB_CHILDREN), 0, "none");
	mx_handle_close(j);
}

static void
processes(void)
{
	mx_handle_t j = job_new(mx_job_default()), weak, p;
	mx_koid_t k;
	mx_info_job_t info;
	struct pollfd pf;
	int status;
	pid_t pid;

	weak = only(j, RIGHTS_JOB & ~MX_RIGHT_MANAGE_PROCESS);
	fails(__sys_job_fork(weak), EPERM, "job_fork needs MANAGE_PROCESS");
	mx_handle_close(weak);
	fails(__sys_job_fork(0), EBADF, "and a handle");
	fails(__sys_job_fork(mx_process_self()), EBADF, "of a job");
	pid = sleeper(j);
	ok(pid > 0, "job_fork");
	is_int(levels(j), MX_JOB_NO_JOBS, "the job has a process");
	is_int(mx_object_get_info(j, MX_INFO_JOB_PROCESSES, &k, sizeof(k), NULL, NULL), MX_OK, "JOB_PROCESSES");
	is_int(mx_object_get_child(j, k, MX_RIGHT_SAME_RIGHTS, &p), MX_OK, "get_child of a process");
	ok(koid(p) == k && basic(p).related_koid == koid(j), "whose relative is the job");
	mx_object_get_info(j, MX_INFO_JOB, &info, sizeof(info), NULL, NULL);
	ok(info.processes == 1 && info.exited == 0 && info.return_code == 0, "MX_INFO_JOB");
	pf = (struct pollfd){ mx_handle_fd(j), POLLIN, 0 };
	is_int(poll(&pf, 1, 0), 0, "poll finds it busy");
	kill(pid, SIGTERM);
	is_int(mx_object_wait_one(j, MX_JOB_NO_PROCESSES, SOON, NULL), MX_OK, "NO_PROCESSES comes back");
	is_int(mx_object_wait_one(p, MX_TASK_TERMINATED, 0, NULL), MX_OK, "after the process's TERMINATED");
	ok(poll(&pf, 1, 0) == 1 && pf.revents == POLLIN, "and poll finds it free");
	is_int((int)count(j, MX_INFO_JOB_PROCESSES), 0, "a zombie is in no job");
	is_int(mx_object_get_child(j, k, MX_RIGHT_SAME_RIGHTS, &weak), MX_ERR_NOT_FOUND, "nor can it be found there");
	status = child_status(pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "it is the caller's child");
	ok(basic(p).related_koid == koid(j), "a dead process still tells its job");
	mx_handle_close(p);
	/* Grandchildren are born where their parent is. */
	pid = (pid_t)__sys_job_fork(j);
	if (pid == 0) {
		pid_t in = fork();

		if (in == 0)
			_exit(mx_job_default() != 0 && koid(mx_job_default()) == koid(j) ? 7 : 8);
		_exit(WEXITSTATUS(child_status(in)));
	}
	status = child_status(pid);
	ok(WIFEXITED(status) && (WEXITSTATUS(status) == 7 || koid(j) == 0), "fork stays in the job");
	mx_handle_close(j);
}

/* The job lives by its process when its handles are gone; its parent sees it. */
static void
lifetimes(void)
{
	mx_handle_t top = job_new(mx_job_default()), j = job_new(top), again;
	mx_koid_t k = koid(j), seen;
	pid_t pid = sleeper(j);

	mx_handle_close(j);
	is_int((int)count(top, MX_INFO_JOB_CHILDREN), 1, "a job without handles lives by its process");
	is_int(mx_object_get_child(top, k, MX_RIGHT_SAME_RIGHTS, &again), MX_OK, "and can be had again");
	is_int(levels(again), MX_JOB_NO_JOBS, "as it is");
	mx_handle_close(again);
	kill(pid, SIGKILL);
	is_int(mx_object_wait_one(top, MX_JOB_NO_JOBS, SOON, NULL), MX_OK, "it goes with the last process");
	child_status(pid);
	is_int((int)count(top, MX_INFO_JOB_CHILDREN), 0, "and is listed no more");
	/* By its children, too. */
	j = job_new(top), again = job_new(j);
	mx_handle_close(j);
	is_int(mx_object_get_info(top, MX_INFO_JOB_CHILDREN, &seen, sizeof(seen), NULL, NULL), MX_OK, "a job lives by its child");
	is_int(levels(top), MX_JOB_NO_PROCESSES, "in the tree");
	mx_handle_close(again);
	is_int(levels(top), MX_JOB_NO_PROCESSES | MX_JOB_NO_JOBS, "both go at once");
	mx_handle_close(top);
}

static void
limits(void)
{
	mx_handle_t top = job_new(mx_job_default()), j = job_new(top);
	uint32_t max = 0, two = 2;
	pid_t a, b;

	is_int(mx_object_get_property(top, MX_PROP_JOB_PROCESS_LIMIT, &max, sizeof(max)), MX_OK, "the limit");
	ok(max > 0, "of a new job is the system's");
	is_int(mx_object_set_property(top, MX_PROP_JOB_PROCESS_LIMIT, &two, sizeof(two)), MX_OK, "two processes");
	is_int(mx_object_set_property(top, MX_PROP_JOB_PROCESS_LIMIT, &two, 1), MX_ERR_BUFFER_TOO_SMALL, "a short value");
	is_int(mx_object_set_property(top, MX_PROP_JOB_PROCESS_LIMIT, BAD_PTR, 4), MX_ERR_INVALID_ARGS, "a bad pointer");
	a = sleeper(j), b = sleeper(top);
	fails(__sys_job_fork(j), EAGAIN, "a third below is refused");
	fails(__sys_job_fork(top), EAGAIN, "and in it");
	kill(a, SIGKILL), child_status(a);
	a = sleeper(j);
	ok(a > 0, "one has gone, one may come");
	kill(a, SIGKILL), kill(b, SIGKILL);
	child_status(a), child_status(b);
	mx_handle_close(j), mx_handle_close(top);
}

static void
names(void)
{
	mx_handle_t j = job_new(mx_job_default()), weak;
	char name[MX_MAX_NAME_LEN], longer[64];

	memset(name, 'x', sizeof(name));
	is_int(mx_object_get_property(j, MX_PROP_NAME, name, sizeof(name)), MX_OK, "a job has a name");
	ok(name[0] == '\0' && name[31] == '\0', "empty at first");
	is_int(mx_object_set_property(j, MX_PROP_NAME, "builds", 6), MX_OK, "set it");
	mx_object_get_property(j, MX_PROP_NAME, name, sizeof(name));
	ok(strcmp(name, "builds") == 0, "it is set");
	memset(longer, 'y', sizeof(longer));
	is_int(mx_object_set_property(j, MX_PROP_NAME, longer, sizeof(longer)), MX_OK, "a long one");
	mx_object_get_property(j, MX_PROP_NAME, name, sizeof(name));
	ok(strlen(name) == 31, "is cut");
	is_int(mx_object_get_property(j, MX_PROP_NAME, name, 31), MX_ERR_BUFFER_TOO_SMALL, "31 bytes are too few");
	is_int(mx_object_get_property(j, MX_PROP_NAME, BAD_PTR, 32), MX_ERR_INVALID_ARGS, "a bad pointer");
	is_int(mx_object_set_property(j, MX_PROP_NAME, BAD_PTR, 32), MX_ERR_INVALID_ARGS, "a bad pointer to set");
	weak = only(j, RIGHTS_JOB & ~(MX_RIGHT_GET_PROPERTY | MX_RIGHT_SET_PROPERTY));
	is_int(mx_object_get_property(weak, MX_PROP_NAME, name, 32), MX_ERR_ACCESS_DENIED, "without GET_PROPERTY");
	is_int(mx_object_set_property(weak, MX_PROP_NAME, name, 32), MX_ERR_ACCESS_DENIED, "without SET_PROPERTY");
	is_int(mx_object_get_property(weak, MX_PROP_JOB_PROCESS_LIMIT, name, 0), MX_ERR_ACCESS_DENIED, "rights before sizes");
	mx_handle_close(weak);
	is_int(mx_object_get_property(mx_process_self(), MX_PROP_NAME, name, 32), MX_OK, "a process has one");
	ok(strstr(name, "jobs") != NULL, "the program's: %s", name);
	is_int(mx_object_get_property(mx_process_self(), MX_PROP_JOB_PROCESS_LIMIT, name, 32), MX_ERR_WRONG_TYPE, "but no limit");
	mx_handle_close(j);
}

static void
machine(void)
{
	mx_handle_t j = job_new(mx_job_default()), e = 0;
	mx_info_kmem_stats_t k;
	mx_info_cpu_stats_t c[64];
	size_t actual, avail;

	is_int(mx_object_get_info(j, MX_INFO_CPU_STATS, c, sizeof(c), &actual, &avail), MX_OK, "CPU_STATS");
	ok(actual >= 1 && actual == avail && c[0].context_switches > 0 && c[0].ints > 0, "what a CPU did");
	ok(c[0].cpu_number == 0 && (c[0].flags & 1) != 0 && c[0].idle_time > 0 && c[0].syscalls == 0, "who it is; calls are not counted");
	uint64_t timers = c[0].timers;
	for (int i = 0; i < 3; i++)
		mx_nanosleep(mx_deadline_after(MX_MSEC(1)));
	mx_object_get_info(j, MX_INFO_CPU_STATS, c, sizeof(c), NULL, NULL);
	ok(c[0].timers >= timers + 3, "three sleeps are three timers");
	is_int(mx_object_get_info(j, MX_INFO_KMEM_STATS, &k, sizeof(k), NULL, NULL), MX_OK, "KMEM_STATS");
	ok(k.free_bytes + k.wired_bytes + k.total_heap_bytes + k.vmo_bytes + k.mmu_overhead_bytes + k.other_bytes == k.total_bytes &&
	    k.vmo_bytes > 0, "where the memory is");
	is_int(mx_object_get_info(mx_job_default(), MX_INFO_KMEM_STATS, &k, sizeof(k), NULL, NULL), MX_ERR_ACCESS_DENIED,
	    "needs INSPECT");
	mx_event_create(0, &e);
	is_int(mx_object_get_info(e, MX_INFO_KMEM_STATS, &k, sizeof(k), NULL, NULL), MX_ERR_WRONG_TYPE, "and a job");
	mx_handle_close(e), mx_handle_close(j);
}

/* Slack of the job's policy counts for timers that ask for none: they meet one that is due close by. */
static void
slack(void)
{
	mx_policy_timer_slack_t s = { MX_MSEC(40), MX_TIMER_SLACK_LATE, 0 };
	mx_handle_t j = job_new(mx_job_default());
	pid_t pid;

	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_TIMER_SLACK, &s, 1), MX_OK, "a slack of 40 ms");
	pid = mx_job_fork(j);
	if (pid == 0) {
		mx_time_t now = mx_clock_get_monotonic();
		mx_handle_t a, b;

		mx_timer_create(MX_TIMER_SLACK_LATE, MX_CLOCK_MONOTONIC, &a);
		mx_timer_create(MX_TIMER_SLACK_LATE, MX_CLOCK_MONOTONIC, &b);
		mx_timer_set(a, now + MX_MSEC(60), 0);
		mx_timer_set(b, now + MX_MSEC(30), 0);
		mx_object_wait_one(b, MX_TIMER_SIGNALED, MX_TIME_INFINITE, NULL);
		_exit(mx_clock_get_monotonic() - now >= MX_MSEC(59) ? 0 : 1);
	}
	is_int(child_status(pid), 0, "timers coalesce by it");
	mx_handle_close(j);
}

static void
sizes(void)
{
	mx_handle_t j = job_new(mx_job_default());
	mx_info_job_t info;
	size_t actual;

	memset(&info, 0x55, sizeof(info));
	is_int(mx_object_get_info(j, MX_INFO_JOB, &info, 16, &actual, NULL), MX_OK, "a record as it was published first");
	ok(actual == 1 && info.exited == 0 && info.processes == 0x55555555, "gets that much");
	is_int(mx_object_get_info(j, MX_INFO_JOB, &info, 20, NULL, NULL), MX_OK, "something between");
	ok(info.processes == 0x55555555, "gets the smaller one");
	is_int(mx_object_get_info(j, MX_INFO_JOB, &info, 15, NULL, NULL), MX_ERR_BUFFER_TOO_SMALL, "less is too small");
	is_int(mx_object_get_info(j, MX_INFO_JOB, &info, sizeof(info), NULL, NULL), MX_OK, "the whole record");
	is_int(info.processes, 0, "with what came later");
	mx_handle_close(j);
}

int
main(void)
{
	creation();
	default_job();
	lists();
	processes();
	lifetimes();
	limits();
	names();
	sizes();
	machine();
	slack();
	depth();
	return tap_done();
}
