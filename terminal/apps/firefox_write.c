/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firefox_write: changes to a Firefox profile's bookmarks, while Firefox does not run.
 *
 * Firefox's own work is done by triggers that exist only while it runs; so here each change does
 * what they would: pages and their origins, how many refer to a page (foreign_count), positions without
 * gaps, times and change counters of the folders, tombstones of what Firefox Sync knows.
 *
 * .parentlock is held as long as the transaction, so that no Firefox starts on this profile meanwhile.
 *
 * Tags and keywords belong to the address, not to the bookmark.  So those of an edit are put aside
 * (temp.tags, temp.keywords) and written at the end: until then every bookmark shows what it showed, but
 * the edited one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/firefox_internal.h"
#include "apps/places.h"
#include "apps/row_app.h"
#include "item/weburl.h"
#include "os/os.h"

#define SEEN_TEXT_MAX ((size_t)1 << 20) /* tags and keyword of one page */

/* ---- begin and end ---- */

/* Nobody else has the profile: ours until lock_fd is closed. */
static int
lock_profile(struct firefox *f, struct err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[APP_PATH_MAX + 16];

	snprintf(path, sizeof path, "%s/.parentlock", f->profile);
	f->lock_fd = os->openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (f->lock_fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	if (fcntl(f->lock_fd, F_SETLK, &whole) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return err_sys(err, errno, "cannot lock %s", path);
	err_set(err, ERR_BUSY, "Firefox is open with this profile, and nothing can be written now");
	return err_hint(err, "close Firefox and do it again");
}

static void
unlock_profile(struct firefox *f)
{
	if (f->lock_fd >= 0)
		os->close(f->lock_fd);
	f->lock_fd = -1;
}

static int
check_schema(struct firefox *f, struct err *err)
{
	int64_t version;

	if (app_db_number(&version, &f->db, "PRAGMA user_version", err) < 0)
		return -1;
	if (version >= FIREFOX_WRITE_OLDEST && version <= FIREFOX_WRITE_NEWEST)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"this Firefox keeps its bookmarks in a way that is not known here (schema %lld): "
		"they are read, not written",
		(long long)version);
	return version > FIREFOX_WRITE_NEWEST
		       ? err_hint(err,
				  "update Cloudbox, or export the bookmarks and import them in "
				  "Firefox")
		       : err_hint(err, "update Firefox");
}

static int
start(struct firefox *f, struct err *err)
{
	if (lock_profile(f, err) < 0 || app_db_open_write(&f->db, f->path, err) < 0)
		return -1;
	f->is_writing = true;
	if (app_db_exec(&f->db, "PRAGMA temp_store = MEMORY; BEGIN EXCLUSIVE", err) < 0 ||
	    check_schema(f, err) < 0 || firefox_read_roots(f, err) < 0)
		return -1;
	return app_db_exec(
		&f->db,
		"CREATE TEMP TABLE tags(bookmark INTEGER, place INTEGER, tag TEXT, added INTEGER);"
		"CREATE INDEX temp.tags_of ON tags(bookmark);"
		"CREATE TEMP TABLE keywords(bookmark INTEGER, place INTEGER, keyword TEXT, added "
		"INTEGER);"
		"CREATE INDEX temp.keywords_of ON keywords(bookmark);"
		"CREATE INDEX temp.keywords_by ON keywords(keyword);"
		"CREATE TEMP TABLE folders(parent INTEGER, title TEXT, id INTEGER PRIMARY KEY);"
		"INSERT INTO temp.folders SELECT parent, coalesce(title, ''), id FROM moz_bookmarks"
		" WHERE type = 2;"
		"CREATE INDEX temp.folders_of ON folders(parent, title);"
		"CREATE TEMP TABLE gaps(parent INTEGER PRIMARY KEY);"
		"CREATE TEMP TABLE removed(place INTEGER PRIMARY KEY)",
		err);
}

int
firefox_begin(void *store, struct err *err)
{
	struct firefox *f = store;

	firefox_forget(f);
	if (start(f, err) == 0)
		return 0;
	firefox_rollback(f);
	return -1;
}

void
firefox_rollback(void *store)
{
	struct firefox *f = store;
	struct err ignored = { 0 };

	if (f->is_writing && !sqlite3_get_autocommit(f->db.sql))
		app_db_exec(&f->db, "ROLLBACK", &ignored);
	if (f->is_writing)
		firefox_forget(f);
	f->is_writing = false;
	unlock_profile(f);
}

/* ---- pieces of a change ---- */

static int64_t
now_us(void)
{
	return os->now_unix_ms() * 1000; /* Firefox has no finer ones here */
}

/* Run @sql with up to three numbers. */
static int
run(struct firefox *f, const char *sql, int64_t a, int64_t b, int64_t c, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	const int64_t values[] = { a, b, c };

	if (app_query_init(&q, &f->db, sql, err) < 0)
		return -1;
	for (int i = 0; i < sqlite3_bind_parameter_count(q.stmt); i++)
		app_bind_int(&q, i + 1, values[i]);
	return app_query_run(&q, err);
}

/* The number that @sql gives for @a and @text; -1: none. */
static int
find(int64_t *out, struct firefox *f, const char *sql, int64_t a, struct span text, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	int rc;

	if (app_query_init(&q, &f->db, sql, err) < 0)
		return -1;
	app_bind_int(&q, 1, a);
	app_bind_text(&q, 2, text);
	rc = app_query_step(&q, err);
	*out = rc == APP_QUERY_ROW ? app_column_int(&q, 0) : -1;
	return rc < 0 ? -1 : 0;
}

static int64_t
last_id(const struct firefox *f)
{
	return sqlite3_last_insert_rowid(f->db.sql);
}

/* A folder's content changed. */
static int
touch_folder(struct firefox *f, int64_t id, struct err *err)
{
	return run(f,
		   "UPDATE moz_bookmarks SET lastModified = max(lastModified, ?2),"
		   " syncChangeCounter = syncChangeCounter + 1 WHERE id = ?1",
		   id, now_us(), 0, err);
}

/* @by more, or less, refer to the page. */
static int
count_page(struct firefox *f, int64_t place, int by, struct err *err)
{
	return run(f,
		   "UPDATE moz_places SET foreign_count = max(foreign_count + ?2, 0),"
		   " recalc_frecency = 1, recalc_alt_frecency = 1 WHERE id = ?1",
		   place, by, 0, err);
}

/* The bookmarks of a page, for Sync: its tags or keyword changed. */
static int
touch_bookmarks_of(struct firefox *f, int64_t place, struct err *err)
{
	return run(
		f,
		"UPDATE moz_bookmarks SET syncChangeCounter = syncChangeCounter + 1 WHERE fk = ?1"
		" AND type = 1 AND parent NOT IN (SELECT id FROM moz_bookmarks WHERE parent = ?2)",
		place, f->tags_root, 0, err);
}

/* A row at the end of @parent.  @added_us 0: now. */
static int
insert(struct firefox *f, int type, int64_t place, int64_t parent, struct span title,
       const char *guid, int64_t added_us, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	int64_t now = now_us();

	if (app_query_init(
		    &q, &f->db,
		    "INSERT INTO moz_bookmarks(type, fk, parent, position, title, dateAdded,"
		    " lastModified, guid, syncStatus, syncChangeCounter) VALUES(?1, ?2, ?3,"
		    " (SELECT coalesce(max(position) + 1, 0) FROM moz_bookmarks WHERE parent = ?3),"
		    " ?4, ?5, ?6, ?7, 1, 1)",
		    err) < 0)
		return -1;
	app_bind_int(&q, 1, type);
	if (place)
		app_bind_int(&q, 2, place);
	else
		app_bind_null(&q, 2);
	app_bind_int(&q, 3, parent);
	if (title.p)
		app_bind_text(&q, 4, title);
	else
		app_bind_null(&q, 4);
	app_bind_int(&q, 5, added_us ? added_us : now);
	app_bind_int(&q, 6, now);
	app_bind_text(&q, 7, span_str(guid));
	return app_query_run(&q, err);
}

static int
new_guid(char out[static PLACES_GUID_BYTES], struct firefox *f, struct span parent_guid,
	 struct span title, struct err *err)
{
	int64_t taken;

	places_guid_of_folder(out, parent_guid, title);
	if (find(&taken, f, "SELECT ?1 + 1 FROM moz_bookmarks WHERE guid = ?2", 0, span_str(out),
		 err) < 0)
		return -1;
	if (taken >= 0)
		places_guid_random(out);
	return find(&taken, f, "DELETE FROM moz_bookmarks_deleted WHERE ?1 = 0 AND guid = ?2", 0,
		    span_str(out), err);
}

static int
guid_of(char out[static PLACES_GUID_BYTES], struct firefox *f, int64_t id, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	int rc;

	memset(out, 0, PLACES_GUID_BYTES);
	if (app_query_init(&q, &f->db, "SELECT guid FROM moz_bookmarks WHERE id = ?1", err) < 0)
		return -1;
	app_bind_int(&q, 1, id);
	rc = app_query_step(&q, err);
	if (rc != APP_QUERY_ROW)
		return rc < 0 ? -1 : 0;
	struct span guid = app_column_span(&q, 0);
	memcpy(out, guid.p, guid.n < PLACES_GUID_BYTES ? guid.n : PLACES_GUID_BYTES - 1);
	return 0;
}

static int
make_folder(int64_t *out, struct firefox *f, int64_t parent, struct span title, struct err *err)
{
	char parent_guid[PLACES_GUID_BYTES], guid[PLACES_GUID_BYTES];

	if (guid_of(parent_guid, f, parent, err) < 0 ||
	    new_guid(guid, f, span_str(parent_guid), title, err) < 0 ||
	    insert(f, FIREFOX_TYPE_FOLDER, 0, parent,
		   span_of(title.n ? title.p : (const void *)"", title.n), guid, 0, err) < 0)
		return -1;
	*out = last_id(f);
	if (touch_folder(f, parent, err) < 0)
		return -1;
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	if (app_query_init(&q, &f->db,
			   "INSERT INTO temp.folders(parent, title, id) VALUES(?1, ?2, ?3)",
			   err) < 0)
		return -1;
	app_bind_int(&q, 1, parent);
	app_bind_text(&q, 2, title);
	app_bind_int(&q, 3, *out);
	return app_query_run(&q, err);
}

static int
need_folder(int64_t *out, struct firefox *f, int64_t parent, struct span title, struct err *err)
{
	if (find(out, f,
		 "SELECT id FROM temp.folders WHERE parent = ?1 AND title = ?2"
		 " ORDER BY id LIMIT 1",
		 parent, title, err) < 0)
		return -1;
	return *out >= 0 ? 0 : make_folder(out, f, parent, title, err);
}

/* Where a bookmark belongs; ROW_REFUSED: a root that this profile does not have. */
static int
need_path(int64_t *out, struct firefox *f, const struct bookmark *b, struct err *err)
{
	*out = f->roots[b->root];
	if (*out < 0) {
		err_set(err, ERR_NOT_FOUND, "this profile has no folder for mobile bookmarks");
		return ROW_REFUSED;
	}
	for (size_t i = 0; i < b->n_folders; i++)
		if (need_folder(out, f, *out, b->folders[i], err) < 0)
			return -1;
	return 0;
}

static int
make_origin(int64_t *out, struct firefox *f, struct span url, struct err *err)
{
	AUTO(app_query_clear) struct app_query add = APP_QUERY_INIT, look = APP_QUERY_INIT;
	struct span prefix, host;
	int rc;

	places_origin(&prefix, &host, url);
	if (app_query_init(
		    &add, &f->db,
		    "INSERT OR IGNORE INTO moz_origins(prefix, host, frecency, recalc_frecency,"
		    " recalc_alt_frecency) VALUES(?1, ?2, -1, 1, 1)",
		    err) < 0)
		return -1;
	app_bind_text(&add, 1, prefix);
	app_bind_text(&add, 2, host);
	if (app_query_run(&add, err) < 0 ||
	    app_query_init(&look, &f->db,
			   "SELECT id FROM moz_origins WHERE prefix = ?1 AND host = ?2", err) < 0)
		return -1;
	app_bind_text(&look, 1, prefix);
	app_bind_text(&look, 2, host);
	rc = app_query_step(&look, err);
	*out = rc == APP_QUERY_ROW ? app_column_int(&look, 0) : 0;
	return rc < 0 ? -1 : 0;
}

static int
make_page(int64_t *out, struct firefox *f, struct span url, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	AUTO(buf_clear) struct buf rev_host = BUF_INIT(2 * (size_t)PLACES_URL_MAX);
	char guid[PLACES_GUID_BYTES];
	int64_t origin;

	places_guid_random(guid);
	if (make_origin(&origin, f, url, err) < 0 || places_rev_host(&rev_host, url, err) < 0 ||
	    app_query_init(
		    &q, &f->db,
		    "INSERT INTO moz_places(url, rev_host, hidden, frecency, guid, foreign_count,"
		    " url_hash, origin_id, recalc_frecency, recalc_alt_frecency)"
		    " VALUES(?1, ?2, 0, -1, ?3, 0, ?4, ?5, 1, 1)",
		    err) < 0)
		return -1;
	app_bind_text(&q, 1, url);
	app_bind_text(&q, 2, buf_span(&rev_host));
	app_bind_text(&q, 3, span_str(guid));
	app_bind_int(&q, 4, places_url_hash(url));
	app_bind_int(&q, 5, origin);
	if (app_query_run(&q, err) < 0)
		return -1;
	*out = last_id(f);
	return 0;
}

static int
find_page(int64_t *out, struct firefox *f, struct span url, struct err *err)
{
	return find(out, f, "SELECT id FROM moz_places WHERE url_hash = ?1 AND url = ?2",
		    places_url_hash(url), url, err);
}

/* ---- tags and keywords, put aside ---- */

static int
put_aside(struct firefox *f, const char *sql, int64_t id, int64_t place, struct span text,
	  bool added, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;

	if (app_query_init(&q, &f->db, sql, err) < 0)
		return -1;
	app_bind_int(&q, 1, id);
	app_bind_int(&q, 2, place);
	app_bind_text(&q, 3, text);
	app_bind_int(&q, 4, added);
	return app_query_run(&q, err);
}

#define ASIDE_TAG     "INSERT INTO temp.tags VALUES(?1, ?2, ?3, ?4)"
#define ASIDE_KEYWORD "INSERT INTO temp.keywords VALUES(?1, ?2, ?3, ?4)"

static bool
has_tag(const struct bookmark *b, struct span tag)
{
	for (size_t i = 0; i < b->n_tags; i++)
		if (span_equal(b->tags[i], tag))
			return true;
	return false;
}

/* The tags of @b that @other has not. */
static int
aside_tags(struct firefox *f, int64_t id, int64_t place, const struct bookmark *b,
	   const struct bookmark *other, bool added, struct err *err)
{
	for (size_t i = 0; i < b->n_tags; i++)
		if (!has_tag(other, b->tags[i]) &&
		    put_aside(f, ASIDE_TAG, id, place, b->tags[i], added, err) < 0)
			return -1;
	return 0;
}

/* Has nobody this keyword, and the page none?  *is_free tells. */
static int
keyword_is_free(bool *is_free, struct firefox *f, int64_t place, struct span keyword,
		struct err *err)
{
	int64_t taken;

	if (find(&taken, f,
		 "SELECT 1 FROM moz_keywords WHERE keyword = ?2 OR (place_id = ?1 AND"
		 " coalesce(post_data, '') = '')",
		 place, keyword, err) < 0)
		return -1;
	*is_free = taken < 0;
	if (!*is_free || !f->is_writing)
		return 0;
	if (find(&taken, f,
		 "SELECT 1 FROM temp.keywords WHERE added AND (keyword = ?2) <> (place = ?1)",
		 place, keyword, err) < 0)
		return -1;
	*is_free = taken < 0;
	return 0;
}

static int
aside_keyword(struct firefox *f, int64_t id, int64_t place, struct span keyword, struct err *err)
{
	bool is_free;

	if (keyword.n == 0)
		return 0;
	if (keyword_is_free(&is_free, f, place, keyword, err) < 0)
		return -1;
	return is_free ? put_aside(f, ASIDE_KEYWORD, id, place, keyword, true, err) : 0;
}

/* ---- add, replace, remove ---- */

/* The address as Firefox has it.  0, ROW_REFUSED or -1. */
static int
address(struct buf *out, const struct bookmark *b, struct err *err)
{
	int rc = weburl_normal(out, b->url, err);

	if (rc == 0 &&
	    (out->n > PLACES_URL_MAX || (out->n >= 6 && memcmp(out->p, "place:", 6) == 0)))
		rc = WEBURL_INVALID;
	if (rc != WEBURL_INVALID)
		return rc;
	err_set(err, ERR_UNSUPPORTED, "Firefox takes no such address as this bookmark has");
	return ROW_REFUSED;
}

int
firefox_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	struct firefox *f = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(buf_clear) struct buf url = BUF_INIT(ITEM_BYTES_MAX);
	const struct bookmark none = { .n_tags = 0 };
	char guid[PLACES_GUID_BYTES];
	int64_t parent, place;
	int rc;

	if (bookmark_parse(&b, bytes, err) < 0)
		return -1;
	rc = address(&url, &b, err);
	if (rc == 0)
		rc = need_path(&parent, f, &b, err);
	if (rc)
		return rc;
	if (find_page(&place, f, buf_span(&url), err) < 0 ||
	    (place < 0 && make_page(&place, f, buf_span(&url), err) < 0))
		return -1;
	places_guid_random(guid);
	if (insert(f, FIREFOX_TYPE_URL, place, parent, b.title, guid, b.added_unix_ms * 1000, err) <
	    0)
		return -1;
	*number = last_id(f);
	return count_page(f, place, 1, err) < 0 || touch_folder(f, parent, err) < 0 ||
			       aside_tags(f, *number, place, &b, &none, true, err) < 0
		       ? -1
		       : aside_keyword(f, *number, place, b.keyword, err);
}

