/* The native calls: handles and rights, events, waits, ports. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <abi/mx.h>
#include <abi/resource.h>
#include <abi/rights.h>
#include <abi/sig.h>
#include "sysuser.h"
#include "rnd.h"
#include "tap.h"

typedef uint32_t handle;

#define U0		(1u << 24)
#define U1		(1u << 25)
#define INFINITE	MX_TIME_INFINITE
#define MS		1000000ll
#define NATIVE_FIRST	65536
#define INDEX(h)	((int)((h) & 0x3ffff) - 1)
#define GENERATION(h)	((h) >> 18)

static const char *self;

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static handle
event_new(void)
{
	handle h = 0;

	return __sys_mx_event_create(0, &h) == MX_OK ? h : 0;
}

static handle
port_new(void)
{
	handle h = 0;

	return __sys_mx_port_create(0, &h) == MX_OK ? h : 0;
}

static handle
of_fd(int fd)
{
	handle h = 0;

	return __sys_mx_fd_handle(fd, &h) == MX_OK ? h : 0;
}

/* A duplicate with these rights. */
static handle
with(handle h, uint32_t rights)
{
	handle d = 0;

	return __sys_mx_handle_duplicate(h, rights, &d) == MX_OK ? d : 0;
}

static void
drop(handle h)
{
	if (h == 0 || __sys_mx_handle_close(h) != MX_OK)
		ok(0, "close of handle %x", h);
}

/* The levels of a handle now. */
#define SEEN	(~SIG_LAST_HANDLE)	/* whose tests are lasthandle.c */

static uint32_t
levels(handle h)
{
	uint32_t bits = 0xdeadbeef;

	__sys_mx_object_wait_one(h, 0, 0, &bits);
	return bits & SEEN;
}

static long
wait_now(handle h, uint32_t bits)
{
	return __sys_mx_object_wait_one(h, bits, 0, NULL);
}

static long
signal_it(handle h, uint32_t clear, uint32_t set)
{
	return __sys_mx_object_signal(h, clear, set);
}

static int
native_slots(void)
{
	int n = 0;

	for (int i = NATIVE_FIRST; i < NATIVE_FIRST + 4096; i++)
		n += fcntl(i, F_GETFD) != -1;
	return n;
}

/* --- handle values and descriptor numbers --- */

static void
values(void)
{
	handle h = event_new(), std = of_fd(0), back;
	int fd = -1;

	ok(h != 0, "an event");
	is_int(INDEX(h), NATIVE_FIRST, "native slots count from 65536");
	ok(GENERATION(h) != 0 && h >> 31 == 0, "a handle has a generation and no bit 31");
	is_int(__sys_mx_handle_fd(h, &fd), MX_OK, "its descriptor number");
	is_int(fd, INDEX(h), "is the slot");
	is_int(fcntl(fd, F_GETFD), FD_CLOEXEC, "a native slot is closed by exec");
	is_int(of_fd(fd), h, "and back");
	ok(std != 0 && INDEX(std) == 0, "fd 0 has a handle value that is not 0");
	is_int(of_fd(0), std, "always the same");
	is_int(__sys_mx_fd_handle(999, &back), MX_ERR_BAD_HANDLE, "a closed descriptor has none");
	is_int(__sys_mx_fd_handle(-1, &back), MX_ERR_BAD_HANDLE, "nor has -1");
	is_int(close(fd), 0, "close() takes the number of a native slot");
	is_int(wait_now(h, U0), MX_ERR_BAD_HANDLE, "then the handle is stale");
	is_int(__sys_mx_handle_fd(h, &fd), MX_ERR_BAD_HANDLE, "and has no number");
	is_int(__sys_mx_handle_close(h), MX_ERR_BAD_HANDLE, "nor can it be closed again");
	is_int(__sys_mx_handle_close(0), MX_OK, "closing MX_HANDLE_INVALID is nothing");
	ok(fcntl(0, F_GETFD) != -1, "and leaves fd 0 open");
	is_int(__sys_mx_handle_close(of_fd(fd = dup(0))), MX_OK, "a descriptor is closed by its handle");
	fails(fcntl(fd, F_GETFD), EBADF, "and gone");
}

/* Descriptor numbers are no handles. */
static void
small_integers(void)
{
	static const handle small[] = { 0, 1, 2, 65535, 65536, 65537, 0x3ffff };
	handle e = event_new(), p = port_new(), out;
	struct abi_port_packet k = { .key = 1 };
	int fd, wrong = 0;

	for (unsigned i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		struct abi_wait_item item = { small[i], SIG_READABLE, 0 };

		wrong += wait_now(small[i], SIG_READABLE) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_object_wait_many(&item, 1, 0) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_object_wait_async(small[i], p, 0, U0, 0) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_object_wait_async(e, small[i], 0, U0, 0) != MX_ERR_BAD_HANDLE;
		wrong += signal_it(small[i], 0, U0) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_handle_duplicate(small[i], RIGHT_SAME, &out) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_handle_replace(small[i], RIGHT_SAME, &out) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_port_queue(small[i], &k) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_port_wait(small[i], 0, &k) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_port_cancel(p, small[i], 0) != MX_ERR_BAD_HANDLE;
		wrong += __sys_mx_handle_fd(small[i], &fd) != MX_ERR_BAD_HANDLE;
		wrong += small[i] != 0 && __sys_mx_handle_close(small[i]) != MX_ERR_BAD_HANDLE;
	}
	is_int(wrong, 0, "a small integer is BAD_HANDLE to every native call");
	is_int(wait_now(e | 1u << 31, U0), MX_ERR_BAD_HANDLE, "so is a value with bit 31");
	is_int(wait_now(e ^ 1u << 18, U0), MX_ERR_BAD_HANDLE, "and one with another generation");
	is_int(wait_now((GENERATION(e) | 8) << 18, U0), MX_ERR_BAD_HANDLE, "and one without an index");
	drop(e), drop(p);
}

static void
stale(void)
{
	handle first = event_new(), h = 0, last = first;
	int alive = 0, moved = 0;

	drop(first);
	for (int i = 0; i < 8190; i++) {
		h = event_new();
		moved += INDEX(h) != INDEX(first);
		alive += h == first || h == last || wait_now(first, 0) != MX_ERR_BAD_HANDLE;
		last = h;
		drop(h);
	}
	is_int(moved, 0, "a lone free slot is used again");
	is_int(alive, 0, "8190 times the old handle stays stale");
}

