#ifndef _SYS_RANDOM_H
#define _SYS_RANDOM_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <abi/random.h>

__BEGIN_DECLS
ssize_t	getrandom(void *, size_t, unsigned);
__END_DECLS

#endif
