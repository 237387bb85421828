/*
 * 16550 serial lines, by interrupts: ttyS0 (COM1) and ttyS1 (COM2).
 *
 * Receive: the handler moves bytes from the FIFO into a ring of RING bytes; a deferred call feeds
 * the terminal as far as it has room.  When the ring is full the receive interrupt is switched off
 * (and RTS, with CRTSCTS) until half of it has been read, so a sender that respects flow control,
 * as an emulator does, loses nothing ever, and any other one nothing up to RING + DISC_IN bytes.
 * Breaks, and bytes with a parity or framing error, go through the ring with a mark: what becomes of them is
 * the line discipline's.  Any read of the line status register takes such a mark away, so all reads
 * go through line_status(), which keeps it for the byte it belongs to.
 *
 * Transmit: update() writes as much as the FIFO takes and leaves the rest to the next "transmitter
 * empty" interrupt.
 *
 * Locks: t_lock -> s_lock (irq).  s_lock covers the ring and the interrupt enable register.
 */
#include "dev/tty.h"
#include "kern/assert.h"
#include "kern/deferred.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/string.h"
#include "mach/boot.h"
#include "mach/console.h"
#include "mach/intr.h"
#include "mach/io.h"
#include "vm/zone.h"

#define RING		16384u
#define FIFO		16u
#define TX_BATCH	512u	/* bytes sent under the lock at most, before waiting for an interrupt */

enum { REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };
#define IER_RX		0x05	/* data, and line status: a break does not fill the FIFO up */
#define IER_TX		0x02
#define IIR_NONE	0x01
#define IIR_MASK	0x0f
#define IIR_TX		0x02
#define LCR_DLAB	0x80
#define LCR_BREAK	0x40
#define LCR_STOP2	0x04
#define LCR_PARITY	0x08
#define LCR_EVEN	0x10
#define MCR_DTR		0x01
#define MCR_RTS		0x02
#define MCR_OUT2	0x08
#define LSR_DATA	0x01
#define LSR_OVERRUN	0x02
#define LSR_PARITY	0x04
#define LSR_FRAMING	0x08
#define LSR_BREAK	0x10
#define LSR_THRE	0x20
#define LSR_TEMT	0x40
#define RING_BREAK	0x100u	/* in the ring, with the byte */
#define RING_ERROR	0x200u

LOCK_CLASS(serial_class, "serial", RANK_DRIVER);
COUNTER_EVENT(serial_throttles, "dev.serial.throttled");
COUNTER_EVENT(serial_overruns, "dev.serial.overruns");

struct serial {
	struct ttyport s_port;
	struct deferred s_deferred;
	uint16_t s_base;		/* [I] */
	unsigned s_irq;			/* [I] */
	const char *s_name;		/* [I] */
	struct spin s_lock;
	uint8_t s_ier;			/* [s_lock] */
	bool s_full;			/* [s_lock] receive interrupt is off */
	bool s_sending;			/* [s_lock] a transmit interrupt will come */
	uint32_t s_head, s_tail;	/* [s_lock] free-running */
	uint8_t s_lcr;			/* [t_lock] */
	uint8_t s_marks;		/* [s_lock] LSR_BREAK ... of the byte that is read next */
	uint16_t *s_ring;		/* [s_lock] RING bytes with marks, of a line that is there */
};

static struct serial lines[] = {
	{ .s_name = "ttyS0", .s_base = 0x3f8, .s_irq = 4 },
	{ .s_name = "ttyS1", .s_base = 0x2f8, .s_irq = 3 },
};

static uint8_t
reg_read(const struct serial *s, unsigned reg)
{
	return io_read8((uint16_t)(s->s_base + reg));
}

static void
reg_write(const struct serial *s, unsigned reg, uint8_t v)
{
	io_write8((uint16_t)(s->s_base + reg), v);
}

static void
ier_set(struct serial *s, uint8_t clear, uint8_t set)
{
	uint8_t ier = (s->s_ier & ~clear) | set;

	if (ier != s->s_ier) {
		s->s_ier = ier;
		reg_write(s, REG_IER, ier);
	}
}

/* --- receive --- */

/* s_lock is held. */
static uint8_t
line_status(struct serial *s)
{
	uint8_t lsr = reg_read(s, REG_LSR);

	s->s_marks |= lsr & (LSR_BREAK | LSR_PARITY | LSR_FRAMING);
	if (unlikely((lsr & LSR_OVERRUN) != 0))
		kstat_add(&serial_overruns, 1);
	return lsr;
}

