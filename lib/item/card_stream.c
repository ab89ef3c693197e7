/* SPDX-License-Identifier: Apache-2.0 */
/* card_stream: see card_stream.h. */
#include "item/card_stream.h"

struct stream {
	const char *source;
	const struct text_window *window;
	text_part_fn *fn;
	void *ctx;

	/* What was last in the window, not given out yet. */
	bool have_last;
	struct card_part last;
	struct err last_bad;
};

static unsigned
count_lines(struct span t)
{
	unsigned n = 0;

	for (size_t i = 0; i < t.n; i++)
		n += text_is_line_end(t, i);
	return n;
}

static int
give_last(struct stream *s, struct err *err)
{
	struct text_part part = {
		.offset = s->window->offset + s->last.range.start,
		.bytes = range_span(s->window->text, s->last.range),
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

static int
split_window(void *ctx, struct text_window *w, struct err *err)
{
	struct stream *s = ctx;
	struct span text = w->text;

	s->window = w;
	text.n = text_window_lines(w);
	if (card_split_from(text, s->source, w->line, take, s, err) < 0)
		return -1;
	if (w->at_end)
		return give_last(s, err);
	w->done = s->have_last ? s->last.range.start : text.n;
	w->done_line = s->have_last ? s->last.line : w->line + count_lines(text);
	s->have_last = false;
	return 0;
}

int
card_stream_split(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	struct stream s = { .source = stream->source, .fn = fn, .ctx = ctx };

	return text_stream_run(stream, split_window, &s, err);
}
