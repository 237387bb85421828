/* kstat: the kernel's counters; with -l what is alive, with -q what is lost, after caches were dropped. */
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

static void
usage(void)
{
	fprintf(stderr, "usage: kstat [-l | -q] [PREFIX]\n");
	exit(2);
}

/* What nobody has any more; a kernel without owners tells what is alive. */
static const char *
quiet_file(int live)
{
	if (sysctlbyname("debug.quiesce", NULL, NULL, "1", 1) != 0) {
		perror("debug.quiesce");
		exit(1);
	}
	return !live && access("/proc/kstat.lost", F_OK) == 0 ? "/proc/kstat.lost" : "/proc/kstat.live";
}

int
main(int argc, char **argv)
{
	const char *prefix = "", *file = "/proc/kstat";
	char line[256];
	int c, lines = 0, quiet = 0;

	while ((c = getopt(argc, argv, "lq")) != -1) {
		if (c != 'l' && c != 'q')
			usage();
		file = quiet_file(c == 'l');
		quiet = 1;
	}
	if (argc - optind > 1)
		usage();
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
	return lines == 0 && *prefix != '\0';
}