static void
fifo_empty(struct serial *s)
{
	uint16_t c;

	while ((line_status(s) & LSR_DATA) != 0) {
		if (s->s_head - s->s_tail == RING) {
			s->s_full = true;
			ier_set(s, IER_RX, 0);
			kstat_add(&serial_throttles, 1);
			return;
		}
		c = reg_read(s, REG_DATA);
		if (unlikely(s->s_marks != 0))
			c |= (s->s_marks & LSR_BREAK) != 0 ? RING_BREAK : RING_ERROR;
		s->s_marks = 0;
		s->s_ring[s->s_head++ % RING] = c;
	}
}

static void
serial_interrupt(void *arg)
{
	struct serial *s = arg;
	uint32_t state = spin_lock_irq(&s->s_lock);
	unsigned rounds;
	uint8_t iir;

	/* Bounded: a broken device must not hold the CPU. */
	for (rounds = 0; rounds < 64; rounds++) {
		iir = reg_read(s, REG_IIR) & IIR_MASK;
		if ((iir & IIR_NONE) != 0)
			break;
		if (iir == IIR_TX) {
			s->s_sending = false;
			ier_set(s, IER_TX, 0);
		} else if (iir == 0)
			(void)reg_read(s, REG_MSR);
		else
			fifo_empty(s);
	}
	spin_unlock_irq(&s->s_lock, state);
	deferred_queue(&s->s_deferred);
}

/* Bytes without marks, or one that has one. */
static size_t
ring_take(struct serial *s, uint8_t *p, size_t n, uint16_t *mark)
{
	uint32_t state = spin_lock_irq(&s->s_lock);
	size_t done;

	*mark = 0;
	for (done = 0; done < n && *mark == 0 && s->s_tail != s->s_head; done++) {
		uint16_t c = s->s_ring[s->s_tail % RING];

		if (c > 0xff && done > 0)
			break;
		*mark = c & (RING_BREAK | RING_ERROR);
		p[done] = (uint8_t)c;
		s->s_tail++;
	}
	if (s->s_full && s->s_head - s->s_tail <= RING / 2) {
		s->s_full = false;
		ier_set(s, 0, IER_RX);
	}
	spin_unlock_irq(&s->s_lock, state);
	return done;
}

static void
serial_deferred(struct deferred *d)
{
	struct serial *s = container_of(d, struct serial, s_deferred);
	struct tty *t = ttyport_tty(&s->s_port);
	uint8_t buf[256];
	uint16_t mark;
	size_t n;

	while ((n = ring_take(s, buf, MIN(tty_room(t), sizeof(buf)), &mark)) > 0) {
		if (likely(mark == 0))
			tty_input(t, buf, n);
		else
			tty_input_error(t, mark == RING_BREAK ? DISC_BREAK : DISC_PARITY, buf[0]);
	}
	tty_changed(t);
	tty_unref(t);
}

/* --- transmit --- */

static void
serial_send(struct serial *s, struct tty *t)
{
	uint8_t buf[FIFO];
	size_t n, i, sent = 0;

	while (sent < TX_BATCH && tty_pending(t) && (line_status(s) & LSR_THRE) != 0) {
		n = tty_fetch(t, buf, FIFO);
		for (i = 0; i < n; i++)
			reg_write(s, REG_DATA, buf[i]);
		sent += n;
	}
}

static void
serial_update(struct tty *t, struct wakelist *w)
{
	struct serial *s = t->t_arg;
	uint32_t state;

	(void)w;
	state = spin_lock_irq(&s->s_lock);
	if (!s->s_sending && tty_pending(t)) {
		serial_send(s, t);
		if (tty_pending(t) || (line_status(s) & LSR_TEMT) == 0) {
			s->s_sending = true;
			ier_set(s, 0, IER_TX);
		}
	}
	/* A reader made room: what waits in the ring can follow. */
	if (s->s_head != s->s_tail && tty_room(t) > 0)
		deferred_queue(&s->s_deferred);
	spin_unlock_irq(&s->s_lock, state);
}

static bool
serial_idle(struct tty *t)
{
	struct serial *s = t->t_arg;

	return !s->s_sending;
}

/* --- control --- */

