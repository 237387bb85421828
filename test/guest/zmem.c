/* Zero's map, umap and mhint with all flags; madvise and mlock, which are made of the same. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <zero/mem.h>
#include <abi/mman.h>
#include "sysuser.h"
#include "tap.h"

#define PAGE	4096
#define RW	(PROT_READ | PROT_WRITE)
#define NONE	((void *)-1)

static int
child_does(int (*fn)(volatile char *), volatile char *p)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fn(p));
	waitpid(pid, &status, 0);
	return status;
}

static int
write_x(volatile char *p)
{
	*p = 'x';
	return 0;
}

static int
look(volatile char *p)
{
	return *p;
}

static int
in_range(long n, long least, long most)
{
	if (n < least || n > most)
		printf("# %ld, not %ld to %ld\n", n, least, most);
	return n >= least && n <= most;
}

static long
resident(char *p, size_t len)
{
	unsigned char vec[64];
	long n = 0;

	if (mincore(p, len, vec) != 0)
		return -1;
	for (size_t i = 0; i < len / PAGE; i++)
		n += vec[i];
	return n;
}

static void
mapping(void)
{
	struct sysmem m = { .len = 4 * PAGE, .perm = RW };
	char *a, *b, *f;
	int fd, zero;

	a = sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE, &m);
	ok(a != NONE && a[0] == 0, "ANON, PRIVATE");
	a[0] = 'a';
	is_int(child_does(write_x, a), 0, "a child writes");
	is_int(a[0], 'a', "to its own");
	is_int(sys_umap(a + PAGE, PAGE), 0, "umap of a part");
	ok(WIFSIGNALED(child_does(look, a + PAGE)) && a[0] == 'a', "takes only that");
	is_int(sys_umap(a, 4 * PAGE), 0, "umap");
	b = sys_map(-1, ZMAP_ANON | ZMAP_SHARED, &m);
	is_int(child_does(write_x, b), 0, "ANON, SHARED: a child writes");
	is_int(b[0], 'x', "to both");
	m.base = b + PAGE, m.len = PAGE;
	a = sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE | ZMAP_FIXED, &m);
	ok(a == b + PAGE && b[0] == 'x', "FIXED");
	sys_umap(b, 4 * PAGE);
	fd = open("/tmp/zmem", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ftruncate(fd, 64 * PAGE);
	pwrite(fd, "file", 4, PAGE);
	m = (struct sysmem){ .ofs = PAGE, .len = 2 * PAGE, .perm = RW };
	f = sys_map(fd, ZMAP_FILE | ZMAP_SHARED, &m);
	ok(f != NONE && memcmp(f, "file", 4) == 0, "FILE, SHARED, from an offset");
	f[0] = 'F';
	b = sys_map(fd, ZMAP_FILE | ZMAP_PRIVATE, &m);
	ok(b[0] == 'F', "FILE, PRIVATE");
	b[1] = 'I';
	ok(f[1] == 'i', "keeps its changes");
	is_int(sys_mhint(b, MEM_DONTNEED, NULL), 0, "DONTNEED");
	ok(b[1] == 'i' && b[0] == 'F', "loses them");
	ok(sys_map(fd, ZMAP_FILE | ZMAP_SINGLE, &m) != NONE, "SINGLE, where only this process has the file mapped");
	is_int(fork() == 0 ? (sys_map(fd, ZMAP_FILE | ZMAP_SHARED, &m) == NONE && errno == EBUSY ? _exit(0) : _exit(1), 0) :
	    (wait(&zero), zero), 0, "a second process: EBUSY");
	sys_umap(f, 2 * PAGE), sys_umap(b, 2 * PAGE);
	zero = open("/dev/zero", O_RDWR);
	m.ofs = 0;
	a = sys_map(zero, ZMAP_FILE | ZMAP_PRIVATE, &m);
	ok(a != NONE && a[0] == 0 && (a[0] = 1), "/dev/zero is like ANON");
	sys_umap(a, 2 * PAGE);
	ok(sys_map(-1, ZMAP_ANON | ZMAP_FILE | ZMAP_PRIVATE, &m) == NONE && errno == EINVAL, "FILE and ANON");
	ok(sys_map(-1, ZMAP_PRIVATE, &m) == NONE && errno == EINVAL, "neither");
	ok(sys_map(-1, ZMAP_ANON | ZMAP_SHARED | ZMAP_PRIVATE, &m) == NONE && errno == EINVAL, "SHARED and PRIVATE");
	ok(sys_map(-1, ZMAP_ANON, &m) == NONE && errno == EINVAL, "neither");
	ok(sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE | 0x1000, &m) == NONE && errno == EINVAL, "an unknown flag");
	ok(sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE | MEM_RANDOM | MEM_SEQUENTIAL, &m) == NONE && errno == EINVAL, "two orders");
	ok(sys_map(-1, ZMAP_FILE | ZMAP_SHARED, &m) == NONE && errno == EBADF, "no file");
	m.len = 0;
	ok(sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE, &m) == NONE && errno == EINVAL, "length 0");
	m.len = INT64_MAX;
	ok(sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE, &m) == NONE && errno == ENOMEM, "too long");
	close(zero), close(fd);
}

/* How many page faults it takes to look at all pages. */
static long
faults_of(volatile char *a, int n)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < n; i++)
		(void)a[i * PAGE];
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

