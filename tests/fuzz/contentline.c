/* SPDX-License-Identifier: Apache-2.0 */
/* contentline: the ranges joined are the source, whatever it is. */
#include "item/contentline.h"
#include "fuzz.h"

static void
look_at(struct span source, const struct contentline *line)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(1u << 24);
	struct span params = line->params, element;
	struct contentline_param p;

	FUZZ_TRUE(line->value.start >= line->range.start && line->value.end <= line->range.end &&
		  line->value.start <= line->value.end);
	while (contentline_param_next(&params, &p)) {
		size_t left = p.value.n + 2;

		while (contentline_param_element(&p.value, &element))
			FUZZ_TRUE(left-- > 0);
	}
	for (int keep_blank = 0; keep_blank < 2; keep_blank++) {
		buf_reset(&text);
		FUZZ_TRUE(contentline_unfold(&text, range_span(source, line->value), line->encoding,
					     keep_blank, NULL) == 0);
		FUZZ_TRUE(text.n <= line->value.end - line->value.start);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct span source = span_of(data, n);
	struct contentline line;
	struct err err;
	size_t at = 0, lines = 0;
	int rc;

	contentline_init(&c, source, "fuzz", 1);
	while ((rc = contentline_next(&c, &line, &err)) == 0) {
		FUZZ_TRUE(line.range.start == (lines++ ? at : line.range.start));
		FUZZ_TRUE(line.range.end > line.range.start && line.range.end <= n);
		at = line.range.end;
		if (line.kind == CONTENTLINE_PROPERTY)
			look_at(source, &line);
		contentline_syntax(&err, source, "fuzz", 1, line.value.end, "something");
	}
	FUZZ_TRUE(rc == CONTENTLINE_END && (lines == 0 || at == n));
	return 0;
}
