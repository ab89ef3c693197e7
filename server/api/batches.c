/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/batches.
 *
 *     prefix (<= 16 KiB) --checked--> room for the body taken --records as they come--> roots
 *         --> one transaction --> answer
 */
#include <stdlib.h>

#include "api/commit.h"
#include "api/server.h"
#include "os/os.h"

struct upload {
	struct change change; /* first */
	struct commit commit;
	size_t prefix_bytes; /* 0: the prefix is not complete yet */
	struct batch_reader *reader;
	uint32_t n;     /* records so far */
	size_t n_bytes; /* of their frames */
};

void
batches_begin(struct exchange *x)
{
	struct upload *u;

	if (!api_room(x))
		return;
	x->state = u = calloc(1, sizeof *u);
	if (!u) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	u->commit.now_unix_ms = os->now_unix_ms();
	x->body.max = BATCH_BYTES_MAX;
}

static void
send_stored(struct exchange *x, const struct commit *c)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(8192);
	struct err err;

	api_answer(x, wire_batch_answer_encode(&body, &c->answer, &err), &body, &err);
	api_tell(x, &c->notices);
}

static int
note_record(void *ctx, const struct batch_record *r, struct err *err)
{
	struct upload *u = ctx;

	(void)err;
	u->commit.records[u->n++] =
		(struct commit_record){ (uint32_t)u->n_bytes, (uint32_t)r->bytes.n, r->leaf };
	u->n_bytes += r->bytes.n;
	return 0;
}

struct checking {
	struct exchange *x;
	struct commit *commit;
	bool stored;
};

static int
check_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct checking *c = ctx;
	int rc = commit_check(tx, c->commit, true, p, err);

	if (rc == REFUSED && p->word == PROBLEM_SIGNATURE &&
	    sessions_wrong_try(server_of(c->x)->sessions, &c->commit->prefix.header.account,
			       &c->x->peer))
		refuse(p, PROBLEM_SLOW_DOWN);
	c->stored = rc == COMMIT_STORED;
	return c->stored ? 0 : rc;
}

/* The prefix was let through: now there may be memory for the rest. */
static bool
make_room(struct exchange *x, struct upload *u)
{
	uint32_t n = u->commit.prefix.n_records;
	struct err err;

	x->who = api_who(&u->commit.prefix.header.account);
	if (!http_budget_take(x, HTTP_LET_IN, (size_t)x->content_length)) {
		http_refuse(x, PROBLEM_BUSY);
		return false;
	}
	u->commit.records = calloc(n + 1u, sizeof *u->commit.records);
	if (!u->commit.records) {
		http_refuse(x, PROBLEM_BUSY);
		return false;
	}
	x->body.max = (size_t)x->content_length;
	if (buf_reserve(&x->body, x->body.max - x->body.n, &err) < 0 ||
	    batch_reader_new(&u->reader, n, note_record, u, &err) < 0) {
		http_fail(x, &err);
		return false;
	}
	return true;
}

static void
refuse_records(struct exchange *x, const struct err *err)
{
	struct problem p = { 0 };

	if (err->code == ERR_NOMEM) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	refuse_because(&p, PROBLEM_RECORDS, "%s", err->msg);
	http_problem(x, &p);
}

static void
feed(struct exchange *x, struct upload *u, struct span piece)
{
	struct err err;

	if (batch_reader_feed(u->reader, piece, &err) < 0)
		refuse_records(x, &err);
}

static void
take_prefix(struct exchange *x, struct upload *u)
{
	struct checking checking = { .x = x, .commit = &u->commit };
	struct err err;
	size_t n;
	int rc = batch_prefix_decode(&u->commit.prefix, buf_span(&x->body), &n, &err);

	if (rc == FEED_MORE)
		return;
	if (rc < 0) {
		http_malformed(x, &err);
		return;
	}
	u->prefix_bytes = n;
	if (!api_read(x, check_rule, &checking))
		return;
	if (checking.stored)
		send_stored(x, &u->commit);
	else if (make_room(x, u))
		feed(x, u, span_skip(buf_span(&x->body), n));
}

void
batches_piece(struct exchange *x, struct span piece)
{
	struct upload *u = x->state;
	struct err err;

	if (buf_append(&x->body, piece, &err) < 0)
		http_fail(x, &err);
	else if (u->reader)
		feed(x, u, piece);
	else
		take_prefix(x, u);
	if (http_answered(x))
		buf_clear(&x->body);
}

static int
store_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct upload *u = (struct upload *)c;
	int rc = commit_apply(tx, &u->commit, p, err);

	return rc == COMMIT_STORED ? 0 : rc;
}

static void
store_answer(struct change *c)
{
	struct upload *u = (struct upload *)c;

	send_stored(c->x, &u->commit);
}

void
batches_end(struct exchange *x)
{
	struct upload *u = x->state;
	struct commit *c = &u->commit;
	struct hash32 root;
	struct problem p;
	struct err err;

	if (!u->reader) {
		refuse_because(&p, PROBLEM_MALFORMED, "the batch is cut short");
		http_problem(x, &p);
		return;
	}
	if (batch_reader_end(u->reader, &root, &err) < 0) {
		refuse_records(x, &err);
		return;
	}
	if (!hash32_equal(&root, &c->prefix.records_root)) {
		refuse_because(&p, PROBLEM_ROOT, "the records root differs");
		http_problem(x, &p);
		return;
	}
	c->prefix_bytes = span_of(x->body.p, u->prefix_bytes);
	c->frames = span_skip(buf_span(&x->body), u->prefix_bytes);
	api_change(x, &u->change, store_rule, store_answer);
}

void
batches_drop(struct exchange *x)
{
	struct upload *u = x->state;

	if (!u)
		return;
	batch_reader_free(u->reader);
	free(u->commit.records);
	free(u);
}
