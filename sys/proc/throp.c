/*
 * throp: Zero's call on threads (abi/thread.h), which the C library's pthreads stand on.
 */
#include "gen/sysproto.h"
#include "ipc/futex.h"
#include "kern/assert.h"
#include "kern/error.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "mach/thread.h"
#include "mach/user.h"
#include "proc/thread.h"
#include "vm/space.h"
#include <abi/sig.h>
#include <abi/thread.h>

#define ENDED_MAX	1024u		/* unjoined threads that a process may leave lying about */

/* --- NEW --- */

int
thread_class_check(long class)
{
	if (class < THRRT || class > THRIDLE)
		return EINVAL;
	return class == THRRT && !cred_super(proc_self()->p_cred) ? EPERM : 0;
}

static int
check_new(const struct abi_thrarg *a)
{
	if ((a->flags & ~THR_DETACHED) != 0 || a->reserved != 0)
		return EINVAL;
	if (!user_range_ok((uintptr_t)a->stack, (size_t)a->stack_size) || a->stack_size < 2 * sizeof(uint64_t))
		return EINVAL;
	if ((a->flags & THR_DETACHED) == 0 && procx_self()->px_nended >= ENDED_MAX)
		return EAGAIN;
	return 0;
}

/* The new thread is like the caller, apart from its class and what it was given. */
static int
new_setup(struct thr *t, long class, const struct abi_thrarg *a)
{
	struct thr *self = thr_self();

	t->t_stack = a->stack;
	t->t_stack_size = a->stack_size;
	t->t_guard = a->guard;
	t->t_joinable = (a->flags & THR_DETACHED) == 0;
	t->t_sig->ts_mask = self->t_sig->ts_mask;
	sched_set(t, (uint8_t)class, self->t_nice);
	return mach_thr_tls(&t->t_mach, a->tls) != 0 ? EINVAL : 0;
}

static int
thr_new(long class, const void __user *user, intptr_t *result)
{
	struct abi_thrarg a;
	struct thr *t;
	uintptr_t sp;
	int error = copyin(user, &a, sizeof(a));

	if (error != 0 || (error = thread_class_check(class)) != 0 || (error = check_new(&a)) != 0)
		return error;
	error = thread_make(proc_self(), thr_self()->t_name, &t);
	if (error != 0)
		return error;
	/* As if entry had been called: the return address would be at sp. */
	sp = ROUND_DOWN((uintptr_t)(a.stack + a.stack_size), (uintptr_t)16) - sizeof(uint64_t);
	error = new_setup(t, class, &a);
	if (error == 0 && a.tid != 0)
		error = user_store32((void __user *)(uintptr_t)a.tid, (uint32_t)t->t_tid);
	*result = t->t_tid;
	if (error == 0)
		error = thread_launch(t, (uintptr_t)a.entry, sp, (uintptr_t)a.arg, 0);
	/* Only a process that is ending or executing refuses: the caller ends on its way out. */
	if (error == EBADSTATE)
		error = ERESTART;
	node_unuse(&t->t_node);
	return error;
}

/* --- the end --- */

/* In a joinable thread's process by id: running or ended, referenced. */
static int
find_joinable(int32_t tid, struct thr **out)
{
	struct procx *px = procx_self();
	struct thr *t, *found;

	spin_lock(&proc_tree_lock);
	found = thread_find_locked(&px->px_proc, tid);
	if (found == NULL) {
		list_for_each(t, &px->px_ended, t_proc_link)
			if (t->t_tid == tid)
				found = t;
	}
	if (found != NULL && found->t_joinable)
		node_ref(&found->t_node);
	spin_unlock(&proc_tree_lock);
	if (found == NULL)
		return ESRCH;
	*out = found;
	return found->t_joinable ? 0 : EINVAL;
}

/* Nobody can join it any more; false: somebody else was faster. */
static bool
take_end(struct thr *t)
{
	struct procx *px = procx_self();
	bool mine, ended;

	spin_lock(&proc_tree_lock);
	mine = t->t_joinable;
	ended = mine && t->t_proc == NULL;
	t->t_joinable = false;
	if (ended) {
		list_remove(&t->t_proc_link);
		px->px_nended--;
	}
	spin_unlock(&proc_tree_lock);
	if (ended)
		node_unref(&t->t_node);
	return mine;
}

