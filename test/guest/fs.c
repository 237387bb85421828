/* Files, second part: FIFOs, mounts, /dev and /proc, descriptors' rights, locks that wait, names. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include "tap.h"

static void
make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	write(fd, text, strlen(text));
	close(fd);
}

static int
slurp(const char *path, char *buf, int size)
{
	int fd = open(path, O_RDONLY), n = 0, k;

	if (fd == -1)
		return -1;
	while (n < size - 1 && (k = read(fd, buf + n, size - 1 - n)) > 0)
		n += k;
	buf[n] = '\0';
	close(fd);
	return n;
}

static void
nap(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* --- FIFOs --- */

static void
late_writer(void)
{
	int fd;

	nap(20);
	fd = open("fifo", O_WRONLY);
	write(fd, "hello", 5);
	close(fd);
}

static void
fifos(void)
{
	struct pollfd p;
	struct stat st;
	char buf[16];
	int fd, w, status;
	pid_t pid;

	is_int(mkfifo("fifo", 0640), 0, "mkfifo");
	stat("fifo", &st);
	is_int(st.st_mode, S_IFIFO | 0640, "its mode");
	fails(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO, "no reader: ENXIO");
	pid = fork();
	if (pid == 0) {
		late_writer();
		_exit(0);
	}
	fd = open("fifo", O_RDONLY);
	ok(fd >= 0, "open waits for the writer");
	is_int(read(fd, buf, 16), 5, "its bytes come");
	is_int(read(fd, buf, 16), 0, "then end of file");
	status = child_status(pid);
	is_int(status, 0, "the writer ended well");
	fstat(fd, &st);
	is_int(st.st_mode, S_IFIFO | 0640, "fstat of the open FIFO");
	is_int(fchmod(fd, 0600), 0, "fchmod");
	stat("fifo", &st);
	is_int(st.st_mode & 0777, 0600, "changes the file");
	fails(lseek(fd, 0, SEEK_SET), ESPIPE, "no seek");
	close(fd);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	ok(fd >= 0, "O_NONBLOCK does not wait for a writer");
	is_int(read(fd, buf, 1), 0, "without one: end of file");
	w = open("fifo", O_WRONLY | O_NONBLOCK);
	ok(w >= 0, "now there is a reader");
	fails(read(fd, buf, 1), EAGAIN, "nothing there yet");
	p = (struct pollfd){ fd, POLLIN, 0 };
	is_int(poll(&p, 1, 0), 0, "poll agrees");
	write(w, "x", 1);
	is_int(poll(&p, 1, 0), 1, "then readable");
	unlink("fifo");
	is_int(read(fd, buf, 1), 1, "works after unlink");
	close(w);
	is_int(read(fd, buf, 1), 0, "to the end");
	close(fd);
	mkfifo("fifo", 0600);
	fd = open("fifo", O_RDWR);
	ok(fd >= 0 && write(fd, "ab", 2) == 2 && read(fd, buf, 2) == 2, "O_RDWR is both ends");
	close(fd);
	unlink("fifo");
}

/* --- mounts --- */

static void
mounts(void)
{
	char buf[2048];
	struct stat a, b;
	struct statvfs sv;
	int fd;

	mkdir("mnt", 0755);
	make("mnt/under", "u");
	is_int(mount("mem", "mnt", "ramfs", 0), 0, "mount");
	fails(access("mnt/under", F_OK), ENOENT, "covers what was there");
	stat("mnt", &a), stat(".", &b);
	ok(a.st_dev != b.st_dev, "another device");
	make("mnt/f", "x");
	fails(rename("mnt/f", "f"), EXDEV, "rename out of it");
	fails(link("mnt/f", "f"), EXDEV, "link out of it");
	fails(rmdir("mnt"), EBUSY, "rmdir of the mount point");
	fd = open("mnt/f", O_RDONLY);
	fails(umount("mnt"), EBUSY, "umount while a file is open");
	close(fd);
	slurp("/proc/mounts", buf, sizeof(buf));
	ok(strstr(buf, "mem /tmp/fstest/mnt ramfs rw") != NULL, "/proc/mounts shows it");
	is_int(mount("mem", "mnt", "ramfs", MOUNT_REMOUNT | MOUNT_RDONLY), 0, "read-only now");
	fails(open("mnt/g", O_WRONLY | O_CREAT, 0644), EROFS, "no new file");
	fails(open("mnt/f", O_WRONLY), EROFS, "no writing");
	fails(unlink("mnt/f"), EROFS, "no removal");
	fails(utimensat(AT_FDCWD, "mnt/f", NULL, 0), EROFS, "no new times");
	is_int(statvfs("mnt", &sv), 0, "statvfs");
	ok((sv.f_flag & ST_RDONLY) != 0, "says so");
	is_int(umount("mnt"), 0, "umount");
	is_int(access("mnt/under", F_OK), 0, "uncovers");
	fails(umount("mnt"), EINVAL, "not twice");
	fails(mount("x", "mnt", "nofs", 0), ENODEV, "an unknown file system");
	fails(mount("x", "mnt/under", "ramfs", 0), ENOTDIR, "onto a file");
	is_int(mount("p", "mnt", "procfs", 0), 0, "a second procfs");
	is_int(access("mnt/self/stat", R_OK), 0, "is as good");
	is_int(umount("mnt"), 0, "and goes");
	is_int(mount("d", "mnt", "devfs", 0), 0, "a second devfs");
	fd = open("mnt/null", O_WRONLY);
	is_int(write(fd, "x", 1), 1, "has the devices");
	close(fd);
	is_int(umount("mnt"), 0, "and goes");
	unlink("mnt/under");
	rmdir("mnt");
}

