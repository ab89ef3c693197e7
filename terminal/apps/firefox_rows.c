/* SPDX-License-Identifier: Apache-2.0 */
/* firefox_rows: rows of bookmarks, folders and pages, with what hangs on them; see firefox_write.h. */
#include "apps/firefox_write.h"

#include <string.h>

#include "apps/places.h"
#include "apps/row_app.h"
#include "os/os.h"

int64_t
firefox_now_us(void)
{
	return os->now_unix_ms() * 1000; /* Firefox has no finer ones here */
}

/* Run @sql with up to three numbers. */
int
firefox_run(struct firefox *f, const char *sql, int64_t a, int64_t b, int64_t c, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	const int64_t values[] = { a, b, c };

	if (query_open(&q, &f->db.sql, sql, err) < 0)
		return -1;
	for (int i = 0; i < 3 && i < sqlite3_bind_parameter_count(q.stmt); i++)
		query_int(&q, i + 1, values[i]);
	return query_run(&q, err);
}

/* The number that @sql gives for @a and @text; -1: none. */
int
firefox_ask(int64_t *out, struct firefox *f, const char *sql, int64_t a, struct span text,
	    struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &f->db.sql, sql, err) < 0)
		return -1;
	query_int(&q, 1, a);
	query_text_span(&q, 2, text);
	rc = query_step(&q, err);
	*out = rc == QUERY_ROW ? query_column_int(&q, 0) : -1;
	return rc < 0 ? -1 : 0;
}

int64_t
firefox_last_id(const struct firefox *f)
{
	return sqlite3_last_insert_rowid(f->db.sql.db);
}

/* A folder's content changed. */
int
firefox_touch_folder(struct firefox *f, int64_t id, struct err *err)
{
	return firefox_run(f,
			   "UPDATE moz_bookmarks SET lastModified = max(lastModified, ?2),"
			   " syncChangeCounter = syncChangeCounter + 1 WHERE id = ?1",
			   id, firefox_now_us(), 0, err);
}

/* @by more, or less, refer to the page. */
int
firefox_count_page(struct firefox *f, int64_t place, int by, struct err *err)
{
	return firefox_run(f,
			   "UPDATE moz_places SET foreign_count = max(foreign_count + ?2, 0),"
			   " recalc_frecency = 1, recalc_alt_frecency = 1 WHERE id = ?1",
			   place, by, 0, err);
}

/* The bookmarks of a page, for Sync: its tags or keyword changed. */
int
firefox_touch_bookmarks_of(struct firefox *f, int64_t place, struct err *err)
{
	return firefox_run(
		f,
		"UPDATE moz_bookmarks SET syncChangeCounter = syncChangeCounter + 1 WHERE fk = ?1"
		" AND type = 1 AND parent NOT IN (SELECT id FROM moz_bookmarks WHERE parent = ?2)",
		place, f->tags_root, 0, err);
}

/* A row at the end of @parent.  @added_us 0: now. */
int
firefox_insert(struct firefox *f, int type, int64_t place, int64_t parent, struct span title,
	       const char *guid, int64_t added_us, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t now = firefox_now_us();

	if (query_open(
		    &q, &f->db.sql,
		    "INSERT INTO moz_bookmarks(type, fk, parent, position, title, dateAdded,"
		    " lastModified, guid, syncStatus, syncChangeCounter) VALUES(?1, ?2, ?3,"
		    " (SELECT coalesce(max(position) + 1, 0) FROM moz_bookmarks WHERE parent = ?3),"
		    " ?4, ?5, ?6, ?7, 1, 1)",
		    err) < 0)
		return -1;
	query_int(&q, 1, type);
	if (place)
		query_int(&q, 2, place);
	else
		query_null(&q, 2);
	query_int(&q, 3, parent);
	if (title.p)
		query_text_span(&q, 4, title);
	else
		query_null(&q, 4);
	query_int(&q, 5, added_us ? added_us : now);
	query_int(&q, 6, now);
	query_text_span(&q, 7, span_str(guid));
	return query_run(&q, err);
}

