/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stolen phone.  Whoever holds it has all of the device's keys: he may commit, upload and ask as
 * the device does, for 120 days, and nobody notices.  He reads no old version, and whatever he does,
 * what was there is still there: everything that ended within R, and what was live at the starts of the
 * last six months.
 */
#include <stdio.h>
#include <stdlib.h>

#include "years.h"

#define ITEMS      YEARS_ITEMS
#define OWNER_DAYS 200
#define DAYS       120

static int
set_up(void **state)
{
	struct years *y = calloc(1, sizeof *y);

	assert_non_null(y);
	years_open(y);
	years_account(y, 1);
	/* The owner: each item anew every 20 days or so. */
	for (unsigned day = 0; day < OWNER_DAYS; day++) {
		for (unsigned i = 0; i < ITEMS; i++)
			if (day % 20 == i % 20)
				years_save(y, i, false);
		years_pass(y, DAY_MS);
	}
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

/* The owner's last versions, by item. */
static void
note_last(const struct years *y, unsigned last[ITEMS])
{
	for (unsigned i = 0; i < y->n_versions; i++)
		last[y->versions[i].item] = i;
}

/* Those that were live at the start of the month in which the phone is stolen. */
static void
note_of_month(struct years *y, unsigned version[ITEMS])
{
	int64_t start = years_now(y) / (30 * DAY_MS) * 30 * DAY_MS;

	for (unsigned i = 0; i < y->n_versions; i++) {
		const struct years_version *v = &y->versions[i];
		if (v->from_ms <= start && (v->ended_ms < 0 || v->ended_ms > start))
			version[v->item] = i;
	}
}

/* Of the owner's versions those that ended within R or were live at one of the last six months'
 * starts, told without the model. */
static void
assert_none_lost(struct years *y, unsigned n_owners, int64_t stolen_ms)
{
	int64_t now = years_now(y), month = now / (30 * DAY_MS) * 30 * DAY_MS;
	unsigned n_kept = 0;

	for (unsigned i = 0; i < n_owners; i++) {
		const struct years_version *v = &y->versions[i];
		bool kept = v->ended_ms < 0 || v->ended_ms > now - 90 * DAY_MS;
		for (int64_t back = 0; back < 6; back++) {
			int64_t start = month - back * 30 * DAY_MS;
			kept |= v->from_ms <= start && (v->ended_ms < 0 || v->ended_ms > start);
		}
		if (kept && !years_readable(y, v))
			fail_msg("item %u of day %.0f is lost on day %.0f after the theft", v->item,
				 (double)v->from_ms / (double)DAY_MS,
				 (double)(now - stolen_ms) / (double)DAY_MS);
		n_kept += kept;
	}
	assert_true(n_kept >= ITEMS); /* of each at least the one before the theft */
}

/* One day of the thief's. */
typedef void thief_fn(struct years *y, unsigned day);

static void
suffer(struct years *y, thief_fn *thief, unsigned days)
{
	unsigned n_owners = y->n_versions;
	int64_t stolen_ms = years_now(y);

	for (unsigned day = 0; day < days; day++) {
		thief(y, day);
		years_pass(y, DAY_MS);
		years_tidy(y, NULL, NULL);
		assert_none_lost(y, n_owners, stolen_ms);
	}
}

/* A little every day, so that nobody notices. */
static void
slow_burn(struct years *y, unsigned day)
{
	years_save(y, day % ITEMS, day % 3 == 2);
}

/* Newer versions of everything, over and over. */
static void
flood(struct years *y, unsigned day)
{
	for (unsigned round = 0; day == 0 && round < 40; round++)
		for (unsigned i = 0; i < ITEMS; i++)
			years_save(y, i, false);
	if (day % 10 == 1)
		for (unsigned i = 0; i < ITEMS; i++)
			years_save(y, i, false);
}

/* The same, and then everything is to go. */
static void
flood_and_tombstones(struct years *y, unsigned day)
{
	for (unsigned round = 0; day == 0 && round < 10; round++)
		for (unsigned i = 0; i < ITEMS; i++)
			years_save(y, i, round == 9);
}

static void
tombstones(struct years *y, unsigned day)
{
	for (unsigned i = 0; day == 0 && i < ITEMS; i++)
		years_save(y, i, true);
}

static void
a_slow_burn_of_120_days_loses_nothing(void **state)
{
	suffer(*state, slow_burn, DAYS);
}

static void
a_flood_of_newer_versions_loses_nothing_in_120_days(void **state)
{
	suffer(*state, flood, DAYS);
}

static void
a_flood_that_ends_in_tombstones_loses_nothing_in_120_days(void **state)
{
	suffer(*state, flood_and_tombstones, DAYS);
}

/* Longer than any anchor: the hold keeps it until the owner's key says otherwise. */
static void
tombstones_for_everything_are_held_for_years_and_lifted_by_the_owner_alone(void **state)
{
	struct years *y = *state;
	unsigned last[ITEMS];

	note_of_month(y, last);
	suffer(y, tombstones, 10);
	for (unsigned i = 0; i < 30; i++) {
		years_pass(y, 30 * DAY_MS);
		years_tidy(y, NULL, NULL);
	}
	assert_int_equal(y->result.held, YEARS_FOLDERS);
	for (unsigned i = 0; i < ITEMS; i++)
		assert_true(years_readable(y, &y->versions[last[i]]));
	years_policy(y, 90, true);
	years_pass(y, 13 * DAY_MS);
	years_tidy(y, NULL, NULL);
	assert_int_equal(y->result.held, YEARS_FOLDERS);
	years_pass(y, 2 * DAY_MS);
	years_tidy(y, NULL, NULL);
	assert_int_equal(y->result.held, 0);
	for (unsigned i = 0; i < ITEMS; i++)
		assert_false(years_readable(y, &y->versions[last[i]]));
}

/* A thief who brings items of his own first, so that the owner's seem few. */
static void
items_added_before_the_tombstones_do_not_thin_the_hold(void **state)
{
	struct years *y = *state;
	unsigned last[ITEMS];
	AUTO(party_batch_clear) struct party_batch b;
	struct party_record more[200] = { { 0 } };
	struct problem problem;

	note_of_month(y, last);
	for (unsigned i = 0; i < N_ELEMENTS(more); i++)
		more[i] = (struct party_record){ .folder = i % YEARS_FOLDERS, .item = 1000 + i };
	party_batch_init(&b, &y->party, more, N_ELEMENTS(more));
	party_batch_finish(&b, &y->party);
	assert_int_equal(world_commit(&y->world, &b, &problem), 0);
	party_committed(&y->party, &b);
	years_pass(y, DAY_MS);
	tombstones(y, 0);
	years_pass(y, 400 * DAY_MS);
	years_tidy(y, NULL, NULL);
	assert_int_equal(y->result.held, YEARS_FOLDERS);
	for (unsigned i = 0; i < ITEMS; i++)
		assert_true(years_readable(y, &y->versions[last[i]]));
}

/* A person who forgets one thing is not held up. */
static void
a_few_forgotten_items_go_when_their_time_is_over(void **state)
{
	struct years *y = *state;
	unsigned last[ITEMS];

	note_last(y, last);
	years_save(y, 3, true);
	years_save(y, 6, true);
	years_pass(y, 240 * DAY_MS);
	years_tidy(y, NULL, NULL);
	assert_int_equal(y->result.held, 0);
	for (unsigned i = 0; i < ITEMS; i++)
		assert_int_equal(years_readable(y, &y->versions[last[i]]), i != 3 && i != 6);
}

static bool
is_live(const struct years *y, unsigned item)
{
	for (unsigned i = 0; i < y->n_versions; i++)
		if (y->versions[i].item == item && y->versions[i].ended_ms < 0)
			return true;
	return false;
}

/* The cut is the last batch before the theft.  A version that ended longer ago than R and was live at no
 * month's start is gone, but then an older one of its item is there and live again. */
static void
a_revocation_after_120_days_brings_everything_back(void **state)
{
	struct years *y = *state;
	uint64_t cut = y->party.seq;
	unsigned last[ITEMS];

	note_of_month(y, last);
	suffer(y, flood_and_tombstones, DAYS);
	for (unsigned i = 0; i < ITEMS; i++)
		assert_false(is_live(y, i));
	years_revoke(y, cut);
	for (unsigned i = 0; i < ITEMS; i++) {
		assert_true(is_live(y, i));
		assert_true(years_readable(y, &y->versions[last[i]]));
	}
	years_pass(y, 400 * DAY_MS);
	years_tidy(y, NULL, NULL);
	for (unsigned i = 0; i < y->n_versions; i++)
		assert_true(y->versions[i].ended_ms >= 0 || years_readable(y, &y->versions[i]));
	for (unsigned i = 0; i < ITEMS; i++)
		assert_true(is_live(y, i));
}

/* While nothing of it is older than R, it is exactly what it was. */
static void
a_revocation_within_ninety_days_brings_the_very_last_versions_back(void **state)
{
	struct years *y = *state;
	uint64_t cut = y->party.seq;
	unsigned last[ITEMS];

	note_last(y, last);
	suffer(y, flood_and_tombstones, 80);
	years_revoke(y, cut);
	years_pass(y, 400 * DAY_MS);
	years_tidy(y, NULL, NULL);
	for (unsigned i = 0; i < ITEMS; i++) {
		assert_true(y->versions[last[i]].ended_ms < 0);
		assert_true(years_readable(y, &y->versions[last[i]]));
	}
}

/* --- reading --- */

/* How many of the answer's frames are of @kind. */
struct counting {
	enum wire_frame_kind kind;
	unsigned n;
};

static int
count_frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	struct counting *c = ctx;

	(void)err;
	c->n += f->kind == c->kind;
	return 0;
}

