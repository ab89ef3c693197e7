/* SPDX-License-Identifier: Apache-2.0 */
/* listing: see listing.h. */
#include "restore/listing.h"

#include "base/array.h"

void
listing_clear(struct listing *l)
{
	free(l->items);
	*l = (struct listing){ 0 };
}

int
listing_add(struct listing *l, const struct wire_item *item, struct err *err)
{
	if (array_reserve((void **)&l->items, &l->cap, l->n + 1, sizeof *l->items,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	l->items[l->n++] = *item;
	return 0;
}

/* Place of the first item whose id is not before @id. */
static size_t
lower_bound(const struct listing *l, const struct id16 *id)
{
	size_t from = 0, to = l->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (id16_compare(&l->items[mid].item, id) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

int
listing_of_folder(struct listing *out, const struct listing *l, const struct id16 *folder,
		  struct err *err)
{
	for (size_t i = 0; i < l->n; i++)
		if (id16_equal(&l->items[i].folder, folder) &&
		    listing_add(out, &l->items[i], err) < 0)
			return -1;
	return 0;
}

/* A state_store over the list; its nodes are wanted once and kept nowhere but on the way up. */
struct nodes {
	const struct listing *list;
	struct hash32 *levels[STATE_DEPTH_MAX + 1];
};

static int
store_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	      void *emit_ctx, struct err *err)
{
	const struct listing *l = ((struct nodes *)ctx)->list;

	for (size_t i = lower_bound(l, first); i < l->n; i++) {
		const struct wire_item *w = &l->items[i];
		struct state_entry e = { w->folder, w->item, w->seq, w->leaf };

		if (id16_compare(&w->item, last) > 0)
			break;
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
	for (size_t i = 0; i < l->n; i++) {
		const struct wire_item *w = &l->items[i];

		if (w->flags & RECORD_TOMBSTONE)
			return err_set(err, ERR_ALARM,
				       "the server lists a removed item as if it were there");
		if (w->seq > seq)
			return err_set(
				err, ERR_ALARM,
				"the server lists an item of batch %llu, but the newest is %llu",
				(unsigned long long)w->seq, (unsigned long long)seq);
		if (i > 0 && id16_compare(&l->items[i - 1].item, &w->item) >= 0)
			return err_set(err, ERR_ALARM, "the server lists an item twice");
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
