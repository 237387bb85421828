/*
 * sandbox: runs a program in a job of its own, with a policy and with chosen descriptors only.
 *
 * The job and its policy are made here; the child is born in it (mx_job_fork) and becomes the program.
 * The program is opened before that, by the rules of the caller, so it also starts where opening by path is
 * denied.  What the policy audits or kills comes as packets of a port, which are printed until the
 * program has ended.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mx/object.h>
#include <mx/policy.h>
#include <mx/process.h>
#include <mx/status.h>
#include <mx/syscalls.h>

#define FAILED		125	/* exit status of sandbox's own failures */
#define KEY_AUDIT	1
#define KEY_END		2
#define FDS		64
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct word {
	const char *name;
	uint32_t value;
};

static const struct word conditions[] = {
	{ "BAD_HANDLE", MX_POL_BAD_HANDLE }, { "WRONG_OBJECT", MX_POL_WRONG_OBJECT },
	{ "VMAR_WX", MX_POL_VMAR_WX }, { "NEW_ANY", MX_POL_NEW_ANY }, { "NEW_VMO", MX_POL_NEW_VMO },
	{ "NEW_CHANNEL", MX_POL_NEW_CHANNEL }, { "NEW_EVENT", MX_POL_NEW_EVENT },
	{ "NEW_EVENTPAIR", MX_POL_NEW_EVENTPAIR }, { "NEW_PORT", MX_POL_NEW_PORT },
	{ "NEW_SOCKET", MX_POL_NEW_SOCKET }, { "NEW_FIFO", MX_POL_NEW_FIFO }, { "NEW_TIMER", MX_POL_NEW_TIMER },
	{ "NEW_PROCESS", MX_POL_NEW_PROCESS }, { "AMBIENT_MARK_VMO_EXEC", MX_POL_AMBIENT_MARK_VMO_EXEC },
	{ "OPEN_PATH", MX_POL_OPEN_PATH }, { "SET_ID", MX_POL_SET_ID }, { "NETWORK", MX_POL_NETWORK },
};
static const struct word actions[] = {
	{ "ALLOW", MX_POL_ACTION_ALLOW }, { "DENY", MX_POL_ACTION_DENY },
	{ "ALLOW_EXCEPTION", MX_POL_ACTION_ALLOW_EXCEPTION }, { "DENY_EXCEPTION", MX_POL_ACTION_DENY_EXCEPTION },
	{ "KILL", MX_POL_ACTION_KILL }, { "AUDIT", MX_POL_ACTION_AUDIT },
};

static mx_policy_basic_t policy[COUNT(conditions)];	/* policy 0xff: nothing said */
static int keep[FDS], nkeep;
static volatile sig_atomic_t child;

