/* SPDX-License-Identifier: Apache-2.0 */
/* text_stream: see text_stream.h. */
#include "item/text_stream.h"

#include "base/buf.h"

/* Read on: as much again as the window holds, at least one piece. */
static int
fill(struct buf *window, bool *at_end, const struct text_stream *from, struct err *err)
{
	size_t piece = from->window ? from->window : TEXT_STREAM_WINDOW;
	size_t want = window->n > piece ? window->n : piece, got = 0, n = 0;
	uint8_t *p;

	if (buf_extend(window, want, &p, err) < 0)
		return err_wrap(err, "%s", from->source);
	while (got < want) {
		if (from->read(from->ctx, p + got, want - got, &n, err) < 0)
			return -1;
		got += n;
		*at_end = n == 0;
		if (n == 0)
			break;
	}
	window->n -= want - got;
	return 0;
}

size_t
text_window_lines(const struct text_window *w)
{
	struct span t = w->text;

	if (w->at_end)
		return t.n;
	for (size_t i = t.n > 0 ? t.n - 1 : 0; i > 0; i--)
		if (text_is_line_end(t, i - 1) && t.p[i] != ' ' && t.p[i] != '\t')
			return i;
	return 0;
}

int
text_stream_run(const struct text_stream *stream, text_window_fn *fn, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf window = BUF_INIT(TEXT_STREAM_BYTES_MAX);
	struct text_window w = { .line = 1 };

	while (!w.at_end) {
		if (fill(&window, &w.at_end, stream, err) < 0)
			return -1;
		w.text = buf_span(&window);
		w.done = 0;
		w.done_line = w.line;
		if (fn(ctx, &w, err) < 0)
			return -1;
		memmove(window.p, window.p + w.done, window.n - w.done);
		window.n -= w.done;
		w.offset += w.done;
		w.line = w.done_line;
	}
	return 0;
}