static void
numbers(void)
{
	handle h = event_new();
	int fd = INDEX(h), low = fcntl(fd, F_DUPFD, 0), to;

	ok(low >= 3 && low < 100, "F_DUPFD brings a handle down");
	signal_it(h, 0, U0);
	is_int(levels(of_fd(low)) & U0, U0, "it is the same event");
	to = dup2(fd, 70);
	is_int(to, 70, "dup2 from a native slot");
	is_int(fcntl(to, F_GETFD), 0, "is not closed by exec");
	drop(h);
	is_int(levels(of_fd(to)) & U0, U0, "and outlives the handle");
	close(low), close(to);
	fails(dup2(0, NATIVE_FIRST), EBADF, "dup2 into the native range");
}

static void
limits(void)
{
	struct rlimit old, low;
	handle h, last = 0;
	long status;
	int n = 0;

	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &low);
	h = event_new();
	ok(h != 0, "RLIMIT_NOFILE does not bind native calls");
	setrlimit(RLIMIT_NOFILE, &old);
	getrlimit(RLIMIT_HANDLES, &old);
	low = old;
	low.rlim_cur = 20;
	is_int(setrlimit(RLIMIT_HANDLES, &low), 0, "RLIMIT_HANDLES");
	while ((status = __sys_mx_event_create(0, &last)) == MX_OK && n < 100)
		n++;
	is_int(status, MX_ERR_NO_RESOURCES, "is a limit of native slots");
	is_int(n, 19, "in use");
	is_int(__sys_mx_handle_duplicate(h, RIGHT_SAME, &last), MX_ERR_NO_RESOURCES, "for duplicates too");
	is_int(dup(0), 3, "and not for descriptors"), close(3);
	setrlimit(RLIMIT_HANDLES, &old);
	for (int i = NATIVE_FIRST; i < NATIVE_FIRST + 30; i++)
		close(i);
	is_int(native_slots(), 0, "all closed");
}

/* --- rights --- */

static void
rights(void)
{
	handle e = event_new(), w = with(e, RIGHT_WAIT), s = with(e, RIGHT_SIGNAL), d, same, out = 77;
	struct abi_port_packet k = { 0 };
	int before;

	is_int(wait_now(w, U0), MX_ERR_TIMED_OUT, "a duplicate with WAIT waits");
	is_int(signal_it(w, 0, U0), MX_ERR_ACCESS_DENIED, "and does not signal");
	is_int(signal_it(s, 0, U0), MX_OK, "one with SIGNAL signals");
	is_int(wait_now(s, U0), MX_ERR_ACCESS_DENIED, "and does not wait");
	is_int(wait_now(w, U0), MX_OK, "they are one event");
	is_int(__sys_mx_handle_duplicate(w, RIGHT_SAME, &out), MX_ERR_ACCESS_DENIED, "no DUPLICATE, no duplicate");
	is_int(out, 77, "and no result");
	before = native_slots();
	is_int(__sys_mx_handle_duplicate(e, RIGHT_WAIT | RIGHT_READ, &out), MX_ERR_INVALID_ARGS,
	    "a right that the source lacks");
	is_int(__sys_mx_handle_duplicate(e, RIGHT_SAME | RIGHT_WAIT, &out), MX_ERR_INVALID_ARGS,
	    "SAME is not a right among others");
	is_int(native_slots(), before, "a refused duplicate leaves nothing");
	same = with(e, RIGHT_SAME);
	is_int(signal_it(same, U0, 0), MX_OK, "SAME keeps all");
	d = with(e, 0);
	ok(d != 0, "a handle without rights can be");
	is_int(wait_now(d, U0), MX_ERR_ACCESS_DENIED, "and does nothing");
	is_int(__sys_mx_port_queue(w, &k), MX_ERR_WRONG_TYPE, "WRONG_TYPE comes before ACCESS_DENIED");
	is_int(__sys_mx_port_wait(d, 0, &k), MX_ERR_WRONG_TYPE, "for port_wait too");
	is_int(__sys_mx_port_cancel(d, e, 0), MX_ERR_WRONG_TYPE, "and port_cancel");
	is_int(__sys_mx_object_wait_async(e, d, 0, U0, 0), MX_ERR_WRONG_TYPE, "and wait_async");
	drop(w), drop(s), drop(d), drop(same), drop(e);
}

static void
replace(void)
{
	handle e = event_new(), r = 0, out = 0;
	int before = native_slots();

	is_int(__sys_mx_handle_replace(e, RIGHT_WAIT, &r), MX_OK, "replace");
	is_int(wait_now(e, U0), MX_ERR_BAD_HANDLE, "the old handle is gone");
	is_int(wait_now(r, U0), MX_ERR_TIMED_OUT, "the new one lives");
	is_int(signal_it(r, 0, U0), MX_ERR_ACCESS_DENIED, "with fewer rights");
	is_int(native_slots(), before, "one for one");
	is_int(__sys_mx_handle_replace(r, RIGHT_WAIT | RIGHT_SIGNAL, &out), MX_ERR_INVALID_ARGS,
	    "rights do not come back");
	is_int(wait_now(r, U0), MX_ERR_BAD_HANDLE, "a refused replace consumes the handle");
	e = event_new();
	is_int(__sys_mx_handle_replace(e, RIGHT_SAME, (void *)8), MX_ERR_INVALID_ARGS, "a bad result address");
	is_int(wait_now(e, U0), MX_ERR_BAD_HANDLE, "consumes it too");
	is_int(__sys_mx_handle_replace(e, RIGHT_SAME, &out), MX_ERR_BAD_HANDLE, "a stale handle");
	is_int(native_slots(), before - 1, "nothing is left");
}

