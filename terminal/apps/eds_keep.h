/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_keep: an item that a service's library would change, written so that it comes back whole.
 *
 * The library prints the item before it is written.  What would be lost is said anew in our words; what is
 * lost then, too, is hidden: its lines lie in the text of a property that no app reads, and are themselves
 * again when the item is shown (EDS_RAW).
 */
#ifndef APPS_EDS_KEEP_H
#define APPS_EDS_KEEP_H

#include "item/form.h"

#define EDS_RAW "X-CLOUDBOX-RAW"

/** Append @text as the service would print it.  0 or -1. */
typedef int eds_print_fn(void *ctx, struct buf *out, const char *text, struct err *err);

struct eds_keep {
	const struct form *form;
	eds_print_fn *print;
	void *ctx; /* print()'s */

	/* Append what a row shows of what the service prints. */
	int (*show)(struct buf *out, struct span text, struct err *err);
	/* Append the line of @first, and of the fields that share it, in our own words. */
	int (*anew)(struct buf *out, const struct item *it, const struct field *first,
		    struct err *err);
	/* Append the lines at @at as an EDS_RAW. */
	int (*hide)(struct buf *out, const struct item *it, struct range at, struct err *err);
};

/** Append to @out what to write for @original, of which @text is what the service can read best; @text is
 *  used up.  0 or -1: ERR_NOMEM, ERR_LIMIT, ERR_SYNTAX, or print()'s. */
int eds_keep_whole(struct buf *out, struct buf *text, struct span original,
		   const struct eds_keep *k, struct err *err);

#endif
