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

/* Nonce and additional data of message @i. */
static bool
message_start(struct aead *a, uint64_t i, struct span aad)
{
	uint8_t nonce[12] = { 0 };
	int n;

	put_u64(nonce + 4, i);
	if (EVP_CipherInit_ex(a->ctx, NULL, NULL, NULL, nonce, (int)a->direction) != 1)
		return false;
	return aad.n == 0 || EVP_CipherUpdate(a->ctx, NULL, &n, aad.p, (int)aad.n) == 1;
}

/* The text itself; an empty one needs no call, and OpenSSL would take a NULL for additional data.
 */
static bool
message_text(struct aead *a, uint8_t *out, struct span in)
{
	int n;

	return in.n == 0 ||
	       (EVP_CipherUpdate(a->ctx, out, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n);
}

int
aead_seal(struct aead *a, uint8_t *out, uint64_t i, struct span plain, struct span aad,
	  struct err *err)
{
	int n;

	assert(a->direction == AEAD_SEAL);
	if (plain.n > AEAD_BYTES_MAX || aad.n > AEAD_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "more than %u bytes to seal in one piece",
			       AEAD_BYTES_MAX);
	if (!message_start(a, i, aad) || !message_text(a, out, plain) ||
	    EVP_CipherFinal_ex(a->ctx, out + plain.n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG_BYTES, out + plain.n) !=
		    1)
		return err_set(err, ERR_INTERNAL, "sealing failed");
	return 0;
}

int
aead_open(struct aead *a, uint8_t *out, uint64_t i, struct span sealed, struct span aad,
	  struct err *err)
{
	uint8_t tag[CRYPTO_TAG_BYTES], none;
	int n;

	assert(a->direction == AEAD_OPEN);
	if (sealed.n < CRYPTO_TAG_BYTES || sealed.n > AEAD_BYTES_MAX || aad.n > AEAD_BYTES_MAX)
		return err_set(err, ERR_FORMAT, "sealed bytes of impossible length (%zu)",
			       sealed.n);

	struct span text = { sealed.p, sealed.n - CRYPTO_TAG_BYTES };
	memcpy(tag, sealed.p + text.n, sizeof tag);
	if (message_start(a, i, aad) &&
	    EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG_BYTES, tag) == 1 &&
	    message_text(a, out, text) && EVP_CipherFinal_ex(a->ctx, &none, &n) == 1)
		return 0;
	if (text.n)
		secret_wipe(out, text.n);
	return err_set(err, ERR_AUTH, "sealed bytes do not open: another key or place, or damaged");
}