/* POSIX calls on slots with fewer rights. */
static void
posix_rights(void)
{
	handle r, w, n;
	struct stat st;
	char c = 'x';
	int p[2];

	pipe(p);
	r = with(of_fd(p[0]), RIGHT_WAIT), w = with(of_fd(p[1]), RIGHT_WRITE);
	n = with(of_fd(p[0]), RIGHT_READ);
	is_int(write(INDEX(w), &c, 1), 1, "write through a handle");
	fails(read(INDEX(r), &c, 1), EBADF, "read without READ");
	fails(dup(INDEX(r)), EPERM, "dup without DUPLICATE");
	is_int(poll(&(struct pollfd){ INDEX(r), POLLIN, 0 }, 1, 0), 1, "poll with WAIT");
	{
		struct pollfd q = { INDEX(n), POLLIN, 0 };

		poll(&q, 1, 0);
		is_int(q.revents, POLLNVAL, "poll without WAIT is POLLNVAL");
	}
	is_int(read(INDEX(n), &c, 1), 1, "read with READ");
	is_int(fcntl(INDEX(n), F_GETFL) & O_ACCMODE, O_RDONLY, "F_GETFL tells from the slot's rights");
	is_int(fcntl(INDEX(w), F_GETFL) & O_ACCMODE, O_WRONLY, "of each slot");
	fails(fcntl(INDEX(n), F_SETFL, O_NONBLOCK), EPERM, "F_SETFL needs SET_PROPERTY");
	is_int(fstat(INDEX(w), &st), 0, "fstat");
	ok(S_ISFIFO(st.st_mode), "of a pipe");
	drop(r), drop(w), drop(n);
	close(p[0]), close(p[1]);
}

/* --- events --- */

static void
events(void)
{
	handle e = event_new(), out = 0;
	uint32_t bits = 0;
	struct stat a, b;
	struct pollfd p = { INDEX(e), POLLIN | POLLOUT, 0 };
	char c[64];
	int64_t t;

	is_int(__sys_mx_event_create(1, &out), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(levels(e), 0, "a new event has no level");
	is_int(__sys_mx_object_wait_one(e, SIG_SIGNALED, 0, &bits), MX_ERR_TIMED_OUT, "a wait that is over at once");
	is_int(__sys_mx_object_wait_one(e, SIG_SIGNALED, -1, &bits), MX_ERR_TIMED_OUT, "a negative deadline");
	is_int(__sys_mx_object_wait_one(e, SIG_SIGNALED, INT64_MIN, &bits), MX_ERR_TIMED_OUT, "the most negative");
	t = now();
	is_int(__sys_mx_object_wait_one(e, SIG_SIGNALED, t + 30 * MS, &bits), MX_ERR_TIMED_OUT, "a wait of 30 ms");
	ok(now() >= t + 30 * MS, "is not shorter");
	is_int(poll(&p, 1, 0), 0, "poll: nothing");
	is_int(signal_it(e, 0, SIG_SIGNALED), MX_OK, "signal");
	is_int(poll(&p, 1, 0), 1, "poll: something");
	is_int(p.revents, POLLIN, "POLLIN");
	is_int(__sys_mx_object_wait_one(e, SIG_SIGNALED | U1, INFINITE, &bits), MX_OK, "a wait for what is there");
	is_int(bits & SEEN, SIG_SIGNALED, "and what it saw");
	is_int(signal_it(e, SIG_SIGNALED, U0), MX_OK, "clear and set");
	is_int(levels(e), U0, "both happened");
	is_int(poll(&p, 1, 0), 0, "user levels are nothing to poll");
	bits = 0;
	is_int(__sys_mx_object_wait_one(e, SIG_SIGNALED, 0, &bits), MX_ERR_TIMED_OUT, "a time-out");
	is_int(bits & SEEN, U0, "tells what is active all the same");
	is_int(signal_it(e, U0, U0), MX_OK, "clear and set of one bit");
	is_int(levels(e), U0, "leaves it set");
	is_int(signal_it(e, 0, SIG_USER_ALL), MX_OK, "all eight user levels");
	is_int(levels(e), SIG_USER_ALL, "are there");
	is_int(signal_it(e, SIG_USER_ALL, 0), MX_OK, "and go");
	for (unsigned i = 0; i < 24; i++)
		if (1u << i != SIG_SIGNALED && (signal_it(e, 0, 1u << i) != MX_ERR_INVALID_ARGS ||
		    signal_it(e, 1u << i, 0) != MX_ERR_INVALID_ARGS))
			ok(0, "level %u is not the user's", i);
	is_int(levels(e), 0, "no other level can be changed");
	is_int(__sys_mx_object_wait_one(e, SIG_SIGNALED, 0, (void *)8), MX_ERR_INVALID_ARGS, "a bad address");
	out = event_new();
	is_int(fstat(INDEX(e), &a), 0, "fstat of an event");
	fstat(INDEX(out), &b);
	ok(a.st_ino != b.st_ino && (a.st_mode & S_IFMT) == 0, "has a number of its own and no type");
	fails(read(INDEX(e), c, sizeof(c)), EINVAL, "an event has nothing to read");
	fails(write(INDEX(e), c, sizeof(c)), EINVAL, "nor room to write");
	fails(lseek(INDEX(e), 0, SEEK_SET), ESPIPE, "it does not seek");
	drop(e), drop(out);
}

/* --- waits that sleep --- */

static volatile int alarms;
static handle close_in_handler;

static void
on_alarm(int sig)
{
	alarms++;
	if (close_in_handler != 0)
		__sys_mx_handle_close(close_in_handler);
}

static pid_t
signal_later(handle e, uint32_t bits, int ms)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(ms * 1000);
		_exit(signal_it(e, 0, bits) != MX_OK);
	}
	return pid;
}

static void
sleeping(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value = { 0, 10000 } };
	handle e = event_new();
	uint32_t bits = 0;
	pid_t pid;

	pid = signal_later(e, U1, 20);
	is_int(__sys_mx_object_wait_one(e, U1, INFINITE, &bits), MX_OK, "a child wakes its parent by an event");
	is_int(bits & SEEN, U1, "with that level");
	is_int(child_status(pid), 0, "the event was inherited");
	signal_it(e, U1, 0);
	sigaction(SIGALRM, &sa, NULL);
	pid = signal_later(e, U0, 60);
	setitimer(ITIMER_REAL, &soon, NULL);
	is_int(__sys_mx_object_wait_one(e, U0, INFINITE, &bits), MX_OK, "a wait goes on after a POSIX signal");
	is_int(alarms, 1, "whose handler has run");
	child_status(pid);
	signal_it(e, U0, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	is_int(__sys_mx_object_wait_one(e, U0, now() + 40 * MS, &bits), MX_ERR_TIMED_OUT, "also one with a deadline");
	is_int(alarms, 2, "and the handler has run");
	close_in_handler = e;
	setitimer(ITIMER_REAL, &soon, NULL);
	is_int(__sys_mx_object_wait_one(e, U0, INFINITE, &bits), MX_ERR_BAD_HANDLE,
	    "a handler that closes the handle ends the wait");
	close_in_handler = 0;
	signal(SIGALRM, SIG_DFL);
}

