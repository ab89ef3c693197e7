/* SPDX-License-Identifier: Apache-2.0 */
/* eds_card: see eds_card.h.  Showing, then writing. */
#include "apps/eds_card.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "item/card_convert.h"
#include "item/card_print.h"
#include "item/card_walk.h"
#include "item/form.h"
#include "merge/key_set.h"

#define ADDED      "X-EVOLUTION-E164"
#define FOLD_AT    75 /* bytes: RFC 2426, 2.6 */
#define PARAMS_MAX 64

static const struct item_style style = { ITEM_VCARD_30, ITEM_CRLF };

/* 1. Showing. */

/* @text as one content line, folded between characters. */
static int
append_folded(struct buf *out, struct span text, struct err *err)
{
	size_t room = FOLD_AT;

	while (text.n > room) {
		size_t n = room;

		while (n > 1 && (text.p[n] & 0xC0) == 0x80)
			n--;
		if (buf_append(out, span_of(text.p, n), err) < 0 ||
		    buf_append_str(out, "\r\n ", err) < 0)
			return -1;
		text = span_of(text.p + n, text.n - n);
		room = FOLD_AT - 1;
	}
	return buf_append(out, text, err) < 0 ? -1 : buf_append_str(out, "\r\n", err);
}

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static bool
has(struct span text, const char *word)
{
	return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

static int
param_cmp(const struct contentline_param *a, const struct contentline_param *b)
{
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int order = n ? memcmp(a->name.p, b->name.p, n) : 0;

	if (order == 0)
		order = (a->name.n > b->name.n) - (a->name.n < b->name.n);
	if (order == 0) {
		n = a->value.n < b->value.n ? a->value.n : b->value.n;
		order = n ? memcmp(a->value.p, b->value.p, n) : 0;
	}
	return order ? order : (a->value.n > b->value.n) - (a->value.n < b->value.n);
}

static int
by_text(const void *a, const void *b)
{
	return param_cmp(a, b);
}

/* The parameters without ADDED, sorted: each time that the service's library reads a card it turns their
 * order round.  More than PARAMS_MAX stay as they are. */
static int
append_params(struct buf *out, struct span params, struct err *err)
{
	struct contentline_param list[PARAMS_MAX];
	struct span left = params;
	size_t n = 0;

	while (n < PARAMS_MAX && contentline_param_next(&left, &list[n]))
		n += !word_is(list[n].name, ADDED);
	if (left.n)
		return buf_append(out, params, err);
	qsort(list, n, sizeof *list, by_text);
	for (size_t i = 0; i < n; i++)
		if (buf_append_byte(out, ';', err) < 0 || buf_append(out, list[i].name, err) < 0 ||
		    (list[i].name.n && buf_append_byte(out, '=', err) < 0) ||
		    buf_append(out, list[i].value, err) < 0)
			return -1;
	return 0;
}

/* The line, unfolded and without its end. */
static int
append_unfolded(struct buf *out, struct span source, const struct contentline *line,
		struct err *err)
{
	if (line->group.n &&
	    (buf_append(out, line->group, err) < 0 || buf_append_byte(out, '.', err) < 0))
		return -1;
	if (buf_append(out, line->name, err) < 0 || append_params(out, line->params, err) < 0 ||
	    buf_append_byte(out, ':', err) < 0)
		return -1;
	return contentline_unfold(out, range_span(source, line->value), line->encoding, false, err);
}

static int
show_sorted(struct buf *out, struct span source, const struct contentline *line, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);

	return append_unfolded(&text, source, line, err) < 0
		       ? -1
		       : append_folded(out, buf_span(&text), err);
}

/* The text of an X-CLOUDBOX-RAW: the backslash before `\`, `,`, `;` and the `n` of a line feed are
 * RFC 2426's. */
static int
unescape(struct buf *out, struct span s, struct err *err)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c == '\\' && i + 1 < s.n) {
			c = s.p[++i];
			c = c == 'n' || c == 'N' ? '\n' : c;
		}
		if (buf_append_byte(out, c, err) < 0)
			return -1;
	}
	return 0;
}

