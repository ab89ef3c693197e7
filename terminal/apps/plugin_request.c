/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_request: what a plug-in is asked, see plugin_message.h. */
#include <json.h>
#include <string.h>
#include <unistr.h>

#include "apps/adapter.h"
#include "apps/plugin_message.h"
#include "apps/plugin_process.h"
#include "item/record.h"

static void
object_free(struct json_object *o)
{
	json_object_put(o);
}
AUTO_PTR(object_free, struct json_object);

/* Takes @v, which may be NULL: out of memory. */
static int
put(struct json_object *o, const char *key, struct json_object *v, struct err *err)
{
	if (v && json_object_object_add(o, key, v) == 0)
		return 0;
	json_object_put(v);
	return err_nomem(err);
}

static int
put_text(struct json_object *o, const char *key, struct span text, struct err *err)
{
	return put(o, key, json_object_new_string_len((const char *)text.p, (int)text.n), err);
}

static int
print(struct buf *out, struct json_object *o, struct err *err)
{
	size_t n = 0;
	const char *text = json_object_to_json_string_length(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);

	if (!text)
		return err_nomem(err);
	if (n > PLUGIN_LINE_BYTES_MAX)
		return err_set(err, ERR_LIMIT,
			       "an item of more than %u MiB, which no plug-in takes",
			       PLUGIN_LINE_BYTES_MAX >> 20);
	return buf_append(out, span_of(text, n), err) < 0 ? -1 : buf_append_byte(out, '\n', err);
}

static int
request(struct json_object **out, const char *what, struct err *err)
{
	*out = json_object_new_object();
	return *out ? put_text(*out, "do", span_str(what), err) : err_nomem(err);
}

int
plugin_request_print(struct buf *out, const char *what, struct err *err)
{
	AUTO(object_free) struct json_object *o = NULL;

	return request(&o, what, err) < 0 ? -1 : print(out, o, err);
}

int
plugin_hello_print(struct buf *out, const struct app *app, struct err *err)
{
	AUTO(object_free) struct json_object *o = NULL;
	struct json_object *set = json_object_new_object();

	if (request(&o, "hello", err) < 0 ||
	    put(o, "cloudbox", json_object_new_int(PLUGIN_VERSION), err) < 0 ||
	    put_text(o, "app", span_str(app->name), err) < 0) {
		json_object_put(set);
		return -1;
	}
	if (put(o, "set", set, err) < 0)
		return -1;
	for (size_t i = 0; i < app->n_settings; i++)
		if (put_text(set, app->settings[i].key, span_str(app->settings[i].value), err) < 0)
			return -1;
	return print(out, o, err);
}

int
plugin_read_print(struct buf *out, const struct span *ids, size_t n, struct err *err)
{
	AUTO(object_free) struct json_object *o = NULL;
	struct json_object *list = json_object_new_array();

	if (request(&o, "read", err) < 0) {
		json_object_put(list);
		return -1;
	}
	if (put(o, "ids", list, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct json_object *id =
			json_object_new_string_len((const char *)ids[i].p, (int)ids[i].n);

		if (!id || json_object_array_add(list, id) < 0) {
			json_object_put(id);
			return err_nomem(err);
		}
	}
	return print(out, o, err);
}

static bool
is_single(const struct plugin_hello *h, struct span name)
{
	for (size_t i = 0; h->single && h->single[i]; i++)
		if (span_equal(name, span_str(h->single[i])))
			return true;
	return false;
}

/* A property that there is once is a string, any other a list of them. */
static int
put_field(struct json_object *fields, const struct plugin_hello *h, const struct record_field *f,
	  struct err *err)
{
	const char *name = (const char *)f->name.p; /* record_parse() ends it with NUL */
	struct json_object *list, *v;

	if (json_object_object_get_ex(fields, name, &list)) {
		if (!json_object_is_type(list, json_type_array))
			return 0; /* a second one of what there is once: the first counts */
	} else if (is_single(h, f->name)) {
		return put_text(fields, name, f->value, err);
	} else {
		list = json_object_new_array();
		if (put(fields, name, list, err) < 0)
			return -1;
	}
	v = json_object_new_string_len((const char *)f->value.p, (int)f->value.n);
	if (v && json_object_array_add(list, v) == 0)
		return 0;
	json_object_put(v);
	return err_nomem(err);
}

static int
put_record(struct json_object *item, const struct plugin_hello *h, struct span bytes,
	   struct err *err)
{
	AUTO(record_clear) struct record r = { .fields = NULL };
	struct json_object *fields = json_object_new_object();

	if (put(item, "fields", fields, err) < 0 || record_parse(&r, bytes, err) < 0)
		return -1;
	for (size_t i = 0; i < r.n_fields; i++)
		if (put_field(fields, h, &r.fields[i], err) < 0)
			return -1;
	return r.uid.n ? put_text(item, "uid", r.uid, err) : 0;
}

static int
put_item(struct json_object *o, const char *key, const struct plugin_hello *h, struct span bytes,
	 struct err *err)
{
	struct json_object *item = json_object_new_object();

	if (bytes.n > PLUGIN_ITEM_MAX) {
		json_object_put(item);
		return err_set(err, ERR_LIMIT,
			       "an item of more than %u MiB, which no plug-in takes",
			       PLUGIN_ITEM_MAX >> 20);
	}
	if (u8_check(bytes.p, bytes.n)) {
		json_object_put(item);
		return err_set(err, ERR_UNSUPPORTED, "an item that is no UTF-8 text");
	}
	if (put(o, key, item, err) < 0)
		return -1;
	return h->form == &form_record ? put_record(item, h, bytes, err)
				       : put_text(item, "text", bytes, err);
}

int
plugin_change_print(struct buf *out, const struct plugin_hello *h, const char *what, struct span id,
		    struct span was, struct span item, struct err *err)
{
	AUTO(object_free) struct json_object *o = NULL;

	if (request(&o, what, err) < 0 || (id.n && put_text(o, "id", id, err) < 0) ||
	    (was.n && put_item(o, "was", h, was, err) < 0) ||
	    (item.n && put_item(o, "item", h, item, err) < 0))
		return -1;
	return print(out, o, err);
}
