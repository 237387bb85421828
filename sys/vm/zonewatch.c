/*
 * Watched zones: debug.zone.
 *
 * In any kernel a zone can be watched from now on: sysctl debug.zone=NAME:redzone,poison,audit.  A watched zone
 * has no magazines (cap is 0, so that the common path does not know of it) and takes objects from slabs of their
 * own, `guarded', where each has a struct owner behind it: a mark, who took it last and who gave it back.
 * All of it is always kept there, and the flags say what is looked at; guarded slabs may outlive the watching.
 * fail=N among them makes the N-th allocation from now on fail, whoever asks.
 */
#include "kern/error.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "mach/string.h"
#include "vm/zone_impl.h"

static void __noreturn
owner_report(const struct zone *z, const struct owner *o, const void *obj, const char *what)
{
	panic("zone: %s: watched object %p %s; taken by thread %d at %p, given back by thread %d at %p", z->name, obj,
	    what, o->tid[0], (void *)o->pc[0], o->tid[1], (void *)o->pc[1]);
}

static void
owner_note(const struct zone *z, struct owner *o, unsigned which, uintptr_t pc)
{
	if ((z->watch & WATCH_AUDIT) == 0)
		pc = 0;
	o->pc[which] = pc;
	o->tid[which] = pc != 0 ? thr_self()->t_tid : 0;
}

/* Leaves the slab; its first bytes held the list of free ones. */
void
watch_taken(const struct zone *z, void *obj, uintptr_t pc)
{
	struct owner *o = object_owner(z, obj);
	const uint8_t *b = obj;

	if ((z->watch & WATCH_REDZONE) != 0 && o->mark != TAIL_FREE)
		owner_report(z, o, obj, "was written past its end while free");
	for (size_t i = sizeof(uint16_t); (z->watch & WATCH_POISON) != 0 && i < z->size; i++)
		if (b[i] != ZONE_POISON)
			owner_report(z, o, obj, "was written while free");
	o->mark = TAIL_LIVE;
	owner_note(z, o, 0, pc);
}

void
watch_given(const struct zone *z, void *obj, uintptr_t pc)
{
	struct owner *o = object_owner(z, obj);

	if ((z->watch & WATCH_REDZONE) != 0 && o->mark != TAIL_LIVE)
		owner_report(z, o, obj, o->mark == TAIL_FREE ? "is given back twice" : "was written past its end");
	o->mark = TAIL_FREE;
	owner_note(z, o, 1, pc);
	mach_fill(obj, ZONE_POISON, z->size);
}

static const struct {
	const char *name;
	uint32_t flag;
} watches[] = { { "redzone", WATCH_REDZONE }, { "poison", WATCH_POISON }, { "audit", WATCH_AUDIT } };

/* N of "fail=N"; 0: it is no such word. */
static uint32_t
watch_number(const char *text, size_t n)
{
	uint32_t v = 0;

	if (n < 6 || n > 12 || memcmp(text, "fail=", 5) != 0)
		return 0;
	for (size_t i = 5; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	return v;
}

/* "redzone,poison,audit,fail=N", any of them, or nothing. */
static int
watch_parse(const char *text, uint32_t *out, uint32_t *fail_in)
{
	*out = *fail_in = 0;
	while (*text != '\0') {
		size_t i, n = 0;
		uint32_t number;

		while (text[n] != '\0' && text[n] != ',')
			n++;
		if ((number = watch_number(text, n)) != 0) {
			*out |= WATCH_FAIL;
			*fail_in = number;
			text += n + (text[n] == ',');
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(watches); i++)
			if (strlen(watches[i].name) == n && memcmp(watches[i].name, text, n) == 0)
				break;
		if (i == ARRAY_SIZE(watches))
			return EINVAL;
		*out |= watches[i].flag;
		text += n + (text[n] == ',');
	}
	return 0;
}

static int
watch_set(struct sysctl *s, const char *text)
{
	size_t n = 0;
	uint32_t watch, fail_in;
	struct zone *z;

	while (text[n] != '\0' && text[n] != ':')
		n++;
	if (text[n] == '\0' || watch_parse(text + n + 1, &watch, &fail_in) != 0)
		return EINVAL;
	for (z = zones; z < zones + nzones; z++)
		if (strlen(z->name) == n + 5 && memcmp(z->name + 5, text, n) == 0)
			break;
	if (z == zones + nzones)
		return ENOENT;
	if ((watch & WATCH_FAIL) != 0 && (z->flags & ZONE_NOFAILTEST) != 0)
		return EINVAL;
	if ((z->flags & ZONE_PLAIN) != 0 || ROUND_UP(z->stride + sizeof(struct owner), z->align) > PAGE_SIZE << z->order)
		return EINVAL;
	spin_lock(&z->lock);
	z->watch = watch;
	z->fail_in = fail_in;
	z->cap = watch != 0 ? 0 : zone_cap(z);
	spin_unlock(&z->lock);
	zone_drain(z);
	return 0;
}

/* Those that are watched, one a line. */
static int
watch_get(struct sysctl *s, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (struct zone *z = zones; z < zones + nzones; z++) {
		if (z->watch == 0 || len + 64 > size)
			continue;
		len += (size_t)snprintf(buf + len, size - len, "%s:", z->name + 5);
		for (size_t i = 0; i < ARRAY_SIZE(watches); i++)
			if ((z->watch & watches[i].flag) != 0)
				len += (size_t)snprintf(buf + len, size - len, "%s,", watches[i].name);
		if ((z->watch & WATCH_FAIL) != 0)
			len += (size_t)snprintf(buf + len, size - len, "fail=%u,", z->fail_in);
		buf[len - 1] = '\n';
	}
	return 0;
}
SYSCTL_FN(debug_zone, "debug.zone", watch_get, watch_set);
