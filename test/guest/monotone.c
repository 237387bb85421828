/*
 * Rights only shrink (RELIABILITY M3, M6): all sets of twelve rights through duplicate, replace and a
 * channel, and through the children of a job; and a handle that was closed names nothing in any thread.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "rnd.h"
#include "tap.h"

static const mx_rights_t bit[12] = {
	MX_RIGHT_DUPLICATE, MX_RIGHT_TRANSFER, MX_RIGHT_READ, MX_RIGHT_WRITE, MX_RIGHT_EXECUTE, MX_RIGHT_MAP,
	MX_RIGHT_GET_PROPERTY, MX_RIGHT_SET_PROPERTY, MX_RIGHT_SIGNAL, MX_RIGHT_WAIT, MX_RIGHT_INSPECT, MX_RIGHT_RESIZE,
};
static mx_handle_t full;		/* a VMO with just these */
static mx_handle_t ends[2];
static mx_rights_t
spread(uint32_t set)
{
	mx_rights_t r = 0;

	for (int i = 0; i < 12; i++)
		r |= set >> i & 1 ? bit[i] : 0;
	return r;
}

/* What a handle has; INSPECT is not always there, so the receiver of a message is asked. */
static mx_rights_t
rights_end(mx_handle_t h)
{
	mx_handle_disposition_t d = { MX_HANDLE_OP_MOVE, h, MX_OBJ_TYPE_VMO, MX_RIGHT_SAME_RIGHTS, 0 };
	mx_info_handle_basic_t info = { .rights = ~0u };
	mx_handle_info_t got;

	if (mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL) != MX_OK) {
		mx_handle_close(h);
		return ~0u;
	}
	if ((info.rights & MX_RIGHT_TRANSFER) == 0) {
		mx_handle_close(h);
		return info.rights;
	}
	if (mx_channel_write_etc(ends[0], 0, NULL, 0, &d, 1) != MX_OK)
		return ~0u;
	mx_channel_read_etc(ends[1], 0, NULL, &got, 0, 1, NULL, NULL);
	mx_handle_close(got.handle);
	return got.rights == info.rights ? got.rights : ~0u;
}

/* A handle with rights `have' is asked for `want' in three ways; how many of them were answered wrongly. */
static int
ask(mx_rights_t have, mx_rights_t want)
{
	int subset = (want & ~have) == 0, wrong = 0;
	mx_handle_disposition_t d;
	mx_handle_t h, out = MX_HANDLE_INVALID;
	mx_handle_info_t got;
	mx_status_t status;

	mx_handle_duplicate(full, have, &h);
	status = mx_handle_duplicate(h, want, &out);
	if ((have & MX_RIGHT_DUPLICATE) == 0)
		wrong += status != MX_ERR_ACCESS_DENIED;
	else
		wrong += subset ? status != MX_OK || rights_end(out) != want : status != MX_ERR_INVALID_ARGS;
	d = (mx_handle_disposition_t){ MX_HANDLE_OP_DUPLICATE, h, MX_OBJ_TYPE_NONE, want, 0 };
	status = mx_channel_write_etc(ends[0], 0, NULL, 0, &d, 1);
	if ((have & MX_RIGHT_DUPLICATE) == 0 || (have & MX_RIGHT_TRANSFER) == 0)
		wrong += status != MX_ERR_ACCESS_DENIED;
	else
		wrong += subset ? status != MX_OK : status != MX_ERR_INVALID_ARGS;
	if (status == MX_OK) {
		mx_channel_read_etc(ends[1], 0, NULL, &got, 0, 1, NULL, NULL);
		wrong += got.rights != want;
		mx_handle_close(got.handle);
	}
	status = mx_handle_replace(h, want, &out);
	wrong += subset ? status != MX_OK || rights_end(out) != want : status != MX_ERR_INVALID_ARGS;
	return wrong;
}

