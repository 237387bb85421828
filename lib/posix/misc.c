/* Odds and ends: random bytes, mount, halt, the log, file systems in the Linux manner. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "libc.h"

ssize_t
getrandom(void *buf, size_t len, unsigned flags)
{
	return __sys_getrandom(buf, len, flags);
}

int
getentropy(void *buf, size_t len)
{
	if (len > 256) {
		errno = EIO;
		return -1;
	}
	while (len > 0) {
		ssize_t n = __sys_getrandom(buf, len, 0);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		buf = (char *)buf + n;
		len -= (size_t)n;
	}
	return 0;
}

int
mount(const char *from, const char *dir, const char *type, unsigned long flags)
{
	return (int)__sys_mount(type, from, dir, flags);
}

int
umount2(const char *dir, int flags)
{
	return (int)__sys_umount(dir, flags);
}

int
umount(const char *dir)
{
	return (int)__sys_umount(dir, 0);
}

int
reboot(int flags)
{
	return (int)__sys_halt(flags);
}

static int
from_statvfs(const struct statvfs *v, struct statfs *f)
{
	memset(f, 0, sizeof(*f));
	f->f_bsize = (long)v->f_frsize;
	f->f_frsize = (long)v->f_frsize;
	f->f_blocks = v->f_blocks;
	f->f_bfree = v->f_bfree;
	f->f_bavail = v->f_bavail;
	f->f_files = v->f_files;
	f->f_ffree = v->f_ffree;
	f->f_namelen = (long)v->f_namemax;
	f->f_flags = (long)v->f_flag;
	memcpy(&f->f_fsid, &v->f_fsid, sizeof(f->f_fsid));
	memcpy(f->f_fstypename, v->f_basetype, sizeof(f->f_fstypename));
	return 0;
}

int
statfs(const char *path, struct statfs *f)
{
	struct statvfs v;

	return statvfs(path, &v) < 0 ? -1 : from_statvfs(&v, f);
}

int
fstatfs(int fd, struct statfs *f)
{
	struct statvfs v;

	return fstatvfs(fd, &v) < 0 ? -1 : from_statvfs(&v, f);
}

/* --- the log: lines go to the console ---------------------------------------------------------- */

static const char *log_name;
static int log_options, log_mask = 0xff;

void
openlog(const char *name, int options, int facility)
{
	log_name = name;
	log_options = options;
}

void
closelog(void)
{
	log_name = NULL;
}

int
setlogmask(int mask)
{
	int old = log_mask;

	if (mask != 0)
		log_mask = mask;
	return old;
}

void
vsyslog(int priority, const char *format, va_list ap)
{
	char text[1024], stamp[32];
	int saved = errno, fd, n;
	time_t now = time(NULL);
	struct tm tm;

	if (!(log_mask & LOG_MASK(LOG_PRI(priority))))
		return;
	strftime(stamp, sizeof(stamp), "%b %e %T", localtime_r(&now, &tm));
	n = snprintf(text, sizeof(text), "%s %s", stamp,
	    log_name != NULL ? log_name : getprogname());
	if (log_options & LOG_PID)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "[%d]", (int)getpid());
	n += snprintf(text + n, sizeof(text) - (size_t)n, ": ");
	errno = saved;		/* %m */
	n += vsnprintf(text + n, sizeof(text) - (size_t)n, format, ap);
	if (n > (int)sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	if (n > 0 && text[n - 1] != '\n')
		text[n++] = '\n';
	if (log_options & LOG_PERROR)
		write(2, text, (size_t)n);
	fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		write(fd, text, (size_t)n);
		close(fd);
	}
	errno = saved;
}

void
syslog(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsyslog(priority, format, ap);
	va_end(ap);
}
