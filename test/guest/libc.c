/* The C library where Zenta's port adds to newlib or mends it. */
#include <arpa/inet.h>
#include <complex.h>
#include <crypt.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <iconv.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <uchar.h>
#include <wchar.h>
#include "tap.h"

extern char **environ;

static __thread int tls_set = 7;
static __thread char tls_zero[3000];
static int constructed;

__attribute__((constructor)) static void
construct(void)
{
	constructed = 1;
}

static int
same(const char *got, const char *want, const char *what)
{
	int good = ok(got != NULL && strcmp(got, want) == 0, "%s", what);

	if (!good)
		tap_print("# got '%s', want '%s'\n", got != NULL ? got : "(null)", want);
	return good;
}

static void
start(void)
{
	ok(constructed, "constructors ran");
	ok(tls_set == 7 && tls_zero[0] == 0 && tls_zero[2999] == 0, "thread-local storage has its image");
	tls_set = 8;
	tls_zero[2999] = 1;
	ok(tls_set == 8 && tls_zero[2999] == 1, "thread-local storage keeps what is written");
	same(getprogname(), "libc", "getprogname");
	ok(((uintptr_t)__builtin_frame_address(0) & 15) == 0, "the stack is aligned");
}

static void
formats(void)
{
	char b[200];
	int x = 0, y = 0;

	snprintf(b, sizeof(b), "%2$d %1$d %3$s", 1, 2, "x");
	same(b, "2 1 x", "printf: positions");
	snprintf(b, sizeof(b), "%3$s %1$d %2$.1f", 1, 2.5, "x");
	same(b, "x 1 2.5", "printf: positions of several types");
	ok(sscanf("5 6", "%2$d %1$d", &x, &y) == 2 && x == 6 && y == 5, "scanf: positions");
	snprintf(b, sizeof(b), "%a %jd %zu %lld %hhd", 1.5, (intmax_t)-1, (size_t)9, 1LL << 60, (char)1);
	same(b, "0x1.8p+0 -1 9 1152921504606846976 1", "printf: C99 lengths");
	snprintf(b, sizeof(b), "%.20Lg", 1.0L / 3);
	same(b, "0.33333333333333333334", "printf: long double");
	ok(strtold("1.1", NULL) == 1.1L, "strtold");
}

static void
maths(void)
{
	int e;
	long double complex z = csinl(1 + 2 * I);

	ok(fabsl(-2.0L) == 2 && floorl(2.5L) == 2 && ceill(2.5L) == 3 && truncl(-2.5L) == -2, "long double: rounding");
	ok(lrintl(2.5L) == 2 && llrintl(3.5L) == 4 && roundl(-2.5L) == -3, "long double: to integers");
	ok(fmodl(7, 4) == 3 && remainderl(7, 4) == -1, "long double: remainders");
	ok(frexpl(8, &e) == 0.5L && e == 4 && ldexpl(0.5L, 4) == 8, "long double: frexp, ldexp");
	ok(fabsl(powl(2.0L, 0.5L) - sqrtl(2.0L)) < 1e-18L, "long double: pow, sqrt");
	ok(fabsl(expl(1.0L) - 2.718281828459045235360287L) < 1e-18L, "long double: exp");
	ok(fabsl(sinl(1.0L) * sinl(1.0L) + cosl(1.0L) * cosl(1.0L) - 1) < 1e-18L, "long double: sin, cos");
	ok(fabsl(atan2l(1, 1) * 4 - 3.14159265358979323846264L) < 1e-18L, "long double: atan2");
	ok(tgammal(5) == 24 && fabsl(lgammal(5) - logl(24)) < 1e-15L, "long double: gamma");
	ok(hypotl(3, 4) == 5 && cbrtl(27) == 3, "long double: hypot, cbrt");
	ok(nexttoward(1.0, 2.0L) > 1.0 && isnan(nanl("")), "nexttoward, nan");
	ok(fabsl(creall(z) - 3.16577851321616814674L) < 1e-17L, "long double: complex");
	ok(fabs(sin(1.0) - 0.8414709848078965) < 1e-15 && fabs(pow(2, 0.5) - 1.4142135623730951) < 1e-15, "double");
}

