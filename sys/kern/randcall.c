/* Random numbers for programs: getrandom waits until the generator is seeded, unless told not to. */
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/random.h"
#include "kern/thr.h"
#include "kern/uio.h"
#include "kern/wait.h"
#include "mach/user.h"
#include <abi/mx.h>
#include <abi/random.h>
#include <abi/sig.h>

int
sys_getrandom(void __user *buf, size_t len, unsigned int flags, intptr_t *result)
{
	uint8_t piece[256];
	size_t done = 0;
	int error = 0;

	if ((flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM)) != 0)
		return EINVAL;
	if (len > INTPTR_MAX)
		return EINVAL;
	if (!random_seeded()) {
		if ((flags & GRND_NONBLOCK) != 0)
			return EAGAIN;
		error = sig_wait(random_source(), SIG_READABLE, WAIT_INTR, NSEC_INFINITE, NULL, NULL);
	}
	while (error == 0 && done < len) {
		size_t n = MIN(len - done, sizeof(piece));

		random_bytes(piece, n);
		error = copyout(piece, (void __user *)((uintptr_t)buf + done), n);
		if (error == 0) {
			done += n;
			error = thr_pause();
		}
	}
	*result = (intptr_t)done;
	return done > 0 ? 0 : error;
}

/* What a program adds is mixed in and credited with nothing. */
int
sys_mx_cprng_add_entropy(void __user *buf, size_t len)
{
	uint8_t piece[MX_CPRNG_ADD_ENTROPY_MAX_LEN];
	int error;

	if (len > sizeof(piece))
		return EINVAL;
	error = copyin(buf, piece, len);
	if (error == 0)
		random_add(piece, len, 0);
	return error;
}
