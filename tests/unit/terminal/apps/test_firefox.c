/* SPDX-License-Identifier: Apache-2.0 */
/* The bookmarks of Firefox: what is done in its place when they are written. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/places.h"
#include "rows.h"

/* As Firefox ESR 153 makes them, those that bookmarks need. */
static const char schema[] =
	"PRAGMA journal_mode = WAL;"
	"CREATE TABLE moz_origins(id INTEGER PRIMARY KEY, prefix TEXT NOT NULL, host TEXT NOT NULL,"
	" frecency INTEGER NOT NULL, recalc_frecency INTEGER NOT NULL DEFAULT 0, alt_frecency "
	"INTEGER,"
	" recalc_alt_frecency INTEGER NOT NULL DEFAULT 0, UNIQUE(prefix, host));"
	"CREATE TABLE moz_places(id INTEGER PRIMARY KEY, url LONGVARCHAR, title LONGVARCHAR,"
	" rev_host LONGVARCHAR, visit_count INTEGER DEFAULT 0, hidden INTEGER DEFAULT 0 NOT NULL,"
	" typed INTEGER DEFAULT 0 NOT NULL, frecency INTEGER DEFAULT -1 NOT NULL, last_visit_date "
	"INTEGER,"
	" guid TEXT, foreign_count INTEGER DEFAULT 0 NOT NULL, url_hash INTEGER DEFAULT 0 NOT NULL,"
	" origin_id INTEGER, recalc_frecency INTEGER NOT NULL DEFAULT 0, alt_frecency INTEGER,"
	" recalc_alt_frecency INTEGER NOT NULL DEFAULT 0);"
	"CREATE UNIQUE INDEX moz_places_guid_uniqueindex ON moz_places(guid);"
	"CREATE INDEX moz_places_url_hashindex ON moz_places(url_hash);"
	"CREATE TABLE moz_bookmarks(id INTEGER PRIMARY KEY, type INTEGER, fk INTEGER DEFAULT NULL,"
	" parent INTEGER, position INTEGER, title LONGVARCHAR, keyword_id INTEGER, folder_type "
	"TEXT,"
	" dateAdded INTEGER, lastModified INTEGER, guid TEXT, syncStatus INTEGER NOT NULL DEFAULT "
	"0,"
	" syncChangeCounter INTEGER NOT NULL DEFAULT 1);"
	"CREATE INDEX moz_bookmarks_itemindex ON moz_bookmarks(fk, type);"
	"CREATE INDEX moz_bookmarks_parentindex ON moz_bookmarks(parent, position);"
	"CREATE UNIQUE INDEX moz_bookmarks_guid_uniqueindex ON moz_bookmarks(guid);"
	"CREATE TABLE moz_bookmarks_deleted(guid TEXT PRIMARY KEY, dateRemoved INTEGER NOT NULL "
	"DEFAULT 0);"
	"CREATE TABLE moz_keywords(id INTEGER PRIMARY KEY AUTOINCREMENT, keyword TEXT UNIQUE,"
	" place_id INTEGER, post_data TEXT);"
	"CREATE UNIQUE INDEX moz_keywords_placepostdata_uniqueindex ON moz_keywords(place_id, "
	"post_data);"
	"INSERT INTO moz_bookmarks(id, type, parent, position, title, guid, dateAdded, "
	"lastModified) VALUES"
	" (1, 2, 0, 0, '', 'root________', 1000, 1000), (2, 2, 1, 0, 'menu', 'menu________', 1000, "
	"1000),"
	" (3, 2, 1, 1, 'toolbar', 'toolbar_____', 1000, 1000), (4, 2, 1, 2, 'tags', "
	"'tags________', 1000, 1000),"
	" (5, 2, 1, 3, 'unfiled', 'unfiled_____', 1000, 1000), (6, 2, 1, 4, 'mobile', "
	"'mobile______', 1000, 1000);"
	"INSERT INTO moz_bookmarks(id, type, parent, position, title, guid, dateAdded, "
	"lastModified) VALUES"
	" (7, 2, 2, 0, 'Work', 'work________', 1000, 1000), (8, 2, 3, 0, 'Empty', 'empty_______', "
	"1000, 1000);"
	"PRAGMA user_version = 86";

