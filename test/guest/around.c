/*
 * How many faults it takes to walk through mapped memory, counted by trap.pagefaults: of a file that is in memory 16 pages come
 * with one fault, or as many as madvise() says; of memory that must be cleared or copied each page has its own.
 */
#include "tap.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "kstat.h"

#define PAGE	4096
#define PAGES	256
#define SPAN	(2ul << 20)
#define WHERE	((char *)0x7000000000)	/* begins a page table */

static long own;	/* faults of asking for the counter */

static long
faults(void)
{
	return counter("trap.pagefaults");
}

/* The same when what it needs itself is mapped again, as after a fork it is not. */
static long
start(void)
{
	faults();
	return faults();
}

enum how { READ, WRITE, BACKWARDS };

/* Maps n pages of fd from off at the address, walks through them, and says how many faults that took; -1: wrong bytes. */
static long
walk(char *at, int fd, off_t off, int flags, int advice, enum how how, int n)
{
	char *p = mmap(at, (size_t)n * PAGE, how == WRITE ? PROT_READ | PROT_WRITE : PROT_READ, flags | MAP_FIXED, fd, off);
	volatile char *v = p;
	long before, took;
	int wrong = 0;

	if (p == MAP_FAILED || madvise(p, (size_t)n * PAGE, advice) != 0)
		return -2;
	before = start();
	for (int i = 0; i < n; i++) {
		int page = how == BACKWARDS ? n - 1 - i : i;

		if (how == WRITE)
			v[page * PAGE + 1] = 1;
		wrong |= fd >= 0 && v[page * PAGE] != (char)(page + off / PAGE);
	}
	took = faults() - before - own;
	munmap(p, (size_t)n * PAGE);
	return wrong ? -1 : took;
}

/* A file whose pages begin with their numbers. */
static int
make(const char *path, int n)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char page[PAGE] = { 0 };

	for (int i = 0; i < n; i++) {
		page[0] = (char)i;
		if (write(fd, page, PAGE) != PAGE)
			return -1;
	}
	return fd;
}

static void
in_memory(void)
{
	int fd = make("/tmp/around", PAGES);

	ok(fd >= 0, "a file in memory");
	is_int(walk(WHERE, fd, 0, MAP_SHARED, MADV_NORMAL, READ, PAGES), PAGES / 16, "read in sequence: a fault for 16 pages");
	is_int(walk(WHERE, fd, 0, MAP_PRIVATE, MADV_NORMAL, READ, PAGES), PAGES / 16, "and of a private mapping");
	is_int(walk(WHERE, fd, 0, MAP_SHARED, MADV_NORMAL, BACKWARDS, PAGES), PAGES / 16, "and backwards");
	is_int(walk(WHERE, fd, 0, MAP_SHARED, MADV_SEQUENTIAL, READ, PAGES), PAGES / 64, "MADV_SEQUENTIAL: one for 64");
	is_int(walk(WHERE, fd, 0, MAP_SHARED, MADV_RANDOM, READ, PAGES), PAGES, "MADV_RANDOM: one for each");
	is_int(walk(WHERE, fd, 0, MAP_SHARED, MADV_NORMAL, WRITE, PAGES), PAGES / 16, "written in sequence: a fault for 16 pages");
	is_int(walk(WHERE, fd, 0, MAP_PRIVATE, MADV_NORMAL, WRITE, PAGES), PAGES, "a copy each where writing makes one");
	is_int(walk(WHERE, fd, 8 * PAGE, MAP_SHARED, MADV_NORMAL, READ, 32), 3, "sixteen as the file counts: half of them, all, half");
	is_int(walk(WHERE + SPAN - 8 * PAGE, fd, 0, MAP_SHARED, MADV_NORMAL, READ, 16), 2, "no further than one page table");
	is_int(walk(WHERE, -1, 0, MAP_PRIVATE | MAP_ANON, MADV_NORMAL, WRITE, PAGES), PAGES, "memory of its own: one for each");
	close(fd);
	unlink("/tmp/around");
}

/* What lies past the mapping or the file is not mapped by the way. */
static void
ends(void)
{
	int fd = make("/tmp/around", 20);
	char *p = mmap(WHERE, 16 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	volatile char *v = p;
	unsigned char in[16];
	long before;
	pid_t pid;
	int status;

	munmap(p + 10 * PAGE, 6 * PAGE);
	before = start();
	(void)v[5 * PAGE];
	(void)v[9 * PAGE];
	is_int(faults() - before - own, 1, "a mapping of ten pages: one fault");
	ok(mincore(p + 10 * PAGE, PAGE, in) < 0 && errno == ENOMEM, "beside it there is nothing");
	munmap(p, 10 * PAGE);
	p = mmap(WHERE, 32 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	v = p;
	(void)v[17 * PAGE];
	if ((pid = fork()) == 0) {
		(void)v[20 * PAGE];
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "past the file's end: SIGBUS, also beside a page that was read");
	before = start();
	(void)v[19 * PAGE];
	is_int(faults() - before - own, 0, "the last page came with it");
	is_int(ftruncate(fd, 18 * PAGE), 0, "the file is cut");
	if ((pid = fork()) == 0) {
		(void)v[19 * PAGE];
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "what came by the way goes as well");
	munmap(p, 32 * PAGE);
	close(fd);
	unlink("/tmp/around");
}

/* A file of the system's image, whose pages are where the boot loader has put them. */
static void
image(void)
{
	int fd = open("/bin/sh", O_RDONLY);
	struct stat st;
	long before;
	int n;
	char *p;

	ok(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 20 * PAGE, "a file of the image");
	n = (int)(st.st_size / PAGE);
	p = mmap(WHERE, (size_t)n * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	before = start();
	for (int i = 0; i < n; i++)
		(void)*(volatile char *)(p + i * PAGE);
	is_int(faults() - before - own, (n + 15) / 16, "a fault for 16 pages of it");
	munmap(p, (size_t)n * PAGE);
	close(fd);
}

int
main(void)
{
	long first;

	first = start();
	own = faults() - first;
	in_memory();
	ends();
	image();
	return tap_done();
}
