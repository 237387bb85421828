/*
 * Descriptors, pipes, processes, memory, waits, ports and terminals with their first, second, third
 * ... allocation, slot or user copy failing (debug kernels): an errno, nothing half done, nothing
 * lost.  failfs does the same for file calls.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <abi/channel.h>
#include <abi/event.h>
#include <abi/mx.h>
#include <abi/policy.h>
#include <abi/rights.h>
#include <abi/thread.h>
#include <abi/sig.h>
#include <abi/task.h>
#include <zero/syscall.h>
#include <abi/vmo.h>
#include "sysuser.h"
#include "failing.h"
#include "tap.h"

#define SETID	"/tmp/failnth.setid"	/* /bin/true of another user */
#define ROUNDS	400		/* more failures than any operation has chances */

typedef uint32_t handle;

static char buf[8192];
static int folder;

/*
 * Some operations strike in a child: the counts belong to the thread that sets them.
 */
static const char *strike_class;
static int strike_at;
#define STRUCK	200	/* exit status: something failed and it went well all the same */

/*
 * A page that is missing for a touch ends the process with the most memory and is asked for again.
 * This is that process; there is always one.  It shares no memory with this program, so that what
 * is counted here does not depend on its age.
 */
static pid_t victim = -1;
static const char *self;

static int
victim_main(const char *ready)
{
	char *m = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	for (int i = 0; i < 4 << 20; i += 4096)
		m[i] = 1;
	close(atoi(ready));
	for (;;)
		pause();
}

static void
victim_stands(void)
{
	int ready[2];
	char c;

	if (victim != -1 && waitpid(victim, NULL, WNOHANG) == 0)
		return;
	pipe(ready);
	victim = fork();
	if (victim == 0) {
		char fd[12];

		snprintf(fd, sizeof(fd), "%d", ready[1]);
		close(ready[0]);
		execl(self, self, fd, NULL);
		_exit(99);
	}
	close(ready[1]);
	read(ready[0], &c, 1);			/* its end: it stands */
	close(ready[0]);
}

/* --- operations: 0 or -1 with errno; they close what they open --- */

static int
and_close(int fd)
{
	return fd == -1 ? -1 : close(fd);
}

/* The result of a native call as errno tells it. */
static int
native(long status)
{
	switch ((int)status) {
	case MX_OK:
		return 0;
	case MX_ERR_NO_MEMORY:
		errno = ENOMEM;
		return -1;
	case MX_ERR_NO_RESOURCES:
		errno = EMFILE;
		return -1;
	case MX_ERR_INVALID_ARGS:
		errno = EFAULT;
		return -1;
	default:
		errno = EPROTO;
		return -1;
	}
}

static int
op_dup(void)
{
	return and_close(dup(0));
}

static int
op_open(void)
{
	return and_close(open("/dev/null", O_RDWR));
}

static int
op_pipe(void)
{
	int p[2] = { -7, -7 };

	if (pipe(p) != 0) {
		if (p[0] != -7 || p[1] != -7)
			errno = EPROTO;		/* a refused pipe has told a number */
		return -1;
	}
	close(p[0]), close(p[1]);
	return 0;
}

static int
op_pipe_data(void)
{
	int p[2];

	return pipe(p) != 0 ? -1 : through(p, buf, sizeof(buf));
}

static int
op_writev(void)
{
	struct iovec iov[3] = { { buf, 10 }, { buf + 10, 20 }, { buf + 30, 30 } };
	int fd = open("/dev/null", O_WRONLY);

	if (fd == -1)
		return -1;
	return closed(fd, (int)writev(fd, iov, 3));
}

/* A child that could be made is waited for, whatever else fails. */
static int
reap(pid_t pid)
{
	int status = -1;
	pid_t got;

	if (pid == -1)
		return -1;
	got = waitpid(pid, &status, 0);
	if (got == -1) {
		int saved = errno;

		waitpid(pid, &status, 0);
		errno = saved;
		return -1;
	}
	if (!WIFEXITED(status)) {
		errno = EPROTO;
		return -1;
	}
	errno = WEXITSTATUS(status);
	return errno == 0 ? 0 : -1;
}

static int
do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

/* Runs fn in a child that the failure strikes. */
static int
struck(int (*fn)(void))
{
	pid_t pid;
	int status;

	set(strike_class, 0);
	pid = fork();
	if (pid == 0) {
		int r, err;

		set(strike_class, strike_at);
		r = fn();
		err = errno;
		_exit(r != 0 ? err : fired() ? STRUCK : 0);
	}
	status = child_status(pid);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) :
	    WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGKILL ? ENOMEM : EPROTO;
	return errno == 0 ? 0 : -1;
}

/* A number that the table had no room for: a child's table, so that it is so each time. */
static int
do_dup2_far(void)
{
	return and_close(dup2(0, 900));
}

static int
op_dup2_far(void)
{
	return struck(do_dup2_far);
}

static int
op_fork(void)
{
	return struck(do_fork);
}