/* What the orders are for; a mapping may lie across two page tables, which is a fault more. */
static void
orders(void)
{
	struct sysmem m = { .len = 64 * PAGE, .perm = PROT_READ };
	int fd = open("/tmp/zmem", O_RDWR | O_CREAT | O_TRUNC, 0600);
	static const struct {
		long flags, least, most;
		const char *what;
	} rows[] = {
		{ MEM_RANDOM, 64, 64, "RANDOM: a fault a page" }, { MEM_SEQUENTIAL, 1, 2, "SEQUENTIAL: one for all" },
		{ MEM_NORMAL, 1, 8, "NORMAL: some at a time" }, { MEM_WILLNEED, 0, 0, "WILLNEED: none" },
		{ MEM_RANDOM | MEM_WILLNEED, 0, 0, "RANDOM and WILLNEED: none" },
	};
	char *a;

	for (int i = 0; i < 64; i++)
		pwrite(fd, "page", 4, (off_t)i * PAGE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int shared = 0; shared < 2; shared++) {
			a = sys_map(fd, ZMAP_FILE | (shared ? ZMAP_SHARED : ZMAP_PRIVATE) | rows[i].flags, &m);
			ok(a != NONE && in_range(faults_of(a, 64), rows[i].least, rows[i].most), "map, %s (%s)", rows[i].what,
			    shared ? "shared" : "private");
			sys_umap(a, 64 * PAGE);
			a = sys_map(fd, ZMAP_FILE | (shared ? ZMAP_SHARED : ZMAP_PRIVATE), &m);
			ok(sys_mhint(a, rows[i].flags, NULL) == 0 && in_range(faults_of(a, 64), rows[i].least, rows[i].most),
			    "mhint, %s (%s)", rows[i].what, shared ? "shared" : "private");
			sys_umap(a, 64 * PAGE);
		}
	}
	a = sys_map(fd, ZMAP_FILE | ZMAP_SHARED | MEM_SEQUENTIAL, &m);
	(void)faults_of(a, 64);
	is_int(sys_mhint(a, MEM_DONTNEED, NULL), 0, "DONTNEED of shared pages");
	ok(faults_of(a, 64) >= 1 && strcmp(a + 63 * PAGE, "page") == 0, "they are found again");
	is_int(sys_mhint(a, MEM_RANDOM, NULL), 0, "another order later");
	sys_mhint(a, MEM_DONTNEED, NULL);
	is_int(faults_of(a, 64), 64, "holds from then on");
	sys_umap(a, 64 * PAGE);
	a = mmap(NULL, 64 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	is_int(madvise(a, 64 * PAGE, MADV_RANDOM), 0, "MADV_RANDOM");
	is_int(faults_of(a, 64), 64, "is the same order");
	munmap(a, 64 * PAGE);
	close(fd);
	unlink("/tmp/zmem");
}

