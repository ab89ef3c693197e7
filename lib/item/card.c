/* SPDX-License-Identifier: Apache-2.0 */
/* card: see card.h.  Splitting walks lines; parsing into fields is card_parse.c. */
#include "item/card.h"

#include "item/card_walk.h"

/* One file being split. */
struct split {
	struct contentline_cursor lines;
	struct card_walk walk;
	card_fn *fn;
	void *ctx;
	struct contentline last; /* the line before: to say where the file ends */
	size_t open_at;          /* start of the open card, or of the text between cards */
	unsigned open_line;
	bool between;    /* text between cards is waiting to be reported */
	struct err deep; /* the open card is nested too deeply */
};

static int
report(struct split *s, size_t end, const struct err *bad, struct err *err)
{
	struct card_part part = { { s->open_at, end }, s->open_line, bad };
	struct err limit;

	if (!bad && end - s->open_at > CARD_BYTES_MAX) {
		err_set(&limit, ERR_LIMIT, "%s:%u:1: a card of more than %u MiB", s->lines.name,
			s->open_line, CARD_BYTES_MAX >> 20);
		part.bad = &limit;
	}
	return s->fn(s->ctx, &part, err);
}

/* Refuse what stands from open_at to @end: @expected was not found at @at (offset in the text). */
static int
refuse(struct split *s, size_t end, size_t from, unsigned line, size_t at, const char *expected,
       struct err *err)
{
	struct err bad = { 0 };
	struct span rest = span_skip(s->lines.source, from);

	rest.n = at + 8 < s->lines.source.n ? at + 8 - from : rest.n; /* the line, no more */
	contentline_syntax(&bad, rest, s->lines.name, line, at - from, expected);
	return report(s, end, &bad, err);
}

static int
end_between(struct split *s, size_t end, struct err *err)
{
	if (!s->between)
		return 0;
	s->between = false;
	return refuse(s, end, s->open_at, s->open_line, s->open_at, "BEGIN:VCARD", err);
}

static void
open_here(struct split *s, const struct contentline *line)
{
	s->open_at = line->range.start;
	s->open_line = line->line;
	s->deep.code = ERR_NONE;
}

static int
take(struct split *s, const struct contentline *line, struct err *err)
{
	switch (card_walk_next(&s->walk, line)) {
	case CARD_OUTSIDE:
		if (!s->between)
			open_here(s, line);
		s->between = true;
		return 0;
	case CARD_BEGIN:
		if (end_between(s, line->range.start, err) < 0)
			return -1;
		open_here(s, line);
		return 0;
	case CARD_CUT:
		if (refuse(s, line->range.start, line->range.start, line->line, line->range.start,
			   "END:VCARD", err) < 0)
			return -1;
		open_here(s, line);
		return 0;
	case CARD_DEEP:
		err_set(&s->deep, ERR_LIMIT, "%s:%u:1: cards within cards, more than %u deep",
			s->lines.name, line->line, CARD_DEPTH_MAX);
		return 0;
	case CARD_END:
		return report(s, line->range.end, s->deep.code ? &s->deep : NULL, err);
	case CARD_BLANK:
	case CARD_INSIDE:
	case CARD_NESTED:
	case CARD_NESTED_END:
		break;
	}
	return 0;
}

int
card_split(struct span text, const char *source, card_fn *fn, void *ctx, struct err *err)
{
	return card_split_from(text, source, 1, fn, ctx, err);
}

int
card_split_from(struct span text, const char *source, unsigned line_no, card_fn *fn, void *ctx,
		struct err *err)
{
	struct split s = { .walk = { .source = text }, .fn = fn, .ctx = ctx };
	struct contentline line;
	int rc;

	card_lines_init(&s.lines, text, source, line_no);
	s.last.line = line_no;
	while ((rc = contentline_next(&s.lines, &line, err)) == 0 &&
	       (rc = take(&s, &line, err)) == 0)
		s.last = line;
	if (rc == CONTENTLINE_END) {
		if (s.walk.depth)
			rc = refuse(&s, text.n, s.last.range.start, s.last.line, text.n,
				    "END:VCARD", err);
		else
			rc = end_between(&s, text.n, err);
	}
	contentline_clear(&s.lines);
	return rc;
}
