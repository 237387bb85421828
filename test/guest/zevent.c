/* Zero's events: folders, processes, messages; who may listen; what is lost is counted. */
#include <fcntl.h>
#include <signal.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <mx/syscalls.h>
#include <mx/fd.h>
#include <zero/event.h>
#include "tap.h"

static int port = -1;

static int
new_port(void)
{
	mx_handle_t h;

	if (mx_port_create(0, &h) != MX_OK)
		return -1;
	return mx_handle_fd(h);
}

static long
watch(int source, uint32_t mask, uint64_t key)
{
	zevreg_t r = { .port = port, .source = source, .mask = mask, .key = key };

	return sys_evreg(0, 0, &r);
}

/* The next event's type, 0 when there is none. */
static unsigned
next(zevent_t *e)
{
	memset(e, 0x5a, sizeof(*e));
	return sys_evrecv(e, EV_NOWAIT, port) == 0 ? ZEV_TYPE(e) : 0;
}

static uint64_t
inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static void
files(void)
{
	int dir, other;
	long id, id2;
	uint64_t ino;
	uint32_t cookie;
	zevent_t e;

	mkdir("/tmp/ev", 0755);
	mkdir("/tmp/ev2", 0755);
	dir = open("/tmp/ev", O_RDONLY | O_DIRECTORY);
	other = open("/tmp/ev2", O_RDONLY | O_DIRECTORY);
	id = watch(dir, EVMASK_FS, 11);
	ok(id > 0, "a folder is watched");
	is_int(next(&e), 0, "nothing has happened");
	close(open("/tmp/ev/a", O_CREAT | O_WRONLY, 0640));
	ino = inode("/tmp/ev/a");
	is_int(next(&e), EV_FSCREAT, "open with O_CREAT");
	ok(e.key == 11 && e.lost == 0 && e.fs.dir == inode("/tmp/ev") && e.fs.node == ino && e.fs.mode == (S_IFREG | 0640) &&
	    e.fs.time > 0, "folder, file and mode");
	close(open("/tmp/ev/a", O_WRONLY | O_CREAT | O_TRUNC, 0600));
	is_int(next(&e), 0, "a file that was there is not created");
	mkdir("/tmp/ev/d", 0700);
	is_int(next(&e), EV_FSMKDIR, "mkdir");
	symlink("nowhere", "/tmp/ev/l");
	is_int(next(&e), EV_FSCREAT, "symlink");
	ok(S_ISLNK(e.fs.mode) && e.fs.node == inode("/tmp/ev/l"), "it is a link");
	link("/tmp/ev/a", "/tmp/ev/b");
	is_int(next(&e), EV_FSCREAT, "link");
	ok(e.fs.node == ino, "the same file");
	mkfifo("/tmp/ev/f", 0600);
	is_int(next(&e), EV_FSCREAT, "mkfifo");
	is_int(mkdir("/tmp/ev/d", 0700), -1, "mkdir that fails");
	is_int(next(&e), 0, "is no event");
	unlink("/tmp/ev/b");
	is_int(next(&e), EV_FSUNLINK, "unlink");
	ok(e.fs.node == ino && e.fs.dir == inode("/tmp/ev"), "of that file");
	rmdir("/tmp/ev/d");
	is_int(next(&e), EV_FSRMDIR, "rmdir");

	id2 = watch(other, EVBIT(EV_FSRENAME), 12);
	ok(id2 > id, "a second folder");
	rename("/tmp/ev/a", "/tmp/ev2/a");
	is_int(next(&e), EV_FSRENAME, "rename: where it was");
	ok(e.key == 11 && e.fs.node == ino, "in the first folder");
	cookie = e.fs.cookie;
	is_int(next(&e), EV_FSRENAME, "rename: where it is");
	ok(e.key == 12 && e.fs.node == ino && e.fs.cookie == cookie && cookie != 0, "in the second, with the same cookie");
	close(open("/tmp/ev2/x", O_CREAT | O_WRONLY, 0600));
	is_int(next(&e), 0, "what the mask leaves out does not come");
	rename("/tmp/ev/f", "/tmp/ev/l");
	is_int(next(&e), EV_FSUNLINK, "rename over a file takes that away");
	is_int(next(&e), EV_FSRENAME, "and renames, once in one folder");
	is_int(next(&e), 0, "no more");

	zevunreg_t u = { .port = port, .id = (uint32_t)id };
	is_int(sys_evop(EVOP_UNREG, 0, &u), 0, "unregister");
	unlink("/tmp/ev/l");
	is_int(next(&e), 0, "nothing comes afterwards");
	ok(sys_evop(EVOP_UNREG, 0, &u) == -1 && errno == ENOENT, "unregister again");
	close(dir);
	close(other);
	unlink("/tmp/ev2/a");
	unlink("/tmp/ev2/x");
	rmdir("/tmp/ev");
	rmdir("/tmp/ev2");
	u.id = (uint32_t)id2;
	is_int(sys_evop(EVOP_UNREG, 0, &u), 0, "a folder that is gone is watched until it is unregistered");
}

