/*
 * What jobs are charged for beside processes: pages, descriptors, bytes in queues, observers.  Limits are exact,
 * count in all jobs above, and everything comes back.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <abi/task.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/port.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "tap.h"

#define PAGE		4096u
#define BAD_PTR		((void *)0x10)
#define NONE		UINT64_MAX

static mx_handle_t top, j;		/* j is below top */
static char page[65536];

static void
jobs_make(void)
{
	top = j = MX_HANDLE_INVALID;
	mx_job_create(mx_job_default(), 0, &top);
	mx_job_create(top, 0, &j);
}

static mx_info_job_t
info(mx_handle_t job)
{
	mx_info_job_t i = { 0 };

	mx_object_get_info(job, MX_INFO_JOB, &i, sizeof(i), NULL, NULL);
	return i;
}

static void
jobs_done(const char *what)
{
	mx_info_job_t i = info(top);

	ok(i.memory.used == 0 && i.handles.used == 0 && i.queued.used == 0 && i.observers.used == 0,
	    "%s: all is given back (%llu %llu %llu %llu)", what, (unsigned long long)i.memory.used,
	    (unsigned long long)i.handles.used, (unsigned long long)i.queued.used,
	    (unsigned long long)i.observers.used);
	mx_handle_close(j), mx_handle_close(top);
}

static mx_status_t
limit(mx_handle_t job, uint32_t property, uint64_t max)
{
	return mx_object_set_property(job, property, &max, sizeof(max));
}

/* Every writable page is the process's own from now on, so that it needs no other by chance. */
static void
own_all(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256], mode[8];
	volatile char room[8 * PAGE];
	unsigned long from, to;

	for (unsigned i = 0; i < sizeof(room); i += PAGE)
		room[i] = 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[1] == 'w')
			for (unsigned long at = from; at < to; at += PAGE)
				*(volatile char *)at = *(volatile char *)at;
	fclose(f);
}

/* Runs it in the job; its points are comments, its exit status says whether all were good. */
static int
within(mx_handle_t job, void (*body)(void))
{
	pid_t pid = mx_job_fork(job);

	if (pid == 0) {
		tap_in_child = 1;
		tap_bad = 0;
		own_all();
		body();
		_exit(tap_bad);
	}
	return child_status(pid);
}

/* --- the calls --- */

static void
properties(void)
{
	static const uint32_t all[] = { MX_PROP_JOB_MEMORY_LIMIT, MX_PROP_JOB_HANDLE_LIMIT,
		MX_PROP_JOB_QUEUE_LIMIT, MX_PROP_JOB_OBSERVER_LIMIT, MX_PROP_JOB_KILL_ON_OOM };
	mx_handle_t weak;
	uint64_t v, half = 1;
	mx_info_job_t i;

	jobs_make();
	for (unsigned k = 0; k < 5; k++) {
		uint64_t first = all[k] == MX_PROP_JOB_KILL_ON_OOM ? 0 : NONE;

		v = 77;
		ok(mx_object_get_property(j, all[k], &v, 8) == MX_OK && v == first, "property %u of a new job", all[k]);
		is_int(mx_object_get_property(j, all[k], &v, 4), MX_ERR_BUFFER_TOO_SMALL, "half of it");
		is_int(mx_object_get_property(j, all[k], BAD_PTR, 8), MX_ERR_INVALID_ARGS, "a bad pointer");
		is_int(mx_object_set_property(j, all[k], &half, 4), MX_ERR_BUFFER_TOO_SMALL, "half of it to set");
		is_int(mx_object_set_property(j, all[k], BAD_PTR, 8), MX_ERR_INVALID_ARGS, "a bad pointer to set");
		is_int(limit(mx_process_self(), all[k], 1), MX_ERR_WRONG_TYPE, "not of a process");
		mx_handle_duplicate(j, RIGHTS_JOB & ~(MX_RIGHT_GET_PROPERTY | MX_RIGHT_SET_PROPERTY), &weak);
		is_int(limit(weak, all[k], 1), MX_ERR_ACCESS_DENIED, "without SET_PROPERTY");
		is_int(mx_object_get_property(weak, all[k], &v, 8), MX_ERR_ACCESS_DENIED, "without GET_PROPERTY");
		mx_handle_close(weak);
		is_int(limit(j, all[k], 1), MX_OK, "set it");
		mx_object_get_property(j, all[k], &v, 8);
		ok(v == (all[k] == MX_PROP_JOB_MEMORY_LIMIT ? 0 : 1), "to what is said, memory by whole pages");
		is_int(limit(j, all[k], first), MX_OK, "and back");
	}
	is_int(limit(j, MX_PROP_JOB_KILL_ON_OOM, 2), MX_ERR_INVALID_ARGS, "kill_on_oom is 0 or 1");
	limit(j, MX_PROP_JOB_KILL_ON_OOM, 1);
	limit(j, MX_PROP_JOB_MEMORY_LIMIT, 8 * PAGE + 5);
	limit(j, MX_PROP_JOB_OBSERVER_LIMIT, 9);
	i = info(j);
	ok(i.kill_on_oom == 1 && i.memory.max == 8 * PAGE && i.memory.used == 0 && i.observers.max == 9 &&
	    i.handles.max == NONE && i.queued.max == NONE, "MX_INFO_JOB tells them");
	memset(&i, 0x55, sizeof(i));
	is_int(mx_object_get_info(j, MX_INFO_JOB, &i, 24, NULL, NULL), MX_OK, "the record without charges");
	ok(i.max_processes != 0x55555555 && i.memory.used == 0x5555555555555555, "gets that much");
	jobs_done("properties");
}

