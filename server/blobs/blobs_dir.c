/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blobs_dir: objects as files in a folder.
 *
 *     PATH/incoming/NAME      being written; removed at start
 *     PATH/a/bc/abcdef…       kept: linked from incoming, never over another file
 *
 * 4,096 folders, made at first use, hold some thousand files each at ten million objects.  Order of
 * keeping: fsync of the file, link, fsync of the folder; only then the name counts.  With many
 * objects in one call the first fsync carries most of the work of the others.  The folders that are
 * there at start are synced then, each other one before its first link.
 */
#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "blobs/blobs.h"
#include "os/os.h"

#define INCOMING "incoming"
#define FOLDERS  4096

/* "incoming/" and a name; longer than "a/bc/" and a name. */
#define PATH_BYTES (sizeof INCOMING + BLOB_NAME_TEXT_BYTES)

struct blobs_dir {
	struct blobs blobs;
	int fd;                          /* the folder */
	atomic_bool is_durable[FOLDERS]; /* "a/bc" and what leads to it */
};

struct blob_writer {
	struct blobs_dir *dir;
	EVP_MD_CTX *sha;
	int fd;
	bool in_incoming; /* the temporary file has to be removed */
	char incoming[PATH_BYTES];
	struct blob_info info;
};

struct blob_reader {
	int fd;
};

static const struct blobs_ops dir_ops;

static struct blobs_dir *
dir_of(struct blobs *b)
{
	return (struct blobs_dir *)b;
}

static void
incoming_path(char out[static PATH_BYTES], const struct blob_name *name)
{
	char text[BLOB_NAME_TEXT_BYTES];

	blob_name_text(text, name);
	snprintf(out, PATH_BYTES, INCOMING "/%s", text);
}

static void
kept_path(char out[static PATH_BYTES], const struct blob_name *name)
{
	char text[BLOB_NAME_TEXT_BYTES];

	blob_name_text(text, name);
	snprintf(out, PATH_BYTES, "%.1s/%.2s/%s", text, text + 1, text);
}

