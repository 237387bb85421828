#ifndef _SYS_SYSMACROS_H
#define _SYS_SYSMACROS_H

#include <sys/types.h>

#define makedev(ma, mi)	((dev_t)(__uint32_t)(ma) << 32 | (__uint32_t)(mi))
#define major(dev)	((unsigned)((dev_t)(dev) >> 32))
#define minor(dev)	((unsigned)(dev_t)(dev))

#endif
