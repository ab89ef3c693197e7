/* SPDX-License-Identifier: Apache-2.0 */
/* folder: see folder.h. */
#include "apps/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/text.h"

#define TEMPORARY_PREFIX ".cloudbox-" /* 16 hexadecimal digits, "~" */

/* Split "/a/b.vcf" into the folder, which stays in @path, and the name. */
static int
split_only(char **only, char *path, struct err *err)
{
	char *slash = strrchr(path, '/');

	*only = strdup(slash + 1);
	if (!*only)
		return err_nomem(err);
	slash[slash == path] = '\0';
	return 0;
}

/* @real is @path without links; it is cut to the folder. */
static int
folder_open_real(struct folder_root *out, char *real, const char *path, struct err *err)
{
	struct stat st;

	if (os->fstatat(AT_FDCWD, real, &st, 0) < 0)
		return err_sys(err, errno, "cannot open %s", path);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "%s is neither a folder nor a file", path);
	if (S_ISREG(st.st_mode) && split_only(&out->only, real, err) < 0)
		return -1;
	out->fd = os->openat(AT_FDCWD, real, O_RDONLY | O_DIRECTORY, 0);
	return out->fd < 0 ? err_sys(err, errno, "cannot open %s", path) : 0;
}

int
folder_open(struct folder_root *out, const char *path, struct err *err)
{
	AUTO(free) char *real = realpath(path, NULL);

	if (!real && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_NOT_FOUND, "there is no %s", path);
	if (!real)
		return err_sys(err, errno, "cannot open %s", path);
	if (folder_open_real(out, real, path, err) == 0)
		return 0;
	folder_close(out);
	return -1;
}

void
folder_close(struct folder_root *f)
{
	if (f->fd >= 0)
		os->close(f->fd);
	f->fd = -1;
	free(f->only);
	f->only = NULL;
}

/* The kernel's times go further than 1677 to 2262, what 64 bits of nanoseconds hold. */
static int64_t
time_ns(struct timespec t)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)t.tv_sec, INT64_C(1000000000), &ns) ||
	    __builtin_add_overflow(ns, (int64_t)t.tv_nsec, &ns))
		return t.tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

struct app_stamp
folder_stamp(const struct stat *st)
{
	return (struct app_stamp){
		.device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = time_ns(st->st_mtim),
		.ctime_ns = time_ns(st->st_ctim),
	};
}

bool
folder_is_temporary(const char *name)
{
	const char *tag = name + strlen(TEMPORARY_PREFIX);

	return strncmp(name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0 &&
	       strspn(tag, "0123456789abcdef") == 16 && strcmp(tag + 16, "~") == 0;
}

int
folder_path_check(const char *path, struct err *err)
{
	if (strlen(path) > APP_PATH_MAX)
		return err_set(err, ERR_USAGE, "a path is longer than %d bytes", APP_PATH_MAX);
	for (const char *part = path;; part++) {
		size_t n = strcspn(part, "/");

		if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && memcmp(part, "..", 2) == 0))
			return err_set(err, ERR_USAGE,
				       "the path %s does not stay within the app's folder", path);
		if (n > FOLDER_PART_MAX)
			return err_set(err, ERR_USAGE, "a name in a path is longer than %d bytes",
				       FOLDER_PART_MAX);
		part += n;
		if (*part == '\0')
			break;
	}
	const char *slash = strrchr(path, '/');
	if (folder_is_temporary(slash ? slash + 1 : path))
		return err_set(err, ERR_USAGE, "%s is the name of a temporary file of ours", path);
	return 0;
}

bool
folder_path_is_hidden(const char *path)
{
	for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1)
		if (path[0] == '.')
			return true;
	return false;
}

/* One folder's entries, read and closed before the first is given out, so that depth costs no
 * descriptors.  100,000 of them take 8 bytes and their name each: what a file looks like is asked when its
 * turn comes. */
struct entry {
	uint32_t name_at;   /* in listing.names */
	unsigned char type; /* DT_*: never DT_UNKNOWN */
};

