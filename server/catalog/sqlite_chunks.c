/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_chunks: operations on chunks, references to them, and how much there is of it all. */
#include "catalog/sqlite_rows.h"

/* --- chunks --- */

bool
chunk_row(void *out, sqlite3_stmt *st)
{
	struct catalog_chunk *c = out;

	*c = (struct catalog_chunk){
		.object.size = column_u64(st, 2),
		.wanted_ms = sqlite3_column_int64(st, 4),
		.committed = sqlite3_column_int(st, 5),
		.damaged = sqlite3_column_int(st, 6),
		.uncounted = sqlite3_column_int(st, 7),
	};
	return column_bytes(st, 0, c->cid.b, sizeof c->cid.b) &&
	       column_bytes(st, 1, c->object.name.bytes, sizeof c->object.name.bytes) &&
	       column_bytes(st, 3, c->object.sha256, sizeof c->object.sha256);
}

static void
chunk_bind(sqlite3_stmt *st, int64_t device, const struct catalog_chunk *c)
{
	sqlite3_bind_int64(st, 1, device);
	bind_hash(st, 2, &c->cid);
	bind_bytes(st, 3, c->object.name.bytes, sizeof c->object.name.bytes);
	bind_u64(st, 4, c->object.size);
	bind_bytes(st, 5, c->object.sha256, sizeof c->object.sha256);
	sqlite3_bind_int64(st, 6, c->wanted_ms);
	sqlite3_bind_int(st, 7, c->committed);
	sqlite3_bind_int(st, 8, c->damaged);
	sqlite3_bind_int(st, 9, c->uncounted);
}

int
rows_chunk_get(struct catalog_tx *tx, struct catalog_chunk *out, int64_t device,
	       const struct hash32 *cid, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNK_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_hash(st, 2, cid);
	return row_fetch(db_of(tx), st, chunk_row, out, err);
}

int
rows_chunk_add(struct catalog_tx *tx, int64_t device, const struct catalog_chunk *c,
	       struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNK_ADD, err);

	if (!st)
		return -1;
	chunk_bind(st, device, c);
	return row_insert(db_of(tx), st, err);
}

int
rows_chunk_put(struct catalog_tx *tx, int64_t device, const struct catalog_chunk *c,
	       struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNK_PUT, err);

	if (!st)
		return -1;
	chunk_bind(st, device, c);
	return row_execute(db_of(tx), st, err);
}

int
give_chunk(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_chunk row;

	return chunk_row(&row, st) ? w->fn.chunk(w->ctx, &row, err) : row_damaged(st, err);
}

int
rows_chunks(struct catalog_tx *tx, int64_t device, const struct hash32 *after_cid,
	    catalog_chunk_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNKS, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_bytes(st, 2, after_cid ? after_cid->b : NULL, after_cid ? sizeof after_cid->b : 0);
	return row_walk(db_of(tx), st, give_chunk, (struct row_walk){ .fn.chunk = fn, .ctx = ctx },
			err);
}

int
rows_ref_add(struct catalog_tx *tx, int64_t owner, const struct hash32 *cid,
	     const struct catalog_batch *b, uint32_t index, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_REF_ADD, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, owner);
	bind_hash(st, 2, cid);
	sqlite3_bind_int64(st, 3, record_row(b, index));
	return row_execute(db_of(tx), st, err);
}

bool
any_row(void *out, sqlite3_stmt *st)
{
	(void)out, (void)st;
	return true;
}

int
rows_ref_find(struct catalog_tx *tx, int64_t owner, const struct hash32 *cid, uint64_t max_seq,
	      struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_REF_FIND, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, owner);
	bind_hash(st, 2, cid);
	bind_u64(st, 3, max_seq);
	return row_fetch(db_of(tx), st, any_row, NULL, err);
}

static bool
usage_row(void *out, sqlite3_stmt *st)
{
	*(struct catalog_usage *)out = (struct catalog_usage){
		.accounts = column_u64(st, 0),
		.objects = column_u64(st, 1),
		.bytes = column_u64(st, 2),
	};
	return true;
}

int
rows_usage(struct catalog_tx *tx, struct catalog_usage *out, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_USAGE, err);

	return st ? row_fetch(db_of(tx), st, usage_row, out, err) : -1;
}
