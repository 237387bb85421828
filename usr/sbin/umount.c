/* umount: takes mounted file systems away. */
#include <sys/mount.h>

#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int c, flags = 0, status = 0;

	while ((c = getopt(argc, argv, "f")) != -1) {
		if (c != 'f')
			goto usage;
		flags = UMOUNT_FORCE;
	}
	if (optind == argc)
		goto usage;
	for (; optind < argc; optind++)
		if (umount2(argv[optind], flags) != 0) {
			perror(argv[optind]);
			status = 1;
		}
	return status;
usage:
	fprintf(stderr, "usage: umount [-f] FOLDER...\n");
	return 2;
}
