# Runs in Zenta, from the root image.  One point a tool or a way to use it.

count=0
is() {			# is NAME EXPECTED COMMAND: the command's output, newlines as they are
	count=$((count + 1))
	got=$(eval "$3" 2>&1)
	if [ "$got" = "$2" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '%s\n' "wanted: $2" "got:    $got" | sed 's/^/# /'
	fi
}
works() {		# works NAME COMMAND: status 0
	is "$1" 0 "($2) >/tmp/out 2>&1; echo \$?"
}

mkdir /tmp/tools
cd /tmp/tools
printf 'one\ntwo\nthree\n' >lines
printf 'one\n2\nthree\n' >other

is 'sh: arithmetic, functions, traps' '42 bye' 'f() { echo $(($1 * 6)); }; (trap "echo bye" EXIT; printf "%s " $(f 7))'
is 'sh: status of a pipe and of a signal' '3 143' 'sh -c "exit 3"; a=$?; { sh -c "kill \$\$"; } 2>/dev/null; echo $a $?'
is 'sh: here document, redirections' 'in
err' 'cat <<E
in
E
ls -d /nonesuch 2>/dev/null || echo err'
is 'sh: background, wait' 'done 5' 'sh -c "exit 5" & wait $!; echo done $?'
is 'sh: glob' 'lines other' 'echo *'
is 'seq, sort, head' 100000 'seq 100000 | sort -rn | head -1'
is 'cat, tac, rev order' 'three two one ' 'tac lines | tr "\n" " "'
is 'wc' '3 3 14 lines' 'wc lines | tr -s " " | sed "s/^ //"'
is 'cut, paste, tr' 'ROOT,DAEMON,USER' 'cut -d: -f1 /etc/passwd | paste -sd, | tr a-z A-Z'
is 'cp, cmp, mv, rm' gone 'cp /bin/coreutils x && cmp x /bin/coreutils && mv x y && rm y && ls x y 2>/dev/null || echo gone'
is 'ln, readlink, realpath' 'lines /tmp/tools/lines' 'ln -s lines l; echo $(readlink l) $(realpath l); rm l'
is 'mkdir -p, rmdir -p' 0 'mkdir -p a/b/c && rmdir -p a/b/c; echo $?'
is 'stat, chmod, touch' '640 1577836800' 'touch -d 2020-01-01T00:00:00Z t; chmod 640 t; stat -c "%a %Y" t'
is 'date' 'Thu Jan  1 00:00:00 UTC 1970' 'date -u -d @0 "+%a %b %e %H:%M:%S %Z %Y"'
is 'date: zone' '1970-01-01 01:00 CET' 'TZ=CET-1 date -d @0 "+%F %R %Z"'
is 'ls -l' '-rw-r----- 1 root root 0 Jan  1  2020 t' 'ls -l t'
is 'id' 'uid=1000(user) gid=1000(user) groups=1000(user)' 'id user'
is 'expr, test, printf' '12 1    3.14' 'printf "%s %d %7.2f" $(expr 3 \* 4) $([ -f lines ] && echo 1) 3.14159'
is 'sums' 'd41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c14' 'echo $(md5sum </dev/null | cut -c1-32) $(sha256sum </dev/null | cut -c1-16)'
is 'dd, od' '1 0' 'echo $(printf "\001\000\002" | dd bs=1 count=2 2>/dev/null | od -An -tu1)'
is 'split, join, comm, uniq' '3 one,three' 'split -l1 lines part.; n=$(ls part.* | wc -l); sort lines >s1; sort other >s2; echo $n $(comm -12 s1 s2 | paste -sd,); rm part.* s1 s2'
is 'tee, xargs, basename' 'coreutils!' 'echo /bin/coreutils | tee copy | xargs basename | sed "s/\$/!/"'
is 'timeout' 124 'timeout 0.2 sleep 5; echo $?'
is 'factor, shuf' '2 2 3 5 3' 'echo $(factor 60 | cut -d: -f2) $(seq 3 | shuf | wc -l)'
is 'mktemp, install' 755 'f=$(mktemp) && install -m 755 $f inst && stat -c %a inst; rm inst $f'
is 'truncate, sparse files' '5368709120' 'truncate -s 5G big; stat -c %s big; rm big'
is 'df, du' ok 'df / >/dev/null && du -s /etc >/dev/null && echo ok'
is 'env, nohup, nice' 'v 5' 'echo $(env -i X=v printenv X 2>/dev/null || env -i X=v /usr/bin/printenv X) $(nice -n 5 nice)'
is 'stty without a terminal' 1 'stty </dev/null >/dev/null 2>&1; echo $?'
is 'sed' 'ello worldh' "echo hello world | sed -E 's/(h)(.*)/\\2\\1/'"
is 'sed -i' '2' 'cp lines e; sed -i /two/d e; wc -l <e; rm e'
is 'grep -c, -o, -E' '2 X' 'echo $(grep -c e lines) $(echo aXb | grep -oE "[A-Z]+")'
is 'grep -r' '/etc/passwd' 'grep -rl /home/user /etc'
is 'awk' '42 3.1 6' "awk 'BEGIN { printf \"%d %.1f %d\", 42, atan2(0,-1), length(\"abcdef\") }'"
is 'awk: fields, arrays, getline' '14 b' "printf 'a 4\nb 10\n' | awk '{ s += \$2; k = \$1 } END { print s, k }'"
is 'find' './lines,./other' 'rm -f t copy; find . -type f -newermt 2021-01-01 | sort | paste -sd,'
is 'find -exec' '3' 'find . -name lines -exec wc -l {} \; | cut -d" " -f1'
is 'xargs -n, -P' '1 2,3 4' 'seq 4 | xargs -n2 -P1 echo | paste -sd,'
is 'diff' '2c2
< two
---
> 2' 'diff lines other'
is 'diff -u, cmp' '1 1' 'echo $(diff -u lines other | grep -c "^+[^+]") $(cmp -s lines other; echo $?)'
is 'diff3, sdiff' '====2 1' 'echo $(diff3 lines other lines | head -1) $(sdiff -s lines other | wc -l)'
is 'patch' same 'diff -u lines other >p; cp lines x; patch -s x p && cmp x other && echo same; rm x p'
is 'gzip, gunzip, zcat' same 'gzip -c /bin/coreutils | gunzip | cmp - /bin/coreutils && echo same'
is 'bzip2' same 'bzip2 -c /etc/passwd | bunzip2 | cmp - /etc/passwd && echo same'
is 'tar' 'd/ d/l' 'mkdir d; cp lines d/l; tar cf d.tar d; rm -r d; tar xf d.tar; cmp lines d/l && echo $(tar tf d.tar)'
is 'tar z, j' '2 2' 'tar czf d.tgz d; tar cjf d.tbz d; echo $(tar tzf d.tgz | wc -l) $(tar tjf d.tbz | wc -l); rm -r d d.t*'
is 'bc' '3.14159265358979323844
1267650600228229401496703205376' 'echo "scale=20; a(1)*4; 2^100" | bc -l'
is 'dc' '5' 'echo 2 3 + p | dc'
is 'ed' 'one
zwei
three' 'cp lines e; printf "2s/two/zwei/\nw\nq\n" | ed -s e; cat e; rm e'
is 'm4' 'y3' "printf 'define(\`x'\\'',\`y\$1'\\'')x(3)' | m4"
is 'lua' '9 0.50 b' "lua -e 'io.write(3*3, string.format(\" %.2f \", 1/2), (\"abc\"):sub(2,2))'"
is 'lua: compiled' '7' "echo 'print(7)' >p.lua; luac -o p.luac p.lua && lua p.luac; rm p.lua*"
is 'date: a zone without an offset, with one' 'UTC CET 01' 'echo $(TZ=UTC date -d @0 +%Z) $(TZ=CET-1 date -d @0 "+%Z %H")'
is 'man' "sysctl - show and set tunables of the kernel" 'man sysctl | sed "s/.\x08//g" | grep " - show" | sed "s/^ *//"'
is 'man of a native call' 'MX_RIGHT_SIGNAL.' 'man 2 mx_object_signal | sed "s/.\x08//g" | grep -o "MX_RIGHT_[A-Z]*\."'
is 'man of a POSIX call' 'posix - calls that POSIX describes' 'man 2 fork | sed "s/.\x08//g" | grep " - calls" | sed "s/^ *//"'
is 'man: no such page' 5 'man nosuch >/dev/null 2>&1; echo $?'
is 'apropos, after makewhatis' 'dmesg(8)' 'makewhatis && apropos "kernel.s log" | cut -d" " -f1'
is 'sqlite3' '3|2.5' 'sqlite3 t.db "create table t(x); insert into t values(2),(3); begin; insert into t values(9); rollback;"; sqlite3 t.db "select max(x), avg(x) from t"; rm t.db'
is 'less in a pipe' 'one' 'less lines | head -1'
works 'nano --version' 'nano --version'

# --- a C project with tcc and make ---
for i in 1 2 3 4 5 6; do echo "int f$i(int x) { return x + $i; }" >f$i.c; done
cat >main.c <<'E'
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int f1(int), f2(int), f3(int), f4(int), f5(int), f6(int);
static void late(void) { write(1, "!\n", 2); }
int main(int argc, char **argv)
{
	int status;
	atexit(late);
	errno = 3;
	if (fork() == 0)
		_exit(9);
	wait(&status);
	char *p = malloc(100000);
	memset(p, 1, 100000);
	printf("%d %s %.6f %d %d %s", f1(f2(f3(f4(f5(f6(0)))))), argv[1], sin(1.0), errno,
	    WEXITSTATUS(status), getenv("HOME"));
	fflush(stdout);
	return 0;
}
E
cat >Makefile <<'E'
CC = tcc
OBJS = main.o f1.o f2.o f3.o f4.o f5.o f6.o
prog: $(OBJS)
	$(CC) -o $@ $(OBJS)
clean:
	rm -f *.o prog
E
works 'make -j4 with tcc' 'make -j4'
is 'what it made' '21 arg 0.841471 3 9 /root!' './prog arg'
is 'make: up to date' "make: 'prog' is up to date." 'make'
is 'make: a changed source' 'f3.o prog' 'sleep 0.01; touch f3.c; echo $(make -n | sed "s/.* -o //;s/ .*//")'
is 'make: a failing command' 2 'printf "x:\n\t@false\n" >bad.mk; make -f bad.mk >/dev/null 2>&1; echo $?'
is 'tcc: an error' 1 'echo "int main(void) { return x; }" >e.c; tcc e.c 2>/dev/null; echo $?'

is 'an example' 'Hello from Zenta 0.1 on x86_64.' 'tcc -o hello /usr/share/examples/hello.c && ./hello'
is 'an example with a port' 'the pipe said three
done' 'cc -o port /usr/share/examples/pipeport.c -lmx && ./port | tail -2'

# --- our own ---
works 'ps' 'ps -ef | grep -q "[t]ools.sh"'
is 'mount, umount' 'ramfs 0' 'mkdir m; mount -t ramfs m; a=$(mount | sed -n "s,.* on /tmp/tools/m type \([a-z]*\).*,\1,p"); umount m; echo $a $(mount | grep -c tools/m)'
is 'time' 'real user sys 3' 'time -p sh -c "exit 3" 2>tm; st=$?; echo $(cut -d" " -f1 tm) $st; rm tm'
works 'dmesg' 'dmesg | grep -q Zenta'
works 'free' 'free -m | grep -q ^Mem:'
works 'kstat' 'kstat -q vm | grep -q .'
is 'sysctl: an unknown name' 1 'sysctl no.such 2>/dev/null; echo $?'
is 'hostname' zenta hostname

echo "1..$count"
