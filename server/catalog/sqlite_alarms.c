/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_alarms: operations on alarms, deliveries, recipients. */
#include "catalog/sqlite_rows.h"

/* --- devices --- */

int
rows_devices_worrying(struct catalog_tx *tx, catalog_device_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_WORRYING, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, rows_clock(tx));
	return row_walk(db_of(tx), st, give_device,
			(struct row_walk){ .fn.device = fn, .ctx = ctx }, err);
}

int
rows_devices_grace(struct catalog_tx *tx, int64_t asleep_ms, int64_t max_ms, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_GRACE, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, asleep_ms);
	sqlite3_bind_int64(st, 2, max_ms);
	return row_execute(db_of(tx), st, err);
}

static int
give_held(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_alarm a = {
		.kind = ALARM_HOLD,
		.number = (uint32_t)sqlite3_column_int64(st, 2),
	};

	return column_bytes(st, 0, a.account.b, sizeof a.account.b) &&
			       column_bytes(st, 1, a.device.b, sizeof a.device.b)
		       ? w->fn.alarm(w->ctx, &a, err)
		       : row_damaged(st, err);
}

int
rows_devices_held(struct catalog_tx *tx, catalog_alarm_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_HELD, err);

	if (!st)
		return -1;
	return row_walk(db_of(tx), st, give_held, (struct row_walk){ .fn.alarm = fn, .ctx = ctx },
			err);
}

/* --- alarms --- */

static bool
alarm_row(struct catalog_alarm *a, sqlite3_stmt *st)
{
	*a = (struct catalog_alarm){
		.id = sqlite3_column_int64(st, 0),
		.kind = (enum alarm_kind)sqlite3_column_int(st, 3),
		.raised_unix_ms = sqlite3_column_int64(st, 4),
		.since_unix_ms = sqlite3_column_int64(st, 5),
		.mark_ms = sqlite3_column_int64(st, 6),
		.ended_unix_ms = sqlite3_column_int64(st, 7),
		.number = (uint32_t)sqlite3_column_int64(st, 8),
	};
	return column_bytes(st, 1, a->account.b, sizeof a->account.b) &&
	       column_bytes(st, 2, a->device.b, sizeof a->device.b);
}

static int
give_alarm(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_alarm a;

	return alarm_row(&a, st) ? w->fn.alarm(w->ctx, &a, err) : row_damaged(st, err);
}

int
rows_alarms(struct catalog_tx *tx, const struct id16 *account, catalog_alarm_fn *fn, void *ctx,
	    struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), account ? S_ALARMS_OF : S_ALARMS, err);

	if (!st)
		return -1;
	if (account)
		bind_id(st, 1, account);
	return row_walk(db_of(tx), st, give_alarm, (struct row_walk){ .fn.alarm = fn, .ctx = ctx },
			err);
}

static int
queue_by(struct catalog_tx *tx, int64_t alarm, enum alarm_channel channel, bool ended,
	 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ALARM_QUEUE, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, alarm);
	sqlite3_bind_int(st, 2, (int)channel);
	sqlite3_bind_int(st, 3, ended);
	sqlite3_bind_int64(st, 4, rows_clock(tx));
	sqlite3_bind_int(st, 5, ALARM_DELIVERIES_MAX);
	return row_execute(db_of(tx), st, err);
}

/* For each way by which the account's recipient is told. */
static int
queue(struct catalog_tx *tx, int64_t alarm, bool ended, struct err *err)
{
	if (queue_by(tx, alarm, ALARM_BY_MAIL, ended, err) < 0)
		return -1;
	return queue_by(tx, alarm, ALARM_BY_WEBHOOK, ended, err);
}

int
rows_alarm_raise(struct catalog_tx *tx, struct catalog_alarm *a, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ALARM_ADD, err);

	if (!st)
		return -1;
	bind_id(st, 1, &a->account);
	bind_id(st, 2, &a->device);
	sqlite3_bind_int(st, 3, (int)a->kind);
	sqlite3_bind_int64(st, 4, a->raised_unix_ms);
	sqlite3_bind_int64(st, 5, a->since_unix_ms);
	sqlite3_bind_int64(st, 6, a->mark_ms);
	sqlite3_bind_int64(st, 7, a->number);
	int rc = row_insert(db_of(tx), st, err);
	if (rc)
		return rc;
	a->id = sqlite3_last_insert_rowid(db_of(tx)->sqlite);
	return queue(tx, a->id, false, err);
}

int
rows_alarm_end(struct catalog_tx *tx, int64_t id, int64_t at_unix_ms, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ALARM_END, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, at_unix_ms > 0 ? at_unix_ms : 1);
	if (row_execute(db_of(tx), st, err) < 0)
		return -1;
	return sqlite3_changes(db_of(tx)->sqlite) ? queue(tx, id, true, err) : 0;
}

