/* Handles that mx_spawn passed: the kernel leaves a table of them on the stack of the program. */
#include <sys/auxv.h>
#include <mx/process.h>
#include <abi/auxv.h>

mx_handle_t
mx_take_startup_handle(uint32_t info)
{
	struct abi_startup *s = (struct abi_startup *)getauxval(AT_MX_STARTUP);
	mx_handle_t h;

	for (uint32_t i = 0; s != NULL && i < s->count; i++) {
		if (s->handle[i].info != info)
			continue;
		h = __atomic_exchange_n(&s->handle[i].handle, MX_HANDLE_INVALID, __ATOMIC_RELAXED);
		if (h != MX_HANDLE_INVALID)
			return h;
	}
	return MX_HANDLE_INVALID;
}