/* --- pages --- */

static mx_status_t
commit(mx_handle_t vmo, uint64_t pages)
{
	return mx_vmo_op_range(vmo, MX_VMO_OP_COMMIT, 0, pages * PAGE, NULL, 0);
}

static void
objects_body(void)
{
	uint64_t before = info(j).memory.used;
	mx_handle_t a, b, c;

	mx_vmo_create(64 * PAGE, 0, &a);
	mx_vmo_create(64 * PAGE, 0, &b);
	is_int((long)info(j).memory.used, (long)before, "pages are counted when they are there");
	limit(top, MX_PROP_JOB_MEMORY_LIMIT, before + 20 * PAGE);
	is_int(commit(a, 21), MX_ERR_NO_MEMORY, "one more than the job above has");
	is_int(commit(a, 20), MX_OK, "as many as it has");
	is_int((long)(info(top).memory.used - before), 20 * PAGE, "they are counted above");
	is_int(commit(b, 1), MX_ERR_NO_MEMORY, "no other object gets one");
	is_int(mx_vmo_write(b, "x", 0, 1), MX_ERR_NO_MEMORY, "nor by writing");
	is_int(mx_vmo_op_range(a, MX_VMO_OP_DECOMMIT, 0, 3 * PAGE, NULL, 0), MX_OK, "three go");
	is_int(commit(b, 4), MX_ERR_NO_MEMORY, "no four come");
	is_int(mx_vmo_op_range(b, MX_VMO_OP_DECOMMIT, 0, 64 * PAGE, NULL, 0), MX_OK, "(what of them came)");
	is_int(commit(b, 3), MX_OK, "but three");
	limit(top, MX_PROP_JOB_MEMORY_LIMIT, NONE);
	before = info(j).memory.used;
	is_int(mx_vmo_create_child(a, MX_VMO_CHILD_SNAPSHOT, 0, 64 * PAGE, &c), MX_OK, "a snapshot");
	is_int((long)info(j).memory.used, (long)before, "shares what is there");
	mx_vmo_write(c, "y", 10 * PAGE, 1);
	is_int((long)(info(j).memory.used - before), PAGE, "and costs what is written");
	mx_handle_close(a), mx_handle_close(b);
	is_int((long)(before - info(j).memory.used), 3 * PAGE, "the snapshot keeps pages of an object that is gone");
	mx_handle_close(c);
	is_int((long)(before - info(j).memory.used), 20 * PAGE, "all are gone");
}

