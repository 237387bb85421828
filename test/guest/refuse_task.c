/*
 * Every refusal of the calls on handles, objects, futexes, jobs, processes, threads, tasks and programs, and their
 * order: options, policy, handles one by one, memory, credentials, state.  refuse.h says how.
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <abi/info.h>
#include <abi/task.h>
#include <mx/policy.h>
#include <mx/spawn.h>
#include "refuse.h"
#include "sysuser.h"

#define SETID	"/tmp/refuse.setid"	/* a program of another user's */

static char buf[4096];
static uint32_t opt;
static mx_handle_t h, out[2];

/* An event for a call that consumes it. */
static mx_handle_t given_away;

static mx_handle_t
gift(void)
{
	return given_away = event();
}

static void
gone(void)
{
	ok(!alive(given_away), "the handle is consumed");
}

/* --- handles --- */

static void
handles(void)
{
	const mx_handle_t self[] = { mx_process_self(), mx_thread_self(), mx_vmar_root_self(), mx_job_default() };
	mx_handle_t e, list[3];
	int wrong = 0;

	HANDLE_BAD(h, mx_handle_duplicate(h, 0x7fffffff, BAD));
	for (size_t i = 0; i < nkinds; i++)
		HANDLE_RIGHTS(h, mx_handle_duplicate(h, 0x7fffffff, BAD), kinds[i].h, MX_RIGHT_DUPLICATE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_handle_duplicate(kind(MX_OBJ_TYPE_EVENT), 0x7fffffff, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_handle_duplicate(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_SAME_RIGHTS, BAD));
	NO_SLOTS(mx_handle_duplicate(kind(MX_OBJ_TYPE_EVENT), MX_RIGHT_SAME_RIGHTS, out), 1);

	HANDLE_BAD(h, mx_handle_replace(h, 0x7fffffff, BAD));
	for (size_t i = 0; i < 4; i++) {
		REFUSED(MX_ERR_ACCESS_DENIED, mx_handle_replace(self[i], 0x7fffffff, BAD));
		wrong += !alive(self[i]);
	}
	is_int(wrong, 0, "pseudo-handles stay");
	e = event();
	REFUSED(MX_ERR_INVALID_ARGS, mx_handle_replace(e, 0x7fffffff, out));
	ok(!alive(e), "a replaced handle is gone, though the rights were too many");
	e = event();
	REFUSED(MX_ERR_INVALID_ARGS, mx_handle_replace(e, MX_RIGHT_SAME_RIGHTS, BAD));
	ok(!alive(e), "nor could the new one be told");

	REFUSED(MX_ERR_BAD_HANDLE, mx_handle_close(stale));
	REFUSED(MX_ERR_BAD_HANDLE, mx_handle_close(1));
	REFUSED(MX_ERR_BAD_HANDLE, mx_handle_close(UINT32_MAX));
	REFUSED(MX_ERR_INVALID_ARGS, mx_handle_close_many(BAD, 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_handle_close_many(BAD, 100));
	REFUSED(MX_ERR_INVALID_ARGS, mx_handle_close_many(list, SIZE_MAX));
	list[0] = event(), list[1] = stale, list[2] = event();
	REFUSED(MX_ERR_BAD_HANDLE, mx_handle_close_many(list, 3));
	ok(!alive(list[0]) && !alive(list[2]), "the others are closed");
	list[0] = list[1] = event(), list[2] = MX_HANDLE_INVALID;
	REFUSED(MX_ERR_BAD_HANDLE, mx_handle_close_many(list, 3));
	ok(!alive(list[0]), "the same twice is closed once");

	REFUSED(MX_ERR_BAD_HANDLE, __sys_mx_fd_handle(-1, out));
	REFUSED(MX_ERR_BAD_HANDLE, __sys_mx_fd_handle(777, out));
	HANDLE_BAD(h, __sys_mx_handle_fd(h, (int *)out));
	REFUSED(MX_ERR_BAD_HANDLE, __sys_mx_handle_fd(mx_process_self(), (int *)out));
}

/* --- properties --- */

static const struct prop {
	uint32_t id;
	mx_obj_type_t type;
	size_t size;
	int get, set;
} props[] = {
	{ MX_PROP_REGISTER_FS, MX_OBJ_TYPE_THREAD, 8, 0, 1 },
	{ MX_PROP_PROCESS_DEBUG_ADDR, MX_OBJ_TYPE_PROCESS, 8, 1, 1 },
	{ MX_PROP_PROCESS_VDSO_BASE_ADDRESS, MX_OBJ_TYPE_PROCESS, 8, 1, 0 },
	{ MX_PROP_PROCESS_SELF_RIGHTS, MX_OBJ_TYPE_PROCESS, sizeof(struct abi_self_rights), 0, 1 },
	{ MX_PROP_SOCKET_RX_THRESHOLD, MX_OBJ_TYPE_SOCKET, 8, 1, 1 },
	{ MX_PROP_SOCKET_TX_THRESHOLD, MX_OBJ_TYPE_SOCKET, 8, 1, 1 },
	{ MX_PROP_CHANNEL_LIMIT, MX_OBJ_TYPE_CHANNEL, 8, 1, 1 },
	{ MX_PROP_JOB_PROCESS_LIMIT, MX_OBJ_TYPE_JOB, 4, 1, 1 },
};

static void
property(const struct prop *p)
{
	tap_print("# property %u\n", p->id);
	if (p->get) {
		HANDLE_ARG(h, mx_object_get_property(h, p->id, BAD, 0), p->type, MX_RIGHT_GET_PROPERTY);
		REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_object_get_property(kind(p->type), p->id, BAD, p->size - 1));
		REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_property(kind(p->type), p->id, BAD, p->size));
	} else {
		REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_property(stale, p->id, BAD, 0));
	}
	if (p->set) {
		HANDLE_ARG(h, mx_object_set_property(h, p->id, BAD, 0), p->type, MX_RIGHT_SET_PROPERTY);
		REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_object_set_property(kind(p->type), p->id, BAD, p->size - 1));
		REFUSED(MX_ERR_INVALID_ARGS, mx_object_set_property(kind(p->type), p->id, BAD, p->size));
	} else {
		REFUSED(MX_ERR_INVALID_ARGS, mx_object_set_property(stale, p->id, BAD, 0));
	}
}

