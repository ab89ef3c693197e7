/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_purge: operations that take away: dead objects, void batches, retired devices, accounts; and
 * samples of how full it is. */
#include "catalog/sqlite_rows.h"

/* --- objects --- */

static sqlite3_stmt *
start_named(struct catalog_tx *tx, enum statement s, const struct blob_name *name, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), s, err);

	if (st)
		bind_bytes(st, 1, name->bytes, sizeof name->bytes);
	return st;
}

int
rows_dead_add(struct catalog_tx *tx, const struct blob_name *name, int64_t due_ms, struct err *err)
{
	sqlite3_stmt *st = start_named(tx, S_DEAD_ADD, name, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 2, due_ms);
	return row_execute(db_of(tx), st, err);
}

static int
give_name(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	struct blob_name name;

	return column_bytes(st, 0, name.bytes, sizeof name.bytes) ? w->fn.name(w->ctx, &name, err)
								  : row_damaged(st, err);
}

int
rows_dead_due(struct catalog_tx *tx, const struct blob_name *after, unsigned max,
	      catalog_name_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_DEAD_DUE, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, rows_clock(tx));
	bind_bytes(st, 2, after ? after->bytes : NULL, after ? sizeof after->bytes : 0);
	sqlite3_bind_int64(st, 3, max);
	return row_walk(db_of(tx), st, give_name, (struct row_walk){ .fn.name = fn, .ctx = ctx },
			err);
}

int
rows_dead_remove(struct catalog_tx *tx, const struct blob_name *name, struct err *err)
{
	sqlite3_stmt *st = start_named(tx, S_DEAD_DROP, name, err);

	return st ? row_execute(db_of(tx), st, err) : -1;
}

int
rows_object_known(struct catalog_tx *tx, const struct blob_name *name, struct err *err)
{
	sqlite3_stmt *st = start_named(tx, S_OBJECT_KNOWN, name, err);

	return st ? row_fetch(db_of(tx), st, any_row, NULL, err) : -1;
}

/* --- devices --- */

/* A statement about a device: its row number, then these numbers. */
static sqlite3_stmt *
start_of(struct catalog_tx *tx, enum statement s, int64_t device, const int64_t *more, int n,
	 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), s, err);

	if (!st)
		return NULL;
	sqlite3_bind_int64(st, 1, device);
	for (int i = 0; i < n; i++)
		sqlite3_bind_int64(st, 2 + i, more[i]);
	return st;
}

static int
run_of(struct catalog_tx *tx, enum statement s, int64_t device, const int64_t *more, int n,
       struct err *err)
{
	sqlite3_stmt *st = start_of(tx, s, device, more, n, err);

	return st ? row_execute(db_of(tx), st, err) : -1;
}

static int
number_of(struct catalog_tx *tx, enum statement s, int64_t device, const int64_t *more, int n,
	  int64_t *out, struct err *err)
{
	sqlite3_stmt *st = start_of(tx, s, device, more, n, err);

	return st && row_fetch(db_of(tx), st, number_row, out, err) == 0 ? 0 : -1;
}

struct uncounted {
	int64_t bytes, uncommitted;
};

static bool
uncounted_row(void *out, sqlite3_stmt *st)
{
	struct uncounted *u = out;

	u->bytes = sqlite3_column_int64(st, 0);
	u->uncommitted = sqlite3_column_int64(st, 1);
	return true;
}

static int
uncounted_of(struct catalog_tx *tx, int64_t device, struct uncounted *out, struct err *err)
{
	sqlite3_stmt *st = start_of(tx, S_UNCOUNTED, device, NULL, 0, err);

	return st && row_fetch(db_of(tx), st, uncounted_row, out, err) == 0 ? 0 : -1;
}

static int
count_live(struct catalog_tx *tx, struct catalog_device *d, struct err *err)
{
	int64_t live;

	if (number_of(tx, S_LIVE_COUNT, d->row, NULL, 0, &live, err) < 0)
		return -1;
	d->live = (uint64_t)live;
	return 0;
}

int
rows_device_cut(struct catalog_tx *tx, struct catalog_device *d, uint64_t cut_seq,
		uint64_t *n_bytes, uint64_t *n_uncommitted, struct err *err)
{
	const int64_t cut = (int64_t)cut_seq, last = (int64_t)d->seq;
	struct uncounted before, after;
	int64_t frames;

	if (number_of(tx, S_CUT_BYTES, d->row, (int64_t[]){ cut, last }, 2, &frames, err) < 0 ||
	    uncounted_of(tx, d->row, &before, err) < 0 ||
	    run_of(tx, S_CUT_CHUNKS, d->row, &cut, 1, err) < 0 ||
	    uncounted_of(tx, d->row, &after, err) < 0 ||
	    run_of(tx, S_CUT_REVIVE, d->row, &cut, 1, err) < 0 ||
	    run_of(tx, S_CUT_ITEMS, d->row, &cut, 1, err) < 0 ||
	    run_of(tx, S_CUT_GONE, d->row, &cut, 1, err) < 0 ||
	    run_of(tx, S_CUT_VOID, d->row, (int64_t[]){ cut, rows_clock(tx), last }, 3, err) < 0)
		return -1;
	*n_bytes = (uint64_t)(frames + after.bytes - before.bytes);
	*n_uncommitted = (uint64_t)(after.uncommitted - before.uncommitted);
	d->seq = cut_seq;
	return count_live(tx, d, err);
}