/* What stands in a row, besides what its bookmark says. */
struct stored {
	int64_t place, parent, position, sync_status;
	char guid[PLACES_GUID_BYTES];
};

/* 0, APP_MOVED (there is none) or -1. */
static int
look(struct stored *out, struct firefox *f, int64_t id, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	int rc;

	if (app_query_init(&q, &f->db,
			   "SELECT coalesce(fk, 0), parent, position, syncStatus FROM moz_bookmarks"
			   " WHERE id = ?1",
			   err) < 0)
		return -1;
	app_bind_int(&q, 1, id);
	rc = app_query_step(&q, err);
	if (rc != APP_QUERY_ROW)
		return rc < 0 ? -1 : APP_MOVED;
	*out = (struct stored){ .place = app_column_int(&q, 0),
				.parent = app_column_int(&q, 1),
				.position = app_column_int(&q, 2),
				.sync_status = app_column_int(&q, 3) };
	return guid_of(out->guid, f, id, err);
}

static int
replace_title(struct firefox *f, int64_t id, const struct bookmark *b, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;

	if (app_query_init(
		    &q, &f->db,
		    "UPDATE moz_bookmarks SET title = ?1, lastModified = max(lastModified, ?2),"
		    " dateAdded = CASE ?3 WHEN 0 THEN dateAdded ELSE ?3 END,"
		    " syncChangeCounter = syncChangeCounter + 1 WHERE id = ?4",
		    err) < 0)
		return -1;
	if (b->title.n)
		app_bind_text(&q, 1, b->title);
	else
		app_bind_null(&q, 1);
	app_bind_int(&q, 2, now_us());
	app_bind_int(&q, 3, b->added_unix_ms * 1000);
	app_bind_int(&q, 4, id);
	return app_query_run(&q, err);
}

