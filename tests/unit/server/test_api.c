/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of the protocol over HTTP, on a whole server in this process. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/spool.h"
#include "os/os.h"
#include "upkeep/check.h"
#include "world.h"

#define QUOTA (UINT64_C(1) << 30)

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

static void
refused(const struct reply *r, enum problem_word word)
{
	assert_int_equal(r->status, problem_status(word));
	assert_string_equal(problem_word_text(r->problem.word), problem_word_text(word));
}

/* POST /v1/accounts with a fresh invitation. */
static void
register_by_http(struct world *w, struct party *p)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	AUTO(reply_clear) struct reply r = { 0 };
	struct id16 code = world_invite(w, QUOTA);

	party_registration(&body, p, &code);
	world_post(w, &r, "/v1/accounts", NULL, buf_span(&body));
	assert_int_equal(r.status, 201);
}

static void
post_batch(struct world *w, struct reply *r, struct party *p, struct party_batch *b)
{
	party_batch_finish(b, p);
	world_post(w, r, "/v1/batches", NULL, buf_span(&b->bytes));
	if (r->status == 200)
		party_committed(p, b);
}

static void
post_records(struct world *w, struct party *p, const struct party_record *records, size_t n)
{
	AUTO(party_batch_clear) struct party_batch b;
	AUTO(reply_clear) struct reply r = { 0 };

	party_batch_init(&b, p, records, n);
	post_batch(w, &r, p, &b);
	assert_int_equal(r.status, 200);
}

static void
append_chunk(struct buf *out, const struct hash32 *cid, struct span object)
{
	uint8_t head[WIRE_CHUNK_HEAD_BYTES];
	struct err err;

	wire_chunk_head_encode(head, cid, (uint32_t)object.n);
	ok(buf_append(out, SPAN_ARRAY(head), &err), &err);
	ok(buf_append(out, object, &err), &err);
}

static const struct party_record two[] = { { .folder = 1, .item = 1 }, { .folder = 2, .item = 2 } };

static void
an_account_is_made_once_and_the_same_request_again_is_answered_again(void **state)
{
	struct world *w = *state;
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(party_clear) struct party p;
	AUTO(party_clear) struct party other;
	struct id16 code = world_invite(w, QUOTA), never = { { 1 } };
	struct wire_log_state log;
	struct err err;

	party_init(&p);
	party_init(&other);
	party_registration(&body, &p, &code);
	for (int i = 0; i < 2; i++) {
		world_post(w, &r, "/v1/accounts", NULL, buf_span(&body));
		assert_int_equal(r.status, 201);
		ok(wire_log_state_decode(&log, buf_span(&r.body), &err), &err);
		assert_int_equal(log.length, 2);
		assert_true(hash32_equal(&log.head, &p.log.head));
	}
	buf_reset(&body);
	party_registration(&body, &other, &code);
	world_post(w, &r, "/v1/accounts", NULL, buf_span(&body));
	refused(&r, PROBLEM_INVITATION_USED);
	buf_reset(&body);
	party_registration(&body, &other, &never);
	world_post(w, &r, "/v1/accounts", NULL, buf_span(&body));
	refused(&r, PROBLEM_INVITATION);
	code = world_invite(w, QUOTA);
	buf_reset(&body);
	party_registration(&body, &p, &code);
	world_post(w, &r, "/v1/accounts", NULL, buf_span(&body));
	refused(&r, PROBLEM_EXISTS);
}

static void
a_registration_with_one_bit_changed_is_refused(void **state)
{
	struct world *w = *state;
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(party_clear) struct party p;
	struct id16 code = world_invite(w, QUOTA);

	party_init(&p);
	party_registration(&body, &p, &code);
	for (size_t at = 0; at < body.n; at += 41) {
		body.p[at] ^= 4;
		world_post(w, &r, "/v1/accounts", NULL, buf_span(&body));
		if (r.status < 400 || r.status >= 500)
			fail_msg("bit in byte %zu: %ld", at, r.status);
		body.p[at] ^= 4;
	}
	world_post(w, &r, "/v1/accounts", NULL, buf_span(&body));
	assert_int_equal(r.status, 201);
}

static void
a_challenge_lets_in_the_right_key_and_one_signature_only(void **state)
{
	struct world *w = *state;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(party_clear) struct party p;
	struct wire_login_start start = { .kind = LOGIN_RECOVERY, .by = WIRE_BY_RECOVERY_FIND };
	struct wire_login_challenge c;
	struct wire_login_finish f = { .auth = { .kind = LOGIN_RECOVERY, .scope = LOGIN_GET } };
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	start.id = p.log.credentials.recovery_find;
	ok(wire_login_start_encode(&body, &start, &err), &err);
	world_post(w, &r, "/v1/login/start", NULL, buf_span(&body));
	assert_int_equal(r.status, 200);
	ok(wire_login_challenge_decode(&c, buf_span(&r.body), &err), &err);
	assert_true(id16_equal(&c.account, &p.account));

	memcpy(f.auth.account, p.account.b, sizeof f.auth.account);
	memcpy(f.auth.challenge, c.challenge, sizeof f.auth.challenge);
	f.auth.expires_unix_s = (uint64_t)os->now_unix_ms() / 1000 + LOGIN_VALID_S;
	const struct {
		const struct sign_key *key;
		unsigned later_s;
		long status;
	} tries[] = { { p.passphrase_login, 0, 401 },
		      { p.recovery_login, 0, 200 },
		      { p.recovery_login, 0, 200 }, /* the same again: its answer was lost */
		      { p.recovery_login, 1, 401 } };
	for (size_t i = 0; i < N_ELEMENTS(tries); i++) {
		f.auth.expires_unix_s += tries[i].later_s;
		ok(login_sign(f.signature, tries[i].key, &f.auth, &err), &err);
		buf_reset(&body);
		ok(wire_login_finish_encode(&body, &f, &err), &err);
		world_post(w, &r, "/v1/login/finish", NULL, buf_span(&body));
		assert_int_equal(r.status, tries[i].status);
	}
}

