/* SPDX-License-Identifier: Apache-2.0 */
/* calls: see calls.h. */
#include "calls.h"

#include <stdio.h>

#include "os/os.h"

#define QUOTA (UINT64_C(1) << 30)

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

/* --- the scene --- */

static void
commit(struct world *w, struct party *p, const struct party_record *records, size_t n)
{
	AUTO(party_batch_clear) struct party_batch b;
	struct problem problem;

	party_batch_init(&b, p, records, n);
	party_batch_finish(&b, p);
	assert_int_equal(world_commit(w, &b, &problem), 0);
	party_committed(p, &b);
}

/* The victim's next batch, signed by @by. */
static void
make_batch(struct buf *out, struct party_batch *b, const struct party *by)
{
	struct err err;

	party_batch_finish(b, by);
	*out = (struct buf)BUF_INIT(BATCH_BYTES_MAX);
	ok(buf_append(out, buf_span(&b->bytes), &err), &err);
}

static void
make_bodies(struct scene *s)
{
	const struct party_record records[] = { { .folder = 1, .item = 1 },
						{ .folder = 3, .item = 7 } };
	struct log_entry policy = { .type = LOG_SET_POLICY, .retention_days = 60 };
	AUTO(buf_clear) struct buf entry = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(party_batch_clear) struct party_batch b;
	struct wire_log_post post = { .n_entries = 1 };
	struct err err;

	party_batch_init(&b, &s->victim, records, N_ELEMENTS(records));
	make_batch(&s->forged_batch, &b, &s->stranger);
	make_batch(&s->batch, &b, &s->victim);
	party_sign_entry(&entry, &s->victim, &policy);
	post.entries[0] = buf_span(&entry);
	s->log_post = (struct buf)BUF_INIT(1u << 20);
	ok(wire_log_post_encode(&s->log_post, &post, &err), &err);
}

void
scene_init(struct scene *s, struct world *w)
{
	*s = (struct scene){ .w = w, .cid = { { 'c' } } };
	const struct party_record first[] = {
		{ .folder = 1, .item = 1, .refs = &s->cid, .n_refs = 1 }, { .folder = 2, .item = 2 }
	};
	const struct party_record second[] = { { .folder = 2, .item = 2, .tombstone = true } };

	party_init(&s->victim);
	party_init(&s->stranger);
	party_init(&s->newcomer);
	s->invitation = world_invite(w, QUOTA);
	world_register(w, &s->victim, QUOTA);
	world_register(w, &s->stranger, QUOTA);
	world_have(w, &s->victim, NULL, 0, s->sibling_put, NULL);
	world_add_device(w, &s->victim);
	world_put_chunk(w, &s->victim, &s->cid, span_str("the victim's object"));
	commit(w, &s->victim, first, N_ELEMENTS(first));
	commit(w, &s->victim, second, N_ELEMENTS(second));
	commit(w, &s->stranger, second, N_ELEMENTS(second));
	world_have(w, &s->victim, &s->cid, 1, s->victim_put, NULL);
	world_login(w, &s->victim, s->victim_get);
	world_have(w, &s->stranger, &s->cid, 1, s->stranger_put, NULL);
	world_login(w, &s->stranger, s->stranger_get);
	make_bodies(s);
}

void
scene_clear(struct scene *s)
{
	party_clear(&s->victim);
	party_clear(&s->stranger);
	party_clear(&s->newcomer);
	buf_clear(&s->batch);
	buf_clear(&s->forged_batch);
	buf_clear(&s->log_post);
}

/* --- the questions --- */

void
question_clear(struct question *q)
{
	buf_clear(&q->body);
}

static void
nothing_to_say(struct question *q, struct scene *s, bool forged)
{
	(void)q, (void)s, (void)forged;
}

static void
make_log_get(struct question *q, struct scene *s, bool forged)
{
	(void)s, (void)forged;
	snprintf(q->path, sizeof q->path, "/v1/log?from=0");
}

/* Forged: the victim's account, by an invitation of the stranger's. */
static void
make_account(struct question *q, struct scene *s, bool forged)
{
	party_registration(&q->body, forged ? &s->victim : &s->newcomer, &s->invitation);
}

static void
make_login_start(struct question *q, struct scene *s, bool forged)
{
	const struct wire_login_start start = { .kind = LOGIN_PASSPHRASE, .id = s->victim.account };
	struct err err;

	(void)forged;
	ok(wire_login_start_encode(&q->body, &start, &err), &err);
}

