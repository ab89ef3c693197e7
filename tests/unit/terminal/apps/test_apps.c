/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apps/apps.h"

static struct temp t;

static int
setup(void **state)
{
	(void)state;
	temp_make(&t);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	temp_remove(&t);
	return 0;
}

static void
names_of_apps_are_plain_and_box_is_reserved(void **state)
{
	char longest[APP_NAME_MAX + 2];

	(void)state;
	assert_true(app_name_is_valid("contacts"));
	assert_true(app_name_is_valid("bookmarks-firefox-1"));
	assert_false(app_name_is_valid("box"));
	assert_false(app_name_is_valid(""));
	assert_false(app_name_is_valid("Contacts"));
	assert_false(app_name_is_valid("a/b"));
	assert_false(app_name_is_valid("a b"));
	memset(longest, 'a', sizeof longest);
	longest[APP_NAME_MAX + 1] = '\0';
	assert_false(app_name_is_valid(longest));
	longest[APP_NAME_MAX] = '\0';
	assert_true(app_name_is_valid(longest));
}

static void
an_unknown_adapter_is_refused_and_the_known_ones_are_named(void **state)
{
	struct app *app = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(app_new(&app, "x", "floppy", "/", &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	for (size_t i = 0; adapters[i]; i++) {
		assert_non_null(strstr(err.hint, adapters[i]->name));
		assert_true(i == 0 || strcmp(adapters[i - 1]->name, adapters[i]->name) < 0);
	}
	assert_int_equal(app_new(&app, "x", "files", "relative", &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(app);
}

static void
a_setting_is_replaced_by_its_key(void **state)
{
	AUTO(app_free) struct app *app = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(app_new(&app, "x", "files", "/", &err), 0);
	assert_null(app_get(app, "k"));
	assert_int_equal(app_set(app, "k", "1", &err), 0);
	assert_int_equal(app_set(app, "k", "2", &err), 0);
	assert_int_equal(app->n_settings, 1);
	assert_string_equal(app_get(app, "k"), "2");
}

static void
an_app_whose_path_is_not_there_says_so(void **state)
{
	AUTO(app_free) struct app *app = NULL;
	AUTO(app_session_free) struct app_session *s = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(app_new(&app, "x", "files", "/no/such/folder", &err), 0);
	assert_int_equal(app_session_open(&s, app, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "x: there is no /no/such/folder");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(names_of_apps_are_plain_and_box_is_reserved),
		T(an_unknown_adapter_is_refused_and_the_known_ones_are_named),
		T(a_setting_is_replaced_by_its_key),
		T(an_app_whose_path_is_not_there_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
