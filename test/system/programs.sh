# Run inside of Zenta by test/system/programs: the upstream programs do their work, and what is
# bad input to the kernel is refused as POSIX says.  TAP.
n=0
is() {	# is WHAT WANTED COMMAND-TEXT
	n=$((n + 1))
	got=$(eval "$3" 2>&1)
	if [ "$got" = "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$got" | sed 's/^/# got: /' | head -5
	fi
}
mkdir /tmp/w && cd /tmp/w || exit 1

# --- shell
is 'here document' 'a 3' 'x=3; cat <<END
a $x
END'
is 'arithmetic' 42 'echo $((6 * 7))'
is 'pipeline' 100000 'seq 100000 | sort -rn | head -1'
is 'background and wait' '3' '(exit 3) & wait $!; echo $?'
is 'trap' 'trapped' 'sh -c "trap \"echo trapped; exit\" TERM; kill -TERM \$\$; sleep 5"'
is 'expansion' 'bc' 'v=abc; echo ${v#a}'
is 'glob' 'g1 g2' 'touch g1 g2; echo g*'
is 'read loop' '1:2:3:' 'seq 3 | while read -r l; do printf "%s:" "$l"; done'
is 'a FIFO' 'through' 'mkfifo f; echo through > f & cat f'
is 'ulimit' 64 'ulimit -n 64; ulimit -n'

# --- coreutils and friends
is 'sort and uniq' '2 a' 'printf "b\na\na\n" | sort | uniq -c | sed -n "s/^ *2/2/p"'
is 'cut, tr, rev order' 'B' 'echo a:b:c | cut -d: -f2 | tr a-z A-Z'
is 'dd and sha256sum' '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58' 'dd if=/dev/zero bs=1024 count=1024 2>/dev/null | sha256sum | cut -d" " -f1'
is 'sparse file beyond 4 GiB' '6442450945' 'truncate -s 6442450945 s; stat -c %s s; rm s'
is 'cp -a, mv, ln -s, readlink' 'g1 x' 'cp -a g1 g3 && mv g3 g4 && ln -s g1 l && echo $(readlink l) x'
is 'mkdir -p, rmdir -p' gone 'mkdir -p p/q/r; rmdir -p p/q/r; test -d p || echo gone'
is 'rm -rf of a deep tree' gone 'd=deep; i=0; while [ $i -lt 60 ]; do d=$d/d; i=$((i+1)); done; mkdir -p $d; rm -rf deep; test -e deep || echo gone'
is 'chmod, stat' 4751 'touch c; chmod 4751 c; stat -c %a c'
is 'date' '2009-02-13 23:31:30' 'date -u -d @1234567890 "+%F %T"'
is 'touch -d, test -nt' newer 'touch -d "2001-01-01 00:00" o; touch nw; test nw -nt o && echo newer'
is 'tee, wc, tail' '3 3' 'seq 3 | tee t | wc -l | tr "\n" " "; tail -1 t'
is 'od' '0 1 255' 'printf "\000\001\377" | od -An -tu1 | tr -s " " | sed "s/^ //"'
is 'timeout' 124 'timeout 0.2 sleep 9; echo $?'
is 'env -i' 'A=1' 'env -i A=1 env'
is 'grep -E, -c' 2 'printf "foo\nbar\nfob\n" | grep -Ec "^fo[ob]$"'
is 'grep -r' 'gr/a:needle' 'mkdir gr; echo needle >gr/a; grep -r needle gr'
is 'sed script' 'b-a' 'echo a-b | sed -E "s/(.)-(.)/\2-\1/"'
is 'sed -i' two 'echo one >si; sed -i s/one/two/ si; cat si'
is 'awk' '6 2.00' 'printf "1\n2\n3\n" | awk "{ s += \$1 } END { printf \"%d %.2f\", s, s/NR }"'
is 'awk associative arrays' 'x=2' 'printf "x\ny\nx\n" | awk "{ c[\$1]++ } END { print \"x=\" c[\"x\"] }"'
is 'find' './fd/a/b' 'mkdir -p fd/a; touch fd/a/b; find . -name b'
is 'find -exec, -newer' '1' 'find fd -type f -exec echo {} \; | wc -l | tr -d " "'
is 'xargs' '1 2
3' 'seq 3 | xargs -n 2'
is 'diff' '2c2
< b
---
> x' 'printf "a\nb\n" >d1; printf "a\nx\n" >d2; diff d1 d2'
is 'diff -u status' 1 'diff -u d1 d2 >/dev/null; echo $?'
is 'cmp' 'differ' 'cmp -s d1 d2 || echo differ'

# --- archives
is 'tar' 'one d/f' 'mkdir d; echo one >d/f; tar cf a.tar d; rm -r d; tar xf a.tar; echo $(cat d/f) $(tar tf a.tar | tail -1)'
is 'tar -C' 'f' 'mkdir -p tc/d tx; echo x >tc/d/f; tar cf tc.tar -C tc d; tar xf tc.tar -C tx; ls tx/d; rm -r tc tx tc.tar'
is 'tar czf through gzip' 'd/ d/f' 'tar czf a.tgz d && tar tzf a.tgz | tr "\n" " " | sed "s/ $//"'
is 'gzip round trip' same 'seq 20000 >z; gzip -k z; gunzip -c z.gz | cmp - z && echo same'
is 'bzip2 round trip' same 'bzip2 -k z; bunzip2 -c z.bz2 | cmp - z && echo same'

# --- languages
is 'bc' 1267650600228229401496703205376 'echo "2^100" | bc'
is 'bc -l' 3.1415926532 'echo "scale=10; 4*a(1)" | bc -l | cut -c1-12'
is 'dc' 14 'echo "2 3 4 * + p" | dc'
is 'm4' 'hello x' 'echo "define(f, hello \$1)f(x)" | m4'
is 'ed' 'changed' 'echo orig >e; printf "1s/orig/changed/\nw\nq\n" | ed -s e; cat e'
is 'lua' '55 hello' 'lua -e "local s = 0 for i = 1, 10 do s = s + i end print(s .. \" \" .. string.format(\"%s\", \"hello\"))"'
is 'sqlite3' '3|6' 'sqlite3 db "create table t(a,b); insert into t values(1,2),(3,6); select * from t where a > 1;"'
is 'sqlite3 finds it again' 2 'sqlite3 db "select count(*) from t"'
is 'sqlite3 with a write-ahead log, two at once' '10 ok' '(sqlite3 w "pragma journal_mode=wal; create table t(a); insert into t values(1),(2)" >/dev/null; sqlite3 w "begin immediate; insert into t values(3); commit" & sqlite3 w "pragma busy_timeout=5000; insert into t values(4)" >/dev/null; wait; echo $(sqlite3 w "select sum(a) from t; pragma integrity_check"); rm w)'
is 'sqlite3 integrity' ok 'sqlite3 db "pragma integrity_check"'
is 'sqlite3 transactions' '1000|499500' 'sqlite3 db "create table n(i); with recursive c(x) as (select 0 union all select x+1 from c where x<999) insert into n select x from c; select count(*), sum(i) from n"'
printf '#include <stdio.h>\nint main(void) { printf("compiled %%d\\n", 6 * 7); return 3; }\n' >h.c
is 'tcc hello.c && ./a.out' 'compiled 42 3' 'tcc h.c && echo $(./a.out; echo $?)'
is 'tcc -c, ar-less link of two files' 42 'echo "int f(void) { return 42; }" >f1.c; echo "int f(void), printf(const char *, ...); int main(void) { printf(\"%d\\n\", f()); return 0; }" >f2.c; tcc -c f1.c f2.c && tcc -o ff f1.o f2.o && ./ff'
mkdir prj
for f in a b c d e; do echo "int $f(void) { return 1; }" >prj/$f.c; done
printf 'int a(void), b(void), c(void), d(void), e(void);\nint printf(const char *, ...);\nint main(void) { printf("%%d\\n", a() + b() + c() + d() + e()); return 0; }\n' >prj/main.c
printf 'O = a.o b.o c.o d.o e.o main.o\nprog: $(O)\n\ttcc -o $@ $(O)\n%%.o: %%.c\n\ttcc -c -o $@ $<\n' >prj/Makefile
is 'make -j4 of a small C project with tcc' 5 'make -s -C prj -j4 && prj/prog'
is 'make: nothing to be done' "make: 'prog' is up to date." 'make --no-print-directory -C prj'
is 'make stops at an error' 2 'printf "all:\n\tfalse\n" >mf; make -f mf >/dev/null 2>&1; echo $?'

# --- who is there
is 'who -b: since when' 'yes' 'who -b | grep -q "system boot  *[A-Z][a-z][a-z] " && echo yes'
is 'uptime' 'yes' 'uptime | grep -q "up  *[0-9].* users*,  load average: [0-9]" && echo yes'
is 'nobody is logged in without a terminal' '0' 'echo $(who | wc -l)$(users)'

# --- our programs
is 'which' '/usr/bin/ls 1' 'echo $(which ls) $(which nosuch; echo $?)'
is 'which -a' '2' 'PATH=/bin:/usr/bin; which -a sh | wc -l'
is 'mount shows the root' 'yes' 'mount | grep -q " on / " && echo yes'
is 'sysctl' 'yes' 'sysctl -n debug.failnth.page >/dev/null 2>&1; test -n "$(sysctl -n vm.aslr)" && echo yes'
is 'kstat' 'yes' 'kstat vm.pages.free | grep -q "^vm.pages.free [0-9]" && echo yes'
is 'ps sees the shell' 'yes' 'ps -e 2>/dev/null | grep -q sh && echo yes'
is 'dmesg' 'yes' 'dmesg | grep -q Zenta && echo yes'

# --- bad input
is 'a truncated ELF is no program' yes 'head -c 50 /usr/bin/sed >bad; chmod 755 bad; ./bad >/dev/null 2>&1; test $? -gt 0 && echo yes'
is 'an ELF cut in the middle of a segment' yes 'head -c 5000 /usr/bin/sed >bad2; chmod 755 bad2; ./bad2 >/dev/null 2>&1; test $? -gt 0 && echo yes'
is 'a garbage script' yes 'head -c 4000 /dev/urandom >junk; chmod 755 junk; env ./junk </dev/null >/dev/null 2>&1; test $? -gt 0 && echo yes'
is 'an interpreter that is not there' 127 'printf "#!/no/such\n" >in; chmod 755 in; env ./in 2>/dev/null; echo $?'
is 'a script that is its own interpreter' yes 'printf "#!/tmp/w/self\n" >self; chmod 755 self; env ./self 2>/dev/null; test $? -gt 125 && echo yes'
is 'umount takes away what nobody is in, and has no force' '1 2 0' 'mkdir mp; mount -t ramfs x mp; cd mp; umount ../mp 2>/dev/null; a=$?; umount -f ../mp 2>/dev/null; b=$?; cd ..; umount mp; echo $a $b $?; rmdir mp'
is 'a path of 5000 bytes' 'File name too long' 'p=$(printf "%05000d" 0 | sed "s/0/a\//g" | head -c 5000); cat $p 2>&1 | sed "s/.*: //"'
is 'a name of 300 bytes' 'File name too long' 'cat $(printf "%0300d" 0) 2>&1 | sed "s/.*: //"'
is 'a loop of links' yes 'ln -s y x; ln -s x y; cat x 2>&1 | grep -qi "symbolic links" && echo yes'
is 'arguments beyond the limit' yes 'x=$(printf "%0100000d" 0); x=$x$x$x$x$x$x$x$x$x$x; x=$x$x$x; env true $x $x $x 2>&1 | grep -q "list too long" && echo yes'
is 'the kernel is still well' ok 'echo ok'
echo "1..$n"
