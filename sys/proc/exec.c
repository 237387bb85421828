/*
 * exec: a new program in an old process.
 *
 * 1. Find.  The file is looked up, must be regular and executable, and is held as a running program
 * (no open for writing from then on).  "#!" leads to another file, at most SCRIPT_DEPTH times.
 *
 * 2. Build.  The ELF headers are checked (proc/elf.c), a new space is made, the segments are mapped
 * over the file's page cache, the stack is written into its VMO.  Nothing of the old program has
 * been touched: every failure up to here is an errno.
 *
 * 3. Commit.  The other threads end, the new space takes the old one's place, descriptors,
 * signals and credentials follow.  Nothing here fails, except that a set-id program cannot get
 * its /dev/null: then the process is killed.
 *
 * Segments that are not written are mappings of the file itself, shared by all who run it.  Those
 * that are get an overlay: a page becomes the process's own when it is written.  Only the page
 * in which the file's part of a data segment ends is copied at once, to clear what follows.
 *
 * Set-id bits count for binaries on file systems that allow it, never for scripts, and not below a job
 * policy that somebody other than root set.
 *
 * Budget: 20,000 instructions beside the name and the space.
 */
#include "ipc/channel.h"
#include "kern/assert.h"
#include "kern/desctab.h"
#include "kern/error.h"
#include "kern/log.h"
#include "kern/random.h"
#include "kern/string.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/vnode.h"
#include "gen/sysproto.h"
#include "ipc/ev.h"
#include "ipc/futex.h"
#include "ipc/trace.h"
#include "mach/frame.h"
#include "proc/exec.h"
#include "proc/job.h"
#include "proc/thread.h"
#include "proc/vdso.h"
#include "vm/kmap.h"
#include "vm/space.h"
#include "vm/vmo.h"
#include "vm/window.h"
#include "vm/zone.h"
#include <abi/auxv.h>
#include <abi/fcntl.h>
#include <abi/limits.h>
#include <abi/rights.h>
#include <abi/stat.h>
#include <abi/task.h>
#include <abi/wait.h>

#define SCRIPT_DEPTH	4
#define STACK_SIZE	((uint64_t)256 << 20)	/* reserved; RLIMIT_STACK says how much may be used */
#define HEAD_FIRST	1024u			/* enough of the file in nearly all cases */
#define CMDLINE_MAX	4096u
#define ARG_MIN		131072u			/* however small the stack limit is */
#define NAUX		18

/* --- 1. find --- */

static void
drop_file(struct exec *x)
{
	if (x->vmo != NULL)
		vmo_unref(x->vmo);
	if (x->vn != NULL) {
		vnode_text_put(x->vn);
		vnode_unref(x->vn);
	}
	x->vmo = NULL;
	x->vn = NULL;
}

/* Takes the reference on vn over, also when it fails. */
static int
take_file(struct exec *x, struct vnode *vn)
{
	int error = 0;

	if (!S_ISREG(vn->v_mode) || (vn->v_mount->m_flags & MOUNT_NOEXEC) != 0)
		error = EACCES;
	if (error == 0)
		error = vnode_access(vn, proc_self()->p_cred, 1);
	if (error == 0)
		error = vnode_text_get(vn);
	if (error != 0) {
		vnode_unref(vn);
		return error;
	}
	x->vn = vn;
	error = vnode_vmo(vn, &x->vmo);
	if (error == 0) {
		x->size = vmo_size(x->vmo);
		error = vnode_read_kernel(vn, 0, x->head, HEAD_FIRST, &x->head_len);
	}
	return error;
}

int
exec_find(int dirfd, const char *path, int flags, struct vnode **out)
{
	struct name_result r;
	int error;

	error = name_lookup(dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : NAME_FOLLOW, &r);
	if (error != 0)
		return error;
	if (S_ISLNK(r.vn->v_mode))
		error = ELOOP;
	else if ((r.base_rights & RIGHT_EXECUTE) == 0)
		error = EACCES;
	if (error == 0) {
		vnode_ref(r.vn);
		*out = r.vn;
	}
	name_result_done(&r);
	return error;
}

