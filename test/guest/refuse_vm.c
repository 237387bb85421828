/*
 * Every refusal of the calls on VMOs and VMARs, and their order: options, policy, handles one by one, the
 * values of arguments, memory, state.  refuse.h says how.
 */
#include <sys/mman.h>
#include "refuse.h"

#define PAGE	MX_PAGE_SIZE
#define RW	(MX_VM_PERM_READ | MX_VM_PERM_WRITE)
#define CAN	(MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_WRITE | MX_VM_CAN_MAP_EXECUTE)

static char buf[PAGE];
static uint32_t opt;
static uint64_t size;
static mx_handle_t h, out;
static mx_vaddr_t at;

/* --- VMOs --- */

static void
vmo_create(void)
{
	OPTION_ARG(opt, mx_vmo_create(UINT64_MAX, opt, BAD), MX_VMO_RESIZABLE);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_create(UINT64_MAX, 0, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_create((uint64_t)1 << 63, 0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_create(PAGE, 0, BAD));
	NO_SLOTS(mx_vmo_create(PAGE, 0, &out), 1);
}

static void
vmo_bytes(void)
{
	mx_handle_t v;

	HANDLE_ARG(h, mx_vmo_read(h, BAD, UINT64_MAX, 8), MX_OBJ_TYPE_VMO, MX_RIGHT_READ);
	HANDLE_ARG(h, mx_vmo_write(h, BAD, UINT64_MAX, 8), MX_OBJ_TYPE_VMO, MX_RIGHT_WRITE);
	HANDLE_ARG(h, mx_vmo_get_size(h, BAD), MX_OBJ_TYPE_VMO, 0);
	mx_vmo_create(2 * PAGE, 0, &v);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_read(v, BAD, UINT64_MAX, 2));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_read(v, BAD, 2 * PAGE - 1, 2));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_read(v, BAD, 2 * PAGE + 1, 0));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_read(v, BAD, 1, SIZE_MAX));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_read(v, BAD, 0, 1));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_write(v, BAD, UINT64_MAX, 2));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_write(v, BAD, 2 * PAGE - 1, 2));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_write(v, BAD, 1, SIZE_MAX));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_write(v, BAD, 0, 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_get_size(v, BAD));
	is_int(mx_vmo_read(v, BAD, 2 * PAGE, 0), MX_OK, "nothing at the end");
	is_int(mx_vmo_write(v, BAD, 2 * PAGE, 0), MX_OK, "nothing is written there");
	ok(mx_vmo_get_size(only(v, 0), &size) == MX_OK && size == 2 * PAGE, "the size needs no right");
	mx_handle_close(v);
}

static void
vmo_set_size(void)
{
	mx_handle_t v = kind(MX_OBJ_TYPE_VMO), fixed, weak;

	HANDLE_ARG(h, mx_vmo_set_size(h, UINT64_MAX), MX_OBJ_TYPE_VMO, MX_RIGHT_WRITE | MX_RIGHT_RESIZE);
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_set_size(v, UINT64_MAX));
	mx_vmo_create(PAGE, 0, &fixed);
	REFUSED(MX_ERR_UNAVAILABLE, mx_vmo_set_size(fixed, UINT64_MAX));
	weak = without(fixed, MX_RIGHT_WRITE);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmo_set_size(weak, 0));
	mx_handle_close(weak), mx_handle_close(fixed);
}

