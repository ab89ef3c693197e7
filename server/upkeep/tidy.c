/* SPDX-License-Identifier: Apache-2.0 */
/* tidy: see tidy.h.  Here: accounts and devices; holds and objects have files of their own. */
#include "upkeep/tidy.h"

#include <stdlib.h>

#include "api/journal.h"
#include "catalog/state_store.h"
#include "upkeep/ids.h"
#include "upkeep/tidy_internal.h"

#define RECORDS_PAGE  128 /* of one transaction: commits wait for it */
#define BATCHES_PAGE  64
#define CHUNKS_PAGE   256
#define PURGE_PAGE    1024
#define REPLACED_DEEP 8

int
tidy_between(struct tidy *t, struct err *err)
{
	const struct tidy_options *o = t->options;

	return o && o->between ? o->between(o->ctx, err) : 0;
}

static void
add_result(struct tidy_result *to, const struct tidy_result *r)
{
	to->versions += r->versions;
	to->batches += r->batches;
	to->chunks += r->chunks;
	to->objects += r->objects;
	to->accounts += r->accounts;
	to->bytes += r->bytes;
	to->held += r->held;
}

int
tidy_step(struct tidy *t, catalog_run_fn *run, struct err *err)
{
	int rc = tidy_between(t, err);

	if (rc)
		return rc;
	t->step = (struct tidy_result){ 0 };
	t->more = false;
	rc = catalog_write(t->catalog, run, t, err);
	if (rc == 0) {
		add_result(t->result, &t->step);
		t->ended_ms = t->next_ended_ms;
		t->record = t->next_record;
		t->seq = t->next_seq;
		t->cid = t->next_cid;
	}
	return rc;
}

int
tidy_steps(struct tidy *t, catalog_run_fn *run, struct err *err)
{
	int rc;

	do {
		rc = tidy_step(t, run, err);
	} while (rc == 0 && t->more);
	return rc;
}

