/* SPDX-License-Identifier: Apache-2.0 */
/* file_vcard: contacts, one behind the other: as they are, or in vCard 3.0 or 4.0 (item/card_convert.h). */
#include "convert/file_kind.h"

static int
as_it_is(struct buf *out, struct card_notes *notes, struct buf *state, const struct item *it,
	 struct err *err)
{
	(void)notes;
	(void)state;
	if (buf_append(out, it->bytes, err) < 0)
		return -1;
	return it->bytes.n && it->bytes.p[it->bytes.n - 1] != '\n'
		       ? buf_append_str(out, "\r\n", err)
		       : 0;
}

static int
in_version_3(struct buf *out, struct card_notes *notes, struct buf *state, const struct item *it,
	     struct err *err)
{
	(void)state;
	return card_convert(out, notes, it, ITEM_VCARD_30, err);
}

static int
in_version_4(struct buf *out, struct card_notes *notes, struct buf *state, const struct item *it,
	     struct err *err)
{
	(void)state;
	return card_convert(out, notes, it, ITEM_VCARD_40, err);
}

extern const struct file_kind file_vcard_original, file_vcard3, file_vcard4;

const struct file_kind file_vcard_original = {
	.format = "original", .form = &form_card, .extension = ".vcf", .item = as_it_is
};

const struct file_kind file_vcard3 = { .format = "vcard3",
				       .form = &form_card,
				       .extension = ".vcf",
				       .version = ITEM_VCARD_30,
				       .item = in_version_3 };

const struct file_kind file_vcard4 = { .format = "vcard4",
				       .form = &form_card,
				       .extension = ".vcf",
				       .version = ITEM_VCARD_40,
				       .item = in_version_4 };
