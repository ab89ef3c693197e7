/* SPDX-License-Identifier: Apache-2.0 */
/* box: see box.h. */
#include "box/box.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "box/box_internal.h"
#include "box/schema.h"
#include "os/lock.h"
#include "os/os.h"

#define BOX_BUSY_MS      10000
#define BOX_LOCK_POLL_MS 50

int
box_home(char **out, const char *given, struct err *err)
{
	const char *home = getenv("CLOUDBOX_HOME"), *data = getenv("XDG_DATA_HOME");
	const char *user = getenv("HOME");
	char *path = NULL;
	int n;

	if (given && given[0])
		n = asprintf(&path, "%s", given);
	else if (home && home[0])
		n = asprintf(&path, "%s", home);
	else if (data && data[0] == '/')
		n = asprintf(&path, "%s/cloudbox", data);
	else if (user && user[0] == '/')
		n = asprintf(&path, "%s/.local/share/cloudbox", user);
	else
		return err_set(err, ERR_USAGE, "there is no home folder: neither --home nor $HOME");
	if (n < 0)
		return err_nomem(err);
	*out = path;
	return 0;
}

int64_t
box_now(void)
{
	return os->now_unix_ms();
}

uint64_t
id_leading_bits(const uint8_t item[static BOX_ID_BYTES], unsigned bits)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | item[i];
	return bits ? v >> (64 - bits) : 0;
}

int
store_span(struct span *out, struct buf *store, struct span s, struct err *err)
{
	/* Room was reserved for the whole row before: the bytes do not move. */
	size_t at = store->n;

	if (buf_append(store, s, err) < 0 || buf_append_byte(store, 0, err) < 0)
		return -1;
	*out = span_of(store->p + at, s.n);
	return 0;
}

bool
short_id_range(uint8_t first[static BOX_ID_BYTES], uint8_t last[static BOX_ID_BYTES],
	       struct span typed)
{
	char digits[2 * BOX_ID_BYTES];

	if (typed.n < 8 || typed.n > sizeof digits)
		return false;
	memset(digits, '0', sizeof digits);
	memcpy(digits, typed.p, typed.n);
	if (!hex_decode(first, BOX_ID_BYTES, span_of(digits, sizeof digits)))
		return false;
	memset(digits + typed.n, 'f', sizeof digits - typed.n);
	return hex_decode(last, BOX_ID_BYTES, span_of(digits, sizeof digits));
}

