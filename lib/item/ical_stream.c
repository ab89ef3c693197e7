/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ical_stream: a calendar file into its components, read through a window (text_stream.h).
 *
 *   outside --BEGIN:VCALENDAR--> in a calendar --BEGIN:x--> in a component (inner ones are its own)
 *           <--END:VCALENDAR---                <--END:x---
 *
 * A component that is not whole in the window is looked at again in the next, from its BEGIN on.
 */
#include <stdio.h>
#include <strings.h>

#include "item/ical.h"

#define NAME_MAX_BYTES 64

enum component {
	EVENT,
	TASK,
	MEMO,
	ZONE,
	FREE_BUSY,
	OTHER,
};

struct splitting {
	const struct text_stream *stream;
	unsigned wanted; /* a bit 1 << component for each kind */
	text_part_fn *fn;
	void *ctx;
	struct text_frame *frame; /* of a survey; else NULL */
	unsigned n_calendars;

	/* Where the text stands. */
	bool in_calendar;
	bool outside_told; /* text outside calendars: one word for a run of it */

	/* This window. */
	struct text_window *window;
	struct contentline_cursor lines;

	/* The open component; depth 0: none. */
	unsigned depth;
	enum component kind;
	char name[NAME_MAX_BYTES];
	size_t start;
	unsigned line;
};

