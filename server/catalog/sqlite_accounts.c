/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_accounts: operations on settings, invitations, accounts with their wraps and logs, devices. */
#include "catalog/sqlite_rows.h"

/* --- settings, invitations --- */

int
rows_setting_get(struct catalog_tx *tx, const char *name, struct buf *out, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_SETTING_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	int rc = db_step(db_of(tx), st, err);
	if (rc)
		return rc;
	rc = buf_append(out, column_span(st, 0), err);
	sqlite3_reset(st);
	return rc;
}

int
rows_setting_put(struct catalog_tx *tx, const char *name, struct span value, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_SETTING_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	bind_bytes(st, 2, value.p, value.n);
	return row_execute(db_of(tx), st, err);
}

static bool
invitation_row(void *out, sqlite3_stmt *st)
{
	struct catalog_invitation *inv = out;

	*inv = (struct catalog_invitation){
		.quota_bytes = column_u64(st, 1),
		.expires_unix_ms = sqlite3_column_int64(st, 2),
		.used = sqlite3_column_type(st, 3) != SQLITE_NULL,
	};
	return column_bytes(st, 0, inv->hash.b, sizeof inv->hash.b) &&
	       (!inv->used || column_bytes(st, 3, inv->used_by.b, sizeof inv->used_by.b));
}

int
rows_invitation_get(struct catalog_tx *tx, struct catalog_invitation *out,
		    const struct hash32 *hash, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_INVITATION_GET, err);

	if (!st)
		return -1;
	bind_hash(st, 1, hash);
	return row_fetch(db_of(tx), st, invitation_row, out, err);
}

int
rows_invitation_put(struct catalog_tx *tx, const struct catalog_invitation *inv, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_INVITATION_PUT, err);

	if (!st)
		return -1;
	bind_hash(st, 1, &inv->hash);
	bind_u64(st, 2, inv->quota_bytes);
	sqlite3_bind_int64(st, 3, inv->expires_unix_ms);
	if (inv->used)
		bind_id(st, 4, &inv->used_by);
	return row_execute(db_of(tx), st, err);
}

/* --- accounts --- */

static bool
account_row(void *out, sqlite3_stmt *st)
{
	struct catalog_account *a = out;

	*a = (struct catalog_account){
		.suspended = sqlite3_column_int(st, 1),
		.quota_bytes = column_u64(st, 2),
		.used_bytes = column_u64(st, 3),
		.uncommitted_bytes = column_u64(st, 4),
		.created_unix_ms = sqlite3_column_int64(st, 5),
		.epoch = column_u64(st, 6),
		.log_length = column_u64(st, 7),
		.retention_days = (uint32_t)column_u64(st, 13),
		.next_days = (uint32_t)column_u64(st, 14),
		.next_at_ms = sqlite3_column_int64(st, 15),
		.lift_from_ms = sqlite3_column_int64(st, 16),
		.lift_at_ms = sqlite3_column_int64(st, 17),
		.delete_at_ms = sqlite3_column_int64(st, 18),
	};
	return column_bytes(st, 0, a->account.b, sizeof a->account.b) &&
	       column_bytes(st, 8, a->log_head.b, sizeof a->log_head.b) &&
	       column_bytes(st, 9, a->ask, sizeof a->ask) &&
	       column_bytes(st, 10, a->passphrase_key, sizeof a->passphrase_key) &&
	       column_bytes(st, 11, a->recovery_key, sizeof a->recovery_key) &&
	       column_bytes(st, 12, a->recovery_find.b, sizeof a->recovery_find.b);
}

static void
account_bind(sqlite3_stmt *st, const struct catalog_account *a)
{
	bind_id(st, 1, &a->account);
	sqlite3_bind_int(st, 2, a->suspended);
	bind_u64(st, 3, a->quota_bytes);
	bind_u64(st, 4, a->used_bytes);
	bind_u64(st, 5, a->uncommitted_bytes);
	sqlite3_bind_int64(st, 6, a->created_unix_ms);
	bind_u64(st, 7, a->epoch);
	bind_u64(st, 8, a->log_length);
	bind_hash(st, 9, &a->log_head);
	bind_bytes(st, 10, a->ask, sizeof a->ask);
	bind_bytes(st, 11, a->passphrase_key, sizeof a->passphrase_key);
	bind_bytes(st, 12, a->recovery_key, sizeof a->recovery_key);
	bind_id(st, 13, &a->recovery_find);
	bind_u64(st, 14, a->retention_days);
	bind_u64(st, 15, a->next_days);
	sqlite3_bind_int64(st, 16, a->next_at_ms);
	sqlite3_bind_int64(st, 17, a->lift_from_ms);
	sqlite3_bind_int64(st, 18, a->lift_at_ms);
	sqlite3_bind_int64(st, 19, a->delete_at_ms);
}

