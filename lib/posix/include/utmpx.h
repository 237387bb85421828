#ifndef _UTMPX_H
#define _UTMPX_H

#include <sys/cdefs.h>
#include <sys/time.h>
#include <sys/types.h>

#define UTMPX_FILE	"/var/run/utmp"
#define _PATH_UTMPX	UTMPX_FILE

/* ut_type */
#define EMPTY		0
#define BOOT_TIME	1
#define OLD_TIME	2
#define NEW_TIME	3
#define USER_PROCESS	4
#define INIT_PROCESS	5
#define LOGIN_PROCESS	6
#define DEAD_PROCESS	7

/* Texts that fill their array have no NUL. */
struct utmpx {
	char		ut_user[32];
	char		ut_id[8];	/* of the line: what identifies an entry */
	char		ut_line[32];	/* name in /dev */
	char		ut_host[64];
	short		ut_type;
	short		__ut_pad;
	pid_t		ut_pid;		/* of the session's leader */
	struct timeval	ut_tv;		/* when it was written */
};

__BEGIN_DECLS
void		endutxent(void);
struct utmpx	*getutxent(void);
struct utmpx	*getutxid(const struct utmpx *);
struct utmpx	*getutxline(const struct utmpx *);
struct utmpx	*pututxline(const struct utmpx *);
void		setutxent(void);
int		utmpxname(const char *);
__END_DECLS

#endif
