/* SPDX-License-Identifier: Apache-2.0 */
/* unlock: from a passphrase or a recovery code to the account's root secret, and what it opens. */
#include <string.h>

#include "account/account_internal.h"
#include "account/session.h"
#include "account/standing.h"
#include "base/text.h"
#include "os/os.h"

#define WRAPS_BYTES_MAX 4096

void
unlocked_free(struct unlocked *u)
{
	if (!u)
		return;
	remote_renew(u->remote, LOGIN_GET, NULL);
	for (uint64_t i = 0; u->keys && i < u->n_keys; i++)
		account_keys_free(u->keys[i]);
	free(u->keys);
	unlock_keys_free(u->credential);
	log_state_clear(&u->log);
	buf_clear(&u->raw);
	secret_wipe(u->passphrase_wrap, sizeof u->passphrase_wrap);
	secret_wipe(u->recovery_wrap, sizeof u->recovery_wrap);
	free(u);
}

static int
wrong(const struct unlocked *u, struct err *err)
{
	if (u->by_session) {
		err_set(err, ERR_LOCKED,
			"the held session opens the account no more: its passphrase or recovery "
			"code was changed");
		return err_hint(err, "cloudbox lock ends the session");
	}
	if (u->kind != LOGIN_PASSPHRASE)
		return err_set(err, ERR_LOCKED, "the recovery code is not of this account");
	err_set(err, ERR_LOCKED, "the passphrase is wrong");
	return err_hint(err,
			"try again; who lost it gets in with the recovery code: cloudbox join URL "
			"--recovery");
}

/* A login that is under way. */
struct login {
	struct wire_login_start start;
	struct wire_login_challenge challenge;
};

/* Its first half: who, and at which cost the passphrase becomes keys. */
static int
ask_challenge(struct login *out, struct unlocked *u, const struct id16 *account,
	      const struct id16 *find, struct err *err)
{
	out->start = (struct wire_login_start){
		.by = account ? WIRE_BY_ACCOUNT : WIRE_BY_RECOVERY_FIND,
		.kind = u->kind,
		.id = account ? *account : *find,
	};
	if (remote_login_start(u->remote, &out->start, &out->challenge, err) < 0)
		return -1;
	if (account && !id16_equal(account, &out->challenge.account))
		return wrong(u, err);
	u->account = out->challenge.account;
	return 0;
}

static int
log_in(struct unlocked *u, const struct login *l, struct err *err)
{
	int rc;

	if (!u->credential)
		return err_set(err, ERR_INTERNAL, "no credential to log in with");
	rc = remote_login_finish(u->remote, &l->start, &l->challenge, LOGIN_GET,
				 u->credential->login, err);
	if (rc < 0 && remote_problem_is(u->remote, PROBLEM_SIGNATURE))
		return wrong(u, err);
	return rc;
}

/* By the keys of a session: by account id, as a login that is repeated. */
static int
log_in_by_session(struct unlocked *u, const struct id16 *account,
		  const struct account_session *session, struct err *err)
{
	struct login l;

	u->kind = session->kind;
	u->by_session = true;
	if (!account || !id16_equal(account, &session->account))
		return err_set(err, ERR_LOCKED, "the held session is of another account");
	if (unlock_keys_from(&u->credential, session->kek, session->login_seed, err) < 0 ||
	    ask_challenge(&l, u, account, NULL, err) < 0)
		return -1;
	return log_in(u, &l, err);
}

static int
log_in_with(struct unlocked *u, const struct id16 *account, const struct account_credential *with,
	    struct err *err)
{
	struct login l;
	struct passphrase_cost cost;
	struct id16 find;

