/*
 * The calls about descriptors themselves: close, dup, dup3, fcntl, ioctl's generic part, and the
 * native spellings of the same (handle_close, handle_duplicate, handle_replace) with the bridge.
 */
#include "gen/sysproto.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "vm/zone.h"
#include <abi/fcntl.h>
#include <abi/rights.h>
#include <abi/termios.h>

/* Flags that F_SETFL may change. */
#define SETFL_MASK	((uint32_t)(O_APPEND | O_NONBLOCK | O_SYNC))
#define CLOSE_FEW	64	/* handles that close_many keeps on the stack */

int
sys_close(int fd)
{
	return desc_close((uint32_t)fd);
}

static uint32_t
nofile_limit(void)
{
	return (uint32_t)MIN(proc_self()->p_limits[RLIMIT_NOFILE].cur, (uint64_t)DESC_POSIX_MAX);
}

/* A second slot for the same description, at the lowest number >= min. */
static int
duplicate(int fd, uint32_t min, uint32_t flags, intptr_t *result)
{
	struct node *n;
	uint32_t rights, index;
	int error = desc_get_slot((uint32_t)fd, NODE_ANY, 0, &n, &rights, NULL);

	if (error != 0)
		return error;
	if ((rights & RIGHT_DUPLICATE) == 0)
		error = EPERM;
	else
		error = desc_reserve(DESC_POSIX, min, &index);
	if (error != 0) {
		node_unuse(n);
		return error;
	}
	desc_publish(index, n, rights, flags);
	*result = (intptr_t)index;
	return 0;
}

int
sys_dup(int fd, intptr_t *result)
{
	return duplicate(fd, 0, 0, result);
}

int
sys_dup3(int old, int new, int flags, intptr_t *result)
{
	struct node *n;
	uint32_t rights, index;
	int error;

	/* dup2(n, n) is the library's business: it only asks whether n is open. */
	if ((flags & ~O_CLOEXEC) != 0)
		return EINVAL;
	error = desc_get_slot((uint32_t)old, NODE_ANY, 0, &n, &rights, NULL);
	if (error != 0)
		return error;
	if (new < 0 || (uint32_t)new >= nofile_limit()) {
		error = EBADF;
	} else if (desc_index((uint32_t)old, &index) == 0 && index == (uint32_t)new) {
		error = EINVAL;
	} else if ((rights & RIGHT_DUPLICATE) == 0) {
		error = EPERM;
	} else {
		error = desc_replace((uint32_t)new, n, rights, (flags & O_CLOEXEC) != 0 ? DESC_CLOEXEC : 0);
	}
	if (error != 0) {
		node_unuse(n);
		return error;
	}
	*result = new;
	return 0;
}

static uint32_t
access_mode(const struct node *n, uint32_t rights)
{
	/* A directory's READ and WRITE are about what is below it. */
	if ((n->flags & O_DIRECTORY) != 0)
		return O_RDONLY;
	if ((rights & (RIGHT_READ | RIGHT_WRITE)) == (RIGHT_READ | RIGHT_WRITE))
		return O_RDWR;
	return (rights & RIGHT_WRITE) != 0 ? O_WRONLY : O_RDONLY;
}

static int
set_flags(struct node *n, uint32_t rights, uint32_t flags)
{
	uint32_t old;

	if ((rights & RIGHT_SET_PROPERTY) == 0)
		return EPERM;
	do
		old = atomic_load(&n->flags);
	while (!atomic_cas(&n->flags, old, (old & ~SETFL_MASK) | (flags & SETFL_MASK)));
	return 0;
}

/* Another thread may have closed the descriptor meanwhile, which drops the process's locks: so does this. */
static int
wait_for_lock(struct node *n, int fd, uintptr_t arg)
{
	struct node *now = NULL;
	int error = fcntl_lock_hook(n, F_SETLKW, arg);

	if (error != 0)
		return error;
	if (desc_get((uint32_t)fd, NODE_ANY, 0, &now) == 0)
		node_unuse(now);
	if (now == n)
		return 0;
	if (desc_closed_hook != NULL)
		desc_closed_hook(n);
	return EBADF;
}

static int
fcntl_node(struct node *n, uint32_t rights, uint32_t slot_flags, int fd, int cmd, uintptr_t arg,
    intptr_t *result)
{
	switch (cmd) {
	case F_GETFD:
		*result = (slot_flags & DESC_CLOEXEC) != 0 ? FD_CLOEXEC : 0;
		return 0;
	case F_SETFD:
		return desc_set_flags((uint32_t)fd, (arg & FD_CLOEXEC) != 0 ? DESC_CLOEXEC : 0);
	case F_GETFL:
		*result = (intptr_t)((n->flags & ~(uint32_t)O_ACCMODE) | access_mode(n, rights));
		return 0;
	case F_SETFL:
		return set_flags(n, rights, (uint32_t)arg);
	case F_SETLKW:
		return fcntl_lock_hook != NULL ? wait_for_lock(n, fd, arg) : EINVAL;
	case F_GETLK:
	case F_SETLK:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock_hook != NULL ? fcntl_lock_hook(n, cmd, arg) : EINVAL;
	}
	return EINVAL;
}

