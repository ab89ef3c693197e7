/* SPDX-License-Identifier: Apache-2.0 */
/* join: founding an account, and adding this terminal to one. */
#include <stdio.h>
#include <string.h>

#include "account/account_internal.h"
#include "account/owner.h"
#include "box/box.h"
#include "box/joining.h"
#include "os/os.h"

#define JOIN_TRIES       4 /* others may sign entries at the same time */
#define RETENTION_DAYS   90
#define REPLACED_MAX     8
#define FOUNDING_ENTRIES 2 /* create and add_device */

/* This terminal as it is to be. */
struct newcomer {
	struct id16 id;
	struct secret *dsk_seed;
	struct sign_key *dsk;
	struct secret *dps;
	struct secret *root;
};

static void
newcomer_clear(struct newcomer *n)
{
	secret_free(n->dsk_seed);
	sign_key_free(n->dsk);
	secret_free(n->dps);
	secret_free(n->root);
	*n = (struct newcomer){ 0 };
}
AUTO_OBJ(newcomer_clear, struct newcomer);

/* @before  as it was to be before it was killed, its seed taken; NULL: as nobody was before. */
static int
newcomer_make(struct newcomer *n, struct joining *before, const struct account_keys *keys,
	      struct err *err)
{
	if (before) {
		n->id = before->device;
		n->dsk_seed = TAKE(before->dsk_seed);
	} else {
		os_random(n->id.b, sizeof n->id.b);
		if (secret_new_random(&n->dsk_seed, err) < 0)
			return -1;
	}
	if (sign_key_new(&n->dsk, n->dsk_seed, err) < 0 ||
	    account_device_psk(&n->dps, keys, n->id.b, err) < 0)
		return -1;
	return account_device_root(&n->root, keys, n->id.b, err);
}

/* Durably, before the server hears of it.  @invitation NULL: an account is joined. */
static int
newcomer_note(struct box *box, const struct newcomer *n, const struct id16 *account,
	      const struct id16 *invitation, struct err *err)
{
	const struct joining j = {
		.invitation = invitation ? *invitation : (struct id16){ { 0 } },
		.account = *account,
		.device = n->id,
		.dsk_seed = n->dsk_seed,
	};

	return joining_put(box, &j, err);
}

/* The add_device entry that comes next in @s, signed and appended to @out. */
static int
sign_added(struct buf *out, const struct log_state *s, const struct newcomer *n,
	   const struct account_keys *keys, const char *name, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	AUTO(buf_clear) struct buf name_box = BUF_INIT(LOG_NAME_BYTES_MAX);
	const struct account_newcomer who = {
		.id = n->id,
		.dsk_public = sign_key_public(n->dsk),
		.root = n->root,
		.name = name,
	};

	if (!e)
		return err_nomem(err);
	if (account_added_fill(e, &name_box, s, keys, &who, err) < 0 ||
	    log_device_sign(e, n->dsk, err) < 0)
		return -1;
	return log_entry_sign(out, e, keys->ask, NULL, err);
}

/* Put the newcomer into the Box. */
static int
settle(struct box *box, const struct remote *remote, const struct newcomer *n,
       const struct account_keys *keys, const struct log_state *s, struct span raw, struct err *err)
{
	struct identity_keys k = {
		.epoch = s->epoch,
		.dsk_seed = n->dsk_seed,
		.psk = keys->psk,
		.dps = n->dps,
		.root = n->root,
	};

	memcpy(k.ask_public, sign_key_public(keys->ask), sizeof k.ask_public);
	memcpy(k.aek_public, keys->aek_public, sizeof k.aek_public);
	if (account_settle(box, remote, &n->id, &k, s, err) < 0)
		return -1;
	return log_copy_adopt(box, s, raw, err);
}

/* Everything that POST /v1/accounts carries. */
struct founding {
	struct account_keys *keys;
	struct newcomer me;
	struct log_state log;
	struct buf create, added, raw;
	uint8_t passphrase_wrap[WRAP_BYTES], recovery_wrap[WRAP_BYTES];
};

