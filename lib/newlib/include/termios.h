#ifndef _TERMIOS_H
#define _TERMIOS_H

#include <_ansi.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <abi/termios.h>

_BEGIN_STD_C

typedef unsigned char	cc_t;
typedef unsigned int	speed_t;
typedef unsigned int	tcflag_t;

#define NCCS		ABI_NCCS

/* The same bytes as struct abi_termios. */
struct termios {
	tcflag_t	c_iflag;
	tcflag_t	c_oflag;
	tcflag_t	c_cflag;
	tcflag_t	c_lflag;
	cc_t		c_cc[NCCS];
	speed_t		c_ispeed;
	speed_t		c_ospeed;
};

/* Delays and fill characters are kept with the terminal and have no effect. */
#define OFILL		0x0040
#define OFDEL		0x0080
#define NLDLY		0x0100
#define NL0		0x0000
#define NL1		0x0100
#define CRDLY		0x0600
#define CR0		0x0000
#define CR1		0x0200
#define CR2		0x0400
#define CR3		0x0600
#define TAB1		0x0800
#define TAB2		0x1000
#define BSDLY		0x2000
#define BS0		0x0000
#define BS1		0x2000
#define VTDLY		0x4000
#define VT0		0x0000
#define VT1		0x4000
#define FFDLY		0x8000
#define FF0		0x0000
#define FF1		0x8000

#define B0		0
#define B50		50
#define B75		75
#define B110		110
#define B134		134
#define B150		150
#define B200		200
#define B300		300
#define B600		600
#define B1200		1200
#define B1800		1800
#define B2400		2400
#define B4800		4800
#define B9600		9600
#define B19200		19200
#define B38400		38400
#define B57600		57600
#define B115200		115200
#define B230400		230400
#define EXTA		B19200
#define EXTB		B38400

speed_t	cfgetispeed(const struct termios *);
speed_t	cfgetospeed(const struct termios *);
int	cfsetispeed(struct termios *, speed_t);
int	cfsetospeed(struct termios *, speed_t);
int	tcdrain(int);
int	tcflow(int, int);
int	tcflush(int, int);
int	tcgetattr(int, struct termios *);
pid_t	tcgetsid(int);
int	tcsendbreak(int, int);
int	tcsetattr(int, int, const struct termios *);
#if __BSD_VISIBLE
void	cfmakeraw(struct termios *);
int	cfsetspeed(struct termios *, speed_t);
#endif
#if __POSIX_VISIBLE >= 202405 || __BSD_VISIBLE
struct winsize {
	unsigned short	ws_row;
	unsigned short	ws_col;
	unsigned short	ws_xpixel;
	unsigned short	ws_ypixel;
};
#define _WINSIZE_DEFINED
int	tcgetwinsize(int, struct winsize *);
int	tcsetwinsize(int, const struct winsize *);
#endif

_END_STD_C

#endif
