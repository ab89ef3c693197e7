/* SPDX-License-Identifier: Apache-2.0 */
/* card_form: contacts as a form (form.h): card.h reads them, card_print.h writes into them. */
#include "base/text.h"
#include "item/card.h"
#include "item/card_print.h"

static int
append_line(struct buf *out, const char *text, struct item_style style, struct err *err)
{
	return buf_append_str(out, text, err) < 0
		       ? -1
		       : buf_append_str(out, item_line_end_text(style.line_end), err);
}

static int
card_open(struct buf *out, struct item_style style, struct err *err)
{
	static const char *const versions[ITEM_VERSIONS] = { [ITEM_VCARD_21] = "VERSION:2.1",
							     [ITEM_VCARD_30] = "VERSION:3.0",
							     [ITEM_VCARD_40] = "VERSION:4.0" };

	return append_line(out, "BEGIN:VCARD", style, err) < 0
		       ? -1
		       : append_line(out, versions[style.version], style, err);
}

static int
card_close(struct buf *out, struct item_style style, struct err *err)
{
	return append_line(out, "END:VCARD", style, err);
}

static int
card_print_uid(struct buf *out, const char *uid, const char *theirs, struct item_style style,
	       struct err *err)
{
	if (card_print_text(out, "UID", span_str(uid), style, err) < 0)
		return -1;
	return theirs ? card_print_text(out, "X-CLOUDBOX-UID", span_str(theirs), style, err) : 0;
}

const struct form form_card = {
	.name = "vcard",
	.types = { "text/vcard", "text/x-vcard", "text/directory" },
	.kind = FORM_CONTACT,
	.match = FORM_BY_FIELDS,
	.content_lines = true,
	.unwritable = N_("this value cannot be written in the card's vCard version"),
	.parse = card_parse,
	.open = card_open,
	.close = card_close,
	.print = card_print,
	.print_member = card_print_member,
	.group = card_group,
	.print_uid = card_print_uid,
};
