/*
 * Random sequences of native and POSIX calls on a shared population of handles of all kinds, by several
 * processes with several threads each:
 *
 *	fuzzmx [SEED [ROUNDS [STEPS [FAIL]]]]	FAIL: one step of eight has an allocation, slot or copy fail
 *
 * Each round is a world of its own: a job with a process that makes a population, hands it to workers by
 * fork and lets them run.  Handles travel in messages and control data, are duplicated, replaced, moved,
 * closed while others wait on them; processes and threads are started, suspended and killed.  Then the
 * job is killed.  What must hold: the job ends, the machine still answers, and (debug kernel) no
 * assertion fails and every counter comes back.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <mx/fd.h>
#include <mx/spawn.h>
#include <mx/syscalls.h>
#include <abi/channel.h>
#include <abi/ipc.h>
#include "sysnum.h"
#include "rnd.h"
#include "tap.h"

#define WORKERS		3
#define THREADS		3
#define PAGE		4096u
#define MAPPED		(16 * PAGE)
#define FORKS		24		/* processes that a world may make beyond its workers */
#define HOME		"/tmp/fuzzmx"

struct call {
	unsigned nr;
	const char *name, *flags, *types;
};
static const struct call calls[] = {
#define CALL(nr, name, flags, types, args) { nr, #name, flags, types },
#include "calls.h"
};
#define NCALLS	(sizeof(calls) / sizeof(calls[0]))

#include "fuzzpool.h"

static char memory[MAPPED] __attribute__((aligned(4096)));
static volatile uintptr_t mapped[4];	/* where regions were mapped last */
static int steps = 250, failing;
static const char *self;
static struct shared {
	int forks;
	unsigned long done;		/* steps */
	int words[16];			/* futexes */
} *shared;
static long
call8(long nr, const uint64_t a[8])
{
	register uint64_t r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	register uint64_t r12 __asm__("r12") = a[6], r13 __asm__("r13") = a[7];
	long value = nr;

	__asm__ volatile("syscall" : "+a"(value), "+r"(r10), "+r"(r8), "+r"(r9)
	    : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r12), "r"(r13) : "rcx", "r11", "memory", "cc");
	return value;
}

/* --- the population --- */

/* Mostly somebody's handle; now and then a pseudo-handle, a descriptor or nonsense. */
static mx_handle_t
any(void)
{
	switch (rnd(32)) {
	case 0:
		return (1 + rnd(4)) << 18;
	case 1:
		return rnd(20);
	case 2:
		return pool[rnd(POOL)] + (1u << 18);
	default:
		return pool[rnd(POOL)];
	}
}

static void
keep_fd(int fd)
{
	mx_handle_t h;

	if (fd < 0)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	h = mx_fd_handle(fd);
	if (h != MX_HANDLE_INVALID)
		keep(h);
}

/* A descriptor number of anything. */
static int
any_fd(void)
{
	int fd = mx_handle_fd(any());

	return fd > 2 ? fd : 3 + (int)rnd(12);
}

static mx_time_t
soon(void)
{
	static const mx_duration_t wait[] = { 0, 0, 1000, 20000, 200000, 2000000 };

	return rnd(40) == 0 ? INT64_MIN : mx_deadline_after(wait[rnd(6)]);
}

static mx_signals_t
bits(void)
{
	static const mx_signals_t one[] = { 1, 2, 4, 8, 16, 1u << 12, 1u << 22, 1u << 23, 1u << 24, 1u << 31, ~0u, 0xff000000 };

	return one[rnd(12)] | one[rnd(12)];
}

static mx_rights_t
rights(void)
{
	return rnd(2) ? MX_RIGHT_SAME_RIGHTS : rnd(3) ? ~(1u << rnd(22)) & 0x3fffff : rnd(1u << 22);
}

/* Memory for a call: its own, of a mapping that may be gone, or bad. */
static void *
room(void)
{
	switch (rnd(16)) {
	case 0:
		return (void *)mapped[rnd(4)];
	case 1:
		return (void *)(mapped[rnd(4)] + rnd(4 * PAGE));
	case 2:
		return (void *)(uintptr_t)rnd(PAGE);
	default:
		return memory + rnd(MAPPED - 2 * PAGE);
	}
}

