/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention: how long what is superseded stays, in numbers.
 *
 * All of it is measured on the retention clock: milliseconds that a server has run on this data.  It
 * grows with the time since boot while the server runs and never otherwise, so neither a wall clock
 * that jumps nor a server that stood still for a year makes anything old.
 *
 * A version of an item is live from the batch that brought it (`from`) until the next one (`ended`).
 * What is due to be cleared:
 *
 *     due = max(ended + R, anchor)      R: the account's own, 90 days by default, 30 at least
 *
 * The anchor keeps the version that was live at the start of each of the last RETENTION_ANCHORS
 * months, however many followed: whoever holds a stolen phone and overwrites an item every minute
 * gains nothing by it.  Months are RETENTION_MONTH_MS long and start at its multiples.
 *
 *      month 3          month 4          month 5                      month 10
 *     |-----------------|----------------|------------ ... -----------|
 *            v7 from ...|.... ended                                   anchor of v7
 *                       ^ live here: kept while month 4 is one of the last six
 */
#ifndef CATALOG_RETENTION_H
#define CATALOG_RETENTION_H

#include <stdint.h>

#define RETENTION_DAY_MS   (INT64_C(24) * 3600 * 1000)
#define RETENTION_MONTH_MS (30 * RETENTION_DAY_MS)
#define RETENTION_ANCHORS  6 /* months, the present one among them */
#define RETENTION_DAYS     90

/* What waits: relaxing, deleting an account, void batches. */
#define RETENTION_WAIT_MS (14 * RETENTION_DAY_MS)

/* A chunk that no record refers to and nobody wanted for so long goes.  Its row tells when it was wanted
 * last but for a day (CHUNK_WANTED_STEP_MS), which is added. */
#define RETENTION_CHUNK_MS   (9 * RETENTION_DAY_MS)
#define CHUNK_WANTED_STEP_MS RETENTION_DAY_MS

/* An object that was found damaged and has been sent anew stays as long, for whoever wants to look. */
#define RETENTION_DAMAGED_MS (30 * RETENTION_DAY_MS)
/* A file among the objects that no row names, as a crash leaves it: a day's upload may yet name it. */
#define RETENTION_STRAY_MS   (9 * RETENTION_DAY_MS)

/** The start of the month in which something ended at @ended_ms, or of the one before if it ended right
 *  at a start; -1: there was none yet.  A version was live there if it came no later. */
static inline int64_t
retention_month_of(int64_t ended_ms)
{
	return ended_ms > 0 ? (ended_ms - 1) / RETENTION_MONTH_MS * RETENTION_MONTH_MS : -1;
}

/** Until when the version that was live at @month_ms stays. */
static inline int64_t
retention_anchor(int64_t month_ms)
{
	return month_ms + RETENTION_ANCHORS * RETENTION_MONTH_MS;
}

#endif
