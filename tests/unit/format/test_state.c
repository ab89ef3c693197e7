/* SPDX-License-Identifier: Apache-2.0 */
#include "format/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/ds.h"
#include "fixture.h"

#define ITEMS_MAX 4096
#define LEVELS    12

/* A store in memory: live entries ascending by item id, and nodes. */
struct store {
	struct state_entry e[ITEMS_MAX];
	size_t n;
	struct hash32 nodes[LEVELS][ITEMS_MAX];
	bool there[LEVELS][ITEMS_MAX];
	size_t puts, scans;
};

static int
store_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	      void *emit_ctx, struct err *err)
{
	struct store *s = ctx;

	for (size_t i = 0; i < s->n; i++) {
		s->scans++;
		if (id16_compare(&s->e[i].item, first) >= 0 &&
		    id16_compare(&s->e[i].item, last) <= 0 && emit(emit_ctx, &s->e[i], err) < 0)
			return -1;
	}
	return 0;
}

static int
store_get(void *ctx, unsigned level, uint32_t index, struct hash32 *out, struct err *err)
{
	struct store *s = ctx;

	(void)err;
	assert_true(level < LEVELS && index < ITEMS_MAX);
	if (!s->there[level][index])
		return STATE_ABSENT;
	*out = s->nodes[level][index];
	return 0;
}

static int
store_put(void *ctx, unsigned level, uint32_t index, const struct hash32 *node, struct err *err)
{
	struct store *s = ctx;

	(void)err;
	assert_true(level < LEVELS && index < ITEMS_MAX);
	s->nodes[level][index] = *node;
	s->there[level][index] = true;
	s->puts++;
	return 0;
}

static int
store_clear(void *ctx, struct err *err)
{
	struct store *s = ctx;

	(void)err;
	memset(s->there, 0, sizeof s->there);
	return 0;
}

static struct state_store
door(struct store *s)
{
	return (struct state_store){ s, store_entries, store_get, store_put, store_clear };
}

static int
compare_items(const void *a, const void *b)
{
	return id16_compare(&((const struct state_entry *)a)->item,
			    &((const struct state_entry *)b)->item);
}

/* A keyed hash, like real item ids. */
static struct id16
item_id(uint32_t n)
{
	uint8_t h[32];
	struct id16 id;

	ds_hash(h, DS(DS_BODY, DS_BYTES(&n, sizeof n)));
	memcpy(id.b, h, sizeof id.b);
	return id;
}

static void
store_set(struct store *s, uint32_t item, uint64_t seq)
{
	struct state_entry e = { test_id('f', item % 3), item_id(item), seq, test_hash('l', item) };

	for (size_t i = 0; i < s->n; i++)
		if (id16_equal(&s->e[i].item, &e.item)) {
			s->e[i] = e;
			return;
		}
	assert_true(s->n < ITEMS_MAX);
	s->e[s->n++] = e;
	qsort(s->e, s->n, sizeof *s->e, compare_items);
}

static void
store_drop(struct store *s, uint32_t item)
{
	struct id16 id = item_id(item);

	for (size_t i = 0; i < s->n; i++)
		if (id16_equal(&s->e[i].item, &id)) {
			memmove(&s->e[i], &s->e[i + 1], (s->n - i - 1) * sizeof *s->e);
			s->n--;
			return;
		}
}

/* The root as docs/formats/batch.md says, without any store. */
static struct hash32
root_by_definition(const struct state_entry *e, size_t n)
{
	static struct hash32 level[ITEMS_MAX];
	static struct state_entry bucket[ITEMS_MAX];
	struct hash32 root;
	unsigned k = 0;

	while (n >= 5 && (4u << k) < n)
		k++;
	for (uint32_t b = 0; b < 1u << k; b++) {
		size_t in_bucket = 0;

		for (size_t i = 0; i < n; i++)
			if (k == 0 ||
			    (uint32_t)(e[i].item.b[0] << 8 | e[i].item.b[1]) >> (16 - k) == b)
				bucket[in_bucket++] = e[i];
		assert_int_equal(state_bucket_hash(&level[b], bucket, in_bucket, NULL), 0);
	}
	for (uint32_t width = 1u << k; width > 1; width /= 2)
		for (uint32_t i = 0; i < width / 2; i++)
			state_node_hash(&level[i], &level[2 * i], &level[2 * i + 1]);
	state_root_hash(&root, n, &level[0]);
	return root;
}

static void
depth_is_the_one_of_the_definition(void **state)
{
	static const struct {
		uint64_t n;
		unsigned k;
	} cases[] = { { 0, 0 },     { 1, 0 },     { 4, 0 },      { 5, 1 },
		      { 8, 1 },     { 9, 2 },     { 16, 2 },     { 17, 3 },
		      { 4096, 10 }, { 4097, 11 }, { 10000, 12 }, { 100000, 15 } };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		assert_int_equal(state_depth(cases[i].n), cases[i].k);
}

