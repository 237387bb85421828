/*
 * Keys as events: what goes down and up on the screen's keyboard, until Escape.
 *
 *	cc keys.c -lzero -lmx && ./a.out
 *
 * To be run on the screen, not on a serial line: input belongs to the session of the screen's terminal.
 */
#include "check.h"

#include <zero/event.h>

#include <unistd.h>

int
main(void)
{
	mx_handle_t port;
	zevent_t e;

	check(mx_port_create(0, &port), "port_create");
	zevreg_t keys = { .port = mx_handle_fd(port), .source = 0, .mask = EVMASK_KEY };

	if (sys_evreg(0, 0, &keys) < 0) {
		perror("evreg");
		return 1;
	}
	do {
		if (sys_evrecv(&e, 0, mx_handle_fd(port)) != 0)
			return 1;
		printf("%s code %x symbol %x state %x\n", ZEV_TYPE(&e) == EV_KEYDOWN ? "down" : "up", e.kbd.code, e.kbd.sym,
		    e.kbd.state);
	} while (e.kbd.code != 1 || ZEV_TYPE(&e) != EV_KEYUP);
	return 0;
}
