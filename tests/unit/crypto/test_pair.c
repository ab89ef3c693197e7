/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include <sodium.h>
#include <stdlib.h>

#include "crypto/pair.h"
#include "crypto/wrap.h"

/* The pairing of keys-1.py. */
struct example {
	struct secret *secret, *r_private, *s_private;
	struct sign_key *dsk;
	uint8_t id[CRYPTO_ID_BYTES];
	uint8_t r[PAIR_PART_BYTES], s[PAIR_PART_BYTES], commit[PAIR_PART_BYTES];
};

static void
example_make(struct example *e)
{
	AUTO(secret_free) struct secret *seed = secret_of_row(0x31);

	e->secret = secret_of_row(0x50);
	e->r_private = secret_of_row(0x12);
	e->s_private = secret_of_row(0x13);
	memcpy(e->id, row(0x90).p, sizeof e->id);
	assert_int_equal(sign_key_new(&e->dsk, seed, NULL), 0);
	assert_int_equal(keys_seal_public(e->r, e->r_private, NULL), 0);
	assert_int_equal(keys_seal_public(e->s, e->s_private, NULL), 0);
	pair_commit(e->commit, e->r, sign_key_public(e->dsk));
}

static void
example_clear(struct example *e)
{
	secret_free(e->secret);
	secret_free(e->r_private);
	secret_free(e->s_private);
	sign_key_free(e->dsk);
}
AUTO_OBJ(example_clear, struct example);

static void
assert_key(const char *name, const struct example *e, enum pair_role role,
	   const struct pair_transcript *t)
{
	AUTO(secret_free) struct secret *key = NULL;

	assert_int_equal(pair_key(&key, e->secret, role, t, NULL), 0);
	assert_golden(name, secret_bytes(key), SECRET_BYTES);
}

static void
a_pairing_gives_the_frozen_keys_and_digits(void **state)
{
	AUTO(example_clear) struct example e = { 0 };
	struct pair_transcript t, other;
	char digits[PAIR_DIGITS_BYTES];

	(void)state;
	example_make(&e);
	assert_golden("pair-commit", e.commit, sizeof e.commit);
	pair_transcript_init(&t, e.id);
	assert_key("pair-key-1", &e, PAIR_JOINER, &t);
	pair_transcript_add(&t, e.commit);
	assert_key("pair-key-2", &e, PAIR_HOST, &t);
	pair_transcript_add(&t, e.s);
	assert_key("pair-key-3", &e, PAIR_JOINER, &t);
	pair_transcript_add(&t, e.r);
	pair_transcript_add(&t, sign_key_public(e.dsk));
	pair_digits(digits, e.secret, &t);
	assert_golden("pair-digits", digits, strlen(digits));
	other = t;
	assert_int_equal(pair_share_add(&t, e.r_private, e.s, NULL), 0);
	assert_int_equal(pair_share_add(&other, e.s_private, e.r, NULL), 0);
	assert_golden("pair-transcript", t.bytes, t.n);
	assert_golden("pair-transcript", other.bytes, other.n);
	assert_key("pair-key-joiner", &e, PAIR_JOINER, &t);
	assert_key("pair-key-host", &e, PAIR_HOST, &t);
}

static void
the_frozen_message_opens_for_its_role_number_and_pairing_alone(void **state)
{
	struct golden sealed = golden("pair-message"), key_bytes = golden("pair-key-host");
	AUTO(secret_free) struct secret *key = NULL;
	uint8_t id[CRYPTO_ID_BYTES];
	char plain[9];

	(void)state;
	memcpy(id, row(0x90).p, sizeof id);
	assert_int_equal(secret_from_bytes(&key, key_bytes.p, NULL), 0);
	assert_int_equal(wrap_box_open(plain, sizeof plain, key, id,
				       DS(DS_PAIR_MESSAGE, DS_NUM(2), DS_NUM(3)),
				       golden_span(&sealed), NULL),
			 0);
	assert_memory_equal(plain, "a message", sizeof plain);
	for (unsigned role = 1; role <= 2; role++)
		for (unsigned n = 2; n <= 4; n++)
			if (role != 2 || n != 3)
				assert_int_equal(
					wrap_box_open(plain, sizeof plain, key, id,
						      DS(DS_PAIR_MESSAGE, DS_NUM(role), DS_NUM(n)),
						      golden_span(&sealed), NULL),
					-1);
	id[0] ^= 1;
	assert_int_equal(wrap_box_open(plain, sizeof plain, key, id,
				       DS(DS_PAIR_MESSAGE, DS_NUM(2), DS_NUM(3)),
				       golden_span(&sealed), NULL),
			 -1);
}

