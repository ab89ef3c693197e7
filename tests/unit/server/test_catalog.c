/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_sqlite: transactions, the writer thread, group commit, what a crash leaves. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "os/os.h"
#include "unit.h"

static char folder[] = "/tmp/cloudboxd-catalog-XXXXXX";

static struct catalog *
open_it(void)
{
	char url[64];
	struct catalog *c;
	struct err err;

	snprintf(url, sizeof url, "sqlite:%s/db", folder);
	if (catalog_open(&c, url, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return c;
}

static int
set_up(void **state)
{
	snprintf(folder, sizeof folder, "/tmp/cloudboxd-catalog-XXXXXX");
	assert_non_null(mkdtemp(folder));
	*state = open_it();
	return 0;
}

static int
tear_down(void **state)
{
	char command[64];

	catalog_free(*state);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

/* Settings are the simplest rows. */
struct setting {
	const char *name;
	struct span value;
	int result; /* what the rule returns in the end */
};

static int
put_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct setting *s = ctx;

	if (tx->ops->setting_put(tx, s->name, s->value, err) < 0)
		return -1;
	return s->result < 0 ? err_set(err, ERR_INTERNAL, "on purpose") : s->result;
}

static int
put(struct catalog *c, const char *name, const char *value, int result, struct err *err)
{
	struct setting s = { name, span_str(value), result };

	return catalog_write(c, put_run, &s, err);
}

static int
get_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(1024);
	struct setting *s = ctx;

	s->result = tx->ops->setting_get(tx, s->name, &value, err);
	if (s->result == 0)
		assert_true(span_equal(buf_span(&value), s->value));
	return s->result;
}

/* 0: it is there with this value; CATALOG_ABSENT. */
static int
get(struct catalog *c, const char *name, const char *value)
{
	struct setting s = { name, span_str(value), 0 };
	struct err err;
	int rc = catalog_read(c, get_run, &s, &err);

	if (rc < 0)
		fail_msg("%s", err.msg);
	return rc;
}

static void
what_a_rule_refuses_is_undone_and_its_neighbours_stay(void **state)
{
	struct catalog *c = *state;
	struct err err;

	assert_int_equal(put(c, "a", "1", 0, &err), 0);
	assert_int_equal(put(c, "b", "2", 7, &err), 7);
	assert_int_equal(put(c, "c", "3", -1, &err), -1);
	assert_string_equal(err.msg, "on purpose");
	assert_int_equal(put(c, "d", "4", 0, &err), 0);
	assert_int_equal(get(c, "a", "1"), 0);
	assert_int_equal(get(c, "b", "2"), CATALOG_ABSENT);
	assert_int_equal(get(c, "c", "3"), CATALOG_ABSENT);
	assert_int_equal(get(c, "d", "4"), 0);
}

static void
what_was_written_is_there_after_a_restart(void **state)
{
	struct err err;

	assert_int_equal(put(*state, "a", "1", 0, &err), 0);
	catalog_free(*state);
	*state = open_it();
	assert_int_equal(get(*state, "a", "1"), 0);
}

/* Many jobs at once, so that they share transactions; every third refuses. */
#define N_JOBS 2000

struct many {
	struct catalog_job job; /* first */
	unsigned n;
	atomic_uint *done;
	unsigned runs;
};

static int
many_run(struct catalog_tx *tx, struct catalog_job *job, struct err *err)
{
	struct many *m = (struct many *)job;
	char name[16];

	m->runs++;
	snprintf(name, sizeof name, "n%u", m->n);
	if (tx->ops->setting_put(tx, name, span_str("x"), err) < 0)
		return -1;
	return m->n % 3 == 2;
}

static void
many_done(struct catalog_job *job, int rc, const struct err *err)
{
	struct many *m = (struct many *)job;

	(void)err;
	if (rc == (m->n % 3 == 2))
		++*m->done;
}

static void
jobs_of_a_group_stand_and_fall_alone(void **state)
{
	static struct many jobs[N_JOBS];
	atomic_uint done = 0;
	char name[16];

	for (unsigned i = 0; i < N_JOBS; i++) {
		jobs[i] = (struct many){ { .run = many_run, .done = many_done }, i, &done, 0 };
		catalog_submit(*state, &jobs[i].job);
	}
	catalog_free(*state); /* finishes them all */
	*state = open_it();
	assert_int_equal(done, N_JOBS);
	for (unsigned i = 0; i < N_JOBS; i += 37) {
		snprintf(name, sizeof name, "n%u", i);
		assert_int_equal(get(*state, name, "x"), i % 3 == 2 ? CATALOG_ABSENT : 0);
	}
}

static int
large_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->setting_put(tx, "large", *(struct span *)ctx, err);
}

