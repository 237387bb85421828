/* Zero's semaphores and message queues. */
#include <grp.h>
#include <signal.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/sysctl.h>
#include <zero/syscall.h>
#include "tap.h"

#define NOTHING	((void *)8)		/* no memory is there */

static void
nothing(int sig)
{
}

static int
limited(const char *name, const char *to)
{
	return sysctlbyname(name, NULL, NULL, to, strlen(to));
}

static void
semaphores(void)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	long a = sys_seminit(0), b = sys_seminit(0640);
	struct semid_ds ds;
	pid_t pid;

	ok(a >= 0 && b >= 0 && a != b, "seminit");
	is_int(sys_semop(a, IPC_STAT, 0), 1, "unlocked: 1");
	semctl((int)a, 0, IPC_STAT, &ds);
	ok(ds.sem_nsems == 1 && ds.sem_perm.mode == 0600, "a set of one with mode 0600");
	semctl((int)b, 0, IPC_STAT, &ds);
	is_int(ds.sem_perm.mode, 0640, "or the given");
	fails(sys_seminit(01000), EINVAL, "seminit: another bit");
	fails(sys_seminit(-1), EINVAL, "seminit: all bits");
	limited("ipc.semmni", "2");
	fails(sys_seminit(0), ENOSPC, "seminit: too many");
	limited("ipc.semmni", "256");
	is_int(sys_semdown(a), 0, "semdown gives the new value");
	is_int(sys_semup(a), 1, "semup too");
	is_int(sys_semup(a), 2, "counts");
	is_int(sys_semop(a, IPC_STAT, 0), 2, "IPC_STAT");
	is_int(semctl((int)a, 0, SETVAL, 32767), 0, "SETVAL");
	fails(sys_semup(a), ERANGE, "semup: above 32767");
	semctl((int)a, 0, SETVAL, 0);
	pid = fork();
	if (pid == 0)
		_exit(sys_semdown(a) == 0 ? 0 : 1);
	while (semctl((int)a, 0, GETNCNT) != 1)
		usleep(1000);
	is_int(sys_semup(a), 1, "semup's own new value");
	is_int(child_status(pid), 0, "wakes who waits in semdown");
	is_int(sys_semop(a, IPC_STAT, 0), 0, "which took it");
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	fails(sys_semdown(a), EINTR, "semdown: a signal");
	pid = fork();
	if (pid == 0)
		_exit(sys_semdown(a) == -1 && errno == EIDRM ? 0 : 1);
	while (semctl((int)a, 0, GETNCNT) != 1)
		usleep(1000);
	is_int(sys_semop(a, IPC_RMID, 0), 0, "IPC_RMID");
	is_int(child_status(pid), 0, "semdown: removed meanwhile");
	fails(sys_semup(a), EINVAL, "semup: gone");
	fails(sys_semdown(a), EINVAL, "semdown: gone");
	fails(sys_semop(a, IPC_STAT, 0), EINVAL, "semop: gone");
	fails(sys_semop(a, IPC_SET, 0600), EINVAL, "IPC_SET: gone");
	fails(sys_semop(a, IPC_RMID, 0), EINVAL, "IPC_RMID: gone");
	fails(sys_semup(b + (1l << 32)), EINVAL, "an id has 31 bits");
	fails(sys_semup(-1), EINVAL, "and is no negative number");
	fails(sys_semop(b, 99, 0), EINVAL, "semop: an unknown command");
	is_int(sys_semop(b, IPC_SET, 0604), 0, "IPC_SET");
	fails(sys_semop(b, IPC_SET, 01000), EINVAL, "IPC_SET: another bit");
	pid = fork();
	if (pid == 0) {
		setgroups(0, NULL), setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
		_exit(sys_semup(b) == -1 && errno == EACCES && sys_semdown(b) == -1 && errno == EACCES &&
		    sys_semop(b, IPC_STAT, 0) == 1 && sys_semop(b, IPC_SET, 0777) == -1 && errno == EPERM &&
		    sys_semop(b, IPC_RMID, 0) == -1 && errno == EPERM ? 0 : 1);
	}
	is_int(child_status(pid), 0, "others may look, not alter, set or remove");
	sys_semop(b, IPC_SET, 0600);
	pid = fork();
	if (pid == 0) {
		setgroups(0, NULL), setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
		_exit(sys_semop(b, IPC_STAT, 0) == -1 && errno == EACCES ? 0 : 1);
	}
	is_int(child_status(pid), 0, "nor look where they may not");
	sys_semop(b, IPC_RMID, 0);
}

