#pragma once
/* mmap for both of its spellings; more: MAPF_* beside what the flags say. */
#include "kern/types.h"

int vm_mmap(uintptr_t addr, size_t len, int prot, int flags, uint32_t more, int fd, int64_t off,
    intptr_t *result) __must_check;
