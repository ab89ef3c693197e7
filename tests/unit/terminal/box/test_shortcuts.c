/* SPDX-License-Identifier: Apache-2.0 */
#include "a_box.h"
#include "box/saved.h"

#include <stdio.h>
#include <unistd.h>

static int
setup(void **state)
{
	(void)state;
	a_box_init();
	temp_put_str(&my.t, "app/a.txt", "one");
	temp_put_str(&my.t, "app/b.txt", "two!");
	temp_put_str(&my.t, "app/c.txt", "three");
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	a_box_close();
	return 0;
}

static int
note_folder(void *ctx, const struct folder *f, struct err *err)
{
	return buf_append_fmt(ctx, err, "%s %d %d %d\n", f->app, (int)f->shortcuts, (int)f->bytes,
			      (int)f->saved);
}

static const char *
folders(void)
{
	static char text[1000];
	AUTO(buf_clear) struct buf b = BUF_INIT(sizeof text - 1);
	struct err err = { 0 };

	assert_rc(folders_each(my.b, note_folder, &b, &err), 0, err);
	snprintf(text, sizeof text, "%s", buf_str(&b));
	return text;
}

static int
note_pending(void *ctx, const struct pending *p, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	AUTO(saved_found_clear) struct saved_found s = SAVED_FOUND_INIT;

	assert_rc(inventory_get_id(&f, my.b, p->item, err), 0, *err);
	assert_int_equal(p->size, f.item.size);
	return buf_append_fmt(ctx, err, "%.*s%s ", SPAN_ARGS(f.item.native_id),
			      saved_get(&s, my.b, p->item, err) == 0 ? "+" : "");
}

static const char *
pending(bool selected_only)
{
	static char text[1000];
	AUTO(buf_clear) struct buf b = BUF_INIT(sizeof text - 1);
	struct err err = { 0 };

	assert_rc(shortcuts_each_pending(my.b, "documents", selected_only, note_pending, &b, &err),
		  0, err);
	snprintf(text, sizeof text, "%s", buf_str(&b));
	return text;
}

static void
the_first_shortcut_makes_the_folder(void **state)
{
	(void)state;
	assert_string_equal(folders(), "");
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_string_equal(folders(), "documents 1 3 0\n");
	assert_int_equal(a_box_add("b.txt"), 0);
	assert_string_equal(folders(), "documents 2 7 0\n");
}

static void
a_shortcut_that_exists_stays_as_it_was_until_it_is_updated(void **state)
{
	AUTO(shortcut_found_clear) struct shortcut_found f = SHORTCUT_FOUND_INIT;
	AUTO(inventory_found_clear) struct inventory_found item = INVENTORY_FOUND_INIT;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(a_box_add("a.txt"), 0);
	temp_put(&my.t, "app/a.txt", span_str("longer"), 60);
	a_box_refresh();
	assert_int_equal(a_box_add("a.txt"), BOX_EXISTS);
	assert_rc(shortcut_find(&f, my.b, "documents", span_str("a.txt"), &err), 0, err);
	assert_int_equal(f.shortcut.size, 3);
	assert_string_equal(f.shortcut.type, "text/plain");
	assert_false(f.shortcut.selected);
	assert_rc(inventory_get(&item, my.b, "documents", span_str("a.txt"), &err), 0, err);
	assert_rc(shortcut_update(my.b, &item.item, true, &err), 0, err);
	assert_rc(shortcut_find(&f, my.b, "documents", span_str("a.txt"), &err), 0, err);
	assert_int_equal(f.shortcut.size, 6);
	assert_true(f.shortcut.selected);
}

static void
its_state_goes_from_new_over_saved_and_changed_to_missing(void **state)
{
	(void)state;
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_string_equal(a_box_state("a.txt"), "new");
	a_box_save("a.txt");
	assert_string_equal(a_box_state("a.txt"), "saved");
	assert_string_equal(folders(), "documents 1 3 1\n");
	temp_put(&my.t, "app/a.txt", span_str("ONE"), 60);
	a_box_refresh();
	assert_string_equal(a_box_state("a.txt"), "changed");
	assert_int_equal(unlinkat(my.t.fd, "app/a.txt", 0), 0);
	a_box_refresh();
	assert_string_equal(a_box_state("a.txt"), "missing");
	assert_string_equal(folders(), "documents 1 3 0\n");
	assert_string_equal(pending(false), "");

	/* It comes back as it was saved. */
	temp_put(&my.t, "app/a.txt", span_str("one"), 60);
	a_box_refresh();
	assert_string_equal(a_box_state("a.txt"), "changed");
	a_box_save("a.txt");
	assert_string_equal(a_box_state("a.txt"), "saved");
}

static void
a_backup_is_led_to_what_is_new_or_changed(void **state)
{
	struct err err = { 0 };
	uint64_t n;

	(void)state;
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_int_equal(a_box_add("b.txt"), 0);
	a_box_save("a.txt");
	assert_string_equal(pending(false), "b.txt ");
	assert_string_equal(pending(true), "");
	assert_rc(shortcut_select(my.b, "documents", span_str("b.txt"), true, &err), 0, err);
	assert_string_equal(pending(true), "b.txt ");
	temp_put(&my.t, "app/a.txt", span_str("ONE"), 60);
	a_box_refresh();
	a_box_save("b.txt");
	assert_string_equal(pending(false), "a.txt+ ");
	assert_rc(shortcuts_count_pending(&n, my.b, NULL, &err), 0, err);
	assert_int_equal(n, 1);
	assert_rc(shortcut_pending(my.b, "documents", span_str("b.txt"), note_pending, NULL, &err),
		  BOX_ABSENT, err);
}

