/* SPDX-License-Identifier: Apache-2.0 */
/* box_internal: what the files of this folder share. */
#ifndef BOX_BOX_INTERNAL_H
#define BOX_BOX_INTERNAL_H

#include <sqlite3.h>

#include "apps/adapter.h"
#include "box/db.h"
#include "box/identity.h"
#include "format/state.h"

struct box {
	char *home;
	int home_fd;
	int lock_fd; /* -1 without the run lock */
	struct sql sql;
	unsigned depth; /* of box_begin() */
	bool doomed;    /* rolled back within: the outermost commit fails */
	bool viewing;
	int64_t view_ms; /* uptime of its begin */
	bool has_identity;
	struct identity identity;
	int64_t sealing; /* journal.c: number of the batch being sealed, or 0 */
};

/** Read HOME/keys and the identity's row.  No row: no identity, which is no error. */
int identity_load(struct box *b, struct err *err);
/** After a rollback, and after waiting for another process: tell again what stands in the row. */
int identity_reload(struct box *b, struct err *err);
void identity_clear(struct identity *id);

/** Remove the files of batches that no row names, and what interrupted writes left behind.  Under the
 *  run lock: nobody else is writing such files. */
int journal_tidy(struct box *b, struct err *err);

/** The number of the app named @name: 0, BOX_ABSENT, or -1. */
int box_app_number(int64_t *number, struct box *b, const char *name, struct err *err);
/** The same; one that is not known yet becomes known, without adapter and path. */
int box_app_intern(int64_t *number, struct box *b, const char *name, struct err *err);

/** Is the shortcut of @item (if there is one) new or changed?  Computed anew and stored; to be
 *  called whenever the item's inventory or saved row changed. */
int shortcut_judge(struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err);
/** The same for all that a batch changed (batch_changes). */
int shortcut_judge_batch(struct box *b, int64_t batch, struct err *err);
/** The same for all shortcuts. */
int shortcut_judge_all(struct box *b, struct err *err);
/** Give the shortcuts of @app that came with another device's Box, and so without name, type and
 *  size, those of the app's items.  Writes nothing where there is nothing to give. */
int shortcuts_fill(struct box *b, int64_t app, struct err *err);

/* What changed in the Box, so that box_items knows which of its own items to look at. */
int box_items_touch(struct box *b, int64_t app, const uint8_t item[static BOX_ID_BYTES],
		    struct err *err);
int box_items_touch_all(struct box *b, int64_t app, struct err *err);
int box_items_touch_settings(struct box *b, struct err *err);

#define STAMP_BYTES 40 /* device, inode, size, mtime, ctime: 8 each */

void stamp_encode(uint8_t out[static STAMP_BYTES], const struct app_stamp *s);
/** Zeros where the bytes are no stamp: then it equals none. */
struct app_stamp stamp_decode(struct span bytes);

struct inventory_item;
/** Let @item point into @store, which is emptied before: for items that outlive their query. */
int inventory_item_store(struct inventory_item *item, struct buf *store, struct err *err);

/* The state tree's parts that `saved` and a batch under way share. */
/** Emit rows of (item, seq, leaf, app's name). */
int state_emit_rows(struct query *q, state_emit_fn *emit, void *emit_ctx, struct err *err);
/** A node of the tree of what is saved: 0, STATE_ABSENT or -1. */
int
state_node_get(struct box *b, unsigned level, uint32_t number, struct hash32 *out, struct err *err);

/** At an ACK: forget the touches of those of the Box's own items that are saved as they are. */
int box_items_settle(struct box *b, struct err *err);

/* Copy into a store, for rows that outlive their query; the span that was copied. */
int store_span(struct span *out, struct buf *store, struct span s, struct err *err);

/** What a person typed as a short id: 8 to 32 hex digits.  The ids it may mean are [first, last]. */
bool short_id_range(uint8_t first[static BOX_ID_BYTES], uint8_t last[static BOX_ID_BYTES],
		    struct span typed);

/** The time to write into rows. */
int64_t box_now(void);

/** Take the first @n bytes of an id as bits, most significant first: the number of its group. */
uint64_t id_leading_bits(const uint8_t item[static BOX_ID_BYTES], unsigned bits);

#endif
