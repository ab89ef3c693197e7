/* SPDX-License-Identifier: Apache-2.0 */
/* parse_fields: lines become fields.  See parse.h. */
#include <strings.h>

#include "base/array.h"
#include "item/arena.h"
#include "item/card.h"
#include "item/charset.h"
#include "item/parse.h"

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
is_single(struct parse *p, const struct property *as, const struct field *f)
{
	if (p->profile && is_in(p->profile->single, f->means))
		return true;
	if (strcmp(f->means, "FN") == 0)
		return is_first_fn(p, f);
	return (as->flags & FIELD_SINGLE) != 0;
}

/* A line that a conversion made from others, because its version wants or shows it. */
static bool
is_derived(const struct property_line *l)
{
	struct span params = l->line.params;
	struct contentline_param param;

	while (contentline_param_next(&params, &param))
		if (word_is(param.name, CARD_DERIVED))
			return true;
	return false;
}

/* By what it is compared: its property, or what that means; 4.0's RELATED;TYPE=agent is an AGENT. */
static const struct property *
compared_as(const struct parse *p, struct field *f)
{
	const struct value *v = &p->value;
	enum item_version version = p->it->version;
	const struct property *as = property_compared_as(v->property, span_str(f->label), version);

	if (v->agent && strcmp(f->name, "RELATED") == 0)
		as = property_of(span_str("AGENT"));

	f->means = as->name ? as->name : f->name;
	return as;
}

/* The key of p->value, or of an element, with or without the profile's home region. */
static int
make_key(struct field_key *out, struct parse *p, const struct field *f, const struct property *as,
	 const struct item_profile *profile, struct err *err)
{
	const char *label = (as->flags & FIELD_LABELLED) ? f->label : NULL;
	int rc = 1;

	buf_reset(&p->key);
	if (as->kind == PROPERTY_AGENT)
		rc = card_agent_key(&p->key, value_part(&p->value, 0), profile, p->depth + 1, err);
	if (as->kind == PROPERTY_COMPONENT)
		rc = component_key(&p->key, value_part(&p->value, 0), p->it->version, err);
	if (rc > 0)
		rc = value_key(&p->key, &p->value, f->element, f->means, label,
			       profile ? &profile->keys : NULL, err);
	*out = key_hash(buf_span(&p->key));
	return rc;
}

static int
make_keys(struct parse *p, struct field *f, const struct property *as, struct err *err)
{
	if (make_key(&f->key, p, f, as, p->profile, err) < 0)
		return -1;
	f->stored_key = f->key;
	bool at_home = p->profile && p->profile->keys.region &&
		       (as->kind == PROPERTY_TEL || as->kind == PROPERTY_AGENT);
	return at_home ? make_key(&f->stored_key, p, f, as, NULL, err) : 0;
}

/* The field of p->value, or of its @element. */
static int
fill_field(struct parse *p, struct field *f, size_t element, struct err *err)
{
	const struct value *v = &p->value;
	const struct property *as = compared_as(p, f);

	f->element = (unsigned)element;
	f->flags |= as->flags & ~(unsigned)FIELD_SINGLE; /* a derived line is volatile already */
	if (property_is_list(v->property))
		f->flags |= FIELD_LIST;
	if (v->form == VALUE_DATA)
		f->flags |= FIELD_BINARY;
	if (v->guessed)
		f->flags |= FIELD_GUESSED;
	if (value_is_empty(v, element)) {
		f->flags |= FIELD_EMPTY;
		return 0;
	}
	buf_reset(&p->say);
	bool nested = as->kind == PROPERTY_COMPONENT;
	if (make_keys(p, f, as, err) < 0 ||
	    (nested ? component_for_people(&p->say, value_part(v, 0), p->it->version, err)
		    : value_for_people(&p->say, v, element, err)) < 0 ||
	    arena_string(&p->it->arena, &f->value, buf_span(&p->say), err) < 0)
		return -1;
	if (!(f->flags & FIELD_IGNORED) && is_single(p, as, f))
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
read_value(struct parse *p, const struct property_line *l, struct err *err)
{
	enum item_version version = p->it->version;

	if (l->nested.n || l->property->kind == PROPERTY_AGENT)
		return value_read_nested(&p->value, p->it->bytes, &l->line, l->property, l->nested,
					 version, err);
	return value_read(&p->value, p->it->bytes, &l->line, version, err);
}

static int
read_zone_id(struct parse *p, const struct property_line *l, const char **zone, struct err *err)
{
	buf_reset(&p->say);
	return component_zone_id(&p->say, l->nested, err) < 0
		       ? -1
		       : arena_string(&p->it->arena, zone, buf_span(&p->say), err);
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
			      .flags = is_derived(l) ? FIELD_VOLATILE : 0,
			      .line = l->line.line };

	if (read_value(p, l, err) < 0 || read_name(p, l, &like.name, err) < 0)
		return -1;
	if (strcmp(like.name, "VTIMEZONE") == 0 && read_zone_id(p, l, &like.zone, err) < 0)
		return -1;
	if (p->value.zone.n && arena_string(&p->it->arena, &like.zone, p->value.zone, err) < 0)
		return -1;
	if (l->property->kind != PROPERTY_BINARY && read_types(p, l, &like.types, err) < 0)
		return -1;
	size_t n = property_is_list(l->property) ? p->value.n_parts : 1;
	for (size_t i = 0; i < n; i++)
		if (add_field(p, &like, i, err) < 0)
			return -1;
	return 0;
}

int
parse_make_fields(struct parse *p, struct err *err)
{
	for (size_t i = 0; i < p->n_lines; i++)
		if (!p->lines[i].is_member && add_fields(p, &p->lines[i], err) < 0)
			return -1;
	return 0;
}
