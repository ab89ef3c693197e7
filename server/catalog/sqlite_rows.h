/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_rows: the operations of catalog_sqlite, and the shapes that they have.
 *
 * An operation starts its statement, binds, and executes, fetches, inserts or walks.  What each does
 * and returns stands at its member of struct catalog_ops.  Every statement that gives a row is
 * stepped until it says that there is none, or reset: no statement is left open.  A column of an
 * unexpected size is ERR_FORMAT: the file is damaged.
 */
#ifndef CATALOG_SQLITE_ROWS_H
#define CATALOG_SQLITE_ROWS_H

#include "catalog/sqlite_internal.h"
#include "format/batch.h"
#include "format/log.h"

#define SEQ_MAX           INT64_MAX
#define RECORD_INDEX_MASK ((1u << RECORD_ROW_BITS) - 1)

/* Binding the parameter @i. */
void bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n);
void bind_id(sqlite3_stmt *st, int i, const struct id16 *id);
void bind_hash(sqlite3_stmt *st, int i, const struct hash32 *h);
void bind_u64(sqlite3_stmt *st, int i, uint64_t v);

/** The column @i, which must have @n bytes.  False: it has not. */
bool column_bytes(sqlite3_stmt *st, int i, void *out, size_t n);
uint64_t column_u64(sqlite3_stmt *st, int i);
/** Borrowed until the next step. */
struct span column_span(sqlite3_stmt *st, int i);
/** ERR_FORMAT: a column has a wrong size.  The statement is reset.  Always -1. */
int row_damaged(sqlite3_stmt *st, struct err *err);

/** Run a statement that gives no row.  0 or -1. */
int row_execute(struct db *db, sqlite3_stmt *st, struct err *err);

/* Take a row apart.  False: a column has a wrong size. */
typedef bool row_fn(void *out, sqlite3_stmt *st);

/** Row_fns: the first column is a hash; a number; anything. */
bool hash_row(void *out, sqlite3_stmt *st);
bool number_row(void *out, sqlite3_stmt *st);
bool any_row(void *out, sqlite3_stmt *st);
bool batch_row(void *out, sqlite3_stmt *st);
bool chunk_row(void *out, sqlite3_stmt *st);

/** One row or none.  0, CATALOG_ABSENT or -1. */
int row_fetch(struct db *db, sqlite3_stmt *st, row_fn *row, void *out, struct err *err);

/** Whether an INSERT … ON CONFLICT DO NOTHING did something.  0, CATALOG_EXISTS or -1. */
int row_insert(struct db *db, sqlite3_stmt *st, struct err *err);

/* Who is given the rows of a walk. */
struct row_walk {
	union {
		catalog_account_fn *account;
		catalog_device_fn *device;
		catalog_batch_fn *batch;
		catalog_item_fn *item;
		catalog_version_fn *version;
		catalog_chunk_fn *chunk;
		catalog_bytes_fn *bytes;
		catalog_ended_fn *ended;
		catalog_folder_fn *folder;
		catalog_month_fn *month;
		catalog_name_fn *name;
		catalog_located_fn *located;
		catalog_sample_fn *sample;
		catalog_alarm_fn *alarm;
		catalog_delivery_fn *delivery;
	} fn;
	void *ctx;
};

/* Take one row apart and give it. */
typedef int row_give_fn(const struct row_walk *w, sqlite3_stmt *st, struct err *err);

row_give_fn give_account, give_batch, give_chunk, give_device;

/** Every row.  0, -1, or what a give returned. */
int
row_walk(struct db *db, sqlite3_stmt *st, row_give_fn *give, struct row_walk w, struct err *err);

/** The row number of a batch's record. */
static inline int64_t
record_row(const struct catalog_batch *b, uint32_t index)
{
	return (b->row << RECORD_ROW_BITS) + index;
}

/* sqlite_accounts.c */
int rows_setting_get(struct catalog_tx *tx, const char *name, struct buf *out, struct err *err);
int rows_setting_put(struct catalog_tx *tx, const char *name, struct span value, struct err *err);
int rows_invitation_get(struct catalog_tx *tx, struct catalog_invitation *out,
			const struct hash32 *hash, struct err *err);
