#pragma once
/*
 * Blocking calls, each as a program would be in it: what it waits for is made by make() in the parent, call() is
 * made in a child, and release() in the parent lets it go on to its good end.  Here: pipes, FIFOs, terminals; the
 * others are in blockers_*.h.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <mx/fd.h>
#include <mx/object.h>
#include <mx/process.h>
#include <mx/syscalls.h>
#include "sysnum.h"
#include "sysuser.h"
#include "tap.h"

#define BIG	400000		/* more than any queue holds */

/* What parent and child both see. */
struct board {
	volatile int tid, done;		/* tid: the thread that makes the call */
	volatile int handled;		/* handlers that ran */
	volatile long result;
	volatile int error;
	volatile int64_t began, ended;
	volatile uint32_t word;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	sem_t sem;
};

/* One row of a run. */
struct seat {
	struct board *b;
	unsigned index;
	int fd[2];			/* reading, writing */
	int more[4];
	mx_handle_t h[2];
	long id;
	pid_t pid;
	mx_handle_t process, thread, job;
	char path[32];
};

/* Closes what a row made; the seat is free again. */
static inline void
seat_leave(struct seat *s)
{
	for (int i = 0; i < 2; i++)
		if (s->h[i] != MX_HANDLE_INVALID)
			mx_handle_close(s->h[i]);
		else
			close(s->fd[i]);
	for (int i = 0; i < 4; i++)
		close(s->more[i]);
	if (s->path[0] != '\0')
		unlink(s->path);
	*s = (struct seat){ .b = s->b, .index = s->index };
}

static char big[BIG];

static inline void
block(int fd, int yes)
{
	fcntl(fd, F_SETFL, (fcntl(fd, F_GETFL) & ~O_NONBLOCK) | (yes ? 0 : O_NONBLOCK));
}

/* 1 for whatever is a success. */
static inline long
one(long result)
{
	return result < 0 ? -1 : 1;
}

/* Until not a byte fits. */
static inline void
stuff(int fd, size_t chunk)
{
	block(fd, 0);
	for (; chunk > 0; chunk /= 16)
		while (write(fd, big, chunk) > 0)
			;
	block(fd, 1);
}

/* Reads until the call is over, or nothing more comes. */
static inline void
drain(struct seat *s, int fd)
{
	static char buf[65536];

	block(fd, 0);
	for (int idle = 0; !s->b->done && idle < 500; ) {
		if (read(fd, buf, sizeof(buf)) > 0) {
			idle = 0;
		} else {
			idle++;
			mx_nanosleep(mx_deadline_after(MX_MSEC(1)));
		}
	}
}

static inline void
drain_rd(struct seat *s)
{
	drain(s, s->fd[0]);
}

static inline void
write_one(struct seat *s)
{
	write(s->fd[1], "x", 1);
}

static inline void
by_usr2(struct seat *s)
{
	kill(s->pid, SIGUSR2);
}

/* --- pipes and FIFOs --- */

static inline void
a_pipe(struct seat *s)
{
	pipe(s->fd);
}

static inline void
full_pipe(struct seat *s)
{
	a_pipe(s);
	stuff(s->fd[1], 4096);
}

static inline void
a_fifo(struct seat *s)
{
	snprintf(s->path, sizeof(s->path), "/tmp/blk.%u", s->index);
	unlink(s->path);
	mkfifo(s->path, 0600);
}

static inline void
open_fifo(struct seat *s)
{
	a_fifo(s);
	s->fd[0] = open(s->path, O_RDONLY | O_NONBLOCK);
	s->fd[1] = open(s->path, O_WRONLY);
	block(s->fd[0], 1);
}

static inline void
full_fifo(struct seat *s)
{
	open_fifo(s);
	stuff(s->fd[1], 4096);
}

static inline long
c_read(struct seat *s)
{
	char c[8];

	return read(s->fd[0], c, sizeof(c));
}

static inline long
c_readv(struct seat *s)
{
	char c[8];
	struct iovec v[2] = { { c, 1 }, { c + 1, 7 } };

	return readv(s->fd[0], v, 2);
}

static inline long
c_write(struct seat *s)
{
	return write(s->fd[1], "y", 1);
}

static inline long
c_write_big(struct seat *s)
{
	return write(s->fd[1], big, BIG);
}

static inline long
c_writev(struct seat *s)
{
	struct iovec v[2] = { { big, BIG / 2 }, { big + BIG / 2, BIG / 2 } };

	return writev(s->fd[1], v, 2);
}

static inline long
c_writev_one(struct seat *s)
{
	struct iovec v = { big, 1 };

	return writev(s->fd[1], &v, 1);
}

static inline long
c_open_rd(struct seat *s)
{
	return one(open(s->path, O_RDONLY));
}

static inline long
c_open_wr(struct seat *s)
{
	return one(open(s->path, O_WRONLY));
}

static inline void
open_both(struct seat *s)
{
	s->more[0] = open(s->path, O_RDWR);
}

/* --- terminals --- */

static inline void
a_pty(struct seat *s)
{
	struct termios t;

	s->fd[1] = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(s->fd[1]);
	unlockpt(s->fd[1]);
	s->fd[0] = open(ptsname(s->fd[1]), O_RDWR | O_NOCTTY);
	tcgetattr(s->fd[0], &t);
	t.c_lflag &= ~(ICANON | ECHO | ISIG);
	t.c_oflag &= ~OPOST;
	t.c_cc[VMIN] = 1;
	tcsetattr(s->fd[0], TCSANOW, &t);
}

/* Two of the three bytes that make a read complete are there. */
static inline void
pty_min(struct seat *s)
{
	struct termios t;

	a_pty(s);
	tcgetattr(s->fd[0], &t);
	t.c_cc[VMIN] = 3;
	tcsetattr(s->fd[0], TCSANOW, &t);
	write(s->fd[1], "xx", 2);
}

static inline void
swap(struct seat *s)
{
	int fd = s->fd[0];

	s->fd[0] = s->fd[1];
	s->fd[1] = fd;
}

static inline void
pty_other_way(struct seat *s)
{
	a_pty(s);
	swap(s);
}

static inline void
pty_full_in(struct seat *s)
{
	a_pty(s);
	stuff(s->fd[1], 256);
}

static inline void
pty_full_out(struct seat *s)
{
	pty_other_way(s);
	stuff(s->fd[1], 256);
}

static inline long
c_drain(struct seat *s)
{
	return tcdrain(s->fd[1]);
}

static inline long
c_setattr(struct seat *s)
{
	struct termios t;

	tcgetattr(s->fd[1], &t);
	return tcsetattr(s->fd[1], TCSADRAIN, &t);
}
