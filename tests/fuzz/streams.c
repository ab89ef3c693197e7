/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams: the bodies that are read as they arrive.  The first byte chooses the stream, the second
 * the size of the pieces: what is handed on does not depend on it.
 */
#include "fuzz.h"
#include "wire/wire.h"

/* What was handed on, as bytes. */
struct heard {
	struct buf all;
	size_t calls;
};

static int
hear(struct heard *h, const void *p, size_t n)
{
	h->calls++;
	return buf_append(&h->all, span_of(p, n), NULL);
}

static int
chunk_begin(void *ctx, const struct hash32 *cid, uint32_t object_bytes, struct err *err)
{
	(void)err;
	FUZZ_TRUE(object_bytes <= WIRE_OBJECT_BYTES_MAX);
	return hear(ctx, cid, sizeof *cid);
}

static int
chunk_data(void *ctx, struct span bytes, struct err *err)
{
	struct heard *h = ctx;

	FUZZ_TRUE(bytes.n > 0);
	return buf_append(&h->all, bytes, err);
}

static int
chunk_end(void *ctx, struct err *err)
{
	(void)err;
	return hear(ctx, "end", 3);
}

static int
read_chunks(struct heard *h, struct span all, size_t step)
{
	const struct wire_chunks_sink sink = { h, chunk_begin, chunk_data, chunk_end };
	struct wire_chunks_reader r;

	wire_chunks_reader_init(&r, &sink);
#define FEED(piece) wire_chunks_reader_feed(&r, (piece), NULL)
#define END()       wire_chunks_reader_end(&r, NULL)
	return FUZZ_PIECES(all, step, FEED, END);
#undef FEED
#undef END
}

static int
object(void *ctx, uint32_t i, struct span bytes, struct err *err)
{
	(void)err;
	hear(ctx, &i, sizeof i);
	return hear(ctx, bytes.p, bytes.n);
}

static int
read_objects(struct heard *h, struct span all, size_t step)
{
	AUTO(wire_objects_reader_clear) struct wire_objects_reader r;

	wire_objects_reader_init(&r, 5, object, h);
#define FEED(piece) wire_objects_reader_feed(&r, (piece), NULL)
#define END()       wire_objects_reader_end(&r, NULL)
	return FUZZ_PIECES(all, step, FEED, END);
#undef FEED
#undef END
}

static int
items_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	(void)err;
	hear(ctx, &n, sizeof n);
	return hear(ctx, prefix.p, prefix.n);
}

static int
item(void *ctx, const struct wire_item *e, struct err *err)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(WIRE_ITEM_ENTRY_BYTES);

	FUZZ_TRUE(wire_item_encode(&again, e, err) == 0);
	return hear(ctx, again.p, again.n);
}

static int
read_list(struct heard *h, enum wire_list list, struct span all, size_t step)
{
	AUTO(wire_items_reader_clear) struct wire_items_reader r;
	const struct wire_items_sink sink = { h, items_begin, item };

	wire_items_reader_init(&r, list, &sink);
#define FEED(piece) wire_items_reader_feed(&r, (piece), NULL)
#define END()       wire_items_reader_end(&r, NULL)
	return FUZZ_PIECES(all, step, FEED, END);
#undef FEED
#undef END
}

static int
read_items(struct heard *h, struct span all, size_t step)
{
	return read_list(h, WIRE_ITEMS, all, step);
}

static int
read_versions(struct heard *h, struct span all, size_t step)
{
	return read_list(h, WIRE_VERSIONS, all, step);
}

static int
frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(1u << 24);

	FUZZ_TRUE(wire_frame_encode(&again, f, err) == 0);
	return hear(ctx, again.p, again.n);
}

static int
read_frames(struct heard *h, struct span all, size_t step)
{
	AUTO(wire_frames_reader_clear) struct wire_frames_reader r;

	wire_frames_reader_init(&r, frame, h);
#define FEED(piece) wire_frames_reader_feed(&r, (piece), NULL)
#define END()       wire_frames_reader_end(&r, NULL)
	return FUZZ_PIECES(all, step, FEED, END);
}

typedef int read_fn(struct heard *h, struct span all, size_t step);
static read_fn *const streams[] = { read_chunks, read_objects, read_items, read_versions,
				    read_frames };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct heard whole = { .all = BUF_INIT(1u << 24) }, pieces = { .all = BUF_INIT(1u << 24) };
	struct span all = span_skip(span_of(data, n), 2);

	if (n < 2)
		return 0;
	read_fn *read = streams[data[0] % (sizeof streams / sizeof *streams)];
	int rc = read(&whole, all, all.n + 1);
	FUZZ_TRUE(read(&pieces, all, data[1] + 1u) == rc);
	if (rc == 0)
		FUZZ_TRUE(whole.calls == pieces.calls &&
			  span_equal(buf_span(&whole.all), buf_span(&pieces.all)));
	buf_clear(&whole.all);
	buf_clear(&pieces.all);
	return 0;
}