static int
thr_join(long tid, void __user *user)
{
	struct abi_thrjoin j;
	struct thr *t;
	int error;

	if (tid == thr_self()->t_tid)
		return EDEADLK;
	if (tid <= 0 || tid > INT32_MAX)
		return ESRCH;
	error = find_joinable((int32_t)tid, &t);
	if (error != 0)
		return error;
	error = sig_wait(&t->t_node.own, SIG_SIGNALED, WAIT_INTR, NSEC_INFINITE, NULL, NULL);
	if (error == 0 && (uintptr_t)user != 0) {
		j.value = t->t_value;
		error = copyout(&j, user, sizeof(j));
	}
	if (error == 0 && !take_end(t))
		error = ESRCH;
	node_unref(&t->t_node);
	return error;
}

static int
thr_detach(long tid)
{
	struct thr *t;
	int error;

	if (tid == 0)
		tid = thr_self()->t_tid;
	if (tid < 0 || tid > INT32_MAX)
		return ESRCH;
	error = find_joinable((int32_t)tid, &t);
	if (error != 0)
		return error;
	if (!take_end(t))
		error = ESRCH;
	node_unref(&t->t_node);
	return error;
}

/* What cannot be unmapped or cleared is the program's mistake, and nobody is left to be told. */
static int
thr_leave(long value, const void __user *user)
{
	struct abi_threxit x = { .clear = 0 };
	int error = 0;

	if ((uintptr_t)user != 0 && (error = copyin(user, &x, sizeof(x))) != 0)
		return error;
	robust_exit();		/* the list may lie where the stack is */
	if (x.stack_size != 0)
		error = space_unmap(proc_self()->p_space, (vaddr_t)x.stack, (size_t)x.stack_size);
	if (x.clear != 0 && (error = user_store32((void __user *)(uintptr_t)x.clear, 0)) == 0)
		error = futex_wake((uintptr_t)x.clear, UINT32_MAX);
	(void)error;
	thr_self()->t_value = value;
	proc_thr_exit();
}

/* --- attributes --- */

/* A running thread of the caller's process, referenced; 0 is the caller. */
static int
thr_get(long tid, struct thr **out)
{
	struct thr *t = thr_self();

	spin_lock(&proc_tree_lock);
	if (tid != 0)
		t = tid > 0 && tid <= INT32_MAX ? thread_find_locked(proc_self(), (int32_t)tid) : NULL;
	if (t != NULL)
		node_ref(&t->t_node);
	spin_unlock(&proc_tree_lock);
	*out = t;
	return t != NULL ? 0 : ESRCH;
}

static int
thr_sysop(long cmd, void __user *user)
{
	struct abi_thrsys s;
	int error;

	if (cmd == THRSYS_ATFORK)
		return ENOTSUP;
	if (cmd < 0 || cmd > THRSYS_SCOPE)
		return EINVAL;
	if (cmd == THRSYS_SCHED) {
		thr_yield();
		return 0;
	}
	error = copyin(user, &s, sizeof(s));
	if (error != 0)
		return error;
	if (cmd == THRSYS_SIGMASK) {
		if (s.value < 0 || s.value > INT32_MAX)
			return EINVAL;
		/* Where the answer cannot be stored nothing is to change. */
		if ((error = copyout(&s, user, sizeof(s))) != 0)
			return error;
		error = sys_sigprocmask((int)s.value, &s.set, &s.old);
	} else {
		if (s.value != 0)
			return ENOTSUP;
		s.old = 0;
	}
	return error != 0 ? error : copyout(&s, user, sizeof(s));
}

static int
thr_stkop(struct thr *t, void __user *user)
{
	const struct abi_thrstk s = { .addr = t->t_stack, .size = t->t_stack_size, .guard = t->t_guard };

	return copyout(&s, user, sizeof(s));
}