/* What is put aside of an earlier edit of this row counts no more. */
static int
forget_aside(struct firefox *f, int64_t id, struct err *err)
{
	return run(f, "DELETE FROM temp.tags WHERE bookmark = ?1", id, 0, 0, err) < 0
		       ? -1
		       : run(f, "DELETE FROM temp.keywords WHERE bookmark = ?1", id, 0, 0, err);
}

int
firefox_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	struct firefox *f = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 }, old = { .n_tags = 0 };
	AUTO(buf_clear) struct buf now = BUF_INIT(ITEM_BYTES_MAX);
	struct stored row;
	int rc;

	if (forget_aside(f, number, err) < 0)
		return -1;
	rc = firefox_read(f, number, &now, err);
	if (rc == 0)
		rc = look(&row, f, number, err);
	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "the bookmark is gone");
	if (bookmark_parse(&b, bytes, err) < 0 || bookmark_parse(&old, buf_span(&now), err) < 0 ||
	    replace_title(f, number, &b, err) < 0 ||
	    aside_tags(f, number, row.place, &b, &old, true, err) < 0 ||
	    aside_tags(f, number, row.place, &old, &b, false, err) < 0)
		return -1;
	if (span_equal(b.keyword, old.keyword))
		return 0;
	if (old.keyword.n &&
	    put_aside(f, ASIDE_KEYWORD, number, row.place, old.keyword, false, err) < 0)
		return -1;
	return aside_keyword(f, number, row.place, b.keyword, err);
}