struct listing {
	struct entry *entries;
	size_t n, cap;
	struct buf names;
};

static void
listing_clear(struct listing *l)
{
	free(l->entries);
	buf_clear(&l->names);
}
AUTO_OBJ(listing_clear, struct listing);

#define FOLDER_ENTRIES_MAX 10000000u /* of one folder; their names have less than 4 GiB */

static const char *
entry_name(const struct listing *l, const struct entry *e)
{
	return (const char *)l->names.p + e->name_at;
}

/* The order of whole paths: a folder counts as if its name ended in '/'. */
static int
entry_compare(const void *a, const void *b, void *listing)
{
	const struct entry *ea = a, *eb = b;
	const unsigned char *pa = (const unsigned char *)entry_name(listing, ea);
	const unsigned char *pb = (const unsigned char *)entry_name(listing, eb);

	while (*pa && *pa == *pb) {
		pa++;
		pb++;
	}
	int ca = *pa ? *pa : ea->type == DT_DIR ? '/' : 0;
	int cb = *pb ? *pb : eb->type == DT_DIR ? '/' : 0;
	return ca - cb;
}

static const char *
odd_kind(mode_t mode)
{
	if (S_ISLNK(mode))
		return N_("a link: left out");
	if (S_ISFIFO(mode))
		return N_("a pipe: left out");
	if (S_ISSOCK(mode))
		return N_("a socket: left out");
	return N_("a device: left out");
}

/* What the folder says it is, or, of file systems that do not say, what it is.  DT_UNKNOWN: it is gone. */
static int
type_of(unsigned char *type, int fd, const struct dirent *d, struct err *err)
{
	struct stat st;

	*type = d->d_type;
	if (d->d_type != DT_UNKNOWN)
		return 0;
	if (os->fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "cannot look at a file");
	*type = (unsigned char)IFTODT(st.st_mode);
	return 0;
}

static int
listing_add(struct listing *l, int fd, const struct dirent *d, folder_wants_fn *wants,
	    struct err *err)
{
	struct entry e = { .name_at = (uint32_t)l->names.n };

	if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
	    folder_is_temporary(d->d_name))
		return 0;
	if (type_of(&e.type, fd, d, err) < 0)
		return -1;
	if (e.type == DT_UNKNOWN ||
	    (wants && (e.type == DT_DIR ? d->d_name[0] == '.' : !wants(d->d_name))))
		return 0;
	if (array_reserve((void **)&l->entries, &l->cap, l->n + 1, sizeof *l->entries,
			  FOLDER_ENTRIES_MAX, err) < 0 ||
	    buf_append(&l->names, span_of(d->d_name, strlen(d->d_name) + 1), err) < 0)
		return -1;
	l->entries[l->n++] = e;
	return 0;
}

/* Takes @fd. */
static int
listing_read(struct listing *l, int fd, folder_wants_fn *wants, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	int rc = 0;

	if (!dir) {
		err_sys(err, errno, "cannot list a folder");
		os->close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, d = readdir(dir)) != NULL)
		rc = listing_add(l, fd, d, wants, err);
	if (rc == 0 && errno)
		rc = err_sys(err, errno, "cannot list a folder");
	closedir(dir);
	if (l->n > 1)
		qsort_r(l->entries, l->n, sizeof *l->entries, entry_compare, l);
	return rc;
}

struct walk {
	const struct folder_root *folder;
	folder_wants_fn *wants;
	app_source_fn *fn;
	app_refused_fn *refused;
	void *ctx;
	char path[APP_PATH_MAX + 1];
};

static int
walk_refuse(struct walk *w, const struct err *why, struct err *err)
{
	struct app_refused r = { .source = w->path[0] ? w->path : NULL, .why = why };

	return w->refused ? w->refused(w->ctx, &r, err) : 0;
}

