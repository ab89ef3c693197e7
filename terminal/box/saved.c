/* SPDX-License-Identifier: Apache-2.0 */
/* saved: see saved.h. */
#include "box/saved.h"

#include "box/box_internal.h"
#include "box/lookup.h"

/* The smallest a record can be: a frame of 41 bytes, 64 padded ones, a tag (docs/formats/batch.md). */
#define SEALED_BYTES_MIN 121

#define SAVED_COLUMNS                                                                              \
	"s.item, s.native_id, s.seq, s.idx, s.leaf, s.versions, s.content, s.size, "               \
	"s.sealed_bytes,"                                                                          \
	" s.chunks, s.class, s.saved_ms, s.proven_ms, a.name"
#define SAVED_TABLES "saved s JOIN apps a ON a.id = s.app"

static void
row_saved(struct saved *out, struct box *b, const struct query *q)
{
	*out = (struct saved){
		.native_id = query_column_blob(q, 1),
		.seq = (uint64_t)query_column_int(q, 2),
		.index = (uint32_t)query_column_int(q, 3),
		.versions = (uint32_t)query_column_int(q, 5),
		.size = (uint64_t)query_column_int(q, 7),
		.sealed_bytes = (uint64_t)query_column_int(q, 8),
		.chunks = query_column_blob(q, 9),
		.chunk_class = (uint8_t)query_column_int(q, 10),
		.saved_unix_ms = query_column_int(q, 11),
		.proven_unix_ms = query_column_int(q, 12),
		.app = query_column_text(q, 13),
	};
	query_column_bytes(q, 0, out->item, BOX_ID_BYTES);
	query_column_bytes(q, 4, out->leaf, BOX_HASH_BYTES);
	query_column_bytes(q, 6, out->content, BOX_HASH_BYTES);
	keys_folder_id(out->folder, b->identity.ids, span_str(out->app));
}

void
saved_found_clear(struct saved_found *f)
{
	buf_clear(&f->store);
}

static int
saved_store_row(struct saved *s, struct buf *store, struct err *err)
{
	struct span app;

	buf_reset(store);
	if (buf_reserve(store, strlen(s->app) + s->native_id.n + s->chunks.n + 8, err) < 0 ||
	    store_span(&app, store, span_str(s->app), err) < 0 ||
	    store_span(&s->native_id, store, s->native_id, err) < 0 ||
	    store_span(&s->chunks, store, s->chunks, err) < 0)
		return -1;
	s->app = (const char *)app.p;
	return 0;
}

