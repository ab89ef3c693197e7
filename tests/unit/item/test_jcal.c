/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars beside what another parser made of them (jCal, RFC 7265): both must read the same. */
#include "unit.h"

#include <ctype.h>
#include <json-c/json.h>
#include <libgen.h>

#include "item/corpus.h"
#include "item/ical.h"

#define TEXT_MAX ((size_t)16 << 20)

struct oracle {
	char path[4096];
	struct span text; /* of the calendar */
	size_t at;
	struct json_object *calendar; /* ["vcalendar", [properties], [components]] */
	size_t n_seen;                /* of its components of this kind */
	const char *kind;
	const struct form *form;
	unsigned n_values, n_properties;
};

static int
read_all(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct oracle *o = ctx;

	(void)err;
	*got = o->text.n - o->at < n ? o->text.n - o->at : n;
	if (*got)
		memcpy(p, o->text.p + o->at, *got);
	o->at += *got;
	return 0;
}

/* The @nth component of that kind, or NULL. */
static struct json_object *
component(const struct oracle *o, size_t nth)
{
	struct json_object *all = json_object_array_get_idx(o->calendar, 2);

	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct json_object *c = json_object_array_get_idx(all, i);
		const char *name = json_object_get_string(json_object_array_get_idx(c, 0));
		if (strcmp(name, o->kind) == 0 && nth-- == 0)
			return c;
	}
	return NULL;
}

static void
compare_value(struct oracle *o, const struct field *f, struct json_object *want)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(TEXT_MAX);

	assert_int_equal(key_text(&text, span_str(json_object_get_string(want)), NULL), 0);
	if (strcmp(f->value, buf_str(&text)) != 0)
		fail_msg("%s: %s: %s, not %s", o->path, f->name, f->value, buf_str(&text));
	o->n_values++;
}

/* The fields of one line, from @f on, beside ["name", {parameters}, "type", value, more…].  How many
 * fields it was. */
static size_t
compare_property(struct oracle *o, const struct field *f, struct json_object *property)
{
	const char *name = json_object_get_string(json_object_array_get_idx(property, 0));
	const char *type = json_object_get_string(json_object_array_get_idx(property, 2));
	const char *group = strchr(name, '.');
	size_t n = (f->flags & FIELD_LIST) ? json_object_array_length(property) - 3 : 1;

	name = group ? group + 1 : name;
	o->n_properties++;
	for (size_t i = 0; i < strlen(name) || f->name[i]; i++)
		if (tolower(f->name[i]) != name[i])
			fail_msg("%s: %s, not %s", o->path, f->name, name);
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = json_object_array_get_idx(property, 3 + i);
		if (strcmp(type, "text") == 0 && !json_object_is_type(v, json_type_array) &&
		    !(f->flags & FIELD_EMPTY))
			compare_value(o, f + i, v);
	}
	return n;
}

static void
compare_item(struct oracle *o, const struct item *it, struct json_object *c)
{
	struct json_object *properties = json_object_array_get_idx(c, 1);
	struct json_object *inner = json_object_array_get_idx(c, 2);
	size_t at = 0, n_inner = 0;
	for (size_t i = 0; at < it->n_fields; i++) {
		const char *says = (const char *)it->bytes.p + it->fields[at].own.start;
		if (strncasecmp(says, "BEGIN:", 6) == 0) {
			at++, i--, n_inner++;
			continue;
		}
		assert_true(i < json_object_array_length(properties));
		at += compare_property(o, &it->fields[at],
				       json_object_array_get_idx(properties, i));
	}
	assert_int_equal(n_inner, inner ? json_object_array_length(inner) : 0);
}

static int
compare(void *ctx, const struct text_part *part, struct err *err)
{
	struct oracle *o = ctx;
	AUTO(item_free) struct item *it = NULL;

	assert_null(part->bad);
	struct json_object *c = component(o, o->n_seen++);
	if (!c)
		fail_msg("%s: more %s than there are", o->path, o->kind);
	if (o->form->parse(&it, part->bytes, o->path, part->line, NULL, err) < 0)
		fail_msg("%s: %s", o->path, err->msg);
	compare_item(o, it, c);
	return 0;
}

/* The calendar's own properties, read as an event's. */
static void
compare_calendar(struct oracle *o)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(TEXT_MAX);
	AUTO(item_free) struct item *it = NULL;
	struct span rest = o->text;
	struct err err = { 0 };
	const uint8_t *at;

	while ((at = memmem(rest.p, rest.n, "VCALENDAR", 9)) != NULL) {
		size_t n = (size_t)(at - rest.p);
		assert_int_equal(buf_append(&text, span_of(rest.p, n), NULL), 0);
		assert_int_equal(buf_append_str(&text, "VEVENT", NULL), 0);
		rest = span_skip(rest, n + 9);
	}
	assert_int_equal(buf_append(&text, rest, NULL), 0);
	if (form_event.parse(&it, buf_span(&text), o->path, 1, NULL, &err) < 0)
		fail_msg("%s: %s", o->path, err.msg);
	compare_item(o, it, o->calendar);
}

static void
compare_kind(struct oracle *o, const char *kind, const struct form *form, text_split_fn *split)
{
	struct text_stream from = { o, read_all, o->path, 0 };
	struct err err = { 0 };

	o->kind = kind;
	o->form = form;
	o->at = o->n_seen = 0;
	if (split(&from, compare, o, &err) < 0)
		fail_msg("%s: %s", o->path, err.msg);
	assert_null(component(o, o->n_seen));
}

static void
each_file(void *ctx, const char *path, struct span bytes)
{
	AUTO(buf_clear) struct buf ics = BUF_INIT(TEXT_MAX);
	struct oracle *o = ctx;
	const char *dot = strrchr(path, '.');

	if (!dot || strcmp(dot, ".json") != 0)
		return;
	snprintf(o->path, sizeof o->path, "%s/%.*s.ics", getenv("CLOUDBOX_CORPUS"),
		 (int)(dot - path), path);
	AUTO(free) char *text = strndup((const char *)bytes.p, bytes.n);
	struct json_object *json = json_tokener_parse(text);
	struct json_object *first = json ? json_object_array_get_idx(json, 0) : NULL;
	const char *name =
		json_object_is_type(first, json_type_string) ? json_object_get_string(first) : "";
	if (strcmp(name, "vcalendar") == 0 && corpus_read(&ics, o->path)) {
		o->text = buf_span(&ics);
		o->calendar = json;
		compare_calendar(o);
		compare_kind(o, "vevent", &form_event, ical_split_events);
		compare_kind(o, "vtodo", &form_task, ical_split_tasks);
		compare_kind(o, "vjournal", &form_memo, ical_split_memos);
	}
	json_object_put(json);
}

static void
calendars_read_as_their_jcal_says(void **state)
{
	struct oracle o = { .n_values = 0 };

	(void)state;
	if (corpus_each("calendar", each_file, &o) < 0) {
		print_message("no corpus: no jCal to compare with\n");
		return;
	}
	print_message("%u properties, %u texts\n", o.n_properties, o.n_values);
	assert_true(o.n_properties > 50 && o.n_values > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendars_read_as_their_jcal_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
