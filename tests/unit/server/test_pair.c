/* SPDX-License-Identifier: Apache-2.0 */
/* What the server passes on between two terminals, to whom, and for how long. */
#include <stdio.h>

#include "os/os.h"
#include "world.h"

#define MINUTE_MS (60 * INT64_C(1000))

/* The kernel with clocks that jump when a story says so. */
static struct os moved;
static int64_t later_ms, wall_later_ms;

static int64_t
uptime_moved(void)
{
	return os_kernel.uptime_ms() + later_ms;
}

static int64_t
wall_moved(void)
{
	return os_kernel.now_unix_ms() + wall_later_ms;
}

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

static void
refused(const struct reply *r, enum problem_word word)
{
	assert_string_equal(problem_word_text(r->problem.word), problem_word_text(word));
	assert_int_equal(r->status, problem_status(word));
}

/* An account with a token, and a pairing of its own. */
struct pairing_of {
	struct party party;
	uint8_t token[WIRE_TOKEN_BYTES];
	struct id16 id;
};

static void
pairing_of_clear(struct pairing_of *p)
{
	party_clear(&p->party);
}
AUTO_OBJ(pairing_of_clear, struct pairing_of);

static void
open_again(struct world *w, struct reply *r, const struct pairing_of *p)
{
	reply_clear(r);
	*r = (struct reply){ 0 };
	world_post(w, r, "/v1/pair", p->token, SPAN_ARRAY(p->id.b));
}

static void
open_one(struct world *w, struct pairing_of *p)
{
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_pair_heard heard;
	struct err err;

	party_init(&p->party);
	world_register(w, &p->party, UINT64_C(1) << 30);
	world_login(w, &p->party, p->token);
	os_random(p->id.b, sizeof p->id.b);
	open_again(w, &r, p);
	assert_int_equal(r.status, 200);
	ok(wire_pair_heard_decode(&heard, buf_span(&r.body), &err), &err);
	assert_int_equal(heard.left_ms, 5 * MINUTE_MS);
}

static void
path_of(char out[static 80], const struct pairing_of *p, unsigned from)
{
	if (from)
		snprintf(out, 80, "/v1/pair/%s?from=%u", id16_hex(&p->id).s, from);
	else
		snprintf(out, 80, "/v1/pair/%s", id16_hex(&p->id).s);
}

static void
say(struct world *w, struct reply *r, const struct pairing_of *p, const uint8_t *token,
    uint8_t number, const char *text)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(65536);
	const struct wire_pair_say a = { number, span_str(text) };
	char path[80];
	struct err err;

	reply_clear(r);
	*r = (struct reply){ 0 };
	path_of(path, p, 0);
	ok(wire_pair_say_encode(&body, &a, &err), &err);
	world_post(w, r, path, token, buf_span(&body));
}

static void
hear(struct world *w, struct reply *r, const struct pairing_of *p, const uint8_t *token,
     unsigned from)
{
	char path[80];

	reply_clear(r);
	*r = (struct reply){ 0 };
	path_of(path, p, from);
	world_get(w, r, path, token);
}

/* What @token (NULL: the joiner) hears from number @from on is exactly @texts, joined by blanks. */
static void
assert_heard(struct world *w, const struct pairing_of *p, const uint8_t *token, unsigned from,
	     const char *texts)
{
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(buf_clear) struct buf all = BUF_INIT(65536);
	struct wire_pair_heard heard;
	struct err err;

	hear(w, &r, p, token, from);
	assert_int_equal(r.status, 200);
	ok(wire_pair_heard_decode(&heard, buf_span(&r.body), &err), &err);
	for (size_t i = 0; i < heard.n; i++) {
		ok(buf_append_str(&all, i ? " " : "", &err), &err);
		ok(buf_append(&all, heard.messages[i], &err), &err);
	}
	assert_string_equal(buf_str(&all), texts);
}

static void
each_hears_what_the_other_said_in_order(void **state)
{
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(reply_clear) struct reply r = { 0 };

	open_one(w, &p);
	assert_heard(w, &p, p.token, 1, "");
	for (int i = 0; i < 2; i++) { /* the second time its answer was lost */
		say(w, &r, &p, NULL, 1, "commit");
		assert_int_equal(r.status, 200);
	}
	assert_heard(w, &p, NULL, 1, "");
	assert_heard(w, &p, p.token, 1, "commit");
	say(w, &r, &p, p.token, 1, "answer");
	assert_int_equal(r.status, 200);
	say(w, &r, &p, NULL, 2, "open");
	say(w, &r, &p, NULL, 3, "yes");
	assert_int_equal(r.status, 200);
	assert_heard(w, &p, NULL, 1, "answer");
	assert_heard(w, &p, p.token, 1, "commit open yes");
	assert_heard(w, &p, p.token, 3, "yes");
	assert_heard(w, &p, p.token, 4, "");
}

