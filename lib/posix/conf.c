/* What the system is and can: uname, host name, sysconf, pathconf, confstr. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <abi/statvfs.h>
#include <abi/sysctl.h>
#include <abi/time.h>
#include <abi/utsname.h>
#include "libc.h"

_Static_assert(sizeof(struct utsname) == sizeof(struct abi_utsname), "struct utsname");
_Static_assert(sizeof(struct statvfs) == sizeof(struct abi_statvfs), "struct statvfs");

int
uname(struct utsname *u)
{
	return (int)__sys_uname(u);
}

int
gethostname(char *name, size_t size)
{
	struct utsname u;
	size_t len;

	if (uname(&u) < 0)
		return -1;
	len = strlen(u.nodename);
	if (len >= size) {
		if (size > 0) {
			memcpy(name, u.nodename, size);
			name[size - 1] = '\0';
		}
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, u.nodename, len + 1);
	return 0;
}

int
sethostname(const char *name, size_t len)
{
	return (int)__sys_sethostname(name, len);
}

int
getdomainname(char *name, size_t size)
{
	if (size > 0)
		*name = '\0';
	return 0;
}

long
gethostid(void)
{
	return 0;
}

int
getpagesize(void)
{
	return 4096;
}

int
getdtablesize(void)
{
	return (int)sysconf(_SC_OPEN_MAX);
}

int
statvfs(const char *__restrict path, struct statvfs *__restrict st)
{
	return (int)__sys_statvfs(path, st);
}

int
fstatvfs(int fd, struct statvfs *st)
{
	return (int)__sys_fstatvfs(fd, st);
}

int
sysctlbyname(const char *name, void *old, size_t *old_len, const void *new, size_t new_len)
{
	uint64_t len = old_len != NULL ? *old_len : 0;
	struct abi_sysctl_byname a = {
		.name = (uintptr_t)name, .old = (uintptr_t)old,
		.old_len = old_len != NULL ? (uintptr_t)&len : 0,
		.new = (uintptr_t)new, .new_len = new_len,
	};
	int r = (int)__sys_sysctl(SYSCTL_BYNAME, sizeof(a), &a);

	if (old_len != NULL)
		*old_len = (size_t)len;
	return r < 0 ? -1 : 0;
}

/* A limit; no limit is -1 without an error. */
static long
limit(int resource)
{
	struct rlimit l;

	if (getrlimit(resource, &l) < 0)
		return -1;
	return l.rlim_cur > LONG_MAX ? -1 : (long)l.rlim_cur;
}

/* Pages from /proc/meminfo, whose lines read `Name: N kB'. */
static long
meminfo(const char *name)
{
	char line[128];
	size_t len = strlen(name);
	long kib = -1;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			kib = atol(line + len + 1);
			break;
		}
	if (f != NULL)
		fclose(f);
	return kib < 0 ? -1 : kib / (getpagesize() / 1024);
}

