/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include <sodium.h>

static void
every_label_has_a_text_of_its_own_in_the_alphabet(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DS_N_LABELS; i++) {
		const char *text = ds_label_text((enum ds_label)i);

		assert_non_null(text);
		assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz-"), strlen(text));
		assert_true(strlen(text) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(text, ds_label_text((enum ds_label)j));
	}
}

static void
encoding_is_prefix_label_nul_and_fields_with_lengths(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(256);

	(void)state;
	assert_int_equal(ds_encode(&b,
				   DS(DS_REC, DS_NUM(7), DS_ID(DEVICE), DS_ID(ACCOUNT), DS_NUM(1),
				      DS_BYTES(NULL, 0)),
				   NULL),
			 0);
	assert_golden("ds-rec", b.p, b.n);
}

static void
hashes_and_derivations_are_the_frozen_ones(void **state)
{
	uint8_t got[CRYPTO_HASH_BYTES];
	struct row left = row(0), right = row(32);

	(void)state;
	ds_hash(got, DS(DS_NODE, DS_HASH32(left.p), DS_HASH32(right.p)));
	assert_golden("hash-node", got, sizeof got);
	ds_hash(got, DS(DS_BODY, DS_BYTES(NULL, 0)));
	assert_golden("hash-empty", got, sizeof got);
	ds_kdf(got, span_of(left.p, 32), DS(DS_CONTENT, DS_SPAN(span_str("abc"))));
	assert_golden("kdf", got, sizeof got);
	ds_kdf(got, span_of(left.p, 16), DS(DS_RECOVERY, DS_NONE));
	assert_golden("kdf-16", got, sizeof got);
}

static void
a_hash_streams_what_the_encoding_would_be(void **state)
{
	enum { N = 3 << 20 };
	AUTO(buf_clear) struct buf whole = BUF_INIT(2 * N);
	AUTO(free) uint8_t *big = malloc(N);
	uint8_t length[4], got[CRYPTO_HASH_BYTES], want[CRYPTO_HASH_BYTES];

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < N; i++)
		big[i] = (uint8_t)(i * 31 >> 3);
	put_u32(length, N);
	assert_int_equal(buf_append(&whole, span_of("cloudbox1:object", 17), NULL), 0);
	assert_int_equal(buf_append(&whole, SPAN_ARRAY(length), NULL), 0);
	assert_int_equal(buf_append(&whole, span_of(big, N), NULL), 0);
	assert_int_equal(crypto_generichash(want, sizeof want, whole.p, whole.n, NULL, 0), 0);
	ds_hash(got, DS(DS_OBJECT, DS_BYTES(big, N)));
	assert_memory_equal(got, want, sizeof want);
}

static void
fields_cut_elsewhere_give_another_hash(void **state)
{
	uint8_t one[CRYPTO_HASH_BYTES], other[CRYPTO_HASH_BYTES];

	(void)state;
	ds_hash(one, DS(DS_NODE, DS_SPAN(span_str("ab")), DS_SPAN(span_str("c"))));
	ds_hash(other, DS(DS_NODE, DS_SPAN(span_str("a")), DS_SPAN(span_str("bc"))));
	assert_memory_not_equal(one, other, sizeof one);
	ds_hash(other, DS(DS_STATE_NODE, DS_SPAN(span_str("ab")), DS_SPAN(span_str("c"))));
	assert_memory_not_equal(one, other, sizeof one);
}

static void
an_encoding_too_long_leaves_the_buffer_as_it_was(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(40);
	struct err err;

	(void)state;
	assert_int_equal(buf_append_str(&b, "kept", NULL), 0);
	assert_int_equal(ds_encode(&b, DS(DS_LOG, DS_BYTES(DEVICE, 30)), &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_string_equal(buf_str(&b), "kept");
	assert_int_equal(b.n, 4);
}

static void
one_field_too_few(void)
{
	uint8_t out[CRYPTO_HASH_BYTES];

	ds_hash(out, DS(DS_NODE, DS_HASH32(row(0).p)));
}

static void
fields_where_none_belong(void)
{
	uint8_t out[CRYPTO_HASH_BYTES];

	ds_kdf(out, span_of(row(0).p, 32), DS(DS_CHECK, DS_NUM(1)));
}

static void
a_hash_label_as_key(void)
{
	uint8_t out[CRYPTO_HASH_BYTES];

	ds_kdf(out, span_of(row(0).p, 32), DS(DS_NODE, DS_HASH32(row(0).p), DS_HASH32(row(0).p)));
}

static void
a_key_label_as_hash(void)
{
	uint8_t out[CRYPTO_HASH_BYTES];

	ds_hash(out, DS(DS_CHECK, DS_NONE));
}

static void
wrong_counts_and_wrong_uses_end_the_program(void **state)
{
	(void)state;
	assert_true(aborts(one_field_too_few));
	assert_true(aborts(fields_where_none_belong));
	assert_true(aborts(a_hash_label_as_key));
	assert_true(aborts(a_key_label_as_hash));
}

static void
an_unknown_suite_is_refused_by_name(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(crypto_suite_check(1, "batch", &err), 0);
	assert_int_equal(crypto_suite_check(2, "batch", &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_string_equal(err.msg, "batch: suite 2 is unknown to this version");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_label_has_a_text_of_its_own_in_the_alphabet),
		cmocka_unit_test(encoding_is_prefix_label_nul_and_fields_with_lengths),
		cmocka_unit_test(hashes_and_derivations_are_the_frozen_ones),
		cmocka_unit_test(a_hash_streams_what_the_encoding_would_be),
		cmocka_unit_test(fields_cut_elsewhere_give_another_hash),
		cmocka_unit_test(an_encoding_too_long_leaves_the_buffer_as_it_was),
		cmocka_unit_test(wrong_counts_and_wrong_uses_end_the_program),
		cmocka_unit_test(an_unknown_suite_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, crypto_start, NULL);
}
