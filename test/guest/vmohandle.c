/* VMO handles: every call, error and right; snapshots; a VMO as a file and as shared memory. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include <abi/vmo.h>
#include "handle.h"
#include "tap.h"

#define PAGE	4096u
#define BAD	((void *)0x10)
#define HUGE	(1ull << 47)

static char buf[4 * PAGE], back[4 * PAGE];

static mx_handle_t
make(uint64_t size, uint32_t options)
{
	mx_handle_t h = MX_HANDLE_INVALID;

	is_int(mx_vmo_create(size, options, &h), MX_OK, "vmo_create");
	return h;
}

static int
byte_at(mx_handle_t h, uint64_t off)
{
	unsigned char c = 0xee;

	return mx_vmo_read(h, &c, off, 1) == MX_OK ? c : -1;
}

static mx_status_t
put(mx_handle_t h, uint64_t off, char c)
{
	return mx_vmo_write(h, &c, off, 1);
}

static void
creation(void)
{
	mx_info_handle_basic_t b;
	mx_handle_t h = 0, e;
	uint64_t size = 0;

	is_int(mx_vmo_create(1, 0, &h), MX_OK, "create of one byte");
	is_int(mx_vmo_get_size(h, &size), MX_OK, "get_size");
	is_int((long)size, PAGE, "is rounded up to a page");
	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	ok(b.type == MX_OBJ_TYPE_VMO && b.related_koid == 0, "its type");
	is_int(b.rights, MX_RIGHTS_BASIC | MX_RIGHTS_IO | MX_RIGHTS_PROPERTY | MX_RIGHT_MAP | MX_RIGHT_SIGNAL, "its rights");
	mx_handle_close(h);
	h = make(PAGE, MX_VMO_RESIZABLE);
	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	ok((b.rights & MX_RIGHT_RESIZE) != 0, "RESIZE of a resizable one");
	mx_handle_close(h);
	h = make(0, 0);
	is_int(mx_vmo_get_size(h, &size), MX_OK, "an empty one");
	is_int((long)size, 0, "has size 0");
	is_int(mx_vmo_get_size(h, BAD), MX_ERR_INVALID_ARGS, "get_size to a bad address");
	is_int(mx_vmo_get_size(h + (1u << 18), &size), MX_ERR_BAD_HANDLE, "get_size of a bad handle");
	mx_event_create(0, &e);
	is_int(mx_vmo_get_size(e, &size), MX_ERR_WRONG_TYPE, "get_size of an event");
	is_int(mx_vmo_set_size(e, 0), MX_ERR_WRONG_TYPE, "set_size of an event");
	is_int(mx_vmo_read(e, buf, 0, 1), MX_ERR_WRONG_TYPE, "read of an event");
	is_int(mx_vmo_write(e, buf, 0, 1), MX_ERR_WRONG_TYPE, "write of an event");
	is_int(mx_vmo_op_range(e, MX_VMO_OP_COMMIT, 0, 0, NULL, 0), MX_ERR_WRONG_TYPE, "op_range of an event");
	is_int(mx_vmo_create_child(e, 1, 0, 0, &h), MX_ERR_WRONG_TYPE, "create_child of an event");
	mx_handle_close(e);
	mx_handle_close(h);
	is_int(mx_vmo_create(PAGE, 1, &h), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_vmo_create(PAGE, 0x80000000u, &h), MX_ERR_INVALID_ARGS, "another");
	is_int(mx_vmo_create(PAGE, 0, BAD), MX_ERR_INVALID_ARGS, "a bad address for the handle");
	is_int(mx_vmo_create(HUGE + 1, 0, &h), MX_ERR_OUT_OF_RANGE, "too large");
	is_int(mx_vmo_create(UINT64_MAX, 0, &h), MX_ERR_OUT_OF_RANGE, "much too large");
	h = make(HUGE, 0);
	is_int(put(h, HUGE - 1, 'x'), MX_OK, "the last byte of the largest");
	is_int(byte_at(h, HUGE - 1), 'x', "is kept");
	is_int(byte_at(h, HUGE / 2), 0, "the rest is zeros");
	mx_handle_close(h);
}

static void
moving(void)
{
	mx_handle_t h = make(3 * PAGE, 0), w;

	for (unsigned i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 251);
	memset(back, 1, sizeof(back));
	is_int(mx_vmo_read(h, back, 0, 3 * PAGE), MX_OK, "read of what was never written");
	ok(back[0] == 0 && back[PAGE] == 0 && back[3 * PAGE - 1] == 0 && back[3 * PAGE] == 1, "is zeros");
	is_int(mx_vmo_write(h, buf, 100, 2 * PAGE), MX_OK, "write across pages");
	is_int(mx_vmo_read(h, back, 100, 2 * PAGE), MX_OK, "read back");
	ok(memcmp(buf, back, 2 * PAGE) == 0, "the same bytes");
	is_int(mx_vmo_read(h, back, 3 * PAGE - 1, 1), MX_OK, "the last byte");
	is_int(mx_vmo_read(h, back, 3 * PAGE - 1, 2), MX_ERR_OUT_OF_RANGE, "one more");
	is_int(mx_vmo_write(h, back, 3 * PAGE - 1, 2), MX_ERR_OUT_OF_RANGE, "is not written either");
	is_int(mx_vmo_read(h, back, 3 * PAGE, 0), MX_OK, "nothing at the end");
	is_int(mx_vmo_write(h, back, 3 * PAGE, 0), MX_OK, "nothing is written there");
	is_int(mx_vmo_read(h, back, 3 * PAGE + 1, 0), MX_ERR_OUT_OF_RANGE, "nothing behind it");
	is_int(mx_vmo_read(h, back, UINT64_MAX, 2), MX_ERR_OUT_OF_RANGE, "an offset that wraps");
	is_int(mx_vmo_write(h, back, 1, UINT64_MAX), MX_ERR_OUT_OF_RANGE, "a length that wraps");
	is_int(mx_vmo_read(h, BAD, 0, 8), MX_ERR_INVALID_ARGS, "read to a bad address");
	is_int(mx_vmo_write(h, BAD, 0, 8), MX_ERR_INVALID_ARGS, "write from a bad address");
	w = without(h, MX_RIGHT_READ);
	is_int(mx_vmo_read(w, back, 0, 1), MX_ERR_ACCESS_DENIED, "read without READ");
	is_int(mx_vmo_write(w, back, 0, 1), MX_OK, "write without READ");
	mx_handle_close(w);
	w = without(h, MX_RIGHT_WRITE);
	is_int(mx_vmo_write(w, back, 0, 1), MX_ERR_ACCESS_DENIED, "write without WRITE");
	is_int(mx_vmo_read(w, back, 0, 1), MX_OK, "read without WRITE");
	mx_handle_close(w);
	mx_handle_close(h);
	is_int(mx_vmo_read(h, back, 0, 1), MX_ERR_BAD_HANDLE, "a closed handle");
}

static void
sizes(void)
{
	mx_handle_t h = make(2 * PAGE, MX_VMO_RESIZABLE), w, fixed = make(PAGE, 0);
	uint64_t size;
	char *m;

	is_int(mx_vmo_set_size(fixed, 0), MX_ERR_UNAVAILABLE, "set_size of a fixed one");
	w = without(fixed, MX_RIGHT_WRITE);
	is_int(mx_vmo_set_size(w, 0), MX_ERR_ACCESS_DENIED, "and without WRITE");
	mx_handle_close(w);
	w = without(h, MX_RIGHT_WRITE);
	is_int(mx_vmo_set_size(w, 0), MX_ERR_ACCESS_DENIED, "set_size without WRITE");
	mx_handle_close(w);
	w = without(h, MX_RIGHT_RESIZE);
	is_int(mx_vmo_set_size(w, 0), MX_ERR_ACCESS_DENIED, "set_size without RESIZE");
	fails(ftruncate(mx_handle_fd(w), 0), EINVAL, "ftruncate without RESIZE");
	mx_handle_close(w);
	put(h, PAGE + 5, 'a');
	is_int(mx_vmo_set_size(h, PAGE), MX_OK, "shrink");
	is_int(mx_vmo_read(h, back, PAGE, 1), MX_ERR_OUT_OF_RANGE, "what is gone cannot be read");
	is_int(mx_vmo_set_size(h, 3 * PAGE - 7), MX_OK, "grow");
	mx_vmo_get_size(h, &size);
	is_int((long)size, 3 * PAGE, "rounded");
	is_int(byte_at(h, PAGE + 5), 0, "and what comes is zeros");
	is_int(mx_vmo_set_size(h, HUGE + 1), MX_ERR_OUT_OF_RANGE, "too large");
	is_int(mx_vmo_set_size(h, UINT64_MAX), MX_ERR_OUT_OF_RANGE, "much too large");
	is_int(mx_vmo_set_size(h + (1u << 18), 0), MX_ERR_BAD_HANDLE, "a bad handle");
	m = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mx_handle_fd(h), 0);
	m[2 * PAGE] = 'q';
	is_int(byte_at(h, 2 * PAGE), 'q', "a mapping writes into it");
	mx_vmo_set_size(h, PAGE);
	if (fork() == 0) {
		m[2 * PAGE] = 1;
		_exit(0);
	}
	{
		int status;

		wait(&status);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "beyond the end: SIGBUS");
	}
	munmap(m, 3 * PAGE);
	fails(ftruncate(mx_handle_fd(fixed), 0), EINVAL, "ftruncate of a fixed one");
	is_int(ftruncate(mx_handle_fd(h), 4 * PAGE), 0, "ftruncate");
	mx_vmo_get_size(h, &size);
	is_int((long)size, 4 * PAGE, "works");
	fails(ftruncate(mx_handle_fd(h), -1), EINVAL, "to less than nothing");
	fails(ftruncate(mx_handle_fd(h), INT64_MAX), EFBIG, "to too much");
	mx_handle_close(h);
	mx_handle_close(fixed);
}

static uint64_t
committed(mx_handle_t h)
{
	mx_info_vmo_t i = { 0 };

	return mx_object_get_info(h, MX_INFO_VMO, &i, sizeof(i), NULL, NULL) == MX_OK ? i.committed_bytes : 77;
}

static void
ranges(void)
{
	static const uint32_t write_ops[] = { MX_VMO_OP_COMMIT, MX_VMO_OP_DECOMMIT, MX_VMO_OP_ZERO };
	mx_handle_t h = make(8 * PAGE, 0), w;

	is_int((long)committed(h), 0, "nothing is committed at first");
	is_int(mx_vmo_op_range(h, MX_VMO_OP_COMMIT, PAGE + 1, PAGE, NULL, 0), MX_OK, "COMMIT of a part of two pages");
	is_int((long)committed(h), 2 * PAGE, "commits both");
	put(h, PAGE, 'a'), put(h, 2 * PAGE, 'b'), put(h, 3 * PAGE, 'c');
	is_int(mx_vmo_op_range(h, MX_VMO_OP_ZERO, PAGE + 1, 2 * PAGE - 1, NULL, 0), MX_OK, "ZERO of a range");
	ok(byte_at(h, PAGE) == 'a' && byte_at(h, 2 * PAGE) == 0 && byte_at(h, 3 * PAGE) == 'c', "and of no byte beside it");
	is_int(mx_vmo_op_range(h, MX_VMO_OP_DECOMMIT, PAGE, 3 * PAGE, NULL, 0), MX_OK, "DECOMMIT");
	ok(committed(h) == 0 && byte_at(h, PAGE) == 0 && byte_at(h, 3 * PAGE) == 0, "leaves zeros and no page");
	is_int(mx_vmo_op_range(h, MX_VMO_OP_CACHE_SYNC, 0, 8 * PAGE, NULL, 0), MX_OK, "CACHE_SYNC");
	is_int(mx_vmo_op_range(h, MX_VMO_OP_LOCK, 0, PAGE, NULL, 0), MX_ERR_NOT_SUPPORTED, "LOCK");
	is_int(mx_vmo_op_range(h, MX_VMO_OP_UNLOCK, 0, PAGE, NULL, 0), MX_ERR_NOT_SUPPORTED, "UNLOCK");
	is_int(mx_vmo_op_range(h, 0, 0, PAGE, NULL, 0), MX_ERR_INVALID_ARGS, "no operation");
	is_int(mx_vmo_op_range(h, 99, 0, PAGE, NULL, 0), MX_ERR_INVALID_ARGS, "an unknown one");
	w = without(h, MX_RIGHT_WRITE);
	for (unsigned i = 0; i < 3; i++) {
		uint32_t op = write_ops[i];

		is_int(mx_vmo_op_range(w, op, 0, PAGE, NULL, 0), MX_ERR_ACCESS_DENIED, "an operation without WRITE");
		is_int(mx_vmo_op_range(h, op, 8 * PAGE, 0, NULL, 0), MX_OK, "nothing at the end");
		is_int(mx_vmo_op_range(h, op, 8 * PAGE, 1, NULL, 0), MX_ERR_OUT_OF_RANGE, "one byte behind it");
		is_int(mx_vmo_op_range(h, op, PAGE, UINT64_MAX, NULL, 0), MX_ERR_OUT_OF_RANGE, "a length that wraps");
		is_int(mx_vmo_op_range(h, op, UINT64_MAX, PAGE, NULL, 0), MX_ERR_OUT_OF_RANGE, "an offset that wraps");
	}
	is_int(mx_vmo_op_range(w, MX_VMO_OP_CACHE_SYNC, 0, PAGE, NULL, 0), MX_OK, "CACHE_SYNC without WRITE");
	mx_handle_close(w);
	w = without(h, MX_RIGHT_READ);
	is_int(mx_vmo_op_range(w, MX_VMO_OP_CACHE_SYNC, 0, PAGE, NULL, 0), MX_ERR_ACCESS_DENIED, "CACHE_SYNC without READ");
	mx_handle_close(w);
	mx_handle_close(h);
}

static void
children(void)
{
	mx_handle_t p = make(4 * PAGE, 0), c = 0, g = 0, d = 0, w, x = 0, f;
	mx_info_handle_basic_t b, pb;
	mx_signals_t seen = 0;
	uint64_t size;
	char *m;
	int fd;

	for (int i = 0; i < 4; i++)
		put(p, (uint64_t)i * PAGE, (char)('a' + i));
	is_int(mx_object_wait_one(p, MX_VMO_ZERO_CHILDREN, 0, NULL), MX_OK, "ZERO_CHILDREN at first");
	m = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mx_handle_fd(p), 0);
	m[1] = '1';
	is_int(mx_vmo_create_child(p, MX_VMO_CHILD_SNAPSHOT, 0, 4 * PAGE, &c), MX_OK, "a snapshot");
	is_int(mx_object_wait_one(p, MX_VMO_ZERO_CHILDREN, 0, &seen), MX_ERR_TIMED_OUT, "now there is a child");
	mx_object_get_info(p, MX_INFO_HANDLE_BASIC, &pb, sizeof(pb), NULL, NULL);
	mx_object_get_info(c, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	ok(b.related_koid == pb.koid && b.rights == pb.rights, "whose it is, and its rights");
	m[0] = 'A';
	put(p, PAGE, 'B');
	put(c, 2 * PAGE, 'z');
	ok(byte_at(c, 0) == 'a' && byte_at(c, 1) == '1' && byte_at(c, PAGE) == 'b', "the parent's writes do not show in the child");
	ok(byte_at(p, 2 * PAGE) == 'c' && byte_at(p, 0) == 'A', "nor the child's in the parent");
	is_int(mx_vmo_create_child(c, MX_VMO_CHILD_SNAPSHOT | MX_VMO_CHILD_RESIZABLE, PAGE, 4 * PAGE, &g), MX_OK,
	    "a child's child, from a place within, larger than what is there");
	ok(byte_at(g, 0) == 'b' && byte_at(g, PAGE) == 'z' && byte_at(g, 2 * PAGE) == 'd' && byte_at(g, 3 * PAGE) == 0,
	    "what it shows");
	munmap(m, 4 * PAGE);
	mx_handle_close(p);
	mx_handle_close(c);
	ok(byte_at(g, 0) == 'b' && byte_at(g, PAGE) == 'z', "it outlives its parents");
	mx_vmo_op_range(g, MX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0);
	is_int(byte_at(g, 0), 0, "decommitted in a child: zeros");
	is_int(mx_vmo_set_size(g, 5 * PAGE), MX_OK, "a resizable child");
	mx_handle_close(g);

	p = make(2 * PAGE, 0);
	put(p, PAGE, 'p');
	mx_vmo_create_child(p, MX_VMO_CHILD_SNAPSHOT, 0, PAGE, &c);
	mx_vmo_get_size(c, &size);
	ok(size == PAGE && mx_vmo_set_size(c, 2 * PAGE) == MX_ERR_UNAVAILABLE, "a shorter child is fixed");
	mx_vmo_create_child(p, MX_VMO_CHILD_SNAPSHOT | MX_VMO_CHILD_RESIZABLE, 0, PAGE, &d);
	mx_vmo_set_size(d, 2 * PAGE);
	is_int(byte_at(d, PAGE), 0, "what was cut off does not come back");
	mx_handle_close(d);
	is_int(mx_object_wait_one(p, MX_VMO_ZERO_CHILDREN, 0, NULL), MX_ERR_TIMED_OUT, "one child is left");
	m = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, mx_handle_fd(c), 0);
	mx_handle_close(c);
	is_int(mx_object_wait_one(p, MX_VMO_ZERO_CHILDREN, 0, NULL), MX_ERR_TIMED_OUT, "a mapping keeps it alive");
	munmap(m, PAGE);
	is_int(mx_object_wait_one(p, MX_VMO_ZERO_CHILDREN, 0, NULL), MX_OK, "now all are gone");

	is_int(mx_vmo_create_child(p, 0, 0, PAGE, &x), MX_ERR_INVALID_ARGS, "no kind of child");
	is_int(mx_vmo_create_child(p, 0x101, 0, PAGE, &x), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_vmo_create_child(p, 1, 1, PAGE, &x), MX_ERR_INVALID_ARGS, "an unaligned offset");
	is_int(mx_vmo_create_child(p, 1, PAGE, UINT64_MAX - 1, &x), MX_ERR_OUT_OF_RANGE, "a size that wraps");
	is_int(mx_vmo_create_child(p, 1, HUGE, PAGE, &x), MX_ERR_OUT_OF_RANGE, "too far");
	is_int(mx_vmo_create_child(p, 1, 0, HUGE + PAGE, &x), MX_ERR_OUT_OF_RANGE, "too large");
	is_int(mx_vmo_create_child(p, 1, 0, PAGE, BAD), MX_ERR_INVALID_ARGS, "a bad address");
	is_int(mx_object_wait_one(p, MX_VMO_ZERO_CHILDREN, 0, NULL), MX_OK, "leaves no child");
	is_int(mx_vmo_create_child(p, 1, 64 * PAGE, PAGE, &x), MX_OK, "a snapshot of what is not there");
	is_int(byte_at(x, 0), 0, "is zeros");
	mx_handle_close(x);
	w = without(p, MX_RIGHT_DUPLICATE);
	is_int(mx_vmo_create_child(w, 1, 0, PAGE, &x), MX_ERR_ACCESS_DENIED, "without DUPLICATE");
	mx_handle_close(w);
	w = without(p, MX_RIGHT_READ);
	is_int(mx_vmo_create_child(w, 1, 0, PAGE, &x), MX_ERR_ACCESS_DENIED, "without READ");
	mx_handle_close(w);
	w = without(p, MX_RIGHT_WRITE | MX_RIGHT_MAP);
	is_int(mx_vmo_create_child(w, 1, 0, PAGE, &x), MX_OK, "of one that may not be written");
	ok(put(x, 0, 'w') == MX_OK, "the child may");
	ok(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, mx_handle_fd(x), 0) == MAP_FAILED && errno == EACCES, "MAP is inherited or not");
	mx_handle_close(x);
	mx_handle_close(w);
	is_int(mx_vmo_create_child(p, 1 | MX_VMO_CHILD_NO_WRITE, 0, PAGE, &x), MX_OK, "one that cannot be written");
	is_int(put(x, 0, 'w'), MX_ERR_ACCESS_DENIED, "cannot");
	mx_handle_close(x);
	fd = open("/bin/sh", O_RDONLY);
	f = mx_fd_handle(fd);
	is_int(mx_vmo_create_child(f, 1, 0, PAGE, &x), MX_ERR_NOT_SUPPORTED, "of a file");
	close(fd);
	mx_handle_close(p);
}

/* A long line of snapshots costs what the first did, and dies without deep recursion. */
static void
generations(void)
{
	mx_handle_t h = make(PAGE, 0), next;
	int good = 1;

	put(h, 0, 'o');
	for (int i = 0; i < 2000 && good; i++) {
		good = mx_vmo_create_child(h, MX_VMO_CHILD_SNAPSHOT, 0, PAGE, &next) == MX_OK;
		mx_handle_close(h);
		h = next;
		good = good && put(h, 1, (char)i) == MX_OK;
	}
	ok(good && byte_at(h, 0) == 'o', "2000 generations of snapshots");
	mx_handle_close(h);
}

