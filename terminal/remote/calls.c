/* SPDX-License-Identifier: Apache-2.0 */
/* calls: the calls with one body to ask and one to answer.  Streams stand in streams.c. */
#include <inttypes.h>
#include <stdio.h>

#include "os/os.h"
#include "remote/remote_internal.h"

#define SMALL_BYTES_MAX  (64u << 10)
#define HEADS_BYTES_MAX  (1u << 20)
#define TOKEN_LIFE_MS    600000 /* docs/protocol: tokens live ten minutes */
#define LOGIN_ANSWER_MAX 1024

static int
post(struct remote *r, const char *path, enum remote_auth auth, struct span body,
     struct buf *answer, struct err *err)
{
	struct remote_request q = {
		.path = path, .post = true, .auth = auth, .body = body, .answer = answer
	};

	return remote_exchange(r, &q, err);
}

static int
get(struct remote *r, const char *path, enum remote_auth auth, struct buf *answer, struct err *err)
{
	struct remote_request q = { .path = path, .auth = auth, .answer = answer };

	return remote_exchange(r, &q, err);
}

/* The answer was one that has notices. */
static void
note(struct remote *r)
{
	r->notices = r->answered;
	r->has_notices = true;
}

const struct wire_notices *
remote_notices(const struct remote *r)
{
	return r->has_notices ? &r->notices : NULL;
}

int
remote_server_info(struct remote *r, struct server_info *out, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(SERVER_INFO_BYTES_MAX);

	if (get(r, "/v1/server", REMOTE_AUTH_NONE, &answer, err) < 0)
		return -1;
	return server_info_parse(out, buf_span(&answer), err);
}

int
remote_account_create(struct remote *r, const struct wire_account *account,
		      struct wire_log_state *out, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_BODY_BYTES_MAX);
	AUTO(buf_clear) struct buf answer = BUF_INIT(SMALL_BYTES_MAX);

	if (wire_account_encode(&body, account, err) < 0 ||
	    post(r, "/v1/accounts", REMOTE_AUTH_NONE, buf_span(&body), &answer, err) < 0)
		return -1;
	return wire_log_state_decode(out, buf_span(&answer), err);
}

int
remote_login_start(struct remote *r, const struct wire_login_start *start,
		   struct wire_login_challenge *out, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(LOGIN_ANSWER_MAX);
	AUTO(buf_clear) struct buf answer = BUF_INIT(LOGIN_ANSWER_MAX);

	if (wire_login_start_encode(&body, start, err) < 0 ||
	    post(r, "/v1/login/start", REMOTE_AUTH_NONE, buf_span(&body), &answer, err) < 0)
		return -1;
	return wire_login_challenge_decode(out, buf_span(&answer), err);
}

static int
finish_encode(struct buf *body, struct remote *r, const struct login_auth *auth,
	      const struct sign_key *key, struct err *err)
{
	struct wire_login_finish finish = { .auth = *auth };
	int rc = remote_see(r, finish.auth.spki_hash, err);

	if (rc == REMOTE_UNKNOWN)
		return err_set(err, ERR_AUTH, "the server's key is not known");
	if (rc < 0 || login_sign(finish.signature, key, &finish.auth, err) < 0)
		return -1;
	return wire_login_finish_encode(body, &finish, err);
}

static int
finish_once(struct remote *r, const struct wire_login_start *start,
	    const struct wire_login_challenge *challenge, enum login_scope scope,
	    const struct sign_key *key, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(LOGIN_ANSWER_MAX);
	AUTO(buf_clear) struct buf answer = BUF_INIT(LOGIN_ANSWER_MAX);
	struct login_auth auth = {
		.kind = start->kind,
		.scope = scope,
		.expires_unix_s = (uint64_t)(os->now_unix_ms() / 1000 + LOGIN_VALID_S),
	};
	struct wire_token token;

	memcpy(auth.account, challenge->account.b, sizeof auth.account);
	memcpy(auth.challenge, challenge->challenge, sizeof auth.challenge);
	memcpy(auth.device, start->device.b, sizeof auth.device);
	if (finish_encode(&body, r, &auth, key, err) < 0 ||
	    post(r, "/v1/login/finish", REMOTE_AUTH_NONE, buf_span(&body), &answer, err) < 0 ||
	    wire_token_decode(&token, buf_span(&answer), err) < 0)
		return -1;
	/* By our own clock: the server's may differ. */
	remote_session_set(r, scope, token.token, os->now_unix_ms() + TOKEN_LIFE_MS);
	secret_wipe(&token, sizeof token);
	secret_wipe(answer.p, answer.n);
	return 0;
}