/* --- /dev --- */

static void
devices(void)
{
	char buf[64], line[64];
	struct stat st;
	int fd, d;

	stat("/dev/null", &st);
	ok(S_ISCHR(st.st_mode) && (st.st_mode & 0777) == 0666, "/dev/null is a device for all");
	fd = open("/dev/null", O_RDWR);
	fstat(fd, &st);
	ok(S_ISCHR(st.st_mode), "also through a descriptor");
	is_int(read(fd, buf, 10), 0, "reads nothing");
	is_int(lseek(fd, 5, SEEK_SET), 0, "seeks nowhere");
	close(fd);
	fd = open("/dev/urandom", O_RDONLY);
	memset(buf, 0, 64);
	is_int(read(fd, buf, 64), 64, "urandom");
	d = 0;
	for (int i = 0; i < 64; i++)
		d += buf[i] == 0;
	ok(d < 20, "is not zeros");
	close(fd);
	is_int(mknod("mynull", S_IFCHR | 0600, st.st_rdev), 0, "mknod of a device elsewhere");
	fd = open("mynull", O_WRONLY);
	is_int(write(fd, "abc", 3), 3, "reaches the driver");
	close(fd);
	unlink("mynull");
	mknod("nodev", S_IFCHR | 0600, (dev_t)99 << 32);
	fails(open("nodev", O_RDONLY), ENXIO, "a device that does not exist");
	unlink("nodev");
	make("f", "0123456789");
	fd = open("f", O_RDONLY);
	read(fd, buf, 4);
	snprintf(line, sizeof(line), "/dev/fd/%d", fd);
	d = open(line, O_RDONLY);
	ok(d >= 0 && read(d, buf, 1) == 1 && buf[0] == '4', "/dev/fd/N shares the offset: it is a dup");
	close(d);
	fails(open(line, O_RDWR), EACCES, "with no more rights than the slot's");
	snprintf(line, sizeof(line), "/proc/self/fd/%d", fd);
	is_int(readlink(line, buf, 64), strlen("/tmp/fstest/f"), "/proc/self/fd/N is a link");
	ok(memcmp(buf, "/tmp/fstest/f", 13) == 0, "to the file");
	stat(line, &st);
	is_int(st.st_size, 10, "stat goes through it");
	lstat(line, &st);
	ok(S_ISLNK(st.st_mode), "lstat does not");
	close(fd);
	fails(open(line, O_RDONLY), ENOENT, "a closed one");
	fd = open("/dev/zero", O_RDWR);
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(m != MAP_FAILED && m[5000] == 0, "mmap of /dev/zero");
	if (m != MAP_FAILED)
		munmap(m, 8192);
	close(fd);
	unlink("f");
}

/* --- /proc --- */

