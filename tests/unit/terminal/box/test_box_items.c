/* SPDX-License-Identifier: Apache-2.0 */
#include "a_box.h"

#include <stdio.h>
#include <stdlib.h>

#include "box/box_internal.h"
#include "box/box_items.h"
#include "box/content.h"
#include "box/journal.h"
#include "box/rules.h"
#include "box/settings.h"

/* The Box's items as they were last saved: what a restore would find. */
#define CLOUD_MAX 64

struct cloud {
	char native_id[100];
	struct buf bytes;
};

static struct cloud cloud[CLOUD_MAX];
static size_t n_cloud;

static int
setup(void **state)
{
	(void)state;
	a_box_init();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	a_box_close();
	for (size_t i = 0; i < n_cloud; i++)
		buf_clear(&cloud[i].bytes);
	n_cloud = 0;
	return 0;
}

struct changed {
	struct buf names;
	struct journal_change changes[CLOUD_MAX];
	char native_ids[CLOUD_MAX][100];
	struct buf bytes[CLOUD_MAX];
	size_t n;
};

static int
note(void *ctx, const struct box_item *item, struct err *err)
{
	struct changed *c = ctx;
	size_t i = c->n++;

	assert_true(i < CLOUD_MAX);
	snprintf(c->native_ids[i], sizeof c->native_ids[i], "%.*s", SPAN_ARGS(item->native_id));
	c->changes[i] = (struct journal_change){ .tombstone = item->gone };
	memcpy(c->changes[i].saved.item, item->item, BOX_ID_BYTES);
	memcpy(c->changes[i].saved.content, item->content, BOX_HASH_BYTES);
	c->bytes[i] = (struct buf)BUF_INIT(BOX_ITEM_BYTES_MAX);
	if (buf_append(&c->bytes[i], item->bytes, err) < 0)
		return -1;
	return buf_append_fmt(&c->names, err, "%s%s ", item->gone ? "-" : "", c->native_ids[i]);
}

/* Save what changed in the Box; tell what that was. */
static const char *
save(void)
{
	static char text[4000];
	struct changed c = { .names = BUF_INIT(sizeof text - 1) };
	struct journal_batch batch = { .seq = box_identity(my.b)->acked_seq + 1 };
	struct err err = { 0 };

	assert_rc(box_items_each_changed(my.b, note, &c, &err), 0, err);
	snprintf(text, sizeof text, "%s", buf_str(&c.names));
	buf_clear(&c.names);
	if (c.n == 0)
		return text;
	assert_rc(journal_begin(my.b, &err), 0, err);
	for (size_t i = 0; i < c.n; i++) {
		struct cloud *at = NULL;
		c.changes[i].saved.app = BOX_APP;
		c.changes[i].saved.native_id = span_str(c.native_ids[i]);
		assert_rc(journal_add_change(my.b, &c.changes[i], &err), 0, err);
		for (size_t k = 0; k < n_cloud; k++) {
			if (strcmp(cloud[k].native_id, c.native_ids[i]) == 0)
				at = &cloud[k];
		}
		if (!at)
			at = &cloud[n_cloud++];
		snprintf(at->native_id, sizeof at->native_id, "%s", c.native_ids[i]);
		buf_clear(&at->bytes);
		at->bytes = c.bytes[i];
	}
	assert_rc(journal_seal(my.b, &batch, span_str("x"), &err), 0, err);
	assert_rc(journal_ack(my.b, &batch, 1, &err), 0, err);
	return text;
}

static void
put_files(unsigned from, unsigned to)
{
	char path[100];

	for (unsigned i = from; i < to; i++) {
		snprintf(path, sizeof path, "app/%04u", i);
		temp_put_str(&my.t, path, "x");
	}
}

static void
add_files(unsigned from, unsigned to)
{
	char native[20];

	for (unsigned i = from; i < to; i++) {
		snprintf(native, sizeof native, "%04u", i);
		assert_int_equal(a_box_add(native), 0);
	}
}

static void
an_untouched_box_has_nothing_to_save(void **state)
{
	(void)state;
	assert_string_equal(save(), "");
}

