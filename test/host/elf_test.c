// SOURCES: sys/proc/elf.c sys/proc/exec_args.c sys/kern/string.c sys/kern/account.c test/host/shim/kernel.c
/*
 * What exec checks before it touches anything: ELF headers, each refusal by itself and then under
 * random damage against the rules said once more, plainly; "#!" lines; arguments and their limits.
 */
#include <stdlib.h>
#include "host.h"
#include "kern/error.h"
#include "kern/string.h"
#include "mach/user.h"
#include "proc/elf.h"
#include "proc/exec_args.h"
#include "vm/kmap.h"

#define LOW	0x10000ull
#define HIGH	0x7fffffffe000ull

/* --- shim --- */

void *
kmap_alloc(size_t size)
{
	return malloc(size);
}

void
kmap_free(void *p, size_t size)
{
	free(p);
}

/* A user address below 64 KiB faults. */
int
copyinstr(const void __user *from, char *to, size_t size, size_t *len)
{
	const char *s = (const char *)(uintptr_t)from;
	size_t n;

	if ((uintptr_t)from < LOW)
		return EFAULT;
	n = strnlen(s, size);
	memcpy(to, s, n < size ? n + 1 : size);
	if (n == size)
		return ENAMETOOLONG;
	*len = n;
	return 0;
}

/* --- a good image to damage --- */

