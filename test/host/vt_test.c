// SOURCES: sys/dev/vt.c sys/dev/vt_grid.c sys/dev/vt_pen.c sys/kern/string.c
/*
 * The terminal emulator: what is on the screen, where the cursor is, what is answered; then random
 * bytes, which must stay inside of the grid (AddressSanitizer watches).
 */
#include <stdlib.h>
#include "host.h"
#include "dev/vt.h"
#include "kern/string.h"

#define COLS	10
#define ROWS	4

static struct vt v;
static uint32_t *memory;
static char answer[4096];
static size_t answered;

static void
reply(void *arg, const char *text, size_t n)
{
	for (size_t i = 0; i < n && answered < sizeof(answer) - 1; i++)
		answer[answered++] = text[i];
	answer[answered] = '\0';
}

static void
reset(unsigned cols, unsigned rows)
{
	free(memory);
	memory = malloc(2 * cols * rows * sizeof(*memory));
	vt_init(&v, (uint16_t)cols, (uint16_t)rows, memory, reply, NULL);
	answered = 0;
}

static void
out(const char *s)
{
	vt_write(&v, (const uint8_t *)s, strlen(s));
}

/* A row's text without blanks at its end; characters beyond ASCII as '?'. */
static const char *
line(unsigned y)
{
	static char text[VT_COLS + 1];
	unsigned n = 0;

	for (unsigned x = 0; x < v.cols; x++) {
		uint32_t c = VT_CODE(v.cells[y * v.cols + x]);
		text[x] = c < 0x7f ? (char)c : '?';
		if (c != ' ')
			n = x + 1;
	}
	text[n] = '\0';
	return text;
}

static bool
rows(const char *a, const char *b, const char *c, const char *d)
{
	const char *want[] = { a, b, c, d };
	bool good = true;

	for (unsigned y = 0; y < ROWS; y++)
		if (strcmp(line(y), want[y]) != 0) {
			printf("# row %u: \"%s\", expected \"%s\"\n", y, line(y), want[y]);
			good = false;
		}
	return good;
}

static bool
at(unsigned x, unsigned y)
{
	if (v.x != x || v.y != y)
		printf("# cursor at %u,%u\n", v.x, v.y);
	return v.x == x && v.y == y;
}

static uint32_t
cell(unsigned x, unsigned y)
{
	return v.cells[y * v.cols + x];
}

static void
test_text(void)
{
	reset(COLS, ROWS);
	out("ab\r\ncd\n\be");
	ok(rows("ab", "cd", " e", "") && at(2, 2), "text, CR, LF, BS");
	out("\033[2J\033[H0123456789");
	ok(rows("0123456789", "", "", "") && at(9, 0), "the last column is written without wrapping");
	out("A");
	ok(rows("0123456789", "A", "", "") && at(1, 1), "the next character wraps");
	out("\033[1;10HX\rY");
	ok(rows("Y12345678X", "A", "", ""), "CR after the last column stays on the line");
	out("\033[?7l\033[2;9Habcd");
	ok(rows("Y12345678X", "A       ad", "", ""), "without autowrap the last column is overwritten");
	reset(COLS, ROWS);
	out("1\r\n2\r\n3\r\n4\r\n5");
	ok(rows("2", "3", "4", "5") && at(1, 3), "a line feed at the bottom scrolls");
	out("\033[H\033M");
	ok(rows("", "2", "3", "4"), "reverse line feed at the top scrolls down");
	reset(20, ROWS);
	out("a\tb\033[10G\033H\rx\t\ty");
	ok(strcmp(line(0), "x       by") == 0, "tabs: every eight, and one set at column 10");
	out("\033[3g\r\tz");
	ok(v.x == 19 && VT_CODE(cell(19, 0)) == 'z', "all tabs cleared: to the last column");
}

static void
test_moves(void)
{
	reset(COLS, ROWS);
	out("\033[3;4H");
	ok(at(3, 2), "CUP");
	out("\033[A\033[2D\033[B\033[C");
	ok(at(2, 2), "CUU CUB CUD CUF");
	out("\033[99;99H");
	ok(at(9, 3), "positions are clamped");
	out("\033[9A\033[99D");
	ok(at(0, 0), "so are movements");
	out("\033[5G\033[3d");
	ok(at(4, 2), "CHA and VPA");
	out("\033[E");
	ok(at(0, 3), "CNL");
	out("\033[2;3H\0337\033[4;1H\0338");
	ok(at(2, 1), "save and restore");
	out("\033[31m\033[s\033[0m\033[u");
	ok(v.pen.fg == 1, "with the colours");
}

