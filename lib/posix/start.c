/*
 * From the first instruction to main: auxiliary vector, thread-local storage, constructors.
 *
 * Thread-local storage is variant II: the block lies below the thread control block, whose first
 * word is its own address, where the TLS base points.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <abi/auxv.h>
#include "thread.h"

extern char **environ;
extern void __libc_init_array(void);

int __secure;
const unsigned long *__auxv;
char *__progname = "";
char *__progname_full = "";

#define TLS_STATIC	4096	/* bytes; larger programs take memory from the break */
static char tls_static[TLS_STATIC] __attribute__((aligned(64)));

/* <elf.h> of newlib describes notes only. */
struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
#define PT_PHDR_	6
#define PT_TLS_		7

extern const char __ehdr_start[] __attribute__((weak, visibility("hidden")));

unsigned long
getauxval(unsigned long type)
{
	const unsigned long *a = __auxv;

	for (; a != NULL && a[0] != AT_NULL; a += 2)
		if (a[0] == type)
			return a[1];
	errno = ENOENT;
	return 0;
}

static void
die(const char *text)
{
	__sys_write(2, text, strlen(text));
	_exit(127);
}

/* The program's image of thread-local storage. */
static struct {
	const void *image;
	size_t filesz, memsz, align, skew;	/* skew: what the end of the block lacks to be aligned */
} tls = { .align = sizeof(void *) * 2 };

size_t
__tls_size(void)
{
	return tls.memsz + 2 * tls.align + sizeof(struct __pthread);
}

/* As high as it goes below `high'. */
struct __pthread *
__tls_make(char *low, char *high)
{
	uintptr_t top = ((uintptr_t)high - sizeof(struct __pthread)) & ~(uintptr_t)(tls.align - 1);
	struct __pthread *t = (struct __pthread *)top;
	char *block = (char *)(top - tls.memsz - tls.skew);

	memset(t, 0, sizeof(*t));
	t->self = t;
	memcpy(block, tls.image, tls.filesz);
	memset(block + tls.filesz, 0, tls.memsz - tls.filesz);
	return t;
}

static void
tls_find(void)
{
	const struct phdr *ph = (const struct phdr *)getauxval(AT_PHDR), *found = NULL;
	size_t n = getauxval(AT_PHNUM);
	uintptr_t base = 0;

	for (size_t i = 0; i < n; i++) {
		if (ph[i].type == PT_PHDR_)
			base = (uintptr_t)ph - ph[i].vaddr;
		else if (ph[i].type == PT_TLS_)
			found = &ph[i];
	}
	if (found == NULL)
		return;
	tls.image = (const void *)(base + found->vaddr);
	tls.filesz = found->filesz;
	tls.memsz = found->memsz;
	if (found->align > tls.align)
		tls.align = found->align;
	tls.skew = (0 - found->vaddr - found->memsz) & (found->align - 1);
}

static void
tls_setup(void)
{
	struct __pthread *t;
	char *mem = tls_static;
	size_t size;

	tls_find();
	size = __tls_size();
	if (size > TLS_STATIC || tls.align > 64) {
		size += tls.align;
		mem = sbrk((ptrdiff_t)size);
		if (mem == (char *)-1)
			die("no memory for thread-local storage\n");
	} else {
		size = TLS_STATIC;
	}
	t = __tls_make(mem, mem + size);
	t->reent = _impure_ptr;
	if (__sys_set_tls((uintptr_t)t) < 0)
		die("cannot set the base of thread-local storage\n");
}

__attribute__((noreturn, used)) void
__libc_start(uintptr_t *sp, int (*main)(int, char **, char **))
{
	int argc = (int)sp[0];
	char **argv = (char **)(sp + 1);
	char **env = argv + argc + 1;
	char **e = env;
	char *slash;

	while (*e != NULL)
		e++;
	__auxv = (const unsigned long *)(e + 1);
	tls_setup();
	environ = env;
	__secure = getauxval(AT_SECURE) != 0;
	if (argc > 0 && argv[0] != NULL) {
		__progname_full = argv[0];
		slash = strrchr(argv[0], '/');
		__progname = slash != NULL ? slash + 1 : argv[0];
	}
	errno = 0;
	__libc_init_array();
	exit(main(argc, argv, env));
}

/* newlib calls these around the constructor arrays; there is nothing left to do in them. */
void
_init(void)
{
}

void
_fini(void)
{
}

void
_exit(int status)
{
	for (;;)
		__sys_exit(status, 0);
}

const char *
getprogname(void)
{
	return __progname;
}

void
setprogname(const char *name)
{
	const char *slash = strrchr(name, '/');

	__progname = (char *)(slash != NULL ? slash + 1 : name);
}

int
issetugid(void)
{
	return __secure;
}

char *
secure_getenv(const char *name)
{
	return __secure ? NULL : getenv(name);
}

extern __typeof(__progname) program_invocation_short_name __attribute__((weak, alias("__progname")));
extern __typeof(__progname) program_invocation_name __attribute__((weak, alias("__progname_full")));
