/* SPDX-License-Identifier: Apache-2.0 */
/* keeper: what a running server does by itself, with its ticks in a hurry. */
#include "upkeep/keeper.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/os.h"
#include "years.h"

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

static pthread_mutex_t upkeep = PTHREAD_MUTEX_INITIALIZER;

static struct keeper *
start(struct years *y)
{
	const struct keeper_options o = {
		.catalog = y->world.server.catalog,
		.blobs = y->world.server.blobs,
		.upkeep = &upkeep,
		.tidy_ms = 10,
	};
	struct keeper *k;
	struct err err;

	if (keeper_start(&k, &o, &err) < 0)
		fail_msg("%s", err.msg);
	return k;
}

/* Until a count is reached. */
static struct keeper_counts
wait_for(struct keeper *k, bool (*reached)(const struct keeper_counts *c))
{
	struct keeper_counts c;

	for (int i = 0; i < 3000; i++) {
		keeper_counts(k, &c);
		if (reached(&c))
			return c;
		poll(NULL, 0, 10);
	}
	fail_msg("not within half a minute");
	return c;
}

static bool
tidied_two(const struct keeper_counts *c)
{
	return c->tidied.objects == 2;
}

static void
it_tidies_and_keeps_the_clock_by_itself(void **state)
{
	struct years *y = *state;
	struct keeper *k = start(y);

	years_upload(y);
	years_upload(y);
	years_pass(y, 11 * DAY_MS);
	struct keeper_counts c = wait_for(k, tidied_two);
	assert_true(c.tidyings > 0);
	keeper_stop(k);
	int64_t before = years_now(y);
	years_restart(y); /* keeps nothing by itself */
	assert_int_equal(years_now(y), before);
	assert_int_equal(years_files(y), 0);
}

static int
pairing_put_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_pairing *p = ctx;

	p->expires_ms = tx->ops->clock(tx) + DAY_MS;
	if (tx->ops->pairing_add(tx, p, err) != 0)
		return -1;
	return tx->ops->pairing_say(tx, &p->id, 0, 1, span_str("a message"), err);
}

static int
pairing_there_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_pairing *p = ctx, there;

	return tx->ops->pairing_get(tx, &there, &p->id, err);
}

static int
count_message(void *ctx, uint64_t number, struct span message, struct err *err)
{
	(void)number, (void)message, (void)err;
	++*(unsigned *)ctx;
	return 0;
}

static int
pairing_messages_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	const struct id16 id = { { 7 } };

	return tx->ops->pairing_heard(tx, &id, 0, 1, count_message, ctx, err);
}

static bool
tidied_once(const struct keeper_counts *c)
{
	return c->tidyings > 0;
}

/* A keeper is at work while so much time passes. */
static void
keep_for(struct years *y, int64_t ms)
{
	struct keeper *k = start(y);

	years_pass(y, ms);
	wait_for(k, tidied_once);
	keeper_stop(k);
}

static void
a_pairing_goes_when_its_time_is_over(void **state)
{
	struct years *y = *state;
	struct catalog *c = y->world.server.catalog;
	struct catalog_pairing p = { .id = { { 7 } } };
	unsigned n_messages = 0;
	struct err err;

	assert_int_equal(catalog_write(c, pairing_put_run, &p, &err), 0);
	keep_for(y, DAY_MS / 2);
	assert_int_equal(catalog_read(c, pairing_there_run, &p, &err), 0);
	keep_for(y, DAY_MS);
	assert_int_equal(catalog_read(c, pairing_there_run, &p, &err), CATALOG_ABSENT);
	assert_int_equal(catalog_read(c, pairing_messages_run, &n_messages, &err), 0);
	assert_int_equal(n_messages, 0);
}

static bool
scrubbed_all(const struct keeper_counts *c)
{
	return c->scrubbed >= 40;
}

/* Overwrite the middle of one object, whichever it is. */
static void
damage_one(struct years *y)
{
	char command[300];

	snprintf(command, sizeof command,
		 "f=$(find '%s/blobs' -type f | head -1) && printf X | "
		 "dd of=\"$f\" bs=1 seek=50 conv=notrunc status=none",
		 y->world.folder);
	assert_int_equal(system(command), 0);
}

static void
it_reads_every_object_again_in_thirty_days_and_names_the_damaged_one(void **state)
{
	struct years *y = *state;
	struct party_record records[4] = { 0 };
	unsigned refs[4][YEARS_REFS], n_refs[4];
	unsigned stored = 0;

	while (stored < 40) { /* referred to: what nobody needs would be tidied away */
		for (unsigned i = 0; i < 4; i++) {
			records[i].item = stored % YEARS_ITEMS;
			refs[i][0] = years_upload(y);
			n_refs[i] = 1;
			stored++;
		}
		years_commit(y, records, 4, (const unsigned(*)[YEARS_REFS])refs, n_refs);
	}
	damage_one(y);
	struct keeper *k = start(y);
	for (unsigned day = 0; day < 31; day++)
		years_pass(y, DAY_MS);
	struct keeper_counts c = wait_for(k, scrubbed_all);
	keeper_stop(k);
	assert_int_equal(c.damaged, 1);
	assert_int_equal(years_damaged(y), 1);
}

static int
put_sample(struct catalog_tx *tx, void *ctx, struct err *err)
{
	return tx->ops->sample_put(tx, ctx, err);
}

static void
add_sample(struct years *y, uint64_t bytes)
{
	struct catalog_sample s = { .day = years_now(y) / DAY_MS, .bytes = bytes };
	struct err err;

	if (catalog_write(y->world.server.catalog, put_sample, &s, &err) < 0)
		fail_msg("%s", err.msg);
}

static int64_t
forecast(struct years *y, uint64_t free_bytes, uint64_t floor_bytes)
{
	struct err err;
	int64_t days;

	if (keeper_forecast(&days, y->world.server.catalog, free_bytes, floor_bytes, &err) < 0)
		fail_msg("%s", err.msg);
	return days;
}

static void
the_forecast_goes_by_the_last_month(void **state)
{
	struct years *y = *state;

	assert_int_equal(forecast(y, 1000, 0), -1); /* nothing is known */
	for (unsigned day = 0; day < 60; day++) {   /* fast at first, then 100 a day */
		years_pass(y, DAY_MS);
		add_sample(y, day < 29 ? 10000 * day : 290000 + 100 * day);
	}
	assert_int_equal(forecast(y, 15500, 500), 150);
	assert_int_equal(forecast(y, 400, 500), 0);
	for (unsigned day = 0; day < 31; day++) {
		years_pass(y, DAY_MS);
		add_sample(y, 100000);
	}
	assert_int_equal(forecast(y, 15500, 500), -1); /* it does not grow */
}

int
main(void)
{
#define IN_YEARS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_YEARS(it_tidies_and_keeps_the_clock_by_itself),
		IN_YEARS(a_pairing_goes_when_its_time_is_over),
		IN_YEARS(it_reads_every_object_again_in_thirty_days_and_names_the_damaged_one),
		IN_YEARS(the_forecast_goes_by_the_last_month),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
