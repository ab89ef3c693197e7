/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drills: what a drill (restore/drill.h) needs of the Box, and leaves there.
 *
 * A drill proves that what was saved can come back: a full one opens items, which takes the
 * passphrase; a locked one compares the server's bytes with digests that the Box keeps, which takes
 * no key.  What was found to be damaged counts as unsaved: the next backup sends it again.
 */
#ifndef BOX_DRILLS_H
#define BOX_DRILLS_H

#include "box/saved.h"

enum drill_kind {
	DRILL_LOCKED = 1,
	DRILL_FULL,
};

/** "locked", "full": part of the JSON contract. */
const char *drill_kind_name(enum drill_kind kind);

/* The newest drill of a kind, as it ended. */
struct drill_done {
	enum drill_kind kind;
	int64_t at_unix_ms;
	uint64_t items;  /* that were looked at */
	uint64_t failed; /* what was named; 0: all is well */
};

/** 0, BOX_ABSENT (there was none yet) or -1. */
int drill_done_get(struct drill_done *out, struct box *b, enum drill_kind kind, struct err *err);
/** The newer of both.  0, BOX_ABSENT (*out: at 0) or -1. */
int drill_done_newest(struct drill_done *out, struct box *b, struct err *err);
/** As drill_done_get(); before the first one, a drill of nothing when the Box began to be backed up, or
 *  never (at 0). */
int drill_done_since(struct drill_done *out, struct box *b, enum drill_kind kind, struct err *err);
int drill_done_put(struct box *b, const struct drill_done *d, struct err *err);

/**
 * What lies on the server for the item is not what was saved: it counts as unsaved, its chunks as
 * unknown, and the next backup sends it again.  *again: whether it can, the app having it still.
 * The state tree stays, which says what the server was told.
 */
int
saved_doubt(bool *again, struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err);

/* What this device sent as the object of a chunk: H(DS("object", object)).  A chunk may have been
 * sent twice, where nobody knew that it had arrived: the server keeps one of them. */

struct sent_object {
	uint8_t cid[BOX_HASH_BYTES];
	uint8_t hash[BOX_HASH_BYTES];
};

void sent_object_hash(uint8_t out[static BOX_HASH_BYTES], struct span object);

/** Note @n of them, in one transaction. */
int sent_objects_put(struct box *b, const struct sent_object *list, size_t n, struct err *err);

/** 0: this is one of those that were sent for @cid; 1: it is none of them; BOX_UNKNOWN: nobody has
 *  noted what was sent for it; -1. */
#define BOX_UNKNOWN 3
int sent_object_check(struct box *b, const uint8_t cid[static BOX_HASH_BYTES],
		      const uint8_t hash[static BOX_HASH_BYTES], struct err *err);

#endif