/* More than a registration has room for. */
static void
overflow(void)
{
	zevstat_t st = { .port = port };
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), got = 0, lost = 0;
	zevent_t e;
	long id = watch(dir, EVBIT(EV_FSCREAT) | EVBIT(EV_FSUNLINK), 7);

	for (int i = 0; i < 100; i++) {
		close(open("/tmp/ov", O_CREAT | O_WRONLY, 0600));
		unlink("/tmp/ov");
	}
	st.id = (uint32_t)id;
	is_int(sys_evop(EVOP_STAT, 0, &st), 0, "stat");
	ok(st.queued == st.depth && st.posted == st.depth && st.lost == 200 - st.depth && st.mask ==
	    (EVBIT(EV_FSCREAT) | EVBIT(EV_FSUNLINK)), "as many as it holds, the rest is counted");
	while (next(&e) != 0) {
		got++;
		lost += e.lost;
	}
	ok(got == (int)st.depth && lost == 0, "the first ones are there");
	close(open("/tmp/ov", O_CREAT | O_WRONLY, 0600));
	is_int(next(&e), EV_FSCREAT, "there is room again");
	is_int(e.lost, 200 - (long)st.depth, "it says how many were lost");
	unlink("/tmp/ov");
	next(&e);
	is_int(e.lost, 0, "once");
	is_int(sys_evop(EVOP_UNREG, 0, &(zevunreg_t){ .port = port, .id = (uint32_t)id }), 0, "unregister");
	close(dir);
}

static void
processes(void)
{
	mx_handle_t h;
	int go[2], status;
	zevent_t e;
	pid_t pid;

	pipe(go);
	pid = fork();
	if (pid == 0) {
		char c;

		read(go[0], &c, 1);
		if (fork() == 0)
			_exit(0);
		wait(NULL);
		execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
		_exit(1);
	}
	h = mx_pid_handle(pid);
	long id = watch(mx_handle_fd(h), EVMASK_PROC, 5);
	ok(id > 0, "a process is watched");
	write(go[1], "x", 1);
	waitpid(pid, &status, 0);
	is_int(next(&e), EV_PROCFORK, "fork");
	ok(e.proc.pid == pid && e.proc.parent == getpid() && e.proc.code > 0 && e.proc.code != pid, "of which child");
	is_int(next(&e), EV_PROCEXEC, "exec");
	is_int(next(&e), EV_PROCEXIT, "exit");
	ok(e.proc.pid == pid && e.proc.code == 9, "with what code");
	is_int(next(&e), 0, "that is all");
	mx_handle_close(h);
	is_int(sys_evop(EVOP_UNREG, 0, &(zevunreg_t){ .port = port, .id = (uint32_t)id }), 0, "unregister");
	close(go[0]);
	close(go[1]);
}

static void
messages(void)
{
	zevent_t e = { .key = 77, .type = EV_PKT_TYPE(EV_MSG), .msg = { .source = 1, .len = 5, .text = "hello" } };
	mx_port_packet_t packet;
	zevent_t got;
	int status;

	/* A request and its answer between two processes, each with a port. */
	int answer = new_port();
	if (fork() == 0) {
		sys_evrecv(&got, 0, port);
		got.type = EV_PKT_TYPE(EV_CMD);
		got.cmd.cmd = got.msg.len * 2;
		_exit(sys_evsend(&got, 0, answer) != 0);
	}
	is_int(sys_evsend(&e, 0, port), 0, "a message");
	is_int(sys_evrecv(&got, 0, answer), 0, "its answer");
	wait(&status);
	ok(ZEV_TYPE(&got) == EV_CMD && got.cmd.cmd == 10 && got.cmd.source > 1 && got.cmd.source != getpid(),
	    "a command, from whom the kernel says");
	close(answer);
	is_int(sys_evsend(&e, 0, port), 0, "to oneself");
	is_int(mx_port_wait(mx_fd_handle(port), 0, &packet), MX_OK, "port_wait takes events too");
	ok(packet.key == 77 && EV_PKT_IS_EVENT(packet.type) && ((zevent_t *)&packet)->msg.source == getpid(), "the same bytes");
	e.msg.len = EV_MSG_SIZE + 1;
	ok(sys_evsend(&e, 0, port) == -1 && errno == EMSGSIZE, "a message that is too long");
	e.type = EV_PKT_TYPE(EV_DATA);
	e.data.object = 123;
	is_int(sys_evsend(&e, 0, port), 0, "data");
	ok(next(&got) == EV_DATA && got.data.object == 123, "arrive");
	int sent = 0;
	while (sys_evsend(&e, 0, port) == 0)
		sent++;
	ok(sent == 2048 && errno == EAGAIN, "a port holds so many");
	while (next(&got) != 0)
		sent--;
	is_int(sent, 0, "and gives them all back");
}

