/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing: the live items of one device as a server lists them, and the proof that the list is
 * whole: its state root is the one that the device signed in its newest batch.
 *
 * A list that is not proven is still of use, for every record proves itself by its path in a signed
 * batch; only that it is the newest, and that none is missing, is not known then.  That is an alarm
 * to be shown, never a reason to withhold what authenticates.
 */
#ifndef RESTORE_LISTING_H
#define RESTORE_LISTING_H

#include "base/auto.h"
#include "os/scratch_cache.h"
#include "wire/wire.h"

/* 2^22 items: 10,000 contacts a hundred times over; 96 bytes each. */
#define LISTING_ITEMS_MAX (1u << 22)

/* All zero is an empty list, which is kept in memory: its items are items[0] to items[n - 1].  One with
 * a scratch keeps whole pages there; listing_get() reads both. */
struct listing {
	struct wire_item *items; /* owned; ascending by item id, version; behind `pages` */
	size_t n, cap;
	struct scratch *scratch;     /* borrowed, or NULL */
	struct scratch_cache *cache; /* owned; made with the first page */
	uint64_t *pages;             /* owned; where each lies */
	size_t n_pages, cap_pages;
};

/** Forget the items; where they are kept stays. */
void listing_reset(struct listing *l);
void listing_clear(struct listing *l);
AUTO_OBJ(listing_clear, struct listing);

/** Item number @i of l->n.  The scratch's errors. */
int listing_get(struct wire_item *out, const struct listing *l, size_t i, struct err *err);

/** Add one, as the server gives it.  ERR_LIMIT, ERR_NOMEM, and the scratch's. */
int listing_add(struct listing *l, const struct wire_item *item, struct err *err);

/** Add to @out what @l has of @folder. */
int listing_of_folder(struct listing *out, const struct listing *l, const struct id16 *folder,
		      struct err *err);

/**
 * Whether these are exactly the live items after the batch with @root and @seq.
 * @return 0, or -1: ERR_ALARM (something is missing, too old, too new, foreign, or a removed item
 * is said to live), ERR_NOMEM.
 */
int
listing_check(const struct listing *l, const struct hash32 *root, uint64_t seq, struct err *err);

#endif
