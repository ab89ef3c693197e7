/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_pairings: operations on pairings: a handful of small rows that live for minutes. */
#include "catalog/sqlite_rows.h"

static bool
pairing_row(void *out, sqlite3_stmt *st)
{
	struct catalog_pairing *p = out;

	*p = (struct catalog_pairing){
		.expires_ms = sqlite3_column_int64(st, 2),
		.n_said = { (uint32_t)sqlite3_column_int64(st, 3),
			    (uint32_t)sqlite3_column_int64(st, 4) },
		.over = sqlite3_column_int(st, 5),
	};
	return column_bytes(st, 0, p->id.b, sizeof p->id.b) &&
	       column_bytes(st, 1, p->account.b, sizeof p->account.b);
}

static void
pairing_bind(sqlite3_stmt *st, const struct catalog_pairing *p)
{
	bind_id(st, 1, &p->id);
	bind_id(st, 2, &p->account);
	sqlite3_bind_int64(st, 3, p->expires_ms);
	sqlite3_bind_int64(st, 4, p->n_said[0]);
	sqlite3_bind_int64(st, 5, p->n_said[1]);
	sqlite3_bind_int(st, 6, p->over);
}

int
rows_pairing_get(struct catalog_tx *tx, struct catalog_pairing *out, const struct id16 *id,
		 struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PAIRING_GET, err);

	if (!st)
		return -1;
	bind_id(st, 1, id);
	return row_fetch(db_of(tx), st, pairing_row, out, err);
}

int
rows_pairing_add(struct catalog_tx *tx, const struct catalog_pairing *p, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PAIRING_ADD, err);

	if (!st)
		return -1;
	pairing_bind(st, p);
	return row_insert(db_of(tx), st, err);
}

int
rows_pairing_put(struct catalog_tx *tx, const struct catalog_pairing *p, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PAIRING_PUT, err);

	if (!st)
		return -1;
	pairing_bind(st, p);
	return row_execute(db_of(tx), st, err);
}

int
rows_pairing_say(struct catalog_tx *tx, const struct id16 *id, unsigned side, uint32_t number,
		 struct span message, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PAIRING_SAY, err);

	if (!st)
		return -1;
	bind_id(st, 1, id);
	sqlite3_bind_int64(st, 2, side);
	sqlite3_bind_int64(st, 3, number);
	bind_bytes(st, 4, message.p, message.n);
	return row_execute(db_of(tx), st, err);
}

static int
give_message(const struct row_walk *w, sqlite3_stmt *st, struct err *err)
{
	return w->fn.bytes(w->ctx, column_u64(st, 0), column_span(st, 1), err);
}

int
rows_pairing_heard(struct catalog_tx *tx, const struct id16 *id, unsigned side, uint32_t from,
		   catalog_bytes_fn *fn, void *ctx, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PAIRING_HEARD, err);

	if (!st)
		return -1;
	bind_id(st, 1, id);
	sqlite3_bind_int64(st, 2, side);
	sqlite3_bind_int64(st, 3, from);
	return row_walk(db_of(tx), st, give_message,
			(struct row_walk){ .fn.bytes = fn, .ctx = ctx }, err);
}

/* Messages go with their pairing. */
static int
drop_messages(struct catalog_tx *tx, struct err *err)
{
	sqlite3_stmt *st;

	if (sqlite3_changes(db_of(tx)->sqlite) == 0)
		return 0;
	st = db_start(db_of(tx), S_PAIR_MESSAGES_DROP, err);
	return st ? row_execute(db_of(tx), st, err) : -1;
}

int
rows_pairings_expire(struct catalog_tx *tx, int64_t now_ms, struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PAIRINGS_EXPIRE, err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, now_ms);
	return row_execute(db_of(tx), st, err) < 0 ? -1 : drop_messages(tx, err);
}

int
rows_pairings_trim(struct catalog_tx *tx, const struct id16 *account, unsigned keep,
		   struct err *err)
{
	sqlite3_stmt *st = db_start(db_of(tx), S_PAIRINGS_TRIM, err);

	if (!st)
		return -1;
	bind_id(st, 1, account);
	sqlite3_bind_int64(st, 2, keep);
	return row_execute(db_of(tx), st, err) < 0 ? -1 : drop_messages(tx, err);
}
