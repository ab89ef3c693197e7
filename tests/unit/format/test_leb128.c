/* SPDX-License-Identifier: Apache-2.0 */
#include "format/leb128.h"

#include "unit.h"

static void
numbers_come_back(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift < 64; shift++)
		for (int d = -1; d <= 1; d++) {
			uint64_t v = (UINT64_C(1) << shift) + (uint64_t)(int64_t)d;
			uint8_t bytes[LEB128_BYTES_MAX];
			size_t n = leb128_put(bytes, v);
			struct reader r = reader_of(span_of(bytes, n));

			assert_int_equal(read_leb128(&r, LEB128_BYTES_MAX), v);
			assert_true(!r.failed && r.left.n == 0);
		}
}

static void
other_forms_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, max;
	} cases[] = {
		{ "", 0, 4 },                     /* nothing */
		{ "\x80", 1, 4 },                 /* cut short */
		{ "\x80\x00", 2, 4 },             /* zero, too long */
		{ "\xff\x80\x00", 3, 4 },         /* 127, too long */
		{ "\xff\xff\xff\xff\x01", 5, 4 }, /* more bytes than allowed */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, 10 }, /* 65 bits */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 11 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct reader r = reader_of(span_of(cases[i].bytes, cases[i].n));

		assert_int_equal(read_leb128(&r, cases[i].max), 0);
		assert_true(r.failed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_come_back),
		cmocka_unit_test(other_forms_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