static void
what_was_said_is_not_said_otherwise(void **state)
{
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(reply_clear) struct reply r = { 0 };

	open_one(w, &p);
	say(w, &r, &p, NULL, 1, "commit");
	say(w, &r, &p, NULL, 1, "another terminal's commit");
	refused(&r, PROBLEM_EXISTS); /* whoever uses the code a second time */
	say(w, &r, &p, NULL, 3, "ahead");
	refused(&r, PROBLEM_MALFORMED);
	say(w, &r, &p, NULL, 2, "open");
	say(w, &r, &p, NULL, 1, "commit");
	refused(&r, PROBLEM_EXISTS);
	open_again(w, &r, &p);
	refused(&r, PROBLEM_EXISTS);
	assert_heard(w, &p, p.token, 1, "commit open");
}

static void
opened_again_it_is_the_same_until_somebody_came(void **state)
{
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(pairing_of_clear) struct pairing_of other;
	AUTO(reply_clear) struct reply r = { 0 };

	open_one(w, &p);
	open_again(w, &r, &p);
	assert_int_equal(r.status, 200);
	open_one(w, &other);
	other.id = p.id;
	open_again(w, &r, &other); /* of another account */
	refused(&r, PROBLEM_PAIRING);
}

static void
only_the_account_that_opened_it_is_the_host(void **state)
{
	struct world *w = *state;
	static const uint8_t junk[WIRE_TOKEN_BYTES] = { 9 };
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(pairing_of_clear) struct pairing_of other;
	AUTO(reply_clear) struct reply r = { 0 };

	open_one(w, &p);
	open_one(w, &other);
	say(w, &r, &p, NULL, 1, "commit");
	hear(w, &r, &p, other.token, 1);
	refused(&r, PROBLEM_PAIRING);
	say(w, &r, &p, other.token, 1, "answer");
	refused(&r, PROBLEM_PAIRING);
	hear(w, &r, &p, junk, 1);
	refused(&r, PROBLEM_SIGNATURE);
	say(w, &r, &p, junk, 1, "answer");
	refused(&r, PROBLEM_SIGNATURE);
	assert_heard(w, &p, NULL, 1, "");
	assert_heard(w, &other, other.token, 1, "");
}

static void
either_side_ends_it_for_both(void **state)
{
	struct world *w = *state;

	for (int by_host = 0; by_host < 2; by_host++) {
		AUTO(pairing_of_clear) struct pairing_of p;
		AUTO(reply_clear) struct reply r = { 0 };

		open_one(w, &p);
		say(w, &r, &p, NULL, 1, "commit");
		say(w, &r, &p, by_host ? p.token : NULL, 0, "");
		assert_int_equal(r.status, 200);
		hear(w, &r, &p, NULL, 1);
		refused(&r, PROBLEM_PAIRING);
		hear(w, &r, &p, p.token, 1);
		refused(&r, PROBLEM_PAIRING);
		say(w, &r, &p, NULL, 2, "open");
		refused(&r, PROBLEM_PAIRING);
		open_again(w, &r, &p);
		refused(&r, PROBLEM_PAIRING);
	}
}

static void
number_and_size_of_messages_have_an_end(void **state)
{
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(reply_clear) struct reply r = { 0 };
	AUTO(buf_clear) struct buf large = BUF_INIT(WIRE_PAIR_MESSAGE_BYTES_MAX + 1);
	struct err err;

	for (size_t i = 0; i < large.max; i++)
		ok(buf_append_byte(&large, 'm', &err), &err);
	open_one(w, &p);
	say(w, &r, &p, NULL, 1, buf_str(&large));
	refused(&r, PROBLEM_TOO_LARGE);
	large.p[--large.n] = '\0';
	for (uint8_t n = 1; n <= WIRE_PAIR_MESSAGES_MAX; n++) {
		say(w, &r, &p, NULL, n, buf_str(&large));
		assert_int_equal(r.status, 200);
	}
	say(w, &r, &p, NULL, WIRE_PAIR_MESSAGES_MAX + 1, "m");
	refused(&r, PROBLEM_MALFORMED);
	hear(w, &r, &p, p.token, 1);
	assert_int_equal(r.status, 200);
	say(w, &r, &p, NULL, 1, "");
	refused(&r, PROBLEM_MALFORMED);
}

