/* SPDX-License-Identifier: Apache-2.0 */
/* key: see key.h: texts; numbers are in key_tel.c, addresses in key_net.c, dates in key_when.c.  All values here are well-formed UTF-8 (charset_decode() makes them so). */
#include "item/key_internal.h"

#include <sodium.h>
#include <strings.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

struct field_key
key_hash(struct span normalised)
{
	struct field_key k;

	crypto_generichash(k.b, sizeof k.b, normalised.p, normalised.n, NULL, 0);
	return k;
}

/* The character at @at and its length in *n (at least 1). */
ucs4_t
key_char_at(struct span s, size_t at, size_t *n)
{
	ucs4_t c;
	int len = u8_mbtouc(&c, s.p + at, s.n - at);

	*n = len > 0 ? (size_t)len : 1;
	return c;
}

bool
key_is_space(ucs4_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return uc_is_property_white_space(c);
}

struct span
key_trim(struct span s)
{
	size_t n;

	while (s.n && key_is_space(key_char_at(s, 0, &n)))
		s = span_skip(s, n);
	while (s.n) {
		size_t last = s.n - 1;
		while (last > 0 && (s.p[last] & 0xc0) == 0x80)
			last--;
		if (!key_is_space(key_char_at(s, last, &n)))
			break;
		s.n = last;
	}
	return s;
}

bool
key_is_ascii(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

int
key_append_nfc(struct buf *out, struct span s, struct err *err)
{
	size_t n;

	if (key_is_ascii(s))
		return buf_append(out, s, err);
	AUTO(free) uint8_t *nfc = u8_normalize(UNINORM_NFC, s.p, s.n, NULL, &n);
	if (!nfc)
		return err_nomem(err);
	return buf_append(out, span_of(nfc, n), err);
}

int
key_append_folded(struct buf *out, struct span s, struct err *err)
{
	size_t n;

	if (s.n == 0)
		return 0;
	AUTO(free) uint8_t *folded = u8_casefold(s.p, s.n, NULL, UNINORM_NFC, NULL, &n);
	if (!folded)
		return err_nomem(err);
	return buf_append(out, span_of(folded, n), err);
}

uint8_t
key_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

int
key_append_lower(struct buf *out, struct span s, struct err *err)
{
	for (size_t i = 0; i < s.n; i++)
		if (buf_append_byte(out, key_lower(s.p[i]), err) < 0)
			return -1;
	return 0;
}

bool
key_starts_with(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp((const char *)s.p, prefix, n) == 0;
}

int
key_exact(struct buf *out, struct span value, struct err *err)
{
	if (!value.n || !memchr(value.p, '\r', value.n))
		return buf_append(out, value, err);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\r' && i + 1 < value.n && value.p[i + 1] == '\n')
			continue;
		uint8_t c = value.p[i] == '\r' ? '\n' : value.p[i];
		if (buf_append_byte(out, c, err) < 0)
			return -1;
	}
	return 0;
}

int
key_text(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf lines = BUF_INIT(VALUE_MAX);

	value = key_trim(value);
	if (!value.n || !memchr(value.p, '\r', value.n))
		return key_append_nfc(out, value, err);
	if (key_exact(&lines, value, err) < 0)
		return -1;
	return key_append_nfc(out, buf_span(&lines), err);
}

/* Trimmed, runs of blanks as one. */
static int
append_words(struct buf *out, struct span value, struct err *err)
{
	bool gap = false;
	size_t n;

	value = key_trim(value);
	for (size_t i = 0; i < value.n; i += n) {
		if (key_is_space(key_char_at(value, i, &n))) {
			gap = true;
			continue;
		}
		if (gap && buf_append_byte(out, ' ', err) < 0)
			return -1;
		gap = false;
		if (buf_append(out, span_of(value.p + i, n), err) < 0)
			return -1;
	}
	return 0;
}

int
key_words(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf words = BUF_INIT(VALUE_MAX);

	if (append_words(&words, value, err) < 0)
		return -1;
	return key_append_nfc(out, buf_span(&words), err);
}

int
key_name(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf words = BUF_INIT(VALUE_MAX);

	if (append_words(&words, value, err) < 0)
		return -1;
	return key_append_folded(out, buf_span(&words), err);
}
