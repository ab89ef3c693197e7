/* SPDX-License-Identifier: Apache-2.0 */
#include "a_box.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box/journal.h"
#include "box/saved.h"
#include "os_fault.h"

#define AT 1700000000000

static void
item_id(uint8_t out[static BOX_ID_BYTES], unsigned number)
{
	char native[20];

	snprintf(native, sizeof native, "%u", number);
	keys_item_id(out, box_identity(my.b)->ids, span_str("contacts"), span_str(native));
}

/* Begin a batch that saves items @from to @to - 1 (or takes them away), its tree computed. */
static void
begin(unsigned from, unsigned to, bool tombstone, struct hash32 *root)
{
	AUTO(free) struct id16 *items = calloc(to - from, sizeof *items);
	struct state_store store;
	uint64_t before, after;
	struct err err = { 0 };
	char native[20];

	assert_rc(journal_begin(my.b, &err), 0, err);
	for (unsigned i = from; i < to; i++) {
		snprintf(native, sizeof native, "%u", i);
		struct journal_change c = {
			.tombstone = tombstone,
			.saved = { .app = "contacts",
				   .native_id = span_str(native),
				   .seq = box_identity(my.b)->acked_seq + 1,
				   .index = i - from,
				   .leaf = { (uint8_t)i, (uint8_t)(i >> 8) },
				   .size = 100,
				   .sealed_bytes = 150 },
		};
		item_id(c.saved.item, i);
		memcpy(items[i - from].b, c.saved.item, BOX_ID_BYTES);
		assert_rc(journal_add_change(my.b, &c, &err), 0, err);
	}
	assert_rc(journal_counts(&before, &after, my.b, &err), 0, err);
	journal_store(&store, my.b);
	assert_rc(state_update(root, &store, items, to - from, before, after, &err), 0, err);
}

static struct journal_batch
sealed(void)
{
	struct journal_batch b = { .seq = box_identity(my.b)->acked_seq + 1,
				   .epoch = 1,
				   .head = { 0x42, (uint8_t)box_identity(my.b)->acked_seq } };
	struct err err = { 0 };

	assert_rc(journal_seal(my.b, &b, span_str("the sealed bytes"), &err), 0, err);
	return b;
}

static void
save(unsigned from, unsigned to, bool tombstone, struct hash32 *root)
{
	struct err err = { 0 };

	begin(from, to, tombstone, root);
	struct journal_batch b = sealed();
	assert_rc(journal_ack(my.b, &b, AT, &err), 0, err);
}

/* The root over what is saved, computed anew. */
static struct hash32
root_anew(void)
{
	struct state_store store;
	struct hash32 root;
	uint64_t n;
	struct err err = { 0 };

	saved_store(&store, my.b);
	assert_rc(saved_count(&n, my.b, &err), 0, err);
	assert_rc(box_begin(my.b, &err), 0, err);
	assert_rc(state_rebuild(&root, &store, n, &err), 0, err);
	box_rollback(my.b);
	return root;
}

