/*
 * What the handle of a job tells of the machine: CPUs and kernel memory.  Sums that everybody may see in
 * /proc; a job's handle is asked for because such topics need some object, and INSPECT, as a process
 * has it of jobs that it made, but not of the one it was put into.
 */
#include "kern/cpu.h"
#include "kern/info.h"
#include "kern/kstat.h"
#include "kern/thr.h"
#include "vm/page.h"
#include <abi/info.h>
#include <abi/rights.h>

/* One record a CPU that runs.  Calls are not counted, `syscalls' is 0: that would cost each of them. */
static int
cpu_stats(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	const struct thr *idle = cpu_self()->idle;
	struct abi_info_cpu_stats info = {
		.cpu_number = cpu_self()->number, .flags = MX_INFO_CPU_STATS_FLAG_ONLINE,
		.idle_time = idle != NULL ? (int64_t)(idle->t_sys_ns + idle->t_user_ns) : 0,
		.context_switches = kstat_value("sched.switches"), .ints = kstat_value("intr.count"),
		.timers = kstat_value("kern.timers.fired"),
	};

	return info_put(s, &info);
}
INFO_TOPIC_MANY(cpu_topic, MX_INFO_CPU_STATS, NODE_JOB, RIGHT_INSPECT, sizeof(struct abi_info_cpu_stats),
    cpu_stats);

static uint64_t
bytes(const char *counter)
{
	return kstat_value(counter) << PAGE_SHIFT;
}

static int
kmem_stats(struct node *n, uint32_t slot_rights, struct info_sink *s)
{
	struct abi_info_kmem_stats info = {
		.total_bytes = page_total() << PAGE_SHIFT, .free_bytes = page_free_count() << PAGE_SHIFT,
		.wired_bytes = bytes("vm.pages.fixed") + bytes("vm.pages.kernel") + bytes("vm.pages.stack"),
		.total_heap_bytes = bytes("vm.pages.slab"), .vmo_bytes = bytes("vm.pages.vmo"),
		.mmu_overhead_bytes = bytes("vm.pages.table"),
	};
	uint64_t known = info.free_bytes + info.wired_bytes + info.total_heap_bytes + info.vmo_bytes +
	    info.mmu_overhead_bytes;

	info.other_bytes = info.total_bytes > known ? info.total_bytes - known : 0;
	return info_put(s, &info);
}
INFO_TOPIC(kmem_topic, MX_INFO_KMEM_STATS, NODE_JOB, RIGHT_INSPECT, sizeof(struct abi_info_kmem_stats),
    kmem_stats);