struct fixture {
	struct temp temp;
	struct rows rows;
	char path[128];
};

static void
sql(struct fixture *f, const char *text)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", text, why);
	sqlite3_close(db);
}

/* All that @text gives, a line for each row. */
static char *
ask(struct fixture *f, const char *text)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1 << 24);
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, text, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	while (sqlite3_step(q) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(q); i++) {
			const unsigned char *v = sqlite3_column_text(q, i);

			assert_int_equal(buf_append_fmt(&out, NULL, i ? "|%s" : "%s",
							v ? (const char *)v : "NULL"),
					 0);
		}
		assert_int_equal(buf_append_byte(&out, '\n', NULL), 0);
	}
	sqlite3_finalize(q);
	sqlite3_close(db);
	return strdup(buf_str(&out));
}

static void
assert_answer(struct fixture *f, const char *text, const char *answer)
{
	AUTO(free) char *got = ask(f, text);

	assert_string_equal(got, answer);
}

/* What Firefox's own maintenance looks for (PlacesDBUtils.sys.mjs), and what its triggers keep true. */
static void
assert_coherent(struct fixture *f)
{
	assert_answer(f, "SELECT integrity_check FROM pragma_integrity_check", "ok\n");
	assert_answer(f,
		      "SELECT id FROM moz_bookmarks b WHERE type = 1 AND fk NOT IN (SELECT id FROM "
		      "moz_places)",
		      "");
	assert_answer(f, "SELECT id FROM moz_bookmarks WHERE type = 2 AND fk NOT NULL", "");
	assert_answer(f,
		      "SELECT id FROM moz_bookmarks b WHERE id > 1 AND parent NOT IN"
		      " (SELECT id FROM moz_bookmarks WHERE type = 2)",
		      "");
	assert_answer(f,
		      "SELECT parent FROM moz_bookmarks GROUP BY parent"
		      " HAVING sum(DISTINCT position + 1) <> count(*) * (count(*) + 1) / 2",
		      "");
	assert_answer(f,
		      "SELECT id FROM moz_bookmarks t WHERE parent = 4 AND NOT EXISTS"
		      " (SELECT 1 FROM moz_bookmarks e WHERE e.parent = t.id)",
		      "");
	assert_answer(f,
		      "SELECT id FROM moz_places p WHERE foreign_count <>"
		      " (SELECT count(*) FROM moz_bookmarks WHERE fk = p.id) +"
		      " (SELECT count(*) FROM moz_keywords WHERE place_id = p.id)",
		      "");
	assert_answer(
		f,
		"SELECT id FROM moz_places WHERE guid IS NULL OR length(guid) <> 12 OR url_hash = 0"
		" OR origin_id NOT IN (SELECT id FROM moz_origins)",
		"");
	assert_answer(f, "SELECT url FROM moz_places GROUP BY url HAVING count(*) > 1", "");
	assert_answer(f,
		      "SELECT id FROM moz_bookmarks WHERE guid IS NULL OR length(guid) <> 12 OR"
		      " dateAdded % 1000 <> 0 OR lastModified % 1000 <> 0",
		      "");
	assert_answer(f,
		      "SELECT guid FROM moz_bookmarks_deleted WHERE guid IN (SELECT guid FROM "
		      "moz_bookmarks)",
		      "");
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	temp_make(&f->temp);
	snprintf(f->path, sizeof f->path, "%s/places.sqlite", f->temp.path);
	sql(f, schema);
	rows_open(&f->rows, "firefox", f->temp.path);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	rows_close(&f->rows);
	temp_remove(&f->temp);
	free(f);
	return 0;
}

#define ADDED "ADDED:2020-01-01T00:00:00.001Z\r\n"
#define WORK                                                                                       \
	VBKM("FOLDER:menu/Work\r\nURL:https://a.example/"                                          \
	     "\r\nTITLE:A\r\nTAG:one\r\nTAG:two\r\nKEYWORD:k\r\n" ADDED)
