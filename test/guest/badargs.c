/*
 * Every call of the table with every bad pointer, extreme numbers in every other argument, and every
 * number that is no call, by both doors.  Each (call, argument) runs in a child of its own: what
 * a call does to its process ends with it, and a call that does not come back is seen.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <abi/channel.h>
#include <abi/errno.h>
#include <abi/event.h>
#include <abi/info.h>
#include <abi/ipc.h>
#include <abi/mx.h>
#include <abi/policy.h>
#include <abi/process.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include <abi/signal.h>
#include <abi/pctl.h>
#include <abi/sigop.h>
#include <abi/sysctl.h>
#include <abi/thread.h>
#include "sysnum.h"
#include "tap.h"

#define NARGS	8
#define NATIVE	512
#define PAGE	4096u
#define SECONDS	20		/* until a call counts as blocked */

struct call {
	unsigned nr;
	const char *name, *flags, *types;
};

static const struct call calls[] = {
#define CALL(nr, name, flags, types, args) { nr, #name, flags, types },
#include "calls.h"
};
#define NCALLS	(sizeof(calls) / sizeof(calls[0]))

/* --- the doors --- */

enum { SYSCALL, INT80, NDOORS };
static const char *const doors[] = { "syscall", "int 0x80" };

struct answer {
	int64_t value;
	int carry;
};

/* The carry flag is `carry' before the call: native calls must leave it so. */
static struct answer
raw(int door, uint64_t nr, const uint64_t a[NARGS], int carry)
{
	register uint64_t r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	register uint64_t r12 __asm__("r12") = a[6], r13 __asm__("r13") = a[7];
	uint64_t value = nr;
	uint8_t cf;

	if (door == SYSCALL)
		__asm__ volatile("btl $0, %[in]; syscall; setc %[cf]"
		    : "+a"(value), [cf] "=&b"(cf), "+r"(r10), "+r"(r8), "+r"(r9)
		    : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r12), "r"(r13), [in] "r"(carry) : "rcx", "r11", "memory", "cc");
	else
		__asm__ volatile("btl $0, %[in]; int $0x80; setc %[cf]"
		    : "+a"(value), [cf] "=&b"(cf), "+r"(r10), "+r"(r8), "+r"(r9)
		    : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r12), "r"(r13), [in] "r"(carry) : "rcx", "r11", "memory", "cc");
	/* What a call made for ever goes at once. */
	if ((nr == SYS_shmget || nr == SYS_msgget || nr == SYS_mqinit) && cf == 0)
		raw(door, nr == SYS_shmget ? SYS_shmctl : SYS_msgctl, (uint64_t[NARGS]){ value, IPC_RMID }, 0);
	if ((nr == SYS_semget || nr == SYS_seminit) && cf == 0)
		raw(door, SYS_semctl, (uint64_t[NARGS]){ value, 0, IPC_RMID }, 0);
	return (struct answer){ (int64_t)value, cf };
}

/* --- what arguments are made of --- */

static char *scratch;		/* NARGS * 2 pages; beyond: nothing */
static char *region;		/* memory for calls about memory; nothing near it */
static int file = -1, folder = -1, tty = -1;
static uint32_t event, port, timer, sock[2], fifo[2];
static uint32_t vmo;		/* a page */
static uint32_t chan[2];		/* a message with a handle is in the first one's queue */
static uint32_t job;
static int pair[2] = { -1, -1 }, door_sock = -1, fresh = -1;	/* sockets */
static int queue;			/* of messages */
static int posix_queue;
static int report, nowhere;	/* where children write what went wrong; a file of no interest */
static int native;		/* the call at hand is native */

#define HOME	"/tmp/badargs"
#define FILE_	HOME "/f"
#define LINK_	HOME "/l"
#define SOCK_	HOME "/s"

static char *
room(unsigned arg)
{
	return scratch + arg * 2 * PAGE;
}

/* The type of an argument, or NULL. */
static const char *
type_of(const struct call *c, unsigned arg, char *buf)
{
	const char *p = c->types;

	while (arg-- > 0) {
		p = strchr(p, ' ');
		if (p == NULL)
			return NULL;
		p++;
	}
	if (*p == '\0')
		return NULL;
	strcpy(buf, p);
	buf[strcspn(buf, " ")] = '\0';
	return buf;
}

static int
is(const struct call *c, unsigned nr)
{
	return c->nr == nr;
}

static int
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static int
is_pointer(const char *type)
{
	return strcmp(type, "path") == 0 || strcmp(type, "user") == 0 || starts(type, "in_") ||
	    starts(type, "out_");
}