static int
thr_rtop(struct thr *t, void __user *user)
{
	struct abi_thrrtop r;
	int error = copyin(user, &r, sizeof(r));

	if (error != 0)
		return error;
	if (r.op == THRRT_GET) {
		r.class = t->t_class;
		r.nice = t->t_nice;
		return copyout(&r, user, sizeof(r));
	}
	if (r.op != THRRT_SET || r.reserved != 0 || r.nice < -20 || r.nice > 19)
		return EINVAL;
	if ((error = thread_class_check(r.class)) != 0)
		return error;
	if ((r.nice < t->t_nice || r.class < t->t_class) && !cred_super(proc_self()->p_cred))
		return EPERM;
	sched_set(t, (uint8_t)r.class, (int8_t)r.nice);
	return 0;
}

static int
thr_setatr(struct thr *t, const void __user *user)
{
	struct abi_thratr a;
	int error = copyin(user, &a, sizeof(a));

	if (error != 0)
		return error;
	a.name[sizeof(a.name) - 1] = '\0';
	memcpy(t->t_name, a.name, sizeof(t->t_name));
	return 0;
}

static int
thr_getatr(struct thr *t, void __user *user)
{
	struct abi_thratr a;

	memcpy(a.name, t->t_name, sizeof(a.name));
	return copyout(&a, user, sizeof(a));
}

static int
thr_attributes(long cmd, long tid, void __user *user)
{
	struct thr *t;
	int error = thr_get(tid, &t);

	if (error != 0)
		return error;
	if (cmd == THR_STKOP)
		error = thr_stkop(t, user);
	else if (cmd == THR_RTOP)
		error = thr_rtop(t, user);
	else if (cmd == THR_GETATR)
		error = thr_getatr(t, user);
	else
		error = thr_setatr(t, user);
	node_unref(&t->t_node);
	return error;
}

/* --- locks --- */

/* A running thread that the caller may signal, referenced, or NULL. */
static struct thr *
find_holder(int32_t tid)
{
	struct proc *self = proc_self(), *p;
	struct thr *t;

	if (tid == 0)
		return NULL;
	spin_lock(&proc_tree_lock);
	t = thread_find_locked(self, tid);
	if (t == NULL)
		list_for_each(p, &proc_list, p_all)
			if (p != self && (t = thread_find_locked(p, tid)) != NULL)
				break;
	if (t != NULL && t->t_proc != self && !signal_allowed_locked(t->t_proc))
		t = NULL;
	if (t != NULL)
		node_ref(&t->t_node);
	spin_unlock(&proc_tree_lock);
	return t;
}

static int
thr_wait(const void __user *user)
{
	struct abi_thrwait w;
	struct thr *holder;
	int error = copyin(user, &w, sizeof(w));

	if (error != 0)
		return error;
	if (w.reserved != 0)
		return EINVAL;
	holder = find_holder((int32_t)(w.value & THR_LOCK_TID));
	error = futex_wait((uintptr_t)w.word, w.value, holder, w.deadline);
	if (holder != NULL)
		node_unref(&holder->t_node);
	return error == EBADSTATE ? EAGAIN : error;
}

int
sys_throp(long cmd, long parm, void __user *arg, intptr_t *result)
{
	*result = 0;
	switch (cmd) {
	case THR_NEW:
		return thr_new(parm, arg, result);
	case THR_JOIN:
		return thr_join(parm, arg);
	case THR_DETACH:
		return thr_detach(parm);
	case THR_EXIT:
		return thr_leave(parm, arg);
	case THR_CLEANUP:
	case THR_KEYOP:
		return ENOTSUP;
	case THR_SYSOP:
		return thr_sysop(parm, arg);
	case THR_STKOP:
	case THR_RTOP:
	case THR_SETATR:
	case THR_GETATR:
		return thr_attributes(cmd, parm, arg);
	case THR_WAIT:
		return thr_wait(arg);
	case THR_ROBUST:
		return robust_set((uintptr_t)arg);
	default:
		return EINVAL;
	}
}
