/* SPDX-License-Identifier: Apache-2.0 */
/* sms_ie_message: see sms_ie_message.h. */
#include "apps/sms_ie_message.h"

#include <inttypes.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>

#include "item/markup.h"
#include "item/sms_xml.h"
#include "item/value.h"

#define DEPTH_MAX 16

static void
object_free(struct json_object *o)
{
	json_object_put(o);
}
AUTO_PTR(object_free, struct json_object);

/* ---- attributes ---- */

static struct span
text_of(struct json_object *v)
{
	const char *s = json_object_get_string(v);
	bool is_text = json_object_is_type(v, json_type_string);

	return !s ? span_of(NULL, 0)
		  : span_of(s, is_text ? (size_t)json_object_get_string_len(v) : strlen(s));
}

static int
put(struct buf *out, const char *name, struct span value, struct err *err)
{
	if (buf_append_fmt(out, err, " %s=\"", name) < 0 || markup_encode(out, value, err) < 0)
		return -1;
	return buf_append_byte(out, '"', err);
}

/* A column that is the message's own: a name that an attribute can have, and no row's number. */
static bool
is_column(const char *name)
{
	static const char *const not [] = { "thread_id", "mid", "msg_id", "binary_data",
					    "display_name" };

	if (name[0] == '_' || !name[0] || (name[0] >= '0' && name[0] <= '9') ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")])
		return false;
	for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
		if (strcmp(name, not [i]) == 0)
			return false;
	return strlen(name) < 3 || strcmp(name + strlen(name) - 2, "__") != 0;
}

/* A date of an MMS, which Android keeps in seconds, as SMS Backup & Restore writes it. */
static int
put_date(struct buf *out, const char *name, struct span value, struct err *err)
{
	bool digits = value.n > 0 && value.n < 12;

	for (size_t i = 0; i < value.n; i++)
		digits = digits && value.p[i] >= '0' && value.p[i] <= '9';
	if (!digits || span_equal(value, span_str("0")))
		return put(out, name, value, err);
	return buf_append_fmt(out, err, " %s=\"%.*s000\"", name, SPAN_ARGS(value));
}

static int
put_columns(struct buf *out, struct json_object *o, bool is_mms, struct err *err)
{
	struct json_object_iterator at = json_object_iter_begin(o), end = json_object_iter_end(o);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		struct json_object *v = json_object_iter_peek_value(&at);
		bool is_date = is_mms && (!strcmp(name, "date") || !strcmp(name, "date_sent"));

		if (!v || json_object_is_type(v, json_type_array) ||
		    json_object_is_type(v, json_type_object) || !is_column(name))
			continue;
		if (is_date ? put_date(out, name, text_of(v), err) < 0
			    : put(out, name, text_of(v), err) < 0)
			return -1;
	}
	return 0;
}

/* What the app added, under its new name or its old one. */
static struct json_object *
added(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) || json_object_object_get_ex(o, name + 2, &v)
		       ? v
		       : NULL;
}

static int
put_contact(struct buf *out, struct json_object *o, struct err *err)
{
	struct json_object *name = added(o, "__display_name");

	return json_object_is_type(name, json_type_string)
		       ? put(out, "contact_name", text_of(name), err)
		       : 0;
}

/* ---- parts and addresses of an MMS ---- */

static int
put_binary(struct buf *out, struct json_object *part, const struct sms_ie_data *data,
	   struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(SMS_IE_DATA_MAX);
	struct json_object *v;
	int rc;

	if (json_object_object_get_ex(part, "binary_data", &v) && v)
		return put(out, "data", text_of(v), err);
	if (!json_object_object_get_ex(part, "_data", &v) || !v)
		return 0;
	struct span path = text_of(v);
	const uint8_t *slash = memrchr(path.p, '/', path.n);
	rc = data->get(data->ctx, &bytes,
		       slash ? span_skip(path, (size_t)(slash + 1 - path.p)) : path, err);
	if (rc)
		return rc < 0 ? -1 : 0; /* exported without its data */
	if (buf_append_str(out, " data=\"", err) < 0 ||
	    value_base64(out, buf_span(&bytes), err) < 0)
		return -1;
	return buf_append_byte(out, '"', err);
}

static int
put_parts(struct buf *out, struct json_object *parts, const struct sms_ie_data *data,
	  struct err *err)
{
	size_t n =
		json_object_is_type(parts, json_type_array) ? json_object_array_length(parts) : 0;