static void
executable(void)
{
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	mx_handle_t h = make(PAGE, 0), x = 0, e;
	mx_info_handle_basic_t b;
	int (*fn)(void);

	mx_vmo_write(h, code, 0, sizeof(code));
	ok(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, mx_handle_fd(h), 0) == MAP_FAILED && errno == EACCES,
	    "memory is not executable by itself");
	is_int(mx_vmo_replace_as_executable(h, MX_HANDLE_INVALID, &x), MX_OK, "replace_as_executable");
	is_int(mx_vmo_read(h, back, 0, 1), MX_ERR_BAD_HANDLE, "the old handle is gone");
	mx_object_get_info(x, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	ok((b.rights & MX_RIGHT_EXECUTE) != 0, "the new one has EXECUTE");
	fn = (int (*)(void))mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, mx_handle_fd(x), 0);
	ok((void *)fn != MAP_FAILED && fn() == 42, "it runs");
	munmap((void *)fn, PAGE);
	is_int(mx_vmo_create_child(x, 1, 0, PAGE, &h), MX_OK, "a child of it");
	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	ok((b.rights & MX_RIGHT_EXECUTE) == 0, "can be written and not executed");
	mx_handle_close(h);
	is_int(mx_vmo_replace_as_executable(x, MX_HANDLE_INVALID, BAD), MX_ERR_INVALID_ARGS, "a bad address");
	is_int(mx_vmo_read(x, back, 0, 1), MX_ERR_BAD_HANDLE, "consumes it all the same");
	mx_event_create(0, &e);
	is_int(mx_vmo_replace_as_executable(e, MX_HANDLE_INVALID, &x), MX_ERR_WRONG_TYPE, "an event");
	is_int(mx_vmo_replace_as_executable(e, MX_HANDLE_INVALID, &x), MX_ERR_BAD_HANDLE, "was consumed");
	h = make(PAGE, 0);
	is_int(mx_vmo_replace_as_executable(h, h + (1u << 18), &x), MX_ERR_BAD_HANDLE, "a bad resource");
	is_int(mx_vmo_read(h, back, 0, 1), MX_ERR_BAD_HANDLE, "consumes it too");
	h = make(PAGE, 0);
	mx_event_create(0, &e);
	is_int(mx_vmo_replace_as_executable(h, e, &x), MX_ERR_WRONG_TYPE, "an event is no resource");
	mx_handle_close(e);
}

