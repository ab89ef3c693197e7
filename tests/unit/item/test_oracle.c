/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content lines beside what another parser made of them: jCal (RFC 7265) and jCard (RFC 7095).  Names,
 * groups, parameters and raw values of both must be the same; iCalendar and vCard alike.
 */
#include "unit.h"

#include <ctype.h>
#include <json-c/json.h>
#include <json-c/json_object_iterator.h>

#include "item/contentline.h"
#include "item/corpus.h"

#define DEPTH_MAX 10

struct oracle {
	const char *path;
	unsigned n_files, n_lines, n_params;
	/* open components, and how far each has been read */
	struct json_object *open[DEPTH_MAX];
	size_t n_properties[DEPTH_MAX], n_components[DEPTH_MAX];
	size_t depth;
};

static void
put(struct buf *out, struct span s)
{
	assert_int_equal(buf_append(out, s, NULL), 0);
}

/* ---- values as one text that both can be brought to ---- */

/* Escapes resolved: separators stay what they are. */
static void
put_unescaped(struct buf *out, struct span raw)
{
	for (size_t i = 0; i < raw.n; i++) {
		uint8_t c = raw.p[i];
		if (c == '\\' && i + 1 < raw.n) {
			c = raw.p[++i];
			c = c == 'n' || c == 'N' ? '\n' : c;
		}
		assert_int_equal(buf_append_byte(out, c, NULL), 0);
	}
}

static void put_json(struct buf *out, struct json_object *v, const char *between);

static void
put_recur(struct buf *out, struct json_object *rule)
{
	struct json_object_iterator at = json_object_iter_begin(rule);
	struct json_object_iterator end = json_object_iter_end(rule);

	for (bool first = true; !json_object_iter_equal(&at, &end); first = false) {
		put(out, span_str(first ? "" : ";"));
		for (const char *k = json_object_iter_peek_name(&at); *k; k++)
			assert_int_equal(buf_append_byte(out, (uint8_t)toupper(*k), NULL), 0);
		put(out, span_str("="));
		put_json(out, json_object_iter_peek_value(&at), ",");
		json_object_iter_next(&at);
	}
}

static void
put_json(struct buf *out, struct json_object *v, const char *between)
{
	if (json_object_is_type(v, json_type_object)) {
		put_recur(out, v);
		return;
	}
	if (!json_object_is_type(v, json_type_array)) {
		put(out, span_str(json_object_get_string(v)));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		put(out, span_str(i ? between : ""));
		put_json(out, json_object_array_get_idx(v, i), ",");
	}
}

static bool
is_numeric(const char *type)
{
	return strcmp(type, "float") == 0 || strcmp(type, "integer") == 0;
}

static bool
is_about_time(const char *type)
{
	return strstr(type, "date") || strstr(type, "time") || strcmp(type, "utc-offset") == 0 ||
	       strcmp(type, "period") == 0 || strcmp(type, "recur") == 0;
}

/* 1996-04-01T03:30:00Z and 19960401T033000Z. */
static void
without_marks(struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] != '-' && b->p[i] != ':')
			b->p[n++] = b->p[i];
	b->n = n;
	b->p[n] = '\0';
}

/* What is no number is 0 to it. */
static double
number(const char **s)
{
	char *end;
	double x = strtod(*s, &end);

	*s = end + strcspn(end, ",;");
	return x;
}

static bool
same_numbers(const char *a, const char *b)
{
	for (;; a++, b++) {
		double x = number(&a), y = number(&b);
		if (x < y || x > y || *a != *b)
			return false;
		if (!*a)
			return true;
	}
}

