/* SPDX-License-Identifier: Apache-2.0 */
/* records: the question for records, and frames; see wire.h. */
#include <stdlib.h>

#include "base/array.h"
#include "wire/wire_internal.h"

void
wire_records_clear(struct wire_records *r)
{
	free(r->at);
	*r = (struct wire_records){ 0 };
}

int
wire_records_add(struct wire_records *r, struct wire_record_at at, struct err *err)
{
	if (array_reserve((void **)&r->at, &r->cap, r->n + 1, sizeof *r->at, BATCH_RECORDS_MAX,
			  err) < 0)
		return -1;
	r->at[r->n++] = at;
	return 0;
}

int
wire_damaged_encode(struct buf *out, const struct wire_damaged *d, struct err *err)
{
	if (buf_append_u32(out, d->n, err) < 0)
		return -1;
	for (uint32_t i = 0; i < d->n; i++)
		if (buf_append_u64(out, d->at[i].seq, err) < 0 ||
		    buf_append_u32(out, d->at[i].index, err) < 0)
			return -1;
	return 0;
}

int
wire_damaged_decode(struct wire_damaged *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->n = read_u32(&r);
	if (out->n > WIRE_DAMAGED_MAX)
		return err_set(err, ERR_LIMIT, "the server names %u damaged records, more than %u",
			       out->n, WIRE_DAMAGED_MAX);
	for (uint32_t i = 0; i < out->n; i++) {
		out->at[i].seq = read_u64(&r);
		out->at[i].index = read_u32(&r);
	}
	return reader_done(&r, "the list of damaged records", err);
}

static int
compare(const void *a, const void *b)
{
	const struct wire_record_at *ra = a, *rb = b;

	if (ra->seq != rb->seq)
		return ra->seq < rb->seq ? -1 : 1;
	return (ra->index > rb->index) - (ra->index < rb->index);
}

static void
sort(struct wire_records *r)
{
	size_t unique = 0;

	if (r->n < 2)
		return;
	qsort(r->at, r->n, sizeof *r->at, compare);
	for (size_t i = 0; i < r->n; i++)
		if (i == 0 || compare(&r->at[i], &r->at[unique - 1]) != 0)
			r->at[unique++] = r->at[i];
	r->n = unique;
}

