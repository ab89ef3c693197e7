/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chromium's bookmarks: what parses is written, and what was written parses and is written the same;
 * its checksum can be made of it.
 */
#include "apps/chromium_json.h"
#include "fuzz.h"

static int
keep(void *ctx, struct span piece, struct err *err)
{
	return buf_append(ctx, piece, err);
}

/* Piece by piece it parses as it does at once. */
static void
in_pieces(struct span text, bool parses)
{
	AUTO(chromium_reader_clear) struct chromium_reader r = { .tokener = NULL };
	AUTO(chromium_free) struct json_object *tree = NULL;
	struct err err = { 0 };
	int rc = chromium_reader_begin(&r, &err);

	while (rc == 0 && text.n) {
		size_t n = text.n < 7 ? text.n : 7;

		rc = chromium_reader_feed(&r, span_of(text.p, n), &err);
		text = span_skip(text, n);
	}
	if (rc == 0)
		rc = chromium_reader_end(&tree, &r, &err);
	FUZZ_TRUE((rc == 0) == parses);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(chromium_free) struct json_object *tree = NULL, *again = NULL;
	AUTO(buf_clear) struct buf first = BUF_INIT(1 << 26), second = BUF_INIT(1 << 26);
	char sum[CHROMIUM_CHECKSUM_BYTES], sum_again[CHROMIUM_CHECKSUM_BYTES];
	struct err err = { 0 };

	int rc = chromium_parse(&tree, span_of(data, n), &err);

	in_pieces(span_of(data, n), rc == 0);
	if (rc < 0)
		return 0;
	FUZZ_TRUE(chromium_checksum(sum, tree, &err) == 0);
	if (chromium_print(tree, keep, &first, &err) < 0) /* deep ones grow by their indentation */
		return 0;
	FUZZ_TRUE(chromium_parse(&again, buf_span(&first), &err) == 0);
	FUZZ_TRUE(chromium_print(again, keep, &second, &err) == 0);
	FUZZ_TRUE(span_equal(buf_span(&first), buf_span(&second)));
	FUZZ_TRUE(chromium_checksum(sum_again, again, &err) == 0 && strcmp(sum, sum_again) == 0);
	return 0;
}
