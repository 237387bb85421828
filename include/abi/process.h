#pragma once
/* Flags of the fork call (Zero's values). */
#define FORK_VFORK	1	/* share the memory; the parent sleeps until exec or exit */
#define FORK_COW	2	/* pages are copied as they are written: what fork does anyway */