static int
dir_begin(struct blob_writer **out, struct blobs *b, struct err *err)
{
	struct blob_writer *w = calloc(1, sizeof *w);

	if (!w)
		return err_nomem(err);
	w->dir = dir_of(b);
	w->fd = -1;
	os_random(&w->info.name, sizeof w->info.name);
	incoming_path(w->incoming, &w->info.name);
	w->sha = EVP_MD_CTX_new();
	if (!w->sha || !EVP_DigestInit_ex(w->sha, EVP_sha256(), NULL)) {
		dir_ops.drop(w);
		return err_nomem(err);
	}
	w->fd = os->openat(w->dir->fd, w->incoming, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (w->fd < 0) {
		err_sys(err, errno, "cannot create an object");
		dir_ops.drop(w);
		return -1;
	}
	w->in_incoming = true;
	*out = w;
	return 0;
}

static int
dir_append(struct blob_writer *w, struct span s, struct err *err)
{
	if (!EVP_DigestUpdate(w->sha, s.p, s.n))
		return err_nomem(err);
	w->info.size += s.n;
	return os_write_all(w->fd, s, "an object", err);
}

static int
dir_finish(struct blob_writer *w, struct blob_info *out, struct err *err)
{
	if (!EVP_DigestFinal_ex(w->sha, w->info.sha256, NULL))
		return err_nomem(err);
	*out = w->info;
	return 0;
}

/* The folder of an object, by number: the first three digits of its name. */
static unsigned
folder_of(const struct blob_name *name)
{
	return (unsigned)name->bytes[0] << 4 | name->bytes[1] >> 4;
}

/* That it is there does not say that it is durable: another upload may have made it and not have
 * come to its fsync yet. */
static int
make_folder(struct blobs_dir *d, const struct blob_name *name, struct err *err)
{
	char path[PATH_BYTES];
	char folder[sizeof "a/bc"], top[sizeof "a"];
	unsigned i = folder_of(name);

	if (atomic_load(&d->is_durable[i]))
		return 0;
	kept_path(path, name);
	snprintf(top, sizeof top, "%.1s", path);
	snprintf(folder, sizeof folder, "%.4s", path);
	if ((os->mkdirat(d->fd, top, 0700) < 0 && errno != EEXIST) ||
	    (os->mkdirat(d->fd, folder, 0700) < 0 && errno != EEXIST))
		return err_sys(err, errno, "cannot make a folder for objects");
	if (os_sync_folder_of(d->fd, folder, err) < 0 || os_sync_folder_of(d->fd, top, err) < 0)
		return -1;
	atomic_store(&d->is_durable[i], true);
	return 0;
}

/* Link the durable file to its place.  EEXIST cannot happen with 128 random bits; it is refused all
 * the same, since nothing may ever be replaced. */
static int
link_into_place(struct blob_writer *w, struct err *err)
{
	char path[PATH_BYTES];
	int fd = w->dir->fd;

	if (make_folder(w->dir, &w->info.name, err) < 0)
		return -1;
	kept_path(path, &w->info.name);
	if (os->linkat(fd, w->incoming, fd, path, 0) < 0)
		return err_sys(err, errno, "cannot put an object into place");
	return 0;
}

static int
dir_keep(struct blobs *b, struct blob_writer *const *w, size_t n, struct err *err)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < n; i++) {
		if (os->fsync(w[i]->fd) < 0)
			return err_sys(err, errno, "cannot make an object durable");
		if (link_into_place(w[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		kept_path(path, &w[i]->info.name);
		if (os_sync_folder_of(dir_of(b)->fd, path, err) < 0)
			return -1;
	}
	return 0;
}

static void
dir_drop(struct blob_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		os->close(w->fd);
	if (w->in_incoming)
		os->unlinkat(w->dir->fd, w->incoming, 0); /* else removed at the next start */
	EVP_MD_CTX_free(w->sha);
	free(w);
}

static int
dir_open(struct blob_reader **out, uint64_t *size, struct blobs *b, const struct blob_name *name,
	 struct err *err)
{
	char path[PATH_BYTES];
	struct stat st;

	kept_path(path, name);
	int fd = os->openat(dir_of(b)->fd, path, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return errno == ENOENT ? BLOB_ABSENT
				       : err_sys(err, errno, "cannot open the object %s", path);
	struct blob_reader *r = malloc(sizeof *r);
	if (!r || os->fstat(fd, &st) < 0) {
		int rc = r ? err_sys(err, errno, "cannot look at the object %s", path)
			   : err_nomem(err);
		free(r);
		os->close(fd);
		return rc;
	}
	r->fd = fd;
	*size = (uint64_t)st.st_size;
	*out = r;
	return 0;
}

static int
dir_read(struct blob_reader *r, void *p, size_t n, size_t *got, struct err *err)
{
	return os_read_full(r->fd, p, n, got, "an object", err);
}

static void
dir_close(struct blob_reader *r)
{
	if (!r)
		return;
	os->close(r->fd);
	free(r);
}

/* Byte by byte: the other store lies on another file system. */
static int
copy_file(struct blobs_dir *from, struct blobs_dir *to, const char *path, struct err *err)
{
	char piece[65536];
	size_t got = sizeof piece;
	int rc = 0;
	int in = os->openat(from->fd, path, O_RDONLY | O_NOFOLLOW, 0);
	int out = in < 0 ? -1 : os->openat(to->fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (out < 0)
		rc = err_sys(err, errno, "cannot copy %s", path);
	while (rc == 0 && got == sizeof piece) {
		rc = os_read_full(in, piece, sizeof piece, &got, "an object", err);
		if (rc == 0)
			rc = os_write_all(out, span_of(piece, got), "an object", err);
	}
	if (in >= 0)
		os->close(in);
	if (out >= 0)
		os->close(out);
	return rc;
}

static int
dir_give(struct blobs *b, struct blobs *to, const struct blob_name *name, struct err *err)
{
	struct blobs_dir *from = dir_of(b), *other = dir_of(to);
	char path[PATH_BYTES];

	kept_path(path, name);
	if (make_folder(other, name, err) < 0)
		return -1;
	if (os->linkat(from->fd, path, other->fd, path, 0) == 0 || errno == EEXIST)
		return 0;
	if (errno == ENOENT)
		return BLOB_ABSENT;
	if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != ENOTSUP)
		return err_sys(err, errno, "cannot copy %s", path);
	return copy_file(from, other, path, err);
}

static int
dir_remove(struct blobs *b, const struct blob_name *name, struct err *err)
{
	char path[PATH_BYTES];

	kept_path(path, name);
	if (os->unlinkat(dir_of(b)->fd, path, 0) == 0)
		return 0;
	return errno == ENOENT ? BLOB_ABSENT : err_sys(err, errno, "cannot remove %s", path);
}

/* A file whose name is that of an object of folder "a/bc"; others are none of ours. */
static bool
is_object(struct blob_name *name, unsigned part, const char *file)
{
	return hex_decode(name->bytes, sizeof name->bytes, span_str(file)) &&
	       folder_of(name) == part;
}

static int
dir_names(struct blobs *b, unsigned part, blob_name_fn *fn, void *ctx, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	const char folder[] = { digits[part >> 8 & 15], '/', digits[part >> 4 & 15],
				digits[part & 15], '\0' };
	struct blob_name name;
	int rc = 0;

	int fd = os->openat(dir_of(b)->fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "cannot open a folder of objects");
	DIR *dir = fdopendir(fd);
	if (!dir) {
		os->close(fd);
		return err_nomem(err);
	}
	for (struct dirent *e; rc == 0 && (e = readdir(dir));)
		if (is_object(&name, part, e->d_name))
			rc = fn(ctx, &name, err);
	closedir(dir);
	return rc;
}

static int
dir_room(struct blobs *b, uint64_t *free_bytes, uint64_t *total_bytes, struct err *err)
{
	struct statvfs st;

	if (fstatvfs(dir_of(b)->fd, &st) < 0)
		return err_sys(err, errno, "cannot ask how much room the disk has");
	*free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
	*total_bytes = (uint64_t)st.f_blocks * st.f_frsize;
	return 0;
}

static void
dir_free(struct blobs *b)
{
	struct blobs_dir *d = dir_of(b);

	if (d->fd >= 0)
		os->close(d->fd);
	free(d);
}

static const struct blobs_ops dir_ops = {
	.scheme = "dir",
	.begin = dir_begin,
	.append = dir_append,
	.finish = dir_finish,
	.keep = dir_keep,
	.drop = dir_drop,
	.open = dir_open,
	.read = dir_read,
	.close = dir_close,
	.give = dir_give,
	.remove = dir_remove,
	.names = dir_names,
	.room = dir_room,
	.free = dir_free,
};

/* What cut uploads left.  A file that cannot be removed is left for the next start. */
static int
clean_incoming(struct blobs_dir *d, struct err *err)
{
	int fd = os->openat(d->fd, INCOMING, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd < 0)
		return err_sys(err, errno, "cannot open the folder of incoming objects");
	DIR *dir = fdopendir(fd);
	if (!dir) {
		os->close(fd);
		return err_nomem(err);
	}
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			os->unlinkat(fd, e->d_name, 0);
	closedir(dir);
	return 0;
}

/* The folders "TOP/bc" that an earlier run made, and perhaps did not come to sync.  Takes @fd. */
static int
learn_folders(struct blobs_dir *d, unsigned top, int fd, struct err *err)
{
	if (os->fsync(fd) < 0) {
		err_sys(err, errno, "cannot make a folder of objects durable");
		os->close(fd);
		return -1;
	}
	DIR *dir = fdopendir(fd);
	if (!dir) {
		os->close(fd);
		return err_nomem(err);
	}
	for (struct dirent *e; (e = readdir(dir));) {
		uint8_t second;
		if (strspn(e->d_name, "0123456789abcdef") == 2 &&
		    hex_decode(&second, 1, span_str(e->d_name)))
			atomic_store(&d->is_durable[top << 8 | second], true);
	}
	closedir(dir);
	return 0;
}

static int
settle_folders(struct blobs_dir *d, struct err *err)
{
	if (os->fsync(d->fd) < 0)
		return err_sys(err, errno, "cannot make a folder of objects durable");
	for (unsigned top = 0; top < 16; top++) {
		char name[2] = { "0123456789abcdef"[top], '\0' };
		int fd = os->openat(d->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(err, errno, "cannot open a folder of objects");
		if (learn_folders(d, top, fd, err) < 0)
			return -1;
	}
	return 0;
}

int
blobs_dir_new(struct blobs **out, const char *path, struct err *err)
{
	if (os_make_folders(AT_FDCWD, path, 0700, err) < 0)
		return -1;
	struct blobs_dir *d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem(err);
	d->blobs.ops = &dir_ops;
	d->fd = os->openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (d->fd < 0)
		err_sys(err, errno, "cannot open the folder of objects");
	if (d->fd < 0 || os_make_folders(d->fd, INCOMING, 0700, err) < 0 ||
	    clean_incoming(d, err) < 0 || settle_folders(d, err) < 0) {
		dir_free(&d->blobs);
		return -1;
	}
	*out = &d->blobs;
	return 0;
}
