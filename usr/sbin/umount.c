/* umount: takes mounted file systems away. */
#include <sys/mount.h>

#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int status = 0;

	if (getopt(argc, argv, "") != -1 || optind == argc) {
		fprintf(stderr, "usage: umount FOLDER...\n");
		return 2;
	}
	for (; optind < argc; optind++)
		if (umount2(argv[optind], 0) != 0) {
			perror(argv[optind]);
			status = 1;
		}
	return status;
}
