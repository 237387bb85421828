/* What the pseudo-handles name: the process, thread and job of whoever asks (kern/desc.c, Self). */
#include "kern/desc.h"
#include "kern/error.h"
#include "kern/init.h"
#include "proc/job.h"
#include "proc/procx.h"
#include "vm/space.h"

static int
self_node(enum desc_self which, struct node **out)
{
	struct node *n;

	switch (which) {
	case DESC_SELF_PROCESS:
		n = &proc_self()->p_node;
		break;
	case DESC_SELF_THREAD:
		n = &thr_self()->t_node;
		break;
	case DESC_SELF_JOB:
		n = &proc_self()->p_job->j_node;
		break;
	case DESC_SELF_VMAR:
		return vmar_root(proc_self()->p_space, out);
	default:
		return EHANDLE;
	}
	node_use(n);
	*out = n;
	return 0;
}

static void
self_init(void)
{
	desc_self_hook = self_node;
}
INIT(self_init, LEVEL_PROC - 1);
