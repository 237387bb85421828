#pragma once
/*
 * The integers of the boundary, of fixed width on every machine.  Built on the compiler's own
 * names so that a standard header may include this without showing <stdint.h> to its user.
 */
#ifdef __UINT64_TYPE__
typedef __INT8_TYPE__ abi_i8;
typedef __UINT8_TYPE__ abi_u8;
typedef __INT16_TYPE__ abi_i16;
typedef __UINT16_TYPE__ abi_u16;
typedef __INT32_TYPE__ abi_i32;
typedef __UINT32_TYPE__ abi_u32;
typedef __INT64_TYPE__ abi_i64;
typedef __UINT64_TYPE__ abi_u64;
#else
typedef signed char abi_i8;
typedef unsigned char abi_u8;
typedef short abi_i16;
typedef unsigned short abi_u16;
typedef int abi_i32;
typedef unsigned int abi_u32;
#ifdef __LP64__
typedef long abi_i64;
typedef unsigned long abi_u64;
#else
typedef long long abi_i64;
typedef unsigned long long abi_u64;
#endif
#endif

/* newlib's machine/_types.h makes dev_t, ino_t ... the same. */
typedef abi_u64 abi_dev_t;
typedef abi_u64 abi_ino_t;
typedef abi_i64 abi_off_t;
typedef abi_i64 abi_blkcnt_t;
typedef abi_i32 abi_blksize_t;
typedef abi_u64 abi_fsblkcnt_t;
typedef abi_u64 abi_fsfilcnt_t;
typedef abi_u32 abi_nlink_t;
typedef abi_u32 abi_mode_t;
typedef abi_i32 abi_pid_t;
typedef abi_u32 abi_uid_t;
typedef abi_u32 abi_gid_t;
typedef abi_i64 abi_time_t;
typedef abi_i64 abi_clock_t;
typedef abi_i32 abi_clockid_t;

/* A set of signals: bit n-1 is signal n. */
typedef abi_u64 abi_sigset_t;
