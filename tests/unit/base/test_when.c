/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/when.h"

static void
known_moments_print_and_parse(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782400000, "2000-02-29T00:00:00Z" },
		{ 1764104753123, "2025-11-25T21:05:53.123Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		char text[WHEN_TEXT_BYTES];
		int64_t ms = -1;
		struct err err = { 0 };
		when_print(text, cases[i].ms);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(when_parse(&ms, span_str(text), &err), 0);
		assert_true(ms == cases[i].ms);
	}
}

static void
offsets_and_bare_dates_are_understood(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "2025-11-25", 1764028800000 },
		{ "2025-11-25T22:05:53.123456+01:00", 1764104753123 },
		{ "2025-11-25t15:35:53.1-05:30", 1764104753100 },
		{ "2025-11-25 21:05:53Z", 1764104753000 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		int64_t ms = -1;
		struct err err = { 0 };
		assert_int_equal(when_parse(&ms, span_str(cases[i].text), &err), 0);
		assert_true(ms == cases[i].ms);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "yesterday",
					   "2025-13-01",
					   "2025-00-01",
					   "2025-02-30",
					   "2025-02-29",
					   "1900-02-29T00:00:00Z",
					   "2025-04-31",
					   "2025-11-25T",
					   "2025-11-25T24:00:00Z",
					   "2025-11-25T21:05:53",
					   "2025-11-25T21:05:53.Z",
					   "2025-11-25T21:05:53Zx",
					   "2025-11-25T21:05:53+1:00",
					   "20251125" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		int64_t ms = 42;
		struct err err = { 0 };
		assert_int_equal(when_parse(&ms, span_str(bad[i]), &err), -1);
		assert_int_equal(err.code, ERR_SYNTAX);
		assert_true(ms == 42);
	}
}

static void
printing_agrees_with_the_c_library_on_random_moments(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 20000; i++) {
		int64_t s = ((int64_t)random() << 7) % 253402300800;
		time_t t = (time_t)s;
		struct tm tm;
		char ours[WHEN_TEXT_BYTES], theirs[40];
		gmtime_r(&t, &tm);
		strftime(theirs, sizeof theirs, "%FT%TZ", &tm);
		when_print(ours, s * 1000);
		assert_string_equal(ours, theirs);
	}
}

static void
durations_have_units_and_bounds(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} cases[] = {
		{ "90d", 7776000000 }, { "6h", 21600000 },
		{ "1mo", 2592000000 }, { "15m", 900000 },
		{ "2w", 1209600000 },  { "1y", 31536000000 },
		{ "0s", 0 },           { "", -1 },
		{ "d", -1 },           { "90", -1 },
		{ "90 d", -1 },        { "-1d", -1 },
		{ "1001y", -1 },       { "99999999999999999999s", -1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		int64_t ms = -1;
		struct err err = { 0 };
		int rc = duration_parse(&ms, span_str(cases[i].text), &err);
		assert_int_equal(rc, cases[i].ms < 0 ? -1 : 0);
		assert_true(ms == cases[i].ms);
	}
}

static void
a_duration_is_printed_as_it_would_be_written(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "" },          { -5000, "" },        { 999, "" },
		{ 1000, "1s" },     { 90000, "90s" },     { 60000, "1m" },
		{ 5400000, "90m" }, { 86400000, "1d" },   { 7776000000, "90d" },
		{ 1999, "1s" },     { 129600000, "36h" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		char text[DURATION_TEXT_BYTES];
		int64_t back = 0;

		duration_print(text, cases[i].ms);
		assert_string_equal(text, cases[i].text);
		if (text[0]) {
			assert_int_equal(duration_parse(&back, span_str(text), NULL), 0);
			assert_int_equal(back, cases[i].ms - cases[i].ms % 1000);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duration_is_printed_as_it_would_be_written),
		cmocka_unit_test(known_moments_print_and_parse),
		cmocka_unit_test(offsets_and_bare_dates_are_understood),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(printing_agrees_with_the_c_library_on_random_moments),
		cmocka_unit_test(durations_have_units_and_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
