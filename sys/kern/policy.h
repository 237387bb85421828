#pragma once
/*
 * Job policy, as the entry path sees it.  A process carries one word: a bit is set when its job says
 * anything but "allow" about the condition.  What it says (deny, kill, audit ...) is looked up by
 * the hook that sys/proc/jobpolicy.c sets.
 */
#include "kern/proc.h"

enum policy {
	POLICY_BAD_HANDLE, POLICY_WRONG_OBJECT, POLICY_VMAR_WX,
	POLICY_NEW_VMO = 4, POLICY_NEW_CHANNEL, POLICY_NEW_EVENT, POLICY_NEW_EVENTPAIR, POLICY_NEW_PORT,
	POLICY_NEW_SOCKET, POLICY_NEW_FIFO, POLICY_NEW_TIMER, POLICY_NEW_PROCESS,
	POLICY_MARK_VMO_EXEC = 15, POLICY_OPEN_PATH, POLICY_SET_ID, POLICY_NETWORK,
	NPOLICY
};

/*
 * Where it is asked: by the wrapper of a call (flag pol:NAME in conf/syscalls; OPEN_PATH for names that are no
 * paths, as those of System V), by the path walk (OPEN_PATH), exec (SET_ID), mapping (VMAR_WX), and by lookups that failed (BAD_HANDLE, WRONG_OBJECT),
 * which POSIX's questions "is it open?" (close and fcntl of a free number) do not count as.
 */

/* The condition's action for the current process: 0 go on; EPERM (natively ACCESS_DENIED).  Logs
 * an audit; does not return to user mode when the action is kill. */
extern int (*policy_hook)(enum policy);

static inline int __must_check
policy_check(enum policy cond)
{
	if (likely((proc_self()->p_policy & 1u << cond) == 0))
		return 0;
	return policy_hook(cond);
}
