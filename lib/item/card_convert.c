/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_convert: see card_convert.h.
 *
 * The card's lines go over one by one (card_print.h), each with the edit that its property wants
 * (card_edits.c).  Then the result is read back: a line whose keys are not there goes again, as an
 * X-CLOUDBOX-LINE.
 */
#include "item/card_convert.h"

#include <stdio.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"
#include "item/card_edits.h"
#include "item/card_print.h"
#include "item/card_walk.h"
#include "item/charset.h"
#include "item/value.h"

#define OUT_MAX (2 * (size_t)CARD_BYTES_MAX)

/* A line of the card. */
struct from_line {
	struct range own;
	const struct field *fields; /* its first; NULL: a group's label, or junk */
	size_t n_fields;
	unsigned line; /* of junk */
	bool junk;
	bool as_text; /* it could not be said otherwise */
};

struct convert {
	const struct item *from;
	struct item_style to;
	struct card_notes *notes;
	size_t first_note; /* of this card */
	struct from_line *lines;
	size_t n_lines, cap_lines;
	struct card_edits edits;
	struct buf out;
	struct buf scratch;
};

static void
convert_clear(struct convert *c)
{
	free(c->lines);
	card_edits_clear(&c->edits);
	buf_clear(&c->out);
	buf_clear(&c->scratch);
}
AUTO_OBJ(convert_clear, struct convert);

/* ---- notes ---- */

void
card_notes_clear(struct card_notes *n)
{
	free(n->list);
	*n = (struct card_notes){ 0 };
}

static int
note(struct convert *c, enum card_note_kind kind, const char *field, unsigned line,
     struct span detail, struct err *err)
{
	struct card_notes *n = c->notes;

	if (array_reserve((void **)&n->list, &n->cap, n->n + 1, sizeof *n->list, SIZE_MAX / 256,
			  err) < 0)
		return -1;
	struct card_note *at = &n->list[n->n++];
	*at = (struct card_note){ .kind = kind, .field = field, .line = line };
	if (detail.n)
		snprintf(at->detail, sizeof at->detail, "%.*s", SPAN_ARGS(detail));
	return 0;
}

const char *
card_note_name(enum card_note_kind kind)
{
	static const char *const names[] = {
		[CARD_NOTE_KEPT] = "kept",        [CARD_NOTE_LINE] = "line",
		[CARD_NOTE_JUNK] = "no-property", [CARD_NOTE_PARAMETER] = "parameter",
		[CARD_NOTE_DROPPED] = "dropped",  [CARD_NOTE_DATE] = "date",
		[CARD_NOTE_YEAR] = "year",        [CARD_NOTE_CHARSET] = "charset",
		[CARD_NOTE_DERIVED] = "derived",
	};
	return names[kind];
}

void
card_note_text(char out[static CARD_NOTE_BYTES], const struct card_note *n, enum item_version to)
{
	const char *version = to == ITEM_VCARD_40 ? "4.0" : "3.0";
	size_t max = CARD_NOTE_BYTES;

	switch (n->kind) {
	case CARD_NOTE_KEPT:
		snprintf(out, max, _("vCard %s has no %.60s: kept as %s"), version, n->field,
			 n->detail);
		return;
	case CARD_NOTE_LINE:
		snprintf(out, max, _("vCard %s cannot say it: the line is kept as text, in %s"),
			 version, "X-CLOUDBOX-LINE");
		return;
	case CARD_NOTE_JUNK:
		snprintf(out, max, _("a line that is no property: kept as text, in %s"),
			 "X-CLOUDBOX-LINE");
		return;
	case CARD_NOTE_PARAMETER:
		snprintf(out, max, _("vCard %s does not know the parameter %s: kept as it is"),
			 version, n->detail);
		return;
	case CARD_NOTE_DROPPED:
		snprintf(out, max, _("vCard %s has no way to say the parameter %s: left out"),
			 version, n->detail);
		return;
	case CARD_NOTE_DATE:
		snprintf(out, max, _("vCard %s has no such date: kept as text"), version);
		return;
	case CARD_NOTE_YEAR:
		snprintf(out, max, _("vCard %s has no day without a year: kept as Apple writes it"),
			 version);
		return;
	case CARD_NOTE_CHARSET:
		snprintf(out, max, "%s",
			 _("its charset is missing or wrong: it was taken for Windows-1252"));
		return;
	case CARD_NOTE_DERIVED:
		snprintf(out, max, _("vCard %s wants one: made from the rest of the card"),
			 version);
		return;
	}
}