	if (buf_append_str(out, "<parts>", err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct json_object *part = json_object_array_get_idx(parts, i);

		if (!json_object_is_type(part, json_type_object))
			continue;
		if (buf_append_str(out, "<part", err) < 0 ||
		    put_columns(out, part, false, err) < 0 ||
		    put_binary(out, part, data, err) < 0 || buf_append_str(out, "/>", err) < 0)
			return -1;
	}
	return buf_append_str(out, "</parts>", err);
}

static int
put_addr(struct buf *out, struct json_object *address, struct err *err)
{
	if (!json_object_is_type(address, json_type_object))
		return 0;
	return buf_append_str(out, "<addr", err) < 0 || put_columns(out, address, false, err) < 0
		       ? -1
		       : buf_append_str(out, "/>", err);
}

static int
put_addrs(struct buf *out, struct json_object *o, struct err *err)
{
	struct json_object *to = added(o, "__recipient_addresses");
	size_t n = json_object_is_type(to, json_type_array) ? json_object_array_length(to) : 0;

	if (buf_append_str(out, "<addrs>", err) < 0 ||
	    put_addr(out, added(o, "__sender_address"), err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (put_addr(out, json_object_array_get_idx(to, i), err) < 0)
			return -1;
	return buf_append_str(out, "</addrs>", err);
}

/* `address`, as SMS Backup & Restore has it: who sent it, or all who got it. */
static int
put_people(struct buf *out, struct json_object *o, struct err *err)
{
	AUTO(buf_clear) struct buf all = BUF_INIT(1 << 20);
	struct json_object *v, *list = added(o, "__recipient_addresses");
	struct json_object *from = added(o, "__sender_address");
	bool came = json_object_object_get_ex(o, "msg_box", &v) &&
		    span_equal(text_of(v), span_str("1"));
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	if (json_object_object_get_ex(o, "address", &v))
		return 0; /* it says so itself */
	if (came && json_object_is_type(from, json_type_object) &&
	    json_object_object_get_ex(from, "address", &v) && v)
		return put(out, "address", text_of(v), err);
	for (size_t i = 0; !came && i < n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (!json_object_is_type(one, json_type_object) ||
		    !json_object_object_get_ex(one, "address", &v) || !v)
			continue;
		if ((all.n && buf_append_byte(&all, '~', err) < 0) ||
		    buf_append(&all, text_of(v), err) < 0)
			return -1;
	}
	return all.n ? put(out, "address", buf_span(&all), err) : 0;
}

/* ---- a message ---- */

static int
put_mms(struct buf *out, struct json_object *o, const struct sms_ie_data *data, struct err *err)
{
	if (buf_append_str(out, "<mms", err) < 0 || put_columns(out, o, true, err) < 0 ||
	    put_people(out, o, err) < 0 || put_contact(out, o, err) < 0 ||
	    buf_append_str(out, ">", err) < 0 ||
	    put_parts(out, added(o, "__parts"), data, err) < 0 || put_addrs(out, o, err) < 0)
		return -1;
	return buf_append_str(out, "</mms>", err);
}

static int
put_sms(struct buf *out, struct json_object *o, struct err *err)
{
	if (buf_append_str(out, "<sms", err) < 0 || put_columns(out, o, false, err) < 0 ||
	    put_contact(out, o, err) < 0)
		return -1;
	return buf_append_str(out, "/>", err);
}

static int
parse(struct json_object **out, struct span json, struct err *err)
{
	struct json_tokener *t = json_tokener_new_ex(DEPTH_MAX);

	if (!t)
		return err_nomem(err);
	json_tokener_set_flags(t, JSON_TOKENER_VALIDATE_UTF8);
	*out = json.n && json.n <= INT32_MAX
		       ? json_tokener_parse_ex(t, (const char *)json.p, (int)json.n)
		       : NULL;
	json_tokener_free(t);
	return json_object_is_type(*out, json_type_object)
		       ? 0
		       : err_set(err, ERR_SYNTAX, "no JSON object in UTF-8");
}

int
sms_ie_print(struct buf *out, int64_t *date_unix_ms, struct span json,
	     const struct sms_ie_data *data, struct err *err)
{
	AUTO(object_free) struct json_object *o = NULL;
	struct json_object *v;
	bool is_mms, is_sms;

	*date_unix_ms = 0;
	if (parse(&o, json, err) < 0)
		return -1;
	is_mms = added(o, "__parts") || json_object_object_get_ex(o, "msg_box", &v);
	is_sms = json_object_object_get_ex(o, "type", &v) &&
		 (json_object_object_get_ex(o, "body", &v) ||
		  json_object_object_get_ex(o, "address", &v));
	if (!is_mms && !is_sms)
		return err_set(err, ERR_SYNTAX, "no message");
	if (json_object_object_get_ex(o, "date", &v))
		*date_unix_ms = json_object_get_int64(v);
	if (is_mms && *date_unix_ms > 0 && *date_unix_ms < SMS_XML_SECONDS_BELOW)
		*date_unix_ms *= 1000;
	return is_mms ? put_mms(out, o, data, err) : put_sms(out, o, err);
}
