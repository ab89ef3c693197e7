/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firefox: the bookmarks of a Firefox profile, places.sqlite.
 *
 * A row is a bookmark of the menu, the toolbar, "other" or the mobile bookmarks.  Separators, empty
 * folders and the entries that hold tags are none; a saved search (place:) is refused, as it
 * means folders of its own profile.  Tags and a keyword belong to the address: two bookmarks of one
 * address show the same.
 *
 * Read from a copy, so while Firefox runs, too.  Written only while it does not (firefox_write.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/find.h"
#include "apps/firefox_internal.h"
#include "apps/row_app.h"
#include "base/text.h"
#include "os/os.h"

#define FOLDER_TEXT_MAX ((size_t)8 << 20)
#define ROW_BYTES_MAX   ITEM_BYTES_MAX

static const char *const root_guids[BOOKMARK_ROOTS] = {
	[BOOKMARK_TOOLBAR] = "toolbar_____",
	[BOOKMARK_MENU] = "menu________",
	[BOOKMARK_UNFILED] = "unfiled_____",
	[BOOKMARK_MOBILE] = "mobile______",
};

void
firefox_forget(struct firefox *f)
{
	app_db_close(&f->db);
	f->folder.id = 0;
}

static void
firefox_close(void *store)
{
	struct firefox *f = store;

	firefox_rollback(f);
	firefox_forget(f);
	buf_clear(&f->folder.text);
	free(f->profile);
	free(f->path);
	free(f);
}

/* @path is the profile's folder, or the database in it. */
static int
set_paths(struct firefox *f, const char *path, struct err *err)
{
	struct stat st;
	bool is_folder;

	if (os->fstatat(AT_FDCWD, path, &st, 0) < 0)
		return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "there is nothing at %s", path)
				       : err_sys(err, errno, "cannot look at %s", path);
	is_folder = S_ISDIR(st.st_mode);
	f->path = NULL;
	if (is_folder ? asprintf(&f->path, "%s/places.sqlite", path) < 0
		      : (f->path = strdup(path)) == NULL)
		return err_nomem(err);
	f->profile = strdup(f->path);
	if (!f->profile)
		return err_nomem(err);
	*strrchr(f->profile, '/') = '\0';
	if (os->fstatat(AT_FDCWD, f->path, &st, 0) < 0)
		return err_set(err, ERR_NOT_FOUND,
			       "%s is no profile of Firefox: it has no places.sqlite", path);
	return 0;
}

static int
folder_id(int64_t *out, struct firefox *f, const char *guid, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &f->db.sql, "SELECT id FROM moz_bookmarks WHERE guid = ?1 AND type = 2",
		       err) < 0)
		return -1;
	query_text_span(&q, 1, span_str(guid));
	rc = query_step(&q, err);
	*out = rc == QUERY_ROW ? query_column_int(&q, 0) : -1;
	return rc < 0 ? -1 : 0;
}

int
firefox_read_roots(struct firefox *f, struct err *err)
{
	bool all = true;

	for (int i = 0; i < BOOKMARK_ROOTS; i++) {
		if (folder_id(&f->roots[i], f, root_guids[i], err) < 0)
			return -1;
		all = all && (f->roots[i] >= 0 || i == BOOKMARK_MOBILE);
	}
	if (folder_id(&f->tags_root, f, "tags________", err) < 0)
		return -1;
	if (all && f->tags_root >= 0)
		return 0;
	err_set(err, ERR_SYNTAX, "Firefox's bookmarks lack one of their roots");
	return err_hint(err, "start Firefox once: it makes them; then do it again");
}

static int
check_schema(struct firefox *f, struct err *err)
{
	int64_t version;

	if (app_db_number(&version, &f->db, "PRAGMA user_version", err) < 0)
		return -1;
	if (version >= FIREFOX_READ_OLDEST)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"the bookmarks are of a Firefox that is too old (schema %lld)", (long long)version);
	return err_hint(err, "start a newer Firefox with this profile once");
}

