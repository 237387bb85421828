/* POSIX message queues, and semaphores in memory that processes share. */
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <abi/errno.h>
#include <abi/mqueue.h>
#include "sysuser.h"
#include "tap.h"

#define NAME	"/mqtest"
#define SEM	"/semtest"

static char buf[9000];

static mqd_t
make(int flags, long maxmsg, long msgsize)
{
	struct mq_attr a = { 0, maxmsg, msgsize, 0 };

	return mq_open(NAME, O_CREAT | O_EXCL | flags, 0600, &a);
}

static struct timespec
in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* The first byte of what comes, or -1. */
static int
get(mqd_t q, unsigned *prio)
{
	return mq_receive(q, buf, sizeof(buf), prio) == -1 ? -1 : buf[0];
}

static int
ready(mqd_t q)
{
	struct pollfd p = { q, POLLIN | POLLOUT, 0 };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void
opening(void)
{
	struct mq_attr a = { 0, 10, 100, 0 };
	char longest[300];
	mqd_t q, r;
	int n;

	fails(mq_open(NAME, O_RDWR), ENOENT, "no such queue");
	fails(mq_open("mq", O_RDWR | O_CREAT, 0600, NULL), EINVAL, "a name without a slash");
	fails(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL), EINVAL, "with two");
	fails(mq_open("/", O_RDWR | O_CREAT, 0600, NULL), EINVAL, "with nothing else");
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/', longest[257] = '\0';
	fails(mq_open(longest, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG, "256 bytes after the slash");
	longest[256] = '\0';
	q = mq_open(longest, O_RDWR | O_CREAT, 0600, NULL);
	ok(q != -1 && mq_close(q) == 0 && mq_unlink(longest) == 0, "255");
	fails(mq_open(NULL, O_RDWR), EFAULT, "no name");
	fails(mq_open(NAME, O_RDWR | O_CREAT, 0600, (void *)8), EFAULT, "attributes at a bad address");
	fails(mq_open(NAME, 3 | O_CREAT, 0600, NULL), EINVAL, "an access mode that is none");
	fails(mq_open(NAME, O_RDWR | O_APPEND | O_CREAT, 0600, NULL), EINVAL, "a flag that means nothing");
	for (int i = 0; i < 6; i++) {
		static const long bad[6][2] = { { 0, 1 }, { 1, 0 }, { -1, 1 }, { 1, -1 }, { 1025, 1 }, { 1, 65537 } };

		a.mq_maxmsg = bad[i][0], a.mq_msgsize = bad[i][1];
		fails(mq_open(NAME, O_RDWR | O_CREAT, 0600, &a), EINVAL, "bad attributes");
	}
	a.mq_maxmsg = 1024, a.mq_msgsize = 65536;
	fails(mq_open(NAME, O_RDWR | O_CREAT, 0600, &a), ENOSPC, "more than ipc.mq_bytes");
	q = mq_open(NAME, O_RDWR | O_CREAT, 0666, NULL);
	ok(q >= 0 && mq_getattr(q, &a) == 0, "a queue");
	ok(a.mq_maxmsg == 10 && a.mq_msgsize == 8192 && a.mq_curmsgs == 0 && a.mq_flags == 0, "the default attributes");
	is_int(fcntl(q, F_GETFD), FD_CLOEXEC, "exec closes it");
	fails(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL), EEXIST, "O_EXCL");
	a.mq_maxmsg = 0;
	r = mq_open(NAME, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &a);
	ok(r >= 0 && r != q, "opened again: attributes do not matter");
	mq_getattr(r, &a);
	is_int(a.mq_flags, O_NONBLOCK, "with its own O_NONBLOCK");
	is_int(mq_send(q, "hello", 6, 3), 0, "mq_send");
	is_int(get(r, NULL), 'h', "mq_receive by another open");
	fails(get(r, NULL), EAGAIN, "O_NONBLOCK");
	a.mq_flags = 0;
	is_int(mq_setattr(r, &a, &a), 0, "mq_setattr");
	ok(a.mq_flags == O_NONBLOCK && a.mq_maxmsg == 10, "tells the old ones");
	mq_getattr(r, &a);
	is_int(a.mq_flags, 0, "O_NONBLOCK is off");
	a.mq_flags = 1 << 20;
	fails(mq_setattr(r, &a, NULL), EINVAL, "a flag that is none");
	a.mq_flags = O_NONBLOCK;
	fails(__sys_mq_attr(r, &a, (void *)8), EFAULT, "to a bad address");
	fails(__sys_mq_attr(r, (void *)8, NULL), EFAULT, "from a bad address");
	mq_getattr(r, &a);
	is_int(a.mq_flags, 0, "nothing changed");
	fails(read(q, buf, 1), EINVAL, "read");
	fails(write(q, buf, 1), EINVAL, "write");
	mq_close(r);
	fails(mq_close(r), EBADF, "mq_close twice");
	fails(mq_close(1), EBADF, "mq_close of another kind");
	fails(mq_getattr(1, &a), EBADF, "mq_getattr of another kind");
	is_int(mq_unlink(NAME), 0, "mq_unlink");
	fails(mq_unlink(NAME), ENOENT, "once");
	fails(mq_unlink("x/y"), ENOENT, "a name that cannot be");
	is_int(mq_send(q, "x", 1, 0), 0, "the queue is still there for who has it");
	r = mq_open(NAME, O_RDWR | O_CREAT | O_NONBLOCK, 0600, NULL);
	fails(get(r, NULL), EAGAIN, "the name is another queue's");
	mq_close(q), mq_close(r), mq_unlink(NAME);
	for (n = 0; n < 300; n++) {
		char name[16];

		a = (struct mq_attr){ 0, 1, 1, 0 };
		snprintf(name, sizeof(name), "/mq%d", n);
		q = mq_open(name, O_RDWR | O_CREAT, 0600, &a);
		if (q == -1)
			break;
		mq_close(q);
	}
	ok(n == 256 && errno == ENOSPC, "ENOSPC after 256");
	while (n-- > 0) {
		char name[16];

		snprintf(name, sizeof(name), "/mq%d", n);
		mq_unlink(name);
	}
}

