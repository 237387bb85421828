/* Regions of memory: every call, error and right; what mmap, fork and exec have to do with them. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include <abi/vmo.h>
#include "handle.h"
#include "tap.h"

#define PAGE	4096ul
#define MIB	(1ul << 20)
#define BAD	((void *)0x10)
#define RW	(MX_VM_PERM_READ | MX_VM_PERM_WRITE)
#define CAN_RW	(MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_WRITE | MX_VM_CAN_MAP_SPECIFIC)

static mx_handle_t root, vmo;
static const char *self;

/* The signal that an access ends a child with, or 0. */
static int
touch(volatile char *p, int write)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (write)
			*p = 1;
		else
			(void)*p;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static mx_handle_t
region(size_t size, uint32_t options, mx_vaddr_t *addr)
{
	mx_handle_t h = MX_HANDLE_INVALID;

	is_int(mx_vmar_allocate(root, options, 0, size, &h, addr), MX_OK, "vmar_allocate");
	return h;
}

static void
mapping(void)
{
	mx_vaddr_t a = 0, b = 0, fixed;
	mx_info_vmar_t info;
	mx_handle_t w, h, e;
	char *m;

	is_int(mx_object_get_info(root, MX_INFO_VMAR, &info, sizeof(info), NULL, NULL), MX_OK, "INFO_VMAR of the root");
	ok(info.base == 0x10000 && info.len > 1ull << 46, "all of it");
	is_int(mx_vmar_map(root, RW, 0, vmo, 0, 2 * PAGE, &a), MX_OK, "map");
	m = (char *)a;
	m[0] = 'a', m[PAGE] = 'b';
	is_int(mx_vmar_map(root, MX_VM_PERM_READ, 0, vmo, PAGE, 1, &b), MX_OK, "map a part, read-only");
	is_int(*(char *)b, 'b', "the same memory");
	is_int(touch((char *)b, 1), SIGSEGV, "is not written");
	is_int(mx_vmar_protect(root, RW, b, PAGE), MX_OK, "protect");
	*(char *)b = 'B';
	is_int(m[PAGE], 'B', "makes it writable");
	is_int(mx_vmar_unmap(root, b, 1), MX_OK, "unmap");
	is_int(touch((char *)b, 0), SIGSEGV, "it is gone");
	is_int(mx_vmar_unmap(root, b, PAGE), MX_OK, "unmap of nothing");

	fixed = b;
	is_int(mx_vmar_map(root, RW | MX_VM_SPECIFIC, fixed - info.base, vmo, 0, PAGE, &b), MX_OK, "SPECIFIC");
	ok(b == fixed && *(char *)b == 'a', "is where it was asked");
	is_int(mx_vmar_map(root, RW | MX_VM_SPECIFIC, fixed - info.base, vmo, 0, PAGE, &b), MX_ERR_ALREADY_EXISTS, "SPECIFIC over it");
	is_int(mx_vmar_map(root, RW | MX_VM_SPECIFIC_OVERWRITE, fixed - info.base, vmo, PAGE, PAGE, &b), MX_OK, "OVERWRITE");
	ok(b == fixed && *(char *)b == 'B', "replaces it");
	mx_vmar_unmap(root, b, PAGE);
	is_int(mx_vmar_map(root, 0, 0, vmo, 0, PAGE, &b), MX_OK, "without any permission");
	is_int(touch((char *)b, 0), SIGSEGV, "nothing is seen");
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, b, PAGE), MX_OK, "until it is given");
	is_int(*(char *)b, 'a', "seen");
	mx_vmar_unmap(root, b, PAGE);
	is_int(mx_vmar_map(root, RW | MX_VM_MAP_RANGE | MX_VM_COMPACT, 0, vmo, 0, 4 * PAGE, &b), MX_OK, "MAP_RANGE, COMPACT");
	is_int(*(char *)b, 'a', "shows what is there");
	is_int(touch((char *)b + 3 * PAGE, 0), SIGBUS, "and nothing behind the end");
	mx_vmar_unmap(root, b, 4 * PAGE);

	is_int(mx_vmar_map(root, MX_VM_PERM_WRITE, 0, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "WRITE without READ");
	is_int(mx_vmar_map(root, MX_VM_PERM_EXECUTE, 0, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "EXECUTE without READ");
	is_int(mx_vmar_map(root, RW | MX_VM_PERM_EXECUTE, 0, vmo, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "WRITE and EXECUTE");
	is_int(mx_vmar_map(root, RW | MX_VM_CAN_MAP_READ, 0, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "an option of allocate");
	is_int(mx_vmar_map(root, RW | 1u << 30, 0, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_vmar_map(root, RW, 0, vmo, 0, 0, &b), MX_ERR_INVALID_ARGS, "length 0");
	is_int(mx_vmar_map(root, RW, 0, vmo, 0, UINT64_MAX, &b), MX_ERR_INVALID_ARGS, "a length that wraps");
	is_int(mx_vmar_map(root, RW, 0, vmo, 1, PAGE, &b), MX_ERR_INVALID_ARGS, "an unaligned VMO offset");
	is_int(mx_vmar_map(root, RW, 0, vmo, UINT64_MAX - PAGE + 1, PAGE, &b), MX_ERR_INVALID_ARGS, "a VMO offset that wraps");
	is_int(mx_vmar_map(root, RW, PAGE, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "an offset without SPECIFIC");
	is_int(mx_vmar_map(root, RW | MX_VM_SPECIFIC, 1, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "an unaligned offset");
	is_int(mx_vmar_map(root, RW | MX_VM_SPECIFIC, info.len, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "an offset outside");
	is_int(mx_vmar_map(root, RW | MX_VM_SPECIFIC, 0ull - PAGE, vmo, 0, 2 * PAGE, &b), MX_ERR_INVALID_ARGS, "an offset that wraps");
	is_int(mx_vmar_map(root, RW, 0, vmo, 0, PAGE, BAD), MX_ERR_INVALID_ARGS, "a bad address for the address");
	is_int(mx_vmar_map(root + (1u << 28), RW, 0, vmo, 0, PAGE, &b), MX_ERR_BAD_HANDLE, "a bad region");
	is_int(mx_vmar_map(root, RW, 0, vmo + (1u << 18), 0, PAGE, &b), MX_ERR_BAD_HANDLE, "a bad VMO");
	mx_event_create(0, &e);
	is_int(mx_vmar_map(e, RW, 0, vmo, 0, PAGE, &b), MX_ERR_WRONG_TYPE, "an event as region");
	is_int(mx_vmar_map(root, RW, 0, e, 0, PAGE, &b), MX_ERR_WRONG_TYPE, "an event as VMO");
	is_int(mx_vmar_unmap(e, a, PAGE), MX_ERR_WRONG_TYPE, "unmap by an event");
	is_int(mx_vmar_protect(e, RW, a, PAGE), MX_ERR_WRONG_TYPE, "protect by an event");
	is_int(mx_vmar_destroy(e), MX_ERR_WRONG_TYPE, "destroy of an event");
	is_int(mx_vmar_allocate(e, 0, 0, PAGE, &h, &b), MX_ERR_WRONG_TYPE, "allocate in an event");
	mx_handle_close(e);

	w = without(vmo, MX_RIGHT_MAP);
	is_int(mx_vmar_map(root, RW, 0, w, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "a VMO without MAP");
	mx_handle_close(w);
	w = without(vmo, MX_RIGHT_WRITE);
	is_int(mx_vmar_map(root, RW, 0, w, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "a VMO without WRITE");
	is_int(mx_vmar_map(root, MX_VM_PERM_READ, 0, w, 0, PAGE, &b), MX_OK, "read-only it goes");
	mx_handle_close(w);
	is_int(mx_vmar_protect(root, RW, b, PAGE), MX_ERR_ACCESS_DENIED, "and stays, after the handle is closed");
	fails(mprotect((void *)b, PAGE, PROT_READ | PROT_WRITE), EACCES, "by mprotect too");
	mx_vmar_unmap(root, b, PAGE);
	w = without(vmo, MX_RIGHT_READ);
	is_int(mx_vmar_map(root, MX_VM_PERM_READ, 0, w, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "a VMO without READ");
	mx_handle_close(w);
	is_int(mx_vmar_map(root, MX_VM_PERM_READ | MX_VM_PERM_EXECUTE, 0, vmo, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "a VMO without EXECUTE");
	w = without(root, MX_RIGHT_WRITE);
	is_int(mx_vmar_map(w, RW, 0, vmo, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "a region without WRITE");
	is_int(mx_vmar_map(w, MX_VM_PERM_READ, 0, vmo, 0, PAGE, &b), MX_OK, "read-only through it");
	is_int(mx_vmar_protect(w, RW, b, PAGE), MX_ERR_ACCESS_DENIED, "protect needs the right");
	is_int(mx_vmar_protect(root, RW, b, PAGE), MX_ERR_ACCESS_DENIED, "and what the mapping remembers");
	mx_vmar_unmap(w, b, PAGE);
	mx_handle_close(w);
	{
		int fd = open("/bin/sh", O_RDONLY);
		char c[4];

		read(fd, c, 4);
		is_int(mx_vmar_map(root, MX_VM_PERM_READ, 0, mx_fd_handle(fd), 0, PAGE, &b), MX_OK, "an open file");
		ok(memcmp((char *)b, c, 4) == 0, "is mapped like a VMO");
		is_int(mx_vmar_map(root, RW, 0, mx_fd_handle(fd), 0, PAGE, &fixed), MX_ERR_ACCESS_DENIED, "by its rights");
		mx_vmar_unmap(root, b, PAGE);
		close(fd);
	}
	mx_vmar_unmap(root, a, 2 * PAGE);
}

static void
protecting(void)
{
	mx_vaddr_t a;
	char *m;

	mx_vmar_map(root, RW, 0, vmo, 0, 3 * PAGE, &a);
	m = (char *)a;
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, a + PAGE, PAGE), MX_OK, "protect the middle");
	m[0] = 1;
	is_int(touch(m + PAGE, 1), SIGSEGV, "only the middle");
	is_int(touch(m + 2 * PAGE - PAGE + 1, 0), 0, "is read");
	is_int(mx_vmar_protect(root, 0, a, 2 * PAGE), MX_OK, "take all from two pages");
	is_int(touch(m, 0), SIGSEGV, "gone");
	is_int(mx_vmar_protect(root, RW, a, 2 * PAGE), MX_OK, "and given back");
	m[PAGE] = 2;
	mx_vmar_unmap(root, a + PAGE, PAGE);
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, a, 3 * PAGE), MX_ERR_NOT_FOUND, "over a gap");
	m[0] = 3;
	ok(m[0] == 3, "changes nothing");
	is_int(mx_vmar_protect(root, MX_VM_PERM_WRITE, a, PAGE), MX_ERR_INVALID_ARGS, "WRITE without READ");
	is_int(mx_vmar_protect(root, RW | MX_VM_PERM_EXECUTE, a, PAGE), MX_ERR_ACCESS_DENIED, "WRITE and EXECUTE");
	is_int(mx_vmar_protect(root, MX_VM_SPECIFIC, a, PAGE), MX_ERR_INVALID_ARGS, "an option that is none");
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, a + 1, PAGE), MX_ERR_INVALID_ARGS, "unaligned");
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, a, 0), MX_ERR_INVALID_ARGS, "length 0");
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, a, UINT64_MAX), MX_ERR_INVALID_ARGS, "a length that wraps");
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, a, 0ull - a), MX_ERR_INVALID_ARGS, "beyond the end");
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, 0, PAGE), MX_ERR_INVALID_ARGS, "before the start");
	is_int(mx_vmar_unmap(root, a + 1, PAGE), MX_ERR_INVALID_ARGS, "unmap unaligned");
	is_int(mx_vmar_unmap(root, a, 0), MX_ERR_INVALID_ARGS, "unmap nothing");
	is_int(mx_vmar_unmap(root, a, UINT64_MAX), MX_ERR_INVALID_ARGS, "unmap too much");
	is_int(mx_vmar_unmap(root, 0, PAGE), MX_ERR_INVALID_ARGS, "unmap below");
	is_int(mx_vmar_unmap(root, a, 3 * PAGE), MX_OK, "unmap over a gap");
}

