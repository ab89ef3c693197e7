/* SPDX-License-Identifier: Apache-2.0 */
/* admin: see admin.h. */
#include "admin.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "accounts/recipients.h"
#include "api/server.h"
#include "base/text.h"
#include "base/when.h"
#include "os/os.h"
#include "tls.h"
#include "upkeep/check.h"
#include "upkeep/keeper.h"
#include "upkeep/message.h"
#include "upkeep/snapshot.h"
#include "upkeep/tidy.h"

#define DAMAGE_MAX 100000 /* lines of one check */

/* --- JSON --- */

static int
put(struct json_object *o, const char *name, struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(o, name, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

static int
put_number(struct json_object *o, const char *name, uint64_t n, struct err *err)
{
	return put(o, name, json_object_new_uint64(n), err);
}

static int
put_text(struct json_object *o, const char *name, const char *s, struct err *err)
{
	return put(o, name, json_object_new_string(s), err);
}

static int
put_time(struct json_object *o, const char *name, int64_t at_unix_ms, struct err *err)
{
	char text[WHEN_TEXT_BYTES];

	if (at_unix_ms == 0)
		return json_object_object_add(o, name, NULL) ? err_nomem(err) : 0;
	when_print(text, at_unix_ms);
	return put_text(o, name, text, err);
}

/* null where it is zero */
static int
put_id_or_null(struct json_object *o, const char *name, const struct id16 *id, struct err *err)
{
	if (id16_is_zero(id))
		return json_object_object_add(o, name, NULL) ? err_nomem(err) : 0;
	return put_text(o, name, id16_hex(id).s, err);
}

/* A new object at the end of @array; borrowed. */
static struct json_object *
append_object(struct json_object *array, struct err *err)
{
	struct json_object *o = json_object_new_object();

	if (o && json_object_array_add(array, o) == 0)
		return o;
	json_object_put(o);
	err_nomem(err);
	return NULL;
}

static const char *
get_text(struct json_object *request, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(request, name, &v) ? json_object_get_string(v) : NULL;
}

static int64_t
get_number(struct json_object *request, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(request, name, &v) ? json_object_get_int64(v) : 0;
}

/* --- invite --- */

struct inviting {
	uint64_t quota_bytes;
	int64_t expires_unix_ms;
	const char *mail, *webhook; /* NULL */
	struct id16 code;
};

static int
invite_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct inviting *i = ctx;

	if (invitation_make(tx, i->quota_bytes, i->expires_unix_ms, &i->code, err) < 0)
		return -1;
	return i->mail || i->webhook ? invitation_tell(tx, &i->code, i->mail, i->webhook, err) : 0;
}

static int
print_invitation(struct buf *out, const struct installation_address *a, const struct id16 *code,
		 struct err *err)
{
	char text[32], pin[TLS_PIN_TEXT_BYTES];

	sodium_bin2base64(text, sizeof text, code->b, sizeof code->b,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	if (buf_append_fmt(out, err, "%s/i/%s", a->url, text) < 0)
		return -1;
	if (!a->pinned)
		return 0;
	tls_pin_text(pin, a->pin);
	return buf_append_fmt(out, err, "#pin=%s", pin);
}

/* What a request says, wherever it comes from. */
static int
check_recipient(const char *mail, const char *webhook, struct err *err)
{
	if (mail && *mail && mail_address_check(mail, err) < 0)
		return -1;
	return webhook && *webhook ? webhook_check(webhook, err) : 0;
}

static int
invite(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	AUTO(buf_clear) struct buf url = BUF_INIT(INSTALLATION_URL_MAX + 128);
	struct inviting i = {
		.quota_bytes = (uint64_t)get_number(request, "quota"),
		.expires_unix_ms = os->now_unix_ms() + get_number(request, "valid_ms"),
		.mail = get_text(request, "mail"),
		.webhook = get_text(request, "webhook"),
	};

	if (check_recipient(i.mail, i.webhook, err) < 0 ||
	    catalog_write(a->installation->catalog, invite_run, &i, err) < 0 ||
	    print_invitation(&url, &a->address, &i.code, err) < 0)
		return -1;
	*result = json_object_new_object();
	if (!*result)
		return err_nomem(err);
	return put_text(*result, "invitation", buf_str(&url), err) < 0
		       ? -1
		       : put_time(*result, "expires_at", i.expires_unix_ms, err);
}

/* --- accounts, devices, usage --- */

static int
count_device(void *ctx, const struct catalog_device *d, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx += d->state == DEVICE_ALIVE;
	return 0;
}

struct listing {
	struct catalog_tx *tx;
	struct json_object *array;
	struct id16 account;
};

/* In how many days of running; null: it stays. */
static int
put_deletion(struct json_object *o, int64_t at_ms, int64_t now_ms, struct err *err)
{
	if (!at_ms)
		return json_object_object_add(o, "delete_in_days", NULL) ? err_nomem(err) : 0;
	if (at_ms < now_ms)
		at_ms = now_ms;
	return put_number(o, "delete_in_days",
			  (uint64_t)((at_ms - now_ms + RETENTION_DAY_MS - 1) / RETENTION_DAY_MS),
			  err);
}

static int
put_account(struct json_object *o, struct catalog_tx *tx, const struct catalog_account *a,
	    struct err *err)
{
	uint64_t n = 0;

	if (tx->ops->devices(tx, &a->account, count_device, &n, err) < 0)
		return -1;
	if (put_text(o, "account", id16_hex(&a->account).s, err) < 0 ||
	    put_number(o, "devices", n, err) < 0 ||
	    put_number(o, "bytes", a->used_bytes, err) < 0 ||
	    put_number(o, "quota", a->quota_bytes, err) < 0)
		return -1;
	if (put_text(o, "state", a->suspended ? "suspended" : "active", err) < 0 ||
	    put_number(o, "retention_days", a->retention_days, err) < 0)
		return -1;
	return put_deletion(o, a->delete_at_ms, tx->ops->clock(tx), err);
}

static int
list_account(void *ctx, const struct catalog_account *a, struct err *err)
{
	struct listing *l = ctx;
	struct json_object *o = append_object(l->array, err);

	return o ? put_account(o, l->tx, a, err) : -1;
}

static int
accounts_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct listing *l = ctx;

	l->tx = tx;
	return tx->ops->accounts(tx, list_account, l, err);
}

static int
accounts(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	struct listing l = { .array = *result = json_object_new_array() };

	(void)request;
	return l.array ? catalog_read(a->installation->catalog, accounts_run, &l, err)
		       : err_nomem(err);
}

/* One account, changed first if that is asked for. */
struct changing {
	struct id16 account;
	bool has_quota, remove;
	uint64_t quota_bytes;
	const char *suspend, *resume; /* a device's id, "--all"; NULL */
	const char *mail, *webhook;   /* "": nobody; NULL: as it is */
	struct json_object *object;
};

#define DEVICES_RESUMED_MAX LOG_DEVICES_EVER_MAX

struct resuming {
	struct catalog_device at[DEVICES_RESUMED_MAX];
	size_t n;
};

/* It could not come while it was suspended: the time within which it said that it would begins now. */
static void
let_come(struct catalog_tx *tx, struct catalog_device *d)
{
	d->grace_ms = tx->ops->clock(tx) - d->came_ms;
}

static int
suspend_device(struct catalog_tx *tx, const struct id16 *account, const char *text, bool suspended,
	       struct err *err)
{
	struct catalog_device d;
	struct id16 id;

	if (!id16_from_hex(&id, span_str(text)))
		return err_set(err, ERR_USAGE, "a device's id has 32 hexadecimal digits");
	int rc = tx->ops->device_get(tx, &d, account, &id, err);
	if (rc)
		return rc < 0 ? -1
			      : err_set(err, ERR_NOT_FOUND, "the account has no device %s", text);
	if (d.suspended && !suspended)
		let_come(tx, &d);
	d.suspended = suspended;
	return tx->ops->device_put(tx, &d, err);
}

static int
resume_one(void *ctx, const struct catalog_device *d, struct err *err)
{
	struct resuming *r = ctx;

	if (r->n < DEVICES_RESUMED_MAX)
		r->at[r->n++] = *d;
	(void)err;
	return 0;
}

/* All devices of an account that was suspended. */
static int
resume_all(struct catalog_tx *tx, const struct id16 *account, struct err *err)
{
	struct resuming *r = calloc(1, sizeof *r);
	int rc = r ? tx->ops->devices(tx, account, resume_one, r, err) : err_nomem(err);

	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		let_come(tx, &r->at[i]);
		rc = tx->ops->device_put(tx, &r->at[i], err);
	}
	free(r);
	return rc;
}