static void
an_unknown_account_gets_a_plausible_answer_that_never_changes(void **state)
{
	struct world *w = *state;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_login_start start = { .kind = LOGIN_PASSPHRASE, .id = { { 7 } } };
	struct wire_login_challenge c[2];
	struct err err;

	ok(wire_login_start_encode(&body, &start, &err), &err);
	for (int i = 0; i < 2; i++) {
		world_post(w, &r, "/v1/login/start", NULL, buf_span(&body));
		assert_int_equal(r.status, 200);
		ok(wire_login_challenge_decode(&c[i], buf_span(&r.body), &err), &err);
		world_restart(w);
	}
	assert_true(id16_equal(&c[0].account, &start.id));
	assert_memory_equal(c[0].salt, c[1].salt, sizeof c[0].salt);
	assert_true(c[0].memory_kib >= PASSPHRASE_MEMORY_KIB_MIN);
	assert_memory_not_equal(c[0].challenge, c[1].challenge, sizeof c[0].challenge);
}

static void
wrong_tries_are_slowed_down_but_the_right_key_is_let_in(void **state)
{
	struct world *w = *state;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(party_clear) struct party p;
	struct wire_login_finish f = { .auth = { .kind = LOGIN_PASSPHRASE, .scope = LOGIN_GET } };
	uint8_t token[WIRE_TOKEN_BYTES];
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	memcpy(f.auth.account, p.account.b, sizeof f.auth.account);
	f.auth.expires_unix_s = (uint64_t)os->now_unix_ms() / 1000;
	ok(wire_login_finish_encode(&body, &f, &err), &err);
	for (int i = 0; i <= TRIES_PER_ACCOUNT_MAX; i++)
		world_post(w, &r, "/v1/login/finish", NULL, buf_span(&body));
	refused(&r, PROBLEM_SLOW_DOWN);
	world_login(w, &p, token);
}

static void
every_call_that_needs_a_token_refuses_without_one_and_with_a_wrong_scope(void **state)
{
	static const struct {
		const char *path;
		bool post, put, get; /* which scopes it takes */
	} calls[] = {
		{ "/v1/wraps", false, false, true },
		{ "/v1/log?from=0", false, true, true },
		{ "/v1/log", true, false, true },
		{ "/v1/heads", false, true, true },
		{ "/v1/account", false, true, true },
		{ "/v1/chunks", true, true, false },
		{ "/v1/devices/00112233445566778899aabbccddeeff/items", false, true, true },
		{ "/v1/devices/00112233445566778899aabbccddeeff/versions", false, true, true },
		{ "/v1/devices/00112233445566778899aabbccddeeff/damaged", false, true, true },
		{ "/v1/records", true, true, true },
		{ "/v1/item", true, false, true },
		{ "/v1/objects", true, true, true },
	};
	struct world *w = *state;
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(party_clear) struct party p;
	uint8_t put[WIRE_TOKEN_BYTES], get[WIRE_TOKEN_BYTES], wrong[WIRE_TOKEN_BYTES] = { 1 };
	struct hash32 cid = { { 1 } };

	party_init(&p);
	register_by_http(w, &p);
	world_have(w, &p, &cid, 1, put, NULL);
	world_login(w, &p, get);
	for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
		void (*ask)(struct world *, struct reply *, const char *, const uint8_t *,
			    struct span) = calls[i].post ? world_post : NULL;
		const uint8_t *tokens[] = { NULL, wrong, put, get };
		for (size_t t = 0; t < N_ELEMENTS(tokens); t++) {
			if (ask)
				ask(w, &r, calls[i].path, tokens[t], span_str("x"));
			else
				world_get(w, &r, calls[i].path, tokens[t]);
			if (t < 2)
				refused(&r, PROBLEM_SIGNATURE);
			else if (!(t == 2 ? calls[i].put : calls[i].get))
				refused(&r, PROBLEM_SCOPE);
			else
				assert_int_not_equal(r.status, 401);
		}
	}
}

static void
a_batch_is_answered_with_its_head_and_the_same_again_with_the_same(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_batch_answer a;
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	party_batch_init(&b, &p, two, 2);
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			post_batch(w, &r, &p, &b);
		else
			world_post(w, &r, "/v1/batches", NULL, buf_span(&b.bytes));
		assert_int_equal(r.status, 200);
		ok(wire_batch_answer_decode(&a, buf_span(&r.body), &err), &err);
		assert_int_equal(a.seq, 1);
		assert_int_equal(a.n_heads, 0);
		assert_int_equal(a.log_length, 2);
		assert_true(hash32_equal(&a.head, &b.head));
	}
}

static void
a_batch_whose_records_differ_from_its_root_is_refused(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	AUTO(reply_clear) struct reply r = { 0 };

	party_init(&p);
	register_by_http(w, &p);
	party_batch_init(&b, &p, two, 2);
	b.frames.p[b.frames.n - 1] ^= 1; /* after the roots were made */
	post_batch(w, &r, &p, &b);
	refused(&r, PROBLEM_ROOT);
	b.frames.n--; /* cut short */
	post_batch(w, &r, &p, &b);
	refused(&r, PROBLEM_RECORDS);
	post_records(w, &p, two, 2);
}

static void
a_large_batch_that_is_refused_at_its_prefix_is_told_so(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	AUTO(reply_clear) struct reply r = { 0 };
	struct party_record records[100];

	party_init(&p);
	register_by_http(w, &p);
	for (unsigned i = 0; i < N_ELEMENTS(records); i++)
		records[i] = (struct party_record){ .item = i, .padded_bytes = 57344 };
	party_batch_init(&b, &p, records, N_ELEMENTS(records));
	b.prefix.header.previous_head.b[0] ^= 1;
	post_batch(w, &r, &p, &b);
	refused(&r, PROBLEM_HEAD);
	b.prefix.header.previous_head.b[0] ^= 1;
	post_batch(w, &r, &p, &b);
	assert_int_equal(r.status, 200);
}

/* What `items` gave. */
struct list {
	struct span prefix;
	uint64_t n;
	struct wire_item items[64];
	size_t n_items;
};

static int
list_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	struct list *l = ctx;

	(void)err;
	l->prefix.n = prefix.n;
	l->n = n;
	return 0;
}

static int
list_item(void *ctx, const struct wire_item *e, struct err *err)
{
	struct list *l = ctx;

	(void)err;
	assert_true(l->n_items < N_ELEMENTS(l->items));
	l->items[l->n_items++] = *e;
	return 0;
}

static void
read_list(struct world *w, struct list *l, const char *path, const uint8_t *token,
	  enum wire_list which)
{
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(wire_items_reader_clear) struct wire_items_reader reader;
	const struct wire_items_sink sink = { l, list_begin, list_item };
	struct err err;

	*l = (struct list){ 0 };
	world_get(w, &r, path, token);
	assert_int_equal(r.status, 200);
	wire_items_reader_init(&reader, which, &sink);
	ok(wire_items_reader_feed(&reader, buf_span(&r.body), &err), &err);
	ok(wire_items_reader_end(&reader, &err), &err);
}

