/* halt, reboot, poweroff: end the machine; through init, or with -f at once. */
#include <sys/reboot.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int sig;		/* what init takes */
	int how;
} ways[] = {
	{ "halt", SIGQUIT, HALT_HALT },
	{ "reboot", SIGINT, HALT_REBOOT },
	{ "poweroff", SIGTERM, HALT_POWEROFF },
};

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int c, force = 0, way = 0, flags = 0;

	name = name != NULL ? name + 1 : argv[0];
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(name, ways[i].name) == 0)
			way = (int)i;
	while ((c = getopt(argc, argv, "fnp")) != -1) {
		switch (c) {
		case 'f': force = 1; break;
		case 'n': flags = HALT_NOSYNC; break;
		case 'p': way = 2; break;
		default:
			fprintf(stderr, "usage: %s [-fnp]\n", name);
			return 2;
		}
	}
	if (!force && flags == 0) {
		if (kill(1, ways[way].sig) == 0)
			return 0;
		perror("init");
		return 1;
	}
	if (flags == 0)
		sync();
	reboot(ways[way].how | flags);
	perror(name);
	return 1;
}
