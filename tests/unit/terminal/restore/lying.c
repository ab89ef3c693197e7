/* SPDX-License-Identifier: Apache-2.0 */
/* lying: see lying.h. */
#include "lying.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_BYTES_MAX (1u << 20)

/* --- the server --- */

void
lying_init(struct lying *l, struct made_cloud *c)
{
	*l = (struct lying){ .cloud = c, .honest = made_source(c) };
}

/* The client's requests, as far as the server can tell them apart. */
static void
note_asked(struct lying *l, const char *what, const void *p, size_t n)
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, sizeof l->asked.b);
	crypto_generichash_update(&h, l->asked.b, sizeof l->asked.b);
	crypto_generichash_update(&h, (const uint8_t *)what, strlen(what) + 1);
	if (n)
		crypto_generichash_update(&h, p, n);
	crypto_generichash_final(&h, l->asked.b, sizeof l->asked.b);
}

static void
bend(struct lying *l, struct buf *answer)
{
	unsigned nth = l->n_answers++;

	if (l->bend)
		l->bend(l->ctx, nth, answer);
}

static int
encode_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	return wire_items_begin(ctx, prefix, n, err);
}

static int
encode_item(void *ctx, const struct wire_item *item, struct err *err)
{
	return wire_item_encode(ctx, item, err);
}

static int
read_list(struct buf *answer, enum wire_list list, const struct wire_items_sink *sink,
	  struct err *err)
{
	AUTO(wire_items_reader_clear) struct wire_items_reader reader;

	wire_items_reader_init(&reader, list, sink);
	return wire_items_reader_feed(&reader, buf_span(answer), err) < 0
		       ? -1
		       : wire_items_reader_end(&reader, err);
}

static int
lying_items(void *ctx, const struct id16 *device, const struct wire_items_sink *sink,
	    struct err *err)
{
	struct lying *l = ctx;
	AUTO(buf_clear) struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
	const struct wire_items_sink encode = { &answer, encode_begin, encode_item };

	note_asked(l, "items", device->b, sizeof device->b);
	assert_int_equal(l->honest.items(l->honest.ctx, device, &encode, err), 0);
	bend(l, &answer);
	return read_list(&answer, WIRE_ITEMS, sink, err);
}

static int
lying_versions(void *ctx, const struct id16 *device, const struct id16 *folder,
	       const struct id16 *item, const struct wire_items_sink *sink, struct err *err)
{
	struct lying *l = ctx;
	AUTO(buf_clear) struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
	const struct listing *all = &l->cloud->versions;
	uint64_t n = 0;

	(void)device, (void)item;
	note_asked(l, "versions", folder->b, sizeof folder->b);
	for (size_t i = 0; i < all->n; i++)
		n += id16_equal(&all->items[i].folder, folder);
	assert_int_equal(wire_versions_begin(&answer, n, err), 0);
	for (size_t i = 0; i < all->n; i++)
		if (id16_equal(&all->items[i].folder, folder))
			assert_int_equal(wire_item_encode(&answer, &all->items[i], err), 0);
	bend(l, &answer);
	return read_list(&answer, WIRE_VERSIONS, sink, err);
}

static int
encode_frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	return wire_frame_encode(ctx, f, err);
}

static int
lying_records(void *ctx, struct wire_records *ask, wire_frame_fn *fn, void *fn_ctx, struct err *err)
{
	struct lying *l = ctx;
	AUTO(buf_clear) struct buf asked = BUF_INIT(ANSWER_BYTES_MAX);
	AUTO(buf_clear) struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
	AUTO(wire_frames_reader_clear) struct wire_frames_reader reader = { 0 };

	assert_int_equal(wire_records_encode(&asked, ask, err), 0);
	note_asked(l, "records", asked.p, asked.n);
	assert_int_equal(l->honest.records(l->honest.ctx, ask, encode_frame, &answer, err), 0);
	assert_int_equal(
		wire_frame_encode(&answer, &(struct wire_frame){ .kind = WIRE_FRAME_END }, err), 0);
	bend(l, &answer);
	wire_frames_reader_init(&reader, fn, fn_ctx);
	return wire_frames_reader_feed(&reader, buf_span(&answer), err) < 0
		       ? -1
		       : wire_frames_reader_end(&reader, err);
}