static void
many(void)
{
	static struct abi_wait_item all[1025];
	handle a = event_new(), b = event_new();
	struct abi_wait_item two[2] = { { a, U0, 7 }, { b, U1, 7 } };
	int64_t t = now();
	pid_t pid;

	is_int(__sys_mx_object_wait_many(two, 2, 0), MX_ERR_TIMED_OUT, "wait_many: nothing yet");
	ok((two[0].pending & SEEN) == 0 && (two[1].pending & SEEN) == 0, "and says so");
	signal_it(b, 0, U0 | U1);
	is_int(__sys_mx_object_wait_many(two, 2, INFINITE), MX_OK, "wait_many: one is ready");
	ok((two[0].pending & SEEN) == 0 && (two[1].pending & SEEN) == (U0 | U1), "all levels of each are told");
	signal_it(b, U0 | U1, 0);
	pid = signal_later(a, U0, 20);
	is_int(__sys_mx_object_wait_many(two, 2, INFINITE), MX_OK, "wait_many sleeps until one is");
	ok((two[0].pending & SEEN) == U0 && (two[1].pending & SEEN) == 0, "and tells which");
	child_status(pid);
	two[1] = two[0];
	is_int(__sys_mx_object_wait_many(two, 2, INFINITE), MX_OK, "the same handle twice");
	two[1].handle = 0;
	is_int(__sys_mx_object_wait_many(two, 2, 0), MX_ERR_BAD_HANDLE, "a bad handle among good ones");
	is_int(__sys_mx_object_wait_many(NULL, 0, t = now() + 20 * MS), MX_ERR_TIMED_OUT, "none is a sleep");
	ok(now() >= t, "of that length");
	for (int i = 0; i < 1025; i++)
		all[i] = (struct abi_wait_item){ i == 1023 ? a : b, U0, 0 };
	is_int(__sys_mx_object_wait_many(all, 1024, INFINITE), MX_OK, "1024 items");
	is_int(all[1023].pending & SEEN, U0, "of which the last is ready");
	is_int(__sys_mx_object_wait_many(all, 1025, 0), MX_ERR_OUT_OF_RANGE, "one more is OUT_OF_RANGE");
	is_int(__sys_mx_object_wait_many(all, SIZE_MAX, 0), MX_ERR_OUT_OF_RANGE, "and so is the largest number");
	signal_it(a, U0, 0);
	is_int(__sys_mx_object_wait_many(all, 1024, now() + 10 * MS), MX_ERR_TIMED_OUT, "1024 items asleep");
	drop(a), drop(b);
}

/* poll and select over events and ports, asleep. */
static void
polled(void)
{
	handle e = event_new(), p = port_new();
	struct pollfd both[2] = { { INDEX(e), POLLIN, 0 }, { INDEX(p), POLLIN, 0 } };
	struct abi_port_packet k = { .key = 3 };
	int low = fcntl(INDEX(e), F_DUPFD, 0);
	fd_set set;
	pid_t pid;

	is_int(poll(both, 2, 10), 0, "poll of an event and a port: a time-out");
	pid = signal_later(e, SIG_SIGNALED, 20);
	is_int(poll(both, 2, -1), 1, "poll sleeps until the event is signalled");
	ok(both[0].revents == POLLIN && both[1].revents == 0, "and tells that it was the event");
	child_status(pid);
	FD_ZERO(&set);
	FD_SET(low, &set);
	is_int(select(low + 1, &set, NULL, NULL, NULL), 1, "select sees it through a low descriptor");
	signal_it(e, SIG_SIGNALED, 0);
	pid = fork();
	if (pid == 0) {
		usleep(20000);
		_exit(__sys_mx_port_queue(p, &k) != MX_OK);
	}
	is_int(poll(both, 2, -1), 1, "poll sleeps until a packet is queued");
	ok(both[0].revents == 0 && both[1].revents == POLLIN, "and tells that it was the port");
	child_status(pid);
	close(low), drop(e), drop(p);
}

static handle waited_for;

static void
wait_one_forever(void)
{
	(void)__sys_mx_object_wait_one(waited_for, U0, INFINITE, NULL);
}

static void
wait_many_forever(void)
{
	static struct abi_wait_item items[40];

	for (int i = 0; i < 40; i++)
		items[i] = (struct abi_wait_item){ waited_for, U0, 0 };
	(void)__sys_mx_object_wait_many(items, 40, INFINITE);
}

static void
sleep_forever(void)
{
	(void)__sys_mx_object_wait_many(NULL, 0, INFINITE);
}

static void
port_wait_forever(void)
{
	struct abi_port_packet k;

	(void)__sys_mx_port_wait(waited_for, INFINITE, &k);
}

/* Whoever sleeps in a native call stops, goes on, and dies at once. */
static void
killed(void)
{
	static const struct { const char *name; void (*fn)(void); } sleeps[] = {
		{ "wait_one", wait_one_forever }, { "wait_many", wait_many_forever },
		{ "wait_many of none", sleep_forever }, { "port_wait", port_wait_forever },
	};
	handle e = event_new(), p = port_new();

	for (unsigned i = 0; i < sizeof(sleeps) / sizeof(sleeps[0]); i++) {
		int status = 0;
		int64_t t;
		pid_t pid;

		waited_for = sleeps[i].fn == port_wait_forever ? p : e;
		pid = fork();
		if (pid == 0) {
			sleeps[i].fn();
			_exit(7);
		}
		usleep(5000);
		kill(pid, SIGSTOP);
		waitpid(pid, &status, WUNTRACED);
		ok(WIFSTOPPED(status), "%s stops", sleeps[i].name);
		kill(pid, SIGCONT);
		usleep(5000);
		is_int(waitpid(pid, &status, WNOHANG), 0, "and sleeps on");
		t = now();
		kill(pid, SIGKILL);
		status = child_status(pid);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && now() - t < 100 * MS, "%s: SIGKILL within 100 ms",
		    sleeps[i].name);
	}
	drop(e), drop(p);
}

