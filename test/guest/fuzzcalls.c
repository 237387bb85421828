/*
 * Random calls of the whole table by processes without privilege:
 *
 *	fuzzcalls [SEED [ROUNDS [STEPS [FAIL]]]]	FAIL: one call of eight has an allocation, slot or copy fail
 *
 * Each round is a world of its own: a job below a root directory that is mounted for it, with a nurse
 * (root) and workers (uid 1000, own limits) whose threads share one descriptor table and race on it.  The
 * nurse wakes who sleeps, kills who sleeps on and makes new ones.  Then the job is killed.  What must hold:
 * who is killed ends, the job ends, the file systems can be unmounted (nobody holds a file), process 1
 * and a shell from before still answer, and (debug kernel) no assertion fails and every counter comes back.
 */
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <grp.h>
#include <poll.h>
#include <abi/process.h>
#include "fuzzargs.h"
#include "tap.h"

#define WORKERS	3
#define THREADS	3
#define FORKS	200		/* processes that a world may make by its calls */
#define UID	1000
#define HOME	"/tmp/fuzzcalls"
#define TICK	4000000ll	/* ns: a thread that made no call meanwhile gets a signal */
#define SHARED_AT 0x123456780000ull
#define LATE	2000000000l	/* ns */
#define PATIENCE 60		/* ticks until its process is killed */
#define MERCY	2500		/* ticks until a process that was killed must be gone */

/* What a worker's threads tell. */
struct progress {
	volatile int tid;
	volatile unsigned long calls;
	volatile unsigned last;		/* its number */
};
/* What the nurse knows of a worker. */
static struct worker {
	pid_t pid;
	int killed;			/* ticks since */
	unsigned long seen[THREADS];
	int idle[THREADS];		/* ticks */
} worker[WORKERS];
static struct nursery {
	struct progress progress[WORKERS][THREADS];
	unsigned long born, killed;	/* workers, in all rounds */
	long late;			/* ns: the longest that the nurse had to wait for the CPU */
	char late_text[160];		/* what was going on then */
	struct {
		unsigned nr;
		uint64_t value;
	} strange[8];			/* answers that no call gives */
	unsigned nstrange;
} *nursery;
static int steps = 500, failing;
static int shell_in, shell_out;

/* Who makes calls. */
struct me {
	int left;			/* calls to make; below 0: until the world is over */
	volatile unsigned long *calls;
	volatile unsigned *last;
	int child;			/* of a fork among its calls */
};

/* --- one call --- */

/* Both doors; the result and, of a POSIX call, the carry flag. */
static uint64_t
raw(int door, uint64_t nr, const uint64_t a[NARGS], int *carry)
{
	register uint64_t r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	register uint64_t r12 __asm__("r12") = a[6], r13 __asm__("r13") = a[7];
	uint64_t value = nr;
	uint8_t cf;

	if (door)
		__asm__ volatile("clc; syscall; setc %[cf]"
		    : "+a"(value), [cf] "=&b"(cf), "+r"(r10), "+r"(r8), "+r"(r9)
		    : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r12), "r"(r13)
		    : "rcx", "r11", "memory", "cc");
	else
		__asm__ volatile("clc; int $0x80; setc %[cf]"
		    : "+a"(value), [cf] "=&b"(cf), "+r"(r10), "+r"(r8), "+r"(r9)
		    : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r12), "r"(r13)
		    : "rcx", "r11", "memory", "cc");
	*carry = cf;
	return value;
}

/* A child that shares the memory: it executes a program or ends, without a word on the stack. */
static void
vfork_call(uint64_t flags)
{
	uint64_t value = SYS_fork;

	__asm__ volatile("syscall; jc 1f; test %%eax, %%eax; jnz 1f\n"
	    "mov %[exec], %%eax; mov %[path], %%rdi; mov %[argv], %%rsi; xor %%edx, %%edx; syscall\n"
	    "mov %[exit], %%eax; xor %%edi, %%edi; xor %%esi, %%esi; syscall\n1:"
	    : "+a"(value)
	    : "D"(flags), [exec] "i"(SYS_exec), [exit] "i"(SYS_exit), [path] "r"(path()), [argv] "r"(vector())
	    : "rcx", "rdx", "rsi", "r11", "memory", "cc");
}

