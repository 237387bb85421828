/*
 * Block devices on memory disks: one cache for read, write and mmap, delayed writes, what fsync, msync,
 * sync, O_SYNC and the last close wait for, and every kind of error.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <time.h>
#include "kstat.h"
#include "tap.h"

#define PAGE	4096
#define PAGES	256
#define SIZE	(PAGES * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

static int
set(const char *name, const char *value)
{
	return sysctlbyname(name, NULL, NULL, value, strlen(value) + 1);
}

static long
get(const char *name)
{
	char text[64] = "";
	size_t len = sizeof(text);

	return sysctlbyname(name, text, &len, NULL, 0) == 0 ? atol(text) : -1;
}

/* What is clean leaves memory. */
static void
drop(void)
{
	set("vm.drop", "1000000");
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static char *
pattern(size_t n, unsigned seed)
{
	unsigned char *p = malloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (seed = seed * 1103515245 + 12345) >> 16;
	return (char *)p;
}

/* Reads the whole disk anew, past the cache. */
static int
disk_is(const char *want)
{
	static char got[SIZE];
	int fd = open("/dev/md0", O_RDONLY), good;

	drop();
	good = fd >= 0 && read(fd, got, SIZE) == SIZE && memcmp(got, want, SIZE) == 0;
	close(fd);
	return good;
}

/* --- sizes --- */

static void
sizes(void)
{
	int fd;
	struct stat st;
	char *p;

	fails(open("/dev/md1", O_RDONLY), ENXIO, "a disk without a size");
	fails(set("dev.md1.size", "100"), EINVAL, "half a page");
	fails(set("dev.md1.size", "4x"), EINVAL, "no number");
	fails(set("dev.md1.size", "99999999m"), ENOMEM, "more than there is");
	is_int(set("dev.md1.size", "64k"), 0, "64k");
	is_int(get("dev.md1.size"), 65536, "is what it says");
	fd = open("/dev/md1", O_RDWR);
	ok(fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) && st.st_size == 65536 && st.st_blocks == 128, "fstat");
	is_int(lseek(fd, -10, SEEK_END), 65526, "SEEK_END");
	is_int(write(fd, "0123456789abcdef", 16), 10, "a write over the end is cut");
	fails(write(fd, "x", 1), ENOSPC, "and one behind refused");
	is_int(write(fd, "x", 0), 0, "unless it is of nothing");
	is_int(read(fd, &st, 10), 0, "a read behind is the end of file");
	is_int(pread(fd, &st, sizeof(st), 65530), 6, "one over the end is cut");
	fails(lseek(fd, -1, SEEK_SET), EINVAL, "before the start");
	fails(pread(fd, &st, 1, -1), EINVAL, "pread before the start");
	fails(ftruncate(fd, 0), EINVAL, "no truncation");
	fails(set("dev.md1.size", "0"), EBUSY, "busy while open");
	p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	close(fd);
	fails(set("dev.md1.size", "128k"), EBUSY, "and while mapped");
	munmap(p, 2 * PAGE);
	is_int(set("dev.md1.size", "128k"), 0, "then it may become another");
	fd = open("/dev/md1", O_RDONLY);
	is_int(lseek(fd, 0, SEEK_END), 131072, "which it is");
	fails(write(fd, "x", 1), EBADF, "not open for writing");
	ok(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES, "nor to be mapped so");
	close(fd);
	is_int(set("dev.md1.size", "0"), 0, "and nothing again");
}

/* --- one cache --- */

