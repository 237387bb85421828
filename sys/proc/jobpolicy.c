/*
 * Job policy: what the processes of a job may do.
 *
 * 1. Concepts.  A *condition* is something that a process may try: make an event, fork, open by
 * path.  For each a job has an *action*.  A condition nobody spoke about is allowed, but for VMAR_WX,
 * which is denied; the opt-in is an explicit "allow".  What was said explicitly, in the job or in one
 * above it, can only become stricter: allow, audit, deny, kill (with an exception is as strict as without).
 * A new job starts with its parent's policy.  Policy is set while nothing is in the job.
 *
 * 2. Where it is asked.  A process carries one word with a bit for each condition whose action is not
 * "allow" (kern/policy.h); the entry path of a call tests its bit, and only a set bit leads here.  It
 * is asked after option bits and before everything else, on both faces: EPERM, ACCESS_DENIED.  The
 * conditions BAD_HANDLE and WRONG_OBJECT are asked when a lookup has failed, and change its result
 * never.
 *
 * 3. Actions.  allow; deny; the two with an exception; kill: the process ends with the wait status
 * SIGSYS and MX_TASK_RETCODE_POLICY_KILL; audit: allowed, and told.  What is audited, and what else
 * is not a plain deny, is one packet on the port that the job has for this (MX_JOB_POL_AUDIT_PORT), here or
 * from above; without one a line in the log.  Both are bounded: a port that is full and a log that had
 * LOG_BURST lines in a second lose records, and the next that gets through says how many.
 *
 * 4. Set-id.  A policy is a way to surprise a program with privileges, so below a policy that anybody
 * but root set a part of, set-id bits mean nothing.
 *
 * 5. Ways out.  Who is bound reaches no process outside of his job and those below by its number, with a
 * signal, a priority, a limit or a handle: he could make it do what he must not.  Handles that he is given
 * are another matter.  System V keys and ids are names that the whole machine shares, and so the condition
 * OPEN_PATH is theirs; shmdt takes away what the process has.
 *
 * Locking: changed under proc_tree_lock while the job is empty; read without by who is in it.
 */
#include "gen/sysproto.h"
#include "ipc/port.h"
#include "kern/assert.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/init.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/atomic.h"
#include "mach/user.h"
#include "proc/job.h"
#include "proc/procx.h"
#include <abi/channel.h>
#include <abi/policy.h>
#include <abi/rights.h>
#include <abi/signal.h>
#include <abi/task.h>
#include <abi/wait.h>

#define LOG_BURST	16u		/* lines a second */
#define NEW_FIRST	POLICY_NEW_VMO
#define NEW_LAST	POLICY_NEW_PROCESS

COUNTER_EVENT(denials, "policy.denied");
COUNTER_EVENT(audits, "policy.audited");
COUNTER_EVENT(kills, "policy.killed");

/* Conditions by our number: the program's number and what the log calls it. */
static const struct {
	uint16_t abi;
	const char *name;
} conditions[NPOLICY] = {
	[POLICY_BAD_HANDLE] = { MX_POL_BAD_HANDLE, "BAD_HANDLE" },
	[POLICY_WRONG_OBJECT] = { MX_POL_WRONG_OBJECT, "WRONG_OBJECT" },
	[POLICY_VMAR_WX] = { MX_POL_VMAR_WX, "VMAR_WX" },
	[POLICY_NEW_VMO] = { MX_POL_NEW_VMO, "NEW_VMO" },
	[POLICY_NEW_CHANNEL] = { MX_POL_NEW_CHANNEL, "NEW_CHANNEL" },
	[POLICY_NEW_EVENT] = { MX_POL_NEW_EVENT, "NEW_EVENT" },
	[POLICY_NEW_EVENTPAIR] = { MX_POL_NEW_EVENTPAIR, "NEW_EVENTPAIR" },
	[POLICY_NEW_PORT] = { MX_POL_NEW_PORT, "NEW_PORT" },
	[POLICY_NEW_SOCKET] = { MX_POL_NEW_SOCKET, "NEW_SOCKET" },
	[POLICY_NEW_FIFO] = { MX_POL_NEW_FIFO, "NEW_FIFO" },
	[POLICY_NEW_TIMER] = { MX_POL_NEW_TIMER, "NEW_TIMER" },
	[POLICY_NEW_PROCESS] = { MX_POL_NEW_PROCESS, "NEW_PROCESS" },
	[POLICY_MARK_VMO_EXEC] = { MX_POL_AMBIENT_MARK_VMO_EXEC, "AMBIENT_MARK_VMO_EXEC" },
	[POLICY_OPEN_PATH] = { MX_POL_OPEN_PATH, "OPEN_PATH" },
	[POLICY_SET_ID] = { MX_POL_SET_ID, "SET_ID" },
	[POLICY_NETWORK] = { MX_POL_NETWORK, "NETWORK" },
};

/* --- asking --- */

