#pragma once
/* Signals of objects: levels that can be waited for. */
#include <abi/sig.h>

#define MX_SIGNAL_NONE		0u
#define MX_SIGNAL_HANDLE_CLOSED	SIG_HANDLE_CLOSED
#define MX_SIGNAL_READABLE	SIG_READABLE
#define MX_SIGNAL_WRITABLE	SIG_WRITABLE
#define MX_SIGNAL_PEER_CLOSED	SIG_PEER_CLOSED
#define MX_EVENT_SIGNALED	SIG_SIGNALED
#define MX_PORT_READABLE	SIG_READABLE
#define MX_USER_SIGNAL_0	(1u << 24)
#define MX_USER_SIGNAL_1	(1u << 25)
#define MX_USER_SIGNAL_2	(1u << 26)
#define MX_USER_SIGNAL_3	(1u << 27)
#define MX_USER_SIGNAL_4	(1u << 28)
#define MX_USER_SIGNAL_5	(1u << 29)
#define MX_USER_SIGNAL_6	(1u << 30)
#define MX_USER_SIGNAL_7	(1u << 31)
#define MX_USER_SIGNAL_ALL	SIG_USER_ALL
