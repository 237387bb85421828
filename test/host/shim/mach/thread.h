#pragma once
/* Host tests: threads do not run; the struct only has to exist. */
#include "kern/types.h"

struct mach_thr {
	uintptr_t sp;
};

struct trapframe;
struct trapframe *mach_thr_frame(const struct mach_thr *);
