; From the loader to 64-bit C.  Two doors: multiboot2 (GRUB) and PVH (QEMU -kernel); both are
; entered in 32-bit protected mode without paging.  All of it runs at its load address with page
; tables that map the first 4 GiB three times: at 0, in the direct map, and (2 GiB of it) at the
; kernel's link address.  mmu_boot() replaces them.

%include "assym.inc"

MB2_MAGIC	equ 0xe85250d6
MB2_LOADER	equ 0x36d76289
PTE_P_W		equ 0x003
PTE_LARGE	equ 0x083

extern machine_start
extern boot_stack_end

section .boot.header progbits alloc noexec nowrite align=8
mb2_header:
	dd MB2_MAGIC, 0, mb2_end - mb2_header
	dd 0x100000000 - (MB2_MAGIC + (mb2_end - mb2_header))
	; information request, may be ignored: memory map, framebuffer, ACPI tables
	align 8
.request:
	dw 1, 1
	dd .request_end - .request
	dd 6, 8, 14, 15
.request_end:
	align 8
	; a linear framebuffer if there can be one; any size
	dw 5, 1
	dd 20
	dd 1024, 768, 32
	align 8
	; modules on page boundaries
	dw 6, 1
	dd 8
	align 8
	dw 0, 0
	dd 8
mb2_end:

section .note.pvh note alloc noexec nowrite align=4
	dd 4, 4, 18		; XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dd boot_pvh

section .boot.text progbits alloc exec nowrite align=16
bits 32
global boot_multiboot
boot_multiboot:
	xor esi, esi
	cmp eax, MB2_LOADER
	je boot_common
	mov esi, no_loader
	jmp boot_fail

global boot_pvh
boot_pvh:
	mov esi, 1

; esi: 0 multiboot2, 1 PVH; ebx: what the loader says
boot_common:
	cli
	cld
	mov esp, boot_stack_low
	push esi
	push ebx
	mov esi, no_long_mode
	mov eax, 0x80000000
	cpuid
	cmp eax, 0x80000001
	jb boot_fail
	mov eax, 0x80000001
	cpuid
	bt edx, 29
	jnc boot_fail
	mov ebp, edx			; bit 20: NX

	mov edi, boot_pml4		; the loader need not have cleared them
	xor eax, eax
	mov ecx, 7 * 4096 / 4
	rep stosd
	mov dword [boot_pml4], boot_pdpt + PTE_P_W
	mov dword [boot_pml4 + 256 * 8], boot_pdpt + PTE_P_W
	mov dword [boot_pml4 + 511 * 8], boot_pdpt_high + PTE_P_W
	mov eax, boot_pd + PTE_P_W
	mov dword [boot_pdpt_high + 510 * 8], boot_pd + PTE_P_W
	mov dword [boot_pdpt_high + 511 * 8], boot_pd + 4096 + PTE_P_W
	mov edi, boot_pdpt
	mov ecx, 4
.pdpt:
	mov [edi], eax
	add eax, 4096
	add edi, 8
	loop .pdpt
	mov edi, boot_pd
	mov eax, PTE_LARGE
	mov ecx, 2048
.pd:
	mov [edi], eax
	add eax, 0x200000
	add edi, 8
	loop .pd

	mov eax, boot_pml4
	mov cr3, eax
	mov eax, CR4_BOOT
	mov cr4, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LME | EFER_SCE
	bt ebp, 20
	jnc .no_nx
	or eax, EFER_NXE
.no_nx:
	wrmsr
	mov eax, CR0_BOOT
	mov cr0, eax
	pop ebx
	pop esi
	lgdt [boot_gdt_ptr]
	jmp 0x08:boot_long

; esi: message.  Written to the serial line and the text screen's corner.
boot_fail:
	mov edi, 0xb8000
	mov dx, 0x3f8
.next:
	lodsb
	test al, al
	jz .halt
	out dx, al
	mov ah, 0x4f
	stosw
	jmp .next
.halt:
	cli
	hlt
	jmp .halt

bits 64
boot_long:
	mov eax, 0x10
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	mov rax, boot_stack_end
	mov rsp, [rax]
	xor ebp, ebp
	mov edi, esi
	mov esi, ebx
	mov rax, machine_start
	call rax
	ud2

no_loader:	db "Zenta: not started by a multiboot2 loader", 10, 0
no_long_mode:	db "Zenta: this CPU has no 64-bit mode", 10, 0
	align 8
boot_gdt:
	dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_ptr:
	dw $ - boot_gdt - 1
	dd boot_gdt

section .boot.bss nobits alloc noexec write align=4096
boot_pml4:	resb 4096
boot_pdpt:	resb 4096
boot_pdpt_high:	resb 4096
boot_pd:	resb 4 * 4096
	resb 256
boot_stack_low:
