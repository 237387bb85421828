/* Programs are linked statically: there is nothing to load and nothing to look up. */
#include <dlfcn.h>
#include <stddef.h>

static const char *message;

void *
dlopen(const char *path, int mode)
{
	message = "programs are linked statically";
	return NULL;
}

void *
dlsym(void *handle, const char *name)
{
	message = "programs are linked statically";
	return NULL;
}

int
dlclose(void *handle)
{
	message = "invalid handle";
	return -1;
}

char *
dlerror(void)
{
	const char *m = message;

	message = NULL;
	return (char *)m;
}
