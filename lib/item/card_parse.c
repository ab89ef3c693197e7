/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_parse: one card into an item.
 *
 * First its lines are collected (VERSION may stand anywhere, a label before or after what it
 * labels), then groups are joined, then each line becomes a field, or several.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "item/arena.h"
#include "item/card_internal.h"
#include "item/card_walk.h"
#include "item/form.h"

static void
parse_clear(struct parse *p)
{
	item_free(p->it);
	free(p->lines);
	value_clear(&p->value);
	buf_clear(&p->key);
	buf_clear(&p->say);
}
AUTO_OBJ(parse_clear, struct parse);

/* A head that was unfolded lies in the cursor's buffer: keep a copy. */
static int
keep_head(struct parse *p, const struct contentline_cursor *c, struct contentline *l,
	  struct err *err)
{
	struct span *const spans[3] = { &l->group, &l->name, &l->params };
	uintptr_t from = (uintptr_t)c->head.p, to = from + c->head.n;

	for (size_t i = 0; i < 3; i++) {
		const char *copy;
		uintptr_t at = (uintptr_t)spans[i]->p;
		if (spans[i]->n == 0 || at < from || at >= to)
			continue;
		if (arena_string(&p->it->arena, &copy, *spans[i], err) < 0)
			return -1;
		*spans[i] = span_str(copy);
	}
	return 0;
}

static int
add_line(struct parse *p, const struct contentline_cursor *c, const struct contentline *line,
	 struct err *err)
{
	if (line->kind == CONTENTLINE_JUNK) {
		p->it->n_junk++;
		return 0;
	}
	if (array_reserve((void **)&p->lines, &p->cap_lines, p->n_lines + 1, sizeof *p->lines,
			  CARD_FIELDS_MAX, err) < 0)
		return err_wrap(err, "%s:%u:1", c->name, line->line);
	struct property_line *l = &p->lines[p->n_lines++];
	*l = (struct property_line){ .line = *line,
				     .property = property_of(line->name),
				     .label = "" };
	return keep_head(p, c, &l->line, err);
}

static void
take_nested(struct parse *p, const struct contentline *line, bool last)
{
	assert(p->n_lines > 0); /* card_walk: nothing is nested but behind an AGENT */
	struct property_line *agent = &p->lines[p->n_lines - 1];
	struct span card = p->it->bytes;

	if (agent->nested.n == 0) { /* what follows AGENT's colon; the line may say BEGIN itself */
		agent->nested.p = card.p + agent->line.value.start;
		while (*agent->nested.p <= ' ')
			agent->nested.p++;
	}
	agent->nested.n = (size_t)(card.p + line->range.end - agent->nested.p);
	if (last)
		agent->line.range.end = line->range.end;
}

static int
syntax_at(struct err *err, const struct contentline_cursor *c, const struct contentline *line,
	  size_t at, const char *expected)
{
	struct span rest = span_skip(c->source, line->range.start);

	return contentline_syntax(err, rest, c->name, line->line, at - line->range.start, expected);
}

static int
collect_line(struct parse *p, const struct contentline_cursor *c, struct card_walk *walk,
	     const struct contentline *line, bool *ended, struct err *err)
{
	size_t at = line->range.start;

	switch (card_walk_next(walk, line)) {
	case CARD_BLANK:
		return 0;
	case CARD_BEGIN:
		return *ended ? syntax_at(err, c, line, at, "the end of the card") : 0;
	case CARD_OUTSIDE:
		return syntax_at(err, c, line, at, *ended ? "the end of the card" : "BEGIN:VCARD");
	case CARD_INSIDE:
		return add_line(p, c, line, err);
	case CARD_NESTED:
		take_nested(p, line, false);
		return 0;
	case CARD_NESTED_END:
		take_nested(p, line, true);
		return 0;
	case CARD_DEEP:
		return err_set(err, ERR_LIMIT, "%s:%u:1: cards within cards, more than %u deep",
			       c->name, line->line, CARD_DEPTH_MAX);
	case CARD_CUT:
		return syntax_at(err, c, line, at, "END:VCARD");
	case CARD_END:
		p->it->insert_at = at;
		*ended = true;
		return 0;
	}
	return 0;
}

static int
collect(struct parse *p, const char *source, unsigned first_line, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct card_walk walk = { .source = p->it->bytes };
	struct contentline line, last = { .line = first_line };
	bool ended = false;
	int rc;

	card_lines_init(&c, p->it->bytes, source, first_line);
	while ((rc = contentline_next(&c, &line, err)) == 0) {
		if (collect_line(p, &c, &walk, &line, &ended, err) < 0)
			return -1;
		last = line;
	}
	if (rc < 0)
		return -1;
	if (!ended)
		return syntax_at(err, &c, &last, p->it->bytes.n,
				 walk.depth ? "END:VCARD" : "BEGIN:VCARD");
	return 0;
}

static enum item_version
version_of(const struct parse *p)
{
	for (size_t i = 0; i < p->n_lines; i++) {
		struct span v = range_span(p->it->bytes, p->lines[i].line.value);
		if (!contentline_is(&p->lines[i].line, "VERSION"))
			continue;
		while (v.n && v.p[0] <= ' ')
			v = span_skip(v, 1);
		if (v.n >= 3 && memcmp(v.p, "2.1", 3) == 0)
			return ITEM_VCARD_21;
		return v.n >= 1 && v.p[0] == '4' ? ITEM_VCARD_40 : ITEM_VCARD_30;
	}
	return ITEM_VCARD_30;
}

static enum item_line_end
line_end_of(struct span card)
{
	for (size_t i = 0; i < card.n; i++) {
		if (card.p[i] == '\n')
			return ITEM_LF;
		if (card.p[i] == '\r') /* CR CR LF, too, is best answered with CR LF */
			return i + 1 < card.n && (card.p[i + 1] == '\n' || card.p[i + 1] == '\r')
				       ? ITEM_CRLF
				       : ITEM_CR;
	}
	return ITEM_CRLF;
}

int
card_parse_nested(struct item **out, struct span bytes, const char *source, unsigned line,
		  const struct item_profile *profile, unsigned depth, struct err *err)
{
	AUTO(parse_clear)
	struct parse p = { .it = calloc(1, sizeof *p.it),
			   .profile = profile,
			   .depth = depth,
			   .value = VALUE_INIT,
			   .key = BUF_INIT(CARD_TEXT_MAX),
			   .say = BUF_INIT(CARD_TEXT_MAX) };

	if (!p.it)
		return err_nomem(err);
	if (bytes.n > CARD_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s:%u:1: a card of more than %u MiB", source, line,
			       CARD_BYTES_MAX >> 20);
	p.it->form = &form_card;
	p.it->bytes = bytes;
	p.it->profile = profile;
	if (collect(&p, source, line, err) < 0)
		return -1;
	p.it->version = version_of(&p);
	p.it->line_end = line_end_of(bytes);
	if (card_join_groups(&p, err) < 0 || card_make_fields(&p, err) < 0 ||
	    card_name_item(&p, err) < 0)
		return -1;
	*out = TAKE(p.it);
	return 0;
}

int
card_parse(struct item **out, struct span bytes, const char *source, unsigned line,
	   const struct item_profile *profile, struct err *err)
{
	return card_parse_nested(out, bytes, source, line, profile, 0, err);
}