/* fexecve: the slot must have been given the right to execute. */
static int
find_fd(int fd, struct vnode **out)
{
	struct node *n;
	int error = desc_get((uint32_t)fd, NODE_ANY, RIGHT_EXECUTE, &n);

	if (error != 0)
		return error == ERIGHTS ? EACCES : error;
	*out = vnode_of(n);
	if (*out == NULL)
		error = EACCES;
	else
		vnode_ref(*out);
	node_unuse(n);
	return error;
}

static bool
is_script(const struct exec *x)
{
	return x->head_len >= 2 && x->head[0] == '#' && x->head[1] == '!';
}

/* Follows "#!" until a file that is none. */
static int
resolve_scripts(struct exec *x, const char *path)
{
	struct vnode *vn;
	int error;

	for (int depth = 0; is_script(x); depth++) {
		if (depth == SCRIPT_DEPTH)
			return ELOOP;
		error = args_script(&x->args, x->head, x->head_len, path, &path);
		if (error != 0)
			return error;
		drop_file(x);
		x->script = true;
		error = name_vnode_for(AT_FDCWD, path, NAME_FOLLOW, RIGHT_EXECUTE, &vn);
		if (error == 0)
			error = take_file(x, vn);
		if (error != 0)
			return error;
	}
	return 0;
}

/* --- 2. build --- */

static int
check_image(struct exec *x)
{
	size_t wanted = elf_wanted(x->head, x->head_len);
	int error;

	if (wanted > x->head_len && x->head_len == HEAD_FIRST) {
		error = vnode_read_kernel(x->vn, 0, x->head, ELF_HEAD, &x->head_len);
		if (error != 0)
			return error;
	}
	return elf_check(x->head, x->head_len, x->size, USER_MIN, USER_MAX, &x->image);
}

static uint32_t
segment_prot(const struct elf_segment *s)
{
	return ((s->flags & ELF_R) != 0 ? VM_READ : 0) | ((s->flags & ELF_W) != 0 ? VM_WRITE : 0) |
	    ((s->flags & ELF_X) != 0 ? VM_EXEC : 0);
}

/* Clears what the file has behind the segment's part of it, in the process's own copy. */
static int
clear_tail(struct exec *x, struct vmo *vmo, uint64_t from)
{
	uint64_t end = MIN(ROUND_UP(from, (uint64_t)PAGE_SIZE), x->size);
	char *zeros;
	int error;

	if (from >= end)
		return 0;
	zeros = kmem_alloc(end - from, ZALLOC_ZERO);
	if (zeros == NULL)
		return ENOMEM;
	error = vmo_write(vmo, from, zeros, end - from);
	kmem_free(zeros, end - from);
	return error;
}

/* The part that the file has. */
static int
map_file_part(struct exec *x, const struct elf_segment *s)
{
	vaddr_t at = (vaddr_t)ROUND_DOWN(s->vaddr + x->bias, (uint64_t)PAGE_SIZE);
	size_t len = (size_t)(s->vaddr + x->bias + s->filesz - at);
	uint64_t off = ROUND_DOWN(s->off, (uint64_t)PAGE_SIZE);
	uint32_t prot = segment_prot(s);
	struct vmo *own;
	int error;

	if ((prot & VM_WRITE) == 0 && s->filesz == s->memsz)
		return space_map(x->space, &at, len, prot, VM_READ | VM_EXEC,
		    MAPF_FIXED | MAPF_NOREPLACE | MAPF_SHARED, x->vmo, off);
	error = vmo_overlay(x->vmo, &own);
	if (error != 0)
		return error;
	error = s->memsz > s->filesz ? clear_tail(x, own, s->off + s->filesz) : 0;
	if (error == 0)
		error = space_map(x->space, &at, len, prot, VM_READ | VM_WRITE | VM_EXEC,
		    MAPF_FIXED | MAPF_NOREPLACE, own, off);
	vmo_unref(own);
	return error;
}

/* The pages behind it, which are zeros. */
static int
map_zero_part(struct exec *x, const struct elf_segment *s)
{
	uint64_t from = s->vaddr + x->bias + s->filesz, to = s->vaddr + x->bias + s->memsz;
	vaddr_t at;

	at = (vaddr_t)(s->filesz == 0 ? ROUND_DOWN(from, (uint64_t)PAGE_SIZE) :
	    ROUND_UP(from, (uint64_t)PAGE_SIZE));
	if (at >= to)
		return 0;
	return space_map(x->space, &at, (size_t)(to - at), segment_prot(s), VM_READ | VM_WRITE | VM_EXEC,
	    MAPF_FIXED | MAPF_NOREPLACE, NULL, 0);
}

