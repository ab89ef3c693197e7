/* SPDX-License-Identifier: Apache-2.0 */
/* admin: see admin.h. */
#include "admin.h"

#include <string.h>

#include "admin_internal.h"
#include "admin_json.h"
#include "api/server.h"
#include "base/text.h"
#include "upkeep/check.h"
#include "upkeep/keeper.h"
#include "upkeep/snapshot.h"
#include "upkeep/tidy.h"

#define DAMAGE_MAX 100000 /* lines of one check */

/* --- usage --- */

static int
usage_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->usage(tx, ctx, err);
}

static int
usage(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	struct json_object *o = *result = json_object_new_object();
	struct blobs *blobs = a->installation->blobs;
	struct catalog_usage u;
	uint64_t free_bytes, total_bytes;
	int64_t days;

	(void)request;
	if (!o)
		return err_nomem(err);
	if (catalog_read(a->installation->catalog, usage_run, &u, err) < 0 ||
	    blobs->ops->room(blobs, &free_bytes, &total_bytes, err) < 0)
		return -1;
	if (answer_number(o, "accounts", u.accounts, err) < 0 ||
	    answer_number(o, "bytes", u.bytes, err) < 0 ||
	    answer_number(o, "objects", u.objects, err) < 0)
		return -1;
	if (answer_number(o, "free", free_bytes, err) < 0 ||
	    keeper_forecast(&days, a->installation->catalog, free_bytes,
			    room_floor(a->min_free_bytes, total_bytes), err) < 0)
		return -1;
	if (days < 0)
		return json_object_object_add(o, "full_in_days", NULL) ? err_nomem(err) : 0;
	return answer_number(o, "full_in_days", (uint64_t)days, err);
}

/* --- check --- */

static int
list_damage(void *ctx, const struct check_damage *d, struct err *err)
{
	struct json_object *array = ctx;

	if (json_object_array_length(array) == DAMAGE_MAX)
		return err_set(err, ERR_LIMIT, "more is damaged than can be listed");
	struct json_object *o = answer_object(array, err);
	if (!o || answer_text(o, "account", id16_hex(&d->account).s, err) < 0 ||
	    answer_id(o, "device", &d->device, err) < 0 ||
	    answer_number(o, "seq", d->seq, err) < 0 ||
	    answer_text(o, "object", d->object, err) < 0)
		return -1;
	return answer_text(o, "reason", d->reason, err);
}

static int
check(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	struct json_object *o = *result = json_object_new_object();
	struct json_object *list = json_object_new_array();
	uint64_t checked;

	if (!o || answer_put(o, "damaged", list, err) < 0)
		return err_nomem(err);
	if (check_run(a->installation->catalog, a->installation->blobs,
		      asked_number(request, "all") ? CHECK_ALL : CHECK_SOUND, &a->stop, &checked,
		      list_damage, list, err) < 0)
		return -1;
	return answer_number(o, "checked", checked, err);
}

/* --- tidy --- */

static int
list_held(struct json_object *array, const struct id16 *account, const struct id16 *device,
	  const struct id16 *folder, struct err *err)
{
	struct json_object *o = answer_object(array, err);

	if (!o || answer_text(o, "account", id16_hex(account).s, err) < 0 ||
	    answer_text(o, "device", id16_hex(device).s, err) < 0)
		return -1;
	return answer_text(o, "folder", id16_hex(folder).s, err);
}

struct tidying {
	struct admin *admin;
	struct json_object *held;
};

static int
tidy_goes_on(void *ctx, struct err *err)
{
	struct tidying *t = ctx;

	return t->admin->stop ? err_set(err, ERR_CANCELLED, "the server stops") : 0;
}

static int
tidy_held(void *ctx, const struct id16 *account, const struct id16 *device,
	  const struct id16 *folder, struct err *err)
{
	struct tidying *t = ctx;

	return list_held(t->held, account, device, folder, err);
}

