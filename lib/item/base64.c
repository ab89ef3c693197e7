/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64: value_base64() and its way back, see value.h.  By OpenSSL: libsodium's takes constant time,
 * which costs five times as much and protects nothing here: photos are no keys.
 */
#include <openssl/evp.h>

#include "item/value.h"

int
value_base64(struct buf *out, struct span data, struct err *err)
{
	uint8_t *at;

	if (buf_extend(out, (data.n + 2) / 3 * 4 + 1, &at, err) < 0)
		return -1;
	EVP_EncodeBlock(at, data.p, (int)data.n);
	out->n--; /* its NUL, which stays behind the bytes */
	return 0;
}

/* Exactly @n characters, a multiple of 4.  OpenSSL passes by what is no base64 at either end; the
 * length tells. */
static bool
decode_quads(uint8_t *at, const uint8_t *text, size_t n)
{
	return EVP_DecodeBlock(at, text, (int)n) == (int)(n / 4 * 3);
}

/* The last 2 or 3 characters, 1 or 2 bytes; what no byte takes of them must be zero. */
static bool
decode_rest(uint8_t *at, struct span rest)
{
	uint8_t quad[4] = { 'A', 'A', 'A', 'A' }, bytes[3];

	if (rest.n == 0)
		return true;
	memcpy(quad, rest.p, rest.n);
	if (rest.n == 1 || !decode_quads(bytes, quad, sizeof quad) || bytes[2] != 0 ||
	    (rest.n == 2 && bytes[1] != 0))
		return false;
	memcpy(at, bytes, rest.n - 1);
	return true;
}

int
value_base64_decode(struct buf *out, struct span text, struct err *err)
{
	size_t before = out->n;
	uint8_t *at;

	while (text.n && text.p[text.n - 1] == '=')
		text.n--;
	size_t quads = text.n / 4 * 4;
	if (buf_extend(out, quads / 4 * 3 + 3, &at, err) < 0)
		return -1;
	bool ok = text.n == 0 ||
		  (!memchr(text.p, '=', text.n) && (!quads || decode_quads(at, text.p, quads)) &&
		   decode_rest(at + quads / 4 * 3, span_skip(text, quads)));
	out->n = before + (ok ? text.n * 3 / 4 : 0);
	out->p[out->n] = '\0';
	return ok ? 0 : 1;
}