static struct span
value_of(const struct splitting *s, const struct contentline *line)
{
	struct span v = range_span(s->lines.source, line->value);

	while (v.n && v.p[0] <= ' ')
		v = span_skip(v, 1);
	while (v.n && v.p[v.n - 1] <= ' ')
		v.n--;
	return v;
}

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static enum component
component_of(struct span name)
{
	static const char *const names[] = { "VEVENT", "VTODO", "VJOURNAL", "VTIMEZONE",
					     "VFREEBUSY" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (word_is(name, names[i]))
			return (enum component)i;
	return OTHER;
}

/* @range was found; @bad: why it is refused. */
static int
give(struct splitting *s, struct range range, unsigned line, const struct err *bad, struct err *err)
{
	struct text_part part = { s->window->offset + range.start,
				  range_span(s->lines.source, range), line, bad };

	if (s->frame)
		s->frame->broken |= bad != NULL;
	return s->fn ? s->fn(s->ctx, &part, err) : 0;
}

/* From @start to @end; @expected was not found at @at, in the line that begins at @from. */
static int
refuse(struct splitting *s, struct range range, unsigned first_line, const struct contentline *here,
       size_t at, const char *expected, struct err *err)
{
	struct err bad = { 0 };
	struct span rest = span_skip(s->lines.source, here->range.start);

	rest.n = at - here->range.start + 8 < rest.n ? at - here->range.start + 8 : rest.n;
	contentline_syntax(&bad, rest, s->stream->source, here->line, at - here->range.start,
			   expected);
	return give(s, range, first_line, &bad, err);
}

/* The open component ends at @end without its END. */
static int
cut(struct splitting *s, const struct contentline *here, size_t end, struct err *err)
{
	char expected[NAME_MAX_BYTES + 8];
	struct range range = { s->start, end };

	s->depth = 0;
	if (!(s->wanted & 1u << s->kind) && s->kind != OTHER)
		return 0;
	snprintf(expected, sizeof expected, "END:%s", s->name);
	return refuse(s, range, s->line, here, end, expected, err);
}

static int
on_calendar(struct splitting *s, const struct contentline *line, bool begins, struct err *err)
{
	size_t at = line->range.start;
	bool lacks = s->in_calendar == begins; /* the other edge */

	if (s->depth && cut(s, line, at, err) < 0)
		return -1;
	s->in_calendar = begins;
	s->outside_told = false;
	s->n_calendars += begins;
	if (s->frame && !begins)
		s->frame->end_at = s->window->offset + at;
	if (!lacks)
		return 0;
	return refuse(s, line->range, line->line, line, at,
		      begins ? "END:VCALENDAR" : "BEGIN:VCALENDAR", err);
}

static void
open_component(struct splitting *s, const struct contentline *line, struct span name,
	       enum component kind)
{
	s->depth = 1;
	s->kind = kind;
	s->start = line->range.start;
	s->line = line->line;
	s->outside_told = false;
	snprintf(s->name, sizeof s->name, "%.*s", (int)(name.n < 60 ? name.n : 60),
		 (const char *)name.p);
}

static int
on_begin(struct splitting *s, const struct contentline *line, struct span name, struct err *err)
{
	enum component kind = component_of(name);

	if (s->depth && kind == OTHER) {
		s->depth++;
		return 0;
	}
	if (s->depth && cut(s, line, line->range.start, err) < 0) /* these never lie in another */
		return -1;
	open_component(s, line, name, kind);
	return 0;
}

static int
on_end(struct splitting *s, const struct contentline *line, struct span name, struct err *err)
{
	struct range range = { s->start, line->range.end };
	struct err bad = { 0 };

	if (!word_is(name, s->name) && --s->depth > 0)
		return 0;
	if (!word_is(name, s->name))
		return cut(s, line, line->range.start, err);
	s->depth = 0;
	if (!(s->wanted & 1u << s->kind))
		return 0;
	if (range.end - range.start <= ITEM_BYTES_MAX)
		return give(s, range, s->line, NULL, err);
	err_set(&bad, ERR_LIMIT, "%s:%u:1: an item of more than %u MiB", s->stream->source, s->line,
		ITEM_BYTES_MAX >> 20);
	return give(s, range, s->line, &bad, err);
}

static int
on_outside(struct splitting *s, const struct contentline *line, struct err *err)
{
	if (s->outside_told)
		return 0;
	s->outside_told = true;
	return refuse(s, line->range, line->line, line, line->range.start, "BEGIN:VCALENDAR", err);
}

static int
take(struct splitting *s, const struct contentline *line, struct err *err)
{
	bool property = line->kind == CONTENTLINE_PROPERTY;
	bool begin = property && contentline_is(line, "BEGIN");
	bool end = property && contentline_is(line, "END");
	struct span name = value_of(s, line);

	if ((begin || end) && word_is(name, "VCALENDAR"))
		return on_calendar(s, line, begin, err);
	if (begin)
		return on_begin(s, line, name, err);
	if (end && s->depth)
		return on_end(s, line, name, err);
	if (s->depth || s->in_calendar || line->kind == CONTENTLINE_BLANK)
		return 0;
	return on_outside(s, line, err);
}

/* The text is at its end. */
static int
finish(struct splitting *s, const struct contentline *last, struct err *err)
{
	size_t end = s->lines.source.n;
	struct range nothing = { end, end };

	if (s->depth && cut(s, last, end, err) < 0)
		return -1;
	if (!s->in_calendar)
		return 0; /* an empty file, too, has nothing to refuse */
	return refuse(s, nothing, last->line, last, end, "END:VCALENDAR", err);
}

static int
split_window(void *ctx, struct text_window *w, struct err *err)
{
	struct splitting *s = ctx;
	struct span text = { w->text.p, text_window_lines(w) };
	struct contentline line, last = { .line = w->line };
	int rc;

	s->window = w;
	s->depth = 0;
	contentline_init(&s->lines, text, s->stream->source, w->line);
	if (w->offset)
		s->lines.at = 0; /* a byte order mark is one only at the start */
	while ((rc = contentline_next(&s->lines, &line, err)) == 0 &&
	       (rc = take(s, &line, err)) == 0)
		last = line;
	if (rc == CONTENTLINE_END)
		rc = w->at_end ? finish(s, &last, err) : 0;
	w->done = s->depth ? s->start : text.n;
	w->done_line = s->depth ? s->line : s->lines.line;
	contentline_clear(&s->lines);
	return rc;
}

static int
split(const struct text_stream *stream, unsigned wanted, text_part_fn *fn, void *ctx,
      struct err *err)
{
	struct splitting s = { .stream = stream, .wanted = wanted, .fn = fn, .ctx = ctx };

	return text_stream_run(stream, split_window, &s, err);
}

int
ical_split_events(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	return split(stream, 1u << EVENT, fn, ctx, err);
}

int
ical_split_tasks(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	return split(stream, 1u << TASK, fn, ctx, err);
}

int
ical_split_memos(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	return split(stream, 1u << MEMO, fn, ctx, err);
}

int
ical_split_zones(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	return split(stream, 1u << ZONE, fn, ctx, err);
}

int
ical_split_all(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	return split(stream, ~0u, fn, ctx, err);
}

int
ical_survey(struct text_frame *out, const struct text_stream *stream, const char *root,
	    struct err *err)
{
	struct splitting s = { .stream = stream, .wanted = ~0u, .frame = out };

	(void)root;
	*out = (struct text_frame){ .whole = false };
	if (text_stream_run(stream, split_window, &s, err) < 0)
		return -1;
	out->whole = s.n_calendars > 0 && !s.in_calendar && out->end_at > 0;
	return 0;
}
