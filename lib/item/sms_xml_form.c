/* SPDX-License-Identifier: Apache-2.0 */
/* sms_xml_form: messages and calls as forms (form.h).  What can be added to one is a part of an MMS. */
#include "base/text.h"
#include "item/sms_xml.h"

static int
message_parse(struct item **out, struct span bytes, const char *source, unsigned line,
	      const struct item_profile *profile, struct err *err)
{
	return sms_xml_parse(out, bytes, source, line, profile,
			     1u << SMS_XML_SMS | 1u << SMS_XML_MMS, err);
}

static int
call_parse(struct item **out, struct span bytes, const char *source, unsigned line,
	   const struct item_profile *profile, struct err *err)
{
	return sms_xml_parse(out, bytes, source, line, profile, 1u << SMS_XML_CALL, err);
}

static int
message_open(struct buf *out, struct item_style style, struct err *err)
{
	(void)style;
	return buf_append_str(out, "<mms><parts>", err);
}

static int
message_close(struct buf *out, struct item_style style, struct err *err)
{
	(void)style;
	return buf_append_str(out, "</parts></mms>", err);
}

static int
call_open(struct buf *out, struct item_style style, struct err *err)
{
	(void)style;
	return buf_append_str(out, "<call>", err);
}

static int
call_close(struct buf *out, struct item_style style, struct err *err)
{
	(void)style;
	return buf_append_str(out, "</call>", err);
}

static int
part_print(struct buf *out, const struct item *from, const struct field *const *elements,
	   size_t n_elements, const char *group, struct item_style to, struct err *err)
{
	(void)group;
	(void)to;
	if (n_elements != 1 || strcmp(elements[0]->name, "PART") != 0)
		return FORM_UNWRITABLE;
	return buf_append(out, range_span(from->bytes, elements[0]->own), err);
}

const struct form form_message = {
	.name = "message",
	.types = { "application/x-sms+xml" },
	.kind = FORM_MESSAGE,
	.match = FORM_BY_ID,
	.unwritable = N_("this message has no place for it"),
	.parse = message_parse,
	.open = message_open,
	.close = message_close,
	.print = part_print,
	.thread = sms_xml_thread,
};

const struct form form_call = {
	.name = "call",
	.types = { "application/x-call+xml" },
	.kind = FORM_CALL,
	.match = FORM_BY_ID,
	.unwritable = N_("this call has no place for it"),
	.parse = call_parse,
	.open = call_open,
	.close = call_close,
	.print = part_print,
};
