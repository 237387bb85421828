#pragma once
/* System V IPC: keys, flags, permissions; segments, queues, semaphores. */
#include <abi/types.h>

#define IPC_PRIVATE	0
#define IPC_CREAT	01000
#define IPC_EXCL	02000
#define IPC_NOWAIT	04000
#define IPC_RMID	0
#define IPC_SET		1
#define IPC_STAT	2

struct abi_ipc_perm {
	abi_u32 uid, gid;		/* owner */
	abi_u32 cuid, cgid;		/* creator */
	abi_u32 mode;			/* 0777 */
	abi_u32 seq;
	abi_i32 key;
	abi_u32 pad;
};
_Static_assert(sizeof(struct abi_ipc_perm) == 32, "ipc_perm");

#define SHM_RDONLY	010000
#define SHM_RND		020000
#define SHM_REMAP	040000	/* in place of what is mapped there */
#define SHMLBA		4096

struct abi_shmid_ds {
	struct abi_ipc_perm perm;
	abi_u64 segsz;			/* bytes, as asked for */
	abi_i64 atime, dtime, ctime;	/* seconds since 1970 */
	abi_i32 cpid, lpid;
	abi_u64 nattch;			/* mappings of it */
};
_Static_assert(sizeof(struct abi_shmid_ds) == 80, "shmid_ds");

#define MSG_NOERROR	010000		/* msgrcv: what does not fit is lost */
#define MSG_EXCEPT	020000		/* msgrcv: any type but this */

struct abi_msqid_ds {
	struct abi_ipc_perm perm;
	abi_i64 stime, rtime, ctime;	/* seconds since 1970 */
	abi_u64 cbytes;			/* bytes in it */
	abi_u64 qnum;			/* messages in it */
	abi_u64 qbytes;			/* bytes it takes */
	abi_i32 lspid, lrpid;
};
_Static_assert(sizeof(struct abi_msqid_ds) == 88, "msqid_ds");

#define SEM_UNDO	010000		/* of one operation: taken back when the process ends */
#define GETNCNT		3
#define GETPID		4
#define GETVAL		5
#define GETALL		6
#define GETZCNT		7
#define SETVAL		8
#define SETALL		9
#define ABI_SEMVMX	32767		/* the greatest value */

struct abi_sembuf {
	abi_u16 num;			/* which of the set */
	abi_i16 op;
	abi_i16 flags;			/* IPC_NOWAIT, SEM_UNDO */
};
_Static_assert(sizeof(struct abi_sembuf) == 6, "sembuf");

struct abi_semid_ds {
	struct abi_ipc_perm perm;
	abi_i64 otime, ctime;		/* seconds since 1970 */
	abi_u64 nsems;
};
_Static_assert(sizeof(struct abi_semid_ds) == 56, "semid_ds");
