/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_message: what a plug-in says, see plugin_message.h; plugin_request.c prints what it is asked. */
#include "apps/plugin_message.h"

#include <inttypes.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>

#include "apps/app_item.h"
#include "base/array.h"
#include "item/record.h"

#define DEPTH_MAX 8

static void
object_free(struct json_object *o)
{
	json_object_put(o);
}
AUTO_PTR(object_free, struct json_object);

/* ---- reading ---- */

/* The one object that @line is. */
static int
parse(struct json_object **out, struct span line, struct err *err)
{
	struct json_tokener *t = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *o = NULL;
	bool whole;

	if (!t)
		return err_nomem(err);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	if (line.n && line.n <= INT32_MAX)
		o = json_tokener_parse_ex(t, (const char *)line.p, (int)line.n);
	whole = o && json_tokener_get_error(t) == json_tokener_success &&
		json_tokener_get_parse_end(t) == line.n;
	json_tokener_free(t);
	if (!whole || !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return err_set(err, ERR_SYNTAX, "its answer is not one JSON object on a line");
	}
	*out = o;
	return 0;
}

static int
expected(struct err *err, const char *what)
{
	return err_set(err, ERR_SYNTAX, "its answer has no good \"%s\"", what);
}

/* The string at @key, without NUL.  False: none, or another type. */
static bool
get_string(struct span *out, struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
		return false;
	*out = span_of(json_object_get_string(v), (size_t)json_object_get_string_len(v));
	return memchr(out->p, '\0', out->n) == NULL;
}

static bool
get_flag(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_boolean) &&
	       json_object_get_boolean(v);
}

/* Its words as we may show them: one line, not too long. */
static void
words(char *out, size_t size, struct span text)
{
	AUTO(buf_clear) struct buf clean = BUF_INIT(4 * PLUGIN_SENTENCE_MAX);
	size_t n = text.n < size ? text.n : size - 1;
	struct err ignored;

	while (n && n < text.n && (text.p[n] & 0xc0) == 0x80)
		n--; /* not in the middle of a character */
	out[0] = '\0';
	if (name_for_people(&clean, span_of(text.p, n), &ignored) == 0 && clean.n < size)
		memcpy(out, buf_str(&clean), clean.n + 1);
}

static const struct {
	const char *name;
	enum err_code code;
} codes[] = {
	{ "busy", ERR_BUSY },
	{ "full", ERR_FULL },
	{ "not-found", ERR_NOT_FOUND },
	{ "read-only", ERR_UNSUPPORTED },
	{ "unsupported", ERR_UNSUPPORTED },
};

/* @why receives what it says is wrong. */
static void
take_error(struct err *why, struct json_object *o, struct span text)
{
	char said[PLUGIN_SENTENCE_MAX + 1];
	enum err_code code = ERR_IO;
	struct span word;

	for (size_t i = 0; get_string(&word, o, "code") && i < sizeof codes / sizeof *codes; i++)
		if (span_equal(word, span_str(codes[i].name)))
			code = codes[i].code;
	words(said, sizeof said, text);
	err_set(why, code, "%s", said);
	if (get_string(&word, o, "hint") && word.n) {
		words(said, sizeof said, word);
		err_hint(why, "%s", said);
	}
}

/* ---- hello ---- */

static void
names_free(const char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free((void *)(uintptr_t)names[i]);
	free(names);
}

void
plugin_hello_clear(struct plugin_hello *h)
{
	names_free(h->single);
	names_free(h->drops);
	*h = (struct plugin_hello){ .form = NULL };
}

/* A property's name in capitals; the caller's.  NULL: none. */
static char *
property_name(struct json_object *v)
{
	const char *s = json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
	size_t n = (size_t)(*s ? json_object_get_string_len(v) : 0);
	char *name = n && n <= RECORD_NAME_MAX ? calloc(1, n + 1) : NULL;

	for (size_t i = 0; name && i < n; i++) {
		bool lower = s[i] >= 'a' && s[i] <= 'z';

		if (!lower && !(s[i] >= 'A' && s[i] <= 'Z') && !(s[i] >= '0' && s[i] <= '9') &&
		    s[i] != '-') {
			free(name);
			return NULL;
		}
		name[i] = (char)(lower ? s[i] - 32 : s[i]);
	}
	return name;
}

