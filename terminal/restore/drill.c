/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill: the full one, and what both kinds leave in the Box.  See drill.h.
 *
 *     choose -> find them in the list that the server proves -> fetch group by group -> open, compare
 *     with what was saved, try in the throw-away copy -> note: proven, or damaged
 */
#include <stdio.h>

#include "account/account.h"
#include "base/array.h"
#include "base/text.h"
#include "box/content.h"
#include "box/receipts.h"
#include "item/item.h"
#include "os/os.h"
#include "remote/remote.h"
#include "restore/device.h"
#include "restore/drill_copy.h"
#include "restore/drill_internal.h"
#include "restore/fetch.h"

/* ---- both kinds ---- */

void
drill_result_clear(struct drill_result *r)
{
	verify_result_clear(&r->found);
	*r = (struct drill_result){ 0 };
}

int
drill_bad(struct drill_result *out, struct box *box, const struct id16 *item, const char *reason,
	  bool damaged, struct err *err)
{
	char words[2 * REASON_BYTES];
	bool again = false;

	if (damaged && saved_doubt(&again, box, item->b, err) < 0)
		return -1;
	out->again += again;
	if (!damaged)
		return verify_bad_item(&out->found, box, item, reason, err);
	snprintf(words, sizeof words, "%s; %s", reason,
		 again ? _("the next backup sends it again")
		       : _("it is not on this terminal any more, so it cannot be sent again"));
	return verify_bad_item(&out->found, box, item, words, err);
}

static int
put_end(struct drill_result *out, struct box *box, uint64_t sent, struct err *err)
{
	const struct drill_done done = { .kind = out->kind,
					 .at_unix_ms = os->now_unix_ms(),
					 .items = out->items,
					 .failed = out->found.n_bad };
	struct receipt r = { .kind = RECEIPT_DRILL,
			     .at_unix_ms = done.at_unix_ms,
			     .items = out->items,
			     .bytes_sent = sent,
			     .bytes_received = out->found.bytes_received,
			     .failed = out->found.n_bad };

	if (drill_done_put(box, &done, err) < 0 || receipt_put(box, &r, err) < 0)
		return -1;
	for (size_t i = 0; i < out->found.n_bad; i++) {
		const struct verify_bad *b = &out->found.bad[i];
		struct receipt_item line = { .app = b->app,
					     .id = span_str(b->id),
					     .name = span_str(b->name),
					     .result = "failed",
					     .reason = span_str(b->reason) };

		if (receipt_put_item(box, r.number, &line, err) < 0)
			return -1;
	}
	return 0;
}

int
drill_end(struct drill_result *out, struct box *box, uint64_t sent, struct err *err)
{
	verify_sort(&out->found);
	if (box_begin(box, err) < 0)
		return -1;
	if (put_end(out, box, sent, err) == 0)
		return box_commit(box, err);
	box_rollback(box);
	return -1;
}

/* ---- the full one ---- */

/* An item to be looked at, as the Box has it. */
struct wanted {
	struct id16 item;
	uint64_t seq;
	uint32_t index;
	uint8_t leaf[BOX_HASH_BYTES];
	uint8_t content[BOX_HASH_BYTES];
};

struct drilling {
	struct drill_result *out;
	struct box *box;
	const struct identity *me;
	const struct verify_watch *watch;
	struct fetch *fetch;
	struct drill_copy *copy;
	struct drill_limits limits;
	uint64_t bytes;        /* sealed, of those wanted */
	bool full;             /* no more of them */
	struct wanted *wanted; /* owned; by item */
	size_t n, cap;
	struct opened *group; /* owned; what a request brought */
	size_t n_group, cap_group;
	struct id16 *proven; /* owned; of the group */
	size_t n_proven, cap_proven;
	uint64_t done;
};

static void
group_clear(struct drilling *d)
{
	for (size_t i = 0; i < d->n_group; i++)
		opened_clear(&d->group[i]);
	d->n_group = d->n_proven = 0;
}

static void
drilling_clear(struct drilling *d)
{
	group_clear(d);
	free(d->group);
	free(d->proven);
	free(d->wanted);
	drill_copy_free(d->copy);
	fetch_free(d->fetch);
}
AUTO_OBJ(drilling_clear, struct drilling);

/* 1. Which. */