/* Take a row away, which nothing refers to. */
static int
delete_row(struct firefox *f, int64_t id, const struct stored *row, struct err *err)
{
	int64_t none;

	if (row->sync_status == 2 && /* NORMAL: Sync has it */
	    find(&none, f,
		 "INSERT OR REPLACE INTO moz_bookmarks_deleted(dateRemoved, guid)"
		 " VALUES(?1, ?2)",
		 now_us(), span_str(row->guid), err) < 0)
		return -1;
	if (run(f, "DELETE FROM moz_bookmarks WHERE id = ?1", id, 0, 0, err) < 0 ||
	    run(f, "DELETE FROM temp.folders WHERE id = ?1", id, 0, 0, err) < 0 ||
	    run(f, "INSERT OR IGNORE INTO temp.gaps VALUES(?1)", row->parent, 0, 0, err) < 0)
		return -1;
	return row->place && count_page(f, row->place, -1, err) < 0
		       ? -1
		       : touch_folder(f, row->parent, err);
}

/* Is the folder one that we made, and empty now? */
static int
is_ours_and_empty(bool *out, struct firefox *f, int64_t id, const struct stored *row,
		  struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	char parent_guid[PLACES_GUID_BYTES], guid[PLACES_GUID_BYTES];
	int rc;

	*out = false;
	if (guid_of(parent_guid, f, row->parent, err) < 0 ||
	    app_query_init(
		    &q, &f->db,
		    "SELECT title FROM moz_bookmarks b WHERE id = ?1 AND type = 2 AND NOT EXISTS"
		    " (SELECT 1 FROM moz_bookmarks c WHERE c.parent = b.id)",
		    err) < 0)
		return -1;
	app_bind_int(&q, 1, id);
	rc = app_query_step(&q, err);
	if (rc != APP_QUERY_ROW)
		return rc < 0 ? -1 : 0;
	places_guid_of_folder(guid, span_str(parent_guid), app_column_span(&q, 0));
	*out = strcmp(guid, row->guid) == 0;
	return 0;
}