/* User pointers: which the kernel writes, and which may be absent. */
static const struct { unsigned nr, arg; int out, absent; } users[] = {
	{ SYS_read, 1, 1, 0 }, { SYS_pread, 1, 1, 0 }, { SYS_getdents, 1, 1, 0 }, { SYS_getcwd, 0, 1, 0 },
	{ SYS_readlinkat, 2, 1, 0 }, { SYS_mincore, 2, 1, 0 }, { SYS_pipe, 0, 1, 0 },
	{ SYS_getgroups, 1, 1, 0 }, { SYS_getrandom, 0, 1, 0 }, { SYS_clock_nanosleep, 3, 1, 1 },
	{ SYS_ppoll, 0, 1, 0 }, { SYS_pselect, 1, 1, 1 }, { SYS_pselect, 2, 1, 1 }, { SYS_pselect, 3, 1, 1 },
	{ SYS_mx_object_wait_many, 0, 1, 0 }, { SYS_mx_object_wait_one, 3, 1, 1 },
	{ SYS_mx_handle_duplicate, 2, 1, 0 }, { SYS_mx_handle_replace, 2, 1, 0 },
	{ SYS_mx_event_create, 1, 1, 0 }, { SYS_mx_port_create, 1, 1, 0 }, { SYS_mx_port_wait, 2, 1, 0 },
	{ SYS_mx_eventpair_create, 1, 1, 0 }, { SYS_mx_eventpair_create, 2, 1, 0 },
	{ SYS_mx_socket_create, 1, 1, 0 }, { SYS_mx_socket_create, 2, 1, 0 },
	{ SYS_mx_timer_create, 2, 1, 0 }, { SYS_mx_fifo_create, 3, 1, 0 }, { SYS_mx_fifo_create, 4, 1, 0 },
	{ SYS_mx_socket_write, 4, 1, 1 }, { SYS_mx_socket_read, 2, 1, 0 }, { SYS_mx_socket_read, 4, 1, 1 },
	{ SYS_mx_fifo_write, 4, 1, 1 }, { SYS_mx_fifo_read, 2, 1, 0 }, { SYS_mx_fifo_read, 4, 1, 1 },
	{ SYS_mx_vmo_create, 2, 1, 0 }, { SYS_mx_vmo_read, 1, 1, 0 }, { SYS_mx_vmo_create_child, 4, 1, 0 },
	{ SYS_mx_vmar_allocate, 4, 1, 0 }, { SYS_mx_vmar_allocate, 5, 1, 0 }, { SYS_mx_vmar_map, 6, 1, 0 },
	{ SYS_wait4, 1, 1, 1 }, { SYS_wait4, 3, 1, 1 }, { SYS_waitid, 2, 1, 1 }, { SYS_sigtimedwait, 1, 1, 1 },
	{ SYS_utimensat, 1, 0, 1 }, { SYS_utimensat, 2, 0, 1 }, { SYS_exec, 1, 0, 1 }, { SYS_exec, 2, 0, 1 },
	{ SYS_execat, 2, 0, 1 }, { SYS_execat, 3, 0, 1 },
	{ SYS_mq_timedreceive, 1, 1, 0 }, { SYS_mq_timedreceive, 3, 1, 1 }, { SYS_mq_attr, 2, 1, 1 },
	{ SYS_msgrcv, 1, 1, 0 }, { SYS_msgrcv, 5, 1, 0 }, { SYS_socketpair, 3, 1, 0 }, { SYS_accept4, 1, 1, 1 }, { SYS_accept4, 2, 1, 0 },
	{ SYS_getsockname, 1, 1, 0 }, { SYS_getsockname, 2, 1, 0 }, { SYS_getpeername, 1, 1, 0 },
	{ SYS_getpeername, 2, 1, 0 }, { SYS_getsockopt, 3, 1, 0 }, { SYS_getsockopt, 4, 1, 0 },
	{ SYS_sendto, 4, 0, 1 }, { SYS_recvfrom, 1, 1, 0 }, { SYS_recvfrom, 4, 1, 1 }, { SYS_recvfrom, 5, 1, 0 },
	{ SYS_throp, 2, 1, 0 }, { SYS_pctl, 2, 1, 0 }, { SYS_mqrecv, 1, 1, 0 },
	{ SYS_mx_thread_create, 4, 1, 0 }, { SYS_mx_thread_read_state, 2, 1, 0 },
	{ SYS_mx_task_suspend, 1, 1, 0 },
	{ SYS_mx_process_create, 1, 0, 0 }, { SYS_mx_process_create, 4, 1, 0 }, { SYS_mx_process_create, 5, 1, 0 },
	{ SYS_mx_process_read_memory, 2, 1, 0 }, { SYS_mx_process_read_memory, 4, 1, 1 },
	{ SYS_mx_process_write_memory, 2, 0, 0 }, { SYS_mx_process_write_memory, 4, 1, 1 },
	{ SYS_mx_pid_handle, 1, 1, 0 }, { SYS_mx_process_spawn, 1, 1, 1 },
	{ SYS_mx_task_create_exception_channel, 2, 1, 0 },
	{ SYS_evrecv, 0, 1, 0 },
	{ SYS_mx_object_get_info, 2, 1, 0 }, { SYS_mx_object_get_info, 4, 1, 1 }, { SYS_mx_object_get_info, 5, 1, 1 },
	{ SYS_mx_object_get_property, 2, 1, 0 }, { SYS_mx_object_get_child, 3, 1, 0 },
	{ SYS_mx_channel_create, 1, 1, 0 }, { SYS_mx_channel_create, 2, 1, 0 },
	{ SYS_mx_channel_read, 2, 1, 0 }, { SYS_mx_channel_read, 3, 1, 0 },
	{ SYS_mx_channel_read, 6, 1, 1 }, { SYS_mx_channel_read, 7, 1, 1 },
	{ SYS_mx_channel_read_etc, 2, 1, 0 }, { SYS_mx_channel_read_etc, 3, 1, 0 },
	{ SYS_mx_channel_read_etc, 6, 1, 1 }, { SYS_mx_channel_read_etc, 7, 1, 1 },
	{ SYS_mx_vmo_replace_as_executable, 2, 1, 0 }, { SYS_mx_job_create, 2, 1, 0 },
};