static int
has_name(mx_obj_type_t type)
{
	return type == MX_OBJ_TYPE_PROCESS || type == MX_OBJ_TYPE_THREAD || type == MX_OBJ_TYPE_JOB || type == MX_OBJ_TYPE_VMO;
}

static void
names(void)
{
	HANDLE_BAD(h, mx_object_get_property(h, MX_PROP_NAME, BAD, 0));
	HANDLE_BAD(h, mx_object_set_property(h, MX_PROP_NAME, BAD, 0));
	for (size_t i = 0; i < nkinds; i++) {
		if (has_name(kinds[i].type)) {
			HANDLE_RIGHTS(h, mx_object_get_property(h, MX_PROP_NAME, BAD, 0), kinds[i].h, MX_RIGHT_GET_PROPERTY);
			HANDLE_RIGHTS(h, mx_object_set_property(h, MX_PROP_NAME, BAD, 9), kinds[i].h, MX_RIGHT_SET_PROPERTY);
			REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_object_get_property(kinds[i].h, MX_PROP_NAME, BAD, 31));
			REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_property(kinds[i].h, MX_PROP_NAME, BAD, 32));
			REFUSED(MX_ERR_INVALID_ARGS, mx_object_set_property(kinds[i].h, MX_PROP_NAME, BAD, 32));
		} else {
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_get_property(kinds[i].h, MX_PROP_NAME, BAD, 0));
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_get_property(kinds[i].bare, MX_PROP_NAME, BAD, 0));
			REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_set_property(kinds[i].bare, MX_PROP_NAME, BAD, 9));
		}
	}
}

static void
properties(void)
{
	struct abi_self_rights r = { .which = 1 };
	uint64_t addr = 4096;
	mx_handle_t t;

	REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_property(stale, 999, BAD, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_set_property(stale, 999, BAD, 0));
	for (size_t i = 0; i < sizeof(props) / sizeof(props[0]); i++)
		property(&props[i]);
	names();
	REFUSED(MX_ERR_BAD_STATE, mx_object_set_property(mx_process_self(), MX_PROP_PROCESS_SELF_RIGHTS, &r, sizeof(r)));
	r.which = 5;
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_set_property(mx_process_self(), MX_PROP_PROCESS_SELF_RIGHTS, &r, sizeof(r)));
	is_int(mx_object_set_property(mx_process_self(), MX_PROP_PROCESS_DEBUG_ADDR, &addr, sizeof(addr)), MX_OK, "set once");
	REFUSED(MX_ERR_ACCESS_DENIED, mx_object_set_property(mx_process_self(), MX_PROP_PROCESS_DEBUG_ADDR, &addr, sizeof(addr)));
	mx_thread_create(mx_process_self(), "t", 1, 0, &t);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_object_set_property(t, MX_PROP_REGISTER_FS, &addr, sizeof(addr)));
	mx_handle_close(t);
	addr = (uint64_t)1 << 63;
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_set_property(mx_thread_self(), MX_PROP_REGISTER_FS, &addr, sizeof(addr)));
}

/* --- information --- */

static const struct topic {
	uint32_t id;
	mx_obj_type_t type;
	mx_rights_t rights;
	size_t size;			/* of the one record, or of one of many */
	int many;
} topics[] = {
	{ MX_INFO_PROCESS, MX_OBJ_TYPE_PROCESS, MX_RIGHT_INSPECT, sizeof(mx_info_process_t), 0 },
	{ MX_INFO_PROCESS_THREADS, MX_OBJ_TYPE_PROCESS, MX_RIGHT_ENUMERATE, sizeof(mx_koid_t), 1 },
	{ MX_INFO_PROCESS_MAPS, MX_OBJ_TYPE_PROCESS, MX_RIGHT_READ | MX_RIGHT_INSPECT, sizeof(mx_info_maps_t), 1 },
	{ MX_INFO_PROCESS_VMOS, MX_OBJ_TYPE_PROCESS, MX_RIGHT_READ | MX_RIGHT_INSPECT, sizeof(mx_info_vmo_t), 1 },
	{ MX_INFO_TASK_STATS, MX_OBJ_TYPE_PROCESS, MX_RIGHT_INSPECT, sizeof(mx_info_task_stats_t), 0 },
	{ MX_INFO_THREAD, MX_OBJ_TYPE_THREAD, MX_RIGHT_INSPECT, sizeof(mx_info_thread_t), 0 },
	{ MX_INFO_THREAD_STATS, MX_OBJ_TYPE_THREAD, MX_RIGHT_INSPECT, sizeof(mx_info_thread_stats_t), 0 },
	{ MX_INFO_JOB, MX_OBJ_TYPE_JOB, MX_RIGHT_INSPECT, offsetof(mx_info_job_t, processes), 0 },
	{ MX_INFO_JOB_CHILDREN, MX_OBJ_TYPE_JOB, MX_RIGHT_ENUMERATE, sizeof(mx_koid_t), 1 },
	{ MX_INFO_JOB_PROCESSES, MX_OBJ_TYPE_JOB, MX_RIGHT_ENUMERATE, sizeof(mx_koid_t), 1 },
	{ MX_INFO_CPU_STATS, MX_OBJ_TYPE_JOB, MX_RIGHT_INSPECT, sizeof(mx_info_cpu_stats_t), 1 },
	{ MX_INFO_KMEM_STATS, MX_OBJ_TYPE_JOB, MX_RIGHT_INSPECT, sizeof(mx_info_kmem_stats_t), 0 },
	{ MX_INFO_VMAR, MX_OBJ_TYPE_VMAR, MX_RIGHT_INSPECT, sizeof(mx_info_vmar_t), 0 },
	{ MX_INFO_VMO, MX_OBJ_TYPE_VMO, MX_RIGHT_INSPECT, sizeof(mx_info_vmo_t), 0 },
	{ MX_INFO_SOCKET, MX_OBJ_TYPE_SOCKET, MX_RIGHT_INSPECT, sizeof(mx_info_socket_t), 0 },
	{ MX_INFO_TIMER, MX_OBJ_TYPE_TIMER, MX_RIGHT_INSPECT, sizeof(mx_info_timer_t), 0 },
};

