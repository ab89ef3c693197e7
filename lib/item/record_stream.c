/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_stream: a text of records into its records, read through a window (text_stream.h).
 *
 *     outside --BEGIN:VITEM--> in a record (inner components are its own) --END:VITEM--> outside
 *
 * A record that is not whole in the window is looked at again in the next, from its BEGIN on; BEGIN:VITEM
 * within one cuts it off, as no record lies in another.
 */
#include <strings.h>

#include "item/contentline.h"
#include "item/record.h"

#define VITEM "VITEM"

struct splitting {
	const struct text_stream *stream;
	text_part_fn *fn;
	void *ctx;
	bool outside_told; /* text outside records: one word for a run of it */

	/* This window. */
	struct text_window *window;
	struct contentline_cursor lines;
	bool open; /* a record */
	size_t start;
	unsigned line;
};

static bool
is_vitem(const struct splitting *s, const struct contentline *line, const char *edge)
{
	struct span v = range_span(s->lines.source, line->value);

	while (v.n && v.p[v.n - 1] <= ' ')
		v.n--;
	return line->kind == CONTENTLINE_PROPERTY && contentline_is(line, edge) &&
	       v.n == sizeof VITEM - 1 && strncasecmp((const char *)v.p, VITEM, v.n) == 0;
}

static int
give(struct splitting *s, size_t from, size_t to, unsigned line, const struct err *bad,
     struct err *err)
{
	struct text_part part = { s->window->offset + from,
				  range_span(s->lines.source, (struct range){ from, to }), line,
				  bad };

	return s->fn(s->ctx, &part, err);
}

/* From @from to @to; @expected was not found at @to, in line @here. */
static int
refuse(struct splitting *s, size_t from, size_t to, unsigned first_line, unsigned here,
       const char *expected, struct err *err)
{
	struct err bad = { 0 };

	contentline_syntax(&bad, span_skip(s->lines.source, to), s->stream->source, here, 0,
			   expected);
	return give(s, from, to, first_line, &bad, err);
}

/* The open record ends at @end without its END. */
static int
cut(struct splitting *s, size_t end, unsigned here, struct err *err)
{
	s->open = false;
	return refuse(s, s->start, end, s->line, here, "END:VITEM", err);
}

static int
record_done(struct splitting *s, size_t end, struct err *err)
{
	struct err bad = { 0 };

	s->open = false;
	if (end - s->start <= ITEM_BYTES_MAX)
		return give(s, s->start, end, s->line, NULL, err);
	err_set(&bad, ERR_LIMIT, "%s:%u:1: an item of more than %u MiB", s->stream->source, s->line,
		ITEM_BYTES_MAX >> 20);
	return give(s, s->start, end, s->line, &bad, err);
}

static int
take(struct splitting *s, const struct contentline *line, struct err *err)
{
	if (is_vitem(s, line, "BEGIN")) {
		if (s->open && cut(s, line->range.start, line->line, err) < 0)
			return -1;
		s->open = true;
		s->outside_told = false;
		s->start = line->range.start;
		s->line = line->line;
		return 0;
	}
	if (s->open)
		return is_vitem(s, line, "END") ? record_done(s, line->range.end, err) : 0;
	if (line->kind == CONTENTLINE_BLANK || s->outside_told)
		return 0;
	s->outside_told = true;
	return refuse(s, line->range.start, line->range.start, line->line, line->line,
		      "BEGIN:VITEM", err);
}

static int
split_window(void *ctx, struct text_window *w, struct err *err)
{
	struct splitting *s = ctx;
	struct span text = { w->text.p, text_window_lines(w) };
	struct contentline line;
	int rc;

	s->window = w;
	s->open = false;
	contentline_init(&s->lines, text, s->stream->source, w->line);
	if (w->offset)
		s->lines.at = 0; /* a byte order mark is one only at the start */
	do
		rc = contentline_next(&s->lines, &line, err);
	while (rc == 0 && (rc = take(s, &line, err)) == 0);
	if (rc == CONTENTLINE_END)
		rc = w->at_end && s->open ? cut(s, text.n, s->lines.line, err) : 0;
	w->done = s->open ? s->start : text.n;
	w->done_line = s->open ? s->line : s->lines.line;
	contentline_clear(&s->lines);
	return rc;
}

int
record_split(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	struct splitting s = { .stream = stream, .fn = fn, .ctx = ctx };

	return text_stream_run(stream, split_window, &s, err);
}