/* Below what is in use: nothing is added before that much has gone. */
static void
lower_body(void)
{
	mx_handle_t a, b;
	uint64_t before;

	mx_vmo_create(64 * PAGE, 0, &a);
	mx_vmo_create(64 * PAGE, 0, &b);
	commit(a, 40);
	page[0] = page[PAGE] = 1;
	before = info(j).memory.used;
	limit(top, MX_PROP_JOB_MEMORY_LIMIT, before - 10 * PAGE);
	is_int((long)info(j).memory.used, (long)before, "what is in use stays");
	is_int(commit(b, 1), MX_ERR_NO_MEMORY, "nothing is added");
	mx_vmo_op_range(a, MX_VMO_OP_DECOMMIT, 0, 10 * PAGE, NULL, 0);
	is_int(commit(b, 1), MX_ERR_NO_MEMORY, "nor at the limit");
	mx_vmo_op_range(a, MX_VMO_OP_DECOMMIT, 10 * PAGE, PAGE, NULL, 0);
	is_int(commit(b, 1), MX_OK, "below it there is one");
	is_int(commit(b, 2), MX_ERR_NO_MEMORY, "and no second");
	limit(top, MX_PROP_JOB_MEMORY_LIMIT, NONE);
	is_int(commit(b, 64), MX_OK, "without a limit all come");
}

