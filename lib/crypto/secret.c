/* SPDX-License-Identifier: Apache-2.0 */
/* secret: see secret.h. */
#include "crypto/secret.h"

#include <sodium.h>

struct secret {
	uint8_t bytes[SECRET_BYTES];
};

static int
secret_alloc(struct secret **out, struct err *err)
{
	struct secret *s = sodium_malloc(sizeof *s);

	if (!s)
		return err_nomem(err);
	*out = s;
	return 0;
}

/* From here on a stray write to the key ends the program. */
static void
secret_seal_off(struct secret *s)
{
	(void)sodium_mprotect_readonly(s); /* where the system lacks it, the guard pages remain */
}

int
secret_new_random(struct secret **out, struct err *err)
{
	if (secret_alloc(out, err) < 0)
		return -1;
	randombytes_buf((*out)->bytes, SECRET_BYTES);
	secret_seal_off(*out);
	return 0;
}

int
secret_from_bytes(struct secret **out, const uint8_t bytes[static SECRET_BYTES], struct err *err)
{
	if (secret_alloc(out, err) < 0)
		return -1;
	memcpy((*out)->bytes, bytes, SECRET_BYTES);
	secret_seal_off(*out);
	return 0;
}

int
secret_derive_from(struct secret **out, struct span key, struct ds d, struct err *err)
{
	if (secret_alloc(out, err) < 0)
		return -1;
	ds_kdf((*out)->bytes, key, d);
	secret_seal_off(*out);
	return 0;
}

int
secret_derive(struct secret **out, const struct secret *key, struct ds d, struct err *err)
{
	return secret_derive_from(out, secret_span(key), d, err);
}

void
secret_free(struct secret *s)
{
	sodium_free(s);
}

const uint8_t *
secret_bytes(const struct secret *s)
{
	return s->bytes;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return crypto_equal(a->bytes, b->bytes, SECRET_BYTES);
}

void
secret_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}
