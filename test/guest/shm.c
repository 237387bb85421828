/* Shared memory: System V segments and shm_open. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include "tap.h"

#define KEY	0x5e65
#define NONE	((void *)-1)
#define fails_at(call, err, what) fails((intptr_t)(call), err, what)

static struct shmid_ds
stat_of(int id)
{
	struct shmid_ds ds = { .shm_nattch = 99 };

	shmctl(id, IPC_STAT, &ds);
	return ds;
}

static void
getting(void)
{
	int a = shmget(IPC_PRIVATE, 5000, 0600), b = shmget(IPC_PRIVATE, 5000, 0600), c;
	struct shmid_ds ds;

	ok(a >= 0 && b >= 0 && a != b, "two private segments differ");
	ds = stat_of(a);
	ok(ds.shm_segsz == 5000 && ds.shm_perm.mode == 0600 && ds.shm_cpid == getpid() && ds.shm_lpid == 0 &&
	    ds.shm_nattch == 0 && ds.shm_ctime != 0 && ds.shm_atime == 0, "IPC_STAT");
	is_int(shmctl(a, IPC_RMID, NULL), 0, "IPC_RMID");
	fails(shmctl(a, IPC_STAT, &ds), EINVAL, "is gone");
	fails_at(shmat(a, NULL, 0), EINVAL, "cannot be attached");
	c = shmget(IPC_PRIVATE, 1, 0600);
	ok(c != a, "its id does not come back at once");
	shmctl(b, IPC_RMID, NULL), shmctl(c, IPC_RMID, NULL);
	fails(shmget(KEY, 100, 0600), ENOENT, "no such key");
	a = shmget(KEY, 100, IPC_CREAT | 0600);
	ok(a >= 0, "IPC_CREAT");
	is_int(shmget(KEY, 100, 0600), a, "the key finds it");
	is_int(shmget(KEY, 0, IPC_CREAT | 0600), a, "with IPC_CREAT too");
	fails(shmget(KEY, 100, IPC_CREAT | IPC_EXCL | 0600), EEXIST, "IPC_EXCL");
	fails(shmget(KEY, 101, 0600), EINVAL, "larger than it is");
	fails(shmget(KEY + 1, 0, IPC_CREAT | 0600), EINVAL, "no bytes");
	fails(shmget(KEY + 1, (size_t)1 << 62, IPC_CREAT | 0600), EINVAL, "more than ipc.shmmax");
	fails(shmctl(a, 77, &ds), EINVAL, "an unknown command");
	fails(shmctl(a, IPC_STAT, (void *)8), EFAULT, "IPC_STAT to a bad pointer");
	fails(shmctl(a, IPC_SET, (void *)8), EFAULT, "IPC_SET from a bad pointer");
	fails(shmctl(-1, IPC_RMID, NULL), EINVAL, "a bad id");
	ds = stat_of(a);
	ds.shm_perm.uid = 1000, ds.shm_perm.gid = 1000, ds.shm_perm.mode = 0440;
	is_int(shmctl(a, IPC_SET, &ds), 0, "IPC_SET");
	ds = stat_of(a);
	ok(ds.shm_perm.uid == 1000 && ds.shm_perm.gid == 1000 && ds.shm_perm.mode == 0440 && ds.shm_perm.cuid == 0,
	    "sets owner, group and mode");
	shmctl(a, IPC_RMID, NULL);
}

static void
attaching(void)
{
	int id = shmget(IPC_PRIVATE, 3 * 4096, 0600), n;
	char *p = shmat(id, NULL, 0), *q, *hole;
	pid_t pid;

	ok(p != NONE, "shmat");
	ok(p[0] == 0 && p[3 * 4096 - 1] == 0, "zeros");
	strcpy(p + 5000, "shared");
	q = shmat(id, NULL, SHM_RDONLY);
	ok(q != NONE && q != p && strcmp(q + 5000, "shared") == 0, "a second place shows the same");
	is_int((long)stat_of(id).shm_nattch, 2, "nattch");
	ok(stat_of(id).shm_lpid == getpid() && stat_of(id).shm_atime != 0, "lpid and atime");
	if (fork() == 0) {
		q[0] = 1;
		_exit(0);
	}
	wait(&n);
	ok(WIFSIGNALED(n) && WTERMSIG(n) == SIGSEGV, "SHM_RDONLY cannot be written");
	is_int(mprotect(q, 4096, PROT_READ | PROT_WRITE), -1, "nor made writable");
	pid = fork();
	if (pid == 0) {
		strcpy(p, "from the child");
		_exit(stat_of(id).shm_nattch == 4 ? 0 : 1);
	}
	is_int(child_status(pid), 0, "a child has both");
	ok(strcmp(p, "from the child") == 0, "and writes to the same memory");
	is_int((long)stat_of(id).shm_nattch, 2, "its end takes them away");
	is_int(shmdt(q), 0, "shmdt");
	is_int((long)stat_of(id).shm_nattch, 1, "nattch");
	ok(stat_of(id).shm_dtime != 0, "dtime");
	fails(shmdt(q), EINVAL, "once");
	fails(shmdt(p + 4096), EINVAL, "not in the middle");
	fails(shmdt(p + 1), EINVAL, "nor at an odd address");
	fails_at(shmat(id, p, 0), EINVAL, "over something");
	fails_at(shmat(id, p + 12, 0), EINVAL, "a misaligned address");
	fails_at(shmat(id, (void *)4096, 0), EINVAL, "the null page's neighbour");
	fails_at(shmat(id, NULL, 0x4000000), EINVAL, "an unknown flag");
	hole = mmap(NULL, 16 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	fails(shmdt(hole), EINVAL, "memory of mmap is none");
	munmap(hole, 16 * 4096);
	ok(shmat(id, hole + 100, SHM_RND) == hole, "SHM_RND rounds down");
	is_int(shmdt(hole), 0, "shmdt");
	hole = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	hole[3 * 4096] = 'h';
	fails_at(shmat(id, NULL, SHM_REMAP), EINVAL, "SHM_REMAP of nothing");
	ok(shmat(id, hole + 9, SHM_REMAP | SHM_RND) == hole && strcmp(hole, p) == 0 && hole[3 * 4096] == 'h', "takes the place of three pages, not of the fourth");
	is_int((long)stat_of(id).shm_nattch, 2, "and is attached");
	munmap(hole + 3 * 4096, 13 * 4096);
	munmap(hole + 4096, 4096);
	is_int(shmdt(hole), 0, "shmdt of one with a hole");
	is_int((long)stat_of(id).shm_nattch, 1, "takes all parts");
	is_int(shmctl(id, IPC_RMID, NULL), 0, "IPC_RMID while attached");
	fails(shmctl(id, IPC_STAT, &(struct shmid_ds){ 0 }), EINVAL, "the id is gone");
	ok(strcmp(p, "from the child") == 0, "the memory stays");
	is_int(shmdt(p), 0, "until shmdt");
}

/* A child that executes something else lets go. */
static void
executing(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);
	char *p = shmat(id, NULL, 0);
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sleep", "sleep", "0.3", NULL);
		_exit(9);
	}
	usleep(150000);
	is_int((long)stat_of(id).shm_nattch, 1, "exec detaches");
	child_status(pid);
	shmdt(p);
	shmctl(id, IPC_RMID, NULL);
}

