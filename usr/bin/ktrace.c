/*
 * ktrace: runs a command and prints the calls that it makes, one line a call, when they end.
 *
 * The kernel's records hold numbers, arguments and what the arguments point to.  What a number
 * means is in build/gen/systrace.h, made from the call table: an argument's type, and for the plain
 * integers its name, choose how it is printed.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <abi/mx.h>
#include <abi/mxstatus.h>
#include <abi/resource.h>
#include <abi/signal.h>
#include <abi/stat.h>
#include <abi/time.h>
#include <abi/trace.h>
#include <mx/fd.h>
#include <mx/status.h>
#include <mx/syscalls.h>

#define NATIVE	512

static const struct call {
	unsigned number;
	const char *name, *args, *result;
} calls[] = {
#define TRACE_CALL(number, name, args, result)	{ number, name, args, result },
#include "systrace.h"
};

static FILE *out;

/* --- names of values ------------------------------------------------------------------------------ */

struct name {
	unsigned long value;
	const char *name;
};
#define NAME(n)	{ n, #n }
#define END	{ 0, NULL }

static const struct name open_flags[] = {
	NAME(O_CREAT), NAME(O_EXCL), NAME(O_TRUNC), NAME(O_APPEND), NAME(O_NONBLOCK), NAME(O_DIRECTORY),
	NAME(O_NOFOLLOW), NAME(O_CLOEXEC), NAME(O_NOCTTY), NAME(O_SYNC), END
};
static const struct name right_bits[] = {
#define RIGHT(n)	{ MX_RIGHT_##n, #n }
	RIGHT(DUPLICATE), RIGHT(TRANSFER), RIGHT(READ), RIGHT(WRITE), RIGHT(EXECUTE), RIGHT(MAP),
	RIGHT(GET_PROPERTY), RIGHT(SET_PROPERTY), RIGHT(ENUMERATE), RIGHT(DESTROY), RIGHT(SET_POLICY),
	RIGHT(GET_POLICY), RIGHT(SIGNAL), RIGHT(SIGNAL_PEER), RIGHT(WAIT), RIGHT(INSPECT),
	RIGHT(MANAGE_JOB), RIGHT(MANAGE_PROCESS), RIGHT(MANAGE_THREAD), RIGHT(MANAGE_SOCKET), RIGHT(RESIZE), RIGHT(SAME_RIGHTS), END
};
static const struct name level_bits[] = {
	{ MX_SIGNAL_READABLE, "READABLE" }, { MX_SIGNAL_WRITABLE, "WRITABLE" },
	{ MX_SIGNAL_PEER_CLOSED, "PEER_CLOSED" }, { MX_SIGNAL_SIGNALED, "SIGNALED" },
	{ MX_USER_SIGNAL_0, "USER_0" }, { MX_USER_SIGNAL_1, "USER_1" }, { MX_USER_SIGNAL_2, "USER_2" },
	{ MX_USER_SIGNAL_3, "USER_3" }, { MX_USER_SIGNAL_4, "USER_4" }, { MX_USER_SIGNAL_5, "USER_5" },
	{ MX_USER_SIGNAL_6, "USER_6" }, { MX_USER_SIGNAL_7, "USER_7" }, END
};
static const struct name prot_bits[] = {
	{ 1, "PROT_READ" }, { 2, "PROT_WRITE" }, { 4, "PROT_EXEC" }, END
};
static const struct name whences[] = { NAME(SEEK_SET), NAME(SEEK_CUR), NAME(SEEK_END), END };
static const struct name clocks[] = {
	NAME(CLOCK_REALTIME), NAME(CLOCK_PROCESS_CPUTIME_ID), NAME(CLOCK_THREAD_CPUTIME_ID),
	NAME(CLOCK_MONOTONIC), END
};

static const struct name signals[] = {
	NAME(SIGHUP), NAME(SIGINT), NAME(SIGQUIT), NAME(SIGILL), NAME(SIGTRAP), NAME(SIGABRT), NAME(SIGFPE),
	NAME(SIGKILL), NAME(SIGBUS), NAME(SIGSEGV), NAME(SIGSYS), NAME(SIGPIPE), NAME(SIGALRM), NAME(SIGTERM),
	NAME(SIGURG), NAME(SIGSTOP), NAME(SIGTSTP), NAME(SIGCONT), NAME(SIGCHLD), NAME(SIGTTIN),
	NAME(SIGTTOU), NAME(SIGIO), NAME(SIGXCPU), NAME(SIGXFSZ), NAME(SIGVTALRM), NAME(SIGPROF),
	NAME(SIGWINCH), NAME(SIGUSR1), NAME(SIGUSR2), END
};

