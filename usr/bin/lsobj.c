/*
 * lsobj: the kernel's objects that processes hold, one a line: who has each of them, what it is, whom
 * it talks to.  Made of /proc/PID/objects; a user sees what his own processes have.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct object {
	unsigned long long koid, peer;
	char kind[32];
	unsigned refs, signals;
	int *owner;			/* pids, each once */
	size_t nowners;
};

static struct object *objects;
static size_t nobjects;

static void *
grow(void *p, size_t n, size_t size)
{
	/* to the next power of two, when n is one */
	if ((n & (n - 1)) == 0)
		p = realloc(p, (n > 0 ? 2 * n : 1) * size);
	if (p == NULL) {
		perror("lsobj");
		exit(1);
	}
	return p;
}

static void
owned_by(struct object *o, int pid)
{
	for (size_t i = 0; i < o->nowners; i++)
		if (o->owner[i] == pid)
			return;
	o->owner = grow(o->owner, o->nowners, sizeof(*o->owner));
	o->owner[o->nowners++] = pid;
}

static struct object *
object_of(const struct object *new)
{
	for (size_t i = nobjects; i-- > 0;)
		if (objects[i].koid == new->koid)
			return &objects[i];
	objects = grow(objects, nobjects, sizeof(*objects));
	objects[nobjects] = *new;
	return &objects[nobjects++];
}

/* False: the process's objects cannot be seen. */
static int
read_process(int pid)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/objects", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		struct object o = { 0 };

		if (sscanf(line, "%llu %31s %u %llu %x", &o.koid, o.kind, &o.refs, &o.peer, &o.signals) == 5)
			owned_by(object_of(&o), pid);
	}
	fclose(f);
	return 1;
}

static void
read_all(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	if (d == NULL) {
		perror("/proc");
		exit(1);
	}
	while ((e = readdir(d)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]))
			read_process(atoi(e->d_name));
	closedir(d);
}

static int
by_koid(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return x->koid < y->koid ? -1 : x->koid > y->koid;
}

static int
by_pid(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The bits that mean the same for every kind by letters, the others as a number. */
static void
signals_text(unsigned bits, char *out, size_t size)
{
	static const struct {
		unsigned bit;
		char letter;
	} known[] = { { 1u << 0, 'R' }, { 1u << 1, 'W' }, { 1u << 2, 'C' }, { 1u << 3, 'S' } };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (bits & known[i].bit) {
			out[n++] = known[i].letter;
			bits &= ~known[i].bit;
		}
	if (bits != 0)
		n += (size_t)snprintf(out + n, size - n, "%s%#x", n > 0 ? "+" : "", bits);
	if (n == 0)
		out[n++] = '-';
	out[n] = '\0';
}

static void
print(struct object *o)
{
	char owners[64], signals[32], peer[24] = "-";
	size_t n = 0;

	qsort(o->owner, o->nowners, sizeof(*o->owner), by_pid);
	for (size_t i = 0; i < o->nowners; i++) {
		if (n + 16 > sizeof(owners)) {
			n += (size_t)snprintf(owners + n, sizeof(owners) - n, "...");
			break;
		}
		n += (size_t)snprintf(owners + n, sizeof(owners) - n, "%s%d", i > 0 ? "," : "", o->owner[i]);
	}
	signals_text(o->signals, signals, sizeof(signals));
	if (o->peer != 0)
		snprintf(peer, sizeof(peer), "%llu", o->peer);
	printf("%-8llu %-12s %4u %-10s %-8s %s\n", o->koid, o->kind, o->refs, owners, peer, signals);
}

static int
usage(void)
{
	fprintf(stderr, "usage: lsobj [-p PID] [-k KIND]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	const char *kind = NULL;
	int c, pid = 0, lines = 0;
	char *end;

	while ((c = getopt(argc, argv, "k:p:")) != -1) {
		switch (c) {
		case 'k':
			kind = optarg;
			break;
		case 'p':
			pid = (int)strtol(optarg, &end, 10);
			if (pid <= 0 || *end != '\0')
				return usage();
			break;
		default:
			return usage();
		}
	}
	if (optind != argc)
		return usage();
	if (pid == 0) {
		read_all();
	} else if (!read_process(pid)) {
		fprintf(stderr, "lsobj: %d: %s\n", pid, errno == ENOENT ? "no such process" : strerror(errno));
		return 1;
	}
	qsort(objects, nobjects, sizeof(*objects), by_koid);
	printf("%-8s %-12s %4s %-10s %-8s %s\n", "KOID", "KIND", "REFS", "OWNER", "PEER", "SIGNALS");
	for (size_t i = 0; i < nobjects; i++)
		if (kind == NULL || strcmp(objects[i].kind, kind) == 0) {
			print(&objects[i]);
			lines++;
		}
	return lines == 0;
}
