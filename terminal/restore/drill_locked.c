/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill_locked: what a terminal can check of its backups without any key that opens them.
 *
 *     the account log, the heads, the list of live items: verify.h
 *     records that the server itself found damaged
 *     records drawn at random: the leaf of what the server gives is the leaf that box.db keeps
 *     objects of chunks drawn at random: one that this terminal sent, by its hash
 *
 * The draw: every candidate gets a random number, those with the smallest are drawn; so each has the
 * same chance, in one pass and in little memory, and the server cannot know which will be asked for.
 */
#include <stdio.h>

#include "base/text.h"
#include "box/identity.h"
#include "chunk/entries.h"
#include "format/batch.h"
#include "os/os.h"
#include "remote/remote.h"
#include "restore/drill_internal.h"

#define DRAWN_MAX (DRILL_LOCKED_RECORDS + DRILL_LOCKED_CHUNKS)

struct drawn {
	uint64_t number;
	struct id16 item;
	struct hash32 id; /* a record's leaf; a chunk's cid */
	uint64_t seq;     /* a record's place */
	uint32_t index;
	bool came, bad;
};

/* The smallest numbers so far, ascending. */
struct draw {
	struct drawn d[DRAWN_MAX];
	size_t n, max;
};

struct checking {
	struct drill_result *out;
	struct box *box;
	const struct verify_watch *watch;
	struct draw records, chunks;
	struct chunk_entries entries; /* of the item at hand */
	struct wire_damaged damaged;  /* as the server itself says; whose that is: */
	struct id16 named[WIRE_DAMAGED_MAX];
	size_t n_named;
};

static bool
is_drawn(const struct draw *d, uint64_t number)
{
	return d->n < d->max || number < d->d[d->n - 1].number;
}

static void
put_drawn(struct draw *d, const struct drawn *one)
{
	size_t at = d->n < d->max ? d->n++ : d->n - 1;

	for (; at > 0 && d->d[at - 1].number > one->number; at--)
		d->d[at] = d->d[at - 1];
	d->d[at] = *one;
}

static uint64_t
any_number(void)
{
	uint64_t n;

	os_random(&n, sizeof n);
	return n;
}

/* One chunk may be drawn for two items: the hash is the same, and once is enough. */
static bool
is_drawn_already(const struct draw *d, const struct hash32 *cid)
{
	for (size_t i = 0; i < d->n; i++)
		if (hash32_equal(&d->d[i].id, cid))
			return true;
	return false;
}

static int
draw_chunks(struct checking *c, const struct saved *s, struct err *err)
{
	static const uint8_t none[BOX_HASH_BYTES];

	c->entries.n = 0;
	if (s->chunks.n && chunk_entries_decode(&c->entries, s->chunks, err) < 0)
		return -1;
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct chunk_entry *e = &c->entries.e[i];
		struct drawn one = { .number = any_number(), .id = e->cid };
		int rc;

		if (e->foreign || !is_drawn(&c->chunks, one.number) ||
		    is_drawn_already(&c->chunks, &e->cid))
			continue;
		rc = sent_object_check(c->box, e->cid.b, none, err);
		if (rc < 0)
			return -1;
		memcpy(one.item.b, s->item, sizeof one.item.b);
		if (rc != BOX_UNKNOWN)
			put_drawn(&c->chunks, &one);
	}
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	const struct wire_record_at *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static bool
is_damaged(const struct wire_damaged *list, const struct saved *s)
{
	const struct wire_record_at at = { s->seq, s->index };

	return bsearch(&at, list->at, list->n, sizeof at, by_place) != NULL;
}

