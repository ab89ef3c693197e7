/* SPDX-License-Identifier: Apache-2.0 */
#include "a_box.h"

#include <sqlite3.h>
#include <stdio.h>

#include "box/drills.h"
#include "box/receipts.h"

#define CARD(uid) "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" uid "\r\nFN:" uid "\r\nEND:VCARD\r\n"

/* Three contacts, saved as they are. */
static void
three_saved(void)
{
	static const char *const names[] = { "a", "b", "c" };

	temp_put_str(&my.t, "app/all.vcf", CARD("a") CARD("b") CARD("c"));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		a_box_add(names[i]);
		a_box_save(names[i]);
		assert_string_equal(a_box_state(names[i]), "saved");
	}
}

static void
item_id(uint8_t out[static BOX_ID_BYTES], const char *native_id)
{
	struct err err = { 0 };

	assert_rc(inventory_item_id(out, my.b, "contacts", span_str(native_id), &err), 0, err);
}

static int
note_id(void *ctx, const struct saved *s, struct err *err)
{
	char *list = ctx;

	(void)err;
	if (strcmp(s->app, "contacts") == 0)
		strncat(list, (const char *)s->native_id.p, s->native_id.n);
	return 0;
}

/* The ids of those that come first, joined. */
static const char *
oldest(int64_t now_unix_ms, uint64_t max, uint64_t sealed_bytes_max)
{
	const struct saved_oldest which = { now_unix_ms, max, sealed_bytes_max };
	static char list[100];
	struct err err = { 0 };

	list[0] = '\0';
	assert_rc(saved_each_by_proof(my.b, &which, note_id, list, &err), 0, err);
	return list;
}

/* Whatever the clock said: these were the times. */
static void
set_times(const char *native_id, int64_t saved_ms, int64_t proven_ms, int64_t sealed_bytes)
{
	char path[200];
	uint8_t item[BOX_ID_BYTES];
	sqlite3_stmt *st = NULL;
	sqlite3 *db;

	item_id(item, native_id);
	snprintf(path, sizeof path, "%s/box.db", my.home);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "UPDATE saved SET saved_ms = ?2, proven_ms = ?3,"
					    " sealed_bytes = ?4 WHERE item = ?1",
					    -1, &st, NULL),
			 SQLITE_OK);
	sqlite3_bind_blob(st, 1, item, sizeof item, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, saved_ms);
	sqlite3_bind_int64(st, 3, proven_ms);
	sqlite3_bind_int64(st, 4, sealed_bytes);
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static void
what_was_known_to_be_good_longest_ago_comes_first(void **state)
{
	(void)state;
	three_saved();
	set_times("a", 100, 500, 1000); /* proven since */
	set_times("b", 400, 0, 2000);   /* saved later than c, never proven */
	set_times("c", 300, 0, 3000);
	assert_string_equal(oldest(1000, 10, UINT64_MAX), "cba");
	assert_string_equal(oldest(1000, 2, UINT64_MAX), "cb");
	assert_string_equal(oldest(1000, 10, 2000), "ba");       /* no large ones */
	assert_string_equal(oldest(450, 10, UINT64_MAX), "acb"); /* a proof that is still to come */
}

static void
an_item_in_doubt_is_unsaved_and_keeps_its_place_in_the_tree(void **state)
{
	AUTO(saved_found_clear) struct saved_found before = SAVED_FOUND_INIT;
	AUTO(saved_found_clear) struct saved_found after = SAVED_FOUND_INIT;
	uint8_t item[BOX_ID_BYTES];
	struct err err = { 0 };
	bool again = false;
	uint64_t pending;

	(void)state;
	three_saved();
	item_id(item, "b");
	assert_rc(saved_put_proven(my.b, item, 5, &err), 0, err);
	assert_rc(saved_get(&before, my.b, item, &err), 0, err);
	assert_rc(saved_doubt(&again, my.b, item, &err), 0, err);
	assert_true(again);
	assert_string_equal(a_box_state("b"), "changed");
	assert_string_equal(a_box_state("a"), "saved");
	assert_rc(shortcuts_count_pending(&pending, my.b, "contacts", &err), 0, err);
	assert_int_equal(pending, 1);
	assert_rc(saved_get(&after, my.b, item, &err), 0, err);
	assert_memory_equal(after.saved.leaf, before.saved.leaf, BOX_HASH_BYTES);
	assert_int_equal(after.saved.seq, before.saved.seq);
	assert_int_equal(after.saved.proven_unix_ms, 0);
	assert_int_equal(after.saved.chunks.n, 0);
	a_box_refresh(); /* nothing changed in the app: it stays in doubt */
	assert_string_equal(a_box_state("b"), "changed");
	a_box_save("b");
	assert_string_equal(a_box_state("b"), "saved");
}

