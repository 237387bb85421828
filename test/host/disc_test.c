// SOURCES: sys/dev/disc.c sys/kern/string.c
/*
 * The line discipline: editing, echo, signals, flow control, modes; then random bytes against its
 * invariants.
 */
#include <stdlib.h>
#include "host.h"
#include "dev/disc.h"
#include "kern/string.h"

static struct disc d;

static void
reset(uint32_t lclear, uint32_t lset)
{
	struct abi_termios t;

	disc_init(&d);
	t = d.termios;
	t.c_lflag = (t.c_lflag & ~lclear) | lset;
	disc_set(&d, &t);
}

static void
change(uint32_t iset, uint32_t iclear, uint32_t oset, uint32_t oclear)
{
	struct abi_termios t = d.termios;

	t.c_iflag = (t.c_iflag & ~iclear) | iset;
	t.c_oflag = (t.c_oflag & ~oclear) | oset;
	disc_set(&d, &t);
}

static void
type(const char *s)
{
	disc_input(&d, (const uint8_t *)s, strlen(s));
}

/* One read of at most n bytes gives exactly `want' (NULL: nothing can be read). */
static bool
reads(size_t n, const char *want)
{
	uint8_t buf[DISC_IN];
	uint32_t cells;
	size_t got;
	bool end;

	if (want == NULL)
		return disc_avail(&d) == 0;
	if (disc_avail(&d) == 0)
		return false;
	got = disc_peek(&d, buf, n, &cells, &end);
	disc_consume(&d, cells);
	return got == strlen(want) && memcmp(buf, want, got) == 0;
}

static bool
shows(const char *want)
{
	uint8_t buf[DISC_OUT];
	size_t n = disc_fetch(&d, buf, sizeof(buf));

	if (n == strlen(want) && memcmp(buf, want, n) == 0)
		return true;
	printf("# shown: ");
	for (size_t i = 0; i < n; i++)
		printf(buf[i] >= 32 && buf[i] < 127 ? "%c" : "\\%03o", buf[i]);
	printf("\n");
	return false;
}

static void
test_lines(void)
{
	reset(0, 0);
	type("hel");
	ok(reads(10, NULL), "an unfinished line cannot be read");
	type("lo\rnext\n");
	ok(reads(100, "hello\n"), "a read gives one line, CR mapped to NL");
	ok(reads(2, "ne") && reads(100, "xt\n") && reads(100, NULL), "a short read leaves the rest of the line");
	ok(shows("hello\r\nnext\r\n"), "echo, with NL as CR NL");
	type("ab\004");
	ok(reads(100, "ab") && reads(100, NULL), "end of file after bytes ends the line without a newline");
	type("ab\004");
	ok(reads(2, "ab") && reads(100, NULL), "and no empty read follows, however short the read is");
	type("\004");
	ok(disc_count(&d) == 0 && reads(100, "") && reads(100, NULL), "end of file on an empty line is an empty read");
	type("x\004\004y\n");
	ok(reads(9, "x") && reads(9, "") && reads(9, "y\n"), "each end of file is its own read");
}

static void
test_editing(void)
{
	reset(0, 0);
	type("abc\177\177x\n");
	ok(reads(9, "ax\n"), "erase takes the last character");
	ok(shows("abc\b \b\b \bx\r\n"), "erase is shown as backspace, blank, backspace");
	type("\177\177q\n");
	ok(reads(9, "q\n") && shows("q\r\n"), "erase stops at the start of the line");
	type("one two  \027three\n");
	ok(reads(99, "one three\n"), "word erase takes blanks and the word before");
	disc_flush_out(&d);
	type("junk\025ok\n");
	ok(reads(99, "ok\n") && shows("junk\b \b\b \b\b \b\b \bok\r\n"), "kill wipes the line");
	type("a\tb\177\177c\n");
	ok(reads(99, "ac\n"), "a tab is erased as one character");
	ok(shows("a\tb\b \b\b\b\b\b\b\b\bc\r\n"), "and the cursor goes back over its columns");
	type("\001\177z\n");
	ok(reads(9, "z\n") && shows("^A\b \b\b \bz\r\n"), "a control character is shown and erased as two");
	type("\303\251\177z\n");
	ok(reads(9, "z\n") && shows("\303\251\b \bz\r\n"), "IUTF8: a character of two bytes is erased at once");
	change(0, IUTF8, 0, 0);
	type("\303\251\177z\n");
	ok(reads(9, "\303z\n"), "without IUTF8 one byte is erased");
	disc_flush_out(&d);
	type("a\026\003b\026\177c\n");
	ok(reads(9, "a\003b\177c\n") && d.signals == 0, "literal next takes signals and editing away");
	disc_flush_out(&d);
	type("ab\022c\n");
	ok(reads(9, "abc\n") && shows("ab^R\r\nabc\r\n"), "reprint shows the line again");
	reset(ECHO, 0);
	type("secret\n");
	ok(reads(99, "secret\n") && shows(""), "without ECHO nothing is shown");
	reset(ECHO, ECHONL);
	type("secret\n");
	ok(reads(99, "secret\n") && shows("\r\n"), "ECHONL shows the newline alone");
	reset(ECHOE | ECHOKE, 0);
	type("ab\177c\025d\n");
	ok(reads(9, "d\n") && shows("ab^?c^U\r\nd\r\n"), "without ECHOE the editing characters are echoed");
	reset(IEXTEN, 0);
	type("a b\027\n");
	ok(reads(9, "a b\027\n"), "without IEXTEN word erase is a plain byte");
}

