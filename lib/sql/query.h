/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query: SQLite as our programs use it: statements that are prepared once, errors in the owner's words.
 *
 *     AUTO(query_clear) struct query q = QUERY_INIT;
 *     if (query_open(&q, &x->sql, "SELECT size FROM items WHERE app = ?1", err) < 0) return -1;
 *     query_int(&q, 1, app);
 *     while ((rc = query_step(&q, err)) == QUERY_ROW) use(query_column_int(&q, 0));
 *
 * Texts of SQL are literals: statements are kept by the literal's address.  A query within a query
 * of the same text gets a statement of its own.
 */
#ifndef SQL_QUERY_H
#define SQL_QUERY_H

#include <sqlite3.h>

#include "base/auto.h"
#include "base/buf.h"

#define SQL_STATEMENTS 256 /* slots; the Box has some 120 texts of SQL */
#define QUERY_ROW      1

struct kept_statement {
	const char *text; /* a literal's address */
	sqlite3_stmt *stmt;
	bool busy;
};

/* A connection.  All zero: none. */
struct sql {
	sqlite3 *db;
	/* Say what SQLite's result @rc means to @owner's people: -1. */
	int (*fail)(void *owner, int rc, struct err *err);
	void *owner;
	struct kept_statement kept[SQL_STATEMENTS]; /* by hash of the address */
};

/** Close it; what was not committed is rolled back. */
void sql_close(struct sql *s);

struct query {
	struct sql *sql;
	sqlite3_stmt *stmt;
	int slot;    /* in sql->kept; -1: finalized by query_clear() */
	int bind_rc; /* of the first binding that failed, else SQLITE_OK */
};

#define QUERY_INIT                                                                                 \
	{                                                                                          \
		NULL, NULL, -1, 0                                                                  \
	}

/** On failure @q is empty and may be cleared. */
int query_open(struct query *q, struct sql *s, const char *text, struct err *err);
void query_clear(struct query *q);
AUTO_OBJ(query_clear, struct query);

/* Parameters count from 1; spans and strings are borrowed until the query is cleared or run again.
 * A failed binding (memory) is told by the next step. */
void query_int(struct query *q, int at, int64_t value);
void query_blob(struct query *q, int at, struct span value); /* p NULL: an empty blob */
void query_text(struct query *q, int at, const char *value); /* NULL: NULL */
void query_text_span(struct query *q, int at, struct span value);
void query_null(struct query *q, int at);

/** QUERY_ROW, 0 (no more), or -1. */
int query_step(struct query *q, struct err *err);
/** Run a query that gives no rows, and make it ready for other parameters. */
int query_run(struct query *q, struct err *err);

/* Columns count from 0; spans and strings are borrowed until the next step, empty where the value is NULL. */
int64_t query_column_int(const struct query *q, int at);
struct span query_column_blob(const struct query *q, int at);
const char *query_column_text(const struct query *q, int at); /* NULL where the value is */
struct span query_column_text_span(const struct query *q, int at);
bool query_column_is_null(const struct query *q, int at);
/** Copy a blob of exactly @n bytes; zeros where it is not. */
void query_column_bytes(const struct query *q, int at, void *out, size_t n);

#endif