/* The list of properties at @key, if there is one. */
static int
take_names(const char ***out, struct json_object *o, const char *key, struct err *err)
{
	struct json_object *list;
	size_t n;

	if (!json_object_object_get_ex(o, key, &list))
		return 0;
	n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : SIZE_MAX;
	if (n > PLUGIN_NAMES_MAX)
		return expected(err, key);
	*out = calloc(n + 1, sizeof **out);
	if (!*out)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (!((*out)[i] = property_name(json_object_array_get_idx(list, i))))
			return expected(err, key);
	return 0;
}

static int
take_type(struct plugin_hello *h, struct json_object *o, struct err *err)
{
	struct span type;

	if (!get_string(&type, o, "type"))
		return expected(err, "type");
	h->form = form_of_type(type);
	if (h->form)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "its items are of a type that is not known here");
	return err_hint(err, "docs/protocol/plugin.md lists the types");
}

int
plugin_hello_parse(struct plugin_hello *out, struct span line, struct err *err)
{
	AUTO(object_free) struct json_object *o = NULL;
	AUTO(plugin_hello_clear) struct plugin_hello h = { .form = NULL };
	struct json_object *version;
	struct span text;

	if (parse(&o, line, err) < 0)
		return -1;
	if (get_string(&text, o, "error")) {
		take_error(err, o, text);
		return -1;
	}
	if (!json_object_object_get_ex(o, "cloudbox", &version) ||
	    !json_object_is_type(version, json_type_int))
		return expected(err, "cloudbox");
	if (json_object_get_int64(version) != PLUGIN_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       "it speaks version %" PRId64 " of the protocol, not %d",
			       json_object_get_int64(version), PLUGIN_VERSION);
	if (!get_string(&text, o, "name") || text.n == 0)
		return expected(err, "name");
	words(h.name, sizeof h.name, text);
	h.writes = get_flag(o, "writes");
	h.matches = get_flag(o, "matches");
	if (take_type(&h, o, err) < 0 || take_names(&h.single, o, "single", err) < 0 ||
	    take_names(&h.drops, o, "drops", err) < 0)
		return -1;
	*out = h;
	h = (struct plugin_hello){ .form = NULL };
	return 0;
}

/* ---- items out of lines ---- */

static int
upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? c - 32 : c;
}

struct numbered {
	struct record_field field;
	size_t nth;
};

/* By name, in whichever case it is written; those of one name as they came. */
static int
field_order(const void *a, const void *b)
{
	const struct numbered *l = a, *r = b;
	struct span x = l->field.name, y = r->field.name;

	for (size_t i = 0; i < x.n && i < y.n; i++)
		if (upper(x.p[i]) != upper(y.p[i]))
			return upper(x.p[i]) - upper(y.p[i]);
	return x.n != y.n ? (x.n > y.n) - (x.n < y.n) : (l->nth > r->nth) - (l->nth < r->nth);
}

static int
sort_fields(struct record *r, struct err *err)
{
	AUTO(free) struct numbered *list = calloc(r->n_fields + 1, sizeof *list);

	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < r->n_fields; i++)
		list[i] = (struct numbered){ r->fields[i], i };
	qsort(list, r->n_fields, sizeof *list, field_order);
	for (size_t i = 0; i < r->n_fields; i++)
		r->fields[i] = list[i].field;
	return 0;
}

/* A value of a field: text.  Numbers and the like are for the plug-in to write as it wants them. */
static int
add_value(struct record *r, const char *name, struct json_object *v, struct err *err)
{
	if (!json_object_is_type(v, json_type_string))
		return expected(err, "fields");
	struct span value =
		span_of(json_object_get_string(v), (size_t)json_object_get_string_len(v));

	if (memchr(value.p, '\0', value.n))
		return expected(err, "fields");
	if (array_reserve((void **)&r->fields, &r->cap_fields, r->n_fields + 1, sizeof *r->fields,
			  ITEM_FIELDS_MAX, err) < 0)
		return -1;
	r->fields[r->n_fields++] = (struct record_field){ span_str(name), value };
	return 0;
}

static int
add_field(struct record *r, const char *name, struct json_object *v, struct err *err)
{
	if (!json_object_is_type(v, json_type_array))
		return add_value(r, name, v, err);
	for (size_t i = 0; i < json_object_array_length(v); i++)
		if (add_value(r, name, json_object_array_get_idx(v, i), err) < 0)
			return -1;
	return 0;
}

