/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that mean no good, at every call of the server: other people's ids with every token there
 * is, and questions with a bit changed, cut short or too long.  Each is refused with a problem and
 * changes nothing.
 *
 * CLOUDBOX_FULL=1 changes every bit; else a sample, whose seed is printed (CLOUDBOX_SEED=n again).
 */
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"
#include "os/os.h"

#define SAMPLE 23 /* of so many bits, or lengths, one */

static unsigned long n_asked; /* for the figures in docs/design/faults.md */
static uint64_t seed;

static bool
full(void)
{
	return getenv("CLOUDBOX_FULL") != NULL;
}

static uint32_t
random_below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static void
question_init(struct question *q, const struct call *call, struct scene *s, bool forged)
{
	*q = (struct question){ .post = call->method == HTTP_POST, .body = BUF_INIT(1u << 20) };
	snprintf(q->path, sizeof q->path, "%s", call->path);
	call->make(q, s, forged);
}

static void
ask(struct reply *r, struct scene *s, const struct question *q, const uint8_t *token)
{
	n_asked++;
	question_ask(r, s->w, q, token);
}

/* --- the lines are right --- */

static const uint8_t *
right_token(const struct call *call, struct scene *s)
{
	if (call->by != CALL_TOKEN)
		return NULL;
	return call->scopes & SCOPE_GET ? s->victim_get : s->victim_put;
}

static void
answered(const struct call *call, struct scene *s)
{
	AUTO(question_clear) struct question q;
	AUTO(reply_clear) struct reply r = { 0 };

	question_init(&q, call, s, false);
	AUTO(stored_close) struct stored *stored = stored_open(s->w);
	ask(&r, s, &q, right_token(call, s));
	if (r.status != 200 && r.status != 201)
		fail_msg("%s: %ld", call->path, r.status);
	/* A device's signature also notes, now and then, that it was seen. */
	if (call->by != CALL_DEVICE)
		assert_int_equal(stored_unchanged(stored), !call->stores);
}

static void
every_call_is_answered_to_whom_it_is_for(void **state)
{
	AUTO(scene_clear) struct scene s;

	scene_init(&s, *state);
	for_each_call(&s, answered);
}

/* --- who may ask what --- */

enum actor {
	NOBODY,
	JUNK,
	STRANGER_GET,
	STRANGER_PUT,
	SIBLING_PUT,
	VICTIM_GET,
	VICTIM_PUT,
	N_ACTORS
};

static const char *const actor_names[N_ACTORS] = {
	"nobody", "junk", "stranger's get", "stranger's put", "sibling's put", "own get", "own put",
};

static const uint8_t *
token_of(const struct scene *s, enum actor a)
{
	static const uint8_t junk[WIRE_TOKEN_BYTES] = { 1 };

	switch (a) {
	case JUNK:
		return junk;
	case STRANGER_GET:
		return s->stranger_get;
	case STRANGER_PUT:
		return s->stranger_put;
	case SIBLING_PUT:
		return s->sibling_put;
	case VICTIM_GET:
		return s->victim_get;
	case VICTIM_PUT:
		return s->victim_put;
	case NOBODY:
	case N_ACTORS:
		break;
	}
	return NULL;
}

/* The problem that a token meets at a call about the victim; -1: none. */
static int
problem_for(const struct call *call, enum actor a)
{
	bool put = a == STRANGER_PUT || a == SIBLING_PUT || a == VICTIM_PUT;

	if (a == NOBODY || a == JUNK)
		return PROBLEM_SIGNATURE;
	if (!(call->scopes & (put ? SCOPE_PUT : SCOPE_GET)))
		return PROBLEM_SCOPE;
	if (a == VICTIM_GET || a == VICTIM_PUT)
		return -1;
	if (call->names_device)
		return put ? PROBLEM_SCOPE : PROBLEM_DEVICE;
	/* Entries of the victim's log do not fit the stranger's. */
	return call->stores && !call->any_bytes && !put ? PROBLEM_SIGNATURE : -1;
}

