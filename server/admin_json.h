/* SPDX-License-Identifier: Apache-2.0 */
/* admin_json: members of requests and answers (admin.h), with every lack of memory told. */
#ifndef SERVER_ADMIN_JSON_H
#define SERVER_ADMIN_JSON_H

#include <json-c/json.h>

#include "base/err.h"
#include "format/id.h"

/** Add @value, which is taken over in any case; NULL, like no room, is ERR_NOMEM. */
int answer_put(struct json_object *o, const char *name, struct json_object *value, struct err *err);
int answer_number(struct json_object *o, const char *name, uint64_t n, struct err *err);
int answer_text(struct json_object *o, const char *name, const char *s, struct err *err);
/** RFC 3339; null for 0. */
int answer_time(struct json_object *o, const char *name, int64_t at_unix_ms, struct err *err);
/** In hexadecimal; null where it is zero. */
int answer_id(struct json_object *o, const char *name, const struct id16 *id, struct err *err);
/** A new object at the end of @array; borrowed. */
struct json_object *answer_object(struct json_object *array, struct err *err);

/** A member of a request; NULL or 0 where it lacks.  Borrowed. */
const char *asked_text(struct json_object *request, const char *name);
int64_t asked_number(struct json_object *request, const char *name);

#endif