static void
jumps(void)
{
	static sigjmp_buf with;
	static jmp_buf without;
	volatile int seen = 0;
	sigset_t set, now;

	if (setjmp(without) == 0)
		longjmp(without, 0);
	else
		seen = 1;
	ok(seen == 1, "longjmp with 0 gives 1");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	if (sigsetjmp(with, 1) == 0) {
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		siglongjmp(with, 5);
	}
	sigprocmask(SIG_BLOCK, NULL, &now);
	ok(sigismember(&now, SIGUSR1) == 1, "siglongjmp restores the mask");
	seen = 0;
	if (sigsetjmp(with, 0) == 0) {
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		seen = 1;
		siglongjmp(with, 1);
	}
	sigprocmask(SIG_BLOCK, NULL, &now);
	ok(seen == 1 && sigismember(&now, SIGUSR1) == 0, "not when it was not saved");
}

static int visited;

static int
visit(const char *path, const struct stat *st, int type, struct FTW *w)
{
	visited++;
	return 0;
}

static void
folders(void)
{
	struct dirent *e, **list;
	int n = 0, fd;
	char *real;
	glob_t g;
	DIR *d;
	long where;
	char name[256];

	mkdir("/tmp/libc", 0755);
	mkdir("/tmp/libc/sub", 0755);
	for (const char *const *f = (const char *const[]){ "/tmp/libc/a.c", "/tmp/libc/b.c", "/tmp/libc/sub/c.h", NULL };
	    *f != NULL; f++)
		close(open(*f, O_CREAT | O_WRONLY, 0644));
	d = opendir("/tmp/libc");
	ok(d != NULL, "opendir");
	while ((e = readdir(d)) != NULL)
		n++;
	is_int(n, 5, "readdir gives . and .. and three more");
	rewinddir(d);
	readdir(d);
	readdir(d);
	where = telldir(d);
	e = readdir(d);
	strcpy(name, e->d_name);
	readdir(d);
	seekdir(d, where);
	e = readdir(d);
	same(e != NULL ? e->d_name : NULL, name, "seekdir goes back to telldir's place");
	closedir(d);
	fd = open("/tmp/libc", O_RDONLY | O_DIRECTORY);
	d = fdopendir(fd);
	ok(d != NULL && dirfd(d) == fd, "fdopendir, dirfd");
	closedir(d);
	fd = open("/tmp/libc/a.c", O_RDONLY);
	errno = 0;
	ok(fdopendir(fd) == NULL && errno == ENOTDIR, "fdopendir of a file");
	close(fd);
	n = scandir("/tmp/libc", &list, NULL, alphasort);
	ok(n == 5 && strcmp(list[2]->d_name, "a.c") == 0 && strcmp(list[4]->d_name, "sub") == 0, "scandir, alphasort");
	ok(nftw("/tmp/libc", visit, 8, FTW_PHYS) == 0 && visited == 5, "nftw");
	ok(glob("/tmp/libc/*.[ch]", 0, NULL, &g) == 0 && g.gl_pathc == 2, "glob");
	globfree(&g);
	ok(glob("/tmp/libc/*.x", 0, NULL, &g) == GLOB_NOMATCH, "glob without a match");
	ok(fnmatch("*.[ch]", "a.c", 0) == 0 && fnmatch("*", ".a", FNM_PERIOD) == FNM_NOMATCH &&
	    fnmatch("*", "a/b", FNM_PATHNAME) == FNM_NOMATCH, "fnmatch");
	symlink("sub", "/tmp/libc/link");
	real = realpath("/tmp/../tmp/libc/./link/c.h", NULL);
	same(real, "/tmp/libc/sub/c.h", "realpath");
	free(real);
	ok(realpath("/tmp/libc/none/x", NULL) == NULL && errno == ENOENT, "realpath of what is not there");
	unlink("/tmp/libc/link");
	unlink("/tmp/libc/sub/c.h");
	ok(remove("/tmp/libc/sub") == 0 && remove("/tmp/libc/a.c") == 0, "remove: folder and file");
	unlink("/tmp/libc/b.c");
	rmdir("/tmp/libc");
}