static int secret;

static void
as_user(void)
{
	struct shmid_ds ds;

	if (setgroups(0, NULL) != 0 || setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		_exit(9);
	if (shmget(KEY, 0, 0600) != -1 || errno != EACCES)
		_exit(1);
	if (shmat(secret, NULL, 0) != NONE || errno != EACCES)
		_exit(2);
	if (shmat(secret, NULL, SHM_RDONLY) == NONE)
		_exit(3);
	if (shmctl(secret, IPC_RMID, NULL) != -1 || errno != EPERM)
		_exit(4);
	if (shmctl(secret, IPC_STAT, &ds) != 0)
		_exit(5);
	if (shmctl(secret, IPC_SET, &ds) != -1 || errno != EPERM)
		_exit(6);
	_exit(0);
}

static void
permission(void)
{
	secret = shmget(KEY, 4096, IPC_CREAT | 0604);
	is_int(in_child(as_user), 0, "others may read, not write, set or remove");
	shmctl(secret, IPC_RMID, NULL);
}

static void
limits(void)
{
	static int id[300];
	struct rlimit old, rl;
	int n;

	for (n = 0; n < 300 && (id[n] = shmget(IPC_PRIVATE, 1, 0600)) >= 0; n++)
		;
	is_int(errno, ENOSPC, "ENOSPC");
	is_int(n, 256, "after 256 segments");
	while (n-- > 0)
		shmctl(id[n], IPC_RMID, NULL);
	sysctlbyname("ipc.shmmax", NULL, NULL, "8192", 4);
	fails(shmget(IPC_PRIVATE, 8193, 0600), EINVAL, "ipc.shmmax");
	sysctlbyname("ipc.shmmax", NULL, NULL, "1073741824", 10);
	sysctlbyname("ipc.shmall", NULL, NULL, "2", 1);
	fails(shmget(IPC_PRIVATE, 3 * 4096, 0600), ENOSPC, "ipc.shmall");
	sysctlbyname("ipc.shmall", NULL, NULL, "1048576", 7);
	id[0] = shmget(IPC_PRIVATE, 64 << 20, 0600);
	getrlimit(RLIMIT_AS, &old);
	rl = old;
	rl.rlim_cur = 32 << 20;
	setrlimit(RLIMIT_AS, &rl);
	fails_at(shmat(id[0], NULL, 0), ENOMEM, "RLIMIT_AS");
	setrlimit(RLIMIT_AS, &old);
	shmctl(id[0], IPC_RMID, NULL);
}

static void
posix(void)
{
	char long_name[300];
	struct stat st;
	char *p, *q;
	pid_t pid;
	int fd;

	shm_unlink("/test.shm");
	fails(shm_open("/test.shm", O_RDWR, 0600), ENOENT, "shm_open: none");
	fd = shm_open("/test.shm", O_RDWR | O_CREAT | O_EXCL, 0640);
	ok(fd >= 0, "O_CREAT");
	is_int(fcntl(fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	fstat(fd, &st);
	ok((st.st_mode & 0777) == 0640 && st.st_size == 0, "mode and size");
	fails(shm_open("/test.shm", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST, "O_EXCL");
	is_int(ftruncate(fd, 8192), 0, "ftruncate");
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED, "mmap");
	pid = fork();
	if (pid == 0) {
		int own = shm_open("test.shm", O_RDWR, 0);

		q = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
		strcpy(q + 4096, "posix");
		_exit(0);
	}
	child_status(pid);
	ok(strcmp(p + 4096, "posix") == 0, "two processes share it");
	is_int(shm_unlink("/test.shm"), 0, "shm_unlink");
	fails(shm_unlink("/test.shm"), ENOENT, "once");
	ok(strcmp(p + 4096, "posix") == 0, "the memory stays");
	munmap(p, 8192);
	close(fd);
	memset(long_name, 'x', sizeof(long_name));
	long_name[299] = '\0';
	fails(shm_open(long_name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG, "a long name");
	fails(shm_open("/a/b", O_RDWR | O_CREAT, 0600), EINVAL, "a slash inside");
	fails(shm_open("/", O_RDWR | O_CREAT, 0600), EINVAL, "an empty name");
	fails(shm_open("/..", O_RDWR, 0600), EINVAL, "two dots");
	ok(ftok("/tmp", 1) != -1 && ftok("/tmp", 1) == ftok("/tmp", 1) && ftok("/tmp", 1) != ftok("/tmp", 2), "ftok");
	fails(ftok("/nowhere", 1), ENOENT, "ftok of nothing");
}

int
main(void)
{
	getting();
	attaching();
	executing();
	permission();
	limits();
	posix();
	return tap_done();
}
