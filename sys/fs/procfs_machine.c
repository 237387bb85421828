/*
 * What the files in the root of /proc say: the machine and the system as a whole.
 */
#include "fs/procfs_impl.h"
#include "fs/devfs.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/text.h"
#include "fs/vnode.h"
#include "kern/cpu.h"
#include "kern/kstat.h"
#include "kern/loadavg.h"
#include "kern/owner.h"
#include "kern/proc.h"
#include "kern/sched.h"
#include "kern/string.h"
#include "kern/time.h"
#include "kern/version.h"
#include "mach/boot.h"
#include "vm/page.h"
#include "vm/zone.h"

int
procfs_meminfo(struct text *t, struct proc *p)
{
	uint64_t total = page_total() * (PAGE_SIZE / 1024), free = page_free_count() * (PAGE_SIZE / 1024);

	text_printf(t, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n",
	    (unsigned long long)total, (unsigned long long)free, (unsigned long long)free);
	text_printf(t, "Buffers:        %8u kB\nCached:         %8u kB\nSwapTotal:      %8u kB\n"
	    "SwapFree:       %8u kB\n", 0, 0, 0, 0);
	return 0;
}

int
procfs_uptime(struct text *t, struct proc *p)
{
	uint64_t cs = (uint64_t)clock_now() / (NSEC_PER_SEC / 100);
	uint64_t idle = cpu_self()->idle != NULL ? cpu_self()->idle->t_sys_ns / (NSEC_PER_SEC / 100) : 0;

	text_printf(t, "%llu.%02u %llu.%02u\n", (unsigned long long)(cs / 100), (unsigned)(cs % 100),
	    (unsigned long long)(idle / 100), (unsigned)(idle % 100));
	return 0;
}

static void
kstat_line(void *ctx, const char *name, uint64_t value, bool event)
{
	text_printf(ctx, "%s %llu\n", name, (unsigned long long)value);
}

static void
kstat_live_line(void *ctx, const char *name, uint64_t value, bool event)
{
	if (!event)
		kstat_line(ctx, name, value, event);
}

int
procfs_kstat(struct text *t, struct proc *p)
{
	kstat_each(kstat_line, t);
	return 0;
}

/* Live objects only, after everything that is only cache was dropped. */
int
procfs_kstat_live(struct text *t, struct proc *p)
{
	quiesce();
	kstat_each(kstat_live_line, t);
	return 0;
}

#if CONFIG_DEBUG
int
procfs_kstat_lost(struct text *t, struct proc *p)
{
	quiesce();
	return owner_count(kstat_line, t);
}
#endif

static void
mount_line(void *ctx, struct mount *m)
{
	struct text *t = ctx;
	char *path = kmem_alloc(PATH_MAX, 0);
	size_t len;

	if (path == NULL || vnode_path(m->m_root, path, PATH_MAX, &len) != 0) {
		/* Outside of the reader's root: not his business. */
		if (path != NULL)
			kmem_free(path, PATH_MAX);
		return;
	}
	text_printf(t, "%s ", m->m_from);
	text_bytes(t, path, len);
	text_printf(t, " %s %s%s%s%s 0 0\n", m->m_type->name,
	    (m->m_flags & MOUNT_RDONLY) != 0 ? "ro" : "rw",
	    (m->m_flags & MOUNT_NOSUID) != 0 ? ",nosuid" : "",
	    (m->m_flags & MOUNT_NODEV) != 0 ? ",nodev" : "",
	    (m->m_flags & MOUNT_NOEXEC) != 0 ? ",noexec" : "");
	kmem_free(path, PATH_MAX);
}

int
procfs_mounts(struct text *t, struct proc *p)
{
	mount_each(mount_line, t);
	return 0;
}

int
procfs_version(struct text *t, struct proc *p)
{
	text_printf(t, "Zenta version %s\n", ZENTA_VERSION);
	return 0;
}

int
procfs_cpuinfo(struct text *t, struct proc *p)
{
	text_printf(t, "processor\t: 0\n\n");
	return 0;
}

int
procfs_loadavg(struct text *t, struct proc *p)
{
	struct proc *q;
	unsigned total = 0, last = 0;
	uint32_t load[3];

	spin_lock(&proc_tree_lock);
	list_for_each(q, &proc_list, p_all) {
		total += q->p_nthrs;
		last = MAX(last, (unsigned)q->p_pid);
	}
	spin_unlock(&proc_tree_lock);
	loadavg_read(load);
	for (unsigned i = 0; i < 3; i++)
		text_printf(t, "%u.%02u ", load[i] / LOAD_ONE, load[i] % LOAD_ONE * 100 / LOAD_ONE);
	text_printf(t, "%u/%u %u\n", (unsigned)sched_load(), total, last);
	return 0;
}

int
procfs_boot_cmdline(struct text *t, struct proc *p)
{
	text_bytes(t, bootinfo.cmdline, strlen(bootinfo.cmdline));
	text_bytes(t, "\n", 1);
	return 0;
}

int
procfs_filesystems(struct text *t, struct proc *p)
{
	text_printf(t, "nodev\t%s\nnodev\t%s\nnodev\t%s\nnodev\t%s\n", ramfs_type.name, imgfs_type.name,
	    devfs_type.name, procfs_type.name);
	return 0;
}
