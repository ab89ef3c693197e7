/* SPDX-License-Identifier: Apache-2.0 */
/* pair: see pair.h. */
#include "crypto/pair.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "base/bytes.h"

#define DIGITS_MODULUS 1000000

_Static_assert(crypto_scalarmult_BYTES == PAIR_PART_BYTES, "a product is a part");

void
pair_transcript_init(struct pair_transcript *t, const uint8_t id[static CRYPTO_ID_BYTES])
{
	*t = (struct pair_transcript){ .bytes = { CRYPTO_SUITE }, .n = 1 + CRYPTO_ID_BYTES };
	memcpy(t->bytes + 1, id, CRYPTO_ID_BYTES);
}

void
pair_transcript_clear(struct pair_transcript *t)
{
	secret_wipe(t, sizeof *t);
}

void
pair_transcript_add(struct pair_transcript *t, const uint8_t part[static PAIR_PART_BYTES])
{
	assert(t->n + PAIR_PART_BYTES <= sizeof t->bytes);
	memcpy(t->bytes + t->n, part, PAIR_PART_BYTES);
	t->n += PAIR_PART_BYTES;
}

int
pair_share_new(struct secret **private_half, uint8_t public_half[static PAIR_PART_BYTES],
	       struct err *err)
{
	AUTO(secret_free) struct secret *s = NULL;

	if (secret_new_random(&s, err) < 0)
		return -1;
	if (crypto_scalarmult_base(public_half, secret_bytes(s)) != 0)
		return err_set(err, ERR_INTERNAL, "no X25519 key pair");
	*private_half = TAKE(s);
	return 0;
}

int
pair_share_add(struct pair_transcript *t, const struct secret *private_half,
	       const uint8_t other[static PAIR_PART_BYTES], struct err *err)
{
	uint8_t product[PAIR_PART_BYTES];
	bool proper = crypto_scalarmult(product, secret_bytes(private_half), other) == 0;

	if (proper)
		pair_transcript_add(t, product);
	secret_wipe(product, sizeof product);
	return proper ? 0 : err_set(err, ERR_AUTH, "the other terminal's key is not a proper key");
}

void
pair_commit(uint8_t out[static PAIR_PART_BYTES], const uint8_t r[static PAIR_PART_BYTES],
	    const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES])
{
	ds_hash(out, DS(DS_PAIR_COMMIT, DS_HASH32(r), DS_HASH32(dsk_public)));
}

int
pair_key(struct secret **out, const struct secret *secret, enum pair_role role,
	 const struct pair_transcript *t, struct err *err)
{
	return secret_derive(out, secret, DS(DS_PAIR, DS_NUM(role), DS_BYTES(t->bytes, t->n)), err);
}

void
pair_digits(char out[static PAIR_DIGITS_BYTES], const struct secret *secret,
	    const struct pair_transcript *t)
{
	uint8_t bits[CRYPTO_HASH_BYTES];

	/* Of 64 bits each remainder is as likely as any other but for 2^-44. */
	ds_kdf(bits, secret_span(secret), DS(DS_PAIR_DIGITS, DS_BYTES(t->bytes, t->n)));
	snprintf(out, PAIR_DIGITS_BYTES, "%06" PRIu64, get_u64(bits) % DIGITS_MODULUS);
}