static const char *
error_name(int error)
{
	switch (error) {
#define ERRNO(number, status) \
	case number: \
		return #number;
	ABI_ERRNO_LIST(ERRNO)
#undef ERRNO
	case ENOSTR:
		return "ENOSTR";
	case ENOMSG:
		return "ENOMSG";
	case EIDRM:
		return "EIDRM";
	default:
		return NULL;
	}
}

/* "NAME|NAME|0x40", 0 for nothing. */
static void
print_bits(unsigned long bits, const struct name *table)
{
	const char *between = "";

	for (; table->name != NULL; table++)
		if ((bits & table->value) == table->value) {
			fprintf(out, "%s%s", between, table->name);
			bits &= ~table->value;
			between = "|";
		}
	if (bits != 0 || between[0] == '\0')
		fprintf(out, "%s%s%lx", between, bits != 0 ? "0x" : "", bits);
}

static void
print_one(unsigned long value, const struct name *table)
{
	for (; table->name != NULL; table++)
		if (value == table->value) {
			fputs(table->name, out);
			return;
		}
	fprintf(out, "%ld", (long)value);
}

static void
print_signal(int sig)
{
	print_one((unsigned long)sig, signals);
}

static void
print_open_flags(unsigned flags)
{
	static const char *const mode[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	fputs(mode[flags & O_ACCMODE], out);
	if ((flags & ~(unsigned)O_ACCMODE) != 0) {
		putc('|', out);
		print_bits(flags & ~(unsigned)O_ACCMODE, open_flags);
	}
}

/* --- what arguments point to ---------------------------------------------------------------------- */

struct record {
	struct abi_trace_record r;
	const char *pieces, *end;
};

/* The next piece of an argument behind `after' (NULL: the first). */
static const struct abi_trace_piece *
piece_next(const struct record *rec, unsigned arg, const struct abi_trace_piece *after)
{
	const char *at = rec->pieces;

	if (after != NULL)
		at = (const char *)(after + 1) + ((after->size + 3u) & ~3u);
	while (at + sizeof(*after) <= rec->end) {
		const struct abi_trace_piece *p = (const struct abi_trace_piece *)at;

		if (p->arg == arg)
			return p;
		at = (const char *)(p + 1) + ((p->size + 3u) & ~3u);
	}
	return NULL;
}

static void
print_text(const struct abi_trace_piece *p)
{
	const unsigned char *s = (const unsigned char *)(p + 1);

	putc('"', out);
	for (unsigned i = 0; i < p->size; i++)
		switch (s[i]) {
		case '\n':
			fputs("\\n", out);
			break;
		case '\t':
			fputs("\\t", out);
			break;
		case '"':
		case '\\':
			fprintf(out, "\\%c", s[i]);
			break;
		default:
			if (s[i] >= ' ' && s[i] < 127)
				putc(s[i], out);
			else
				fprintf(out, "\\x%02x", s[i]);
		}
	fputs(p->more ? "\"..." : "\"", out);
}

static void
print_vector(const struct record *rec, unsigned arg)
{
	const struct abi_trace_piece *p = piece_next(rec, arg, NULL);
	const char *between = "";

	putc('[', out);
	for (; p != NULL; p = piece_next(rec, arg, p), between = ", ") {
		fputs(between, out);
		print_text(p);
	}
	putc(']', out);
}

static void
print_action(const struct abi_sigaction *a)
{
	if (a->handler <= 1)
		fputs(a->handler == 0 ? "{SIG_DFL" : "{SIG_IGN", out);
	else
		fprintf(out, "{%#llx", (unsigned long long)a->handler);
	fprintf(out, ", mask=%#llx, flags=%#x}", (unsigned long long)a->mask, (unsigned)a->flags);
}

static void
print_packet(const struct abi_port_packet *k)
{
	fprintf(out, "{key=%#llx, type=%u, status=%d", (unsigned long long)k->key, (unsigned)k->type, (int)k->status);
	if (k->type == MX_PKT_TYPE_SIGNAL_ONE || k->type == MX_PKT_TYPE_SIGNAL_REP) {
		fputs(", trigger=", out);
		print_bits(k->signal.trigger, level_bits);
		fputs(", observed=", out);
		print_bits(k->signal.observed, level_bits);
		fprintf(out, ", count=%llu", (unsigned long long)k->signal.count);
	}
	putc('}', out);
}

/* A struct or scalar of the table's name; false: not one that is known. */
static int
print_value(const char *type, const struct abi_trace_piece *p)
{
	const void *v = p + 1;
	size_t n = strcspn(type, "?,");

#define IS(name)	(n == sizeof(name) - 1 && strncmp(type, name, n) == 0)
	if (IS("int") && p->size == 4)
		fprintf(out, "[%d]", *(const int *)v);
	else if (IS("u32") && p->size == 4)
		fprintf(out, "[%#x]", *(const unsigned *)v);
	else if ((IS("i64") || IS("u64")) && p->size == 8)
		fprintf(out, "[%lld]", *(const long long *)v);
	else if (IS("sigset") && p->size == 8)
		fprintf(out, "[%#llx]", *(const unsigned long long *)v);
	else if (IS("timespec") && p->size == sizeof(struct abi_timespec))
		fprintf(out, "{%lld.%09lld}", (long long)((const struct abi_timespec *)v)->sec,
		    (long long)((const struct abi_timespec *)v)->nsec);
	else if (IS("stat") && p->size == sizeof(struct abi_stat))
		fprintf(out, "{mode=%#o, size=%lld}", (unsigned)((const struct abi_stat *)v)->mode,
		    (long long)((const struct abi_stat *)v)->size);
	else if (IS("sigaction") && p->size == sizeof(struct abi_sigaction))
		print_action(v);
	else if (IS("port_packet") && p->size == sizeof(struct abi_port_packet))
		print_packet(v);
	else if (IS("rlimit") && p->size == sizeof(struct abi_rlimit))
		fprintf(out, "{%#llx, %#llx}", (unsigned long long)((const struct abi_rlimit *)v)->cur,
		    (unsigned long long)((const struct abi_rlimit *)v)->max);
	else
		return 0;
#undef IS
	return 1;
}

static void
print_items(const struct abi_trace_piece *p)
{
	const mx_wait_item_t *it = (const mx_wait_item_t *)(p + 1);

	putc('[', out);
	for (unsigned i = 0; i < p->size / sizeof(*it); i++) {
		fprintf(out, "%s{%#x, ", i > 0 ? ", " : "", it[i].handle);
		print_bits(it[i].waitfor, level_bits);
		putc('}', out);
	}
	fputs(p->more ? "]..." : "]", out);
}

static void
print_iov(const struct abi_trace_piece *p)
{
	const struct { uint64_t base, len; } *v = (const void *)(p + 1);

	putc('[', out);
	for (unsigned i = 0; i < p->size / sizeof(*v); i++)
		fprintf(out, "%s{%#llx, %llu}", i > 0 ? ", " : "", (unsigned long long)v[i].base,
		    (unsigned long long)v[i].len);
	fputs(p->more ? "]..." : "]", out);
}

/* Its family, and the path. */
static void
print_address(const struct abi_trace_piece *p)
{
	const char *s = (const char *)(p + 1);
	unsigned short family;
	size_t n;

	memcpy(&family, s, sizeof(family));
	if (family != AF_UNIX) {
		fprintf(out, "{%u}", family);
		return;
	}
	n = strnlen(s + 2, p->size - 2u);
	fprintf(out, "{AF_UNIX, \"%.*s\"%s}", (int)n, s + 2, p->more && n == p->size - 2u ? "..." : "");
}

/* A structure or an array that the table calls `user'; false: none that is known. */
static int
print_pointed(const char *name, size_t n, const struct abi_trace_piece *p)
{
#define IS(what)	(n == sizeof(what) - 1 && strncmp(name, what, n) == 0)
	if (IS("items"))
		print_items(p);
	else if (IS("iov"))
		print_iov(p);
	else if (IS("addr") && p->size > 2)
		print_address(p);
	else if (IS("packet") && p->size == sizeof(struct abi_port_packet))
		print_packet((const void *)(p + 1));
	else
		return 0;
#undef IS
	return 1;
}

/* --- a call ------------------------------------------------------------------------------------------ */

static int
same(const char *a, size_t n, const char *b)
{
	return strlen(b) == n && strncmp(a, b, n) == 0;
}

/* An argument without a type of its own that has a name that tells. */
static int
print_by_name(const char *call, const char *name, size_t n, unsigned long v)
{
	if (same(name, n, "rights"))
		print_bits((unsigned)v, right_bits);
	else if (same(name, n, "signals") || same(name, n, "clear") || same(name, n, "set"))
		print_bits((unsigned)v, level_bits);
	else if (same(name, n, "sig"))
		print_signal((int)v);
	else if (same(name, n, "whence"))
		print_one(v, whences);
	else if (same(name, n, "clock") && strncmp(call, "mx_", 3) != 0)
		print_one(v, clocks);
	else if (same(name, n, "prot"))
		print_bits(v, prot_bits);
	else if (same(name, n, "flags") && strcmp(call, "openat") == 0)
		print_open_flags((unsigned)v);
	else if ((same(name, n, "dirfd") || same(name, n, "fd1") || same(name, n, "fd2")) && (int)v == AT_FDCWD)
		fputs("AT_FDCWD", out);
	else
		return 0;
	return 1;
}

static void
print_scalar(const char *type, size_t n, unsigned long v)
{
	if (same(type, n, "mode"))
		fprintf(out, "%#lo", v);
	else if (same(type, n, "addr") || same(type, n, "user") || same(type, n, "ulong"))
		fprintf(out, v != 0 ? "%#lx" : "NULL", v);
	else if (same(type, n, "time") && v == (unsigned long)MX_TIME_INFINITE)
		fputs("INFINITE", out);
	else if (same(type, n, "handle") || (memchr(type, '[', n) != NULL && v > 0x3ffff) || strncmp(type, "opt", 3) == 0)
		fprintf(out, "%#x", (unsigned)v);
	else if (memchr(type, '[', n) != NULL || same(type, n, "int") || same(type, n, "pid"))
		fprintf(out, "%d", (int)v);
	else if (same(type, n, "uint") || same(type, n, "u32") || same(type, n, "uid") || same(type, n, "gid"))
		fprintf(out, "%u", (unsigned)v);
	else
		fprintf(out, "%ld", (long)v);
}

static void
print_argument(const struct record *rec, const struct call *c, unsigned i, const char *arg, size_t len)
{
	const struct abi_trace_piece *p = piece_next(rec, i, NULL);
	unsigned long v = (unsigned long)rec->r.arg[i];
	const char *type = memchr(arg, ':', len);
	size_t name_len = (size_t)(type - arg), n;

	type++;
	n = len - name_len - 1;
	if (same(arg, name_len, "argv") && p != NULL) {
		print_vector(rec, i);
	} else if (strncmp(type, "in ", 3) == 0 || strncmp(type, "out ", 4) == 0) {
		if (p == NULL || !print_value(strchr(type, ' ') + 1, p))
			print_scalar("addr", 4, v);
	} else if (p != NULL && same(type, n, "user") && print_pointed(arg, name_len, p)) {
		;
	} else if (p != NULL && c->number >= NATIVE && p->size == 4 && same(type, n, "user") &&
	    !same(arg, name_len, "buf") && !same(arg, name_len, "bytes")) {
		fprintf(out, "[%#x]", *(const unsigned *)(p + 1));
	} else if (p != NULL && same(arg, name_len, "fds")) {
		fprintf(out, "[%d, %d]", ((const int *)(p + 1))[0], ((const int *)(p + 1))[1]);
	} else if (p != NULL) {
		print_text(p);
	} else if (!print_by_name(c->name, arg, name_len, v)) {
		if (same(type, n, "path"))
			type = "addr", n = 4;
		print_scalar(type, n, v);
	}
}

/* The next argument of "name:type,name:type" (a comma inside of brackets does not count). */
static size_t
argument_length(const char *s)
{
	size_t n = 0;
	int depth = 0;

	for (; s[n] != '\0' && (s[n] != ',' || depth > 0); n++)
		depth += (s[n] == '[') - (s[n] == ']');
	return n;
}

static void
print_result(const struct record *rec, const struct call *c)
{
	const char *name;

	if (rec->r.flags & MX_TRACE_NORETURN) {
		fputs("?", out);
	} else if (rec->r.flags & MX_TRACE_RESTARTED) {
		fputs("? interrupted", out);
	} else if (c->number >= NATIVE) {
		fputs(mx_status_get_string((mx_status_t)rec->r.result), out);
	} else if (rec->r.flags & MX_TRACE_FAILED) {
		name = error_name((int)rec->r.result);
		if (name != NULL)
			fprintf(out, "-1 %s", name);
		else
			fprintf(out, "-1 errno %d", (int)rec->r.result);
	} else if (strcmp(c->result, "addr") == 0) {
		fprintf(out, "%#llx", (unsigned long long)rec->r.result);
	} else {
		fprintf(out, "%lld", (long long)rec->r.result);
	}
}

static void
print_call(const struct record *rec)
{
	const struct call *c = NULL;
	const char *s;
	unsigned i = 0;

	for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++)
		if (calls[k].number == rec->r.call)
			c = &calls[k];
	if (c == NULL) {
		fprintf(out, "call %u", rec->r.call);
		return;
	}
	fprintf(out, "%s(", c->name);
	for (s = c->args; *s != '\0'; i++) {
		size_t n = argument_length(s);

		print_argument(rec, c, i, s, n);
		s += n;
		if (*s == ',') {
			fputs(", ", out);
			s++;
		}
	}
	fputs(") = ", out);
	print_result(rec, c);
}