static void
test_edit(void)
{
	reset(COLS, ROWS);
	out("abcdef\033[3G\033[2P");
	ok(rows("abef", "", "", ""), "DCH");
	out("\033[2@");
	ok(rows("ab  ef", "", "", ""), "ICH");
	out("\033[4hXY\033[4l");
	ok(rows("abXY  ef", "", "", ""), "insert mode");
	out("\033[2G\033[3X");
	ok(rows("a     ef", "", "", ""), "ECH");
	out("\033[7G\033[K");
	ok(rows("a", "", "", ""), "EL to the end");
	out("\033[2J\033[H1\r\n2\r\n3\r\n4\033[2;1H\033[L");
	ok(rows("1", "", "2", "3"), "IL");
	out("\033[2M");
	ok(rows("1", "3", "", ""), "DL");
	out("\033[2J\033[H1\r\n2\r\n3\r\n4\033[2;2H\033[J");
	ok(rows("1", "2", "", ""), "ED below");
	out("\033[1J");
	ok(rows("", "", "", ""), "ED above, the cursor's place included");
	out("x\033[5b");
	ok(strcmp(line(1), " xxxxxx") == 0, "REP");
}

static void
test_region(void)
{
	reset(COLS, ROWS);
	out("1\r\n2\r\n3\r\n4\033[2;3r");
	ok(at(0, 0), "setting the region homes the cursor");
	out("\033[3;1H\nx");
	ok(rows("1", "3", "x", "4"), "only the region scrolls");
	out("\033[2;1H\033My");
	ok(rows("1", "y", "3", "4"), "in both directions");
	out("\033[4;1H\nz");
	ok(rows("1", "y", "3", "z") && at(1, 3), "below the region nothing scrolls");
	out("\033[?6h\033[1;1Ho\033[9;1Hp");
	ok(rows("1", "o", "p", "z"), "origin mode");
	out("\033[?6l\033[r\033[2S");
	ok(rows("p", "z", "", ""), "SU");
	out("\033[T");
	ok(rows("", "p", "z", ""), "SD");
}

static void
test_colours(void)
{
	reset(COLS, ROWS);
	out("\033[31;44mR\033[1mB\033[0mN\033[7mI\033[27;4mU\033[91;103mb");
	ok(VT_FG(cell(0, 0)) == 1 && VT_BG(cell(0, 0)) == 4, "SGR colours");
	ok(VT_FG(cell(1, 0)) == 9, "bold is bright");
	ok(VT_FG(cell(2, 0)) == 7 && VT_BG(cell(2, 0)) == 0, "reset");
	ok(VT_FG(cell(3, 0)) == 0 && VT_BG(cell(3, 0)) == 7, "reverse");
	ok((cell(4, 0) & VT_UNDERLINE) != 0 && VT_BG(cell(4, 0)) == 0, "underline, reverse off");
	ok(VT_FG(cell(5, 0)) == 9 && VT_BG(cell(5, 0)) == 11, "bright colours");
	out("\033[0;38;5;196mx\033[48;5;21my\033[38;5;244mz\033[38;2;0;255;0mw");
	ok(VT_FG(cell(6, 0)) == 9, "256 colours: red");
	ok(VT_BG(cell(7, 0)) == 12, "256 colours: blue background");
	ok(VT_FG(cell(8, 0)) == 8, "256 colours: grey");
	ok(VT_FG(cell(9, 0)) == 10, "24 bits: green");
	out("\033[0;45m\033[2J");
	ok(VT_BG(cell(0, 0)) == 5 && VT_BG(cell(9, 3)) == 5, "erasing uses the background");
}

static void
test_screens(void)
{
	reset(COLS, ROWS);
	out("main\033[?1049h\033[Halt");
	ok(rows("alt", "", "", ""), "the alternate screen starts empty");
	out("\033[?1049l");
	ok(rows("main", "", "", "") && at(4, 0), "the main screen and its cursor come back");
	out("\033[?25l\033[?1h\033=");
	ok(v.cursor_hidden && v.app_cursor && v.app_keypad, "DECTCEM, DECCKM, keypad");
	out("\033[!p");
	ok(!v.cursor_hidden && !v.app_cursor && v.autowrap, "soft reset");
	out("\033c");
	ok(rows("", "", "", "") && at(0, 0), "full reset");
	out("\033#8");
	ok(strcmp(line(3), "EEEEEEEEEE") == 0, "alignment test");
}

