/* SPDX-License-Identifier: Apache-2.0 */
/* alarms: a year of devices that come and do not, against a model; and the other conditions. */
#include "upkeep/alarms.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/os.h"
#include "years.h"

#define HOUR_MS INT64_C(3600000)
#define STEP_MS (50 * INT64_C(60000))
#define MAX     4 /* devices of the account */

static int
set_up(void **state)
{
	struct years *y = calloc(1, sizeof *y);

	assert_non_null(y);
	years_open(y);
	years_account(y, 1);
	*state = y;
	return 0;
}

static int
tear_down(void **state)
{
	years_close(*state);
	free(*state);
	return 0;
}

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

/* --- doing --- */

/* What a heartbeat or a batch does to the device's row. */
struct coming {
	const struct id16 *account;
	struct id16 device;
	int64_t period_ms; /* -1: as it is */
	int drill;         /* -1: as it is */
};

static int
come_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct coming *c = ctx;
	struct catalog_device d;

	assert_int_equal(tx->ops->device_get(tx, &d, c->account, &c->device, err), 0);
	if (c->period_ms >= 0)
		d.period_ms = c->period_ms;
	if (c->drill >= 0)
		d.drill = (uint8_t)c->drill;
	device_came(tx, &d, os->now_unix_ms());
	return tx->ops->device_put(tx, &d, err);
}

static void
come(struct years *y, const struct id16 *device, int64_t period_ms, int drill)
{
	struct coming c = { &y->party.account, *device, period_ms, drill };
	struct err err;

	ok(catalog_write(y->world.server.catalog, come_run, &c, &err), &err);
}

static int
recipient_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->recipient_put(tx, ctx, err);
}

static void
tell_somebody(struct years *y)
{
	struct catalog_recipient r = { .account = y->party.account, .mail = "anna@example.org" };
	struct err err;

	ok(catalog_write(y->world.server.catalog, recipient_run, &r, &err), &err);
}

/* What was to be told since the last time, each of which is then done. */
struct told {
	unsigned n, raised[8], ended[8]; /* by kind */
	struct id16 devices[64];         /* of n */
	bool is_end[64];
	int64_t ids[64];
	uint32_t number;
};

static int
take_told(void *ctx, const struct catalog_delivery *d, struct err *err)
{
	struct told *t = ctx;

	(void)err;
	assert_int_equal(d->channel, ALARM_BY_MAIL);
	assert_true(t->n < N_ELEMENTS(t->ids));
	(d->ended ? t->ended : t->raised)[d->alarm.kind]++;
	t->devices[t->n] = d->alarm.device;
	t->is_end[t->n] = d->ended;
	t->number = d->alarm.number;
	t->ids[t->n++] = d->id;
	return 0;
}

static int
told_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct told *t = ctx;

	*t = (struct told){ 0 };
	if (tx->ops->deliveries(tx, INT64_MAX, take_told, t, err) < 0)
		return -1;
	for (unsigned i = 0; i < t->n; i++)
		if (tx->ops->delivery_remove(tx, t->ids[i], err) < 0)
			return -1;
	return 0;
}

static struct told
look(struct years *y, enum alarms_depth depth)
{
	struct alarms_counts counts;
	struct told t;
	struct err err;

	ok(alarms_look(&counts, y->world.server.catalog, depth, &err), &err);
	ok(catalog_write(y->world.server.catalog, told_run, &t, &err), &err);
	return t;
}

static int64_t
awake(struct years *y, bool start)
{
	int64_t away_ms;
	struct err err;

	ok(alarms_awake(&away_ms, y->world.server.catalog, start, &err), &err);
	return away_ms;
}

/* A keeper's ticks for so long. */
static struct told
run_for(struct years *y, int64_t ms)
{
	struct told t, all = { 0 };

	for (; ms > 0; ms -= STEP_MS) {
		years_pass(y, ms < STEP_MS ? ms : STEP_MS);
		assert_int_equal(awake(y, false), 0);
		t = look(y, ALARMS_DEVICES);
		all.n += t.n;
		for (size_t kind = 0; kind < 8; kind++) {
			all.raised[kind] += t.raised[kind];
			all.ended[kind] += t.ended[kind];
		}
	}
	return all;
}

