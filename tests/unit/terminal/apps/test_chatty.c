/* SPDX-License-Identifier: Apache-2.0 */
/* chatty: what Chatty keeps of a message, and its history as Chatty 0.7 makes it (version 4). */
#include "temp.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/apps.h"
#include "apps/chatty_internal.h"

/* What the schema has that we use; the rest of its columns. */
static const char schema[] =
	"CREATE TABLE mime_type (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, url TEXT NOT NULL "
	"UNIQUE,"
	" path TEXT, mime_type_id INTEGER REFERENCES mime_type(id), status INT, size INTEGER);"
	"CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, alias "
	"TEXT,"
	" avatar_id INTEGER REFERENCES files(id), type INTEGER NOT NULL, UNIQUE (username, type));"
	"CREATE TABLE accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL"
	" REFERENCES users(id), password TEXT, enabled INTEGER DEFAULT 0, protocol INTEGER NOT "
	"NULL,"
	" UNIQUE (user_id, protocol));"
	"CREATE TABLE threads (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, alias "
	"TEXT,"
	" avatar_id INTEGER REFERENCES files(id), account_id INTEGER NOT NULL REFERENCES "
	"accounts(id)"
	" ON DELETE CASCADE, type INTEGER NOT NULL, encrypted INTEGER DEFAULT 0, last_read_id "
	"INTEGER"
	" REFERENCES messages(id), visibility INT NOT NULL DEFAULT 0, notification INTEGER NOT NULL"
	" DEFAULT 1, UNIQUE (name, account_id, type));"
	"CREATE TABLE thread_members (id INTEGER PRIMARY KEY AUTOINCREMENT, thread_id INTEGER NOT "
	"NULL"
	" REFERENCES threads(id) ON DELETE CASCADE, user_id INTEGER NOT NULL REFERENCES users(id),"
	" UNIQUE (thread_id, user_id));"
	"CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, thread_id"
	" INTEGER NOT NULL REFERENCES threads(id) ON DELETE CASCADE, sender_id INTEGER REFERENCES"
	" users(id), user_alias TEXT, body TEXT NOT NULL, body_type INTEGER NOT NULL, direction "
	"INTEGER"
	" NOT NULL, time INTEGER NOT NULL, status INTEGER, encrypted INTEGER DEFAULT 0, preview_id"
	" INTEGER REFERENCES files(id), subject TEXT, UNIQUE (uid, thread_id, body, time));"
	"CREATE TABLE message_files (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id INTEGER NOT "
	"NULL"
	" REFERENCES messages(id) ON DELETE CASCADE, file_id INTEGER NOT NULL REFERENCES files(id),"
	" preview_id INTEGER REFERENCES files(id), UNIQUE (message_id, file_id));"
	"INSERT INTO users (username, type) VALUES ('invalid-0000000000000000', 1);"
	"INSERT INTO accounts (user_id, protocol) VALUES (1, 1);"
	"PRAGMA user_version = 4";

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

static int64_t
number(const char *text)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int64_t out;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	out = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return out;
}

