#pragma once
/*
 * Numbers for startup handles (mx_spawn_desc_t.startup_info, mx_take_startup_handle), with Zircon's
 * values.  The system gives them no meaning: creator and program agree on them.
 */
#define PA_HND(type, arg)	(((type) & 0xffu) | (((arg) & 0xffffu) << 16))
#define PA_HND_TYPE(info)	((info) & 0xffu)
#define PA_HND_ARG(info)	(((info) >> 16) & 0xffffu)

#define PA_PROC_SELF		0x01u
#define PA_THREAD_SELF		0x02u
#define PA_JOB_DEFAULT		0x03u
#define PA_VMAR_ROOT		0x04u
#define PA_VMAR_LOADED		0x05u
#define PA_LDSVC_LOADER		0x10u
#define PA_VMO_VDSO		0x11u
#define PA_VMO_STACK		0x13u
#define PA_VMO_EXECUTABLE	0x14u
#define PA_NS_DIR		0x20u
#define PA_FD			0x30u
#define PA_USER0		0xf0u
#define PA_USER1		0xf1u
#define PA_USER2		0xf2u
