/*
 * Tunables by name, and the sysctl call.  Values travel as text.  Reading is for everyone,
 * writing for the superuser.
 */
#include "kern/sysctl.h"
#include "gen/sysproto.h"
#include "kern/cred.h"
#include "kern/error.h"
#include "kern/kstat.h"
#include "kern/log.h"
#include "kern/proc.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/time.h"
#include "mach/user.h"
#include <abi/sysctl.h>

extern struct sysctl sysctl_set_start[], sysctl_set_end[];

#define NAME_SIZE	64
#define VALUE_SIZE	256

static struct sysctl *
find(const char *name)
{
	for (struct sysctl *s = sysctl_set_start; s < sysctl_set_end; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

/* What is no number leaves *out as it was: it may be a tunable itself. */
static int
parse_u64(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (*text == '\0')
		return EINVAL;
	for (; *text >= '0' && *text <= '9'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return EINVAL;
		v = v * 10 + digit;
	}
	if (*text != '\0')
		return EINVAL;
	*out = v;
	return 0;
}

/* "" lists all names, one a line. */
static int
list_names(char *buf, size_t size)
{
	size_t len = 0;

	for (struct sysctl *s = sysctl_set_start; s < sysctl_set_end; s++) {
		if (len + strlen(s->name) + 2 > size)
			return ESMALL;
		len += (size_t)snprintf(buf + len, size - len, "%s\n", s->name);
	}
	return 0;
}

int
sysctl_get(const char *name, char *buf, size_t size)
{
	struct sysctl *s = find(name);

	if (*name == '\0')
		return list_names(buf, size);
	if (s == NULL)
		return ENOENT;
	if (s->word == NULL)
		return s->get != NULL ? s->get(s, buf, size) : EPERM;
	snprintf(buf, size, "%llu", (unsigned long long)*s->word);
	return 0;
}

int
sysctl_set(const char *name, const char *text)
{
	struct sysctl *s = find(name);

	if (s == NULL)
		return ENOENT;
	if (s->word != NULL)
		return parse_u64(text, s->word);
	return s->set != NULL ? s->set(s, text) : EPERM;
}

/* Others end what they are at, as process 1 collects orphans: until nobody else is ready, a second at most. */
static void
let_others(void)
{
	int tries = 50;

	do {
		thr_sleep_prepare(false);
		(void)thr_sleep(deadline_after(NSEC_PER_SEC / 50));
	} while (sched_load() > 1 && --tries > 0);
}

static int
quiesce_set(struct sysctl *s, const char *text)
{
	let_others();
	quiesce();
	return 0;
}
SYSCTL_FN(debug_quiesce, "debug.quiesce", NULL, quiesce_set);

static int
name_in(uint64_t user, char *buf, size_t size)
{
	size_t len;

	return copyinstr((const void __user *)(uintptr_t)user, buf, size, &len);
}

static int
new_in(const struct abi_sysctl_byname *a, char *buf, size_t size)
{
	int error;

	if (a->new_len >= size)
		return EINVAL;
	error = copyin((const void __user *)(uintptr_t)a->new, buf, (size_t)a->new_len);
	buf[a->new_len] = '\0';
	return error;
}

/* The value goes out whole or not at all; its length always. */
static int
old_out(const char *name, const struct abi_sysctl_byname *a)
{
	char value[1024];
	uint64_t have, len;
	int error = sysctl_get(name, value, sizeof(value));

	if (error == 0)
		error = copyin((const void __user *)(uintptr_t)a->old_len, &have, sizeof(have));
	if (error != 0)
		return error;
	len = strlen(value) + 1;
	error = copyout(&len, (void __user *)(uintptr_t)a->old_len, sizeof(len));
	if (error != 0)
		return error;
	return len > have ? ERANGE : copyout(value, (void __user *)(uintptr_t)a->old, (size_t)len);
}

int
sys_sysctl(long cmd, long parm, void __user *arg, intptr_t *result)
{
	struct abi_sysctl_byname a;
	char name[NAME_SIZE], value[VALUE_SIZE];
	const struct sysctl *s;
	int error;

	if (cmd != SYSCTL_BYNAME || parm != sizeof(a))
		return EINVAL;
	if ((error = copyin(arg, &a, sizeof(a))) != 0 ||
	    (error = name_in(a.name, name, sizeof(name))) != 0)
		return error;
	s = find(name);
	if (*name != '\0' && s == NULL)
		return ENOENT;
	if (a.new != 0 && !(s != NULL && s->own) && !cred_super(proc_self()->p_cred))
		return EPERM;
	if (a.new != 0 && (error = new_in(&a, value, sizeof(value))) != 0)
		return error;
	if (a.old != 0 && (error = old_out(name, &a)) != 0)
		return error;
	*result = 0;
	return a.new != 0 ? sysctl_set(name, value) : 0;
}