static bool
same_value(struct span raw, struct json_object *property)
{
	AUTO(buf_clear)
	struct buf have = BUF_INIT(1 << 20), plain = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
	const char *type = json_object_get_string(json_object_array_get_idx(property, 2));
	const char *between = strcmp(type, "period") == 0 ? "/" : ";";

	put(&have, raw);
	put_unescaped(&plain, raw);
	put(&plain, span_str(""));
	for (size_t i = 3; i < json_object_array_length(property); i++) {
		put(&want, span_str(i > 3 ? "," : ""));
		put_json(&want, json_object_array_get_idx(property, i), between);
	}
	if (is_numeric(type))
		return same_numbers(buf_str(&have), buf_str(&want));
	if (strcmp(type, "boolean") == 0)
		/* what is not TRUE is false to it */
		return (strcasecmp(buf_str(&have), "TRUE") == 0) ==
		       (strcmp(buf_str(&want), "true") == 0);
	if (is_about_time(type) && have.n && want.n) {
		without_marks(&have);
		without_marks(&want);
	}
	return strcmp(buf_str(&have), buf_str(&want)) == 0 ||
	       strcmp(buf_str(&plain), buf_str(&want)) == 0;
}

/* ---- heads ---- */

static struct json_object *
nth_param(struct json_object *params, struct span name)
{
	char lower[100] = "";

	assert_true(name.n < sizeof lower);
	for (size_t i = 0; i < name.n; i++)
		lower[i] = (char)tolower(name.p[i]);
	return json_object_object_get(params, lower);
}

/* Quotation marks go; ^n, ^' and ^^ are what they stand for (RFC 6868). */
static void
put_param(struct buf *out, struct span raw)
{
	for (size_t i = 0; i < raw.n; i++) {
		uint8_t c = raw.p[i];
		if (c == '"')
			continue;
		if (c == '^' && i + 1 < raw.n && strchr("n'^", raw.p[i + 1])) {
			c = raw.p[++i];
			c = c == 'n' ? '\n' : c == '\'' ? '"' : c;
		}
		assert_int_equal(buf_append_byte(out, c, NULL), 0);
	}
}

static void
compare_params(struct oracle *o, const struct contentline *l, struct json_object *params)
{
	struct span rest = l->params;
	struct contentline_param p;
	size_t n = 0;

	while (contentline_param_next(&rest, &p)) {
		AUTO(buf_clear) struct buf have = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
		if (p.name.n == 5 && strncasecmp((const char *)p.name.p, "VALUE", 5) == 0)
			continue; /* jCal makes it the type */
		struct json_object *value = nth_param(params, p.name);
		if (!value)
			fail_msg("%s:%u: parameter %.*s is none", o->path, l->line, (int)p.name.n,
				 (const char *)p.name.p);
		put_param(&have, p.value);
		put_json(&want, value, ",");
		if (strcmp(buf_str(&have), buf_str(&want)) != 0)
			fail_msg("%s:%u: parameter %s, not %s", o->path, l->line, buf_str(&have),
				 buf_str(&want));
		n++;
	}
	size_t n_want = (size_t)json_object_object_length(params);
	if (json_object_object_get(params, "group"))
		n_want--;
	if (n != n_want)
		fail_msg("%s:%u: %zu parameters, not %zu", o->path, l->line, n, n_want);
	o->n_params += (unsigned)n;
}

/* "x-foo", "group1.x-foo" or "x-foo" with a parameter "group". */
static void
compare_name(const struct oracle *o, const struct contentline *l, const char *name,
	     struct json_object *params)
{
	AUTO(buf_clear) struct buf have = BUF_INIT(1000), want = BUF_INIT(1000);
	struct json_object *group = json_object_object_get(params, "group");

	if (group) {
		put(&want, span_str(json_object_get_string(group)));
		put(&want, span_str("."));
	}
	put(&want, span_str(name));
	put(&have, l->group);
	put(&have, span_str(l->group.n ? "." : ""));
	put(&have, l->name);
	if (strcasecmp(buf_str(&have), buf_str(&want)) != 0)
		fail_msg("%s:%u: %s, not %s", o->path, l->line, buf_str(&have), buf_str(&want));
}

