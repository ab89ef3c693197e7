/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db: SQLite as the nouns of the Box use it: queries that are prepared once, errors in our words.
 *
 *     AUTO(query_clear) struct query q = QUERY_INIT;
 *     if (query_init(&q, b, "SELECT size FROM items WHERE app = ?1", err) < 0) return -1;
 *     query_int(&q, 1, app);
 *     while ((rc = query_step(&q, err)) == QUERY_ROW) use(query_column_int(&q, 0));
 *
 * The rest is sql/query.h.
 */
#ifndef BOX_DB_H
#define BOX_DB_H

#include "box/box.h"
#include "sql/query.h"

/** query_open() on the Box's database. */
int query_init(struct query *q, struct box *b, const char *sql, struct err *err);

/** The Box that it reads. */
static inline struct box *
query_box(const struct query *q)
{
	return q->sql->owner;
}

/** One statement without parameters. */
int db_exec(struct box *b, const char *sql, struct err *err);

/** How many rows the last statement changed. */
uint64_t db_changes(const struct box *b);

/** box_begin() was called: commit if @rc is not negative, else roll back.  @rc, or -1. */
int box_end(struct box *b, int rc, struct err *err);

/** Describe SQLite's last failure in *err.  Always -1. */
int db_fail(struct box *b, int rc, struct err *err);

#endif
