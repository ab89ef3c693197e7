/* SPDX-License-Identifier: Apache-2.0 */
/* Cards beside what another parser made of them (jCard, RFC 7095): both must read the same. */
#include "unit.h"

#include <ctype.h>
#include <json-c/json.h>

#include "item/corpus.h"
#include "item/value.h"

struct oracle {
	const char *path;
	unsigned n_values;
};

/* A text, or several joined by commas. */
static void
append_json(struct buf *out, struct json_object *v)
{
	if (!json_object_is_type(v, json_type_array)) {
		assert_int_equal(buf_append_str(out, json_object_get_string(v), NULL), 0);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		assert_int_equal(buf_append_str(out, i ? "," : "", NULL), 0);
		append_json(out, json_object_array_get_idx(v, i));
	}
}

static void
compare_text(struct oracle *o, const char *name, struct span have, struct json_object *want)
{
	AUTO(buf_clear)
	struct buf text = BUF_INIT(1 << 20), a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);

	append_json(&text, want);
	bool zone = strcmp(name, "tz") == 0;
	assert_int_equal(zone ? key_zone(&a, have, NULL) : key_date(&a, have, false, NULL), 0);
	assert_int_equal(zone ? key_zone(&b, buf_span(&text), NULL)
			      : key_date(&b, buf_span(&text), false, NULL),
			 0);
	if (strcmp(buf_str(&a), buf_str(&b)) != 0)
		fail_msg("%s: %s: %s, not %s", o->path, name, buf_str(&a), buf_str(&b));
	o->n_values++;
}

/* One line beside ["name", {parameters}, "type", value, more values...]. */
static void
compare_line(struct oracle *o, const struct contentline *l, const struct value *v,
	     struct json_object *property)
{
	const char *name = json_object_get_string(json_object_array_get_idx(property, 0));
	struct json_object *first = json_object_array_get_idx(property, 3);

	assert_int_equal(strlen(name), l->name.n);
	for (size_t i = 0; i < l->name.n; i++)
		assert_int_equal(tolower(l->name.p[i]), name[i]);
	if (v->property->kind == PROPERTY_LIST) {
		assert_int_equal(v->n_parts, json_object_array_length(property) - 3);
		for (size_t i = 0; i < v->n_parts; i++)
			compare_text(o, name, value_part(v, i),
				     json_object_array_get_idx(property, 3 + i));
	} else if (v->property->kind == PROPERTY_PARTS &&
		   json_object_is_type(first, json_type_array)) {
		assert_int_equal(v->n_parts, json_object_array_length(first));
		for (size_t i = 0; i < v->n_parts; i++)
			compare_text(o, name, value_part(v, i),
				     json_object_array_get_idx(first, i));
	} else if (v->form == VALUE_DATA) {
		AUTO(buf_clear) struct buf base64 = BUF_INIT(1 << 20);
		const char *want = json_object_get_string(first), *comma = strrchr(want, ',');
		assert_int_equal(value_base64(&base64, buf_span(&v->text), NULL), 0);
		assert_string_equal(buf_str(&base64), comma ? comma + 1 : want);
		o->n_values++;
	} else if (v->property->kind == PROPERTY_GEO) { /* each version's own way of writing */
		AUTO(buf_clear) struct buf have = BUF_INIT(1000), want = BUF_INIT(1000);
		assert_int_equal(key_geo(&have, value_part(v, 0), NULL), 0);
		if (json_object_is_type(first, json_type_array))
			buf_append_fmt(&want, NULL, "%s,%s",
				       json_object_get_string(json_object_array_get_idx(first, 0)),
				       json_object_get_string(json_object_array_get_idx(first, 1)));
		else
			key_geo(&want, span_str(json_object_get_string(first)), NULL);
		assert_string_equal(buf_str(&have), buf_str(&want));
		o->n_values++;
	} else if (v->property->kind != PROPERTY_EXACT) {
		assert_int_equal(v->n_parts, 1);
		compare_text(o, name, value_part(v, 0), first);
	}
}

static void
compare_card(struct oracle *o, struct span card, struct json_object *properties)
{
	AUTO(contentline_clear) struct contentline_cursor c = { 0 };
	AUTO(value_clear) struct value v = VALUE_INIT;
	struct contentline l;
	size_t n = 0;

	contentline_init(&c, card, o->path, 1);
	while (contentline_next(&c, &l, NULL) == 0) {
		if (l.kind != CONTENTLINE_PROPERTY || contentline_is(&l, "BEGIN") ||
		    contentline_is(&l, "END"))
			continue;
		assert_int_equal(value_read(&v, card, &l, ITEM_VCARD_40, NULL), 0);
		assert_true(n < json_object_array_length(properties));
		compare_line(o, &l, &v, json_object_array_get_idx(properties, n++));
	}
	assert_int_equal(n, json_object_array_length(properties));
}

static void
compare_file(void *ctx, const char *path, struct span json)
{
	struct oracle *o = ctx;
	AUTO(buf_clear) struct buf card = BUF_INIT(1 << 20);
	char file[4096];
	size_t n = strlen(path);

	if (n < 5 || strcmp(path + n - 5, ".json") != 0)
		return;
	o->path = path;
	snprintf(file, sizeof file, "%s/%.*s.vcf", getenv("CLOUDBOX_CORPUS"), (int)n - 5, path);
	assert_true(corpus_read(&card, file));
	struct json_tokener *parser = json_tokener_new();
	struct json_object *root = json_tokener_parse_ex(parser, (const char *)json.p, (int)json.n);
	json_tokener_free(parser);
	assert_non_null(root);
	struct json_object *inner = json_object_array_get_idx(root, 0);
	if (json_object_is_type(inner, json_type_array)) /* a list of cards: the first */
		compare_card(o, buf_span(&card), json_object_array_get_idx(inner, 1));
	else
		compare_card(o, buf_span(&card), json_object_array_get_idx(root, 1));
	json_object_put(root);
}

static void
cards_read_as_another_parser_reads_them(void **state)
{
	struct oracle o = { 0 };

	(void)state;
	if (corpus_each("contacts/ical-js", compare_file, &o) < 0) {
		print_message("skipped: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
	print_message("%u values compared\n", o.n_values);
	assert_true(o.n_values > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cards_read_as_another_parser_reads_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
