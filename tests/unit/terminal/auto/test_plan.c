/* SPDX-License-Identifier: Apache-2.0 */
/* plan: parts as people write them, and the whole in the Box; past and moments beside it. */
#include "unit.h"

#include "a_box.h"
#include "auto/past.h"
#include "auto/plan.h"
#include "box/settings.h"

typedef int parse_fn(struct auto_plan *p, const char *text, struct err *err);

static void
what_is_no_part_of_a_plan_is_said_with_what_would_be_one(void **state)
{
	static const struct {
		parse_fn *parse;
		const char *text, *message;
	} cases[] = {
		{ auto_plan_parse_mode, "some", "some is no mode" },
		{ auto_plan_parse_every, "6",
		  "--every: '6' is not a duration like 90d (s m h d w mo y)" },
		{ auto_plan_parse_every, "59s", "--every takes a minute (1m) or more" },
		{ auto_plan_parse_at, "2:30", "--at: 2:30 is no time of day" },
		{ auto_plan_parse_at, "24:00", "--at: 24:00 is no time of day" },
		{ auto_plan_parse_at, "12:60", "--at: 12:60 is no time of day" },
		{ auto_plan_parse_at, "12:3O", "--at: 12:3O is no time of day" },
		{ auto_plan_parse_at, "12:300", "--at: 12:300 is no time of day" },
		{ auto_plan_parse_between, "22:00", "--between: 22:00 are no hours" },
		{ auto_plan_parse_between, "22:00-", "--between: 22:00- are no hours" },
		{ auto_plan_parse_between, "22:00-22:00", "--between: 22:00-22:00 are no hours" },
		{ auto_plan_parse_only_on, "", "--only-on:  is no condition" },
		{ auto_plan_parse_only_on, "wifi", "--only-on: wifi is no condition" },
		{ auto_plan_parse_only_on, "unmetered,", "--only-on:  is no condition" },
		{ auto_plan_parse_only_on, "charging,battery>0",
		  "--only-on: battery>0 is no condition" },
		{ auto_plan_parse_only_on, "battery>100",
		  "--only-on: battery>100 is no condition" },
		{ auto_plan_parse_only_on, "battery>", "--only-on: battery> is no condition" },
		{ auto_plan_parse_budget, "0", "--budget: 0 is no number of bytes" },
		{ auto_plan_parse_budget, "M", "--budget: M is no number of bytes" },
		{ auto_plan_parse_budget, "99999999999999999999",
		  "--budget: 99999999999999999999 is no number of bytes" },
		{ auto_plan_parse_rate, "1K", "--rate: 1K is no number of bytes" },
		{ auto_plan_parse_keep_originals, "0d",
		  "--keep-originals takes a minute (1m) or more" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct auto_plan plan = AUTO_PLAN_INIT;
		struct err err = { 0 };

		assert_int_equal(cases[i].parse(&plan, cases[i].text, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.msg, cases[i].message);
	}
}

/* Parts of one plan, and how they are printed. */
static struct auto_plan
full_plan(void)
{
	struct auto_plan plan = AUTO_PLAN_INIT;

	assert_int_equal(auto_plan_parse_mode(&plan, "selected", NULL), 0);
	assert_int_equal(auto_plan_parse_every(&plan, "90m", NULL), 0);
	assert_int_equal(auto_plan_parse_at(&plan, "02:30", NULL), 0);
	assert_int_equal(auto_plan_parse_between(&plan, "22:00-07:05", NULL), 0);
	assert_int_equal(auto_plan_parse_only_on(&plan, "battery>20,unmetered,charging", NULL), 0);
	assert_int_equal(auto_plan_parse_budget(&plan, "30M", NULL), 0);
	assert_int_equal(auto_plan_parse_rate(&plan, "200k", NULL), 0);
	assert_int_equal(auto_plan_parse_keep_originals(&plan, "3mo", NULL), 0);
	return plan;
}

static void
assert_plan(const struct auto_plan *a, const struct auto_plan *b)
{
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->every_ms, b->every_ms);
	assert_int_equal(a->at, b->at);
	assert_int_equal(a->from, b->from);
	assert_int_equal(a->until, b->until);
	assert_int_equal(a->unmetered, b->unmetered);
	assert_int_equal(a->charging, b->charging);
	assert_int_equal(a->battery_above, b->battery_above);
	assert_int_equal(a->budget_bytes, b->budget_bytes);
	assert_int_equal(a->rate_bytes_s, b->rate_bytes_s);
	assert_int_equal(a->keep_originals_ms, b->keep_originals_ms);
}

static void
parts_print_as_they_are_written(void **state)
{
	const struct auto_plan plan = full_plan(), none = AUTO_PLAN_INIT;
	char text[PLAN_TEXT_BYTES];

	(void)state;
	assert_int_equal(plan.every_ms, 90 * 60000);
	assert_int_equal(plan.budget_bytes, 30000000);
	auto_plan_print_every(text, &plan);
	assert_string_equal(text, "90m");
	auto_plan_print_at(text, &plan);
	assert_string_equal(text, "02:30");
	auto_plan_print_between(text, &plan);
	assert_string_equal(text, "22:00-07:05");
	auto_plan_print_only_on(text, &plan);
	assert_string_equal(text, "unmetered,charging,battery>20");
	auto_plan_print_keep_originals(text, &plan);
	assert_string_equal(text, "90d");
	auto_plan_print_only_on(text, &none);
	assert_string_equal(text, "");
	auto_plan_print_between(text, &none);
	assert_string_equal(text, "");
}

static int
open_box(void **state)
{
	(void)state;
	a_box_init();
	return 0;
}

static int
close_box(void **state)
{
	(void)state;
	a_box_close();
	return 0;
}

static void
a_box_without_a_plan_does_nothing_by_itself(void **state)
{
	struct auto_plan got, none = AUTO_PLAN_INIT;

	(void)state;
	assert_int_equal(auto_plan_get(&got, my.b, NULL), 0);
	assert_plan(&got, &none);
	assert_int_equal(got.mode, AUTO_OFF);
}

static void
a_plan_is_kept_as_a_whole_and_replaced_as_a_whole(void **state)
{
	struct auto_plan plan = full_plan(), got, other = AUTO_PLAN_INIT;

	(void)state;
	assert_int_equal(auto_plan_set(my.b, &plan, NULL), 0);
	a_box_again();
	assert_int_equal(auto_plan_get(&got, my.b, NULL), 0);
	assert_plan(&got, &plan);
	other.mode = AUTO_ALL;
	assert_int_equal(auto_plan_set(my.b, &other, NULL), 0);
	assert_int_equal(auto_plan_get(&got, my.b, NULL), 0);
	assert_plan(&got, &other);
}

static void
a_plan_of_a_newer_program_is_refused(void **state)
{
	struct auto_plan got;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(setting_set(my.b, "auto-only-on", span_str("unmetered,full-moon"), NULL),
			 0);
	assert_int_equal(auto_plan_get(&got, my.b, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "auto-only-on"));
	assert_non_null(strstr(err.hint, "cloudbox auto"));
}

static void
a_past_is_kept_for_each_task(void **state)
{
	struct auto_past past = {
		.done = { 1790000000123, 4567, 0x1f2e3d4c5b6a7988 },
		.tried = { 1790000000999, 5000, 1 },
		.failures = 3,
		.failed = ERR_UNREACHABLE,
		.problem = "no way: to 127.0.0.1",
	}, got;

	(void)state;
	assert_int_equal(auto_past_set(my.b, "backup", &past, NULL), 0);
	a_box_again();
	assert_int_equal(auto_past_get(&got, my.b, "backup", NULL), 0);
	assert_memory_equal(&got.done, &past.done, sizeof got.done);
	assert_memory_equal(&got.tried, &past.tried, sizeof got.tried);
	assert_int_equal(got.failures, 3);
	assert_int_equal(got.failed, ERR_UNREACHABLE);
	assert_string_equal(got.problem, past.problem);
	assert_int_equal(auto_past_get(&got, my.b, "compare", NULL), 0);
	assert_int_equal(got.done.unix_ms, 0);
	assert_int_equal(got.failures, 0);
}

static void
a_moment_that_is_none_is_never(void **state)
{
	static const char *const texts[] = {
		"", "1", "1 2", "1 2 x", "1 2 3 4", "-1 2 3", "1 -2 3", "yesterday",
	};
	struct moment got;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
		assert_false(moment_parse(&got, texts[i]));
		assert_int_equal(got.unix_ms, 0);
	}
}