static void
sets(void)
{
	int wrong = 0;
	mx_handle_t v, h, out;

	mx_vmo_create(1, MX_VMO_RESIZABLE, &v);
	mx_vmo_replace_as_executable(v, MX_HANDLE_INVALID, &full);
	mx_channel_create(0, &ends[0], &ends[1]);
	for (uint32_t set = 0; set < 4096; set++) {
		mx_rights_t have = spread(set);

		wrong += ask(have, have) + ask(have, 0);
		for (int i = 0; i < 12; i++)
			if ((have & bit[i]) == 0)
				wrong += ask(have, have | bit[i]);
		for (int i = 0; i < 10; i++)
			wrong += ask(have, spread(rnd(4096)));
		mx_handle_duplicate(full, have, &h);
		wrong += mx_handle_replace(h, MX_RIGHT_SAME_RIGHTS, &out) != MX_OK || rights_end(out) != have;
	}
	is_int(wrong, 0, "4096 sets of rights: no gain, no loss");
	for (unsigned i = 0; i < 31; i++) {
		mx_handle_duplicate(full, spread(4095), &h);
		if ((spread(4095) >> i & 1) == 0)
			wrong += mx_handle_replace(h, 1u << i, &out) != MX_ERR_INVALID_ARGS;
		else
			mx_handle_close(h);
	}
	is_int(wrong, 0, "rights that the kind does not have are not given");
	mx_handle_close(ends[0]), mx_handle_close(ends[1]), mx_handle_close(full);
}

/* A child by its koid: not more than the parent's handle has. */
static void
children(void)
{
	mx_handle_t parent, child, weak, out;
	mx_info_handle_basic_t info;
	mx_rights_t all = MX_DEFAULT_JOB_RIGHTS;
	int wrong = 0;

	mx_job_create(mx_job_default(), 0, &parent);
	mx_job_create(parent, 0, &child);
	mx_object_get_info(child, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	for (int i = 0; i < 2000; i++) {
		mx_rights_t have = (rnd(0x80000) & all) | MX_RIGHT_ENUMERATE, want = rnd(0x80000) & all;
		mx_info_handle_basic_t got;
		mx_status_t status;

		if (i % 3 == 0)
			want &= have;
		mx_handle_duplicate(parent, have, &weak);
		status = mx_object_get_child(weak, info.koid, want, &out);
		if ((want & ~have) != 0) {
			wrong += status != MX_ERR_ACCESS_DENIED;
		} else {
			wrong += status != MX_OK;
			mx_object_get_info(out, MX_INFO_HANDLE_BASIC, &got, sizeof(got), NULL, NULL);
			wrong += got.rights != want;
			mx_handle_close(out);
		}
		mx_handle_close(weak);
	}
	is_int(wrong, 0, "2000 children: no more than the parent's handle has");
	mx_handle_close(child), mx_handle_close(parent);
}

/* --- a closed handle, seen from another thread --- */

#define RACES 100000

static _Atomic uint32_t shown;		/* the handle */
static _Atomic uint64_t shown_koid;
static _Atomic uint32_t closed;		/* the last handle whose close returned */
static atomic_int over;
static int foreign, late;

static void *
looker(void *arg)
{
	while (!atomic_load(&over)) {
		mx_info_handle_basic_t info;
		mx_handle_t h = atomic_load(&shown);
		uint64_t k = atomic_load(&shown_koid);
		int was = atomic_load(&closed) == h;

		if (h != atomic_load(&shown) ||
		    mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL) != MX_OK) {
			sched_yield();
			continue;
		}
		foreign += info.koid != k && h == atomic_load(&shown) && k == atomic_load(&shown_koid);
		late += was;
		sched_yield();
	}
	return NULL;
}

static void
races(void)
{
	mx_info_handle_basic_t info;
	pthread_t t;

	pthread_create(&t, NULL, looker, NULL);
	for (int i = 0; i < RACES; i++) {
		mx_handle_t h, again;

		mx_event_create(0, &h);
		mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
		atomic_store(&shown_koid, info.koid);
		atomic_store(&shown, h);
		if (rnd(4) == 0)
			sched_yield();
		mx_handle_close(h);
		atomic_store(&closed, h);
		mx_event_create(0, &again);	/* may have the slot now */
		if (rnd(4) == 0)
			sched_yield();
		mx_handle_close(again);
	}
	atomic_store(&over, 1);
	pthread_join(t, NULL);
	is_int(late, 0, "a handle whose close has returned names nothing");
	is_int(foreign, 0, "and never another object");
}

int
main(void)
{
	sets();
	children();
	races();
	return tap_done();
}
