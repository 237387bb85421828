/*
 * Every file call with its first, second, third ... allocation, descriptor slot or user copy
 * failing (debug kernels): an errno, nothing half done, and not one object lost.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysctl.h>
#include "failing.h"
#include "tap.h"

static char buf[8192];

/* --- the calls; 0 or -1 with errno --- */

static int
op_create(void)
{
	int fd = open("new", O_RDWR | O_CREAT | O_EXCL, 0600);

	return fd == -1 ? -1 : close(fd);
}

static int
op_open(void)
{
	int fd = open("d/../f", O_RDONLY);

	return fd == -1 ? -1 : close(fd);
}

static int
op_link_walk(void)
{
	int fd = open("s", O_RDONLY);

	return fd == -1 ? -1 : close(fd);
}

static int
op_mkdir(void)
{
	return mkdir("newd", 0700);
}

static int
op_symlink(void)
{
	return symlink("target", "news");
}

static int
op_link(void)
{
	return link("f", "newl");
}

static int
op_rename(void)
{
	return rename("f", "g");
}

static int
op_write(void)
{
	int fd = open("f", O_WRONLY);

	if (fd == -1)
		return -1;
	return closed(fd, (int)pwrite(fd, buf, sizeof(buf), 100000));
}

static int
op_read(void)
{
	return read_file("f", buf, sizeof(buf));
}

static int
op_list(void)
{
	DIR *d = opendir(".");
	int n = 0;

	if (d == NULL)
		return -1;
	errno = 0;
	while (readdir(d) != NULL)
		n++;
	n = errno;
	closedir(d);
	errno = n;
	return n != 0 ? -1 : 0;
}

static int
op_proc(void)
{
	return read_file("/proc/self/maps", buf, sizeof(buf));
}

static int
op_fifo(void)
{
	int fd = open("p", O_RDWR);

	return fd == -1 ? -1 : close(fd);
}

static int
op_lock(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 5 };
	int fd = open("f", O_RDWR);

	if (fd == -1)
		return -1;
	return closed(fd, (int)fcntl(fd, F_SETLK, &fl));
}

static int
op_mount(void)
{
	if (mount("m", "d", "ramfs", 0) != 0)
		return -1;
	return umount("d");
}

static int
op_stat(void)
{
	struct stat st;

	return stat("s", &st);
}

static int
op_truncate(void)
{
	return truncate("f", 3);
}

static int
op_cwd(void)
{
	return getcwd(buf, sizeof(buf)) == NULL ? -1 : 0;
}

static const struct {
	const char *name;
	int (*fn)(void);
} ops[] = {
	{ "create", op_create }, { "open", op_open }, { "open of a link", op_link_walk },
	{ "mkdir", op_mkdir }, { "symlink", op_symlink }, { "link", op_link }, { "rename", op_rename },
	{ "write", op_write }, { "read", op_read }, { "getdents", op_list }, { "/proc", op_proc },
	{ "a FIFO", op_fifo }, { "a lock", op_lock }, { "mount", op_mount }, { "stat", op_stat },
	{ "truncate", op_truncate }, { "getcwd", op_cwd },
};
static const char *const classes[] = { "page", "slab", "slot", "usercopy" };

/* What each round starts with, whatever the last one did. */
static void
prepare(void)
{
	int fd;

	unlink("new"), rmdir("newd"), unlink("news"), unlink("newl"), unlink("g");
	unlink("f");
	fd = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	write(fd, "0123456789", 10);
	close(fd);
}

static int
expected(int err)
{
	return err == ENOMEM || err == ENOSPC || err == EFAULT || err == ENOLCK || err == EMFILE ||
	    err == ENFILE;
}

static int
kstat_live(char *to, int size)
{
	int fd = open("/proc/kstat.live", O_RDONLY), n = 0, k;

	while (fd != -1 && n < size - 1 && (k = read(fd, to + n, size - 1 - n)) > 0)
		n += k;
	close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n;
}

/* The live objects: lines that do not count pages (slabs keep some). */
static int
same_objects(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");

		if ((la != lb || memcmp(a, b, la) != 0) && strncmp(a, "vm.pages.", 9) != 0) {
			tap_print("# before %.*s\n# after  %.*s\n", (int)la, a, (int)lb, b);
			return 0;
		}
		a += la + (a[la] != '\0');
		b += lb + (b[lb] != '\0');
	}
	return *a == *b;
}

int
main(void)
{
	static char before[32768], after[32768];

	if (set("page", 0) != 0) {
		tap_print("1..0 # SKIP n-th failure is in debug kernels only\n");
		return 0;
	}
	mkdir("/tmp/failfs", 0755);
	chdir("/tmp/failfs");
	mkdir("d", 0755), symlink("f", "s"), mkfifo("p", 0600);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		prepare(), ops[i].fn(), umount("d"), prepare();
		kstat_live(before, sizeof(before));
		kstat_live(before, sizeof(before));
		for (size_t c = 0; c < sizeof(classes) / sizeof(classes[0]); c++) {
			int n, err = 0, bad = 0, hit = 1;

			for (n = 1; hit && n < 200; n++) {
				prepare();
				set(classes[c], n);
				errno = 0;
				err = ops[i].fn() == 0 ? 0 : errno;
				hit = fired();
				set(classes[c], 0);
				umount("d");
				if (err != 0 && !(hit && expected(err))) {
					tap_print("# %s, %s %d: errno %d\n", ops[i].name, classes[c], n, err);
					bad = 1;
				}
			}
			ok(!bad && n < 200, "%s: each %s failure of %d", ops[i].name, classes[c], n - 2);
		}
		prepare();
		kstat_live(after, sizeof(after));
		ok(same_objects(before, after), "%s: nothing lost", ops[i].name);
	}
	prepare();
	unlink("f"), unlink("s"), unlink("p"), rmdir("d");
	chdir("/");
	is_int(rmdir("/tmp/failfs"), 0, "nothing is left");
	return tap_done();
}