static void
order(void)
{
	mqd_t q = make(O_RDWR, 5, 100), rd, wr;
	struct timespec bad = { 0, 1000000000 }, past = { 1, 0 };
	struct mq_attr a;
	unsigned prio;

	is_int(ready(q), POLLOUT, "poll: there is room");
	mq_send(q, "a", 1, 1), mq_send(q, "b", 1, 5), mq_send(q, "c", 1, 1), mq_send(q, "d", 1, 5);
	is_int(ready(q), POLLIN | POLLOUT, "and something to read");
	is_int(mq_send(q, "e", 1, 32767), 0, "the highest priority");
	is_int(ready(q), POLLIN, "no room");
	fails(mq_timedsend(q, "f", 1, 0, &past), ETIMEDOUT, "mq_timedsend");
	fails(mq_timedsend(q, "f", 1, 0, &bad), EINVAL, "an impossible time");
	fails(mq_send(q, "f", 1, 32768), EINVAL, "a priority that is none");
	fails(mq_send(q, buf, 101, 0), EMSGSIZE, "too long");
	fails(mq_receive(q, buf, 99, NULL), EMSGSIZE, "a buffer that is too short");
	mq_getattr(q, &a);
	is_int(a.mq_curmsgs, 5, "five messages");
	fails(mq_receive(q, (char *)8, 100, NULL), EFAULT, "a bad buffer");
	fails(mq_receive(q, buf, 100, (void *)8), EFAULT, "a bad place for the priority");
	ok(get(q, &prio) == 'e' && prio == 32767, "the highest first");
	fails(mq_send(q, (char *)8, 1, 9), EFAULT, "from a bad buffer");
	ok(get(q, &prio) == 'b' && prio == 5 && get(q, NULL) == 'd', "then in order");
	ok(get(q, &prio) == 'a' && prio == 1 && get(q, NULL) == 'c', "of each priority");
	fails(mq_timedreceive(q, buf, 100, NULL, &past), ETIMEDOUT, "mq_timedreceive");
	fails(mq_timedreceive(q, buf, 100, NULL, &bad), EINVAL, "an impossible time");
	fails(mq_timedreceive(q, buf, 100, NULL, (void *)8), EFAULT, "a time at a bad address");
	is_int(mq_send(q, "x", 0, 0), 0, "no bytes");
	is_int(mq_timedreceive(q, buf, 100, NULL, &bad), 0, "come; the time is not looked at");
	rd = mq_open(NAME, O_RDONLY), wr = mq_open(NAME, O_WRONLY | O_NONBLOCK);
	fails(mq_send(rd, "x", 1, 0), EBADF, "mq_send on O_RDONLY");
	fails(get(wr, NULL), EBADF, "mq_receive on O_WRONLY");
	fails(mq_send(1, "x", 1, 0), EBADF, "mq_send on another kind");
	for (int i = 0; i < 5; i++)
		mq_send(wr, "x", 1, 0);
	fails(mq_send(wr, "x", 1, 0), EAGAIN, "full");
	mq_close(rd), mq_close(wr), mq_close(q);
	q = mq_open(NAME, O_RDONLY);
	is_int(get(q, NULL), 'x', "messages outlive who sent them");
	mq_close(q), mq_unlink(NAME);
}

