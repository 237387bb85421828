#pragma once
/* One counter of /proc/kstat, -1 when there is none of that name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline long
counter(const char *name)
{
	char line[128];
	size_t n = strlen(name);
	long value = -1;
	FILE *f = fopen("/proc/kstat", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, n) == 0 && line[n] == ' ')
			value = atol(line + n);
	if (f != NULL)
		fclose(f);
	return value;
}