int
rows_invitation_put(struct catalog_tx *tx, const struct catalog_invitation *inv, struct err *err);
int rows_account_get(struct catalog_tx *tx, struct catalog_account *out, const struct id16 *account,
		     struct err *err);
int rows_account_find(struct catalog_tx *tx, struct catalog_account *out, const struct id16 *find,
		      struct err *err);
int rows_account_add(struct catalog_tx *tx, const struct catalog_account *a, struct err *err);
int rows_account_put(struct catalog_tx *tx, const struct catalog_account *a, struct err *err);
int rows_accounts(struct catalog_tx *tx, catalog_account_fn *fn, void *ctx, struct err *err);
int rows_wraps_get(struct catalog_tx *tx, const struct id16 *account, struct buf *passphrase,
		   struct buf *recovery, struct err *err);
int rows_wraps_put(struct catalog_tx *tx, const struct id16 *account, struct span passphrase,
		   struct span recovery, struct err *err);
int rows_log_add(struct catalog_tx *tx, const struct id16 *account, uint64_t index,
		 const struct hash32 *hash, struct span entry, struct err *err);
int rows_log_hash(struct catalog_tx *tx, const struct id16 *account, uint64_t index,
		  struct hash32 *hash, struct err *err);
int rows_log_read(struct catalog_tx *tx, const struct id16 *account, uint64_t from,
		  catalog_bytes_fn *fn, void *ctx, struct err *err);
int rows_device_get(struct catalog_tx *tx, struct catalog_device *out, const struct id16 *account,
		    const struct id16 *device, struct err *err);
int
rows_device_by_row(struct catalog_tx *tx, struct catalog_device *out, int64_t row, struct err *err);
int rows_device_add(struct catalog_tx *tx, struct catalog_device *d, struct err *err);
int rows_device_put(struct catalog_tx *tx, const struct catalog_device *d, struct err *err);
int rows_devices(struct catalog_tx *tx, const struct id16 *account, catalog_device_fn *fn,
		 void *ctx, struct err *err);

/* sqlite_batches.c */
int rows_batch_get(struct catalog_tx *tx, struct catalog_batch *out, int64_t device_row_number,
		   uint64_t seq, struct err *err);
int rows_batch_prefix(struct catalog_tx *tx, int64_t device, uint64_t seq, struct buf *out,
		      struct err *err);
int rows_batch_add(struct catalog_tx *tx, int64_t device, struct catalog_batch *b,
		   struct span prefix, struct err *err);
int rows_batches(struct catalog_tx *tx, int64_t device, uint64_t from_seq, catalog_batch_fn *fn,
		 void *ctx, struct err *err);
int rows_folder_row(struct catalog_tx *tx, int64_t device, const struct id16 *folder, int64_t *row,
		    struct err *err);
int rows_folder_add(struct catalog_tx *tx, int64_t device, const struct id16 *folder, int64_t *row,
		    struct err *err);
int rows_n_folders(struct catalog_tx *tx, int64_t device, uint64_t *n, struct err *err);
int rows_item_get(struct catalog_tx *tx, struct catalog_item *out, int64_t device, int64_t folder,
		  const struct id16 *item, struct err *err);
int rows_item_put(struct catalog_tx *tx, int64_t device, int64_t folder,
		  const struct catalog_item *i, struct err *err);
int rows_items(struct catalog_tx *tx, int64_t device, const struct id16 *low,
	       const struct id16 *high, catalog_item_fn *fn, void *ctx, struct err *err);
int rows_record_add(struct catalog_tx *tx, const struct catalog_batch *b, int64_t folder,
		    const struct catalog_version *v, struct span frame, struct err *err);
int rows_record_damaged(struct catalog_tx *tx, int64_t device, uint64_t seq, uint32_t index,
			struct err *err);
int rows_records_damaged(struct catalog_tx *tx, int64_t device, catalog_item_fn *fn, void *ctx,
			 struct err *err);
int rows_record_get(struct catalog_tx *tx, int64_t device, uint64_t seq, uint32_t index,
		    struct catalog_version *out, struct buf *frame, struct err *err);
