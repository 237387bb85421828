/* Event pairs: levels of both ends, the peer's signals, what a close leaves. */
#include <poll.h>
#include <sys/stat.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/syscalls.h>
#include "handle.h"
#include "tap.h"

static mx_signals_t
levels(mx_handle_t h)
{
	mx_signals_t seen = 0;

	mx_object_wait_one(h, 0, 0, &seen);
	return seen & ~MX_SIGNAL_LAST_HANDLE;
}

static void
creation(void)
{
	mx_handle_t a = 7, b = 8;

	is_int(mx_eventpair_create(1, &a, &b), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(mx_eventpair_create(0, (mx_handle_t *)16, &b), MX_ERR_INVALID_ARGS, "a bad first address");
	is_int(mx_eventpair_create(0, &a, (mx_handle_t *)16), MX_ERR_INVALID_ARGS, "a bad second address");
	ok(b == 8, "which leaves the other alone or stale");
	is_int(mx_eventpair_create(0, &a, &b), MX_OK, "create");
	ok(a != b && levels(a) == 0 && levels(b) == 0, "two ends, nothing set");
	is_int(mx_handle_close(a), MX_OK, "close");
	is_int(mx_handle_close(b), MX_OK, "close the other");
}

static void
signals(void)
{
	mx_handle_t a, b, weak, e;

	mx_eventpair_create(0, &a, &b);
	mx_event_create(0, &e);
	is_int(mx_object_signal(a, 0, MX_EVENTPAIR_SIGNALED | MX_USER_SIGNAL_3), MX_OK, "signal an end");
	ok(levels(a) == (MX_EVENTPAIR_SIGNALED | MX_USER_SIGNAL_3) && levels(b) == 0, "it is its own");
	is_int(mx_object_signal_peer(a, 0, MX_EVENTPAIR_SIGNALED | MX_USER_SIGNAL_1), MX_OK, "signal the peer");
	ok(levels(b) == (MX_EVENTPAIR_SIGNALED | MX_USER_SIGNAL_1), "it has the bits");
	is_int(mx_object_signal_peer(a, MX_USER_SIGNAL_ALL, MX_USER_SIGNAL_1 | MX_USER_SIGNAL_7), MX_OK,
	    "clear, then set");
	ok(levels(b) == (MX_EVENTPAIR_SIGNALED | MX_USER_SIGNAL_1 | MX_USER_SIGNAL_7), "in this order");
	is_int(mx_object_signal_peer(a, 0, MX_SIGNAL_READABLE), MX_ERR_INVALID_ARGS, "a bit of the kernel's");
	is_int(mx_object_signal_peer(a, MX_SIGNAL_PEER_CLOSED, 0), MX_ERR_INVALID_ARGS, "to clear one");
	is_int(mx_object_signal_peer(0, 0, 0), MX_ERR_BAD_HANDLE, "no handle");
	is_int(mx_object_signal_peer(mx_handle_fd(a), 0, 0), MX_ERR_BAD_HANDLE, "a number is none");
	weak = only(a, MX_RIGHT_SIGNAL | MX_RIGHT_WAIT);
	is_int(mx_object_signal_peer(weak, 0, MX_USER_SIGNAL_0), MX_ERR_ACCESS_DENIED, "without SIGNAL_PEER");
	is_int(mx_object_signal(weak, 0, MX_USER_SIGNAL_0), MX_OK, "SIGNAL is another right");
	mx_handle_close(weak);
	weak = only(e, MX_RIGHT_NONE);
	is_int(mx_object_signal_peer(weak, 0, MX_SIGNAL_READABLE), MX_ERR_NOT_SUPPORTED, "no peer: before rights and bits");
	mx_handle_close(weak);
	is_int(mx_handle_close(b), MX_OK, "close the peer");
	ok(levels(a) == (MX_EVENTPAIR_SIGNALED | MX_USER_SIGNAL_3 | MX_USER_SIGNAL_0 | MX_SIGNAL_PEER_CLOSED),
	    "PEER_CLOSED, and what was set stays");
	is_int(mx_object_signal_peer(a, 0, MX_USER_SIGNAL_0), MX_ERR_PEER_CLOSED, "the peer is gone");
	is_int(mx_object_signal(a, MX_USER_SIGNAL_ALL | MX_EVENTPAIR_SIGNALED, 0), MX_OK, "its own bits still change");
	ok(levels(a) == MX_SIGNAL_PEER_CLOSED, "PEER_CLOSED does not");
	mx_handle_close(a), mx_handle_close(e);
}

static void
posix(void)
{
	mx_handle_t a, b;
	struct pollfd p;
	struct stat st;
	char c;

	mx_eventpair_create(0, &a, &b);
	p = (struct pollfd){ mx_handle_fd(a), POLLIN, 0 };
	fails(read(p.fd, &c, 1), EINVAL, "nothing to read");
	fails(write(p.fd, &c, 1), EINVAL, "nor to write");
	ok(fstat(p.fd, &st) == 0 && (st.st_mode & S_IFMT) == 0 && st.st_ino != 0, "fstat");
	is_int(poll(&p, 1, 0), 0, "poll");
	mx_object_signal_peer(b, 0, MX_EVENTPAIR_SIGNALED);
	ok(poll(&p, 1, -1) == 1 && p.revents == POLLIN, "POLLIN is SIGNALED");
	mx_object_signal(a, MX_EVENTPAIR_SIGNALED, 0);
	mx_handle_close(b);
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLERR, "a closed peer, on what cannot be read");
	mx_handle_close(a);
}

/* A wait in another process hears of the close and of the signal. */
static void
processes(void)
{
	mx_handle_t a, b;
	mx_signals_t seen = 0;
	pid_t pid;

	mx_eventpair_create(0, &a, &b);
	pid = fork();
	if (pid == 0) {
		mx_handle_close(a);
		if (mx_object_wait_one(b, MX_USER_SIGNAL_0, MX_TIME_INFINITE, NULL) != MX_OK)
			_exit(1);
		_exit(mx_object_signal_peer(b, 0, MX_USER_SIGNAL_5) != MX_OK);
	}
	mx_handle_close(b);
	is_int(mx_object_signal_peer(a, 0, MX_USER_SIGNAL_0), MX_OK, "the child's end is signaled");
	is_int(mx_object_wait_one(a, MX_SIGNAL_PEER_CLOSED, MX_TIME_INFINITE, &seen), MX_OK, "its end closes with it");
	ok((seen & MX_USER_SIGNAL_5) != 0, "after it answered");
	is_int(child_status(pid), 0, "the child is content");
	mx_handle_close(a);
}

static void
handles(void)
{
	mx_info_handle_basic_t x, y;
	mx_handle_t a, b;

	mx_eventpair_create(0, &a, &b);
	mx_object_get_info(a, MX_INFO_HANDLE_BASIC, &x, sizeof(x), NULL, NULL);
	mx_object_get_info(b, MX_INFO_HANDLE_BASIC, &y, sizeof(y), NULL, NULL);
	ok(x.type == MX_OBJ_TYPE_EVENTPAIR && x.rights == MX_DEFAULT_EVENTPAIR_RIGHTS, "type and rights");
	ok(x.related_koid == y.koid && y.related_koid == x.koid, "each is the other's relative");
	mx_handle_close(a), mx_handle_close(b);
}

int
main(void)
{
	creation();
	signals();
	posix();
	processes();
	handles();
	return tap_done();
}