static int
note_missing(void *ctx, const struct shortcut *s, struct err *err)
{
	assert_int_equal(s->state, SHORTCUT_MISSING);
	return buf_append_fmt(ctx, err, "%.*s ", SPAN_ARGS(s->native_id));
}

/* "how many: the missing ones" */
static const char *
missing(bool selected_only)
{
	static char text[1000];
	AUTO(buf_clear) struct buf b = BUF_INIT(sizeof text - 1);
	struct err err = { 0 };
	uint64_t n;

	assert_rc(shortcuts_count(&n, my.b, "documents", selected_only, &err), 0, err);
	assert_rc(buf_append_fmt(&b, &err, "%d: ", (int)n), 0, err);
	assert_rc(shortcuts_each_missing(my.b, "documents", selected_only, note_missing, &b, &err),
		  0, err);
	snprintf(text, sizeof text, "%s", buf_str(&b));
	return text;
}

static void
a_backup_is_told_what_is_missing(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_string_equal(missing(false), "0: ");
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_int_equal(a_box_add("b.txt"), 0);
	assert_string_equal(missing(false), "2: ");
	assert_int_equal(unlinkat(my.t.fd, "app/a.txt", 0), 0);
	a_box_refresh();
	assert_string_equal(missing(false), "2: a.txt ");
	assert_string_equal(missing(true), "0: ");
	assert_rc(shortcut_select(my.b, "documents", span_str("b.txt"), true, &err), 0, err);
	assert_string_equal(missing(true), "1: ");
	assert_rc(shortcut_select(my.b, "documents", span_str("a.txt"), true, &err), 0, err);
	assert_string_equal(missing(true), "2: a.txt ");
}

static void
removing_a_shortcut_leaves_item_and_backup(void **state)
{
	struct err err = { 0 };
	uint64_t changed;

	(void)state;
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_int_equal(a_box_add("b.txt"), 0);
	a_box_save("a.txt");
	assert_rc(shortcut_remove(my.b, "documents", span_str("a.txt"), &err), 0, err);
	assert_rc(shortcut_remove(my.b, "documents", span_str("a.txt"), &err), BOX_ABSENT, err);
	assert_string_equal(a_box_state("a.txt"), "none");
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_string_equal(a_box_state("a.txt"), "saved");
	assert_rc(shortcut_remove_all(&changed, my.b, "documents", &err), 0, err);
	assert_int_equal(changed, 2);
	assert_string_equal(folders(), "");
}

static void
all_of_a_folder_are_selected_at_once(void **state)
{
	struct err err = { 0 };
	uint64_t changed;

	(void)state;
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_int_equal(a_box_add("b.txt"), 0);
	assert_rc(shortcut_select_all(&changed, my.b, "documents", true, &err), 0, err);
	assert_int_equal(changed, 2);
	assert_rc(shortcut_select_all(&changed, my.b, "documents", true, &err), 0, err);
	assert_int_equal(changed, 0);
	assert_string_equal(pending(true)[0] ? "some" : "none", "some");
}

static void
an_app_that_moved_keeps_its_shortcuts(void **state)
{
	AUTO(app_free) struct app *moved = NULL;
	char path[200];
	struct err err = { 0 };

	(void)state;
	assert_int_equal(a_box_add("a.txt"), 0);
	snprintf(path, sizeof path, "%s/elsewhere", my.t.path);
	temp_put_str(&my.t, "elsewhere/a.txt", "one");
	assert_rc(app_new(&moved, "documents", "files", path, &err), 0, err);
	assert_rc(box_app_put(my.b, moved, &err), 0, err);
	assert_string_equal(a_box_state("a.txt"), "missing");
	AUTO(app_session_free) struct app_session *s = NULL;
	assert_rc(app_session_open(&s, moved, &err), 0, err);
	assert_rc(inventory_refresh(NULL, my.b, s, NULL, NULL, &err), 0, err);
	assert_string_equal(a_box_state("a.txt"), "new");
}

static void
an_app_that_was_removed_is_gone_with_its_shortcuts(void **state)
{
	AUTO(app_free) struct app *app = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(a_box_add("a.txt"), 0);
	assert_rc(box_app_remove(my.b, "documents", &err), 0, err);
	assert_rc(box_app_remove(my.b, "documents", &err), BOX_ABSENT, err);
	assert_string_equal(folders(), "");
	assert_int_equal(box_app_get(&app, my.b, "documents", &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_string_equal(err.hint,
			    "type: cloudbox apps add documents --adapter ADAPTER --path PATH");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_first_shortcut_makes_the_folder),
		T(a_shortcut_that_exists_stays_as_it_was_until_it_is_updated),
		T(a_backup_is_told_what_is_missing),
		T(its_state_goes_from_new_over_saved_and_changed_to_missing),
		T(a_backup_is_led_to_what_is_new_or_changed),
		T(removing_a_shortcut_leaves_item_and_backup),
		T(all_of_a_folder_are_selected_at_once),
		T(an_app_that_moved_keeps_its_shortcuts),
		T(an_app_that_was_removed_is_gone_with_its_shortcuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