static int
suspend(struct catalog_tx *tx, struct catalog_account *a, const char *who, bool suspended,
	struct err *err)
{
	if (!who)
		return 0;
	if (strcmp(who, "--all") != 0)
		return suspend_device(tx, &a->account, who, suspended, err);
	if (a->suspended && !suspended && resume_all(tx, &a->account, err) < 0)
		return -1;
	a->suspended = suspended;
	return 0;
}

static int
change_account(struct catalog_tx *tx, const struct changing *c, struct catalog_account *a,
	       struct err *err)
{
	if (c->has_quota)
		a->quota_bytes = c->quota_bytes;
	if (suspend(tx, a, c->suspend, true, err) < 0 ||
	    suspend(tx, a, c->resume, false, err) < 0 || tx->ops->account_put(tx, a, err) < 0)
		return -1;
	if ((c->mail || c->webhook) && recipient_set(tx, &a->account, c->mail, c->webhook, err) < 0)
		return -1;
	return c->remove ? tx->ops->account_remove(tx, &a->account, err) : 0;
}

static int
list_alarm(void *ctx, const struct catalog_alarm *a, struct err *err)
{
	struct json_object *o = append_object(ctx, err);

	if (!o || put_text(o, "kind", alarm_kind_name(a->kind), err) < 0 ||
	    put_id_or_null(o, "device", &a->device, err) < 0 ||
	    put_time(o, "since", a->since_unix_ms, err) < 0)
		return -1;
	return put_number(o, "number", a->number, err);
}

