#pragma once
/* Inside of the C library only. */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <gen/sysnum.h>
#include <gen/sysuser.h>

#define HIDDEN	__attribute__((visibility("hidden")))

extern HIDDEN int __secure;			/* credentials changed at exec */
extern HIDDEN const unsigned long *__auxv;
extern HIDDEN char *__progname_full;
extern char *__progname;
void	*__vdso_find(const char *name);		/* a function of the vDSO, or NULL */

/* More than one thread was ever made. */
extern HIDDEN int __threaded;
/*
 * Calls that are cancellation points (pthread_cancel.c).  A program with one thread makes the plain call.
 */
HIDDEN intptr_t __cancel_call(long number, long, long, long, long, long, long);
#define CANCELABLE(name, a, b, c, d, e, f, ...) \
	(__builtin_expect(__threaded, 0) ? __cancel_call(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), \
	    (long)(e), (long)(f)) : __sys_##name(__VA_ARGS__))
#define CANCELABLE2(name, a, b)		CANCELABLE(name, a, b, 0, 0, 0, 0, a, b)
#define CANCELABLE3(name, a, b, c)	CANCELABLE(name, a, b, c, 0, 0, 0, a, b, c)
#define CANCELABLE4(name, a, b, c, d)	CANCELABLE(name, a, b, c, d, 0, 0, a, b, c, d)
#define CANCELABLE6(name, a, b, c, d, e, f) CANCELABLE(name, a, b, c, d, e, f, a, b, c, d, e, f)

/* A search for a program along PATH (search.c). */
struct search {
	const char *rest;		/* of PATH, or NULL */
	int denied;			/* a candidate was there and may not be executed */
	char full[PATH_MAX];		/* the candidate */
};
HIDDEN void __search_begin(struct search *);
HIDDEN int __search_next(struct search *, const char *file);	/* 0: no more: SEARCH_ERROR */
#define SEARCH_ERROR(s)	((s)->denied ? EACCES : ENOENT)
HIDDEN int __search_on(struct search *, int error);	/* whether another candidate may be tried after it */

/* For calls that return an error number instead of setting errno. */
#define RESULT(call)	((call) < 0 ? errno : 0)
