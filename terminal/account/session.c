/* SPDX-License-Identifier: Apache-2.0 */
/* session: see session.h. */
#include "account/session.h"

#include <string.h>

#include "account/account_internal.h"

#define VERSION 1

enum {
	AT_VERSION = 0,
	AT_KIND = 1,
	AT_ACCOUNT = 2,
	AT_KEK = AT_ACCOUNT + CRYPTO_ID_BYTES,
	AT_LOGIN = AT_KEK + SECRET_BYTES,
};
_Static_assert(AT_LOGIN + SECRET_BYTES == ACCOUNT_SESSION_BYTES, "the table in session.h");

static bool
is_kind(uint8_t kind)
{
	return kind == LOGIN_PASSPHRASE || kind == LOGIN_RECOVERY;
}

int
account_session_of(struct account_session **out, const struct unlocked *u, struct err *err)
{
	AUTO(account_session_free) struct account_session *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->account = u->account;
	s->kind = u->kind;
	if (secret_from_bytes(&s->kek, secret_bytes(u->credential->kek), err) < 0 ||
	    sign_key_seed(&s->login_seed, u->credential->login, err) < 0)
		return -1;
	*out = TAKE(s);
	return 0;
}

void
account_session_free(struct account_session *s)
{
	if (!s)
		return;
	secret_free(s->kek);
	secret_free(s->login_seed);
	free(s);
}

void
account_session_encode(uint8_t out[static ACCOUNT_SESSION_BYTES], const struct account_session *s)
{
	out[AT_VERSION] = VERSION;
	out[AT_KIND] = (uint8_t)s->kind;
	memcpy(out + AT_ACCOUNT, s->account.b, sizeof s->account.b);
	memcpy(out + AT_KEK, secret_bytes(s->kek), SECRET_BYTES);
	memcpy(out + AT_LOGIN, secret_bytes(s->login_seed), SECRET_BYTES);
}

int
account_session_decode(struct account_session **out, struct span bytes, struct err *err)
{
	AUTO(account_session_free) struct account_session *s = NULL;

	if (bytes.n != ACCOUNT_SESSION_BYTES || bytes.p[AT_VERSION] != VERSION ||
	    !is_kind(bytes.p[AT_KIND]))
		return err_set(err, ERR_FORMAT, "these bytes are no session");
	s = calloc(1, sizeof *s);
	if (!s)
		return err_nomem(err);
	s->kind = (enum login_kind)bytes.p[AT_KIND];
	memcpy(s->account.b, bytes.p + AT_ACCOUNT, sizeof s->account.b);
	if (secret_from_bytes(&s->kek, bytes.p + AT_KEK, err) < 0 ||
	    secret_from_bytes(&s->login_seed, bytes.p + AT_LOGIN, err) < 0)
		return -1;
	*out = TAKE(s);
	return 0;
}
