/* SPDX-License-Identifier: Apache-2.0 */
/* card_agent: an AGENT's card, compared by its fields and not by its text. */
#include <stdlib.h>

#include "item/card.h"
#include "item/parse.h"

/* Cards within cards within cards are all in memory at once: larger ones are compared by their text. */
#define COMPARED_BYTES_MAX (1u << 20)

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, FIELD_KEY_BYTES);
}

/* The keys of what is compared, sorted, each once; and the id, which elsewhere says who it is. */
static int
append_keys(struct buf *out, const struct item *it, struct err *err)
{
	AUTO(free) struct field_key *keys = calloc(it->n_fields + 1, sizeof *keys);
	size_t n = 0;

	if (!keys)
		return err_nomem(err);
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED))
			keys[n++] = it->fields[i].key;
	qsort(keys, n, sizeof *keys, key_order);
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || !field_key_equal(&keys[i - 1], &keys[i])) &&
		    buf_append(out, SPAN_ARRAY(keys[i].b), err) < 0)
			return -1;
	return buf_append_str(out, it->uid ? it->uid : "", err);
}

int
card_agent_key(struct buf *out, struct span card, const struct item_profile *profile,
	       unsigned depth, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	struct err why = { 0 };

	if (depth > CARD_DEPTH_MAX || card.n > COMPARED_BYTES_MAX)
		return 1;
	if (card_parse_nested(&it, card, "", 1, profile, depth, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 1;
	if (it->n_junk)
		return 1; /* it says more than its fields do */
	if (buf_append(out, span_of((const uint8_t *)"AGENT\0card", 11), err) < 0)
		return -1;
	return append_keys(out, it, err);
}
