/* SPDX-License-Identifier: Apache-2.0 */
/* parse: see parse.h. */
#include "item/parse.h"

#include <stdlib.h>

#include "base/array.h"
#include "item/arena.h"

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
parse_init(struct parse *p, const struct form *form, struct span bytes,
	   const struct item_profile *profile, struct err *err)
{
	*p = (struct parse){ .it = calloc(1, sizeof *p->it),
			     .profile = profile,
			     .depth = p->depth,
			     .value = VALUE_INIT,
			     .key = BUF_INIT(CARD_TEXT_MAX),
			     .say = BUF_INIT(CARD_TEXT_MAX) };
	if (!p->it)
		return err_nomem(err);
	p->it->form = form;
	p->it->bytes = bytes;
	p->it->profile = profile;
	p->it->line_end = line_end_of(bytes);
	return 0;
}

void
parse_clear(struct parse *p)
{
	item_free(p->it);
	free(p->lines);
	value_clear(&p->value);
	buf_clear(&p->key);
	buf_clear(&p->say);
}

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

int
parse_add_line(struct parse *p, const struct contentline_cursor *c, const struct contentline *line,
	       const struct property *property, struct err *err)
{
	if (line->kind == CONTENTLINE_JUNK) {
		p->it->n_junk++;
		return 0;
	}
	if (array_reserve((void **)&p->lines, &p->cap_lines, p->n_lines + 1, sizeof *p->lines,
			  ITEM_FIELDS_MAX, err) < 0)
		return err_wrap(err, "%s:%u:1", c->name, line->line);
	struct property_line *l = &p->lines[p->n_lines++];
	*l = (struct property_line){ .line = *line, .property = property, .label = "" };
	return keep_head(p, c, &l->line, err);
}

const struct field *
parse_first_field(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_EMPTY) && strcmp(it->fields[i].name, name) == 0)
			return &it->fields[i];
	return NULL;
}

int
parse_syntax(struct err *err, const struct contentline_cursor *c, const struct contentline *line,
	     size_t at, const char *expected)
{
	struct span rest = span_skip(c->source, line->range.start);

	return contentline_syntax(err, rest, c->name, line->line, at - line->range.start, expected);
}
