/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chromium: the bookmarks of a Chromium profile, its file `Bookmarks`.
 *
 * The file is held as a tree while the app is open (1.7 KiB for a bookmark, 165 MiB for 100,000): Chromium does the same.
 * A row is an entry of type "url", its number Chromium's id.  Written only while Chromium is closed
 * (chromium_write.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/chromium_internal.h"
#include "apps/find.h"
#include "apps/row_app.h"
#include "base/array.h"

#define ROWS_MAX    4000000u
#define PIECE_BYTES ((size_t)64 << 10)

void
chromium_forget(struct chromium *c)
{
	chromium_free(c->tree);
	c->tree = NULL;
	bookmark_folders_clear(&c->folders);
	free(c->rows);
	c->rows = NULL;
	c->n_rows = c->cap_rows = 0;
	c->last_id = 3; /* the roots' own */
	for (int i = 0; i < BOOKMARK_ROOTS; i++)
		c->roots[i] = BOOKMARK_NO_FOLDER;
}

static void
chromium_close(void *store)
{
	struct chromium *c = store;

	chromium_forget(c);
	folder_close(&c->folder);
	free(c->name);
	free(c->user_data);
	free(c);
}

/* @path: the profile's folder, or the file in it. */
static int
set_paths(struct chromium *c, const char *path, struct err *err)
{
	AUTO(free) char *profile = realpath(path, NULL);
	char *slash;

	if (folder_open(&c->folder, path, err) < 0)
		return -1;
	if (!profile)
		return err_sys(err, errno, "cannot look at %s", path);
	if (c->folder.only && (slash = strrchr(profile, '/')) != NULL)
		*slash = '\0';
	slash = strrchr(profile, '/');
	c->user_data = strndup(profile, slash && slash > profile ? (size_t)(slash - profile) : 1);
	c->name = strdup(c->folder.only ? c->folder.only : "Bookmarks");
	return c->user_data && c->name ? 0 : err_nomem(err);
}

static int
chromium_open(void **store, const struct app *app, struct err *err)
{
	struct chromium *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	c->folder = (struct folder_root)FOLDER_ROOT_INIT;
	chromium_forget(c);
	if (set_paths(c, app->path, err) < 0) {
		chromium_close(c);
		return -1;
	}
	*store = c;
	return 0;
}

int
chromium_stamp(struct app_stamp *out, void *store, struct err *err)
{
	struct chromium *c = store;
	int rc = folder_stamp_of(out, &c->folder, c->name, err);

	if (rc == APP_MOVED) /* Chromium makes it with the first bookmark */
		*out = (struct app_stamp){ .size = 0 };
	return rc < 0 ? -1 : 0;
}

/* ---- reading the tree ---- */

static int
read_tree(struct chromium *c, struct err *err)
{
	AUTO(chromium_reader_clear) struct chromium_reader r = { .tokener = NULL };
	AUTO(free) uint8_t *piece = malloc(PIECE_BYTES);
	size_t got = PIECE_BYTES;
	int fd = -1, rc;

	if (!piece)
		return err_nomem(err);
	rc = folder_open_file(&fd, &c->folder, c->name, &c->stamp, err);
	if (rc == 0)
		rc = chromium_reader_begin(&r, err);
	while (rc == 0 && got == PIECE_BYTES) {
		rc = os_read_full(fd, piece, PIECE_BYTES, &got, c->name, err);
		if (rc == 0)
			rc = chromium_reader_feed(&r, span_of(piece, got), err);
	}
	if (rc == 0)
		rc = folder_check_file(fd, &c->folder, c->name, &c->stamp, err);
	if (rc == 0)
		rc = chromium_reader_end(&c->tree, &r, err);
	if (fd >= 0)
		os->close(fd);
	return rc;
}

static bool
is_menu(struct json_object *node)
{
	struct json_object *meta;

	return json_object_object_get_ex(node, "meta_info", &meta) &&
	       span_equal(chromium_text(meta, CHROMIUM_ROOT_KEY), span_str(CHROMIUM_ROOT_MENU));
}

/* An id is a number; 0: it is none. */
static int64_t
id_of(struct json_object *node)
{
	struct span text = chromium_text(node, "id");
	int64_t id = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || id > INT64_MAX / 100)
			return 0;
		id = 10 * id + (text.p[i] - '0');
	}
	return id;
}

static int
keep_row(struct chromium *c, struct json_object *node, uint32_t folder, struct err *err)
{
	if (array_reserve((void **)&c->rows, &c->cap_rows, c->n_rows + 1, sizeof *c->rows, ROWS_MAX,
			  err) < 0)
		return -1;
	c->rows[c->n_rows++] = (struct chromium_row){ id_of(node), node, folder };
	return 0;
}

static int
keep_folder(uint32_t *out, struct chromium *c, struct json_object *node, uint32_t parent,
	    enum bookmark_root root, struct err *err)
{
	int64_t id = id_of(node);

	if (bookmark_folders_add(out, &c->folders, parent, root, chromium_text(node, "name"), err) <
	    0)
		return -1;
	c->folders.list[*out].what = node;
	if (id > c->last_id)
		c->last_id = id;
	return 0;
}

