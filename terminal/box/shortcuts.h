/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shortcuts: the Box's references to items: what is backed up.
 *
 * A shortcut records its item's path, name, type and size as of the time it was added or updated
 * (P1, P3).  Its state is never stored; it follows from the inventory and from what was saved:
 *
 *     new      no version of it is in the cloud
 *     saved    the newest version is what the app has
 *     changed  the app has something else, or (files) its stamp moved and nobody has read it yet
 *     missing  the app does not have it any more; shortcut and backup are kept
 */
#ifndef BOX_SHORTCUTS_H
#define BOX_SHORTCUTS_H

#include "box/inventory.h"

enum shortcut_state {
	SHORTCUT_NEW,
	SHORTCUT_SAVED,
	SHORTCUT_CHANGED,
	SHORTCUT_MISSING,
};

/** "new", "saved", "changed", "missing": part of the JSON contract. */
const char *shortcut_state_name(enum shortcut_state state);

/* From a callback borrowed, from shortcut_find() owned by `store`. */
struct shortcut {
	const char *app;
	struct span native_id;
	uint8_t item[BOX_ID_BYTES];
	struct span path; /* within the app, bytes as stored */
	struct span name;
	const char *type;  /* MIME; "application/octet-stream" where nobody knows */
	uint64_t size;     /* bytes */
	const char *taken; /* when a picture was taken (taken.h); NULL: not known */
	bool selected;     /* for the automatic mode */
	int64_t added_unix_ms;
	enum shortcut_state state;
	int64_t saved_unix_ms;  /* 0: never */
	uint32_t versions;      /* 0: none */
	int64_t proven_unix_ms; /* last proven restorable; 0: never */
};

/** Make the shortcut.  0, BOX_EXISTS (nothing changed: ask, then shortcut_update()), or -1.
 *  @item's type should be known (inventory_types()). */
int shortcut_add(struct box *b, const struct inventory_item *item, bool selected, struct err *err);

/** Record the item's path, name, type and size anew; `selected` stays unless @select.  BOX_ABSENT.
 */
int shortcut_update(struct box *b, const struct inventory_item *item, bool select, struct err *err);

/** Data and backups stay; no rule makes the shortcut again (kept_out.h).  BOX_ABSENT. */
int shortcut_remove(struct box *b, const char *app, struct span native_id, struct err *err);
/** @changed receives how many there were. */
int shortcut_remove_all(uint64_t *changed, struct box *b, const char *app, struct err *err);

int shortcut_select(struct box *b, const char *app, struct span native_id, bool selected,
		    struct err *err);
int shortcut_select_all(uint64_t *changed, struct box *b, const char *app, bool selected,
			struct err *err);

typedef int shortcut_fn(void *ctx, const struct shortcut *s, struct err *err);

/** A folder's shortcuts, by name bytewise, then native id. */
int shortcuts_each(struct box *b, const char *app, shortcut_fn *fn, void *ctx, struct err *err);

/** How many shortcuts @app has. */
int
shortcuts_count(uint64_t *n, struct box *b, const char *app, bool selected_only, struct err *err);

/** Those of state missing, by item id; the others are not read. */
int shortcuts_each_missing(struct box *b, const char *app, bool selected_only, shortcut_fn *fn,
			   void *ctx, struct err *err);

struct shortcut_found {
	struct shortcut shortcut;
	struct buf store;
};

#define SHORTCUT_FOUND_INIT                                                                        \
	{                                                                                          \
		.store = BUF_INIT(64 << 10)                                                        \
	}
void shortcut_found_clear(struct shortcut_found *f);
AUTO_OBJ(shortcut_found_clear, struct shortcut_found);

/** By what a person typed, as inventory_find(), among the shortcuts of @app. */
int shortcut_find(struct shortcut_found *f, struct box *b, const char *app, struct span typed,
		  struct err *err);

/* One folder of the Box. */
struct folder {
	const char *app;
	uint64_t shortcuts;
	uint64_t bytes; /* the shortcuts' sizes */
	uint64_t saved; /* shortcuts of state saved */
};

typedef int folder_fn(void *ctx, const struct folder *f, struct err *err);

/** The Box: its folders, by app. */
int folders_each(struct box *b, folder_fn *fn, void *ctx, struct err *err);

/* What a backup has to look at. */
struct pending {
	uint8_t item[BOX_ID_BYTES];
	uint64_t size; /* bytes */
	bool selected;
	bool saved; /* an earlier version of it */
};

typedef int pending_fn(void *ctx, const struct pending *p, struct err *err);

/** Shortcuts of @app that are new or changed, by item id: by way of an index on what changed, not a
 *  pass over all.  @selected_only: those pre-selected.  The callback may change the Box. */
int shortcuts_each_pending(struct box *b, const char *app, bool selected_only, pending_fn *fn,
			   void *ctx, struct err *err);

/** The one shortcut as pending: 0, BOX_ABSENT (no shortcut, missing, or saved as it is). */
int shortcut_pending(struct box *b, const char *app, struct span native_id, pending_fn *fn,
		     void *ctx, struct err *err);

/** How many shortcuts of @app (NULL: of all) are new or changed. */
int shortcuts_count_pending(uint64_t *n, struct box *b, const char *app, struct err *err);

/** The text that shows an item to people and scripts: its native id where that is UTF-8 without
 *  control characters, else the first 8 hex digits of the item id, more where ambiguous.  Appended.
 */
int item_show_id(struct buf *out, struct box *b, struct span native_id,
		 const uint8_t item[static BOX_ID_BYTES], struct err *err);

#endif
