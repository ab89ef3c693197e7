/* SPDX-License-Identifier: Apache-2.0 */
/* api: GET /v1/wraps, GET and POST /v1/log, GET /v1/heads. */
#include <errno.h>
#include <stddef.h>
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
	struct wire_notices notices; /* of heads */
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

/*
 * A post is checked by a worker, against a view of the log, and the writer only compares heads:
 * who may sign entries cannot hold up others' commits by a long log.
 *
 *     log_post_end --> check --new entries--> commit --head is the one checked--> answered
 *                        ^  +--refused, or all there already--> answered
 *                        +--LOG_MOVED-----------+
 *
 * Each time round one of the entries at least has found its place taken, so this ends.
 */
struct extending {
	struct work work;       /* first */
	struct catalog_job job; /* the commit */
	struct exchange *x;
	struct session session;
	struct wire_log_post post; /* borrows from the exchange's body */
	struct log_growth growth;
	struct problem problem;
	int64_t now_unix_ms;
};

static struct extending *
extending_of(struct catalog_job *job)
{
	return (struct extending *)((char *)job - offsetof(struct extending, job));
}

static int
check_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct extending *e = ctx;
	struct catalog_account account;
	struct catalog_device device;
	int rc = gate_session(tx, &e->session, &account, &device, p, err);

	return rc ? rc : log_growth_check(&e->growth, tx, &account.account, &e->post, p, err);
}

static int
commit_run(struct catalog_tx *tx, struct catalog_job *job, struct err *err)
{
	struct extending *e = extending_of(job);
	struct catalog_account account;
	struct catalog_device device;
	int rc = gate_session(tx, &e->session, &account, &device, &e->problem, err);

	return rc ? rc : log_growth_commit(&e->growth, tx, e->now_unix_ms, &e->problem, err);
}

static void
extend_answer(struct extending *e)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(64);
	const struct wire_log_state state = { e->growth.log.length, e->growth.log.head,
					      (uint64_t)e->now_unix_ms };
	struct hash32 token;
	struct err err;

	/* Who came in by the old passphrase or code is out. */
	if (e->post.wraps.passphrase_wrap.n && api_token(e->x, &token))
		sessions_end_reading(server_of(e->x)->sessions, &e->session.account, token.b);
	api_answer(e->x, wire_log_state_encode(&body, &state, &err), &body, &err);
}

static void
commit_done(struct catalog_job *job, int rc, const struct err *err)
{
	struct extending *e = extending_of(job);
	struct exchange *x = e->x;

	if (rc == LOG_MOVED) {
		workers_submit(server_of(x)->workers, &e->work);
		return;
	}
	if (rc < 0)
		http_fail(x, err);
	else if (rc == REFUSED)
		http_problem(x, &e->problem);
	else
		extend_answer(e);
	http_resume(x);
}

static void
check(struct work *w)
{
	struct extending *e = (struct extending *)w;
	struct exchange *x = e->x;
	bool good = api_read(x, check_rule, e);

	if (good && !log_growth_is_known(&e->growth)) {
		catalog_submit(server_of(x)->catalog, &e->job);
		return;
	}
	if (good)
		extend_answer(e);
	http_resume(x);
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
	e->work.run = check;
	e->job.run = commit_run;
	e->job.done = commit_done;
	e->x = x;
	e->now_unix_ms = os->now_unix_ms();
	http_wait(x);
	workers_submit(server_of(x)->workers, &e->work);
}

void
log_post_drop(struct exchange *x)
{
	struct extending *e = x->state;

	if (e)
		log_growth_clear(&e->growth);
	free(e);
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
	if (tx->ops->devices(tx, &account.account, append_device, &heads, err) < 0 ||
	    notices_read(&a->notices, tx, &account.account, &a->session.device, err) < 0)
		return -1;
	return wire_heads_encode(a->body, &heads, err);
}

void
heads_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	struct asking a = { .body = &body };

	if (api_session(x, SCOPE_PUT | SCOPE_GET, &a.session) && api_read(x, heads_rule, &a)) {
		http_answer(x, 200, &body);
		api_tell(x, &a.notices);
	}
}
