/* SPDX-License-Identifier: Apache-2.0 */
/* meant: which items of an app an expression means (item/where.h): each is read as far as that asks for. */
#ifndef BOX_MEANT_H
#define BOX_MEANT_H

#include "box/inventory.h"
#include "box/region.h"
#include "item/where.h"

#define MEANT_UNREAD                                                                               \
	2 /* it changed meanwhile, or the disk did not give it, or its type: nobody knows */

struct meant; /* opaque: the layout lives in meant.c */

/** @expression as where_parse() has it, whose errors these are.  @s: the app, open, borrowed; NULL for a
 *  backup's items.  Dates are compared by the clock of now. */
int meant_new(struct meant **out, struct box *b, struct app_session *s, struct span expression,
	      struct err *err);
void meant_free(struct meant *m);
AUTO_PTR(meant_free, struct meant);

/** The expression as it is written down; borrowed. */
const char *meant_text(const struct meant *m);

/** Does it ask for what inventory_types() fills in? */
bool meant_needs_types(const struct meant *m);

/** 1: @item is meant; 0: it is not; MEANT_UNREAD; -1. */
int meant_item(struct meant *m, const struct inventory_item *item, struct err *err);

/* Of a backup, where an item is known by its record. */

/** Does it ask for the bytes of an item of @form? */
bool meant_reads(const struct meant *m, const struct form *form);

/** 1 or 0, as meant_item(); or -1.  @item: what the record says; fields, and a message's thread, come from
 *  @bytes, where there are any.  @form NULL: a file. */
int meant_bytes(struct meant *m, const struct where_item *item, const struct form *form,
		struct span bytes, struct err *err);

#endif
