/*
 * What the files of /proc/PID say of a process, but for what it holds (procfs_handles.c).  A process may
 * end while it is looked at: its address space is referenced, or is found to be gone.
 */
#include "fs/procfs_impl.h"
#include "fs/procfs.h"
#include "fs/text.h"
#include "fs/vnode.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/proc.h"
#include "kern/string.h"
#include "vm/space.h"
#include "vm/vmo.h"
#include "vm/zone.h"

#define TICKS_PER_SEC	100		/* of the times in PID/stat */

struct pinfo {
	struct procfs_info info;
	char name[32];
	uint32_t nthrs;
	nsec_t start;
	uint64_t size, resident;	/* bytes */
};

static uint64_t
ticks(uint64_t nsec)
{
	return nsec / (NSEC_PER_SEC / TICKS_PER_SEC);
}

/* The process's address space, referenced, or NULL (a zombie's is gone). */
static struct space *
space_of(struct proc *p)
{
	struct space *s;

	spin_lock(&proc_tree_lock);
	s = p->p_space;
	if (s != NULL)
		space_ref(s);
	spin_unlock(&proc_tree_lock);
	return s;
}

static void
pinfo_get(struct proc *p, struct pinfo *pi)
{
	struct space *s;
	struct thr *t;

	memset(pi, 0, sizeof(*pi));
	pi->info.state = p->p_state == PROC_ZOMBIE ? 'Z' : 'S';
	pi->info.tpgid = -1;
	spin_lock(&proc_tree_lock);
	strlcpy(pi->name, p->p_name, sizeof(pi->name));
	pi->nthrs = p->p_nthrs;
	pi->start = p->p_start;
	pi->info.ppid = p->p_parent != NULL ? p->p_parent->p_pid : 0;
	list_for_each(t, &p->p_thrs, t_proc_link)
		if (t->t_state == THR_RUNNING || t->t_state == THR_READY)
			pi->info.state = 'R';
	if (procfs_info_hook != NULL)
		procfs_info_hook(p, &pi->info);
	spin_unlock(&proc_tree_lock);
	if ((s = space_of(p)) != NULL) {
		pi->size = space_size(s);
		pi->resident = space_resident(s);
		space_unref(s);
	}
}

/* Fields and their order are Linux's: what reads that reads this. */
int
procfs_stat(struct text *t, struct proc *p)
{
	struct pinfo pi;
	const struct procfs_info *i = &pi.info;

	pinfo_get(p, &pi);
	text_printf(t, "%d (%s) %c %d %d %d %llu %d 0", (int)p->p_pid, pi.name, i->state,
	    (int)i->ppid, (int)i->pgid, (int)i->sid, (unsigned long long)i->tty, (int)i->tpgid);
	text_printf(t, " %lld %lld %lld %lld", (long long)i->usage.minflt, (long long)p->p_child_usage.minflt,
	    (long long)i->usage.majflt, (long long)p->p_child_usage.majflt);
	text_printf(t, " %llu %llu %llu %llu %d %d %u 0 %llu %llu %llu",
	    (unsigned long long)ticks(i->user_ns), (unsigned long long)ticks(i->sys_ns),
	    (unsigned long long)ticks(i->child_user_ns), (unsigned long long)ticks(i->child_sys_ns),
	    20 + i->nice, i->nice, pi.nthrs, (unsigned long long)ticks((uint64_t)pi.start),
	    (unsigned long long)pi.size, (unsigned long long)(pi.resident / PAGE_SIZE));
	text_printf(t, " %llu 0 0 0 0 0 %llu %llu %llu %llu 0 0 0 17 0 0 0 0 0 0\n",
	    (unsigned long long)p->p_limits[RLIMIT_RSS].cur, (unsigned long long)i->sig_pending,
	    (unsigned long long)i->sig_blocked, (unsigned long long)i->sig_ignored,
	    (unsigned long long)i->sig_caught);
	return 0;
}

static const char *
state_name(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'T':
		return "stopped";
	case 'Z':
		return "zombie";
	default:
		return "sleeping";
	}
}

