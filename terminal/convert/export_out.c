/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_out: see export_out.h.
 *
 * The tar is written without blocking, so that its end is the file's end after each entry: one that
 * cannot be completed is cut off again.
 */
#include "convert/export_out.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "apps/folder.h"
#include "apps/libarchive.h"
#include "base/array.h"
#include "item/key.h"

enum kind { ONE_FILE, FOLDER, TAR };

struct export_out {
	enum kind kind;
	char *to;
	uint64_t bytes;
	/* a file or tar */
	struct folder_file file;
	const char *name; /* its last part, within `to` */
	struct archive *tar;
	struct err tar_err;      /* what its writing said */
	uint64_t entry_at;       /* where the entry at hand began */
	struct field_key *paths; /* of the tar's entries: sorted hashes */
	size_t n_paths, cap_paths;
	/* a folder */
	struct app *app;
	struct app_session *session;
	struct item_writer *writer;
	int64_t modified_unix_ms;
};

void
export_out_free(struct export_out *o)
{
	if (!o)
		return;
	if (o->tar)
		libarchive.write_free(o->tar);
	folder_file_clear(&o->file);
	item_writer_free(o->writer);
	app_session_free(o->session);
	app_free(o->app);
	free(o->paths);
	free(o->to);
	free(o);
}

uint64_t
export_out_bytes(const struct export_out *o)
{
	return o->bytes;
}

bool
export_out_is_one(const struct export_out *o)
{
	return o->kind == ONE_FILE;
}

static int
is_there(const char *path, struct err *err)
{
	err_set(err, ERR_EXISTS, "%s is there already", path);
	return err_hint(err, "an export replaces nothing: name another file, or remove that one");
}

/* ---- a folder ---- */

static int
count_entry(void *ctx, const struct app_source *source, struct err *err)
{
	(void)source;
	(void)err;
	++*(unsigned *)ctx;
	return 0;
}

static int
count_refused(void *ctx, const struct app_refused *refused, struct err *err)
{
	(void)refused;
	(void)err;
	++*(unsigned *)ctx;
	return 0;
}

static int
open_folder(struct export_out *o, struct err *err)
{
	AUTO(free) char *path = NULL;
	unsigned n = 0;

	if (os_make_folders(AT_FDCWD, o->to, 0700, err) < 0)
		return -1;
	path = realpath(o->to, NULL);
	if (!path)
		return err_sys(err, errno, "%s", o->to);
	if (app_new(&o->app, "export", "files", path, err) < 0 ||
	    app_session_open(&o->session, o->app, err) < 0 ||
	    o->session->adapter->sources(o->session, count_entry, count_refused, &n, err) < 0)
		return -1;
	if (n) {
		err_set(err, ERR_EXISTS, "%s is not empty", o->to);
		return err_hint(err, "an export replaces nothing: name a new folder");
	}
	return 0;
}

/* ---- a file, a tar ---- */

static int
open_file(struct export_out *o, struct err *err)
{
	char *slash = strrchr(o->to, '/');
	AUTO(free) char *folder = slash ? strndup(o->to, (size_t)(slash - o->to) + 1) : strdup(".");
	struct stat st;

	if (!folder)
		return err_nomem(err);
	o->name = slash ? slash + 1 : o->to;
	int fd = os->openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, errno, "%s", folder);
	if (os->fstatat(fd, o->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		os->close(fd);
		return is_there(o->to, err);
	}
	return folder_file_new(&o->file, fd, err);
}

static la_ssize_t
tar_write(struct archive *a, void *ctx, const void *p, size_t n)
{
	struct export_out *o = ctx;

	if (os_write_all(o->file.fd, span_of(p, n), o->to, &o->tar_err) < 0) {
		libarchive.set_error(a, o->tar_err.sys_errno, "write");
		return -1;
	}
	o->bytes += n;
	return (la_ssize_t)n;
}

static int
tar_failed(struct export_out *o, struct err *err)
{
	if (o->tar_err.code != ERR_NONE) {
		*err = o->tar_err;
		return -1;
	}
	if (libarchive.get_errno(o->tar) == ENOMEM)
		return err_nomem(err);
	return err_set(err, ERR_IO, "%s: %s", o->to, libarchive.error_string(o->tar));
}

static int
open_tar(struct export_out *o, struct err *err)
{
	if (libarchive_need(err) < 0)
		return -1;
	o->tar = libarchive.write_new();
	if (!o->tar)
		return err_nomem(err);
	if (libarchive.write_set_format_pax_restricted(o->tar) != ARCHIVE_OK ||
	    libarchive.write_set_options(o->tar, "hdrcharset=BINARY") != ARCHIVE_OK ||
	    libarchive.write_set_bytes_per_block(o->tar, 0) != ARCHIVE_OK ||
	    libarchive.write_open(o->tar, o, NULL, tar_write, NULL) != ARCHIVE_OK)
		return tar_failed(o, err);
	return 0;
}

