#pragma once
/* The vDSO: code and clock that the kernel shows every process.  See proc/vdso.c. */
#include "kern/types.h"

struct space;

/* Where the ELF header is, or 0. */
vaddr_t vdso_base(struct space *);
