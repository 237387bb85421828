/* sysctl: shows and sets the kernel's tunables; without one, prints their names. */
#include <sys/sysctl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool quiet, bare;

static int
show(const char *name)
{
	char value[4096];
	size_t len = sizeof(value);

	if (sysctlbyname(name, value, &len, NULL, 0) != 0) {
		perror(name);
		return 1;
	}
	if (bare)
		printf("%s\n", value);
	else
		printf("%s=%s\n", name, value);
	return 0;
}

static int
set(char *name, const char *value)
{
	if (sysctlbyname(name, NULL, NULL, value, strlen(value)) != 0) {
		perror(name);
		return 1;
	}
	return quiet ? 0 : show(name);
}

int
main(int argc, char **argv)
{
	int c, status = 0;

	while ((c = getopt(argc, argv, "nq")) != -1) {
		if (c == 'n')
			bare = true;
		else if (c == 'q')
			quiet = true;
		else
			goto usage;
	}
	if (optind == argc) {
		bare = true;
		return show("");
	}
	for (; optind < argc; optind++) {
		char *equals = strchr(argv[optind], '=');

		if (equals == NULL) {
			status |= show(argv[optind]);
			continue;
		}
		*equals = 0;
		status |= set(argv[optind], equals + 1);
	}
	return status;
usage:
	fprintf(stderr, "usage: sysctl [-nq] [NAME[=VALUE]...]\n");
	return 2;
}
