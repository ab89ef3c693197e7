/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include "crypto/wrap.h"

/* The KEK whose frozen bytes are @name. */
static struct secret *
kek_named(const char *name)
{
	struct golden g = golden(name);
	struct secret *s = NULL;

	assert_int_equal(secret_from_bytes(&s, g.p, NULL), 0);
	return s;
}

static void
the_frozen_wraps_open_and_encode_to_themselves(void **state)
{
	static const struct {
		const char *wrap, *kek;
		enum wrap_kind kind;
	} cases[] = {
		{ "wrap-passphrase", "kek-passphrase", WRAP_PASSPHRASE },
		{ "wrap-recovery", "kek-recovery", WRAP_RECOVERY },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(secret_free) struct secret *kek = kek_named(cases[i].kek);
		AUTO(secret_free) struct secret *ars = NULL;
		struct golden bytes = golden(cases[i].wrap);
		uint8_t again[WRAP_BYTES];
		struct wrap w;

		assert_int_equal(bytes.n, WRAP_BYTES);
		assert_int_equal(wrap_decode(&w, golden_span(&bytes), NULL), 0);
		assert_int_equal(w.kind, cases[i].kind);
		assert_int_equal(w.epoch, 2);
		assert_int_equal(w.log_length, 9);
		wrap_encode(again, &w);
		assert_memory_equal(again, bytes.p, WRAP_BYTES);
		assert_int_equal(wrap_open(&ars, &w, kek, ACCOUNT, NULL), 0);
		assert_memory_equal(secret_bytes(ars), row(0).p, SECRET_BYTES);
	}
}