static int
written(const struct call *c, unsigned arg, const char *type)
{
	for (unsigned i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (users[i].nr == c->nr && users[i].arg == arg)
			return users[i].out;
	return starts(type, "out_");
}

static int
may_be_absent(const struct call *c, unsigned arg, const char *type)
{
	for (unsigned i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (users[i].nr == c->nr && users[i].arg == arg)
			return users[i].absent;
	return type[strlen(type) - 1] == '?';
}

/* A good argument of a type. */
static uint64_t
good(const struct call *c, unsigned arg, const char *type)
{
	if (strcmp(type, "path") == 0)
		return (uintptr_t)strcpy(room(arg), FILE_);
	if (strcmp(type, "user") == 0 || starts(type, "in_") || starts(type, "out_"))
		return may_be_absent(c, arg, type) ? 0 : (uintptr_t)room(arg);
	if (strcmp(type, "desc[ENUMERATE]") == 0)
		return (uint64_t)folder;
	if (starts(type, "desc"))
		return native ? event : (uint64_t)file;
	if (starts(type, "port"))
		return port;
	if (starts(type, "timer"))
		return timer;
	if (starts(type, "mq"))
		return (uint64_t)posix_queue;
	if (starts(type, "socket"))
		return sock[0];
	if (starts(type, "fifo"))
		return fifo[0];
	if (starts(type, "channel"))
		return chan[0];
	if (starts(type, "vmo"))
		return vmo;
	if (starts(type, "process"))
		return 1u << 18;	/* mx_process_self */
	if (starts(type, "thread"))
		return 2u << 18;	/* mx_thread_self */
	if (strcmp(type, "handle") == 0)
		return event;
	if (strcmp(type, "size") == 0)
		return 64;
	if (strcmp(type, "addr") == 0)
		return (uintptr_t)region;
	if (strcmp(type, "mode") == 0)
		return 0644;
	return 0;
}

static void
vector(unsigned arg)
{
	uint64_t *iov = (uint64_t *)room(arg);

	iov[0] = (uintptr_t)room(arg) + PAGE, iov[1] = 64;
}

static uint64_t
thread_koid(void)
{
	struct abi_info_handle_basic basic = { 0 };

	raw(SYSCALL, SYS_mx_object_get_info, (uint64_t[NARGS]){ 2u << 18, MX_INFO_HANDLE_BASIC, (uintptr_t)&basic,
	    sizeof(basic) }, 0);
	return basic.koid;
}

/* What a call needs beyond good types, so that it gets as far as its pointers. */
static void
special(const struct call *c, uint64_t a[NARGS])
{
	static const char name[] = "vm.aslr";

	switch (c->nr) {
	case SYS_sysctl: {
		struct abi_sysctl_byname *s = (void *)room(2);

		*s = (struct abi_sysctl_byname){ .name = (uintptr_t)strcpy(room(3), name) };
		a[0] = SYSCTL_BYNAME, a[1] = sizeof(*s);
		break;
	}
	case SYS_evrecv:
		a[1] = EV_NOWAIT, a[2] = port;
		break;
	case SYS_evop:
		a[0] = EVOP_STAT;
		break;
	case SYS_mx_object_get_info:
		a[0] = 1u << 18, a[1] = MX_INFO_HANDLE_BASIC;
		break;
	case SYS_mx_object_get_property: case SYS_mx_object_set_property:
		a[0] = 1u << 18, a[1] = MX_PROP_NAME, a[3] = 32;
		break;
	case SYS_mx_object_get_child:
		a[0] = 1u << 18, a[1] = thread_koid(), a[2] = RIGHT_SAME;
		break;
	case SYS_mx_channel_read: case SYS_mx_channel_read_etc:
		a[4] = 64, a[5] = 1;
		break;
	case SYS_mx_channel_write: case SYS_mx_channel_write_etc:
		a[0] = chan[0], a[1] = 0, a[3] = 64, a[5] = 1;
		*(uint32_t *)room(4) = event;
		if (c->nr == SYS_mx_channel_write_etc)
			*(struct abi_handle_disposition *)room(4) =
			    (struct abi_handle_disposition){ MX_HANDLE_OP_MOVE, event, 0, RIGHT_SAME, 0 };
		break;
	case SYS_mx_port_wait:
		a[0] = port;
		break;
	case SYS_mx_channel_call:
		a[0] = chan[0], a[1] = 0;
		break;
	case SYS_mx_vmo_replace_as_executable:
		a[0] = vmo, a[1] = 0;
		break;
	case SYS_mx_job_create:
		a[0] = 4u << 18;	/* mx_job_default */
		break;
	case SYS_mx_job_set_policy:
		a[0] = job, a[2] = MX_JOB_POL_BASIC, a[4] = 1;
		break;
	case SYS_mx_vmo_create_child:
		a[0] = vmo, a[1] = 1, a[3] = PAGE;
		break;
	case SYS_mx_vmar_allocate:
		a[0] = 3u << 18, a[3] = PAGE;	/* mx_vmar_root_self */
		break;
	case SYS_mx_vmar_map:
		a[0] = 3u << 18, a[1] = 1, a[3] = vmo, a[5] = PAGE;
		break;
	case SYS_exec:
		strcpy(room(0), "/bin/true");
		break;
	case SYS_execat:
		strcpy(room(1), "/bin/true");
		break;
	case SYS_mx_process_create:
		a[0] = 4u << 18;	/* mx_job_default */
		break;
	case SYS_mx_pid_handle:
		a[0] = (uint64_t)getpid();
		break;
	case SYS_mx_task_create_exception_channel:
		a[0] = 1u << 18;
		break;
	case SYS_mx_process_read_memory: case SYS_mx_process_write_memory:
		a[1] = (uintptr_t)region;
		break;
	case SYS_readv: case SYS_writev: case SYS_preadv: case SYS_pwritev:
		vector(1);
		a[2] = 1;
		break;
	case SYS_fchmod: case SYS_fchown: case SYS_dup: case SYS_close:
		a[0] = (uint64_t)file;
		break;
	case SYS_dup3:
		a[0] = (uint64_t)file, a[1] = 40;
		break;
	case SYS_fcntl:
		a[0] = (uint64_t)file, a[1] = F_GETFL, a[2] = 0;
		break;
	case SYS_ioctl:
		a[0] = (uint64_t)tty, a[1] = TIOCGWINSZ, a[2] = (uintptr_t)room(2);
		break;
	case SYS_fchdir:
		a[0] = (uint64_t)folder;
		break;
	case SYS_readlinkat:
		strcpy(room(1), LINK_);
		break;
	case SYS_symlinkat:
		strcpy(room(2), HOME "/new");
		break;
	case SYS_mkdirat:
		strcpy(room(1), HOME "/new");
		break;
	case SYS_utimensat:
		a[0] = (uint64_t)file;
		break;
	case SYS_ppoll: {
		struct pollfd *p = (void *)room(0);

		p->fd = file, p->events = POLLIN;
		a[1] = 1, a[2] = (uintptr_t)room(2);
		break;
	}
	case SYS_pselect:
		a[0] = 1, a[4] = (uintptr_t)room(4);
		break;
	case SYS_mmap:
		a[2] = PROT_READ | PROT_WRITE, a[3] = MAP_PRIVATE | MAP_ANON, a[4] = ~0ull;
		break;
	case SYS_munmap: case SYS_mprotect: case SYS_msync: case SYS_madvise: case SYS_mlock:
	case SYS_munlock: case SYS_mincore:
		a[1] = PAGE;
		break;
	case SYS_wait4: case SYS_waitid:
		a[0] = c->nr == SYS_wait4 ? ~0ull : 0;		/* -1; P_ALL */
		if (c->nr == SYS_waitid)
			a[3] = WEXITED;
		break;
	case SYS_getgroups: case SYS_setgroups:
		a[0] = 3;
		break;
	case SYS_rlimit:
		a[1] = RLIMIT_NOFILE;
		break;
	case SYS_pctl:
		a[0] = PROC_GETLIM, a[1] = PROC_LIM(RLIMIT_NOFILE);
		break;
	case SYS_sigop:
		a[0] = SIGOP_SETMASK, a[1] = SIGUSR2;
		break;
	case SYS_sigaction:
		a[0] = SIGUSR2;
		break;
	case SYS_sigtimedwait:
		*(uint64_t *)room(0) = 1ull << (SIGUSR1 - 1);
		a[2] = (uintptr_t)room(2);
		break;
	case SYS_clock_gettime: case SYS_clock_getres: case SYS_clock_nanosleep:
		a[0] = CLOCK_MONOTONIC;
		break;
	case SYS_clock_settime:
		a[0] = CLOCK_REALTIME;
		((int64_t *)room(1))[1] = -1;			/* refused: no test may move the clock */
		break;
	case SYS_kill: case SYS_sigqueue:
		a[0] = (uint64_t)getpid();
		break;
	case SYS_shmctl: case SYS_msgctl:
		a[1] = IPC_SET;
		break;
	case SYS_mqrecv:
		a[0] = (uint64_t)queue, a[2] = 64;
		break;
	case SYS_msgsnd:
		a[0] = (uint64_t)queue, a[1] = 1, a[4] = IPC_NOWAIT;
		break;
	case SYS_msgrcv:
		a[0] = (uint64_t)queue, a[4] = IPC_NOWAIT | MSG_NOERROR;
		break;
	case SYS_socketpair:
		a[0] = AF_UNIX, a[1] = SOCK_STREAM;
		break;
	case SYS_bind: case SYS_connect:
		a[0] = (uint64_t)fresh, a[2] = 20;
		break;
	case SYS_accept4: case SYS_getsockname: case SYS_getpeername:
		a[0] = (uint64_t)(c->nr == SYS_accept4 ? door_sock : pair[0]);
		a[1] = (uintptr_t)room(1);
		*(uint32_t *)room(2) = 64;
		break;
	case SYS_getsockopt: case SYS_setsockopt:
		a[0] = (uint64_t)pair[0], a[1] = SOL_SOCKET, a[2] = SO_SNDBUF, a[4] = 4;
		if (c->nr == SYS_getsockopt) {
			a[4] = (uintptr_t)room(4);
			*(uint32_t *)room(4) = 4;
		}
		break;
	case SYS_sendto:
		a[0] = (uint64_t)pair[1], a[5] = 20;
		break;
	case SYS_recvfrom:
		a[0] = (uint64_t)pair[0];
		a[4] = (uintptr_t)room(4);
		*(uint32_t *)room(5) = 64;
		break;
	case SYS_sendmsg: case SYS_recvmsg:
		a[0] = (uint64_t)pair[c->nr == SYS_sendmsg];
		break;
	case SYS_mx_handle_duplicate: case SYS_mx_handle_replace:
		a[1] = RIGHT_SAME;
		break;
	case SYS_mx_object_wait_one:
		a[1] = SIG_SIGNALED;
		break;
	case SYS_mx_object_wait_many: {
		struct abi_wait_item *w = (void *)room(0);

		*w = (struct abi_wait_item){ event, SIG_SIGNALED, 0 };
		a[1] = 1;
		break;
	}
	case SYS_throp:
		a[0] = THR_STKOP;
		break;
	case SYS_mx_futex_wait:
		a[1] = 1, a[2] = 0;		/* not what is there: it does not wait */
		break;
	case SYS_mx_futex_wake:
		a[1] = 1;
		break;
	case SYS_mx_futex_requeue:
		a[1] = a[4] = 1, a[5] = 0;
		break;
	case SYS_mx_object_wait_async:
		a[1] = port, a[3] = SIG_SIGNALED;
		break;
	default:
		break;
	}
}

static int64_t
simple(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	const uint64_t a[NARGS] = { a0, a1, a2 };

	return raw(SYSCALL, nr, a, 0).value;
}

/* A pair with a datagram to read and room for one, a listener with somebody who waits, a new socket. */
static void
sockets(void)
{
	static char bytes[64];
	const struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = SOCK_ };
	struct pollfd f = { .events = POLLIN };
	int client;

	if (send(pair[1], bytes, 32, MSG_DONTWAIT) == -1) {
		close(pair[0]), close(pair[1]);
		socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
		send(pair[1], bytes, 32, MSG_DONTWAIT);
	}
	while (recv(pair[1], bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
		;
	f.fd = door_sock;
	if (door_sock == -1 || poll(&f, 1, 0) != 1 || f.revents != POLLIN) {
		close(door_sock);
		unlink(SOCK_);
		door_sock = socket(AF_UNIX, SOCK_STREAM, 0);
		bind(door_sock, (const void *)&a, sizeof(a));
		listen(door_sock, 5);
		client = socket(AF_UNIX, SOCK_STREAM, 0);
		connect(client, (const void *)&a, sizeof(a));
		close(client);
	}
	close(fresh);
	fresh = socket(AF_UNIX, SOCK_STREAM, 0);
}

/* A socket and a fifo with room, and with something to read: whole elements of 64 bytes. */
static void
queues(void)
{
	static char bytes[4096];

	for (int i = 0; i < 2; i++)
		if (sock[i] != 0)
			simple(SYS_mx_handle_close, sock[i], 0, 0), simple(SYS_mx_handle_close, fifo[i], 0, 0);
	raw(0, SYS_mx_socket_create, (uint64_t[NARGS]){ 0, (uintptr_t)&sock[0], (uintptr_t)&sock[1] }, 0);
	raw(0, SYS_mx_fifo_create, (uint64_t[NARGS]){ 64, 64, 0, (uintptr_t)&fifo[0], (uintptr_t)&fifo[1] }, 0);
	raw(0, SYS_mx_socket_write, (uint64_t[NARGS]){ sock[1], 0, (uintptr_t)bytes, 64, 0 }, 0);
	raw(0, SYS_mx_fifo_write, (uint64_t[NARGS]){ fifo[1], 64, (uintptr_t)bytes, 64, 0 }, 0);
}

/* A channel with something to read; the old one goes with what is in it. */
static void
channels(void)
{
	static char bytes[64];
	static uint32_t carried;

	for (int i = 0; i < 2; i++)
		simple(SYS_mx_handle_close, chan[i], 0, 0);
	raw(0, SYS_mx_channel_create, (uint64_t[NARGS]){ 0, (uintptr_t)&chan[0], (uintptr_t)&chan[1] }, 0);
	simple(SYS_mx_event_create, 0, (uintptr_t)&carried, 0);
	raw(0, SYS_mx_channel_write, (uint64_t[NARGS]){ chan[1], 0, (uintptr_t)bytes, 64, (uintptr_t)&carried, 1 }, 0);
}

/* What a call uses up is there again: a child to wait for, a signal, a packet, the handles. */
static void
replenish(const struct call *c)
{
	static uint32_t out;
	static struct abi_port_packet packet;

	if (simple(SYS_mx_object_signal, event, 0, SIG_SIGNALED) != 0 &&
	    simple(SYS_mx_event_create, 0, (uintptr_t)&out, 0) == 0) {
		event = out;
		simple(SYS_mx_object_signal, event, 0, SIG_SIGNALED);
	}
	if (c->nr == SYS_mx_port_wait || c->nr == SYS_evrecv)
		simple(SYS_mx_port_queue, port, (uintptr_t)&packet, 0);
	if (c->nr >= SYS_mx_socket_create && c->nr <= SYS_mx_fifo_read)
		queues();
	if (c->nr >= SYS_mx_channel_create && c->nr <= SYS_mx_channel_call_finish)
		channels();
	if (c->nr == SYS_mx_vmo_replace_as_executable && simple(SYS_mx_vmo_get_size, vmo, (uintptr_t)room(5), 0) != 0 &&
	    simple(SYS_mx_vmo_create, PAGE, 0, (uintptr_t)&out) == 0)
		vmo = out;
	if (c->nr == SYS_sigtimedwait)
		raise(SIGUSR1);
	if (c->nr == SYS_wait4 || c->nr == SYS_waitid) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
	}
	if (folder != -1 && access(FILE_, F_OK) != 0)
		close(open(FILE_, O_CREAT | O_RDWR, 0644));
	if (c->nr >= SYS_socket && c->nr <= SYS_recvmsg)
		sockets();
	if (c->nr == SYS_msgsnd || c->nr == SYS_msgrcv || c->nr == SYS_mqrecv) {
		static struct { long type; char text[64]; } m = { 1, "" };

		while (msgrcv(queue, &m, sizeof(m.text), 0, IPC_NOWAIT | MSG_NOERROR) >= 0)
			;
		m.type = 1;
		msgsnd(queue, &m, sizeof(m.text), IPC_NOWAIT);
	}
	if (c->nr == SYS_mq_timedsend || c->nr == SYS_mq_timedreceive) {
		static char m[64];

		while (mq_receive(posix_queue, m, sizeof(m), NULL) >= 0)
			;
		mq_send(posix_queue, m, sizeof(m), 0);
	}
	if (c->nr == SYS_symlinkat || c->nr == SYS_mkdirat)
		unlink(HOME "/new"), rmdir(HOME "/new");
	lseek(file, 0, SEEK_SET);
	lseek(folder, 0, SEEK_SET);
}

static void
arguments(const struct call *c, uint64_t a[NARGS])
{
	char type[40];

	memset(scratch, 0, NARGS * 2 * PAGE);
	native = c->nr >= NATIVE;
	replenish(c);
	memset(a, 0, NARGS * sizeof(a[0]));
	for (unsigned i = 0; i < NARGS && type_of(c, i, type) != NULL; i++)
		a[i] = good(c, i, type);
	special(c, a);
}

/* --- what no refused call may change --- */

struct state {
	int descs;
	pid_t pid;
	mode_t mask;
	uint64_t signals;
	char cwd[64];
};

static struct state
state_now(void)
{
	struct state s;

	memset(&s, 0, sizeof(s));
	for (int i = 0; i < 128; i++)
		s.descs += simple(SYS_fcntl, (uint64_t)i, F_GETFD, 0) < 2;
	for (int i = 0; i < 256; i++)
		s.descs += simple(SYS_fcntl, 65536u + (uint64_t)i, F_GETFD, 0) < 2;
	s.pid = getpid();
	s.mask = umask(022);
	umask(s.mask);
	simple(SYS_sigprocmask, 0, 0, (uintptr_t)&s.signals);
	getcwd(s.cwd, sizeof(s.cwd));
	return s;
}

static int
changed(const struct state *a, const struct state *b, const char *what)
{
	if (memcmp(a, b, sizeof(*a)) == 0)
		return 0;
	dprintf(report, "# %s: descriptors %d, then %d; pid %d, %d; umask %o, %o; signals %llx, %llx; cwd %s, %s\n",
	    what, a->descs, b->descs, a->pid, b->pid, (unsigned)a->mask, (unsigned)b->mask,
	    (unsigned long long)a->signals, (unsigned long long)b->signals, a->cwd, b->cwd);
	return 1;
}

/* --- children --- */

/* Runs fn(c, arg) in a child; its result, or 1 and a word when it died or does not come back. */
static int
apart(int (*fn)(const struct call *, unsigned), const struct call *c, unsigned arg)
{
	sigset_t chld, old;
	struct timespec limit = { SECONDS, 0 };
	int status;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		_exit(fn(c, arg));
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (sigtimedwait(&chld, NULL, &limit) == -1 && errno == EAGAIN) {
			kill(pid, SIGKILL);
			child_status(pid);
			dprintf(report, "# %s, argument %u: does not come back\n", c->name, arg + 1);
			sigprocmask(SIG_SETMASK, &old, NULL);
			return 1;
		}
	}
	while (sigtimedwait(&chld, NULL, &(struct timespec){ 0, 0 }) != -1)
		;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (WIFSIGNALED(status))
		dprintf(report, "# %s, argument %u: ended by signal %d\n", c->name, arg + 1, WTERMSIG(status));
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* --- S1: pointers --- */

static struct {
	const char *name;
	uint64_t value;
	int output_only;
} bad[] = {
	{ "NULL", 0, 0 }, { "1", 1, 0 }, { "8", 8, 0 }, { "unmapped", 0, 0 }, { "PROT_NONE", 0, 0 },
	{ "read-only", 0, 1 }, { "last byte", 0, 0 }, { "last user byte", 0x7fffffffdfffull, 0 },
	{ "user end", 0x7fffffffe000ull, 0 }, { "end of the lower half", 0x7ffffffff000ull, 0 },
	{ "non-canonical", 0x0000800000000000ull, 0 }, { "kernel text", 0xffffffff80100000ull, 0 },
	{ "direct map", 0xffff800000001000ull, 0 }, { "kmap", 0xffffc00000001000ull, 0 },
	{ "-1", ~0ull, 0 }, { "-8", ~0ull - 7, 0 },
};
#define NBAD	(sizeof(bad) / sizeof(bad[0]))
enum { BAD_NULL = 0, BAD_UNMAPPED = 3, BAD_NONE = 4, BAD_READONLY = 5, BAD_LAST = 6, BAD_LAST_USER = 7 };

/* Whether a byte can be read there. */
static int
copies(uint64_t addr)
{
	int p[2], n;

	pipe(p);
	n = (int)write(p[1], (void *)addr, 1);
	close(p[0]), close(p[1]);
	return n == 1;
}

/* NONE, readable only, one byte short of nothing: between pages that do not exist. */
static void
bad_init(void)
{
	char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	memset(p, 'z', 16 * PAGE);
	/* As input the page that cannot be written is good. */
	*(struct abi_wait_item *)(p + 4 * PAGE) = (struct abi_wait_item){ event, SIG_SIGNALED, 0 };
	mprotect(p + 2 * PAGE, PAGE, PROT_NONE);
	mprotect(p + 4 * PAGE, PAGE, PROT_READ);
	munmap(p, PAGE), munmap(p + 5 * PAGE, PAGE), munmap(p + 8 * PAGE, PAGE), munmap(p + 10 * PAGE, 6 * PAGE);
	/* The stack may begin at the end of user space: then its last byte is good. */
	if (copies(bad[BAD_LAST_USER].value))
		bad[BAD_LAST_USER].value = 8;
	bad[BAD_UNMAPPED].value = (uintptr_t)p;
	bad[BAD_NONE].value = (uintptr_t)p + 2 * PAGE;
	bad[BAD_READONLY].value = (uintptr_t)p + 4 * PAGE;
	bad[BAD_LAST].value = (uintptr_t)p + 8 * PAGE - 1;
}

static int
refused(const struct call *c, struct answer got)
{
	return c->nr >= NATIVE ? (int32_t)got.value == MX_ERR_INVALID_ARGS :
	    got.carry && got.value == EFAULT;
}

/* What answers with less than EFAULT and why. */
static int
excused(const struct call *c, unsigned arg, unsigned b, struct answer got)
{
	int ok_empty = !got.carry && got.value == 0, one = !got.carry && got.value == 1;

	/* One byte was there. */
	if (b == BAD_LAST && (is(c, SYS_read) || is(c, SYS_write) || is(c, SYS_pread) || is(c, SYS_pwrite) ||
	    is(c, SYS_getrandom) || is(c, SYS_mincore)))
		return one || (is(c, SYS_mincore) && ok_empty);
	/* Written only by an interrupted sleep. */
	if (is(c, SYS_clock_nanosleep) && arg == 3)
		return ok_empty;
	return 0;
}

static int
pointer(const struct call *c, unsigned arg)
{
	struct state before, after;
	struct answer got;
	uint64_t a[NARGS];
	char type[40];
	int faults = 0, out;

	type_of(c, arg, type);
	out = written(c, arg, type);
	arguments(c, a);
	before = state_now();
	for (unsigned b = 0; b < NBAD; b++) {
		if ((bad[b].output_only && !out) || (b == BAD_NULL && may_be_absent(c, arg, type)))
			continue;
		for (int door = 0; door < NDOORS; door++) {
			arguments(c, a);
			a[arg] = bad[b].value;
			got = raw(door, c->nr, a, c->nr < NATIVE);
			if (refused(c, got) || excused(c, arg, b, got))
				continue;
			dprintf(report, "# %s, argument %u, %s, %s: %lld, carry %d\n", c->name, arg + 1, bad[b].name,
			    doors[door], (long long)got.value, got.carry);
			faults++;
		}
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	arguments(c, a);
	after = state_now();
	return faults + changed(&before, &after, c->name) != 0;
}

/* A frame that cannot be read ends the program. */
static int
forged_frames(void)
{
	int faults = 0;

	for (unsigned b = 0; b < NBAD; b++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			simple(SYS_sigreturn, bad[b].value, 0, 0);
			_exit(0);
		}
		status = child_status(pid);
		if (bad[b].output_only || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV))
			continue;
		dprintf(report, "# sigreturn, %s: status %x\n", bad[b].name, status);
		faults++;
	}
	return faults;
}

static void
pointers(void)
{
	char type[40];

	for (unsigned i = 0; i < NCALLS; i++) {
		const struct call *c = &calls[i];

		if (is(c, SYS_sigreturn)) {
			ok(forged_frames() == 0, "sigreturn: a bad frame is SIGSEGV");
			continue;
		}
		/* Asks for a suspended thread first: thread.c; is the kernel's own. */
		if (is(c, SYS_mx_thread_read_state) || is(c, SYS_mx_channel_call_finish))
			continue;
		for (unsigned arg = 0; arg < NARGS && type_of(c, arg, type) != NULL; arg++)
			/* The last two of a call are written when a reply has come: channel.c. */
			if (is_pointer(type) && !(is(c, SYS_mx_channel_call) && arg > 3))
				ok(apart(pointer, c, arg) == 0, "%s: argument %u (%s) at bad addresses", c->name, arg + 1,
				    type);
	}
}

/* --- pointers inside of what pointers point at --- */

#define HERE	0x5a5a5a5aull

struct nested {
	const char *name;
	unsigned nr;
	uint64_t args[4];	/* HERE stands for the address of the struct */
	unsigned word;		/* of the struct: takes the bad address */
	uint64_t fill[8];	/* the other words */
};
static struct nested nested;

static int
nested_cell(const struct call *c, unsigned arg)
{
	int faults = 0;

	for (unsigned b = 1; b < NBAD; b++) {
		uint64_t *s = (uint64_t *)room(0), a[NARGS] = { 0 };
		struct answer got;

		if (b == BAD_READONLY || b == BAD_LAST)
			continue;
		replenish(c);
		memcpy(s, nested.fill, sizeof(nested.fill));
		s[nested.word] = bad[b].value;
		for (unsigned i = 0; i < 4; i++)
			a[i] = nested.args[i] == HERE ? (uintptr_t)s : nested.args[i];
		got = raw(b % NDOORS, c->nr, a, 1);
		if (got.carry && got.value == EFAULT)
			continue;
		dprintf(report, "# %s, %s: %lld, carry %d\n", nested.name, bad[b].name, (long long)got.value, got.carry);
		faults++;
	}
	return faults != 0;
}

static void
inner(const char *name, unsigned nr, const uint64_t args[4], unsigned word, const uint64_t fill[8])
{
	struct call c = { nr, name, "", "" };

	nested = (struct nested){ name, nr, { 0 }, word, { 0 } };
	memcpy(nested.args, args, sizeof(nested.args));
	memcpy(nested.fill, fill, sizeof(nested.fill));
	ok(apart(nested_cell, &c, word) == 0, "%s at bad addresses", name);
}

static void
inner_pointers(void)
{
	char *name = strcpy(room(3), "vm.aslr"), *value = room(4);
	uint64_t *length = (uint64_t *)room(5);
	const uint64_t f = (uint64_t)file, text = (uintptr_t)strcpy(room(2), "/bin/true");

	*length = 64;
	inner("base of readv", SYS_readv, (uint64_t[4]){ f, HERE, 1 }, 0, (uint64_t[8]){ 0, 64 });
	inner("base of writev", SYS_writev, (uint64_t[4]){ f, HERE, 1 }, 0, (uint64_t[8]){ 0, 64 });
	inner("base of preadv", SYS_preadv, (uint64_t[4]){ f, HERE, 1, 0 }, 0, (uint64_t[8]){ 0, 64 });
	inner("base of pwritev", SYS_pwritev, (uint64_t[4]){ f, HERE, 1, 0 }, 0, (uint64_t[8]){ 0, 64 });
	inner("argv[0] of exec", SYS_exec, (uint64_t[4]){ text, HERE, 0 }, 0, (uint64_t[8]){ 0 });
	inner("argv[1] of exec", SYS_exec, (uint64_t[4]){ text, HERE, 0 }, 1, (uint64_t[8]){ text });
	inner("envp[0] of exec", SYS_exec, (uint64_t[4]){ text, 0, HERE }, 0, (uint64_t[8]){ 0 });
	inner("name of sysctl", SYS_sysctl, (uint64_t[4]){ SYSCTL_BYNAME, 40, HERE }, 0, (uint64_t[8]){ 0 });
	inner("old value of sysctl", SYS_sysctl, (uint64_t[4]){ SYSCTL_BYNAME, 40, HERE }, 1,
	    (uint64_t[8]){ (uintptr_t)name, 0, (uintptr_t)length });
	inner("old length of sysctl", SYS_sysctl, (uint64_t[4]){ SYSCTL_BYNAME, 40, HERE }, 2,
	    (uint64_t[8]){ (uintptr_t)name, (uintptr_t)value, 0 });
	inner("new value of sysctl", SYS_sysctl, (uint64_t[4]){ SYSCTL_BYNAME, 40, HERE }, 3,
	    (uint64_t[8]){ (uintptr_t)name, 0, 0, 0, 4 });
}

/* --- fcntl and ioctl: the argument is a pointer by command --- */

static uint64_t command;

static int
by_command(const struct call *c, unsigned arg)
{
	int faults = 0;

	for (unsigned b = 0; b < NBAD; b++) {
		const uint64_t a[NARGS] = { is(c, SYS_fcntl) ? (uint64_t)file : (uint64_t)tty, command, bad[b].value };
		struct answer got;

		if (b == BAD_READONLY)
			continue;
		got = raw(b % NDOORS, c->nr, a, 0);
		if (got.carry && got.value == EFAULT)
			continue;
		dprintf(report, "# %s %llx, %s: %lld, carry %d\n", c->name, (unsigned long long)command, bad[b].name,
		    (long long)got.value, got.carry);
		faults++;
	}
	return faults != 0;
}

static void
commands(void)
{
	static const struct call fc = { SYS_fcntl, "fcntl", "", "" }, io = { SYS_ioctl, "ioctl", "", "" };
	static const struct { uint64_t cmd; const char *name; } fcntls[] = {
		{ F_GETLK, "F_GETLK" }, { F_SETLK, "F_SETLK" }, { F_SETLKW, "F_SETLKW" },
	}, ioctls[] = {
		{ TIOCGWINSZ, "TIOCGWINSZ" }, { TIOCSWINSZ, "TIOCSWINSZ" }, { TIOCGPGRP, "TIOCGPGRP" },
		{ FIONREAD, "FIONREAD" }, { FIONBIO, "FIONBIO" },
		{ TCGETS, "TCGETS" }, { TCSETS, "TCSETS" }, { TCSETSW, "TCSETSW" }, { TCSETSF, "TCSETSF" },
	};

	for (unsigned i = 0; i < sizeof(fcntls) / sizeof(fcntls[0]); i++) {
		command = fcntls[i].cmd;
		ok(apart(by_command, &fc, 2) == 0, "fcntl %s at bad addresses", fcntls[i].name);
	}
	for (unsigned i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
		command = ioctls[i].cmd;
		ok(apart(by_command, &io, 2) == 0, "ioctl %s at bad addresses", ioctls[i].name);
	}
}

/* --- S2: numbers --- */

static const uint64_t extreme[] = { 0, 1, 4095, 4096, 65535, 65536, (1ull << 31) - 1, 1ull << 31,
	(1ull << 32) - 1, 1ull << 32, (1ull << 47) - 1, (1ull << 63) - 1, 1ull << 63, ~0ull - 4095, ~0ull - 1,
	~0ull };
#define NEXTREME (sizeof(extreme) / sizeof(extreme[0]))

/* The thread base is used by the program itself: it is put back in the next instruction. */
static struct answer
raw_any(int door, const struct call *c, const uint64_t a[NARGS])
{
	uint64_t base;
	struct answer got;

	if (!is(c, SYS_set_tls))
		return raw(door, c->nr, a, c->nr < NATIVE);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(base));
	got = raw(door, c->nr, a, 1);
	raw(door, c->nr, (uint64_t[NARGS]){ base }, 0);
	return got;
}