/* The thread base is this program's own: it is put back in the next instruction. */
static uint64_t
raw_any(uint64_t nr, const uint64_t a[NARGS], int *carry)
{
	int door = rnd(4) != 0, other;
	uint64_t base, value;

	if (nr != SYS_set_tls)
		return raw(door, nr, a, carry);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(base));
	value = raw(door, nr, a, carry);
	raw(1, nr, (uint64_t[NARGS]){ base }, &other);
	return value;
}

/* An errno or a status that exists; a call that is there is never ENOSYS. */
static int
sound(const struct call *c, uint64_t value, int carry)
{
	int32_t status = (int32_t)value;

	if (c->nr >= NATIVE)
		return status <= 0 && status >= MX_ERR_IO && status != MX_ERR_INTERNAL && status != MX_ERR_BAD_SYSCALL && !carry;
	return !carry || (value > 0 && value <= EOWNERDEAD && value != ENOSYS);
}

static int
in_arena(uint64_t p)
{
	return p >= (uintptr_t)arena && p <= (uintptr_t)arena + ARENA - 16;
}

/* Handles that a call gave join the population. */
static void
harvest(const struct call *c, const uint64_t a[NARGS], uint64_t value)
{
	static const char *const outs[] = { "out", "out0", "out1", "child", "process", "vmar", "token" };
	const char *types = c->types, *names = c->args;
	char type[40], name[40];

	if (c->nr == SYS_shmget || c->nr == SYS_msgget || c->nr == SYS_semget || c->nr == SYS_mqinit ||
	    c->nr == SYS_seminit)
		shared->ids[rnd(16)] = (long)value;
	if (c->nr == SYS_socket || c->nr == SYS_accept4)
		noted((int)value, 'S');
	if (c->nr == SYS_mmap || c->nr == SYS_map || c->nr == SYS_shmat)
		mapped[rnd(8)] = value;
	for (unsigned i = 0; c->nr >= NATIVE && i < NARGS && word(&types, type) && word(&names, name); i++) {
		if (strcmp(type, "user") != 0 || !in_arena(a[i]))
			continue;
		for (unsigned k = 0; k < sizeof(outs) / sizeof(outs[0]); k++)
			if (strcmp(name, outs[k]) == 0)
				keep(*(mx_handle_t *)a[i]);
		if (strcmp(name, "handles") == 0 && c->nr == SYS_mx_channel_read)
			keep(*(mx_handle_t *)a[i]);
		if (strcmp(name, "addr") == 0)
			mapped[rnd(8)] = *(uint64_t *)a[i];
	}
}

/* These end the caller, somebody or what others work with more often than they try anything: one of sixteen is made. */
static int
seldom(unsigned nr)
{
	static const unsigned list[] = { SYS_exit, SYS_abort, SYS_exec, SYS_execat, SYS_sigreturn,
		SYS_mx_process_exit, SYS_mx_thread_exit, SYS_mx_task_kill, SYS_mx_vmar_destroy, SYS_kill,
		SYS_sigqueue, SYS_tgkill, SYS_fork, SYS_job_fork, SYS_spawn, SYS_mx_process_spawn,
		SYS_mx_nanosleep, SYS_sigsuspend, SYS_mx_handle_close_many, SYS_brk, SYS_setsid,
		SYS_mx_task_suspend, SYS_close, SYS_mx_handle_close, SYS_chdir, SYS_fchdir };

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == nr)
			return 1;
	return 0;
}

static int
makes_process(unsigned nr)
{
	return nr == SYS_fork || nr == SYS_job_fork || nr == SYS_spawn || nr == SYS_mx_process_spawn ||
	    nr == SYS_mx_process_create;
}

static void
sometimes_fail(void)
{
	static const char *const class[] = { "slab", "slot", "usercopy", "page" };
	char name[40], text[8];

	if (!failing || rnd(8) != 0)
		return;
	snprintf(name, sizeof(name), "debug.failnth.%s", PICK(class));
	snprintf(text, sizeof(text), "%u", 1 + rnd(12));
	sysctlbyname(name, NULL, NULL, text, strlen(text));
}

