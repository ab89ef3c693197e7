/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_rows: see sqlite_rows.h. */
#include "catalog/sqlite_rows.h"

void
bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n)
{
	/* An empty span is an empty blob, not NULL.  Borrowed: each statement is reset before its
	 * caller returns. */
	sqlite3_bind_blob64(st, i, n ? p : "", n, SQLITE_STATIC);
}

void
bind_id(sqlite3_stmt *st, int i, const struct id16 *id)
{
	bind_bytes(st, i, id->b, sizeof id->b);
}

void
bind_hash(sqlite3_stmt *st, int i, const struct hash32 *h)
{
	bind_bytes(st, i, h->b, sizeof h->b);
}

void
bind_u64(sqlite3_stmt *st, int i, uint64_t v)
{
	sqlite3_bind_int64(st, i, (int64_t)v);
}

bool
column_bytes(sqlite3_stmt *st, int i, void *out, size_t n)
{
	const void *p = sqlite3_column_blob(st, i);

	if (!p || (size_t)sqlite3_column_bytes(st, i) != n)
		return false;
	memcpy(out, p, n);
	return true;
}

uint64_t
column_u64(sqlite3_stmt *st, int i)
{
	return (uint64_t)sqlite3_column_int64(st, i);
}

struct span
column_span(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);

	return span_of(p, p ? (size_t)sqlite3_column_bytes(st, i) : 0);
}

int
row_damaged(sqlite3_stmt *st, struct err *err)
{
	sqlite3_reset(st);
	return err_set(err, ERR_FORMAT, "the database is damaged: a column has a wrong size");
}

int
row_execute(struct db *db, sqlite3_stmt *st, struct err *err)
{
	int rc = db_step(db, st, err);

	return rc == CATALOG_ABSENT ? 0 : -1;
}

int
row_fetch(struct db *db, sqlite3_stmt *st, row_fn *row, void *out, struct err *err)
{
	int rc = db_step(db, st, err);

	if (rc)
		return rc;
	if (!row(out, st))
		return row_damaged(st, err);
	sqlite3_reset(st);
	return 0;
}

int
row_insert(struct db *db, sqlite3_stmt *st, struct err *err)
{
	if (row_execute(db, st, err) < 0)
		return -1;
	return sqlite3_changes(db->sqlite) ? 0 : CATALOG_EXISTS;
}

int
row_walk(struct db *db, sqlite3_stmt *st, row_give_fn *give, struct row_walk w, struct err *err)
{
	int rc;

	while ((rc = db_step(db, st, err)) == 0) {
		rc = give(&w, st, err);
		if (rc) {
			sqlite3_reset(st);
			return rc;
		}
	}
	return rc == CATALOG_ABSENT ? 0 : rc;
}

bool
hash_row(void *out, sqlite3_stmt *st)
{
	return column_bytes(st, 0, out, sizeof(struct hash32));
}

const struct catalog_ops catalog_sqlite_ops = {
	.scheme = "sqlite",
	.read = sqlite_read,
	.submit = sqlite_submit,
	.copy = sqlite_copy,
	.free = sqlite_free,
	.setting_get = rows_setting_get,
	.setting_put = rows_setting_put,
	.invitation_get = rows_invitation_get,
	.invitation_put = rows_invitation_put,
	.pairing_get = rows_pairing_get,
	.pairing_add = rows_pairing_add,
	.pairing_put = rows_pairing_put,
	.pairing_say = rows_pairing_say,
	.pairing_heard = rows_pairing_heard,
	.pairings_expire = rows_pairings_expire,
	.pairings_trim = rows_pairings_trim,
	.account_get = rows_account_get,
	.account_find = rows_account_find,
	.account_add = rows_account_add,
	.account_put = rows_account_put,
	.accounts = rows_accounts,
	.wraps_get = rows_wraps_get,
	.wraps_put = rows_wraps_put,
	.log_add = rows_log_add,
	.log_hash = rows_log_hash,
	.log_read = rows_log_read,
	.device_get = rows_device_get,
	.device_by_row = rows_device_by_row,
	.device_add = rows_device_add,
	.device_put = rows_device_put,
	.devices = rows_devices,
	.batch_get = rows_batch_get,
	.batch_prefix = rows_batch_prefix,
	.batch_add = rows_batch_add,
	.batches = rows_batches,
	.folder_row = rows_folder_row,
	.folder_add = rows_folder_add,
	.n_folders = rows_n_folders,
	.item_get = rows_item_get,
	.item_put = rows_item_put,
	.items = rows_items,
	.record_add = rows_record_add,
	.record_get = rows_record_get,
	.record_damaged = rows_record_damaged,
	.records_damaged = rows_records_damaged,
	.record_leaves = rows_record_leaves,
	.versions = rows_versions,
	.node_get = rows_node_get,
	.node_put = rows_node_put,
	.nodes_clear = rows_nodes_clear,
	.chunk_get = rows_chunk_get,
	.chunk_add = rows_chunk_add,
	.chunk_put = rows_chunk_put,
	.chunks = rows_chunks,
	.ref_add = rows_ref_add,
	.ref_find = rows_ref_find,
	.clock = rows_clock,
	.clock_keep = rows_clock_keep,
	.record_end = rows_record_end,
	.ended_due = rows_ended_due,
	.older_than = rows_older_than,
	.record_clear = rows_record_clear,
	.batches_empty = rows_batches_empty,
	.batch_remove = rows_batch_remove,
	.folders = rows_folders,
	.folder_put = rows_folder_put,
	.months_due = rows_months_due,
	.month_losing = rows_month_losing,
	.chunks_idle = rows_chunks_idle,
	.chunks_all = rows_chunks_all,
	.chunk_remove = rows_chunk_remove,
	.dead_add = rows_dead_add,
	.dead_due = rows_dead_due,
	.dead_remove = rows_dead_remove,
	.object_known = rows_object_known,
	.device_cut = rows_device_cut,
	.device_empty = rows_device_empty,
	.account_remove = rows_account_remove,
	.accounts_removed = rows_accounts_removed,
	.account_purge = rows_account_purge,
	.compact = rows_compact,
	.sample_put = rows_sample_put,
	.samples = rows_samples,
	.usage = rows_usage,
	.devices_worrying = rows_devices_worrying,
	.devices_grace = rows_devices_grace,
	.devices_held = rows_devices_held,
	.alarms = rows_alarms,
	.alarm_raise = rows_alarm_raise,
	.alarm_end = rows_alarm_end,
	.alarms_prune = rows_alarms_prune,
	.recipient_get = rows_recipient_get,
	.recipient_put = rows_recipient_put,
	.recipient_remove = rows_recipient_remove,
	.growth_get = rows_growth_get,
	.growth_put = rows_growth_put,
	.deliveries = rows_deliveries,
	.delivery_put = rows_delivery_put,
	.delivery_remove = rows_delivery_remove,
	.deliveries_count = rows_deliveries_count,
};
