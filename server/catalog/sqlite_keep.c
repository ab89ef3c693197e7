/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_keep: operations of retention: the clock, versions that have ended, holds, idle chunks. */
#include "catalog/sqlite_rows.h"

/* --- the clock --- */

int64_t
rows_clock(struct catalog_tx *tx)
{
	return sqlite_clock(db_of(tx)->owner);
}

int
rows_clock_keep(struct catalog_tx *tx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CLOCK_KEEP, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, rows_clock(tx));
	return row_execute(db_of(tx), st, err);
}

/* --- versions that have ended --- */

int
rows_record_end(struct catalog_tx *tx, int64_t device, uint64_t seq, uint32_t index,
		struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_RECORD_END, err);
	int64_t now = rows_clock(tx), month = retention_month_of(now);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, seq);
	bind_u64(st, 3, index);
	sqlite3_bind_int64(st, 4, now);
	sqlite3_bind_int64(st, 5, month);
	sqlite3_bind_int64(st, 6, retention_anchor(month));
	return row_execute(db_of(tx), st, err);
}

static int
give_ended(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_ended e = {
		.record = sqlite3_column_int64(st, 0),
		.folder_row = sqlite3_column_int64(st, 1),
		.version = (uint32_t)sqlite3_column_int64(st, 3),
		.flags = (uint8_t)sqlite3_column_int(st, 4),
		.ended_ms = sqlite3_column_int64(st, 5),
		.is_void = sqlite3_column_int(st, 6),
	};

	return column_bytes(st, 2, e.item.b, sizeof e.item.b) ? w->fn.ended(w->ctx, &e, err)
							      : row_damaged(st, err);
}

static void
bind_due(sqlite3_stmt *st, const struct catalog_due *due)
{
	sqlite3_bind_int64(st, 1, due->device_row);
	sqlite3_bind_int64(st, 2, due->now_ms);
	sqlite3_bind_int64(st, 3, due->keep_ms);
}

int
rows_ended_due(struct catalog_tx *tx, const struct catalog_due *due, catalog_ended_fn *fn,
	       void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ENDED_DUE, err);

	if (!st)
		return -1;
	bind_due(st, due);
	sqlite3_bind_int64(st, 4, due->ended_ms);
	sqlite3_bind_int64(st, 5, due->record);
	sqlite3_bind_int64(st, 6, RETENTION_WAIT_MS);
	sqlite3_bind_int64(st, 7, due->max);
	return row_walk(db_of(tx), st, give_ended, (struct row_walk){ .fn.ended = fn, .ctx = ctx },
			err);
}

int
rows_older_than(struct catalog_tx *tx, const struct catalog_ended *e, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_OLDER_THAN, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, e->folder_row);
	bind_id(st, 2, &e->item);
	bind_u64(st, 3, e->version);
	return row_fetch(db_of(tx), st, any_row, NULL, err);
}

static int
drop_by_number(struct catalog_tx *tx, enum statement s, int64_t number, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), s, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, number);
	return row_execute(db_of(tx), st, err);
}

static int
drop_ref(struct catalog_tx *tx, int64_t owner, const uint8_t *cid, int64_t record, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_REF_DROP, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, owner);
	bind_bytes(st, 2, cid, CRYPTO_HASH_BYTES);
	sqlite3_bind_int64(st, 3, record);
	return row_execute(db_of(tx), st, err);
}

/* The references that a sound frame names, one by one; of a damaged one by looking at all there are. */
static int
drop_refs(struct catalog_tx *tx, int64_t record, struct span frame, const struct hash32 *leaf,
	  const int64_t *owners, size_t n_owners, struct err *err)
{
	struct record_frame f;
	struct hash32 computed;
	struct err ignored;
	size_t n;
	bool sound = record_frame_decode(&f, frame, &n, &ignored) == 0;

	if (sound)
		record_leaf(&computed, (uint32_t)record & RECORD_INDEX_MASK, &f);
	if (!sound || !hash32_equal(&computed, leaf))
		return drop_by_number(tx, S_REFS_DROP_ALL, record, err);
	for (struct span left = f.refs; left.n; left = span_skip(left, CRYPTO_HASH_BYTES))
		for (size_t i = 0; i < n_owners; i++)
			if (drop_ref(tx, owners[i], left.p, record, err) < 0)
				return -1;
	return 0;
}

int
rows_record_clear(struct catalog_tx *tx, int64_t record, const int64_t *owners, size_t n_owners,
		  uint64_t *n_bytes, struct err *err)
{
	AUTO(buf_clear) struct buf frame = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	sqlite3_stmt *st = db_start(db_of(tx), S_FRAME_OF, err);
	struct hash32 leaf;

	*n_bytes = 0;
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, record);
	int rc = db_step(db_of(tx), st, err);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		if (!column_bytes(st, 0, leaf.b, sizeof leaf.b))
			return row_damaged(st, err);
		rc = buf_append(&frame, column_span(st, 1), err);
		sqlite3_reset(st);
		if (rc < 0 ||
		    drop_refs(tx, record, buf_span(&frame), &leaf, owners, n_owners, err) < 0 ||
		    drop_by_number(tx, S_FRAME_CLEAR, record, err) < 0)
			return -1;
		*n_bytes = frame.n;
	}
	if (drop_by_number(tx, S_ENDED_DROP, record, err) < 0 ||
	    drop_by_number(tx, S_DAMAGED_DROP, record, err) < 0)
		return -1;
	return rc; /* CATALOG_ABSENT: there was no frame */
}

