/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_app: adapters over something that has rows in place of files: an app's database, its JSON tree,
 * a service.
 *
 * What differs between them is a row_kind; the operations are the same, and go into the adapter's
 * table as they are.  A row is one item; row_kind shows it as the bytes of the adapter's form
 * (item/form.h), always the same bytes for the same row, and writes such bytes as a row.  All rows
 * are one source, named row_kind.source; an item's place is the row's number (app_place.offset).
 *
 * Invariants
 *
 * - A row that is not meant is not touched.  An edit is made only if the row is still, byte for byte,
 *   what was read (app_edit.expected), judged within the same transaction.
 * - All edits of one rewrite are made or none, but for those that are refused one by one.  The caller
 *   reads them back; what an app shows of them then need not be the bytes that were written, but holds
 *   their fields.
 * - Where the app may not be open at the same time, begin() says so, names the app and writes nothing.
 */
#ifndef APPS_ROW_APP_H
#define APPS_ROW_APP_H

#include "apps/adapter.h"

#define ROW_REFUSED 1 /* add(), replace(): this one cannot be written here; @err says why */

struct row {
	int64_t number;           /* >= 0; the same as long as the item lives, never another's */
	int64_t modified_unix_ms; /* 0: unknown */
	struct span bytes;        /* as its form; the item's uid and name come from them */
};

/* 0 to go on; -1 stops the operation, which returns it. */
typedef int row_fn(void *ctx, const struct row *row, struct err *err);
/** Something that is no item, and why (@what: a name or number of it). */
typedef int row_refused_fn(void *ctx, const struct err *why, struct err *err);

struct row_kind {
	const char *source; /* stored in boxes: never changed */

	/* Open what @app->path names, for reading; check its schema number first.  *store is the
	 * kind's own.  0 or -1: ERR_NOT_FOUND, ERR_UNSUPPORTED (no schema that is known), ERR_IO,
	 * ERR_BUSY. */
	int (*open)(void **store, const struct app *app, struct err *err);
	void (*close)(void *store);

	/* What tells, without reading the rows, that nothing changed.  mtime_ns 0 where there is no
	 * time but a revision that moves with every write (then put it into the other members);
	 * a young mtime_ns is read again.  0, APP_MOVED (it is gone) or -1. */
	int (*stamp)(struct app_stamp *out, void *store, struct err *err);

	/* Every row of one state of the store, ascending by number.  Memory does not grow with the rows.
	 * 0, APP_MOVED (it changed meanwhile) or -1. */
	int (*each)(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err);

	/* Append the row as it is now.  0, APP_MOVED (it is gone) or -1. */
	int (*read)(void *store, int64_t number, struct buf *out, struct err *err);

	/* Writing.  NULL: the app is only read.  begin() takes the locks there are and looks whether the
	 * app is open (ERR_BUSY, with the app's name and what to do as the hint); commit() looks again. */
	int (*begin)(void *store, struct err *err);
	/* @bytes parse in the form.  Of several equal ones each is a row of its own.  0, ROW_REFUSED (and
	 * nothing of it was written) or -1 (then all is rolled back). */
	int (*add)(void *store, struct span bytes, int64_t *number, struct err *err);
	int (*replace)(void *store, int64_t number, struct span bytes, struct err *err);
	int (*remove)(void *store, int64_t number, struct err *err);
	int (*commit)(void *store, struct err *err);
	void (*rollback)(void *store); /* also after a commit() that failed */

	/* May be NULL.  Append what read() will give of @bytes once add() has written them, so that a
	 * restore that was cut off knows its own work.  0, ROW_REFUSED or -1. */
	int (*shown)(struct buf *out, void *store, struct span bytes, struct err *err);
	/* May be NULL.  Remove what a killed program left beside the rows. */
	int (*tidy)(void *store, struct err *err);
};

/** Open @app over @adapter's rows, whatever the app says of its adapter. */
int row_session_open(struct app_session **out, const struct adapter *adapter, const struct app *app,
		     struct err *err);

/** What row_kind.open() made; the session's. */
void *row_session_store(struct app_session *s);

/* Members of struct adapter. */
int row_app_open(struct app_session **out, const struct app *app, struct err *err);
void row_app_close(struct app_session *s);
int row_app_sources(struct app_session *s, app_source_fn *fn, app_refused_fn *refused, void *ctx,
		    struct err *err);
int row_app_stamp(struct app_stamp *out, struct app_session *s, const char *path, struct err *err);
int row_app_read_source(struct app_session *s, const struct app_source *source, app_item_fn *fn,
			app_refused_fn *refused, void *ctx, struct err *err);
int row_app_type(const char **out, struct app_session *s, const struct app_place *place,
		 struct err *err);
int row_app_open_item(struct item_reader **out, struct app_session *s,
		      const struct app_place *place, struct err *err);
int row_app_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err);
int row_app_home(const char **out, struct app_session *s, struct err *err);
int row_app_rewrite(struct app_stamp *stamp, struct app_session *s, const struct app_source *source,
		    const struct app_rewrite *rewrite, struct err *err);
int row_app_tidy(struct app_session *s, struct err *err);
int row_app_ready(struct app_session *s, struct err *err);
int row_app_shown(struct buf *out, struct app_session *s, struct span bytes, struct err *err);

/* All of them, for an adapter's table; the adapter's `rows` names its row_kind. */
#define OVER_ROWS                                                                                  \
	.open = row_app_open, .close = row_app_close, .sources = row_app_sources,                  \
	.stamp = row_app_stamp, .read_source = row_app_read_source, .type = row_app_type,          \
	.open_item = row_app_open_item, .apply = row_app_apply, .home = row_app_home,              \
	.rewrite = row_app_rewrite, .tidy = row_app_tidy, .ready = row_app_ready,                  \
	.shown = row_app_shown

#endif
