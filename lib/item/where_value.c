/* SPDX-License-Identifier: Apache-2.0 */
/* where_value: what a size, a date and an age in an expression mean, and dates as other people write them. */
#include "base/when.h"
#include "item/where_internal.h"

static bool
digits(struct span *s, size_t n, unsigned *out)
{
	*out = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(s->p[i] - '0');
	}
	*s = span_skip(*s, n);
	return true;
}

static bool
literal(struct span *s, const char *any_of)
{
	if (!s->n || !s->p[0] || !strchr(any_of, s->p[0]))
		return false;
	*s = span_skip(*s, 1);
	return true;
}

/* Days from 1970-01-01 (H. Hinnant, days_from_civil). */
int64_t
where_wall_s(int64_t y, unsigned m, unsigned d)
{
	y += (m - 1) / 12;
	m = (m - 1) % 12 + 1;
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	unsigned yoe = (unsigned)(y - era * 400);
	unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (era * 146097 + (int64_t)doe - 719468) * 86400;
}

static bool
is_day(unsigned y, unsigned m, unsigned d)
{
	return y >= 1 && m >= 1 && m <= 12 && d >= 1 &&
	       (int64_t)d * 86400 <= where_wall_s(y, m + 1, 1) - where_wall_s(y, m, 1);
}

struct where_wall
where_wall_parse(struct span s)
{
	struct where_wall out = { WHERE_WALL_NONE, false };
	unsigned y, m, d, h = 0, min = 0, sec = 0, fraction;

	while (s.n && s.p[0] == ' ')
		s = span_skip(s, 1);
	if (!digits(&s, 4, &y))
		return out;
	literal(&s, "-");
	if (!digits(&s, 2, &m))
		return out;
	literal(&s, "-");
	if (!digits(&s, 2, &d) || !is_day(y, m, d))
		return out;
	if (literal(&s, "Tt ")) {
		if (!digits(&s, 2, &h))
			return out;
		literal(&s, ":");
		if (!digits(&s, 2, &min))
			return out;
		literal(&s, ":");
		if (digits(&s, 2, &sec) && literal(&s, ".,"))
			while (digits(&s, 1, &fraction))
				;
		if (h > 24 || min > 59 || sec > 60)
			return out;
		out.utc = literal(&s, "Zz");
	}
	out.s = where_wall_s(y, m, d) + (int64_t)h * 3600 + (int64_t)min * 60 + sec;
	return out;
}

/* "2026", "2026-05", "2026-05-01", "2026-05-01T10:30", "…:05": the span of time that it is. */
static bool
date_span(int64_t *from, int64_t *until, struct span s)
{
	unsigned y, m, d, h, min, sec;

	if (!digits(&s, 4, &y) || y == 0)
		return false;
	*from = where_wall_s(y, 1, 1);
	*until = where_wall_s(y + 1, 1, 1);
	if (!s.n)
		return true;
	if (!literal(&s, "-") || !digits(&s, 2, &m) || m < 1 || m > 12)
		return false;
	*from = where_wall_s(y, m, 1);
	*until = where_wall_s(y, m + 1, 1);
	if (!s.n)
		return true;
	if (!literal(&s, "-") || !digits(&s, 2, &d) || !is_day(y, m, d))
		return false;
	*from = where_wall_s(y, m, d);
	*until = *from + 86400;
	if (!s.n)
		return true;
	if (!literal(&s, "Tt ") || !digits(&s, 2, &h) || !literal(&s, ":") ||
	    !digits(&s, 2, &min) || h > 23 || min > 59)
		return false;
	*from += (int64_t)h * 3600 + (int64_t)min * 60;
	*until = *from + 60;
	if (!s.n)
		return true;
	if (!literal(&s, ":") || !digits(&s, 2, &sec) || sec > 59)
		return false;
	*from += sec;
	*until = *from + 1;
	return !s.n;
}

/* "500", "500k", "1.5M", "2 GiB" without the blank: bytes. */
static bool
size_bytes(uint64_t *out, struct span s)
{
	static const char letters[] = "kmgt";
	uint64_t whole = 0, unit = 1, part = 0, scale = 1;
	size_t n = 0;
	const char *letter;
	char unit_text[4] = "";

	for (; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++)
		if (__builtin_mul_overflow(whole, 10u, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(s.p[n] - '0'), &whole))
			return false;
	if (n == 0)
		return false;
	if (n < s.n && s.p[n] == '.') {
		size_t dot = n++;

		for (; n < s.n && s.p[n] >= '0' && s.p[n] <= '9' && n - dot <= 9; n++, scale *= 10)
			part = part * 10 + (uint64_t)(s.p[n] - '0');
		if (n == dot + 1)
			return false;
	}
	s = span_skip(s, n);
	if (s.n >= sizeof unit_text)
		return false;
	for (size_t i = 0; i < s.n; i++)
		unit_text[i] = (char)(s.p[i] | 0x20);
	letter = unit_text[0] ? strchr(letters, unit_text[0]) : NULL;
	if (letter) {
		bool binary = unit_text[1] == 'i';

		for (const char *l = letters; l <= letter; l++)
			unit *= binary ? 1024 : 1000;
		memmove(unit_text, unit_text + 1 + binary, sizeof unit_text - 1 - binary);
	}
	if (unit_text[0] && strcmp(unit_text, "b") != 0)
		return false;
	if (__builtin_mul_overflow(whole, unit, out))
		return false;
	return !__builtin_add_overflow(*out, part * (unit / scale) + part * (unit % scale) / scale,
				       out);
}

bool
where_understand(struct where_node *n, struct span text)
{
	struct err ignored = { 0 };
	int64_t ms;

	switch (n->kind) {
	case WHERE_SIZE:
		return size_bytes(&n->number, text);
	case WHERE_DATE:
		return date_span(&n->from, &n->until, text);
	case WHERE_AGE:
		if (duration_parse(&ms, text, &ignored) < 0)
			return false;
		n->number = (uint64_t)ms;
		return true;
	default:
		return true;
	}
}
