/* SPDX-License-Identifier: Apache-2.0 */
/* zones: time zones for tests, written out (POSIX TZ), so that no tz database is needed. */
#ifndef TESTS_ZONES_H
#define TESTS_ZONES_H

#include <stdlib.h>
#include <time.h>

#define ZONE_BERLIN   "CET-1CEST,M3.5.0,M10.5.0/3"
#define ZONE_NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
#define ZONE_LORDHOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" /* half an hour */
#define ZONE_HAVANA   "CST5CDT,M3.2.0/0,M11.1.0/1"           /* at midnight */
#define ZONE_NEPAL    "<+0545>-5:45"
#define ZONE_UTC      "UTC0"

static const char *const zones[] = {
	ZONE_BERLIN, ZONE_NEW_YORK, ZONE_LORDHOWE, ZONE_HAVANA, ZONE_NEPAL, ZONE_UTC,
};

static inline void
zone_use(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

#endif