/* With memory and a full table to copy. */
static int
do_fork_large(void)
{
	char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	int fd = -1, r, saved;

	if (m == MAP_FAILED)
		return -1;
	for (int i = 0; i < 1 << 20; i += 65536)
		m[i] = 1;
	fd = fcntl(0, F_DUPFD, 600);
	r = fd == -1 ? -1 : do_fork();
	saved = errno;
	if (fd != -1)
		close(fd);
	munmap(m, 1 << 20);
	errno = saved;
	return r;
}

static int
op_fork_large(void)
{
	return struck(do_fork_large);
}

static int
exec_of(const char *path, int setid)
{
	int told[2], word = 0;
	pid_t pid;
	ssize_t n;

	set(strike_class, 0);
	if (pipe2(told, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(told[0]);
		if (setid)
			close(0), close(2);		/* they will have to be opened */
		set(strike_class, strike_at);
		if (!setid || setresuid(1000, 1000, 1000) == 0)
			execl(path, "true", "one", "two", NULL);
		word = errno;
		word = fired() ? word : EPROTO;
		write(told[1], &word, sizeof(word));
		_exit(0);
	}
	close(told[1]);
	n = read(told[0], &word, sizeof(word));
	close(told[0]);
	if (reap(pid) != 0 && n == 0) {
		/* The failure came after the point of no return: the program is ended. */
		errno = ENOMEM;
		return -1;
	}
	if (n == 0)
		return 0;
	errno = word;
	return -1;
}

static int
op_exec(void)
{
	return exec_of("/bin/true", 0);
}

static int
op_exec_setid(void)
{
	return exec_of(SETID, 1);
}

static int
op_mmap(void)
{
	char *m = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	int r;

	if (m == MAP_FAILED)
		return -1;
	r = mprotect(m + 4096, 4096, PROT_READ) | munmap(m + 16384, 4096);
	if (munmap(m, 65536) != 0) {
		/* A hole may need memory; what is left is taken away without the failure. */
		int saved = errno;

		munmap(m, 65536);
		errno = saved;
		return -1;
	}
	return r;
}

static int
do_touch(void)
{
	char *m = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	if (m == MAP_FAILED)
		return -1;
	for (int i = 0; i < 16; i++)
		m[i * 4096] = 1;
	return 0;
}

static int
op_touch(void)
{
	return struck(do_touch);
}

static int
op_brk(void)
{
	void *at = sbrk(65536);

	if (at == (void *)-1)
		return -1;
	sbrk(-65536);
	return 0;
}

static int
op_map_file(void)
{
	int fd = open("/bin/true", O_RDONLY), saved;
	char *m;

	if (fd == -1)
		return -1;
	m = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	saved = errno;
	close(fd);
	errno = saved;
	return m == MAP_FAILED ? -1 : munmap(m, 4096);
}

static int
op_poll(void)
{
	struct pollfd p[40];

	for (int i = 0; i < 40; i++)
		p[i] = (struct pollfd){ 50, POLLIN, 0 };
	return poll(p, 40, 1) < 0 ? -1 : 0;
}

static int
op_select(void)
{
	struct timeval t = { 0, 1000 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(50, &r);
	return select(51, &r, NULL, NULL, &t) < 0 ? -1 : 0;
}

static int
op_sleep(void)
{
	struct timespec t = { 0, 1000000 };

	return nanosleep(&t, NULL);
}

static int
op_event(void)
{
	handle h = 0;

	return native(__sys_mx_event_create(0, &h)) != 0 ? -1 : native(__sys_mx_handle_close(h));
}

static int
op_job(void)
{
	struct abi_policy_basic p = { MX_POL_NEW_FIFO, MX_POL_ACTION_DENY };
	long status;
	handle h = 0;

	if (native(__sys_mx_job_create(MX_HANDLE_JOB_DEFAULT, 0, &h)) != 0)
		return -1;
	status = __sys_mx_job_set_policy(h, 0, MX_JOB_POL_BASIC, &p, 1);
	__sys_mx_handle_close(h);
	return native(status);
}

static int
do_job_fork(void)
{
	handle h = 0;
	int r, saved;

	if (native(__sys_mx_job_create(MX_HANDLE_JOB_DEFAULT, 0, &h)) != 0)
		return -1;
	r = (int)__sys_job_fork(h);
	if (r == 0)
		_exit(0);
	r = reap(r);
	saved = errno;
	__sys_mx_handle_close(h);
	errno = saved;
	return r;
}

static int
op_job_fork(void)
{
	return struck(do_job_fork);
}

static int
op_thread(void)
{
	handle h = 0;

	return native(__sys_mx_thread_create(1u << 18, "n", 1, 0, &h)) != 0 ? -1 : native(__sys_mx_handle_close(h));
}

static void
thread_ends(void)
{
	__sys_throp(THR_EXIT, 0, NULL);
}

static int
op_throp(void)
{
	static char stack[8192] __attribute__((aligned(16)));
	static int32_t tid;
	struct abi_thrarg a = { .entry = (uintptr_t)thread_ends, .stack = (uintptr_t)stack,
		.stack_size = sizeof(stack), .tid = (uintptr_t)&tid };
	struct abi_thrjoin j;
	long id = __sys_throp(THR_NEW, THR_CLASS_USER, &a);
	int failed;

	if (id < 0)
		return -1;
	failed = __sys_throp(THR_JOIN, id, &j) != 0;
	if (failed && errno == EFAULT) {	/* the result could not be told: the thread is still there */
		__sys_throp(THR_JOIN, id, NULL);
		errno = EFAULT;
	}
	return failed ? -1 : 0;
}

static int
op_port(void)
{
	struct abi_port_packet k = { .key = 1 };
	long status;
	handle h = 0;

	if (native(__sys_mx_port_create(0, &h)) != 0)
		return -1;
	status = __sys_mx_port_queue(h, &k);
	if (status == MX_OK)
		status = __sys_mx_port_wait(h, 0, &k);
	__sys_mx_handle_close(h);
	return native(status);
}

/* Pairs: what was made is closed; of a refused one nothing is there. */
static int
close_pair(long status, const handle h[2])
{
	if (native(status) != 0)
		return -1;
	__sys_mx_handle_close(h[0]);
	return native(__sys_mx_handle_close(h[1]));
}

static int
op_eventpair(void)
{
	handle h[2] = { 0, 0 };

	return close_pair(__sys_mx_eventpair_create(0, &h[0], &h[1]), h);
}

static int
op_fifo(void)
{
	handle h[2] = { 0, 0 };

	return close_pair(__sys_mx_fifo_create(16, 8, 0, &h[0], &h[1]), h);
}

/* With bytes through it, and a datagram left in it. */
static int
op_socket(void)
{
	char bytes[5000] = { 0 };
	handle h[2] = { 0, 0 };
	size_t n = 0;
	long status;

	for (unsigned options = 0; options < 2; options++) {
		status = __sys_mx_socket_create(options, &h[0], &h[1]);
		if (native(status) != 0)
			return -1;
		status = __sys_mx_socket_write(h[0], 0, bytes, sizeof(bytes), &n);
		if (status == MX_OK)
			status = __sys_mx_socket_read(h[1], 8, bytes, 100, &n);
		__sys_mx_handle_close(h[0]), __sys_mx_handle_close(h[1]);
		if (native(status) != 0)
			return -1;
	}
	return 0;
}

static int
op_timer(void)
{
	handle h = 0;

	if (native(__sys_mx_timer_create(0, 0, &h)) != 0)
		return -1;
	__sys_mx_timer_set(h, INT64_MAX - 1, 5);
	return native(__sys_mx_handle_close(h));
}

static int
op_trace(void)
{
	handle h = 0;

	if (native(__sys_mx_trace_create(0, &h)) != 0)
		return -1;
	return native(__sys_mx_handle_close(h));
}

static int
op_handles(void)
{
	char buf[512];
	int fd = open("/proc/self/handles", O_RDONLY), n;

	if (fd < 0)
		return -1;
	n = (int)read(fd, buf, sizeof(buf));
	close(fd);
	return n > 0 ? 0 : -1;
}

static handle event, port;

static int
op_wait_async(void)
{
	long status = __sys_mx_object_wait_async(event, port, 1, SIG_SIGNALED, MX_WAIT_ASYNC_REPEATING);

	if (status == MX_OK)
		status = __sys_mx_port_cancel(port, event, 1);
	return native(status);
}

static int
op_duplicate(void)
{
	handle h = 0;

	if (native(__sys_mx_handle_duplicate(event, RIGHT_SAME, &h)) != 0)
		return -1;
	return native(__sys_mx_handle_close(h));
}

static int
op_replace(void)
{
	handle h = 0, r = 0;
	long status;

	/* The failure may strike here: then there is nothing to replace. */
	if (native(__sys_mx_event_create(0, &h)) != 0)
		return -1;
	status = __sys_mx_handle_replace(h, RIGHT_SAME, &r);
	if (status == MX_OK)
		__sys_mx_handle_close(r);
	else if (__sys_mx_handle_close(h) != MX_ERR_BAD_HANDLE)
		status = MX_ERR_INTERNAL;	/* a refused replace consumes the handle all the same */
	return native(status);
}

static int
op_wait_many(void)
{
	struct abi_wait_item items[40];
	long status;

	for (int i = 0; i < 40; i++)
		items[i] = (struct abi_wait_item){ event, SIG_SIGNALED, 0 };
	status = __sys_mx_object_wait_many(items, 40, 1);
	return native(status == MX_ERR_TIMED_OUT ? MX_OK : status);
}

/* A message with ten handles, in and out; one that cannot be read stays until its queue goes. */
static int
op_channel(void)
{
	handle a = 0, b = 0, h[10], got[10];
	uint32_t bytes, n = 0;
	long status;

	if (native(__sys_mx_channel_create(0, &a, &b)) != 0)
		return -1;
	for (n = 0; n < 10; n++)
		if ((status = __sys_mx_event_create(0, &h[n])) != MX_OK)
			break;
	if (n == 10)
		status = __sys_mx_channel_write(a, 0, buf, 3000, h, 10);
	else
		__sys_mx_handle_close_many(h, n);
	if (status == MX_OK)
		status = __sys_mx_channel_read(b, 0, buf, got, sizeof(buf), 10, &bytes, &n);
	if (status == MX_OK)
		for (n = 0; n < 10; n++)
			__sys_mx_handle_close(got[n]);
	__sys_mx_handle_close(a);
	__sys_mx_handle_close(b);
	return native(status);
}

/* A call whose answer is there before it is asked for does not exist: this one times out. */
static int
op_channel_call(void)
{
	struct abi_channel_iovec v[12];
	struct abi_channel_call args = { .wr_bytes = (uintptr_t)v, .wr_num_bytes = 12 };
	handle a = 0, b = 0, e = 0;
	long status;

	for (int i = 0; i < 12; i++)
		v[i] = (struct abi_channel_iovec){ (uintptr_t)buf, 10, 0 };
	if (native(__sys_mx_channel_create(0, &a, &b)) != 0)
		return -1;
	status = __sys_mx_event_create(0, &e);
	args.wr_handles = (uintptr_t)&e;
	args.wr_num_handles = 1;
	if (status == MX_OK)
		status = __sys_mx_channel_call(a, MX_CHANNEL_WRITE_USE_IOVEC, 0, &args, NULL, NULL);
	if (status == MX_ERR_INVALID_ARGS && e != 0)
		__sys_mx_handle_close(e);	/* the arguments could not be read: nothing was consumed */
	__sys_mx_handle_close(a);
	__sys_mx_handle_close(b);
	return native(status == MX_ERR_TIMED_OUT ? MX_OK : status);
}

static int
op_vmo(void)
{
	handle h = 0, c = 0;
	long status;
	char b = 1;

	if (native(__sys_mx_vmo_create(8 * 4096, MX_VMO_RESIZABLE, &h)) != 0)
		return -1;
	status = __sys_mx_vmo_write(h, &b, 5000, 1);
	if (status == MX_OK)
		status = __sys_mx_vmo_op_range(h, MX_VMO_OP_COMMIT, 0, 8 * 4096, NULL, 0);
	if (status == MX_OK)
		status = __sys_mx_vmo_create_child(h, MX_VMO_CHILD_SNAPSHOT, 4096, 4 * 4096, &c);
	if (status == MX_OK)
		status = __sys_mx_vmo_write(c, &b, 0, 1);
	if (status == MX_OK)
		status = __sys_mx_vmo_set_size(h, 4096);
	if (c != 0)
		__sys_mx_handle_close(c);
	__sys_mx_handle_close(h);
	return native(status);
}

static handle memory;

static int
op_vmar(void)
{
	uint32_t can = MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_WRITE | MX_VM_CAN_MAP_SPECIFIC, rw = MX_VM_PERM_READ | MX_VM_PERM_WRITE;
	uintptr_t base = 0, at = 0;
	handle h = 0;
	long status;

	if (native(__sys_mx_vmar_allocate(MX_HANDLE_VMAR_ROOT_SELF, can, 0, 1 << 20, &h, &base)) != 0)
		return -1;
	status = __sys_mx_vmar_map(h, rw, 0, memory, 0, 4 * 4096, &at);
	if (status == MX_OK)
		status = __sys_mx_vmar_protect(h, MX_VM_PERM_READ, at + 4096, 4096);
	if (status == MX_OK)
		status = __sys_mx_vmar_unmap(h, at + 4096, 4096);
	if (status == MX_OK)
		status = __sys_mx_vmar_map(h, rw | MX_VM_SPECIFIC, 0, memory, 0, 4096, &at);
	if (status == MX_ERR_ALREADY_EXISTS)
		status = MX_OK;
	if (__sys_mx_vmar_destroy(h) != MX_OK)
		status = MX_ERR_INTERNAL;
	__sys_mx_handle_close(h);
	return native(status);
}

/* The child is waited for even if that fails at first. */
static int
reaped(pid_t pid, int r)
{
	int status = -1, saved = errno;

	while (waitpid(pid, &status, 0) < 0 && errno != ECHILD)
		r = r == 0 ? saved = errno, -1 : r;
	errno = saved;
	return r;
}

static int
op_spawn(void)
{
	struct abi_spawn_desc d = { .handle = 1, .fd = 9, .flags = MX_SPAWN_DUPLICATE };
	char *argv[] = { "true", NULL };
	struct abi_spawn args = { .path = (uintptr_t)"/bin/true", .argv = (uintptr_t)argv, .envp = (uintptr_t)environ,
		.descs = (uintptr_t)&d, .ndescs = 1 };
	pid_t pid = (pid_t)__sys_spawn(&args);

	return pid < 0 ? -1 : reaped(pid, 0);
}

static int
op_mx_spawn(void)
{
	char *argv[] = { "true", NULL };
	struct abi_spawn_desc d = { .fd = -1, .startup_info = 3 };
	struct abi_spawn args = { .path = (uintptr_t)"/bin/true", .argv = (uintptr_t)argv, .envp = (uintptr_t)environ,
		.descs = (uintptr_t)&d, .ndescs = 1 };
	handle h = 0;
	long status;

	if (native(__sys_mx_event_create(0, &d.handle)) != 0)
		return -1;
	status = __sys_mx_process_spawn(&args, &h);
	if (status == MX_OK) {
		__sys_mx_handle_close(h);
		return reaped(-1, 0);
	}
	__sys_mx_handle_close(d.handle);	/* not consumed when the list itself could not be read */
	return native(status);
}

static int
op_process(void)
{
	handle p = 0, v = 0, t = 0;
	long status = __sys_mx_process_create(MX_HANDLE_JOB_DEFAULT, "p", 1, 0, &p, &v);

	if (status != MX_OK)
		return native(status);
	status = __sys_mx_thread_create(p, "t", 1, 0, &t);
	if (status == MX_OK)
		__sys_mx_handle_close(t);
	__sys_mx_handle_close(v);
	__sys_mx_handle_close(p);
	return native(status);
}

static int
op_exception(void)
{
	handle p = 0, v = 0, ch = 0;
	long status = __sys_mx_process_create(MX_HANDLE_JOB_DEFAULT, "p", 1, 0, &p, &v);

	if (status != MX_OK)
		return native(status);
	status = __sys_mx_task_create_exception_channel(p, 0, &ch);
	if (status == MX_OK)
		__sys_mx_handle_close(ch);
	__sys_mx_handle_close(v);
	__sys_mx_handle_close(p);
	return native(status);
}

static int
op_memory(void)
{
	size_t n;
	long status = __sys_mx_process_read_memory(MX_HANDLE_PROCESS_SELF, (uintptr_t)buf, buf + 4096, 64, &n);

	return native(status == MX_OK ? __sys_mx_process_write_memory(MX_HANDLE_PROCESS_SELF, (uintptr_t)buf, buf + 4096, 64,
	    &n) : status);
}

static int
op_pty(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave = -1, saved, r;
	char name[64];

	if (master == -1)
		return -1;
	r = grantpt(master) | unlockpt(master) | ptsname_r(master, name, sizeof(name));
	if (r != 0 && errno == 0)
		errno = EFAULT;
	if (r == 0)
		slave = open(name, O_RDWR | O_NOCTTY);
	if (r == 0 && slave == -1)
		r = -1;
	if (r == 0 && (write(slave, "x\n", 2) < 0 || read(master, buf, 2) < 0))
		r = -1;
	saved = errno;
	close(master), close(slave);
	errno = saved;
	return r == 0 ? 0 : -1;
}

static int
op_sigqueue(void)
{
	union sigval v = { .sival_int = 3 };
	struct timespec none = { 0, 0 };
	sigset_t usr1;
	int r = sigqueue(getpid(), SIGUSR1, v), saved = errno;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	/* Twice: the first may be what fails. */
	if (r == 0 && sigtimedwait(&usr1, NULL, &none) == -1) {
		saved = errno == EAGAIN ? EPROTO : errno;
		r = -1;
		sigtimedwait(&usr1, NULL, &none);
	}
	errno = saved;
	return r;
}

static int
op_sigaction(void)
{
	struct sigaction old;

	return sigaction(SIGUSR2, NULL, &old);
}

static int
op_groups(void)
{
	gid_t g[20];

	for (int i = 0; i < 20; i++)
		g[i] = (gid_t)i;
	return setgroups(20, g) != 0 ? -1 : setgroups(0, NULL);
}

static int
op_times(void)
{
	struct timespec t;
	struct rusage u;

	return clock_gettime(CLOCK_REALTIME, &t) != 0 || getrusage(RUSAGE_SELF, &u) != 0 ? -1 : 0;
}

static int
op_procfs(void)
{
	return read_file("/proc/self/status", buf, sizeof(buf));
}

static int
op_socketpair(void)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0)
		return -1;
	close(p[0]), close(p[1]);
	return 0;
}

