/* SPDX-License-Identifier: Apache-2.0 */
/* server_info: see server_info.h. */
#include "wire/server_info.h"

#include <json-c/json.h>
#include <stdio.h>

#include "base/when.h"
#include "wire/wire.h"

void
server_info_default(struct server_info *out)
{
	*out = (struct server_info){
		.suite_1 = true,
		.batch_bytes = BATCH_BYTES_MAX,
		.batch_records = BATCH_RECORDS_MAX,
		.chunk_bytes = 4u << 20,
		.have_ids = WIRE_HAVE_MAX,
		.devices = LOG_DEVICES_MAX,
		.folders = 1024,
	};
}

/* The members of "limits". */
static const struct {
	const char *key;
	size_t offset;
} limits[] = {
	{ "batch_bytes", offsetof(struct server_info, batch_bytes) },
	{ "batch_records", offsetof(struct server_info, batch_records) },
	{ "chunk_bytes", offsetof(struct server_info, chunk_bytes) },
	{ "have_ids", offsetof(struct server_info, have_ids) },
	{ "devices", offsetof(struct server_info, devices) },
	{ "folders", offsetof(struct server_info, folders) },
};
#define N_LIMITS (sizeof limits / sizeof *limits)

static void
put_json(struct json_object *o)
{
	json_object_put(o);
}
AUTO_PTR(put_json, struct json_object);

static int
add(struct json_object *o, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(o, key, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

static int
add_limits(struct json_object *o, const struct server_info *i)
{
	struct json_object *l = json_object_new_object();

	if (add(o, "limits", l) < 0)
		return -1;
	for (size_t k = 0; k < N_LIMITS; k++) {
		uint32_t v;

		memcpy(&v, (const char *)i + limits[k].offset, sizeof v);
		if (add(l, limits[k].key, json_object_new_int64(v)) < 0)
			return -1;
	}
	return 0;
}

static int
add_suites(struct json_object *o, const struct server_info *i)
{
	struct json_object *l = json_object_new_array(), *one;

	if (add(o, "suites", l) < 0)
		return -1;
	if (!i->suite_1)
		return 0;
	one = json_object_new_int(CRYPTO_SUITE);
	if (one && json_object_array_add(l, one) == 0)
		return 0;
	json_object_put(one);
	return -1;
}

int
server_info_print(struct buf *out, const struct server_info *i, struct err *err)
{
	AUTO(put_json) struct json_object *o = json_object_new_object();
	char now[WHEN_TEXT_BYTES];

	when_print(now, (int64_t)i->unix_ms);
	if (!o || add(o, "name", json_object_new_string(i->name)) < 0 ||
	    add(o, "version", json_object_new_string(i->version)) < 0 || add_suites(o, i) < 0 ||
	    add(o, "time", json_object_new_string(now)) < 0 || add_limits(o, i) < 0)
		return err_nomem(err);
	const char *text = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	return text ? buf_append_str(out, text, err) : err_nomem(err);
}

static const char *
string_of(struct json_object *o, const char *key)
{
	struct json_object *v = json_object_object_get(o, key);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
}

static bool
has_suite_1(struct json_object *o)
{
	struct json_object *l = json_object_object_get(o, "suites");

	if (!json_object_is_type(l, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(l); i++)
		if (json_object_get_int(json_object_array_get_idx(l, i)) == CRYPTO_SUITE)
			return true;
	return false;
}

/* A limit may be lower than ours; a higher one or nonsense counts as ours. */
static void
read_limits(struct server_info *out, struct json_object *o)
{
	struct json_object *l = json_object_object_get(o, "limits");

	if (!json_object_is_type(l, json_type_object))
		return;
	for (size_t k = 0; k < N_LIMITS; k++) {
		int64_t v = json_object_get_int64(json_object_object_get(l, limits[k].key));
		uint32_t cap, told;

		memcpy(&cap, (const char *)out + limits[k].offset, sizeof cap);
		if (v <= 0 || v >= cap)
			continue;
		told = (uint32_t)v;
		memcpy((char *)out + limits[k].offset, &told, sizeof told);
	}
}

int
server_info_parse(struct server_info *out, struct span json, struct err *err)
{
	AUTO(put_json) struct json_object *o = NULL;
	struct json_tokener *t = json_tokener_new_ex(8);
	int64_t at = 0;

	if (!t)
		return err_nomem(err);
	if (json.n > 0 && json.n <= SERVER_INFO_BYTES_MAX)
		o = json_tokener_parse_ex(t, (const char *)json.p, (int)json.n);
	bool whole = json_tokener_get_error(t) == json_tokener_success;
	json_tokener_free(t);
	if (!whole || !json_object_is_type(o, json_type_object) ||
	    when_parse(&at, span_str(string_of(o, "time")), NULL) < 0 || at < 0)
		return err_set(err, ERR_SYNTAX, "this is no Cloudbox server");

	server_info_default(out);
	snprintf(out->name, sizeof out->name, "%s", string_of(o, "name"));
	snprintf(out->version, sizeof out->version, "%s", string_of(o, "version"));
	out->suite_1 = has_suite_1(o);
	out->unix_ms = (uint64_t)at;
	read_limits(out, o);
	return 0;
}