static void
vmo_op_range(void)
{
	static const uint32_t writing[] = { MX_VMO_OP_COMMIT, MX_VMO_OP_DECOMMIT, MX_VMO_OP_ZERO, MX_VMO_OP_CACHE_INVALIDATE };
	static const uint32_t reading[] = { MX_VMO_OP_CACHE_SYNC, MX_VMO_OP_CACHE_CLEAN, MX_VMO_OP_CACHE_CLEAN_INVALIDATE };
	mx_handle_t v = kind(MX_OBJ_TYPE_VMO);

	for (opt = 0; opt < 100; opt++)
		if (opt == 0 || opt == 5 || opt > 10)
			REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_op_range(stale, opt, 0, UINT64_MAX, BAD, 1));
	for (size_t i = 0; i < 4; i++) {
		opt = writing[i];
		HANDLE_ARG(h, mx_vmo_op_range(h, opt, 1, UINT64_MAX, BAD, 1), MX_OBJ_TYPE_VMO, MX_RIGHT_WRITE);
		REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_op_range(v, opt, 1, UINT64_MAX, NULL, 0));
		REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_op_range(v, opt, 4 * PAGE, 1, NULL, 0));
		REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_op_range(v, opt, UINT64_MAX, 0, NULL, 0));
		is_int(mx_vmo_op_range(v, opt, 4 * PAGE, 0, BAD, 0), i < 3 ? MX_OK : MX_ERR_INVALID_ARGS, "nothing at the end");
	}
	for (size_t i = 0; i < 3; i++) {
		opt = reading[i];
		HANDLE_ARG(h, mx_vmo_op_range(h, opt, 1, UINT64_MAX, BAD, 1), MX_OBJ_TYPE_VMO, MX_RIGHT_READ);
		REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_op_range(v, opt, 1, UINT64_MAX, NULL, 0));
		REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_op_range(v, opt, 1, 0, NULL, 0));
		is_int(mx_vmo_op_range(v, opt, 1, 1, BAD, 0), MX_OK, "a byte's caches");
	}
	HANDLE_ARG(h, mx_vmo_op_range(h, MX_VMO_OP_LOCK, 1, UINT64_MAX, BAD, 1), MX_OBJ_TYPE_VMO, 0);
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_vmo_op_range(v, MX_VMO_OP_LOCK, 1, UINT64_MAX, BAD, 1));
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_vmo_op_range(v, MX_VMO_OP_UNLOCK, 1, UINT64_MAX, BAD, 1));
}

static void
vmo_create_child(void)
{
	const uint32_t known = MX_VMO_CHILD_SNAPSHOT | MX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | MX_VMO_CHILD_RESIZABLE | MX_VMO_CHILD_NO_WRITE;
	mx_handle_t v = kind(MX_OBJ_TYPE_VMO), file = kind(MX_OBJ_TYPE_FILE);

	OPTION_ARG(opt, mx_vmo_create_child(stale, opt | MX_VMO_CHILD_SNAPSHOT, 0, 0, BAD), known);
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_create_child(stale, 0, 0, PAGE, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_create_child(stale, known, 0, PAGE, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_create_child(stale, MX_VMO_CHILD_SNAPSHOT |
	    MX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, PAGE, BAD));
	HANDLE_BAD(h, mx_vmo_create_child(h, MX_VMO_CHILD_SNAPSHOT, 0, UINT64_MAX, BAD));
	for (size_t i = 0; i < nkinds; i++) {
		if (kinds[i].type == MX_OBJ_TYPE_VMO || kinds[i].type == MX_OBJ_TYPE_FILE)
			continue;
		REFUSED(MX_ERR_WRONG_TYPE, mx_vmo_create_child(kinds[i].h, MX_VMO_CHILD_SNAPSHOT, 0, UINT64_MAX, BAD));
		REFUSED(MX_ERR_WRONG_TYPE, mx_vmo_create_child(kinds[i].bare, MX_VMO_CHILD_SNAPSHOT, 0, UINT64_MAX, BAD));
	}
	HANDLE_RIGHTS(h, mx_vmo_create_child(h, MX_VMO_CHILD_SNAPSHOT, 0, UINT64_MAX, BAD), v,
	    MX_RIGHT_DUPLICATE | MX_RIGHT_READ);
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_vmo_create_child(file, MX_VMO_CHILD_SNAPSHOT, 0, PAGE, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 1, PAGE, &out));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 0, UINT64_MAX, BAD));
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, -(uint64_t)PAGE, 2 * PAGE, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 0, PAGE, BAD));
	is_int(mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, PAGE, &out), MX_OK, "by its other name");
	mx_handle_close(out);
	NO_SLOTS(mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 0, PAGE, &out), 1);
	is_int(mx_object_wait_one(v, MX_VMO_ZERO_CHILDREN, 0, NULL), MX_OK, "no child was left");
}

/* It consumes its handle whatever it says, so each try has one of its own. */
static mx_handle_t
copy(mx_handle_t from)
{
	mx_handle_t d = MX_HANDLE_INVALID;

	mx_handle_duplicate(from, MX_RIGHT_SAME_RIGHTS, &d);
	return d;
}

static int
gone(mx_handle_t was)
{
	return mx_object_get_info(was, MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL) == MX_ERR_BAD_HANDLE;
}

