/*
 * Processes made natively: create, start, exit, kill, memory, what they inherit, and that they are
 * processes like all others.  Their code is the section `blob' of this program: it touches nothing outside
 * of itself and its stack.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include <abi/info.h>
#include <abi/pctl.h>
#include <abi/resource.h>
#include <abi/signal.h>
#include <abi/stat.h>
#include <abi/task.h>
#include <abi/vmo.h>
#include "handle.h"
#include "sysuser.h"
#include "sysnum.h"
#include "tap.h"

#define BLOB	__attribute__((section("blob"), noinline, used, no_stack_protector))
#define BAD	((void *)0x10)
#define TERM	MX_TASK_TERMINATED
#define JAIL	"/tmp/nproc.jail"

extern const char __start_blob[], __stop_blob[];

/* --- what runs in them --------------------------------------------------------------------------- */

__attribute__((always_inline)) static inline long
sys3(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall\n\tjnc 1f\n\tneg %%rax\n1:" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c)
	    : "rcx", "r11", "memory", "cc");
	return result;
}

__attribute__((always_inline)) static inline long
nat3(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory", "cc");
	return (int32_t)result;
}

__attribute__((always_inline)) static inline long
nat4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory", "cc");
	return (int32_t)result;
}

/* Ends with its second argument. */
BLOB static void
b_exit(long arg1, long arg2)
{
	nat3(SYS_mx_process_exit, arg2, 0, 0);
}

/* The first argument is a handle of an event: signals it, and ends with its value's low bits. */
BLOB static void
b_signal(long arg1, long arg2)
{
	long status = nat3(SYS_mx_object_signal, arg1, 0, arg2);

	nat3(SYS_mx_process_exit, status, 0, 0);
}

/* POSIX calls in a process that no fork made.  0, or the number of the step that went wrong. */
BLOB static void
b_posix(long arg1, long arg2)
{
	int fds[2];
	char c = 'x', d = 0;
	int status = 0;
	long pid, step = 0;

	if (sys3(SYS_close, 0, 0, 0) != -9)
		step = 1;		/* the table is empty */
	else if (sys3(SYS_getppid, 0, 0, 0) != arg2)
		step = 2;
	else if (sys3(SYS_pipe, (long)fds, 0, 0) != 0 || fds[0] != 0 || fds[1] != 1)
		step = 3;
	else if (sys3(SYS_write, fds[1], (long)&c, 1) != 1 || sys3(SYS_read, fds[0], (long)&d, 1) != 1 || d != c)
		step = 4;
	if (step == 0) {
		pid = sys3(SYS_fork, 0, 0, 0);
		if (pid == 0) {
			c = 'y';
			sys3(SYS_write, 1, (long)&c, 1);
			sys3(SYS_exit, 3, 0, 0);
		}
		if (pid < 0)
			step = 5;
		else if (sys3(SYS_wait4, -1, (long)&status, 0) != pid || status != 3 << 8)
			step = 6;
		else if (sys3(SYS_read, 0, (long)&d, 1) != 1 || d != 'y')
			step = 7;
	}
	if (step == 0 && nat3(SYS_mx_object_wait_one, MX_HANDLE_PROCESS_SELF, TERM, 0) != -21)
		step = 8;		/* TIMED_OUT: its own pseudo-handle */
	sys3(SYS_exit, step, 0, 0);
}

/* Waits for USER_SIGNAL_0 of the event, then signals the bit. */
BLOB static void
b_wait_signal(long arg1, long arg2)
{
	nat4(SYS_mx_object_wait_one, arg1, MX_USER_SIGNAL_0, -1ul >> 1, 0);
	nat3(SYS_mx_object_signal, arg1, 0, arg2);
	nat3(SYS_mx_process_exit, 0, 0, 0);
}

/* Waits for ever, in a way that signals end. */
BLOB static void
b_sleep(long arg1, long arg2)
{
	for (;;)
		nat3(SYS_mx_object_wait_one, MX_HANDLE_PROCESS_SELF, TERM, -1ul >> 1);
}

/* A fault. */
BLOB static void
b_fault(long arg1, long arg2)
{
	*(volatile char *)16 = 1;
}