static void
test_characters(void)
{
	reset(COLS, ROWS);
	out("\303\251\342\202\254\360\237\230\200");
	ok(VT_CODE(cell(0, 0)) == 0xe9 && VT_CODE(cell(1, 0)) == 0x20ac && VT_CODE(cell(2, 0)) == 0x1f600,
	    "UTF-8 of two, three and four bytes");
	out("\r\303x");
	ok(VT_CODE(cell(0, 0)) == 0xfffd && VT_CODE(cell(1, 0)) == 'x', "a cut sequence hides nothing");
	out("\r\300\257\355\240\200");
	ok(VT_CODE(cell(0, 0)) == 0xfffd && VT_CODE(cell(2, 0)) == 0xfffd, "overlong and surrogates are refused");
	out("\r\033[2Ke\314\201x");
	ok(VT_CODE(cell(0, 0)) == 'e' && VT_CODE(cell(1, 0)) == 'x', "combining marks take no cell");
	out("\r\033(0qx\033(Bq\016");
	ok(VT_CODE(cell(0, 0)) == 0x2500 && VT_CODE(cell(1, 0)) == 0x2502 && VT_CODE(cell(2, 0)) == 'q',
	    "DEC graphics");
	out("\033)0q\017q");
	ok(VT_CODE(cell(3, 0)) == 0x2500 && VT_CODE(cell(4, 0)) == 'q', "G1 by shift out");
	out("\033[2J\033[H\033]0;a title\007ok\033]2;x\033\\!\033P1$r\033\\?");
	ok(rows("ok!?", "", "", ""), "titles and strings are skipped");
	out("\033[2J\033[H\033]Rc\033]P1aabbccd\033]P12\033[1;5He");
	ok(rows("cd  e", "", "", ""), "ESC ] R and ESC ] P have no end mark");
	out("\033[2J\033[Habc\033[\r2CX\033[12\030B");
	ok(rows("abXB", "", "", ""), "controls act inside of sequences, CAN ends them");
}

static void
test_answers(void)
{
	reset(COLS, ROWS);
	out("\033[2;3H\033[6n");
	ok(strcmp(answer, "\033[2;3R") == 0, "cursor position report");
	answered = 0;
	out("\033[5n");
	ok(strcmp(answer, "\033[0n") == 0, "status report");
	answered = 0;
	out("\033[c\033[>c");
	ok(strcmp(answer, "\033[?1;2c\033[>0;0;0c") == 0, "device attributes");
	answered = 0;
	out("\033[18t");
	ok(strcmp(answer, "\033[8;4;10t") == 0, "size report");
	out("\a");
	ok(v.bell, "bell");
}

static void
test_random(void)
{
	static const char pieces[] = "0123456789;;;?>!\033\033\033[[[[[ABCDEFGHIJKLMPSTXZ@abcdefghlmnrsu78DEHMc()0B#\n\r\b\t\016\017";
	unsigned long long seed = 20260101;
	bool good = true;
	uint8_t buf[64];

	printf("# seed %llu\n", seed);
	reset(COLS, ROWS);
	for (int i = 0; i < 300000 && good; i++) {
		size_t n = host_random(&seed) % sizeof(buf);

		for (size_t k = 0; k < n; k++)
			buf[k] = host_random(&seed) % 8 ? (uint8_t)pieces[host_random(&seed) % (sizeof(pieces) - 1)] :
			    (uint8_t)host_random(&seed);
		vt_write(&v, buf, n);
		good = v.x < v.cols && v.y < v.rows && v.top < v.bottom && v.bottom < v.rows &&
		    v.nparams <= VT_PARAMS;
		if (answered > sizeof(answer) / 2)
			answered = 0;
		if (i % 1000 == 0)
			reset(1 + host_random(&seed) % VT_COLS, 2 + host_random(&seed) % (VT_ROWS - 1));
	}
	ok(good, "random bytes keep cursor and region on the screen");
}

int
main(void)
{
	test_text();
	test_moves();
	test_edit();
	test_region();
	test_colours();
	test_screens();
	test_characters();
	test_answers();
	test_random();
	free(memory);
	return tap_done();
}
