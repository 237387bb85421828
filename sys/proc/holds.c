/* What living processes are made of and hold: vm/owner.c. */
#include "kern/owner.h"

#if CONFIG_DEBUG
#include "fs/file.h"
#include "fs/fsctx.h"
#include "fs/procfs.h"
#include "fs/vnode.h"
#include "ipc/pipe.h"
#include "kern/desc.h"
#include "proc/job.h"
#include "proc/pgrp.h"
#include "proc/procx.h"
#include "vm/space.h"

/* Of a pipe, with or without a name. */
static void
end_seen(struct node *n)
{
	struct node *end = n->kind == NODE_PIPE && vnode_of(n) == NULL ? n : fifo_file_end(n);

	if (end == NULL)
		return;
	owner_seen(end);
	pipe_seen(end);
}

static void
slots_seen(struct proc *p)
{
	uint32_t rights, flags;
	struct node *n;

	for (int i = -1; p->p_desc != NULL && (i = desctab_next(p->p_desc, (uint32_t)i + 1)) >= 0;) {
		if (desctab_peek(p->p_desc, (uint32_t)i, &n, &rights, &flags) != 0)
			continue;
		owner_seen(n);
		owner_seen(n->pair);
		end_seen(n);
		if (vnode_of(n) != NULL)
			vnode_seen(vnode_of(n));
		node_unuse(n);
	}
}

static void
files_seen(struct proc *p)
{
	struct vnode *vn[3];

	spin_lock(&proc_tree_lock);
	vn[0] = p->p_fs != NULL ? p->p_fs->root : NULL;
	vn[1] = p->p_fs != NULL ? p->p_fs->cwd : NULL;
	vn[2] = p->p_exe;
	for (size_t i = 0; i < ARRAY_SIZE(vn); i++)
		if (vn[i] != NULL)
			vnode_ref(vn[i]);
	owner_seen(p->p_fs);
	spin_unlock(&proc_tree_lock);
	for (size_t i = 0; i < ARRAY_SIZE(vn); i++)
		if (vn[i] != NULL) {
			vnode_seen(vn[i]);
			vnode_unref(vn[i]);
		}
}

/* What is looked at under the tree lock; the space comes back with a reference. */
static struct space *
bones_seen(struct proc *p)
{
	struct space *s;
	struct thr *t;

	spin_lock(&proc_tree_lock);
	owner_seen(p);
	owner_seen(p->p_cred);
	owner_seen(p->p_sig);
	owner_seen(p->p_cmdline);
	owner_seen(p->p_pgrp);
	if (p->p_pgrp != NULL)
		owner_seen(p->p_pgrp->pg_session);
	for (struct job *j = p->p_job; j != NULL; j = j->j_parent)
		owner_seen(j);
	list_for_each(t, &p->p_thrs, t_proc_link)
		owner_seen(t);
	if ((s = p->p_space) != NULL)
		space_ref(s);
	spin_unlock(&proc_tree_lock);
	return s;
}

static void
processes_hold(void)
{
	struct space *s;
	struct proc *p;

	for (int32_t pid = 0; (pid = procfs_next_pid(pid)) >= 0; pid++) {
		if ((p = proc_find(pid)) == NULL)
			continue;
		s = bones_seen(p);
		files_seen(p);
		slots_seen(p);
		if (s != NULL) {
			space_seen(s);
			space_unref(s);
		}
		node_unref(&p->p_node);
	}
}
HOLDS(processes_hold);
#endif
