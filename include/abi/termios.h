#pragma once
/*
 * Terminals: struct termios, window sizes and the ioctl commands of tty nodes.  Speeds are plain
 * bits per second; they live in their own members, not in c_cflag.
 */
#include <stdint.h>

#define ABI_NCCS	20

struct abi_termios {
	uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_cc[ABI_NCCS];
	uint32_t c_ispeed, c_ospeed;
};
_Static_assert(sizeof(struct abi_termios) == 44, "termios");

struct abi_winsize {
	uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};
_Static_assert(sizeof(struct abi_winsize) == 8, "winsize");

/* Indices of c_cc; ABI_VDISABLE there switches a character off. */
#define VINTR		0
#define VQUIT		1
#define VERASE		2
#define VKILL		3
#define VEOF		4
#define VTIME		5
#define VMIN		6
#define VSTART		8
#define VSTOP		9
#define VSUSP		10
#define VEOL		11
#define VREPRINT	12
#define VDISCARD	13	/* kept, without effect */
#define VWERASE		14
#define VLNEXT		15
#define VEOL2		16
#define ABI_VDISABLE	0

/* c_iflag */
#define IGNBRK		0x0001
#define BRKINT		0x0002
#define IGNPAR		0x0004
#define PARMRK		0x0008
#define INPCK		0x0010
#define ISTRIP		0x0020
#define INLCR		0x0040
#define IGNCR		0x0080
#define ICRNL		0x0100
#define IUCLC		0x0200
#define IXON		0x0400
#define IXANY		0x0800
#define IXOFF		0x1000
#define IMAXBEL		0x2000
#define IUTF8		0x4000

/* c_oflag */
#define OPOST		0x0001
#define OLCUC		0x0002
#define ONLCR		0x0004
#define OCRNL		0x0008
#define ONOCR		0x0010
#define ONLRET		0x0020
#define TABDLY		0x1800
#define TAB0		0x0000
#define TAB3		0x1800	/* tabs become spaces */
#define XTABS		TAB3

/* c_cflag */
#define CSIZE		0x0030
#define CS5		0x0000
#define CS6		0x0010
#define CS7		0x0020
#define CS8		0x0030
#define CSTOPB		0x0040
#define CREAD		0x0080
#define PARENB		0x0100
#define PARODD		0x0200
#define HUPCL		0x0400
#define CLOCAL		0x0800
#define CRTSCTS		0x80000000u

/* c_lflag */
#define ISIG		0x0001
#define ICANON		0x0002
#define ECHO		0x0008
#define ECHOE		0x0010
#define ECHOK		0x0020
#define ECHONL		0x0040
#define NOFLSH		0x0080
#define TOSTOP		0x0100
#define ECHOCTL		0x0200
#define ECHOPRT		0x0400	/* kept, without effect */
#define ECHOKE		0x0800
#define IEXTEN		0x8000

/* tcsetattr, tcflush, tcflow */
#define TCSANOW		0
#define TCSADRAIN	1
#define TCSAFLUSH	2
#define TCIFLUSH	0
#define TCOFLUSH	1
#define TCIOFLUSH	2
#define TCOOFF		0
#define TCOON		1
#define TCIOFF		2
#define TCION		3

/* ioctl commands; (p) takes a user address, (v) a value */
#define TCGETS		0x5401	/* (p) struct abi_termios out */
#define TCSETS		0x5402	/* (p) in, now */
#define TCSETSW		0x5403	/* (p) in, after output has drained */
#define TCSETSF		0x5404	/* (p) in, and input is discarded */
#define TCSBRK		0x5409	/* (v) 0: break of 0.25 s; else tcdrain */
#define TCXONC		0x540a	/* (v) tcflow */
#define TCFLSH		0x540b	/* (v) tcflush */
#define TIOCSCTTY	0x540e	/* (v) 1: take it away from another session (root) */
#define TIOCGPGRP	0x540f	/* (p) int32_t out */
#define TIOCSPGRP	0x5410	/* (p) int32_t in */
#define TIOCOUTQ	0x5411	/* (p) int32_t out: bytes not yet sent */
#define TIOCGWINSZ	0x5413	/* (p) struct abi_winsize out */
#define TIOCSWINSZ	0x5414	/* (p) struct abi_winsize in */
#define FIONREAD	0x541b	/* (p) int32_t out: bytes a read would give */
#define FIONBIO		0x5421	/* (p) int32_t in */
#define TIOCNOTTY	0x5422
#define TIOCGSID	0x5429	/* (p) int32_t out */
#define TIOCGPTN	0x5430	/* (p) uint32_t out: number of the pty (master) */
#define TIOCSPTLCK	0x5431	/* (p) int32_t in: lock or unlock the pty (master) */
#define FIOCLEX		0x5451
#define FIONCLEX	0x5450
