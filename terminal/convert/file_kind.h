/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_kind: how items of one form become a file that other programs read.
 *
 *     head   item item item …   tail
 *
 * One entry for each format of each form, in file_kinds[]; the first of a form is what is written when
 * nobody says which.  Each file of an export is one such text: all items in one, or, in a folder or a
 * tar, one in each.
 */
#ifndef CONVERT_FILE_KIND_H
#define CONVERT_FILE_KIND_H

#include "item/card_convert.h"
#include "item/form.h"

struct file_kind {
	const char *format;        /* --format FORMAT */
	const struct form *form;   /* of whose items */
	const char *extension;     /* of the file of one item: ".vcf" */
	enum item_version version; /* for notes (card_note_text()) */

	/* Append what puts an item into its order among the others: ascending, bytewise; equal ones as
	 * the app's inventory has them.  NULL: in the inventory's order, and head() is told 0 items. */
	int (*key)(struct buf *out, const struct item *it, struct err *err);

	/* What stands before the first of @n items and behind the last.  NULL: nothing.
	 * @state  the kind's own memory within one file, empty at its head: what is open, what was said. */
	int (*head)(struct buf *out, struct buf *state, uint64_t n, struct err *err);
	int (*tail)(struct buf *out, struct buf *state, struct err *err);

	/* Append one item.  @notes: what the format cannot hold, may be added; borrows from @it.
	 * 0 or -1: ERR_NOMEM, ERR_LIMIT, ERR_SYNTAX. */
	int (*item)(struct buf *out, struct card_notes *notes, struct buf *state,
		    const struct item *it, struct err *err);
};

extern const struct file_kind *const file_kinds[]; /* NULL-terminated */

/**
 * How items of @form are written as @format (NULL: the first there is).  *out NULL: whole files.
 * ERR_USAGE: no such format, with those there are for @form (NULL: whole files) as the hint.
 */
int file_kind_find(const struct file_kind **out, const struct form *form, const char *format,
		   struct err *err);

#endif