static int
walk(struct chromium *c, struct json_object *node, uint32_t folder, struct err *err)
{
	struct json_object *children = chromium_children(node);
	enum bookmark_root root = c->folders.list[folder].root;
	uint32_t inner;

	for (size_t i = 0; children && i < json_object_array_length(children); i++) {
		struct json_object *child = json_object_array_get_idx(children, i);
		bool menu = root == BOOKMARK_UNFILED && is_menu(child) &&
			    c->roots[BOOKMARK_MENU] == BOOKMARK_NO_FOLDER;

		if (!span_equal(chromium_text(child, "type"), span_str("folder"))) {
			if (keep_row(c, child, folder, err) < 0)
				return -1;
			continue;
		}
		if (keep_folder(&inner, c, child, menu ? BOOKMARK_NO_FOLDER : folder,
				menu ? BOOKMARK_MENU : root, err) < 0)
			return -1;
		if (menu)
			c->roots[BOOKMARK_MENU] = inner;
		if (walk(c, child, inner, err) < 0)
			return -1;
	}
	return 0;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct chromium_row *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* As Chromium does: an id that is no number, or another's, is replaced by a new one. */
static void
number_rows(struct chromium *c)
{
	int64_t before = 0;

	if (c->n_rows == 0)
		return;
	qsort(c->rows, c->n_rows, sizeof *c->rows, compare_rows);
	if (c->rows[c->n_rows - 1].id > c->last_id)
		c->last_id = c->rows[c->n_rows - 1].id;
	for (size_t i = 0; i < c->n_rows; i++) {
		int64_t id = c->rows[i].id;

		if (id == before)
			c->rows[i].id = ++c->last_id;
		before = id;
	}
	qsort(c->rows, c->n_rows, sizeof *c->rows, compare_rows);
}

static int
index_tree(struct chromium *c, struct err *err)
{
	static const char *const names[BOOKMARK_ROOTS] = {
		[BOOKMARK_TOOLBAR] = "bookmark_bar",
		[BOOKMARK_UNFILED] = "other",
		[BOOKMARK_MOBILE] = "synced",
	};

	for (int i = 0; i < BOOKMARK_ROOTS; i++) {
		struct json_object *root = names[i] ? chromium_root(c->tree, names[i]) : NULL;

		if (root && (keep_folder(&c->roots[i], c, root, BOOKMARK_NO_FOLDER,
					 (enum bookmark_root)i, err) < 0 ||
			     walk(c, root, c->roots[i], err) < 0))
			return -1;
	}
	number_rows(c);
	return 0;
}

int
chromium_need_tree(struct chromium *c, struct err *err)
{
	struct app_stamp now;
	int rc;

	if (c->is_writing)
		return 0;
	if (chromium_stamp(&now, c, err) < 0)
		return -1;
	if (c->tree && app_stamp_equal(&now, &c->stamp))
		return 0;
	chromium_forget(c);
	c->stamp = now;
	rc = now.inode
		     ? read_tree(c, err)
		     : chromium_new(&c->tree, (os->now_unix_ms() + CHROMIUM_EPOCH_MS) * 1000, err);
	if (rc == 0)
		rc = index_tree(c, err);
	if (rc)
		chromium_forget(c);
	return rc;
}

/* ---- rows ---- */

struct chromium_row *
chromium_find_row(struct chromium *c, int64_t id)
{
	const struct chromium_row key = { .id = id };

	return c->n_rows ? bsearch(&key, c->rows, c->n_rows, sizeof key, compare_rows) : NULL;
}

static int64_t
date_ms(struct json_object *node, const char *key)
{
	char *end;
	long long us = strtoll((const char *)chromium_text(node, key).p, &end, 10);

	return us > 0 ? us / 1000 - CHROMIUM_EPOCH_MS : 0;
}

int
chromium_row_print(struct chromium *c, const struct chromium_row *row, struct buf *out,
		   struct err *err)
{
	struct bookmark b = { .url = chromium_text(row->node, "url"),
			      .title = chromium_text(row->node, "name"),
			      .added_unix_ms = date_ms(row->node, "date_added") };

	if (b.url.n == 0) {
		err_set(err, ERR_SYNTAX, "bookmark %lld: it has no address", (long long)row->id);
		return ROW_REFUSED;
	}
	if (!bookmark_folders_path(&b, c->names, &c->folders, row->folder)) {
		err_set(err, ERR_LIMIT, "bookmark %lld: it lies more than %u folders deep",
			(long long)row->id, BOOKMARK_DEPTH_MAX);
		return ROW_REFUSED;
	}
	return bookmark_print(out, &b, err);
}

static int
chromium_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	struct chromium *c = store;
	int rc = chromium_need_tree(c, err);
	const struct chromium_row *row = rc == 0 ? chromium_find_row(c, number) : NULL;

	if (rc == 0)
		rc = row && row->node ? chromium_row_print(c, row, out, err) : APP_MOVED;
	return rc == ROW_REFUSED ? APP_MOVED : rc;
}

static int
chromium_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct chromium *c = store;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	int rc = chromium_need_tree(c, err);

	for (size_t i = 0; rc == 0 && i < c->n_rows; i++) {
		struct row row = { .number = c->rows[i].id };
		struct err why = { 0 };

		buf_reset(&bytes);
		rc = chromium_row_print(c, &c->rows[i], &bytes, &why);
		row.modified_unix_ms = date_ms(c->rows[i].node, "date_added");
		row.bytes = buf_span(&bytes);
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
	.source = "Bookmarks",
	.open = chromium_open,
	.close = chromium_close,
	.stamp = chromium_stamp,
	.each = chromium_each,
	.read = chromium_read,
	.begin = chromium_begin,
	.add = chromium_add,
	.replace = chromium_replace,
	.remove = chromium_remove,
	.commit = chromium_commit,
	.rollback = chromium_rollback,
	.shown = chromium_shown,
	.tidy = chromium_tidy,
};

static const char *const drops[] = { "DESCRIPTION", "KEYWORD", "TAG", NULL };
static const struct item_profile profile = { .drops = drops };

extern const struct adapter adapter_chromium;

const struct adapter adapter_chromium = {
	.name = "chromium",
	.form = &form_bookmark,
	.rows = &bookmarks,
	.profile = &profile,
	.find = chromium_find,
	OVER_ROWS,
};