static void
founding_clear(struct founding *f)
{
	account_keys_free(f->keys);
	newcomer_clear(&f->me);
	log_state_clear(&f->log);
	buf_clear(&f->create);
	buf_clear(&f->added);
	buf_clear(&f->raw);
	secret_wipe(f->passphrase_wrap, sizeof f->passphrase_wrap);
	secret_wipe(f->recovery_wrap, sizeof f->recovery_wrap);
}
AUTO_OBJ(founding_clear, struct founding);

/* Passphrase and recovery code, made into wraps and what the server needs to know of them. */
static int
found_credentials(struct founding *f, struct log_credentials *c,
		  const struct account_init_request *q, const struct recovery_code *code,
		  struct err *err)
{
	AUTO(unlock_keys_free) struct unlock_keys *p = NULL;
	AUTO(unlock_keys_free) struct unlock_keys *r = NULL;
	uint8_t salt[PASSPHRASE_SALT_BYTES];
	struct passphrase_cost cost = q->cost;
	const struct id16 *account = &f->log.account;

	if (account_new_passphrase(&p, salt, &cost, q->passphrase, account, err) < 0 ||
	    recovery_unlock(&r, c->recovery_find.b, code, err) < 0 ||
	    account_wrap(f->passphrase_wrap, WRAP_PASSPHRASE, cost, salt, LOG_FIRST_EPOCH,
			 FOUNDING_ENTRIES, p->kek, account, f->keys->ars, err) < 0 ||
	    account_wrap(f->recovery_wrap, WRAP_RECOVERY, cost, NULL, LOG_FIRST_EPOCH,
			 FOUNDING_ENTRIES, r->kek, account, f->keys->ars, err) < 0)
		return -1;
	memcpy(c->passphrase_login, sign_key_public(p->login), sizeof c->passphrase_login);
	memcpy(c->recovery_login, sign_key_public(r->login), sizeof c->recovery_login);
	log_wrap_hash(&c->passphrase_wrap_hash, SPAN_ARRAY(f->passphrase_wrap));
	log_wrap_hash(&c->recovery_wrap_hash, SPAN_ARRAY(f->recovery_wrap));
	return 0;
}

static int
found_create(struct founding *f, const struct account_init_request *q,
	     const struct recovery_code *code, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct id16 account;

	if (!e)
		return err_nomem(err);
	keys_account_id(account.b, sign_key_public(f->keys->ask));
	log_state_init(&f->log, &account);
	log_state_next(e, &f->log);
	e->type = LOG_CREATE;
	e->epoch = LOG_FIRST_EPOCH;
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	memcpy(e->ask_public, sign_key_public(f->keys->ask), sizeof e->ask_public);
	memcpy(e->aek_public, f->keys->aek_public, sizeof e->aek_public);
	keys_check(e->psk_check.b, f->keys->psk);
	e->retention_days = q->retention_days ? q->retention_days : RETENTION_DAYS;
	if (found_credentials(f, &e->credentials, q, code, err) < 0 ||
	    log_entry_sign(&f->create, e, f->keys->ask, NULL, err) < 0 ||
	    log_state_apply(&f->log, buf_span(&f->create), err) < 0)
		return -1;
	return wire_log_append(&f->raw, buf_span(&f->create), err);
}

/* The invitation is used: by us, and only the answer was lost?  Then this device can log in. */
static bool
was_founded(struct remote *remote, const struct founding *f)
{
	struct err why;

	if (!remote_problem_is(remote, PROBLEM_INVITATION_USED) &&
	    !remote_problem_is(remote, PROBLEM_EXISTS))
		return false;
	return remote_login_device(remote, &f->log.account, &f->me.id, f->me.dsk, &why) == 0;
}

static int
found_post(struct founding *f, struct remote *remote, const struct id16 *invitation,
	   struct err *err)
{
	struct wire_account account = {
		.invitation = *invitation,
		.create_entry = buf_span(&f->create),
		.add_device_entry = buf_span(&f->added),
		.passphrase_wrap = SPAN_ARRAY(f->passphrase_wrap),
		.recovery_wrap = SPAN_ARRAY(f->recovery_wrap),
	};
	struct wire_log_state answer;
	struct err why = { 0 };

