/*
 * The kernel around a module under test, on the host: one thread that never sleeps (a sleep with
 * nothing to wake it ends at once with ETIMEDOUT), zones and pages from malloc, so that the address
 * sanitizer watches every object.  host_fail_after makes the n-th allocation fail.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "kern/account.h"
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/deferred.h"
#include "kern/fail.h"
#include "kern/error.h"
#include "kern/lock.h"
#include "kern/proc.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/frame.h"
#include "mach/user.h"
#include "vm/page.h"
#include "vm/zone.h"
#include "host.h"

static struct proc proc0 = { .p_account = &account_root, .p_limits = { [RLIMIT_NOFILE] = { 1024, 65536 },
	[RLIMIT_HANDLES] = { 16384, 196607 } } };
static struct thr thr0 = { .t_proc = &proc0, .t_account = &account_root };
static struct cpu cpu0;
struct cpu *host_cpu = &cpu0;
struct thr *host_thr = &thr0;
uint32_t host_hold = HOLD_IDLE;
long host_fail_after = -1;
long host_live;

const struct lock_class mutex_guard_class = { .name = "guard", .rank = RANK_RUNQ - 1 };

void
panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("PANIC: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	abort();
}

static bool
fail(void)
{
	return host_fail_after >= 0 && host_fail_after-- == 0;
}

void *
kmem_alloc(size_t size, uint32_t flags)
{
	void *p = fail() ? NULL : (flags & ZALLOC_ZERO) != 0 ? calloc(1, size) : malloc(size);

	host_live += p != NULL;
	return p;
}

void
kmem_free(void *p, size_t size)
{
	host_live -= p != NULL;
	free(p);
}

void *
zone_alloc(struct zone *z, uint32_t flags)
{
	const struct host_zone *h = (const struct host_zone *)z;
	void *p;

	/* The set of zones is not walked here: the entry says how large an object is. */
	if ((uintptr_t)z < HOST_ZONE_SIZES)
		return kmem_alloc((size_t)(uintptr_t)z, flags);
	if ((p = kmem_alloc(h->size, flags)) != NULL)
		h->ctor(p);
	return p;
}

void
zone_free(struct zone *z, void *p)
{
	kmem_free(p, 0);
}

struct host_page {
	struct page page;
	void *data;
};

struct page *
page_alloc(enum page_use use, uint32_t flags)
{
	struct host_page *p = fail() ? NULL : calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->data = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	p->page.refs = 1;
	memset(p->data, (flags & PAGE_ZERO) != 0 ? 0 : 0xa5, PAGE_SIZE);
	host_live++;
	return &p->page;
}

void
page_free(struct page *p)
{
	free(((struct host_page *)p)->data);
	free(p);
	host_live--;
}

struct page *
page_alloc_ring(void)
{
	return page_alloc(PAGE_KERNEL, 0);
}

void
page_free_ring(struct page *p)
{
	page_free(p);
}

paddr_t
page_addr(const struct page *p)
{
	return (uintptr_t)((const struct host_page *)p)->data;
}

/* --- locks: checked for balance, nothing more --- */

void
spin_lock_checked(struct spin *l)
{
	VERIFY(l->word == 0);
	l->word = 1;
}

void
spin_unlock_checked(struct spin *l)
{
	VERIFY(l->word == 1);
	l->word = 0;
}

void
spin_release_checked(struct spin *l)
{
	VERIFY(l->word == 1);
	l->word = 0;
}

bool
spin_held(const struct spin *l)
{
	return l->word != 0;
}

void
mutex_init(struct mutex *m, const struct lock_class *class)
{
	*m = (struct mutex){ .class = class };
}

void
mutex_lock(struct mutex *m)
{
	VERIFY(m->owner == NULL);
	m->owner = host_thr;
}

int
mutex_lock_intr(struct mutex *m)
{
	mutex_lock(m);
	return 0;
}

bool
mutex_trylock(struct mutex *m)
{
	if (m->owner != NULL)
		return false;
	m->owner = host_thr;
	return true;
}

void
mutex_unlock(struct mutex *m)
{
	VERIFY(m->owner == host_thr);
	m->owner = NULL;
}

bool
mutex_held(const struct mutex *m)
{
	return m->owner == host_thr;
}

void __rare
hold_left(void)
{
}

void
deferred_run(void)
{
}

struct trapframe *
mach_thr_frame(const struct mach_thr *m)
{
	static struct trapframe user;

	return &user;
}

/* --- sleeping and time --- */

nsec_t host_now = 1000;
static int woken_error;
int
thr_sleep_long(void)
{
	return (thr_self()->t_wake & WAKE_PREPARED) == 0 ? woken_error : ETIMEDOUT;
}

uint8_t
sched_prio_awake(const struct thr *t)
{
	return t->t_prio;
}

int
thr_sleep_long_to(struct thr *to)
{
	thr_wake(to, 0);
	return thr_sleep_long();
}

int
thr_sleep_until(struct thr *to, nsec_t deadline)
{
	return to != NULL ? thr_sleep_long_to(to) : thr_sleep_long();
}

void
thr_wake(struct thr *t, int error)
{
	thr_self()->t_wake = 0;
	woken_error = error;
	host_wakes++;
}
long host_wakes;

nsec_t
clock_now(void)
{
	return host_now;
}

nsec_t
clock_realtime(void)
{
	return host_now;
}

nsec_t
deadline_after(nsec_t d)
{
	return host_now + d;
}

/* --- user memory --- */

int
copyin(const void __user *from, void *to, size_t n)
{
	if ((uintptr_t)from < 65536)
		return EFAULT;
	memcpy(to, (const void *)(uintptr_t)from, n);
	return 0;
}

int
user_put32(void __user *to, uint32_t value)
{
	return copyout(&value, to, sizeof(value));
}

int
copyout(const void *from, void __user *to, size_t n)
{
	if ((uintptr_t)to < 65536)
		return EFAULT;
	memcpy((void *)(uintptr_t)to, from, n);
	return 0;
}

int
user_zero(void __user *to, size_t n)
{
	if ((uintptr_t)to < 65536)
		return EFAULT;
	memset((void *)(uintptr_t)to, 0, n);
	return 0;
}

int
thr_pause_work(void)
{
	return 0;
}

bool
fail_now(enum fail_class c)
{
	return c == FAIL_SLOT && fail();
}