/* An errno or a status that exists; a call that is there is never ENOSYS. */
static int
sound(const struct call *c, struct answer got)
{
	if (c->nr >= NATIVE)
		return got.value == (int32_t)got.value && got.value <= 0 && got.value >= MX_ERR_IO &&
		    got.value != MX_ERR_INTERNAL && got.value != MX_ERR_BAD_SYSCALL && !got.carry;
	return !got.carry || (got.value > 0 && got.value < 134 && got.value != ENOSYS);
}

static int
number(const struct call *c, unsigned arg)
{
	int faults = 0;

	signal(SIGHUP, SIG_IGN);	/* number 1 */
	dup2(nowhere, 0), dup2(nowhere, 1);
	for (unsigned e = 0; e < NEXTREME; e++) {
		/* A child of vfork may not come back from where it was made. */
		if (is(c, SYS_fork) && extreme[e] == FORK_VFORK)
			continue;
		/* Who waits for a signal waits for ever. */
		if (is(c, SYS_sigop) && arg == 0 && extreme[e] == SIGOP_WAIT)
			continue;
		for (int door = 0; door < NDOORS; door++) {
			uint64_t a[NARGS];
			struct answer got;

			arguments(c, a);
			a[arg] = extreme[e];
			got = raw_any(door, c, a);
			if (is(c, SYS_fork) && !got.carry) {
				if (got.value == 0)
					_exit(0);
				waitpid((pid_t)got.value, NULL, 0);
			}
			if (sound(c, got))
				continue;
			dprintf(report, "# %s, argument %u = %llx, %s: %lld, carry %d\n", c->name, arg + 1,
			    (unsigned long long)extreme[e], doors[door], (long long)got.value, got.carry);
			faults++;
		}
	}
	return faults != 0;
}

