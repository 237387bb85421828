#pragma once
/*
 * Arguments for any call of the table (calls.h), made by the type and the name that the argument has in
 * its row: descriptors and handles of every kind, ids of processes, paths, memory, commands, sizes.  Most
 * are of the right kind, so that calls get far; in one call of four a third of them is of none.
 *
 * Numbers with which a call succeeded are kept for every process of the world and used again, one changed
 * or the other: so commands and flags are found that no list here knows.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <mx/fd.h>
#include <mx/syscalls.h>
#include <abi/event.h>
#include <abi/fcntl.h>
#include <abi/ipc.h>
#include <abi/poll.h>
#include <abi/signal.h>
#include <abi/sysctl.h>
#include <abi/task.h>
#include <abi/thread.h>
#include <abi/zmem.h>
#include "sysnum.h"
#include "rnd.h"

#define NARGS	8
#define NATIVE	512
#define PAGE	4096u
#define KIDS	8
#define STORED	6		/* good argument lists kept for a call */
#define ARENA	(32 * PAGE)
#define REGION	(64 * PAGE)
#define REGION_AT 0x20000000000ull	/* memory for calls about memory */
#define FILES	64		/* descriptor numbers are below */

struct call {
	unsigned nr;
	const char *name, *flags, *types, *args;
};
static const struct call calls[] = {
#define CALL(nr, name, flags, types, args) { nr, #name, flags, types, args },
#include "calls.h"
};
#define NCALLS	(sizeof(calls) / sizeof(calls[0]))
#define PICK(a)	((a)[rnd(sizeof(a) / sizeof((a)[0]))])

/* What the processes of all worlds share. */
static struct shared {
	unsigned long done;		/* calls that came back */
	int forks;			/* processes that the world made */
	pid_t kids[KIDS];		/* may be sent any signal */
	long ids[16];			/* of queues, semaphores, segments */
	int words[4];			/* futexes */
	struct {
		unsigned long good, bad;
		uint64_t args[STORED][NARGS];
		unsigned stored;
	} row[NCALLS];
} *shared;

#include "fuzzpool.h"

static char *arena;			/* behind it: nothing */
static int queue = -1, listener = -1;	/* a POSIX message queue, a socket that listens */
static mx_handle_t unstarted[2];	/* a process and its first thread */
static volatile uintptr_t mapped[8];	/* where regions were mapped last */

/* --- numbers --- */

static uint64_t
odd(void)
{
	static const uint64_t far[] = { 4095, 4096, 4097, 8192, 65535, 65536, 65537, (1ull << 31) - 1, 1ull << 31,
		(1ull << 32) - 1, 1ull << 32, 1ull << 47, (1ull << 63) - 1, 1ull << 63, ~0ull, ~0ull - 1,
		~0ull - 4095, 0x7fffffffffff0000 };

	return rnd(2) ? rnd(9) : rnd(3) ? rnd(5000) : PICK(far);
}

static uint64_t
bits(void)
{
	uint64_t b = 0;

	for (unsigned n = rnd(4); n > 0; n--)
		b |= 1ull << (rnd(4) ? rnd(16) : rnd(32));
	return b;
}

static uint64_t
wild(void)
{
	switch (rnd(8)) {
	case 0:
		return (uint64_t)rnd(UINT32_MAX) << 32 | rnd(UINT32_MAX);
	case 1:
		return 0xffffffff80000000ull + rnd(64) * PAGE;
	case 2:
		return 0xffff800000000000ull + rnd(1 << 20);
	case 3:
		return ~0ull - rnd(4096);
	case 4:
		return (uintptr_t)arena + ARENA - rnd(64);
	case 5:
		return 1ull << rnd(64);
	default:
		return odd();
	}
}

/* --- the population --- */

static char sort[FILES];			/* of descriptors: File, Directory, Tty, Socket or Pipe */

static int
noted(int fd, char what)
{
	if (fd >= 0 && fd < FILES)
		sort[fd] = what;
	return fd;
}

static int
any_fd(void)
{
	int fd;

	if (rnd(4))
		return 3 + (int)rnd(FILES - 3);
	fd = mx_handle_fd(pool[rnd(POOL)]);
	return fd > 2 ? fd : (int)rnd(FILES);
}

/* One that was of this sort when it came, or any. */
static int
fd_of(char what)
{
	int fd = (int)rnd(FILES);

	for (int i = 0; rnd(FILES * 2) != 0 && i < FILES; i++, fd = (fd + 1) % FILES)
		if (fd > 2 && sort[fd] == what)
			return fd;
	return any_fd();
}

/* Mostly somebody's handle; now and then a pseudo-handle, a descriptor's, one that is gone. */
static mx_handle_t
any(void)
{
	switch (rnd(32)) {
	case 0: case 1:
		return (1 + rnd(4)) << 18;
	case 2: case 3: case 4:
		return mx_fd_handle(any_fd());
	case 5:
		return pool[rnd(POOL)] + (1u << 18);
	default:
		return pool[rnd(POOL)];
	}
}