static void
lists_tell_what_is_live_and_which_versions_there_are(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	const struct party_record gone[] = { { .folder = 2, .item = 2, .tombstone = true } };
	uint8_t token[WIRE_TOKEN_BYTES];
	struct id16 folder = party_folder(1);
	char path[200];
	struct list l;

	party_init(&p);
	register_by_http(w, &p);
	world_login(w, &p, token);
	snprintf(path, sizeof path, "/v1/devices/%s/items", id16_hex(&p.device).s);
	read_list(w, &l, path, token, WIRE_ITEMS);
	assert_int_equal(l.prefix.n, 0);
	assert_int_equal(l.n, 0);

	post_records(w, &p, two, 2);
	post_records(w, &p, two, 1);
	post_records(w, &p, gone, 1);
	read_list(w, &l, path, token, WIRE_ITEMS);
	assert_int_equal(l.prefix.n, BATCH_PREFIX_BYTES_MIN);
	assert_int_equal(l.n_items, 1);
	assert_int_equal(l.items[0].version, 2);
	assert_int_equal(l.items[0].seq, 2);

	snprintf(path, sizeof path, "/v1/devices/%s/versions?folder=%s", id16_hex(&p.device).s,
		 id16_hex(&folder).s);
	read_list(w, &l, path, token, WIRE_VERSIONS);
	assert_int_equal(l.n_items, 2);
	assert_int_equal(l.items[0].version, 1);
	assert_int_equal(l.items[1].version, 2);
}

/* What `records` gave. */
struct frames {
	struct batch_prefix prefix;
	unsigned n_batches, n_records, n_gone;
	bool proven; /* every record so far, by its path */
};

static int
take_frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	struct frames *t = ctx;
	struct record_frame record;
	struct hash32 leaf;
	size_t n;

	switch (f->kind) {
	case WIRE_FRAME_BATCH:
		t->n_batches++;
		return batch_prefix_decode(&t->prefix, f->prefix, &n, err);
	case WIRE_FRAME_RECORD:
		t->n_records++;
		assert_int_equal(record_frame_decode(&record, f->record, &n, err), 0);
		record_leaf(&leaf, f->index, &record);
		t->proven &= merkle_path_verify(&t->prefix.records_root, t->prefix.n_records,
						f->index, &leaf, &f->path);
		return 0;
	case WIRE_FRAME_GONE:
		t->n_gone++;
		return 0;
	case WIRE_FRAME_END:
		break;
	}
	return 0;
}

static void
read_records(struct world *w, struct frames *t, const struct party *p, const uint8_t *token,
	     uint32_t n, bool proofs)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(wire_records_clear)
	struct wire_records ask = { .device = p->device, .proofs = proofs };
	AUTO(wire_frames_reader_clear) struct wire_frames_reader reader;
	struct err err;

	*t = (struct frames){ .proven = true };
	for (uint32_t i = 0; i < n; i++) {
		struct wire_record_at at = { 1, i };
		ok(wire_records_add(&ask, at, &err), &err);
	}
	ok(wire_records_encode(&body, &ask, &err), &err);
	world_post(w, &r, "/v1/records", token, buf_span(&body));
	assert_int_equal(r.status, 200);
	wire_frames_reader_init(&reader, take_frame, t);
	ok(wire_frames_reader_feed(&reader, buf_span(&r.body), &err), &err);
	ok(wire_frames_reader_end(&reader, &err), &err);
}

static int
count_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	(void)prefix, (void)err;
	((uint64_t *)ctx)[0] = n;
	return 0;
}

static int
count_item(void *ctx, const struct wire_item *e, struct err *err)
{
	(void)e, (void)err;
	((uint64_t *)ctx)[1]++;
	return 0;
}

static void
a_list_too_long_for_memory_comes_whole(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(wire_items_reader_clear) struct wire_items_reader reader;
	uint8_t token[WIRE_TOKEN_BYTES];
	static struct party_record records[PARTY_ITEMS_MAX];
	uint64_t told_and_got[2] = { 0 };
	const struct wire_items_sink sink = { told_and_got, count_begin, count_item };
	char path[128];
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	for (unsigned i = 0; i < N_ELEMENTS(records); i++)
		records[i] = (struct party_record){ .folder = i % 5, .item = i };
	post_records(w, &p, records, N_ELEMENTS(records));
	world_login(w, &p, token);
	snprintf(path, sizeof path, "/v1/devices/%s/items", id16_hex(&p.device).s);
	world_get(w, &r, path, token);
	assert_int_equal(r.status, 200);
	assert_true(r.body.n > SPOOL_MEMORY_BYTES);
	wire_items_reader_init(&reader, WIRE_ITEMS, &sink);
	ok(wire_items_reader_feed(&reader, buf_span(&r.body), &err), &err);
	ok(wire_items_reader_end(&reader, &err), &err);
	assert_int_equal(told_and_got[0], PARTY_ITEMS_MAX);
	assert_int_equal(told_and_got[1], PARTY_ITEMS_MAX);
}

static void
records_come_back_with_paths_that_prove_them(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	uint8_t token[WIRE_TOKEN_BYTES];
	struct party_record records[60];
	struct frames t;

	party_init(&p);
	register_by_http(w, &p);
	for (unsigned i = 0; i < N_ELEMENTS(records); i++)
		records[i] = (struct party_record){ .item = i, .padded_bytes = 4096 };
	post_records(w, &p, records, N_ELEMENTS(records)); /* more than one piece of an answer */
	world_login(w, &p, token);
	read_records(w, &t, &p, token, 61, true); /* one more than there are */
	assert_int_equal(t.n_batches, 1);
	assert_int_equal(t.n_records, 60);
	assert_int_equal(t.n_gone, 1);
	assert_true(t.proven);
}

static int
note_damage(void *ctx, const struct check_damage *d, struct err *err)
{
	(void)err;
	assert_non_null(d->reason);
	++*(unsigned *)ctx;
	return 0;
}

static unsigned
check(struct world *w, bool all)
{
	unsigned n = 0;
	uint64_t checked;
	struct err err;

	ok(check_run(w->server.catalog, w->server.blobs, all, NULL, &checked, note_damage, &n,
		     &err),
	   &err);
	assert_true(checked > 0);
	return n;
}