static unsigned
frames_of(const struct reply *r, enum wire_frame_kind kind)
{
	AUTO(wire_frames_reader_clear) struct wire_frames_reader reader;
	struct counting c = { .kind = kind };
	struct err err;

	wire_frames_reader_init(&reader, count_frame, &c);
	assert_int_equal(wire_frames_reader_feed(&reader, buf_span(&r->body), &err), 0);
	return c.n;
}

static void
commit_one(struct world *w, struct party *p)
{
	AUTO(party_batch_clear) struct party_batch b;
	const struct party_record r = { .folder = 1, .item = 1 };
	struct problem problem;

	party_batch_init(&b, p, &r, 1);
	party_batch_finish(&b, p);
	assert_int_equal(world_commit(w, &b, &problem), 0);
	party_committed(p, &b);
}

/* Every way to a ciphertext, with the token that the device's own key gets. */
static void
the_devices_keys_read_no_old_version_and_few_of_what_is_live(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(buf_clear) struct buf body = BUF_INIT(256);
	AUTO(reply_clear) struct reply reply = { 0 };
	AUTO(wire_records_clear) struct wire_records both = { 0 };
	struct wire_item_ask item = { .folder = party_folder(1), .item = party_item(1) };
	uint8_t token[WIRE_TOKEN_BYTES];
	struct err err;

	party_init(&p);
	world_register(w, &p, UINT64_C(1) << 30);
	commit_one(w, &p);
	commit_one(w, &p);
	world_have(w, &p, NULL, 0, token, NULL);
	both.device = item.device = p.device;
	for (uint64_t seq = 1; seq <= 2; seq++)
		assert_int_equal(wire_records_add(&both, (struct wire_record_at){ seq, 0 }, &err),
				 0);
	assert_int_equal(wire_records_encode(&body, &both, &err), 0);
	/* The live one, sealed, for a drill; of the older one nothing; and no more than 64 a day. */
	for (int i = 0; i < 32; i++) {
		world_post(w, &reply, "/v1/records", token, buf_span(&body));
		assert_int_equal(reply.status, 200);
		assert_int_equal(frames_of(&reply, WIRE_FRAME_RECORD), 1);
		assert_int_equal(frames_of(&reply, WIRE_FRAME_GONE), 1);
	}
	world_post(w, &reply, "/v1/records", token, buf_span(&body));
	assert_int_equal(reply.problem.word, PROBLEM_DRILLS);
	buf_reset(&body);
	assert_int_equal(wire_item_ask_encode(&body, &item, &err), 0);
	world_post(w, &reply, "/v1/item", token, buf_span(&body));
	assert_int_equal(reply.problem.word, PROBLEM_SCOPE);
	world_get(w, &reply, "/v1/wraps", token);
	assert_int_equal(reply.problem.word, PROBLEM_SCOPE);
}

int
main(void)
{
#define IN_YEARS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_YEARS(a_slow_burn_of_120_days_loses_nothing),
		IN_YEARS(a_flood_of_newer_versions_loses_nothing_in_120_days),
		IN_YEARS(a_flood_that_ends_in_tombstones_loses_nothing_in_120_days),
		IN_YEARS(
			tombstones_for_everything_are_held_for_years_and_lifted_by_the_owner_alone),
		IN_YEARS(items_added_before_the_tombstones_do_not_thin_the_hold),
		IN_YEARS(a_few_forgotten_items_go_when_their_time_is_over),
		IN_YEARS(a_revocation_after_120_days_brings_everything_back),
		IN_YEARS(a_revocation_within_ninety_days_brings_the_very_last_versions_back),
		cmocka_unit_test_setup_teardown(
			the_devices_keys_read_no_old_version_and_few_of_what_is_live, world_setup,
			world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
