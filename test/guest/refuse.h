#pragma once
/*
 * Refusals of native calls.  Each macro makes the call with one argument wrong in every way there is,
 * and says as a point whether the status was the right one.  What comes later in the order of refusals
 * (options, policy, handles one by one, memory, state) may be wrong too: pass rubbish there, and the
 * point says that the order holds.
 *
 * mk/checktests reads these macros: the call's name and the status stand in the source.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/status.h>
#include <mx/syscalls.h>
#include "handle.h"
#include "tap.h"

#define BAD	((void *)8)		/* no memory is there */

/* One handle of each kind, and one without any right. */
struct specimen {
	mx_obj_type_t type;
	mx_handle_t h, bare;
	mx_rights_t rights;
};
static struct specimen kinds[24];
static size_t nkinds;
static mx_handle_t stale;		/* it was closed */

static mx_handle_t
kind(mx_obj_type_t type)
{
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i].type == type)
			return kinds[i].h;
	return MX_HANDLE_INVALID;
}

static void
specimen(mx_handle_t h)
{
	struct specimen *s = &kinds[nkinds];
	mx_info_handle_basic_t info;

	if (mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL) != MX_OK)
		ok(0, "a specimen of kind %zu", nkinds);
	*s = (struct specimen){ info.type, h, only(h, 0), info.rights };
	nkinds += s->bare != MX_HANDLE_INVALID;
}

/* The second end of each pair stays open in `other'. */
static mx_handle_t other[4];

static void
specimens(void)
{
	mx_handle_t h;
	int fds[2];

	mx_event_create(0, &h), specimen(h);
	mx_eventpair_create(0, &h, &other[0]), specimen(h);
	mx_channel_create(MX_CHANNEL_DUPLICABLE, &h, &other[1]), specimen(h);
	mx_socket_create(0, &h, &other[2]), specimen(h);
	mx_fifo_create(4, 8, 0, &h, &other[3]), specimen(h);
	mx_port_create(0, &h), specimen(h);
	mx_timer_create(0, MX_CLOCK_MONOTONIC, &h), specimen(h);
	mx_vmo_create(4 * MX_PAGE_SIZE, MX_VMO_RESIZABLE, &h), specimen(h);
	mx_handle_duplicate(mx_vmar_root_self(), MX_RIGHT_SAME_RIGHTS, &h), specimen(h);
	mx_handle_duplicate(mx_process_self(), MX_RIGHT_SAME_RIGHTS, &h), specimen(h);
	mx_handle_duplicate(mx_thread_self(), MX_RIGHT_SAME_RIGHTS, &h), specimen(h);
	mx_job_create(mx_job_default(), 0, &h), specimen(h);
	mx_trace_create(0, &h);
	specimen(h);
	specimen(mx_fd_handle(open("/etc/passwd", O_RDONLY)));
	pipe(fds);
	specimen(mx_fd_handle(fds[0])), close(fds[1]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	specimen(mx_fd_handle(fds[0])), close(fds[1]);
	mx_event_create(0, &stale);
	mx_handle_close(stale);
	is_int((long)nkinds, 16, "sixteen kinds of objects");
}

static void
specimens_close(void)
{
	for (size_t i = 0; i < nkinds; i++)
		mx_handle_close(kinds[i].h), mx_handle_close(kinds[i].bare);
	for (size_t i = 0; i < 4; i++)
		mx_handle_close(other[i]);
}

#define REFUSED(status, call)	is_int(call, status, #status ": " #call)

/* h, a variable of the call, as what is no handle: never one, closed, small, a kernel's idea of -1. */
#define HANDLE_BAD(h, call) do {								\
	const mx_handle_t none_[] = { MX_HANDLE_INVALID, stale, 1, 0x3ffff, 5u << 18, 0x80000000u, UINT32_MAX };	\
	int wrong_ = 0;										\
	for (size_t i_ = 0; i_ < sizeof(none_) / sizeof(none_[0]); i_++) {				\
		h = none_[i_];									\
		wrong_ += (call) != MX_ERR_BAD_HANDLE;						\
	}											\
	is_int(wrong_, 0, "MX_ERR_BAD_HANDLE: " #call);						\
} while (0)

/* h as an object of every other kind, with all rights and with none: the kind comes before the rights. */
#define HANDLE_KIND(h, call, type_) do {							\
	int wrong_ = 0;										\
	for (size_t i_ = 0; i_ < nkinds; i_++) {						\
		if (kinds[i_].type == (type_))							\
			continue;								\
		h = kinds[i_].h;								\
		wrong_ += (call) != MX_ERR_WRONG_TYPE;						\
		h = kinds[i_].bare;								\
		wrong_ += (call) != MX_ERR_WRONG_TYPE;						\
	}											\
	is_int(wrong_, 0, "MX_ERR_WRONG_TYPE, every other kind: " #call);			\
} while (0)

/* h without each of the rights, with no right at all; with these alone it is no matter of rights. */
#define HANDLE_RIGHTS(h, call, of, rights_) do {						\
	int wrong_ = 0;										\
	for (unsigned b_ = 0; b_ < 31; b_++) {							\
		if (((rights_) >> b_ & 1) == 0)							\
			continue;								\
		h = without(of, 1u << b_);							\
		wrong_ += (call) != MX_ERR_ACCESS_DENIED;					\
		mx_handle_close(h);								\
	}											\
	h = only(of, 0);									\
	wrong_ += (call) != MX_ERR_ACCESS_DENIED;						\
	mx_handle_close(h);									\
	h = only(of, rights_);									\
	wrong_ += (call) == MX_ERR_ACCESS_DENIED;						\
	mx_handle_close(h);									\
	is_int(wrong_, 0, "MX_ERR_ACCESS_DENIED, right by right: " #call);			\
} while (0)

/* All three, for an argument of one kind. */
#define HANDLE_ARG(h, call, type_, rights_) do {						\
	mx_handle_t of_ = kind(type_);								\
	HANDLE_BAD(h, call);									\
	HANDLE_KIND(h, call, type_);								\
	if ((rights_) != 0)									\
		HANDLE_RIGHTS(h, call, of_, rights_);						\
} while (0)

