/* SPDX-License-Identifier: Apache-2.0 */
/* years: see years.h.  Here: what must be there and what must not, by a model that is as simple as it
 * is slow, and the comparison. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/os.h"
#include "years.h"

#define MONTH_MS (30 * DAY_MS)

/* --- the model --- */

static int64_t
keep_ms(const struct years *y)
{
	return y->retention_days * DAY_MS;
}

/* The start of a month at which it was live last; -1: at none. */
static int64_t
last_month_of(const struct years_version *v)
{
	for (int64_t m = v->ended_ms / MONTH_MS * MONTH_MS; m >= 0; m -= MONTH_MS)
		if (v->from_ms <= m && m < v->ended_ms)
			return m;
	return -1;
}

/* Whether neither R nor an anchor keeps it any more. */
static bool
is_old(const struct years *y, const struct years_version *v, int64_t now)
{
	if (v->ended_ms < 0)
		return false;
	if (v->is_void)
		return v->ended_ms + 14 * DAY_MS <= now;
	if (v->ended_ms + keep_ms(y) > now)
		return false;
	if (v->tombstone)
		return true;
	int64_t month = v->of_retired ? -1 : last_month_of(v);
	/* One of the last six, the present one among them. */
	return month < 0 || month <= (now / MONTH_MS - 6) * MONTH_MS;
}

static bool
has_content(const struct years_version *v)
{
	return !v->tombstone && !v->gone && !v->is_void;
}

static bool
same_folder(const struct years_version *v, unsigned device, unsigned folder)
{
	return v->device == device && v->item % YEARS_FOLDERS == folder;
}

/* Whether an item would keep something older than R without what is anchored at @month. */
static bool
keeps_older(const struct years *y, unsigned device, unsigned item, int64_t month, int64_t now)
{
	for (unsigned i = 0; i < y->n_versions; i++) {
		const struct years_version *v = &y->versions[i];
		if (v->device == device && v->item == item && has_content(v) &&
		    v->from_ms <= now - keep_ms(y) &&
		    (v->ended_ms < 0 || (last_month_of(v) != month && !is_old(y, v, now))))
			return true;
	}
	return false;
}

/* Whether more than a fifth of the folder's items of a month's start would lose their last. */
static bool
loses_too_much(const struct years *y, unsigned device, unsigned folder, int64_t month, int64_t now)
{
	bool was_there[YEARS_ITEMS] = { false }, loses[YEARS_ITEMS] = { false };
	unsigned n_there = 0, n_losing = 0;

	for (unsigned i = 0; i < y->n_versions; i++) {
		const struct years_version *v = &y->versions[i];
		if (!same_folder(v, device, folder) || !has_content(v))
			continue;
		if (v->from_ms <= month && (v->ended_ms < 0 || v->ended_ms > month))
			was_there[v->item] = true;
		if (v->ended_ms > y->lifted_ms && last_month_of(v) == month)
			loses[v->item] = !keeps_older(y, device, v->item, month, now);
	}
	for (unsigned i = 0; i < YEARS_ITEMS; i++) {
		n_there += was_there[i];
		n_losing += loses[i];
	}
	return n_losing * 5 > n_there;
}

static bool
has_old_of_month(const struct years *y, unsigned device, unsigned folder, int64_t month,
		 int64_t now)
{
	for (unsigned i = 0; i < y->n_versions; i++) {
		const struct years_version *v = &y->versions[i];
		if (same_folder(v, device, folder) && has_content(v) && is_old(y, v, now) &&
		    v->ended_ms > y->lifted_ms && last_month_of(v) == month)
			return true;
	}
	return false;
}

static void
judge_holds(struct years *y, int64_t now)
{
	for (unsigned device = 0; device < y->n_devices; device++)
		for (unsigned folder = 0;
		     y->devices[device].state != DEVICE_RETIRED && folder < YEARS_FOLDERS; folder++)
			for (int64_t month = 0; month <= now; month += MONTH_MS)
				if (has_old_of_month(y, device, folder, month, now) &&
				    loses_too_much(y, device, folder, month, now))
					y->devices[device].held[folder] = true;
}

static void
settle_policy(struct years *y, int64_t now)
{
	if (y->next_days && y->next_at_ms <= now) {
		y->retention_days = y->next_days;
		y->next_days = 0;
	}
	if (y->lift_at_ms && y->lift_at_ms <= now) {
		y->lifted_ms = y->lift_from_ms;
		y->lift_at_ms = 0;
		for (unsigned i = 0; i < y->n_devices; i++)
			for (unsigned f = 0; f < YEARS_FOLDERS; f++)
				y->devices[i].held[f] = false;
	}
}

