/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/beat: a device that has nothing to send says that it lives, within how long it will
 * come again, and how its last drill went.
 *
 * It is judged as `have` is: its signature is the login; the states of device and account are asked
 * after it.  The time within which it will come is a length, not a moment, and is counted on the
 * retention clock: neither a clock that is wrong, here or there, nor a server that stood still makes a
 * device late.
 */
#include <stdlib.h>

#include "api/server.h"
#include "os/os.h"

struct beating {
	struct change change; /* first */
	struct wire_beat beat;
	struct span beat_bytes; /* borrowed from the exchange's body */
	const struct server *server;
	int64_t now_unix_ms;
	bool to_write;
	struct wire_beat_answer answer;
	struct wire_notices notices;
};

/* The device, if it signed and may act. */
static int
find_device(struct catalog_tx *tx, struct beating *b, struct catalog_account *a,
	    struct catalog_device *d, struct problem *p, struct err *err)
{
	const struct wire_beat *beat = &b->beat;
	int rc = tx->ops->device_get(tx, d, &beat->account, &beat->device, err);

	if (rc)
		return rc < 0 ? -1 : refuse(p, PROBLEM_DEVICE);
	rc = wire_beat_verify(beat, b->beat_bytes, d->key, b->server->spki_hash, err);
	if (rc < 0 && err->code != ERR_AUTH)
		return -1; /* it was not looked at */
	if (rc < 0 || !api_time_fits(beat->client_unix_ms, b->now_unix_ms))
		return refuse(p, sessions_wrong_try(b->server->sessions, &beat->account,
						    &b->change.x->peer)
					 ? PROBLEM_SLOW_DOWN
					 : PROBLEM_SIGNATURE);
	rc = gate_account(tx, &beat->account, a, p, err);
	return rc ? rc : gate_device(tx, &beat->account, &beat->device, d, p, err);
}

/* What it says, if that is new. */
static bool
take(struct catalog_device *d, const struct wire_beat *beat)
{
	int64_t period_ms = (int64_t)beat->expect_s * 1000;

	if (d->period_ms == period_ms && d->drill == beat->drill &&
	    d->drill_unix_ms == (int64_t)beat->drill_unix_ms)
		return false;
	d->period_ms = period_ms;
	d->drill = (uint8_t)beat->drill;
	d->drill_unix_ms = (int64_t)beat->drill_unix_ms;
	return true;
}

static int
beat_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct beating *b = ctx;
	struct catalog_account a;
	struct catalog_device d;
	int rc = find_device(tx, b, &a, &d, p, err);

	if (rc)
		return rc;
	b->answer = (struct wire_beat_answer){
		.server_unix_ms = (uint64_t)b->now_unix_ms,
		.log_length = a.log_length,
		.seq = d.seq,
		.head = d.head,
	};
	if (notices_read(&b->notices, tx, &d.account, &d.device, err) < 0)
		return -1;
	bool stale = device_is_stale(tx, &d); /* said twice within a minute is said once */
	b->to_write = take(&d, &b->beat) || stale;
	if (!b->to_write || !tx->writable)
		return 0;
	device_came(tx, &d, b->now_unix_ms);
	return tx->ops->device_put(tx, &d, err);
}

static void
answer_beat(struct beating *b)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(256);
	struct err err;

	api_answer(b->change.x, wire_beat_answer_encode(&body, &b->answer, &err), &body, &err);
	api_tell(b->change.x, &b->notices);
}

static int
beat_write_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	return beat_rule(tx, c, p, err);
}

static void
beat_written(struct change *c)
{
	answer_beat((struct beating *)c);
}

void
beat_end(struct exchange *x)
{
	struct beating *b = x->state = calloc(1, sizeof *b);
	struct err err;

	if (!b) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	b->server = server_of(x);
	b->change.x = x;
	b->now_unix_ms = os->now_unix_ms();
	b->beat_bytes = buf_span(&x->body);
	if (wire_beat_decode(&b->beat, b->beat_bytes, &err) < 0)
		http_malformed(x, &err);
	else if (!api_read(x, beat_rule, b))
		;
	else if (b->to_write)
		api_change(x, &b->change, beat_write_rule, beat_written);
	else
		answer_beat(b);
}

void
beat_drop(struct exchange *x)
{
	free(x->state);
}
