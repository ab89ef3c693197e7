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

#include "apps/adapter.h"
#include "sql/query.h"

struct sealed_vfs;

struct app_db {
	struct sql sql;          /* for queries: sql/query.h */
	const char *app;         /* the program's name for people: "Firefox"; borrowed */
	struct sealed_vfs *copy; /* owned; what a copy lies in, else NULL */
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

/** Open @path for app_db_open_copy() and _write(): SQLite's result. */
int app_db_open(struct app_db *d, const char *path, int flags, const char *vfs);

#endif
