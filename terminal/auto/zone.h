/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone: times of day in the process's time zone (TZ), as moments.
 *
 * By localtime_r() alone: mktime() answers a time that comes twice or never by what it was asked before.
 */
#ifndef AUTO_ZONE_H
#define AUTO_ZONE_H

#include <stdint.h>

/* A day of the calendar, counted from 1970-01-01. */

/** The local day and minute of that day at @at_unix_ms. */
void zone_local(int64_t *day, int *minute, int64_t at_unix_ms);

/** The first moment at which it is @minute or later of local @day. */
int64_t zone_moment(int64_t day, int minute);

#endif
