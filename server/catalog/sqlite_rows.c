/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_sqlite: the operations on rows.
 *
 * Every statement that gives a row is stepped until it says that there is none, or reset: no
 * statement is left open.  A column of an unexpected size is ERR_FORMAT: the file is damaged.
 */
#include "catalog/sqlite_internal.h"
#include "format/batch.h"
#include "format/log.h"

#define SEQ_MAX           INT64_MAX
#define RECORD_INDEX_MASK ((1u << RECORD_ROW_BITS) - 1)

/* --- binding --- */

static void
bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n)
{
	/* An empty span is an empty blob, not NULL.  Borrowed: each statement is reset before its
	 * caller returns. */
	sqlite3_bind_blob64(st, i, n ? p : "", n, SQLITE_STATIC);
}

static void
bind_id(sqlite3_stmt *st, int i, const struct id16 *id)
{
	bind_bytes(st, i, id->b, sizeof id->b);
}

static void
bind_hash(sqlite3_stmt *st, int i, const struct hash32 *h)
{
	bind_bytes(st, i, h->b, sizeof h->b);
}

static void
bind_u64(sqlite3_stmt *st, int i, uint64_t v)
{
	sqlite3_bind_int64(st, i, (int64_t)v);
}

/* --- columns --- */

static bool
column_bytes(sqlite3_stmt *st, int i, void *out, size_t n)
{
	const void *p = sqlite3_column_blob(st, i);

	if (!p || (size_t)sqlite3_column_bytes(st, i) != n)
		return false;
	memcpy(out, p, n);
	return true;
}

static uint64_t
column_u64(sqlite3_stmt *st, int i)
{
	return (uint64_t)sqlite3_column_int64(st, i);
}

static struct span
column_span(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);

	return span_of(p, p ? (size_t)sqlite3_column_bytes(st, i) : 0);
}

static int
damaged_row(sqlite3_stmt *st, struct err *err)
{
	sqlite3_reset(st);
	return err_set(err, ERR_FORMAT, "the database is damaged: a column has a wrong size");
}

/* --- the shapes of operations --- */

/* Run a statement that gives no row.  0 or -1. */
static int
execute(struct db *db, sqlite3_stmt *st, struct err *err)
{
	int rc = db_step(db, st, err);

	return rc == CATALOG_ABSENT ? 0 : -1;
}

typedef bool row_fn(void *out, sqlite3_stmt *st);

/* One row or none.  0, CATALOG_ABSENT or -1. */
static int
fetch(struct db *db, sqlite3_stmt *st, row_fn *row, void *out, struct err *err)
{
	int rc = db_step(db, st, err);

	if (rc)
		return rc;
	if (!row(out, st))
		return damaged_row(st, err);
	sqlite3_reset(st);
	return 0;
}

/* Whether an INSERT … ON CONFLICT DO NOTHING did something.  0, CATALOG_EXISTS or -1. */
static int
insert(struct db *db, sqlite3_stmt *st, struct err *err)
{
	if (execute(db, st, err) < 0)
		return -1;
	return sqlite3_changes(db->sqlite) ? 0 : CATALOG_EXISTS;
}

/* Who is given the rows of a walk. */
struct walk {
	union {
		catalog_account_fn *account;
		catalog_device_fn *device;
		catalog_batch_fn *batch;
		catalog_item_fn *item;
		catalog_version_fn *version;
		catalog_chunk_fn *chunk;
		catalog_bytes_fn *bytes;
	} fn;
	void *ctx;
};

/* Take one row apart and give it. */
typedef int give_fn(const struct walk *w, sqlite3_stmt *st, struct err *err);

static int
walk(struct db *db, sqlite3_stmt *st, give_fn *give, struct walk w, struct err *err)
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

/* --- settings, invitations --- */

static int
setting_get(struct catalog_tx *tx, const char *name, struct buf *out, struct err *err)
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

