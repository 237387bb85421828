/* The kernel has no network yet: no name of a host or service is found. */
#include <netdb.h>
#include <stdio.h>

int h_errno;

struct hostent *
gethostbyname(const char *name)
{
	h_errno = HOST_NOT_FOUND;
	return NULL;
}

struct servent *
getservbyname(const char *name, const char *protocol)
{
	return NULL;
}

const char *
hstrerror(int error)
{
	return error == HOST_NOT_FOUND ? "Unknown host" : error == TRY_AGAIN ? "Try again" :
	    error == NO_DATA ? "No address" : error == 0 ? "No error" : "Unknown error";
}

void
herror(const char *msg)
{
	fprintf(stderr, "%s%s%s\n", msg != NULL ? msg : "", msg != NULL && *msg ? ": " : "",
	    hstrerror(h_errno));
}
