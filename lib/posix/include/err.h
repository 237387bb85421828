#ifndef _ERR_H
#define _ERR_H

#include <sys/cdefs.h>
#include <stdarg.h>

__BEGIN_DECLS
void	err(int, const char *, ...) __attribute__((__noreturn__, __format__(__printf__, 2, 3)));
void	errx(int, const char *, ...) __attribute__((__noreturn__, __format__(__printf__, 2, 3)));
void	verr(int, const char *, va_list) __attribute__((__noreturn__));
void	verrx(int, const char *, va_list) __attribute__((__noreturn__));
void	vwarn(const char *, va_list);
void	vwarnx(const char *, va_list);
void	warn(const char *, ...) __attribute__((__format__(__printf__, 1, 2)));
void	warnx(const char *, ...) __attribute__((__format__(__printf__, 1, 2)));
__END_DECLS

#endif
