/* SPDX-License-Identifier: Apache-2.0 */
/* The database of another program: one state of it, whatever the program does. */
#include "apps/app_db.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "temp.h"

struct fixture {
	struct temp temp, tmpdir;
	char path[128];
	sqlite3 *program; /* the other one's connection */
};

static void
program_does(struct fixture *f, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(f->program, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	temp_make(&f->temp);
	temp_make(&f->tmpdir);
	setenv("TMPDIR", f->tmpdir.path, 1);
	snprintf(f->path, sizeof f->path, "%s/some.db", f->temp.path);
	assert_int_equal(sqlite3_open(f->path, &f->program), SQLITE_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	sqlite3_close(f->program);
	assert_int_equal(temp_count(&f->tmpdir, "."), 0); /* nothing stays behind, ever */
	temp_remove(&f->temp);
	temp_remove(&f->tmpdir);
	free(f);
	return 0;
}

static int64_t
rows_seen(struct fixture *f)
{
	struct app_db d = APP_DB_INIT("Some");
	struct app_stamp stamp;
	struct err err = { 0 };
	int64_t n;

	if (app_db_open_copy(&d, f->path, &stamp, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(temp_count(&f->tmpdir, "."), 0);
	assert_int_equal(app_db_number(&n, &d, "SELECT count(*) FROM t", &err), 0);
	app_db_close(&d);
	return n;
}

static void
what_a_running_program_has_locked_and_not_yet_moved_out_of_its_log_is_read(void **state)
{
	struct fixture *f = *state;

	program_does(f, "PRAGMA journal_mode = WAL; PRAGMA locking_mode = EXCLUSIVE;"
			"PRAGMA wal_autocheckpoint = 0;"
			"CREATE TABLE t(x); INSERT INTO t VALUES(1),(2),(3)");
	assert_int_equal(rows_seen(f), 3);
	program_does(f, "INSERT INTO t VALUES(4)");
	assert_int_equal(rows_seen(f), 4);
}

static void
what_a_program_has_not_committed_is_not_read(void **state)
{
	struct fixture *f = *state;

	program_does(f, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
	program_does(
		f, "PRAGMA cache_size = 1; BEGIN EXCLUSIVE;"
		   "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
		   "INSERT INTO t SELECT zeroblob(100) FROM n"); /* spilled into the file */
	assert_int_equal(rows_seen(f), 1);
	program_does(f, "COMMIT");
	assert_int_equal(rows_seen(f), 5001);
}

static void
every_commit_moves_the_stamp(void **state)
{
	struct fixture *f = *state;
	struct app_stamp before, after;
	struct err err = { 0 };

	program_does(f, "PRAGMA journal_mode = WAL; CREATE TABLE t(x)");
	assert_int_equal(app_db_stamp(&before, f->path, &err), 0);
	program_does(f, "INSERT INTO t VALUES(1)");
	assert_int_equal(app_db_stamp(&after, f->path, &err), 0);
	assert_false(app_stamp_equal(&before, &after));
	assert_int_equal(app_db_stamp(&after, "/nowhere/some.db", &err), APP_MOVED);
}

/* What is in the files without a name that this process has open in the folder for temporary ones. */
static size_t
put_aside(struct fixture *f, struct buf *out)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *d;
	size_t n = 0;

	assert_non_null(fds);
	while ((d = readdir(fds)) != NULL) {
		char path[300], at[PATH_MAX] = "";
		uint8_t piece[4096];
		ssize_t got;

		snprintf(path, sizeof path, "/proc/self/fd/%s", d->d_name);
		if (readlink(path, at, sizeof at - 1) < 0 || !strstr(at, f->tmpdir.path) ||
		    !strstr(at, "(deleted)"))
			continue;
		n++;
		for (off_t from = 0; (got = pread(atoi(d->d_name), piece, sizeof piece, from)) > 0;
		     from += got)
			assert_int_equal(buf_append(out, span_of(piece, (size_t)got), NULL), 0);
	}
	closedir(fds);
	return n;
}

static void
nothing_of_a_copy_lies_anywhere_in_the_clear(void **state)
{
	static const char secret[] = "meet me at noon";
	AUTO(buf_clear) struct buf aside = BUF_INIT(64 << 20);
	struct fixture *f = *state;
	struct app_db d = APP_DB_INIT("Some");
	struct app_stamp stamp;
	struct err err = { 0 };

	program_does(
		f,
		"CREATE TABLE t(x);"
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
		"INSERT INTO t SELECT 'meet me at noon ' || i FROM n");
	assert_int_equal(app_db_open_copy(&d, f->path, &stamp, &err), 0);
	/* so many that SQLite puts some aside while it sorts */
	assert_int_equal(app_db_exec(&d, "SELECT x FROM t ORDER BY substr(x, 17), x", &err), 0);
	assert_int_equal(temp_count(&f->tmpdir, "."), 0);
	assert_int_equal(put_aside(f, &aside), 1);
	assert_true(aside.n > 60000 * sizeof secret);
	assert_null(memmem(aside.p, aside.n, secret, strlen(secret)));
	app_db_close(&d);
}

static void
a_damaged_database_is_refused(void **state)
{
	struct fixture *f = *state;
	static const uint8_t noise[2048] = "SQLite format 3";
	struct app_db d = APP_DB_INIT("Some");
	struct app_stamp stamp;
	struct err err = { 0 };

	temp_put(&f->temp, "some.db", SPAN_ARRAY(noise), 0);
	assert_int_equal(app_db_open_copy(&d, f->path, &stamp, &err), -1);
	assert_int_equal(err.code, ERR_SYNTAX);
	assert_null(d.sql.db);
	temp_put_str(&f->temp, "some.db", "no database at all");
	assert_int_equal(app_db_open_copy(&d, f->path, &stamp, &err), -1);
	assert_int_equal(err.code, ERR_SYNTAX);
	assert_string_equal(err.msg, "the database of Some: file is not a database");
}

static void
a_database_that_is_locked_is_not_written_to(void **state)
{
	struct fixture *f = *state;
	struct app_db d = APP_DB_INIT("Some");
	struct err err = { 0 };

	program_does(f, "CREATE TABLE t(x); BEGIN EXCLUSIVE; INSERT INTO t VALUES(1)");
	assert_int_equal(app_db_open_write(&d, f->path, &err), 0);
	sqlite3_busy_timeout(d.sql.db, 10);
	assert_int_equal(app_db_exec(&d, "BEGIN EXCLUSIVE", &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_string_equal(err.hint, "close Some and do it again");
	app_db_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_a_running_program_has_locked_and_not_yet_moved_out_of_its_log_is_read,
			setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_program_has_not_committed_is_not_read, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_commit_moves_the_stamp, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_of_a_copy_lies_anywhere_in_the_clear, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_damaged_database_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_database_that_is_locked_is_not_written_to, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
