/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_sqlite: a catalog in one SQLite file.  Here: connections, transactions, the writer
 * thread.
 *
 * Debian's SQLite 3.40.1 has the WAL-reset race (fixed in 3.51.3), which needs two connections that
 * write or checkpoint: so one process and one read-write connection a file, which alone
 * checkpoints; everybody else reads through read-only connections.  synchronous=FULL: COMMIT
 * returns after the log is on the disk.
 *
 * Group commit: the writer takes all jobs that wait, runs each in a savepoint of one transaction,
 * and tells all after one COMMIT.  If the disk fills, the group is undone and each of its jobs
 * tried alone, so that a large one does not take small ones down with it.
 *
 *     waiting --take--> running (savepoint) --COMMIT--> done
 *                          \--disk full--> alone (own transaction) --> done
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/sqlite_internal.h"
#include "os/os.h"
#include "sql/sqlite_rc.h"

#define GROUP_MAX       256 /* jobs of one transaction */
#define READERS_MAX     4   /* connections; a read takes milliseconds */
#define BUSY_TIMEOUT_MS 10000

#define CHECKPOINT_FRAMES 1000 /* SQLite's own choice */

struct catalog_sqlite {
	struct catalog catalog; /* first */
	struct catalog_options options;
	char *path;
	struct db writer;
	pthread_t thread;
	bool has_thread;
	int64_t clock_offset_ms; /* from the time since boot to the retention clock */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;  /* jobs, or stopping */
	struct catalog_job *first, **last;
	bool stopping;
	pthread_cond_t returned; /* a reader came back */
	struct db *idle;
	unsigned n_readers;
};

static const char *const sql_of[N_STATEMENTS] = {
#define STATEMENT_SQL_(name, sql) [S_##name] = (sql),
	STATEMENTS(STATEMENT_SQL_)
};

int
db_error(struct db *db, int rc, const char *what, struct err *err)
{
	int sys = sqlite_rc_errno(db->sqlite);
	const char *text = sqlite3_errmsg(db->sqlite);

	rc = sqlite_rc_meant(db->sqlite, rc);
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return err_set(err, ERR_FULL, "%s: the disk is full", what);
	case SQLITE_NOMEM:
		return err_nomem(err);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, ERR_FORMAT, "%s: the database is damaged (%s)", what, text);
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return err_nomem(err);
		err_set_at(err, ERR_IO, sys, ERR_HERE, "%s: %s (error %d of the system)", what,
			   text, sys);
		if (db->tx.writable && db->owner->options.fatal)
			db->owner->options.fatal(db->owner->options.fatal_ctx, err);
		return -1;
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return err_set_at(err, ERR_IO, sys, ERR_HERE, "%s: %s", what, text);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_BUSY, "%s: somebody else holds the database", what);
	default:
		return err_set(err, ERR_INTERNAL, "%s: %s", what, text);
	}
}

sqlite3_stmt *
db_start(struct db *db, enum statement s, struct err *err)
{
	if (!db->statements[s]) {
		int rc = sqlite3_prepare_v3(db->sqlite, sql_of[s], -1, SQLITE_PREPARE_PERSISTENT,
					    &db->statements[s], NULL);
		if (rc != SQLITE_OK) {
			db_error(db, rc, "catalog", err);
			return NULL;
		}
	}
	return db->statements[s];
}

int
db_step(struct db *db, sqlite3_stmt *st, struct err *err)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 0;
	if (rc != SQLITE_DONE)
		db_error(db, rc, "catalog", err);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? CATALOG_ABSENT : -1;
}

int
db_run(struct db *db, enum statement s, struct err *err)
{
	sqlite3_stmt *st = db_start(db, s, err);

	return st && db_step(db, st, err) == CATALOG_ABSENT ? 0 : -1;
}

static void
db_close(struct db *db)
{
	for (size_t i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->sqlite);
}

static int
db_exec(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_error(db, rc, db->owner->path, err);
}

static int
db_open(struct db *db, struct catalog_sqlite *c, bool writable, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW |
		    (writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);

	*db = (struct db){ .tx = { &catalog_sqlite_ops, writable }, .owner = c };
	int rc = sqlite3_open_v2(c->path, &db->sqlite, flags, NULL);
	if (rc != SQLITE_OK)
		return db->sqlite ? db_error(db, rc, c->path, err) : err_nomem(err);
	sqlite3_busy_timeout(db->sqlite, BUSY_TIMEOUT_MS);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return db_exec(db,
		       "PRAGMA mmap_size = 0;"
		       "PRAGMA trusted_schema = OFF;"
		       "PRAGMA cell_size_check = ON;"
		       "PRAGMA temp_store = MEMORY;",
		       err);
}

static int
pragma_number(struct db *db, const char *sql, int64_t *out, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*out = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : db_error(db, rc, db->owner->path, err);
}