static void
refusals(void)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), file = open("/etc/passwd", O_RDONLY), pipes[2];
	zevreg_t r = { .port = port, .source = dir, .mask = EVMASK_FS };
	zevent_t e = { .type = EV_PKT_TYPE(EV_KEYDOWN) };
	mx_handle_t weak;

	pipe(pipes);
	ok(sys_evreg(0, 1, &r) == -1 && errno == EINVAL, "evreg: unknown flag");
	ok(sys_evreg(EV_NTYPE, 0, &r) == -1 && errno == EINVAL, "evreg: unknown type");
	ok(sys_evreg(0, 0, NULL) == -1 && errno == EFAULT, "evreg: bad pointer");
	r.mask = 0;
	ok(sys_evreg(0, 0, &r) == -1 && errno == EINVAL, "evreg: no event");
	r.mask = EVBIT(EV_KEYDOWN);
	ok(sys_evreg(0, 0, &r) == -1 && errno == EINVAL, "evreg: a folder has no keys");
	r = (zevreg_t){ .port = dir, .source = dir, .mask = EVMASK_FS };
	ok(sys_evreg(0, 0, &r) == -1 && errno == EBADF, "evreg: no port");
	r = (zevreg_t){ .port = port, .source = file, .mask = EVMASK_FS };
	ok(sys_evreg(0, 0, &r) == -1 && errno == ENOTDIR, "evreg: a file");
	r.source = pipes[0];
	ok(sys_evreg(0, 0, &r) == -1 && errno == ENOTDIR, "evreg: a pipe");
	r.source = 9999;
	ok(sys_evreg(0, 0, &r) == -1 && errno == EBADF, "evreg: nothing");
	r.source = open("/tmp", O_PATH | O_DIRECTORY);
	mx_handle_replace(mx_fd_handle(r.source), MX_RIGHT_WAIT, &weak);
	r.source = mx_handle_fd(weak);
	ok(sys_evreg(0, 0, &r) == -1 && errno == EBADF, "evreg: a folder without READ");
	mx_handle_close(weak);
	r.source = posix_openpt(O_RDWR);
	r.mask = EVMASK_KEY;
	ok(sys_evreg(0, 0, &r) == -1 && errno == EINVAL, "evreg: a terminal that is not the screen");
	close(r.source);
	r.source = mx_handle_fd(mx_pid_handle(1));
	r.mask = EVMASK_PROC | EVMASK_FS;
	ok(sys_evreg(0, 0, &r) == -1 && errno == EINVAL, "evreg: a process is no folder");
	close(r.source);
	ok(sys_evsend(&e, 0, port) == -1 && errno == EPERM, "evsend: a key cannot be faked");
	e.type = MX_PKT_TYPE_USER;
	ok(sys_evsend(&e, 0, port) == -1 && errno == EINVAL, "evsend: no event");
	e.type = EV_PKT_TYPE(EV_MSG);
	ok(sys_evsend(&e, 1, port) == -1 && errno == EINVAL, "evsend: unknown flag");
	ok(sys_evsend(&e, 0, dir) == -1 && errno == EBADF, "evsend: no port");
	ok(sys_evsend(NULL, 0, port) == -1 && errno == EFAULT, "evsend: bad pointer");
	ok(sys_evrecv(&e, 2, port) == -1 && errno == EINVAL, "evrecv: unknown flag");
	ok(sys_evrecv(&e, EV_NOWAIT, port) == -1 && errno == EAGAIN, "evrecv: nothing");
	ok(sys_evrecv(&e, EV_NOWAIT, file) == -1 && errno == EBADF, "evrecv: no port");
	e.msg.len = 0;
	e.type = EV_PKT_TYPE(EV_MSG);
	sys_evsend(&e, 0, port);
	ok(sys_evrecv((zevent_t *)8, 0, port) == -1 && errno == EFAULT, "evrecv: bad pointer");
	is_int(next(&e), EV_MSG, "which leaves the event");
	ok(sys_evop(9, 0, NULL) == -1 && errno == EINVAL, "evop: unknown command");
	ok(sys_evop(EVOP_STAT, 0, NULL) == -1 && errno == EFAULT, "evop: bad pointer");
	ok(sys_evop(EVOP_STAT, 0, &(zevstat_t){ .port = port, .id = 12345 }) == -1 && errno == ENOENT, "evop: no such number");
	close(pipes[0]);
	close(pipes[1]);
	close(dir);
	close(file);
}