static int
op_socket_data(void)
{
	int p[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0 ? -1 : through(p, buf, sizeof(buf));
}

/* Two descriptors and a vector of many pieces through a socket. */
static int
op_socket_fds(void)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} c;
	struct iovec iov[20];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 20, .msg_control = &c, .msg_controllen = sizeof(c) };
	int p[2], fds[2] = { 0, 1 }, n, saved;

	for (int i = 0; i < 20; i++)
		iov[i] = (struct iovec){ buf + i, 1 };
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, p) != 0)
		return -1;
	c.h = (struct cmsghdr){ CMSG_LEN(sizeof(fds)), SOL_SOCKET, SCM_RIGHTS, 0 };
	memcpy(CMSG_DATA(&c.h), fds, sizeof(fds));
	n = (int)sendmsg(p[0], &m, 0);
	if (n > 0)
		n = (int)recvmsg(p[1], &m, 0);
	saved = errno;
	if (n > 0) {
		memcpy(fds, CMSG_DATA(&c.h), sizeof(fds));
		close(fds[0]), close(fds[1]);
	}
	close(p[0]), close(p[1]);
	errno = saved;
	return n < 0 ? -1 : 0;
}

static int
op_socket_name(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/tmp/failnth.s" };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = -1, s = -1, saved;

	if (l == -1)
		return -1;
	if (bind(l, (void *)&a, sizeof(a)) == 0 && listen(l, 1) == 0 &&
	    (c = socket(AF_UNIX, SOCK_STREAM, 0)) != -1 && connect(c, (void *)&a, sizeof(a)) == 0)
		s = accept(l, NULL, NULL);
	saved = errno;
	close(l), close(c), close(s);
	/* The failure may strike here; the name is taken away in any case. */
	if (unlink(a.sun_path) != 0)
		unlink(a.sun_path);
	errno = saved;
	return s == -1 ? -1 : 0;
}

