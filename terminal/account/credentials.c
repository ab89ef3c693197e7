/* SPDX-License-Identifier: Apache-2.0 */
/* credentials: another passphrase, another recovery code: a rewrap entry and a new wrap. */
#include <string.h>

#include "account/account_internal.h"
#include "os/os.h"

#define REWRAP_TRIES 4

/* Sign and send a rewrap entry for @c, whose wraps are those of @u but for one. */
static int
rewrap(struct unlocked *u, const struct log_credentials *c, const uint8_t passphrase[WRAP_BYTES],
       const uint8_t recovery[WRAP_BYTES], struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	AUTO(buf_clear) struct buf entry = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct wire_wraps wraps = {
		.passphrase_wrap = span_of(passphrase, WRAP_BYTES),
		.recovery_wrap = span_of(recovery, WRAP_BYTES),
	};
	struct span span;

	if (!e)
		return err_nomem(err);
	log_state_next(e, &u->log);
	e->type = LOG_REWRAP;
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	e->credentials = *c;
	log_wrap_hash(&e->credentials.passphrase_wrap_hash, wraps.passphrase_wrap);
	log_wrap_hash(&e->credentials.recovery_wrap_hash, wraps.recovery_wrap);
	if (log_entry_sign(&entry, e, unlocked_now(u)->ask, NULL, err) < 0)
		return -1;
	span = buf_span(&entry);
	if (unlocked_post(u, &span, 1, &wraps, err) < 0)
		return -1;
	memmove(u->passphrase_wrap, passphrase, WRAP_BYTES);
	memmove(u->recovery_wrap, recovery, WRAP_BYTES);
	return 0;
}

/* One of the two wraps is made anew with @keys, under the log as it is at each try. */
static int
replace_wrap(struct unlocked *u, enum wrap_kind kind, struct passphrase_cost cost,
	     const uint8_t *salt, const struct unlock_keys *keys, const struct id16 *find,
	     struct err *err)
{
	struct err why = { 0 };

	for (int i = 0; i < REWRAP_TRIES; i++) {
		AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
		struct log_credentials c;
		uint8_t made[WRAP_BYTES];
		int rc;

		if (unlocked_check_heads(u, &heads, err) < 0 ||
		    account_wrap(made, kind, cost, salt, u->log.epoch, u->log.length + 1, keys->kek,
				 &u->account, unlocked_now(u)->ars, err) < 0)
			return -1;
		c = u->log.credentials;
		if (kind == WRAP_PASSPHRASE) {
			memcpy(c.passphrase_login, sign_key_public(keys->login),
			       sizeof c.passphrase_login);
			rc = rewrap(u, &c, made, u->recovery_wrap, &why);
		} else {
			memcpy(c.recovery_login, sign_key_public(keys->login),
			       sizeof c.recovery_login);
			c.recovery_find = *find;
			rc = rewrap(u, &c, u->passphrase_wrap, made, &why);
		}
		if (rc == 0)
			return 0;
		if (why.code != ERR_CONFLICT)
			break;
	}
	if (err)
		*err = why;
	return -1;
}

int
account_passphrase_change(struct unlocked *u, struct box *box,
			  const struct passphrase *new_passphrase, struct err *err)
{
	AUTO(unlock_keys_free) struct unlock_keys *keys = NULL;
	uint8_t salt[PASSPHRASE_SALT_BYTES];
	struct passphrase_cost cost = { 0 };

	if (account_new_passphrase(&keys, salt, &cost, new_passphrase, &u->account, err) < 0 ||
	    replace_wrap(u, WRAP_PASSPHRASE, cost, salt, keys, NULL, err) < 0 ||
	    log_copy_adopt(box, &u->log, buf_span(&u->raw), err) < 0)
		return -1;
	if (u->kind == LOGIN_PASSPHRASE) { /* by which to log in from now on */
		unlock_keys_free(u->credential);
		u->credential = TAKE(keys);
	}
	return 0;
}

int
account_recovery_change(struct recovery_code **code, struct unlocked *u, struct box *box,
			struct err *err)
{
	AUTO(unlock_keys_free) struct unlock_keys *keys = NULL;
	AUTO(recovery_code_free) struct recovery_code *made = NULL;
	struct passphrase_cost none = { 0 };
	struct id16 find;

	if (recovery_code_new(&made, err) < 0 || recovery_unlock(&keys, find.b, made, err) < 0 ||
	    replace_wrap(u, WRAP_RECOVERY, none, NULL, keys, &find, err) < 0 ||
	    log_copy_adopt(box, &u->log, buf_span(&u->raw), err) < 0 ||
	    identity_set_recovery_confirmed(box, false, err) < 0)
		return -1;
	if (u->kind == LOGIN_RECOVERY) {
		unlock_keys_free(u->credential);
		u->credential = TAKE(keys);
	}
	*code = TAKE(made);
	return 0;
}

int
account_recovery_check(struct box *box, const struct recovery_code *code, struct err *err)
{
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	AUTO(unlock_keys_free) struct unlock_keys *keys = NULL;
	struct id16 find;

	if (log_copy_read(&s, &raw, box, err) < 0 || recovery_unlock(&keys, find.b, code, err) < 0)
		return -1;
	if (!crypto_equal(find.b, s.credentials.recovery_find.b, sizeof find.b) ||
	    !crypto_equal(sign_key_public(keys->login), s.credentials.recovery_login,
			  CRYPTO_PUBLIC_BYTES))
		return err_set(err, ERR_LOCKED, "this is not the recovery code of this account");
	return 0;
}