static void
posix_nodes(void)
{
	static char fill[4096];
	int p[2], master, slave, fd, n = 0;
	handle r, w;
	pid_t pid;

	pipe(p);
	r = of_fd(p[0]), w = of_fd(p[1]);
	is_int(levels(r) & (SIG_READABLE | SIG_PEER_CLOSED), 0, "an empty pipe is not READABLE");
	is_int(levels(w) & (SIG_WRITABLE | SIG_PEER_CLOSED), SIG_WRITABLE, "but WRITABLE");
	pid = fork();
	if (pid == 0) {
		usleep(20000);
		_exit(write(p[1], "x", 1) != 1);
	}
	is_int(__sys_mx_object_wait_one(r, SIG_READABLE, INFINITE, NULL), MX_OK, "a wait for a pipe");
	child_status(pid);
	read(p[0], fill, 1);
	is_int(levels(r) & SIG_READABLE, 0, "a read takes the level with the byte");
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while (write(p[1], fill, sizeof(fill)) == sizeof(fill))
		n++;
	ok(n > 0 && errno == EAGAIN, "fill it");
	is_int(levels(w) & SIG_WRITABLE, 0, "a full pipe is not WRITABLE");
	read(p[0], fill, 4095);
	is_int(levels(w) & SIG_WRITABLE, 0, "with less than PIPE_BUF free neither");
	read(p[0], fill, 1);
	is_int(levels(w) & SIG_WRITABLE, SIG_WRITABLE, "with PIPE_BUF free it is");
	close(p[1]);
	is_int(wait_now(w, 0), MX_ERR_BAD_HANDLE, "close() makes the handle value stale");
	is_int(levels(r) & (SIG_READABLE | SIG_PEER_CLOSED), SIG_READABLE | SIG_PEER_CLOSED,
	    "no writer: PEER_CLOSED, and READABLE while bytes are left");
	is_int(signal_it(r, 0, U0), MX_ERR_ACCESS_DENIED, "what POSIX makes has no SIGNAL right");
	close(p[0]);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(master), unlockpt(master);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	r = of_fd(master);
	is_int(levels(r) & SIG_READABLE, 0, "a quiet terminal");
	write(slave, "x", 1);
	is_int(__sys_mx_object_wait_one(r, SIG_READABLE, INFINITE, NULL), MX_OK, "a wait for a terminal");
	is_int(levels(of_fd(slave)) & SIG_READABLE, 0, "nothing typed");
	write(master, "line\n", 5);
	is_int(__sys_mx_object_wait_one(of_fd(slave), SIG_READABLE, now() + 1000 * MS, NULL), MX_OK, "a line typed");
	close(master), close(slave);
	fd = open("/etc/passwd", O_RDONLY);
	is_int(wait_now(of_fd(fd), SIG_READABLE), MX_OK, "a file is always ready");
	is_int(wait_now(of_fd(fd), SIG_WRITABLE), MX_OK, "both ways");
	close(fd);
}

/* --- fork and exec --- */

static void
inheritance(void)
{
	handle e = event_new(), p = port_new(), n = with(e, RIGHT_WAIT), k = with(e, RIGHT_SAME);
	struct abi_port_packet packet = { .key = 42 };
	pid_t pid = fork();

	if (pid == 0) {
		if (wait_now(n, U0) != MX_ERR_BAD_HANDLE)
			_exit(1);		/* no DUPLICATE: not inherited */
		if (wait_now(e, U0) != MX_ERR_TIMED_OUT)
			_exit(2);
		if (signal_it(e, 0, U0) != MX_OK)
			_exit(3);
		if (__sys_mx_port_queue(p, &packet) != MX_OK)
			_exit(4);
		if (native_slots() != 3)
			_exit(5);
		if (event_new() == 0)
			_exit(6);
		_exit(0);
	}
	is_int(child_status(pid), 0, "fork hands on what has DUPLICATE, and nothing else");
	is_int(levels(e), U0, "the child's signal is seen");
	is_int(__sys_mx_port_wait(p, 0, &packet), MX_OK, "the child's packet came");
	is_int(packet.key, 42, "as it was sent");
	is_int(wait_now(n, U0), MX_OK, "the parent has kept all");
	pid = fork();
	if (pid == 0) {
		fcntl(INDEX(k), F_SETFD, 0);
		execl(self, self, "--slots", NULL);
		_exit(99);
	}
	is_int(WEXITSTATUS(child_status(pid)), 1, "exec closes native slots unless F_SETFD says other");
	drop(e), drop(p), drop(n), drop(k);
}

/* --- ports --- */

static struct abi_port_packet got;

/* The next packet, or a status. */
static long
next(handle p)
{
	memset(&got, 0xee, sizeof(got));
	return __sys_mx_port_wait(p, 0, &got);
}

