/* Entry of a statically linked program: the stack pointer addresses argc (System V layout). */
__asm__(
    ".globl _start\n"
    ".type _start, @function\n"
    "_start:\n"
    "	xorl %ebp, %ebp\n"
    "	movq %rsp, %rdi\n"
    "	leaq main(%rip), %rsi\n"
    "	andq $-16, %rsp\n"
    "	call __libc_start\n"
    "	ud2\n");