int rows_record_leaves(struct catalog_tx *tx, const struct catalog_batch *b, catalog_bytes_fn *fn,
		       void *ctx, struct err *err);
int rows_versions(struct catalog_tx *tx, int64_t device, int64_t folder, const struct id16 *item,
		  catalog_version_fn *fn, void *ctx, struct err *err);
int rows_node_get(struct catalog_tx *tx, int64_t device, uint64_t node, struct hash32 *hash,
		  struct err *err);
int rows_node_put(struct catalog_tx *tx, int64_t device, uint64_t node, const struct hash32 *hash,
		  struct err *err);
int rows_nodes_clear(struct catalog_tx *tx, int64_t device, struct err *err);

/* sqlite_chunks.c */
int rows_chunk_get(struct catalog_tx *tx, struct catalog_chunk *out, int64_t device,
		   const struct hash32 *cid, struct err *err);
int rows_chunk_add(struct catalog_tx *tx, int64_t device, const struct catalog_chunk *c,
		   struct err *err);
int rows_chunk_put(struct catalog_tx *tx, int64_t device, const struct catalog_chunk *c,
		   struct err *err);
int rows_chunks(struct catalog_tx *tx, int64_t device, const struct hash32 *after_cid,
		catalog_chunk_fn *fn, void *ctx, struct err *err);
int rows_ref_add(struct catalog_tx *tx, int64_t owner, const struct hash32 *cid,
		 const struct catalog_batch *b, uint32_t index, struct err *err);
int rows_ref_find(struct catalog_tx *tx, int64_t owner, const struct hash32 *cid, uint64_t max_seq,
		  struct err *err);

/* sqlite_keep.c */
int64_t rows_clock(struct catalog_tx *tx);
int rows_clock_keep(struct catalog_tx *tx, struct err *err);
int rows_record_end(struct catalog_tx *tx, int64_t device, uint64_t seq, uint32_t index,
		    struct err *err);
int rows_ended_due(struct catalog_tx *tx, const struct catalog_due *due, catalog_ended_fn *fn,
		   void *ctx, struct err *err);
int rows_older_than(struct catalog_tx *tx, const struct catalog_ended *e, struct err *err);
int rows_record_clear(struct catalog_tx *tx, int64_t record, const int64_t *owners, size_t n_owners,
		      uint64_t *n_bytes, struct err *err);
int
rows_batches_empty(struct catalog_tx *tx, const struct catalog_device *d, uint64_t after_seq,
		   int64_t from_ms, unsigned max, catalog_batch_fn *fn, void *ctx, struct err *err);
int rows_batch_remove(struct catalog_tx *tx, const struct catalog_batch *b, uint64_t *n_bytes,
		      struct err *err);
int rows_folders(struct catalog_tx *tx, int64_t device, catalog_folder_fn *fn, void *ctx,
		 struct err *err);
int rows_folder_put(struct catalog_tx *tx, const struct catalog_folder *f, struct err *err);
int rows_months_due(struct catalog_tx *tx, const struct catalog_due *due, catalog_month_fn *fn,
		    void *ctx, struct err *err);
int rows_month_losing(struct catalog_tx *tx, const struct catalog_due *due,
		      const struct catalog_month *m, uint64_t *losing, uint64_t *items,
		      struct err *err);
int
rows_chunks_idle(struct catalog_tx *tx, int64_t device, const struct hash32 *after_cid,
		 int64_t wanted_ms, unsigned max, catalog_chunk_fn *fn, void *ctx, struct err *err);
int
rows_chunk_remove(struct catalog_tx *tx, int64_t device, const struct hash32 *cid, struct err *err);

int rows_chunks_all(struct catalog_tx *tx, int64_t after_row, const struct hash32 *after_cid,
		    unsigned max, catalog_located_fn *fn, void *ctx, struct err *err);

/* sqlite_purge.c */
int
rows_dead_add(struct catalog_tx *tx, const struct blob_name *name, int64_t due_ms, struct err *err);
int rows_dead_due(struct catalog_tx *tx, const struct blob_name *after, unsigned max,
		  catalog_name_fn *fn, void *ctx, struct err *err);
