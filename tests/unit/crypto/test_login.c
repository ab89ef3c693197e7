/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include "crypto/login.h"

static struct sign_key *dsk;

static int
dsk_setup(void **state)
{
	AUTO(secret_free) struct secret *seed = secret_of_row(0x31);

	(void)state;
	return sign_key_new(&dsk, seed, NULL);
}

static int
dsk_teardown(void **state)
{
	(void)state;
	sign_key_free(dsk);
	return 0;
}

static struct login_auth
auth_of(enum login_kind kind, enum login_scope scope)
{
	struct login_auth a = { .kind = kind, .scope = scope, .expires_unix_s = 1700000060 };

	memcpy(a.account, ACCOUNT, sizeof a.account);
	memcpy(a.device, DEVICE, sizeof a.device);
	memcpy(a.spki_hash, row(1).p, sizeof a.spki_hash);
	memcpy(a.challenge, row(2).p, sizeof a.challenge);
	return a;
}

static struct login_request
request_of(enum login_request_kind kind)
{
	struct login_request r = { .kind = kind, .client_unix_ms = 1700000000123 };

	memcpy(r.account, ACCOUNT, sizeof r.account);
	memcpy(r.device, DEVICE, sizeof r.device);
	memcpy(r.spki_hash, row(1).p, sizeof r.spki_hash);
	return r;
}

static void
the_signatures_are_the_frozen_ones(void **state)
{
	struct login_auth device = auth_of(LOGIN_DEVICE, LOGIN_PUT);
	struct login_auth passphrase = auth_of(LOGIN_PASSPHRASE, LOGIN_GET);
	struct login_request have = request_of(LOGIN_HAVE), beat = request_of(LOGIN_BEAT);
	uint8_t sig[CRYPTO_SIGNATURE_BYTES];

	(void)state;
	assert_int_equal(login_sign(sig, dsk, &device, NULL), 0);
	assert_golden("auth-device", sig, sizeof sig);
	assert_int_equal(login_sign(sig, dsk, &passphrase, NULL), 0);
	assert_golden("auth-passphrase", sig, sizeof sig);
	assert_int_equal(login_request_sign(sig, dsk, &have, span_str("ids"), NULL), 0);
	assert_golden("have", sig, sizeof sig);
	assert_int_equal(login_request_sign(sig, dsk, &beat, span_str("ids"), NULL), 0);
	assert_golden("beat", sig, sizeof sig);
}

static void
a_login_fits_what_was_signed_only(void **state)
{
	struct login_auth right = auth_of(LOGIN_DEVICE, LOGIN_PUT);
	struct golden sig = golden("auth-device");
	const uint8_t *public_key = sign_key_public(dsk);

	(void)state;
	assert_int_equal(login_verify(sig.p, public_key, &right, NULL), 0);
	for (int part = 0; part < 7; part++) {
		struct login_auth a = right;
		struct err err = { 0 };

		a.account[0] ^= part == 0;
		a.device[0] ^= part == 1;
		a.scope = part == 2 ? LOGIN_GET : a.scope;
		a.spki_hash[0] ^= part == 3;
		a.challenge[0] ^= part == 4;
		a.expires_unix_s += part == 5;
		a.kind = part == 6 ? LOGIN_PASSPHRASE : a.kind;
		assert_int_equal(login_verify(sig.p, public_key, &a, &err), -1);
		assert_int_equal(err.code, ERR_AUTH);
	}
}

static void
a_passphrase_login_is_no_recovery_login(void **state)
{
	struct login_auth a = auth_of(LOGIN_RECOVERY, LOGIN_GET);
	struct golden sig = golden("auth-passphrase");

	(void)state;
	assert_int_equal(login_verify(sig.p, sign_key_public(dsk), &a, NULL), -1);
	a.kind = LOGIN_PASSPHRASE;
	a.device[0] ^= 1; /* not part of it */
	assert_int_equal(login_verify(sig.p, sign_key_public(dsk), &a, NULL), 0);
}

static void
a_request_fits_what_was_signed_only(void **state)
{
	struct login_request right = request_of(LOGIN_HAVE);
	struct golden sig = golden("have");
	const uint8_t *public_key = sign_key_public(dsk);
	struct span body = span_str("ids");

	(void)state;
	assert_int_equal(login_request_verify(sig.p, public_key, &right, body, NULL), 0);
	assert_int_equal(login_request_verify(sig.p, public_key, &right, span_str("idS"), NULL),
			 -1);
	assert_int_equal(login_request_verify(sig.p, public_key, &right, span_str(""), NULL), -1);
	for (int part = 0; part < 5; part++) {
		struct login_request r = right;

		r.account[0] ^= part == 0;
		r.device[0] ^= part == 1;
		r.spki_hash[0] ^= part == 2;
		r.client_unix_ms += part == 3;
		r.kind = part == 4 ? LOGIN_BEAT : r.kind;
		assert_int_equal(login_request_verify(sig.p, public_key, &r, body, NULL), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signatures_are_the_frozen_ones),
		cmocka_unit_test(a_login_fits_what_was_signed_only),
		cmocka_unit_test(a_passphrase_login_is_no_recovery_login),
		cmocka_unit_test(a_request_fits_what_was_signed_only),
	};

	return crypto_init(NULL) < 0 || cmocka_run_group_tests(tests, dsk_setup, dsk_teardown) != 0;
}
