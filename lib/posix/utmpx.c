/*
 * Who is on which line: /var/run/utmp, an array of struct utmpx that init begins anew at each start.
 *
 * An entry is found by its identifier, so a line has one entry that is overwritten at each change.
 * Writers lock the whole file; readers take entries as they are: one read(2) is one entry.
 */
#include <utmpx.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char path[128] = UTMPX_FILE;
static int file = -1;
static struct utmpx entry;

int
utmpxname(const char *name)
{
	if (strlen(name) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	endutxent();
	strcpy(path, name);
	return 0;
}

void
endutxent(void)
{
	if (file >= 0)
		close(file);
	file = -1;
}

/* Who may not write reads. */
static int
file_open(void)
{
	if (file < 0 && (file = open(path, O_RDWR | O_CLOEXEC)) < 0)
		file = open(path, O_RDONLY | O_CLOEXEC);
	return file;
}

void
setutxent(void)
{
	if (file_open() >= 0)
		lseek(file, 0, SEEK_SET);
}

struct utmpx *
getutxent(void)
{
	if (file_open() < 0 || read(file, &entry, sizeof(entry)) != sizeof(entry))
		return NULL;
	return &entry;
}

static int
is_time(int type)
{
	return type == BOOT_TIME || type == OLD_TIME || type == NEW_TIME;
}

static int
same_id(const struct utmpx *a, const struct utmpx *b)
{
	if (is_time(a->ut_type) || is_time(b->ut_type))
		return a->ut_type == b->ut_type;
	return a->ut_type != EMPTY && memcmp(a->ut_id, b->ut_id, sizeof(a->ut_id)) == 0;
}

struct utmpx *
getutxid(const struct utmpx *id)
{
	struct utmpx wanted = *id;

	while (getutxent() != NULL)
		if (same_id(&entry, &wanted))
			return &entry;
	return NULL;
}

struct utmpx *
getutxline(const struct utmpx *line)
{
	struct utmpx wanted = *line;

	while (getutxent() != NULL)
		if ((entry.ut_type == USER_PROCESS || entry.ut_type == LOGIN_PROCESS) &&
		    strncmp(entry.ut_line, wanted.ut_line, sizeof(wanted.ut_line)) == 0)
			return &entry;
	return NULL;
}

struct utmpx *
pututxline(const struct utmpx *from)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct utmpx new = *from;
	off_t at;
	int done;

	if (file_open() < 0 || fcntl(file, F_SETLKW, &lock) < 0)
		return NULL;
	setutxent();
	at = getutxid(&new) != NULL ? lseek(file, 0, SEEK_CUR) - (off_t)sizeof(new) : lseek(file, 0, SEEK_END);
	/* Behind the last whole entry. */
	at -= at % (off_t)sizeof(new);
	done = pwrite(file, &new, sizeof(new), at) == sizeof(new);
	lseek(file, at + (off_t)sizeof(new), SEEK_SET);
	lock.l_type = F_UNLCK;
	fcntl(file, F_SETLK, &lock);
	if (!done)
		return NULL;
	entry = new;
	return &entry;
}