int
firefox_need_copy(struct firefox *f, struct err *err)
{
	struct app_stamp now;
	int rc;

	if (f->is_writing)
		return 0;
	rc = app_db_stamp(&now, f->path, err);
	if (rc < 0 || (rc == 0 && f->db.sql.db && app_stamp_equal(&now, &f->stamp)))
		return rc;
	firefox_forget(f);
	if (app_db_open_copy(&f->db, f->path, &f->stamp, err) < 0)
		return -1;
	if (check_schema(f, err) == 0 && firefox_read_roots(f, err) == 0)
		return 0;
	firefox_forget(f);
	return -1;
}

static int
firefox_open(void **store, const struct app *app, struct err *err)
{
	struct firefox *f = calloc(1, sizeof *f);

	if (!f)
		return err_nomem(err);
	f->lock_fd = -1;
	f->db.app = "Firefox";
	f->folder.text.max = FOLDER_TEXT_MAX;
	if (set_paths(f, app->path, err) < 0) {
		firefox_close(f);
		return -1;
	}
	*store = f;
	return 0;
}

static int
firefox_stamp(struct app_stamp *out, void *store, struct err *err)
{
	return app_db_stamp(out, ((struct firefox *)store)->path, err);
}

/* ---- folders ---- */

/* One step up: 0 with *parent (0: none), or -1. */
static int
folder_step(struct firefox *f, int64_t id, int64_t *parent, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct firefox_folder *folder = &f->folder;
	struct span title;
	int rc;

	*parent = 0;
	if (query_open(&q, &f->db.sql,
		       "SELECT parent, title FROM moz_bookmarks WHERE id = ?1 AND type = 2",
		       err) < 0)
		return -1;
	query_int(&q, 1, id);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW || folder->n == BOOKMARK_DEPTH_MAX)
		return rc < 0 ? -1 : 0;
	*parent = query_column_int(&q, 0);
	title = query_column_blob(&q, 1);
	folder->part[folder->n].at = folder->text.n;
	folder->part[folder->n++].n = title.n;
	return buf_append(&folder->text, title, err);
}

/* Is @id where a path begins? */
static bool
folder_ends(struct firefox *f, int64_t id)
{
	struct firefox_folder *folder = &f->folder;

	for (int i = 0; i < BOOKMARK_ROOTS; i++) {
		if (f->roots[i] != id)
			continue;
		folder->where = FIREFOX_IN_ROOT;
		folder->root = (enum bookmark_root)i;
		return true;
	}
	folder->where = id == f->tags_root ? FIREFOX_IN_TAGS : FIREFOX_NOWHERE;
	return id == f->tags_root || id <= 0;
}

/* f->folder becomes the one of @id.  A chain that goes round ends at BOOKMARK_DEPTH_MAX. */
static int
folder_find(struct firefox *f, int64_t id, struct err *err)
{
	struct firefox_folder *folder = &f->folder;
	int64_t at = id;

	if (folder->id == id && id)
		return 0;
	folder->id = 0;
	folder->n = 0;
	buf_reset(&folder->text);
	while (!folder_ends(f, at))
		if (folder_step(f, at, &at, err) < 0)
			return -1;
	for (size_t i = 0; i < folder->n; i++) {
		size_t from = folder->n - 1 - i;

		folder->names[i] =
			span_of(folder->text.p + folder->part[from].at, folder->part[from].n);
	}
	folder->id = id;
	return 0;
}

/* ---- rows ---- */

