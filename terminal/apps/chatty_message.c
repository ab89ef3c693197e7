/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chatty_message: what Chatty keeps of an <sms> or <mms>, and how that is written as one.
 *
 * Numbers are kept as they are compared (without what is only for the eye); names of senders as they
 * are.  The first text of an MMS is its body, other parts are files; how the parts are laid out on a screen
 * (SMIL) is not kept.
 */
#include <inttypes.h>

#include "apps/chatty_internal.h"
#include "base/array.h"
#include "base/text.h"
#include "item/key.h"
#include "item/markup.h"
#include "item/sms_xml.h"
#include "item/value.h"

static void
part_clear(struct chatty_part *p)
{
	buf_clear(&p->type);
	buf_clear(&p->name);
	buf_clear(&p->data);
}

void
chatty_message_clear(struct chatty_message *m)
{
	for (size_t i = 0; i < m->n_parts; i++)
		part_clear(&m->parts[i]);
	free(m->parts);
	buf_clear(&m->numbers);
	buf_clear(&m->sender);
	buf_clear(&m->body);
	buf_clear(&m->subject);
	buf_clear(&m->id);
	*m = (struct chatty_message)CHATTY_MESSAGE_INIT;
}

int
chatty_part_add(struct chatty_part **out, struct chatty_message *m, struct err *err)
{
	if (array_reserve((void **)&m->parts, &m->cap_parts, m->n_parts + 1, sizeof *m->parts,
			  CHATTY_PARTS_MAX, err) < 0)
		return -1;
	*out = &m->parts[m->n_parts++];
	**out = (struct chatty_part){ .type = BUF_INIT(4096),
				      .name = BUF_INIT(64 << 10),
				      .data = BUF_INIT(ITEM_BYTES_MAX) };
	return 0;
}

bool
chatty_part_equal(const struct chatty_part *a, const struct chatty_part *b)
{
	return a->is_text == b->is_text && span_equal(buf_span(&a->type), buf_span(&b->type)) &&
	       span_equal(buf_span(&a->data), buf_span(&b->data));
}

/* 1. From an element. */

static bool
is_nothing(struct span raw)
{
	return raw.n == 0 || span_equal(raw, span_str("null"));
}

/* Append an attribute; an absent one, or the word null, is empty. */
static int
take(struct buf *out, const struct markup *tag, const char *name, struct err *err)
{
	struct span raw;

	return markup_get(&raw, tag, name) && !is_nothing(raw) ? markup_decode(out, raw, err) : 0;
}

static bool
has_letter(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z')
			return true;
	return false;
}

/* One number as Chatty is to have it. */
static int
append_number(struct buf *out, struct span s, struct err *err)
{
	while (s.n && s.p[0] == ' ')
		s = span_skip(s, 1);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	if (has_letter(s) || memchr(s.p, '@', s.n) ||
	    (s.n == 2 && s.p[0] == '-')) /* "-1": nobody (sms_xml_parse.c) */
		return buf_append(out, s, err);
	return key_tel(out, s, NULL, err);
}

/* The next of numbers joined by '~'; false: no more. */
static bool
next_number(struct span *one, struct span *left)
{
	const uint8_t *tilde = left->n ? memchr(left->p, '~', left->n) : NULL;

	if (left->n == 0)
		return false;
	*one = span_of(left->p, tilde ? (size_t)(tilde - left->p) : left->n);
	*left = span_skip(*left, one->n + (tilde != NULL));
	return true;
}

static bool
has_number(const struct chatty_message *m, struct span number)
{
	struct span left = buf_span(&m->numbers), one;

	while (next_number(&one, &left))
		if (span_equal(one, number))
			return true;
	return false;
}

/* Each number once. */
static int
add_number(struct chatty_message *m, struct span raw, struct err *err)
{
	AUTO(buf_clear) struct buf number = BUF_INIT(64 << 10);

	if (append_number(&number, raw, err) < 0)
		return -1;
	if (number.n == 0 || has_number(m, buf_span(&number)))
		return 0;
	return (m->numbers.n && buf_append_byte(&m->numbers, '~', err) < 0) ||
			       buf_append(&m->numbers, buf_span(&number), err) < 0
		       ? -1
		       : 0;
}

