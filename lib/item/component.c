/* SPDX-License-Identifier: Apache-2.0 */
/*
 * component: see component.h.
 *
 *   outside --BEGIN:kind--> inside --BEGIN:other--> nested --BEGIN--> deeper
 *           <--END:kind---         <--END:other----        <--END---
 *
 * In iCalendar the VTIMEZONEs that the item names may stand behind its end.
 */
#include "item/component.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/bytes.h"
#include "item/arena.h"
#include "item/parse.h"

static struct span
trimmed(struct span s)
{
	while (s.n && s.p[0] <= ' ')
		s = span_skip(s, 1);
	while (s.n && s.p[s.n - 1] <= ' ')
		s.n--;
	return s;
}

static bool
same_word(struct span a, struct span b)
{
	return a.n == b.n && strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0;
}

static const struct property inner = { NULL, PROPERTY_COMPONENT, 0, 0, NULL, NULL };

/* An item being collected from its lines. */
struct collecting {
	struct parse *p;
	const struct component_kind *kind;
	struct contentline_cursor *lines;
	struct span open[COMPONENT_DEPTH_MAX]; /* names of the components around, outermost first */
	unsigned depth;
	bool ended;
	bool in_zone; /* behind the end, in a VTIMEZONE */
};

/* How deep a component is that is a field. */
static unsigned
field_depth(const struct collecting *c)
{
	return c->in_zone ? 1 : 2;
}

static int
begin(struct collecting *c, const struct contentline *line, struct span name, struct err *err)
{
	const struct property *p = property_in(name, c->kind->version);
	struct contentline first = *line;

	if (c->depth == COMPONENT_DEPTH_MAX)
		return err_set(err, ERR_LIMIT,
			       "%s:%u:1: components within components, more than %u deep",
			       c->lines->name, line->line, COMPONENT_DEPTH_MAX);
	c->open[c->depth++] = name;
	if (c->depth != field_depth(c))
		return 0;
	first.name = name;
	first.params = first.group = span_of(NULL, 0);
	return parse_add_line(c->p, c->lines, &first, p->kind == PROPERTY_COMPONENT ? p : &inner,
			      err);
}

static int
end(struct collecting *c, const struct contentline *line, struct span name, struct err *err)
{
	char expected[80];

	if (!same_word(name, c->open[c->depth - 1])) {
		struct span open = c->open[c->depth - 1];
		snprintf(expected, sizeof expected, "END:%.*s", (int)(open.n < 60 ? open.n : 60),
			 (const char *)open.p);
		return parse_syntax(err, c->lines, line, line->range.start, expected);
	}
	if (c->depth-- == field_depth(c)) {
		struct property_line *l = &c->p->lines[c->p->n_lines - 1];
		l->line.range.end = line->range.end;
		l->nested = range_span(c->p->it->bytes, l->line.range);
	}
	if (c->depth == 0 && !c->in_zone) {
		c->ended = true;
		if (!c->p->it->insert_at)
			c->p->it->insert_at = line->range.start;
	}
	c->in_zone &= c->depth > 0;
	return 0;
}

static int
outside(struct collecting *c, const struct contentline *line, struct err *err)
{
	struct span value = trimmed(range_span(c->lines->source, line->value));
	char expected[80];

	if (line->kind == CONTENTLINE_BLANK)
		return 0;
	bool begins = line->kind == CONTENTLINE_PROPERTY && contentline_is(line, "BEGIN");
	if (begins && !c->ended && same_word(value, span_str(c->kind->name)))
		return begin(c, line, value, err);
	if (begins && c->ended && c->kind->version == ITEM_ICALENDAR &&
	    same_word(value, span_str("VTIMEZONE"))) {
		c->in_zone = true;
		return begin(c, line, value, err);
	}
	snprintf(expected, sizeof expected, c->ended ? "the end of the item" : "BEGIN:%s",
		 c->kind->name);
	return parse_syntax(err, c->lines, line, line->range.start, expected);
}

static int
collect_line(struct collecting *c, const struct contentline *line, struct err *err)
{
	struct span value = trimmed(range_span(c->lines->source, line->value));

	if (c->depth == 0)
		return outside(c, line, err);
	if (line->kind == CONTENTLINE_BLANK)
		return 0;
	if (line->kind == CONTENTLINE_PROPERTY && contentline_is(line, "BEGIN")) {
		if (c->depth == 1 && !c->in_zone &&
		    !c->p->it->insert_at) /* properties come before components */
			c->p->it->insert_at = line->range.start;
		return begin(c, line, value, err);
	}
	if (line->kind == CONTENTLINE_PROPERTY && contentline_is(line, "END"))
		return end(c, line, value, err);
	if (c->depth > 1 || c->in_zone)
		return 0;
	return parse_add_line(c->p, c->lines, line, property_in(line->name, c->kind->version), err);
}

static int
collect(struct parse *p, const struct component_kind *kind, const char *source, unsigned first_line,
	struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	struct collecting c = { .p = p, .kind = kind, .lines = &lines };
	struct contentline line, last = { .line = first_line };
	char expected[80];
	int rc;

	contentline_init(&lines, p->it->bytes, source, first_line);
	while ((rc = contentline_next(&lines, &line, err)) == 0) {
		if (collect_line(&c, &line, err) < 0)
			return -1;
		last = line;
	}
	if (rc < 0)
		return -1;
	snprintf(expected, sizeof expected, "%s:%s", c.depth ? "END" : "BEGIN",
		 c.in_zone ? "VTIMEZONE" : kind->name);
	return c.ended && !c.in_zone ? 0
				     : parse_syntax(err, &lines, &last, p->it->bytes.n, expected);
}

