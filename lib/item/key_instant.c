/* SPDX-License-Identifier: Apache-2.0 */
/* key_instant: iCalendar's times and rules, see key.h. */
#include <stdlib.h>
#include <strings.h>

#include "item/key_internal.h"

#define PARTS_MAX 64 /* of a rule, and elements of one part: more are compared as they stand */

/* ---- zones ---- */

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static bool
is_utc(struct span s)
{
	static const char *const names[] = { "UTC",     "Z",
					     "GMT",     "Etc/UTC",
					     "Etc/GMT", "UCT",
					     "Etc/UCT", "Coordinated Universal Time" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (word_is(s, names[i]))
			return true;
	return false;
}

/* What stands behind the last `/` before @end, or the start. */
static size_t
part_start(struct span s, size_t end)
{
	const uint8_t *slash = end ? memrchr(s.p, '/', end) : NULL;

	return slash ? (size_t)(slash + 1 - s.p) : 0;
}

static bool
is_area(struct span s)
{
	static const char *const areas[] = { "Africa", "America",  "Antarctica", "Arctic",
					     "Asia",   "Atlantic", "Australia",  "Etc",
					     "Europe", "Indian",   "Pacific" };

	for (size_t i = 0; i < sizeof areas / sizeof *areas; i++)
		if (span_equal(s, span_str(areas[i])))
			return true;
	return false;
}

/* "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin": what programs put before a zone's name of
 * the tz database, which begins with an area and has two or three parts. */
static struct span
without_prefix(struct span s)
{
	size_t end = s.n;

	if (s.n == 0 || s.p[0] != '/')
		return s;
	for (unsigned parts = 1; parts <= 3; parts++) {
		size_t start = part_start(s, end);
		if (parts > 1 && is_area(span_of(s.p + start, end - start)))
			return span_skip(s, start);
		if (start == 0)
			break;
		end = start - 1;
	}
	return s;
}

int
key_tzid(struct buf *out, struct span zone, struct err *err)
{
	zone = without_prefix(key_trim(zone));
	return is_utc(zone) ? buf_append_byte(out, 'Z', err) : buf_append(out, zone, err);
}

/* ---- times ---- */

static size_t
digits(struct span s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

/* @n digits in groups, @separator between them or nowhere; 0: they are none. */
static size_t
read_groups(char *out, struct span s, const uint8_t groups[3], char separator)
{
	size_t at = 0, n = 0;
	bool separated = s.n > groups[0] && s.p[groups[0]] == (uint8_t)separator;

	for (int i = 0; i < 3; i++) {
		if (i && separated) {
			if (at == s.n || s.p[at] != (uint8_t)separator)
				return 0;
			at++;
		}
		if (digits(span_skip(s, at)) < groups[i])
			return 0;
		memcpy(out + n, s.p + at, groups[i]);
		n += groups[i];
		at += groups[i];
	}
	return at;
}

/* yyyymmdd, yyyymmddThhmmss, with Z; with - and : too. */
struct instant {
	char date[8], time[6];
	bool has_time, utc;
};

static bool
read_instant(struct instant *t, struct span s)
{
	static const uint8_t date[3] = { 4, 2, 2 }, time[3] = { 2, 2, 2 };
	size_t n = read_groups(t->date, s, date, '-');

	t->has_time = t->utc = false;
	if (n == 0 || n == s.n)
		return n > 0;
	if (s.p[n] != 'T' && s.p[n] != 't')
		return false;
	s = span_skip(s, n + 1);
	n = read_groups(t->time, s, time, ':');
	if (n == 0)
		return false;
	t->has_time = true;
	t->utc = n + 1 == s.n && (s.p[n] == 'Z' || s.p[n] == 'z');
	return t->utc || n == s.n;
}

static int
append_instant(struct buf *out, struct span s, struct span zone, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(VALUE_MAX);
	struct instant t;

	s = key_trim(s);
	if (!read_instant(&t, s))
		return key_append_nfc(out, s, err);
	if (buf_append(out, span_of(t.date, sizeof t.date), err) < 0 || !t.has_time)
		return t.has_time ? -1 : 0;
	if (buf_append_byte(out, 'T', err) < 0 ||
	    buf_append(out, span_of(t.time, sizeof t.time), err) < 0)
		return -1;
	if (t.utc)
		return buf_append_byte(out, 'Z', err);
	if (key_tzid(&name, zone, err) < 0)
		return -1;
	bool utc = word_is(buf_span(&name), "Z");
	if (name.n && !utc && buf_append_byte(out, '@', err) < 0)
		return -1;
	return buf_append(out, buf_span(&name), err);
}

int
key_instant(struct buf *out, struct span value, struct span zone, struct err *err)
{
	const uint8_t *slash = value.n ? memchr(value.p, '/', value.n) : NULL;
	size_t n = slash ? (size_t)(slash - value.p) : value.n;

	if (append_instant(out, span_of(value.p, n), zone, err) < 0)
		return -1;
	if (!slash)
		return 0;
	return buf_append_byte(out, '/', err) < 0
		       ? -1
		       : append_instant(out, span_skip(value, n + 1), zone, err);
}

/* ---- rules ---- */

struct words {
	struct span list[PARTS_MAX];
	size_t n;
};

static int
by_bytes(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* False: more than there is room for. */
static bool
split(struct words *w, struct span s, char separator)
{
	w->n = 0;
	for (;;) {
		const uint8_t *at = s.n ? memchr(s.p, separator, s.n) : NULL;
		struct span word = key_trim(span_of(s.p, at ? (size_t)(at - s.p) : s.n));
		if (w->n == PARTS_MAX)
			return false;
		if (word.n)
			w->list[w->n++] = word;
		if (!at)
			break;
		s = span_skip(s, (size_t)(at - s.p) + 1);
	}
	if (w->n)
		qsort(w->list, w->n, sizeof *w->list, by_bytes);
	return true;
}

/* NAME=a,b,c: the list sorted; UNTIL as a time. */
static int
append_part(struct buf *out, struct span part, struct err *err)
{
	const uint8_t *equals = memchr(part.p, '=', part.n);
	size_t n = equals ? (size_t)(equals - part.p) : part.n;
	struct words list;

	if (buf_append(out, span_of(part.p, n), err) < 0 || !equals)
		return equals ? -1 : 0;
	struct span value = span_skip(part, n + 1);
	if (buf_append_byte(out, '=', err) < 0)
		return -1;
	if (word_is(span_of(part.p, n), "UNTIL"))
		return append_instant(out, value, span_of(NULL, 0), err);
	if (!split(&list, value, ','))
		return buf_append(out, value, err);
	for (size_t i = 0; i < list.n; i++)
		if ((i && buf_append_byte(out, ',', err) < 0) ||
		    buf_append(out, list.list[i], err) < 0)
			return -1;
	return 0;
}

int
key_rule(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf upper = BUF_INIT(VALUE_MAX);
	struct words parts;
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		if (buf_append_byte(&upper, c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c, err) < 0)
			return -1;
	}
	if (!split(&parts, buf_span(&upper), ';'))
		return buf_append(out, buf_span(&upper), err);
	for (size_t i = 0; i < parts.n; i++) {
		if (word_is(parts.list[i], "INTERVAL=1") || word_is(parts.list[i], "WKST=MO"))
			continue; /* what holds without being said: RFC 5545 3.3.10 */
		if ((n++ && buf_append_byte(out, ';', err) < 0) ||
		    append_part(out, parts.list[i], err) < 0)
			return -1;
	}
	return 0;
}