static void
test_signals(void)
{
	reset(0, 0);
	type("half\003");
	ok(d.signals == DISC_SIGINT, "VINTR asks for SIGINT");
	ok(shows("^C"), "pending output is discarded, ^C shown");
	type("\n");
	ok(reads(9, "\n"), "and the line typed so far is gone");
	d.signals = 0;
	type("\034\032");
	ok(d.signals == (DISC_SIGQUIT | DISC_SIGTSTP), "VQUIT and VSUSP");
	reset(0, NOFLSH);
	type("keep\003\n");
	ok(reads(9, "keep\n") && d.signals == DISC_SIGINT, "NOFLSH keeps the input");
	reset(ISIG, 0);
	type("\003\n");
	ok(d.signals == 0 && reads(9, "\003\n"), "without ISIG it is a byte");
	reset(0, 0);
	disc_input_error(&d, DISC_BREAK, 0);
	ok(d.signals == DISC_SIGINT, "BRKINT: a break is SIGINT");
}

/* What a break and a byte with an error become. */
static bool
reads_bytes(const char *want, size_t n)
{
	uint8_t got[16];
	uint32_t cells;
	bool end;
	size_t k = disc_peek(&d, got, sizeof(got), &cells, &end);

	disc_consume(&d, cells);
	return k == n && memcmp(got, want, n) == 0 && disc_avail(&d) == 0;
}

static void
test_errors(void)
{
	reset(ICANON | ECHO | ISIG, 0);
	change(0, ICRNL | IXON, 0, 0);
	type("ab");
	disc_output(&d, (const uint8_t *)"xyz", 3);
	disc_input_error(&d, DISC_BREAK, 0);
	ok(d.signals == DISC_SIGINT && disc_avail(&d) == 0 && !disc_pending(&d), "BRKINT: SIGINT, input and output are gone");
	d.signals = 0;
	change(IGNBRK, 0, 0, 0);
	type("ab");
	disc_input_error(&d, DISC_BREAK, 0);
	ok(d.signals == 0 && reads_bytes("ab", 2), "IGNBRK: nothing, BRKINT or not");
	change(PARMRK, BRKINT, 0, 0);
	disc_input_error(&d, DISC_BREAK, 0);
	ok(disc_avail(&d) == 0, "nor with PARMRK");
	change(0, IGNBRK, 0, 0);
	type("a");
	disc_input_error(&d, DISC_BREAK, 0);
	type("b");
	ok(d.signals == 0 && reads_bytes("a\377\0\0b", 5), "PARMRK: 0377 0 0, where it came");
	change(0, PARMRK, 0, 0);
	disc_input_error(&d, DISC_BREAK, 0);
	ok(reads_bytes("\0", 1), "without both a zero");
	change(INPCK, 0, 0, 0);
	disc_input_error(&d, DISC_PARITY, 'q');
	ok(reads_bytes("\0", 1), "INPCK without PARMRK: a bad byte is a zero");
	change(IGNPAR, 0, 0, 0);
	disc_input_error(&d, DISC_PARITY, 'q');
	ok(disc_avail(&d) == 0, "IGNPAR: it is nothing");
	change(0, IGNPAR | INPCK, 0, 0);
	disc_input_error(&d, DISC_PARITY, 'q');
	ok(reads_bytes("q", 1), "without INPCK it is itself");
	d.termios.c_cflag &= ~(uint32_t)CREAD;
	disc_input_error(&d, DISC_PARITY, 'q');
	disc_input_error(&d, DISC_BREAK, 0);
	ok(disc_avail(&d) == 0, "without CREAD nothing comes");
	reset(0, 0);
	change(PARMRK, BRKINT, 0, 0);
	type("l");
	disc_input_error(&d, DISC_BREAK, 0);
	type("\n");
	ok(reads_bytes("l\377\0\0\n", 5), "marked within a line too");
	for (int i = 0; i < 5000; i++)
		disc_input_error(&d, DISC_BREAK, 0);
	type("\n");
	ok(disc_avail(&d) > 3000 && disc_avail(&d) <= DISC_IN, "no more than fit");
}

