#pragma once
/* Text that is made as a whole in memory, for the files of /proc. */
#include "kern/types.h"

struct text {
	char *buf;			/* the owner frees it: kmem_free(buf, size) */
	size_t size, used;
	bool failed;			/* no memory, or longer than a text may be */
};

/* Room for so many more bytes at buf + used, and a NUL.  False: failed. */
bool text_room(struct text *, size_t more);
void text_bytes(struct text *, const char *, size_t);
void text_printf(struct text *, const char *, ...) __printf(2, 3);	/* 511 bytes a call */