	if (remote_account_create(remote, &account, &answer, &why) < 0) {
		if (was_founded(remote, f))
			return 0;
		if (err)
			*err = why;
		return -1;
	}
	if (answer.length == f->log.length && hash32_equal(&answer.head, &f->log.head))
		return 0;
	err_set(err, ERR_ALARM, "the server keeps another account than was sent");
	return err_hint(err, "save nothing there before its operator has looked at it");
}

/* All that the Box is to know, or nothing. */
static int
settle_founded(struct box *box, struct remote *remote, const struct founding *f, struct err *err)
{
	if (box_begin(box, err) < 0)
		return -1;
	if (settle(box, remote, &f->me, f->keys, &f->log, buf_span(&f->raw), err) < 0) {
		box_rollback(box);
		return -1;
	}
	if (box_commit(box, err) < 0)
		return -1;
	joining_drop(box);
	return 0;
}

int
account_init(struct recovery_code **recovery, struct box *box, struct remote *remote,
	     const struct account_init_request *q, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	AUTO(secret_free) struct secret *ars = NULL;
	AUTO(founding_clear)
	struct founding f = {
		.create = BUF_INIT(LOG_ENTRY_BYTES_MAX),
		.added = BUF_INIT(LOG_ENTRY_BYTES_MAX),
		.raw = BUF_INIT(LOG_COPY_BYTES_MAX),
	};

	if (account_none_yet(box, err) < 0 || account_name_check(q->name, err) < 0 ||
	    passphrase_check_new(q->passphrase, err) < 0 || recovery_code_new(&code, err) < 0 ||
	    secret_new_random(&ars, err) < 0 || account_keys_new(&f.keys, ars, err) < 0 ||
	    found_create(&f, q, code, err) < 0 || newcomer_make(&f.me, NULL, f.keys, err) < 0 ||
	    sign_added(&f.added, &f.log, &f.me, f.keys, q->name, err) < 0 ||
	    log_state_apply(&f.log, buf_span(&f.added), err) < 0 ||
	    wire_log_append(&f.raw, buf_span(&f.added), err) < 0)
		return -1;
	if (newcomer_note(box, &f.me, &f.log.account, &q->invitation, err) < 0 ||
	    found_post(&f, remote, &q->invitation, err) < 0 ||
	    settle_founded(box, remote, &f, err) < 0)
		return -1;

	*recovery = TAKE(code);
	return 0;
}

int
account_init_begun(struct box *box, struct remote *remote, const struct id16 *invitation,
		   struct err *err)
{
	AUTO(joining_clear) struct joining j = { 0 };
	AUTO(sign_key_free) struct sign_key *dsk = NULL;
	int rc = joining_get(&j, box, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (!id16_equal(&j.invitation, invitation))
		return 0;
	if (sign_key_new(&dsk, j.dsk_seed, err) < 0)
		return -1;
	if (remote_login_device(remote, &j.account, &j.device, dsk, err) == 0)
		return 1;
	return remote_problem_is(remote, PROBLEM_SIGNATURE) ? 0 : -1;
}

/* The replace_device entry that comes after @added. */
static int
sign_replaced(struct buf *out, const struct log_state *s, struct span added,
	      const struct newcomer *n, const struct wire_device *old,
	      const struct account_keys *keys, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();

	if (!e)
		return err_nomem(err);
	log_state_next(e, s);
	e->index++;
	log_entry_hash(&e->before, added);
	e->type = LOG_REPLACE_DEVICE;
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	e->device = n->id;
	e->old_device = old->device;
	e->trusted_seq = old->seq;
	e->trusted_head = old->head;
	return log_entry_sign(out, e, keys->ask, NULL, err);
}

static const struct wire_device *
find_device(const struct wire_heads *heads, const struct id16 *id)
{
	for (size_t i = 0; i < heads->n_devices; i++)
		if (id16_equal(&heads->devices[i].device, id))
			return &heads->devices[i];
	return NULL;
}

/* Nobody can tell an old state from the newest on a blank terminal but who has seen the others. */
static int
confirm(struct unlocked *u, const struct wire_heads *heads, const struct account_join_request *q,
	struct err *err)
{
	struct account_newest devices[ACCOUNT_DEVICES_MAX];
	size_t n;

