/* What the machine and the system are; random bytes. */
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <mx/syscalls.h>

uint32_t
mx_system_get_num_cpus(void)
{
	return (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

uint64_t
mx_system_get_physmem(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint32_t
mx_system_get_page_size(void)
{
	return (uint32_t)getpagesize();
}

const char *
mx_system_get_version_string(void)
{
	static struct utsname name;

	return name.release[0] != '\0' || uname(&name) == 0 ? name.release : "";
}

void
mx_cprng_draw(void *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = getrandom(buf, len, 0);

		if (n > 0) {
			buf = (char *)buf + n;
			len -= (size_t)n;
		}
	}
}
