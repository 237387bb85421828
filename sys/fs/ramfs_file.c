/*
 * ramfs: the data of files.
 *
 * They are a vnode VMO, made at the first need: nothing is spent on empty files or on those of the image
 * that nobody reads.  Holes cost nothing.  The pages of a file of the root image are the image's frames, until
 * somebody writes.  A file system may fill memory up to a reserve (a sixteenth of all), then growing
 * is ENOSPC.
 *
 * Who writes or resizes holds the file's v_lock.
 */
#include "fs/ramfs_impl.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/time.h"
#include "kern/uio.h"

#define WRITE_PIECE	(1u << 20)	/* bytes between two looks at what is free */
#define SIZE_MAX_FILE	((int64_t)1 << 47)	/* what a VMO can hold */

/*
 * A page of the image is the file's page as it is; the VMO copies it before a write.  Where the
 * image's part was cut off and the file grew again there are zeros.
 */
static int
image_get(struct vmo *vmo, void *cookie, uint64_t index, struct page **out)
{
	const struct img_extent *ext = cookie;
	struct page *p;

	if (index < ext->pages) {
		p = page_of(ext->start + (index << PAGE_SHIFT));
		VERIFY(p != NULL);
		page_ref(p);
	} else {
		p = vmo_page_new(vmo, PAGE_ZERO);
		if (p == NULL)
			return ENOMEM;
	}
	*out = p;
	return 0;
}

static const struct vmo_pager image_pager = { .get = image_get, .direct = true };

/* The file's VMO, not referenced for the caller (the inode keeps it). */
static int
file_vmo(struct inode *ip, struct vmo **out)
{
	struct vmo *vmo = ip->i_vmo;
	int error;

	if (vmo == NULL) {
		error = vmo_create_vnode(ip->i_size, ip->i_img != NULL ? &image_pager : NULL, ip->i_img, &vmo);
		if (error != 0)
			return error;
		spin_lock(&tree_lock);
		if (ip->i_vmo == NULL) {
			ip->i_vmo = vmo;
			vmo = NULL;
		}
		spin_unlock(&tree_lock);
		if (vmo != NULL)
			vmo_unref(vmo);
		vmo = ip->i_vmo;
	}
	*out = vmo;
	return 0;
}

static int
ramfs_vmo(struct vnode *vn, struct vmo **out)
{
	int error = file_vmo(inode_of(vn), out);

	if (error == 0)
		vmo_ref(*out);
	return error;
}

int
file_resize(struct inode *ip, uint64_t size)
{
	struct vmo *vmo;
	uint64_t old = file_size(ip);
	int error;

	if (size > (uint64_t)SIZE_MAX_FILE)
		return EFBIG;
	if (size == old)
		return 0;
	if ((error = file_vmo(ip, &vmo)) != 0)
		return error;
	if ((error = vmo_set_size(vmo, size)) != 0)
		return error;
	if (ip->i_img != NULL)
		ip->i_img->pages = MIN(ip->i_img->pages, (size + PAGE_MASK) >> PAGE_SHIFT);
	return 0;
}

static int
ramfs_read(struct vnode *vn, int64_t off, struct uio *uio)
{
	struct inode *ip = inode_of(vn);
	struct vmo *vmo;
	int error;

	if (ip->i_vmo == NULL && (uint64_t)off >= ip->i_size)
		return 0;
	if ((error = file_vmo(ip, &vmo)) != 0)
		return error;
	error = vmo_uio(vmo, (uint64_t)off, uio);
	ip->i_atime = clock_realtime();
	return error;
}

/* Whether a write up to `end' may have to find pages. */
static bool
needs_pages(const struct inode *ip, struct vmo *vmo, uint64_t end)
{
	return end > vmo_size(vmo) || ip->i_img != NULL ||
	    vmo_pages(vmo) < (end + PAGE_MASK) >> PAGE_SHIFT;
}

/*
 * The size is set first, so that the copy goes straight into the file's pages; what a fault in
 * the middle left unwritten is taken back.
 */
static int
write_piece(struct inode *ip, struct vmo *vmo, uint64_t start, struct uio *uio)
{
	uint64_t resid = uio->resid, end = start + resid, old = vmo_size(vmo), reached;
	int error, undo;

	if (space_low() && needs_pages(ip, vmo, end))
		return ENOSPC;
	if (end > old && (error = vmo_set_size(vmo, end)) != 0)
		return error;
	error = vmo_uio(vmo, start, uio);
	reached = start + (resid - uio->resid);
	if (end > old && reached < end) {
		undo = vmo_set_size(vmo, uio->resid == resid ? old : MAX(old, reached));
		if (undo != 0 && error == 0)
			error = undo;
	}
	return error;
}

/* v_lock held.  In pieces, so that a large write stops at the reserve and does not eat it. */
static int
ramfs_write(struct vnode *vn, int64_t off, struct uio *uio)
{
	struct inode *ip = inode_of(vn);
	uint64_t left, moved = 0, keep;
	struct vmo *vmo;
	int error;

	if (off < 0 || off >= SIZE_MAX_FILE)
		return EFBIG;
	if ((error = file_vmo(ip, &vmo)) != 0)
		return error == ENOMEM ? ENOSPC : error;
	left = MIN(uio->resid, (uint64_t)SIZE_MAX_FILE - (uint64_t)off);
	while (left > 0 && error == 0) {
		uint64_t piece = MIN(left, (uint64_t)WRITE_PIECE);

		keep = uio->resid - piece;
		uio->resid = piece;
		error = write_piece(ip, vmo, (uint64_t)off + moved, uio);
		piece -= uio->resid;
		uio->resid += keep;
		moved += piece;
		left -= piece;
		if (piece == 0)
			break;
	}
	if (moved != 0) {
		nsec_t now = clock_realtime();

		spin_lock(&tree_lock);
		ip->i_mtime = ip->i_ctime = now;
		spin_unlock(&tree_lock);
	}
	return error == ENOMEM ? ENOSPC : error;
}

static int
ramfs_seek(struct vnode *vn, int64_t off, bool hole, int64_t *result)
{
	struct inode *ip = inode_of(vn);
	uint64_t size = file_size(ip), at;

	if (off < 0 || (uint64_t)off >= size)
		return ENXIO;
	if (ip->i_img != NULL)
		at = hole ? size : (uint64_t)off;
	else if (ip->i_vmo == NULL)
		at = hole ? (uint64_t)off : size;
	else
		at = hole ? vmo_seek_hole(ip->i_vmo, (uint64_t)off) :
		    vmo_seek_data(ip->i_vmo, (uint64_t)off);
	if (!hole && at >= size)
		return ENXIO;
	*result = (int64_t)MIN(at, size);
	return 0;
}

const struct vnode_ops ramfs_file_vops = {
	RAMFS_VOPS, .readlink = vnode_noreadlink,
	.read = ramfs_read, .write = ramfs_write, .vmo = ramfs_vmo, .seek = ramfs_seek,
};
