/* SPDX-License-Identifier: Apache-2.0 */
/* edit: an item's bytes with some ranges replaced; everything else is copied as it is. */
#ifndef MERGE_EDIT_H
#define MERGE_EDIT_H

#include "base/buf.h"
#include "item/contentline.h"

struct edit {
	struct range range; /* empty: an insertion */
	struct span with;   /* borrowed; empty: a removal */
};

struct edits {
	struct edit *list;
	size_t n, cap;
};

#define EDITS_INIT                                                                                 \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

void edits_clear(struct edits *e);
AUTO_OBJ(edits_clear, struct edits);

int edits_add(struct edits *e, struct range range, struct span with, struct err *err);

/** Append @bytes, edited.  Ranges must not overlap; nor may two insertions be at one place. */
int edits_apply(struct buf *out, struct span bytes, struct edits *e, struct err *err);

#endif
