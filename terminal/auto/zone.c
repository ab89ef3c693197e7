/* SPDX-License-Identifier: Apache-2.0 */
/* zone: see zone.h. */
#include "auto/zone.h"

#include <time.h>

#define DAY_S 86400

/* Local time at @at, as if it were UTC, in seconds. */
static int64_t
local_s(int64_t at_s)
{
	time_t t = (time_t)at_s;
	struct tm tm;

	/* Years that struct tm cannot count are nobody's plan. */
	return localtime_r(&t, &tm) ? at_s + tm.tm_gmtoff : at_s;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void
zone_local(int64_t *day, int *minute, int64_t at_unix_ms)
{
	int64_t local = local_s(floor_div(at_unix_ms, 1000));

	*day = floor_div(local, DAY_S);
	*minute = (int)((local - *day * DAY_S) / 60);
}

int64_t
zone_moment(int64_t day, int minute)
{
	int64_t wanted = day * DAY_S + minute * 60;
	/* Offsets from UTC a day before and after; between them is one change at most. */
	int64_t before = local_s(wanted - DAY_S) - (wanted - DAY_S);
	int64_t after = local_s(wanted + DAY_S) - (wanted + DAY_S);
	int64_t first = wanted - (before > after ? before : after);
	int64_t last = wanted - (before > after ? after : before);

	if (local_s(first) == wanted)
		return first * 1000;
	if (local_s(last) == wanted)
		return last * 1000;
	/* Left out: the change lies between, and before it it is earlier, after it later. */
	while (last - first > 1) {
		int64_t middle = first + (last - first) / 2;

		if (local_s(middle) < wanted)
			first = middle;
		else
			last = middle;
	}
	return last * 1000;
}
