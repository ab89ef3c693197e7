/* SPDX-License-Identifier: Apache-2.0 */
/*
 * by_name: rows of a query in the order that people are shown: by name bytewise, then native id.
 *
 * Sorted here (os/sorter.h), not by SQLite, which would hold them all.
 */
#ifndef BOX_BY_NAME_H
#define BOX_BY_NAME_H

#include "base/auto.h"
#include "base/piece.h"
#include "box/box_internal.h"
#include "os/sorter.h"

struct by_name {
	struct sorter *sorter;
	struct buf key, row; /* row: what by_name_add() takes; filled by the caller */
};

/** sorter_new()'s errors. */
int by_name_init(struct by_name *out, const struct box *b, struct err *err);
void by_name_clear(struct by_name *l);
AUTO_OBJ(by_name_clear, struct by_name);

/** l->row, which is emptied, as the row of @name (which holds no NUL) and @native_id. */
int by_name_add(struct by_name *l, struct span name, struct span native_id, struct err *err);
/** All were added. */
int by_name_sort(struct by_name *l, struct err *err);
/** The next row, borrowed until the next call.  0, SORTER_END or -1. */
int by_name_next(struct span *row, struct by_name *l, struct err *err);

#endif