static int
setup(void **state)
{
	struct err err = { 0 };
	char data[128];

	(void)state;
	temp_make(&t);
	snprintf(path, sizeof path, "%s/history.db", t.path);
	snprintf(data, sizeof data, "%s/data", t.path);
	setenv("HOME", t.path, 1);
	setenv("XDG_DATA_HOME", data, 1);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	setenv("XDG_RUNTIME_DIR", t.path, 1); /* no bus there: Chatty cannot run */
	sql(schema);
	assert_int_equal(app_new(&app, "messages", "chatty", path, &err), 0);
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

#define PARTS(x)      ">\n<parts>\n" x "</parts>\n<addrs>\n"
#define END           "</addrs>\n</mms>"
#define ADDR(a, type) "<addr address=\"" a "\" type=\"" type "\" charset=\"106\"/>\n"

static const struct {
	const char *element, *shown; /* NULL: refused */
} cases[] = {
	{ "<sms address=\"+1 (555) 01\" date=\"1373942574321\" type=\"1\" body=\"a &amp;&#10;b\" "
	  "read=\"1\"/>",
	  "<sms protocol=\"0\" address=\"+155501\" date=\"1373942574000\" type=\"1\" "
	  "body=\"a &#38;&#10;b\"/>" },
	{ "<sms address=\"Voda Fone\" date=\"1000\" type=\"4\" body=\"null\"/>",
	  "<sms protocol=\"0\" address=\"Voda Fone\" date=\"1000\" type=\"5\" body=\"null\"/>" },
	{ "<sms address=\"1~2\" date=\"1000\" type=\"2\" body=\"\"/>",
	  "<sms protocol=\"0\" address=\"1~2\" date=\"1000\" type=\"2\" body=\"\"/>" },
	{ "<mms date=\"1609470000\" msg_box=\"1\" address=\"2~1\" m_id=\"null\" tr_id=\"T1\" "
	  "sub=\"Hi\"><parts><part ct=\"application/smil\" text=\"x\"/>"
	  "<part ct=\"image/png\" cl=\"a.png\" data=\"AA&#10;AA\"/><part ct=\"text/plain\" "
	  "text=\"one\"/><part ct=\"text/plain\" text=\"two\"/></parts><addrs>"
	  "<addr address=\"1\" type=\"137\"/><addr address=\"insert-address-token\" type=\"151\"/>"
	  "</addrs></mms>",
	  "<mms date=\"1609470000000\" msg_box=\"1\" address=\"2~1\" m_id=\"T1\" sub=\"Hi\"" PARTS(
		  "<part seq=\"0\" ct=\"text/plain\" text=\"one\"/>\n"
		  "<part seq=\"1\" ct=\"image/png\" name=\"a.png\" cl=\"a.png\" data=\"AAAA\"/>\n"
		  "<part seq=\"2\" ct=\"text/plain\" text=\"two\"/>\n") ADDR("2", "151")
		  ADDR("1", "137") END },
	{ "<mms date=\"1609470000000\" msg_box=\"2\"><parts></parts><addrs><addr address=\"7\" "
	  "type=\"151\"/></addrs></mms>",
	  "<mms date=\"1609470000000\" msg_box=\"2\" address=\"7\"" PARTS("") ADDR("7", "151")
		  END },
	{ "<sms address=\"\" date=\"1000\" type=\"1\" body=\"x\"/>", NULL },
	{ "<sms address=\"1~~2\" date=\"1000\" type=\"1\" body=\"x\"/>", NULL },
	{ "<sms address=\"1\" date=\"soon\" type=\"1\" body=\"x\"/>", NULL },
	{ "<sms address=\"1\" date=\"1000\" type=\"9\" body=\"x\"/>", NULL },
	{ "<mms address=\"1\" date=\"1000\" msg_box=\"1\"><parts><part ct=\"a/b\" data=\"!\"/>"
	  "</parts></mms>",
	  NULL },
};

static void
same_id(const char *wrote, const char *shown)
{
	AUTO(item_free) struct item *a = NULL;
	AUTO(item_free) struct item *b = NULL;
	struct err err = { 0 };

	assert_int_equal(form_message.parse(&a, span_str(wrote), "", 1, &chatty_profile, &err), 0);
	assert_int_equal(form_message.parse(&b, span_str(shown), "", 1, &chatty_profile, &err), 0);
	assert_string_equal(a->uid, b->uid);
}

static void
what_is_written_is_shown_as_foretold_and_is_the_same_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct app_change c = { .kind = APP_ADD, .bytes = span_str(cases[i].element) };
		AUTO(buf_clear) struct buf told = BUF_INIT(1 << 20);
		AUTO(buf_clear) struct buf back = BUF_INIT(1 << 20);
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
		same_id(cases[i].element, cases[i].shown);
		app_change_clear(&c);
	}
	assert_int_equal(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(number("SELECT count(*) FROM threads WHERE type = 1"), 1);
}

static void
apply(struct app_change *changes, size_t n)
{
	struct err err = { 0 };

	if (s->adapter->apply(s, changes, n, &err) < 0)
		fail_msg("%s: %s", err.msg, changes[0].err.msg);
}

static void
equal_messages_are_rows_of_their_own_and_all_that_was_made_goes_again(void **state)
{
	const char *mms = cases[3].element;
	struct app_change add[2] = { { .kind = APP_ADD, .bytes = span_str(mms) },
				     { .kind = APP_ADD, .bytes = span_str(mms) } };
	struct app_change gone[2];
	struct err err = { 0 };

	(void)state;
	apply(add, 2);
	assert_int_equal(number("SELECT count(*) FROM messages"), 2);
	assert_int_equal(number("SELECT count(DISTINCT uid) FROM messages"), 2);
	assert_int_equal(number("SELECT count(*) FROM files"), 4);
	assert_int_equal(temp_count(&t, "data/chatty/mms"), 2);
	for (size_t i = 0; i < 2; i++)
		gone[i] = (struct app_change){ .kind = APP_REMOVE,
					       .place = add[i].written,
					       .expected = span_str(cases[3].shown) };
	apply(gone, 2);
	assert_int_equal(number("SELECT count(*) FROM files"), 0);
	assert_int_equal(number("SELECT count(*) FROM threads"), 0);
	assert_int_equal(number("SELECT count(*) FROM users"), 1);
	assert_int_equal(temp_count(&t, "data/chatty/mms"), 0);
	assert_int_equal(s->adapter->tidy(s, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		app_change_clear(&add[i]);
		app_change_clear(&gone[i]);
	}
}

static void
what_a_killed_program_left_is_tidied_and_nothing_else(void **state)
{
	struct app_change add = { .kind = APP_ADD, .bytes = span_str(cases[3].element) };
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "data/chatty/mms/cloudbox-1/part-1.jpg", "half");
	temp_put_str(&t, "data/chatty/mms/2026+491/beach.jpg", "Chatty's own");
	apply(&add, 1);
	assert_int_equal(s->adapter->tidy(s, &err), 0);
	assert_false(temp_exists(&t, "data/chatty/mms/cloudbox-1"));
	temp_assert(&t, "data/chatty/mms/2026+491/beach.jpg", "Chatty's own");
	assert_int_equal(temp_count(&t, "data/chatty/mms"), 2);
	app_change_clear(&add);
}

