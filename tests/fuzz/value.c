/* SPDX-License-Identifier: Apache-2.0 */
/* value: what a property says, read in all versions; base64 decoded and encoded is the same data. */
#include "item/value.h"
#include "fuzz.h"
#include "item/charset.h"

static void
look_at(const struct value *v)
{
	const char *means = v->property->name ? v->property->name : "X-UNKNOWN";
	const struct key_rules rules = { 0 };

	for (size_t i = 0; i < v->n_parts && i < 64; i++) {
		AUTO(buf_clear) struct buf key = BUF_INIT(1u << 24), text = BUF_INIT(1u << 24);

		(void)value_part(v, i);
		(void)value_is_empty(v, i);
		FUZZ_TRUE(value_key(&key, v, i, means, i % 2 ? "Boat" : NULL, &rules, NULL) == 0);
		FUZZ_TRUE(value_for_people(&text, v, i, NULL) == 0);
		FUZZ_TRUE(charset_is_utf8(buf_span(&text)));
	}
}

static void
base64(struct span text)
{
	AUTO(buf_clear) struct buf data = BUF_INIT(1u << 24), again = BUF_INIT(1u << 24);
	AUTO(buf_clear) struct buf data_again = BUF_INIT(1u << 24);

	if (value_base64_decode(&data, text, NULL) != 0)
		return;
	FUZZ_TRUE(value_base64(&again, buf_span(&data), NULL) == 0);
	FUZZ_TRUE(value_base64_decode(&data_again, buf_span(&again), NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&data), buf_span(&data_again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	AUTO(value_clear) struct value v = VALUE_INIT;
	struct span source = span_of(data, n);
	struct contentline line;

	contentline_init(&c, source, "fuzz", 1);
	while (contentline_next(&c, &line, NULL) == 0) {
		if (line.kind != CONTENTLINE_PROPERTY)
			continue;
		for (int version = ITEM_VCARD_21; version <= ITEM_VCARD_40; version++) {
			struct err err;

			if (value_read(&v, source, &line, (enum item_version)version, &err) == 0)
				look_at(&v);
			else
				FUZZ_TRUE(err.code == ERR_LIMIT);
		}
		base64(range_span(source, line.value));
	}
	return 0;
}
