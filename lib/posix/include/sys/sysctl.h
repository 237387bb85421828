#ifndef _SYS_SYSCTL_H
#define _SYS_SYSCTL_H

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS
/* Values are text. */
int	sysctlbyname(const char *, void *, size_t *, const void *, size_t);
__END_DECLS

#endif
