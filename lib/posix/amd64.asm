; What C cannot say: errors of calls, vfork, the way out of signal handlers, setjmp.
bits 64

extern __errno
extern __sigjmp_save

SYS_fork equ 4
SYS_sigreturn equ 176
FORK_VFORK equ 1

; The stubs come here with carry set and the error number in eax.
section .text.__sys_error progbits alloc exec
global __sys_error:function
__sys_error:
	push rax
	call __errno
	pop rcx
	mov [rax], ecx
	mov rax, -1
	ret

; The child uses the parent's stack: the return address waits in a register.
section .text.vfork progbits alloc exec
global vfork:function
vfork:
	pop rdx
	mov eax, SYS_fork
	mov edi, FORK_VFORK
	syscall
	push rdx
	jc __sys_error
	ret

; Where handlers return to: the siginfo (128 bytes) is on top of the stack, the context behind it.
section .text.__sigreturn progbits alloc exec
global __sigreturn:function hidden
__sigreturn:
	lea rdi, [rsp + 128]
	mov eax, SYS_sigreturn
	syscall
	ud2

; jmp_buf: rbx rbp r12 r13 r14 r15 rsp rip
section .text.setjmp progbits alloc exec
global setjmp:function
global _setjmp:function
setjmp:
_setjmp:
	mov [rdi], rbx
	mov [rdi + 8], rbp
	mov [rdi + 16], r12
	mov [rdi + 24], r13
	mov [rdi + 32], r14
	mov [rdi + 40], r15
	lea rax, [rsp + 8]
	mov [rdi + 48], rax
	mov rax, [rsp]
	mov [rdi + 56], rax
	xor eax, eax
	ret

; sigjmp_buf: a jmp_buf, then whether the mask is saved, and the mask.
global sigsetjmp:function
sigsetjmp:
	movsxd rsi, esi
	mov [rdi + 64], rsi
	test esi, esi
	jz setjmp
	push rdi
	call __sigjmp_save
	pop rdi
	jmp setjmp

section .text.longjmp progbits alloc exec
global longjmp:function
global _longjmp:function
longjmp:
_longjmp:
	mov eax, esi
	test eax, eax
	jnz .value
	inc eax
.value:
	mov rbx, [rdi]
	mov rbp, [rdi + 8]
	mov r12, [rdi + 16]
	mov r13, [rdi + 24]
	mov r14, [rdi + 32]
	mov r15, [rdi + 40]
	mov rsp, [rdi + 48]
	jmp [rdi + 56]

; intptr_t __cancel_asm(const uint32_t *canceled, long number, six arguments)
; Up to the call instruction a cancellation acts: the handler of its signal moves whoever stands between
; begin and end to __cancel_now.  An interrupted call that is made again stands there; one that has done
; something stands behind.
section .text.__cancel_asm progbits alloc exec
global __cancel_asm:function hidden
global __cancel_begin:function hidden
global __cancel_end:function hidden
global __cancel_now:function hidden
__cancel_asm:
	mov r11, rdi
	mov rax, rsi
	mov rdi, rdx
	mov rsi, rcx
	mov rdx, r8
	mov r10, r9
	mov r8, [rsp + 8]
	mov r9, [rsp + 16]
__cancel_begin:
	cmp dword [r11], 0
	jne __cancel_now
	syscall
__cancel_end:
	jnc .done
	neg rax
.done:
	ret
__cancel_now:
	mov rax, -1000
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