/* Is its process-self, thread-self, vmar-root, job-default (bits of the first argument) there? */
BLOB static void
b_selves(long arg1, long arg2)
{
	long there = 0;
	uint32_t h;

	for (long i = 1; i <= 4; i++)
		if (nat3(SYS_mx_handle_duplicate, i << 18, 1l << 31, (long)&h) == 0)
			there |= 1 << i;
	nat3(SYS_mx_process_exit, there, 0, 0);
}

/* Bits for what it has of its maker, in_jail() below. */
BLOB static void
b_inherits(long arg1, long arg2)
{
	struct abi_sigaction act;
	struct abi_rlimit lim;
	struct abi_stat st;
	uint32_t id[3];
	uint64_t mask;
	char name[16];
	long has = 0;

	if (sys3(SYS_getresuid, (long)&id[0], (long)&id[1], (long)&id[2]) == 0 && id[0] == 1000 && id[1] == 1000 && id[2] == 1000)
		has |= 1;
	name[0] = '/', name[1] = 'm', name[2] = 0;
	if (nat4(SYS_fstatat, -100, (long)name, (long)&st, 0) == 0)
		has |= 2;		/* the root */
	if (sys3(SYS_getcwd, (long)name, sizeof(name), 0) > 0 && name[0] == '/' && name[1] == 's' && name[2] == 0)
		has |= 4;
	if (sys3(SYS_umask, 0, 0, 0) == 027)
		has |= 8;
	if (sys3(SYS_getsid, 0, 0, 0) == arg2 && sys3(SYS_getpgid, 0, 0, 0) == arg2)
		has |= 16;
	if (sys3(SYS_pctl, PROC_GETLIM, PROC_LIM(RLIMIT_NOFILE), (long)&lim) == 0 && lim.cur == 77)
		has |= 32;
	if (sys3(SYS_sigaction, SIGUSR1, 0, (long)&act) == 0 && act.handler == 0)
		has |= 64;		/* ignored in its maker */
	if (sys3(SYS_sigprocmask, SIG_BLOCK, 0, (long)&mask) == 0 && mask == 0)
		has |= 128;		/* blocked in its maker */
	nat3(SYS_mx_process_exit, has, 0, 0);
}

/* --- making them ----------------------------------------------------------------------------------- */

struct made {
	mx_handle_t process, vmar, thread;
	mx_vaddr_t code, sp;
};

static mx_handle_t
vmo_with(const void *data, size_t size)
{
	mx_handle_t vmo = MX_HANDLE_INVALID;

	mx_vmo_create(size, 0, &vmo);
	if (data != NULL)
		mx_vmo_write(vmo, data, 0, size);
	return vmo;
}

/* A process with the blob and a stack in it. */
static struct made
make_in(mx_handle_t job, uint32_t options)
{
	struct made m = { 0 };
	mx_handle_t vmo;

	if (mx_process_create(job, "made", 4, options, &m.process, &m.vmar) != MX_OK)
		return m;
	vmo = vmo_with(__start_blob, (size_t)(__stop_blob - __start_blob));
	mx_vmo_replace_as_executable(vmo, MX_HANDLE_INVALID, &vmo);
	if (mx_vmar_map(m.vmar, MX_VM_PERM_READ | MX_VM_PERM_EXECUTE, 0, vmo, 0,
	    ((size_t)(__stop_blob - __start_blob) + 4095) & ~4095ul, &m.code) != MX_OK)
		tap_print("# the code could not be mapped\n");
	mx_handle_close(vmo);
	vmo = vmo_with(NULL, 16384);
	if (mx_vmar_map(m.vmar, MX_VM_PERM_READ | MX_VM_PERM_WRITE, 0, vmo, 0, 16384, &m.sp) != MX_OK)
		tap_print("# the stack could not be mapped\n");
	mx_handle_close(vmo);
	m.sp += 16384 - 8;
	if (mx_thread_create(m.process, "first", 5, 0, &m.thread) != MX_OK)
		tap_print("# no thread\n");
	return m;
}

static struct made
make(void)
{
	return make_in(mx_job_default(), 0);
}

static mx_vaddr_t
entry(const struct made *m, void (*fn)(long, long))
{
	return m->code + (mx_vaddr_t)((const char *)fn - __start_blob);
}

static mx_status_t
start(const struct made *m, void (*fn)(long, long), mx_handle_t arg1, uintptr_t arg2)
{
	return mx_process_start(m->process, m->thread, entry(m, fn), m->sp, arg1, arg2);
}