static bool
holds(const struct reply *r, const void *p, size_t n)
{
	return r->body.n >= n && memmem(r->body.p, r->body.n, p, n) != NULL;
}

/* What a stranger is answered has nothing of the victim in it. */
static void
tells_nothing(const struct reply *r, const struct scene *s)
{
	assert_false(holds(r, s->victim.account.b, sizeof s->victim.account.b));
	assert_false(holds(r, s->victim.device.b, sizeof s->victim.device.b));
	assert_false(holds(r, s->victim.head.b, sizeof s->victim.head.b));
	assert_false(holds(r, "the victim's object", 19));
	assert_false(holds(r, s->victim.create_entry.p, s->victim.create_entry.n));
}

static void
ask_as(const struct call *call, struct scene *s, enum actor a, struct stored *stored)
{
	const struct id16 *account = a == SIBLING_PUT ? NULL : &s->victim.account;
	struct hash32 before = stored_of(stored, account, &s->victim.device), after;
	AUTO(question_clear) struct question q;
	AUTO(reply_clear) struct reply r = { 0 };
	int expected = problem_for(call, a);

	question_init(&q, call, s, true);
	stored_unchanged(stored);
	ask(&r, s, &q, token_of(s, a));
	if (r.status != (expected < 0 ? 200 : (long)problem_status((enum problem_word)expected)))
		fail_msg("%s with %s: %ld %.*s", call->path, actor_names[a], r.status,
			 (int)r.body.n, (const char *)r.body.p);
	if (expected >= 0) {
		assert_string_equal(problem_word_text(r.problem.word),
				    problem_word_text((enum problem_word)expected));
		assert_true(stored_unchanged(stored));
	}
	if (a == STRANGER_GET || a == STRANGER_PUT)
		tells_nothing(&r, s);
	after = stored_of(stored, account, &s->victim.device);
	assert_true(hash32_equal(&before, &after));
}

static void
every_token_but_the_right_one(const struct call *call, struct scene *s)
{
	AUTO(stored_close) struct stored *stored = stored_open(s->w);

	if (call->by != CALL_TOKEN)
		return;
	for (enum actor a = 0; a < N_ACTORS; a++)
		if ((a != VICTIM_GET && a != VICTIM_PUT) || problem_for(call, a) >= 0)
			ask_as(call, s, a, stored);
}

static void
no_token_reaches_anothers_data_at_any_call(void **state)
{
	AUTO(scene_clear) struct scene s;

	scene_init(&s, *state);
	for_each_call(&s, every_token_but_the_right_one);
}

/* What is signed by the stranger's keys, or made with the stranger's invitation. */
static void
forged(const struct call *call, struct scene *s)
{
	if (call->by == CALL_ANYBODY || call->by == CALL_TOKEN)
		return;
	AUTO(stored_close) struct stored *stored = stored_open(s->w);
	AUTO(question_clear) struct question q;
	AUTO(reply_clear) struct reply r = { 0 };

	question_init(&q, call, s, true);
	stored_unchanged(stored);
	ask(&r, s, &q, NULL);
	assert_true(r.status >= 400);
	assert_int_equal(r.problem.word,
			 call->by == CALL_INVITED ? PROBLEM_EXISTS : PROBLEM_SIGNATURE);
	assert_true(stored_unchanged(stored));
}

static void
no_signature_but_the_right_one_is_taken_at_any_call(void **state)
{
	AUTO(scene_clear) struct scene s;

	scene_init(&s, *state);
	for_each_call(&s, forged);
}

/* --- devices and accounts that are shut out --- */

static int shut_out_for; /* the problem that everything of theirs meets */