static void
numbers(void)
{
	char type[40];

	for (unsigned i = 0; i < NCALLS; i++) {
		const struct call *c = &calls[i];

		/* These end the program or the machine by every argument, or sleep until a time that does not come. */
		if (is(c, SYS_exit) || is(c, SYS_abort) || is(c, SYS_halt) || is(c, SYS_sigreturn) ||
		    is(c, SYS_mx_nanosleep))
			continue;
		for (unsigned arg = 0; arg < NARGS && type_of(c, arg, type) != NULL; arg++)
			if (!is_pointer(type))
				ok(apart(number, c, arg) == 0, "%s: extremes of argument %u (%s)", c->name, arg + 1, type);
	}
}

/* --- sums that wrap --- */

#define TOP	(~0ull - PAGE + 1)	/* the last page address */
#define OFF_MAX	((uint64_t)INT64_MAX)

struct sum {
	const char *name;
	unsigned nr;
	uint64_t a[NARGS];
	int first, second;	/* errnos */
};
static struct sum sum;

static int
sum_cell(const struct call *c, unsigned arg)
{
	int faults = 0;

	for (int door = 0; door < NDOORS; door++) {
		struct answer got = raw(door, c->nr, sum.a, 0);

		if (got.carry && (got.value == sum.first || (sum.second != 0 && got.value == sum.second)))
			continue;
		dprintf(report, "# %s, %s: %lld, carry %d\n", sum.name, doors[door], (long long)got.value, got.carry);
		faults++;
	}
	return faults != 0;
}

