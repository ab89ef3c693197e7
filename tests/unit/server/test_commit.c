/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a commit, on a real catalog, each with the forgery that it stops. */
#include "api/commit.h"

#include <stdio.h>

#include "os/os.h"
#include "world.h"

#define QUOTA (UINT64_C(1) << 30)

static const struct party_record one[] = { { .folder = 1, .item = 1 } };

/* What commit @b says: 0 or PROBLEM_… + 1. */
static int
commit(struct world *w, struct party *p, struct party_batch *b, struct problem *problem)
{
	int rc;

	party_batch_finish(b, p);
	rc = world_commit(w, b, problem);
	if (rc == 0)
		party_committed(p, b);
	return rc;
}

static void
commit_records(struct world *w, struct party *p, const struct party_record *records, size_t n)
{
	AUTO(party_batch_clear) struct party_batch b;
	struct problem problem;

	party_batch_init(&b, p, records, n);
	assert_int_equal(commit(w, p, &b, &problem), 0);
}

static void
batches_in_a_row_are_taken_and_the_tree_grows_with_them(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	struct party_record records[40];

	party_init(&p);
	world_register(w, &p, QUOTA);
	for (unsigned round = 0; round < 12; round++) {
		for (unsigned i = 0; i < N_ELEMENTS(records); i++)
			records[i] =
				(struct party_record){ .folder = i % 3, .item = round * 31 + i };
		commit_records(w, &p, records, N_ELEMENTS(records));
	}
	assert_int_equal(p.seq, 12);
}

static void
tombstones_take_items_out_and_they_may_come_back(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	const struct party_record gone[] = { { .folder = 1, .item = 1, .tombstone = true },
					     { .folder = 1, .item = 99, .tombstone = true } };

	party_init(&p);
	world_register(w, &p, QUOTA);
	commit_records(w, &p, one, 1);
	commit_records(w, &p, gone, 2);
	assert_int_equal(p.n_items, 0);
	commit_records(w, &p, one, 1);
	assert_int_equal(p.n_items, 1);
}

static void
the_same_batch_again_is_taken_as_stored(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	struct problem problem;

	party_init(&p);
	world_register(w, &p, QUOTA);
	party_batch_init(&b, &p, one, 1);
	assert_int_equal(commit(w, &p, &b, &problem), 0);
	assert_int_equal(world_commit(w, &b, &problem), 0);
	commit_records(w, &p, one, 1);
	assert_int_equal(world_commit(w, &b, &problem), 0); /* and when others followed */
}

static void
another_batch_of_the_same_seq_is_refused(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	struct problem problem;

	party_init(&p);
	world_register(w, &p, QUOTA);
	party_batch_init(&b, &p, one, 1);
	commit_records(w, &p, one, 1);
	party_batch_finish(&b, &p);
	assert_int_equal(world_commit(w, &b, &problem), PROBLEM_HEAD + 1);
	assert_int_equal(problem.seq, 1);
	assert_true(hash32_equal(&problem.head, &p.head));
}

/* One forgery each, and the problem that it meets. */
enum forgery {
	WRONG_PREVIOUS_HEAD,
	GAP_IN_SEQ,
	GAP_AND_LONGER_LOG,
	WRONG_STATE_ROOT,
	OLDER_EPOCH,
	NEWER_EPOCH,
	WRONG_LOG_HEAD,
	LONGER_LOG,
	OTHER_ACCOUNT,
	OTHER_DEVICE,
	SIGNED_BY_ANOTHER,
	CHANGED_AFTER_SIGNING,
	N_FORGERIES,
};

static const enum problem_word stopped_by[N_FORGERIES] = {
	[WRONG_PREVIOUS_HEAD] = PROBLEM_HEAD,
	[GAP_IN_SEQ] = PROBLEM_HEAD,
	[GAP_AND_LONGER_LOG] = PROBLEM_HEAD, /* of a server that was set back: so it is seen */
	[WRONG_STATE_ROOT] = PROBLEM_ROOT,
	[OLDER_EPOCH] = PROBLEM_EPOCH,
	[NEWER_EPOCH] = PROBLEM_EPOCH,
	[WRONG_LOG_HEAD] = PROBLEM_LOG,
	[LONGER_LOG] = PROBLEM_LOG,
	[OTHER_ACCOUNT] = PROBLEM_ACCOUNT,
	[OTHER_DEVICE] = PROBLEM_DEVICE,
	[SIGNED_BY_ANOTHER] = PROBLEM_SIGNATURE,
	[CHANGED_AFTER_SIGNING] = PROBLEM_SIGNATURE,
};

