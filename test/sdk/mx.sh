#!/bin/sh
# The native headers and the library: strict C11, the call table's shapes, clang's handle checker,
# Zircon's names, pkg-config.
set -u
. "$(dirname "$0")/tap.inc"
inc=$top/build/sdk/x86_64/include
strict='-std=c11 -Wall -Wextra -Wpedantic -Werror'

alone() {	# every header compiles alone and twice
	for h in $(cd "$inc" && ls mx/*.h zircon/*.h zircon/syscalls/*.h); do
		printf '#include <%s>\n#include <%s>\nint x;\n' "$h" "$h" >one.c
		"$cc" $strict -c one.c -o one.o || return 1
	done
}

ok 'each header compiles alone as strict C11' alone
printf '#include <%s>\n' $(cd "$inc" && ls mx/*.h zircon/*.h zircon/syscalls/*.h) errno.h >all.c
echo 'int x;' >>all.c
ok 'all of them together, <errno.h> last' "$cc" $strict -c all.c -o all.o
echo '#include <errno.h>' | cat - all.c >all2.c
ok 'and <errno.h> first' "$cc" $strict -c all2.c -o all.o

# --- the shapes ---
# A row's arguments against the prototype's, as classes: w a 32-bit word, d 64 bits, p a pointer or word of
# the machine.
echo '#include <mx/syscalls.h>' >protos.c
"$cc" -E -P -D'__attribute__(x)=' protos.c | tr '\n' ' ' | tr ';' '\n' |
	sed -n 's/^ *\(mx_status_t\|void\) *\(mx_[a-z_0-9]*\) *(\(.*\)) *$/\2 \3/p' | awk '
	function class(t) {
		if (t ~ /\*/ || t ~ /(uintptr_t|size_t|mx_vaddr_t)/) return "p"
		if (t ~ /(int64_t|mx_time_t|mx_duration_t|mx_koid_t)/) return "d"
		return "w"
	}
	{
		name = $1; $1 = ""; s = ""
		m = split($0, a, ",")
		for (i = 1; i <= m; i++) if (a[i] !~ /^ *(void)? *$/) s = s class(a[i])
		print name, s
	}' | sort >have
