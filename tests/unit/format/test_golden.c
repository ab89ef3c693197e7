/* SPDX-License-Identifier: Apache-2.0 */
/* What was sealed, packed or signed once opens, unpacks and verifies for ever. */
#include "crypto/seal.h"
#include "format/batch.h"
#include "format/payload.h"
#include "format/record.h"
#include "frozen.h"
#include "log_fixture.h"

static const char card[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:8a1f\r\nN:Schmidt;Anna;;;\r\n"
			   "FN:Anna Schmidt\r\nTEL;TYPE=CELL:+49 170 1234567\r\n"
			   "EMAIL;TYPE=HOME:anna@example.org\r\nEND:VCARD\r\n";

/* Three items: a contact, packed; a message, stored; a tombstone. */
#define N_ITEMS 3

static struct record
item_of(uint32_t i, struct buf *payload)
{
	struct record r = { .app = span_str("contacts"), .native_id = span_str("8a1f") };

	buf_reset(payload);
	if (i == 0) {
		assert_int_equal(payload_build(payload, span_str(card), NULL, 0, NULL), 0);
		r.live = true;
		r.name = span_str("Anna Schmidt");
		r.mime = span_str("text/vcard");
		r.size_bytes = strlen(card);
		r.path = span_str("family.vcf");
		r.has_modified = true;
		r.modified_unix_ms = 1700000000123;
		r.payload = buf_span(payload);
	} else if (i == 1) {
		const struct payload_segment s = { .kind = PAYLOAD_CHUNKS, .n_chunks = 1 };

		assert_int_equal(payload_segment_append(payload, &s, NULL), 0);
		r.app = span_str("messages");
		r.native_id = span_str("1700000000123:7");
		r.live = true;
		r.size_bytes = 4096;
		r.payload = buf_span(payload);
		r.chunks = span_str("\5\0some cid of thirty-two bytes....");
	} else {
		r.native_id = span_str("gone");
	}
	return r;
}

static struct hash32
cid_of_item_1(void)
{
	struct hash32 cid;

	memcpy(cid.b, "some cid of thirty-two bytes....", sizeof cid.b);
	return cid;
}

static void
assert_item(uint32_t i, const struct record *r)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(1024), a = BUF_INIT(4096), b = BUF_INIT(4096);
	struct record expected = item_of(i, &payload);

	assert_int_equal(record_fields_encode(&a, r, NULL), 0);
	assert_int_equal(record_fields_encode(&b, &expected, NULL), 0);
	assert_true(span_equal(buf_span(&a), buf_span(&b)));
}

static struct record_frame
frame_of(uint32_t i, const struct hash32 *cid)
{
	return (struct record_frame){
		.folder = test_id('f', i),
		.item = test_id('i', i),
		.flags = i == 2 ? RECORD_TOMBSTONE : 0,
		.refs = span_of(cid->b, i == 1 ? sizeof cid->b : 0),
	};
}

/* Seal the three items into a signed batch. */
static void
make_batch(struct buf *out, const struct account_keys *k, const struct sign_key *dsk)
{
	AUTO(seal_free) struct seal *s = NULL;
	AUTO(record_packer_free) struct record_packer *packer = NULL;
	AUTO(buf_clear) struct buf payload = BUF_INIT(1024), frames = BUF_INIT(BATCH_BYTES_MAX);
	struct batch_prefix p = { .header = { .account = test_id('a', 0),
					      .device = test_id('d', 0),
					      .epoch = 1,
					      .seq = 1,
					      .previous_head = test_hash('p', 0),
					      .log_length = 2,
					      .log_head = test_hash('l', 0),
					      .client_unix_ms = 1700000000000 },
				  .n_records = N_ITEMS,
				  .state_root = test_hash('s', 0) };
	uint8_t header[BATCH_HEADER_BYTES];
	struct hash32 cid = cid_of_item_1();
	struct merkle m;

	assert_int_equal(seal_new(&s, k->psk, k->aek_public, NULL), 0);
	assert_int_equal(record_packer_new(&packer, NULL), 0);
	memcpy(p.header.e_public, seal_e_public(s), sizeof p.header.e_public);
	batch_header_encode(header, &p.header);
	assert_int_equal(seal_start(s, SPAN_ARRAY(header), NULL), 0);
	merkle_init(&m);
	for (uint32_t i = 0; i < N_ITEMS; i++) {
		AUTO(buf_clear) struct buf plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
		AUTO(buf_clear) struct buf sealed = BUF_INIT(RECORD_CIPHER_BYTES_MAX);
		AUTO(buf_clear) struct buf aad = BUF_INIT(4096);
		struct record r = item_of(i, &payload);
		struct record_frame f = frame_of(i, &cid);
		struct hash32 leaf;

		assert_int_equal(record_pack(packer, &plain, &r, i == 1, NULL), 0);
		assert_int_equal(record_aad(&aad, i, &f, NULL), 0);
		assert_int_equal(seal_record(s, &sealed, buf_span(&plain), buf_span(&aad), NULL),
				 0);
		f.ciphertext = buf_span(&sealed);
		record_leaf(&leaf, i, &f);
		merkle_add(&m, &leaf);
		assert_int_equal(record_frame_append(&frames, &f, NULL), 0);
	}
	merkle_root(&p.records_root, &m);
	assert_int_equal(batch_sign(&p, dsk, NULL), 0);
	assert_int_equal(batch_prefix_encode(out, &p, NULL), 0);
	assert_int_equal(buf_append(out, buf_span(&frames), NULL), 0);
}

