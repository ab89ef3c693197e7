/* SPDX-License-Identifier: Apache-2.0 */
/* card_stream: see card_stream.h. */
#include "item/card_stream.h"

struct stream {
	const struct card_stream *from;
	struct buf window;
	uint64_t offset; /* of the window in the file */
	unsigned line;   /* of its first line */
	bool at_end;     /* the window reaches to the file's end */
	card_stream_fn *fn;
	void *ctx;

	/* What was last in the window, not given out yet. */
	bool have_last;
	struct card_part last;
	struct err last_bad;
};

/* Read on: as much again as the window holds, at least one piece. */
static int
fill(struct stream *s, struct err *err)
{
	size_t piece = s->from->window ? s->from->window : CARD_STREAM_WINDOW;
	size_t want = s->window.n > piece ? s->window.n : piece, got = 0, n = 0;
	uint8_t *p;

	if (buf_extend(&s->window, want, &p, err) < 0)
		return err_wrap(err, "%s", s->from->source);
	while (got < want) {
		if (s->from->read(s->from->ctx, p + got, want - got, &n, err) < 0)
			return -1;
		got += n;
		s->at_end = n == 0;
		if (n == 0)
			break;
	}
	s->window.n -= want - got;
	return 0;
}

static bool
is_line_end(const struct span t, size_t at)
{
	return t.p[at] == '\n' || (t.p[at] == '\r' && at + 1 < t.n && t.p[at + 1] != '\n');
}

/* How much of the window ends where a line begins that continues no other; 0: nothing. */
static size_t
whole_lines(const struct stream *s)
{
	struct span t = buf_span(&s->window);

	if (s->at_end)
		return t.n;
	for (size_t i = t.n > 0 ? t.n - 1 : 0; i > 0; i--)
		if (is_line_end(t, i - 1) && t.p[i] != ' ' && t.p[i] != '\t')
			return i;
	return 0;
}

static unsigned
count_lines(struct span t)
{
	unsigned n = 0;

	for (size_t i = 0; i < t.n; i++)
		n += is_line_end(t, i);
	return n;
}

static int
give_last(struct stream *s, struct err *err)
{
	struct card_stream_part part = {
		.offset = s->offset + s->last.range.start,
		.bytes = range_span(buf_span(&s->window), s->last.range),
		.line = s->last.line,
		.bad = s->last.bad ? &s->last_bad : NULL,
	};

	if (!s->have_last)
		return 0;
	s->have_last = false;
	return s->fn(s->ctx, &part, err);
}

static int
take(void *ctx, const struct card_part *part, struct err *err)
{
	struct stream *s = ctx;

	if (give_last(s, err) < 0)
		return -1;
	s->have_last = true;
	s->last = *part;
	if (part->bad)
		s->last_bad = *part->bad;
	return 0;
}

/* Go on at @at, which is line @line. */
static void
move_on(struct stream *s, size_t at, unsigned line)
{
	memmove(s->window.p, s->window.p + at, s->window.n - at);
	s->window.n -= at;
	s->offset += at;
	s->line = line;
}

static int
split_window(struct stream *s, struct err *err)
{
	struct span text = buf_span(&s->window);

	text.n = whole_lines(s);
	if (card_split_from(text, s->from->source, s->line, take, s, err) < 0)
		return -1;
	if (s->at_end)
		return give_last(s, err);
	if (s->have_last)
		move_on(s, s->last.range.start, s->last.line);
	else
		move_on(s, text.n, s->line + count_lines(text));
	s->have_last = false;
	return 0;
}

int
card_stream_split(const struct card_stream *stream, card_stream_fn *fn, void *ctx, struct err *err)
{
	struct stream s = { .from = stream,
			    .window = BUF_INIT(CARD_STREAM_BYTES_MAX),
			    .line = 1,
			    .fn = fn,
			    .ctx = ctx };
	int rc = 0;

	while (rc == 0 && !s.at_end) {
		rc = fill(&s, err);
		if (rc == 0)
			rc = split_window(&s, err);
	}
	buf_clear(&s.window);
	return rc;
}
