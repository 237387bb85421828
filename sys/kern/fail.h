#pragma once
/* N-th failure injection (debug kernels): fail_now(class) is true when this one must fail. */
#include "kern/types.h"

enum fail_class { FAIL_PAGE, FAIL_SLAB, FAIL_SLOT, FAIL_USERCOPY, FAIL_BLOCK, FAIL_NCLASS };

#if CONFIG_DEBUG
bool fail_now(enum fail_class);
#else
static inline bool
fail_now(enum fail_class c)
{
	(void)c;
	return false;
}
#endif
