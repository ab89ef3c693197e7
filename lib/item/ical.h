/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ical: events, tasks and memos as iCalendar (RFC 5545; vCalendar 1.0 too): VEVENT, VTODO, VJOURNAL.
 *
 * An item is one such component and, behind its END, the VTIMEZONEs that it names, so that its times
 * mean the same in another calendar:
 *
 *     BEGIN:VEVENT
 *     UID:1@example.org
 *     DTSTART;TZID=Europe/Berlin:20240102T100000
 *     SUMMARY:Lunch
 *     BEGIN:VALARM … END:VALARM
 *     END:VEVENT
 *     BEGIN:VTIMEZONE … END:VTIMEZONE
 *
 * UID says which item it is, with RECURRENCE-ID which occurrence: "1@example.org", and
 * "1@example.org;RECURRENCE-ID=20240109T100000@Europe/Berlin" (the time as key_instant() has it).  One
 * without UID goes by DTSTART, SUMMARY and DUE.  An alarm is one field, added only where the item's times
 * agree.
 */
#ifndef ITEM_ICAL_H
#define ITEM_ICAL_H

#include "item/form.h"
#include "item/text_stream.h"

/** *out: bytes of @item, parsed or not, that are the component itself; the rest are its VTIMEZONEs.
 *  All of them if it is none.  0 or ERR_NOMEM. */
int ical_own_bytes(size_t *out, struct span item, struct err *err);

/** Append the UID of a component: decoded, without blanks around it; nothing where it has none.
 *  0, ERR_NOMEM, ERR_LIMIT. */
int ical_uid(struct buf *out, struct span component, struct err *err);

/** Is a component of a file a VTIMEZONE? */
bool ical_is_zone(struct span component);

/*
 * text_split_fn's: the events, tasks or memos of a file, or its VTIMEZONEs; what is refused: one that
 * is cut off by the end or by the next, a calendar without its end, text outside calendars.  Other
 * components belong to other apps and are passed over, in one piece or broken.
 */
int
ical_split_events(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);
int
ical_split_tasks(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);
int
ical_split_memos(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);
int
ical_split_zones(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);
/** All components, whatever they are. */
int ical_split_all(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);

/** Where components can be added: before the end of the last VCALENDAR.  A text_survey_fn. */
int ical_survey(struct text_frame *out, const struct text_stream *stream, const char *root,
		struct err *err);

/* ---- the time zones of a file ---- */

#define ICAL_ZONES_MAX       1000u
#define ICAL_ZONES_BYTES_MAX ((size_t)8 << 20)

struct ical_zone {
	struct range id, zone; /* in `text`; no zone: it is named, but not there (yet) */
	uint64_t start, end;   /* where it lies in the file; both 0: it does not */
	size_t n_users;        /* components that name it, if they were counted */
};

struct ical_zones {
	struct buf text; /* ids and VTIMEZONEs, one behind the other */
	struct ical_zone *list;
	size_t n, cap;
};

#define ICAL_ZONES_INIT                                                                            \
	{                                                                                          \
		.text = BUF_INIT(ICAL_ZONES_BYTES_MAX)                                             \
	}

void ical_zones_clear(struct ical_zones *z);
AUTO_OBJ(ical_zones_clear, struct ical_zones);

/** Read those of a text; @count: how many components name each, too.  0 or -1, as a text_split_fn. */
int ical_zones_read(struct ical_zones *z, const struct text_stream *stream, bool count,
		    struct err *err);

/** The number in `list` of each zone that the component @item names, each once: @fn's.  */
typedef int ical_zone_fn(void *ctx, size_t number, struct err *err);
int ical_zones_named(const struct ical_zones *z, struct span item, ical_zone_fn *fn, void *ctx,
		     struct err *err);

/** The zone of that TZID, or ICAL_ZONES_MAX. */
size_t ical_zones_find(const struct ical_zones *z, struct span tzid);

/** Do two VTIMEZONEs mean the same, whatever their names?  *out; ERR_NOMEM, ERR_LIMIT. */
int ical_zone_same(bool *out, struct span a, struct span b, struct err *err);

/** Add a VTIMEZONE: the first of its TZID counts, and what is over the limits is left out.
 *  *added, if not NULL: it is new.  0, ERR_NOMEM. */
int ical_zones_add(struct ical_zones *z, struct span vtimezone, bool *added, struct err *err);

/** Append those that the component @item names, each once, in the order in which it does; nothing
 *  where its last line has no end.  0, ERR_NOMEM, ERR_LIMIT. */
int
ical_zones_append(struct buf *out, const struct ical_zones *z, struct span item, struct err *err);

#endif
