/* SPDX-License-Identifier: Apache-2.0 */
/* show: see show.h. */
#include "cli/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"

struct shown
show_bytes(uint64_t n)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	struct shown out;
	double v = (double)n;
	int unit = -1;

	if (n < 1000) {
		snprintf(out.s, sizeof out.s, "%" PRIu64 " B", n);
		return out;
	}
	do {
		v /= 1000;
		unit++;
	} while (v >= 999.5);
	snprintf(out.s, sizeof out.s, v < 9.95 ? "%.1f %s" : "%.0f %s", v, units[unit]);
	return out;
}

struct shown
show_count(uint64_t n)
{
	char digits[24];
	struct shown out;
	size_t at = 0;
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out.s[at++] = ',';
		out.s[at++] = digits[i];
	}
	out.s[at] = '\0';
	return out;
}

struct shown
show_when(int64_t at_unix_ms)
{
	time_t at = (time_t)(at_unix_ms / 1000);
	struct shown out = { "-" };
	struct tm tm;

	if (at_unix_ms && localtime_r(&at, &tm))
		strftime(out.s, sizeof out.s, "%Y-%m-%d %H:%M", &tm);
	return out;
}

struct shown
show_duration(int64_t ms)
{
	struct shown out;
	int64_t s = (ms + 500) / 1000;

	if (s < 60)
		snprintf(out.s, sizeof out.s, _("%d s"), (int)s);
	else if (s < 3600)
		snprintf(out.s, sizeof out.s, _("%d min %d s"), (int)(s / 60), (int)(s % 60));
	else
		snprintf(out.s, sizeof out.s, _("%d h %d min"), (int)(s / 3600),
			 (int)(s / 60 % 60));
	return out;
}

struct shown
show_saving(uint64_t part, uint64_t whole)
{
	struct shown out = { "" };
	double times = part ? (double)whole / (double)part : 0;

	if (times >= 9.95)
		snprintf(out.s, sizeof out.s, _("%.0f times less"), times);
	else if (times >= 1.05)
		snprintf(out.s, sizeof out.s, _("%.1f times less"), times);
	return out;
}

int
show_name(struct buf *out, struct span name, const char *taken, struct err *err)
{
	if (buf_append(out, name, err) < 0)
		return -1;
	if (!taken || strlen(taken) < sizeof "2019-07-04T12:30" - 1)
		return 0;
	return buf_append_fmt(out, err, " (%.10s %.5s)", taken, taken + 11);
}
