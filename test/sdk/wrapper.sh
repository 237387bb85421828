#!/bin/sh
# The compiler wrapper: its options, from any folder, and what it makes.
set -u
. "$(dirname "$0")/tap.inc"

not() {
	! "$@"
}
has() {	# has FILE PATTERN
	grep -q -- "$2" "$1"
}
elf() {	# elf FILE PATTERN: what readelf says of it
	"$bin/x86_64-zenta-readelf" -hlWd "$1" >elf.txt && grep -Eq -- "$2" elf.txt
}

mkdir 'a folder' inc lib
echo 'int answer(void); int main(void) { return answer() - 42; }' >main.c
echo '#include "answer.h"
int answer(void) { return ANSWER; }' >answer.c
echo '#define ANSWER 42' >inc/answer.h
cp main.c 'a folder/with space.c'
printf '%s\n' '#include <stdio.h>' '#include <threads_absent.h>' >missing.c
printf '%s\n' 'void _start(void) { for (;;); }' >start.c
printf '%s\n' '.globl value' 'value = 7' >value.S
printf '%s\n' '#include <math.h>' '#include <stdio.h>' 'int main(int c, char **v) { printf("%Lf\n", sinl(c)); return 0; }' >math.c
printf '%s\n' 'int main(void) { _Static_assert(__STDC_VERSION__ == VERSION, ""); return 0; }' >std.c
printf '%s\n' '#if !__zenta__ || !__unix__ || !__ELF__ || __linux__' '#error macros' '#endif' 'int x;' >macros.c
printf '%s\n' 'static __thread int t = 5; int *p(void) { return &t; } int main(void) { return *p() - 5; }' >tls.c
printf '%s\n' '#include <pthread.h>' 'pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;' 'int main(void) { return pthread_mutex_lock(&m); }' >thread.c

