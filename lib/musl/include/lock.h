#pragma once
/* musl's internal locks: there is one thread. */
#define LOCK(l)		((void)(l))
#define UNLOCK(l)	((void)(l))
