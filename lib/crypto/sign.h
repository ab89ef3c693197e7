/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: Ed25519 (RFC 8032) over DS messages, by libsodium.
 *
 * Only messages whose label has the use SIGN can be signed or verified, so a signature for one
 * purpose never serves another.  libsodium refuses points of small order, keys and R that are not
 * canonical, and S >= L.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/secret.h"

struct sign_key; /* opaque, guarded memory: seed and public key */

/** The pair of the 32-byte seed @seed.  ERR_NOMEM. */
int sign_key_new(struct sign_key **out, const struct secret *seed, struct err *err);
void sign_key_free(struct sign_key *k);
AUTO_PTR(sign_key_free, struct sign_key);

/** A copy of the seed that it was made from.  The caller owns *out.  ERR_NOMEM. */
int sign_key_seed(struct secret **out, const struct sign_key *k, struct err *err);

/** CRYPTO_PUBLIC_BYTES, borrowed, valid while @k is. */
const uint8_t *sign_key_public(const struct sign_key *k);

/** Sign @message.  ERR_NOMEM. */
int sign_message(uint8_t signature[static CRYPTO_SIGNATURE_BYTES], const struct sign_key *k,
		 struct ds message, struct err *err);

/** 0, or -1 with ERR_AUTH: not this key's signature of this message.  ERR_NOMEM. */
int sign_verify(const uint8_t signature[static CRYPTO_SIGNATURE_BYTES],
		const uint8_t public_key[static CRYPTO_PUBLIC_BYTES], struct ds message,
		struct err *err);

#endif