/* In a child of fork: it goes on for a while, awake. */
static void
as_child(struct me *me)
{
	static volatile unsigned long calls;
	static volatile unsigned last;
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };

	*me = (struct me){ 12, &calls, &last, 1 };
	setitimer(ITIMER_REAL, &often, NULL);
}

/*
 * Which rows a world uses: all; those of one area; or one of 4, 12, 30 of all.  Few calls meet each other more
 * often, and what others would have closed or ended lives on.
 */
static unsigned char used[NCALLS];
static void
choose(uint64_t seed)
{
	static const struct { unsigned area, from, to; } ranges[] = {
		{ 0, SYS_openat, SYS_umask },
		{ 1, SYS_brk, SYS_shmctl }, { 1, SYS_mmap, SYS_munlockall }, { 1, SYS_mx_vmo_create, SYS_mx_vmar_destroy },
		{ 1, SYS_read, SYS_pwritev }, { 1, SYS_ftruncate, SYS_truncate }, { 1, SYS_fork, SYS_fork },
		{ 1, SYS_mx_process_read_memory, SYS_mx_process_write_memory },
		{ 2, SYS_close, SYS_writev }, { 2, SYS_dup, SYS_pselect }, { 2, SYS_socket, SYS_recvmsg }, { 2, SYS_fork, SYS_fork },
		{ 3, SYS_mx_handle_close, SYS_mx_futex_get_owner }, { 3, SYS_evreg, SYS_evop }, { 3, SYS_close, SYS_write },
		{ 4, SYS_getpid, SYS_sigreturn }, { 4, SYS_throp, SYS_sigop }, { 4, SYS_exit, SYS_exec },
		{ 4, SYS_mx_job_create, SYS_mx_task_create_exception_channel },
		{ 5, SYS_semget, SYS_mq_notify }, { 5, SYS_shmget, SYS_mqop }, { 5, SYS_ppoll, SYS_pselect }, { 5, SYS_fork, SYS_fork },
	};
	static const unsigned share[] = { 1, 4, 12, 30 };
	unsigned kind = (unsigned)(seed % 10);

	for (unsigned i = 0; i < NCALLS; i++)
		used[i] = kind < 4 && rnd(share[kind]) == 0;
	for (unsigned r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
		for (unsigned i = 0; i < NCALLS; i++)
			used[i] |= kind == ranges[r].area + 4 && calls[i].nr >= ranges[r].from && calls[i].nr <= ranges[r].to;
	for (unsigned i = 0; i < 4;) {
		unsigned row = rnd(NCALLS);

		if (!seldom(calls[row].nr))
			used[row] = 1, i++;
	}
}

static void
step(struct me *me)
{
	const struct call *c;
	uint64_t a[NARGS], value;
	unsigned row, stored;
	int carry, good;

	if (rnd(12) == 0)
		make(rnd(MAKES));
	do
		c = &calls[rnd(NCALLS)];
	while (!used[c - calls] || (seldom(c->nr) && rnd(makes_process(c->nr) ? 4 : 16) != 0));
	if (makes_process(c->nr) && __atomic_fetch_add(&shared->forks, 1, __ATOMIC_RELAXED) >= FORKS)
		return;
	arguments(c, a);
	*me->last = c->nr;
	sometimes_fail();
	if (c->nr == SYS_fork && (a[0] & FORK_VFORK) != 0) {
		vfork_call(a[0]);
		return;
	}
	value = raw_any(c->nr, a, &carry);
	good = c->nr >= NATIVE ? (int32_t)value == MX_OK : !carry;
	if (!sound(c, value, carry) && nursery != NULL) {
		unsigned n = __atomic_fetch_add(&nursery->nstrange, 1, __ATOMIC_RELAXED) % 8;

		nursery->strange[n].nr = c->nr;
		nursery->strange[n].value = value;
	}
	if (good && value == 0 && (c->nr == SYS_fork || c->nr == SYS_job_fork))
		as_child(me);
	row = (unsigned)(c - calls);
	__atomic_fetch_add(good ? &shared->row[row].good : &shared->row[row].bad, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->done, 1, __ATOMIC_RELAXED);
	++*me->calls;
	if (!good)
		return;
	stored = __atomic_fetch_add(&shared->row[row].stored, 1, __ATOMIC_RELAXED);
	memcpy(shared->row[row].args[stored < STORED ? stored : rnd(STORED)], a, sizeof(a));
	harvest(c, a, value);
}

/* --- workers --- */

static void
nothing(int sig)
{
}

static unsigned long limit;		/* of shared->done: then the world is over */

static void
run(struct me *me)
{
	while (me->left < 0 ? shared->done < limit : me->left-- > 0)
		step(me);
	if (me->child)
		_exit(0);
}

struct start {
	struct progress *progress;
	uint64_t seed;
};

static void *
thread(void *arg)
{
	struct start *s = arg;
	struct me me = { -1, &s->progress->calls, &s->progress->last, 0 };

	rnd_seed = s->seed | 1;
	s->progress->tid = gettid();
	run(&me);
	return NULL;
}

static void
limits(void)
{
	static const struct {
		int which;
		rlim_t most;
	} set[] = { { RLIMIT_NOFILE, FILES }, { RLIMIT_HANDLES, 400 }, { RLIMIT_NPROC, 40 },
		{ RLIMIT_FSIZE, 4 << 20 }, { RLIMIT_AS, 64 << 20 }, { RLIMIT_CORE, 0 },
		{ RLIMIT_MEMLOCK, 8 << 20 }, { RLIMIT_SIGPENDING, 64 } };

	for (unsigned i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		setrlimit(set[i].which, &(struct rlimit){ set[i].most, set[i].most });
}

static void
no_privilege(void)
{
	limits();
	setgroups(0, NULL);
	setgid(UID);
	setuid(UID);
	setpgid(0, 0);
}

/* What is in every process that makes calls: memory, and handlers that make waiting calls end. */
static void
furnish(void)
{
	static const int quiet[] = { SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE,
		SIGXFSZ, SIGXCPU, SIGVTALRM, SIGPROF, SIGIO };
	struct sigaction sa = { .sa_handler = nothing };

	for (unsigned i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		sigaction(quiet[i], &sa, NULL);
	arena = mmap(NULL, ARENA + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	mprotect(arena + ARENA, PAGE, PROT_NONE);
	mmap((void *)REGION_AT, 40 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	mprotect((void *)(REGION_AT + 8 * PAGE), 4 * PAGE, PROT_READ);
	mprotect((void *)(REGION_AT + 16 * PAGE), 4 * PAGE, PROT_NONE);
}

static void
work(struct progress *p, uint64_t seed)
{
	struct start start[THREADS];
	pthread_t t[THREADS];

	no_privilege();
	furnish();
	rnd_seed = seed | 1;
	for (int i = 0; i < 8; i++)
		make(rnd(MAKES));
	for (int i = 1; i < THREADS; i++) {
		start[i] = (struct start){ &p[i], seed * 77 + (uint64_t)i };
		if (pthread_create(&t[i], NULL, thread, &start[i]) != 0)
			_exit(1);
	}
	start[0] = (struct start){ p, seed * 77 };
	thread(&start[0]);
	_exit(0);
}

/* Far from what calls are about. */
static void *
map_shared(uint64_t at, size_t size)
{
	return mmap((void *)at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON | MAP_FIXED, -1, 0);
}

/* What /bin/again is: a process with what exec left it. */
static int
again(void)
{
	static volatile unsigned long calls;
	static volatile unsigned last;
	struct me me = { 60, &calls, &last, 0 };

	shared = map_shared(SHARED_AT, sizeof(*shared));
	shared->forks = FORKS - 2;
	for (int i = 0; i < KIDS; i++)
		shared->kids[i] = getpid();
	limit = ~0ul;
	furnish();
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 20000 }, { 0, 20000 } }, NULL);
	rnd_seed = (uint64_t)getpid() * 0x9e3779b97f4a7c15ull | 1;
	choose(0);
	for (unsigned i = 0; i < MAKES; i++)
		make(i);
	run(&me);
	return 0;
}

/* --- the nurse --- */

static void
make_kid(int i)
{
	pid_t pid = fork();

	if (pid == 0) {
		no_privilege();
		for (;;)
			pause();
	}
	shared->kids[i] = pid > 0 ? pid : getpid();
}

/* In a job that the workers may kill, or let a policy forbid them everything: then there is another. */
static void
make_worker(int i, uint64_t seed)
{
	static mx_handle_t job;
	pid_t pid = -1;

	memset(&worker[i], 0, sizeof(worker[i]));
	memset(nursery->progress[i], 0, sizeof(nursery->progress[i]));
	for (int k = 0; k < 2; k++) {
		if (job != 0 && (pid = mx_job_fork(job)) >= 0)
			break;
		mx_handle_close(job);
		mx_job_create(mx_job_default(), 0, &job);
	}
	if (pid == 0) {
		mx_handle_close(job);
		work(nursery->progress[i], seed);
	}
	worker[i].pid = pid;
	nursery->born++;
}

/* Whether it is dead or may go on. */
static int
tend(struct worker *w, const struct progress *p)
{
	int carry;

	if (w->killed > 0)
		return ++w->killed < MERCY;
	for (int i = 0; i < THREADS; i++) {
		w->idle[i] = p[i].calls == w->seen[i] ? w->idle[i] + 1 : 0;
		w->seen[i] = p[i].calls;
		if (w->idle[i] > 0 && p[i].tid != 0)
			raw(1, SYS_tgkill, (uint64_t[NARGS]){ (uint64_t)w->pid, (uint64_t)p[i].tid, SIGALRM },
			    &carry);
		if (w->idle[i] > PATIENCE && w->killed == 0 && w->pid > 0) {
			w->killed = 1;
			nursery->killed++;
			kill(w->pid, SIGKILL);
		}
	}
	return 1;
}

static int
buried(pid_t pid)
{
	for (int i = 0; i < KIDS; i++)
		if (shared->kids[i] == pid)
			make_kid(i);
	for (int i = 0; i < WORKERS; i++)
		if (worker[i].pid == pid)
			return i;
	return -1;
}

/* A call that keeps the CPU keeps it from all. */
static void
was_late(long ns)
{
	int at = 0;

	if (ns <= nursery->late)
		return;
	nursery->late = ns;
	for (int i = 0; i < WORKERS * THREADS; i++)
		at += snprintf(nursery->late_text + at, sizeof(nursery->late_text) - (size_t)at, " %u",
		    nursery->progress[i / THREADS][i % THREADS].last);
}

static void
nurse(uint64_t seed)
{
	int null = open("/dev/null", O_RDWR), i, n = 0;
	pid_t pid;

	dup2(null, 0), dup2(null, 1), dup2(null, 2);
	for (i = 3; i < FILES; i++)
		close(i);
	if (chroot(HOME) != 0 || chdir("/w") != 0)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	rnd_seed = seed * 0x9e3779b97f4a7c15ull | 1;
	choose(seed);
	setresgid(UID, UID, UID);
	setresuid(-1, UID, 0);
	for (unsigned m = 0; m < MAKES * 2; m++)
		make(m);
	setresuid(-1, 0, 0);
	for (i = 0; i < KIDS; i++) {
		make_kid(i);
		keep1(MX_OK, mx_pid_handle(shared->kids[i]));
	}
	for (i = 0; i < WORKERS; i++)
		make_worker(i, seed * 1000 + (uint64_t)n++);
	while (shared->done < limit) {
		mx_time_t due = mx_deadline_after(TICK);

		mx_nanosleep(due);
		was_late(mx_deadline_after(0) - due);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			if ((i = buried(pid)) >= 0)
				make_worker(i, seed * 1000 + (uint64_t)n++);
		for (i = 0; i < WORKERS; i++)
			if (!tend(&worker[i], nursery->progress[i]))
				_exit(2);
	}
	_exit(0);
}

/* --- rounds --- */

static int
copy(const char *from, const char *to)
{
	static char buf[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755), n;

	while ((n = (int)read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			n = -1;
	close(in), close(out);
	return n;
}

static void
file(const char *path, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	ftruncate(fd, 10000);
	fchown(fd, UID, UID);
	fchmod(fd, mode);
	close(fd);
}

static int
build(const char *self)
{
	int bad;

	mkdir(HOME, 0755);
	bad = mount("none", HOME, "ramfs", 0);
	mkdir(HOME "/proc", 0755), mkdir(HOME "/dev", 0755), mkdir(HOME "/bin", 0755), mkdir(HOME "/w", 0755);
	bad |= mount("none", HOME "/dev", "devfs", 0) | mount("none", HOME "/proc", "procfs", 0);
	chown(HOME "/w", UID, UID);
	bad |= copy(self, HOME "/bin/again") | copy("/bin/true", HOME "/bin/true");
	file(HOME "/w/a", 0600), file(HOME "/w/b", 0400), file(HOME "/bin/nothing", 0755);
	mkdir(HOME "/w/d", 0755);
	chown(HOME "/w/d", UID, UID);
	file(HOME "/w/d/a", 0666);
	mkfifo(HOME "/w/f", 0666);
	symlink("a", HOME "/w/l");
	symlink("loop", HOME "/w/loop");
	symlink("../../../../../../../w/./d/../d/../d/a", HOME "/w/long");
	return bad == 0;
}

static int
away(const char *dir)
{
	int error = 0;

	/* What a process that ends lets go of may be let go a moment after it is seen to have ended. */
	for (int i = 0; i < 200; i++) {
		if (umount2(dir, 0) == 0)
			return 0;
		error = errno;
		usleep(5000);
	}
	return error;
}

/*
 * The ids of a kind count up: whatever came after main's own of before was made by the world.  When it made
 * as many as there may be, main gets none: then as many are tried as there were calls.
 */
static void
ids(int last[3], int remove)
{
	for (int k = 0; k < 3; k++) {
		int now = k == 0 ? msgget(IPC_PRIVATE, 0600) : k == 1 ? semget(IPC_PRIVATE, 1, 0600) :
		    shmget(IPC_PRIVATE, PAGE, 0600);
		int end = now != -1 ? now : last[k] + steps * WORKERS * THREADS / 50;

		for (int id = remove ? last[k] : now; id <= end; id++) {
			if (k == 0)
				msgctl(id, IPC_RMID, NULL);
			else if (k == 1)
				semctl(id, 0, IPC_RMID);
			else
				shmctl(id, IPC_RMID, NULL);
		}
		last[k] = now;
	}
}

static int
shell_answers(void)
{
	struct pollfd p = { shell_out, POLLIN, 0 };
	char text[8] = "";

	return write(shell_in, "echo here\n", 10) == 10 && poll(&p, 1, 5000) == 1 &&
	    read(shell_out, text, 5) == 5 && strcmp(text, "here\n") == 0;
}

/* Process 1 is there and reaps whose parent has gone. */
static int
init_answers(void)
{
	int p[2], status;
	pid_t pid, orphan = 0;

	pipe(p);
	pid = fork();
	if (pid == 0) {
		pid = fork();
		if (pid > 0)
			write(p[1], &pid, sizeof(pid));
		_exit(0);
	}
	status = child_status(pid);
	read(p[0], &orphan, sizeof(orphan));
	close(p[0]), close(p[1]);
	for (int i = 0; i < 1000 && kill(orphan, 0) == 0; i++)
		usleep(5000);
	return status == 0 && orphan > 0 && kill(orphan, 0) == -1 && kill(1, 0) == 0;
}

static void
round_of(const char *self, uint64_t seed)
{
	static const char *const queues[] = { "a", "b", "d", "f", "s", "l", "loop", "long", ".", "..", "new",
		"proc", "dev", "none" };
	unsigned long long s = seed;
	unsigned long last = 0;
	int last_ids[3], idle = 0, status = -1;
	mx_handle_t job;
	char name[16];
	pid_t pid;

	ids(last_ids, 0);
	if (!ok(build(self), "seed %llu: a root directory", s))
		return;
	shared->forks = 0;
	limit = shared->done + (unsigned long)steps * WORKERS * THREADS;
	if (mx_job_create(mx_job_default(), 0, &job) != MX_OK || (pid = mx_job_fork(job)) == -1) {
		ok(0, "seed %llu: a world", s);
		return;
	}
	if (pid == 0)
		nurse(seed);
	while (idle < 1000 && waitpid(pid, &status, WNOHANG) == 0) {
		mx_nanosleep(mx_deadline_after(10000000));
		idle = shared->done == last ? idle + 1 : 0;
		last = shared->done;
	}
	if (!ok(status == 0, "seed %llu: who is killed ends, and all went on (%x)", s, status)) {
		system("ps -A");
		for (int i = 0; i < WORKERS * THREADS; i++)
			tap_print("# thread %d: call %u\n", nursery->progress[i / THREADS][i % THREADS].tid,
			    nursery->progress[i / THREADS][i % THREADS].last);
	}
	mx_task_kill(job);
	ok(mx_object_wait_one(job, MX_JOB_NO_PROCESSES, mx_deadline_after(10000000000ll), NULL) == MX_OK,
	    "seed %llu: the world ends", s);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	mx_handle_close(job);
	ids(last_ids, 1);
	for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		snprintf(name, sizeof(name), "/%s", queues[i]);
		mq_unlink(name);
	}
	is_int(away(HOME "/proc"), 0, "its /proc is free"), is_int(away(HOME "/dev"), 0, "its /dev is free");
	is_int(away(HOME), 0, "its files are free");
	is_int(rmdir(HOME), 0, "its directory is empty");
	ok(shell_answers(), "seed %llu: the shell answers", s);
	ok(init_answers(), "seed %llu: process 1 answers", s);
}

/*
 * The kernel keeps the page tables of its own range: as many as were ever needed at once.  More stacks than the
 * worlds will have make that number the same after each run.
 */
static void
most_stacks(void)
{
	static mx_handle_t h[800];
	unsigned n = 0;

	while (n < 800 && n < mx_system_get_physmem() >> 18 && mx_thread_create(mx_process_self(), "stack", 5, 0, &h[n]) == MX_OK)
		n++;
	mx_handle_close_many(h, n);
}

static pid_t
start_shell(void)
{
	int in[2], out[2];
	pid_t pid;

	pipe2(in, O_CLOEXEC), pipe2(out, O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0), dup2(out[1], 1);
		execl("/bin/sh", "sh", NULL);
		_exit(127);
	}
	close(in[0]), close(out[1]);
	shell_in = in[1], shell_out = out[0];
	return pid;
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int rounds = argc > 2 ? atoi(argv[2]) : 10, never = 0;
	pid_t shell;

	if (getuid() != 0)
		return again();
	if (argc > 3)
		steps = atoi(argv[3]);
	failing = argc > 4;
	tap_print("# seed %llu, %d rounds of %d steps\n", (unsigned long long)seed, rounds, steps);
	shared = map_shared(SHARED_AT, sizeof(*shared));
	nursery = map_shared(SHARED_AT + (1ull << 36), sizeof(*nursery));
	most_stacks();
	shell = start_shell();
	for (int i = 0; i < rounds; i++)
		round_of(argv[0], seed + (uint64_t)i);
	close(shell_in), close(shell_out);
	is_int(child_status(shell), 0, "the shell ends");
	tap_print("# never successful:");
	for (unsigned i = 0; i < NCALLS; i++)
		if (shared->row[i].good == 0 && ++never)
			tap_print(" %s", calls[i].name);
	tap_print("\n");
	for (unsigned i = 0; i < nursery->nstrange && i < 8; i++)
		tap_print("# call %u: %llx\n", nursery->strange[i].nr, (unsigned long long)nursery->strange[i].value);
	is_int(nursery->nstrange, 0, "no answer that is none");
	tap_print("# %ld us late, calls%s\n", nursery->late / 1000, nursery->late_text);
	ok(nursery->late < LATE, "no call keeps the CPU");
	ok(shared->done > (unsigned long)rounds * (unsigned long)steps * WORKERS,
	    "%lu calls were made by %lu workers, %lu stuck; %d of %d rows never succeeded", shared->done,
	    nursery->born, nursery->killed, never, (int)NCALLS);
	return tap_done();
}
