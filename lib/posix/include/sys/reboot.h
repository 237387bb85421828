#ifndef _SYS_REBOOT_H
#define _SYS_REBOOT_H

#include <sys/cdefs.h>
#include <abi/reboot.h>

__BEGIN_DECLS
int	reboot(int);
__END_DECLS

#endif