static void
vmo_replace_as_executable(void)
{
	mx_handle_t v = kind(MX_OBJ_TYPE_VMO), d;
	struct rlimit old, low;

	HANDLE_BAD(h, mx_vmo_replace_as_executable(h, MX_HANDLE_INVALID, BAD));
	HANDLE_BAD(h, mx_vmo_replace_as_executable(h, v, BAD));
	HANDLE_BAD(h, mx_vmo_replace_as_executable(copy(v), h != MX_HANDLE_INVALID ? h : stale, BAD));
	for (size_t i = 0; i < nkinds; i++) {
		d = copy(kinds[i].h);
		if (kinds[i].type != MX_OBJ_TYPE_VMO) {
			REFUSED(MX_ERR_WRONG_TYPE, mx_vmo_replace_as_executable(d, MX_HANDLE_INVALID, BAD));
			ok(gone(d), "consumed");
			d = copy(kinds[i].h);
			REFUSED(MX_ERR_WRONG_TYPE, mx_vmo_replace_as_executable(d, stale, BAD));
			d = copy(v);
			REFUSED(MX_ERR_WRONG_TYPE, mx_vmo_replace_as_executable(d, kinds[i].h, BAD));
		} else {
			REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_replace_as_executable(d, MX_HANDLE_INVALID, BAD));
		}
		ok(gone(d), "consumed");
	}
	d = only(v, 0);
	is_int(mx_vmo_replace_as_executable(d, MX_HANDLE_INVALID, &out), MX_OK, "no right is needed");
	mx_handle_close(out);
	d = copy(v);
	getrlimit(RLIMIT_HANDLES, &old);
	low = old;
	low.rlim_cur = 1;
	setrlimit(RLIMIT_HANDLES, &low);
	REFUSED(MX_ERR_NO_RESOURCES, mx_vmo_replace_as_executable(d, MX_HANDLE_INVALID, &out));
	setrlimit(RLIMIT_HANDLES, &old);
	ok(gone(d), "consumed");
}

/* --- VMARs --- */

static void
vmar_allocate(void)
{
	mx_handle_t root = kind(MX_OBJ_TYPE_VMAR), r, none, sub;
	mx_vaddr_t base;

	OPTION_ARG(opt, mx_vmar_allocate(stale, opt, 1, 1, BAD, BAD),
	    CAN | MX_VM_CAN_MAP_SPECIFIC | MX_VM_SPECIFIC | MX_VM_COMPACT);
	HANDLE_BAD(h, mx_vmar_allocate(h, CAN, 1, 1, BAD, BAD));
	HANDLE_KIND(h, mx_vmar_allocate(h, CAN, 1, 1, BAD, BAD), MX_OBJ_TYPE_VMAR);
	HANDLE_RIGHTS(h, mx_vmar_allocate(h, CAN, 1, 1, BAD, BAD), root, MX_RIGHT_READ | MX_RIGHT_WRITE | MX_RIGHT_EXECUTE);
	is_int(mx_vmar_allocate(root, MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_SPECIFIC, 0, 16 * PAGE, &r, &base), MX_OK, "a region");
	none = only(r, 0);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_allocate(none, MX_VM_CAN_MAP_READ, 0, PAGE, &out, &at));
	is_int(mx_vmar_allocate(none, 0, 0, 4 * PAGE, &sub, &at), MX_OK, "one that maps nothing needs no right");
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_allocate(sub, MX_VM_SPECIFIC, 0, PAGE, &out, &at));
	mx_vmar_destroy(sub), mx_handle_close(sub);
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, 0, 0, 0, BAD, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, 0, 0, 100, &out, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, 0, PAGE, PAGE, &out, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, MX_VM_SPECIFIC, 100, PAGE, &out, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, MX_VM_SPECIFIC, 16 * PAGE, PAGE, &out, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, 0, 0, 17 * PAGE, &out, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, 0, 0, -(uint64_t)PAGE, &out, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, 0, 0, PAGE, BAD, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_allocate(r, 0, 0, PAGE, &out, BAD));
	NO_SLOTS(mx_vmar_allocate(r, 0, 0, PAGE, &out, &at), 1);
	is_int(mx_vmar_allocate(r, 0, 0, 16 * PAGE, &sub, &at), MX_OK, "none of those took room: all of it is free");
	REFUSED(MX_ERR_ALREADY_EXISTS, mx_vmar_allocate(r, MX_VM_SPECIFIC, 3 * PAGE, PAGE, BAD, BAD));
	REFUSED(MX_ERR_NO_MEMORY, mx_vmar_allocate(r, 0, 0, PAGE, BAD, BAD));
	mx_handle_close(sub);
	is_int(mx_vmar_destroy(r), MX_OK, "destroy");
	REFUSED(MX_ERR_BAD_STATE, mx_vmar_allocate(r, 0, 0, PAGE, &out, &at));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_allocate(none, MX_VM_CAN_MAP_READ, 0, PAGE, &out, &at));
	REFUSED(MX_ERR_BAD_STATE, mx_vmar_destroy(r));
	mx_handle_close(none), mx_handle_close(r);
}

