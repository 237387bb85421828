/*
 * Collecting the strings of an exec.  They are copied once, into a block that doubles; the
 * limit counts their bytes and the pointers that will point at them.
 */
#include "proc/exec_args.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/string.h"
#include "mach/user.h"
#include "vm/kmap.h"
#include "vm/zone.h"

#define FIRST		4096u
#define LARGE		65536u		/* from here on blocks come from kmap */
#define LINE_MAX	255u		/* of "#! ..." */
#define PREFIX_SIZE	(PATH_MAX + 5 * (LINE_MAX + 1))

static char *
block_alloc(size_t size)
{
	return size < LARGE ? kmem_alloc(size, 0) : kmap_alloc(size);
}

static void
block_free(char *p, size_t size)
{
	if (size < LARGE)
		kmem_free(p, size);
	else
		kmap_free(p, size);
}

void
args_init(struct exec_args *a, size_t limit)
{
	memset(a, 0, sizeof(*a));
	a->limit = limit;
}

void
args_free(struct exec_args *a)
{
	if (a->buf != NULL)
		block_free(a->buf, a->size);
	if (a->prefix != NULL)
		kmem_free(a->prefix, PREFIX_SIZE);
}

static int
grow(struct exec_args *a)
{
	size_t size = a->size == 0 ? FIRST : a->size * 2;
	char *p;

	if (a->size > a->limit)
		return E2BIG;
	p = block_alloc(size);
	if (p == NULL)
		return ENOMEM;
	memcpy(p, a->buf, a->used);
	if (a->buf != NULL)
		block_free(a->buf, a->size);
	a->buf = p;
	a->size = size;
	return 0;
}

/* After each string: the limit counts it and its pointer. */
static int
added(struct exec_args *a, size_t len, uint32_t *count)
{
	a->used += len + 1;
	(*count)++;
	if (a->used + (a->argc + a->envc + 2) * sizeof(uintptr_t) > a->limit)
		return E2BIG;
	return 0;
}

static int
add_user(struct exec_args *a, uintptr_t str, uint32_t *count)
{
	size_t len;
	int error;

	for (;;) {
		error = a->used == a->size ? ENAMETOOLONG :
		    copyinstr((const void __user *)str, a->buf + a->used, a->size - a->used, &len);
		if (error == 0)
			return added(a, len, count);
		if (error != ENAMETOOLONG || (error = grow(a)) != 0)
			return error;
	}
}

static int
add_vector(struct exec_args *a, const void __user *vec, uint32_t *count)
{
	uintptr_t at = (uintptr_t)vec, str;
	int error;

	for (;; at += sizeof(str)) {
		error = copyin((const void __user *)at, &str, sizeof(str));
		if (error != 0 || str == 0)
			return error;
		error = add_user(a, str, count);
		if (error != 0)
			return error;
	}
}

int
args_from_user(struct exec_args *a, const void __user *argv, const void __user *envp)
{
	int error = add_vector(a, argv, &a->argc);

	if (error == 0 && a->argc == 0)
		error = EINVAL;
	a->env_off = a->used;
	if (error == 0)
		error = add_vector(a, envp, &a->envc);
	return error;
}

static int
add_kernel(struct exec_args *a, const char *s, uint32_t *count)
{
	size_t len = strlen(s);
	int error;

	while (a->size - a->used <= len) {
		error = grow(a);
		if (error != 0)
			return error;
	}
	memcpy(a->buf + a->used, s, len + 1);
	return added(a, len, count);
}

int
args_from_kernel(struct exec_args *a, const char *const *argv, const char *const *envp)
{
	int error = 0;

	for (; *argv != NULL && error == 0; argv++)
		error = add_kernel(a, *argv, &a->argc);
	a->env_off = a->used;
	for (; *envp != NULL && error == 0; envp++)
		error = add_kernel(a, *envp, &a->envc);
	return error;
}

size_t
args_skipped(const struct exec_args *a)
{
	return a->nprefix == 0 ? 0 : strlen(a->buf) + 1;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The interpreter and its one argument, blanks around them removed. */
static int
parse_line(const char *line, size_t len, const char **name, size_t *nlen, const char **arg, size_t *alen)
{
	const char *end = memchr(line, '\n', MIN(len, (size_t)LINE_MAX + 1)), *p = line + 2;

	if (end == NULL || memchr(line, '\0', (size_t)(end - line)) != NULL)
		return ENOEXEC;
	while (end > p && (blank(end[-1]) || end[-1] == '\r'))
		end--;
	while (p < end && blank(*p))
		p++;
	*name = p;
	while (p < end && !blank(*p))
		p++;
	*nlen = (size_t)(p - *name);
	while (p < end && blank(*p))
		p++;
	*arg = p;
	*alen = (size_t)(end - p);
	return *nlen == 0 ? ENOEXEC : 0;
}

static void
put(char *to, size_t *at, const char *s, size_t n)
{
	memcpy(to + *at, s, n);
	to[*at + n] = '\0';
	*at += n + 1;
}

int
args_script(struct exec_args *a, const char *line, size_t len, const char *path, const char **interp)
{
	const char *name, *arg, *rest = NULL;
	size_t nlen, alen, at = 0, rest_len = 0;
	int error = parse_line(line, len, &name, &nlen, &arg, &alen);
	char *p;

	if (error != 0)
		return error;
	p = kmem_alloc(PREFIX_SIZE, 0);
	if (p == NULL)
		return ENOMEM;
	/* A script's interpreter may be a script: its own name was the first string so far. */
	if (a->nprefix > 0) {
		size_t skip = strlen(a->prefix) + 1;

		rest = a->prefix + skip;
		rest_len = a->prefix_len - skip;
		a->nprefix--;
	}
	if (nlen + alen + strlen(path) + rest_len + 3 > PREFIX_SIZE) {
		kmem_free(p, PREFIX_SIZE);
		return ENOEXEC;
	}
	put(p, &at, name, nlen);
	a->nprefix++;
	if (alen > 0) {
		put(p, &at, arg, alen);
		a->nprefix++;
	}
	put(p, &at, path, strlen(path));
	a->nprefix++;
	if (rest_len > 0)
		memcpy(p + at, rest, rest_len);
	if (a->prefix != NULL)
		kmem_free(a->prefix, PREFIX_SIZE);
	a->prefix = p;
	a->prefix_len = at + rest_len;
	*interp = p;
	return 0;
}
