/* SPDX-License-Identifier: Apache-2.0 */
/* listing: see listing.h. */
#include "restore/listing.h"

#include "base/array.h"

#define PAGE_ITEMS  64
#define PAGE_BYTES  (PAGE_ITEMS * sizeof(struct wire_item))
#define CACHE_PAGES 16

void
listing_reset(struct listing *l)
{
	struct scratch *scratch = l->scratch;

	listing_clear(l);
	l->scratch = scratch;
}

void
listing_clear(struct listing *l)
{
	scratch_cache_free(l->cache);
	free(l->pages);
	free(l->items);
	*l = (struct listing){ 0 };
}

/* The items in memory are a page. */
static int
put_page(struct listing *l, struct err *err)
{
	struct scratch_place place;

	if ((!l->cache &&
	     scratch_cache_new(&l->cache, l->scratch, CACHE_PAGES, PAGE_BYTES, err) < 0) ||
	    array_reserve((void **)&l->pages, &l->cap_pages, l->n_pages + 1, sizeof *l->pages,
			  LISTING_ITEMS_MAX, err) < 0 ||
	    scratch_put(&place, l->scratch, span_of(l->items, PAGE_BYTES), err) < 0)
		return -1;
	l->pages[l->n_pages++] = place.at;
	return 0;
}

int
listing_add(struct listing *l, const struct wire_item *item, struct err *err)
{
	size_t in_memory = l->n - l->n_pages * PAGE_ITEMS;

	if (l->n >= LISTING_ITEMS_MAX)
		return err_set(err, ERR_LIMIT, "a list of more than %u items", LISTING_ITEMS_MAX);
	if (l->scratch && in_memory == PAGE_ITEMS) {
		if (put_page(l, err) < 0)
			return -1;
		in_memory = 0;
	}
	if (array_reserve((void **)&l->items, &l->cap, in_memory + 1, sizeof *l->items,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	l->items[in_memory] = *item;
	l->n++;
	return 0;
}

int
listing_get(struct wire_item *out, const struct listing *l, size_t i, struct err *err)
{
	size_t page = i / PAGE_ITEMS;
	struct span s;

	if (page >= l->n_pages) {
		*out = l->items[i - l->n_pages * PAGE_ITEMS];
		return 0;
	}
	if (scratch_cache_view(&s, l->cache,
			       (struct scratch_place){ l->pages[page], (uint32_t)PAGE_BYTES },
			       err) < 0)
		return -1;
	memcpy(out, s.p + i % PAGE_ITEMS * sizeof *out, sizeof *out);
	return 0;
}

/* Place of the first item whose id is not before @id; mostly it is @near. */
static int
lower_bound(size_t *out, const struct listing *l, const struct id16 *id, size_t near,
	    struct err *err)
{
	size_t from = 0, to = l->n;
	struct wire_item w;

	if (near > 0) {
		if (listing_get(&w, l, near - 1, err) < 0)
			return -1;
		if (id16_compare(&w.item, id) < 0)
			from = near;
	}
	for (size_t mid = from; from < to; mid = from + (to - from) / 2) {
		if (listing_get(&w, l, mid, err) < 0)
			return -1;
		if (id16_compare(&w.item, id) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	*out = from;
	return 0;
}

int
listing_of_folder(struct listing *out, const struct listing *l, const struct id16 *folder,
		  struct err *err)
{
	struct wire_item w;

	for (size_t i = 0; i < l->n; i++)
		if (listing_get(&w, l, i, err) < 0 ||
		    (id16_equal(&w.folder, folder) && listing_add(out, &w, err) < 0))
			return -1;
	return 0;
}

/* A state_store over the list; its nodes are wanted once and kept nowhere but on the way up. */
struct nodes {
	const struct listing *list;
	size_t next; /* behind the entries that were asked for last */
	struct hash32 *levels[STATE_DEPTH_MAX + 1];
};

static int
store_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	      void *emit_ctx, struct err *err)
{
	struct nodes *n = ctx;

	if (lower_bound(&n->next, n->list, first, n->next, err) < 0)
		return -1;
	for (; n->next < n->list->n; n->next++) {
		struct state_entry e;
		struct wire_item w;

		if (listing_get(&w, n->list, n->next, err) < 0)
			return -1;
		if (id16_compare(&w.item, last) > 0)
			break;
		e = (struct state_entry){ w.folder, w.item, w.seq, w.leaf };
		if (emit(emit_ctx, &e, err) < 0)
			return -1;
	}
	return 0;
}

static unsigned
depth_of(const struct nodes *n)
{
	return state_depth(n->list->n);
}

static int
store_get(void *ctx, unsigned level, uint32_t index, struct hash32 *out, struct err *err)
{
	const struct nodes *n = ctx;

	(void)err;
	if (level > depth_of(n) || index >> (depth_of(n) - level) || !n->levels[level])
		return STATE_ABSENT;
	*out = n->levels[level][index];
	return 0;
}

static int
store_put(void *ctx, unsigned level, uint32_t index, const struct hash32 *node, struct err *err)
{
	struct nodes *n = ctx;
	unsigned depth = depth_of(n);

	if (level > depth || index >> (depth - level))
		return err_set(err, ERR_INTERNAL, "a node outside of the state tree");
	if (!n->levels[level])
		n->levels[level] = calloc((size_t)1 << (depth - level), sizeof(struct hash32));
	if (!n->levels[level])
		return err_nomem(err);
	n->levels[level][index] = *node;
	return 0;
}

static int
store_clear(void *ctx, struct err *err)
{
	struct nodes *n = ctx;

	(void)err;
	for (unsigned i = 0; i <= STATE_DEPTH_MAX; i++) {
		free(n->levels[i]);
		n->levels[i] = NULL;
	}
	return 0;
}

/* What every live item must be, whatever the root says. */
static int
check_entries(const struct listing *l, uint64_t seq, struct err *err)
{
	struct id16 before = { { 0 } };
	struct wire_item w;

	for (size_t i = 0; i < l->n; i++) {
		if (listing_get(&w, l, i, err) < 0)
			return -1;
		if (w.flags & RECORD_TOMBSTONE)
			return err_set(err, ERR_ALARM,
				       "the server lists a removed item as if it were there");
		if (w.seq > seq)
			return err_set(
				err, ERR_ALARM,
				"the server lists an item of batch %llu, but the newest is %llu",
				(unsigned long long)w.seq, (unsigned long long)seq);
		if (i > 0 && id16_compare(&before, &w.item) >= 0)
			return err_set(err, ERR_ALARM, "the server lists an item twice");
		before = w.item;
	}
	return 0;
}

int
listing_check(const struct listing *l, const struct hash32 *root, uint64_t seq, struct err *err)
{
	struct nodes nodes = { .list = l };
	struct state_store store = { &nodes, store_entries, store_get, store_put, store_clear };
	struct hash32 computed;
	int rc;

	if (check_entries(l, seq, err) < 0)
		return -1;
	rc = state_rebuild(&computed, &store, l->n, err);
	store_clear(&nodes, err);
	if (rc < 0)
		return -1;
	if (!hash32_equal(&computed, root))
		return err_set(
			err, ERR_ALARM,
			"the server's list is not what the device signed: items may be missing "
			"from it or be old ones");
	return 0;
}
