/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/have: which of a device's chunks are here, a token for sending the others, and its
 * newest batch.
 *
 * Most calls read only.  A chunk that is asked for counts as wanted, which is written at most once a
 * day; then the answer waits for that to be durable, since clearing away goes by it.
 */
#include <stdlib.h>

#include "api/server.h"
#include "os/os.h"

struct having {
	struct change change;   /* first */
	struct wire_have asked; /* borrows from the exchange's body */
	struct span asked_bytes;
	const struct server *server;
	int64_t now_unix_ms;
	uint64_t seq; /* the device's newest batch */
	struct hash32 head;
	bool to_write; /* something has grown old enough to be written */
	struct wire_notices notices;
	uint8_t bitmap[WIRE_BITMAP_BYTES(WIRE_HAVE_MAX)];
};

/* The device, if it signed and may act. */
static int
find_device(struct catalog_tx *tx, struct having *h, struct catalog_device *d, struct problem *p,
	    struct err *err)
{
	const struct wire_have *asked = &h->asked;
	struct catalog_account a;
	int rc = tx->ops->device_get(tx, d, &asked->account, &asked->device, err);

	if (rc)
		return rc < 0 ? -1 : refuse(p, PROBLEM_DEVICE);
	rc = wire_have_verify(asked, h->asked_bytes, d->key, h->server->spki_hash, err);
	if (rc < 0 && err->code != ERR_AUTH)
		return -1; /* it was not looked at */
	if (rc < 0 || !api_time_fits(asked->client_unix_ms, h->now_unix_ms))
		return refuse(p, sessions_wrong_try(h->server->sessions, &asked->account,
						    &h->change.x->peer)
					 ? PROBLEM_SLOW_DOWN
					 : PROBLEM_SIGNATURE);
	rc = gate_account(tx, &asked->account, &a, p, err);
	return rc ? rc : gate_device(tx, &asked->account, &asked->device, d, p, err);
}

static int
look_up(struct catalog_tx *tx, struct having *h, const struct catalog_device *d, struct err *err)
{
	struct catalog_chunk chunk;
	int64_t owner_row;
	struct hash32 cid;

	memset(h->bitmap, 0, sizeof h->bitmap);
	for (uint32_t i = 0; i < h->asked.n; i++) {
		memcpy(cid.b, h->asked.cids.p + (size_t)i * sizeof cid.b, sizeof cid.b);
		int rc = chunk_find(tx, d, &cid, &chunk, &owner_row, err);
		if (rc < 0)
			return -1;
		if (rc == CATALOG_ABSENT)
			continue;
		wire_bit_set(h->bitmap, i);
		if (tx->ops->clock(tx) - chunk.wanted_ms < CHUNK_WANTED_STEP_MS)
			continue;
		h->to_write = true;
		chunk.wanted_ms = tx->ops->clock(tx);
		if (tx->writable && tx->ops->chunk_put(tx, owner_row, &chunk, err) < 0)
			return -1;
	}
	return 0;
}

static int
have_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct having *h = ctx;
	struct catalog_device d;
	int rc = find_device(tx, h, &d, p, err);

	if (rc)
		return rc;
	h->seq = d.seq;
	h->head = d.head;
	if (look_up(tx, h, &d, err) < 0 ||
	    notices_read(&h->notices, tx, &d.account, &d.device, err) < 0)
		return -1;
	if (!device_is_stale(tx, &d))
		return 0;
	h->to_write = true;
	device_came(tx, &d, h->now_unix_ms);
	return tx->writable ? tx->ops->device_put(tx, &d, err) : 0;
}

static void
answer_have(struct having *h)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	struct exchange *x = h->change.x;
	struct wire_have_answer answer = {
		.seq = h->seq,
		.head = h->head,
		.bitmap = span_of(h->bitmap, WIRE_BITMAP_BYTES(h->asked.n)),
	};
	struct session who = {
		.account = h->asked.account,
		.kind = LOGIN_DEVICE,
		.scope = LOGIN_PUT,
		.device = h->asked.device,
	};
	struct wire_token token;
	struct err err;

	if (sessions_grant(h->server->sessions, &who, 0, &token, &err) < 0) {
		http_fail(x, &err);
		return;
	}
	memcpy(answer.token, token.token, sizeof answer.token);
	api_answer(x, wire_have_answer_encode(&body, &answer, &err), &body, &err);
	api_tell(x, &h->notices);
}

static int
have_write_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	return have_rule(tx, c, p, err);
}

static void
have_written(struct change *c)
{
	answer_have((struct having *)c);
}

void
have_end(struct exchange *x)
{
	struct having *h = x->state = calloc(1, sizeof *h);
	struct err err;

	if (!h) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	h->server = server_of(x);
	h->change.x = x;
	h->now_unix_ms = os->now_unix_ms();
	h->asked_bytes = buf_span(&x->body);
	if (wire_have_decode(&h->asked, h->asked_bytes, &err) < 0)
		http_malformed(x, &err);
	else if (!api_read(x, have_rule, h))
		;
	else if (h->to_write)
		api_change(x, &h->change, have_write_rule, have_written);
	else
		answer_have(h);
}

void
have_drop(struct exchange *x)
{
	free(x->state);
}
