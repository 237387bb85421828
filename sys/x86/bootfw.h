#pragma once
/* Adds QEMU's fw_cfg file opt/zenta/append to bootinfo.cmdline.  Once, before options are asked for. */
void bootfw_append(void);
