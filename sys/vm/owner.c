/*
 * What is lost: `kstat -q' of a debug kernel.
 *
 * 1. The question.  A counter of live objects goes up while a program runs, and also when a shell remembers
 * something or a file gets longer.  What a test wants to know is another thing: is there anything that
 * nobody has any more?  So this counts objects and frames which were taken by a process that is gone, and
 * which neither a living process nor a name holds.
 *
 * 2. Makers.  Each object of a zone and each frame has a tag: the process that took it, by koid, which is
 * never used again; 0 is the kernel, from its start, in deferred calls and for what it keeps for
 * itself (owner_begin(0)).  What fork and spawn build is the child's from the beginning, so that a leaked
 * struct proc is not hidden by a parent that lives on.
 *
 * 3. Holders.  Things outlive their maker with good reason: a file has a name, a descriptor was
 * inherited or passed on, a page that a child wrote is in an object that its parent has mapped.  A count
 * begins with a new round: each function of HOLDS() goes through what it keeps (the tree of names;
 * what processes have open, mapped and are made of) and stamps it with the round's number.  An old stamp is
 * worth nothing: what was held once and leaked afterwards is lost.
 *
 * 4. Lost is what has a dead maker and no stamp of this round.  A zombie is not dead: somebody will wait
 * for it.  What the kernel made and nobody holds is told apart, `kernel.NAME': it does not change.
 *
 * 5. A living maker is no excuse for kinds whose every holder is gone through (`held' below): a shell opens
 * files and makes pipes for the programs that it starts, and those leak them.
 *
 * What it does not see: a reference too many on what is held anyway (the live counters and
 * test/guest's runs do) and other things that a living process made and lost.  What it does not believe:
 * that somebody waits for what a dead process put into a queue, or into a message.  It counts as lost.
 *
 * `sysctl debug.leak=KIND' loses something on purpose, so that a test sees it.
 */
#include "kern/owner.h"

#if CONFIG_DEBUG
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "vm/page.h"
#include "vm/zone.h"
#include <abi/rights.h>

#define ZONES	256u

LOCK_CLASS(count_class, "owner count", RANK_IO - 1);
static struct mutex count_lock = MUTEX_INIT(count_lock, &count_class);
uint32_t owner_round;

extern const struct holds_entry holds_set_start[], holds_set_end[];

/* Kinds of which the functions of HOLDS() find all that are held. */
static const char *const held[] = {
	"zone.devfile", "zone.fifo_file", "zone.file", "zone.inode", "zone.mapping", "zone.pipe_end", "zone.proc_file",
	"zone.procx", "zone.space", "zone.thr", "zone.ttyfile",
};

/* What one count needs. */
struct count {
	uint32_t alive[NPROC + 1];	/* makers; the one that was found last comes first */
	size_t nalive;
	bool held[ZONES];
	uint64_t lost[ZONES], kernel[ZONES];
	uint64_t lost_page[PAGE_FIXED + 1], kernel_page[PAGE_FIXED + 1];
};

static void
alive_collect(struct count *c)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &proc_list, p_all)
		if (c->nalive < ARRAY_SIZE(c->alive))
			c->alive[c->nalive++] = (uint32_t)p->p_node.koid;
	spin_unlock(&proc_tree_lock);
}

static void
held_collect(struct count *c)
{
	const char *name;

	for (unsigned zone = 0; zone < ZONES && (name = zone_name(zone)) != NULL; zone++)
		for (size_t i = 0; i < ARRAY_SIZE(held); i++)
			c->held[zone] |= strcmp(name, held[i]) == 0;
}

static bool
is_alive(struct count *c, uint32_t maker)
{
	for (size_t i = 0; i < c->nalive; i++) {
		uint32_t found = c->alive[i];

		if (found != maker)
			continue;
		c->alive[i] = c->alive[0];
		c->alive[0] = found;
		return true;
	}
	return false;
}

