/* SPDX-License-Identifier: Apache-2.0 */
/* standing: see standing.h. */
#include "account/standing.h"

#include <stdio.h>

#include "account/account_internal.h"
#include "base/bytes.h"
#include "base/text.h"
#include "base/when.h"
#include "box/settings.h"
#include "os/os.h"

#define STANDING_SETTING "local-standing"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

unsigned
account_standing_flags(const struct account_standing *s)
{
	return (s->is.next_ms ? STANDING_LESS : 0u) | (s->is.lift_ms ? STANDING_LIFT : 0u) |
	       (s->is.delete_ms ? STANDING_DELETE : 0u) | (s->is.n_held_all ? STANDING_HELD : 0u);
}

int64_t
account_standing_left_ms(const struct account_standing *s, uint64_t then_ms)
{
	int64_t since = os->now_unix_ms() - s->heard_unix_ms;
	int64_t left = then_ms > INT64_MAX ? INT64_MAX : (int64_t)then_ms;

	if (since > 0)
		left = since < left ? left - since : 1;
	return left;
}

/* "13 days" of the server's running. */
static void
left_text(char *out, size_t n, const struct account_standing *s, uint64_t ms)
{
	int64_t days = (account_standing_left_ms(s, ms) + DAY_MS - 1) / DAY_MS;

	snprintf(out, n, text_plural("%ld day", "%ld days", (unsigned long)days), (long)days);
}

void
account_standing_say(char out[static STANDING_TEXT_BYTES], const struct account_standing *s,
		     unsigned flag)
{
	char left[96];

	out[0] = 0;
	switch (flag) {
	case STANDING_DELETE:
		left_text(left, sizeof left, s, s->is.delete_ms);
		snprintf(out, STANDING_TEXT_BYTES,
			 _("The account and all of its backups are going to be deleted, in %s of "
			   "the server's running. Any unlocking calls that off: cloudbox account "
			   "keep"),
			 left);
		return;
	case STANDING_LESS:
		left_text(left, sizeof left, s, s->is.next_ms);
		snprintf(out, STANDING_TEXT_BYTES,
			 _("Old versions are going to be kept for %u days in place of %u, in %s of "
			   "the server's running. Any unlocking calls that off: cloudbox account "
			   "keep"),
			 s->is.next_days, s->is.retention_days, left);
		return;
	case STANDING_LIFT:
		left_text(left, sizeof left, s, s->is.lift_ms);
		snprintf(out, STANDING_TEXT_BYTES,
			 _("What the server holds back from clearing is going to be let go, in %s "
			   "of its running. Any unlocking calls that off: cloudbox account keep"),
			 left);
		return;
	}
}

const char *
account_standing_say_off(unsigned flag)
{
	switch (flag) {
	case STANDING_DELETE:
		return _("The account was to be deleted. That is called off, because the account "
			 "was unlocked.");
	case STANDING_LESS:
		return _("Old versions were to be kept for fewer days. That is called off, because "
			 "the account was unlocked.");
	case STANDING_LIFT:
		return _("What the server holds back was to be let go. That is called off, because "
			 "the account was unlocked.");
	}
	return "";
}

static int
keep(struct box *box, const struct account_standing *s, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);

	if (buf_append_u64(&value, (uint64_t)s->heard_unix_ms, err) < 0 ||
	    wire_standing_encode(&value, &s->is, err) < 0)
		return -1;
	return setting_set(box, STANDING_SETTING, buf_span(&value), err);
}

int
account_standing_ask(struct account_standing *out, struct box *box, struct remote *remote,
		     struct err *err)
{
	if (account_login_put(box, remote, err) < 0 || remote_standing(remote, &out->is, err) < 0)
		return -1;
	out->heard_unix_ms = os->now_unix_ms();
	return keep(box, out, err);
}

int
account_standing_kept(struct account_standing *out, struct box *box, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	struct err why;
	int rc = setting_get(&value, box, STANDING_SETTING, err);

	if (rc)
		return rc;
	/* One that this program cannot read is as good as none: the next answer takes its place. */
	if (value.n < 8 || wire_standing_decode(&out->is, span_skip(buf_span(&value), 8), &why) < 0)
		return BOX_ABSENT;
	out->heard_unix_ms = (int64_t)get_u64(value.p);
	return 0;
}

static bool
is_due(const struct account_standing *kept, const struct identity *me)
{
	int64_t age = os->now_unix_ms() - kept->heard_unix_ms;
	int64_t wait = account_standing_flags(kept) ? HOUR_MS : DAY_MS;

	return kept->is.log.length != me->log_length || age >= wait || age < 0;
}

