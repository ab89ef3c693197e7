/* SPDX-License-Identifier: Apache-2.0 */
/* key: normalising a text twice is normalising it once (numbers, addresses and dates apart: there
 * the normal form is no value of its own). */
#include "item/key.h"
#include "fuzz.h"
#include "item/charset.h"

typedef int key_fn(struct buf *out, struct span value, struct err *err);

static void
twice_is_once(key_fn *fn, struct span value)
{
	AUTO(buf_clear) struct buf once = BUF_INIT(1u << 24), twice = BUF_INIT(1u << 24);

	FUZZ_TRUE(fn(&once, value, NULL) == 0);
	FUZZ_TRUE(fn(&twice, buf_span(&once), NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&once), buf_span(&twice)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1u << 24);
	const struct key_rules rules = { 0 };
	struct span value = span_of(data, n);

	if (!charset_is_utf8(value))
		return 0;
	FUZZ_TRUE(key_tel(&out, value, &rules, NULL) == 0);
	FUZZ_TRUE(key_email(&out, value, NULL) == 0);
	FUZZ_TRUE(key_url(&out, value, NULL) == 0);
	FUZZ_TRUE(key_impp(&out, value, NULL, NULL) == 0);
	FUZZ_TRUE(key_impp(&out, value, "xmpp", NULL) == 0);
	FUZZ_TRUE(key_date(&out, value, false, NULL) == 0);
	FUZZ_TRUE(key_date(&out, value, true, NULL) == 0);
	twice_is_once(key_text, value);
	twice_is_once(key_exact, value);
	twice_is_once(key_words, value);
	twice_is_once(key_name, value);
	return 0;
}
