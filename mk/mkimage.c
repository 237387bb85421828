/*
 * mkimage: a read-only root image (include/abi/image.h) of a folder.
 *
 *	mkimage [-n NAME] [-t SECONDS] [-m MANIFEST] -o IMAGE FOLDER
 *
 * Everything belongs to 0:0, has the time SECONDS and the bits 0755 or, for files that nobody may
 * execute, 0644; set-id bits are kept.  So the image depends on names and bytes only.  The
 * manifest adds what a folder in a work tree cannot hold; one line each:
 *
 *	d PATH MODE UID GID	a directory, made if it is missing
 *	l PATH TARGET		a symbolic link
 *	f PATH MODE UID GID	bits and owner of something that is there
 *
 * The folder is read into a tree, numbered breadth first, laid out, then written in one go.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../include/abi/image.h"

struct inode {
	uint32_t mode, uid, gid, nlink, ino;
	uint64_t size, offset;
	dev_t host_dev;			/* with host_ino: finds further names of a file */
	ino_t host_ino;
	char *source;			/* a regular file's bytes are there */
	char *target;			/* of a symlink */
	struct inode *parent;		/* of a directory */
	struct entry *entries;		/* of a directory, sorted in the end */
	uint32_t nentries;
	struct inode *next;		/* all inodes, in the order of their numbers */
};

struct entry {
	char *name;
	struct inode *inode;
};

static struct inode *first, **last = &first;
static uint32_t ninodes;

static void *
grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (p == NULL)
		err(1, "memory");
	return p;
}

static char *
joined(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		err(1, "memory");
	return path;
}

static uint64_t
aligned(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static struct inode *
inode_new(uint32_t mode)
{
	struct inode *ip = grow(NULL, sizeof(*ip));

	memset(ip, 0, sizeof(*ip));
	ip->mode = mode;
	return ip;
}

static struct inode *
dir_find(const struct inode *dir, const char *name, size_t len)
{
	for (uint32_t i = 0; i < dir->nentries; i++) {
		const char *n = dir->entries[i].name;

		if (strlen(n) == len && memcmp(n, name, len) == 0)
			return dir->entries[i].inode;
	}
	return NULL;
}

static void
dir_add(struct inode *dir, const char *name, size_t len, struct inode *ip)
{
	if (len == 0 || len > 255)
		errx(1, "%s: a name of %zu bytes", name, len);
	if (S_ISDIR(ip->mode))
		ip->parent = dir;
	dir->entries = grow(dir->entries, (dir->nentries + 1) * sizeof(struct entry));
	dir->entries[dir->nentries++] = (struct entry){ strndup(name, len), ip };
	ip->nlink++;
}

static uint32_t
mode_plain(uint32_t mode)
{
	if (S_ISDIR(mode) || (mode & 0111) != 0)
		return (mode & (S_IFMT | S_ISUID | S_ISGID)) | 0755;
	return (mode & S_IFMT) | 0644;
}

/* Regular files with several names that were read already. */
static struct inode *
link_find(struct inode **links, size_t nlinks, const struct stat *st)
{
	for (size_t i = 0; i < nlinks; i++)
		if (links[i]->host_dev == st->st_dev && links[i]->host_ino == st->st_ino)
			return links[i];
	return NULL;
}

static struct inode *
inode_read(const char *path, const struct stat *st)
{
	static struct inode **links;
	static size_t nlinks;
	struct inode *ip;

	if (S_ISREG(st->st_mode) && st->st_nlink > 1 &&
	    (ip = link_find(links, nlinks, st)) != NULL)
		return ip;
	ip = inode_new(mode_plain(st->st_mode));
	if (S_ISREG(st->st_mode)) {
		ip->size = (uint64_t)st->st_size;
		ip->source = strdup(path);
		if (st->st_nlink > 1) {
			ip->host_dev = st->st_dev;
			ip->host_ino = st->st_ino;
			links = grow(links, (nlinks + 1) * sizeof(*links));
			links[nlinks++] = ip;
		}
	} else if (S_ISLNK(st->st_mode)) {
		char buf[4096];
		ssize_t n = readlink(path, buf, sizeof(buf) - 1);

		if (n < 0)
			err(1, "%s", path);
		buf[n] = 0;
		ip->target = strdup(buf);
		ip->size = (uint64_t)n;
		ip->mode = S_IFLNK | 0777;
	} else if (!S_ISDIR(st->st_mode))
		errx(1, "%s: neither a file, a directory nor a link", path);
	return ip;
}

static void
dir_read(struct inode *dir, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *de;
	struct stat st;

	if (d == NULL)
		err(1, "%s", path);
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		char *sub = joined(path, de->d_name);

		if (lstat(sub, &st) != 0)
			err(1, "%s", sub);
		struct inode *ip = inode_read(sub, &st);

		dir_add(dir, de->d_name, strlen(de->d_name), ip);
		if (S_ISDIR(st.st_mode))
			dir_read(ip, sub);
		free(sub);
	}
	closedir(d);
}

