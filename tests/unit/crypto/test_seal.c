/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include "crypto/seal.h"

static struct account_keys *keys; /* of the ARS that keys-1.py has */

static int
keys_setup(void **state)
{
	AUTO(secret_free) struct secret *ars = secret_of_row(0);

	(void)state;
	return account_keys_new(&keys, ars, NULL);
}

static int
keys_teardown(void **state)
{
	(void)state;
	account_keys_free(keys);
	return 0;
}

/* AAD of record @i of item @item. */
static void
aad_of(struct buf *out, uint64_t i, const uint8_t *item, uint64_t flags)
{
	buf_reset(out);
	assert_int_equal(ds_encode(out,
				   DS(DS_REC, DS_NUM(i), DS_ID(DEVICE), DS_ID(item), DS_NUM(flags),
				      DS_BYTES(NULL, 0)),
				   NULL),
			 0);
}

static void
the_frozen_records_open(void **state)
{
	AUTO(seal_open_free) struct seal_open *o = NULL;
	AUTO(buf_clear) struct buf aad = BUF_INIT(256), plain = BUF_INIT(256);
	struct golden header = golden("header"), e = golden("e-public");
	struct golden first = golden("record-0"), second = golden("record-1");

	(void)state;
	assert_int_equal(seal_open_new(&o, keys->psk, keys->aek, e.p, golden_span(&header), NULL),
			 0);
	/* in any order */
	aad_of(&aad, 1, ACCOUNT, 1);
	assert_int_equal(seal_open_record(o, &plain, 1, golden_span(&second), buf_span(&aad), NULL),
			 0);
	assert_int_equal(plain.n, 0);
	aad_of(&aad, 0, ACCOUNT, 0);
	assert_int_equal(seal_open_record(o, &plain, 0, golden_span(&first), buf_span(&aad), NULL),
			 0);
	assert_string_equal(buf_str(&plain), "first");
}

/* A batch of three records under a header that names E.pub. */
struct batch {
	struct seal *seal;
	struct buf header, records[3], aads[3];
};

static void
batch_clear(struct batch *b)
{
	seal_free(b->seal);
	buf_clear(&b->header);
	for (int i = 0; i < 3; i++) {
		buf_clear(&b->records[i]);
		buf_clear(&b->aads[i]);
	}
}
AUTO_OBJ(batch_clear, struct batch);

static void
batch_make(struct batch *b)
{
	*b = (struct batch){ .header = BUF_INIT(256) };
	assert_int_equal(seal_new(&b->seal, keys->psk, keys->aek_public, NULL), 0);
	assert_int_equal(buf_append_str(&b->header, "a header naming ", NULL), 0);
	assert_int_equal(
		buf_append(&b->header, span_of(seal_e_public(b->seal), CRYPTO_PUBLIC_BYTES), NULL),
		0);
	assert_int_equal(seal_start(b->seal, buf_span(&b->header), NULL), 0);
	for (unsigned i = 0; i < 3; i++) {
		b->records[i] = b->aads[i] = (struct buf)BUF_INIT(4096);
		assert_int_equal(seal_count(b->seal), i);
		aad_of(&b->aads[i], i, row((uint8_t)i).p, 0);
		assert_int_equal(seal_record(b->seal, &b->records[i],
					     span_of("three records of text", 21 - i),
					     buf_span(&b->aads[i]), NULL),
				 0);
		assert_int_equal(b->records[i].n, 21 - i + CRYPTO_TAG_BYTES);
	}
}

/* Open record @i with what is given; true if it opened to what was sealed. */
static bool
opens(struct seal_open *o, uint64_t i, struct span sealed, struct span aad)
{
	AUTO(buf_clear) struct buf plain = BUF_INIT(4096);
	struct err err = { 0 };

	assert_int_equal(buf_append_str(&plain, "kept", NULL), 0);
	if (seal_open_record(o, &plain, i, sealed, aad, &err) < 0) {
		assert_true(err.code == ERR_AUTH || err.code == ERR_FORMAT);
		assert_string_equal(buf_str(&plain), "kept");
		assert_int_equal(plain.n, 4);
		return false;
	}
	return plain.n == 4 + 21 - i && memcmp(plain.p, "keptthree records of text", plain.n) == 0;
}