static int
setting_put(struct catalog_tx *tx, const char *name, struct span value, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_SETTING_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	bind_bytes(st, 2, value.p, value.n);
	return execute(db_of(tx), st, err);
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

static int
invitation_get(struct catalog_tx *tx, struct catalog_invitation *out, const struct hash32 *hash,
	       struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_INVITATION_GET, err);

	if (!st)
		return -1;
	bind_hash(st, 1, hash);
	return fetch(db_of(tx), st, invitation_row, out, err);
}

static int
invitation_put(struct catalog_tx *tx, const struct catalog_invitation *inv, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_INVITATION_PUT, err);

	if (!st)
		return -1;
	bind_hash(st, 1, &inv->hash);
	bind_u64(st, 2, inv->quota_bytes);
	sqlite3_bind_int64(st, 3, inv->expires_unix_ms);
	if (inv->used)
		bind_id(st, 4, &inv->used_by);
	return execute(db_of(tx), st, err);
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
}

static int
account_get(struct catalog_tx *tx, struct catalog_account *out, const struct id16 *account,
	    struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	return fetch(db_of(tx), st, account_row, out, err);
}

static int
account_find(struct catalog_tx *tx, struct catalog_account *out, const struct id16 *find,
	     struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_FIND, err);

	if (!st)
		return -1;
	bind_id(st, 1, find);
	return fetch(db_of(tx), st, account_row, out, err);
}

static int
account_add(struct catalog_tx *tx, const struct catalog_account *a, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_ADD, err);

	if (!st)
		return -1;
	account_bind(st, a);
	return insert(db_of(tx), st, err);
}

static int
account_put(struct catalog_tx *tx, const struct catalog_account *a, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNT_PUT, err);

	if (!st)
		return -1;
	account_bind(st, a);
	return execute(db_of(tx), st, err);
}

static int
give_account(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_account row;

	return account_row(&row, st) ? w->fn.account(w->ctx, &row, err) : damaged_row(st, err);
}

static int
accounts(struct catalog_tx *tx, catalog_account_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ACCOUNTS, err);

	if (!st)
		return -1;
	return walk(db_of(tx), st, give_account, (struct walk){ .fn.account = fn, .ctx = ctx },
		    err);
}

static int
wraps_get(struct catalog_tx *tx, const struct id16 *account, struct buf *passphrase,
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

static int
wraps_put(struct catalog_tx *tx, const struct id16 *account, struct span passphrase,
	  struct span recovery, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_WRAPS_PUT, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_bytes(st, 2, passphrase.p, passphrase.n);
	bind_bytes(st, 3, recovery.p, recovery.n);
	return execute(db_of(tx), st, err);
}

/* --- account log --- */

static int
log_add(struct catalog_tx *tx, const struct id16 *account, uint64_t index,
	const struct hash32 *hash, struct span entry, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_LOG_ADD, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_u64(st, 2, index);
	bind_hash(st, 3, hash);
	bind_bytes(st, 4, entry.p, entry.n);
	return execute(db_of(tx), st, err);
}

static bool
hash_row(void *out, sqlite3_stmt *st)
{
	return column_bytes(st, 0, out, sizeof(struct hash32));
}

static int
log_hash(struct catalog_tx *tx, const struct id16 *account, uint64_t index, struct hash32 *hash,
	 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_LOG_HASH, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_u64(st, 2, index);
	return fetch(db_of(tx), st, hash_row, hash, err);
}

static int
give_entry(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	return w->fn.bytes(w->ctx, column_u64(st, 0), column_span(st, 1), err);
}

static int
log_read(struct catalog_tx *tx, const struct id16 *account, uint64_t from, catalog_bytes_fn *fn,
	 void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_LOG_READ, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_u64(st, 2, from > SEQ_MAX ? SEQ_MAX : from);
	return walk(db_of(tx), st, give_entry, (struct walk){ .fn.bytes = fn, .ctx = ctx }, err);
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
}

static int
device_get(struct catalog_tx *tx, struct catalog_device *out, const struct id16 *account,
	   const struct id16 *device, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	bind_id(st, 2, device);
	return fetch(db_of(tx), st, device_row, out, err);
}

static int
device_by_row(struct catalog_tx *tx, struct catalog_device *out, int64_t row, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_BY_ROW, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, row);
	return fetch(db_of(tx), st, device_row, out, err);
}