static int
refuse(struct err *err, const char *why) /* N_() */
{
	err_set(err, ERR_UNSUPPORTED, "%s", _(why));
	return ROW_REFUSED;
}

static size_t
count_numbers(const struct chatty_message *m)
{
	struct span left = buf_span(&m->numbers), one;
	size_t n = 0;

	while (next_number(&one, &left))
		n++;
	return n;
}

/* 0, ROW_REFUSED or -1. */
static int
take_numbers(struct chatty_message *m, const struct markup *tag, struct err *err)
{
	AUTO(buf_clear) struct buf all = BUF_INIT(1 << 20);
	struct span left, one;
	size_t n = 0;

	if (take(&all, tag, "address", err) < 0)
		return -1;
	left = buf_span(&all);
	for (; next_number(&one, &left); n++)
		if (add_number(m, one, err) < 0)
			return -1;
	/* An SMS' numbers are its identity as they stand there, not as a set. */
	if (m->is_mms || n == count_numbers(m))
		return 0;
	return refuse(err, N_("Chatty keeps no message without a number"));
}

/* 0 or ROW_REFUSED. */
static int
take_date(struct chatty_message *m, const struct markup *tag, struct err *err)
{
	struct span text;
	int64_t v = 0;

	if (!markup_get(&text, tag, "date") || text.n == 0 || text.n > 15)
		return refuse(err, N_("Chatty keeps no message without a date"));
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return refuse(err, N_("Chatty keeps no message without a date"));
		v = 10 * v + (text.p[i] - '0');
	}
	m->at_unix_s = m->is_mms && v < SMS_XML_SECONDS_BELOW ? v : v / 1000;
	return 0;
}

static int
take_box(struct chatty_message *m, const struct markup *tag, struct err *err)
{
	struct span text;

	if (!markup_get(&text, tag, m->is_mms ? "msg_box" : "type") || text.n != 1 ||
	    text.p[0] < '1' || text.p[0] > '6')
		return refuse(err, N_("Chatty has no place for this kind of message"));
	m->box = text.p[0] <= '3' ? (enum chatty_box)(text.p[0] - '0') : CHATTY_FAILED;
	return 0;
}

static int
take_head(struct chatty_message *m, const struct markup *tag, struct err *err)
{
	int rc;

	m->is_mms = markup_is(tag, "mms");
	rc = take_date(m, tag, err);
	if (rc == 0)
		rc = take_box(m, tag, err);
	if (rc != 0)
		return rc;
	rc = take_numbers(m, tag, err);
	if (rc != 0)
		return rc;
	if (m->is_mms)
		return take(&m->subject, tag, "sub", err) < 0 ||
				       take(&m->id, tag, "m_id", err) < 0 ||
				       (m->id.n == 0 && take(&m->id, tag, "tr_id", err) < 0)
			       ? -1
			       : 0;
	struct span raw; /* a body may well be the word null */
	return markup_get(&raw, tag, "body") ? markup_decode(&m->body, raw, err) : 0;
}

/* Base64 in which there may be line ends. */
static int
take_base64(struct buf *out, struct span raw, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);
	size_t n = 0;

	if (markup_decode(&text, raw, err) < 0)
		return -1;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] > ' ')
			text.p[n++] = text.p[i];
	text.n = n;
	int rc = value_base64_decode(out, buf_span(&text), err);
	return rc > 0 ? refuse(err, N_("a part of this message is damaged")) : rc;
}

/* As it stands there: so it is compared (sms_xml_parse.c). */
static int
take_type(struct buf *out, const struct markup *tag, struct err *err)
{
	struct span raw;

	return markup_get(&raw, tag, "ct") && !is_nothing(raw) ? buf_append(out, raw, err) : 0;
}

