/* SPDX-License-Identifier: Apache-2.0 */
/* app_db: see app_db.h.  The copy: app_db_copy.c. */
#include "apps/app_db.h"

#include "sql/sealed_vfs.h"
#include "sql/sqlite_rc.h"

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
	rc = d->sql.db ? sqlite_rc_meant(d->sql.db, rc) : rc;
	int primary = rc & 0xff;
	int sys = d->sql.db && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
			  ? sqlite_rc_errno(d->sql.db)
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

	sql_close(&d->sql);
	sealed_vfs_free(d->copy);
	*d = (struct app_db){ .app = app };
}

/* sql.fail */
static int
say_failure(void *app_db, int rc, struct err *err)
{
	return app_db_fail(app_db, rc, err);
}

int
app_db_open(struct app_db *d, const char *path, int flags, const char *vfs)
{
	int rc = sqlite3_open_v2(path, &d->sql.db, flags, vfs);

	d->sql.fail = say_failure;
	d->sql.owner = d;
	return rc == SQLITE_OK ? sqlite3_extended_result_codes(d->sql.db, 1) : rc;
}

int
app_db_open_write(struct app_db *d, const char *path, struct err *err)
{
	int rc = app_db_open(d, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(d->sql.db, BUSY_MS);
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
	int rc = sqlite3_exec(d->sql.db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : app_db_fail(d, rc, err);
}

int
app_db_number(int64_t *out, struct app_db *d, const char *sql, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	*out = 0;
	if (query_open(&q, &d->sql, sql, err) < 0)
		return -1;
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		*out = query_column_int(&q, 0);
	return rc < 0 ? -1 : 0;
}
