/* /proc/PID/handles and objects, lsobj: what is held, by whom, and whose the other end is. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <mx/fd.h>
#include <mx/syscalls.h>
#include "tap.h"

struct line {
	unsigned number, handle, rights;
	char kind[32], peer[32], owner[32];
	unsigned long long koid;
};

/* The line of a slot; false: there is none. */
static int
find(int pid, unsigned number, struct line *l)
{
	char path[64], text[256];
	int found = 0, n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/handles", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	while (fgets(text, sizeof(text), f) != NULL) {
		if (n++ == 0) {
			if (strcmp(text, "NUMBER HANDLE KIND KOID RIGHTS PEER OWNER\n") != 0)
				break;
			continue;
		}
		if (sscanf(text, "%u %x %31s %llu %x %31s %31s", &l->number, &l->handle, l->kind, &l->koid,
		    &l->rights, l->peer, l->owner) != 7)
			break;
		if (l->number == number) {
			found = 1;
			break;
		}
	}
	fclose(f);
	return found;
}

static void
own(void)
{
	mx_info_handle_basic_t info;
	struct line l, m;
	mx_handle_t e, d;
	int fd;

	mx_event_create(0, &e);
	ok(find(getpid(), (unsigned)mx_handle_fd(e), &l), "an event has a line");
	ok(l.handle == e && strcmp(l.kind, "event") == 0, "with its handle and kind");
	mx_object_get_info(e, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	ok(l.koid == info.koid && l.rights == info.rights, "its koid and rights");
	ok(strcmp(l.peer, "-") == 0 && strcmp(l.owner, "-") == 0, "and no peer");
	mx_handle_duplicate(e, MX_RIGHT_WAIT, &d);
	ok(find(getpid(), (unsigned)mx_handle_fd(d), &m) && m.koid == l.koid && m.rights == MX_RIGHT_WAIT,
	    "a duplicate: the same koid, fewer rights");
	mx_handle_close(d);
	ok(!find(getpid(), (unsigned)mx_handle_fd(e) + 1, &m), "what is closed has none");
	fd = open("/dev/null", O_RDONLY);
	ok(find(getpid(), (unsigned)fd, &l) && l.handle == mx_fd_handle(fd), "a descriptor too");
	close(fd);
	mx_handle_close(e);
}

/* Pseudo-handles name no slot, so they are in no list. */
static void
pseudo(void)
{
	is_int(system("grep -E ' (process|thread|vmar|job) ' /proc/$PPID/handles"), 1 << 8, "no pseudo-handle in /proc/PID/handles");
	is_int(system("grep -E '^[0-9]+ (process|thread|vmar|job) ' /proc/$PPID/objects"), 1 << 8, "nor in objects");
}

static void
socket_peers(void)
{
	mx_info_handle_basic_t info = { 0 };
	struct line l, m;
	char want[32];
	int sv[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	find(getpid(), (unsigned)sv[1], &m);
	find(getpid(), (unsigned)sv[0], &l);
	snprintf(want, sizeof(want), "%llu", m.koid);
	ok(strcmp(l.peer, want) == 0, "an AF_UNIX socket's peer: %s", l.peer);
	snprintf(want, sizeof(want), "%d", (int)getpid());
	ok(strcmp(l.owner, want) == 0, "and who has it");
	mx_object_get_info(mx_fd_handle(sv[0]), MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	ok(info.related_koid == m.koid, "HANDLE_BASIC tells it too");
	close(sv[1]);
	find(getpid(), (unsigned)sv[0], &l);
	ok(strcmp(l.peer, "-") == 0, "none when it is gone");
	close(sv[0]);
	sv[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
	find(getpid(), (unsigned)sv[0], &l);
	ok(strcmp(l.peer, "-") == 0, "none when there never was one");
	close(sv[0]);
}

static void
peers(void)
{
	mx_handle_t a, b;
	struct line l, m;
	char want[32], byte;
	int go[2], status;
	pid_t pid;

	is_int(mx_channel_create(MX_CHANNEL_DUPLICABLE, &a, &b), MX_OK, "a channel");
	ok(find(getpid(), (unsigned)mx_handle_fd(a), &l) && find(getpid(), (unsigned)mx_handle_fd(b), &m), "two lines");
	snprintf(want, sizeof(want), "%llu", m.koid);
	ok(strcmp(l.peer, want) == 0, "the peer's koid");
	snprintf(want, sizeof(want), "%d", (int)getpid());
	ok(strcmp(l.owner, want) == 0 && strcmp(m.owner, want) == 0, "the owner of both is this process");
	pipe(go);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		mx_handle_close(a);
		read(go[0], &byte, 1);
		_exit(0);
	}
	close(go[0]);
	mx_handle_close(b);
	usleep(50000);
	snprintf(want, sizeof(want), "%d", (int)pid);
	ok(find(getpid(), (unsigned)mx_handle_fd(a), &l) && strcmp(l.owner, want) == 0, "now it is the child");
	snprintf(want, sizeof(want), "%d", (int)getpid());
	ok(find(pid, (unsigned)mx_handle_fd(b) == (unsigned)-1 ? m.number : 0, &m) && strcmp(m.owner, want) == 0,
	    "and the child's line names this process");
	close(go[1]);
	status = child_status(pid);
	ok(WIFEXITED(status), "the child ends");
	ok(find(getpid(), (unsigned)mx_handle_fd(a), &l) && strcmp(l.owner, "-") == 0, "nobody has it any more");
	mx_handle_close(a);
}

static void
as_user(void)
{
	struct line l;

	if (setuid(1000) != 0)
		_exit(1);
	if (find(1, 0, &l) || access("/proc/self/handles", F_OK) != 0)
		_exit(2);
	_exit(open("/proc/1/objects", O_RDONLY) == -1 && (errno == EACCES || errno == EPERM) ? 0 : 3);
}

/* One line of lsobj; its koid's columns.  Returns how many lines there were. */
static int
lsobj(const char *args, unsigned long long koid, char *columns)
{
	char command[128], text[256];
	unsigned long long k;
	int n = 0;
	FILE *f;

	columns[0] = '\0';
	snprintf(command, sizeof(command), "lsobj %s 2>&1", args);
	f = popen(command, "r");
	while (f != NULL && fgets(text, sizeof(text), f) != NULL) {
		n++;
		if (sscanf(text, "%llu", &k) == 1 && k == koid)
			strcpy(columns, text);
	}
	return f != NULL && pclose(f) == 0 ? n : -1;
}

static void
list(void)
{
	unsigned long long koid;
	char args[64], text[256], kind[32], owner[64], peer[32], signals[32];
	unsigned refs;
	struct line l;
	mx_handle_t e, d;
	int ends[2];

	mx_event_create(0, &e);
	mx_handle_duplicate(e, MX_RIGHT_SAME_RIGHTS, &d);
	mx_object_signal(e, 0, MX_EVENT_SIGNALED);
	find(getpid(), (unsigned)mx_handle_fd(e), &l);
	koid = l.koid;
	snprintf(args, sizeof(args), "-p %d", (int)getpid());
	ok(lsobj(args, koid, text) > 3, "lsobj -p");
	ok(sscanf(text, "%*u %31s %u %63s %31s %31s", kind, &refs, owner, peer, signals) == 5, "a line of six columns");
	snprintf(args, sizeof(args), "%d", (int)getpid());
	ok(strcmp(kind, "event") == 0 && refs == 2 && strcmp(owner, args) == 0 && strcmp(peer, "-") == 0 &&
	    strcmp(signals, "S") == 0, "kind, references, owner, peer, signals");
	snprintf(args, sizeof(args), "-p %d -k event", (int)getpid());
	is_int(lsobj(args, koid, text), 2, "lsobj -k: the header and one line");
	ok(text[0] != '\0', "which is the event's");
	ok(lsobj("", koid, text) > 4 && text[0] != '\0', "lsobj of all processes");
	is_int(lsobj("-k nonsense", koid, text), -1, "nothing of that kind: status 1");
	is_int(lsobj("-p 99999", koid, text), -1, "no such process");
	mx_handle_close(d);
	mx_handle_close(e);
	pipe(ends);
	find(getpid(), (unsigned)ends[1], &l);
	lsobj("-k pipe", l.koid, text);
	ok(sscanf(text, "%*u %31s %u %63s %31s %31s", kind, &refs, owner, peer, signals) == 5 && strcmp(signals, "W") == 0,
	    "a pipe shows the bits that the manual names");
	close(ends[0]);
	close(ends[1]);
}

/* A user sees what is his own, in lsobj as in /proc. */
static void
users_list(void)
{
	unsigned long long roots, his;
	char args[64], text[256];
	int status, go[2], wait_for[2];
	mx_handle_t e;
	struct line l;
	pid_t pid;
	char c;

	mx_event_create(0, &e);
	find(getpid(), (unsigned)mx_handle_fd(e), &l);
	roots = l.koid;
	pipe(go), pipe(wait_for);
	pid = fork();
	if (pid == 0) {
		tap_in_child = 1;
		tap_bad = 0;
		mx_handle_close(e);
		if (setuid(1000) != 0)
			_exit(99);
		mx_event_create(0, &e);
		find(getpid(), (unsigned)mx_handle_fd(e), &l);
		his = l.koid;
		ok(lsobj("-k event", roots, text) == 2 && text[0] == '\0', "root's event is not in his list");
		lsobj("-k event", his, text);
		ok(text[0] != '\0', "his own is");
		snprintf(args, sizeof(args), "-p %d", (int)getppid());
		is_int(lsobj(args, roots, text), -1, "nor what a process of root's has, asked for by its number");
		snprintf(args, sizeof(args), "-p %d", (int)getpid());
		ok(lsobj(args, his, text) > 1 && text[0] != '\0', "his own process's is");
		write(go[1], "x", 1);
		read(wait_for[0], &c, 1);
		_exit(tap_bad != 0);
	}
	read(go[0], &c, 1);
	lsobj("-k event", roots, text);
	ok(text[0] != '\0', "root sees his own");
	snprintf(args, sizeof(args), "-p %d -k event", (int)pid);
	is_int(lsobj(args, 0, text), 2, "and the user's");
	write(wait_for[1], "x", 1);
	status = child_status(pid);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the user saw what he should");
	close(go[0]), close(go[1]), close(wait_for[0]), close(wait_for[1]), mx_handle_close(e);
}

int
main(void)
{
	own();
	pseudo();
	peers();
	socket_peers();
	is_int(in_child(as_user), 0, "another user sees nothing of root's processes");
	list();
	users_list();
	return tap_done();
}