static int
put_tidied(struct json_object *o, const struct tidy_result *r, struct err *err)
{
	if (answer_number(o, "changed",
			  r->versions + r->batches + r->chunks + r->objects + r->accounts,
			  err) < 0 ||
	    answer_number(o, "versions", r->versions, err) < 0 ||
	    answer_number(o, "batches", r->batches, err) < 0 ||
	    answer_number(o, "chunks", r->chunks, err) < 0 ||
	    answer_number(o, "objects", r->objects, err) < 0 ||
	    answer_number(o, "accounts", r->accounts, err) < 0)
		return -1;
	return answer_number(o, "bytes", r->bytes, err);
}

static int
tidy(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	struct tidying t = { .admin = a, .held = json_object_new_array() };
	struct json_object *o = *result = json_object_new_object();
	const struct tidy_options options = {
		.strays = true, .between = tidy_goes_on, .held = tidy_held, .ctx = &t
	};
	struct tidy_result r;

	(void)request;
	if (!o || answer_put(o, "held", t.held, err) < 0)
		return err_nomem(err);
	pthread_mutex_lock(&a->installation->upkeep);
	int rc = tidy_run(a->installation->catalog, a->installation->blobs, &options, &r, err);
	pthread_mutex_unlock(&a->installation->upkeep);
	return rc < 0 ? -1 : put_tidied(o, &r, err);
}

/* --- snapshot --- */

static int
snapshot(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	const struct installation *in = a->installation;
	const char *folder = asked_text(request, "folder");
	struct json_object *o = *result = json_object_new_object();
	struct snapshot_result r;

	if (!o)
		return err_nomem(err);
	if (!folder || *folder != '/')
		return err_set(err, ERR_USAGE, "a snapshot needs a folder");
	pthread_mutex_lock(&a->installation->upkeep);
	int rc = snapshot_make(folder, in->catalog, in->blobs, in->dir_fd, &a->stop, &r, err);
	pthread_mutex_unlock(&a->installation->upkeep);
	if (rc < 0 || answer_number(o, "changed", r.objects, err) < 0 ||
	    answer_number(o, "objects", r.objects, err) < 0)
		return -1;
	return answer_number(o, "bytes", r.bytes, err);
}

/* --- dispatch --- */

static const struct {
	const char *name;
	admin_command_fn *run;
} commands[] = {
	{ "invite", admin_invite },
	{ "accounts", admin_accounts },
	{ "usage", usage },
	{ "devices", admin_devices },
	{ "account", admin_account },
	{ "check", check },
	{ "tidy", tidy },
	{ "snapshot", snapshot },
};

static int
dispatch(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	const char *name = asked_text(request, "command");

	for (size_t i = 0; name && i < sizeof commands / sizeof commands[0]; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(a, request, result, err);
	return err_set(err, ERR_USAGE, "the server knows no such command");
}

static int
exit_status(int rc, struct json_object *result, const struct err *err)
{
	struct json_object *list;

	if (rc < 0)
		return err->code == ERR_USAGE ? 2 : 1;
	if (json_object_is_type(result, json_type_object) &&
	    json_object_object_get_ex(result, "damaged", &list))
		return json_object_array_length(list) ? 1 : 0;
	return 0;
}

static int
put_error(struct json_object *answer, const struct err *from, struct err *err)
{
	struct json_object *o = json_object_new_object();

	if (answer_put(answer, "error", o, err) < 0 ||
	    answer_text(o, "code", err_code_name(from->code), err) < 0 ||
	    answer_text(o, "message", from->msg, err) < 0)
		return -1;
	return answer_text(o, "hint", from->hint, err);
}

struct json_object *
admin_answer(struct admin *a, struct json_object *request)
{
	struct json_object *answer = json_object_new_object(), *result = NULL;
	struct err err = { 0 }, lost;

	if (!answer)
		return NULL;
	int rc = dispatch(a, request, &result, &err);
	int status = exit_status(rc, result, &err);
	if (rc < 0)
		json_object_put(result);
	if (answer_number(answer, "status", (uint64_t)status, &lost) < 0 ||
	    (rc < 0 ? put_error(answer, &err, &lost)
		    : answer_put(answer, "result", result, &lost)) < 0) {
		json_object_put(answer);
		return NULL;
	}
	return answer;
}
