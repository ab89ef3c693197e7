/* SPDX-License-Identifier: Apache-2.0 */
/* admin_accounts: the operator's commands about accounts: invite, accounts, account, devices. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "accounts/recipients.h"
#include "admin_internal.h"
#include "admin_json.h"
#include "os/os.h"
#include "tls.h"
#include "upkeep/message.h"
#include "upkeep/tidy.h"

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

int
admin_invite(struct admin *a, struct json_object *request, struct json_object **result,
	     struct err *err)
{
	AUTO(buf_clear) struct buf url = BUF_INIT(INSTALLATION_URL_MAX + 128);
	struct inviting i = {
		.quota_bytes = (uint64_t)asked_number(request, "quota"),
		.expires_unix_ms = os->now_unix_ms() + asked_number(request, "valid_ms"),
		.mail = asked_text(request, "mail"),
		.webhook = asked_text(request, "webhook"),
	};

	if (check_recipient(i.mail, i.webhook, err) < 0 ||
	    catalog_write(a->installation->catalog, invite_run, &i, err) < 0 ||
	    print_invitation(&url, &a->address, &i.code, err) < 0)
		return -1;
	*result = json_object_new_object();
	if (!*result)
		return err_nomem(err);
	return answer_text(*result, "invitation", buf_str(&url), err) < 0
		       ? -1
		       : answer_time(*result, "expires_at", i.expires_unix_ms, err);
}

/* --- accounts --- */

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
	return answer_number(o, "delete_in_days",
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
	if (answer_text(o, "account", id16_hex(&a->account).s, err) < 0 ||
	    answer_number(o, "devices", n, err) < 0 ||
	    answer_number(o, "bytes", a->used_bytes, err) < 0 ||
	    answer_number(o, "quota", a->quota_bytes, err) < 0)
		return -1;
	if (answer_text(o, "state", a->suspended ? "suspended" : "active", err) < 0 ||
	    answer_number(o, "retention_days", a->retention_days, err) < 0)
		return -1;
	return put_deletion(o, a->delete_at_ms, tx->ops->clock(tx), err);
}

static int
list_account(void *ctx, const struct catalog_account *a, struct err *err)
{
	struct listing *l = ctx;
	struct json_object *o = answer_object(l->array, err);

	return o ? put_account(o, l->tx, a, err) : -1;
}

static int
accounts_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct listing *l = ctx;

	l->tx = tx;
	return tx->ops->accounts(tx, list_account, l, err);
}

int
admin_accounts(struct admin *a, struct json_object *request, struct json_object **result,
	       struct err *err)
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
	struct json_object *o = answer_object(ctx, err);

	if (!o || answer_text(o, "kind", alarm_kind_name(a->kind), err) < 0 ||
	    answer_id(o, "device", &a->device, err) < 0 ||
	    answer_time(o, "since", a->since_unix_ms, err) < 0)
		return -1;
	return answer_number(o, "number", a->number, err);
}

/* Those that stand. */
static int
put_alarms(struct json_object *o, struct catalog_tx *tx, const struct id16 *account,
	   struct err *err)
{
	struct json_object *list = json_object_new_array();

	if (answer_put(o, "alarms", list, err) < 0)
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
	return answer_text(o, "mail", r.mail, err) < 0 ? -1
						       : answer_text(o, "webhook", r.webhook, err);
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
	return c->remove ? answer_text(c->object, "state", "removed", err) : 0;
}

static int
get_account(struct json_object *request, struct id16 *out, struct err *err)
{
	const char *account = asked_text(request, "account");

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

int
admin_account(struct admin *a, struct json_object *request, struct json_object **result,
	      struct err *err)
{
	struct changing c = {
		.has_quota = json_object_object_get_ex(request, "new_quota", NULL),
		.quota_bytes = (uint64_t)asked_number(request, "new_quota"),
		.suspend = asked_text(request, "suspend"),
		.resume = asked_text(request, "resume"),
		.mail = asked_text(request, "mail"),
		.webhook = asked_text(request, "webhook"),
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
	struct json_object *o = answer_object(l->array, err);

	if (!o || answer_text(o, "device", id16_hex(&d->device).s, err) < 0 ||
	    answer_time(o, "last_seen", d->seen_unix_ms, err) < 0 ||
	    answer_number(o, "seq", d->seq, err) < 0)
		return -1;
	return answer_text(o, "state", state_name(d), err);
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

int
admin_devices(struct admin *a, struct json_object *request, struct json_object **result,
	      struct err *err)
{
	struct listing l = { .array = *result = json_object_new_array() };

	if (!l.array)
		return err_nomem(err);
	if (get_account(request, &l.account, err) < 0)
		return -1;
	return catalog_read(a->installation->catalog, devices_run, &l, err);
}
