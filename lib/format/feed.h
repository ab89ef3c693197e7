/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: cut a stream that arrives in arbitrary pieces into whole units.
 *
 * Units that lie whole in one piece are handed on without copying; of a unit that does not, exactly
 * the bytes that it still needs are held, never more than the ceiling.
 */
#ifndef FORMAT_FEED_H
#define FORMAT_FEED_H

#include "base/buf.h"

#define FEED_MORE 1

/**
 * Try to take one unit.
 * @at  the stream from the unit's first byte on, as far as it is here; borrowed for the call.
 * @n   out: the unit's length, <= at.n, with 0; with FEED_MORE how many bytes, > at.n, are needed
 *      before it makes sense to ask again.
 * @return 0: taken; FEED_MORE; -1: refused, *err says why.
 */
typedef int feed_unit_fn(void *ctx, struct span at, size_t *n, struct err *err);

struct feed {
	feed_unit_fn *unit;
	void *ctx;
	struct buf held; /* the beginning of a unit; empty between units */
	size_t need;     /* bytes that the held unit needs */
};

/** @unit_bytes_max: ceiling of one unit; one that needs more is ERR_LIMIT before it is held. */
void feed_init(struct feed *f, size_t unit_bytes_max, feed_unit_fn *unit, void *ctx);
void feed_clear(struct feed *f);
AUTO_OBJ(feed_clear, struct feed);

/** Take all units that @piece completes and hold the rest.  After a -1 the feed is of no use. */
int feed_add(struct feed *f, struct span piece, struct err *err);

/** The stream ended: ERR_FORMAT "@what is cut short" if a unit was left unfinished. */
int feed_end(const struct feed *f, const char *what, struct err *err);

#endif
