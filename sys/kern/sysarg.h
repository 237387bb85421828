#pragma once
/* What the generated call wrappers (build/gen/syswrap.c) are made of. */
#include "gen/sysnum.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/policy.h"
#include "kern/string.h"
#include "kern/types.h"
#include "mach/frame.h"
#include "mach/user.h"
#include <abi/rights.h>

#define SYSENT_BLOCK	1u
#define SYSENT_NORET	2u
#define SYS_NATIVE	512	/* calls from here on return mx_status_t */

struct sysent {
	const char *name;		/* NULL: no such call */
	uint8_t nargs;
	uint8_t flags;
};
extern const struct sysent sysent[SYS_MAX + 1];
/* What makes the call: its wrapper, or syscall_none() for a number without one. */
extern int (*const syscall_bodies[SYS_MAX + 1])(struct trapframe *);
int syscall_none(struct trapframe *);

/* A path: at most PATH_MAX bytes with its NUL, in a kernel buffer.  EFAULT, ENAMETOOLONG, ENOMEM. */
int sysarg_path(uint64_t user, char **out) __must_check;
void sysarg_path_free(char *);

static inline int __must_check
sysarg_in(uint64_t user, void *to, size_t n)
{
	return copyin((const void __user *)(uintptr_t)user, to, n);
}

static inline int __must_check
sysarg_out(const void *from, uint64_t user, size_t n)
{
	return copyout(from, (void __user *)(uintptr_t)user, n);
}
