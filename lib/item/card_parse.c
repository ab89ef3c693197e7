/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_parse: one card into an item.
 *
 * First its lines are collected (VERSION may stand anywhere, a label before or after what it
 * labels), then groups are joined, then each line becomes a field, or several.
 */
#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#include "base/array.h"
#include "item/arena.h"
#include "item/card.h"
#include "item/card_walk.h"
#include "item/value.h"

/* A property of the card, before it is a field. */
struct property_line {
	struct contentline line; /* its spans point into the card, or into the arena */
	const struct property *property;
	struct span nested; /* AGENT: the lines of the inner card */
	size_t first_member, n_members;
	const char *label; /* of its group, or "" */
	bool is_member;    /* belongs to other lines of its group */
};

struct parse {
	struct item *it;
	const struct item_profile *profile;
	struct property_line *lines;
	size_t n_lines, cap_lines;
	size_t cap_fields, cap_members;
	struct value value;  /* scratch */
	struct buf key, say; /* scratch */
	bool has_fn;
	struct field_key first_fn;
};

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

/* ---- collecting lines ---- */

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
		return err_wrap(err, "%s:%u", c->name, line->line);
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
		return err_set(err, ERR_LIMIT, "%s:%u: cards within cards, more than %u deep",
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

	contentline_init(&c, p->it->bytes, source, first_line);
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

/* ---- groups ---- */

static int
group_order(const void *pa, const void *pb)
{
	const struct property_line *a = *(struct property_line *const *)pa;
	const struct property_line *b = *(struct property_line *const *)pb;
	size_t n = a->line.group.n < b->line.group.n ? a->line.group.n : b->line.group.n;
	int c = strncasecmp((const char *)a->line.group.p, (const char *)b->line.group.p, n);

	if (c == 0)
		c = (a->line.group.n > b->line.group.n) - (a->line.group.n < b->line.group.n);
	if (c == 0) /* members first, each kind in the card's order */
		c = property_is_member(b->property) - property_is_member(a->property);
	return c ? c : (a > b) - (a < b);
}

static bool
same_group(const struct property_line *a, const struct property_line *b)
{
	return a->line.group.n == b->line.group.n &&
	       strncasecmp((const char *)a->line.group.p, (const char *)b->line.group.p,
			   a->line.group.n) == 0;
}

/* Apple marks its own words: `_$!<HomePage>!$_`. */
static struct span
label_text(struct span s)
{
	if (s.n > 8 && memcmp(s.p, "_$!<", 4) == 0 && memcmp(s.p + s.n - 4, ">!$_", 4) == 0)
		return span_of(s.p + 4, s.n - 8);
	return s;
}

static int
read_label(struct parse *p, const struct property_line *l, const char **label, struct err *err)
{
	if (value_read(&p->value, p->it->bytes, &l->line, p->it->version, err) < 0)
		return -1;
	buf_reset(&p->say);
	if (key_exact(&p->say, label_text(value_part(&p->value, 0)), err) < 0)
		return -1;
	return arena_string(&p->it->arena, label, buf_span(&p->say), err);
}

/* One group, members first: [from, from + n_members) describe the rest, up to @to. */
static int
join_group(struct parse *p, struct property_line **g, size_t from, size_t n_members, size_t to,
	   struct err *err)
{
	struct item *it = p->it;
	const char *label = "";

	if (n_members == 0 || from + n_members == to)
		return 0; /* nothing to describe it, or nothing to describe */
	if (array_reserve((void **)&it->members, &p->cap_members, it->n_members + n_members,
			  sizeof *it->members, CARD_FIELDS_MAX, err) < 0)
		return -1;
	size_t first = it->n_members;
	for (size_t i = from; i < from + n_members; i++) {
		g[i]->is_member = true;
		it->members[it->n_members++] = g[i]->line.range;
		if (!label[0] && property_is_label(g[i]->property) &&
		    read_label(p, g[i], &label, err) < 0)
			return -1;
	}
	for (size_t i = from + n_members; i < to; i++) {
		g[i]->first_member = first;
		g[i]->n_members = n_members;
		g[i]->label = label;
	}
	return 0;
}

static int
join_groups(struct parse *p, struct err *err)
{
	AUTO(free)
	struct property_line **g = calloc(p->n_lines + 1, sizeof(struct property_line *));
	size_t n = 0;

	if (!g)
		return err_nomem(err);
	for (size_t i = 0; i < p->n_lines; i++)
		if (p->lines[i].line.group.n)
			g[n++] = &p->lines[i];
	qsort(g, n, sizeof(struct property_line *), group_order);
	for (size_t from = 0, to; from < n; from = to) {
		size_t n_members = 0;
		for (to = from; to < n && same_group(g[from], g[to]); to++)
			n_members += property_is_member(g[to]->property);
		if (join_group(p, g, from, n_members, to, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- fields ---- */

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

/* Words that say how a value is written, not what it is. */
static bool
is_type_word(struct span s)
{
	return s.n && !word_is(s, "BASE64") && !word_is(s, "QUOTED-PRINTABLE") &&
	       !word_is(s, "8BIT") && !word_is(s, "7BIT") && charset_is_utf8(s);
}

static int
read_types(struct parse *p, const struct property_line *l, const char **types, struct err *err)
{
	struct span params = l->line.params, word;
	struct contentline_param param;

	buf_reset(&p->say);
	while (contentline_param_next(&params, &param)) {
		if (param.name.n && !word_is(param.name, "TYPE"))
			continue;
		while (contentline_param_element(&param.value, &word)) {
			if (!is_type_word(word))
				continue;
			if (p->say.n && buf_append_str(&p->say, ", ", err) < 0)
				return -1;
			for (size_t i = 0; i < word.n; i++) {
				uint8_t c = word.p[i];
				c = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
				if (buf_append_byte(&p->say, c, err) < 0)
					return -1;
			}
		}
	}
	return arena_string(&p->it->arena, types, buf_span(&p->say), err);
}

static int
read_name(struct parse *p, const struct property_line *l, const char **name, struct err *err)
{
	if (l->property->name) {
		*name = l->property->name;
		return 0;
	}
	buf_reset(&p->say);
	for (size_t i = 0; i < l->line.name.n; i++) {
		uint8_t c = l->line.name.p[i];
		if (buf_append_byte(&p->say, c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c, err) < 0)
			return -1;
	}
	return arena_string(&p->it->arena, name, buf_span(&p->say), err);
}

static bool
is_in(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* 4.0 may have several FN: its first is the one shown, and those like it go with it. */
static bool
is_first_fn(struct parse *p, const struct field *f)
{
	if (!p->has_fn)
		p->first_fn = f->key;
	p->has_fn = true;
	return field_key_equal(&p->first_fn, &f->key);
}

static bool
is_single(struct parse *p, const struct field *f)
{
	if (p->profile && is_in(p->profile->single, f->name))
		return true;
	if (strcmp(f->name, "FN") == 0)
		return is_first_fn(p, f);
	return is_in(item_single_default, f->name);
}

/* The field of p->value, or of its @element. */
static int
fill_field(struct parse *p, struct field *f, size_t element, struct err *err)
{
	const struct value *v = &p->value;
	const struct key_rules *rules = p->profile ? &p->profile->keys : NULL;

	f->element = (unsigned)element;
	f->flags = v->property->flags;
	if (v->property->kind == PROPERTY_LIST)
		f->flags |= FIELD_LIST;
	if (v->form == VALUE_DATA)
		f->flags |= FIELD_BINARY;
	if (v->guessed)
		f->flags |= FIELD_GUESSED;
	if (value_is_empty(v, element)) {
		f->flags |= FIELD_EMPTY;
		return 0;
	}
	buf_reset(&p->key);
	buf_reset(&p->say);
	if (value_key(&p->key, v, element, span_str(f->name), span_str(f->label), rules, err) < 0 ||
	    value_for_people(&p->say, v, element, err) < 0 ||
	    arena_string(&p->it->arena, &f->value, buf_span(&p->say), err) < 0)
		return -1;
	f->key = key_hash(buf_span(&p->key));
	if (!(f->flags & FIELD_IGNORED) && is_single(p, f))
		f->flags |= FIELD_SINGLE;
	return 0;
}

static int
add_field(struct parse *p, const struct field *like, size_t element, struct err *err)
{
	struct item *it = p->it;

	if (array_reserve((void **)&it->fields, &p->cap_fields, it->n_fields + 1,
			  sizeof *it->fields, CARD_FIELDS_MAX, err) < 0)
		return -1;
	struct field *f = &it->fields[it->n_fields++];
	*f = *like;
	if (fill_field(p, f, element, err) < 0)
		return -1;
	it->n_guessed += (f->flags & FIELD_GUESSED) && element == 0;
	return 0;
}

static int
add_fields(struct parse *p, const struct property_line *l, struct err *err)
{
	struct field like = { .value = "",
			      .label = l->label,
			      .types = "",
			      .own = l->line.range,
			      .first_member = l->first_member,
			      .n_members = l->n_members,
			      .line = l->line.line };
	bool agent = l->property->kind == PROPERTY_AGENT;

	if ((agent ? value_read_agent(&p->value, p->it->bytes, &l->line, l->nested, p->it->version,
				      err)
		   : value_read(&p->value, p->it->bytes, &l->line, p->it->version, err)) < 0 ||
	    read_name(p, l, &like.name, err) < 0)
		return -1;
	if (l->property->kind != PROPERTY_BINARY && read_types(p, l, &like.types, err) < 0)
		return -1;
	size_t n = l->property->kind == PROPERTY_LIST ? p->value.n_parts : 1;
	for (size_t i = 0; i < n; i++)
		if (add_field(p, &like, i, err) < 0)
			return -1;
	return 0;
}

/* ---- the item's name and ids ---- */

static const struct field *
first_field(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_EMPTY) && strcmp(it->fields[i].name, name) == 0)
			return &it->fields[i];
	return NULL;
}

static int
make_name_key(struct parse *p, const struct field *f, struct field_key *k, bool *any,
	      struct err *err)
{
	buf_reset(&p->key);
	if (key_name(&p->key, span_str(f->value), err) < 0)
		return -1;
	*any = p->key.n > 0;
	*k = key_hash(buf_span(&p->key));
	return 0;
}

static int
add_name_key(struct parse *p, const struct field *f, struct err *err)
{
	struct item *it = p->it;
	struct field_key k;
	bool any;

	if (make_name_key(p, f, &k, &any, err) < 0)
		return -1;
	if (any && (it->n_name_keys == 0 || !field_key_equal(&it->name_keys[0], &k)))
		it->name_keys[it->n_name_keys++] = k;
	return 0;
}

static int
name_item(struct parse *p, struct err *err)
{
	static const char *const in_order[] = { "FN", "N", "ORG", "EMAIL", "TEL" };
	struct item *it = p->it;

	it->name = "";
	for (size_t i = 0; i < sizeof in_order / sizeof *in_order; i++) {
		const struct field *f = first_field(it, in_order[i]);
		if (!f)
			continue;
		if (!it->name[0])
			it->name = f->value;
		bool is_name = i < 2 || (i == 2 && it->n_name_keys == 0);
		if (is_name && add_name_key(p, f, err) < 0)
			return -1;
	}
	const struct field *org = first_field(it, "ORG");
	if (org && make_name_key(p, org, &it->org_key, &it->has_org_key, err) < 0)
		return -1;
	const struct field *uid = first_field(it, "UID");
	it->uid = uid ? uid->value : NULL;
	return 0;
}

int
card_parse(struct item **out, struct span bytes, const char *source, unsigned line,
	   const struct item_profile *profile, struct err *err)
{
	AUTO(parse_clear)
	struct parse p = { .it = calloc(1, sizeof *p.it),
			   .profile = profile,
			   .value = VALUE_INIT,
			   .key = BUF_INIT(CARD_TEXT_MAX),
			   .say = BUF_INIT(CARD_TEXT_MAX) };

	if (!p.it)
		return err_nomem(err);
	if (bytes.n > CARD_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s:%u: a card of more than %u MiB", source, line,
			       CARD_BYTES_MAX >> 20);
	p.it->bytes = bytes;
	p.it->profile = profile;
	if (collect(&p, source, line, err) < 0)
		return -1;
	p.it->version = version_of(&p);
	p.it->line_end = line_end_of(bytes);
	if (join_groups(&p, err) < 0)
		return -1;
	for (size_t i = 0; i < p.n_lines; i++)
		if (!p.lines[i].is_member && add_fields(&p, &p.lines[i], err) < 0)
			return -1;
	if (name_item(&p, err) < 0)
		return -1;
	*out = TAKE(p.it);
	return 0;
}
