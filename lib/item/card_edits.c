/* SPDX-License-Identifier: Apache-2.0 */
/* card_edits: see card_edits.h. */
#include "item/card_edits.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "item/card.h"

#define MORE_MAX      ((size_t)1 << 20)
#define APPLE_NO_YEAR "1604"

/* Names that programs have long given to what only 4.0 has: better known than ours. */
static const char *const known_as[][2] = {
	{ "ANNIVERSARY", "X-ANNIVERSARY" },
	{ "KIND", "X-ADDRESSBOOKSERVER-KIND" },
	{ "MEMBER", "X-ADDRESSBOOKSERVER-MEMBER" },
	{ "SOCIALPROFILE", "X-SOCIALPROFILE" },
};

void
card_edits_init(struct card_edits *e, const struct item *from, enum item_version to)
{
	*e = (struct card_edits){ .from = from,
				  .to = to,
				  .value = VALUE_INIT,
				  .name = BUF_INIT(CARD_TEXT_MAX),
				  .more = BUF_INIT(MORE_MAX),
				  .text = BUF_INIT(CARD_TEXT_MAX),
				  .label = BUF_INIT(MORE_MAX) };
}

void
card_edits_clear(struct card_edits *e)
{
	value_clear(&e->value);
	buf_clear(&e->name);
	buf_clear(&e->more);
	buf_clear(&e->text);
	buf_clear(&e->label);
}

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static bool
parameter_of(struct span *value, const struct contentline *l, const char *name)
{
	struct span params = l->params;
	struct contentline_param p;

	while (contentline_param_next(&params, &p)) {
		if (!word_is(p.name, name))
			continue;
		*value = p.value;
		return true;
	}
	return false;
}

static bool
has_parameter(const struct contentline *l, const char *name)
{
	struct span any;

	return parameter_of(&any, l, name);
}

/* ---- what stands in a parameter of 4.0 and in a line of 3.0 ---- */

/* RFC 6868, and the `\n` that RFC 6350 6.3.1 shows. */
static int
append_parameter(struct buf *out, const char *name, const char *text, struct err *err)
{
	if (buf_append_fmt(out, err, ";%s=\"", name) < 0)
		return -1;
	for (; *text; text++) {
		int rc = *text == '\n'   ? buf_append_str(out, "\\n", err)
			 : *text == '"'  ? buf_append_str(out, "^'", err)
			 : *text == '^'  ? buf_append_str(out, "^^", err)
			 : *text == '\r' ? 0
					 : buf_append_byte(out, (uint8_t)*text, err);
		if (rc < 0)
			return -1;
	}
	return buf_append_byte(out, '"', err);
}

static int
read_parameter(struct buf *out, struct span s, struct err *err)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = span_of(s.p + 1, s.n - 2);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
		bool two = true;
		if (c == '^' && (next == 'n' || next == '\'' || next == '^'))
			c = next == 'n' ? '\n' : next == '\'' ? '"' : '^';
		else if (c == '\\' && (next == 'n' || next == 'N' || next == ',' || next == ';'))
			c = next == 'n' || next == 'N' ? '\n' : next;
		else
			two = false;
		i += two;
		if (buf_append_byte(out, c, err) < 0)
			return -1;
	}
	return 0;
}

/* The how manieth field of its name and types @f is. */
static size_t
rank_of(const struct item *it, const struct field *f)
{
	size_t n = 0;

	for (const struct field *g = it->fields; g < f; g++)
		n += strcmp(g->name, f->name) == 0 && strcmp(g->types, f->types) == 0;
	return n;
}

static const struct field *
field_ranked(const struct item *it, const char *name, const char *types, size_t rank)
{
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if (!(f->flags & FIELD_EMPTY) && strcmp(f->name, name) == 0 &&
		    strcmp(f->types, types) == 0 && rank-- == 0)
			return f;
	}
	return NULL;
}