static void __attribute__((noreturn, format(__printf__, 2, 3)))
fail(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("sandbox: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static void __attribute__((noreturn))
usage(void)
{
	fputs("usage: sandbox [-a] [-n] [-P CONDITION=ACTION]... [-f FD]... [--] COMMAND [ARG...]\n", stderr);
	exit(FAILED);
}

static void
need(mx_status_t status, const char *what)
{
	if (status != MX_OK)
		fail(FAILED, "%s: %s", what, mx_status_get_string(status));
}

/* --- the policy --- */

/* The words of policy.h, in any case, with or without their prefix. */
static const struct word *
find(const struct word *words, size_t n, const char *prefix, const char *name, size_t len)
{
	size_t skip = strlen(prefix);

	if (len > skip && strncasecmp(name, prefix, skip) == 0)
		name += skip, len -= skip;
	for (size_t i = 0; i < n; i++)
		if (strlen(words[i].name) == len && strncasecmp(words[i].name, name, len) == 0)
			return &words[i];
	return NULL;
}

static int
is_new(uint32_t condition)
{
	return condition >= MX_POL_NEW_VMO && condition <= MX_POL_NEW_PROCESS;
}

static void
say(uint32_t condition, uint32_t action)
{
	for (size_t i = 0; i < COUNT(conditions); i++) {
		uint32_t c = conditions[i].value;

		if (c != condition && !(condition == MX_POL_NEW_ANY && is_new(c)))
			continue;
		if (c != MX_POL_NEW_ANY)
			policy[i].policy = action;
	}
}

static void
parse_policy(const char *arg)
{
	const char *eq = strchr(arg, '=');
	const struct word *c, *a;

	if (eq == NULL)
		usage();
	c = find(conditions, COUNT(conditions), "MX_POL_", arg, (size_t)(eq - arg));
	if (c == NULL)
		fail(FAILED, "%.*s: no such condition", (int)(eq - arg), arg);
	a = find(actions, COUNT(actions), "MX_POL_ACTION_", eq + 1, strlen(eq + 1));
	if (a == NULL)
		fail(FAILED, "%s: no such action", eq + 1);
	say(c->value, a->value);
}

/* With -a what was asked to be refused, or everything when nothing was, is told instead. */
static void
only_tell(void)
{
	int said = 0;

	for (size_t i = 0; i < COUNT(policy); i++) {
		said |= policy[i].policy != 0xff;
		if (policy[i].policy != 0xff && policy[i].policy != MX_POL_ACTION_ALLOW)
			policy[i].policy = MX_POL_ACTION_AUDIT;
	}
	for (size_t i = 0; !said && i < COUNT(policy); i++)
		if (policy[i].condition != MX_POL_NEW_ANY)
			policy[i].policy = MX_POL_ACTION_AUDIT;
}

static uint32_t
action_of(uint32_t condition)
{
	for (size_t i = 0; i < COUNT(conditions); i++)
		if (conditions[i].value == condition)
			return policy[i].policy;
	return MX_POL_ACTION_ALLOW;
}

/* Absolute: what a job above has said otherwise is an error and not a surprise. */
static void
set_basic(mx_handle_t job, const mx_policy_basic_t *set, uint32_t n)
{
	mx_status_t status = mx_job_set_policy(job, MX_JOB_POL_ABSOLUTE, MX_JOB_POL_BASIC, set, n);

	need(status, status == MX_ERR_ALREADY_EXISTS ? "a job above has another policy" : "policy");
}

static void
set_policy(mx_handle_t job)
{
	mx_policy_basic_t set[MX_JOB_POL_MAX];
	uint32_t n = 0;

	for (size_t i = 0; i < COUNT(policy); i++) {
		if (policy[i].policy == 0xff)
			continue;
		set[n++] = policy[i];
		if (n == MX_JOB_POL_MAX || i == COUNT(policy) - 1) {
			set_basic(job, set, n);
			n = 0;
		}
	}
	if (n > 0)
		set_basic(job, set, n);
}

static void
make_job(const char *name, mx_handle_t *job, mx_handle_t *port)
{
	struct abi_policy_audit to = { .key = KEY_AUDIT };

	need(mx_port_create(0, port), "port");
	need(mx_job_create(mx_job_default(), 0, job), "job");
	mx_object_set_property(*job, MX_PROP_NAME, name, strlen(name));
	to.port = *port;
	/* A sandbox in a sandbox: the outer one is told. */
	(void)mx_job_set_policy(*job, MX_JOB_POL_RELATIVE, MX_JOB_POL_AUDIT_PORT, &to, 1);
	set_policy(*job);
}

/* --- descriptors --- */

static int
kept(int fd)
{
	for (int i = 0; i < nkeep; i++)
		if (keep[i] == fd)
			return 1;
	return 0;
}

/* While paths can still be opened: exec closes what was not chosen. */
static void
choose_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	if (d == NULL)
		fail(FAILED, "/proc/self/fd: %s", strerror(errno));
	while ((e = readdir(d)) != NULL) {
		int fd = atoi(e->d_name), flags;

		if (e->d_name[0] < '0' || e->d_name[0] > '9' || (flags = fcntl(fd, F_GETFD)) == -1)
			continue;
		fcntl(fd, F_SETFD, kept(fd) ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC);
	}
	closedir(d);
	for (int i = 0; i < nkeep; i++)
		if (fcntl(keep[i], F_GETFD) == -1)
			fail(FAILED, "descriptor %d: %s", keep[i], strerror(errno));
}

/* --- the program --- */

struct program {
	char path[1024];
	int fd;			/* to execute where paths cannot be opened; -1: by its path */
};

static int
executable(const char *path)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int
search(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH"), *end;
	int denied = 0;

	if (strchr(name, '/') != NULL) {
		snprintf(path, size, "%s", name);
		return executable(path) ? 0 : access(path, F_OK) == 0 ? EACCES : errno;
	}
	for (dirs = dirs != NULL ? dirs : "/usr/bin:/bin"; ; dirs = end + 1) {
		end = dirs + strcspn(dirs, ":");
		snprintf(path, size, "%.*s%s%s", (int)(end - dirs), dirs, end != dirs ? "/" : "", name);
		if (executable(path))
			return 0;
		denied |= access(path, F_OK) == 0;
		if (*end == '\0')
			return denied ? EACCES : ENOENT;
	}
}

/* A script cannot be executed by a descriptor that closes: its interpreter opens it by its path. */
static void
find_program(const char *name, struct program *p)
{
	int error = search(name, p->path, sizeof(p->path));
	uint32_t open_path = action_of(MX_POL_OPEN_PATH);
	char head[2] = "";

	if (error != 0)
		fail(error == ENOENT ? 127 : 126, "%s: %s", name, strerror(error));
	p->fd = -1;
	if (open_path == 0xff || open_path == MX_POL_ACTION_ALLOW)
		return;
	p->fd = open(p->path, O_RDONLY | O_CLOEXEC);
	if (p->fd != -1 && read(p->fd, head, sizeof(head)) == 2 && head[0] == '#' && head[1] == '!') {
		close(p->fd);
		p->fd = -1;
	}
}

/* In the child. */
static void __attribute__((noreturn))
run(const struct program *p, char **argv)
{
	if (p->fd != -1)
		fexecve(p->fd, argv, environ);
	else
		execv(p->path, argv);
	fail(errno == ENOENT ? 127 : 126, "%s: %s", argv[0], strerror(errno));
}

/* --- what is told --- */

static const char *
name_of(const struct word *words, size_t n, uint32_t value)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].value == value)
			return words[i].name;
	return "?";
}