/* The port with less than a call needs, and what is no port. */
static void
rights(void)
{
	mx_handle_t h = mx_fd_handle(port), reads, writes, process, blind;
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	zevreg_t r = { .port = port, .source = dir, .mask = EVMASK_FS };
	zevent_t e = { .type = EV_PKT_TYPE(EV_MSG) };
	struct abi_evring_op ring = { .entries = 16 };
	zevunreg_t u = { .id = 1 };
	zevstat_t st = { .id = 1 };

	mx_handle_duplicate(h, MX_RIGHT_READ, &reads);
	mx_handle_duplicate(h, MX_RIGHT_WRITE, &writes);
	r.port = mx_handle_fd(reads);
	fails(sys_evreg(0, 0, &r), EBADF, "evreg needs WRITE on the port");
	r = (zevreg_t){ .port = port, .mask = EVMASK_PROC };
	mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &process);
	mx_handle_duplicate(process, MX_RIGHT_WAIT, &blind);
	r.source = mx_handle_fd(blind);
	fails(sys_evreg(0, 0, &r), EBADF, "INSPECT on a process");
	r.source = -1;
	fails(sys_evreg(0, 0, &r), EBADF, "evreg of nothing");
	r = (zevreg_t){ .port = port, .source = dir, .mask = EVMASK_FS, .reserved = 1 };
	fails(sys_evreg(0, 0, &r), EINVAL, "evreg with a reserved word");
	fails(sys_evsend(&e, 0, mx_handle_fd(reads)), EBADF, "evsend needs WRITE");
	fails(sys_evsend(&e, 0, -1), EBADF, "evsend to nothing");
	fails(sys_evrecv(&e, EV_NOWAIT, mx_handle_fd(writes)), EBADF, "evrecv needs READ");
	fails(sys_evrecv(&e, EV_NOWAIT, -1), EBADF, "evrecv from nothing");
	fails(sys_evop(EVOP_STAT, 1, &st), EINVAL, "evop: unknown flag");
	u.port = st.port = port;
	fails(sys_evop(EVOP_UNREG, 0, &u), ENOENT, "no such number");
	fails(sys_evop(EVOP_UNREG, 0, NULL), EFAULT, "nowhere to read");
	u.port = st.port = ring.port = mx_handle_fd(reads);
	fails(sys_evop(EVOP_UNREG, 0, &u), EBADF, "UNREG needs WRITE");
	fails(sys_evop(EVOP_STAT, 0, &st), EBADF, "STAT needs WRITE");
	fails(sys_evop(EVOP_RING, 0, &ring), EBADF, "RING needs WRITE");
	ring.port = mx_handle_fd(writes);
	fails(sys_evop(EVOP_RING, 0, &ring), EBADF, "and READ");
	u.port = st.port = ring.port = dir;
	fails(sys_evop(EVOP_UNREG, 0, &u), EBADF, "UNREG of no port");
	fails(sys_evop(EVOP_STAT, 0, &st), EBADF, "STAT of no port");
	fails(sys_evop(EVOP_RING, 0, &ring), EBADF, "RING of no port");
	fails(sys_evop(EVOP_RING, 0, NULL), EFAULT, "a ring told nowhere");
	mx_handle_close_many((mx_handle_t[]){ reads, writes, process, blind }, 4);
	close(dir);
}

static void
touch(int n)
{
	for (int i = 0; i < n; i++) {
		close(open("/tmp/ring", O_CREAT | O_WRONLY, 0600));
		unlink("/tmp/ring");
	}
}

