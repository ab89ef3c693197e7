/* SPDX-License-Identifier: Apache-2.0 */
/* fetch: lists and records; see fetch.h.  Their data: fetch_chunks.c. */
#include "restore/fetch_internal.h"

#include "remote/remote.h"

/* Making. */

int
fetch_new(struct fetch **out, const struct opener_keys *keys, const struct fetch_source *source,
	  struct err *err)
{
	AUTO(fetch_free) struct fetch *f = calloc(1, sizeof *f);

	if (!f)
		return err_nomem(err);
	f->keys = *keys;
	f->source = *source;
	if (opener_new(&f->opener, keys, err) < 0)
		return -1;
	*out = TAKE(f);
	return 0;
}

void
fetch_free(struct fetch *f)
{
	if (!f)
		return;
	opener_free(f->opener);
	listing_clear(&f->live);
	scratch_free(f->scratch);
	fetch_window_clear(&f->window);
	free(f->asking);
	free(f);
}

int
fetch_use_disk(struct fetch *f, int dir_fd, struct err *err)
{
	if (scratch_new(&f->scratch, dir_fd, err) < 0)
		return -1;
	f->live.scratch = f->scratch;
	return 0;
}

struct opener *
fetch_opener(const struct fetch *f)
{
	return f->opener;
}

const struct log_device *
fetch_device(const struct fetch *f)
{
	return f->keys.device;
}

const struct account_keys *
fetch_keys(const struct fetch *f, uint64_t epoch)
{
	return f->keys.of_epoch(f->keys.ctx, epoch);
}

const struct listing *
fetch_live(const struct fetch *f)
{
	return &f->live;
}

uint64_t
fetch_newest_seq(const struct fetch *f)
{
	return f->newest_seq;
}

const struct hash32 *
fetch_newest_head(const struct fetch *f)
{
	return &f->newest_head;
}

/* The batch in hand is the device's newest. */
static int
note_newest(struct fetch *f, struct err *err)
{
	const struct batch_prefix *p = opener_prefix(f->opener);

	f->newest_seq = p->header.seq;
	return batch_head(&f->newest_head, p, err);
}

const char *
fetch_alarm(const struct fetch *f)
{
	return f->alarm.code == ERR_NONE ? "" : f->alarm.msg;
}

/* Lists. */

struct list_taking {
	struct listing *list;
	struct buf prefix;
};

static int
list_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	struct list_taking *t = ctx;

	if (n > LISTING_ITEMS_MAX)
		return err_set(err, ERR_LIMIT, "the server lists %llu items, more than %u",
			       (unsigned long long)n, LISTING_ITEMS_MAX);
	listing_reset(t->list); /* after a cut the list begins anew */
	buf_reset(&t->prefix);
	return buf_append(&t->prefix, prefix, err);
}

static int
list_item(void *ctx, const struct wire_item *item, struct err *err)
{
	return listing_add(((struct list_taking *)ctx)->list, item, err);
}

/* An answer that makes no sense is the server's damage, not the end of the restore. */
static bool
is_damage(const struct err *err)
{
	return err->code == ERR_FORMAT || err->code == ERR_LIMIT;
}

/* 0: proven.  -1: *why is the alarm. */
static int
prove_list(struct fetch *f, struct span prefix, struct err *why)
{
	const struct batch_prefix *p;

	if (prefix.n == 0)
		return f->live.n == 0
			       ? 0
			       : err_set(why, ERR_ALARM,
					 "the server lists items but no batch of the device");
	if (opener_batch(f->opener, prefix, why) < 0)
		return err_wrap(why, "the device's newest batch is not to be trusted");
	if (note_newest(f, why) < 0)
		return -1;
	p = opener_prefix(f->opener);
	return listing_check(&f->live, &p->state_root, p->header.seq, why);
}