static void
print_record(const struct abi_policy_record *r)
{
	const char *condition = name_of(conditions, COUNT(conditions), r->condition);

	if (r->lost != 0)
		fprintf(stderr, "sandbox: %u records lost\n", r->lost);
	if (r->action == MX_POL_ACTION_AUDIT)
		fprintf(stderr, "sandbox: %.*s[%u]: %s would be denied\n", (int)sizeof(r->name), r->name, r->pid, condition);
	else
		fprintf(stderr, "sandbox: %.*s[%u]: %s: %s\n", (int)sizeof(r->name), r->name, r->pid, condition,
		    name_of(actions, COUNT(actions), r->action));
}

/* Prints records until the program has ended. */
static void
listen_to(mx_handle_t port)
{
	struct abi_policy_record r;
	mx_port_packet_t k;

	while (mx_port_wait(port, MX_TIME_INFINITE, &k) == MX_OK && k.key != KEY_END) {
		memcpy(&r, &k.user, sizeof(r));
		print_record(&r);
	}
}

static void
forward(int sig)
{
	if (child > 0)
		kill((pid_t)child, sig);
}

/* The end of the child goes to the port, behind everything that it did. */
static void
watch_end(mx_handle_t job, mx_handle_t port)
{
	mx_koid_t koid;
	mx_handle_t process;

	/* It waits on the pipe: the only process there. */
	need(mx_object_get_info(job, MX_INFO_JOB_PROCESSES, &koid, sizeof(koid), NULL, NULL), "the process");
	need(mx_object_get_child(job, koid, MX_RIGHT_SAME_RIGHTS, &process), "the process");
	need(mx_object_wait_async(process, port, KEY_END, MX_TASK_TERMINATED, MX_WAIT_ASYNC_ONCE), "wait_async");
}

static void
keep_descriptor(const char *arg)
{
	char *end;

	if (nkeep == FDS)
		usage();
	keep[nkeep++] = (int)strtol(arg, &end, 10);
	if (end == arg || *end != '\0')
		usage();
}

/* One word of options; true when the next word was the value of its last. */
static int
option_word(const char *word, const char *next, int *audit)
{
	for (const char *c = word + 1; *c != '\0'; c++) {
		const char *value = c[1] != '\0' ? c + 1 : next;

		switch (*c) {
		case 'a':
			*audit = 1;
			break;
		case 'n':
			say(MX_POL_NETWORK, MX_POL_ACTION_DENY);
			say(MX_POL_NEW_SOCKET, MX_POL_ACTION_DENY);
			break;
		case 'P':
		case 'f':
			if (value == NULL)
				usage();
			if (*c == 'P')
				parse_policy(value);
			else
				keep_descriptor(value);
			return value == next;
		default:
			usage();
		}
	}
	return 0;
}

/* Up to the command, whose own options are its own; its index. */
static int
options(int argc, char **argv, int *audit)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		i += option_word(argv[i], i + 1 < argc ? argv[i + 1] : NULL, audit);
	}
	return i;
}

int
main(int argc, char **argv)
{
	mx_handle_t job, port;
	struct program program;
	int audit = 0, first, status, go[2];
	char byte;

	for (size_t i = 0; i < COUNT(conditions); i++)
		policy[i] = (mx_policy_basic_t){ conditions[i].value, 0xff };
	first = options(argc, argv, &audit);
	if (first >= argc)
		usage();
	if (nkeep == 0)
		for (int fd = 0; fd < 3; fd++)
			if (fcntl(fd, F_GETFD) != -1)
				keep[nkeep++] = fd;
	if (audit)
		only_tell();
	argv += first;
	find_program(argv[0], &program);
	make_job(argv[0], &job, &port);
	choose_descriptors();
	if (pipe2(go, O_CLOEXEC) != 0)
		fail(FAILED, "pipe: %s", strerror(errno));
	child = mx_job_fork(job);
	if (child == -1)
		fail(FAILED, "fork: %s", strerror(errno));
	if (child == 0) {
		close(go[1]);
		(void)read(go[0], &byte, 1);
		run(&program, argv);
	}
	signal(SIGTERM, forward);
	signal(SIGHUP, forward);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	watch_end(job, port);
	close(go[0]);
	close(go[1]);
	listen_to(port);
	while (waitpid((pid_t)child, &status, 0) == -1)
		if (errno != EINTR)
			fail(FAILED, "wait: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