static int
maps(char *to, int size)
{
	int fd = open("/proc/self/maps", O_RDONLY), n = 0, k;

	while (fd != -1 && n < size && (k = (int)read(fd, to + n, (size_t)(size - n))) > 0)
		n += k;
	close(fd);
	return n;
}

static void
sums(void)
{
	static char before[16384], after[16384];
	const uint64_t f = (uint64_t)file, s = (uintptr_t)scratch, r = (uintptr_t)region, none = ~0ull;
	struct flock *lock = (void *)room(5);
	uint64_t *iov = (uint64_t *)room(4);
	const uint64_t v = (uintptr_t)iov, l = (uintptr_t)lock;
	const struct sum all[] = {
		{ "read beyond SSIZE_MAX", SYS_read, { f, s, OFF_MAX + 1 }, EINVAL, 0 },
		{ "write beyond SSIZE_MAX", SYS_write, { f, s, ~0ull }, EINVAL, 0 },
		{ "pwrite over the largest offset", SYS_pwrite, { f, s, 64, OFF_MAX - 10 }, EFBIG, EINVAL },
		{ "pwrite at the largest offset", SYS_pwrite, { f, s, 1, OFF_MAX }, EFBIG, EINVAL },
		{ "pwrite before the first", SYS_pwrite, { f, s, 1, none }, EINVAL, 0 },
		{ "pread before the first", SYS_pread, { f, s, 1, OFF_MAX + 1 }, EINVAL, 0 },
		{ "preadv before the first", SYS_preadv, { f, v, 1, none }, EINVAL, 0 },
		{ "readv of -1 pieces", SYS_readv, { f, v, none }, EINVAL, 0 },
		{ "readv of too many pieces", SYS_readv, { f, v, 1025 }, EINVAL, 0 },
		{ "readv whose sum wraps", SYS_readv, { f, v, 2 }, EINVAL, 0 },
		{ "writev whose sum wraps", SYS_writev, { f, v, 2 }, EINVAL, 0 },
		{ "lseek over the end", SYS_lseek, { f, OFF_MAX, SEEK_END }, EOVERFLOW, EINVAL },
		{ "lseek before the start", SYS_lseek, { f, none, SEEK_SET }, EINVAL, 0 },
		{ "lseek by the most negative", SYS_lseek, { f, OFF_MAX + 1, SEEK_END }, EINVAL, EOVERFLOW },
		{ "ftruncate to -1", SYS_ftruncate, { f, none }, EINVAL, 0 },
		{ "ftruncate to the most", SYS_ftruncate, { f, OFF_MAX }, EFBIG, EINVAL },
		{ "fallocate whose sum wraps", SYS_fallocate, { f, OFF_MAX, OFF_MAX }, EFBIG, EINVAL },
		{ "fallocate of nothing", SYS_fallocate, { f, 0, 0 }, EINVAL, 0 },
		{ "fallocate of less", SYS_fallocate, { f, 0, none }, EINVAL, 0 },
		{ "a lock whose end wraps", SYS_fcntl, { f, F_SETLK, l }, EOVERFLOW, EINVAL },
		{ "poll of 2^60", SYS_ppoll, { s, 1ull << 60 }, EINVAL, 0 },
		{ "poll of 2^61, whose bytes are 0", SYS_ppoll, { s, 1ull << 61 }, EINVAL, 0 },
		{ "select of -1", SYS_pselect, { none }, EINVAL, 0 },
		{ "select of 2^31 - 1", SYS_pselect, { INT32_MAX, s }, EINVAL, 0 },
		{ "getgroups of -1", SYS_getgroups, { none, s }, EINVAL, 0 },
		{ "setgroups of -1", SYS_setgroups, { none, s }, EINVAL, 0 },
		{ "setgroups of 2^30, whose bytes are 0", SYS_setgroups, { 1u << 30, s }, EINVAL, 0 },
		{ "mmap of nothing", SYS_mmap, { 0, 0, 1, MAP_PRIVATE | MAP_ANON, none, 0 }, EINVAL, 0 },
		{ "mmap of all", SYS_mmap, { 0, ~0ull, 1, MAP_PRIVATE | MAP_ANON, none, 0 }, ENOMEM, EINVAL },
		{ "mmap of half", SYS_mmap, { 0, 1ull << 63, 1, MAP_PRIVATE | MAP_ANON, none, 0 }, ENOMEM, EINVAL },
		{ "mmap at the top", SYS_mmap, { TOP, PAGE, 1, MAP_PRIVATE | MAP_ANON | MAP_FIXED, none, 0 }, ENOMEM, EINVAL },
		{ "mmap over the top", SYS_mmap, { TOP, 2 * PAGE, 1, MAP_PRIVATE | MAP_ANON | MAP_FIXED, none, 0 }, ENOMEM,
		    EINVAL },
		{ "mmap of the kernel", SYS_mmap, { 0xffffffff80100000ull, PAGE, 3, MAP_PRIVATE | MAP_ANON | MAP_FIXED, none,
		    0 }, ENOMEM, EINVAL },
		{ "mmap over the end of user space", SYS_mmap, { 0x7fffffffd000ull, 4 * PAGE, 1,
		    MAP_PRIVATE | MAP_ANON | MAP_FIXED, none, 0 }, ENOMEM, EINVAL },
		{ "mmap at address 0", SYS_mmap, { 0, PAGE, 1, MAP_PRIVATE | MAP_ANON | MAP_FIXED, none, 0 }, ENOMEM, EINVAL },
		{ "mmap of a file whose offset wraps", SYS_mmap, { 0, 2 * PAGE, 1, MAP_PRIVATE, f, 0x7ffffffffffff000ull },
		    EOVERFLOW, EINVAL },
		{ "mmap at half a page of a file", SYS_mmap, { 0, PAGE, 1, MAP_PRIVATE, f, 2048 }, EINVAL, 0 },
		{ "munmap whose end wraps", SYS_munmap, { r, 0 - r }, EINVAL, 0 },
		{ "munmap of nothing", SYS_munmap, { r, 0 }, EINVAL, 0 },
		{ "munmap of the kernel", SYS_munmap, { 0xffffffff80100000ull, PAGE }, EINVAL, 0 },
		{ "mprotect whose end wraps", SYS_mprotect, { r, 0 - r, 1 }, ENOMEM, EINVAL },
		{ "mprotect of the kernel", SYS_mprotect, { 0xffffffff80100000ull, PAGE, 3 }, ENOMEM, EINVAL },
		{ "msync whose end wraps", SYS_msync, { r, 0 - r, MS_SYNC }, ENOMEM, EINVAL },
		{ "madvise whose end wraps", SYS_madvise, { r, 0 - r, MADV_DONTNEED }, ENOMEM, EINVAL },
		{ "mlock whose end wraps", SYS_mlock, { r, 0 - r }, ENOMEM, EINVAL },
		{ "mincore whose end wraps", SYS_mincore, { r, 0 - r, s }, ENOMEM, EINVAL },
	};
	int n;

	memset(scratch, 0, NARGS * 2 * PAGE);
	iov[0] = s, iov[1] = OFF_MAX, iov[2] = s, iov[3] = OFF_MAX;
	lock->l_type = F_RDLCK, lock->l_whence = SEEK_SET, lock->l_start = INT64_MAX, lock->l_len = INT64_MAX;
	maps(before, sizeof(before));
	n = maps(before, sizeof(before));
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct call c = { all[i].nr, all[i].name, "", "" };

		sum = all[i];
		ok(apart(sum_cell, &c, 0) == 0, "%s", all[i].name);
		if (sum_cell(&c, 0) != 0)	/* here too: the memory below is this program's */
			break;
	}
	ok(maps(after, sizeof(after)) == n && memcmp(before, after, (size_t)n) == 0, "the memory is as it was");
}