static void
forge(struct party_batch *b, struct party *p, const struct party *other, enum forgery how)
{
	struct batch_header *h = &b->prefix.header;

	switch (how) {
	case WRONG_PREVIOUS_HEAD:
		h->previous_head.b[0] ^= 1;
		break;
	case GAP_IN_SEQ:
		h->seq++;
		break;
	case GAP_AND_LONGER_LOG:
		h->seq++;
		h->log_length++;
		break;
	case WRONG_STATE_ROOT:
		b->prefix.state_root.b[31] ^= 1;
		break;
	case OLDER_EPOCH:
		h->epoch--;
		break;
	case NEWER_EPOCH:
		h->epoch++;
		break;
	case WRONG_LOG_HEAD:
		h->log_head.b[7] ^= 1;
		break;
	case LONGER_LOG:
		h->log_length++;
		break;
	case OTHER_ACCOUNT:
		h->account.b[3] ^= 1;
		break;
	case OTHER_DEVICE:
		h->device.b[3] ^= 1;
		break;
	case SIGNED_BY_ANOTHER:
		party_batch_finish(b, other);
		return;
	case CHANGED_AFTER_SIGNING:
		party_batch_finish(b, p);
		b->bytes.p[200] ^= 1; /* client time */
		return;
	case N_FORGERIES:
		break;
	}
	party_batch_finish(b, p);
}

static void
each_forgery_is_refused_for_what_it_is_and_changes_nothing(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_clear) struct party other;
	struct problem problem;

	party_init(&p);
	party_init(&other);
	world_register(w, &p, QUOTA);
	world_register(w, &other, QUOTA);
	commit_records(w, &p, one, 1);
	for (enum forgery how = 0; how < N_FORGERIES; how++) {
		AUTO(party_batch_clear) struct party_batch b;
		party_batch_init(&b, &p, one, 1);
		forge(&b, &p, &other, how);
		assert_int_equal(world_commit(w, &b, &problem), stopped_by[how] + 1);
	}
	commit_records(w, &p, one, 1); /* an honest one still fits what is stored */
}

static void
missing_chunks_are_named_and_nothing_is_stored(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	struct hash32 cids[3] = { { { 1 } }, { { 2 } }, { { 3 } } };
	const struct party_record r[] = { { .folder = 1, .item = 1, .refs = cids, .n_refs = 3 } };
	struct problem problem;

	party_init(&p);
	world_register(w, &p, QUOTA);
	world_put_chunk(w, &p, &cids[1], span_str("an object"));
	party_batch_init(&b, &p, r, 1);
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_MISSING_CHUNKS + 1);
	assert_int_equal(problem.n_cids, 2);
	assert_true(hash32_equal(&problem.cids[0], &cids[0]));
	assert_true(hash32_equal(&problem.cids[1], &cids[2]));
	world_put_chunk(w, &p, &cids[0], span_str("another object"));
	world_put_chunk(w, &p, &cids[2], span_str("a third object"));
	assert_int_equal(commit(w, &p, &b, &problem), 0);
}

static void
chunks_of_another_account_do_not_count(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_clear) struct party other;
	AUTO(party_batch_clear) struct party_batch b;
	struct hash32 cid = { { 9 } };
	const struct party_record r[] = { { .folder = 1, .item = 1, .refs = &cid, .n_refs = 1 } };
	struct problem problem;

	party_init(&p);
	party_init(&other);
	world_register(w, &p, QUOTA);
	world_register(w, &other, QUOTA);
	world_put_chunk(w, &other, &cid, span_str("an object"));
	party_batch_init(&b, &p, r, 1);
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_MISSING_CHUNKS + 1);
}

static void
a_full_quota_refuses_and_evicts_nothing(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	const struct party_record large[] = { { .folder = 1, .item = 2, .padded_bytes = 8192 } };
	struct problem problem;

	party_init(&p);
	world_register(w, &p, 4096);
	commit_records(w, &p, one, 1);
	party_batch_init(&b, &p, large, 1);
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_QUOTA + 1);
	commit_records(w, &p, one, 1);
}

/* What lies in the database of what a device has stored today, behind the server's back. */
static void
set_day(struct world *w, int64_t days_ago, uint64_t bytes)
{
	char sql[160];

	snprintf(sql, sizeof sql, "UPDATE devices SET day = %lld, day_bytes = %llu",
		 (long long)(os->now_unix_ms() / 86400000 - days_ago), (unsigned long long)bytes);
	world_spoil(w, sql);
}

