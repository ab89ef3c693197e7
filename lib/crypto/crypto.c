/* SPDX-License-Identifier: Apache-2.0 */
/* crypto: see crypto.h. */
#include "crypto/crypto.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int
crypto_init_secrets(struct err *err)
{
	return sodium_init() < 0 ? err_set(err, ERR_INTERNAL, "the kernel gives no random bytes")
				 : 0;
}

int
crypto_init(struct err *err)
{
	if (crypto_init_secrets(err) < 0)
		return -1;

	EVP_CIPHER *aead = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	bool complete = aead && hmac;

	EVP_CIPHER_free(aead);
	EVP_MAC_free(hmac);
	if (!complete)
		return err_set(err, ERR_INTERNAL,
			       "OpenSSL has no ChaCha20-Poly1305 or no HMAC here");
	return 0;
}

int
crypto_protect_process(struct err *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "keeping other programs out of this one's memory");
	if (setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) < 0)
		return err_sys(err, errno, "forbidding core dumps");
	return 0;
}

int
crypto_suite_check(uint8_t suite, const char *what, struct err *err)
{
	if (suite == CRYPTO_SUITE)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "%s: suite %u is unknown to this version", what,
		(unsigned)suite);
	return err_hint(err, "update Cloudbox on this machine");
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}
