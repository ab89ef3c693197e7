/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: cases by the table; then random lives of random plans, in which clocks jump, machines restart and sleep,
 * tasks fail and conditions come and go.  A run is judged by oracles of its own: time that really passed, and the
 * local clock looked at minute by minute.
 *
 * The seed is printed (CLOUDBOX_SEED=n again); CLOUDBOX_FULL=1 lives longer.
 */
#include "unit.h"

#include <stdio.h>
#include <time.h>

#include "auto/schedule.h"
#include "base/when.h"
#include "zones.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define YEAR_MS   (365 * DAY_MS)

static int64_t
at(const char *text)
{
	int64_t ms;

	assert_int_equal(when_parse(&ms, span_str(text), NULL), 0);
	return ms;
}

static const struct auto_conditions good = {
	.connected = AUTO_YES,
	.metered = AUTO_NO,
	.charging = AUTO_YES,
	.battery = 100,
};
static const struct moment never;

static void
assert_when(struct auto_when w, enum auto_reason reason, const char *until)
{
	char shown[WHEN_TEXT_BYTES] = "";

	if (w.until_unix_ms)
		when_print(shown, w.until_unix_ms);
	assert_string_equal(auto_reason_name(w.reason), auto_reason_name(reason));
	assert_string_equal(shown, until);
}

/* --- one by one --- */

static void
by_hand_nothing_is_planned(void **state)
{
	struct auto_plan plan = AUTO_PLAN_INIT;
	const struct auto_past past = { .failures = 0 };
	const struct moment now = { at("2026-11-26"), 1000, 1 };

	(void)state;
	plan.every_ms = HOUR_MS;
	assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_NOT_PLANNED, "");
}

static void
without_a_time_a_backup_follows_a_change(void **state)
{
	struct auto_plan plan = AUTO_PLAN_INIT;
	struct auto_past past = { .done = { at("2026-11-25"), 10, 1 } };
	const struct moment now = { at("2026-11-26"), DAY_MS, 1 };

	(void)state;
	plan.mode = AUTO_ALL;
	assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_WAITS_CHANGE, "");
	assert_when(schedule_backup(&plan, &past, &now, &good, &now), AUTO_DUE, "");
	past.failures =
		1; /* the change is taken back when a run begins: the failure stands for it */
	assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_DUE, "");
}

static void
a_failure_waits_longer_each_time_and_never_longer_than_the_period(void **state)
{
	static const struct {
		unsigned failures;
		int64_t every_ms;
		const char *until;
	} cases[] = {
		{ 1, DAY_MS, "2026-11-26T00:05:00Z" },
		{ 2, DAY_MS, "2026-11-26T00:10:00Z" },
		{ 3, DAY_MS, "2026-11-26T00:20:00Z" },
		{ 6, DAY_MS, "2026-11-26T02:40:00Z" },
		{ 7, DAY_MS, "2026-11-26T04:00:00Z" },
		{ 4000000000u, DAY_MS, "2026-11-26T04:00:00Z" },
		{ 9, 30 * MINUTE_MS, "2026-11-26T00:30:00Z" },
		{ 1, MINUTE_MS, "2026-11-26T00:01:00Z" },
	};
	const struct moment now = { at("2026-11-26"), 1000, 1 };

	(void)state;
	zone_use(ZONE_UTC);
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct auto_plan plan = AUTO_PLAN_INIT;
		const struct auto_past past = { .tried = now, .failures = cases[i].failures };

		plan.mode = AUTO_ALL;
		plan.every_ms = cases[i].every_ms;
		assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_WAITS_RETRY,
			    cases[i].until);
	}
}

