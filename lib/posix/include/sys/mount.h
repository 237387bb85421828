#ifndef _SYS_MOUNT_H
#define _SYS_MOUNT_H

#include <sys/cdefs.h>
#include <abi/mount.h>

__BEGIN_DECLS
int	mount(const char *from, const char *dir, const char *type, unsigned long flags);
int	umount(const char *);
int	umount2(const char *, int);
__END_DECLS

#endif
