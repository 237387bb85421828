// SOURCES: sys/dev/mousepkt.c
/* Packets of PS/2 mice, and how a lost byte is got over. */
#include <string.h>
#include "host.h"
#include "dev/mousepkt.h"

static struct mousepkt m;
static struct mouse_report r;
static nsec_t now;

static void
start(uint8_t size)
{
	memset(&m, 0, sizeof(m));
	m.size = size;
	now += 1000000000;
}

/* How many reports the bytes make. */
static int
feed(const uint8_t *bytes, unsigned n)
{
	int reports = 0;

	for (unsigned i = 0; i < n; i++, now += 1000000)
		reports += mousepkt_byte(&m, bytes[i], now, &r);
	return reports;
}
#define FEED(...) feed((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void
packets(void)
{
	start(3);
	ok(FEED(0x08, 5, 7) == 1 && r.x == 5 && r.y == 7 && r.z == 0 && r.pressed == 0 && r.released == 0, "right and up");
	ok(FEED(0x38, 0xfb, 0xf9) == 1 && r.x == -5 && r.y == -7, "left and down");
	ok(FEED(0x18, 0, 0xff) == 1 && r.x == -256 && r.y == 255, "the ends of nine bits");
	ok(FEED(0xd8, 1, 1) == 1 && r.x == -256 && r.y == 255, "overflow, left and up");
	ok(FEED(0xe8, 1, 1) == 1 && r.x == 255 && r.y == -256, "overflow, right and down");
	ok(FEED(0x09, 0, 0) == 1 && r.pressed == 1 && r.released == 0, "the left button");
	ok(FEED(0x0e, 0, 0) == 1 && r.pressed == 6 && r.released == 1, "both others instead");
	ok(FEED(0x0e, 1, 0) == 1 && r.pressed == 0 && r.released == 0 && m.buttons == 6, "held");
	ok(FEED(0x08, 0, 0) == 1 && r.released == 6, "let go");
	ok(FEED(0x08, 1, 2, 0x08, 3, 4) == 2 && r.x == 3 && r.y == 4, "two at once");
	start(4);
	ok(FEED(0x08, 0, 0) == 0 && FEED(0xff) == 1 && r.z == 1, "the wheel away from the hand");
	ok(FEED(0x08, 0, 0, 1) == 1 && r.z == -1, "and towards it");
}

static void
lost_bytes(void)
{
	start(3);
	ok(FEED(5, 7) == 0 && m.n == 0, "bytes that cannot be first");
	ok(FEED(0x08, 1, 2) == 1 && r.x == 1, "then one that can");
	ok(FEED(0x08, 1) == 0, "the third byte is lost");
	now += 200000000;
	ok(FEED(0x08, 3, 4) == 1 && r.x == 3 && r.y == 4, "after a pause the next packet is whole");
	/* Without a pause the first byte tells, as long as movements do not look like one. */
	ok(FEED(0x08, 2) == 0 && FEED(0x08, 1, 2) == 1, "a first byte taken for the third");
	ok(FEED(0x08, 1, 2, 0x08, 1, 2) == 2 && r.x == 1 && r.y == 2, "is got over by the next");
	/* Any stream: after a pause it is right again, and no report comes before size bytes. */
	for (unsigned seed = 1; seed < 2000; seed++) {
		uint32_t x = seed * 2654435761u;
		unsigned n = x % 37;
		int reports = 0;

		start(seed % 2 == 0 ? 3 : 4);
		for (unsigned i = 0; i < n; i++) {
			x = x * 1103515245u + 12345;
			reports += mousepkt_byte(&m, (uint8_t)(x >> 16), now += 1000000, &r);
		}
		if (reports > (int)(n / m.size) || m.n >= m.size || (m.n > 0 && (m.bytes[0] & 8) == 0)) {
			ok(false, "a stream of anything");
			return;
		}
		now += 101000000;
		if (mousepkt_byte(&m, 0x09, now, &r) || m.n != 1) {
			ok(false, "a stream of anything, after a pause");
			return;
		}
	}
	ok(true, "2000 streams of anything");
}

int
main(void)
{
	packets();
	lost_bytes();
	return tap_done();
}