static int
device_add(struct catalog_tx *tx, struct catalog_device *d, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_ADD, err);

	if (!st)
		return -1;
	device_bind(st, d);
	int rc = insert(db_of(tx), st, err);
	if (rc == 0)
		d->row = sqlite3_last_insert_rowid(db_of(tx)->sqlite);
	return rc;
}

static int
device_put(struct catalog_tx *tx, const struct catalog_device *d, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICE_PUT, err);

	if (!st)
		return -1;
	device_bind(st, d);
	return execute(db_of(tx), st, err);
}

static int
give_device(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_device row;

	return device_row(&row, st) ? w->fn.device(w->ctx, &row, err) : damaged_row(st, err);
}

static int
devices(struct catalog_tx *tx, const struct id16 *account, catalog_device_fn *fn, void *ctx,
	struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEVICES, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	return walk(db_of(tx), st, give_device, (struct walk){ .fn.device = fn, .ctx = ctx }, err);
}

/* --- batches --- */

static bool
batch_row(void *out, sqlite3_stmt *st)
{
	struct catalog_batch *b = out;

	*b = (struct catalog_batch){
		.row = sqlite3_column_int64(st, 0),
		.seq = column_u64(st, 1),
		.n = (uint32_t)sqlite3_column_int64(st, 3),
		.received_unix_ms = sqlite3_column_int64(st, 4),
	};
	return column_bytes(st, 2, b->head.b, sizeof b->head.b);
}

static int
batch_get(struct catalog_tx *tx, struct catalog_batch *out, int64_t device_row_number, uint64_t seq,
	  struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCH_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device_row_number);
	bind_u64(st, 2, seq);
	return fetch(db_of(tx), st, batch_row, out, err);
}

static int
batch_prefix(struct catalog_tx *tx, int64_t device, uint64_t seq, struct buf *out, struct err *err)
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

static int
batch_add(struct catalog_tx *tx, int64_t device, struct catalog_batch *b, struct span prefix,
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
	if (execute(db_of(tx), st, err) < 0)
		return -1;
	b->row = sqlite3_last_insert_rowid(db_of(tx)->sqlite);
	return 0;
}

static int
give_batch(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_batch row;

	return batch_row(&row, st) ? w->fn.batch(w->ctx, &row, err) : damaged_row(st, err);
}

static int
batches(struct catalog_tx *tx, int64_t device, uint64_t from_seq, catalog_batch_fn *fn, void *ctx,
	struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_BATCHES, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, from_seq);
	return walk(db_of(tx), st, give_batch, (struct walk){ .fn.batch = fn, .ctx = ctx }, err);
}

/* --- folders --- */

static bool
number_row(void *out, sqlite3_stmt *st)
{
	*(int64_t *)out = sqlite3_column_int64(st, 0);
	return true;
}

static int
folder_row(struct catalog_tx *tx, int64_t device, const struct id16 *folder, int64_t *row,
	   struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_id(st, 2, folder);
	return fetch(db_of(tx), st, number_row, row, err);
}

static int
folder_add(struct catalog_tx *tx, int64_t device, const struct id16 *folder, int64_t *row,
	   struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_ADD, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_id(st, 2, folder);
	if (execute(db_of(tx), st, err) < 0)
		return -1;
	*row = sqlite3_last_insert_rowid(db_of(tx)->sqlite);
	return 0;
}

static int
n_folders(struct catalog_tx *tx, int64_t device, uint64_t *n, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_FOLDER_COUNT, err);
	int64_t count = 0;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	int rc = fetch(db_of(tx), st, number_row, &count, err);
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

static int
item_get(struct catalog_tx *tx, struct catalog_item *out, int64_t device, int64_t folder,
	 const struct id16 *item, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ITEM_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	sqlite3_bind_int64(st, 2, folder);
	bind_id(st, 3, item);
	return fetch(db_of(tx), st, item_row, out, err);
}