static void
what_the_app_has_no_more_cannot_be_sent_again(void **state)
{
	uint8_t item[BOX_ID_BYTES], stranger[BOX_ID_BYTES] = { 7 };
	struct err err = { 0 };
	bool again = true;

	(void)state;
	three_saved();
	temp_put_str(&my.t, "app/all.vcf", CARD("a") CARD("c"));
	a_box_refresh();
	item_id(item, "b");
	assert_rc(saved_doubt(&again, my.b, item, &err), 0, err);
	assert_false(again);
	assert_string_equal(a_box_state("b"), "missing");
	assert_rc(saved_doubt(&again, my.b, stranger, &err), 0, err);
	assert_false(again);
}

static void
an_object_is_known_by_any_of_the_hashes_it_was_sent_with(void **state)
{
	struct sent_object sent[3] = { { { 1 }, { 10 } }, { { 1 }, { 11 } }, { { 2 }, { 20 } } };
	const uint8_t other[BOX_HASH_BYTES] = { 12 }, stranger[BOX_HASH_BYTES] = { 3 };
	struct err err = { 0 };

	(void)state;
	assert_rc(sent_objects_put(my.b, sent, 3, &err), 0, err);
	assert_rc(sent_objects_put(my.b, sent, 3, &err), 0, err); /* noted twice is noted once */
	a_box_again();
	assert_rc(sent_object_check(my.b, sent[0].cid, sent[0].hash, &err), 0, err);
	assert_rc(sent_object_check(my.b, sent[0].cid, sent[1].hash, &err), 0, err);
	assert_rc(sent_object_check(my.b, sent[2].cid, sent[2].hash, &err), 0, err);
	assert_rc(sent_object_check(my.b, sent[0].cid, other, &err), 1, err);
	assert_rc(sent_object_check(my.b, sent[2].cid, sent[0].hash, &err), 1, err);
	assert_rc(sent_object_check(my.b, stranger, other, &err), BOX_UNKNOWN, err);
}

static void
the_newest_drill_of_either_kind_is_told(void **state)
{
	struct drill_done done, full = { DRILL_FULL, 2000, 10, 0 },
				locked = { DRILL_LOCKED, 3000, 20, 1 };
	struct err err = { 0 };

	(void)state;
	assert_rc(drill_done_newest(&done, my.b, &err), BOX_ABSENT, err);
	assert_int_equal(done.at_unix_ms, 0);
	assert_rc(drill_done_put(my.b, &full, &err), 0, err);
	assert_rc(drill_done_get(&done, my.b, DRILL_LOCKED, &err), BOX_ABSENT, err);
	assert_rc(drill_done_newest(&done, my.b, &err), 0, err);
	assert_int_equal(done.kind, DRILL_FULL);
	assert_rc(drill_done_put(my.b, &locked, &err), 0, err);
	a_box_again();
	assert_rc(drill_done_newest(&done, my.b, &err), 0, err);
	assert_int_equal(done.kind, DRILL_LOCKED);
	assert_int_equal(done.at_unix_ms, 3000);
	assert_int_equal(done.items, 20);
	assert_int_equal(done.failed, 1);
	full.at_unix_ms = 4000;
	assert_rc(drill_done_put(my.b, &full, &err), 0, err);
	assert_rc(drill_done_newest(&done, my.b, &err), 0, err);
	assert_int_equal(done.kind, DRILL_FULL);
	assert_string_equal(drill_kind_name(DRILL_FULL), "full");
	assert_string_equal(drill_kind_name(DRILL_LOCKED), "locked");
}

static void
the_first_receipt_tells_since_when_there_is_a_box(void **state)
{
	struct receipt first = { .kind = RECEIPT_BACKUP, .at_unix_ms = 700 };
	struct receipt second = { .kind = RECEIPT_DRILL,
				  .at_unix_ms = 600 }; /* the clock was set */
	struct err err = { 0 };
	int64_t at = -1;

	(void)state;
	assert_rc(receipts_begin(&at, my.b, &err), 0, err);
	assert_int_equal(at, 0);
	assert_rc(receipt_put(my.b, &first, &err), 0, err);
	assert_rc(receipt_put(my.b, &second, &err), 0, err);
	assert_rc(receipts_begin(&at, my.b, &err), 0, err);
	assert_int_equal(at, 700);
}

int
main(void)
{
#define IN_BOX(name) cmocka_unit_test_setup_teardown(name, a_box_setup, a_box_teardown)
	const struct CMUnitTest tests[] = {
		IN_BOX(what_was_known_to_be_good_longest_ago_comes_first),
		IN_BOX(an_item_in_doubt_is_unsaved_and_keeps_its_place_in_the_tree),
		IN_BOX(what_the_app_has_no_more_cannot_be_sent_again),
		IN_BOX(an_object_is_known_by_any_of_the_hashes_it_was_sent_with),
		IN_BOX(the_newest_drill_of_either_kind_is_told),
		IN_BOX(the_first_receipt_tells_since_when_there_is_a_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
