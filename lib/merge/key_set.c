/* SPDX-License-Identifier: Apache-2.0 */
/* key_set: see key_set.h.  Keys are hashes already: their first bytes choose the slot. */
#include "merge/key_set.h"

#include "base/array.h"
#include "base/bytes.h"

void
key_set_clear(struct key_set *s)
{
	free(s->keys);
	free(s->slots);
	*s = (struct key_set)KEY_SET_INIT;
}

void
key_set_reset(struct key_set *s)
{
	s->n = 0;
	if (s->n_slots)
		memset(s->slots, 0, s->n_slots * sizeof *s->slots);
}

/* The slot that holds @k, or the free one where it belongs. */
static size_t
slot_of(const struct key_set *s, const struct field_key *k)
{
	size_t mask = s->n_slots - 1, at = (size_t)get_u64(k->b) & mask;

	while (s->slots[at] && !field_key_equal(&s->keys[s->slots[at] - 1], k))
		at = (at + 1) & mask;
	return at;
}

size_t
key_set_find(const struct key_set *s, const struct field_key *k)
{
	if (s->n_slots == 0)
		return KEY_SET_NONE;
	uint32_t number = s->slots[slot_of(s, k)];
	return number ? number - 1 : KEY_SET_NONE;
}

static int
grow(struct key_set *s, struct err *err)
{
	size_t n_slots = s->n_slots ? s->n_slots * 2 : 64;
	uint32_t *slots = calloc(n_slots, sizeof *slots);

	if (!slots)
		return err_nomem(err);
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	for (size_t i = 0; i < s->n; i++)
		s->slots[slot_of(s, &s->keys[i])] = (uint32_t)i + 1;
	return 0;
}

int
key_set_add(struct key_set *s, const struct field_key *k, size_t *at, struct err *err)
{
	if ((s->n + 1) * 2 > s->n_slots && grow(s, err) < 0)
		return -1;
	size_t slot = slot_of(s, k);
	if (!s->slots[slot]) {
		if (array_reserve((void **)&s->keys, &s->cap, s->n + 1, sizeof *s->keys,
				  UINT32_MAX / 4, err) < 0)
			return -1;
		s->keys[s->n++] = *k;
		s->slots[slot] = (uint32_t)s->n;
	}
	*at = s->slots[slot] - 1;
	return 0;
}