/* What threads begin at: two calls and the end; one that waits again and again. */
void fuzz_entry(void);
__asm__(".text\n.globl fuzz_entry\nfuzz_entry:\n"
    "mov $158, %eax\nsyscall\n"		/* sched_yield */
    "mov $132, %eax\nsyscall\n"		/* gettid */
    "mov $632, %eax\nsyscall\nud2\n");	/* mx_thread_exit */
void fuzz_wait(void);
__asm__(".text\n.globl fuzz_wait\nfuzz_wait:\n"
	"mov $104, %eax\nxor %edi, %edi\nxor %esi, %esi\nxor %edx, %edx\nxor %r10d, %r10d\nsyscall\n"
    "jmp fuzz_wait\n"); /* ppoll of nothing */
_Static_assert(SYS_ppoll == 104, "number in fuzz_wait");
_Static_assert(SYS_sched_yield == 158 && SYS_gettid == 132 && SYS_mx_thread_exit == 632, "numbers in fuzz_entry");

/* Answers a call: the id is the message's first word. */
static void
answer(void)
{
	mx_handle_t from = of(MX_OBJ_TYPE_CHANNEL), h[4];
	uint32_t bytes = 0, n = 0;
	char text[512];

	if (mx_channel_read(from, 0, text, h, sizeof(text), 4, &bytes, &n) == MX_OK)
		mx_channel_write(from, 0, text, bytes, h, n);
}

