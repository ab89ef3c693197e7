/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vitem: records as a folder of .vitem files, or as one of them: the open format in which items of a
 * plug-in's app come back where the app itself is not (restore --create).
 */
#include <string.h>

#include "apps/text_app.h"
#include "item/record.h"

static bool
is_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strcasecmp(dot, ".vitem") == 0;
}

static const struct text_kind kind = {
	.wants = is_name,
	.split = record_split,
	.new_file = ".vitem",
};

extern const struct adapter adapter_vitem;
const struct adapter adapter_vitem = {
	.name = "vitem",
	.form = &form_record,
	.text = &kind,
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
