/* Descriptors: dup, dup2, fcntl, close, limits, reads and writes with bad arguments. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "tap.h"

#define BAD_PTR	((void *)8)
#define KERNEL_PTR	((void *)0xffffffff80100000ull)
#define NONCANON	((void *)0x0000800000000000ull)

static void
duplicates(void)
{
	int fd = open("/dev/null", O_RDWR), a, b;

	ok(fd >= 3, "open /dev/null");
	a = dup(fd);
	is_int(a, fd + 1, "dup takes the lowest free number");
	is_int(close(fd), 0, "close");
	fails(close(fd), EBADF, "close again is EBADF");
	is_int(dup(a), fd, "the freed number is taken again");
	is_int(dup2(a, 50), 50, "dup2 to a chosen number");
	is_int(dup2(50, 50), 50, "dup2 onto itself changes nothing");
	fails(dup2(60, 60), EBADF, "dup2 of a closed one onto itself");
	fails(dup2(a, -1), EBADF, "dup2 to a negative number");
	fails(dup2(a, 1 << 30), EBADF, "dup2 beyond the limit");
	fails(dup(-1), EBADF, "dup(-1)");
	is_int(fcntl(50, F_GETFD), 0, "dup2 leaves close-on-exec clear");
	b = fcntl(a, F_DUPFD_CLOEXEC, 20);
	is_int(b, 20, "F_DUPFD_CLOEXEC from a minimum");
	is_int(fcntl(b, F_GETFD), FD_CLOEXEC, "sets close-on-exec");
	is_int(fcntl(b, F_SETFD, 0), 0, "F_SETFD");
	is_int(fcntl(b, F_GETFD), 0, "clears it");
	fails(fcntl(a, F_DUPFD, -1), EINVAL, "F_DUPFD with a negative minimum");
	fails(fcntl(a, F_DUPFD, 1 << 20), EINVAL, "F_DUPFD beyond the limit");
	fails(fcntl(a, 12345, 0), EINVAL, "an unknown fcntl command");
	is_int(fcntl(a, F_GETFL) & O_ACCMODE, O_RDWR, "F_GETFL tells the access mode");
	is_int(fcntl(a, F_SETFL, O_NONBLOCK), 0, "F_SETFL");
	ok(fcntl(50, F_GETFL) & O_NONBLOCK, "status flags are shared by duplicates");
	close(fd), close(a), close(b), close(50);
}

static void
limits(void)
{
	struct rlimit old, low = { 8, 8 };
	int fd, last = -1;

	getrlimit(RLIMIT_NOFILE, &old);
	low.rlim_max = old.rlim_max;
	is_int(setrlimit(RLIMIT_NOFILE, &low), 0, "lower RLIMIT_NOFILE");
	while ((fd = open("/dev/null", O_RDONLY)) != -1)
		last = fd;
	is_int(errno, EMFILE, "the table is full: EMFILE");
	is_int(last, 7, "after the last number below the limit");
	fails(dup(0), EMFILE, "dup: EMFILE");
	{
		int p[2] = { -7, -7 };

		fails(pipe(p), EMFILE, "pipe: EMFILE");
		ok(p[0] == -7 && p[1] == -7, "and nothing was written");
		close(7);
		fails(pipe(p), EMFILE, "pipe with one free slot: EMFILE");
		is_int(open("/dev/null", O_RDONLY), 7, "and that slot is still free");
	}
	for (fd = 3; fd < 8; fd++)
		close(fd);
	setrlimit(RLIMIT_NOFILE, &old);
}

static void
bad_memory(void)
{
	void *const bad[] = { BAD_PTR, KERNEL_PTR, NONCANON, (void *)-8 };
	char path[] = "/tmp/fdtestXXXXXX";
	int fd = mkstemp(path), p[2];
	struct iovec iov[2] = { { path, 4 }, { BAD_PTR, 4 } };

	ok(fd >= 0, "a file");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fails(write(fd, bad[i], 10), EFAULT, "write from a bad address");
		fails(pipe(bad[i]), EFAULT, "pipe into a bad address");
		fails(open(bad[i], O_RDONLY), EFAULT, "open of a bad path address");
		fails(fstat(fd, bad[i]), EFAULT, "fstat into a bad address");
		fails(readv(fd, bad[i], 1), EFAULT, "readv with a bad vector");
	}
	is_int(lseek(fd, 0, SEEK_END), 0, "nothing was written");
	is_int(write(fd, "0123456789", 10), 10, "write");
	lseek(fd, 0, SEEK_SET);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fails(read(fd, bad[i], 10), EFAULT, "read into a bad address");
	is_int(lseek(fd, 0, SEEK_CUR), 0, "the offset has not moved");
	is_int(writev(fd, iov, 2), 4, "a vector that goes bad half-way is a short write");
	fails(writev(fd, iov, 0), EINVAL, "a vector of none");
	fails(writev(fd, iov, 1 << 20), EINVAL, "a vector of too many");
	iov[0].iov_len = SIZE_MAX / 2 + 1;
	fails(writev(fd, iov, 1), EINVAL, "a length beyond SSIZE_MAX");
	pipe(p);
	fails(lseek(p[0], 0, SEEK_SET), ESPIPE, "a pipe does not seek");
	fails(pread(p[0], path, 1, 0), ESPIPE, "nor pread");
	fails(pread(fd, path, 1, -1), EINVAL, "pread at a negative offset");
	fails(read(p[1], path, 1), EBADF, "read from the writing end");
	fails(write(p[0], path, 1), EBADF, "write to the reading end");
	fails(read(99, path, 1), EBADF, "read from a closed number");
	close(p[0]), close(p[1]), close(fd);
	unlink(path);
}

int
main(void)
{
	duplicates();
	limits();
	bad_memory();
	return tap_done();
}
