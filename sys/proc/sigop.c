/*
 * sigop: Zero's call on signals (abi/sigop.h), over what the POSIX calls do.
 *
 * The book gives SIG_SEND no addressee: it is in parm, with the values of Zero's own sources for the caller, its
 * children and its group.
 */
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/thr.h"
#include "mach/user.h"
#include "proc/signal.h"
#include <abi/signal.h>
#include <abi/sigop.h>

static uint32_t
flags_of(int64_t flg)
{
	return ((flg & SIGARG_NOCLDSTOP) != 0 ? SA_NOCLDSTOP : 0) | ((flg & SIGARG_ONSTACK) != 0 ? SA_ONSTACK : 0) |
	    ((flg & SIGARG_RESETHAND) != 0 ? SA_RESETHAND : 0) | ((flg & SIGARG_RESTART) != 0 ? SA_RESTART : 0) |
	    ((flg & SIGARG_SIGINFO) != 0 ? SA_SIGINFO : 0);
}

static int
set_function(long sig, const void __user *arg, intptr_t *result)
{
	struct abi_sigaction act = { 0 }, old = { 0 };
	struct abi_sigarg a;
	int error = copyin(arg, &a, sizeof(a));

	if (error != 0)
		return error;
	if (sig != (int)sig || (a.sig != 0 && a.sig != sig) || (a.flg & ~(int64_t)0x1f) != 0)
		return EINVAL;
	act.handler = a.func;
	act.restorer = a.restorer;
	act.flags = flags_of(a.flg);
	error = sys_sigaction((int)sig, &act, &old);
	*result = (intptr_t)old.handler;
	return error;
}

static int
pause_with(const abi_sigset_t *mask)
{
	const abi_sigset_t now = thr_self()->t_sig->ts_mask;

	return sys_sigsuspend(mask != NULL ? mask : &now);
}

static int
set_stack(struct trapframe *frame, const void __user *arg)
{
	struct abi_stack stack;
	int error = copyin(arg, &stack, sizeof(stack));

	return error != 0 ? error : sys_sigaltstack(frame, &stack, NULL);
}

int
sys_sigop(struct trapframe *frame, long cmd, long parm, void __user *arg, intptr_t *result)
{
	abi_sigset_t set;
	int error;

	*result = 0;
	switch (cmd) {
	case SIGOP_WAIT:
		return pause_with(NULL);
	case SIGOP_SETFUNC:
		return set_function(parm, arg, result);
	case SIGOP_SETSTK:
		return set_stack(frame, arg);
	case SIGOP_SETMASK:
	case SIGOP_SEND:
	case SIGOP_SUSPEND:
		break;
	default:
		return EINVAL;
	}
	error = copyin(arg, &set, sizeof(set));
	if (error != 0)
		return error;
	return cmd == SIGOP_SETMASK ? sys_sigprocmask(SIG_SETMASK, &set, NULL) :
	    cmd == SIGOP_SEND ? signal_send_set(parm, set) : pause_with(&set);
}
