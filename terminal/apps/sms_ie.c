/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_ie: the messages of an export of "SMS Import / Export" for Android: a zip with messages.ndjson and the
 * parts' data, or the older messages.json; one file, or in a folder the last of them by name, as exports
 * are called by their date.  Read, never written: an export is a copy, and a phone takes one by adding all of
 * it once more.  What is to go back goes out as SMS XML (`cloudbox export`).
 *
 * The export is read once, from its beginning to its end: each message and each part's data are put aside,
 * sealed, in a file without a name (os/scratch.h); memory holds where they lie, 24 bytes for each.  No name of an
 * entry is ever a path here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps/folder.h"
#include "apps/row_app.h"
#include "apps/sms_ie_load.h"
#include "item/item.h"

#define NAMES_MAX 4096

struct sms_ie {
	char *path;                  /* owned: a file, or a folder */
	struct sms_ie_export export; /* of the file that was read last */
	bool loaded;
};

static void
ie_close(void *store)
{
	struct sms_ie *s = store;

	sms_ie_export_clear(&s->export);
	free(s->path);
	free(s);
}

/* ---- which file ---- */

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcasecmp(name + n - m, end) == 0;
}

/* For an import: by its name alone, whatever it begins with. */
static bool
ie_reads(const char *path)
{
	return ends_with(path, ".zip") || ends_with(path, ".ndjson") || ends_with(path, ".json");
}

static bool
is_export(const char *name)
{
	return strncasecmp(name, "messages", 8) == 0 && ie_reads(name);
}

/* The last one by name in the open folder; "": none. */
static int
last_export(char name[static NAMES_MAX], int fd, const char *path, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	name[0] = '\0';
	if (!dir) {
		os->close(fd);
		return err_sys(err, errno, "%s", path);
	}
	while ((errno = 0, e = readdir(dir)))
		if (is_export(e->d_name) && strcmp(e->d_name, name) > 0)
			memcpy(name, e->d_name, strlen(e->d_name) + 1);
	int failed = errno;
	closedir(dir);
	return failed ? err_sys(err, failed, "%s", path) : 0;
}

/* Open the export.  0, APP_MOVED (there is none) or -1. */
static int
open_export(int *out, const struct sms_ie *s, struct stat *st, struct err *err)
{
	char name[NAMES_MAX];
	int folder = os->openat(AT_FDCWD, s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	int fd = folder >= 0 || errno != ENOTDIR
			 ? folder
			 : os->openat(AT_FDCWD, s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

	if (folder >= 0) {
		int again = os->openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

		if (again < 0 || last_export(name, again, s->path, err) < 0) {
			os->close(folder);
			return again < 0 ? err_sys(err, errno, "%s", s->path) : -1;
		}
		fd = name[0] ? os->open_beneath(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
			     : -1;
		os->close(folder);
		if (!name[0])
			return APP_MOVED;
	}
	if (fd < 0)
		return errno == ENOENT ? APP_MOVED : err_sys(err, errno, "%s", s->path);
	if (os->fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		os->close(fd);
		return err_set(err, ERR_UNSUPPORTED, "%s is no file", s->path);
	}
	*out = fd;
	return 0;
}

/* ---- row_kind ---- */

static int
ie_open(void **store, const struct app *app, struct err *err)
{
	struct sms_ie *s = calloc(1, sizeof *s);
	struct stat st;
	int fd = -1, rc;

	if (!s)
		return err_nomem(err);
	s->export = (struct sms_ie_export)SMS_IE_EXPORT_INIT;
	s->path = strdup(app->path);
	rc = s->path ? open_export(&fd, s, &st, err) : err_nomem(err);
	if (rc == APP_MOVED) {
		rc = err_set(err, ERR_NOT_FOUND, "there is no export in %s", app->path);
		err_hint(err, "SMS Import / Export calls them messages-DATE.zip");
	}
	if (rc == 0)
		rc = sms_ie_check(fd, err);
	if (fd >= 0)
		os->close(fd);
	if (rc < 0) {
		ie_close(s);
		return -1;
	}
	*store = s;
	return 0;
}

static int
ie_stamp(struct app_stamp *out, void *store, struct err *err)
{
	struct stat st;
	int fd = -1, rc = open_export(&fd, store, &st, err);

	if (rc)
		return rc;
	os->close(fd);
	*out = folder_stamp(&st);
	return 0;
}

/* What was put aside is the export as it is.  0, APP_MOVED or -1. */
static int
load(struct sms_ie *s, struct err *err)
{
	struct app_stamp stamp;
	struct stat st;
	int fd = -1, rc = open_export(&fd, s, &st, err);

	if (rc)
		return rc;
	stamp = folder_stamp(&st);
	if (!s->loaded || !app_stamp_equal(&stamp, &s->export.stamp)) {
		sms_ie_export_clear(&s->export);
		s->loaded = false;
		s->export.stamp = stamp;
		rc = sms_ie_load(&s->export, fd, (uint64_t)st.st_size, err);
		s->loaded = rc == 0;
	}
	os->close(fd);
	return rc;
}

static int
refuse_all(const struct sms_ie_export *x, row_refused_fn *refused, void *ctx, struct err *err)
{
	for (size_t i = 0; i < x->n_bad; i++) {
		struct err why = { 0 };

		err_set(&why, ERR_SYNTAX, "messages:%u: expected a whole JSON object", x->bad[i]);
		if (refused(ctx, &why, err) < 0)
			return -1;
	}
	return x->cut.code == ERR_NONE ? 0 : refused(ctx, &x->cut, err);
}

static int
give(struct sms_ie *s, size_t nth, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	struct row row = { .number = (int64_t)nth };
	struct err why = { 0 };

	if (sms_ie_message(&bytes, &row.modified_unix_ms, &s->export, nth, &why) == 0) {
		row.bytes = buf_span(&bytes);
		return fn(ctx, &row, err);
	}
	if (why.code != ERR_SYNTAX && why.code != ERR_LIMIT)
		return *err = why, -1;
	err_wrap(&why, "messages:%u", s->export.rows[nth].line);
	return refused(ctx, &why, err);
}

static int
ie_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct sms_ie *s = store;
	int rc = load(s, err);

	if (rc == 0)
		rc = refuse_all(&s->export, refused, ctx, err);
	for (size_t i = 0; rc == 0 && i < s->export.n_rows; i++)
		rc = give(s, i, fn, refused, ctx, err);
	return rc;
}

static int
ie_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	struct sms_ie *s = store;
	int64_t date;
	int rc = load(s, err);

	if (rc || number < 0 || (uint64_t)number >= s->export.n_rows)
		return rc ? rc : APP_MOVED;
	return sms_ie_message(out, &date, &s->export, (size_t)number, err);
}

static const struct row_kind kind = {
	.source = "messages",
	.open = ie_open,
	.close = ie_close,
	.stamp = ie_stamp,
	.each = ie_each,
	.read = ie_read,
};

extern const struct adapter adapter_sms_ie;
const struct adapter adapter_sms_ie = {
	.name = "sms-ie",
	.form = &form_message,
	.rows = &kind,
	.reads = ie_reads,
	OVER_ROWS,
};