static void
a_damaged_record_is_told_apart_and_the_others_are_given(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	uint8_t token[WIRE_TOKEN_BYTES];
	struct frames t;

	party_init(&p);
	register_by_http(w, &p);
	post_records(w, &p, two, 2);
	assert_int_equal(check(w, true), 0);
	world_spoil(w, "UPDATE records SET frame = substr(frame, 1, length(frame) - 1) || x'00' "
		       "WHERE id % 2 = 1");
	world_login(w, &p, token);
	read_records(w, &t, &p, token, 2, true);
	assert_int_equal(t.n_records, 1);
	assert_int_equal(t.n_gone, 1);
	assert_true(t.proven);
	assert_int_equal(check(w, true), 1);
}

static void
an_item_is_given_with_a_proof_that_it_is_the_live_one(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(wire_item_answer_clear) struct wire_item_answer a = { 0 };
	struct wire_item_ask ask;
	uint8_t token[WIRE_TOKEN_BYTES];
	struct party_record records[30];
	const struct state_entry *found;
	struct batch_prefix prefix;
	struct err err;
	size_t n;

	party_init(&p);
	register_by_http(w, &p);
	for (unsigned i = 0; i < N_ELEMENTS(records); i++)
		records[i] = (struct party_record){ .folder = 1, .item = i };
	post_records(w, &p, records, N_ELEMENTS(records));
	world_login(w, &p, token);
	for (unsigned item = 29; item < 31; item++) { /* one that is there, one that is not */
		ask = (struct wire_item_ask){ p.device, party_folder(1), party_item(item) };
		buf_reset(&body);
		ok(wire_item_ask_encode(&body, &ask, &err), &err);
		world_post(w, &r, "/v1/item", token, buf_span(&body));
		assert_int_equal(r.status, 200);
		ok(wire_item_answer_decode(&a, buf_span(&r.body), &err), &err);
		assert_int_equal(batch_prefix_decode(&prefix, a.prefix, &n, &err), 0);
		ok(state_proof_verify(&found, &a.proof, &prefix.state_root, &ask.folder, &ask.item,
				      &err),
		   &err);
		assert_int_equal(found != NULL, item < 30);
	}
}

/* --- chunks --- */

static void
read_object(struct world *w, const struct party *p, const uint8_t *token, const struct hash32 *cid,
	    struct buf *object)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	const struct wire_object_at at = { p->device, *cid };
	struct err err;

	ok(wire_objects_encode(&body, &at, 1, &err), &err);
	world_post(w, &r, "/v1/objects", token, buf_span(&body));
	assert_int_equal(r.status, 200);
	assert_true(r.body.n >= 4 && get_u32(r.body.p) == r.body.n - 4);
	buf_reset(object);
	ok(buf_append(object, span_skip(buf_span(&r.body), 4), &err), &err);
}

static void
post_chunks(struct world *w, const uint8_t *token, struct span body, uint32_t n)
{
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_chunks_answer a;
	struct err err;

	world_post(w, &r, "/v1/chunks", token, body);
	assert_int_equal(r.status, 200);
	ok(wire_chunks_answer_decode(&a, buf_span(&r.body), &err), &err);
	assert_int_equal(a.n, n);
	for (uint32_t i = 0; i < n; i++)
		assert_true(wire_bit(a.bitmap, i));
}

static void
chunks_are_kept_found_and_never_replaced(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(8u << 20);
	AUTO(buf_clear) struct buf object = BUF_INIT(8u << 20);
	uint8_t put[WIRE_TOKEN_BYTES], get[WIRE_TOKEN_BYTES], bitmap[1], noise[70000];
	const struct hash32 cids[3] = { { { 1 } }, { { 2 } }, { { 3 } } };

	party_init(&p);
	register_by_http(w, &p);
	world_have(w, &p, cids, 3, put, bitmap);
	assert_int_equal(bitmap[0], 0);
	os_random(noise, sizeof noise);
	append_chunk(&body, &cids[0], span_str("the first object"));
	append_chunk(&body, &cids[2], SPAN_ARRAY(noise));
	post_chunks(w, put, buf_span(&body), 2);
	world_have(w, &p, cids, 3, put, bitmap);
	assert_int_equal(bitmap[0], 5);

	buf_reset(&body);
	append_chunk(&body, &cids[0], span_str("what would replace it"));
	post_chunks(w, put, buf_span(&body), 1);
	world_login(w, &p, get);
	read_object(w, &p, get, &cids[0], &object);
	assert_true(span_equal(buf_span(&object), span_str("the first object")));
	read_object(w, &p, get, &cids[2], &object);
	assert_true(span_equal(buf_span(&object), SPAN_ARRAY(noise)));
	read_object(w, &p, get, &cids[1], &object);
	assert_int_equal(object.n, 0);
	assert_int_equal(check(w, true), 0);
}

static void
chunks_count_towards_the_day_of_their_device(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	uint8_t put[WIRE_TOKEN_BYTES], bitmap[1];
	const struct hash32 cids[2] = { { { 1 } }, { { 2 } } };
	char sql[128];

	party_init(&p);
	register_by_http(w, &p);
	world_have(w, &p, cids, 2, put, NULL);
	append_chunk(&body, &cids[0], span_str("the first object"));
	post_chunks(w, put, buf_span(&body), 1);
	snprintf(sql, sizeof sql, "UPDATE devices SET day = %lld, day_bytes = %llu",
		 (long long)(os->now_unix_ms() / 86400000), (unsigned long long)QUOTA);
	world_spoil(w, sql);
	world_have(w, &p, cids, 2, put, NULL);
	buf_reset(&body);
	append_chunk(&body, &cids[1], span_str("what is too much for today"));
	world_post(w, &r, "/v1/chunks", put, buf_span(&body));
	refused(&r, PROBLEM_QUOTA);
	assert_true(r.problem.again_s > 0);
	world_have(w, &p, cids, 2, put, bitmap);
	assert_int_equal(bitmap[0], 1);
	assert_int_equal(check(w, true), 0);
}

static void
many_small_chunks_fit_one_request(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(8u << 20);
	uint8_t put[WIRE_TOKEN_BYTES], object[200], bitmap[WIRE_BITMAP_BYTES(300)];
	struct hash32 cids[300] = { 0 };

	party_init(&p);
	register_by_http(w, &p);
	for (uint32_t i = 0; i < N_ELEMENTS(cids); i++) {
		put_u32(cids[i].b, i);
		os_random(object, sizeof object);
		append_chunk(&body, &cids[i], SPAN_ARRAY(object));
	}
	world_have(w, &p, cids, 1, put, NULL);
	post_chunks(w, put, buf_span(&body), 300);
	world_have(w, &p, cids, 300, put, bitmap);
	for (uint32_t i = 0; i < N_ELEMENTS(cids); i++)
		assert_true(wire_bit(SPAN_ARRAY(bitmap), i));
	assert_int_equal(check(w, true), 0);
}

