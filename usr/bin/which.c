/* which: the files that the shell would execute for these names; with -a all that are in PATH. */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* How many were found. */
static int
look(const char *name, const char *dirs, int all)
{
	char path[1024];
	int found = 0;

	if (strchr(name, '/') != NULL) {
		if (!is_program(name))
			return 0;
		puts(name);
		return 1;
	}
	for (;;) {
		size_t n = strcspn(dirs, ":");

		snprintf(path, sizeof(path), "%.*s/%s", n != 0 ? (int)n : 1, n != 0 ? dirs : ".", name);
		if (is_program(path) && (all || found == 0)) {
			puts(path);
			found++;
		}
		if (dirs[n] == '\0')
			return found;
		dirs += n + 1;
	}
}

int
main(int argc, char **argv)
{
	const char *dirs = getenv("PATH");
	int all = 0, c, missing = 0;

	while ((c = getopt(argc, argv, "a")) != -1) {
		if (c != 'a') {
			fprintf(stderr, "usage: which [-a] NAME...\n");
			return 2;
		}
		all = 1;
	}
	for (int i = optind; i < argc; i++)
		missing |= look(argv[i], dirs != NULL ? dirs : "/usr/bin:/bin", all) == 0;
	return missing;
}