#define HOME VBKM("FOLDER:toolbar/Home/In%2Fner\r\nURL:https://a.example/\r\nTITLE:A too\r\n" ADDED)

static void
hashes_hosts_and_origins_are_those_of_firefox(void **state)
{
	static const struct {
		const char *url, *rev_host, *prefix, *host;
		int64_t hash;
	} cases[] = {
		/* out of a places.sqlite that Firefox ESR 153 made */
		{ "http://user@example.com:8080/a?q=1#x", "0808:moc.elpmaxe.", "http://",
		  "example.com:8080", 125509308616107 },
		{ "https://www.mozilla.org/about/", "gro.allizom.www.", "https://",
		  "www.mozilla.org", 47357608426557 },
		{ "javascript:alert(1)", ".", "javascript:", "alert(1)", 61196683140375 },
		{ "about:config", ".", "about:", "config", 175532550373693 },
		{ "place:sort=8", ".", "place:", "sort=8", 268507818159337 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf rev_host = BUF_INIT(100);
		struct span prefix, host;

		assert_int_equal(places_url_hash(span_str(cases[i].url)), cases[i].hash);
		assert_int_equal(places_rev_host(&rev_host, span_str(cases[i].url), NULL), 0);
		assert_string_equal(buf_str(&rev_host), cases[i].rev_host);
		places_origin(&prefix, &host, span_str(cases[i].url));
		assert_true(span_equal(prefix, span_str(cases[i].prefix)));
		assert_true(span_equal(host, span_str(cases[i].host)));
	}
}

static void
what_is_added_brings_folders_page_origin_tags_and_keyword(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;

	rows_add(&f->rows, WORK);
	rows_add(&f->rows, HOME);
	assert_coherent(f);
	assert_answer(f,
		      "SELECT url, rev_host, foreign_count, hidden, frecency, recalc_frecency FROM "
		      "moz_places",
		      "https://a.example/|elpmaxe.a.|5|0|-1|1\n");
	assert_answer(f, "SELECT prefix, host FROM moz_origins", "https://|a.example\n");
	assert_answer(
		f,
		"SELECT b.title, p.title, b.dateAdded FROM moz_bookmarks b JOIN moz_bookmarks p"
		" ON p.id = b.parent WHERE b.type = 1 AND p.parent <> 4 ORDER BY b.id",
		"A|Work|1577836800001000\nA too|In/ner|1577836800001000\n");
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 2);
	assert_int_equal(rows_count_with(&seen, "TAG:one"), 2); /* they are the address's */
	assert_int_equal(rows_count_with(&seen, "KEYWORD:k"), 2);
	rows_forget(&seen);
}

static void
taking_away_what_was_added_leaves_what_was_there(void **state)
{
	struct fixture *f = *state;
	static const char all[] = "SELECT id, type, fk, parent, position, title, dateAdded, guid "
				  "FROM moz_bookmarks ORDER BY id";
	AUTO(free) char *before = ask(f, all);
	int64_t a = rows_add(&f->rows, WORK), b = rows_add(&f->rows, HOME);

	rows_add(&f->rows, VBKM("FOLDER:toolbar/Empty\r\nURL:https://b.example/\r\n" ADDED));
	rows_remove(&f->rows, a);
	assert_answer(f, "SELECT count(*) FROM moz_keywords",
		      "1\n"); /* its other bookmark has it */
	rows_remove(&f->rows, b);
	struct rows_seen seen;
	rows_see(&seen, &f->rows);
	rows_remove(&f->rows, rows_with(&seen, "URL:https://b.example/"));
	rows_forget(&seen);
	assert_coherent(f);
	assert_answer(f, all, before); /* "Empty" was there before, "Home" and tags were not */
	assert_answer(f, "SELECT count(*) FROM moz_keywords", "0\n");
}