/* --- S3: numbers that are no call --- */

static int
is_call(uint64_t nr)
{
	for (unsigned i = 0; i < NCALLS; i++)
		if (calls[i].nr == nr)
			return 1;
	return 0;
}

static int
no_call(int door, uint64_t nr)
{
	static const uint64_t a[NARGS] = { ~0ull, 8, 0xffffffff80100000ull, 1, 2, 3 };
	int faults = 0;

	for (int carry = 0; carry < 2; carry++) {
		struct answer got = raw(door, nr, a, carry);
		int good_answer = nr >= NATIVE && nr < 1024 ?
		    got.value == MX_ERR_BAD_SYSCALL && got.carry == carry : got.value == ENOSYS && got.carry;

		if (good_answer)
			continue;
		dprintf(report, "# call %llx, %s: %lld, carry %d\n", (unsigned long long)nr, doors[door],
		    (long long)got.value, got.carry);
		faults++;
	}
	return faults;
}

static void
no_calls(void)
{
	static const uint64_t far[] = { ~0ull, ~0ull - 1, 1ull << 31, (1ull << 31) - 1, 1ull << 63, 1ull << 32,
		(1ull << 32) + SYS_getpid, (1ull << 31) + SYS_getpid, (1ull << 30) + SYS_getpid,
		(1ull << 63) + SYS_getpid, (1ull << 16) + SYS_getpid, 0xffffffffull, 0xffffffff00000000ull };

	for (int door = 0; door < NDOORS; door++) {
		for (uint64_t from = 0; from < 4096; from += 512) {
			int faults = 0;

			for (uint64_t nr = from; nr < from + 512; nr++)
				if (!is_call(nr))
					faults += no_call(door, nr);
			ok(faults == 0, "numbers %d to %d that are no call, by %s", (int)from, (int)from + 511, doors[door]);
		}
		for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++)
			ok(no_call(door, far[i]) == 0, "number %llx by %s", (unsigned long long)far[i], doors[door]);
	}
}

