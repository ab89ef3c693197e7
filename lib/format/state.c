/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: see state.h.
 *
 * An update takes the touched buckets in ascending order, writes their hashes, and goes up level by
 * level over the parents that this touches.  A rebuild reads all entries once, in order, and closes
 * bucket after bucket; subtrees are joined as soon as both halves are there, so it holds one bucket
 * and k hashes.
 */
#include "format/state.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "crypto/ds.h"

unsigned
state_depth(uint64_t n_live)
{
	unsigned k = 0;

	while (k < 62 && n_live > UINT64_C(4) << k)
		k++;
	return k;
}

uint32_t
state_bucket_of(const struct id16 *item, unsigned depth)
{
	uint32_t first = (uint32_t)item->b[0] << 24 | (uint32_t)item->b[1] << 16 |
			 (uint32_t)item->b[2] << 8 | item->b[3];

	assert(depth <= STATE_DEPTH_MAX);
	return depth == 0 ? 0 : first >> (32 - depth);
}

void
state_entry_encode(uint8_t out[static STATE_ENTRY_BYTES], const struct state_entry *e)
{
	memcpy(out, e->folder.b, 16);
	memcpy(out + 16, e->item.b, 16);
	put_u64(out + 32, e->seq);
	memcpy(out + 40, e->leaf.b, 32);
}

struct state_entry
state_entry_decode(const uint8_t in[static STATE_ENTRY_BYTES])
{
	struct state_entry e;

	memcpy(e.folder.b, in, 16);
	memcpy(e.item.b, in + 16, 16);
	e.seq = get_u64(in + 32);
	memcpy(e.leaf.b, in + 40, 32);
	return e;
}

/* Bytewise order of the encoded entries: seq is little-endian there, so all of it is encoded. */
static int
compare_entries(const void *a, const void *b)
{
	uint8_t ea[STATE_ENTRY_BYTES], eb[STATE_ENTRY_BYTES];

	state_entry_encode(ea, a);
	state_entry_encode(eb, b);
	return memcmp(ea, eb, sizeof ea);
}

/* The hash of entries that are in order. */
static int
hash_sorted(struct hash32 *out, const struct state_entry *entries, size_t n, struct err *err)
{
	uint8_t joined[32 * STATE_ENTRY_BYTES]; /* what honest buckets hold; else the heap */
	AUTO(free) uint8_t *heap = NULL;
	uint8_t *p = joined;

	if (n > sizeof joined / STATE_ENTRY_BYTES) {
		heap = malloc(n * STATE_ENTRY_BYTES);
		if (!heap)
			return err_nomem(err);
		p = heap;
	}
	for (size_t i = 0; i < n; i++)
		state_entry_encode(p + i * STATE_ENTRY_BYTES, &entries[i]);
	ds_hash(out->b, DS(DS_BUCKET, DS_BYTES(p, n * STATE_ENTRY_BYTES)));
	return 0;
}

int
state_bucket_hash(struct hash32 *out, struct state_entry *entries, size_t n, struct err *err)
{
	if (n > 1)
		qsort(entries, n, sizeof *entries, compare_entries);
	return hash_sorted(out, entries, n, err);
}

void
state_node_hash(struct hash32 *out, const struct hash32 *left, const struct hash32 *right)
{
	struct hash32 h;

	ds_hash(h.b, DS(DS_STATE_NODE, DS_HASH32(left->b), DS_HASH32(right->b)));
	*out = h;
}

void
state_root_hash(struct hash32 *out, uint64_t n_live, const struct hash32 *top)
{
	struct hash32 h;

	ds_hash(h.b, DS(DS_STATE_ROOT, DS_NUM(n_live), DS_HASH32(top->b)));
	*out = h;
}

/* k, refused where the tree would not fit its numbers. */
static int
depth_of(unsigned *depth, uint64_t n_live, struct err *err)
{
	*depth = state_depth(n_live);
	return *depth <= STATE_DEPTH_MAX ? 0 : err_set(err, ERR_LIMIT, "too many live items");
}

/* The entries of one bucket, being collected. */
struct bucket {
	struct state_entry *entries; /* owned */
	size_t n, cap;
};

static void
bucket_clear(struct bucket *b)
{
	free(b->entries);
	*b = (struct bucket){ 0 };
}
AUTO_OBJ(bucket_clear, struct bucket);

static int
bucket_add(void *ctx, const struct state_entry *e, struct err *err)
{
	struct bucket *b = ctx;

	if (array_reserve((void **)&b->entries, &b->cap, b->n + 1, sizeof *b->entries,
			  STATE_BUCKET_MAX, err) < 0)
		return -1;
	b->entries[b->n++] = *e;
	return 0;
}

/* Collect bucket @index of 2^@depth, in order. */
static int
bucket_load(struct bucket *b, const struct state_store *s, uint32_t index, unsigned depth,
	    struct err *err)
{
	uint32_t low = depth == 0 ? UINT32_MAX : UINT32_MAX >> depth;
	uint32_t high = depth == 0 ? 0 : index << (32 - depth);
	struct id16 first = { { 0 } }, last;

