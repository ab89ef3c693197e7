/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include <sodium.h>

static struct sign_key *
key_of_row(uint8_t start)
{
	AUTO(secret_free) struct secret *seed = secret_of_row(start);
	struct sign_key *k = NULL;

	assert_int_equal(sign_key_new(&k, seed, NULL), 0);
	return k;
}

static void
a_signature_fits_its_key_and_message_only(void **state)
{
	AUTO(sign_key_free) struct sign_key *k = key_of_row(0x31), *other = key_of_row(0x32);
	uint8_t sig[CRYPTO_SIGNATURE_BYTES];
	struct ds log = DS(DS_LOG, DS_SPAN(span_str("entry")));
	struct err err = { 0 };

	(void)state;
	assert_golden("dsk-public", sign_key_public(k), CRYPTO_PUBLIC_BYTES);
	assert_int_equal(sign_message(sig, k, log, NULL), 0);
	assert_int_equal(sign_verify(sig, sign_key_public(k), log, NULL), 0);
	assert_int_equal(sign_verify(sig, sign_key_public(other), log, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
	assert_int_equal(
		sign_verify(sig, sign_key_public(k), DS(DS_LOG, DS_SPAN(span_str("entrY"))), NULL),
		-1);
}

static void
every_flipped_bit_is_refused(void **state)
{
	AUTO(sign_key_free) struct sign_key *k = key_of_row(0x31);
	uint8_t sig[CRYPTO_SIGNATURE_BYTES], public_key[CRYPTO_PUBLIC_BYTES];
	struct ds log = DS(DS_LOG, DS_SPAN(span_str("entry")));

	(void)state;
	memcpy(public_key, sign_key_public(k), sizeof public_key);
	assert_int_equal(sign_message(sig, k, log, NULL), 0);
	for (unsigned bit = 0; bit < 8 * sizeof sig; bit++) {
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(sign_verify(sig, public_key, log, NULL), -1);
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (unsigned bit = 0; bit < 8 * sizeof public_key; bit++) {
		public_key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(sign_verify(sig, public_key, log, NULL), -1);
		public_key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(sign_verify(sig, public_key, log, NULL), 0);
}

static void
a_key_of_small_order_verifies_nothing(void **state)
{
	/* The neutral element as key and R, S = 0: verifies every message where nobody looks. */
	uint8_t public_key[CRYPTO_PUBLIC_BYTES] = { 1 }, sig[CRYPTO_SIGNATURE_BYTES] = { 1 };

	(void)state;
	assert_int_equal(sign_verify(sig, public_key, DS(DS_LOG, DS_SPAN(span_str("x"))), NULL),
			 -1);
}

static void
sign_under_a_key_label(void)
{
	AUTO(sign_key_free) struct sign_key *k = key_of_row(0x31);
	uint8_t sig[CRYPTO_SIGNATURE_BYTES];

	(void)sign_message(sig, k, DS(DS_CHECK, DS_NONE), NULL);
}

static void
only_signature_labels_can_be_signed(void **state)
{
	(void)state;
	assert_true(aborts(sign_under_a_key_label));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_fits_its_key_and_message_only),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(a_key_of_small_order_verifies_nothing),
		cmocka_unit_test(only_signature_labels_can_be_signed),
	};

	return cmocka_run_group_tests(tests, crypto_start, NULL);
}