static int
take_part(struct chatty_message *m, const struct markup *tag, struct err *err)
{
	struct chatty_part *p;
	struct span data, text;
	bool has_data = markup_get(&data, tag, "data") && !is_nothing(data);
	bool has_text = markup_get(&text, tag, "text") && !is_nothing(text);

	if ((!has_data && !has_text) || chatty_part_add(&p, m, err) < 0)
		return has_data || has_text ? -1 : 0;
	p->is_text = !has_data;
	if (take_type(&p->type, tag, err) < 0 || take(&p->name, tag, "cl", err) < 0 ||
	    (p->name.n == 0 && take(&p->name, tag, "name", err) < 0) ||
	    (p->type.n == 0 && buf_append_str(&p->type, "application/octet-stream", err) < 0))
		return -1;
	if (span_equal(buf_span(&p->type), span_str("application/smil"))) {
		part_clear(&m->parts[--m->n_parts]);
		return 0;
	}
	if (has_data) {
		int rc = take_base64(&p->data, data, err);

		if (p->data.n == 0) /* nothing but padding */
			part_clear(&m->parts[--m->n_parts]);
		return rc;
	}
	if (m->body.n || !span_equal(buf_span(&p->type), span_str("text/plain")))
		return markup_decode(&p->data, text, err);
	part_clear(&m->parts[--m->n_parts]);
	return markup_decode(&m->body, text, err);
}

/* 137 from, 151 to, 129 blind copy, 130 copy (PduHeaders). */
static int
take_address(struct chatty_message *m, const struct markup *tag, bool with_whom, struct err *err)
{
	AUTO(buf_clear) struct buf number = BUF_INIT(1 << 20);
	struct span raw, type;

	if (!markup_get(&raw, tag, "address") || is_nothing(raw) ||
	    span_equal(raw, span_str("insert-address-token")))
		return 0;
	if (markup_decode(&number, raw, err) < 0)
		return -1;
	for (size_t i = 0; i < number.n; i++)
		if (number.p[i] == '~') /* ours, between numbers */
			number.p[i] = ' ';
	if (with_whom && add_number(m, buf_span(&number), err) < 0)
		return -1;
	if (m->sender.n == 0 && markup_get(&type, tag, "type") && span_equal(type, span_str("137")))
		return append_number(&m->sender, buf_span(&number), err);
	return 0;
}

/* What follows from the rest.  0 or ROW_REFUSED. */
static int
settle(struct chatty_message *m, struct err *err)
{
	struct span left = buf_span(&m->numbers), first;

	if (!next_number(&first, &left))
		return refuse(err, N_("Chatty keeps no message without a number"));
	if (!m->is_mms || m->box != CHATTY_IN)
		buf_reset(&m->sender);
	else if (!has_number(m, buf_span(&m->sender))) {
		buf_reset(&m->sender);
		if (buf_append(&m->sender, first, err) < 0)
			return -1;
	}
	return 0;
}

int
chatty_message_parse(struct chatty_message *m, struct span bytes, struct err *err)
{
	struct markup_cursor c = { .source = bytes, .line = 1 };
	struct markup tag;
	bool with_whom = false, in_part = false;
	int rc = 0;

	for (bool first = true; rc == 0 && markup_next(&c, &tag) == 0; first = false) {
		if (tag.kind == MARKUP_CLOSE)
			in_part = false;
		if (tag.kind == MARKUP_CLOSE || in_part) /* what a part holds is its own */
			continue;
		if (first) {
			rc = take_head(m, &tag, err);
			with_whom = m->numbers.n == 0;
		} else if (m->is_mms && markup_is(&tag, "part")) {
			in_part = tag.kind == MARKUP_OPEN;
			rc = take_part(m, &tag, err);
		} else if (m->is_mms && markup_is(&tag, "addr")) {
			rc = take_address(m, &tag, with_whom, err);
		}
	}
	return rc ? rc : settle(m, err);
}

/* 2. To an element. */

static int
print_attribute(struct buf *out, const char *name, struct span value, struct err *err)
{
	return buf_append_fmt(out, err, " %s=\"", name) < 0 || markup_encode(out, value, err) < 0 ||
			       buf_append_byte(out, '"', err) < 0
		       ? -1
		       : 0;
}