/* The file at w->path, which was no folder when its folder was listed. */
static int
walk_file(struct walk *w, struct err *err)
{
	struct stat st;
	struct err why = { 0 };

	if (os->fstatat(w->folder->fd, w->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0 /* it went while we looked */
			       : err_sys(err, errno, "cannot look at %s", w->path);
	if (S_ISDIR(st.st_mode))
		return 0; /* it became one: the next walk sees what is in it */
	if (S_ISREG(st.st_mode))
		return w->fn(w->ctx, &(struct app_source){ w->path, folder_stamp(&st) }, err);
	err_set(&why, ERR_UNSUPPORTED, "%s", text(odd_kind(st.st_mode)));
	return walk_refuse(w, &why, err);
}

static int walk_folder(struct walk *w, size_t path_len, struct err *err);

static int
walk_entry(struct walk *w, size_t path_len, const char *name, const struct entry *e,
	   struct err *err)
{
	size_t n = strlen(name);
	struct err why = { 0 };

	if (path_len + n + 1 > APP_PATH_MAX) {
		err_set(&why, ERR_LIMIT, "a path is longer than %d bytes", APP_PATH_MAX);
		return walk_refuse(w, &why, err);
	}
	memcpy(w->path + path_len, name, n + 1);
	return e->type == DT_DIR ? walk_folder(w, path_len + n, err) : walk_file(w, err);
}

static int
walk_folder(struct walk *w, size_t path_len, struct err *err)
{
	AUTO(listing_clear) struct listing l = { .names = BUF_INIT(UINT32_MAX) };
	struct err why = { 0 };
	int fd = os->open_beneath(w->folder->fd, path_len ? w->path : ".", O_RDONLY | O_DIRECTORY,
				  0);

	if (fd < 0 && path_len && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0; /* it went while we looked */
	if (fd < 0 && path_len && (errno == EACCES || errno == EPERM)) {
		err_sys(&why, errno, "cannot open the folder");
		return walk_refuse(w, &why, err);
	}
	if (fd < 0) /* not for good, perhaps: what lies in it must not seem to be gone */
		return err_sys(err, errno, "cannot open the folder %s", path_len ? w->path : ".");
	if (listing_read(&l, fd, w->wants, err) < 0)
		return err_wrap(err, "%s", path_len ? w->path : ".");
	if (path_len)
		w->path[path_len++] = '/';
	for (size_t i = 0; i < l.n; i++) {
		if (walk_entry(w, path_len, entry_name(&l, &l.entries[i]), &l.entries[i], err) < 0)
			return -1;
	}
	w->path[path_len ? path_len - 1 : 0] = '\0';
	return 0;
}

int
folder_walk(const struct folder_root *f, folder_wants_fn *wants, app_source_fn *fn,
	    app_refused_fn *refused, void *ctx, struct err *err)
{
	struct walk w = { .folder = f, .wants = wants, .fn = fn, .refused = refused, .ctx = ctx };

	if (!f->only)
		return walk_folder(&w, 0, err);
	snprintf(w.path, sizeof w.path, "%s", f->only);
	return walk_file(&w, err);
}

/* What a path that is no longer as it was looks like from openat2(2) and fstatat(2). */
static bool
is_moved(int sys_errno)
{
	return sys_errno == ENOENT || sys_errno == ENOTDIR || sys_errno == ELOOP ||
	       sys_errno == EXDEV;
}

int
folder_open_file(int *fd, const struct folder_root *f, const char *path,
		 const struct app_stamp *stamp, struct err *err)
{
	struct stat st;

	if (folder_path_check(path, err) < 0)
		return -1;
	/* O_NONBLOCK: a pipe that took the file's place must not hold us up. */
	int got = os->open_beneath(f->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (got < 0)
		return is_moved(errno) ? APP_MOVED : err_sys(err, errno, "cannot open %s", path);
	int rc = 0;
	if (os->fstat(got, &st) < 0) {
		rc = err_sys(err, errno, "cannot look at %s", path);
	} else {
		struct app_stamp now = folder_stamp(&st);
		if (!S_ISREG(st.st_mode) || !app_stamp_equal(&now, stamp))
			rc = APP_MOVED;
	}
	if (rc)
		os->close(got);
	else
		*fd = got;
	return rc;
}

int
folder_stamp_of(struct app_stamp *out, const struct folder_root *f, const char *path,
		struct err *err)
{
	struct stat st;

	if (folder_path_check(path, err) < 0)
		return -1;
	if (os->fstatat(f->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return is_moved(errno) ? APP_MOVED : err_sys(err, errno, "cannot look at %s", path);
	*out = folder_stamp(&st);
	return S_ISREG(st.st_mode) ? 0 : APP_MOVED;
}

int
folder_check_file(int fd, const struct folder_root *f, const char *path,
		  const struct app_stamp *stamp, struct err *err)
{
	struct stat here, there;

	if (os->fstat(fd, &here) < 0)
		return err_sys(err, errno, "cannot look at %s", path);
	if (os->fstatat(f->fd, path, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return is_moved(errno) ? APP_MOVED : err_sys(err, errno, "cannot look at %s", path);
	struct app_stamp a = folder_stamp(&here), b = folder_stamp(&there);
	return app_stamp_equal(&a, stamp) && app_stamp_equal(&b, stamp) ? 0 : APP_MOVED;
}

/* One step down: the folder @name in @fd, made if it may be. */
static int
step_down(int fd, const char *name, enum folder_missing missing, const char *path, struct err *err)
{
	int next = os->open_beneath(fd, name, O_RDONLY | O_DIRECTORY, 0);

	if (next < 0 && errno == ENOENT && missing == FOLDER_MISSING_MAKE) {
		if (os->mkdirat(fd, name, 0777) < 0 && errno != EEXIST)
			return err_sys(err, errno, "cannot make the folder of %s", path);
		if (os->fsync(fd) < 0)
			return err_sys(err, errno, "cannot make the folder of %s durable", path);
		next = os->open_beneath(fd, name, O_RDONLY | O_DIRECTORY, 0);
	}
	if (next < 0 && (errno == ELOOP || errno == ENOTDIR || errno == EXDEV))
		return err_set(err, ERR_USAGE, "the path %s leads through a link or a file", path);
	if (next < 0)
		return err_sys(err, errno, "cannot open the folder of %s", path);
	return next;
}

int
folder_of(int *fd, const char **name, const struct folder_root *f, const char *path,
	  enum folder_missing missing, struct err *err)
{
	char part[FOLDER_PART_MAX + 1];
	const char *slash;

	if (folder_path_check(path, err) < 0)
		return -1;
	int at = os->open_beneath(f->fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (at < 0)
		return err_sys(err, errno, "cannot open the app's folder");
	for (*name = path; (slash = strchr(*name, '/')) != NULL; *name = slash + 1) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - *name), *name);
		int next = step_down(at, part, missing, path, err);
		os->close(at);
		if (next < 0)
			return err && err->sys_errno == ENOENT ? APP_MOVED : -1;
		at = next;
	}
	*fd = at;
	return 0;
}

void
folder_temporary_name(char out[static FOLDER_TEMPORARY_BYTES])
{
	uint8_t random[8];
	char tag[2 * sizeof random + 1];

	os_random(random, sizeof random);
	hex_encode(tag, SPAN_ARRAY(random));
	snprintf(out, FOLDER_TEMPORARY_BYTES, TEMPORARY_PREFIX "%s~", tag);
}

int
folder_file_new(struct folder_file *out, int folder_fd, struct err *err)
{
	folder_temporary_name(out->tmp);
	out->folder_fd = folder_fd;
	out->fd = os->openat(folder_fd, out->tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	if (out->fd >= 0)
		return 0;
	err_sys(err, errno, "cannot create a file in the app's folder");
	out->tmp[0] = '\0';
	return -1;
}

void
folder_file_clear(struct folder_file *f)
{
	if (f->tmp[0])
		os->unlinkat(f->folder_fd, f->tmp, 0);
	if (f->fd >= 0)
		os->close(f->fd);
	if (f->folder_fd >= 0)
		os->close(f->folder_fd);
	*f = (struct folder_file)FOLDER_FILE_INIT;
}

int
folder_files_sync(struct folder_file *const *files, size_t n, struct err *err)
{
	int fds[FOLDER_FILES_MAX];

	for (size_t i = 0; i < n; i++)
		fds[i] = files[i]->fd;
	return os_sync_files(fds, n, "new files in the app's folder", err);
}

int
folder_file_put_new(struct folder_file *f, const char *name, struct err *err)
{
	int rc = os_put_new(f->folder_fd, f->tmp, name, err);

	if (rc == OS_EXISTS)
		return APP_EXISTS;
	if (rc == 0)
		f->tmp[0] = '\0';
	return rc;
}

int
folder_file_look_like(struct folder_file *f, const char *name, const struct stat *like,
		      struct err *err)
{
	/* The group first: changing it clears set-id bits. */
	if (fchown(f->fd, (uid_t)-1, like->st_gid) < 0 && errno != EPERM && errno != EINVAL)
		return err_sys(err, errno, "cannot set the group of %s", name);
	if (fchmod(f->fd, like->st_mode & 07777) < 0)
		return err_sys(err, errno, "cannot set the mode of %s", name);
	return 0;
}

int
folder_file_put_over(struct folder_file *f, const char *name, const struct stat *like,
		     struct err *err)
{
	struct stat now;

	if (os->fstatat(f->folder_fd, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return is_moved(errno) ? APP_MOVED : err_sys(err, errno, "cannot look at %s", name);
	struct app_stamp a = folder_stamp(&now), b = folder_stamp(like);
	if (!app_stamp_equal(&a, &b))
		return APP_MOVED;
	if (os->renameat(f->folder_fd, f->tmp, f->folder_fd, name) < 0)
		return err_sys(err, errno, "cannot put %s into place", name);
	f->tmp[0] = '\0';
	return 0;
}

/* Is the folder of the file @at that of one before it? */
static bool
is_seen(const struct stat *folders, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (folders[i].st_ino == folders[at].st_ino &&
		    folders[i].st_dev == folders[at].st_dev)
			return true;
	return false;
}

int
folder_files_settle(struct folder_file *const *files, size_t n, struct app_stamp *stamps,
		    struct err *err)
{
	struct stat folders[FOLDER_FILES_MAX], st;

	for (size_t i = 0; i < n; i++) {
		if (os->fstat(files[i]->folder_fd, &folders[i]) < 0)
			return err_sys(err, errno, "cannot look at a folder");
		if (!is_seen(folders, i) && os->fsync(files[i]->folder_fd) < 0)
			return err_sys(err, errno, "cannot make the app's folder durable");
		if (os->fstat(files[i]->fd, &st) < 0)
			return err_sys(err, errno, "cannot look at a new file");
		stamps[i] = folder_stamp(&st);
	}
	return 0;
}

int
folder_file_link(struct folder_file *f, const char *name, struct app_stamp *stamp, struct err *err)
{
	int rc;

	if (folder_files_sync(&f, 1, err) < 0)
		return -1;
	rc = folder_file_put_new(f, name, err);
	return rc ? rc : folder_files_settle(&f, 1, stamp, err);
}

int
folder_file_replace(struct folder_file *f, const char *name, const struct stat *like,
		    struct app_stamp *stamp, struct err *err)
{
	int rc;

	if (folder_file_look_like(f, name, like, err) < 0 || folder_files_sync(&f, 1, err) < 0)
		return -1;
	rc = folder_file_put_over(f, name, like, err);
	return rc ? rc : folder_files_settle(&f, 1, stamp, err);
}

int
folder_unlink(int folder_fd, const char *name, const struct app_stamp *stamp, struct err *err)
{
	struct stat st;

	if (os->fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return is_moved(errno) ? APP_MOVED : err_sys(err, errno, "cannot look at %s", name);
	struct app_stamp now = folder_stamp(&st);
	if (!app_stamp_equal(&now, stamp))
		return APP_MOVED;
	if (os->unlinkat(folder_fd, name, 0) < 0)
		return err_sys(err, errno, "cannot remove %s", name);
	if (os->fsync(folder_fd) < 0)
		return err_sys(err, errno, "cannot make the folder of %s durable", name);
	return 0;
}
