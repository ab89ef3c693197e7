/* SPDX-License-Identifier: Apache-2.0 */
/* key_when: dates, zones and places, see key.h. */
#include <stdio.h>

#include "item/key_internal.h"

static bool
digits(struct span s, size_t at, size_t n, unsigned *value)
{
	*value = 0;
	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*value = *value * 10 + (unsigned)(s.p[i] - '0');
	}
	return true;
}

static bool
time_follows(struct span s, size_t at)
{
	return at == s.n || s.p[at] == 'T' || s.p[at] == 't' || s.p[at] == ' ';
}

/* Year 0: none. */
struct date {
	unsigned year, month, day;
};

/* yyyymmdd, yyyy-mm-dd, --mmdd, --mm-dd, a time behind them left aside. */
static bool
date_of(struct date *d, struct span s)
{
	size_t at;

	d->year = 0;
	if (s.n >= 2 && s.p[0] == '-' && s.p[1] == '-')
		at = 2;
	else if (digits(s, 0, 4, &d->year))
		at = s.n > 4 && s.p[4] == '-' ? 5 : 4;
	else
		return false;
	if (!digits(s, at, 2, &d->month))
		return false;
	at += 2;
	if (at < s.n && s.p[at] == '-')
		at++;
	if (!digits(s, at, 2, &d->day) || !time_follows(s, at + 2))
		return false;
	return d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= 31;
}

/* Apple writes 1604 where it knows no year. */
#define YEAR_OF_NO_YEAR 1604

int
key_date(struct buf *out, struct span value, bool year_omitted, struct err *err)
{
	struct date d;

	value = key_trim(value);
	if (!date_of(&d, value))
		return key_text(out, value, err);
	if (year_omitted || d.year == YEAR_OF_NO_YEAR || d.year == 0)
		return buf_append_fmt(out, err, "--%02u-%02u", d.month, d.day);
	return buf_append_fmt(out, err, "%04u-%02u-%02u", d.year, d.month, d.day);
}

/* ---- zones and places ---- */

/* +h, +hh, +hhmm, +hh:mm: minutes east.  False if it is none of these. */
static bool
offset_of(struct span s, int *minutes)
{
	unsigned hours = 0, rest = 0;

	if (s.n < 2 || (s.p[0] != '+' && s.p[0] != '-'))
		return false;
	bool negative = s.p[0] == '-';
	s = span_skip(s, 1);
	size_t n = s.n == 1 || (s.n == 4 && s.p[1] == ':') ? 1 : 2;
	if (!digits(s, 0, n, &hours))
		return false;
	size_t at = n < s.n && s.p[n] == ':' ? n + 1 : n;
	if (s.n != n && (!digits(s, at, 2, &rest) || s.n != at + 2))
		return false;
	*minutes = (int)(hours * 60 + rest) * (negative ? -1 : 1);
	return hours < 24 && rest < 60;
}

int
key_zone(struct buf *out, struct span value, struct err *err)
{
	int minutes;

	value = key_trim(value);
	if (!offset_of(value, &minutes))
		return key_text(out, value, err);
	unsigned east = (unsigned)(minutes < 0 ? -minutes : minutes);
	return buf_append_fmt(out, err, "%c%02u:%02u", minutes < 0 ? '-' : '+', east / 60,
			      east % 60);
}

static bool
is_decimal(struct span s)
{
	size_t n_digits = 0, n_points = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = span_skip(s, 1);
	for (size_t i = 0; i < s.n; i++) {
		n_digits += s.p[i] >= '0' && s.p[i] <= '9';
		n_points += s.p[i] == '.';
	}
	return n_digits && n_points <= 1 && n_digits + n_points == s.n;
}

bool
key_geo_parts(struct span value, struct span *latitude, struct span *longitude)
{
	value = key_trim(value);
	if (key_starts_with(value, "geo:"))
		value = key_trim(span_skip(value, 4));
	size_t n = 0;
	while (n < value.n && value.p[n] != ',' && value.p[n] != ';')
		n++;
	if (n == value.n)
		return false;
	*latitude = key_trim(span_of(value.p, n));
	*longitude = key_trim(span_skip(value, n + 1));
	return is_decimal(*latitude) && is_decimal(*longitude);
}

/* 007.50 as 7.5. */
static int
append_decimal(struct buf *out, struct span s, struct err *err)
{
	bool negative = s.p[0] == '-';

	if (negative || s.p[0] == '+')
		s = span_skip(s, 1);
	if (memchr(s.p, '.', s.n))
		while (s.p[s.n - 1] == '0')
			s.n--;
	if (s.p[s.n - 1] == '.')
		s.n--;
	while (s.n > 1 && s.p[0] == '0' && s.p[1] != '.')
		s = span_skip(s, 1);
	bool zero = s.n == 0 || (s.n == 1 && s.p[0] == '0');
	if (zero)
		return buf_append_byte(out, '0', err);
	if (negative && buf_append_byte(out, '-', err) < 0)
		return -1;
	if (s.p[0] == '.' && buf_append_byte(out, '0', err) < 0)
		return -1;
	return buf_append(out, s, err);
}

int
key_geo(struct buf *out, struct span value, struct err *err)
{
	struct span latitude, longitude;

	if (!key_geo_parts(value, &latitude, &longitude))
		return key_text(out, value, err);
	if (append_decimal(out, latitude, err) < 0 || buf_append_byte(out, ',', err) < 0)
		return -1;
	return append_decimal(out, longitude, err);
}
