/*
 * Copies on write while others write: four threads count through their pages without a pause, while forks and snapshots
 * of VMOs are made.  A copy shows one moment: of a writer that goes through its pages in order, the numbers never
 * rise from page to page, and the first is at most one ahead of the last.  It stays as it is whoever
 * writes, and what is written to it nobody else sees.
 */
#include <mx/object.h>
#include <mx/syscalls.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include "tap.h"

#define PAGE	4096
#define WRITERS	4
#define EACH	16
#define PAGES	(WRITERS * EACH)
#define FORKS	200
#define CHILDREN 400

static char *memory;			/* what is written to */
static volatile int stop, wrong;
static volatile uint64_t rounds[WRITERS];

static volatile uint64_t *
word(char *p, int page)
{
	return (volatile uint64_t *)(void *)(p + (size_t)page * PAGE);
}

static void *
writer(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (uint64_t r = *word(memory, me * EACH) + 1; !stop; r++) {
		for (int i = me * EACH; i < (me + 1) * EACH; i++) {
			if (*word(memory, i) != r - 1)
				wrong = 1;
			*word(memory, i) = r;
		}
		rounds[me] = r;
	}
	return NULL;
}

/* Whether the words are of one moment. */
static int
one_moment(const uint64_t v[PAGES])
{
	for (int t = 0; t < WRITERS; t++) {
		const uint64_t *w = v + t * EACH;

		for (int i = 1; i < EACH; i++)
			if (w[i] > w[i - 1])
				return 0;
		if (w[0] - w[EACH - 1] > 1)
			return 0;
	}
	return 1;
}

static void
look(uint64_t v[PAGES])
{
	for (int i = 0; i < PAGES; i++)
		v[i] = *word(memory, i);
}

/* In a child, where nobody counts: exit status. */
static int
child(uint64_t mark)
{
	uint64_t first[PAGES], again[PAGES];
	int status;

	look(first);
	if (!one_moment(first))
		return 1;
	for (int i = 0; i < 3; i++)
		sched_yield();
	look(again);
	if (memcmp(first, again, sizeof(first)) != 0)
		return 2;
	for (int i = 0; i < PAGES; i += 3)
		*word(memory, i) = mark + (uint64_t)i;
	if (fork() == 0) {
		for (int i = 0; i < PAGES; i++) {
			if (*word(memory, i) != (i % 3 == 0 ? mark + (uint64_t)i : first[i]))
				_exit(1);
			*word(memory, i) = 0;
		}
		_exit(0);
	}
	sched_yield();
	wait(&status);
	for (int i = 0; i < PAGES; i++)
		if (*word(memory, i) != (i % 3 == 0 ? mark + (uint64_t)i : first[i]))
			return 3;
	return status != 0 ? 4 : 0;
}

static void
with_writers(void (*fn)(void), const char *what)
{
	pthread_t t[WRITERS];
	uint64_t before[WRITERS];

	stop = wrong = 0;
	for (int i = 0; i < WRITERS; i++) {
		before[i] = *word(memory, i * EACH);
		pthread_create(&t[i], NULL, writer, (void *)(intptr_t)i);
	}
	fn();
	stop = 1;
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	ok(!wrong, "%s: the writers find what they wrote", what);
	for (int i = 0; i < WRITERS; i++)
		if (rounds[i] <= before[i])
			wrong = 1;
	ok(!wrong, "and all of them went on meanwhile");
}

static void
forks(void)
{
	int bad = 0, status;

	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(child((uint64_t)1 << 60));
		if (i % 4 == 3)
			sched_yield();
		/* Some of them at once. */
		while (pid > 0 && waitpid(-1, &status, i % 5 == 4 ? 0 : WNOHANG) > 0)
			bad |= status;
	}
	while (wait(&status) > 0)
		bad |= status;
	is_int(bad, 0, "each child has one moment's memory, for itself");
}

static mx_handle_t vmo;

static void
snapshots(void)
{
	uint64_t first[PAGES], again[PAGES];
	mx_handle_t h[2];
	int bad = 0;

	for (int i = 0; i < CHILDREN && !bad; i++) {
		if (mx_vmo_create_child(vmo, MX_VMO_CHILD_SNAPSHOT, 0, PAGES * PAGE, &h[0]) != MX_OK)
			bad = 1;
		for (int p = 0; p < PAGES; p++)
			bad |= mx_vmo_read(h[0], &first[p], (uint64_t)p * PAGE, 8) != MX_OK;
		bad |= !one_moment(first) ? 2 : 0;
		sched_yield();
		bad |= mx_vmo_create_child(h[0], MX_VMO_CHILD_SNAPSHOT, 0, PAGES * PAGE, &h[1]) != MX_OK;
		/* What is written to the child is neither in its child nor in its parent. */
		for (int p = 0; p < PAGES; p += 2)
			bad |= mx_vmo_write(h[0], &(uint64_t){ 7 }, (uint64_t)p * PAGE, 8) != MX_OK;
		mx_handle_close(h[0]);
		for (int p = 0; p < PAGES; p++)
			bad |= mx_vmo_read(h[1], &again[p], (uint64_t)p * PAGE, 8) != MX_OK;
		bad |= memcmp(first, again, sizeof(first)) != 0 ? 4 : 0;
		mx_handle_close(h[1]);
	}
	is_int(bad, 0, "each snapshot has one moment's memory, and keeps it");
}

int
main(void)
{
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	with_writers(forks, "fork");
	munmap(memory, PAGES * PAGE);
	if (mx_vmo_create(PAGES * PAGE, 0, &vmo) != MX_OK)
		return 1;
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mx_handle_fd(vmo), 0);
	ok(memory != MAP_FAILED, "a VMO is mapped");
	with_writers(snapshots, "snapshots");
	munmap(memory, PAGES * PAGE);
	mx_handle_close(vmo);
	return tap_done();
}
