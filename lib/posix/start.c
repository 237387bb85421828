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
#include "libc.h"

extern char **environ;
extern void __libc_init_array(void);

int __secure;
const unsigned long *__auxv;
char *__progname = "";
char *__progname_full = "";

struct tcb {
	struct tcb *self;
	void *reserved[7];
};

#define TLS_STATIC	1024	/* bytes; larger programs take memory from the break */
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

static void
tls_setup(void)
{
	const struct phdr *ph = (const struct phdr *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM), size, align = sizeof(void *) * 2;
	const struct phdr *tls = NULL;
	uintptr_t base = 0, top;
	struct tcb *tcb;
	char *mem = tls_static;

	for (size_t i = 0; i < n; i++) {
		if (ph[i].type == PT_PHDR_)
			base = (uintptr_t)ph - ph[i].vaddr;
		else if (ph[i].type == PT_TLS_)
			tls = &ph[i];
	}
	if (tls != NULL && tls->align > align)
		align = tls->align;
	size = (tls != NULL ? tls->memsz : 0) + 2 * align + sizeof(struct tcb);
	if (size > TLS_STATIC || align > 64) {
		mem = sbrk((ptrdiff_t)(size + align));
		if (mem == (char *)-1)
			die("no memory for thread-local storage\n");
	}
	top = ((uintptr_t)mem + (tls != NULL ? tls->memsz : 0) + 2 * align - 1) & ~(uintptr_t)(align - 1);
	tcb = (struct tcb *)top;
	tcb->self = tcb;
	if (tls != NULL) {
		char *block = (char *)(top - tls->memsz - ((0 - tls->vaddr - tls->memsz) & (tls->align - 1)));

		memcpy(block, (const void *)(base + tls->vaddr), tls->filesz);
		memset(block + tls->filesz, 0, tls->memsz - tls->filesz);
	}
	if (__sys_set_tls(top) < 0)
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