static void
one_cache(char *image)
{
	int fd = open("/dev/md0", O_RDWR), other = open("/dev/md0", O_RDWR);
	char *map = mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0), *mine, buf[PAGE];
	char *copy = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);

	is_int(write(fd, image, SIZE), SIZE, "the whole disk is written");
	ok(memcmp(map, image, SIZE) == 0, "the mapping shows it");
	ok(pread(other, buf, PAGE, 5 * PAGE) == PAGE && memcmp(buf, image + 5 * PAGE, PAGE) == 0, "so does another open");
	/* Odd places. */
	ok(pwrite(other, "seven", 5, 7 * PAGE - 2) == 5 && memcmp(map + 7 * PAGE - 2, "seven", 5) == 0, "a write across pages");
	memcpy(image + 7 * PAGE - 2, "seven", 5);
	memcpy(map + 9 * PAGE + 17, "by store", 8);
	memcpy(image + 9 * PAGE + 17, "by store", 8);
	ok(pread(fd, buf, 8, 9 * PAGE + 17) == 8 && memcmp(buf, "by store", 8) == 0, "a store is read");
	copy[0] ^= 1;
	ok(copy[0] != map[0] && memcmp(copy + 1, image + 1, PAGE - 1) == 0, "a private mapping is its own");
	is_int(fsync(fd), 0, "fsync");
	ok(disk_is(image), "the disk has it all");
	/* The kernel is one reader more. */
	mine = map + 3 * PAGE;
	ok(pwrite(fd, mine, 2 * PAGE, 100 * PAGE + 5) == 2 * PAGE, "from the mapping of itself");
	memmove(image + 100 * PAGE + 5, image + 3 * PAGE, 2 * PAGE);
	ok(memcmp(map, image, SIZE) == 0, "which moves the right bytes");
	drop();
	ok(memcmp(map, image, SIZE) == 0, "also when what is clean was dropped");
	munmap(map, SIZE), munmap(copy, PAGE);
	close(fd), close(other);
}

/* A bad address in the middle: what was moved counts, the rest of the page is the disk's. */
static void
half_writes(char *image)
{
	char *two = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	int fd = open("/dev/md0", O_RDWR);
	long n;

	memset(two, 'h', PAGE);
	munmap(two + PAGE, PAGE);
	drop();
	n = pwrite(fd, two + PAGE - 100, PAGE, 20 * PAGE);
	ok(n == 100 || (n == -1 && errno == EFAULT), "a write that ends at a hole");
	memset(image + 20 * PAGE, 'h', n == 100 ? 100 : 0);
	ok(fsync(fd) == 0 && disk_is(image), "changes only what it moved");
	close(fd);
	munmap(two, PAGE);
}

/* --- when it is written --- */

static void
delayed(char *image)
{
	int fd = open("/dev/md0", O_RDWR), sfd;
	long before;
	char *map;

	set("vm.dirty.seconds", "1000");
	before = get("dev.md0.writes");
	memset(image, 'd', PAGE);
	ok(pwrite(fd, image, PAGE, 0) == PAGE && get("dev.md0.writes") == before, "a write is delayed");
	is_int(counter("vm.pages.dirty"), 1, "and counted");
	ok(fdatasync(fd) == 0 && get("dev.md0.writes") == before + 1, "fdatasync writes it");
	is_int(counter("vm.pages.dirty"), 0, "nothing is dirty then");
	ok(fsync(fd) == 0 && get("dev.md0.writes") == before + 1, "once");
	image[0]++;
	(void)pwrite(fd, image, 1, 0);
	sync();
	is_int(get("dev.md0.writes"), before + 2, "sync");
	sfd = open("/dev/md0", O_WRONLY | O_SYNC);
	image[0]++;
	ok(pwrite(sfd, image, 1, 0) == 1 && get("dev.md0.writes") == before + 3, "O_SYNC");
	close(sfd);
	is_int(get("dev.md0.writes"), before + 3, "not the last close");
	image[1]++;
	(void)pwrite(fd, image, 2, 0);
	close(fd);
	is_int(get("dev.md0.writes"), before + 4, "the last close");
	ok(disk_is(image), "all of it is there");

	fd = open("/dev/md0", O_RDWR);
	map = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	before = get("dev.md0.writes");
	map[0] = image[0] = '0', map[3 * PAGE] = image[3 * PAGE] = '3', map[5 * PAGE] = image[5 * PAGE] = '5';
	is_int(msync(map + 2 * PAGE, 2 * PAGE, MS_SYNC), 0, "msync");
	is_int(get("dev.md0.writes"), before + 1, "writes its range");
	is_int(msync(map + 5 * PAGE, PAGE, MS_ASYNC), 0, "MS_ASYNC");
	for (int i = 0; i < 1000 && get("dev.md0.writes") < before + 3; i++)
		usleep(1000);
	is_int(get("dev.md0.writes"), before + 3, "starts it");
	fails(msync(map, PAGE, MS_SYNC | MS_ASYNC), EINVAL, "both");
	fails(msync(map, PAGE, 64), EINVAL, "an unknown flag");
	fails(msync(map + 1, PAGE, MS_SYNC), EINVAL, "an odd address");
	is_int(mlock(map, PAGE), 0, "a page is locked");
	fails(msync(map, PAGE, MS_SYNC | MS_INVALIDATE), EBUSY, "MS_INVALIDATE of it");
	munlock(map, PAGE);
	is_int(msync(map, PAGE, MS_SYNC | MS_INVALIDATE), 0, "unlocked again");
	/* Stores after a write-back are seen by the next one. */
	map[0] = image[0] = 'A';
	is_int(fsync(fd), 0, "fsync covers mappings");
	map[0] = image[0] = 'B';
	close(fd);
	ok(msync(map, PAGE, MS_SYNC) == 0 && disk_is(image), "msync after the close");
	map[4] = image[4] = 'C';
	munmap(map, 8 * PAGE);
	is_int(counter("vm.pages.dirty"), 1, "munmap writes nothing");
	set("vm.dirty.seconds", "0");
	for (int i = 0; i < 300 && counter("vm.pages.dirty") != 0; i++)
		usleep(10000);
	is_int(counter("vm.pages.dirty"), 0, "age does");
	ok(disk_is(image), "the disk has it");
	set("vm.dirty.seconds", "5");
}

