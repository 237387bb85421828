/* Terminals and pseudo-terminals. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>
#include <abi/termios.h>
#include "libc.h"

_Static_assert(sizeof(struct termios) == sizeof(struct abi_termios) &&
    sizeof(struct winsize) == sizeof(struct abi_winsize), "struct termios");

int
tcgetattr(int fd, struct termios *t)
{
	return ioctl(fd, TCGETS, t);
}

int
tcsetattr(int fd, int when, const struct termios *t)
{
	switch (when) {
	case TCSANOW:
		return ioctl(fd, TCSETS, t);
	case TCSADRAIN:
		return ioctl(fd, TCSETSW, t);
	case TCSAFLUSH:
		return ioctl(fd, TCSETSF, t);
	}
	errno = EINVAL;
	return -1;
}

int
tcdrain(int fd)
{
	return ioctl(fd, TCSBRK, (void *)1);
}

int
tcsendbreak(int fd, int duration)
{
	return ioctl(fd, TCSBRK, (void *)0);
}

int
tcflow(int fd, int action)
{
	return ioctl(fd, TCXONC, (void *)(intptr_t)action);
}

int
tcflush(int fd, int which)
{
	return ioctl(fd, TCFLSH, (void *)(intptr_t)which);
}

pid_t
tcgetpgrp(int fd)
{
	int32_t group;

	return ioctl(fd, TIOCGPGRP, &group) < 0 ? -1 : group;
}

int
tcsetpgrp(int fd, pid_t pgrp)
{
	int32_t group = pgrp;

	return ioctl(fd, TIOCSPGRP, &group);
}

pid_t
tcgetsid(int fd)
{
	int32_t session;

	return ioctl(fd, TIOCGSID, &session) < 0 ? -1 : session;
}

int
tcgetwinsize(int fd, struct winsize *size)
{
	return ioctl(fd, TIOCGWINSZ, size);
}

int
tcsetwinsize(int fd, const struct winsize *size)
{
	return ioctl(fd, TIOCSWINSZ, size);
}

speed_t
cfgetispeed(const struct termios *t)
{
	return t->c_ispeed;
}

speed_t
cfgetospeed(const struct termios *t)
{
	return t->c_ospeed;
}

int
cfsetispeed(struct termios *t, speed_t speed)
{
	t->c_ispeed = speed;
	return 0;
}

int
cfsetospeed(struct termios *t, speed_t speed)
{
	t->c_ospeed = speed;
	return 0;
}

int
cfsetspeed(struct termios *t, speed_t speed)
{
	t->c_ispeed = t->c_ospeed = speed;
	return 0;
}

void
cfmakeraw(struct termios *t)
{
	t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t->c_cflag = (t->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

int
isatty(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		return 1;
	if (errno != EBADF)
		errno = ENOTTY;
	return 0;
}

int
_isatty(int fd)
{
	return isatty(fd);
}

char *
ctermid(char *buf)
{
	static char name[] = "/dev/tty";

	return buf != NULL ? strcpy(buf, name) : name;
}

/* The name below `dir' of the device that `st' describes; 0 or an error number. */
static int
dev_search(const char *dir, const struct stat *st, char *buf, size_t size)
{
	struct dirent *e;
	struct stat s;
	DIR *d = opendir(dir);
	int error = ENOTTY;

	if (d == NULL)
		return ENOTTY;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, "tty") == 0 || strcmp(e->d_name, "ptmx") == 0 ||
		    fstatat(dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISCHR(s.st_mode) && s.st_rdev == st->st_rdev && s.st_ino == st->st_ino) {
			error = (size_t)snprintf(buf, size, "%s/%s", dir, e->d_name) < size ? 0 : ERANGE;
			break;
		}
	}
	closedir(d);
	return error;
}

int
ttyname_r(int fd, char *buf, size_t size)
{
	int saved = errno, error;
	struct stat st;

	if (!isatty(fd)) {
		error = errno;
	} else if (fstat(fd, &st) < 0) {
		error = errno;
	} else {
		error = dev_search("/dev/pts", &st, buf, size);
		if (error == ENOTTY)
			error = dev_search("/dev", &st, buf, size);
	}
	errno = saved;
	return error;
}

char *
ttyname(int fd)
{
	static char name[64];
	int error = ttyname_r(fd, name, sizeof(name));

	if (error != 0) {
		errno = error;
		return NULL;
	}
	return name;
}

/* --- pseudo-terminals -------------------------------------------------------------------------- */

int
posix_openpt(int flags)
{
	return open("/dev/ptmx", flags);
}

int
getpt(void)
{
	return posix_openpt(O_RDWR | O_NOCTTY);
}

int
grantpt(int fd)
{
	uint32_t n;

	/* the kernel made the slave the caller's own at once */
	return ioctl(fd, TIOCGPTN, &n);
}

int
unlockpt(int fd)
{
	int32_t lock = 0;

	return ioctl(fd, TIOCSPTLCK, &lock);
}

int
ptsname_r(int fd, char *buf, size_t size)
{
	uint32_t n;
	int saved = errno, error;

	error = RESULT(ioctl(fd, TIOCGPTN, &n));
	errno = saved;
	if (error != 0)
		return error;
	return (size_t)snprintf(buf, size, "/dev/pts/%u", (unsigned)n) < size ? 0 : ERANGE;
}

char *
ptsname(int fd)
{
	static char name[32];
	int error = ptsname_r(fd, name, sizeof(name));

	if (error != 0) {
		errno = error;
		return NULL;
	}
	return name;
}

int
openpty(int *master, int *slave, char *name, const struct termios *t, const struct winsize *size)
{
	char path[32];
	int m = posix_openpt(O_RDWR | O_NOCTTY), s;

	if (m < 0)
		return -1;
	if (grantpt(m) < 0 || unlockpt(m) < 0 || ptsname_r(m, path, sizeof(path)) != 0 ||
	    (s = open(path, O_RDWR | O_NOCTTY)) < 0) {
		close(m);
		return -1;
	}
	if (t != NULL)
		tcsetattr(s, TCSANOW, t);
	if (size != NULL)
		tcsetwinsize(s, size);
	if (name != NULL)
		strcpy(name, path);
	*master = m;
	*slave = s;
	return 0;
}

int
login_tty(int fd)
{
	setsid();
	if (ioctl(fd, TIOCSCTTY, (void *)0) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	return 0;
}

pid_t
forkpty(int *master, char *name, const struct termios *t, const struct winsize *size)
{
	int m, s;
	pid_t pid;

	if (openpty(&m, &s, name, t, size) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(m);
		if (login_tty(s) < 0)
			_exit(127);
		return 0;
	}
	close(s);
	if (pid < 0)
		close(m);
	else
		*master = m;
	return pid;
}

char *
getpass(const char *prompt)
{
	static char line[128];
	struct termios old, quiet;
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	if (tcgetattr(fd, &old) < 0) {
		close(fd);
		return NULL;
	}
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	quiet.c_lflag |= ICANON;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	write(fd, prompt, strlen(prompt));
	n = read(fd, line, sizeof(line) - 1);
	if (n > 0 && line[n - 1] == '\n')
		n--;
	line[n > 0 ? n : 0] = '\0';
	write(fd, "\n", 1);
	tcsetattr(fd, TCSAFLUSH, &old);
	close(fd);
	return n < 0 ? NULL : line;
}
