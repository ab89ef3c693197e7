/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db_rows: the rows of another program's SQLite database, as row_kinds need them: read from a copy of one
 * state (app_db.h) that is made anew when the program's file moved, written in one transaction of the file
 * itself.
 */
#ifndef APPS_DB_ROWS_H
#define APPS_DB_ROWS_H

#include "apps/app_db.h"

struct db_rows {
	char *path;         /* owned */
	struct app_db copy; /* with have_copy: the state that `stamp` says */
	struct app_db live; /* between begin and commit or rollback */
	struct app_stamp stamp;
	bool have_copy, writing;
	/* The database just opened is one that we can read: ERR_UNSUPPORTED, ERR_SYNTAX. */
	int (*check)(struct app_db *d, struct err *err);
};

/** @app: the program's name; @check: see above.  ERR_NOT_FOUND: there is no file @path. */
int db_rows_init(struct db_rows *r, const char *app, const char *path,
		 int (*check)(struct app_db *d, struct err *err), struct err *err);
void db_rows_clear(struct db_rows *r);

/** row_kind.stamp of it. */
int db_rows_stamp(struct app_stamp *out, struct db_rows *r, struct err *err);

/** What is to be read from: while it is written, the file itself; else the newest state's copy. */
int db_rows_reading(struct app_db **out, struct db_rows *r, struct err *err);

/** Open the file for writing and begin a transaction that nobody else can write in. */
int db_rows_begin(struct db_rows *r, struct err *err);
int db_rows_commit(struct db_rows *r, struct err *err);
void db_rows_rollback(struct db_rows *r);

#endif
