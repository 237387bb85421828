#pragma once
/*
 * The descriptor table: one per process, two ranges.  See kern/desc.c for the theory.
 *
 * A number is an index (POSIX) or a handle value: bits 0-17 index + 1, bits 18-30 generation.
 * Every lookup names the rights it needs; all evaluation of rights is here.
 */
#include "kern/error.h"
#include "kern/node.h"
#include "kern/types.h"

#define DESC_POSIX_MAX	65536u		/* slots of the POSIX range */
#define DESC_NATIVE_MAX	196607u
#define DESC_MAX	(DESC_POSIX_MAX + DESC_NATIVE_MAX)
#define DESC_CLOEXEC	1u
#define DESC_INDEX_MASK	0x3ffffu	/* a number above is a handle value, any other an index */

struct desctab;
struct proc;

enum desc_range { DESC_POSIX, DESC_NATIVE };
/* What the pseudo-handles name; the value of one is (its number here + 1) << 18. */
enum desc_self { DESC_SELF_PROCESS, DESC_SELF_THREAD, DESC_SELF_VMAR, DESC_SELF_JOB, DESC_NSELF };

int desctab_create(struct desctab **) __must_check;
int desctab_fork(struct desctab *from, struct desctab **out) __must_check;
/* fork and exec in one: without the slots that exec would close. */
int desctab_spawn(struct desctab *from, struct desctab **out) __must_check;
void desctab_exec(struct desctab *);	/* closes close-on-exec slots */
void desctab_destroy(struct desctab *);	/* closes everything */

/* What a failed lookup is to job policy (BAD_HANDLE, WRONG_OBJECT); returns the error it is given. */
int desc_refused(int error);
/* As desc_get (kern/desctab.h), and the slot's rights and flags. */
int desc_get_slot(uint32_t num, enum node_kind, uint32_t rights, struct node **, uint32_t *slot_rights,
    uint32_t *slot_flags) __must_check;
/* Any kind, no right yet: for calls that look at the kind first. */
static inline int __must_check
handle_get_slot(uint32_t h, struct node **out, uint32_t *slot_rights)
{
	return unlikely(h <= DESC_INDEX_MASK) ? desc_refused(EHANDLE) :
	    desc_get_slot(h, NODE_ANY, 0, out, slot_rights, NULL);
}
/* Of another table (procfs). */
int desctab_peek(struct desctab *, uint32_t index, struct node **, uint32_t *rights, uint32_t *flags);
/* Lowest used index >= from, or -1. */
int desctab_next(struct desctab *, uint32_t from);

/* Creating calls: reserve, build, copy the number out, publish.  ENORES when the range is full, ENFILE
 * when the job has no more. */
int desc_reserve(enum desc_range, uint32_t min, uint32_t *index) __must_check;
void desc_unreserve(uint32_t index);
/* Consumes one use of the node, which has one handle more. */
void desc_publish(uint32_t index, struct node *, uint32_t rights, uint32_t flags);
uint32_t desc_handle(uint32_t index);	/* handle value of a slot of the current process, 0 if free */
/* Reserve + publish; the use is consumed by success only. */
int desc_install(struct node *, uint32_t rights, uint32_t flags, enum desc_range, uint32_t *index)
    __must_check;
/* A new native slot whose handle value is told to the caller before anyone can see it; the use is
 * consumed by success only. */
int handle_install(struct node *, uint32_t rights, void __user *out) __must_check;
/* The same for a lone node that was just made: its first reference becomes the use, and a failure
 * destroys it. */
int handle_install_new(struct node *, uint32_t rights, void __user *out) __must_check;
/*
 * What a slot held, out of any table: what a message carries.  It owns one use of the node and is one of
 * its handles.
 */
struct slot {
	struct node *node;
	uint32_t rights;
	uint32_t flags;			/* DESC_CLOEXEC */
};
/* Takes a slot out of the caller's table, whatever it is (a move); native waits through it end.
 * EHANDLE; ERIGHTS with the slot kept for a pseudo-handle. */
int handle_take(uint32_t h, struct slot *out) __must_check;
/* A second use of what the slot holds; `need' are rights it must have. */
int slot_share(uint32_t num, uint32_t need, struct slot *out) __must_check;
void slot_drop(struct slot *);
/* Of a node that is given with a use, made by hand: it counts as a handle from now on. */
void slot_new(struct slot *);
/* Consumes the slot; what desc_publish() does with a node that has one handle more by it. */
void slot_publish(uint32_t index, const struct slot *);
/* As handle_install(), of a slot: no handle more, none less. */
int handle_install_slot(struct slot *, void __user *out) __must_check;
/* All or none: numbers (indices, or handle values in the native range) are written to num[], which
 * the caller copies out before it publishes or gives them back.  Publishing consumes the uses. */
int slots_reserve(enum desc_range, size_t n, uint32_t *num) __must_check;
void slots_unreserve(const uint32_t *num, size_t n);
void slots_publish(const uint32_t *num, struct slot *, size_t n);
/* Into a table that no running thread uses yet (a new process), by the caller's limits: the lowest
 * free index >= min; the use is consumed by success only. */
int desctab_put(struct desctab *, enum desc_range, uint32_t min, struct slot *, uint32_t *index) __must_check;
/* To exactly that index, in place of what is there; EBUSY as for desc_replace. */
int desctab_set(struct desctab *, uint32_t index, struct slot *) __must_check;
uint32_t desctab_handle(struct desctab *, uint32_t index);	/* as desc_handle, of another table */
bool desctab_remove(struct desctab *, uint32_t index);	/* false: nothing was there */

int desc_close(uint32_t num) __must_check;
/* Removes what is in the slot and installs the node in one step (dup2); consumes one use, by
 * success only.  EBUSY: another thread's open is between reserve and publish. */
int desc_replace(uint32_t index, struct node *, uint32_t rights, uint32_t flags) __must_check;
int desc_set_flags(uint32_t num, uint32_t flags) __must_check;
/* Index of a live number; of a pseudo-handle one from DESC_MAX up, which names no descriptor. */
int desc_index(uint32_t num, uint32_t *index) __must_check;
bool desc_is_self(uint32_t num);	/* is a pseudo-handle: cannot be moved */
/* More rights than others have to their own, for a table that is not in use yet (process 1); fork does
 * not hand them on. */
void desctab_grant(struct desctab *, enum desc_self, uint32_t rights);
/* A new process's pseudo-handle keeps these rights only; it is empty when none is left. */
void desctab_weaken(struct desctab *, enum desc_self, uint32_t rights);

/* What a pseudo-handle names right now, with a use.  ENOMEM, EHANDLE. */
extern int (*desc_self_hook)(enum desc_self, struct node **);
/* fcntl's record lock commands; fs sets it (F_GETLK ...); arg is the user address. */
extern int (*fcntl_lock_hook)(struct node *, int cmd, uintptr_t arg);
/* A process gave up one of its slots of a file: fs drops the process's record locks. */
extern void (*desc_closed_hook)(struct node *);
