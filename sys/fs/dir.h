#pragma once
/* Making names: what openat, mkdirat, mknodat and bind have in common. */
#include "kern/types.h"

struct name_result;
struct vnode;

/* A new file of any type but link under the looked-up parent: umask, owner, set-gid directories,
 * permission.  EEXIST, EACCES, EROFS, ENOSPC, ENOENT. */
int dir_create(struct name_result *, uint32_t mode, uint64_t rdev, struct vnode **) __must_check;
