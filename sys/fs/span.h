#pragma once
/* Open devices that have a size and a place to read at: disks, fw_cfg files. */
#include "fs/devfs.h"
#include "kern/uio.h"

/* lseek within a device of that size; SEEK_SET, SEEK_CUR, SEEK_END. */
int span_seek(struct devfile *, uint64_t size, int64_t off, int whence, int64_t *result) __must_check;
/* Where this transfer starts, and (after it moved n bytes) the file's new place. */
uint64_t span_start(struct devfile *, const struct uio *);
void span_advance(struct devfile *, const struct uio *, uint64_t n);
