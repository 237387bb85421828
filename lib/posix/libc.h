#pragma once
/* Inside of the C library only. */
#include <stddef.h>
#include <stdint.h>
#include <gen/sysuser.h>

#define HIDDEN	__attribute__((visibility("hidden")))

extern HIDDEN int __secure;			/* credentials changed at exec */
extern HIDDEN const unsigned long *__auxv;
extern HIDDEN char *__progname_full;
extern char *__progname;
void	*__vdso_find(const char *name);		/* a function of the vDSO, or NULL */

/* For calls that return an error number instead of setting errno. */
#define RESULT(call)	((call) < 0 ? errno : 0)
