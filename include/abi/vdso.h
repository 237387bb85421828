#pragma once
/*
 * The page below the vDSO's ELF header: what the kernel lets its code read.  Not for programs; the layout
 * changes with the kernel, which brings the code.
 */
#include <stdint.h>

struct abi_vdso {
	uint32_t use_tsc;		/* 0: the counter is unsound, ask the kernel */
	uint32_t num_cpus;
	uint64_t tsc_start;		/* monotonic time 0 */
	uint64_t tsc_scale;		/* nanoseconds a tick << 32 */
	int64_t realtime_offset;	/* realtime - monotonic; the only one that changes */
	uint64_t physmem;
	uint32_t page_size;
	uint32_t reserved;
	char version[24];
};
_Static_assert(sizeof(struct abi_vdso) == 72, "vdso data");
