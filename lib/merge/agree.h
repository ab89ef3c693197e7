/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agree: what an item of a calendar cannot take although it has a place for it.
 *
 * An alarm of A' counts from A''s times: it is added only where no time of A' stands against another of
 * A (FIELD_TIME).  A time of A' in a zone that only A' explains would mean nothing in A: A neither
 * carries its VTIMEZONE nor names it, and no program knows it by itself.
 */
#ifndef MERGE_AGREE_H
#define MERGE_AGREE_H

#include "base/err.h"
#include "item/item.h"
#include "merge/key_set.h"

struct agree {
	const struct item *mine, *theirs;
	const struct key_set *have; /* keys of mine */
	enum { AGREE_UNKNOWN, AGREE_YES, AGREE_NO } times;
	bool has_zones;
	struct key_set my_zones, their_zones; /* named or carried by mine; carried by theirs */
};

void agree_clear(struct agree *f);
AUTO_OBJ(agree_clear, struct agree);

/** *out: can A take @field of A' as it stands?  ERR_NOMEM, ERR_LIMIT. */
int agree_field(bool *out, struct agree *f, const struct field *field, struct err *err);

#endif