static void
of_many_pairings_of_an_account_the_oldest_make_room(void **state)
{
	enum { N = 11, KEPT = 8 };
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(reply_clear) struct reply r = { 0 };
	struct id16 ids[N];

	open_one(w, &p);
	for (size_t i = 0; i < N; i++) {
		later_ms += 1000;
		os_random(p.id.b, sizeof p.id.b);
		ids[i] = p.id;
		open_again(w, &r, &p);
		assert_int_equal(r.status, 200);
	}
	for (size_t i = 0; i < N; i++) {
		p.id = ids[i];
		hear(w, &r, &p, p.token, 1);
		assert_int_equal(r.status, i < N - KEPT ? 410 : 200);
	}
	later_ms = 0;
}

/* Whether its row is there. */
static int
there_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	const struct pairing_of *p = ctx;
	struct catalog_pairing there;

	return tx->ops->pairing_get(tx, &there, &p->id, err);
}

static void
it_expires_after_five_minutes_whatever_the_wall_clock_does(void **state)
{
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(pairing_of_clear) struct pairing_of next;
	AUTO(reply_clear) struct reply r = { 0 };
	struct err err;

	open_one(w, &p);
	wall_later_ms = INT64_C(3650) * 24 * 60 * MINUTE_MS;
	assert_heard(w, &p, NULL, 1, "");
	wall_later_ms = -wall_later_ms;
	later_ms = 4 * MINUTE_MS;
	/* It begins: five minutes from now on. */
	say(w, &r, &p, NULL, 1, "commit");
	assert_int_equal(r.status, 200);
	later_ms = 8 * MINUTE_MS;
	assert_heard(w, &p, p.token, 1, "commit");
	say(w, &r, &p, NULL, 2, "open"); /* which does not make it longer */
	later_ms = 9 * MINUTE_MS + 1000;
	hear(w, &r, &p, NULL, 1);
	refused(&r, PROBLEM_PAIRING);
	hear(w, &r, &p, p.token, 1);
	refused(&r, PROBLEM_PAIRING);
	say(w, &r, &p, p.token, 1, "answer");
	refused(&r, PROBLEM_PAIRING);
	wall_later_ms = 0;
	/* It lies there until somebody opens the next one. */
	assert_int_equal(catalog_read(w->server.catalog, there_run, &p, &err), 0);
	open_one(w, &next);
	assert_int_equal(catalog_read(w->server.catalog, there_run, &p, &err), CATALOG_ABSENT);
	later_ms = 0;
}

static void
a_restart_goes_on_with_what_was_said(void **state)
{
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	AUTO(reply_clear) struct reply r = { 0 };

	open_one(w, &p);
	say(w, &r, &p, NULL, 1, "commit");
	world_restart(w);
	world_login(w, &p.party, p.token);
	assert_heard(w, &p, p.token, 1, "commit");
	say(w, &r, &p, p.token, 1, "answer");
	assert_heard(w, &p, NULL, 1, "answer");
}

static void
trying_ids_out_is_slowed_down(void **state)
{
	struct world *w = *state;
	AUTO(pairing_of_clear) struct pairing_of p;
	struct pairing_of wrong; /* borrows from p */
	AUTO(reply_clear) struct reply r = { 0 };
	unsigned n = 0;

	open_one(w, &p);
	wrong = p;
	do {
		os_random(wrong.id.b, sizeof wrong.id.b);
		hear(w, &r, &wrong, NULL, 1);
	} while (r.problem.word == PROBLEM_PAIRING && ++n < 1000);
	refused(&r, PROBLEM_SLOW_DOWN);
	assert_heard(w, &p, NULL, 1, ""); /* who knows one is let in all the same */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hears_what_the_other_said_in_order),
		cmocka_unit_test(what_was_said_is_not_said_otherwise),
		cmocka_unit_test(opened_again_it_is_the_same_until_somebody_came),
		cmocka_unit_test(only_the_account_that_opened_it_is_the_host),
		cmocka_unit_test(either_side_ends_it_for_both),
		cmocka_unit_test(number_and_size_of_messages_have_an_end),
		cmocka_unit_test(of_many_pairings_of_an_account_the_oldest_make_room),
		cmocka_unit_test(it_expires_after_five_minutes_whatever_the_wall_clock_does),
		cmocka_unit_test(a_restart_goes_on_with_what_was_said),
		cmocka_unit_test(trying_ids_out_is_slowed_down),
	};

	moved = os_kernel;
	moved.uptime_ms = uptime_moved;
	moved.now_unix_ms = wall_moved;
	os = &moved;
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