ok '-c' "$cc" -c -Iinc answer.c
ok '-c -o' "$cc" -c -O2 -g -o obj.o main.c
ok '-S' "$cc" -S -o main.s main.c
ok '-S wrote assembly' has main.s 'call.*answer'
ok '-E' "$cc" -E -I inc -o answer.i answer.c
ok '-E expanded the macro' has answer.i 'return 42'
ok '-D' "$cc" -c -DANSWER=1 -x c -o d.o /dev/null
ok 'link of objects' "$cc" -o prog obj.o answer.o
ok 'it can be put anywhere' elf prog 'DYN'
ok 'its relocations are packed' elf prog '\(RELR\)'
ok 'and of no other kind' not elf prog '\(RELA\)'
ok 'without an interpreter' not elf prog 'INTERP'
ok 'its ELF header is in the first segment' elf prog 'LOAD +0x000000 '
ok 'compile and link in one step' "$cc" -O2 -std=c17 -Iinc -o both main.c answer.c
ok 'a source in a folder with a space' "$cc" -Iinc -o 'a folder/my prog' 'a folder/with space.c' answer.c
ok 'its program is there' test -x 'a folder/my prog'
ok 'ar' "$bin/x86_64-zenta-ar" rc lib/libanswer.a answer.o
ok 'ranlib' "$bin/x86_64-zenta-ranlib" lib/libanswer.a
ok '-L -l' "$cc" -o withlib main.c -Llib -lanswer
ok '-L and -l apart' "$cc" -o withlib2 main.c -L lib -l answer
ok 'a missing library is an error' not "$cc" -o nolib main.c -lnonesuch
ok 'a missing symbol is an error' not "$cc" -o nosym main.c
ok 'a missing header is an error' not "$cc" -c missing.c
ok '-lm, long double' "$cc" -O2 -o math math.c -lm
ok '-static' "$cc" -static -o math2 math.c -lm
ok 'it has a fixed address' elf math2 'EXEC'
ok '-no-pie' "$cc" -fno-pie -no-pie -o math3 math.c -lm
ok 'it has one too' elf math3 'EXEC'
ok '-static-pie links' "$cc" -static-pie -o pie math.c -lm
ok 'it can be moved' elf pie 'DYN'
ok 'it has no interpreter' not elf pie 'INTERP'
ok 'thread-local storage' "$cc" -o tls tls.c
ok 'it has a TLS segment' elf tls ' TLS '
ok '-pthread' "$cc" -pthread -o thread thread.c
ok '-lpthread -ldl -lrt -lutil -lcrypt' "$cc" -o thread2 thread.c -lpthread -ldl -lrt -lutil -lcrypt
ok '-nostartfiles with an own _start' "$cc" -nostartfiles -o start start.c
ok 'nobody would relocate it' elf start 'EXEC'
ok '-nostartfiles -static-pie' "$cc" -nostartfiles -static-pie -o start4 start.c
ok 'who asks for it gets it' elf start4 'DYN'
ok '-nostdlib' "$cc" -nostdlib -static -o start2 start.c
ok '-nostdlib takes no library' not "$cc" -nostdlib -o start3 start.c main.c
ok '-Wl,' "$cc" -Wl,-Map,map.txt,--gc-sections -Iinc -o map main.c answer.c
ok '-Wl, reached the linker' has map.txt '_start'
ok '-Wl,-e' "$cc" -nostartfiles -Wl,-e,_start -o entry start.c
ok '-r' "$cc" -nostdlib -r -o joined.o obj.o answer.o
ok 'assembler with the preprocessor' "$cc" -c value.S
ok '-std=c11' "$cc" -std=c11 -DVERSION=201112L -o c11 std.c
ok '-std=c17' "$cc" -std=c17 -DVERSION=201710L -o c17 std.c
ok '-std=c99' "$cc" -std=c99 -DVERSION=199901L -o c99 std.c
ok 'predefined macros' "$cc" -c macros.c
ok 'no shared libraries' not "$cc" -shared -o lib.so answer.c -Iinc
ok '-M' "$cc" -M -Iinc answer.c
ok 'under the name clang' "$bin/x86_64-zenta-clang" -c -Iinc answer.c
ok 'by a relative path' sh -c 'cd "$1/build" && sdk/bin/x86_64-zenta-cc -c -o "$2/rel.o" "$2/main.c"' sh "$top" "$tmp"
ok 'by PATH' env PATH="$bin:$PATH" x86_64-zenta-cc -Iinc -o bypath main.c answer.c
mkdir link
ln -s "$cc" link/cc
ok 'by a symbolic link' link/cc -Iinc -o bylink main.c answer.c
for t in ld nm strip objcopy objdump readelf size strings; do
	ok "x86_64-zenta-$t is there" "$bin/x86_64-zenta-$t" --version
done
ok 'strip' "$bin/x86_64-zenta-strip" math
ok 'nm' sh -c '"$1" prog | grep -q " T main"' sh "$bin/x86_64-zenta-nm"

# Each header of POSIX that is there compiles alone, in the strict dialects too.
for h in $(cd "$top/build/sdk/x86_64/include" && find . -name '*.h' ! -path './machine/*' ! -path './abi/*' \
	! -path './ssp/*' ! -path './bits/*' ! -path './rpc/*' ! -path './sys/_*' ! -path './mx/*' \
	! -path './zero/*' ! -path './zircon/*' | sed 's|^\./||' | sort); do
	case $h in
	_* | newlib.h | reent.h | regdef.h | fastmath.h | envlock.h | sys/reent.h | sys/custom_file.h | \
	sys/iconvnls.h | sys/dir.h | sys/syslimits.h | sys/errno.h | unctrl.h | devctl.h | sys/tree.h) continue ;;
	esac
	printf '#include <%s>\nint dummy;\n' "$h" >h.c
	ok "<$h> alone" sh -c '"$1" -Wall -Werror -std=gnu17 -c h.c && "$1" -Wall -Werror -std=c99 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -c h.c' sh "$cc"
done
echo "1..$n"
exit $bad
