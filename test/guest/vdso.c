/* The vDSO: it is there, its functions work, nobody can change it, and its clock is the kernel's. */
#include <elf.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <abi/auxv.h>
#include <mx/syscalls.h>
#include "sysuser.h"
#include "tap.h"

extern void *__vdso_find(const char *);

static const char *base;	/* the ELF header */

static int64_t
nsec(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static int64_t
by_call(int clock)
{
	struct timespec t;

	__sys_clock_gettime(clock, &t);
	return nsec(&t);
}

static int64_t
by_library(int clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return nsec(&t);
}

static void
image(void)
{
	mx_vaddr_t told = 0;

	base = (const char *)getauxval(AT_SYSINFO_EHDR);
	if (!ok(base != NULL, "the auxiliary vector names it"))
		return;
	ok(memcmp(base, "\177ELF", 4) == 0, "it is an ELF image");
	ok(((uintptr_t)base & 4095) == 0, "at a page");
	is_int(mx_object_get_property(mx_process_self(), MX_PROP_PROCESS_VDSO_BASE_ADDRESS, &told, sizeof(told)),
	    MX_OK, "its address is a property");
	ok(told == (mx_vaddr_t)base, "the same address");
	is_int(mx_object_set_property(mx_process_self(), MX_PROP_PROCESS_VDSO_BASE_ADDRESS, &told, sizeof(told)),
	    MX_ERR_INVALID_ARGS, "which cannot be set");
}

static void
native_process(void)
{
	mx_vaddr_t told = 0;
	mx_handle_t p, vmar;

	is_int(mx_process_create(mx_job_default(), "p", 1, 0, &p, &vmar), MX_OK, "a process made natively");
	is_int(mx_object_get_property(p, MX_PROP_PROCESS_VDSO_BASE_ADDRESS, &told, sizeof(told)), MX_OK, "its vDSO");
	ok(told != 0 && (told & 4095) == 0, "is somewhere");
	mx_handle_close(p);
	mx_handle_close(vmar);
}

static const struct {
	int number;
	const char *name, *flags;
} exported[] = {
	{ 1000, "__vdso_clock_gettime", "" }, { 1000, "mx_clock_get_monotonic", "" },
	{ 1000, "mx_deadline_after", "" }, { 1000, "mx_ticks_get", "" },
	{ 1000, "mx_ticks_per_second", "" }, { 1000, "mx_system_get_num_cpus", "" },
	{ 1000, "mx_system_get_page_size", "" }, { 1000, "mx_system_get_physmem", "" },
	{ 1000, "mx_system_get_version_string", "" },
#define CALL(number, name, flags, types, args)	{ number, #name, flags },
#include "calls.h"
};

static void
symbols(void)
{
	mx_status_t (*create)(uint32_t, mx_handle_t *) = __vdso_find("mx_event_create");
	mx_status_t (*close_it)(mx_handle_t) = __vdso_find("mx_handle_close");
	mx_handle_t e = 0;
	int missing = 0, n = 0;

	for (size_t i = 0; i < sizeof(exported) / sizeof(exported[0]); i++) {
		if (exported[i].number < 512 || strstr(exported[i].flags, "raw") != NULL ||
		    strstr(exported[i].flags, "internal") != NULL)
			continue;
		n++;
		if (__vdso_find(exported[i].name) == NULL) {
			tap_print("# %s is missing\n", exported[i].name);
			missing++;
		}
	}
	ok(n > 20 && missing == 0, "every native call is exported");
	ok(__vdso_find("mx_fd_handle") == NULL && __vdso_find("no_such_thing") == NULL, "and nothing else");
	if (!ok(create != NULL && close_it != NULL, "an entry point"))
		return;
	is_int(create(0, &e), MX_OK, "a call through it");
	is_int(close_it(e), MX_OK, "and another");
	is_int(close_it(e), MX_ERR_BAD_HANDLE, "statuses come back");
}

static void
clocks(void)
{
	int64_t (*mono)(void) = __vdso_find("mx_clock_get_monotonic");
	int64_t a, b, c, d, last = 0;
	int bad[4] = { 0 };
	struct timespec t;

	for (int i = 0; i < 20000; i++) {
		a = by_call(CLOCK_MONOTONIC);
		b = by_library(CLOCK_MONOTONIC);
		c = mono();
		d = by_call(CLOCK_MONOTONIC);
		bad[0] += !(a <= b && b <= c && c <= d);
		bad[1] += a < last;
		last = d;
		a = by_call(CLOCK_REALTIME);
		b = by_library(CLOCK_REALTIME);
		d = by_call(CLOCK_REALTIME);
		bad[2] += !(a <= b && b <= d);
	}
	is_int(bad[0], 0, "monotonic: between two calls, always");
	is_int(bad[1], 0, "and never backwards");
	is_int(bad[2], 0, "real time: between two calls, always");
	ok(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 && nsec(&t) > 0, "another clock is a call");
	fails(clock_gettime(77, &t), EINVAL, "no such clock");
	a = by_library(CLOCK_REALTIME) / 1000000000;
	b = time(NULL);
	ok(b == a || b == a + 1, "time()");
}

static void
set_clock(void)
{
	struct timespec t;
	int64_t before = by_call(CLOCK_REALTIME), a, b, c;

	t.tv_sec = before / 1000000000 + 3600;
	t.tv_nsec = 123;
	is_int(clock_settime(CLOCK_REALTIME, &t), 0, "the clock is set an hour ahead");
	a = by_call(CLOCK_REALTIME);
	b = by_library(CLOCK_REALTIME);
	c = by_call(CLOCK_REALTIME);
	ok(a <= b && b <= c && a > before + 3599ll * 1000000000, "both see it at once");
	a -= 3600ll * 1000000000;
	t.tv_sec = a / 1000000000;
	t.tv_nsec = a % 1000000000;
	is_int(clock_settime(CLOCK_REALTIME, &t), 0, "and back");
	a = by_call(CLOCK_REALTIME);
	b = by_library(CLOCK_REALTIME);
	c = by_call(CLOCK_REALTIME);
	ok(a <= b && b <= c, "both see it");
}

static void
write_to_it(void)
{
	*(volatile char *)base = 1;
}

static void
write_below(void)
{
	((volatile char *)base)[-4096] = 1;
}

static void
run_data(void)
{
	((void (*)(void))(base - 4096))();
}

static void
below_data(void)
{
	(void)*(volatile const char *)(base - 4096 - 1);
}

static void
guarded(void)
{
	char *start = (char *)base - 4096;
	struct stat st;
	int fds[2], status;

	status = in_child(write_to_it);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "its code cannot be written");
	status = in_child(write_below);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "nor its data");
	status = in_child(run_data);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "which cannot be executed");
	status = in_child(below_data);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "below it there is nothing");
	fails(mprotect((void *)base, 4096, PROT_READ | PROT_WRITE), ENOMEM, "mprotect");
	fails((long)mmap((void *)base, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM,
	    "mmap over it");
	fails((long)mmap(start - 65536, 131072, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM,
	    "mmap over more than it");
	munmap(start, 8192);
	ok(memcmp(base, "\177ELF", 4) == 0 && by_library(CLOCK_MONOTONIC) > 0, "munmap leaves it alone");
	ok(mmap((void *)base, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != (void *)base,
	    "as a hint it leads elsewhere");
	/* The kernel reads it for the caller and does not write to it. */
	is_int(pipe(fds), 0, "pipe");
	is_int(write(fds[1], base, 4), 4, "it can be written from");
	fails(read(fds[0], (void *)base, 4), EFAULT, "but not read into");
	fails(fstat(fds[0], (struct stat *)(base - 4096)), EFAULT, "nor into its data");
	is_int(fstat(fds[0], &st), 0, "the pipe is well");
	close(fds[0]);
	close(fds[1]);
}

static void
child_clock(void)
{
	int64_t a = by_call(CLOCK_MONOTONIC), b = by_library(CLOCK_MONOTONIC), c = by_call(CLOCK_MONOTONIC);

	_exit(a <= b && b <= c && memcmp(base, "\177ELF", 4) == 0 ? 0 : 1);
}

static void
listed(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256];
	unsigned long from = 0, to = 0, others = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		unsigned long lo, hi;

		sscanf(line, "%lx-%lx", &lo, &hi);
		if (strstr(line, "[vdso]") != NULL && strstr(line, " r-xs ") != NULL)
			from = lo, to = hi;
		else if (lo <= (unsigned long)base && hi > (unsigned long)base)
			others++;
	}
	if (f != NULL)
		fclose(f);
	ok(from == (unsigned long)base - 4096 && to > (unsigned long)base && others == 0, "/proc/self/maps shows it");
}