static void
test_flow(void)
{
	struct abi_termios t;

	reset(0, 0);
	type("\023");
	disc_output(&d, (const uint8_t *)"abc", 3);
	ok(!disc_pending(&d) && disc_unsent(&d) == 3 && shows(""), "VSTOP holds output back");
	type("x");
	ok(!disc_pending(&d), "another key does not restart it");
	type("\021");
	ok(shows("abcx"), "VSTART does");
	change(IXANY, 0, 0, 0);
	type("\023");
	disc_output(&d, (const uint8_t *)"abc", 3);
	type("y");
	ok(shows("abcy"), "IXANY: any key does");
	type("\023");
	t = d.termios;
	t.c_iflag &= ~(uint32_t)IXON;
	disc_set(&d, &t);
	disc_output(&d, (const uint8_t *)"z", 1);
	ok(shows("z"), "switching IXON off restarts output");
	reset(ICANON | ECHO, 0);
	change(IXOFF, 0, 0, 0);
	for (int i = 0; i < 3200; i++)
		type("a");
	ok(shows("\023"), "IXOFF: STOP is sent when three quarters are full");
	while (disc_avail(&d) > 1000)
		disc_consume(&d, 100);
	ok(shows("\021"), "and START when it has been read");
}

static void
test_modes(void)
{
	uint8_t big[DISC_IN + 100];
	uint32_t cells;
	size_t n, total;
	bool end;

	reset(0, 0);
	type("abc");
	reset(0, 0);
	type("abc");
	d.termios.c_lflag |= ICANON;
	struct abi_termios t = d.termios;
	t.c_lflag &= ~(uint32_t)ICANON;
	disc_set(&d, &t);
	ok(reads(9, "abc"), "an unfinished line is readable in raw mode");
	type("x\004y");
	ok(reads(9, "x\004y"), "raw mode has no editing characters");
	type("pq");
	t.c_lflag |= ICANON;
	disc_set(&d, &t);
	ok(reads(9, "pq") && reads(9, NULL), "raw bytes are readable in canonical mode");

	reset(ICANON | ECHO | ISIG, 0);
	change(PARMRK, ICRNL | IXON, 0, 0);
	type("a\377b\r");
	ok(reads(9, "a\377\377b\r"), "PARMRK doubles 0377");
	disc_input_error(&d, DISC_PARITY, 'q');
	ok(reads(9, "q"), "a parity error without INPCK is data");
	change(INPCK, BRKINT, 0, 0);
	disc_input_error(&d, DISC_PARITY, 'q');
	n = disc_peek(&d, big, 9, &cells, &end);
	disc_consume(&d, cells);
	ok(n == 3 && memcmp(big, "\377\0q", 3) == 0, "with INPCK and PARMRK it is marked");
	change(0, PARMRK, 0, 0);
	change(INLCR | ISTRIP, 0, 0, 0);
	type("\n\351");
	ok(reads(9, "\ri"), "INLCR and ISTRIP");
	change(IGNCR, INLCR, 0, 0);
	type("a\rb");
	ok(reads(9, "ab"), "IGNCR");

	reset(ECHO, 0);
	memset(big, 'x', sizeof(big));
	disc_input(&d, big, sizeof(big));
	ok(reads(9, NULL) && disc_room(&d) > 0, "an overlong line is cut, and input still taken");
	type("\n");
	for (total = 0; disc_avail(&d) > 0; total += n) {
		n = disc_peek(&d, big, sizeof(big), &cells, &end);
		disc_consume(&d, cells);
	}
	ok(total == DISC_IN - 1 && end && big[n - 1] == '\n', "it can still be ended");
	reset(ICANON | ECHO, 0);
	for (total = 0; disc_room(&d) > 0; total++)
		type("r");
	ok(disc_count(&d) == total, "raw mode: nothing is lost while the driver heeds the room");
}

