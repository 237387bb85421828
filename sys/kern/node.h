#pragma once
/*
 * Nodes: everything that a descriptor can name.  A node is embedded first in its kind's struct.
 *
 * References keep memory; uses keep meaning.  A use is a descriptor slot, a message in flight
 * that carries the node, or a call in progress on it.  When the last use goes, ops->unused runs
 * once (a pipe end closes, a file is closed); when the last reference goes, ops->destroy frees.
 * All uses together hold one reference, so that a use more is one counted word.
 *
 * Handles are the uses that are slots, in tables and in messages.  They are counted where a slot comes
 * into being and where one ends, so a move changes nothing: SIG_LAST_HANDLE is set while there
 * is one.  Nodes that share their source with others (files, pipes, terminals) do not have that bit.
 *
 * Letters: I immutable, a atomic, n the node's (or pair's) lock.
 */
#include "kern/assert.h"
#include "kern/types.h"
#include "kern/wait.h"
#include "mach/atomic.h"

struct abi_stat;
struct carrier;
struct node;
struct pair;
struct uio;
struct vmo;

enum node_kind {	/* values are MX_OBJ_TYPE_* where Zircon has them; ours count from 64 */
	NODE_ANY = 0,
	NODE_PROCESS = 1, NODE_THREAD = 2, NODE_VMO = 3, NODE_CHANNEL = 4, NODE_EVENT = 5,
	NODE_PORT = 6, NODE_SOCKET = 14, NODE_JOB = 17, NODE_VMAR = 18, NODE_FIFO = 19,
	NODE_EVENTPAIR = 16, NODE_TIMER = 22, NODE_SUSPEND_TOKEN = 27, NODE_EXCEPTION = 29,
	NODE_FILE = 64, NODE_PIPE = 65, NODE_TTY = 66, NODE_USOCK = 67, NODE_SEM = 68,
	NODE_MQ = 69, NODE_SHM = 70, NODE_TRACE = 71,
};

/* What fchmod, fchown, futimens and ftruncate change; `mask' says which members count. */
#define SETATTR_MODE	0x01u
#define SETATTR_UID	0x02u
#define SETATTR_GID	0x04u
#define SETATTR_SIZE	0x08u
#define SETATTR_ATIME	0x10u
#define SETATTR_MTIME	0x20u
#define SETATTR_NOW	0x40u	/* the times are "now": write permission is enough */
struct setattr {
	uint32_t mask;
	uint32_t mode, uid, gid;
	uint64_t size;
	nsec_t atime, mtime;	/* since 1970 */
};

/*
 * No slot is NULL: kinds use the node_no* defaults.  No lock is held on entry; all may sleep
 * except unused and destroy, which may not wait for other threads' progress.
 */
struct node_ops {
	const char *name;	/* "pipe", "file" ...: what /proc and ktrace print */
	/* Move bytes by uio; honour UIO_NONBLOCK with ESHOULDWAIT, else block (ERESTART on a signal). */
	int (*read)(struct node *, struct uio *);
	int (*write)(struct node *, struct uio *);
	int (*seek)(struct node *, int64_t off, int whence, int64_t *result);
	int (*stat)(struct node *, struct abi_stat *);
	int (*setattr)(struct node *, const struct setattr *);
	/* arg is a user address or an integer, by command; ENOTTY for what is not known. */
	int (*ioctl)(struct node *, unsigned long cmd, uintptr_t arg, int *result);
	/* The VMO behind it, referenced, for mmap and exec; ENODEV when there is none. */
	int (*vmo)(struct node *, struct vmo **out);
	int (*sync)(struct node *);
	void (*unused)(struct node *);
	void (*destroy)(struct node *);
};

/* The slots of a kind with bytes but no place in them. */
#define NODE_OPS_STREAM	.seek = node_noseek, .vmo = node_novmo, .sync = node_nosync
/* Those of a kind that has calls of its own. */
#define NODE_OPS_PLAIN \
	NODE_OPS_STREAM, .stat = node_nostat, .setattr = node_nosetattr, .ioctl = node_noioctl

