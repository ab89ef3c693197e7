/* SPDX-License-Identifier: Apache-2.0 */
/* A database in sealed files is one like any other. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"
#include "os_fault.h"
#include "sql/sealed_vfs.h"

static sqlite3 *
opened(const struct sealed_vfs *v, int flags)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(SEALED_VFS_DB, &db, SQLITE_OPEN_READWRITE | flags,
			    sealed_vfs_name(v)) == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

static int
does(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int64_t
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

#define ROWS                                                                                       \
	"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"          \
	"INSERT INTO t(x) SELECT randomblob(abs(random() % 3000)) FROM n"
#define SUM "SELECT sum(length(x) * id) FROM t"

/* Journals of all kinds, rollbacks, pages of odd sizes, a file that shrinks. */
static void
what_is_written_is_read_whatever_the_journal_and_the_size_of_pages(void **state)
{
	static const char *const modes[] = { "DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL" };
	char sql[200];

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(modes) * 3; i++) {
		AUTO(sealed_vfs_free) struct sealed_vfs *v = NULL;
		struct err err = { 0 };

		assert_int_equal(sealed_vfs_new(&v, &err), 0);
		sqlite3 *db = opened(v, SQLITE_OPEN_CREATE);
		assert_non_null(db);
		snprintf(sql, sizeof sql,
			 "PRAGMA page_size = %d; PRAGMA cache_size = 10;"
			 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = %s",
			 512 << 3 * (i % 3), modes[i / 3]);
		assert_int_equal(does(db, sql), SQLITE_OK);
		assert_int_equal(does(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, x)"), SQLITE_OK);
		assert_int_equal(does(db, ROWS), SQLITE_OK);
		int64_t sum = number(db, SUM);
		assert_int_equal(does(db, "BEGIN; DELETE FROM t WHERE id % 3;" ROWS "; ROLLBACK"),
				 SQLITE_OK);
		assert_int_equal(number(db, SUM), sum);
		assert_int_equal(does(db, "DELETE FROM t WHERE id % 2; VACUUM"), SQLITE_OK);
		sum = number(db, SUM);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		db = opened(v, 0);
		assert_non_null(db);
		assert_int_equal(does(db, "PRAGMA locking_mode = EXCLUSIVE"), SQLITE_OK);
		assert_int_equal(number(db, SUM), sum);
		assert_int_equal(number(db, "SELECT count(*) FROM pragma_integrity_check"
					    " WHERE integrity_check <> 'ok'"),
				 0);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
	}
}

static void
there_is_no_database_before_one_was_put_there(void **state)
{
	AUTO(sealed_vfs_free) struct sealed_vfs *v = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(sealed_vfs_new(&v, &err), 0);
	assert_null(opened(v, 0));
	assert_int_equal(sealed_vfs_append(v, "-shm", span_str("x"), &err), -1);
	assert_int_equal(err.code, ERR_INTERNAL);
}

/* Make the database @path as a program would. */
static void
make_database(char *path)
{
	sqlite3 *db = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(does(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, x);" ROWS), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Copied in pieces that are no blocks, then read.  What fails is told, as what it is; nothing is read wrong. */
static int
copy_and_sum(int64_t *sum, const char *path, struct err *err)
{
	AUTO(sealed_vfs_free) struct sealed_vfs *v = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t piece[5000];
	ssize_t n;
	int rc = sealed_vfs_new(&v, err);

	while (rc == 0 && (n = read(fd, piece, sizeof piece)) > 0)
		rc = sealed_vfs_append(v, "", span_of(piece, (size_t)n), err);
	close(fd);
	if (rc < 0)
		return -1;
	sqlite3 *db = opened(v, 0);
	sqlite3_stmt *stmt = NULL;
	rc = db ? sqlite3_prepare_v2(db, SUM, -1, &stmt, NULL) : SQLITE_CANTOPEN;
	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		*sum = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return rc == SQLITE_ROW ? 0 : err_set(err, ERR_IO, "%s", sqlite3_errstr(rc));
}

static void
a_copy_says_the_same_or_that_the_disk_failed(void **state)
{
	char path[] = "/tmp/cloudbox-test-sealed-XXXXXX";
	int64_t sum = 0, again = 0;
	struct err err = { 0 };
	unsigned nth = 0;
	bool fired;

	(void)state;
	make_database(path);
	assert_int_equal(copy_and_sum(&sum, path, &err), 0);
	assert_true(sum > 0);
	do {
		struct os_fault fault;

		err = (struct err){ 0 };
		again = 0;
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		int rc = copy_and_sum(&again, path, &err);
		os_fault_end(&fault);
		fired = fault.fired;
		assert_true(rc == 0 ? again == sum : err.code == ERR_IO);
		assert_true(rc == 0 || fired);
		nth += nth > 100 ? 97 : 0; /* some hundreds of reads are alike */
	} while (fired);
	assert_true(nth > 100);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_written_is_read_whatever_the_journal_and_the_size_of_pages),
		cmocka_unit_test(there_is_no_database_before_one_was_put_there),
		cmocka_unit_test(a_copy_says_the_same_or_that_the_disk_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
