#pragma once
/*
 * The strings of an exec: arguments and environment in one growing block, and what scripts put
 * before them.
 */
#include "kern/types.h"

struct exec_args {
	char *buf;			/* argv strings, then envp strings, each with its NUL */
	size_t size, used;
	size_t env_off;			/* where the environment begins in buf */
	size_t limit;			/* bytes of strings and pointers together */
	uint32_t argc, envc;		/* in buf */
	char *prefix;			/* PREFIX_SIZE bytes when there is a script */
	size_t prefix_len;
	uint32_t nprefix;		/* strings in prefix; they replace argv[0] */
};

void args_init(struct exec_args *, size_t limit);
void args_free(struct exec_args *);
/* Both vectors of a program.  E2BIG, EFAULT, EINVAL (no argv[0]), ENOMEM. */
int args_from_user(struct exec_args *, const void __user *argv, const void __user *envp) __must_check;
int args_from_kernel(struct exec_args *, const char *const *argv, const char *const *envp)
    __must_check;
/*
 * A script: line is "#! interpreter [one argument]", len bytes of it; path names the script.
 * *interp points into the prefix.  ENOEXEC, ENOMEM.
 */
int args_script(struct exec_args *, const char *line, size_t len, const char *path,
    const char **interp) __must_check;
/* Bytes of argv[0] in buf that are not passed on because a script's prefix replaces it. */
size_t args_skipped(const struct exec_args *);
