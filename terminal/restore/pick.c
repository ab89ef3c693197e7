/* SPDX-License-Identifier: Apache-2.0 */
/* pick: see pick.h. */
#include "restore/pick.h"

#include <stdio.h>
#include <strings.h>

#include "base/array.h"

#define SHORT_ID_MIN   8
#define CANDIDATES_MAX 1024 /* kept of one ambiguous text */

enum { RANK_NAME = 1, RANK_SHORT, RANK_NATIVE };

int
picks_new(struct picks *out, const char *const *items, size_t n, const struct device_keys *mine,
	  struct err *err)
{
	out->list = calloc(n ? n : 1, sizeof *out->list);
	if (!out->list)
		return err_nomem(err);
	out->n = n;
	out->mine = mine;
	for (size_t i = 0; i < n; i++)
		out->list[i].text = items[i];
	return 0;
}

static void
forget(struct pick *p)
{
	for (size_t i = 0; i < p->n; i++)
		opened_clear(&p->found[i]);
	p->n = 0;
}

void
picks_clear(struct picks *p)
{
	for (size_t i = 0; i < p->n; i++) {
		forget(&p->list[i]);
		free(p->list[i].found);
	}
	free(p->list);
	*p = (struct picks){ 0 };
}

static bool
begins_id(const char *text, const uint8_t id[static CRYPTO_ID_BYTES])
{
	char hex[2 * CRYPTO_ID_BYTES + 1];
	size_t n = strlen(text);

	hex_encode(hex, span_of(id, CRYPTO_ID_BYTES));
	return n >= SHORT_ID_MIN && n <= 2 * CRYPTO_ID_BYTES && strncasecmp(hex, text, n) == 0;
}

static int
rank_of(const struct picks *p, const struct pick *k, const struct fetched *it)
{
	uint8_t mine[CRYPTO_ID_BYTES];
	const char *text = k->text;

	if (!it->record)
		return id16_equal(&it->at->item, &k->expected[0]) ||
				       id16_equal(&it->at->item, &k->expected[1])
			       ? RANK_NATIVE
			       : 0;
	if (span_equal(it->record->native_id, span_str(text)))
		return RANK_NATIVE;
	keys_item_id(mine, p->mine, it->record->app, it->record->native_id);
	if (begins_id(text, mine) || begins_id(text, it->at->item.b))
		return RANK_SHORT;
	return span_equal(it->record->name, span_str(text)) ? RANK_NAME : 0;
}

int
picks_offer(struct picks *p, const struct fetched *it, struct err *err)
{
	if (it->record && !it->record->live)
		return 0;
	for (size_t i = 0; i < p->n; i++) {
		struct pick *k = &p->list[i];
		int rank = rank_of(p, k, it);

		if (rank == 0 || rank < k->rank || k->n == CANDIDATES_MAX)
			continue;
		if (rank > k->rank)
			forget(k);
		k->rank = rank;
		if (array_reserve((void **)&k->found, &k->cap, k->n + 1, sizeof *k->found,
				  CANDIDATES_MAX, err) < 0 ||
		    opened_copy(&k->found[k->n], it, err) < 0)
			return -1;
		k->n++;
	}
	return 0;
}

/* The first bytes of a name, cut between characters. */
static int
beginning(struct span name)
{
	size_t n = name.n > 40 ? 40 : name.n;

	while (n > 0 && n < name.n && (name.p[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

static int
ambiguous(const struct pick *k, struct err *err)
{
	char list[360] = "";

	for (size_t i = 0; i < k->n; i++) {
		const struct record *r = &k->found[i].record;
		size_t n = strlen(list);

		if (n + 80 > sizeof list) {
			snprintf(list + n, sizeof list - n, ", …");
			break;
		}
		snprintf(list + n, sizeof list - n, "%s%.8s (%.*s)", n ? ", " : "",
			 id16_hex(&k->found[i].at.item).s, beginning(r->name),
			 (const char *)r->name.p);
	}
	err_set(err, ERR_AMBIGUOUS, "several backed-up items are meant by that: %s", list);
	return err_hint(err, "name it by its id");
}

int
picks_check(const struct picks *p, struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pick *k = &p->list[i];

		if (k->n > 1)
			return ambiguous(k, err);
		if (k->n == 0) {
			err_set(err, ERR_NOT_FOUND, "there is no backed-up item \"%.200s\"",
				k->text);
			return err_hint(err, "`cloudbox cloud APP` lists what there is");
		}
	}
	return 0;
}
