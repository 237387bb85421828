#!/bin/sh
# pkg-config for x86_64-zenta: sees what lies in the sysroot, and nothing of the host.
self=$0
[ ! -L "$self" ] || self=$(readlink -f "$self")
sdk=$(cd "$(dirname "$self")/.." && pwd) || exit 1
export PKG_CONFIG_LIBDIR="$sdk/x86_64/lib/pkgconfig" PKG_CONFIG_PATH=
exec pkg-config "$@"