/* The folders that adding made go with what was added. */
static int
remove_empty_folders(struct firefox *f, int64_t id, struct err *err)
{
	struct stored row;
	bool goes = true;

	for (; goes; id = row.parent) {
		int rc = look(&row, f, id, err);

		if (rc)
			return rc < 0 ? -1 : 0;
		if (is_ours_and_empty(&goes, f, id, &row, err) < 0 ||
		    (goes && delete_row(f, id, &row, err) < 0))
			return -1;
	}
	return 0;
}

int
firefox_remove(void *store, int64_t number, struct err *err)
{
	struct firefox *f = store;
	struct stored row;
	int rc = look(&row, f, number, err);

	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "the bookmark is gone");
	f->folder.id = 0;
	return forget_aside(f, number, err) < 0 || delete_row(f, number, &row, err) < 0 ||
			       run(f, "INSERT OR IGNORE INTO temp.removed VALUES(?1)", row.place, 0,
				   0, err) < 0
		       ? -1
		       : remove_empty_folders(f, row.parent, err);
}

/* ---- at the end ---- */

static int
write_tag(struct firefox *f, int64_t place, struct span tag, struct err *err)
{
	char guid[PLACES_GUID_BYTES];
	int64_t folder;

	if (need_folder(&folder, f, f->tags_root, tag, err) < 0)
		return -1;
	places_guid_random(guid);
	if (insert(f, FIREFOX_TYPE_URL, place, folder, span_of(NULL, 0), guid, 0, err) < 0 ||
	    count_page(f, place, 1, err) < 0 || touch_folder(f, folder, err) < 0)
		return -1;
	return touch_bookmarks_of(f, place, err);
}