static struct seal_open *
opener(const struct secret *psk, const struct secret *aek, const uint8_t *e, struct span header)
{
	struct seal_open *o = NULL;

	assert_int_equal(seal_open_new(&o, psk, aek, e, header, NULL), 0);
	return o;
}

static void
a_batch_opens_for_its_sealer_and_for_the_account(void **state)
{
	AUTO(batch_clear) struct batch b = { 0 };
	AUTO(seal_open_free) struct seal_open *own = NULL;

	(void)state;
	batch_make(&b);
	assert_int_equal(seal_open_own(&own, b.seal, buf_span(&b.header), NULL), 0);
	AUTO(seal_open_free)
	struct seal_open *account =
		opener(keys->psk, keys->aek, seal_e_public(b.seal), buf_span(&b.header));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(opens(own, i, buf_span(&b.records[i]), buf_span(&b.aads[i])));
		assert_true(opens(account, i, buf_span(&b.records[i]), buf_span(&b.aads[i])));
	}
}

static void
records_open_in_their_own_place_only(void **state)
{
	AUTO(batch_clear) struct batch b = { 0 }, other = { 0 };

	(void)state;
	batch_make(&b);
	batch_make(&other);
	AUTO(seal_open_free)
	struct seal_open *o =
		opener(keys->psk, keys->aek, seal_e_public(b.seal), buf_span(&b.header));
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned j = 0; j < 3; j++) {
			assert_false(
				opens(o, j, buf_span(&other.records[i]), buf_span(&b.aads[i])));
			if (i == j)
				continue;
			assert_false(opens(o, j, buf_span(&b.records[i]), buf_span(&b.aads[i])));
			assert_false(opens(o, j, buf_span(&b.records[i]), buf_span(&b.aads[j])));
			assert_false(opens(o, i, buf_span(&b.records[i]), buf_span(&b.aads[j])));
		}
	}
	assert_true(opens(o, 1, buf_span(&b.records[1]), buf_span(&b.aads[1])));
}