static void
compare_line(struct oracle *o, struct span source, const struct contentline *l)
{
	AUTO(buf_clear) struct buf raw = BUF_INIT(1 << 20);
	size_t at = o->depth - 1;
	struct json_object *properties = json_object_array_get_idx(o->open[at], 1);
	struct json_object *p = json_object_array_get_idx(properties, o->n_properties[at]++);

	if (!p)
		fail_msg("%s:%u: a line that is none", o->path, l->line);
	struct json_object *params = json_object_array_get_idx(p, 1);
	compare_name(o, l, json_object_get_string(json_object_array_get_idx(p, 0)), params);
	compare_params(o, l, params);
	assert_int_equal(contentline_unfold(&raw, range_span(source, l->value), CONTENTLINE_PLAIN,
					    false, NULL),
			 0);
	put(&raw, span_str(""));
	if (!same_value(buf_span(&raw), p))
		fail_msg("%s:%u: %s, not %s", o->path, l->line, buf_str(&raw),
			 json_object_to_json_string(p));
	o->n_lines++;
}

/* ---- components ---- */

static void
begin(struct oracle *o, struct json_object *roots, size_t *n_roots)
{
	struct json_object *c =
		o->depth == 0 ? json_object_array_get_idx(roots, (*n_roots)++)
			      : json_object_array_get_idx(
					json_object_array_get_idx(o->open[o->depth - 1], 2),
					o->n_components[o->depth - 1]++);

	assert_non_null(c);
	assert_true(o->depth < DEPTH_MAX);
	o->open[o->depth] = c;
	o->n_properties[o->depth] = o->n_components[o->depth] = 0;
	o->depth++;
}

static void
end(struct oracle *o)
{
	assert_true(o->depth > 0);
	o->depth--;
	struct json_object *c = o->open[o->depth];
	size_t n = json_object_array_length(json_object_array_get_idx(c, 1));
	if (n != o->n_properties[o->depth])
		fail_msg("%s: %zu lines in %s, not %zu", o->path, o->n_properties[o->depth],
			 json_object_get_string(json_object_array_get_idx(c, 0)), n);
}

static void
compare_text(struct oracle *o, struct span text, struct json_object *roots)
{
	AUTO(contentline_clear) struct contentline_cursor c = { 0 };
	struct contentline l;
	size_t n_roots = 0;

	contentline_init(&c, text, o->path, 1);
	o->depth = 0;
	while (contentline_next(&c, &l, NULL) == 0) {
		if (l.kind == CONTENTLINE_BLANK)
			continue;
		assert_int_equal(l.kind, CONTENTLINE_PROPERTY);
		if (contentline_is(&l, "BEGIN"))
			begin(o, roots, &n_roots);
		else if (contentline_is(&l, "END"))
			end(o);
		else
			compare_line(o, text, &l);
	}
	assert_int_equal(o->depth, 0);
	assert_int_equal(n_roots, json_object_array_length(roots));
}

static void
compare_file(void *ctx, const char *path, struct span json)
{
	struct oracle *o = ctx;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 20);
	char file[4096];
	size_t n = strlen(path);

	if (n < 5 || strcmp(path + n - 5, ".json") != 0)
		return;
	snprintf(file, sizeof file, "%s/%.*s.%s", getenv("CLOUDBOX_CORPUS"), (int)n - 5, path,
		 strncmp(path, "calendar", 8) ? "vcf" : "ics");
	if (!corpus_read(&text, file))
		fail_msg("%s is missing", file);
	o->path = path;
	struct json_tokener *parser = json_tokener_new();
	struct json_object *root = json_tokener_parse_ex(parser, (const char *)json.p, (int)json.n);
	json_tokener_free(parser);
	assert_non_null(root);
	if (json_object_is_type(json_object_array_get_idx(root, 0), json_type_array)) {
		compare_text(o, buf_span(&text), root);
	} else {
		struct json_object *roots = json_object_new_array();
		json_object_array_add(roots, json_object_get(root));
		compare_text(o, buf_span(&text), roots);
		json_object_put(roots);
	}
	json_object_put(root);
	o->n_files++;
}

static void
lines_are_what_another_parser_finds(void **state)
{
	struct oracle o = { 0 };

	(void)state;
	if (corpus_each("contacts/ical-js", compare_file, &o) < 0) {
		print_message("skipped: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
	corpus_each("calendar/ical-js/test/parser", compare_file, &o);
	print_message("%u files, %u lines, %u parameters\n", o.n_files, o.n_lines, o.n_params);
	assert_true(o.n_files > 20 && o.n_lines > 100 && o.n_params > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_what_another_parser_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
