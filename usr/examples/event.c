/*
 * An event between a parent and its child.
 *
 *	cc event.c -lmx && ./a.out
 *
 * fork copies handles that have MX_RIGHT_DUPLICATE.  The child waits on its copy; the parent
 * signals its own: both name one object.
 */
#include "check.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(void)
{
	mx_handle_t event;
	mx_signals_t observed;

	check(mx_event_create(0, &event), "event_create");
	/* A deadline in the past polls: nothing is signaled yet. */
	mx_status_t status = mx_object_wait_one(event, MX_EVENT_SIGNALED, 0, &observed);
	printf("before: %s\n", mx_status_get_string(status));
	fflush(stdout);
	if (fork() == 0) {
		check(mx_object_wait_one(event, MX_EVENT_SIGNALED, MX_TIME_INFINITE, &observed), "wait_one");
		printf("child: signaled, user signal 0 is %s\n", observed & MX_USER_SIGNAL_0 ? "set" : "clear");
		return 0;
	}
	check(mx_object_signal(event, 0, MX_USER_SIGNAL_0), "signal");
	check(mx_object_signal(event, 0, MX_EVENT_SIGNALED), "signal");
	wait(NULL);
	check(mx_handle_close(event), "close");
	printf("stale: %s\n", mx_status_get_string(mx_object_signal(event, 0, MX_EVENT_SIGNALED)));
	return 0;
}
