/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/array.h"
#include "base/buf.h"

static void
grows_to_its_ceiling_and_not_past_it(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1000);
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_append_byte(&b, (uint8_t)i, &err), 0);
	assert_int_equal(b.n, 1000);
	assert_true(b.cap <= 1001);
	assert_int_equal(buf_append_byte(&b, 0, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_string_equal(err.msg, "more than 1000 bytes");
	assert_int_equal(b.n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(b.p[i], (uint8_t)i);
}

static void
refuses_a_huge_reserve_before_taking_memory(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(64);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(buf_append_str(&b, "abc", &err), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX, &err), -1);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 2, &err), -1);
	assert_int_equal(buf_reserve(&b, 62, &err), -1);
	assert_int_equal(buf_reserve(&b, 61, &err), 0);
	assert_string_equal(buf_str(&b), "abc");
}

static void
is_a_c_string_whatever_was_appended(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(100);
	struct err err = { 0 };

	(void)state;
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_append_fmt(&b, &err, "%d items, %s", 12, "done"), 0);
	assert_string_equal(buf_str(&b), "12 items, done");
	buf_reset(&b);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_append_u32(&b, 0x04030201, &err), 0);
	assert_memory_equal(b.p, "\1\2\3\4", 5);
}

static void
an_array_grows_zeroed_to_its_ceiling(void **state)
{
	AUTO(free) int *n = NULL;
	size_t cap = 0;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(array_reserve((void **)&n, &cap, i + 1, sizeof *n, 100, &err), 0);
		assert_int_equal(n[i], 0);
		n[i] = (int)i + 1;
	}
	assert_int_equal(cap, 100);
	assert_int_equal(array_reserve((void **)&n, &cap, 101, sizeof *n, 100, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_ceiling_and_not_past_it),
		cmocka_unit_test(refuses_a_huge_reserve_before_taking_memory),
		cmocka_unit_test(is_a_c_string_whatever_was_appended),
		cmocka_unit_test(an_array_grows_zeroed_to_its_ceiling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
