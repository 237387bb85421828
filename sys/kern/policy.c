/* Job policy: where the layer above says what a condition means. */
#include "kern/policy.h"

int (*policy_hook)(enum policy);
