#pragma once
/*
 * The read-only root image, as mk/mkimage writes it and sys/fs/imgfs.c mounts it.
 *
 * Little-endian.  The image is a whole number of pages:
 *
 *	page 0		struct img_super, rest zero
 *	inode table	inodes[1 .. ninodes], at inode_off; number 0 is never used and all zero
 *	metadata	directories and symlink targets, each 8-byte aligned
 *	meta_size	page-aligned end of all of the above
 *	file data	each file starts on a page of its own; the tail of its last page is zero
 *	total_size
 *
 * So a file's pages can be used in place as the pages of its VMO, and a truncated image is
 * found by comparing total_size with what the loader delivered.
 *
 * A directory is an array of `count' struct img_dirent, sorted by name (memcmp; a name comes
 * before the longer names it begins), then the bytes of the names, without terminators.
 * "." and ".." are not stored: the inode's `parent' is "..".  The root is its own parent.
 * A symlink's target is `size' bytes followed by a NUL.
 *
 * A file of several names has one inode and nlink > 1.  Device inodes have rdev and no data.
 */
#include <stdint.h>

#define IMG_MAGIC	UINT64_C(0x474d4941544e455a)	/* "ZENTAIMG" */
#define IMG_VERSION	1
#define IMG_PAGE	4096
#define IMG_ROOT	1				/* inode number of "/" */

struct img_super {
	uint64_t magic;
	uint32_t version;
	uint32_t ninodes;	/* numbers 1 .. ninodes are valid */
	uint64_t total_size;	/* bytes, multiple of IMG_PAGE */
	uint64_t meta_size;	/* bytes before the first file's data, multiple of IMG_PAGE */
	uint64_t inode_off;	/* of inode 0's (unused) slot */
	int64_t built;		/* seconds since 1970 */
	uint64_t meta_sum;	/* img_sum of [0, meta_size) with meta_sum and data_sum zero */
	uint64_t data_sum;	/* img_sum of [meta_size, total_size) */
	char name[32];		/* "base", "root"; NUL terminated */
};

struct img_inode {
	uint32_t mode;		/* type and permission bits, as in stat */
	uint32_t uid, gid;
	uint32_t nlink;		/* directories: 2 + subdirectories */
	uint64_t size;		/* bytes at offset; 0 for devices and FIFOs */
	uint64_t offset;	/* from the start of the image; 0 if size is 0 */
	int64_t mtime;		/* seconds since 1970; the other times are the same */
	uint64_t rdev;		/* character and block devices */
	uint32_t parent;	/* directories: inode number of ".." */
	uint32_t count;		/* directories: number of entries */
	uint64_t zero;
};

struct img_dirent {
	uint32_t ino;
	uint32_t name;		/* offset of the name from the start of the directory */
	uint16_t len;		/* 1 .. 255 */
	uint8_t type;		/* (mode >> 12) & 15, as in getdents */
	uint8_t zero;
};

_Static_assert(sizeof(struct img_super) == 96, "img_super crosses the boundary");
_Static_assert(sizeof(struct img_inode) == 64, "img_inode crosses the boundary");
_Static_assert(sizeof(struct img_dirent) == 12, "img_dirent crosses the boundary");

/* The sum over whole 64-bit words; `sum' carries on from an earlier part, 0 at the start. */
static inline uint64_t
img_sum(uint64_t sum, const uint64_t *word, uint64_t bytes)
{
	for (; bytes >= 8; bytes -= 8, word++) {
		sum ^= *word;
		sum = (sum << 23 | sum >> 41) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return sum;
}
