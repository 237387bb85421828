#ifndef _SYS_DIRENT_H_
#define _SYS_DIRENT_H_

#include <sys/cdefs.h>
#include <sys/types.h>
#include <abi/dirent.h>

typedef struct __zenta_dir DIR;

/* The same bytes as struct abi_dirent. */
struct dirent {
	ino_t		d_ino;
	off_t		d_off;
	__uint16_t	d_reclen;
	__uint8_t	d_type;
	char		d_name[256];
};
#define d_fileno		d_ino
#define _DIRENT_HAVE_D_TYPE	1
#define _DIRENT_HAVE_D_RECLEN	1
#define _DIRENT_HAVE_D_OFF	1
#if __BSD_VISIBLE
#define MAXNAMLEN	255
#define IFTODT(mode)	(((mode) & 0170000) >> 12)
#define DTTOIF(type)	((type) << 12)
#endif

#endif