int
saved_get(struct saved_found *f, struct box *b, const uint8_t item[static BOX_ID_BYTES],
	  struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	const struct identity *id;
	int rc;

	if (box_identity_need(&id, b, err) < 0 ||
	    query_init(&q, b, "SELECT " SAVED_COLUMNS " FROM " SAVED_TABLES " WHERE s.item = ?1",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	row_saved(&f->saved, b, &q);
	return saved_store_row(&f->saved, &f->store, err);
}

int
saved_find(struct saved_found *f, struct box *b, const char *app, struct span typed,
	   struct err *err)
{
	uint8_t item[BOX_ID_BYTES];

	if (lookup_item(item, b, app, LOOKUP_SAVED, typed, err) < 0)
		return -1;
	return saved_get(f, b, item, err);
}

static int
each_row(struct query *q, saved_fn *fn, void *ctx, struct err *err)
{
	struct saved s;
	int rc;

	while ((rc = query_step(q, err)) == QUERY_ROW) {
		row_saved(&s, query_box(q), q);
		if (fn(ctx, &s, err) < 0)
			return -1;
	}
	return rc;
}

int
saved_each(struct box *b, const char *app, saved_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	const struct identity *id;

	if (box_identity_need(&id, b, err) < 0 ||
	    query_init(&q, b,
		       "SELECT " SAVED_COLUMNS " FROM " SAVED_TABLES
		       " WHERE ?1 IS NULL OR a.name = ?1 ORDER BY s.item",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	return each_row(&q, fn, ctx, err);
}

static int64_t
as_int64(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

int
saved_each_by_proof(struct box *b, const struct saved_oldest *which, saved_fn *fn, void *ctx,
		    struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	const struct identity *id;

	if (box_identity_need(&id, b, err) < 0 ||
	    query_init(&q, b,
		       "SELECT " SAVED_COLUMNS " FROM " SAVED_TABLES " WHERE s.sealed_bytes <= ?3"
		       " ORDER BY max(s.saved_ms, iif(s.proven_ms > ?1, 0, s.proven_ms)), s.item"
		       " LIMIT ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, which->now_unix_ms);
	query_int(&q, 2, as_int64(which->max));
	query_int(&q, 3, as_int64(which->sealed_bytes_max));
	return each_row(&q, fn, ctx, err);
}

int
saved_count(uint64_t *n, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "SELECT count(*) FROM saved", err) < 0 || query_step(&q, err) < 0)
		return -1;
	*n = (uint64_t)query_column_int(&q, 0);
	return 0;
}

int
saved_put_proven(struct box *b, const uint8_t item[static BOX_ID_BYTES], int64_t at_unix_ms,
		 struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "UPDATE saved SET proven_ms = ?2 WHERE item = ?1", err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	query_int(&q, 2, at_unix_ms);
	return query_run(&q, err);
}

int
saved_forget(struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "INSERT OR IGNORE INTO forgotten (item, app, native_id)"
		       " SELECT item, app, native_id FROM saved WHERE item = ?1",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	return query_run(&q, err);
}

int
saved_each_forgotten(struct box *b, saved_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	const struct identity *id;

	if (box_identity_need(&id, b, err) < 0 ||
	    query_init(&q, b,
		       "SELECT " SAVED_COLUMNS
		       " FROM forgotten f CROSS JOIN saved s ON s.item = f.item"
		       " JOIN apps a ON a.id = s.app ORDER BY s.item", /* few are forgotten */
		       err) < 0)
		return -1;
	return each_row(&q, fn, ctx, err);
}

/* The state tree over `saved` and `state_nodes`. */

int
state_emit_rows(struct query *q, state_emit_fn *emit, void *emit_ctx, struct err *err)
{
	struct state_entry e;
	int rc;

	while ((rc = query_step(q, err)) == QUERY_ROW) {
		keys_folder_id(e.folder.b, query_box(q)->identity.ids,
			       query_column_text_span(q, 3));
		query_column_bytes(q, 0, e.item.b, sizeof e.item.b);
		e.seq = (uint64_t)query_column_int(q, 1);
		query_column_bytes(q, 2, e.leaf.b, sizeof e.leaf.b);
		if (emit(emit_ctx, &e, err) < 0)
			return -1;
	}
	return rc;
}

static int
store_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	      void *emit_ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(
		    &q, ctx,
		    "SELECT s.item, s.seq, s.leaf, a.name FROM saved s JOIN apps a ON a.id = s.app"
		    " WHERE s.item BETWEEN ?1 AND ?2 ORDER BY s.item",
		    err) < 0)
		return -1;
	query_blob(&q, 1, SPAN_ARRAY(first->b));
	query_blob(&q, 2, SPAN_ARRAY(last->b));
	return state_emit_rows(&q, emit, emit_ctx, err);
}

int
state_node_get(struct box *b, unsigned level, uint32_t number, struct hash32 *out, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT hash FROM state_nodes WHERE level = ?1 AND number = ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, level);
	query_int(&q, 2, number);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		query_column_bytes(&q, 0, out->b, sizeof out->b);
	return rc == QUERY_ROW ? 0 : rc < 0 ? -1 : STATE_ABSENT;
}

static int
store_get(void *ctx, unsigned level, uint32_t number, struct hash32 *out, struct err *err)
{
	return state_node_get(ctx, level, number, out, err);
}

static int
store_put(void *ctx, unsigned level, uint32_t number, const struct hash32 *node, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, ctx,
		       "INSERT OR REPLACE INTO state_nodes (level, number, hash)"
		       " VALUES (?1, ?2, ?3)",
		       err) < 0)
		return -1;
	query_int(&q, 1, level);
	query_int(&q, 2, number);
	query_blob(&q, 3, SPAN_ARRAY(node->b));
	return query_run(&q, err);
}

static int
store_clear(void *ctx, struct err *err)
{
	return db_exec(ctx, "DELETE FROM state_nodes", err);
}

void
saved_store(struct state_store *out, struct box *b)
{
	*out = (struct state_store){
		.ctx = b,
		.entries = store_entries,
		.get = store_get,
		.put = store_put,
		.clear = store_clear,
	};
}

int
saved_rebuild_begin(struct box *b, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	if (db_exec(b, "DELETE FROM saved", err) == 0)
		return 0;
	box_rollback(b);
	return -1;
}

