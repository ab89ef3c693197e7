/* SPDX-License-Identifier: Apache-2.0 */
/* tidy: what retention keeps stays, what it does not goes, whatever happens meanwhile. */
#include <errno.h>
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

/* --- a thousand seeds --- */

#define STEPS 14
#define KILL  77

static void
save_some(struct years *y)
{
	struct party_record records[4];
	unsigned refs[4][YEARS_REFS], n_refs[4];
	size_t n = 1 + years_random(y, 4);

	for (size_t i = 0; i < n; i++) {
		records[i] = (struct party_record){ .item = years_random(y, YEARS_ITEMS),
						    .tombstone = years_random(y, 6) == 0 };
		n_refs[i] = 0;
		for (unsigned k = 0; k < 2 && !records[i].tombstone && y->n_chunks; k++) {
			unsigned c = years_random(y, y->n_chunks);
			if (years_has_chunk(y, c) && (!n_refs[i] || refs[i][0] != c))
				refs[i][n_refs[i]++] = c;
		}
	}
	years_commit(y, records, n, (const unsigned(*)[YEARS_REFS])refs, n_refs);
}

static void
want_some(struct years *y)
{
	unsigned c = y->n_chunks ? years_random(y, y->n_chunks) : 0;

	if (y->n_chunks && years_has_chunk(y, c))
		years_want(y, c);
}

static void
shut_out(struct years *y)
{
	uint64_t seq = y->party.seq;

	if (seq && y->n_devices < YEARS_DEVICES_MAX - 1)
		years_revoke(y, years_random(y, 2) ? seq : years_random(y, (unsigned)seq + 1));
}

/* What terminals and owners do, also in the middle of a tidying. */
static void
anybody(struct years *y)
{
	switch (years_random(y, 20)) {
	case 0:
	case 1:
		shut_out(y);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		years_upload(y);
		break;
	case 6:
	case 7:
		want_some(y);
		break;
	default:
		save_some(y);
	}
}

static void
owner(struct years *y)
{
	static const uint32_t days[] = { 30, 60, 90, 120, 200 };

	if (y->n_devices < YEARS_DEVICES_MAX - 1 && years_random(y, 8) == 0)
		years_retire(y);
	else
		years_policy(y, days[years_random(y, 5)], years_random(y, 2));
}

struct meanwhile {
	struct years *y;
	unsigned steps, kill_at; /* 0: not at all */
	bool busy;               /* others work between the steps */
};

static int
between(void *ctx, struct err *err)
{
	struct meanwhile *m = ctx;

	(void)err;
	if (++m->steps == m->kill_at)
		return KILL;
	if (m->busy && years_random(m->y, 4) == 0) {
		years_settle(m->y);
		anybody(m->y);
	}
	return 0;
}

static void
tidy_somehow(struct years *y)
{
	struct meanwhile m = { .y = y };

	switch (years_random(y, 4)) {
	case 0:
		m.kill_at = 1 + years_random(y, 12);
		break;
	case 1:
		m.busy = true;
		break;
	default:
		years_tidy(y, NULL, NULL);
		return;
	}
	if (years_tidy(y, between, &m) == KILL)
		years_restart(y);
}

static void
live(struct years *y, unsigned seed)
{
	static const unsigned hours[] = { 1, 20, 24, 100, 240, 700, 1000 };

	years_account(y, seed);
	for (unsigned i = 0; i < STEPS; i++) {
		years_pass(y, hours[years_random(y, N_ELEMENTS(hours))] * INT64_C(3600000) +
				      years_random(y, 3600000));
		switch (years_random(y, 8)) {
		case 0:
		case 1:
			tidy_somehow(y);
			break;
		case 2:
			if (years_random(y, 3) == 0)
				years_restart(y);
			else if (years_random(y, 3) == 0)
				owner(y);
			break;
		default:
			for (unsigned k = years_random(y, 6); k > 0; k--)
				anybody(y);
		}
	}
	years_check(y);
	years_tidy(y, NULL, NULL);
	years_forget_account(y);
}

