/* SPDX-License-Identifier: Apache-2.0 */
/* ical: events, tasks and memos as forms.  See ical.h. */
#include "item/ical.h"

#include "base/text.h"
#include "item/arena.h"
#include "item/card_print.h"
#include "item/component.h"
#include "item/parse.h"

static const struct component_kind event, task, memo;

/* ---- who it is ---- */

static int
occurrence_id(struct parse *p, const struct field *uid, const struct field *when, struct err *err)
{
	buf_reset(&p->say);
	return buf_append_fmt(&p->say, err, "%s;RECURRENCE-ID=", uid->value) < 0 ||
			       key_instant(&p->say, span_str(when->value),
					   span_str(when->zone ? when->zone : ""), err) < 0
		       ? -1
		       : arena_string(&p->it->arena, &p->it->uid, buf_span(&p->say), err);
}

static int
name_item(struct parse *p, struct err *err)
{
	static const char *const names[] = { "SUMMARY", "DESCRIPTION", "LOCATION", "UID" };
	static const char *const who[] = { "DTSTART", "SUMMARY", "DUE", "RECURRENCE-ID" };
	struct item *it = p->it;
	const struct field *uid = parse_first_field(it, "UID");
	const struct field *when = parse_first_field(it, "RECURRENCE-ID");

	it->name = component_first_value(it, names, 4);
	if (!uid)
		return component_content_id(p, "calendar:", who, 4, &it->uid, err);
	it->uid = uid->value;
	return when ? occurrence_id(p, uid, when, err) : 0;
}

/* Its text without what escapes (RFC 5545 3.3.11), which some programs leave out. */
static int
append_plain(struct buf *out, struct span raw, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);

	if (contentline_unfold(&text, raw, CONTENTLINE_PLAIN, false, err) < 0)
		return -1;
	struct span t = buf_span(&text);
	while (t.n && t.p[0] <= ' ')
		t = span_skip(t, 1);
	while (t.n && t.p[t.n - 1] <= ' ')
		t.n--;
	for (size_t i = 0; i < t.n; i++) {
		i += t.p[i] == '\\' && i + 1 < t.n;
		if (buf_append(out, span_of(t.p + i, 1), err) < 0)
			return -1;
	}
	return 0;
}

int
ical_uid(struct buf *out, struct span component, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	struct contentline line;
	unsigned depth = 0;
	int rc;

	contentline_init(&lines, component, "", 1);
	while ((rc = contentline_next(&lines, &line, err)) == 0) {
		if (line.kind != CONTENTLINE_PROPERTY)
			continue;
		if (contentline_is(&line, "BEGIN"))
			depth++;
		if (contentline_is(&line, "END") && (depth == 0 || --depth == 0))
			return 0; /* behind it are its zones */
		if (depth == 1 && contentline_is(&line, "UID"))
			return append_plain(out, range_span(component, line.value), err);
	}
	return rc < 0 ? -1 : 0;
}

int
ical_own_bytes(size_t *out, struct span item, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor lines;
	struct contentline line;
	unsigned depth = 0;
	int rc;

	*out = item.n;
	contentline_init(&lines, item, "", 1);
	while ((rc = contentline_next(&lines, &line, err)) == 0) {
		if (line.kind != CONTENTLINE_PROPERTY)
			continue;
		if (contentline_is(&line, "BEGIN"))
			depth++;
		if (!contentline_is(&line, "END") || depth == 0 || --depth > 0)
			continue;
		*out = line.range.end;
		return 0;
	}
	return rc < 0 ? -1 : 0;
}

/* ---- the forms ---- */

static int
print_edge(struct buf *out, const char *edge, const char *name, struct item_style style,
	   struct err *err)
{
	return buf_append_str(out, edge, err) < 0 ? -1
						  : component_print_line(out, name, style, err);
}

#define FORM(word, of_kind, what, mime)                                                            \
	static int parse_##word(struct item **out, struct span bytes, const char *source,          \
				unsigned line, const struct item_profile *profile,                 \
				struct err *err)                                                   \
	{                                                                                          \
		return component_parse(out, bytes, source, line, profile, &word, err);             \
	}                                                                                          \
	static int open_##word(struct buf *out, struct item_style style, struct err *err)          \
	{                                                                                          \
		return print_edge(out, "BEGIN:", what, style, err);                                \
	}                                                                                          \
	static int close_##word(struct buf *out, struct item_style style, struct err *err)         \
	{                                                                                          \
		return print_edge(out, "END:", what, style, err);                                  \
	}                                                                                          \
	const struct form form_##word = {                                                          \
		.name = #word,                                                                     \
		.types = { mime },                                                                 \
		.kind = of_kind,                                                                   \
		.match = FORM_BY_UID,                                                              \
		.content_lines = true,                                                             \
		.unwritable = N_("this value cannot be written into the calendar's item"),         \
		.parse = parse_##word,                                                             \
		.open = open_##word,                                                               \
		.close = close_##word,                                                             \
		.print = component_print,                                                          \
		.print_member = card_print_member,                                                 \
		.group = card_group,                                                               \
	};                                                                                         \
	static const struct component_kind word = { what, ITEM_ICALENDAR, &form_##word, name_item }

FORM(event, FORM_EVENT, "VEVENT", "text/calendar;component=vevent");
FORM(task, FORM_TASK, "VTODO", "text/calendar;component=vtodo");
FORM(memo, FORM_MEMO, "VJOURNAL", "text/calendar;component=vjournal");
