/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/accounts, /v1/login/start, /v1/login/finish.
 *
 * An unknown account is answered like a known one until the signature: cost and salt are made up,
 * always the same ones.
 */
#include <stdlib.h>

#include "api/server.h"
#include "os/os.h"

/* A client's clock may be wrong by this much: the challenge itself lives LOGIN_VALID_S by ours. */
#define CLOCK_TOLERANCE_S (24 * 3600)

/* --- a new account --- */

struct registering {
	struct change change; /* first */
	struct registration registration;
	int64_t now_unix_ms;
};

static int
register_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct registering *r = (struct registering *)c;

	return registration_commit(tx, &r->registration, r->now_unix_ms, p, err);
}

static void
register_answer(struct change *c)
{
	struct registering *r = (struct registering *)c;
	AUTO(buf_clear) struct buf body = BUF_INIT(64);
	struct wire_log_state state = {
		.length = r->registration.log.length,
		.head = r->registration.log.head,
		.server_unix_ms = (uint64_t)r->now_unix_ms,
	};
	struct err err;

	if (wire_log_state_encode(&body, &state, &err) < 0)
		http_fail(c->x, &err);
	else
		http_answer(c->x, 201, &body);
}

void
accounts_end(struct exchange *x)
{
	struct wire_account asked;
	struct problem p;
	struct err err;
	struct registering *r;

	if (!api_room(x))
		return;
	if (wire_account_decode(&asked, buf_span(&x->body), &err) < 0) {
		http_malformed(x, &err);
		return;
	}
	x->state = r = calloc(1, sizeof *r);
	if (!r) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	r->now_unix_ms = os->now_unix_ms();
	int rc = registration_check(&r->registration, &asked, &p, &err);
	if (rc < 0)
		http_fail(x, &err);
	else if (rc == REFUSED)
		http_problem(x, &p);
	else
		api_change(x, &r->change, register_rule, register_answer);
}

void
accounts_drop(struct exchange *x)
{
	struct registering *r = x->state;

	if (r)
		registration_clear(&r->registration);
	free(r);
}

/* --- login --- */

struct starting {
	const struct server *server;
	struct wire_login_start asked;
	struct wire_login_challenge answer;
};

static int
copy_kdf(struct catalog_tx *tx, struct starting *s, struct err *err)
{
	AUTO(buf_clear) struct buf passphrase = BUF_INIT(WIRE_WRAP_BYTES_MAX);
	AUTO(buf_clear) struct buf recovery = BUF_INIT(WIRE_WRAP_BYTES_MAX);
	struct wrap w;
	int rc = tx->ops->wraps_get(tx, &s->answer.account, &passphrase, &recovery, err);

	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_FORMAT, "an account has no wraps");
	if (wrap_decode(&w, buf_span(&passphrase), err) < 0)
		return -1;
	s->answer.passes = w.cost.passes;
	s->answer.memory_kib = w.cost.memory_kib;
	memcpy(s->answer.salt, w.salt, sizeof s->answer.salt);
	return 0;
}

static int
start_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct starting *s = ctx;
	struct catalog_account a;
	bool by_find = s->asked.by == WIRE_BY_RECOVERY_FIND;
	int rc = by_find ? tx->ops->account_find(tx, &a, &s->asked.id, err)
			 : tx->ops->account_get(tx, &a, &s->asked.id, err);

	(void)p;
	if (rc < 0)
		return -1;
	if (rc == 0)
		s->answer.account = a.account;
	else if (by_find)
		decoy_account(&s->server->decoy, &s->asked.id, &s->answer.account);
	else
		s->answer.account = s->asked.id;
	if (s->asked.kind != LOGIN_PASSPHRASE)
		return 0; /* no passphrase, no cost */
	if (rc == 0)
		return copy_kdf(tx, s, err);
	decoy_kdf(&s->server->decoy, &s->answer.account, &s->answer);
	return 0;
}

void
login_start_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(256);
	struct starting s = { .server = server_of(x) };
	struct err err;

	if (wire_login_start_decode(&s.asked, buf_span(&x->body), &err) < 0) {
		http_malformed(x, &err);
		return;
	}
	if (!api_read(x, start_rule, &s))
		return;
	struct session who = {
		.account = s.answer.account,
		.kind = s.asked.kind,
		.device = s.asked.device,
	};
	sessions_challenge(s.server->sessions, &who, s.answer.challenge);
	api_answer(x, wire_login_challenge_encode(&body, &s.answer, &err), &body, &err);
}

struct finishing {
	const struct server *server;
	struct wire_login_finish asked;
	struct session who; /* as asked */
	bool known;
	uint8_t key[CRYPTO_PUBLIC_BYTES];
	int state;      /* 0, or the problem of a device or account that may do nothing */
	bool calls_off; /* a person, while something waits that his coming calls off */
};

