/* The search for a program along PATH, for exec and posix_spawn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libc.h"

void
__search_begin(struct search *s)
{
	const char *path = getenv("PATH");

	s->rest = path != NULL ? path : "/usr/bin:/bin";
	s->denied = 0;
}

int
__search_next(struct search *s, const char *file)
{
	size_t len = strlen(file), dir;

	while (s->rest != NULL) {
		const char *path = s->rest, *end = strchr(path, ':');

		dir = end != NULL ? (size_t)(end - path) : strlen(path);
		s->rest = end != NULL ? end + 1 : NULL;
		if (dir + len + 2 > sizeof(s->full))
			continue;
		memcpy(s->full, path, dir);
		if (dir > 0)
			s->full[dir++] = '/';
		memcpy(s->full + dir, file, len + 1);
		return 1;
	}
	return 0;
}

int
__search_on(struct search *s, int error)
{
	if (error == EACCES)
		s->denied = 1;
	return error == EACCES || error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}