/* --- steps --- */

static void
make(void)
{
	mx_handle_t h[2];
	int fd[2];

	switch (rnd(14)) {
	case 0: case 1: case 2:
		keep2(mx_channel_create(rnd(2), &h[0], &h[1]), h);
		break;
	case 3:
		keep2(mx_eventpair_create(0, &h[0], &h[1]), h);
		break;
	case 4:
		keep2(mx_socket_create(rnd(2), &h[0], &h[1]), h);
		break;
	case 5:
		keep2(mx_fifo_create(1u << rnd(5), 8u << rnd(3), 0, &h[0], &h[1]), h);
		break;
	case 6:
		keep1(mx_event_create(0, &h[0]), h[0]);
		break;
	case 7: case 8:
		keep1(mx_port_create(0, &h[0]), h[0]);
		break;
	case 9:
		keep1(mx_timer_create(rnd(3), MX_CLOCK_MONOTONIC, &h[0]), h[0]);
		break;
	case 10:
		keep1(mx_vmo_create(rnd(5) * PAGE, rnd(2) * MX_VMO_RESIZABLE, &h[0]), h[0]);
		break;
	case 11:
		if (pipe(fd) == 0)
			keep_fd(fd[0]), keep_fd(fd[1]);
		break;
	case 12:
		if (socketpair(AF_UNIX, rnd(2) ? SOCK_STREAM : SOCK_DGRAM, 0, fd) == 0)
			keep_fd(fd[0]), keep_fd(fd[1]);
		break;
	default:
		keep_fd(open(rnd(4) ? HOME "/a" : "/dev/ptmx", O_RDWR | O_CREAT, 0600));
	}
}

static void
send_message(void)
{
	mx_handle_t h[4], to = of(MX_OBJ_TYPE_CHANNEL);
	mx_handle_disposition_t d[4];
	uint32_t n = rnd(4);

	for (unsigned i = 0; i < n; i++) {
		h[i] = any();
		d[i] = (mx_handle_disposition_t){ rnd(2), h[i], 0, rights(), 0 };
	}
	if (rnd(3) == 0)
		mx_channel_write_etc(to, 0, room(), rnd(300), d, n);
	else
		mx_channel_write(to, 0, room(), rnd(8) ? rnd(300) : rnd(70000), rnd(16) ? h : room(), n);
}

static void
receive_message(void)
{
	mx_handle_t h[4];
	mx_handle_info_t info[4];
	uint32_t bytes, n = 0;
	mx_handle_t from = of(MX_OBJ_TYPE_CHANNEL);

	if (rnd(3) == 0) {
		if (mx_channel_read_etc(from, rnd(2), room(), info, 512, 4, &bytes, &n) == MX_OK)
			for (unsigned i = 0; i < n && i < 4; i++)
				keep(info[i].handle);
	} else if (mx_channel_read(from, rnd(2), room(), h, rnd(8) ? 512 : 65536, rnd(8) ? 4 : 1, &bytes, &n) == MX_OK) {
		for (unsigned i = 0; i < n && i < 4; i++)
			keep(h[i]);
	}
}

/* Answers a call: the id is the message's first word. */
static void
answer(void)
{
	char text[512];
	mx_handle_t from = of(MX_OBJ_TYPE_CHANNEL), h[4];
	uint32_t bytes = 0, n = 0;

	if (mx_channel_read(from, 0, text, h, sizeof(text), 4, &bytes, &n) == MX_OK)
		mx_channel_write(from, 0, text, bytes, h, n);
}

