/* Zero's structs of signals hold pointers; the kernel's are alike on both widths. */
#include <signal.h>
#include <stdint.h>
#include <zero/signal.h>
#include <gen/sysuser.h>

/* The C library's: where handlers return to. */
extern char __sigreturn[] __attribute__((visibility("hidden")));

static long
set_function(long sig, const struct sigarg *a)
{
	struct abi_sigarg b;

	if (a == NULL)
		return __sys_sigop(SIGOP_SETFUNC, sig, NULL);
	b = (struct abi_sigarg){ a->sig, a->flg, (uintptr_t)a->func, (uintptr_t)__sigreturn };
	return __sys_sigop(SIGOP_SETFUNC, sig, &b);
}

static long
set_stack(const struct sigstk *s)
{
	struct abi_stack b;

	if (s == NULL)
		return __sys_sigop(SIGOP_SETSTK, 0, NULL);
	b = (struct abi_stack){ .sp = (uintptr_t)s->base, .flags = (uint32_t)s->flg, .size = s->size };
	return __sys_sigop(SIGOP_SETSTK, 0, &b);
}

long
sys_sigop(long cmd, long parm, void *arg)
{
	if (cmd == SIGOP_SETFUNC)
		return set_function(parm, arg);
	return cmd == SIGOP_SETSTK ? set_stack(arg) : __sys_sigop(cmd, parm, arg);
}
