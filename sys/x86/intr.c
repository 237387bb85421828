/*
 * Interrupts: which controller serves, who handles what, and the way out through deferred calls.
 *
 * With ACPI's MADT and a local APIC the I/O APICs serve; else the 8259 pair does, through the local
 * APIC when there is one.  Lines are level-triggered and shared for PCI: all handlers of a
 * vector run, each looks at its own device.  PCI routing is the firmware's: the interrupt line
 * register names an ISA line that the chip set drives on both kinds of controller.
 *
 * On the way out, when the interrupted code held no spin lock and nothing runs them already,
 * queued deferred calls run with interrupts on.
 */
#include "mach/intr.h"
#include "kern/cpu.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/thr.h"
#include "kern/time.h"
#include "mach/frame.h"
#include "x86/acpi.h"
#include "x86/amd64/regs.h"
#include "x86/apic.h"
#include "x86/trap.h"

struct handler {
	struct handler *next;		/* [I] of the same vector */
	void (*fn)(void *);
	void *arg;
	const char *name;		/* for whoever looks on with a debugger */
	unsigned vector;
};

static struct handler pool[64];		/* [interrupts off] */
static unsigned npool;
static struct handler *handlers[256];	/* [interrupts off] */
static bool use_ioapic;			/* [I] */
static unsigned nlines;			/* [I] */
static unsigned next_msi;		/* [interrupts off] */

COUNTER_EVENT(interrupts, "intr.count");
COUNTER_EVENT(spurious, "intr.spurious");

static void
intr_init(void)
{
	if (acpi_info.pic)
		pic_init();
	if (lapic_init() && acpi_info.madt)
		nlines = ioapic_init();
	use_ioapic = nlines != 0;
	if (!use_ioapic) {
		nlines = 16;
		lapic_accept_pic();
	}
}
INIT(intr_init, LEVEL_INTR - 1);

static int
handler_add(unsigned vector, void (*fn)(void *), void *arg, const char *name)
{
	uint32_t state = intr_disable();
	struct handler *h = npool < ARRAY_SIZE(pool) ? &pool[npool++] : NULL, **p;

	if (h != NULL) {
		*h = (struct handler){ .fn = fn, .arg = arg, .name = name, .vector = vector };
		for (p = &handlers[vector]; *p != NULL; p = &(*p)->next)
			;
		*p = h;
	}
	intr_restore(state);
	return h != NULL ? 0 : ENOMEM;
}

static const struct acpi_override *
override_find(unsigned line)
{
	for (unsigned i = 0; i < acpi_info.noverrides; i++)
		if (acpi_info.overrides[i].isa == line)
			return &acpi_info.overrides[i];
	return NULL;
}

/* level and low: what the bus says where the tables say nothing. */
static int
line_register(unsigned line, bool level, bool low, void (*fn)(void *), void *arg, const char *name)
{
	const struct acpi_override *o = use_ioapic ? override_find(line) : NULL;
	unsigned gsi = o != NULL ? o->gsi : line;
	int error;

	if (gsi >= nlines)
		return EINVAL;
	if (o != NULL && o->trigger != 0)
		level = o->trigger == 3;
	if (o != NULL && o->polarity != 0)
		low = o->polarity == 3;
	error = handler_add(VECTOR_IRQ + gsi, fn, arg, name);
	if (error != 0)
		return error;
	if (use_ioapic)
		ioapic_route(gsi, level, low);
	else
		pic_unmask(line);
	return 0;
}

int
intr_register(unsigned line, void (*fn)(void *), void *arg, const char *name)
{
	return line_register(line, false, false, fn, arg, name);
}

int
intr_register_pci(unsigned line, void (*fn)(void *), void *arg, const char *name)
{
	return line_register(line, true, true, fn, arg, name);
}

int
intr_alloc_msi(void (*fn)(void *), void *arg, const char *name, uint64_t *addr, uint32_t *data)
{
	unsigned vector = VECTOR_MSI + next_msi;
	int error;

	if (!lapic_present())
		return ENXIO;
	if (next_msi == NMSI)
		return ENOMEM;
	error = handler_add(vector, fn, arg, name);
	if (error != 0)
		return error;
	next_msi++;
	*addr = 0xfee00000u | (uint64_t)lapic_id() << 12;
	*data = vector;
	return 0;
}

static void
run_handlers(unsigned vector)
{
	for (struct handler *h = handlers[vector]; h != NULL; h = h->next)
		h->fn(h->arg);
}

/* CPU time since the last charge belongs to where the clock finds the thread. */
static void
charge(struct thr *t, bool user)
{
	nsec_t now = clock_now(), past = now - (nsec_t)t->t_last;

	if (t->t_last == 0)
		return;
	*(user ? &t->t_user_ns : &t->t_sys_ns) += (uint64_t)past;
	t->t_last = (uint64_t)now;
}

static void
serve(unsigned vector)
{
	bool by_pic = !use_ioapic && vector >= VECTOR_IRQ && vector < VECTOR_IRQ + 16;

	if (vector == VECTOR_SPURIOUS || (by_pic && pic_spurious(vector - VECTOR_IRQ))) {
		spurious.value++;
		return;
	}
	if (vector == VECTOR_TIMER)
		timer_interrupt();
	else if (handlers[vector] != NULL)
		run_handlers(vector);
	else
		spurious.value++;
	if (by_pic)
		pic_eoi(vector - VECTOR_IRQ);
	else if (lapic_present())
		lapic_eoi();
}

void
intr_dispatch(struct trapframe *tf)
{
	struct cpu *c = cpu_self();

	interrupts.value++;
	c->intr_depth++;
	if (tf->vector == VECTOR_TIMER)
		charge(c->thr, tf_from_user(tf));
	serve((unsigned)tf->vector);
	c->intr_depth--;
	if (c->hold == 0 && !c->deferred_running) {
		intr_enable();
		deferred_run();
		intr_disable();
	}
}
