// SOURCES: sys/kern/wait.c sys/kern/string.c sys/kern/account.c test/host/shim/kernel.c
/* The wait engine: rising bits, exclusive observers, passing on, levels that are seen at once. */
#include "host.h"
#include "kern/error.h"
#include "kern/time.h"
#include "kern/wait.h"
#include <abi/sig.h>

static struct spin lock;
static struct sigsrc src;
static int fires[8];

struct probe {
	struct observer ob;
	int n;
};

static void
fire(struct observer *o, uint32_t bits, struct wakelist *w)
{
	fires[container_of(o, struct probe, ob)->n]++;
}

static void
attach(struct probe *p, int n, uint32_t trigger, uint32_t flags)
{
	*p = (struct probe){ .ob = { .fire = fire, .trigger = trigger, .flags = flags }, .n = n };
	spin_lock(&lock);
	observer_attach_locked(&src, &p->ob);
	spin_unlock(&lock);
	fires[n] = 0;
}

static void
change(uint32_t clear, uint32_t set)
{
	struct wakelist w;

	wakelist_init(&w);
	spin_lock(&lock);
	sig_change(&src, clear, set, &w);
	spin_unlock(&lock);
	wakelist_run(&w);
}

int
main(void)
{
	struct probe a, b, x, y;
	uint32_t seen = 0;
	size_t ready;

	spin_init(&lock, NULL);
	sigsrc_init(&src, &lock, 0);
	attach(&a, 0, SIG_READABLE, 0);
	attach(&b, 1, SIG_READABLE | SIG_WRITABLE, 0);
	attach(&x, 2, SIG_READABLE, OBSERVE_EXCLUSIVE);
	attach(&y, 3, SIG_READABLE, OBSERVE_EXCLUSIVE);
	change(0, SIG_READABLE);
	ok(fires[0] == 1 && fires[1] == 1, "a rise tells every ordinary observer");
	ok(fires[2] == 1 && fires[3] == 0, "and the first exclusive one");
	change(0, SIG_READABLE);
	ok(fires[0] == 1 && fires[2] == 1, "a level that stays is not told again");
	change(SIG_READABLE, SIG_WRITABLE);
	ok(fires[0] == 1 && fires[1] == 2, "each hears of its own bits only");
	change(SIG_READABLE, SIG_READABLE);
	ok(fires[0] == 2, "clear and set in one step is a rise when it was clear");
	change(SIG_READABLE, SIG_READABLE);
	ok(fires[0] == 2, "and none when it was set");
	observer_detach(&x.ob);
	change(SIG_READABLE, 0);
	change(0, SIG_READABLE);
	ok(fires[2] == 2 && fires[3] == 1, "the next exclusive one after the first has left");
	fires[0] = fires[1] = fires[3] = 0;
	sig_pass(&src, SIG_READABLE);
	ok(fires[3] == 1 && fires[0] == 0 && fires[1] == 0, "passing on tells one exclusive observer and no other");
	change(SIG_READABLE, 0);
	sig_pass(&src, SIG_READABLE | SIG_WRITABLE);
	ok(fires[3] == 1, "and nobody when the level is clear");
	observer_detach(&a.ob);
	observer_detach(&b.ob);
	observer_detach(&y.ob);
	ok(list_empty(&src.observers), "nobody is left");
	{
		uint16_t gen = 5;
		struct via through = { &gen, 5 };

		change(0, SIG_READABLE);
		ok(sig_wait(&src, SIG_READABLE, 0, 0, &through, &seen) == 0, "a wait through a slot that holds");
		gen = 6;
		ok(sig_wait(&src, SIG_READABLE, 0, NSEC_INFINITE, &through, &seen) == ECLOSED &&
		    (seen & SIG_HANDLE_CLOSED) != 0, "one through a slot that went ends at once");
		attach(&a, 0, SIG_WRITABLE, 0);
		attach(&b, 1, SIG_WRITABLE, 0);
		a.ob.via = (struct via){ &gen, 5 };
		b.ob.via = (struct via){ &gen, 6 };
		spin_lock(&lock);
		{
			struct wakelist w;

			wakelist_init(&w);
			sig_slot_gone(&src, &(struct via){ &gen, 5 }, &w);
		}
		spin_unlock(&lock);
		ok(fires[0] == 1 && fires[1] == 0, "a slot that goes ends its own waits, not those of who has it next");
		observer_detach(&a.ob);
		observer_detach(&b.ob);
	}

	ok(sig_wait(&src, SIG_READABLE, 0, 0, NULL, &seen) == 0 && (seen & SIG_READABLE) != 0,
	    "a wait for what is active returns at once");
	change(SIG_READABLE, 0);
	ok(sig_wait(&src, SIG_READABLE, 0, 0, NULL, &seen) == ETIMEDOUT && (seen & SIG_READABLE) == 0,
	    "one for what is not times out");
	attach(&y, 3, SIG_READABLE, OBSERVE_EXCLUSIVE);
	ok(sig_wait(&src, SIG_READABLE, WAIT_EXCL, 0, NULL, NULL) == ETIMEDOUT && fires[3] == 0,
	    "an exclusive waiter that leaves a clear level tells nobody");
	observer_detach(&y.ob);
	{
		struct sigsrc other;
		struct sig_item items[3] = { { .src = &src, .mask = SIG_READABLE },
			{ .src = NULL, .mask = SIG_READABLE }, { .src = &other, .mask = SIG_SIGNALED } };

		sigsrc_init(&other, &lock, SIG_SIGNALED);
		ok(sig_wait_many(items, 3, 0, NSEC_INFINITE, &ready) == 0 && ready == 1 &&
		    (items[2].observed & SIG_SIGNALED) != 0, "one of many");
		other.bits = 0;
		ok(sig_wait_many(items, 3, 0, 0, &ready) == ETIMEDOUT && ready == 0, "none of many");
		ok(sig_wait_many(items, 3, 0, 5000, &ready) == ETIMEDOUT && list_empty(&src.observers) &&
		    list_empty(&other.observers), "a time-out leaves no observer behind");
	}
	ok(host_live == 0, "nothing is left");
	return tap_done();
}