/* Is @text one property and no more, and none that says where a card begins or ends? */
static bool
is_one_line(struct span text)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline line;
	struct err ignored = { 0 };

	contentline_init(&c, text, "", 1);
	return !memchr(text.p, '\r', text.n) && !memchr(text.p, '\0', text.n) &&
	       contentline_next(&c, &line, &ignored) == 0 && line.kind == CONTENTLINE_PROPERTY &&
	       line.range.end == text.n && !has(line.params, ADDED) &&
	       !word_is(line.name, "BEGIN") && !word_is(line.name, "END") &&
	       !word_is(line.name, EDS_CARD_RAW);
}

/* The line that an X-CLOUDBOX-RAW holds; one that holds none of ours stays as it is. */
static int
show_raw(struct buf *out, struct span source, const struct contentline *line, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);

	if (contentline_unfold(&value, range_span(source, line->value), line->encoding, false,
			       err) < 0 ||
	    unescape(&text, buf_span(&value), err) < 0)
		return -1;
	if (!text.n || memchr(text.p, '\n', text.n) || !is_one_line(buf_span(&text)))
		return buf_append(out, range_span(source, line->range), err);
	return append_folded(out, buf_span(&text), err);
}

static int
show_line(struct buf *out, struct span source, const struct contentline *line, struct err *err)
{
	if (line->kind == CONTENTLINE_PROPERTY && word_is(line->name, EDS_CARD_RAW))
		return show_raw(out, source, line, err);
	if (line->kind == CONTENTLINE_PROPERTY && line->params.n)
		return show_sorted(out, source, line, err);
	return buf_append(out, range_span(source, line->range), err);
}

int
eds_card_show(struct buf *out, struct span text, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline line;
	int rc = 0;

	card_lines_init(&c, text, "", 1);
	while (rc == 0 && (rc = contentline_next(&c, &line, err)) == 0)
		rc = show_line(out, text, &line, err);
	return rc == CONTENTLINE_END ? 0 : -1;
}

/* 2. Writing. */

/* @card, which is clean, with another UID, and its own beside it. */
static int
with_other_uid(struct buf *out, const struct item *card, struct err *err)
{
	struct field_key key = key_hash(span_str(card->uid));
	struct span bytes = card->bytes;
	char urn[UUID8_URN_BYTES];
	size_t at = 0;

	uuid8_urn(urn, key.b);
	for (size_t i = 0; i < card->n_fields; i++) {
		struct range own = card->fields[i].own;

		if (strcmp(card->fields[i].name, "UID") != 0)
			continue;
		if (buf_append(out, span_of(bytes.p + at, own.start - at), err) < 0)
			return -1;
		at = own.end;
	}
	if (buf_append(out, span_of(bytes.p + at, card->insert_at - at), err) < 0 ||
	    form_card.print_uid(out, urn, card->uid, style, err) < 0)
		return -1;
	return buf_append(out, span_of(bytes.p + card->insert_at, bytes.n - card->insert_at), err);
}

/* The card in clean 3.0, under a UID that can be kept. */
static int
clean(struct buf *out, struct span bytes, bool is_new, struct err *err)
{
	AUTO(card_notes_clear) struct card_notes notes = { 0 };
	AUTO(buf_clear) struct buf converted = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(item_free) struct item *card = NULL;
	AUTO(item_free) struct item *again = NULL;

	if (card_parse(&card, bytes, "", 1, NULL, err) < 0)
		return -1;
	if (!is_new || !card->uid || !strchr(card->uid, ';'))
		return card_convert(out, &notes, card, ITEM_VCARD_30, err);
	if (card_convert(&converted, &notes, card, ITEM_VCARD_30, err) < 0 ||
	    card_parse(&again, buf_span(&converted), "", 1, NULL, err) < 0)
		return -1;
	return with_other_uid(out, again, err);
}

/* The fields of a card that what is shown of it lacks; by `fields` of the item. */
struct lost {
	bool *is; /* owned */
	size_t n;
};

