#pragma once
/* The window: one object that every address space shows (the vDSO).  See vm/window.c. */
#include "kern/types.h"

struct space;
struct vmo;

/* Once, before the first space has a window.  The pages of a vnode VMO with a direct pager. */
void window_set(struct vmo *);
/* Chooses the place in an empty space. */
void window_open(struct space *);
vaddr_t window_start(const struct space *);	/* 0: it has none */
extern vaddr_t window_len;
