/*
 * Deliberate faults (debug kernels): `sysctl debug.trigger=NAME' makes the machine do the one thing
 * that a detector is there for, so that a test can see the detector fire.  What should end in a
 * panic and does not is itself a panic of its own kind: "trigger survived".
 */
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/list.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/node.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/frame.h"
#include "mach/mmu.h"
#include "mach/user.h"
#include "vm/page.h"
#include "vm/zone.h"
#include "x86/trap.h"

LOCK_CLASS(low_class, "trigger low", RANK_NODE);
LOCK_CLASS(high_class, "trigger high", RANK_PORT);
static struct spin low = SPIN_INIT(&low_class), high = SPIN_INIT(&high_class);
static uint8_t data_code[16] = { 0xc3 };	/* ret */
extern char text_start[], rodata_start[];

static void
store(vaddr_t at)
{
	*(volatile uint8_t *)at = 1;
}

static void
call(vaddr_t at)
{
	((void (*)(void))at)();
}

static void
fault_null(void)
{
	store(0x10);
}

static void
fault_opcode(void)
{
	__asm__ volatile("ud2");
}

__attribute__((noinline)) static int
recurse(int depth)
{
	volatile uint8_t frame[256];

	frame[0] = (uint8_t)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static void
fault_stack(void)
{
	(void)recurse(0);
}

__attribute__((noinline)) static void
fault_smash(void)
{
	char buf[16], *p = buf;

	__asm__ volatile("" : "+r"(p) : : "memory");	/* the compiler must not see the overrun */
	for (unsigned i = 0; i < 48; i++)
		p[i] = 'x';
	__asm__ volatile("" : : "r"(p) : "memory");
}

static void
fault_text(void)
{
	store((vaddr_t)text_start);
}

static void
fault_alias(void)
{
	store((vaddr_t)mmu_phys_map(mmu_kva_to_phys(text_start)));
}

static void
fault_rodata(void)
{
	store((vaddr_t)rodata_start);
}

static void
fault_exec(void)
{
	call((vaddr_t)data_code);
}

/* The caller's own stack and text are certainly mapped. */
static void
fault_user_read(void)
{
	(void)*(volatile uint8_t *)tf_sp(mach_thr_frame(&thr_self()->t_mach));
}

static void
fault_user_exec(void)
{
	call(tf_pc(mach_thr_frame(&thr_self()->t_mach)));
}

static void
fault_lock_order(void)
{
	spin_lock(&high);
	spin_lock(&low);
}

static void
fault_lock_twice(void)
{
	spin_lock(&low);
	spin_lock(&low);
}

static void
fault_lock_kept(void)
{
	spin_lock(&low);
}

/*
 * Of zones: the first three meet what debug kernels look at always, the next two what a zone looks at
 * while it is watched (sysctl debug.zone=kmem.512:redzone,poison,audit), beyond and apart from that; the
 * last one wants debug.zoneguard=1.
 */
#define ZONE_SIZE	512u

static uint8_t *
zone_object(void)
{
	uint8_t *b = kmem_alloc(ZONE_SIZE, 0);

	VERIFY(b != NULL);
	return b;
}

static void
fault_zone_end(void)
{
	uint8_t *b = zone_object();

	b[ZONE_SIZE] ^= 1;
	kmem_free(b, ZONE_SIZE);
}

static void
fault_zone_twice(void)
{
	uint8_t *b = zone_object();

	kmem_free(b, ZONE_SIZE);
	kmem_free(b, ZONE_SIZE);
}

static void
fault_zone_after(void)
{
	uint8_t *b = zone_object();

	kmem_free(b, ZONE_SIZE);
	b[100] = 1;
	(void)zone_object();
}

/* Behind the tail that debug kernels give each object, and what aligns the next. */
static void
fault_zone_watched(void)
{
	uint8_t *b = zone_object();

	b[ROUND_UP(ZONE_SIZE + sizeof(uint64_t), 16)] ^= 1;
	kmem_free(b, ZONE_SIZE);
}

/* A second object keeps the slab. */
static void
fault_zone_late(void)
{
	uint8_t *b = zone_object(), *keeps = zone_object();

	kmem_free(b, ZONE_SIZE);
	b[100] = 1;
	b = zone_object();
	kmem_free(keeps, ZONE_SIZE);
}

static void
fault_zone_guard(void)
{
	uint8_t *b = kmem_alloc(5000, 0);

	VERIFY(b != NULL);
	b[ROUND_UP(5000, 16)] = 1;
}

/* --- what the CPU finds --- */

static void
fault_divide(void)
{
	__asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0));
}

