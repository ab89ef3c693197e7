/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_ie_split: a file of messages into its objects, see sms_ie_message.h.
 *
 * Only braces, brackets at the top and strings are looked at; what an object says is for its parser.
 * Within a list an object can go over many lines; outside of one it ends with its line, whole or not.
 */
#include <string.h>

#include "apps/sms_ie_message.h"

struct splitting {
	const char *source;
	bool in_list;
	text_part_fn *fn;
	void *ctx;
};

enum found { WHOLE, BROKEN, CUT };

/* From the '{' at @at to its end: *end lies behind it, or where what is broken ends. */
static enum found
object_end(size_t *end, struct span text, size_t at, bool one_line)
{
	bool in_string = false;
	size_t depth = 0, i;

	for (i = at; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '\n' && (in_string || one_line)) {
			*end = i;
			return BROKEN;
		}
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && c == '{')
			depth++;
		else if (!in_string && c == '}' && --depth == 0) {
			*end = i + 1;
			return WHOLE;
		}
	}
	*end = text.n;
	return CUT;
}

static unsigned
lines_in(struct span text)
{
	unsigned n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static int
give(struct splitting *s, const struct text_window *w, size_t at, size_t end, bool whole,
     struct err *err)
{
	struct text_part part = { .offset = w->offset + at,
				  .bytes = span_of(w->text.p + at, end - at),
				  .line = w->done_line };
	struct err why = { 0 };

	if (whole)
		return s->fn(s->ctx, &part, err);
	err_set(&why, ERR_SYNTAX, "%s:%u: expected a whole JSON object", s->source, part.line);
	part.bad = &why;
	return s->fn(s->ctx, &part, err);
}

/* What stands between objects: blanks, commas, the brackets of a list, a byte order mark. */
static bool
is_between(struct splitting *s, uint8_t c)
{
	if (c == '[' || c == ']')
		s->in_list = c == '[';
	return strchr(" \t\r\n,[]\xef\xbb\xbf", c) && c;
}

static size_t
end_of_line(struct span text, size_t at)
{
	const uint8_t *p = memchr(text.p + at, '\n', text.n - at);

	return p ? (size_t)(p - text.p) : text.n;
}

static int
split_window(void *ctx, struct text_window *w, struct err *err)
{
	struct splitting *s = ctx;

	w->done_line = w->line;
	for (size_t at = 0; at < w->text.n;) {
		enum found found = BROKEN;
		size_t end;

		w->done = at;
		if (is_between(s, w->text.p[at])) {
			w->done_line += w->text.p[at++] == '\n';
			continue;
		}
		if (w->text.p[at] == '{')
			found = object_end(&end, w->text, at, !s->in_list);
		else
			end = end_of_line(w->text, at);
		if (found == CUT && !w->at_end)
			return 0; /* again, with more of it */
		if (give(s, w, at, end, found == WHOLE, err) < 0)
			return -1;
		w->done_line += lines_in(span_of(w->text.p + at, end - at));
		at = end;
	}
	w->done = w->text.n;
	return 0;
}

int
sms_ie_split(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	struct splitting s = { .source = stream->source, .fn = fn, .ctx = ctx };

	return text_stream_run(stream, split_window, &s, err);
}