static void
every_flipped_bit_of_a_record_its_aad_and_the_header_is_refused(void **state)
{
	AUTO(batch_clear) struct batch b = { 0 };
	struct buf *parts[3];

	(void)state;
	batch_make(&b);
	parts[0] = &b.records[0];
	parts[1] = &b.aads[0];
	parts[2] = &b.header;
	for (size_t k = 0; k < 3; k++) {
		for (unsigned bit = 0; bit < 8 * parts[k]->n; bit++) {
			uint8_t *byte = &parts[k]->p[bit / 8];

			*byte ^= (uint8_t)(1u << bit % 8);
			AUTO(seal_open_free)
			struct seal_open *o = opener(keys->psk, keys->aek, seal_e_public(b.seal),
						     buf_span(&b.header));
			AUTO(seal_open_free) struct seal_open *own = NULL;
			assert_int_equal(seal_open_own(&own, b.seal, buf_span(&b.header), NULL), 0);
			assert_false(opens(o, 0, buf_span(&b.records[0]), buf_span(&b.aads[0])));
			assert_false(opens(own, 0, buf_span(&b.records[0]), buf_span(&b.aads[0])));
			*byte ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void
records_cut_short_are_refused(void **state)
{
	AUTO(batch_clear) struct batch b = { 0 };

	(void)state;
	batch_make(&b);
	AUTO(seal_open_free)
	struct seal_open *o =
		opener(keys->psk, keys->aek, seal_e_public(b.seal), buf_span(&b.header));
	for (size_t n = 0; n < b.records[0].n; n++)
		assert_false(opens(o, 0, span_of(b.records[0].p, n), buf_span(&b.aads[0])));
}

static void
other_keys_open_nothing(void **state)
{
	AUTO(batch_clear) struct batch b = { 0 };
	AUTO(secret_free) struct secret *other = secret_of_row(0x55);
	uint8_t e[CRYPTO_PUBLIC_BYTES];

	(void)state;
	batch_make(&b);
	memcpy(e, seal_e_public(b.seal), sizeof e);
	AUTO(seal_open_free)
	struct seal_open *psk = opener(other, keys->aek, e, buf_span(&b.header));
	AUTO(seal_open_free)
	struct seal_open *aek = opener(keys->psk, other, e, buf_span(&b.header));
	e[0] ^= 1;
	AUTO(seal_open_free)
	struct seal_open *pub = opener(keys->psk, keys->aek, e, buf_span(&b.header));
	assert_false(opens(psk, 0, buf_span(&b.records[0]), buf_span(&b.aads[0])));
	assert_false(opens(aek, 0, buf_span(&b.records[0]), buf_span(&b.aads[0])));
	assert_false(opens(pub, 0, buf_span(&b.records[0]), buf_span(&b.aads[0])));
}

static void
keys_of_small_order_are_refused(void **state)
{
	/* 0, 1 and a point of order 8 (RFC 7748, section 6.1; Curve25519's page) */
	static const uint8_t bad[3][CRYPTO_PUBLIC_BYTES] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
		  0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
		  0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
	};
	struct row account = row(0x60), device = row(0x40), cid = row(0x21);
	struct seal_chunk_place place = { account.p, device.p, 3, 2, cid.p };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(256);
		struct seal *s = NULL;
		struct seal_open *o = NULL;
		struct err err;

		assert_int_equal(seal_new(&s, keys->psk, bad[i], &err), -1);
		assert_int_equal(err.code, ERR_AUTH);
		assert_int_equal(
			seal_open_new(&o, keys->psk, keys->aek, bad[i], span_str("h"), &err), -1);
		assert_int_equal(err.code, ERR_AUTH);
		assert_int_equal(seal_chunk(&out, keys->psk, bad[i], &place, span_str("x"), NULL),
				 -1);
		assert_int_equal(out.n, 0);
		assert_null(s);
		assert_null(o);
	}
}

static void
a_full_buffer_uses_no_index(void **state)
{
	AUTO(seal_free) struct seal *s = NULL;
	AUTO(buf_clear) struct buf small = BUF_INIT(20), large = BUF_INIT(100);
	AUTO(seal_open_free) struct seal_open *own = NULL;
	AUTO(buf_clear) struct buf plain = BUF_INIT(100);
	struct span header = span_str("header"), none = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(seal_new(&s, keys->psk, keys->aek_public, NULL), 0);
	assert_int_equal(seal_start(s, header, NULL), 0);
	assert_int_equal(seal_record(s, &small, span_str("five!"), none, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(small.n, 0);
	assert_int_equal(seal_count(s), 0);
	assert_int_equal(seal_record(s, &large, span_str("five!"), none, NULL), 0);
	assert_int_equal(seal_count(s), 1);
	assert_int_equal(seal_open_own(&own, s, header, NULL), 0);
	assert_int_equal(seal_open_record(own, &plain, 0, buf_span(&large), none, NULL), 0);
	assert_string_equal(buf_str(&plain), "five!");
}

static void
seal_before_start(void)
{
	struct seal *s = NULL;
	struct buf out = BUF_INIT(100);

	(void)seal_new(&s, keys->psk, keys->aek_public, NULL);
	(void)seal_record(s, &out, span_str("x"), span_str("y"), NULL);
}

static void
start_twice(void)
{
	struct seal *s = NULL;

	(void)seal_new(&s, keys->psk, keys->aek_public, NULL);
	(void)seal_start(s, span_str("x"), NULL);
	(void)seal_start(s, span_str("x"), NULL);
}

static void
a_second_key_under_one_e_ends_the_program(void **state)
{
	(void)state;
	assert_true(aborts(seal_before_start));
	assert_true(aborts(start_twice));
}

static void
the_frozen_blobs_open(void **state)
{
	AUTO(buf_clear) struct buf plain = BUF_INIT(100);
	struct golden chunk = golden("chunk"), kept = golden("kept"), item = golden("item");
	struct row account = row(0x60), device = row(0x40), cid = row(0x21);
	struct seal_chunk_place at = { account.p, device.p, 3, 2, cid.p };
	struct seal_kept_place where = { account.p, device.p, span_str("restore-1"), item.p };

	(void)state;
	assert_int_equal(
		seal_open_chunk(&plain, keys->psk, keys->aek, &at, golden_span(&chunk), NULL), 0);
	assert_int_equal(
		seal_open_kept(&plain, keys->psk, keys->aek, &where, golden_span(&kept), NULL), 0);
	assert_string_equal(buf_str(&plain), "chunk dataoriginal");
}

static void
a_chunk_opens_in_its_place_only(void **state)
{
	AUTO(buf_clear) struct buf sealed = BUF_INIT(100), again = BUF_INIT(100);
	AUTO(buf_clear) struct buf plain = BUF_INIT(100);
	struct row account = row(0x60), device = row(0x40), cid = row(0x21), other = row(0x77);
	struct seal_chunk_place at = { account.p, device.p, 3, 2, cid.p };
	struct seal_chunk_place wrong[] = {
		{ other.p, device.p, 3, 2, cid.p },     { account.p, other.p, 3, 2, cid.p },
		{ account.p, device.p, 4, 2, cid.p },   { account.p, device.p, 3, 1, cid.p },
		{ account.p, device.p, 3, 2, other.p },
	};

	(void)state;
	assert_int_equal(
		seal_chunk(&sealed, keys->psk, keys->aek_public, &at, span_str("piece"), NULL), 0);
	assert_int_equal(sealed.n, 5 + SEAL_BLOB_OVERHEAD_BYTES);
	assert_int_equal(
		seal_chunk(&again, keys->psk, keys->aek_public, &at, span_str("piece"), NULL), 0);
	assert_memory_not_equal(sealed.p, again.p, CRYPTO_PUBLIC_BYTES); /* a fresh E */
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++)
		assert_int_equal(seal_open_chunk(&plain, keys->psk, keys->aek, &wrong[i],
						 buf_span(&sealed), NULL),
				 -1);
	for (unsigned bit = 0; bit < 8 * sealed.n; bit++) {
		sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* X25519 ignores E.pub's top bit (RFC 7748); the key, derived from E.pub, does not */
		assert_int_equal(
			seal_open_chunk(&plain, keys->psk, keys->aek, &at, buf_span(&sealed), NULL),
			-1);
		sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_equal(seal_open_chunk(&plain, keys->psk, keys->aek, &at,
						 span_of(sealed.p, n), NULL),
				 -1);
	assert_int_equal(plain.n, 0);
	assert_int_equal(
		seal_open_chunk(&plain, keys->psk, keys->aek, &at, buf_span(&sealed), NULL), 0);
	assert_string_equal(buf_str(&plain), "piece");
}

static void
a_kept_original_opens_in_its_place_only(void **state)
{
	AUTO(buf_clear) struct buf sealed = BUF_INIT(100), plain = BUF_INIT(100);
	struct row account = row(0x60), device = row(0x40), item = row(0x21), other = row(0x77);
	struct seal_kept_place at = { account.p, device.p, span_str("r1"), item.p };
	struct seal_kept_place wrong[] = {
		{ other.p, device.p, span_str("r1"), item.p },
		{ account.p, other.p, span_str("r1"), item.p },
		{ account.p, device.p, span_str("r2"), item.p },
		{ account.p, device.p, span_str("r1"), other.p },
	};

	(void)state;
	assert_int_equal(
		seal_kept(&sealed, keys->psk, keys->aek_public, &at, span_str("card"), NULL), 0);
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++)
		assert_int_equal(seal_open_kept(&plain, keys->psk, keys->aek, &wrong[i],
						buf_span(&sealed), NULL),
				 -1);
	for (unsigned bit = 0; bit < 8 * sealed.n; bit++) {
		sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(
			seal_open_kept(&plain, keys->psk, keys->aek, &at, buf_span(&sealed), NULL),
			-1);
		sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(plain.n, 0);
	assert_int_equal(seal_open_kept(&plain, keys->psk, keys->aek, &at, buf_span(&sealed), NULL),
			 0);
	assert_string_equal(buf_str(&plain), "card");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frozen_records_open),
		cmocka_unit_test(a_batch_opens_for_its_sealer_and_for_the_account),
		cmocka_unit_test(records_open_in_their_own_place_only),
		cmocka_unit_test(every_flipped_bit_of_a_record_its_aad_and_the_header_is_refused),
		cmocka_unit_test(records_cut_short_are_refused),
		cmocka_unit_test(other_keys_open_nothing),
		cmocka_unit_test(keys_of_small_order_are_refused),
		cmocka_unit_test(a_full_buffer_uses_no_index),
		cmocka_unit_test(a_second_key_under_one_e_ends_the_program),
		cmocka_unit_test(the_frozen_blobs_open),
		cmocka_unit_test(a_chunk_opens_in_its_place_only),
		cmocka_unit_test(a_kept_original_opens_in_its_place_only),
	};

	return crypto_init(NULL) < 0 ||
	       cmocka_run_group_tests(tests, keys_setup, keys_teardown) != 0;
}
