/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"
#include "unit.h"

#include <stdlib.h>
#include <time.h>

static void
bytes_have_two_or_three_digits(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.0 kB" },
		{ 1234, "1.2 kB" },
		{ 9949, "9.9 kB" },
		{ 9950, "10 kB" },
		{ 999499, "999 kB" },
		{ 999500, "1.0 MB" },
		{ 20400000, "20 MB" },
		{ 1234567890123, "1.2 TB" },
		{ UINT64_MAX, "18 EB" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		assert_string_equal(show_bytes(cases[i].n).s, cases[i].text);
}

static void
counts_are_grouped_by_three(void **state)
{
	(void)state;
	assert_string_equal(show_count(0).s, "0");
	assert_string_equal(show_count(999).s, "999");
	assert_string_equal(show_count(1000).s, "1,000");
	assert_string_equal(show_count(1234567).s, "1,234,567");
	assert_string_equal(show_count(UINT64_MAX).s, "18,446,744,073,709,551,615");
}

static void
moments_are_shown_in_local_time(void **state)
{
	(void)state;
	setenv("TZ", "CET-1", 1);
	tzset();
	assert_string_equal(show_when(1764104400000).s, "2025-11-25 22:00");
	assert_string_equal(show_when(0).s, "-");
}

static void
durations_have_two_units_at_most(void **state)
{
	(void)state;
	assert_string_equal(show_duration(0).s, "0 s");
	assert_string_equal(show_duration(59499).s, "59 s");
	assert_string_equal(show_duration(200000).s, "3 min 20 s");
	assert_string_equal(show_duration(7500000).s, "2 h 5 min");
}

static void
a_saving_is_told_only_where_there_is_one(void **state)
{
	(void)state;
	assert_string_equal(show_saving(100, 3400).s, "34 times less");
	assert_string_equal(show_saving(100, 250).s, "2.5 times less");
	assert_string_equal(show_saving(100, 100).s, "");
	assert_string_equal(show_saving(100, 50).s, "");
	assert_string_equal(show_saving(0, 50).s, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_have_two_or_three_digits),
		cmocka_unit_test(counts_are_grouped_by_three),
		cmocka_unit_test(moments_are_shown_in_local_time),
		cmocka_unit_test(durations_have_two_units_at_most),
		cmocka_unit_test(a_saving_is_told_only_where_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
