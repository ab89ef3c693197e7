/* SPDX-License-Identifier: Apache-2.0 */
/* receipts: see receipts.h. */
#include "box/receipts.h"

#include "box/box_internal.h"

const char *
receipt_kind_name(enum receipt_kind kind)
{
	static const char *const names[] = { "", "backup", "restore", "undo", "take", "drill" };

	return names[kind];
}

static void
bind_figures(struct query *q, const struct receipt *r)
{
	query_int(q, 1, r->at_unix_ms);
	query_int(q, 2, (int64_t)r->items);
	query_int(q, 3, (int64_t)r->bytes_sent);
	query_int(q, 4, (int64_t)r->bytes_received);
	query_int(q, 5, (int64_t)r->full_backup_bytes);
	query_int(q, 6, r->estimated);
	query_int(q, 7, (int64_t)r->failed);
	query_text_span(q, 8, r->restore);
}

int
receipt_put(struct box *b, struct receipt *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(
		    &q, b,
		    "INSERT INTO receipts (at_ms, items, sent, received, full, estimated, failed,"
		    " restore, kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		    err) < 0)
		return -1;
	bind_figures(&q, r);
	query_int(&q, 9, r->kind);
	if (query_run(&q, err) < 0)
		return -1;
	r->number = sqlite3_last_insert_rowid(b->sql.db);
	return 0;
}

int
receipt_update(struct box *b, const struct receipt *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "UPDATE receipts SET at_ms = ?1, items = ?2, sent = ?3, received = ?4,"
		       " full = ?5, estimated = ?6, failed = ?7, restore = ?8 WHERE number = ?9",
		       err) < 0)
		return -1;
	bind_figures(&q, r);
	query_int(&q, 9, r->number);
	return query_run(&q, err);
}

int
receipt_put_item(struct box *b, int64_t receipt, const struct receipt_item *item, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "INSERT INTO receipt_items (receipt, line, app, id, name, result, bytes,"
		       " reason) VALUES (?1, (SELECT coalesce(max(line), 0) + 1 FROM receipt_items"
		       " WHERE receipt = ?1), ?2, ?3, ?4, ?5, ?6, ?7)",
		       err) < 0)
		return -1;
	query_int(&q, 1, receipt);
	query_text(&q, 2, item->app);
	query_text_span(&q, 3, item->id);
	query_text_span(&q, 4, item->name);
	query_text(&q, 5, item->result);
	query_int(&q, 6, (int64_t)item->bytes);
	query_text_span(&q, 7, item->reason);
	return query_run(&q, err);
}

static struct receipt
row_receipt(const struct query *q)
{
	return (struct receipt){
		.number = query_column_int(q, 0),
		.kind = (enum receipt_kind)query_column_int(q, 1),
		.at_unix_ms = query_column_int(q, 2),
		.items = (uint64_t)query_column_int(q, 3),
		.bytes_sent = (uint64_t)query_column_int(q, 4),
		.bytes_received = (uint64_t)query_column_int(q, 5),
		.full_backup_bytes = (uint64_t)query_column_int(q, 6),
		.estimated = query_column_int(q, 7),
		.failed = (uint64_t)query_column_int(q, 8),
		.restore = query_column_text_span(q, 9),
	};
}

int
receipt_get(struct receipt *out, struct box *b, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT number, kind, at_ms, items, sent, received, full, estimated, failed,"
		       " restore FROM receipts WHERE number = ?1",
		       err) < 0)
		return -1;
	query_int(&q, 1, number);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	*out = row_receipt(&q);
	out->restore = (struct span){ NULL, 0 };
	return 0;
}

int
receipt_find(struct receipt *out, struct box *b, enum receipt_kind kind, struct span restore,
	     struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT number, kind, at_ms, items, sent, received, full, estimated, failed,"
		       " restore FROM receipts WHERE kind = ?1 AND restore = ?2"
		       " ORDER BY number DESC LIMIT 1",
		       err) < 0)
		return -1;
	query_int(&q, 1, kind);
	query_text_span(&q, 2, restore);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	*out = row_receipt(&q);
	out->restore = (struct span){ NULL, 0 };
	return 0;
}

int
receipt_has_item(struct box *b, int64_t receipt, const char *app, struct span id, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT 1 FROM receipt_items WHERE receipt = ?1 AND app = ?2 AND id = ?3",
		       err) < 0)
		return -1;
	query_int(&q, 1, receipt);
	query_text(&q, 2, app);
	query_text_span(&q, 3, id);
	rc = query_step(&q, err);
	return rc < 0 ? -1 : rc == QUERY_ROW ? 0 : BOX_ABSENT;
}

int
receipts_begin(int64_t *at_unix_ms, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT at_ms FROM receipts ORDER BY number LIMIT 1", err) < 0)
		return -1;
	rc = query_step(&q, err);
	*at_unix_ms = rc == QUERY_ROW ? query_column_int(&q, 0) : 0;
	return rc < 0 ? -1 : 0;
}

int
receipts_purge(uint64_t *n, struct box *b, int64_t before_unix_ms, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(query_clear) struct query old = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT count(*) FROM receipts WHERE at_ms < ?1 AND EXISTS"
		       " (SELECT 1 FROM receipt_items WHERE receipt = receipts.number)",
		       err) < 0)
		return -1;
	query_int(&q, 1, before_unix_ms);
	if (query_step(&q, err) < 0)
		return -1;
	*n = (uint64_t)query_column_int(&q, 0);
	query_clear(&q);
	if (*n == 0)
		return 0;
	if (query_init(&old, b,
		       "DELETE FROM receipt_items WHERE receipt IN"
		       " (SELECT number FROM receipts WHERE at_ms < ?1)",
		       err) < 0)
		return -1;
	query_int(&old, 1, before_unix_ms);
	return query_run(&old, err);
}

int
receipts_each(struct box *b, receipt_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT number, kind, at_ms, items, sent, received, full, estimated, failed,"
		       " restore FROM receipts ORDER BY number DESC",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct receipt r = row_receipt(&q);

		if (fn(ctx, &r, err) < 0)
			return -1;
	}
	return rc;
}

int
receipt_items_each(struct box *b, int64_t receipt, receipt_item_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT app, id, name, result, bytes, reason FROM receipt_items"
		       " WHERE receipt = ?1 ORDER BY line",
		       err) < 0)
		return -1;
	query_int(&q, 1, receipt);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct receipt_item item = {
			.app = query_column_text(&q, 0),
			.id = query_column_text_span(&q, 1),
			.name = query_column_text_span(&q, 2),
			.result = query_column_text(&q, 3),
			.bytes = (uint64_t)query_column_int(&q, 4),
			.reason = query_column_text_span(&q, 5),
		};
		if (fn(ctx, &item, err) < 0)
			return -1;
	}
	return rc;
}
