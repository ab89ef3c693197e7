/* SPDX-License-Identifier: Apache-2.0 */
/*
 * originals: see originals.h.
 *
 * Bodies lie in their rows: an original is a card (files are never replaced, so they have none), and
 * a row is as durable as the transaction that the restore waits for.
 */
#include "box/originals.h"

#include "box/box_internal.h"
#include "crypto/seal.h"

int
restore_row_put(struct box *b, const struct restore_row *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "INSERT INTO restores (id, at_ms, device, finished, undone)"
		       " VALUES (?1, ?2, ?3, ?4, ?5)",
		       err) < 0)
		return -1;
	query_text_span(&q, 1, r->id);
	query_int(&q, 2, r->at_unix_ms);
	query_blob(&q, 3, SPAN_ARRAY(r->from));
	query_int(&q, 4, r->finished);
	query_int(&q, 5, r->undone);
	return query_run(&q, err);
}

static int
restore_mark(struct box *b, const char *sql, struct span id, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0)
		return -1;
	query_text_span(&q, 1, id);
	return query_run(&q, err);
}

int
restore_row_finish(struct box *b, struct span id, struct err *err)
{
	return restore_mark(b, "UPDATE restores SET finished = 1 WHERE id = ?1", id, err);
}

int
restore_row_undone(struct box *b, struct span id, struct err *err)
{
	return restore_mark(b, "UPDATE restores SET undone = 1 WHERE id = ?1", id, err);
}

int
restore_row_remove(struct box *b, struct span id, struct err *err)
{
	return restore_mark(b, "DELETE FROM restores WHERE id = ?1", id, err);
}

int
restore_rows_each(struct box *b, restore_row_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT id, at_ms, device, finished, undone FROM restores"
		       " ORDER BY number DESC",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct restore_row r = {
			.id = query_column_text_span(&q, 0),
			.at_unix_ms = query_column_int(&q, 1),
			.finished = query_column_int(&q, 3),
			.undone = query_column_int(&q, 4),
		};
		query_column_bytes(&q, 2, r.from, BOX_ID_BYTES);
		if (fn(ctx, &r, err) < 0)
			return -1;
	}
	return rc;
}

static struct seal_kept_place
place_of(const struct identity *id, const struct kept *k)
{
	return (struct seal_kept_place){
		.account = id->account, .device = id->device, .restore = k->restore, .item = k->item
	};
}

static int
kept_insert(struct box *b, struct kept *k, struct span sealed, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "INSERT INTO kept (kind, restore, app, native_id, item, name, field, source,"
		       " kept_ms, written, epoch, added_keys, taken, body) VALUES (?1, ?2, ?3, ?4,"
		       " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, ?13)",
		       err) < 0)
		return -1;
	query_int(&q, 1, k->kind);
	query_text_span(&q, 2, k->restore);
	query_text(&q, 3, k->app);
	query_blob(&q, 4, k->native_id);
	query_blob(&q, 5, SPAN_ARRAY(k->item));
	query_text_span(&q, 6, k->name);
	query_text(&q, 7, k->field ? k->field : "");
	query_blob(&q, 8, k->source);
	query_int(&q, 9, k->kept_unix_ms);
	query_blob(&q, 10, SPAN_ARRAY(k->written));
	query_int(&q, 11, (int64_t)k->epoch);
	query_blob(&q, 12, k->added_keys);
	query_blob(&q, 13, sealed);
	if (query_run(&q, err) < 0)
		return -1;
	k->number = sqlite3_last_insert_rowid(b->sql.db);
	return 0;
}

int
kept_put(struct box *b, struct kept *k, struct span body, struct err *err)
{
	AUTO(buf_clear) struct buf sealed = BUF_INIT(ORIGINAL_BYTES_MAX + SEAL_BLOB_OVERHEAD_BYTES);
	const struct identity *id;

	if (box_identity_need(&id, b, err) < 0)
		return -1;
	if (body.n > ORIGINAL_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "an original of %s is larger than %u MiB", k->app,
			       ORIGINAL_BYTES_MAX >> 20);
	k->kept_unix_ms = box_now();
	k->epoch = id->keys.epoch;
	struct seal_kept_place place = place_of(id, k);
	if (body.n && seal_kept(&sealed, id->keys.psk, id->keys.aek_public, &place, body, err) < 0)
		return -1;
	return kept_insert(b, k, buf_span(&sealed), err);
}

static int
run_on(struct box *b, const char *sql, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0)
		return -1;
	query_int(&q, 1, number);
	return query_run(&q, err);
}

int
kept_put_written(struct box *b, int64_t number, const uint8_t content[static BOX_HASH_BYTES],
		 struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "UPDATE kept SET written = ?2 WHERE number = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, span_of(content, BOX_HASH_BYTES));
	return query_run(&q, err);
}

