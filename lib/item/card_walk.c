/* SPDX-License-Identifier: Apache-2.0 */
/* card_walk: see card_walk.h. */
#include "item/card_walk.h"

#include <strings.h>

#include "item/card.h"
#include "item/property.h"

void
card_lines_init(struct contentline_cursor *c, struct span source, const char *name,
		unsigned first_line)
{
	contentline_init(c, source, name, first_line);
	c->knows = property_is_known;
}

static struct span
trimmed_value(struct span source, const struct contentline *line)
{
	struct span v = range_span(source, line->value);

	while (v.n && v.p[0] <= ' ')
		v = span_skip(v, 1);
	while (v.n && v.p[v.n - 1] <= ' ')
		v.n--;
	return v;
}

static bool
is_vcard(struct span source, const struct contentline *line, const char *name)
{
	if (line->kind != CONTENTLINE_PROPERTY || !contentline_is(line, name))
		return false;
	struct span v = trimmed_value(source, line);
	return v.n == 5 && strncasecmp((const char *)v.p, "VCARD", 5) == 0;
}

static enum card_step
on_begin(struct card_walk *w)
{
	bool cut = w->depth && !w->after_agent;

	w->after_agent = false;
	if (cut) {
		w->depth = 1; /* the new card's */
		return CARD_CUT;
	}
	w->depth++;
	if (w->depth == 1)
		return CARD_BEGIN;
	return w->depth > CARD_DEPTH_MAX ? CARD_DEEP : CARD_NESTED;
}

static enum card_step
on_end(struct card_walk *w)
{
	if (w->depth == 0)
		return CARD_OUTSIDE;
	w->depth--;
	w->after_agent = false;
	return w->depth == 0 ? CARD_END : w->depth == 1 ? CARD_NESTED_END : CARD_NESTED;
}

enum card_step
card_walk_next(struct card_walk *w, const struct contentline *line)
{
	if (line->kind == CONTENTLINE_BLANK)
		return CARD_BLANK;
	if (is_vcard(w->source, line, "BEGIN"))
		return on_begin(w);
	if (is_vcard(w->source, line, "END"))
		return on_end(w);
	if (w->depth == 0)
		return CARD_OUTSIDE;
	enum card_step here = w->depth > 1 ? CARD_NESTED : CARD_INSIDE;
	w->after_agent = false;
	if (line->kind != CONTENTLINE_PROPERTY || !contentline_is(line, "AGENT"))
		return here;
	struct span v = trimmed_value(w->source, line);
	w->after_agent = v.n == 0;
	if (v.n == 11 && strncasecmp((const char *)v.p, "BEGIN:VCARD", 11) == 0 &&
	    ++w->depth > CARD_DEPTH_MAX)
		return CARD_DEEP;
	return here;
}
