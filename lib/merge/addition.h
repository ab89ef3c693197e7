/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addition: the lines that a merge adds to an item.
 *
 * Each is written in the item's style, with a fresh group where it has one, and read back: a line that
 * does not have the keys it came with is taken out again.
 */
#ifndef MERGE_ADDITION_H
#define MERGE_ADDITION_H

#include "item/form.h"
#include "merge/key_set.h"

struct addition {
	const struct item *mine, *theirs;
	const struct form *form; /* of both */
	struct item_style style; /* mine's */
	struct buf lines;        /* what is to be added */
	struct key_set groups;   /* of theirs that have a new name: NAME + (first_group + number) */
	bool *group_labelled;    /* by number: its members are written */
	size_t cap_labelled;
	uint64_t first_group; /* 0: not looked for yet */
	struct buf check;     /* scratch: an item to read back */
};

void addition_init(struct addition *a, const struct item *mine, const struct item *theirs);
void addition_clear(struct addition *a);
AUTO_OBJ(addition_clear, struct addition);

/** Add the line of @elements (form.h: print).  0, FORM_UNWRITABLE, -1 (ERR_NOMEM, ERR_LIMIT). */
int
addition_put(struct addition *a, const struct field *const *elements, size_t n, struct err *err);

/** Can an item of @version say this field of @theirs at all?  0, FORM_UNWRITABLE, -1 (as above). */
int addition_try(const struct item *theirs, const struct field *f, enum item_version version,
		 struct err *err);

#endif