static void
buckets_are_the_first_bits_most_significant_first(void **state)
{
	struct id16 id = { { 0xa5, 0xc0 } }; /* 1010 0101 1100 … */

	(void)state;
	assert_int_equal(state_bucket_of(&id, 0), 0);
	assert_int_equal(state_bucket_of(&id, 1), 1);
	assert_int_equal(state_bucket_of(&id, 4), 10);
	assert_int_equal(state_bucket_of(&id, 10), 0x297);
}

static void
entries_have_seventy_two_bytes_and_come_back(void **state)
{
	struct state_entry e = { test_id('f', 1), test_id('i', 2), 0x0102030405060708,
				 test_hash(3, 4) };
	uint8_t bytes[STATE_ENTRY_BYTES];

	(void)state;
	state_entry_encode(bytes, &e);
	assert_memory_equal(bytes, e.folder.b, 16);
	assert_memory_equal(bytes + 16, e.item.b, 16);
	assert_memory_equal(bytes + 32, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	assert_memory_equal(bytes + 40, e.leaf.b, 32);
	struct state_entry again = state_entry_decode(bytes);
	assert_memory_equal(&again, &e, sizeof e);
}

/* One random batch: some items set, some dropped; returns how many ids it touched. */
static size_t
change(struct store *s, struct id16 *touched, uint64_t seq)
{
	size_t n = 1 + (size_t)rand() % 12;
	bool shrink = rand() % 4 == 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t item = (uint32_t)rand() % 300;

		if (shrink || rand() % 6 == 0)
			store_drop(s, item);
		else
			store_set(s, item, seq);
		touched[i] = item_id(item);
	}
	return n;
}

static void
an_updated_root_equals_a_rebuilt_one(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	struct state_store d = door(s);
	struct id16 touched[16];

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (uint64_t seq = 1; seq <= 300; seq++) {
		uint64_t before = s->n;
		size_t n = change(s, touched, seq);
		struct hash32 root, expected = root_by_definition(s->e, s->n);

		assert_int_equal(state_update(&root, &d, touched, n, before, s->n, NULL), 0);
		assert_true(hash32_equal(&root, &expected));
		if (seq % 50 == 0) {
			assert_int_equal(state_rebuild(&root, &d, s->n, NULL), 0);
			assert_true(hash32_equal(&root, &expected));
		}
	}
}

static void
an_update_costs_its_bucket_and_k_nodes(void **state)
{
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	struct state_store d = door(s);
	struct hash32 root, expected;
	struct id16 id = item_id(77);

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		store_set(s, i, 1);
	assert_int_equal(state_update(&root, &d, NULL, 0, 0, 1000, NULL), 0);
	s->puts = 0;
	store_set(s, 77, 2);
	assert_int_equal(state_update(&root, &d, &id, 1, 1000, 1000, NULL), 0);
	assert_int_equal(s->puts, 1 + state_depth(1000));
	expected = root_by_definition(s->e, s->n);
	assert_true(hash32_equal(&root, &expected));
	/* nothing touched: the same root, and nothing written */
	s->puts = s->scans = 0;
	assert_int_equal(state_update(&root, &d, NULL, 0, 1000, 1000, NULL), 0);
	assert_true(hash32_equal(&root, &expected));
	assert_int_equal(s->puts + s->scans, 0);
}

static void
proofs_show_what_is_there_and_what_is_not(void **state)
{
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	struct state_store d = door(s);
	struct hash32 root;

	(void)state;
	for (uint32_t n = 0; n <= 40; n++) {
		if (n > 0)
			store_set(s, n, n);
		assert_int_equal(state_rebuild(&root, &d, n, NULL), 0);
		for (uint32_t i = 1; i <= 45; i++) {
			AUTO(state_proof_clear) struct state_proof p = { 0 };
			const struct state_entry *found;
			struct id16 id = item_id(i), folder = test_id('f', i % 3);
			struct id16 other = test_id('g', 0);

			assert_int_equal(state_proof_make(&p, &d, &id, n, NULL), 0);
			assert_int_equal(state_proof_verify(&found, &p, &root, &folder, &id, NULL),
					 0);
			assert_int_equal(found != NULL, i <= n);
			assert_true(!found || found->seq == i);
			assert_int_equal(state_proof_verify(&found, &p, &root, &other, &id, NULL),
					 0);
			assert_null(found);
		}
	}
}

