/* SPDX-License-Identifier: Apache-2.0 */
/* take_internal: what taking, and finishing a take that was cut off, share. */
#ifndef RESTORE_TAKE_INTERNAL_H
#define RESTORE_TAKE_INTERNAL_H

#include "box/originals.h"
#include "item/item.h"
#include "restore/take.h"

/* What a KEPT_TAKEN says of itself (added_keys): the key of the value, then the content of the item
 * before. */
#define TAKE_ABOUT_BYTES (FIELD_KEY_BYTES + BOX_HASH_BYTES)

/** The field with this key, or NULL. */
const struct field *take_find_key(const struct item *it, const struct field_key *key);

/* A take that is to be closed. */
struct closing {
	const char *app, *field, *restore;
	struct span id, name; /* of the item */
};

/** Finished, with its receipt: one transaction. */
int take_close(struct box *b, const struct closing *c, struct err *err);

/** As if it had never begun; nothing was written. */
int take_forget(struct box *b, int64_t kept, const char *restore, struct err *err);

#endif
