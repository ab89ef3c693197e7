/* SPDX-License-Identifier: Apache-2.0 */
#include "a_box.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box/box_internal.h"
#include "box/settings.h"

static int
setup(void **state)
{
	(void)state;
	a_box_open();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	a_box_close();
	return 0;
}

static void
nobody_else_may_look_into_a_new_box(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(fstatat(my.t.fd, "home", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fstatat(my.t.fd, "home/box.db", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
run_sql(const char *sql)
{
	char path[200];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/box.db", my.home);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void
a_box_of_a_newer_program_is_refused_by_name(void **state)
{
	struct box *b = NULL;
	struct err err = { 0 };

	(void)state;
	run_sql("PRAGMA user_version = 2");
	assert_int_equal(box_open(&b, my.home, &err), -1);
	assert_null(b);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "box.db has schema 2; this program knows 1"));
	assert_non_null(strstr(err.hint, "newer Cloudbox"));
}

/* It lacks what was added since; the rest stays. */
static void
a_box_of_an_older_program_gets_what_it_lacks(void **state)
{
	(void)state;
	run_sql("INSERT INTO apps (name) VALUES ('stays'); DROP TABLE threads; DROP TABLE taken;"
		"DROP TABLE due; DROP TABLE kept_out");
	a_box_again();
	run_sql("INSERT INTO taken SELECT id, x'00', '2019-07-04T12:30:05' FROM apps");
	a_box_again();
	run_sql("SELECT thread, party FROM threads");
	run_sql("INSERT INTO due VALUES (1, x'00'); INSERT INTO kept_out VALUES (1, x'00')");
	run_sql("UPDATE taken SET app = 1 / (SELECT count(*) FROM taken)");
}

static void
another_programs_database_is_refused(void **state)
{
	struct box *b = NULL;
	struct err err = { 0 };

	(void)state;
	run_sql("PRAGMA application_id = 1");
	assert_int_equal(box_open(&b, my.home, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static void
what_is_no_database_is_refused(void **state)
{
	struct box *b = NULL;
	struct err err = { 0 };

	(void)state;
	temp_put_str(&my.t, "other/box.db",
		     "This is text, and more of it than a header is long. "
		     "This is text, and more of it than a header is long.");
	snprintf(my.home, sizeof my.home, "%s/other", my.t.path);
	assert_int_equal(box_open(&b, my.home, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

static bool
has_setting(struct box *b, const char *key)
{
	AUTO(buf_clear) struct buf v = BUF_INIT(SETTING_VALUE_MAX);
	struct err err = { 0 };
	int rc = setting_get(&v, b, key, &err);

	assert_true(rc >= 0);
	return rc == 0;
}

static void
a_rolled_back_change_was_never_made(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_rc(box_begin(my.b, &err), 0, err);
	assert_rc(setting_set(my.b, "one", span_str("1"), &err), 0, err);
	assert_true(has_setting(my.b, "one"));
	box_rollback(my.b);
	assert_false(has_setting(my.b, "one"));
	box_rollback(my.b); /* outside of any: nothing */
}

static void
what_fails_within_dooms_the_whole(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_rc(box_begin(my.b, &err), 0, err);
	assert_rc(setting_set(my.b, "one", span_str("1"), &err), 0, err);
	assert_rc(box_begin(my.b, &err), 0, err);
	box_rollback(my.b);
	assert_int_equal(box_commit(my.b, &err), -1);
	assert_false(has_setting(my.b, "one"));
	assert_rc(setting_set(my.b, "two", span_str("2"), &err), 0, err);
	a_box_again();
	assert_true(has_setting(my.b, "two"));
	assert_false(has_setting(my.b, "one"));
}

static void
a_full_disk_loses_nothing_that_was_there(void **state)
{
	char value[SETTING_VALUE_MAX];
	struct err err = { 0 };
	char key[20];
	int rc = 0;

	(void)state;
	memset(value, 'x', sizeof value);
	assert_rc(setting_set(my.b, "before", span_str("1"), &err), 0, err);
	/* The limit of pages holds for this connection: SQLite reports it as a full disk. */
	assert_rc(sqlite3_exec(my.b->sql.db, "PRAGMA max_page_count = 60", NULL, NULL, NULL),
		  SQLITE_OK, err);
	for (int i = 0; rc == 0 && i < 1000; i++) {
		snprintf(key, sizeof key, "k%d", i);
		rc = setting_set(my.b, key, span_of(value, sizeof value), &err);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, ERR_FULL);
	assert_false(has_setting(my.b, key));
	a_box_again();
	assert_true(has_setting(my.b, "before"));
	assert_true(has_setting(my.b, "k0"));
	assert_rc(setting_set(my.b, key, span_of(value, sizeof value), &err), 0, err);
}

static void
note_pid(void *ctx, long pid)
{
	*(long *)ctx = pid;
}

static void
a_second_run_waits_and_names_the_process(void **state)
{
	struct box *other = NULL;
	struct err err = { 0 };
	char expected[100];
	long pid = 0;

	(void)state;
	assert_rc(box_open(&other, my.home, &err), 0, err);
	assert_rc(box_lock(my.b, 0, NULL, NULL, &err), 0, err);
	assert_int_equal(box_lock(other, 60, note_pid, &pid, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_int_equal(pid, getpid());
	snprintf(expected, sizeof expected, "the process %ld is at work on this Box", pid);
	assert_string_equal(err.msg, expected);
	box_unlock(my.b);
	assert_rc(box_lock(other, 0, NULL, NULL, &err), 0, err);
	box_free(other);
}

static void
the_lock_goes_with_its_process(void **state)
{
	int ready[2];
	char byte;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct box *b = NULL;
		struct err e = { 0 };
		if (box_open(&b, my.home, &e) < 0 || box_lock(b, 0, NULL, NULL, &e) < 0)
			_exit(1);
		byte = 1;
		_exit(write(ready[1], &byte, 1) == 1 && pause() ? 0 : 1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(box_lock(my.b, 0, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_rc(box_lock(my.b, 0, NULL, NULL, &err), 0, err);
}

static void
without_an_account_the_hint_says_what_to_type(void **state)
{
	const struct identity *id;
	struct err err = { 0 };

	(void)state;
	assert_null(box_identity(my.b));
	assert_int_equal(box_identity_need(&id, my.b, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.hint, "cloudbox init"));
}

static void
home_is_given_or_found(void **state)
{
	AUTO(free) char *one = NULL, *two = NULL, *three = NULL, *four = NULL;
	struct err err = { 0 };

	(void)state;
	setenv("HOME", "/h", 1);
	setenv("XDG_DATA_HOME", "/d", 1);
	setenv("CLOUDBOX_HOME", "/c", 1);
	assert_rc(box_home(&one, "/given", &err), 0, err);
	assert_string_equal(one, "/given");
	assert_rc(box_home(&two, NULL, &err), 0, err);
	assert_string_equal(two, "/c");
	unsetenv("CLOUDBOX_HOME");
	assert_rc(box_home(&three, NULL, &err), 0, err);
	assert_string_equal(three, "/d/cloudbox");
	unsetenv("XDG_DATA_HOME");
	assert_rc(box_home(&four, NULL, &err), 0, err);
	assert_string_equal(four, "/h/.local/share/cloudbox");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(nobody_else_may_look_into_a_new_box),
		T(a_box_of_a_newer_program_is_refused_by_name),
		T(a_box_of_an_older_program_gets_what_it_lacks),
		T(another_programs_database_is_refused),
		T(what_is_no_database_is_refused),
		T(a_rolled_back_change_was_never_made),
		T(what_fails_within_dooms_the_whole),
		T(a_full_disk_loses_nothing_that_was_there),
		T(a_second_run_waits_and_names_the_process),
		T(the_lock_goes_with_its_process),
		T(without_an_account_the_hint_says_what_to_type),
		T(home_is_given_or_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
