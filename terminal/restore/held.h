/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held: a single-valued field whose backup differs, as it is kept in the Box (KEPT_HELD, sealed).
 *
 *     0  u8   version, 1
 *     1  u8   1: the value is one element of a list-valued property
 *     2  16   key of the backup's value (item/key.h)
 *    18  u32  length, then the text that the terminal had, for people
 *        u32  length, then the text that the backup has, for people
 *        …    an item of its own that holds the backup's field alone: of a card, BEGIN, VERSION,
 *             its lines, END
 *
 * With the little item the value can be taken at any time, to the byte, without the server.
 */
#ifndef RESTORE_HELD_H
#define RESTORE_HELD_H

#include "merge/merge.h"

#define HELD_KEY_BYTES FIELD_KEY_BYTES

/* Spans are borrowed. */
struct held {
	bool element;
	struct field_key key;
	struct span here;
	struct span backup;
	struct span card;
};

/** Append the body for @change of @theirs.  ERR_NOMEM, ERR_LIMIT. */
int held_encode(struct buf *out, const struct item *theirs, const struct merge_change *change,
		struct err *err);

/** ERR_FORMAT, ERR_UNSUPPORTED. */
int held_decode(struct held *out, struct span body, struct err *err);

#endif
