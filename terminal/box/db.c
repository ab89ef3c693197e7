/* SPDX-License-Identifier: Apache-2.0 */
/* db: see db.h. */
#include "box/db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "box/box_internal.h"
#include "os/sqlite_rc.h"

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
	rc = sqlite_rc_meant(b->db, rc);
	int primary = rc & 0xff;
	int sys =
		primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? sqlite_rc_errno(b->db) : 0;
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

/* The slot of @sql, or the free one where it would go; -1 if the table is full. */
static int
slot_of(const struct box *b, const char *sql)
{
	size_t at = ((uintptr_t)sql * 0x9e3779b97f4a7c15u) >> 56;

	_Static_assert(BOX_STATEMENTS == 256, "eight bits of hash choose the slot");
	for (size_t i = 0; i < BOX_STATEMENTS; i++, at = (at + 1) % BOX_STATEMENTS) {
		if (!b->statements[at].sql || b->statements[at].sql == sql)
			return (int)at;
	}
	return -1;
}

int
query_init(struct query *q, struct box *b, const char *sql, struct err *err)
{
	struct kept_statement *kept = b->statements;
	int slot = slot_of(b, sql);
	sqlite3_stmt *stmt = NULL;

	*q = (struct query)QUERY_INIT;
	if (slot >= 0 && kept[slot].busy)
		slot = -1; /* the same query is running: a statement of its own */
	if (slot >= 0 && kept[slot].stmt) {
		assert(!b->viewing || sqlite3_stmt_readonly(kept[slot].stmt));
		kept[slot].busy = true;
		*q = (struct query){ b, kept[slot].stmt, slot, SQLITE_OK };
		return 0;
	}
	int rc = sqlite3_prepare_v3(b->db, sql, -1, slot < 0 ? 0 : SQLITE_PREPARE_PERSISTENT, &stmt,
				    NULL);
	if (rc != SQLITE_OK)
		return db_fail(b, rc, err);
	assert(!b->viewing || sqlite3_stmt_readonly(stmt)); /* a view ends in a rollback */
	if (slot >= 0)
		kept[slot] = (struct kept_statement){ sql, stmt, true };
	*q = (struct query){ b, stmt, slot, SQLITE_OK };
	return 0;
}

void
query_clear(struct query *q)
{
	if (!q->stmt)
		return;
	if (q->slot < 0) {
		sqlite3_finalize(q->stmt);
	} else {
		sqlite3_reset(q->stmt);
		sqlite3_clear_bindings(q->stmt);
		q->box->statements[q->slot].busy = false;
	}
	*q = (struct query)QUERY_INIT;
}

static void
bound(struct query *q, int rc)
{
	if (q->bind_rc == SQLITE_OK)
		q->bind_rc = rc;
}

void
query_int(struct query *q, int at, int64_t value)
{
	bound(q, sqlite3_bind_int64(q->stmt, at, value));
}

void
query_blob(struct query *q, int at, struct span value)
{
	bound(q, sqlite3_bind_blob64(q->stmt, at, value.p ? (const void *)value.p : "", value.n,
				     SQLITE_STATIC));
}

void
query_text_span(struct query *q, int at, struct span value)
{
	bound(q, sqlite3_bind_text64(q->stmt, at, value.p ? (const char *)value.p : "", value.n,
				     SQLITE_STATIC, SQLITE_UTF8));
}

void
query_text(struct query *q, int at, const char *value)
{
	if (value)
		query_text_span(q, at, span_str(value));
	else
		query_null(q, at);
}

void
query_null(struct query *q, int at)
{
	bound(q, sqlite3_bind_null(q->stmt, at));
}

int
query_step(struct query *q, struct err *err)
{
	int rc = q->bind_rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q->stmt);
	if (rc == SQLITE_ROW)
		return QUERY_ROW;
	if (rc == SQLITE_DONE)
		return 0;
	return db_fail(q->box, rc, err);
}

int
query_run(struct query *q, struct err *err)
{
	int rc = query_step(q, err);

	sqlite3_reset(q->stmt);
	q->bind_rc = SQLITE_OK;
	return rc < 0 ? -1 : 0;
}

int64_t
query_column_int(const struct query *q, int at)
{
	return sqlite3_column_int64(q->stmt, at);
}

struct span
query_column_blob(const struct query *q, int at)
{
	const void *p = sqlite3_column_blob(q->stmt, at);

	return span_of(p ? p : "", (size_t)sqlite3_column_bytes(q->stmt, at));
}

const char *
query_column_text(const struct query *q, int at)
{
	return (const char *)sqlite3_column_text(q->stmt, at);
}

struct span
query_column_text_span(const struct query *q, int at)
{
	const void *p = sqlite3_column_text(q->stmt, at);

	return span_of(p ? p : "", (size_t)sqlite3_column_bytes(q->stmt, at));
}

bool
query_column_is_null(const struct query *q, int at)
{
	return sqlite3_column_type(q->stmt, at) == SQLITE_NULL;
}

void
query_column_bytes(const struct query *q, int at, void *out, size_t n)
{
	struct span s = query_column_blob(q, at);

	if (s.n == n)
		memcpy(out, s.p, n);
	else
		memset(out, 0, n);
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
	return (uint64_t)sqlite3_changes64(b->db);
}