int
rows_alarms_prune(struct catalog_tx *tx, struct err *err)
{
	if (db_run(db_of(tx), S_DELIVERIES_OF_GONE, err) < 0 ||
	    db_run(db_of(tx), S_ALARMS_OF_GONE, err) < 0)
		return -1;
	return db_run(db_of(tx), S_ALARMS_TOLD, err);
}

/* --- recipients, growth --- */

static bool
column_text(sqlite3_stmt *st, int i, char *out, size_t n)
{
	struct span text = column_span(st, i);

	if (text.n >= n)
		return false;
	if (text.n)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
	return true;
}

static bool
recipient_row(void *out, sqlite3_stmt *st)
{
	struct catalog_recipient *r = out;

	*r = (struct catalog_recipient){
		.mailed_ms = sqlite3_column_int64(st, 3),
		.posted_ms = sqlite3_column_int64(st, 4),
	};
	return column_bytes(st, 0, r->account.b, sizeof r->account.b) &&
	       column_text(st, 1, r->mail, sizeof r->mail) &&
	       column_text(st, 2, r->webhook, sizeof r->webhook);
}

int
rows_recipient_get(struct catalog_tx *tx, struct catalog_recipient *out, const struct id16 *account,
		   struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_RECIPIENT_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	return row_fetch(db_of(tx), st, recipient_row, out, err);
}

int
rows_recipient_put(struct catalog_tx *tx, const struct catalog_recipient *r, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_RECIPIENT_PUT, err);

	if (!st)
		return -1;
	bind_id(st, 1, &r->account);
	sqlite3_bind_text(st, 2, r->mail, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, r->webhook, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, r->mailed_ms);
	sqlite3_bind_int64(st, 5, r->posted_ms);
	return row_execute(db_of(tx), st, err);
}

int
rows_recipient_remove(struct catalog_tx *tx, const struct id16 *account, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PURGE_RECIPIENT, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	return row_execute(db_of(tx), st, err);
}

static bool
growth_row(void *out, sqlite3_stmt *st)
{
	struct catalog_growth *g = out;

	*g = (struct catalog_growth){
		.day = sqlite3_column_int64(st, 1),
		.bytes = column_u64(st, 2),
		.recent_day = sqlite3_column_int64(st, 3),
		.recent_bytes = column_u64(st, 4),
	};
	return column_bytes(st, 0, g->account.b, sizeof g->account.b);
}

int
rows_growth_get(struct catalog_tx *tx, struct catalog_growth *out, const struct id16 *account,
		struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_GROWTH_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	return row_fetch(db_of(tx), st, growth_row, out, err);
}

int
rows_growth_put(struct catalog_tx *tx, const struct catalog_growth *g, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_GROWTH_PUT, err);

	if (!st)
		return -1;
	bind_id(st, 1, &g->account);
	sqlite3_bind_int64(st, 2, g->day);
	bind_u64(st, 3, g->bytes);
	sqlite3_bind_int64(st, 4, g->recent_day);
	bind_u64(st, 5, g->recent_bytes);
	return row_execute(db_of(tx), st, err);
}

/* --- deliveries --- */

static int
give_delivery(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_delivery d = {
		.id = sqlite3_column_int64(st, 9),
		.channel = (enum alarm_channel)sqlite3_column_int(st, 10),
		.ended = sqlite3_column_int(st, 11),
		.tries = (uint32_t)sqlite3_column_int64(st, 12),
		.due_ms = sqlite3_column_int64(st, 13),
		.since_ms = sqlite3_column_int64(st, 14),
	};

	return alarm_row(&d.alarm, st) ? w->fn.delivery(w->ctx, &d, err) : row_damaged(st, err);
}

int
rows_deliveries(struct catalog_tx *tx, int64_t now_ms, catalog_delivery_fn *fn, void *ctx,
		struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DELIVERIES, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, now_ms);
	return row_walk(db_of(tx), st, give_delivery,
			(struct row_walk){ .fn.delivery = fn, .ctx = ctx }, err);
}

int
rows_delivery_put(struct catalog_tx *tx, int64_t id, uint32_t tries, int64_t due_ms,
		  struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DELIVERY_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, tries);
	sqlite3_bind_int64(st, 3, due_ms);
	return row_execute(db_of(tx), st, err);
}

int
rows_delivery_remove(struct catalog_tx *tx, int64_t id, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DELIVERY_DROP, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	return row_execute(db_of(tx), st, err);
}

int
rows_deliveries_count(struct catalog_tx *tx, uint64_t *n, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DELIVERY_COUNT, err);
	int64_t count = 0;

	if (!st || row_fetch(db_of(tx), st, number_row, &count, err) < 0)
		return -1;
	*n = (uint64_t)count;
	return 0;
}