/* A removal needs no memory, copies nothing: it cannot be what fails. */
static int
op_segment(void)
{
	int id = shmget(IPC_PRIVATE, 5 * 4096, 0600), r, saved;
	struct shmid_ds ds;
	void *at;

	if (id == -1)
		return -1;
	at = shmat(id, NULL, 0);
	r = at == (void *)-1 ? -1 : shmctl(id, IPC_STAT, &ds);
	if (r == 0)
		r = shmctl(id, IPC_SET, &ds);
	saved = errno;
	if (at != (void *)-1 && shmdt(at) != 0)
		saved = EPROTO, r = -1;
	if (shmctl(id, IPC_RMID, NULL) != 0)
		saved = EPROTO, r = -1;
	errno = saved;
	return r;
}

static int
op_queue(void)
{
	struct {
		long type;
		char text[2000];
	} m = { 1, "" };
	int id = msgget(IPC_PRIVATE, 0600), r, saved, sent;
	struct msqid_ds ds;

	if (id == -1)
		return -1;
	r = sent = msgsnd(id, &m, sizeof(m.text), IPC_NOWAIT);
	if (r == 0 && msgrcv(id, &m, sizeof(m.text), 0, IPC_NOWAIT) == -1)
		r = -1;
	if (r == 0)
		r = msgctl(id, IPC_STAT, &ds);
	saved = errno;
	/* What could not be handed out is still there. */
	if (r != 0 && sent == 0 && saved == EFAULT && msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum > 1)
		saved = EPROTO;
	if (msgctl(id, IPC_RMID, NULL) != 0)
		saved = EPROTO, r = -1;
	errno = saved;
	return r;
}

