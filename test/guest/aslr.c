/*
 * Random addresses: 1000 programs in a row have their image, stack, heap, mappings and vDSO in other
 * places each time, spread over at least 28 bits of page numbers; with vm.aslr off all are in the same.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sysctl.h>
#include <sys/wait.h>
#include "tap.h"

#define RUNS	1000
#define BITS	28

enum { IMAGE, STACK, HEAP, MAPPING, VDSO, NPLACES };
static const char *const names[] = { "image", "stack", "heap", "mapping", "vDSO" };
static uintptr_t seen[NPLACES][RUNS];
extern char **environ;

static int
tell(void)
{
	uintptr_t at[NPLACES] = { [IMAGE] = (uintptr_t)tell, [STACK] = (uintptr_t)&at, [HEAP] = (uintptr_t)sbrk(0),
	    [MAPPING] = (uintptr_t)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	    [VDSO] = getauxval(AT_SYSINFO_EHDR) };

	return write(1, at, sizeof(at)) != sizeof(at);
}

static int
run(const char *program, uintptr_t at[NPLACES])
{
	char *argv[] = { (char *)program, "tell", NULL };
	posix_spawn_file_actions_t fa;
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(fd) != 0)
		return 0;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fd[1], 1);
	posix_spawn_file_actions_addclose(&fa, fd[0]);
	errno = posix_spawn(&pid, program, &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(fd[1]);
	n = errno == 0 ? read(fd[0], at, NPLACES * sizeof(*at)) : -1;
	close(fd[0]);
	return n == (ssize_t)(NPLACES * sizeof(*at)) && waitpid(pid, &status, 0) == pid && status == 0;
}

static int
compare(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

/* How many are different, and in how many bits above a page's they differ. */
static void
judge(uintptr_t *at, int *different, int *bits)
{
	uintptr_t change = 0;

	for (int i = 1; i < RUNS; i++)
		change |= at[i] ^ at[0];
	*bits = __builtin_popcountll(change >> 12);
	qsort(at, RUNS, sizeof(*at), compare);
	*different = 1;
	for (int i = 1; i < RUNS; i++)
		*different += at[i] != at[i - 1];
}

static int
aslr_set(const char *value)
{
	return sysctlbyname("vm.aslr", NULL, NULL, (void *)value, strlen(value));
}

int
main(int argc, char **argv)
{
	uintptr_t at[NPLACES], again[NPLACES];
	char was[8] = "";
	size_t len = sizeof(was) - 1;
	int runs = 0;

	if (argc > 1)
		return tell();
	ok(sysctlbyname("vm.aslr", was, &len, NULL, 0) == 0 && aslr_set("1") == 0, "random addresses are on");
	while (runs < RUNS && run(argv[0], at)) {
		for (int p = 0; p < NPLACES; p++)
			seen[p][runs] = at[p];
		runs++;
	}
	ok(runs == RUNS, "%d programs ran", runs);
	for (int p = 0; p < NPLACES; p++) {
		int different, bits;

		judge(seen[p], &different, &bits);
		/* By chance two of a thousand are the same once in 500 times. */
		ok(different >= RUNS - 1, "%s: %d different places", names[p], different);
		ok(bits >= BITS, "%s: %d bits", names[p], bits);
	}
	ok(aslr_set("0") == 0 && run(argv[0], at) && run(argv[0], again), "random addresses are off");
	for (int p = 0; p < NPLACES; p++)
		ok(at[p] == again[p], "%s: in its place", names[p]);
	aslr_set(was);
	return tap_done();
}
