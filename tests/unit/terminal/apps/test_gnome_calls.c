/* SPDX-License-Identifier: Apache-2.0 */
/* gnome_calls: the call log as GNOME Calls 44 makes it (its schema, version 2). */
#include "temp.h"

#include <sqlite3.h>
#include <stdio.h>

#include "apps/apps.h"

static struct temp t;
static struct app *app;
static struct app_session *s;
static char path[128];

static void
sql(const char *text)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	sqlite3_close(db);
}

static int
setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_make(&t);
	snprintf(path, sizeof path, "%s/records.db", t.path);
	sql("PRAGMA journal_mode = WAL;"
	    "CREATE TABLE _gom_version (version INTEGER);"
	    "INSERT INTO _gom_version VALUES (1), (2);"
	    "CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT,"
	    " inbound INTEGER, start BLOB, answered BLOB, \"end\" BLOB, protocol TEXT)");
	assert_int_equal(app_new(&app, "calls", "gnome-calls", path, &err), 0);
	if (app_session_open(&s, app, &err) < 0)
		fail_msg("%s", err.msg);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	app_session_free(s);
	app_free(app);
	s = NULL;
	app = NULL;
	temp_remove(&t);
	return 0;
}

static char all[2000];
static size_t n_refused;

static int
take_item(void *ctx, const struct app_item *item, struct err *err)
{
	size_t n = strlen(all);

	(void)ctx;
	(void)err;
	snprintf(all + n, sizeof all - n, "%.*s\n", SPAN_ARGS(item->bytes));
	return 0;
}

static int
take_refused(void *ctx, const struct app_refused *r, struct err *err)
{
	(void)ctx;
	(void)err;
	assert_string_equal(r->why->msg, "call 9 does not say when it began");
	n_refused++;
	return 0;
}

static int
take_source(void *ctx, const struct app_source *source, struct err *err)
{
	return s->adapter->read_source(s, source, take_item, take_refused, ctx, err);
}