static int64_t
count(struct years *y, const char *sql)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(y->db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* --- a year --- */

/* One device as the model sees it. */
struct phone {
	struct id16 id;
	int64_t period_ms;
	int64_t came_ms; /* retention clock */
	int64_t extra_ms;
	int64_t next_ms; /* when it will come, by the retention clock */
	bool standing;
	unsigned raised, ended; /* that should have been told */
	unsigned told_raised, told_ended;
};

static void
model_come(struct years *y, struct phone *p)
{
	static const int64_t periods[] = { DAY_MS, 3 * DAY_MS, 7 * DAY_MS };

	if (years_random(y, 8) == 0)
		p->period_ms = periods[years_random(y, 3)];
	come(y, &p->id, p->period_ms, -1);
	p->came_ms = years_now(y);
	p->extra_ms = 0;
	p->ended += p->standing;
	p->standing = false;
	/* Mostly in time; now and then it is silent for up to four periods. */
	int64_t ms = p->period_ms / 100 * (10 + years_random(y, 80));
	if (years_random(y, 6) == 0)
		ms = p->period_ms / 100 * (90 + years_random(y, 310));
	p->next_ms = p->came_ms + ms;
}

static void
model_away(struct phone *phones, int64_t asleep_ms)
{
	for (size_t i = 0; i < MAX; i++) {
		struct phone *p = &phones[i];
		int64_t day = p->period_ms < DAY_MS ? p->period_ms : DAY_MS;

		p->extra_ms += asleep_ms + (p->extra_ms ? 0 : day);
	}
}

/* The server is stopped for minutes or days, and sometimes its wall clock is set meanwhile. */
static void
stop_sometime(struct years *y, struct phone *phones)
{
	static const int64_t times[] = { 60000, 20 * 60000, 2 * HOUR_MS, 30 * HOUR_MS, 9 * DAY_MS };
	int64_t ms = times[years_random(y, N_ELEMENTS(times))];
	int64_t wall_ms =
		ms + (years_random(y, 4) == 0 ? (years_random(y, 2) ? 3650 : -3650) : 0) * DAY_MS;

	if (y->wall_ms + wall_ms < 0)
		wall_ms = ms;
	years_stop(y, ms, wall_ms);
	int64_t away_ms = awake(y, true);
	if (wall_ms >= 0 && wall_ms < HOUR_MS) {
		assert_int_equal(away_ms, 0);
		return;
	}
	assert_int_equal(away_ms, wall_ms < 0 ? -1 : wall_ms);
	model_away(phones, 0);
}

static void
sleep_sometime(struct years *y, struct phone *phones)
{
	int64_t before = years_now(y), asleep_ms;

	years_pass(y, 2 * HOUR_MS + years_random(y, 100) * HOUR_MS);
	asleep_ms = awake(y, false);
	/* What it did not keep of the minute before counts to it, too. */
	assert_true(asleep_ms - (years_now(y) - before) >= 0);
	assert_true(asleep_ms - (years_now(y) - before) <= 60000);
	model_away(phones, asleep_ms);
}

static void
model_look(struct years *y, struct phone *phones)
{
	struct told t = look(y, ALARMS_DEVICES);

	for (size_t i = 0; i < MAX; i++) {
		struct phone *p = &phones[i];
		if (!p->standing && p->came_ms + p->period_ms + p->extra_ms <= years_now(y)) {
			p->standing = true;
			p->raised++;
		}
		for (unsigned k = 0; k < t.n; k++) {
			if (!id16_equal(&t.devices[k], &p->id))
				continue;
			p->told_raised += !t.is_end[k];
			p->told_ended += t.is_end[k];
		}
		if (p->raised != p->told_raised || p->ended != p->told_ended)
			fail_msg("seed %u, day %" PRId64 ": device %zu: %u silences told %u times, "
				 "%u ends told %u times",
				 y->seed, years_now(y) / DAY_MS, i, p->raised, p->told_raised,
				 p->ended, p->told_ended);
	}
}

static void
add_phones(struct years *y, struct phone *phones)
{
	for (size_t i = 0; i < MAX; i++) {
		if (i)
			world_add_device(&y->world, &y->party);
		phones[i] = (struct phone){ .id = y->party.device, .period_ms = 3 * DAY_MS };
		model_come(y, &phones[i]);
	}
}

/* @days with silences, stops, sleeps, clocks that jump: years_pass() sets the wall clock ten years on or
 * back each eighth time. */
static void
live(struct years *y, unsigned seed, int64_t days)
{
	struct phone phones[MAX];
	unsigned silences = 0;

	years_account(y, seed);
	awake(y, true);
	tell_somebody(y);
	add_phones(y, phones);
	while (years_now(y) < days * DAY_MS) {
		years_pass(y, STEP_MS);
		assert_int_equal(awake(y, false), 0);
		if (years_random(y, 400) == 0)
			stop_sometime(y, phones);
		if (years_random(y, 800) == 0)
			sleep_sometime(y, phones);
		for (size_t i = 0; i < MAX; i++)
			if (phones[i].next_ms <= years_now(y))
				model_come(y, &phones[i]);
		model_look(y, phones);
	}
	for (size_t i = 0; i < MAX; i++)
		silences += phones[i].raised;
	assert_true(silences > days / 20); /* it was not a quiet time */
	years_forget_account(y);
	assert_int_equal(count(y, "SELECT (SELECT count(*) FROM alarms) + (SELECT count(*) FROM "
				  "deliveries) + (SELECT count(*) FROM recipients)"),
			 0);
}

static void
of_each_silence_of_a_year_its_beginning_and_its_end_are_told_once(void **state)
{
	const char *given = getenv("CLOUDBOX_SEED");
	unsigned seed =
		given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)os_kernel.now_unix_ms();

	printf("seed %u\n", seed);
	live(*state, seed, 365);
	for (unsigned i = 1; i <= 4; i++)
		live(*state, seed + i, 60);
}

