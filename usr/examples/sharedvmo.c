/*
 * Memory shared between two processes.
 *
 *	cc sharedvmo.c -lmx && ./a.out
 *
 * A VMO is memory with a handle.  Mapped with mx_vmar_map it stays shared after fork; a snapshot of
 * it does not see what is written later.
 */
#include "check.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(void)
{
	mx_handle_t vmo, snapshot;
	mx_vaddr_t addr;
	char old[16];

	check(mx_vmo_create(MX_PAGE_SIZE, 0, &vmo), "vmo_create");
	check(mx_vmar_map(mx_vmar_root_self(), MX_VM_PERM_READ | MX_VM_PERM_WRITE, 0, vmo, 0, MX_PAGE_SIZE, &addr),
	    "vmar_map");
	char *text = (char *)addr;

	strcpy(text, "before");
	check(mx_vmo_create_child(vmo, MX_VMO_CHILD_SNAPSHOT, 0, MX_PAGE_SIZE, &snapshot), "vmo_create_child");
	if (fork() == 0) {
		strcpy(text, "by the child");
		_exit(0);
	}
	wait(NULL);
	printf("shared: %s\n", text);
	check(mx_vmo_read(snapshot, old, 0, sizeof(old)), "vmo_read");
	printf("snapshot: %s\n", old);
	check(mx_vmar_unmap(mx_vmar_root_self(), addr, MX_PAGE_SIZE), "vmar_unmap");
	return 0;
}