int
rows_account_get(struct catalog_tx *tx, struct catalog_account *out, const struct id16 *account,
		 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	return row_fetch(db_of(tx), st, account_row, out, err);
}

int
rows_account_find(struct catalog_tx *tx, struct catalog_account *out, const struct id16 *find,
		  struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_FIND, err);

	if (!st)
		return -1;
	bind_id(st, 1, find);
	return row_fetch(db_of(tx), st, account_row, out, err);
}

int
rows_account_add(struct catalog_tx *tx, const struct catalog_account *a, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_ADD, err);

	if (!st)
		return -1;
	account_bind(st, a);
	return row_insert(db_of(tx), st, err);
}

int
rows_account_put(struct catalog_tx *tx, const struct catalog_account *a, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_PUT, err);

	if (!st)
		return -1;
	account_bind(st, a);
	return row_execute(db_of(tx), st, err);
}

int
give_account(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_account row;

	return account_row(&row, st) ? w->fn.account(w->ctx, &row, err) : row_damaged(st, err);
}

int
rows_accounts(struct catalog_tx *tx, catalog_account_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNTS, err);

	if (!st)
		return -1;
	return row_walk(db_of(tx), st, give_account,
			(struct row_walk){ .fn.account = fn, .ctx = ctx }, err);
}

int
rows_wraps_get(struct catalog_tx *tx, const struct id16 *account, struct buf *passphrase,
	       struct buf *recovery, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_WRAPS_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	int rc = db_step(db_of(tx), st, err);
	if (rc)
		return rc;
	rc = buf_append(passphrase, column_span(st, 0), err);
	if (rc == 0)
		rc = buf_append(recovery, column_span(st, 1), err);
	sqlite3_reset(st);
	return rc;
}

int
rows_wraps_put(struct catalog_tx *tx, const struct id16 *account, struct span passphrase,
	       struct span recovery, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_WRAPS_PUT, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_bytes(st, 2, passphrase.p, passphrase.n);
	bind_bytes(st, 3, recovery.p, recovery.n);
	return row_execute(db_of(tx), st, err);
}

/* --- account log --- */

int
rows_log_add(struct catalog_tx *tx, const struct id16 *account, uint64_t index,
	     const struct hash32 *hash, struct span entry, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_LOG_ADD, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_u64(st, 2, index);
	bind_hash(st, 3, hash);
	bind_bytes(st, 4, entry.p, entry.n);
	return row_execute(db_of(tx), st, err);
}

int
rows_log_hash(struct catalog_tx *tx, const struct id16 *account, uint64_t index,
	      struct hash32 *hash, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_LOG_HASH, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_u64(st, 2, index);
	return row_fetch(db_of(tx), st, hash_row, hash, err);
}

static int
give_entry(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	return w->fn.bytes(w->ctx, column_u64(st, 0), column_span(st, 1), err);
}

int
rows_log_read(struct catalog_tx *tx, const struct id16 *account, uint64_t from,
	      catalog_bytes_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_LOG_READ, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_u64(st, 2, from > SEQ_MAX ? SEQ_MAX : from);
	return row_walk(db_of(tx), st, give_entry, (struct row_walk){ .fn.bytes = fn, .ctx = ctx },
			err);
}

/* --- devices --- */