	if (with->session)
		return log_in_by_session(u, account, with->session, err);
	if (with->passphrase) {
		u->kind = LOGIN_PASSPHRASE;
		if (ask_challenge(&l, u, account, NULL, err) < 0)
			return -1;
		cost.memory_kib = l.challenge.memory_kib;
		cost.passes = l.challenge.passes;
		if (passphrase_unlock(&u->credential, with->passphrase, cost, u->account.b,
				      l.challenge.salt, err) < 0)
			return -1;
	} else {
		u->kind = LOGIN_RECOVERY;
		if (recovery_unlock(&u->credential, find.b, with->recovery, err) < 0 ||
		    ask_challenge(&l, u, NULL, &find, err) < 0)
			return -1;
		if (account && !id16_equal(account, &u->account))
			return wrong(u, err);
	}
	return log_in(u, &l, err);
}

/* By account id for either kind: the code's keys are known already. */
static int
log_in_again(void *ctx, struct remote *remote, struct err *err)
{
	struct unlocked *u = ctx;
	struct login l;

	(void)remote; /* is u's */
	return ask_challenge(&l, u, &u->account, NULL, err) < 0 ? -1 : log_in(u, &l, err);
}

static int
keep_wrap(uint8_t out[static WRAP_BYTES], struct span bytes, struct err *err)
{
	if (bytes.n != WRAP_BYTES)
		return err_set(err, ERR_FORMAT, "a wrap that the server gives has %zu bytes",
			       bytes.n);
	memcpy(out, bytes.p, WRAP_BYTES);
	return 0;
}

/* Both wraps are kept (a new passphrase needs the other one, too); ours is opened. */
static int
open_wrap(struct secret **ars, struct wrap *wrap, struct unlocked *u, struct err *err)
{
	AUTO(buf_clear) struct buf held = BUF_INIT(WRAPS_BYTES_MAX);
	struct wire_wraps wraps;
	const uint8_t *ours = u->kind == LOGIN_PASSPHRASE ? u->passphrase_wrap : u->recovery_wrap;

	if (remote_wraps(u->remote, &wraps, &held, err) < 0 ||
	    keep_wrap(u->passphrase_wrap, wraps.passphrase_wrap, err) < 0 ||
	    keep_wrap(u->recovery_wrap, wraps.recovery_wrap, err) < 0 ||
	    wrap_decode(wrap, span_of(ours, WRAP_BYTES), err) < 0)
		return -1;
	if (wrap_open(ars, wrap, u->credential->kek, u->account.b, err) < 0)
		return err_wrap(err, "the wrap that the server gives");
	return 0;
}

static int
alarm(struct err *err, const char *what)
{
	err_set(err, ERR_ALARM, "the server shows another history than it should: %s", text(what));
	return err_hint(err, "compare with another device, and ask the server's operator, before "
			     "going on");
}

/* The log against what only the ARS and the wrap can tell. */
static int
check_log(struct unlocked *u, const struct wrap *wrap, struct err *err)
{
	const struct account_keys *now = u->keys[u->n_keys - 1];
	struct hash32 psk_check, p, r;

	keys_check(psk_check.b, now->psk);
	if (memcmp(u->log.ask_public, sign_key_public(now->ask), CRYPTO_PUBLIC_BYTES) != 0 ||
	    memcmp(u->log.aek_public, now->aek_public, CRYPTO_PUBLIC_BYTES) != 0 ||
	    !hash32_equal(&u->log.psk_check, &psk_check))
		return err_set(err, ERR_AUTH, "the account log is not signed by this account");
	if (u->log.length < wrap->log_length || u->log.epoch != wrap->epoch)
		return alarm(err,
			     N_("its account log is shorter than when the passphrase was set"));
	log_wrap_hash(&p, SPAN_ARRAY(u->passphrase_wrap));
	log_wrap_hash(&r, SPAN_ARRAY(u->recovery_wrap));
	if (!hash32_equal(&p, &u->log.credentials.passphrase_wrap_hash) ||
	    !hash32_equal(&r, &u->log.credentials.recovery_wrap_hash))
		return alarm(err, N_("a wrap is not the one that the account log names"));
	return 0;
}

