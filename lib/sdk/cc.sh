#!/bin/sh
# The compiler of x86_64-zenta: clang with the target's headers; linking goes through
# libexec/x86_64/gcc, which is what clang calls for a system it does not know.
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
ZENTA_PIE=
pie=
for a do
	case $a in
	-static-pie)
		pie=-fPIE
		ZENTA_PIE=1
		;;
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
export ZENTA_PIE
exec clang-14 --target=x86_64-zenta -D__zenta__=1 -D__ELF__=1 -D__unix__=1 -D__unix=1 \
	-D__STDC_NO_THREADS__=1 \
	-Qunused-arguments -nostdlibinc -fno-pic -ftls-model=local-exec -fomit-frame-pointer \
	-B"$sdk/libexec/x86_64" -isystem "$sdk/x86_64/include" $pie "$@"