static void
other_user(void)
{
	char path[64], buf[512];

	tap_bad = 0, tap_in_child = 1;
	setgid(1000), setuid(1000);
	snprintf(path, sizeof(path), "/proc/%d/stat", getppid());
	ok(slurp(path, buf, sizeof(buf)) > 0, "stat of another user's process");
	snprintf(path, sizeof(path), "/proc/%d/cmdline", getppid());
	ok(slurp(path, buf, sizeof(buf)) > 0, "its cmdline");
	snprintf(path, sizeof(path), "/proc/%d/maps", getppid());
	fails(open(path, O_RDONLY), EACCES, "not its maps");
	snprintf(path, sizeof(path), "/proc/%d/environ", getppid());
	fails(open(path, O_RDONLY), EACCES, "nor its environment");
	snprintf(path, sizeof(path), "/proc/%d/fd", getppid());
	fails(open(path, O_RDONLY), EACCES, "nor its descriptors");
	snprintf(path, sizeof(path), "/proc/%d/exe", getppid());
	fails(readlink(path, buf, 64), EACCES, "nor its program");
	_exit(tap_bad != 0);
}

static void
processes(void)
{
	static char buf[65536];
	char path[64], *at;
	struct dirent *e;
	int found = 0, fds = 0, n, pid, ppid, field = 0;
	DIR *d;

	n = slurp("/proc/self/stat", buf, sizeof(buf));
	ok(n > 0 && sscanf(buf, "%d", &pid) == 1 && pid == getpid(), "stat begins with the pid");
	at = strrchr(buf, ')');
	ok(at != NULL && sscanf(at + 4, "%d", &ppid) == 1 && ppid == getppid(), "the parent after the name");
	for (char *p = buf; *p != '\0'; p++)
		field += *p == ' ';
	ok(field >= 40, "with all the fields");
	ok(slurp("/proc/self/status", buf, sizeof(buf)) > 0 && strstr(buf, "Uid:\t0\t0\t0") != NULL, "status");
	n = slurp("/proc/self/cmdline", buf, sizeof(buf));
	ok(n > 1 && buf[0] != '\0', "cmdline");
	ok(slurp("/proc/self/maps", buf, sizeof(buf)) > 0 && strstr(buf, "r-x") != NULL &&
	    strstr(buf, "[stack]") != NULL, "maps show text and stack");
	n = readlink("/proc/self/exe", buf, 200);
	ok(n > 0 && buf[0] == '/', "exe");
	n = readlink("/proc/self/cwd", buf, 200);
	ok(n == 11 && memcmp(buf, "/tmp/fstest", 11) == 0, "cwd");
	d = opendir("/proc");
	while ((e = readdir(d)) != NULL)
		found += atoi(e->d_name) == getpid() || strcmp(e->d_name, "1") == 0;
	closedir(d);
	ok(found >= 2, "/proc lists processes");
	d = opendir("/proc/self/fd");
	while (d != NULL && (e = readdir(d)) != NULL)
		fds += e->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	ok(fds >= 4, "/proc/self/fd lists descriptors");
	ok(slurp("/proc/meminfo", buf, sizeof(buf)) > 0 && strstr(buf, "MemFree:") != NULL, "meminfo");
	ok(slurp("/proc/uptime", buf, sizeof(buf)) > 0 && atof(buf) > 0, "uptime");
	ok(slurp("/proc/kstat", buf, sizeof(buf)) > 0 && strstr(buf, "fs.inodes ") != NULL, "kstat");
	fails(open("/proc/99999", O_RDONLY), ENOENT, "a process that does not exist");
	fails(open("/proc/uptime", O_WRONLY), EACCES, "nothing is written there");
	fails(mkdir("/proc/x", 0755), EPERM, "nor made");
	fails(unlink("/proc/uptime"), EPERM, "nor removed");
	snprintf(path, sizeof(path), "/proc/%d", getpid());
	is_int(chdir(path), 0, "a process's directory");
	ok(getcwd(buf, 200) != NULL && strcmp(buf, path) == 0, "has a path");
	chdir("/tmp/fstest");
	is_int(in_child(other_user), 0, "another user sees stat and cmdline only");
}

/* --- positions, appends, limits --- */

static void
appenders(void)
{
	int fd = open("log", O_WRONLY | O_APPEND);
	char line[32];

	for (int i = 0; i < 100; i++) {
		int n = snprintf(line, sizeof(line), "%05d:%08d\n", getpid(), i);

		write(fd, line, n);
	}
	close(fd);
}

static int xfsz;

static void
on_xfsz(int sig)
{
	xfsz++;
}