/* The region is looked at before the VMO. */
static void
vmar_map(void)
{
	mx_handle_t root = kind(MX_OBJ_TYPE_VMAR), v = kind(MX_OBJ_TYPE_VMO), r, none;
	mx_vaddr_t base;
	int wrong = 0;

	OPTION_ARG(opt, mx_vmar_map(stale, opt, 1, stale, 1, 0, BAD),
	    RW | MX_VM_PERM_EXECUTE | MX_VM_SPECIFIC | MX_VM_SPECIFIC_OVERWRITE | MX_VM_COMPACT | MX_VM_MAP_RANGE |
	    MX_VM_REQUIRE_NON_RESIZABLE | MX_VM_ALLOW_FAULTS);
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(stale, MX_VM_PERM_WRITE, 1, stale, 1, 0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(stale, MX_VM_PERM_EXECUTE, 1, stale, 1, 0, BAD));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_map(stale, RW | MX_VM_PERM_EXECUTE, 1, stale, 1, 0, BAD));
	HANDLE_BAD(h, mx_vmar_map(h, RW, 1, v, 1, 0, BAD));
	HANDLE_KIND(h, mx_vmar_map(h, RW, 1, stale, 1, 0, BAD), MX_OBJ_TYPE_VMAR);
	HANDLE_RIGHTS(h, mx_vmar_map(h, RW, 1, v, 1, 0, BAD), root, MX_RIGHT_READ | MX_RIGHT_WRITE);
	HANDLE_BAD(h, mx_vmar_map(root, RW, 1, h, 1, 0, BAD));
	for (size_t i = 0; i < nkinds; i++) {
		if (kinds[i].type == MX_OBJ_TYPE_VMO || kinds[i].type == MX_OBJ_TYPE_FILE)
			continue;
		wrong += mx_vmar_map(root, RW, 1, kinds[i].h, 1, 0, BAD) != MX_ERR_WRONG_TYPE;
		wrong += mx_vmar_map(root, RW, 1, kinds[i].bare, 1, 0, BAD) != MX_ERR_WRONG_TYPE;
	}
	is_int(wrong, 0, "what cannot be mapped is of the wrong type");
	HANDLE_RIGHTS(h, mx_vmar_map(root, RW, 1, h, 1, 0, BAD), v, MX_RIGHT_MAP | MX_RIGHT_READ | MX_RIGHT_WRITE);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_map(root, RW, 0, kind(MX_OBJ_TYPE_FILE), 0, PAGE, BAD));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_map(root, MX_VM_PERM_READ | MX_VM_PERM_EXECUTE, 0, v, 0, PAGE, BAD));

	REFUSED(MX_ERR_NOT_SUPPORTED, mx_vmar_map(root, RW | MX_VM_REQUIRE_NON_RESIZABLE, 1, v, 1, 0, BAD));
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_vmar_map(root, MX_VM_PERM_READ | MX_VM_REQUIRE_NON_RESIZABLE, 0,
	    kind(MX_OBJ_TYPE_FILE), 0, PAGE, BAD));
	mx_vmo_create(PAGE, 0, &out);
	is_int(mx_vmar_map(root, RW | MX_VM_REQUIRE_NON_RESIZABLE | MX_VM_ALLOW_FAULTS, 0, out, 0, PAGE, &at), MX_OK,
	    "one of a fixed size");
	mx_vmar_unmap(root, at, PAGE);
	mx_handle_close(out);
	mx_vmar_allocate(root, MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_SPECIFIC, 0, 4 * PAGE, &r, &base);
	none = without(r, MX_RIGHT_READ);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_map(none, MX_VM_PERM_READ, 0, v, 0, PAGE, &at));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_map(r, RW, 0, v, 0, PAGE, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 0, 0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 1, PAGE, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, -(uint64_t)PAGE, 2 * PAGE, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ, PAGE, v, 0, PAGE, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ | MX_VM_SPECIFIC, 1, v, 0, PAGE, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ | MX_VM_SPECIFIC, 4 * PAGE, v, 0, PAGE, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 0, 5 * PAGE, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 0, UINT64_MAX, &at));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 0, PAGE, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_map(r, MX_VM_PERM_READ | MX_VM_SPECIFIC, 0, v, 0, PAGE, BAD));
	is_int(mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 0, 4 * PAGE, &at), MX_OK, "all of the region is still free");
	REFUSED(MX_ERR_ALREADY_EXISTS, mx_vmar_map(r, MX_VM_PERM_READ | MX_VM_SPECIFIC, PAGE, v, 0, PAGE, &at));
	REFUSED(MX_ERR_NO_MEMORY, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 0, PAGE, &at));

	HANDLE_ARG(h, mx_vmar_unmap(h, 1, 0), MX_OBJ_TYPE_VMAR, 0);
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_unmap(r, base + 1, PAGE));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_unmap(r, base, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_unmap(r, base, 5 * PAGE));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_unmap(r, base - PAGE, PAGE));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_unmap(r, base, UINT64_MAX));
	OPTION_ARG(opt, mx_vmar_protect(stale, opt, 1, 0), RW | MX_VM_PERM_EXECUTE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_protect(stale, MX_VM_PERM_WRITE, 1, 0));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmar_protect(stale, RW | MX_VM_PERM_EXECUTE, 1, 0));
	HANDLE_BAD(h, mx_vmar_protect(h, RW, 1, 0));
	HANDLE_KIND(h, mx_vmar_protect(h, RW, 1, 0), MX_OBJ_TYPE_VMAR);
	HANDLE_RIGHTS(h, mx_vmar_protect(h, RW, 1, 0), root, MX_RIGHT_READ | MX_RIGHT_WRITE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_protect(r, MX_VM_PERM_READ, base + 1, PAGE));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_protect(r, MX_VM_PERM_READ, base, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmar_protect(r, MX_VM_PERM_READ, base, 5 * PAGE));
	is_int(mx_vmar_unmap(r, base + PAGE, PAGE), MX_OK, "a hole");
	REFUSED(MX_ERR_NOT_FOUND, mx_vmar_protect(r, MX_VM_PERM_READ, base, 3 * PAGE));
	REFUSED(MX_ERR_NOT_FOUND, mx_vmar_protect(r, 0, base + PAGE, PAGE));
	mx_handle_close(none);

	HANDLE_ARG(h, mx_vmar_destroy(h), MX_OBJ_TYPE_VMAR, 0);
	is_int(mx_vmar_destroy(r), MX_OK, "destroy");
	REFUSED(MX_ERR_BAD_STATE, mx_vmar_map(r, MX_VM_PERM_READ, 0, v, 0, PAGE, &at));
	REFUSED(MX_ERR_BAD_STATE, mx_vmar_unmap(r, base, PAGE));
	REFUSED(MX_ERR_BAD_STATE, mx_vmar_protect(r, MX_VM_PERM_READ, base, PAGE));
	REFUSED(MX_ERR_BAD_STATE, mx_vmar_destroy(r));
	mx_handle_close(r);
}

