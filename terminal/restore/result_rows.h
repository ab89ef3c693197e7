/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result_rows: the items of a result, in an unnamed file; the one at hand is in memory.
 *
 * A row is added, or opened by its number, and changed in place; when another one is wanted it is
 * put aside.  Memory: 24 bytes for each row, the row at hand, and while sorting 2 MiB.
 */
#ifndef RESTORE_RESULT_ROWS_H
#define RESTORE_RESULT_ROWS_H

#include "base/buf.h"
#include "base/bytes.h"
#include "restore/restore.h"

struct result_rows; /* opaque */

/** No rows; their file is to be in the folder @dir_fd.  scratch_new()'s errors. */
int result_rows_new(struct result_rows **out, int dir_fd, struct err *err);
void result_rows_free(struct result_rows *l);
AUTO_PTR(result_rows_free, struct result_rows);

size_t result_rows_n(const struct result_rows *l);
/** How many have that outcome. */
size_t result_rows_count(const struct result_rows *l, enum restore_outcome outcome);

/** A new row, number *row.  Its four texts are there; what *it holds goes to the row, and *it is all
 *  zero then.  With -1 there is no such row, and *it is still the caller's. */
int result_rows_add(size_t *row, struct result_rows *l, struct restore_item *it, struct err *err);
void restore_item_clear(struct restore_item *it);
AUTO_OBJ(restore_item_clear, struct restore_item);
/** The row number @row, to be changed until another one is asked for. */
int result_rows_open(struct restore_item **out, struct result_rows *l, size_t row, struct err *err);

/** From here on rows are read only, by result_rows_nth(): by app, then name bytewise, then id. */
int result_rows_sort(struct result_rows *l, struct err *err);
/** The row that is number @i in that order, until another one is asked for. */
int
result_rows_nth(const struct restore_item **out, struct result_rows *l, size_t i, struct err *err);

/** A list of fields as bytes that live as long as the run. */
int restore_fields_put(struct buf *out, const struct restore_field *f, size_t n, struct err *err);
/** ERR_IO: no list of fields.  What is in *list then is the caller's all the same. */
int restore_fields_get(struct restore_field **list, size_t *n, struct reader *r, struct err *err);

#endif