int
main(void)
{
	struct utsname host;
	gid_t groups[3] = { 0, 1, 2 };
	sigset_t usr1;
	uint32_t out;

	report = fcntl(1, F_DUPFD, 60);
	nowhere = open("/tmp/nowhere", O_RDWR | O_CREAT, 0600);
	mkdir(HOME, 0755);
	chdir(HOME);
	file = open(FILE_, O_RDWR | O_CREAT, 0644);
	write(file, "0123456789012345678901234567890123456789012345678901234567890123456789", 70);
	symlink("target", LINK_);
	/* Not one of the first ids, which are what other calls are tried with. */
	for (int i = 0; i < 20; i++) {
		if (i > 0)
			msgctl(queue, IPC_RMID, NULL);
		queue = msgget(IPC_PRIVATE, 0600);
	}
	posix_queue = mq_open("/badargs", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &(struct mq_attr){ 0, 4, 64, 0 });
	folder = open(HOME, O_RDONLY | O_DIRECTORY);
	tty = posix_openpt(O_RDWR | O_NOCTTY);
	is_int(simple(SYS_mx_event_create, 0, (uintptr_t)&out, 0), 0, "an event");
	event = out;
	is_int(simple(SYS_mx_port_create, 0, (uintptr_t)&out, 0), 0, "a port");
	port = out;
	is_int(simple(SYS_mx_timer_create, 0, 0, (uintptr_t)&out), 0, "a timer");
	timer = out;
	is_int(simple(SYS_mx_vmo_create, PAGE, 0, (uintptr_t)&out), 0, "a VMO");
	vmo = out;
	is_int(simple(SYS_mx_job_create, 4u << 18, 0, (uintptr_t)&out), 0, "a job");
	job = out;
	ok(file >= 0 && folder >= 0 && tty >= 0, "files to work on");
	setgroups(3, groups);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	uname(&host);
	scratch = mmap((void *)0x10000000000, NARGS * 2 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	region = mmap((void *)0x20000000000, 16 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	ok(scratch != MAP_FAILED && region != MAP_FAILED, "memory to work on");
	bad_init();
	pointers();
	inner_pointers();
	commands();
	numbers();
	sums();
	sethostname(host.nodename, strlen(host.nodename));
	no_calls();
	chdir("/");
	unlink("/tmp/nowhere"), unlink(FILE_), unlink(LINK_), unlink(SOCK_), rmdir(HOME "/new"), unlink(HOME "/new");
	is_int(rmdir(HOME) | msgctl(queue, IPC_RMID, NULL) | mq_unlink("/badargs"), 0, "nothing is left");
	return tap_done();
}
