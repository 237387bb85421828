#pragma once
/* Credentials: immutable once shared; a change makes a new one. */
#include "kern/types.h"

#define NGROUPS_MAX	32

struct cred {
	uint32_t refs;			/* [a] */
	uint32_t ruid, euid, suid;	/* [I] */
	uint32_t rgid, egid, sgid;	/* [I] */
	uint32_t ngroups;		/* [I] */
	uint32_t groups[NGROUPS_MAX];	/* [I] */
};

struct cred *cred_ref(struct cred *);
void cred_unref(struct cred *);
int cred_copy(const struct cred *, struct cred **out) __must_check;	/* a private, changeable copy */
bool cred_in_group(const struct cred *, uint32_t gid);	/* egid or supplementary */
bool cred_super(const struct cred *);			/* euid 0 */
extern struct cred cred_root;
