/* SPDX-License-Identifier: Apache-2.0 */
/* payload: see payload.h. */
#include "format/payload.h"

#include "format/leb128.h"
#include "format/padding.h"
#include "os/os.h"

#define NUMBER_BYTES_MAX 4 /* of a length or chunk number; the next one fits too */

int
payload_segment_append(struct buf *out, const struct payload_segment *s, struct err *err)
{
	if (buf_append_byte(out, (uint8_t)s->kind, err) < 0)
		return -1;
	if (s->kind == PAYLOAD_LITERAL) {
		if (buf_append_leb128(out, s->literal.n, err) < 0)
			return -1;
		return buf_append(out, s->literal, err);
	}
	if (buf_append_leb128(out, s->first_chunk, err) < 0 ||
	    buf_append_leb128(out, s->n_chunks, err) < 0)
		return -1;
	if (s->kind == PAYLOAD_CHUNKS)
		return 0;
	if (buf_append_leb128(out, s->recipe.n, err) < 0)
		return -1;
	return buf_append(out, s->recipe, err);
}

static int
append_literal(struct buf *out, struct span original, size_t from, size_t to, struct err *err)
{
	const struct payload_segment s = { .kind = PAYLOAD_LITERAL,
					   .literal = span_of(original.p + from, to - from) };

	return from == to ? 0 : payload_segment_append(out, &s, err);
}

int
payload_build(struct buf *out, struct span original, const struct payload_cut *cuts, size_t n_cuts,
	      struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < n_cuts; i++) {
		const struct payload_cut *c = &cuts[i];
		const struct payload_segment s = {
			.kind = c->recipe.n ? PAYLOAD_ENCODED : PAYLOAD_CHUNKS,
			.first_chunk = c->first_chunk,
			.n_chunks = c->n_chunks,
			.recipe = c->recipe,
		};

		if (c->from < at || c->from >= c->to || c->to > original.n || c->n_chunks == 0 ||
		    c->recipe.n > PAYLOAD_RECIPE_MAX)
			return err_set(err, ERR_USAGE, "cuts of a payload are not in order");
		if (append_literal(out, original, at, c->from, err) < 0 ||
		    payload_segment_append(out, &s, err) < 0)
			return -1;
		at = c->to;
	}
	return append_literal(out, original, at, original.n, err);
}

static int
bad_segment(struct err *err)
{
	return err_set(err, ERR_FORMAT, "the payload of a record is not well formed");
}

int
payload_next(struct payload_segment *out, struct span *payload, struct err *err)
{
	struct reader r = reader_of(*payload);

	if (payload->n == 0)
		return PAYLOAD_END;
	uint8_t kind = read_u8(&r);
	*out = (struct payload_segment){ .kind = kind };
	if (kind > PAYLOAD_ENCODED)
		return err_set(err, ERR_UNSUPPORTED, "a payload segment of the unknown kind %u",
			       kind);
	if (kind == PAYLOAD_LITERAL) {
		out->literal = read_span(&r, read_leb128(&r, NUMBER_BYTES_MAX));
		if (out->literal.n == 0)
			return bad_segment(err);
	} else {
		out->first_chunk = (uint32_t)read_leb128(&r, NUMBER_BYTES_MAX);
		out->n_chunks = (uint32_t)read_leb128(&r, NUMBER_BYTES_MAX);
		if (out->n_chunks == 0)
			return bad_segment(err);
	}
	if (kind == PAYLOAD_ENCODED) {
		out->recipe = read_span(&r, read_leb128(&r, NUMBER_BYTES_MAX));
		if (out->recipe.n == 0 || out->recipe.n > PAYLOAD_RECIPE_MAX)
			return bad_segment(err);
	}
	if (r.failed)
		return bad_segment(err);
	*payload = r.left;
	return 0;
}

int
payload_check(struct span payload, uint64_t n_entries, struct err *err)
{
	struct payload_segment s;
	int rc;

	while ((rc = payload_next(&s, &payload, err)) == 0)
		if ((uint64_t)s.first_chunk + s.n_chunks > n_entries)
			return err_set(err, ERR_FORMAT,
				       "the payload of a record names a chunk that it does not "
				       "have");
	return rc < 0 ? -1 : 0;
}