static void
refused(const struct state_proof *p, const struct hash32 *root, const struct id16 *item)
{
	struct id16 folder = test_id('f', 0);
	struct err err;

	assert_int_equal(state_proof_verify(NULL, p, root, &folder, item, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
forged_proofs_are_refused(void **state)
{
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	AUTO(state_proof_clear) struct state_proof p = { 0 };
	struct state_store d = door(s);
	struct id16 id = item_id(9);
	struct hash32 root;
	struct err err;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		store_set(s, i, 1);
	assert_int_equal(state_rebuild(&root, &d, 100, NULL), 0);
	assert_int_equal(state_proof_make(&p, &d, &id, 100, &err), 0);
	assert_true(p.n_entries > 0 && p.n_siblings == 5);
	assert_int_equal(state_proof_verify(NULL, &p, &root, &id, &id, &err), 0);

	p.entries[0].seq++;
	refused(&p, &root, &id);
	p.entries[0].seq--;
	p.entries[0].leaf.b[0] ^= 1;
	refused(&p, &root, &id);
	p.entries[0].leaf.b[0] ^= 1;
	p.n_entries--; /* an item withheld */
	refused(&p, &root, &id);
	p.n_entries++;
	p.n_live++; /* another number of items */
	refused(&p, &root, &id);
	p.n_live--;
	p.siblings[4].b[7] ^= 1;
	refused(&p, &root, &id);
	p.siblings[4].b[7] ^= 1;
	p.n_siblings--;
	refused(&p, &root, &id);
	p.n_siblings++;
	struct id16 elsewhere = id;
	elsewhere.b[0] ^= 0x80; /* the bucket of another item */
	refused(&p, &root, &elsewhere);
	root.b[0] ^= 1;
	refused(&p, &root, &id);
}

static void
entries_that_were_not_counted_are_noticed(void **state)
{
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	struct state_store d = door(s);
	struct hash32 root;
	struct err err;

	(void)state;
	/* ids that all begin alike: one bucket, as full as the store gets */
	for (uint32_t i = 0; i < ITEMS_MAX; i++) {
		s->e[i].item = test_id(0, 0);
		put_u32(s->e[i].item.b + 12, __builtin_bswap32(i));
	}
	s->n = ITEMS_MAX;
	assert_int_equal(ITEMS_MAX, STATE_BUCKET_MAX);
	assert_int_equal(state_rebuild(&root, &d, s->n, &err), 0);
	/* one more than was counted is noticed */
	assert_int_equal(state_rebuild(&root, &d, s->n - 1, &err), -1);
	assert_int_equal(err.code, ERR_INTERNAL);
}

static int
twice(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
      void *emit_ctx, struct err *err)
{
	struct store *s = ctx;

	for (int i = 0; i < 2; i++)
		if (store_entries(s, first, last, emit, emit_ctx, err) < 0)
			return -1;
	return 0;
}

static void
more_entries_than_a_bucket_takes_end_the_update(void **state)
{
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	struct state_store d = door(s);
	struct hash32 root;
	struct err err;

	(void)state;
	for (uint32_t i = 0; i < ITEMS_MAX; i++)
		s->e[i].item = test_id(0, 0);
	s->n = ITEMS_MAX;
	d.entries = twice;
	assert_int_equal(state_rebuild(&root, &d, 2 * ITEMS_MAX, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static void
a_missing_node_is_a_fault_and_not_a_hash(void **state)
{
	AUTO(free) struct store *s = calloc(1, sizeof *s);
	struct state_store d = door(s);
	struct id16 id = item_id(1);
	struct hash32 root;
	struct err err;

	(void)state;
	for (uint32_t i = 0; i < 20; i++)
		store_set(s, i, 1);
	/* nothing was ever stored, though twenty items are said to have been there */
	assert_int_equal(state_update(&root, &d, &id, 1, 20, 20, &err), -1);
	assert_int_equal(err.code, ERR_INTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_is_the_one_of_the_definition),
		cmocka_unit_test(buckets_are_the_first_bits_most_significant_first),
		cmocka_unit_test(entries_have_seventy_two_bytes_and_come_back),
		cmocka_unit_test(an_updated_root_equals_a_rebuilt_one),
		cmocka_unit_test(an_update_costs_its_bucket_and_k_nodes),
		cmocka_unit_test(proofs_show_what_is_there_and_what_is_not),
		cmocka_unit_test(forged_proofs_are_refused),
		cmocka_unit_test(entries_that_were_not_counted_are_noticed),
		cmocka_unit_test(more_entries_than_a_bucket_takes_end_the_update),
		cmocka_unit_test(a_missing_node_is_a_fault_and_not_a_hash),
	};

	return cmocka_run_group_tests(tests, test_crypto_init, NULL);
}
