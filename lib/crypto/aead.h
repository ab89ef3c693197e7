/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aead: ChaCha20-Poly1305 (RFC 8439) by OpenSSL, for wrap.c and seal.c only.
 *
 * A context has one key and one direction and is used for all messages under that key, so that a
 * record costs no allocation.  The nonce is 0^4 ‖ LE64(i); whoever owns the context owns i and
 * never uses one twice for sealing.  Other folders use seal.h and wrap.h, which have no such number
 * in their interfaces.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <openssl/evp.h>

#include "base/auto.h"
#include "crypto/crypto.h"

enum aead_direction { AEAD_OPEN = 0, AEAD_SEAL = 1 }; /* OpenSSL's `enc` */

struct aead {
	EVP_CIPHER_CTX *ctx; /* holds the key; OpenSSL wipes it */
	enum aead_direction direction;
};

#define AEAD_KEY_BYTES 32
#define AEAD_BYTES_MAX (64u << 20) /* of one message; above every limit of the format */

/** @key is copied; the caller wipes its own.  ERR_NOMEM. */
int aead_init(struct aead *a, enum aead_direction direction,
	      const uint8_t key[static AEAD_KEY_BYTES], struct err *err);
void aead_clear(struct aead *a);
AUTO_OBJ(aead_clear, struct aead);

/** @out receives plain.n + CRYPTO_TAG_BYTES; it does not overlap @plain. */
int aead_seal(struct aead *a, uint8_t *out, uint64_t i, struct span plain, struct span aad,
	      struct err *err);

/** @out receives sealed.n - CRYPTO_TAG_BYTES; zeros on failure.  ERR_FORMAT: shorter than a tag;
 *  ERR_AUTH: the tag does not fit. */
int aead_open(struct aead *a, uint8_t *out, uint64_t i, struct span sealed, struct span aad,
	      struct err *err);

#endif
