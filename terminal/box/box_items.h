/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box_items: the Box as items of the app `box`, so that losing the phone does not lose it (P27).
 *
 *     settings   apps, settings
 *     APP/NN     the app's shortcuts, spread by the first bits of the item id over 2^⌈log2(n/64)⌉
 *                items (one below 65); NN: the number in hexadecimal, two digits at least
 *
 * Bytes: docs/formats/box-db.md, The Box's own items.
 */
#ifndef BOX_BOX_ITEMS_H
#define BOX_BOX_ITEMS_H

#include "base/buf.h"
#include "box/box.h"

#define BOX_APP            "box"
#define BOX_ITEM_BYTES_MAX (1u << 20)
#define BOX_ITEM_TYPE      "application/vnd.cloudbox.box"

struct box_item {
	struct span native_id; /* "settings", "contacts/00" */
	uint8_t item[BOX_ID_BYTES];
	struct span bytes; /* empty with `gone` */
	bool gone;         /* the app's shortcuts need fewer items now: send a tombstone */
	bool saved_before;
	uint8_t content[BOX_HASH_BYTES]; /* content.h, of `bytes` */
};

typedef int box_item_fn(void *ctx, const struct box_item *item, struct err *err);

/** Is one of them in doubt (drills.h)?  What changed in them rides in the next batch; this asks for one. */
int box_items_doubted(bool *is, struct box *b, struct err *err);

/** Those items that differ from what was saved.  Looks only at what was touched since. */
int box_items_each_changed(struct box *b, box_item_fn *fn, void *ctx, struct err *err);

/* From a callback borrowed. */
typedef int box_item_shortcut_fn(void *ctx, const char *app, struct span native_id,
				 struct span path, bool selected, struct err *err);

/** Call @fn for each shortcut that a part of a saved Box holds (`settings`: none): to tell what an
 *  item is called whose own record is damaged.  -1 of @fn, ERR_FORMAT, ERR_UNSUPPORTED. */
int box_item_each_shortcut(struct span native_id, struct span bytes, box_item_shortcut_fn *fn,
			   void *ctx, struct err *err);

struct box_item_counts {
	uint64_t apps, shortcuts, settings; /* added */
	uint64_t kept;                      /* were here already, and stay as they are */
};

/**
 * Add what a restored item holds: apps (one whose name exists keeps its adapter and path),
 * shortcuts (one that exists stays), settings (one that is set stays).
 * @out    counts are added to.
 * @return 0, or -1: ERR_FORMAT (damaged), ERR_UNSUPPORTED (a newer version).
 */
int box_item_apply(struct box_item_counts *out, struct box *b, struct span native_id,
		   struct span bytes, struct err *err);

#endif
