#pragma once
/* Advisory record locks: POSIX (owned by a process) and OFD (owned by an open file description). */
#include "kern/types.h"

struct node;
struct vnode;

/* F_GETLK, F_SETLK, F_SETLKW and F_OFD_*: `arg' is the user address of a struct abi_flock. */
int file_fcntl_lock(struct node *, int cmd, uintptr_t arg) __must_check;
/* A process closed one of its descriptors of the node: its POSIX locks on the file go. */
void reclock_closed(struct node *);
/* The last use of an open file description went: its OFD locks go. */
void reclock_file_gone(struct vnode *, struct node *);