/* --- errors --- */

static void
errors(char *image)
{
	int fd = open("/dev/md0", O_RDWR), other = open("/dev/md0", O_RDWR), sfd;
	struct rusage usage[2];
	char buf[PAGE], *map;
	long lost;

	set("vm.dirty.seconds", "1000");
	drop();
	set("dev.md0.failread", "1");
	fails(pread(fd, buf, 1, 50 * PAGE), EIO, "a page that cannot be read");
	ok(pread(fd, buf, PAGE, 50 * PAGE) == PAGE && memcmp(buf, image + 50 * PAGE, PAGE) == 0, "the second try");
	drop();
	set("dev.md0.failread", "3");
	ok(pread(fd, buf, PAGE, 60 * PAGE) == PAGE && memcmp(buf, image + 60 * PAGE, PAGE) == 0,
	    "an error of what was only read ahead");
	set("dev.md0.failread", "0");
	drop();
	set("dev.md0.bad", "71");
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 70 * PAGE);
	if (fork() == 0)
		_exit(*(volatile char *)map);
	int status;
	wait(&status);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "SIGBUS for a fault");
	set("dev.md0.bad", "0");
	getrusage(RUSAGE_SELF, &usage[0]);
	ok(*(volatile char *)map == image[70 * PAGE], "not the next time");
	getrusage(RUSAGE_SELF, &usage[1]);
	is_int(usage[1].ru_majflt - usage[0].ru_majflt, 1, "a fault that waits for the disk is counted apart");
	munmap(map, PAGE);

	/* The 5th of ten pages fails once: told once, and not lost. */
	memset(image + 80 * PAGE, 'e', 10 * PAGE);
	(void)pwrite(fd, image + 80 * PAGE, 10 * PAGE, 80 * PAGE);
	set("dev.md0.failwrite", "5");
	is_int(fsync(other), 0, "a run that fails is written page by page");
	ok(disk_is(image), "nothing is lost");
	lost = counter("vm.dirty.lost");
	memset(image + 80 * PAGE, 'f', 10 * PAGE);
	(void)pwrite(fd, image + 80 * PAGE, 10 * PAGE, 80 * PAGE);
	set("dev.md0.bad", "85");
	fails(fsync(other), EIO, "a bad page: EIO");
	is_int(counter("vm.pages.dirty"), 1, "only it stays dirty");
	ok(pread(fd, buf, PAGE, 84 * PAGE) == PAGE && buf[0] == 'f', "and is read as it was written");
	fails(fsync(fd), EIO, "fsync tries again");
	set("dev.md0.bad", "0");
	is_int(fsync(fd), 0, "and succeeds when the disk does");
	ok(disk_is(image) && counter("vm.dirty.lost") == lost, "with nothing lost");
	set("dev.md0.bad", "85");
	(void)pwrite(fd, "g", 1, 84 * PAGE);
	sync();
	fails(fsync(fd), EIO, "an error that sync met is told to fsync");
	fails(fsync(fd), EIO, "as is the third");
	is_int(fsync(fd), 0, "then it is given up");
	ok(counter("vm.dirty.lost") == lost + 1 && counter("vm.pages.dirty") == 0, "and counted as lost");
	set("dev.md0.bad", "0");
	ok(disk_is(image), "what is on the disk comes back when the page was dropped");
	set("dev.md0.bad", "85");
	(void)pwrite(fd, "h", 1, 84 * PAGE);
	map = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 84 * PAGE);
	fails(msync(map, PAGE, MS_SYNC), EIO, "msync");
	sfd = open("/dev/md0", O_WRONLY | O_SYNC);
	fails(pwrite(sfd, "i", 1, 84 * PAGE), EIO, "O_SYNC");
	close(sfd);
	munmap(map, PAGE);
	close(fd), close(other);
	fd = open("/dev/md0", O_RDWR);
	fails(fsync(fd), EIO, "what the last close met is kept for the next open");
	set("dev.md0.bad", "0");
	(void)pwrite(fd, image + 84 * PAGE, PAGE, 84 * PAGE);
	is_int(fsync(fd), 0, "all is well again");
	close(fd);
	ok(disk_is(image), "the disk is what it should be");
	set("vm.dirty.seconds", "5");
}