/* An address and its label: the same types, the same place among those. */
static const struct field *
partner(const struct item *it, const struct field *f, const char *name)
{
	return field_ranked(it, name, f->types, rank_of(it, f));
}

static const struct field *
first_named(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_EMPTY) && strcmp(it->fields[i].name, name) == 0)
			return &it->fields[i];
	return NULL;
}

/* The line of 3.0 that says what a parameter of @f's line says in 4.0. */
static const struct field *
line_beside(const struct item *it, const struct field *f, const char **parameter)
{
	if (strcmp(f->name, "ADR") == 0) {
		*parameter = "LABEL";
		return partner(it, f, "LABEL");
	}
	if (strcmp(f->name, "N") == 0 && first_named(it, "N") == f) {
		*parameter = "SORT-AS";
		return first_named(it, "SORT-STRING");
	}
	*parameter = NULL;
	return NULL;
}

static int
edit_beside(struct card_edited *out, struct card_edits *e, const struct field *f,
	    const struct contentline *l, struct err *err)
{
	const char *parameter;
	const struct field *line = line_beside(e->from, f, &parameter);
	struct span has;

	if (!parameter)
		return 0;
	if (!parameter_of(&has, l, parameter)) {
		if (!line || e->to != ITEM_VCARD_40)
			return 0;
		if (append_parameter(&e->more, parameter, line->value, err) < 0)
			return -1;
		out->edit.more = buf_str(&e->more);
		return 0;
	}
	if (e->to != ITEM_VCARD_30)
		return 0;
	if (read_parameter(&e->label, has, err) < 0)
		return -1;
	if (!line || strcmp(line->value, buf_str(&e->label)) != 0)
		return 0; /* the parameter stays, and card_edits_after() shows it */
	out->edit.drop[0] = parameter;
	buf_reset(&e->label);
	return 0;
}

int
card_edits_after(struct buf *out, struct card_edits *e, const struct field *f, const char *group,
		 struct item_style to, struct err *err)
{
	AUTO(buf_clear) struct buf head = BUF_INIT(MORE_MAX);
	bool address = strcmp(f->name, "ADR") == 0;

	if (e->label.n == 0)
		return 0;
	if (buf_append_fmt(&head, err, "%s%s%s;" CARD_DERIVED "=1", group, *group ? "." : "",
			   address ? "LABEL" : "SORT-STRING") < 0)
		return -1;
	return card_print_text(out, buf_str(&head), buf_span(&e->label), to, err);
}

/* ---- names ---- */

static int
put_name(struct card_edited *out, struct card_edits *e, const char *prefix, const char *name,
	 struct err *err)
{
	buf_reset(&e->name);
	if (buf_append_str(&e->name, prefix, err) < 0 || buf_append_str(&e->name, name, err) < 0)
		return -1;
	out->edit.name = buf_str(&e->name);
	return 0;
}

/* Does 4.0 say in a parameter what this line says? */
static bool
is_said_beside(const struct item *it, const struct field *f)
{
	if (strcmp(f->name, "LABEL") == 0)
		return partner(it, f, "ADR") != NULL;
	return strcmp(f->name, "SORT-STRING") == 0 && first_named(it, "N");
}

static bool
is_program_name(const char *name)
{
	return strncmp(name, "X-", 2) == 0;
}

/* Has the version this property, under this name? */
static bool
has_property(enum item_version version, const struct property *p)
{
	unsigned in = version == ITEM_VCARD_40 ? IN_40 : IN_21 | IN_30;

	return !p->name || (p->in & (in | IN_PROGRAMS));
}

/* Only one can be there, and one was written already. */
static bool
is_second(struct card_edits *e, const struct field *f)
{
	if (strcmp(f->means, "FN") == 0 && e->to == ITEM_VCARD_30)
		return e->fn++ > 0;
	return strcmp(f->means, "ANNIVERSARY") == 0 && e->anniversary++ > 0;
}