/* One more of everything: `which' counts through, other numbers are as good. */
#define MAKES	26
static void
make(unsigned which)
{
	static const char *const files[] = { "/w/a", "/w/b", "/w/d/a", "/w/new", "/w/d/new", "/dev/null", "/dev/zero",
		"/proc/self/stat", "/proc/self/handles", "/dev/tty" };
	static const char *const folders[] = { "/w", "/w/d", "/proc", "/dev", "/proc/self/fd", "." };
	const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/w/s" };
	mx_handle_t h[2];
	int fd[2];

	switch (which % MAKES) {
	case 0: case 1:
		keep2(mx_channel_create(0, &h[0], &h[1]), h);
		break;
	case 2:
		keep2(mx_eventpair_create(0, &h[0], &h[1]), h);
		break;
	case 3:
		keep2(mx_socket_create(rnd(2), &h[0], &h[1]), h);
		break;
	case 4:
		keep2(mx_fifo_create(1u << rnd(5), 8u << rnd(3), 0, &h[0], &h[1]), h);
		break;
	case 5:
		keep1(mx_event_create(0, &h[0]), h[0]);
		break;
	case 6:
		keep1(mx_port_create(0, &h[0]), h[0]);
		break;
	case 7:
		keep1(mx_timer_create(rnd(3), 0, &h[0]), h[0]);
		break;
	case 8: case 9:
		keep1(mx_vmo_create(rnd(8) * PAGE, rnd(2) * MX_VMO_RESIZABLE, &h[0]), h[0]);
		break;
	case 10:
		if (pipe2(fd, rnd(2) * O_NONBLOCK) == 0)
			noted(fd[0], 'P'), noted(fd[1], 'P');
		break;
	case 11:
		if (socketpair(AF_UNIX, rnd(2) ? SOCK_STREAM : SOCK_DGRAM, 0, fd) == 0)
			noted(fd[0], 'S'), noted(fd[1], 'S');
		break;
	case 12:
		fd[0] = noted(socket(AF_UNIX, rnd(2) ? SOCK_STREAM : SOCK_SEQPACKET, 0), 'S');
		unlink("/w/s");
		bind(fd[0], (const void *)&un, sizeof(un));
		listen(listener = fd[0], 2);
		break;
	case 23:
		fd[0] = noted(socket(AF_UNIX, (rnd(2) ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_NONBLOCK, 0), 'S');
		connect(fd[0], (const void *)&un, sizeof(un));
		break;
	case 24:
		mx_futex_wake(&shared->words[rnd(4)], 1 + rnd(3));
		break;
	case 13:
		grantpt(fd[0] = noted(posix_openpt(O_RDWR | O_NOCTTY), 'T')), unlockpt(fd[0]);
		noted(open(ptsname(fd[0]) != NULL ? ptsname(fd[0]) : "/dev/null", O_RDWR | O_NONBLOCK), 'T');
		break;
	case 14: case 15: case 16:
		if (rnd(3) == 0)
			noted(open(PICK(folders), O_RDONLY | O_DIRECTORY), 'D');
		else
			noted(open(PICK(files), rnd(4) ? O_RDWR | O_CREAT | O_NONBLOCK : O_RDONLY, 0700), 'F');
		break;
	case 17:
		noted(open("/w/f", O_RDWR | O_NONBLOCK), 'P');
		break;
	case 18:
		keep1(mx_job_create(mx_job_default(), 0, &h[0]), h[0]);
		break;
	case 19:
		if (mx_thread_create(mx_process_self(), "fuzz", 4, 0, &h[0]) == MX_OK) {
			if (rnd(4) == 0)
				mx_thread_start(h[0], (uintptr_t)fuzz_wait, (uintptr_t)arena + PAGE, 0, 0);
			keep(h[0]);
		}
		break;
	case 20:
		queue = mq_open("/new", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &(struct mq_attr){ 0, 4, 64, 0 });
		break;
	case 21:
		answer();
		break;
	case 22:
		if (mx_process_create(mx_job_default(), "fuzz", 4, 0, &h[0], &h[1]) == MX_OK) {
			keep2(MX_OK, h);
			unstarted[0] = h[0];
			if (mx_thread_create(h[0], "fuzz", 4, 0, &h[1]) == MX_OK)
				keep(unstarted[1] = h[1]);
		}
		break;
	default: {
		mx_vaddr_t at;

		if (mx_vmar_allocate(mx_vmar_root_self(),
			MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_WRITE | MX_VM_CAN_MAP_SPECIFIC, 0, 16 * PAGE, &h[0],
			&at) == MX_OK)
			keep(h[0]), mapped[rnd(8)] = at;
	}
	}
}

/* --- memory --- */

static char *
room(void)
{
	return arena + rnd((ARENA - PAGE) / 16) * 16;
}

/* For calls about memory: it may be mapped or not. */
static uint64_t
address(void)
{
	switch (rnd(8)) {
	case 0:
		return rnd(16) ? REGION_AT : (uintptr_t)room(); /* without the arena the process ends soon */
	case 1:
	case 2:
		return mapped[rnd(8)] + rnd(4) * PAGE;
	case 3:
		return REGION_AT + rnd(REGION);
	case 4:
		return rnd(3) ? 0 : wild();
	default:
		return REGION_AT + rnd(64) * PAGE;
	}
}

static char *
path(void)
{
	static const char *const parts[] = { "a", "b", "d", "f", "s", "l", "loop", "long", ".", "..", "new",
		"d/a", "d/b", "" };
	static const char *const whole[] = { "/", "/dev/null", "/dev/zero", "/dev/full", "/dev/ptmx",
		"/dev/pts/0", "/dev/tty", "/dev/random", "/proc", "/proc/self/stat", "/proc/self/maps",
		"/proc/self/fd/3", "/proc/self/handles", "/proc/self", "/proc/self/exe", "/proc/1/maps", "/dev",
		"/dev/pts", "/bin/true", "/bin/again", "/bin/nothing", "/none", "/a", "/b", "/proc/meminfo",
		"/proc/self/cwd", "/dev/fd/4" };
	char *at = room();

	strcpy(at, rnd(2) ? "" : "/w/");
	if (rnd(4) == 0)
		return strcpy(at, PICK(whole));
	if (rnd(100) == 0) {
		size_t n = 1020 + rnd(10);

		memset(at, rnd(2) ? 'x' : '/', n);
		at[n] = '\0';
		return at;
	}
	strcat(at, PICK(parts));
	while (rnd(3) == 0)
		strcat(strcat(at, "/"), PICK(parts));
	return at;
}

static char *
vector(void)
{
	uint64_t *v = (uint64_t *)room();
	unsigned n = rnd(4);

	v[0] = (uintptr_t)strcpy(room(), "again");
	for (unsigned i = 1; i < n; i++)
		v[i] = (uintptr_t)path();
	v[n] = rnd(16) ? 0 : wild();
	return (char *)v;
}

/* Words of which something may be made: numbers, pointers, pairs of descriptors, handles. */
static char *
soup(void)
{
	uint64_t *w = (uint64_t *)room();

	for (unsigned i = 0; i < 16; i++)
		switch (rnd(8)) {
		case 0:
			w[i] = (uintptr_t)room();
			break;
		case 1:
			w[i] = (uint64_t)any_fd() << 32 | (uint32_t)any_fd();
			break;
		case 2:
			w[i] = (uint64_t)any() << 32 | any();
			break;
		case 3:
			w[i] = address();
			break;
		case 4:
			w[i] = odd();
			break;
		case 5:
			w[i] = (uint64_t)rnd(64) << 32 | rnd(64);
			break;
		default:
			w[i] = rnd(4);
		}
	return (char *)w;
}

static char *
pieces(void)
{
	struct iovec *v = (void *)soup();

	for (unsigned i = 0; i < 4; i++)
		v[i] = (struct iovec){ rnd(16) ? room() : (void *)wild(), rnd(16) ? rnd(2000) : odd() };
	return (char *)v;
}

static char *
name_of_socket(void)
{
	struct sockaddr_un *un = (void *)soup();

	un->sun_family = rnd(8) ? AF_UNIX : rnd(12);
	strcpy(un->sun_path, rnd(4) ? "/w/s" : "new");
	return (char *)un;
}

static char *
message(void)
{
	struct msghdr *m = (void *)soup();
	struct cmsghdr *c = (void *)room();
	unsigned n = rnd(5);

	c->cmsg_len = rnd(8) ? CMSG_LEN(n * sizeof(int)) : odd();
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = 1 + (int)rnd(2);
	for (unsigned i = 0; i < n; i++)
		((int *)CMSG_DATA(c))[i] = any_fd();
	*m = (struct msghdr){ .msg_name = rnd(4) ? NULL : name_of_socket(),
		.msg_namelen = (socklen_t)rnd(110),
		.msg_iov = (void *)pieces(),
		.msg_iovlen = rnd(3),
		.msg_control = rnd(3) ? c : NULL,
		.msg_controllen = rnd(8) ? CMSG_SPACE(n * sizeof(int)) : (socklen_t)odd() };
	return (char *)m;
}

static char *
handles(void)
{
	mx_handle_t *h = (void *)room();

	for (unsigned i = 0; i < 6; i++)
		h[i] = any();
	return (char *)h;
}

static char *
waits(void)
{
	mx_wait_item_t *w = (void *)room();

	for (unsigned i = 0; i < 6; i++)
		w[i] = (mx_wait_item_t){ any(), rnd(2) ? rnd(64) : 1u << rnd(32), 0 };
	return (char *)w;
}

static char *
polls(void)
{
	struct pollfd *p = (void *)room();

	for (unsigned i = 0; i < 6; i++)
		p[i] = (struct pollfd){ any_fd(), (short)rnd(512), 0 };
	return (char *)p;
}

static char *
dispositions(void)
{
	mx_handle_disposition_t *d = (void *)room();

	for (unsigned i = 0; i < 4; i++)
		d[i] = (mx_handle_disposition_t){ rnd(3), any(), rnd(4) ? 0 : rnd(80),
			rnd(2) ? MX_RIGHT_SAME_RIGHTS : rnd(1u << 22), 0 };
	return (char *)d;
}

static char *
a_spawn(void)
{
	static const char *const programs[] = { "/bin/true", "/bin/again", "/bin/nothing", "/bin" };
	struct abi_spawn *s = (void *)room();
	struct abi_spawn_desc *d = (void *)room();

	for (unsigned i = 0; i < 4; i++)
		d[i] = (struct abi_spawn_desc){ rnd(2) ? any() : (uint32_t)any_fd(), (int)rnd(20) - 1, rnd(4),
			rnd(5) };
	*s = (struct abi_spawn){ .job = rnd(2) ? 0 : of(MX_OBJ_TYPE_JOB),
		.options = rnd(2) ? 0 : (uint32_t)bits() & 0x70f,
		.path = (uintptr_t)strcpy(room(), PICK(programs)),
		.argv = (uintptr_t)vector(),
		.envp = rnd(2) ? 0 : (uintptr_t)vector(),
		.descs = (uintptr_t)d,
		.ndescs = rnd(2) * rnd(4),
		.pgroup = (int)rnd(3),
		.sigmask = bits(),
		.sigdefault = bits() };
	return (char *)s;
}

static char *
operations(void)
{
	struct abi_sembuf *o = (void *)room();

	for (unsigned i = 0; i < 4; i++)
		o[i] = (struct abi_sembuf){ (abi_u16)rnd(3), (abi_i16)((int)rnd(5) - 2),
			(abi_i16)(rnd(2) * IPC_NOWAIT | rnd(2) * SEM_UNDO) };
	return (char *)o;
}

static char *
event(const struct call *c)
{
	char *p = soup();

	if (c->nr == SYS_evsend)
		((struct abi_event *)p)->type = EV_PKT_TYPE(rnd(4) ? EV_CMD + rnd(3) : rnd(20));
	else if (c->nr == SYS_evreg)
		*(struct abi_evreg *)p = (struct abi_evreg){ (int)of(MX_OBJ_TYPE_PORT),
			rnd(2) ? any_fd() : (int)of(MX_OBJ_TYPE_PROCESS), rnd(2) ? 0 : 1u << rnd(18), 0, rnd(4) };
	else
		*(struct abi_evunreg *)p = (struct abi_evunreg){ (int)of(MX_OBJ_TYPE_PORT), rnd(40) };
	return p;
}

static char *
policy(void)
{
	mx_policy_basic_t *p = (void *)room();

	for (unsigned i = 0; i < 4; i++)
		p[i] = (mx_policy_basic_t){ rnd(20), rnd(6) };
	return (char *)p;
}

static char *
conversation(void)
{
	mx_channel_call_args_t *a = (void *)room();

	*a = (mx_channel_call_args_t){ .wr_bytes = room(),
		.wr_num_bytes = 4 + rnd(64),
		.wr_handles = (void *)handles(),
		.wr_num_handles = rnd(3) / 2,
		.rd_bytes = room(),
		.rd_num_bytes = 512,
		.rd_handles = (void *)room(),
		.rd_num_handles = 4 };
	return (char *)a;
}

static char *
tunable(void)
{
	static const char *const names[] = { "vm.aslr", "", "ipc.msgmax", "debug.failnth.slab", "vm.pages.free" };
	struct abi_sysctl_byname *s = (void *)soup();

	*s = (struct abi_sysctl_byname){ .name = (uintptr_t)strcpy(room(), PICK(names)),
		.old = rnd(2) ? (uintptr_t)room() : 0,
		.old_len = (uintptr_t)soup(),
		.new = rnd(2) ? (uintptr_t)room() : 0,
		.new_len = rnd(9) };
	return (char *)s;
}

/* Structs that the soup would seldom make. */
static char *
a_struct(const struct call *c, const char *type)
{
	char *p = soup();

	if (strncmp(type, "timespec", 8) == 0)
		*(struct timespec *)p = (struct timespec){ rnd(16) ? 0 : (time_t)odd(), (long)rnd(2000000) };
	else if (strncmp(type, "sigset", 6) == 0)
		*(uint64_t *)p = rnd(2) ? 0 : bits() & ~(1ull << (SIGALRM - 1));
	else if (strncmp(type, "itimerval", 9) == 0)
		*(struct itimerval *)p = (struct itimerval){ { 0, rnd(9000) }, { 0, rnd(9000) } };
	else if (strncmp(type, "rlimit", 6) == 0)
		((uint64_t *)p)[0] = rnd(1u << rnd(31)), ((uint64_t *)p)[1] = rnd(2) ? ~0ull : 1u << 31;
	else if (strncmp(type, "sysmem", 6) == 0)
		*(struct abi_sysmem *)p = (struct abi_sysmem){ rnd(2) ? 0 : address(), rnd(2) ? 0 : rnd(4) * PAGE,
			rnd(8) ? rnd(8) * PAGE : (int64_t)odd(), rnd(4) };
	else if (strncmp(type, "sigaction", 9) == 0)
		*(struct abi_sigaction *)p =
		    (struct abi_sigaction){ rnd(8) ? rnd(2) : wild(), bits(), (uint32_t)bits(), 0, 0 };
	else if (strncmp(type, "stack", 5) == 0)
		*(struct abi_stack *)p = (struct abi_stack){ (uintptr_t)room(), rnd(4), 0, rnd(4) ? 8192 : odd() };
	else if (strncmp(type, "mqattr", 6) == 0)
		*(struct mq_attr *)p = (struct mq_attr){ rnd(2) * O_NONBLOCK, 1 + rnd(8), 1 + rnd(200), 0 };
	else if (strncmp(type, "spawn", 5) == 0)
		return a_spawn();
	return p;
}

static uint64_t
pointer(const struct call *c, const char *name)
{
	static const struct {
		const char *name;
		char *(*make)(void);
	} makers[] = {
		{ "iov", pieces },
		{ "msg", message },
		{ "argv", vector },
		{ "envp", vector },
		{ "items", waits },
		{ "handles", handles },
		{ "path", path },
		{ "name", path },
	};

	if (rnd(24) == 0)
		return rnd(2) ? 0 : address();
	for (unsigned i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (strcmp(name, makers[i].name) == 0)
			return (uintptr_t)(c->nr == SYS_mx_channel_write_etc ? dispositions : makers[i].make)();
	if (strcmp(name, "fds") == 0)
		return (uintptr_t)polls();
	if (strcmp(name, "addr") == 0 && (c->nr == SYS_sendto || c->nr == SYS_recvfrom) && rnd(2))
		return 0;
	if (strcmp(name, "addr") == 0)
		return (uintptr_t)(c->nr < NATIVE ? name_of_socket() : soup());
	if (strcmp(name, "ops") == 0)
		return (uintptr_t)operations();
	if (strncmp(c->name, "ev", 2) == 0)
		return (uintptr_t)event(c);
	if (strncmp(c->name, "mx_futex", 8) == 0)
		return rnd(2) ? (uintptr_t)&shared->words[rnd(4)] : (uintptr_t)arena + rnd(4) * 4;
	if (strcmp(name, "args") == 0)
		return (uintptr_t)conversation();
	if (strcmp(name, "policy") == 0)
		return (uintptr_t)policy();
	if (c->nr == SYS_sysctl)
		return (uintptr_t)tunable();
	if (c->nr == SYS_throp && rnd(2)) {
		*(struct abi_thrarg *)arena = (struct abi_thrarg){ rnd(8) ? (uintptr_t)fuzz_entry : wild(), 0,
			(uintptr_t)room(), PAGE, 0, 0, 0, rnd(2), 0 };
		return (uintptr_t)arena;
	}
	return (uintptr_t)soup();
}

/* --- by type --- */

static uint64_t
a_pid(void)
{
	switch (rnd(16)) {
	case 0:
		return (uint64_t)getpid();
	case 1:
		return (uint64_t)getppid();
	case 2:
		return rnd(4) ? 0 : (uint64_t)-1;
	case 3:
		return rnd(4);
	case 4:
		return (uint64_t)-shared->kids[rnd(KIDS)];
	case 5:
		return odd();
	default:
		return (uint64_t)shared->kids[rnd(KIDS)];
	}
}

static uint64_t
a_time(void)
{
	static const mx_duration_t wait[] = { 0, 0, 1000, 20000, 200000, 2000000 };

	return rnd(40) == 0 ? odd() : (uint64_t)mx_deadline_after(PICK(wait));
}

static int
is_fd(const char *name)
{
	return strcmp(name, "fd") == 0 || strcmp(name, "dirfd") == 0 || strcmp(name, "fd1") == 0 ||
	    strcmp(name, "fd2") == 0 || strcmp(name, "old") == 0 || strcmp(name, "new") == 0;
}

/* The caller's own, by a pseudo-handle, or 0. */
static mx_handle_t
self_of(uint32_t wanted)
{
	return wanted == MX_OBJ_TYPE_PROCESS ? mx_process_self() : wanted == MX_OBJ_TYPE_THREAD ? mx_thread_self() :
	    wanted == MX_OBJ_TYPE_VMAR ? mx_vmar_root_self() : 0;
}

/* By the word in front of the bracket. */
static mx_handle_t
of_kind(const char *type)
{
	static const struct {
		const char *name;
		uint32_t kind;
	} kinds[] = { { "port", MX_OBJ_TYPE_PORT }, { "timer", MX_OBJ_TYPE_TIMER },
		{ "socket", MX_OBJ_TYPE_SOCKET }, { "fifo", MX_OBJ_TYPE_FIFO },
		{ "channel", MX_OBJ_TYPE_CHANNEL }, { "vmo", MX_OBJ_TYPE_VMO }, { "vmar", MX_OBJ_TYPE_VMAR },
		{ "process", MX_OBJ_TYPE_PROCESS }, { "thread", MX_OBJ_TYPE_THREAD },
		{ "trace", MX_OBJ_TYPE_TRACE } };

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(type, kinds[i].name, strlen(kinds[i].name)) == 0)
			return rnd(4) == 0 && self_of(kinds[i].kind) != 0 ? self_of(kinds[i].kind) :
			    of(kinds[i].kind);
	return any();
}

/* What `handle' is about is told by the call's name. */
static mx_handle_t
a_handle(const struct call *c, const char *name)
{
	if (strcmp(name, "owner") == 0)
		return rnd(4) ? 0 : rnd(2) ? any() : of(MX_OBJ_TYPE_THREAD);
	if (c->nr == SYS_mx_object_get_child && rnd(2))
		return (1 + rnd(4)) << 18;
	if (strncmp(c->name, "mx_channel", 10) == 0)
		return of(MX_OBJ_TYPE_CHANNEL);
	if (strncmp(c->name, "mx_vmar", 7) == 0)
		return strcmp(name, "vmo") == 0 ? of(MX_OBJ_TYPE_VMO) : rnd(2) ? mx_vmar_root_self() : of(MX_OBJ_TYPE_VMAR);
	if (strncmp(c->name, "mx_vmo", 6) == 0)
		return of(MX_OBJ_TYPE_VMO);
	if (strcmp(name, "port") == 0 || strncmp(c->name, "mx_port", 7) == 0)
		return of(MX_OBJ_TYPE_PORT);
	if (strcmp(name, "job") == 0 || strncmp(c->name, "mx_job", 6) == 0)
		return rnd(4) || c->nr == SYS_mx_job_set_policy ? of(MX_OBJ_TYPE_JOB) : mx_job_default();
	if (c->nr == SYS_mx_process_start && rnd(2))
		return unstarted[strcmp(name, "thread") == 0];
	if (strncmp(c->name, "mx_process", 10) == 0)
		return of(strcmp(name, "thread") == 0 ? MX_OBJ_TYPE_THREAD : MX_OBJ_TYPE_PROCESS);
	return any();
}

static uint64_t
number(const struct call *c, const char *name)
{
	static const uint32_t maps[] = { MAP_PRIVATE | MAP_ANON, MAP_SHARED | MAP_ANON, MAP_PRIVATE, MAP_SHARED };
	static const uint32_t opens[] = { O_APPEND, O_TRUNC, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH,
		O_EXEC };
	static const uint32_t ioctls[] = { TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, FIONREAD, FIONBIO,
		TCGETS, TCSETS, TCSETSW, TCSETSF, TCSBRK, TCXONC, TCFLSH, TIOCSCTTY, TIOCOUTQ, TIOCNOTTY,
		TIOCGSID, TIOCGPTN, TIOCSPTLCK, FIOCLEX, FIONCLEX };
	static const uint32_t options[] = { SO_SNDBUF, SO_RCVBUF, SO_RCVTIMEO, SO_SNDTIMEO, SO_ERROR, SO_TYPE,
		SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_LINGER };

	if (c->nr == SYS_mmap && strcmp(name, "flags") == 0)
		return PICK(maps) | (rnd(8) ? 0 : MAP_FIXED) | (rnd(16) ? 0 : bits());
	if (c->nr == SYS_openat && strcmp(name, "flags") == 0)
		return rnd(3) | (rnd(2) * O_CREAT) | (rnd(8) ? O_NONBLOCK : 0) | (rnd(4) ? 0 : PICK(opens));
	if (c->nr == SYS_ioctl && strcmp(name, "cmd") == 0)
		return PICK(ioctls);
	if (strcmp(name, "domain") == 0)
		return AF_UNIX;
	if (strcmp(name, "type") == 0 && (c->nr == SYS_socket || c->nr == SYS_socketpair))
		return (1 + rnd(5)) | (rnd(2) ? SOCK_NONBLOCK : 0);
	if (strcmp(name, "level") == 0)
		return SOL_SOCKET;
	if (strcmp(name, "name") == 0)
		return PICK(options);
	if (c->nr == SYS_sysctl)
		return strcmp(name, "cmd") == 0 ? SYSCTL_BYNAME : sizeof(struct abi_sysctl_byname);
	if (strcmp(name, "flags") == 0 || strcmp(name, "options") == 0 || strcmp(name, "oflag") == 0)
		return rnd(2) ? 0 : bits();
	if ((strcmp(name, "len") == 0 || strcmp(name, "addrlen") == 0) && c->nr < NATIVE)
		return rnd(4) ? 110 : rnd(20);
	if (strcmp(name, "num_handles") == 0)
		return rnd(2) * rnd(5);
	if (c->nr == SYS_mx_job_set_policy || strcmp(name, "kind") == 0)
		return rnd(4);
	if (strcmp(name, "num_bytes") == 0)
		return rnd(2) ? rnd(99) : rnd(70000);
	if (strcmp(name, "rights") == 0)
		return rnd(3) == 0 ? MX_RIGHT_SAME_RIGHTS : bits();
	if (strcmp(name, "cmd") == 0 && (strstr(c->name, "ctl") != NULL || strstr(c->name, "op") != NULL))
		return rnd(12);
	if (strcmp(name, "cmd") == 0 || strcmp(name, "topic") == 0 || strcmp(name, "op") == 0 ||
	    strcmp(name, "property") == 0 || strcmp(name, "sig") == 0)
		return rnd(34);
	if (strcmp(name, "prot") == 0)
		return rnd(4);
	if (strcmp(name, "id") == 0)
		return rnd(8) ? (uint64_t)PICK(shared->ids) : rnd(60);
	if (strcmp(name, "idtype") == 0)
		return rnd(4);
	if (strcmp(name, "key") == 0)
		return rnd(4);
	if (strcmp(name, "dest") == 0 || strcmp(name, "src") == 0)
		return rnd(4) ? of(MX_OBJ_TYPE_PORT) : (uint32_t)any_fd();
	if (strcmp(name, "current") == 0)
		return rnd(2) ? 0 : *(uint32_t *)arena;
	return rnd(4) ? rnd(9) : rnd(3) ? bits() : odd();
}

static uint64_t
koid(void)
{
	mx_info_handle_basic_t basic = { .koid = 0 };

	mx_object_get_info(
	    rnd(2) ? any() : (1 + rnd(4)) << 18, MX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL);
	return rnd(8) ? basic.koid : basic.related_koid;
}

/* Of the sort that the call is about. */
static uint64_t
a_descriptor(const struct call *c, const char *name)
{
	if (strcmp(name, "dirfd") == 0 || (c->nr >= SYS_linkat && c->nr <= SYS_renameat))
		return (uint64_t)(rnd(2) ? AT_FDCWD : fd_of('D'));
	if (c->nr == SYS_getdents || c->nr == SYS_fchdir)
		return (uint64_t)fd_of('D');
	if (c->nr >= SYS_bind && c->nr <= SYS_recvmsg)
		return (uint64_t)fd_of('S');
	if (c->nr == SYS_ioctl && rnd(2))
		return (uint64_t)fd_of('T');
	if (rnd(2) && (c->nr <= SYS_fstatvfs || c->nr == SYS_fallocate || c->nr == SYS_mmap || c->nr == SYS_map))
		return (uint64_t)fd_of('F');
	if (rnd(16) == 0)
		return rnd(2) ? any() : (uint64_t)-rnd(200);
	return (uint64_t)any_fd();
}

static uint64_t
argument(const struct call *c, const char *name, const char *type)
{
	int executes = c->nr == SYS_exec || c->nr == SYS_execat;
	size_t n = strlen(type);

	if (strcmp(type, "path") == 0 && strcmp(name, "name") == 0)
		return (uintptr_t)strcpy(room(), rnd(4) ? "/new" : "/a");
	if (strcmp(type, "path") == 0)
		return (uintptr_t)(executes && rnd(2) ? strcpy(room(), "/bin/again") : path());
	if (strcmp(type, "user") == 0)
		return pointer(c, name);
	if (strncmp(type, "in_", 3) == 0)
		return type[n - 1] == '?' && rnd(3) == 0 ? 0 : (uintptr_t)a_struct(c, type + 3);
	if (strncmp(type, "out_", 4) == 0)
		return type[n - 1] == '?' && rnd(2) ? 0 : rnd(24) ? (uintptr_t)room() : address();
	if (strncmp(type, "opt[", 4) == 0)
		return rnd(8) ? rnd(2) * rnd(16) & strtoul(type + 4, NULL, 0) : bits();
	if (strncmp(type, "mq[", 3) == 0)
		return (uint64_t)(rnd(4) ? queue : any_fd());
	if (strncmp(type, "desc", 4) == 0)
		return c->nr < NATIVE && rnd(8) ? a_descriptor(c, name) : any();
	if (strchr(type, '[') != NULL)
		return of_kind(type);
	if (strcmp(type, "handle") == 0)
		return a_handle(c, name);
	if (strcmp(type, "pid") == 0)
		return c->nr == SYS_wait4 && rnd(2) ? (uint64_t)-1 : a_pid();
	if (strcmp(type, "time") == 0)
		return a_time();
	if (strcmp(name, "entry") == 0)
		return rnd(8) ? (uintptr_t)fuzz_entry : wild();
	if (strcmp(type, "addr") == 0 && (c->nr == SYS_shmat || c->nr == SYS_shmdt))
		return c->nr == SYS_shmdt ? mapped[rnd(8)] : rnd(2) ? 0 : address();
	if (strcmp(type, "addr") == 0)
		return strcmp(name, "arg") == 0 ? (rnd(2) ? (uintptr_t)soup() : rnd(60)) : address();
	if (strcmp(name, "size") == 0 && (c->nr == SYS_mx_thread_read_state || c->nr == SYS_mx_thread_write_state))
		return rnd(2) ? sizeof(struct abi_thread_regs) : sizeof(struct abi_thread_fp_regs);
	if (strcmp(type, "size") == 0 && rnd(16) == 0)
		return PAGE << rnd(13);
	if (strcmp(name, "elem") == 0)
		return 8u << rnd(3);
	if (strcmp(type, "size") == 0 || strcmp(type, "off") == 0)
		return rnd(4) ? rnd(4) * (rnd(2) ? PAGE : 1u) * (rnd(2) ? 1 : rnd(99)) : odd();
	if (strcmp(name, "key") == 0)
		return rnd(4);
	if (strcmp(name, "koid") == 0)
		return koid();
	if (strcmp(type, "u64") == 0)
		return rnd(2) ? rnd(9) * PAGE : rnd(4) ? odd() : PAGE << rnd(13);
	if (strcmp(type, "mode") == 0)
		return rnd(8) ? 0700 | rnd(0100) : rnd(0200000);
	if (strcmp(type, "uid") == 0 || strcmp(type, "gid") == 0)
		return rnd(3) ? 1000 : rnd(2) ? (uint64_t)-1 : rnd(2000);
	if ((strcmp(type, "int") == 0 || strcmp(type, "long") == 0) && is_fd(name))
		return c->nr == SYS_accept4 && rnd(2) ? (uint64_t)listener : a_descriptor(c, name);
	return number(c, name);
}

/* Worth to be kept: what says what a call shall do. */
static int
is_number(const char *type)
{
	static const char *const types[] = { "int", "uint", "long", "ulong", "size", "off", "u32", "u64", "i64",
		"mode", "uid", "gid" };

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return 1;
	return strncmp(type, "opt[", 4) == 0;
}

/* The next word of a list; 0 at its end. */
static int
word(const char **list, char *out)
{
	size_t n = strcspn(*list, " ");

	if (n == 0)
		return 0;
	memcpy(out, *list, n);
	out[n] = '\0';
	*list += n + ((*list)[n] == ' ');
	return 1;
}

static void
arguments(const struct call *c, uint64_t a[NARGS])
{
	const char *types = c->types, *names = c->args;
	char type[40], name[40];
	unsigned row = (unsigned)(c - calls), stored = shared->row[row].stored;
	const uint64_t *old =
	    stored > 0 && rnd(2) ? shared->row[row].args[rnd(stored < STORED ? stored : STORED)] : NULL;

	int odd_ones = rnd(4) == 0;

	memset(a, 0, NARGS * sizeof(a[0]));
	for (unsigned i = 0; i < NARGS && word(&types, type) && word(&names, name); i++) {
		if (strcmp(name, "tid") == 0 && rnd(2))
			a[i] = a[0];
		else if (odd_ones && rnd(3) == 0)
			a[i] = wild();
		else if (old != NULL && rnd(8) && is_number(type) && !is_fd(name))
			a[i] = old[i];
		else
			a[i] = argument(c, name, type);
	}
}
