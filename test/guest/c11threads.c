/* <threads.h>. */
#include <stdint.h>
#include <threads.h>
#include "tap.h"

static mtx_t mutex;
static cnd_t cond;
static tss_t key;
static once_flag once = ONCE_FLAG_INIT;
static int counter, turns, called, destroyed;
static thread_local int own = 3;

static struct timespec
soon(long ns)
{
	struct timespec t;

	timespec_get(&t, TIME_UTC);
	t.tv_nsec += ns;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void
once_fn(void)
{
	called++;
}

static void
destructor(void *value)
{
	destroyed += (int)(intptr_t)value;
}

static int
work(void *arg)
{
	int n = (int)(intptr_t)arg;

	own += n;
	call_once(&once, once_fn);
	tss_set(key, (void *)(intptr_t)n);
	for (int i = 0; i < 1000; i++) {
		mtx_lock(&mutex);
		counter++;
		mtx_unlock(&mutex);
		if (i % 100 == 0)
			thrd_yield();
	}
	if (n == 4)
		thrd_exit(-own);
	return own;
}

static int
take_turn(void *arg)
{
	mtx_lock(&mutex);
	while (turns == 0)
		cnd_wait(&cond, &mutex);
	turns--;
	mtx_unlock(&mutex);
	return 0;
}

static int
try_it(void *arg)
{
	struct timespec t = soon(5000000);

	return mtx_trylock(arg) * 10 + mtx_timedlock(arg, &t);
}

int
main(void)
{
	struct timespec ts = { 0, 2000000 }, bad = { 0, 2000000000 };
	thrd_t t[4];
	int v = 0, sum = 0;
	mtx_t m;

	is_int(mtx_init(&mutex, mtx_plain), thrd_success, "mtx_init");
	is_int(mtx_init(&m, 77), thrd_error, "of no kind");
	is_int(cnd_init(&cond), thrd_success, "cnd_init");
	is_int(tss_create(&key, destructor), thrd_success, "tss_create");
	for (int i = 0; i < 4; i++)
		is_int(thrd_create(&t[i], work, (void *)(intptr_t)(i + 1)), thrd_success, "thrd_create");
	for (int i = 0; i < 4; i++) {
		thrd_join(t[i], &v);
		sum += v;
	}
	is_int(sum, 4 + 5 + 6 - 7, "values by return and thrd_exit, also negative ones");
	is_int(counter, 4000, "the mutex excludes");
	is_int(called, 1, "call_once");
	is_int(destroyed, 10, "destructors");
	is_int(own, 3, "thread_local");
	ok(tss_get(key) == NULL && thrd_equal(thrd_current(), thrd_current()), "tss_get, thrd_equal");
	is_int(tss_set(9999, &v), thrd_error, "tss_set of no key");
	tss_delete(key);
	for (int i = 0; i < 4; i++)
		thrd_create(&t[i], take_turn, NULL);
	mtx_lock(&mutex);
	turns = 1;
	mtx_unlock(&mutex);
	cnd_signal(&cond);
	mtx_lock(&mutex);
	turns += 3;
	cnd_broadcast(&cond);
	mtx_unlock(&mutex);
	for (int i = 0; i < 4; i++)
		is_int(thrd_join(t[i], NULL), thrd_success, "conditions");
	mtx_lock(&mutex);
	ts = soon(3000000);
	is_int(cnd_timedwait(&cond, &mutex, &ts), thrd_timedout, "cnd_timedwait");
	mtx_unlock(&mutex);
	mtx_init(&m, mtx_recursive | mtx_timed);
	mtx_lock(&m);
	is_int(mtx_lock(&m), thrd_success, "a recursive one");
	thrd_create(&t[0], try_it, &m);
	thrd_join(t[0], &v);
	is_int(v, thrd_busy * 10 + thrd_timedout, "trylock, timedlock");
	mtx_unlock(&m);
	mtx_unlock(&m);
	mtx_destroy(&m);
	ts = (struct timespec){ 0, 2000000 };
	is_int(thrd_sleep(&ts, NULL), 0, "thrd_sleep");
	ok(thrd_sleep(&bad, NULL) < -1, "for no time");
	thrd_create(&t[0], take_turn, NULL);
	is_int(thrd_detach(t[0]), thrd_success, "thrd_detach");
	turns = 1;
	cnd_broadcast(&cond);
	return tap_done();
}
