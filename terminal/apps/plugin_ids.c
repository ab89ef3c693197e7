/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_ids: see plugin_ids.h. */
#include "apps/plugin_ids.h"

#include <sodium.h>
#include <stdlib.h>

#define FIRST_SLOTS 256

void
plugin_ids_clear(struct plugin_ids *ids)
{
	buf_clear(&ids->text);
	free(ids->slots);
	*ids = (struct plugin_ids)PLUGIN_IDS_INIT;
}

static int64_t
number_of(struct span id)
{
	uint8_t hash[16];
	uint64_t v = 0;

	crypto_generichash(hash, sizeof hash, id.p, id.n, NULL, 0);
	for (size_t i = 0; i < 8; i++)
		v |= (uint64_t)hash[i] << (8 * i);
	return (int64_t)(v >> 1);
}

/* Its slot, or the free one where it would go. */
static struct plugin_id *
slot_of(const struct plugin_ids *ids, int64_t number)
{
	size_t at = (size_t)number & (ids->cap - 1);

	while (ids->slots[at].n && ids->slots[at].number != number)
		at = (at + 1) & (ids->cap - 1);
	return &ids->slots[at];
}

static int
grow(struct plugin_ids *ids, struct err *err)
{
	struct plugin_ids more = { .cap = ids->cap ? 2 * ids->cap : FIRST_SLOTS };

	if (ids->n >= PLUGIN_IDS_MAX)
		return err_set(err, ERR_LIMIT, "more than %u items", PLUGIN_IDS_MAX);
	more.slots = calloc(more.cap, sizeof *more.slots);
	if (!more.slots)
		return err_nomem(err);
	for (size_t i = 0; i < ids->cap; i++)
		if (ids->slots[i].n)
			*slot_of(&more, ids->slots[i].number) = ids->slots[i];
	free(ids->slots);
	ids->slots = more.slots;
	ids->cap = more.cap;
	return 0;
}

int
plugin_ids_add(int64_t *number, struct plugin_ids *ids, struct span id, struct err *err)
{
	struct plugin_id *slot;

	*number = number_of(id);
	if (2 * (ids->n + 1) > ids->cap && grow(ids, err) < 0)
		return -1;
	slot = slot_of(ids, *number);
	if (slot->n)
		return PLUGIN_ID_THERE;
	struct plugin_id made = { *number, (uint32_t)ids->text.n, (uint32_t)id.n };
	if (buf_append(&ids->text, id, err) < 0)
		return -1;
	*slot = made;
	ids->n++;
	return 0;
}

struct span
plugin_ids_get(const struct plugin_ids *ids, int64_t number)
{
	const struct plugin_id *slot = ids->cap ? slot_of(ids, number) : NULL;

	return slot && slot->n ? span_of(ids->text.p + slot->at, slot->n) : span_of(NULL, 0);
}

static int
order(const void *a, const void *b)
{
	const int64_t *l = a, *r = b;

	return (*l > *r) - (*l < *r);
}

int64_t *
plugin_ids_sorted(const struct plugin_ids *ids)
{
	int64_t *list = calloc(ids->n + 1, sizeof *list);
	size_t n = 0;

	for (size_t i = 0; list && i < ids->cap; i++)
		if (ids->slots[i].n)
			list[n++] = ids->slots[i].number;
	if (list && n)
		qsort(list, n, sizeof *list, order);
	return list;
}