/* How many of the numbers in <abi/errno.h> strerror() has nothing to say of. */
static int
errors_without_text(void)
{
	static const int all[] = {
		EPERM, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EAGAIN, ENOMEM, EACCES,
		EFAULT, EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY,
		ETXTBSY, EFBIG, ENOSPC, ESPIPE, EROFS, EMLINK, EPIPE, EDOM, ERANGE, ENOMSG, EIDRM, EDEADLK,
		ENOLCK, ENOSTR, ENODATA, ETIME, ENOSR, ENOLINK, EPROTO, EMULTIHOP, EBADMSG, ENOSYS, ENOTEMPTY,
		ENAMETOOLONG, ELOOP, EOPNOTSUPP, ECONNRESET, ENOBUFS, EAFNOSUPPORT, EPROTOTYPE,
		ENOTSOCK, ENOPROTOOPT, ECONNREFUSED, EADDRINUSE, ECONNABORTED, ENETUNREACH, ENETDOWN,
		ETIMEDOUT, EHOSTUNREACH, EINPROGRESS, EALREADY, EDESTADDRREQ, EMSGSIZE,
		EPROTONOSUPPORT, EADDRNOTAVAIL, ENETRESET, EISCONN, ENOTCONN, EDQUOT, ESTALE, ENOTSUP, EILSEQ,
		EOVERFLOW, ECANCELED, ENOTRECOVERABLE, EOWNERDEAD,
	};
	int n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (*strerror(all[i]) == '\0') {
			printf("# error %d has no text\n", all[i]);
			n++;
		}
	return n;
}

static void
texts(void)
{
	char a[] = "/a/b/", b[] = "/a/b", c[] = "///", *line = NULL;
	size_t size = 0;
	regex_t r;
	regmatch_t m[3];
	wchar_t w;
	char16_t c16;
	mbstate_t ms = { 0 };
	iconv_t ic;
	FILE *f;

	same(basename(a), "b", "basename");
	same(dirname(b), "/a", "dirname");
	same(basename(c), "/", "basename of slashes");
	ok(regcomp(&r, "^(a+)(b|c)$", REG_EXTENDED) == 0, "regcomp");
	ok(regexec(&r, "aaac", 3, m, 0) == 0 && m[1].rm_eo == 3 && m[2].rm_so == 3, "regexec");
	ok(regexec(&r, "aaad", 3, m, 0) == REG_NOMATCH, "regexec without a match");
	regfree(&r);
	ok(regcomp(&r, "a(", REG_EXTENDED) == REG_EPAREN, "regcomp of a bad expression");
	ok(setlocale(LC_ALL, "C.UTF-8") != NULL && MB_CUR_MAX >= 4, "the locale C.UTF-8");
	ok(mbtowc(&w, "\xc3\xa9", 2) == 2 && w == 0xe9 && wcwidth(w) == 1, "UTF-8");
	ok(regcomp(&r, "^.$", 0) == 0 && regexec(&r, "\xc3\xa9", 0, NULL, 0) == 0, "regexec: one character of two bytes");
	regfree(&r);
	ok(mbrtoc16(&c16, "A", 1, &ms) == 1 && c16 == 'A', "mbrtoc16");
	setlocale(LC_ALL, "C");
	ic = iconv_open("ISO-8859-1", "UTF-8");
	ok(ic != (iconv_t)-1, "iconv_open");
	if (ic != (iconv_t)-1) {
		char in[] = "\xc3\xa9", out[4] = "", *ip = in, *op = out;
		size_t il = 2, ol = 4;

		ok(iconv(ic, &ip, &il, &op, &ol) == 0 && (unsigned char)out[0] == 0xe9, "iconv");
		iconv_close(ic);
	}
	f = fopen("/tmp/libc.txt", "w+");
	fputs("one\ntwo:three", f);
	rewind(f);
	ok(getline(&line, &size, f) == 4 && strcmp(line, "one\n") == 0, "getline");
	ok(getdelim(&line, &size, ':', f) == 4 && strcmp(line, "two:") == 0, "getdelim");
	ok(getline(&line, &size, f) == 5 && getline(&line, &size, f) == -1, "getline at the end");
	free(line);
	fclose(f);
	unlink("/tmp/libc.txt");
	f = tmpfile();
	ok(f != NULL && fputs("abc", f) >= 0 && fseeko(f, 0, SEEK_END) == 0 && ftello(f) == 3, "tmpfile");
	if (f != NULL)
		fclose(f);
	same(strsignal(SIGTERM), "Terminated", "strsignal");
	same(strerror(ENOTEMPTY), "Directory not empty", "strerror");
	same(strerror(EPERM), "Operation not permitted", "in the usual words");
	ok(errors_without_text() == 0, "a text for each error of the kernel");
	ok(strncmp(crypt("a", "$6$abc$"), "$6$abc$", 7) == 0, "crypt");
	ok(inet_addr("1.2.3.4") == htonl(0x01020304), "inet_addr");
}