static int
new_guid(char out[static PLACES_GUID_BYTES], struct firefox *f, struct span parent_guid,
	 struct span title, struct err *err)
{
	int64_t taken;

	places_guid_of_folder(out, parent_guid, title);
	if (firefox_ask(&taken, f, "SELECT ?1 + 1 FROM moz_bookmarks WHERE guid = ?2", 0,
			span_str(out), err) < 0)
		return -1;
	if (taken >= 0)
		places_guid_random(out);
	return firefox_ask(&taken, f,
			   "DELETE FROM moz_bookmarks_deleted WHERE ?1 = 0 AND guid = ?2", 0,
			   span_str(out), err);
}

int
firefox_guid_of(char out[static PLACES_GUID_BYTES], struct firefox *f, int64_t id, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	memset(out, 0, PLACES_GUID_BYTES);
	if (query_open(&q, &f->db.sql, "SELECT guid FROM moz_bookmarks WHERE id = ?1", err) < 0)
		return -1;
	query_int(&q, 1, id);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : 0;
	struct span guid = query_column_blob(&q, 0);
	memcpy(out, guid.p, guid.n < PLACES_GUID_BYTES ? guid.n : PLACES_GUID_BYTES - 1);
	return 0;
}

static int
make_folder(int64_t *out, struct firefox *f, int64_t parent, struct span title, struct err *err)
{
	char parent_guid[PLACES_GUID_BYTES], guid[PLACES_GUID_BYTES];

	if (firefox_guid_of(parent_guid, f, parent, err) < 0 ||
	    new_guid(guid, f, span_str(parent_guid), title, err) < 0 ||
	    firefox_insert(f, FIREFOX_TYPE_FOLDER, 0, parent,
			   span_of(title.n ? title.p : (const void *)"", title.n), guid, 0,
			   err) < 0)
		return -1;
	*out = firefox_last_id(f);
	if (firefox_touch_folder(f, parent, err) < 0)
		return -1;
	AUTO(query_clear) struct query q = QUERY_INIT;
	if (query_open(&q, &f->db.sql,
		       "INSERT INTO temp.folders(parent, title, id) VALUES(?1, ?2, ?3)", err) < 0)
		return -1;
	query_int(&q, 1, parent);
	query_text_span(&q, 2, title);
	query_int(&q, 3, *out);
	return query_run(&q, err);
}

int
firefox_need_folder(int64_t *out, struct firefox *f, int64_t parent, struct span title,
		    struct err *err)
{
	if (firefox_ask(out, f,
			"SELECT id FROM temp.folders WHERE parent = ?1 AND title = ?2"
			" ORDER BY id LIMIT 1",
			parent, title, err) < 0)
		return -1;
	return *out >= 0 ? 0 : make_folder(out, f, parent, title, err);
}

/* Where a bookmark belongs; ROW_REFUSED: a root that this profile does not have. */
int
firefox_need_path(int64_t *out, struct firefox *f, const struct bookmark *b, struct err *err)
{
	*out = f->roots[b->root];
	if (*out < 0) {
		err_set(err, ERR_NOT_FOUND, "this profile has no folder for mobile bookmarks");
		return ROW_REFUSED;
	}
	for (size_t i = 0; i < b->n_folders; i++)
		if (firefox_need_folder(out, f, *out, b->folders[i], err) < 0)
			return -1;
	return 0;
}

