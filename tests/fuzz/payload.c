/* SPDX-License-Identifier: Apache-2.0 */
/* payload: segments of any form, put together from chunks of a few sizes; built, they come back. */
#include "format/payload.h"
#include "fuzz.h"

#define N_ENTRIES 5

static int
chunk(void *ctx, uint32_t i, struct span *plain, struct err *err)
{
	struct span all = *(struct span *)ctx;

	(void)err;
	FUZZ_TRUE(i < N_ENTRIES);
	*plain = span_of(all.p, all.n < i * 100 ? all.n : i * 100);
	return 0;
}

static int
encode(void *ctx, struct span recipe, struct span decoded, struct buf *out, struct err *err)
{
	(void)ctx;
	FUZZ_TRUE(recipe.n <= PAYLOAD_RECIPE_MAX && decoded.n <= PAYLOAD_VALUE_BYTES_MAX);
	return buf_append(out, decoded, err) < 0 ? -1 : buf_append(out, recipe, err);
}

static void
take_apart(struct span payload, uint32_t size_bytes)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1u << 22), again = BUF_INIT(1u << 22);
	const struct payload_source source = { &payload, chunk, encode };
	const struct payload_sink sink = { &out, payload_to_buf };
	struct payload_segment s;
	struct span rest = payload;
	int rc;

	while ((rc = payload_next(&s, &rest, NULL)) == 0)
		FUZZ_TRUE(payload_segment_append(&again, &s, NULL) == 0);
	if (rc == PAYLOAD_END)
		FUZZ_TRUE(span_equal(buf_span(&again), payload));
	if (payload_assemble(payload, size_bytes, N_ENTRIES, &source, &sink, NULL) == 0) {
		FUZZ_TRUE(payload_check(payload, N_ENTRIES, NULL) == 0);
		FUZZ_TRUE(out.n == size_bytes);
	}
}

/* A literal with one cut that is all of its own bytes. */
static void
build(struct span original)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(1u << 22);
	struct payload_cut cut = { original.n / 3, original.n / 2, 1, 2, original };

	if (cut.from == cut.to || original.n > PAYLOAD_RECIPE_MAX)
		return;
	FUZZ_TRUE(payload_build(&payload, original, &cut, 1, NULL) == 0);
	FUZZ_TRUE(payload_check(buf_span(&payload), 3, NULL) == 0);
	FUZZ_TRUE(payload_check(buf_span(&payload), 2, NULL) < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct reader r = reader_of(span_of(data, n));
	uint32_t size_bytes = read_u16(&r);

	take_apart(r.left, size_bytes);
	build(r.left);
	return 0;
}