static void
topic(const struct topic *t)
{
	int empty = t->id == MX_INFO_JOB_CHILDREN || t->id == MX_INFO_JOB_PROCESSES;
	mx_handle_t of = kind(t->type);

	tap_print("# topic %u\n", t->id);
	HANDLE_ARG(h, mx_object_get_info(h, t->id, BAD, 0, NULL, NULL), t->type, t->rights);
	if (!t->many)
		REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_object_get_info(of, t->id, BAD, t->size - 1, NULL, NULL));
	if (!empty)
		REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_info(of, t->id, BAD, t->size, NULL, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_info(of, t->id, buf, sizeof(buf), BAD, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_info(of, t->id, buf, sizeof(buf), NULL, BAD));
}

static void
information(void)
{
	mx_handle_t p, v;

	REFUSED(MX_ERR_NOT_SUPPORTED, mx_object_get_info(stale, 9999, BAD, 9, BAD, BAD));
	HANDLE_BAD(h, mx_object_get_info(h, MX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL));
	HANDLE_BAD(h, mx_object_get_info(h, MX_INFO_HANDLE_BASIC, BAD, 0, BAD, BAD));
	HANDLE_BAD(h, mx_object_get_info(h, MX_INFO_HANDLE_COUNT, BAD, 0, BAD, BAD));
	for (size_t i = 0; i < nkinds; i++)
		HANDLE_RIGHTS(h, mx_object_get_info(h, MX_INFO_HANDLE_COUNT, BAD, 0, NULL, NULL), kinds[i].h, MX_RIGHT_INSPECT);
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		topic(&topics[i]);
	HANDLE_ARG(h, mx_object_get_info(h, MX_INFO_THREAD_EXCEPTION_REPORT, BAD, 0, NULL, NULL), MX_OBJ_TYPE_THREAD,
	    MX_RIGHT_INSPECT);
	REFUSED(MX_ERR_BAD_STATE, mx_object_get_info(mx_thread_self(), MX_INFO_THREAD_EXCEPTION_REPORT, BAD, 9, NULL, NULL));
	mx_process_create(mx_job_default(), "new", 3, 0, &p, &v);
	REFUSED(MX_ERR_BAD_STATE, mx_object_get_info(p, MX_INFO_PROCESS_MAPS, BAD, 9, NULL, NULL));
	mx_handle_close(v), mx_handle_close(p);
}

static void
children(void)
{
	mx_handle_t of = kind(MX_OBJ_TYPE_PROCESS);
	mx_koid_t k = koid(mx_thread_self());

	HANDLE_BAD(h, mx_object_get_child(h, k, 0x7fffffff, BAD));
	for (size_t i = 0; i < nkinds; i++) {
		if (kinds[i].type == MX_OBJ_TYPE_PROCESS || kinds[i].type == MX_OBJ_TYPE_JOB) {
			HANDLE_RIGHTS(h, mx_object_get_child(h, 1, MX_RIGHT_SAME_RIGHTS, BAD), kinds[i].h, MX_RIGHT_ENUMERATE);
		} else {
			REFUSED(MX_ERR_WRONG_TYPE, mx_object_get_child(kinds[i].h, k, 0x7fffffff, BAD));
			REFUSED(MX_ERR_WRONG_TYPE, mx_object_get_child(kinds[i].bare, k, 0x7fffffff, BAD));
		}
	}
	REFUSED(MX_ERR_ACCESS_DENIED, mx_object_get_child(of, 1, 0x7fffffff, BAD));
	REFUSED(MX_ERR_NOT_FOUND, mx_object_get_child(of, 1, MX_RIGHT_SAME_RIGHTS, BAD));
	REFUSED(MX_ERR_NOT_FOUND, mx_object_get_child(kind(MX_OBJ_TYPE_JOB), 1, MX_RIGHT_SAME_RIGHTS, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_object_get_child(of, k, MX_RIGHT_SAME_RIGHTS, BAD));
	NO_SLOTS(mx_object_get_child(of, k, MX_RIGHT_SAME_RIGHTS, out), 1);
}

/* --- futexes --- */

static void
futexes(void)
{
	static mx_futex_t w[2];
	mx_futex_t *odd = (mx_futex_t *)((char *)w + 1);
	uint64_t k;

	REFUSED(MX_ERR_BAD_HANDLE, mx_futex_wait(odd, 1, stale, 0));
	REFUSED(MX_ERR_BAD_HANDLE, mx_futex_wait(odd, 1, 77, 0));
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i].type != MX_OBJ_TYPE_THREAD)
			REFUSED(MX_ERR_WRONG_TYPE, mx_futex_wait(odd, 1, kinds[i].bare, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_wait(odd, 1, kind(MX_OBJ_TYPE_THREAD), 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_wait(BAD, 1, 0, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_wait(w, 1, mx_thread_self(), 0));
	REFUSED(MX_ERR_BAD_STATE, mx_futex_wait(w, 1, 0, 0));
	REFUSED(MX_ERR_TIMED_OUT, mx_futex_wait(w, 0, 0, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_wake(odd, 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_wake((mx_futex_t *)(1ull << 63), 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_wake_single_owner(odd));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_wake_single_owner((mx_futex_t *)(1ull << 63)));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_get_owner(odd, &k));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_get_owner((mx_futex_t *)(1ull << 63), &k));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_get_owner(w, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_requeue(odd, 0, 1, NULL, 1, stale));
	REFUSED(MX_ERR_BAD_HANDLE, mx_futex_requeue(odd, 0, 1, odd, 1, stale));
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i].type != MX_OBJ_TYPE_THREAD)
			REFUSED(MX_ERR_WRONG_TYPE, mx_futex_requeue(odd, 0, 1, odd, 1, kinds[i].bare));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_requeue(BAD, 0, 1, w, 1, 0));
	REFUSED(MX_ERR_BAD_STATE, mx_futex_requeue(w, 0, 1, w, 1, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_requeue(w, 0, 0, w, 1, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_futex_requeue(w, 0, 0, odd, 1, 0));
}

/* --- jobs --- */

static mx_handle_t
dead_job(void)
{
	mx_handle_t j = MX_HANDLE_INVALID;

	mx_job_create(mx_job_default(), 0, &j);
	mx_task_kill(j);
	return j;
}

static void
jobs(void)
{
	mx_handle_t dead = dead_job(), deep[40];
	mx_policy_basic_t p = { MX_POL_NEW_VMO, MX_POL_ACTION_DENY };
	mx_status_t status = MX_OK;
	int n = 0;

	OPTION_ARG(opt, mx_job_create(stale, opt, BAD), 0);
	HANDLE_ARG(h, mx_job_create(h, 0, BAD), MX_OBJ_TYPE_JOB, MX_RIGHT_MANAGE_JOB);
	REFUSED(MX_ERR_INVALID_ARGS, mx_job_create(kind(MX_OBJ_TYPE_JOB), 0, BAD));
	REFUSED(MX_ERR_BAD_STATE, mx_job_create(dead, 0, out));
	NO_SLOTS(mx_job_create(kind(MX_OBJ_TYPE_JOB), 0, out), 1);
	for (h = kind(MX_OBJ_TYPE_JOB); n < 40 && (status = mx_job_create(h, 0, &deep[n])) == MX_OK; n++)
		h = deep[n];
	is_int(status, MX_ERR_OUT_OF_RANGE, "jobs are nested so deep only");
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_job_create(h, 0, out));
	mx_handle_close_many(deep, (size_t)n);

	OPTION_ARG(opt, mx_job_set_policy(stale, opt, 99, BAD, 9), 1);
	HANDLE_ARG(h, mx_job_set_policy(h, 0, MX_JOB_POL_BASIC, BAD, 1), MX_OBJ_TYPE_JOB, MX_RIGHT_SET_POLICY);
	REFUSED(MX_ERR_INVALID_ARGS, mx_job_set_policy(kind(MX_OBJ_TYPE_JOB), 0, MX_JOB_POL_BASIC, BAD, 1));
	REFUSED(MX_ERR_BAD_STATE, mx_job_set_policy(dead, 0, MX_JOB_POL_BASIC, &p, 1));
	mx_handle_close(dead);
}

