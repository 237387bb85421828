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
#include "proc/job.h"
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
	log_last("halted\n");
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

/* Who may be chosen. */
struct choice {
	koid_t job;			/* in that job or below it; 0: anywhere */
	bool fresh;			/* not being killed yet */
	bool marked;			/* in a job that is to be killed first, or below one */
};

static bool
eligible_locked(const struct choice *c, struct proc *p)
{
	return !exempt_locked(p) && !(c->fresh && killed_locked(p)) && (c->job == 0 || job_within(p->p_job, c->job)) &&
	    (!c->marked || job_marked_locked(p->p_job) != NULL);
}

/* The candidate that was made next after number `koid', referenced, with its space. */
static struct proc *
next_candidate(koid_t koid, const struct choice *c, struct space **space)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each(p, &proc_list, p_all) {
		if (p->p_node.koid <= koid || p->p_state != PROC_ALIVE || p->p_space == NULL ||
		    !eligible_locked(c, p) || !space_try_ref(p->p_space))
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
 * The process with the most memory that its end would give back, referenced.  A space's own lock sleeps, so each is looked at without the tree
 * lock; koids give the order.
 */
static struct proc *
largest(const struct choice *c, uint64_t *most)
{
	struct proc *p, *victim = NULL;
	struct space *space;
	koid_t last = 0;

	while ((p = next_candidate(last, c, &space)) != NULL) {
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

/* Ends the process, or the whole job that is to be killed first.  False: it is on its way already. */
static bool
put_down(struct proc *p, uint64_t bytes)
{
	bool first = signal_kill_once(p, MX_TASK_RETCODE_OOM_KILL);
	struct job *j;

	spin_lock(&proc_tree_lock);
	if ((j = job_marked_locked(p->p_job)) != NULL)
		node_ref(&j->j_node);
	spin_unlock(&proc_tree_lock);
	if (first)
		log_printf("out of memory: killed process %d (%s), %llu KiB%s\n", (int)p->p_pid, p->p_name,
		    (unsigned long long)(bytes / 1024), j != NULL ? ", and its job" : "");
	if (j != NULL) {
		job_kill_for(j, MX_TASK_RETCODE_OOM_KILL);
		node_unref(&j->j_node);
	}
	return first;
}

/* Jobs that are to be killed first come first. */
static struct proc *
choose(koid_t job, bool fresh, uint64_t *most)
{
	struct choice c = { .job = job, .fresh = fresh, .marked = true };
	struct proc *p = largest(&c, most);

	c.marked = false;
	return p != NULL ? p : largest(&c, most);
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

/* Who asks is refused: a call fails, a store is SIGBUS, of which the terminal's leader may die.  Once a second at most. */
static void
tell_nobody(void)
{
	static nsec_t again;		/* only the page daemon touches it */

	if (clock_now() < again)
		return;
	again = deadline_after(NSEC_PER_SEC);
	log_printf("out of memory: nobody may be killed, who asks for more is refused\n");
}

/* One that somebody else is killing will do; but after waiting in vain it must be a new one. */
static enum oom
oom_kill(void)
{
	bool late = victim != 0 && victim_alive();
	struct proc *p;
	uint64_t most = 0;
	enum oom done;

	if (late && clock_now() < victim_until)
		return OOM_COMING;
	victim = 0;
	if ((p = choose(0, late, &most)) == NULL) {
		tell_nobody();
		return OOM_NOBODY;
	}
	victim = p->p_node.koid;
	victim_until = deadline_after(OOM_PATIENCE);
	done = put_down(p, most) ? OOM_KILLED : OOM_COMING;
	node_unref(&p->p_node);
	return done;
}

/* A job is at its limit. */
static enum oom
oom_kill_in(koid_t job, bool late)
{
	uint64_t most = 0;
	struct proc *p = choose(job, late, &most);
	enum oom done;

	if (p == NULL)
		return OOM_NOBODY;
	done = put_down(p, most) ? OOM_KILLED : OOM_COMING;
	node_unref(&p->p_node);
	return done;
}

static void
oom_init(void)
{
	vm_oom_kill = oom_kill;
	vm_oom_kill_in = oom_kill_in;
}
INIT(oom_init, LEVEL_PROC - 1);
