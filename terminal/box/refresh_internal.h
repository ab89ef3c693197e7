/* SPDX-License-Identifier: Apache-2.0 */
/* refresh_internal: one refresh of the inventory, shared by inventory_refresh.c and inventory_read.c. */
#ifndef BOX_REFRESH_INTERNAL_H
#define BOX_REFRESH_INTERNAL_H

#include "box/box_internal.h"
#include "box/ids.h"
#include "box/inventory.h"

#define REFRESH_WINDOW 256 /* stored sources looked at at a time */

enum source_state {
	SOURCE_READ = 0,
	SOURCE_OPEN = 1,  /* to be read */
	SOURCE_YOUNG = 2, /* to be read again, because a write could have gone unseen */
};

/* A stored source of the window. */
struct stored {
	int64_t number;
	size_t path_at;
	uint8_t stamp[STAMP_BYTES];
	enum source_state state;
};

struct refresh {
	struct box *b;
	struct app_session *s;
	struct ids ids;
	app_refused_fn *refused;
	void *ctx;
	int64_t started_ms, last_ms; /* of this scan and the one before */
	bool writing;                /* the transaction has begun */
	bool has_rules;              /* the app has: what is new or changed is noted for them */
	bool anything_lost;          /* sources vanished or changed: cards may have moved */
	struct inventory_counts counts;
	uint32_t n_threads; /* of the source being read */

	struct stored window[REFRESH_WINDOW];
	size_t n, at;
	bool more; /* stored sources behind the window */
	struct buf paths;
	struct buf last; /* path of the window's last source */
};

/* inventory_refresh.c */

/** What a source is now known as. */
int refresh_source_put(struct refresh *r, int64_t number, const struct app_stamp *stamp,
		       enum source_state state, struct err *err);
/** Run @sql on a number. */
int refresh_run_on(struct refresh *r, const char *sql, int64_t number, struct err *err);

/* inventory_read.c */

/** Read what is not SOURCE_READ, by path. */
int refresh_read_sources(struct refresh *r, struct err *err);
/** Cards that waited become items that lost their place, or new ones. */
int refresh_place_arrivals(struct refresh *r, struct err *err);
/** Items without a place are gone from the app; their shortcuts are missing from now on. */
int refresh_drop_lost(struct refresh *r, struct err *err);

#endif
