#pragma once
/* The population of a fuzzer: handles of all kinds that its threads share.  rnd() and any(), which is mostly one of them, are its
 * own. */
#define POOL	64

static mx_handle_t pool[POOL];		/* threads overwrite each other's, which is meant */
static uint32_t kind[POOL];		/* what each was when it came */
static mx_handle_t any(void);

/* Mostly one of a kind. */
static mx_handle_t
of(uint32_t wanted)
{
	unsigned i = rnd(POOL);

	if (rnd(8) == 0)
		return any();
	for (unsigned n = 0; n < POOL && kind[i] != wanted; n++)
		i = (i + 1) % POOL;
	return pool[i];
}

static void
keep(mx_handle_t h)
{
	unsigned i = rnd(POOL);
	mx_handle_t old = pool[i];
	mx_info_handle_basic_t basic = { .type = 0 };

	mx_object_get_info(h, MX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL);
	pool[i] = h;
	kind[i] = basic.type;
	if (old != 0)
		mx_handle_close(old);
}

static void
keep2(mx_status_t status, const mx_handle_t *h)
{
	if (status == MX_OK)
		keep(h[0]), keep(h[1]);
}

static void
keep1(mx_status_t status, mx_handle_t h)
{
	if (status == MX_OK)
		keep(h);
}
