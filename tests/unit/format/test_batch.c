/* SPDX-License-Identifier: Apache-2.0 */
#include "format/batch.h"

#include "fixture.h"
#include "format/padding.h"
#include "mutate.h"

static struct sign_key *dsk;

static int
set_up(void **state)
{
	if (test_crypto_init(state) < 0)
		return -1;
	dsk = test_sign_key('d');
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sign_key_free(dsk);
	return 0;
}

static struct batch_prefix
prefix_of(uint32_t n_records, uint16_t n_heads)
{
	struct batch_prefix p = {
		.header = {
			.kind = BATCH_BACKUP,
			.account = test_id('a', 1),
			.device = test_id('d', 5),
			.epoch = 1,
			.seq = 0x0807060504030201,
			.previous_head = test_hash('p', 1),
			.log_length = 2,
			.log_head = test_hash('l', 1),
			.client_unix_ms = 1700000000000,
		},
		.n_records = n_records,
		.records_root = test_hash('r', 1),
		.state_root = test_hash('s', 1),
		.n_heads = n_heads,
	};

	memset(p.header.e_public, 'e', sizeof p.header.e_public);
	for (uint16_t i = 0; i < n_heads; i++)
		p.heads[i] = (struct device_head){ test_id((uint8_t)('e' + i), 0), i,
						   test_hash('h', i) };
	return p;
}

/* A frame of item @n with @n_refs refs and a ciphertext of @n_cipher bytes; spans from statics. */
static struct record_frame
frame_of(uint32_t n, uint32_t n_refs, size_t n_cipher)
{
	static struct hash32 refs[300];
	static uint8_t cipher[RECORD_CIPHER_BYTES_MAX];

	for (uint32_t i = 0; i < n_refs; i++)
		refs[i] = test_hash((uint8_t)n, i);
	memset(cipher, (int)n, n_cipher);
	return (struct record_frame){
		.folder = test_id('f', 0),
		.item = test_id('i', n),
		.refs = span_of(refs, n_refs * sizeof *refs),
		.ciphertext = span_of(cipher, n_cipher),
	};
}

/* A signed batch of @n records of various sizes. */
static void
batch_make(struct buf *out, uint32_t n)
{
	AUTO(buf_clear) struct buf frames = BUF_INIT(BATCH_BYTES_MAX);
	struct batch_prefix p = prefix_of(n, 2);
	struct merkle m;

	merkle_init(&m);
	for (uint32_t i = 0; i < n; i++) {
		struct record_frame f = frame_of(i, i % 3, pad_size(i * 50) + CRYPTO_TAG_BYTES);
		struct hash32 leaf;

		f.flags = i % 3 == 0 && i % 2 ? RECORD_TOMBSTONE : 0;
		record_leaf(&leaf, i, &f);
		merkle_add(&m, &leaf);
		assert_int_equal(record_frame_append(&frames, &f, NULL), 0);
	}
	merkle_root(&p.records_root, &m);
	assert_int_equal(batch_sign(&p, dsk, NULL), 0);
	assert_int_equal(batch_prefix_encode(out, &p, NULL), 0);
	assert_int_equal(buf_append(out, buf_span(&frames), NULL), 0);
}

static void
the_header_lies_as_the_table_says(void **state)
{
	struct batch_prefix p = prefix_of(1, 0);
	uint8_t h[BATCH_HEADER_BYTES];

	(void)state;
	p.header.kind = BATCH_REJOIN;
	p.header.lost_seq = p.header.seq - 1;
	p.header.lost_head = test_hash('x', 9);
	batch_header_encode(h, &p.header);
	assert_memory_equal(h, "CBB1\1\1\0\0", 8);
	assert_memory_equal(h + 8, p.header.account.b, 16);
	assert_memory_equal(h + 24, p.header.device.b, 16);
	assert_memory_equal(h + 40, "\1\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10", 16);
	assert_memory_equal(h + 56, p.header.previous_head.b, 32);
	assert_memory_equal(h + 88, p.header.lost_head.b, 32);
	assert_int_equal(get_u64(h + 120), p.header.lost_seq);
	assert_int_equal(h[128], 'e');
	assert_int_equal(get_u64(h + 160), 2);
	assert_memory_equal(h + 168, p.header.log_head.b, 32);
	assert_int_equal(get_u64(h + 200), 1700000000000);
}

static bool
prefix_again(void *ctx, struct span in, struct buf *again)
{
	struct batch_prefix p;
	size_t n;

	(void)ctx;
	if (batch_prefix_decode(&p, in, &n, NULL) != 0 || n != in.n)
		return false;
	assert_int_equal(batch_prefix_bytes(&p), in.n);
	return batch_prefix_encode(again, &p, NULL) == 0;
}

