; The vDSO's ELF image (lib/vdso), as the kernel carries it.
bits 64
section .rodata
global vdso_image, vdso_image_end
align 4096
vdso_image:
	incbin "vdso.so"
vdso_image_end:
section .note.GNU-stack noalloc noexec nowrite progbits