/* --- processes --- */

static struct {
	mx_handle_t process, vmar, thread;
} new;

static void
new_process(void)
{
	mx_process_create(mx_job_default(), "new", 3, 0, &new.process, &new.vmar);
	mx_thread_create(new.process, "first", 5, 0, &new.thread);
}

static void
new_close(void)
{
	mx_handle_close(new.thread), mx_handle_close(new.vmar), mx_handle_close(new.process);
}

static void
process_create(void)
{
	mx_handle_t j = kind(MX_OBJ_TYPE_JOB), dead = dead_job(), weak;

	OPTION_ARG(opt, mx_process_create(stale, BAD, 9, opt, BAD, BAD), MX_PROCESS_CHILD);
	HANDLE_BAD(h, mx_process_create(h, BAD, 9, 0, BAD, BAD));
	HANDLE_KIND(h, mx_process_create(h, BAD, 9, 0, BAD, BAD), MX_OBJ_TYPE_JOB);
	weak = without(j, MX_RIGHT_WRITE | MX_RIGHT_MANAGE_PROCESS);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_create(weak, BAD, 9, 0, BAD, BAD));
	mx_handle_close(weak), weak = only(j, MX_RIGHT_WRITE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_create(weak, BAD, 9, 0, out, out + 1));
	mx_handle_close(weak), weak = only(j, MX_RIGHT_MANAGE_PROCESS);
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_create(weak, "name", 4, 0, BAD, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_create(weak, "name", 4, 0, out, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_create(dead, BAD, 9, 0, out, out + 1));
	REFUSED(MX_ERR_BAD_STATE, mx_process_create(dead, "name", 4, 0, out, out + 1));
	NO_SLOTS(mx_process_create(weak, "name", 4, 0, out, out + 1), 2);
	mx_handle_close(weak), mx_handle_close(dead);
}

