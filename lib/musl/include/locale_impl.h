#pragma once
/* What musl's regex takes from its locale: messages are not translated. */
#include <locale.h>
#include <stdlib.h>
#define LCTRANS_CUR(s)	(s)
#undef MB_CUR_MAX
#define MB_CUR_MAX	__locale_mb_cur_max()