static void
make_login_finish(struct question *q, struct scene *s, bool forged)
{
	AUTO(question_clear) struct question start = { "/v1/login/start", true, BUF_INIT(64) };
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_login_finish f = { .auth = { .kind = LOGIN_PASSPHRASE, .scope = LOGIN_GET } };
	struct wire_login_challenge c;
	struct err err;

	make_login_start(&start, s, forged);
	question_ask(&r, s->w, &start, NULL);
	assert_int_equal(r.status, 200);
	ok(wire_login_challenge_decode(&c, buf_span(&r.body), &err), &err);
	memcpy(f.auth.account, s->victim.account.b, sizeof f.auth.account);
	memcpy(f.auth.challenge, c.challenge, sizeof f.auth.challenge);
	f.auth.expires_unix_s = (uint64_t)os->now_unix_ms() / 1000 + LOGIN_VALID_S;
	ok(login_sign(f.signature,
		      forged ? s->stranger.passphrase_login : s->victim.passphrase_login, &f.auth,
		      &err),
	   &err);
	ok(wire_login_finish_encode(&q->body, &f, &err), &err);
}

static void
make_log_post(struct question *q, struct scene *s, bool forged)
{
	struct err err;

	(void)forged;
	ok(buf_append(&q->body, buf_span(&s->log_post), &err), &err);
}

static void
make_have(struct question *q, struct scene *s, bool forged)
{
	static const uint8_t no_tls[CRYPTO_HASH_BYTES];
	const struct wire_have have = {
		.account = s->victim.account,
		.device = s->victim.device,
		.client_unix_ms = (uint64_t)os->now_unix_ms(),
		.n = 1,
		.cids = SPAN_ARRAY(s->cid.b),
	};
	struct err err;

	ok(wire_have_sign(&q->body, &have, forged ? s->stranger.dsk : s->victim.dsk, no_tls, &err),
	   &err);
}

static void
make_beat(struct question *q, struct scene *s, bool forged)
{
	static const uint8_t no_tls[CRYPTO_HASH_BYTES];
	const struct wire_beat beat = {
		.account = s->victim.account,
		.device = s->victim.device,
		.client_unix_ms = (uint64_t)os->now_unix_ms(),
		.expect_s = 86400,
	};
	struct err err;

	ok(wire_beat_sign(&q->body, &beat, forged ? s->stranger.dsk : s->victim.dsk, no_tls, &err),
	   &err);
}

static void
make_chunks(struct question *q, struct scene *s, bool forged)
{
	static const struct hash32 new_one = { { 'n' } };
	uint8_t head[WIRE_CHUNK_HEAD_BYTES];
	const struct span object = span_str("an object of somebody's");
	struct err err;

	wire_chunk_head_encode(head, forged ? &s->cid : &new_one, (uint32_t)object.n);
	ok(buf_append(&q->body, SPAN_ARRAY(head), &err), &err);
	ok(buf_append(&q->body, object, &err), &err);
}

static void
make_batch_post(struct question *q, struct scene *s, bool forged)
{
	struct err err;

	ok(buf_append(&q->body, buf_span(forged ? &s->forged_batch : &s->batch), &err), &err);
}

static void
make_items(struct question *q, struct scene *s, bool forged)
{
	(void)forged;
	snprintf(q->path, sizeof q->path, "/v1/devices/%s/items", id16_hex(&s->victim.device).s);
}

static void
make_versions(struct question *q, struct scene *s, bool forged)
{
	struct id16 folder = party_folder(1);

	(void)forged;
	snprintf(q->path, sizeof q->path, "/v1/devices/%s/versions?folder=%s",
		 id16_hex(&s->victim.device).s, id16_hex(&folder).s);
}

static void
make_records(struct question *q, struct scene *s, bool forged)
{
	AUTO(wire_records_clear)
	struct wire_records ask = { .device = s->victim.device, .proofs = true };
	struct err err;

	(void)forged;
	for (uint32_t i = 0; i < 2; i++)
		ok(wire_records_add(&ask, (struct wire_record_at){ 1, i }, &err), &err);
	ok(wire_records_encode(&q->body, &ask, &err), &err);
}

static void
make_damaged(struct question *q, struct scene *s, bool forged)
{
	(void)forged;
	snprintf(q->path, sizeof q->path, "/v1/devices/%s/damaged", id16_hex(&s->victim.device).s);
}

static void
make_item(struct question *q, struct scene *s, bool forged)
{
	const struct wire_item_ask ask = { s->victim.device, party_folder(1), party_item(1) };
	struct err err;

	(void)forged;
	ok(wire_item_ask_encode(&q->body, &ask, &err), &err);
}

static void
make_objects(struct question *q, struct scene *s, bool forged)
{
	const struct wire_object_at at = { s->victim.device, s->cid };
	struct err err;

	(void)forged;
	ok(wire_objects_encode(&q->body, &at, 1, &err), &err);
}

static void
make_pair(struct question *q, struct scene *s, bool forged)
{
	struct id16 id;
	struct err err;

	(void)s, (void)forged;
	os_random(id.b, sizeof id.b);
	ok(buf_append_id16(&q->body, &id, &err), &err);
}

static void
open_pairing(struct id16 *id, struct scene *s)
{
	AUTO(reply_clear) struct reply r = { 0 };

	os_random(id->b, sizeof id->b);
	world_post(s->w, &r, "/v1/pair", s->victim_get, SPAN_ARRAY(id->b));
	assert_int_equal(r.status, 200);
}