static int
map_image(struct exec *x)
{
	const struct elf_image *im = &x->image;
	int error;

	if (im->dynamic)
		x->bias = ROUND_DOWN((uint64_t)USER_MAX / 3 * 2, (uint64_t)PAGE_SIZE) + space_random() -
		    im->start;
	for (uint32_t i = 0; i < im->nsegments; i++) {
		const struct elf_segment *s = &im->segment[i];

		if (s->filesz > 0 && (error = map_file_part(x, s)) != 0)
			return error;
		if (s->memsz > s->filesz && (error = map_zero_part(x, s)) != 0)
			return error;
	}
	x->entry = (uintptr_t)(im->entry + x->bias);
	space_set_brk(x->space, (vaddr_t)(im->end + x->bias) + space_random());
	return 0;
}

/*
 * The new stack, from its end downwards: path, 16 random bytes, the strings; then, 16-byte
 * aligned and upwards from the stack pointer: argc, argv, NULL, envp, NULL, auxiliary vector.
 */
struct stack {
	struct vmo *vmo;
	uintptr_t top;			/* address of the VMO's end */
	uintptr_t path, random, extra, prefix, strings;
};

static int
stack_write(struct stack *st, uintptr_t at, const void *from, size_t n)
{
	return vmo_write(st->vmo, STACK_SIZE - (st->top - at), from, n);
}

static uintptr_t *
put_pointers(uintptr_t *w, const char *strings, size_t len, uintptr_t at)
{
	for (size_t i = 0; i < len; i += strlen(strings + i) + 1)
		*w++ = at + i;
	return w;
}

static uintptr_t *
put_aux(uintptr_t *w, const struct exec *x, const struct stack *st)
{
	const struct cred *c = x->cred != NULL ? x->cred : proc_self()->p_cred;
	const uintptr_t aux[NAUX][2] = {
		{ AT_PHDR, x->image.phdr != 0 ? (uintptr_t)(x->image.phdr + x->bias) : 0 },
		{ AT_PHENT, 56 }, { AT_PHNUM, x->image.phnum }, { AT_PAGESZ, PAGE_SIZE },
		{ AT_BASE, (uintptr_t)x->bias }, { AT_FLAGS, 0 }, { AT_ENTRY, x->entry },
		{ AT_UID, c->ruid }, { AT_EUID, c->euid }, { AT_GID, c->rgid }, { AT_EGID, c->egid },
		{ AT_CLKTCK, ABI_CLK_TCK }, { AT_SECURE, x->secure }, { AT_RANDOM, st->random },
		{ AT_EXECFN, st->path }, { AT_MX_STARTUP, x->extra_len != 0 ? st->extra : 0 },
		{ AT_SYSINFO_EHDR, vdso_base(x->space) }, { AT_NULL, 0 },
	};

	memcpy(w, aux, sizeof(aux));
	return w + NAUX * 2;
}

static int
write_words(struct exec *x, struct stack *st, size_t nwords)
{
	const struct exec_args *a = &x->args;
	size_t skip = args_skipped(a);
	uintptr_t *words, *w;
	bool large = nwords * sizeof(*words) > 32768;
	int error;

	words = large ? kmap_alloc(nwords * sizeof(*words)) : kmem_alloc(nwords * sizeof(*words), 0);
	if (words == NULL)
		return ENOMEM;
	w = words;
	*w++ = a->argc + a->nprefix - (a->nprefix != 0);
	w = put_pointers(w, a->prefix, a->prefix_len, st->prefix);
	w = put_pointers(w, a->buf + skip, a->env_off - skip, st->strings);
	*w++ = 0;
	w = put_pointers(w, a->buf + a->env_off, a->used - a->env_off, st->strings + a->env_off - skip);
	*w++ = 0;
	w = put_aux(w, x, st);
	ASSERT((size_t)(w - words) == nwords);
	error = stack_write(st, x->sp, words, nwords * sizeof(*words));
	if (large)
		kmap_free(words, nwords * sizeof(*words));
	else
		kmem_free(words, nwords * sizeof(*words));
	return error;
}