/* --- the server away --- */

static void
after_a_day_off_nobody_is_late_who_comes_soon(void **state)
{
	struct years *y = *state;
	struct told t;

	tell_somebody(y);
	awake(y, true);
	come(y, &y->party.device, 3 * DAY_MS, -1);
	assert_int_equal(run_for(y, 3 * DAY_MS - 2 * HOUR_MS).n, 0);
	years_stop(y, 36 * HOUR_MS, 36 * HOUR_MS);
	assert_int_equal(awake(y, true), 36 * HOUR_MS);
	assert_int_equal(run_for(y, DAY_MS).n, 0); /* its time was over two hours after the start */
	t = run_for(y, 3 * HOUR_MS);
	assert_int_equal(t.raised[ALARM_SILENCE], 1);
	assert_int_equal(t.n, 1);
}

static void
a_server_that_is_off_every_night_tells_all_the_same(void **state)
{
	struct years *y = *state;
	unsigned raised = 0;

	tell_somebody(y);
	awake(y, true);
	come(y, &y->party.device, DAY_MS, -1);
	for (unsigned night = 0; night < 4; night++) {
		raised += run_for(y, 14 * HOUR_MS).raised[ALARM_SILENCE];
		years_stop(y, 10 * HOUR_MS, 10 * HOUR_MS);
		awake(y, true);
	}
	assert_int_equal(raised, 1); /* after 24 hours of running, and 24 more */
}

static void
who_expects_nothing_is_never_late(void **state)
{
	struct years *y = *state;

	tell_somebody(y);
	awake(y, true);
	assert_int_equal(run_for(y, 30 * DAY_MS).n, 0); /* it never said anything */
	come(y, &y->party.device, DAY_MS, -1);
	come(y, &y->party.device, 0, -1); /* `auto off` */
	assert_int_equal(run_for(y, 30 * DAY_MS).n, 0);
}

static void
what_is_told_of_a_device_that_is_shut_out_is_forgotten(void **state)
{
	struct years *y = *state;

	tell_somebody(y);
	awake(y, true);
	come(y, &y->party.device, DAY_MS, -1);
	assert_int_equal(run_for(y, DAY_MS + HOUR_MS).raised[ALARM_SILENCE], 1);
	assert_int_equal(count(y, "SELECT count(*) FROM alarms"), 1);
	years_retire(y);
	assert_int_equal(run_for(y, 3 * DAY_MS).n, 0);
	assert_int_equal(count(y, "SELECT count(*) FROM alarms"), 0);
}

static void
where_nobody_is_told_an_alarm_stands_all_the_same(void **state)
{
	struct years *y = *state;

	awake(y, true);
	come(y, &y->party.device, DAY_MS, -1);
	assert_int_equal(run_for(y, DAY_MS + HOUR_MS).n, 0);
	assert_int_equal(count(y, "SELECT count(*) FROM alarms WHERE ended_at = 0"), 1);
	come(y, &y->party.device, -1, -1);
	assert_int_equal(run_for(y, HOUR_MS).n, 0);
	run_for(y, HOUR_MS);
	assert_int_equal(count(y, "SELECT count(*) FROM alarms"), 0);
}

/* --- the other conditions --- */