/* As the joiner, who has no token; in a pairing that was just opened. */
static void
make_pair_say(struct question *q, struct scene *s, bool forged)
{
	const struct wire_pair_say say = { 1, span_str("sealed for the other side") };
	struct id16 id;
	struct err err;

	(void)forged;
	open_pairing(&id, s);
	snprintf(q->path, sizeof q->path, "/v1/pair/%s", id16_hex(&id).s);
	ok(wire_pair_say_encode(&q->body, &say, &err), &err);
}

static void
make_pair_hear(struct question *q, struct scene *s, bool forged)
{
	struct id16 id;

	(void)forged;
	open_pairing(&id, s);
	snprintf(q->path, sizeof q->path, "/v1/pair/%s?from=1", id16_hex(&id).s);
}

/* clang-format off */
#define PUT SCOPE_PUT
#define GET SCOPE_GET
static const struct call calls[] = {
	/* path                   method     who           scopes     names  stores any_bytes */
	{ "/healthz",             HTTP_GET,  CALL_ANYBODY, 0,         false, false, false, nothing_to_say },
	{ "/v1/server",           HTTP_GET,  CALL_ANYBODY, 0,         false, false, false, nothing_to_say },
	{ "/v1/accounts",         HTTP_POST, CALL_INVITED, 0,         false, true,  false, make_account },
	{ "/v1/login/start",      HTTP_POST, CALL_ANYBODY, 0,         false, false, false, make_login_start },
	{ "/v1/login/finish",     HTTP_POST, CALL_PERSON,  0,         false, false, false, make_login_finish },
	{ "/v1/wraps",            HTTP_GET,  CALL_TOKEN,   GET,       false, false, false, nothing_to_say },
	{ "/v1/log",              HTTP_GET,  CALL_TOKEN,   PUT | GET, false, false, false, make_log_get },
	{ "/v1/log",              HTTP_POST, CALL_TOKEN,   GET,       false, true,  false, make_log_post },
	{ "/v1/heads",            HTTP_GET,  CALL_TOKEN,   PUT | GET, false, false, false, nothing_to_say },
	{ "/v1/account",          HTTP_GET,  CALL_TOKEN,   PUT | GET, false, false, false, nothing_to_say },
	{ "/v1/beat",             HTTP_POST, CALL_DEVICE,  0,         false, true,  false, make_beat },
	{ "/v1/have",             HTTP_POST, CALL_DEVICE,  0,         false, false, false, make_have },
	{ "/v1/chunks",           HTTP_POST, CALL_TOKEN,   PUT,       false, true,  true, make_chunks },
	{ "/v1/batches",          HTTP_POST, CALL_DEVICE,  0,         false, true,  false, make_batch_post },
	{ "/v1/devices/*/items",  HTTP_GET,  CALL_TOKEN,   PUT | GET, true,  false, false, make_items },
	{ "/v1/devices/*/versions", HTTP_GET, CALL_TOKEN,  PUT | GET, true,  false, false, make_versions },
	{ "/v1/devices/*/damaged", HTTP_GET, CALL_TOKEN,   PUT | GET, true,  false, false, make_damaged },
	{ "/v1/records",          HTTP_POST, CALL_TOKEN,   PUT | GET, true,  false, false, make_records },
	{ "/v1/item",             HTTP_POST, CALL_TOKEN,   GET,       true,  false, false, make_item },
	{ "/v1/objects",          HTTP_POST, CALL_TOKEN,   PUT | GET, true,  false, false, make_objects },
	{ "/v1/pair",             HTTP_POST, CALL_TOKEN,   PUT | GET, false, true,  true, make_pair },
	{ "/v1/pair/*",           HTTP_POST, CALL_ANYBODY, 0,         false, true,  true, make_pair_say },
	{ "/v1/pair/*",           HTTP_GET,  CALL_ANYBODY, 0,         false, false, false, make_pair_hear },
};
/* clang-format on */

const struct call *
call_of(const struct http_route *route)
{
	for (size_t i = 0; i < N_ELEMENTS(calls); i++)
		if (strcmp(calls[i].path, route->path) == 0 && calls[i].method == route->method)
			return &calls[i];
	fail_msg("%s %s has no line in tests/unit/server/calls.c: say how it is asked, and by whom",
		 route->method == HTTP_GET ? "GET" : "POST", route->path);
	return NULL;
}

void
for_each_call(struct scene *s, call_fn *fn)
{
	for (const struct http_route *r = api_routes; r->path; r++)
		fn(call_of(r), s);
}

void
question_ask(struct reply *r, struct world *w, const struct question *q, const uint8_t *token)
{
	if (q->post)
		world_post(w, r, q->path, token, buf_span(&q->body));
	else
		world_get(w, r, q->path, token);
}
