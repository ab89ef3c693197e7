/* SPDX-License-Identifier: Apache-2.0 */
/* zone: local times of day as moments, where a day has 23, 24 or 25 hours. */
#include "unit.h"

#include "auto/zone.h"
#include "base/when.h"
#include "zones.h"

static int64_t
at(const char *text)
{
	int64_t ms;

	assert_int_equal(when_parse(&ms, span_str(text), NULL), 0);
	return ms;
}

static void
a_time_of_day_is_the_first_moment_at_which_the_clock_shows_it_or_more(void **state)
{
	static const struct {
		const char *zone, *day;
		int minute;
		const char *moment;
	} cases[] = {
		{ ZONE_UTC, "2026-11-26", 150, "2026-11-26T02:30:00Z" },
		{ ZONE_BERLIN, "2026-11-26", 150, "2026-11-26T01:30:00Z" },
		{ ZONE_BERLIN, "2026-07-01", 150, "2026-07-01T00:30:00Z" },
		{ ZONE_NEPAL, "2026-07-01", 0, "2026-06-30T18:15:00Z" },
		/* 02:00 to 03:00 is left out: the clock goes from 01:59 to 03:00 */
		{ ZONE_BERLIN, "2026-03-29", 119, "2026-03-29T00:59:00Z" },
		{ ZONE_BERLIN, "2026-03-29", 120, "2026-03-29T01:00:00Z" },
		{ ZONE_BERLIN, "2026-03-29", 150, "2026-03-29T01:00:00Z" },
		{ ZONE_BERLIN, "2026-03-29", 180, "2026-03-29T01:00:00Z" },
		{ ZONE_BERLIN, "2026-03-29", 181, "2026-03-29T01:01:00Z" },
		/* 02:00 to 03:00 comes twice */
		{ ZONE_BERLIN, "2026-10-25", 150, "2026-10-25T00:30:00Z" },
		{ ZONE_BERLIN, "2026-10-25", 180, "2026-10-25T02:00:00Z" },
		{ ZONE_NEW_YORK, "2026-03-08", 150, "2026-03-08T07:00:00Z" },
		{ ZONE_NEW_YORK, "2026-11-01", 90, "2026-11-01T05:30:00Z" },
		{ ZONE_LORDHOWE, "2026-10-04", 130, "2026-10-03T15:30:00Z" },
		/* midnight itself is left out */
		{ ZONE_HAVANA, "2026-03-08", 0, "2026-03-08T05:00:00Z" },
		{ ZONE_HAVANA, "2026-03-08", 30, "2026-03-08T05:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		char shown[WHEN_TEXT_BYTES];

		zone_use(cases[i].zone);
		when_print(shown, zone_moment(at(cases[i].day) / 86400000, cases[i].minute));
		if (strcmp(shown, cases[i].moment) != 0)
			fail_msg("%s %s %d: %s, not %s", cases[i].zone, cases[i].day,
				 cases[i].minute, shown, cases[i].moment);
	}
}

static void
every_minute_of_a_year_has_the_moment_that_searching_finds(void **state)
{
	const int64_t minute_ms = 60000, from = at("2027-01-01"), until = at("2028-01-01");

	(void)state;
	for (size_t z = 0; z < N_ELEMENTS(zones); z++) {
		int64_t day, newest_day;
		int minute, newest_minute;

		zone_use(zones[z]);
		zone_local(&newest_day, &newest_minute, from - minute_ms);
		/* Whenever the clock shows more than ever before, all that it passed begins here. */
		for (int64_t t = from; t < until; t += minute_ms) {
			zone_local(&day, &minute, t);
			while (newest_day * 1440 + newest_minute < day * 1440 + minute) {
				newest_day += ++newest_minute == 1440;
				newest_minute %= 1440;
				if (zone_moment(newest_day, newest_minute) != t)
					fail_msg("%s: day %d, minute %d", zones[z], (int)newest_day,
						 newest_minute);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_time_of_day_is_the_first_moment_at_which_the_clock_shows_it_or_more),
		cmocka_unit_test(every_minute_of_a_year_has_the_moment_that_searching_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