static void
a_drill_that_fails_is_told_and_so_is_the_next_that_does_not(void **state)
{
	struct years *y = *state;

	tell_somebody(y);
	awake(y, true);
	come(y, &y->party.device, DAY_MS, WIRE_DRILL_FAILED);
	assert_int_equal(look(y, ALARMS_DEVICES).raised[ALARM_DRILL], 1);
	come(y, &y->party.device, DAY_MS, WIRE_DRILL_FAILED); /* and again, and again */
	assert_int_equal(look(y, ALARMS_DEVICES).n, 0);
	come(y, &y->party.device, DAY_MS, WIRE_DRILL_PASSED);
	struct told t = look(y, ALARMS_DEVICES);
	assert_int_equal(t.ended[ALARM_DRILL], 1);
	assert_int_equal(t.n, 1);
}

struct using
{
	const struct id16 *account;
	uint64_t used, quota;
};

static int
use_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct using *u = ctx;
	struct catalog_account a;

	assert_int_equal(tx->ops->account_get(tx, &a, u->account, err), 0);
	a.used_bytes = u->used;
	a.quota_bytes = u->quota;
	return tx->ops->account_put(tx, &a, err);
}

static struct told
use(struct years *y, uint64_t used, uint64_t quota)
{
	struct using u = { &y->party.account, used, quota };
	struct err err;

	ok(catalog_write(y->world.server.catalog, use_run, &u, &err), &err);
	return look(y, ALARMS_ALL);
}

static void
a_quota_that_nears_is_told_once_and_not_again_for_a_little_up_and_down(void **state)
{
	static const struct {
		uint64_t used;
		unsigned raised, ended;
	} steps[] = {
		{ 899, 0, 0 }, { 900, 1, 0 }, { 950, 0, 0 },  { 870, 0, 0 }, { 910, 0, 0 },
		{ 849, 0, 1 }, { 870, 0, 0 }, { 1001, 1, 0 }, { 0, 0, 1 },
	};
	struct years *y = *state;

	tell_somebody(y);
	for (size_t i = 0; i < N_ELEMENTS(steps); i++) {
		struct told t = use(y, steps[i].used, 1000);
		if (t.raised[ALARM_QUOTA] != steps[i].raised ||
		    t.ended[ALARM_QUOTA] != steps[i].ended ||
		    t.n != steps[i].raised + steps[i].ended)
			fail_msg("step %zu: raised %u, ended %u, told %u", i, t.raised[ALARM_QUOTA],
				 t.ended[ALARM_QUOTA], t.n);
	}
}

static void
a_quota_that_fills_day_by_day_is_told_a_month_ahead_but_not_for_a_first_backup(void **state)
{
	struct years *y = *state;
	uint64_t used = 0;

	tell_somebody(y);
	use(y, 0, 100000);
	years_pass(y, DAY_MS);
	for (unsigned day = 0; day < 40; day++) { /* the first one is large, then nothing changes */
		assert_int_equal(use(y, 40000, 100000).n, 0);
		years_pass(y, DAY_MS);
	}
	for (used = 40000; used < 90000; used += 1000) {
		struct told t = use(y, used, 100000);
		years_pass(y, DAY_MS);
		if (t.n) {
			assert_int_equal(t.raised[ALARM_FILLS], 1);
			break;
		}
	}
	assert_in_range(used, 60000, 80000); /* 20 to 40 days ahead */
}

static int
hold_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_folder f = { .row = 1, .held_ms = *(int64_t *)ctx };

	return tx->ops->folder_put(tx, &f, err);
}

static struct told
hold(struct years *y, int64_t held_ms)
{
	struct err err;

	ok(catalog_write(y->world.server.catalog, hold_run, &held_ms, &err), &err);
	return look(y, ALARMS_ALL);
}

static void
a_hold_is_told_while_it_stands(void **state)
{
	struct years *y = *state;
	struct told t;

	tell_somebody(y);
	years_save(y, 1, false);
	t = hold(y, 7);
	assert_int_equal(t.raised[ALARM_HOLD], 1);
	assert_int_equal(t.number, 1); /* folder */
	assert_true(id16_equal(&t.devices[0], &y->party.device));
	assert_int_equal(look(y, ALARMS_ALL).n, 0);
	t = hold(y, 0);
	assert_int_equal(t.ended[ALARM_HOLD], 1);
}

/* --- by the calls --- */

struct beat_of {
	uint32_t expect_s;
	enum wire_drill drill;
};

static void
beat(struct world *w, struct reply *r, const struct party *p, struct beat_of how)
{
	static const uint8_t no_tls[CRYPTO_HASH_BYTES];
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	const struct wire_beat b = {
		.account = p->account,
		.device = p->device,
		.client_unix_ms = (uint64_t)os->now_unix_ms(),
		.expect_s = how.expect_s,
		.drill = how.drill,
	};
	struct err err;

	ok(wire_beat_sign(&body, &b, p->dsk, no_tls, &err), &err);
	world_post(w, r, "/v1/beat", NULL, buf_span(&body));
}

