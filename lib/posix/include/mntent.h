#ifndef _MNTENT_H
#define _MNTENT_H

#include <stdio.h>
#include <sys/cdefs.h>

#define MOUNTED		"/proc/mounts"
#define _PATH_MOUNTED	"/proc/mounts"
#define MNTTAB		"/etc/fstab"
#define MNTTYPE_IGNORE	"ignore"
#define MNTTYPE_NFS	"nfs"
#define MNTTYPE_SWAP	"swap"
#define MNTOPT_DEFAULTS	"defaults"
#define MNTOPT_RO	"ro"
#define MNTOPT_RW	"rw"
#define MNTOPT_SUID	"suid"
#define MNTOPT_NOSUID	"nosuid"
#define MNTOPT_NOAUTO	"noauto"

struct mntent {
	char	*mnt_fsname;
	char	*mnt_dir;
	char	*mnt_type;
	char	*mnt_opts;
	int	mnt_freq;
	int	mnt_passno;
};

__BEGIN_DECLS
int		addmntent(FILE *, const struct mntent *);
int		endmntent(FILE *);
struct mntent	*getmntent(FILE *);
struct mntent	*getmntent_r(FILE *, struct mntent *, char *, int);
char		*hasmntopt(const struct mntent *, const char *);
FILE		*setmntent(const char *, const char *);
__END_DECLS

#endif