int
kept_put_taken(struct box *b, int64_t number, int64_t taken_by, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "UPDATE kept SET taken = ?2 WHERE number = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_int(&q, 2, taken_by);
	return query_run(&q, err);
}

int
kept_put_untaken(struct box *b, int64_t taken_by, struct err *err)
{
	return run_on(b, "UPDATE kept SET taken = 0 WHERE kind = 3 AND taken = ?1", taken_by, err);
}

int
kept_remove(struct box *b, int64_t number, struct err *err)
{
	return run_on(b, "DELETE FROM kept WHERE number = ?1", number, err);
}

int
kept_open(struct buf *out, struct box *b, const struct kept *k, const struct secret *psk,
	  const struct secret *aek, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	const struct identity *id;
	int rc;

	if (box_identity_need(&id, b, err) < 0 ||
	    query_init(&q, b, "SELECT body FROM kept WHERE number = ?1", err) < 0)
		return -1;
	query_int(&q, 1, k->number);
	rc = query_step(&q, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "what was kept of %s is there no more", k->app);
	struct span sealed = query_column_blob(&q, 0);
	if (sealed.n == 0)
		return 0;
	struct seal_kept_place place = place_of(id, k);
	return seal_open_kept(out, psk, aek, &place, sealed, err);
}

static void
row_kept(struct kept *out, const struct query *q)
{
	*out = (struct kept){
		.number = query_column_int(q, 0),
		.kind = (enum kept_kind)query_column_int(q, 1),
		.restore = query_column_text_span(q, 2),
		.app = query_column_text(q, 3),
		.native_id = query_column_blob(q, 4),
		.name = query_column_text_span(q, 6),
		.field = query_column_text(q, 7),
		.source = query_column_blob(q, 8),
		.kept_unix_ms = query_column_int(q, 9),
		.epoch = (uint64_t)query_column_int(q, 11),
		.added_keys = query_column_blob(q, 12),
		.taken_by = query_column_int(q, 13),
	};
	query_column_bytes(q, 5, out->item, BOX_ID_BYTES);
	query_column_bytes(q, 10, out->written, BOX_HASH_BYTES);
}

int
kept_each(struct box *b, const struct kept_filter *f, kept_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct kept k;
	int rc;

	if (query_init(&q, b,
		       "SELECT number, kind, restore, app, native_id, item, name, field, source,"
		       " kept_ms, written, epoch, added_keys, taken FROM kept"
		       " WHERE (CASE ?1 WHEN 0 THEN kind <> 3 ELSE kind = ?1 END)"
		       " AND (taken = 0 OR EXISTS (SELECT 1 FROM kept AS t JOIN restores AS r"
		       " ON r.id = t.restore WHERE t.number = kept.taken AND NOT r.finished))"
		       " AND (?2 IS NULL OR app = ?2) AND (?3 IS NULL OR native_id = ?3)"
		       " AND (?4 IS NULL OR restore = ?4) ORDER BY number DESC",
		       err) < 0)
		return -1;
	query_int(&q, 1, f->kind);
	query_text(&q, 2, f->app);
	if (f->native_id.p)
		query_blob(&q, 3, f->native_id);
	if (f->restore.p)
		query_text_span(&q, 4, f->restore);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		row_kept(&k, &q);
		if (fn(ctx, &k, err) < 0)
			return -1;
	}
	return rc;
}

int
kept_any(struct box *b, struct span restore, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT 1 FROM kept WHERE restore = ?1 AND kind IN (1, 2, 5) LIMIT 1",
		       err) < 0)
		return -1;
	query_text_span(&q, 1, restore);
	rc = query_step(&q, err);
	return rc < 0 ? -1 : rc == QUERY_ROW ? 0 : BOX_ABSENT;
}

int
kept_purge_up_to(uint64_t *n, struct box *b, int64_t newest, int64_t before_unix_ms,
		 struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "DELETE FROM kept WHERE number <= ?1 AND kept_ms < ?2", err) < 0)
		return -1;
	query_int(&q, 1, newest);
	query_int(&q, 2, before_unix_ms);
	if (query_run(&q, err) < 0)
		return -1;
	*n = db_changes(b);
	return 0;
}

int
kept_purge(uint64_t *n, struct box *b, int64_t before_unix_ms, struct err *err)
{
	return kept_purge_up_to(n, b, INT64_MAX, before_unix_ms, err);
}

int
kept_newest(int64_t *number, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "SELECT coalesce(max(number), 0) FROM kept", err) < 0 ||
	    query_step(&q, err) < 0)
		return -1;
	*number = query_column_int(&q, 0);
	return 0;
}