static int
item_put(struct catalog_tx *tx, int64_t device, int64_t folder, const struct catalog_item *i,
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
	return execute(db_of(tx), st, err);
}

static int
give_item(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_item row;

	return item_row(&row, st) ? w->fn.item(w->ctx, &row, err) : damaged_row(st, err);
}

static int
items(struct catalog_tx *tx, int64_t device, const struct id16 *low, const struct id16 *high,
      catalog_item_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_ITEMS, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_id(st, 2, low);
	bind_id(st, 3, high);
	return walk(db_of(tx), st, give_item, (struct walk){ .fn.item = fn, .ctx = ctx }, err);
}

/* --- records --- */

static int64_t
record_row(const struct catalog_batch *b, uint32_t index)
{
	return (b->row << RECORD_ROW_BITS) + index;
}

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

static int
record_add(struct catalog_tx *tx, const struct catalog_batch *b, int64_t folder,
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
	return execute(db_of(tx), st, err);
}

static int
record_get(struct catalog_tx *tx, int64_t device, uint64_t seq, uint32_t index,
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
		return damaged_row(st, err);
	if (sqlite3_column_type(st, 8) == SQLITE_NULL)
		rc = CATALOG_ABSENT;
	else if (frame)
		rc = buf_append(frame, column_span(st, 8), err);
	sqlite3_reset(st);
	return rc;
}

static int
give_leaf(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	return w->fn.bytes(w->ctx, column_u64(st, 0) & RECORD_INDEX_MASK, column_span(st, 1), err);
}

static int
record_leaves(struct catalog_tx *tx, const struct catalog_batch *b, catalog_bytes_fn *fn, void *ctx,
	      struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_RECORD_LEAVES, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, b->row);
	return walk(db_of(tx), st, give_leaf, (struct walk){ .fn.bytes = fn, .ctx = ctx }, err);
}

static int
give_version(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_version row;

	return version_row(&row, st) ? w->fn.version(w->ctx, &row, err) : damaged_row(st, err);
}

static int
versions(struct catalog_tx *tx, int64_t device, int64_t folder, const struct id16 *item,
	 catalog_version_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), item ? S_VERSIONS_OF : S_VERSIONS, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, folder);
	sqlite3_bind_int64(st, 2, device);
	if (item)
		bind_id(st, 3, item);
	return walk(db_of(tx), st, give_version, (struct walk){ .fn.version = fn, .ctx = ctx },
		    err);
}

/* --- state nodes --- */

static int
node_get(struct catalog_tx *tx, int64_t device, uint64_t node, struct hash32 *hash, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_NODE_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, node);
	return fetch(db_of(tx), st, hash_row, hash, err);
}

static int
node_put(struct catalog_tx *tx, int64_t device, uint64_t node, const struct hash32 *hash,
	 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_NODE_PUT, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_u64(st, 2, node);
	bind_hash(st, 3, hash);
	return execute(db_of(tx), st, err);
}

static int
nodes_clear(struct catalog_tx *tx, int64_t device, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_NODES_CLEAR, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	return execute(db_of(tx), st, err);
}

/* --- chunks --- */

static bool
chunk_row(void *out, sqlite3_stmt *st)
{
	struct catalog_chunk *c = out;

	*c = (struct catalog_chunk){
		.object.size = column_u64(st, 2),
		.wanted_unix_ms = sqlite3_column_int64(st, 4),
		.committed = sqlite3_column_int(st, 5),
		.damaged = sqlite3_column_int(st, 6),
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
	sqlite3_bind_int64(st, 6, c->wanted_unix_ms);
	sqlite3_bind_int(st, 7, c->committed);
	sqlite3_bind_int(st, 8, c->damaged);
}

static int
chunk_get(struct catalog_tx *tx, struct catalog_chunk *out, int64_t device,
	  const struct hash32 *cid, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNK_GET, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_hash(st, 2, cid);
	return fetch(db_of(tx), st, chunk_row, out, err);
}

static int
chunk_add(struct catalog_tx *tx, int64_t device, const struct catalog_chunk *c, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNK_ADD, err);

	if (!st)
		return -1;
	chunk_bind(st, device, c);
	return insert(db_of(tx), st, err);
}