static int
op_semaphores(void)
{
	unsigned short all[20] = { 1 };
	struct sembuf many[20];
	struct semid_ds ds;
	int id = semget(IPC_PRIVATE, 20, 0600), r, saved;

	if (id == -1)
		return -1;
	for (int i = 0; i < 20; i++)
		many[i] = (struct sembuf){ (unsigned short)i, 1, SEM_UNDO };
	r = semop(id, many, 20);
	if (r != 0 && semctl(id, 0, GETVAL) != 0)
		saved = EPROTO;
	else if (r == 0 && (r = semctl(id, 0, GETALL, all)) == 0 && (r = semctl(id, 0, SETALL, all)) == 0)
		r = semctl(id, 0, IPC_STAT, &ds), saved = errno;
	else
		saved = errno;
	if (semctl(id, 0, IPC_RMID) != 0)
		saved = EPROTO, r = -1;
	errno = saved;
	return r;
}

static int
op_zero_semaphore(void)
{
	long id = sys_seminit(0);

	return id == -1 ? -1 : sys_semdown(id) != 0 || sys_semup(id) != 1 || sys_semop(id, IPC_RMID, 0) != 0;
}

static int
op_zero_queue(void)
{
	char text[2000] = "";
	struct msqid_ds ds;
	long id = sys_mqinit(0600, 0, 0), r;
	int saved;

	if (id == -1)
		return -1;
	r = sys_mqsend(id, text, sizeof(text));
	if (r >= 0)
		r = sys_mqrecv(id, text, sizeof(text));
	if (r >= 0)
		r = sys_mqop(id, IPC_STAT, &ds);
	saved = errno;
	sys_mqop(id, IPC_RMID, NULL);
	errno = saved;
	return (int)r;
}