static void
within_a_start_the_boot_clock_says_how_long_ago_it_was(void **state)
{
	const struct moment then = { 1000000, 500, 7 };

	(void)state;
	/* The wall clock was set back, and far ahead. */
	assert_int_equal(moment_unix_ms(&then, &(struct moment){ 400000, 1500, 7 }), 399000);
	assert_int_equal(moment_unix_ms(&then, &(struct moment){ 9000000, 1500, 7 }), 8999000);
	/* Another start: only the wall clock is left. */
	assert_int_equal(moment_unix_ms(&then, &(struct moment){ 1600000, 1500, 8 }), 1000000);
	assert_int_equal(moment_unix_ms(&then, &(struct moment){ 400000, 1500, 8 }), 0);
	assert_int_equal(moment_unix_ms(&(struct moment){ 0 }, &then), 0);
}

static void
now_is_known_by_both_clocks(void **state)
{
	struct moment a = moment_now(), b = moment_now();

	(void)state;
	assert_true(a.unix_ms > 1700000000000);
	assert_true(a.up_ms > 0 && a.up_ms <= b.up_ms);
	assert_true(a.boot && a.boot == b.boot);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_part_of_a_plan_is_said_with_what_would_be_one),
		cmocka_unit_test(parts_print_as_they_are_written),
		cmocka_unit_test_setup_teardown(a_box_without_a_plan_does_nothing_by_itself,
						open_box, close_box),
		cmocka_unit_test_setup_teardown(a_plan_is_kept_as_a_whole_and_replaced_as_a_whole,
						open_box, close_box),
		cmocka_unit_test_setup_teardown(a_plan_of_a_newer_program_is_refused, open_box,
						close_box),
		cmocka_unit_test_setup_teardown(a_past_is_kept_for_each_task, open_box, close_box),
		cmocka_unit_test(a_moment_that_is_none_is_never),
		cmocka_unit_test(within_a_start_the_boot_clock_says_how_long_ago_it_was),
		cmocka_unit_test(now_is_known_by_both_clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
