#pragma once
/* Flags of mount and umount. */
#define MOUNT_RDONLY	1u
#define MOUNT_NOSUID	2u
#define MOUNT_NOEXEC	4u
#define MOUNT_NODEV	8u
#define MOUNT_REMOUNT	16u	/* change the flags of what is mounted there */
