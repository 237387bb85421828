#pragma once
/* musl lists its locks here for fork; ours need no list. */
