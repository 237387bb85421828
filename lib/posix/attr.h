#pragma once
/*
 * Functions of attributes.  ATTR makes pthread_OBJset... and pthread_OBJget... of an attribute that is one member
 * of the object: `check' is an error number or 0 for the value v that is set.
 */
#include <errno.h>
#include <pthread.h>

#define ATTR_SET(obj, name, type, member, check) \
int \
pthread_##obj##_set##name(pthread_##obj##_t *a, type v) \
{ \
	int error = (check); \
\
	if (error == 0) \
		a->member = v; \
	return error; \
}

#define ATTR_GET(obj, name, type, value) \
int \
pthread_##obj##_get##name(const pthread_##obj##_t *a, type *v) \
{ \
	*v = (value); \
	return 0; \
}

#define ATTR(obj, name, type, member, check) \
	ATTR_SET(obj, name, type, member, check) \
	ATTR_GET(obj, name, type, a->member)

#define ATTR_DESTROY(obj) \
int \
pthread_##obj##_destroy(pthread_##obj##_t *a) \
{ \
	a->is_initialized = 0; \
	return 0; \
}

#define BAD_PSHARED(v)	((v) != PTHREAD_PROCESS_PRIVATE && (v) != PTHREAD_PROCESS_SHARED ? EINVAL : 0)
