/*
 * The i8042, the controller of PS/2 keyboard and mouse.  Both lines have an interrupt but share the data port,
 * so either interrupt takes every byte there is, with the line it came from, into one ring; the
 * deferred call gives them to the drivers in order.
 *
 * At the start, with interrupts of its lines off, bytes are waited for a tenth of a second at the most: a line
 * with nothing on it does not answer.
 */
#include "dev/ps2.h"
#include "kern/deferred.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "mach/intr.h"
#include "mach/io.h"

#define PORT_DATA	0x60
#define PORT_STATUS	0x64
#define PORT_COMMAND	0x64
#define STATUS_OUT	0x01	/* a byte for us */
#define STATUS_IN	0x02	/* it has not taken our last byte yet */
#define STATUS_AUX	0x20	/* the byte is the mouse's */
#define CMD_READ_CONFIG	0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_AUX_OFF	0xa7
#define CMD_KBD_OFF	0xad
#define CMD_TO_AUX	0xd4
#define CONFIG_INTR	0x01
#define CONFIG_AUX_INTR	0x02
#define CONFIG_OFF	0x10	/* the keyboard's line */
#define CONFIG_AUX_OFF	0x20
#define CONFIG_TRANSLATE 0x40
#define ACK		0xfa
#define IRQ_KEYBOARD	1
#define IRQ_MOUSE	12
#define RING		256u
#define SPINS		100000u	/* reads of the status port, about a microsecond each */
#define FROM_MOUSE	0x100u	/* in the ring */

LOCK_CLASS(ps2_class, "PS/2", RANK_DRIVER);

static struct spin ring_lock = SPIN_INIT(&ps2_class);
static uint16_t ring[RING];			/* [ring_lock] */
static uint32_t head, tail;			/* [ring_lock] free-running */
static uint8_t config;				/* written last */
static void (*listeners[2])(uint8_t);
static void ps2_deferred(struct deferred *);
static struct deferred ps2_call = DEFERRED_INIT(ps2_call, ps2_deferred);

/* --- bytes that come --- */

static void
ps2_interrupt(void *arg)
{
	uint32_t state = spin_lock_irq(&ring_lock);
	uint8_t status;
	uint16_t byte;

	(void)arg;
	for (unsigned n = 0; n < 16 && ((status = io_read8(PORT_STATUS)) & STATUS_OUT) != 0; n++) {
		byte = io_read8(PORT_DATA);
		if ((status & STATUS_AUX) != 0)
			byte |= FROM_MOUSE;
		if (head - tail < RING)
			ring[head++ % RING] = byte;
	}
	spin_unlock_irq(&ring_lock, state);
	deferred_queue(&ps2_call);
}

static bool
ring_take(uint16_t *byte)
{
	uint32_t state = spin_lock_irq(&ring_lock);
	bool any = head != tail;

	if (any)
		*byte = ring[tail++ % RING];
	spin_unlock_irq(&ring_lock, state);
	return any;
}

static void
ps2_deferred(struct deferred *d)
{
	uint16_t byte;

	(void)d;
	while (ring_take(&byte)) {
		void (*fn)(uint8_t) = listeners[(byte & FROM_MOUSE) != 0 ? PS2_MOUSE : PS2_KEYBOARD];

		if (fn != NULL)
			fn((uint8_t)byte);
	}
}

/* --- commands --- */

static bool
write_port(uint16_t port, uint8_t byte)
{
	for (unsigned spins = 0; spins < SPINS; spins++) {
		if ((io_read8(PORT_STATUS) & STATUS_IN) == 0) {
			io_write8(port, byte);
			return true;
		}
	}
	return false;
}

static bool
command(uint8_t c)
{
	return write_port(PORT_COMMAND, c);
}

/* What the other line says meanwhile is lost. */
bool
ps2_answer(enum ps2_line line, uint8_t *byte)
{
	for (unsigned spins = 0; spins < SPINS; spins++) {
		uint8_t status = io_read8(PORT_STATUS);

		if ((status & STATUS_OUT) == 0)
			continue;
		*byte = io_read8(PORT_DATA);
		if (((status & STATUS_AUX) != 0) == (line == PS2_MOUSE))
			return true;
	}
	return false;
}

bool
ps2_send(enum ps2_line line, uint8_t byte)
{
	uint8_t answer;

	if (line == PS2_MOUSE && !command(CMD_TO_AUX))
		return false;
	return write_port(PORT_DATA, byte) && ps2_answer(line, &answer) && answer == ACK;
}

static bool
config_change(uint8_t off, uint8_t on)
{
	config = (uint8_t)((config & ~off) | on);
	return command(CMD_WRITE_CONFIG) && write_port(PORT_DATA, config);
}

bool
ps2_start(void)
{
	if (io_read8(PORT_STATUS) == 0xff)
		return false;
	if (!command(CMD_KBD_OFF) || !command(CMD_AUX_OFF))
		return false;
	for (unsigned n = 0; n < 64 && (io_read8(PORT_STATUS) & STATUS_OUT) != 0; n++)
		(void)io_read8(PORT_DATA);
	if (!command(CMD_READ_CONFIG) || !ps2_answer(PS2_KEYBOARD, &config))
		return false;
	return config_change(CONFIG_INTR | CONFIG_AUX_INTR, CONFIG_OFF | CONFIG_AUX_OFF | CONFIG_TRANSLATE);
}

void
ps2_open(enum ps2_line line)
{
	(void)config_change(line == PS2_MOUSE ? CONFIG_AUX_OFF : CONFIG_OFF, 0);
}

void
ps2_listen(enum ps2_line line, void (*fn)(uint8_t))
{
	bool mouse = line == PS2_MOUSE;

	listeners[line] = fn;
	if (intr_register(mouse ? IRQ_MOUSE : IRQ_KEYBOARD, ps2_interrupt, NULL, mouse ? "mouse" : "keyboard") != 0 ||
	    !config_change(0, mouse ? CONFIG_AUX_INTR : CONFIG_INTR))
		log_warn("PS/2: no interrupt for the %s\n", mouse ? "mouse" : "keyboard");
}