static void
nothing(int sig)
{
}

static void
waiting(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	mqd_t q = make(O_RDWR, 1, 10);
	struct timespec t;
	int n, bad = 0;
	pid_t pids[6];

	pids[0] = fork();
	if (pids[0] == 0)
		_exit(get(q, NULL) == 'w' ? 0 : 1);
	usleep(30000);
	mq_send(q, "w", 1, 0);
	is_int(child_status(pids[0]), 0, "mq_receive waits");
	mq_send(q, "1", 1, 0);
	pids[0] = fork();
	if (pids[0] == 0)
		_exit(mq_send(q, "2", 1, 0) == 0 ? 0 : 1);
	usleep(30000);
	is_int(get(q, NULL), '1', "one is taken");
	is_int(child_status(pids[0]), 0, "mq_send waited for room");
	is_int(get(q, NULL), '2', "and sent");
	t = in_ms(30);
	fails(mq_timedreceive(q, buf, 10, NULL, &t), ETIMEDOUT, "30 ms");
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	fails(get(q, NULL), EINTR, "a signal");
	/* Three send, three receive. */
	for (n = 0; n < 6; n++) {
		pids[n] = fork();
		if (pids[n] == 0) {
			for (int i = 0; i < 100; i++)
				if (n % 2 == 0 ? mq_send(q, "m", 1, (unsigned)i % 7) != 0 : get(q, NULL) != 'm')
					_exit(1);
			_exit(0);
		}
	}
	for (n = 0; n < 6; n++)
		bad |= child_status(pids[n]);
	is_int(bad, 0, "300 messages between six processes");
	is_int(ready(q), POLLOUT, "none is left");
	mq_close(q), mq_unlink(NAME);
}

static volatile int got, got_code, got_value;

static void
heard(int sig, siginfo_t *info, void *context)
{
	got++;
	got_code = info->si_code;
	got_value = info->si_value.sival_int;
}

static int sleeper_q;

static void
asleep(void)
{
	if (get(sleeper_q, NULL) != 'm')
		_exit(1);
}

static void
notifying(void)
{
	struct sigaction sa = { .sa_sigaction = heard, .sa_flags = SA_SIGINFO };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42 };
	mqd_t q = make(O_RDWR, 5, 10), r = mq_open(NAME, O_RDWR);
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	is_int(mq_notify(q, &ev), 0, "mq_notify");
	fails(mq_notify(r, &ev), EBUSY, "one only");
	pid = fork();
	if (pid == 0)
		_exit(mq_notify(q, NULL) == 0 && mq_notify(q, &ev) == -1 && errno == EBUSY &&
		    mq_send(q, "m", 1, 0) == 0 ? 0 : 1);
	is_int(child_status(pid), 0, "nor another process");
	ok(got == 1 && got_code == SI_MESGQ && got_value == 42, "the signal came with a message");
	get(q, NULL);
	mq_send(q, "m", 1, 0);
	is_int(got, 1, "once");
	is_int(mq_notify(q, &ev), 0, "again");
	mq_send(q, "m", 1, 0);
	is_int(got, 1, "the queue was not empty");
	get(q, NULL), get(q, NULL);
	sleeper_q = q;
	pid = fork();
	if (pid == 0) {
		asleep();
		_exit(0);
	}
	usleep(30000);
	mq_send(q, "m", 1, 0);
	child_status(pid);
	is_int(got, 1, "nor while a receiver sleeps");
	is_int(mq_notify(q, NULL), 0, "taken back");
	mq_send(q, "m", 1, 0), get(q, NULL);
	is_int(got, 1, "then nothing comes");
	mq_notify(r, &ev);
	mq_close(r);
	is_int(mq_notify(q, &ev), 0, "mq_close takes it back");
	mq_notify(q, NULL);
	pid = fork();
	if (pid == 0)
		_exit(mq_notify(q, &ev) == 0 ? 0 : 1);
	child_status(pid);
	is_int(mq_notify(q, &ev), 0, "so does the end of a process");
	mq_notify(q, NULL);
	ev.sigev_notify = SIGEV_NONE;
	ok(mq_notify(q, &ev) == 0 && mq_send(q, "m", 1, 0) == 0 && got == 1, "SIGEV_NONE");
	ev.sigev_notify = SIGEV_THREAD;
	fails(mq_notify(q, &ev), EINVAL, "SIGEV_THREAD");
	ev = (struct sigevent){ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
	fails(mq_notify(q, &ev), EINVAL, "a signal that is none");
	fails(__sys_mq_notify(q, (void *)8), EFAULT, "a bad address");
	fails(mq_notify(1, NULL), EBADF, "another kind");
	mq_close(q), mq_unlink(NAME);
}