static int
draw_one(void *ctx, const struct saved *s, struct err *err)
{
	struct checking *c = ctx;
	struct drawn one = { .number = any_number(), .seq = s->seq, .index = s->index };

	memcpy(one.item.b, s->item, sizeof one.item.b);
	memcpy(one.id.b, s->leaf, sizeof one.id.b);
	if (is_damaged(&c->damaged, s)) {
		c->named[c->n_named++] = one.item; /* nothing to draw for */
		return 0;
	}
	if (is_drawn(&c->records, one.number))
		put_drawn(&c->records, &one);
	return draw_chunks(c, s, err);
}

/* An item is told once, whatever of it is bad. */
static int
tell_bad(struct checking *c, struct drawn *d, const char *reason, struct err *err)
{
	const struct draw *draws[] = { &c->records, &c->chunks };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < draws[k]->n; i++)
			if (draws[k]->d[i].bad && id16_equal(&draws[k]->d[i].item, &d->item))
				return 0;
	d->bad = true;
	return drill_bad(c->out, c->box, &d->item, reason, true, err);
}

/* ---- records ---- */

static struct drawn *
find_record(struct draw *d, uint64_t seq, uint32_t index)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->d[i].seq == seq && d->d[i].index == index && !d->d[i].came)
			return &d->d[i];
	return NULL;
}

/* "" or what is wrong with it. */
static const char *
judge_record(const struct drawn *d, const struct wire_frame *f)
{
	struct record_frame frame;
	struct hash32 leaf;
	struct err why;
	size_t n = 0;

	if (f->kind == WIRE_FRAME_GONE)
		return _("it is damaged or gone on the server");
	if (record_frame_decode(&frame, f->record, &n, &why) != 0 || n != f->record.n)
		return _("its record is of the wrong length");
	record_leaf(&leaf, f->index, &frame);
	return hash32_equal(&leaf, &d->id) ? "" : _("its record is damaged or another one");
}

static int
take_frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	struct checking *c = ctx;
	struct drawn *d;
	const char *reason;

	if (f->kind != WIRE_FRAME_RECORD && f->kind != WIRE_FRAME_GONE)
		return 0;
	d = find_record(&c->records, f->seq, f->index);
	if (!d)
		return 0; /* nobody asked for it */
	d->came = true;
	c->out->records++;
	reason = judge_record(d, f);
	return reason[0] ? tell_bad(c, d, reason, err) : 0;
}

/* An answer that makes no sense is the server's damage; what did not come is told below. */
static bool
is_damage(const struct err *err)
{
	return err->code == ERR_FORMAT || err->code == ERR_LIMIT;
}

static int
check_records(struct checking *c, struct remote *remote, struct err *err)
{
	AUTO(wire_records_clear) struct wire_records ask = { 0 };
	const struct identity *me = box_identity(c->box);
	struct err why = { 0 };

	memcpy(ask.device.b, me->device, sizeof ask.device.b);
	if (c->records.n == 0)
		return 0;
	for (size_t i = 0; i < c->records.n; i++) {
		struct wire_record_at at = { c->records.d[i].seq, c->records.d[i].index };

		if (wire_records_add(&ask, at, err) < 0)
			return -1;
	}
	if (remote_records(remote, &ask, take_frame, c, &why) < 0 && !is_damage(&why)) {
		*err = why;
		return -1;
	}
	for (size_t i = 0; i < c->records.n; i++)
		if (!c->records.d[i].came &&
		    tell_bad(c, &c->records.d[i], _("the server did not give it"), err) < 0)
			return -1;
	return 0;
}

/* ---- objects ---- */

static int
take_object(void *ctx, uint32_t i, struct span object, struct err *err)
{
	struct checking *c = ctx;
	struct drawn *d = &c->chunks.d[i];
	uint8_t hash[BOX_HASH_BYTES];
	int rc;

	d->came = true;
	c->out->chunks++;
	if (object.n == 0)
		return tell_bad(c, d, _("a part of its data is damaged or gone on the server"),
				err);
	sent_object_hash(hash, object);
	rc = sent_object_check(c->box, d->id.b, hash, err);
	if (rc <= 0)
		return rc;
	return tell_bad(c, d, _("a part of its data is not what was sent to the server"), err);
}

