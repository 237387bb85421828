/*
 * Job policy: how it is set, what each condition means on both faces and with each action, what is
 * inherited, and who hears of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <mqueue.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <abi/task.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/policy.h>
#include <mx/process.h>
#include <mx/spawn.h>
#include <mx/syscalls.h>
#include <zero/ipc.h>
#include "sysuser.h"
#include "tap.h"

#define BAD_PTR		((void *)0x10)
#define DIR		"/tmp/policy.d"
#define SETID		"/tmp/policy.id"

static mx_handle_t
job_new(mx_handle_t parent)
{
	mx_handle_t h = MX_HANDLE_INVALID;

	return mx_job_create(parent, 0, &h) == MX_OK ? h : MX_HANDLE_INVALID;
}

static mx_status_t
set(mx_handle_t job, uint32_t condition, uint32_t action)
{
	mx_policy_basic_t p = { condition, action };

	return mx_job_set_policy(job, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, &p, 1);
}

/* Runs fn in a child in the job; its wait status. */
static int
in_job(mx_handle_t job, int (*fn)(void))
{
	pid_t pid = mx_job_fork(job);

	if (pid == 0)
		_exit(fn());
	return pid == -1 ? -1 : child_status(pid);
}

/* The same in a new job with one action for one condition. */
static int
under(uint32_t condition, uint32_t action, int (*fn)(void))
{
	mx_handle_t job = job_new(mx_job_default());
	int status;

	if (set(job, condition, action) != MX_OK)
		ok(0, "set condition %u to %u", condition, action);
	status = in_job(job, fn);
	mx_handle_close(job);
	return status;
}

/* --- setting --- */

static void
setting(void)
{
	mx_handle_t j = job_new(mx_job_default()), weak, ev = 0, c;
	mx_policy_basic_t p[MX_JOB_POL_MAX + 1];
	mx_policy_timer_slack_t s = { 1000, MX_TIMER_SLACK_LATE, 0 };

	for (int i = 0; i <= (int)MX_JOB_POL_MAX; i++)
		p[i] = (mx_policy_basic_t){ MX_POL_NEW_EVENT, MX_POL_ACTION_DENY };
	is_int(mx_job_set_policy(0, 2, MX_JOB_POL_BASIC, p, 1), MX_ERR_INVALID_ARGS, "unknown options come first");
	is_int(mx_job_set_policy(0, 0, 99, p, 1), MX_ERR_INVALID_ARGS, "then an unknown topic");
	is_int(mx_job_set_policy(0, 0, MX_JOB_POL_BASIC, p, 1), MX_ERR_BAD_HANDLE, "no handle");
	mx_event_create(0, &ev);
	is_int(mx_job_set_policy(ev, 0, MX_JOB_POL_BASIC, p, 1), MX_ERR_WRONG_TYPE, "an event");
	mx_handle_duplicate(j, MX_RIGHT_WAIT, &weak);
	is_int(mx_job_set_policy(weak, 0, MX_JOB_POL_BASIC, p, 1), MX_ERR_ACCESS_DENIED, "without SET_POLICY");
	mx_handle_close(weak);
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_BASIC, p, 0), MX_ERR_INVALID_ARGS, "no entry");
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_BASIC, NULL, 1), MX_ERR_INVALID_ARGS, "NULL");
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_BASIC, BAD_PTR, 1), MX_ERR_INVALID_ARGS, "a bad pointer");
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_BASIC, p, MX_JOB_POL_MAX + 1), MX_ERR_OUT_OF_RANGE, "too many");
	p[1].condition = 77;
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_BASIC, p, 2), MX_ERR_INVALID_ARGS, "an unknown condition");
	p[1].condition = MX_POL_NEW_PORT, p[1].policy = 4;
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_BASIC, p, 2), MX_ERR_NOT_SUPPORTED, "an unknown action");
	is_int(set(j, MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW), MX_OK, "nothing of those was applied");
	is_int(set(j, MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW), MX_OK, "the same again is no conflict");
	is_int(set(j, MX_POL_NEW_EVENT, MX_POL_ACTION_AUDIT), MX_OK, "nor is a stricter action");
	is_int(set(j, MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW), MX_ERR_ALREADY_EXISTS, "a laxer one is");
	p[0] = (mx_policy_basic_t){ MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW };
	p[1] = (mx_policy_basic_t){ MX_POL_NEW_PORT, MX_POL_ACTION_DENY };
	is_int(mx_job_set_policy(j, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, p, 2), MX_ERR_ALREADY_EXISTS, "beside something new");
	is_int(set(j, MX_POL_NEW_PORT, MX_POL_ACTION_AUDIT), MX_OK, "which was not applied either");
	is_int(mx_job_set_policy(j, MX_JOB_POL_RELATIVE, MX_JOB_POL_BASIC, p, 2), MX_OK, "a relative set keeps what is there");
	c = job_new(j);
	is_int(set(c, MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW), MX_ERR_ALREADY_EXISTS, "a child has its parent's");
	is_int(set(j, MX_POL_NEW_FIFO, MX_POL_ACTION_DENY), MX_ERR_BAD_STATE, "not while it has a child");
	is_int(set(c, MX_POL_NEW_FIFO, MX_POL_ACTION_DENY), MX_OK, "the child may say more");
	mx_handle_close(c);
	is_int(set(j, MX_POL_NEW_FIFO, MX_POL_ACTION_DENY), MX_OK, "empty again");

	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_TIMER_SLACK, &s, 1), MX_OK, "timer slack");
	is_int(mx_job_set_policy(j, 1, MX_JOB_POL_TIMER_SLACK, &s, 1), MX_ERR_INVALID_ARGS, "is relative");
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_TIMER_SLACK, &s, 2), MX_ERR_INVALID_ARGS, "is one");
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_TIMER_SLACK, BAD_PTR, 1), MX_ERR_INVALID_ARGS, "is there");
	s.default_mode = 3;
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_TIMER_SLACK, &s, 1), MX_ERR_INVALID_ARGS, "has a mode");
	s = (mx_policy_timer_slack_t){ -1, 0, 0 };
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_TIMER_SLACK, &s, 1), MX_ERR_INVALID_ARGS, "is not negative");
	mx_handle_close(j), mx_handle_close(ev);
}