static int
write_stack(struct exec *x, struct stack *st)
{
	const struct exec_args *a = &x->args;
	size_t skip = args_skipped(a), path_len = strlen(x->path) + 1, nwords;
	uint8_t random[16];
	int error;

	nwords = 1 + a->argc + a->nprefix - (a->nprefix != 0) + 1 + a->envc + 1 + NAUX * 2;
	st->path = st->top - sizeof(uintptr_t) - path_len;
	st->random = ROUND_DOWN(st->path - sizeof(random), (uintptr_t)16);
	st->extra = ROUND_DOWN(st->random - x->extra_len, (uintptr_t)8);
	st->strings = st->extra - (a->used - skip);
	st->prefix = st->strings - a->prefix_len;
	x->sp = ROUND_DOWN(st->prefix - nwords * sizeof(uintptr_t), (uintptr_t)16);
	x->envp = st->strings + a->env_off - skip;
	x->envp_end = st->strings + a->used - skip;
	random_bytes(random, sizeof(random));
	if ((error = stack_write(st, st->path, x->path, path_len)) != 0 ||
	    (error = stack_write(st, st->random, random, sizeof(random))) != 0 ||
	    (error = stack_write(st, st->extra, x->extra, x->extra_len)) != 0 ||
	    (error = stack_write(st, st->prefix, a->prefix, a->prefix_len)) != 0 ||
	    (error = stack_write(st, st->strings, a->buf + skip, a->used - skip)) != 0)
		return error;
	return write_words(x, st, nwords);
}

/* The stack lies just below the vDSO: the same page tables show both. */
static int
build_stack(struct exec *x)
{
	struct stack st;
	vaddr_t at = window_start(x->space) - PAGE_SIZE - (vaddr_t)STACK_SIZE;
	int error = vmo_create(STACK_SIZE, &st.vmo);

	if (error != 0)
		return error;
	error = space_map(x->space, &at, (size_t)STACK_SIZE, VM_READ | VM_WRITE, VM_READ | VM_WRITE,
	    MAPF_STACK, st.vmo, 0);
	st.top = at + (size_t)STACK_SIZE;
	if (error == 0)
		error = write_stack(x, &st);
	vmo_unref(st.vmo);
	return error;
}

/* The credentials that the file's mode gives. */
static int
choose_cred(struct exec *x)
{
	const struct cred *old = proc_self()->p_cred;
	uint32_t euid = old->euid, egid = old->egid, mode = x->vn->v_mode;
	int error;

	if (!x->script && (x->vn->v_mount->m_flags & MOUNT_NOSUID) == 0 && job_knows_setid(x->job)) {
		if ((mode & S_ISUID) != 0)
			euid = x->vn->v_uid;
		if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			egid = x->vn->v_gid;
	}
	x->setid = euid != old->euid || egid != old->egid;
	x->secure = old->ruid != euid || old->rgid != egid;
	if (x->setid && (error = job_setid(x->job)) != 0)
		return error;
	if (!x->setid && old->suid == euid && old->sgid == egid)
		return 0;
	error = cred_copy(old, &x->cred);
	if (error != 0)
		return error;
	x->cred->euid = x->cred->suid = euid;
	x->cred->egid = x->cred->sgid = egid;
	return 0;
}

/* argv as /proc shows it. */
static int
save_cmdline(struct exec *x)
{
	const struct exec_args *a = &x->args;
	size_t skip = args_skipped(a), pre = MIN(a->prefix_len, (size_t)CMDLINE_MAX), n;

	n = MIN(a->env_off - skip, CMDLINE_MAX - pre);
	x->cmdline_len = pre + n;
	if (x->cmdline_len == 0)
		return 0;
	x->cmdline = kmem_alloc(x->cmdline_len, 0);
	if (x->cmdline == NULL)
		return ENOMEM;
	memcpy(x->cmdline, a->prefix, pre);
	memcpy(x->cmdline + pre, a->buf + skip, n);
	x->cmdline[x->cmdline_len - 1] = '\0';
	return 0;
}

static int
build(struct exec *x)
{
	const struct abi_rlimit *lim = proc_self()->p_limits;
	int error;

	if ((error = check_image(x)) != 0 || (error = choose_cred(x)) != 0 ||
	    (error = save_cmdline(x)) != 0 || (error = space_create(&x->space)) != 0)
		return error;
	window_open(x->space);
	space_set_limits(x->space, lim[RLIMIT_AS].cur, lim[RLIMIT_STACK].cur);
	if ((error = map_image(x)) != 0)
		return error;
	return build_stack(x);
}

