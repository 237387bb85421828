/* System V semaphores. */
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/sysctl.h>
#include <time.h>
#include <abi/errno.h>
#include "sysuser.h"
#include "tap.h"

#define KEY	0x5e68

static int
op(int id, int num, int by, int flags)
{
	struct sembuf o = { (unsigned short)num, (short)by, (short)flags };

	return semop(id, &o, 1);
}

static int
value(int id, int num)
{
	return semctl(id, num, GETVAL);
}

static void
getting(void)
{
	int a = semget(IPC_PRIVATE, 3, 0600), b = semget(IPC_PRIVATE, 1, 0600), ids[301], n;
	struct semid_ds ds;

	ok(a >= 0 && b >= 0 && a != b, "two private sets");
	is_int(semctl(a, 0, IPC_STAT, &ds), 0, "IPC_STAT");
	ok(ds.sem_nsems == 3 && ds.sem_otime == 0 && ds.sem_ctime != 0 && ds.sem_perm.mode == 0600, "of a new one");
	ok(value(a, 0) == 0 && value(a, 2) == 0, "values begin at 0");
	is_int(semctl(a, 0, IPC_RMID), 0, "IPC_RMID");
	fails(semctl(a, 0, IPC_RMID), EINVAL, "once");
	fails(op(a, 0, 1, 0), EINVAL, "semop on one that is gone");
	fails(value(a, 0), EINVAL, "GETVAL");
	fails(semctl(a, 0, SETVAL, 1), EINVAL, "SETVAL");
	fails(semctl(a, 0, IPC_STAT, &ds), EINVAL, "IPC_STAT");
	fails(semctl(a, 0, GETALL, &ds), EINVAL, "GETALL");
	semctl(b, 0, IPC_RMID);
	fails(semget(KEY, 1, 0600), ENOENT, "no such key");
	fails(semget(KEY, 0, IPC_CREAT | 0600), EINVAL, "none to make");
	fails(semget(IPC_PRIVATE, 513, 0600), EINVAL, "more than ipc.semmsl");
	fails(semget(IPC_PRIVATE, -1, 0600), EINVAL, "fewer than none");
	a = semget(KEY, 2, IPC_CREAT | 0600);
	is_int(semget(KEY, 0, 0600), a, "the key finds it");
	is_int(semget(KEY, 2, IPC_CREAT | 0600), a, "with its number");
	fails(semget(KEY, 3, 0600), EINVAL, "not with more");
	fails(semget(KEY, 2, IPC_CREAT | IPC_EXCL | 0600), EEXIST, "IPC_EXCL");
	fails(semctl(a, 0, 99, &ds), EINVAL, "an unknown command");
	fails(semctl(a, 0, IPC_STAT, (void *)8), EFAULT, "IPC_STAT to a bad pointer");
	fails(semctl(a, 0, IPC_SET, (void *)8), EFAULT, "IPC_SET from a bad pointer");
	fails(semctl(a, 0, GETALL, (void *)8), EFAULT, "GETALL to a bad pointer");
	fails(semctl(a, 0, SETALL, (void *)8), EFAULT, "SETALL from a bad pointer");
	semctl(a, 0, IPC_STAT, &ds);
	ds.sem_perm.mode = 0640;
	is_int(semctl(a, 0, IPC_SET, &ds), 0, "IPC_SET");
	semctl(a, 0, IPC_STAT, &ds);
	is_int(ds.sem_perm.mode, 0640, "the mode");
	semctl(a, 0, IPC_RMID);
	for (n = 0; n < 300 && (ids[n] = semget(IPC_PRIVATE, 1, 0600)) >= 0; n++)
		;
	ok(n == 256 && errno == ENOSPC, "ENOSPC after 256");
	is_int(sysctlbyname("ipc.semmni", NULL, NULL, "300", 3), 0, "ipc.semmni can be raised");
	for (; n <= 300 && (ids[n] = semget(IPC_PRIVATE, 1, 0600)) >= 0; n++)
		;
	ok(n == 300 && errno == ENOSPC, "and holds");
	for (b = n, a = 0; a < n; a++)
		b -= semctl(ids[a], 0, GETVAL) == 0;
	is_int(b, 0, "all are found");
	sysctlbyname("ipc.semmni", NULL, NULL, "256", 3);
	while (n-- > 0)
		semctl(ids[n], 0, IPC_RMID);
}

