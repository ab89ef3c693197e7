/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_data: every record and chunk of a device, fetched, proven and opened.
 *
 *     live items: record -> payload, assembled to its end and thrown away
 *     older versions: record -> payload, if it has a chunk that was not opened yet
 *
 * Records come request by request; what one request brought is worked off before the next.
 */
#include "restore/verify_internal.h"

#include "account/account.h"
#include "base/array.h"
#include "box/box_apps.h"
#include "box/box_items.h"
#include "box/content.h"
#include "box/saved.h"
#include "item/key.h"
#include "os/os.h"
#include "remote/remote.h"
#include "restore/device.h"
#include "restore/fetch.h"

#define CHUNKS_MAX (1u << 27)

/* A record that a request brought. */
struct aside {
	struct opened opened;
	bool proven; /* all of it was opened */
};

/* Chunks that were opened: hashes of device and cid, open addressing. */
struct chunk_set {
	struct field_key *keys; /* all zero: free */
	size_t n, cap;          /* cap: a power of two, at most half full */
};

struct verifying {
	struct verify_result *out;
	struct box *box;
	struct unlocked *u;
	const struct verify_watch *watch;
	struct fetch *fetch;
	bool own;            /* this terminal's own device */
	bool live;           /* at the live items; else at older versions */
	struct aside *group; /* owned: what a request brought */
	size_t n_group, cap_group;
	struct chunk_set seen;
	uint64_t done, total; /* records */
};

static void
group_clear(struct verifying *v)
{
	for (size_t i = 0; i < v->n_group; i++)
		opened_clear(&v->group[i].opened);
	v->n_group = 0;
}

static void
verifying_clear(struct verifying *v)
{
	group_clear(v);
	free(v->group);
	free(v->seen.keys);
	fetch_free(v->fetch);
}
AUTO_OBJ(verifying_clear, struct verifying);

/* ---- chunks ---- */

static bool
is_free(const struct field_key *k)
{
	static const struct field_key zero;

	return field_key_equal(k, &zero);
}

static size_t
slot_of(const struct chunk_set *s, const struct field_key *k)
{
	size_t at;

	memcpy(&at, k->b, sizeof at);
	for (at &= s->cap - 1; !is_free(&s->keys[at]) && !field_key_equal(&s->keys[at], k);
	     at = (at + 1) & (s->cap - 1))
		;
	return at;
}

static int
grow(struct chunk_set *s, struct err *err)
{
	struct chunk_set big = { .n = s->n, .cap = s->cap ? 2 * s->cap : 1024 };

	if (big.cap > CHUNKS_MAX)
		return err_set(err, ERR_LIMIT, "more chunks than can be counted");
	big.keys = calloc(big.cap, sizeof *big.keys);
	if (!big.keys)
		return err_nomem(err);
	for (size_t i = 0; i < s->cap; i++)
		if (!is_free(&s->keys[i]))
			big.keys[slot_of(&big, &s->keys[i])] = s->keys[i];
	free(s->keys);
	*s = big;
	return 0;
}

static struct field_key
key_of(const struct chunk_entry *e)
{
	uint8_t both[sizeof e->device.b + sizeof e->cid.b] = { 0 };

	if (e->foreign)
		memcpy(both, e->device.b, sizeof e->device.b);
	memcpy(both + sizeof e->device.b, e->cid.b, sizeof e->cid.b);
	return key_hash(SPAN_ARRAY(both));
}

/* Were all of them opened?  With @add they are from now on. */
static int
all_seen(bool *all, struct verifying *v, const struct chunk_entries *l, bool add, struct err *err)
{
	*all = true;
	for (size_t i = 0; i < l->n; i++) {
		struct field_key k = key_of(&l->e[i]);

		if (2 * (v->seen.n + 1) > v->seen.cap && grow(&v->seen, err) < 0)
			return -1;
		size_t at = slot_of(&v->seen, &k);
		if (!is_free(&v->seen.keys[at]))
			continue;
		*all = false;
		if (!add)
			return 0;
		v->seen.keys[at] = k;
		v->seen.n++;
	}
	return 0;
}

/* ---- one record ---- */

static int
throw_away(void *ctx, struct span bytes, struct err *err)
{
	(void)ctx;
	(void)bytes;
	(void)err;
	return 0;
}

static int
bad_opened(struct verifying *v, const struct opened *o, const char *reason, struct err *err)
{
	const struct record *r = &o->record;

	if (o->why || v->own)
		return verify_bad_item(v->out, v->box, &o->at.item, reason, err);
	return verify_bad(v->out, r->app, r->native_id, r->name, reason, err);
}

