#pragma once
/* The auxiliary vector behind envp: pairs of words, ended by AT_NULL (System V's values). */
#define AT_NULL		0
#define AT_IGNORE	1
#define AT_PHDR		3	/* address of the program headers */
#define AT_PHENT	4	/* bytes of one */
#define AT_PHNUM	5
#define AT_PAGESZ	6
#define AT_BASE		7	/* where a position-independent image was put */
#define AT_FLAGS	8
#define AT_ENTRY	9
#define AT_UID		11
#define AT_EUID		12
#define AT_GID		13
#define AT_EGID		14
#define AT_HWCAP	16
#define AT_CLKTCK	17
#define AT_SECURE	23	/* 1: credentials changed at exec */
#define AT_RANDOM	25	/* address of 16 random bytes */
#define AT_EXECFN	31	/* address of the path that was executed */
#define AT_SYSINFO_EHDR	33	/* address of the vDSO's ELF header */
#define AT_MX_STARTUP	4096	/* address of struct abi_startup (abi/task.h), or 0: handles from mx_spawn */