static void
print_record(const struct record *rec)
{
	int status = (int)rec->r.result;

	if (rec->r.flags & MX_TRACE_LOST)
		fputs("--- lines are missing here ---\n", out);
	fprintf(out, "%d ", (int)rec->r.pid);
	switch (rec->r.kind) {
	case MX_TRACE_CALL:
		print_call(rec);
		break;
	case MX_TRACE_SIGNAL:
		fputs("--- ", out);
		print_signal((int)rec->r.result);
		fputs(" ---", out);
		break;
	case MX_TRACE_EXIT:
		if (WIFSIGNALED(status)) {
			fputs("+++ killed by ", out);
			print_signal(WTERMSIG(status));
			fputs(" +++", out);
		} else {
			fprintf(out, "+++ exited with %d +++", WEXITSTATUS(status));
		}
		break;
	default:
		fprintf(out, "record of kind %u", rec->r.kind);
	}
	putc('\n', out);
}

static void
print_all(int fd)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)) {
		for (ssize_t at = 0; at < n;) {
			struct record rec;

			memcpy(&rec.r, buf + at, sizeof(rec.r));
			rec.pieces = buf + at + sizeof(rec.r);
			rec.end = buf + at + rec.r.size;
			print_record(&rec);
			at += rec.r.size;
		}
		fflush(out);
	}
	if (n < 0)
		perror("ktrace: read");
}

