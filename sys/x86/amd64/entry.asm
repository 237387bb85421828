; Every way into the kernel and out of it again.
;
; INVARIANTS
;  - In the kernel %gs is the CPU's block; swapgs is executed exactly once on each way in from user
;    mode and once on each way out.  NMI, double fault and machine check can hit between, so they
;    look at the base itself and run on stacks of their own (IST).
;  - AC and DF are clear in C code: the syscall instruction clears them (FMASK), all other
;    entries execute clac and cld.
;  - The frame of user mode is the highest thing on the thread's kernel stack.
;  - FSGSBASE stays disabled: user mode cannot give %gs a kernel-looking base.
;  - Before sysret, RIP is checked to be a user address: on some CPUs sysret to a non-canonical
;    address faults in ring 0 on the user's stack.  The emulator hides that.  RSP is what user mode had
;    at the door, where it can have anything; who puts another into the frame has checked it.
;
; Budget of a null call through the syscall door: 29 instructions in, 23 out.

%include "assym.inc"
%include "config.inc"

extern syscall_enter
extern syscall_failed
extern user_return_work
extern trap_kernel
extern trap_user
extern trap_paranoid
extern trap_bad_iret
extern sysret_check

; Three bytes that become clac (0) or stac (1) when the CPU has SMAP; see cpu.c.
%macro CLAC 0
%%here:	db 0x0f, 0x1f, 0x00
	[section .smap_set]
	dq %%here, 0
	__?SECT?__
%endmacro

%macro PUSH_REGS 0
	push rdi
	push rsi
	push rdx
	push rcx
	push rax
	push r8
	push r9
	push r10
	push r11
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
%endmacro

%macro POP_REGS 0
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	pop r11
	pop r10
	pop r9
	pop r8
	pop rax
	pop rcx
	pop rdx
	pop rsi
	pop rdi
%endmacro

section .smap_set progbits alloc noexec nowrite align=8
section .extable progbits alloc noexec nowrite align=8
section .text

; --- system calls ---------------------------------------------------------------------------------

global syscall_door
syscall_door:
	swapgs
	mov [gs:CPU_USER_SP], rsp
	mov rsp, [gs:CPU_KERNEL_SP]
	push SEL_UDATA
	push qword [gs:CPU_USER_SP]
	push r11
	push SEL_UCODE
	push rcx
	push TF_DOOR_SYSCALL
	push VECTOR_CALL
	PUSH_REGS
	xor ebp, ebp
	sti
	mov rdi, rsp
	call syscall_enter
	test eax, eax
	jnz call_failed

; The way out to user mode: interrupts off, one look at the thread's work word.  rsp is the frame.
global user_exit
user_exit:
	cli
	mov rax, [gs:CPU_THR]
	cmp dword [rax + T_WORK], 0
	jne .work
.leave:
	cmp qword [rsp + TF_ERROR], TF_DOOR_SYSCALL
	jne user_exit_iret
	cmp dword [rsp + TF_RIP + 4], 0x7fff	; bits 47 and up
	ja user_exit_iret
%if CONFIG_DEBUG
	mov rdi, rsp
	call sysret_check
%endif
	; rbx, rbp, r12-r15 went through C unharmed, except that rbp was cleared to end call chains
	mov rcx, [rsp + TF_RIP]
	mov r11, [rsp + TF_RFLAGS]
	mov rdi, [rsp + TF_RDI]
	mov rsi, [rsp + TF_RSI]
	mov rdx, [rsp + TF_RDX]
	mov r10, [rsp + TF_R10]
	mov r9, [rsp + TF_R9]
	mov r8, [rsp + TF_R8]
	mov rbp, [rsp + TF_RBP]
	mov rax, [rsp + TF_RAX]
	mov rsp, [rsp + TF_RSP]
	swapgs
	o64 sysret
.work:
	sti
	mov rdi, rsp
	call user_return_work
	jmp user_exit

user_exit_iret:
	POP_REGS
	add rsp, 16
	swapgs
; A frame that the CPU refuses faults here, in ring 0; trap_common knows this address.
user_iret:
	iretq

global call_gate
call_gate:
	push 0
	push VECTOR_CALL
	PUSH_REGS
	xor ebp, ebp
	cld
	CLAC
	swapgs
	sti
	mov rdi, rsp
	call syscall_enter
	test eax, eax
	jz user_exit
call_failed:
	mov rdi, rsp
	mov esi, eax
	call syscall_failed
	jmp user_exit

; --- traps and interrupts -------------------------------------------------------------------------

trap_common:
	PUSH_REGS
	cld
	CLAC
	test byte [rsp + TF_CS], 3
	jz .kernel
	swapgs
	xor ebp, ebp
	mov rdi, rsp
	call trap_user
	jmp user_exit
.kernel:
	lea rax, [rel user_iret]
	cmp [rsp + TF_RIP], rax
	je .bad_iret
	mov rdi, rsp
	call trap_kernel
	POP_REGS
	add rsp, 16
	iretq
.bad_iret:
	; user registers are in this frame, the rest in what iretq refused: one user frame of both
	swapgs
	xor ebp, ebp
	mov rdi, rsp
	call trap_bad_iret
	mov rsp, rax
	mov rdi, rax
	call trap_user
	jmp user_exit

; NMI, double fault, machine check: on an IST stack, %gs unknown.
trap_emergency:
	PUSH_REGS
	cld
	CLAC
	test byte [rsp + TF_CS], 3
	jnz .user
	mov ecx, MSR_GS_BASE
	rdmsr
	xor ebx, ebx
	test edx, edx
	js .have_gs
	swapgs
	inc ebx
.have_gs:
	mov rdi, rsp
	call trap_paranoid
	test ebx, ebx
	jz .leave
	swapgs
.leave:
	POP_REGS
	add rsp, 16
	iretq
.user:
	; from user mode nothing is half done: go on like any trap, on the thread's own stack
	swapgs
	xor ebp, ebp
	mov rsi, rsp
	mov rdi, [gs:CPU_KERNEL_SP]
	sub rdi, TF_SIZE
	mov rdx, rdi
	mov ecx, TF_SIZE / 8
	rep movsq
	mov rsp, rdx
	mov rdi, rdx
	call trap_user
	jmp user_exit

%assign v 0
%rep 256
trap_stub_%[v]:
%if v = 8 || (v >= 10 && v <= 14) || v = 17 || v = 21 || v = 29 || v = 30
%else
	push 0
%endif
	push v
%if v = 2 || v = 8 || v = 18
	jmp trap_emergency
%else
	jmp trap_common
%endif
%assign v v + 1
%endrep

; --- threads --------------------------------------------------------------------------------------

; From the thread of rdi to that of rsi (struct mach_thr).  The caller holds nothing in registers but
; the frame pointer: mach/switch.h.
global thread_switch
thread_switch:
	push rbp
	mov [rdi + MT_SP], rsp
	mov rsp, [rsi + MT_SP]
	pop rbp
	ret

; First steps of a thread, whose entry and argument are on its stack.
global thread_begin
thread_begin:
	pop rax
	pop rdi
	xor ebp, ebp
	call rax
	ud2

; void frame_leave(struct trapframe *): to user mode by this frame.
global frame_leave
frame_leave:
	mov rsp, rdi
	xor ebp, ebp
	jmp user_exit

section .rodata
align 8
global trap_stubs
trap_stubs:
%assign v 0
%rep 256
	dq trap_stub_%[v]
%assign v v + 1
%endrep