static int
op_zero_process(void)
{
	struct abi_rlimit two[2];
	struct abi_rusage usage;
	struct sigarg a = { 0, 0, NULL };
	sigset_t set;

	sigemptyset(&set);
	if (sys_pctl(PROC_GETLIM, PROC_LIM(RLIMIT_NOFILE) | PROC_LIM(RLIMIT_CORE), two) != 0 ||
	    sys_pctl(PROC_SETLIM, PROC_LIM(RLIMIT_NOFILE) | PROC_LIM(RLIMIT_CORE), two) != 0 ||
	    sys_pctl(PROC_STAT, RUSAGE_SELF, &usage) != 0 || sys_sigop(SIGOP_SETFUNC, SIGUSR2, &a) == -1)
		return -1;
	return (int)sys_sigop(SIGOP_SEND, 0, &set);
}

static int
op_mq(void)
{
	struct mq_attr a = { 0, 3, 2000, 0 };
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	mqd_t q = mq_open("/failnth", O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &a);
	int r = 0, saved;

	/* The unlink may be what fails; it says whether there is such a name. */
	if (q == -1) {
		saved = errno;
		if (mq_unlink("/failnth") == 0)
			saved = EPROTO;
		errno = saved;
		return -1;
	}
	if (mq_notify(q, &none) != 0 || mq_send(q, buf, 2000, 1) != 0)
		r = -1;
	if (r == 0 && mq_receive(q, buf, 2000, NULL) == -1) {
		saved = errno;
		if (mq_receive(q, buf, 2000, NULL) != 2000)
			saved = EPROTO;		/* what could not be handed out is still there */
		errno = saved;
		r = -1;
	}
	if (r == 0)
		r = mq_getattr(q, &a);
	saved = errno;
	mq_close(q);
	if (mq_unlink("/failnth") != 0)
		mq_unlink("/failnth");
	errno = saved;
	return r;
}