static void
process_start(void)
{
	mx_handle_t weak, weak2, e;
	struct rlimit old, none;

	new_process();
	HANDLE_BAD(h, mx_process_start(h, stale, 1ull << 63, 0, stale, 0));
	HANDLE_KIND(h, mx_process_start(h, stale, 1ull << 63, 0, stale, 0), MX_OBJ_TYPE_PROCESS);
	weak = without(new.process, MX_RIGHT_WRITE | MX_RIGHT_MANAGE_PROCESS);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_start(weak, stale, 1ull << 63, 0, gift(), 0));
	gone();
	mx_handle_close(weak), weak = only(new.process, MX_RIGHT_MANAGE_PROCESS);
	REFUSED(MX_ERR_BAD_HANDLE, mx_process_start(weak, stale, 1ull << 63, 0, gift(), 0));
	gone();
	mx_handle_close(weak), weak = only(new.process, MX_RIGHT_WRITE);
	HANDLE_BAD(h, mx_process_start(weak, h, 1ull << 63, 0, stale, 0));
	HANDLE_KIND(h, mx_process_start(weak, h, 1ull << 63, 0, stale, 0), MX_OBJ_TYPE_THREAD);
	weak2 = without(new.thread, MX_RIGHT_WRITE | MX_RIGHT_MANAGE_THREAD);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_start(weak, weak2, 1ull << 63, 0, gift(), 0));
	gone();
	mx_handle_close(weak2), weak2 = only(new.thread, MX_RIGHT_MANAGE_THREAD);
	REFUSED(MX_ERR_BAD_HANDLE, mx_process_start(weak, weak2, 1ull << 63, 0, stale, 0));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_start(weak, weak2, 1ull << 63, 0, mx_process_self(), 0));
	e = without(event(), MX_RIGHT_TRANSFER);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_start(weak, weak2, 1ull << 63, 0, e, 0));
	ok(!alive(e), "what cannot be moved is consumed");
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_start(weak, weak2, 1ull << 63, 0, gift(), 0));
	gone();
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_start(weak, weak2, 4096, UINT64_MAX, gift(), 0));
	gone();
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_start(mx_process_self(), mx_thread_self(), 1ull << 63, 0, gift(), 0));
	gone();
	REFUSED(MX_ERR_BAD_STATE, mx_process_start(mx_process_self(), mx_thread_self(), 4096, 0, gift(), 0));
	gone();
	REFUSED(MX_ERR_BAD_STATE, mx_process_start(weak, mx_thread_self(), 4096, 0, gift(), 0));
	gone();
	mx_thread_create(mx_process_self(), "mine", 4, 0, &h);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_start(weak, h, 4096, 0, gift(), 0));
	gone();
	mx_handle_close(h), mx_handle_close(weak), mx_handle_close(weak2);
	/* The handle goes into the new process's table, with the caller's limit. */
	getrlimit(RLIMIT_HANDLES, &old);
	none = old;
	none.rlim_cur = 0;
	e = gift();
	setrlimit(RLIMIT_HANDLES, &none);
	REFUSED(MX_ERR_NO_RESOURCES, mx_process_start(new.process, new.thread, 4096, 4096, e, 0));
	setrlimit(RLIMIT_HANDLES, &old);
	gone();
	mx_task_kill(new.process);
	REFUSED(MX_ERR_BAD_STATE, mx_process_start(new.process, new.thread, 4096, 4096, gift(), 0));
	gone();
	new_close();
}

static void
process_memory(void)
{
	mx_handle_t of = kind(MX_OBJ_TYPE_PROCESS);
	char byte = 0;

	HANDLE_ARG(h, mx_process_read_memory(h, 0, BAD, 0, BAD), MX_OBJ_TYPE_PROCESS, MX_RIGHT_READ);
	HANDLE_ARG(h, mx_process_write_memory(h, 0, BAD, 0, BAD), MX_OBJ_TYPE_PROCESS, MX_RIGHT_WRITE);
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_read_memory(of, (uintptr_t)buf, BAD, 1, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_write_memory(of, (uintptr_t)buf, BAD, 1, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_read_memory(of, (uintptr_t)buf, &byte, 0, NULL));
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_write_memory(of, (uintptr_t)buf, &byte, 0, NULL));
	buf[0] = 'a', byte = 'b';
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_read_memory(of, (uintptr_t)buf, &byte, 1, BAD));
	ok(byte == 'b', "nothing was read");
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_write_memory(of, (uintptr_t)buf, &byte, 1, BAD));
	ok(buf[0] == 'a', "nor written");
	REFUSED(MX_ERR_NOT_FOUND, mx_process_read_memory(of, 8, &byte, 1, NULL));
	REFUSED(MX_ERR_NOT_FOUND, mx_process_write_memory(of, 8, &byte, 1, NULL));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_write_memory(of, (uintptr_t)process_memory, &byte, 1, NULL));
	new_process();
	mx_task_kill(new.process);
	REFUSED(MX_ERR_BAD_STATE, mx_process_read_memory(new.process, 8, &byte, 1, NULL));
	REFUSED(MX_ERR_BAD_STATE, mx_process_write_memory(new.process, 8, &byte, 1, NULL));
	new_close();
}

