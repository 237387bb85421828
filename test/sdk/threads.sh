#!/bin/sh
# A program with threads: -pthread builds it, C and C++, static at a fixed and at a random address; it runs.
set -u
. "$(dirname "$0")/tap.inc"

cat >sum.c <<'EOF'
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local long mine;
static long sum;

static void *
work(void *arg)
{
	for (long i = 1; i <= 1000; i++)
		mine += i;
	pthread_mutex_lock(&lock);
	sum += mine;
	pthread_mutex_unlock(&lock);
	return arg;
}

int
main(void)
{
	pthread_t t[8];

	for (int i = 0; i < 8; i++)
		if (pthread_create(&t[i], NULL, work, NULL) != 0)
			return 1;
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	printf("%ld\n", sum);
	return 0;
}
EOF
runs() {
	[ "$(ZRUN_NOBUILD=1 "$top/mk/zrun" -t 60 -f "$1:/root/sum" -- /root/sum)" = 4004000 ]
}
ok 'it compiles with -std=c11 -Wall -Wextra -Werror -pthread' "$cc" -std=c11 -Wall -Wextra -Werror -pthread -O2 sum.c -o sum
ok 'and runs' runs sum
ok 'it compiles with -static-pie' "$cc" -pthread -static-pie -O2 sum.c -o sum-pie
ok 'and runs at a random address' runs sum-pie
printf '#include <pthread.h>\n#include <semaphore.h>\nint x;\n' >head.c
ok 'the headers are strict C' "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -c head.c
ok 'and C++' "$cc" -x c++ -std=c++17 -Wall -Werror -c head.c
echo "1..$n"
exit $bad