/* The steps from @version on, in one transaction with what says that they were made. */
static int
make_schema(struct db *db, int64_t version, bool fresh, struct err *err)
{
	char sql[160];

	snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		 SQLITE_APPLICATION_ID, SQLITE_SCHEMA_VERSION);
	if (db_exec(db, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	int rc = 0;
	for (size_t i = 0; fresh && rc == 0 && sqlite_schema[i]; i++)
		rc = db_exec(db, sqlite_schema[i], err);
	for (; !fresh && rc == 0 && version < SQLITE_SCHEMA_VERSION; version++)
		rc = db_exec(db, sqlite_schema_steps[version - 1], err);
	if (rc == 0)
		rc = db_exec(db, sql, err);
	if (rc < 0)
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* A new file gets its tables; an older one of ours what it lacks. */
static int
settle_schema(struct db *db, struct err *err)
{
	int64_t version = 0, application = 0, tables = 0;
	const char *path = db->owner->path;

	if (pragma_number(db, "PRAGMA user_version", &version, err) < 0 ||
	    pragma_number(db, "PRAGMA application_id", &application, err) < 0 ||
	    pragma_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err) < 0)
		return -1;
	if (tables && application != SQLITE_APPLICATION_ID)
		return err_set(err, ERR_FORMAT, "%s is not a database of cloudboxd", path);
	if (version > SQLITE_SCHEMA_VERSION) {
		err_set(err, ERR_UNSUPPORTED, "%s was made by a newer cloudboxd", path);
		return err_hint(err, "start the newest version that ran on this data");
	}
	if (version == SQLITE_SCHEMA_VERSION)
		return 0;
	if (version < 0 || (tables && version == 0))
		return err_set(err, ERR_FORMAT, "%s has no tables of cloudboxd", path);
	return make_schema(db, version, tables == 0, err);
}

/* Bring the log into the database, after a commit.  SQLite would do this by itself, but it keeps
 * failures there to itself and tries again later: a sync then says nothing of what an earlier,
 * unfinished checkpoint wrote and the disk did not take, and the log that has it is overwritten.  So
 * a failure ends the process.  Where room or memory lacks, the log just grows until next time. */
static int
checkpoint(void *ctx, sqlite3 *sqlite, const char *name, int n_frames)
{
	struct db *db = ctx;
	struct err err;

	if (n_frames < CHECKPOINT_FRAMES)
		return SQLITE_OK;
	int rc = sqlite3_wal_checkpoint_v2(sqlite, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	rc = sqlite_rc_meant(sqlite, rc);
	if ((rc & 0xff) != SQLITE_IOERR || rc == SQLITE_IOERR_NOMEM)
		return SQLITE_OK;
	db_error(db, rc, "bringing the log into the database", &err);
	return rc;
}

/* The retention clock goes on from where it was kept last. */
static int
start_clock(struct catalog_sqlite *c, struct err *err)
{
	int64_t kept = 0;

	if (pragma_number(&c->writer, "SELECT retention_ms FROM clock", &kept, err) < 0)
		return -1;
	c->clock_offset_ms = kept - os->uptime_ms();
	return 0;
}

const char *
sqlite_path(const struct catalog_sqlite *c)
{
	return c->path;
}

int64_t
sqlite_clock(const struct catalog_sqlite *c)
{
	return os->uptime_ms() + c->clock_offset_ms;
}

static int
open_writer(struct catalog_sqlite *c, struct err *err)
{
	if (sqlite_settle(c->path, err) < 0 || db_open(&c->writer, c, true, err) < 0)
		return -1;
	sqlite3_wal_hook(c->writer.sqlite, checkpoint, &c->writer);
	/* auto_vacuum can only be chosen while the file is empty: clearing away will give room
	 * back. */
	return db_exec(&c->writer,
		       "PRAGMA auto_vacuum = INCREMENTAL;"
		       "PRAGMA journal_mode = WAL;"
		       "PRAGMA synchronous = FULL;"
		       "PRAGMA journal_size_limit = 16777216;",
		       err) < 0
		       ? -1
	       : settle_schema(&c->writer, err) < 0 ? -1
						    : start_clock(c, err);
}

/* --- writing --- */

static int
run_job(struct db *db, struct catalog_job *job)
{
	struct err ignored;

	if (db_run(db, S_SAVE, &job->err) < 0)
		return job->rc = -1;
	job->rc = job->run(&db->tx, job, &job->err);
	if (sqlite3_get_autocommit(db->sqlite))
		return -1; /* SQLite gave up the whole transaction */
	if (job->rc != 0 && db_run(db, S_SAVE_UNDO, &ignored) < 0)
		return -1;
	return db_run(db, S_SAVE_END, &ignored);
}

/* @n jobs from @job on in one transaction.  0, or -1 and nothing of them happened. */
static int
run_transaction(struct db *db, struct catalog_job *job, size_t n, struct err *err)
{
	struct err ignored;
	int rc = db_run(db, S_BEGIN_WRITE, err);

	for (; rc == 0 && n; n--, job = job->next)
		if ((rc = run_job(db, job)) < 0)
			*err = job->err;
	if (rc == 0)
		rc = db_run(db, S_COMMIT, err);
	if (rc < 0 && !sqlite3_get_autocommit(db->sqlite))
		db_run(db, S_ROLLBACK, &ignored);
	return rc;
}

static void
run_group(struct catalog_sqlite *c, struct catalog_job *first, size_t n)
{
	struct err err;
	struct catalog_job *next;

	if (run_transaction(&c->writer, first, n, &err) < 0) {
		for (struct catalog_job *job = first; job; job = job->next) {
			if (n > 1 && run_transaction(&c->writer, job, 1, &err) == 0)
				continue;
			job->rc = -1;
			job->err = err;
		}
	}
	for (struct catalog_job *job = first; job; job = next) {
		next = job->next;
		job->done(job, job->rc, &job->err); /* may free the job */
	}
}

/* The next jobs in order, as a list of their own; 0 when it is time to stop. */
static size_t
take_jobs(struct catalog_sqlite *c, struct catalog_job **first)
{
	size_t n = 0;

	pthread_mutex_lock(&c->lock);
	while (!c->first && !c->stopping)
		pthread_cond_wait(&c->work, &c->lock);
	*first = c->first;
	for (struct catalog_job **at = &c->first; *at; at = &(*at)->next) {
		if (++n < GROUP_MAX && (*at)->next)
			continue;
		struct catalog_job *rest = (*at)->next;
		(*at)->next = NULL;
		c->first = rest;
		if (!rest)
			c->last = &c->first;
		break;
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

static void *
writer_main(void *arg)
{
	struct catalog_sqlite *c = arg;
	struct catalog_job *first;
	size_t n;

	while ((n = take_jobs(c, &first)))
		run_group(c, first, n);
	return NULL;
}

void
sqlite_submit(struct catalog *catalog, struct catalog_job *job)
{
	struct catalog_sqlite *c = (struct catalog_sqlite *)catalog;

	job->next = NULL;
	job->rc = 0;
	job->err = (struct err){ 0 };
	pthread_mutex_lock(&c->lock);
	*c->last = job;
	c->last = &job->next;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
}

/* --- reading --- */

/* An idle reader, a new one, or the next that comes back. */
static struct db *
take_reader(struct catalog_sqlite *c, struct err *err)
{
	struct db *db;

	pthread_mutex_lock(&c->lock);
	while (!c->idle && c->n_readers == READERS_MAX)
		pthread_cond_wait(&c->returned, &c->lock);
	db = c->idle;
	if (db)
		c->idle = db->next;
	else
		c->n_readers++;
	pthread_mutex_unlock(&c->lock);
	if (db)
		return db;

	db = malloc(sizeof *db);
	if (!db)
		err_nomem(err);
	else if (db_open(db, c, false, err) == 0 &&
		 db_exec(db, "PRAGMA query_only = ON; PRAGMA cache_size = -512", err) == 0)
		return db;
	if (db)
		db_close(db);
	free(db);
	pthread_mutex_lock(&c->lock);
	c->n_readers--;
	pthread_cond_signal(&c->returned);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void
return_reader(struct catalog_sqlite *c, struct db *db)
{
	pthread_mutex_lock(&c->lock);
	db->next = c->idle;
	c->idle = db;
	pthread_cond_signal(&c->returned);
	pthread_mutex_unlock(&c->lock);
}

int
sqlite_read(struct catalog *catalog, catalog_run_fn *run, void *ctx, struct err *err)
{
	struct catalog_sqlite *c = (struct catalog_sqlite *)catalog;
	struct db *db = take_reader(c, err);
	struct err ignored;

	if (!db)
		return -1;
	int rc = db_run(db, S_BEGIN_READ, err);
	if (rc == 0)
		rc = run(&db->tx, ctx, err);
	if (!sqlite3_get_autocommit(db->sqlite))
		db_run(db, S_ROLLBACK, &ignored);
	return_reader(c, db);
	return rc;
}

/* --- opening and closing --- */

void
sqlite_free(struct catalog *catalog)
{
	struct catalog_sqlite *c = (struct catalog_sqlite *)catalog;
	struct db *next;

	if (c->has_thread) {
		pthread_mutex_lock(&c->lock);
		c->stopping = true;
		pthread_cond_signal(&c->work);
		pthread_mutex_unlock(&c->lock);
		pthread_join(c->thread, NULL);
	}
	for (struct db *db = c->idle; db; db = next) {
		next = db->next;
		db_close(db);
		free(db);
	}
	db_close(&c->writer); /* last: it checkpoints and removes the log */
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->returned);
	pthread_mutex_destroy(&c->lock);
	free(c->path);
	free(c);
}

int
catalog_sqlite_new(struct catalog **out, const char *path, const struct catalog_options *options,
		   struct err *err)
{
	struct catalog_sqlite *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	c->catalog.ops = &catalog_sqlite_ops;
	if (options)
		c->options = *options;
	c->last = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->returned, NULL);
	c->path = strdup(path);
	int rc = c->path ? open_writer(c, err) : err_nomem(err);
	if (rc == 0) {
		int error = pthread_create(&c->thread, NULL, writer_main, c);
		c->has_thread = error == 0;
		if (error)
			rc = err_sys(err, error, "cannot start the writer");
	}
	if (rc < 0) {
		sqlite_free(&c->catalog);
		return -1;
	}
	*out = &c->catalog;
	return 0;
}
