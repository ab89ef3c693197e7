/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipe: every large value of any text, cut out and written again, is the same bytes.
 *
 * The first byte chooses: an encoded recipe and the data to apply it to, or a text to search.
 */
#include "item/recipe.h"
#include "fuzz.h"

static int
on_value(void *ctx, struct range range, const struct recipe *recipe, struct span decoded,
	 struct err *err)
{
	struct span text = *(struct span *)ctx;
	AUTO(buf_clear) struct buf out = BUF_INIT(1u << 24);
	uint8_t bytes[RECIPE_BYTES_MAX];
	struct recipe again;

	FUZZ_TRUE(range.start <= range.end && range.end <= text.n);
	FUZZ_TRUE(recipe_decode(&again, span_of(bytes, recipe_encode(bytes, recipe)), err) == 0);
	FUZZ_TRUE(recipe_apply(&out, &again, decoded, err) == 0);
	FUZZ_TRUE(span_equal(buf_span(&out), range_span(text, range)));
	return 0;
}

static void
apply(struct reader *r)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1u << 20);
	struct span encoded = fuzz_first_part(r);
	uint8_t again[RECIPE_BYTES_MAX];
	struct recipe recipe;

	if (recipe_decode(&recipe, encoded, NULL) < 0)
		return;
	FUZZ_TRUE(span_equal(span_of(again, recipe_encode(again, &recipe)), encoded));
	recipe_apply(&out, &recipe, r->left, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct reader r = reader_of(span_of(data, n));

	if (read_u8(&r) & 1)
		apply(&r);
	else
		FUZZ_TRUE(recipe_find(r.left, 8, on_value, &r.left, NULL) == 0);
	return 0;
}
