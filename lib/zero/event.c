/* The event calls under Zero's names. */
#include <zero/event.h>
#include <gen/sysuser.h>

long
sys_evreg(long type, long flags, const zevreg_t *reg)
{
	return __sys_evreg(type, flags, reg);
}

long
sys_evsend(const zevent_t *event, long flags, long port)
{
	return __sys_evsend(event, flags, port);
}

long
sys_evrecv(zevent_t *event, long flags, long port)
{
	return __sys_evrecv(event, flags, port);
}

long
sys_evop(long command, long flags, void *arg)
{
	return __sys_evop(command, flags, arg);
}
