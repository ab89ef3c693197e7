/* SPDX-License-Identifier: Apache-2.0 */
/* sms_xml_call: a <call> element as what it says, and back. */
#include <inttypes.h>

#include "item/markup.h"
#include "item/sms_xml.h"

/* The digits of an attribute; false: it has none. */
static bool
number_of(int64_t *out, const struct markup *tag, const char *name)
{
	struct span text;
	int64_t v = 0;

	if (!markup_get(&text, tag, name) || text.n == 0 || text.n > 17)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = 10 * v + (text.p[i] - '0');
	}
	*out = v;
	return true;
}

int
sms_xml_call_parse(struct sms_xml_call *out, struct buf *number, struct span bytes, struct err *err)
{
	struct markup_cursor c = { .source = bytes, .line = 1 };
	struct markup tag;
	struct span raw;
	int64_t type = 0;

	*out = (struct sms_xml_call){ .duration_s = 0 };
	if (markup_next(&c, &tag) != 0 || !markup_is(&tag, "call") ||
	    !number_of(&out->at_unix_ms, &tag, "date"))
		return err_set(err, ERR_SYNTAX, "a call without a date");
	number_of(&type, &tag, "type");
	number_of(&out->duration_s, &tag, "duration");
	out->type = (unsigned)(type > 0 && type <= SMS_XML_CALL_TYPES ? type : 0);
	buf_reset(number);
	if (markup_get(&raw, &tag, "number") && !span_equal(raw, span_str("null")) &&
	    markup_decode(number, raw, err) < 0)
		return -1;
	out->number = buf_span(number);
	return 0;
}

int
sms_xml_call_print(struct buf *out, const struct sms_xml_call *call, struct err *err)
{
	return buf_append_str(out, "<call number=\"", err) < 0 ||
			       markup_encode(out, call->number, err) < 0 ||
			       buf_append_fmt(out, err,
					      "\" duration=\"%" PRId64 "\" date=\"%" PRId64
					      "\" type=\"%u\"/>",
					      call->duration_s, call->at_unix_ms, call->type) < 0
		       ? -1
		       : 0;
}