static void
one_device_takes_half_of_the_free_quota_a_day_at_most(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	struct problem problem;

	party_init(&p);
	world_register(w, &p, QUOTA);
	commit_records(w, &p, one, 1);
	set_day(w, 0, QUOTA); /* of a GiB that was free, all was taken: far more than half */
	party_batch_init(&b, &p, one, 1);
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_QUOTA + 1);
	assert_true(problem.again_s > 0 && problem.again_s <= 86400);
	world_restart(w); /* does not make it forget */
	assert_int_equal(world_commit(w, &b, &problem), PROBLEM_QUOTA + 1);
	set_day(w, 1, QUOTA); /* that was yesterday */
	assert_int_equal(commit(w, &p, &b, &problem), 0);
}

struct counting {
	const struct party *party;
	struct catalog_device device;
};

static int
device_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct counting *c = ctx;

	return tx->ops->device_get(tx, &c->device, &c->party->account, &c->party->device, err);
}

static uint64_t
day_bytes(struct world *w, const struct party *p)
{
	struct counting c = { .party = p };
	struct err err;

	assert_int_equal(catalog_read(w->server.catalog, device_run, &c, &err), 0);
	assert_int_equal(c.device.day, os->now_unix_ms() / 86400000);
	return c.device.day_bytes;
}

static void
the_count_of_a_day_grows_by_what_was_stored_and_begins_anew(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	struct problem problem;
	uint64_t first;

	party_init(&p);
	world_register(w, &p, QUOTA);
	commit_records(w, &p, one, 1);
	first = day_bytes(w, &p);
	assert_int_equal(first, BATCH_PREFIX_BYTES_MIN + 41 + 64 + CRYPTO_TAG_BYTES);
	commit_records(w, &p, one, 1);
	assert_int_equal(day_bytes(w, &p), 2 * first);
	party_batch_init(&b, &p, one, 1);
	b.prefix.state_root.b[0] ^= 1; /* what is refused counts nothing */
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_ROOT + 1);
	assert_int_equal(day_bytes(w, &p), 2 * first);
	set_day(w, 1, 1 << 20);
	commit_records(w, &p, one, 1);
	assert_int_equal(day_bytes(w, &p), first);
}

static void
a_small_quota_can_be_used_up_in_a_day(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	const struct party_record large[] = { { .folder = 1, .item = 2, .padded_bytes = 57344 } };
	struct problem problem;

	party_init(&p);
	world_register(w, &p, 100000);
	commit_records(w, &p, large, 1);
	party_batch_init(&b, &p, large, 1);
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_QUOTA + 1);
	assert_int_equal(problem.again_s, 0); /* another day does not help */
}

/* --- a device in the place of another --- */

/* @p goes on as a new device that replaces the one it was, trusted up to @seq. */
static void
replace_device(struct world *w, struct party *p, uint64_t seq, const struct hash32 *head)
{
	struct log_entry replace = { .type = LOG_REPLACE_DEVICE,
				     .old_device = p->device,
				     .trusted_seq = seq,
				     .trusted_head = *head };

	world_add_device(w, p);
	replace.device = p->device;
	assert_int_equal(world_extend(w, p, &replace), 0);
}

static void
of_a_replaced_device_chunks_count_up_to_its_last_trusted_seq(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b;
	const struct hash32 cids[3] = { { { 1 } }, { { 2 } }, { { 3 } } };
	const struct party_record mine[] = {
		{ .folder = 1, .item = 1, .refs = &cids[0], .n_refs = 1 }
	};
	const struct party_record late[] = {
		{ .folder = 1, .item = 2, .refs = &cids[1], .n_refs = 1 }
	};
	const struct party_record never[] = {
		{ .folder = 1, .item = 3, .refs = &cids[2], .n_refs = 1 }
	};
	struct problem problem;
	struct hash32 head;

	party_init(&p);
	world_register(w, &p, QUOTA);
	for (size_t i = 0; i < 3; i++)
		world_put_chunk(w, &p, &cids[i], span_str("an object"));
	commit_records(w, &p, mine, 1);
	head = p.head;
	commit_records(w, &p, late, 1); /* by whoever has the phone now */
	replace_device(w, &p, 1, &head);

	party_batch_init(&b, &p, late, 1);
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_MISSING_CHUNKS + 1);
	party_batch_clear(&b);
	party_batch_init(&b, &p, never, 1);
	assert_int_equal(commit(w, &p, &b, &problem), PROBLEM_MISSING_CHUNKS + 1);
	commit_records(w, &p, mine, 1);
}