int
fetch_list(struct fetch *f, struct err *err)
{
	struct list_taking t = { &f->live, BUF_INIT(BATCH_PREFIX_BYTES_MAX) };
	struct wire_items_sink sink = { &t, list_begin, list_item };
	int rc;

	f->alarm = (struct err){ 0 };
	f->newest_seq = 0;
	rc = f->source.items(f->source.ctx, &f->keys.device->id, &sink, &f->alarm);
	f->proven = rc == 0 && prove_list(f, buf_span(&t.prefix), &f->alarm) == 0;
	buf_clear(&t.prefix);
	/* What is wrong with the list withholds nothing that it names. */
	if ((rc == 0 && f->alarm.code != ERR_NOMEM) || (rc < 0 && is_damage(&f->alarm)))
		return 0;
	if (err)
		*err = f->alarm;
	return -1;
}

int
fetch_versions(struct listing *out, struct fetch *f, const struct id16 *folder,
	       const struct id16 *item, struct err *err)
{
	struct list_taking t = { out, BUF_INIT(0) };
	struct wire_items_sink sink = { &t, list_begin, list_item };
	int rc = f->source.versions(f->source.ctx, &f->keys.device->id, folder, item, &sink, err);

	buf_clear(&t.prefix);
	return rc;
}

/* Records. */

/* One request's work: what is wanted, in order, and how far it has come. */
struct taking {
	struct fetch *f;
	const struct fetch_sink *sink;
	const struct wire_item *want;
	size_t n, at;
	bool by_path;     /* each record by its path; else by the leaf that is proven already */
	struct err batch; /* what is wrong with the batch in hand */
};

static int
tell(const struct taking *t, const struct wire_item *at, const struct record *r,
     const struct err *why, struct err *err)
{
	const struct batch_prefix *p = r ? opener_prefix(t->f->opener) : NULL;
	struct fetched it = { at, p ? (int64_t)p->header.client_unix_ms : 0, r, why };

	return t->sink->each(t->sink->ctx, &it, err);
}

static int
compare_place(const struct wire_item *w, uint64_t seq, uint32_t index)
{
	if (w->seq != seq)
		return w->seq < seq ? -1 : 1;
	return (w->index > index) - (w->index < index);
}

/* Those before (@seq, @index) did not come. */
static int
skip_to(struct taking *t, uint64_t seq, uint32_t index, struct err *err)
{
	while (t->at < t->n && compare_place(&t->want[t->at], seq, index) < 0) {
		struct err why = { 0 };

		err_set(&why, ERR_NOT_FOUND, "the server did not give it");
		if (tell(t, &t->want[t->at++], NULL, &why, err) < 0)
			return -1;
	}
	return 0;
}

/* The record is the one that is proven to lie there, of the item that is wanted. */
static int
prove_record(const struct taking *t, const struct wire_item *w, const struct wire_frame *f,
	     const struct record_frame *frame, struct err *why)
{
	const struct batch_prefix *p = opener_prefix(t->f->opener);
	struct hash32 leaf;

	if (t->batch.code != ERR_NONE) {
		*why = t->batch;
		return -1;
	}
	if (!p || p->header.seq != f->seq)
		return err_set(why, ERR_AUTH, "it came without its batch");
	if (!id16_equal(&frame->folder, &w->folder) || !id16_equal(&frame->item, &w->item))
		return err_set(why, ERR_AUTH, "the server gave another item's record in its place");
	record_leaf(&leaf, f->index, frame);
	if (t->by_path) {
		if (!merkle_path_verify(&p->records_root, p->n_records, f->index, &leaf, &f->path))
			return err_set(why, ERR_AUTH,
				       "its record is not one that the device signed");
		return 0;
	}
	if (!hash32_equal(&leaf, &w->leaf))
		return err_set(why, ERR_AUTH, "its record is damaged or another one");
	return 0;
}

static int
open_record(struct record *r, const struct taking *t, const struct wire_item *w,
	    const struct wire_frame *f, struct err *why)
{
	struct record_frame frame;
	size_t n = 0;
	int rc = record_frame_decode(&frame, f->record, &n, why);

	if (rc < 0)
		return -1;
	if (rc == FEED_MORE || n != f->record.n)
		return err_set(why, ERR_FORMAT, "its record is of the wrong length");
	if (prove_record(t, w, f, &frame, why) < 0)
		return -1;
	return opener_record(r, t->f->opener, f->index, &frame, why);
}

