/* Pseudo-handles: what they name, what may be done with them, and that they follow fork and exec. */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <abi/sig.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "tap.h"

static const char *self;

static void
of_process(void)
{
	mx_handle_t d = 0, e = 0, weak;
	mx_signals_t seen = 99;

	is_int(mx_process_self() & 0x3ffff, 0, "no slot has the value of a pseudo-handle");
	is_int(mx_object_wait_one(mx_process_self(), MX_EVENT_SIGNALED, 0, &seen), MX_ERR_TIMED_OUT,
	    "process-self can be waited for");
	is_int(seen, 0, "it has not ended");
	is_int(mx_object_signal(mx_process_self(), 0, MX_USER_SIGNAL_3), MX_OK, "user signals of process-self");
	is_int(mx_object_wait_one(mx_process_self(), MX_USER_SIGNAL_3, 0, &seen), MX_OK, "and their level");
	is_int(mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &d), MX_OK, "a duplicate");
	ok((d & 0x3ffff) > 65536, "is a real handle");
	ok(mx_handle_fd(d) >= 65536, "and a descriptor");
	is_int(mx_object_wait_one(d, MX_USER_SIGNAL_3, 0, &seen), MX_OK, "of the same object");
	is_int(mx_object_signal(d, MX_USER_SIGNAL_3, 0), MX_OK, "which it can change");
	is_int(mx_object_wait_one(mx_process_self(), MX_USER_SIGNAL_3, 0, NULL), MX_ERR_TIMED_OUT, "for both");
	is_int(mx_handle_duplicate(mx_process_self(), MX_RIGHT_WAIT, &weak), MX_OK, "a weaker duplicate");
	is_int(mx_object_signal(weak, 0, MX_USER_SIGNAL_3), MX_ERR_ACCESS_DENIED, "has fewer rights");
	is_int(mx_handle_duplicate(mx_process_self(), MX_RIGHT_SET_POLICY, &e), MX_ERR_INVALID_ARGS, "more rights: no");
	is_int(mx_handle_duplicate(mx_process_self(), MX_RIGHT_WAIT, (void *)8), MX_ERR_INVALID_ARGS, "bad pointer");
	is_int(mx_port_queue(mx_process_self(), &(mx_port_packet_t){ .type = MX_PKT_TYPE_USER }), MX_ERR_WRONG_TYPE,
	    "a process is no port");
	mx_handle_close(weak);
	mx_handle_close(d);
}

/* The kinds of all four, their rights, and what they lead to. */
static void
of_others(void)
{
	static const struct {
		mx_handle_t h;
		uint32_t type, lacks;
		const char *name;
	} all[] = {
		{ MX_HANDLE_PROCESS_SELF, MX_OBJ_TYPE_PROCESS, 0, "process" },
		{ MX_HANDLE_THREAD_SELF, MX_OBJ_TYPE_THREAD, 0, "thread" },
		{ MX_HANDLE_VMAR_ROOT_SELF, MX_OBJ_TYPE_VMAR, MX_RIGHT_WAIT, "root VMAR" },
		{ MX_HANDLE_JOB_DEFAULT, MX_OBJ_TYPE_JOB, MX_RIGHT_DESTROY | MX_RIGHT_SET_POLICY | MX_RIGHT_ENUMERATE, "job" },
	};
	mx_handle_t d, job, ch[2];
	mx_info_handle_basic_t b, c;

	for (unsigned i = 0; i < 4; i++) {
		is_int(mx_object_get_info(all[i].h, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL), MX_OK, all[i].name);
		is_int(b.type, all[i].type, "its kind");
		ok((b.rights & all[i].lacks) == 0, "no more rights than are due");
		is_int(mx_handle_duplicate(all[i].h, MX_RIGHT_SAME_RIGHTS, &d), MX_OK, "a duplicate");
		mx_object_get_info(d, MX_INFO_HANDLE_BASIC, &c, sizeof(c), NULL, NULL);
		ok(c.koid == b.koid && c.rights == b.rights && (c.rights & MX_RIGHT_TRANSFER) != 0, "of the same, to be moved");
		mx_channel_create(0, &ch[0], &ch[1]);
		is_int(mx_channel_write(ch[0], 0, NULL, 0, &all[i].h, 1), MX_ERR_ACCESS_DENIED, "it does not go into a channel");
		is_int(mx_object_get_info(all[i].h, MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL), MX_OK, "it stays");
		is_int(mx_channel_write(ch[0], 0, NULL, 0, &d, 1), MX_OK, "the duplicate does");
		mx_handle_close(ch[0]);
		mx_handle_close(ch[1]);
	}
	is_int(mx_object_get_info(mx_thread_self(), MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL), MX_OK, "thread-self");
	mx_object_get_info(mx_process_self(), MX_INFO_HANDLE_BASIC, &c, sizeof(c), NULL, NULL);
	ok(b.related_koid == c.koid, "is of the process");
	is_int(mx_job_create(mx_job_default(), 0, &job), MX_OK, "job-default can have children");
	mx_handle_close(job);
	is_int(mx_task_kill(mx_job_default()), MX_ERR_ACCESS_DENIED, "and cannot be killed");
}