/* Every action over every other: only what is stricter counts. */
static void
tightening(void)
{
	static const struct { uint32_t action; int rank; } act[] = {
		{ MX_POL_ACTION_ALLOW, 0 }, { MX_POL_ACTION_ALLOW_EXCEPTION, 1 }, { MX_POL_ACTION_AUDIT, 1 },
		{ MX_POL_ACTION_DENY, 2 }, { MX_POL_ACTION_DENY_EXCEPTION, 2 }, { MX_POL_ACTION_KILL, 3 },
	};

	for (int i = 0; i < 6; i++)
		for (int k = 0; k < 6; k++) {
			mx_handle_t top = job_new(mx_job_default()), below;
			mx_status_t want = i == k || act[k].rank > act[i].rank ? MX_OK : MX_ERR_ALREADY_EXISTS;
			mx_policy_basic_t p = { MX_POL_NEW_TIMER, act[k].action };

			set(top, MX_POL_NEW_TIMER, act[i].action);
			below = job_new(top);
			ok(set(below, MX_POL_NEW_TIMER, act[k].action) == want, "action %u below %u", act[k].action,
			    act[i].action);
			is_int(mx_job_set_policy(below, MX_JOB_POL_RELATIVE, MX_JOB_POL_BASIC, &p, 1), MX_OK,
			    "a relative set never fails");
			p.policy = want == MX_OK ? act[k].action : act[i].action;
			ok(set(below, MX_POL_NEW_TIMER, p.policy) == MX_OK, "the stricter one holds");
			mx_handle_close(below), mx_handle_close(top);
		}
}

/* --- each condition: 0 done, 1 refused as it should be, 2 anything else --- */

static int
native(mx_status_t status)
{
	return status == MX_OK ? 0 : status == MX_ERR_ACCESS_DENIED ? 1 : 2;
}

static int
posix(long result, int err)
{
	return result != -1 ? 0 : errno == err ? 1 : 2;
}

static mx_handle_t a, b;

static int new_vmo(void) { return native((mx_status_t)__sys_mx_vmo_create(4096, 0, &a)); }
static int new_channel(void) { return native((mx_status_t)__sys_mx_channel_create(0, &a, &b)); }
static int new_event(void) { return native(mx_event_create(0, &a)); }
static int new_eventpair(void) { return native((mx_status_t)__sys_mx_eventpair_create(0, &a, &b)); }
static int new_port(void) { return native(mx_port_create(0, &a)); }
static int new_socket(void) { return native((mx_status_t)__sys_mx_socket_create(0, &a, &b)); }
static int new_fifo(void) { return native((mx_status_t)__sys_mx_fifo_create(4, 4, 0, &a, &b)); }
static int new_timer(void) { return native((mx_status_t)__sys_mx_timer_create(0, 0, &a)); }

static int
do_pipe(void)
{
	int p[2];

	return posix(pipe(p), EPERM);
}

static int
do_socket(void)
{
	return posix(socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
}

static int
do_socketpair(void)
{
	int p[2];

	return posix(socketpair(AF_UNIX, SOCK_STREAM, 0, p), EPERM);
}

static int
do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return posix(pid, EPERM);
}

static int
do_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return posix(pid, EPERM);
}

static int
do_spawn(void)
{
	char *argv[] = { "true", NULL };
	pid_t pid;
	int error = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);

	return error == 0 ? 0 : error == EPERM ? 1 : 2;
}

static int
do_process_create(void)
{
	return native((mx_status_t)__sys_mx_process_create(mx_job_default(), "p", 1, 0, &a, &b));
}

static int
do_mx_spawn(void)
{
	const char *argv[] = { "true", NULL };

	return native(mx_spawn(mx_job_default(), 0, "/bin/true", argv, NULL, NULL, 0, &a));
}

static int
do_zero_fork(void)
{
	long pid = __sys_fork(0);

	if (pid == 0)
		_exit(0);
	return posix(pid, EPERM);
}

static int
do_job_fork(void)
{
	pid_t pid = mx_job_fork(mx_job_default());

	if (pid == 0)
		_exit(0);
	return posix(pid, EPERM);
}

static int
open_absolute(void)
{
	return posix(open("/etc/passwd", O_RDONLY), EPERM);
}

static int
open_cwd(void)
{
	return posix(open("policy.d/file", O_RDONLY), EPERM);
}

static int
stat_path(void)
{
	struct stat st;

	return posix(stat("/etc", &st), EPERM);
}