static void
ask(void)
{
	mx_handle_t h[2] = { any(), any() }, back[4];
	uint32_t bytes, n = 0;
	mx_channel_call_args_t args = { .wr_bytes = memory, .wr_num_bytes = 4 + rnd(64), .wr_handles = h,
		.wr_num_handles = rnd(3), .rd_bytes = room(), .rd_num_bytes = 512, .rd_handles = back, .rd_num_handles = 4 };

	if (mx_channel_call(of(MX_OBJ_TYPE_CHANNEL), 0, soon(), &args, &bytes, &n) == MX_OK)
		for (unsigned i = 0; i < n && i < 4; i++)
			keep(back[i]);
}

static void
wait_some(void)
{
	mx_wait_item_t item[6];
	struct pollfd p[6];
	mx_signals_t seen;
	unsigned n = rnd(6);

	for (unsigned i = 0; i < 6; i++) {
		item[i] = (mx_wait_item_t){ any(), bits(), 0 };
		p[i] = (struct pollfd){ any_fd(), (short)rnd(64), 0 };
	}
	switch (rnd(3)) {
	case 0:
		mx_object_wait_one(any(), bits(), soon(), &seen);
		break;
	case 1:
		mx_object_wait_many(item, n, soon());
		break;
	default:
		poll(p, n, (int)rnd(3));
	}
}

static void
ports(void)
{
	mx_port_packet_t packet = { .key = rnd(4) };

	switch (rnd(5)) {
	case 0: case 1:
		mx_object_wait_async(any(), of(MX_OBJ_TYPE_PORT), rnd(4), bits(), rnd(8));
		break;
	case 2:
		mx_port_wait(of(MX_OBJ_TYPE_PORT), soon(), rnd(16) ? &packet : room());
		break;
	case 3:
		mx_port_cancel(of(MX_OBJ_TYPE_PORT), any(), rnd(4));
		break;
	default:
		mx_port_queue(of(MX_OBJ_TYPE_PORT), &packet);
	}
}

static void
tell(void)
{
	switch (rnd(4)) {
	case 0:
		mx_object_signal(any(), rnd(2) * 0xff000000, (1u << 24) << rnd(8));
		break;
	case 1:
		mx_object_signal_peer(rnd(2) ? any() : of(MX_OBJ_TYPE_EVENTPAIR), rnd(2) * 0xff000000, rnd(2) ? 8 : (1u << 24) << rnd(8));
		break;
	case 2:
		mx_timer_set(of(MX_OBJ_TYPE_TIMER), soon(), rnd(2) * 50000);
		break;
	default:
		mx_timer_cancel(of(MX_OBJ_TYPE_TIMER));
	}
}

static void
change(void)
{
	unsigned i = rnd(POOL), j = rnd(POOL);
	mx_handle_t h[2] = { pool[i], pool[j] }, out;
	int fd = any_fd();

	switch (rnd(9)) {
	case 0: case 1:
		keep1(mx_handle_duplicate(any(), rights(), &out), out);
		break;
	case 2:
		if (mx_handle_replace(h[0], rights(), &out) == MX_OK)
			pool[i] = out;
		break;
	case 3: case 4:
		mx_handle_close(h[0]);
		break;
	case 5:
		mx_handle_close_many(h, rnd(3));
		break;
	case 6:
		keep_fd(dup(fd));
		break;
	case 7:
		if (fd > 2)
			keep_fd(dup2(any_fd(), fd));
		break;
	default:
		keep_fd(fcntl(fd, rnd(2) ? F_DUPFD : F_DUPFD_CLOEXEC, 3 + rnd(30)));
	}
}

