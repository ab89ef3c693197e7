/* SPDX-License-Identifier: Apache-2.0 */
/* admin_json: see admin_json.h. */
#include "admin_json.h"

#include "base/when.h"

int
answer_put(struct json_object *o, const char *name, struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(o, name, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

int
answer_number(struct json_object *o, const char *name, uint64_t n, struct err *err)
{
	return answer_put(o, name, json_object_new_uint64(n), err);
}

int
answer_text(struct json_object *o, const char *name, const char *s, struct err *err)
{
	return answer_put(o, name, json_object_new_string(s), err);
}

int
answer_time(struct json_object *o, const char *name, int64_t at_unix_ms, struct err *err)
{
	char text[WHEN_TEXT_BYTES];

	if (at_unix_ms == 0)
		return json_object_object_add(o, name, NULL) ? err_nomem(err) : 0;
	when_print(text, at_unix_ms);
	return answer_text(o, name, text, err);
}

int
answer_id(struct json_object *o, const char *name, const struct id16 *id, struct err *err)
{
	if (id16_is_zero(id))
		return json_object_object_add(o, name, NULL) ? err_nomem(err) : 0;
	return answer_text(o, name, id16_hex(id).s, err);
}

struct json_object *
answer_object(struct json_object *array, struct err *err)
{
	struct json_object *o = json_object_new_object();

	if (o && json_object_array_add(array, o) == 0)
		return o;
	json_object_put(o);
	err_nomem(err);
	return NULL;
}

const char *
asked_text(struct json_object *request, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(request, name, &v) ? json_object_get_string(v) : NULL;
}

int64_t
asked_number(struct json_object *request, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(request, name, &v) ? json_object_get_int64(v) : 0;
}
