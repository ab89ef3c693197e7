/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merkle: the records root of a batch, and proofs that a record is one of it.
 *
 * The tree has the shape of RFC 6962, section 2.1: the left subtree of n leaves holds the largest
 * power of two below n.  Inner node = H(DS("node", left, right)); records root =
 * H(DS("records-root", n, top)), top = 32 zero bytes for n = 0.  docs/formats/batch.md.
 */
#ifndef FORMAT_MERKLE_H
#define FORMAT_MERKLE_H

#include "format/id.h"

#define MERKLE_DEPTH_MAX 32
#define MERKLE_PATH_MAX  14 /* of a batch: 10,000 <= 2^14 */

/* A root being computed: one hash for each set bit of n, so O(log n) memory.  Nothing to free. */
struct merkle {
	uint32_t n; /* leaves so far */
	struct hash32 peaks[MERKLE_DEPTH_MAX];
	unsigned n_peaks; /* = number of bits set in n */
};

static inline void
merkle_init(struct merkle *m)
{
	m->n = 0;
	m->n_peaks = 0;
}

/** The next leaf in order. */
void merkle_add(struct merkle *m, const struct hash32 *leaf);

/** The records root of the leaves so far; more may be added afterwards. */
void merkle_root(struct hash32 *root, const struct merkle *m);

struct merkle_path {
	unsigned n;
	struct hash32 nodes[MERKLE_PATH_MAX]; /* siblings from the leaf upwards */
};

/* All nodes of one batch's tree, 64 bytes for each leaf, for making paths. */
struct merkle_tree;
int
merkle_tree_new(struct merkle_tree **out, const struct hash32 *leaves, uint32_t n, struct err *err);
void merkle_tree_free(struct merkle_tree *t);
AUTO_PTR(merkle_tree_free, struct merkle_tree);
/** The path of leaf @i < n. */
void merkle_tree_path(struct merkle_path *out, const struct merkle_tree *t, uint32_t i);

/** Whether @leaf is leaf @i of the @n under @root, by @path: the right length and the right hashes.
 */
bool merkle_path_verify(const struct hash32 *root, uint32_t n, uint32_t i,
			const struct hash32 *leaf, const struct merkle_path *path);

#endif
