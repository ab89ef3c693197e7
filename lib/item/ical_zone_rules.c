/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ical_zone_rules: do two VTIMEZONEs mean the same?  Programs write one zone in many ways: from 1601 on
 * or from 1970, with names and comments of their own.  What counts of each STANDARD and DAYLIGHT are
 * its two offsets, its rule, and at what time of day it begins; its date where there is no rule.
 */
#include <stdlib.h>
#include <strings.h>

#include "base/array.h"
#include "item/ical.h"
#include "item/value.h"

#define PARTS_MAX 100000u

/* One STANDARD or DAYLIGHT. */
struct part {
	struct buf from, to, start, rule, dates;
};

struct rules {
	struct field_key *list;
	size_t n, cap;
	struct part part;
};

#define RULES_INIT                                                                                 \
	{                                                                                          \
		.part = {                                                                          \
			BUF_INIT(ITEM_BYTES_MAX),                                                  \
			BUF_INIT(ITEM_BYTES_MAX),                                                  \
			BUF_INIT(ITEM_BYTES_MAX),                                                  \
			BUF_INIT(ITEM_BYTES_MAX),                                                  \
			BUF_INIT(ITEM_BYTES_MAX)                                                   \
		}                                                                                  \
	}

static void
rules_clear(struct rules *r)
{
	free(r->list);
	buf_clear(&r->part.from);
	buf_clear(&r->part.to);
	buf_clear(&r->part.start);
	buf_clear(&r->part.rule);
	buf_clear(&r->part.dates);
}
AUTO_OBJ(rules_clear, struct rules);

static void
part_reset(struct part *p)
{
	buf_reset(&p->from);
	buf_reset(&p->to);
	buf_reset(&p->start);
	buf_reset(&p->rule);
	buf_reset(&p->dates);
}

static int
read_property(struct part *p, const struct contentline *l, const struct value *v, struct err *err)
{
	struct span first = value_part(v, 0), none = { NULL, 0 };

	if (contentline_is(l, "TZOFFSETFROM"))
		return key_zone(&p->from, first, err);
	if (contentline_is(l, "TZOFFSETTO"))
		return key_zone(&p->to, first, err);
	if (contentline_is(l, "DTSTART"))
		return key_instant(&p->start, first, none, err);
	if (contentline_is(l, "RRULE"))
		return key_rule(&p->rule, first, err);
	for (size_t i = 0; contentline_is(l, "RDATE") && i < v->n_parts; i++)
		if (buf_append_byte(&p->dates, ',', err) < 0 ||
		    key_instant(&p->dates, value_part(v, i), none, err) < 0)
			return -1;
	return 0;
}

/* It ends: what it says as a key. */
static int
add_part(struct rules *r, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);
	struct span start = buf_span(&r->part.start);
	const uint8_t *time = start.n ? memchr(start.p, 'T', start.n) : NULL;

	if (r->part.rule.n && time)
		start = span_skip(start, (size_t)(time - start.p));
	if (buf_append_fmt(&text, err, "%s %s %.*s %s%s", buf_str(&r->part.from),
			   buf_str(&r->part.to), SPAN_ARGS(start), buf_str(&r->part.rule),
			   buf_str(&r->part.dates)) < 0 ||
	    array_reserve((void **)&r->list, &r->cap, r->n + 1, sizeof *r->list, PARTS_MAX, err) <
		    0)
		return -1;
	r->list[r->n++] = key_hash(buf_span(&text));
	part_reset(&r->part);
	return 0;
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, FIELD_KEY_BYTES);
}

static int
read_rules(struct rules *r, struct span zone, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	AUTO(value_clear) struct value v = VALUE_INIT;
	struct contentline l;
	unsigned depth = 0;
	int rc;

	contentline_init(&lines, zone, "", 1);
	while ((rc = contentline_next(&lines, &l, err)) == 0) {
		if (l.kind != CONTENTLINE_PROPERTY)
			continue;
		if (contentline_is(&l, "BEGIN")) {
			depth++;
		} else if (contentline_is(&l, "END")) {
			if (depth == 2 && add_part(r, err) < 0)
				return -1;
			depth -= depth > 0;
		} else if (depth == 2 && (value_read(&v, zone, &l, ITEM_ICALENDAR, err) < 0 ||
					  read_property(&r->part, &l, &v, err) < 0)) {
			return -1;
		}
	}
	if (r->n)
		qsort(r->list, r->n, sizeof *r->list, by_bytes);
	return rc < 0 ? -1 : 0;
}

int
ical_zone_same(bool *out, struct span a, struct span b, struct err *err)
{
	AUTO(rules_clear) struct rules x = RULES_INIT, y = RULES_INIT;

	*out = span_equal(a, b);
	if (*out)
		return 0;
	if (read_rules(&x, a, err) < 0 || read_rules(&y, b, err) < 0)
		return -1;
	*out = x.n == y.n && (x.n == 0 || memcmp(x.list, y.list, x.n * sizeof *x.list) == 0);
	return 0;
}
