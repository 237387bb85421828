#pragma once
/* Flags of getrandom. */
#define GRND_NONBLOCK	1
#define GRND_RANDOM	2	/* accepted; there is one generator */
