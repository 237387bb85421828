/* System V message queues. */
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sysctl.h>
#include <abi/errno.h>
#include "sysuser.h"
#include "tap.h"

#define KEY	0x5e66

static struct {
	long type;
	char text[70000];
} m;

static int
put(int q, long type, const char *text, int flags)
{
	m.type = type;
	strcpy(m.text, text);
	return msgsnd(q, &m, strlen(text) + 1, flags);
}

/* The first byte and the type of what comes, or -1. */
static int
get(int q, long type, int flags)
{
	m.type = 0, m.text[0] = 0;
	return msgrcv(q, &m, 100, type, flags) == -1 ? -1 : m.text[0];
}

static void
getting(void)
{
	int a = msgget(IPC_PRIVATE, 0600), b = msgget(IPC_PRIVATE, 0600), ids[300], n;
	struct msqid_ds ds;

	ok(a >= 0 && b >= 0 && a != b, "two private queues");
	is_int(msgctl(a, IPC_STAT, &ds), 0, "IPC_STAT");
	ok(ds.msg_qnum == 0 && ds.msg_qbytes == 65536 && ds.msg_ctime != 0 && ds.msg_perm.mode == 0600, "of a new one");
	is_int(msgctl(a, IPC_RMID, NULL), 0, "IPC_RMID");
	fails(msgctl(a, IPC_RMID, NULL), EINVAL, "once");
	fails(put(a, 1, "x", 0), EINVAL, "msgsnd to one that is gone");
	fails(get(a, 0, 0), EINVAL, "msgrcv");
	msgctl(b, IPC_RMID, NULL);
	fails(msgget(KEY, 0600), ENOENT, "no such key");
	a = msgget(KEY, IPC_CREAT | 0600);
	is_int(msgget(KEY, IPC_CREAT | 0600), a, "the key finds it");
	fails(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600), EEXIST, "IPC_EXCL");
	fails(msgctl(a, 9, &ds), EINVAL, "an unknown command");
	fails(msgctl(a, IPC_STAT, (void *)8), EFAULT, "IPC_STAT to a bad pointer");
	fails(msgctl(a, IPC_SET, (void *)8), EFAULT, "IPC_SET from a bad pointer");
	msgctl(a, IPC_RMID, NULL);
	for (n = 0; n < 300 && (ids[n] = msgget(IPC_PRIVATE, 0600)) >= 0; n++)
		;
	ok(n == 256 && errno == ENOSPC, "ENOSPC after 256");
	while (n-- > 0)
		msgctl(ids[n], IPC_RMID, NULL);
}

static void
order(void)
{
	int q = msgget(IPC_PRIVATE, 0600);
	struct msqid_ds ds;
	int64_t type;

	put(q, 3, "a", 0), put(q, 1, "b", 0), put(q, 2, "c", 0), put(q, 1, "d", 0);
	msgctl(q, IPC_STAT, &ds);
	ok(ds.msg_qnum == 4 && ds.__msg_cbytes == 8 && ds.msg_lspid == getpid(), "four messages");
	ok(get(q, 2, 0) == 'c' && m.type == 2, "of a type");
	ok(get(q, -2, 0) == 'b' && m.type == 1, "the lowest type up to two");
	is_int(get(q, 1, MSG_EXCEPT), 'a', "any but type one");
	is_int(get(q, 0, 0), 'd', "the first");
	fails(get(q, 0, IPC_NOWAIT), ENOMSG, "none");
	put(q, 5, "e", 0);
	fails(get(q, 4, IPC_NOWAIT), ENOMSG, "none of this type");
	fails(get(q, -4, IPC_NOWAIT), ENOMSG, "nor so low");
	is_int(get(q, LONG_MIN, IPC_NOWAIT), 'e', "the lowest of all");
	put(q, 1, "longer", 0);
	fails(msgrcv(q, &m, 3, 0, 0), E2BIG, "too long for the buffer");
	is_int(msgrcv(q, &m, 3, 0, MSG_NOERROR), 3, "MSG_NOERROR cuts");
	fails(get(q, 0, IPC_NOWAIT), ENOMSG, "and the rest is gone");
	put(q, 1, "1", 0), put(q, 1, "2", 0), put(q, 1, "3", 0);
	fails(__sys_msgrcv(q, (void *)8, 10, 0, 0, &type), EFAULT, "a bad buffer");
	fails(__sys_msgrcv(q, m.text, 10, 0, 0, (void *)8), EFAULT, "a bad place for the type");
	ok(get(q, 0, 0) == '1' && get(q, 0, 0) == '2' && get(q, 0, 0) == '3', "nothing is lost, the order stays");
	fails(__sys_msgsnd(q, 1, (void *)8, 10, 0), EFAULT, "msgsnd from a bad buffer");
	fails(put(q, 0, "x", 0), EINVAL, "type 0");
	fails(put(q, -1, "x", 0), EINVAL, "type -1");
	m.type = 1;
	fails(msgsnd(q, &m, 65537, 0), EINVAL, "more than ipc.msgmax");
	is_int(msgsnd(q, &m, 0, 0), 0, "no bytes");
	is_int(msgrcv(q, &m, 0, 0, 0), 0, "come");
	msgctl(q, IPC_RMID, NULL);
}

static void
nothing(int sig)
{
}

