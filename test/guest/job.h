#pragma once
/* What the tests of jobs share. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/sysctl.h>
#include <abi/task.h>
#include <mx/fd.h>
#include <mx/policy.h>
#include <mx/process.h>
#include "handle.h"
#include "sysuser.h"
#include "tap.h"

#define BAD_PTR		((void *)0x10)
#define SOON		mx_deadline_after(MX_SEC(20))
#define DEPTH		32

static inline mx_handle_t
job_new(mx_handle_t parent)
{
	mx_handle_t h = MX_HANDLE_INVALID;

	return mx_job_create(parent, 0, &h) == MX_OK ? h : MX_HANDLE_INVALID;
}

static inline mx_signals_t
levels(mx_handle_t h)
{
	mx_signals_t seen = 0;

	mx_object_wait_one(h, 0, 0, &seen);
	return seen & 0x3fffff;
}

static inline size_t
count(mx_handle_t h, uint32_t topic)
{
	size_t avail = 99999;

	mx_object_get_info(h, topic, NULL, 0, NULL, &avail);
	return avail;
}

/* A child in the job that waits to be killed, or for the byte that never comes. */
static inline pid_t
sleeper(mx_handle_t job)
{
	pid_t pid = (pid_t)__sys_job_fork(job);

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}