/* ---- the lines of the card ---- */

static int
add_line(struct convert *c, struct from_line l, struct err *err)
{
	if (array_reserve((void **)&c->lines, &c->cap_lines, c->n_lines + 1, sizeof *c->lines,
			  2 * CARD_FIELDS_MAX, err) < 0)
		return -1;
	c->lines[c->n_lines++] = l;
	return 0;
}

static int
collect_fields(struct convert *c, struct err *err)
{
	const struct item *it = c->from;

	for (size_t i = 0, to; i < it->n_fields; i = to) {
		const struct field *f = &it->fields[i];
		for (to = i + 1; to < it->n_fields && it->fields[to].own.start == f->own.start;)
			to++;
		if (!(f->flags & FIELD_STRUCTURE) &&
		    add_line(c, (struct from_line){ f->own, f, to - i, f->line, false, false },
			     err) < 0)
			return -1;
	}
	for (size_t i = 0; i < it->n_members; i++)
		if (add_line(c, (struct from_line){ .own = it->members[i] }, err) < 0)
			return -1;
	return 0;
}

static bool
is_known_line(const struct convert *c, size_t start)
{
	for (size_t i = 0; i < c->n_lines; i++)
		if (start >= c->lines[i].own.start && start < c->lines[i].own.end)
			return true;
	return false;
}