static void
packets(void)
{
	struct abi_port_packet k = { .key = 0x1122334455667788ull, .type = 99, .status = -5 };
	handle p = port_new(), r = with(p, RIGHT_READ), w = with(p, RIGHT_WRITE | RIGHT_WAIT), out = 0;
	struct pollfd q = { INDEX(p), POLLIN, 0 };
	int64_t t;
	pid_t pid;
	int n;

	ok(p != 0, "a port");
	is_int(__sys_mx_port_create(1, &out), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(next(p), MX_ERR_TIMED_OUT, "an empty port");
	t = now();
	is_int(__sys_mx_port_wait(p, t + 20 * MS, &got), MX_ERR_TIMED_OUT, "for 20 ms");
	ok(now() >= t + 20 * MS, "not less");
	is_int(levels(p) & SIG_READABLE, 0, "is not READABLE");
	is_int(poll(&q, 1, 0), 0, "nor for poll");
	for (int i = 0; i < 32; i++)
		k.user[i] = (uint8_t)(i + 1);
	is_int(__sys_mx_port_queue(p, &k), MX_OK, "queue");
	is_int(levels(p) & SIG_READABLE, SIG_READABLE, "a port with a packet is READABLE");
	is_int(poll(&q, 1, 0), 1, "for poll too");
	is_int(next(p), MX_OK, "wait");
	ok(got.key == k.key && got.status == -5 && memcmp(got.user, k.user, 32) == 0, "the packet is whole");
	is_int(got.type, MX_PKT_TYPE_USER, "its type is USER whatever was written");
	is_int(levels(p) & SIG_READABLE, 0, "and READABLE is gone");
	for (int i = 0; i < 10; i++)
		k.key = (uint64_t)i, __sys_mx_port_queue(p, &k);
	for (n = 0; n < 10 && next(p) == MX_OK && got.key == (uint64_t)n; n++)
		;
	is_int(n, 10, "packets come in their order");
	is_int(__sys_mx_port_wait(w, 0, &got), MX_ERR_ACCESS_DENIED, "port_wait needs READ");
	is_int(__sys_mx_port_queue(r, &k), MX_ERR_ACCESS_DENIED, "port_queue needs WRITE");
	is_int(wait_now(r, SIG_READABLE), MX_ERR_ACCESS_DENIED, "object_wait_one needs WAIT");
	is_int(wait_now(w, SIG_READABLE), MX_ERR_TIMED_OUT, "and works on a port");
	is_int(__sys_mx_port_queue(p, (void *)8), MX_ERR_INVALID_ARGS, "a bad packet address");
	k.key = 7;
	__sys_mx_port_queue(p, &k);
	fails(read(INDEX(p), &got, sizeof(got) - 1), EINVAL, "a read shorter than a packet");
	is_int(read(INDEX(p), &got, sizeof(got)), sizeof(got), "a read takes a packet");
	is_int(got.key, 7, "that one");
	pid = fork();
	if (pid == 0) {
		usleep(20000);
		_exit(__sys_mx_port_queue(p, &k) != MX_OK);
	}
	is_int(__sys_mx_port_wait(p, INFINITE, &got), MX_OK, "a port that waits for a child's packet");
	child_status(pid);
	for (n = 0; n < 100000 && __sys_mx_port_queue(p, &k) == MX_OK; n++)
		;
	ok(n >= 1024 && n < 100000, "a port has a limit (%d)", n);
	is_int(__sys_mx_port_queue(p, &k), MX_ERR_SHOULD_WAIT, "SHOULD_WAIT");
	is_int(next(p), MX_OK, "one out");
	is_int(__sys_mx_port_queue(p, &k), MX_OK, "one in");
	is_int(__sys_mx_port_queue(p, &k), MX_ERR_SHOULD_WAIT, "full again");
	out = event_new();
	is_int(__sys_mx_object_wait_async(out, p, 5, U0, 0), MX_OK, "a full port still takes registrations");
	signal_it(out, 0, U0);
	while (next(p) == MX_OK && got.type == MX_PKT_TYPE_USER)
		;
	is_int(got.key, 5, "and their packets");
	drop(out), drop(p), drop(r), drop(w);
}

static void
once(void)
{
	handle p = port_new(), e = event_new(), n = with(e, RIGHT_SIGNAL), r = with(p, RIGHT_READ);
	int64_t t;

	is_int(__sys_mx_object_wait_async(e, p, 1, U0 | U1, MX_WAIT_ASYNC_ONCE), MX_OK, "wait_async, ONCE");
	is_int(next(p), MX_ERR_TIMED_OUT, "no packet before its time");
	signal_it(e, 0, SIG_SIGNALED);
	is_int(next(p), MX_ERR_TIMED_OUT, "none for another level");
	signal_it(e, 0, U1);
	is_int(next(p), MX_OK, "one for its level");
	ok(got.key == 1 && got.type == MX_PKT_TYPE_SIGNAL_ONE && got.status == 0, "of its key and type");
	ok(got.signal.trigger == (U0 | U1) && (got.signal.observed & SEEN) == (SIG_SIGNALED | U1) && got.signal.count == 1,
	    "with trigger, observed and count");
	is_int(got.signal.timestamp, 0, "and no time");
	signal_it(e, U1, 0), signal_it(e, 0, U1);
	is_int(next(p), MX_ERR_TIMED_OUT, "and never again");
	__sys_mx_object_wait_async(e, p, 2, U1, MX_WAIT_ASYNC_ONCE);
	is_int(next(p), MX_OK, "a level that is active counts at once");
	__sys_mx_object_wait_async(e, p, 3, U1, MX_WAIT_ASYNC_EDGE);
	is_int(next(p), MX_ERR_TIMED_OUT, "not with EDGE");
	signal_it(e, 0, U1);
	is_int(next(p), MX_ERR_TIMED_OUT, "nor when it is set while set");
	signal_it(e, U1, 0), signal_it(e, 0, U1);
	is_int(next(p), MX_OK, "but when it rises");
	is_int(got.key, 3, "with its key");
	t = now();
	__sys_mx_object_wait_async(e, p, 4, U1, MX_WAIT_ASYNC_TIMESTAMP);
	is_int(next(p), MX_OK, "with TIMESTAMP");
	ok(got.signal.timestamp >= t && got.signal.timestamp <= now(), "the packet has its time");
	is_int(__sys_mx_object_wait_async(e, p, 5, U0, 8), MX_ERR_INVALID_ARGS, "an unknown option");
	is_int(__sys_mx_object_wait_async(0, 0, 5, U0, 8), MX_ERR_INVALID_ARGS, "comes before a bad handle");
	is_int(__sys_mx_object_wait_async(n, p, 5, U0, 0), MX_ERR_ACCESS_DENIED, "the source needs WAIT");
	is_int(__sys_mx_object_wait_async(e, r, 5, U0, 0), MX_ERR_ACCESS_DENIED, "the port needs WRITE");
	is_int(__sys_mx_object_wait_async(e, e, 5, U0, 0), MX_ERR_WRONG_TYPE, "an event is no port");
	is_int(next(p), MX_ERR_TIMED_OUT, "the refused ones left nothing");
	drop(p), drop(e), drop(n), drop(r);
}

static void
repeating(void)
{
	handle p = port_new(), e = event_new();

	signal_it(e, 0, U0);
	is_int(__sys_mx_object_wait_async(e, p, 9, U0 | U1, MX_WAIT_ASYNC_REPEATING), MX_OK, "REPEATING");
	is_int(next(p), MX_OK, "an active level counts at once");
	is_int(got.type, MX_PKT_TYPE_SIGNAL_REP, "with its type");
	is_int(next(p), MX_ERR_TIMED_OUT, "once");
	signal_it(e, 0, U0);
	is_int(next(p), MX_ERR_TIMED_OUT, "set while set is no rise");
	signal_it(e, U0, 0), signal_it(e, 0, U0);
	is_int(next(p), MX_OK, "a rise is");
	is_int(got.signal.count, 1, "one");
	for (int i = 0; i < 3; i++)
		signal_it(e, U0 | U1, 0), signal_it(e, 0, i == 1 ? U1 : U0);
	is_int(next(p), MX_OK, "three rises fold into one packet");
	is_int(got.signal.count, 3, "that counts three");
	is_int(got.signal.observed & (U0 | U1), U0 | U1, "and has seen all levels");
	is_int(next(p), MX_ERR_TIMED_OUT, "nothing is doubled");
	signal_it(e, U0 | U1, 0), signal_it(e, 0, U1);
	is_int(next(p), MX_OK, "the next packet");
	ok(got.signal.count == 1 && (got.signal.observed & SEEN) == U1, "starts from nothing");
	signal_it(e, U0 | U1, 0), signal_it(e, 0, U0);
	is_int(__sys_mx_port_cancel(p, e, 8), MX_ERR_NOT_FOUND, "cancel with another key");
	is_int(__sys_mx_port_cancel(p, p, 9), MX_ERR_NOT_FOUND, "with another source");
	is_int(__sys_mx_port_cancel(p, e, 9), MX_OK, "cancel");
	is_int(next(p), MX_ERR_TIMED_OUT, "takes the queued packet too");
	is_int(__sys_mx_port_cancel(p, e, 9), MX_ERR_NOT_FOUND, "there is nothing more to cancel");
	signal_it(e, U0, 0), signal_it(e, 0, U0);
	is_int(next(p), MX_ERR_TIMED_OUT, "and nothing comes");
	__sys_mx_object_wait_async(e, p, 1, SIG_SIGNALED, 0);
	__sys_mx_object_wait_async(e, p, 1, SIG_SIGNALED, MX_WAIT_ASYNC_REPEATING);
	__sys_mx_object_wait_async(e, p, 2, SIG_SIGNALED, 0);
	is_int(__sys_mx_port_cancel(p, e, 1), MX_OK, "cancel of all with one key");
	signal_it(e, 0, SIG_SIGNALED);
	ok(next(p) == MX_OK && got.key == 2 && next(p) == MX_ERR_TIMED_OUT, "leaves the other keys");
	drop(p), drop(e);
}

/* What becomes of a registration when something else goes. */
static void
ends(void)
{
	handle p = port_new(), e = event_new(), other = with(e, RIGHT_SAME), q;
	pid_t pid;
	int fds[2];

	__sys_mx_object_wait_async(e, p, 1, U0, MX_WAIT_ASYNC_REPEATING);
	drop(e);
	signal_it(other, 0, U0);
	is_int(next(p), MX_ERR_TIMED_OUT, "a registration goes with the slot it was made through");
	signal_it(other, U0, 0);
	e = with(other, RIGHT_SAME);
	__sys_mx_object_wait_async(e, p, 2, U0, MX_WAIT_ASYNC_REPEATING);
	signal_it(other, 0, U0);
	drop(e);
	is_int(next(p), MX_OK, "a queued packet stays");
	is_int(got.key, 2, "that one");
	signal_it(other, U0, 0), signal_it(other, 0, U0);
	is_int(next(p), MX_ERR_TIMED_OUT, "it was the last");
	signal_it(other, U0, 0);
	pid = fork();
	if (pid == 0)
		_exit(__sys_mx_object_wait_async(other, p, 3, U0, 0) != MX_OK);
	is_int(child_status(pid), 0, "a child registers and ends");
	signal_it(other, 0, U0);
	is_int(next(p), MX_ERR_TIMED_OUT, "its slot is gone and so is its registration");
	signal_it(other, U0, 0);
	q = with(other, RIGHT_SAME);
	__sys_mx_object_wait_async(q, p, 4, U0, 0);
	is_int(__sys_mx_handle_replace(q, RIGHT_SAME, &q), MX_OK, "replace");
	signal_it(other, 0, U0);
	is_int(next(p), MX_ERR_TIMED_OUT, "ends it too");
	signal_it(other, U0, 0);
	__sys_mx_object_wait_async(q, p, 5, U0, 0);
	dup2(0, 80);
	__sys_mx_object_wait_async(of_fd(80), p, 6, SIG_PRIORITY, 0);
	dup2(INDEX(q), 80);
	signal_it(other, 0, U0);
	ok(next(p) == MX_OK && got.key == 5 && next(p) == MX_ERR_TIMED_OUT, "dup2 over another slot ends that one's");
	close(80);
	drop(q);
	pipe(fds);
	__sys_mx_object_wait_async(of_fd(fds[0]), p, 10, SIG_READABLE, MX_WAIT_ASYNC_REPEATING);
	__sys_mx_object_wait_async(of_fd(fds[0]), p, 11, SIG_PEER_CLOSED, MX_WAIT_ASYNC_ONCE);
	pid = fork();
	if (pid == 0)
		_exit(write(fds[1], "x", 1) != 1);
	close(fds[1]);
	child_status(pid);
	ok(next(p) == MX_OK && got.key == 10, "a registration on a pipe: bytes");
	ok(next(p) == MX_OK && got.key == 11 && (got.signal.observed & SIG_PEER_CLOSED) != 0, "and its end");
	close(fds[0]);
	__sys_mx_object_wait_async(other, p, 12, U1, MX_WAIT_ASYNC_REPEATING);
	q = with(p, RIGHT_SAME);
	drop(p);
	signal_it(other, 0, U1);
	is_int(next(q), MX_OK, "a port lives while it has a handle");
	signal_it(other, U1, 0);
	drop(q);
	is_int(signal_it(other, 0, U1), MX_OK, "a source outlives the port");
	drop(other);
}

/* --- a port against a model of it --- */

#define NEVENTS	3
#define NREGS	12
#define NQUEUE	256

struct reg {
	int used, event, queued, spent;
	handle through;		/* the slot it was made through, 0: closed */
	uint64_t key, order, count;
	uint32_t trigger, options, observed;
};

static struct model {
	uint32_t levels[NEVENTS];
	struct reg regs[NREGS];
	int queue[NQUEUE], n;	/* a registration, or NREGS + i: user packet i */
	uint64_t order;
} m;
static uint32_t
rnd_levels(void)
{
	return rnd(8) << 24 | (rnd(2) ? SIG_SIGNALED : 0);
}

static void
model_fire(int i, uint32_t bits)
{
	struct reg *r = &m.regs[i];

	if (r->spent)
		return;
	r->spent = (r->options & MX_WAIT_ASYNC_REPEATING) == 0;
	r->observed |= bits;
	r->count++;
	if (!r->queued)
		m.queue[m.n++] = i;
	r->queued = 1;
}

static void
model_signal(int e, uint32_t clear, uint32_t set)
{
	uint32_t old = m.levels[e], risen;
	uint64_t from = 0;

	m.levels[e] = (old & ~clear) | set;
	risen = m.levels[e] & ~old;
	for (;;) {
		int best = -1;

		for (int i = 0; i < NREGS; i++)
			if (m.regs[i].used && m.regs[i].event == e && m.regs[i].order > from &&
			    (best == -1 || m.regs[i].order < m.regs[best].order))
				best = i;
		if (best == -1)
			return;
		from = m.regs[best].order;
		if ((m.regs[best].trigger & risen) != 0)
			model_fire(best, m.levels[e]);
	}
}

static void
model_unqueue(int what)
{
	for (int i = 0; i < m.n; i++)
		if (m.queue[i] == what) {
			memmove(&m.queue[i], &m.queue[i + 1], (size_t)(m.n - i - 1) * sizeof(int));
			m.n--;
			return;
		}
}

static int
step_register(handle p, handle e[], int at)
{
	static const uint32_t options[] = { 0, MX_WAIT_ASYNC_EDGE, MX_WAIT_ASYNC_REPEATING,
		MX_WAIT_ASYNC_REPEATING | MX_WAIT_ASYNC_EDGE };
	struct reg *r = &m.regs[at];

	if (r->used)
		return 0;
	*r = (struct reg){ .used = 1, .event = (int)rnd(NEVENTS), .key = rnd(4), .order = ++m.order,
		.trigger = rnd_levels(), .options = options[rnd(4)] };
	r->through = with(e[r->event], RIGHT_SAME);
	if (__sys_mx_object_wait_async(r->through, p, r->key, r->trigger, r->options) != MX_OK)
		return 1;
	if ((m.levels[r->event] & r->trigger) != 0 && (r->options & MX_WAIT_ASYNC_EDGE) == 0)
		model_fire(at, m.levels[r->event]);
	return 0;
}

static int
step_close(int at)
{
	struct reg *r = &m.regs[at];

	if (!r->used || r->through == 0)
		return 0;
	drop(r->through);
	r->through = 0;
	if (r->queued)
		r->spent = 1;
	else
		r->used = 0;
	return 0;
}

/* Through the handle it was registered with: another handle of the event reaches nothing. */
static int
step_cancel(handle p, handle e[], int at)
{
	struct reg *r = &m.regs[at];
	int through = r->used && r->through != 0 && rnd(4) != 0;
	uint64_t key = through && rnd(4) != 0 ? r->key : rnd(4);
	long status = __sys_mx_port_cancel(p, through ? r->through : e[rnd(NEVENTS)], key);

	if (!through || key != r->key)
		return status != MX_ERR_NOT_FOUND;
	model_unqueue(at);
	drop(r->through);
	r->used = 0;
	return status != MX_OK;
}

static int
step_take(handle p)
{
	long status = next(p);
	struct reg *r;
	int what, bad;

	if (m.n == 0)
		return status != MX_ERR_TIMED_OUT;
	what = m.queue[0];
	model_unqueue(what);
	if (status != MX_OK)
		return 1;
	if (what >= NREGS)
		return got.type != MX_PKT_TYPE_USER || got.key != (uint64_t)what;
	r = &m.regs[what];
	bad = got.key != r->key || got.signal.trigger != r->trigger || (got.signal.observed & SEEN) != r->observed ||
	    got.signal.count != r->count || (got.type == MX_PKT_TYPE_SIGNAL_REP) !=
	    ((r->options & MX_WAIT_ASYNC_REPEATING) != 0);
	r->queued = 0, r->observed = 0, r->count = 0;
	if (r->spent) {
		if (r->through != 0)
			drop(r->through);
		r->used = 0;
	}
	return bad;
}

static int
step(handle p, handle e[], uint64_t i)
{
	struct abi_port_packet k = { .key = NREGS + i % 1000000 };
	uint32_t clear = rnd_levels(), set = rnd_levels();
	int at = (int)rnd(NREGS);

	switch (rnd(8)) {
	case 0: case 1:
		return step_register(p, e, at);
	case 2:
		return rnd(3) == 0 ? step_close(at) : 0;
	case 3:
		return rnd(3) == 0 ? step_cancel(p, e, at) : 0;
	case 4:
		if (m.n >= NQUEUE - NREGS || rnd(4) != 0)
			return 0;
		m.queue[m.n++] = (int)k.key;
		return __sys_mx_port_queue(p, &k) != MX_OK;
	case 5: case 6:
		at %= NEVENTS;
		model_signal(at, clear, set);
		return signal_it(e[at], clear, set) != MX_OK || levels(e[at]) != m.levels[at];
	default:
		return step_take(p) || ((levels(p) & SIG_READABLE) != 0) != (m.n > 0);
	}
}

static void
against_model(void)
{
	for (int round = 0; round < 8; round++) {
		handle p = port_new(), e[NEVENTS];
		uint64_t i, first = rnd_seed = (uint64_t)now();

		memset(&m, 0, sizeof(m));
		for (int k = 0; k < NEVENTS; k++)
			e[k] = event_new();
		for (i = 0; i < 5000 && step(p, e, i) == 0; i++)
			;
		if (!ok(i == 5000, "a port does what its model does"))
			tap_print("# seed %llu, step %llu\n", (unsigned long long)first, (unsigned long long)i);
		for (int k = 0; k < NREGS; k++)
			if (m.regs[k].used && m.regs[k].through != 0)
				drop(m.regs[k].through);
		for (int k = 0; k < NEVENTS; k++)
			drop(e[k]);
		drop(p);
	}
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1)
		return native_slots();
	values();
	stale();
	small_integers();
	numbers();
	limits();
	rights();
	replace();
	posix_rights();
	events();
	sleeping();
	polled();
	killed();
	many();
	posix_nodes();
	inheritance();
	packets();
	once();
	repeating();
	ends();
	against_model();
	is_int(native_slots(), 0, "no handle is left");
	return tap_done();
}