int
saved_rebuild_put(struct box *b, const struct saved *s, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t app;

	if (box_app_intern(&app, b, s->app, err) < 0 ||
	    query_init(
		    &q, b,
		    "INSERT OR REPLACE INTO saved (item, app, native_id, seq, idx, leaf, versions,"
		    " content, size, sealed_bytes, chunks, class, saved_ms, proven_ms)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
		    err) < 0)
		return -1;
	query_blob(&q, 1, SPAN_ARRAY(s->item));
	query_int(&q, 2, app);
	query_blob(&q, 3, s->native_id);
	query_int(&q, 4, (int64_t)s->seq);
	query_int(&q, 5, s->index);
	query_blob(&q, 6, SPAN_ARRAY(s->leaf));
	query_int(&q, 7, s->versions);
	query_blob(&q, 8, SPAN_ARRAY(s->content));
	query_int(&q, 9, (int64_t)s->size);
	query_int(&q, 10, (int64_t)s->sealed_bytes);
	query_blob(&q, 11, s->chunks);
	query_int(&q, 12, s->chunk_class);
	query_int(&q, 13, s->saved_unix_ms);
	query_int(&q, 14, s->proven_unix_ms);
	return query_run(&q, err);
}

static int
rebuild_end(struct hash32 *root, struct box *b, struct err *err)
{
	struct state_store store;
	uint64_t n;

	saved_store(&store, b);
	if (saved_count(&n, b, err) < 0 || state_rebuild(root, &store, n, err) < 0 ||
	    db_exec(b, "DELETE FROM forgotten WHERE item NOT IN (SELECT item FROM saved)", err) < 0)
		return -1;
	return shortcut_judge_all(b, err);
}

int
saved_rebuild_end(struct hash32 *root, struct box *b, struct err *err)
{
	return box_end(b, rebuild_end(root, b, err), err);
}

int
saved_inherit(struct box *b, const uint8_t cid[static BOX_HASH_BYTES], struct span entry,
	      struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "INSERT OR REPLACE INTO inherited (cid, entry) VALUES (?1, ?2)",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(cid, BOX_HASH_BYTES));
	query_blob(&q, 2, entry);
	return query_run(&q, err);
}

int
saved_inherited(struct buf *out, struct box *b, const uint8_t cid[static BOX_HASH_BYTES],
		struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT entry FROM inherited WHERE cid = ?1", err) < 0)
		return -1;
	query_blob(&q, 1, span_of(cid, BOX_HASH_BYTES));
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	return buf_append(out, query_column_blob(&q, 0), err);
}

int
saved_disinherit(struct box *b, struct span entry, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "DELETE FROM inherited WHERE entry = ?1", err) < 0)
		return -1;
	query_blob(&q, 1, entry);
	return query_run(&q, err);
}

int
saved_ratio(struct saved_ratio *out, struct box *b, const char *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT count(*), sum(size), sum(sealed_bytes) FROM saved"
		       " WHERE app = (SELECT id FROM apps WHERE name = ?1)",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	if (query_step(&q, err) < 0)
		return -1;
	out->items = (uint64_t)query_column_int(&q, 0);
	out->bytes = (uint64_t)query_column_int(&q, 1);
	out->sealed_bytes = (uint64_t)query_column_int(&q, 2);
	return 0;
}

/* @bytes of @items unread ones, by this app's ratio. */
static uint64_t
estimate(const struct saved_ratio *ratio, uint64_t items, uint64_t bytes)
{
	double by = ratio->bytes ? (double)ratio->sealed_bytes / (double)ratio->bytes : 1.0;
	uint64_t sealed = (uint64_t)((double)bytes * by);
	uint64_t least = items * SEALED_BYTES_MIN;

	return sealed > least ? sealed : least;
}

int
saved_full_backup_bytes(uint64_t *bytes, bool *estimated, struct box *b, const char *app,
			struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct saved_ratio ratio;
	uint64_t unread, unread_bytes;

	if (query_init(
		    &q, b,
		    "SELECT coalesce(sum(CASE WHEN i.content = s.content THEN s.sealed_bytes END),"
		    " 0), coalesce(sum(CASE WHEN i.content IS NOT s.content OR s.item IS NULL"
		    " THEN i.size END), 0), count(*) - count(CASE WHEN i.content = s.content"
		    " THEN 1 END) FROM items i LEFT JOIN saved s ON s.item = i.item"
		    " WHERE i.app = (SELECT id FROM apps WHERE name = ?1)",
		    err) < 0)
		return -1;
	query_text(&q, 1, app);
	if (query_step(&q, err) < 0)
		return -1;
	unread_bytes = (uint64_t)query_column_int(&q, 1);
	unread = (uint64_t)query_column_int(&q, 2);
	*estimated = unread > 0;
	*bytes = (uint64_t)query_column_int(&q, 0);
	if (!unread)
		return 0;
	if (saved_ratio(&ratio, b, app, err) < 0)
		return -1;
	*bytes += estimate(&ratio, unread, unread_bytes);
	return 0;
}