static void
a_sealed_batch_is_there_after_opening_again(void **state)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(100);
	struct journal_batch got;
	struct hash32 root;
	struct err err = { 0 };

	(void)state;
	assert_rc(journal_current(&got, my.b, &err), BOX_ABSENT, err);
	begin(0, 3, false, &root);
	struct journal_batch b = sealed();
	a_box_again();
	assert_rc(box_lock(my.b, 0, NULL, NULL, &err), 0, err); /* tidies; must not tidy this */
	assert_rc(journal_current(&got, my.b, &err), 0, err);
	assert_int_equal(got.state, JOURNAL_SEALED);
	assert_int_equal(got.number, b.number);
	assert_int_equal(got.seq, 1);
	assert_rc(journal_read(&bytes, my.b, &got, &err), 0, err);
	assert_string_equal(buf_str(&bytes), "the sealed bytes");
	assert_rc(journal_sent(my.b, &got, &err), 0, err);
	assert_rc(journal_current(&got, my.b, &err), 0, err);
	assert_int_equal(got.state, JOURNAL_SENT);
	assert_int_equal(got.attempts, 1);
	assert_int_equal(journal_begin(my.b, &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
}

static void
nothing_is_saved_before_the_ack_and_all_of_it_after(void **state)
{
	AUTO(saved_found_clear) struct saved_found f = SAVED_FOUND_INIT;
	uint8_t item[BOX_ID_BYTES];
	struct hash32 root;
	struct err err = { 0 };
	uint64_t n;

	(void)state;
	begin(0, 3, false, &root);
	struct journal_batch b = sealed();
	assert_rc(saved_count(&n, my.b, &err), 0, err);
	assert_int_equal(n, 0);
	a_box_again();
	assert_rc(journal_ack(my.b, &b, AT, &err), 0, err);
	assert_rc(saved_count(&n, my.b, &err), 0, err);
	assert_int_equal(n, 3);
	item_id(item, 1);
	assert_rc(saved_get(&f, my.b, item, &err), 0, err);
	assert_string_equal(f.saved.app, "contacts");
	assert_int_equal(f.saved.index, 1);
	assert_int_equal(f.saved.versions, 1);
	assert_int_equal(f.saved.saved_unix_ms, AT);
	assert_int_equal(box_identity(my.b)->acked_seq, 1);
	assert_memory_equal(box_identity(my.b)->acked_head, b.head, BOX_HASH_BYTES);
	assert_rc(journal_current(&b, my.b, &err), BOX_ABSENT, err);
	assert_int_equal(temp_count(&my.t, "home/journal"), 0);
	save(1, 2, false, &root);
	assert_rc(saved_get(&f, my.b, item, &err), 0, err);
	assert_int_equal(f.saved.versions, 2);
	assert_int_equal(f.saved.seq, 2);
}

static void
the_tree_after_each_batch_is_that_of_what_is_saved(void **state)
{
	static const struct {
		unsigned from, to;
		bool tombstone;
	} steps[] = {
		{ 0, 3, false }, { 3, 5, false },  { 0, 1, false },   { 5, 100, false },
		{ 7, 8, true },  { 10, 95, true }, { 10, 20, false }, { 0, 200, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(steps); i++) {
		struct hash32 root, anew;
		save(steps[i].from, steps[i].to, steps[i].tombstone, &root);
		anew = root_anew();
		if (memcmp(root.b, anew.b, sizeof root.b) != 0)
			fail_msg("after step %zu", i);
	}
}

static void
a_batch_given_up_before_it_is_sealed_leaves_nothing(void **state)
{
	struct hash32 root, again;

	(void)state;
	save(0, 50, false, &root);
	begin(0, 300, false, &again);
	box_rollback(my.b);
	again = root_anew();
	assert_memory_equal(root.b, again.b, sizeof root.b);
	save(50, 60, false, &root);
	again = root_anew();
	assert_memory_equal(root.b, again.b, sizeof root.b);
}

static void
a_dropped_batch_is_known_by_its_head_until_the_next_ack(void **state)
{
	struct journal_batch first, got;
	struct hash32 root, anew;
	struct err err = { 0 };
	uint64_t n;

	(void)state;
	begin(0, 3, false, &root);
	first = sealed();
	assert_rc(journal_drop(my.b, &first, &err), 0, err);
	assert_int_equal(temp_count(&my.t, "home/journal"), 0);
	assert_rc(journal_current(&got, my.b, &err), BOX_ABSENT, err);
	begin(0, 4, false, &anew);
	struct journal_batch second = { .seq = 1, .head = { 0x43 } };
	assert_rc(journal_seal(my.b, &second, span_str("again"), &err), 0, err);
	assert_rc(journal_find_dropped(&got, my.b, second.head, &err), BOX_ABSENT, err);
	assert_rc(journal_find_dropped(&got, my.b, first.head, &err), 0, err);

	/* The server has the dropped one after all. */
	assert_rc(journal_ack_dropped(my.b, &got, AT, &err), 0, err);
	assert_rc(saved_count(&n, my.b, &err), 0, err);
	assert_int_equal(n, 3);
	anew = root_anew();
	assert_memory_equal(root.b, anew.b, sizeof root.b);
	assert_memory_equal(box_identity(my.b)->acked_head, first.head, BOX_HASH_BYTES);
	assert_rc(journal_current(&got, my.b, &err), BOX_ABSENT, err);
	assert_rc(journal_find_dropped(&got, my.b, first.head, &err), BOX_ABSENT, err);
	assert_int_equal(temp_count(&my.t, "home/journal"), 0);
}

static void
killed_anywhere_a_batch_is_whole_or_not_there(void **state)
{
	unsigned nth = 0;
	int status;

	(void)state;
	do {
		struct journal_batch got;
		struct hash32 root;
		struct err err = { 0 };

		box_free(my.b);
		my.b = NULL;
		pid_t child = fork();
		if (child == 0) {
			struct os_fault fault;
			struct err e = { 0 };
			if (box_open(&my.b, my.home, &e) < 0 ||
			    box_lock(my.b, 0, NULL, NULL, &e) < 0)
				_exit(1);
			os_fault_at(&fault, nth + 1, 0, OS_FAULT_KILL);
			begin(0, 3, false, &root);
			sealed();
			os_fault_end(&fault);
			_exit(0);
		}
		nth++;
		waitpid(child, &status, 0);
		assert_rc(box_open(&my.b, my.home, &err), 0, err);
		assert_rc(box_lock(my.b, 0, NULL, NULL, &err), 0, err);
		int rc = journal_current(&got, my.b, &err);
		if (rc == 0) {
			AUTO(buf_clear) struct buf bytes = BUF_INIT(100);
			assert_rc(journal_read(&bytes, my.b, &got, &err), 0, err);
			assert_string_equal(buf_str(&bytes), "the sealed bytes");
			assert_rc(journal_drop(my.b, &got, &err), 0, err);
		} else {
			assert_int_equal(rc, BOX_ABSENT);
			assert_int_equal(WEXITSTATUS(status), OS_FAULT_EXIT);
		}
		box_unlock(my.b);
	} while (WIFEXITED(status) && WEXITSTATUS(status) == OS_FAULT_EXIT);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(nth > 4);
}

static void
a_file_that_no_batch_names_is_cleared_away(void **state)
{
	struct hash32 root;
	struct err err = { 0 };

	(void)state;
	begin(0, 3, false, &root);
	struct journal_batch b = sealed();
	temp_put_str(&my.t, "home/journal/999", "orphan");
	temp_put_str(&my.t, "home/journal/.cloudbox-0123456789abcdef~", "half");
	temp_put(&my.t, "home/journal/.cloudbox-fedcba9876543210~", span_str("half"), 7200);
	assert_rc(box_lock(my.b, 0, NULL, NULL, &err), 0, err);
	char name[60];
	snprintf(name, sizeof name, "home/journal/%d", (int)b.number);
	assert_true(temp_exists(&my.t, name));
	assert_false(temp_exists(&my.t, "home/journal/999"));
	assert_false(temp_exists(&my.t, "home/journal/.cloudbox-fedcba9876543210~"));
}

static int
count_saved(void *ctx, const struct saved *s, struct err *err)
{
	(void)s;
	(void)err;
	++*(unsigned *)ctx;
	return 0;
}

static void
what_is_forgotten_waits_for_its_tombstone(void **state)
{
	uint8_t item[BOX_ID_BYTES];
	struct hash32 root;
	struct err err = { 0 };
	unsigned n = 0;

	(void)state;
	save(0, 3, false, &root);
	item_id(item, 1);
	assert_rc(saved_forget(my.b, item, &err), 0, err);
	assert_rc(saved_forget(my.b, item, &err), 0, err);
	assert_rc(saved_each_forgotten(my.b, count_saved, &n, &err), 0, err);
	assert_int_equal(n, 1);
	save(1, 2, true, &root);
	n = 0;
	assert_rc(saved_each_forgotten(my.b, count_saved, &n, &err), 0, err);
	assert_int_equal(n, 0);
	assert_rc(saved_each(my.b, "contacts", count_saved, &n, &err), 0, err);
	assert_int_equal(n, 2);
}

static void
a_map_built_anew_has_the_same_root(void **state)
{
	AUTO(saved_found_clear) struct saved_found f = SAVED_FOUND_INIT;
	struct hash32 root, anew;
	uint8_t item[BOX_ID_BYTES];
	struct saved rows[20];
	struct err err = { 0 };
	uint64_t n;
	char native[20][8];

	(void)state;
	save(0, 20, false, &root);
	for (unsigned i = 0; i < 20; i++) {
		item_id(item, i);
		assert_rc(saved_get(&f, my.b, item, &err), 0, err);
		rows[i] = f.saved;
		rows[i].app = "contacts";
		snprintf(native[i], sizeof native[i], "%u", i);
		rows[i].native_id = span_str(native[i]);
		rows[i].chunks = (struct span){ NULL, 0 };
	}
	assert_rc(saved_rebuild_begin(my.b, &err), 0, err);
	for (unsigned i = 0; i < 20; i++)
		assert_rc(saved_rebuild_put(my.b, &rows[i], &err), 0, err);
	assert_rc(saved_rebuild_end(&anew, my.b, &err), 0, err);
	assert_memory_equal(root.b, anew.b, sizeof root.b);
	assert_rc(saved_count(&n, my.b, &err), 0, err);
	assert_int_equal(n, 20);
}

static void
a_full_backup_is_estimated_where_it_is_not_known(void **state)
{
	struct err err = { 0 };
	uint64_t bytes;
	bool estimated;

	(void)state;
	temp_put_str(&my.t, "app/a", "0123456789");
	temp_put_str(&my.t, "app/b", "0123456789");
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	assert_int_equal(a_box_add("a"), 0);
	a_box_save("a"); /* 10 bytes became 128 */
	assert_rc(saved_full_backup_bytes(&bytes, &estimated, my.b, "documents", &err), 0, err);
	assert_true(estimated);
	assert_int_equal(bytes, 128 + 128);
	a_box_add("b");
	a_box_save("b");
	assert_rc(saved_full_backup_bytes(&bytes, &estimated, my.b, "documents", &err), 0, err);
	assert_false(estimated);
	assert_int_equal(bytes, 256);
}

/* Inheritance is known by the bytes' id here, and forgotten by the chunk that is gone. */
static void
a_replaced_devices_chunk_is_found_by_its_bytes_until_it_is_gone(void **state)
{
	const uint8_t here[3][BOX_HASH_BYTES] = { { 1 }, { 2 }, { 3 } };
	AUTO(buf_clear) struct buf found = BUF_INIT(100);
	struct err err = { 0 };

	(void)state;
	assert_rc(saved_inherit(my.b, here[0], span_str("old one"), &err), 0, err);
	assert_rc(saved_inherit(my.b, here[1], span_str("old two"), &err), 0, err);
	assert_rc(saved_inherit(my.b, here[1], span_str("older two"), &err), 0, err);
	a_box_again();
	assert_rc(saved_inherited(&found, my.b, here[0], &err), 0, err);
	assert_rc(saved_inherited(&found, my.b, here[1], &err), 0, err);
	assert_true(span_equal(buf_span(&found), span_str("old oneolder two")));
	assert_rc(saved_inherited(&found, my.b, here[2], &err), BOX_ABSENT, err);

	assert_rc(saved_disinherit(my.b, span_str("old one"), &err), 0, err);
	assert_rc(saved_inherited(&found, my.b, here[0], &err), BOX_ABSENT, err);
	assert_rc(saved_inherited(&found, my.b, here[1], &err), 0, err);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, a_box_setup, a_box_teardown)
	const struct CMUnitTest tests[] = {
		T(a_sealed_batch_is_there_after_opening_again),
		T(nothing_is_saved_before_the_ack_and_all_of_it_after),
		T(the_tree_after_each_batch_is_that_of_what_is_saved),
		T(a_batch_given_up_before_it_is_sealed_leaves_nothing),
		T(a_dropped_batch_is_known_by_its_head_until_the_next_ack),
		T(killed_anywhere_a_batch_is_whole_or_not_there),
		T(a_file_that_no_batch_names_is_cleared_away),
		T(what_is_forgotten_waits_for_its_tombstone),
		T(a_map_built_anew_has_the_same_root),
		T(a_full_backup_is_estimated_where_it_is_not_known),
		T(a_replaced_devices_chunk_is_found_by_its_bytes_until_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