int rows_dead_remove(struct catalog_tx *tx, const struct blob_name *name, struct err *err);
int rows_object_known(struct catalog_tx *tx, const struct blob_name *name, struct err *err);
int rows_device_cut(struct catalog_tx *tx, struct catalog_device *d, uint64_t cut_seq,
		    uint64_t *n_bytes, uint64_t *n_uncommitted, struct err *err);
int rows_device_empty(struct catalog_tx *tx, struct catalog_device *d, struct err *err);
int rows_account_remove(struct catalog_tx *tx, const struct id16 *account, struct err *err);
int
rows_accounts_removed(struct catalog_tx *tx, catalog_account_fn *fn, void *ctx, struct err *err);
int rows_account_purge(struct catalog_tx *tx, const struct id16 *account, unsigned max,
		       struct err *err);
int rows_compact(struct catalog_tx *tx, struct err *err);
int rows_sample_put(struct catalog_tx *tx, const struct catalog_sample *s, struct err *err);
int rows_samples(struct catalog_tx *tx, catalog_sample_fn *fn, void *ctx, struct err *err);

int rows_usage(struct catalog_tx *tx, struct catalog_usage *out, struct err *err);

/* sqlite_pairings.c */
int rows_pairing_get(struct catalog_tx *tx, struct catalog_pairing *out, const struct id16 *id,
		     struct err *err);
int rows_pairing_add(struct catalog_tx *tx, const struct catalog_pairing *p, struct err *err);
int rows_pairing_put(struct catalog_tx *tx, const struct catalog_pairing *p, struct err *err);
int rows_pairing_say(struct catalog_tx *tx, const struct id16 *id, unsigned side, uint32_t number,
		     struct span message, struct err *err);
int rows_pairing_heard(struct catalog_tx *tx, const struct id16 *id, unsigned side, uint32_t from,
		       catalog_bytes_fn *fn, void *ctx, struct err *err);
int rows_pairings_expire(struct catalog_tx *tx, int64_t now_ms, struct err *err);
int rows_pairings_trim(struct catalog_tx *tx, const struct id16 *account, unsigned keep,
		       struct err *err);

/* sqlite_alarms.c */
int rows_devices_worrying(struct catalog_tx *tx, catalog_device_fn *fn, void *ctx, struct err *err);
int rows_devices_grace(struct catalog_tx *tx, int64_t asleep_ms, int64_t max_ms, struct err *err);
int rows_devices_held(struct catalog_tx *tx, catalog_alarm_fn *fn, void *ctx, struct err *err);
int rows_alarms(struct catalog_tx *tx, const struct id16 *account, catalog_alarm_fn *fn, void *ctx,
		struct err *err);
int rows_alarm_raise(struct catalog_tx *tx, struct catalog_alarm *a, struct err *err);
int rows_alarm_end(struct catalog_tx *tx, int64_t id, int64_t at_unix_ms, struct err *err);
int rows_alarms_prune(struct catalog_tx *tx, struct err *err);
int rows_recipient_get(struct catalog_tx *tx, struct catalog_recipient *out,
		       const struct id16 *account, struct err *err);
int rows_recipient_put(struct catalog_tx *tx, const struct catalog_recipient *r, struct err *err);
int rows_recipient_remove(struct catalog_tx *tx, const struct id16 *account, struct err *err);
int rows_growth_get(struct catalog_tx *tx, struct catalog_growth *out, const struct id16 *account,
		    struct err *err);
int rows_growth_put(struct catalog_tx *tx, const struct catalog_growth *g, struct err *err);
int rows_deliveries(struct catalog_tx *tx, int64_t now_ms, catalog_delivery_fn *fn, void *ctx,
		    struct err *err);
int rows_delivery_put(struct catalog_tx *tx, int64_t id, uint32_t tries, int64_t due_ms,
		      struct err *err);
int rows_delivery_remove(struct catalog_tx *tx, int64_t id, struct err *err);
int rows_deliveries_count(struct catalog_tx *tx, uint64_t *n, struct err *err);

#endif
