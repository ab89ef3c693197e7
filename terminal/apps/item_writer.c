/* SPDX-License-Identifier: Apache-2.0 */
/* item_writer: see item_writer.h. */
#include "apps/item_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "apps/folder_session.h"

struct item_writer {
	struct folder_file file;
	struct taken_bytes taken; /* write NULL: it is the file */
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
taken_writer_new(struct item_writer **out, const struct taken_bytes *taken, const char *path,
		 struct err *err)
{
	struct item_writer *w = calloc(1, sizeof *w);

	if (!w) {
		taken->free(taken->ctx);
		return err_nomem(err);
	}
	w->file = (struct folder_file)FOLDER_FILE_INIT;
	w->taken = *taken;
	w->path = strdup(path);
	if (!w->path) {
		item_writer_free(w);
		return err_nomem(err);
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
	if (w->taken.free)
		w->taken.free(w->taken.ctx);
	folder_file_clear(&w->file);
	free(w->path);
	free(w);
}

int
item_writer_write(struct item_writer *w, struct span piece, struct err *err)
{
	w->size += piece.n;
	if (w->taken.write)
		return w->taken.write(w->taken.ctx, piece, err);
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
	struct item_finish one = { .writer = w, .modified_unix_ms = modified_unix_ms };

	item_writers_finish(&one, 1);
	if (one.rc == 0 && place)
		*place = one.place;
	if (one.rc < 0 && err)
		*err = one.err;
	return one.rc;
}

_Static_assert(ITEM_FINISH_MAX <= FOLDER_FILES_MAX, "they go into place together");

/* Each of these by itself. */
static void
finish_taken(struct item_finish *f)
{
	const struct taken_bytes *taken = &f->writer->taken;

	f->place = (struct app_place){ .source = f->writer->path, .size = f->writer->size };
	f->rc = taken->finish(taken->ctx, f->modified_unix_ms, &f->place.stamp, &f->err);
}

/* Those of @list whose rc is 0, with their files. */
static size_t
good_ones(struct item_finish **good, struct folder_file **files, struct item_finish *list, size_t n)
{
	size_t n_good = 0;

	for (size_t i = 0; i < n; i++) {
		if (list[i].rc != 0 || list[i].writer->taken.write)
			continue;
		good[n_good] = &list[i];
		files[n_good++] = &list[i].writer->file;
	}
	return n_good;
}

static void
all_failed(struct item_finish **good, size_t n, const struct err *why)
{
	for (size_t i = 0; i < n; i++) {
		good[i]->rc = -1;
		good[i]->err = *why;
	}
}

void
item_writers_finish(struct item_finish *list, size_t n)
{
	struct item_finish *good[ITEM_FINISH_MAX];
	struct folder_file *files[ITEM_FINISH_MAX];
	struct app_stamp stamps[ITEM_FINISH_MAX];
	struct err why = { 0 };
	size_t n_good;

	for (size_t i = 0; i < n; i++) {
		struct item_finish *f = &list[i];

		if (f->writer->taken.write) {
			finish_taken(f);
			continue;
		}
		f->rc = f->modified_unix_ms == INT64_MIN
				? 0
				: writer_set_modified(f->writer, f->modified_unix_ms, &f->err);
	}
	n_good = good_ones(good, files, list, n);
	if (n_good && folder_files_sync(files, n_good, &why) < 0)
		all_failed(good, n_good, &why);
	for (size_t i = 0; i < n_good; i++)
		if (good[i]->rc == 0)
			good[i]->rc =
				folder_file_put_new(files[i], good[i]->writer->name, &good[i]->err);
	n_good = good_ones(good, files, list, n);
	if (n_good && folder_files_settle(files, n_good, stamps, &why) < 0)
		all_failed(good, n_good, &why);
	for (size_t i = 0; i < n_good; i++)
		good[i]->place = (struct app_place){ .source = good[i]->writer->path,
						     .stamp = stamps[i],
						     .size = good[i]->writer->size };
}
