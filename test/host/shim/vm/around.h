#pragma once
/*
 * What the memory code needs of the rest of the kernel, for tests that are one translation unit with it.  The includer
 * has defined RAM_SIZE and included the modules.  Nobody sleeps, nothing is dirty, frames come from one block.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct zone_entry zone_set_start[1];
char *host_ram;
static struct cpu cpu0;
static struct thr thr0 = { .t_account = &account_root };
struct cpu *host_cpu = &cpu0;
struct thr *host_thr = &thr0;
uint32_t host_hold = HOLD_IDLE;
struct bootinfo bootinfo = { .nmodules = 1, .modules = { { .end = RAM_SIZE } } };
struct kstat *kstat_made, dirty_pages;
uint64_t dirty_limit = UINT64_MAX;
uint32_t owner_round;
static long fail_after = -1;	/* allocations until one fails */
static bool failed;		/* one did */

void
panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("PANIC: ", stdout);
	vfprintf(stdout, fmt, ap);
	printf("\n");
	fflush(stdout);
	abort();
}

bool
fail_now(enum fail_class c)
{
	if (fail_after < 0 || (c != FAIL_PAGE && c != FAIL_SLAB))
		return false;
	if (fail_after-- > 0)
		return false;
	failed = true;
	return true;
}

void log_warn(const char *fmt, ...) { printf("# warning: %s\n", fmt); }
void kstat_register(struct kstat *k) { k->next = kstat_made; kstat_made = k; }
const char *boot_option(const char *name, char *buf, size_t size) { return NULL; }
void deferred_run(void) { }
void hold_left(void) { }
uint64_t boot_image_bytes(void) { return 0; }
void daemon_wake(void) { }
bool dirty_wait(void) { return true; }
void flusher_note(void) { }
void flusher_wake(void) { }
void flusher_progress(void) { }
void *kmap_alloc(size_t size) { return malloc(size); }
void kmap_free(void *p, size_t size) { free(p); }
bool kmap_owns(const void *p) { return false; }
nsec_t clock_now(void) { return 0; }
nsec_t deadline_after(nsec_t d) { return d; }
int thr_sleep_long(void) { panic("nobody wakes it"); }
int thr_sleep_until(struct thr *to, nsec_t deadline) { panic("nobody wakes it"); }
void thr_wake(struct thr *t, int error) { }

static inline void
zone_entry_make(const struct zone_entry *e)
{
	*e->zone = zone_create(e->name, e->size, e->align, 0);
}
