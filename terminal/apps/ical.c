/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ical: events, tasks and memos, as a folder of .ics files, or as one such file.  A file may hold all
 * three: each of the three apps sees its own components and leaves the others'.  (One app of three
 * kinds would need three forms, and a Box folder that mixes them; phones have three apps, too.)
 */
#include <string.h>

#include "apps/text_app.h"
#include "apps/text_zones.h"
#include "item/ical.h"

static bool
is_name(const char *name)
{
	static const char *const extensions[] = { ".ics", ".ical", ".icalendar", ".vcs" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++)
		if (strcasecmp(dot, extensions[i]) == 0)
			return true;
	return false;
}

static const struct text_root vcalendar = {
	.name = "VCALENDAR",
	.written = "VCALENDAR",
	.survey = ical_survey,
	.empty = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cloudbox//Cloudbox//EN\r\n"
		 "END:VCALENDAR\r\n",
};

#define KIND(of, file)                                                                             \
	{                                                                                          \
		.wants = is_name, .split = ical_split_##of, .root = &vcalendar,                    \
		.new_file = (file), .zones = true, .series = true                                  \
	}

static const struct text_kind events = KIND(events, "calendar.ics");
static const struct text_kind tasks = KIND(tasks, "tasks.ics");
static const struct text_kind memos = KIND(memos, "memos.ics");

#define OVER_CALENDARS                                                                             \
	.open = folder_session_open, .close = text_app_close, .sources = text_app_sources,         \
	.stamp = folder_session_stamp, .tidy = folder_session_tidy,                                \
	.read_source = text_app_read_source, .type = text_app_type,                                \
	.open_item = text_app_open_item, .apply = text_app_apply, .home = text_app_home,           \
	.rewrite = text_app_rewrite, .shown = text_zones_shown

extern const struct adapter adapter_ical, adapter_ical_tasks, adapter_ical_memos;

const struct adapter adapter_ical = {
	.name = "ical", .form = &form_event, .text = &events, OVER_CALENDARS
};

const struct adapter adapter_ical_tasks = {
	.name = "ical-tasks", .form = &form_task, .text = &tasks, OVER_CALENDARS
};

const struct adapter adapter_ical_memos = {
	.name = "ical-memos", .form = &form_memo, .text = &memos, OVER_CALENDARS
};
