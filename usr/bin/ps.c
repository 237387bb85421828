/*
 * ps: processes, from /proc/PID/stat and /proc/PID/cmdline.
 *
 * The stat line is `pid (name) state ppid pgid sid tty tpgid flags minflt cminflt majflt cmajflt
 * utime stime ...', times in clock ticks; name may hold any character, so the fields are counted
 * from the last closing parenthesis.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct proc {
	int pid, ppid, pgid, sid, tpgid;
	unsigned long long tty, utime, stime;
	unsigned uid;
	char state, name[64], command[256];
};

static bool all, full, shown_header;

static bool
file_read(int pid, const char *name, char *buf, size_t size, size_t *len)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return false;
	*len = fread(buf, 1, size - 1, f);
	buf[*len] = 0;
	fclose(f);
	return true;
}

static bool
proc_read(int pid, struct proc *p)
{
	char buf[1024], path[64];
	struct stat st;
	size_t len;

	if (!file_read(pid, "stat", buf, sizeof(buf), &len))
		return false;
	char *open = strchr(buf, '('), *end = strrchr(buf, ')');

	if (open == NULL || end == NULL)
		return false;
	*end = 0;
	p->pid = pid;
	snprintf(p->name, sizeof(p->name), "%s", open + 1);
	if (sscanf(end + 1, " %c %d %d %d %llu %d %*u %*u %*u %*u %*u %llu %llu", &p->state,
	    &p->ppid, &p->pgid, &p->sid, &p->tty, &p->tpgid, &p->utime, &p->stime) != 8)
		return false;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	p->uid = stat(path, &st) == 0 ? (unsigned)st.st_uid : 0;
	if (!file_read(pid, "cmdline", p->command, sizeof(p->command), &len) || len == 0) {
		snprintf(p->command, sizeof(p->command), "[%s]", p->name);
		return true;
	}
	for (size_t i = 0; i + 1 < len; i++)
		if (!isprint((unsigned char)p->command[i]))
			p->command[i] = ' ';
	return true;
}

/* The name of the terminal with that number, by looking through /dev once. */
static const char *
tty_name(unsigned long long number)
{
	static char name[64];
	static const char *const dirs[] = { "/dev", "/dev/pts" };
	struct dirent *de;
	struct stat st;

	for (size_t i = 0; number != 0 && i < 2; i++) {
		DIR *d = opendir(dirs[i]);

		while (d != NULL && (de = readdir(d)) != NULL) {
			char path[300];

			snprintf(path, sizeof(path), "%s/%s", dirs[i], de->d_name);
			if (lstat(path, &st) != 0 || !S_ISCHR(st.st_mode) ||
			    (unsigned long long)st.st_rdev != number ||
			    strcmp(de->d_name, "console") == 0)
				continue;
			snprintf(name, sizeof(name), "%s", path + 5);
			closedir(d);
			return name;
		}
		if (d != NULL)
			closedir(d);
	}
	return "?";
}

static const char *
user_name(unsigned uid)
{
	static char number[16];
	struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		return pw->pw_name;
	snprintf(number, sizeof(number), "%u", uid);
	return number;
}

static void
proc_print(const struct proc *p)
{
	long tick = sysconf(_SC_CLK_TCK);
	unsigned long long seconds = (p->utime + p->stime) / (unsigned long long)(tick > 0 ? tick : 1);
	bool front = p->tpgid == p->pgid;

	if (!shown_header && full)
		printf("%-8s %5s %5s %5s %-5s %-8s %8s %s\n", "USER", "PID", "PPID", "PGID", "STAT",
		    "TTY", "TIME", "COMMAND");
	else if (!shown_header)
		printf("%5s %-5s %-8s %8s %s\n", "PID", "STAT", "TTY", "TIME", "COMMAND");
	shown_header = true;
	if (full)
		printf("%-8s %5d %5d %5d ", user_name(p->uid), p->pid, p->ppid, p->pgid);
	else
		printf("%5d ", p->pid);
	printf("%c%c%-3s %-8s %5llu:%02llu %s\n", p->state, p->sid == p->pid ? 's' : front ? '+' : ' ',
	    p->sid == p->pid && front ? "+" : "", tty_name(p->tty), seconds / 60, seconds % 60,
	    full ? p->command : p->name);
}

static int
pid_compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int
pids_read(int **list)
{
	DIR *d = opendir("/proc");
	struct dirent *de;
	int n = 0, room = 0;

	*list = NULL;
	while (d != NULL && (de = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		if (n == room) {
			room = room * 2 + 64;
			*list = realloc(*list, (size_t)room * sizeof(int));
			if (*list == NULL)
				exit(1);
		}
		(*list)[n++] = atoi(de->d_name);
	}
	if (d != NULL)
		closedir(d);
	qsort(*list, (size_t)n, sizeof(int), pid_compare);
	return n;
}

int
main(int argc, char **argv)
{
	struct proc me, p;
	int c, *list, n;

	while ((c = getopt(argc, argv, "Aaefx")) != -1) {
		switch (c) {
		case 'f': full = true; break;
		case 'A': case 'a': case 'e': case 'x': all = true; break;
		default:
			fprintf(stderr, "usage: ps [-Aef]\n");
			return 2;
		}
	}
	if (!proc_read(getpid(), &me)) {
		fprintf(stderr, "ps: /proc is not there\n");
		return 1;
	}
	n = pids_read(&list);
	for (int i = 0; i < n; i++)
		if (proc_read(list[i], &p) && (all || (p.tty == me.tty && p.uid == me.uid)))
			proc_print(&p);
	free(list);
	return 0;
}
