/*
 * What a program does to itself and to exec: forged signal frames, damaged program files, pids all
 * around the clock.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <abi/signal.h>
#include "rnd.h"
#include "tap.h"

/* --- signal frames --- */

static uint64_t
odd_value(void)
{
	static const uint64_t v[] = { 0, 1, 8, 0x10, 0x23, 0x7fffffffe000ull, 0x7fffffffffffull,
		0x800000000000ull, 0xffff800000000000ull, 0xffffffff80100000ull, ~0ull, 0x3202, 0x244ed7 };

	return rnd(4) == 0 ? (uint64_t)rnd(1u << 31) << 32 | rnd(1u << 31) : v[rnd(sizeof(v) / sizeof(v[0]))];
}

static void
damage_frame(int sig, siginfo_t *si, void *p)
{
	struct abi_ucontext *uc = p;
	unsigned n = 1 + rnd(4);

	for (unsigned i = 0; i < n; i++) {
		switch (rnd(3)) {
		case 0:
			uc->mcontext.gregs[rnd(ABI_NGREG)] = odd_value();
			break;
		case 1:
			uc->mcontext.fx[rnd(512)] = (uint8_t)rnd(1u << 31);
			break;
		default:
			((uint64_t *)uc)[rnd(sizeof(*uc) / 8)] = odd_value();
			break;
		}
	}
}

/* The status of a child that may do anything, SIGALRM blocked and all; shot after two seconds. */
static int
wild_status(pid_t pid)
{
	int status;

	for (int i = 0; i < 4000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(i < 20 ? 100 : 500);
	}
	kill(pid, SIGKILL);
	return child_status(pid);
}

static void
forged(void)
{
	struct sigaction sa = { .sa_sigaction = damage_frame, .sa_flags = SA_SIGINFO };
	int status, strange = 0;

	tap_print("# seed %llu\n", (unsigned long long)rnd_seed);
	for (int i = 0; i < 600; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			rnd_seed += i;
			sigaction(SIGUSR1, &sa, NULL);
			for (int k = 0; k < 20; k++)
				raise(SIGUSR1);
			_exit(0);
		}
		status = wild_status(pid);
		strange += !WIFSIGNALED(status) && !WIFEXITED(status);
	}
	is_int(strange, 0, "600 programs with forged signal frames end one way or the other");
}

static void
want_flags(int sig, siginfo_t *si, void *p)
{
	struct abi_ucontext *uc = p;
	uint32_t mxcsr = 0xffffffff;

	uc->mcontext.gregs[ABI_REG_EFL] |= 0x3000 | 0x4000 | 0x20000;	/* IOPL, NT, VM */
	uc->mcontext.gregs[ABI_REG_EFL] &= ~0x200ull;			/* IF */
	uc->mcontext.gregs[ABI_REG_CSGSFS] = 0x0008;
	memcpy(uc->mcontext.fx + 24, &mxcsr, 4);
}

static void
sanitised(void)
{
	struct sigaction sa = { .sa_sigaction = want_flags, .sa_flags = SA_SIGINFO };
	uint64_t flags;
	uint16_t cs;
	uint32_t mxcsr;

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	__asm__ volatile("pushfq; pop %0" : "=r"(flags));
	__asm__ volatile("mov %%cs, %0" : "=r"(cs));
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	ok((flags & 0x200) != 0, "interrupts stay on");
	ok((flags & 0x3000) == 0 && (flags & 0x20000) == 0, "no I/O privilege, no virtual mode");
	is_int(cs & 3, 3, "ring 3");
	ok((mxcsr & 0xffff0000) == 0, "MXCSR without its reserved bits");
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	signal(SIGUSR1, SIG_DFL);
}

/* The handler's frame does not fit: the stack pointer is nowhere. */
static void
lost_stack(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGUSR1, (void (*)(int))(uintptr_t)1000);
		signal(SIGSEGV, (void (*)(int))(uintptr_t)1000);
		__asm__ volatile("mov $16, %rsp; ud2");
	}
	status = child_status(pid);
	ok(WIFSIGNALED(status), "a handler without a stack kills");
}

/* --- program files --- */

static char head[4096];

static void
damage_head(void)
{
	unsigned n = 1 + rnd(3);

	for (unsigned i = 0; i < n; i++) {
		uint64_t v = odd_value();
		unsigned at = rnd(64 + 6 * 56);

		if (rnd(2) == 0)
			head[at] ^= (char)(1 << rnd(8));
		else
			memcpy(head + (at & ~7u), &v, 8);
	}
}

static void
damaged_programs(const char *self)
{
	static char good[4096], buf[65536];
	int in = open(self, O_RDONLY), out = open("/tmp/damaged", O_CREAT | O_TRUNC | O_RDWR, 0755);
	int status, strange = 0, refused = 0;
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		write(out, buf, n);
	close(in);
	pread(out, good, sizeof(good), 0);
	close(out);
	for (int i = 0; i < 500; i++) {
		pid_t pid;

		memcpy(head, good, sizeof(head));
		damage_head();
		out = open("/tmp/damaged", O_WRONLY);
		pwrite(out, head, sizeof(head), 0);
		close(out);
		pid = fork();
		if (pid == 0) {
			close(1);
			close(2);
			execl("/tmp/damaged", "damaged", "child", (char *)0);
			_exit(errno == ENOEXEC ? 77 : errno == ENOMEM ? 78 : errno == EACCES ? 79 : 80);
		}
		status = wild_status(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			refused++;
		else if (WIFEXITED(status) && WEXITSTATUS(status) == 80)
			strange++;
	}
	is_int(strange, 0, "500 damaged programs: run, killed, or ENOEXEC, ENOMEM, EACCES");
	ok(refused > 100, "%d are refused", refused);
	unlink("/tmp/damaged");
}

/* --- pids --- */

static void
around_the_clock(void)
{
	int fds[2], reused = 0, wrapped = 0, status;
	pid_t group, last = 0, pid;
	char c;

	pipe(fds);
	group = fork();
	if (group == 0) {
		setpgid(0, 0);
		if (fork() == 0) {
			write(fds[1], "x", 1);
			for (;;)
				pause();
		}
		_exit(0);
	}
	child_status(group);
	read(fds[0], &c, 1);
	close(fds[0]);
	close(fds[1]);
	for (int i = 0; i < 34000; i++) {
		pid = vfork();
		if (pid == 0)
			_exit(0);
		if (pid < 0)
			break;
		reused += pid == group || pid == getpid() || pid == getppid();
		wrapped += pid < last;
		last = pid;
		if (waitpid(pid, &status, 0) != pid || status != 0)
			reused++;
	}
	is_int(reused, 0, "34,000 children: none gets the number of a group that lives, or of a process");
	ok(wrapped >= 1, "the numbers go round");
	is_int(kill(-group, SIGKILL), 0, "the group still is what it was");
	usleep(20000);
	fails(kill(-group, 0), ESRCH, "and ends with its last member");
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	sanitised();
	lost_stack();
	forged();
	damaged_programs(argv[0]);
	around_the_clock();
	return tap_done();
}