static void
drop(struct made *m)
{
	mx_handle_close(m->process);
	mx_handle_close(m->vmar);
	mx_handle_close(m->thread);
}

static mx_info_process_t
info_of(mx_handle_t h)
{
	mx_info_process_t info = { .return_code = -99 };

	mx_object_get_info(h, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL);
	return info;
}

/* Waits for the end; the return code. */
static long
code_of(const struct made *m)
{
	mx_info_process_t info;

	if (mx_object_wait_one(m->process, TERM, mx_deadline_after(MX_SEC(10)), NULL) != MX_OK)
		return -77777;
	info = info_of(m->process);
	return (long)info.return_code;
}

static long
run(void (*fn)(long, long), uintptr_t arg2)
{
	struct made m = make();
	long code = start(&m, fn, MX_HANDLE_INVALID, arg2) == MX_OK ? code_of(&m) : -66666;

	drop(&m);
	return code;
}

/* --- create ------------------------------------------------------------------------------------------ */

static void
creates(void)
{
	mx_handle_t p = 7, v = 8, weak, event;
	mx_info_handle_basic_t b;
	mx_info_process_t info;
	char name[32];

	is_int(mx_process_create(mx_job_default(), "a process with a name that is too long", 38, 0, &p, &v), MX_OK,
	    "process_create");
	mx_object_get_info(p, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	is_int(b.type, MX_OBJ_TYPE_PROCESS, "a process");
	is_int(b.rights, MX_RIGHTS_BASIC | MX_RIGHTS_IO | MX_RIGHT_GET_PROPERTY | MX_RIGHT_SET_PROPERTY |
	    MX_RIGHT_ENUMERATE | MX_RIGHT_DESTROY | MX_RIGHT_SIGNAL | MX_RIGHT_MANAGE_PROCESS | MX_RIGHT_MANAGE_THREAD,
	    "its rights");
	mx_object_get_info(v, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	is_int(b.type, MX_OBJ_TYPE_VMAR, "and its space");
	is_int(mx_object_get_property(p, MX_PROP_NAME, name, sizeof(name)), MX_OK, "it has a name");
	ok(strcmp(name, "a process with a name that is t") == 0, "cut to 31 bytes");
	info = info_of(p);
	ok(info.flags == 0 && info.pid > 1, "neither started nor ended, with a pid");
	fails(kill((pid_t)info.pid, 0), ESRCH, "which no signal finds");
	is_int(mx_handle_close(p), MX_OK, "its last handle");
	mx_handle_close(v);

	event = MX_HANDLE_INVALID;
	mx_event_create(0, &event);
	is_int(mx_process_create(mx_job_default(), "x", 1, 2, &p, &v), MX_ERR_INVALID_ARGS, "unknown option");
	is_int(mx_process_create(MX_HANDLE_INVALID, "x", 1, 0, &p, &v), MX_ERR_BAD_HANDLE, "no job");
	is_int(mx_process_create(event, "x", 1, 0, &p, &v), MX_ERR_WRONG_TYPE, "an event for a job");
	weak = without(mx_job_default(), MX_RIGHT_MANAGE_PROCESS);
	is_int(mx_process_create(weak, "x", 1, 0, &p, &v), MX_ERR_ACCESS_DENIED, "a job without MANAGE_PROCESS");
	mx_handle_close(weak);
	is_int(mx_process_create(mx_job_default(), BAD, 1, 0, &p, &v), MX_ERR_INVALID_ARGS, "bad name");
	is_int(mx_process_create(mx_job_default(), "x", 1, 0, BAD, &v), MX_ERR_INVALID_ARGS, "bad process pointer");
	is_int(mx_process_create(mx_job_default(), "x", 1, 0, &p, BAD), MX_ERR_INVALID_ARGS, "bad vmar pointer");
	mx_handle_close(event);
	fails(wait(NULL), ECHILD, "none of them is a child");
}

/* --- start ------------------------------------------------------------------------------------------- */

static void
starts(void)
{
	struct made m = make(), other;
	mx_handle_t event, dup, weak, h;
	mx_signals_t seen = 0;

	is_int(start(&m, b_exit, MX_HANDLE_INVALID, 0x123456789abl), MX_OK, "process_start");
	is_int(mx_object_wait_one(m.process, TERM, mx_deadline_after(MX_SEC(10)), &seen), MX_OK, "it ends");
	is_int(info_of(m.process).return_code == 0x123456789abl, 1, "with an int64_t return code");
	is_int(info_of(m.process).flags, MX_INFO_PROCESS_STARTED | MX_INFO_PROCESS_EXITED, "started, ended");
	is_int(start(&m, b_exit, MX_HANDLE_INVALID, 0), MX_ERR_BAD_STATE, "started once");
	is_int(mx_thread_create(m.process, "x", 1, 0, &h), MX_ERR_BAD_STATE, "no thread in what has ended");
	is_int(mx_task_kill(m.process), MX_OK, "killing it is no error");
	is_int(info_of(m.process).return_code == 0x123456789abl, 1, "and changes nothing");
	drop(&m);
	fails(wait(NULL), ECHILD, "it left no zombie");

	m = make();
	mx_event_create(0, &event);
	mx_handle_duplicate(event, MX_RIGHT_SAME_RIGHTS, &dup);
	is_int(start(&m, b_signal, dup, MX_USER_SIGNAL_5), MX_OK, "with a handle");
	is_int(mx_handle_close(dup), MX_ERR_BAD_HANDLE, "which left this process");
	is_int(mx_object_wait_one(event, MX_USER_SIGNAL_5, mx_deadline_after(MX_SEC(10)), NULL), MX_OK, "and was used there");
	is_int(code_of(&m), 0, "by its value there");
	drop(&m);

	m = make();
	other = make();
	mx_handle_duplicate(event, MX_RIGHT_SAME_RIGHTS, &dup);
	is_int(mx_process_start(other.process, m.thread, entry(&other, b_exit), other.sp, dup, 0), MX_ERR_ACCESS_DENIED,
	    "a thread of another process");
	is_int(mx_handle_close(dup), MX_ERR_BAD_HANDLE, "the handle was consumed");
	mx_handle_duplicate(event, MX_RIGHT_SAME_RIGHTS, &dup);
	is_int(mx_process_start(event, m.thread, 0x10000, 0x10000, dup, 0), MX_ERR_WRONG_TYPE, "an event for a process");
	is_int(mx_handle_close(dup), MX_ERR_BAD_HANDLE, "consumed");
	is_int(mx_process_start(m.process, event, 0x10000, 0x10000, 0, 0), MX_ERR_WRONG_TYPE, "an event for a thread");
	is_int(mx_process_start(MX_HANDLE_INVALID, m.thread, 0x10000, 0x10000, 0, 0), MX_ERR_BAD_HANDLE, "no process");
	mx_handle_duplicate(event, MX_RIGHTS_BASIC & ~MX_RIGHT_TRANSFER, &dup);
	is_int(start(&m, b_exit, dup, 0), MX_ERR_ACCESS_DENIED, "a handle without TRANSFER");
	is_int(mx_handle_close(dup), MX_ERR_BAD_HANDLE, "consumed");
	is_int(start(&m, b_exit, 0x7fffffff, 0), MX_ERR_BAD_HANDLE, "a bad handle");
	is_int(start(&m, b_exit, mx_process_self(), 0), MX_ERR_ACCESS_DENIED, "a pseudo-handle cannot be moved");
	is_int(mx_process_start(m.process, m.thread, 1ul << 47, m.sp, 0, 0), MX_ERR_INVALID_ARGS, "entry beyond user space");
	weak = without(m.process, MX_RIGHT_WRITE | MX_RIGHT_MANAGE_PROCESS);
	is_int(mx_process_start(weak, m.thread, entry(&m, b_exit), m.sp, 0, 0), MX_ERR_ACCESS_DENIED, "process without WRITE");
	mx_handle_close(weak);
	weak = without(m.thread, MX_RIGHT_WRITE | MX_RIGHT_MANAGE_THREAD);
	is_int(mx_process_start(m.process, weak, entry(&m, b_exit), m.sp, 0, 0), MX_ERR_ACCESS_DENIED, "thread without WRITE");
	mx_handle_close(weak);
	is_int(mx_thread_start(m.thread, entry(&m, b_exit), m.sp, 0, 0), MX_ERR_BAD_STATE, "thread_start is not for the first");
	is_int(start(&m, b_exit, MX_HANDLE_INVALID, 5), MX_OK, "after all of that it still starts");
	is_int(code_of(&m), 5, "and runs");
	drop(&m);
	drop(&other);
	mx_handle_close(event);
}

/* --- what it has of its maker: who he is and where, not what he holds and does --- */

static volatile sig_atomic_t chlds;

static void
on_chld(int sig)
{
	chlds++;
}

static void
in_jail(void)
{
	struct rlimit lim = { 77, 100 };
	sigset_t set;

	tap_in_child = 1;
	tap_bad = 0;
	if (chroot(JAIL) != 0 || chdir("/s") != 0 || setsid() == -1 || setrlimit(RLIMIT_NOFILE, &lim) != 0 ||
	    setresuid(1000, 1000, 1000) != 0)
		_exit(99);
	umask(027);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGCHLD, on_chld);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	is_int(run(b_inherits, (uintptr_t)getsid(0)), 255, "ids, root, directory, umask, session, limits; no action, no mask");
	fails(waitpid(-1, NULL, 0), ECHILD, "no zombie is left of it");
	is_int(chlds, 0, "and no SIGCHLD came");
	_exit(tap_bad != 0);
}

static void
inherits(void)
{
	int status;

	mkdir(JAIL, 0755), mkdir(JAIL "/s", 0755);
	close(open(JAIL "/m", O_CREAT | O_WRONLY, 0644));
	status = in_child(in_jail);
	is_int(status, 0, "it begins where its maker stands");
	unlink(JAIL "/m"), rmdir(JAIL "/s"), rmdir(JAIL);
}

/* --- what it is -------------------------------------------------------------------------------------- */

static void
is_a_process(void)
{
	struct made m;
	int status;

	is_int(run(b_posix, (uintptr_t)getpid()), 0, "it uses POSIX calls; getppid is the creator");
	is_int(run(b_fault, 0), MX_TASK_RETCODE_SIGNAL(SIGSEGV), "a fault ends it: the code of the signal");
	is_int(run(b_selves, 0), 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4, "it has all its pseudo-handles");

	m = make();
	start(&m, b_sleep, MX_HANDLE_INVALID, 0);
	is_int(kill((pid_t)info_of(m.process).pid, SIGTERM), 0, "kill(2) finds it by its pid");
	is_int(code_of(&m), MX_TASK_RETCODE_SIGNAL(SIGTERM), "a signal's code");
	drop(&m);

	m = make_in(mx_job_default(), MX_PROCESS_CHILD);
	start(&m, b_exit, MX_HANDLE_INVALID, 0x1234);
	is_int(waitpid((pid_t)info_of(m.process).pid, &status, 0), info_of(m.process).pid, "a child is waited for");
	is_int(status, 0x34 << 8, "wait shows the low eight bits");
	is_int(code_of(&m), 0x1234, "the handle all of them");
	drop(&m);
	m = make_in(mx_job_default(), MX_PROCESS_CHILD);
	drop(&m);
	fails(wait(NULL), ECHILD, "a child that never started is none");
}

static void
outlives(void)
{
	struct made m = make();
	mx_handle_t event, dup;
	pid_t pid;

	mx_event_create(0, &event);
	mx_handle_duplicate(event, MX_RIGHT_SAME_RIGHTS, &dup);
	pid = (pid_t)info_of(m.process).pid;
	start(&m, b_sleep, dup, 0);
	drop(&m);
	is_int(kill(pid, 0), 0, "a started process does not end with its last handle");
	kill(pid, SIGKILL);
	while (kill(pid, 0) == 0)
		mx_nanosleep(mx_deadline_after(MX_MSEC(1)));
	mx_handle_close(event);

	m = make();
	mx_handle_close(m.process);
	is_int(mx_object_wait_one(m.thread, TERM, 0, NULL), MX_OK, "a process that never started does, and its threads");
	mx_handle_close(m.vmar);
	mx_handle_close(m.thread);
}

/* --- kill ---------------------------------------------------------------------------------------------- */

static void
kills(void)
{
	struct made m = make();
	mx_handle_t event, weak, token;
	int status;
	pid_t pid;

	mx_event_create(0, &event);
	is_int(mx_task_kill(event), MX_ERR_WRONG_TYPE, "an event is no task");
	is_int(mx_task_kill(MX_HANDLE_INVALID), MX_ERR_BAD_HANDLE, "no handle");
	weak = without(m.process, MX_RIGHT_DESTROY);
	is_int(mx_task_kill(weak), MX_ERR_ACCESS_DENIED, "without DESTROY");
	mx_handle_close(weak);
	is_int(mx_task_kill(m.thread), MX_ERR_NOT_SUPPORTED, "a thread");
	start(&m, b_sleep, MX_HANDLE_INVALID, 0);
	is_int(mx_task_kill(m.process), MX_OK, "a running process");
	is_int(code_of(&m), MX_TASK_RETCODE_SYSCALL_KILL, "its code");
	is_int(mx_task_kill(m.process), MX_OK, "again");
	drop(&m);

	m = make();
	is_int(mx_task_kill(m.process), MX_OK, "one that never started");
	is_int(code_of(&m), MX_TASK_RETCODE_SYSCALL_KILL, "its code");
	is_int(start(&m, b_exit, MX_HANDLE_INVALID, 0), MX_ERR_BAD_STATE, "it cannot be started");
	is_int(mx_thread_create(m.process, "x", 1, 0, &weak), MX_ERR_BAD_STATE, "nor have a thread");
	drop(&m);

	/* Suspended in a wait that is over before the kill: going on it would signal. */
	m = make();
	mx_handle_duplicate(event, MX_RIGHT_SAME_RIGHTS, &weak);
	is_int(start(&m, b_wait_signal, weak, MX_USER_SIGNAL_1), MX_OK, "one that waits");
	mx_nanosleep(mx_deadline_after(MX_MSEC(5)));
	is_int(mx_task_suspend(m.thread, &token), MX_OK, "is suspended");
	is_int(mx_object_wait_one(m.thread, MX_THREAD_SUSPENDED, mx_deadline_after(MX_SEC(5)), NULL), MX_OK, "and stands");
	mx_object_signal(event, 0, MX_USER_SIGNAL_0);
	mx_task_kill(m.process);
	is_int(code_of(&m), MX_TASK_RETCODE_SYSCALL_KILL, "is killed all the same");
	is_int(mx_object_wait_one(event, MX_USER_SIGNAL_1, 0, NULL), MX_ERR_TIMED_OUT, "without one more instruction");
	mx_handle_close(token);
	drop(&m);
	mx_handle_close(event);

	pid = fork();
	if (pid == 0) {
		mx_task_kill(mx_process_self());
		_exit(1);
	}
	waitpid(pid, &status, 0);
	is_int(status, SIGKILL, "killing oneself does not return; wait status");
	pid = fork();
	if (pid == 0)
		mx_process_exit(0x1ff);
	waitpid(pid, &status, 0);
	is_int(status, 0xff << 8, "process_exit from a fork's child");
}

/* --- handles by pid, properties -------------------------------------------------------------------------- */

static void
stranger(void)
{
	if (setuid(1000) != 0)
		_exit(1);
	errno = 0;
	if (mx_pid_handle(1) != MX_HANDLE_INVALID || errno != EPERM)
		_exit(2);
	if (mx_pid_handle(getpid()) == MX_HANDLE_INVALID)
		_exit(3);
}

static void
by_pid(void)
{
	mx_handle_t h = mx_pid_handle(getpid()), init;
	mx_info_process_t info = info_of(h);
	uint64_t addr = 0x1234567;
	int status;
	pid_t pid;

	ok(h != MX_HANDLE_INVALID && (pid_t)info.pid == getpid(), "pid_handle of oneself");
	is_int(info.flags, MX_INFO_PROCESS_STARTED, "it was started");
	is_int(mx_object_set_property(h, MX_PROP_PROCESS_DEBUG_ADDR, &addr, sizeof(addr)), MX_OK, "set DEBUG_ADDR");
	addr = 0;
	is_int(mx_object_get_property(mx_process_self(), MX_PROP_PROCESS_DEBUG_ADDR, &addr, sizeof(addr)), MX_OK, "get it");
	ok(addr == 0x1234567, "as it was set");
	mx_handle_close(h);
	errno = 0;
	ok(mx_pid_handle(31000) == MX_HANDLE_INVALID && errno == ESRCH, "no such process");
	ok(mx_pid_handle(-1) == MX_HANDLE_INVALID && errno == ESRCH, "no process at all");
	init = mx_pid_handle(1);
	is_int(mx_task_kill(init), MX_ERR_ACCESS_DENIED, "process 1 is not killed");
	mx_handle_close(init);
	is_int(in_child(stranger), 0, "to whom kill would be allowed, and nobody else");

	pid = fork();
	if (pid == 0)
		_exit(0x45);
	mx_nanosleep(mx_deadline_after(MX_MSEC(5)));
	h = mx_pid_handle(pid);
	ok(h != MX_HANDLE_INVALID, "a zombie has a handle");
	waitpid(pid, &status, 0);
	info = info_of(h);
	ok(info.return_code == 0x45 && (info.flags & MX_INFO_PROCESS_EXITED) != 0, "which outlives it");
	is_int(mx_object_wait_one(h, TERM, 0, NULL), MX_OK, "TERMINATED");
	mx_handle_close(h);
}

static void
weakened(void)
{
	struct made m = make();
	struct abi_self_rights r = { .which = 1, .rights = 0 };

	is_int(mx_object_set_property(m.process, MX_PROP_PROCESS_SELF_RIGHTS, &r, sizeof(r)), MX_OK, "empty process-self");
	r = (struct abi_self_rights){ .which = 4, .rights = MX_RIGHT_MANAGE_JOB };
	is_int(mx_object_set_property(m.process, MX_PROP_PROCESS_SELF_RIGHTS, &r, sizeof(r)), MX_OK, "weaken job-default");
	r.which = 5;
	is_int(mx_object_set_property(m.process, MX_PROP_PROCESS_SELF_RIGHTS, &r, sizeof(r)), MX_ERR_INVALID_ARGS, "the fifth");
	start(&m, b_selves, MX_HANDLE_INVALID, 0);
	is_int(code_of(&m), 1 << 2 | 1 << 3, "the process has the others");
	r.which = 2;
	is_int(mx_object_set_property(m.process, MX_PROP_PROCESS_SELF_RIGHTS, &r, sizeof(r)), MX_ERR_BAD_STATE, "too late");
	drop(&m);
}

/* --- memory -------------------------------------------------------------------------------------------- */

static char target[10000];

static void
set_id_child(void)
{
	mx_handle_t h;
	size_t n;
	char c;
	pid_t pid;

	if (setuid(1000) != 0)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		execl("/tmp/nproc.setid", "nproc.setid", "10", NULL);
		_exit(99);
	}
	mx_nanosleep(mx_deadline_after(MX_MSEC(50)));
	h = mx_pid_handle(pid);
	if (h == MX_HANDLE_INVALID)
		_exit(2);
	if (mx_process_read_memory(h, 0x400000, &c, 1, &n) != MX_ERR_ACCESS_DENIED)
		_exit(3);
	if (mx_process_write_memory(h, 0x400000, &c, 1, &n) != MX_ERR_ACCESS_DENIED)
		_exit(4);
	mx_task_kill(h);
	waitpid(pid, NULL, 0);
}