/* The key that must have signed; whether the account may be used is told only to who has it. */
static int
finish_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct finishing *f = ctx;
	struct catalog_account a;
	struct catalog_device d;
	struct problem state;
	int rc = tx->ops->account_get(tx, &a, &f->who.account, err);

	(void)p;
	f->state = -1;
	if (rc)
		return rc < 0 ? -1 : 0;
	switch (f->asked.auth.kind) {
	case LOGIN_PASSPHRASE:
		memcpy(f->key, a.passphrase_key, sizeof f->key);
		break;
	case LOGIN_RECOVERY:
		memcpy(f->key, a.recovery_key, sizeof f->key);
		break;
	case LOGIN_DEVICE:
		rc = tx->ops->device_get(tx, &d, &a.account, &f->who.device, err);
		if (rc)
			return rc < 0 ? -1 : 0;
		memcpy(f->key, d.key, sizeof f->key);
		if (gate_device(tx, &a.account, &d.device, &d, &state, err) == REFUSED)
			f->state = (int)state.word;
		break;
	}
	if (a.suspended)
		f->state = PROBLEM_SUSPENDED;
	f->calls_off = f->asked.auth.kind != LOGIN_DEVICE && account_is_relaxing(&a);
	f->known = true;
	return 0;
}

/* Whether kind and scope go together: a device puts, a person gets. */
static bool
scope_fits(const struct login_auth *a)
{
	return a->kind == LOGIN_DEVICE ? a->scope == LOGIN_PUT : a->scope == LOGIN_GET;
}

static bool
expiry_fits(uint64_t expires_unix_s)
{
	uint64_t now_s = (uint64_t)os->now_unix_ms() / 1000;

	return expires_unix_s + CLOCK_TOLERANCE_S > now_s &&
	       expires_unix_s < now_s + LOGIN_VALID_S + CLOCK_TOLERANCE_S;
}

/* *@fits: it is this challenge's, by the one who says so.  ERR_NOMEM: it was not looked at. */
static int
judge_signature(bool *fits, const struct finishing *f, struct err *err)
{
	struct login_auth auth = f->asked.auth;

	*fits = false;
	memcpy(auth.spki_hash, f->server->spki_hash, sizeof auth.spki_hash);
	if (!f->known || !expiry_fits(auth.expires_unix_s) ||
	    !sessions_challenge_fits(f->server->sessions, &f->who, auth.challenge))
		return 0;
	if (login_verify(f->asked.signature, f->key, &auth, err) < 0)
		return err->code == ERR_AUTH ? 0 : -1;
	*fits = sessions_challenge_use(f->server->sessions, auth.challenge, f->asked.signature);
	return 0;
}

/* Whoever logs in while the credentials change is judged by the new ones. */
#define FINISH_TRIES 4

/* Judge, and grant a token: the body to answer with.  False: refused or failed, answered. */
static bool
finish(struct exchange *x, struct finishing *f, struct wire_token *token)
{
	struct sessions *sessions = f->server->sessions;
	struct err err;

	for (int i = 0; i < FINISH_TRIES; i++) {
		uint64_t moment = sessions_moment(sessions, &f->who.account);
		bool fits;
		int rc;

		f->known = false;
		if (!api_read(x, finish_rule, f))
			return false;
		if (judge_signature(&fits, f, &err) < 0) {
			http_fail(x, &err);
			return false;
		}
		if (!fits) {
			http_refuse(x, sessions_wrong_try(sessions, &f->who.account, &x->peer)
					       ? PROBLEM_SLOW_DOWN
					       : PROBLEM_SIGNATURE);
			return false;
		}
		if (f->state >= 0) {
			http_refuse(x, (enum problem_word)f->state);
			return false;
		}
		rc = sessions_grant(sessions, &f->who, moment, token, &err);
		if (rc < 0)
			http_fail(x, &err);
		if (rc != SESSIONS_MOVED)
			return rc == 0;
	}
	http_refuse(x, PROBLEM_BUSY);
	return false;
}

/* The answer to a person whose coming calls off what waited, after that is durable. */
struct calling_off {
	struct change change; /* first */
	struct id16 account;
	struct wire_token token;
};

static void
answer_token(struct exchange *x, const struct wire_token *token)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(64);
	struct err err;

	api_answer(x, wire_token_encode(&body, token, &err), &body, &err);
}

static int
call_off_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct calling_off *o = (struct calling_off *)c;
	struct catalog_account a;
	int rc = gate_account(tx, &o->account, &a, p, err);

	if (rc)
		return rc;
	account_call_off(&a);
	return tx->ops->account_put(tx, &a, err);
}

static void
called_off(struct change *c)
{
	struct calling_off *o = (struct calling_off *)c;

	answer_token(c->x, &o->token);
}

static void
call_off(struct exchange *x, const struct finishing *f, const struct wire_token *token)
{
	struct calling_off *o = x->state = calloc(1, sizeof *o);

	if (!o) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	o->account = f->who.account;
	o->token = *token;
	api_change(x, &o->change, call_off_rule, called_off);
}

void
login_finish_drop(struct exchange *x)
{
	free(x->state);
}

void
login_finish_end(struct exchange *x)
{
	struct finishing f = { .server = server_of(x) };
	struct wire_token token;
	struct err err;

	if (wire_login_finish_decode(&f.asked, buf_span(&x->body), &err) < 0) {
		http_malformed(x, &err);
		return;
	}
	f.who.kind = f.asked.auth.kind;
	f.who.scope = f.asked.auth.scope;
	memcpy(f.who.account.b, f.asked.auth.account, sizeof f.who.account.b);
	memcpy(f.who.device.b, f.asked.auth.device, sizeof f.who.device.b);
	if (!scope_fits(&f.asked.auth))
		http_refuse(x, PROBLEM_SCOPE);
	else if (finish(x, &f, &token) && f.calls_off)
		call_off(x, &f, &token);
	else if (!http_answered(x))
		answer_token(x, &token);
}
