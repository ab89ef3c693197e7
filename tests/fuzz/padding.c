/* SPDX-License-Identifier: Apache-2.0 */
/* padding: a padded size is the smallest published one that holds the length, and never 12 % more. */
#include "format/padding.h"
#include "fuzz.h"

static void
size(uint64_t n)
{
	uint64_t padded = pad_size(n);

	FUZZ_TRUE(padded >= n && is_padded_size(padded) && pad_size(padded) == padded);
	FUZZ_TRUE(n <= PAD_TABLE_MAX || padded - n <= n / 100 * 12 + 12);
	FUZZ_TRUE(n == 0 || pad_size(n - 1) <= padded);
	if (padded > PAD_BYTES_MIN)
		FUZZ_TRUE(pad_size(padded - 1) == padded);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1u << 24);
	struct reader r = reader_of(span_of(data, n));
	size_t from = n ? data[0] % n : 0;

	FUZZ_TRUE(buf_append(&b, span_of(data, n), NULL) == 0 && pad_buf(&b, from, NULL) == 0);
	FUZZ_TRUE(is_padded_size(b.n - from) && is_all_zero(span_skip(buf_span(&b), n)));
	while (r.left.n >= 8) {
		uint64_t v = read_u64(&r);

		size(v % (PAD_LENGTH_MAX + 1));
		size(v >> (v & 63) & (PAD_LENGTH_MAX - 1));
	}
	return 0;
}