static int
make_origin(int64_t *out, struct firefox *f, struct span url, struct err *err)
{
	AUTO(query_clear) struct query add = QUERY_INIT, look = QUERY_INIT;
	struct span prefix, host;
	int rc;

	places_origin(&prefix, &host, url);
	if (query_open(&add, &f->db.sql,
		       "INSERT OR IGNORE INTO moz_origins(prefix, host, frecency, recalc_frecency,"
		       " recalc_alt_frecency) VALUES(?1, ?2, -1, 1, 1)",
		       err) < 0)
		return -1;
	query_text_span(&add, 1, prefix);
	query_text_span(&add, 2, host);
	if (query_run(&add, err) < 0 ||
	    query_open(&look, &f->db.sql,
		       "SELECT id FROM moz_origins WHERE prefix = ?1 AND host = ?2", err) < 0)
		return -1;
	query_text_span(&look, 1, prefix);
	query_text_span(&look, 2, host);
	rc = query_step(&look, err);
	*out = rc == QUERY_ROW ? query_column_int(&look, 0) : 0;
	return rc < 0 ? -1 : 0;
}

int
firefox_make_page(int64_t *out, struct firefox *f, struct span url, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(buf_clear) struct buf rev_host = BUF_INIT(2 * (size_t)PLACES_URL_MAX);
	char guid[PLACES_GUID_BYTES];
	int64_t origin;

	places_guid_random(guid);
	if (make_origin(&origin, f, url, err) < 0 || places_rev_host(&rev_host, url, err) < 0 ||
	    query_open(
		    &q, &f->db.sql,
		    "INSERT INTO moz_places(url, rev_host, hidden, frecency, guid, foreign_count,"
		    " url_hash, origin_id, recalc_frecency, recalc_alt_frecency)"
		    " VALUES(?1, ?2, 0, -1, ?3, 0, ?4, ?5, 1, 1)",
		    err) < 0)
		return -1;
	query_text_span(&q, 1, url);
	query_text_span(&q, 2, buf_span(&rev_host));
	query_text_span(&q, 3, span_str(guid));
	query_int(&q, 4, places_url_hash(url));
	query_int(&q, 5, origin);
	if (query_run(&q, err) < 0)
		return -1;
	*out = firefox_last_id(f);
	return 0;
}

int
firefox_find_page(int64_t *out, struct firefox *f, struct span url, struct err *err)
{
	return firefox_ask(out, f, "SELECT id FROM moz_places WHERE url_hash = ?1 AND url = ?2",
			   places_url_hash(url), url, err);
}

/* 0, APP_MOVED (there is none) or -1. */
int
firefox_look(struct firefox_row *out, struct firefox *f, int64_t id, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &f->db.sql,
		       "SELECT coalesce(fk, 0), parent, position, syncStatus FROM moz_bookmarks"
		       " WHERE id = ?1",
		       err) < 0)
		return -1;
	query_int(&q, 1, id);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : APP_MOVED;
	*out = (struct firefox_row){ .place = query_column_int(&q, 0),
				     .parent = query_column_int(&q, 1),
				     .position = query_column_int(&q, 2),
				     .sync_status = query_column_int(&q, 3) };
	return firefox_guid_of(out->guid, f, id, err);
}

/* Take a row away, which nothing refers to. */
int
firefox_delete_row(struct firefox *f, int64_t id, const struct firefox_row *row, struct err *err)
{
	int64_t none;

	if (row->sync_status == 2 && /* NORMAL: Sync has it */
	    firefox_ask(&none, f,
			"INSERT OR REPLACE INTO moz_bookmarks_deleted(dateRemoved, guid)"
			" VALUES(?1, ?2)",
			firefox_now_us(), span_str(row->guid), err) < 0)
		return -1;
	if (firefox_run(f, "DELETE FROM moz_bookmarks WHERE id = ?1", id, 0, 0, err) < 0 ||
	    firefox_run(f, "DELETE FROM temp.folders WHERE id = ?1", id, 0, 0, err) < 0 ||
	    firefox_run(f, "INSERT OR IGNORE INTO temp.gaps VALUES(?1)", row->parent, 0, 0, err) <
		    0)
		return -1;
	return row->place && firefox_count_page(f, row->place, -1, err) < 0
		       ? -1
		       : firefox_touch_folder(f, row->parent, err);
}