static const char *
scan(void)
{
	struct err err = { 0 };

	all[0] = '\0';
	n_refused = 0;
	if (s->adapter->sources(s, take_source, take_refused, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return all;
}

static void
calls_are_read_as_android_counts_them(void **state)
{
	(void)state;
	sql("INSERT INTO calls VALUES"
	    " (1, '+491', 1, '2023-11-14T22:13:20.123999Z', '2023-11-14T22:13:25.5Z',"
	    "  '2023-11-14T22:14:26.4Z', 'tel'),"
	    " (2, '+492', 1, '2023-11-14T22:13:21Z', NULL, '2023-11-14T22:13:41Z', 'tel'),"
	    " (3, 'sip:a@b', 0, '2023-11-14T22:13:22Z', NULL, NULL, 'sip'),"
	    " (4, '', 0, '2023-11-14T22:13:23Z', '2023-11-14T22:13:23Z', '2023-11-14T22:13:33Z',"
	    "  'tel'), (9, '+493', 1, 'yesterday', NULL, NULL, 'tel')");
	assert_string_equal(
		scan(),
		"<call number=\"+491\" duration=\"60\" date=\"1700000000123\" type=\"1\"/>\n"
		"<call number=\"+492\" duration=\"0\" date=\"1700000001000\" type=\"3\"/>\n"
		"<call number=\"sip:a@b\" duration=\"0\" date=\"1700000002000\" type=\"2\"/>\n"
		"<call number=\"\" duration=\"10\" date=\"1700000003000\" type=\"2\"/>\n");
	assert_int_equal(n_refused, 1);
}

/* One by one, as a restore would; and what comes back is what was foretold. */
static void
what_is_written_is_shown_as_foretold(void **state)
{
	static const struct {
		const char *element, *shown; /* NULL: refused */
	} cases[] = {
		{ "<call number=\"+1 (2)\" duration=\"61\" date=\"1700000000123\" type=\"1\" "
		  "contact_name=\"x\"/>",
		  "<call number=\"+1 (2)\" duration=\"61\" date=\"1700000000123\" type=\"1\"/>" },
		{ "<call number=\"-2\" duration=\"0\" date=\"1\" type=\"5\"/>",
		  "<call number=\"-2\" duration=\"0\" date=\"1\" type=\"3\"/>" },
		{ "<call number=\"null\" duration=\"0\" date=\"1700000000000\" type=\"2\"/>",
		  "<call number=\"\" duration=\"0\" date=\"1700000000000\" type=\"2\"/>" },
		{ "<call number=\"1\" duration=\"7\" date=\"1700000000000\" type=\"2\"/>",
		  "<call number=\"1\" duration=\"7\" date=\"1700000000000\" type=\"2\"/>" },
		{ "<call number=\"1\" duration=\"0\" date=\"1700000000000\" type=\"1\"/>",
		  "<call number=\"1\" duration=\"0\" date=\"1700000000000\" type=\"1\"/>" },
		{ "<call number=\"1\" duration=\"30\" date=\"1700000000000\" type=\"4\"/>", NULL },
		{ "<call number=\"1\" duration=\"0\" date=\"1700000000000\" type=\"7\"/>", NULL },
		{ "<call number=\"1\" duration=\"0\" type=\"1\"/>", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct app_change c = { .kind = APP_ADD, .bytes = span_str(cases[i].element) };
		AUTO(buf_clear) struct buf told = BUF_INIT(4096);
		AUTO(buf_clear) struct buf back = BUF_INIT(4096);
		struct err err = { 0 };

		s->adapter->apply(s, &c, 1, &err);
		if (!cases[i].shown) {
			assert_int_equal(c.result, APP_CHANGE_REFUSED);
			continue;
		}
		assert_int_equal(c.result, APP_CHANGE_DONE);
		assert_int_equal(s->adapter->shown(&told, s, c.bytes, &err), 0);
		assert_string_equal(buf_str(&told), cases[i].shown);
		assert_int_equal(item_read_all(&back, s, &c.written, &err), 0);
		assert_string_equal(buf_str(&back), cases[i].shown);
		app_change_clear(&c);
	}
	scan();
	assert_non_null(strstr(all, "type=\"3\""));
}

static void
what_was_written_goes_again(void **state)
{
	struct app_change c = { .kind = APP_ADD,
				.bytes = span_str("<call number=\"1\" duration=\"0\" "
						  "date=\"1700000000000\" type=\"2\"/>") };
	struct app_change gone = { .kind = APP_REMOVE };
	AUTO(buf_clear) struct buf is = BUF_INIT(4096);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), 0);
	assert_int_equal(item_read_all(&is, s, &c.written, &err), 0);
	gone.place = c.written;
	gone.expected = span_str("<call number=\"1\"/>");
	assert_int_equal(s->adapter->apply(s, &gone, 1, &err), -1);
	assert_int_equal(gone.result, APP_CHANGE_CONFLICT);
	gone.expected = buf_span(&is);
	assert_int_equal(s->adapter->apply(s, &gone, 1, &err), 0);
	assert_string_equal(scan(), "");
	app_change_clear(&c);
	app_change_clear(&gone);
}

static void
a_newer_log_is_only_read_and_another_database_is_none(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(app_session_ready(s, &err), 0);
	sql("INSERT INTO _gom_version VALUES (3)");
	assert_int_equal(app_session_ready(s, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_string_equal(scan(), "");
	sql("ALTER TABLE calls RENAME COLUMN answered TO picked_up");
	assert_int_equal(app_session_ready(s, &err), -1);
	assert_string_equal(err.msg, "this is no call log of a GNOME Calls that Cloudbox knows");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(calls_are_read_as_android_counts_them),
		TEST(what_is_written_is_shown_as_foretold),
		TEST(what_was_written_goes_again),
		TEST(a_newer_log_is_only_read_and_another_database_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
