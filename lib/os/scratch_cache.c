/* SPDX-License-Identifier: Apache-2.0 */
/* scratch_cache: see scratch_cache.h. */
#include "os/scratch_cache.h"

#include <stdlib.h>

struct slot {
	uint64_t at; /* + 1; 0: empty */
	struct buf piece;
};

struct scratch_cache {
	struct scratch *scratch;
	size_t n_slots, piece_max;
	struct slot large;
	struct slot slots[]; /* n_slots */
};

int
scratch_cache_new(struct scratch_cache **out, struct scratch *scratch, size_t n_slots,
		  size_t piece_max, struct err *err)
{
	struct scratch_cache *c = calloc(1, sizeof *c + n_slots * sizeof *c->slots);

	if (!c)
		return err_nomem(err);
	c->scratch = scratch;
	c->n_slots = n_slots;
	c->piece_max = piece_max;
	c->large.piece.max = SIZE_MAX / 4;
	for (size_t i = 0; i < n_slots; i++)
		c->slots[i].piece.max = piece_max;
	*out = c;
	return 0;
}

void
scratch_cache_free(struct scratch_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_slots; i++)
		buf_clear(&c->slots[i].piece);
	buf_clear(&c->large.piece);
	free(c);
}

static struct slot *
slot_of(struct scratch_cache *c, struct scratch_place place)
{
	if (place.n > c->piece_max)
		return &c->large;
	/* Pieces of one size lie at equal distances: Fibonacci hashing (Knuth, TAOCP 3, 6.4). */
	return &c->slots[(place.at * UINT64_C(0x9e3779b97f4a7c15) >> 32) % c->n_slots];
}

int
scratch_cache_view(struct span *out, struct scratch_cache *c, struct scratch_place place,
		   struct err *err)
{
	struct slot *s = slot_of(c, place);

	if (s->at != place.at + 1) {
		s->at = 0;
		buf_reset(&s->piece);
		if (scratch_get(&s->piece, c->scratch, place, err) < 0)
			return -1;
		s->at = place.at + 1;
	}
	*out = buf_span(&s->piece);
	return 0;
}