/* SQLite's own door to the kernel, with a disk that has no room past a size. */
static atomic_uint writes_refused;
static ssize_t (*real_pwrite)(int fd, const void *p, size_t n, off_t at);
static _Atomic off_t room_bytes;
static atomic_int refuse_errno = ENOSPC;
static _Atomic ino_t refuse_only; /* this file; 0: all */

static bool
is_refused(int fd)
{
	struct stat st;

	return !refuse_only || (fstat(fd, &st) == 0 && st.st_ino == refuse_only);
}

static ssize_t
pwrite_with_little_room(int fd, const void *p, size_t n, off_t at)
{
	if (room_bytes && at + (off_t)n > room_bytes && is_refused(fd)) {
		writes_refused++;
		errno = refuse_errno;
		return -1;
	}
	return real_pwrite(fd, p, n, at);
}

static void
replace_pwrite(void)
{
	static const char *const names[] = { "pwrite", "pwrite64" };
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		sqlite3_syscall_ptr old = vfs->xGetSystemCall(vfs, names[i]);
		if (!old)
			continue;
		memcpy(&real_pwrite, &old, sizeof old);
		vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)pwrite_with_little_room);
	}
}

static void
a_full_disk_refuses_the_large_job_and_goes_on_with_small_ones(void **state)
{
	struct catalog *c = *state;
	AUTO(buf_clear) struct buf large = BUF_INIT(64u << 20);
	struct span s;
	uint8_t *at;
	struct err err;

	replace_pwrite();
	assert_int_equal(put(c, "before", "1", 0, &err), 0);
	assert_int_equal(buf_extend(&large, 4u << 20, &at, &err), 0);
	memset(at, 'x', 4u << 20);
	s = buf_span(&large);
	room_bytes = 1 << 20;
	assert_int_equal(catalog_write(c, large_run, &s, &err), -1);
	assert_int_equal(err.code, ERR_FULL);
	assert_true(writes_refused > 0);
	assert_int_equal(put(c, "small", "1", 0, &err), 0);
	room_bytes = 0;
	assert_int_equal(catalog_write(c, large_run, &s, &err), 0);
	sqlite3_vfs_find(NULL)->xSetSystemCall(sqlite3_vfs_find(NULL), NULL, NULL);
	catalog_free(c);
	*state = open_it();
	assert_int_equal(get(*state, "before", "1"), 0);
	assert_int_equal(get(*state, "small", "1"), 0);
}

#define ENDED 77

static void
end_child(void *ctx, const struct err *err)
{
	(void)ctx;
	_exit(err->code == ERR_IO ? ENDED : 1);
}

static void
a_write_that_fails_otherwise_ends_the_process_and_is_never_tried_again(void **state)
{
	const struct catalog_options options = { .fatal = end_child };
	char url[64];
	int status;

	catalog_free(*state);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct catalog *c;
		struct err err;
		snprintf(url, sizeof url, "sqlite:%s/db", folder);
		replace_pwrite();
		if (catalog_open(&c, url, &options, &err) < 0 || put(c, "before", "1", 0, &err) < 0)
			_exit(1);
		refuse_errno = EIO;
		room_bytes = 1;
		put(c, "after", "1", 0, &err); /* never comes back */
		_exit(2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ENDED);
	*state = open_it();
	assert_int_equal(get(*state, "before", "1"), 0);
	assert_int_equal(get(*state, "after", "1"), CATALOG_ABSENT);
}

/* The commit lies in the log; what fails is bringing the log into the database, which SQLite does
 * after a commit and would keep to itself. */
static void
a_log_that_cannot_be_brought_into_the_database_ends_the_process(void **state)
{
	const struct catalog_options options = { .fatal = end_child };
	AUTO(buf_clear) struct buf large = BUF_INIT(64u << 20);
	char url[64];
	uint8_t *at;
	int status;
	struct err err;

	catalog_free(*state);
	assert_int_equal(buf_extend(&large, 8u << 20, &at, &err), 0);
	memset(at, 'x', 8u << 20);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct span s = buf_span(&large);
		struct catalog *c;
		struct stat st;
		snprintf(url, sizeof url, "sqlite:%s/db", folder);
		replace_pwrite();
		if (catalog_open(&c, url, &options, &err) < 0 ||
		    put(c, "before", "1", 0, &err) < 0 || stat(url + strlen("sqlite:"), &st) < 0)
			_exit(1);
		refuse_errno = EIO;
		refuse_only = st.st_ino;
		room_bytes = 1;
		catalog_write(c, large_run, &s, &err); /* never comes back */
		_exit(2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	*state = open_it();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ENDED);
	assert_int_equal(get(*state, "before", "1"), 0);
}