static void
what_was_touched_is_saved_once(void **state)
{
	struct err err = { 0 };

	(void)state;
	put_files(0, 3);
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	assert_string_equal(save(), "settings ");
	assert_string_equal(save(), "");
	add_files(0, 2);
	assert_string_equal(save(), "documents/00 ");
	assert_string_equal(save(), "");
	assert_rc(shortcut_select(my.b, "documents", span_str("0001"), true, &err), 0, err);
	assert_string_equal(save(), "documents/00 ");

	/* There and back again: nothing to save. */
	assert_rc(shortcut_select(my.b, "documents", span_str("0001"), false, &err), 0, err);
	assert_rc(shortcut_select(my.b, "documents", span_str("0001"), true, &err), 0, err);
	assert_string_equal(save(), "");
	assert_rc(setting_set(my.b, "home-region", span_str("DE"), &err), 0, err);
	assert_rc(setting_set(my.b, "local-x", span_str("1"), &err), 0, err);
	assert_string_equal(save(), "settings ");
}

static void
an_empty_folder_takes_its_item_away(void **state)
{
	struct err err = { 0 };
	uint64_t n;

	(void)state;
	put_files(0, 1);
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	add_files(0, 1);
	assert_string_equal(save(), "settings documents/00 ");
	assert_rc(shortcut_remove_all(&n, my.b, "documents", &err), 0, err);
	assert_string_equal(save(), "-documents/00 ");
	assert_string_equal(save(), "");
}

static void
shortcuts_are_spread_so_that_one_change_stays_small(void **state)
{
	struct err err = { 0 };
	char removed[20];

	(void)state;
	put_files(0, 200);
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	add_files(0, 64);
	assert_string_equal(save(), "settings documents/00 ");
	add_files(64, 65); /* one more than an item holds: two items */
	assert_string_equal(save(), "documents/00 documents/01 ");
	add_files(65, 129); /* 129: four */
	assert_string_equal(save(), "documents/00 documents/01 documents/02 documents/03 ");
	add_files(129, 130);
	assert_int_equal(strlen(save()), strlen("documents/0x "));
	for (unsigned i = 66; i < 130; i++) {
		snprintf(removed, sizeof removed, "%04u", i);
		assert_rc(shortcut_remove(my.b, "documents", span_str(removed), &err), 0, err);
	}
	assert_string_equal(save(), "documents/00 documents/01 -documents/02 -documents/03 ");
}

/* Bring the saved Box into a new one. */
static struct box_item_counts
restore_all(void)
{
	struct box_item_counts counts = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < n_cloud; i++) {
		if (cloud[i].bytes.n)
			assert_rc(box_item_apply(&counts, my.b, span_str(cloud[i].native_id),
						 buf_span(&cloud[i].bytes), &err),
				  0, err);
	}
	return counts;
}

static void
a_lost_box_comes_back(void **state)
{
	AUTO(shortcut_found_clear) struct shortcut_found f = SHORTCUT_FOUND_INIT;
	AUTO(app_free) struct app *app = NULL;
	AUTO(buf_clear) struct buf region = BUF_INIT(10);
	struct box_item_counts c;
	struct err err = { 0 };

	(void)state;
	put_files(0, 100);
	temp_put_str(&my.t, "app/deep/odd \xff name", "y");
	a_box_app("documents", "files", NULL);
	assert_rc(app_set(my.app, "key", "value", &err), 0, err);
	assert_rc(box_app_put(my.b, my.app, &err), 0, err);
	a_box_refresh();
	add_files(0, 100);
	assert_int_equal(a_box_add("deep/odd \xff name"), 0);
	assert_rc(shortcut_select(my.b, "documents", span_str("0007"), true, &err), 0, err);
	assert_rc(setting_set(my.b, "home-region", span_str("DE"), &err), 0, err);
	save();

	char path[200];
	snprintf(path, sizeof path, "%s", my.app->path);
	app_session_free(my.s);
	app_free(my.app);
	my.s = NULL;
	my.app = NULL;
	box_free(my.b);
	my.b = NULL;
	temp_remove(&my.t);
	a_box_init();
	c = restore_all();
	assert_int_equal(c.shortcuts, 101);
	assert_int_equal(c.apps, 1);
	assert_int_equal(c.settings, 1);
	assert_int_equal(c.kept, 0);
	assert_rc(box_app_get(&app, my.b, "documents", &err), 0, err);
	assert_string_equal(app->path, path);
	assert_string_equal(app_get(app, "key"), "value");
	assert_rc(setting_get(&region, my.b, "home-region", &err), 0, err);
	assert_string_equal(buf_str(&region), "DE");
	assert_rc(shortcut_find(&f, my.b, "documents", span_str("0007"), &err), 0, err);
	assert_true(f.shortcut.selected);
	assert_int_equal(f.shortcut.state, SHORTCUT_MISSING);
	assert_rc(shortcut_find(&f, my.b, "documents", span_str("deep/odd \xff name"), &err), 0,
		  err);

	/* Once more: everything is here. */
	c = restore_all();
	assert_int_equal(c.shortcuts + c.apps + c.settings, 0);
	assert_int_equal(c.kept, 103);
}

