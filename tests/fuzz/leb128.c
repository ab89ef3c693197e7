/* SPDX-License-Identifier: Apache-2.0 */
/* leb128: what is accepted is written with the same bytes; ids and numbers in hexadecimal. */
#include "format/leb128.h"
#include "format/id.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = span_of(data, n);
	struct reader r = reader_of(all);
	uint8_t again[LEB128_BYTES_MAX], bytes[64];
	struct id16 id;
	struct hash32 hash;

	while (r.left.n > 0 && !r.failed) {
		struct span before = r.left;
		uint64_t v = read_leb128(&r, LEB128_BYTES_MAX);
		size_t n_again = leb128_put(again, v);

		if (!r.failed)
			FUZZ_TRUE(span_equal(span_of(again, n_again),
					     span_of(before.p, before.n - r.left.n)));
	}
	if (id16_from_hex(&id, all))
		FUZZ_TRUE(strncasecmp(id16_hex(&id).s, (const char *)data, 32) == 0);
	if (hash32_from_hex(&hash, all))
		FUZZ_TRUE(strncasecmp(hash32_hex(&hash).s, (const char *)data, 64) == 0);
	for (size_t i = 0; i <= 64; i++)
		FUZZ_TRUE(!hex_decode(bytes, i, all) || n == 2 * i);
	return 0;
}