static void
values(void)
{
	unsigned short all[3] = { 1, 2, 3 }, got[3] = { 0 };
	static struct sembuf many[513];
	int id = semget(IPC_PRIVATE, 3, 0600);
	struct sembuf two[2];
	struct semid_ds ds;

	is_int(semctl(id, 0, SETALL, all), 0, "SETALL");
	ok(semctl(id, 0, GETALL, got) == 0 && memcmp(all, got, sizeof(all)) == 0, "GETALL");
	is_int(semctl(id, 1, SETVAL, 32767), 0, "SETVAL");
	is_int(value(id, 1), 32767, "GETVAL");
	is_int(semctl(id, 1, GETPID), getpid(), "GETPID");
	fails(semctl(id, 1, SETVAL, 32768), ERANGE, "above SEMVMX");
	fails(semctl(id, 1, SETVAL, -1), ERANGE, "below 0");
	fails(semctl(id, 3, SETVAL, 1), EINVAL, "no such semaphore");
	fails(value(id, -1), EINVAL, "nor -1");
	all[1] = 40000;
	fails(semctl(id, 0, SETALL, all), ERANGE, "SETALL above SEMVMX");
	is_int(value(id, 0), 1, "has changed nothing");
	fails(op(id, 1, 1, 0), ERANGE, "semop above SEMVMX");
	fails(op(id, 3, 1, 0), EFBIG, "a number that the set has not");
	fails(semop(id, two, 0), EINVAL, "no operations");
	fails(semop(id, many, 513), E2BIG, "more than ipc.semopm");
	fails(semop(id, (void *)8, 1), EFAULT, "a bad array");
	fails(__sys_semtimedop(id, many, 1, (void *)8), EFAULT, "a bad timeout");
	fails(__sys_semtimedop(id, many, 1, &(struct timespec){ 0, 1000000000 }), EINVAL, "an impossible timeout");
	semctl(id, 1, SETVAL, 5);
	two[0] = (struct sembuf){ 0, -1, IPC_NOWAIT }, two[1] = (struct sembuf){ 1, -6, IPC_NOWAIT };
	fails(semop(id, two, 2), EAGAIN, "the second cannot");
	ok(value(id, 0) == 1 && value(id, 1) == 5, "then nor does the first");
	two[1].sem_op = -5;
	is_int(semop(id, two, 2), 0, "both can");
	ok(value(id, 0) == 0 && value(id, 1) == 0 && value(id, 2) == 3, "and do");
	semctl(id, 0, IPC_STAT, &ds);
	ok(ds.sem_otime != 0, "otime");
	is_int(op(id, 0, 0, IPC_NOWAIT), 0, "0 is 0");
	fails(op(id, 2, 0, IPC_NOWAIT), EAGAIN, "3 is not");
	/* One semaphore several times in an array: in order. */
	two[0] = (struct sembuf){ 0, 4, 0 }, two[1] = (struct sembuf){ 0, -4, IPC_NOWAIT };
	is_int(semop(id, two, 2), 0, "up and down");
	two[0].sem_op = -4, two[1].sem_op = 4;
	two[0].sem_flg = IPC_NOWAIT;
	fails(semop(id, two, 2), EAGAIN, "not down and up");
	for (int i = 0; i < 512; i++)
		many[i] = (struct sembuf){ 0, 1, 0 };
	is_int(semop(id, many, 512), 0, "512 operations");
	is_int(value(id, 0), 512, "count");
	semctl(id, 0, IPC_RMID);
}

static void
nothing(int sig)
{
}

static void
until(int id, int num, int cmd, int n)
{
	for (int i = 0; i < 2000 && semctl(id, num, cmd) != n; i++)
		usleep(1000);
}