struct having_row {
	const struct party *party;
	struct catalog_device d;
};

static int
device_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct having_row *h = ctx;

	return tx->ops->device_get(tx, &h->d, &h->party->account, &h->party->device, err);
}

static struct catalog_device
device_of(struct world *w, const struct party *p)
{
	struct having_row h = { .party = p };
	struct err err;

	ok(catalog_read(w->server.catalog, device_run, &h, &err), &err);
	return h.d;
}

static void
a_heartbeat_says_when_to_expect_the_device_and_how_its_drill_went(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(reply_clear) struct reply r = { 0 };
	struct wire_beat_answer answer;
	struct err err;

	party_init(&p);
	world_register(w, &p, 1 << 30);
	beat(w, &r, &p, (struct beat_of){ 86400, WIRE_DRILL_PASSED });
	assert_int_equal(r.status, 200);
	ok(wire_beat_answer_decode(&answer, buf_span(&r.body), &err), &err);
	assert_int_equal(answer.seq, 0);
	assert_int_equal(answer.log_length, 2);
	assert_true(hash32_equal(&answer.head, &p.head));
	struct catalog_device d = device_of(w, &p);
	assert_int_equal(d.period_ms, DAY_MS);
	assert_int_equal(d.drill, WIRE_DRILL_PASSED);
	reply_clear(&r);
	beat(w, &r, &p, (struct beat_of){ 0, WIRE_DRILL_NONE });
	assert_int_equal(r.status, 200);
	assert_int_equal(device_of(w, &p).period_ms, 0);
}

static void
a_device_that_is_shut_out_is_told_so_at_its_heartbeat(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(reply_clear) struct reply r = { 0 };
	struct log_entry retire = { .type = LOG_RETIRE_DEVICE };

	party_init(&p);
	world_register(w, &p, 1 << 30);
	retire.device = p.device;
	assert_int_equal(world_extend(w, &p, &retire), 0);
	beat(w, &r, &p, (struct beat_of){ 86400, WIRE_DRILL_NONE });
	assert_int_equal(r.status, 403);
	assert_int_equal(r.problem.word, PROBLEM_REVOKED);
	assert_int_equal(device_of(w, &p).period_ms, 0);
}

static void
wrongly_signed_heartbeats_are_slowed_down_and_good_ones_are_not(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p, stranger;

	party_init(&p);
	party_init(&stranger);
	world_register(w, &p, 1 << 30);
	struct sign_key *own = p.dsk;
	for (int i = 0; i <= TRIES_PER_ACCOUNT_MAX; i++) {
		AUTO(reply_clear) struct reply r = { 0 };

		p.dsk = stranger.dsk;
		beat(w, &r, &p, (struct beat_of){ 86400, WIRE_DRILL_NONE });
		p.dsk = own;
		assert_int_equal(r.problem.word,
				 i < TRIES_PER_ACCOUNT_MAX ? PROBLEM_SIGNATURE : PROBLEM_SLOW_DOWN);
	}
	assert_int_equal(device_of(w, &p).period_ms, 0);
	AUTO(reply_clear) struct reply r = { 0 };
	beat(w, &r, &p, (struct beat_of){ 86400, WIRE_DRILL_NONE });
	assert_int_equal(r.status, 200);
}

int
main(void)
{
#define IN_YEARS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_YEARS(of_each_silence_of_a_year_its_beginning_and_its_end_are_told_once),
		IN_YEARS(after_a_day_off_nobody_is_late_who_comes_soon),
		IN_YEARS(a_server_that_is_off_every_night_tells_all_the_same),
		IN_YEARS(who_expects_nothing_is_never_late),
		IN_YEARS(what_is_told_of_a_device_that_is_shut_out_is_forgotten),
		IN_YEARS(where_nobody_is_told_an_alarm_stands_all_the_same),
		IN_YEARS(a_drill_that_fails_is_told_and_so_is_the_next_that_does_not),
		IN_YEARS(a_quota_that_nears_is_told_once_and_not_again_for_a_little_up_and_down),
		IN_YEARS(
			a_quota_that_fills_day_by_day_is_told_a_month_ahead_but_not_for_a_first_backup),
		IN_YEARS(a_hold_is_told_while_it_stands),
		IN_WORLD(a_heartbeat_says_when_to_expect_the_device_and_how_its_drill_went),
		IN_WORLD(a_device_that_is_shut_out_is_told_so_at_its_heartbeat),
		IN_WORLD(wrongly_signed_heartbeats_are_slowed_down_and_good_ones_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
