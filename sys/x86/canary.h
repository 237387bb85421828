#pragma once
/* Once, from functions that never return, when CPU features are known. */
void canary_init(void);