/* --- batches --- */

int
rows_batches_empty(struct catalog_tx *tx, const struct catalog_device *d, uint64_t after_seq,
		   int64_t from_ms, unsigned max, catalog_batch_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCHES_EMPTY, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, d->row);
	bind_u64(st, 2, after_seq);
	bind_u64(st, 3, d->seq);
	sqlite3_bind_int64(st, 4, from_ms);
	sqlite3_bind_int64(st, 5, max);
	return row_walk(db_of(tx), st, give_batch, (struct row_walk){ .fn.batch = fn, .ctx = ctx },
			err);
}

int
rows_batch_remove(struct catalog_tx *tx, const struct catalog_batch *b, uint64_t *n_bytes,
		  struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCH_BYTES, err);
	int64_t n = 0;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, b->row);
	if (row_fetch(db_of(tx), st, number_row, &n, err) < 0 ||
	    drop_by_number(tx, S_BATCH_RECORDS_DROP, b->row, err) < 0)
		return -1;
	*n_bytes = (uint64_t)n;
	return drop_by_number(tx, S_BATCH_DROP, b->row, err);
}

/* --- holds --- */

static int
give_folder(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_folder f = {
		.row = sqlite3_column_int64(st, 0),
		.held_ms = sqlite3_column_int64(st, 2),
		.lifted_ms = sqlite3_column_int64(st, 3),
	};

	return column_bytes(st, 1, f.folder.b, sizeof f.folder.b) ? w->fn.folder(w->ctx, &f, err)
								  : row_damaged(st, err);
}

int
rows_folders(struct catalog_tx *tx, int64_t device, catalog_folder_fn *fn, void *ctx,
	     struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDERS, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	return row_walk(db_of(tx), st, give_folder,
			(struct row_walk){ .fn.folder = fn, .ctx = ctx }, err);
}

int
rows_folder_put(struct catalog_tx *tx, const struct catalog_folder *f, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, f->row);
	sqlite3_bind_int64(st, 2, f->held_ms);
	sqlite3_bind_int64(st, 3, f->lifted_ms);
	return row_execute(db_of(tx), st, err);
}

static int
give_month(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	const struct catalog_month m = {
		.folder_row = sqlite3_column_int64(st, 0),
		.anchor_ms = sqlite3_column_int64(st, 1),
		.items = column_u64(st, 2),
	};

	return w->fn.month(w->ctx, &m, err);
}

int
rows_months_due(struct catalog_tx *tx, const struct catalog_due *due, catalog_month_fn *fn,
		void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_MONTHS_DUE, err);

	if (!st)
		return -1;
	bind_due(st, due);
	return row_walk(db_of(tx), st, give_month, (struct row_walk){ .fn.month = fn, .ctx = ctx },
			err);
}

int
rows_month_losing(struct catalog_tx *tx, const struct catalog_due *due,
		  const struct catalog_month *m, uint64_t *losing, uint64_t *items, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_LOSING, err);
	int64_t n = 0, of = 0;

	if (!st)
		return -1;
	bind_due(st, due);
	sqlite3_bind_int64(st, 4, m->anchor_ms);
	sqlite3_bind_int64(st, 5, m->folder_row);
	if (row_fetch(db_of(tx), st, number_row, &n, err) < 0)
		return -1;
	*losing = (uint64_t)n;
	*items = 0;
	if (n == 0)
		return 0;
	st = db_start(db_of(tx), S_FOLDER_OF_MONTH, err);
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, m->folder_row);
	sqlite3_bind_int64(st, 2, m->anchor_ms - retention_anchor(0));
	if (row_fetch(db_of(tx), st, number_row, &of, err) < 0)
		return -1;
	*items = (uint64_t)of;
	return 0;
}

/* --- idle chunks --- */

int
rows_chunks_idle(struct catalog_tx *tx, int64_t device, const struct hash32 *after_cid,
		 int64_t wanted_ms, unsigned max, catalog_chunk_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNKS_IDLE, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_bytes(st, 2, after_cid ? after_cid->b : NULL, after_cid ? sizeof after_cid->b : 0);
	sqlite3_bind_int64(st, 3, wanted_ms);
	sqlite3_bind_int64(st, 4, max);
	return row_walk(db_of(tx), st, give_chunk, (struct row_walk){ .fn.chunk = fn, .ctx = ctx },
			err);
}

int
rows_chunk_remove(struct catalog_tx *tx, int64_t device, const struct hash32 *cid, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNK_DROP, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_hash(st, 2, cid);
	return row_execute(db_of(tx), st, err);
}

/* --- all chunks --- */

static int
give_located(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_located l;

	if (!chunk_row(&l.chunk, st) || !column_bytes(st, 9, l.account.b, sizeof l.account.b) ||
	    !column_bytes(st, 10, l.device.b, sizeof l.device.b))
		return row_damaged(st, err);
	l.device_row = sqlite3_column_int64(st, 8);
	return w->fn.located(w->ctx, &l, err);
}

int
rows_chunks_all(struct catalog_tx *tx, int64_t after_row, const struct hash32 *after_cid,
		unsigned max, catalog_located_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNKS_ALL, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, after_row);
	bind_hash(st, 2, after_cid);
	sqlite3_bind_int64(st, 3, max);
	return row_walk(db_of(tx), st, give_located,
			(struct row_walk){ .fn.located = fn, .ctx = ctx }, err);
}
