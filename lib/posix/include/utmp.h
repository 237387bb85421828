#ifndef _UTMP_H
#define _UTMP_H

#include <sys/cdefs.h>

/* No record of logins is kept. */
__BEGIN_DECLS
int	login_tty(int);
__END_DECLS

#endif
