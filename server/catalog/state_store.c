/* SPDX-License-Identifier: Apache-2.0 */
/* state_store: see state_store.h. */
#include "catalog/state_store.h"

static uint64_t
node_number(unsigned level, uint32_t index)
{
	return (uint64_t)level << 32 | index;
}

struct emitting {
	state_emit_fn *emit;
	void *ctx;
};

static int
emit_live(void *ctx, const struct catalog_item *i, struct err *err)
{
	struct emitting *e = ctx;
	struct state_entry entry = {
		.folder = i->folder, .item = i->item, .seq = i->seq, .leaf = i->leaf
	};

	return i->live ? e->emit(e->ctx, &entry, err) : 0;
}

static int
store_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	      void *emit_ctx, struct err *err)
{
	struct catalog_state *s = ctx;
	struct emitting e = { emit, emit_ctx };

	return s->tx->ops->items(s->tx, s->device_row, first, last, emit_live, &e, err);
}

static int
store_get(void *ctx, unsigned level, uint32_t index, struct hash32 *out, struct err *err)
{
	struct catalog_state *s = ctx;
	int rc = s->tx->ops->node_get(s->tx, s->device_row, node_number(level, index), out, err);

	return rc == CATALOG_ABSENT ? STATE_ABSENT : rc;
}

static int
store_put(void *ctx, unsigned level, uint32_t index, const struct hash32 *node, struct err *err)
{
	struct catalog_state *s = ctx;

	return s->tx->ops->node_put(s->tx, s->device_row, node_number(level, index), node, err);
}

static int
store_clear(void *ctx, struct err *err)
{
	struct catalog_state *s = ctx;

	return s->tx->ops->nodes_clear(s->tx, s->device_row, err);
}

void
catalog_state_init(struct catalog_state *s, struct catalog_tx *tx, int64_t device_row)
{
	s->tx = tx;
	s->device_row = device_row;
	s->store = (struct state_store){
		.ctx = s,
		.entries = store_entries,
		.get = store_get,
		.put = store_put,
		.clear = store_clear,
	};
}