static void
users(void)
{
	struct passwd *pw = getpwnam("root"), own, *result;
	char small[4], buf[512];
	gid_t list[32];
	int n = 32;

	ok(pw != NULL && pw->pw_uid == 0 && pw->pw_dir[0] == '/', "getpwnam");
	ok((pw = getpwuid(0)) != NULL && strcmp(pw->pw_name, "root") == 0, "getpwuid");
	ok(getpwnam("nobody-of-this-name") == NULL, "getpwnam of nobody");
	ok(getpwuid_r(0, &own, buf, sizeof(buf), &result) == 0 && result == &own, "getpwuid_r");
	ok(getpwuid_r(0, &own, small, sizeof(small), &result) == ERANGE && result == NULL, "getpwuid_r, short buffer");
	ok(getpwuid_r(54321, &own, buf, sizeof(buf), &result) == 0 && result == NULL, "getpwuid_r of nobody");
	ok(getgrgid(0) != NULL, "getgrgid");
	ok(getgrouplist("root", 0, list, &n) >= 1 && list[0] == 0, "getgrouplist");
}

static void
times_(void)
{
	struct tm tm = { .tm_year = 100, .tm_mon = 1, .tm_mday = 29 };
	time_t t = 1600000000;
	int bad = 0;

	ok(timegm(&tm) == 951782400 && tm.tm_wday == 2 && tm.tm_yday == 59, "timegm");
	for (time_t i = -5000000000; i < 9000000000; i += 86399 * 977) {
		gmtime_r(&i, &tm);
		bad += timegm(&tm) != i;
	}
	is_int(bad, 0, "timegm is gmtime's inverse");
	setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
	tzset();
	is_int(localtime(&t)->tm_hour, 8, "localtime with a TZ");
	unsetenv("TZ");
	tzset();
	ok(time(NULL) > 1700000000, "time");
	ok(CLOCKS_PER_SEC == 1000000 && sysconf(_SC_CLK_TCK) == 100, "units of clock and times");
}