static int
chunk_put(struct catalog_tx *tx, int64_t device, const struct catalog_chunk *c, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNK_PUT, err);

	if (!st)
		return -1;
	chunk_bind(st, device, c);
	return execute(db_of(tx), st, err);
}

static int
give_chunk(const struct walk *w, sqlite3_stmt *st, struct err *err)
{
	struct catalog_chunk row;

	return chunk_row(&row, st) ? w->fn.chunk(w->ctx, &row, err) : damaged_row(st, err);
}

static int
chunks(struct catalog_tx *tx, int64_t device, const struct hash32 *after_cid, catalog_chunk_fn *fn,
       void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_CHUNKS, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, device);
	bind_bytes(st, 2, after_cid ? after_cid->b : NULL, after_cid ? sizeof after_cid->b : 0);
	return walk(db_of(tx), st, give_chunk, (struct walk){ .fn.chunk = fn, .ctx = ctx }, err);
}

static int
ref_add(struct catalog_tx *tx, int64_t owner, const struct hash32 *cid,
	const struct catalog_batch *b, uint32_t index, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_REF_ADD, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, owner);
	bind_hash(st, 2, cid);
	sqlite3_bind_int64(st, 3, record_row(b, index));
	return execute(db_of(tx), st, err);
}

static bool
any_row(void *out, sqlite3_stmt *st)
{
	(void)out, (void)st;
	return true;
}

static int
ref_find(struct catalog_tx *tx, int64_t owner, const struct hash32 *cid, uint64_t max_seq,
	 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_REF_FIND, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, owner);
	bind_hash(st, 2, cid);
	bind_u64(st, 3, max_seq);
	return fetch(db_of(tx), st, any_row, NULL, err);
}

static int
dead_add(struct catalog_tx *tx, const struct blob_name *name, int64_t since_unix_ms,
	 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEAD_ADD, err);

	if (!st)
		return -1;
	bind_bytes(st, 1, name->bytes, sizeof name->bytes);
	sqlite3_bind_int64(st, 2, since_unix_ms);
	return execute(db_of(tx), st, err);
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

static int
usage(struct catalog_tx *tx, struct catalog_usage *out, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_USAGE, err);

	return st ? fetch(db_of(tx), st, usage_row, out, err) : -1;
}

const struct catalog_ops catalog_sqlite_ops = {
	.scheme = "sqlite",
	.read = sqlite_read,
	.submit = sqlite_submit,
	.free = sqlite_free,
	.setting_get = setting_get,
	.setting_put = setting_put,
	.invitation_get = invitation_get,
	.invitation_put = invitation_put,
	.account_get = account_get,
	.account_find = account_find,
	.account_add = account_add,
	.account_put = account_put,
	.accounts = accounts,
	.wraps_get = wraps_get,
	.wraps_put = wraps_put,
	.log_add = log_add,
	.log_hash = log_hash,
	.log_read = log_read,
	.device_get = device_get,
	.device_by_row = device_by_row,
	.device_add = device_add,
	.device_put = device_put,
	.devices = devices,
	.batch_get = batch_get,
	.batch_prefix = batch_prefix,
	.batch_add = batch_add,
	.batches = batches,
	.folder_row = folder_row,
	.folder_add = folder_add,
	.n_folders = n_folders,
	.item_get = item_get,
	.item_put = item_put,
	.items = items,
	.record_add = record_add,
	.record_get = record_get,
	.record_leaves = record_leaves,
	.versions = versions,
	.node_get = node_get,
	.node_put = node_put,
	.nodes_clear = nodes_clear,
	.chunk_get = chunk_get,
	.chunk_add = chunk_add,
	.chunk_put = chunk_put,
	.chunks = chunks,
	.ref_add = ref_add,
	.ref_find = ref_find,
	.dead_add = dead_add,
	.usage = usage,
};
