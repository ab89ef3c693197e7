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
 * The tables: firefox_rows.c.  Tags, keywords, and all that is done at the end: firefox_tags.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "apps/firefox_write.h"
#include "apps/row_app.h"
#include "item/weburl.h"
#include "os/os.h"

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
	if (app_db_exec(&f->db, "BEGIN EXCLUSIVE", err) < 0 || check_schema(f, err) < 0 ||
	    firefox_read_roots(f, err) < 0)
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

	if (f->is_writing && !sqlite3_get_autocommit(f->db.sql.db))
		app_db_exec(&f->db, "ROLLBACK", &ignored);
	if (f->is_writing)
		firefox_forget(f);
	f->is_writing = false;
	unlock_profile(f);
}

/* ---- add, replace, remove ---- */

/* The address as Firefox has it.  0, ROW_REFUSED or -1. */
int
firefox_address(struct buf *out, const struct bookmark *b, struct err *err)
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
	rc = firefox_address(&url, &b, err);
	if (rc == 0)
		rc = firefox_need_path(&parent, f, &b, err);
	if (rc)
		return rc;
	if (firefox_find_page(&place, f, buf_span(&url), err) < 0 ||
	    (place < 0 && firefox_make_page(&place, f, buf_span(&url), err) < 0))
		return -1;
	places_guid_random(guid);
	if (firefox_insert(f, FIREFOX_TYPE_URL, place, parent, b.title, guid,
			   b.added_unix_ms * 1000, err) < 0)
		return -1;
	*number = firefox_last_id(f);
	return firefox_count_page(f, place, 1, err) < 0 ||
			       firefox_touch_folder(f, parent, err) < 0 ||
			       firefox_aside_tags(f, *number, place, &b, &none, true, err) < 0
		       ? -1
		       : firefox_aside_keyword(f, *number, place, b.keyword, err);
}

static int
replace_title(struct firefox *f, int64_t id, const struct bookmark *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_open(&q, &f->db.sql,
		       "UPDATE moz_bookmarks SET title = ?1, lastModified = max(lastModified, ?2),"
		       " dateAdded = CASE ?3 WHEN 0 THEN dateAdded ELSE ?3 END,"
		       " syncChangeCounter = syncChangeCounter + 1 WHERE id = ?4",
		       err) < 0)
		return -1;
	if (b->title.n)
		query_text_span(&q, 1, b->title);
	else
		query_null(&q, 1);
	query_int(&q, 2, firefox_now_us());
	query_int(&q, 3, b->added_unix_ms * 1000);
	query_int(&q, 4, id);
	return query_run(&q, err);
}

int
firefox_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	struct firefox *f = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 }, old = { .n_tags = 0 };
	AUTO(buf_clear) struct buf now = BUF_INIT(ITEM_BYTES_MAX);
	struct firefox_row row;
	int rc;

	if (firefox_forget_aside(f, number, err) < 0)
		return -1;
	rc = firefox_read(f, number, &now, err);
	if (rc == 0)
		rc = firefox_look(&row, f, number, err);
	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "the bookmark is gone");
	if (bookmark_parse(&b, bytes, err) < 0 || bookmark_parse(&old, buf_span(&now), err) < 0 ||
	    replace_title(f, number, &b, err) < 0 ||
	    firefox_aside_tags(f, number, row.place, &b, &old, true, err) < 0 ||
	    firefox_aside_tags(f, number, row.place, &old, &b, false, err) < 0)
		return -1;
	if (span_equal(b.keyword, old.keyword))
		return 0;
	if (old.keyword.n && firefox_aside_no_keyword(f, number, row.place, old.keyword, err) < 0)
		return -1;
	return firefox_aside_keyword(f, number, row.place, b.keyword, err);
}

/* Is the folder one that we made, and empty now? */
static int
is_ours_and_empty(bool *out, struct firefox *f, int64_t id, const struct firefox_row *row,
		  struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	char parent_guid[PLACES_GUID_BYTES], guid[PLACES_GUID_BYTES];
	int rc;

	*out = false;
	if (firefox_guid_of(parent_guid, f, row->parent, err) < 0 ||
	    query_open(&q, &f->db.sql,
		       "SELECT title FROM moz_bookmarks b WHERE id = ?1 AND type = 2 AND NOT EXISTS"
		       " (SELECT 1 FROM moz_bookmarks c WHERE c.parent = b.id)",
		       err) < 0)
		return -1;
	query_int(&q, 1, id);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : 0;
	places_guid_of_folder(guid, span_str(parent_guid), query_column_blob(&q, 0));
	*out = strcmp(guid, row->guid) == 0;
	return 0;
}

/* The folders that adding made go with what was added. */
static int
remove_empty_folders(struct firefox *f, int64_t id, struct err *err)
{
	struct firefox_row row;
	bool goes = true;

	for (; goes; id = row.parent) {
		int rc = firefox_look(&row, f, id, err);

		if (rc)
			return rc < 0 ? -1 : 0;
		if (is_ours_and_empty(&goes, f, id, &row, err) < 0 ||
		    (goes && firefox_delete_row(f, id, &row, err) < 0))
			return -1;
	}
	return 0;
}

int
firefox_remove(void *store, int64_t number, struct err *err)
{
	struct firefox *f = store;
	struct firefox_row row;
	int rc = firefox_look(&row, f, number, err);

	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "the bookmark is gone");
	f->folder.id = 0;
	return firefox_forget_aside(f, number, err) < 0 ||
			       firefox_delete_row(f, number, &row, err) < 0 ||
			       firefox_run(f, "INSERT OR IGNORE INTO temp.removed VALUES(?1)",
					   row.place, 0, 0, err) < 0
		       ? -1
		       : remove_empty_folders(f, row.parent, err);
}

int
firefox_commit(void *store, struct err *err)
{
	struct firefox *f = store;

	if (firefox_write_aside(f, err) < 0 || firefox_write_left(f, err) < 0 ||
	    app_db_exec(&f->db, "COMMIT", err) < 0)
		return -1;
	firefox_rollback(f); /* lets go */
	return 0;
}
