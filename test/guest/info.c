/* mx_object_get_info, properties and children by koid: refusals in their order, sizes, generic topics. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <abi/info.h>
#include <abi/mx.h>
#include <abi/rights.h>
#include "sysuser.h"
#include "tap.h"

typedef uint32_t handle;

#define BAD_PTR	((void *)0x10)

static handle
with(handle h, uint32_t rights)
{
	handle d = 0;

	return __sys_mx_handle_duplicate(h, rights, &d) == MX_OK ? d : 0;
}

static handle
of_fd(int fd)
{
	handle h = 0;

	return __sys_mx_fd_handle(fd, &h) == MX_OK ? h : 0;
}

static void
generic(void)
{
	struct abi_info_handle_basic b[2];
	struct abi_info_handle_count c;
	handle e = 0, bare, dup;
	size_t actual = 77, avail = 77;

	is_int(__sys_mx_event_create(0, &e), MX_OK, "an event");
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL), MX_OK, "HANDLE_VALID");
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_VALID, BAD_PTR, 99, &actual, &avail), MX_OK, "it writes nothing");
	ok(actual == 0 && avail == 0, "and counts nothing");
	is_int(__sys_mx_object_get_info(e + (1u << 18), MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL), MX_ERR_BAD_HANDLE, "a stale handle");
	is_int(__sys_mx_object_get_info(0, MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL), MX_ERR_BAD_HANDLE, "handle 0");
	is_int(__sys_mx_object_get_info(1, MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL), MX_ERR_BAD_HANDLE, "a descriptor is no handle");
	is_int(__sys_mx_object_get_info(e, 4711, b, sizeof(b), NULL, NULL), MX_ERR_NOT_SUPPORTED, "a topic that is none");
	is_int(__sys_mx_object_get_info(0, 4711, b, sizeof(b), NULL, NULL), MX_ERR_NOT_SUPPORTED, "is refused before the handle");

	memset(b, 0x55, sizeof(b));
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_BASIC, b, sizeof(b[0]), &actual, &avail), MX_OK, "HANDLE_BASIC");
	ok(actual == 1 && avail == 1, "one record of one");
	ok(b[0].koid >= 1024 && b[0].type == MX_OBJ_TYPE_EVENT && b[0].related_koid == 0 && b[0].props == MX_OBJ_PROP_WAITABLE &&
	    b[0].reserved == 0, "what it says");
	ok((b[0].rights & RIGHT_SIGNAL) != 0 && (b[0].rights & ~RIGHT_ALL) == 0, "rights");
	memset(b, 0x55, sizeof(b));
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_BASIC, b, sizeof(b), &actual, NULL), MX_OK, "a larger buffer");
	ok(actual == 1 && b[1].koid == 0x5555555555555555ull, "gets one record and nothing behind it");
	actual = avail = 77;
	memset(b, 0x55, sizeof(b));
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_BASIC, b, sizeof(b[0]) - 1, &actual, &avail), MX_ERR_BUFFER_TOO_SMALL, "a shorter one");
	ok(actual == 0 && avail == 1 && b[0].koid == 0x5555555555555555ull, "gets nothing, and the counts");
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_BASIC, NULL, 0, NULL, &avail), MX_ERR_BUFFER_TOO_SMALL, "none at all");
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_BASIC, BAD_PTR, sizeof(b[0]), NULL, NULL), MX_ERR_INVALID_ARGS, "a bad buffer");
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_BASIC, b, sizeof(b[0]), BAD_PTR, NULL), MX_ERR_INVALID_ARGS, "a bad `actual'");
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_BASIC, b, sizeof(b[0]), NULL, BAD_PTR), MX_ERR_INVALID_ARGS, "a bad `avail'");

	bare = with(e, RIGHT_WAIT);
	is_int(__sys_mx_object_get_info(bare, MX_INFO_HANDLE_BASIC, b, sizeof(b[0]), NULL, NULL), MX_OK, "HANDLE_BASIC needs no right");
	is_int(b[0].rights, RIGHT_WAIT, "and tells those of this handle");
	is_int(__sys_mx_object_get_info(bare, MX_INFO_HANDLE_COUNT, &c, sizeof(c), NULL, NULL), MX_ERR_ACCESS_DENIED, "HANDLE_COUNT needs INSPECT");
	is_int(__sys_mx_object_get_info(bare, MX_INFO_HANDLE_COUNT, NULL, 0, NULL, NULL), MX_ERR_ACCESS_DENIED, "rights before size");
	is_int(__sys_mx_object_get_info(bare, MX_INFO_JOB, NULL, 0, NULL, NULL), MX_ERR_WRONG_TYPE, "kind before rights");
	is_int(__sys_mx_object_get_info(e, MX_INFO_HANDLE_COUNT, &c, sizeof(c), NULL, NULL), MX_OK, "HANDLE_COUNT");
	is_int(c.handle_count, 2, "two handles");
	dup = with(e, RIGHT_SAME);
	__sys_mx_object_get_info(e, MX_INFO_HANDLE_COUNT, &c, sizeof(c), NULL, NULL);
	is_int(c.handle_count, 3, "three");
	__sys_mx_handle_close(dup), __sys_mx_handle_close(bare);
	__sys_mx_object_get_info(e, MX_INFO_HANDLE_COUNT, &c, sizeof(c), NULL, NULL);
	is_int(c.handle_count, 1, "one");
	__sys_mx_handle_close(e);
}

static void
posix_nodes(void)
{
	struct abi_info_handle_basic b, twin;
	struct stat st;
	int p[2], fd, other;

	pipe(p);
	is_int(__sys_mx_object_get_info(of_fd(p[0]), MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL), MX_OK, "of a pipe");
	ok(b.type == MX_OBJ_TYPE_PIPE && (b.rights & RIGHT_READ) != 0 && (b.rights & RIGHT_WRITE) == 0, "its reading end");
	close(p[0]), close(p[1]);
	fd = open("/bin/true", O_RDONLY), other = dup(fd);
	__sys_mx_object_get_info(of_fd(fd), MX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL);
	__sys_mx_object_get_info(of_fd(other), MX_INFO_HANDLE_BASIC, &twin, sizeof(twin), NULL, NULL);
	ok(b.type == MX_OBJ_TYPE_FILE && b.koid == twin.koid, "dup shares the object");
	close(other);
	other = open("/bin/true", O_RDONLY);
	__sys_mx_object_get_info(of_fd(other), MX_INFO_HANDLE_BASIC, &twin, sizeof(twin), NULL, NULL);
	ok(b.koid != twin.koid && fstat(other, &st) == 0, "a second open is another");
	close(other), close(fd);
}

static void
properties(void)
{
	char name[MX_MAX_NAME_LEN];
	handle e = 0;

	__sys_mx_event_create(0, &e);
	is_int(__sys_mx_object_get_property(e, 4711, name, sizeof(name)), MX_ERR_INVALID_ARGS, "a property that is none");
	is_int(__sys_mx_object_set_property(e, 4711, name, sizeof(name)), MX_ERR_INVALID_ARGS, "to set it");
	is_int(__sys_mx_object_get_property(0, MX_PROP_NAME, name, sizeof(name)), MX_ERR_BAD_HANDLE, "of no handle");
	is_int(__sys_mx_object_get_property(e, MX_PROP_NAME, name, sizeof(name)), MX_ERR_NOT_SUPPORTED, "an event has no name");
	is_int(__sys_mx_object_set_property(e, MX_PROP_NAME, "x", 1), MX_ERR_NOT_SUPPORTED, "nor takes one");
	__sys_mx_handle_close(e);
}

static void
children(void)
{
	handle e = 0, c = 0;

	__sys_mx_event_create(0, &e);
	is_int(__sys_mx_object_get_child(e, 1, RIGHT_SAME, &c), MX_ERR_WRONG_TYPE, "an event has no children");
	is_int(__sys_mx_object_get_child(0, 1, RIGHT_SAME, &c), MX_ERR_BAD_HANDLE, "nor has handle 0");
	__sys_mx_handle_close(e);
}

int
main(void)
{
	generic();
	posix_nodes();
	properties();
	children();
	return tap_done();
}