/* Options of <unistd.h>; their macros say the same. */
static const struct {
	short name;
	long value;
} options[] = {
	{ _SC_ARG_MAX, ARG_MAX }, { _SC_CLK_TCK, ABI_CLK_TCK }, { _SC_NGROUPS_MAX, NGROUPS_MAX },
	{ _SC_JOB_CONTROL, _POSIX_JOB_CONTROL }, { _SC_SAVED_IDS, _POSIX_SAVED_IDS },
	{ _SC_VERSION, _POSIX_VERSION }, { _SC_PAGESIZE, 4096 }, { _SC_RTSIG_MAX, RTSIG_MAX },
	{ _SC_TZNAME_MAX, TZNAME_MAX }, { _SC_FSYNC, _POSIX_FSYNC },
	{ _SC_MAPPED_FILES, _POSIX_MAPPED_FILES }, { _SC_MEMLOCK, _POSIX_MEMLOCK },
	{ _SC_MEMLOCK_RANGE, _POSIX_MEMLOCK_RANGE },
	{ _SC_MEMORY_PROTECTION, _POSIX_MEMORY_PROTECTION },
	{ _SC_REALTIME_SIGNALS, _POSIX_REALTIME_SIGNALS },
	{ _SC_SYNCHRONIZED_IO, _POSIX_SYNCHRONIZED_IO }, { _SC_TTY_NAME_MAX, TTY_NAME_MAX },
	{ _SC_THREADS, _POSIX_THREADS },
	{ _SC_THREAD_ATTR_STACKADDR, _POSIX_THREAD_ATTR_STACKADDR },
	{ _SC_THREAD_ATTR_STACKSIZE, _POSIX_THREAD_ATTR_STACKSIZE },
	{ _SC_THREAD_PROCESS_SHARED, _POSIX_THREAD_PROCESS_SHARED },
	{ _SC_BARRIERS, _POSIX_BARRIERS },
	{ _SC_SPIN_LOCKS, _POSIX_SPIN_LOCKS }, { _SC_TIMEOUTS, _POSIX_TIMEOUTS },
	{ _SC_THREAD_PRIO_INHERIT, _POSIX_THREAD_PRIO_INHERIT },
	{ _SC_THREAD_ROBUST_PRIO_INHERIT, _POSIX_THREAD_ROBUST_PRIO_INHERIT },
	{ _SC_SEMAPHORES, _POSIX_SEMAPHORES }, { _SC_SEM_VALUE_MAX, SEM_VALUE_MAX },
	{ _SC_SHARED_MEMORY_OBJECTS, _POSIX_SHARED_MEMORY_OBJECTS },
	{ _SC_MESSAGE_PASSING, _POSIX_MESSAGE_PASSING }, { _SC_MQ_PRIO_MAX, MQ_PRIO_MAX },
	{ _SC_THREAD_SAFE_FUNCTIONS, _POSIX_THREAD_SAFE_FUNCTIONS },
	{ _SC_THREAD_KEYS_MAX, PTHREAD_KEYS_MAX },
	{ _SC_THREAD_DESTRUCTOR_ITERATIONS, PTHREAD_DESTRUCTOR_ITERATIONS },
	{ _SC_THREAD_STACK_MIN, PTHREAD_STACK_MIN },
	{ _SC_LOGIN_NAME_MAX, LOGIN_NAME_MAX }, { _SC_GETGR_R_SIZE_MAX, 1024 },
	{ _SC_GETPW_R_SIZE_MAX, 1024 }, { _SC_ADVISORY_INFO, _POSIX_ADVISORY_INFO },
	{ _SC_ATEXIT_MAX, ATEXIT_MAX }, { _SC_BC_BASE_MAX, BC_BASE_MAX },
	{ _SC_BC_DIM_MAX, BC_DIM_MAX }, { _SC_BC_SCALE_MAX, BC_SCALE_MAX },
	{ _SC_BC_STRING_MAX, BC_STRING_MAX }, { _SC_COLL_WEIGHTS_MAX, COLL_WEIGHTS_MAX },
	{ _SC_EXPR_NEST_MAX, EXPR_NEST_MAX }, { _SC_LINE_MAX, LINE_MAX },
	{ _SC_RE_DUP_MAX, RE_DUP_MAX }, { _SC_HOST_NAME_MAX, HOST_NAME_MAX },
	{ _SC_IOV_MAX, IOV_MAX }, { _SC_SYMLOOP_MAX, SYMLOOP_MAX },
	{ _SC_CLOCK_SELECTION, _POSIX_CLOCK_SELECTION }, { _SC_CPUTIME, _POSIX_CPUTIME },
	{ _SC_THREAD_CPUTIME, _POSIX_THREAD_CPUTIME },
	{ _SC_MONOTONIC_CLOCK, _POSIX_MONOTONIC_CLOCK },
	{ _SC_READER_WRITER_LOCKS, _POSIX_READER_WRITER_LOCKS },
	{ _SC_REGEXP, _POSIX_REGEXP }, { _SC_SHELL, _POSIX_SHELL }, { _SC_SPAWN, _POSIX_SPAWN },
	{ _SC_XOPEN_VERSION, _XOPEN_VERSION }, { _SC_2_VERSION, _POSIX2_VERSION },
	{ _SC_2_C_BIND, 200112L }, { _SC_2_CHAR_TERM, 1 }, { _SC_STREAM_MAX, 1024 },
	{ _SC_NPROCESSORS_CONF, 1 }, { _SC_NPROCESSORS_ONLN, 1 },
#ifdef __LP64__
	{ _SC_V7_LP64_OFF64, 1 },
#else
	{ _SC_V7_ILP32_OFFBIG, 1 },
#endif
};