int
payload_to_buf(void *ctx, struct span bytes, struct err *err)
{
	return buf_append(ctx, bytes, err);
}

int
payload_to_fd(void *ctx, struct span bytes, struct err *err)
{
	const int *fd = ctx;

	return os_write_all(*fd, bytes, "restored item", err);
}

/* An assembly on its way. */
struct assembly {
	uint64_t size_bytes;
	uint64_t total; /* bytes so far, padding included */
	const struct payload_source *source;
	const struct payload_sink *sink;
};

static int
too_many(struct err *err)
{
	return err_set(err, ERR_FORMAT, "an item has more bytes than its record says");
}

/* Take the next bytes: what belongs to the item goes to the sink, what a chunk holds beyond must be
 * zero. */
static int
take(struct assembly *a, struct span bytes, bool may_be_padding, struct err *err)
{
	uint64_t want = a->total < a->size_bytes ? a->size_bytes - a->total : 0;
	size_t n = want < bytes.n ? (size_t)want : bytes.n;

	a->total += bytes.n;
	if (n < bytes.n) {
		if (!may_be_padding || a->size_bytes <= PAYLOAD_PADDED_FROM ||
		    a->total > pad_size(a->size_bytes))
			return too_many(err);
		if (!is_all_zero(span_skip(bytes, n)))
			return err_set(err, ERR_FORMAT, "an item is not followed by zeros");
	}
	return n == 0 ? 0 : a->sink->write(a->sink->ctx, span_of(bytes.p, n), err);
}

static int
take_chunks(struct assembly *a, const struct payload_segment *s, struct err *err)
{
	for (uint32_t i = 0; i < s->n_chunks; i++) {
		struct span plain = { NULL, 0 };

		if (a->source->chunk(a->source->ctx, s->first_chunk + i, &plain, err) < 0 ||
		    take(a, plain, true, err) < 0)
			return -1;
	}
	return 0;
}

static int
take_encoded(struct assembly *a, const struct payload_segment *s, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(PAYLOAD_VALUE_BYTES_MAX);
	AUTO(buf_clear) struct buf encoded = BUF_INIT((size_t)4 * PAYLOAD_VALUE_BYTES_MAX);

	if (!a->source->encode)
		return err_set(err, ERR_UNSUPPORTED, "a value is stored with a recipe");
	for (uint32_t i = 0; i < s->n_chunks; i++) {
		struct span plain = { NULL, 0 };

		if (a->source->chunk(a->source->ctx, s->first_chunk + i, &plain, err) < 0 ||
		    buf_append(&value, plain, err) < 0)
			return -1;
	}
	if (a->source->encode(a->source->ctx, s->recipe, buf_span(&value), &encoded, err) < 0)
		return -1;
	return take(a, buf_span(&encoded), false, err);
}

int
payload_assemble(struct span payload, uint64_t size_bytes, uint64_t n_entries,
		 const struct payload_source *source, const struct payload_sink *sink,
		 struct err *err)
{
	struct assembly a = { size_bytes, 0, source, sink };
	struct payload_segment s;
	int rc;

	if (size_bytes > PAD_LENGTH_MAX)
		return bad_segment(err);
	if (payload_check(payload, n_entries, err) < 0)
		return -1;
	while ((rc = payload_next(&s, &payload, err)) == 0) {
		if (s.kind == PAYLOAD_LITERAL)
			rc = take(&a, s.literal, false, err);
		else if (s.kind == PAYLOAD_CHUNKS)
			rc = take_chunks(&a, &s, err);
		else
			rc = take_encoded(&a, &s, err);
		if (rc < 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	bool padded = size_bytes > PAYLOAD_PADDED_FROM && a.total == pad_size(size_bytes);
	if (a.total != size_bytes && !padded)
		return err_set(err, ERR_FORMAT, "an item has fewer bytes than its record says");
	return 0;
}