/* A terminal that has just joined knows nothing that could have changed: a day from now. */
static int
begin(struct box *box, const struct identity *me, struct err *err)
{
	struct account_standing none = { .heard_unix_ms = os->now_unix_ms(),
					 .is.log.length = me->log_length };

	return keep(box, &none, err) < 0 ? -1 : STANDING_NOT_DUE;
}

int
account_standing_follow(struct account_standing *out, unsigned *begun, unsigned *over,
			struct box *box, struct remote *remote, struct err *err)
{
	const struct identity *me;
	struct account_standing kept = { 0 };
	unsigned before, now;
	int rc;

	if (box_identity_need(&me, box, err) < 0)
		return -1;
	rc = account_standing_kept(&kept, box, err);
	if (rc == BOX_ABSENT)
		return begin(box, me, err);
	if (rc < 0)
		return -1;
	if (!is_due(&kept, me))
		return STANDING_NOT_DUE;
	if (account_standing_ask(out, box, remote, err) < 0)
		return -1;
	before = account_standing_flags(&kept);
	now = account_standing_flags(out);
	*begun = now & ~before;
	*over = before & ~now;
	return 0;
}

/* What an entry asks for that waits; @days: kept until then. */
static unsigned
waits_by(const struct log_entry *e, uint32_t days)
{
	if (e->type == LOG_DELETE_ACCOUNT)
		return STANDING_DELETE;
	if (e->type != LOG_SET_POLICY)
		return 0;
	return (e->retention_days < days ? STANDING_LESS : 0u) |
	       (e->policy_flags & LOG_POLICY_LIFT ? STANDING_LIFT : 0u);
}

/* After a person's login: all that waited is called off. */
int
standing_called_off(unsigned *what, struct box *box, const struct log_state *now, struct span raw,
		    uint64_t known, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct account_standing kept = { 0 };
	struct span entry;
	uint32_t days = 0;
	int rc = account_standing_kept(&kept, box, err);

	if (rc < 0)
		return -1;
	if (!e)
		return err_nomem(err);
	*what = rc == 0 ? account_standing_flags(&kept) & STANDING_WAITS : 0;
	while (wire_log_next(&entry, &raw, err) == 0) {
		if (log_entry_decode(e, entry, err) < 0)
			return -1;
		if (e->index >= known)
			*what |= waits_by(e, days);
		if (e->type == LOG_CREATE || e->type == LOG_SET_POLICY)
			days = e->retention_days;
	}
	if (rc || !*what)
		return 0;
	kept.is.next_days = 0;
	kept.is.next_ms = kept.is.lift_ms = kept.is.delete_ms = 0;
	kept.is.log.length = now->length;
	/* Where the disk is full it is heard of again from the server. */
	if (keep(box, &kept, err) < 0 && err->code != ERR_FULL)
		return -1;
	return 0;
}

/* When a deletion was asked for, by the signed log; 0: never. */
static int64_t
deletion_asked(struct box *box)
{
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct span entry, left;
	struct err err;
	int64_t at = 0;

	if (!e || log_copy_read(&s, &raw, box, &err) < 0)
		return 0;
	left = buf_span(&raw);
	while (wire_log_next(&entry, &left, &err) == 0)
		if (log_entry_decode(e, entry, &err) == 0 && e->type == LOG_DELETE_ACCOUNT)
			at = (int64_t)e->client_unix_ms;
	return at;
}

/* A login says of an account that is gone what it says of a wrong key; `have` tells. */
static bool
is_gone(struct box *box, struct remote *remote)
{
	const struct identity *me = box_identity(box);
	struct id16 account, device;
	struct err err;

	if (!me)
		return false;
	if (remote_problem_is(remote, PROBLEM_SIGNATURE)) {
		memcpy(account.b, me->account, sizeof account.b);
		memcpy(device.b, me->device, sizeof device.b);
		if (remote_have(remote, &account, &device, me->dsk, NULL, 0, NULL, NULL, &err) == 0)
			return false;
	}
	return remote_problem_is(remote, PROBLEM_ACCOUNT) ||
	       remote_problem_is(remote, PROBLEM_DEVICE);
}

int
account_gone(struct box *box, struct remote *remote, struct err *err)
{
	char when[WHEN_TEXT_BYTES];
	int64_t asked;

	if (!is_gone(box, remote))
		return -1;
	asked = deletion_asked(box);
	if (!asked) {
		err_set(err, ERR_REVOKED,
			"the server does not know this account or this device any more");
		return err_hint(err, "ask its operator whether the account was removed, or the "
				     "server was set back; what lies on this terminal stays and "
				     "can be used: cloudbox box");
	}
	when_print(when, asked);
	err_set(err, ERR_REVOKED, "the account is deleted: that was asked for at %s", when);
	return err_hint(err,
			"what lies on this terminal stays and can be used: cloudbox box; a new "
			"account: cloudbox init INVITATION --home DIR");
}