static void
file_body(void)
{
	int fd = open("/tmp/joblimit", O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t before = info(j).memory.used;
	ssize_t n;

	write(fd, page, 2 * PAGE);
	is_int((long)(info(j).memory.used - before), 2 * PAGE, "a file's pages count for who writes");
	limit(j, MX_PROP_JOB_MEMORY_LIMIT, before + 4 * PAGE);
	n = write(fd, page, 8 * PAGE);
	ok(n < 8 * PAGE, "a write does not pass the limit: %zd", n);
	lseek(fd, 0, SEEK_END);
	fails(write(fd, page, PAGE), ENOSPC, "the file system has no room for this job");
	is_int(ftruncate(fd, 0), 0, "cut it");
	is_int(write(fd, page, PAGE), PAGE, "now there is room");
	close(fd);
	unlink("/tmp/joblimit");
}

/* Pages that a process made and another has mapped. */
static void
heap_body(void)
{
	char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t before = info(j).memory.used;
	int status;
	pid_t pid;

	for (int i = 0; i < 16; i++)
		p[i * PAGE] = 1;
	is_int((long)(info(j).memory.used - before), 16 * PAGE, "touched pages count");
	before = info(j).memory.used;
	pid = fork();
	if (pid == 0) {
		uint64_t mine = info(j).memory.used;

		p[0] = 2;
		_exit(info(j).memory.used - mine == PAGE ? 0 : 1);
	}
	status = child_status(pid);
	ok(status == 0, "a child pays for what it writes");
	ok(info(j).memory.used <= before + 8 * PAGE, "not for what it shares");
	munmap(p, 64 * PAGE);
}

static void
grow(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

static int64_t
code_of(mx_handle_t process)
{
	mx_info_process_t i = { 0 };

	mx_object_wait_one(process, MX_TASK_TERMINATED, mx_deadline_after(MX_SEC(20)), NULL);
	mx_object_get_info(process, MX_INFO_PROCESS, &i, sizeof(i), NULL, NULL);
	return i.return_code;
}

/* A process in the job that touches so many pages, says so, and goes on when told. */
static pid_t
eater(mx_handle_t job, size_t pages, int say, int go)
{
	pid_t pid = mx_job_fork(job);
	char c = 'x';

	if (pid == 0) {
		grow(pages);
		write(say, &c, 1);
		if (go >= 0) {
			read(go, &c, 1);
			grow(200);
			_exit(33);
		}
		for (;;)
			pause();
	}
	return pid;
}

static void
faults(void)
{
	int say[2], go[2], status;
	mx_handle_t big, small, other, marked;
	pid_t a, b;
	char c;

	jobs_make();
	limit(top, MX_PROP_JOB_MEMORY_LIMIT, 100 * PAGE);
	a = mx_job_fork(j);
	if (a == 0) {
		grow(500);
		_exit(0);
	}
	big = mx_pid_handle(a);
	is_int(code_of(big), MX_TASK_RETCODE_OOM_KILL, "who touches more than the job has is ended");
	status = child_status(a);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "as if memory were short");
	mx_handle_close(big);

	/* The largest of the job goes, not the one that happens to ask. */
	pipe(say), pipe(go);
	limit(top, MX_PROP_JOB_MEMORY_LIMIT, 500 * PAGE);
	mx_job_create(top, 0, &other);
	a = eater(j, 350, say[1], -1);
	read(say[0], &c, 1);
	b = eater(other, 10, say[1], go[0]);
	read(say[0], &c, 1);
	big = mx_pid_handle(a), small = mx_pid_handle(b);
	write(go[1], "x", 1);
	is_int(code_of(big), MX_TASK_RETCODE_OOM_KILL, "the largest process below the limit is ended");
	is_int(code_of(small), 33, "and who asked goes on");
	kill(a, SIGKILL), kill(b, SIGKILL);
	child_status(a), child_status(b);
	mx_handle_close(big), mx_handle_close(small);

	/* A marked job goes first, and whole. */
	limit(top, MX_PROP_JOB_MEMORY_LIMIT, 650 * PAGE);
	a = eater(j, 300, say[1], go[0]);
	read(say[0], &c, 1);
	mx_job_create(other, 0, &marked);
	limit(marked, MX_PROP_JOB_KILL_ON_OOM, 1);
	b = eater(marked, 200, say[1], -1);
	read(say[0], &c, 1);
	big = mx_pid_handle(a), small = mx_pid_handle(b);
	write(go[1], "x", 1);
	is_int(code_of(small), MX_TASK_RETCODE_OOM_KILL, "a job with kill_on_oom goes first");
	is_int(code_of(big), 33, "though another is larger");
	kill(a, SIGKILL), kill(b, SIGKILL);
	child_status(a), child_status(b);
	is_int(info(marked).return_code, MX_TASK_RETCODE_OOM_KILL, "the job is dead");
	is_int(info(marked).exited, 1, "whole");
	is_int(info(j).return_code, 0, "the others are not");
	mx_handle_close(big), mx_handle_close(small), mx_handle_close(other), mx_handle_close(marked);
	close(say[0]), close(say[1]), close(go[0]), close(go[1]);
	jobs_done("faults");
}

/* A page may outlive the job it is charged to; then the jobs above have it. */
static void
orphan_body(void)
{
	int fd = open("/tmp/joblimit", O_RDWR | O_CREAT | O_TRUNC, 0600);

	write(fd, page, 5 * PAGE);
	close(fd);
}

static void
orphans(void)
{
	jobs_make();
	within(j, orphan_body);
	mx_handle_close(j);
	is_int((long)info(top).memory.used, 5 * PAGE, "a file that a job left counts in the job above");
	unlink("/tmp/joblimit");
	mx_job_create(top, 0, &j);
	jobs_done("orphans");
}

/* --- descriptors --- */

static void
slots_body(void)
{
	uint64_t before = info(j).handles.used;
	mx_handle_t e[8], ch[2];
	uint32_t nb, nh;
	int fd, p[2];

	mx_channel_create(0, &ch[0], &ch[1]);
	is_int((long)(info(j).handles.used - before), 2, "handles are counted");
	fd = dup(1);
	is_int((long)(info(j).handles.used - before), 3, "so are descriptors");
	before = info(j).handles.used;
	limit(top, MX_PROP_JOB_HANDLE_LIMIT, before + 2);
	is_int(mx_event_create(0, &e[0]), MX_OK, "one more");
	is_int(pipe(p) == -1 ? errno : 0, ENFILE, "a pipe needs two");
	is_int((long)(info(j).handles.used - before), 1, "and leaves none behind");
	is_int(mx_event_create(0, &e[1]), MX_OK, "a second one");
	is_int(mx_event_create(0, &e[2]), MX_ERR_NO_RESOURCES, "no third");
	is_int(mx_handle_duplicate(e[0], MX_RIGHT_SAME_RIGHTS, &e[2]), MX_ERR_NO_RESOURCES, "nor by duplicate");
	fails(open("/dev/null", O_RDONLY), ENFILE, "open");
	fails(dup(1), ENFILE, "dup");
	fails(dup2(1, 700), ENFILE, "dup2 to a free number");
	is_int(dup2(1, fd), fd, "dup2 over one that is open needs none");
	fails(fork(), EAGAIN, "a child needs as many as it inherits");
	is_int(mx_handle_replace(e[0], MX_RIGHT_SAME_RIGHTS, &e[0]), MX_OK, "replace needs none");
	/* A message with handles that do not fit stays. */
	is_int(mx_channel_write(ch[0], 0, "m", 1, e, 2), MX_OK, "two handles leave");
	is_int(mx_event_create(0, &e[2]), MX_OK, "so there is room");
	is_int(mx_channel_read(ch[1], 0, page, e, 8, 8, &nb, &nh), MX_ERR_NO_RESOURCES, "and none for two");
	mx_handle_close(e[2]);
	is_int(mx_channel_read(ch[1], 0, page, e, 8, 8, &nb, &nh), MX_OK, "the message is still there");
	ok(nb == 1 && nh == 2, "whole");
	limit(top, MX_PROP_JOB_HANDLE_LIMIT, NONE);
	is_int(open("/dev/null", O_RDONLY) >= 0, 1, "without a limit");
}

/* --- queues --- */

static void
channel_body(void)
{
	mx_handle_t ch[2], other[2], e;
	uint32_t nb, nh;
	uint64_t before;
	int n = 0;

	mx_channel_create(0, &ch[0], &ch[1]);
	mx_channel_create(0, &other[0], &other[1]);
	before = info(j).queued.used;
	is_int((long)before, 0, "channels that carry nothing cost nothing");
	limit(top, MX_PROP_JOB_QUEUE_LIMIT, 65536);
	while (n < 1000 && mx_channel_write(ch[0], 0, page, 1024 - 64, NULL, 0) == MX_OK)
		n++;
	is_int(n, 64, "as many messages as the limit has room for");
	is_int((long)info(j).queued.used, 65536, "it is used up");
	is_int(mx_channel_write(ch[0], 0, page, 1, NULL, 0), MX_ERR_NO_MEMORY, "no message more");
	is_int(mx_channel_write(other[0], 0, page, 1, NULL, 0), MX_ERR_NO_MEMORY, "through no channel");
	mx_event_create(0, &e);
	is_int(mx_channel_write(ch[0], 0, page, 1, &e, 1), MX_ERR_NO_MEMORY, "with a handle");
	is_int(mx_handle_close(e), MX_ERR_BAD_HANDLE, "which is consumed");
	fails(write(mx_handle_fd(ch[0]), "x", 1), ENOMEM, "nor by write()");
	while (n > 0 && mx_channel_read(ch[1], 0, page, NULL, sizeof(page), 0, &nb, &nh) == MX_OK)
		n--;
	is_int(n, 0, "all can be read");
	is_int(mx_channel_write(other[0], 0, page, 40000, NULL, 0), MX_OK, "then there is room");
	mx_handle_close(ch[0]), mx_handle_close(ch[1]), mx_handle_close(other[0]), mx_handle_close(other[1]);
	is_int((long)info(j).queued.used, 0, "closing gives all back");
}

static void
bytes_body(void)
{
	struct { long type; char text[3000]; } m = { .type = 1 };
	mx_port_packet_t k = { .key = 1 };
	mx_handle_t so[2], fi[2], port;
	int p[2], sv[2], id, n;
	size_t actual;
	ssize_t r;
	mqd_t q;

	limit(j, MX_PROP_JOB_QUEUE_LIMIT, 5 * PAGE);
	pipe(p);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	r = write(p[1], page, 8 * PAGE);
	ok(r < 0 && errno == ENOMEM, "a pipe cannot take eight pages: %zd", r);
	is_int((int)write(p[1], page, PAGE), PAGE, "but one");
	is_int((long)info(j).queued.used, 5 * PAGE, "its ring counts what it has");
	close(p[0]), close(p[1]);
	is_int((long)info(j).queued.used, 0, "and gives it back");
	mx_socket_create(MX_SOCKET_STREAM, &so[0], &so[1]);
	is_int(mx_socket_write(so[0], 0, page, 6 * PAGE, &actual), MX_ERR_NO_MEMORY, "a stream");
	mx_handle_close(so[0]), mx_handle_close(so[1]);
	mx_socket_create(MX_SOCKET_DATAGRAM, &so[0], &so[1]);
	is_int(mx_socket_write(so[0], 0, page, 4 * PAGE, &actual), MX_OK, "a datagram");
	is_int(mx_socket_write(so[0], 0, page, PAGE, &actual), MX_ERR_NO_MEMORY, "and one too many");
	is_int(mx_fifo_create(1024, 4, 0, &fi[0], &fi[1]), MX_ERR_NO_MEMORY, "a fifo counts when it is made");
	mx_handle_close(so[0]), mx_handle_close(so[1]);
	is_int(mx_fifo_create(1024, 4, 0, &fi[0], &fi[1]), MX_OK, "now it can be");
	is_int((long)info(j).queued.used, 2 * PAGE, "both directions");
	mx_handle_close(fi[0]), mx_handle_close(fi[1]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	for (n = 0; n < 100 && (r = write(sv[0], page, 1000)) == 1000; n++)
		;
	ok(r < 0 && errno == ENOMEM && n >= 15 && n <= 20, "AF_UNIX: %d messages", n);
	close(sv[0]), close(sv[1]);
	mx_port_create(0, &port);
	for (n = 0; n < 5000 && mx_port_queue(port, &k) == MX_OK; n++)
		;
	ok(n > 100 && n < 500 && mx_port_queue(port, &k) == MX_ERR_NO_MEMORY, "packets of a port: %d", n);
	mx_port_wait(port, 0, &k);
	is_int(mx_port_queue(port, &k), MX_OK, "one taken, one more");
	mx_handle_close(port);
	id = msgget(IPC_PRIVATE, 0600);
	for (n = 0; n < 50 && msgsnd(id, &m, 3000, IPC_NOWAIT) == 0; n++)
		;
	ok(n == 6 && errno == ENOMEM, "System V messages: %d", n);
	msgctl(id, IPC_RMID, NULL);
	q = mq_open("/joblimit", O_RDWR | O_CREAT | O_NONBLOCK, 0600, NULL);
	for (n = 0; n < 9 && mq_send(q, page, 3000, 0) == 0; n++)
		;
	ok(n == 6 && errno == ENOMEM, "POSIX messages: %d", n);
	mq_close(q);
	mq_unlink("/joblimit");
	is_int((long)info(j).queued.used, 0, "nothing waits any more");
}

/* --- observers --- */

static void
observers_body(void)
{
	mx_handle_t port, e;
	mx_port_packet_t k;

	mx_port_create(0, &port);
	mx_event_create(0, &e);
	limit(top, MX_PROP_JOB_OBSERVER_LIMIT, 3);
	for (int i = 0; i < 3; i++)
		is_int(mx_object_wait_async(e, port, (uint64_t)i, MX_EVENT_SIGNALED, 0), MX_OK, "an observer");
	is_int((long)info(j).observers.used, 3, "they are counted");
	is_int(mx_object_wait_async(e, port, 9, MX_EVENT_SIGNALED, 0), MX_ERR_NO_MEMORY, "one too many");
	is_int(mx_port_cancel(port, e, 1), MX_OK, "cancel one");
	is_int(mx_object_wait_async(e, port, 9, MX_EVENT_SIGNALED, 0), MX_OK, "then there is room");
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	is_int((long)info(j).observers.used, 3, "who fired counts until the packet is taken");
	mx_port_wait(port, 0, &k);
	is_int((long)info(j).observers.used, 2, "then no more");
	mx_handle_close(port);
	is_int((long)info(j).observers.used, 0, "nor those of a closed port");
}

int
main(void)
{
	static const struct { const char *name; void (*body)(void); } bodies[] = {
		{ "objects", objects_body }, { "lower", lower_body }, { "file", file_body }, { "heap", heap_body },
		{ "slots", slots_body }, { "channel", channel_body }, { "bytes", bytes_body },
		{ "observers", observers_body },
	};

	properties();
	for (unsigned i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		jobs_make();
		is_int(within(j, bodies[i].body), 0, bodies[i].name);
		jobs_done(bodies[i].name);
	}
	faults();
	orphans();
	return tap_done();
}