static int
shm_key(void)
{
	int id = shmget(0x5a110c, 4096, IPC_CREAT | 0600);

	return posix(id == -1 ? -1 : shmctl(id, IPC_RMID, NULL), EPERM);
}

static int
sem_key(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	return posix(id == -1 ? -1 : semctl(id, 0, IPC_RMID), EPERM);
}

static int
msg_key(void)
{
	int id = msgget(0x5a110c, IPC_CREAT | 0600);

	return posix(id == -1 ? -1 : msgctl(id, IPC_RMID, NULL), EPERM);
}

static int
zero_sem(void)
{
	long id = sys_seminit(0);

	return posix(id == -1 ? -1 : sys_semop(id, IPC_RMID, 0), EPERM);
}

static int
zero_queue(void)
{
	long id = sys_mqinit(0600, 0, 64);

	return posix(id == -1 ? -1 : sys_mqop(id, IPC_RMID, 0), EPERM);
}

static int
exec_path(void)
{
	execl("/bin/true", "true", NULL);
	return posix(-1, EPERM);
}

static int
set_id(void)
{
	if (setresuid(1000, 1000, 1000) != 0)
		return 2;
	execl(SETID, "id", "-u", NULL);
	return posix(-1, EPERM);
}

static int
mmap_wx(void)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANON, -1, 0);

	return posix(m == MAP_FAILED ? -1 : 0, EACCES);
}

static int
mprotect_wx(void)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	return posix(mprotect(m, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), EACCES);
}

/* Memory that may be executed and written: a VMO made so, and both rights. */
static mx_handle_t
rwx_vmo(void)
{
	mx_handle_t v = MX_HANDLE_INVALID, x = MX_HANDLE_INVALID;

	__sys_mx_vmo_create(4096, 0, &v);
	__sys_mx_vmo_replace_as_executable(v, MX_HANDLE_INVALID, &x);
	return x;
}

static int
vmar_map_wx(void)
{
	mx_vaddr_t at;

	return native((mx_status_t)__sys_mx_vmar_map(mx_vmar_root_self(), MX_VM_PERM_READ | MX_VM_PERM_WRITE | MX_VM_PERM_EXECUTE,
	    0, rwx_vmo(), 0, 4096, &at));
}

static int
vmar_protect_wx(void)
{
	mx_vaddr_t at;

	if (__sys_mx_vmar_map(mx_vmar_root_self(), MX_VM_PERM_READ | MX_VM_PERM_WRITE, 0, rwx_vmo(), 0, 4096, &at) != MX_OK)
		return 2;
	return native((mx_status_t)__sys_mx_vmar_protect(mx_vmar_root_self(), MX_VM_PERM_READ | MX_VM_PERM_WRITE |
	    MX_VM_PERM_EXECUTE, at, 4096));
}

static int
mark_exec(void)
{
	mx_handle_t v, x;

	if (__sys_mx_vmo_create(4096, 0, &v) != MX_OK)
		return 2;
	return native((mx_status_t)__sys_mx_vmo_replace_as_executable(v, MX_HANDLE_INVALID, &x));
}

static const struct {
	const char *name;
	uint32_t condition;
	int (*fn)(void);
	int any;		/* NEW_ANY covers it */
} things[] = {
	{ "vmo_create", MX_POL_NEW_VMO, new_vmo, 1 }, { "channel_create", MX_POL_NEW_CHANNEL, new_channel, 1 },
	{ "event_create", MX_POL_NEW_EVENT, new_event, 1 }, { "eventpair_create", MX_POL_NEW_EVENTPAIR, new_eventpair, 1 },
	{ "port_create", MX_POL_NEW_PORT, new_port, 1 }, { "socket_create", MX_POL_NEW_SOCKET, new_socket, 1 },
	{ "fifo_create", MX_POL_NEW_FIFO, new_fifo, 1 }, { "timer_create", MX_POL_NEW_TIMER, new_timer, 1 },
	{ "pipe", MX_POL_NEW_SOCKET, do_pipe, 1 }, { "socket", MX_POL_NEW_SOCKET, do_socket, 1 },
	{ "socketpair", MX_POL_NEW_SOCKET, do_socketpair, 1 },
	{ "fork", MX_POL_NEW_PROCESS, do_fork, 1 }, { "vfork", MX_POL_NEW_PROCESS, do_vfork, 1 },
	{ "posix_spawn", MX_POL_NEW_PROCESS, do_spawn, 1 }, { "job_fork", MX_POL_NEW_PROCESS, do_job_fork, 1 },
	{ "process_create", MX_POL_NEW_PROCESS, do_process_create, 1 }, { "mx_spawn", MX_POL_NEW_PROCESS, do_mx_spawn, 1 },
	{ "sys_fork", MX_POL_NEW_PROCESS, do_zero_fork, 1 },
	{ "open of an absolute path", MX_POL_OPEN_PATH, open_absolute, 0 },
	{ "open from the working directory", MX_POL_OPEN_PATH, open_cwd, 0 },
	{ "stat", MX_POL_OPEN_PATH, stat_path, 0 }, { "exec by path", MX_POL_OPEN_PATH, exec_path, 0 },
	{ "shmget", MX_POL_OPEN_PATH, shm_key, 0 }, { "semget", MX_POL_OPEN_PATH, sem_key, 0 },
	{ "msgget", MX_POL_OPEN_PATH, msg_key, 0 }, { "seminit", MX_POL_OPEN_PATH, zero_sem, 0 },
	{ "mqinit", MX_POL_OPEN_PATH, zero_queue, 0 },
	{ "exec of a set-id program", MX_POL_SET_ID, set_id, 0 },
	{ "mmap of W+X", MX_POL_VMAR_WX, mmap_wx, 0 }, { "mprotect to W+X", MX_POL_VMAR_WX, mprotect_wx, 0 },
	{ "vmar_map of W+X", MX_POL_VMAR_WX, vmar_map_wx, 0 }, { "vmar_protect to W+X", MX_POL_VMAR_WX, vmar_protect_wx, 0 },
	{ "replace_as_executable", MX_POL_AMBIENT_MARK_VMO_EXEC, mark_exec, 0 },
};
#define NTHINGS	(sizeof(things) / sizeof(things[0]))