static int
print_type(struct buf *out, struct span type, struct err *err)
{
	if (buf_append_str(out, " ct=\"", err) < 0)
		return -1;
	for (size_t i = 0; i < type.n; i++)
		if ((type.p[i] == '"' ? buf_append_str(out, "&#34;", err)
				      : buf_append_byte(out, type.p[i], err)) < 0)
			return -1;
	return buf_append_byte(out, '"', err);
}

static int
print_part(struct buf *out, size_t seq, const struct chatty_part *p, struct err *err)
{
	if (buf_append_fmt(out, err, "<part seq=\"%zu\"", seq) < 0 ||
	    print_type(out, buf_span(&p->type), err) < 0 ||
	    (p->name.n && (print_attribute(out, "name", buf_span(&p->name), err) < 0 ||
			   print_attribute(out, "cl", buf_span(&p->name), err) < 0)))
		return -1;
	if (p->is_text)
		return print_attribute(out, "text", buf_span(&p->data), err) < 0
			       ? -1
			       : buf_append_str(out, "/>\n", err);
	return buf_append_str(out, " data=\"", err) < 0 ||
			       value_base64(out, buf_span(&p->data), err) < 0 ||
			       buf_append_str(out, "\"/>\n", err) < 0
		       ? -1
		       : 0;
}

static int
print_parts(struct buf *out, const struct chatty_message *m, struct err *err)
{
	struct chatty_part body = { .type = BUF_INIT(64), .data = m->body, .is_text = true };
	size_t seq = 0;
	int rc = 0;

	if (m->body.n) {
		rc = buf_append_str(&body.type, "text/plain", err);
		if (rc == 0)
			rc = print_part(out, seq++, &body, err);
		buf_clear(&body.type);
	}
	for (size_t i = 0; rc == 0 && i < m->n_parts; i++)
		rc = print_part(out, seq++, &m->parts[i], err);
	return rc;
}

static int
print_addresses(struct buf *out, const struct chatty_message *m, struct err *err)
{
	struct span left = buf_span(&m->numbers), one;

	while (next_number(&one, &left)) {
		bool from = m->box == CHATTY_IN && span_equal(one, buf_span(&m->sender));

		if (buf_append_str(out, "<addr", err) < 0 ||
		    print_attribute(out, "address", one, err) < 0 ||
		    buf_append_fmt(out, err, " type=\"%d\" charset=\"106\"/>\n", from ? 137 : 151) <
			    0)
			return -1;
	}
	return 0;
}

static int
print_mms(struct buf *out, const struct chatty_message *m, struct err *err)
{
	/* Before 1973 milliseconds would be taken for seconds. */
	bool early = m->at_unix_s * 1000 < SMS_XML_SECONDS_BELOW;

	if (buf_append_fmt(out, err, "<mms date=\"%" PRId64 "\" msg_box=\"%d\"",
			   early ? m->at_unix_s : m->at_unix_s * 1000, (int)m->box) < 0 ||
	    print_attribute(out, "address", buf_span(&m->numbers), err) < 0 ||
	    (m->id.n && print_attribute(out, "m_id", buf_span(&m->id), err) < 0) ||
	    (m->subject.n && print_attribute(out, "sub", buf_span(&m->subject), err) < 0))
		return -1;
	return buf_append_str(out, ">\n<parts>\n", err) < 0 || print_parts(out, m, err) < 0 ||
			       buf_append_str(out, "</parts>\n<addrs>\n", err) < 0 ||
			       print_addresses(out, m, err) < 0 ||
			       buf_append_str(out, "</addrs>\n</mms>", err) < 0
		       ? -1
		       : 0;
}

int
chatty_message_print(struct buf *out, const struct chatty_message *m, struct err *err)
{
	if (m->is_mms)
		return print_mms(out, m, err);
	return buf_append_str(out, "<sms protocol=\"0\"", err) < 0 ||
			       print_attribute(out, "address", buf_span(&m->numbers), err) < 0 ||
			       buf_append_fmt(out, err, " date=\"%" PRId64 "\" type=\"%d\"",
					      m->at_unix_s * 1000, (int)m->box) < 0 ||
			       print_attribute(out, "body", buf_span(&m->body), err) < 0 ||
			       buf_append_str(out, "/>", err) < 0
		       ? -1
		       : 0;
}
