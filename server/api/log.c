/* SPDX-License-Identifier: Apache-2.0 */
/* api: GET /v1/wraps, GET and POST /v1/log, GET /v1/heads. */
#include <errno.h>
#include <stdlib.h>

#include "api/server.h"
#include "os/os.h"

#define LOG_BYTES_MAX   (64u << 20)
#define WRAPS_BYTES_MAX (2 * (4 + WIRE_WRAP_BYTES_MAX))

/* A question about an account, and its answer. */
struct asking {
	struct session session;
	uint64_t from;
	struct buf *body;
};

static int
wraps_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct asking *a = ctx;
	AUTO(buf_clear) struct buf passphrase = BUF_INIT(WIRE_WRAP_BYTES_MAX);
	AUTO(buf_clear) struct buf recovery = BUF_INIT(WIRE_WRAP_BYTES_MAX);
	struct catalog_account account;
	struct catalog_device device;
	int rc = gate_session(tx, &a->session, &account, &device, p, err);

	if (rc)
		return rc;
	rc = tx->ops->wraps_get(tx, &account.account, &passphrase, &recovery, err);
	if (rc)
		return rc < 0 ? -1 : err_set(err, ERR_FORMAT, "an account has no wraps");
	struct wire_wraps w = { buf_span(&passphrase), buf_span(&recovery) };
	return wire_wraps_encode(a->body, &w, err);
}

void
wraps_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WRAPS_BYTES_MAX);
	struct asking a = { .body = &body };

	if (api_session(x, SCOPE_GET, &a.session) && api_read(x, wraps_rule, &a))
		http_answer(x, 200, &body);
}

static int
append_entry(void *ctx, uint64_t index, struct span entry, struct err *err)
{
	(void)index;
	return wire_log_append(ctx, entry, err);
}

static int
log_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct asking *a = ctx;
	struct catalog_account account;
	struct catalog_device device;
	int rc = gate_session(tx, &a->session, &account, &device, p, err);

	return rc ? rc
		  : tx->ops->log_read(tx, &account.account, a->from, append_entry, a->body, err);
}

void
log_get_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(LOG_BYTES_MAX);
	struct asking a = { .body = &body };
	const char *from = http_query(x, "from");
	char *end = NULL;

	errno = 0;
	a.from = from ? strtoull(from, &end, 10) : 0;
	if (from && (errno || end == from || *end || *from == '-')) {
		http_refuse(x, PROBLEM_MALFORMED);
		return;
	}
	if (api_session(x, SCOPE_PUT | SCOPE_GET, &a.session) && api_read(x, log_rule, &a))
		http_answer(x, 200, &body);
}

struct extending {
	struct change change; /* first */
	struct session session;
	struct wire_log_post post; /* borrows from the exchange's body */
	struct wire_log_state state;
	int64_t now_unix_ms;
};

static int
extend_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct extending *e = (struct extending *)c;
	struct catalog_account account;
	struct catalog_device device;
	int rc = gate_session(tx, &e->session, &account, &device, p, err);

	return rc ? rc
		  : log_extend(tx, &account.account, &e->post, e->now_unix_ms, &e->state, p, err);
}

static void
extend_answer(struct change *c)
{
	struct extending *e = (struct extending *)c;
	AUTO(buf_clear) struct buf body = BUF_INIT(64);
	struct hash32 token;
	struct err err;

	/* Who came in by the old passphrase or code is out. */
	if (e->post.wraps.passphrase_wrap.n && api_token(c->x, &token))
		sessions_end_reading(server_of(c->x)->sessions, &e->session.account, token.b);
	api_answer(c->x, wire_log_state_encode(&body, &e->state, &err), &body, &err);
}

void
log_post_end(struct exchange *x)
{
	struct extending *e = x->state = calloc(1, sizeof *e);
	struct err err;

	if (!e) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	if (!api_session(x, SCOPE_GET, &e->session))
		return;
	if (wire_log_post_decode(&e->post, buf_span(&x->body), &err) < 0) {
		http_malformed(x, &err);
		return;
	}
	e->now_unix_ms = os->now_unix_ms();
	api_change(x, &e->change, extend_rule, extend_answer);
}

void
log_post_drop(struct exchange *x)
{
	free(x->state);
}

/* --- heads --- */

static int
append_device(void *ctx, const struct catalog_device *d, struct err *err)
{
	struct wire_device w = {
		.device = d->device,
		.state = d->state == DEVICE_ALIVE && d->suspended ? DEVICE_SUSPENDED : d->state,
		.seq = d->seq,
		.head = d->head,
		.client_unix_ms = (uint64_t)d->client_unix_ms,
		.last_seen_unix_ms = (uint64_t)d->seen_unix_ms,
		.n_live = d->live,
	};

	return wire_heads_add(ctx, &w, err);
}

static int
heads_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct asking *a = ctx;
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	struct catalog_account account;
	struct catalog_device device;
	int rc = gate_session(tx, &a->session, &account, &device, p, err);

	if (rc)
		return rc;
	heads.log = (struct wire_log_state){ account.log_length, account.log_head,
					     (uint64_t)os->now_unix_ms() };
	if (tx->ops->devices(tx, &account.account, append_device, &heads, err) < 0)
		return -1;
	return wire_heads_encode(a->body, &heads, err);
}

void
heads_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	struct asking a = { .body = &body };

	if (api_session(x, SCOPE_PUT | SCOPE_GET, &a.session) && api_read(x, heads_rule, &a))
		http_answer(x, 200, &body);
}