static int
op_sem_open(void)
{
	sem_t *s = sem_open("/failnth", O_CREAT, 0600, 1);
	int saved = errno;

	if (s != SEM_FAILED)
		sem_close(s);
	sem_unlink("/failnth");
	sem_unlink("/failnth");
	errno = saved;
	return s == SEM_FAILED ? -1 : 0;
}

/* A registration, an event that is sent, a ring: each goes with the port. */
static int
op_events(void)
{
	struct abi_evreg r = { .source = folder, .mask = 1u << EV_FSCREAT };
	struct abi_event e = { .type = EV_PKT_TYPE(EV_MSG) };
	struct abi_evring_op ring = { .entries = 16 };
	handle h = 0;
	int fd, failed, saved;

	if (native(__sys_mx_port_create(0, &h)) != 0)
		return -1;
	fd = (int)(h - 1) & 0x3ffff;
	r.port = ring.port = fd;
	failed = __sys_evreg(0, 0, &r) < 0 || __sys_evsend(&e, 0, fd) < 0 || __sys_evop(EVOP_RING, 0, &ring) < 0;
	saved = errno;
	if (!failed)
		munmap((void *)(uintptr_t)ring.address, EVRING_SLOTS + 16 * sizeof(struct abi_event));
	__sys_mx_handle_close(h);
	errno = saved;
	return failed ? -1 : 0;
}

static const struct {
	const char *name;
	int (*fn)(void);
	int in_child;		/* it sets the failure itself */
} ops[] = {
	{ "dup", op_dup, 0 }, { "dup2 to a far number", op_dup2_far, 1 }, { "open of a device", op_open, 0 },
	{ "pipe", op_pipe, 0 }, { "bytes through a pipe", op_pipe_data, 0 }, { "writev", op_writev, 0 },
	{ "fork and wait", op_fork, 1 }, { "fork of much", op_fork_large, 1 }, { "exec", op_exec, 1 }, { "exec of a set-id program", op_exec_setid, 1 },
	{ "mmap and munmap", op_mmap, 0 }, { "touch", op_touch, 1 }, { "sbrk", op_brk, 0 },
	{ "mmap of a file", op_map_file, 0 }, { "poll of 40", op_poll, 0 }, { "select", op_select, 0 },
	{ "nanosleep", op_sleep, 0 }, { "thread_create", op_thread, 0 }, { "THR_NEW and THR_JOIN", op_throp, 0 },
	{ "event_create", op_event, 0 }, { "eventpair_create", op_eventpair, 0 },
	{ "a job with a policy", op_job, 0 }, { "job_fork", op_job_fork, 1 },
	{ "fifo_create", op_fifo, 0 }, { "sockets", op_socket, 0 }, { "timer", op_timer, 0 }, { "trace_create", op_trace, 0 },
	{ "/proc/self/handles", op_handles, 0 }, { "port and packet", op_port, 0 },
	{ "wait_async", op_wait_async, 0 }, { "handle_duplicate", op_duplicate, 0 },
	{ "handle_replace", op_replace, 0 }, { "wait_many of 40", op_wait_many, 0 }, { "a terminal pair", op_pty, 0 },
	{ "spawn", op_spawn, 0 }, { "mx_spawn", op_mx_spawn, 0 }, { "process_create, thread_create", op_process, 0 },
	{ "exception channel", op_exception, 0 }, { "read_memory, write_memory", op_memory, 0 },
	{ "a message with handles", op_channel, 0 }, { "a call", op_channel_call, 0 },
	{ "VMO and snapshot", op_vmo, 0 }, { "region and mapping", op_vmar, 0 },
	{ "sigqueue and sigtimedwait", op_sigqueue, 0 }, { "sigaction", op_sigaction, 0 },
	{ "setgroups", op_groups, 0 }, { "clocks and usage", op_times, 0 }, { "/proc/self/status", op_procfs, 0 },
	{ "socketpair", op_socketpair, 0 }, { "bytes through a socket", op_socket_data, 0 },
	{ "descriptors through a socket", op_socket_fds, 0 }, { "bind, connect, accept", op_socket_name, 0 },
	{ "System V segment", op_segment, 0 }, { "System V queue", op_queue, 0 }, { "System V semaphores", op_semaphores, 0 },
	{ "Zero's semaphore", op_zero_semaphore, 0 }, { "Zero's queue", op_zero_queue, 0 }, { "Zero's pctl, sigop", op_zero_process, 0 },
	{ "POSIX queue", op_mq, 0 }, { "sem_open", op_sem_open, 0 }, { "Zero's events", op_events, 0 },
};
static const char *const classes[] = { "page", "slab", "slot", "usercopy" };

static int
expected(int err)
{
	return err == ENOMEM || err == EAGAIN || err == EFAULT || err == EMFILE || err == ENFILE ||
	    err == ENOSPC || err == E2BIG;
}