struct opening {
	struct seal_open *o;
	struct record_unpacker *u;
	uint32_t n;
};

static int
open_record(void *ctx, const struct batch_record *r, struct err *err)
{
	struct opening *o = ctx;
	AUTO(buf_clear) struct buf plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX), aad = BUF_INIT(4096);
	struct record rec;

	if (record_aad(&aad, r->i, &r->frame, err) < 0 ||
	    seal_open_record(o->o, &plain, r->i, r->frame.ciphertext, buf_span(&aad), err) < 0 ||
	    record_unpack(o->u, &rec, buf_span(&plain), err) < 0)
		return -1;
	assert_item(r->i, &rec);
	o->n++;
	return 0;
}

/* Open @batch as a restore does. */
static void
open_batch(struct span batch, const struct account_keys *k, const struct sign_key *dsk)
{
	AUTO(seal_open_free) struct seal_open *o = NULL;
	AUTO(record_unpacker_free) struct record_unpacker *u = NULL;
	struct span header = span_of(batch.p, BATCH_HEADER_BYTES);
	struct batch_prefix p;
	struct opening opening;
	struct err err;
	size_t n;

	assert_int_equal(batch_prefix_decode(&p, batch, &n, NULL), 0);
	assert_int_equal(batch_verify(&p, sign_key_public(dsk), NULL), 0);
	assert_int_equal(seal_open_new(&o, k->psk, k->aek, p.header.e_public, header, NULL), 0);
	assert_int_equal(record_unpacker_new(&u, NULL), 0);
	opening = (struct opening){ o, u, 0 };
	if (batch_read(&p, batch, open_record, &opening, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(opening.n, N_ITEMS);
}

static void
the_frozen_batch_opens(void **state)
{
	AUTO(account_keys_free) struct account_keys *k = test_account_keys('1');
	AUTO(sign_key_free) struct sign_key *dsk = test_sign_key('d');
	AUTO(buf_clear)
	struct buf made = BUF_INIT(BATCH_BYTES_MAX), old = BUF_INIT(BATCH_BYTES_MAX);

	(void)state;
	make_batch(&made, k, dsk);
	open_batch(buf_span(&made), k, dsk);
	frozen(&old, "batch-1.bin", buf_span(&made));
	open_batch(buf_span(&old), k, dsk);
	/* every key is fresh, so no two batches are alike */
	assert_false(span_equal(buf_span(&old), buf_span(&made)) && !getenv("CLOUDBOX_FREEZE"));
}

static void
the_frozen_log_is_signed_the_same_today(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	AUTO(buf_clear) struct buf made = BUF_INIT(1u << 20), old = BUF_INIT(1u << 20);

	(void)state;
	log_fixture_init(&f);
	log_fixture_live(&f, &made);
	frozen(&old, "log-1.bin", buf_span(&made));
	assert_true(span_equal(buf_span(&old), buf_span(&made)));
}

/* A contact as it was packed with contacts-1: a newer zstd may pack it otherwise, but must unpack
 * it. */
static void
the_frozen_record_unpacks(void **state)
{
	AUTO(record_packer_free) struct record_packer *p = NULL;
	AUTO(record_unpacker_free) struct record_unpacker *u = NULL;
	AUTO(buf_clear)
	struct buf payload = BUF_INIT(1024), made = BUF_INIT(65536), old = BUF_INIT(65536);
	struct record r = item_of(0, &payload), got;

	(void)state;
	assert_int_equal(record_packer_new(&p, NULL), 0);
	assert_int_equal(record_unpacker_new(&u, NULL), 0);
	assert_int_equal(record_pack(p, &made, &r, false, NULL), 0);
	frozen(&old, "record-1.bin", buf_span(&made));
	assert_int_equal(old.p[1], RECORD_ZSTD_DICTIONARY);
	assert_int_equal(record_unpack(u, &got, buf_span(&old), NULL), 0);
	assert_item(0, &got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frozen_batch_opens),
		cmocka_unit_test(the_frozen_log_is_signed_the_same_today),
		cmocka_unit_test(the_frozen_record_unpacks),
	};

	return cmocka_run_group_tests(tests, test_crypto_init, NULL);
}
