/* mount: shows what is mounted, or mounts a file system. */
#include <sys/mount.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned long set, clear;
} options[] = {
	{ "ro", MOUNT_RDONLY, 0 },
	{ "rw", 0, MOUNT_RDONLY },
	{ "nosuid", MOUNT_NOSUID, 0 },
	{ "suid", 0, MOUNT_NOSUID },
	{ "noexec", MOUNT_NOEXEC, 0 },
	{ "exec", 0, MOUNT_NOEXEC },
	{ "nodev", MOUNT_NODEV, 0 },
	{ "dev", 0, MOUNT_NODEV },
	{ "remount", MOUNT_REMOUNT, 0 },
	{ "defaults", 0, 0 },
};

static int
usage(void)
{
	fprintf(stderr, "usage: mount\n       mount [-r] [-o OPTION,...] -t TYPE [FROM] FOLDER\n");
	return 2;
}

static int
mounts_print(void)
{
	char from[256], dir[1024], type[64], opts[256];
	FILE *f = fopen("/proc/mounts", "r");

	if (f == NULL) {
		perror("/proc/mounts");
		return 1;
	}
	while (fscanf(f, "%255s %1023s %63s %255s%*[^\n]", from, dir, type, opts) == 4)
		printf("%s on %s type %s (%s)\n", from, dir, type, opts);
	fclose(f);
	return 0;
}

static int
options_parse(char *list, unsigned long *flags)
{
	for (char *o = strtok(list, ","); o != NULL; o = strtok(NULL, ",")) {
		size_t i = 0, n = sizeof(options) / sizeof(*options);

		while (i < n && strcmp(o, options[i].name) != 0)
			i++;
		if (i == n) {
			fprintf(stderr, "mount: no option '%s'\n", o);
			return -1;
		}
		*flags = (*flags & ~options[i].clear) | options[i].set;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *type = NULL, *from;
	unsigned long flags = 0;
	int c;

	if (argc == 1)
		return mounts_print();
	while ((c = getopt(argc, argv, "o:rt:")) != -1) {
		if (c == 'r')
			flags |= MOUNT_RDONLY;
		else if (c == 't')
			type = optarg;
		else if (c != 'o')
			return usage();
		else if (options_parse(optarg, &flags) != 0)
			return 2;
	}
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 2 || (type == NULL && !(flags & MOUNT_REMOUNT)))
		return usage();
	if (type == NULL)
		type = "none";
	from = argc == 2 ? argv[0] : type;
	if (mount(from, argv[argc - 1], type, flags) != 0) {
		perror(argv[argc - 1]);
		return 1;
	}
	return 0;
}