/* A file shorter than what is mapped of it: the rest of its last page is there, behind that is nothing. */
static void
memory_of_file(void)
{
	mx_handle_t self = mx_process_self();
	int fd = open("/tmp/nproc.file", O_RDWR | O_CREAT, 0600);
	char *at, buf[200], seen[200] = "";
	size_t n = 0;

	ftruncate(fd, 4096 + 100);
	at = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(buf, 'f', sizeof(buf));
	is_int(mx_process_write_memory(self, (mx_vaddr_t)at + 4096, buf, 200, &n), MX_OK, "over the end of a file, in its last page");
	ok(n == 200 && memcmp(at + 4096, buf, 200) == 0 && pread(fd, seen, 200, 4096) == 100 && memcmp(seen, buf, 100) == 0,
	    "is a store: the file has its part");
	is_int(mx_process_write_memory(self, (mx_vaddr_t)at + 2 * 4096, buf, 1, &n), MX_ERR_NOT_FOUND, "behind its last page is nothing");
	is_int(mx_process_read_memory(self, (mx_vaddr_t)at + 2 * 4096, buf, 1, &n), MX_ERR_NOT_FOUND, "nor to be read");
	is_int(mx_process_write_memory(self, (mx_vaddr_t)at + 2 * 4096 - 50, buf, 200, &n), MX_OK, "up to there");
	is_int((long)n, 50, "is what can be written");
	is_int(mx_process_read_memory(self, (mx_vaddr_t)at + 2 * 4096 - 50, buf, 200, &n), MX_OK, "and read");
	is_int((long)n, 50, "as much");
	munmap(at, 4 * 4096);
	close(fd);
	unlink("/tmp/nproc.file");
}

