#ifndef _DIRENT_H_
#define _DIRENT_H_

#include <sys/cdefs.h>
#include <sys/dirent.h>

__BEGIN_DECLS
int	alphasort(const struct dirent **, const struct dirent **);
int	closedir(DIR *);
int	dirfd(DIR *);
DIR	*fdopendir(int);
DIR	*opendir(const char *);
struct dirent *readdir(DIR *);
int	readdir_r(DIR *__restrict, struct dirent *__restrict, struct dirent **__restrict);
void	rewinddir(DIR *);
int	scandir(const char *, struct dirent ***, int (*)(const struct dirent *),
	    int (*)(const struct dirent **, const struct dirent **));
#if __MISC_VISIBLE || __XSI_VISIBLE
void	seekdir(DIR *, long);
long	telldir(DIR *);
#endif
#if __BSD_VISIBLE
ssize_t	getdents(int, void *, size_t);
#endif
__END_DECLS

#endif
