/* SPDX-License-Identifier: Apache-2.0 */
/* batch: prefix and frames; what is accepted encodes to the same bytes, in pieces or whole. */
#include "format/batch.h"
#include "fuzz.h"

static int
on_record(void *ctx, const struct batch_record *r, struct err *err)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	AUTO(buf_clear) struct buf aad = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	struct buf *all = ctx;
	struct hash32 leaf;

	FUZZ_TRUE(record_frame_append(&again, &r->frame, err) == 0);
	FUZZ_TRUE(span_equal(buf_span(&again), r->bytes));
	FUZZ_TRUE(record_aad(&aad, r->i, &r->frame, err) == 0);
	record_leaf(&leaf, r->i, &r->frame);
	FUZZ_TRUE(hash32_equal(&leaf, &r->leaf));
	return buf_append(all, r->bytes, err);
}

/* In pieces of @step bytes; the root, or false. */
static bool
read_pieces(struct hash32 *root, struct buf *all, uint32_t n_records, struct span frames,
	    size_t step)
{
	AUTO(batch_reader_free) struct batch_reader *reader = NULL;

	FUZZ_TRUE(batch_reader_new(&reader, n_records, on_record, all, NULL) == 0);
#define FEED(piece) batch_reader_feed(reader, (piece), NULL)
#define END()       batch_reader_end(reader, root, NULL)
	return FUZZ_PIECES(frames, step, FEED, END) == 0;
}

static void
frames_of(const struct batch_prefix *p, struct span batch, struct span frames, size_t step)
{
	AUTO(buf_clear) struct buf whole = BUF_INIT(1u << 24), pieces = BUF_INIT(1u << 24);
	AUTO(buf_clear) struct buf one = BUF_INIT(1u << 24);
	struct hash32 root, root_again;
	struct batch_prefix again;

	bool good = read_pieces(&root, &whole, p->n_records, frames, frames.n + 1);
	FUZZ_TRUE(read_pieces(&root_again, &pieces, p->n_records, frames, step) == good);
	if (batch_read(&again, batch, on_record, &one, NULL) == 0)
		FUZZ_TRUE(good && hash32_equal(&root, &p->records_root));
	if (!good)
		return;
	FUZZ_TRUE(hash32_equal(&root, &root_again));
	FUZZ_TRUE(span_equal(buf_span(&whole), frames) && span_equal(buf_span(&pieces), frames));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct reader r = reader_of(span_of(data, n));
	size_t step = read_u8(&r) + 1u, n_prefix = 0;
	uint8_t header[BATCH_HEADER_BYTES];
	struct batch_header h;
	struct batch_prefix p;
	struct hash32 head;

	if (r.left.n >= BATCH_HEADER_BYTES && batch_header_decode(&h, r.left.p, NULL) == 0) {
		batch_header_encode(header, &h);
		FUZZ_TRUE(memcmp(header, r.left.p, sizeof header) == 0);
	}
	int rc = batch_prefix_decode(&p, r.left, &n_prefix, NULL);
	if (rc == FEED_MORE)
		FUZZ_TRUE(n_prefix > r.left.n && n_prefix <= BATCH_PREFIX_BYTES_MAX);
	if (rc != 0)
		return 0;
	FUZZ_TRUE(n_prefix == batch_prefix_bytes(&p) && n_prefix <= r.left.n);
	FUZZ_TRUE(batch_prefix_encode(&again, &p, NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&again), span_of(r.left.p, n_prefix)));
	FUZZ_TRUE(batch_head(&head, &p, NULL) == 0);
	frames_of(&p, r.left, span_skip(r.left, n_prefix), step);
	return 0;
}