/* Retired so long ago that all of it counts as ended then. */
static void
end_retired(struct years *y, int64_t now)
{
	for (unsigned device = 0; device < y->n_devices; device++) {
		struct years_device *d = &y->devices[device];
		int64_t month = (d->ended_ms - 1) / MONTH_MS * MONTH_MS;
		if (d->state != DEVICE_RETIRED || !d->seq || now < d->ended_ms + keep_ms(y) ||
		    now < month + 6 * MONTH_MS)
			continue;
		d->seq = 0;
		memset(d->held, 0, sizeof d->held);
		for (unsigned i = 0; i < y->n_versions; i++) {
			struct years_version *v = &y->versions[i];
			if (v->device != device || v->ended_ms >= 0)
				continue;
			v->ended_ms = d->ended_ms;
			v->of_retired = true;
		}
	}
}

/* Whether it may go now: old, its folder not held, and of tombstones nothing left that they end. */
static bool
may_go(const struct years *y, const struct years_version *v, int64_t now)
{
	if (!is_old(y, v, now) ||
	    (!v->is_void && y->devices[v->device].held[v->item % YEARS_FOLDERS]))
		return false;
	for (unsigned i = 0; v->tombstone && !v->is_void && &y->versions[i] < v; i++)
		if (y->versions[i].device == v->device && y->versions[i].item == v->item &&
		    !y->versions[i].gone && !may_go(y, &y->versions[i], now))
			return false;
	return true;
}

static bool
is_referred_to(const struct years *y, unsigned chunk)
{
	for (unsigned i = 0; i < y->n_versions; i++)
		for (unsigned k = 0; !y->versions[i].gone && k < y->versions[i].n_refs; k++)
			if (y->versions[i].refs[k] == chunk)
				return true;
	return false;
}

/* --- the server --- */

struct looking {
	struct years *y;
	const struct years_version *v;
	const struct hash32 *cid;
	unsigned device;
	struct blob_info object;
	int rc;
};

static int
look_at_version(struct catalog_tx *tx, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf frame = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	struct looking *l = ctx;
	struct catalog_version v;
	struct catalog_device d;
	struct record_frame f;
	struct hash32 leaf;
	size_t n;

	assert_int_equal(tx->ops->device_get(tx, &d, &l->y->party.account,
					     &l->y->devices[l->v->device].id, err),
			 0);
	l->rc = tx->ops->record_get(tx, d.row, l->v->seq, l->v->index, &v, &frame, err);
	if (l->rc)
		return l->rc < 0 ? -1 : 0;
	assert_int_equal(record_frame_decode(&f, buf_span(&frame), &n, err), 0);
	record_leaf(&leaf, l->v->index, &f);
	assert_true(hash32_equal(&leaf, &v.leaf));
	return 0;
}

static bool
is_there(struct years *y, const struct years_version *v)
{
	struct looking l = { .y = y, .v = v };
	struct err err;

	if (catalog_read(y->world.server.catalog, look_at_version, &l, &err) < 0)
		fail_msg("seed %u: %s", y->seed, err.msg);
	return l.rc == 0;
}

static int
look_at_chunk(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct looking *l = ctx;
	struct catalog_device d;
	struct catalog_chunk c;

	assert_int_equal(tx->ops->device_get(tx, &d, &l->y->party.account,
					     &l->y->devices[l->device].id, err),
			 0);
	l->rc = tx->ops->chunk_get(tx, &c, d.row, l->cid, err);
	l->object = c.object;
	return l->rc < 0 ? -1 : 0;
}

/* Its row is there, and then its object, whole. */
static bool
has_row(struct years *y, const struct years_chunk *c)
{
	struct looking l = { .y = y, .cid = &c->cid, .device = c->device };
	struct err err;

	if (catalog_read(y->world.server.catalog, look_at_chunk, &l, &err) < 0)
		fail_msg("seed %u: %s", y->seed, err.msg);
	if (l.rc == 0 && blobs_verify(y->world.server.blobs, &l.object, &err) != 0)
		fail_msg("seed %u: the object of a chunk is not there", y->seed);
	return l.rc == 0;
}

bool
years_readable(struct years *y, const struct years_version *v)
{
	if (!is_there(y, v))
		return false;
	for (unsigned i = 0; i < v->n_refs; i++)
		if (!has_row(y, &y->chunks[v->refs[i]]))
			return false;
	return true;
}

