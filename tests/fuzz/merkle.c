/* SPDX-License-Identifier: Apache-2.0 */
/* merkle: a path made verifies; one changed, for another place or of another length does not. */
#include "format/merkle.h"
#include "fuzz.h"

#define LEAVES_MAX 300

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(merkle_tree_free) struct merkle_tree *t = NULL;
	AUTO(free) struct hash32 *leaves = calloc(LEAVES_MAX, sizeof *leaves);
	struct reader r = reader_of(span_of(data, n));
	uint32_t n_leaves = read_u16(&r) % LEAVES_MAX + 1, at = read_u16(&r) % n_leaves;
	uint32_t other = read_u16(&r) % n_leaves;
	unsigned flip = read_u16(&r);
	struct merkle_path path, given;
	struct hash32 root;
	struct merkle m;

	merkle_init(&m);
	for (uint32_t i = 0; i < n_leaves; i++) {
		put_u32(leaves[i].b, i);
		merkle_add(&m, &leaves[i]);
	}
	merkle_root(&root, &m);
	FUZZ_TRUE(merkle_tree_new(&t, leaves, n_leaves, NULL) == 0);
	merkle_tree_path(&path, t, at);
	FUZZ_TRUE(merkle_path_verify(&root, n_leaves, at, &leaves[at], &path));
	FUZZ_TRUE(other == at || !merkle_path_verify(&root, n_leaves, at, &leaves[other], &path));
	FUZZ_TRUE(other == at || !merkle_path_verify(&root, n_leaves, other, &leaves[at], &path));
	FUZZ_TRUE(!merkle_path_verify(&root, n_leaves, n_leaves + other, &leaves[at], &path));

	/* A path as it may arrive: its length and hashes are the input's. */
	given = path;
	given.n = read_u8(&r);
	for (unsigned i = 0; i < MERKLE_PATH_MAX && r.left.n >= 32; i++)
		given.nodes[i] = read_hash32(&r);
	merkle_path_verify(&root, n_leaves, at, &leaves[at], &given);
	if (path.n) {
		path.nodes[flip % path.n].b[flip % 32] ^= 1;
		FUZZ_TRUE(!merkle_path_verify(&root, n_leaves, at, &leaves[at], &path));
		path.n--;
		FUZZ_TRUE(!merkle_path_verify(&root, n_leaves, at, &leaves[at], &path));
	}
	return 0;
}