/* The tags of an address by name, as row @id shows them. */
static int
read_tags(struct firefox *f, int64_t id, int64_t place, struct buf *text, struct span *tags,
	  size_t *n, struct err *err)
{
	static const char stored[] =
		"SELECT DISTINCT t.title FROM moz_bookmarks b JOIN moz_bookmarks t ON t.id = "
		"b.parent"
		" WHERE b.fk = ?1 AND b.type = 1 AND t.parent = ?2 AND t.title <> '' ORDER BY 1";
	static const char in_transaction[] =
		"SELECT t.title FROM moz_bookmarks b JOIN moz_bookmarks t ON t.id = b.parent"
		" WHERE b.fk = ?1 AND b.type = 1 AND t.parent = ?2 AND t.title <> ''"
		" AND t.title NOT IN (SELECT tag FROM temp.tags WHERE bookmark = ?3 AND NOT added)"
		" UNION SELECT tag FROM temp.tags WHERE bookmark = ?3 AND added ORDER BY 1";
	AUTO(query_clear) struct query q = QUERY_INIT;
	size_t at = text->n;
	int rc;

	*n = 0;
	if (query_open(&q, &f->db.sql, f->is_writing ? in_transaction : stored, err) < 0)
		return -1;
	query_int(&q, 1, place);
	query_int(&q, 2, f->tags_root);
	if (f->is_writing)
		query_int(&q, 3, id);
	while ((rc = query_step(&q, err)) == QUERY_ROW && *n < BOOKMARK_TAGS_MAX) {
		struct span tag = query_column_blob(&q, 0);

		tags[*n].n = tag.n;
		if (buf_append(text, tag, err) < 0)
			return -1;
		++*n;
	}
	for (size_t i = 0; i < *n; at += tags[i].n, i++)
		tags[i].p = text->p + at;
	return rc < 0 ? -1 : 0;
}

/* The one that needs no POST data, which bookmarks of ours could not keep. */
static int
read_keyword(struct firefox *f, int64_t id, int64_t place, struct buf *out, struct err *err)
{
	static const char stored[] = "SELECT keyword FROM moz_keywords WHERE place_id = ?1"
				     " AND coalesce(post_data, '') = '' ORDER BY id LIMIT 1";
	static const char in_transaction[] =
		"SELECT keyword FROM temp.keywords WHERE bookmark = ?2 AND added UNION ALL "
		"SELECT keyword FROM moz_keywords WHERE place_id = ?1 AND coalesce(post_data, '') "
		"= ''"
		" AND keyword NOT IN (SELECT keyword FROM temp.keywords WHERE bookmark = ?2) LIMIT "
		"1";
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &f->db.sql, f->is_writing ? in_transaction : stored, err) < 0)
		return -1;
	query_int(&q, 1, place);
	if (f->is_writing)
		query_int(&q, 2, id);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		rc = buf_append(out, query_column_blob(&q, 0), err);
	return rc < 0 ? -1 : 0;
}

/* Microseconds to milliseconds, towards the past. */
static int64_t
unix_ms(int64_t us)
{
	return us / 1000 - (us % 1000 < 0);
}

/* What a query over bookmarks and places gives of one. */
struct row_seen {
	int64_t id, place;
	struct span title, url;
	int64_t added_us, modified_us;
};

#define ROW_COLUMNS "b.id, p.id, b.title, p.url, b.dateAdded, b.lastModified, b.parent"

static struct row_seen
row_seen(const struct query *q)
{
	return (struct row_seen){ query_column_int(q, 0),  query_column_int(q, 1),
				  query_column_blob(q, 2), query_column_blob(q, 3),
				  query_column_int(q, 4),  query_column_int(q, 5) };
}

/* f->folder is its folder's. */
static int
row_print(struct firefox *f, const struct row_seen *row, struct buf *out, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ROW_BYTES_MAX);
	AUTO(buf_clear) struct buf keyword = BUF_INIT(ROW_BYTES_MAX);
	struct bookmark b = { .root = f->folder.root,
			      .folders = f->folder.names,
			      .n_folders = f->folder.n,
			      .url = row->url,
			      .title = row->title,
			      .tags = f->tags,
			      .added_unix_ms = unix_ms(row->added_us) };

	if (read_tags(f, row->id, row->place, &text, f->tags, &b.n_tags, err) < 0 ||
	    read_keyword(f, row->id, row->place, &keyword, err) < 0)
		return -1;
	b.keyword = buf_span(&keyword);
	return bookmark_print(out, &b, err);
}

