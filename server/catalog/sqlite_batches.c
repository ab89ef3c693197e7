/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_batches: operations on batches and what they hold: folders, items, records, state trees. */
#include "catalog/sqlite_rows.h"

/* --- batches --- */

bool
batch_row(void *out, sqlite3_stmt *st)
{
	struct catalog_batch *b = out;

	*b = (struct catalog_batch){
		.row = sqlite3_column_int64(st, 0),
		.seq = column_u64(st, 1),
		.n = (uint32_t)sqlite3_column_int64(st, 3),
		.received_unix_ms = sqlite3_column_int64(st, 4),
		.from_ms = sqlite3_column_int64(st, 5),
	};
	return column_bytes(st, 2, b->head.b, sizeof b->head.b);
}

int
rows_batch_get(struct catalog_tx *tx, struct catalog_batch *out, int64_t device_row_number,
	       uint64_t seq, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCH_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device_row_number);
	bind_u64(st, 2, seq);
	return row_fetch(db_of(tx), st, batch_row, out, err);
}

int
rows_batch_prefix(struct catalog_tx *tx, int64_t device, uint64_t seq, struct buf *out,
		  struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCH_PREFIX, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, seq);
	int rc = db_step(db_of(tx), st, err);
	if (rc)
		return rc;
	rc = buf_append(out, column_span(st, 0), err);
	sqlite3_reset(st);
	return rc;
}

int
rows_batch_add(struct catalog_tx *tx, int64_t device, struct catalog_batch *b, struct span prefix,
	       struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCH_ADD, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, b->seq);
	bind_hash(st, 3, &b->head);
	bind_u64(st, 4, b->n);
	sqlite3_bind_int64(st, 5, b->received_unix_ms);
	bind_bytes(st, 6, prefix.p, prefix.n);
	sqlite3_bind_int64(st, 7, b->from_ms);
	if (row_execute(db_of(tx), st, err) < 0)
		return -1;
	b->row = sqlite3_last_insert_rowid(db_of(tx)->sqlite);
	return 0;
}

int
give_batch(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_batch row;

	return batch_row(&row, st) ? w->fn.batch(w->ctx, &row, err) : row_damaged(st, err);
}

int
rows_batches(struct catalog_tx *tx, int64_t device, uint64_t from_seq, catalog_batch_fn *fn,
	     void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCHES, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, from_seq);
	return row_walk(db_of(tx), st, give_batch, (struct row_walk){ .fn.batch = fn, .ctx = ctx },
			err);
}

/* --- folders --- */

bool
number_row(void *out, sqlite3_stmt *st)
{
	*(int64_t *)out = sqlite3_column_int64(st, 0);
	return true;
}

int
rows_folder_row(struct catalog_tx *tx, int64_t device, const struct id16 *folder, int64_t *row,
		struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_id(st, 2, folder);
	return row_fetch(db_of(tx), st, number_row, row, err);
}

int
rows_folder_add(struct catalog_tx *tx, int64_t device, const struct id16 *folder, int64_t *row,
		struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_ADD, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_id(st, 2, folder);
	if (row_execute(db_of(tx), st, err) < 0)
		return -1;
	*row = sqlite3_last_insert_rowid(db_of(tx)->sqlite);
	return 0;
}

int
rows_n_folders(struct catalog_tx *tx, int64_t device, uint64_t *n, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_COUNT, err);
	int64_t count = 0;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	int rc = row_fetch(db_of(tx), st, number_row, &count, err);
	*n = (uint64_t)count;
	return rc;
}

/* --- items --- */

static bool
item_row(void *out, sqlite3_stmt *st)
{
	struct catalog_item *i = out;

	*i = (struct catalog_item){
		.versions = (uint32_t)sqlite3_column_int64(st, 2),
		.live = sqlite3_column_int(st, 3),
		.seq = column_u64(st, 4),
		.index = (uint32_t)sqlite3_column_int64(st, 5),
		.flags = (uint8_t)sqlite3_column_int(st, 6),
		.ciphertext_bytes = (uint32_t)sqlite3_column_int64(st, 8),
	};
	return column_bytes(st, 0, i->folder.b, sizeof i->folder.b) &&
	       column_bytes(st, 1, i->item.b, sizeof i->item.b) &&
	       column_bytes(st, 7, i->leaf.b, sizeof i->leaf.b);
}

int
rows_item_get(struct catalog_tx *tx, struct catalog_item *out, int64_t device, int64_t folder,
	      const struct id16 *item, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ITEM_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	sqlite3_bind_int64(st, 2, folder);
	bind_id(st, 3, item);
	return row_fetch(db_of(tx), st, item_row, out, err);
}

int
rows_item_put(struct catalog_tx *tx, int64_t device, int64_t folder, const struct catalog_item *i,
	      struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ITEM_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_id(st, 2, &i->item);
	sqlite3_bind_int64(st, 3, folder);
	bind_u64(st, 4, i->versions);
	sqlite3_bind_int(st, 5, i->live);
	bind_u64(st, 6, i->seq);
	bind_u64(st, 7, i->index);
	sqlite3_bind_int(st, 8, i->flags);
	bind_hash(st, 9, &i->leaf);
	bind_u64(st, 10, i->ciphertext_bytes);
	return row_execute(db_of(tx), st, err);
}