static char all[4000];

static int
take_item(void *ctx, const struct app_item *item, struct err *err)
{
	size_t n = strlen(all);

	(void)ctx;
	(void)err;
	snprintf(all + n, sizeof all - n, "%.*s\n", (int)item->bytes.n, item->bytes.p);
	return 0;
}

static int
take_source(void *ctx, const struct app_source *source, struct err *err)
{
	return s->adapter->read_source(s, source, take_item, NULL, ctx, err);
}

static void
chattys_own_rows_are_read_and_other_networks_are_not(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "data/chatty/mms/d/text.txt", "with a picture");
	temp_put_str(&t, "data/chatty/mms/d/a.jpg", "abc");
	sql("INSERT INTO users (id, username, type) VALUES (2, '+491', 1), (3, '@me:a', 4);"
	    "INSERT INTO accounts VALUES (2, 3, NULL, 1, 4);"
	    "INSERT INTO threads (id, name, account_id, type) VALUES (1, '+491', 1, 0), (2, "
	    "'!room', 2, 1);"
	    "INSERT INTO mime_type VALUES (1, 'text/plain'), (2, 'image/jpeg');"
	    "INSERT INTO files VALUES (1, 'text.txt', 'file:///1', 'mms/d/text.txt', 1, 1, 14),"
	    " (2, 'a.jpg', 'file:///2', 'mms/d/a.jpg', 2, 1, 3), (3, 'gone', 'file:///3', "
	    "'mms/d/no', 2, 1, 3),"
	    " (4, 'evil', 'file:///4', '../../etc/passwd', 1, 1, 3);"
	    "INSERT INTO messages (id, uid, thread_id, sender_id, body, body_type, direction, "
	    "time, status) VALUES"
	    " (4, 'u1', 1, 2, 'hello', 1, 1, 5, 2), (5, 'u2', 1, 1, 'mine', 1, -1, 6, NULL),"
	    " (6, 'mmsd-1', 1, 2, 'with a picture', 12, 1, 7, 2), (7, 'm', 2, 3, 'matrix', 1, 1, "
	    "8, 2),"
	    " (8, 's', 1, NULL, 'system', 1, 0, 9, NULL), (9, 'd', 1, NULL, 'draft', 1, -1, 10, 1);"
	    "INSERT INTO message_files (message_id, file_id) VALUES (6, 1), (6, 2), (6, 3), (6, "
	    "4)");
	all[0] = '\0';
	assert_int_equal(s->adapter->sources(s, take_source, NULL, NULL, &err), 0);
	assert_string_equal(
		all,
		"<sms protocol=\"0\" address=\"+491\" date=\"5000\" type=\"1\" body=\"hello\"/>\n"
		"<sms protocol=\"0\" address=\"+491\" date=\"6000\" type=\"2\" body=\"mine\"/>\n"
		"<mms date=\"7\" msg_box=\"1\" address=\"+491\" m_id=\"mmsd-1\"" PARTS(
			"<part seq=\"0\" ct=\"text/plain\" text=\"with a picture\"/>\n"
			"<part seq=\"1\" ct=\"image/jpeg\" name=\"a.jpg\" cl=\"a.jpg\" "
			"data=\"YWJj\"/>\n") ADDR("+491", "137") END
		"\n"
		"<sms protocol=\"0\" address=\"+491\" date=\"10000\" type=\"3\" "
		"body=\"draft\"/>\n");
}

static void
a_second_draft_and_a_newer_history_are_refused(void **state)
{
	struct app_change draft[2] = {
		{ .kind = APP_ADD,
		  .bytes = span_str("<sms address=\"1\" date=\"1\" type=\"3\" body=\"a\"/>") },
		{ .kind = APP_ADD,
		  .bytes = span_str("<sms address=\"1\" date=\"2\" type=\"3\" body=\"b\"/>") },
	};
	struct err err = { 0 };

	(void)state;
	assert_int_equal(s->adapter->apply(s, draft, 2, &err), -1);
	assert_int_equal(draft[0].result, APP_CHANGE_DONE);
	assert_int_equal(draft[1].result, APP_CHANGE_REFUSED);
	app_change_clear(&draft[0]);
	assert_int_equal(app_session_ready(s, &err), 0);
	sql("PRAGMA user_version = 5");
	assert_int_equal(app_session_ready(s, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_is_written_is_shown_as_foretold_and_is_the_same_message),
		TEST(equal_messages_are_rows_of_their_own_and_all_that_was_made_goes_again),
		TEST(what_a_killed_program_left_is_tidied_and_nothing_else),
		TEST(chattys_own_rows_are_read_and_other_networks_are_not),
		TEST(a_second_draft_and_a_newer_history_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