static void
a_key_of_small_order_is_refused(void **state)
{
	static const uint8_t points[][PAIR_PART_BYTES] = { { 0 }, { 1 } };
	struct pair_transcript t;
	AUTO(secret_free) struct secret *private_half = NULL;
	uint8_t public_half[PAIR_PART_BYTES];
	struct err err;

	(void)state;
	pair_transcript_init(&t, row(0).p);
	assert_int_equal(pair_share_new(&private_half, public_half, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		size_t n = t.n;

		assert_int_equal(pair_share_add(&t, private_half, points[i], &err), -1);
		assert_int_equal(err.code, ERR_AUTH);
		assert_int_equal(t.n, n);
	}
}

static void
digits_are_spread_evenly(void **state)
{
	enum { N = 100000, BINS = 10 };
	unsigned count[PAIR_DIGITS_BYTES - 1][BINS] = { { 0 } };
	AUTO(secret_free) struct secret *secret = secret_of_row(0x50);
	struct pair_transcript t;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		char digits[PAIR_DIGITS_BYTES];
		uint8_t id[CRYPTO_ID_BYTES] = { 0 };

		put_u32(id, i);
		pair_transcript_init(&t, id);
		pair_digits(digits, secret, &t);
		assert_int_equal(strspn(digits, "0123456789"), PAIR_DIGITS_BYTES - 1);
		for (size_t d = 0; d < PAIR_DIGITS_BYTES - 1; d++)
			count[d][digits[d] - '0']++;
	}
	for (size_t d = 0; d < PAIR_DIGITS_BYTES - 1; d++) {
		double chi = 0, want = (double)N / BINS;

		for (size_t i = 0; i < BINS; i++)
			chi += (count[d][i] - want) * (count[d][i] - want) / want;
		/* Nine degrees of freedom: beyond 40 once in 100,000 good ones.  The input is the
		 * same each time. */
		assert_true(chi < 40);
	}
}

static void
every_bit_of_the_transcript_changes_keys_and_digits(void **state)
{
	AUTO(example_clear) struct example e = { 0 };
	AUTO(secret_free) struct secret *key = NULL;
	struct pair_transcript t;
	char digits[PAIR_DIGITS_BYTES];
	unsigned same = 0;

	(void)state;
	example_make(&e);
	pair_transcript_init(&t, e.id);
	pair_transcript_add(&t, e.commit);
	pair_transcript_add(&t, e.s);
	pair_transcript_add(&t, e.r);
	pair_transcript_add(&t, sign_key_public(e.dsk));
	pair_digits(digits, e.secret, &t);
	assert_int_equal(pair_key(&key, e.secret, PAIR_HOST, &t, NULL), 0);
	for (size_t bit = 0; bit < 8 * t.n; bit++) {
		AUTO(secret_free) struct secret *other = NULL;
		char others[PAIR_DIGITS_BYTES];

		t.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		pair_digits(others, e.secret, &t);
		same += strcmp(digits, others) == 0;
		assert_int_equal(pair_key(&other, e.secret, PAIR_HOST, &t, NULL), 0);
		assert_false(secret_equal(key, other));
		t.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(same, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pairing_gives_the_frozen_keys_and_digits),
		cmocka_unit_test(the_frozen_message_opens_for_its_role_number_and_pairing_alone),
		cmocka_unit_test(a_key_of_small_order_is_refused),
		cmocka_unit_test(digits_are_spread_evenly),
		cmocka_unit_test(every_bit_of_the_transcript_changes_keys_and_digits),
	};

	if (crypto_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