static void
test_output(void)
{
	reset(0, 0);
	disc_output(&d, (const uint8_t *)"a\nb\tc\r", 6);
	ok(shows("a\r\nb\tc\r"), "ONLCR");
	change(0, 0, TAB3, 0);
	disc_output(&d, (const uint8_t *)"12\tx", 4);
	ok(shows("12      x"), "TAB3 expands tabs");
	change(0, 0, OCRNL | OLCUC, 0);
	disc_output(&d, (const uint8_t *)"q\r", 2);
	ok(shows("Q\n"), "OCRNL and OLCUC");
	reset(0, 0);
	change(0, 0, ONOCR, 0);
	disc_output(&d, (const uint8_t *)"\ra\r\r", 4);
	ok(shows("a\r"), "ONOCR drops a carriage return at column 0");
	change(0, 0, 0, OPOST);
	disc_output(&d, (const uint8_t *)"a\nb", 3);
	ok(shows("a\nb"), "without OPOST bytes go through");
	reset(0, 0);
	size_t n = 0, k;
	while ((k = disc_output(&d, (const uint8_t *)"yyyyyyyy", 8)) > 0)
		n += k;
	ok(!disc_can_output(&d) && n >= DISC_OUT - DISC_ECHO - 16, "a full ring takes no more");
	type("e");
	ok(disc_unsent(&d) == n + 1, "but still echoes");
}

static void
test_random(unsigned seed)
{
	static const char interesting[] = "\003\004\022\023\021\025\026\027\032\177\n\r\t a\303\251\377";
	uint8_t buf[600];
	uint32_t cells;
	size_t n, i;
	bool good = true, end;

	srand(seed);
	reset(0, 0);
	for (int step = 0; step < 200000 && good; step++) {
		struct abi_termios t = d.termios;

		switch (rand() % 12) {
		case 0:
			t.c_lflag ^= 1u << (rand() % 16);
			disc_set(&d, &t);
			break;
		case 1:
			t.c_iflag ^= 1u << (rand() % 15);
			disc_set(&d, &t);
			break;
		case 2:
			t.c_oflag ^= 1u << (rand() % 13);
			disc_set(&d, &t);
			break;
		case 3:
			disc_flush_in(&d);
			break;
		case 4:
			disc_input_error(&d, rand() % 2, (uint8_t)rand());
			break;
		case 5: case 6:
			n = disc_peek(&d, buf, (size_t)rand() % sizeof(buf), &cells, &end);
			good = cells <= disc_avail(&d) && n <= cells;
			disc_consume(&d, cells);
			break;
		case 7:
			n = disc_fetch(&d, buf, (size_t)rand() % sizeof(buf));
			break;
		case 8:
			for (i = 0; i < sizeof(buf); i++)
				buf[i] = (uint8_t)rand();
			disc_output(&d, buf, (size_t)rand() % sizeof(buf));
			break;
		default:
			n = (size_t)rand() % 300;
			for (i = 0; i < n; i++)
				buf[i] = rand() % 3 ? (uint8_t)interesting[(size_t)rand() % (sizeof(interesting) - 1)] :
				    (uint8_t)rand();
			disc_input(&d, buf, n);
		}
		good = good && d.in_w - d.in_r <= DISC_IN && d.in_line - d.in_r <= d.in_w - d.in_r &&
		    d.out_w - d.out_r <= DISC_OUT && disc_count(&d) <= disc_avail(&d) &&
		    ((d.termios.c_lflag & ICANON) != 0 || d.in_line == d.in_w);
	}
	printf("# seed %u\n", seed);
	ok(good, "random input keeps the invariants");
}

int
main(void)
{
	test_lines();
	test_editing();
	test_signals();
	test_errors();
	test_flow();
	test_modes();
	test_output();
	test_random(1);
	test_random(2);
	return tap_done();
}
