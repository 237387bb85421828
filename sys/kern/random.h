#pragma once
/* Random numbers: ChaCha20 with fast key erasure, seeded from RDRAND, fw_cfg and interrupt times. */
#include "kern/types.h"

void random_bytes(void *, size_t);	/* never blocks; before seeding it is only good for ASLR */
uint64_t random_u64(void);
bool random_seeded(void);
void random_add(const void *, size_t, unsigned bits);	/* entropy, in bits credited */
struct sigsrc *random_source(void);	/* READABLE once seeded */
void random_tick(void);			/* from the clock interrupt */
