/* Memory: mmap, munmap, mprotect, brk, file mappings, fork's copies, limits, bad arguments. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "tap.h"

#define PAGE	4096

static void *
anon(size_t len, int prot)
{
	return mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static char *volatile target;

static void
touch_write(void)
{
	*target = 1;
}

static void
touch_read(void)
{
	(void)*(volatile char *)target;
}

static int
dies(void (*fn)(void), char *at, int sig)
{
	int status;

	target = at;
	status = in_child(fn);
	return WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

static void
anonymous(void)
{
	unsigned char *p = anon(16 * PAGE, PROT_READ | PROT_WRITE);
	int zero = 1;

	ok(p != MAP_FAILED, "anonymous mapping");
	for (int i = 0; i < 16 * PAGE; i++)
		zero &= p[i] == 0;
	ok(zero, "is zero");
	memset(p, 0x5a, 16 * PAGE);
	is_int(munmap(p + 4 * PAGE, PAGE), 0, "a hole");
	ok(dies(touch_read, (char *)p + 4 * PAGE, SIGSEGV), "the hole is not there");
	ok(p[3 * PAGE] == 0x5a && p[5 * PAGE] == 0x5a, "its neighbours are");
	is_int(munmap(p, 16 * PAGE), 0, "unmap over a hole");
	is_int(munmap(p, PAGE), 0, "unmap of nothing is no error");
	fails(munmap(p + 1, PAGE), EINVAL, "misaligned");
	fails(munmap(p, 0), EINVAL, "of no length");
	fails(munmap((void *)0xffffffff80000000ull, PAGE), EINVAL, "of the kernel");
}

static int
map_fails(void *addr, size_t len, int prot, int flags, int fd, off_t off, int err)
{
	errno = 0;
	return mmap(addr, len, prot, flags, fd, off) == MAP_FAILED && errno == err;
}

static void
refusals(void)
{
	int rw = PROT_READ | PROT_WRITE, p[2], f = open("/etc/passwd", O_RDONLY);

	pipe(p);
	ok(map_fails(NULL, 0, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, EINVAL), "length 0: EINVAL");
	ok(map_fails(NULL, PAGE, rw, MAP_ANONYMOUS, -1, 0, EINVAL), "neither shared nor private: EINVAL");
	ok(map_fails((void *)1, PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, EINVAL),
	    "MAP_FIXED misaligned: EINVAL");
	ok(map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0, EBADF), "a closed descriptor: EBADF");
	ok(map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0, ENODEV), "a pipe: ENODEV");
	ok(map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, f, 1, EINVAL), "a misaligned offset: EINVAL");
	ok(map_fails(NULL, PAGE, rw, MAP_SHARED, f, 0, EACCES), "shared and writable on a read-only fd: EACCES");
	ok(map_fails(NULL, SIZE_MAX, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, ENOMEM), "everything: ENOMEM");
	ok(map_fails(NULL, SIZE_MAX - PAGE + 1, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, ENOMEM),
	    "nearly everything: ENOMEM");
	ok(map_fails(NULL, 1ull << 48, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, ENOMEM), "2^48: ENOMEM");
	ok(mmap((void *)0, PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED,
	    "page 0 is never mapped");
	ok(mmap((void *)0x7ffffffff000ull, PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED, "nor the last one");
	ok(map_fails(NULL, PAGE, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, EACCES),
	    "writable and executable: EACCES");
	close(p[0]), close(p[1]), close(f);
}

static void
protection(void)
{
	char *p = anon(4 * PAGE, PROT_READ | PROT_WRITE);

	p[PAGE] = 7;
	is_int(mprotect(p + PAGE, PAGE, PROT_READ), 0, "mprotect in the middle");
	ok(dies(touch_write, p + PAGE, SIGSEGV), "a write there kills");
	is_int(p[PAGE], 7, "a read does not");
	p[0] = p[2 * PAGE] = 1;
	is_int(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE), 0, "and back");
	p[PAGE] = 8;
	is_int(p[PAGE], 8, "it can be written again");
	is_int(mprotect(p, PAGE, PROT_NONE), 0, "PROT_NONE");
	ok(dies(touch_read, p, SIGSEGV), "cannot be read");
	fails(mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), EACCES, "W and X at once");
	fails(mprotect(p + 1, PAGE, PROT_READ), EINVAL, "misaligned");
	fails(mprotect(p, PAGE, 64), EINVAL, "unknown bits");
	munmap(p + 2 * PAGE, PAGE);
	fails(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM, "over a hole");
	p[PAGE] = (char)0xc3;
	is_int(mprotect(p + PAGE, PAGE, PROT_READ | PROT_EXEC), 0, "RW to RX");
	((void (*)(void))(uintptr_t)(p + PAGE))();
	ok(1, "and it runs");
	munmap(p, 4 * PAGE);
}

static void
files(void)
{
	char path[] = "/tmp/memXXXXXX", buf[8];
	int fd = mkstemp(path), ro;
	char *s, *v;

	is_int(ftruncate(fd, 3 * PAGE), 0, "a file of three pages");
	s = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	v = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(s != MAP_FAILED && v != MAP_FAILED, "mapped shared and private");
	memcpy(s + PAGE, "shared", 6);
	is_int(pread(fd, buf, 6, PAGE), 6, "read");
	ok(memcmp(buf, "shared", 6) == 0, "read sees what the mapping wrote");
	ok(memcmp(v + PAGE, "shared", 6) == 0, "and so does a private mapping that has not written");
	pwrite(fd, "SHARED", 6, PAGE);
	ok(memcmp(s + PAGE, "SHARED", 6) == 0, "the mapping sees what write wrote");
	v[PAGE] = 'x';
	pread(fd, buf, 6, PAGE);
	ok(buf[0] == 'S' && s[PAGE] == 'S' && v[PAGE] == 'x', "a private write stays private");
	is_int(msync(s, 3 * PAGE, MS_SYNC), 0, "msync");
	fails(msync(s + 1, PAGE, MS_SYNC), EINVAL, "msync misaligned");
	ftruncate(fd, PAGE + 10);
	ok(dies(touch_read, s + 2 * PAGE, SIGBUS), "beyond the end: SIGBUS");
	is_int(s[PAGE + 10], 0, "the rest of the last page is zero");
	ro = open(path, O_RDONLY);
	ok(map_fails(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0, EACCES), "a read-only open");
	close(ro);
	munmap(s, 3 * PAGE), munmap(v, 3 * PAGE);
	close(fd);
	unlink(path);
}

static void
forks(void)
{
	int *priv = (int *)anon(64 * PAGE, PROT_READ | PROT_WRITE), sum = 0;
	int *shr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int step = PAGE / sizeof(int);

	for (int i = 0; i < 64; i++)
		priv[i * step] = i;
	for (int c = 0; c < 8; c++) {
		if (fork() == 0) {
			int bad = 0;

			for (int i = 0; i < 64; i++) {
				bad |= priv[i * step] != i;
				priv[i * step] = c * 1000 + i;
			}
			for (int i = 0; i < 64; i++)
				bad |= priv[i * step] != c * 1000 + i;
			__atomic_fetch_add(shr, 1, __ATOMIC_SEQ_CST);
			_exit(bad);
		}
	}
	for (int c = 0; c < 8; c++) {
		int status;

		wait(&status);
		sum += status;
	}
	is_int(sum, 0, "eight children each see their own copies");
	is_int(*shr, 8, "and one shared page");
	for (int i = 0, same = 1; i < 64; i++) {
		same &= priv[i * step] == i;
		if (i == 63)
			ok(same, "the parent's pages are untouched");
	}
	munmap(priv, 64 * PAGE), munmap(shr, PAGE);
}

static void
heap(void)
{
	char *a = sbrk(0), *b;

	ok(sbrk(100 * PAGE) == a, "sbrk grows from where it was");
	b = sbrk(0);
	is_int(b - a, 100 * PAGE, "by that much");
	memset(a, 1, 100 * PAGE);
	ok(sbrk(-100 * PAGE) == b, "and shrinks");
	ok(sbrk(100 * PAGE) == a && a[50 * PAGE] == 0, "memory that comes back is zero");
	sbrk(-100 * PAGE);
	ok(sbrk((intptr_t)1 << 47) == (void *)-1 && errno == ENOMEM, "too much: ENOMEM");
}

static void
limited(void)
{
	struct rlimit old, low;

	getrlimit(RLIMIT_AS, &old);
	low = old;
	low.rlim_cur = 64 << 20;
	is_int(setrlimit(RLIMIT_AS, &low), 0, "RLIMIT_AS 64 MiB");
	ok(map_fails(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, ENOMEM),
	    "a mapping beyond it: ENOMEM");
	setrlimit(RLIMIT_AS, &old);
}

int
main(void)
{
	anonymous();
	refusals();
	protection();
	files();
	forks();
	heap();
	limited();
	return tap_done();
}