static void
pids(void)
{
	REFUSED(MX_ERR_NOT_FOUND, __sys_mx_pid_handle(-1, BAD));
	REFUSED(MX_ERR_NOT_FOUND, __sys_mx_pid_handle(0, BAD));
	REFUSED(MX_ERR_NOT_FOUND, __sys_mx_pid_handle(32000, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, __sys_mx_pid_handle(getpid(), BAD));
	NO_SLOTS(__sys_mx_pid_handle(getpid(), out), 1);
}

/* --- threads and tasks --- */

static void
threads(void)
{
	mx_handle_t of = kind(MX_OBJ_TYPE_PROCESS), t, ended;
	struct abi_thread_regs regs;
	const size_t size = sizeof(regs);

	OPTION_ARG(opt, mx_thread_create(stale, BAD, 9, opt, BAD), 0);
	HANDLE_ARG(h, mx_thread_create(h, BAD, 9, 0, BAD), MX_OBJ_TYPE_PROCESS, MX_RIGHT_MANAGE_THREAD);
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_create(of, BAD, 9, 0, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_create(of, "name", 4, 0, BAD));
	NO_SLOTS(mx_thread_create(of, "name", 4, 0, out), 1);
	new_process();
	ended = new.thread;
	mx_task_kill(new.process);
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_create(new.process, BAD, 9, 0, out));
	REFUSED(MX_ERR_BAD_STATE, mx_thread_create(new.process, "name", 4, 0, out));

	HANDLE_ARG(h, mx_thread_start(h, 1ull << 63, 0, 0, 0), MX_OBJ_TYPE_THREAD, MX_RIGHT_MANAGE_THREAD);
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_start(ended, 1ull << 63, 0, 0, 0));
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_start(ended, 4096, UINT64_MAX, 0, 0));
	REFUSED(MX_ERR_BAD_STATE, mx_thread_start(ended, 4096, 4096, 0, 0));
	REFUSED(MX_ERR_BAD_STATE, mx_thread_start(mx_thread_self(), 4096, 4096, 0, 0));

	HANDLE_ARG(h, mx_thread_read_state(h, 99, BAD, 0), MX_OBJ_TYPE_THREAD, MX_RIGHT_READ);
	HANDLE_ARG(h, mx_thread_write_state(h, 99, BAD, 0), MX_OBJ_TYPE_THREAD, MX_RIGHT_WRITE);
	mx_thread_create(of, "unborn", 6, 0, &t);
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_thread_read_state(t, 99, BAD, 0));
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_thread_write_state(t, 99, BAD, 0));
	REFUSED(MX_ERR_BUFFER_TOO_SMALL, mx_thread_read_state(t, MX_THREAD_STATE_GENERAL_REGS, BAD, size - 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_write_state(t, MX_THREAD_STATE_GENERAL_REGS, BAD, size - 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_write_state(t, MX_THREAD_STATE_GENERAL_REGS, BAD, size + 1));
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_write_state(t, MX_THREAD_STATE_GENERAL_REGS, BAD, size));
	REFUSED(MX_ERR_BAD_STATE, mx_thread_read_state(t, MX_THREAD_STATE_GENERAL_REGS, BAD, size));
	REFUSED(MX_ERR_BAD_STATE, mx_thread_write_state(t, MX_THREAD_STATE_GENERAL_REGS, buf, size));
	REFUSED(MX_ERR_BAD_STATE, mx_thread_read_state(mx_thread_self(), MX_THREAD_STATE_FP_REGS, buf, sizeof(buf)));
	REFUSED(MX_ERR_BAD_STATE, mx_thread_read_state(ended, MX_THREAD_STATE_FP_REGS, buf, sizeof(buf)));

	HANDLE_ARG(h, mx_task_suspend(h, BAD), MX_OBJ_TYPE_THREAD, MX_RIGHT_WRITE);
	REFUSED(MX_ERR_BAD_STATE, mx_task_suspend(t, BAD));
	REFUSED(MX_ERR_BAD_STATE, mx_task_suspend(ended, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_task_suspend(mx_thread_self(), BAD));
	NO_SLOTS(mx_task_suspend(mx_thread_self(), out), 1);
	mx_handle_close(t);
	new_close();
}

/* A thread that is stopped: what then is refused is the memory alone. */
static void *
rest(void *arg)
{
	*(volatile mx_handle_t *)arg = only(mx_thread_self(), 0x7fffffff & kinds[10].rights);
	for (;;)
		pause();
}

static void
registers(void)
{
	static volatile mx_handle_t t;
	struct abi_thread_regs regs;
	mx_handle_t token;
	pthread_t p;

	pthread_create(&p, NULL, rest, (void *)&t);
	while (t == 0)
		sched_yield();
	REFUSED(MX_ERR_BAD_STATE, mx_thread_read_state(t, MX_THREAD_STATE_GENERAL_REGS, &regs, sizeof(regs)));
	is_int(mx_task_suspend(t, &token), MX_OK, "suspend");
	mx_object_wait_one(t, MX_THREAD_SUSPENDED, MX_TIME_INFINITE, NULL);
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_read_state(t, MX_THREAD_STATE_GENERAL_REGS, BAD, sizeof(regs)));
	is_int(mx_thread_read_state(t, MX_THREAD_STATE_GENERAL_REGS, &regs, sizeof(regs)), MX_OK, "read_state");
	is_int(mx_thread_write_state(t, MX_THREAD_STATE_GENERAL_REGS, &regs, sizeof(regs)), MX_OK, "write_state");
	regs.rip = 1ull << 63;
	REFUSED(MX_ERR_INVALID_ARGS, mx_thread_write_state(t, MX_THREAD_STATE_GENERAL_REGS, &regs, sizeof(regs)));
	mx_handle_close(token);
	mx_handle_close(t);
	pthread_cancel(p);
	pthread_join(p, NULL);
}

#define WATCH	(MX_RIGHT_INSPECT | MX_RIGHT_DUPLICATE | MX_RIGHT_TRANSFER | MX_RIGHT_MANAGE_THREAD)

static void
tasks(void)
{
	mx_handle_t dead = dead_job(), c;

	HANDLE_BAD(h, mx_task_kill(h));
	for (size_t i = 0; i < nkinds; i++) {
		mx_obj_type_t type = kinds[i].type;

		if (type != MX_OBJ_TYPE_PROCESS && type != MX_OBJ_TYPE_JOB && type != MX_OBJ_TYPE_THREAD) {
			REFUSED(MX_ERR_WRONG_TYPE, mx_task_kill(kinds[i].h));
			REFUSED(MX_ERR_WRONG_TYPE, mx_task_kill(kinds[i].bare));
			REFUSED(MX_ERR_WRONG_TYPE, mx_task_create_exception_channel(kinds[i].h, 0, BAD));
			REFUSED(MX_ERR_WRONG_TYPE, mx_task_create_exception_channel(kinds[i].bare, 0, BAD));
			continue;
		}
		h = without(kinds[i].h, MX_RIGHT_DESTROY);
		REFUSED(MX_ERR_ACCESS_DENIED, mx_task_kill(h));
		mx_handle_close(h);
		REFUSED(MX_ERR_ACCESS_DENIED, mx_task_kill(kinds[i].bare));
		HANDLE_RIGHTS(h, mx_task_create_exception_channel(h, 0, BAD), kinds[i].h,
		    WATCH | (type == MX_OBJ_TYPE_JOB ? MX_RIGHT_ENUMERATE : 0));
		REFUSED(MX_ERR_INVALID_ARGS, mx_task_create_exception_channel(kinds[i].h, 0, BAD));
		NO_SLOTS(mx_task_create_exception_channel(kinds[i].h, 0, out), 1);
		is_int(mx_task_create_exception_channel(kinds[i].h, 0, &c), MX_OK, "nothing stayed bound");
		REFUSED(MX_ERR_ALREADY_BOUND, mx_task_create_exception_channel(kinds[i].h, 0, BAD));
		mx_handle_close(c);
	}
	REFUSED(MX_ERR_NOT_SUPPORTED, mx_task_kill(kind(MX_OBJ_TYPE_THREAD)));
	OPTION_ARG(opt, mx_task_create_exception_channel(stale, opt, BAD), MX_EXCEPTION_CHANNEL_DEBUGGER);
	HANDLE_BAD(h, mx_task_create_exception_channel(h, 0, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_task_create_exception_channel(mx_thread_self(), MX_EXCEPTION_CHANNEL_DEBUGGER, out));
	REFUSED(MX_ERR_BAD_STATE, mx_task_create_exception_channel(dead, 0, BAD));
	new_process();
	mx_task_kill(new.process);
	REFUSED(MX_ERR_BAD_STATE, mx_task_create_exception_channel(new.process, 0, BAD));
	REFUSED(MX_ERR_BAD_STATE, mx_task_create_exception_channel(new.thread, 0, BAD));
	new_close();
	mx_handle_close(dead);
	h = mx_pid_handle(1);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_task_kill(h));
	mx_handle_close(h);
}

