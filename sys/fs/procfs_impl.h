#pragma once
/* What the parts of /proc share: each of these functions makes the text of one file. */
#include "kern/types.h"

struct cred;
struct proc;
struct text;

/* procfs_machine.c; p is not looked at but by mounts */
int procfs_meminfo(struct text *, struct proc *) __must_check;
int procfs_uptime(struct text *, struct proc *) __must_check;
int procfs_kstat(struct text *, struct proc *) __must_check;
int procfs_kstat_live(struct text *, struct proc *) __must_check;
int procfs_kstat_lost(struct text *, struct proc *) __must_check;	/* debug kernels */
int procfs_mounts(struct text *, struct proc *) __must_check;
int procfs_version(struct text *, struct proc *) __must_check;
int procfs_cpuinfo(struct text *, struct proc *) __must_check;
int procfs_loadavg(struct text *, struct proc *) __must_check;
int procfs_boot_cmdline(struct text *, struct proc *) __must_check;
int procfs_filesystems(struct text *, struct proc *) __must_check;

/* procfs_process.c */
int procfs_stat(struct text *, struct proc *) __must_check;
int procfs_status(struct text *, struct proc *) __must_check;
int procfs_cmdline(struct text *, struct proc *) __must_check;
int procfs_comm(struct text *, struct proc *) __must_check;
int procfs_environ(struct text *, struct proc *) __must_check;
int procfs_maps(struct text *, struct proc *) __must_check;

/* procfs_handles.c: what a process holds */
int procfs_handles(struct text *, struct proc *) __must_check;
int procfs_objects(struct text *, struct proc *) __must_check;

/* procfs.c: whether the caller may look into the process; its identity, referenced. */
bool procfs_may_inspect(struct proc *);
struct cred *procfs_cred(struct proc *);
