/* SPDX-License-Identifier: Apache-2.0 */
/* budget: see budget.h. */
#include "auto/budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "auto/tasks.h"
#include "auto/zone.h"
#include "box/settings.h"

#define SPENT     "local-auto-spent"     /* "2026-11 12345": month, bytes */
#define POSTPONED "local-auto-postponed" /* "2026-11" */

#define MONTH_BYTES 16
#define VALUE_BYTES 64

static struct tm
local(int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return tm;
}

static void
month_of(char out[static MONTH_BYTES], int64_t unix_ms)
{
	struct tm tm = local(unix_ms);

	strftime(out, MONTH_BYTES, "%Y-%m", &tm);
}

static int64_t
next_month(int64_t unix_ms)
{
	struct tm tm = local(unix_ms);
	int64_t day;
	int minute;

	zone_local(&day, &minute, unix_ms);
	for (int month = tm.tm_mon; tm.tm_mon == month; day++)
		tm = local(zone_moment(day + 1, 0));
	return zone_moment(day, 0);
}

bool
budget_binds(const struct auto_plan *plan, const struct auto_conditions *conditions)
{
	return plan->budget_bytes && conditions->metered == AUTO_YES;
}

/* Of the month of @now. */
static int
spent(uint64_t *bytes, struct box *b, int64_t now_unix_ms, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	char month[MONTH_BYTES], of[MONTH_BYTES];

	*bytes = 0;
	if (setting_get(&value, b, SPENT, err) < 0)
		return -1;
	month_of(month, now_unix_ms);
	if (sscanf(buf_str(&value), "%15s %" SCNu64, of, bytes) != 2 || strcmp(of, month) != 0)
		*bytes = 0;
	return 0;
}

int
budget_left(uint64_t *bytes, struct box *b, const struct auto_plan *plan, int64_t now_unix_ms,
	    struct err *err)
{
	uint64_t gone;

	if (spent(&gone, b, now_unix_ms, err) < 0)
		return -1;
	*bytes = gone < plan->budget_bytes ? plan->budget_bytes - gone : 0;
	return 0;
}

int
budget_spend(struct box *b, uint64_t bytes, int64_t now_unix_ms, struct err *err)
{
	char value[VALUE_BYTES], month[MONTH_BYTES];
	uint64_t before;

	if (!bytes)
		return 0;
	if (spent(&before, b, now_unix_ms, err) < 0)
		return -1;
	month_of(month, now_unix_ms);
	snprintf(value, sizeof value, "%s %" PRIu64, month, before + bytes);
	return setting_set(b, SPENT, span_str(value), err);
}

/* In which month something was postponed; "": nothing is. */
static int
postponed_in(char month[static MONTH_BYTES], struct box *b, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);

	if (setting_get(&value, b, POSTPONED, err) < 0)
		return -1;
	snprintf(month, MONTH_BYTES, "%.*s", MONTH_BYTES - 1, buf_str(&value));
	return 0;
}

int
budget_postpone(struct box *b, bool some, int64_t now_unix_ms, struct err *err)
{
	char month[MONTH_BYTES], before[MONTH_BYTES];

	month_of(month, now_unix_ms);
	if (postponed_in(before, b, err) < 0)
		return -1;
	if (strcmp(before, some ? month : "") == 0)
		return 0;
	return some ? setting_set(b, POSTPONED, span_str(month), err)
	       : setting_remove(b, POSTPONED, err) < 0 ? -1
						       : 0;
}

/* Its time has come: is anything left? */
static int
judge_due(struct auto_when *when, const struct auto_look *look, struct err *err)
{
	uint64_t left;

	if (!budget_binds(&look->plan, &look->conditions))
		return 0;
	if (budget_left(&left, look->box, &look->plan, look->now.unix_ms, err) < 0)
		return -1;
	if (!left)
		*when = (struct auto_when){ AUTO_WAITS_BUDGET, next_month(look->now.unix_ms) };
	return 0;
}

int
budget_judge(struct auto_when *when, const struct auto_look *look, struct err *err)
{
	char month[MONTH_BYTES], postponed[MONTH_BYTES];

	if (when->reason == AUTO_DUE)
		return judge_due(when, look, err);
	if (when->reason != AUTO_WAITS_TIME && when->reason != AUTO_WAITS_CHANGE)
		return 0;
	if (postponed_in(postponed, look->box, err) < 0)
		return -1;
	month_of(month, look->now.unix_ms);
	if (!*postponed)
		return 0;
	if (!budget_binds(&look->plan, &look->conditions) || strcmp(postponed, month) != 0)
		*when = schedule_held(&look->plan, &look->conditions, &look->now);
	else if (!when->until_unix_ms)
		*when = (struct auto_when){ AUTO_WAITS_BUDGET, next_month(look->now.unix_ms) };
	return 0;
}
