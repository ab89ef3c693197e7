/* SPDX-License-Identifier: Apache-2.0 */
/* quiet: when it is time to look, on made-up clocks. */
#include "service/quiet.h"

#include "unit.h"

static void
without_a_change_there_is_nothing_to_wait_for(void **state)
{
	struct quiet q = { 0 };

	(void)state;
	assert_int_equal(quiet_until(&q), 0);
	assert_false(quiet_over(&q, 1000000));
}

static void
a_change_is_looked_at_five_seconds_later(void **state)
{
	struct quiet q = { 0 };

	(void)state;
	quiet_change(&q, 1000);
	assert_int_equal(quiet_until(&q), 6000);
	assert_false(quiet_over(&q, 5999));
	assert_true(quiet_over(&q, 6000));
	assert_false(quiet_over(&q, 6000));
}

static void
further_changes_put_it_off_but_not_beyond_thirty_seconds_after_the_first(void **state)
{
	struct quiet q = { 0 };

	(void)state;
	for (int64_t now = 1000; now < 31000; now += 500) {
		quiet_change(&q, now);
		assert_false(quiet_over(&q, now));
		assert_true(quiet_until(&q) <= 31000);
	}
	assert_true(quiet_over(&q, 31000));
}

/* Looks within @ms when there is a change in every @every_ms. */
static unsigned
looks_within(int64_t ms, int64_t every_ms)
{
	struct quiet q = { 0 };
	unsigned n = 0;

	for (int64_t now = every_ms; now <= ms; now += every_ms) {
		quiet_change(&q, now);
		n += quiet_over(&q, now);
	}
	return n;
}

static void
a_folder_that_never_rests_is_looked_at_ever_more_seldom(void **state)
{
	const int64_t hour = 3600 * 1000;

	(void)state;
	/* A minute, two, four, eight, and then each quarter of an hour. */
	assert_in_range(looks_within(hour, 1000), 5, 8);
	assert_in_range(looks_within(24 * hour, 1000), 24 * 4 - 1, 24 * 4 + 5);
}

static void
changes_far_apart_are_looked_at_each_time(void **state)
{
	struct quiet q = { 0 };

	(void)state;
	for (int64_t now = 60000; now < 24 * 3600 * 1000; now += 60000) {
		quiet_change(&q, now);
		assert_true(quiet_over(&q, now + QUIET_MS));
		assert_int_equal(q.pause_ms, QUIET_PAUSE_MS);
	}
}

static void
when_a_folder_rests_again_the_pause_is_short_again(void **state)
{
	struct quiet q = { 0 };
	int64_t now = 1000;

	(void)state;
	for (; now < 3600 * 1000; now += 1000) {
		quiet_change(&q, now);
		quiet_over(&q, now);
	}
	assert_int_equal(q.pause_ms, QUIET_PAUSE_MAX);
	now += 2 * QUIET_PAUSE_MAX;
	assert_true(quiet_over(&q, now)); /* the last of them */
	now += 2 * QUIET_PAUSE_MAX;
	quiet_change(&q, now);
	assert_true(quiet_over(&q, now + QUIET_MS));
	assert_int_equal(q.pause_ms, QUIET_PAUSE_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_change_there_is_nothing_to_wait_for),
		cmocka_unit_test(a_change_is_looked_at_five_seconds_later),
		cmocka_unit_test(
			further_changes_put_it_off_but_not_beyond_thirty_seconds_after_the_first),
		cmocka_unit_test(a_folder_that_never_rests_is_looked_at_ever_more_seldom),
		cmocka_unit_test(changes_far_apart_are_looked_at_each_time),
		cmocka_unit_test(when_a_folder_rests_again_the_pause_is_short_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
