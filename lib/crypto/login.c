/* SPDX-License-Identifier: Apache-2.0 */
/* login: see login.h. */
#include "crypto/login.h"

#include <assert.h>

/* DS() lives in the block that calls it, so these are macros. */
#define AUTH_MESSAGE(a)                                                                            \
	DS(DS_AUTH, DS_NUM(CRYPTO_SUITE), DS_ID((a)->account),                                     \
	   (a)->kind == LOGIN_DEVICE ? DS_ID((a)->device) : DS_NUM((a)->kind), DS_NUM((a)->scope), \
	   DS_HASH32((a)->spki_hash), DS_BYTES((a)->challenge, LOGIN_CHALLENGE_BYTES),             \
	   DS_NUM((a)->expires_unix_s))

#define REQUEST_MESSAGE(r, body_hash)                                                              \
	DS((r)->kind == LOGIN_HAVE ? DS_HAVE : DS_BEAT, DS_NUM(CRYPTO_SUITE), DS_ID((r)->account), \
	   DS_ID((r)->device), DS_HASH32((r)->spki_hash), DS_NUM((r)->client_unix_ms),             \
	   DS_HASH32(body_hash))

int
login_sign(uint8_t signature[static CRYPTO_SIGNATURE_BYTES], const struct sign_key *k,
	   const struct login_auth *a, struct err *err)
{
	return sign_message(signature, k, AUTH_MESSAGE(a), err);
}

int
login_verify(const uint8_t signature[static CRYPTO_SIGNATURE_BYTES],
	     const uint8_t public_key[static CRYPTO_PUBLIC_BYTES], const struct login_auth *a,
	     struct err *err)
{
	return sign_verify(signature, public_key, AUTH_MESSAGE(a), err);
}

int
login_request_sign(uint8_t signature[static CRYPTO_SIGNATURE_BYTES], const struct sign_key *k,
		   const struct login_request *r, struct span body, struct err *err)
{
	uint8_t body_hash[CRYPTO_HASH_BYTES];

	ds_hash(body_hash, DS(DS_BODY, DS_SPAN(body)));
	return sign_message(signature, k, REQUEST_MESSAGE(r, body_hash), err);
}

int
login_request_verify(const uint8_t signature[static CRYPTO_SIGNATURE_BYTES],
		     const uint8_t public_key[static CRYPTO_PUBLIC_BYTES],
		     const struct login_request *r, struct span body, struct err *err)
{
	uint8_t body_hash[CRYPTO_HASH_BYTES];

	ds_hash(body_hash, DS(DS_BODY, DS_SPAN(body)));
	return sign_verify(signature, public_key, REQUEST_MESSAGE(r, body_hash), err);
}