static void
lost_clear(struct lost *l)
{
	free(l->is);
}
AUTO_OBJ(lost_clear, struct lost);

static int
lost_find(struct lost *lost, const struct item *card, const struct item *shown, struct err *err)
{
	AUTO(key_set_clear) struct key_set keys = KEY_SET_INIT;
	size_t at;

	lost->is = calloc(card->n_fields + 1, sizeof *lost->is);
	if (!lost->is)
		return err_nomem(err);
	for (size_t i = 0; i < shown->n_fields; i++)
		if (key_set_add(&keys, &shown->fields[i].key, &at, err) < 0)
			return -1;
	for (size_t i = 0; i < card->n_fields; i++) {
		const struct field *f = &card->fields[i];

		lost->is[i] =
			!(f->flags & FIELD_IGNORED) && key_set_find(&keys, &f->key) == KEY_SET_NONE;
		lost->n += lost->is[i];
	}
	return 0;
}

/* The line of @first in our own words; of a list, one line for each element. */
static int
say_anew(struct buf *out, const struct item *card, const struct field *first, struct err *err)
{
	struct span group = form_card.group(card->bytes, first->own);
	char name[64];
	size_t before = out->n;
	int rc = 0;

	if (group.n >= sizeof name)
		return buf_append(out, range_span(card->bytes, first->own), err);
	memcpy(name, group.p ? (const char *)group.p : "", group.n);
	name[group.n] = '\0';
	if (!(first->flags & FIELD_LIST))
		rc = card_print_edited(out, card, first, name, style, &(struct card_edit){ 0 },
				       err);
	for (const struct field *f = first;
	     rc == 0 && (f->flags & FIELD_LIST) && f < card->fields + card->n_fields &&
	     f->own.start == first->own.start;
	     f++)
		rc = card_print(out, card, &f, 1, name, style, err);
	if (rc != FORM_UNWRITABLE)
		return rc;
	out->n = before;
	return buf_append(out, range_span(card->bytes, first->own), err);
}

/* The line at @at where the service does not look. */
static int
hide(struct buf *out, const struct item *card, struct range at, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	struct span raw = range_span(card->bytes, at);
	struct contentline line;

	card_lines_init(&c, raw, "", 1);
	if (contentline_next(&c, &line, err) != 0 || append_unfolded(&text, raw, &line, err) < 0)
		return -1;
	return card_print_text(out, EDS_CARD_RAW, buf_span(&text), style, err);
}

/* A line that is to be said otherwise. */
struct change {
	struct range at;
	const struct field *field; /* its first; NULL: a label, or whatever belongs to one */
};

struct changes {
	struct change *list; /* owned; by place */
	size_t n, cap;
};

static void
changes_clear(struct changes *c)
{
	free(c->list);
}
AUTO_OBJ(changes_clear, struct changes);

static int
changes_add(struct changes *c, struct range at, const struct field *field, struct err *err)
{
	if (array_reserve((void **)&c->list, &c->cap, c->n + 1, sizeof *c->list, SIZE_MAX / 64,
			  err) < 0)
		return -1;
	c->list[c->n++] = (struct change){ at, field };
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	size_t x = ((const struct change *)a)->at.start, y = ((const struct change *)b)->at.start;

	return (x > y) - (x < y);
}

/* The lines of the lost fields, once each; @groups: with all that belongs to them. */
static int
changes_find(struct changes *c, const struct item *card, const struct lost *lost, bool groups,
	     struct err *err)
{
	const struct field *first = card->fields;

	for (size_t i = 0; i < card->n_fields; i++) {
		const struct field *f = &card->fields[i];

		if (f->own.start != first->own.start)
			first = f;
		if (!lost->is[i])
			continue;
		if (changes_add(c, first->own, first, err) < 0)
			return -1;
		for (size_t m = 0; groups && m < f->n_members; m++)
			if (changes_add(c, card->members[f->first_member + m], NULL, err) < 0)
				return -1;
	}
	if (c->n)
		qsort(c->list, c->n, sizeof *c->list, by_place);
	return 0;
}

