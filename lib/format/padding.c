/* SPDX-License-Identifier: Apache-2.0 */
/* padding: see padding.h. */
#include "format/padding.h"

static const uint16_t small_sizes[] = { 64, 128, 192, 256, 384, 512, 768, PAD_TABLE_MAX };

static unsigned
log2_floor(uint64_t n)
{
	return 63 - (unsigned)__builtin_clzll(n);
}

uint64_t
pad_size(uint64_t n)
{
	for (size_t i = 0; i < sizeof small_sizes / sizeof *small_sizes; i++)
		if (n <= small_sizes[i])
			return small_sizes[i];
	unsigned e = log2_floor(n);
	unsigned s = log2_floor(e) + 1;
	uint64_t mask = (UINT64_C(1) << (e - s)) - 1;

	return (n + mask) & ~mask;
}

bool
is_padded_size(uint64_t n)
{
	return n > 0 && n <= PAD_LENGTH_MAX && pad_size(n) == n;
}

int
pad_buf(struct buf *b, size_t from, struct err *err)
{
	size_t have = b->n - from;
	size_t extra = (size_t)pad_size(have) - have;
	uint8_t *at;

	if (buf_extend(b, extra, &at, err) < 0)
		return -1;
	if (extra)
		memset(at, 0, extra);
	return 0;
}

bool
is_all_zero(struct span s)
{
	/* The first byte is zero and each is equal to its neighbour. */
	return s.n == 0 || (s.p[0] == 0 && memcmp(s.p, s.p + 1, s.n - 1) == 0);
}
