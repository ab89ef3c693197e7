/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams: the calls whose body or answer may be large: neither is ever whole in memory.
 *
 * A list that was cut begins anew with the next try; of records and objects only those are asked
 * for again that did not come.
 */
#include <stdio.h>
#include <stdlib.h>

#include "remote/remote_internal.h"

/* Chunks going up. */
struct upload {
	remote_chunk_fn *next;
	void *ctx;
	uint8_t head[WIRE_CHUNK_HEAD_BYTES];
	struct span head_left, object_left; /* of the chunk that is going */
	bool ended;
};

static int
upload_fill(void *ctx, uint8_t *p, size_t room, size_t *got, struct err *err)
{
	struct upload *u = ctx;
	size_t n = 0;

	while (n < room) {
		struct span *from = u->head_left.n ? &u->head_left : &u->object_left;
		size_t part = from->n < room - n ? from->n : room - n;

		if (part == 0) {
			struct hash32 cid;
			int rc =
				u->ended ? REMOTE_END : u->next(u->ctx, &cid, &u->object_left, err);

			if (rc < 0)
				return -1;
			u->ended = rc == REMOTE_END;
			if (u->ended)
				break;
			wire_chunk_head_encode(u->head, &cid, (uint32_t)u->object_left.n);
			u->head_left = SPAN_ARRAY(u->head);
			continue;
		}
		memcpy(p + n, from->p, part);
		*from = span_skip(*from, part);
		n += part;
	}
	*got = n;
	return 0;
}

int
remote_chunks(struct remote *r, remote_chunk_fn *next, void *ctx, uint32_t *n_stored,
	      struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(1u << 20);
	struct upload u = { .next = next, .ctx = ctx };
	struct remote_request q = {
		.path = "/v1/chunks",
		.post = true,
		.auth = REMOTE_AUTH_PUT,
		.fill = upload_fill,
		.answer = &answer,
		.ctx = &u,
		.once = true,
	};
	struct wire_chunks_answer got;

	*n_stored = 0;
	if (remote_exchange(r, &q, err) < 0 ||
	    wire_chunks_answer_decode(&got, buf_span(&answer), err) < 0)
		return -1;
	for (uint32_t i = 0; i < got.n; i++)
		*n_stored += wire_bit(got.bitmap, i);
	return 0;
}

/* A list coming down. */
struct listing {
	struct wire_items_reader reader;
	enum wire_list list;
	const struct wire_items_sink *sink;
};

static int
listing_again(void *ctx, struct err *err)
{
	struct listing *l = ctx;

	(void)err;
	wire_items_reader_clear(&l->reader);
	wire_items_reader_init(&l->reader, l->list, l->sink);
	return 0;
}

static int
listing_piece(void *ctx, struct span piece, struct err *err)
{
	struct listing *l = ctx;

	return wire_items_reader_feed(&l->reader, piece, err);
}

static int
listing_ended(void *ctx, struct err *err)
{
	struct listing *l = ctx;

	return wire_items_reader_end(&l->reader, err);
}

static int
list(struct remote *r, const char *path, enum wire_list which, const struct wire_items_sink *sink,
     struct err *err)
{
	struct listing l = { .list = which, .sink = sink };
	struct remote_request q = {
		.path = path,
		.auth = REMOTE_AUTH_ANY,
		.sink = listing_piece,
		.again = listing_again,
		.ended = listing_ended,
		.ctx = &l,
	};
	int rc;

	wire_items_reader_init(&l.reader, which, sink);
	rc = remote_exchange(r, &q, err);
	wire_items_reader_clear(&l.reader);
	return rc;
}

int
remote_items(struct remote *r, const struct id16 *device, const struct wire_items_sink *sink,
	     struct err *err)
{
	char path[96];

	snprintf(path, sizeof path, "/v1/devices/%s/items", id16_hex(device).s);
	return list(r, path, WIRE_ITEMS, sink, err);
}

int
remote_versions(struct remote *r, const struct id16 *device, const struct id16 *folder,
		const struct id16 *item, const struct wire_items_sink *sink, struct err *err)
{
	char path[192];
	int n = snprintf(path, sizeof path, "/v1/devices/%s/versions?folder=%s", id16_hex(device).s,
			 id16_hex(folder).s);

	if (item)
		snprintf(path + n, sizeof path - (size_t)n, "&item=%s", id16_hex(item).s);
	return list(r, path, WIRE_VERSIONS, sink, err);
}

/* Records coming down.  The body is made anew for each try, of what did not come yet. */
struct records {
	struct wire_records *ask; /* sorted, without repetitions */
	size_t came;
	struct wire_frames_reader reader;
	wire_frame_fn *fn;
	void *ctx;
};