static int
connect_raw(struct world *w)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(http_address(w->http), ':') + 1));
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* libmicrohttpd hands on the next piece of a chunked body that it has already, even while the exchange
 * waits for the disk: no piece may reach an upload whose group is being stored. */
static void
pieces_that_come_at_once_do_not_disturb_what_is_being_stored(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf request = BUF_INIT(1u << 20), reply = BUF_INIT(1u << 20);
	uint8_t put[WIRE_TOKEN_BYTES], object[40], bitmap[WIRE_BITMAP_BYTES(128)];
	char hex[2 * WIRE_TOKEN_BYTES + 1];
	struct hash32 cids[128] = { 0 };
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	world_have(w, &p, cids, 1, put, NULL);
	hex_encode(hex, SPAN_ARRAY(put));
	ok(buf_append_fmt(&request, &err,
			  "POST /v1/chunks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
			  "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
			  hex),
	   &err);
	for (uint32_t i = 0; i < N_ELEMENTS(cids); i++) {
		put_u32(cids[i].b, i);
		os_random(object, sizeof object);
		ok(buf_append_fmt(&request, &err, "%zx\r\n", WIRE_CHUNK_HEAD_BYTES + sizeof object),
		   &err);
		append_chunk(&request, &cids[i], SPAN_ARRAY(object));
		ok(buf_append_str(&request, "\r\n", &err), &err);
	}
	ok(buf_append_str(&request, "0\r\n\r\n", &err), &err);
	int fd = connect_raw(w);
	ok(os_write_all(fd, buf_span(&request), "a socket", &err), &err);
	uint8_t *at;
	size_t got = 0;
	ok(buf_extend(&reply, 65536, &at, &err), &err);
	ok(os_read_full(fd, at, 65536, &got, "a socket", &err), &err);
	close(fd);
	assert_true(got > 12 && memcmp(at, "HTTP/1.1 200", 12) == 0);
	world_have(w, &p, cids, N_ELEMENTS(cids), put, bitmap);
	for (uint32_t i = 0; i < N_ELEMENTS(cids); i++)
		assert_true(wire_bit(SPAN_ARRAY(bitmap), i));
	assert_int_equal(check(w, true), 0);
}

/* Send the head of an upload that promises more, and @body; then hang up. */
static void
post_and_hang_up(struct world *w, const uint8_t *token, struct span body)
{
	AUTO(buf_clear) struct buf request = BUF_INIT(1u << 20);
	char hex[2 * WIRE_TOKEN_BYTES + 1];
	int fd = connect_raw(w);
	struct err err;

	hex_encode(hex, span_of(token, WIRE_TOKEN_BYTES));
	ok(buf_append_fmt(&request, &err,
			  "POST /v1/chunks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
			  "Content-Length: %zu\r\n\r\n",
			  hex, body.n + 1000),
	   &err);
	ok(buf_append(&request, body, &err), &err);
	ok(os_write_all(fd, buf_span(&request), "a socket", &err), &err);
	close(fd);
}

static void
what_came_whole_before_a_link_was_cut_is_kept(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	uint8_t put[WIRE_TOKEN_BYTES], bitmap[1];
	const struct hash32 cids[3] = { { { 1 } }, { { 2 } }, { { 3 } } };

	party_init(&p);
	register_by_http(w, &p);
	for (unsigned i = 0; i < 3; i++)
		append_chunk(&body, &cids[i], span_str("an object that is sent"));
	world_have(w, &p, cids, 3, put, NULL);
	post_and_hang_up(w, put, span_of(body.p, body.n - 5));
	do /* until the server has noticed */
		world_have(w, &p, cids, 3, put, bitmap);
	while (bitmap[0] != 3);
	world_restart(w);
	assert_int_equal(check(w, true), 0);
}

/* The only file below @folder/blobs that is an object. */
static void
spoil_object(struct world *w)
{
	char command[256];

	snprintf(command, sizeof command,
		 "find '%s/blobs' -type f -exec sh -c 'printf X | dd of=\"$1\" conv=notrunc "
		 "status=none' sh {} +",
		 w->folder);
	assert_int_equal(system(command), 0);
}

static void
a_damaged_object_counts_as_absent_once_found_and_may_be_sent_again(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(buf_clear) struct buf object = BUF_INIT(1024);
	uint8_t put[WIRE_TOKEN_BYTES], get[WIRE_TOKEN_BYTES], bitmap[1];
	const struct hash32 cid = { { 1 } };

	party_init(&p);
	register_by_http(w, &p);
	append_chunk(&body, &cid, span_str("the object"));
	world_have(w, &p, &cid, 1, put, NULL);
	post_chunks(w, put, buf_span(&body), 1);
	spoil_object(w);
	assert_int_equal(check(w, false), 1);
	assert_int_equal(check(w, true), 1);
	world_have(w, &p, &cid, 1, put, bitmap);
	assert_int_equal(bitmap[0], 0);
	post_chunks(w, put, buf_span(&body), 1);
	world_have(w, &p, &cid, 1, put, bitmap);
	assert_int_equal(bitmap[0], 1);
	world_login(w, &p, get);
	read_object(w, &p, get, &cid, &object);
	assert_true(span_equal(buf_span(&object), span_str("the object")));
	assert_int_equal(check(w, true), 0);
}

static int
nothing_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	(void)tx, (void)ctx, (void)err;
	return 0;
}

static void
an_object_that_is_not_what_came_is_marked_when_it_is_sent(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(buf_clear) struct buf object = BUF_INIT(1024);
	uint8_t put[WIRE_TOKEN_BYTES], get[WIRE_TOKEN_BYTES], bitmap[1];
	const struct hash32 cid = { { 1 } };
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	append_chunk(&body, &cid, span_str("the object"));
	world_have(w, &p, &cid, 1, put, NULL);
	post_chunks(w, put, buf_span(&body), 1);
	world_login(w, &p, get);
	read_object(w, &p, get, &cid, &object);
	world_have(w, &p, &cid, 1, put, bitmap);
	assert_int_equal(bitmap[0], 1); /* a sound one stays */
	spoil_object(w);
	read_object(w, &p, get, &cid, &object);
	assert_true(span_equal(buf_span(&object), span_str("Xhe object")));
	/* Changes are made in the order in which they came. */
	assert_int_equal(catalog_write(w->server.catalog, nothing_run, NULL, &err), 0);
	world_have(w, &p, &cid, 1, put, bitmap);
	assert_int_equal(bitmap[0], 0);
	read_object(w, &p, get, &cid, &object);
	assert_int_equal(object.n, 0);
	post_chunks(w, put, buf_span(&body), 1);
	read_object(w, &p, get, &cid, &object);
	assert_true(span_equal(buf_span(&object), span_str("the object")));
}