static int
lying_item(void *ctx, const struct wire_item_ask *ask, struct wire_item_answer *out,
	   struct buf *held, struct err *err)
{
	struct lying *l = ctx;
	AUTO(wire_item_answer_clear) struct wire_item_answer honest = { 0 };

	note_asked(l, "item", ask->item.b, sizeof ask->item.b);
	assert_int_equal(l->honest.item(l->honest.ctx, ask, &honest, held, err), 0);
	bend(l, held);
	return wire_item_answer_decode(out, buf_span(held), err);
}

static int
encode_object(void *ctx, uint32_t i, struct span object, struct err *err)
{
	uint8_t n[4];

	(void)i;
	put_u32(n, (uint32_t)object.n);
	return buf_append(ctx, SPAN_ARRAY(n), err) < 0 ? -1 : buf_append(ctx, object, err);
}

static int
lying_objects(void *ctx, const struct wire_object_at *at, uint32_t n, wire_object_fn *fn,
	      void *fn_ctx, struct err *err)
{
	struct lying *l = ctx;
	AUTO(buf_clear) struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
	AUTO(wire_objects_reader_clear) struct wire_objects_reader reader = { 0 };

	note_asked(l, "objects", at, n * sizeof *at);
	assert_int_equal(l->honest.objects(l->honest.ctx, at, n, encode_object, &answer, err), 0);
	bend(l, &answer);
	wire_objects_reader_init(&reader, n, fn, fn_ctx);
	return wire_objects_reader_feed(&reader, buf_span(&answer), err) < 0
		       ? -1
		       : wire_objects_reader_end(&reader, err);
}

struct fetch_source
lying_source(struct lying *l)
{
	return (struct fetch_source){ l,          lying_items,  lying_versions, lying_records,
				      lying_item, lying_objects };
}

/* --- the client --- */

/* One question's records, put aside until the requests for their data may be made. */
struct taking {
	struct reading *reading;
	struct opened opened[READ_MAX];
	size_t n;
	unsigned way;
};

static int
take(void *ctx, const struct fetched *it, struct err *err)
{
	struct taking *t = ctx;

	assert_true(t->n < READ_MAX);
	return opened_copy(&t->opened[t->n++], it, err);
}

static void
add_span(crypto_generichash_state *h, struct span s)
{
	uint8_t n[8];

	put_u64(n, s.n);
	crypto_generichash_update(h, n, sizeof n);
	if (s.n)
		crypto_generichash_update(h, s.p, s.n);
}

static void
add_number(crypto_generichash_state *h, uint64_t v)
{
	uint8_t b[8];

	put_u64(b, v);
	crypto_generichash_update(h, b, sizeof b);
}

/* Everything that a person could come to see of it. */
static struct hash32
content_of(const struct opened *o, const struct buf *bytes)
{
	const struct record *r = &o->record;
	crypto_generichash_state h;
	struct hash32 out;

	crypto_generichash_init(&h, NULL, 0, sizeof out.b);
	add_span(&h, r->app);
	add_span(&h, r->native_id);
	add_span(&h, r->name);
	add_span(&h, r->mime);
	add_span(&h, r->path);
	add_span(&h, r->unknown);
	add_span(&h, buf_span(bytes));
	add_number(&h, r->live);
	add_number(&h, r->has_modified);
	add_number(&h, r->modified_unix_ms);
	add_number(&h, r->size_bytes);
	add_number(&h, (uint64_t)o->saved_unix_ms);
	crypto_generichash_final(&h, out.b, sizeof out.b);
	return out;
}

static void
refuse(struct reading *r, const struct opened *o, const struct err *why)
{
	assert_true(why->msg[0] != '\0');
	assert_true(r->n_refused < READ_MAX);
	r->refused[r->n_refused++] = o->at.item;
}

