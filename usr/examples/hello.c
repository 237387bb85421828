/*
 * The smallest program.  In Zenta:          cc hello.c && ./a.out
 * On the host, then run in Zenta:           build/sdk/bin/x86_64-zenta-cc -o hello usr/examples/hello.c
 *                                           mk/zrun -f hello:/tmp/hello /tmp/hello
 */
#include <stdio.h>
#include <sys/utsname.h>

int
main(void)
{
	struct utsname u;

	if (uname(&u) != 0) {
		perror("uname");
		return 1;
	}
	printf("Hello from %s %s on %s.\n", u.sysname, u.release, u.machine);
	return 0;
}