static int
keep_name(struct card_edited *out, struct card_edits *e, const struct field *f, struct err *err)
{
	for (size_t i = 0; i < sizeof known_as / sizeof *known_as; i++)
		if (strcmp(f->name, known_as[i][0]) == 0)
			return put_name(out, e, "", known_as[i][1], err);
	return put_name(out, e, PROPERTY_KEPT, f->name, err);
}

/* X-ANNIVERSARY, X-EVOLUTION-ANNIVERSARY… as 4.0's own. */
static bool
is_own_now(const struct card_edits *e, const struct field *f)
{
	for (size_t i = 0; e->to == ITEM_VCARD_40 && i < sizeof known_as / sizeof *known_as; i++)
		if (strcmp(f->means, known_as[i][0]) == 0)
			return true;
	return false;
}

static int
edit_name(struct card_edited *out, struct card_edits *e, const struct field *f,
	  const struct contentline *l, struct err *err)
{
	bool second = is_second(e, f);

	if (!has_property(e->to, e->value.property) || (second && !is_program_name(f->name))) {
		out->kept = !(e->to == ITEM_VCARD_40 && is_said_beside(e->from, f));
		return keep_name(out, e, f, err);
	}
	if (!second && is_own_now(e, f) && f->label[0] == '\0')
		return put_name(out, e, "", f->means, err);
	return word_is(l->name, f->name) ? 0 : put_name(out, e, "", f->name, err);
}

/* AGENT of 3.0 is RELATED;TYPE=agent in 4.0 (RFC 6350, appendix A.2). */
static bool
edit_agent(struct card_edited *out, const struct card_edits *e, const struct field *f,
	   const struct contentline *l)
{
	bool to40 = e->to == ITEM_VCARD_40;
	struct span value = { NULL, 0 };
	bool uri = parameter_of(&value, l, "VALUE") && word_is(value, "uri");

	if (to40 && strcmp(f->name, "AGENT") == 0) {
		out->edit.name = "RELATED";
		out->edit.more = uri ? ";TYPE=agent" : ";TYPE=agent;VALUE=text";
	} else if (!to40 && e->value.agent && strcmp(f->name, "RELATED") == 0) {
		out->edit.name = "AGENT";
	} else {
		return false;
	}
	out->edit.drop_type = "agent";
	out->edit.drop[0] = uri ? NULL : "VALUE";
	return true;
}

/* Schemes that programs write; any other protocol is its own. */
static const char *
scheme_of(const char *protocol)
{
	static const char *const schemes[][2] = { { "msn", "msnim" },
						  { "yahoo", "ymsgr" },
						  { "gadugadu", "gg" } };
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strcmp(protocol, schemes[i][0]) == 0)
			return schemes[i][1];
	return protocol;
}

static bool
is_uri_text(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum(s.p[i]) && !strchr("-._~!$&'()*+,;=@/?%#", s.p[i]))
			return false;
	return s.n > 0;
}

/* X-AIM:handle as IMPP:aim:handle, where the handle can stand in a URI. */
static int
edit_impp(struct card_edited *out, struct card_edits *e, const struct contentline *l,
	  struct err *err)
{
	const struct property *p = e->value.property;

	if (e->to != ITEM_VCARD_40 || p->kind != PROPERTY_IMPP || !p->protocol ||
	    l->encoding != CONTENTLINE_PLAIN || !is_uri_text(value_part(&e->value, 0)))
		return 0;
	if (buf_append_fmt(&e->text, err, "%s:", scheme_of(p->protocol)) < 0 ||
	    buf_append(&e->text, value_part(&e->value, 0), err) < 0)
		return -1;
	out->edit.name = "IMPP";
	out->edit.value = buf_span(&e->text);
	return 0;
}

/* ---- values ---- */

static size_t
digits_at(struct span s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && isdigit(s.p[at + n]))
		n++;
	return n;
}

/* A date as either version writes it. */
struct date {
	struct span year, month, day; /* year empty: none */
	struct span time;             /* behind the T, or empty */
};