static void
a_condition_is_waited_for_and_one_that_is_unknown_is_not(void **state)
{
	static const struct {
		struct auto_conditions c;
		enum auto_reason reason;
	} cases[] = {
		{ { AUTO_YES, AUTO_NO, AUTO_YES, 51 }, AUTO_DUE },
		{ { AUTO_UNKNOWN, AUTO_UNKNOWN, AUTO_UNKNOWN, AUTO_BATTERY_UNKNOWN }, AUTO_DUE },
		{ { AUTO_NO, AUTO_YES, AUTO_NO, 1 }, AUTO_WAITS_NETWORK },
		{ { AUTO_YES, AUTO_YES, AUTO_NO, 1 }, AUTO_WAITS_UNMETERED },
		{ { AUTO_YES, AUTO_NO, AUTO_NO, 1 }, AUTO_WAITS_CHARGING },
		{ { AUTO_YES, AUTO_NO, AUTO_YES, 50 }, AUTO_WAITS_BATTERY },
	};
	struct auto_plan plan = AUTO_PLAN_INIT, free = AUTO_PLAN_INIT;
	const struct moment now = { at("2026-11-26"), 1000, 1 };

	(void)state;
	plan.unmetered = plan.charging = true;
	plan.battery_above = 50;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		assert_when(schedule_held(&plan, &cases[i].c, &now), cases[i].reason, "");
		assert_when(schedule_held(&free, &cases[i].c, &now),
			    cases[i].c.connected == AUTO_NO ? AUTO_WAITS_NETWORK : AUTO_DUE, "");
	}
}

static void
hours_are_local_and_may_go_across_midnight(void **state)
{
	static const struct {
		const char *zone;
		int from, until;
		const char *now, *then; /* "": within the hours */
	} cases[] = {
		{ ZONE_UTC, 22 * 60, 7 * 60, "2026-11-26T21:59:59Z", "2026-11-26T22:00:00Z" },
		{ ZONE_UTC, 22 * 60, 7 * 60, "2026-11-26T22:00:00Z", "" },
		{ ZONE_UTC, 22 * 60, 7 * 60, "2026-11-26T06:59:59Z", "" },
		{ ZONE_UTC, 22 * 60, 7 * 60, "2026-11-26T07:00:00Z", "2026-11-26T22:00:00Z" },
		{ ZONE_UTC, 9 * 60, 17 * 60, "2026-11-26T17:00:00Z", "2026-11-27T09:00:00Z" },
		{ ZONE_BERLIN, 22 * 60, 7 * 60, "2026-11-26T20:59:00Z", "2026-11-26T21:00:00Z" },
		{ ZONE_BERLIN, 22 * 60, 7 * 60, "2026-07-01T19:59:00Z", "2026-07-01T20:00:00Z" },
		/* 02:00 to 03:00 is left out that night */
		{ ZONE_BERLIN, 150, 240, "2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z" },
		{ ZONE_BERLIN, 120, 150, "2026-03-29T00:59:00Z", "2026-03-30T00:00:00Z" },
		/* and comes twice that night */
		{ ZONE_BERLIN, 120, 150, "2026-10-25T00:10:00Z", "" },
		{ ZONE_BERLIN, 120, 150, "2026-10-25T01:10:00Z", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct auto_plan plan = AUTO_PLAN_INIT;
		const struct moment now = { at(cases[i].now), 1000, 1 };

		zone_use(cases[i].zone);
		plan.from = cases[i].from;
		plan.until = cases[i].until;
		assert_when(schedule_held(&plan, &good, &now),
			    cases[i].then[0] ? AUTO_WAITS_HOURS : AUTO_DUE, cases[i].then);
	}
}

static void
a_time_of_day_that_was_slept_through_is_made_up_for(void **state)
{
	struct auto_plan plan = AUTO_PLAN_INIT;
	struct auto_past past = { .done = { at("2026-11-24T02:30:01Z"), 1000, 1 } };
	struct moment now = { at("2026-11-25T02:29:59Z"), DAY_MS - 1000, 1 };

	(void)state;
	zone_use(ZONE_UTC);
	plan.mode = AUTO_ALL;
	plan.at = 150;
	assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_WAITS_TIME,
		    "2026-11-25T02:30:00Z");
	now.unix_ms += 8 * HOUR_MS; /* asleep */
	now.up_ms += 8 * HOUR_MS;
	assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_DUE, "");
	past.done = now;
	assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_WAITS_TIME,
		    "2026-11-26T02:30:00Z");
}