/* SINGLE: of a child, and when it ends. */
static void
single(void)
{
	struct sysmem m = { .len = PAGE, .perm = RW };
	int fd = open("/tmp/zmem", O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	char *a, *b;

	ftruncate(fd, PAGE);
	a = sys_map(fd, ZMAP_FILE | ZMAP_SINGLE, &m);
	ok(a != NONE && (a[0] = 'k') && pread(fd, &(char){ 0 }, 1, 0) == 1, "SINGLE");
	status = child_does(look, a);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a child does not have it");
	b = sys_map(fd, ZMAP_FILE | ZMAP_SHARED, &m);
	ok(b != NONE && b[0] == 'k', "its own process may have it again");
	if (fork() == 0)
		_exit(sys_map(fd, ZMAP_FILE | ZMAP_SHARED, &m) == NONE && errno == EBUSY &&
		    mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EBUSY ? 0 : 1);
	wait(&status);
	is_int(status, 0, "no other may, by mmap neither");
	sys_umap(a, PAGE);
	if (fork() == 0)
		_exit(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED ? 0 : 1);
	wait(&status);
	is_int(status, 0, "when it is gone another may");
	if (fork() == 0)
		_exit(sys_map(fd, ZMAP_FILE | ZMAP_SINGLE, &m) == NONE && errno == EBUSY ? 0 : 1);
	wait(&status);
	is_int(status, 0, "but not SINGLE while this one has it");
	sys_umap(b, PAGE);
	close(fd);
	unlink("/tmp/zmem");
}

static void
hints(void)
{
	int fd = open("/tmp/zmem", O_RDWR);
	struct sysmem m = { .len = 64 * PAGE, .perm = PROT_READ };
	char *a = sys_map(fd, ZMAP_FILE | ZMAP_SHARED | MEM_RANDOM, &m), *b;
	int status;

	ok(a != NONE, "RANDOM");
	is_int(sys_mhint(a, MEM_SEQUENTIAL, NULL), 0, "SEQUENTIAL, of the mapping at an address");
	is_int(sys_mhint(a, MEM_NORMAL, &m), 0, "NORMAL, of a struct's length");
	is_int(sys_mhint(a, MEM_WILLNEED, NULL), 0, "WILLNEED");
	fails(sys_mhint(a, 0, NULL), EINVAL, "no hint");
	fails(sys_mhint(a, 1, NULL), EINVAL, "a flag that is none");
	fails(sys_mhint(a, MEM_ALL << 1, NULL), EINVAL, "an unknown one");
	fails(sys_mhint(a, MEM_WILLNEED | MEM_DONTNEED, NULL), EINVAL, "both");
	fails(sys_mhint((void *)16, MEM_NORMAL, NULL), ENOMEM, "nothing is there");
	fails(sys_mhint(a + 1, MEM_NORMAL, NULL), EINVAL, "an odd address");
	sys_umap(a, 64 * PAGE);
	m.len = 4 * PAGE, m.perm = RW;
	a = sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE | MEM_DONTFORK, &m);
	a[0] = 1;
	status = child_does(look, a);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "DONTFORK: a child has it not");
	b = sys_map(-1, ZMAP_ANON | ZMAP_PRIVATE, &m);
	b[PAGE] = 7;
	is_int(madvise(b + PAGE, PAGE, MADV_DONTFORK), 0, "MADV_DONTFORK of one page");
	status = child_does(look, b + PAGE);
	ok(WIFSIGNALED(status) && !WIFSIGNALED(child_does(look, b)), "takes only that from the child");
	is_int(madvise(b + PAGE, PAGE, MADV_DOFORK), 0, "MADV_DOFORK");
	is_int(child_does(look, b + PAGE) >> 8, 7, "gives it back");
	is_int(resident(b, 4 * PAGE), 1, "mincore");
	is_int(sys_mhint(b, MEM_DONTNEED, &m), 0, "DONTNEED");
	ok(resident(b, 4 * PAGE) == 0 && b[PAGE] == 0, "leaves zeros");
	sys_umap(a, 4 * PAGE), sys_umap(b, 4 * PAGE);
	close(fd);
	unlink("/tmp/zmem");
}

static void
locking(void)
{
	struct rlimit none = { 2 * PAGE, 2 * PAGE };
	char *a = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	int status;

	is_int(mlock(a, 4 * PAGE), 0, "mlock");
	is_int(resident(a, 8 * PAGE), 4, "makes present");
	is_int(munlock(a, 4 * PAGE), 0, "munlock");
	fails(mlock(a + 7 * PAGE, 2 * PAGE + 1024 * 1024), ENOMEM, "of what is not mapped");
	if (fork() == 0) {
		setrlimit(RLIMIT_MEMLOCK, &none);
		setuid(1000);
		if (mlock(a, 2 * PAGE) != 0 || mlock(a + 4 * PAGE, PAGE) == 0 || errno != ENOMEM)
			_exit(1);
		munlock(a, PAGE);
		_exit(mlock(a + 4 * PAGE, PAGE) == 0 ? 0 : 2);
	}
	wait(&status);
	is_int(status, 0, "RLIMIT_MEMLOCK counts what is locked");
	munmap(a, 8 * PAGE);
}

/* mlockall is each process's own: every part has a child. */
static int
all_now(void)
{
	char *a = mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);

	if (mlockall(MCL_CURRENT) != 0 || resident(a, 16 * PAGE) != 16 || resident(none, PAGE) != 0)
		return 1;
	a = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (resident(a, 4 * PAGE) != 0 || munlockall() != 0)
		return 2;
	return 0;
}

