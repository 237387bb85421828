#pragma once
/* Exceptions: who is asked before a fault becomes a signal's default action.  See proc/exception.c. */
#include "kern/policy.h"
#include "kern/types.h"

struct exception;
struct job;
struct node;
struct proc;
struct thr;

/* What a task has of the channels made for it: our ends, with a use each. */
struct exchannels {
	struct node *plain;		/* [p] */
	struct node *debugger;		/* [p] of processes and jobs */
	bool plain_user, debugger_user;	/* [p] made by somebody without euid 0 */
};

struct fault {
	uint32_t vector;		/* the machine's, or what a policy error is about */
	vaddr_t addr, pc;
};

/*
 * A fault of the running thread: debugger, thread and process channel.  True: it was dealt with, and the
 * thread goes on (or ends) on its way to user mode.  May sleep; no lock is held.
 */
bool exception_fault(const struct fault *) __must_check;
/* The last to be asked, when no handler of a signal will run: the jobs. */
bool exception_jobs(const struct fault *) __must_check;
/* A policy of the job that says "exception"; whatever the answer, the call goes on. */
void exception_policy(enum policy);
/* On a new thread's way to its first instruction, and at a thread's end. */
void exception_starting(void);
void exception_exiting(void);
/* A thread that is about to be its process's: whether it has somebody to tell first.  Tree lock. */
/* MX_EXCEPTION_CHANNEL_TYPE_* that a thread waits for the answer of. */
uint32_t exception_channel_locked(const struct thr *);
void exception_watch_locked(struct proc *, struct thr *);

/* The task ends (or changed its credentials by exec): its channels close. */
void exchannels_close(struct exchannels *);
