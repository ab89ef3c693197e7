/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: the state root, which says what a device's cloud folders hold after a batch.
 *
 * The N live items of a device lie in 2^k buckets by the first k bits of the item id, most
 * significant first; k = ceil(log2(N / 4)), 0 below 5.  A hash tree over the buckets lies in a
 * store, level 0 being the buckets and level k the top, so that a batch costs the buckets that it
 * touches and k hashes for each.  docs/formats/batch.md.
 *
 *               top = (k, 0)          state root = H(DS("state-root", N, top))
 *              /            \
 *        (k-1, 0)         (k-1, 1)
 *         /    \            /   \
 *      (0,0)  (0,1)  …         (0, 2^k - 1)     buckets
 *
 * Both sides use it: the terminal over box.db, the server over its catalog.
 */
#ifndef FORMAT_STATE_H
#define FORMAT_STATE_H

#include "format/id.h"

#define STATE_ENTRY_BYTES 72
#define STATE_DEPTH_MAX   28   /* k at most: 2^30 live items */
#define STATE_BUCKET_MAX  4096 /* entries of one bucket; honest ids put 4 there on average */

#define STATE_ABSENT 1

struct state_entry {
	struct id16 folder;
	struct id16 item;
	uint64_t seq;       /* of the batch that holds the item's live version */
	struct hash32 leaf; /* of that version */
};

/** k for @n_live items. */
unsigned state_depth(uint64_t n_live);

/** The bucket of @item: its first @depth bits. */
uint32_t state_bucket_of(const struct id16 *item, unsigned depth);

/** Bucket hash of @n entries; sorts @entries in place by their bytes.  ERR_NOMEM. */
int state_bucket_hash(struct hash32 *out, struct state_entry *entries, size_t n, struct err *err);
void state_node_hash(struct hash32 *out, const struct hash32 *left, const struct hash32 *right);
void state_root_hash(struct hash32 *out, uint64_t n_live, const struct hash32 *top);

void state_entry_encode(uint8_t out[static STATE_ENTRY_BYTES], const struct state_entry *e);
struct state_entry state_entry_decode(const uint8_t in[static STATE_ENTRY_BYTES]);

typedef int state_emit_fn(void *emit_ctx, const struct state_entry *e, struct err *err);

/* Where the entries and the nodes of one device lie.  Each returns 0, or -1 with *err. */
struct state_store {
	void *ctx;
	/* Call @emit for every live entry with first <= item id <= last (bytewise), ascending by
	 * item id; stop at the first -1 of @emit and return it. */
	int (*entries)(void *ctx, const struct id16 *first, const struct id16 *last,
		       state_emit_fn *emit, void *emit_ctx, struct err *err);
	/* The node, or STATE_ABSENT. */
	int (*get)(void *ctx, unsigned level, uint32_t index, struct hash32 *out, struct err *err);
	/* Write the node over whatever was there. */
	int (*put)(void *ctx, unsigned level, uint32_t index, const struct hash32 *node,
		   struct err *err);
	/* Remove all nodes. */
	int (*clear)(void *ctx, struct err *err);
};

/**
 * The state root after a change, the store's entries being those after it already.
 * @items     the items that were added, changed or removed, in any order, repeats allowed.
 * @n_before  live items before: what the stored nodes were computed for (0: none are stored).
 * @n_after   live items now.
 * Where k changes, or n_before is 0, the tree is built anew.
 * @return 0, or -1: the store's errors; ERR_LIMIT: a bucket over STATE_BUCKET_MAX; ERR_INTERNAL: a
 * node that should be stored is not, or @n_after is wrong where it was counted.
 */
int state_update(struct hash32 *root, const struct state_store *s, const struct id16 *items,
		 size_t n_items, uint64_t n_before, uint64_t n_after, struct err *err);

/** Forget all nodes, compute and store them again from the entries, which must be @n_live. */
int
state_rebuild(struct hash32 *root, const struct state_store *s, uint64_t n_live, struct err *err);

/* What proves that an item is live in this version, or is absent: its whole bucket and the
 * siblings from the bucket upwards. */
struct state_proof {
	uint64_t n_live;
	struct state_entry *entries; /* owned; in bytewise order */
	size_t n_entries;
	size_t cap_entries;
	unsigned n_siblings; /* = state_depth(n_live) */
	struct hash32 siblings[STATE_DEPTH_MAX];
};

void state_proof_clear(struct state_proof *p);
AUTO_OBJ(state_proof_clear, struct state_proof);

/** Fill @out (zeroed or cleared before; the caller clears it) for @item.  The stored nodes must be
 *  those of @n_live items. */
int state_proof_make(struct state_proof *out, const struct state_store *s, const struct id16 *item,
		     uint64_t n_live, struct err *err);

/**
 * Check @p for @item against the signed @root.
 * @return 0: proven; *found (may be NULL) is the entry of (@folder, @item), borrowed from @p, or
 * NULL if the item is absent; -1 with ERR_AUTH: the proof does not fit the root.
 */
int state_proof_verify(const struct state_entry **found, const struct state_proof *p,
		       const struct hash32 *root, const struct id16 *folder,
		       const struct id16 *item, struct err *err);

#endif