static int64_t
ask_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static int
count_name(void *ctx, const struct blob_name *name, struct err *err)
{
	(void)name, (void)err;
	++*(int64_t *)ctx;
	return 0;
}

int64_t
years_files(struct years *y)
{
	struct blobs *blobs = y->world.server.blobs;
	struct err err;
	int64_t files = 0;

	for (unsigned part = 0; part < BLOBS_PARTS; part++)
		assert_int_equal(blobs->ops->names(blobs, part, count_name, &files, &err), 0);
	return files;
}

int64_t
years_damaged(struct years *y)
{
	return ask_number(y->db, "SELECT count(*) FROM chunks WHERE damaged = 1");
}

int64_t
years_rows(struct years *y)
{
	static const char *const tables[] = { "accounts",  "wraps",   "log",     "devices",
					      "batches",   "folders", "records", "items",
					      "nodes",     "chunks",  "refs",    "dead",
					      "superseded" };
	int64_t n = 0;
	char sql[64];

	for (size_t i = 0; i < N_ELEMENTS(tables); i++) {
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
		n += ask_number(y->db, sql);
	}
	return n;
}

/* What the account is said to use is what its rows add up to; files are those that rows name. */
static void
check_sums(struct years *y, bool is_tidy)
{
	sqlite3 *db = y->db;

#define NOT_VOID_BATCH "b.seq <= (SELECT d.seq FROM devices AS d WHERE d.row = b.device)"
	int64_t sum =
		ask_number(db, "SELECT (SELECT coalesce(sum(length(r.frame)), 0) FROM records AS r "
			       "LEFT JOIN superseded AS s ON s.record = r.id "
			       "WHERE s.void IS NULL OR s.void = 0) + "
			       "(SELECT coalesce(sum(length(prefix)), 0) FROM batches AS b "
			       "WHERE NOT EXISTS(SELECT 1 FROM devices AS d WHERE d.row = b.device "
			       "AND d.state = 1 AND b.seq > d.cut_seq)) + "
			       "(SELECT coalesce(sum(size), 0) FROM chunks WHERE uncounted = 0)");
	if (sum != ask_number(db, "SELECT total(used) FROM accounts"))
		fail_msg("seed %u: %lld bytes are stored, %lld are counted", y->seed,
			 (long long)sum,
			 (long long)ask_number(db, "SELECT total(used) FROM accounts"));
	assert_int_equal(ask_number(db, "SELECT coalesce(sum(size), 0) FROM chunks "
					"WHERE committed = 0 AND uncounted = 0"),
			 ask_number(db, "SELECT total(uncommitted) FROM accounts"));
	assert_int_equal(ask_number(db, "SELECT count(*) FROM refs WHERE NOT EXISTS(SELECT 1 FROM "
					"records WHERE id = record AND frame IS NOT NULL)"),
			 0);
	if (is_tidy)
		assert_int_equal(
			years_files(y), /* after the clock was set back some are not due yet */
			ask_number(db, "SELECT (SELECT count(*) FROM chunks) + "
				       "(SELECT count(*) FROM dead)"));
}

/* Everything that is there, at one moment. */
struct there {
	bool versions[YEARS_VERSIONS_MAX], chunks[YEARS_CHUNKS_MAX];
	bool held[YEARS_DEVICES_MAX][YEARS_FOLDERS];
	bool emptied[YEARS_DEVICES_MAX];
	bool waits_for_days, waits_for_lift;
};

static sqlite3_stmt *
ask_account(sqlite3 *db, const char *sql, const struct years *y)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_bind_blob(st, 1, y->party.account.b, sizeof y->party.account.b, SQLITE_STATIC);
	return st;
}

static unsigned
device_of(const struct years *y, sqlite3_stmt *st)
{
	for (unsigned i = 0; i < y->n_devices; i++)
		if (memcmp(sqlite3_column_blob(st, 0), y->devices[i].id.b, 16) == 0)
			return i;
	fail();
	return 0;
}

static void
mark_version(const struct years *y, struct there *t, unsigned device, uint64_t seq, unsigned index)
{
	for (unsigned i = 0; i < y->n_versions; i++)
		if (y->versions[i].device == device && y->versions[i].seq == seq &&
		    y->versions[i].index == index)
			t->versions[i] = true;
}

