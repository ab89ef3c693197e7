/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_xml_complete: an element with every attribute that SMS Backup & Restore's schemas (sms.xsd,
 * calls.xsd of its makers) require; what it has stays byte for byte.  What says which message it is
 * (date, type, duration) is never made up: an element without it is no message of any app's.
 */
#include <stdlib.h>
#include <string.h>

#include "item/markup.h"
#include "item/sms_xml.h"

/* An attribute that must be there, and what it says where nobody knows. */
struct required {
	const char *name, *value;
};

static const struct required of_sms[] = {
	{ "protocol", "0" },
	{ "address", "" },
	{ "subject", "null" },
	{ "body", "" },
	{ "toa", "null" },
	{ "sc_toa", "null" },
	{ "service_center", "null" },
	{ "read", "1" },
	{ "status", "-1" },
	{ "locked", "0" },
	{ NULL, NULL },
};

static const struct required of_mms[] = {
	{ "rr", "null" },
	{ "sub", "null" },
	{ "ct_t", "application/vnd.wap.multipart.related" },
	{ "read_status", "null" },
	{ "seen", "1" },
	{ "address", "" },
	{ "sub_cs", "null" },
	{ "resp_st", "null" },
	{ "retr_st", "null" },
	{ "d_tm", "null" },
	{ "text_only", "0" },
	{ "exp", "null" },
	{ "locked", "0" },
	{ "m_id", "null" },
	{ "st", "null" },
	{ "retr_txt_cs", "null" },
	{ "retr_txt", "null" },
	{ "date_sent", "0" },
	{ "read", "1" },
	{ "m_size", "null" },
	{ "rpt_a", "null" },
	{ "ct_cls", "null" },
	{ "pri", "null" },
	{ "tr_id", "null" },
	{ "resp_txt", "null" },
	{ "ct_l", "null" },
	{ "m_cls", "null" },
	{ "d_rpt", "null" },
	{ "v", "18" },
	{ "m_type", "132" },
	{ NULL, NULL },
};

static const struct required of_part[] = {
	{ "seq", "0" },      { "ct", "application/octet-stream" },
	{ "name", "null" },  { "chset", "null" },
	{ "cd", "null" },    { "fn", "null" },
	{ "cid", "null" },   { "cl", "null" },
	{ "ctt_s", "null" }, { "ctt_t", "null" },
	{ "text", "null" },  { NULL, NULL },
};

static const struct required of_addr[] = {
	{ "address", "" },
	{ "type", "151" },
	{ "charset", "106" },
	{ NULL, NULL },
};

static const struct required of_call[] = {
	{ "number", "" },
	{ "presentation", "1" },
	{ NULL, NULL },
};

static const struct {
	const char *tag;
	const struct required *attributes;
} elements[] = {
	{ "sms", of_sms },   { "mms", of_mms },   { "part", of_part },
	{ "addr", of_addr }, { "call", of_call },
};

static const struct required *
required_of(const struct markup *tag)
{
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		if (tag->kind != MARKUP_CLOSE && markup_is(tag, elements[i].tag))
			return elements[i].attributes;
	return NULL;
}

/* Of an MMS that was sent: Android's m_send_req in the place of its m_retrieve_conf. */
static const char *
value_of(const struct markup *tag, const struct required *a)
{
	struct span box;

	if (markup_is(tag, "mms") && strcmp(a->name, "m_type") == 0 &&
	    markup_get(&box, tag, "msg_box") && !span_equal(box, span_str("1")))
		return "128";
	return a->value;
}

/* The tag, and what it lacks behind its name. */
static int
put_tag(struct buf *out, struct span source, const struct markup *tag, struct err *err)
{
	const struct required *a = required_of(tag);
	size_t from = tag->range.start, name = (size_t)(tag->name.p - source.p) + tag->name.n;
	struct span had;

	if (!a)
		return buf_append(out, range_span(source, tag->range), err);
	if (buf_append(out, span_of(source.p + from, name - from), err) < 0)
		return -1;
	for (; a->name; a++)
		if (!markup_get(&had, tag, a->name) &&
		    buf_append_fmt(out, err, " %s=\"%s\"", a->name, value_of(tag, a)) < 0)
			return -1;
	return buf_append(out, span_of(source.p + name, tag->range.end - name), err);
}

int
sms_xml_complete(struct buf *out, struct span element, struct err *err)
{
	struct markup_cursor c = { .source = element, .line = 1 };
	struct markup tag;
	size_t at = 0;

	for (; markup_next(&c, &tag) == 0; at = tag.range.end) {
		if (buf_append(out, span_of(element.p + at, tag.range.start - at), err) < 0 ||
		    put_tag(out, element, &tag, err) < 0)
			return -1;
	}
	return buf_append(out, span_skip(element, at), err);
}

int64_t
sms_xml_date_ms(const struct item *it)
{
	for (size_t i = 0; i < it->n_fields; i++) {
		if (strcmp(it->fields[i].name, "DATE") != 0)
			continue;
		long long v = strtoll(it->fields[i].value, NULL, 10);
		if (v < 0 || v > INT64_C(99999999999999999))
			return 0;
		return v < SMS_XML_SECONDS_BELOW && !strncmp(it->uid, "mms:", 4) ? v * 1000 : v;
	}
	return 0;
}