/* Control data: descriptors, handles among them. */
static void
pass(void)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(4 * sizeof(int))]; } control = { .room = "" };
	struct iovec iov = { memory, 1 + rnd(40) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	unsigned n = 1 + rnd(4);
	int fds[4];

	if (rnd(2)) {
		control.h.cmsg_level = SOL_SOCKET, control.h.cmsg_type = SCM_RIGHTS;
		control.h.cmsg_len = CMSG_LEN(n * sizeof(int));
		for (unsigned i = 0; i < n; i++)
			fds[i] = any_fd();
		memcpy(CMSG_DATA(&control.h), fds, n * sizeof(int));
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		sendmsg(any_fd(), &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		return;
	}
	if (recvmsg(any_fd(), &m, MSG_DONTWAIT) < 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		for (unsigned i = 0; i < n; i++)
			keep_fd(fds[i]);
	}
}

static void
bytes(void)
{
	size_t n;

	switch (rnd(8)) {
	case 0:
		mx_socket_write(of(MX_OBJ_TYPE_SOCKET), 0, room(), rnd(3000), &n);
		break;
	case 1:
		mx_socket_read(of(MX_OBJ_TYPE_SOCKET), rnd(4) ? 0 : MX_SOCKET_PEEK, room(), rnd(3000), &n);
		break;
	case 2:
		mx_socket_set_disposition(of(MX_OBJ_TYPE_SOCKET), rnd(3), rnd(3));
		break;
	case 3:
		mx_fifo_write(of(MX_OBJ_TYPE_FIFO), 8u << rnd(3), room(), 1 + rnd(4), &n);
		break;
	case 4:
		mx_fifo_read(of(MX_OBJ_TYPE_FIFO), 8u << rnd(3), room(), 1 + rnd(4), &n);
		break;
	case 5:
		write(any_fd(), room(), rnd(600));
		break;
	case 6:
		read(any_fd(), room(), rnd(600));
		break;
	default:
		lseek(any_fd(), rnd(2 * PAGE), SEEK_SET);
	}
}

static mx_handle_t
space(void)
{
	return rnd(3) ? mx_vmar_root_self() : of(MX_OBJ_TYPE_VMAR);
}

static void
pages(void)
{
	mx_handle_t h;
	mx_vaddr_t at = mapped[rnd(4)];

	switch (rnd(11)) {
	case 0:
		mx_vmo_read(of(MX_OBJ_TYPE_VMO), room(), rnd(4 * PAGE), rnd(2 * PAGE));
		break;
	case 1:
		mx_vmo_write(of(MX_OBJ_TYPE_VMO), room(), rnd(4 * PAGE), rnd(2 * PAGE));
		break;
	case 2:
		mx_vmo_set_size(of(MX_OBJ_TYPE_VMO), rnd(6) * PAGE);
		break;
	case 3:
		mx_vmo_op_range(of(MX_OBJ_TYPE_VMO), rnd(16), rnd(4) * PAGE, rnd(4) * PAGE, NULL, 0);
		break;
	case 4:
		keep1(mx_vmo_create_child(of(MX_OBJ_TYPE_VMO), rnd(8) ? MX_VMO_CHILD_SNAPSHOT : 1u << rnd(6), rnd(3) * PAGE, rnd(4) * PAGE, &h), h);
		break;
	case 5: case 6:
		if (mx_vmar_map(space(), rnd(4) ? MX_VM_PERM_READ | MX_VM_PERM_WRITE : rnd(256), 0, of(MX_OBJ_TYPE_VMO), rnd(2) * PAGE,
		    (1 + rnd(3)) * PAGE, &at) == MX_OK)
			mapped[rnd(4)] = at;
		break;
	case 7:
		if (mx_vmar_allocate(space(), MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_WRITE, 0, 8 * PAGE, &h, &at) == MX_OK)
			keep(h);
		break;
	case 8:
		if (at != 0)
			mx_vmar_unmap(space(), at, (1 + rnd(2)) * PAGE);
		break;
	case 9:
		if (at != 0)
			mx_vmar_protect(space(), rnd(8), at, PAGE);
		break;
	default:
		mx_vmar_destroy(pool[rnd(POOL)]);
	}
}

static int
may_fork(void)
{
	return __atomic_fetch_add(&shared->forks, 1, __ATOMIC_RELAXED) < FORKS;
}

static void step(void);

static void
task(void)
{
	static const char *const argv[] = { "/bin/true", NULL };
	mx_spawn_desc_t d[2] = { { any(), (int)rnd(12), 0, rnd(2) }, { any(), -1, 1 + rnd(3), rnd(2) } };
	mx_policy_basic_t policy = { rnd(14), rnd(3) };
	mx_handle_t h[2];
	pid_t pid;

	switch (rnd(16)) {
	case 0: case 1:
		if (!may_fork())
			break;
		pid = fork();
		if (pid > 0 && (h[0] = mx_pid_handle(pid)) != MX_HANDLE_INVALID)
			keep(h[0]);
		if (pid == 0) {
			for (int i = 0; i < 10; i++)
				step();
			if (rnd(2))
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
		break;
	case 2:
		if (may_fork())
			keep1(mx_spawn(rnd(2) ? 0 : any(), 0, argv[0], argv, NULL, d, rnd(3), &h[0]), h[0]);
		break;
	case 3:
		if (may_fork())
			keep2(mx_process_create(rnd(2) ? mx_job_default() : of(MX_OBJ_TYPE_JOB), "fuzz", 4, rnd(2), &h[0], &h[1]), h);
		break;
	case 4:
		keep1(mx_thread_create(rnd(2) ? mx_process_self() : of(MX_OBJ_TYPE_PROCESS), "fuzz", 4, 0, &h[0]), h[0]);
		break;
	case 5:
		mx_process_start(of(MX_OBJ_TYPE_PROCESS), of(MX_OBJ_TYPE_THREAD), (uintptr_t)memory, (uintptr_t)memory + PAGE, any(), 0);
		break;
	case 6:
		mx_thread_start(of(MX_OBJ_TYPE_THREAD), (uintptr_t)memory, (uintptr_t)memory + PAGE, 0, 0);
		break;
	case 7:
		keep1(mx_task_suspend(of(MX_OBJ_TYPE_THREAD), &h[0]), h[0]);
		break;
	case 8:
		keep1(mx_task_create_exception_channel(rnd(2) ? of(MX_OBJ_TYPE_PROCESS) : (1 + rnd(4)) << 18, rnd(2), &h[0]), h[0]);
		break;
	case 9:
		keep1(mx_job_create(rnd(2) ? mx_job_default() : of(MX_OBJ_TYPE_JOB), 0, &h[0]), h[0]);
		break;
	case 10:
		mx_job_set_policy(pool[rnd(POOL)], rnd(2), MX_JOB_POL_BASIC, &policy, 1);
		break;
	case 11:
		if (rnd(3) == 0)
			mx_task_kill(pool[rnd(POOL)]);
		break;
	case 12:
		waitpid(-1, NULL, WNOHANG);
		break;
	case 13:
		if (may_fork() && (pid = mx_job_fork(of(MX_OBJ_TYPE_JOB))) == 0)
			_exit(0);
		break;
	case 14:
		if (mx_trace_create(0, &h[0]) == MX_OK) {
			keep(h[0]);
			mx_trace_attach(h[0], rnd(2) ? mx_process_self() : of(MX_OBJ_TYPE_PROCESS), rnd(2));
		}
		break;
	default:
		if (rnd(8) == 0 && may_fork())
			execl(self, self, "again", NULL);
	}
}

static void
words(void)
{
	int *a = &shared->words[rnd(16)], *b = &shared->words[rnd(16)];

	switch (rnd(5)) {
	case 0:
		mx_futex_wait(a, *a, rnd(3) ? 0 : any(), soon());
		break;
	case 1:
		mx_futex_wake(a, rnd(3));
		break;
	case 2:
		mx_futex_requeue(a, rnd(2), *a, b, rnd(4), rnd(3) ? 0 : any());
		break;
	case 3:
		mx_futex_wake_single_owner(a);
		break;
	default:
		++*a;
	}
}

/* Any native call, by the types in its row. */
static void
row(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 3, 4, 8, 64, 4095, 4096, 65536, 65537, 1ull << 31, ~0ull, 1ull << 32, 1ull << 63 };
	const struct call *c;
	uint64_t a[8] = { 0 };
	unsigned n = 0;

	do
		c = &calls[rnd(NCALLS)];
	while (c->nr < 512 || strstr(c->flags, "noret") || c->nr == SYS_mx_nanosleep || c->nr == SYS_mx_vmar_unmap ||
	    c->nr == SYS_mx_vmar_protect || c->nr == SYS_mx_vmar_destroy || c->nr == SYS_mx_task_kill ||
	    c->nr == SYS_mx_object_set_property || c->nr == SYS_mx_process_start || c->nr == SYS_mx_thread_start ||
	    c->nr == SYS_mx_process_write_memory || c->nr == SYS_mx_pid_handle || c->nr == SYS_mx_process_create);
	for (const char *p = c->types; p != NULL && *p != '\0' && n < 8; n++) {
		if (strncmp(p, "user", 4) == 0 || strncmp(p, "in_", 3) == 0 || strncmp(p, "out_", 4) == 0)
			a[n] = rnd(4) ? (uintptr_t)(memory + rnd(MAPPED - PAGE)) : (uintptr_t)room();
		else if (strncmp(p, "time", 4) == 0)
			a[n] = (uint64_t)soon();
		else if (strncmp(p, "u", 1) == 0 || strncmp(p, "i", 1) == 0 || strncmp(p, "size", 4) == 0)
			a[n] = rnd(3) ? odd[rnd(8)] : odd[rnd(15)];
		else if (strncmp(p, "opt", 3) == 0)
			a[n] = rnd(4);
		else
			a[n] = any();
		p = strchr(p, ' ');
		p = p != NULL ? p + 1 : NULL;
	}
	/* What the calls read as handles. */
	for (unsigned i = 0; i < 8; i++)
		((mx_handle_t *)memory)[rnd(MAPPED / 4)] = any();
	call8((long)c->nr, a);
}

static void
look(void)
{
	size_t actual, avail;

	if (rnd(4))
		mx_object_get_info(any(), rnd(32), room(), rnd(3) ? 512 : rnd(64), &actual, &avail);
	else
		mx_object_get_property(any(), rnd(40), room(), rnd(64));
	if (rnd(16) == 0)
		close(open("/proc/self/handles", O_RDONLY));
}

static void
sometimes_fail(void)
{
	static const char *const class[] = { "slab", "slot", "usercopy", "slab" };
	char name[40], text[8];

	if (!failing || rnd(8) != 0)
		return;
	snprintf(name, sizeof(name), "debug.failnth.%s", class[rnd(4)]);
	snprintf(text, sizeof(text), "%u", 1 + rnd(12));
	sysctlbyname(name, NULL, NULL, text, strlen(text));
}

static void
step(void)
{
	static void (*const all[])(void) = { make, make, make, send_message, send_message, receive_message,
		receive_message, answer, ask, wait_some, wait_some, ports, ports, ports, tell, tell, change, change, change,
		pass, pass, bytes, bytes, pages, pages, task, words, row, row, row, look };

	__atomic_fetch_add(&shared->done, 1, __ATOMIC_RELAXED);
	sometimes_fail();
	all[rnd(sizeof(all) / sizeof(all[0]))]();
}

static void *
run(void *seed)
{
	rnd_seed = (uintptr_t)seed | 1;
	for (int i = 0; i < steps; i++)
		step();
	return NULL;
}

/* --- worlds --- */

static void
nothing(int sig)
{
}

/* Signals that interrupt what waits; many things are forbidden later, so errors are of no interest. */
static void
worker(uint64_t seed)
{
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction sa = { .sa_handler = nothing };
	pthread_t t[THREADS];

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, run, (void *)(uintptr_t)(seed * 0x9e3779b97f4a7c15ull + (uint64_t)i * 77 + 5)) != 0)
			t[i] = 0;
	for (int i = 0; i < THREADS; i++)
		if (t[i] != 0)
			pthread_join(t[i], NULL);
	_exit(0);
}