static void
waiting(void)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct sembuf o = { 0, -1, 0 }, both[2] = { { 0, -1, 0 }, { 1, -1, 0 } };
	struct timespec soon = { 0, 30000000 }, before, after;
	int id = semget(IPC_PRIVATE, 2, 0600), n;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(op(id, 0, -2, 0) == 0 ? 0 : 1);
	until(id, 0, GETNCNT, 1);
	is_int(semctl(id, 0, GETNCNT), 1, "GETNCNT");
	op(id, 0, 1, 0);
	usleep(10000);
	is_int(semctl(id, 0, GETNCNT), 1, "one is not two");
	op(id, 0, 1, 0);
	is_int(child_status(pid), 0, "semop waits for a value");
	is_int(semctl(id, 0, GETPID), pid, "GETPID is the child's");
	is_int(value(id, 0), 0, "taken");
	op(id, 0, 2, 0);
	pid = fork();
	if (pid == 0)
		_exit(op(id, 0, 0, 0) == 0 ? 0 : 1);
	until(id, 0, GETZCNT, 1);
	ok(semctl(id, 0, GETZCNT) == 1 && semctl(id, 0, GETNCNT) == 0, "GETZCNT");
	op(id, 0, -2, 0);
	is_int(child_status(pid), 0, "waits for 0");
	/* Both or none: the first is not held while it waits for the second. */
	pid = fork();
	if (pid == 0)
		_exit(semop(id, both, 2) == 0 ? 0 : 1);
	until(id, 0, GETNCNT, 1);
	op(id, 0, 1, 0);
	until(id, 1, GETNCNT, 1);
	is_int(value(id, 0), 1, "what it could have is free");
	is_int(op(id, 0, -1, IPC_NOWAIT), 0, "for others");
	semctl(id, 0, SETVAL, 1);
	op(id, 1, 1, 0);
	is_int(child_status(pid), 0, "both at once");
	clock_gettime(CLOCK_MONOTONIC, &before);
	fails(semtimedop(id, &o, 1, &soon), EAGAIN, "semtimedop");
	clock_gettime(CLOCK_MONOTONIC, &after);
	n = (int)((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000);
	ok(n >= 29 && n < 1000, "after its time (%d ms)", n);
	is_int(semctl(id, 0, GETNCNT), 0, "nobody waits");
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	fails(op(id, 0, -1, 0), EINTR, "a signal ends it, SA_RESTART or not");
	for (n = 0; n < 2; n++) {
		pid = fork();
		if (pid == 0)
			_exit(op(id, n, -1, SEM_UNDO) == -1 && errno == EIDRM ? 0 : 1);
	}
	until(id, 0, GETNCNT, 1), until(id, 1, GETNCNT, 1);
	semctl(id, 0, IPC_RMID);
	is_int(wait(&n) > 0 ? n : -1, 0, "EIDRM to who waits");
	is_int(wait(&n) > 0 ? n : -1, 0, "to both");
}

/* What an operation makes possible is done at once, for the oldest who waits, before anybody else can look. */
static void
handing(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600), order[2], n, bad = 0;
	pid_t pids[3];
	char c, want = 'a';

	pipe(order);
	for (n = 0; n < 3; n++) {
		pids[n] = fork();
		if (pids[n] == 0) {
			bad = op(id, 0, -1, 0);
			write(order[1], &(char){ (char)('a' + n) }, 1);
			_exit(bad != 0);
		}
		until(id, 0, GETNCNT, n + 1);
	}
	for (n = 0; n < 3; n++) {
		op(id, 0, 1, 0);
		fails(op(id, 0, -1, IPC_NOWAIT), EAGAIN, "what a sleeper waited for is the sleeper's");
		is_int(semctl(id, 0, GETNCNT), 2 - n, "who waits no longer");
		read(order[0], &c, 1);
		is_int(c, want++, "the oldest");
	}
	for (n = 0; n < 3; n++)
		bad |= child_status(pids[n]);
	is_int(bad, 0, "all three");
	/* One change lets the first go on, and that lets the second. */
	for (n = 0; n < 2; n++) {
		pids[n] = fork();
		if (pids[n] == 0) {
			struct sembuf chain[2] = { { (unsigned short)n, -1, 0 }, { (unsigned short)(1 - n), 1, 0 } };

			_exit(semop(id, chain, 2) != 0);
		}
		until(id, n, GETNCNT, 1);
	}
	op(id, 0, 1, 0);
	ok(value(id, 0) == 1 && value(id, 1) == 0, "a chain of two is done at once");
	ok(child_status(pids[0]) == 0 && child_status(pids[1]) == 0, "both go on");
	/* A request whose other operation may not wait ends when it comes to that. */
	semctl(id, 0, SETVAL, 0);
	pids[0] = fork();
	if (pids[0] == 0) {
		struct sembuf two[2] = { { 0, -1, 0 }, { 1, -1, IPC_NOWAIT } };

		_exit(semop(id, two, 2) == -1 && errno == EAGAIN ? 0 : 1);
	}
	until(id, 0, GETNCNT, 1);
	op(id, 0, 1, 0);
	is_int(child_status(pids[0]), 0, "IPC_NOWAIT of the second operation");
	is_int(value(id, 0), 1, "has taken nothing");
	close(order[0]), close(order[1]);
	semctl(id, 0, IPC_RMID);
}

