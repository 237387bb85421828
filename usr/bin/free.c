/* free: how much memory there is and where it went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long long
field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

int
main(int argc, char **argv)
{
	char text[4096];
	unsigned shift = 0;
	int c;

	while ((c = getopt(argc, argv, "kmg")) != -1) {
		switch (c) {
		case 'k': shift = 0; break;
		case 'm': shift = 10; break;
		case 'g': shift = 20; break;
		default:
			fprintf(stderr, "usage: free [-k | -m | -g]\n");
			return 2;
		}
	}
	FILE *f = fopen("/proc/meminfo", "r");

	if (f == NULL) {
		perror("/proc/meminfo");
		return 1;
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	unsigned long long total = field(text, "MemTotal:"), left = field(text, "MemFree:"),
	    cached = field(text, "Cached:"), available = field(text, "MemAvailable:");

	printf("%-6s %12s %12s %12s %12s %12s\n", "", "total", "used", "free", "cache", "available");
	printf("%-6s %12llu %12llu %12llu %12llu %12llu\n", "Mem:", total >> shift,
	    (total - left - cached) >> shift, left >> shift, cached >> shift, available >> shift);
	return 0;
}
