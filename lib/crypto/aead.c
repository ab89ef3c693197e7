/* SPDX-License-Identifier: Apache-2.0 */
/* aead: see aead.h. */
#include "crypto/aead.h"

#include <assert.h>

#include "base/bytes.h"
#include "crypto/secret.h"

int
aead_init(struct aead *a, enum aead_direction direction, const uint8_t key[static AEAD_KEY_BYTES],
	  struct err *err)
{
	a->direction = direction;
	a->ctx = EVP_CIPHER_CTX_new();
	if (!a->ctx)
		return err_nomem(err);
	if (EVP_CipherInit_ex(a->ctx, EVP_chacha20_poly1305(), NULL, key, NULL, (int)direction) !=
	    1) {
		aead_clear(a);
		return err_nomem(err);
	}
	return 0;
}

void
aead_clear(struct aead *a)
{
	EVP_CIPHER_CTX_free(a->ctx);
	a->ctx = NULL;
}

/*
 * The three steps of a message.  Here alone a nonce is a parameter, for the published test vectors;
 * the exported functions make it of the index.
 */
#define NONCE_BYTES 12

static bool
message_start(struct aead *a, const uint8_t nonce[static NONCE_BYTES], struct span aad)
{
	int n;

	if (EVP_CipherInit_ex(a->ctx, NULL, NULL, NULL, nonce, (int)a->direction) != 1)
		return false;
	return aad.n == 0 || EVP_CipherUpdate(a->ctx, NULL, &n, aad.p, (int)aad.n) == 1;
}

/* An empty text needs no call, and OpenSSL would take its NULL for additional data. */
static bool
message_text(struct aead *a, uint8_t *out, struct span in)
{
	int n;

	return in.n == 0 ||
	       (EVP_CipherUpdate(a->ctx, out, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n);
}

static bool
message_seal(struct aead *a, uint8_t *out, const uint8_t nonce[static NONCE_BYTES],
	     struct span plain, struct span aad)
{
	uint8_t *tag = out + plain.n;
	int n;

	return message_start(a, nonce, aad) && message_text(a, out, plain) &&
	       EVP_CipherFinal_ex(a->ctx, tag, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG_BYTES, tag) == 1;
}

static bool
message_open(struct aead *a, uint8_t *out, const uint8_t nonce[static NONCE_BYTES],
	     struct span sealed, struct span aad)
{
	struct span text = { sealed.p, sealed.n - CRYPTO_TAG_BYTES };
	uint8_t tag[CRYPTO_TAG_BYTES], none;
	int n;

	memcpy(tag, sealed.p + text.n, sizeof tag);
	return message_start(a, nonce, aad) &&
	       EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG_BYTES, tag) == 1 &&
	       message_text(a, out, text) && EVP_CipherFinal_ex(a->ctx, &none, &n) == 1;
}

/* 0^4 ‖ LE64(i) */
static void
nonce_of(uint8_t nonce[static NONCE_BYTES], uint64_t i)
{
	memset(nonce, 0, NONCE_BYTES);
	put_u64(nonce + 4, i);
}

int
aead_seal(struct aead *a, uint8_t *out, uint64_t i, struct span plain, struct span aad,
	  struct err *err)
{
	uint8_t nonce[NONCE_BYTES];

	assert(a->direction == AEAD_SEAL);
	if (plain.n > AEAD_BYTES_MAX || aad.n > AEAD_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "more than %u bytes to seal in one piece",
			       AEAD_BYTES_MAX);
	nonce_of(nonce, i);
	if (!message_seal(a, out, nonce, plain, aad))
		return err_set(err, ERR_INTERNAL, "sealing failed");
	return 0;
}

int
aead_open(struct aead *a, uint8_t *out, uint64_t i, struct span sealed, struct span aad,
	  struct err *err)
{
	uint8_t nonce[NONCE_BYTES];

	assert(a->direction == AEAD_OPEN);
	if (sealed.n < CRYPTO_TAG_BYTES || sealed.n > AEAD_BYTES_MAX || aad.n > AEAD_BYTES_MAX)
		return err_set(err, ERR_FORMAT, "sealed bytes of impossible length (%zu)",
			       sealed.n);
	nonce_of(nonce, i);
	if (message_open(a, out, nonce, sealed, aad))
		return 0;
	if (sealed.n > CRYPTO_TAG_BYTES)
		secret_wipe(out, sealed.n - CRYPTO_TAG_BYTES);
	return err_set(err, ERR_AUTH, "sealed bytes do not open: another key or place, or damaged");
}