/* The address in a new program. */
static unsigned long
address_of_another(const char *self)
{
	char text[32] = "";
	int fds[2];
	pid_t pid;

	pipe(fds);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		execl(self, self, "address", (char *)NULL);
		_exit(1);
	}
	close(fds[1]);
	read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	child_status(pid);
	return strtoul(text, NULL, 16);
}

int
main(int argc, char **argv)
{
	unsigned long a, b, c;

	if (argc > 1) {
		printf("%lx\n", getauxval(AT_SYSINFO_EHDR));
		return 0;
	}
	image();
	symbols();
	native_process();
	clocks();
	set_clock();
	is_int(in_child(child_clock), 0, "a forked child has it");
	guarded();
	is_int(in_child(child_clock), 0, "still");
	listed();
	a = address_of_another(argv[0]);
	b = address_of_another(argv[0]);
	c = address_of_another(argv[0]);
	ok(a != 0 && b != 0 && c != 0, "other programs have it");
	ok(system("test \"$(sysctl -n vm.aslr)\" = 0") == 0 ? a == b && b == c : a != b || b != c, "where chance puts it");
	is_int(mx_system_get_page_size(), 4096, "the page's size");
	ok(mx_system_get_num_cpus() >= 1 && mx_system_get_physmem() >= 1 << 24, "the machine");
	ok(strchr(mx_system_get_version_string(), '.') != NULL, "the version");
	ok(mx_deadline_after(MX_TIME_INFINITE) == MX_TIME_INFINITE, "a deadline saturates");
	return tap_done();
}