static void
ask_records(struct reply *r, struct world *w, const struct party *p, const uint8_t *token,
	    uint32_t n)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(4096);
	AUTO(wire_records_clear) struct wire_records ask = { .device = p->device };
	struct err err;

	for (uint32_t i = 0; i < n; i++)
		ok(wire_records_add(&ask, (struct wire_record_at){ 1, i }, &err), &err);
	ok(wire_records_encode(&body, &ask, &err), &err);
	world_post(w, r, "/v1/records", token, buf_span(&body));
}

static void
a_device_has_64_ciphertexts_of_its_own_a_day_without_the_passphrase(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(buf_clear) struct buf object = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	uint8_t put[WIRE_TOKEN_BYTES], get[WIRE_TOKEN_BYTES];
	const struct hash32 cid = { { 1 } };
	struct wire_object_at at = { .cid = cid };
	struct frames t;
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	append_chunk(&body, &cid, span_str("the object"));
	world_have(w, &p, &cid, 1, put, NULL);
	post_chunks(w, put, buf_span(&body), 1);
	post_records(w, &p, two, 2);
	read_object(w, &p, put, &cid, &object);
	assert_true(span_equal(buf_span(&object), span_str("the object")));
	read_records(w, &t, &p, put, 2, false);
	assert_int_equal(t.n_records, 2);
	read_records(w, &t, &p, put, 60, false); /* what is not there counts, too: 63 */
	assert_int_equal(t.n_gone, 58);
	ask_records(&r, w, &p, put, 2);
	refused(&r, PROBLEM_DRILLS);
	assert_true(r.problem.again_s > 0 && r.problem.again_s <= 86401);
	ask_records(&r, w, &p, put, 1); /* the 64th */
	assert_int_equal(r.status, 200);
	ask_records(&r, w, &p, put, 1);
	refused(&r, PROBLEM_DRILLS);
	at.device = p.device;
	buf_reset(&body);
	ok(wire_objects_encode(&body, &at, 1, &err), &err);
	world_post(w, &r, "/v1/objects", put, buf_span(&body));
	refused(&r, PROBLEM_DRILLS);
	world_login(w, &p, get);
	read_records(w, &t, &p, get, 2, true); /* nobody counts what a person asks for */
	assert_int_equal(t.n_records, 2);
	world_spoil(w, "UPDATE devices SET seen_at = 0"); /* a restart forgets nothing */
	world_have(w, &p, NULL, 0, put, NULL);
	ask_records(&r, w, &p, put, 1);
	refused(&r, PROBLEM_DRILLS);
	world_spoil(w, "UPDATE devices SET drill_day = drill_day - 1"); /* the next day */
	world_have(w, &p, NULL, 0, put, NULL);
	ask_records(&r, w, &p, put, 64);
	assert_int_equal(r.status, 200);
	ask_records(&r, w, &p, put, 65);
	refused(&r, PROBLEM_DRILLS);
}

static struct wire_damaged
ask_damaged(struct world *w, const struct party *p, const uint8_t *token)
{
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_damaged damaged;
	char path[128];
	struct err err;

	snprintf(path, sizeof path, "/v1/devices/%s/damaged", id16_hex(&p->device).s);
	world_get(w, &r, path, token);
	assert_int_equal(r.status, 200);
	ok(wire_damaged_decode(&damaged, buf_span(&r.body), &err), &err);
	return damaged;
}

static void
a_record_that_a_check_found_damaged_is_named_to_its_device_until_it_is_sent_anew(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	uint8_t put[WIRE_TOKEN_BYTES];
	struct wire_damaged named;

	party_init(&p);
	register_by_http(w, &p);
	post_records(w, &p, two, 2);
	world_spoil(w, "UPDATE records SET frame = substr(frame, 1, length(frame) - 1) || x'00' "
		       "WHERE id % 2 = 1");
	world_have(w, &p, NULL, 0, put, NULL);
	assert_int_equal(ask_damaged(w, &p, put).n, 0); /* nobody has looked yet */
	assert_int_equal(check(w, true), 1);
	assert_int_equal(check(w, true), 1); /* found twice is named once */
	named = ask_damaged(w, &p, put);
	assert_int_equal(named.n, 1);
	assert_int_equal(named.at[0].seq, 1);
	assert_int_equal(named.at[0].index, 1);
	post_records(w, &p, two, 2);
	assert_int_equal(ask_damaged(w, &p, put).n, 0);
}

static void
another_account_sees_and_reaches_nothing(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_clear) struct party other;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply r = { 0 };
	uint8_t token[WIRE_TOKEN_BYTES];
	struct wire_object_at object = { .cid = { { 1 } } };
	struct wire_item_ask item;
	char path[128];
	struct err err;

	party_init(&p);
	party_init(&other);
	register_by_http(w, &p);
	register_by_http(w, &other);
	post_records(w, &p, two, 2);
	world_login(w, &other, token);
	snprintf(path, sizeof path, "/v1/devices/%s/items", id16_hex(&p.device).s);
	world_get(w, &r, path, token);
	refused(&r, PROBLEM_DEVICE);
	object.device = p.device;
	ok(wire_objects_encode(&body, &object, 1, &err), &err);
	world_post(w, &r, "/v1/objects", token, buf_span(&body));
	refused(&r, PROBLEM_DEVICE);
	item = (struct wire_item_ask){ p.device, party_folder(1), party_item(1) };
	buf_reset(&body);
	ok(wire_item_ask_encode(&body, &item, &err), &err);
	world_post(w, &r, "/v1/item", token, buf_span(&body));
	refused(&r, PROBLEM_DEVICE);
}

/* Signed by nobody whom the server knows. */
static enum problem_word
ask_wrongly(struct world *w, struct party *p)
{
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(party_batch_clear) struct party_batch b;

	party_batch_init(&b, p, two, 2);
	party_batch_finish(&b, p);
	b.bytes.p[b.bytes.n - b.frames.n - 1] ^= 1; /* of the signature, the prefix's last */
	world_post(w, &r, "/v1/batches", NULL, buf_span(&b.bytes));
	return r.problem.word;
}

