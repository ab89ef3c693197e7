/* SPDX-License-Identifier: Apache-2.0 */
/* schedule: see schedule.h. */
#include "auto/schedule.h"

#include "auto/zone.h"

#define PUT_RIGHT_MS (15 * 60 * INT64_C(1000))

static const char *const names[] = {
	[AUTO_DUE] = "due",
	[AUTO_NOT_PLANNED] = "off",
	[AUTO_WAITS_TIME] = "time",
	[AUTO_WAITS_CHANGE] = "change",
	[AUTO_WAITS_RETRY] = "retry",
	[AUTO_WAITS_HOURS] = "hours",
	[AUTO_WAITS_NETWORK] = "network",
	[AUTO_WAITS_UNMETERED] = "unmetered",
	[AUTO_WAITS_CHARGING] = "charging",
	[AUTO_WAITS_BATTERY] = "battery",
	[AUTO_WAITS_BUDGET] = "budget",
	[AUTO_WAITS_UNLOCK] = "unlock",
};

const char *
auto_reason_name(enum auto_reason reason)
{
	return names[reason];
}

static struct auto_when
when(enum auto_reason reason, int64_t until_unix_ms)
{
	return (struct auto_when){ reason, until_unix_ms };
}

static bool
within_hours(const struct auto_plan *plan, int64_t at_unix_ms)
{
	int64_t day;
	int minute;

	if (plan->from < 0)
		return true;
	zone_local(&day, &minute, at_unix_ms);
	return plan->from < plan->until ? plan->from <= minute && minute < plan->until
					: plan->from <= minute || minute < plan->until;
}

/* The first moment of the plan's hours that is not before @at. */
static int64_t
hours_from(const struct auto_plan *plan, int64_t at_unix_ms)
{
	int64_t day;
	int minute;

	if (within_hours(plan, at_unix_ms))
		return at_unix_ms;
	zone_local(&day, &minute, at_unix_ms);
	/* Hours that a change to summer time leaves out do not begin that day. */
	for (int i = 0; i < 3; i++) {
		int64_t begin = zone_moment(day + i, plan->from);

		if (begin >= at_unix_ms && within_hours(plan, begin))
			return begin;
	}
	return zone_moment(day + 3, plan->from);
}

/* Not before @at, and then only within the hours. */
static struct auto_when
not_before(enum auto_reason reason, const struct auto_plan *plan, int64_t at_unix_ms)
{
	return when(reason, hours_from(plan, at_unix_ms));
}

struct auto_when
schedule_held(const struct auto_plan *plan, const struct auto_conditions *c,
	      const struct moment *now)
{
	if (!within_hours(plan, now->unix_ms))
		return not_before(AUTO_WAITS_HOURS, plan, now->unix_ms);
	if (c->connected == AUTO_NO)
		return when(AUTO_WAITS_NETWORK, 0);
	if (plan->unmetered && c->metered == AUTO_YES)
		return when(AUTO_WAITS_UNMETERED, 0);
	if (plan->charging && c->charging == AUTO_NO)
		return when(AUTO_WAITS_CHARGING, 0);
	if (plan->battery_above && c->battery != AUTO_BATTERY_UNKNOWN &&
	    c->battery <= (int)plan->battery_above)
		return when(AUTO_WAITS_BATTERY, 0);
	return when(AUTO_DUE, 0);
}

/* How long to wait after so many failures in a row. */
static int64_t
retry_ms(unsigned failures, int64_t period_ms)
{
	int64_t most = period_ms < SCHEDULE_RETRY_MAX_MS ? period_ms : SCHEDULE_RETRY_MAX_MS;
	int64_t wait = SCHEDULE_RETRY_MIN_MS;

	while (--failures && wait < most)
		wait *= 2;
	return wait < most ? wait : most;
}

/* Its time has come: may it run? */
static struct auto_when
ripe(int64_t period_ms, const struct auto_plan *plan, const struct auto_past *past,
     const struct auto_conditions *conditions, const struct moment *now)
{
	int64_t tried = moment_unix_ms(&past->tried, now);

	if (past->failures && tried) {
		int64_t again = tried + retry_ms(past->failures, period_ms);

		if (now->unix_ms < again)
			return not_before(AUTO_WAITS_RETRY, plan, again);
	}
	return schedule_held(plan, conditions, now);
}

struct auto_when
schedule_period(int64_t period_ms, const struct auto_plan *plan, const struct auto_past *past,
		const struct auto_conditions *conditions, const struct moment *now)
{
	int64_t done = moment_unix_ms(&past->done, now);

	if (done && now->unix_ms - done < period_ms)
		return not_before(AUTO_WAITS_TIME, plan, done + period_ms);
	return ripe(period_ms, plan, past, conditions, now);
}

/* The newest of the days' times that is not after @now. */
static int64_t
newest_at(int at, int64_t now_unix_ms)
{
	int64_t day;
	int minute;

	zone_local(&day, &minute, now_unix_ms);
	/* A day's time that is left out or comes twice may lie on either side of what the clock shows. */
	for (int64_t d = day + 1;; d--) {
		int64_t time = zone_moment(d, at);

		if (time <= now_unix_ms)
			return time;
	}
}

static int64_t
next_at(int at, int64_t now_unix_ms)
{
	int64_t day;
	int minute;

	zone_local(&day, &minute, now_unix_ms);
	for (int64_t d = day - 1;; d++) {
		int64_t time = zone_moment(d, at);

		if (time > now_unix_ms)
			return time;
	}
}

/* When it was done, by what the clock showed.  A clock that was put right by a little shows a time of day twice
 * that counts once: then it is what it showed at the time that counts. */
static int64_t
done_by_day(const struct auto_past *past, const struct moment *now)
{
	int64_t done = moment_unix_ms(&past->done, now), shown = past->done.unix_ms;

	return done && shown > done && shown - done < PUT_RIGHT_MS ? shown : done;
}

static struct auto_when
daily(const struct auto_plan *plan, const struct auto_past *past,
      const struct auto_conditions *conditions, const struct moment *now)
{
	int64_t done = done_by_day(past, now);

	if (done && done >= newest_at(plan->at, now->unix_ms))
		return not_before(AUTO_WAITS_TIME, plan,
				  next_at(plan->at, done > now->unix_ms ? done : now->unix_ms));
	return ripe(SCHEDULE_DAY_MS, plan, past, conditions, now);
}

struct auto_when
schedule_backup(const struct auto_plan *plan, const struct auto_past *past,
		const struct moment *change, const struct auto_conditions *conditions,
		const struct moment *now)
{
	if (plan->mode == AUTO_OFF)
		return when(AUTO_NOT_PLANNED, 0);
	if (plan->every_ms)
		return schedule_period(plan->every_ms, plan, past, conditions, now);
	if (plan->at >= 0)
		return daily(plan, past, conditions, now);
	if (!change->unix_ms && !past->failures)
		return when(AUTO_WAITS_CHANGE, 0);
	return ripe(SCHEDULE_DAY_MS, plan, past, conditions, now);
}
