/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_parse: one card into an item.
 *
 * First its lines are collected (VERSION may stand anywhere, a label before or after what it
 * labels), then groups are joined, then each line becomes a field, or several.
 */
#include <assert.h>

#include "item/card.h"
#include "item/card_walk.h"
#include "item/parse.h"

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
collect_line(struct parse *p, const struct contentline_cursor *c, struct card_walk *walk,
	     const struct contentline *line, bool *ended, struct err *err)
{
	size_t at = line->range.start;

	switch (card_walk_next(walk, line)) {
	case CARD_BLANK:
		return 0;
	case CARD_BEGIN:
		return *ended ? parse_syntax(err, c, line, at, "the end of the card") : 0;
	case CARD_OUTSIDE:
		return parse_syntax(err, c, line, at,
				    *ended ? "the end of the card" : "BEGIN:VCARD");
	case CARD_INSIDE:
		return parse_add_line(p, c, line, property_of(line->name), err);
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
		return parse_syntax(err, c, line, at, "END:VCARD");
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
		return parse_syntax(err, &c, &last, p->it->bytes.n,
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

/* ---- its name and ids ---- */

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
		const struct field *f = parse_first_field(it, in_order[i]);
		if (!f)
			continue;
		if (!it->name[0])
			it->name = f->value;
		bool is_name = i < 2 || (i == 2 && it->n_name_keys == 0);
		if (is_name && add_name_key(p, f, err) < 0)
			return -1;
	}
	const struct field *org = parse_first_field(it, "ORG");
	if (org && make_name_key(p, org, &it->org_key, &it->has_org_key, err) < 0)
		return -1;
	const struct field *uid = parse_first_field(it, "UID");
	it->uid = uid ? uid->value : NULL;
	return 0;
}

int
card_parse_nested(struct item **out, struct span bytes, const char *source, unsigned line,
		  const struct item_profile *profile, unsigned depth, struct err *err)
{
	AUTO(parse_clear) struct parse p = { .depth = depth };

	if (bytes.n > CARD_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s:%u:1: a card of more than %u MiB", source, line,
			       CARD_BYTES_MAX >> 20);
	if (parse_init(&p, &form_card, bytes, profile, err) < 0 ||
	    collect(&p, source, line, err) < 0)
		return -1;
	p.it->version = version_of(&p);
	if (card_join_groups(&p, err) < 0 || parse_make_fields(&p, err) < 0 ||
	    name_item(&p, err) < 0)
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