struct node {
	const struct node_ops *ops;	/* [I] */
	koid_t koid;			/* [I] */
	uint32_t refs;			/* [a] */
	uint32_t uses;			/* [a] */
	uint32_t handles;		/* [a] slots in tables and messages; counted where the source is its own */
	uint16_t kind;			/* [I] enum node_kind */
	uint16_t canary;		/* [I] NODE_CANARY while alive */
	uint32_t flags;			/* [a] open file status flags: O_APPEND, O_NONBLOCK, O_SYNC */
	uint32_t poll_in;		/* [I] level that POLLIN stands for: READABLE, or SIGNALED */
	struct sigsrc *sig;		/* [I] own, or shared with all opens of a FIFO, tty ... */
	struct sigsrc own;
	struct pair *pair;		/* [I] NULL: not an end of a pair (kern/pair.h) */
	struct carrier *carrier;	/* [I] NULL: its queue, if any, holds no nodes (ipc/cycle.h) */
	uint8_t side;			/* [I] which end: 0 or 1 */
	uint8_t counted;		/* [I] NODE_COUNTED: has SIG_LAST_HANDLE; NODE_STAYS: also without handles */
	struct node *later;		/* [o] of a thread whose t_unused it is on */
	struct spin lock;		/* [I] lock of `own' unless a pair supplies one */
};
#define NODE_CANARY	0x4e6f
#define NODE_COUNTED	1u
#define NODE_STAYS	2u	/* may be waited for by a pseudo-handle, which is none */

extern const struct lock_class node_class;

/* One reference, no use.  `src' NULL: the node's own source with `bits'. */
void node_init(struct node *, const struct node_ops *, enum node_kind, struct sigsrc *src,
    uint32_t bits);
void node_last_ref(struct node *) __rare;	/* what node_unref and node_unuse find to do */
void node_last_use(struct node *) __rare;
/* SIG_LAST_HANDLE as the count has it; no spin lock is held. */
void node_last_handle(struct node *) __rare;

static inline void
node_ref(struct node *n)
{
	ASSERT(n->canary == NODE_CANARY);
	atomic_add(&n->refs, 1);
}

static inline void
node_unref(struct node *n)
{
	ASSERT(n->canary == NODE_CANARY && n->refs > 0);
	if (unlikely(atomic_sub_return(&n->refs, 1) == 0))
		node_last_ref(n);
}

/* The first use takes their reference, and node_last_use() drops it. */
static inline void
node_use(struct node *n)
{
	ASSERT(n->canary == NODE_CANARY);
	if (unlikely(atomic_add(&n->uses, 1) == 0))
		node_ref(n);
}

/* One more of a node that is in use: a slot that cannot go meanwhile holds it. */
static inline void
node_use_more(struct node *n)
{
	ASSERT(n->canary == NODE_CANARY && n->uses > 0);
	atomic_add(&n->uses, 1);
}

static inline void
node_unuse(struct node *n)
{
	ASSERT(n->canary == NODE_CANARY && n->uses > 0);
	if (unlikely(atomic_sub_return(&n->uses, 1) == 0))
		node_last_use(n);
}

/* A slot more; true: node_last_handle() is due, when no spin lock is held.  The bit is there before the
 * first one is. */
static inline bool __must_check
node_handle_more(struct node *n)
{
	uint32_t was;

	if (n->counted == 0)
		return false;
	was = atomic_add(&n->handles, 1);
	return unlikely(was <= 1) && (was == 1 || n->counted == NODE_STAYS);
}

/* A slot less; the caller still has its use.  No spin lock is held. */
static inline void
node_handle_less(struct node *n)
{
	uint32_t left;

	if (n->counted == 0)
		return;
	left = atomic_sub_return(&n->handles, 1);
	if (unlikely(left <= 1) && (left == 1 || n->counted == NODE_STAYS))
		node_last_handle(n);
}

koid_t koid_new(void);
/* Whether it has levels that mean something: waits on other kinds are refused before rights. */
static inline bool
node_waitable(const struct node *n)
{
	return n->kind != NODE_VMAR && n->kind != NODE_SUSPEND_TOKEN;
}

/* Wrappers: the one place for checks and counts.  Callers never touch ops slots. */
int node_read(struct node *, struct uio *) __must_check;
int node_write(struct node *, struct uio *) __must_check;

/* Try; wait for one of `levels'; try: until try() answers anything but ESHOULDWAIT, or at once with
 * UIO_NONBLOCK.  try's last argument is for native faces and NULL here. */
int node_try(struct node *, struct uio *, uint32_t levels,
    int (*try)(struct node *, struct uio *, void __user *)) __must_check;

int node_nowrite(struct node *, struct uio *);			/* EBADF */
int node_nostream(struct node *, struct uio *);			/* EINVAL: no bytes at all */
int node_noseek(struct node *, int64_t, int, int64_t *);	/* ESPIPE */
int node_nostat(struct node *, struct abi_stat *);		/* fills koid, zeros */
int node_nosetattr(struct node *, const struct setattr *);	/* EINVAL */
int node_noioctl(struct node *, unsigned long, uintptr_t, int *);	/* ENOTTY */
int node_novmo(struct node *, struct vmo **);			/* ENODEV */
int node_nosync(struct node *);					/* EINVAL */
void node_nounused(struct node *);
/* The always-ready source that regular files and plain devices share. */
extern struct sigsrc sigsrc_ready;
