/*
 * The vDSO.
 *
 * A small ELF image, linked when the kernel is built, that every process has in its space: entry
 * points of the native calls, and functions that answer the clock and questions about the machine
 * without a call.  They read one page below the image that the kernel keeps up to date.  Both are one
 * VMO, which every space shows in its window (vm/window.c).
 *
 * The data page changes only by clock_settime, one aligned word at a time.
 */
#include "proc/vdso.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/info.h"
#include "kern/init.h"
#include "kern/string.h"
#include "kern/time.h"
#include "kern/version.h"
#include "mach/atomic.h"
#include "mach/clock.h"
#include "mach/cpu.h"
#include "proc/procx.h"
#include "vm/page.h"
#include "vm/vmo.h"
#include "vm/window.h"
#include <abi/info.h>
#include <abi/vdso.h>

#define IMAGE_PAGES	8u		/* at most */

extern const char vdso_image[], vdso_image_end[];

static struct page *pages[1 + IMAGE_PAGES];	/* [I] data, image */
static struct abi_vdso *data;			/* [I; realtime_offset a] */

static int
vdso_get(struct vmo *v, void *cookie, uint64_t index, struct page **out)
{
	page_ref(pages[index]);
	*out = pages[index];
	return 0;
}
static const struct vmo_pager vdso_pager = { .get = vdso_get, .direct = true };

static void
vdso_realtime(nsec_t offset)
{
	atomic_store(&data->realtime_offset, offset);
}

static void
fill_data(void)
{
	data->use_tsc = mach_clock_scale(&data->tsc_start, &data->tsc_scale);
	data->num_cpus = cpu_count();
	data->page_size = PAGE_SIZE;
	data->physmem = page_total() * PAGE_SIZE;
	strlcpy(data->version, CONFIG_VERSION, sizeof(data->version));
	clock_on_realtime(vdso_realtime);
}

static void
vdso_init(void)
{
	size_t size = (size_t)(vdso_image_end - vdso_image);
	struct vmo *v;
	unsigned npages;

	npages = 1 + (unsigned)(ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE);
	VERIFY(npages <= ARRAY_SIZE(pages));
	for (unsigned i = 0; i < npages; i++) {
		size_t done = (i - 1) * PAGE_SIZE;
		char *to;

		VERIFY((pages[i] = page_alloc(PAGE_FIXED, PAGE_ZERO)) != NULL);
		to = page_map(pages[i]);
		if (i == 0) {
			data = (struct abi_vdso *)to;	/* stays mapped */
			continue;
		}
		memcpy(to, vdso_image + done, MIN(size - done, (size_t)PAGE_SIZE));
		page_unmap(to);
	}
	fill_data();
	VERIFY(vmo_create_vnode(npages * PAGE_SIZE, &vdso_pager, NULL, &v) == 0);
	window_set(v);
	vmo_unref(v);
}
INIT(vdso_init, LEVEL_PROC - 1);

vaddr_t
vdso_base(struct space *s)
{
	vaddr_t at = window_start(s);

	return at != 0 ? at + PAGE_SIZE : 0;
}

static int
base_get(struct node *n, void *value)
{
	struct proc *p = list_entry(n, struct proc, p_node);
	vaddr_t base = 0;

	spin_lock(&proc_tree_lock);
	if (p->p_space != NULL)
		base = vdso_base(p->p_space);
	spin_unlock(&proc_tree_lock);
	memcpy(value, &base, sizeof(base));
	return 0;
}
PROPERTY(vdso_base_prop, MX_PROP_PROCESS_VDSO_BASE_ADDRESS, NODE_PROCESS, sizeof(vaddr_t), base_get, NULL);
