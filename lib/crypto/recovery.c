/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery: see recovery.h.
 *
 * The 140 bits are one string, most significant first: the code's 16 bytes, then the CRC, five bits
 * a character.  So a wrong character is an error burst of at most five bits, two neighbours one of
 * at most ten, and a CRC of twelve bits catches every burst up to twelve.
 */
#include "crypto/recovery.h"

#include <sodium.h>
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define CHARACTERS      28
#define GROUP           4 /* characters */
#define TYPED_BYTES_MAX 256

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

struct recovery_code {
	uint8_t bytes[RECOVERY_CODE_BYTES];
};

/* CRC-12, polynomial 0x80F, starting from all ones so that a row of zeros is no code. */
static unsigned
crc12(const uint8_t bytes[static RECOVERY_CODE_BYTES])
{
	unsigned crc = 0xfff;

	for (size_t i = 0; i < RECOVERY_CODE_BYTES; i++) {
		crc ^= (unsigned)bytes[i] << 4;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x800) ? ((crc << 1) ^ 0x80f) & 0xfff : crc << 1;
	}
	return crc;
}

int
recovery_code_new(struct recovery_code **out, struct err *err)
{
	struct recovery_code *c = sodium_malloc(sizeof *c);

	if (!c)
		return err_nomem(err);
	randombytes_buf(c->bytes, sizeof c->bytes);
	*out = c;
	return 0;
}

void
recovery_code_free(struct recovery_code *c)
{
	sodium_free(c);
}

const uint8_t *
recovery_code_bytes(const struct recovery_code *c)
{
	return c->bytes;
}

/* Bit @i of the string of 140. */
static unsigned
bit_at(const uint8_t bytes[static RECOVERY_CODE_BYTES], unsigned crc, unsigned i)
{
	if (i < 8 * RECOVERY_CODE_BYTES)
		return (unsigned)bytes[i / 8] >> (7 - i % 8) & 1u;
	return crc >> (11 - (i - 8 * RECOVERY_CODE_BYTES)) & 1u;
}

void
recovery_code_print(char out[static RECOVERY_TEXT_BYTES], const struct recovery_code *c)
{
	unsigned crc = crc12(c->bytes), i = 0;
	char *at = out;

	for (unsigned n = 0; n < CHARACTERS; n++) {
		unsigned v = 0;

		for (int k = 0; k < 5; k++)
			v = v << 1 | bit_at(c->bytes, crc, i++);
		if (n && n % GROUP == 0)
			*at++ = '-';
		*at++ = alphabet[v];
	}
	*at = '\0';
}

