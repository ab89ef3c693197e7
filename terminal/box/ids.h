/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ids: which item a card or file is: its native id, given once and for ever.
 *
 *     a file                            its relative path
 *     a card with a UID                 the UID; a second card with it `UID#2`, by source order
 *     a card without, in a folder       the relative path of its file; a second one `PATH#2`
 *     a card without, in one file       `h:` and 32 hex digits: its content id at first sight, kept
 *                                       while a card matches it (the same content id, else the same
 *                                       name, if only one lost card and one new one have it)
 *     a card whose UID is an alias, or the UUIDv8 of an item of this Box     that item
 *
 * Source order: paths bytewise, then position.  An id is looked for among the items of the same
 * source first, then among those that lost their place in this refresh (`source` 0): so a card that
 * moved to another file stays the same item.
 */
#ifndef BOX_IDS_H
#define BOX_IDS_H

#include "apps/adapter.h"
#include "box/box_internal.h"

/* Item ids, a set: those that the source being read has given out already. */
struct id_set {
	uint8_t (*slots)[BOX_ID_BYTES]; /* all zero: free (no item id is) */
	size_t n, cap;                  /* cap a power of two */
};

void id_set_clear(struct id_set *s);
AUTO_OBJ(id_set_clear, struct id_set);
void id_set_reset(struct id_set *s);
int id_set_add(struct id_set *s, const uint8_t id[static BOX_ID_BYTES], struct err *err);
bool id_set_has(const struct id_set *s, const uint8_t id[static BOX_ID_BYTES]);

struct ids {
	struct box *b;
	int64_t app;
	const char *app_name;
	int64_t source;      /* number of the source being read */
	struct id_set taken; /* within it */
	bool any_alias;      /* the app has rows in `aliases`, */
	bool any_number;     /* and in `numbered`: few apps have */
};

/** @app_name is borrowed. */
int ids_init(struct ids *out, struct box *b, int64_t app, const char *app_name, struct err *err);
void ids_clear(struct ids *ids);
AUTO_OBJ(ids_clear, struct ids);

/* What an id is decided by. */
struct id_claim {
	struct span base; /* UID, path, or "h:…" */
	bool exact;       /* `base` is the native id itself (an alias, a UUIDv8) */
	bool by_content;
	const uint8_t *content_id; /* with by_content */
	const uint8_t *name_id;
};

/* The decision. */
struct id_found {
	struct buf native_id;
	uint8_t item[BOX_ID_BYTES];
	bool exists; /* a row of that item is there */
};

#define ID_FOUND_INIT                                                                              \
	{                                                                                          \
		.native_id = BUF_INIT(APP_PATH_MAX + 64)                                           \
	}
void id_found_clear(struct id_found *f);
AUTO_OBJ(id_found_clear, struct id_found);

/** What @item claims.  @store holds the base's bytes where they are not the item's own. */
int id_claim_of(struct id_claim *out, struct buf *store, struct ids *ids,
		const struct app_item *item, struct err *err);

/** An item of the source being read that fits.  0, BOX_ABSENT or -1. */
int id_find_here(struct id_found *out, struct ids *ids, const struct id_claim *c, struct err *err);
/** An item that lost its place.  0, BOX_ABSENT or -1. */
int id_find_lost(struct id_found *out, struct ids *ids, const struct id_claim *c, struct err *err);
/** A new id. */
int id_make(struct id_found *out, struct ids *ids, const struct id_claim *c, struct err *err);

#endif
