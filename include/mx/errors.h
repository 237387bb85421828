#pragma once
/* MX_OK and MX_ERR_*: negative, with Zircon's values. */
#include <abi/mxstatus.h>
#include <mx/types.h>
