/* SPDX-License-Identifier: Apache-2.0 */
/* vcard: contacts, as a folder of .vcf files (recursively) or as one .vcf with many cards. */
#include <string.h>

#include "apps/text_app.h"
#include "item/card_stream.h"

static bool
is_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcasecmp(dot, ".vcf") == 0 || strcasecmp(dot, ".vcard") == 0);
}

static const struct text_kind kind = {
	.wants = is_name,
	.split = card_stream_split,
	.new_file = ".vcf",
};

/* Whatever program reads the folder shows one face: a second photo would only be lost in it. */
static const char *const vcard_single[] = { "PHOTO", NULL };
static const struct item_profile vcard_profile = { .single = vcard_single };

extern const struct adapter adapter_vcard;
const struct adapter adapter_vcard = {
	.name = "vcard",
	.form = &form_card,
	.text = &kind,
	.profile = &vcard_profile,
	.open = folder_session_open,
	.close = text_app_close,
	.sources = text_app_sources,
	.stamp = folder_session_stamp,
	.tidy = folder_session_tidy,
	.read_source = text_app_read_source,
	.type = text_app_type,
	.open_item = text_app_open_item,
	.apply = text_app_apply,
	.home = text_app_home,
	.rewrite = text_app_rewrite,
};
