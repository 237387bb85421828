/*
 * N-th failure injection: `sysctl debug.failnth.CLASS=n' makes the n-th operation of that class
 * fail that the calling thread performs from then on, once.  debug.failnth.fired tells whether one
 * has, so that a test's loop knows when it is through.
 */
#include "kern/fail.h"
#include "kern/error.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "kern/log.h"

#if CONFIG_DEBUG
bool
fail_now(enum fail_class c)
{
	struct thr *t = thr_self();

	if (t == NULL || likely(t->t_fail_nth[c] == 0))
		return false;
	if (--t->t_fail_nth[c] != 0)
		return false;
	t->t_fail_fired = true;
	return true;
}

static const char *const names[FAIL_NCLASS] = { "page", "slab", "slot", "usercopy", "block" };

static enum fail_class
class_of(struct sysctl *s)
{
	const char *last = strrchr(s->name, '.') + 1;
	unsigned c = 0;

	while (c + 1 < FAIL_NCLASS && strcmp(names[c], last) != 0)
		c++;
	return (enum fail_class)c;
}

static int
failnth_get(struct sysctl *s, char *buf, size_t size)
{
	snprintf(buf, size, "%d", (int)thr_self()->t_fail_nth[class_of(s)]);
	return 0;
}

static int
failnth_set(struct sysctl *s, const char *text)
{
	int32_t n = 0;

	for (; *text >= '0' && *text <= '9' && n < 100000000; text++)
		n = n * 10 + (*text - '0');
	if (*text != '\0')
		return EINVAL;
	thr_self()->t_fail_fired = false;
	thr_self()->t_fail_nth[class_of(s)] = n;
	return 0;
}

static int
fired_get(struct sysctl *s, char *buf, size_t size)
{
	snprintf(buf, size, "%d", thr_self()->t_fail_fired);
	return 0;
}

SYSCTL_OWN(failnth_page, "debug.failnth.page", failnth_get, failnth_set);
SYSCTL_OWN(failnth_slab, "debug.failnth.slab", failnth_get, failnth_set);
SYSCTL_OWN(failnth_slot, "debug.failnth.slot", failnth_get, failnth_set);
SYSCTL_OWN(failnth_usercopy, "debug.failnth.usercopy", failnth_get, failnth_set);
SYSCTL_OWN(failnth_block, "debug.failnth.block", failnth_get, failnth_set);
SYSCTL_FN(failnth_fired, "debug.failnth.fired", fired_get, NULL);
#endif