static void
programs(void)
{
	char *argv[] = { "sh", "-c", "exit 9", NULL }, line[32];
	int status;
	pid_t pid;
	FILE *f;

	is_int(system("exit 3"), 3 << 8, "system");
	f = popen("echo hi; exit 4", "r");
	ok(f != NULL && fgets(line, sizeof(line), f) != NULL && strcmp(line, "hi\n") == 0, "popen");
	is_int(f != NULL ? pclose(f) : -1, 4 << 8, "pclose");
	ok(posix_spawnp(&pid, "sh", NULL, NULL, argv, environ) == 0 && waitpid(pid, &status, 0) == pid &&
	    status == 9 << 8, "posix_spawnp");
	is_int(posix_spawnp(&pid, "no-such-program", NULL, NULL, argv, environ), ENOENT, "posix_spawnp of nothing");
	pid = vfork();
	if (pid == 0) {
		execlp("true", "true", NULL);
		_exit(1);
	}
	is_int(child_status(pid), 0, "vfork and execlp");
	fails(execlp("no-such-program", "x", NULL), ENOENT, "execlp of nothing");
}

static void
threads(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutexattr_t a;
	pthread_key_t key;
	int value;

	ok(pthread_mutex_lock(&m) == 0 && pthread_mutex_trylock(&m) == EBUSY, "a mutex is held");
	ok(pthread_mutex_unlock(&m) == 0 && pthread_mutex_unlock(&m) == EPERM, "a mutex is let go once");
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&m, &a);
	ok(pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == 0 && pthread_mutex_unlock(&m) == 0 &&
	    pthread_mutex_destroy(&m) == EBUSY && pthread_mutex_unlock(&m) == 0 && pthread_mutex_destroy(&m) == 0,
	    "a recursive mutex");
	ok(pthread_key_create(&key, NULL) == 0 && pthread_getspecific(key) == NULL &&
	    pthread_setspecific(key, &value) == 0 && pthread_getspecific(key) == &value, "keys");
}

static void
system_(void)
{
	struct utsname u;
	struct timespec ts;
	void *p = NULL;
	char name[64], template[] = "/tmp/libcXXXXXX", cwd[PATH_MAX];
	int fd;

	ok(uname(&u) == 0 && gethostname(name, sizeof(name)) == 0 && strcmp(name, u.nodename) == 0, "uname, gethostname");
	ok(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_OPEN_MAX) > 100, "sysconf");
	errno = 0;
	ok(sysconf(9999) == -1 && errno == EINVAL, "sysconf of nothing");
	ok(pathconf("/", _PC_NAME_MAX) == 255 && pathconf("/", _PC_PATH_MAX) == 4096, "pathconf");
	ok(confstr(_CS_PATH, name, sizeof(name)) == strlen(name) + 1, "confstr");
	ok(posix_memalign(&p, 4096, 100) == 0 && ((uintptr_t)p & 4095) == 0, "posix_memalign");
	is_int(posix_memalign(&p, 3, 100), EINVAL, "posix_memalign to 3");
	ok(clock_gettime(CLOCK_MONOTONIC, &ts) == 0 && (ts.tv_sec > 0 || ts.tv_nsec > 0), "clock_gettime");
	fd = mkstemp(template);
	ok(fd >= 0 && unlink(template) == 0, "mkstemp");
	close(fd);
	ok(isatty(99) == 0 && errno == EBADF, "isatty of a bad descriptor");
	fd = open("/dev/null", O_RDWR);
	ok(isatty(fd) == 0 && errno == ENOTTY, "isatty of /dev/null");
	close(fd);
	ok(chdir("/tmp") == 0 && getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, "/tmp") == 0, "getcwd");
	ok(getcwd(cwd, 2) == NULL && errno == ERANGE, "getcwd, short buffer");
	ok(sizeof(off_t) == 8 && sizeof(ino_t) == 8 && sizeof(dev_t) == 8 && sizeof(time_t) == 8, "wide types");
	srandom(1);
	fd = (int)random();
	srandom(1);
	ok((int)random() == fd, "random repeats");
	ok(fork() == 0 ? (_exit(0), 0) : wait(NULL) > 0, "fork and wait");
}

int
main(void)
{
	start();
	formats();
	maths();
	jumps();
	folders();
	texts();
	users();
	times_();
	programs();
	threads();
	system_();
	return tap_done();
}