static void
undoing(void)
{
	unsigned short none[2] = { 0, 0 };
	int id = semget(IPC_PRIVATE, 2, 0600), other = semget(IPC_PRIVATE, 2, 0600);
	pid_t pid;

	semctl(id, 0, SETVAL, 3);
	pid = fork();
	if (pid == 0) {
		op(id, 0, -1, SEM_UNDO), op(id, 0, -1, SEM_UNDO), op(id, 0, -1, 0);
		op(other, 1, 7, SEM_UNDO), op(id, 1, 4, SEM_UNDO), op(id, 1, -1, SEM_UNDO);
		_exit(value(id, 0) == 0 && value(id, 1) == 3 && value(other, 1) == 7 ? 0 : 1);
	}
	is_int(child_status(pid), 0, "a child with SEM_UNDO");
	ok(value(id, 0) == 2 && value(id, 1) == 0 && value(other, 1) == 0, "its end takes that back");
	is_int(semctl(id, 0, GETPID), pid, "in its name");
	pid = fork();
	if (pid == 0) {
		op(id, 0, -1, SEM_UNDO);
		kill(getpid(), SIGKILL);
	}
	child_status(pid);
	is_int(value(id, 0), 2, "SIGKILL too");
	pid = fork();
	if (pid == 0) {
		op(id, 0, -1, SEM_UNDO);
		if (fork() == 0)
			_exit(0);
		wait(NULL);
		_exit(value(id, 0) == 1 ? 0 : 1);
	}
	is_int(child_status(pid), 0, "a child's child has none of it");
	is_int(value(id, 0), 2, "taken back once");
	pid = fork();
	if (pid == 0) {
		op(id, 0, -1, SEM_UNDO);
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	is_int(child_status(pid), 0, "exec");
	is_int(value(id, 0), 2, "keeps what is to be undone");
	pid = fork();
	if (pid == 0) {
		op(id, 0, -1, SEM_UNDO), op(id, 1, 1, SEM_UNDO);
		semctl(id, 0, SETVAL, 9);
		_exit(0);
	}
	child_status(pid);
	ok(value(id, 0) == 9 && value(id, 1) == 0, "SETVAL forgets that of its semaphore");
	pid = fork();
	if (pid == 0) {
		op(id, 0, -1, SEM_UNDO);
		semctl(id, 0, SETALL, none);
		_exit(0);
	}
	child_status(pid);
	is_int(value(id, 0), 0, "SETALL of all");
	pid = fork();
	if (pid == 0) {
		op(id, 0, 5, SEM_UNDO);
		_exit(op(id, 0, -5, 0) == 0 ? 0 : 1);
	}
	child_status(pid);
	is_int(value(id, 0), 0, "no value below 0");
	/* Who waits hears of it. */
	semctl(id, 1, SETVAL, 1);
	pid = fork();
	if (pid == 0) {
		op(id, 1, -1, SEM_UNDO);
		usleep(50000);
		_exit(0);
	}
	usleep(20000);
	is_int(op(id, 1, -1, 0), 0, "an undo wakes who waits");
	child_status(pid);
	/* Removal drops the records, of this process as well. */
	op(other, 0, 3, SEM_UNDO);
	fails((semctl(id, 0, SETVAL, 0), op(id, 0, -1, IPC_NOWAIT | SEM_UNDO)), EAGAIN, "refused with SEM_UNDO");
	/* A wait for zero has nothing to be undone, and no record: with one behind it that cannot be done it is left again. */
	pid = fork();
	if (pid == 0) {
		struct sembuf ops[2] = { { 0, 0, SEM_UNDO }, { 1, -9, IPC_NOWAIT } };

		_exit(semop(id, ops, 2) == -1 && errno == EAGAIN ? 0 : 1);
	}
	is_int(child_status(pid), 0, "a wait for zero with SEM_UNDO, then one refused");
	semctl(id, 0, IPC_RMID), semctl(other, 0, IPC_RMID);
}

/* 4 processes count under a semaphore; the set is removed under their feet at the end. */
static void
racing(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600), n, bad = 0;
	pid_t pids[4];

	semctl(id, 0, SETVAL, 1);
	for (n = 0; n < 4; n++) {
		pids[n] = fork();
		if (pids[n] == 0) {
			for (int i = 0; i < 200; i++) {
				int v;

				if (op(id, 0, -1, SEM_UNDO) != 0)
					_exit(1);
				v = value(id, 1);
				if (i % 16 == 0)
					usleep(1000);
				semctl(id, 1, SETVAL, v + 1);
				op(id, 0, 1, SEM_UNDO);
			}
			_exit(0);
		}
	}
	for (n = 0; n < 4; n++)
		bad |= child_status(pids[n]);
	ok(bad == 0 && value(id, 1) == 800, "800 under one semaphore");
	semctl(id, 0, IPC_RMID);
	for (int round = 0; round < 30; round++) {
		id = semget(IPC_PRIVATE, 1, 0600);
		for (n = 0; n < 4; n++) {
			pids[n] = fork();
			if (pids[n] == 0) {
				while (op(id, 0, n < 2 ? 1 : -1, SEM_UNDO) == 0)
					;
				_exit(errno == EIDRM || errno == EINVAL || errno == ERANGE ? 0 : 1);
			}
		}
		usleep(2000);
		bad |= semctl(id, 0, IPC_RMID);
		for (n = 0; n < 4; n++)
			bad |= child_status(pids[n]);
	}
	is_int(bad, 0, "30 sets removed from under four processes");
}