static void
wrongly_signed_batches_are_slowed_down_and_good_ones_are_not(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;

	party_init(&p);
	register_by_http(w, &p);
	for (int i = 0; i < TRIES_PER_ACCOUNT_MAX; i++)
		assert_int_equal(ask_wrongly(w, &p), PROBLEM_SIGNATURE);
	assert_int_equal(ask_wrongly(w, &p), PROBLEM_SLOW_DOWN);
	post_records(w, &p, two, 2);
}

static int
read_account(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_account *a = ctx;

	return tx->ops->account_get(tx, a, &a->account, err);
}

static bool
is_relaxing(struct world *w, const struct party *p)
{
	struct catalog_account a = { .account = p->account };
	struct err err;

	assert_int_equal(catalog_read(w->server.catalog, read_account, &a, &err), 0);
	return account_is_relaxing(&a);
}

static void
a_person_who_logs_in_calls_off_what_waits_and_a_device_does_not(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	uint8_t token[WIRE_TOKEN_BYTES];
	struct log_entry waiting[] = {
		{ .type = LOG_DELETE_ACCOUNT },
		{ .type = LOG_SET_POLICY, .retention_days = 30 },
		{ .type = LOG_SET_POLICY, .retention_days = 90, .policy_flags = LOG_POLICY_LIFT },
	};

	party_init(&p);
	register_by_http(w, &p);
	for (size_t i = 0; i < N_ELEMENTS(waiting); i++) {
		assert_false(is_relaxing(w, &p));
		assert_int_equal(world_extend(w, &p, &waiting[i]), 0);
		assert_true(is_relaxing(w, &p));
		world_have(w, &p, NULL, 0, token, NULL);
		assert_true(is_relaxing(w, &p));
		world_login(w, &p, token);
		assert_false(is_relaxing(w, &p));
	}
	struct log_entry more = { .type = LOG_SET_POLICY, .retention_days = 365 };
	assert_int_equal(world_extend(w, &p, &more), 0);
	assert_false(is_relaxing(w, &p)); /* keeping more holds at once */
}

static struct wire_standing
ask_standing(struct world *w, const uint8_t *token)
{
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_standing s;
	struct err err;

	world_get(w, &r, "/v1/account", token);
	assert_int_equal(r.status, 200);
	ok(wire_standing_decode(&s, buf_span(&r.body), &err), &err);
	return s;
}

/* A fortnight, but for what the test took. */
static bool
is_fortnight(uint64_t ms)
{
	return ms <= RETENTION_WAIT_MS && ms > RETENTION_WAIT_MS - RETENTION_DAY_MS;
}

static void
what_waits_is_told_to_every_device_until_a_person_comes(void **state)
{
	struct log_entry less = { .type = LOG_SET_POLICY,
				  .retention_days = 30,
				  .policy_flags = LOG_POLICY_LIFT };
	struct log_entry gone = { .type = LOG_DELETE_ACCOUNT };
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	uint8_t put[WIRE_TOKEN_BYTES], get[WIRE_TOKEN_BYTES];
	struct wire_standing s;

	party_init(&p);
	register_by_http(w, &p);
	world_have(w, &p, NULL, 0, put, NULL);
	s = ask_standing(w, put);
	assert_int_equal(s.retention_days, 90);
	assert_true(s.next_days == 0 && s.next_ms == 0 && s.lift_ms == 0 && s.delete_ms == 0);
	assert_int_equal(s.n_held_all, 0);
	assert_true(s.quota_bytes > 0 && s.log.length == 2);

	assert_int_equal(world_extend(w, &p, &less), 0);
	assert_int_equal(world_extend(w, &p, &gone), 0);
	s = ask_standing(w, put);
	assert_int_equal(s.retention_days, 90); /* not yet */
	assert_int_equal(s.next_days, 30);
	assert_true(is_fortnight(s.next_ms) && is_fortnight(s.lift_ms));
	assert_true(is_fortnight(s.delete_ms));
	assert_true(s.log.length == 4 && hash32_equal(&s.log.head, &p.log.head));

	world_login(w, &p, get);
	s = ask_standing(w, get);
	assert_true(s.next_days == 0 && s.next_ms == 0 && s.lift_ms == 0 && s.delete_ms == 0);
}

static void
a_revoked_device_is_refused_at_once_whatever_its_token(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf entry = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(party_batch_clear) struct party_batch b;
	uint8_t put[WIRE_TOKEN_BYTES], get[WIRE_TOKEN_BYTES];
	const struct hash32 cid = { { 1 } };
	struct log_entry revoke = { .type = LOG_REVOKE };
	struct wire_log_post post = { .n_entries = 1 };
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	world_have(w, &p, &cid, 1, put, NULL);
	world_login(w, &p, get);
	party_batch_init(&b, &p, two, 2);
	revoke.device = p.device;
	revoke.trusted_head = p.head;
	party_sign_entry(&entry, &p, &revoke);
	post.entries[0] = buf_span(&entry);
	ok(wire_log_post_encode(&body, &post, &err), &err);
	for (int i = 0; i < 2; i++) { /* the second time it is there already */
		world_post(w, &r, "/v1/log", get, buf_span(&body));
		assert_int_equal(r.status, 200);
	}
	world_get(w, &r, "/v1/heads", put);
	refused(&r, PROBLEM_REVOKED);
	post_batch(w, &r, &p, &b);
	refused(&r, PROBLEM_REVOKED);
	world_get(w, &r, "/v1/heads", get);
	assert_int_equal(r.status, 200);
}

static void
a_log_entry_that_does_not_continue_the_log_is_refused(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf first = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(buf_clear) struct buf second = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(buf_clear) struct buf body = BUF_INIT(1u << 20);
	AUTO(reply_clear) struct reply r = { 0 };
	struct log_entry policy = { .type = LOG_SET_POLICY, .retention_days = 60 };
	struct log_entry more = { .type = LOG_SET_POLICY, .retention_days = 70 };
	struct wire_log_post post = { .n_entries = 1 };
	uint8_t get[WIRE_TOKEN_BYTES];
	struct err err;

	party_init(&p);
	register_by_http(w, &p);
	world_login(w, &p, get);
	party_sign_entry(&first, &p, &policy);
	party_sign_entry(&second, &p, &more);
	post.entries[0] = buf_span(&second);
	ok(wire_log_post_encode(&body, &post, &err), &err);
	world_post(w, &r, "/v1/log", get, buf_span(&body));
	refused(&r, PROBLEM_LOG);
	assert_int_equal(r.problem.length, 2);
	first.p[first.n - 1] ^= 1;
	post.entries[0] = buf_span(&first);
	buf_reset(&body);
	ok(wire_log_post_encode(&body, &post, &err), &err);
	world_post(w, &r, "/v1/log", get, buf_span(&body));
	refused(&r, PROBLEM_SIGNATURE);
}

