#pragma once
/* select: a set of 1024 descriptors; bit n % 64 of word n / 64 is descriptor n. */
#include <abi/types.h>

#define ABI_FD_SETSIZE	1024

struct abi_fd_set {
	abi_u64 bits[ABI_FD_SETSIZE / 64];
};
_Static_assert(sizeof(struct abi_fd_set) == 128, "fd_set");
