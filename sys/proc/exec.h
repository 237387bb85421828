#pragma once
/*
 * The loader: a program file becomes a space with a stack in it, ready to run.  exec commits that to
 * the calling process, spawn to a new one.
 */
#include "kern/types.h"
#include "proc/elf.h"
#include "proc/exec_args.h"

struct cred;
struct desctab;
struct job;
struct proc;
struct space;
struct vmo;
struct vnode;

struct exec {
	struct vnode *vn;		/* the program, held as a text */
	struct vmo *vmo;		/* its pages */
	uint64_t size;			/* of the file */
	char *head;			/* its first bytes, ELF_HEAD of room */
	size_t head_len;
	bool script;			/* a "#!" led here */
	const char *path;		/* what was executed, for AT_EXECFN and the name */
	struct exec_args args;
	struct elf_image image;
	uint64_t bias;			/* added to the image's addresses */
	struct space *space;
	uintptr_t entry, sp;
	uintptr_t envp, envp_end;	/* the environment's strings */
	struct job *job;		/* where it will run; NULL: the caller's own */
	struct cred *cred;		/* new credentials, or NULL: as before */
	bool setid;			/* they differ from the caller's */
	bool secure;
	const void *extra;		/* a block that goes on the stack, aligned to words: AT_MX_STARTUP */
	size_t extra_len;
	char *cmdline;
	size_t cmdline_len;
};

/* `path' lives as long as the struct. */
void exec_init(struct exec *, const char *path);
/* The program that `path' names for the caller; AT_SYMLINK_NOFOLLOW. */
int exec_find(int dirfd, const char *path, int flags, struct vnode **out) __must_check;
/* After the arguments were put in: finds scripts' interpreters, builds.  Nothing but the struct is
 * changed; consumes the reference on the file. */
int exec_build(struct exec *, struct vnode *, const char *script_path) __must_check;
/* Hands space, credentials and names to a process that does not run yet. */
void exec_give(struct proc *, struct exec *);
/* A set-id program must not find its first descriptors closed and open something there. */
int exec_standard(struct desctab *) __must_check;
void exec_done(struct exec *);
