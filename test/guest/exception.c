/* Exceptions: who is asked in which order, what the answers do, debuggers, policies, refusals. */
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <mx/exception.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/policy.h>
#include <mx/process.h>
#include <mx/spawn.h>
#include <mx/syscalls.h>
#include <abi/task.h>
#include "handle.h"
#include "tap.h"

#define BAD	((void *)0x10)

static char program[256];

/* --- the child's side -------------------------------------------------------------------------------- */

static int go[2];			/* the parent closes its end: fault now */

static void
on_fault(int sig)
{
	_exit(70 + sig);
}

static void
await(void)
{
	char c;

	close(go[1]);
	read(go[0], &c, 1);
}

static void
fault_memory(void)
{
	await();
	*(volatile char *)0x18 = 1;
}

static void
fault_instruction(void)
{
	await();
	__asm__ volatile("ud2");
	_exit(5);
}



/* --- the parent's side ------------------------------------------------------------------------------- */

struct watched {
	pid_t pid;
	mx_handle_t process;
};

static struct watched
child(void (*fn)(void))
{
	struct watched w;

	pipe(go);
	w.pid = fork();
	if (w.pid == 0) {
		fn();
		_exit(0);
	}
	close(go[0]);
	w.process = mx_pid_handle(w.pid);
	return w;
}

static void
release(void)
{
	close(go[1]);
}

static mx_handle_t
channel_of(mx_handle_t task, uint32_t options)
{
	mx_handle_t ch = MX_HANDLE_INVALID;
	mx_status_t status = mx_task_create_exception_channel(task, options, &ch);

	if (status != MX_OK)
		tap_print("# create_exception_channel: %d\n", status);
	return ch;
}

/* The next exception, or MX_HANDLE_INVALID when none comes. */
static mx_handle_t
next(mx_handle_t ch, mx_exception_info_t *info, int ms)
{
	mx_handle_t ex = MX_HANDLE_INVALID;
	uint32_t bytes, handles;

	memset(info, 0, sizeof(*info));
	if (mx_object_wait_one(ch, MX_CHANNEL_READABLE, mx_deadline_after(MX_MSEC(ms)), NULL) != MX_OK)
		return ex;
	if (mx_channel_read(ch, 0, info, &ex, sizeof(*info), 1, &bytes, &handles) != MX_OK || bytes != sizeof(*info) ||
	    handles != 1)
		tap_print("# an odd message\n");
	return ex;
}
#define SOON	5000
#define NEVER	20

static void
answer(mx_handle_t ex, uint32_t state)
{
	if (state != MX_EXCEPTION_STATE_TRY_NEXT &&
	    mx_object_set_property(ex, MX_PROP_EXCEPTION_STATE, &state, sizeof(state)) != MX_OK)
		tap_print("# no state\n");
	mx_handle_close(ex);
}

/* --- answers ------------------------------------------------------------------------------------------- */

