/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_app: adapters over rows (row_app.h), over one of the tests' own: calls in a SQLite table.  It keeps
 * no contact_name, refuses calls of duration 9 and is busy as long as a file named "open" is there.
 */
#include "temp.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/apps.h"
#include "apps/row_app.h"
#include "item/markup.h"
#include "os/os.h"

static struct temp t;
static sqlite3 *db; /* "the app" itself */
static struct app *app;
static struct app_session *s;
static char path[128];
static unsigned n_commits;

/* 1. The row_kind. */

struct store {
	sqlite3 *db;
	char path[128];
};

static int
run(sqlite3 *d, const char *sql, struct err *err)
{
	return sqlite3_exec(d, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : err_set(err, ERR_IO, "%s", sqlite3_errmsg(d));
}

static int
store_open(void **out, const struct app *a, struct err *err)
{
	struct store *st = calloc(1, sizeof *st);

	assert_non_null(st);
	snprintf(st->path, sizeof st->path, "%s", a->path);
	if (sqlite3_open_v2(st->path, &st->db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
		*out = st;
		return 0;
	}
	sqlite3_close(st->db);
	free(st);
	return err_set(err, ERR_NOT_FOUND, "there is no database");
}

static void
store_close(void *store)
{
	struct store *st = store;

	sqlite3_close(st->db);
	free(st);
}

/* The database's own counter: it has no time. */
static int
store_stamp(struct app_stamp *out, void *store, struct err *err)
{
	struct store *st = store;
	AUTO(buf_clear) struct buf head = BUF_INIT(1 << 20);

	if (!temp_exists(&t, "calls.db"))
		return APP_MOVED;
	if (os_read_file(AT_FDCWD, st->path, &head, err) < 0)
		return -1;
	*out = (struct app_stamp){ .size = head.n };
	memcpy(&out->inode, head.p + 24, 4); /* the file change counter */
	return 0;
}

static int
print_row(struct buf *out, sqlite3_stmt *q, struct err *err)
{
	return buf_append_fmt(
		out, err, "<call number=\"%s\" date=\"%" PRId64 "\" type=\"%d\" duration=\"%d\"/>",
		sqlite3_column_text(q, 1), (int64_t)sqlite3_column_int64(q, 2),
		sqlite3_column_int(q, 3), sqlite3_column_int(q, 4));
}

#define SELECT "SELECT id, number, date, type, duration FROM calls "

static int
store_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct store *st = store;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(4096);
	sqlite3_stmt *q;
	int rc = 0;

	if (sqlite3_prepare_v2(st->db, SELECT "ORDER BY id", -1, &q, NULL) != SQLITE_OK)
		return err_set(err, ERR_FORMAT, "%s", sqlite3_errmsg(st->db));
	while (rc == 0 && sqlite3_step(q) == SQLITE_ROW) {
		struct row row = { .number = sqlite3_column_int64(q, 0) };
		struct err why = { 0 };

		if (sqlite3_column_type(q, 1) == SQLITE_NULL) {
			err_set(&why, ERR_SYNTAX, "row %" PRId64 " has no number", row.number);
			rc = refused(ctx, &why, err);
			continue;
		}
		buf_reset(&bytes);
		assert_int_equal(print_row(&bytes, q, err), 0);
		row.bytes = buf_span(&bytes);
		rc = fn(ctx, &row, err);
	}
	sqlite3_finalize(q);
	return rc;
}

static int
store_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	struct store *st = store;
	sqlite3_stmt *q;
	int rc = APP_MOVED;

	assert_int_equal(sqlite3_prepare_v2(st->db, SELECT "WHERE id = ?1", -1, &q, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(q, 1, number);
	if (sqlite3_step(q) == SQLITE_ROW)
		rc = print_row(out, q, err);
	sqlite3_finalize(q);
	return rc;
}

static int
store_begin(void *store, struct err *err)
{
	if (temp_exists(&t, "open")) {
		err_set(err, ERR_BUSY, "Telephone is open");
		return err_hint(err, "close it");
	}
	return run(((struct store *)store)->db, "BEGIN IMMEDIATE", err);
}

static int64_t
number_in(struct span bytes, const char *name)
{
	struct markup_cursor c = { .source = bytes, .line = 1 };
	struct span value = { NULL, 0 };
	struct markup tag;
	char text[32];

	assert_int_equal(markup_next(&c, &tag), 0);
	assert_true(markup_get(&value, &tag, name));
	snprintf(text, sizeof text, "%.*s", SPAN_ARGS(value));
	return atoll(text);
}

static int
put(struct store *st, int64_t number, struct span bytes, struct err *err)
{
	char sql[300], id[32] = "NULL";

	if (number_in(bytes, "duration") == 9) {
		err_set(err, ERR_UNSUPPORTED, "Telephone knows no calls of 9 seconds");
		return ROW_REFUSED;
	}
	if (number >= 0)
		snprintf(id, sizeof id, "%" PRId64, number);
	snprintf(sql, sizeof sql,
		 "INSERT OR REPLACE INTO calls VALUES (%s, %" PRId64 ", %" PRId64 ", %" PRId64
		 ", %" PRId64 ")",
		 id, number_in(bytes, "number"), number_in(bytes, "date"), number_in(bytes, "type"),
		 number_in(bytes, "duration"));
	return run(st->db, sql, err);
}

static int
store_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	struct store *st = store;
	int rc = put(st, -1, bytes, err);

	*number = sqlite3_last_insert_rowid(st->db);
	return rc;
}

static int
store_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	return put(store, number, bytes, err);
}

