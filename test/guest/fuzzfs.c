/*
 * Random file calls with random arguments, good and bad, by children that are not root: the kernel
 * must answer each with a result or an errno, and the file system must be whole afterwards.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "rnd.h"
#include "tap.h"

#define CALLS	20000
#define CHILDREN 8

static long
call(long nr, const long *a)
{
	register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
	    "r"(r8), "r"(r9) : "memory", "cc", "rcx", "r11");
	return r;
}

static char *area;			/* 64 KiB, then nothing */

static long
random_path(void)
{
	static const char *const parts[] = { "a", "b", "c", "..", ".", "", "a/b", "l", "/", "dev/null",
		"proc/self/fd/3", "proc/self/stat", "proc/self/exe", "dev/zero", "x" };
	char *at = area + 16384 + rnd(1024);
	int n = (int)rnd(5);

	*at = '\0';
	if (rnd(4) == 0)
		strcpy(at, "/");
	while (n-- > 0) {
		strcat(at, parts[rnd(sizeof(parts) / sizeof(parts[0]))]);
		if (n > 0 || rnd(8) == 0)
			strcat(at, "/");
	}
	return (long)at;
}

static long
random_arg(void)
{
	static const long odd[] = { 0, -1, -2, 1, 2, 3, 4, 8, 4095, 4096, 65536, 0x7fffffff, -4096,
		INT64_MAX, INT64_MIN, (long)0xffffffff80100000ull, 0x7fffffffe000, 0xdead0000 };

	switch (rnd(8)) {
	case 0:
		return odd[rnd(sizeof(odd) / sizeof(odd[0]))];
	case 1:
	case 2:
		return random_path();
	case 3:
		return (long)(area + rnd(65536));
	case 4:
		return (long)(area + 65536 - rnd(64));
	case 5:
		return (long)rnd(0x1000) << rnd(16);
	default:
		return (long)rnd(16);
	}
}

/* A child that no signal of its own making stops early; alarm() ends one that waits. */
static void
child(void)
{
	static const unsigned char skip[] = { 66, 68, 103, 104, 105 };

	area = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	setgid(1000), setuid(1000);
	for (int fd = 0; fd < 3; fd++)
		dup2(open("/dev/null", O_RDWR), fd);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	for (int fd = 3; fd < 8; fd++)
		(void)!open(fd % 2 ? "." : "a", fd % 2 ? O_RDONLY : O_RDWR | O_CREAT, 0755);
	alarm(20);
	for (int i = 0; i < CALLS; i++) {
		long a[6], nr = 64 + (long)rnd(48);

		if (memchr(skip, (int)nr, sizeof(skip)) != NULL)
			continue;
		for (int k = 0; k < 6; k++)
			a[k] = random_arg();
		/* What would only end the test: the terminal, its own output, waiting for ever. */
		if ((nr == 65 || nr == 67 || nr == 69) && (unsigned long)a[0] < 3)
			continue;
		if (nr == 100 && (unsigned long)a[1] < 3)
			continue;
		if (nr == 64)
			a[2] |= O_NONBLOCK;
		call(nr, a);
	}
	_exit(0);
}

/* Counts what is below; -1 when something that is listed is not there. */
static long
count(const char *path, int depth)
{
	DIR *d = opendir(path);
	struct dirent *e;
	long n = 0, k;
	char sub[4096];
	struct stat st;

	if (d == NULL)
		return -1;
	while (n >= 0 && depth < 100 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		k = lstat(sub, &st) != 0 ? -1 : S_ISDIR(st.st_mode) ? count(sub, depth + 1) : 0;
		n = k < 0 ? -1 : n + k + 1;
	}
	closedir(d);
	return n;
}

static int
clear(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char sub[4096];
	int bad = d == NULL;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (unlink(sub) != 0)
			bad |= clear(sub);
	}
	if (d != NULL)
		closedir(d);
	return bad | (rmdir(path) != 0);
}

int
main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int status;

	mkdir("/tmp/fuzz", 0755);
	chown("/tmp/fuzz", 1000, 1000);
	chdir("/tmp/fuzz");
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid;

		rnd_seed = first + (uint64_t)i;
		tap_print("# seed %llu\n", (unsigned long long)rnd_seed);
		pid = fork();
		if (pid == 0)
			child();
		status = child_status(pid);
		ok(WIFEXITED(status) || (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL),
		    "20000 random calls: status %x", status);
	}
	chdir("/");
	ok(count("/tmp/fuzz", 0) >= 0, "what is listed is there");
	is_int(clear("/tmp/fuzz"), 0, "and can be removed");
	ok(access("/dev/null", F_OK) == 0 && access("/proc/self/stat", R_OK) == 0, "the rest is as it was");
	return tap_done();
}