/* --- waiting --- */

static void *
syncs(void *arg)
{
	return (void *)(long)fsync((int)(long)arg);
}

static void
waits(char *image)
{
	int fd = open("/dev/md0", O_RDWR), status;
	pthread_t one, two;
	void *a, *b;
	char limit[32];
	double start;
	pid_t pid;

	/* Two threads wait for the same page. */
	set("dev.md0.hold", "1");
	memset(image, 'w', PAGE);
	(void)pwrite(fd, image, PAGE, 0);
	pthread_create(&one, NULL, syncs, (void *)(long)fd);
	usleep(20000);
	pthread_create(&two, NULL, syncs, (void *)(long)fd);
	usleep(20000);
	/* The page may be used while it is on its way, and is dirty again. */
	image[5] = 'x';
	is_int(pwrite(fd, image, PAGE, 0), PAGE, "a write to a page that is being written");
	set("dev.md0.hold", "0");
	pthread_join(one, &a);
	pthread_join(two, &b);
	ok(a == NULL && b == NULL, "both syncs return");
	ok(fsync(fd) == 0 && disk_is(image), "the second content is on the disk");

	/* Who makes too much dirty waits, and can be killed. */
	snprintf(limit, sizeof(limit), "%ld", get("vm.dirty.limit"));
	set("vm.dirty.limit", "8");
	set("dev.md0.hold", "1");
	if ((pid = fork()) == 0) {
		(void)pwrite(fd, image, 64 * PAGE, 0);
		_exit(0);
	}
	usleep(200000);
	ok(waitpid(pid, &status, WNOHANG) == 0, "a writer waits");
	ok(counter("vm.pages.dirty") <= 16, "with few pages dirty");
	kill(pid, SIGKILL);
	start = now();
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && now() - start < 5, "and can be killed");
	if ((pid = fork()) == 0) {
		char *map = mmap(NULL, 64 * PAGE, RW, MAP_SHARED, fd, 64 * PAGE);

		for (int i = 0; i < 64; i++)
			map[i * PAGE] = image[(64 + i) * PAGE];
		_exit(0);
	}
	usleep(200000);
	ok(waitpid(pid, &status, WNOHANG) == 0, "so does one that stores");
	set("dev.md0.hold", "0");
	waitpid(pid, &status, 0);
	is_int(status, 0, "until the disk goes on");
	set("vm.dirty.limit", limit);
	(void)pwrite(fd, image, SIZE, 0);
	ok(fsync(fd) == 0 && disk_is(image), "nothing is lost");

	set("dev.md0.delay", "20000");
	(void)pwrite(fd, image, 3 * PAGE, 0);
	start = now();
	fsync(fd);
	ok(now() - start >= 0.015, "a slow disk is slow");
	set("dev.md0.delay", "0");
	close(fd);
}

