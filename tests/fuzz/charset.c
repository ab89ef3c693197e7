/* SPDX-License-Identifier: Apache-2.0 */
/* charset: whatever comes in is UTF-8 when it comes out; a file opened and closed opens the same. */
#include "item/charset.h"
#include "fuzz.h"

static void
open_and_close(struct span file)
{
	AUTO(buf_clear) struct buf storage = BUF_INIT(2 * file.n + 16);
	AUTO(buf_clear) struct buf closed = BUF_INIT(4 * file.n + 16);
	AUTO(buf_clear) struct buf storage_again = BUF_INIT(8 * file.n + 64);
	enum charset_form form, form_again;
	struct span text, again;

	FUZZ_TRUE(charset_open(&text, &form, &storage, file, NULL) == 0);
	FUZZ_TRUE(form == CHARSET_BYTES || charset_is_utf8(text));
	FUZZ_TRUE(charset_close(&closed, text, form, NULL) == 0);
	FUZZ_TRUE(charset_open(&again, &form_again, &storage_again, buf_span(&closed), NULL) == 0);
	FUZZ_TRUE(form_again == form && span_equal(again, text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span name = span_of(data, n);
	const uint8_t *end = n ? memchr(data, '\n', n) : NULL;
	AUTO(buf_clear) struct buf text = BUF_INIT(8 * n + 16);
	bool guessed = false;

	open_and_close(span_of(data, n));
	if (!end)
		return 0;
	name.n = (size_t)(end - data);
	FUZZ_TRUE(charset_decode(&text, span_skip(span_of(data, n), name.n + 1), name, &guessed,
				 NULL) == 0);
	FUZZ_TRUE(charset_is_utf8(buf_span(&text)));
	return 0;
}
