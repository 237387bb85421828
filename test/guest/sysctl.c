/*
 * sysctl: a value that is refused changes nothing; every name that "" lists is one; the old value comes
 * out before the new one is set; unknown names, values that are too long, and who may not set.
 */
#include <stdint.h>
#include <sys/sysctl.h>
#include <sys/wait.h>
#include "tap.h"

#define NAME	"ipc.msgmax"

static uint64_t
value(void)
{
	char text[32] = "";
	size_t len = sizeof(text);

	return sysctlbyname(NAME, text, &len, NULL, 0) == 0 ? strtoull(text, NULL, 10) : 0;
}

static void
refused(const char *text)
{
	uint64_t before = value();

	fails(sysctlbyname(NAME, NULL, NULL, text, strlen(text)), EINVAL, text);
	ok(value() == before && before != 0, "and it is what it was after '%s'", text);
}

static void
names(void)
{
	char list[1024], *name, *rest;
	size_t len = sizeof(list), n = 0, bad = 0;

	ok(sysctlbyname("", list, &len, NULL, 0) == 0, "\"\" lists the names");
	for (name = strtok_r(list, "\n", &rest); name != NULL; name = strtok_r(NULL, "\n", &rest)) {
		char text[1024];

		len = sizeof(text);
		n++;
		if (sysctlbyname(name, text, &len, NULL, 0) != 0 && errno != EPERM)
			bad++;
	}
	ok(n > 20 && bad == 0, "each of the %zu can be read, or is for writing only", n);
}

static void
replace(void)
{
	char text[32], longest[300], want[32];
	uint64_t before = value();
	size_t len = sizeof(text);

	snprintf(want, sizeof(want), "%llu", (unsigned long long)before);
	ok(sysctlbyname(NAME, text, &len, "4096", 4) == 0 && strcmp(text, want) == 0 && value() == 4096,
	    "one call gives the old value and sets the new one");
	len = 2;
	fails(sysctlbyname(NAME, text, &len, "77", 2), ERANGE, "no room for the old value");
	ok(len == strlen("4096") + 1 && value() == 4096, "tells the room and sets nothing");
	memset(longest, '0', sizeof(longest));
	fails(sysctlbyname(NAME, NULL, NULL, longest, sizeof(longest)), EINVAL, "a value of 300 characters");
	ok(sysctlbyname(NAME, NULL, NULL, want, strlen(want)) == 0 && value() == before, "back again");
}

static void
not_root(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		tap_in_child = 1;
		ok(setuid(1000) == 0 && value() != 0, "reads");
		fails(sysctlbyname(NAME, NULL, NULL, "1", 1), EPERM, "does not set");
		ok(sysctlbyname("debug.failnth.slab", NULL, NULL, "0", 1) == 0 || errno == ENOENT,
		    "but what concerns its own thread alone");
		_exit(tap_bad != 0);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0, "user 1000 reads and does not set");
}

int
main(void)
{
	static const char *const bad[] = { "", "x", "-1", "12x", "1 ", " 1", "0x10", "99999999999999999999" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refused(bad[i]);
	fails(sysctlbyname("ipc.nothing", NULL, NULL, "1", 1), ENOENT, "an unknown name is not set");
	fails(sysctlbyname("ipc", NULL, NULL, NULL, 0), ENOENT, "a part of a name is none");
	names();
	replace();
	not_root();
	return tap_done();
}
