/* SPDX-License-Identifier: Apache-2.0 */
/* app_db: see app_db.h.  The copy: app_db_copy.c. */
#include "apps/app_db.h"

#include "os/sqlite_rc.h"
#include "sql/sealed_vfs.h"

#define BUSY_MS 2000 /* the program's own transaction may take as long */

static enum err_code
code_of(int rc, int sys_errno)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_ERROR: /* tables or columns that should be there */
		return ERR_SYNTAX;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	case SQLITE_IOERR:
		return rc == SQLITE_IOERR_NOMEM                     ? ERR_NOMEM
		       : sys_errno == ENOSPC || sys_errno == EDQUOT ? ERR_FULL
								    : ERR_IO;
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_IO;
	default:
		return ERR_INTERNAL;
	}
}

int
app_db_fail(struct app_db *d, int rc, struct err *err)
{
	rc = d->sql ? sqlite_rc_meant(d->sql, rc) : rc;
	int primary = rc & 0xff;
	int sys = d->sql && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
			  ? sqlite_rc_errno(d->sql)
			  : 0;
	enum err_code code = code_of(rc, sys);

	if (code == ERR_NOMEM)
		return err_nomem(err);
	err_set(err, code, "the database of %s: %s", d->app, sqlite3_errstr(rc));
	if (err)
		err->sys_errno = sys;
	switch (code) {
	case ERR_BUSY:
		return err_hint(err, "close %s and do it again", d->app);
	case ERR_FULL:
		return err_hint(err, "free some space on this disk; nothing was lost");
	case ERR_SYNTAX:
		return err_hint(err, "open %s: it may be able to repair it; nothing was changed",
				d->app);
	default:
		return -1;
	}
}

void
app_db_close(struct app_db *d)
{
	const char *app = d->app;

	for (size_t i = 0; i < APP_DB_KEPT; i++)
		sqlite3_finalize(d->kept[i].stmt);
	sqlite3_close(d->sql);
	sealed_vfs_free(d->copy);
	*d = (struct app_db){ .app = app };
}

int
app_db_open_write(struct app_db *d, const char *path, struct err *err)
{
	int rc = sqlite3_open_v2(path, &d->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(d->sql, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(d->sql, BUSY_MS);
	if (rc == SQLITE_OK)
		return app_db_exec(d, "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY",
				   err);
	app_db_fail(d, rc, err);
	app_db_close(d);
	return -1;
}

int
app_db_exec(struct app_db *d, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(d->sql, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : app_db_fail(d, rc, err);
}

int
app_db_number(int64_t *out, struct app_db *d, const char *sql, struct err *err)
{
	AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
	int rc;

	*out = 0;
	if (app_query_init(&q, d, sql, err) < 0)
		return -1;
	rc = app_query_step(&q, err);
	if (rc == APP_QUERY_ROW)
		*out = app_column_int(&q, 0);
	return rc < 0 ? -1 : 0;
}

int
app_query_init(struct app_query *q, struct app_db *d, const char *sql, struct err *err)
{
	int slot = 0;
	int rc;

	*q = (struct app_query){ .db = d, .slot = -1 };
	while (slot < APP_DB_KEPT && d->kept[slot].text && d->kept[slot].text != sql)
		slot++;
	if (slot < APP_DB_KEPT && !d->kept[slot].busy) {
		q->slot = slot;
		q->stmt = d->kept[slot].stmt;
	}
	if (!q->stmt) {
		rc = sqlite3_prepare_v3(d->sql, sql, -1,
					q->slot < 0 ? 0 : SQLITE_PREPARE_PERSISTENT, &q->stmt,
					NULL);
		if (rc != SQLITE_OK) {
			*q = (struct app_query)APP_QUERY_INIT;
			return app_db_fail(d, rc, err);
		}
	}
	if (q->slot >= 0) {
		d->kept[slot].text = sql;
		d->kept[slot].stmt = q->stmt;
		d->kept[slot].busy = true;
	}
	return 0;
}

void
app_query_clear(struct app_query *q)
{
	if (!q->stmt)
		return;
	if (q->slot < 0) {
		sqlite3_finalize(q->stmt);
	} else {
		sqlite3_reset(q->stmt);
		sqlite3_clear_bindings(q->stmt);
		q->db->kept[q->slot].busy = false;
	}
	*q = (struct app_query)APP_QUERY_INIT;
}

static void
bound(struct app_query *q, int rc)
{
	if (q->bind_rc == SQLITE_OK)
		q->bind_rc = rc;
}

void
app_bind_int(struct app_query *q, int at, int64_t value)
{
	bound(q, sqlite3_bind_int64(q->stmt, at, value));
}

void
app_bind_text(struct app_query *q, int at, struct span value)
{
	bound(q, sqlite3_bind_text64(q->stmt, at, value.p ? (const char *)value.p : "", value.n,
				     SQLITE_STATIC, SQLITE_UTF8));
}

void
app_bind_null(struct app_query *q, int at)
{
	bound(q, sqlite3_bind_null(q->stmt, at));
}

int
app_query_step(struct app_query *q, struct err *err)
{
	int rc = q->bind_rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q->stmt);
	if (rc == SQLITE_ROW)
		return APP_QUERY_ROW;
	return rc == SQLITE_DONE ? 0 : app_db_fail(q->db, rc, err);
}

int
app_query_run(struct app_query *q, struct err *err)
{
	int rc;

	while ((rc = app_query_step(q, err)) == APP_QUERY_ROW)
		continue;
	return rc;
}

int64_t
app_column_int(const struct app_query *q, int at)
{
	return sqlite3_column_int64(q->stmt, at);
}

struct span
app_column_span(const struct app_query *q, int at)
{
	const void *p = sqlite3_column_blob(q->stmt, at);
	int n = sqlite3_column_bytes(q->stmt, at);

	return span_of(p ? p : "", p && n > 0 ? (size_t)n : 0);
}

bool
app_column_is_null(const struct app_query *q, int at)
{
	return sqlite3_column_type(q->stmt, at) == SQLITE_NULL;
}
