/*
 * Users and groups: /etc/passwd and /etc/group, one entry a line, members between colons.
 *
 * One reader serves all forms.  It leaves the entry's text in the caller's buffer and points into
 * it; a buffer that is too small is ERANGE and the caller comes again.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWD	"/etc/passwd"
#define GROUP	"/etc/group"

/* Cuts the next member off; NULL when there is none. */
static char *
member(char **rest)
{
	char *s = *rest, *colon;

	if (s == NULL)
		return NULL;
	colon = strchr(s, ':');
	if (colon != NULL)
		*colon++ = '\0';
	*rest = colon;
	return s;
}

static int
number(const char *s, uint32_t *result)
{
	char *end;
	unsigned long n;

	if (s == NULL || *s < '0' || *s > '9')
		return 0;
	n = strtoul(s, &end, 10);
	*result = (uint32_t)n;
	return *end == '\0' && n <= UINT32_MAX;
}

/* A line without its newline into buf.  1, or 0 at the end, or -1 and ERANGE. */
static int
get_line(FILE *f, char *buf, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = getc(f)) != EOF && c != '\n') {
		if (n + 1 >= size) {
			errno = ERANGE;
			return -1;
		}
		buf[n++] = (char)c;
	}
	if (c == EOF && n == 0)
		return 0;
	if (size == 0) {
		errno = ERANGE;
		return -1;
	}
	buf[n] = '\0';
	return 1;
}

static int
parse_passwd(char *line, struct passwd *pw)
{
	char *rest = line, *uid, *gid;

	pw->pw_name = member(&rest);
	pw->pw_passwd = member(&rest);
	uid = member(&rest);
	gid = member(&rest);
	pw->pw_gecos = member(&rest);
	pw->pw_dir = member(&rest);
	pw->pw_shell = member(&rest);
	pw->pw_comment = pw->pw_gecos;
	return pw->pw_shell != NULL && *pw->pw_name != '\0' && number(uid, &pw->pw_uid) &&
	    number(gid, &pw->pw_gid);
}

/* The pointers to the members of the group lie behind the text. */
static int
parse_group(char *line, size_t size, struct group *gr)
{
	char *rest = line, *gid, *list, *s;
	size_t used = strlen(line) + 1, n = 0;
	char **mem;

	gr->gr_name = member(&rest);
	gr->gr_passwd = member(&rest);
	gid = member(&rest);
	list = member(&rest);
	if (list == NULL || *gr->gr_name == '\0' || !number(gid, &gr->gr_gid))
		return 0;
	for (s = list; *s != '\0'; s++)
		n += *s == ',';
	mem = (char **)(((uintptr_t)line + used + sizeof(char *) - 1) & ~(sizeof(char *) - 1));
	if ((char *)(mem + n + 2) > line + size) {
		errno = ERANGE;
		return -1;
	}
	gr->gr_mem = mem;
	for (s = strtok_r(list, ",", &rest); s != NULL; s = strtok_r(NULL, ",", &rest))
		*mem++ = s;
	*mem = NULL;
	return 1;
}

/* The next entry of an open file: 1, 0 at the end, -1 with errno. */
static int
next_passwd(FILE *f, struct passwd *pw, char *buf, size_t size)
{
	int r;

	while ((r = get_line(f, buf, size)) == 1)
		if (parse_passwd(buf, pw))
			return 1;
	return r;
}

static int
next_group(FILE *f, struct group *gr, char *buf, size_t size)
{
	int r, p;

	while ((r = get_line(f, buf, size)) == 1)
		if ((p = parse_group(buf, size, gr)) != 0)
			return p;
	return r;
}

/* name NULL: by number.  0 with *result NULL when there is no such user. */
static int
find_passwd(const char *name, uid_t uid, struct passwd *pw, char *buf, size_t size,
    struct passwd **result)
{
	int saved = errno, r, error;
	FILE *f = fopen(PASSWD, "re");

	*result = NULL;
	if (f == NULL) {
		error = errno == ENOENT || errno == ENOTDIR ? 0 : errno;
		errno = saved;
		return error;
	}
	while ((r = next_passwd(f, pw, buf, size)) == 1)
		if (name != NULL ? strcmp(pw->pw_name, name) == 0 : pw->pw_uid == uid) {
			*result = pw;
			break;
		}
	error = r < 0 ? errno : 0;
	fclose(f);
	errno = saved;
	return error;
}

static int
find_group(const char *name, gid_t gid, struct group *gr, char *buf, size_t size,
    struct group **result)
{
	int saved = errno, r, error;
	FILE *f = fopen(GROUP, "re");

	*result = NULL;
	if (f == NULL) {
		error = errno == ENOENT || errno == ENOTDIR ? 0 : errno;
		errno = saved;
		return error;
	}
	while ((r = next_group(f, gr, buf, size)) == 1)
		if (name != NULL ? strcmp(gr->gr_name, name) == 0 : gr->gr_gid == gid) {
			*result = gr;
			break;
		}
	error = r < 0 ? errno : 0;
	fclose(f);
	errno = saved;
	return error;
}