static void
ask_shut_out(const struct call *call, struct scene *s, const uint8_t *token)
{
	AUTO(stored_close) struct stored *stored = stored_open(s->w);
	AUTO(question_clear) struct question q;
	AUTO(reply_clear) struct reply r = { 0 };

	question_init(&q, call, s, false);
	stored_unchanged(stored);
	ask(&r, s, &q, token);
	if (r.status != (long)problem_status((enum problem_word)shut_out_for) ||
	    r.problem.word != (enum problem_word)shut_out_for)
		fail_msg("%s: %ld %.*s", call->path, r.status, (int)r.body.n,
			 (const char *)r.body.p);
	assert_true(stored_unchanged(stored));
}

static void
device_is_shut_out(const struct call *call, struct scene *s)
{
	if (call->by == CALL_TOKEN && call->scopes & SCOPE_PUT)
		ask_shut_out(call, s, s->victim_put);
	else if (call->by == CALL_DEVICE)
		ask_shut_out(call, s, NULL);
}

static void
account_is_shut_out(const struct call *call, struct scene *s)
{
	device_is_shut_out(call, s);
	if (call->by == CALL_TOKEN && call->scopes & SCOPE_GET)
		ask_shut_out(call, s, s->victim_get);
	if (call->by == CALL_PERSON)
		ask_shut_out(call, s, NULL);
}

struct suspending {
	const struct party *party;
	bool device; /* or the account */
};

static int
suspend_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	const struct suspending *s = ctx;
	struct catalog_account a;
	struct catalog_device d;

	assert_int_equal(tx->ops->account_get(tx, &a, &s->party->account, err), 0);
	assert_int_equal(tx->ops->device_get(tx, &d, &s->party->account, &s->party->device, err),
			 0);
	a.suspended = !s->device;
	d.suspended = s->device;
	return tx->ops->account_put(tx, &a, err) < 0 ? -1 : tx->ops->device_put(tx, &d, err);
}

static void
suspend(struct scene *s, bool device)
{
	struct suspending it = { &s->victim, device };
	struct err err;

	assert_int_equal(catalog_write(s->w->server.catalog, suspend_run, &it, &err), 0);
}

static void
a_suspended_device_is_refused_at_every_call(void **state)
{
	AUTO(scene_clear) struct scene s;

	scene_init(&s, *state);
	suspend(&s, true);
	shut_out_for = PROBLEM_SUSPENDED;
	for_each_call(&s, device_is_shut_out);
}

static void
a_suspended_account_is_refused_at_every_call(void **state)
{
	AUTO(scene_clear) struct scene s;

	scene_init(&s, *state);
	suspend(&s, false);
	shut_out_for = PROBLEM_SUSPENDED;
	for_each_call(&s, account_is_shut_out);
}

static void
a_revoked_device_is_refused_at_every_call(void **state)
{
	AUTO(scene_clear) struct scene s;
	AUTO(reply_clear) struct reply r = { 0 };
	struct log_entry revoke = { .type = LOG_REVOKE };

	scene_init(&s, *state);
	/* The entry that the scene holds back comes first. */
	world_post(*state, &r, "/v1/log", s.victim_get, buf_span(&s.log_post));
	assert_int_equal(r.status, 200);
	revoke.device = s.victim.device;
	revoke.trusted_seq = s.victim.seq;
	revoke.trusted_head = s.victim.head;
	assert_int_equal(world_extend(*state, &s.victim, &revoke), 0);
	shut_out_for = PROBLEM_REVOKED;
	for_each_call(&s, device_is_shut_out);
}

/* --- questions that are none --- */

/* One that is not well formed, or not rightly signed.  Whatever is answered, it is no failure of the
 * server, and what is refused changes nothing. */
static void
ask_wrongly(const struct call *call, struct scene *s, const struct question *q,
	    struct stored *stored, const char *how, size_t at)
{
	AUTO(reply_clear) struct reply r = { 0 };

	ask(&r, s, q, right_token(call, s));
	if (r.status >= 500 || r.status < 200)
		fail_msg("%s, %s %zu: %ld", call->path, how, at, r.status);
	/* A chunk or a pairing may have any id and any bytes; all else that stores is signed. */
	if (!stored_unchanged(stored) && (r.status >= 400 || !call->any_bytes))
		fail_msg("%s, %s %zu: %ld, and something was changed", call->path, how, at,
			 r.status);
}