/* Two digits, 1 to @max. */
static bool
is_between(struct span two, int max)
{
	int n = (two.p[0] - '0') * 10 + (two.p[1] - '0');

	return n >= 1 && n <= max;
}

static bool
read_date(struct date *d, struct span s)
{
	size_t at = 0;

	*d = (struct date){ 0 };
	if (s.n >= 2 && s.p[0] == '-' && s.p[1] == '-') {
		at = 2;
	} else if (digits_at(s, 0) == 4 || digits_at(s, 0) == 8) {
		d->year = span_of(s.p, 4);
		at = s.n > 4 && s.p[4] == '-' ? 5 : 4;
	} else {
		return false;
	}
	if (digits_at(s, at) != 2 && digits_at(s, at) != 4)
		return false;
	d->month = span_of(s.p + at, 2);
	at += 2;
	at += at < s.n && s.p[at] == '-';
	if (digits_at(s, at) != 2)
		return false;
	d->day = span_of(s.p + at, 2);
	at += 2;
	if (!is_between(d->month, 12) || !is_between(d->day, 31))
		return false;
	if (at == s.n)
		return true;
	if (s.p[at] != 'T' && s.p[at] != 't')
		return false;
	d->time = span_skip(s, at + 1);
	return digits_at(d->time, 0) == 2 || digits_at(d->time, 0) == 6;
}

/* hh:mm:ss±hh:mm without its colons; false: a part that 4.0 has no place for. */
static int
append_basic_time(struct buf *out, struct span time, struct err *err)
{
	for (size_t i = 0; i < time.n; i++)
		if (time.p[i] != ':' && buf_append_byte(out, time.p[i], err) < 0)
			return -1;
	return 0;
}

static bool
is_basic_time(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit(s.p[i]) && !strchr(":+-Zz", s.p[i]))
			return false;
	return true;
}

static int
edit_date_40(struct card_edited *out, struct card_edits *e, const struct date *d, struct err *err)
{
	bool no_year = d->year.n == 0 || e->value.year_omitted ||
		       span_equal(d->year, span_str(APPLE_NO_YEAR));

	if (no_year ? buf_append_str(&e->text, "--", err) < 0
		    : buf_append(&e->text, d->year, err) < 0)
		return -1;
	if (buf_append(&e->text, d->month, err) < 0 || buf_append(&e->text, d->day, err) < 0 ||
	    (d->time.n && (buf_append_byte(&e->text, 'T', err) < 0 ||
			   append_basic_time(&e->text, d->time, err) < 0)))
		return -1;
	out->edit.drop[0] = "X-APPLE-OMIT-YEAR";
	out->edit.drop[1] = "VALUE";
	out->edit.value = buf_span(&e->text);
	return 0;
}

static int
edit_date_30(struct card_edited *out, struct card_edits *e, const struct date *d, struct err *err)
{
	bool no_year = d->year.n == 0;

	if (no_year) {
		out->edit.more = ";X-APPLE-OMIT-YEAR=" APPLE_NO_YEAR;
		out->note_date = out->year = true;
	}
	if (no_year ? buf_append_str(&e->text, APPLE_NO_YEAR, err) < 0
		    : buf_append(&e->text, d->year, err) < 0)
		return -1;
	if (buf_append_fmt(&e->text, err, "-%.*s-%.*s", SPAN_ARGS(d->month), SPAN_ARGS(d->day)) <
		    0 ||
	    (d->time.n &&
	     (buf_append_byte(&e->text, 'T', err) < 0 || buf_append(&e->text, d->time, err) < 0)))
		return -1;
	out->edit.drop[0] = "VALUE";
	out->edit.drop[1] = "X-APPLE-OMIT-YEAR";
	out->edit.value = buf_span(&e->text);
	return 0;
}

