/* SPDX-License-Identifier: Apache-2.0 */
/* rows: a row_kind (apps/row_app.h) of bookmarks at hand, for its tests. */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include "apps/apps.h"
#include "apps/row_app.h"
#include "item/bookmark.h"
#include "temp.h"

#define ROWS_SEEN_MAX 4096

struct rows {
	const struct row_kind *kind;
	struct app *app;
	void *store;
};

/* What each() gave, by number. */
struct rows_seen {
	size_t n, n_refused;
	int64_t numbers[ROWS_SEEN_MAX];
	char *bytes[ROWS_SEEN_MAX]; /* owned */
	struct err refused;         /* the last one */
};

void rows_open(struct rows *r, const char *adapter, const char *path);
void rows_close(struct rows *r);

/** All rows, ascending; each read by its number says the same. */
void rows_see(struct rows_seen *out, struct rows *r);
void rows_forget(struct rows_seen *seen);

/** The number of the only row that has the line @line; fails if there is not one. */
int64_t rows_with(const struct rows_seen *seen, const char *line);
size_t rows_count_with(const struct rows_seen *seen, const char *line);

/** Add, or replace or remove, in a transaction of its own. */
int64_t rows_add(struct rows *r, const char *bytes);
void rows_replace(struct rows *r, int64_t number, const char *bytes);
void rows_remove(struct rows *r, int64_t number);

/** begin() fails so: the code, and the message begins with @message. */
void rows_assert_unwritable(struct rows *r, enum err_code code, const char *message);

#define VBKM(lines) "BEGIN:VBKM\r\nVERSION:1.0\r\n" lines "END:VBKM\r\n"

#endif
