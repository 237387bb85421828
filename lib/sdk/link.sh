#!/bin/sh
# Links for x86_64-zenta: called by clang under the name gcc, with a compiler's arguments.
set -u
d=${0%/*}
lib=$d/../../x86_64/lib
start=1
libs=1
rel=
n=$#
while [ "$n" -gt 0 ]; do
	a=$1
	shift
	n=$((n - 1))
	case $a in
	-o | -L | -u | -T | -e | -z | -l)
		set -- "$@" "$a" "$1"
		shift
		n=$((n - 1))
		;;
	-Xlinker)
		set -- "$@" "$1"
		shift
		n=$((n - 1))
		;;
	-Wl,*)
		rest=${a#-Wl,},
		while [ -n "$rest" ]; do
			[ -z "${rest%%,*}" ] || set -- "$@" "${rest%%,*}"
			rest=${rest#*,}
		done
		;;
	-isystem | -include | -I | -D | -U | -idirafter | -iquote | -x | -MF | -MT | -MQ | --param | -arch)
		shift
		n=$((n - 1))
		;;
	-nostdlib) start= libs= ;;
	-nostartfiles) start= ;;
	-nodefaultlibs) libs= ;;
	-r) start= libs= rel=1; set -- "$@" -r ;;
	-s | -L* | -l* | -u* | -T* | -z*) set -- "$@" "$a" ;;
	-shared)
		echo "$0: there are no shared libraries on this system (-shared)" >&2
		exit 1
		;;
	-*) ;;
	*) set -- "$@" "$a" ;;
	esac
done
# Each of these comes before what the user gave; the last one set is the first argument.
[ -z "$libs" ] || set -- "$@" --start-group -lc -lm -lsys --end-group "$lib/libbuiltins.a"
crt=crt0.o
if [ -n "${ZENTA_PIE:-}" ] && [ -z "$rel" ]; then
	crt=rcrt1.o
	[ -n "$start" ] && set -- "$lib/$crt" "$@"
	set -- -pie --no-dynamic-linker -z text -z norelro --pack-dyn-relocs=relr "$@"
else
	[ -n "$start" ] && set -- "$lib/$crt" "$@"
fi
[ -n "$rel" ] || set -- -z noexecstack --eh-frame-hdr "$@"
exec ld.lld-14 -m elf_x86_64 -static -z max-page-size=4096 --error-limit=0 "-L$lib" "$@"
