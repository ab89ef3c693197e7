/* SPDX-License-Identifier: Apache-2.0 */
/* when: see when.h.  Days are counted by Howard Hinnant's civil-calendar formulae
 * (howardhinnant.github.io/date_algorithms.html), so neither time zone nor libc state plays a part. */
#include "base/when.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	unsigned yoe = (unsigned)(y - era * 400);
	unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + (int64_t)doe - 719468;
}

static void
civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

/* No calendar has 30 February: the day counted from it would be one of March. */
static bool
is_day(int64_t y, unsigned m, unsigned d)
{
	int64_t y_back;
	unsigned m_back, d_back;

	if (m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	civil_from_days(days_from_civil(y, m, d), &y_back, &m_back, &d_back);
	return m_back == m && d_back == d;
}

void
when_print(char out[static WHEN_TEXT_BYTES], int64_t at_unix_ms)
{
	const int64_t day_ms = 86400000, year_9999 = 253402300799999;
	int64_t y;
	unsigned mo, d;

	if (at_unix_ms < 0)
		at_unix_ms = 0;
	if (at_unix_ms > year_9999)
		at_unix_ms = year_9999;
	civil_from_days(at_unix_ms / day_ms, &y, &mo, &d);
	unsigned ms = (unsigned)(at_unix_ms % day_ms);
	unsigned s = ms / 1000;
	char text[80];
	int n = snprintf(text, sizeof text, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02u", y, mo, d,
			 s / 3600, s / 60 % 60, s % 60);
	if (ms % 1000)
		snprintf(text + n, sizeof text - (size_t)n, ".%03uZ", ms % 1000);
	else
		snprintf(text + n, sizeof text - (size_t)n, "Z");
	snprintf(out, WHEN_TEXT_BYTES, "%.24s", text);
}

static bool
number(struct span *s, size_t digits, unsigned *out)
{
	if (s->n < digits)
		return false;
	*out = 0;
	for (size_t i = 0; i < digits; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(s->p[i] - '0');
	}
	*s = span_skip(*s, digits);
	return true;
}

static bool
literal(struct span *s, char c)
{
	if (!s->n || s->p[0] != (uint8_t)c)
		return false;
	*s = span_skip(*s, 1);
	return true;
}

/* "T20:52:33[.123](Z|+01:00)" after a date. */
static bool
time_of_day(struct span *s, int64_t *ms)
{
	unsigned h, m, sec, oh, om;

	if (!(literal(s, 'T') || literal(s, 't') || literal(s, ' ')) || !number(s, 2, &h) ||
	    !literal(s, ':') || !number(s, 2, &m) || !literal(s, ':') || !number(s, 2, &sec) ||
	    h > 23 || m > 59 || sec > 60)
		return false;
	*ms = ((int64_t)h * 3600 + m * 60 + sec) * 1000;
	if (literal(s, '.')) {
		unsigned scale = 100, digit;
		if (!s->n || s->p[0] < '0' || s->p[0] > '9')
			return false;
		while (number(s, 1, &digit)) {
			*ms += digit * scale;
			scale /= 10;
		}
	}
	if (literal(s, 'Z') || literal(s, 'z'))
		return true;
	int sign = literal(s, '+') ? 1 : literal(s, '-') ? -1 : 0;
	if (!sign || !number(s, 2, &oh) || !literal(s, ':') || !number(s, 2, &om) || oh > 23 ||
	    om > 59)
		return false;
	*ms -= sign * ((int64_t)oh * 60 + om) * 60000;
	return true;
}

int
when_parse(int64_t *at_unix_ms, struct span text, struct err *err)
{
	struct span s = text;
	unsigned y, mo, d;
	int64_t ms = 0;

	if (!number(&s, 4, &y) || !literal(&s, '-') || !number(&s, 2, &mo) || !literal(&s, '-') ||
	    !number(&s, 2, &d) || !is_day(y, mo, d) || (s.n && !time_of_day(&s, &ms)) || s.n)
		return err_set(err, ERR_SYNTAX,
			       "'%.*s' is not a time like 2026-11-25 or 2026-11-25T20:52:33Z",
			       SPAN_ARGS(text));
	*at_unix_ms = days_from_civil(y, mo, d) * 86400000 + ms;
	return 0;
}

int
duration_parse(int64_t *ms, struct span text, struct err *err)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "s", 1000 },        { "m", 60000 },        { "h", 3600000 },
		{ "d", 86400000 },    { "w", 7 * 86400000 }, { "mo", 2592000000 },
		{ "y", 31536000000 },
	};
	const int64_t limit = 1000 * INT64_C(31536000000);
	struct span s = text;
	int64_t value = 0;
	unsigned digit;

	while (value < limit && number(&s, 1, &digit))
		value = value * 10 + digit;
	for (size_t i = 0; s.n < text.n && i < sizeof units / sizeof units[0]; i++) {
		if (!span_equal(s, span_str(units[i].unit)))
			continue;
		if (value > limit / units[i].ms)
			return err_set(err, ERR_LIMIT, "'%.*s' is more than 1000 years",
				       SPAN_ARGS(text));
		*ms = value * units[i].ms;
		return 0;
	}
	return err_set(err, ERR_SYNTAX, "'%.*s' is not a duration like 90d (s m h d w mo y)",
		       SPAN_ARGS(text));
}

void
duration_print(char out[static DURATION_TEXT_BYTES], int64_t ms)
{
	static const struct {
		int64_t ms;
		char unit;
	} units[] = { { 86400000, 'd' }, { 3600000, 'h' }, { 60000, 'm' }, { 1000, 's' } };
	int64_t whole = ms - ms % 1000;

	out[0] = '\0';
	for (size_t i = 0; whole > 0 && i < sizeof units / sizeof *units; i++)
		if (whole % units[i].ms == 0) {
			snprintf(out, DURATION_TEXT_BYTES, "%" PRId64 "%c", whole / units[i].ms,
				 units[i].unit);
			return;
		}
}