static int
edit_date(struct card_edited *out, struct card_edits *e, const struct contentline *l,
	  struct err *err)
{
	struct span text = value_part(&e->value, 0);
	struct date d;

	bool ours =
		out->kept && strncmp(out->edit.name, PROPERTY_KEPT, sizeof PROPERTY_KEPT - 1) == 0;
	if (text.n == 0 || ours)
		return 0; /* kept as the other version writes it */
	if (read_date(&d, text) && (e->to == ITEM_VCARD_30 || is_basic_time(d.time)))
		return e->to == ITEM_VCARD_40 ? edit_date_40(out, e, &d, err)
					      : edit_date_30(out, e, &d, err);
	out->note_date = e->to == ITEM_VCARD_30;
	if (!has_parameter(l, "VALUE"))
		out->edit.more = ";VALUE=text";
	return 0;
}

/* card_print.c turns what it understands. */
static int
edit_geo(struct card_edited *out, struct card_edits *e, struct err *err)
{
	struct span latitude, longitude;

	if (key_geo_parts(value_part(&e->value, 0), &latitude, &longitude)) {
		out->edit.drop[0] = "VALUE";
		return 0;
	}
	out->kept = true;
	return put_name(out, e, PROPERTY_KEPT, "GEO", err);
}

static bool
is_uri(struct span s)
{
	size_t n = 0;

	while (n < s.n && (isalnum(s.p[n]) || (n && strchr("+-.", s.p[n]) && s.p[n])))
		n++;
	return n > 1 && n + 1 < s.n && s.p[n] == ':' && isalpha(s.p[0]);
}

static bool
is_offset(struct span s)
{
	return s.n >= 5 && (s.p[0] == '+' || s.p[0] == '-') && digits_at(s, 1) >= 2;
}

/* What 4.0 takes for a URI and 3.0 for text, and the other way round, is named. */
static void
edit_value_type(struct card_edited *out, const struct card_edits *e, const struct field *f,
		const struct contentline *l)
{
	struct span s = value_part(&e->value, 0);
	bool to40 = e->to == ITEM_VCARD_40;

	if (has_parameter(l, "VALUE") || s.n == 0)
		return;
	if ((to40 && strcmp(f->name, "UID") == 0 && !is_uri(s)) ||
	    (!to40 && strcmp(f->name, "TZ") == 0 && !is_offset(s)))
		out->edit.more = ";VALUE=text";
}

static int
edit_value(struct card_edited *out, struct card_edits *e, const struct field *f,
	   const struct contentline *l, struct err *err)
{
	if (e->value.form != VALUE_PARTS)
		return 0;
	switch (e->value.property->kind) {
	case PROPERTY_DATE:
		return edit_date(out, e, l, err);
	case PROPERTY_GEO:
		return edit_geo(out, e, err);
	case PROPERTY_IMPP:
		return edit_impp(out, e, l, err);
	default:
		edit_value_type(out, e, f, l);
		return 0;
	}
}

/* ---- one line ---- */

static void
reset(struct card_edits *e)
{
	buf_reset(&e->name);
	buf_reset(&e->more);
	buf_reset(&e->text);
	buf_reset(&e->label);
}

int
card_edit_of(struct card_edited *out, struct card_edits *e, const struct field *f, struct err *err)
{
	struct span source = range_span(e->from->bytes, f->own);
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline l;

	*out = (struct card_edited){ 0 };
	reset(e);
	contentline_init(&c, source, "", 1);
	if (contentline_next(&c, &l, err) < 0 ||
	    value_read(&e->value, source, &l, e->from->version, err) < 0)
		return -1;
	out->leave_out = has_parameter(&l, CARD_DERIVED) && strcmp(f->name, "FN") != 0;
	if (out->leave_out || edit_agent(out, e, f, &l))
		return 0;
	if (edit_name(out, e, f, &l, err) < 0 || edit_value(out, e, f, &l, err) < 0)
		return -1;
	return edit_beside(out, e, f, &l, err);
}
