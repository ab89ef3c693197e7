/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff: what two states of one item differ in, field by field, by key as matching does.
 *
 * A field that one side alone has was added or removed.  Where exactly one of a name went and one
 * came, it is told as one that changed.  What is never compared (REV, PRODID…) is never told.
 */
#ifndef RESTORE_DIFF_H
#define RESTORE_DIFF_H

#include "base/auto.h"
#include "base/err.h"
#include "item/item.h"

enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED };

/** "added", "removed", "changed": part of the JSON. */
const char *diff_kind_name(enum diff_kind kind);

/* Strings are owned, UTF-8, never NULL. */
struct diff_field {
	enum diff_kind kind;
	char *field; /* "TEL", "content" */
	char *value; /* now; "" if removed */
	char *was;   /* before; "" if added */
};

struct diff {
	struct diff_field *list;
	size_t n, cap;
};

void diff_clear(struct diff *d);
AUTO_OBJ(diff_clear, struct diff);

/** Append what differs: fields of @now in their order, then those that went.  Either may be NULL: there
 *  was nothing.  ERR_NOMEM, ERR_LIMIT. */
int
diff_cards(struct diff *out, const struct item *before, const struct item *now, struct err *err);

/** Append one field.  @was, @value: "" for nothing; copied. */
int diff_add(struct diff *out, const char *field, const char *was, const char *value,
	     enum diff_kind kind, struct err *err);

#endif
