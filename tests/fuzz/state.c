/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: entries, and proofs that an item is live or absent.
 *
 * Entries come from the input; whatever set they make, a proof made of it verifies, tells rightly
 * what is there, and fails with any byte of it changed.
 */
#include "format/state.h"
#include "fuzz.h"

#define ENTRIES_MAX 200
#define LEVELS      9

struct store {
	struct state_entry e[ENTRIES_MAX];
	size_t n;
	struct hash32 nodes[LEVELS][ENTRIES_MAX];
	bool there[LEVELS][ENTRIES_MAX];
};

static int
entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	void *emit_ctx, struct err *err)
{
	struct store *s = ctx;

	for (size_t i = 0; i < s->n; i++)
		if (id16_compare(&s->e[i].item, first) >= 0 &&
		    id16_compare(&s->e[i].item, last) <= 0 && emit(emit_ctx, &s->e[i], err) < 0)
			return -1;
	return 0;
}

static int
get(void *ctx, unsigned level, uint32_t index, struct hash32 *out, struct err *err)
{
	struct store *s = ctx;

	(void)err;
	FUZZ_TRUE(level < LEVELS && index < ENTRIES_MAX);
	*out = s->nodes[level][index];
	return s->there[level][index] ? 0 : STATE_ABSENT;
}

static int
put(void *ctx, unsigned level, uint32_t index, const struct hash32 *node, struct err *err)
{
	struct store *s = ctx;

	(void)err;
	FUZZ_TRUE(level < LEVELS && index < ENTRIES_MAX);
	s->nodes[level][index] = *node;
	s->there[level][index] = true;
	return 0;
}

static int
clear(void *ctx, struct err *err)
{
	struct store *s = ctx;

	(void)err;
	memset(s->there, 0, sizeof s->there);
	return 0;
}

static int
by_item(const void *a, const void *b)
{
	return id16_compare(&((const struct state_entry *)a)->item,
			    &((const struct state_entry *)b)->item);
}

/* Entries with different items. */
static void
fill(struct store *s, struct reader *r)
{
	size_t n = 0;

	while (r->left.n >= STATE_ENTRY_BYTES && s->n < ENTRIES_MAX) {
		struct span bytes = read_span(r, STATE_ENTRY_BYTES);
		uint8_t again[STATE_ENTRY_BYTES];

		s->e[s->n] = state_entry_decode(bytes.p);
		state_entry_encode(again, &s->e[s->n++]);
		FUZZ_TRUE(memcmp(again, bytes.p, sizeof again) == 0);
	}
	qsort(s->e, s->n, sizeof *s->e, by_item);
	for (size_t i = 0; i < s->n; i++)
		if (n == 0 || !id16_equal(&s->e[n - 1].item, &s->e[i].item))
			s->e[n++] = s->e[i];
	s->n = n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	const struct state_store door = { s, entries, get, put, clear };
	struct reader r = reader_of(span_of(data, n));
	struct id16 item = read_id16(&r);
	unsigned flip = read_u16(&r);
	AUTO(state_proof_clear) struct state_proof p = { 0 };
	const struct state_entry *found = NULL;
	struct state_entry *there;
	struct hash32 root;

	fill(s, &r);
	if (s->n && (flip & 1))
		item = s->e[flip % s->n].item;
	FUZZ_TRUE(state_rebuild(&root, &door, s->n, NULL) == 0);
	FUZZ_TRUE(state_proof_make(&p, &door, &item, s->n, NULL) == 0);
	struct state_entry probe = { .item = item };
	there = s->n ? bsearch(&probe, s->e, s->n, sizeof probe, by_item) : NULL;
	const struct id16 folder = there ? there->folder : item;
	FUZZ_TRUE(state_proof_verify(&found, &p, &root, &folder, &item, NULL) == 0);
	FUZZ_TRUE((found != NULL) == (there != NULL));
	if (p.n_entries)
		((uint8_t *)&p.entries[flip % p.n_entries].leaf)[flip % 32] ^= 1;
	else if (p.n_siblings)
		p.siblings[flip % p.n_siblings].b[flip % 32] ^= 1;
	else
		root.b[flip % 32] ^= 1;
	FUZZ_TRUE(state_proof_verify(&found, &p, &root, &folder, &item, NULL) < 0);
	return 0;
}