int
component_parse(struct item **out, struct span bytes, const char *source, unsigned line,
		const struct item_profile *profile, const struct component_kind *kind,
		struct err *err)
{
	AUTO(parse_clear) struct parse p = { .depth = 0 };

	if (bytes.n > ITEM_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s:%u:1: an item of more than %u MiB", source, line,
			       ITEM_BYTES_MAX >> 20);
	if (parse_init(&p, kind->form, bytes, profile, err) < 0)
		return -1;
	p.it->version = kind->version;
	if (collect(&p, kind, source, line, err) < 0 || parse_make_fields(&p, err) < 0 ||
	    kind->name_item(&p, err) < 0)
		return -1;
	*out = TAKE(p.it);
	return 0;
}

/* ---- ids and names ---- */

int
component_content_id(struct parse *p, const char *prefix, const char *const *names, size_t n_names,
		     const char **id, struct err *err)
{
	static const struct field_key none;
	uint8_t hash[16];
	char text[COMPONENT_ID_BYTES];
	crypto_generichash_state h;
	size_t found = 0;

	crypto_generichash_init(&h, NULL, 0, sizeof hash);
	for (size_t i = 0; i < n_names; i++) {
		const struct field *f = parse_first_field(p->it, names[i]);
		found += f != NULL;
		crypto_generichash_update(&h, f ? f->stored_key.b : none.b, FIELD_KEY_BYTES);
	}
	for (size_t i = 0; !found && i < p->it->n_fields; i++)
		if (!(p->it->fields[i].flags & FIELD_IGNORED))
			crypto_generichash_update(&h, p->it->fields[i].stored_key.b,
						  FIELD_KEY_BYTES);
	crypto_generichash_final(&h, hash, sizeof hash);
	int n = snprintf(text, sizeof text - 2 * sizeof hash, "%s", prefix);
	hex_encode(text + n, SPAN_ARRAY(hash));
	return arena_string(&p->it->arena, id, span_str(text), err);
}

const char *
component_first_value(const struct item *it, const char *const *names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++) {
		const struct field *f = parse_first_field(it, names[i]);
		if (f)
			return f->value;
	}
	return "";
}

/* ---- inner components ---- */

static int
name_nothing(struct parse *p, struct err *err)
{
	(void)err;
	p->it->name = "";
	return 0;
}

/* 1: it is damaged, and goes by its text. */
static int
parse_inner(struct item **out, struct span component, enum item_version version, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	struct contentline first;
	char name[64];
	struct component_kind kind = { name, version, NULL, name_nothing };
	struct err why = { 0 };

	contentline_init(&lines, component, "", 1);
	if (contentline_next(&lines, &first, err) < 0)
		return -1;
	struct span word = trimmed(range_span(component, first.value));
	if (word.n >= sizeof name)
		return 1;
	snprintf(name, sizeof name, "%.*s", SPAN_ARGS(word));
	if (component_parse(out, component, "", 1, NULL, &kind, &why) < 0)
		return why.code == ERR_NOMEM ? err_nomem(err) : 1;
	if ((*out)->n_junk == 0)
		return 0;
	item_free(*out);
	*out = NULL;
	return 1;
}

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, FIELD_KEY_BYTES);
}

int
component_key(struct buf *out, struct span component, enum item_version version, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	size_t n = 0;
	int rc = parse_inner(&it, component, version, err);

	if (rc)
		return rc < 0 ? -1 : key_exact(out, component, err);
	AUTO(free) struct field_key *keys = calloc(it->n_fields + 1, sizeof *keys);
	if (!keys)
		return err_nomem(err);
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED))
			keys[n++] = it->fields[i].key;
	qsort(keys, n, sizeof *keys, key_order);
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || !field_key_equal(&keys[i - 1], &keys[i])) &&
		    buf_append(out, SPAN_ARRAY(keys[i].b), err) < 0)
			return -1;
	return 0;
}

int
component_for_people(struct buf *out, struct span component, enum item_version version,
		     struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	size_t before = out->n;
	int rc = parse_inner(&it, component, version, err);

	if (rc)
		return rc < 0 ? -1 : key_text(out, component, err);
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if ((f->flags & FIELD_IGNORED) || !f->value[0])
			continue;
		if ((out->n > before && buf_append_str(out, ", ", err) < 0) ||
		    buf_append_str(out, f->value, err) < 0)
			return -1;
	}
	return 0;
}

static int
take_zone_id(void *ctx, struct span name, const struct value *value, struct err *err)
{
	struct buf *out = ctx;

	if (out->n || !same_word(name, span_str("TZID")))
		return 0;
	return buf_append(out, trimmed(value_part(value, 0)), err);
}

int
component_zone_id(struct buf *out, struct span vtimezone, struct err *err)
{
	return component_each(vtimezone, ITEM_ICALENDAR, take_zone_id, out, err);
}

/* ---- for who knows the properties ---- */

int
component_each(struct span bytes, enum item_version version, component_value_fn *fn, void *ctx,
	       struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	AUTO(value_clear) struct value v = VALUE_INIT;
	struct contentline line;
	unsigned depth = 0;
	int rc;

	contentline_init(&lines, bytes, "", 1);
	while ((rc = contentline_next(&lines, &line, err)) == 0) {
		if (line.kind != CONTENTLINE_PROPERTY)
			continue;
		if (contentline_is(&line, "BEGIN")) {
			depth++;
		} else if (contentline_is(&line, "END")) {
			depth -= depth > 0;
		} else if (depth == 1) {
			if (value_read(&v, bytes, &line, version, err) < 0 ||
			    fn(ctx, line.name, &v, err) < 0)
				return -1;
		}
	}
	return rc < 0 ? -1 : 0;
}
