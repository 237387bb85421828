#pragma once
/* uname: NUL-terminated strings. */
#define ABI_UTSNAME_LEN	65

struct abi_utsname {
	char sysname[ABI_UTSNAME_LEN];
	char nodename[ABI_UTSNAME_LEN];
	char release[ABI_UTSNAME_LEN];
	char version[ABI_UTSNAME_LEN];
	char machine[ABI_UTSNAME_LEN];
};
_Static_assert(sizeof(struct abi_utsname) == 325, "utsname");
