/* SPDX-License-Identifier: Apache-2.0 */
/* eds_card: see eds_card.h.  Showing, then writing. */
#include "apps/eds_card.h"

#include <stdlib.h>
#include <string.h>

#include "item/card_convert.h"
#include "item/card_print.h"
#include "item/card_walk.h"
#include "item/form.h"

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
	       !word_is(line.name, EDS_RAW);
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
	if (line->kind == CONTENTLINE_PROPERTY && word_is(line->name, EDS_RAW))
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

/* eds_keep.anew: of a list, one line for each element. */
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
	     rc == 0 && f < card->fields + card->n_fields && (f->flags & FIELD_LIST) &&
	     f->own.start == first->own.start;
	     f++)
		rc = card_print(out, card, &f, 1, name, style, err);
	if (rc != FORM_UNWRITABLE)
		return rc;
	out->n = before;
	return buf_append(out, range_span(card->bytes, first->own), err);
}

/* Text that somebody forgot to fold, as one line. */
static int
escape_line_feeds(struct buf *out, struct span text, struct err *err)
{
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] == '\n' ? buf_append_str(out, "\\n", err)
				       : buf_append_byte(out, text.p[i], err)) < 0)
			return -1;
	return 0;
}

/* eds_keep.hide */
static int
hide(struct buf *out, const struct item *card, struct range at, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf one = BUF_INIT(4 * ITEM_BYTES_MAX);
	struct span raw = range_span(card->bytes, at);
	struct contentline line;

	card_lines_init(&c, raw, "", 1);
	if (contentline_next(&c, &line, err) != 0 || append_unfolded(&text, raw, &line, err) < 0 ||
	    escape_line_feeds(&one, buf_span(&text), err) < 0)
		return -1;
	return card_print_text(out, EDS_RAW, buf_span(&one), style, err);
}

int
eds_card_write(struct buf *out, struct span bytes, bool is_new, eds_print_fn *print, void *ctx,
	       struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	const struct eds_keep keep = { .form = &form_card,
				       .print = print,
				       .ctx = ctx,
				       .show = eds_card_show,
				       .anew = say_anew,
				       .hide = hide };

	return clean(&text, bytes, is_new, err) < 0 ? -1
						    : eds_keep_whole(out, &text, bytes, &keep, err);
}
