#pragma once
/* Records of getdents: each begins on 8 bytes, `reclen' leads to the next. */
#include <abi/types.h>

struct abi_dirent {
	abi_u64 ino;
	abi_i64 off;		/* cookie of the next entry: lseek to it continues behind this one */
	abi_u16 reclen;		/* bytes, a multiple of 8 */
	abi_u8 type;		/* DT_* */
	char name[];		/* NUL terminated */
};
#define ABI_DIRENT_NAME	19	/* offset of the name */
_Static_assert(__builtin_offsetof(struct abi_dirent, name) == 19, "dirent");
#define ABI_DIRENT_SIZE(namelen)	((ABI_DIRENT_NAME + (namelen) + 1 + 7) & ~7u)

/* (mode & S_IFMT) >> 12 */
#define DT_UNKNOWN	0
#define DT_FIFO		1
#define DT_CHR		2
#define DT_DIR		4
#define DT_BLK		6
#define DT_REG		8
#define DT_LNK		10
#define DT_SOCK		12