static int
descriptors(void)
{
	int n = 0;

	for (int i = 0; i < 1024; i++)
		n += fcntl(i, F_GETFD) != -1;
	for (int i = 65536; i < 65536 + 64; i++)
		n += fcntl(i, F_GETFD) != -1;
	return n;
}

/* The counters of live objects, after every cache was emptied. */
static int
live(char *to, int size)
{
	int fd = open("/proc/kstat.live", O_RDONLY), n = 0, k;

	while (fd != -1 && n < size - 1 && (k = (int)read(fd, to + n, (size_t)(size - 1 - n))) > 0)
		n += k;
	close(fd);
	to[n] = '\0';
	return n;
}

static int
same(const char *a, const char *b)
{
	int good = 1;

	while (*a != '\0' && *b != '\0') {
		size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");

		/* Slabs keep pages, and a new victim's kernel stack may split a free range of addresses. */
		if ((la != lb || memcmp(a, b, la) != 0) && strncmp(a, "vm.pages.", 9) != 0 &&
		    strncmp(a, "zone.kmap_piece ", 16) != 0) {
			tap_print("# before %.*s\n# after  %.*s\n", (int)la, a, (int)lb, b);
			good = 0;
		}
		a += la + (a[la] != '\0');
		b += lb + (b[lb] != '\0');
	}
	return good && *a == *b;
}

/* One operation with every failure of one class; how many there were, or -1. */
static int
strike(size_t op, const char *class)
{
	int n, bad = 0, missed = 0;

	for (n = 1; !missed && n < ROUNDS; n++) {
		int r, err, hit;

		victim_stands();
		strike_class = class, strike_at = n;
		if (!ops[op].in_child)
			set(class, n);
		errno = 0;
		r = ops[op].fn();
		err = r == 0 ? 0 : errno;
		hit = ops[op].in_child ? r != 0 : fired();
		set(class, 0);
		missed = !hit;
		if (err != 0 && err != STRUCK && !(hit && expected(err))) {
			tap_print("# %s, %s %d: errno %d (%s)\n", ops[op].name, class, n, err, strerror(err));
			bad = 1;
		}
	}
	return bad || n == ROUNDS ? -1 : n - 2;
}

int
main(int argc, char **argv)
{
	static char before[32768], after[32768], first[32768];
	sigset_t usr1;
	int fds[2];

	self = argv[0];
	if (argc > 1)
		return victim_main(argv[1]);
	if (set("page", 0) != 0) {
		tap_print("1..0 # SKIP n-th failure is in debug kernels only\n");
		return 0;
	}
	is_int(system("cp /bin/true " SETID " && chown 2 " SETID " && chmod 4755 " SETID), 0, "a set-id program");
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	/* A table keeps the room it once had, and a child's is like its parent's. */
	close(fcntl(0, F_DUPFD, 600)), op_event(), op_groups(), op_socket(), op_vmo(), op_vmar(), op_thread(), op_throp();
	memset(before, 1, sizeof(before)), memset(after, 1, sizeof(after));
	for (size_t c = 0; c < sizeof(classes) / sizeof(classes[0]); c++)
		strike(0, classes[c]);
	kill(victim, SIGKILL), child_status(victim);
	ok(__sys_mx_event_create(0, &event) == MX_OK && __sys_mx_port_create(0, &port) == MX_OK, "an event and a port");
	ok(__sys_mx_vmo_create(4 * 4096, 0, &memory) == MX_OK, "a VMO");
	folder = open("/tmp", O_RDONLY | O_DIRECTORY);
	pipe(fds);
	dup2(fds[0], 50), close(fds[0]);	/* nothing ever comes there */
	/* Each once before the count: memory of this program that it touches for the first time is no loss. */
	strike_class = "page", strike_at = 0;
	for (size_t op = 0; op < sizeof(ops) / sizeof(ops[0]); op++)
		ops[op].fn();
	live(first, sizeof(first));
	live(first, sizeof(first));
	for (size_t op = 0; op < sizeof(ops) / sizeof(ops[0]); op++) {
		int open_before, open_after;

		strike_class = "page", strike_at = 0;
		is_int(ops[op].fn(), 0, ops[op].name);
		victim_stands();
		open_before = descriptors();
		live(before, sizeof(before));
		live(before, sizeof(before));
		for (size_t c = 0; c < sizeof(classes) / sizeof(classes[0]); c++) {
			int n = strike(op, classes[c]);

			ok(n >= 0, "%s: each %s failure (%d)", ops[op].name, classes[c], n);
		}
		victim_stands();
		open_after = descriptors();
		live(after, sizeof(after));
		is_int(open_after, open_before, "as many descriptors as before");
		ok(same(before, after), "%s: nothing lost", ops[op].name);
	}
	kill(victim, SIGKILL), child_status(victim);
	live(after, sizeof(after));
	ok(same(first, after), "nothing lost in all");
	close(50), close(fds[1]), close(folder);
	__sys_mx_handle_close(event), __sys_mx_handle_close(port), __sys_mx_handle_close(memory);
	is_int(unlink(SETID), 0, "unlink");
	return tap_done();
}