/* Sanitizers take their time. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 50
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SEEDS 50
#endif
#endif
#ifndef SEEDS
#define SEEDS 1000
#endif

static void
whatever_happens_nothing_referenced_is_lost_and_nothing_kept_beyond_its_time(void **state)
{
	const char *asked = getenv("CLOUDBOX_SEED");
	unsigned first = asked ? (unsigned)strtoul(asked, NULL, 10) : 0;

	if (!asked)
		os_random(&first, sizeof first);
	first &= 0xffffff;
	printf("seed %u\n", first);
	for (unsigned i = 0; i < (asked ? 1 : SEEDS); i++)
		live(*state, first + i);
}

/* --- one by one --- */

static void
pass_days(struct years *y, unsigned days)
{
	for (unsigned i = 0; i < days; i++) {
		years_pass(y, DAY_MS);
		years_tidy(y, NULL, NULL);
	}
}

static void
a_superseded_version_stays_for_its_ninety_days_and_not_longer(void **state)
{
	struct years *y = *state;

	years_pass(y, 2 * DAY_MS); /* after the month's start: no anchor */
	years_save(y, 1, false);
	years_pass(y, DAY_MS);
	years_save(y, 1, false);
	pass_days(y, 89);
	assert_true(years_readable(y, &y->versions[0]));
	pass_days(y, 2);
	assert_false(years_readable(y, &y->versions[0]));
	assert_true(years_readable(y, &y->versions[1]));
}

static void
the_version_live_at_a_months_start_stays_for_six_months_however_many_follow(void **state)
{
	struct years *y = *state;

	years_save(y, 1, false);
	years_pass(y, 31 * DAY_MS); /* month 1 */
	for (unsigned i = 0; i < 100; i++)
		years_save(y, 1, false);
	pass_days(y, 120);
	assert_true(years_readable(y, &y->versions[0]));
	assert_false(years_readable(y, &y->versions[50]));
	pass_days(y, 58); /* day 209 and some minutes: months 1 to 6 */
	assert_true(years_readable(y, &y->versions[0]));
	pass_days(y, 1);
	assert_false(years_readable(y, &y->versions[0]));
	assert_true(years_readable(y, &y->versions[100]));
}

static void
a_server_that_stands_still_and_a_wall_clock_that_jumps_make_nothing_old(void **state)
{
	struct years *y = *state;

	years_pass(y, 2 * DAY_MS);
	years_save(y, 1, false);
	years_save(y, 1, false);
	for (unsigned i = 0; i < 40; i++) {
		y->wall_ms += (i % 2 ? -3650 : 3650) * DAY_MS;
		years_pass(y, 3600000);
		years_restart(y);
		years_tidy(y, NULL, NULL);
	}
	assert_true(years_readable(y, &y->versions[0]));
}

static void
a_chunk_that_nobody_wants_for_nine_days_goes_and_one_that_is_asked_for_stays(void **state)
{
	struct years *y = *state;
	unsigned left = years_upload(y), wanted = years_upload(y), needed = years_upload(y);
	const struct party_record r = { .item = 1 };
	const unsigned refs[1][YEARS_REFS] = { { needed } }, n_refs[1] = { 1 };

	years_commit(y, &r, 1, refs, n_refs);
	for (unsigned i = 0; i < 4; i++) {
		pass_days(y, 5);
		years_want(y, wanted);
	}
	assert_false(years_has_chunk(y, left));
	assert_true(years_has_chunk(y, wanted));
	assert_true(years_has_chunk(y, needed));
	pass_days(y, 11);
	assert_false(years_has_chunk(y, wanted));
	years_check(y);
}

static void
what_a_shut_out_device_superseded_is_live_again_and_its_own_goes_after_a_fortnight(void **state)
{
	struct years *y = *state;

	years_pass(y, 2 * DAY_MS);
	years_save(y, 1, false); /* the owner */
	years_save(y, 1, false); /* from here on the thief */
	years_save(y, 1, true);
	years_save(y, 2, false);
	years_revoke(y, 1);
	pass_days(y, 13);
	for (unsigned i = 0; i < 4; i++)
		assert_true(years_readable(y, &y->versions[i]));
	pass_days(y, 2);
	for (unsigned i = 1; i < 4; i++)
		assert_false(years_readable(y, &y->versions[i]));
	pass_days(y, 400);
	assert_true(years_readable(y, &y->versions[0]));
}