long
sysconf(int name)
{
	switch (name) {
	case _SC_OPEN_MAX:
		return limit(RLIMIT_NOFILE);
	case _SC_CHILD_MAX:
		return limit(RLIMIT_NPROC);
	case _SC_SIGQUEUE_MAX:
		return limit(RLIMIT_SIGPENDING);
	case _SC_PHYS_PAGES:
		return meminfo("MemTotal");
	case _SC_AVPHYS_PAGES:
		return meminfo("MemFree");
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].name == name)
			return options[i].value;
	if (name < 0 || name > _SC_POSIX_26_VERSION)
		errno = EINVAL;
	return -1;
}

static long
path_value(int name, const struct stat *st)
{
	switch (name) {
	case _PC_LINK_MAX:
		return LINK_MAX;
	case _PC_MAX_CANON:
		return MAX_CANON;
	case _PC_MAX_INPUT:
		return MAX_INPUT;
	case _PC_NAME_MAX:
		return NAME_MAX;
	case _PC_PATH_MAX:
		return PATH_MAX;
	case _PC_PIPE_BUF:
		return PIPE_BUF;
	case _PC_CHOWN_RESTRICTED:
		return 1;
	case _PC_NO_TRUNC:
		return 1;
	case _PC_VDISABLE:
		return _POSIX_VDISABLE;
	case _PC_SYNC_IO:
		return 1;
	case _PC_FILESIZEBITS:
		return 64;
	case _PC_2_SYMLINKS:
		return 1;
	case _PC_SYMLINK_MAX:
		return PATH_MAX - 1;
	case _PC_ALLOC_SIZE_MIN:
	case _PC_REC_XFER_ALIGN:
	case _PC_REC_MIN_XFER_SIZE:
		return st->st_blksize;
	case _PC_TIMESTAMP_RESOLUTION:
		return 1;
	case _PC_ASYNC_IO:
	case _PC_PRIO_IO:
	case _PC_REC_INCR_XFER_SIZE:
	case _PC_REC_MAX_XFER_SIZE:
		return -1;
	}
	errno = EINVAL;
	return -1;
}

long
pathconf(const char *path, int name)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : path_value(name, &st);
}

long
fpathconf(int fd, int name)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : path_value(name, &st);
}

size_t
confstr(int name, char *buf, size_t size)
{
	const char *s;
	size_t len;

	switch (name) {
	case _CS_PATH:
		s = "/usr/bin:/bin";
		break;
	case _CS_POSIX_V7_WIDTH_RESTRICTED_ENVS:
		s = sizeof(long) == 8 ? "POSIX_V7_LP64_OFF64" : "POSIX_V7_ILP32_OFFBIG";
		break;
	case _CS_V7_ENV:
		s = "POSIXLY_CORRECT=1";
		break;
	default:
		if (name < 0 || name > _CS_LFS_LINTFLAGS) {
			errno = EINVAL;
			return 0;
		}
		s = "";
	}
	len = strlen(s) + 1;
	if (buf != NULL && size > 0) {
		size_t n = len < size ? len : size;

		memcpy(buf, s, n);
		buf[n - 1] = '\0';
	}
	return len;
}

int
getloadavg(double load[], int n)
{
	FILE *f = fopen("/proc/loadavg", "re");
	int got = 0;

	if (f == NULL)
		return -1;
	while (got < n && got < 3 && fscanf(f, "%lf", &load[got]) == 1)
		got++;
	fclose(f);
	return got != 0 || n <= 0 ? got : -1;
}