	if (!q->confirm)
		return 0;
	newest_of_heads(devices, &n, u, heads);
	int rc = q->confirm(q->confirm_ctx, u, devices, n, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	err_set(err, ERR_CANCELLED, "this terminal did not join");
	return err_hint(err, "another terminal shows what should lie there: cloudbox status; ask "
			     "the server's operator why it does not");
}

/* One attempt: heads checked, entries signed and sent; but where the log has this device, which was
 * killed before it knew.  @old NULL: nobody is replaced. */
static int
join_once(struct unlocked *u, struct wire_heads *heads, const struct newcomer *n,
	  const struct account_join_request *q, const struct id16 *old, struct err *err)
{
	AUTO(buf_clear) struct buf added = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(buf_clear) struct buf replaced = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	const struct account_keys *keys = unlocked_now(u);
	const struct wire_device *there = NULL;
	struct span entries[2];

	wire_heads_clear(heads);
	if (unlocked_check_heads(u, heads, err) < 0 || confirm(u, heads, q, err) < 0)
		return -1;
	if (log_state_device(&u->log, &n->id))
		return 0;
	if (sign_added(&added, &u->log, n, keys, q->name, err) < 0)
		return -1;
	if (old) {
		there = find_device(heads, old);
		if (!there)
			return err_set(err, ERR_NOT_FOUND, "the server does not know device %s",
				       id16_hex(old).s);
		if (sign_replaced(&replaced, &u->log, buf_span(&added), n, there, keys, err) < 0)
			return -1;
	}
	entries[0] = buf_span(&added);
	entries[1] = buf_span(&replaced);
	return unlocked_post(u, entries, old ? 2 : 1, NULL, err);
}

/* Heads of the others for the next commit, and whose chunks this device may refer to. */
static int
note_devices(struct box *box, const struct unlocked *u, const struct wire_heads *heads,
	     const struct newcomer *n, struct err *err)
{
	const struct log_device *d = log_state_device(&u->log, &n->id);
	struct identity_device row;

	for (size_t i = 0; i < heads->n_devices && i < BATCH_HEADS_MAX; i++) {
		const struct wire_device *w = &heads->devices[i];

		if (id16_equal(&w->device, &n->id))
			continue;
		memcpy(row.device, w->device.b, sizeof row.device);
		row.seq = w->seq;
		memcpy(row.head, w->head.b, sizeof row.head);
		if (identity_put_head(box, &row, err) < 0)
			return -1;
	}
	for (int deep = 0; d && !id16_is_zero(&d->replaces) && deep < REPLACED_MAX; deep++) {
		d = log_state_device(&u->log, &d->replaces);
		if (!d)
			break;
		memcpy(row.device, d->id.b, sizeof row.device);
		row.seq = d->trusted_seq;
		memcpy(row.head, d->trusted_head.b, sizeof row.head);
		if (identity_put_replaced(box, &row, err) < 0)
			return -1;
	}
	return 0;
}

/* All that the Box is to know, or nothing: a terminal that was killed in between joins again. */
static int
settle_joined(struct box *box, struct remote *remote, const struct unlocked *u,
	      const struct wire_heads *heads, const struct newcomer *n, bool by_recovery,
	      struct err *err)
{
	if (box_begin(box, err) < 0)
		return -1;
	if (settle(box, remote, n, unlocked_now(u), &u->log, buf_span(&u->raw), err) < 0 ||
	    note_devices(box, u, heads, n, err) < 0 ||
	    (by_recovery && identity_set_recovery_confirmed(box, true, err) < 0)) {
		box_rollback(box);
		return -1;
	}
	if (box_commit(box, err) < 0)
		return -1;
	joining_drop(box);
	return 0;
}

/* Whether @j is a device of this account that this terminal can be: alive, with keys of the present
 * epoch, in the place of @old if anybody's; or none yet. */
static bool
can_be(const struct joining *j, const struct unlocked *u, const struct id16 *old, struct err *err)
{
	AUTO(sign_key_free) struct sign_key *dsk = NULL;
	const struct log_device *d = log_state_device(&u->log, &j->device);

	if (!id16_equal(&j->account, &u->account))
		return false;
	if (!d)
		return true;
	return d->state == DEVICE_ALIVE && d->epoch_added == u->log.epoch &&
	       (!old || id16_equal(&d->replaces, old)) &&
	       sign_key_new(&dsk, j->dsk_seed, err) == 0 &&
	       memcmp(d->dsk_public, sign_key_public(dsk), sizeof d->dsk_public) == 0;
}

/* The device that this terminal was about to become when it was killed, or another one. */
static int
newcomer_of(struct newcomer *n, struct box *box, const struct unlocked *u, const struct id16 *old,
	    struct err *err)
{
	AUTO(joining_clear) struct joining j = { 0 };
	int rc = joining_get(&j, box, err);

