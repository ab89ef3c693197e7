/* SPDX-License-Identifier: Apache-2.0 */
/* chunks: bodies that carry chunk objects, up and down; see wire.h. */
#include "wire/wire_internal.h"

void
wire_chunk_head_encode(uint8_t out[static WIRE_CHUNK_HEAD_BYTES], const struct hash32 *cid,
		       uint32_t object_bytes)
{
	memcpy(out, cid->b, sizeof cid->b);
	put_u32(out + sizeof cid->b, object_bytes);
}

void
wire_chunks_reader_init(struct wire_chunks_reader *r, const struct wire_chunks_sink *sink)
{
	*r = (struct wire_chunks_reader){ .sink = *sink };
}

static int
begin(struct wire_chunks_reader *r, struct err *err)
{
	struct hash32 cid;

	memcpy(cid.b, r->head, sizeof cid.b);
	r->left = get_u32(r->head + sizeof cid.b);
	if (r->left == 0 || r->left > WIRE_OBJECT_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a chunk object of %u bytes", r->left);
	return r->sink.begin(r->sink.ctx, &cid, r->left, err);
}

/* Invariant: n_head < WIRE_CHUNK_HEAD_BYTES and left == 0, or the head is whole and left > 0. */
int
wire_chunks_reader_feed(struct wire_chunks_reader *r, struct span piece, struct err *err)
{
	while (piece.n > 0) {
		size_t want = r->left ? r->left : WIRE_CHUNK_HEAD_BYTES - r->n_head;
		size_t n = piece.n < want ? piece.n : want;

		if (r->left > 0) {
			if (r->sink.data(r->sink.ctx, span_of(piece.p, n), err) < 0)
				return -1;
			r->left -= (uint32_t)n;
			if (r->left == 0) {
				r->n_head = 0;
				if (r->sink.end(r->sink.ctx, err) < 0)
					return -1;
			}
		} else {
			memcpy(r->head + r->n_head, piece.p, n);
			r->n_head += n;
			if (r->n_head == WIRE_CHUNK_HEAD_BYTES && begin(r, err) < 0)
				return -1;
		}
		piece = span_skip(piece, n);
	}
	return 0;
}

int
wire_chunks_reader_end(const struct wire_chunks_reader *r, struct err *err)
{
	return r->n_head == 0 ? 0 : err_set(err, ERR_FORMAT, "the chunks are cut short");
}

int
wire_objects_encode(struct buf *out, const struct wire_object_at *at, uint32_t n, struct err *err)
{
	if (n == 0 || n > WIRE_OBJECTS_MAX)
		return err_set(err, ERR_LIMIT, "%u chunks in one question", n);
	if (buf_append_u32(out, n, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		if (buf_append_id16(out, &at[i].device, err) < 0 ||
		    buf_append_hash32(out, &at[i].cid, err) < 0)
			return -1;
	return 0;
}

int
wire_objects_decode(struct wire_object_at *at, uint32_t *n, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	*n = read_u32(&r);
	if (*n == 0 || *n > WIRE_OBJECTS_MAX)
		return bad_body("a question for chunks", err);
	for (uint32_t i = 0; i < *n; i++) {
		at[i].device = read_id16(&r);
		at[i].cid = read_hash32(&r);
	}
	return reader_done(&r, "a question for chunks", err);
}

static int
take_object(void *ctx, struct span at, size_t *n, struct err *err)
{
	struct wire_objects_reader *r = ctx;

	if (r->i == r->n)
		return err_set(err, ERR_FORMAT, "more chunks than were asked for");
	*n = 4;
	if (at.n < *n)
		return FEED_MORE;
	*n += get_u32(at.p);
	if (at.n < *n)
		return FEED_MORE;
	return r->fn(r->ctx, r->i++, span_of(at.p + 4, *n - 4), err);
}

void
wire_objects_reader_init(struct wire_objects_reader *r, uint32_t n, wire_object_fn *fn, void *ctx)
{
	*r = (struct wire_objects_reader){ .fn = fn, .ctx = ctx, .n = n };
	feed_init(&r->feed, 4 + (size_t)WIRE_OBJECT_BYTES_MAX, take_object, r);
}

void
wire_objects_reader_clear(struct wire_objects_reader *r)
{
	feed_clear(&r->feed);
}

int
wire_objects_reader_feed(struct wire_objects_reader *r, struct span piece, struct err *err)
{
	return feed_add(&r->feed, piece, err);
}

int
wire_objects_reader_end(const struct wire_objects_reader *r, struct err *err)
{
	if (feed_end(&r->feed, "a chunk", err) < 0)
		return -1;
	return r->i == r->n
		       ? 0
		       : err_set(err, ERR_FORMAT, "%u chunks where %u were asked for", r->i, r->n);
}
