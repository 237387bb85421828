#pragma once
/* MX_OK and MX_ERR_*: negative, with Zircon's values. */
#include <mx/types.h>

#define MX_ERR_NEXT		(-6)
#define MX_ERR_STOP		(-7)
#define MX_ERR_NO_SPACE		(-54)
#define MX_ERR_FILE_BIG		(-52)
#define MX_ERR_NOT_FILE		(-51)
#define MX_ERR_NOT_DIR		(-50)
