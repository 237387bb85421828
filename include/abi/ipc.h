#pragma once
/* System V IPC: keys, flags, permissions; shared memory segments. */
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
