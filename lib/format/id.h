/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id: the two fixed sizes in which everything of Cloudbox is named, as values.
 *
 * id16: account, device, folder, item, invitation.  hash32: heads, roots, leaves, chunk ids.
 */
#ifndef FORMAT_ID_H
#define FORMAT_ID_H

#include "base/buf.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

struct id16 {
	uint8_t b[CRYPTO_ID_BYTES];
};

struct hash32 {
	uint8_t b[CRYPTO_HASH_BYTES];
};

static inline int
id16_compare(const struct id16 *a, const struct id16 *b)
{
	return memcmp(a->b, b->b, sizeof a->b);
}

static inline bool
id16_equal(const struct id16 *a, const struct id16 *b)
{
	return id16_compare(a, b) == 0;
}

static inline int
hash32_compare(const struct hash32 *a, const struct hash32 *b)
{
	return memcmp(a->b, b->b, sizeof a->b);
}

static inline bool
hash32_equal(const struct hash32 *a, const struct hash32 *b)
{
	return hash32_compare(a, b) == 0;
}

bool id16_is_zero(const struct id16 *id);
bool hash32_is_zero(const struct hash32 *h);

/* Lower-case digits by value, for messages and paths: id16_hex(&id).s */
struct id16_hex {
	char s[2 * CRYPTO_ID_BYTES + 1];
};
struct hash32_hex {
	char s[2 * CRYPTO_HASH_BYTES + 1];
};
struct id16_hex id16_hex(const struct id16 *id);
struct hash32_hex hash32_hex(const struct hash32 *h);

/** Exactly 32 (64) digits of either case; false if not. */
bool id16_from_hex(struct id16 *out, struct span digits);
bool hash32_from_hex(struct hash32 *out, struct span digits);

/** The next 16 (32) bytes; zeros on shortage. */
struct id16 read_id16(struct reader *r);
struct hash32 read_hash32(struct reader *r);

int buf_append_id16(struct buf *b, const struct id16 *id, struct err *err);
int buf_append_hash32(struct buf *b, const struct hash32 *h, struct err *err);

#endif
