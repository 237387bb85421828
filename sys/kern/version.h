#pragma once
/* What the boot line, uname and /proc/version say. */
#define ZENTA_VERSION	"0.1"