static bool
device_row(void *out, sqlite3_stmt *st)
{
	struct catalog_device *d = out;

	*d = (struct catalog_device){
		.row = sqlite3_column_int64(st, 0),
		.state = (enum device_state)sqlite3_column_int(st, 3),
		.suspended = sqlite3_column_int(st, 4),
		.added_unix_ms = sqlite3_column_int64(st, 6),
		.seq = column_u64(st, 7),
		.client_unix_ms = sqlite3_column_int64(st, 9),
		.seen_unix_ms = sqlite3_column_int64(st, 10),
		.live = column_u64(st, 11),
		.replaces_row = sqlite3_column_int64(st, 12),
		.cut_seq = column_u64(st, 13),
		.day = sqlite3_column_int64(st, 14),
		.day_bytes = column_u64(st, 15),
		.ended_ms = sqlite3_column_int64(st, 16),
		.came_ms = sqlite3_column_int64(st, 17),
		.period_ms = sqlite3_column_int64(st, 18),
		.grace_ms = sqlite3_column_int64(st, 19),
		.drill = (uint8_t)sqlite3_column_int(st, 20),
		.drill_unix_ms = sqlite3_column_int64(st, 21),
		.drill_day = sqlite3_column_int64(st, 22),
		.drills = (uint32_t)sqlite3_column_int64(st, 23),
	};
	return column_bytes(st, 1, d->account.b, sizeof d->account.b) &&
	       column_bytes(st, 2, d->device.b, sizeof d->device.b) &&
	       column_bytes(st, 5, d->key, sizeof d->key) &&
	       column_bytes(st, 8, d->head.b, sizeof d->head.b);
}

static void
device_bind(sqlite3_stmt *st, const struct catalog_device *d)
{
	sqlite3_bind_int64(st, 1, d->row);
	bind_id(st, 2, &d->account);
	bind_id(st, 3, &d->device);
	sqlite3_bind_int(st, 4, (int)d->state);
	sqlite3_bind_int(st, 5, d->suspended);
	bind_bytes(st, 6, d->key, sizeof d->key);
	sqlite3_bind_int64(st, 7, d->added_unix_ms);
	bind_u64(st, 8, d->seq);
	bind_hash(st, 9, &d->head);
	sqlite3_bind_int64(st, 10, d->client_unix_ms);
	sqlite3_bind_int64(st, 11, d->seen_unix_ms);
	bind_u64(st, 12, d->live);
	sqlite3_bind_int64(st, 13, d->replaces_row);
	bind_u64(st, 14, d->cut_seq);
	sqlite3_bind_int64(st, 15, d->day);
	bind_u64(st, 16, d->day_bytes);
	sqlite3_bind_int64(st, 17, d->ended_ms);
	sqlite3_bind_int64(st, 18, d->came_ms);
	sqlite3_bind_int64(st, 19, d->period_ms);
	sqlite3_bind_int64(st, 20, d->grace_ms);
	sqlite3_bind_int(st, 21, d->drill);
	sqlite3_bind_int64(st, 22, d->drill_unix_ms);
	sqlite3_bind_int64(st, 23, d->drill_day);
	sqlite3_bind_int64(st, 24, d->drills);
}

int
rows_device_get(struct catalog_tx *tx, struct catalog_device *out, const struct id16 *account,
		const struct id16 *device, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_id(st, 2, device);
	return row_fetch(db_of(tx), st, device_row, out, err);
}

int
rows_device_by_row(struct catalog_tx *tx, struct catalog_device *out, int64_t row, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_BY_ROW, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, row);
	return row_fetch(db_of(tx), st, device_row, out, err);
}

int
rows_device_add(struct catalog_tx *tx, struct catalog_device *d, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_ADD, err);

	if (!st)
		return -1;
	device_bind(st, d);
	int rc = row_insert(db_of(tx), st, err);
	if (rc == 0)
		d->row = sqlite3_last_insert_rowid(db_of(tx)->sqlite);
	return rc;
}

int
rows_device_put(struct catalog_tx *tx, const struct catalog_device *d, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_PUT, err);

	if (!st)
		return -1;
	device_bind(st, d);
	return row_execute(db_of(tx), st, err);
}

int
give_device(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_device row;

	return device_row(&row, st) ? w->fn.device(w->ctx, &row, err) : row_damaged(st, err);
}

int
rows_devices(struct catalog_tx *tx, const struct id16 *account, catalog_device_fn *fn, void *ctx,
	     struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICES, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	return row_walk(db_of(tx), st, give_device,
			(struct row_walk){ .fn.device = fn, .ctx = ctx }, err);
}