static void
looked_at(void)
{
	struct watched w = child(fault_memory);
	mx_handle_t ch = channel_of(w.process, 0), ex, thread = 0, process = 0;
	mx_thread_state_general_regs_t regs;
	mx_exception_report_t report;
	mx_info_handle_basic_t b;
	mx_exception_info_t info;
	mx_info_thread_t about;
	uint32_t state = 99;

	release();
	ex = next(ch, &info, SOON);
	ok(ex != MX_HANDLE_INVALID, "a fault comes as a message");
	is_int(info.type, MX_EXCP_FATAL_PAGE_FAULT, "a page fault");
	ok(info.pid == koid(w.process), "of the process");
	mx_object_get_info(ex, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	is_int(b.type, MX_OBJ_TYPE_EXCEPTION, "with an exception");
	ok(b.related_koid == info.tid, "of the thread");
	is_int(mx_object_get_child(ex, info.tid, MX_RIGHT_SAME_RIGHTS, &thread), MX_OK, "it leads to the thread");
	is_int(mx_object_get_child(ex, info.pid, MX_RIGHT_SAME_RIGHTS, &process), MX_OK, "and to the process");
	ok(koid(thread) == info.tid && koid(process) == info.pid, "the right ones");
	is_int(mx_object_get_child(ex, 1, MX_RIGHT_SAME_RIGHTS, &process), MX_ERR_NOT_FOUND, "and to nothing else");
	is_int(mx_object_get_info(thread, MX_INFO_THREAD_EXCEPTION_REPORT, &report, sizeof(report), NULL, NULL), MX_OK,
	    "the report");
	ok(report.context.address == 0x18 && report.context.code == 14 && report.header.type == info.type, "says where");
	is_int(mx_thread_read_state(thread, MX_THREAD_STATE_GENERAL_REGS, &regs, sizeof(regs)), MX_OK, "registers");
	ok(regs.rip == report.context.pc, "the same instruction");
	mx_object_get_info(thread, MX_INFO_THREAD, &about, sizeof(about), NULL, NULL);
	is_int(about.wait_exception_channel_type, MX_EXCEPTION_CHANNEL_TYPE_PROCESS, "it waits for the process's channel");
	is_int(mx_object_get_property(ex, MX_PROP_EXCEPTION_STATE, &state, sizeof(state)), MX_OK, "the state");
	is_int(state, MX_EXCEPTION_STATE_TRY_NEXT, "TRY_NEXT unless somebody says more");
	state = 3;
	is_int(mx_object_set_property(ex, MX_PROP_EXCEPTION_STATE, &state, sizeof(state)), MX_ERR_INVALID_ARGS, "no such state");
	is_int(waitpid(w.pid, NULL, WNOHANG), 0, "the thread waits");
	mx_handle_close(ex);
	is_int(child_status(w.pid), SIGSEGV, "nobody else: the signal's default action");
	is_int(mx_object_get_info(thread, MX_INFO_THREAD_EXCEPTION_REPORT, &report, sizeof(report), NULL, NULL),
	    MX_ERR_BAD_STATE, "no report without an exception");
	mx_object_get_info(thread, MX_INFO_THREAD, &about, sizeof(about), NULL, NULL);
	is_int(about.wait_exception_channel_type, MX_EXCEPTION_CHANNEL_TYPE_NONE, "it waits for none");
	is_int(mx_object_wait_one(ch, MX_CHANNEL_PEER_CLOSED, mx_deadline_after(MX_SEC(5)), NULL), MX_OK,
	    "the channel ends with the process");
	mx_handle_close(thread);
	mx_handle_close(process);
	mx_handle_close(ch);
	mx_handle_close(w.process);
}

static void
handled(void)
{
	struct watched w = child(fault_instruction);
	mx_handle_t ch = channel_of(w.process, 0), ex, thread;
	mx_thread_state_general_regs_t regs;
	mx_exception_info_t info;

	release();
	ex = next(ch, &info, SOON);
	is_int(info.type, MX_EXCP_UNDEFINED_INSTRUCTION, "an undefined instruction");
	mx_object_get_child(ex, info.tid, MX_RIGHT_SAME_RIGHTS, &thread);
	mx_thread_read_state(thread, MX_THREAD_STATE_GENERAL_REGS, &regs, sizeof(regs));
	regs.rip += 2;
	is_int(mx_thread_write_state(thread, MX_THREAD_STATE_GENERAL_REGS, &regs, sizeof(regs)), MX_OK, "is skipped");
	answer(ex, MX_EXCEPTION_STATE_HANDLED);
	is_int(child_status(w.pid), 5 << 8, "HANDLED: the thread goes on");
	mx_handle_close(thread);
	mx_handle_close(ch);
	mx_handle_close(w.process);

	w = child(fault_instruction);
	ch = channel_of(w.process, 0);
	release();
	answer(next(ch, &info, SOON), MX_EXCEPTION_STATE_HANDLED);
	ex = next(ch, &info, SOON);
	is_int(info.type, MX_EXCP_UNDEFINED_INSTRUCTION, "HANDLED, nothing changed: it comes again");
	answer(ex, MX_EXCEPTION_STATE_THREAD_EXIT);
	is_int(child_status(w.pid), 0, "THREAD_EXIT: the last thread, so the process ends with 0");
	mx_handle_close(ch);
	mx_handle_close(w.process);
}

static void
abandoned(void)
{
	struct watched w = child(fault_memory);
	mx_handle_t ch = channel_of(w.process, 0), ex;
	mx_exception_info_t info;

	release();
	mx_object_wait_one(ch, MX_CHANNEL_READABLE, mx_deadline_after(MX_SEC(5)), NULL);
	mx_handle_close(ch);
	is_int(child_status(w.pid), SIGSEGV, "the reader goes with the message unread: TRY_NEXT");
	mx_handle_close(w.process);

	w = child(fault_memory);
	ch = channel_of(w.process, 0);
	mx_handle_close(ch);
	release();
	is_int(child_status(w.pid), SIGSEGV, "the reader went before: as if there were none");
	mx_handle_close(w.process);

	w = child(fault_memory);
	ch = channel_of(w.process, 0);
	release();
	ex = next(ch, &info, SOON);
	is_int(mx_task_kill(w.process), MX_OK, "killed in an exception");
	is_int(child_status(w.pid), SIGKILL, "it ends");
	is_int(mx_handle_close(ex), MX_OK, "the exception outlives it");
	mx_handle_close(ch);
	mx_handle_close(w.process);

	w = child(fault_memory);
	ch = channel_of(w.process, 0);
	release();
	ex = next(ch, &info, SOON);
	kill(w.pid, SIGTERM);
	is_int(waitpid(w.pid, NULL, WNOHANG), 0, "a signal does not end the wait");
	answer(ex, MX_EXCEPTION_STATE_HANDLED);
	is_int(child_status(w.pid), SIGTERM, "it is taken afterwards");
	mx_handle_close(ch);
	mx_handle_close(w.process);
}

/* --- order --------------------------------------------------------------------------------------------- */

static mx_handle_t
thread_of(mx_handle_t process)
{
	mx_handle_t h = MX_HANDLE_INVALID;
	mx_koid_t koid = 0;

	mx_object_get_info(process, MX_INFO_PROCESS_THREADS, &koid, sizeof(koid), NULL, NULL);
	mx_object_get_child(process, koid, MX_RIGHT_SAME_RIGHTS, &h);
	return h;
}

static struct watched
spawned(mx_handle_t job, const char *what)
{
	const char *const argv[] = { program, what, NULL };
	mx_spawn_desc_t descs[1];
	struct watched w = { -1, MX_HANDLE_INVALID };
	mx_info_process_t info;

	pipe(go);
	descs[0] = (mx_spawn_desc_t){ .handle = mx_fd_handle(go[0]), .fd = 0 };
	if (mx_spawn(job, 0, program, argv, NULL, descs, 1, &w.process) != MX_OK)
		tap_print("# no spawn\n");
	mx_object_get_info(w.process, MX_INFO_PROCESS, &info, sizeof(info), NULL, NULL);
	w.pid = (pid_t)info.pid;
	return w;
}

static void
order(void)
{
	mx_handle_t parent, job, ch[5], ex, thread;
	mx_exception_info_t info;
	struct watched w;

	mx_job_create(mx_job_default(), 0, &parent);
	mx_job_create(parent, 0, &job);
	w = spawned(job, "memory");
	thread = thread_of(w.process);
	ch[0] = channel_of(w.process, MX_EXCEPTION_CHANNEL_DEBUGGER);
	ch[1] = channel_of(thread, 0);
	ch[2] = channel_of(w.process, 0);
	ch[3] = channel_of(job, 0);
	ch[4] = channel_of(parent, 0);
	release();
	for (int i = 0; i < 5; i++) {
		static const char *const names[] = { "debugger", "thread", "process", "job", "the job above" };

		for (int j = i + 1; j < 5; j++)
			if (mx_object_wait_one(ch[j], MX_CHANNEL_READABLE, 0, NULL) == MX_OK)
				tap_print("# channel %d before %d\n", j, i);
		ex = next(ch[i], &info, SOON);
		ok(ex != MX_HANDLE_INVALID && info.type == MX_EXCP_FATAL_PAGE_FAULT, "asked in order: %s", names[i]);
		answer(ex, MX_EXCEPTION_STATE_TRY_NEXT);
	}
	is_int(child_status(w.pid), SIGSEGV, "then the default action");
	for (int i = 0; i < 5; i++)
		mx_handle_close(ch[i]);
	mx_handle_close(thread);
	mx_handle_close(w.process);

	w = spawned(job, "caught");
	ch[0] = channel_of(w.process, 0);
	ch[1] = channel_of(job, 0);
	release();
	answer(next(ch[0], &info, SOON), MX_EXCEPTION_STATE_TRY_NEXT);
	is_int(child_status(w.pid), (70 + SIGSEGV) << 8, "a handler of the program comes after the process");
	is_int(next(ch[1], &info, NEVER), MX_HANDLE_INVALID, "and before the job");
	mx_handle_close(w.process);
	mx_handle_close(ch[0]);

	w = spawned(job, "blocked");
	release();
	ex = next(ch[1], &info, SOON);
	ok(ex != MX_HANDLE_INVALID, "a blocked signal is not caught: the job is asked");
	answer(ex, MX_EXCEPTION_STATE_THREAD_EXIT);
	is_int(child_status(w.pid), 0, "and decides");
	mx_handle_close(w.process);
	w = spawned(job, "memory");
	release();
	answer(next(ch[1], &info, SOON), MX_EXCEPTION_STATE_TRY_NEXT);
	is_int(child_status(w.pid), SIGSEGV, "TRY_NEXT of the job");
	mx_handle_close(w.process);
	w = spawned(job, "sent");
	release();
	is_int(child_status(w.pid), SIGSEGV, "a signal that was sent is no exception");
	is_int(next(ch[1], &info, NEVER), MX_HANDLE_INVALID, "nobody is asked");
	mx_handle_close(w.process);
	mx_handle_close(ch[1]);
	mx_handle_close(job);
	mx_handle_close(parent);
}

/* --- debuggers, policies --------------------------------------------------------------------------------- */

static void
debuggers(void)
{
	mx_handle_t job, jd, pd, ex, process;
	mx_exception_info_t info;
	struct watched w;

	mx_job_create(mx_job_default(), 0, &job);
	jd = channel_of(job, MX_EXCEPTION_CHANNEL_DEBUGGER);
	w = spawned(job, "thread");
	ex = next(jd, &info, SOON);
	is_int(info.type, MX_EXCP_PROCESS_STARTING, "a job's debugger hears of a process that begins");
	ok(info.pid == koid(w.process), "which one");
	mx_object_get_child(ex, info.pid, MX_RIGHT_SAME_RIGHTS, &process);
	pd = channel_of(w.process, MX_EXCEPTION_CHANNEL_DEBUGGER);
	answer(ex, MX_EXCEPTION_STATE_TRY_NEXT);
	ex = next(pd, &info, SOON);
	is_int(info.type, MX_EXCP_THREAD_STARTING, "a process's debugger of a thread that begins");
	answer(ex, MX_EXCEPTION_STATE_TRY_NEXT);
	release();
	ex = next(pd, &info, SOON);
	is_int(info.type, MX_EXCP_THREAD_STARTING, "each of them");
	answer(ex, MX_EXCEPTION_STATE_HANDLED);
	ex = next(pd, &info, SOON);
	is_int(info.type, MX_EXCP_THREAD_EXITING, "and of one that ends");
	answer(ex, MX_EXCEPTION_STATE_TRY_NEXT);
	is_int(child_status(w.pid), 6 << 8, "the process ends as it likes");
	is_int(next(jd, &info, NEVER), MX_HANDLE_INVALID, "the job heard once");
	mx_handle_close(process);
	mx_handle_close(pd);
	mx_handle_close(jd);
	mx_handle_close(w.process);
	mx_handle_close(job);
}

static void
policies(void)
{
	mx_policy_basic_t p = { MX_POL_NEW_EVENT, MX_POL_ACTION_DENY_EXCEPTION };
	mx_exception_info_t info;
	mx_handle_t job, ch, ex;
	struct watched w;

	mx_job_create(mx_job_default(), 0, &job);
	is_int(mx_job_set_policy(job, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, &p, 1), MX_OK, "deny events, with an exception");
	ch = channel_of(job, 0);
	w = spawned(job, "event");
	release();
	ex = next(ch, &info, SOON);
	is_int(info.type, MX_EXCP_POLICY_ERROR, "the job hears of it");
	answer(ex, MX_EXCEPTION_STATE_TRY_NEXT);
	is_int(child_status(w.pid), 9 << 8, "the call is denied, and the process goes on");
	mx_handle_close(ch);
	mx_handle_close(w.process);
	mx_handle_close(job);
}

/* --- refusals ------------------------------------------------------------------------------------------- */

static void
refused(void)
{
	struct watched w = child(fault_memory);
	mx_handle_t ch, other = 0, event, weak, thread = thread_of(w.process);

	mx_event_create(0, &event);
	is_int(mx_task_create_exception_channel(w.process, 2, &ch), MX_ERR_INVALID_ARGS, "unknown option");
	is_int(mx_task_create_exception_channel(event, 0, &ch), MX_ERR_WRONG_TYPE, "an event is no task");
	is_int(mx_task_create_exception_channel(MX_HANDLE_INVALID, 0, &ch), MX_ERR_BAD_HANDLE, "no task");
	is_int(mx_task_create_exception_channel(thread, MX_EXCEPTION_CHANNEL_DEBUGGER, &ch), MX_ERR_INVALID_ARGS,
	    "a thread has no debugger of its own");
	is_int(mx_task_create_exception_channel(w.process, 0, BAD), MX_ERR_INVALID_ARGS, "bad pointer");
	static const mx_rights_t need[] = { MX_RIGHT_INSPECT, MX_RIGHT_DUPLICATE, MX_RIGHT_TRANSFER, MX_RIGHT_MANAGE_THREAD };
	for (int i = 0; i < 4; i++) {
		weak = without(w.process, need[i]);
		is_int(mx_task_create_exception_channel(weak, 0, &ch), MX_ERR_ACCESS_DENIED, "a right is missing");
		mx_handle_close(weak);
	}
	is_int(mx_task_create_exception_channel(mx_job_default(), 0, &ch), MX_ERR_ACCESS_DENIED,
	    "one's own job cannot be watched");
	is_int(mx_task_create_exception_channel(w.process, 0, &ch), MX_OK, "a channel");
	is_int(mx_task_create_exception_channel(w.process, 0, &other), MX_ERR_ALREADY_BOUND, "one a task");
	is_int(mx_task_create_exception_channel(w.process, MX_EXCEPTION_CHANNEL_DEBUGGER, &other), MX_OK, "and one a debugger");
	mx_handle_close(other);
	is_int(mx_task_create_exception_channel(thread, 0, &other), MX_OK, "and one a thread");
	mx_handle_close(other);
	is_int(mx_channel_write(ch, 0, "x", 1, NULL, 0), MX_ERR_ACCESS_DENIED, "nothing can be written into it");
	mx_handle_close(ch);
	is_int(mx_task_create_exception_channel(w.process, 0, &ch), MX_OK, "closed, it can be made again");
	mx_handle_close(ch);
	kill(w.pid, SIGKILL);
	child_status(w.pid);
	is_int(mx_task_create_exception_channel(w.process, 0, &ch), MX_ERR_BAD_STATE, "a process that has ended");
	is_int(mx_task_create_exception_channel(thread, 0, &ch), MX_ERR_BAD_STATE, "a thread that has ended");
	release();
	mx_handle_close(thread);
	mx_handle_close(event);
	mx_handle_close(w.process);
}

/* --- */

static char stack[16384] __attribute__((aligned(16)));
static volatile int thread_ran;

static void
thread_main(uintptr_t arg1, uintptr_t arg2)
{
	thread_ran = 1;
	mx_thread_exit();
}

static int
child_main(const char *what)
{
	char c;
	mx_handle_t h;

	read(0, &c, 1);
	if (strcmp(what, "thread") == 0) {
		mx_thread_create(mx_process_self(), "second", 6, 0, &h);
		mx_thread_start(h, (mx_vaddr_t)thread_main, (mx_vaddr_t)stack + sizeof(stack) - 8, 0, 0);
		mx_object_wait_one(h, MX_TASK_TERMINATED, MX_TIME_INFINITE, NULL);
		kill(getpid(), thread_ran ? 0 : SIGKILL);
		_exit(6);
	}
	if (strcmp(what, "event") == 0)
		_exit(mx_event_create(0, &h) == MX_ERR_ACCESS_DENIED ? 9 : 10);
	if (strcmp(what, "caught") == 0 || strcmp(what, "blocked") == 0)
		signal(SIGSEGV, on_fault);
	if (strcmp(what, "blocked") == 0) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGSEGV);
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
	if (strcmp(what, "sent") == 0)
		kill(getpid(), SIGSEGV);
	*(volatile char *)0x18 = 1;
	return 1;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return child_main(argv[1]);
	realpath(argv[0], program);
	looked_at();
	handled();
	abandoned();
	order();
	debuggers();
	policies();
	refused();
	return tap_done();
}
