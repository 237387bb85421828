/* User and group ids: every set*id call by root and by others, kill and limits across users, and
 * set-id programs.  The program executes itself under other ids. */
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include "tap.h"

static const char *self;

static int
uids(unsigned r, unsigned e, unsigned s)
{
	uid_t gr, ge, gs;

	getresuid(&gr, &ge, &gs);
	return gr == r && ge == e && gs == s;
}

/* Runs `body' in a child after setting the three user ids; the child's exit value. */
static int
as(unsigned r, unsigned e, unsigned s, int (*body)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(r, e, s) != 0)
			_exit(99);
		_exit(body());
	}
	return WEXITSTATUS(child_status(pid));
}

static int set_5(void) { return setuid(5) == 0 && uids(5, 5, 5); }
static int set_stranger(void) { return setuid(7) == -1 && errno == EPERM && uids(5, 6, 8); }
static int set_saved(void) { return setuid(8) == 0 && uids(5, 8, 8); }
static int seteuid_saved(void) { return seteuid(0) == 0 && uids(5, 0, 0) && seteuid(5) == 0 && uids(5, 5, 0); }
static int drop_for_good(void) { return setresuid(5, 5, 5) == 0 && setuid(0) == -1 && seteuid(0) == -1; }
static int re_swap(void) { return setreuid(6, 5) == 0 && uids(6, 5, 5); }
static int re_real_from_saved(void) { return setreuid(8, -1) == -1 && errno == EPERM; }
static int res_mix(void) { return setresuid(8, 5, 6) == 0 && uids(8, 5, 6); }
static int res_stranger(void) { return setresuid(-1, -1, 9) == -1 && errno == EPERM && uids(5, 6, 8); }
static int keep(void) { return setresuid(-1, -1, -1) == 0 && uids(5, 6, 8); }
static int no_groups(void) { gid_t g = 3; return setgroups(1, &g) == -1 && errno == EPERM; }
static int no_gid(void) { return setgid(3) == -1 && errno == EPERM && setregid(-1, 4) == -1; }
static int no_clock(void)
{
	struct timespec ts = { 0, 0 };

	return clock_settime(CLOCK_REALTIME, &ts) == -1 && errno == EPERM && sethostname("x", 1) == -1 &&
	    errno == EPERM;
}

static void
setids(void)
{
	is_int(as(0, 0, 0, set_5), 1, "setuid by root sets all three");
	is_int(as(5, 6, 8, set_stranger), 1, "setuid to a stranger");
	is_int(as(5, 6, 8, set_saved), 1, "setuid to the saved id sets the effective one");
	is_int(as(5, 0, 0, seteuid_saved), 1, "seteuid goes back and forth");
	is_int(as(5, 0, 0, drop_for_good), 1, "root can be given up for good");
	is_int(as(5, 6, 8, re_swap), 1, "setreuid exchanges, the saved id follows");
	is_int(as(5, 6, 8, re_real_from_saved), 1, "setreuid: the real id cannot be the saved one");
	is_int(as(5, 6, 8, res_mix), 1, "setresuid exchanges all three");
	is_int(as(5, 6, 8, res_stranger), 1, "setresuid of a stranger changes nothing");
	is_int(as(5, 6, 8, keep), 1, "-1 keeps");
	is_int(as(5, 5, 5, no_groups), 1, "setgroups is root's");
	is_int(as(5, 5, 5, no_gid), 1, "group ids are held to the same rules");
	is_int(as(5, 5, 5, no_clock), 1, "so are the clock and the host name");
}

static void
groups(void)
{
	gid_t list[40] = { 10, 20, 30 }, got[40];

	is_int(setgroups(3, list), 0, "setgroups");
	is_int(getgroups(0, NULL), 3, "getgroups counts");
	is_int(getgroups(40, got), 3, "getgroups");
	ok(got[0] == 10 && got[2] == 30, "returns them");
	fails(getgroups(2, got), EINVAL, "into too few");
	fails(getgroups(-1, got), EINVAL, "into less than none");
	fails(setgroups(33, list), EINVAL, "too many groups");
	fails(setgroups(-1, list), EINVAL, "fewer than none");
	fails(setgroups(2, (gid_t *)8), EFAULT, "from a bad address");
	is_int(getgroups(0, NULL), 3, "changes nothing");
	setgroups(0, NULL);
	is_int(getgroups(0, NULL), 0, "none");
}

/* --- who may signal whom --- */

static pid_t victim;

static int
try_kill(void)
{
	return kill(victim, 0) == 0 ? 0 : errno;
}

static int
try_cont(void)
{
	return kill(victim, SIGCONT) == 0 ? 0 : errno;
}

static int
try_limit(void)
{
	return getpriority(PRIO_PROCESS, victim) != -1 && setpriority(PRIO_PROCESS, victim, 5) == 0 ? 0 : errno;
}

