#ifndef _SYS_IOCTL_H
#define _SYS_IOCTL_H

#include <sys/cdefs.h>
#include <termios.h>

#ifndef _WINSIZE_DEFINED
#define _WINSIZE_DEFINED
struct winsize {
	unsigned short	ws_row;
	unsigned short	ws_col;
	unsigned short	ws_xpixel;
	unsigned short	ws_ypixel;
};
#endif

__BEGIN_DECLS
int	ioctl(int, unsigned long, ...);
__END_DECLS

#endif
