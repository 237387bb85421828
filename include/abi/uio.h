#pragma once
/* Pieces of readv and writev; on x86-64 the same bytes as struct iovec. */
#include <abi/types.h>

struct abi_iovec {
	abi_u64 base;
	abi_u64 len;
};
_Static_assert(sizeof(struct abi_iovec) == 16, "iovec");
