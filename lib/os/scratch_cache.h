/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch_cache: pieces of a scratch, opened, as many as there are slots for.
 *
 * A piece has one slot, which its place decides, and pushes out what was there.  Large pieces share
 * one more slot.  What is seen through the cache is never changed: pieces are written once.
 */
#ifndef OS_SCRATCH_CACHE_H
#define OS_SCRATCH_CACHE_H

#include "os/scratch.h"

struct scratch_cache; /* opaque */

/**
 * Make a cache.
 * @scratch     borrowed for the cache's life.
 * @n_slots     at least 1; slots take memory when they are first used.
 * @piece_max   bytes; what is larger goes into the slot for large pieces.
 */
int scratch_cache_new(struct scratch_cache **out, struct scratch *scratch, size_t n_slots,
		      size_t piece_max, struct err *err);
void scratch_cache_free(struct scratch_cache *c);
AUTO_PTR(scratch_cache_free, struct scratch_cache);

/** The piece at @place, borrowed until the next call.  scratch_get()'s errors. */
int scratch_cache_view(struct span *out, struct scratch_cache *c, struct scratch_place place,
		       struct err *err);

#endif