/* What the compiler looks at; it must not see what comes. */
static int
unseen(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static void
fault_sum(void)
{
	(void)unseen(unseen(INT32_MAX) + 1);
}

static void
fault_shift(void)
{
	(void)unseen(1 << unseen(40));
}

static void
fault_bounds(void)
{
	data_code[unseen(16)] = 0xc3;
}

static void
fault_wild(void)
{
	(void)*(volatile uint8_t *)0x0123456789abcdefull;	/* no address at all: vector 13 */
}

static void
fault_jump(void)
{
	call(MMU_KMAP_END - PAGE_SIZE);
}

/* --- what may not be done where --- */

static void
fault_sleep_spin(void)
{
	thr_sleep_prepare(false);
	spin_lock(&low);
	(void)thr_sleep(NSEC_INFINITE);
}

static void
sleep_here(struct deferred *d)
{
	thr_sleep_prepare(false);
	(void)thr_sleep(NSEC_INFINITE);
}

static void
fault_sleep_deferred(void)
{
	static struct deferred d = DEFERRED_INIT(d, sleep_here);

	deferred_queue(&d);
}

static void
fault_copy_spin(void)
{
	uint8_t byte;

	spin_lock(&low);
	(void)copyin((const void __user *)(uintptr_t)tf_sp(mach_thr_frame(&thr_self()->t_mach)), &byte, 1);
}

static void
fault_alloc_irq(void)
{
	cpu_self()->intr_depth++;
	(void)kmem_alloc(64, 0);
}

/* --- locks --- */

LOCK_CLASS(mutex_class, "trigger mutex", RANK_IO);
static struct mutex mutex = MUTEX_INIT(mutex, &mutex_class);

static void
fault_unlock(void)
{
	spin_unlock(&low);
}

static void
fault_mutex_twice(void)
{
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

static void
fault_mutex_foreign(void)
{
	mutex_unlock(&mutex);
}

/* --- lists, references, frames --- */

static void
fault_list(void)
{
	static struct list head = LIST_INIT(head), a, b;

	list_push_back(&head, &a);
	list_push_back(&head, &b);
	a.next = &head;			/* as a stray store would */
	list_remove(&b);
	list_remove(&a);
}

static void
fault_ref_under(void)
{
	static struct node n = { .canary = NODE_CANARY };

	node_unref(&n);
}

static void
fault_ref_after(void)
{
	static struct node n = { .refs = 1 };

	node_ref(&n);			/* as of freed memory: no mark */
}

static struct page *
a_page(unsigned order)
{
	struct page *p = page_alloc_order(PAGE_KERNEL, order, 0);

	VERIFY(p != NULL);
	return p;
}

static void
fault_page_twice(void)
{
	struct page *p = a_page(0);

	page_free(p);
	page_free(p);
}

static void
fault_page_order(void)
{
	page_free_order(a_page(1), 2);
}

static void
fault_free_size(void)
{
	kmem_free(zone_object(), 2 * ZONE_SIZE);
}

static void
fault_free_inside(void)
{
	kmem_free(zone_object() + 16, ZONE_SIZE);
}

/* --- what the emulator hides: a way out to an address that is not the user's --- */

static void
fault_sysret(void)
{
	struct trapframe tf = *mach_thr_frame(&thr_self()->t_mach);

	tf.rip = 0x800000000000ull;
	sysret_check(&tf);
}

static void
fault_panic(void)
{
	panic("triggered");
}

static const struct trigger {
	const char *name;
	void (*fn)(void);
} triggers[] = {
	{ "null", fault_null }, { "opcode", fault_opcode }, { "stack", fault_stack },
	{ "smash", fault_smash }, { "text", fault_text }, { "alias", fault_alias },
	{ "rodata", fault_rodata }, { "exec", fault_exec }, { "user-read", fault_user_read },
	{ "user-exec", fault_user_exec }, { "lock-order", fault_lock_order },
	{ "lock-twice", fault_lock_twice }, { "lock-kept", fault_lock_kept }, { "panic", fault_panic },
	{ "zone-end", fault_zone_end }, { "zone-twice", fault_zone_twice }, { "zone-after", fault_zone_after },
	{ "zone-watched", fault_zone_watched }, { "zone-late", fault_zone_late },
	{ "zone-guard", fault_zone_guard }, { "divide", fault_divide }, { "wild", fault_wild },
	{ "sum", fault_sum }, { "shift", fault_shift }, { "bounds", fault_bounds },
	{ "jump", fault_jump }, { "sleep-spin", fault_sleep_spin }, { "sleep-deferred", fault_sleep_deferred },
	{ "copy-spin", fault_copy_spin }, { "alloc-irq", fault_alloc_irq }, { "unlock", fault_unlock },
	{ "mutex-twice", fault_mutex_twice }, { "mutex-foreign", fault_mutex_foreign }, { "list", fault_list },
	{ "ref-under", fault_ref_under }, { "ref-after", fault_ref_after }, { "page-twice", fault_page_twice },
	{ "page-order", fault_page_order }, { "free-size", fault_free_size },
	{ "free-inside", fault_free_inside }, { "sysret", fault_sysret },
};

/* Their names. */
static int
trigger_get(struct sysctl *s, char *buf, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(triggers) && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s ", triggers[i].name);
	return 0;
}

static int
trigger_set(struct sysctl *s, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(triggers); i++) {
		if (strcmp(text, triggers[i].name) != 0)
			continue;
		triggers[i].fn();
		if (triggers[i].fn != fault_lock_kept)
			panic("trigger survived: %s", text);
		return 0;
	}
	return EINVAL;
}
SYSCTL_FN(debug_trigger, "debug.trigger", trigger_get, trigger_set);