static void
a_changed_prefix_is_refused_or_means_what_it_says(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct batch_prefix p = prefix_of(7, 3);

	(void)state;
	assert_int_equal(batch_prefix_encode(&b, &p, NULL), 0);
	assert_int_equal(b.n, BATCH_PREFIX_BYTES_MIN + 3 * BATCH_HEAD_BYTES);
	struct mutate_count c = mutate_all(buf_span(&b), prefix_again, NULL);
	assert_true(c.refused > b.n && c.lived > b.n);
}

static void
a_prefix_says_how_much_of_it_is_missing(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct batch_prefix p = prefix_of(7, 3), got;
	size_t n;

	(void)state;
	assert_int_equal(batch_prefix_encode(&b, &p, NULL), 0);
	assert_int_equal(batch_prefix_decode(&got, span_of(b.p, 0), &n, NULL), FEED_MORE);
	assert_int_equal(n, BATCH_PREFIX_BYTES_MIN);
	assert_int_equal(batch_prefix_decode(&got, span_of(b.p, n), &n, NULL), FEED_MORE);
	assert_int_equal(n, b.n);
	assert_int_equal(batch_prefix_decode(&got, buf_span(&b), &n, NULL), 0);
	assert_int_equal(n, b.n);
}

/* Change one thing of a good prefix; it must be refused with this message. */
static void
bad_prefixes_are_refused_with_their_reason(void **state)
{
	struct batch_prefix good = prefix_of(7, 3), p, got;
	struct err err;
	size_t n;

#define REFUSED(change, message)                                                                   \
	do {                                                                                       \
		AUTO(buf_clear) struct buf b = BUF_INIT(BATCH_PREFIX_BYTES_MAX);                   \
		p = good;                                                                          \
		change;                                                                            \
		assert_int_equal(batch_prefix_encode(&b, &p, NULL), 0);                            \
		assert_int_equal(batch_prefix_decode(&got, buf_span(&b), &n, &err), -1);           \
		assert_string_equal(err.msg, message);                                             \
	} while (0)

	(void)state;
	REFUSED(p.header.seq = 0, "batch header: sequence number 0");
	REFUSED(p.header.kind = 2, "batch of the unknown kind 2");
	REFUSED(p.header.lost_seq = 1, "batch header: a backup names a lost head");
	REFUSED(p.n_records = 0, "batch prefix: a backup without or a rejoin with records");
	REFUSED(p.n_records = 10001, "a batch of 10001 records, where 10000 are allowed");
	REFUSED(p.heads[1] = p.heads[0], "batch prefix: heads are not in order");
	REFUSED(p.heads[0].device = p.header.device, "batch prefix: a device names itself");
	REFUSED(p.header.kind = BATCH_REJOIN,
		"batch header: a rejoin does not follow its lost head");
#undef REFUSED
}