static int
take_record(struct taking *t, const struct wire_frame *f, struct err *err)
{
	if (skip_to(t, f->seq, f->index, err) < 0)
		return -1;
	while (t->at < t->n && compare_place(&t->want[t->at], f->seq, f->index) == 0) {
		const struct wire_item *w = &t->want[t->at++];
		struct record r;
		struct err why = { 0 };
		int rc;

		if (f->kind == WIRE_FRAME_GONE)
			rc = err_set(&why, ERR_NOT_FOUND, "it is damaged or gone on the server");
		else
			rc = open_record(&r, t, w, f, &why);
		if (why.code == ERR_NOMEM)
			return err_nomem(err);
		if (tell(t, w, rc < 0 ? NULL : &r, rc < 0 ? &why : NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int
take_frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	struct taking *t = ctx;

	switch (f->kind) {
	case WIRE_FRAME_BATCH:
		t->batch = (struct err){ 0 };
		opener_batch(t->f->opener, f->prefix, &t->batch);
		return 0;
	case WIRE_FRAME_RECORD:
	case WIRE_FRAME_GONE:
		return take_record(t, f, err);
	case WIRE_FRAME_END:
		break;
	}
	return 0;
}

/* Where a wanted record lies, and the number of the item that wants it. */
struct place {
	uint64_t seq;
	uint32_t index, at;
};

static int
by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int
sort_places(struct place **out, const struct listing *want, struct err *err)
{
	AUTO(free) struct place *places = calloc(want->n + 1, sizeof *places);

	if (!places)
		return err_nomem(err);
	for (size_t i = 0; i < want->n; i++) {
		struct wire_item w;

		if (listing_get(&w, want, i, err) < 0)
			return -1;
		places[i] = (struct place){ w.seq, w.index, (uint32_t)i };
	}
	qsort(places, want->n, sizeof *places, by_place);
	*out = TAKE(places);
	return 0;
}

/* Those of @n places that make one request; *n_group of them. */
static int
load_group(struct wire_item group[static FETCH_GROUP_ITEMS], size_t *n_group,
	   const struct listing *want, const struct place *places, size_t n, struct err *err)
{
	size_t bytes = 0, i;

	for (i = 0; i < n && i < FETCH_GROUP_ITEMS; i++) {
		if (listing_get(&group[i], want, places[i].at, err) < 0)
			return -1;
		bytes += group[i].cipher_bytes;
		if (i > 0 && bytes > FETCH_GROUP_BYTES)
			break;
	}
	*n_group = i;
	return 0;
}

static int
fetch_group(struct taking *t, struct err *err)
{
	AUTO(wire_records_clear)
	struct wire_records ask = { .device = t->f->keys.device->id, .proofs = t->by_path };
	struct err why = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		struct wire_record_at at = { t->want[i].seq, t->want[i].index };

		if (wire_records_add(&ask, at, err) < 0)
			return -1;
	}
	if (t->f->source.records(t->f->source.ctx, &ask, take_frame, t, &why) < 0 &&
	    !is_damage(&why)) {
		if (err)
			*err = why;
		return -1;
	}
	if (skip_to(t, UINT64_MAX, UINT32_MAX, err) < 0)
		return -1;
	return t->sink->group ? t->sink->group(t->sink->ctx, err) : 0;
}

int
fetch_records(struct fetch *f, const struct listing *want, enum fetch_kind kind,
	      const struct fetch_sink *sink, struct err *err)
{
	AUTO(free) struct wire_item *group = calloc(FETCH_GROUP_ITEMS, sizeof *group);
	AUTO(free) struct place *places = NULL;
	size_t n;

	if (!group)
		return err_nomem(err);
	if (sort_places(&places, want, err) < 0)
		return -1;
	for (size_t at = 0; at < want->n; at += n) {
		struct taking t = { .f = f,
				    .sink = sink,
				    .want = group,
				    .by_path = kind == FETCH_VERSIONS || !f->proven };

		if (load_group(group, &n, want, places + at, want->n - at, err) < 0)
			return -1;
		t.n = n;
		if (fetch_group(&t, err) < 0)
			return -1;
	}
	return 0;
}

/* One item. */

/* Its only record, wherever in its batch it lies: the leaf, which is proven, contains the place. */
static int
take_single(void *ctx, const struct wire_frame *f, struct err *err)
{
	struct taking *t = ctx;
	struct wire_item here;
	int rc;

	if (f->kind == WIRE_FRAME_BATCH || t->at == t->n)
		return f->kind == WIRE_FRAME_BATCH ? take_frame(ctx, f, err) : 0;
	here = *t->want;
	if (f->seq != here.seq)
		return 0;
	here.index = f->index;
	t->want = &here;
	rc = take_record(t, f, err);
	t->want = NULL;
	return rc;
}

static int
take_answer(struct fetch *f, const struct wire_item *at, struct span frames,
	    const struct fetch_sink *sink, struct err *err)
{
	AUTO(wire_frames_reader_clear) struct wire_frames_reader reader = { 0 };
	struct taking t = { .f = f, .sink = sink, .want = at, .n = 1 };
	struct err why = { 0 };

	wire_frames_reader_init(&reader, take_single, &t);
	if (wire_frames_reader_feed(&reader, frames, &why) < 0 && !is_damage(&why)) {
		if (err)
			*err = why;
		return -1;
	}
	if (t.at == 1)
		return 0;
	t.want = at;
	return skip_to(&t, UINT64_MAX, UINT32_MAX, err);
}

int
fetch_item(struct fetch *f, struct span app, struct span native_id, const struct fetch_sink *sink,
	   struct err *err)
{
	AUTO(buf_clear) struct buf held = BUF_INIT(REMOTE_ITEM_BYTES_MAX);
	AUTO(wire_item_answer_clear) struct wire_item_answer answer = { 0 };
	struct wire_item_ask ask = { f->keys.device->id, opener_folder_id(f->opener, app),
				     opener_item_id(f->opener, app, native_id) };
	const struct state_entry *found = NULL;
	struct wire_item at = { .folder = ask.folder, .item = ask.item };
	struct err why = { 0 };

	if (f->source.item(f->source.ctx, &ask, &answer, &held, err) < 0)
		return -1;
	if (answer.prefix.n == 0)
		return FETCH_ABSENT;
	if (opener_batch(f->opener, answer.prefix, &why) < 0 ||
	    state_proof_verify(&found, &answer.proof, &opener_prefix(f->opener)->state_root,
			       &ask.folder, &ask.item, &why) < 0)
		return FETCH_UNPROVEN;
	if (!found)
		return FETCH_ABSENT;
	if (note_newest(f, err) < 0)
		return -1;
	at.seq = found->seq;
	at.leaf = found->leaf;
	return take_answer(f, &at, answer.frames, sink, err);
}

/* Records that are kept. */

static size_t
total_bytes(const struct record *r)
{
	return r->app.n + r->native_id.n + r->name.n + r->mime.n + r->path.n + r->payload.n +
	       r->chunks.n + r->lists.n + r->taken.n + r->unknown.n;
}

static void
move_span(struct span *s, uint8_t **to)
{
	if (s->n)
		memcpy(*to, s->p, s->n);
	s->p = *to;
	*to += s->n;
}

int
opened_copy(struct opened *out, const struct fetched *it, struct err *err)
{
	uint8_t *to;

	*out = (struct opened){ .at = *it->at, .saved_unix_ms = it->saved_unix_ms };
	if (!it->record) {
		out->why = malloc(sizeof *out->why);
		if (!out->why)
			return err_nomem(err);
		*out->why = *it->why;
		return 0;
	}
	out->record = *it->record;
	out->bytes = to = malloc(total_bytes(it->record) + 1);
	if (!to)
		return err_nomem(err);
	move_span(&out->record.app, &to);
	move_span(&out->record.native_id, &to);
	move_span(&out->record.name, &to);
	move_span(&out->record.mime, &to);
	move_span(&out->record.path, &to);
	move_span(&out->record.payload, &to);
	move_span(&out->record.chunks, &to);
	move_span(&out->record.lists, &to);
	move_span(&out->record.taken, &to);
	move_span(&out->record.unknown, &to);
	return 0;
}

void
opened_clear(struct opened *o)
{
	free(o->bytes);
	free(o->why);
	*o = (struct opened){ 0 };
}