static void
queues(void)
{
	char buf[64] = "";
	long q = sys_mqinit(0600, 3, 10), r;
	struct { long type; char text[8]; } m = { 2, "two" };
	struct msqid_ds ds;

	ok(q >= 0, "mqinit");
	is_int(sys_mqop(q, IPC_STAT, &ds), 0, "IPC_STAT");
	ok(ds.msg_qbytes == 10 && ds.msg_perm.mode == 0600, "bytes and mode");
	is_int(sys_mqrecv(q, buf, sizeof(buf)), 0, "mqrecv: 0, there is nothing");
	is_int(sys_mqsend(q, "four", 4), 4, "mqsend gives the bytes");
	is_int(msgrcv((int)q, &m, 8, 0, IPC_NOWAIT), 4, "msgrcv takes it");
	is_int(m.type, 4, "its type is the priority + 1");
	sys_mqsend(q, "c", 1);
	is_int(sys_mqop(q, MQ_SETPRIO, (void *)0), 3, "MQ_SETPRIO tells the old one");
	sys_mqsend(q, "a", 1), sys_mqsend(q, "A", 1);
	m.type = 2;
	msgsnd((int)q, &m, 1, 0);
	buf[0] = buf[1] = buf[2] = buf[3] = 0;
	for (int i = 0; i < 4; i++)
		sys_mqrecv(q, buf + i, 1);
	ok(memcmp(buf, "aAfc", 4) == 0 || memcmp(buf, "aAtc", 4) == 0, "the most urgent first, then the oldest (%s)", buf);
	fails(sys_mqop(q, MQ_SETPRIO, (void *)-1), EINVAL, "MQ_SETPRIO: -1");
	fails(sys_mqop(q, MQ_SETPRIO, (void *)0x7fffffffl), EINVAL, "MQ_SETPRIO: above the last");
	fails(sys_mqop(q, 99, NULL), EINVAL, "mqop: an unknown command");
	fails(sys_mqop(q, IPC_STAT, NOTHING), EFAULT, "IPC_STAT to a bad address");
	fails(sys_mqop(q, IPC_SET, NOTHING), EFAULT, "IPC_SET from a bad address");
	fails(sys_mqsend(q, NOTHING, 4), EFAULT, "mqsend from a bad address");
	fails(sys_mqsend(q, "12345678901", 11), EINVAL, "mqsend: more than the queue ever holds");
	sys_mqsend(q, "long", 4);
	fails(sys_mqrecv(q, buf, 3), E2BIG, "mqrecv: a message that does not fit");
	fails(sys_mqrecv(q, NOTHING, 8), EFAULT, "mqrecv to a bad address");
	fails(sys_mqrecv(q, buf, (size_t)-1), EINVAL, "mqrecv of an impossible size");
	ok(sys_mqrecv(q, buf, 8) == 4 && memcmp(buf, "long", 4) == 0, "it is still there");
	ds.msg_perm.mode = 0604;
	is_int(sys_mqop(q, IPC_SET, &ds), 0, "IPC_SET");
	fails(sys_mqinit(0600 | 02000, 0, 0), EINVAL, "mqinit: another bit");
	fails(sys_mqinit(0600, -1, 0), EINVAL, "mqinit: priority -1");
	fails(sys_mqinit(0600, 0x7fffffff, 0), EINVAL, "mqinit: a priority above the last");
	limited("ipc.msgmni", "1");
	fails(sys_mqinit(0600, 0, 0), ENOSPC, "mqinit: too many");
	limited("ipc.msgmni", "256");
	r = sys_mqinit(0600 | MQASYNC, 0, 4);
	sys_mqsend(r, "1234", 4);
	fails(sys_mqsend(r, "5", 1), EAGAIN, "mqsend to a full queue with MQASYNC");
	is_int(sys_mqop(r, IPC_RMID, NULL), 0, "IPC_RMID");
	fails(sys_mqop(r, IPC_RMID, NULL), EINVAL, "once");
	fails(sys_mqsend(r, "1", 1), EINVAL, "mqsend: gone");
	fails(sys_mqrecv(r, buf, 1), EINVAL, "mqrecv: gone");
	fails(sys_mqop(r, MQ_SETPRIO, NULL), EINVAL, "MQ_SETPRIO: gone");
	r = msgget(IPC_PRIVATE, 0600);
	fails(sys_mqsend(r, "1", 1), EINVAL, "mqsend to a queue of msgget: it has no priority");
	fails(sys_mqop(r, MQ_SETPRIO, NULL), EINVAL, "MQ_SETPRIO: the same");
	sys_mqop(r, IPC_RMID, NULL);
	r = sys_mqinit(0604, 0, 0);
	sys_mqop(r, IPC_STAT, &ds);
	is_int((long)ds.msg_qbytes, 65536, "nbyte 0: ipc.msgmnb");
	if (fork() == 0) {
		setgroups(0, NULL), setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
		_exit(sys_mqsend(r, "1", 1) == -1 && errno == EACCES && sys_mqrecv(r, buf, 1) == 0 &&
		    sys_mqop(r, IPC_SET, &ds) == -1 && errno == EPERM && sys_mqop(r, IPC_RMID, NULL) == -1 &&
		    errno == EPERM && sys_mqop(r, MQ_SETPRIO, NULL) == -1 && errno == EPERM &&
		    sys_mqinit(0600, 0, 65537) == -1 && errno == EPERM ? 0 : 1);
	}
	int status;
	wait(&status);
	is_int(status, 0, "others may receive, not send, set or remove, nor make one above ipc.msgmnb");
	ds.msg_perm.mode = 0600;
	sys_mqop(r, IPC_SET, &ds);
	if (fork() == 0) {
		setgroups(0, NULL), setresgid(1000, 1000, 1000), setresuid(1000, 1000, 1000);
		_exit(sys_mqrecv(r, buf, 1) == -1 && errno == EACCES && sys_mqop(r, IPC_STAT, &ds) == -1 &&
		    errno == EACCES ? 0 : 1);
	}
	wait(&status);
	is_int(status, 0, "nor receive or look where they may not");
	sys_mqop(r, IPC_RMID, NULL);
	sys_mqop(q, IPC_RMID, NULL);
}

static void
full(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	long q = sys_mqinit(0600, 0, 4);
	char buf[8];
	pid_t pid;

	sys_mqsend(q, "1234", 4);
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	fails(sys_mqsend(q, "5", 1), EINTR, "mqsend: a signal while it waits for room");
	pid = fork();
	if (pid == 0)
		_exit(sys_mqsend(q, "6", 1) == 1 ? 0 : 1);
	usleep(20000);
	is_int(sys_mqrecv(q, buf, 8), 4, "mqrecv makes room");
	is_int(child_status(pid), 0, "mqsend waited for it");
	ok(sys_mqrecv(q, buf, 8) == 1 && buf[0] == '6', "its message is there");
	sys_mqsend(q, "1234", 4);
	pid = fork();
	if (pid == 0)
		_exit(sys_mqsend(q, "7", 1) == -1 && errno == EIDRM ? 0 : 1);
	usleep(20000);
	sys_mqop(q, IPC_RMID, NULL);
	is_int(child_status(pid), 0, "mqsend: removed meanwhile");
}

int
main(void)
{
	semaphores();
	queues();
	full();
	return tap_done();
}