/* 0, or -1 with what is wrong: of the item, or of the connection. */
static int
open_all(struct verifying *v, const struct opened *o, struct err *why)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 };
	struct payload_sink sink = { NULL, throw_away };
	bool all;

	if (!o->record.live)
		return 0; /* a tombstone: it opened */
	if (fetch_entries(&l, v->fetch, &o->record, why) < 0 ||
	    all_seen(&all, v, &l, false, why) < 0)
		return -1;
	if (all && !v->live)
		return 0;
	if (fetch_payload(v->fetch, &o->record, &sink, why) < 0)
		return -1;
	return all_seen(&all, v, &l, true, why);
}

static int
check_one(struct verifying *v, struct aside *a, struct err *err)
{
	const struct opened *o = &a->opened;
	struct err why = { 0 };

	v->out->checked += v->live && !v->own;
	if (v->watch && v->watch->progress)
		v->watch->progress(v->watch->ctx, ++v->done, v->total);
	if (o->why)
		return bad_opened(v, o, o->why->msg, err);
	v->out->versions++;
	if (open_all(v, o, &why) < 0) {
		if (opener_blames_item(&why))
			return bad_opened(v, o, why.msg, err);
		*err = why;
		return -1;
	}
	a->proven = true;
	return 0;
}

static int
put_aside(void *ctx, const struct fetched *it, struct err *err)
{
	struct verifying *v = ctx;

	if (array_reserve((void **)&v->group, &v->cap_group, v->n_group + 1, sizeof *v->group,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	struct aside *a = &v->group[v->n_group];
	*a = (struct aside){ 0 };
	if (opened_copy(&a->opened, it, err) < 0) {
		opened_clear(&a->opened);
		return -1;
	}
	v->n_group++;
	return 0;
}

/* How many small items' chunks fit one request. */
static size_t
ahead(const struct verifying *v, size_t from)
{
	uint64_t bytes = 0;
	size_t to = from;

	while (to < v->n_group) {
		bytes += v->group[to].opened.why ? 0 : v->group[to].opened.record.size_bytes;
		if (to > from && bytes > FETCH_WINDOW_BYTES)
			break;
		to++;
	}
	return to;
}

static int
check_range(struct verifying *v, size_t from, size_t to, struct err *err)
{
	if (v->live) {
		fetch_ahead_begin(v->fetch);
		for (size_t i = from; i < to; i++)
			if (fetch_ahead_add(v->fetch, &v->group[i].opened, err) < 0)
				return -1;
		if (fetch_ahead_ask(v->fetch, err) < 0)
			return -1;
	}
	for (size_t i = from; i < to; i++) {
		if (v->watch && v->watch->cancelled && v->watch->cancelled(v->watch->ctx))
			return err_set(err, ERR_CANCELLED, "ended before everything was checked");
		if (check_one(v, &v->group[i], err) < 0)
			return -1;
	}
	return 0;
}

/* The times of proof, in one transaction. */
static int
put_proven(struct verifying *v, struct err *err)
{
	int64_t now = os->now_unix_ms();
	int rc = box_begin(v->box, err);

	for (size_t i = 0; rc == 0 && i < v->n_group; i++)
		if (v->group[i].proven)
			rc = saved_put_proven(v->box, v->group[i].opened.at.item.b, now, err);
	if (rc == 0)
		return box_commit(v->box, err);
	box_rollback(v->box);
	return -1;
}

static int
group_done(void *ctx, struct err *err)
{
	struct verifying *v = ctx;
	int rc = 0;

	for (size_t from = 0, to; rc == 0 && from < v->n_group; from = to) {
		to = ahead(v, from);
		rc = check_range(v, from, to, err);
	}
	if (rc == 0 && v->own && v->live)
		rc = put_proven(v, err);
	group_clear(v);
	return rc;
}

/* ---- what there is ---- */

static int
check_live(struct verifying *v, struct err *err)
{
	const struct listing *live = fetch_live(v->fetch);
	struct fetch_sink sink = { v, put_aside, group_done };

	v->live = true;
	v->total = live->n;
	return fetch_records(v->fetch, live, FETCH_LIVE, &sink, err);
}

struct folder_ids {
	struct id16 *ids; /* owned */
	size_t n, cap;
	const struct opener *opener;
};

static int
add_folder(struct folder_ids *f, const struct id16 *id, struct err *err)
{
	for (size_t i = 0; i < f->n; i++)
		if (id16_equal(&f->ids[i], id))
			return 0;
	if (array_reserve((void **)&f->ids, &f->cap, f->n + 1, sizeof *f->ids, 2048, err) < 0)
		return -1;
	f->ids[f->n++] = *id;
	return 0;
}

static int
add_app(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err)
{
	struct folder_ids *f = ctx;
	struct id16 id = opener_folder_id(f->opener, span_str(app->name));

	(void)counts;
	return add_folder(f, &id, err);
}

/* Folders with live items, and those of the apps here, which may have none left. */
static int
find_folders(struct folder_ids *f, struct verifying *v, struct err *err)
{
	const struct listing *live = fetch_live(v->fetch);
	struct id16 box = opener_folder_id(fetch_opener(v->fetch), span_str(BOX_APP));

	f->opener = fetch_opener(v->fetch);
	for (size_t i = 0; i < live->n; i++) {
		struct wire_item w;

		if (listing_get(&w, live, i, err) < 0 || add_folder(f, &w.folder, err) < 0)
			return -1;
	}
	return add_folder(f, &box, err) < 0 ? -1 : box_apps_each(v->box, add_app, f, err);
}

/* Both ascend by item: *at, from 0, goes along. */
static int
is_live(bool *is, size_t *at, const struct listing *live, const struct wire_item *w,
	struct err *err)
{
	struct wire_item here;

	for (*is = false; *at < live->n; ++*at) {
		int order;

		if (listing_get(&here, live, *at, err) < 0)
			return -1;
		order = id16_compare(&here.item, &w->item);
		*is = order == 0 && here.seq == w->seq && here.index == w->index;
		if (order >= 0)
			break;
	}
	return 0;
}

static int
check_older_of(struct verifying *v, const struct id16 *folder, struct err *err)
{
	AUTO(listing_clear) struct listing all = { 0 }, want = { 0 };
	struct fetch_sink sink = { v, put_aside, group_done };

	if (fetch_versions(&all, v->fetch, folder, NULL, err) < 0)
		return -1;
	for (size_t i = 0, at = 0; i < all.n; i++) {
		bool is;

		if (is_live(&is, &at, fetch_live(v->fetch), &all.items[i], err) < 0 ||
		    (!is && listing_add(&want, &all.items[i], err) < 0))
			return -1;
	}
	v->total += want.n;
	return fetch_records(v->fetch, &want, FETCH_VERSIONS, &sink, err);
}

static int
check_older(struct verifying *v, struct err *err)
{
	struct folder_ids f = { 0 };
	int rc = find_folders(&f, v, err);

	v->live = false;
	for (size_t i = 0; rc == 0 && i < f.n; i++)
		rc = check_older_of(v, &f.ids[i], err);
	free(f.ids);
	return rc;
}

/* The list of another device's items: this terminal's own was compared already. */
static int
check_other_list(struct verifying *v, struct err *err)
{
	const struct log_device *d = fetch_device(v->fetch);
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];
	const char *alarm = fetch_alarm(v->fetch);

	if (v->own || !alarm[0])
		return 0;
	unlocked_device_name(name, v->u, &d->id);
	return verify_bad(v->out, span_str(""), span_str(id16_hex(&d->id).s), span_str(name), alarm,
			  err);
}

static int
check_data(struct verifying *v, struct err *err)
{
	const struct identity *me = box_identity(v->box);

	if (device_open(&v->fetch, v->box, v->u, NULL, DEVICE_NEEDS_ITEMS, err) < 0)
		return -1;
	v->own = memcmp(fetch_device(v->fetch)->id.b, me->device, sizeof me->device) == 0;
	if (check_other_list(v, err) < 0 || check_live(v, err) < 0 || check_older(v, err) < 0)
		return -1;
	v->out->chunks = v->seen.n;
	return 0;
}

int
verify_data(struct verify_result *out, struct box *box, struct unlocked *u,
	    const struct verify_watch *watch, struct err *err)
{
	AUTO(verifying_clear)
	struct verifying v = { .out = out, .box = box, .u = u, .watch = watch };
	struct remote *remote = unlocked_remote(u, err);
	struct remote_traffic before, after;
	int rc;

	if (!remote || box_lock(box, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	before = remote_traffic(remote);
	rc = verify_server_locked(out, box, remote, err);
	if (rc == 0)
		rc = check_data(&v, err);
	box_unlock(box);
	after = remote_traffic(remote);
	out->bytes_received = after.bytes_received - before.bytes_received;
	out->requests = after.requests - before.requests;
	verify_sort(out);
	return rc;
}