/* The ARS of each epoch opens the one before it, by the rotate entries; newest first. */
static int
open_epochs(struct unlocked *u, const struct secret *ars, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	uint64_t n = u->log.epoch;

	if (!e || n == 0 || n > LOG_DEVICES_EVER_MAX)
		return e ? err_set(err, ERR_LIMIT, "the account has too many epochs")
			 : err_nomem(err);
	u->keys = calloc(n, sizeof(struct account_keys *));
	if (!u->keys)
		return err_nomem(err);
	u->n_keys = n;
	if (account_keys_new(&u->keys[n - 1], ars, err) < 0)
		return -1;
	for (uint64_t epoch = n - 1; epoch >= LOG_FIRST_EPOCH; epoch--) {
		AUTO(secret_free) struct secret *old = NULL;
		struct span in = buf_span(&u->raw), entry;
		uint8_t plain[SECRET_BYTES];
		bool found = false;
		int rc = 0;

		while (!found && (rc = wire_log_next(&entry, &in, err)) == 0) {
			if (log_entry_decode(e, entry, err) < 0)
				return -1;
			found = e->type == LOG_ROTATE && e->epoch == epoch;
		}
		if (!found)
			return rc < 0 ? -1
				      : err_set(err, ERR_AUTH, "the account log lacks a rotation");
		if (wrap_box_open(plain, sizeof plain, u->keys[epoch]->ars, u->account.b,
				  DS(DS_OLD_ARS, DS_NUM(epoch)), e->old_ars_box, err) < 0)
			return err_wrap(err, "the keys of an earlier epoch");
		rc = secret_from_bytes(&old, plain, err);
		secret_wipe(plain, sizeof plain);
		if (rc < 0 || account_keys_new(&u->keys[epoch - 1], old, err) < 0)
			return -1;
	}
	return 0;
}

int
unlocked_log_more(struct unlocked *u, struct err *err)
{
	AUTO(buf_clear) struct buf more = BUF_INIT(REMOTE_LOG_BYTES_MAX);
	struct remote *remote = unlocked_remote(u, err);

	if (!remote || remote_log(remote, u->log.length, &more, err) < 0)
		return -1;
	if (log_copy_apply(&u->log, buf_span(&more), err) < 0)
		return err_wrap(err, "the account log that the server gives");
	return buf_append(&u->raw, buf_span(&more), err);
}

int
unlocked_open(struct unlocked **out, struct remote *remote, const struct id16 *account,
	      const struct account_credential *with, struct err *err)
{
	AUTO(unlocked_free) struct unlocked *u = unlocked_new(remote);
	AUTO(secret_free) struct secret *ars = NULL;
	struct wrap wrap;

	if (!u)
		return err_nomem(err);
	if (log_in_with(u, account, with, err) < 0)
		return -1;
	remote_renew(remote, LOGIN_GET,
		     &(struct remote_renewal){ .ctx = u, .log_in = log_in_again });
	if (open_wrap(&ars, &wrap, u, err) < 0)
		return -1;
	log_state_init(&u->log, &u->account);
	if (unlocked_log_more(u, err) < 0 || open_epochs(u, ars, err) < 0 ||
	    check_log(u, &wrap, err) < 0)
		return -1;
	/* A delete_account entry that still stands in the log was called off by this very login. */
	*out = TAKE(u);
	return 0;
}

int
account_unlock(struct unlocked **out, struct box *box, struct remote *remote,
	       const struct account_credential *with, struct err *err)
{
	AUTO(unlocked_free) struct unlocked *u = NULL;
	const struct identity *me;
	struct hash32 known;
	struct id16 account;
	uint64_t known_length;

	if (box_identity_need(&me, box, err) < 0)
		return -1;
	memcpy(account.b, me->account, sizeof account.b);
	if (unlocked_open(&u, remote, &account, with, err) < 0)
		return account_gone(box, remote, err);
	if (u->log.length < me->log_length ||
	    log_copy_hash_at(&known, buf_span(&u->raw), me->log_length - 1, err) < 0 ||
	    memcmp(known.b, me->log_head, sizeof known.b) != 0)
		return alarm(err, N_("its account log does not continue the one that this "
				     "terminal knows"));
	known_length = me->log_length;
	/* A device that is shut out may still read what it is let read. */
	if (log_copy_adopt(box, &u->log, buf_span(&u->raw), err) < 0 && err &&
	    err->code != ERR_REVOKED)
		return -1;
	names_keep_all(box, u);
	if (standing_called_off(&u->called_off, box, &u->log, buf_span(&u->raw), known_length,
				err) < 0)
		return -1;

	*out = TAKE(u);
	return 0;
}