/* --- 3. commit --- */

int
exec_standard(struct desctab *t)
{
	struct vnode *vn;
	struct slot null;
	struct node *n;
	uint32_t rights, flags;
	int error;

	for (uint32_t fd = 0; fd < 3; fd++) {
		if (desctab_peek(t, fd, &n, &rights, &flags) == 0) {
			node_unuse(n);
			continue;
		}
		error = name_vnode(AT_FDCWD, "/dev/null", NAME_FOLLOW | NAME_KERNEL, &vn);
		if (error != 0)
			return error;
		null.flags = 0;
		error = vnode_open(vn, O_RDWR, &null.node, &null.rights);
		vnode_unref(vn);
		if (error != 0)
			return error;
		slot_new(&null);
		error = desctab_set(t, fd, &null);
		if (error != 0) {
			slot_drop(&null);
			return error;
		}
	}
	return 0;
}

static void
commit_space(struct proc *p, struct exec *x)
{
	struct space *old = p->p_space;

	usage_sample(p);
	spin_lock(&proc_tree_lock);		/* others may take a reference on it */
	p->p_space = x->space;
	spin_unlock(&proc_tree_lock);
	space_activate(x->space);
	x->space = NULL;
	if (old != NULL)
		space_unref(old);
	proc_vfork_done(p);
}

static void
commit_cred(struct proc *p, struct exec *x)
{
	struct cred *old = p->p_cred;

	p->p_setid = x->setid || (p->p_setid && x->secure);
	if (x->setid)
		trace_setid(p);
	if (x->cred == NULL)
		return;
	spin_lock(&proc_tree_lock);
	p->p_cred = x->cred;
	spin_unlock(&proc_tree_lock);
	x->cred = NULL;
	cred_unref(old);
}

static void
commit_names(struct proc *p, struct exec *x)
{
	const char *slash = strrchr(x->path, '/');
	struct vnode *exe = p->p_exe;
	char *cmdline = p->p_cmdline;
	size_t len = p->p_cmdline_len;

	p->p_exe = x->vn;
	x->vn = NULL;
	if (exe != NULL) {
		vnode_text_put(exe);
		vnode_unref(exe);
	}
	spin_lock(&proc_tree_lock);
	strlcpy(p->p_name, slash != NULL ? slash + 1 : x->path, sizeof(p->p_name));
	strlcpy(thr_self()->t_name, p->p_name, sizeof(thr_self()->t_name));
	p->p_cmdline = x->cmdline;
	p->p_cmdline_len = x->cmdline_len;
	spin_unlock(&proc_tree_lock);
	x->cmdline = NULL;
	if (cmdline != NULL)
		kmem_free(cmdline, len);
	p->p_envp = x->envp;
	p->p_envp_end = x->envp_end;
}

static void
commit_signals(struct proc *p, const struct exec *x)
{
	struct sigstate *ts = thr_self()->t_sig;

	sigacts_exec(p->p_sig);
	if (x->setid) {
		spin_lock(&p->p_sig->sa_lock);
		thr_self()->t_suspends = 0;
		thr_self()->t_suspend_gen++;
		spin_unlock(&p->p_sig->sa_lock);
	}
	ts->ts_stack = (struct abi_stack){ .flags = SS_DISABLE };
	ts->ts_deadline = 0;
}

/* ERESTART: another thread is ending this one; nothing was changed. */
static int
commit(struct exec *x)
{
	struct proc *p = proc_self();
	int error = signal_single_thread();

	if (error != 0)
		return error;
	thread_drop_all(p);
	creds_forget(procx_of(p));
	robust_exit();
	commit_space(p, x);
	parked_calls_drop(thr_self());
	if (x->setid) {
		exchannels_close(&procx_of(p)->px_exchannels);
		exchannels_close(&thr_self()->t_sig->ts_exchannels);
	}
	desctab_exec(p->p_desc);
	commit_cred(p, x);
	commit_signals(p, x);
	commit_names(p, x);
	strlcpy(thr_self()->t_name, p->p_name, sizeof(thr_self()->t_name));
	procx_of(p)->px_debug_addr = 0;
	spin_lock(&proc_tree_lock);
	p->p_did_exec = true;
	spin_unlock(&proc_tree_lock);
	proc_event(p, EV_PROCEXEC, 0);
	return 0;
}

