/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: from a plan, a past, the conditions and now: is a task due, else until when does it wait, and why?
 * Pure: no file, no bus, no clock is read; of the process only its time zone (TZ) counts.
 *
 *     not planned -> its time has not come -> it failed lately -> outside the hours -> a condition -> due
 *
 * - --every: a period counts from the newest run, by moment.h: however the wall clock jumps, never twice within
 *   it.  --at: once for each local day's time, caught up as soon as possible when it was missed (sleep, off).
 * - A clock that was set back does not stop anything: a past that lies ahead counts as never.  Nor does it make
 *   a loop: the run that follows is the new past.
 * - After a failure: 5 minutes, then twice as long each time, at most 4 hours and at most the period.
 * - Hours are local time.  A time that a change to summer time leaves out stands for the moment of the change;
 *   one that comes twice for the first.
 */
#ifndef AUTO_SCHEDULE_H
#define AUTO_SCHEDULE_H

#include "auto/conditions.h"
#include "auto/past.h"
#include "auto/plan.h"

#define SCHEDULE_RETRY_MIN_MS (5 * 60 * INT64_C(1000))
#define SCHEDULE_RETRY_MAX_MS (4 * 3600 * INT64_C(1000))
#define SCHEDULE_DAY_MS       (24 * 3600 * INT64_C(1000))

/* Why a task is not done now.  auto_reason_name() is part of the JSON contract. */
enum auto_reason {
	AUTO_DUE,          /* it is */
	AUTO_NOT_PLANNED,  /* it does not wait either */
	AUTO_WAITS_TIME,   /* its time has not come */
	AUTO_WAITS_CHANGE, /* for a change of some app's data */
	AUTO_WAITS_RETRY,  /* it failed, and is tried again then */
	AUTO_WAITS_HOURS,  /* --between */
	AUTO_WAITS_NETWORK,
	AUTO_WAITS_UNMETERED,
	AUTO_WAITS_CHARGING,
	AUTO_WAITS_BATTERY,
	AUTO_WAITS_BUDGET, /* of the month */
	AUTO_WAITS_UNLOCK, /* for the passphrase: `drill` */
};

struct auto_when {
	enum auto_reason reason;
	int64_t until_unix_ms; /* when to look again; 0: when conditions or data change */
};

/** "time", "change", "retry", "hours", "network", "unmetered", "charging", "battery", "budget", "unlock"; "due"
 *  and "off". */
const char *auto_reason_name(enum auto_reason reason);

/** By the plan's --every or --at; with neither, when a change is noted in @change. */
struct auto_when
schedule_backup(const struct auto_plan *plan, const struct auto_past *past,
		const struct moment *change, const struct auto_conditions *conditions,
		const struct moment *now);

/** Once in @period_ms after the newest run of @past, under the plan's hours and conditions.  A task that never
 *  ran is due. */
struct auto_when
schedule_period(int64_t period_ms, const struct auto_plan *plan, const struct auto_past *past,
		const struct auto_conditions *conditions, const struct moment *now);

/** Only the plan's hours and conditions: AUTO_DUE where they are met. */
struct auto_when schedule_held(const struct auto_plan *plan,
			       const struct auto_conditions *conditions, const struct moment *now);

#endif