static size_t
path_slot(const struct export_out *o, const struct field_key *k)
{
	size_t from = 0, to = o->n_paths;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (memcmp(o->paths[mid].b, k->b, sizeof k->b) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* 0, or APP_EXISTS. */
static int
take_path(struct export_out *o, const char *path, struct err *err)
{
	struct field_key k = key_hash(span_str(path));
	size_t at = path_slot(o, &k);

	if (at < o->n_paths && field_key_equal(&o->paths[at], &k))
		return APP_EXISTS;
	if (array_reserve((void **)&o->paths, &o->cap_paths, o->n_paths + 1, sizeof *o->paths,
			  SIZE_MAX / 64, err) < 0)
		return -1;
	memmove(o->paths + at + 1, o->paths + at, (o->n_paths - at) * sizeof *o->paths);
	o->paths[at] = k;
	o->n_paths++;
	return 0;
}

static int
begin_tar(struct export_out *o, const struct export_entry *e, struct err *err)
{
	struct archive_entry *entry;
	int rc = take_path(o, e->path, err);

	if (rc != 0)
		return rc;
	entry = libarchive.entry_new();
	if (!entry)
		return err_nomem(err);
	o->entry_at = o->bytes;
	libarchive.entry_set_pathname(entry, e->path);
	libarchive.entry_set_filetype(entry, AE_IFREG);
	libarchive.entry_set_perm(entry, 0600);
	libarchive.entry_set_size(entry, (la_int64_t)e->size);
	libarchive.entry_set_mtime(entry, (time_t)(e->modified_unix_ms / 1000), 0);
	rc = libarchive.write_header(o->tar, entry);
	libarchive.entry_free(entry);
	return rc == ARCHIVE_OK ? 0 : tar_failed(o, err);
}

static int
drop_tar(struct export_out *o, struct err *err)
{
	if (libarchive.write_finish_entry(o->tar) != ARCHIVE_OK)
		return tar_failed(o, err);
	if (os->ftruncate(o->file.fd, (off_t)o->entry_at) < 0 ||
	    lseek(o->file.fd, (off_t)o->entry_at, SEEK_SET) < 0)
		return err_sys(err, errno, "%s", o->to);
	o->bytes = o->entry_at;
	return 0;
}

/* ---- all of them ---- */

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

int
export_out_new(struct export_out **out, const char *to, bool texts, struct err *err)
{
	AUTO(export_out_free) struct export_out *o = calloc(1, sizeof *o);

	if (!o)
		return err_nomem(err);
	o->file = (struct folder_file)FOLDER_FILE_INIT;
	o->kind = ends_with(to, ".tar") ? TAR : texts && !ends_with(to, "/") ? ONE_FILE : FOLDER;
	o->to = strdup(to);
	if (!o->to)
		return err_nomem(err);
	if (o->kind == FOLDER ? open_folder(o, err) < 0 : open_file(o, err) < 0)
		return -1;
	if (o->kind == TAR && open_tar(o, err) < 0)
		return -1;
	*out = TAKE(o);
	return 0;
}

int
export_out_begin(struct export_out *o, const struct export_entry *e, struct err *err)
{
	o->modified_unix_ms = e->modified_unix_ms;
	o->entry_at = o->bytes;
	if (o->kind == TAR)
		return begin_tar(o, e, err);
	return o->kind == FOLDER ? item_writer_open(&o->writer, o->session, e->path, err) : 0;
}

int
export_out_write(struct export_out *o, struct span piece, struct err *err)
{
	if (o->kind == TAR) {
		if (piece.n &&
		    libarchive.write_data(o->tar, piece.p, piece.n) != (la_ssize_t)piece.n)
			return tar_failed(o, err);
		return 0;
	}
	o->bytes += piece.n;
	return o->kind == FOLDER ? item_writer_write(o->writer, piece, err)
				 : os_write_all(o->file.fd, piece, o->to, err);
}

int
export_out_end(struct export_out *o, struct err *err)
{
	int rc = 0;

	if (o->kind == TAR)
		return libarchive.write_finish_entry(o->tar) == ARCHIVE_OK ? 0 : tar_failed(o, err);
	if (o->kind == FOLDER) {
		rc = item_writer_finish(o->writer, o->modified_unix_ms, NULL, err);
		item_writer_free(o->writer);
		o->writer = NULL;
		if (rc != 0)
			o->bytes = o->entry_at;
	}
	return rc;
}

int
export_out_drop(struct export_out *o, struct err *err)
{
	if (o->kind == TAR)
		return drop_tar(o, err);
	item_writer_free(o->writer);
	o->writer = NULL;
	o->bytes = o->entry_at;
	return 0; /* of one file nothing is begun before all of an item is there */
}

int
export_out_finish(struct export_out *o, struct err *err)
{
	struct app_stamp stamp;

	if (o->kind == FOLDER)
		return 0;
	if (o->kind == TAR && libarchive.write_close(o->tar) != ARCHIVE_OK)
		return tar_failed(o, err);
	int rc = folder_file_link(&o->file, o->name, &stamp, err);
	return rc == APP_EXISTS ? is_there(o->to, err) : rc;
}