static void
as_user(void)
{
	if (setgroups(0, NULL) != 0 || setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		_exit(9);
	if (mq_open(NAME, O_RDWR) != -1 || errno != EACCES)
		_exit(1);
	if (mq_open(NAME, O_WRONLY | O_CREAT, 0600, NULL) != -1 || errno != EACCES)
		_exit(2);
	if (mq_open(NAME, O_RDONLY) == -1)
		_exit(3);
	if (mq_unlink(NAME) != -1 || errno != EACCES)
		_exit(4);
	if (sem_open(SEM, 0) != SEM_FAILED || errno != EACCES)
		_exit(5);
	_exit(0);
}

static void
permission(void)
{
	sem_t *s = sem_open(SEM, O_CREAT, 0600, 0);
	mqd_t q;
	struct stat st;

	umask(0);
	q = mq_open(NAME, O_RDWR | O_CREAT, 0604, NULL);
	ok(fstat(q, &st) == 0 && (st.st_mode & 07777) == 0604 && st.st_uid == 0, "fstat");
	is_int(in_child(as_user), 0, "others may read, not send or unlink");
	umask(022);
	mq_close(q), mq_unlink(NAME);
	sem_close(s), sem_unlink(SEM);
}

static void
semaphores(void)
{
	sem_t *s = sem_open(SEM, O_CREAT | O_EXCL, 0600, 2), *t, *shared;
	int n, bad = 0;
	struct stat st;
	pid_t pid;

	ok(s != SEM_FAILED, "sem_open");
	ok(stat("/dev/shm/sem.semtest", &st) == 0 && (st.st_mode & 0777) == 0600, "in /dev/shm");
	ok(sem_open(SEM, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST, "O_EXCL");
	ok(sem_open("/none", 0) == SEM_FAILED && errno == ENOENT, "no such semaphore");
	ok(sem_open("/a/b", O_CREAT, 0600, 1) == SEM_FAILED && errno == EINVAL, "a name that cannot be");
	ok(sem_open("/big", O_CREAT, 0600, SEM_VALUE_MAX + 1u) == SEM_FAILED && errno == EINVAL, "a value that cannot be");
	t = sem_open(SEM, O_CREAT, 0600, 9);
	ok(t == s, "opened again: the same address");
	ok(sem_getvalue(t, &n) == 0 && n == 2, "and value");
	is_int(sem_close(t), 0, "sem_close");
	ok(sem_trywait(s) == 0 && sem_trywait(s) == 0 && sem_trywait(s) == -1 && errno == EAGAIN, "still open; 2, 1, 0");
	pid = fork();
	if (pid == 0) {
		t = sem_open(SEM, 0);
		_exit(t != SEM_FAILED && sem_post(t) == 0 ? 0 : 1);
	}
	is_int(sem_wait(s), 0, "sem_wait for another process");
	is_int(child_status(pid), 0, "which posts");
	is_int(sem_unlink(SEM), 0, "sem_unlink");
	fails(sem_unlink(SEM), ENOENT, "once");
	t = sem_open(SEM, O_CREAT, 0600, 5);
	ok(t != SEM_FAILED && t != s, "the name is another's now");
	ok(sem_getvalue(s, &n) == 0 && n == 0, "the old one is there for who has it");
	sem_close(s), sem_close(t), sem_unlink(SEM);
	fails(sem_close(s), EINVAL, "sem_close of what is not open");
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	sem_init(shared, 1, 0), sem_init(shared + 1, 1, 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 300; i++)
			bad |= sem_wait(shared) | sem_post(shared + 1);
		_exit(bad != 0);
	}
	for (int i = 0; i < 300; i++)
		bad |= sem_post(shared) | sem_wait(shared + 1);
	ok(bad == 0 && child_status(pid) == 0, "300 rounds over sem_init between processes");
	munmap(shared, 8192);
	/* Many make one name at once: one value, nobody sees half of it. */
	for (n = 0; n < 6; n++) {
		if (fork() == 0) {
			s = sem_open(SEM, O_CREAT, 0600, 1);
			for (int i = 0; s != SEM_FAILED && i < 50; i++)
				bad |= sem_wait(s) | sem_post(s);
			_exit(s == SEM_FAILED || bad != 0);
		}
	}
	for (int status; wait(&status) > 0;)
		bad |= status;
	s = sem_open(SEM, 0);
	ok(bad == 0 && s != SEM_FAILED && sem_getvalue(s, &n) == 0 && n == 1, "six at one name");
	sem_close(s), sem_unlink(SEM);
}

int
main(void)
{
	opening();
	order();
	waiting();
	notifying();
	permission();
	semaphores();
	return tap_done();
}