static void
waiting(void)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	int q = msgget(IPC_PRIVATE, 0600), n;
	struct msqid_ds ds;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(get(q, 7, 0) == 'w' ? 0 : 1);
	usleep(30000);
	put(q, 6, "x", 0), put(q, 7, "w", 0);
	is_int(child_status(pid), 0, "msgrcv waits for its type");
	get(q, 6, 0);
	m.type = 1;
	is_int(msgsnd(q, &m, 65536, 0), 0, "a full queue");
	fails(put(q, 1, "x", IPC_NOWAIT), EAGAIN, "IPC_NOWAIT");
	pid = fork();
	if (pid == 0)
		_exit(put(q, 1, "x", 0) == 0 ? 0 : 1);
	usleep(30000);
	is_int(msgrcv(q, &m, 65536, 0, 0), 65536, "a message is taken");
	is_int(child_status(pid), 0, "msgsnd waited for room");
	get(q, 0, 0);
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	fails(get(q, 0, 0), EINTR, "a signal ends it, SA_RESTART or not");
	for (n = 0; n < 2; n++) {
		pid = fork();
		if (pid == 0)
			_exit(get(q, 0, 0) == -1 && errno == EIDRM ? 0 : 1);
	}
	usleep(30000);
	msgctl(q, IPC_STAT, &ds);
	ds.msg_qbytes = 10;
	is_int(msgctl(q, IPC_SET, &ds), 0, "IPC_SET of msg_qbytes");
	fails(put(q, 1, "eleven bytes", 0), EINVAL, "no longer fits at all");
	msgctl(q, IPC_RMID, NULL);
	is_int(wait(&n) > 0 ? n : -1, 0, "EIDRM to who waits");
	is_int(wait(&n) > 0 ? n : -1, 0, "to both");
}

/* A message goes to the oldest who wants it, room to the oldest who has something for it. */
static void
handing(void)
{
	int q = msgget(IPC_PRIVATE, 0600), order[2];
	struct msqid_ds ds;
	pid_t pids[3];
	char c;

	pipe(order);
	for (int n = 0; n < 3; n++) {
		pids[n] = fork();
		if (pids[n] == 0) {
			c = (char)get(q, n == 1 ? 9 : 0, 0);
			write(order[1], &c, 1);
			_exit(0);
		}
		usleep(20000);
	}
	put(q, 5, "p", 0), put(q, 9, "q", 0), put(q, 9, "r", 0);
	fails(get(q, 0, IPC_NOWAIT), ENOMSG, "what receivers wait for is theirs");
	for (int n = 0; n < 3; n++)
		child_status(pids[n]);
	ok(read(order[0], m.text, 3) == 3 && memcmp(m.text, "pqr", 3) == 0, "each got its own, in order");
	m.type = 1;
	msgsnd(q, &m, 65536, 0);
	for (int n = 0; n < 2; n++) {
		pids[n] = fork();
		if (pids[n] == 0)
			_exit(put(q, 2 + n, "x", 0));
		usleep(20000);
	}
	msgrcv(q, &m, 65536, 0, 0);
	msgctl(q, IPC_STAT, &ds);
	ok(ds.msg_qnum == 2 && ds.msg_lspid == pids[1], "both senders' messages are there at once");
	ok(get(q, 0, 0) == 'x' && m.type == 2 && get(q, 0, 0) == 'x' && m.type == 3, "in their order");
	child_status(pids[0]), child_status(pids[1]);
	pids[0] = fork();
	if (pids[0] == 0)
		_exit(msgrcv(q, &m, 1, 0, 0) == -1 && errno == E2BIG ? 0 : 1);
	usleep(20000);
	put(q, 1, "too long", 0);
	is_int(child_status(pids[0]), 0, "E2BIG to who waits with a small buffer");
	is_int(get(q, 0, IPC_NOWAIT), 't', "the message stays");
	pids[0] = fork();
	if (pids[0] == 0)
		_exit(__sys_msgrcv(q, (void *)8, 10, 0, 0, NULL) == -1 && errno == EFAULT ? 0 : 1);
	usleep(20000);
	put(q, 4, "e", 0);
	is_int(child_status(pids[0]), 0, "EFAULT to who waits with a bad buffer");
	is_int(get(q, 4, IPC_NOWAIT), 'e', "the message is put back");
	close(order[0]), close(order[1]);
	msgctl(q, IPC_RMID, NULL);
}

static int secret;

static void
as_user(void)
{
	struct msqid_ds ds;

	if (setgroups(0, NULL) != 0 || setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		_exit(9);
	if (msgget(KEY, 0600) != -1 || errno != EACCES)
		_exit(1);
	if (put(secret, 1, "x", 0) != -1 || errno != EACCES)
		_exit(2);
	if (get(secret, 0, 0) != 'r')
		_exit(3);
	if (msgctl(secret, IPC_STAT, &ds) != 0)
		_exit(4);
	if (msgctl(secret, IPC_SET, &ds) != -1 || errno != EPERM)
		_exit(5);
	if (msgctl(secret, IPC_RMID, NULL) != -1 || errno != EPERM)
		_exit(6);
	secret = msgget(IPC_PRIVATE, 0600);
	msgctl(secret, IPC_STAT, &ds);
	ds.msg_qbytes++;
	if (msgctl(secret, IPC_SET, &ds) != -1 || errno != EPERM)
		_exit(7);
	_exit(msgctl(secret, IPC_RMID, NULL) == 0 ? 0 : 8);
}

static void
permission(void)
{
	secret = msgget(KEY, IPC_CREAT | 0604);
	put(secret, 1, "r", 0);
	is_int(in_child(as_user), 0, "others may read, not write, set, remove or raise limits");
	msgctl(secret, IPC_RMID, NULL);
}

int
main(void)
{
	getting();
	order();
	waiting();
	handing();
	permission();
	return tap_done();
}
