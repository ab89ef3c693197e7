/* SPDX-License-Identifier: Apache-2.0 */
/* query: see query.h. */
#include "sql/query.h"

#include <string.h>

void
sql_close(struct sql *s)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(s->kept[i].stmt);
	sqlite3_close(s->db);
	*s = (struct sql){ 0 };
}

/* The slot of @text, or the free one where it would go; -1 if the table is full. */
static int
slot_of(const struct sql *s, const char *text)
{
	size_t at = ((uintptr_t)text * 0x9e3779b97f4a7c15u) >> 56;

	_Static_assert(SQL_STATEMENTS == 256, "eight bits of hash choose the slot");
	for (size_t i = 0; i < SQL_STATEMENTS; i++, at = (at + 1) % SQL_STATEMENTS) {
		if (!s->kept[at].text || s->kept[at].text == text)
			return (int)at;
	}
	return -1;
}

int
query_open(struct query *q, struct sql *s, const char *text, struct err *err)
{
	int slot = slot_of(s, text);
	sqlite3_stmt *stmt = NULL;

	*q = (struct query)QUERY_INIT;
	if (slot >= 0 && s->kept[slot].busy)
		slot = -1; /* the same query is running: a statement of its own */
	if (slot >= 0 && s->kept[slot].stmt) {
		s->kept[slot].busy = true;
		*q = (struct query){ s, s->kept[slot].stmt, slot, SQLITE_OK };
		return 0;
	}
	int rc = sqlite3_prepare_v3(s->db, text, -1, slot < 0 ? 0 : SQLITE_PREPARE_PERSISTENT,
				    &stmt, NULL);
	if (rc != SQLITE_OK)
		return s->fail(s->owner, rc, err);
	if (slot >= 0)
		s->kept[slot] = (struct kept_statement){ text, stmt, true };
	*q = (struct query){ s, stmt, slot, SQLITE_OK };
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
		q->sql->kept[q->slot].busy = false;
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
	return q->sql->fail(q->sql->owner, rc, err);
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