awk '
	/^(#> )?[0-9]+[ \t]+mx_/ {
		sub(/^#> /, "")
		if ($3 ~ /raw|internal/) next
		s = $0; sub(/^[^(]*\(/, "", s); sub(/\) ->.*/, "", s)
		m = split(s, a, ", "); out = ""
		for (i = 1; i <= m; i++) {
			t = a[i]; sub(/^[^:]*: */, "", t)
			if (t == "") continue
			if (t ~ /^(user|addr|size|in |out )/) out = out "p"
			else if (t ~ /^(u64|i64|time|off)$/) out = out "d"
			else out = out "w"
		}
		print $2, out
	}' "$top/conf/syscalls" | sort >want
same() {
	join want have | awk '$2 != $3 { print; bad = 1 } END { exit bad }' && join -v1 want have >missing && cat missing && [ ! -s missing ]
}
ok 'every native row has a prototype of the same shape' same
ok 'a good number of them was compared' test "$(wc -l <want)" -ge 60

# --- the values ---
cat >values.c <<'X'
#include <mx/syscalls.h>
#include <mx/fd.h>
#include <mx/spawn.h>
#include <mx/status.h>
#include <zircon/syscalls.h>
#define IS(a, b) _Static_assert((a) == (b), #a)
IS(MX_ERR_NEXT, -61); IS(MX_ERR_FILE_BIG, -53); IS(ZX_ERR_PEER_CLOSED, -24); IS(ZX_OK, 0);
IS(ZX_RIGHT_WAIT, 1u << 14); IS(MX_RIGHT_SAME_RIGHTS, 1u << 31); IS(ZX_USER_SIGNAL_7, 1u << 31);
IS(MX_TIME_INFINITE, INT64_MAX); IS(ZX_SEC(2), 2000000000); IS(ZX_OBJ_TYPE_EVENTPAIR, 16);
IS(sizeof(mx_port_packet_t), 48); IS(offsetof(mx_port_packet_t, user), 16); IS(sizeof(zx_wait_item_t), 12);
IS(offsetof(mx_info_maps_t, u.mapping.vmo_koid), 64); IS(sizeof(mx_handle_t), 4); IS(sizeof(mx_status_t), 4);
IS(ZX_JOB_POL_ABSOLUTE, 1); IS(ZX_POL_ACTION_KILL, 5); IS(ZX_CHANNEL_MAX_MSG_BYTES, 65536);
IS(ZX_WAIT_ASYNC_EDGE, 2); IS(ZX_VM_PERM_WRITE, 2); IS(ZX_INFO_HANDLE_BASIC, 2); IS(ZX_PROP_NAME, 3);
IS(ZX_SIGNAL_HANDLE_CLOSED, 1 << 23); IS(MX_SIGNAL_LAST_HANDLE, 1 << 22); IS(ZX_TASK_TERMINATED, 8);
X
ok 'values' "$cc" $strict -Wno-pedantic -c values.c -o values.o
ok 'every number of the contract, by both names' "$cc" $strict -c "$top/test/sdk/constants.c" -o values.o

# --- the handle checker ---
cat >leak.c <<'X'
#include <mx/syscalls.h>
int leak(void);
int leak(void)
{
	mx_handle_t a, b;
	if (mx_channel_create(0, &a, &b) != MX_OK)
		return 1;
	return (int)mx_handle_close(a);
}
X
sed 's/mx_/zx_/g; s/MX_/ZX_/g; s/<mx/<zircon/' leak.c >zleak.c
sed 's/return (int)mx_handle_close(a);/mx_handle_close(a); mx_handle_close(b); return 0;/' leak.c >clean.c
sed 's/return (int)mx_handle_close(a);/mx_handle_close(b); mx_handle_close(a); return (int)mx_handle_close(a);/' leak.c >twice.c
sed 's/return (int)mx_handle_close(a);/mx_handle_close(b); mx_handle_close(a); return (int)mx_object_signal(a, 0, 1);/' leak.c >after.c
check() {	# check FILE: what the checker says
	"$cc" --analyze -Xclang -analyzer-checker=fuchsia.HandleChecker "$1" -o /dev/null 2>&1
}
says() {	# says FILE PATTERN
	check "$1" | tee said && grep -q "$2" said
}
quiet() {
	check "$1" >said
	cat said
	[ ! -s said ]
}
ok 'the checker sees a leaked handle' says leak.c 'leak of handle'
ok 'by Zircon names too' says zleak.c 'leak of handle'
ok 'it sees a second release' says twice.c 'Releasing a previously released handle'
ok 'it sees a use after release' says after.c 'Using a previously released handle'
ok 'it says nothing of a clean program' quiet clean.c
cat >spawn.c <<'X'
#include <mx/spawn.h>
#include <mx/syscalls.h>
int leak(const char *const *);
int leak(const char *const *argv)
{
	mx_handle_t p;
	return mx_spawn(0, 0, argv[0], argv, argv, 0, 0, &p) != MX_OK;
}
X
ok 'it knows the handle of a new process' says spawn.c 'leak of handle'
# Every handle of a prototype is said to be made, used or ended there.
annotated() {
	cat "$top"/include/mx/*.h | sed 's,/\*.*\*/,,' | tr '\n' ' ' | tr ';' '\n' | grep -o ' mx_[a-z_]*(.*' |
		sed 's/^[^(]*(//' | tr ',' '\n' | grep 'mx_handle_t' | grep -v 'MX_\(ACQUIRE\|USE\|RELEASE\)\|mx_handle_t)'  >bare
	cat bare
	[ ! -s bare ]
}
ok 'every handle of every prototype is annotated' annotated

# --- pkg-config ---
pc=$bin/x86_64-zenta-pkg-config
ok 'pkg-config knows mx' "$pc" --exists mx
ok 'and nothing of the host' sh -c "! '$pc' --list-all | grep -v '^mx '"
ln -s "$pc" pc
ok 'through a link' test "$(./pc --libs mx | tr -d ' ')" = -lmx
cat >prog.c <<'X'
#include <mx/status.h>
#include <mx/syscalls.h>
#include <stdio.h>
int main(void)
{
	mx_handle_t e;
	puts(mx_status_get_string(mx_event_create(0, &e)));
	return mx_handle_close(e) != MX_OK;
}
X
ok 'a program is built by what it says' "$cc" $strict -o prog prog.c $("$pc" --cflags --libs mx)

# --- a program as Zircon's documentation shows them ---
cat >zx.c <<'X'
#include <stdio.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

static zx_status_t wait_for(zx_handle_t event, zx_handle_t port)
{
	zx_port_packet_t packet;
	zx_status_t status = zx_object_wait_async(event, port, 17u, ZX_EVENT_SIGNALED, ZX_WAIT_ASYNC_ONCE);
	if (status != ZX_OK)
		return status;
	status = zx_object_signal(event, 0u, ZX_EVENT_SIGNALED);
	if (status != ZX_OK)
		return status;
	status = zx_port_wait(port, zx_deadline_after(ZX_MSEC(500)), &packet);
	if (status == ZX_OK && (!ZX_PKT_IS_SIGNAL_ONE(packet.type) || packet.key != 17u))
		return ZX_ERR_BAD_STATE;
	return status;
}

int main(void)
{
	zx_handle_t event = ZX_HANDLE_INVALID, port = ZX_HANDLE_INVALID;
	zx_info_handle_basic_t info;
	zx_status_t status = zx_event_create(0, &event);

	if (status == ZX_OK)
		status = zx_port_create(0, &port);
	if (status == ZX_OK)
		status = wait_for(event, port);
	if (status == ZX_OK)
		status = zx_object_get_info(event, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	if (status == ZX_OK && (info.type != ZX_OBJ_TYPE_EVENT || info.koid == ZX_KOID_INVALID))
		status = ZX_ERR_WRONG_TYPE;
	printf("%s\n", zx_status_get_string(status));
	zx_handle_close(event);
	zx_handle_close(port);
	return status == ZX_OK ? 0 : 1;
}
X
ok 'a program by Zircon names' "$cc" $strict -o zx zx.c -lmx
runs() {	# runs OUTPUT PROGRAM
	ZRUN_NOBUILD=1 "$top/mk/zrun" -t 60 -f "$2:/tmp/p" -- /tmp/p >said
	cat said
	grep -qx "$1" said
}
ok 'it runs' runs MX_OK zx
ok 'the other one runs' runs MX_OK prog
echo "1..$n"
exit $bad
