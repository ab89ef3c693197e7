/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair: the keys of a pairing, by which a device that is unlocked takes another one into the account.
 *
 * Both know the pairing's id and a one-time secret of 256 bits, from a code that one shows and the
 * other reads.  The joiner commits to r and DSK.pub, the host answers s, the joiner opens r and
 * DSK.pub; then both show six digits.
 *
 *     transcript = suite (1) ‖ id (16) ‖ commit (32) ‖ s (32) ‖ r (32) ‖ DSK.pub (32)
 *     digits     = KDF(secret, "pair-digits", transcript) mod 10^6
 *     key        = KDF(secret, "pair", role, what is known of the transcript [‖ X25519(r, s)])
 *
 * r and s are fresh X25519 public keys, and once both are known their product stands at the end of
 * what the keys are made of: whoever photographed the code and reads what the server passes on opens
 * nothing that comes after the digits, and whoever stands in between has other digits on either side,
 * but for one chance in a million, because the commit fixes r before s is known.
 */
#ifndef CRYPTO_PAIR_H
#define CRYPTO_PAIR_H

#include "crypto/secret.h"

#define PAIR_PART_BYTES   32 /* commit, s, r, DSK.pub */
#define PAIR_DIGITS_BYTES 7  /* "042917" and NUL */

/* Who says something: part of the keys, so that no message comes back to its sender. */
enum pair_role {
	PAIR_JOINER = 1,
	PAIR_HOST = 2,
};

/* What both have said so far, in order, and at the end what only they know. */
struct pair_transcript {
	uint8_t bytes[1 + CRYPTO_ID_BYTES + 5 * PAIR_PART_BYTES];
	size_t n;
};

void pair_transcript_init(struct pair_transcript *t, const uint8_t id[static CRYPTO_ID_BYTES]);
/** Forget and wipe. */
void pair_transcript_clear(struct pair_transcript *t);
AUTO_OBJ(pair_transcript_clear, struct pair_transcript);
void pair_transcript_add(struct pair_transcript *t, const uint8_t part[static PAIR_PART_BYTES]);

/** A fresh r or s and its private half.  ERR_NOMEM. */
int pair_share_new(struct secret **private_half, uint8_t public_half[static PAIR_PART_BYTES],
		   struct err *err);

/** Append X25519(r, s).  ERR_AUTH: @other is no proper key. */
int pair_share_add(struct pair_transcript *t, const struct secret *private_half,
		   const uint8_t other[static PAIR_PART_BYTES], struct err *err);

/** H(DS("pair-commit", r, DSK.pub)). */
void pair_commit(uint8_t out[static PAIR_PART_BYTES], const uint8_t r[static PAIR_PART_BYTES],
		 const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES]);

/** KDF(secret, "pair", role, @t): what @role says next is in a box under it.  ERR_NOMEM. */
int pair_key(struct secret **out, const struct secret *secret, enum pair_role role,
	     const struct pair_transcript *t, struct err *err);

/** Six decimal digits; @t up to DSK.pub. */
void pair_digits(char out[static PAIR_DIGITS_BYTES], const struct secret *secret,
		 const struct pair_transcript *t);

#endif