int
procfs_status(struct text *t, struct proc *p)
{
	struct pinfo pi;
	struct cred *c = procfs_cred(p);

	pinfo_get(p, &pi);
	text_printf(t, "Name:\t%s\nState:\t%c (%s)\nPid:\t%d\nPPid:\t%d\nPgid:\t%d\nSid:\t%d\n", pi.name,
	    pi.info.state, state_name(pi.info.state), (int)p->p_pid, (int)pi.info.ppid,
	    (int)pi.info.pgid, (int)pi.info.sid);
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nGroups:\t", c->ruid, c->euid, c->suid,
	    c->euid, c->rgid, c->egid, c->sgid, c->egid);
	for (uint32_t i = 0; i < c->ngroups; i++)
		text_printf(t, "%u ", c->groups[i]);
	text_printf(t, "\nVmSize:\t%8llu kB\nVmRSS:\t%8llu kB\nThreads:\t%u\n",
	    (unsigned long long)(pi.size / 1024), (unsigned long long)(pi.resident / 1024), pi.nthrs);
	text_printf(t, "SigPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
	    (unsigned long long)pi.info.sig_pending, (unsigned long long)pi.info.sig_blocked,
	    (unsigned long long)pi.info.sig_ignored, (unsigned long long)pi.info.sig_caught);
	cred_unref(c);
	return 0;
}

int
procfs_cmdline(struct text *t, struct proc *p)
{
	size_t len = p->p_cmdline_len;

	/* Room first: nothing may come between the pointer and the copy. */
	if (!text_room(t, len + 1))
		return ENOMEM;
	spin_lock(&proc_tree_lock);
	if (p->p_cmdline != NULL && p->p_cmdline_len <= len)
		text_bytes(t, p->p_cmdline, p->p_cmdline_len);
	spin_unlock(&proc_tree_lock);
	return 0;
}

int
procfs_comm(struct text *t, struct proc *p)
{
	text_printf(t, "%s\n", p->p_name);
	return 0;
}

int
procfs_environ(struct text *t, struct proc *p)
{
	struct space *s = space_of(p);
	uintptr_t at = p->p_envp, end = p->p_envp_end;
	char piece[256];
	size_t done = 1;
	int error = 0;

	if (s == NULL)
		return 0;
	while (at < end && error == 0 && done != 0 && !t->failed) {
		error = space_read(s, at, piece, MIN(end - at, sizeof(piece)), &done);
		if (error == 0)
			text_bytes(t, piece, done);
		at += done;
	}
	space_unref(s);
	return error;
}

static void
map_line(struct text *t, const struct space_info *si, char *path)
{
	uint64_t dev = 0, ino = 0;
	const char *what = si->what != NULL ? si->what : "";

	path[0] = '\0';
	if (si->vmo != NULL && vmo_path_hook != NULL && vmo_path_hook(si->vmo, path, PATH_MAX) == 0 &&
	    what[0] == '\0')
		what = path;
	text_printf(t, "%012llx-%012llx %c%c%c%c %08llx %02llx:%02llx %llu ",
	    (unsigned long long)si->start, (unsigned long long)si->end,
	    (si->prot & VM_READ) != 0 ? 'r' : '-', (si->prot & VM_WRITE) != 0 ? 'w' : '-',
	    (si->prot & VM_EXEC) != 0 ? 'x' : '-', (si->flags & MAPF_SHARED) != 0 ? 's' : 'p',
	    (unsigned long long)si->off, (unsigned long long)(dev >> 32),
	    (unsigned long long)(dev & 0xff), (unsigned long long)ino);
	text_bytes(t, what, strlen(what));
	text_bytes(t, "\n", 1);
}

int
procfs_maps(struct text *t, struct proc *p)
{
	struct space *s = space_of(p);
	struct space_info si;
	char *path;
	vaddr_t at = 0;

	if (s == NULL)
		return 0;
	path = kmem_alloc(PATH_MAX, 0);
	while (path != NULL && !t->failed && space_next(s, at, &si) == 0) {
		map_line(t, &si, path);
		if (si.vmo != NULL)
			vmo_unref(si.vmo);
		at = si.end;
	}
	space_unref(s);
	if (path == NULL)
		return ENOMEM;
	kmem_free(path, PATH_MAX);
	return 0;
}