/* One more line in this second? */
static bool
log_allows(void)
{
	static nsec_t second;		/* [p] */
	static uint32_t lines;		/* [p] */
	nsec_t now = clock_now();
	bool yes;

	spin_lock(&proc_tree_lock);
	if (now - second >= NSEC_PER_SEC) {
		second = now;
		lines = 0;
	}
	yes = lines++ < LOG_BURST;
	spin_unlock(&proc_tree_lock);
	return yes;
}

static bool
tell_port(const struct job_policy *jp, struct abi_policy_record *r)
{
	struct abi_port_packet k = { .key = jp->audit_key, .type = MX_PKT_TYPE_POLICY };

	memcpy(k.user, r, sizeof(*r));
	return atomic_load(&jp->audit->uses) != 0 && port_send(port_of(jp->audit), &k, k.type) == 0;
}

/* One record to whoever listens.  A lost one is counted for the next. */
static void
tell(struct proc *p, enum policy cond, unsigned action)
{
	struct job *j = p->p_job;
	uint32_t lost = atomic_swap(&j->j_audits_lost, 0);
	struct abi_policy_record r = { .pid = (uint32_t)p->p_pid, .condition = conditions[cond].abi,
		.action = (uint16_t)action, .call = thr_self()->t_call, .lost = (uint16_t)MIN(lost, 65535u) };
	bool told;

	strlcpy(r.name, p->p_name, sizeof(r.name));
	if (j->j_policy.audit != NULL) {
		told = tell_port(&j->j_policy, &r);
	} else {
		told = log_allows();
		if (told)
			log_printf("policy: %s of %s[%d] by call %u, %u lost\n", conditions[cond].name, p->p_name,
			    p->p_pid, thr_self()->t_call, lost);
	}
	if (!told)
		atomic_add(&j->j_audits_lost, lost + 1);
}

static int
job_policy_ask(enum policy cond)
{
	struct proc *p = proc_self();
	unsigned action = p->p_job->j_policy.action[cond].action;

	if (action == MX_POL_ACTION_DENY) {
		kstat_add(&denials, 1);
		return EPERM;
	}
	tell(p, cond, action);
	switch (action) {
	case MX_POL_ACTION_KILL:
		kstat_add(&kills, 1);
		spin_lock(&proc_tree_lock);
		(void)proc_kill_locked(p, ABI_W_SIGNALED(SIGSYS, 0), MX_TASK_RETCODE_POLICY_KILL);
		spin_unlock(&proc_tree_lock);
		return EPERM;
	case MX_POL_ACTION_DENY_EXCEPTION:
		kstat_add(&denials, 1);
		exception_policy(cond);
		return EPERM;
	case MX_POL_ACTION_ALLOW_EXCEPTION:
		kstat_add(&audits, 1);
		exception_policy(cond);
		return 0;
	default:
		kstat_add(&audits, 1);
		return 0;
	}
}

/* The caller answers for itself; what would be in another job is refused by what that says. */
int
job_setid(const struct job *j)
{
	unsigned action;

	if (j == NULL || j == proc_self()->p_job)
		return policy_check(POLICY_SET_ID);
	action = j->j_policy.action[POLICY_SET_ID].action;
	return action == MX_POL_ACTION_DENY || action == MX_POL_ACTION_DENY_EXCEPTION ||
	    action == MX_POL_ACTION_KILL ? EPERM : 0;
}

/* --- what a job has --- */

static uint32_t
make_word(const struct job_policy *jp)
{
	uint32_t word = 0;

	for (unsigned i = 0; i < NPOLICY; i++)
		if (jp->action[i].action != MX_POL_ACTION_ALLOW)
			word |= 1u << i;
	return word;
}

void
job_policy_init(struct job_policy *jp, const struct job_policy *parent)
{
	if (parent == NULL) {
		memset(jp, 0, sizeof(*jp));
		jp->action[POLICY_VMAR_WX].action = MX_POL_ACTION_DENY;
		jp->word = make_word(jp);
		return;
	}
	*jp = *parent;
	if (jp->audit != NULL)
		node_ref(jp->audit);
}

void
job_policy_done(struct job_policy *jp)
{
	if (jp->audit != NULL)
		node_unref(jp->audit);
}

/* --- setting --- */

static bool
action_known(uint32_t action)
{
	return action <= MX_POL_ACTION_DENY_EXCEPTION || action == MX_POL_ACTION_KILL ||
	    action == MX_POL_ACTION_AUDIT;
}

/* The entries as one wish a condition: the last that names it counts.  0xff: none. */
static int
wish_add(uint8_t *wish, const struct abi_policy_basic *b)
{
	bool found = false;

	for (unsigned i = 0; i < NPOLICY; i++) {
		bool is_new = i >= NEW_FIRST && i <= NEW_LAST;

		if (conditions[i].name == NULL || (b->condition == MX_POL_NEW_ANY ? !is_new :
		    conditions[i].abi != b->condition))
			continue;
		wish[i] = (uint8_t)b->policy;
		found = true;
	}
	if (!found)
		return EINVAL;
	return action_known(b->policy) ? 0 : ENOTSUP;
}

