#pragma once
/*
 * Zero's events: what the keyboard, the pointer, files, processes and other programs have to say, as
 * packets of a port.  The same bytes on both widths.
 *
 * A packet of an event has MX_PKT_TYPE_EVENT in the low byte of `type' and the event's type above.
 */
#include <stdint.h>

#define MX_PKT_TYPE_EVENT	0x40u
#define EV_PKT_TYPE(event)	(MX_PKT_TYPE_EVENT | (uint32_t)(event) << 8)
#define EV_PKT_EVENT(type)	((type) >> 8)
#define EV_PKT_IS_EVENT(type)	(((type) & 0xffu) == MX_PKT_TYPE_EVENT)

#define EV_KEYDOWN	1
#define EV_KEYUP	2
#define EV_BUTTONDOWN	3
#define EV_BUTTONUP	4
#define EV_PNTMOTION	5
#define EV_CMD		6	/* from a program: a command with two words */
#define EV_MSG		7	/* from a program: up to EV_MSG_SIZE bytes */
#define EV_DATA		8	/* from a program: says what data are where */
#define EV_FSCREAT	9
#define EV_FSUNLINK	10
#define EV_FSMKDIR	11
#define EV_FSRMDIR	12
#define EV_FSRENAME	13	/* one in each folder that it concerns, with the same cookie */
#define EV_PROCFORK	14
#define EV_PROCEXEC	15
#define EV_PROCEXIT	16
#define EV_NTYPE	17

#define EVBIT(event)	(1u << (event))
#define EVMASK_KEY	(EVBIT(EV_KEYDOWN) | EVBIT(EV_KEYUP))
#define EVMASK_POINTER	(EVBIT(EV_BUTTONDOWN) | EVBIT(EV_BUTTONUP) | EVBIT(EV_PNTMOTION))
#define EVMASK_INPUT	(EVMASK_KEY | EVMASK_POINTER)
#define EVMASK_IPC	(EVBIT(EV_CMD) | EVBIT(EV_MSG) | EVBIT(EV_DATA))
#define EVMASK_FS	(EVBIT(EV_FSCREAT) | EVBIT(EV_FSUNLINK) | EVBIT(EV_FSMKDIR) | EVBIT(EV_FSRMDIR) | EVBIT(EV_FSRENAME))
#define EVMASK_PROC	(EVBIT(EV_PROCFORK) | EVBIT(EV_PROCEXEC) | EVBIT(EV_PROCEXIT))

/* Modifiers of keys and buttons. */
#define EV_MOD_SHIFT	1u
#define EV_MOD_CAPS	2u
#define EV_MOD_CTRL	4u
#define EV_MOD_META	8u
#define EV_MOD_COMPOSE	16u
#define EV_MOD_ALT	32u
#define EV_MOD_ALTGR	64u
#define EV_MOD_SCRLK	128u
#define EV_MOD_NUMLK	256u

struct abi_ev_key {
	uint32_t sym;		/* Unicode, 0: none (a function or modifier key) */
	uint32_t state;		/* EV_MOD_* */
	uint32_t code;		/* AT set 1 scan code, 0x100 added for those after E0 */
	uint32_t reserved;
	int64_t time;		/* ns, monotonic, as in all events */
	uint64_t reserved2;
};
struct abi_ev_pointer {
	uint32_t button;	/* 1 left, 2 right, 4 middle: which it was; of a motion: all that are held */
	uint32_t state;		/* EV_MOD_* */
	int32_t x, y, z;	/* movement since the last one: right, up, and the wheel away from the hand positive */
	uint32_t reserved;
	int64_t time;
};
struct abi_ev_cmd {
	uint32_t cmd;
	int32_t source;		/* pid, written by the kernel as in the next two */
	uint64_t arg[2];
	int64_t time;
};
#define EV_MSG_SIZE	24
struct abi_ev_msg {
	int32_t source;
	uint32_t len;
	uint8_t text[EV_MSG_SIZE];
};
struct abi_ev_data {
	int32_t source;
	uint32_t format, itemsize;
	uint32_t reserved;
	uint64_t nitem, object;
};
struct abi_ev_fs {
	uint64_t dir, node;	/* inode numbers */
	uint32_t mode;		/* type and permission bits */
	uint32_t cookie;	/* rename: the same in both folders */
	int64_t time;
};
struct abi_ev_proc {
	int32_t pid, parent;
	int64_t code;		/* PROCEXIT: return code; PROCFORK: pid of the child */
	uint64_t koid;
	int64_t time;
};

/* The same bytes as struct abi_port_packet. */
struct abi_event {
	uint64_t key;
	uint32_t type;		/* EV_PKT_TYPE() */
	int32_t lost;		/* events of this registration that found no room before this one */
	union {
		struct abi_ev_key kbd;
		struct abi_ev_pointer pointer;
		struct abi_ev_cmd cmd;
		struct abi_ev_msg msg;
		struct abi_ev_data data;
		struct abi_ev_fs fs;
		struct abi_ev_proc proc;
		uint8_t bytes[32];
	};
};
_Static_assert(sizeof(struct abi_event) == 48, "event");

/* evreg */
struct abi_evreg {
	int32_t port;		/* descriptor or handle of the port */
	int32_t source;		/* of a folder (READ), the console's terminal (READ) or a process (INSPECT) */
	uint32_t mask;		/* EVBIT()s; the call's type adds its own */
	uint32_t reserved;	/* 0 */
	uint64_t key;
};
/* evop */
#define EVOP_UNREG	1	/* struct abi_evunreg */
#define EVOP_STAT	2	/* struct abi_evstat, filled in for .port and .id */
/*
 * The ring: events without a call.  EVOP_RING maps it into the caller, readable and writable, and gives
 * its address; it is not inherited by fork.  The program takes entry tail & (entries - 1) while tail is not
 * head, then stores tail + 1.  The kernel writes entries and head only.
 */
struct abi_evring {
	uint32_t head;		/* entries ever written, modulo 2^32 */
	uint32_t tail;		/* entries ever taken */
	uint32_t entries;	/* a power of two, 16 to 1024 */
	uint32_t reserved[13];
};
#define EVRING_SLOTS	4096	/* bytes from the ring's address to the first entry */
struct abi_evring_slot {
	struct abi_event event;
	uint32_t id;		/* of the registration: one that was ended may still be here */
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct abi_evring_slot) == 64, "ring entry");
#define EVOP_RING	3	/* struct abi_evring_op */
struct abi_evring_op {
	int32_t port;		/* with WRITE and READ; it may have one ring */
	uint32_t entries;	/* in: at least so many */
	uint64_t address;	/* out */
};
struct abi_evunreg {
	int32_t port;
	uint32_t id;		/* what evreg returned */
};
struct abi_evstat {
	int32_t port;
	uint32_t id;
	uint32_t mask, depth;	/* events it can have queued */
	uint32_t queued, reserved;
	uint64_t posted, lost;
};
#define EV_NOWAIT	1	/* evrecv: EAGAIN instead of waiting */
