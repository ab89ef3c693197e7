/* SPDX-License-Identifier: Apache-2.0 */
/* eds_ids: see eds_ids.h. */
#include "apps/eds_ids.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64

struct eds_ids_slot {
	int64_t number;
	uint32_t at;   /* of the id in the pool */
	uint32_t used; /* 0: free */
};

void
eds_ids_clear(struct eds_ids *ids)
{
	free(ids->slots);
	ids->slots = NULL;
	ids->n = ids->n_slots = 0;
	buf_clear(&ids->pool);
}

int64_t
eds_ids_number(const char *id)
{
	uint8_t hash[crypto_generichash_BYTES_MIN]; /* 16; the first 8 of them are used */
	uint64_t number = 0;

	crypto_generichash(hash, sizeof hash, (const uint8_t *)id, strlen(id), NULL, 0);
	for (size_t i = 0; i < 8; i++)
		number |= (uint64_t)hash[i] << 8 * i;
	return (int64_t)(number >> 1);
}

static struct eds_ids_slot *
slot_of(const struct eds_ids *ids, int64_t number)
{
	size_t i = (size_t)number & (ids->n_slots - 1);

	while (ids->slots[i].used && ids->slots[i].number != number)
		i = (i + 1) & (ids->n_slots - 1);
	return &ids->slots[i];
}

const char *
eds_ids_find(const struct eds_ids *ids, int64_t number)
{
	const struct eds_ids_slot *slot = ids->n_slots ? slot_of(ids, number) : NULL;

	return slot && slot->used ? (const char *)ids->pool.p + slot->at : NULL;
}

static int
grow(struct eds_ids *ids, struct err *err)
{
	struct eds_ids bigger = { .n_slots = ids->n_slots ? 2 * ids->n_slots : SLOTS_MIN };

	bigger.slots = calloc(bigger.n_slots, sizeof *bigger.slots);
	if (!bigger.slots)
		return err_nomem(err);
	for (size_t i = 0; i < ids->n_slots; i++)
		if (ids->slots[i].used)
			*slot_of(&bigger, ids->slots[i].number) = ids->slots[i];
	free(ids->slots);
	ids->slots = bigger.slots;
	ids->n_slots = bigger.n_slots;
	return 0;
}

int
eds_ids_add(int64_t *number, struct eds_ids *ids, const char *id, struct err *err)
{
	size_t at = ids->pool.n;

	*number = eds_ids_number(id);
	if (2 * ids->n >= ids->n_slots && grow(ids, err) < 0)
		return -1;
	struct eds_ids_slot *slot = slot_of(ids, *number);
	if (slot->used)
		return strcmp((const char *)ids->pool.p + slot->at, id) == 0 ? 0 : EDS_IDS_TAKEN;
	if (buf_append(&ids->pool, span_of(id, strlen(id) + 1), err) < 0)
		return -1;
	*slot = (struct eds_ids_slot){ *number, (uint32_t)at, 1 };
	ids->n++;
	return 0;
}