static void
data(void)
{
	static char big[100000];
	struct rlimit rl = { 100, 100 };
	struct stat st;
	pid_t pid[4];
	int fd, bad = 0, n;

	fd = open("sparse", O_RDWR | O_CREAT, 0600);
	pwrite(fd, "data", 4, 1 << 20);
	ftruncate(fd, 2 << 20);
	is_int(lseek(fd, 0, SEEK_DATA), 1 << 20, "SEEK_DATA");
	is_int(lseek(fd, 1 << 20, SEEK_HOLE), (1 << 20) + 4096, "SEEK_HOLE");
	fails(lseek(fd, (1 << 20) + 4096, SEEK_DATA), ENXIO, "no data behind");
	is_int(lseek(fd, 0, SEEK_HOLE), 0, "the first hole");
	fails(lseek(fd, 3 << 20, SEEK_HOLE), ENXIO, "beyond the end");
	is_int(posix_fallocate(fd, 0, 4 << 20), 0, "posix_fallocate");
	fstat(fd, &st);
	is_int(st.st_size, 4 << 20, "makes it longer");
	close(fd);
	unlink("sparse");

	make("log", "");
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			appenders();
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		child_status(pid[i]);
	n = slurp("log", big, sizeof(big));
	for (int i = 0; i + 15 <= n; i += 15)
		bad += big[i + 5] != ':' || big[i + 14] != '\n';
	ok(n == 4 * 100 * 15 && bad == 0, "appends of four processes do not mix");
	unlink("log");

	if ((pid[0] = fork()) == 0) {
		signal(SIGXFSZ, on_xfsz);
		setrlimit(RLIMIT_FSIZE, &rl);
		fd = open("limit", O_WRONLY | O_CREAT, 0600);
		bad = write(fd, big, 150) != 100;
		bad |= (write(fd, big, 1) != -1 || errno != EFBIG) << 1;
		bad |= (xfsz != 1) << 2;
		bad |= (ftruncate(fd, 101) != -1 || errno != EFBIG) << 3;
		_exit(bad);
	}
	is_int(WEXITSTATUS(child_status(pid[0])), 0, "RLIMIT_FSIZE: short, then EFBIG and SIGXFSZ");
	unlink("limit");
	make("set", "x");
	chown("set", 1000, 1000);
	chmod("set", 06777);
	if ((pid[0] = fork()) == 0) {
		setgid(1001), setuid(1001);
		fd = open("set", O_WRONLY);
		write(fd, "y", 1);
		_exit(0);
	}
	child_status(pid[0]);
	stat("set", &st);
	is_int(st.st_mode & 07777, 0777, "a write by another user drops the set-id bits");
	unlink("set");
	mkdir("sg", 0755);
	chown("sg", 0, 77);
	chmod("sg", 02755);
	make("sg/f", "");
	mkdir("sg/d", 0755);
	stat("sg/f", &st);
	is_int(st.st_gid, 77, "a set-gid directory gives its group");
	stat("sg/d", &st);
	ok(st.st_gid == 77 && (st.st_mode & S_ISGID) != 0, "and itself to directories");
	unlink("sg/f"), rmdir("sg/d"), rmdir("sg");
}

/* --- descriptors of directories --- */

static void
bases(void)
{
	struct stat st;
	int dir, fd;

	mkdir("base", 0755);
	make("base/f", "x");
	dir = open("base", O_RDONLY | O_DIRECTORY);
	is_int(openat(dir, "none", O_RDONLY), -1, "openat of nothing");
	fd = openat(dir, "f", O_RDONLY);
	ok(fd >= 0, "openat");
	fails(openat(fd, "x", O_RDONLY), ENOTDIR, "a file as base");
	fails(openat(77, "x", O_RDONLY), EBADF, "a closed base");
	is_int(fstatat(77, "/tmp", &st, 0), 0, "which an absolute path does not need");
	close(fd);
	is_int(mkdirat(dir, "d", 0700), 0, "mkdirat");
	is_int(linkat(dir, "f", dir, "g", 0), 0, "linkat");
	is_int(symlinkat("f", dir, "s"), 0, "symlinkat");
	is_int(renameat(dir, "g", dir, "d/h"), 0, "renameat");
	is_int(faccessat(dir, "d/h", R_OK, 0), 0, "faccessat");
	is_int(fchmodat(dir, "d/h", 0600, 0), 0, "fchmodat");
	is_int(fstatat(dir, "s", &st, AT_SYMLINK_NOFOLLOW), 0, "fstatat");
	ok(S_ISLNK(st.st_mode), "without following");
	is_int(unlinkat(dir, "d/h", 0), 0, "unlinkat");
	is_int(unlinkat(dir, "d", AT_REMOVEDIR), 0, "AT_REMOVEDIR");
	is_int(unlinkat(dir, "s", 0) | unlinkat(dir, "f", 0), 0, "the rest");
	close(dir);
	dir = open("base", O_PATH);
	ok(dir >= 0, "O_PATH");
	fails(read(dir, &st, 1), EBADF, "is not for reading");
	is_int(fchdir(dir), 0, "but a place to be");
	chdir("/tmp/fstest");
	close(dir);
	is_int(fcntl(dir = open("base", O_RDONLY), F_GETFL) & O_ACCMODE, O_RDONLY, "F_GETFL of a directory");
	close(dir);
	rmdir("base");
}