/* Reads, has somebody else write, and reads again. */
static int
read_twice(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct setting s = { "a", span_str("1"), 0 };
	struct err put_err;

	assert_int_equal(get_run(tx, &s, err), 0);
	assert_int_equal(put(ctx, "a", "2", 0, &put_err), 0);
	return get_run(tx, &s, err);
}

static void
a_reader_sees_one_moment_whatever_is_written_meanwhile(void **state)
{
	struct catalog *c = *state;
	struct err err;

	assert_int_equal(put(c, "a", "1", 0, &err), 0);
	assert_int_equal(catalog_read(c, read_twice, c, &err), 0);
	assert_int_equal(get(c, "a", "2"), 0);
}

static int
write_in_read(struct catalog_tx *tx, void *ctx, struct err *err)
{
	(void)ctx;
	return tx->ops->setting_put(tx, "a", span_str("1"), err);
}

static void
a_reading_transaction_cannot_write(void **state)
{
	struct err err;

	assert_int_equal(catalog_read(*state, write_in_read, NULL, &err), -1);
	assert_int_equal(get(*state, "a", "1"), CATALOG_ABSENT);
}

/* The child acknowledges each commit through a pipe and is killed at any moment; whatever it
 * acknowledged is there afterwards. */
static void
a_killed_server_loses_nothing_that_it_acknowledged(void **state)
{
	int pipe_fd[2], status;
	unsigned acknowledged = 0, n;
	struct err err;
	char name[16];

	catalog_free(*state);
	*state = NULL;
	assert_int_equal(pipe(pipe_fd), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct catalog *c = open_it();
		for (unsigned i = 0;; i++) {
			snprintf(name, sizeof name, "n%u", i);
			if (put(c, name, "x", 0, &err) < 0 ||
			    write(pipe_fd[1], &i, sizeof i) != sizeof i)
				_exit(1);
		}
	}
	close(pipe_fd[1]);
	while (acknowledged < 50 && read(pipe_fd[0], &n, sizeof n) == sizeof n)
		acknowledged = n + 1;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	while (read(pipe_fd[0], &n, sizeof n) == sizeof n)
		acknowledged = n + 1;
	close(pipe_fd[0]);
	assert_true(acknowledged >= 50);
	*state = open_it();
	for (unsigned i = 0; i < acknowledged; i++) {
		snprintf(name, sizeof name, "n%u", i);
		assert_int_equal(get(*state, name, "x"), 0);
	}
}

static int
first_device_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->device_by_row(tx, ctx, 1, err);
}

