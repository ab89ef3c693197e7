/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db: SQLite as the nouns of the Box use it: queries that are prepared once, errors in our words.
 *
 *     AUTO(query_clear) struct query q = QUERY_INIT;
 *     if (query_init(&q, b, "SELECT size FROM items WHERE app = ?1", err) < 0) return -1;
 *     query_int(&q, 1, app);
 *     while ((rc = query_step(&q, err)) == QUERY_ROW) use(query_column_int(&q, 0));
 *
 * Texts of SQL are literals: statements are kept by the literal's address.  A query within a query
 * of the same text gets a statement of its own.
 */
#ifndef BOX_DB_H
#define BOX_DB_H

#include <sqlite3.h>

#include "base/buf.h"
#include "box/box.h"

#define QUERY_ROW 1

struct query {
	struct box *box;
	sqlite3_stmt *stmt;
	int slot;    /* in the box's kept statements; -1: finalized by query_clear() */
	int bind_rc; /* of the first binding that failed, else SQLITE_OK */
};

#define QUERY_INIT                                                                                 \
	{                                                                                          \
		NULL, NULL, -1, 0                                                                  \
	}

/** On failure @q is empty and may be cleared. */
int query_init(struct query *q, struct box *b, const char *sql, struct err *err);
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

/* Columns count from 0; spans and strings are borrowed until the next step. */
int64_t query_column_int(const struct query *q, int at);
struct span query_column_blob(const struct query *q, int at);
const char *query_column_text(const struct query *q, int at); /* NULL where the value is */
struct span query_column_text_span(const struct query *q, int at);
bool query_column_is_null(const struct query *q, int at);
/** Copy a blob of exactly @n bytes; zeros where it is not. */
void query_column_bytes(const struct query *q, int at, void *out, size_t n);

/** One statement without parameters. */
int db_exec(struct box *b, const char *sql, struct err *err);

/** How many rows the last statement changed. */
uint64_t db_changes(const struct box *b);

/** box_begin() was called: commit if @rc is not negative, else roll back.  @rc, or -1. */
int box_end(struct box *b, int rc, struct err *err);

/** Describe SQLite's last failure in *err.  Always -1. */
int db_fail(struct box *b, int rc, struct err *err);

#endif