struct ehdr {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
static struct file {
	struct ehdr e;
	struct phdr ph[4];
	char rest[4096 - 64 - 4 * 56];
} f;
static uint64_t size;

static void
good(void)
{
	memset(&f, 0, sizeof(f));
	f.e = (struct ehdr){ .ident = "\177ELF\2\1\1", .type = 2, .machine = 62, .version = 1,
		.entry = 0x400200, .phoff = 64, .ehsize = 64, .phentsize = 56, .phnum = 4 };
	f.ph[0] = (struct phdr){ 6, 4, 64, 0x400040, 0x400040, 224, 224, 8 };
	f.ph[1] = (struct phdr){ 1, 5, 0, 0x400000, 0, 0x1234, 0x1234, 0x1000 };
	f.ph[2] = (struct phdr){ 1, 6, 0x1238, 0x402238, 0, 0x100, 0x5000, 0x1000 };
	f.ph[3] = (struct phdr){ 0x6474e551, 6, 0, 0, 0, 0, 0, 0 };
	size = 0x2000;
}

static int
check(struct elf_image *im)
{
	return elf_check(&f, sizeof(f), size, LOW, HIGH, im);
}

static void
accepts(void)
{
	struct elf_image im;

	good();
	ok(check(&im) == 0, "a plain static program");
	ok(im.nsegments == 2 && im.entry == 0x400200 && !im.dynamic, "its segments and entry");
	ok(im.start == 0x400000 && im.end == 0x408000, "from first to last page");
	ok(im.phdr == 0x400040 && im.phnum == 4, "the headers are in the first segment");
	ok(elf_wanted(&f, 64) == 64 + 4 * 56, "how much of the file is needed");
	f.e.type = 3;
	f.e.entry = 0x200;
	f.ph[1].vaddr = 0;
	f.ph[2].vaddr = 0x2238;
	ok(check(&im) == 0 && im.dynamic && im.start == 0, "a position-independent one");
}

#define REFUSES(change, text) \
	do { \
		good(); \
		change; \
		ok(check(&im) == ENOEXEC, text); \
	} while (0)

static void
refuses(void)
{
	struct elf_image im;

	REFUSES(f.e.ident[0] = 0, "no magic number");
	REFUSES(f.e.ident[4] = 1, "a 32-bit class");
	REFUSES(f.e.ident[5] = 2, "big endian");
	REFUSES(f.e.machine = 3, "another machine");
	REFUSES(f.e.type = 1, "a relocatable file");
	REFUSES(f.e.type = 4, "a core file");
	REFUSES(f.e.version = 0, "no version");
	REFUSES(f.e.phentsize = 0, "program headers of no size");
	REFUSES(f.e.phentsize = 32, "program headers of the 32-bit size");
	REFUSES(f.e.phnum = 0, "no program header");
	REFUSES(f.e.phnum = 65535, "65535 program headers");
	REFUSES(f.e.phoff = ~0ull - 7, "program headers at the end of the world");
	REFUSES(f.e.phoff = 0, "program headers over the header");
	REFUSES(f.e.phoff = 4096 - 56, "program headers past the first page");
	REFUSES(f.e.entry = 0xffffffff80000000ull, "an entry in the kernel");
	REFUSES(f.e.entry = 0, "an entry at 0");
	REFUSES(f.e.entry = 0x402240, "an entry in data");
	REFUSES(f.ph[1].offset = ~0ull & ~0xfffull, "a file range that wraps");
	REFUSES(f.ph[1].filesz = ~0ull, "a file size that wraps");
	REFUSES(f.ph[2].memsz = 0x80, "less memory than file");
	REFUSES(f.ph[2].memsz = ~0ull, "a memory size that wraps");
	REFUSES(f.ph[2].memsz = HIGH, "more memory than there are addresses");
	REFUSES(f.ph[2].vaddr = 0xffff800000000238ull, "a segment in the kernel");
	REFUSES((f.ph[1].vaddr = 0, f.e.entry = 0x200), "a segment at 0");
	REFUSES(f.ph[2].vaddr = 0x402000, "an offset that does not fit the address");
	REFUSES(f.ph[2].vaddr = 0x401238, "segments on one page");
	REFUSES(f.ph[2].vaddr = 0x300238, "segments out of order");
	REFUSES(f.ph[1].flags = 7, "writable and executable");
	REFUSES(f.ph[1].align = 3, "an alignment that is none");
	REFUSES(f.ph[0].type = 3, "an interpreter");
	REFUSES(f.ph[1].type = f.ph[2].type = 0, "nothing to load");
	REFUSES(size = 0x1300, "a truncated file");
	good();
	ok(elf_check(&f, 63, size, LOW, HIGH, &im) == ENOEXEC, "63 bytes");
	ok(elf_check(&f, 64 + 100, size, LOW, HIGH, &im) == ENOEXEC, "half of the program headers");
	ok(elf_wanted(&f, 20) == 0, "nothing is wanted of a stump");
}

/* What the loader relies on. */
static bool
safe(const struct elf_image *im)
{
	uint64_t last = im->dynamic ? 0 : LOW, high = im->dynamic ? (HIGH - LOW) / 4 : HIGH;
	bool entry = false;

	if (im->nsegments == 0 || im->nsegments > ELF_SEGMENTS)
		return false;
	for (unsigned i = 0; i < im->nsegments; i++) {
		const struct elf_segment *s = &im->segment[i];
		__uint128_t end = (__uint128_t)s->vaddr + s->memsz;

		if (s->vaddr / 4096 * 4096 < last || end > high || s->filesz > s->memsz)
			return false;
		if ((__uint128_t)s->off + s->filesz > size || (s->off - s->vaddr) % 4096 != 0)
			return false;
		if ((s->flags & (ELF_W | ELF_X)) == (ELF_W | ELF_X))
			return false;
		entry |= (s->flags & ELF_X) != 0 && im->entry >= s->vaddr && im->entry < end;
		last = ((uint64_t)end + 4095) / 4096 * 4096;
	}
	return entry && im->end == last && im->start == im->segment[0].vaddr / 4096 * 4096;
}

static uint64_t
odd_value(unsigned long long *seed)
{
	static const uint64_t values[] = { 0, 1, 7, 55, 56, 63, 64, 4095, 4096, 4097, 0xffff, 0x10000,
		0x7fffffff, 0xffffffff, HIGH - 1, HIGH, 1ull << 47, 1ull << 63, ~0ull, ~0ull - 4095 };

	return values[host_random(seed) % (sizeof(values) / sizeof(values[0]))] +
	    (host_random(seed) % 4 == 0 ? host_random(seed) : 0);
}

static void
damage(unsigned long long *seed)
{
	unsigned n = 1 + host_random(seed) % 3;

	for (unsigned i = 0; i < n; i++) {
		unsigned at = host_random(seed) % (64 + 4 * 56 - 8);
		uint64_t v = odd_value(seed);

		switch (host_random(seed) % 3) {
		case 0:
			((uint8_t *)&f)[at] ^= (uint8_t)(1u << host_random(seed) % 8);
			break;
		case 1:
			memcpy((char *)&f + (at & ~7u), &v, 8);
			break;
		default:
			memcpy((char *)&f + (at & ~1u), &v, 2);
			break;
		}
	}
}

static void
fuzz(void)
{
	unsigned long long seed = 20260101;
	unsigned accepted = 0, unsafe = 0;
	struct elf_image im;

	printf("# seed %llu\n", seed);
	for (unsigned i = 0; i < 300000; i++) {
		size_t len = sizeof(f);
		char *copy;

		good();
		damage(&seed);
		if (host_random(&seed) % 8 == 0)
			len = host_random(&seed) % 512;
		copy = malloc(len + 1);		/* so that ASan sees a read past the end */
		memcpy(copy, &f, len);
		if (elf_check(copy, len, size, LOW, HIGH, &im) == 0) {
			accepted++;
			unsafe += !safe(&im);
		}
		free(copy);
	}
	ok(unsafe == 0, "300000 damaged headers: what is accepted is safe to load");
	ok(accepted > 1000 && accepted < 299000, "some were accepted, some refused");
}

/* --- scripts --- */

static int
script(const char *line, const char *want, unsigned nwant)
{
	struct exec_args a;
	const char *interp;
	int error, good_one;

	args_init(&a, 1 << 20);
	error = args_script(&a, line, strlen(line), "/s", &interp);
	if (error != 0) {
		args_free(&a);
		return error;
	}
	/* `want' has spaces for the NULs between the strings; an argument may contain one itself. */
	good_one = a.nprefix == nwant && a.prefix_len == strlen(want) + 1;
	for (size_t i = 0; good_one && i < a.prefix_len; i++)
		good_one = a.prefix[i] == want[i] || (a.prefix[i] == '\0' && (want[i] == '|' || want[i] == 0));
	args_free(&a);
	return good_one ? 0 : -1;
}

static void
scripts(void)
{
	char line[400];
	struct exec_args a;
	const char *interp;

	ok(script("#!/bin/sh\n", "/bin/sh|/s", 2) == 0, "#!/bin/sh");
	ok(script("#!  \t/bin/sh  \n", "/bin/sh|/s", 2) == 0, "blanks around it");
	ok(script("#!/bin/sh\r\n", "/bin/sh|/s", 2) == 0, "a carriage return");
	ok(script("#!/bin/sh -e -x \nrest", "/bin/sh|-e -x|/s", 3) == 0, "the rest is one argument");
	ok(script("#!\n", "", 0) == ENOEXEC && script("#!  \t \n", "", 0) == ENOEXEC, "no interpreter");
	ok(script("#!/bin/sh", "", 0) == ENOEXEC, "no end of line");
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/", 3);
	line[255] = '\n';
	line[399] = '\0';
	ok(script(line, line, 0) == -1, "a line of 255 bytes is read");
	line[255] = 'x';
	line[256] = '\n';
	ok(script(line, "", 0) == ENOEXEC, "one of 256 is not");
	args_init(&a, 1 << 20);
	ok(args_script(&a, "#!/one -a\n", 10, "/script", &interp) == 0 &&
	    args_script(&a, "#!/two\n", 7, interp, &interp) == 0 && a.nprefix == 4 &&
	    memcmp(a.prefix, "/two\0/one\0-a\0/script", 20) == 0, "an interpreter that is a script");
	args_free(&a);
}

/* --- arguments --- */

static int
collect(struct exec_args *a, size_t limit, const char *const *argv, const char *const *envp)
{
	args_init(a, limit);
	return args_from_user(a, (const void __user *)(uintptr_t)argv, (const void __user *)(uintptr_t)envp);
}

static void
arguments(void)
{
	static const char *const argv[] = { "prog", "", "two words", NULL }, *const envp[] = { "A=1", NULL },
	    *const none[] = { NULL };
	static const char *many[40000];
	static char big[70000];
	struct exec_args a;
	const char *const bad[] = { "prog", (const char *)8, NULL };
	const char *const large[] = { big, big, NULL };

	ok(collect(&a, 1 << 20, argv, envp) == 0 && a.argc == 3 && a.envc == 1 && a.env_off == 16 &&
	    a.used == 20 && memcmp(a.buf, "prog\0\0two words\0A=1", 20) == 0, "strings one after the other");
	args_free(&a);
	ok(collect(&a, 1 << 20, argv, none) == 0 && a.envc == 0, "an empty environment");
	args_free(&a);
	ok(collect(&a, 1 << 20, none, envp) == EINVAL, "no argv[0]");
	args_free(&a);
	ok(collect(&a, 1 << 20, bad, none) == EFAULT, "a bad string");
	args_free(&a);
	memset(big, 'y', sizeof(big) - 1);
	ok(collect(&a, 1 << 20, large, none) == 0 && a.used == 2 * sizeof(big) &&
	    memcmp(a.buf + sizeof(big), big, sizeof(big)) == 0, "the block grows");
	args_free(&a);
	ok(collect(&a, 100000, large, none) == E2BIG, "too many bytes");
	args_free(&a);
	for (unsigned i = 0; i < 39999; i++)
		many[i] = "z";
	ok(collect(&a, 200000, many, none) == E2BIG, "pointers count");
	args_free(&a);
	ok(collect(&a, 1 << 20, many, none) == 0 && a.argc == 39999, "40,000 arguments");
	args_free(&a);
	ok(host_live == 0, "everything was freed");
}

int
main(void)
{
	accepts();
	refuses();
	fuzz();
	scripts();
	arguments();
	return tap_done();
}