static void
a_database_of_somebody_else_or_a_newer_one_is_left_alone(void **state)
{
	struct catalog *c;
	char path[64], url[72];
	sqlite3 *db;
	struct err err;

	(void)state;
	snprintf(path, sizeof path, "%s/other", folder);
	snprintf(url, sizeof url, "sqlite:%s", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(catalog_open(&c, url, NULL, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);

	snprintf(path, sizeof path, "%s/newer", folder);
	snprintf(url, sizeof url, "sqlite:%s", path);
	assert_int_equal(catalog_open(&c, url, NULL, &err), 0);
	catalog_free(c);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(catalog_open(&c, url, NULL, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_true(err.hint[0]);
}

static void
a_database_of_the_first_version_gets_what_it_lacks(void **state)
{
	static const char back[] =
		"DROP TABLE damaged; ALTER TABLE devices DROP COLUMN drill_day;"
		"ALTER TABLE devices DROP COLUMN drills;"
		"DROP TABLE alarms; DROP TABLE deliveries; DROP TABLE recipients;"
		"DROP TABLE growth; ALTER TABLE devices DROP COLUMN came;"
		"ALTER TABLE devices DROP COLUMN period;"
		"ALTER TABLE devices DROP COLUMN grace;"
		"ALTER TABLE devices DROP COLUMN drill;"
		"ALTER TABLE devices DROP COLUMN drill_at;"
		"DROP TABLE pairings; DROP TABLE pair_messages;"
		"DROP TABLE superseded; DROP TABLE samples; DROP INDEX chunks_object;"
		"ALTER TABLE accounts DROP COLUMN retention_days;"
		"ALTER TABLE accounts DROP COLUMN next_days;"
		"ALTER TABLE accounts DROP COLUMN next_at;"
		"ALTER TABLE accounts DROP COLUMN lift_from;"
		"ALTER TABLE accounts DROP COLUMN lift_at;"
		"ALTER TABLE accounts DROP COLUMN delete_at;"
		"ALTER TABLE accounts DROP COLUMN removed;"
		"ALTER TABLE devices DROP COLUMN ended_at;"
		"ALTER TABLE batches DROP COLUMN from_ms;"
		"ALTER TABLE folders DROP COLUMN held_at;"
		"ALTER TABLE folders DROP COLUMN lifted_at;"
		"ALTER TABLE chunks DROP COLUMN uncounted;"
		"ALTER TABLE dead RENAME COLUMN due TO since;"
		"ALTER TABLE devices DROP COLUMN day_bytes;"
		"ALTER TABLE devices DROP COLUMN day;"
		"INSERT INTO devices(account, device, state, suspended, key, "
		"added_at, seq, head, client_at, seen_at, live, replaces, cut_seq) "
		"VALUES(zeroblob(16), zeroblob(16), 0, 0, zeroblob(32), 1, 2, "
		"zeroblob(32), 3, 4, 5, 0, 0);"
		"PRAGMA user_version = 1";
	char path[64];
	sqlite3 *db;

	assert_int_equal(put(*state, "a", "1", 0, NULL), 0);
	catalog_free(*state);
	snprintf(path, sizeof path, "%s/db", folder);
	for (int i = 0; i < 2; i++) { /* and once more: nothing is lacking then */
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		if (i == 0 && sqlite3_exec(db, back, NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("%s", sqlite3_errmsg(db));
		sqlite3_close(db);
		*state = open_it();
		struct catalog_device d;
		struct err err;
		assert_int_equal(catalog_read(*state, first_device_run, &d, &err), 0);
		assert_int_equal(d.live, 5);
		assert_int_equal(d.day_bytes, 0);
		assert_int_equal(d.period_ms, 0);
		assert_int_equal(d.drills, 0);
		assert_int_equal(get(*state, "a", "1"), 0);
		if (i == 0)
			catalog_free(*state);
	}
}

static int
add_chunk_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->chunk_add(tx, 1, ctx, err);
}

static int
put_chunk_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->chunk_put(tx, 1, ctx, err);
}

static int
get_chunk_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_chunk *c = ctx;
	struct hash32 cid = c->cid;

	return tx->ops->chunk_get(tx, c, 1, &cid, err);
}

static void
a_chunks_object_is_named_once_unless_it_is_damaged(void **state)
{
	struct catalog_chunk first = { .cid = { { 1 } }, .object = { .size = 1 } };
	struct catalog_chunk other = { .cid = { { 1 } }, .object = { .size = 2 } };
	struct catalog_chunk now = { .cid = { { 1 } } };
	struct err err;

	first.object.name.bytes[0] = 'a';
	other.object.name.bytes[0] = 'b';
	assert_int_equal(catalog_write(*state, add_chunk_run, &first, &err), 0);
	assert_int_equal(catalog_write(*state, add_chunk_run, &other, &err), CATALOG_EXISTS);
	assert_int_equal(catalog_write(*state, put_chunk_run, &other, &err), 0);
	assert_int_equal(catalog_read(*state, get_chunk_run, &now, &err), 0);
	assert_int_equal(now.object.name.bytes[0], 'a');
	first.damaged = true;
	assert_int_equal(catalog_write(*state, put_chunk_run, &first, &err), 0);
	assert_int_equal(catalog_write(*state, put_chunk_run, &other, &err), 0);
	assert_int_equal(catalog_read(*state, get_chunk_run, &now, &err), 0);
	assert_int_equal(now.object.name.bytes[0], 'b');
	assert_false(now.damaged);
}

int
main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_a_rule_refuses_is_undone_and_its_neighbours_stay),
		IN_FOLDER(what_was_written_is_there_after_a_restart),
		IN_FOLDER(jobs_of_a_group_stand_and_fall_alone),
		IN_FOLDER(a_full_disk_refuses_the_large_job_and_goes_on_with_small_ones),
		IN_FOLDER(a_write_that_fails_otherwise_ends_the_process_and_is_never_tried_again),
		IN_FOLDER(a_log_that_cannot_be_brought_into_the_database_ends_the_process),
		IN_FOLDER(a_reader_sees_one_moment_whatever_is_written_meanwhile),
		IN_FOLDER(a_reading_transaction_cannot_write),
		IN_FOLDER(a_killed_server_loses_nothing_that_it_acknowledged),
		IN_FOLDER(a_database_of_somebody_else_or_a_newer_one_is_left_alone),
		IN_FOLDER(a_database_of_the_first_version_gets_what_it_lacks),
		IN_FOLDER(a_chunks_object_is_named_once_unless_it_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
