/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merkle: see merkle.h.
 *
 * Filled from the left, the tree of n leaves is a row of perfect trees, "peaks", one for each bit
 * set in n, largest first; folding them from the right gives RFC 6962's top.  Level by level that
 * is: pair neighbours, and let an odd last node rise unchanged.
 */
#include "format/merkle.h"

#include <assert.h>
#include <stdlib.h>

#include "crypto/ds.h"

static void
node_hash(struct hash32 *out, const struct hash32 *left, const struct hash32 *right)
{
	struct hash32 h;

	ds_hash(h.b, DS(DS_NODE, DS_HASH32(left->b), DS_HASH32(right->b)));
	*out = h;
}

static void
root_hash(struct hash32 *root, uint32_t n, const struct hash32 *top)
{
	ds_hash(root->b, DS(DS_RECORDS_ROOT, DS_NUM(n), DS_HASH32(top->b)));
}

void
merkle_add(struct merkle *m, const struct hash32 *leaf)
{
	struct hash32 node = *leaf;

	/* Each trailing one of n is a peak as high as what we carry. */
	for (uint32_t bits = m->n; bits & 1; bits >>= 1)
		node_hash(&node, &m->peaks[--m->n_peaks], &node);
	m->peaks[m->n_peaks++] = node;
	m->n++;
	assert(m->n_peaks == (unsigned)__builtin_popcount(m->n));
}

void
merkle_root(struct hash32 *root, const struct merkle *m)
{
	struct hash32 top = { { 0 } };

	if (m->n_peaks > 0) {
		top = m->peaks[m->n_peaks - 1];
		for (unsigned i = m->n_peaks - 1; i-- > 0;)
			node_hash(&top, &m->peaks[i], &top);
	}
	root_hash(root, m->n, &top);
}

/* All levels one after the other, the leaves first. */
struct merkle_tree {
	uint32_t n;
	struct hash32 nodes[];
};

int
merkle_tree_new(struct merkle_tree **out, const struct hash32 *leaves, uint32_t n, struct err *err)
{
	size_t n_nodes = 2 * (size_t)n + MERKLE_DEPTH_MAX; /* odd levels add one each */
	struct merkle_tree *t = malloc(sizeof *t + n_nodes * sizeof *t->nodes);

	assert(n > 0 && n <= 10000);
	if (!t)
		return err_nomem(err);
	t->n = n;
	memcpy(t->nodes, leaves, n * sizeof *leaves);

	struct hash32 *level = t->nodes;
	for (uint32_t width = n; width > 1; width = (width + 1) / 2) {
		struct hash32 *above = level + width;

		for (uint32_t i = 0; i + 1 < width; i += 2)
			node_hash(&above[i / 2], &level[i], &level[i + 1]);
		if (width & 1)
			above[width / 2] = level[width - 1];
		level = above;
	}
	*out = t;
	return 0;
}

void
merkle_tree_free(struct merkle_tree *t)
{
	free(t);
}

void
merkle_tree_path(struct merkle_path *out, const struct merkle_tree *t, uint32_t i)
{
	const struct hash32 *level = t->nodes;

	assert(i < t->n);
	out->n = 0;
	for (uint32_t width = t->n; width > 1; width = (width + 1) / 2, i /= 2) {
		if ((i ^ 1) < width)
			out->nodes[out->n++] = level[i ^ 1];
		level += width;
	}
}

bool
merkle_path_verify(const struct hash32 *root, uint32_t n, uint32_t i, const struct hash32 *leaf,
		   const struct merkle_path *path)
{
	struct hash32 node = *leaf, found;
	unsigned used = 0;

	if (i >= n || path->n > MERKLE_PATH_MAX)
		return false;
	for (uint32_t width = n; width > 1; width = (width + 1) / 2, i /= 2) {
		if ((i ^ 1) >= width)
			continue; /* an odd last node rises unchanged */
		if (used == path->n)
			return false;
		const struct hash32 *sibling = &path->nodes[used++];
		if (i & 1)
			node_hash(&node, sibling, &node);
		else
			node_hash(&node, &node, sibling);
	}
	root_hash(&found, n, &node);
	return used == path->n && hash32_equal(&found, root);
}
