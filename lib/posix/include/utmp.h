#ifndef _UTMP_H
#define _UTMP_H

#include <utmpx.h>

/* The older names of <utmpx.h>. */
#define utmp		utmpx
#define ut_name		ut_user
#define ut_time		ut_tv.tv_sec
#define UTMP_FILE	UTMPX_FILE
#define _PATH_UTMP	UTMPX_FILE
#define UT_NAMESIZE	32
#define UT_LINESIZE	32
#define UT_HOSTSIZE	64
#define getutent	getutxent
#define getutid		getutxid
#define getutline	getutxline
#define pututline	pututxline
#define setutent	setutxent
#define endutent	endutxent
#define utmpname	utmpxname

__BEGIN_DECLS
int	login_tty(int);
__END_DECLS

#endif
