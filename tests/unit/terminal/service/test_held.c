/* SPDX-License-Identifier: Apache-2.0 */
/* held: a session lasts ten minutes of the boot clock, whatever is done with it. */
#include "service/held.h"

#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "unit.h"

static struct account_session *
a_session(uint8_t fill)
{
	struct account_session *s = calloc(1, sizeof *s);
	uint8_t key[SECRET_BYTES];
	struct err err;

	assert_non_null(s);
	memset(key, fill, sizeof key);
	memset(s->account.b, fill, sizeof s->account.b);
	s->kind = LOGIN_PASSPHRASE;
	assert_int_equal(secret_from_bytes(&s->kek, key, &err), 0);
	assert_int_equal(secret_from_bytes(&s->login_seed, key, &err), 0);
	return s;
}

static void
nothing_is_held_at_first(void **state)
{
	struct held h = { 0 };

	(void)state;
	assert_null(held_get(&h, 0));
	assert_int_equal(held_left_ms(&h, 0), 0);
	assert_false(held_end(&h, 0));
}

static void
a_session_lasts_ten_minutes_and_no_millisecond_longer(void **state)
{
	struct held h = { 0 };
	const int64_t begin = 123456;

	(void)state;
	held_put(&h, a_session(1), begin);
	assert_int_equal(held_left_ms(&h, begin), 600000);
	assert_non_null(held_get(&h, begin + 599999));
	assert_null(held_get(&h, begin + 600000));
	assert_null(h.session); /* wiped, not only hidden */
	assert_null(held_get(&h, begin));
}

static void
using_a_session_does_not_lengthen_it(void **state)
{
	struct held h = { 0 };

	(void)state;
	held_put(&h, a_session(1), 0);
	for (int64_t now = 0; now < HELD_MS; now += 1000)
		assert_non_null(held_get(&h, now));
	assert_null(held_get(&h, HELD_MS));
}

static void
a_newer_session_takes_the_place_of_the_older_one_with_a_time_of_its_own(void **state)
{
	struct held h = { 0 };

	(void)state;
	held_put(&h, a_session(1), 0);
	held_put(&h, a_session(2), 500000);
	assert_int_equal(held_get(&h, 600000)->account.b[0], 2);
	assert_int_equal(held_left_ms(&h, 600000), 500000);
	assert_true(held_end(&h, 600000));
	assert_false(held_end(&h, 600000));
}

static void
ending_one_whose_time_is_over_ends_nothing(void **state)
{
	struct held h = { 0 };

	(void)state;
	held_put(&h, a_session(1), 0);
	assert_false(held_end(&h, HELD_MS));
}

static void
a_session_comes_back_from_its_bytes(void **state)
{
	AUTO(account_session_free) struct account_session *s = a_session(7);
	AUTO(account_session_free) struct account_session *again = NULL;
	uint8_t bytes[ACCOUNT_SESSION_BYTES];
	struct err err;

	(void)state;
	account_session_encode(bytes, s);
	assert_int_equal(account_session_decode(&again, SPAN_ARRAY(bytes), &err), 0);
	assert_true(id16_equal(&again->account, &s->account));
	assert_int_equal(again->kind, s->kind);
	assert_true(secret_equal(again->kek, s->kek));
	assert_true(secret_equal(again->login_seed, s->login_seed));
}

static void
bytes_that_are_no_session_are_refused(void **state)
{
	AUTO(account_session_free) struct account_session *s = a_session(7);
	struct account_session *none = NULL;
	uint8_t bytes[ACCOUNT_SESSION_BYTES + 1] = { 0 };
	struct err err;

	(void)state;
	account_session_encode(bytes, s);
	for (size_t n = 0; n <= sizeof bytes; n++)
		if (n != ACCOUNT_SESSION_BYTES)
			assert_int_equal(account_session_decode(&none, span_of(bytes, n), &err),
					 -1);
	for (unsigned kind = 0; kind < 256; kind++) {
		bytes[1] = (uint8_t)kind;
		int rc = account_session_decode(&none, span_of(bytes, ACCOUNT_SESSION_BYTES), &err);

		assert_int_equal(rc, kind == 1 || kind == 2 ? 0 : -1);
		account_session_free(TAKE(none));
	}
	bytes[0] = 2;
	assert_int_equal(account_session_decode(&none, span_of(bytes, ACCOUNT_SESSION_BYTES), &err),
			 -1);
	assert_null(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_held_at_first),
		cmocka_unit_test(a_session_lasts_ten_minutes_and_no_millisecond_longer),
		cmocka_unit_test(using_a_session_does_not_lengthen_it),
		cmocka_unit_test(
			a_newer_session_takes_the_place_of_the_older_one_with_a_time_of_its_own),
		cmocka_unit_test(ending_one_whose_time_is_over_ends_nothing),
		cmocka_unit_test(a_session_comes_back_from_its_bytes),
		cmocka_unit_test(bytes_that_are_no_session_are_refused),
	};
	struct err err;

	return crypto_init(&err) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