int
sys_fcntl(int fd, int cmd, uintptr_t arg, intptr_t *result)
{
	struct node *n;
	uint32_t rights, flags, index;
	int error;

	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) {
		error = desc_get((uint32_t)fd, NODE_ANY, 0, &n);
		if (error != 0)
			return error;
		node_unuse(n);
		if (arg >= nofile_limit())
			return EINVAL;
		return duplicate(fd, (uint32_t)arg, cmd == F_DUPFD_CLOEXEC ? DESC_CLOEXEC : 0, result);
	}
	/* To ask whether a descriptor is open is no use of it, and nothing for BAD_HANDLE. */
	if (cmd == F_GETFD && desc_index((uint32_t)fd, &index) != 0)
		return EBADF;
	error = desc_get_slot((uint32_t)fd, NODE_ANY, 0, &n, &rights, &flags);
	if (error != 0)
		return error;
	error = fcntl_node(n, rights, flags, fd, cmd, arg, result);
	node_unuse(n);
	return error;
}

int
sys_ioctl(struct node *fd, unsigned long cmd, uintptr_t arg, intptr_t *result)
{
	int value = 0, error;

	if (cmd == FIONBIO) {
		error = copyin((const void __user *)arg, &value, sizeof(value));
		if (error == 0 && value != 0)
			atomic_or(&fd->flags, (uint32_t)O_NONBLOCK);
		else if (error == 0)
			atomic_and(&fd->flags, ~(uint32_t)O_NONBLOCK);
		return error;
	}
	error = fd->ops->ioctl(fd, cmd, arg, &value);
	*result = value;
	return error;
}

/* --- native spellings --- */

int
sys_mx_handle_close(uint32_t h)
{
	if (h == 0)
		return 0;
	int error = h <= DESC_INDEX_MASK ? EHANDLE : desc_close(h);

	return likely(error == 0) ? 0 : desc_refused(error);
}

/* All are closed whatever happens to one of them, so all are known before the first goes. */
int
sys_mx_handle_close_many(void __user *handles, size_t n)
{
	uint32_t few[CLOSE_FEW], *h = few;
	int error, first = 0;

	if (n > DESC_MAX)
		return EINVAL;
	if (n > CLOSE_FEW && (h = kmem_alloc(n * sizeof(*h), 0)) == NULL)
		return ENOMEM;
	error = copyin(handles, h, n * sizeof(*h));
	for (size_t i = 0; error == 0 && i < n; i++)
		if (sys_mx_handle_close(h[i]) != 0)
			first = EHANDLE;
	if (h != few)
		kmem_free(h, n * sizeof(*h));
	return error != 0 ? error : first;
}

/* Rights that a duplicate or replacement shall have; the source's are the most there is. */
static int
narrowed(uint32_t have, uint32_t want, uint32_t *out)
{
	if (want == RIGHT_SAME) {
		*out = have;
		return 0;
	}
	if ((want & ~have) != 0)
		return EINVAL;
	*out = want;
	return 0;
}

int
sys_mx_handle_duplicate(uint32_t h, uint32_t rights, void __user *out)
{
	struct node *n;
	uint32_t have;
	int error;

	if (h <= DESC_INDEX_MASK)
		return desc_refused(EHANDLE);
	error = desc_get_slot(h, NODE_ANY, RIGHT_DUPLICATE, &n, &have, NULL);
	if (error != 0)
		return error;
	error = narrowed(have, rights, &rights);
	if (error == 0)
		error = handle_install(n, rights, out);
	if (error != 0)
		node_unuse(n);
	return error;
}

/* Consumes h by success and failure alike, so it goes first: the new one finds room at any limit. */
int
sys_mx_handle_replace(uint32_t h, uint32_t rights, void __user *out)
{
	struct slot s;
	int error = handle_take(h, &s);

	if (error != 0)
		return error;
	error = narrowed(s.rights, rights, &s.rights);
	s.flags = DESC_CLOEXEC;
	if (error == 0)
		error = handle_install_slot(&s, out);
	if (error != 0)
		slot_drop(&s);
	return error;
}

int
sys_mx_fd_handle(int fd, uint32_t *out)
{
	uint32_t index;
	int error = desc_index((uint32_t)fd, &index);

	if (error == 0)
		*out = desc_handle(index);
	return error;
}

int
sys_mx_handle_fd(uint32_t h, int *out)
{
	uint32_t index;
	int error = h <= DESC_INDEX_MASK ? EHANDLE : desc_index(h, &index);

	if (error == 0 && index >= DESC_MAX)
		error = EHANDLE;			/* a pseudo-handle is no descriptor */
	if (error == 0)
		*out = (int)index;
	return error;
}
