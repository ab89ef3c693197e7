/* SPDX-License-Identifier: Apache-2.0 */
/* taken: whatever a file is, what comes out is a time or nothing, after little reading. */
#include "apps/taken.h"
#include "fuzz.h"

static bool
read_at(void *ctx, uint64_t at, uint8_t *out, size_t n)
{
	const struct span *file = ctx;

	FUZZ_TRUE(at <= file->n && n <= file->n - at);
	memcpy(out, file->p + at, n);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span file = span_of(data, n);
	struct taken_file f = { .read = read_at, .ctx = &file, .size = n };
	char out[APP_TAKEN_BYTES];

	taken_of(out, &f);
	FUZZ_TRUE(taken_is_valid(span_str(out)));
	FUZZ_TRUE(f.windows <= TAKEN_WINDOWS_MAX + TAKEN_LOOKS_MAX);
	return 0;
}