/* --- policy --- */

static void
denied(void)
{
	mx_handle_t v = kind(MX_OBJ_TYPE_VMO), d = copy(v);

	OPTION_ARG(opt, mx_vmo_create(UINT64_MAX, opt, BAD), MX_VMO_RESIZABLE);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmo_create(UINT64_MAX, 0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_vmo_create_child(stale, 0, 0, PAGE, BAD));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmo_create_child(stale, MX_VMO_CHILD_SNAPSHOT, 0, UINT64_MAX, BAD));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmo_replace_as_executable(stale, MX_HANDLE_INVALID, BAD));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_vmo_replace_as_executable(d, MX_HANDLE_INVALID, BAD));
	ok(gone(d), "consumed");
	REFUSED(MX_ERR_WRONG_TYPE, mx_vmo_replace_as_executable(copy(v), v, BAD));
}

static void
policy(void)
{
	const mx_policy_basic_t deny[2] = { { MX_POL_NEW_VMO, MX_POL_ACTION_DENY },
		{ MX_POL_AMBIENT_MARK_VMO_EXEC, MX_POL_ACTION_DENY } };
	mx_handle_t job;
	pid_t pid;

	mx_job_create(mx_job_default(), 0, &job);
	is_int(mx_job_set_policy(job, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, deny, 2), MX_OK, "a policy");
	pid = mx_job_fork(job);
	if (pid == 0) {
		tap_in_child = 1;
		tap_bad = 0;
		denied();
		_exit(tap_bad != 0);
	}
	is_int(child_status(pid), 0, "in a job that denies memory objects and executing them");
	mx_handle_close(job);
}

int
main(void)
{
	specimens();
	vmo_create();
	vmo_bytes();
	vmo_set_size();
	vmo_op_range();
	vmo_create_child();
	vmo_replace_as_executable();
	vmar_allocate();
	vmar_map();
	policy();
	specimens_close();
	return tap_done();
}
