/* basename and dirname as POSIX has them: they may change the path they are given. */
#include <libgen.h>
#include <string.h>

/* Removes slashes from the end, but not the only character. */
static size_t
trim(char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	return len;
}

char *
basename(char *path)
{
	char *slash;

	if (path == NULL || *path == '\0')
		return (char *)".";
	trim(path, strlen(path));
	slash = strrchr(path, '/');
	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

char *
dirname(char *path)
{
	char *slash;

	if (path == NULL || *path == '\0')
		return (char *)".";
	trim(path, strlen(path));
	slash = strrchr(path, '/');
	if (slash == NULL)
		return (char *)".";
	if (slash == path)
		return (char *)"/";
	*slash = '\0';
	trim(path, (size_t)(slash - path));
	return path;
}
