/* SPDX-License-Identifier: Apache-2.0 */
/* db: see db.h. */
#include "box/db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "box/box_internal.h"
#include "sql/sqlite_rc.h"

static enum err_code
code_of(int rc, int sys_errno)
{
	if (rc == SQLITE_IOERR_NOMEM)
		return ERR_NOMEM;
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
		return ERR_FORMAT;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_NOLFS:
		return sys_errno == ENOSPC || sys_errno == EDQUOT ? ERR_FULL : ERR_IO;
	default:
		return ERR_INTERNAL;
	}
}

int
db_fail(struct box *b, int rc, struct err *err)
{
	rc = sqlite_rc_meant(b->sql.db, rc);
	int primary = rc & 0xff;
	int sys = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? sqlite_rc_errno(b->sql.db)
									: 0;
	enum err_code code = code_of(rc, sys);

	err_set_at(err, code, sys, ERR_HERE, "%s/box.db: %s", b->home, sqlite3_errstr(rc));
	switch (code) {
	case ERR_BUSY:
		return err_hint(err, "another cloudbox is writing to the Box; try again");
	case ERR_FULL:
		return err_hint(err, "free some space on this disk; nothing was lost");
	case ERR_FORMAT:
		return err_hint(err, "move the Box's folder away, then `cloudbox join`: "
				     "everything saved comes back");
	default:
		return -1;
	}
}

int
query_init(struct query *q, struct box *b, const char *sql, struct err *err)
{
	if (query_open(q, &b->sql, sql, err) < 0)
		return -1;
	assert(!b->viewing || sqlite3_stmt_readonly(q->stmt)); /* a view ends in a rollback */
	return 0;
}

int
db_exec(struct box *b, const char *sql, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0)
		return -1;
	return query_run(&q, err);
}

uint64_t
db_changes(const struct box *b)
{
	return (uint64_t)sqlite3_changes64(b->sql.db);
}
