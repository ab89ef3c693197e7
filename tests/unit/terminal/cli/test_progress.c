/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"
#include "unit.h"

static void
the_line_tells_items_bytes_rate_and_time_left(void **state)
{
	struct progress_state s = {
		.what = "sending",
		.items_done = 3,
		.items_total = 12,
		.bytes_done = 1000000,
		.bytes_total = 4000000,
	};
	char line[200];

	(void)state;
	progress_line(line, sizeof line, &s, 2000);
	assert_string_equal(line, "sending  3 of 12 items  1.0 MB of 4.0 MB  500 kB/s  6 s left");
}

static void
what_is_not_known_yet_is_not_shown(void **state)
{
	struct progress_state nothing = { .what = "looking for changes" };
	struct progress_state early = { .what = "sending", .bytes_done = 10, .bytes_total = 20 };
	char line[200];

	(void)state;
	progress_line(line, sizeof line, &nothing, 5000);
	assert_string_equal(line, "looking for changes");
	progress_line(line, sizeof line, &early, 500);
	assert_string_equal(line, "sending  10 B of 20 B");
}

static void
a_line_is_cut_rather_than_overrun(void **state)
{
	struct progress_state s = { .what = "sending", .items_done = 1, .items_total = 2 };
	char line[10];

	(void)state;
	progress_line(line, sizeof line, &s, 0);
	assert_string_equal(line, "sending  ");
}

static void
nothing_is_written_where_nobody_looks(void **state)
{
	struct progress_state s = { .what = "sending" };
	struct progress p;

	(void)state;
	progress_begin(&p, false);
	progress_update(&p, &s);
	assert_int_equal(p.last_ms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_tells_items_bytes_rate_and_time_left),
		cmocka_unit_test(what_is_not_known_yet_is_not_shown),
		cmocka_unit_test(a_line_is_cut_rather_than_overrun),
		cmocka_unit_test(nothing_is_written_where_nobody_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
