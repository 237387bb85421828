/*
 * Calls about the machine as a whole: its name, its end; and small ones that fit nowhere else.
 */
#include "kern/cpu.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/sysctl.h"
#include "gen/sysproto.h"
#include "mach/cpu.h"
#include "mach/intr.h"
#include "mach/thread.h"
#include "mach/user.h"
#include "proc/procx.h"
#include "vm/space.h"
#include <abi/limits.h>
#include <abi/reboot.h>
#include <abi/task.h>

static char hostname[HOST_NAME_MAX + 1] = "zenta";

int
sys_uname(struct abi_utsname *name)
{
	strlcpy(name->sysname, "Zenta", sizeof(name->sysname));
	strlcpy(name->nodename, hostname, sizeof(name->nodename));
	strlcpy(name->release, CONFIG_VERSION, sizeof(name->release));
	strlcpy(name->version, CONFIG_DEBUG ? "debug" : "release", sizeof(name->version));
	strlcpy(name->machine, MACH_NAME, sizeof(name->machine));
	return 0;
}

int
sys_sethostname(void __user *name, size_t len)
{
	char buf[HOST_NAME_MAX + 1];
	int error;

	if (!cred_super(proc_self()->p_cred))
		return EPERM;
	if (len > HOST_NAME_MAX)
		return EINVAL;
	error = copyin(name, buf, len);
	if (error != 0)
		return error;
	buf[len] = '\0';
	memcpy(hostname, buf, sizeof(hostname));
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

/* --- out of memory --- */

/* Neither process 1 nor a leader of a session that has a terminal: the shells must survive. */
static bool
exempt_locked(struct proc *p)
{
	struct session *s = p->p_pgrp->pg_session;

	return p == proc_init() || (s->s_leader == p && s->s_tty != NULL);
}

/* The candidate that was made next after number `koid', referenced, with its space. */
static struct proc *
next_candidate(koid_t koid, struct space **space)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &proc_list, p_all) {
		if (p->p_node.koid <= koid || p->p_state != PROC_ALIVE || p->p_space == NULL ||
		    exempt_locked(p))
			continue;
		node_ref(&p->p_node);
		space_ref(p->p_space);
		*space = p->p_space;
		spin_unlock(&proc_tree_lock);
		return p;
	}
	spin_unlock(&proc_tree_lock);
	return NULL;
}

/*
 * Ends the process with the most memory that its end would give back.  One that is being ended
 * already is chosen again, and nothing more happens: its memory is on the way.  A space's own
 * lock sleeps, so each is looked at without the tree lock; koids give the order.
 */
static void
oom_kill(void)
{
	struct proc *p, *victim = NULL;
	uint64_t most = 0, bytes;
	struct space *space;
	koid_t last = 0;

	while ((p = next_candidate(last, &space)) != NULL) {
		last = p->p_node.koid;
		bytes = space_charged(space);
		space_unref(space);
		if (victim != NULL && bytes <= most) {
			node_unref(&p->p_node);
			continue;
		}
		if (victim != NULL)
			node_unref(&victim->p_node);
		victim = p;
		most = bytes;
	}
	if (victim == NULL)
		return;
	if (signal_kill_once(victim, MX_TASK_RETCODE_OOM_KILL))
		log_printf("out of memory: killed process %d (%s), %llu KiB\n", (int)victim->p_pid,
		    victim->p_name, (unsigned long long)(most / 1024));
	node_unref(&victim->p_node);
}

static void
oom_init(void)
{
	vm_oom_kill = oom_kill;
}
INIT(oom_init, LEVEL_PROC - 1);