static bool
is_search(struct span url)
{
	return url.n >= 6 && memcmp(url.p, "place:", 6) == 0;
}

int
firefox_read(void *store, int64_t id, struct buf *out, struct err *err)
{
	struct firefox *f = store;
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc = firefox_need_copy(f, err);

	if (rc)
		return rc;
	if (query_open(&q, &f->db.sql,
		       "SELECT " ROW_COLUMNS
		       " FROM moz_bookmarks b JOIN moz_places p ON p.id = b.fk"
		       " WHERE b.id = ?1 AND b.type = 1",
		       err) < 0)
		return -1;
	query_int(&q, 1, id);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : APP_MOVED;
	if (folder_find(f, query_column_int(&q, 6), err) < 0)
		return -1;
	struct row_seen row = row_seen(&q);
	if (f->folder.where != FIREFOX_IN_ROOT || is_search(row.url))
		return APP_MOVED;
	return row_print(f, &row, out, err);
}

struct each {
	row_fn *fn;
	row_refused_fn *refused;
	void *ctx;
	struct buf bytes;
};

static int
each_refuse(struct each *e, const struct row_seen *row, const char *why, struct err *err)
{
	struct err refusal = { 0 };

	if (!e->refused)
		return 0;
	err_set(&refusal, ERR_UNSUPPORTED, "bookmark %lld: %s", (long long)row->id, why);
	return e->refused(e->ctx, &refusal, err);
}

static int
each_row(struct firefox *f, struct each *e, const struct query *q, struct err *err)
{
	struct row_seen row = row_seen(q);

	if (folder_find(f, query_column_int(q, 6), err) < 0)
		return -1;
	if (f->folder.where == FIREFOX_IN_TAGS)
		return 0;
	if (f->folder.where == FIREFOX_NOWHERE)
		return each_refuse(e, &row, _("it is in no folder"), err);
	if (is_search(row.url))
		return each_refuse(e, &row, _("a saved search means folders of its own profile"),
				   err);
	buf_reset(&e->bytes);
	if (row_print(f, &row, &e->bytes, err) < 0)
		return -1;
	const struct row out = { row.id, unix_ms(row.modified_us), buf_span(&e->bytes) };
	return e->fn(e->ctx, &out, err);
}

static int
firefox_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct firefox *f = store;
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct each e = { fn, refused, ctx, BUF_INIT(ROW_BYTES_MAX) };
	int rc = firefox_need_copy(f, err);

	if (rc == 0)
		rc = query_open(&q, &f->db.sql,
				"SELECT " ROW_COLUMNS
				" FROM moz_bookmarks b CROSS JOIN moz_places p ON p.id = b.fk"
				" WHERE b.type = 1 ORDER BY b.id",
				err);
	while (rc == 0 && (rc = query_step(&q, err)) == QUERY_ROW)
		rc = each_row(f, &e, &q, err);
	buf_clear(&e.bytes);
	return rc;
}

static const struct row_kind bookmarks = {
	.source = "places.sqlite",
	.open = firefox_open,
	.close = firefox_close,
	.stamp = firefox_stamp,
	.each = firefox_each,
	.read = firefox_read,
	.begin = firefox_begin,
	.add = firefox_add,
	.replace = firefox_replace,
	.remove = firefox_remove,
	.commit = firefox_commit,
	.rollback = firefox_rollback,
	.shown = firefox_shown,
};

static const char *const drops[] = { "DESCRIPTION", NULL };
static const struct item_profile profile = { .drops = drops };

extern const struct adapter adapter_firefox;

const struct adapter adapter_firefox = {
	.name = "firefox",
	.form = &form_bookmark,
	.rows = &bookmarks,
	.profile = &profile,
	.find = firefox_find,
	OVER_ROWS,
};
