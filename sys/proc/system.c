/*
 * Calls about the machine as a whole: its name, its end; and small ones that fit nowhere else.
 */
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/lock.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "gen/sysproto.h"
#include "mach/cpu.h"
#include "mach/intr.h"
#include "mach/thread.h"
#include "mach/user.h"
#include "proc/procx.h"
#include "vm/daemon.h"
#include "vm/space.h"
#include <abi/limits.h>
#include <abi/reboot.h>
#include <abi/task.h>

LOCK_CLASS(host_class, "host name", RANK_HOST);
static struct spin host_lock = SPIN_INIT(&host_class);
static char hostname[HOST_NAME_MAX + 1] = "zenta";	/* host_lock */

int
sys_uname(struct abi_utsname *name)
{
	strlcpy(name->sysname, "Zenta", sizeof(name->sysname));
	spin_lock(&host_lock);
	strlcpy(name->nodename, hostname, sizeof(name->nodename));
	spin_unlock(&host_lock);
	strlcpy(name->release, CONFIG_VERSION, sizeof(name->release));
	strlcpy(name->version, CONFIG_DEBUG ? "debug" : "release", sizeof(name->version));
	strlcpy(name->machine, MACH_NAME, sizeof(name->machine));
	return 0;
}

int
sys_sethostname(void __user *name, size_t len)
{
	char buf[HOST_NAME_MAX + 1] = "";
	int error;

	if (!cred_super(proc_self()->p_cred))
		return EPERM;
	if (len > HOST_NAME_MAX)
		return EINVAL;
	error = copyin(name, buf, len);
	if (error != 0)
		return error;
	spin_lock(&host_lock);
	memcpy(hostname, buf, sizeof(hostname));
	spin_unlock(&host_lock);
	return 0;
}

int
sys_sched_yield(void)
{
	thr_yield();
	return 0;
}

int
sys_set_tls(uintptr_t base)
{
	return mach_set_tls(&thr_self()->t_mach, base);
}

int
sys_halt(long flags)
{
	int error;

	if (!cred_super(proc_self()->p_cred))
		return EPERM;
	if ((flags & ~(HALT_REBOOT | HALT_POWEROFF | HALT_NOSYNC)) != 0 ||
	    (flags & (HALT_REBOOT | HALT_POWEROFF)) == (HALT_REBOOT | HALT_POWEROFF))
		return EINVAL;
	if ((flags & HALT_NOSYNC) == 0 && (error = sys_sync()) != 0)
		return error;
	if ((flags & HALT_POWEROFF) != 0)
		mach_poweroff();
	if ((flags & HALT_REBOOT) != 0)
		mach_reset();
	log_printf("halted\n");
	cpu_halt_forever();
}

/* --- out of memory: whom vm/daemon.c kills --- */

#define OOM_PATIENCE	NSEC_PER_SEC

/* Neither process 1 nor a leader of a session that has a terminal: the shells must survive. */
static bool
exempt_locked(struct proc *p)
{
	struct session *s = p->p_pgrp->pg_session;

	return p == proc_init() || (s->s_leader == p && s->s_tty != NULL);
}

static bool
killed_locked(struct proc *p)
{
	bool killed;

	spin_lock(&p->p_sig->sa_lock);
	killed = p->p_sig->sa_killed;
	spin_unlock(&p->p_sig->sa_lock);
	return killed;
}

/* The candidate that was made next after number `koid', referenced, with its space. */
static struct proc *
next_candidate(koid_t koid, bool fresh, struct space **space)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &proc_list, p_all) {
		if (p->p_node.koid <= koid || p->p_state != PROC_ALIVE || p->p_space == NULL ||
		    exempt_locked(p) || (fresh && killed_locked(p)) || !space_try_ref(p->p_space))
			continue;
		node_ref(&p->p_node);
		*space = p->p_space;
		spin_unlock(&proc_tree_lock);
		return p;
	}
	spin_unlock(&proc_tree_lock);
	return NULL;
}

/*
 * The process with the most memory that its end would give back, referenced; `fresh': of those that
 * are not being killed yet.  A space's own lock sleeps, so each is looked at without the tree
 * lock; koids give the order.
 */
static struct proc *
largest(bool fresh, uint64_t *most)
{
	struct proc *p, *victim = NULL;
	struct space *space;
	koid_t last = 0;

	while ((p = next_candidate(last, fresh, &space)) != NULL) {
		uint64_t bytes = space_charged(space);

		last = p->p_node.koid;
		space_unref(space);
		if (victim != NULL && bytes <= *most) {
			node_unref(&p->p_node);
			continue;
		}
		if (victim != NULL)
			node_unref(&victim->p_node);
		victim = p;
		*most = bytes;
	}
	return victim;
}

/* The last victim: only the page daemon touches these. */
static koid_t victim;			/* 0: nobody */
static nsec_t victim_until;		/* so long it is waited for */

static bool
victim_alive(void)
{
	struct proc *p;
	bool alive = false;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &proc_list, p_all)
		alive = alive || (p->p_node.koid == victim && p->p_state == PROC_ALIVE);
	spin_unlock(&proc_tree_lock);
	return alive;
}

/* One that somebody else is killing will do; but after waiting in vain it must be a new one. */
static enum oom
oom_kill(void)
{
	bool late = victim != 0 && victim_alive();
	struct proc *p;
	uint64_t most = 0;
	enum oom done = OOM_COMING;

	if (late && clock_now() < victim_until)
		return OOM_COMING;
	victim = 0;
	if ((p = largest(late, &most)) == NULL)
		return OOM_NOBODY;
	victim = p->p_node.koid;
	victim_until = deadline_after(OOM_PATIENCE);
	if (signal_kill_once(p, MX_TASK_RETCODE_OOM_KILL)) {
		log_printf("out of memory: killed process %d (%s), %llu KiB\n", (int)p->p_pid, p->p_name,
		    (unsigned long long)(most / 1024));
		done = OOM_KILLED;
	}
	node_unref(&p->p_node);
	return done;
}

static void
oom_init(void)
{
	vm_oom_kill = oom_kill;
}
INIT(oom_init, LEVEL_PROC - 1);