int
wire_records_encode(struct buf *out, struct wire_records *r, struct err *err)
{
	sort(r);
	if (r->n == 0)
		return err_set(err, ERR_USAGE, "a question for no records");
	if (buf_append_id16(out, &r->device, err) < 0 || buf_append_byte(out, r->proofs, err) < 0 ||
	    buf_append_u32(out, (uint32_t)r->n, err) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		if (buf_append_u64(out, r->at[i].seq, err) < 0 ||
		    buf_append_u32(out, r->at[i].index, err) < 0)
			return -1;
	return 0;
}

int
wire_records_decode(struct wire_records *out, struct span in, struct err *err)
{
	static const char what[] = "a question for records";
	struct reader r = reader_of(in);

	wire_records_clear(out);
	out->device = read_id16(&r);
	uint8_t proofs = read_u8(&r);
	uint32_t n = read_u32(&r);
	if (r.failed || proofs > 1 || n == 0 || n > BATCH_RECORDS_MAX)
		return bad_body(what, err);
	out->proofs = proofs;
	for (uint32_t i = 0; i < n; i++) {
		struct wire_record_at at = { read_u64(&r), 0 };

		at.index = read_u32(&r);
		if (r.failed || (i > 0 && compare(&out->at[i - 1], &at) >= 0))
			return bad_body(what, err);
		if (wire_records_add(out, at, err) < 0)
			return -1;
	}
	return reader_done(&r, what, err);
}

static int
append_record(struct buf *out, const struct wire_frame *f, struct err *err)
{
	if (buf_append_byte(out, (uint8_t)f->path.n, err) < 0)
		return -1;
	for (unsigned i = 0; i < f->path.n; i++)
		if (buf_append_hash32(out, &f->path.nodes[i], err) < 0)
			return -1;
	return append_bytes32(out, f->record, err);
}

int
wire_frame_encode(struct buf *out, const struct wire_frame *f, struct err *err)
{
	if (buf_append_byte(out, (uint8_t)f->kind, err) < 0)
		return -1;
	if (f->kind == WIRE_FRAME_END)
		return 0;
	if (f->kind == WIRE_FRAME_BATCH)
		return append_bytes32(out, f->prefix, err);
	if (buf_append_u64(out, f->seq, err) < 0 || buf_append_u32(out, f->index, err) < 0)
		return -1;
	return f->kind == WIRE_FRAME_GONE ? 0 : append_record(out, f, err);
}

/* Each part: what is needed to go on, as far as it is known; FEED_MORE, or 0 with *n its length. */

static int
bad_frame(struct err *err)
{
	return bad_body("a frame of the answer", err);
}

/* bytes32 at @from, of at most @max bytes; *n becomes its end. */
static int
take_bytes32(struct span *out, struct span at, size_t from, size_t max, size_t *n, struct err *err)
{
	*n = from + 4;
	if (at.n < *n)
		return FEED_MORE;
	uint32_t length = get_u32(at.p + from);
	if (length > max)
		return bad_frame(err);
	*n += length;
	if (at.n < *n)
		return FEED_MORE;
	*out = span_of(at.p + from + 4, length);
	return 0;
}

#define PLACE_BYTES 13 /* kind, seq, index */

static int
take_record(struct wire_frame *f, struct span at, size_t *n, struct err *err)
{
	*n = PLACE_BYTES + 1;
	if (at.n < *n)
		return FEED_MORE;
	f->path.n = at.p[PLACE_BYTES];
	if (f->path.n > MERKLE_PATH_MAX)
		return bad_frame(err);
	size_t nodes = *n;
	*n += f->path.n * sizeof *f->path.nodes;
	if (at.n < *n)
		return FEED_MORE;
	for (unsigned i = 0; i < f->path.n; i++)
		memcpy(f->path.nodes[i].b, at.p + nodes + i * sizeof *f->path.nodes,
		       sizeof *f->path.nodes);
	return take_bytes32(&f->record, at, *n, RECORD_FRAME_BYTES_MAX, n, err);
}

static int
take_parts(struct wire_frame *f, struct span at, size_t *n, struct err *err)
{
	*n = 1;
	if (f->kind == WIRE_FRAME_END)
		return 0;
	if (f->kind == WIRE_FRAME_BATCH)
		return take_bytes32(&f->prefix, at, 1, BATCH_PREFIX_BYTES_MAX, n, err);
	*n = PLACE_BYTES;
	if (at.n < *n)
		return FEED_MORE;
	f->seq = get_u64(at.p + 1);
	f->index = get_u32(at.p + 9);
	return f->kind == WIRE_FRAME_GONE ? 0 : take_record(f, at, n, err);
}

static int
take_frame(void *ctx, struct span at, size_t *n, struct err *err)
{
	struct wire_frames_reader *r = ctx;
	struct wire_frame f = { .kind = at.p[0] };

	if (r->ended)
		return err_set(err, ERR_FORMAT, "bytes follow the end of the answer");
	if (f.kind < WIRE_FRAME_BATCH || f.kind > WIRE_FRAME_END)
		return bad_frame(err);
	int rc = take_parts(&f, at, n, err);
	if (rc != 0)
		return rc;
	if (f.kind == WIRE_FRAME_END) {
		r->ended = true;
		return 0;
	}
	return r->fn(r->ctx, &f, err);
}

void
wire_frames_reader_init(struct wire_frames_reader *r, wire_frame_fn *fn, void *ctx)
{
	*r = (struct wire_frames_reader){ .fn = fn, .ctx = ctx };
	feed_init(&r->feed,
		  PLACE_BYTES + 1 + MERKLE_PATH_MAX * CRYPTO_HASH_BYTES + 4 +
			  (size_t)RECORD_FRAME_BYTES_MAX,
		  take_frame, r);
}

void
wire_frames_reader_clear(struct wire_frames_reader *r)
{
	feed_clear(&r->feed);
}

int
wire_frames_reader_feed(struct wire_frames_reader *r, struct span piece, struct err *err)
{
	return feed_add(&r->feed, piece, err);
}

int
wire_frames_reader_end(const struct wire_frames_reader *r, struct err *err)
{
	return r->ended ? 0 : err_set(err, ERR_FORMAT, "the answer is cut short");
}