/* The directory that path's last component is in; *name is that component. */
static struct inode *
path_parent(struct inode *root, const char *path, const char **name)
{
	struct inode *dir = root;

	while (*path == '/')
		path++;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (path[len] == 0) {
			*name = path;
			return dir;
		}
		dir = dir_find(dir, path, len);
		if (dir == NULL || !S_ISDIR(dir->mode))
			errx(1, "manifest: %s: no such directory in the image", path);
		path += len + 1;
	}
}

static void
manifest_line(struct inode *root, const char *line)
{
	char path[1024], rest[1024];
	const char *name;
	unsigned mode, uid, gid;
	char kind;

	if (sscanf(line, "%c %1023s %1023[^\n]", &kind, path, rest) != 3)
		errx(1, "manifest: %s", line);
	struct inode *dir = path_parent(root, path, &name);
	struct inode *ip = dir_find(dir, name, strlen(name));

	if (kind == 'l') {
		if (ip != NULL)
			errx(1, "manifest: %s exists", path);
		ip = inode_new(S_IFLNK | 0777);
		ip->target = strdup(rest);
		ip->size = strlen(rest);
		dir_add(dir, name, strlen(name), ip);
		return;
	}
	if (sscanf(rest, "%o %u %u", &mode, &uid, &gid) != 3)
		errx(1, "manifest: %s", line);
	if (kind == 'd' && ip == NULL) {
		ip = inode_new(S_IFDIR);
		dir_add(dir, name, strlen(name), ip);
	}
	if (ip == NULL || (kind == 'd') != S_ISDIR(ip->mode))
		errx(1, "manifest: %s is not there", path);
	ip->mode = (ip->mode & S_IFMT) | (mode & 07777);
	ip->uid = uid;
	ip->gid = gid;
}

