/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/pair, POST and GET /v1/pair/ID: two terminals talk to each other.
 *
 * The server passes on a few small messages that it cannot read, each once and in order; that it
 * neither changes nor swaps one unnoticed is the terminals' affair.  The host is whoever comes with a
 * token of the account that opened the pairing; the joiner has no token yet, and is whoever knows
 * the id, 128 random bits.
 *
 *     opened --joiner's first message--> begun     each lives PAIRING_VALID_MS
 *     any --number 0--> over                       both hear `pairing` from then on
 *
 * All of it lies in the catalog, so that any process of a server finds it; a pairing that is past its
 * time is as if it were not there, and goes at the next opening or the keeper's next tick.
 */
#include <stdlib.h>

#include "api/server.h"

#define PAIRING_VALID_MS         (5 * 60 * 1000)
#define PAIRINGS_PER_ACCOUNT_MAX 8 /* the oldest make room */

enum side { JOINER = 0, HOST = 1 };

/* A call about a pairing. */
struct talking {
	struct change change; /* first */
	struct exchange *x;
	const struct server *server;
	struct id16 id;
	enum side side;
	struct session session;   /* the host's */
	struct wire_pair_say say; /* borrows from the exchange's body */
	uint32_t from;
	uint64_t left_ms;
};

/* Ids are not to be tried out in peace. */
static int
refuse_unknown(const struct talking *t, struct problem *p)
{
	struct id16 peer;

	memcpy(peer.b, t->x->peer.b, sizeof peer.b);
	return refuse(p, sessions_wrong_try(t->server->sessions, &peer, &t->x->peer)
				 ? PROBLEM_SLOW_DOWN
				 : PROBLEM_PAIRING);
}

/* The pairing, if it is one that this side may take part in now. */
static int
find(struct catalog_tx *tx, struct talking *t, struct catalog_pairing *out, struct problem *p,
     struct err *err)
{
	struct catalog_account account;
	struct catalog_device device;
	int rc = 0;

	if (t->side == HOST)
		rc = gate_session(tx, &t->session, &account, &device, p, err);
	if (rc)
		return rc;
	rc = tx->ops->pairing_get(tx, out, &t->id, err);
	if (rc)
		return rc < 0 ? -1 : refuse_unknown(t, p);
	if (out->over || out->expires_ms <= tx->ops->clock(tx) ||
	    (t->side == HOST && !id16_equal(&out->account, &t->session.account)))
		return refuse(p, PROBLEM_PAIRING);
	t->left_ms = (uint64_t)(out->expires_ms - tx->ops->clock(tx));
	return t->side == HOST ? 0 : gate_account(tx, &out->account, &account, p, err);
}

static struct talking *
talking_new(struct exchange *x)
{
	struct talking *t = x->state = calloc(1, sizeof *t);

	if (!t) {
		http_refuse(x, PROBLEM_BUSY);
		return NULL;
	}
	t->x = x;
	t->server = server_of(x);
	t->id = x->path_id;
	return t;
}

void
pair_drop(struct exchange *x)
{
	free(x->state);
}

/* Who asks.  False: a token that is none, answered. */
static bool
know_side(struct exchange *x, struct talking *t)
{
	t->side = http_head(x, "Authorization") ? HOST : JOINER;
	return t->side == JOINER || api_session(x, SCOPE_PUT | SCOPE_GET, &t->session);
}

/* How long it will be there yet. */
static void
answer_time(struct change *c)
{
	const struct talking *t = (const struct talking *)c;
	AUTO(buf_clear) struct buf body = BUF_INIT(64);
	const struct wire_pair_heard heard = { .left_ms = t->left_ms };
	struct err err;

	api_answer(c->x, wire_pair_heard_encode(&body, &heard, &err), &body, &err);
}

/* --- opening one --- */

static int
open_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct talking *t = (struct talking *)c;
	int64_t now_ms = tx->ops->clock(tx);
	const struct catalog_pairing fresh = {
		.id = t->id,
		.account = t->session.account,
		.expires_ms = now_ms + PAIRING_VALID_MS,
	};
	struct catalog_pairing there;
	struct catalog_account account;
	struct catalog_device device;
	int rc = gate_session(tx, &t->session, &account, &device, p, err);

	if (rc)
		return rc;
	if (tx->ops->pairings_expire(tx, now_ms, err) < 0)
		return -1;
	rc = tx->ops->pairing_add(tx, &fresh, err);
	if (rc < 0)
		return -1;
	t->left_ms = PAIRING_VALID_MS;
	if (rc == CATALOG_EXISTS) { /* the same once more, whose answer was lost? */
		rc = find(tx, t, &there, p, err);
		return rc ? rc : there.n_said[JOINER] ? refuse(p, PROBLEM_EXISTS) : 0;
	}
	return tx->ops->pairings_trim(tx, &t->session.account, PAIRINGS_PER_ACCOUNT_MAX, err);
}

