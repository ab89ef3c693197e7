/* SPDX-License-Identifier: Apache-2.0 */
/* bytes: see bytes.h. */
#include "base/bytes.h"

struct span
read_span(struct reader *r, size_t n)
{
	if (r->failed || n > r->left.n) {
		r->failed = true;
		return span_of(NULL, 0);
	}
	struct span s = span_of(r->left.p, n);
	r->left = span_skip(r->left, n);
	return s;
}

void
read_bytes(struct reader *r, void *out, size_t n)
{
	struct span s = read_span(r, n);

	if (s.n == n && n)
		memcpy(out, s.p, n);
	else
		memset(out, 0, n);
}

uint8_t
read_u8(struct reader *r)
{
	uint8_t b[1];

	read_bytes(r, b, sizeof b);
	return b[0];
}

uint16_t
read_u16(struct reader *r)
{
	uint8_t b[2];

	read_bytes(r, b, sizeof b);
	return get_u16(b);
}

uint32_t
read_u32(struct reader *r)
{
	uint8_t b[4];

	read_bytes(r, b, sizeof b);
	return get_u32(b);
}

uint64_t
read_u64(struct reader *r)
{
	uint8_t b[8];

	read_bytes(r, b, sizeof b);
	return get_u64(b);
}

int
reader_done(const struct reader *r, const char *what, struct err *err)
{
	if (r->failed)
		return err_set(err, ERR_FORMAT, "%s is cut short", what);
	if (r->left.n)
		return err_set(err, ERR_FORMAT, "%s has %zu bytes too many", what, r->left.n);
	return 0;
}

void
hex_encode(char *out, struct span s)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		*out++ = digits[s.p[i] >> 4];
		*out++ = digits[s.p[i] & 15];
	}
	*out = '\0';
}

static int
digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_decode(uint8_t *out, size_t n, struct span digits)
{
	if (digits.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = digit_value(digits.p[2 * i]), lo = digit_value(digits.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}