static void
two_edits_of_one_address_in_one_go_do_not_see_each_other(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_clear) struct buf before = BUF_INIT(4096), between = BUF_INIT(4096);
	int64_t a = rows_add(
		&f->rows, VBKM("FOLDER:menu/Work\r\nURL:https://a.example/\r\nTITLE:A\r\n" ADDED));
	int64_t b = rows_add(&f->rows,
			     VBKM("FOLDER:menu\r\nURL:https://a.example/\r\nTITLE:B\r\n" ADDED));
	const struct row_kind *k = f->rows.kind;
	struct err err = { 0 };
	struct rows_seen seen;

	assert_int_equal(k->read(f->rows.store, b, &before, &err), 0);
	assert_int_equal(k->begin(f->rows.store, &err), 0);
	assert_int_equal(
		k->replace(
			f->rows.store, a,
			span_str(VBKM(
				"FOLDER:menu/Work\r\nURL:https://a.example/\r\nTITLE:A\r\nTAG:x\r\n"
				"KEYWORD:k\r\n" ADDED)),
			&err),
		0);
	assert_int_equal(k->read(f->rows.store, b, &between, &err), 0);
	assert_string_equal(buf_str(&before), buf_str(&between));
	assert_int_equal(
		k->replace(f->rows.store, b,
			   span_str(VBKM(
				   "FOLDER:menu\r\nURL:https://a.example/\r\nTITLE:B\r\nTAG:y\r\n"
				   "KEYWORD:k\r\n" ADDED)),
			   &err),
		0);
	assert_int_equal(k->commit(f->rows.store, &err), 0);
	assert_coherent(f);
	rows_see(&seen, &f->rows);
	assert_int_equal(rows_count_with(&seen, "TAG:x"), 2);
	assert_int_equal(rows_count_with(&seen, "TAG:y"), 2);
	assert_int_equal(rows_count_with(&seen, "KEYWORD:k"), 2);
	rows_forget(&seen);
	rows_replace(
		&f->rows, a,
		VBKM("FOLDER:menu/Work\r\nURL:https://a.example/\r\nTITLE:A\r\nTAG:y\r\n" ADDED));
	assert_answer(f, "SELECT title FROM moz_bookmarks WHERE parent = 4", "y\n");
	assert_answer(f, "SELECT count(*) FROM moz_keywords", "0\n");
	assert_coherent(f);
}

static void
a_keyword_that_another_address_has_stays_with_it(void **state)
{
	struct fixture *f = *state;

	rows_add(&f->rows, WORK);
	rows_add(&f->rows, VBKM("FOLDER:menu\r\nURL:https://b.example/\r\nKEYWORD:k\r\n" ADDED));
	assert_answer(f,
		      "SELECT k.keyword, p.url FROM moz_keywords k JOIN moz_places p ON p.id = "
		      "k.place_id",
		      "k|https://a.example/\n");
	assert_coherent(f);
}

static void
addresses_are_kept_as_firefox_keeps_them_and_what_it_takes_not_is_refused(void **state)
{
	static const char *const refused[] = { "x", "place:sort=8", "http://", "http://a b/" };
	struct fixture *f = *state;
	const struct row_kind *k = f->rows.kind;
	struct err err = { 0 };
	char text[200];
	int64_t number;

	rows_add(&f->rows, VBKM("FOLDER:menu\r\nURL:HTTP://B\xc3\xbc"
				"cher.example:80\r\n" ADDED));
	assert_answer(f, "SELECT url FROM moz_places", "http://xn--bcher-kva.example/\n");
	assert_int_equal(k->begin(f->rows.store, &err), 0);
	for (size_t i = 0; i < N_ELEMENTS(refused); i++) {
		snprintf(text, sizeof text, VBKM("FOLDER:menu\r\nURL:%s\r\n"), refused[i]);
		assert_int_equal(k->add(f->rows.store, span_str(text), &number, &err), ROW_REFUSED);
	}
	assert_int_equal(k->commit(f->rows.store, &err), 0);
	assert_answer(f, "SELECT count(*) FROM moz_bookmarks WHERE type = 1", "1\n");
	assert_coherent(f);
}