static void
mark_chunk(const struct years *y, struct there *t, const void *cid)
{
	for (unsigned i = 0; i < y->n_chunks; i++)
		if (memcmp(y->chunks[i].cid.b, cid, sizeof y->chunks[i].cid.b) == 0)
			t->chunks[i] = true;
}

static void
look(struct years *y, struct there *t)
{
	sqlite3 *db = y->db;
	sqlite3_stmt *st;

	memset(t, 0, sizeof *t);
	st = ask_account(db,
			 "SELECT d.device, b.seq, r.id & 16383 FROM records AS r "
			 "JOIN batches AS b ON b.id = r.id >> 14 "
			 "JOIN devices AS d ON d.row = b.device "
			 "WHERE r.frame IS NOT NULL AND d.account = ?1",
			 y);
	while (sqlite3_step(st) == SQLITE_ROW)
		mark_version(y, t, device_of(y, st), (uint64_t)sqlite3_column_int64(st, 1),
			     (unsigned)sqlite3_column_int(st, 2));
	sqlite3_finalize(st);
	st = ask_account(db,
			 "SELECT cid FROM chunks WHERE device IN (SELECT row FROM devices "
			 "WHERE account = ?1)",
			 y);
	while (sqlite3_step(st) == SQLITE_ROW)
		mark_chunk(y, t, sqlite3_column_blob(st, 0));
	sqlite3_finalize(st);
	st = ask_account(db,
			 "SELECT d.device, f.folder FROM folders AS f JOIN devices AS d "
			 "ON d.row = f.device WHERE d.account = ?1 AND f.held_at <> 0",
			 y);
	while (sqlite3_step(st) == SQLITE_ROW)
		for (unsigned f = 0; f < YEARS_FOLDERS; f++) {
			struct id16 id = party_folder(f);
			if (memcmp(sqlite3_column_blob(st, 1), id.b, sizeof id.b) == 0)
				t->held[device_of(y, st)][f] = true;
		}
	sqlite3_finalize(st);
	st = ask_account(db, "SELECT device, seq FROM devices WHERE account = ?1", y);
	while (sqlite3_step(st) == SQLITE_ROW)
		t->emptied[device_of(y, st)] = sqlite3_column_int64(st, 1) == 0;
	sqlite3_finalize(st);
	st = ask_account(db, "SELECT next_at, lift_at FROM accounts WHERE account = ?1", y);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	t->waits_for_days = sqlite3_column_int64(st, 0) != 0;
	t->waits_for_lift = sqlite3_column_int64(st, 1) != 0;
	sqlite3_finalize(st);
}

/* --- comparing --- */

void
years_check(struct years *y)
{
	for (unsigned i = 0; i < y->n_versions; i++)
		if (!y->versions[i].gone && !years_readable(y, &y->versions[i]))
			fail_msg("seed %u: version %u of item %u is lost", y->seed, i,
				 y->versions[i].item);
	check_sums(y, false);
}

static void
wrong(const struct years *y, const struct years_version *v, const char *what, int64_t now)
{
	fail_msg("seed %u, day %.2f: version %u of item %u (device %u, seq %llu, from %.2f, ended "
		 "%.2f%s%s) is %s",
		 y->seed, (double)now / (double)DAY_MS, (unsigned)(v - y->versions), v->item,
		 v->device, (unsigned long long)v->seq, (double)v->from_ms / (double)DAY_MS,
		 (double)v->ended_ms / (double)DAY_MS, v->is_void ? ", void" : "",
		 v->tombstone ? ", tombstone" : "", what);
}

/* Whether something older of the item was there when the tidying began. */
static bool
had_older(const struct years *y, const struct years_version *v)
{
	for (unsigned i = 0; &y->versions[i] < v; i++)
		if (y->versions[i].device == v->device && y->versions[i].item == v->item &&
		    !y->versions[i].gone)
			return true;
	return false;
}

static void
compare_versions(struct years *y, const struct there *t, int64_t now, bool whole)
{
	bool may[YEARS_VERSIONS_MAX], must[YEARS_VERSIONS_MAX];

	for (unsigned i = 0; i < y->n_versions; i++) {
		const struct years_version *v = &y->versions[i];
		may[i] = !v->gone && may_go(y, v, now);
		/* After the clock was set back a tombstone may seem to have ended first. */
		must[i] = may[i] && !(v->tombstone && had_older(y, v));
	}
	for (unsigned i = 0; i < y->n_versions; i++) {
		struct years_version *v = &y->versions[i];
		if (v->gone && t->versions[i])
			wrong(y, v, "back", now);
		if (!v->gone && !t->versions[i] && !may[i])
			wrong(y, v, "lost", now);
		if (whole && must[i] && t->versions[i])
			wrong(y, v, "kept beyond its time", now);
		v->gone = !t->versions[i];
	}
}