static void
world(uint64_t seed)
{
	struct rlimit slots = { 400, 400 }, files = { 64, 64 };
	pid_t pid[WORKERS];

	setrlimit(RLIMIT_HANDLES, &slots);
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	rnd_seed = seed * 0x9e3779b97f4a7c15ull | 1;
	for (int i = 0; i < POOL; i++)
		make();
	for (int i = 0; i < WORKERS; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			worker(seed * WORKERS + (uint64_t)i);
	}
	for (int i = 0; i < WORKERS; i++)
		waitpid(pid[i], NULL, 0);
	_exit(0);
}

/* A small round trip of everything. */
static int
answers(void)
{
	mx_handle_t c[2], e[2], port = 0;
	uint32_t bytes, n;
	mx_port_packet_t packet;
	char text[8] = "";
	int fd[2], status = -1, good;
	pid_t pid;

	good = mx_channel_create(0, &c[0], &c[1]) == MX_OK && mx_eventpair_create(0, &e[0], &e[1]) == MX_OK &&
	    mx_port_create(0, &port) == MX_OK && mx_object_wait_async(c[1], port, 9, MX_CHANNEL_READABLE, 0) == MX_OK;
	good &= mx_channel_write(c[0], 0, "answer", 7, &e[0], 1) == MX_OK;
	good &= mx_port_wait(port, mx_deadline_after(1000000000), &packet) == MX_OK && packet.key == 9;
	good &= mx_channel_read(c[1], 0, text, &e[0], 8, 1, &bytes, &n) == MX_OK && strcmp(text, "answer") == 0;
	good &= mx_object_signal_peer(e[0], 0, MX_USER_SIGNAL_0) == MX_OK &&
	    mx_object_wait_one(e[1], MX_USER_SIGNAL_0, 0, NULL) == MX_OK;
	mx_handle_close(c[0]), mx_handle_close(c[1]), mx_handle_close(e[0]), mx_handle_close(e[1]);
	mx_handle_close(port);
	good &= pipe(fd) == 0;
	pid = fork();
	if (pid == 0)
		_exit(write(fd[1], "x", 1) == 1 ? 7 : 8);
	good &= read(fd[0], text, 1) == 1;
	close(fd[0]), close(fd[1]);
	status = child_status(pid);
	return good && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static void
round_of(uint64_t seed)
{
	mx_signals_t seen = 0;
	mx_handle_t job;
	unsigned long last = 0;
	pid_t pid;
	int idle = 0, limit = seed % 3 == 0 ? (int)(seed * 2654435761u >> 16) % 100 : 5000;

	shared->forks = 0;
	if (mx_job_create(mx_job_default(), 0, &job) != MX_OK || (pid = mx_job_fork(job)) == -1) {
		ok(0, "seed %llu: a world", (unsigned long long)seed);
		return;
	}
	if (pid == 0)
		world(seed);
	/* Until it is over, or all that is left of it sleeps, or, one world of three, in the midst. */
	for (int i = 0; i < limit && idle < 100 && waitpid(pid, NULL, WNOHANG) == 0; i++) {
		mx_nanosleep(mx_deadline_after(1000000));
		idle = shared->done == last ? idle + 1 : 0;
		last = shared->done;
	}
	mx_task_kill(job);
	ok(mx_object_wait_one(job, MX_JOB_NO_PROCESSES, mx_deadline_after(10000000000ll), &seen) == MX_OK,
	    "seed %llu: the world ends (%x)", (unsigned long long)seed, seen);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	mx_handle_close(job);
	ok(answers(), "seed %llu: all answers", (unsigned long long)seed);
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int rounds = argc > 2 ? atoi(argv[2]) : 6;

	self = argv[0];
	if (argc > 1 && strcmp(argv[1], "again") == 0) {	/* what a worker became: with what exec left it */
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
		shared->forks = FORKS - 2;
		run((void *)(uintptr_t)getpid());
		return 0;
	}
	if (argc > 3)
		steps = atoi(argv[3]);
	failing = argc > 4;
	tap_print("# seed %llu, %d rounds of %d steps\n", (unsigned long long)seed, rounds, steps);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	mkdir(HOME, 0700);
	for (int i = 0; i < rounds; i++)
		round_of(seed + (uint64_t)i);
	unlink(HOME "/a");
	ok(shared->done > (unsigned long)(rounds * steps), "%lu steps were made", shared->done);
	is_int(rmdir(HOME), 0, "nothing is left");
	return tap_done();
}