/* Those that stand. */
static int
put_alarms(struct json_object *o, struct catalog_tx *tx, const struct id16 *account,
	   struct err *err)
{
	struct json_object *list = json_object_new_array();

	if (put(o, "alarms", list, err) < 0)
		return -1;
	return tx->ops->alarms(tx, account, list_alarm, list, err);
}

/* Who is told; only where one account is asked for, not in the list of all. */
static int
put_recipient(struct json_object *o, struct catalog_tx *tx, const struct id16 *account,
	      struct err *err)
{
	struct catalog_recipient r = { .mail = "" };

	if (tx->ops->recipient_get(tx, &r, account, err) < 0)
		return -1;
	return put_text(o, "mail", r.mail, err) < 0 ? -1 : put_text(o, "webhook", r.webhook, err);
}

static int
account_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct changing *c = ctx;
	struct catalog_account a;
	int rc = tx->ops->account_get(tx, &a, &c->account, err);

	if (rc == CATALOG_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "there is no account %s",
			       id16_hex(&c->account).s);
	if (rc == 0 && tx->writable)
		rc = change_account(tx, c, &a, err);
	if (rc < 0 || put_account(c->object, tx, &a, err) < 0 ||
	    put_recipient(c->object, tx, &c->account, err) < 0 ||
	    put_alarms(c->object, tx, &c->account, err) < 0)
		return -1;
	return c->remove ? put_text(c->object, "state", "removed", err) : 0;
}