/* By its descriptor. */
static void
as_file(void)
{
	mx_handle_t h = make(2 * PAGE, 0), d = 0;
	int fd = mx_handle_fd(h), fd2;
	struct stat st;
	char c[16] = "";
	char *m;

	is_int(write(fd, "hello", 5), 5, "write");
	is_int(lseek(fd, 0, SEEK_CUR), 5, "moves the offset");
	is_int(mx_vmo_read(h, c, 0, 5), MX_OK, "vmo_read");
	ok(strcmp(c, "hello") == 0 && lseek(fd, 0, SEEK_CUR) == 5, "sees it and does not move it");
	mx_handle_duplicate(h, MX_RIGHT_SAME_RIGHTS, &d);
	fd2 = mx_handle_fd(d);
	is_int(lseek(fd2, 1, SEEK_SET), 1, "a duplicate");
	is_int(read(fd, c, 4), 4, "has the same offset");
	ok(memcmp(c, "ello", 4) == 0, "for both");
	is_int(pwrite(fd, "X", 1, PAGE), 1, "pwrite");
	is_int(pread(fd, c, 1, PAGE), 1, "pread");
	is_int(lseek(fd, 0, SEEK_END), 2 * PAGE, "SEEK_END");
	is_int(read(fd, c, 4), 0, "the end");
	fails(write(fd, c, 4), ENOSPC, "has no room");
	is_int(lseek(fd, -2, SEEK_END), 2 * PAGE - 2, "before it");
	is_int(write(fd, "abcd", 4), 2, "a short write");
	is_int(lseek(fd, 5 * PAGE, SEEK_SET), 5 * PAGE, "beyond it");
	is_int(read(fd, c, 4), 0, "is nothing to read");
	fails(lseek(fd, -1, SEEK_SET), EINVAL, "before the start");
	fails(lseek(fd, 1, 9), EINVAL, "a wrong whence");
	is_int(fstat(fd, &st), 0, "fstat");
	{
		mx_info_handle_basic_t b;

		mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
		ok(st.st_size == 2 * PAGE && st.st_blocks == 16 && (st.st_mode & S_IFMT) == 0 && (uint64_t)st.st_ino == b.koid,
		    "says what it is");
	}
	m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(m != MAP_FAILED && m[0] == 'h', "a private mapping");
	m[0] = 'H';
	put(h, 1, 'E');
	ok(byte_at(h, 0) == 'h' && m[1] == 'e', "is a snapshot");
	munmap(m, 2 * PAGE);
	fails(fsync(fd), EINVAL, "fsync");
	mx_handle_close(d);
	d = without(h, MX_RIGHT_WRITE);
	fails(write(mx_handle_fd(d), c, 1), EBADF, "write() without WRITE");
	ok(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, mx_handle_fd(d), 0) == MAP_FAILED && errno == EACCES, "nor a mapping");
	mx_handle_close(d);
	mx_handle_close(h);
}