static void
memory(void)
{
	mx_handle_t self = mx_process_self(), event, weak, h;
	static char buf[10000];
	size_t n = 77;
	pid_t pid;
	int p[2];

	memset(target, 'a', sizeof(target));
	is_int(mx_process_read_memory(self, (mx_vaddr_t)target, buf, sizeof(buf), &n), MX_OK, "read_memory");
	ok(n == sizeof(buf) && memcmp(buf, target, n) == 0, "all of it");
	memset(buf, 'b', sizeof(buf));
	is_int(mx_process_write_memory(self, (mx_vaddr_t)target, buf, sizeof(buf), &n), MX_OK, "write_memory");
	ok(n == sizeof(buf) && memcmp(buf, target, n) == 0, "all of it");
	is_int(mx_process_read_memory(self, 0x10, buf, 1, &n), MX_ERR_NOT_FOUND, "where nothing is mapped");
	is_int(mx_process_write_memory(self, 0x10, buf, 1, &n), MX_ERR_NOT_FOUND, "nor written");
	is_int(mx_process_read_memory(self, 1ul << 63, buf, 1, &n), MX_ERR_NOT_FOUND, "a kernel address");
	is_int(mx_process_write_memory(self, (mx_vaddr_t)memory, buf, 1, &n), MX_ERR_ACCESS_DENIED, "program text is the file's");
	is_int(mx_process_read_memory(self, (mx_vaddr_t)target, buf, 0, &n), MX_ERR_INVALID_ARGS, "no bytes");
	is_int(mx_process_read_memory(self, (mx_vaddr_t)target, buf, (64u << 20) + 1, &n), MX_ERR_INVALID_ARGS, "over 64 MiB");
	is_int(mx_process_read_memory(self, (mx_vaddr_t)target, BAD, 1, &n), MX_ERR_INVALID_ARGS, "bad buffer");
	is_int(mx_process_write_memory(self, (mx_vaddr_t)target, BAD, 1, &n), MX_ERR_INVALID_ARGS, "bad source");
	is_int(mx_process_read_memory(self, (mx_vaddr_t)target, buf, 1, BAD), MX_ERR_INVALID_ARGS, "bad count");
	mx_event_create(0, &event);
	is_int(mx_process_read_memory(event, (mx_vaddr_t)target, buf, 1, &n), MX_ERR_WRONG_TYPE, "of an event");
	mx_handle_close(event);
	weak = without(self, MX_RIGHT_READ);
	is_int(mx_process_read_memory(weak, (mx_vaddr_t)target, buf, 1, &n), MX_ERR_ACCESS_DENIED, "without READ");
	mx_handle_close(weak);
	weak = without(self, MX_RIGHT_WRITE);
	is_int(mx_process_write_memory(weak, (mx_vaddr_t)target, buf, 1, &n), MX_ERR_ACCESS_DENIED, "without WRITE");
	mx_handle_close(weak);

	/* Another process: copies on write are its own. */
	pipe(p);
	strcpy(target, "parent");
	pid = fork();
	if (pid == 0) {
		char c;

		close(p[1]);
		read(p[0], &c, 1);
		_exit(strcmp(target, "child!") == 0 ? 0 : 1);
	}
	close(p[0]);
	h = mx_pid_handle(pid);
	is_int(mx_process_write_memory(h, (mx_vaddr_t)target, "child!", 7, &n), MX_OK, "into another process");
	ok(strcmp(target, "parent") == 0, "not into this one");
	is_int(mx_process_read_memory(h, (mx_vaddr_t)target, buf, 7, &n), MX_OK, "and back");
	ok(strcmp(buf, "child!") == 0, "what was written");
	close(p[1]);
	is_int(child_status(pid), 0, "the child saw it");
	is_int(mx_process_read_memory(h, (mx_vaddr_t)target, buf, 7, &n), MX_ERR_BAD_STATE, "of one that has ended");
	mx_handle_close(h);

	system("cp /bin/sleep /tmp/nproc.setid && chown 1 /tmp/nproc.setid && chmod 4755 /tmp/nproc.setid");
	is_int(in_child(set_id_child), 0, "a set-id program's memory is out of reach");
	unlink("/tmp/nproc.setid");
}

int
main(void)
{
	creates();
	starts();
	inherits();
	is_a_process();
	outlives();
	kills();
	by_pid();
	weakened();
	memory_of_file();
	memory();
	return tap_done();
}