static int
give_item(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_item row;

	return item_row(&row, st) ? w->fn.item(w->ctx, &row, err) : row_damaged(st, err);
}

int
rows_items(struct catalog_tx *tx, int64_t device, const struct id16 *low, const struct id16 *high,
	   catalog_item_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ITEMS, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_id(st, 2, low);
	bind_id(st, 3, high);
	return row_walk(db_of(tx), st, give_item, (struct row_walk){ .fn.item = fn, .ctx = ctx },
			err);
}

/* --- records --- */

static bool
version_row(void *out, sqlite3_stmt *st)
{
	struct catalog_version *v = out;

	*v = (struct catalog_version){
		.version = (uint32_t)sqlite3_column_int64(st, 2),
		.seq = column_u64(st, 3),
		.index = (uint32_t)column_u64(st, 4) & RECORD_INDEX_MASK,
		.flags = (uint8_t)sqlite3_column_int(st, 5),
		.ciphertext_bytes = (uint32_t)sqlite3_column_int64(st, 7),
	};
	return column_bytes(st, 0, v->folder.b, sizeof v->folder.b) &&
	       column_bytes(st, 1, v->item.b, sizeof v->item.b) &&
	       column_bytes(st, 6, v->leaf.b, sizeof v->leaf.b);
}

int
rows_record_add(struct catalog_tx *tx, const struct catalog_batch *b, int64_t folder,
		const struct catalog_version *v, struct span frame, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_RECORD_ADD, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, record_row(b, v->index));
	sqlite3_bind_int64(st, 2, folder);
	bind_id(st, 3, &v->item);
	bind_u64(st, 4, v->version);
	bind_u64(st, 5, v->seq);
	sqlite3_bind_int(st, 6, v->flags);
	bind_u64(st, 7, v->ciphertext_bytes);
	bind_hash(st, 8, &v->leaf);
	bind_bytes(st, 9, frame.p, frame.n);
	return row_execute(db_of(tx), st, err);
}

int
rows_record_get(struct catalog_tx *tx, int64_t device, uint64_t seq, uint32_t index,
		struct catalog_version *out, struct buf *frame, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_RECORD_GET, err);

	if (!st)
		return -1;
	if (index >= BATCH_RECORDS_MAX)
		return CATALOG_ABSENT;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, seq);
	bind_u64(st, 3, index);
	int rc = db_step(db_of(tx), st, err);
	if (rc)
		return rc;
	if (!version_row(out, st))
		return row_damaged(st, err);
	if (sqlite3_column_type(st, 8) == SQLITE_NULL)
		rc = CATALOG_ABSENT;
	else if (frame)
		rc = buf_append(frame, column_span(st, 8), err);
	sqlite3_reset(st);
	return rc;
}

int
rows_record_damaged(struct catalog_tx *tx, int64_t device, uint64_t seq, uint32_t index,
		    struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DAMAGED_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, seq);
	bind_u64(st, 3, index);
	return row_execute(db_of(tx), st, err);
}

int
rows_records_damaged(struct catalog_tx *tx, int64_t device, catalog_item_fn *fn, void *ctx,
		     struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DAMAGED, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	return row_walk(db_of(tx), st, give_item, (struct row_walk){ .fn.item = fn, .ctx = ctx },
			err);
}

static int
give_leaf(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	return w->fn.bytes(w->ctx, column_u64(st, 0) & RECORD_INDEX_MASK, column_span(st, 1), err);
}

int
rows_record_leaves(struct catalog_tx *tx, const struct catalog_batch *b, catalog_bytes_fn *fn,
		   void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_RECORD_LEAVES, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, b->row);
	return row_walk(db_of(tx), st, give_leaf, (struct row_walk){ .fn.bytes = fn, .ctx = ctx },
			err);
}

static int
give_version(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_version row;

	return version_row(&row, st) ? w->fn.version(w->ctx, &row, err) : row_damaged(st, err);
}

int
rows_versions(struct catalog_tx *tx, int64_t device, int64_t folder, const struct id16 *item,
	      catalog_version_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), item ? S_VERSIONS_OF : S_VERSIONS, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, folder);
	sqlite3_bind_int64(st, 2, device);
	if (item)
		bind_id(st, 3, item);
	return row_walk(db_of(tx), st, give_version,
			(struct row_walk){ .fn.version = fn, .ctx = ctx }, err);
}

/* --- state nodes --- */

int
rows_node_get(struct catalog_tx *tx, int64_t device, uint64_t node, struct hash32 *hash,
	      struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_NODE_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, node);
	return row_fetch(db_of(tx), st, hash_row, hash, err);
}

int
rows_node_put(struct catalog_tx *tx, int64_t device, uint64_t node, const struct hash32 *hash,
	      struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_NODE_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, node);
	bind_hash(st, 3, hash);
	return row_execute(db_of(tx), st, err);
}

int
rows_nodes_clear(struct catalog_tx *tx, int64_t device, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_NODES_CLEAR, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	return row_execute(db_of(tx), st, err);
}