#define FINISH_TRIES 3

int
remote_login_finish(struct remote *r, const struct wire_login_start *start,
		    const struct wire_login_challenge *challenge, enum login_scope scope,
		    const struct sign_key *key, struct err *err)
{
	struct wire_login_challenge now = *challenge;

	for (int i = 1; finish_once(r, start, &now, scope, key, err) < 0; i++) {
		/* The key may be right all the same: libcurl itself sends again what a kept
		 * connection lost. */
		bool lost = remote_problem_is(r, PROBLEM_SIGNATURE) && r->connects > 0;

		if (!lost || i == FINISH_TRIES || remote_login_start(r, start, &now, err) < 0)
			return -1;
		now.account = challenge->account; /* never another one's, whatever it says */
	}
	return 0;
}

int
remote_login_device(struct remote *r, const struct id16 *account, const struct id16 *device,
		    const struct sign_key *dsk, struct err *err)
{
	struct wire_login_start start = {
		.by = WIRE_BY_ACCOUNT, .kind = LOGIN_DEVICE, .id = *account, .device = *device
	};
	struct wire_login_challenge challenge;

	if (remote_logged_in(r, LOGIN_PUT))
		return 0;
	if (remote_login_start(r, &start, &challenge, err) < 0)
		return -1;
	challenge.account = *account; /* never another one's, whatever the server says */
	return remote_login_finish(r, &start, &challenge, LOGIN_PUT, dsk, err);
}

int
remote_wraps(struct remote *r, struct wire_wraps *out, struct buf *held, struct err *err)
{
	if (get(r, "/v1/wraps", REMOTE_AUTH_GET, held, err) < 0)
		return -1;
	return wire_wraps_decode(out, buf_span(held), err);
}

int
remote_log(struct remote *r, uint64_t from, struct buf *out, struct err *err)
{
	char path[64];

	snprintf(path, sizeof path, "/v1/log?from=%" PRIu64, from);
	return get(r, path, REMOTE_AUTH_ANY, out, err);
}

int
remote_log_post(struct remote *r, const struct wire_log_post *entries, struct wire_log_state *out,
		struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_BODY_BYTES_MAX);
	AUTO(buf_clear) struct buf answer = BUF_INIT(SMALL_BYTES_MAX);

	if (wire_log_post_encode(&body, entries, err) < 0 ||
	    post(r, "/v1/log", REMOTE_AUTH_GET, buf_span(&body), &answer, err) < 0)
		return -1;
	return wire_log_state_decode(out, buf_span(&answer), err);
}

int
remote_heads(struct remote *r, struct wire_heads *out, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(HEADS_BYTES_MAX);

	if (get(r, "/v1/heads", REMOTE_AUTH_ANY, &answer, err) < 0)
		return -1;
	note(r);
	return wire_heads_decode(out, buf_span(&answer), err);
}

int
remote_standing(struct remote *r, struct wire_standing *out, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(SMALL_BYTES_MAX);

	if (get(r, "/v1/account", REMOTE_AUTH_ANY, &answer, err) < 0)
		return -1;
	return wire_standing_decode(out, buf_span(&answer), err);
}

int
remote_damaged(struct remote *r, const struct id16 *device, struct wire_damaged *out,
	       struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(WIRE_DAMAGED_BYTES_MAX);
	char path[96];

	out->n = 0;
	snprintf(path, sizeof path, "/v1/devices/%s/damaged", id16_hex(device).s);
	if (get(r, path, REMOTE_AUTH_ANY, &answer, err) == 0)
		return wire_damaged_decode(out, buf_span(&answer), err);
	return remote_problem_is(r, PROBLEM_UNKNOWN) ? 0 : -1;
}

static int
have_once(struct remote *r, const struct wire_have *have, const struct sign_key *dsk,
	  const uint8_t spki[static REMOTE_PIN_BYTES], struct buf *answer, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_BODY_BYTES_MAX);

	if (wire_have_sign(&body, have, dsk, spki, err) < 0)
		return -1;
	return post(r, "/v1/have", REMOTE_AUTH_NONE, buf_span(&body), answer, err);
}

