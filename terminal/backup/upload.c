/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload: chunks go ahead of the batch that refers to them.
 *
 *     ask `have` about those that the server may lack -> stream the missing ones, each read again
 *     from its item, compared with its id and sealed as it goes -> cut off: ask again, go on
 */
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/array.h"

/* The chunks on their way, in the group's order, so that each item is opened once. */
struct feeder {
	struct run *r;
	size_t at;             /* the next pending chunk */
	struct cutter *cutter; /* of chunks[..].prepared == item */
	uint32_t item, nth;    /* nth: the chunk that the cutter gives next */
};

static int
item_fails(struct feeder *f, struct prepared *p, const struct err *why, struct err *err)
{
	cutter_free(TAKE(f->cutter));
	return prepared_fail(p, why, err);
}

static int
moved(struct feeder *f, struct prepared *p, struct err *err)
{
	struct err why;

	err_set(&why, ERR_CONFLICT, "it changed while it was read; the next backup takes it");
	return item_fails(f, p, &why, err);
}

/* The cutter of the chunk's item, at the chunk.  0, 1 if the item failed, -1. */
static int
cutter_to(struct feeder *f, const struct pending_chunk *c, struct span *plain, struct err *err)
{
	struct prepared *p = f->r->group.items[c->prepared];
	struct app_session *session = f->r->apps[p->run_app].session;
	enum chunk_class class;
	struct err why = { 0 };
	int rc = 0;

	if (!f->cutter || f->item != c->prepared || f->nth > c->nth) {
		cutter_free(TAKE(f->cutter));
		f->item = c->prepared;
		f->nth = 0;
		rc = cutter_open(&f->cutter, session, &p->place, c->class, NULL, &why);
	}
	while (rc == 0 && f->nth <= c->nth) {
		rc = cutter_next(f->cutter, &class, plain, &why);
		f->nth++;
	}
	if (rc == 0)
		return 0;
	if (rc < 0 && why.code == ERR_NOMEM)
		return err_nomem(err);
	rc = rc < 0 ? item_fails(f, p, &why, err) : moved(f, p, err);
	return rc < 0 ? -1 : 1;
}

/* Seal it, if its bytes are still those of its id.  0, 1 if the item failed, -1. */
static int
seal_chunk_of(struct feeder *f, struct pending_chunk *c, struct span plain, struct span *object,
	      struct err *err)
{
	struct run *r = f->r;
	struct hash32 cid;

	if (object_cid(&cid, &r->keys, c->class, plain, err) < 0)
		return -1;
	if (!hash32_equal(&cid, &c->cid))
		return moved(f, r->group.items[c->prepared], err) < 0 ? -1 : 1;
	if (object_seal(r->sealer, object, &r->keys, c->class, &c->cid, plain, err) < 0)
		return -1;
	c->bytes = (uint32_t)object->n;
	c->sealed = true;
	sent_object_hash(c->object, *object);
	return 0;
}

static int
feed_next(void *ctx, struct hash32 *cid, struct span *object, struct err *err)
{
	struct feeder *f = ctx;
	struct group *g = &f->r->group;

	for (; f->at < g->n_chunks; f->at++) {
		struct pending_chunk *c = &g->chunks[f->at];
		struct span plain = buf_span(&c->plain);
		int rc = 0;

		if (c->there || g->items[c->prepared]->failed)
			continue;
		if (plain.n == 0)
			rc = cutter_to(f, c, &plain, err);
		if (rc == 0)
			rc = seal_chunk_of(f, c, plain, object, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			f->at++;
			*cid = c->cid;
			run_show(f->r, false);
			return 0;
		}
	}
	return REMOTE_END;
}

/* Ids of the chunks that are not known to be there, each once. */
struct question {
	const struct group *g;
	struct hash32 *cids;
	size_t n, cap;
};

static void
question_clear(struct question *q)
{
	free(q->cids);
}
AUTO_OBJ(question_clear, struct question);

static int
by_value(const void *a, const void *b)
{
	return hash32_compare(a, b);
}

static int
question_make(struct question *q, const struct group *g, struct err *err)
{
	size_t n = 0;

	if (array_reserve((void **)&q->cids, &q->cap, g->n_chunks, sizeof *q->cids, SIZE_MAX / 64,
			  err) < 0)
		return -1;
	for (size_t i = 0; i < g->n_chunks; i++)
		if (!g->chunks[i].there && !g->items[g->chunks[i].prepared]->failed)
			q->cids[n++] = g->chunks[i].cid;
	if (n > 1)
		qsort(q->cids, n, sizeof *q->cids, by_value);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !hash32_equal(&q->cids[i], &q->cids[q->n - 1]))
			q->cids[q->n++] = q->cids[i];
	return 0;
}

/* The answers to cids[from, from + n): mark what is there, and all but the first of equal ones. */
static void
take_answer(struct group *g, const struct question *q, const uint8_t *bitmap, size_t from,
	    uint32_t n, uint8_t *asked)
{
	for (size_t i = 0; i < g->n_chunks; i++) {
		struct pending_chunk *c = &g->chunks[i];
		const struct hash32 *hit;
		uint32_t at;

		if (c->there || g->items[c->prepared]->failed)
			continue;
		hit = bsearch(&c->cid, q->cids + from, n, sizeof *q->cids, by_value);
		if (!hit)
			continue;
		at = (uint32_t)(hit - (q->cids + from));
		c->there = wire_bit(span_of(bitmap, WIRE_BITMAP_BYTES(n)), at) ||
			   wire_bit(span_of(asked, WIRE_BITMAP_BYTES(n)), at);
		wire_bit_set(asked, at);
	}
}

