#pragma once
/*
 * TAP for programs that run in Zenta.  Each check prints one line; the plan comes last, so a
 * program that dies early is seen to have failed.  Output is unbuffered: a child that is killed
 * loses nothing and a fork doubles nothing.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int tap_count, tap_bad;
static int tap_in_child;	/* points of a child are comments: its exit status is the parent's point */

__attribute__((format(printf, 1, 2))) static inline void
tap_print(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 1)
		n = sizeof(line) - 1;
	for (int done = 0; done < n;) {
		ssize_t k = write(1, line + done, n - done);

		if (k <= 0)
			_exit(99);
		done += k;
	}
}

/* errno survives, so that the caller may still look at it. */
__attribute__((format(printf, 2, 3))) static inline int
ok(int good, const char *fmt, ...)
{
	int saved = errno;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	tap_bad += !good;
	tap_print("%s%sok %d - %s\n", tap_in_child ? "# " : "", good ? "" : "not ", ++tap_count, what);
	errno = saved;
	return good;
}

static inline int
is_int(long got, long want, const char *what)
{
	int good = ok(got == want, "%s", what);

	if (!good)
		tap_print("# got %ld, want %ld (errno %d)\n", got, want, errno);
	return good;
}

/* The call failed with -1 and this errno.  Use: fails(open("x", 0), ENOENT, "..."). */
#define fails(call, err, what) fails_(((errno = 0), (long)(call)), (err), (what))
static inline int
fails_(long result, int err, const char *what)
{
	int got = errno, good = ok(result == -1 && got == err, "%s", what);

	if (!good)
		tap_print("# result %ld, errno %d (%s), want %d\n", result, got, strerror(got), err);
	return good;
}

static inline int
tap_done(void)
{
	tap_print("1..%d\n", tap_count);
	return tap_bad != 0;
}

/* Waits for a child; its wait status, or -1. */
static inline int
child_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Runs fn in a child and returns its wait status. */
static inline int
in_child(void (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	return pid == -1 ? -1 : child_status(pid);
}
