/* SPDX-License-Identifier: Apache-2.0 */
/* file_kind: see file_kind.h. */
#include "convert/file_kind.h"

#include <stdio.h>
#include <string.h>

#define ORIGINAL "original"

extern const struct file_kind file_events, file_events_original, file_tasks, file_tasks_original,
	file_memos, file_memos_original, file_bookmarks_html, file_vcard_original, file_vcard3,
	file_vcard4, file_sms_xml, file_sms_original, file_calls_xml, file_calls_original;

const struct file_kind *const file_kinds[] = {
	&file_bookmarks_html,  &file_vcard_original, &file_vcard3,
	&file_vcard4,          &file_sms_xml,        &file_sms_original,
	&file_calls_xml,       &file_calls_original, &file_events,
	&file_events_original, &file_tasks,          &file_tasks_original,
	&file_memos,           &file_memos_original, NULL,
};

static int
no_such_format(const struct form *form, const char *format, struct err *err)
{
	char names[120] = "";

	for (size_t i = 0; form && file_kinds[i]; i++) {
		size_t n = strlen(names);
		if (file_kinds[i]->form == form)
			snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "",
				 file_kinds[i]->format);
	}
	err_set(err, ERR_USAGE, "there is no format %.40s for this app", format);
	return err_hint(err, "there are: %s", form ? names : ORIGINAL);
}

int
file_kind_find(const struct file_kind **out, const struct form *form, const char *format,
	       struct err *err)
{
	*out = NULL;
	for (size_t i = 0; form && file_kinds[i]; i++) {
		if (file_kinds[i]->form != form ||
		    (format && strcmp(file_kinds[i]->format, format) != 0))
			continue;
		*out = file_kinds[i];
		return 0;
	}
	return !form && (!format || strcmp(format, ORIGINAL) == 0)
		       ? 0
		       : no_such_format(form, format ? format : ORIGINAL, err);
}