static void
signals(void)
{
	victim = fork();
	if (victim == 0) {
		setresuid(100, 101, 102);
		for (;;)
			pause();
	}
	usleep(10000);
	is_int(as(200, 200, 200, try_kill), EPERM, "kill by a stranger");
	is_int(as(100, 200, 200, try_kill), 0, "the sender's real id is the receiver's real id");
	is_int(as(200, 102, 200, try_kill), 0, "its effective id is the saved one");
	is_int(as(101, 101, 200, try_kill), EPERM, "the receiver's effective id does not count");
	is_int(as(200, 200, 100, try_kill), EPERM, "nor the sender's saved one");
	is_int(as(0, 0, 0, try_kill), 0, "root may");
	is_int(as(200, 200, 200, try_cont), 0, "SIGCONT may be sent within the session");
	is_int(as(200, 200, 200, try_limit), EPERM, "setpriority by a stranger");
	kill(victim, SIGKILL);
	is_int(as(200, 200, 200, try_kill), EPERM, "a zombie is still there");
	child_status(victim);
	is_int(as(0, 0, 0, try_kill), ESRCH, "until it is reaped");
}

/* --- set-id programs --- */

/* This program as another file with owner and mode. */
static int
copy_of_self(const char *to, unsigned uid, unsigned gid, unsigned mode)
{
	static char buf[65536];
	int in = open(self, O_RDONLY), out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0700);
	ssize_t n;

	if (in < 0 || out < 0)
		return -1;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		write(out, buf, n);
	close(in);
	fchown(out, uid, gid);
	fchmod(out, mode);
	return close(out);
}

/* Executes path as uid 1000 and returns what it says (see told()). */
static int
run(const char *path, const char *what, int closed)
{
	pid_t pid = fork();

	if (pid == 0) {
		setgid(1000);
		setuid(1000);
		if (closed) {
			close(0);
			close(2);
		}
		execl(path, path, what, (char *)0);
		_exit(errno == EACCES ? 98 : 97);
	}
	return WEXITSTATUS(child_status(pid));
}

/* The other end of run(). */
static int
told(const char *what)
{
	struct stat a, b;

	if (strcmp(what, "ids") == 0)
		return uids(1000, 500, 500) && getgid() == 1000 && getegid() == 1000;
	if (strcmp(what, "gids") == 0)
		return uids(1000, 1000, 1000) && getgid() == 1000 && getegid() == 600;
	if (strcmp(what, "secure") == 0)
		return getauxval(AT_SECURE) == 1;
	if (strcmp(what, "plain") == 0)
		return getauxval(AT_SECURE) == 0 && uids(1000, 1000, 1000);
	if (strcmp(what, "fds") == 0)
		return fstat(0, &a) == 0 && fstat(2, &b) == 0 && S_ISCHR(a.st_mode) && S_ISCHR(b.st_mode) &&
		    open("/", O_RDONLY) == 3;
	if (strcmp(what, "nofds") == 0)
		return open("/", O_RDONLY) == 0;
	return 96;
}

static int
kill_setid(void)
{
	return kill(victim, SIGTERM) == 0 ? 0 : errno;
}

static void
setid_programs(void)
{
	int fd;

	copy_of_self("/tmp/suid", 500, 500, 04755);
	copy_of_self("/tmp/sgid", 600, 600, 02755);
	copy_of_self("/tmp/slock", 600, 600, 02745);
	copy_of_self("/tmp/plain", 500, 500, 0755);
	is_int(run("/tmp/suid", "ids", 0), 1, "a set-uid program: effective and saved id");
	is_int(run("/tmp/suid", "secure", 0), 1, "AT_SECURE is set");
	is_int(run("/tmp/suid", "fds", 1), 1, "closed standard descriptors are opened");
	is_int(run("/tmp/sgid", "gids", 0), 1, "a set-gid program");
	is_int(run("/tmp/slock", "plain", 0), 1, "set-gid without group execution does not count");
	is_int(run("/tmp/plain", "plain", 0), 1, "an ordinary program keeps the ids");
	is_int(run("/tmp/plain", "nofds", 1), 1, "and its descriptors closed");
	fd = open("/tmp/script", O_CREAT | O_TRUNC | O_WRONLY, 0755);
	write(fd, "#!/tmp/plain plain\n", 19);
	fchown(fd, 500, 500);
	fchmod(fd, 04755);
	close(fd);
	is_int(run("/tmp/script", "x", 0), 1, "set-uid does not count for scripts");
	chmod("/tmp/plain", 0644);
	is_int(run("/tmp/plain", "plain", 0), 98, "without x it does not run");
	victim = fork();
	if (victim == 0) {
		setuid(1000);
		execl("/tmp/suid", "/tmp/suid", "sleep", (char *)0);
		_exit(1);
	}
	usleep(50000);
	is_int(as(1000, 1000, 1000, kill_setid), 0, "its user may signal a set-uid program");
	is_int(WTERMSIG(child_status(victim)), SIGTERM, "which dies of it");
	unlink("/tmp/suid");
	unlink("/tmp/sgid");
	unlink("/tmp/slock");
	unlink("/tmp/plain");
	unlink("/tmp/script");
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1 && strcmp(argv[1], "sleep") == 0)
		for (;;)
			pause();
	if (argc > 1)
		return told(argv[1]);
	setids();
	groups();
	signals();
	setid_programs();
	return tap_done();
}
