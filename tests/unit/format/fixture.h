/* SPDX-License-Identifier: Apache-2.0 */
/* fixture: fixed ids and keys for tests of formats. */
#ifndef TESTS_FORMAT_FIXTURE_H
#define TESTS_FORMAT_FIXTURE_H

#include "crypto/keys.h"
#include "format/id.h"
#include "unit.h"

/* 16 (32) bytes that are all @c, and differ for different @n. */
static inline struct id16
test_id(uint8_t c, uint32_t n)
{
	struct id16 id;

	memset(id.b, c, sizeof id.b);
	put_u32(id.b + 8, n);
	return id;
}

static inline struct hash32
test_hash(uint8_t c, uint32_t n)
{
	struct hash32 h;

	memset(h.b, c, sizeof h.b);
	put_u32(h.b, n);
	return h;
}

/* The key of 32 bytes @c.  The caller frees. */
static inline struct secret *
test_secret(uint8_t c)
{
	uint8_t bytes[SECRET_BYTES];
	struct secret *s;

	memset(bytes, c, sizeof bytes);
	assert_int_equal(secret_from_bytes(&s, bytes, NULL), 0);
	return s;
}

static inline struct sign_key *
test_sign_key(uint8_t c)
{
	AUTO(secret_free) struct secret *seed = test_secret(c);
	struct sign_key *k;

	assert_int_equal(sign_key_new(&k, seed, NULL), 0);
	return k;
}

static inline struct account_keys *
test_account_keys(uint8_t c)
{
	AUTO(secret_free) struct secret *ars = test_secret(c);
	struct account_keys *k;

	assert_int_equal(account_keys_new(&k, ars, NULL), 0);
	return k;
}

static inline int
test_crypto_init(void **state)
{
	struct err err;

	(void)state;
	return crypto_init(&err);
}

#endif
