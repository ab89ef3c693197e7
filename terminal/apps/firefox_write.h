/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firefox_write: the pieces of a change to places.sqlite, all within its transaction.  Unless said
 * otherwise: 0, or -1 with SQLite's failure.
 */
#ifndef APPS_FIREFOX_WRITE_H
#define APPS_FIREFOX_WRITE_H

#include "apps/firefox_internal.h"
#include "apps/places.h"

/* ---- firefox_rows.c ---- */

/* What stands in a row, besides what its bookmark says. */
struct firefox_row {
	int64_t place, parent, position, sync_status;
	char guid[PLACES_GUID_BYTES];
};

/** Run @sql, a literal, with up to three numbers. */
int
firefox_run(struct firefox *f, const char *sql, int64_t a, int64_t b, int64_t c, struct err *err);
/** The number that @sql gives for @a and @text; -1: none. */
int firefox_ask(int64_t *out, struct firefox *f, const char *sql, int64_t a, struct span text,
		struct err *err);
int64_t firefox_last_id(const struct firefox *f);
/** Microseconds, as Firefox has them: whole milliseconds. */
int64_t firefox_now_us(void);

/** A folder's content changed: its time, its counter. */
int firefox_touch_folder(struct firefox *f, int64_t id, struct err *err);
/** The tags or keyword of a page's bookmarks changed: their counters. */
int firefox_touch_bookmarks_of(struct firefox *f, int64_t place, struct err *err);
/** @by more, or less, refer to the page. */
int firefox_count_page(struct firefox *f, int64_t place, int by, struct err *err);

/** A row at the end of @parent.  @place 0: none; @title.p NULL: none; @added_us 0: now. */
int firefox_insert(struct firefox *f, int type, int64_t place, int64_t parent, struct span title,
		   const char *guid, int64_t added_us, struct err *err);
int
firefox_guid_of(char out[static PLACES_GUID_BYTES], struct firefox *f, int64_t id, struct err *err);
/** The folder @title in @parent, made where it is missing. */
int firefox_need_folder(int64_t *out, struct firefox *f, int64_t parent, struct span title,
			struct err *err);
/** The folder of @b, made where it is missing.  0, ROW_REFUSED (no such root here) or -1. */
int firefox_need_path(int64_t *out, struct firefox *f, const struct bookmark *b, struct err *err);
/** The page of an address in normal form; find: -1 where there is none. */
int firefox_find_page(int64_t *out, struct firefox *f, struct span url, struct err *err);
int firefox_make_page(int64_t *out, struct firefox *f, struct span url, struct err *err);

/** 0, APP_MOVED (there is no such row) or -1. */
int firefox_look(struct firefox_row *out, struct firefox *f, int64_t id, struct err *err);
/** Take a row away, which nothing refers to. */
int
firefox_delete_row(struct firefox *f, int64_t id, const struct firefox_row *row, struct err *err);

/* ---- firefox_tags.c ---- */

/** Put aside the tags of @b that @other has not. */
int firefox_aside_tags(struct firefox *f, int64_t id, int64_t place, const struct bookmark *b,
		       const struct bookmark *other, bool added, struct err *err);
/** The keyword, if nobody has it and the page none. */
int firefox_aside_keyword(struct firefox *f, int64_t id, int64_t place, struct span keyword,
			  struct err *err);
int firefox_aside_no_keyword(struct firefox *f, int64_t id, int64_t place, struct span keyword,
			     struct err *err);
/** What was put aside of an earlier edit of this row counts no more. */
int firefox_forget_aside(struct firefox *f, int64_t id, struct err *err);
/** At the end: write what was put aside. */
int firefox_write_aside(struct firefox *f, struct err *err);
/** At the end: what pages left that lost their last bookmark; and positions without gaps. */
int firefox_write_left(struct firefox *f, struct err *err);

/* ---- firefox_write.c ---- */

/** Append the address as Firefox has it.  0, ROW_REFUSED (it takes no such) or -1. */
int firefox_address(struct buf *out, const struct bookmark *b, struct err *err);

#endif
