#!/bin/sh
# The compiler of x86_64-zenta: clang with the target's headers; linking goes through
# libexec/x86_64/gcc, which is what clang calls for a system it does not know.
#
# Programs are static PIEs, which run at a random address.  -static and -no-pie give a fixed one, and so
# do -nostartfiles and -nostdlib without -static-pie: a start file of one's own does not relocate.
self=$0
[ ! -L "$self" ] || self=$(readlink -f "$self")
case $self in
*/*) d=${self%/*} ;;
*) d=. ;;
esac
case $d in
/*) ;;
*) d=$PWD/$d ;;
esac
sdk=${d%/bin}
[ "$sdk" != "$d" ] || sdk=$d/..
ZENTA_PIE=1
for a do
	case $a in
	-static | -no-pie | -nopie | -nostartfiles | -nostdlib) ZENTA_PIE= ;;
	-static-pie | -pie) wanted=1 ;;
	-shared)
		for b do
			case $b in -[cSE]) a= ;; esac
		done
		[ -z "$a" ] || {
			echo "$0: there are no shared libraries on this system (-shared)" >&2
			exit 1
		}
		;;
	esac
done
[ -z "${wanted:-}" ] || ZENTA_PIE=1
export ZENTA_PIE
exec clang-14 --target=x86_64-zenta -D__zenta__=1 -D__ELF__=1 -D__unix__=1 -D__unix=1 \
	-D__STDC_NO_THREADS__=1 \
	-Qunused-arguments -nostdlibinc -fPIE -ftls-model=local-exec -fomit-frame-pointer \
	-B"$sdk/libexec/x86_64" -isystem "$sdk/x86_64/include" "$@"