static void
a_clock_put_right_by_a_little_does_not_repeat_a_time_of_day(void **state)
{
	struct auto_plan plan = AUTO_PLAN_INIT;
	const struct auto_past past = { .done = { at("2026-11-25T02:30:00Z"), 1000, 1 } };
	/* a minute later, set back by 55 seconds */
	const struct moment now = { at("2026-11-25T02:30:05Z"), 61000, 1 };

	(void)state;
	zone_use(ZONE_UTC);
	plan.mode = AUTO_ALL;
	plan.at = 150;
	assert_when(schedule_backup(&plan, &past, &never, &good, &now), AUTO_WAITS_TIME,
		    "2026-11-26T02:30:00Z");
}

/* --- lives --- */

static uint64_t dice;

static unsigned
roll(unsigned sides)
{
	dice ^= dice >> 12; /* xorshift64* */
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return (unsigned)((dice * 0x2545f4914f6cdd1dULL >> 33) % sides);
}

struct life {
	unsigned seed;
	const char *zone;
	struct auto_plan plan;
	struct auto_past past;
	struct auto_conditions conditions;
	int64_t true_ms;  /* time that really passed */
	int64_t wall_off; /* wall clock minus that */
	int64_t boot_at;  /* true_ms of the machine's start */
	uint64_t boot;
	int64_t done_ms; /* true_ms of the newest good run; -1: none */
	int64_t done_wall;
	bool restarted, jumped; /* since then */
	unsigned runs, odd_runs, jumps;
};

static struct moment
now_of(const struct life *l)
{
	return (struct moment){ l->true_ms + l->wall_off, l->true_ms - l->boot_at, l->boot };
}

static struct auto_when
look(const struct life *l)
{
	const struct moment now = now_of(l);

	return schedule_backup(&l->plan, &l->past, &never, &l->conditions, &now);
}

static int
minute_of_day(int64_t unix_ms, int64_t *day)
{
	time_t t = (time_t)(unix_ms / 1000);
	struct tm tm;

	assert_non_null(localtime_r(&t, &tm));
	*day = (unix_ms / 1000 + tm.tm_gmtoff) / 86400;
	return tm.tm_hour * 60 + tm.tm_min;
}

static bool
in_hours(const struct auto_plan *p, int64_t unix_ms)
{
	int64_t day;
	int m = minute_of_day(unix_ms, &day);

	if (p->from < 0)
		return true;
	return p->from < p->until ? m >= p->from && m < p->until : m >= p->from || m < p->until;
}

/* How many daily times @minute had come by then: counted, not to be fooled by an hour that comes twice. */
static int64_t
times_by(int minute, int64_t unix_ms)
{
	int64_t most = INT64_MIN;

	for (int64_t t = unix_ms; t > unix_ms - 3 * HOUR_MS; t -= MINUTE_MS) {
		int64_t day;
		int m = minute_of_day(t, &day);

		day -= m < minute;
		if (day > most)
			most = day;
	}
	return most;
}

#define fail_life(l, ...)                                                                          \
	do {                                                                                       \
		print_message("CLOUDBOX_SEED=%u zone %s: ", (l)->seed, (l)->zone);                 \
		print_message(__VA_ARGS__);                                                        \
		print_message("\n");                                                               \
		fail();                                                                            \
	} while (0)

/* A run begins: may it?  True: only because somebody set the clock. */
static bool
judge_run(const struct life *l)
{
	const struct auto_conditions *c = &l->conditions;
	int64_t wall = l->true_ms + l->wall_off, ago = l->true_ms - l->done_ms;

	if (!in_hours(&l->plan, wall))
		fail_life(l, "it runs outside the hours, at %lld", (long long)wall);
	if (c->connected == AUTO_NO || (l->plan.unmetered && c->metered == AUTO_YES) ||
	    (l->plan.charging && c->charging == AUTO_NO) ||
	    (l->plan.battery_above && c->battery >= 0 && c->battery <= (int)l->plan.battery_above))
		fail_life(l, "it runs against a condition");
	if (l->done_ms < 0)
		return false;
	if (l->plan.every_ms && ago < l->plan.every_ms) {
		/* Only a clock that was set while nobody could count makes that possible. */
		if (!l->restarted || !l->jumped)
			fail_life(l, "twice within a period: %lld of %lld ms", (long long)ago,
				  (long long)l->plan.every_ms);
		return true;
	}
	if (l->plan.at >= 0 && times_by(l->plan.at, wall) <= times_by(l->plan.at, l->done_wall)) {
		if (!l->jumped)
			fail_life(l, "twice for a time of day, %lld and %lld",
				  (long long)l->done_wall, (long long)wall);
		return true;
	}
	return false;
}

