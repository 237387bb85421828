/* clear: empties the screen; every terminal we have a description of understands this. */
#include <unistd.h>

int
main(void)
{
	return write(1, "\033[H\033[2J", 7) != 7;
}