/* A post, and what came of checking it. */
struct growing {
	struct id16 account;
	struct wire_log_post post;
	struct log_growth growth;
	struct problem problem;
};

static int
growing_check(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct growing *g = ctx;

	return log_growth_check(&g->growth, tx, &g->account, &g->post, &g->problem, err);
}

static int
no_reading(struct catalog_tx *tx, const struct id16 *account, uint64_t from, catalog_bytes_fn *fn,
	   void *ctx, struct err *err)
{
	(void)tx, (void)account, (void)from, (void)fn, (void)ctx;
	return err_set(err, ERR_INTERNAL, "the writer reads the log");
}

static int
growing_commit(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct growing *g = ctx;
	const struct catalog_ops *ops = tx->ops;
	struct catalog_ops without = *ops;

	without.log_read = no_reading;
	tx->ops = &without;
	int rc = log_growth_commit(&g->growth, tx, os->now_unix_ms(), &g->problem, err);
	tx->ops = ops;
	return rc;
}

static void
what_continues_a_log_is_checked_apart_from_the_writer_and_again_if_the_log_moved(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf first = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(buf_clear) struct buf second = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct log_entry policy = { .type = LOG_SET_POLICY, .retention_days = 60 };
	struct log_entry more = { .type = LOG_SET_POLICY, .retention_days = 70 };
	struct growing slow = { .post.n_entries = 2 }, quick = { .post.n_entries = 1 };
	struct catalog *catalog = w->server.catalog;
	struct err err = { 0 };

	party_init(&p);
	register_by_http(w, &p);
	slow.account = quick.account = p.account;
	party_sign_entry(&first, &p, &policy);
	party_sign_entry(&second, &p, &more);
	slow.post.entries[0] = quick.post.entries[0] = buf_span(&first);
	slow.post.entries[1] = buf_span(&second);
	ok(catalog_read(catalog, growing_check, &slow, &err), &err);
	ok(catalog_read(catalog, growing_check, &quick, &err), &err);
	ok(catalog_write(catalog, growing_commit, &quick, &err), &err);
	assert_int_equal(catalog_write(catalog, growing_commit, &slow, &err), LOG_MOVED);
	ok(catalog_read(catalog, growing_check, &slow, &err), &err);
	assert_false(log_growth_is_known(&slow.growth));
	ok(catalog_write(catalog, growing_commit, &slow, &err), &err);
	ok(catalog_read(catalog, growing_check, &slow, &err), &err);
	assert_true(log_growth_is_known(&slow.growth));
	log_growth_clear(&slow.growth);
	log_growth_clear(&quick.growth);
}

static void
a_small_commit_costs_few_bytes_on_the_wire(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	AUTO(reply_clear) struct reply r = { 0 };
	const struct party_record record[] = { { .folder = 1, .item = 1, .padded_bytes = 192 } };

	party_init(&p);
	register_by_http(w, &p);
	party_batch_init(&b, &p, record, 1);
	post_batch(w, &r, &p, &b);
	assert_int_equal(r.status, 200);
	/* PERFORMANCE: 1.2 kB with both heads, which are some 200 bytes. */
	assert_true(b.bytes.n + r.body.n < 700);
}

int
main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_WORLD(an_account_is_made_once_and_the_same_request_again_is_answered_again),
		IN_WORLD(a_registration_with_one_bit_changed_is_refused),
		IN_WORLD(a_challenge_lets_in_the_right_key_and_one_signature_only),
		IN_WORLD(an_unknown_account_gets_a_plausible_answer_that_never_changes),
		IN_WORLD(wrong_tries_are_slowed_down_but_the_right_key_is_let_in),
		IN_WORLD(every_call_that_needs_a_token_refuses_without_one_and_with_a_wrong_scope),
		IN_WORLD(a_batch_is_answered_with_its_head_and_the_same_again_with_the_same),
		IN_WORLD(a_batch_whose_records_differ_from_its_root_is_refused),
		IN_WORLD(a_large_batch_that_is_refused_at_its_prefix_is_told_so),
		IN_WORLD(lists_tell_what_is_live_and_which_versions_there_are),
		IN_WORLD(a_list_too_long_for_memory_comes_whole),
		IN_WORLD(records_come_back_with_paths_that_prove_them),
		IN_WORLD(a_damaged_record_is_told_apart_and_the_others_are_given),
		IN_WORLD(an_item_is_given_with_a_proof_that_it_is_the_live_one),
		IN_WORLD(chunks_are_kept_found_and_never_replaced),
		IN_WORLD(chunks_count_towards_the_day_of_their_device),
		IN_WORLD(many_small_chunks_fit_one_request),
		IN_WORLD(pieces_that_come_at_once_do_not_disturb_what_is_being_stored),
		IN_WORLD(what_came_whole_before_a_link_was_cut_is_kept),
		IN_WORLD(a_damaged_object_counts_as_absent_once_found_and_may_be_sent_again),
		IN_WORLD(an_object_that_is_not_what_came_is_marked_when_it_is_sent),
		IN_WORLD(a_device_has_64_ciphertexts_of_its_own_a_day_without_the_passphrase),
		IN_WORLD(
			a_record_that_a_check_found_damaged_is_named_to_its_device_until_it_is_sent_anew),
		IN_WORLD(another_account_sees_and_reaches_nothing),
		IN_WORLD(wrongly_signed_batches_are_slowed_down_and_good_ones_are_not),
		IN_WORLD(a_person_who_logs_in_calls_off_what_waits_and_a_device_does_not),
		IN_WORLD(what_waits_is_told_to_every_device_until_a_person_comes),
		IN_WORLD(a_revoked_device_is_refused_at_once_whatever_its_token),
		IN_WORLD(a_log_entry_that_does_not_continue_the_log_is_refused),
		IN_WORLD(
			what_continues_a_log_is_checked_apart_from_the_writer_and_again_if_the_log_moved),
		IN_WORLD(a_small_commit_costs_few_bytes_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