/* The account as it is now; what it is freed of is put back with it. */
static int
free_bytes(struct catalog_tx *tx, struct tidy *t, uint64_t n, uint64_t uncommitted, struct err *err)
{
	struct catalog_account a;

	t->step.bytes += n;
	if (n == 0 && uncommitted == 0)
		return 0;
	int rc = tx->ops->account_get(tx, &a, &t->account.account, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	a.used_bytes -= n < a.used_bytes ? n : a.used_bytes;
	a.uncommitted_bytes -=
		uncommitted < a.uncommitted_bytes ? uncommitted : a.uncommitted_bytes;
	return tx->ops->account_put(tx, &a, err);
}

/* --- versions --- */

struct page {
	struct catalog_ended at[RECORDS_PAGE];
	size_t n;
};

static int
take_ended(void *ctx, const struct catalog_ended *e, struct err *err)
{
	struct page *p = ctx;

	(void)err;
	p->at[p->n++] = *e;
	return 0;
}

/* A tombstone outlives what it ended: a version that came before it must not look live again. */
static int
tombstone_stays(struct catalog_tx *tx, const struct catalog_ended *e, struct err *err)
{
	if (!(e->flags & RECORD_TOMBSTONE) || e->is_void)
		return 0;
	int rc = tx->ops->older_than(tx, e, err);
	return rc < 0 ? -1 : rc == 0;
}

static int
clear_version(struct catalog_tx *tx, struct tidy *t, const struct catalog_ended *e, uint64_t *freed,
	      struct err *err)
{
	uint64_t n;
	int rc = tombstone_stays(tx, e, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	rc = tx->ops->record_clear(tx, e->record, t->owners, t->n_owners, &n, err);
	if (rc < 0)
		return -1;
	t->step.versions += rc == 0;
	if (!e->is_void)
		*freed += n; /* void ones weigh nothing since the cut */
	return 0;
}

static int
clear_versions(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;
	AUTO(free) struct page *p = calloc(1, sizeof *p);
	uint64_t freed = 0;
	int rc = 0;

	t->step = (struct tidy_result){ 0 };
	if (!p)
		return err_nomem(err);
	t->due.max = RECORDS_PAGE;
	t->due.ended_ms = t->ended_ms;
	t->due.record = t->record;
	if (tx->ops->ended_due(tx, &t->due, take_ended, p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n && rc == 0; i++)
		rc = clear_version(tx, t, &p->at[i], &freed, err);
	if (rc == 0)
		rc = free_bytes(tx, t, freed, 0, err);
	if (rc || p->n == 0)
		return rc;
	t->next_ended_ms = p->at[p->n - 1].ended_ms;
	t->next_record = p->at[p->n - 1].record;
	t->more = p->n == RECORDS_PAGE;
	return 0;
}

/* --- batches --- */

struct batches {
	struct catalog_batch at[BATCHES_PAGE];
	size_t n;
};

static int
take_batch(void *ctx, const struct catalog_batch *b, struct err *err)
{
	struct batches *p = ctx;

	(void)err;
	p->at[p->n++] = *b;
	return 0;
}

static bool
is_void(const struct catalog_device *d, uint64_t seq)
{
	return (d->state == DEVICE_REVOKED || d->state == DEVICE_REPLACED) && seq > d->cut_seq;
}

/* A batch stays while an anchor might look for it, so that a device can be cut off there. */
static int
drop_batches(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;
	AUTO(free) struct batches *p = calloc(1, sizeof *p);
	struct catalog_device d; /* as it is now: perhaps it has just been cut off */
	uint64_t freed = 0;

	t->step = (struct tidy_result){ 0 };
	if (!p)
		return err_nomem(err);
	int rc = tx->ops->device_by_row(tx, &d, t->device.row, err);
	if (rc)
		return rc < 0 ? -1 : 0; /* the account was removed */
	if (tx->ops->batches_empty(tx, &d, t->seq, t->now_ms - retention_anchor(0), BATCHES_PAGE,
				   take_batch, p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		uint64_t n;
		if (tx->ops->batch_remove(tx, &p->at[i], &n, err) < 0)
			return -1;
		t->step.batches++;
		if (!is_void(&d, p->at[i].seq))
			freed += n;
	}
	if (p->n)
		t->next_seq = p->at[p->n - 1].seq;
	t->more = p->n == BATCHES_PAGE;
	return free_bytes(tx, t, freed, 0, err);
}

/* --- chunks --- */

struct chunks {
	struct catalog_chunk at[CHUNKS_PAGE];
	size_t n;
};

static int
take_chunk(void *ctx, const struct catalog_chunk *c, struct err *err)
{
	struct chunks *p = ctx;

	(void)err;
	p->at[p->n++] = *c;
	return 0;
}

/* In one transaction the row goes and its object is noted: a crash leaves neither half. */
static int
drop_chunks(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;
	AUTO(free) struct chunks *p = calloc(1, sizeof *p);
	uint64_t freed = 0, uncommitted = 0;

	t->step = (struct tidy_result){ 0 };
	if (!p)
		return err_nomem(err);
	if (tx->ops->chunks_idle(tx, t->device.row, &t->cid,
				 t->now_ms - RETENTION_CHUNK_MS - CHUNK_WANTED_STEP_MS, CHUNKS_PAGE,
				 take_chunk, p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		const struct catalog_chunk *c = &p->at[i];
		if (tx->ops->dead_add(tx, &c->object.name, t->now_ms, err) < 0 ||
		    tx->ops->chunk_remove(tx, t->device.row, &c->cid, err) < 0)
			return -1;
		t->step.chunks++;
		if (c->uncounted)
			continue;
		freed += c->object.size;
		uncommitted += c->committed ? 0 : c->object.size;
	}
	if (p->n)
		t->next_cid = p->at[p->n - 1].cid;
	t->more = p->n == CHUNKS_PAGE;
	return free_bytes(tx, t, freed, uncommitted, err);
}

/* --- devices --- */

/* The device as it is now, and whose chunks its records may refer to. */
static int
read_device(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;
	struct catalog_device d;
	int rc = tx->ops->device_get(tx, &t->device, &t->account.account, &t->device.device, err);

	if (rc)
		return rc;
	d = t->device;
	t->owners[0] = d.row;
	for (t->n_owners = 1; d.replaces_row && t->n_owners <= REPLACED_DEEP; t->n_owners++) {
		t->owners[t->n_owners] = d.replaces_row;
		if (tx->ops->device_by_row(tx, &d, d.replaces_row, err) != 0)
			return -1;
	}
	return 0;
}

static bool
is_over(const struct tidy *t)
{
	const struct catalog_device *d = &t->device;
	int64_t until = d->ended_ms + t->due.keep_ms;
	int64_t anchor = retention_anchor(retention_month_of(d->ended_ms));

	return d->state == DEVICE_RETIRED && d->seq && d->ended_ms &&
	       t->now_ms >= (until > anchor ? until : anchor);
}

struct adding {
	const struct id16 *device;
	struct hash32 hash; /* of the entry that added it */
};

static int
find_added(void *ctx, uint64_t index, struct span entry, struct err *err)
{
	struct adding *a = ctx;
	struct log_entry e;

	(void)index;
	if (log_entry_decode(&e, entry, err) < 0)
		return -1;
	if (e.type == LOG_ADD_DEVICE && id16_equal(&e.device, a->device))
		log_entry_hash(&a->hash, entry);
	return 0;
}

/* Retired long enough: what it had live ended then. */
static int
empty_device(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;
	struct adding added = { .device = &t->device.device };
	struct catalog_device d;
	int rc = tx->ops->device_get(tx, &d, &t->account.account, &t->device.device, err);

	t->step = (struct tidy_result){ 0 };
	if (rc)
		return rc < 0 ? -1 : 0;
	if (tx->ops->device_empty(tx, &d, err) < 0 || tx->ops->nodes_clear(tx, d.row, err) < 0 ||
	    tx->ops->log_read(tx, &t->account.account, 0, find_added, &added, err) < 0)
		return -1;
	d.seq = 0; /* none of its batches is to stay; its head is that of a device which saved none */
	d.head = added.hash;
	t->device = d;
	return tx->ops->device_put(tx, &d, err);
}

/* What is due of a device, from the first on. */
static int
clear_device(struct tidy *t, struct err *err)
{
	int rc;

	t->ended_ms = t->next_ended_ms = INT64_MIN;
	t->record = t->next_record = 0;
	t->seq = t->next_seq = 0;
	t->cid = t->next_cid = (struct hash32){ { 0 } }; /* no MAC is zero */
	rc = tidy_steps(t, clear_versions, err);
	if (rc == 0)
		rc = tidy_steps(t, drop_batches, err);
	if (rc == 0)
		rc = tidy_steps(t, drop_chunks, err);
	return rc;
}

static int
tidy_device(struct tidy *t, const struct id16 *device, struct err *err)
{
	int rc;

	t->device = (struct catalog_device){ .device = *device };
	rc = catalog_read(t->catalog, read_device, t, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	t->due.device_row = t->device.row;
	if (is_over(t) && (rc = tidy_step(t, empty_device, err)) != 0)
		return rc;
	rc = tidy_judge_holds(t, err);
	return rc ? rc : clear_device(t, err);
}

/* --- accounts --- */

/* What waited and is due now. */
static int
settle_account(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;
	struct catalog_account a;
	int rc = tx->ops->account_get(tx, &a, &t->account.account, err);

	t->step = (struct tidy_result){ 0 };
	if (rc)
		return rc;
	if (a.delete_at_ms && a.delete_at_ms <= t->now_ms) {
		t->removed = true;
		return tx->ops->account_remove(tx, &a.account, err);
	}
	if (a.next_at_ms && a.next_at_ms <= t->now_ms) {
		a.retention_days = a.next_days;
		a.next_days = 0;
		a.next_at_ms = 0;
	}
	if (a.lift_at_ms && a.lift_at_ms <= t->now_ms) {
		if (tidy_lift_holds(tx, &a, err) < 0)
			return -1;
		a.lift_at_ms = a.lift_from_ms = 0;
	}
	t->account = a;
	return tx->ops->account_put(tx, &a, err);
}

static int
read_account(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;

	return tx->ops->account_get(tx, &t->account, &t->account.account, err);
}

static int
tidy_account(struct tidy *t, const struct id16 *account, struct err *err)
{
	struct ids devices = { .account = account };
	int rc;

	t->account = (struct catalog_account){ .account = *account };
	t->removed = false;
	rc = catalog_read(t->catalog, read_account, t, err);
	if (rc == 0 && account_is_relaxing(&t->account))
		rc = tidy_step(t, settle_account, err);
	if (rc == CATALOG_ABSENT || t->removed)
		return 0;
	t->due.keep_ms = t->account.retention_days * RETENTION_DAY_MS;
	if (rc == 0)
		rc = catalog_read(t->catalog, ids_of_devices, &devices, err);
	for (size_t i = 0; i < devices.n && rc == 0; i++)
		rc = tidy_device(t, &devices.at[i], err);
	free(devices.at);
	return rc;
}

static int
purge_step(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;

	t->step = (struct tidy_result){ 0 };
	int rc = tx->ops->account_purge(tx, &t->account.account, PURGE_PAGE, err);
	t->more = rc == CATALOG_MORE;
	return rc < 0 ? -1 : 0;
}

static int
purge_account(struct tidy *t, const struct id16 *account, struct err *err)
{
	int rc;

	t->account = (struct catalog_account){ .account = *account };
	rc = tidy_steps(t, purge_step, err);
	t->result->accounts += rc == 0;
	return rc;
}

/* Every account of a list, each by @fn; a damaged one costs itself. */
static int
for_each_account(struct tidy *t, catalog_run_fn *list,
		 int (*fn)(struct tidy *t, const struct id16 *account, struct err *err),
		 struct err *err)
{
	struct ids ids = { 0 };
	int rc = catalog_read(t->catalog, list, &ids, err);

	for (size_t i = 0; i < ids.n && rc == 0; i++) {
		rc = fn(t, &ids.at[i], err);
		if (rc < 0 && err->code == ERR_FORMAT) {
			journal("tidy: account %s: %s", id16_hex(&ids.at[i]).s, err->msg);
			t->damage = *err;
			rc = 0;
		}
	}
	free(ids.at);
	return rc;
}

static int
compact(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;

	t->step = (struct tidy_result){ 0 };
	int rc = tx->ops->compact(tx, err);
	t->more = rc == CATALOG_MORE;
	return rc < 0 ? -1 : 0;
}

static int
read_clock(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;

	(void)err;
	t->now_ms = t->due.now_ms = tx->ops->clock(tx);
	return 0;
}

int
tidy_run(struct catalog *c, struct blobs *b, const struct tidy_options *options,
	 struct tidy_result *result, struct err *err)
{
	struct tidy t = { .catalog = c, .blobs = b, .options = options, .result = result };
	int rc;

	*result = (struct tidy_result){ 0 };
	rc = catalog_read(c, read_clock, &t, err);
	if (rc == 0)
		rc = for_each_account(&t, ids_of_accounts, tidy_account, err);
	if (rc == 0)
		rc = for_each_account(&t, ids_of_accounts_removed, purge_account, err);
	if (rc == 0)
		rc = tidy_dead(c, b, options, result, err);
	if (rc == 0 && options && options->strays)
		rc = tidy_strays(c, b, 0, BLOBS_PARTS, err);
	if (rc == 0)
		rc = tidy_steps(&t, compact, err);
	if (rc == 0 && t.damage.code) {
		*err = t.damage;
		return -1;
	}
	return rc;
}