static int
killed_by_policy(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void
actions(void)
{
	for (size_t i = 0; i < NTHINGS; i++) {
		uint32_t c = things[i].condition;
		const char *name = things[i].name;

		is_int(under(c, MX_POL_ACTION_ALLOW, things[i].fn), 0, name);
		ok(under(c, MX_POL_ACTION_DENY, things[i].fn) == 1 << 8, "%s: denied", name);
		ok(under(c, MX_POL_ACTION_AUDIT, things[i].fn) == 0, "%s: audited is allowed", name);
		ok(under(c, MX_POL_ACTION_ALLOW_EXCEPTION, things[i].fn) == 0, "%s: allowed with an exception", name);
		ok(under(c, MX_POL_ACTION_DENY_EXCEPTION, things[i].fn) == 1 << 8, "%s: denied with an exception", name);
		ok(killed_by_policy(under(c, MX_POL_ACTION_KILL, things[i].fn)), "%s: killed", name);
		if (things[i].any)
			ok(under(MX_POL_NEW_ANY, MX_POL_ACTION_DENY, things[i].fn) == 1 << 8, "%s: NEW_ANY", name);
		else if (things[i].fn != mark_exec && things[i].fn != vmar_protect_wx)	/* they need a VMO */
			ok(under(MX_POL_NEW_ANY, MX_POL_ACTION_DENY, things[i].fn) == (c == MX_POL_VMAR_WX || things[i].fn == set_id ?
			    under(MX_POL_NEW_TIMER, MX_POL_ACTION_DENY, things[i].fn) : 0), "%s: NEW_ANY is another matter", name);
	}
	is_int(mmap_wx(), 1, "W+X is denied where nothing was said");
	is_int(mprotect_wx(), 1, "mprotect too");
}

/* --- the return code, and inheritance --- */

static void
code_of_death(void)
{
	mx_handle_t j = job_new(mx_job_default()), p;
	mx_info_process_t info = { 0 };
	mx_koid_t koid;
	int go[2];
	pid_t pid;
	char c;

	set(j, MX_POL_NEW_EVENT, MX_POL_ACTION_KILL);
	pipe(go);
	pid = mx_job_fork(j);
	if (pid == 0) {
		read(go[0], &c, 1);
		mx_event_create(0, &a);
		_exit(0);
	}
	mx_object_get_info(j, MX_INFO_JOB_PROCESSES, &koid, sizeof(koid), NULL, NULL);
	is_int(mx_object_get_child(j, koid, MX_RIGHT_SAME_RIGHTS, &p), MX_OK, "the process");
	write(go[1], "x", 1);
	is_int(mx_object_wait_one(p, MX_TASK_TERMINATED, mx_deadline_after(MX_SEC(20)), NULL), MX_OK, "it ends");
	if (mx_object_get_info(p, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL) == MX_OK)
		ok(info.return_code == MX_TASK_RETCODE_POLICY_KILL, "with the code of policy");
	ok(killed_by_policy(child_status(pid)), "and SIGSYS");
	mx_handle_close(p), mx_handle_close(j);
	close(go[0]), close(go[1]);
}

static int
grandchild(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(new_event());
	status = child_status(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}

/* Every way to a new process, and to a new job, keeps the policy. */
static int
child_job(void)
{
	mx_handle_t j = job_new(mx_job_default());
	mx_status_t status = set(j, MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW);
	int r;

	if (status != MX_ERR_ALREADY_EXISTS)
		return 8;
	r = in_job(j, new_event);
	return WIFEXITED(r) ? WEXITSTATUS(r) : 9;
}

static void
inheritance(void)
{
	ok(under(MX_POL_NEW_EVENT, MX_POL_ACTION_DENY, grandchild) == 1 << 8, "a forked child has the policy");
	ok(under(MX_POL_NEW_EVENT, MX_POL_ACTION_DENY, child_job) == 1 << 8, "a child job too, and cannot lose it");
	ok(under(MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW, grandchild) == 0, "else not");
	/* The last of one call counts, which makes exceptions from NEW_ANY. */
	{
		mx_policy_basic_t p[2] = { { MX_POL_NEW_ANY, MX_POL_ACTION_DENY }, { MX_POL_NEW_EVENT, MX_POL_ACTION_ALLOW } };
		mx_handle_t j = job_new(mx_job_default());

		is_int(mx_job_set_policy(j, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, p, 2), MX_OK, "NEW_ANY but one");
		is_int(in_job(j, new_event), 0, "the one is allowed");
		is_int(in_job(j, new_port), 1 << 8, "another is not");
		mx_handle_close(j);
	}
}

/* --- below a directory --- */

static int dirfd_, other, filefd;

static int
paths(void)
{
	struct stat st;
	int bad = 0, fd;

#define WANT(call, result) do { \
	long r_ = (call); int e_ = errno; \
	if ((result) == 0 ? r_ == -1 : r_ != -1 || e_ != (result)) { \
		tap_print("# %s: %ld, errno %d\n", #call, r_, e_); bad++; \
	} } while (0)
	WANT(openat(dirfd_, "file", O_RDONLY), 0);
	WANT(openat(dirfd_, "sub/deep/file", O_RDONLY), 0);
	WANT(openat(dirfd_, "sub/deep/../../file", O_RDONLY), 0);
	WANT(openat(dirfd_, "./sub/../file", O_RDONLY), 0);
	WANT(openat(dirfd_, "..", O_RDONLY), EPERM);
	WANT(openat(dirfd_, "../policy.d/file", O_RDONLY), EPERM);
	WANT(openat(dirfd_, "sub/../../policy.d/file", O_RDONLY), EPERM);
	WANT(openat(dirfd_, "/etc/passwd", O_RDONLY), EPERM);
	WANT(openat(dirfd_, "absolute", O_RDONLY), EPERM);
	WANT(openat(dirfd_, "outside", O_RDONLY), EPERM);
	WANT(openat(dirfd_, "inside", O_RDONLY), 0);
	WANT(openat(dirfd_, "absolute", O_RDONLY | O_NOFOLLOW), ELOOP);
	WANT(openat(dirfd_, "new", O_CREAT | O_RDWR, 0600), 0);
	WANT(openat(dirfd_, "../new2", O_CREAT | O_RDWR, 0600), EPERM);
	WANT(unlinkat(dirfd_, "new", 0), 0);
	WANT(unlinkat(AT_FDCWD, "policy.d/file", 0), EPERM);
	WANT(mkdirat(dirfd_, "m", 0700), 0);
	WANT(unlinkat(dirfd_, "m", AT_REMOVEDIR), 0);
	WANT(mkdirat(dirfd_, "../m", 0700), EPERM);
	WANT(fstatat(dirfd_, "file", &st, 0), 0);
	WANT(fstatat(dirfd_, "../", &st, 0), EPERM);
	WANT(renameat(dirfd_, "file", AT_FDCWD, "x"), EPERM);
	WANT(linkat(AT_FDCWD, "/etc/passwd", dirfd_, "x", 0), EPERM);
	WANT(readlinkat(dirfd_, "absolute", (char[64]){ 0 }, 64), 0);
	WANT(chdir("/"), EPERM);
	WANT(fchdir(dirfd_), 0);
	WANT(open("file", O_RDONLY), EPERM);
	WANT(truncate("/tmp/policy.d/file", 0), EPERM);
	WANT(open("/dev/fd/0", O_RDONLY), EPERM);
	WANT(openat(other, "self/cwd", O_RDONLY), EPERM);
	WANT(openat(other, "self/root", O_RDONLY), EPERM);
	WANT(openat(other, "self/exe", O_RDONLY), EPERM);
	WANT(openat(other, "self/root/etc/passwd", O_RDONLY), EPERM);
	WANT(openat(filefd, "x", O_RDONLY), ENOTDIR);
	/* Every other call that takes a name. */
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/tmp/policy.socket" };
	struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	struct statvfs vfs;
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	WANT(statvfs("/", &vfs), EPERM);
	WANT(chroot("/"), EPERM);
	WANT(mount("ramfs", "/mnt", "ramfs", 0), EPERM);
	WANT(umount("/mnt"), EPERM);
	WANT(faccessat(AT_FDCWD, "/", F_OK, 0), EPERM);
	WANT(fchmodat(AT_FDCWD, "/tmp/policy.d", 0755, 0), EPERM);
	WANT(fchownat(AT_FDCWD, "/tmp/policy.d", 0, 0, 0), EPERM);
	WANT(utimensat(AT_FDCWD, "/tmp/policy.d", now, 0), EPERM);
	WANT(symlinkat("x", AT_FDCWD, "/tmp/policy.d/l"), EPERM);
	WANT(symlinkat("/etc/passwd", dirfd_, "l"), 0);
	WANT(openat(dirfd_, "l", O_RDONLY), EPERM);
	WANT(unlinkat(dirfd_, "l", 0), 0);
	WANT(mknodat(AT_FDCWD, "/tmp/policy.d/p", S_IFIFO | 0600, 0), EPERM);
	WANT(linkat(dirfd_, "file", AT_FDCWD, "/tmp/policy.link", 0), EPERM);
	WANT(bind(s, (struct sockaddr *)&a, sizeof(a)), EPERM);
	WANT(connect(s, (struct sockaddr *)&a, sizeof(a)), EPERM);
	WANT(sendto(s, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), EPERM);
	WANT(shm_open("/policy.shm", O_CREAT | O_RDWR, 0600), EPERM);
	WANT(mq_open("/policy.mq", O_CREAT | O_RDWR, 0600, NULL), EPERM);
	WANT(mq_unlink("/policy.mq"), EPERM);
	WANT(sem_open("/policy.sem", O_CREAT, 0600, 0) == SEM_FAILED ? -1 : 0, EPERM);
	/* A descriptor of what is below is a base in turn, and no way back up. */
	fd = openat(dirfd_, "sub", O_RDONLY | O_DIRECTORY);
	WANT(openat(fd, "deep/file", O_RDONLY), 0);
	WANT(openat(fd, "../file", O_RDONLY), EPERM);
	return bad;
}

/* What somebody outside of the job has made is not reached by its id, whoever may use it. */
static int shm_id, sem_id, msg_id;

static int
ids(void)
{
	struct { long type; char text[8]; } m = { 1, "x" };
	struct sembuf up = { 0, 1, IPC_NOWAIT };
	struct shmid_ds shm;
	struct msqid_ds msg;
	int bad = 0;

	WANT(shmat(shm_id, NULL, 0) == (void *)-1 ? -1 : 0, EPERM);
	WANT(shmctl(shm_id, IPC_STAT, &shm), EPERM);
	WANT(semop(sem_id, &up, 1), EPERM);
	WANT(semctl(sem_id, 0, GETVAL), EPERM);
	WANT(msgsnd(msg_id, &m, 1, IPC_NOWAIT), EPERM);
	WANT(msgrcv(msg_id, &m, sizeof(m.text), 0, IPC_NOWAIT), EPERM);
	WANT(msgctl(msg_id, IPC_STAT, &msg), EPERM);
	WANT(sys_semup(sem_id), EPERM);
	WANT(sys_semdown(sem_id), EPERM);
	WANT(sys_semop(sem_id, IPC_STAT, 0), EPERM);
	WANT(sys_mqsend(msg_id, &m, 8), EPERM);
	WANT(sys_mqrecv(msg_id, &m, 8), EPERM);
	WANT(sys_mqop(msg_id, IPC_STAT, 0), EPERM);
	return bad;
}

static void
sysv(void)
{
	struct msqid_ds msg;

	shm_id = shmget(IPC_PRIVATE, 4096, 0666);
	sem_id = semget(IPC_PRIVATE, 1, 0666);
	msg_id = msgget(IPC_PRIVATE, 0666);
	ok(shm_id != -1 && sem_id != -1 && msg_id != -1, "a segment, semaphores and a queue that all may use");
	is_int(under(MX_POL_OPEN_PATH, MX_POL_ACTION_DENY, ids), 0, "are out of reach for who may name nothing");
	is_int(semctl(sem_id, 0, GETVAL), 0, "no operation came through");
	is_int(msgctl(msg_id, IPC_STAT, &msg), 0, "nor");
	is_int((long)msg.msg_qnum, 0, "a message");
	shmctl(shm_id, IPC_RMID, NULL), semctl(sem_id, 0, IPC_RMID), msgctl(msg_id, IPC_RMID, NULL);
}

static int
fexec(void)
{
	char *argv[] = { "true", NULL };

	fexecve(filefd, argv, argv + 1);
	return 9;
}

static void
below(void)
{
	is_int(system("mkdir -p " DIR "/sub/deep; cd " DIR "; echo x > file; echo y > sub/deep/file; "
	    "ln -sf /etc/passwd absolute; ln -sf ../../etc/passwd outside; ln -sf sub/../file inside"), 0, "a directory");
	dirfd_ = open(DIR, O_RDONLY | O_DIRECTORY);
	other = open("/proc", O_RDONLY | O_DIRECTORY);
	filefd = open("/bin/true", O_RDONLY);
	is_int(under(MX_POL_OPEN_PATH, MX_POL_ACTION_DENY, paths), 0, "paths below a directory, and only there");
	is_int(under(MX_POL_OPEN_PATH, MX_POL_ACTION_DENY, fexec), 0, "an open program can be executed");
	is_int(under(MX_POL_OPEN_PATH, MX_POL_ACTION_KILL, fexec), 0, "without asking");
	close(dirfd_), close(other), close(filefd);
	is_int(system("rm -r " DIR), 0, "rm");
}

/* --- bad handles --- */

static int
bad_handle(void)
{
	return mx_object_signal(0x40000 | 70000, 0, 0) == MX_ERR_BAD_HANDLE ? 0 : 2;
}

static int
bad_close(void)
{
	return mx_handle_close(0x40000 | 70000) == MX_ERR_BAD_HANDLE ? 0 : 2;
}

static int
bad_read(void)
{
	char c;

	return read(900, &c, 1) == -1 && errno == EBADF ? 0 : 2;
}

static int
wrong_object(void)
{
	return mx_port_queue(mx_process_self(), &(mx_port_packet_t){ .type = MX_PKT_TYPE_USER }) == MX_ERR_WRONG_TYPE ? 0 : 2;
}

static int
probing(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	return fcntl(900, F_GETFD) == -1 && errno == EBADF ? 0 : 2;
}

static void
handles(void)
{
	is_int(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_DENY, bad_handle), 0, "a bad handle stays BAD_HANDLE");
	is_int(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_AUDIT, bad_handle), 0, "audited");
	ok(killed_by_policy(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_KILL, bad_handle)), "or kills");
	ok(killed_by_policy(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_KILL, bad_close)), "at close too");
	is_int(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_DENY, bad_read), 0, "read of no descriptor");
	ok(killed_by_policy(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_KILL, bad_read)), "kills");
	is_int(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_KILL, probing), 0, "a loop of close asks, and is no offence");
	is_int(under(MX_POL_BAD_HANDLE, MX_POL_ACTION_KILL, wrong_object), 0, "a wrong object is no bad handle");
	ok(killed_by_policy(under(MX_POL_WRONG_OBJECT, MX_POL_ACTION_KILL, wrong_object)), "it is a wrong object");
	is_int(under(MX_POL_WRONG_OBJECT, MX_POL_ACTION_DENY, wrong_object), 0, "denied, it stays WRONG_TYPE");
}