static int
read_device(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_device *d = ctx;
	struct id16 account = d->account, device = d->device;

	return tx->ops->device_get(tx, d, &account, &device, err);
}

static void
a_retired_device_is_emptied_when_its_time_is_over(void **state)
{
	struct years *y = *state;
	struct catalog_device d = { .account = y->party.account, .device = y->devices[0].id };
	struct err err;

	years_save(y, 1, false);
	years_pass(y, 40 * DAY_MS);
	years_retire(y);
	pass_days(y, 169);
	assert_true(years_readable(y, &y->versions[0]));
	pass_days(y, 2);
	assert_false(years_readable(y, &y->versions[0]));
	/* Its head says so, or every terminal would take it for a lie. */
	assert_int_equal(catalog_read(y->world.server.catalog, read_device, &d, &err), 0);
	assert_int_equal(d.seq, 0);
	assert_true(hash32_equal(&d.head, &y->devices[0].heads[0]));
}

static void
keeping_less_waits_a_fortnight_and_keeping_more_does_not(void **state)
{
	struct years *y = *state;

	years_pass(y, 2 * DAY_MS);
	years_save(y, 1, false);
	years_save(y, 1, false);
	pass_days(y, 40);
	years_policy(y, 30, false);
	pass_days(y, 13);
	assert_true(years_readable(y, &y->versions[0]));
	pass_days(y, 2);
	assert_false(years_readable(y, &y->versions[0]));
	years_save(y, 1, false);
	pass_days(y, 20);
	years_policy(y, 365, false);
	pass_days(y, 300);
	assert_true(years_readable(y, &y->versions[1]));
}

/* --- an account that goes --- */

static int
find_account(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_account a;

	return tx->ops->account_get(tx, &a, ctx, err);
}

static bool
has_account(struct years *y)
{
	struct err err;

	return catalog_read(y->world.server.catalog, find_account, &y->party.account, &err) == 0;
}

static void
tidy(struct years *y)
{
	struct err err;

	if (tidy_run(y->world.server.catalog, y->world.server.blobs, NULL, &y->result, &err) != 0)
		fail_msg("%s", err.msg);
}

static int
call_off_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct catalog_account a;

	assert_int_equal(tx->ops->account_get(tx, &a, ctx, err), 0);
	assert_true(account_is_relaxing(&a));
	account_call_off(&a);
	return tx->ops->account_put(tx, &a, err);
}

static void
a_deleted_account_goes_after_a_fortnight_with_all_that_it_had_unless_a_person_comes(void **state)
{
	struct log_entry e = { .type = LOG_DELETE_ACCOUNT };
	struct years *y = *state;
	struct err err;

	years_save(y, 1, false);
	years_upload(y);
	assert_int_equal(world_extend(&y->world, &y->party, &e), 0);
	years_pass(y, 13 * DAY_MS);
	tidy(y);
	assert_true(has_account(y));
	assert_int_equal(
		catalog_write(y->world.server.catalog, call_off_run, &y->party.account, &err), 0);
	years_pass(y, 13 * DAY_MS);
	tidy(y);
	assert_true(has_account(y));
	assert_int_equal(world_extend(&y->world, &y->party, &e), 0);
	years_pass(y, 14 * DAY_MS);
	tidy(y);
	assert_false(has_account(y));
	assert_int_equal(y->result.accounts, 1);
	assert_int_equal(years_rows(y), 0);
	assert_int_equal(years_files(y), 0);
}

static int
stop_at(void *ctx, struct err *err)
{
	unsigned *left = ctx;

	(void)err;
	return (*left)-- == 0 ? KILL : 0;
}