static int
store_remove(void *store, int64_t number, struct err *err)
{
	char sql[100];

	snprintf(sql, sizeof sql, "DELETE FROM calls WHERE id = %" PRId64, number);
	return run(((struct store *)store)->db, sql, err);
}

static int
store_commit(void *store, struct err *err)
{
	n_commits++;
	return run(((struct store *)store)->db, "COMMIT", err);
}

static void
store_rollback(void *store)
{
	sqlite3_exec(((struct store *)store)->db, "ROLLBACK", NULL, NULL, NULL);
}

static const struct row_kind kind = {
	.source = "calls",
	.open = store_open,
	.close = store_close,
	.stamp = store_stamp,
	.each = store_each,
	.read = store_read,
	.begin = store_begin,
	.add = store_add,
	.replace = store_replace,
	.remove = store_remove,
	.commit = store_commit,
	.rollback = store_rollback,
};

static const struct row_kind kind_read_only = {
	.source = "calls",
	.open = store_open,
	.close = store_close,
	.stamp = store_stamp,
	.each = store_each,
	.read = store_read,
};

static const struct adapter telephone = {
	.name = "telephone", .form = &form_call, .rows = &kind, OVER_ROWS
};

static const struct adapter telephone_read_only = {
	.name = "telephone", .form = &form_call, .rows = &kind_read_only, OVER_ROWS
};

/* 2. What is scanned. */

#define CALL(n, duration)                                                                          \
	"<call number=\"" #n "\" date=\"" #n "000\" type=\"1\" duration=\"" #duration "\"/>"

