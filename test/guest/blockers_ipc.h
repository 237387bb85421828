#pragma once
/* Blocking calls (blockers.h): System V and POSIX messages and semaphores, Zero's; locks of files. */
#include <mqueue.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <time.h>
#include <zero/syscall.h>
#include "blockers.h"

/* --- locks --- */

static inline void
a_lock(struct seat *s)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	snprintf(s->path, sizeof(s->path), "/tmp/blk.%u", s->index);
	s->fd[0] = open(s->path, O_CREAT | O_RDWR, 0600);
	s->fd[1] = open(s->path, O_RDWR);
	fcntl(s->fd[0], F_SETLK, &l);
}

static inline void
an_ofd_lock(struct seat *s)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	a_lock(s);
	l.l_type = F_UNLCK;
	fcntl(s->fd[0], F_SETLK, &l);
	l.l_type = F_WRLCK;
	fcntl(s->fd[0], F_OFD_SETLK, &l);
}

static inline void
unlock(struct seat *s)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	fcntl(s->fd[0], F_SETLK, &l);
}

static inline void
unlock_ofd(struct seat *s)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	fcntl(s->fd[0], F_OFD_SETLK, &l);
}

static inline long
lock_by(struct seat *s, int cmd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(s->fd[1], cmd, &l);
}

static inline long
c_setlkw(struct seat *s)
{
	return lock_by(s, F_SETLKW);
}

static inline long
c_ofd_setlkw(struct seat *s)
{
	return lock_by(s, F_OFD_SETLKW);
}

static inline long
c_flock(struct seat *s)
{
	return flock(s->fd[1], LOCK_EX);
}

/* --- System V, message queues, Zero's --- */

static inline void
a_sem(struct seat *s)
{
	s->id = semget(IPC_PRIVATE, 1, 0600);
}

static inline void
sem_end(struct seat *s)
{
	semctl((int)s->id, 0, IPC_RMID);
}

static inline long
c_semop(struct seat *s)
{
	struct sembuf op = { 0, -1, 0 };

	return semop((int)s->id, &op, 1);
}

static inline long
c_semtimedop(struct seat *s)
{
	struct sembuf op = { 0, -1, SEM_UNDO };

	return semtimedop((int)s->id, &op, 1, &(struct timespec){ 1000, 0 });
}

static inline void
up(struct seat *s)
{
	struct sembuf op = { 0, 1, 0 };

	semop((int)s->id, &op, 1);
}

static inline void
a_zsem(struct seat *s)
{
	s->id = sys_seminit(0);
	sys_semdown(s->id);
}

static inline long
c_semdown(struct seat *s)
{
	return sys_semdown(s->id);
}

static inline void
a_queue(struct seat *s)
{
	s->id = msgget(IPC_PRIVATE, 0600);
}

static inline void
queue_end(struct seat *s)
{
	msgctl((int)s->id, IPC_RMID, NULL);
}

static struct { long type; char text[8192]; } letter = { .type = 1 };

static inline void
full_queue(struct seat *s)
{
	a_queue(s);
	for (size_t n = sizeof(letter.text); n > 0; n /= 16)
		while (msgsnd((int)s->id, &letter, n, IPC_NOWAIT) == 0)
			;
}

static inline long
c_msgsnd(struct seat *s)
{
	return msgsnd((int)s->id, &letter, 1, 0);
}

static inline long
c_msgrcv(struct seat *s)
{
	return msgrcv((int)s->id, &letter, sizeof(letter.text), 0, 0);
}

static inline void
sending(struct seat *s)
{
	msgsnd((int)s->id, &letter, 1, 0);
}

static inline void
receiving(struct seat *s)
{
	msgrcv((int)s->id, &letter, sizeof(letter.text), 0, IPC_NOWAIT);
}

static inline void
full_zqueue(struct seat *s)
{
	s->id = sys_mqinit(0600, 0, 4);
	sys_mqsend(s->id, "1234", 4);
}

static inline long
c_mqsend(struct seat *s)
{
	return sys_mqsend(s->id, "5", 1);
}

static inline void
an_mq(struct seat *s)
{
	struct mq_attr a = { .mq_maxmsg = 1, .mq_msgsize = 8 };

	snprintf(s->path, sizeof(s->path), "/blk.%u", s->index);
	mq_unlink(s->path);
	s->fd[0] = mq_open(s->path, O_CREAT | O_RDWR, 0600, &a);
}

static inline void
mq_end(struct seat *s)
{
	mq_unlink(s->path);
}

static inline void
full_mq(struct seat *s)
{
	an_mq(s);
	mq_send(s->fd[0], "x", 1, 0);
}

static inline struct timespec *
late(void)
{
	static struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 1000;
	return &t;
}

static inline long
c_mq_send(struct seat *s)
{
	return mq_send(s->fd[0], "y", 1, 0);
}

static inline long
c_mq_timedsend(struct seat *s)
{
	return mq_timedsend(s->fd[0], "y", 1, 0, late());
}

static inline long
c_mq_receive(struct seat *s)
{
	char buf[8];

	return mq_receive(s->fd[0], buf, 8, NULL);
}

static inline long
c_mq_timedreceive(struct seat *s)
{
	char buf[8];

	return mq_timedreceive(s->fd[0], buf, 8, NULL, late());
}

static inline void
mq_put(struct seat *s)
{
	mq_send(s->fd[0], "x", 1, 0);
}

static inline void
mq_get(struct seat *s)
{
	char buf[8];

	mq_receive(s->fd[0], buf, 8, NULL);
}

static inline long
c_evrecv(struct seat *s)
{
	zevent_t e;

	return sys_evrecv(&e, 0, s->fd[0]);
}

static inline void
evsending(struct seat *s)
{
	zevent_t e = { .type = EV_PKT_TYPE(EV_MSG) };

	sys_evsend(&e, 0, s->fd[0]);
}