static void
run(struct life *l, bool goes_well)
{
	bool odd = judge_run(l);

	l->past.tried = now_of(l);
	l->past.failures = goes_well ? 0 : l->past.failures + 1;
	if (!goes_well)
		return;
	l->runs++;
	l->odd_runs += odd;
	l->past.done = l->past.tried;
	l->done_ms = l->true_ms;
	l->done_wall = l->true_ms + l->wall_off;
	l->restarted = l->jumped = false;
}

/* What is waited for is the future, and nothing before it. */
static void
judge_wait(const struct life *l, struct auto_when w)
{
	struct life then = *l;
	int64_t wall = l->true_ms + l->wall_off;

	if (!w.until_unix_ms)
		return;
	if (w.until_unix_ms <= wall)
		fail_life(l, "%s until now or before", auto_reason_name(w.reason));
	if (w.until_unix_ms - wall > 60 * DAY_MS)
		fail_life(l, "%s for more than 60 days", auto_reason_name(w.reason));
	if (!in_hours(&l->plan, w.until_unix_ms))
		fail_life(l, "%s until outside the hours", auto_reason_name(w.reason));
	then.true_ms += w.until_unix_ms - wall - 1;
	if (look(&then).reason == AUTO_DUE)
		fail_life(l, "due before the time it named");
	then.true_ms++;
	struct auto_when at_last = look(&then);
	if (at_last.reason == w.reason && at_last.until_unix_ms)
		fail_life(l, "%s still waits when its time has come", auto_reason_name(w.reason));
}

static void
jump(struct life *l)
{
	static const int64_t by[] = { 1000, MINUTE_MS, HOUR_MS, DAY_MS, YEAR_MS, 10 * YEAR_MS };
	int64_t ms = by[roll(N_ELEMENTS(by))];

	ms = ms / 2 + (int64_t)roll((unsigned)(ms / 2000) + 1) * 1000;
	l->wall_off += roll(2) ? ms : -ms;
	/* A machine is not set to before its maker's time. */
	if (l->true_ms + l->wall_off < 0)
		l->wall_off = roll(1000000) * INT64_C(1000) - l->true_ms + YEAR_MS;
	l->jumps++;
	l->jumped = true;
}

static void
restart(struct life *l)
{
	l->true_ms += roll(2) ? roll(600) * 1000 : roll(72) * HOUR_MS;
	l->boot_at = l->true_ms - 5000;
	l->boot++;
	l->restarted = true;
}

static void
change_conditions(struct life *l)
{
	l->conditions = (struct auto_conditions){
		.connected = (enum auto_known)roll(3),
		.metered = (enum auto_known)roll(3),
		.charging = (enum auto_known)roll(3),
		.battery = (int)roll(102) - 1,
	};
}

/* The service: it looks, and either runs or sleeps until it should look again or something happens. */
static void
step(struct life *l)
{
	struct auto_when w = look(l);
	int64_t wall = l->true_ms + l->wall_off,
		sleep = roll(2) ? roll(900) * 1000 : roll(40) * HOUR_MS;

	if (w.reason == AUTO_DUE) {
		run(l, roll(3) != 0);
		return;
	}
	judge_wait(l, w);
	if (w.until_unix_ms && w.until_unix_ms - wall < sleep)
		sleep = w.until_unix_ms - wall;
	l->true_ms += sleep;
	switch (roll(12)) {
	case 0:
		jump(l);
		break;
	case 1:
		restart(l);
		break;
	case 2:
	case 3:
		change_conditions(l);
		break;
	default:
		break;
	}
}

