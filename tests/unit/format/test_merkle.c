/* SPDX-License-Identifier: Apache-2.0 */
#include "format/merkle.h"

#include <stdlib.h>

#include "crypto/ds.h"
#include "fixture.h"

#define N_MAX 70

static struct hash32 leaves[10000];

static int
fill(void **state)
{
	for (uint32_t i = 0; i < N_ELEMENTS(leaves); i++)
		leaves[i] = test_hash(7, i);
	return test_crypto_init(state);
}

/* RFC 6962, section 2.1, as it is written: split at the largest power of two below n. */
static struct hash32
top_of(const struct hash32 *l, uint32_t n)
{
	struct hash32 left, right, node;
	uint32_t k = 1;

	if (n == 1)
		return *l;
	while (k * 2 < n)
		k *= 2;
	left = top_of(l, k);
	right = top_of(l + k, n - k);
	ds_hash(node.b, DS(DS_NODE, DS_HASH32(left.b), DS_HASH32(right.b)));
	return node;
}

static struct hash32
root_of(uint32_t n)
{
	struct hash32 top = { { 0 } }, root;

	if (n > 0)
		top = top_of(leaves, n);
	ds_hash(root.b, DS(DS_RECORDS_ROOT, DS_NUM(n), DS_HASH32(top.b)));
	return root;
}

static void
the_streamed_root_is_that_of_the_definition(void **state)
{
	struct merkle m;
	struct hash32 root, expected;

	(void)state;
	merkle_init(&m);
	for (uint32_t n = 0; n <= N_MAX; n++) {
		merkle_root(&root, &m);
		expected = root_of(n);
		assert_true(hash32_equal(&root, &expected));
		merkle_add(&m, &leaves[n]);
	}
}

static void
every_leaf_has_a_path_that_verifies_and_no_other_does(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= N_MAX; n++) {
		AUTO(merkle_tree_free) struct merkle_tree *t = NULL;
		struct hash32 root = root_of(n);

		assert_int_equal(merkle_tree_new(&t, leaves, n, NULL), 0);
		for (uint32_t i = 0; i < n; i++) {
			struct merkle_path p, cut, other;

			merkle_tree_path(&p, t, i);
			assert_true(merkle_path_verify(&root, n, i, &leaves[i], &p));
			assert_false(merkle_path_verify(&root, n, i, &leaves[n], &p));
			assert_false(merkle_path_verify(&root, n + 1, i, &leaves[i], &p));
			assert_false(merkle_path_verify(&root, n, n, &leaves[i], &p));
			if (n > 1)
				assert_false(merkle_path_verify(&root, n, i ^ 1, &leaves[i], &p));
			cut = other = p;
			cut.n--;
			if (p.n > 0)
				assert_false(merkle_path_verify(&root, n, i, &leaves[i], &cut));
			for (unsigned k = 0; k < p.n; k++) {
				other.nodes[k].b[31] ^= 1;
				assert_false(merkle_path_verify(&root, n, i, &leaves[i], &other));
				other = p;
			}
			other.nodes[other.n++] = leaves[0];
			assert_false(merkle_path_verify(&root, n, i, &leaves[i], &other));
		}
	}
}

static void
the_largest_batch_needs_paths_of_fourteen(void **state)
{
	AUTO(merkle_tree_free) struct merkle_tree *t = NULL;
	struct merkle m;
	struct merkle_path p;
	struct hash32 root;

	(void)state;
	merkle_init(&m);
	for (uint32_t i = 0; i < N_ELEMENTS(leaves); i++)
		merkle_add(&m, &leaves[i]);
	merkle_root(&root, &m);
	assert_int_equal(merkle_tree_new(&t, leaves, N_ELEMENTS(leaves), NULL), 0);
	merkle_tree_path(&p, t, 0);
	assert_int_equal(p.n, MERKLE_PATH_MAX);
	for (uint32_t i = 0; i < N_ELEMENTS(leaves); i += 333) {
		merkle_tree_path(&p, t, i);
		assert_true(merkle_path_verify(&root, N_ELEMENTS(leaves), i, &leaves[i], &p));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_streamed_root_is_that_of_the_definition),
		cmocka_unit_test(every_leaf_has_a_path_that_verifies_and_no_other_does),
		cmocka_unit_test(the_largest_batch_needs_paths_of_fourteen),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