static void
finish(struct taking *t, struct fetch *f)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(1u << 20);
	const struct payload_sink sink = { &bytes, payload_to_buf };
	struct reading *r = t->reading;

	for (size_t i = 0; i < t->n; i++) {
		struct opened *o = &t->opened[i];
		struct err why = { 0 };

		buf_reset(&bytes);
		if (o->why)
			refuse(r, o, o->why);
		else if (o->record.live && fetch_payload(f, &o->record, &sink, &why) < 0)
			refuse(r, o, &why);
		else {
			assert_true(r->n < READ_MAX);
			r->items[r->n++] = (struct read_item){ t->way, o->at.item, o->at.seq,
							       content_of(o, &bytes) };
		}
		opened_clear(o);
	}
	t->n = 0;
}

static void
read_live(struct taking *t, struct fetch *f)
{
	AUTO(listing_clear) struct listing want = { 0 };
	const struct fetch_sink sink = { t, take, NULL };

	t->way = READ_LIVE;
	if (fetch_list(f, NULL) < 0) {
		t->reading->n_failed++;
		return;
	}
	snprintf(t->reading->alarm, sizeof t->reading->alarm, "%s", fetch_alarm(f));
	for (size_t i = 0; i < fetch_live(f)->n; i++)
		assert_int_equal(listing_add(&want, &fetch_live(f)->items[i], NULL), 0);
	t->reading->n_failed += fetch_records(f, &want, FETCH_LIVE, &sink, NULL) < 0;
	finish(t, f);
}

static void
read_versions(struct taking *t, struct fetch *f, const char *app)
{
	AUTO(listing_clear) struct listing want = { 0 };
	const struct fetch_sink sink = { t, take, NULL };
	struct id16 folder = opener_folder_id(fetch_opener(f), span_str(app));

	t->way = READ_VERSIONS;
	t->reading->n_failed += fetch_versions(&want, f, &folder, NULL, NULL) < 0 ||
				fetch_records(f, &want, FETCH_VERSIONS, &sink, NULL) < 0;
	finish(t, f);
}

static void
read_single(struct taking *t, struct fetch *f, const struct made_item *item)
{
	const struct fetch_sink sink = { t, take, NULL };

	t->way = READ_SINGLE;
	t->reading->n_failed +=
		fetch_item(f, span_str(item->app), span_str(item->native_id), &sink, NULL) != 0;
	finish(t, f);
}

void
reading_take(struct reading *r, struct lying *l, struct made_cloud *mine,
	     const struct made_item *items, size_t n_items)
{
	AUTO(fetch_free) struct fetch *f = NULL;
	AUTO(free) struct taking *t = calloc(1, sizeof *t);
	const struct opener_keys keys = made_keys(mine);
	const struct fetch_source source = lying_source(l);

	assert_non_null(t);
	*r = (struct reading){ 0 };
	t->reading = r;
	l->n_answers = 0;
	l->asked = (struct hash32){ 0 };
	assert_int_equal(fetch_new(&f, &keys, &source, NULL), 0);
	read_live(t, f);
	read_versions(t, f, "contacts");
	read_versions(t, f, "documents");
	for (size_t i = 0; i < n_items; i++)
		read_single(t, f, &items[i]);
	r->asked = l->asked;
}

/* --- what is to be thought of it --- */

bool
reading_noticed(const struct reading *r, const struct reading *truth)
{
	return r->n_refused != truth->n_refused || r->n_failed != truth->n_failed ||
	       r->n != truth->n || r->alarm[0];
}

void
reading_assert_nothing_forged(const struct reading *r, const struct reading *truth)
{
	for (size_t i = 0; i < r->n; i++) {
		bool found = false;

		for (size_t k = 0; k < truth->n && !found; k++)
			found = id16_equal(&r->items[i].item, &truth->items[k].item) &&
				hash32_equal(&r->items[i].content, &truth->items[k].content);
		assert_true(found);
	}
}

bool
reading_same(const struct reading *a, const struct reading *b)
{
	if (a->n != b->n || a->n_refused != b->n_refused || a->n_failed != b->n_failed ||
	    strcmp(a->alarm, b->alarm) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->items[i].way != b->items[i].way ||
		    !id16_equal(&a->items[i].item, &b->items[i].item) ||
		    !hash32_equal(&a->items[i].content, &b->items[i].content))
			return false;
	return true;
}

bool
reading_refuses(const struct reading *r, const struct id16 *item)
{
	for (size_t i = 0; i < r->n_refused; i++)
		if (id16_equal(&r->refused[i], item))
			return true;
	return false;
}
