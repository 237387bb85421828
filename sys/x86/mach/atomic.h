#pragma once
/*
 * Shared words.  Loads and stores are relaxed unless named otherwise; the read-modify-write
 * operations are full barriers, which x86 gives for nothing.  add, sub, or, and return the value
 * from before, *_return the one after.
 */
#define atomic_load(p)			__atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_load_acquire(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_store(p, v)		__atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_add(p, v)		__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub(p, v)		__atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define atomic_add_return(p, v)		__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub_return(p, v)		__atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_or(p, v)			__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_and(p, v)		__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_swap(p, v)		__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
/* True when *p was `old' and is now `new'. */
#define atomic_cas(p, old, new) __extension__({ \
	__typeof__(*(p)) old_ = (old); \
	__atomic_compare_exchange_n((p), &old_, (new), 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
})
#define atomic_fence()			__atomic_thread_fence(__ATOMIC_SEQ_CST)

/* In loops that wait for another CPU. */
static inline void
cpu_relax(void)
{
	__builtin_ia32_pause();
}