int
rows_device_empty(struct catalog_tx *tx, struct catalog_device *d, struct err *err)
{
	if (run_of(tx, S_EMPTY_END, d->row, &d->ended_ms, 1, err) < 0 ||
	    run_of(tx, S_EMPTY_HOLDS, d->row, NULL, 0, err) < 0 ||
	    run_of(tx, S_EMPTY_ITEMS, d->row, NULL, 0, err) < 0)
		return -1;
	return count_live(tx, d, err);
}

/* --- accounts --- */

static sqlite3_stmt *
start_account(struct catalog_tx *tx, enum statement s, const struct id16 *account, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), s, err);

	if (st)
		bind_id(st, 1, account);
	return st;
}

static int
run_account(struct catalog_tx *tx, enum statement s, const struct id16 *account, struct err *err)
{
	sqlite3_stmt *st = start_account(tx, s, account, err);

	return st ? row_execute(db_of(tx), st, err) : -1;
}

int
rows_account_remove(struct catalog_tx *tx, const struct id16 *account, struct err *err)
{
	return run_account(tx, S_ACCOUNT_REMOVE, account, err);
}

int
rows_accounts_removed(struct catalog_tx *tx, catalog_account_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_REMOVED, err);

	if (!st)
		return -1;
	return row_walk(db_of(tx), st, give_account,
			(struct row_walk){ .fn.account = fn, .ctx = ctx }, err);
}

/* What a device has, what names it before what is named. */
static const enum statement purges[] = {
	S_PURGE_CHUNKS,  S_PURGE_REFS,  S_PURGE_ENDED, S_PURGE_DAMAGED, S_PURGE_RECORDS,
	S_PURGE_BATCHES, S_PURGE_ITEMS, S_PURGE_NODES, S_PURGE_FOLDERS, S_PURGE_DEVICE,
};

/* Some rows of one kind; CATALOG_MORE as long as there are any. */
static int
purge_device(struct catalog_tx *tx, int64_t device, int64_t max, struct err *err)
{
	for (size_t i = 0; i < sizeof purges / sizeof purges[0]; i++) {
		if (purges[i] == S_PURGE_CHUNKS &&
		    run_of(tx, S_PURGE_DEAD, device, &max, 1, err) < 0)
			return -1;
		if (run_of(tx, purges[i], device, &max, 1, err) < 0)
			return -1;
		if (sqlite3_changes(db_of(tx)->sqlite))
			return CATALOG_MORE;
	}
	return 0;
}

int
rows_account_purge(struct catalog_tx *tx, const struct id16 *account, unsigned max, struct err *err)
{
	sqlite3_stmt *st = start_account(tx, S_DEVICES, account, err);
	int64_t device = 0;

	if (!st)
		return -1;
	int rc = row_fetch(db_of(tx), st, number_row, &device, err);
	if (rc == 0) {
		rc = purge_device(tx, device, max, err);
		return rc < 0 ? -1 : CATALOG_MORE; /* the next device's turn comes */
	}
	if (rc < 0 || run_account(tx, S_PURGE_LOG, account, err) < 0 ||
	    run_account(tx, S_PURGE_WRAPS, account, err) < 0 ||
	    run_account(tx, S_PURGE_DELIVERIES, account, err) < 0 ||
	    run_account(tx, S_PURGE_ALARMS, account, err) < 0 ||
	    run_account(tx, S_PURGE_RECIPIENT, account, err) < 0 ||
	    run_account(tx, S_PURGE_GROWTH, account, err) < 0 ||
	    rows_pairings_trim(tx, account, 0, err) < 0)
		return -1;
	return run_account(tx, S_PURGE_ACCOUNT, account, err);
}

/* --- room --- */

int
rows_compact(struct catalog_tx *tx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_COMPACT, err);
	int rc, pages = 0;

	if (!st)
		return -1;
	while ((rc = db_step(db_of(tx), st, err)) == 0)
		pages++; /* each page that it gives back is a row */
	return rc < 0 ? -1 : pages ? CATALOG_MORE : 0;
}

#define SAMPLE_DAYS 400

int
rows_sample_put(struct catalog_tx *tx, const struct catalog_sample *s, struct err *err)
{
	if (run_of(tx, S_SAMPLE_PUT, s->day, (int64_t[]){ (int64_t)s->bytes, (int64_t)s->free }, 2,
		   err) < 0)
		return -1;
	return run_of(tx, S_SAMPLES_DROP, s->day - SAMPLE_DAYS, NULL, 0, err);
}

static int
give_sample(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	const struct catalog_sample s = {
		.day = sqlite3_column_int64(st, 0),
		.bytes = column_u64(st, 1),
		.free = column_u64(st, 2),
	};

	return w->fn.sample(w->ctx, &s, err);
}

int
rows_samples(struct catalog_tx *tx, catalog_sample_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_SAMPLES, err);

	if (!st)
		return -1;
	return row_walk(db_of(tx), st, give_sample,
			(struct row_walk){ .fn.sample = fn, .ctx = ctx }, err);
}
