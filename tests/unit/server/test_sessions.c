/* SPDX-License-Identifier: Apache-2.0 */
/* sessions: challenges, tokens and wrong tries, on a clock that the test moves. */
#include "accounts/sessions.h"
#include "os/os.h"
#include "unit.h"

static int64_t now_ms;

static int64_t
moved_uptime_ms(void)
{
	return now_ms;
}

static int
set_up(void **state)
{
	static struct os moved;
	struct sessions *s;
	struct err err;

	moved = os_kernel;
	moved.uptime_ms = moved_uptime_ms;
	os = &moved;
	now_ms = 1000000;
	assert_int_equal(crypto_init(&err), 0);
	assert_int_equal(sessions_new(&s, &err), 0);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	os = &os_kernel;
	sessions_free(*state);
	return 0;
}

static const struct session device = {
	.account = { { 1 } }, .kind = LOGIN_DEVICE, .scope = LOGIN_PUT, .device = { { 2 } }
};

static void
a_challenge_is_for_whom_it_was_given_to_and_for_one_signature(void **state)
{
	const uint8_t one[CRYPTO_SIGNATURE_BYTES] = { 1 }, another[CRYPTO_SIGNATURE_BYTES] = { 2 };
	struct session others[3] = { device, device, device };
	uint8_t c[WIRE_CHALLENGE_BYTES];

	others[0].account.b[5] ^= 1;
	others[1].device.b[5] ^= 1;
	others[2].kind = LOGIN_PASSPHRASE;
	sessions_challenge(*state, &device, c);
	for (size_t i = 0; i < N_ELEMENTS(others); i++)
		assert_false(sessions_challenge_fits(*state, &others[i], c));
	assert_true(sessions_challenge_fits(*state, &device, c));
	assert_true(sessions_challenge_use(*state, c, one));
	assert_true(sessions_challenge_use(*state, c, one)); /* its answer was lost */
	assert_false(sessions_challenge_use(*state, c, another));
	assert_true(sessions_challenge_use(*state, c, one));
}

static void
a_changed_or_old_challenge_does_not_fit(void **state)
{
	uint8_t c[WIRE_CHALLENGE_BYTES];

	sessions_challenge(*state, &device, c);
	for (size_t i = 0; i < sizeof c; i++) {
		c[i] ^= 0x10;
		assert_false(sessions_challenge_fits(*state, &device, c));
		c[i] ^= 0x10;
	}
	now_ms += LOGIN_VALID_S * 1000 + 1;
	assert_false(sessions_challenge_fits(*state, &device, c));
}

static void
a_token_lets_in_for_ten_minutes(void **state)
{
	struct wire_token t;
	struct session who;
	struct err err;

	assert_int_equal(sessions_grant(*state, &device, 0, &t, &err), 0);
	assert_true(sessions_find(*state, t.token, &who));
	assert_true(id16_equal(&who.device, &device.device));
	assert_int_equal(who.scope, LOGIN_PUT);
	t.token[31] ^= 1;
	assert_false(sessions_find(*state, t.token, &who));
	t.token[31] ^= 1;
	now_ms += TOKEN_VALID_MS;
	assert_false(sessions_find(*state, t.token, &who));
}

static void
reading_tokens_end_with_the_credential_but_the_one_that_changed_it(void **state)
{
	struct session person = { .account = device.account,
				  .kind = LOGIN_PASSPHRASE,
				  .scope = LOGIN_GET };
	struct session code = person, other = person;
	struct wire_token changing, stolen, by_code, puts, others;
	struct session who;
	struct err err;

	code.kind = LOGIN_RECOVERY;
	other.account.b[3] ^= 1;
	assert_int_equal(sessions_grant(*state, &person, 0, &stolen, &err), 0);
	assert_int_equal(sessions_grant(*state, &person, 0, &changing, &err), 0);
	assert_int_equal(sessions_grant(*state, &code, 0, &by_code, &err), 0);
	assert_int_equal(sessions_grant(*state, &device, 0, &puts, &err), 0);
	assert_int_equal(sessions_grant(*state, &other, 0, &others, &err), 0);
	sessions_end_reading(*state, &person.account, changing.token);
	assert_false(sessions_find(*state, stolen.token, &who));
	assert_false(sessions_find(*state, by_code.token, &who));
	assert_true(sessions_find(*state, changing.token, &who));
	assert_true(sessions_find(*state, puts.token, &who));
	assert_true(sessions_find(*state, others.token, &who));
}

static void
a_login_judged_by_the_old_credential_gets_no_token_after_the_change(void **state)
{
	struct session person = { .account = device.account,
				  .kind = LOGIN_PASSPHRASE,
				  .scope = LOGIN_GET };
	uint64_t before = sessions_moment(*state, &person.account);
	struct wire_token changing, late;
	struct err err;

	assert_int_equal(sessions_grant(*state, &person, before, &changing, &err), 0);
	sessions_end_reading(*state, &person.account, changing.token);
	assert_int_equal(sessions_grant(*state, &person, before, &late, &err), SESSIONS_MOVED);
	assert_int_equal(sessions_grant(*state, &device, before, &late, &err), 0);
	assert_int_equal(sessions_grant(*state, &person, sessions_moment(*state, &person.account),
					&late, &err),
			 0);
}

static void
an_owner_has_so_many_tokens_and_the_oldest_make_room(void **state)
{
	struct wire_token t[TOKENS_PER_OWNER + 3];
	struct session who, other = device;
	struct wire_token of_other;
	struct err err;

	other.device.b[0] = 9;
	assert_int_equal(sessions_grant(*state, &other, 0, &of_other, &err), 0);
	for (size_t i = 0; i < N_ELEMENTS(t); i++)
		assert_int_equal(sessions_grant(*state, &device, 0, &t[i], &err), 0);
	for (size_t i = 0; i < N_ELEMENTS(t); i++)
		assert_int_equal(sessions_find(*state, t[i].token, &who), i >= 3);
	assert_true(sessions_find(*state, of_other.token, &who));
}

static void
wrong_tries_count_by_account_and_by_address_and_are_forgotten(void **state)
{
	const struct hash32 here = { { 1 } }, there = { { 2 } };
	struct id16 account = { { 1 } };

	for (unsigned i = 0; i < TRIES_PER_ACCOUNT_MAX; i++)
		assert_false(sessions_wrong_try(*state, &account, &here));
	assert_true(sessions_wrong_try(*state, &account, &there));
	now_ms += TRIES_WINDOW_MS + 1;
	assert_false(sessions_wrong_try(*state, &account, &there));
	for (unsigned i = 0; i < TRIES_PER_PEER_MAX; i++) {
		account.b[1] = (uint8_t)(i + 1); /* an account of its own each */
		sessions_wrong_try(*state, &account, &here);
	}
	assert_true(sessions_wrong_try(*state, &account, &here));
}

int
main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		FRESH(a_challenge_is_for_whom_it_was_given_to_and_for_one_signature),
		FRESH(a_changed_or_old_challenge_does_not_fit),
		FRESH(a_token_lets_in_for_ten_minutes),
		FRESH(reading_tokens_end_with_the_credential_but_the_one_that_changed_it),
		FRESH(a_login_judged_by_the_old_credential_gets_no_token_after_the_change),
		FRESH(an_owner_has_so_many_tokens_and_the_oldest_make_room),
		FRESH(wrong_tries_count_by_account_and_by_address_and_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
