/* A bad result address consumes nothing: the child, the signal, the packet is still there. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <mx/fd.h>
#include <mx/syscalls.h>
#include "tap.h"

#define BAD ((void *)4096)

static void *unmapped, *readonly;

static void
children(void)
{
	struct rusage usage;
	siginfo_t info;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	fails(waitid(P_PID, (id_t)pid, unmapped, WEXITED), EFAULT, "waitid to no memory");
	fails(waitpid(pid, readonly, 0), EFAULT, "waitpid to read-only memory");
	fails(waitpid(pid, BAD, 0), EFAULT, "waitpid to a low address");
	fails(wait4(pid, &status, 0, unmapped), EFAULT, "wait4 with nowhere for the usage");
	fails(waitpid(pid, (int *)0xffff800000000000ul, 0), EFAULT, "waitpid to the kernel");
	ok(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 && info.si_status == 7, "the child is still there");
	ok(wait4(pid, &status, 0, &usage) == pid && WEXITSTATUS(status) == 7, "and is reaped once");
	fails(waitpid(pid, &status, 0), ECHILD, "not twice");
	pid = fork();
	if (pid == 0)
		_exit(3);
	is_int(waitpid(pid, NULL, 0), pid, "reaped without a status");
	pid = fork();
	if (pid == 0)
		pause();
	info.si_signo = 99, info.si_pid = 1;
	is_int(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0, "nothing to report");
	is_int(info.si_pid, 0, "is a zero pid");
	kill(pid, SIGSTOP);
	fails(waitpid(pid, unmapped, WUNTRACED), EFAULT, "a stop to nowhere");
	ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "is reported later");
	is_int(waitpid(pid, &status, WUNTRACED | WNOHANG), 0, "once");
	kill(pid, SIGKILL);
	is_int(child_status(pid), SIGKILL, "and its end");
}

static void
signals(void)
{
	struct timespec none = { 0, 0 };
	union sigval v = { .sival_int = 1 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1), sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (v.sival_int = 1; v.sival_int <= 3; v.sival_int++)
		sigqueue(getpid(), SIGRTMIN, v);
	fails(sigtimedwait(&set, unmapped, &none), EFAULT, "sigtimedwait to no memory");
	fails(sigtimedwait(&set, readonly, &none), EFAULT, "to read-only memory");
	for (int i = 1; i <= 3; i++)
		ok(sigtimedwait(&set, &info, &none) == SIGRTMIN && info.si_value.sival_int == i, "value %d, in order", i);
	fails(sigtimedwait(&set, &info, &none), EAGAIN, "and no more");
	kill(getpid(), SIGUSR1);
	fails(sigwaitinfo(&set, unmapped), EFAULT, "sigwaitinfo");
	ok(sigtimedwait(&set, &info, &none) == SIGUSR1 && info.si_pid == getpid(), "the signal and who sent it");
}

static void
packets(void)
{
	mx_port_packet_t k = { .type = MX_PKT_TYPE_USER }, got;
	mx_handle_t port, e;
	mx_signals_t seen;

	mx_port_create(0, &port), mx_event_create(0, &e);
	for (k.key = 1; k.key <= 2; k.key++)
		mx_port_queue(port, &k);
	mx_object_wait_async(e, port, 3, MX_EVENT_SIGNALED, MX_WAIT_ASYNC_ONCE);
	mx_object_wait_async(e, port, 4, MX_EVENT_SIGNALED, MX_WAIT_ASYNC_REPEATING);
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	for (uint64_t key = 1; key <= 4; key++) {
		is_int(mx_port_wait(port, 0, unmapped), MX_ERR_INVALID_ARGS, "port_wait to no memory");
		is_int(mx_port_wait(port, 0, readonly), MX_ERR_INVALID_ARGS, "to read-only memory");
		is_int(mx_port_wait(port, 0, NULL), MX_ERR_INVALID_ARGS, "to nowhere");
		fails(read(mx_handle_fd(port), unmapped, 100), EFAULT, "read to no memory");
		is_int(mx_port_wait(port, 0, &got), MX_OK, "the packet is still there");
		ok(got.key == key && (key < 3 || got.signal.count == 1), "packet %d, in order", (int)key);
	}
	is_int(mx_port_wait(port, 0, &got), MX_ERR_TIMED_OUT, "and no more");
	mx_object_signal(e, MX_EVENT_SIGNALED, 0), mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	ok(mx_port_wait(port, 0, unmapped) != MX_OK, "once more to nowhere");
	mx_object_signal(e, MX_EVENT_SIGNALED, 0), mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	is_int(mx_port_wait(port, 0, &got), MX_OK, "changes after it fold into it");
	ok(got.key == 4 && got.signal.count == 2, "count 2");
	is_int(mx_object_wait_one(e, MX_EVENT_SIGNALED, MX_TIME_INFINITE, (mx_signals_t *)0xffff800000000000ul),
	    MX_ERR_INVALID_ARGS, "wait_one to the kernel");
	is_int(mx_object_wait_one(e, MX_USER_SIGNAL_0, MX_TIME_INFINITE, (mx_signals_t *)0xffff800000000000ul),
	    MX_ERR_INVALID_ARGS, "is refused before it waits");
	is_int(mx_object_wait_one(e, MX_EVENT_SIGNALED, 0, &seen), MX_OK, "wait_one");
	mx_handle_close(port), mx_handle_close(e);
}

int
main(void)
{
	readonly = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	unmapped = (char *)readonly + 4096;
	munmap(unmapped, 4096);
	children();
	signals();
	packets();
	return tap_done();
}
