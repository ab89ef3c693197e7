/* SPDX-License-Identifier: Apache-2.0 */
/* item_writer: see item_writer.h. */
#include "apps/item_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "apps/folder_session.h"

struct item_writer {
	struct folder_file file;
	char *path;
	const char *name; /* its last part */
	uint64_t size;
};

static int
writer_start(struct item_writer *w, struct folder_session *s, const char *path, struct err *err)
{
	int folder_fd = -1;

	w->file = (struct folder_file)FOLDER_FILE_INIT;
	w->path = strdup(path);
	if (!w->path)
		return err_nomem(err);
	if (folder_of(&folder_fd, &w->name, &s->folder, w->path, FOLDER_MISSING_MAKE, err))
		return -1;
	return folder_file_new(&w->file, folder_fd, err);
}

int
folder_writer_new(struct item_writer **out, struct app_session *s, const char *path,
		  struct err *err)
{
	struct folder_session *f = folder_session_of(s);

	if (f->folder.only)
		return err_set(err, ERR_UNSUPPORTED, "%s is one file: it takes no others",
			       s->app->name);
	struct item_writer *w = calloc(1, sizeof *w);
	if (!w)
		return err_nomem(err);
	if (writer_start(w, f, path, err) < 0) {
		item_writer_free(w);
		return -1;
	}
	*out = w;
	return 0;
}

int
item_writer_open(struct item_writer **out, struct app_session *s, const char *path, struct err *err)
{
	if (!s->adapter->create)
		return err_set(err, ERR_UNSUPPORTED, "%s takes no whole files", s->app->name);
	return s->adapter->create(out, s, path, err);
}

void
item_writer_free(struct item_writer *w)
{
	if (!w)
		return;
	folder_file_clear(&w->file);
	free(w->path);
	free(w);
}

int
item_writer_write(struct item_writer *w, struct span piece, struct err *err)
{
	w->size += piece.n;
	return os_write_all(w->file.fd, piece, w->path, err);
}

static int
writer_set_modified(struct item_writer *w, int64_t at_unix_ms, struct err *err)
{
	int64_t s = at_unix_ms / 1000, ms = at_unix_ms % 1000;

	if (ms < 0) {
		s--;
		ms += 1000;
	}
	struct timespec t = { .tv_sec = (time_t)s, .tv_nsec = (long)ms * 1000000 };
	if (futimens(w->file.fd, (struct timespec[]){ t, t }) < 0)
		return err_sys(err, errno, "cannot set the time of %s", w->path);
	return 0;
}

int
item_writer_finish(struct item_writer *w, int64_t modified_unix_ms, struct app_place *place,
		   struct err *err)
{
	struct app_stamp stamp;

	if (modified_unix_ms != INT64_MIN && writer_set_modified(w, modified_unix_ms, err) < 0)
		return -1;
	int rc = folder_file_link(&w->file, w->name, &stamp, err);
	if (rc)
		return rc;
	if (place)
		*place = (struct app_place){ .source = w->path, .stamp = stamp, .size = w->size };
	return 0;
}