static void
serial_param(struct tty *t)
{
	const struct abi_termios *tio = &t->t_disc.termios;
	struct serial *s = t->t_arg;
	uint32_t speed = tio->c_ospeed, state;
	uint16_t divisor;
	uint8_t lcr;

	lcr = (tio->c_cflag & CSIZE) >> 4;
	if ((tio->c_cflag & CSTOPB) != 0)
		lcr |= LCR_STOP2;
	if ((tio->c_cflag & PARENB) != 0)
		lcr |= LCR_PARITY | ((tio->c_cflag & PARODD) == 0 ? LCR_EVEN : 0);
	s->s_lcr = lcr;
	state = spin_lock_irq(&s->s_lock);
	if (speed == 0) {
		/* Speed 0 hangs the line up. */
		reg_write(s, REG_MCR, MCR_OUT2);
	} else {
		divisor = (uint16_t)MIN(MAX(115200u / MIN(speed, 115200u), 1u), 0xffffu);
		reg_write(s, REG_LCR, lcr | LCR_DLAB);
		reg_write(s, REG_DATA, (uint8_t)divisor);
		reg_write(s, REG_IER, (uint8_t)(divisor >> 8));
		reg_write(s, REG_LCR, lcr);
		reg_write(s, REG_IER, s->s_ier);
		reg_write(s, REG_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	}
	spin_unlock_irq(&s->s_lock, state);
}

static void
serial_break(struct tty *t, bool on)
{
	struct serial *s = t->t_arg;

	reg_write(s, REG_LCR, on ? s->s_lcr | LCR_BREAK : s->s_lcr);
}

static void
serial_gone(struct tty *t)
{
	(void)t;
}

static const struct tty_driver serial_driver = {
	.name = "serial",
	.update = serial_update,
	.idle = serial_idle,
	.param = serial_param,
	.send_break = serial_break,
	.gone = serial_gone,
};

/* --- the log on the console --- */

/* Once a program has opened a terminal the screen is its own: only warnings still go there. */
static bool log_verbose, log_in_warning;

static void
serial_log(const char *text, size_t n)
{
	size_t i;

	if (n == 6 && memcmp(text, "WARN: ", 6) == 0)
		log_in_warning = true;
	if (log_verbose || log_in_warning || !tty_in_use())
		for (i = 0; i < n; i++)
			early_putc(text[i]);
	if (n > 0 && text[n - 1] == '\n')
		log_in_warning = false;
}

static struct log_sink serial_sink = { .write = serial_log };

/* --- attachment --- */

static bool
serial_present(const struct serial *s)
{
	reg_write(s, REG_SCRATCH, 0x5a);
	if (reg_read(s, REG_SCRATCH) != 0x5a)
		return false;
	reg_write(s, REG_SCRATCH, 0xa5);
	return reg_read(s, REG_SCRATCH) == 0xa5;
}

static int
serial_attach(struct serial *s, uint32_t unit)
{
	char option[16];
	int error;

	spin_init(&s->s_lock, &serial_class);
	s->s_deferred = (struct deferred)DEFERRED_INIT(s->s_deferred, serial_deferred);
	s->s_port.drv = &serial_driver;
	s->s_port.arg = s;
	if ((s->s_ring = kmem_alloc(RING * sizeof(s->s_ring[0]), 0)) == NULL)
		return ENOMEM;
	reg_write(s, REG_IER, 0);
	reg_write(s, REG_IIR, 0xc7);	/* FIFOs on and empty, interrupt at 14 bytes */
	error = ttyport_add(&s->s_port, s->s_name, dev_make(4, 64 + unit));
	if (error != 0)
		return error;
	s->s_port.cur->t_size = (struct abi_winsize){ .ws_row = 24, .ws_col = 80 };
	serial_param(s->s_port.cur);
	error = intr_register(s->s_irq, serial_interrupt, s, s->s_name);
	if (error != 0)
		return error;
	ier_set(s, 0, IER_RX);
	ttyport_console(&s->s_port, boot_option("console", option, sizeof(option)) != NULL &&
	    strcmp(option, s->s_name) == 0);
	return 0;
}

static void
serial_init(void)
{
	char option[16];
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!serial_present(&lines[i]))
			continue;
		if (serial_attach(&lines[i], i) != 0)
			log_warn("%s: not attached\n", lines[i].s_name);
		else
			log_printf("%s: 16550 at %#x, irq %u\n", lines[i].s_name, lines[i].s_base,
			    lines[i].s_irq);
	}
	log_verbose = boot_option("loglevel", option, sizeof(option)) != NULL &&
	    strcmp(option, "verbose") == 0;
	log_sink_add(&serial_sink);
}
INIT(serial_init, LEVEL_DEV + 1);
