/* The smallest program there is: exec and exit, no library.  Built with -nostdlib -nostartfiles. */
#include <sysnum.h>

void
_start(void)
{
	__asm__ volatile("xor %%edi, %%edi; xor %%esi, %%esi; mov %0, %%eax; syscall" : : "i"(SYS_exit) : "memory");
	__builtin_unreachable();
}