/* opt, a variable of the call, as every bit that is not in the mask. */
#define OPTION_ARG(opt, call, mask) do {							\
	int wrong_ = 0;										\
	for (unsigned b_ = 0; b_ < 32; b_++) {							\
		opt = 1u << b_;									\
		if ((opt & (mask)) == 0)							\
			wrong_ += (call) != MX_ERR_INVALID_ARGS;				\
	}											\
	opt = UINT32_MAX;									\
	wrong_ += (call) != MX_ERR_INVALID_ARGS;						\
	opt = 0;										\
	is_int(wrong_, 0, "MX_ERR_INVALID_ARGS, every unknown option: " #call);			\
} while (0)

/* Native slots in use: the smallest limit that admits another is one more. */
static rlim_t
slots(void)
{
	struct rlimit old, low;
	mx_handle_t h;
	rlim_t n;

	getrlimit(RLIMIT_HANDLES, &old);
	low = old;
	for (n = 0; n < 1000; n++) {
		low.rlim_cur = n + 1;
		setrlimit(RLIMIT_HANDLES, &low);
		if (mx_event_create(0, &h) == MX_OK) {
			mx_handle_close(h);
			break;
		}
	}
	setrlimit(RLIMIT_HANDLES, &old);
	return n;
}

/* A call that needs `need' slots, with fewer; it leaves none in use. */
#define NO_SLOTS(call, need) do {								\
	struct rlimit old_, low_;								\
	rlim_t n_ = slots();									\
	int wrong_ = 0;										\
	getrlimit(RLIMIT_HANDLES, &old_);							\
	for (rlim_t free_ = 0; free_ < (need); free_++) {					\
		low_ = old_;									\
		low_.rlim_cur = n_ + free_;							\
		setrlimit(RLIMIT_HANDLES, &low_);						\
		wrong_ += (call) != MX_ERR_NO_RESOURCES;					\
		setrlimit(RLIMIT_HANDLES, &old_);						\
		wrong_ += slots() != n_;							\
	}											\
	is_int(wrong_, 0, "MX_ERR_NO_RESOURCES: " #call);					\
} while (0)