static void
flip(const struct call *call, struct scene *s, struct question *q, struct stored *stored)
{
	size_t step = full() ? 1 : SAMPLE, from = full() ? 0 : random_below(SAMPLE);

	for (size_t bit = from; bit < 8 * q->body.n; bit += step) {
		q->body.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ask_wrongly(call, s, q, stored, "bit", bit);
		q->body.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
cut(const struct call *call, struct scene *s, struct question *q, struct stored *stored)
{
	size_t whole = q->body.n, step = full() ? 1 : SAMPLE;
	struct err err;

	for (size_t n = full() ? 0 : random_below(SAMPLE); n < whole; n += step) {
		q->body.n = n;
		ask_wrongly(call, s, q, stored, "cut at", n);
	}
	q->body.n = whole;
	assert_int_equal(buf_append_str(&q->body, "x", &err), 0);
	ask_wrongly(call, s, q, stored, "one more than", whole);
	q->body.n = whole;
}

/* Other characters in path and query, and things that are no paths. */
static void
bend_path(const struct call *call, struct scene *s, struct question *q, struct stored *stored)
{
	static const char instead[] = "/?&=%g~.";
	size_t n = strlen(q->path);

	for (size_t at = 1; at < n; at++) {
		char was = q->path[at];
		for (size_t i = 0; i < sizeof instead - 1; i++) {
			if (instead[i] == was || (!full() && random_below(8)))
				continue;
			q->path[at] = instead[i];
			ask_wrongly(call, s, q, stored, "path", at);
		}
		q->path[at] = was;
	}
	snprintf(q->path + n, sizeof q->path - n, "%s", n > 200 ? "" : "/../../v1/log?from=-1");
	ask_wrongly(call, s, q, stored, "path", n);
	q->path[n] = '\0';
}

static void
noise(const struct call *call, struct scene *s, struct question *q, struct stored *stored)
{
	uint8_t bytes[4096];
	struct err err;

	for (int i = 0; i < (full() ? 200 : 8); i++) {
		size_t n = random_below(sizeof bytes);
		for (size_t k = 0; k < n; k++)
			bytes[k] = (uint8_t)random_below(256);
		buf_reset(&q->body);
		assert_int_equal(buf_append(&q->body, span_of(bytes, n), &err), 0);
		ask_wrongly(call, s, q, stored, "noise", n);
	}
}

static void
ask_in_every_wrong_way(const struct call *call, struct scene *s)
{
	AUTO(stored_close) struct stored *stored = stored_open(s->w);
	AUTO(question_clear) struct question q;

	question_init(&q, call, s, false);
	stored_unchanged(stored);
	bend_path(call, s, &q, stored);
	if (!q.post)
		return;
	flip(call, s, &q, stored);
	cut(call, s, &q, stored);
	noise(call, s, &q, stored);
}

static void
what_is_not_well_formed_is_refused_at_every_call_and_changes_nothing(void **state)
{
	AUTO(scene_clear) struct scene s;

	scene_init(&s, *state);
	for_each_call(&s, ask_in_every_wrong_way);
	for_each_call(&s, answered); /* and the honest ones still are */
	print_message("%lu requests\n", n_asked);
}

int
main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_WORLD(every_call_is_answered_to_whom_it_is_for),
		IN_WORLD(no_token_reaches_anothers_data_at_any_call),
		IN_WORLD(no_signature_but_the_right_one_is_taken_at_any_call),
		IN_WORLD(a_suspended_device_is_refused_at_every_call),
		IN_WORLD(a_suspended_account_is_refused_at_every_call),
		IN_WORLD(a_revoked_device_is_refused_at_every_call),
		IN_WORLD(what_is_not_well_formed_is_refused_at_every_call_and_changes_nothing),
	};
	const char *given = getenv("CLOUDBOX_SEED");

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)os->now_unix_ms();
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