	memset(last.b, 0xff, sizeof last.b);
	for (int i = 0; i < 4; i++) {
		first.b[i] = (uint8_t)(high >> (24 - 8 * i));
		last.b[i] = (uint8_t)((high | low) >> (24 - 8 * i));
	}
	b->n = 0;
	return s->entries(s->ctx, &first, &last, bucket_add, b, err);
}

static int
get_node(const struct state_store *s, unsigned level, uint32_t index, struct hash32 *out,
	 struct err *err)
{
	int rc = s->get(s->ctx, level, index, out, err);

	if (rc == STATE_ABSENT)
		return err_set(err, ERR_INTERNAL,
			       "node %u of level %u of the state tree is missing", index, level);
	return rc;
}

/* A rebuild on its way.  Invariant: buckets below next are closed; left[l] is the hash of the last
 * even node of level l whose sibling is still to come. */
struct rebuild {
	const struct state_store *s;
	unsigned depth;
	uint32_t next;
	uint64_t n_seen;
	struct bucket bucket;
	struct hash32 left[STATE_DEPTH_MAX + 1];
	struct hash32 top;
};

static int
close_bucket(struct rebuild *r, struct err *err)
{
	uint32_t index = r->next++;
	struct hash32 node;

	if (state_bucket_hash(&node, r->bucket.entries, r->bucket.n, err) < 0)
		return -1;
	r->bucket.n = 0;
	for (unsigned level = 0;; level++, index /= 2) {
		if (r->s->put(r->s->ctx, level, index, &node, err) < 0)
			return -1;
		if (level == r->depth) {
			r->top = node;
			return 0;
		}
		if (index % 2 == 0) {
			r->left[level] = node;
			return 0;
		}
		state_node_hash(&node, &r->left[level], &node);
	}
}

static int
rebuild_entry(void *ctx, const struct state_entry *e, struct err *err)
{
	struct rebuild *r = ctx;
	uint32_t bucket = state_bucket_of(&e->item, r->depth);

	if (bucket < r->next)
		return err_set(err, ERR_INTERNAL, "live items are not in the order of their ids");
	while (r->next < bucket)
		if (close_bucket(r, err) < 0)
			return -1;
	r->n_seen++;
	return bucket_add(&r->bucket, e, err);
}

static int
rebuild_run(struct rebuild *r, struct err *err)
{
	struct id16 first = { { 0 } }, last;

	memset(last.b, 0xff, sizeof last.b);
	if (r->s->clear(r->s->ctx, err) < 0 ||
	    r->s->entries(r->s->ctx, &first, &last, rebuild_entry, r, err) < 0)
		return -1;
	while (r->next < UINT32_C(1) << r->depth)
		if (close_bucket(r, err) < 0)
			return -1;
	return 0;
}

int
state_rebuild(struct hash32 *root, const struct state_store *s, uint64_t n_live, struct err *err)
{
	struct rebuild r = { .s = s };

	if (depth_of(&r.depth, n_live, err) < 0)
		return -1;
	int rc = rebuild_run(&r, err);
	bucket_clear(&r.bucket);
	if (rc < 0)
		return -1;
	if (r.n_seen != n_live)
		return err_set(err, ERR_INTERNAL, "%llu live items where %llu were counted",
			       (unsigned long long)r.n_seen, (unsigned long long)n_live);
	state_root_hash(root, n_live, &r.top);
	return 0;
}

/* A node that an update has changed. */
struct touched {
	uint32_t index;
	struct hash32 hash;
};

static int
compare_touched(const void *a, const void *b)
{
	uint32_t ia = ((const struct touched *)a)->index, ib = ((const struct touched *)b)->index;

	return (ia > ib) - (ia < ib);
}

/* The buckets of @items, ascending, each once; returns how many. */
static size_t
touched_buckets(struct touched *t, const struct id16 *items, size_t n, unsigned depth)
{
	size_t unique = 0;

	for (size_t i = 0; i < n; i++)
		t[i].index = state_bucket_of(&items[i], depth);
	qsort(t, n, sizeof *t, compare_touched);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || t[i].index != t[unique - 1].index)
			t[unique++].index = t[i].index;
	return unique;
}

static int
update_buckets(const struct state_store *s, struct touched *t, size_t n, unsigned depth,
	       struct err *err)
{
	AUTO(bucket_clear) struct bucket b = { 0 };

	for (size_t i = 0; i < n; i++)
		if (bucket_load(&b, s, t[i].index, depth, err) < 0 ||
		    state_bucket_hash(&t[i].hash, b.entries, b.n, err) < 0 ||
		    s->put(s->ctx, 0, t[i].index, &t[i].hash, err) < 0)
			return -1;
	return 0;
}

/* Replace the @n touched nodes of @level by their parents; returns how many those are, or -1. */
static ptrdiff_t
update_parents(const struct state_store *s, struct touched *t, size_t n, unsigned level,
	       struct err *err)
{
	size_t n_parents = 0;

