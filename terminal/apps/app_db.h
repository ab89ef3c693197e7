/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_db: the SQLite database of another program.
 *
 * Reading never touches the program's files, locks nothing, and works while the program runs and has
 * locked them: the database, and the log or journal beside it, are copied into a sealed file without a name
 * (sql/sealed_vfs.h), compared with what they looked like before, opened and checked (PRAGMA quick_check).
 * Nothing of them lies anywhere in the clear, and nothing stays behind, however the process ends.
 *
 * Writing opens the files themselves; the caller makes sure that the program may stand it, and takes
 * one transaction.
 */
#ifndef APPS_APP_DB_H
#define APPS_APP_DB_H

#include <sqlite3.h>

#include "apps/adapter.h"

#define APP_DB_KEPT 64 /* statements, prepared once */

struct sealed_vfs;

struct app_db {
	sqlite3 *sql;
	const char *app;         /* the program's name for people: "Firefox"; borrowed */
	struct sealed_vfs *copy; /* owned; what a copy lies in, else NULL */
	struct {
		const char *text; /* a literal */
		sqlite3_stmt *stmt;
		bool busy;
	} kept[APP_DB_KEPT];
};

#define APP_DB_INIT(name)                                                                          \
	{                                                                                          \
		.app = (name)                                                                      \
	}

/** What the database at @path and its log look like together: moves with every commit.
 *  0, APP_MOVED (there is none) or -1. */
int app_db_stamp(struct app_stamp *out, const char *path, struct err *err);

/** Open one state of it for reading; @stamp receives what it looks like.  0, or -1: ERR_NOT_FOUND,
 *  ERR_SYNTAX (no database, or damaged), ERR_BUSY (it changes all the time), ERR_FULL, ERR_IO. */
int app_db_open_copy(struct app_db *d, const char *path, struct app_stamp *stamp, struct err *err);

/** Open the files themselves.  0, or -1: ERR_NOT_FOUND, ERR_SYNTAX, ERR_BUSY, ERR_IO. */
int app_db_open_write(struct app_db *d, const char *path, struct err *err);

void app_db_close(struct app_db *d);

/** Statements without parameters and rows. */
int app_db_exec(struct app_db *d, const char *sql, struct err *err);

/** The single number that @sql gives; 0 where it gives none. */
int app_db_number(int64_t *out, struct app_db *d, const char *sql, struct err *err);

/** Describe SQLite's last failure in *err.  Always -1. */
int app_db_fail(struct app_db *d, int rc, struct err *err);

/*
 *     AUTO(app_query_clear) struct app_query q = APP_QUERY_INIT;
 *     if (app_query_init(&q, d, "SELECT title FROM moz_bookmarks WHERE id = ?1", err) < 0) return -1;
 *     app_query_int(&q, 1, id);
 *     while ((rc = app_query_step(&q, err)) == APP_QUERY_ROW) use(app_query_span(&q, 0));
 */
#define APP_QUERY_ROW 1

struct app_query {
	struct app_db *db;
	sqlite3_stmt *stmt;
	int slot;    /* in db->kept; -1: its own */
	int bind_rc; /* of the first binding that failed; told by the next step */
};

#define APP_QUERY_INIT                                                                             \
	{                                                                                          \
		NULL, NULL, -1, 0                                                                  \
	}

/** @sql: a literal; statements are kept by its address. */
int app_query_init(struct app_query *q, struct app_db *d, const char *sql, struct err *err);
void app_query_clear(struct app_query *q);
AUTO_OBJ(app_query_clear, struct app_query);

/* Parameters count from 1; spans are borrowed until the query is cleared. */
void app_bind_int(struct app_query *q, int at, int64_t value);
void app_bind_text(struct app_query *q, int at, struct span value);
void app_bind_null(struct app_query *q, int at);

/** APP_QUERY_ROW, 0 (no more) or -1. */
int app_query_step(struct app_query *q, struct err *err);
/** To the end, all rows being passed over. */
int app_query_run(struct app_query *q, struct err *err);

/* Columns count from 0; spans are borrowed until the next step, empty where the value is NULL. */
int64_t app_column_int(const struct app_query *q, int at);
struct span app_column_span(const struct app_query *q, int at);
bool app_column_is_null(const struct app_query *q, int at);

#endif