static uint64_t
count_kept_out(void)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct err err = { 0 };

	assert_rc(query_init(&q, my.b, "SELECT count(*) FROM kept_out", &err), 0, err);
	assert_rc(query_step(&q, &err), QUERY_ROW, err);
	return (uint64_t)query_column_int(&q, 0);
}

static void
rules_and_what_they_are_to_leave_out_come_back(void **state)
{
	const struct rule rule = {
		.name = "all", .app = "documents", .where = "size>=0", .selected = true, .made = 3
	};
	struct err err = { 0 };
	uint64_t n;

	(void)state;
	put_files(0, 130);
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	add_files(0, 130);
	assert_rc(rule_put(my.b, &rule, &err), 0, err);
	save();
	assert_rc(shortcut_remove(my.b, "documents", span_str("0007"), &err), 0, err);
	assert_string_equal(save(), "documents/02 "); /* where shortcut and mark belong */
	assert_rc(shortcut_remove_all(&n, my.b, "documents", &err), 0, err);
	assert_string_equal(save(), "documents/00 documents/01 documents/02 documents/03 ");
	assert_int_equal(count_kept_out(), 130); /* spread as shortcuts are */

	assert_rc(rule_remove(my.b, "all", &err), 0, err);
	assert_int_equal(count_kept_out(), 0);
	restore_all();
	assert_int_equal(count_kept_out(), 130);
	assert_rc(rule_find(my.b, "all", &err), 0, err);
	a_box_refresh();
	assert_rc(shortcuts_count(&n, my.b, "documents", false, &err), 0, err);
	assert_int_equal(n, 0);
}

static void
an_app_that_is_here_keeps_its_path(void **state)
{
	AUTO(app_free) struct app *app = NULL;
	char path[200];
	struct err err = { 0 };

	(void)state;
	put_files(0, 1);
	a_box_app("documents", "files", NULL);
	save();
	snprintf(path, sizeof path, "%s/other", my.t.path);
	AUTO(app_free) struct app *moved = NULL;
	assert_rc(app_new(&moved, "documents", "vcard", path, &err), 0, err);
	assert_rc(box_app_put(my.b, moved, &err), 0, err);
	restore_all();
	assert_rc(box_app_get(&app, my.b, "documents", &err), 0, err);
	assert_string_equal(app->path, path);
	assert_string_equal(app->adapter, "vcard");
}

static void
a_damaged_item_changes_nothing(void **state)
{
	struct box_item_counts c = { 0 };
	struct err err = { 0 };

	(void)state;
	put_files(0, 5);
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	add_files(0, 5);
	save();
	for (size_t i = 0; i < n_cloud; i++) {
		struct cloud *k = &cloud[i];
		for (size_t n = 0; n < k->bytes.n; n++) {
			/* Cut anywhere: all entries that are whole come in, or nothing does. */
			int rc = box_item_apply(&c, my.b, span_str(k->native_id),
						span_of(k->bytes.p, n), &err);
			assert_true(rc == 0 || err.code == ERR_FORMAT);
		}
		k->bytes.p[0] = 2;
		assert_int_equal(
			box_item_apply(&c, my.b, span_str(k->native_id), buf_span(&k->bytes), &err),
			-1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
	}
	static const uint8_t huge[] = { 1, 0xff, 0xff, 0xff, 0x7f, 'x' };
	assert_int_equal(box_item_apply(&c, my.b, span_str("documents/00"), SPAN_ARRAY(huge), &err),
			 -1);
	assert_int_equal(box_item_apply(&c, my.b, span_str("../00"), SPAN_ARRAY(huge), &err), -1);
	assert_int_equal(box_item_apply(&c, my.b, span_str("box/00"), SPAN_ARRAY(huge), &err), -1);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_untouched_box_has_nothing_to_save),
		T(what_was_touched_is_saved_once),
		T(an_empty_folder_takes_its_item_away),
		T(shortcuts_are_spread_so_that_one_change_stays_small),
		T(a_lost_box_comes_back),
		T(rules_and_what_they_are_to_leave_out_come_back),
		T(an_app_that_is_here_keeps_its_path),
		T(a_damaged_item_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
