#pragma once
/* Blocking calls (blockers.h): sockets, and native objects through read and write. */
#include <sys/socket.h>
#include <sys/time.h>
#include <abi/channel.h>
#include "blockers.h"
#include "usock.h"

/* --- sockets --- */

static inline void
stream(struct seat *s)
{
	socketpair(AF_UNIX, SOCK_STREAM, 0, s->fd);
}

static inline void
dgram(struct seat *s)
{
	socketpair(AF_UNIX, SOCK_DGRAM, 0, s->fd);
}

static inline void
packets(struct seat *s)
{
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->fd);
}

static inline void
stream_full(struct seat *s)
{
	stream(s);
	stuff(s->fd[1], 4096);
}

static inline void
dgram_full(struct seat *s)
{
	dgram(s);
	stuff(s->fd[1], 4096);
}

static inline void
packets_full(struct seat *s)
{
	packets(s);
	stuff(s->fd[1], 4096);
}

static inline void
stream_some(struct seat *s)
{
	stream(s);
	write(s->fd[1], "xx", 2);
}

static inline void
listening(struct seat *s)
{
	snprintf(s->path, sizeof(s->path), "/tmp/blk.%u", s->index);
	s->fd[0] = listener(s->path, SOCK_STREAM, 1);
	s->fd[1] = socket(AF_UNIX, SOCK_STREAM, 0);
}

static inline void
no_place(struct seat *s)
{
	struct sockaddr_un a;

	listening(s);
	a = addr_of(s->path);
	for (int i = 0; i < 4; i++) {
		s->more[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(s->more[i], (void *)&a, sizeof(a)) != 0)
			break;
	}
}

static inline long
c_accept(struct seat *s)
{
	return one(accept(s->fd[0], NULL, NULL));
}

static inline void
connecting(struct seat *s)
{
	struct sockaddr_un a = addr_of(s->path);

	connect(s->fd[1], (void *)&a, sizeof(a));
}

static inline long
c_connect(struct seat *s)
{
	struct sockaddr_un a = addr_of(s->path);

	return connect(s->fd[1], (void *)&a, sizeof(a));
}

static inline void
accepting(struct seat *s)
{
	close(accept(s->fd[0], NULL, NULL));
}

static inline long
c_sendto(struct seat *s)
{
	return sendto(s->fd[1], "y", 1, 0, NULL, 0);
}

static inline long
c_sendto_big(struct seat *s)
{
	return sendto(s->fd[1], big, BIG, 0, NULL, 0);
}

static inline long
c_sendmsg(struct seat *s)
{
	struct iovec v = { big, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return sendmsg(s->fd[1], &m, 0);
}

static inline long
c_sendmsg_big(struct seat *s)
{
	struct iovec v = { big, BIG };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return sendmsg(s->fd[1], &m, 0);
}

static inline long
c_recvfrom(struct seat *s)
{
	char c[8];

	return recvfrom(s->fd[0], c, sizeof(c), 0, NULL, NULL);
}

static inline long
c_recvmsg(struct seat *s)
{
	char c[8];
	struct iovec v = { c, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return recvmsg(s->fd[0], &m, 0);
}

static inline long
c_recv_all(struct seat *s)
{
	char c[3];

	return recv(s->fd[0], c, 3, MSG_WAITALL);
}

static inline void
limited(struct seat *s)
{
	struct timeval t = { 1000, 0 };

	for (int i = 0; i < 2; i++) {
		setsockopt(s->fd[i], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
		setsockopt(s->fd[i], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	}
}

static inline void
stream_limited(struct seat *s)
{
	stream(s);
	limited(s);
}

static inline void
full_limited(struct seat *s)
{
	stream_full(s);
	limited(s);
}

static inline void
listening_limited(struct seat *s)
{
	listening(s);
	limited(s);
}

static inline void
no_place_limited(struct seat *s)
{
	no_place(s);
	limited(s);
}

/* --- native objects through read and write --- */

static inline void
low(struct seat *s)
{
	for (int i = 0; i < 2; i++)
		s->fd[i] = mx_handle_fd(s->h[i]);
}

static inline void
a_channel(struct seat *s)
{
	mx_channel_create(MX_CHANNEL_DUPLICABLE, &s->h[0], &s->h[1]);
	low(s);
}

static inline void
full_channel(struct seat *s)
{
	uint64_t limit = 1000;

	a_channel(s);
	mx_object_set_property(s->h[0], MX_PROP_CHANNEL_LIMIT, &limit, sizeof(limit));
	stuff(s->fd[1], 256);
}

static inline void
a_socket(struct seat *s)
{
	mx_socket_create(0, &s->h[0], &s->h[1]);
	low(s);
}

static inline void
full_socket(struct seat *s)
{
	a_socket(s);
	stuff(s->fd[1], 65536);
}

static inline void
mx_fifo(struct seat *s)
{
	mx_fifo_create(4, 1, 0, &s->h[0], &s->h[1]);
	low(s);
}

static inline void
full_mx_fifo(struct seat *s)
{
	mx_fifo(s);
	stuff(s->fd[1], 1);
}

static inline void
a_port(struct seat *s)
{
	mx_port_create(0, &s->h[0]);
	s->fd[0] = mx_handle_fd(s->h[0]);
}

static inline long
c_read_packet(struct seat *s)
{
	char c[64];

	return one(read(s->fd[0], c, sizeof(c)));
}

static inline void
queueing(struct seat *s)
{
	mx_port_packet_t p = { .type = MX_PKT_TYPE_USER };

	mx_port_queue(s->h[0], &p);
}
