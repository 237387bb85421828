/*
 * What other tests only use: the start of a program (auxiliary vector, headers), getrandom, pselect and ppoll with
 * masks, preadv and pwritev, the limits of stack and data, vfork.
 */
#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/uio.h>
#include "tap.h"

extern char **environ;

/* --- the start --- */

static unsigned long
aux(const unsigned long *v, unsigned long type)
{
	for (; v[0] != AT_NULL; v += 2)
		if (v[0] == type)
			return v[1];
	return 0;
}

static void
start(void)
{
	char **end = environ;
	const unsigned long *v;
	const Elf64_Ehdr *head;
	const Elf64_Phdr *ph;
	int first = -1;

	while (*end != NULL)
		end++;
	v = (const unsigned long *)(end + 1);
	is_int((long)aux(v, AT_PAGESZ), 4096, "the auxiliary vector follows the environment");
	ph = (const Elf64_Phdr *)aux(v, AT_PHDR);
	ok(ph != NULL && aux(v, AT_PHNUM) > 1 && aux(v, AT_PHENT) == sizeof(*ph), "it tells of program headers");
	for (unsigned i = 0; i < aux(v, AT_PHNUM); i++)
		if (ph[i].p_type == PT_LOAD && (first < 0 || ph[i].p_vaddr < ph[first].p_vaddr))
			first = (int)i;
	head = (const Elf64_Ehdr *)((uintptr_t)ph & ~(uintptr_t)4095);
	ok(first >= 0 && ph[first].p_offset == 0 && memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
	    (uintptr_t)head + head->e_phoff == (uintptr_t)ph, "the headers are in the first segment");
	ok(aux(v, AT_ENTRY) == (uintptr_t)head + (head->e_type == ET_DYN ? head->e_entry : head->e_entry - (uintptr_t)head), "the entry");
	ok(aux(v, AT_RANDOM) != 0 && aux(v, AT_RANDOM) > (uintptr_t)&first, "sixteen random bytes on the stack");
	ok(getauxval(AT_PHDR) == (uintptr_t)ph, "getauxval finds the same");
}

/* --- random numbers --- */

static void
randoms(void)
{
	static unsigned char a[4096], b[4096];
	int count[256] = { 0 }, rare = 0;

	is_int(getrandom(a, sizeof(a), 0), sizeof(a), "getrandom");
	is_int(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b), "GRND_NONBLOCK");
	ok(memcmp(a, b, sizeof(a)) != 0, "other bytes each time");
	for (size_t i = 0; i < sizeof(a); i++)
		count[a[i]]++, count[b[i]]++;
	for (int i = 0; i < 256; i++)
		rare += count[i] < 8 || count[i] > 80;	/* 32 are expected */
	is_int(rare, 0, "every byte comes as often as others");
	is_int(getrandom(a, 0, 0), 0, "none");
	fails(getrandom(a, 16, 0x1000), EINVAL, "an unknown flag");
	memset(a, 0, 64);
	is_int(getrandom(a, 3, 0), 3, "three bytes");
	ok(a[3] == 0 && a[4] == 0, "and no more");
	is_int(getentropy(a, 256), 0, "getentropy");
	fails(getentropy(a, 257), EIO, "of too much");
}

/* --- masks --- */

static volatile sig_atomic_t came;

static void
note(int sig)
{
	came++;
}

static int
blocked(int sig)
{
	sigset_t now;

	sigprocmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, sig);
}

static struct pollfd polled;
static fd_set selected;

/* pselect (0) or ppoll for a byte of the pipe. */
static int
wait_for(int what, const struct timespec *time, const sigset_t *mask)
{
	FD_ZERO(&selected);
	FD_SET(polled.fd, &selected);
	polled.events = POLLIN;
	return what ? ppoll(&polled, 1, time, mask) : pselect(polled.fd + 1, &selected, NULL, NULL, time, mask);
}