/* All is well again: it runs within its period, and the night that the hours may take. */
static void
settle(struct life *l)
{
	const int64_t period = l->plan.every_ms ? l->plan.every_ms : DAY_MS + HOUR_MS;
	/* Hours that a change to summer time leaves out cost another day. */
	const int64_t patience = period + (l->plan.from < 0 ? 0 : 2 * DAY_MS) + HOUR_MS;
	int64_t begin = l->true_ms;

	l->conditions = good;
	for (unsigned n = 0;; n++) {
		struct auto_when w = look(l);

		if (w.reason == AUTO_DUE)
			break;
		judge_wait(l, w);
		if (!w.until_unix_ms || n > 8)
			fail_life(l, "%s without an end", auto_reason_name(w.reason));
		l->true_ms = w.until_unix_ms - l->wall_off;
	}
	if (l->true_ms - begin > patience)
		fail_life(l, "it starves for %lld ms", (long long)(l->true_ms - begin));
	run(l, true);
}

static void
plan_at_random(struct auto_plan *p)
{
	static const int64_t periods[] = { MINUTE_MS, 15 * MINUTE_MS, 6 * HOUR_MS, DAY_MS,
					   30 * DAY_MS };

	*p = (struct auto_plan)AUTO_PLAN_INIT;
	p->mode = AUTO_ALL;
	if (roll(2))
		p->every_ms = periods[roll(N_ELEMENTS(periods))];
	else
		p->at = (int)(roll(2) ? roll(1440)
				      : roll(4 * 60)); /* often where hours are left out */
	if (roll(2)) {
		p->from = (int)roll(1440);
		p->until = (p->from + 1 + (int)roll(1439)) % 1440;
	}
	p->unmetered = roll(2);
	p->charging = roll(2);
	p->battery_above = roll(2) ? 1 + roll(99) : 0;
}

static void
live(unsigned seed)
{
	struct life l = { .seed = seed, .done_ms = -1, .boot = 1, .conditions = good };

	dice = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	l.zone = zones[roll(N_ELEMENTS(zones))];
	zone_use(l.zone);
	plan_at_random(&l.plan);
	l.true_ms = at("2026-01-01") + roll(730) * DAY_MS;
	l.boot_at = l.true_ms - roll(100000) * INT64_C(1000);
	for (unsigned i = 0; i < 300; i++) {
		step(&l);
		if (roll(40) == 0)
			settle(&l);
	}
	settle(&l);
	/* What a clock costs that is set: a run more for each time, and no loop. */
	if (l.odd_runs > l.jumps)
		fail_life(&l, "%u runs too many of %u jumps", l.odd_runs, l.jumps);
}

static void
whatever_the_clocks_do_it_is_never_due_twice_and_never_starves(void **state)
{
	const char *asked = getenv("CLOUDBOX_SEED");
	unsigned first =
		asked ? (unsigned)strtoul(asked, NULL, 10) : (unsigned)moment_now().unix_ms;
	unsigned n = asked ? 1 : getenv("CLOUDBOX_FULL") ? 50000 : 1500;

	(void)state;
	first &= 0xffffff;
	printf("seed %u\n", first);
	for (unsigned i = 0; i < n; i++)
		live(first + i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand_nothing_is_planned),
		cmocka_unit_test(without_a_time_a_backup_follows_a_change),
		cmocka_unit_test(a_failure_waits_longer_each_time_and_never_longer_than_the_period),
		cmocka_unit_test(a_condition_is_waited_for_and_one_that_is_unknown_is_not),
		cmocka_unit_test(hours_are_local_and_may_go_across_midnight),
		cmocka_unit_test(a_time_of_day_that_was_slept_through_is_made_up_for),
		cmocka_unit_test(a_clock_put_right_by_a_little_does_not_repeat_a_time_of_day),
		cmocka_unit_test(whatever_the_clocks_do_it_is_never_due_twice_and_never_starves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