/* --- programs --- */

#define NO_PROGRAM	"/no/such", (void *)8, NULL

static const char *const argv[] = { "true", NULL };

static mx_spawn_desc_t
given(mx_handle_t e, int32_t fd, uint32_t flags)
{
	return (mx_spawn_desc_t){ e, fd, 0, flags };
}

static mx_spawn_desc_t list_of_gift;

/* A list with one event, which goes, however the call ends. */
static const mx_spawn_desc_t *
list(void)
{
	list_of_gift = given(gift(), 3, 0);
	return &list_of_gift;
}

/* One entry of a list, of a job that would be refused later, of a program that is not there. */
static mx_status_t
listed(mx_handle_t e, int32_t fd, uint32_t flags)
{
	mx_spawn_desc_t d = given(e, fd, flags);

	return mx_spawn(0, 0, NO_PROGRAM, &d, 1, BAD);
}

static void
spawns(void)
{
	mx_handle_t j = kind(MX_OBJ_TYPE_JOB), dead = dead_job(), e = kind(MX_OBJ_TYPE_EVENT), weak;
	static char long_path[5000];
	mx_spawn_desc_t two[2];
	struct rlimit old, none;

	memset(long_path, 'x', sizeof(long_path) - 1);
	REFUSED(MX_ERR_INVALID_ARGS, mx_spawn(stale, 1u << 30, NO_PROGRAM, list(), 1, out)), gone();
	REFUSED(MX_ERR_BAD_HANDLE, mx_spawn(stale, 0, NO_PROGRAM, list(), 1, out)), gone();
	REFUSED(MX_ERR_BAD_HANDLE, mx_spawn(1, 0, NO_PROGRAM, list(), 1, out)), gone();
	for (size_t i = 0; i < nkinds; i++)
		if (kinds[i].type != MX_OBJ_TYPE_JOB)
			REFUSED(MX_ERR_WRONG_TYPE, mx_spawn(kinds[i].bare, 0, NO_PROGRAM, list(), 1, out)), gone();
	weak = without(j, MX_RIGHT_WRITE | MX_RIGHT_MANAGE_PROCESS);
	REFUSED(MX_ERR_ACCESS_DENIED, mx_spawn(weak, 0, NO_PROGRAM, list(), 1, out)), gone();
	mx_handle_close(weak);

	is_int(listed(stale, 3, 0), MX_ERR_BAD_HANDLE, "a list with a stale handle");
	is_int(listed(stale, 3, MX_SPAWN_DUPLICATE), MX_ERR_BAD_HANDLE, "to be duplicated");
	is_int(listed(mx_process_self(), 3, 0), MX_ERR_ACCESS_DENIED, "with a pseudo-handle");
	is_int(listed(without(e, MX_RIGHT_TRANSFER), 3, 0), MX_ERR_ACCESS_DENIED, "with one that cannot be moved");
	h = without(e, MX_RIGHT_DUPLICATE);
	is_int(listed(h, 3, MX_SPAWN_DUPLICATE), MX_ERR_ACCESS_DENIED, "with one that cannot be duplicated");
	ok(alive(h), "which stays");
	mx_handle_close(h);
	is_int(listed(e, 3, 1u << 30), MX_ERR_INVALID_ARGS, "with an unknown flag");
	e = event();
	is_int(listed(e, -2, MX_SPAWN_DUPLICATE), MX_ERR_INVALID_ARGS, "with a number below -1");
	is_int(listed(e, 65536, MX_SPAWN_DUPLICATE), MX_ERR_OUT_OF_RANGE, "with a number too high");
	REFUSED(MX_ERR_OUT_OF_RANGE, mx_spawn(0, 0, NO_PROGRAM, two, MX_SPAWN_DESCS_MAX + 1, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_spawn(0, 0, NO_PROGRAM, BAD, 1, out));
	REFUSED(MX_ERR_INVALID_ARGS, __sys_mx_process_spawn(BAD, out));

	REFUSED(MX_ERR_INVALID_ARGS, mx_spawn(0, 0, BAD, argv, NULL, NULL, 0, out));
	REFUSED(MX_ERR_BAD_PATH, mx_spawn(0, 0, long_path, argv, NULL, NULL, 0, out));
	REFUSED(MX_ERR_NOT_FOUND, mx_spawn(0, 0, "/no/such", argv, NULL, NULL, 0, out));
	REFUSED(MX_ERR_NOT_DIR, mx_spawn(0, 0, "/bin/true/x", argv, NULL, NULL, 0, out));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_spawn(0, 0, "/etc/passwd", argv, NULL, NULL, 0, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_spawn(0, 0, "/bin/true", BAD, NULL, NULL, 0, out));
	REFUSED(MX_ERR_INVALID_ARGS, mx_spawn(0, 0, "/bin/true", argv, NULL, NULL, 0, BAD));
	two[0] = given(event(), 3, 0), two[1] = given(event(), 3, 0);
	REFUSED(MX_ERR_INVALID_ARGS, mx_spawn(0, 0, "/bin/true", argv, NULL, two, 2, out));
	ok(!alive(two[0].handle) && !alive(two[1].handle), "one number twice: both are consumed");
	REFUSED(MX_ERR_BAD_STATE, mx_spawn(dead, 0, "/bin/true", argv, NULL, list(), 1, out)), gone();
	NO_SLOTS(mx_spawn(0, 0, "/bin/true", argv, NULL, NULL, 0, out), 1);
	getrlimit(RLIMIT_NPROC, &old);
	none = old;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NPROC, &none);
	if (setresuid(1000, 1000, 0) == 0) {
		REFUSED(MX_ERR_NO_RESOURCES, mx_spawn(0, 0, "/bin/true", argv, NULL, list(), 1, out)), gone();
		REFUSED(MX_ERR_NO_RESOURCES, mx_process_create(j, "x", 1, 0, out, out + 1));
		setresuid(0, 0, 0);
	}
	setrlimit(RLIMIT_NPROC, &old);
	mx_handle_close(e), mx_handle_close(dead);
}

