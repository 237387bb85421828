/* Pipes and FIFOs between processes; poll and select on them. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>
#include "tap.h"

static void
plain(void)
{
	char buf[16];
	int p[2];

	is_int(pipe(p), 0, "pipe");
	is_int(write(p[1], "hello", 5), 5, "write");
	is_int(read(p[0], buf, 16), 5, "read what is there");
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	fails(read(p[0], buf, 1), EAGAIN, "an empty pipe with O_NONBLOCK");
	close(p[1]);
	is_int(read(p[0], buf, 1), 0, "end of file");
	close(p[0]);
}

static void
full(void)
{
	static char page[4096];
	long total = 0;
	ssize_t n;
	int p[2];

	pipe(p);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while ((n = write(p[1], page, sizeof(page))) > 0)
		total += n;
	is_int(errno, EAGAIN, "a full pipe with O_NONBLOCK");
	is_int(total, 65536, "holds 64 KiB");
	read(p[0], page, 100);
	fails(write(p[1], page, sizeof(page)), EAGAIN, "an atomic write goes whole or not at all");
	is_int(write(p[1], page, 100), 100, "one that fits goes");
	close(p[0]), close(p[1]);
}

static void
broken(void)
{
	int p[2];

	pipe(p);
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	fails(write(p[1], "x", 1), EPIPE, "no reader: EPIPE");
	signal(SIGPIPE, SIG_DFL);
	if (fork() == 0) {
		write(p[1], "x", 1);
		_exit(0);
	} else {
		int status;

		wait(&status);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "and SIGPIPE kills by default");
	}
	close(p[1]);
}

static void
blocking(void)
{
	static char big[200000];
	long got = 0;
	ssize_t n;
	int p[2], same = 1;
	pid_t pid;

	for (unsigned i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	pipe(p);
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		_exit(write(p[1], big, sizeof(big)) == sizeof(big) ? 0 : 1);
	}
	close(p[1]);
	for (;;) {
		char buf[1000];

		n = read(p[0], buf, sizeof(buf));
		if (n <= 0)
			break;
		for (int i = 0; i < n; i++)
			same &= buf[i] == (char)((got + i) * 7);
		got += n;
	}
	is_int(got, sizeof(big), "200000 bytes pass a pipe of 64 KiB");
	ok(same, "in order");
	is_int(child_status(pid), 0, "the writer wrote all in one call");
	close(p[0]);
}

static void
pingpong(void)
{
	int a[2], b[2], i;
	char c = 'x';
	pid_t pid;

	pipe(a), pipe(b);
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < 10000; i++)
			if (read(a[0], &c, 1) != 1 || write(b[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < 10000; i++)
		if (write(a[1], &c, 1) != 1 || read(b[0], &c, 1) != 1)
			break;
	is_int(i, 10000, "10000 round trips");
	is_int(child_status(pid), 0, "on both sides");
	close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}

static void
polls(void)
{
	int p[2], n;
	struct pollfd f[3];
	struct timespec before, after;

	pipe(p);
	f[0] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	f[1] = (struct pollfd){ .fd = p[1], .events = POLLOUT };
	f[2] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 77 };
	is_int(poll(f, 3, 0), 1, "poll: one is ready");
	ok(f[0].revents == 0 && f[1].revents == POLLOUT && f[2].revents == 0, "the writing end");
	write(p[1], "x", 1);
	is_int(poll(f, 1, -1), 1, "poll sees a byte");
	is_int(f[0].revents, POLLIN, "as POLLIN");
	read(p[0], &n, 1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	is_int(poll(f, 1, 30), 0, "poll times out");
	clock_gettime(CLOCK_MONOTONIC, &after);
	ok((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 30000000,
	    "after 30 ms at the earliest");
	f[1].fd = 90;
	is_int(poll(f, 2, -1), 1, "a closed number does not wait");
	is_int(f[1].revents, POLLNVAL, "and is POLLNVAL");
	fails(poll((void *)8, 1, 0), EFAULT, "poll with a bad array");
	close(p[1]);
	is_int(poll(f, 1, -1), 1, "a closed peer is news");
	ok(f[0].revents & POLLHUP, "POLLHUP");
	close(p[0]);
	pipe(p);
	close(p[0]);
	f[0] = (struct pollfd){ .fd = p[1], .events = 0 };
	is_int(poll(f, 1, -1), 1, "no reader is news to the writer");
	is_int(f[0].revents, POLLERR, "POLLERR");
	close(p[1]);
}

static void
selects(void)
{
	struct timeval zero = { 0, 0 }, bad = { -1, 0 };
	fd_set rd, wr;
	int p[2];

	pipe(p);
	FD_ZERO(&rd);
	FD_ZERO(&wr);
	FD_SET(p[0], &rd);
	FD_SET(p[1], &wr);
	is_int(select(p[1] + 1, &rd, &wr, NULL, &zero), 1, "select: one");
	ok(!FD_ISSET(p[0], &rd) && FD_ISSET(p[1], &wr), "the writing end");
	write(p[1], "x", 1);
	FD_ZERO(&rd);
	FD_SET(p[0], &rd);
	is_int(select(p[0] + 1, &rd, NULL, NULL, NULL), 1, "select for ever, with a byte there");
	fails(select(1, &rd, NULL, NULL, &bad), EINVAL, "a negative time");
	fails(select(-1, NULL, NULL, NULL, &zero), EINVAL, "a negative count");
	close(p[0]);
	FD_ZERO(&rd);
	FD_SET(p[0], &rd);
	fails(select(p[0] + 1, &rd, NULL, NULL, &zero), EBADF, "a closed number");
	close(p[1]);
}

static void
nothing(int sig)
{
}

static void
interrupted(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	char c;
	int p[2];

	pipe(p);
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	fails(read(p[0], &c, 1), EINTR, "a signal without SA_RESTART ends read with EINTR");
	alarm(1);
	{
		struct pollfd f = { .fd = p[0], .events = POLLIN };

		sa.sa_flags = SA_RESTART;
		sigaction(SIGALRM, &sa, NULL);
		fails(poll(&f, 1, -1), EINTR, "poll always");
	}
	if (fork() == 0) {
		usleep(300000);
		kill(getppid(), SIGALRM);
		usleep(200000);
		write(p[1], "z", 1);
		_exit(0);
	}
	is_int(read(p[0], &c, 1), 1, "with SA_RESTART read goes on");
	wait(NULL);
	close(p[0]), close(p[1]);
}

static void
fifos(void)
{
	char buf[8], path[] = "/tmp/fifo-test";
	struct stat st;
	int rd, wr;
	pid_t pid;

	unlink(path);
	is_int(mkfifo(path, 0640), 0, "mkfifo");
	fails(mkfifo(path, 0640), EEXIST, "mkfifo again");
	fails(open(path, O_WRONLY | O_NONBLOCK), ENXIO, "a writer without a reader");
	rd = open(path, O_RDONLY | O_NONBLOCK);
	ok(rd >= 0, "a reader comes first");
	wr = open(path, O_WRONLY);
	ok(wr >= 0, "then a writer");
	is_int(write(wr, "abc", 3), 3, "write");
	is_int(read(rd, buf, 8), 3, "read");
	fstat(rd, &st);
	ok(S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0640, "fstat tells the file's mode");
	unlink(path);
	is_int(write(wr, "def", 3), 3, "works on after unlink");
	close(rd), close(wr);
	mkfifo(path, 0600);
	pid = fork();
	if (pid == 0) {
		wr = open(path, O_WRONLY);
		_exit(write(wr, "q", 1) == 1 ? 0 : 1);
	}
	rd = open(path, O_RDONLY);
	ok(rd >= 0 && read(rd, buf, 8) == 1 && buf[0] == 'q', "two blocking opens meet");
	is_int(child_status(pid), 0, "and the writer ends well");
	close(rd);
	unlink(path);
}

int
main(void)
{
	plain();
	full();
	broken();
	blocking();
	pingpong();
	polls();
	selects();
	interrupted();
	fifos();
	return tap_done();
}
