/* SPDX-License-Identifier: Apache-2.0 */
/* waiting: see waiting.h. */
#include "service/waiting.h"

#include <json-c/json.h>
#include <stdio.h>

#include "base/when.h"

#define MINUTE_MS 60000

void
waiting_mark(char out[static WAITING_MARK_BYTES], const struct auto_todo *todo)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < todo->n && n < WAITING_MARK_BYTES; i++) {
		const struct auto_state *s = &todo->states[i];

		n += (size_t)snprintf(out + n, WAITING_MARK_BYTES - n, "%s %d %lld;", s->task->name,
				      (int)s->when.reason,
				      (long long)(s->when.until_unix_ms / MINUTE_MS));
	}
}

static struct json_object *
one_json(const struct auto_state *s)
{
	struct json_object *o = json_object_new_object();
	const char *reason = auto_reason_name(s->when.reason);
	char until[WHEN_TEXT_BYTES];

	if (!o)
		return NULL;
	when_print(until, s->when.until_unix_ms);
	json_object_object_add(o, "task", json_object_new_string(s->task->name));
	json_object_object_add(o, "reason", json_object_new_string(reason));
	json_object_object_add(o, "until",
			       s->when.until_unix_ms ? json_object_new_string(until) : NULL);
	return o;
}

struct json_object *
waiting_json(const struct auto_todo *todo)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < todo->n; i++) {
		struct json_object *one;

		if (todo->states[i].when.reason == AUTO_DUE)
			continue;
		one = one_json(&todo->states[i]);
		if (!one || json_object_array_add(list, one) < 0) {
			json_object_put(one);
			json_object_put(list);
			return NULL;
		}
	}
	return list;
}