	if (rc < 0)
		return -1;
	bool again = rc == 0 && can_be(&j, u, old, err);
	if (newcomer_make(n, again ? &j : NULL, unlocked_now(u), err) < 0)
		return -1;
	return again ? 0 : newcomer_note(box, n, &u->account, NULL, err);
}

int
account_init_finish(struct recovery_code **recovery, struct box *box, struct remote *remote,
		    const struct passphrase *passphrase, struct err *err)
{
	const struct account_credential with = { .passphrase = passphrase };
	const struct wire_heads alone = { 0 };
	AUTO(joining_clear) struct joining j = { 0 };
	AUTO(unlocked_free) struct unlocked *u = NULL;
	AUTO(newcomer_clear) struct newcomer me = { 0 };
	int rc = joining_get(&j, box, err);

	if (rc || account_none_yet(box, err) < 0)
		return rc <= 0 ? -1 : err_set(err, ERR_NOT_FOUND, "no account was begun here");
	if (unlocked_open(&u, remote, &j.account, &with, err) < 0)
		return -1;
	if (!log_state_device(&u->log, &j.device) || !can_be(&j, u, NULL, err))
		return err_set(err, ERR_REVOKED, "this device is shut out of the account");
	if (newcomer_make(&me, &j, unlocked_now(u), err) < 0 ||
	    settle_joined(box, remote, u, &alone, &me, false, err) < 0)
		return -1;
	/* Nobody has seen the code of then. */
	return account_recovery_change(recovery, u, box, err);
}

int
account_join(struct unlocked **out, struct box *box, struct remote *remote,
	     const struct account_join_request *q, struct err *err)
{
	AUTO(unlocked_free) struct unlocked *u = NULL;
	AUTO(newcomer_clear) struct newcomer me = { 0 };
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	struct id16 old;
	struct err why = { 0 };
	int rc = -1;

	if (account_none_yet(box, err) < 0 || account_name_check(q->name, err) < 0 ||
	    unlocked_open(&u, remote, q->account, &q->with, err) < 0)
		return -1;
	if (q->replace && unlocked_device_find(&old, u, q->replace, err) < 0)
		return -1;
	if (newcomer_of(&me, box, u, q->replace ? &old : NULL, err) < 0)
		return -1;
	for (int i = 0; i < JOIN_TRIES && rc < 0; i++) {
		rc = join_once(u, &heads, &me, q, q->replace ? &old : NULL, &why);
		if (rc < 0 && why.code != ERR_CONFLICT)
			break;
	}
	if (rc < 0) {
		if (err)
			*err = why;
		return -1;
	}
	if (settle_joined(box, remote, u, &heads, &me, q->with.recovery, err) < 0)
		return -1;
	names_keep_all(box, u);

	if (out)
		*out = TAKE(u);
	return 0;
}
