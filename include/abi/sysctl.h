#pragma once
/* Commands of the sysctl call.  1-9 are Zero's; ours count from 16. */
#include <abi/types.h>

#define SYSCTL_BYNAME	16	/* parm: bytes of the struct, arg: its address */

/* Values are text.  Addresses of a null pointer leave that half out. */
struct abi_sysctl_byname {
	abi_u64 name;		/* const char * */
	abi_u64 old;		/* char *: the value, NUL terminated */
	abi_u64 old_len;	/* uint64_t *: in the buffer's size, out the value's with its NUL */
	abi_u64 new;		/* const char * */
	abi_u64 new_len;	/* bytes, without a NUL */
};
_Static_assert(sizeof(struct abi_sysctl_byname) == 40, "sysctl_byname");
