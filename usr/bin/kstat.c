/* kstat: the kernel's counters; with -q only live objects, after caches were dropped. */
#include <sys/sysctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * How many slabs the same objects fill depends on the order of frees, so free pages and pages in
 * slabs are told as one sum: the objects themselves have counters of their own.  Returns 0 for a
 * line that is not printed.
 */
static int
merge_slabs(char *line, size_t size)
{
	static const char free_name[] = "vm.pages.free ", slab_name[] = "vm.pages.slab ";
	static unsigned long long pages;

	if (strncmp(line, free_name, sizeof(free_name) - 1) == 0) {
		pages = strtoull(line + sizeof(free_name) - 1, NULL, 10);
		return 0;
	}
	if (strncmp(line, slab_name, sizeof(slab_name) - 1) == 0)
		snprintf(line, size, "vm.pages.free+slab %llu\n",
		    pages + strtoull(line + sizeof(slab_name) - 1, NULL, 10));
	return 1;
}

int
main(int argc, char **argv)
{
	const char *prefix = "", *file = "/proc/kstat";
	char line[256];
	int c, lines = 0, quiet = 0;

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
		quiet = 1;
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
		if ((!quiet || merge_slabs(line, sizeof(line))) &&
		    strncmp(line, prefix, strlen(prefix)) == 0) {
			fputs(line, stdout);
			lines++;
		}
	fclose(f);
	return lines == 0;
}