/* --- locks --- */

static void
waiting_locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	struct flock second = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1 };
	int fd, other, pipefd[2];
	char c;
	pid_t pid;

	make("lock", "0123456789");
	fd = open("lock", O_RDWR);
	pipe(pipefd);
	fcntl(fd, F_SETLK, &fl);
	pid = fork();
	if (pid == 0) {
		fcntl(fd, F_SETLK, &second);
		write(pipefd[1], "r", 1);
		_exit(fcntl(fd, F_SETLKW, &fl) != 0);
	}
	read(pipefd[0], &c, 1);
	nap(20);
	fails(fcntl(fd, F_SETLKW, &second), EDEADLK, "waiting for one another: EDEADLK");
	fl.l_type = F_UNLCK;
	fcntl(fd, F_SETLK, &fl);
	fl.l_type = F_WRLCK;
	fails(fcntl(fd, F_SETLK, &fl), EAGAIN, "what a waiter waited for is the waiter's at once");
	is_int(child_status(pid), 0, "the waiter gets it when it is free");
	fl.l_type = F_WRLCK;
	is_int(fcntl(fd, F_SETLK, &fl), 0, "an ended process holds nothing");
	other = open("lock", O_RDWR);
	close(other);
	pid = fork();
	if (pid == 0)
		_exit(fcntl(fd, F_SETLK, &fl) != 0);
	is_int(child_status(pid), 0, "closing any descriptor of the file gives POSIX locks up");
	fl.l_type = F_UNLCK;
	fcntl(fd, F_SETLK, &fl);
	fl = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 4 };
	is_int(fcntl(fd, F_OFD_SETLK, &fl), 0, "an OFD lock");
	other = open("lock", O_RDWR);
	fails(fcntl(other, F_OFD_SETLK, &fl), EAGAIN, "keeps another description out");
	close(dup(fd));
	fails(fcntl(other, F_OFD_SETLK, &fl), EAGAIN, "also after a close of a dup");
	close(fd);
	is_int(fcntl(other, F_OFD_SETLK, &fl), 0, "until the last one goes");
	close(other), close(pipefd[0]), close(pipefd[1]);
	unlink("lock");
}

/* --- chroot, programs --- */

static void
jail(void)
{
	char buf[64];

	tap_bad = 0, tap_in_child = 1;
	if (chroot("jail") != 0 || chdir("/") != 0)
		_exit(1);
	ok(access("/inside", F_OK) == 0, "chroot: the new root");
	fails(access("/../../tmp", F_OK), ENOENT, "has no way out");
	ok(getcwd(buf, sizeof(buf)) != NULL && strcmp(buf, "/") == 0, "and is /");
	_exit(tap_bad != 0);
}

static void
others(void)
{
	char exe[256];
	int n, fd;

	mkdir("jail", 0755);
	make("jail/inside", "");
	is_int(in_child(jail), 0, "chroot");
	unlink("jail/inside"), rmdir("jail");
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	fails(open(exe, O_WRONLY), ETXTBSY, "a running program is not written");
	fd = open(exe, O_RDONLY);
	ok(fd >= 0, "but read");
	close(fd);
	fails(mkdir("a/b/c", 0755), ENOENT, "mkdir below nothing");
	mkdir("sub", 0755);
	chdir("sub");
	rmdir("../sub");
	fails(open("x", O_WRONLY | O_CREAT, 0644), ENOENT, "a file in a removed directory");
	ok(getcwd(exe, sizeof(exe)) == NULL && errno == ENOENT, "which has no path");
	chdir("/tmp/fstest");
}

int
main(void)
{
	mkdir("/tmp/fstest", 0755);
	chdir("/tmp/fstest");
	fifos();
	mounts();
	devices();
	processes();
	data();
	bases();
	waiting_locks();
	others();
	chdir("/");
	is_int(rmdir("/tmp/fstest"), 0, "nothing is left behind");
	return tap_done();
}