static void
sharing(void)
{
	mx_handle_t h = make(PAGE, 0);
	char *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mx_handle_fd(h), 0);

	m[0] = 1;
	if (fork() == 0) {
		char c = 0;

		/* The handle and the mapping are the child's too. */
		if (mx_vmo_read(h, &c, 0, 1) != MX_OK || c != 1 || m[0] != 1)
			_exit(1);
		m[1] = 2;
		put(h, 2, 3);
		_exit(0);
	}
	{
		int status;

		wait(&status);
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child shares handle and mapping");
	}
	ok(m[1] == 2 && m[2] == 3, "and what it writes is seen");
	munmap(m, PAGE);
	mx_handle_close(h);
}

static void
information(void)
{
	mx_handle_t h = make(4 * PAGE, MX_VMO_RESIZABLE), w, c = 0;
	char name[MX_MAX_NAME_LEN];
	mx_info_vmo_t i;
	char *m;

	is_int(mx_object_set_property(h, MX_PROP_NAME, "heap of gold", 12), MX_OK, "a name");
	is_int(mx_object_get_property(h, MX_PROP_NAME, name, sizeof(name)), MX_OK, "is asked");
	ok(strcmp(name, "heap of gold") == 0, "and told");
	put(h, 0, 'x');
	m = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, mx_handle_fd(h), 0);
	mx_vmo_create_child(h, 1, 0, PAGE, &c);
	is_int(mx_object_get_info(h, MX_INFO_VMO, &i, sizeof(i), NULL, NULL), MX_OK, "INFO_VMO");
	ok(i.size_bytes == 4 * PAGE && i.committed_bytes == PAGE && i.num_mappings == 1 && i.num_children == 1 &&
	    strcmp(i.name, "heap of gold") == 0 && (i.flags & 2) != 0 && i.parent_koid == 0, "is right");
	is_int(mx_object_get_info(c, MX_INFO_VMO, &i, sizeof(i), NULL, NULL), MX_OK, "of the child");
	ok(i.parent_koid != 0 && (i.flags & 4) != 0 && strcmp(i.name, "heap of gold") == 0, "is right too");
	w = without(h, MX_RIGHT_INSPECT);
	is_int(mx_object_get_info(w, MX_INFO_VMO, &i, sizeof(i), NULL, NULL), MX_ERR_ACCESS_DENIED, "without INSPECT");
	is_int(mx_object_signal(h, 0, MX_USER_SIGNAL_1), MX_OK, "a user signal");
	is_int(mx_object_wait_one(w, MX_USER_SIGNAL_1, 0, NULL), MX_OK, "is seen");
	is_int(mx_object_signal(h, MX_VMO_ZERO_CHILDREN, 0), MX_ERR_INVALID_ARGS, "ZERO_CHILDREN is the kernel's");
	munmap(m, PAGE);
	mx_handle_close(w);
	mx_handle_close(c);
	mx_handle_close(h);
}

int
main(void)
{
	creation();
	moving();
	sizes();
	ranges();
	children();
	generations();
	executable();
	as_file();
	sharing();
	information();
	return tap_done();
}
