/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_calendars: the calendar, task list and memo list of GNOME Calendar, To Do, Notes and of all that stands
 * on Evolution Data Server; how a component is written there, eds_component.h says.
 *
 * A row shows its component and the VTIMEZONEs that it names; one that is written makes those known first.
 */
#include <string.h>

#include "apps/eds_app.h"
#include "apps/eds_component.h"
#include "apps/find.h"
#include "item/ical.h"

static int
print(void *ctx, struct buf *out, const char *text, struct err *err)
{
	int rc = eds_print(out, *(const enum eds_kind *)ctx, text, err);

	return rc ? -1 : 0; /* EDS_REFUSED with *err */
}

/* The VTIMEZONEs, one behind the other.  One that the service has already stays as it is there, and one that
 * it refuses is left out: the times keep their names. */
static int
add_zones(struct eds_store *eds, struct span zones, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);

	for (size_t n; zones.n; zones = span_skip(zones, n)) {
		buf_reset(&text);
		if (ical_own_bytes(&n, zones, err) < 0 ||
		    buf_append(&text, span_of(zones.p, n), err) < 0 ||
		    eds_add_zone(eds, buf_str(&text), err) < 0)
			return -1;
	}
	return 0;
}

static int
prepare(struct buf *out, struct eds_store *eds, struct span bytes, const struct eds_type *type,
	struct err *err)
{
	size_t own;

	if (ical_own_bytes(&own, bytes, err) < 0 || add_zones(eds, span_skip(bytes, own), err) < 0)
		return -1;
	if (eds_component_write(out, bytes, type->form, print, (void *)&type->kind, err) == 0)
		return 0;
	return err->code == ERR_SYNTAX ? ROW_REFUSED : -1;
}

#define CALENDAR(word, eds_kind, source_name, folder_name)                                         \
	static const struct eds_type word##_type;                                                  \
	static int prepare_##word(struct buf *out, struct eds_store *eds, struct span bytes,       \
				  const char *id, struct err *err)                                 \
	{                                                                                          \
		(void)id;                                                                          \
		return prepare(out, eds, bytes, &word##_type, err);                                \
	}                                                                                          \
	static const struct eds_type word##_type = { .kind = (eds_kind),                           \
						     .form = &form_##word,                         \
						     .folder = (folder_name),                      \
						     .show = eds_component_show,                   \
						     .prepare = prepare_##word };                  \
	static int open_##word(void **store, const struct app *app, struct err *err)               \
	{                                                                                          \
		return eds_app_open(store, app, &word##_type, err);                                \
	}                                                                                          \
	static const struct row_kind word##_rows = { .source = (source_name),                      \
						     .open = open_##word,                          \
						     OVER_EDS };                                   \
	static int find_##word(app_find_fn *fn, void *ctx, struct err *err)                        \
	{                                                                                          \
		char path[FIND_PATH_BYTES];                                                        \
		return find_path(path, FIND_DATA, "evolution/" folder_name "/system")              \
			       ? find_one((source_name), source_name "-gnome", path, fn, ctx, err) \
			       : 0;                                                                \
	}

CALENDAR(event, EDS_EVENTS, "calendar", "calendar")
CALENDAR(task, EDS_TASKS, "tasks", "tasks")
CALENDAR(memo, EDS_MEMOS, "notes", "memos")

extern const struct adapter adapter_eds_calendar, adapter_eds_tasks, adapter_eds_memos;

const struct adapter adapter_eds_calendar = { .name = "eds-calendar",
					      .form = &form_event,
					      .rows = &event_rows,
					      .find = find_event,
					      OVER_ROWS };

const struct adapter adapter_eds_tasks = {
	.name = "eds-tasks", .form = &form_task, .rows = &task_rows, .find = find_task, OVER_ROWS
};

const struct adapter adapter_eds_memos = {
	.name = "eds-memos", .form = &form_memo, .rows = &memo_rows, .find = find_memo, OVER_ROWS
};