static void
manifest_read(struct inode *root, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[2300];

	if (f == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		if (line[0] != '#' && line[0] != '\n')
			manifest_line(root, line);
	fclose(f);
}

static int
entry_compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void
inode_number(struct inode *ip)
{
	if (ip->ino != 0)
		return;
	ip->ino = ++ninodes;
	*last = ip;
	last = &ip->next;
}

/* Numbers in breadth-first order: the inodes of a directory lie together. */
static void
tree_number(struct inode *root)
{
	inode_number(root);
	for (struct inode *dir = root; dir != NULL; dir = dir->next) {
		if (!S_ISDIR(dir->mode))
			continue;
		dir->nlink++;			/* its own "." */
		qsort(dir->entries, dir->nentries, sizeof(struct entry), entry_compare);
		for (uint32_t i = 0; i < dir->nentries; i++) {
			inode_number(dir->entries[i].inode);
			if (S_ISDIR(dir->entries[i].inode->mode))
				dir->nlink++;	/* its ".." */
		}
	}
}

static uint64_t
dir_size(const struct inode *dir)
{
	uint64_t size = dir->nentries * sizeof(struct img_dirent);

	for (uint32_t i = 0; i < dir->nentries; i++)
		size += strlen(dir->entries[i].name);
	return size;
}

/* Gives everything its place. */
static void
image_lay_out(struct img_super *sb)
{
	uint64_t at = IMG_PAGE;

	sb->inode_off = at;
	sb->ninodes = ninodes;
	at += (ninodes + 1) * sizeof(struct img_inode);
	for (struct inode *ip = first; ip != NULL; ip = ip->next) {
		if (S_ISREG(ip->mode))
			continue;
		if (S_ISDIR(ip->mode))
			ip->size = dir_size(ip);
		if (ip->size == 0)
			continue;
		at = aligned(at, 8);
		ip->offset = at;
		at += ip->size + 1;
	}
	at = aligned(at, IMG_PAGE);
	sb->meta_size = at;
	for (struct inode *ip = first; ip != NULL; ip = ip->next) {
		if (!S_ISREG(ip->mode) || ip->size == 0)
			continue;
		ip->offset = at;
		at = aligned(at + ip->size, IMG_PAGE);
	}
	sb->total_size = at;
}

static void
dir_write(uint8_t *image, const struct inode *dir)
{
	uint32_t name = dir->nentries * (uint32_t)sizeof(struct img_dirent);
	struct img_dirent de;

	for (uint32_t i = 0; i < dir->nentries; i++) {
		const struct entry *e = &dir->entries[i];

		de = (struct img_dirent){ .ino = e->inode->ino, .name = name,
		    .len = (uint16_t)strlen(e->name), .type = (e->inode->mode >> 12) & 15 };
		memcpy(image + dir->offset + i * sizeof(de), &de, sizeof(de));
		memcpy(image + dir->offset + name, e->name, de.len);
		name += de.len;
	}
}

static void
file_write(uint8_t *image, const struct inode *ip)
{
	int fd = open(ip->source, O_RDONLY);
	uint64_t done = 0;
	ssize_t n;

	if (fd < 0)
		err(1, "%s", ip->source);
	while (done < ip->size) {
		n = read(fd, image + ip->offset + done, ip->size - done);
		if (n <= 0)
			errx(1, "%s: changed while it was read", ip->source);
		done += (uint64_t)n;
	}
	close(fd);
}

static void
inode_write(uint8_t *image, const struct img_super *sb, const struct inode *ip)
{
	struct img_inode out = { .mode = ip->mode, .uid = ip->uid, .gid = ip->gid,
	    .nlink = ip->nlink, .size = ip->size, .offset = ip->offset, .mtime = sb->built,
	    .parent = ip->parent != NULL ? ip->parent->ino : 0, .count = ip->nentries };

	memcpy(image + sb->inode_off + ip->ino * sizeof(out), &out, sizeof(out));
	if (S_ISDIR(ip->mode))
		dir_write(image, ip);
	else if (S_ISLNK(ip->mode))
		memcpy(image + ip->offset, ip->target, ip->size);
	else if (ip->size != 0)
		file_write(image, ip);
}

static uint8_t *
image_build(struct img_super *sb)
{
	uint8_t *image = calloc(1, sb->total_size);

	if (image == NULL)
		err(1, "memory");
	for (const struct inode *ip = first; ip != NULL; ip = ip->next)
		inode_write(image, sb, ip);
	sb->magic = IMG_MAGIC;
	sb->version = IMG_VERSION;
	memcpy(image, sb, sizeof(*sb));
	sb->meta_sum = img_sum(0, (uint64_t *)image, sb->meta_size);
	sb->data_sum = img_sum(0, (uint64_t *)(image + sb->meta_size),
	    sb->total_size - sb->meta_size);
	memcpy(image, sb, sizeof(*sb));
	return image;
}

static void
image_write(const char *path, const uint8_t *image, uint64_t size)
{
	char *temp = NULL;

	if (asprintf(&temp, "%s.%d", path, (int)getpid()) < 0)
		err(1, "memory");
	FILE *f = fopen(temp, "w");

	if (f == NULL || fwrite(image, 1, size, f) != size || fclose(f) != 0 ||
	    rename(temp, path) != 0)
		err(1, "%s", path);
	free(temp);
}

int
main(int argc, char **argv)
{
	const char *out = NULL, *manifest = NULL;
	struct img_super sb = { 0 };
	int c;

	while ((c = getopt(argc, argv, "m:n:o:t:")) != -1) {
		switch (c) {
		case 'm': manifest = optarg; break;
		case 'n': snprintf(sb.name, sizeof(sb.name), "%s", optarg); break;
		case 'o': out = optarg; break;
		case 't': sb.built = strtoll(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	if (out == NULL || optind + 1 != argc) {
		fprintf(stderr, "usage: mkimage [-n NAME] [-t SECONDS] [-m MANIFEST] "
		    "-o IMAGE FOLDER\n");
		return 2;
	}
	struct inode *root = inode_new(S_IFDIR | 0755);

	root->parent = root;
	root->nlink = 1;
	dir_read(root, argv[optind]);
	if (manifest != NULL)
		manifest_read(root, manifest);
	tree_number(root);
	image_lay_out(&sb);
	image_write(out, image_build(&sb), sb.total_size);
	return 0;
}
