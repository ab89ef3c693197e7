/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "item/value.h"

/* What libsodium says of @text, '=' at its end dropped: 0 and the bytes, or 1. */
static int
sodium_says(struct buf *out, struct span text)
{
	uint8_t *at;
	size_t n = 0;
	const char *end = NULL;

	while (text.n && text.p[text.n - 1] == '=')
		text.n--;
	assert_int_equal(buf_extend(out, text.n + 1, &at, NULL), 0);
	int rc = sodium_base642bin(at, text.n + 1, (const char *)text.p, text.n, NULL, &n, &end,
				   sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	out->n = n;
	return rc == 0 && end == (const char *)text.p + text.n ? 0 : 1;
}

static void
base64_is_read_as_strictly_as_libsodium_reads_it(void **state)
{
	static const char letters[] = "ABCDwxyz0189+/QgAA", others[] = "= \n-_*\t\r.";
	unsigned seed = (unsigned)time(NULL), good = 0, bad = 0;

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 50000; i++) {
		AUTO(buf_clear) struct buf ours = BUF_INIT(100), theirs = BUF_INIT(100);
		char text[24];
		size_t n = (size_t)random() % sizeof text;
		for (size_t k = 0; k < n; k++)
			text[k] = random() % 40 ? letters[(size_t)random() % (sizeof letters - 1)]
						: others[(size_t)random() % (sizeof others - 1)];
		struct span s = span_of(text, n);
		int want = sodium_says(&theirs, s);
		assert_int_equal(value_base64_decode(&ours, s, NULL), want);
		if (want == 0)
			assert_true(span_equal(buf_span(&ours), buf_span(&theirs)));
		else
			assert_int_equal(ours.n, 0);
		*(want == 0 ? &good : &bad) += 1;
	}
	assert_true(good > 1000 && bad > 1000);
}

static void
base64_comes_back_as_it_was(void **state)
{
	uint8_t bytes[70];

	(void)state;
	randombytes_buf(bytes, sizeof bytes);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		AUTO(buf_clear) struct buf text = BUF_INIT(200), again = BUF_INIT(200);
		assert_int_equal(value_base64(&text, span_of(bytes, n), NULL), 0);
		assert_int_equal(text.n, (n + 2) / 3 * 4);
		assert_int_equal(value_base64_decode(&again, buf_span(&text), NULL), 0);
		assert_true(span_equal(buf_span(&again), span_of(bytes, n)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_read_as_strictly_as_libsodium_reads_it),
		cmocka_unit_test(base64_comes_back_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
