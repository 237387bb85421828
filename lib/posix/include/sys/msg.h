#ifndef _SYS_MSG_H
#define _SYS_MSG_H

#include <sys/ipc.h>

typedef __uint64_t	msgqnum_t;
typedef __uint64_t	msglen_t;

struct msqid_ds {
	struct ipc_perm	msg_perm;
	__int64_t	msg_stime, msg_rtime, msg_ctime;
	__uint64_t	__msg_cbytes;
	msgqnum_t	msg_qnum;
	msglen_t	msg_qbytes;
	pid_t		msg_lspid, msg_lrpid;
};

__BEGIN_DECLS
int	msgctl(int, int, struct msqid_ds *);
int	msgget(key_t, int);
ssize_t	msgrcv(int, void *, size_t, long, int);
int	msgsnd(int, const void *, size_t, int);
__END_DECLS

#endif