void
pair_open_end(struct exchange *x)
{
	struct talking *t = talking_new(x);

	if (!t || !api_session(x, SCOPE_PUT | SCOPE_GET, &t->session))
		return;
	if (x->body.n != sizeof t->id.b) {
		http_refuse(x, PROBLEM_MALFORMED);
		return;
	}
	memcpy(t->id.b, x->body.p, sizeof t->id.b);
	t->side = HOST;
	api_change(x, &t->change, open_rule, answer_time);
}

/* --- saying something --- */

static int
is_same(void *ctx, uint64_t number, struct span message, struct err *err)
{
	const struct talking *t = ctx;

	(void)number, (void)err;
	return span_equal(message, t->say.message) ? 0 : REFUSED;
}

static int
say_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct talking *t = (struct talking *)c;
	struct catalog_pairing there;
	uint32_t number = t->say.number;
	int rc = find(tx, t, &there, p, err);

	if (rc)
		return rc;
	if (number && number <= there.n_said[t->side]) { /* again, because its answer was lost? */
		if (number < there.n_said[t->side])
			return refuse(p, PROBLEM_EXISTS);
		rc = tx->ops->pairing_heard(tx, &t->id, t->side, number, is_same, t, err);
		return rc == REFUSED ? refuse(p, PROBLEM_EXISTS) : rc;
	}
	if (number > there.n_said[t->side] + 1)
		return refuse(p, PROBLEM_MALFORMED);
	there.over = number == 0;
	if (number) {
		if (tx->ops->pairing_say(tx, &t->id, t->side, number, t->say.message, err) < 0)
			return -1;
		there.n_said[t->side] = number;
	}
	if (t->side == JOINER && number == 1) /* it begins: time for people to compare digits */
		there.expires_ms = tx->ops->clock(tx) + PAIRING_VALID_MS;
	t->left_ms = (uint64_t)(there.expires_ms - tx->ops->clock(tx));
	return tx->ops->pairing_put(tx, &there, err);
}

void
pair_say_end(struct exchange *x)
{
	struct talking *t = talking_new(x);
	struct err err;

	if (!t || !know_side(x, t))
		return;
	if (wire_pair_say_decode(&t->say, buf_span(&x->body), &err) < 0)
		http_malformed(x, &err);
	else
		api_change(x, &t->change, say_rule, answer_time);
}

/* --- hearing what the other said --- */

struct hearing {
	struct talking *talking;
	struct buf *held; /* the messages' bytes, one after the other */
	struct wire_pair_heard heard;
	size_t ends[WIRE_PAIR_MESSAGES_MAX];
};

static int
take_message(void *ctx, uint64_t number, struct span message, struct err *err)
{
	struct hearing *h = ctx;

	(void)number;
	if (h->heard.n == WIRE_PAIR_MESSAGES_MAX)
		return err_set(err, ERR_FORMAT, "a pairing has too many messages");
	if (buf_append(h->held, message, err) < 0)
		return -1;
	h->ends[h->heard.n++] = h->held->n;
	return 0;
}

static int
hear_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct hearing *h = ctx;
	struct talking *t = h->talking;
	struct catalog_pairing there;
	int rc = find(tx, t, &there, p, err);

	if (rc)
		return rc;
	h->heard.left_ms = t->left_ms;
	return tx->ops->pairing_heard(tx, &t->id, t->side == HOST ? JOINER : HOST, t->from,
				      take_message, h, err);
}

void
pair_hear_end(struct exchange *x)
{
	AUTO(buf_clear)
	struct buf held = BUF_INIT(WIRE_PAIR_MESSAGES_MAX * WIRE_PAIR_MESSAGE_BYTES_MAX);
	AUTO(buf_clear) struct buf body = BUF_INIT(held.max + 16 + 4 * WIRE_PAIR_MESSAGES_MAX);
	struct talking *t = talking_new(x);
	struct hearing h = { .talking = t, .held = &held };
	const char *from = http_query(x, "from");
	struct err err;

	if (!t || !know_side(x, t))
		return;
	t->from = from && from[0] >= '0' && from[0] <= '9' ? (uint32_t)strtoul(from, NULL, 10) : 1;
	if (!api_read(x, hear_rule, &h))
		return;
	for (size_t i = 0, at = 0; i < h.heard.n; at = h.ends[i++])
		h.heard.messages[i] = span_of(held.p + at, h.ends[i] - at);
	api_answer(x, wire_pair_heard_encode(&body, &h.heard, &err), &body, &err);
}
