/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory: what an app has now, as of the last refresh.
 *
 * A refresh asks the app for its sources' stamps and walks them beside the stored ones, both
 * sorted; only a source that changed is read again.  A source is unchanged if its stamp is equal
 * and its mtime is older than the start of the last scan minus 2 s (a write within the clock's
 * grain of the scan could have gone unseen).  A refresh that finds nothing changed writes nothing.
 *
 * Native ids are given here, once and for ever (docs/formats/box-db.md): see ids.h.
 *
 * Needs the identity (item ids are made from its keys): ERR_USAGE from box_identity_need().
 */
#ifndef BOX_INVENTORY_H
#define BOX_INVENTORY_H

#include "apps/apps.h"
#include "base/buf.h"
#include "box/box.h"

struct inventory_counts {
	uint64_t sources;
	uint64_t sources_read; /* those that were read again */
	uint64_t items;
	uint64_t added, changed, removed; /* items, since the refresh before; changed: it may be */
	uint64_t refused;                 /* told to @refused */
};

/**
 * Bring the inventory of the session's app up to date.
 * @out      may be NULL.
 * @refused  hears of each thing that is no item, once: links and devices when they are first seen,
 *           broken cards when their source is read; may be NULL.
 * @return   0 or -1.  A source that moved while it was read is read again, twice at most, then
 *           left as unread for the next refresh and told to @refused.  So is one that the disk
 *           does not give: its items stay, as changed.
 */
int inventory_refresh(struct inventory_counts *out, struct box *b, struct app_session *s,
		      app_refused_fn *refused, void *ctx, struct err *err);

/* An item of an app.  From a callback borrowed, from inventory_find() owned by `store`. */
struct inventory_item {
	const char *app;
	struct span native_id;
	uint8_t item[BOX_ID_BYTES];
	struct span name;  /* UTF-8 for people */
	const char *type;  /* MIME; NULL: not known yet, see inventory_types() */
	uint64_t size;     /* bytes */
	const char *taken; /* when a picture was taken (taken.h); NULL: not known */
	int64_t modified_unix_ms;
	struct app_place place; /* its `source` is the item's path within the app */
	bool has_content;       /* cards always; files once a backup or restore has read them */
	uint8_t content[BOX_HASH_BYTES]; /* content.h */
	bool in_box;                     /* has a shortcut */
	/* From inventory_each() only, of a message: its thread (item/thread.h), and the other party's
	 * name; else empty. */
	struct span thread, party;
};

typedef int inventory_fn(void *ctx, const struct inventory_item *item, struct err *err);

/** All items of @app, by name bytewise, then native id.  The callback may change the Box's other
 *  nouns, not the inventory. */
int inventory_each(struct box *b, const char *app, inventory_fn *fn, void *ctx, struct err *err);

/* An item that outlives the call that found it. */
struct inventory_found {
	struct inventory_item item;
	struct buf store; /* what item's spans and strings point into */
};

#define INVENTORY_FOUND_INIT                                                                       \
	{                                                                                          \
		.store = BUF_INIT(64 << 10)                                                        \
	}
void inventory_found_clear(struct inventory_found *f);
AUTO_OBJ(inventory_found_clear, struct inventory_found);

/** By native id.  0 or BOX_ABSENT or -1.  @f: INVENTORY_FOUND_INIT, or used before. */
int inventory_get(struct inventory_found *f, struct box *b, const char *app, struct span native_id,
		  struct err *err);

/** By the item's id. */
int inventory_get_id(struct inventory_found *f, struct box *b,
		     const uint8_t item[static BOX_ID_BYTES], struct err *err);

/** By what a person typed: native id, then short id (8 or more hex digits of the item id), then
 *  exact name.  ERR_NOT_FOUND; ERR_AMBIGUOUS: the message lists the candidates. */
int inventory_find(struct inventory_found *f, struct box *b, const char *app, struct span typed,
		   struct err *err);

/** The native id, appended to @out, of what lies at @place as it was at the last refresh (its source
 *  had the same stamp).  0, BOX_ABSENT or -1. */
int inventory_native_id(struct buf *out, struct box *b, const char *app,
			const struct app_place *place, struct err *err);

/** Fill in the types that are not known yet, and when pictures were taken: of one item, or (native_id.p NULL) of all. */
int inventory_types(struct box *b, struct app_session *s, struct span native_id, struct err *err);

/** When the picture of MIME type @type at @place was taken; "": no picture, or it does not say.  0,
 *  APP_MOVED or -1. */
int inventory_taken(char out[static APP_TAKEN_BYTES], struct app_session *s, const char *type,
		    const struct app_place *place, struct err *err);

/** Somebody read the whole item at @place and its content is @content: remembered while the source
 *  has this stamp. */
int inventory_put_content(struct box *b, const char *app, struct span native_id,
			  const struct app_place *place,
			  const uint8_t content[static BOX_HASH_BYTES], struct err *err);

/** From now on a card with this UID in @app is the item @native_id: for restores that had to write
 *  a card under another UID (UUIDv8 of an item id of another device). */
int inventory_put_alias(struct box *b, const char *app, struct span uid, struct span native_id,
			struct err *err);

/** Native ids, item ids: the functions of the keys, for who has no row yet. */
int inventory_item_id(uint8_t out[static BOX_ID_BYTES], struct box *b, const char *app,
		      struct span native_id, struct err *err);

#endif
