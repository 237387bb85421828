#pragma once
/* What a process knows of the name space: root, working directory, umask. */
#include "kern/types.h"

struct vnode;
struct fsctx {
	struct vnode *root, *cwd;	/* [o] referenced */
	uint32_t umask;			/* [o] */
};
int fsctx_create(struct fsctx **) __must_check;		/* at the root of the name space */
int fsctx_copy(struct fsctx *, struct fsctx **) __must_check;
void fsctx_destroy(struct fsctx *);