/* How strict an action is. */
static unsigned
rank_of(uint8_t action)
{
	static const uint8_t rank[] = {
		[MX_POL_ACTION_ALLOW] = 0, [MX_POL_ACTION_ALLOW_EXCEPTION] = 1, [MX_POL_ACTION_AUDIT] = 1,
		[MX_POL_ACTION_DENY] = 2, [MX_POL_ACTION_DENY_EXCEPTION] = 2, [MX_POL_ACTION_KILL] = 3,
	};

	return rank[action];
}

/* Says what nobody has said, and what is stricter; EEXIST, with nothing changed, for an absolute wish that
 * is not. */
static int
apply_basic(struct job_policy *jp, const uint8_t *wish, bool absolute)
{
	struct job_policy old = *jp;

	for (unsigned i = 0; i < NPOLICY; i++) {
		struct job_action *a = &jp->action[i];

		if (wish[i] == 0xff || (a->set && a->action == wish[i]))
			continue;
		if (!a->set || rank_of(wish[i]) > rank_of(a->action)) {
			*a = (struct job_action){ .action = wish[i], .set = true };
		} else if (absolute) {
			*jp = old;
			return EEXIST;
		}
	}
	jp->word = make_word(jp);
	return 0;
}

/* proc_tree_lock is held from here on while the policy changes. */
static int
begin(struct job *j)
{
	spin_lock(&proc_tree_lock);
	return j->j_dead || !list_empty(&j->j_procs) || !list_empty(&j->j_jobs) ? EBADSTATE : 0;
}

static int
end(struct job *j, int error)
{
	if (error == 0 && !cred_super(proc_self()->p_cred))
		j->j_policy.unprivileged = true;
	spin_unlock(&proc_tree_lock);
	return error;
}

static int
set_basic(struct job *j, uint32_t options, const void __user *policy, uint32_t count)
{
	struct abi_policy_basic entry[MX_JOB_POL_MAX];
	uint8_t wish[NPOLICY];
	int error;

	if (count > MX_JOB_POL_MAX)
		return ERANGE;
	if (count == 0)
		return EINVAL;
	error = copyin(policy, entry, count * sizeof(*entry));
	memset(wish, 0xff, sizeof(wish));
	for (uint32_t i = 0; i < count && error == 0; i++)
		error = wish_add(wish, &entry[i]);
	if (error != 0)
		return error;
	error = begin(j);
	if (error == 0)
		error = apply_basic(&j->j_policy, wish, options == MX_JOB_POL_ABSOLUTE);
	return end(j, error);
}

/* The larger slack of the two, and the mode of the last that said one. */
static int
set_slack(struct job *j, uint32_t options, const void __user *policy, uint32_t count)
{
	struct abi_policy_timer_slack slack;
	int error;

	if (options != MX_JOB_POL_RELATIVE || count != 1)
		return EINVAL;
	error = copyin(policy, &slack, sizeof(slack));
	if (error == 0 && (slack.min_slack < 0 || slack.default_mode > MX_TIMER_SLACK_LATE || slack.reserved != 0))
		error = EINVAL;
	if (error != 0)
		return error;
	error = begin(j);
	if (error == 0) {
		j->j_policy.min_slack = MAX(j->j_policy.min_slack, slack.min_slack);
		j->j_policy.slack_mode = slack.default_mode;
	}
	return end(j, error);
}

/* A port from above stays: nobody takes himself out of hearing by making a job of his own. */
static int
set_audit(struct job *j, uint32_t options, const void __user *policy, uint32_t count)
{
	struct abi_policy_audit audit;
	struct node *port;
	int error;

	if (options != MX_JOB_POL_RELATIVE || count != 1)
		return EINVAL;
	error = copyin(policy, &audit, sizeof(audit));
	if (error == 0 && audit.reserved != 0)
		error = EINVAL;
	if (error == 0)
		error = handle_get(audit.port, NODE_PORT, RIGHT_WRITE, &port);
	if (error != 0)
		return error;
	error = begin(j);
	if (error == 0 && j->j_policy.audit != NULL)
		error = EEXIST;
	if (error == 0) {
		node_ref(port);
		j->j_policy.audit = port;
		j->j_policy.audit_key = audit.key;
	}
	error = end(j, error);
	node_unuse(port);
	return error;
}

int
sys_mx_job_set_policy(uint32_t h, uint32_t options, uint32_t topic, void __user *policy, uint32_t count)
{
	struct job *j;
	int error;

	if (topic != MX_JOB_POL_BASIC && topic != MX_JOB_POL_TIMER_SLACK && topic != MX_JOB_POL_AUDIT_PORT)
		return EINVAL;
	error = job_get(h, RIGHT_SET_POLICY, &j);
	if (error != 0)
		return error;
	if (topic == MX_JOB_POL_BASIC)
		error = set_basic(j, options, policy, count);
	else if (topic == MX_JOB_POL_TIMER_SLACK)
		error = set_slack(j, options, policy, count);
	else
		error = set_audit(j, options, policy, count);
	node_unuse(&j->j_node);
	return error;
}

static void
policy_start(void)
{
	policy_hook = job_policy_ask;
}
INIT(policy_start, LEVEL_PROC - 1);