/* Call @fn for what @sql lists: places, and texts. */
static int
for_all(struct firefox *f, const char *sql,
	int (*fn)(struct firefox *f, int64_t place, struct span text, struct err *err),
	struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	int rc;

	if (app_query_init(&q, &f->db, sql, err) < 0)
		return -1;
	if (sqlite3_bind_parameter_count(q.stmt))
		app_bind_int(&q, 1, f->tags_root);
	while ((rc = app_query_step(&q, err)) == APP_QUERY_ROW)
		if (fn(f, app_column_int(&q, 0), app_column_span(&q, 1), err) < 0)
			return -1;
	return rc;
}

/* Entry @id of a tag goes, and the tag with its last one. */
static int
delete_tag_entry(struct firefox *f, int64_t id, struct span unused, struct err *err)
{
	struct stored row, folder;
	int64_t more;
	int rc = look(&row, f, id, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (delete_row(f, id, &row, err) < 0 || touch_bookmarks_of(f, row.place, err) < 0 ||
	    find(&more, f, "SELECT 1 FROM moz_bookmarks WHERE parent = ?1 LIMIT 1 + length(?2)",
		 row.parent, unused, err) < 0)
		return -1;
	rc = more < 0 ? look(&folder, f, row.parent, err) : APP_MOVED;
	return rc == 0 ? delete_row(f, row.parent, &folder, err) : rc < 0 ? -1 : 0;
}

static int
write_keyword(struct firefox *f, int64_t place, struct span keyword, struct err *err)
{
	int64_t none;

	if (find(&none, f,
		 "INSERT INTO moz_keywords(place_id, keyword, post_data) VALUES(?1, ?2, '')", place,
		 keyword, err) < 0 ||
	    count_page(f, place, 1, err) < 0)
		return -1;
	return touch_bookmarks_of(f, place, err);
}

static int
delete_keyword(struct firefox *f, int64_t place, struct span keyword, struct err *err)
{
	int64_t none;

	if (find(&none, f, "DELETE FROM moz_keywords WHERE place_id = ?1 AND keyword = ?2", place,
		 keyword, err) < 0)
		return -1;
	int gone = sqlite3_changes(f->db.sql);
	if (gone == 0)
		return 0;
	return count_page(f, place, -gone, err) < 0 ? -1 : touch_bookmarks_of(f, place, err);
}

/* Positions count without gaps. */
static int
close_gaps(struct firefox *f, int64_t parent, struct span unused, struct err *err)
{
	(void)unused;
	return run(f,
		   "UPDATE moz_bookmarks SET position = n.at FROM (SELECT id, row_number() OVER"
		   " (ORDER BY position, id) - 1 AS at FROM moz_bookmarks WHERE parent = ?1) n"
		   " WHERE moz_bookmarks.id = n.id AND moz_bookmarks.position <> n.at",
		   parent, 0, 0, err);
}

/* Entries of tags: of those taken off, and of pages that lost their last bookmark. */
#define TAGS_OF_PAGE                                                                               \
	"SELECT e.id, '' FROM moz_bookmarks e JOIN moz_bookmarks t ON t.id = e.parent"             \
	" WHERE t.parent = ?1 AND e.type = 1 AND "
#define LAST_BOOKMARK_LEFT                                                                         \
	" NOT EXISTS (SELECT 1 FROM moz_bookmarks b JOIN moz_bookmarks p ON p.id = b.parent"       \
	" WHERE b.fk = l.place AND b.type = 1 AND p.parent <> ?1)"

static int
write_aside(struct firefox *f, struct err *err)
{
	return for_all(f,
		       TAGS_OF_PAGE "(e.fk, t.title) IN (SELECT place, tag FROM temp.tags EXCEPT"
				    " SELECT place, tag FROM temp.tags WHERE added)",
		       delete_tag_entry, err) < 0 ||
			       for_all(f,
				       "SELECT place, keyword FROM temp.keywords EXCEPT"
				       " SELECT place, keyword FROM temp.keywords WHERE added",
				       delete_keyword, err) < 0 ||
			       for_all(f,
				       "SELECT DISTINCT a.place, a.tag FROM temp.tags a WHERE "
				       "a.added AND"
				       " NOT EXISTS (SELECT 1 FROM moz_bookmarks e JOIN "
				       "moz_bookmarks t ON"
				       " t.id = e.parent WHERE e.fk = a.place AND e.type = 1 AND"
				       " t.parent = ?1 AND t.title = a.tag)",
				       write_tag, err) < 0 ||
			       for_all(f,
				       "SELECT DISTINCT place, keyword FROM temp.keywords a WHERE "
				       "added AND"
				       " NOT EXISTS (SELECT 1 FROM moz_keywords k WHERE"
				       " k.place_id = a.place AND k.keyword = a.keyword)",
				       write_keyword, err) < 0
		       ? -1
		       : 0;
}

static int
write_left(struct firefox *f, struct err *err)
{
	return for_all(f,
		       TAGS_OF_PAGE
		       "e.fk IN (SELECT place FROM temp.removed l WHERE" LAST_BOOKMARK_LEFT ")",
		       delete_tag_entry, err) < 0 ||
			       for_all(f,
				       "SELECT k.place_id, k.keyword FROM temp.removed l JOIN "
				       "moz_keywords k"
				       " ON k.place_id = l.place WHERE" LAST_BOOKMARK_LEFT,
				       delete_keyword, err) < 0 ||
			       for_all(f, "SELECT parent, '' FROM temp.gaps", close_gaps, err) < 0
		       ? -1
		       : 0;
}

int
firefox_commit(void *store, struct err *err)
{
	struct firefox *f = store;

	if (write_aside(f, err) < 0 || write_left(f, err) < 0 ||
	    app_db_exec(&f->db, "COMMIT", err) < 0)
		return -1;
	firefox_rollback(f); /* lets go */
	return 0;
}

/* ---- what will be seen ---- */

/* The page's own tags and keyword, as far as it has some. */
static int
seen_of_page(struct firefox *f, int64_t place, struct bookmark *b, struct buf *text,
	     struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	int rc;

	if (app_query_init(
		    &q, &f->db,
		    "SELECT t.title, 1 FROM moz_bookmarks b JOIN moz_bookmarks t ON t.id = b.parent"
		    " WHERE b.fk = ?1 AND b.type = 1 AND t.parent = ?2 AND t.title <> ''"
		    " UNION ALL SELECT keyword, 0 FROM moz_keywords WHERE place_id = ?1"
		    " AND coalesce(post_data, '') = ''",
		    err) < 0)
		return -1;
	app_bind_int(&q, 1, place);
	app_bind_int(&q, 2, f->tags_root);
	while ((rc = app_query_step(&q, err)) == APP_QUERY_ROW) {
		struct span is = app_column_span(&q, 0);
		bool is_tag = app_column_int(&q, 1);

		if (is_tag && (has_tag(b, is) || b->n_tags == BOOKMARK_TAGS_MAX))
			continue;
		if (buf_reserve(text, is.n, err) < 0)
			return -1;
		is.p = memcpy(text->p + text->n, is.p, is.n); /* its room was made before */
		text->n += is.n;
		if (is_tag)
			b->tags[b->n_tags++] = is;
		else
			b->keyword = is;
	}
	return rc;
}

static int
compare_tags(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* @b, its tags in an array with room for all, becomes what a row of it shows. */
static int
seen(struct firefox *f, struct bookmark *b, struct buf *text, struct err *err)
{
	bool is_free = true;
	int64_t place;
	size_t n = 0;

	b->description = span_of(NULL, 0);
	if (find_page(&place, f, b->url, err) < 0)
		return -1;
	if (b->keyword.n && keyword_is_free(&is_free, f, place, b->keyword, err) < 0)
		return -1;
	if (!is_free)
		b->keyword = span_of(NULL, 0);
	if (place >= 0 && seen_of_page(f, place, b, text, err) < 0)
		return -1;
	if (b->n_tags)
		qsort(b->tags, b->n_tags, sizeof *b->tags, compare_tags);
	for (size_t i = 0; i < b->n_tags; i++)
		if (i == 0 || !span_equal(b->tags[i], b->tags[n - 1]))
			b->tags[n++] = b->tags[i];
	b->n_tags = n;
	return 0;
}

int
firefox_shown(struct buf *out, void *store, struct span bytes, struct err *err)
{
	struct firefox *f = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(free) struct span *tags = calloc(BOOKMARK_TAGS_MAX, sizeof *tags);
	AUTO(buf_clear) struct buf url = BUF_INIT(ITEM_BYTES_MAX), text = BUF_INIT(SEEN_TEXT_MAX);
	int rc;

	if (!tags)
		return err_nomem(err);
	if (bookmark_parse(&b, bytes, err) < 0 || buf_reserve(&text, SEEN_TEXT_MAX, err) < 0)
		return -1;
	rc = address(&url, &b, err);
	if (rc == 0 && b.added_unix_ms == 0)
		rc = ROW_REFUSED; /* it will be the moment of writing */
	if (rc == 0)
		rc = firefox_need_copy(f, err);
	if (rc)
		return rc < 0 ? -1 : ROW_REFUSED;
	struct bookmark shown = b;
	if (b.n_tags)
		memcpy(tags, b.tags, b.n_tags * sizeof *tags);
	shown.tags = tags;
	shown.url = buf_span(&url);
	return seen(f, &shown, &text, err) < 0 ? -1 : bookmark_print(out, &shown, err);
}