static void
a_signature_holds_for_these_bytes_and_this_key_only(void **state)
{
	AUTO(sign_key_free) struct sign_key *other = test_sign_key('o');
	struct batch_prefix p = prefix_of(7, 3), changed;
	struct hash32 head, again;
	struct err err;

	(void)state;
	assert_int_equal(batch_sign(&p, dsk, NULL), 0);
	assert_int_equal(batch_verify(&p, sign_key_public(dsk), &err), 0);
	assert_int_equal(batch_verify(&p, sign_key_public(other), &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	assert_int_equal(batch_head(&head, &p, NULL), 0);

#define BREAKS(change)                                                                             \
	do {                                                                                       \
		changed = p;                                                                       \
		change;                                                                            \
		assert_int_equal(batch_verify(&changed, sign_key_public(dsk), &err), -1);          \
		assert_int_equal(err.code, ERR_AUTH);                                              \
		assert_int_equal(batch_head(&again, &changed, NULL), 0);                           \
		assert_false(hash32_equal(&head, &again));                                         \
	} while (0)
	BREAKS(changed.header.client_unix_ms++);
	BREAKS(changed.n_records++);
	BREAKS(changed.records_root.b[31] ^= 1);
	BREAKS(changed.state_root.b[0] ^= 1);
	BREAKS(changed.heads[2].seq++);
	BREAKS(changed.n_heads--);
	BREAKS(changed.signature[63] ^= 1);
#undef BREAKS
}

static bool
frame_again(void *ctx, struct span in, struct buf *again)
{
	struct record_frame f;
	size_t n;

	(void)ctx;
	if (record_frame_decode(&f, in, &n, NULL) != 0 || n != in.n)
		return false;
	return record_frame_append(again, &f, NULL) == 0;
}

static void
a_changed_frame_is_refused_or_means_what_it_says(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	struct record_frame f = frame_of(3, 2, 64 + CRYPTO_TAG_BYTES);

	(void)state;
	assert_int_equal(record_frame_append(&b, &f, NULL), 0);
	assert_int_equal(b.n, RECORD_FRAME_BYTES_MIN + 64 + 80);
	struct mutate_count c = mutate_all(buf_span(&b), frame_again, NULL);
	assert_true(c.refused > b.n && c.lived > b.n);
}

static void
bad_frames_are_refused_with_their_reason(void **state)
{
	struct record_frame got, f;
	struct err err;
	size_t n;

#define REFUSED(make, change, message)                                                             \
	do {                                                                                       \
		AUTO(buf_clear) struct buf b = BUF_INIT(RECORD_FRAME_BYTES_MAX);                   \
		f = make;                                                                          \
		assert_int_equal(record_frame_append(&b, &f, NULL), 0);                            \
		change;                                                                            \
		assert_int_equal(record_frame_decode(&got, buf_span(&b), &n, &err), -1);           \
		assert_string_equal(err.msg, message);                                             \
	} while (0)

	(void)state;
	REFUSED(frame_of(1, 0, 80), b.p[32] = 2, "a record has unknown flags (2)");
	REFUSED(frame_of(1, 1, 80), b.p[32] = 1, "a tombstone names chunks");
	REFUSED(frame_of(1, 0, 81), (void)0, "a record of 81 bytes is not padded");
	REFUSED(frame_of(1, 0, 15), (void)0, "a record of 15 bytes is not padded");
	REFUSED(frame_of(1, 2, 80), memcpy(b.p + 41, b.p + 73, 32), "a record names a chunk twice");
	/* limits are refused before the bytes have come */
	REFUSED(frame_of(1, 0, 80), put_u32(b.p + 33, 65537),
		"a record of 65537 chunks, where 65536 are allowed");
	REFUSED(frame_of(1, 0, 80), put_u32(b.p + 37, 67600),
		"a record of 67600 bytes, where 65552 are allowed");
#undef REFUSED
}

static void
a_leaf_depends_on_everything_in_its_frame(void **state)
{
	struct record_frame f = frame_of(3, 2, 80), g;
	struct hash32 leaf, other;

	(void)state;
	record_leaf(&leaf, 4, &f);
#define DIFFERS(place, change)                                                                     \
	do {                                                                                       \
		g = f;                                                                             \
		change;                                                                            \
		record_leaf(&other, place, &g);                                                    \
		assert_false(hash32_equal(&leaf, &other));                                         \
	} while (0)
	DIFFERS(5, (void)0);
	DIFFERS(4, g.folder.b[0] ^= 1);
	DIFFERS(4, g.item.b[15] ^= 1);
	DIFFERS(4, g.flags = RECORD_TOMBSTONE);
	DIFFERS(4, g.refs.n -= 32);
	DIFFERS(4, g.ciphertext.n--);
#undef DIFFERS
}

/* What a reader handed on. */
struct seen {
	uint32_t n;
	size_t bytes;
	struct hash32 leaves[200];
};

static int
see(void *ctx, const struct batch_record *r, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	assert_int_equal(r->i, s->n);
	s->leaves[s->n++] = r->leaf;
	s->bytes += r->bytes.n;
	return 0;
}

static void
a_batch_fed_in_pieces_is_the_batch_fed_whole(void **state)
{
	static const size_t steps[] = { 1, 7, 41, 1000, 1 << 20 };
	AUTO(buf_clear) struct buf b = BUF_INIT(BATCH_BYTES_MAX);
	struct seen whole = { 0 };
	struct batch_prefix p;

	(void)state;
	batch_make(&b, 120);
	assert_int_equal(batch_read(&p, buf_span(&b), see, &whole, NULL), 0);
	assert_int_equal(batch_verify(&p, sign_key_public(dsk), NULL), 0);
	assert_int_equal(whole.n, 120);
	assert_int_equal(whole.bytes, b.n - batch_prefix_bytes(&p));

	for (size_t k = 0; k < N_ELEMENTS(steps); k++) {
		AUTO(batch_reader_free) struct batch_reader *r = NULL;
		struct span body = span_skip(buf_span(&b), batch_prefix_bytes(&p));
		struct seen pieces = { 0 };
		struct hash32 root;

		assert_int_equal(batch_reader_new(&r, p.n_records, see, &pieces, NULL), 0);
		for (size_t at = 0; at < body.n; at += steps[k]) {
			struct span piece = span_skip(body, at);

			if (piece.n > steps[k])
				piece.n = steps[k];
			assert_int_equal(batch_reader_feed(r, piece, NULL), 0);
		}
		assert_int_equal(batch_reader_end(r, &root, NULL), 0);
		assert_true(hash32_equal(&root, &p.records_root));
		assert_memory_equal(&pieces, &whole, sizeof whole);
	}
}

static void
a_batch_that_is_not_whole_is_refused(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(BATCH_BYTES_MAX);
	struct batch_prefix p;
	struct err err;

	(void)state;
	batch_make(&b, 5);
	for (size_t n = 0; n < b.n; n++) {
		assert_int_equal(batch_read(&p, span_of(b.p, n), NULL, NULL, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
	assert_int_equal(buf_append_byte(&b, 0, NULL), 0);
	assert_int_equal(batch_read(&p, buf_span(&b), NULL, NULL, &err), -1);
	assert_string_equal(err.msg, "bytes follow the last record of a batch");
	b.n--;
	b.p[b.n - 1] ^= 1;
	assert_int_equal(batch_read(&p, buf_span(&b), NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
an_item_stands_in_a_batch_once(void **state)
{
	AUTO(batch_reader_free) struct batch_reader *r = NULL;
	AUTO(buf_clear) struct buf b = BUF_INIT(BATCH_BYTES_MAX);
	struct hash32 root;
	struct err err;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct record_frame f = frame_of(i % 2, 0, 80);

		assert_int_equal(record_frame_append(&b, &f, NULL), 0);
	}
	assert_int_equal(batch_reader_new(&r, 3, NULL, NULL, NULL), 0);
	assert_int_equal(batch_reader_feed(r, buf_span(&b), NULL), 0);
	assert_int_equal(batch_reader_end(r, &root, &err), -1);
	assert_string_equal(err.msg, "an item stands in a batch twice");
}

static void
the_largest_frame_fits_and_the_limits_are_the_documented_ones(void **state)
{
	AUTO(batch_reader_free) struct batch_reader *r = NULL;
	AUTO(buf_clear) struct buf refs = BUF_INIT(32 * RECORD_REFS_MAX);
	AUTO(buf_clear) struct buf b = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	struct record_frame f = frame_of(1, 0, RECORD_CIPHER_BYTES_MAX);
	struct hash32 root;
	struct err err;

	(void)state;
	for (uint32_t i = 0; i < RECORD_REFS_MAX; i++) {
		struct hash32 cid = test_hash('c', i);

		assert_int_equal(buf_append_hash32(&refs, &cid, NULL), 0);
	}
	f.refs = buf_span(&refs);
	assert_int_equal(record_frame_append(&b, &f, NULL), 0);
	assert_int_equal(b.n, RECORD_FRAME_BYTES_MAX);
	assert_int_equal(batch_reader_new(&r, 1, NULL, NULL, NULL), 0);
	for (size_t at = 0; at < b.n; at += 65536)
		assert_int_equal(
			batch_reader_feed(r, span_of(b.p + at, b.n - at < 65536 ? b.n - at : 65536),
					  NULL),
			0);
	assert_int_equal(batch_reader_end(r, &root, NULL), 0);
	batch_reader_free(TAKE(r));
	assert_int_equal(batch_reader_new(&r, BATCH_RECORDS_MAX + 1, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_lies_as_the_table_says),
		cmocka_unit_test(a_changed_prefix_is_refused_or_means_what_it_says),
		cmocka_unit_test(a_prefix_says_how_much_of_it_is_missing),
		cmocka_unit_test(bad_prefixes_are_refused_with_their_reason),
		cmocka_unit_test(a_signature_holds_for_these_bytes_and_this_key_only),
		cmocka_unit_test(a_changed_frame_is_refused_or_means_what_it_says),
		cmocka_unit_test(bad_frames_are_refused_with_their_reason),
		cmocka_unit_test(a_leaf_depends_on_everything_in_its_frame),
		cmocka_unit_test(a_batch_fed_in_pieces_is_the_batch_fed_whole),
		cmocka_unit_test(a_batch_that_is_not_whole_is_refused),
		cmocka_unit_test(an_item_stands_in_a_batch_once),
		cmocka_unit_test(the_largest_frame_fits_and_the_limits_are_the_documented_ones),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