static int
collect_junk(struct convert *c, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor cursor;
	struct contentline l;
	int rc;

	card_lines_init(&cursor, c->from->bytes, "", 1);
	while ((rc = contentline_next(&cursor, &l, err)) == 0)
		if (l.kind == CONTENTLINE_JUNK && !is_known_line(c, l.range.start) &&
		    add_line(c, (struct from_line){ .own = l.range, .line = l.line, .junk = true },
			     err) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

static int
by_place(const void *a, const void *b)
{
	const struct from_line *x = a, *y = b;

	return (x->own.start > y->own.start) - (x->own.start < y->own.start);
}

static int
collect(struct convert *c, struct err *err)
{
	if (collect_fields(c, err) < 0 || (c->from->n_junk && collect_junk(c, err) < 0))
		return -1;
	if (c->n_lines > 1)
		qsort(c->lines, c->n_lines, sizeof *c->lines, by_place);
	return 0;
}

/* ---- parameters that did not come along ---- */

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static bool
has_parameter(struct span params, struct span name, struct span value)
{
	struct contentline_param p;

	while (contentline_param_next(&params, &p))
		if (p.name.n == name.n &&
		    strncasecmp((const char *)p.name.p, (const char *)name.p, name.n) == 0 &&
		    (value.n == 0 || span_equal(p.value, value)))
			return true;
	return false;
}

/* Is it said in another way, or did it say how the line was written? */
static bool
is_said_otherwise(const struct convert *c, const struct contentline_param *p,
		  const struct card_edit *edit)
{
	static const char *const written[] = { "ENCODING", "CHARSET",   "TYPE",
					       "VALUE",    "MEDIATYPE", "X-EVOLUTION-E164" };
	for (size_t i = 0; i < sizeof written / sizeof *written; i++)
		if (word_is(p->name, written[i]))
			return true;
	for (size_t i = 0; i < sizeof edit->drop / sizeof *edit->drop; i++)
		if (edit->drop[i] && word_is(p->name, edit->drop[i]))
			return true;
	if (word_is(p->name, "PREF"))
		return c->to.version == ITEM_VCARD_40 || word_is(p->value, "1");
	return p->name.n == 0;
}

/* Parameters that 4.0 brought. */
static bool
is_new_parameter(struct span name)
{
	static const char *const names[] = { "ALTID", "CALSCALE", "CC",    "GEO",
					     "INDEX", "LABEL",    "LEVEL", "PID",
					     "PREF",  "SORT-AS",  "TZ" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (word_is(name, names[i]))
			return true;
	return false;
}

static int
note_parameters(struct convert *c, const struct from_line *l, const struct card_edit *edit,
		struct span printed, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor was, is;
	struct contentline from, to;
	struct contentline_param p;

	contentline_init(&was, range_span(c->from->bytes, l->own), "", 1);
	contentline_init(&is, printed, "", 1);
	if (contentline_next(&was, &from, err) != 0 || contentline_next(&is, &to, err) != 0)
		return 0;
	while (contentline_param_next(&from.params, &p)) {
		if (is_said_otherwise(c, &p, edit))
			continue;
		bool here = has_parameter(to.params, p.name, p.value);
		if (here && (c->to.version != ITEM_VCARD_30 || !is_new_parameter(p.name)))
			continue;
		if (note(c, here ? CARD_NOTE_PARAMETER : CARD_NOTE_DROPPED, l->fields->name,
			 l->line, p.name, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- writing ---- */

static int
put_as_text(struct convert *c, const struct from_line *l, struct err *err)
{
	struct span raw = range_span(c->from->bytes, l->own);
	AUTO(buf_clear) struct buf text = BUF_INIT(CARD_TEXT_MAX);
	bool guessed;

	while (raw.n && (raw.p[raw.n - 1] == '\r' || raw.p[raw.n - 1] == '\n'))
		raw.n--;
	if (charset_decode(&text, raw, span_of(NULL, 0), &guessed, err) < 0)
		return -1;
	return card_print_text(&c->out, "X-CLOUDBOX-LINE", buf_span(&text), c->to, err);
}

static int
put_member(struct convert *c, const struct from_line *l, struct err *err)
{
	struct span group = card_group(c->from->bytes, l->own);
	char name[64] = "";

	snprintf(name, sizeof name, "%.*s", SPAN_ARGS(group));
	return card_print_member(&c->out, c->from, l->own, name, c->to, err);
}

static int
note_edit(struct convert *c, const struct from_line *l, const struct card_edited *e,
	  struct err *err)
{
	const struct field *f = l->fields;

	if (e->kept && note(c, CARD_NOTE_KEPT, f->name, l->line, span_str(e->edit.name), err) < 0)
		return -1;
	if (e->note_date && note(c, e->year ? CARD_NOTE_YEAR : CARD_NOTE_DATE, f->name, l->line,
				 span_of(NULL, 0), err) < 0)
		return -1;
	if (f->flags & FIELD_GUESSED)
		return note(c, CARD_NOTE_CHARSET, f->name, l->line, span_of(NULL, 0), err);
	return 0;
}

/* 0, or FORM_UNWRITABLE. */
static int
put_property(struct convert *c, const struct from_line *l, struct err *err)
{
	struct span group = card_group(c->from->bytes, l->own);
	struct card_edited e;
	char name[64] = "";
	int rc;

	if (group.n >= sizeof name)
		return FORM_UNWRITABLE;
	snprintf(name, sizeof name, "%.*s", SPAN_ARGS(group));
	rc = card_edit_of(&e, &c->edits, l->fields, err);
	if (rc != 0 || e.leave_out)
		return rc < 0 ? -1 : 0;
	buf_reset(&c->scratch);
	rc = card_print_edited(&c->scratch, c->from, l->fields, name, c->to, &e.edit, err);
	if (rc != 0)
		return rc;
	if (note_edit(c, l, &e, err) < 0 ||
	    note_parameters(c, l, &e.edit, buf_span(&c->scratch), err) < 0 ||
	    buf_append(&c->out, buf_span(&c->scratch), err) < 0)
		return -1;
	return card_edits_after(&c->out, &c->edits, l->fields, name, c->to, err);
}

static int
put_line(struct convert *c, struct from_line *l, struct err *err)
{
	if (l->junk)
		return note(c, CARD_NOTE_JUNK, "", l->line, span_of(NULL, 0), err) < 0
			       ? -1
			       : put_as_text(c, l, err);
	if (!l->fields)
		return put_member(c, l, err);
	int rc = l->as_text ? FORM_UNWRITABLE : put_property(c, l, err);
	if (rc <= 0)
		return rc;
	if (note(c, CARD_NOTE_LINE, l->fields->name, l->line, span_of(NULL, 0), err) < 0)
		return -1;
	return put_as_text(c, l, err);
}

static bool
has_field(const struct item *it, const char *name)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (strcmp(it->fields[i].name, name) == 0)
			return true;
	return false;
}

/* FN, which both versions want, and N, which 3.0 wants. */
static int
put_wanted(struct convert *c, struct err *err)
{
	const struct item *it = c->from;

	if (!has_field(it, "FN")) {
		if (note(c, CARD_NOTE_DERIVED, "FN", 1, span_of(NULL, 0), err) < 0 ||
		    card_print_text(&c->out, "FN;" CARD_DERIVED "=1", span_str(it->name), c->to,
				    err) < 0)
			return -1;
	}
	if (c->to.version == ITEM_VCARD_30 && !has_field(it, "N"))
		return buf_append_str(&c->out, "N:;;;;\r\n", err);
	return 0;
}

static int
write_card(struct convert *c, struct err *err)
{
	buf_reset(&c->out);
	c->notes->n = c->first_note;
	if (buf_append_fmt(&c->out, err, "BEGIN:VCARD\r\nVERSION:%s\r\n",
			   c->to.version == ITEM_VCARD_40 ? "4.0" : "3.0") < 0 ||
	    put_wanted(c, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n_lines; i++)
		if (put_line(c, &c->lines[i], err) < 0)
			return -1;
	return buf_append_str(&c->out, "END:VCARD\r\n", err);
}

/* ---- reading back ---- */

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct field_key));
}

static int
keys_of(struct field_key **out, size_t *n, const struct item *it, struct err *err)
{
	struct field_key *keys = calloc(it->n_fields + 1, sizeof *keys);

	if (!keys)
		return err_nomem(err);
	*n = 0;
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED))
			keys[(*n)++] = it->fields[i].key;
	qsort(keys, *n, sizeof *keys, key_order);
	*out = keys;
	return 0;
}

/* Mark the lines that have a key not in @there (or, with none there, all that could not be read). */
static bool
mark_missing(struct convert *c, const struct field_key *there, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < c->n_lines; i++) {
		struct from_line *l = &c->lines[i];
		bool missing = false;
		for (size_t j = 0; j < l->n_fields; j++)
			missing |= !(l->fields[j].flags & FIELD_IGNORED) &&
				   !bsearch(&l->fields[j].key, there, n, sizeof *there, key_order);
		if (missing && !l->as_text)
			any = l->as_text = true;
	}
	return any;
}

/* 1: lines were marked, write it again. */
static int
read_back(struct convert *c, struct err *err)
{
	AUTO(item_free) struct item *back = NULL;
	AUTO(free) struct field_key *keys = NULL;
	size_t n;

	if (card_parse(&back, buf_span(&c->out), "converted card", 1, c->from->profile, err) < 0 ||
	    keys_of(&keys, &n, back, err) < 0)
		return -1;
	return mark_missing(c, keys, n);
}

/* Nothing to do: the version, the charset and the line ends are right. */
static bool
is_right_already(const struct item *it, enum item_version to)
{
	return it->version == to && it->line_end == ITEM_CRLF && has_field(it, "VERSION") &&
	       has_field(it, "FN") && it->n_junk == 0 && charset_is_utf8(it->bytes) &&
	       it->bytes.p[it->bytes.n - 1] == '\n';
}

int
card_convert(struct buf *out, struct card_notes *notes, const struct item *from,
	     enum item_version to, struct err *err)
{
	AUTO(convert_clear)
	struct convert c = { .from = from,
			     .to = { to, ITEM_CRLF },
			     .notes = notes,
			     .first_note = notes->n,
			     .out = BUF_INIT(OUT_MAX),
			     .scratch = BUF_INIT(OUT_MAX) };
	int rc;

	if (is_right_already(from, to))
		return buf_append(out, from->bytes, err);
	if (collect(&c, err) < 0)
		return -1;
	do {
		card_edits_clear(&c.edits);
		card_edits_init(&c.edits, from, to);
		if (write_card(&c, err) < 0)
			return -1;
		rc = read_back(&c, err);
	} while (rc > 0);
	return rc < 0 ? -1 : buf_append(out, buf_span(&c.out), err);
}