/* --- set-id --- */

static int
set_id_ignored(void)
{
	int p[2], n;
	char text[32] = "";
	pid_t pid;

	if (setresuid(1000, 1000, 1000) != 0 || pipe(p) != 0)
		return 9;
	/* A job of one's own, with a policy that has nothing to do with it. */
	{
		mx_handle_t j = job_new(mx_job_default());

		if (set(j, MX_POL_NEW_FIFO, MX_POL_ACTION_DENY) != MX_OK)
			return 8;
		pid = mx_job_fork(j);
	}
	if (pid == 0) {
		dup2(p[1], 1);
		execl(SETID, "id", "-u", NULL);
		_exit(7);
	}
	close(p[1]);
	n = (int)read(p[0], text, sizeof(text) - 1);
	child_status(pid);
	return n > 0 && strcmp(text, "1000\n") == 0 ? 0 : 3;
}

static int
set_id_kept(void)
{
	int p[2], n;
	char text[32] = "";
	pid_t pid;

	if (setresuid(1000, 1000, 1000) != 0 || pipe(p) != 0)
		return 9;
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 1);
		execl(SETID, "id", "-u", NULL);
		_exit(7);
	}
	close(p[1]);
	n = (int)read(p[0], text, sizeof(text) - 1);
	child_status(pid);
	return n > 0 && strcmp(text, "0\n") == 0 ? 0 : 3;
}

