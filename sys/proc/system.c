/* The system as a whole: its name, its end; and small calls of the running thread. */
#include "gen/sysproto.h"
#include "kern/error.h"
#include "kern/log.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/thr.h"
#include "kern/version.h"
#include "mach/cpu.h"
#include "mach/user.h"
#include "proc/procx.h"
#include <abi/reboot.h>
#include <abi/utsname.h>

LOCK_CLASS(name_class, "host name", RANK_LOG_USER);
static struct spin name_lock = SPIN_INIT(&name_class);
static char host_name[ABI_UTSNAME_LEN] = "zenta";	/* [name_lock] */

int
sys_uname(struct abi_utsname *u)
{
	strlcpy(u->sysname, "Zenta", sizeof(u->sysname));
	strlcpy(u->release, ZENTA_VERSION, sizeof(u->release));
	strlcpy(u->version, CONFIG_DEBUG ? "debug" : "release", sizeof(u->version));
	strlcpy(u->machine, sizeof(void *) == 8 ? "x86_64" : "i386", sizeof(u->machine));
	spin_lock(&name_lock);
	strlcpy(u->nodename, host_name, sizeof(u->nodename));
	spin_unlock(&name_lock);
	return 0;
}

int
sys_sethostname(void __user *name, size_t len)
{
	char new[ABI_UTSNAME_LEN];
	int error;

	if (!cred_super(proc_self()->p_cred))
		return EPERM;
	if (len >= sizeof(new))
		return EINVAL;
	if ((error = copyin(name, new, len)) != 0)
		return error;
	new[len] = '\0';
	spin_lock(&name_lock);
	memcpy(host_name, new, len + 1);
	spin_unlock(&name_lock);
	return 0;
}

int
sys_halt(long flags)
{
	long what = flags & ~HALT_NOSYNC;

	if (!cred_super(proc_self()->p_cred))
		return EPERM;
	if (what != HALT_HALT && what != HALT_REBOOT && what != HALT_POWEROFF)
		return EINVAL;
	if ((flags & HALT_NOSYNC) == 0)
		(void)sys_sync();
	log_printf("The system %s.\n", what == HALT_REBOOT ? "restarts" :
	    what == HALT_POWEROFF ? "is powered off" : "has halted");
	if (what == HALT_REBOOT)
		mach_reset();
	if (what == HALT_POWEROFF)
		mach_poweroff();
	cpu_halt_forever();
}

int
sys_sched_yield(void)
{
	thr_yield();
	return 0;
}

int
sys_set_tls(uintptr_t base)
{
	return mach_set_tls(&thr_self()->t_mach, base);
}
