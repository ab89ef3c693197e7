/* SPDX-License-Identifier: Apache-2.0 */
/* cutter: see cutter.h. */
#include "backup/cutter.h"

#include <stdlib.h>

#include "base/array.h"
#include "format/record.h"

#define VALUES_MAX 100000u /* of one card: ITEM_FIELDS_MAX */
#define GAP_MIN    2048u   /* shorter stretches between values stay in the record, if they can */

/* A stretch of a card that lies in chunks. */
struct value {
	size_t from, to; /* in the card */
	size_t at, n;    /* its bytes, in `decoded` */
	uint8_t recipe[RECIPE_BYTES_MAX];
	size_t n_recipe; /* 0: raw */
};

struct cutter {
	struct content *content;
	/* A card, or a small file: all of it. */
	struct buf bytes;
	struct value *values;
	size_t n_values, cap_values;
	struct buf decoded;
	size_t next_value, next_at;
	/* A file in pieces. */
	struct item_reader *reader;
	struct splitter *splitter;
	struct chunk_plan plan;
	struct span piece; /* of the reader, not passed on yet */
	bool ended, moved;
};

void
cutter_free(struct cutter *c)
{
	if (!c)
		return;
	splitter_free(c->splitter);
	item_reader_free(c->reader);
	buf_clear(&c->bytes);
	buf_clear(&c->decoded);
	free(c->values);
	free(c);
}

/* The splitter's source: the reader's pieces, seen by `content` as they pass. */
static int
read_pieces(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct cutter *c = ctx;
	int rc;

	*got = 0;
	if (c->piece.n == 0 && !c->ended) {
		rc = item_reader_next(c->reader, &c->piece, err);
		if (rc < 0)
			return -1;
		c->moved = rc == APP_MOVED;
		c->ended = rc == APP_END;
		if (c->moved)
			return err_set(err, ERR_CONFLICT, "the file changed while it was read");
		if (rc == 0 && c->content)
			content_add(c->content, c->piece);
	}
	if (c->ended)
		return 0;
	*got = c->piece.n < n ? c->piece.n : n;
	memcpy(p, c->piece.p, *got);
	c->piece = span_skip(c->piece, *got);
	return 0;
}

static int
open_pieces(struct cutter *c, struct app_session *s, const struct app_place *place,
	    enum chunk_class class, struct err *err)
{
	struct chunk_source source = { .ctx = c, .read = read_pieces };
	int rc = item_reader_open(&c->reader, s, place, err);

	if (rc)
		return rc == APP_MOVED ? CUTTER_MOVED : -1;
	if (chunk_plan_make(&c->plan, class, item_reader_size(c->reader), err) < 0)
		return -1;
	return splitter_new(&c->splitter, &c->plan, &source, err);
}

static int
add_value(struct cutter *c, struct value v, struct span plain, struct err *err)
{
	if (plain.n == 0)
		return 0;
	if (array_reserve((void **)&c->values, &c->cap_values, c->n_values + 1, sizeof *c->values,
			  VALUES_MAX, err) < 0)
		return -1;
	v.at = c->decoded.n;
	v.n = plain.n;
	if (buf_append(&c->decoded, plain, err) < 0)
		return -1;
	c->values[c->n_values++] = v;
	return 0;
}

static int
found_value(void *ctx, struct range range, const struct recipe *recipe, struct span decoded,
	    struct err *err)
{
	struct value v = { .from = range.start, .to = range.end };

	if (recipe->kind != RECIPE_RAW)
		v.n_recipe = recipe_encode(v.recipe, recipe);
	return add_value(ctx, v, decoded, err);
}