unsigned
unlocked_called_off(const struct unlocked *u)
{
	return u->called_off;
}

struct remote *
unlocked_remote(struct unlocked *u, struct err *err)
{
	if (remote_logged_in(u->remote, LOGIN_GET) || log_in_again(u, u->remote, err) == 0)
		return u->remote;
	return NULL;
}

const struct id16 *
unlocked_account(const struct unlocked *u)
{
	return &u->account;
}

const struct log_state *
unlocked_log(const struct unlocked *u)
{
	return &u->log;
}

const struct account_keys *
unlocked_keys(const struct unlocked *u, uint64_t epoch)
{
	return epoch >= LOG_FIRST_EPOCH && epoch <= u->n_keys ? u->keys[epoch - 1] : NULL;
}

const struct account_keys *
unlocked_now(const struct unlocked *u)
{
	return u->keys[u->n_keys - 1];
}

int
unlocked_device_keys(struct device_keys **out, const struct unlocked *u, const struct id16 *device,
		     struct err *err)
{
	const struct log_device *d = log_state_device(&u->log, device);
	const struct account_keys *keys = d ? unlocked_keys(u, d->epoch_added) : NULL;
	AUTO(secret_free) struct secret *root = NULL;

	if (!keys)
		return err_set(err, ERR_NOT_FOUND, "there is no device %s in this account",
			       id16_hex(device).s);
	if (account_device_root(&root, keys, device->b, err) < 0)
		return -1;
	return device_keys_new(out, root, err);
}

void
unlocked_device_name(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], const struct unlocked *u,
		     const struct id16 *device)
{
	const struct log_device *d = log_state_device(&u->log, device);
	const struct account_keys *keys = d ? unlocked_keys(u, d->name_epoch) : NULL;

	out[0] = 0;
	if (keys)
		account_name_open(out, d, &u->account, keys->psk, d->name_epoch);
}

/* Every device and its name, for a message. */
static int
list_devices(const struct unlocked *u, enum err_code code, const char *what, const char *named,
	     struct err *err)
{
	AUTO(buf_clear) struct buf list = BUF_INIT(64u << 10);

	for (size_t i = 0; i < u->log.n_devices; i++) {
		char name[ACCOUNT_DEVICE_NAME_MAX + 1];

		unlocked_device_name(name, u, &u->log.devices[i].id);
		if (buf_append_fmt(&list, err, "%s%.8s (%s)", i ? ", " : "",
				   id16_hex(&u->log.devices[i].id).s, name) < 0)
			return -1;
	}
	return err_set(err, code, "%s: %s; there are %s", named, what, buf_str(&list));
}

int
unlocked_device_find(struct id16 *out, const struct unlocked *u, const char *typed, struct err *err)
{
	size_t n = strlen(typed), found = 0;
	const struct log_device *hit = NULL;

	for (int by_name = 0; by_name < 2 && found == 0; by_name++)
		for (size_t i = 0; i < u->log.n_devices; i++) {
			const struct log_device *d = &u->log.devices[i];
			char name[ACCOUNT_DEVICE_NAME_MAX + 1];
			bool is;

			unlocked_device_name(name, u, &d->id);
			is = by_name ? strcmp(name, typed) == 0
				     : n >= 4 && strncasecmp(id16_hex(&d->id).s, typed, n) == 0;
			if (is) {
				found++;
				hit = d;
			}
		}
	if (found == 0)
		return list_devices(u, ERR_NOT_FOUND, _("no such device"), typed, err);
	if (found > 1)
		return list_devices(u, ERR_AMBIGUOUS, _("several devices"), typed, err);
	*out = hit->id;
	return 0;
}
