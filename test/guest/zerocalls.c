/* Zero's names: the calls of <zero/syscall.h>. */
#include <signal.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <zero/syscall.h>
#include "tap.h"

static void
processes(void)
{
	char *argv[] = { "sh", "-c", "exit $CODE", NULL }, *envp[] = { "CODE=6", NULL };
	int status;
	long pid = sys_fork(0);

	if (pid == 0)
		sys_exit(7, 0);
	waitpid((pid_t)pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 7, "fork, exit");
	ok(sys_fork(64) == -1 && errno == EINVAL, "an unknown flag");
	if (fork() == 0)
		sys_abort();
	wait(&status);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "abort");
	if (fork() == 0) {
		sys_exec("/bin/sh", argv, envp);
		_exit(1);
	}
	wait(&status);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 6, "exec with an environment");
	setenv("CODE", "5", 1);
	if (fork() == 0) {
		sys_exec("/bin/sh", argv, NULL);
		_exit(1);
	}
	wait(&status);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 5, "exec with the caller's");
	ok(sys_exec("/nonesuch", argv, NULL) == -1 && errno == ENOENT, "exec of nothing");
	ok(sys_halt(12345) == -1 && errno == EINVAL, "halt with a bad flag");
}

static void
memory(void)
{
	char *top = sbrk(0), *at;
	long id;

	is_int(sys_brk(top + 65536), 0, "brk");
	top[65535] = 1;
	is_int(sys_brk(top), 0, "and back");
	ok(sys_brk((void *)8) == -1 && errno == ENOMEM, "brk to nowhere");
	id = sys_shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	at = sys_shmat(id, NULL, 0);
	ok(id >= 0 && at != (void *)-1, "shmget, shmat");
	at[5] = 9;
	is_int(sys_shmdt(at), 0, "shmdt");
	is_int(sys_shmctl(id, IPC_RMID, NULL), 0, "shmctl");
	ok(sys_shmdt(at) == -1 && errno == EINVAL, "shmdt again");
	ok(sys_throp(99, 0, NULL) == -1 && errno == EINVAL, "throp: an unknown command");
	ok(sys_throp(THR_JOIN, 30000, NULL) == -1 && errno == ESRCH, "throp: no such thread");
	struct abi_thrstk stack;
	is_int(sys_throp(THR_STKOP, 0, &stack), 0, "throp: the caller's stack");
}

int
main(void)
{
	processes();
	memory();
	return tap_done();
}
