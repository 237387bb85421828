/*
 * An open file goes to another process through a channel and is weakened on the way.
 *
 *	cc passfile.c -lmx && ./a.out
 *
 * The parent can read and write the file.  The child gets a handle that can only read: its write()
 * is refused, although it is the same open file, at the same offset.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
child(mx_handle_t end)
{
	mx_handle_info_t info;
	char word[16];
	uint32_t bytes, handles;

	check(mx_object_wait_one(end, MX_CHANNEL_READABLE, MX_TIME_INFINITE, NULL), "wait_one");
	check(mx_channel_read_etc(end, 0, word, &info, sizeof(word), 1, &bytes, &handles), "channel_read_etc");
	printf("child: got \"%.*s\" and a %s, %s, %s\n", (int)bytes, word,
	    info.type == MX_OBJ_TYPE_FILE ? "file" : "thing",
	    info.rights & MX_RIGHT_READ ? "readable" : "not readable",
	    info.rights & MX_RIGHT_WRITE ? "writable" : "not writable");

	int fd = mx_handle_fd(info.handle);
	char text[32];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	printf("child: read \"%s\"\n", text);
	if (write(fd, "x", 1) < 0)
		printf("child: write: %s\n", strerror(errno));
}

int
main(void)
{
	mx_handle_t ends[2];
	int fd = open("/tmp/note", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, "first second", 12) != 12 || lseek(fd, 6, SEEK_SET) != 6)
		return 1;
	check(mx_channel_create(MX_CHANNEL_DUPLICABLE, &ends[0], &ends[1]), "channel_create");
	fflush(stdout);
	if (fork() == 0) {
		close(fd);
		child(ends[1]);
		return 0;
	}
	/* A duplicate with fewer rights travels; the parent's descriptor stays as it is. */
	mx_handle_disposition_t file = { .operation = MX_HANDLE_OP_DUPLICATE, .handle = mx_fd_handle(fd),
		.type = MX_OBJ_TYPE_FILE, .rights = MX_RIGHT_READ | MX_RIGHT_WAIT };

	check(mx_channel_write_etc(ends[0], 0, "a file", 6, &file, 1), "channel_write_etc");
	wait(NULL);
	printf("parent: the child moved the common offset to %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	printf("parent: writes %zd byte\n", write(fd, "!", 1));
	unlink("/tmp/note");
	return 0;
}
