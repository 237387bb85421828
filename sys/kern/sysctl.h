#pragma once
/* Named tunables: SYSCTL_U64(var, "debug.failnth.page", &word, write) beside the code. */
#include "kern/types.h"

struct sysctl {
	const char *name;
	uint64_t *word;				/* or the functions */
	int (*get)(struct sysctl *, char *buf, size_t size);	/* text, NUL terminated */
	int (*set)(struct sysctl *, const char *text);		/* NULL: read only */
	bool own;				/* concerns the calling thread alone: anybody may set it */
};

#define SYSCTL_FN(var, nm, getter, setter) \
	static struct sysctl var __section(".sysctl_set") = \
	    { .name = nm, .get = getter, .set = setter }
#define SYSCTL_OWN(var, nm, getter, setter) \
	static struct sysctl var __section(".sysctl_set") = \
	    { .name = nm, .get = getter, .set = setter, .own = true }
#define SYSCTL_U64(var, nm, w) \
	static struct sysctl var __section(".sysctl_set") = { .name = nm, .word = w }
/* Text in, text out; ENOENT, EINVAL.  The call's permission check is in sys_sysctl. */
int sysctl_get(const char *name, char *buf, size_t size) __must_check;
int sysctl_set(const char *name, const char *text) __must_check;