static void
sync_hears_of_what_is_removed(void **state)
{
	struct fixture *f = *state;
	int64_t a = rows_add(&f->rows, WORK);

	sql(f, "UPDATE moz_bookmarks SET syncStatus = 2, guid = 'known_______' WHERE type = 1 AND "
	       "parent = 7;"
	       "UPDATE moz_bookmarks SET syncChangeCounter = 0 WHERE id = 7");
	rows_remove(&f->rows, a);
	assert_answer(f, "SELECT guid FROM moz_bookmarks_deleted", "known_______\n");
	assert_answer(f, "SELECT syncChangeCounter FROM moz_bookmarks WHERE id = 7", "1\n");
}

static void
searches_separators_and_orphans_are_no_items_and_a_ring_of_folders_ends(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;

	rows_add(&f->rows, WORK);
	sql(f, "INSERT INTO moz_places(id, url, guid) VALUES(90, 'place:sort=8', 'p90_________');"
	       "INSERT INTO moz_bookmarks(id, type, fk, parent, position, title, guid) VALUES"
	       " (90, 1, 90, 3, 1, 'search', 'b90_________'), (91, 3, NULL, 3, 2, NULL, "
	       "'b91_________'),"
	       " (92, 1, (SELECT id FROM moz_places LIMIT 1), 777, 0, 'orphan', 'b92_________'),"
	       " (93, 2, NULL, 94, 0, 'ring', 'b93_________'), (94, 2, NULL, 93, 0, 'ring', "
	       "'b94_________'),"
	       " (95, 1, (SELECT id FROM moz_places LIMIT 1), 93, 0, 'in a ring', 'b95_________')");
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.n_refused, 3);
	rows_forget(&seen);
}

static void
nothing_is_written_while_firefox_has_the_profile_or_the_database(void **state)
{
	struct fixture *f = *state;
	char lock[160];
	int ready[2], done[2];
	sqlite3 *db = NULL;
	char c = 0;

	snprintf(lock, sizeof lock, "%s/.parentlock", f->temp.path);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open(lock, O_RDWR | O_CREAT, 0644);

		_exit(fcntl(fd, F_SETLK, &whole) < 0 || write(ready[1], &c, 1) != 1 ||
		      read(done[0], &c, 1) != 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	rows_assert_unwritable(&f->rows, ERR_BUSY, "Firefox is open with this profile");
	assert_int_equal(write(done[1], &c, 1), 1);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(done[i]);
	}
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	rows_assert_unwritable(&f->rows, ERR_BUSY, "the database of Firefox");
	sqlite3_close(db);
	rows_add(&f->rows, WORK); /* and now it is */
}