static int
take_fields(struct plugin_answer *a, struct json_object *item, struct json_object *fields,
	    struct err *err)
{
	struct record r = { .uid = buf_span(&a->id) };
	struct json_object *uid;
	int rc = 0;

	if (!json_object_is_type(fields, json_type_object))
		return expected(err, "fields");
	if (json_object_object_get_ex(item, "uid", &uid) &&
	    (!get_string(&r.uid, item, "uid") || r.uid.n == 0 || r.uid.n > PLUGIN_ID_MAX))
		return expected(err, "uid");
	struct json_object_iterator at = json_object_iter_begin(fields),
				    end = json_object_iter_end(fields);
	for (; rc == 0 && !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		rc = add_field(&r, json_object_iter_peek_name(&at),
			       json_object_iter_peek_value(&at), err);
	if (rc == 0)
		rc = sort_fields(&r, err);
	if (rc == 0)
		rc = record_print(&a->bytes, &r, err);
	free(r.fields);
	if (rc < 0 && err->code == ERR_USAGE)
		err->code = ERR_SYNTAX; /* a field's name that is none */
	return rc;
}

static int
take_item(struct plugin_answer *a, const struct form *form, struct json_object *item,
	  struct err *err)
{
	struct json_object *v;
	struct span text;

	if (!json_object_is_type(item, json_type_object))
		return expected(err, "item");
	if (!get_string(&text, item, "id") || text.n == 0 || buf_append(&a->id, text, err) < 0)
		return expected(err, "id");
	if (json_object_object_get_ex(item, "modified_ms", &v) &&
	    json_object_is_type(v, json_type_int))
		a->modified_unix_ms = json_object_get_int64(v);
	if (form == &form_record)
		return json_object_object_get_ex(item, "fields", &v) ? take_fields(a, item, v, err)
								     : expected(err, "fields");
	return get_string(&text, item, "text") ? buf_append(&a->bytes, text, err)
					       : expected(err, "text");
}

/* ---- answers ---- */

void
plugin_answer_clear(struct plugin_answer *a)
{
	buf_clear(&a->id);
	buf_clear(&a->bytes);
}

static int
take_text(struct plugin_answer *a, enum plugin_says says, struct span text, struct err *err)
{
	a->says = says;
	if (says == PLUGIN_ID || says == PLUGIN_REVISION) {
		if (text.n == 0 || text.n > PLUGIN_ID_MAX)
			return expected(err, says == PLUGIN_ID ? "id" : "revision");
		return buf_append(&a->id, text, err);
	}
	return 0;
}

static int
take_end(struct plugin_answer *a, struct json_object *end, struct err *err)
{
	if (!json_object_is_type(end, json_type_int) || json_object_get_int64(end) < 0)
		return expected(err, "end");
	a->says = PLUGIN_END;
	a->count = (uint64_t)json_object_get_int64(end);
	return 0;
}

static int
take_answer(struct plugin_answer *a, const struct form *form, struct json_object *o,
	    struct err *err)
{
	struct json_object *v;
	struct span text;

	if (get_string(&text, o, "error") || get_string(&text, o, "refused")) {
		a->says = json_object_object_get_ex(o, "error", &v) ? PLUGIN_ERROR : PLUGIN_REFUSED;
		take_error(&a->why, o, text);
		return 0;
	}
	if (json_object_object_get_ex(o, "item", &v)) {
		a->says = PLUGIN_ITEM;
		return take_item(a, form, v, err);
	}
	if (json_object_object_get_ex(o, "end", &v))
		return take_end(a, v, err);
	if (get_string(&text, o, "id"))
		return take_text(a, PLUGIN_ID, text, err);
	if (get_string(&text, o, "revision"))
		return take_text(a, PLUGIN_REVISION, text, err);
	if (get_flag(o, "gone") || get_flag(o, "ok")) {
		a->says = get_flag(o, "gone") ? PLUGIN_GONE : PLUGIN_OK;
		return 0;
	}
	return err_set(err, ERR_SYNTAX, "its answer is none that it can give");
}

int
plugin_answer_parse(struct plugin_answer *a, const struct form *form, struct span line,
		    struct err *err)
{
	AUTO(object_free) struct json_object *o = NULL;

	buf_reset(&a->id);
	buf_reset(&a->bytes);
	a->modified_unix_ms = 0;
	a->count = 0;
	a->why = (struct err){ 0 };
	return parse(&o, line, err) < 0 ? -1 : take_answer(a, form, o, err);
}