static void
compare_chunks(struct years *y, const struct there *t, int64_t now, bool whole)
{
	for (unsigned i = 0; i < y->n_chunks; i++) {
		struct years_chunk *c = &y->chunks[i];
		bool may = !is_referred_to(y, i) && c->wanted_ms + 10 * DAY_MS <= now;
		if (!t->chunks[i] && !c->gone && !may)
			fail_msg("seed %u, day %.2f: chunk %u of device %u, wanted at %.2f, %s, is "
				 "lost",
				 y->seed, (double)now / (double)DAY_MS, i, c->device,
				 (double)c->wanted_ms / (double)DAY_MS,
				 is_referred_to(y, i) ? "referred to" : "idle");
		if (t->chunks[i] && whole && may)
			fail_msg("seed %u: chunk %u is kept beyond its time", y->seed, i);
		if (t->chunks[i] && whole)
			assert_true(has_row(y, c)); /* and its object */
		c->gone = !t->chunks[i];
	}
}

void
years_settle(struct years *y)
{
	struct there t;

	if (y->tidying_ms < 0)
		return;
	look(y, &t);
	compare_versions(y, &t, y->tidying_ms, false);
	compare_chunks(y, &t, y->tidying_ms, false);
}

/* A tidying that was cut off has come to judge some folders; one during which a device was shut out
 * has judged before or after. */
static void
take_holds(struct years *y, const struct there *t, bool whole)
{
	for (unsigned device = 0; device < y->n_devices; device++)
		for (unsigned f = 0; f < YEARS_FOLDERS; f++) {
			if (whole && t->held[device][f] != y->devices[device].held[f])
				fail_msg("seed %u: folder %u of device %u is %sheld", y->seed, f,
					 device, t->held[device][f] ? "" : "not ");
			y->devices[device].held[f] = t->held[device][f];
		}
}

/* What waits and what begins, as it was before a tidying that perhaps did not come to it. */
struct before {
	uint32_t retention_days, next_days;
	int64_t lift_at_ms, lifted_ms;
	uint64_t seq[YEARS_DEVICES_MAX];
};

static struct before
note_before(const struct years *y)
{
	struct before b = { y->retention_days, y->next_days, y->lift_at_ms, y->lifted_ms, { 0 } };

	for (unsigned i = 0; i < y->n_devices; i++)
		b.seq[i] = y->devices[i].seq;
	return b;
}

static void
take_back(struct years *y, const struct before *b, const struct there *t)
{
	if (t->waits_for_days) {
		y->retention_days = b->retention_days;
		y->next_days = b->next_days;
	}
	if (t->waits_for_lift) {
		y->lift_at_ms = b->lift_at_ms;
		y->lifted_ms = b->lifted_ms;
	}
	for (unsigned i = 0; i < y->n_versions; i++) {
		struct years_version *v = &y->versions[i];
		if (!v->of_retired || t->emptied[v->device])
			continue;
		v->of_retired = false;
		v->ended_ms = -1;
		y->devices[v->device].seq = b->seq[v->device];
	}
}

int
years_tidy(struct years *y, int (*between)(void *ctx, struct err *err), void *ctx)
{
	const struct tidy_options options = { .between = between, .ctx = ctx };
	int64_t now = years_now(y);
	struct before before = note_before(y);
	struct there t;
	struct err err;

	settle_policy(y, now);
	end_retired(y, now);
	judge_holds(y, now);
	y->tidying_ms = now;
	y->revoked_meanwhile = false;
	int rc = tidy_run(y->world.server.catalog, y->world.server.blobs, &options, &y->result,
			  &err);
	y->tidying_ms = -1;
	if (rc < 0)
		fail_msg("seed %u: %s", y->seed, err.msg);
	look(y, &t);
	if (y->revoked_meanwhile) /* what is live again is lost by no folder any more */
		take_holds(y, &t, false);
	compare_versions(y, &t, now, rc == 0 && !between);
	compare_chunks(y, &t, now, rc == 0 && !between);
	take_holds(y, &t, rc == 0);
	if (rc)
		take_back(y, &before, &t);
	check_sums(y, rc == 0 && !between && years_random(y, 64) == 0);
	return rc;
}