static int
records_frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	struct records *s = ctx;

	if (f->kind == WIRE_FRAME_RECORD || f->kind == WIRE_FRAME_GONE) {
		if (s->came >= s->ask->n || s->ask->at[s->came].seq != f->seq ||
		    s->ask->at[s->came].index != f->index)
			return err_set(err, ERR_FORMAT,
				       "the server sent a record that was not asked for");
		s->came++;
	}
	return s->fn(s->ctx, f, err);
}

static int
records_piece(void *ctx, struct span piece, struct err *err)
{
	struct records *s = ctx;

	return wire_frames_reader_feed(&s->reader, piece, err);
}

static int
records_ended(void *ctx, struct err *err)
{
	struct records *s = ctx;

	if (wire_frames_reader_end(&s->reader, err) < 0)
		return -1;
	if (s->came < s->ask->n)
		return err_set(err, ERR_FORMAT, "the server left out records");
	return 0;
}

static int
records_try(struct remote *r, struct records *s, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_BODY_BYTES_MAX);
	struct wire_records rest = *s->ask;
	struct remote_request q = {
		.path = "/v1/records",
		.post = true,
		.auth = REMOTE_AUTH_ANY,
		.sink = records_piece,
		.ended = records_ended,
		.ctx = s,
		.once = true,
	};
	int rc;

	rest.at += s->came;
	rest.n -= s->came;
	if (wire_records_encode(&body, &rest, err) < 0)
		return -1;
	q.body = buf_span(&body);
	wire_frames_reader_init(&s->reader, records_frame, s);
	rc = remote_exchange(r, &q, err);
	wire_frames_reader_clear(&s->reader);
	return rc;
}

/* Whether the work is to be tried again: the nth try failed with *err. */
static bool
once_more(struct remote *r, unsigned nth, struct err *err)
{
	return err && err->code == ERR_UNREACHABLE && remote_pause(r, nth + 1, err) == 0;
}

int
remote_records(struct remote *r, struct wire_records *ask, wire_frame_fn *fn, void *ctx,
	       struct err *err)
{
	struct records s = { .ask = ask, .fn = fn, .ctx = ctx };
	AUTO(buf_clear) struct buf sorted = BUF_INIT(WIRE_BODY_BYTES_MAX);
	struct err why = { 0 };
	unsigned nth = 1;

	if (ask->n == 0)
		return 0;
	if (wire_records_encode(&sorted, ask, err) < 0) /* for the order */
		return -1;
	for (;;) {
		size_t before = s.came;

		if (records_try(r, &s, &why) == 0)
			return 0;
		if (s.came > before)
			nth = 1; /* it goes on */
		if (s.came == ask->n && why.code == ERR_UNREACHABLE)
			return 0; /* only the end was cut off */
		if (!once_more(r, nth++, &why)) {
			if (err)
				*err = why;
			return -1;
		}
	}
}

/* Objects coming down. */
struct objects {
	struct wire_objects_reader reader;
	uint32_t came, n;
	wire_object_fn *fn;
	void *ctx;
};

static int
objects_one(void *ctx, uint32_t i, struct span object, struct err *err)
{
	struct objects *o = ctx;

	(void)i; /* counts from the present try's first */
	return o->fn(o->ctx, o->came++, object, err);
}

static int
objects_piece(void *ctx, struct span piece, struct err *err)
{
	struct objects *o = ctx;

	return wire_objects_reader_feed(&o->reader, piece, err);
}

static int
objects_ended(void *ctx, struct err *err)
{
	struct objects *o = ctx;

	return wire_objects_reader_end(&o->reader, err);
}

static int
objects_try(struct remote *r, const struct wire_object_at *at, struct objects *o, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_BODY_BYTES_MAX);
	struct remote_request q = {
		.path = "/v1/objects",
		.post = true,
		.auth = REMOTE_AUTH_ANY,
		.sink = objects_piece,
		.ended = objects_ended,
		.ctx = o,
		.once = true,
	};
	uint32_t left = o->n - o->came;
	int rc;

	if (wire_objects_encode(&body, at + o->came, left, err) < 0)
		return -1;
	q.body = buf_span(&body);
	wire_objects_reader_init(&o->reader, left, objects_one, o);
	rc = remote_exchange(r, &q, err);
	wire_objects_reader_clear(&o->reader);
	return rc;
}

int
remote_objects(struct remote *r, const struct wire_object_at *at, uint32_t n, wire_object_fn *fn,
	       void *ctx, struct err *err)
{
	struct objects o = { .n = n, .fn = fn, .ctx = ctx };
	struct err why = { 0 };
	unsigned nth = 1;

	if (n == 0)
		return 0;
	for (;;) {
		uint32_t before = o.came;

		if (objects_try(r, at, &o, &why) == 0)
			return 0;
		if (o.came > before)
			nth = 1;
		if (o.came == n && why.code == ERR_UNREACHABLE)
			return 0;
		if (!once_more(r, nth++, &why)) {
			if (err)
				*err = why;
			return -1;
		}
	}
}