static int
by_place(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static size_t
literal_bytes(const struct cutter *c)
{
	size_t n = c->bytes.n;

	for (size_t i = 0; i < c->n_values; i++)
		n -= c->values[i].to - c->values[i].from;
	return n;
}

/* Cut out the stretches between the values, those of at least @min bytes, raw. */
static int
cut_gaps(struct cutter *c, size_t min, struct err *err)
{
	size_t n = c->n_values, from = 0;

	for (size_t i = 0; i <= n; i++) {
		size_t to = i < n ? c->values[i].from : c->bytes.n;
		struct value gap = { .from = from, .to = to };

		if (i < n)
			from = c->values[i].to;
		if (to - gap.from >= min && to > gap.from &&
		    add_value(c, gap, span_of(c->bytes.p + gap.from, to - gap.from), err) < 0)
			return -1;
	}
	if (c->n_values > 1)
		qsort(c->values, c->n_values, sizeof *c->values, by_place);
	return 0;
}

/* What does not fit a record: the long values in an item's lines, and what else it takes; of other forms
 * all of it as it is. */
static int
find_values(struct cutter *c, bool content_lines, struct err *err)
{
	if (content_lines &&
	    recipe_find(buf_span(&c->bytes), RECIPE_MIN_BYTES, found_value, c, err) < 0)
		return -1;
	if (literal_bytes(c) > RECORD_PAYLOAD_INLINE && cut_gaps(c, GAP_MIN, err) < 0)
		return -1;
	if (literal_bytes(c) > RECORD_PAYLOAD_INLINE && cut_gaps(c, 1, err) < 0)
		return -1;
	return 0;
}

static int
open_whole(struct cutter *c, struct app_session *s, const struct app_place *place, struct err *err)
{
	struct span left;
	int rc = item_read_all(&c->bytes, s, place, err);

	if (rc)
		return rc == APP_MOVED ? CUTTER_MOVED : -1;
	c->ended = true;
	left = buf_span(&c->bytes);
	while (c->content && left.n > 0) {
		struct span piece = left;

		if (piece.n > APP_PIECE_BYTES)
			piece.n = APP_PIECE_BYTES;
		content_add(c->content, piece);
		left = span_skip(left, piece.n);
	}
	return s->adapter->form ? find_values(c, s->adapter->form->content_lines, err) : 0;
}

int
cutter_open(struct cutter **out, struct app_session *s, const struct app_place *place,
	    enum chunk_class class, struct content *content, struct err *err)
{
	AUTO(cutter_free) struct cutter *c = calloc(1, sizeof *c);
	int rc;

	if (!c)
		return err_nomem(err);
	c->content = content;
	c->bytes = (struct buf)BUF_INIT(CUTTER_ITEM_BYTES_MAX);
	c->decoded = (struct buf)BUF_INIT(2 * CUTTER_ITEM_BYTES_MAX);
	if (!s->adapter->form && place->size > RECORD_PAYLOAD_INLINE)
		rc = open_pieces(c, s, place, class, err);
	else
		rc = open_whole(c, s, place, err);
	if (rc)
		return rc;

	*out = TAKE(c);
	return 0;
}

static int
next_of_value(struct cutter *c, struct span *plain)
{
	const struct value *v = &c->values[c->next_value];
	size_t left = v->n - c->next_at;

	*plain = span_of(c->decoded.p + v->at + c->next_at,
			 left < CHUNK_PLAIN_BYTES_MAX ? left : CHUNK_PLAIN_BYTES_MAX);
	c->next_at += plain->n;
	if (c->next_at == v->n) {
		c->next_value++;
		c->next_at = 0;
	}
	return 0;
}

int
cutter_next(struct cutter *c, enum chunk_class *class, struct span *plain, struct err *err)
{
	int rc;

	if (!c->splitter) {
		*class = CHUNK_VALUE;
		return c->next_value < c->n_values ? next_of_value(c, plain) : CHUNK_END;
	}
	*class = c->plan.class;
	rc = splitter_next(c->splitter, plain, err);
	if (rc < 0 && (c->moved || (err && err->code == ERR_CONFLICT)))
		return CUTTER_MOVED;
	if (rc == CHUNK_END && !c->ended)
		return CUTTER_MOVED;
	return rc;
}

static int
payload_of_pieces(struct buf *out, const struct cutter *c, struct err *err)
{
	struct payload_segment s = { .kind = PAYLOAD_CHUNKS, .n_chunks = c->plan.n_pieces };

	return payload_segment_append(out, &s, err);
}

int
cutter_payload(struct buf *out, const struct cutter *c, struct err *err)
{
	AUTO(free) struct payload_cut *cuts = NULL;
	size_t cap = 0;
	uint32_t chunk = 0;

	if (c->splitter)
		return payload_of_pieces(out, c, err);
	if (array_reserve((void **)&cuts, &cap, c->n_values, sizeof *cuts, VALUES_MAX, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n_values; i++) {
		const struct value *v = &c->values[i];
		uint32_t n = (uint32_t)((v->n + CHUNK_PLAIN_BYTES_MAX - 1) / CHUNK_PLAIN_BYTES_MAX);

		cuts[i] = (struct payload_cut){
			.from = v->from,
			.to = v->to,
			.first_chunk = chunk,
			.n_chunks = n,
			.recipe = span_of(v->recipe, v->n_recipe),
		};
		chunk += n;
	}
	return payload_build(out, buf_span(&c->bytes), cuts, c->n_values, err);
}

uint8_t
cutter_class(const struct cutter *c)
{
	return c->splitter ? (uint8_t)c->plan.class : 0;
}