static void
sql(const char *text)
{
	struct err err = { 0 };

	if (run(db, text, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
open_app(const struct adapter *a)
{
	struct err err = { 0 };

	app_session_free(s);
	s = NULL;
	assert_int_equal(row_session_open(&s, a, app, &err), 0);
}

static int
setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_make(&t);
	snprintf(path, sizeof path, "%s/calls.db", t.path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sql("CREATE TABLE calls (id INTEGER PRIMARY KEY, number, date, type, duration)");
	sql("INSERT INTO calls VALUES (3, 1, 1000, 1, 5), (5, 2, 2000, 1, 5), (9, 3, 3000, 1, 5)");
	assert_int_equal(app_new(&app, "calls", "files", path, &err), 0);
	open_app(&telephone);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	app_session_free(s);
	s = NULL;
	app_free(app);
	sqlite3_close(db);
	temp_remove(&t);
	return 0;
}

static struct {
	struct app_source source;
	struct app_place places[8];
	char bytes[8][200];
	char uids[8][64];
	size_t n, n_refused;
	struct err refused;
	int rc; /* of the reading */
} seen;

static int
take_item(void *ctx, const struct app_item *item, struct err *err)
{
	(void)ctx;
	(void)err;
	assert_true(seen.n < 8);
	seen.places[seen.n] = item->place;
	snprintf(seen.uids[seen.n], sizeof *seen.uids, "%.*s", SPAN_ARGS(item->uid));
	snprintf(seen.bytes[seen.n++], sizeof *seen.bytes, "%.*s", SPAN_ARGS(item->bytes));
	return 0;
}

static int
take_refused(void *ctx, const struct app_refused *r, struct err *err)
{
	(void)ctx;
	(void)err;
	assert_string_equal(r->source, "calls");
	seen.n_refused++;
	seen.refused = *r->why;
	return 0;
}

static int
take_source(void *ctx, const struct app_source *source, struct err *err)
{
	seen.source = *source;
	seen.rc = s->adapter->read_source(s, source, take_item, take_refused, ctx, err);
	return seen.rc < 0 ? -1 : 0;
}

static void
scan(void)
{
	struct err err = { 0 };

	memset(&seen, 0, sizeof seen);
	if (s->adapter->sources(s, take_source, take_refused, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

static char *
read_at(const struct app_place *place)
{
	static char text[300];
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);
	struct err err = { 0 };
	int rc = item_read_all(&out, s, place, &err);

	snprintf(text, sizeof text, "%s", buf_str(&out));
	if (rc)
		snprintf(text, sizeof text, "rc %d", rc);
	return text;
}

/* 3. An app_rewrite over a list. */

struct listed {
	struct app_edit edits[8];
	size_t n, at;
	uint64_t numbers[8];
	char refused[8][100];
};

static int
listed_next(void *ctx, struct app_edit *out, struct err *err)
{
	struct listed *l = ctx;

	(void)err;
	if (l->at == l->n)
		return APP_END;
	*out = l->edits[l->at++];
	return 0;
}

static int
listed_placed(void *ctx, uint64_t offset, uint64_t size, struct err *err)
{
	struct listed *l = ctx;

	(void)err;
	(void)size;
	l->numbers[l->at - 1] = offset;
	return 0;
}

static int
listed_refused(void *ctx, const struct err *why, struct err *err)
{
	struct listed *l = ctx;

	(void)err;
	snprintf(l->refused[l->at - 1], sizeof *l->refused, "%.90s", why->msg);
	return 0;
}

static int
rewrite(struct app_stamp *stamp, struct listed *l, struct err *err)
{
	struct app_rewrite w = { l, 0, listed_next, listed_placed, listed_refused };

	return s->adapter->rewrite(stamp, s, &seen.source, &w, err);
}

static struct app_edit
addition(const char *bytes)
{
	return (struct app_edit){ .kind = APP_ADD, .bytes = span_str(bytes) };
}

static struct app_edit
edit(enum app_change_kind what, size_t i, const char *bytes)
{
	return (struct app_edit){ .kind = what,
				  .offset = seen.places[i].offset,
				  .size = seen.places[i].size,
				  .expected = span_str(seen.bytes[i]),
				  .bytes = span_str(bytes) };
}

/* 4. The tests. */

static void
every_row_is_an_item_of_the_one_source(void **state)
{
	(void)state;
	scan();
	assert_int_equal(seen.rc, 0);
	assert_string_equal(seen.source.path, "calls");
	assert_int_equal(seen.n, 3);
	assert_string_equal(seen.bytes[1], CALL(2, 5));
	assert_int_equal(seen.places[2].offset, 9);
	assert_int_equal(seen.places[2].position, 2);
	assert_memory_equal(seen.uids[0], "call:", 5);
	assert_string_equal(read_at(&seen.places[1]), CALL(2, 5));
}

static void
a_row_that_is_none_is_refused_and_its_neighbours_are_read(void **state)
{
	(void)state;
	sql("UPDATE calls SET number = NULL WHERE id = 5");
	scan();
	assert_int_equal(seen.rc, 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.n_refused, 1);
	assert_string_equal(seen.refused.msg, "row 5 has no number");
}

static void
a_store_that_cannot_be_read_loses_no_item(void **state)
{
	(void)state;
	sql("DROP TABLE calls");
	scan();
	assert_int_equal(seen.rc, APP_UNREAD);
	assert_int_equal(seen.n_refused, 1);
	assert_int_equal(seen.refused.code, ERR_IO);
}

static void
what_moved_is_not_given_as_what_was_seen(void **state)
{
	struct err err = { 0 };
	struct app_source before;

	(void)state;
	scan();
	before = seen.source;
	sql("UPDATE calls SET duration = 6 WHERE id = 5");
	assert_string_equal(read_at(&seen.places[1]), "rc 1");
	assert_string_equal(read_at(&seen.places[0]), "rc 1");
	assert_int_equal(s->adapter->read_source(s, &before, take_item, take_refused, NULL, &err),
			 APP_MOVED);
	sql("DELETE FROM calls WHERE id = 9");
	assert_string_equal(read_at(&seen.places[2]), "rc 1");
	assert_int_equal(remove(path), 0);
	assert_int_equal(s->adapter->stamp(&before.stamp, s, "calls", &err), APP_MOVED);
	scan();
	assert_null(seen.source.path);
}

static void
edits_are_carried_out_together_and_read_back(void **state)
{
	struct listed l = { .n = 4 };
	struct app_place place = { .source = "calls" };
	struct err err = { 0 };

	(void)state;
	scan();
	l.edits[0] = edit(APP_REPLACE, 0, CALL(1, 7));
	l.edits[1] = edit(APP_REMOVE, 1, "");
	l.edits[2] = addition(CALL(8, 1));
	l.edits[3] = addition(CALL(8, 1)); /* alike, and a row of its own */
	assert_int_equal(rewrite(&place.stamp, &l, &err), 0);
	assert_int_equal(l.numbers[0], 3);
	assert_int_equal(l.numbers[2], 10);
	assert_int_equal(l.numbers[3], 11);
	place.offset = 3;
	assert_string_equal(read_at(&place), CALL(1, 7));
	place.offset = 11;
	assert_string_equal(read_at(&place), CALL(8, 1));
	scan();
	assert_int_equal(seen.n, 4);
	assert_string_equal(seen.bytes[1], CALL(3, 5));
}

static void
an_item_that_is_refused_does_not_fail_its_neighbours(void **state)
{
	struct listed l = { .n = 3 };
	struct app_stamp stamp;
	struct err err = { 0 };

	(void)state;
	scan();
	l.edits[0] = addition(CALL(6, 1));
	l.edits[1] = addition(CALL(7, 9));
	l.edits[2] = addition(CALL(8, 1));
	assert_int_equal(rewrite(&stamp, &l, &err), 0);
	assert_string_equal(l.refused[1], "Telephone knows no calls of 9 seconds");
	assert_string_equal(l.refused[2], "");
	scan();
	assert_int_equal(seen.n, 5);
}

static void
nothing_is_written_if_one_row_is_not_what_was_read(void **state)
{
	struct listed l = { .n = 2 };
	struct app_stamp stamp;
	struct err err = { 0 };

	(void)state;
	scan();
	l.edits[0] = edit(APP_REMOVE, 0, "");
	l.edits[1] = edit(APP_REPLACE, 1, CALL(2, 7));
	l.edits[1].expected = span_str(CALL(2, 6));
	assert_int_equal(rewrite(&stamp, &l, &err), APP_MOVED);
	scan();
	assert_int_equal(seen.n, 3);
	sql("UPDATE calls SET duration = 6 WHERE id = 9"); /* another row: the plan counts no more */
	l = (struct listed){ .n = 1, .edits = { addition(CALL(8, 1)) } };
	assert_int_equal(rewrite(&stamp, &l, &err), APP_MOVED);
	scan();
	assert_int_equal(seen.n, 3);
}

static void
while_the_app_is_open_nothing_is_written(void **state)
{
	struct listed l = { .n = 1, .edits = { addition(CALL(8, 1)) } };
	struct app_change c = { .kind = APP_ADD, .bytes = span_str(CALL(8, 1)) };
	struct app_stamp stamp;
	struct err err = { 0 };
	unsigned before = n_commits;

	(void)state;
	scan();
	assert_int_equal(app_session_ready(s, &err), 0);
	temp_put_str(&t, "open", "");
	assert_int_equal(app_session_ready(s, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_string_equal(err.hint, "close it");
	assert_int_equal(rewrite(&stamp, &l, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_OPEN);
	assert_int_equal(n_commits, before);
	scan();
	assert_int_equal(seen.n, 3);
	assert_int_equal(remove((snprintf(path, sizeof path, "%s/open", t.path), path)), 0);
	open_app(&telephone_read_only);
	assert_int_equal(app_session_ready(s, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_string_equal(err.msg, "calls is only read, never written");
}

static struct app_change
change(enum app_change_kind what, size_t i, const char *expected, const char *bytes)
{
	return (struct app_change){ .kind = what,
				    .place = seen.places[i],
				    .expected = span_str(expected),
				    .bytes = span_str(bytes) };
}

static void
each_change_tells_its_own_result(void **state)
{
	struct app_change c[4];
	struct err err = { 0 };

	(void)state;
	scan();
	c[0] = change(APP_REPLACE, 0, seen.bytes[0], CALL(1, 7));
	c[1] = change(APP_REPLACE, 1, CALL(2, 4), CALL(2, 7));
	c[2] = change(APP_REPLACE, 2, seen.bytes[2], CALL(3, 9));
	c[3] = change(APP_ADD, 0, "", CALL(8, 1));
	assert_int_equal(s->adapter->apply(s, c, 4, &err), -1);
	assert_int_equal(err.code, ERR_PARTIAL);
	assert_int_equal(c[0].result, APP_CHANGE_DONE);
	assert_int_equal(c[1].result, APP_CHANGE_CONFLICT);
	assert_int_equal(c[2].result, APP_CHANGE_REFUSED);
	assert_int_equal(c[3].result, APP_CHANGE_DONE);
	assert_string_equal(read_at(&c[0].written), CALL(1, 7));
	assert_string_equal(read_at(&c[3].written), CALL(8, 1));
	for (size_t i = 0; i < 4; i++)
		app_change_clear(&c[i]);
	scan();
	assert_int_equal(seen.n, 4);
	assert_string_equal(seen.bytes[1], CALL(2, 5));
	assert_string_equal(seen.bytes[2], CALL(3, 5));
}

static void
a_commit_that_fails_leaves_it_open_how_far_it_came(void **state)
{
	struct app_change c = { .kind = APP_ADD, .bytes = span_str(CALL(8, 1)) };
	struct err err = { 0 };
	sqlite3_stmt *q;

	(void)state;
	/* A reader of the app's own: the commit meets its lock. */
	assert_int_equal(sqlite3_prepare_v2(db, SELECT, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_FAILED);
	assert_string_equal(c.err.msg, "database is locked");
	sqlite3_finalize(q);
	app_change_clear(&c);
	scan();
	assert_int_equal(seen.n, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(every_row_is_an_item_of_the_one_source),
		TEST(a_row_that_is_none_is_refused_and_its_neighbours_are_read),
		TEST(a_store_that_cannot_be_read_loses_no_item),
		TEST(what_moved_is_not_given_as_what_was_seen),
		TEST(edits_are_carried_out_together_and_read_back),
		TEST(an_item_that_is_refused_does_not_fail_its_neighbours),
		TEST(nothing_is_written_if_one_row_is_not_what_was_read),
		TEST(while_the_app_is_open_nothing_is_written),
		TEST(each_change_tells_its_own_result),
		TEST(a_commit_that_fails_leaves_it_open_how_far_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
