/* SPDX-License-Identifier: Apache-2.0 */
/* years: see years.h.  Here: the server under a moved clock, and what is done to it. */
#include "years.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "accounts/quota.h"
#include "os/os.h"

#define QUOTA       (UINT64_C(1) << 40)
#define CHUNK_BYTES 100

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

/* --- clocks --- */

static struct os moved;                    /* the kernel with clocks of ours */
static _Atomic int64_t uptime_ms, wall_ms; /* a keeper looks, too */

static int64_t
moved_uptime(void)
{
	return uptime_ms;
}

static int64_t
moved_wall(void)
{
	return wall_ms;
}

static int
keep_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	(void)ctx;
	return tx->ops->clock_keep(tx, err);
}

/* A server keeps its clock every minute. */
void
years_pass(struct years *y, int64_t ms)
{
	int64_t not_kept_ms = years_random(y, 60000);
	struct err err;

	uptime_ms += ms;
	ok(catalog_write(y->world.server.catalog, keep_run, NULL, &err), &err);
	uptime_ms += not_kept_ms;
	y->wall_ms += ms;
	/* Somebody sets the wall clock, ten years on or back. */
	if (years_random(y, 8) == 0)
		y->wall_ms += (years_random(y, 2) ? 3650 : -3650) * DAY_MS;
	if (y->wall_ms < 0)
		y->wall_ms += 3650 * DAY_MS;
	wall_ms = y->wall_ms;
}

static int
clock_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	(void)err;
	*(int64_t *)ctx = tx->ops->clock(tx);
	return 0;
}

int64_t
years_now(struct years *y)
{
	int64_t now;
	struct err err;

	ok(catalog_read(y->world.server.catalog, clock_run, &now, &err), &err);
	return now;
}

/* --- opening --- */

unsigned
years_random(struct years *y, unsigned n)
{
	y->random ^= y->random << 13; /* Marsaglia, "Xorshift RNGs", 2003 */
	y->random ^= y->random >> 7;
	y->random ^= y->random << 17;
	return (unsigned)(y->random >> 33) % n;
}

