/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epiphany: the bookmarks of GNOME Web, bookmarks.gvdb.  They are only read.
 *
 * GNOME Web has tags and no folders: all of them are "other" bookmarks.  A row's number is a hash of its
 * address, which is its key in the file.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "apps/find.h"
#include "apps/folder_session.h"
#include "apps/gvdb.h"
#include "apps/row_app.h"
#include "base/array.h"
#include "base/bytes.h"
#include "item/bookmark.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define ROWS_MAX       1000000u

struct epiphany_row {
	int64_t number;
	uint32_t item; /* of the table */
};

struct epiphany {
	struct folder_root folder;
	char *name; /* of the file in it */
	struct app_stamp stamp;
	struct buf file;
	struct gvdb_table table;   /* in it */
	struct epiphany_row *rows; /* by number */
	size_t n_rows, cap_rows;
	bool is_read;
};

static void
forget(struct epiphany *e)
{
	buf_clear(&e->file);
	free(e->rows);
	e->rows = NULL;
	e->n_rows = e->cap_rows = 0;
	e->is_read = false;
}

static void
epiphany_close(void *store)
{
	struct epiphany *e = store;

	forget(e);
	folder_close(&e->folder);
	free(e->name);
	free(e);
}

static int
epiphany_open(void **store, const struct app *app, struct err *err)
{
	struct epiphany *e = calloc(1, sizeof *e);

	if (!e)
		return err_nomem(err);
	e->folder = (struct folder_root)FOLDER_ROOT_INIT;
	e->file.max = FILE_BYTES_MAX;
	if (folder_open(&e->folder, app->path, err) < 0) {
		epiphany_close(e);
		return -1;
	}
	e->name = strdup(e->folder.only ? e->folder.only : "bookmarks.gvdb");
	if (!e->name) {
		epiphany_close(e);
		return err_nomem(err);
	}
	*store = e;
	return 0;
}

static int
epiphany_stamp(struct app_stamp *out, void *store, struct err *err)
{
	struct epiphany *e = store;

	return folder_stamp_of(out, &e->folder, e->name, err);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct epiphany_row *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int64_t
number_of(struct span url)
{
	uint8_t sum[crypto_generichash_BYTES_MIN];

	crypto_generichash(sum, sizeof sum, url.p, url.n, NULL, 0);
	return (int64_t)(get_u64(sum) >> 1);
}

static int
index_table(struct epiphany *e, struct err *err)
{
	struct gvdb_table root;
	struct gvdb_item item;

	if (gvdb_open(&root, buf_span(&e->file), err) < 0)
		return -1;
	if (!gvdb_table(&e->table, &root, "bookmarks"))
		return 0;
	for (size_t i = 0; i < e->table.n; i++) {
		if (!gvdb_item(&item, &e->table, i))
			return err_set(err, ERR_SYNTAX, "this GVDB file is damaged");
		if (array_reserve((void **)&e->rows, &e->cap_rows, e->n_rows + 1, sizeof *e->rows,
				  ROWS_MAX, err) < 0)
			return -1;
		e->rows[e->n_rows++] = (struct epiphany_row){ number_of(item.key), (uint32_t)i };
	}
	if (e->n_rows)
		qsort(e->rows, e->n_rows, sizeof *e->rows, compare_rows);
	return 0;
}

static int
read_file(struct epiphany *e, struct err *err)
{
	size_t got = 0;
	uint8_t *p;
	int fd = -1;
	int rc = folder_open_file(&fd, &e->folder, e->name, &e->stamp, err);

	if (rc == 0)
		rc = buf_extend(&e->file, (size_t)e->stamp.size, &p, err);
	if (rc == 0)
		rc = os_read_full(fd, p, (size_t)e->stamp.size, &got, e->name, err);
	if (rc == 0)
		rc = got == e->stamp.size
			     ? folder_check_file(fd, &e->folder, e->name, &e->stamp, err)
			     : APP_MOVED;
	if (fd >= 0)
		os->close(fd);
	return rc;
}

/* 0, APP_MOVED (it is gone, or changes) or -1. */
static int
need_file(struct epiphany *e, struct err *err)
{
	struct app_stamp now;
	int rc = epiphany_stamp(&now, e, err);

	if (rc || (e->is_read && app_stamp_equal(&now, &e->stamp)))
		return rc;
	forget(e);
	e->stamp = now;
	if (now.size > FILE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu MiB", e->name,
			       FILE_BYTES_MAX >> 20);
	rc = read_file(e, err);
	if (rc == 0 && index_table(e, err) < 0)
		rc = err_wrap(err, "%s", e->name);
	if (rc)
		forget(e);
	e->is_read = rc == 0;
	return rc;
}

static int
print_row(struct epiphany *e, const struct epiphany_row *row, struct buf *out, struct err *err)
{
	struct gvdb_bookmark seen;
	struct gvdb_item item;

	if (!gvdb_item(&item, &e->table, row->item) || item.type != 'v' ||
	    gvdb_bookmark_parse(&seen, item.value, err) < 0) {
		err_set(err, ERR_SYNTAX, "%s: entry %u is no bookmark of a kind that is known here",
			e->name, row->item);
		return ROW_REFUSED;
	}
	const struct bookmark b = { .root = BOOKMARK_UNFILED,
				    .url = item.key,
				    .title = seen.title,
				    .tags = seen.tags,
				    .n_tags = seen.n_tags,
				    .added_unix_ms = seen.added_us / 1000 };
	return bookmark_print(out, &b, err);
}

static int
epiphany_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	struct epiphany *e = store;
	const struct epiphany_row key = { .number = number }, *row;
	int rc = need_file(e, err);

	if (rc)
		return rc;
	row = e->n_rows ? bsearch(&key, e->rows, e->n_rows, sizeof key, compare_rows) : NULL;
	rc = row ? print_row(e, row, out, err) : APP_MOVED;
	return rc == ROW_REFUSED ? APP_MOVED : rc;
}

static int
epiphany_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct epiphany *e = store;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	int rc = need_file(e, err);

	for (size_t i = 0; rc == 0 && i < e->n_rows; i++) {
		struct err why = { 0 };

		buf_reset(&bytes);
		rc = print_row(e, &e->rows[i], &bytes, &why);
		const struct row row = { e->rows[i].number, 0, buf_span(&bytes) };
		if (rc < 0)
			*err = why;
		else if (rc == ROW_REFUSED)
			rc = refused ? refused(ctx, &why, err) : 0;
		else
			rc = fn(ctx, &row, err);
	}
	return rc;
}

static const struct row_kind bookmarks = {
	.source = "bookmarks.gvdb",
	.open = epiphany_open,
	.close = epiphany_close,
	.stamp = epiphany_stamp,
	.each = epiphany_each,
	.read = epiphany_read,
};

extern const struct adapter adapter_epiphany;

const struct adapter adapter_epiphany = {
	.name = "epiphany",
	.form = &form_bookmark,
	.rows = &bookmarks,
	.find = epiphany_find,
	OVER_ROWS,
};