/* What one character stands for, or -1. */
static int
value_of(ucs4_t c)
{
	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (c == 'O')
		return 0;
	if (c == 'I' || c == 'L')
		return 1;
	const char *at = c && c < 128 ? strchr(alphabet, (int)c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static bool
is_separator(ucs4_t c)
{
	return c == 0xfeff || uc_is_property_white_space(c) ||
	       uc_is_general_category(c, UC_DASH_PUNCTUATION);
}

/* The values of the characters of @text, which is UTF-8. */
static int
read_values(uint8_t values[static CHARACTERS], struct span text, struct err *err)
{
	unsigned n = 0;
	ucs4_t c;

	while (text.n) {
		text = span_skip(text, (size_t)u8_mbtouc(&c, text.p, text.n));
		if (is_separator(c))
			continue;
		int v = value_of(c);
		if (v < 0 && n < CHARACTERS)
			return err_set(err, ERR_SYNTAX,
				       "group %u of the recovery code has a character that no "
				       "code has",
				       n / GROUP + 1);
		if (n < CHARACTERS)
			values[n] = (uint8_t)v;
		n++;
	}
	if (n == CHARACTERS)
		return 0;
	err_set(err, ERR_SYNTAX, "the recovery code has %u characters instead of %d", n,
		CHARACTERS);
	return err_hint(err, "it is seven groups of four characters");
}

/* The 140 bits apart again; true if the check fits. */
static bool
join_values(uint8_t bytes[static RECOVERY_CODE_BYTES], const uint8_t values[static CHARACTERS])
{
	unsigned crc = 0;

	memset(bytes, 0, RECOVERY_CODE_BYTES);
	for (unsigned i = 0; i < 5 * CHARACTERS; i++) {
		unsigned bit = (unsigned)values[i / 5] >> (4 - i % 5) & 1u;

		if (i < 8 * RECOVERY_CODE_BYTES)
			bytes[i / 8] = (uint8_t)(bytes[i / 8] | bit << (7 - i % 8));
		else
			crc = crc << 1 | bit;
	}
	return crc == crc12(bytes);
}

/* Whether some other character at @at makes the check fit. */
static bool
explains(uint8_t values[static CHARACTERS], unsigned at)
{
	uint8_t bytes[RECOVERY_CODE_BYTES], typed = values[at];
	bool fits = false;

	for (uint8_t v = 0; v < 32 && !fits; v++) {
		values[at] = v;
		fits = join_values(bytes, values);
	}
	values[at] = typed;
	secret_wipe(bytes, sizeof bytes);
	return fits;
}

/* The check does not fit: say where, as far as that can be known. */
static int
mistyped(uint8_t values[static CHARACTERS], struct err *err)
{
	unsigned group = 0;
	bool several = false;

	for (unsigned at = 0; at < CHARACTERS; at++) {
		if (!explains(values, at))
			continue;
		several |= group && group != at / GROUP + 1;
		group = at / GROUP + 1;
	}
	err_set(err, ERR_SYNTAX, "the recovery code is mistyped somewhere");
	if (group && !several)
		return err_hint(err, "if only one character is wrong, it is in group %u", group);
	return err_hint(err, "compare it with your copy, group by group");
}

/* Full-width letters, as a Chinese keyboard gives them, become plain (NFKC). */
static int
narrow(uint8_t *out, size_t *n, struct span text, struct err *err)
{
	if (text.n > TYPED_BYTES_MAX || u8_check(text.p, text.n))
		return err_set(err, ERR_SYNTAX, "this is no recovery code");
	uint8_t *got = u8_normalize(UNINORM_NFKC, text.p, text.n, out, n);
	if (got == out)
		return 0;
	if (!got && text.n)
		return err_nomem(err);
	if (got)
		secret_wipe(got, *n);
	free(got);
	return err_set(err, ERR_SYNTAX, "this is no recovery code");
}

static int
parse(struct recovery_code *c, struct span text, struct err *err)
{
	uint8_t plain[4 * TYPED_BYTES_MAX] = { 0 }, values[CHARACTERS] = { 0 };
	size_t n = sizeof plain;
	int rc = narrow(plain, &n, text, err);

	if (rc == 0)
		rc = read_values(values, span_of(plain, n), err);
	if (rc == 0 && !join_values(c->bytes, values))
		rc = mistyped(values, err);
	secret_wipe(plain, sizeof plain);
	secret_wipe(values, sizeof values);
	return rc;
}

int
recovery_code_parse(struct recovery_code **out, struct span text, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *c = sodium_malloc(sizeof *c);

	if (!c)
		return err_nomem(err);
	if (parse(c, text, err) < 0)
		return -1;
	*out = TAKE(c);
	return 0;
}

int
recovery_unlock(struct unlock_keys **out, uint8_t find[static CRYPTO_ID_BYTES],
		const struct recovery_code *c, struct err *err)
{
	AUTO(secret_free) struct secret *rk = NULL;
	uint8_t hash[CRYPTO_HASH_BYTES];

	if (secret_derive_from(&rk, SPAN_ARRAY(c->bytes), DS(DS_RECOVERY, DS_NONE), err) < 0 ||
	    unlock_keys_new(out, secret_span(rk), DS_REC_KEK, DS_REC_AUTH, err) < 0)
		return -1;
	ds_kdf(hash, secret_span(rk), DS(DS_REC_FIND, DS_NONE));
	memcpy(find, hash, CRYPTO_ID_BYTES);
	return 0;
}