/* The program has its owner's id, as by exec. */
static int
set_id_spawned(void)
{
	const char *argv[] = { "id", "-u", NULL };
	mx_spawn_desc_t d = { .fd = 1 };
	mx_handle_t p = MX_HANDLE_INVALID;
	char text[32] = "";
	int fds[2];
	ssize_t n;

	if (setresuid(1000, 1000, 1000) != 0 || pipe(fds) != 0)
		return 9;
	d.handle = mx_fd_handle(fds[1]);
	if (mx_spawn(mx_job_default(), 0, SETID, argv, (const char *[]){ NULL }, &d, 1, &p) != MX_OK)
		return 8;
	n = read(fds[0], text, sizeof(text) - 1);
	mx_object_wait_one(p, MX_TASK_TERMINATED, MX_TIME_INFINITE, NULL);
	while (wait(NULL) > 0)
		;
	return n > 0 && strcmp(text, "0\n") == 0 ? 0 : 3;
}

static void
setids(void)
{
	is_int(under(MX_POL_NEW_FIFO, MX_POL_ACTION_DENY, set_id_spawned), 0, "mx_spawn of a set-id program");
	is_int(under(MX_POL_NEW_FIFO, MX_POL_ACTION_DENY, set_id_kept), 0, "set-id works below root's policy");
	is_int(under(MX_POL_NEW_TIMER, MX_POL_ACTION_DENY, set_id_ignored), 0, "and is ignored below a user's");
}

