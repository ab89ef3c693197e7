/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login: what a terminal signs to be let in, and what the server verifies.
 *
 * Every login names the hash of the TLS key that the terminal saw, so a man in the middle gets a
 * signature that fits nobody's key but its own.
 */
#ifndef CRYPTO_LOGIN_H
#define CRYPTO_LOGIN_H

#include "crypto/sign.h"
#include "crypto/wrap.h"

enum login_scope {
	LOGIN_PUT = 1, /* a device: have, chunks, batches, its own heads */
	LOGIN_GET = 2, /* after passphrase or recovery code */
};

/* Who logs in: the wrap kinds, and a device. */
enum login_kind {
	LOGIN_PASSPHRASE = WRAP_PASSPHRASE,
	LOGIN_RECOVERY = WRAP_RECOVERY,
	LOGIN_DEVICE = 3,
};

#define LOGIN_CHALLENGE_BYTES 32
#define LOGIN_VALID_S         60 /* a challenge's life */

struct login_auth {
	uint8_t account[CRYPTO_ID_BYTES];
	enum login_kind kind;
	uint8_t device[CRYPTO_ID_BYTES]; /* with LOGIN_DEVICE */
	enum login_scope scope;
	uint8_t spki_hash[CRYPTO_HASH_BYTES]; /* SHA-256; zeros under --plain-http */
	uint8_t challenge[LOGIN_CHALLENGE_BYTES];
	uint64_t expires_unix_s;
};

/** DS("auth", suite, account, kind or device, scope, SPKI hash, challenge, expiry).  ERR_NOMEM. */
int login_sign(uint8_t signature[static CRYPTO_SIGNATURE_BYTES], const struct sign_key *k,
	       const struct login_auth *a, struct err *err);

/** ERR_AUTH.  Expiry, challenge and scope against the kind are the server's to judge. */
int login_verify(const uint8_t signature[static CRYPTO_SIGNATURE_BYTES],
		 const uint8_t public_key[static CRYPTO_PUBLIC_BYTES], const struct login_auth *a,
		 struct err *err);

/* A request that is its own login: `have` and the heartbeat. */
enum login_request_kind { LOGIN_HAVE, LOGIN_BEAT };

struct login_request {
	enum login_request_kind kind;
	uint8_t account[CRYPTO_ID_BYTES];
	uint8_t device[CRYPTO_ID_BYTES];
	uint8_t spki_hash[CRYPTO_HASH_BYTES]; /* SHA-256; zeros under --plain-http */
	uint64_t client_unix_ms;
};

/** DS("have" or "beat", suite, account, device, SPKI hash, client time, H(DS("body", body))). */
int login_request_sign(uint8_t signature[static CRYPTO_SIGNATURE_BYTES], const struct sign_key *k,
		       const struct login_request *r, struct span body, struct err *err);
int login_request_verify(const uint8_t signature[static CRYPTO_SIGNATURE_BYTES],
			 const uint8_t public_key[static CRYPTO_PUBLIC_BYTES],
			 const struct login_request *r, struct span body, struct err *err);

#endif