/* *missing: how many have to go. */
static int
ask_have(struct run *r, size_t *missing, struct err *err)
{
	AUTO(question_clear) struct question q = { 0 };
	uint8_t bitmap[WIRE_BITMAP_BYTES(WIRE_HAVE_MAX)];
	uint8_t asked[WIRE_BITMAP_BYTES(WIRE_HAVE_MAX)];

	*missing = 0;
	if (question_make(&q, &r->group, err) < 0)
		return -1;
	for (size_t from = 0; from < q.n; from += WIRE_HAVE_MAX) {
		uint32_t n = (uint32_t)(q.n - from < WIRE_HAVE_MAX ? q.n - from : WIRE_HAVE_MAX);

		memset(asked, 0, sizeof asked);
		if (remote_have(r->remote, &r->account, &r->device, r->me->dsk, q.cids + from, n,
				bitmap, NULL, err) < 0)
			return -1;
		take_answer(&r->group, &q, bitmap, from, n, asked);
	}
	for (size_t i = 0; i < r->group.n_chunks; i++)
		*missing += !r->group.chunks[i].there &&
			    !r->group.items[r->group.chunks[i].prepared]->failed;
	return 0;
}

/* What a locked drill will compare with: of each object that was sent, arrived or not. */
static int
note_sealed(struct group *g, struct box *box, struct err *err)
{
	AUTO(free) struct sent_object *list = calloc(g->n_chunks + 1, sizeof *list);
	size_t n = 0;

	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < g->n_chunks; i++) {
		struct pending_chunk *c = &g->chunks[i];

		if (!c->sealed)
			continue;
		memcpy(list[n].cid, c->cid.b, sizeof list[n].cid);
		memcpy(list[n++].hash, c->object, sizeof c->object);
		c->sealed = false;
	}
	return sent_objects_put(box, list, n, err);
}

static int
send_missing(struct run *r, struct err *err)
{
	struct feeder f = { .r = r };
	struct err why = { 0 };
	uint32_t n_stored;
	int rc = remote_chunks(r->remote, feed_next, &f, &n_stored, err);

	cutter_free(f.cutter);
	if (note_sealed(&r->group, r->box, &why) == 0)
		return rc;
	if (err)
		*err = why;
	return -1;
}

int
upload_chunks(struct run *r, struct err *err)
{
	size_t missing, before = SIZE_MAX;
	unsigned nth = 1;

	r->progress.stage = BACKUP_CHUNKS;
	for (;;) {
		if (ask_have(r, &missing, err) < 0)
			return -1;
		if (missing == 0)
			return 0;
		if (missing < before)
			nth = 1; /* some arrived: it goes on */
		before = missing;
		if (send_missing(r, err) == 0)
			break;
		/* Cut off, or the token ran out: `have` tells what arrived, and renews it. */
		if ((!err || (err->code != ERR_UNREACHABLE &&
			      !remote_problem_is(r->remote, PROBLEM_SIGNATURE))) ||
		    remote_pause(r->remote, ++nth, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < r->group.n_chunks; i++)
		r->group.chunks[i].there = true;
	return 0;
}

/* Mark the pending chunk with this id as not there.  Whether there is one. */
static bool
pending_again(struct group *g, const struct hash32 *cid)
{
	bool found = false;

	for (size_t i = 0; i < g->n_chunks; i++)
		if (hash32_equal(&g->chunks[i].cid, cid)) {
			g->chunks[i].there = false;
			found = true;
		}
	return found;
}

/* A chunk of a replaced device: it is gone, and nobody has it to send it again under that id. */
static int
disinherit(struct run *r, const struct chunk_entry *e, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ENTRY_BYTES_MAX);
	struct chunk_entry copy = *e;
	struct chunk_entries one = { &copy, 1, 1 };

	return chunk_entries_encode(&bytes, &one, err) < 0
		       ? -1
		       : saved_disinherit(r->box, buf_span(&bytes), err);
}

/* Find the missing chunk among the items' entries.  Its own: pending from now on, once.  A replaced
 * device's: all items that name it are marked in @anew. */
static int
missing_of_items(struct run *r, const struct hash32 *cid, bool *anew, struct err *err)
{
	struct group *g = &r->group;
	bool found = false;

	for (size_t i = 0; i < g->n_items; i++)
		for (size_t n = 0; n < g->items[i]->entries.n; n++) {
			const struct chunk_entry *e = &g->items[i]->entries.e[n];

			if (!hash32_equal(&e->cid, cid))
				continue;
			if (!e->foreign)
				return group_add_pending(g, e, (uint32_t)i, (uint32_t)n, err);
			if (!found && disinherit(r, e, err) < 0)
				return -1;
			found = anew[i] = true;
			break;
		}
	return found ? 0 : err_set(err, ERR_FORMAT, "the server misses a chunk that no item has");
}

int
upload_again(struct run *r, const struct hash32 *cids, uint32_t n, struct err *err)
{
	AUTO(free) bool *anew = calloc(r->group.n_items + 1, sizeof *anew);
	int rc = 0;

	if (!anew)
		return err_nomem(err);
	for (uint32_t k = 0; k < n; k++)
		if (!pending_again(&r->group, &cids[k]) &&
		    missing_of_items(r, &cids[k], anew, err) < 0)
			return -1;
	for (uint32_t i = 0; i < r->group.n_items; i++) {
		if (!anew[i])
			continue;
		if (group_prepare_again(r, i, err) < 0)
			return -1;
		rc = UPLOAD_ANEW;
	}
	return rc;
}
