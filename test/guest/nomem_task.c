/*
 * MX_ERR_NO_MEMORY of the calls on handles, jobs, processes, threads and programs (debug kernels): nomem.c says how.
 *
 * A call that needs a slot and makes no object needs memory only when the table grows: a piece of it has 64 slots,
 * and numbers go upwards until all pieces are full.
 */
#include <pthread.h>
#include <mx/spawn.h>
#include "nomem.h"
#include "sysuser.h"

#define PIECE	64

static mx_handle_t out[2], h, job, many[200];
static char buf[4096];
static int last = -1;

/* All slots of a piece are in use, and all pieces before it. */
static void
fill(void)
{
	static int most = -1;
	mx_handle_t e;

	while (last % PIECE != PIECE - 1) {
		if (mx_handle_duplicate(job, MX_RIGHT_SAME_RIGHTS, &e) != MX_OK)
			break;
		last = mx_handle_fd(e);
		if (last < most)
			last = -1;
		else
			most = last;
	}
}

/* The new slot is free again, and not the next to be used. */
static void
undone(mx_handle_t e)
{
	mx_handle_close(e);
	last = -1;
}

static void
slots_that_grow(void)
{
	mx_koid_t self = koid(mx_thread_self());

	for (int i = 0; i < 6; i++)		/* the pieces that are there already */
		last = -1, fill();
	NO_MEMORY(fill(), MX_OK, mx_handle_duplicate(job, MX_RIGHT_SAME_RIGHTS, out), undone(out[0]));
	NO_MEMORY(fill(), MX_OK, __sys_mx_pid_handle(getpid(), out), undone(out[0]));
	NO_MEMORY(fill(), MX_OK, mx_object_get_child(mx_process_self(), self, MX_RIGHT_SAME_RIGHTS, out), undone(out[0]));
}

static void
events(void)
{
	for (int i = 0; i < 200; i++)
		mx_event_create(0, &many[i]);
}

static void
handles(void)
{
	events();
	NO_MEMORY(, MX_OK, mx_handle_close_many(many, 200), events());
	mx_handle_close_many(many, 200);
	NO_MEMORY(, MX_OK, mx_object_get_info(mx_process_self(), MX_INFO_PROCESS_THREADS, buf, sizeof(buf), NULL, NULL), );
}

/* --- tasks --- */

static mx_handle_t process, vmar, thread;

static void
begin(void)
{
	mx_process_create(job, "new", 3, 0, &process, &vmar);
	mx_thread_create(process, "first", 5, 0, &thread);
	mx_event_create(0, &h);
}

static void
end(void)
{
	mx_task_kill(process);
	mx_handle_close(thread), mx_handle_close(vmar), mx_handle_close(process);
}

/* One that is consumed with the call has to be ended all the same. */
static void
begin_anew(void)
{
	if (process != MX_HANDLE_INVALID)
		end();
	begin();
}

static void
tasks(void)
{
	NO_MEMORY(, MX_OK, mx_job_create(job, 0, out), mx_handle_close(out[0]));
	NO_MEMORY(, MX_OK, mx_process_create(job, "new", 3, 0, out, out + 1), mx_handle_close_many(out, 2));
	NO_MEMORY(begin_anew(), MX_OK, mx_process_start(process, thread, 4096, 4096, h, 0), );
	end();
	NO_MEMORY(, MX_OK, mx_thread_create(mx_process_self(), "new", 3, 0, out), mx_handle_close(out[0]));
	NO_MEMORY(, MX_OK, mx_task_create_exception_channel(job, 0, out), mx_handle_close(out[0]));
	NO_MEMORY(, MX_OK, mx_process_read_memory(mx_process_self(), (uintptr_t)buf, buf + 8, 8, NULL), );
	NO_MEMORY(, MX_OK, mx_process_write_memory(mx_process_self(), (uintptr_t)buf, buf + 8, 8, NULL), );
}

static void *
rest(void *arg)
{
	mx_handle_duplicate(mx_thread_self(), MX_RIGHT_SAME_RIGHTS, arg);
	for (;;)
		pause();
}

static void
suspensions(void)
{
	static mx_handle_t t;
	pthread_t p;

	pthread_create(&p, NULL, rest, &t);
	while (*(volatile mx_handle_t *)&t == MX_HANDLE_INVALID)
		sched_yield();
	NO_MEMORY(, MX_OK, mx_task_suspend(t, out), mx_handle_close(out[0]));
	mx_handle_close(t);
	pthread_cancel(p);
	pthread_join(p, NULL);
}

/* --- programs --- */

static const char *const argv[] = { "true", NULL };
static mx_spawn_desc_t given;

static void
give(void)
{
	given = (mx_spawn_desc_t){ MX_HANDLE_INVALID, -1, 5, 0 };
	mx_event_create(0, &given.handle);
}

static void
programs(void)
{
	NO_MEMORY(give(), MX_OK, mx_spawn(0, 0, "/bin/true", argv, NULL, &given, 1, out), {
		mx_handle_close(out[0]);
		while (wait(NULL) != -1)
			;
	});
}

int
main(void)
{
	if (set("page", 0) != 0) {
		tap_print("1..0 # SKIP n-th failure is in debug kernels only\n");
		return 0;
	}
	mx_job_create(mx_job_default(), 0, &job);
	handles();
	tasks();
	suspensions();
	programs();
	slots_that_grow();
	return tap_done();
}
