#pragma once
/*
 * VM objects: the only owner of user and file pages.  See vm/vmo.c for the theory: a VMO owns the
 * root of a radix tree; nodes and pages are reference-counted and shared; a snapshot copies the
 * root and write-protects; no chain exists.
 */
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/types.h"

struct page;
struct uio;
struct vmo;
struct vmo_pager {
	/*
	 * Supplies page `index' (fresh reference).  Called without the vmo lock; the vmo rechecks
	 * afterwards.  NULL slot or pager: the page is zeros.  EIO, ENOMEM.
	 */
	int (*get)(struct vmo *, void *cookie, uint64_t index, struct page **);
	/*
	 * Instead of get, for devices: fills n frames, the pages from `index' on, which stay the
	 * caller's.  All or an error.
	 */
	int (*fill)(struct vmo *, void *cookie, uint64_t index, struct page **, unsigned n);
	/*
	 * Writes n dirty pages back; NULL: there is nowhere to write (memory file systems).  The
	 * frames stay as long as it takes.  Called by the flusher at any time: what the cookie names
	 * lives as long as the VMO.  It must not need memory.
	 */
	int (*put)(struct vmo *, void *cookie, uint64_t index, struct page **, unsigned n);
	int (*flush)(struct vmo *, void *cookie);	/* makes what was put safe; or NULL */
	/* get neither sleeps nor takes locks other than the allocators': it is called in place,
	 * with the vmo's spin lock held. */
	bool direct;
};

/* Anonymous; `size' rounded up to pages. */
int vmo_create(uint64_t size, struct vmo **out) __must_check;
/* A file's page cache: never snapshotted, private mappings are overlays over it. */
int vmo_create_vnode(uint64_t size, const struct vmo_pager *, void *cookie, struct vmo **out)
    __must_check;
/* A frame for its tree, charged to whose the VMO is, or of a file to the caller; PAGE_*.  NULL: no memory. */
struct page *vmo_page_new(struct vmo *, uint32_t flags) __must_check;
void vmo_ref(struct vmo *);
void vmo_unref(struct vmo *);
uint64_t vmo_size(struct vmo *);	/* bytes; a file's may end inside of a page */
/* Grows or shrinks: pages beyond are removed and unmapped everywhere, the tail is zeroed. */
int vmo_set_size(struct vmo *, uint64_t) __must_check;
int vmo_snapshot(struct vmo *, struct vmo **out) __must_check;
/* A snapshot of [off, off + size), page aligned; what the source does not have is zeros.  EINVAL for a
 * file's. */
int vmo_snapshot_range(struct vmo *, uint64_t off, uint64_t size, struct vmo **out) __must_check;
/* Pages of its own in the whole range, which it must have. */
int vmo_commit(struct vmo *, uint64_t off, uint64_t len) __must_check;
/* An overlay: private copy-on-write view of a vnode VMO. */
int vmo_overlay(struct vmo *under, struct vmo **out) __must_check;
/* Moves uio->resid bytes at most, starting at `off'; stops at the size (reads) or EFBIG. */
int vmo_uio(struct vmo *, uint64_t off, struct uio *) __must_check;
int vmo_read(struct vmo *, uint64_t off, void *, size_t) __must_check;	/* kernel buffer */
int vmo_write(struct vmo *, uint64_t off, const void *, size_t) __must_check;
/* Next committed data / hole at or after off (SEEK_DATA, SEEK_HOLE). */
uint64_t vmo_seek_data(struct vmo *, uint64_t off);
uint64_t vmo_seek_hole(struct vmo *, uint64_t off);
uint64_t vmo_pages(struct vmo *);	/* committed */
/* Of them, what would be free without it: a page that snapshots share counts in part.  Walks the tree. */
uint64_t vmo_share(struct vmo *);
uint64_t vmo_pages_in(struct vmo *, uint64_t off, uint64_t len);
/* Punches: pages in the range become zero again (fallocate, madvise). */
int vmo_decommit(struct vmo *, uint64_t off, uint64_t len) __must_check;
/*
 * Writes back what is dirty and makes it safe.  Errors, those of earlier writes without a caller among
 * them, are told once.  EINTR: the caller is to die.
 */
int vmo_sync(struct vmo *) __must_check;
int vmo_sync_range(struct vmo *, uint64_t off, uint64_t len) __must_check;
void vmo_sync_soon(struct vmo *);	/* starts it */
void vmo_settle(struct vmo *);		/* waits for it; the errors are kept */
void vmo_sync_all(void);		/* the same of all VMOs */
/* The page that a reader sees at index, pinned: it stays that page until vmo_unpin(); NULL: zeros. */
int vmo_pin(struct vmo *, uint64_t index, struct page **) __must_check;
void vmo_unpin(struct page *);
void vmo_seen(struct vmo *);		/* with all that it is made of; debug kernels (kern/owner.h) */
/* The same, a page of its own to write to; vmo_unpin_written() when that is done. */
int vmo_pin_write(struct vmo *, uint64_t index, struct page **) __must_check;
void vmo_unpin_written(struct vmo *, uint64_t index, struct page *);
void vmo_written(struct vmo *, uint64_t index, struct page *);	/* and it stays pinned */
/* Of a disk's: the page at index, pinned, to be overwritten; zeros if it was not there. */
int vmo_pin_new(struct vmo *, uint64_t index, struct page **) __must_check;
void vmo_throttle(struct vmo *);	/* waits while too much is dirty */
bool vmo_is_vnode(struct vmo *);
struct vmo *vmo_file(struct vmo *);	/* the vnode's VMO behind it (or itself), or NULL; no reference */
/* Of what native calls made; else 0. */
struct abi_info_vmo;
void vmo_info(struct vmo *, struct abi_info_vmo *);
uint32_t vmo_mappings(struct vmo *);	/* how many there are */
/* System V shared memory: marked once, before anybody maps it. */
void vmo_set_segment(struct vmo *);
bool vmo_is_segment(const struct vmo *);
uint32_t vmo_refs(struct vmo *);	/* 1: nobody but the caller has it */
/* Gives up to `want' clean pages that a pager can bring again back to the allocator; how many. */
uint64_t vmo_reclaim(uint64_t want);
/* Pages are wanted: writes back what is dirty, soon.  False: nothing is, or nothing moves any more. */
bool vmo_clean_soon(void);