/* Append @card with these lines hidden, or said anew. */
static int
append_changed(struct buf *out, const struct item *card, const struct changes *c, bool hidden,
	       struct err *err)
{
	struct span bytes = card->bytes;
	size_t at = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct change *change = &c->list[i];

		if (change->at.start < at)
			continue; /* once */
		if (buf_append(out, span_of(bytes.p + at, change->at.start - at), err) < 0 ||
		    (hidden ? hide(out, card, change->at, err)
			    : say_anew(out, card, change->field, err)) < 0)
			return -1;
		at = change->at.end;
	}
	return buf_append(out, span_of(bytes.p + at, bytes.n - at), err);
}

struct writing {
	eds_card_print_fn *print;
	void *ctx;
};

/* What is shown of @text once it is written. */
static int
shown_of(struct buf *out, const struct writing *w, const struct buf *text, struct err *err)
{
	AUTO(buf_clear) struct buf printed = BUF_INIT(2 * ITEM_BYTES_MAX);

	return w->print(w->ctx, &printed, buf_str(text), err) < 0
		       ? -1
		       : eds_card_show(out, buf_span(&printed), err);
}

/* Say otherwise what would be lost of @text.  0 or -1; *all: nothing would. */
static int
mend(bool *all, struct buf *text, const struct writing *w, bool hidden, struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf better = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(changes_clear) struct changes changes = { 0 };
	AUTO(lost_clear) struct lost lost = { 0 };
	AUTO(item_free) struct item *card = NULL;
	AUTO(item_free) struct item *shown = NULL;

	if (shown_of(&back, w, text, err) < 0 ||
	    card_parse(&card, buf_span(text), "", 1, NULL, err) < 0 ||
	    card_parse(&shown, buf_span(&back), "", 1, NULL, err) < 0 ||
	    lost_find(&lost, card, shown, err) < 0 ||
	    changes_find(&changes, card, &lost, hidden, err) < 0)
		return -1;
	*all = lost.n == 0;
	if (*all)
		return 0;
	if (append_changed(&better, card, &changes, hidden, err) < 0)
		return -1;
	struct buf was = *text;
	*text = better;
	better = was;
	return 0;
}

/* What our 3.0 has no words for either (data that is no base64): hidden as it stood in @original. */
static int
keep_rest(struct buf *out, const struct buf *text, struct span original, const struct writing *w,
	  struct err *err)
{
	AUTO(buf_clear) struct buf back = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(changes_clear) struct changes changes = { 0 };
	AUTO(lost_clear) struct lost lost = { 0 };
	AUTO(item_free) struct item *card = NULL;
	AUTO(item_free) struct item *shown = NULL;
	AUTO(item_free) struct item *now = NULL;
	size_t at = 0;

	if (shown_of(&back, w, text, err) < 0 ||
	    card_parse(&card, original, "", 1, NULL, err) < 0 ||
	    card_parse(&now, buf_span(text), "", 1, NULL, err) < 0 ||
	    card_parse(&shown, buf_span(&back), "", 1, NULL, err) < 0 ||
	    lost_find(&lost, card, shown, err) < 0 ||
	    changes_find(&changes, card, &lost, true, err) < 0 ||
	    buf_append(out, span_of(text->p, now->insert_at), err) < 0)
		return -1;
	for (size_t i = 0; i < changes.n; i++) {
		if (changes.list[i].at.start >= at && hide(out, card, changes.list[i].at, err) < 0)
			return -1;
		at = changes.list[i].at.end;
	}
	return buf_append(out, span_of(text->p + now->insert_at, text->n - now->insert_at), err);
}

int
eds_card_write(struct buf *out, struct span bytes, bool is_new, eds_card_print_fn *print, void *ctx,
	       struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	const struct writing w = { print, ctx };
	bool all = false;

	if (clean(&text, bytes, is_new, err) < 0 || mend(&all, &text, &w, false, err) < 0 ||
	    (!all && mend(&all, &text, &w, true, err) < 0))
		return -1;
	return keep_rest(out, &text, bytes, &w, err);
}
