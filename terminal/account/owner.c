/* SPDX-License-Identifier: Apache-2.0 */
/* owner: see owner.h.  Here: policy, deletion, retiring. */
#include "account/owner.h"

#include "account/account_internal.h"
#include "os/os.h"

#define SIGN_TRIES 4 /* others may sign entries at the same time */

static int
sign_once(struct unlocked *u, const struct log_entry *what, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	AUTO(buf_clear) struct buf entry = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct span span;

	if (!e)
		return err_nomem(err);
	if (unlocked_check_heads(u, &heads, err) < 0)
		return -1;
	*e = *what;
	log_state_next(e, &u->log);
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	if (log_entry_sign(&entry, e, unlocked_now(u)->ask, NULL, err) < 0)
		return -1;
	span = buf_span(&entry);
	return unlocked_post(u, &span, 1, NULL, err);
}

int
unlocked_sign(struct unlocked *u, struct box *box, const struct log_entry *what, struct err *err)
{
	struct err why = { 0 };
	int rc = -1;

	for (int i = 0; i < SIGN_TRIES && rc < 0; i++) {
		rc = sign_once(u, what, &why);
		if (rc < 0 && why.code != ERR_CONFLICT)
			break;
	}
	if (rc < 0) {
		if (err)
			*err = why;
		return -1;
	}
	return log_copy_adopt(box, &u->log, buf_span(&u->raw), err);
}

/* How the account stands now, without a login, which would call off what was just asked for. */
static int
stands(struct account_standing *out, struct unlocked *u, struct box *box, struct err *err)
{
	remote_renew(u->remote, LOGIN_GET, NULL);
	return account_standing_ask(out, box, u->remote, err);
}

int
account_policy_set(struct account_standing *out, struct unlocked *u, struct box *box, uint32_t days,
		   bool lift, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();

	if (!e)
		return err_nomem(err);
	if (days < LOG_RETENTION_DAYS_MIN)
		return err_set(err, ERR_USAGE, "old versions are kept for %d days at least",
			       LOG_RETENTION_DAYS_MIN);
	e->type = LOG_SET_POLICY;
	e->retention_days = days;
	e->policy_flags = lift ? LOG_POLICY_LIFT : 0;
	if (unlocked_sign(u, box, e, err) < 0)
		return -1;
	return stands(out, u, box, err);
}

int
account_delete(struct account_standing *out, struct unlocked *u, struct box *box, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();

	if (!e)
		return err_nomem(err);
	e->type = LOG_DELETE_ACCOUNT;
	if (unlocked_sign(u, box, e, err) < 0 || stands(out, u, box, err) < 0)
		return -1;
	if (out->is.delete_ms)
		return 0;
	err_set(err, ERR_BUSY, "somebody unlocked the account right then, which called it off");
	return err_hint(err, "type the command once more");
}

int
account_retire(struct unlocked *u, struct box *box, const struct id16 *device, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	const struct log_device *d = log_state_device(&u->log, device);
	const struct identity *me = box_identity(box);

	if (!e)
		return err_nomem(err);
	if (!d || d->state != DEVICE_ALIVE)
		return err_set(err, ERR_REFUSED, "this device is not in use any more");
	e->type = LOG_RETIRE_DEVICE;
	e->device = *device;
	if (unlocked_sign(u, box, e, err) == 0)
		return 0;
	/* That it is shut out now is what was asked for. */
	d = log_state_device(&u->log, device);
	return err && err->code == ERR_REVOKED && d->state == DEVICE_RETIRED && me &&
			       memcmp(me->device, device->b, sizeof me->device) == 0
		       ? 0
		       : -1;
}
