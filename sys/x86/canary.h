#pragma once
/* Once, from a function that never returns, when CPU features are known. */
void canary_init(void);
