/* kstat: the kernel's counters; with -q only live objects, after caches were dropped. */
#include <sys/sysctl.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const char *prefix = "", *file = "/proc/kstat";
	char line[256];
	int c, lines = 0;

	while ((c = getopt(argc, argv, "q")) != -1) {
		if (c != 'q') {
usage:
			fprintf(stderr, "usage: kstat [-q] [PREFIX]\n");
			return 2;
		}
		if (sysctlbyname("debug.quiesce", NULL, NULL, "1", 1) != 0) {
			perror("debug.quiesce");
			return 1;
		}
		file = "/proc/kstat.live";
	}
	if (argc - optind > 1)
		goto usage;
	if (optind < argc)
		prefix = argv[optind];
	FILE *f = fopen(file, "r");

	if (f == NULL) {
		perror(file);
		return 1;
	}
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, prefix, strlen(prefix)) == 0) {
			fputs(line, stdout);
			lines++;
		}
	fclose(f);
	return lines == 0;
}
