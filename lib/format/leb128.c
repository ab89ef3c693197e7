/* SPDX-License-Identifier: Apache-2.0 */
/* leb128: see leb128.h. */
#include "format/leb128.h"

size_t
leb128_put(uint8_t out[static LEB128_BYTES_MAX], uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		out[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	out[n++] = (uint8_t)v;
	return n;
}

int
buf_append_leb128(struct buf *b, uint64_t v, struct err *err)
{
	uint8_t bytes[LEB128_BYTES_MAX];

	return buf_append(b, span_of(bytes, leb128_put(bytes, v)), err);
}

uint64_t
read_leb128(struct reader *r, size_t max_bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < max_bytes && i < LEB128_BYTES_MAX; i++) {
		uint8_t c = read_u8(r);

		if (r->failed)
			return 0;
		if (i == LEB128_BYTES_MAX - 1 && c > 1)
			break; /* past 64 bits */
		v |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c < 0x80) {
			if (c == 0 && i > 0)
				break; /* not the shortest form */
			return v;
		}
	}
	r->failed = true;
	return 0;
}
