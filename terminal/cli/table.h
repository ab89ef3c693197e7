/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: rows of text in columns that line up on the screen.
 *
 * Widths are those that a terminal shows (UAX #11: Chinese characters are two cells wide, combining
 * marks none).  Control characters in a cell, which could steer the terminal, are shown as "?".
 * Rows are put aside (os/spool.h): a table of 100,000 takes no more memory than one of a hundred.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "os/spool.h"

#define TABLE_COLUMNS_MAX 8

struct column {
	const char *title; /* translated; NULL: no heading at all if the first column has none */
	enum { COLUMN_LEFT, COLUMN_RIGHT, COLUMN_SHRINKS } kind; /* _SHRINKS: left, cut to fit */
};

struct table {
	const struct column *columns; /* borrowed */
	size_t n_columns;
	int dir_fd; /* where many rows are put aside; -1: they stay in memory */
	struct spool *rows;
	size_t n_rows;
	size_t widths[TABLE_COLUMNS_MAX]; /* of the widest cell so far */
};

#define TABLE_INIT(columns_)                                                                       \
	{                                                                                          \
		.columns = (columns_), .n_columns = sizeof(columns_) / sizeof(columns_)[0],        \
		.dir_fd = -1                                                                       \
	}

void table_clear(struct table *t);
AUTO_OBJ(table_clear, struct table);

/** Append the row @cells (n_columns of them; NULL is an empty cell).  Copies.  ERR_NOMEM, and
 *  spool_put()'s. */
int table_add(struct table *t, const char *const *cells, struct err *err);

/** table_add() with the cells written out: TABLE_ADD(&t, err, name, size). */
#define TABLE_ADD(t, err, ...) table_add((t), (const char *const[]){ __VA_ARGS__ }, (err))

/** Print all rows to @f, indented by two.  @width: cells of the screen, 0 for no limit; @bold: the
 *  heading stands out by escape sequences.  -1: what was put aside cannot be read. */
int table_print(struct table *t, FILE *f, size_t width, bool bold, struct err *err);

/** Cells that @s takes on a terminal. */
size_t text_width(const char *s);

/** Append @s to @out with control characters, and bytes that are no UTF-8, shown as "?"; cut to
 *  @max_width cells with "…" at the end (0: not cut).  ERR_NOMEM, ERR_LIMIT. */
int text_clean(struct buf *out, const char *s, size_t max_width, struct err *err);

#endif
