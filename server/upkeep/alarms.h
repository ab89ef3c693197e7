/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarms: what the person of an account is to be told: a device that has not come as it had said, a
 * drill that failed, a quota that nears, clearing that stands still.
 *
 *     expected --its time passes--> silence raised --it comes--> ended ("back again")
 *                    \--it comes: its time counts anew--/
 *
 * Each condition is an alarm from its beginning to its end, and both are told once: the rows are made by
 * one thread, and the catalog holds at most one alarm of a kind that stands for a device.
 *
 * The clock.  A device promises a length ("again within three days"), and that is counted on the
 * retention clock, which runs with the server and never otherwise:
 *
 *     a wall clock that jumps, here or there      changes nothing
 *     a server that was stopped                   is no time that passes
 *     a machine that slept                        neither: what went by on the clock is added
 *     and after both, since nobody could come     each device has its period, at most ALARMS_GRACE_MS,
 *                                                 longer: once until it comes, or a server that is off
 *                                                 every night would never tell
 *
 * So no start of a server raises an alarm for everybody; the journal says that it was away.
 */
#ifndef UPKEEP_ALARMS_H
#define UPKEEP_ALARMS_H

#include "catalog/catalog.h"

#define ALARMS_AWAY_MS  (INT64_C(3600) * 1000) /* shorter, and it was not away */
#define ALARMS_GRACE_MS RETENTION_DAY_MS

/* A quota nears from so many per cent on, until it is below the other again. */
#define ALARMS_QUOTA_PERCENT     90
#define ALARMS_QUOTA_PERCENT_END 85
/* It will be reached in so many days, going by the slower of two rates: of the last two to four weeks, and
 * of the last days of it.  So a first backup, which is large, is no forecast. */
#define ALARMS_FILLS_DAYS        30
#define ALARMS_FILLS_DAYS_END    45
#define ALARMS_GROWTH_DAYS       14
#define ALARMS_RECENT_DAYS       3

struct alarms_counts {
	uint64_t raised, ended, standing;
};

enum alarms_depth {
	ALARMS_DEVICES, /* who comes and who does not, drills: some rows; every minute */
	ALARMS_ALL,     /* quotas and holds, too: all accounts; now and then */
};

/** Raise and end what is due; each is told in the journal, too.  ERR_NOMEM, ERR_LIMIT, the catalog's. */
int
alarms_look(struct alarms_counts *out, struct catalog *c, enum alarms_depth depth, struct err *err);

/** To be called at a start, and then every minute or so: notes that the server runs.  Where it did not,
 *  for ALARMS_AWAY_MS or a time that the clocks do not tell, devices get their grace.  *away_ms: how long
 *  by the wall clock; -1: that cannot be told; 0: it was not away.  @start: it was stopped. */
int alarms_awake(int64_t *away_ms, struct catalog *c, bool start, struct err *err);

#endif