static void
stays(void)
{
	mx_handle_t d = 0;
	char c;

	is_int(mx_handle_replace(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &d), MX_ERR_ACCESS_DENIED, "no replace");
	is_int(mx_object_wait_one(mx_process_self(), MX_EVENT_SIGNALED, 0, NULL), MX_ERR_TIMED_OUT, "it stays");
	fails(mx_handle_fd(mx_process_self()), EBADF, "handle_fd of one is -1");
	fails(read((int)mx_process_self(), &c, 1), EINVAL, "read of a process");
	is_int(mx_object_wait_one(5u << 18, MX_EVENT_SIGNALED, 0, NULL), MX_ERR_BAD_HANDLE, "the fifth is none");
	is_int(mx_object_wait_one(1u << 31, MX_EVENT_SIGNALED, 0, NULL), MX_ERR_BAD_HANDLE, "nor is bit 31");
	is_int(mx_handle_close(5u << 18), MX_ERR_BAD_HANDLE, "nor can it be closed");
}

/* In the child of a fork, and in the program it becomes. */
static int
is_own(const char *when, mx_handle_t parents)
{
	int bad = 0;

	if (mx_object_signal(mx_process_self(), 0, MX_USER_SIGNAL_1) != MX_OK)
		bad = 1;
	if (parents != 0 && mx_object_wait_one(parents, MX_USER_SIGNAL_1, 0, NULL) != MX_ERR_TIMED_OUT)
		bad = 2;
	tap_print("# %s: %d\n", when, bad);
	return bad;
}

static void
follows(void)
{
	mx_handle_t d;
	pid_t pid;

	mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &d);
	pid = fork();
	if (pid == 0)
		_exit(is_own("fork", d));
	is_int(child_status(pid), 0, "after fork it names the child");
	pid = fork();
	if (pid == 0) {
		execl(self, self, "own", NULL);
		_exit(99);
	}
	is_int(child_status(pid), 0, "and after exec");
	pid = vfork();
	if (pid == 0) {
		execl(self, self, "own", NULL);
		_exit(99);
	}
	is_int(child_status(pid), 0, "and after vfork and exec");
	is_int(mx_object_wait_one(mx_process_self(), MX_USER_SIGNAL_1, 0, NULL), MX_ERR_TIMED_OUT, "not the parent");
	mx_handle_close(d);
}

/* Closed: for good, for this process and those it makes. */
static void
closes(void)
{
	mx_handle_t port, d;
	mx_port_packet_t p;
	pid_t pid;

	mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &d);
	mx_port_create(0, &port);
	if (mx_object_wait_async(mx_process_self(), port, 5, MX_USER_SIGNAL_4, MX_WAIT_ASYNC_ONCE) != MX_OK)
		_exit(1);
	if (mx_handle_close(mx_process_self()) != MX_OK)
		_exit(2);
	if (mx_handle_close(mx_process_self()) != MX_ERR_BAD_HANDLE)
		_exit(3);
	if (mx_object_signal(mx_process_self(), 0, MX_USER_SIGNAL_4) != MX_ERR_BAD_HANDLE)
		_exit(4);
	if (mx_object_signal(d, 0, MX_USER_SIGNAL_4) != MX_OK)
		_exit(5);
	if (mx_port_wait(port, 0, &p) != MX_ERR_TIMED_OUT)
		_exit(6);
	pid = fork();
	if (pid == 0)
		_exit(mx_object_signal(mx_process_self(), 0, MX_USER_SIGNAL_4) == MX_ERR_BAD_HANDLE ? 0 : 1);
	if (child_status(pid) != 0)
		_exit(7);
	execl(self, self, "empty", NULL);
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1 && strcmp(argv[1], "own") == 0)
		return is_own("exec", 0);
	if (argc > 1)
		return mx_object_signal(mx_process_self(), 0, MX_USER_SIGNAL_4) == MX_ERR_BAD_HANDLE ? 0 : 8;
	of_process();
	of_others();
	stays();
	follows();
	is_int(in_child(closes), 0, "closing one empties it for good: waits, fork, exec");
	return tap_done();
}
