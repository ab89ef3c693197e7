/* SPDX-License-Identifier: Apache-2.0 */
/* sign: see sign.h. */
#include "crypto/sign.h"

#include <assert.h>
#include <sodium.h>

/* Above the largest message: a log entry or a commit, 16 KiB each. */
#define MESSAGE_BYTES_MAX (64u << 10)

struct sign_key {
	uint8_t both[crypto_sign_SECRETKEYBYTES]; /* seed ‖ public key, as libsodium has it */
};

int
sign_key_new(struct sign_key **out, const struct secret *seed, struct err *err)
{
	uint8_t public_key[CRYPTO_PUBLIC_BYTES];
	struct sign_key *k = sodium_malloc(sizeof *k);

	if (!k)
		return err_nomem(err);
	if (crypto_sign_seed_keypair(public_key, k->both, secret_bytes(seed)) != 0) {
		sign_key_free(k);
		return err_set(err, ERR_INTERNAL, "no key pair from the seed");
	}
	(void)sodium_mprotect_readonly(k);
	*out = k;
	return 0;
}

void
sign_key_free(struct sign_key *k)
{
	sodium_free(k);
}

int
sign_key_seed(struct secret **out, const struct sign_key *k, struct err *err)
{
	return secret_from_bytes(out, k->both, err);
}

const uint8_t *
sign_key_public(const struct sign_key *k)
{
	return k->both + crypto_sign_SEEDBYTES;
}

int
sign_message(uint8_t signature[static CRYPTO_SIGNATURE_BYTES], const struct sign_key *k,
	     struct ds message, struct err *err)
{
	AUTO(buf_clear) struct buf m = BUF_INIT(MESSAGE_BYTES_MAX);

	assert(ds_label_use(message.label) == DS_USE_SIGN);
	if (ds_encode(&m, message, err) < 0)
		return -1;
	if (crypto_sign_detached(signature, NULL, m.p, m.n, k->both) != 0)
		return err_set(err, ERR_INTERNAL, "signing failed");
	return 0;
}

int
sign_verify(const uint8_t signature[static CRYPTO_SIGNATURE_BYTES],
	    const uint8_t public_key[static CRYPTO_PUBLIC_BYTES], struct ds message,
	    struct err *err)
{
	AUTO(buf_clear) struct buf m = BUF_INIT(MESSAGE_BYTES_MAX);

	assert(ds_label_use(message.label) == DS_USE_SIGN);
	if (ds_encode(&m, message, err) < 0)
		return -1;
	if (crypto_sign_verify_detached(signature, m.p, m.n, public_key) != 0)
		return err_set(err, ERR_AUTH, "the signature does not fit");
	return 0;
}