void
exec_give(struct proc *p, struct exec *x)
{
	p->p_space = x->space;
	x->space = NULL;
	commit_cred(p, x);
	commit_names(p, x);
	p->p_did_exec = true;
}

void
exec_done(struct exec *x)
{
	drop_file(x);
	args_free(&x->args);
	if (x->space != NULL)
		space_unref(x->space);
	if (x->cred != NULL)
		cred_unref(x->cred);
	if (x->cmdline != NULL)
		kmem_free(x->cmdline, x->cmdline_len);
	if (x->head != NULL)
		kmem_free(x->head, ELF_HEAD);
}

void
exec_init(struct exec *x, const char *path)
{
	uint64_t stack = proc_self()->p_limits[RLIMIT_STACK].cur / 4;

	memset(x, 0, sizeof(*x));
	x->path = path;
	args_init(&x->args, (size_t)MAX(MIN(stack, (uint64_t)ARG_MAX), (uint64_t)ARG_MIN));
}

int
exec_build(struct exec *x, struct vnode *vn, const char *script_path)
{
	int error;

	x->head = kmem_alloc(ELF_HEAD, 0);
	if (x->head == NULL) {
		vnode_unref(vn);
		return ENOMEM;
	}
	if ((error = take_file(x, vn)) != 0 || (error = resolve_scripts(x, script_path)) != 0)
		return error;
	return build(x);
}

/* Consumes the reference on vn. */
static int
exec_file(struct exec *x, struct vnode *vn, const char *script_path)
{
	int error = exec_build(x, vn, script_path);

	return error != 0 ? error : commit(x);
}

static int
exec_user(struct trapframe *frame, int dirfd, const char *path, const void __user *argv,
    const void __user *envp, int flags)
{
	bool by_fd = (flags & AT_EMPTY_PATH) != 0 && *path == '\0';
	char fd_path[32], real[256];
	struct vnode *vn;
	struct exec x;
	bool setid;
	size_t len;
	int error;

	if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0)
		return EINVAL;
	if (by_fd) {
		error = find_fd(dirfd, &vn);
		snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", dirfd);
		path = fd_path;
	} else {
		error = exec_find(dirfd, path, flags, &vn);
	}
	if (error != 0)
		return error;
	/* The process is called what the file is called, not what its descriptor is. */
	exec_init(&x, by_fd && vnode_path(vn, real, sizeof(real), &len) == 0 ? real : path);
	error = args_from_user(&x.args, argv, envp);
	if (error != 0)
		vnode_unref(vn);
	else
		error = exec_file(&x, vn, path);
	setid = x.setid;
	exec_done(&x);
	if (error != 0)
		return error;
	mach_frame_exec(frame, x.entry, x.sp);
	if (setid && exec_standard(proc_self()->p_desc) != 0)
		/* On the way out: the call's own are let go first. */
		(void)signal_kill_once(proc_self(), MX_TASK_RETCODE_SIGNAL(SIGKILL));
	return EJUSTRETURN;
}

int
sys_exec(struct trapframe *frame, const char *path, void __user *argv, void __user *envp)
{
	return exec_user(frame, AT_FDCWD, path, argv, envp, 0);
}

int
sys_execat(struct trapframe *frame, int dirfd, const char *path, void __user *argv, void __user *envp,
    int flags)
{
	return exec_user(frame, dirfd, path, argv, envp, flags);
}

int
exec_first(const char *path, uintptr_t *entry, uintptr_t *sp)
{
	const char *const argv[] = { path, NULL };
	const char *const envp[] = { NULL };
	struct vnode *vn;
	struct exec x;
	int error;

	error = name_vnode(AT_FDCWD, path, NAME_FOLLOW, &vn);
	if (error != 0)
		return error;
	exec_init(&x, path);
	error = args_from_kernel(&x.args, argv, envp);
	if (error != 0)
		vnode_unref(vn);
	else
		error = exec_file(&x, vn, path);
	*entry = x.entry;
	*sp = x.sp;
	exec_done(&x);
	return error;
}