static void
a_new_wrap_opens_with_its_key_and_account_only(void **state)
{
	AUTO(secret_free) struct secret *kek = secret_of_row(1), *other = secret_of_row(2);
	AUTO(secret_free) struct secret *ars = secret_of_row(3);
	AUTO(secret_free) struct secret *back = NULL, *none = NULL;
	struct wrap w = {
		.kind = WRAP_PASSPHRASE, .cost = { 65536, 3 }, .epoch = 4, .log_length = 5
	};
	struct wrap second = w;
	struct err err;

	(void)state;
	assert_int_equal(wrap_make(&w, kek, ACCOUNT, ars, NULL), 0);
	assert_int_equal(wrap_make(&second, kek, ACCOUNT, ars, NULL), 0);
	assert_memory_not_equal(w.w, second.w, sizeof w.w);
	assert_memory_not_equal(w.sealed, second.sealed, sizeof w.sealed);
	assert_int_equal(wrap_open(&back, &w, kek, ACCOUNT, NULL), 0);
	assert_true(secret_equal(back, ars));
	assert_int_equal(wrap_open(&none, &w, other, ACCOUNT, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	assert_int_equal(wrap_open(&none, &w, kek, DEVICE, &err), -1);
	assert_int_equal(err.code, ERR_LOCKED);
	assert_null(none);
}

static void
every_flipped_bit_of_a_wrap_is_refused(void **state)
{
	AUTO(secret_free) struct secret *kek = kek_named("kek-passphrase");
	struct golden bytes = golden("wrap-passphrase");
	unsigned at_decode = 0, at_commit = 0, at_tag = 0;

	(void)state;
	for (unsigned bit = 0; bit < 8 * WRAP_BYTES; bit++) {
		struct secret *ars = NULL;
		struct wrap w;
		struct err err = { 0 };

		bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (wrap_decode(&w, golden_span(&bytes), &err) < 0) {
			at_decode++;
		} else {
			assert_int_equal(wrap_open(&ars, &w, kek, ACCOUNT, &err), -1);
			at_commit += err.code == ERR_LOCKED;
			at_tag += err.code == ERR_AUTH;
		}
		assert_null(ars);
		bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* suite and kind; kind 1 to 3 and so on are all unknown; then up to `commit`; the rest */
	assert_int_equal(at_decode, 16);
	assert_int_equal(at_commit, 8 * (106 - 2));
	assert_int_equal(at_tag, 8 * 48);
}

static void
wraps_of_other_shapes_are_refused(void **state)
{
	struct golden bytes = golden("wrap-recovery");
	struct wrap w;
	struct err err;

	(void)state;
	for (size_t n = 0; n < WRAP_BYTES; n++)
		assert_int_equal(wrap_decode(&w, span_of(bytes.p, n), NULL), -1);
	assert_int_equal(wrap_decode(&w, span_of(bytes.p, WRAP_BYTES + 1), &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	bytes.p[6] = 1; /* passes */
	assert_int_equal(wrap_decode(&w, golden_span(&bytes), &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	bytes.p[6] = 0;
	bytes.p[0] = 2;
	assert_int_equal(wrap_decode(&w, golden_span(&bytes), &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void
the_frozen_boxes_open(void **state)
{
	AUTO(secret_free) struct secret *psk = kek_named("psk"), *ars = secret_of_row(0);
	struct golden name = golden("box-name"), old = golden("box-old-ars");
	char text[15];
	uint8_t bytes[32];

	(void)state;
	assert_int_equal(wrap_box_open(text, sizeof text, psk, ACCOUNT,
				       DS(DS_NAME, DS_ID(DEVICE), DS_NUM(2)), golden_span(&name),
				       NULL),
			 0);
	assert_memory_equal(text, "小明的手机", sizeof text);
	assert_int_equal(wrap_box_open(bytes, sizeof bytes, ars, ACCOUNT, DS(DS_OLD_ARS, DS_NUM(1)),
				       golden_span(&old), NULL),
			 0);
	assert_memory_equal(bytes, row(0x70).p, sizeof bytes);
}

static void
a_box_opens_in_its_place_only(void **state)
{
	AUTO(secret_free) struct secret *k = secret_of_row(1), *other = secret_of_row(2);
	AUTO(buf_clear) struct buf box = BUF_INIT(256);
	uint8_t out[64], zeros[64] = { 0 };
	struct ds what = DS(DS_NEXT_PSK, DS_ID(DEVICE), DS_NUM(3));
	struct err err;

	(void)state;
	assert_int_equal(buf_append_str(&box, "before", NULL), 0);
	assert_int_equal(wrap_box_seal(&box, k, ACCOUNT, what, span_of(row(7).p, 64), NULL), 0);
	assert_int_equal(box.n, 6 + 64 + BOX_OVERHEAD_BYTES);
	struct span sealed = span_skip(buf_span(&box), 6);

	assert_int_equal(wrap_box_open(out, 64, k, ACCOUNT, what, sealed, NULL), 0);
	assert_memory_equal(out, row(7).p, 64);

	const struct {
		const struct secret *key;
		struct ds what;
	} wrong[] = {
		{ other, what },
		{ k, DS(DS_NEXT_PSK, DS_ID(DEVICE), DS_NUM(4)) },
		{ k, DS(DS_NEXT_PSK, DS_ID(ACCOUNT), DS_NUM(3)) },
		{ k, DS(DS_NAME, DS_ID(DEVICE), DS_NUM(3)) },
	};
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
		assert_int_equal(
			wrap_box_open(out, 64, wrong[i].key, ACCOUNT, wrong[i].what, sealed, &err),
			-1);
		assert_int_equal(err.code, ERR_AUTH);
		assert_memory_equal(out, zeros, 64);
	}
	assert_int_equal(wrap_box_open(out, 64, k, DEVICE, what, sealed, NULL), -1);
}

static void
every_flipped_bit_of_a_box_is_refused(void **state)
{
	AUTO(secret_free) struct secret *psk = kek_named("psk");
	struct golden name = golden("box-name");
	char text[15];

	(void)state;
	for (unsigned bit = 0; bit < 8 * name.n; bit++) {
		name.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(wrap_box_open(text, sizeof text, psk, ACCOUNT,
					       DS(DS_NAME, DS_ID(DEVICE), DS_NUM(2)),
					       golden_span(&name), NULL),
				 -1);
		name.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
a_box_of_another_length_is_refused(void **state)
{
	AUTO(secret_free) struct secret *psk = kek_named("psk");
	struct golden name = golden("box-name");
	struct ds what = DS(DS_NAME, DS_ID(DEVICE), DS_NUM(2));
	char text[64];
	struct err err;

	(void)state;
	for (size_t n = 0; n < name.n; n++) {
		size_t inside = n < BOX_OVERHEAD_BYTES ? 0 : n - BOX_OVERHEAD_BYTES;

		assert_int_equal(
			wrap_box_open(text, inside, psk, ACCOUNT, what, span_of(name.p, n), NULL),
			-1);
	}
	assert_int_equal(wrap_box_open(text, 14, psk, ACCOUNT, what, golden_span(&name), &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frozen_wraps_open_and_encode_to_themselves),
		cmocka_unit_test(a_new_wrap_opens_with_its_key_and_account_only),
		cmocka_unit_test(every_flipped_bit_of_a_wrap_is_refused),
		cmocka_unit_test(wraps_of_other_shapes_are_refused),
		cmocka_unit_test(the_frozen_boxes_open),
		cmocka_unit_test(a_box_opens_in_its_place_only),
		cmocka_unit_test(every_flipped_bit_of_a_box_is_refused),
		cmocka_unit_test(a_box_of_another_length_is_refused),
	};

	return cmocka_run_group_tests(tests, crypto_start, NULL);
}