static int
want(void *ctx, const struct saved *s, struct err *err)
{
	struct drilling *d = ctx;
	struct wanted *w;

	/* What does not fit is the first the next time: nothing overtakes it. */
	d->full |= d->n > 0 && d->bytes + s->sealed_bytes > d->limits.bytes;
	if (d->full)
		return 0;
	if (array_reserve((void **)&d->wanted, &d->cap, d->n + 1, sizeof *d->wanted,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	w = &d->wanted[d->n++];
	memcpy(w->item.b, s->item, sizeof w->item.b);
	w->seq = s->seq;
	w->index = s->index;
	memcpy(w->leaf, s->leaf, sizeof w->leaf);
	memcpy(w->content, s->content, sizeof w->content);
	d->bytes += s->sealed_bytes;
	return 0;
}

static int
by_item(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return id16_compare(&x->item, &y->item);
}

static int
choose(struct drilling *d, struct err *err)
{
	const struct saved_oldest which = { .now_unix_ms = os->now_unix_ms(),
					    .max = d->limits.items,
					    .sealed_bytes_max = d->limits.strict ? d->limits.bytes
										 : UINT64_MAX };

	if (saved_each_by_proof(d->box, &which, want, d, err) < 0)
		return -1;
	if (d->n == 0) {
		err_set(err, ERR_NOT_FOUND, "nothing is saved from this terminal yet");
		return err_hint(err, "cloudbox add chooses items, cloudbox backup saves them");
	}
	qsort(d->wanted, d->n, sizeof *d->wanted, by_item);
	d->out->items = d->n;
	return 0;
}

/* 2. Where the server says they lie. */

static int
open_cloud(struct drilling *d, struct unlocked *u, struct err *err)
{
	const struct log_device *device;
	struct fetch_source source = fetch_source_of(u);
	struct opener_keys keys;
	struct err alarm = { 0 };
	struct id16 id;

	memcpy(id.b, d->me->device, sizeof id.b);
	device = log_state_device(unlocked_log(u), &id);
	if (!device)
		return err_set(err, ERR_NOT_FOUND, "the account has no such device");
	keys = opener_keys_of(u, device);
	if (fetch_new(&d->fetch, &keys, &source, err) < 0 ||
	    fetch_use_disk(d->fetch, box_home_fd(d->box), err) < 0 || fetch_list(d->fetch, err) < 0)
		return -1;
	if (fetch_alarm(d->fetch)[0] &&
	    verify_bad_device(&d->out->found, id.b, d->me->name, fetch_alarm(d->fetch), err) < 0)
		return -1;
	if (device_check_newest(d->fetch, d->box, &alarm) == 0)
		return 0;
	if (alarm.code == ERR_ALARM)
		return verify_bad_device(&d->out->found, id.b, d->me->name, alarm.msg, err);
	*err = alarm;
	return -1;
}

/* The server does not list what it acknowledged: that is told, but its data is not in doubt. */
static int
not_listed(struct drilling *d, const struct wanted *w, const char *reason, struct err *err)
{
	return drill_bad(d->out, d->box, &w->item, reason, false, err);
}

/* Both ascend by item. */
static int
find_listed(struct listing *out, struct drilling *d, struct err *err)
{
	const struct listing *live = fetch_live(d->fetch);
	struct wire_item w;
	size_t at = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct wanted *x = &d->wanted[i];
		int order = -1;

		for (; at < live->n; at++) {
			if (listing_get(&w, live, at, err) < 0)
				return -1;
			order = id16_compare(&w.item, &x->item);
			if (order >= 0)
				break;
		}
		if (at == live->n || order != 0) {
			if (not_listed(d, x,
				       _("the server does not list it: its backup is not there"),
				       err) < 0)
				return -1;
		} else if (w.seq != x->seq || w.index != x->index ||
			   memcmp(w.leaf.b, x->leaf, sizeof x->leaf) != 0) {
			if (not_listed(d, x,
				       _("the server lists another version of it than it "
					 "acknowledged"),
				       err) < 0)
				return -1;
		} else if (listing_add(out, &w, err) < 0) {
			return -1;
		}
	}
	return 0;
}

/* 3. One item that came. */

/* Its original bytes on their way: hashed, and kept where the copy needs them whole. */
struct flow {
	struct content_flow content;
	struct buf whole;
	bool keep;
};

static void
flow_clear(struct flow *f)
{
	content_flow_clear(&f->content);
	buf_clear(&f->whole);
}
AUTO_OBJ(flow_clear, struct flow);

static int
flow_write(void *ctx, struct span bytes, struct err *err)
{
	struct flow *f = ctx;

	if (f->keep && buf_append(&f->whole, bytes, err) < 0)
		return -1;
	return content_flow_add(&f->content, bytes, err);
}

/* Is it what was saved?  Of an item whose map was built anew from the server nobody knows. */
static bool
is_saved_content(const struct wanted *w, const uint8_t content[static BOX_HASH_BYTES])
{
	static const uint8_t unknown[BOX_HASH_BYTES];

	return memcmp(w->content, content, sizeof w->content) == 0 ||
	       memcmp(w->content, unknown, sizeof unknown) == 0;
}

static int
prove(struct drilling *d, const struct id16 *item, struct err *err)
{
	if (array_reserve((void **)&d->proven, &d->cap_proven, d->n_proven + 1, sizeof *d->proven,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	d->proven[d->n_proven++] = *item;
	return 0;
}

/* All of its bytes are here. */
static int
judge(struct drilling *d, const struct opened *o, struct flow *flow, struct err *err)
{
	struct wanted key = { .item = o->at.item };
	const struct wanted *w = bsearch(&key, d->wanted, d->n, sizeof *d->wanted, by_item);
	uint8_t content[BOX_HASH_BYTES];
	char reason[REASON_BYTES];
	int rc;

	content_flow_final(&flow->content, content);
	if (w && !is_saved_content(w, content))
		return drill_bad(d->out, d->box, &o->at.item,
				 _("what came back is not what was saved"), true, err);
	rc = drill_copy_try(reason, d->copy, &o->record, buf_span(&flow->whole), err);
	if (rc == DRILL_COPY_BAD)
		return drill_bad(d->out, d->box, &o->at.item, reason, false, err);
	return rc < 0 ? -1 : prove(d, &o->at.item, err);
}

static int
try_item(struct drilling *d, const struct opened *o, struct err *err)
{
	AUTO(flow_clear) struct flow flow = { .whole = BUF_INIT(ITEM_BYTES_MAX) };
	struct payload_sink sink = { &flow, flow_write };
	struct err why = { 0 };

	if (o->why)
		return drill_bad(d->out, d->box, &o->at.item, o->why->msg, true, err);
	content_flow_init(&flow.content, d->me->ids);
	flow.keep = drill_copy_wants(&o->record);
	if (fetch_payload(d->fetch, &o->record, &sink, &why) == 0)
		return judge(d, o, &flow, err);
	if (opener_blames_item(&why))
		return drill_bad(d->out, d->box, &o->at.item, why.msg, true, err);
	*err = why;
	return -1;
}

/* 4. Group by group. */

static int
put_aside(void *ctx, const struct fetched *it, struct err *err)
{
	struct drilling *d = ctx;

	if (array_reserve((void **)&d->group, &d->cap_group, d->n_group + 1, sizeof *d->group,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	if (opened_copy(&d->group[d->n_group], it, err) < 0) {
		opened_clear(&d->group[d->n_group]);
		return -1;
	}
	d->n_group++;
	return 0;
}

/* How many from @from on have chunks that fit one request. */
static size_t
range(const struct drilling *d, size_t from)
{
	uint64_t bytes = 0;
	size_t n = 0;

	for (; from + n < d->n_group; n++) {
		const struct opened *o = &d->group[from + n];

		bytes += o->why ? 0 : o->record.size_bytes;
		if (n > 0 && bytes > FETCH_WINDOW_BYTES)
			break;
	}
	return n;
}

/* The times of proof, in one transaction. */
static int
put_proven(struct drilling *d, struct err *err)
{
	int64_t now = os->now_unix_ms();
	int rc = box_begin(d->box, err);

	for (size_t i = 0; rc == 0 && i < d->n_proven; i++)
		rc = saved_put_proven(d->box, d->proven[i].b, now, err);
	if (rc == 0) {
		d->out->proven += d->n_proven;
		return box_commit(d->box, err);
	}
	box_rollback(d->box);
	return -1;
}

static int
try_group(struct drilling *d, struct err *err)
{
	const struct verify_watch *w = d->watch;

	for (size_t from = 0, n; from < d->n_group; from += n) {
		n = range(d, from);
		if (fetch_ahead(d->fetch, d->group + from, n, err) < 0)
			return -1;
		for (size_t i = from; i < from + n; i++) {
			if (w && w->cancelled && w->cancelled(w->ctx))
				return err_set(err, ERR_CANCELLED,
					       "ended before everything was looked at");
			if (try_item(d, &d->group[i], err) < 0)
				return -1;
			if (w && w->progress)
				w->progress(w->ctx, ++d->done, d->n);
		}
	}
	return 0;
}

static int
group_done(void *ctx, struct err *err)
{
	struct drilling *d = ctx;
	struct err later = { 0 };
	int rc = try_group(d, err);

	/* What was proven before it ended is. */
	if (put_proven(d, &later) < 0 && rc == 0) {
		*err = later;
		rc = -1;
	}
	group_clear(d);
	return rc;
}

static int
drill(struct drilling *d, struct unlocked *u, struct err *err)
{
	AUTO(listing_clear) struct listing listed = { 0 };
	struct fetch_sink sink = { d, put_aside, group_done };

	if (verify_check_settled(d->box, err) < 0 || choose(d, err) < 0 ||
	    open_cloud(d, u, err) < 0 || drill_copy_new(&d->copy, d->box, err) < 0 ||
	    find_listed(&listed, d, err) < 0)
		return -1;
	return fetch_records(d->fetch, &listed, FETCH_LIVE, &sink, err);
}

int
drill_full(struct drill_result *out, struct box *box, struct unlocked *u,
	   const struct drill_limits *limits, const struct verify_watch *watch, struct err *err)
{
	AUTO(drilling_clear)
	struct drilling d = { .out = out,
			      .box = box,
			      .watch = watch,
			      .limits = { DRILL_ITEMS, DRILL_BYTES, false } };
	struct remote *remote = unlocked_remote(u, err);
	struct remote_traffic before, after;
	int rc;

	if (limits)
		d.limits = *limits;
	if (!remote || box_identity_need(&d.me, box, err) < 0 ||
	    box_lock(box, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	out->kind = DRILL_FULL;
	before = remote_traffic(remote);
	rc = drill(&d, u, err);
	after = remote_traffic(remote);
	out->found.bytes_received = after.bytes_received - before.bytes_received;
	out->found.requests = after.requests - before.requests;
	if (rc == 0)
		rc = drill_end(out, box, after.bytes_sent - before.bytes_sent, err);
	box_unlock(box);
	return rc;
}