static int
check_objects(struct checking *c, struct remote *remote, struct err *err)
{
	const struct identity *me = box_identity(c->box);
	struct wire_object_at at[DRAWN_MAX];
	struct err why = { 0 };

	if (c->chunks.n == 0)
		return 0;
	for (size_t i = 0; i < c->chunks.n; i++) {
		memcpy(at[i].device.b, me->device, sizeof at[i].device.b);
		at[i].cid = c->chunks.d[i].id;
	}
	if (remote_objects(remote, at, (uint32_t)c->chunks.n, take_object, c, &why) < 0 &&
	    !is_damage(&why)) {
		*err = why;
		return -1;
	}
	for (size_t i = 0; i < c->chunks.n; i++)
		if (!c->chunks.d[i].came &&
		    tell_bad(c, &c->chunks.d[i], _("the server did not give a part of its data"),
			     err) < 0)
			return -1;
	return 0;
}

/* ---- all of it ---- */

static int
ask_damaged(struct checking *c, struct remote *remote, struct err *err)
{
	const struct identity *me = box_identity(c->box);
	struct id16 device;

	memcpy(device.b, me->device, sizeof device.b);
	if (remote_damaged(remote, &device, &c->damaged, err) < 0)
		return -1;
	if (c->damaged.n > 1)
		qsort(c->damaged.at, c->damaged.n, sizeof *c->damaged.at, by_place);
	return 0;
}

static int
tell_named(struct checking *c, struct err *err)
{
	for (size_t i = 0; i < c->n_named; i++)
		if (drill_bad(c->out, c->box, &c->named[i],
			      _("the server found its record damaged"), true, err) < 0)
			return -1;
	return 0;
}

static int
run(struct checking *c, struct remote *remote, struct err *err)
{
	int rc;

	/* Lists first: they say whether the server is the one that this terminal knows. */
	if (verify_server_locked(&c->out->found, c->box, remote, err) < 0)
		return -1;
	c->out->items = c->out->found.checked;
	if (ask_damaged(c, remote, err) < 0)
		return -1;
	rc = saved_each(c->box, NULL, draw_one, c, err);
	chunk_entries_clear(&c->entries);
	if (rc < 0)
		return -1;
	if (c->out->items == 0) {
		err_set(err, ERR_NOT_FOUND, "nothing is saved from this terminal yet");
		return err_hint(err, "cloudbox add chooses items, cloudbox backup saves them");
	}
	if (c->records.n > DRAWN_MAX - c->chunks.n)
		c->records.n = DRAWN_MAX - c->chunks.n;
	if (c->watch && c->watch->cancelled && c->watch->cancelled(c->watch->ctx))
		return err_set(err, ERR_CANCELLED, "ended before everything was looked at");
	return tell_named(c, err) < 0 || check_records(c, remote, err) < 0
		       ? -1
		       : check_objects(c, remote, err);
}

int
drill_locked(struct drill_result *out, struct box *box, struct remote *remote,
	     const struct verify_watch *watch, struct err *err)
{
	struct checking c = { .out = out,
			      .box = box,
			      .watch = watch,
			      .records.max = DRAWN_MAX,
			      .chunks.max = DRILL_LOCKED_CHUNKS };
	struct remote_traffic before = remote_traffic(remote), after;
	const struct identity *me;
	int rc;

	if (box_identity_need(&me, box, err) < 0 ||
	    box_lock(box, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	out->kind = DRILL_LOCKED;
	rc = run(&c, remote, err);
	after = remote_traffic(remote);
	out->found.bytes_received = after.bytes_received - before.bytes_received;
	out->found.requests = after.requests - before.requests;
	if (rc == 0)
		rc = drill_end(out, box, after.bytes_sent - before.bytes_sent, err);
	box_unlock(box);
	return rc;
}
