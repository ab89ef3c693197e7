/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/bytes.h"

static void
integers_are_little_endian_both_ways(void **state)
{
	uint8_t p[8];

	(void)state;
	put_u64(p, 0x8877665544332211u);
	assert_memory_equal(p, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	assert_true(get_u64(p) == 0x8877665544332211u);
	assert_int_equal(get_u32(p), 0x44332211);
	assert_int_equal(get_u16(p), 0x2211);
}

static void
a_reader_never_runs_past_the_end(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 4, 5 };
	struct err err = { 0 };

	(void)state;
	struct reader r = reader_of(SPAN_ARRAY(bytes));
	assert_int_equal(read_u32(&r), 0x04030201);
	assert_int_equal(reader_done(&r, "it", &err), -1);
	assert_string_equal(err.msg, "it has 1 bytes too many");
	assert_int_equal(read_u16(&r), 0);
	assert_true(r.failed);
	assert_int_equal(read_u8(&r), 0); /* stays failed although one byte is left */
	assert_int_equal(reader_done(&r, "it", &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_string_equal(err.msg, "it is cut short");

	r = reader_of(SPAN_ARRAY(bytes));
	assert_int_equal(read_span(&r, SIZE_MAX).n, 0);
	assert_true(r.failed);
}

static void
hexadecimal_round_trips_and_refuses_the_rest(void **state)
{
	char text[9];
	uint8_t out[4];

	(void)state;
	hex_encode(text, span_of("\x00\x9f\xff\x10", 4));
	assert_string_equal(text, "009fff10");
	assert_true(hex_decode(out, 4, span_str("009FfF10")));
	assert_memory_equal(out, "\x00\x9f\xff\x10", 4);
	assert_false(hex_decode(out, 4, span_str("009fff1")));
	assert_false(hex_decode(out, 4, span_str("009fff100")));
	assert_false(hex_decode(out, 4, span_str("009fff1g")));
	assert_false(hex_decode(out, 4, span_str("009fff1 ")));
}

static void
spans_compare_bytewise_and_shorter_first(void **state)
{
	(void)state;
	assert_true(span_compare(span_str("a"), span_str("ab")) < 0);
	assert_true(span_compare(span_str("b"), span_str("ab")) > 0);
	assert_true(span_compare(span_str("\xff"), span_str("a")) > 0);
	assert_int_equal(span_compare(span_str(""), span_of(NULL, 0)), 0);
	assert_true(span_equal(span_of(NULL, 0), span_str("")));
	assert_int_equal(span_skip(span_str("abc"), 7).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_little_endian_both_ways),
		cmocka_unit_test(a_reader_never_runs_past_the_end),
		cmocka_unit_test(hexadecimal_round_trips_and_refuses_the_rest),
		cmocka_unit_test(spans_compare_bytewise_and_shorter_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