/* Could a Firefox that starts now have the profile? */
static bool
profile_is_free(struct fixture *f)
{
	char lock[160];
	int status;

	snprintf(lock, sizeof lock, "%s/.parentlock", f->temp.path);
	pid_t pid = fork();
	if (pid == 0) {
		struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open(lock, O_RDWR | O_CREAT, 0644);

		_exit(fcntl(fd, F_SETLK, &whole) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static void
no_firefox_can_start_on_the_profile_while_it_is_written(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	int64_t number;

	assert_true(profile_is_free(f));
	assert_int_equal(f->rows.kind->begin(f->rows.store, &err), 0);
	assert_false(profile_is_free(f));
	assert_int_equal(f->rows.kind->add(f->rows.store, span_str(WORK), &number, &err), 0);
	assert_false(profile_is_free(f));
	f->rows.kind->rollback(f->rows.store);
	assert_true(profile_is_free(f));
	rows_add(&f->rows, WORK);
	assert_true(profile_is_free(f));
}

static void
what_a_firefox_that_crashed_left_in_its_log_is_read_and_written_on(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;
	int status;

	rows_add(&f->rows, WORK);
	pid_t pid = fork();
	if (pid == 0) {
		sqlite3 *db = NULL;

		if (sqlite3_open(f->path, &db) != SQLITE_OK ||
		    sqlite3_exec(db,
				 "PRAGMA wal_autocheckpoint = 0;"
				 "UPDATE moz_bookmarks SET title = 'in the log' WHERE type = 1 AND "
				 "parent = 7",
				 NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		_exit(0); /* nothing is moved out of the log */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(temp_exists(&f->temp, "places.sqlite-wal"));
	rows_see(&seen, &f->rows);
	assert_int_equal(rows_count_with(&seen, "TITLE:in the log"), 1);
	rows_forget(&seen);
	rows_add(&f->rows, HOME);
	rows_see(&seen, &f->rows);
	assert_int_equal(rows_count_with(&seen, "TITLE:in the log"), 1);
	assert_int_equal(seen.n, 2);
	rows_forget(&seen);
	assert_coherent(f);
}

static void
another_schema_is_read_and_not_written(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;

	rows_add(&f->rows, WORK);
	sql(f, "PRAGMA user_version = 87");
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 1);
	rows_forget(&seen);
	rows_assert_unwritable(&f->rows, ERR_UNSUPPORTED,
			       "this Firefox keeps its bookmarks in a way that is not known here");
	sql(f, "PRAGMA user_version = 74");
	rows_assert_unwritable(&f->rows, ERR_UNSUPPORTED,
			       "this Firefox keeps its bookmarks in a way that is not known here");
	sql(f, "PRAGMA user_version = 75");
	rows_add(&f->rows, HOME);
	assert_coherent(f);
}

static void
who_is_killed_before_the_end_has_written_nothing(void **state)
{
	struct fixture *f = *state;
	static const char all[] = "SELECT * FROM moz_bookmarks ORDER BY id";
	AUTO(free) char *before = ask(f, all);
	int status;

	rows_close(&f->rows);
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = { 0 };
		int64_t number;

		rows_open(&f->rows, "firefox", f->temp.path);
		if (f->rows.kind->begin(f->rows.store, &err) < 0)
			_exit(1);
		for (int i = 0; i < 3000; i++) { /* more than SQLite keeps in memory */
			char text[3000];

			snprintf(text, sizeof text,
				 VBKM("FOLDER:menu/F%d\r\nURL:https://a.example/"
				      "%d\r\nTITLE:%0*d\r\nTAG:t%d\r\n"),
				 i % 7, i, 2000, i, i % 5);
			if (f->rows.kind->add(f->rows.store, span_str(text), &number, &err) != 0)
				_exit(2);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	rows_open(&f->rows, "firefox", f->temp.path);
	assert_answer(f, all, before);
	rows_add(&f->rows, WORK);
	assert_coherent(f);
}

static void
the_same_address_twice_in_a_folder_is_two_rows(void **state)
{
	struct fixture *f = *state;
	struct rows_seen seen;

	assert_true(rows_add(&f->rows, WORK) != rows_add(&f->rows, WORK));
	rows_see(&seen, &f->rows);
	assert_int_equal(seen.n, 2);
	rows_forget(&seen);
	assert_coherent(f);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(hashes_hosts_and_origins_are_those_of_firefox),
		T(what_is_added_brings_folders_page_origin_tags_and_keyword),
		T(taking_away_what_was_added_leaves_what_was_there),
		T(two_edits_of_one_address_in_one_go_do_not_see_each_other),
		T(a_keyword_that_another_address_has_stays_with_it),
		T(addresses_are_kept_as_firefox_keeps_them_and_what_it_takes_not_is_refused),
		T(sync_hears_of_what_is_removed),
		T(searches_separators_and_orphans_are_no_items_and_a_ring_of_folders_ends),
		T(nothing_is_written_while_firefox_has_the_profile_or_the_database),
		T(no_firefox_can_start_on_the_profile_while_it_is_written),
		T(what_a_firefox_that_crashed_left_in_its_log_is_read_and_written_on),
		T(another_schema_is_read_and_not_written),
		T(who_is_killed_before_the_end_has_written_nothing),
		T(the_same_address_twice_in_a_folder_is_two_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