/* --- the command ------------------------------------------------------------------------------------ */

/* Where execvp would find it, so that its search is not in the trace. */
static const char *
find(const char *command)
{
	static char path[4096];
	const char *dir = getenv("PATH");
	size_t n;

	if (strchr(command, '/') != NULL || dir == NULL)
		return command;
	for (;; dir += n + 1) {
		struct stat st;

		n = strcspn(dir, ":");
		snprintf(path, sizeof(path), "%.*s%s%s", (int)n, dir, n > 0 ? "/" : "", command);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
			return path;
		if (dir[n] == '\0')
			return command;
	}
}

static int
usage(void)
{
	fprintf(stderr, "usage: ktrace [-f] [-o FILE] COMMAND [ARG...]\n");
	return 2;
}

/* The command's status, unless it is 0 and lines of the trace are missing. */
static int
ending(int end)
{
	bool lost = fflush(out) != 0 || ferror(out);

	if (lost)
		fprintf(stderr, "ktrace: the trace could not be written\n");
	if (WIFSIGNALED(end))
		return 128 + WTERMSIG(end);
	return WEXITSTATUS(end) != 0 ? WEXITSTATUS(end) : lost;
}

int
main(int argc, char **argv)
{
	uint32_t options = 0;
	const char *path;
	mx_handle_t trace;
	mx_status_t status;
	int c, end = 0;
	pid_t pid;

	out = stderr;
	while ((c = getopt(argc, argv, "+fo:")) != -1) {
		switch (c) {
		case 'f':
			options |= MX_TRACE_FOLLOW;
			break;
		case 'o':
			out = fopen(optarg, "we");
			if (out == NULL) {
				perror(optarg);
				return 1;
			}
			break;
		default:
			return usage();
		}
	}
	if (optind == argc)
		return usage();
	path = find(argv[optind]);
	status = mx_trace_create(0, &trace);
	if (status != MX_OK) {
		fprintf(stderr, "ktrace: %s\n", mx_status_get_string(status));
		return 1;
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		status = mx_trace_attach(trace, mx_process_self(), options);
		if (status == MX_OK)
			execv(path, argv + optind);
		fprintf(stderr, "ktrace: %s: %s\n", argv[optind],
		    status != MX_OK ? mx_status_get_string(status) : strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0) {
		perror("ktrace: fork");
		return 1;
	}
	print_all(mx_handle_fd(trace));
	while (waitpid(pid, &end, 0) < 0 && errno == EINTR)
		;
	return ending(end);
}