int
getpwnam_r(const char *name, struct passwd *pw, char *buf, size_t size, struct passwd **result)
{
	return find_passwd(name, 0, pw, buf, size, result);
}

int
getpwuid_r(uid_t uid, struct passwd *pw, char *buf, size_t size, struct passwd **result)
{
	return find_passwd(NULL, uid, pw, buf, size, result);
}

int
getgrnam_r(const char *name, struct group *gr, char *buf, size_t size, struct group **result)
{
	return find_group(name, 0, gr, buf, size, result);
}

int
getgrgid_r(gid_t gid, struct group *gr, char *buf, size_t size, struct group **result)
{
	return find_group(NULL, gid, gr, buf, size, result);
}

/* --- forms with a buffer of their own ---------------------------------------------------------- */

static char *text;		/* grows as needed */
static size_t text_size;

static int
text_grow(void)
{
	size_t size = text_size != 0 ? text_size * 2 : 512;
	char *more = realloc(text, size);

	if (more == NULL)
		return 0;
	text = more;
	text_size = size;
	return 1;
}

static struct passwd *
own_passwd(const char *name, uid_t uid)
{
	static struct passwd pw;
	struct passwd *result;
	int error = text == NULL ? ERANGE : find_passwd(name, uid, &pw, text, text_size, &result);

	while (error == ERANGE) {
		if (!text_grow())
			return NULL;
		error = find_passwd(name, uid, &pw, text, text_size, &result);
	}
	if (error != 0) {
		errno = error;
		return NULL;
	}
	return result;
}

static struct group *
own_group(const char *name, gid_t gid)
{
	static struct group gr;
	struct group *result;
	int error = text == NULL ? ERANGE : find_group(name, gid, &gr, text, text_size, &result);

	while (error == ERANGE) {
		if (!text_grow())
			return NULL;
		error = find_group(name, gid, &gr, text, text_size, &result);
	}
	if (error != 0) {
		errno = error;
		return NULL;
	}
	return result;
}

struct passwd *
getpwnam(const char *name)
{
	return own_passwd(name, 0);
}

struct passwd *
getpwuid(uid_t uid)
{
	return own_passwd(NULL, uid);
}

struct group *
getgrnam(const char *name)
{
	return own_group(name, 0);
}

struct group *
getgrgid(gid_t gid)
{
	return own_group(NULL, gid);
}

/* --- one after the other ----------------------------------------------------------------------- */

static FILE *pw_file, *gr_file;

void
setpwent(void)
{
	if (pw_file != NULL)
		fclose(pw_file);
	pw_file = NULL;
}

void
endpwent(void)
{
	setpwent();
}

struct passwd *
getpwent(void)
{
	static struct passwd pw;
	static char buf[4096];

	if (pw_file == NULL && (pw_file = fopen(PASSWD, "re")) == NULL)
		return NULL;
	return next_passwd(pw_file, &pw, buf, sizeof(buf)) == 1 ? &pw : NULL;
}

void
setgrent(void)
{
	if (gr_file != NULL)
		fclose(gr_file);
	gr_file = NULL;
}

void
endgrent(void)
{
	setgrent();
}

struct group *
getgrent(void)
{
	static struct group gr;
	static char buf[4096];

	if (gr_file == NULL && (gr_file = fopen(GROUP, "re")) == NULL)
		return NULL;
	return next_group(gr_file, &gr, buf, sizeof(buf)) == 1 ? &gr : NULL;
}

/* --- groups of a user -------------------------------------------------------------------------- */

int
getgrouplist(const char *user, gid_t group, gid_t *list, int *count)
{
	int room = *count, n = 0, saved = errno, i;
	struct group gr;
	char buf[4096];
	FILE *f;

	if (n < room)
		list[n] = group;
	n++;
	f = fopen(GROUP, "re");
	while (f != NULL && next_group(f, &gr, buf, sizeof(buf)) == 1) {
		for (i = 0; gr.gr_mem[i] != NULL; i++)
			if (strcmp(gr.gr_mem[i], user) == 0)
				break;
		if (gr.gr_mem[i] == NULL || gr.gr_gid == group)
			continue;
		if (n < room)
			list[n] = gr.gr_gid;
		n++;
	}
	if (f != NULL)
		fclose(f);
	errno = saved;
	*count = n;
	return n <= room ? n : -1;
}

int
initgroups(const char *user, gid_t group)
{
	gid_t list[32];
	int n = 32;

	if (getgrouplist(user, group, list, &n) < 0)
		n = 32;
	return setgroups(n, list);
}

/* --- who logged in ----------------------------------------------------------------------------- */

int
getlogin_r(char *buf, size_t size)
{
	struct passwd pw, *result;
	char line[512];
	int error = getpwuid_r(getuid(), &pw, line, sizeof(line), &result);

	if (error != 0)
		return error;
	if (result == NULL)
		return ENXIO;
	if (strlen(pw.pw_name) >= size)
		return ERANGE;
	strcpy(buf, pw.pw_name);
	return 0;
}

char *
getlogin(void)
{
	static char name[64];
	int error = getlogin_r(name, sizeof(name));

	if (error != 0) {
		errno = error;
		return NULL;
	}
	return name;
}
