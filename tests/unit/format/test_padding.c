/* SPDX-License-Identifier: Apache-2.0 */
#include "format/padding.h"

#include "unit.h"

static void
sizes_are_the_published_ones(void **state)
{
	static const struct {
		uint64_t length, size;
	} cases[] = {
		{ 0, 64 },
		{ 1, 64 },
		{ 64, 64 },
		{ 65, 128 },
		{ 128, 128 },
		{ 129, 192 },
		{ 193, 256 },
		{ 257, 384 },
		{ 385, 512 },
		{ 513, 768 },
		{ 769, 1024 },
		{ 1024, 1024 },
		/* Padmé: e = 10, s = 4, so multiples of 64; from 4096 on (e = 12) of 256 */
		{ 1025, 1088 },
		{ 1088, 1088 },
		{ 2047, 2048 },
		{ 4097, 4352 },
		{ 65535, 65536 },
		{ 65536, 65536 },
		/* e = 16, s = 5: multiples of 2048 */
		{ 65537, 67584 },
		{ 256 << 10, 256 << 10 },
		{ 4 << 20, 4 << 20 },
		/* e = 26, s = 5: multiples of 2 MiB */
		{ (64 << 20) + 1, 66 << 20 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		assert_int_equal(pad_size(cases[i].length), cases[i].size);
}

/* Padmé as its paper words it, with floating logarithms replaced by counting. */
static uint64_t
padme(uint64_t n)
{
	unsigned e = 0, s = 0;

	while (n >> (e + 1))
		e++;
	while (e >> (s + 1))
		s++;
	s++;
	uint64_t step = UINT64_C(1) << (e - s);
	return n % step ? n + step - n % step : n;
}

static void
a_size_is_padded_if_and_only_if_it_is_its_own_padding(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (uint64_t n = 1; n < 200000; n++) {
		uint64_t size = pad_size(n);

		assert_true(size >= n && size >= last);
		assert_int_equal(pad_size(size), size);
		assert_true(is_padded_size(size));
		assert_int_equal(is_padded_size(n), size == n);
		if (n > PAD_TABLE_MAX)
			assert_int_equal(size, padme(n));
		last = size;
	}
	assert_false(is_padded_size(0));
	assert_false(is_padded_size(UINT64_MAX));
}

static void
padding_costs_at_most_what_is_promised(void **state)
{
	(void)state;
	for (uint64_t n = 1025; n < UINT64_C(1) << 40; n += n / 7) {
		double cost = (double)(pad_size(n) - n) / (double)n;

		assert_true(cost <= 0.12);
		assert_true(n < UINT64_C(64) << 20 || cost <= 0.032);
	}
}

static void
a_buffer_is_padded_with_zeros_from_where_it_is_told(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1024);
	struct err err;

	(void)state;
	assert_int_equal(buf_append_str(&b, "before", NULL), 0);
	assert_int_equal(buf_append_str(&b, "padded", NULL), 0);
	assert_int_equal(pad_buf(&b, 6, &err), 0);
	assert_int_equal(b.n, 6 + 64);
	assert_memory_equal(b.p, "beforepadded", 12);
	assert_true(is_all_zero(span_skip(buf_span(&b), 12)));
	assert_false(is_all_zero(span_skip(buf_span(&b), 11)));
	assert_true(is_all_zero(span_of(NULL, 0)));
	assert_int_equal(buf_append_byte(&b, 1, NULL), 0);
	assert_false(is_all_zero(span_skip(buf_span(&b), 12)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_the_published_ones),
		cmocka_unit_test(a_size_is_padded_if_and_only_if_it_is_its_own_padding),
		cmocka_unit_test(padding_costs_at_most_what_is_promised),
		cmocka_unit_test(a_buffer_is_padded_with_zeros_from_where_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