static int
get_account(struct json_object *request, struct id16 *out, struct err *err)
{
	const char *account = get_text(request, "account");

	if (account && id16_from_hex(out, span_str(account)))
		return 0;
	return err_set(err, ERR_USAGE, "an account's id has 32 hexadecimal digits");
}

/* Rows and objects of an account that is removed go at once. */
static int
clear_removed(struct admin *a, struct err *err)
{
	struct tidy_result r;

	pthread_mutex_lock(&a->installation->upkeep);
	int rc = tidy_run(a->installation->catalog, a->installation->blobs, NULL, &r, err);
	pthread_mutex_unlock(&a->installation->upkeep);
	return rc;
}

static int
account(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	struct changing c = {
		.has_quota = json_object_object_get_ex(request, "new_quota", NULL),
		.quota_bytes = (uint64_t)get_number(request, "new_quota"),
		.suspend = get_text(request, "suspend"),
		.resume = get_text(request, "resume"),
		.mail = get_text(request, "mail"),
		.webhook = get_text(request, "webhook"),
		.remove = json_object_object_get_ex(request, "remove", NULL),
		.object = *result = json_object_new_object(),
	};
	struct catalog *catalog = a->installation->catalog;

	if (!c.object)
		return err_nomem(err);
	if (get_account(request, &c.account, err) < 0 ||
	    check_recipient(c.mail, c.webhook, err) < 0)
		return -1;
	if (!c.has_quota && !c.suspend && !c.resume && !c.remove && !c.mail && !c.webhook)
		return catalog_read(catalog, account_run, &c, err);
	if (catalog_write(catalog, account_run, &c, err) < 0)
		return -1;
	return c.remove ? clear_removed(a, err) : 0;
}

static const char *
state_name(const struct catalog_device *d)
{
	switch (d->state) {
	case DEVICE_ALIVE:
	case DEVICE_SUSPENDED:
		return d->suspended ? "suspended" : "alive";
	case DEVICE_REVOKED:
		return "revoked";
	case DEVICE_RETIRED:
		return "retired";
	case DEVICE_REPLACED:
		return "replaced";
	}
	return "unknown";
}

static int
list_device(void *ctx, const struct catalog_device *d, struct err *err)
{
	struct listing *l = ctx;
	struct json_object *o = append_object(l->array, err);

	if (!o || put_text(o, "device", id16_hex(&d->device).s, err) < 0 ||
	    put_time(o, "last_seen", d->seen_unix_ms, err) < 0 ||
	    put_number(o, "seq", d->seq, err) < 0)
		return -1;
	return put_text(o, "state", state_name(d), err);
}

static int
devices_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct listing *l = ctx;
	struct catalog_account a;
	int rc = tx->ops->account_get(tx, &a, &l->account, err);

	if (rc == CATALOG_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "there is no account %s",
			       id16_hex(&l->account).s);
	return rc < 0 ? -1 : tx->ops->devices(tx, &l->account, list_device, l, err);
}

static int
devices(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	struct listing l = { .array = *result = json_object_new_array() };

	if (!l.array)
		return err_nomem(err);
	if (get_account(request, &l.account, err) < 0)
		return -1;
	return catalog_read(a->installation->catalog, devices_run, &l, err);
}

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
	if (put_number(o, "accounts", u.accounts, err) < 0 ||
	    put_number(o, "bytes", u.bytes, err) < 0 ||
	    put_number(o, "objects", u.objects, err) < 0)
		return -1;
	if (put_number(o, "free", free_bytes, err) < 0 ||
	    keeper_forecast(&days, a->installation->catalog, free_bytes,
			    room_floor(a->min_free_bytes, total_bytes), err) < 0)
		return -1;
	if (days < 0)
		return json_object_object_add(o, "full_in_days", NULL) ? err_nomem(err) : 0;
	return put_number(o, "full_in_days", (uint64_t)days, err);
}

/* --- check --- */