int
remote_have(struct remote *r, const struct id16 *account, const struct id16 *device,
	    const struct sign_key *dsk, const struct hash32 *cids, uint32_t n, uint8_t *bitmap,
	    struct device_head *newest, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(SMALL_BYTES_MAX);
	struct wire_have have = {
		.account = *account,
		.device = *device,
		.client_unix_ms = (uint64_t)os->now_unix_ms(),
		.n = n,
		.cids = span_of(cids, (size_t)n * CRYPTO_HASH_BYTES),
	};
	struct wire_have_answer got;
	uint8_t spki[REMOTE_PIN_BYTES];
	int rc = remote_see(r, spki, err);

	if (rc == REMOTE_UNKNOWN)
		return err_set(err, ERR_AUTH, "the server's key is not known");
	if (rc < 0)
		return -1;
	rc = have_once(r, &have, dsk, spki, &answer, err);
	/* Connected anew, and the server has another key that a CA vouches for: sign for that. */
	if (rc < 0 && remote_problem_is(r, PROBLEM_SIGNATURE) && r->url.tls && !r->url.pinned &&
	    memcmp(spki, r->spki, sizeof spki) != 0)
		rc = have_once(r, &have, dsk, r->spki, &answer, err);
	if (rc < 0 || wire_have_answer_decode(&got, n, buf_span(&answer), err) < 0)
		return -1;
	note(r);
	if (n)
		memcpy(bitmap, got.bitmap.p, WIRE_BITMAP_BYTES(n));
	if (newest)
		*newest = (struct device_head){ *device, got.seq, got.head };
	remote_session_set(r, LOGIN_PUT, got.token, os->now_unix_ms() + TOKEN_LIFE_MS);
	secret_wipe(got.token, sizeof got.token);
	secret_wipe(answer.p, answer.n);
	return 0;
}

static int
beat_once(struct remote *r, const struct wire_beat *beat, const struct sign_key *dsk,
	  const uint8_t spki[static REMOTE_PIN_BYTES], struct buf *answer, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_BEAT_BYTES);

	if (wire_beat_sign(&body, beat, dsk, spki, err) < 0)
		return -1;
	return post(r, "/v1/beat", REMOTE_AUTH_NONE, buf_span(&body), answer, err);
}

int
remote_beat(struct remote *r, const struct wire_beat *beat, const struct sign_key *dsk,
	    struct wire_beat_answer *out, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(SMALL_BYTES_MAX);
	struct wire_beat now = *beat;
	uint8_t spki[REMOTE_PIN_BYTES];
	int rc = remote_see(r, spki, err);

	if (rc == REMOTE_UNKNOWN)
		return err_set(err, ERR_AUTH, "the server's key is not known");
	if (rc < 0)
		return -1;
	now.client_unix_ms = (uint64_t)os->now_unix_ms();
	rc = beat_once(r, &now, dsk, spki, &answer, err);
	/* As with `have`: another key that a CA vouches for. */
	if (rc < 0 && remote_problem_is(r, PROBLEM_SIGNATURE) && r->url.tls && !r->url.pinned &&
	    memcmp(spki, r->spki, sizeof spki) != 0)
		rc = beat_once(r, &now, dsk, r->spki, &answer, err);
	if (rc < 0)
		return -1;
	note(r);
	return wire_beat_answer_decode(out, buf_span(&answer), err);
}

int
remote_batch(struct remote *r, struct span batch, struct wire_batch_answer *out, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(SMALL_BYTES_MAX);

	if (post(r, "/v1/batches", REMOTE_AUTH_NONE, batch, &answer, err) < 0)
		return -1;
	note(r);
	return wire_batch_answer_decode(out, buf_span(&answer), err);
}

int
remote_item(struct remote *r, const struct wire_item_ask *ask, struct wire_item_answer *out,
	    struct buf *held, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(SMALL_BYTES_MAX);

	if (wire_item_ask_encode(&body, ask, err) < 0 ||
	    post(r, "/v1/item", REMOTE_AUTH_GET, buf_span(&body), held, err) < 0)
		return -1;
	return wire_item_answer_decode(out, buf_span(held), err);
}