static void
an_account_that_is_to_be_deleted_goes_on_until_its_time_has_come(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	struct log_entry e = { .type = LOG_DELETE_ACCOUNT };

	party_init(&p);
	world_register(w, &p, QUOTA);
	assert_int_equal(world_extend(w, &p, &e), 0);
	commit_records(w, &p, one, 1);
}

/* A rejoin after the server was set back: on the server's head, with a gap in seq. */
static void
prepare_rejoin(struct party_batch *b, struct party *p, uint64_t lost_seq)
{
	struct batch_header *h = &b->prefix.header;

	party_batch_init(b, p, NULL, 0);
	h->kind = BATCH_REJOIN;
	h->lost_seq = lost_seq;
	h->seq = lost_seq + 1;
	memset(h->lost_head.b, 'l', sizeof h->lost_head.b);
}

static void
a_rejoin_goes_on_from_the_lost_seq(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	AUTO(party_batch_clear) struct party_batch b, again;
	struct problem problem;

	party_init(&p);
	world_register(w, &p, QUOTA);
	commit_records(w, &p, one, 1);
	prepare_rejoin(&b, &p, 17);
	assert_int_equal(commit(w, &p, &b, &problem), 0);
	assert_int_equal(p.seq, 18);
	commit_records(w, &p, one, 1);
	assert_int_equal(p.seq, 19);

	prepare_rejoin(&again, &p, 17); /* back in time */
	assert_int_equal(commit(w, &p, &again, &problem), PROBLEM_HEAD + 1);
}

struct looking {
	const struct party *party;
	unsigned versions[8];
	size_t n;
};

static int
note_version(void *ctx, const struct catalog_version *v, struct err *err)
{
	struct looking *l = ctx;

	(void)err;
	l->versions[l->n++] = v->version;
	return 0;
}

static int
look_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct looking *l = ctx;
	struct id16 folder = party_folder(1), item = party_item(1);
	struct catalog_device d;
	int64_t row;

	assert_int_equal(tx->ops->device_get(tx, &d, &l->party->account, &l->party->device, err),
			 0);
	assert_int_equal(tx->ops->folder_row(tx, d.row, &folder, &row, err), 0);
	return tx->ops->versions(tx, d.row, row, &item, note_version, l, err);
}

static void
versions_count_one_two_three_through_tombstones_and_restarts(void **state)
{
	struct world *w = *state;
	AUTO(party_clear) struct party p;
	struct looking l = { .party = &p };
	const struct party_record gone[] = { { .folder = 1, .item = 1, .tombstone = true } };
	struct err err;

	party_init(&p);
	world_register(w, &p, QUOTA);
	commit_records(w, &p, one, 1);
	commit_records(w, &p, gone, 1);
	world_restart(w);
	commit_records(w, &p, one, 1);
	assert_int_equal(catalog_read(w->server.catalog, look_run, &l, &err), 0);
	assert_int_equal(l.n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(l.versions[i], i + 1);
}

int
main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_WORLD(batches_in_a_row_are_taken_and_the_tree_grows_with_them),
		IN_WORLD(tombstones_take_items_out_and_they_may_come_back),
		IN_WORLD(the_same_batch_again_is_taken_as_stored),
		IN_WORLD(another_batch_of_the_same_seq_is_refused),
		IN_WORLD(each_forgery_is_refused_for_what_it_is_and_changes_nothing),
		IN_WORLD(missing_chunks_are_named_and_nothing_is_stored),
		IN_WORLD(chunks_of_another_account_do_not_count),
		IN_WORLD(a_full_quota_refuses_and_evicts_nothing),
		IN_WORLD(one_device_takes_half_of_the_free_quota_a_day_at_most),
		IN_WORLD(the_count_of_a_day_grows_by_what_was_stored_and_begins_anew),
		IN_WORLD(a_small_quota_can_be_used_up_in_a_day),
		IN_WORLD(of_a_replaced_device_chunks_count_up_to_its_last_trusted_seq),
		IN_WORLD(an_account_that_is_to_be_deleted_goes_on_until_its_time_has_come),
		IN_WORLD(a_rejoin_goes_on_from_the_lost_seq),
		IN_WORLD(versions_count_one_two_three_through_tombstones_and_restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