static int
list_damage(void *ctx, const struct check_damage *d, struct err *err)
{
	struct json_object *array = ctx;

	if (json_object_array_length(array) == DAMAGE_MAX)
		return err_set(err, ERR_LIMIT, "more is damaged than can be listed");
	struct json_object *o = append_object(array, err);
	if (!o || put_text(o, "account", id16_hex(&d->account).s, err) < 0 ||
	    put_id_or_null(o, "device", &d->device, err) < 0 ||
	    put_number(o, "seq", d->seq, err) < 0 || put_text(o, "object", d->object, err) < 0)
		return -1;
	return put_text(o, "reason", d->reason, err);
}

static int
check(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	struct json_object *o = *result = json_object_new_object();
	struct json_object *list = json_object_new_array();
	uint64_t checked;

	if (!o || put(o, "damaged", list, err) < 0)
		return err_nomem(err);
	if (check_run(a->installation->catalog, a->installation->blobs,
		      get_number(request, "all") ? CHECK_ALL : CHECK_SOUND, &a->stop, &checked,
		      list_damage, list, err) < 0)
		return -1;
	return put_number(o, "checked", checked, err);
}

/* --- tidy --- */

static int
list_held(struct json_object *array, const struct id16 *account, const struct id16 *device,
	  const struct id16 *folder, struct err *err)
{
	struct json_object *o = append_object(array, err);

	if (!o || put_text(o, "account", id16_hex(account).s, err) < 0 ||
	    put_text(o, "device", id16_hex(device).s, err) < 0)
		return -1;
	return put_text(o, "folder", id16_hex(folder).s, err);
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
	if (put_number(o, "changed",
		       r->versions + r->batches + r->chunks + r->objects + r->accounts, err) < 0 ||
	    put_number(o, "versions", r->versions, err) < 0 ||
	    put_number(o, "batches", r->batches, err) < 0 ||
	    put_number(o, "chunks", r->chunks, err) < 0 ||
	    put_number(o, "objects", r->objects, err) < 0 ||
	    put_number(o, "accounts", r->accounts, err) < 0)
		return -1;
	return put_number(o, "bytes", r->bytes, err);
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
	if (!o || put(o, "held", t.held, err) < 0)
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
	const char *folder = get_text(request, "folder");
	struct json_object *o = *result = json_object_new_object();
	struct snapshot_result r;

	if (!o)
		return err_nomem(err);
	if (!folder || *folder != '/')
		return err_set(err, ERR_USAGE, "a snapshot needs a folder");
	pthread_mutex_lock(&a->installation->upkeep);
	int rc = snapshot_make(folder, in->catalog, in->blobs, in->dir_fd, &a->stop, &r, err);
	pthread_mutex_unlock(&a->installation->upkeep);
	if (rc < 0 || put_number(o, "changed", r.objects, err) < 0 ||
	    put_number(o, "objects", r.objects, err) < 0)
		return -1;
	return put_number(o, "bytes", r.bytes, err);
}

/* --- dispatch --- */

static const struct {
	const char *name;
	int (*run)(struct admin *a, struct json_object *request, struct json_object **result,
		   struct err *err);
} commands[] = {
	{ "invite", invite },   { "accounts", accounts }, { "usage", usage },
	{ "devices", devices }, { "account", account },   { "check", check },
	{ "tidy", tidy },       { "snapshot", snapshot },
};

static int
dispatch(struct admin *a, struct json_object *request, struct json_object **result, struct err *err)
{
	const char *name = get_text(request, "command");

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

	if (put(answer, "error", o, err) < 0 ||
	    put_text(o, "code", err_code_name(from->code), err) < 0 ||
	    put_text(o, "message", from->msg, err) < 0)
		return -1;
	return put_text(o, "hint", from->hint, err);
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
	if (put_number(answer, "status", (uint64_t)status, &lost) < 0 ||
	    (rc < 0 ? put_error(answer, &err, &lost) : put(answer, "result", result, &lost)) < 0) {
		json_object_put(answer);
		return NULL;
	}
	return answer;
}
