/*
 * Credentials: shared, immutable once more than one thread can see them.
 */
#include "kern/cred.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/string.h"
#include "mach/atomic.h"
#include "vm/zone.h"

ZONE(cred_zone, struct cred);
COUNTER(creds, "kern.creds");
struct cred cred_root = { .refs = 1 };

struct cred *
cred_ref(struct cred *c)
{
	ASSERT(c->refs > 0);
	atomic_add(&c->refs, 1);
	return c;
}

void
cred_unref(struct cred *c)
{
	ASSERT(c->refs > 0);
	if (atomic_sub_return(&c->refs, 1) != 0)
		return;
	kstat_add(&creds, -1);
	zone_free(cred_zone, c);
}

int
cred_copy(const struct cred *c, struct cred **out)
{
	struct cred *n = zone_alloc(cred_zone, 0);

	if (n == NULL)
		return ENOMEM;
	memcpy(n, c, sizeof(*n));
	n->refs = 1;
	kstat_add(&creds, 1);
	*out = n;
	return 0;
}

bool
cred_in_group(const struct cred *c, uint32_t gid)
{
	if (c->egid == gid)
		return true;
	for (uint32_t i = 0; i < c->ngroups; i++) {
		if (c->groups[i] == gid)
			return true;
	}
	return false;
}

bool
cred_super(const struct cred *c)
{
	return c->euid == 0;
}