/* Events without a call; and a receiver that writes all over its ring. */
static void
ring(void)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), kept = port, got = 0, status;
	struct pollfd pfd;
	zev_ring_t z;
	uint32_t id;
	zevent_t e;

	port = new_port();
	ok(zev_ring_open(&z, port, 0) == -1 && errno == EINVAL, "a ring without entries");
	ok(zev_ring_open(&z, port, 1025) == -1 && errno == EINVAL, "a ring too large");
	ok(sys_evop(EVOP_RING, 0, (void *)16) == -1 && errno == EFAULT, "a bad pointer");
	is_int(zev_ring_open(&z, port, 20), 0, "a ring");
	is_int(z.ring->entries, 32, "of a power of two");
	ok(zev_ring_open(&z, port, 20) == -1 && errno == EEXIST, "one a port");
	long number = watch(dir, EVBIT(EV_FSCREAT) | EVBIT(EV_FSUNLINK), 9);
	is_int(zev_ring_next(&z, &e, &id), 0, "it is empty");
	touch(1);
	ok(zev_ring_next(&z, &e, &id) == 1 && ZEV_TYPE(&e) == EV_FSCREAT && e.key == 9 && id == number, "an event without a call");
	ok(zev_ring_next(&z, &e, NULL) == 1 && ZEV_TYPE(&e) == EV_FSUNLINK, "and another");
	is_int(zev_ring_next(&z, &e, &id), 0, "no more");
	is_int(next(&e), 0, "none in the kernel either");
	touch(1);
	pfd = (struct pollfd){ .fd = port, .events = POLLIN };
	is_int(poll(&pfd, 1, 0), 1, "poll sees what is in the ring");
	is_int(next(&e), EV_FSCREAT, "evrecv takes from the ring");
	ok(zev_ring_next(&z, &e, NULL) == 1 && ZEV_TYPE(&e) == EV_FSUNLINK, "then the ring has the rest");
	is_int(next(&e), 0, "evrecv looks");
	is_int(poll(&pfd, 1, 0), 0, "and poll knows that it is empty");
	/* 32 in the ring, the registration's 32 in the kernel. */
	touch(40);
	while (zev_ring_next(&z, &e, NULL))
		got++;
	is_int(got, 32, "a ring full");
	while (next(&e) != 0)
		got++;
	is_int(got, 64, "then the kernel's queue");
	touch(1);
	is_int(zev_ring_next(&z, &e, NULL), 1, "then the ring again");
	is_int(e.lost, 16, "and what was lost is told");
	ok(sys_evrecv((zevent_t *)8, EV_NOWAIT, port) == -1 && errno == EFAULT, "evrecv with a bad pointer");
	is_int(next(&e), EV_FSUNLINK, "loses nothing");
	/* A receiver sleeps until something comes into the ring. */
	if (fork() == 0) {
		usleep(20000);
		touch(1);
		_exit(0);
	}
	is_int(sys_evrecv(&e, 0, port), 0, "a sleeping receiver is woken");
	wait(&status);
	/* Scribbling. */
	for (uint32_t i = 0; i < 200; i++) {
		z.ring->tail = i * 0x9e3779b9u;
		z.ring->head = ~i;
		z.ring->entries = i;
		touch(1);
		while (next(&e) != 0)
			;
	}
	ok(1, "a receiver that writes nonsense harms itself alone");
	is_int(sys_evop(EVOP_UNREG, 0, &(zevunreg_t){ .port = port, .id = (uint32_t)number }), 0, "unregister");
	number = watch(dir, EVBIT(EV_FSCREAT), 10);
	z.ring->tail = z.ring->head;
	next(&e);
	touch(1);
	is_int(next(&e), EV_FSCREAT, "it works afterwards");
	/* A child does not have it, and its going away harms nobody. */
	if (fork() == 0) {
		*(volatile uint32_t *)&z.ring->tail = 1;
		_exit(0);
	}
	wait(&status);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "it is not inherited");
	munmap(z.ring, EVRING_SLOTS + 32 * 64);
	touch(3);
	is_int(next(&e), EV_FSCREAT, "unmapped, evrecv still takes from it");
	close(port);
	port = kept;
	close(dir);
}

/* The port goes with events queued and registrations left. */
static void
closed(void)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), kept = port;

	for (int i = 0; i < 3; i++) {
		port = new_port();
		watch(dir, EVMASK_FS, 1);
		watch(dir, EVMASK_FS, 2);
		mkdir("/tmp/cl", 0700);
		rmdir("/tmp/cl");
		close(port);
		mkdir("/tmp/cl", 0700);
		rmdir("/tmp/cl");
	}
	port = kept;
	close(dir);
	ok(1, "ports closed with everything queued");
}

int
main(void)
{
	port = new_port();
	ok(port >= 0, "a port");
	files();
	overflow();
	processes();
	messages();
	refusals();
	rights();
	ring();
	closed();
	close(port);
	return tap_done();
}