static void
open_data(struct years *y)
{
	char url[128];
	struct err err;

	snprintf(url, sizeof url, "sqlite:%s/cloudbox.db", y->world.folder);
	ok(catalog_open(&y->world.server.catalog, url, NULL, &err), &err);
	snprintf(url, sizeof url, "dir:%s/blobs", y->world.folder);
	ok(blobs_open_store(&y->world.server.blobs, url, &err), &err);
	snprintf(url, sizeof url, "%s/cloudbox.db", y->world.folder);
	assert_int_equal(sqlite3_open_v2(url, (sqlite3 **)&y->db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
}

static void
close_data(struct years *y)
{
	sqlite3_close(y->db);
	catalog_free(y->world.server.catalog);
	blobs_free(y->world.server.blobs);
}

void
years_open(struct years *y)
{
	struct err err;

	ok(crypto_init(&err), &err);
	*y = (struct years){ .wall_ms = INT64_C(1800000000000), .random = 1, .tidying_ms = -1 };
	wall_ms = y->wall_ms;
	moved = os_kernel;
	moved.uptime_ms = moved_uptime;
	moved.now_unix_ms = moved_wall;
	os = &moved;
	/* Thousands of commits, each with a sync: in memory these cost nothing. */
	snprintf(y->world.folder, sizeof y->world.folder, "%s/cloudboxd-years-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(y->world.folder));
	open_data(y);
}

void
years_close(struct years *y)
{
	char command[128];

	close_data(y);
	party_clear(&y->party);
	snprintf(command, sizeof command, "rm -rf '%s'", y->world.folder);
	if (system(command) != 0)
		print_error("%s is left over\n", y->world.folder);
	os = &os_kernel;
}

void
years_restart(struct years *y)
{
	close_data(y);
	open_data(y);
}

void
years_stop(struct years *y, int64_t ms, int64_t more_ms)
{
	close_data(y);
	uptime_ms += ms;
	y->wall_ms += more_ms;
	wall_ms = y->wall_ms;
	open_data(y);
}

/* The retention clock begins at 0 again, so that a seed alone gives the same years. */
static void
reset_clock(struct years *y)
{
	char path[128];
	sqlite3 *db;

	close_data(y);
	snprintf(path, sizeof path, "%s/cloudbox.db", y->world.folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE clock SET retention_ms = 0", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	open_data(y);
}

void
years_account(struct years *y, unsigned seed)
{
	reset_clock(y);
	struct years fresh = { .world = y->world,
			       .db = y->db,
			       .wall_ms = y->wall_ms,
			       .seed = seed,
			       .tidying_ms = -1 };

	party_clear(&y->party);
	*y = fresh;
	y->random = (uint64_t)seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
	y->retention_days = 90;
	party_init(&y->party);
	world_register(&y->world, &y->party, QUOTA);
	y->devices[0].id = y->party.device;
	y->devices[0].heads[0] = y->party.head;
	y->n_devices = 1;
}

static int
remove_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->account_remove(tx, ctx, err);
}

void
years_forget_account(struct years *y)
{
	struct err err;

	ok(catalog_write(y->world.server.catalog, remove_run, &y->party.account, &err), &err);
	assert_int_equal(
		tidy_run(y->world.server.catalog, y->world.server.blobs, NULL, &y->result, &err),
		0);
	assert_int_equal(y->result.accounts, 1);
}

/* --- saving --- */

static struct years_device *
present(struct years *y)
{
	return &y->devices[y->n_devices - 1];
}

/* The newest version of an item that is not void, or NULL. */
static struct years_version *
newest_of(struct years *y, unsigned device, unsigned item)
{
	for (unsigned i = y->n_versions; i-- > 0;) {
		struct years_version *v = &y->versions[i];
		if (v->device == device && v->item == item && !v->is_void)
			return v;
	}
	return NULL;
}

static void
note_version(struct years *y, const struct party_record *r, uint32_t index, const unsigned *refs,
	     unsigned n_refs, int64_t now)
{
	struct years_version *before = newest_of(y, y->n_devices - 1, r->item);

	if (before && before->ended_ms < 0)
		before->ended_ms = now;
	assert_true(y->n_versions < YEARS_VERSIONS_MAX);
	struct years_version *v = &y->versions[y->n_versions++];
	*v = (struct years_version){
		.device = y->n_devices - 1,
		.seq = y->party.seq,
		.index = index,
		.item = r->item,
		.tombstone = r->tombstone,
		.from_ms = now,
		.ended_ms = r->tombstone ? now : -1,
		.n_refs = n_refs,
	};
	for (unsigned i = 0; i < n_refs; i++) {
		struct years_chunk *c = &y->chunks[refs[i]];
		v->refs[i] = refs[i];
		if (now - c->wanted_ms >= CHUNK_WANTED_STEP_MS ||
		    (!c->committed && now > c->wanted_ms))
			c->wanted_ms = now;
		c->committed = true;
	}
}

void
years_commit(struct years *y, const struct party_record *records, size_t n,
	     const unsigned (*refs)[YEARS_REFS], const unsigned *n_refs)
{
	AUTO(party_batch_clear) struct party_batch b;
	struct party_record chosen[8] = { 0 };
	struct hash32 cids[8][YEARS_REFS];
	unsigned at[8], n_chosen = 0;
	struct problem problem;

	for (size_t i = 0; i < n; i++) {
		bool again = false;
		for (unsigned k = 0; k < n_chosen; k++)
			again |= chosen[k].item == records[i].item;
		if (again)
			continue;
		struct party_record *r = &chosen[n_chosen];
		*r = records[i];
		r->folder = r->item % YEARS_FOLDERS;
		at[n_chosen] = (unsigned)i;
		r->refs = cids[n_chosen];
		r->n_refs = n_refs ? n_refs[i] : 0;
		for (size_t k = 0; k < r->n_refs; k++)
			cids[n_chosen][k] = y->chunks[refs[i][k]].cid;
		n_chosen++;
	}
	party_batch_init(&b, &y->party, chosen, n_chosen);
	party_batch_finish(&b, &y->party);
	int rc = world_commit(&y->world, &b, &problem);
	if (rc)
		fail_msg("seed %u: a batch was refused: %s, %s", y->seed,
			 problem_word_text((enum problem_word)(rc - 1)), problem.detail);
	party_committed(&y->party, &b);
	for (unsigned i = 0; i < n_chosen; i++)
		note_version(y, &chosen[i], i, refs ? refs[at[i]] : NULL,
			     n_refs ? n_refs[at[i]] : 0, years_now(y));
	present(y)->seq = y->party.seq;
	assert_true(y->party.seq < N_ELEMENTS(present(y)->heads));
	present(y)->heads[y->party.seq] = y->party.head;
}

void
years_save(struct years *y, unsigned item, bool tombstone)
{
	const struct party_record r = { .item = item, .tombstone = tombstone };

	years_commit(y, &r, 1, NULL, NULL);
}

/* As api/chunks.c does once an object is durable. */
struct uploading {
	const struct party *party;
	struct catalog_chunk chunk;
};

static int
upload_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct uploading *u = ctx;
	struct catalog_account a;
	struct catalog_device d;
	struct problem p;

	assert_int_equal(tx->ops->account_get(tx, &a, &u->party->account, err), 0);
	assert_int_equal(tx->ops->device_get(tx, &d, &a.account, &u->party->device, err), 0);
	u->chunk.wanted_ms = tx->ops->clock(tx);
	assert_int_equal(quota_take(&a, &d, u->chunk.object.size, os->now_unix_ms(), &p), 0);
	a.uncommitted_bytes += u->chunk.object.size;
	assert_int_equal(tx->ops->chunk_add(tx, d.row, &u->chunk, err), 0);
	return tx->ops->device_put(tx, &d, err) < 0 ? -1 : tx->ops->account_put(tx, &a, err);
}

unsigned
years_upload(struct years *y)
{
	struct uploading u = { .party = &y->party };
	struct blobs *blobs = y->world.server.blobs;
	uint8_t object[CHUNK_BYTES];
	struct blob_writer *w;
	struct err err;

	os_random(u.chunk.cid.b, sizeof u.chunk.cid.b);
	os_random(object, sizeof object);
	ok(blobs_begin(&w, blobs, &err), &err);
	ok(blobs->ops->append(w, SPAN_ARRAY(object), &err), &err);
	ok(blobs->ops->finish(w, &u.chunk.object, &err), &err);
	ok(blobs_keep(blobs, &w, 1, &err), &err);
	blobs->ops->drop(w);
	ok(catalog_write(y->world.server.catalog, upload_run, &u, &err), &err);
	assert_true(y->n_chunks < YEARS_CHUNKS_MAX);
	y->chunks[y->n_chunks] = (struct years_chunk){
		.device = y->n_devices - 1,
		.cid = u.chunk.cid,
		.wanted_ms = u.chunk.wanted_ms,
	};
	return y->n_chunks++;
}

bool
years_has_chunk(const struct years *y, unsigned chunk)
{
	return y->chunks[chunk].device == y->n_devices - 1 && !y->chunks[chunk].gone;
}

struct wanting {
	const struct party *party;
	struct hash32 cid;
	bool there;
};

static int
want_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct wanting *w = ctx;
	struct catalog_device d;
	struct catalog_chunk chunk;
	int64_t owner;

	assert_int_equal(tx->ops->device_get(tx, &d, &w->party->account, &w->party->device, err),
			 0);
	int rc = chunk_find(tx, &d, &w->cid, &chunk, &owner, err);
	w->there = rc == 0;
	if (rc || tx->ops->clock(tx) - chunk.wanted_ms < CHUNK_WANTED_STEP_MS)
		return rc < 0 ? -1 : 0;
	chunk.wanted_ms = tx->ops->clock(tx);
	return tx->ops->chunk_put(tx, owner, &chunk, err);
}

void
years_want(struct years *y, unsigned chunk)
{
	struct wanting w = { .party = &y->party, .cid = y->chunks[chunk].cid };
	struct years_chunk *c = &y->chunks[chunk];
	struct err err;

	ok(catalog_write(y->world.server.catalog, want_run, &w, &err), &err);
	assert_true(w.there);
	if (years_now(y) - c->wanted_ms >= CHUNK_WANTED_STEP_MS)
		c->wanted_ms = years_now(y);
}

/* --- the account's own entries --- */

static void
go_on_as_another(struct years *y)
{
	world_add_device(&y->world, &y->party);
	assert_true(y->n_devices < YEARS_DEVICES_MAX);
	y->devices[y->n_devices] = (struct years_device){ .id = y->party.device };
	y->devices[y->n_devices++].heads[0] = y->party.head;
}

/* What was superseded by void versions only is live again. */
static void
revive(struct years *y, unsigned device)
{
	for (unsigned item = 0; item < YEARS_ITEMS; item++) {
		struct years_version *v = NULL;
		for (unsigned i = y->n_versions; i-- > 0 && !v;)
			if (y->versions[i].device == device && y->versions[i].item == item &&
			    !y->versions[i].is_void && !y->versions[i].gone)
				v = &y->versions[i];
		if (v && !v->tombstone)
			v->ended_ms = -1;
	}
}

void
years_revoke(struct years *y, uint64_t cut)
{
	struct years_device *d = present(y);
	unsigned device = y->n_devices - 1;
	struct log_entry e = {
		.type = LOG_REVOKE,
		.device = d->id,
		.trusted_seq = cut,
		.trusted_head = d->heads[cut],
	};
	int64_t now = years_now(y);

	years_settle(y);
	y->revoked_meanwhile = true;
	assert_int_equal(world_extend(&y->world, &y->party, &e), 0);
	for (unsigned i = 0; i < y->n_versions; i++) {
		struct years_version *v = &y->versions[i];
		if (v->device != device || v->seq <= cut)
			continue;
		v->is_void = true;
		v->ended_ms = now;
	}
	revive(y, device);
	d->state = DEVICE_REVOKED;
	d->cut_seq = cut;
	d->seq = cut;
	go_on_as_another(y);
}

void
years_retire(struct years *y)
{
	struct years_device *d = present(y);
	struct log_entry e = { .type = LOG_RETIRE_DEVICE, .device = d->id };
	int64_t now = years_now(y);

	assert_int_equal(world_extend(&y->world, &y->party, &e), 0);
	d->state = DEVICE_RETIRED;
	d->ended_ms = now ? now : 1;
	go_on_as_another(y);
}

void
years_policy(struct years *y, uint32_t days, bool lift)
{
	struct log_entry e = {
		.type = LOG_SET_POLICY,
		.retention_days = days,
		.policy_flags = lift ? LOG_POLICY_LIFT : 0,
	};
	int64_t now = years_now(y);

	assert_int_equal(world_extend(&y->world, &y->party, &e), 0);
	y->next_days = 0;
	if (days >= y->retention_days) {
		y->retention_days = days;
	} else {
		y->next_days = days;
		y->next_at_ms = now + 14 * DAY_MS;
	}
	if (lift) {
		y->lift_from_ms = now;
		y->lift_at_ms = now + 14 * DAY_MS;
	}
}
