/* SPDX-License-Identifier: Apache-2.0 */
/* held_rows: the held values of the Box, opened, as people ask for them. */
#ifndef RESTORE_HELD_ROWS_H
#define RESTORE_HELD_ROWS_H

#include "box/originals.h"
#include "restore/held.h"
#include "restore/kept_keys.h"

/* Which ones; all pointers are borrowed. */
struct held_request {
	const char *app;   /* NULL: all */
	const char *item;  /* native id, short id or exact name; NULL: all */
	const char *field; /* NAME or NAME=VALUE; NULL: all */
	kept_keys_fn *keys;
	void *keys_ctx;
};

/* One of them; borrowed. */
struct held_row {
	const struct kept *kept;
	const struct held *held;
	const char *id; /* as shown to people */
	bool older;     /* the same value of the same item was told before: when it was held again,
			   something else stood here */
};

typedef int held_row_fn(void *ctx, const struct held_row *row, struct err *err);

/** Call @fn for each, newest first.  Keys are asked for only if something is to be opened.
 *  @return 0, or -1: the keys function's, kept_open()'s, ERR_FORMAT. */
int held_rows_each(struct box *b, const struct held_request *rq, held_row_fn *fn, void *ctx,
		   struct err *err);

#endif