	for (size_t i = 0; i < n; i++) {
		struct touched node = t[i];
		bool pair = i + 1 < n && t[i + 1].index == (node.index ^ 1);
		struct hash32 sibling;

		if (pair)
			sibling = t[++i].hash;
		else if (get_node(s, level, node.index ^ 1, &sibling, err) < 0)
			return -1;

		struct touched *parent = &t[n_parents++];
		parent->index = node.index / 2;
		state_node_hash(&parent->hash, node.index & 1 ? &sibling : &node.hash,
				node.index & 1 ? &node.hash : &sibling);
		if (s->put(s->ctx, level + 1, parent->index, &parent->hash, err) < 0)
			return -1;
	}
	return (ptrdiff_t)n_parents;
}

static int
update_in_place(struct hash32 *top, const struct state_store *s, const struct id16 *items,
		size_t n_items, unsigned depth, struct err *err)
{
	if (n_items == 0)
		return get_node(s, depth, 0, top, err);

	AUTO(free) struct touched *t = calloc(n_items, sizeof *t);
	if (!t)
		return err_nomem(err);
	ptrdiff_t n = (ptrdiff_t)touched_buckets(t, items, n_items, depth);

	if (update_buckets(s, t, (size_t)n, depth, err) < 0)
		return -1;
	for (unsigned level = 0; level < depth; level++)
		if ((n = update_parents(s, t, (size_t)n, level, err)) < 0)
			return -1;
	*top = t[0].hash;
	return 0;
}

int
state_update(struct hash32 *root, const struct state_store *s, const struct id16 *items,
	     size_t n_items, uint64_t n_before, uint64_t n_after, struct err *err)
{
	struct hash32 top;
	unsigned depth;

	if (depth_of(&depth, n_after, err) < 0)
		return -1;
	if (n_before == 0 || state_depth(n_before) != depth)
		return state_rebuild(root, s, n_after, err);
	if (update_in_place(&top, s, items, n_items, depth, err) < 0)
		return -1;
	state_root_hash(root, n_after, &top);
	return 0;
}

void
state_proof_clear(struct state_proof *p)
{
	free(p->entries);
	*p = (struct state_proof){ 0 };
}

int
state_proof_make(struct state_proof *out, const struct state_store *s, const struct id16 *item,
		 uint64_t n_live, struct err *err)
{
	AUTO(bucket_clear) struct bucket b = { 0 };
	unsigned depth;

	if (depth_of(&depth, n_live, err) < 0)
		return -1;
	uint32_t index = state_bucket_of(item, depth);
	if (bucket_load(&b, s, index, depth, err) < 0)
		return -1;
	if (b.n > 1)
		qsort(b.entries, b.n, sizeof *b.entries, compare_entries);
	for (unsigned level = 0; level < depth; level++)
		if (get_node(s, level, (index >> level) ^ 1, &out->siblings[level], err) < 0)
			return -1;

	free(out->entries);
	out->entries = TAKE(b.entries);
	out->n_entries = b.n;
	out->cap_entries = b.cap;
	out->n_live = n_live;
	out->n_siblings = depth;
	return 0;
}

static int
misfit(struct err *err)
{
	return err_set(err, ERR_AUTH, "the proof of an item does not fit the signed state root");
}

/* Whether the entries are those of bucket @index, in order, each once. */
static bool
bucket_is_proper(const struct state_proof *p, uint32_t index)
{
	for (size_t i = 0; i < p->n_entries; i++)
		if (state_bucket_of(&p->entries[i].item, p->n_siblings) != index ||
		    (i > 0 && compare_entries(&p->entries[i - 1], &p->entries[i]) >= 0))
			return false;
	return true;
}

static const struct state_entry *
find_entry(const struct state_proof *p, const struct id16 *folder, const struct id16 *item)
{
	for (size_t i = 0; i < p->n_entries; i++)
		if (id16_equal(&p->entries[i].folder, folder) &&
		    id16_equal(&p->entries[i].item, item))
			return &p->entries[i];
	return NULL;
}

int
state_proof_verify(const struct state_entry **found, const struct state_proof *p,
		   const struct hash32 *root, const struct id16 *folder, const struct id16 *item,
		   struct err *err)
{
	struct hash32 node;

	if (p->n_siblings > STATE_DEPTH_MAX || p->n_siblings != state_depth(p->n_live) ||
	    p->n_entries > STATE_BUCKET_MAX || p->n_entries > p->n_live)
		return misfit(err);
	uint32_t index = state_bucket_of(item, p->n_siblings);
	if (!bucket_is_proper(p, index))
		return misfit(err);
	if (hash_sorted(&node, p->entries, p->n_entries, err) < 0)
		return -1;
	for (unsigned level = 0; level < p->n_siblings; level++)
		if (index >> level & 1)
			state_node_hash(&node, &p->siblings[level], &node);
		else
			state_node_hash(&node, &node, &p->siblings[level]);
	state_root_hash(&node, p->n_live, &node);
	if (!hash32_equal(&node, root))
		return misfit(err);
	if (found)
		*found = find_entry(p, folder, item);
	return 0;
}
