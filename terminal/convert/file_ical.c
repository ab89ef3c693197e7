/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_ical: events, tasks and memos as an iCalendar file (RFC 5545): each component as it is, before it
 * the time zones that it names and that were not said yet.  Where one of these has another meaning now, a
 * new calendar begins in the same file: a zone's name is its calendar's.
 *
 * `original` is the same: what a program wrote is iCalendar already.
 */
#include <string.h>

#include "convert/file_kind.h"
#include "item/ical.h"

static int
put_head(struct buf *out, struct err *err)
{
	return buf_append_str(out,
			      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
			      "PRODID:-//Cloudbox//Cloudbox//EN\r\n",
			      err);
}

static int
put_tail(struct buf *out, struct err *err)
{
	return buf_append_str(out, "END:VCALENDAR\r\n", err);
}

/* A series before its moved occurrences. */
static int
by_uid(struct buf *out, const struct item *it, struct err *err)
{
	return buf_append_str(out, it->uid, err);
}

static int
head(struct buf *out, struct buf *state, uint64_t n, struct err *err)
{
	(void)state;
	(void)n;
	return put_head(out, err);
}

static int
tail(struct buf *out, struct buf *state, struct err *err)
{
	(void)state;
	return put_tail(out, err);
}

/* Call @fn for each VTIMEZONE of @zones, which lie one behind the other. */
static int
each_zone(struct span zones, int (*fn)(void *ctx, struct span zone, struct err *err), void *ctx,
	  struct err *err)
{
	for (size_t n; zones.n; zones = span_skip(zones, n))
		if (ical_own_bytes(&n, zones, err) < 0 || fn(ctx, span_of(zones.p, n), err) < 0)
			return -1;
	return 0;
}

static int
add_to(void *ctx, struct span zone, struct err *err)
{
	return ical_zones_add(ctx, zone, NULL, err);
}

/* *out: is a zone of @item there under its name, saying something else? */
static int
contradicts(bool *out, struct span said, struct span zones, struct err *err)
{
	AUTO(ical_zones_clear) struct ical_zones before = ICAL_ZONES_INIT, now = ICAL_ZONES_INIT;

	*out = false;
	if (each_zone(said, add_to, &before, err) < 0 || each_zone(zones, add_to, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < now.n && !*out; i++) {
		struct span text = buf_span(&now.text), other = buf_span(&before.text);
		size_t at = ical_zones_find(&before, range_span(text, now.list[i].id));
		bool same = true;

		if (at < before.n &&
		    ical_zone_same(&same, range_span(text, now.list[i].zone),
				   range_span(other, before.list[at].zone), err) < 0)
			return -1;
		*out = !same;
	}
	return 0;
}

struct saying {
	struct buf *out, *said;
};

static int
say_zone(void *ctx, struct span zone, struct err *err)
{
	struct saying *s = ctx;

	if (s->said->n && memmem(s->said->p, s->said->n, zone.p, zone.n))
		return 0;
	return buf_append(s->out, zone, err) < 0 ? -1 : buf_append(s->said, zone, err);
}

static int
say_zones(struct buf *out, struct buf *said, struct span zones, struct err *err)
{
	struct saying s = { out, said };
	bool other = false;

	if (zones.n == 0 || (said->n && memmem(said->p, said->n, zones.p, zones.n)))
		return 0;
	if (contradicts(&other, buf_span(said), zones, err) < 0)
		return -1;
	if (other) {
		buf_reset(said);
		if (put_tail(out, err) < 0 || put_head(out, err) < 0)
			return -1;
	}
	return each_zone(zones, say_zone, &s, err);
}

static int
put_item(struct buf *out, struct card_notes *notes, struct buf *state, const struct item *it,
	 struct err *err)
{
	struct span own = it->bytes;

	(void)notes;
	if (ical_own_bytes(&own.n, it->bytes, err) < 0 ||
	    say_zones(out, state, span_skip(it->bytes, own.n), err) < 0 ||
	    buf_append(out, own, err) < 0)
		return -1;
	bool open = own.n && own.p[own.n - 1] != '\n';
	return open ? buf_append_str(out, "\r\n", err) : 0;
}

#define CALENDAR(of)                                                                               \
	.form = (of), .extension = ".ics", .version = ITEM_ICALENDAR, .key = by_uid, .head = head, \
	.tail = tail, .item = put_item

extern const struct file_kind file_events, file_events_original, file_tasks, file_tasks_original,
	file_memos, file_memos_original;

const struct file_kind file_events = { .format = "ical", CALENDAR(&form_event) };
const struct file_kind file_events_original = { .format = "original", CALENDAR(&form_event) };
const struct file_kind file_tasks = { .format = "ical", CALENDAR(&form_task) };
const struct file_kind file_tasks_original = { .format = "original", CALENDAR(&form_task) };
const struct file_kind file_memos = { .format = "ical", CALENDAR(&form_memo) };
const struct file_kind file_memos_original = { .format = "original", CALENDAR(&form_memo) };