/* --- ways out --- */

static pid_t outside;

/* Bits for whom a handle is had of: oneself, a child, a process outside of the job. */
/* Bits: a handle of itself, of its child, of who is outside; that handle, a signal, a priority and a limit refused. */
static int
reach(void)
{
	int bits = mx_pid_handle(getpid()) != MX_HANDLE_INVALID;
	struct rlimit limit;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	bits |= (mx_pid_handle(pid) != MX_HANDLE_INVALID) << 1;
	kill(pid, SIGKILL);
	child_status(pid);
	errno = 0;
	bits |= (mx_pid_handle(outside) != MX_HANDLE_INVALID) << 2;
	bits |= (errno == EPERM) << 3, errno = 0;
	bits |= (kill(outside, 0) == -1 && errno == EPERM) << 4, errno = 0;
	bits |= (setpriority(PRIO_PROCESS, (id_t)outside, 5) == -1 && errno == EPERM) << 5, errno = 0;
	bits |= (__sys_rlimit(outside, RLIMIT_CORE, NULL, &limit) == -1 && errno == EPERM) << 6, errno = 0;
	return bits;
}

static int
reach_as_user(void)
{
	return setresuid(1000, 1000, 1000) != 0 ? 99 : reach();
}

static void
ways_out(void)
{
	mx_handle_t j = job_new(mx_job_default()), c;

	outside = getpid();
	is_int(WEXITSTATUS(in_job(j, reach)), 7, "a job without a policy: handles of all whom kill would reach");
	set(j, MX_POL_NEW_FIFO, MX_POL_ACTION_DENY);
	is_int(WEXITSTATUS(in_job(j, reach)), 0x7b, "with one: of who is in it, and no way out");
	c = job_new(j);
	outside = (pid_t)__sys_job_fork(c);
	if (outside == 0)
		for (;;)
			pause();
	is_int(WEXITSTATUS(in_job(j, reach)), 7, "a job below is not outside");
	is_int(WEXITSTATUS(in_job(c, reach)), 7, "nor its own");
	kill(outside, SIGKILL);
	child_status(outside);
	outside = fork();
	if (outside == 0) {
		setresuid(1000, 1000, 1000);
		for (;;)
			pause();
	}
	mx_nanosleep(mx_deadline_after(MX_MSEC(20)));
	is_int(WEXITSTATUS(in_job(c, reach_as_user)), 0x7b, "a user does not reach his own outside");
	kill(outside, SIGKILL);
	child_status(outside);
	mx_handle_close(c), mx_handle_close(j);
}

