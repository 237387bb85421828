#pragma once
/* The mappings of a space as pieces (space.c); for the files that look into one or change it.  Its lock is held. */
#include "vm/treap.h"

/* Nobody touched it: no VMO of its own. */
static inline bool
mapping_blank(const struct mapping *m)
{
	return m->vmo == &vmo_blank;
}