static int
home_open(struct box *b, struct err *err)
{
	struct stat st;

	if (os_make_folders(AT_FDCWD, b->home, 0700, err) < 0)
		return -1;
	b->home_fd = os->openat(AT_FDCWD, b->home, O_RDONLY | O_DIRECTORY, 0);
	if (b->home_fd < 0)
		return err_sys(err, errno, "cannot open %s", b->home);
	if (os->fstatat(b->home_fd, "box.db", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* A new Box: nobody else may look into its folder, and its file is made for its owner only
	 * (SQLite gives the journal beside it the same mode). */
	if (os->fstat(b->home_fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", b->home);
	if ((st.st_mode & 077) && st.st_uid == geteuid() && fchmod(b->home_fd, 0700) < 0)
		return err_sys(err, errno, "cannot close %s to others", b->home);
	int fd = os->openat(b->home_fd, "box.db", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot create %s/box.db", b->home);
	if (fd >= 0)
		os->close(fd);
	return 0;
}

static int
pragma_int(int64_t *out, struct box *b, const char *sql, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0 || query_step(&q, err) < 0)
		return -1;
	*out = query_column_int(&q, 0);
	return 0;
}

/* Make the tables in an empty database; refuse what is not ours or newer. */
static int
schema_check(struct box *b, bool may_make, struct err *err)
{
	int64_t version, application, tables;

	if (pragma_int(&version, b, "PRAGMA user_version", err) < 0 ||
	    pragma_int(&application, b, "PRAGMA application_id", err) < 0 ||
	    pragma_int(&tables, b, "SELECT count(*) FROM sqlite_schema", err) < 0)
		return -1;
	if (application == 0 && version == 0 && tables == 0 && may_make)
		return BOX_ABSENT;
	if (application != SCHEMA_APPLICATION_ID)
		return err_set(err, ERR_FORMAT, "%s/box.db is not the database of a Box", b->home);
	if (version > BOX_SCHEMA) {
		err_set(err, ERR_UNSUPPORTED, "%s/box.db has schema %lld; this program knows %d",
			b->home, (long long)version, BOX_SCHEMA);
		return err_hint(err, "it was made by a newer Cloudbox: install that");
	}
	if (version != BOX_SCHEMA)
		return err_set(err, ERR_FORMAT, "%s/box.db has the unknown schema %lld", b->home,
			       (long long)version);
	return 0;
}

static int
add_table(struct box *b, const struct schema_addition *a, struct err *err)
{
	int64_t has;
	int rc;

	if (box_begin(b, err) < 0)
		return -1;
	rc = pragma_int(&has, b, a->is_there, err); /* somebody else may have made it since */
	for (size_t i = 0; rc == 0 && !has && a->statements[i]; i++)
		rc = db_exec(b, a->statements[i], err);
	return box_end(b, rc, err);
}

/* What later programs added to a Box of before; where there is nothing to add, nothing is written. */
static int
schema_complete(struct box *b, struct err *err)
{
	for (const struct schema_addition *a = schema_additions; a->is_there; a++) {
		int64_t has;

		if (pragma_int(&has, b, a->is_there, err) < 0 || (!has && add_table(b, a, err) < 0))
			return -1;
	}
	return 0;
}

static int
schema_make(struct box *b, struct err *err)
{
	char sql[80];
	int rc;

	if (box_begin(b, err) < 0)
		return -1;
	rc = schema_check(b, true, err); /* somebody else may have made it since */
	if (rc == BOX_ABSENT) {
		rc = 0;
		for (size_t i = 0; rc == 0 && schema_statements[i]; i++)
			rc = db_exec(b, schema_statements[i], err);
		snprintf(sql, sizeof sql, "PRAGMA application_id = %d", SCHEMA_APPLICATION_ID);
		if (rc == 0 && sqlite3_exec(b->sql.db, sql, NULL, NULL, NULL) != SQLITE_OK)
			rc = db_fail(b, sqlite3_extended_errcode(b->sql.db), err);
		snprintf(sql, sizeof sql, "PRAGMA user_version = %d", BOX_SCHEMA);
		if (rc == 0 && sqlite3_exec(b->sql.db, sql, NULL, NULL, NULL) != SQLITE_OK)
			rc = db_fail(b, sqlite3_extended_errcode(b->sql.db), err);
	}
	return box_end(b, rc, err);
}

/* sql.fail */
static int
say_failure(void *box, int rc, struct err *err)
{
	return db_fail(box, rc, err);
}

/* docs/formats/box-db.md, The file, says why each. */
static const char *const pragmas[] = {
	"PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON",
	"PRAGMA mmap_size = 0",        "PRAGMA temp_store = MEMORY",
	"PRAGMA secure_delete = ON",   "PRAGMA journal_mode = TRUNCATE",
	"PRAGMA synchronous = FULL",   "PRAGMA cache_size = -1024",
};

static int
database_open(struct box *b, struct err *err)
{
	AUTO(free) char *path = NULL;
	int rc;

	if (asprintf(&path, "%s/box.db", b->home) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	b->sql.fail = say_failure;
	b->sql.owner = b;
	rc = sqlite3_open_v2(path, &b->sql.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (!b->sql.db)
		return err_nomem(err);
	sqlite3_extended_result_codes(b->sql.db, 1);
	sqlite3_busy_timeout(b->sql.db, BOX_BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(b->sql.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (size_t i = 0; rc == SQLITE_OK && i < sizeof pragmas / sizeof *pragmas; i++)
		rc = sqlite3_exec(b->sql.db, pragmas[i], NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return db_fail(b, rc, err);
	rc = schema_check(b, true, err);
	if (rc == BOX_ABSENT)
		return schema_make(b, err);
	return rc < 0 ? -1 : schema_complete(b, err);
}

static int
box_start(struct box *b, const char *home, struct err *err)
{
	b->home_fd = b->lock_fd = -1;
	b->home = strdup(home);
	if (!b->home)
		return err_nomem(err);
	if (home_open(b, err) < 0 || database_open(b, err) < 0)
		return -1;
	return identity_load(b, err);
}

int
box_open(struct box **out, const char *home, struct err *err)
{
	struct box *b = calloc(1, sizeof *b);

	if (!b)
		return err_nomem(err);
	if (box_start(b, home, err) < 0) {
		box_free(b);
		return -1;
	}
	*out = b;
	return 0;
}

void
box_free(struct box *b)
{
	if (!b)
		return;
	box_unlock(b);
	sql_close(&b->sql);
	if (b->has_identity)
		identity_clear(&b->identity);
	if (b->home_fd >= 0)
		os->close(b->home_fd);
	free(b->home);
	free(b);
}

int
box_home_fd(const struct box *b)
{
	return b->home_fd;
}

const struct identity *
box_identity(const struct box *b)
{
	return b->has_identity ? &b->identity : NULL;
}

int
box_identity_need(const struct identity **out, const struct box *b, struct err *err)
{
	if (b->has_identity) {
		*out = &b->identity;
		return 0;
	}
	err_set(err, ERR_USAGE, "this terminal has no account yet");
	return err_hint(err, "type: cloudbox init INVITATION, or: cloudbox join URL");
}

int
box_begin(struct box *b, struct err *err)
{
	if (b->depth == 0) {
		box_view_end(b);
		if (db_exec(b, "BEGIN IMMEDIATE", err) < 0)
			return -1;
		b->doomed = false;
	}
	b->depth++;
	return 0;
}

void
box_rollback(struct box *b)
{
	struct err ignored;

	if (b->depth == 0)
		return;
	b->doomed = true;
	if (--b->depth > 0)
		return;
	/* SQLite rolls back by itself where the disk is full or memory is out. */
	if (!sqlite3_get_autocommit(b->sql.db))
		db_exec(b, "ROLLBACK", &ignored);
	identity_reload(b, NULL);
	b->sealing = 0;
}

int
box_commit(struct box *b, struct err *err)
{
	if (b->depth > 1) {
		b->depth--;
		return 0;
	}
	if (b->doomed) {
		box_rollback(b);
		return err_set(err, ERR_INTERNAL, "a part of this change failed; none was made");
	}
	if (db_exec(b, "COMMIT", err) < 0) {
		box_rollback(b);
		return -1;
	}
	b->depth = 0;
	return 0;
}

int
box_end(struct box *b, int rc, struct err *err)
{
	if (rc < 0) {
		box_rollback(b);
		return -1;
	}
	return box_commit(b, err) < 0 ? -1 : rc;
}

int
box_view(struct box *b, struct err *err)
{
	if (b->depth > 0 || (b->viewing && os->uptime_ms() - b->view_ms < BOX_VIEW_MS))
		return 0;
	box_view_end(b);
	if (db_exec(b, "BEGIN", err) < 0)
		return -1;
	b->viewing = true;
	b->view_ms = os->uptime_ms();
	return 0;
}

void
box_view_end(struct box *b)
{
	struct err ignored;

	if (!b->viewing)
		return;
	assert(sqlite3_txn_state(b->sql.db, NULL) != SQLITE_TXN_WRITE);
	b->viewing = false;
	/* SQLite may have ended it by itself, after an error. */
	if (!sqlite3_get_autocommit(b->sql.db))
		db_exec(b, "ROLLBACK", &ignored);
}

static int
lock_wait(int fd, int64_t wait_ms, box_waiting_fn *waiting, void *ctx, struct err *err)
{
	const struct timespec pause = { .tv_nsec = BOX_LOCK_POLL_MS * 1000000L };
	int64_t until = os->uptime_ms() + wait_ms;
	bool told = false;
	long pid;
	int rc;

	while ((rc = lock_try(fd, &pid, err)) == LOCK_HELD) {
		if (os->uptime_ms() >= until) {
			err_set(err, ERR_BUSY, "the process %ld is at work on this Box", pid);
			return err_hint(err, "wait until it has ended, then try again");
		}
		if (waiting && !told)
			waiting(ctx, pid);
		told = true;
		if (nanosleep(&pause, NULL) < 0 && errno == EINTR)
			return err_set(err, ERR_CANCELLED,
				       "stopped, while the process %ld was at work on this Box",
				       pid);
	}
	return rc;
}

int
box_lock(struct box *b, int64_t wait_ms, box_waiting_fn *waiting, void *ctx, struct err *err)
{
	if (b->lock_fd >= 0)
		return err_set(err, ERR_INTERNAL, "the Box is locked already");
	int fd = lock_open(b->home_fd, "lock", err);
	if (fd < 0)
		return -1;
	if (lock_wait(fd, wait_ms, waiting, ctx, err) < 0) {
		os->close(fd);
		return -1;
	}
	b->lock_fd = fd;
	/* Whoever held it may have gone on: what is known of the server is read anew. */
	if (identity_reload(b, err) == 0 && journal_tidy(b, err) == 0)
		return 0;
	box_unlock(b);
	return -1;
}

void
box_unlock(struct box *b)
{
	if (b->lock_fd >= 0)
		os->close(b->lock_fd);
	b->lock_fd = -1;
}