static void
a_deletion_that_is_cut_off_anywhere_is_finished_the_next_time(void **state)
{
	struct years *y = *state;
	struct err err;
	int rc = KILL;

	years_forget_account(y);
	for (unsigned steps = 0; rc == KILL; steps++) {
		struct log_entry e = { .type = LOG_DELETE_ACCOUNT };
		unsigned left = steps;
		const struct tidy_options options = { .between = stop_at, .ctx = &left };

		years_account(y, steps);
		years_save(y, 1, false);
		years_save(y, 1, true);
		years_upload(y);
		assert_int_equal(world_extend(&y->world, &y->party, &e), 0);
		years_pass(y, 15 * DAY_MS);
		rc = tidy_run(y->world.server.catalog, y->world.server.blobs, &options, &y->result,
			      &err);
		years_restart(y);
		tidy(y);
		tidy(y);
		assert_int_equal(years_rows(y), 0);
		assert_int_equal(years_files(y), 0);
		assert_true(steps < 100);
	}
	assert_int_equal(rc, 0);
}

/* --- the store --- */

static void
a_stray_object_waits_nine_days_and_then_goes(void **state)
{
	struct years *y = *state;
	struct blobs *blobs = y->world.server.blobs;
	struct blob_writer *w;
	struct blob_info info;
	struct err err;
	unsigned named = years_upload(y);

	assert_int_equal(blobs_begin(&w, blobs, &err), 0);
	assert_int_equal(blobs->ops->append(w, span_str("left behind"), &err), 0);
	assert_int_equal(blobs->ops->finish(w, &info, &err), 0);
	assert_int_equal(blobs_keep(blobs, &w, 1, &err), 0);
	blobs->ops->drop(w);
	for (unsigned day = 0; day < 10; day++) {
		assert_int_equal(tidy_strays(y->world.server.catalog, blobs, 0, BLOBS_PARTS, &err),
				 0);
		tidy(y);
		assert_int_equal(years_files(y), day < 9 ? 2 : 1);
		years_pass(y, DAY_MS);
	}
	assert_true(years_has_chunk(y, named));
	years_check(y);
}

static unsigned unlinks_left;
static int (*real_unlinkat)(int dir_fd, const char *path, int flags);

static int
unlink_some(int dir_fd, const char *path, int flags)
{
	if (unlinks_left-- > 0)
		return real_unlinkat(dir_fd, path, flags);
	errno = EIO;
	return -1;
}

static void
objects_that_cannot_be_removed_are_removed_the_next_time(void **state)
{
	struct years *y = *state;
	const struct os *ours = os;
	struct os failing = *ours;
	struct err err;

	for (unsigned n = 0; n < 3; n++) {
		for (unsigned i = 0; i < 3; i++)
			years_upload(y);
		years_pass(y, 11 * DAY_MS);
		real_unlinkat = ours->unlinkat;
		failing.uptime_ms = ours->uptime_ms;
		failing.unlinkat = unlink_some;
		unlinks_left = n;
		os = &failing;
		assert_int_equal(tidy_run(y->world.server.catalog, y->world.server.blobs, NULL,
					  &y->result, &err),
				 -1);
		os = ours;
		assert_int_equal(err.sys_errno, EIO);
		assert_int_equal(years_files(y), 3 - n);
		tidy(y);
		assert_int_equal(years_files(y), 0);
	}
}

int
main(void)
{
#define IN_YEARS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_YEARS(a_superseded_version_stays_for_its_ninety_days_and_not_longer),
		IN_YEARS(
			the_version_live_at_a_months_start_stays_for_six_months_however_many_follow),
		IN_YEARS(a_server_that_stands_still_and_a_wall_clock_that_jumps_make_nothing_old),
		IN_YEARS(
			a_chunk_that_nobody_wants_for_nine_days_goes_and_one_that_is_asked_for_stays),
		IN_YEARS(
			what_a_shut_out_device_superseded_is_live_again_and_its_own_goes_after_a_fortnight),
		IN_YEARS(a_retired_device_is_emptied_when_its_time_is_over),
		IN_YEARS(keeping_less_waits_a_fortnight_and_keeping_more_does_not),
		IN_YEARS(
			a_deleted_account_goes_after_a_fortnight_with_all_that_it_had_unless_a_person_comes),
		IN_YEARS(a_deletion_that_is_cut_off_anywhere_is_finished_the_next_time),
		IN_YEARS(a_stray_object_waits_nine_days_and_then_goes),
		IN_YEARS(objects_that_cannot_be_removed_are_removed_the_next_time),
		IN_YEARS(
			whatever_happens_nothing_referenced_is_lost_and_nothing_kept_beyond_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