/* --- who hears of it --- */

static int
twice(void)
{
	return new_event() | new_event() | new_port();
}

static int
many(void)
{
	for (int i = 0; i < 5000; i++)
		if (mx_event_create(0, &a) == MX_OK)
			mx_handle_close(a);
	return 0;
}

static void
audits(void)
{
	mx_handle_t j = job_new(mx_job_default()), c, port = 0, weak;
	struct abi_policy_audit to = { 0 };
	struct abi_policy_record r;
	mx_port_packet_t k;
	int n = 0;

	mx_port_create(0, &port);
	mx_handle_duplicate(port, MX_RIGHT_READ, &weak);
	to.port = weak, to.key = 77;
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_AUDIT_PORT, &to, 1), MX_ERR_ACCESS_DENIED, "a port that may not be written");
	to.port = j;
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_AUDIT_PORT, &to, 1), MX_ERR_WRONG_TYPE, "what is no port");
	to.port = 0;
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_AUDIT_PORT, &to, 1), MX_ERR_BAD_HANDLE, "no handle");
	to.port = port;
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_AUDIT_PORT, BAD_PTR, 1), MX_ERR_INVALID_ARGS, "a bad pointer");
	is_int(mx_job_set_policy(j, 1, MX_JOB_POL_AUDIT_PORT, &to, 1), MX_ERR_INVALID_ARGS, "options");
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_AUDIT_PORT, &to, 1), MX_OK, "a port to tell");
	is_int(mx_job_set_policy(j, 0, MX_JOB_POL_AUDIT_PORT, &to, 1), MX_ERR_ALREADY_EXISTS, "once");
	set(j, MX_POL_NEW_EVENT, MX_POL_ACTION_AUDIT);
	set(j, MX_POL_NEW_PORT, MX_POL_ACTION_KILL);
	set(j, MX_POL_NEW_FIFO, MX_POL_ACTION_DENY);
	c = job_new(j);
	is_int(mx_job_set_policy(c, 0, MX_JOB_POL_AUDIT_PORT, &to, 1), MX_ERR_ALREADY_EXISTS, "the port above stays");
	ok(killed_by_policy(in_job(c, twice)), "two audits and a death");
	for (int i = 0; i < 3; i++) {
		is_int(mx_port_wait(port, 0, &k), MX_OK, "a record");
		memcpy(&r, &k.user, sizeof(r));
		ok(k.key == 77 && k.type == MX_PKT_TYPE_POLICY && strcmp(r.name, "policy") == 0 && r.lost == 0 && r.pid > 1 &&
		    r.condition == (i < 2 ? MX_POL_NEW_EVENT : MX_POL_NEW_PORT) &&
		    r.action == (i < 2 ? MX_POL_ACTION_AUDIT : MX_POL_ACTION_KILL) && r.call == (i < 2 ? 530 : 540),
		    "which says who and what");
	}
	is_int(mx_port_wait(port, 0, &k), MX_ERR_TIMED_OUT, "no more");
	in_job(c, new_fifo);
	is_int(mx_port_wait(port, 0, &k), MX_ERR_TIMED_OUT, "a plain denial is not told");
	in_job(c, many);
	while (mx_port_wait(port, 0, &k) == MX_OK)
		n++;
	ok(n > 100 && n < 5000, "a flood is cut: %d of 5000", n);
	in_job(c, new_event);
	is_int(mx_port_wait(port, 0, &k), MX_OK, "the next");
	memcpy(&r, &k.user, sizeof(r));
	ok(r.lost + n == 5000, "says how many were lost");
	mx_handle_close(weak), mx_handle_close(port);
	is_int(in_job(c, new_event), 0, "nobody holds the port: nothing happens");
	mx_handle_close(c), mx_handle_close(j);
	/* A port that watches the job whose records it gets is no circle. */
	j = job_new(mx_job_default());
	mx_port_create(0, &port);
	to.port = port;
	mx_job_set_policy(j, 0, MX_JOB_POL_AUDIT_PORT, &to, 1);
	is_int(mx_object_wait_async(j, port, 1, MX_JOB_TERMINATED, MX_WAIT_ASYNC_ONCE), MX_OK, "the port waits for the job");
	mx_handle_close(port), mx_handle_close(j);
}

int
main(void)
{
	is_int(system("cp $(command -v id) " SETID " && chmod 4755 " SETID), 0, "a set-id program");
	chdir("/tmp");
	is_int(system("mkdir -p " DIR " && echo x > " DIR "/file"), 0, "a file");
	setting();
	tightening();
	actions();
	code_of_death();
	inheritance();
	below();
	sysv();
	handles();
	setids();
	ways_out();
	audits();
	is_int(unlink(SETID), 0, "unlink");
	return tap_done();
}