static void
count_tag(struct count *c, const struct owner_tag *tag, bool excused, uint64_t n, uint64_t *lost, uint64_t *kernel)
{
	if (tag->seen == owner_round)
		return;
	if (tag->maker == 0)
		*kernel += n;
	else if (!excused || !is_alive(c, tag->maker))
		*lost += n;
}

static void
count_object(void *ctx, unsigned zone, const struct owner_tag *tag)
{
	struct count *c = ctx;

	if (zone < ZONES)
		count_tag(c, tag, !c->held[zone], 1, &c->lost[zone], &c->kernel[zone]);
}

/* Frames of slabs are their objects' business. */
static void
count_page(void *ctx, struct page *p)
{
	struct count *c = ctx;

	if (p->use == PAGE_SLAB)
		zone_each_object(p, count_object, c);
	else if (p->use < PAGE_FIXED)
		count_tag(c, page_tag(p), true, (uint64_t)1 << p->order, &c->lost_page[p->use],
		    &c->kernel_page[p->use]);
}

static void
tell(void (*fn)(void *, const char *, uint64_t, bool), void *ctx, const char *what, const char *name, uint64_t n)
{
	char line[64];

	if (n == 0)
		return;
	snprintf(line, sizeof(line), "%s.%s", what, name);
	fn(ctx, line, n, false);
}

static void
count_tell(const struct count *c, void (*fn)(void *, const char *, uint64_t, bool), void *ctx)
{
	static const char *const use[PAGE_FIXED + 1] = {
		[PAGE_KERNEL] = "pages.kernel", [PAGE_TABLE] = "pages.table", [PAGE_VMO] = "pages.vmo",
		[PAGE_STACK] = "pages.stack",
	};
	const char *name;

	for (unsigned i = 0; i < ZONES && (name = zone_name(i)) != NULL; i++) {
		tell(fn, ctx, "lost", name, c->lost[i]);
		tell(fn, ctx, "kernel", name, c->kernel[i]);
	}
	for (unsigned i = 0; i <= PAGE_FIXED; i++) {
		if (use[i] == NULL)
			continue;
		tell(fn, ctx, "lost", use[i], c->lost_page[i]);
		tell(fn, ctx, "kernel", use[i], c->kernel_page[i]);
	}
}

int
owner_count(void (*fn)(void *, const char *, uint64_t, bool), void *ctx)
{
	struct count *c = kmem_alloc(sizeof(*c), ZALLOC_ZERO);

	if (c == NULL)
		return ENOMEM;
	mutex_lock(&count_lock);
	owner_round++;
	for (const struct holds_entry *h = holds_set_start; h < holds_set_end; h++)
		h->fn();
	alive_collect(c);
	held_collect(c);
	page_each(count_page, c);
	mutex_unlock(&count_lock);
	count_tell(c, fn, ctx);
	kmem_free(c, sizeof(*c));
	return 0;
}

/* --- deliberate leaks --- */

static void
leak_page(void)
{
	struct page *p = page_alloc(PAGE_KERNEL, 0);

	(void)p;
}

static void
leak_object(void)
{
	void *obj = kmem_alloc(64, 0);

	(void)obj;
}

/* One use of what is descriptor 0: a file, a pipe. */
static void
leak_stdin(void)
{
	struct node *n;
	uint32_t rights;

	(void)desc_get_slot(0, NODE_ANY, 0, &n, &rights, NULL);
}

/* The process that asks is never freed. */
static void
leak_process(void)
{
	node_ref(&proc_self()->p_node);
}

static const struct {
	const char *name;
	void (*fn)(void);
} leaks[] = {
	{ "page", leak_page }, { "object", leak_object }, { "stdin", leak_stdin }, { "process", leak_process },
};

static int
leak_get(struct sysctl *s, char *buf, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
		len += (size_t)snprintf(buf + len, size - len, "%s ", leaks[i].name);
	return 0;
}

static int
leak_set(struct sysctl *s, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
		if (strcmp(leaks[i].name, text) == 0) {
			leaks[i].fn();
			return 0;
		}
	return EINVAL;
}
SYSCTL_FN(debug_leak, "debug.leak", leak_get, leak_set);
#endif