static void
regions(void)
{
	mx_vaddr_t base = 0, sub = 0, a = 0, b;
	mx_handle_t r = region(MIB, CAN_RW, &base), s = 0, h = 0, w;
	mx_info_handle_basic_t basic;
	mx_info_vmar_t info;
	char *m;

	is_int(mx_object_get_info(r, MX_INFO_VMAR, &info, sizeof(info), NULL, NULL), MX_OK, "INFO_VMAR");
	ok(info.base == base && info.len == MIB, "what was allocated");
	mx_object_get_info(r, MX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL);
	is_int(basic.rights, MX_RIGHT_DUPLICATE | MX_RIGHT_TRANSFER | MX_RIGHT_INSPECT | MX_RIGHT_READ | MX_RIGHT_WRITE, "its rights");
	is_int(mx_vmar_map(r, RW, 0, vmo, 0, PAGE, &a), MX_OK, "map in it");
	ok(a >= base && a + PAGE <= base + MIB, "inside");
	*(char *)a = 'r';
	is_int(mx_vmar_map(r, RW | MX_VM_SPECIFIC, MIB - PAGE, vmo, 0, 2 * PAGE, &b), MX_ERR_INVALID_ARGS, "across its end");
	is_int(mx_vmar_map(r, RW, 0, vmo, 0, MIB, &b), MX_ERR_NO_MEMORY, "no room");
	is_int(mx_vmar_map(r, RW, 0, vmo, 0, MIB + 1, &b), MX_ERR_INVALID_ARGS, "larger than it");
	is_int(mx_vmar_map(r, MX_VM_PERM_READ | MX_VM_PERM_EXECUTE, 0, vmo, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "EXECUTE where the region has none");
	mx_vmar_unmap(r, a, PAGE);

	is_int(mx_vmar_allocate(r, MX_VM_SPECIFIC | MX_VM_CAN_MAP_READ, 16 * PAGE, 16 * PAGE, &s, &sub), MX_OK, "a region in it");
	ok(sub == base + 16 * PAGE, "at its place");
	is_int(mx_vmar_allocate(r, MX_VM_SPECIFIC, 31 * PAGE, PAGE, &h, &b), MX_ERR_ALREADY_EXISTS, "one over it");
	is_int(mx_vmar_map(r, RW | MX_VM_SPECIFIC, 31 * PAGE, vmo, 0, PAGE, &b), MX_ERR_ALREADY_EXISTS, "a mapping over it");
	is_int(mx_vmar_map(r, RW | MX_VM_SPECIFIC_OVERWRITE, 31 * PAGE, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "an overwriting one");
	is_int(mx_vmar_map(root, RW | MX_VM_SPECIFIC_OVERWRITE, sub - 0x10000, vmo, 0, PAGE, &b), MX_ERR_INVALID_ARGS, "and by the root");
	is_int(mx_vmar_map(s, MX_VM_PERM_READ, 0, vmo, 0, PAGE, &a), MX_OK, "map in the inner one");
	is_int(mx_vmar_map(s, RW, 0, vmo, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "no more than it can");
	is_int(mx_vmar_map(s, MX_VM_PERM_READ | MX_VM_SPECIFIC, 0, vmo, 0, PAGE, &b), MX_ERR_ACCESS_DENIED, "nor where it likes");
	is_int(mx_vmar_allocate(s, MX_VM_SPECIFIC, 0, PAGE, &h, &b), MX_ERR_ACCESS_DENIED, "nor a region");
	is_int(mx_vmar_allocate(s, MX_VM_CAN_MAP_WRITE, 0, PAGE, &h, &b), MX_ERR_ACCESS_DENIED, "nor one that can more");
	is_int(mx_vmar_protect(s, RW, a, PAGE), MX_ERR_ACCESS_DENIED, "nor protect");
	is_int(mx_vmar_protect(r, MX_VM_PERM_READ, a, PAGE), MX_ERR_INVALID_ARGS, "the outer one does not protect in the inner");
	is_int(mx_vmar_protect(root, MX_VM_PERM_READ, a, PAGE), MX_ERR_INVALID_ARGS, "nor does the root");
	fails(mprotect((void *)a, PAGE, PROT_READ), EINVAL, "nor mprotect");
	is_int(mx_vmar_unmap(r, a, PAGE), MX_ERR_INVALID_ARGS, "nor unmap a part");
	fails(munmap((void *)a, PAGE), EINVAL, "nor munmap");
	ok(mmap((void *)a, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL, "nor mmap");
	ok(mmap((void *)a, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST,
	    "or it says that something is there");
	m = mmap((void *)(sub + 8 * PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	ok(m != MAP_FAILED && ((mx_vaddr_t)m < base || (mx_vaddr_t)m >= base + MIB), "a hint into a region is not taken");
	munmap(m, PAGE);
	is_int(touch((char *)a, 0), 0, "all is as it was");
	is_int(mx_vmar_unmap(r, sub, 16 * PAGE), MX_OK, "unmap of all of it");
	is_int(touch((char *)a, 0), SIGSEGV, "took the mapping");
	is_int(mx_vmar_map(s, MX_VM_PERM_READ, 0, vmo, 0, PAGE, &b), MX_ERR_BAD_STATE, "and the region");
	is_int(mx_vmar_unmap(s, sub, PAGE), MX_ERR_BAD_STATE, "unmap in a dead region");
	is_int(mx_vmar_protect(s, MX_VM_PERM_READ, sub, PAGE), MX_ERR_BAD_STATE, "protect");
	is_int(mx_vmar_allocate(s, 0, 0, PAGE, &h, &b), MX_ERR_BAD_STATE, "allocate");
	is_int(mx_vmar_destroy(s), MX_ERR_BAD_STATE, "destroy");
	is_int(mx_object_get_info(s, MX_INFO_VMAR, &info, sizeof(info), NULL, NULL), MX_ERR_BAD_STATE, "INFO_VMAR");
	mx_handle_close(s);

	is_int(mx_vmar_allocate(r, CAN_RW, 0, 64 * PAGE, &s, &sub), MX_OK, "another");
	is_int(mx_vmar_allocate(s, CAN_RW, 0, 32 * PAGE, &h, &b), MX_OK, "and one in it");
	is_int(mx_vmar_map(h, RW, 0, vmo, 0, PAGE, &a), MX_OK, "with a mapping");
	w = without(r, MX_RIGHT_WRITE);
	is_int(mx_vmar_allocate(w, MX_VM_CAN_MAP_WRITE, 0, PAGE, &s, &b), MX_ERR_ACCESS_DENIED, "CAN_MAP_WRITE without WRITE");
	mx_handle_close(w);
	is_int(mx_vmar_destroy(r), MX_OK, "destroy");
	is_int(touch((char *)a, 0), SIGSEGV, "all below is gone");
	is_int(mx_vmar_map(h, RW, 0, vmo, 0, PAGE, &a), MX_ERR_BAD_STATE, "and dead");
	mx_handle_close(h), mx_handle_close(s), mx_handle_close(r);

	is_int(mx_vmar_allocate(root, 0, 0, 0, &h, &b), MX_ERR_INVALID_ARGS, "size 0");
	is_int(mx_vmar_allocate(root, 0, 0, 100, &h, &b), MX_ERR_INVALID_ARGS, "an unaligned size");
	is_int(mx_vmar_allocate(root, 0, 0, UINT64_MAX - PAGE + 1, &h, &b), MX_ERR_INVALID_ARGS, "too large");
	is_int(mx_vmar_allocate(root, 0, PAGE, PAGE, &h, &b), MX_ERR_INVALID_ARGS, "an offset without SPECIFIC");
	is_int(mx_vmar_allocate(root, MX_VM_SPECIFIC, 1, PAGE, &h, &b), MX_ERR_INVALID_ARGS, "an unaligned offset");
	is_int(mx_vmar_allocate(root, MX_VM_SPECIFIC, 0ull - PAGE, 2 * PAGE, &h, &b), MX_ERR_INVALID_ARGS, "an offset that wraps");
	is_int(mx_vmar_allocate(root, MX_VM_PERM_READ, 0, PAGE, &h, &b), MX_ERR_INVALID_ARGS, "a permission");
	is_int(mx_vmar_allocate(root, 1u << 31, 0, PAGE, &h, &b), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_vmar_allocate(root, 0, 0, PAGE, BAD, &b), MX_ERR_INVALID_ARGS, "a bad address for the handle");
	is_int(mx_vmar_allocate(root, 0, 0, PAGE, &h, BAD), MX_ERR_INVALID_ARGS, "a bad address for the address");
	is_int(mx_vmar_allocate(root, MX_VM_SPECIFIC, (mx_vaddr_t)&h / PAGE * PAGE - 0x10000, PAGE, &h, &b), MX_ERR_ALREADY_EXISTS, "over the stack");
	is_int(mx_vmar_allocate(root + (1u << 28), 0, 0, PAGE, &h, &b), MX_ERR_BAD_HANDLE, "a bad handle");
}

/* Mappings of one VMO side by side stay two when a border is between them. */
static void
borders(void)
{
	mx_vaddr_t base, inner, a, b;
	mx_handle_t r = region(16 * PAGE, CAN_RW, &base), s;

	mx_vmar_allocate(r, MX_VM_SPECIFIC | CAN_RW, 4 * PAGE, 4 * PAGE, &s, &inner);
	is_int(mx_vmar_map(r, MX_VM_PERM_READ | MX_VM_SPECIFIC, 3 * PAGE, vmo, 0, PAGE, &a), MX_OK, "up to a border");
	is_int(mx_vmar_map(s, RW | MX_VM_SPECIFIC, 0, vmo, PAGE, PAGE, &b), MX_OK, "and from it on");
	is_int(mx_vmar_protect(r, RW, a, PAGE), MX_OK, "now they are alike");
	is_int(mx_vmar_destroy(s), MX_OK, "one region ends");
	ok(touch((char *)a, 1) == 0 && touch((char *)b, 0) == SIGSEGV, "and takes only its own");
	is_int(munmap((void *)base, 16 * PAGE), 0, "munmap of all of a region");
	is_int(mx_vmar_destroy(r), MX_ERR_BAD_STATE, "destroys it");
	mx_handle_close(r), mx_handle_close(s);
}

/* Regions of many kinds fill a region; the sum is what was asked for. */
static void
filling(void)
{
	mx_vaddr_t base, a;
	mx_handle_t r = region(64 * PAGE, CAN_RW, &base), h[8];
	int n = 0;

	for (int i = 0; i < 8; i++)
		if (mx_vmar_allocate(r, CAN_RW | MX_VM_COMPACT, 0, 4 * PAGE, &h[i], &a) != MX_OK || a < base || a + 4 * PAGE > base + 64 * PAGE)
			n++;
	is_int(n, 0, "eight regions");
	for (n = 0; mx_vmar_map(r, RW, 0, vmo, 0, PAGE, &a) == MX_OK; n++)
		*(char *)a = (char)n;
	is_int(n, 32, "and a mapping on each page that is left");
	is_int(mx_vmar_destroy(h[3]), MX_OK, "one region goes");
	for (n = 0; mx_vmar_map(r, RW, 0, vmo, 0, PAGE, &a) == MX_OK; n++)
		;
	is_int(n, 4, "and its pages can be had");
	for (int i = 0; i < 8; i++)
		mx_handle_close(h[i]);
	mx_vmar_destroy(r);
	mx_handle_close(r);
	for (n = 0; mx_vmar_allocate(root, MX_VM_COMPACT, 0, PAGE, &r, &a) == MX_OK && n < 10000; n++)
		mx_handle_close(r);
	ok(n > 1000 && n < 10000, "the number of regions has a limit");
	if (fork() == 0) {
		/* None of them is the child's. */
		_exit(mmap((void *)a, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED_NOREPLACE, -1, 0) == (void *)a ? 0 : 1);
	}
	{
		int status;

		wait(&status);
		is_int(status, 0, "a child begins without regions");
	}
}

static void
inheritance(void)
{
	mx_vaddr_t base, a;
	mx_handle_t r = region(MIB, CAN_RW, &base), rr = 0;
	char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	int status;

	mx_vmar_map(r, RW, 0, vmo, 0, PAGE, &a);
	*(char *)a = 1;
	*private = 1;
	mx_handle_duplicate(root, MX_RIGHT_SAME_RIGHTS, &rr);
	if (fork() == 0) {
		mx_vaddr_t b;

		*(char *)a = 2;
		*private = 2;
		if (mx_vmar_map(r, RW, 0, vmo, 0, PAGE, &b) != MX_ERR_BAD_HANDLE || mx_vmar_destroy(rr) != MX_ERR_BAD_HANDLE)
			_exit(1);
		/* The pseudo-handle is the child's own. */
		if (mx_vmar_map(mx_vmar_root_self(), RW, 0, vmo, 0, PAGE, &b) != MX_OK || *(char *)b != 2)
			_exit(2);
		_exit(0);
	}
	wait(&status);
	is_int(status, 0, "the child has no handle of the parent's regions");
	is_int(*(char *)a, 2, "a vmar_map mapping is inherited shared");
	is_int(*private, 1, "a private one is not");
	mx_handle_close(rr);
	mx_vmar_destroy(r);
	mx_handle_close(r);
	munmap(private, PAGE);
}

/* What INFO topics of a process say about its memory. */
static void
information(void)
{
	enum { N = 200 };
	static mx_info_maps_t maps[N];
	static mx_info_vmo_t vmos[N];
	mx_info_task_stats_t before, after;
	mx_handle_t p = mx_process_self(), r, weak = 0, named;
	mx_info_handle_basic_t b;
	mx_vaddr_t base, a;
	size_t actual = 0, avail = 0;
	int ordered = 1, found = 0, kinds = 0, in = 0;

	is_int(mx_object_get_info(p, MX_INFO_TASK_STATS, &before, sizeof(before), NULL, NULL), MX_OK, "TASK_STATS");
	mx_vmo_create(4 * PAGE, 0, &named);
	mx_object_set_property(named, MX_PROP_NAME, "jar", 4);
	mx_object_get_info(named, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	r = region(MIB, CAN_RW, &base);
	mx_vmar_map(r, RW, 0, named, PAGE, 3 * PAGE, &a);
	((char *)a)[PAGE] = 1;
	is_int(mx_object_get_info(p, MX_INFO_TASK_STATS, &after, sizeof(after), NULL, NULL), MX_OK, "again");
	ok(after.mem_mapped_bytes == before.mem_mapped_bytes + 3 * PAGE && after.mem_shared_bytes == before.mem_shared_bytes + PAGE &&
	    after.mem_private_bytes > 0, "says what came");
	is_int(mx_object_get_info(p, MX_INFO_PROCESS_MAPS, maps, sizeof(maps), &actual, &avail), MX_OK, "PROCESS_MAPS");
	ok(actual == avail && actual > 8 && actual < N, "all of them");
	for (size_t i = 0; i < actual; i++) {
		mx_info_maps_t *m = &maps[i];

		if (i > 0 && m->type == MX_INFO_MAPS_TYPE_MAPPING && maps[i - 1].type == m->type &&
		    m->base < maps[i - 1].base + maps[i - 1].size)
			ordered = 0;
		if (m->type == MX_INFO_MAPS_TYPE_VMAR && m->base == base && m->size == MIB && m->depth == 2)
			in = 1;
		if (m->base == a && m->size == 3 * PAGE && m->depth == 3 && in)
			found = m->u.mapping.vmo_koid == b.koid && m->u.mapping.vmo_offset == PAGE && m->u.mapping.committed_pages == 1 &&
			    m->u.mapping.mmu_flags == RW && strcmp(m->name, "jar") == 0;
		kinds |= 1 << m->type;
	}
	ok(ordered && kinds == 0xe && maps[0].depth == 0, "by address, of all three kinds");
	ok(found, "the region and the mapping in it are there");
	is_int(mx_object_get_info(p, MX_INFO_PROCESS_MAPS, maps, 2 * sizeof(maps[0]), &actual, &avail), MX_OK, "with little room");
	ok(actual == 2 && avail > 8, "as many as fit");
	is_int(mx_object_get_info(p, MX_INFO_PROCESS_VMOS, vmos, sizeof(vmos), &actual, &avail), MX_OK, "PROCESS_VMOS");
	found = 0;
	for (size_t i = 0; i < actual; i++)
		if (vmos[i].koid == b.koid)
			found |= vmos[i].flags & 0x18;
	is_int(found, 0x18, "by mapping and by handle");
	mx_handle_duplicate(p, MX_RIGHT_INSPECT, &weak);
	is_int(mx_object_get_info(weak, MX_INFO_PROCESS_MAPS, maps, sizeof(maps), NULL, NULL), MX_ERR_ACCESS_DENIED, "MAPS without READ");
	is_int(mx_object_get_info(weak, MX_INFO_TASK_STATS, &after, sizeof(after), NULL, NULL), MX_OK, "TASK_STATS without READ");
	mx_handle_close(weak);
	mx_vmar_destroy(r);
	mx_handle_close(r);
	mx_handle_close(named);
}

/* exec: the handles to the old program's regions are of no use to the new one. */
static int
after_exec(const char *number)
{
	mx_handle_t h = (mx_handle_t)strtoul(number, NULL, 10);
	mx_info_vmar_t i;

	return mx_object_get_info(h, MX_INFO_VMAR, &i, sizeof(i), NULL, NULL) == MX_ERR_BAD_STATE &&
	    mx_vmar_destroy(h) == MX_ERR_BAD_STATE ? 0 : 1;
}

static void
exec(void)
{
	int status;

	if (fork() == 0) {
		mx_handle_t h = 0;
		char number[16];

		mx_handle_duplicate(mx_vmar_root_self(), MX_RIGHT_SAME_RIGHTS, &h);
		fcntl(mx_handle_fd(h), F_SETFD, 0);
		snprintf(number, sizeof(number), "%u", h);
		execl(self, self, number, NULL);
		_exit(99);
	}
	wait(&status);
	is_int(status, 0, "a root handle that goes through exec is BAD_STATE");
}

static void
suicide(void)
{
	int status;

	if (fork() == 0) {
		mx_vmar_destroy(mx_vmar_root_self());
		_exit(0);
	}
	wait(&status);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "who destroys his root dies of it");
}

/* Many operations at random; the kernel's own checks and a word in each page say whether all is well. */
static void
disorder(void)
{
	enum { N = 24, ROUNDS = 4000 };
	struct { mx_handle_t h; mx_vaddr_t base, map; size_t size; } r[N] = { { 0 } };
	mx_vaddr_t base, a;
	mx_handle_t top = region(4 * MIB, CAN_RW, &base);
	uint32_t x = 88172645;
	int bad = 0;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned k, k2;

		x ^= x << 13, x ^= x >> 17, x ^= x << 5;
		k = x % N, k2 = x / N % N;
		if (r[k].h == 0) {
			mx_handle_t parent = k2 < k && r[k2].h != 0 ? r[k2].h : top;

			r[k].size = (x >> 8) % 64 * PAGE + PAGE;
			if (mx_vmar_allocate(parent, CAN_RW | (x & MX_VM_COMPACT), 0, r[k].size, &r[k].h, &r[k].base) != MX_OK)
				r[k].h = 0;
			r[k].map = 0;
		} else if (x & 1u << 20) {
			mx_status_t s = mx_vmar_map(r[k].h, RW, 0, vmo, 0, PAGE, &a);

			if (s == MX_OK && (a < r[k].base || a >= r[k].base + r[k].size))
				bad++;
			if (s == MX_OK)
				*(volatile char *)a = 1;
		} else {
			mx_status_t s = mx_vmar_destroy(r[k].h);

			bad += s != MX_OK && s != MX_ERR_BAD_STATE;
			mx_handle_close(r[k].h);
			r[k].h = 0;
		}
	}
	for (int k = 0; k < N; k++)
		if (r[k].h != 0)
			mx_handle_close(r[k].h);
	is_int(mx_vmar_unmap(root, base, 4 * MIB), MX_OK, "all go at once");
	is_int(mx_vmar_destroy(top), MX_ERR_BAD_STATE, "with the one they were in");
	mx_handle_close(top);
	is_int(bad, 0, "random regions and mappings");
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return after_exec(argv[1]);
	self = argv[0];
	root = mx_vmar_root_self();
	mx_vmo_create(2 * PAGE, 0, &vmo);
	mapping();
	protecting();
	regions();
	borders();
	inheritance();
	information();
	exec();
	suicide();
	disorder();
	filling();
	return tap_done();
}
