/*
 * Socket options.  The limits of the queue change its levels at once; the bits that say nothing to a
 * local socket (SO_REUSEADDR ...) are remembered.
 */
#include "ipc/usock.h"
#include "kern/error.h"
#include "kern/string.h"
#include <abi/time.h>

#define REMEMBERED	(SO_DEBUG | SO_REUSEADDR | SO_KEEPALIVE | SO_DONTROUTE | SO_BROADCAST | SO_OOBINLINE)

static int
put(void *value, uint32_t *len, const void *from, uint32_t size)
{
	*len = MIN(*len, size);
	memcpy(value, from, *len);
	return 0;
}

static int
put_int(void *value, uint32_t *len, int n)
{
	return put(value, len, &n, sizeof(n));
}

static int
put_time(void *value, uint32_t *len, nsec_t t)
{
	struct abi_timeval tv = { t / NSEC_PER_SEC, t % NSEC_PER_SEC / 1000 };

	return put(value, len, &tv, sizeof(tv));
}

/* SO_ERROR is told once. */
void
usock_error_told(struct usock *s)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(s->lock);
	s->error = 0;
	usock_update(s, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
}

static int
get_peercred(struct usock *s, void *value, uint32_t *len)
{
	struct abi_ucred cred;
	bool has;

	spin_lock(s->lock);
	has = s->has_cred;
	cred = s->cred;
	spin_unlock(s->lock);
	return has ? put(value, len, &cred, sizeof(cred)) : ENOTCONN;
}

int
usock_getopt(struct usock *s, int name, void *value, uint32_t *len)
{
	switch (name) {
	case SO_TYPE:
		return put_int(value, len, s->type);
	case SO_DOMAIN:
		return put_int(value, len, AF_UNIX);
	case SO_PROTOCOL:
		return put_int(value, len, 0);
	case SO_ERROR:
		return put_int(value, len, s->error);
	case SO_ACCEPTCONN:
		return put_int(value, len, s->state == USOCK_LISTEN);
	case SO_SNDBUF:
		return put_int(value, len, (int)s->sndbuf);
	case SO_RCVBUF:
		return put_int(value, len, (int)s->rcvbuf);
	case SO_SNDLOWAT:
	case SO_RCVLOWAT:
		return put_int(value, len, 1);
	case SO_SNDTIMEO:
		return put_time(value, len, s->sndtimeo);
	case SO_RCVTIMEO:
		return put_time(value, len, s->rcvtimeo);
	case SO_PASSCRED:
		return put_int(value, len, s->passcred);
	case SO_PEERCRED:
		return get_peercred(s, value, len);
	case SO_LINGER:
		return put(value, len, &s->linger, sizeof(s->linger));
	}
	if (name > 0 && (name & (name - 1)) == 0 && (name & REMEMBERED) != 0)
		return put_int(value, len, (s->options & (uint32_t)name) != 0);
	return ENOPROTOOPT;
}

/* A limit changes what the queues of s and of its peer take. */
static int
set_limit(struct usock *s, uint32_t *limit, int n)
{
	struct wakelist w;

	if (n < 0)
		return EINVAL;
	wakelist_init(&w);
	spin_lock(s->lock);
	*limit = MIN(MAX((uint32_t)n, USOCK_BUF_MIN), USOCK_BUF_MAX);
	usock_update(s, &w);
	usock_update_senders(s, &w);
	spin_unlock(s->lock);
	wakelist_run(&w);
	return 0;
}

static int
set_time(nsec_t *to, const void *value, uint32_t len)
{
	struct abi_timeval tv;

	if (len < sizeof(tv))
		return EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.usec < 0 || tv.usec >= 1000000 || tv.sec < 0)
		return EDOM;
	*to = tv.sec >= NSEC_INFINITE / NSEC_PER_SEC ? 0 : tv.sec * NSEC_PER_SEC + tv.usec * 1000;
	return 0;
}

static int
set_linger(struct usock *s, const void *value, uint32_t len)
{
	if (len < sizeof(s->linger))
		return EINVAL;
	memcpy(&s->linger, value, sizeof(s->linger));
	return 0;
}

int
usock_setopt(struct usock *s, int name, const void *value, uint32_t len)
{
	int n = 0;

	if (name == SO_SNDTIMEO)
		return set_time(&s->sndtimeo, value, len);
	if (name == SO_RCVTIMEO)
		return set_time(&s->rcvtimeo, value, len);
	if (name == SO_LINGER)
		return set_linger(s, value, len);
	if (len < sizeof(n))
		return EINVAL;
	memcpy(&n, value, sizeof(n));
	switch (name) {
	case SO_SNDBUF:
		return set_limit(s, &s->sndbuf, n);
	case SO_RCVBUF:
		return set_limit(s, &s->rcvbuf, n);
	case SO_PASSCRED:
		s->passcred = n != 0;
		return 0;
	}
	if (name <= 0 || (name & (name - 1)) != 0 || (name & REMEMBERED) == 0)
		return ENOPROTOOPT;
	s->options = n != 0 ? s->options | (uint32_t)name : s->options & ~(uint32_t)name;
	return 0;
}