static int secret;

static void
as_user(void)
{
	unsigned short all[1];
	struct semid_ds ds;

	if (setgroups(0, NULL) != 0 || setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		_exit(9);
	if (semget(KEY, 1, 0600) != -1 || errno != EACCES)
		_exit(1);
	if (op(secret, 0, 1, IPC_NOWAIT) != -1 || errno != EACCES)
		_exit(2);
	if (op(secret, 0, 0, IPC_NOWAIT) != -1 || errno != EAGAIN)
		_exit(3);
	if (value(secret, 0) != 1 || semctl(secret, 0, GETALL, all) != 0 || semctl(secret, 0, IPC_STAT, &ds) != 0)
		_exit(4);
	if (semctl(secret, 0, SETVAL, 1) != -1 || errno != EACCES || semctl(secret, 0, SETALL, all) != -1 || errno != EACCES)
		_exit(5);
	if (semctl(secret, 0, IPC_SET, &ds) != -1 || errno != EPERM)
		_exit(6);
	if (semctl(secret, 0, IPC_RMID) != -1 || errno != EPERM)
		_exit(7);
	_exit(0);
}

static void
permission(void)
{
	secret = semget(KEY, 1, IPC_CREAT | 0604);
	semctl(secret, 0, SETVAL, 1);
	is_int(in_child(as_user), 0, "others may read, not alter, set or remove");
	semctl(secret, 0, IPC_RMID);
}

int
main(void)
{
	getting();
	values();
	waiting();
	handing();
	undoing();
	racing();
	permission();
	return tap_done();
}
