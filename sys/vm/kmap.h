#pragma once
/* Kernel virtual memory beside the direct map: stacks with guards, device registers, large blocks. */
#include "kern/types.h"

void *kmap_alloc(size_t size) __must_check;	/* pages, wired, guard page on each side; NULL */
void kmap_free(void *, size_t size);
bool kmap_owns(const void *);			/* the address is of kmap_alloc() */
void *kmap_device(paddr_t, size_t, bool write_combine) __must_check;	/* uncached registers */
void *kstack_alloc(void) __must_check;		/* KSTACK_SIZE bytes above a guard page; the low end */
void kstack_free(void *);
bool kstack_guard_hit(vaddr_t);			/* the address lies in a stack's guard page */
#define KSTACK_SIZE	(16 * 1024)
