#pragma once
/* The n-th failure of each allocation in one call (debug kernels): NO_MEMORY of nomem.c and nomem_task.c. */
#include "failing.h"
#include "refuse.h"

#define ROUNDS	200		/* more allocations than any call makes */

static const char *const classes[] = { "page", "slab" };

/* `before' each try; what the call says when nothing fails, and what then is to be undone. */
#define NO_MEMORY(before, status, call, undo) do {						\
	int refused_ = 0, wrong_ = 0, nth_ = 0, hit_;						\
	for (size_t c_ = 0; c_ < 2; c_++) {							\
		for (nth_ = 1, hit_ = 1; hit_ && nth_ < ROUNDS; nth_++) {			\
			mx_status_t got_;							\
			before;									\
			set(classes[c_], nth_);							\
			got_ = (call);								\
			hit_ = fired();								\
			set(classes[c_], 0);							\
			if (got_ == (status)) {							\
				undo;								\
			} else {								\
				refused_ += got_ == MX_ERR_NO_MEMORY && hit_;			\
				wrong_ += got_ != MX_ERR_NO_MEMORY || !hit_;			\
			}									\
		}										\
		wrong_ += nth_ == ROUNDS;							\
	}											\
	ok(refused_ > 0 && wrong_ == 0, "MX_ERR_NO_MEMORY (%d times, %d wrong): " #call, refused_, wrong_); \
} while (0)