static int
all_later(void)
{
	char *a, *old;
	int fd = open("/tmp/zmemlock", O_RDWR | O_CREAT, 0600), status;

	if (mlockall(MCL_FUTURE) != 0)
		return 1;
	a = mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (a == MAP_FAILED || resident(a, 16 * PAGE) != 16)
		return 2;
	old = sbrk(40 * PAGE);
	if (old == (char *)-1 || resident((char *)(((uintptr_t)old + PAGE - 1) & ~(PAGE - 1)), 39 * PAGE) != 39)
		return 3;
	/* Beyond the end of a file there is nothing to make present: no error. */
	unlink("/tmp/zmemlock");
	if (ftruncate(fd, PAGE) != 0 || mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED)
		return 4;
	/* A child does not have it. */
	if (fork() == 0) {
		a = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
		_exit(resident(a, 4 * PAGE) == 0 ? 0 : 1);
	}
	wait(&status);
	if (status != 0)
		return 5;
	if (munlockall() != 0)
		return 6;
	a = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	return resident(a, 4 * PAGE) == 0 ? 0 : 7;
}

static int
all_on_fault(void)
{
	char *a = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0), *b;

	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		return 1;
	b = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	return resident(a, 4 * PAGE) == 0 && resident(b, 4 * PAGE) == 0 ? 0 : 2;
}

static int
all_limited(void)
{
	struct rlimit some = { 8 << 20, 8 << 20 };

	setrlimit(RLIMIT_MEMLOCK, &some);
	setuid(1000);
	if (mlockall(MCL_FUTURE) != 0)
		return 1;
	if (mmap(NULL, 9 << 20, RW, MAP_PRIVATE | MAP_ANON, -1, 0) != MAP_FAILED || errno != EAGAIN)
		return 2;
	if (mmap(NULL, 1 << 20, RW, MAP_PRIVATE | MAP_ANON, -1, 0) == MAP_FAILED)
		return 3;
	if (sbrk(8 << 20) != (void *)-1 || errno != ENOMEM)
		return 4;
	some.rlim_cur = PAGE;
	setrlimit(RLIMIT_MEMLOCK, &some);
	return mlockall(MCL_CURRENT) != 0 && errno == ENOMEM ? 0 : 5;
}

/* More than there is: an error, and what was not locked is not locked. */
static int
all_too_much(void)
{
	struct rlimit some = { 64 << 20, 64 << 20 };
	size_t much = (size_t)8 << 30;
	char *a = mmap(NULL, much, RW, MAP_PRIVATE | MAP_ANON, -1, 0), *b;

	if (a == MAP_FAILED || mlockall(MCL_CURRENT) == 0 || errno != EAGAIN)
		return 1;
	munmap(a, much);
	if (mlockall(MCL_FUTURE) != 0)
		return 2;
	if (mmap(NULL, much, RW, MAP_PRIVATE | MAP_ANON, -1, 0) != MAP_FAILED || errno != EAGAIN)
		return 3;
	if (munlockall() != 0)
		return 4;
	/* Nothing counts as locked: the whole limit is free. */
	setrlimit(RLIMIT_MEMLOCK, &some);
	setuid(1000);
	b = mmap(NULL, 60 << 20, RW, MAP_PRIVATE | MAP_ANON, -1, 0);
	return mlock(b, 60 << 20) == 0 ? 0 : 5;
}

static void
lock_all(void)
{
	static const struct {
		int (*part)(void);
		const char *what;
	} parts[] = {
		{ all_now, "MCL_CURRENT" }, { all_later, "MCL_FUTURE: mmap, brk, files; not in a child" },
		{ all_on_fault, "MCL_ONFAULT" }, { all_limited, "mlockall under RLIMIT_MEMLOCK" },
		{ all_too_much, "mlockall of more than there is" },
	};
	int status;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (fork() == 0)
			_exit(parts[i].part());
		wait(&status);
		is_int(status, 0, parts[i].what);
	}
	fails(mlockall(0), EINVAL, "mlockall of nothing");
	fails(mlockall(MCL_ONFAULT), EINVAL, "ONFAULT alone");
	fails(mlockall(8), EINVAL, "an unknown flag");
	is_int(munlockall(), 0, "munlockall without mlockall");
	is_int(sysconf(_SC_MEMLOCK) > 0, 1, "_SC_MEMLOCK");
}

int
main(void)
{
	lock_all();
	mapping();
	hints();
	orders();
	single();
	locking();
	return tap_done();
}
