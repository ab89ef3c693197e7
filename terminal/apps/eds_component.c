/* SPDX-License-Identifier: Apache-2.0 */
/* eds_component: see eds_component.h. */
#include "apps/eds_component.h"

#include <sodium.h>
#include <string.h>

#include "item/component.h"
#include "item/ical.h"
#include "item/parse.h"
#include "item/property.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static const struct item_style style = { ITEM_ICALENDAR, ITEM_CRLF };

/* 1. Showing. */

/* What an EDS_RAW may hold: whole lines that open and close nothing but what lies within an item. */
static bool
is_ours(struct span text)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline line;
	struct err ignored = { 0 };
	int depth = 0, rc;
	size_t n = 0;

	contentline_init(&c, text, "", 1);
	if (!text.n || text.p[text.n - 1] != '\n' || memchr(text.p, '\0', text.n))
		return false;
	while ((rc = contentline_next(&c, &line, &ignored)) == 0) {
		bool within = depth > 0; /* of an alarm, say: whatever somebody wrote there */

		if (!within && (line.kind != CONTENTLINE_PROPERTY || n++))
			return false;
		if (line.kind != CONTENTLINE_PROPERTY)
			continue;
		if (contentline_is(&line, EDS_RAW))
			return false;
		depth += contentline_is(&line, "BEGIN") - contentline_is(&line, "END");
		if (depth < 0)
			return false;
	}
	return rc == CONTENTLINE_END && depth == 0;
}

/* The lines that an EDS_RAW holds; one that holds none of ours stays as it is. */
static int
show_raw(struct buf *out, struct span source, const struct contentline *line, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);
	uint8_t *p;

	if (contentline_unfold(&value, range_span(source, line->value), line->encoding, false,
			       err) < 0 ||
	    buf_extend(&text, value.n, &p, err) < 0)
		return -1;
	if (sodium_base642bin(p, text.n, buf_str(&value), value.n, NULL, &text.n, NULL, BASE64) <
		    0 ||
	    !is_ours(buf_span(&text)))
		return buf_append(out, range_span(source, line->range), err);
	return buf_append(out, buf_span(&text), err);
}

int
eds_component_show(struct buf *out, struct span text, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline line;
	int rc = 0;

	contentline_init(&c, text, "", 1);
	while (rc == 0 && (rc = contentline_next(&c, &line, err)) == 0)
		rc = line.kind == CONTENTLINE_PROPERTY && contentline_is(&line, EDS_RAW)
			     ? show_raw(out, text, &line, err)
			     : buf_append(out, range_span(text, line.range), err);
	return rc == CONTENTLINE_END ? 0 : -1;
}

/* 2. Writing. */

static bool
is_text(const struct field *f)
{
	const struct property *p = property_in_calendar(span_str(f->name), NULL);

	return p->kind == PROPERTY_TEXT && !(f->flags & (FIELD_LIST | FIELD_BINARY));
}

/* eds_keep.anew: texts decoded and escaped anew, everything else folded anew. */
static int
say_anew(struct buf *out, const struct item *it, const struct field *first, struct err *err)
{
	size_t before = out->n;
	int rc = 0;

	if (is_text(first))
		return component_print_text(out, first->name, span_str(first->value), style, err);
	for (const struct field *f = first;
	     rc == 0 && f < it->fields + it->n_fields && f->own.start == first->own.start; f++)
		rc = component_print(out, it, &f, 1, "", style, err);
	if (rc != FORM_UNWRITABLE)
		return rc;
	out->n = before;
	return buf_append(out, range_span(it->bytes, first->own), err);
}

/* eds_keep.hide */
static int
hide(struct buf *out, const struct item *it, struct range at, struct err *err)
{
	AUTO(buf_clear) struct buf lines = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	struct span raw = range_span(it->bytes, at);
	uint8_t *p;

	if (buf_append(&lines, raw, err) < 0 ||
	    (raw.p[raw.n - 1] != '\n' && buf_append_str(&lines, "\r\n", err) < 0) ||
	    buf_extend(&text, sodium_base64_encoded_len(lines.n, BASE64), &p, err) < 0)
		return -1;
	sodium_bin2base64((char *)p, text.n, lines.p, lines.n, BASE64);
	text.n--; /* its NUL */
	return component_print_text(out, EDS_RAW, buf_span(&text), style, err);
}

/* Append the component's bytes from *at to @end and go on from @next. */
static int
copy_to(struct buf *out, const struct item *it, size_t *at, size_t end, size_t next,
	struct err *err)
{
	if (buf_append(out, span_of(it->bytes.p + *at, end - *at), err) < 0)
		return -1;
	*at = next;
	return 0;
}

static bool
is_plain_uid(const struct field *f)
{
	return f->value[0] && !strchr(f->value, '\n');
}

/* The component alone, with one UID, which its item goes by. */
static int
clean(struct buf *out, struct span bytes, const struct form *form, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	const char *uid = NULL;
	size_t own, at = 0;

	if (form->parse(&it, bytes, "", 1, NULL, err) < 0 || ical_own_bytes(&own, bytes, err) < 0)
		return -1;
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];

		if (strcmp(f->name, "UID") != 0 || f->own.start >= own)
			continue;
		if (!uid && is_plain_uid(f)) {
			uid = f->value;
			continue;
		}
		if (copy_to(out, it, &at, f->own.start, f->own.end, err) < 0)
			return -1;
		if (!uid && f->value[0] &&
		    component_print_text(out, "UID", span_str(f->value), style, err) < 0)
			return -1;
		uid = uid ? uid : f->value[0] ? f->value : NULL;
	}
	if (copy_to(out, it, &at, it->insert_at, it->insert_at, err) < 0)
		return -1;
	if (!uid && parse_first_field(it, "RECURRENCE-ID"))
		return err_set(err, ERR_SYNTAX, "an occurrence that does not say of what");
	if (!uid && it->uid && component_print_text(out, "UID", span_str(it->uid), style, err) < 0)
		return -1;
	return copy_to(out, it, &at, own, own, err);
}

int
eds_component_write(struct buf *out, struct span bytes, const struct form *form,
		    eds_print_fn *print, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	const struct eds_keep keep = { .form = form,
				       .print = print,
				       .ctx = ctx,
				       .show = eds_component_show,
				       .anew = say_anew,
				       .hide = hide };

	return clean(&text, bytes, form, err) < 0 ? -1
						  : eds_keep_whole(out, &text, bytes, &keep, err);
}