/* Four processes, each with a quarter, by write and by store, and one that drops and syncs. */
static void
together(char *image)
{
	int fd = open("/dev/md0", O_RDWR), bad = 0, status;
	char *map = mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0);
	pid_t sweeper;

	if ((sweeper = fork()) == 0)
		for (;;) {
			fsync(fd);
			drop();
			usleep(100);
		}
	for (int k = 0; k < 4; k++) {
		if (fork() != 0)
			continue;
		char *mine = image + k * (SIZE / 4), buf[300];
		unsigned seed = k + 1;
		int wrong = 0;

		for (int i = 0; i < 4000; i++) {
			size_t at = (seed = seed * 1103515245 + 12345) >> 8, n;

			at %= SIZE / 4 - 300;
			n = 1 + (seed >> 20) % 299;
			switch (i % 4) {
			case 0:
				memset(mine + at, i, n);
				wrong |= pwrite(fd, mine + at, n, k * (SIZE / 4) + at) != (ssize_t)n;
				break;
			case 1:
				memset(mine + at, i, n);
				memset(map + k * (SIZE / 4) + at, i, n);
				break;
			case 2:
				wrong |= pread(fd, buf, n, k * (SIZE / 4) + at) != (ssize_t)n || memcmp(buf, mine + at, n) != 0;
				break;
			case 3:
				wrong |= memcmp(map + k * (SIZE / 4) + at, mine + at, n) != 0;
			}
		}
		_exit(wrong || memcmp(map + k * (SIZE / 4), mine, SIZE / 4) != 0);
	}
	for (int k = 0; k < 4; k++) {
		wait(&status);
		bad += status != 0;
	}
	is_int(bad, 0, "four at once see what they wrote");
	kill(sweeper, SIGKILL);
	wait(&status);
	memcpy(image, map, SIZE);
	ok(fsync(fd) == 0 && disk_is(image), "and so does the disk");
	munmap(map, SIZE);
	close(fd);
}

/* A page of a disk below a pipe: the copy faults while the pipe's lock is held. */
static void
below_locks(char *image)
{
	int fd = open("/dev/md0", O_RDWR), pipes[2];
	char *map = mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0), buf[PAGE];

	if (pipe(pipes) != 0)
		return;
	drop();
	ok(write(pipes[1], map + 10 * PAGE, PAGE) == PAGE && read(pipes[0], buf, PAGE) == PAGE &&
	    memcmp(buf, image + 10 * PAGE, PAGE) == 0, "a pipe fed from a page on the disk");
	drop();
	ok(write(pipes[1], buf, PAGE) == PAGE && read(pipes[0], map + 11 * PAGE, PAGE) == PAGE &&
	    memcmp(map + 11 * PAGE, buf, PAGE) == 0, "and emptied into one");
	memcpy(image + 11 * PAGE, buf, PAGE);
	close(pipes[0]), close(pipes[1]);
	munmap(map, SIZE);
	close(fd);
	ok(disk_is(image), "which is written");
}

/* The flusher has one more look, in its own time. */
static void
rested(long before)
{
	for (int i = 0; i < 200 && counter("kern.timers") > before; i++)
		usleep(50000);
	is_int(counter("kern.timers"), before, "with nothing to write the flusher has no timer");
}

int
main(void)
{
	long timers = counter("kern.timers");
	char *image = mmap(NULL, SIZE, RW, MAP_SHARED | MAP_ANON, -1, 0), *random = pattern(SIZE, 1);

	sizes();
	is_int(set("dev.md0.size", "1m"), 0, "a disk of 1 MiB");
	memcpy(image, random, SIZE);
	free(random);
	one_cache(image);
	half_writes(image);
	delayed(image);
	errors(image);
	waits(image);
	together(image);
	below_locks(image);
	is_int(set("dev.md0.size", "0"), 0, "its memory comes back");
	rested(timers);
	return tap_done();
}
