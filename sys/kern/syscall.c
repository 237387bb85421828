/*
 * The one portable entry of system calls.
 *
 * Every door (int 0x80, syscall) builds a struct trapframe and comes here.  The number is tested
 * before it indexes anything.  The generated wrapper resolves descriptors and copies structs; the
 * body returns 0 or a positive error, and the only place that knows how a caller sees it is
 * below: POSIX-class calls get the result with CF clear or an errno with CF set, native ones an
 * mx_status_t.
 *
 * Traced threads have t_call_max 0, so that one comparison finds both numbers that are too large and
 * calls that are traced; nobody else pays for it.
 *
 * What most calls end with, result 0 and CF clear, is in the frame before the body runs, and the body's
 * result goes straight there; so nothing is left to do after it unless it fails, and the wrapper is
 * jumped to.  Whoever wants the number after that (a restart) has it in t_call.
 *
 * Budget of a null call: entry and exit belong to the assembler; here 10 instructions: number test,
 * two stores, the carry of the POSIX class, the jump.
 */
#include "kern/assert.h"
#include "kern/cpu.h"
#include "kern/lock.h"
#include "kern/sigmask.h"
#include "kern/status.h"
#include "kern/sysarg.h"
#include "kern/systrace.h"
#include "kern/thr.h"
#include "kern/trap.h"
#include "mach/atomic.h"
#include "vm/zone.h"
#include <abi/mx.h>

int (*syscall_trace_hook)(struct trapframe *, unsigned);

struct path_buffer {
	char text[PATH_MAX];
};
ZONE(path_zone, struct path_buffer);

int
sysarg_path(uint64_t user, char **out)
{
	size_t len;
	int error;
	char *buf = zone_alloc(path_zone, 0);

	if (buf == NULL)
		return ENOMEM;
	error = copyinstr((const void __user *)(uintptr_t)user, buf, PATH_MAX, &len);
	if (error != 0) {
		zone_free(path_zone, buf);
		return error;
	}
	*out = buf;
	return 0;
}

void
sysarg_path_free(char *path)
{
	if (path != NULL)
		zone_free(path_zone, path);
}

void
syscall_failed(struct trapframe *tf, int error)
{
	struct thr *t = thr_self();

	if (error == EJUSTRETURN)
		return;
	if (error == ERESTART) {
		/* The way out decides: EINTR, or once more (sys/proc/signal.c). */
		t->t_restart = true;
		atomic_or(&t->t_work, WORK_SIGNAL);
		return;
	}
	(void)sigmask_end(error);
	if (t->t_call >= SYS_NATIVE) {
		tf_set_result(tf, (uint64_t)(int64_t)error_to_status(error));
	} else {
		tf_set_result(tf, (uint64_t)error_to_errno(error));
		tf_set_carry(tf, true);
	}
}

static inline __attribute__((always_inline)) int
run(struct trapframe *tf, struct thr *t, uint64_t nr)
{
	int error;

	t->t_call = (uint16_t)nr;
	tf_set_result(tf, 0);
	if (nr < SYS_NATIVE)
		tf_set_carry(tf, false);
	if (!CONFIG_DEBUG)
		return syscall_bodies[nr](tf);
	error = syscall_bodies[nr](tf);
	lock_check_none();
	return error;
}

int
syscall_run(struct trapframe *tf, unsigned nr)
{
	int error = run(tf, thr_self(), nr);

	if (error != 0)
		syscall_failed(tf, error);
	return error;
}

static int
no_call(struct trapframe *tf, uint64_t nr)
{
	if (nr >= SYS_NATIVE && nr < 1024) {
		tf_set_result(tf, (uint64_t)MX_ERR_BAD_SYSCALL);
	} else {
		tf_set_result(tf, ENOSYS);
		tf_set_carry(tf, true);
	}
	return 0;
}

int
syscall_none(struct trapframe *tf)
{
	return no_call(tf, thr_self()->t_call);
}

/* Beyond the table; or not, and the thread is (or may be) traced. */
static __attribute__((noinline)) int
odd_call(struct trapframe *tf, uint64_t nr)
{
	if (nr > SYS_MAX || sysent[nr].name == NULL)
		return no_call(tf, nr);
	return syscall_trace_hook(tf, (unsigned)nr);
}

int __lean
syscall_enter(struct trapframe *tf)
{
	uint64_t nr = tf_call(tf);
	struct thr *t = thr_self();

	if (unlikely(nr > t->t_call_max))
		return odd_call(tf, nr);
	return run(tf, t, nr);
}

const char *
syscall_name(unsigned nr)
{
	return nr <= SYS_MAX && sysent[nr].name != NULL ? sysent[nr].name : "?";
}