static void
masks(void)
{
	const struct timespec zero = { 0, 0 }, soon = { 0, 20000000 }, long_time = { 30, 0 }, bad = { 0, 1000000000 };
	struct sigaction sa = { .sa_handler = note };
	sigset_t usr1, none;
	int fd[2];

	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	pipe(fd);
	polled.fd = fd[0];
	for (int what = 0; what < 2; what++) {
		const char *name = what ? "ppoll" : "pselect";
		int n;

		came = 0;
		n = wait_for(what, &soon, NULL);
		ok(n == 0, "%s: the time passes", name);
		n = wait_for(what, &bad, NULL);
		ok(n == -1 && errno == EINVAL, "%s: an impossible time", name);
		kill(getpid(), SIGUSR1);
		n = wait_for(what, &soon, &usr1);
		ok(n == 0 && came == 0, "%s: a mask that blocks it", name);
		n = wait_for(what, &long_time, &none);
		ok(n == -1 && errno == EINTR && came == 1, "%s: one that does not: the signal that waited ends it", name);
		ok(blocked(SIGUSR1), "%s: the old mask is back", name);
		write(fd[1], "x", 1);
		n = wait_for(what, &long_time, &none);
		ok(n == 1 && (what ? polled.revents == POLLIN : FD_ISSET(fd[0], &selected)), "%s: what is ready", name);
		kill(getpid(), SIGUSR1);
		n = wait_for(what, &zero, NULL);
		ok(n == 1 && came == 1, "%s: without a mask the signal waits on", name);
		read(fd[0], &n, 1);
		n = wait_for(what, &zero, &none);
		ok(came == 2 && (n == -1 ? errno == EINTR : n == 0), "%s: it comes through a mask for no time, too", name);
	}
	close(fd[0]), close(fd[1]);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
}

/* --- vectors at an offset --- */

static void
vectors(void)
{
	char a[4] = "", b[8] = "";
	struct iovec out[2] = { { "abc", 3 }, { "defgh", 5 } }, in[2] = { { a, 3 }, { b, 7 } };
	int fd = open("/tmp/basics", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2];

	is_int(pwritev(fd, out, 2, 100), 8, "pwritev");
	is_int(lseek(fd, 0, SEEK_CUR), 0, "does not move the offset");
	is_int(preadv(fd, in, 2, 100), 8, "preadv: what there is");
	ok(memcmp(a, "abc", 3) == 0 && strcmp(b, "defgh") == 0, "the same bytes");
	is_int(preadv(fd, in, 2, 108), 0, "at the end");
	fails(preadv(fd, in, 2, -1), EINVAL, "a negative offset");
	fails(pwritev(fd, out, -1, 0), EINVAL, "a negative number");
	out[1].iov_base = (void *)8;
	fails(pwritev(fd, out + 1, 1, 0), EFAULT, "a bad address");
	pipe(p);
	out[1].iov_base = "defgh";
	fails(pwritev(p[1], out, 2, 0), ESPIPE, "a pipe has no offsets");
	fails(preadv(p[0], in, 2, 0), ESPIPE, "nor to read at");
	close(p[0]), close(p[1]), close(fd);
	unlink("/tmp/basics");
}

/* --- limits --- */

static int
use_stack(size_t bytes, volatile char *above)
{
	volatile char frame[4096];

	frame[0] = 1;
	above[1] = 1;
	return bytes <= sizeof(frame) ? frame[0] : use_stack(bytes - sizeof(frame), frame) + frame[1];
}

static void
small_stack(void)
{
	struct rlimit r = { 256 << 10, 256 << 10 };

	setrlimit(RLIMIT_STACK, &r);
	use_stack(1 << 20, (char[2]){ 0 });
}

static void
large_stack(void)
{
	use_stack(1 << 20, (char[2]){ 0 });
}

static void
limits(void)
{
	struct rlimit old, r;
	int status = in_child(large_stack);
	char *now = sbrk(0);

	is_int(status, 0, "a stack grows to a MiB");
	status = in_child(small_stack);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "RLIMIT_STACK: not beyond it");
	getrlimit(RLIMIT_DATA, &old);
	r = old;
	r.rlim_cur = 1 << 20;
	is_int(setrlimit(RLIMIT_DATA, &r), 0, "RLIMIT_DATA");
	ok(sbrk(4 << 20) == (void *)-1 && errno == ENOMEM && sbrk(0) == now, "the heap ends there");
	setrlimit(RLIMIT_DATA, &old);
	ok(sbrk(4 << 20) == now && sbrk(-(4 << 20)) == now + (4 << 20), "and with the old limit it does not");
}

static void
vforks(void)
{
	static volatile int shared;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		shared = 5;
		usleep(20000);
		shared = 7;
		_exit(3);
	}
	is_int(shared, 7, "a parent of vfork goes on when the child has ended, and shares its memory");
	is_int(waitpid(pid, &status, 0), pid, "it is a child");
	is_int(status, 3 << 8, "with a status");
}

int
main(void)
{
	start();
	randoms();
	masks();
	vectors();
	limits();
	vforks();
	return tap_done();
}
