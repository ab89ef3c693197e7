/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: a key of 32 bytes in guarded memory (locked, between guard pages, read-only once made,
 * wiped when freed: sodium_malloc).
 *
 * Invariant: a secret is never changed after it is made, and its bytes leave it only through
 * secret_bytes(), so that every place that reads a key can be found by that word.
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "base/auto.h"
#include "crypto/crypto.h"
#include "crypto/ds.h"

#define SECRET_BYTES 32

struct secret; /* opaque: the layout lives in secret.c */

/** 32 random bytes from the kernel.  ERR_NOMEM. */
int secret_new_random(struct secret **out, struct err *err);

/** A copy of @bytes; the caller wipes its own.  ERR_NOMEM. */
int
secret_from_bytes(struct secret **out, const uint8_t bytes[static SECRET_BYTES], struct err *err);

/** KDF(key, DS(…)) as a new secret.  ERR_NOMEM. */
int secret_derive(struct secret **out, const struct secret *key, struct ds d, struct err *err);

/** The same from a key that is no struct secret, 16 to 64 bytes (the recovery code, mk). */
int secret_derive_from(struct secret **out, struct span key, struct ds d, struct err *err);

/** Wipe and free; NULL does nothing. */
void secret_free(struct secret *s);
AUTO_PTR(secret_free, struct secret);

/** The 32 bytes; borrowed, valid while @s is.  To be handed to a primitive or written to the key
 *  file, never into a struct buf. */
const uint8_t *secret_bytes(const struct secret *s);

static inline struct span
secret_span(const struct secret *s)
{
	return span_of(secret_bytes(s), SECRET_BYTES);
}

/** In constant time. */
bool secret_equal(const struct secret *a, const struct secret *b);

/** Wipe @n bytes so that the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);

#endif