/* --- policy --- */

static void
without_processes(void)
{
	REFUSED(MX_ERR_INVALID_ARGS, mx_process_create(stale, BAD, 9, 2, BAD, BAD));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_create(stale, BAD, 9, 0, BAD, BAD));
	REFUSED(MX_ERR_INVALID_ARGS, mx_spawn(stale, 1u << 30, NO_PROGRAM, list(), 1, out)), gone();
	REFUSED(MX_ERR_ACCESS_DENIED, mx_spawn(stale, 0, NO_PROGRAM, list(), 1, out)), gone();
	_exit(tap_bad != 0);
}

static void
policy(void)
{
	mx_policy_basic_t p = { MX_POL_NEW_PROCESS, MX_POL_ACTION_DENY };
	mx_handle_t j;
	pid_t pid;

	mx_job_create(mx_job_default(), 0, &j);
	mx_job_set_policy(j, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, &p, 1);
	pid = mx_job_fork(j);
	if (pid == 0) {
		tap_in_child = 1;
		tap_bad = 0;
		without_processes();
	}
	is_int(child_status(pid), 0, "options, then policy, then handles");
	mx_handle_close(j);
}

/* --- a program that has other ids than its caller --- */

static void
protected(mx_handle_t p, mx_handle_t t)
{
	char byte = 0;

	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_read_memory(p, 0x400000, &byte, 1, NULL));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_process_write_memory(p, 0x400000, &byte, 1, NULL));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_object_get_info(p, MX_INFO_PROCESS_MAPS, buf, sizeof(buf), NULL, NULL));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_object_get_info(p, MX_INFO_PROCESS_VMOS, buf, sizeof(buf), NULL, NULL));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_object_set_property(p, MX_PROP_PROCESS_DEBUG_ADDR, buf, 8));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_thread_create(p, "name", 4, 0, out));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_task_create_exception_channel(p, 0, out));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_task_create_exception_channel(t, 0, out));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_task_suspend(t, out));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_thread_start(t, 4096, 4096, 0, 0));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_thread_read_state(t, MX_THREAD_STATE_GENERAL_REGS, buf, sizeof(buf)));
	REFUSED(MX_ERR_ACCESS_DENIED, mx_thread_write_state(t, MX_THREAD_STATE_FP_REGS, buf, 512));
}

static mx_handle_t
first_thread(mx_handle_t p)
{
	mx_koid_t k = 0;
	mx_handle_t t = MX_HANDLE_INVALID;

	mx_object_get_info(p, MX_INFO_PROCESS_THREADS, &k, sizeof(k), NULL, NULL);
	mx_object_get_child(p, k, MX_RIGHT_SAME_RIGHTS, &t);
	return t;
}

/* Through handles of before the exec. */
static void
as_user(void)
{
	mx_handle_t p, t, token;
	char c;
	int go[2];
	pid_t pid;

	tap_in_child = 1;
	tap_bad = 0;
	if (setresuid(1000, 1000, 1000) != 0 || pipe(go) != 0)
		_exit(99);
	pid = fork();
	if (pid == 0) {
		read(go[0], &c, 1);
		execl(SETID, "sleep", "20", (char *)NULL);
		_exit(99);
	}
	p = mx_pid_handle(pid);
	t = first_thread(p);
	REFUSED(MX_ERR_INVALID_ARGS, mx_task_suspend(t, BAD));
	REFUSED(MX_ERR_NOT_FOUND, __sys_mx_pid_handle(32000, BAD));
	REFUSED(MX_ERR_ACCESS_DENIED, __sys_mx_pid_handle(1, BAD));
	write(go[1], "x", 1);
	/* A caller's read of its memory is refused from the exec on. */
	while (mx_process_read_memory(p, (uintptr_t)&as_user, &c, 1, NULL) == MX_OK)
		mx_nanosleep(mx_deadline_after(MX_MSEC(1)));
	protected(p, t);
	mx_task_kill(p);
	child_status(pid);
	/* Suspended before it: the exec waits. */
	pid = fork();
	if (pid == 0) {
		read(go[0], &c, 1);
		execl(SETID, "sleep", "0", (char *)NULL);
		_exit(99);
	}
	p = mx_pid_handle(pid);
	t = first_thread(p);
	write(go[1], "x", 1);
	mx_task_suspend(t, &token);
	mx_object_wait_one(t, MX_THREAD_SUSPENDED | MX_TASK_TERMINATED, MX_TIME_INFINITE, NULL);
	is_int(mx_object_wait_one(t, MX_TASK_TERMINATED, mx_deadline_after(MX_MSEC(50)), NULL), MX_ERR_TIMED_OUT,
	    "it is suspended on the way");
	mx_handle_close(token);
	is_int(child_status(pid), 0, "and let go");
	_exit(tap_bad != 0);
}

static void
setid(void)
{
	system("cp /bin/sleep " SETID " && chown 1 " SETID " && chmod 4755 " SETID);
	is_int(in_child(as_user), 0, "a set-id program is out of its caller's reach");
	unlink(SETID);
}

int
main(void)
{
	specimens();
	handles();
	properties();
	information();
	children();
	futexes();
	jobs();
	process_create();
	process_start();
	process_memory();
	pids();
	threads();
	registers();
	tasks();
	spawns();
	policy();
	specimens_close();
	setid();
	return tap_done();
}
