/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apps/apps.h"
#include "apps/find.h"

static struct temp t;
static char told[4000];

static int
setup(void **state)
{
	(void)state;
	temp_make(&t);
	setenv("HOME", t.path, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	told[0] = '\0';
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
note(const char *name, const char *path)
{
	size_t n = strlen(told);

	assert_memory_equal(path, t.path, strlen(t.path));
	snprintf(told + n, sizeof told - n, "%s=%s\n", name, path + strlen(t.path));
}

static int
note_found(void *ctx, const struct app_found *found, struct err *err)
{
	(void)ctx;
	(void)err;
	note(found->name, found->path);
	return 0;
}

static int
note_app(void *ctx, const struct app *app, struct err *err)
{
	(void)ctx;
	(void)err;
	note(app->name, app->path);
	return 0;
}

static void
find(int (*op)(app_find_fn *, void *, struct err *))
{
	struct err err = { 0 };

	told[0] = '\0';
	assert_int_equal(op(note_found, NULL, &err), 0);
}

static void
the_users_folders_are_found_by_their_names(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "Music/a", "");
	temp_put_str(&t, "Videos", "a file, no folder");
	temp_put_str(&t, "Mes \"images\"/a", "");
	temp_put_str(&t, ".config/user-dirs.dirs",
		     "# comment\nXDG_PICTURES_DIR=\"$HOME/Mes \\\"images\\\"\"\n"
		     "XDG_DOCUMENTS_DIR=\"$HOME\"\n");
	assert_int_equal(apps_find(NULL, 0, note_app, NULL, &err), 0);
	assert_string_equal(told, "music=/Music\npictures=/Mes \"images\"\n");
}

/* Put below the test's folder. */
static const char *
below(char out[static 200], const char *path)
{
	snprintf(out, 200, "%s/%s", t.path, path);
	return out;
}

static void
what_the_box_knows_is_not_told_again(void **state)
{
	char music[200], photos[200], elsewhere[200];
	struct app_known known[] = {
		{ "songs", "files", below(music, "link/Music") },   /* the same folder */
		{ "pictures", "files", below(elsewhere, "Other") }, /* put elsewhere */
		{ "documents", "vcard", below(photos, "Cards") },   /* another kind of app */
	};
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "Music/a", "");
	temp_put_str(&t, "Pictures/a", "");
	temp_put_str(&t, "Documents/a", "");
	temp_put_str(&t, "Videos/a", "");
	assert_int_equal(symlinkat(t.path, t.fd, "link"), 0);
	assert_int_equal(apps_find(known, 3, note_app, NULL, &err), 0);
	assert_string_equal(told, "videos=/Videos\n");
}

static void
names_are_made_of_what_people_call_things(void **state)
{
	char name[APP_NAME_MAX + 1], longest[200];

	(void)state;
	find_name(name, "bookmarks-firefox", "Default (ESR)");
	assert_string_equal(name, "bookmarks-firefox-default-esr");
	find_name(name, "bookmarks-firefox", "Стол");
	assert_string_equal(name, "bookmarks-firefox");
	find_name(name, "bookmarks-firefox", "");
	assert_string_equal(name, "bookmarks-firefox");
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	find_name(name, "bookmarks-firefox", longest);
	assert_int_equal(strlen(name), APP_NAME_MAX);
	assert_true(app_name_is_valid(name));
}

static void
firefox_profiles_are_found_where_either_generation_puts_them(void **state)
{
	(void)state;
	temp_put_str(&t, ".mozilla/firefox/profiles.ini",
		     "[General]\nStartWithLastProfile=1\nVersion=2\n\n"
		     "[Profile1]\nName=default\nIsRelative=1\nPath=empty.default\n\n"
		     "[Profile0]\r\nName=default-esr\r\nIsRelative=1\r\nPath=x.default-esr\r\n\n"
		     "[Install3B6073811A6ABF12]\nDefault=x.default-esr\nLocked=1\n");
	temp_put_str(&t, ".mozilla/firefox/x.default-esr/places.sqlite", "");
	temp_put_str(&t, ".mozilla/firefox/empty.default/times.json", "");
	find(firefox_find);
	assert_string_equal(told,
			    "bookmarks-firefox-default-esr=/.mozilla/firefox/x.default-esr\n");
	temp_put_str(&t, ".config/mozilla/firefox/profiles.ini",
		     "[Profile0]\nName=Work\nPath=w\n[Profile1]\nName=out\nIsRelative=0\nPath=w");
	temp_put_str(&t, ".config/mozilla/firefox/w/places.sqlite", "");
	find(firefox_find);
	assert_string_equal(told,
			    "bookmarks-firefox-work=/.config/mozilla/firefox/w\n"
			    "bookmarks-firefox-default-esr=/.mozilla/firefox/x.default-esr\n");
}

static void
a_firefox_profile_may_lie_anywhere(void **state)
{
	char ini[400];

	(void)state;
	snprintf(ini, sizeof ini, "[Profile0]\nName=far\nIsRelative=0\nPath=%s/far away\n", t.path);
	temp_put_str(&t, ".mozilla/firefox/profiles.ini", ini);
	temp_put_str(&t, "far away/places.sqlite", "");
	find(firefox_find);
	assert_string_equal(told, "bookmarks-firefox-far=/far away\n");
}

static void
chromium_profiles_are_those_of_local_state_whose_folder_is_there(void **state)
{
	(void)state;
	temp_put_str(&t, ".config/chromium/Local State",
		     "{\"profile\":{\"info_cache\":{\"Default\":{\"name\":\"Person 1\"},"
		     "\"Profile 1\":{},\"Profile 2\":{},\"..\":{},\"a/b\":{}}}}");
	temp_put_str(&t, ".config/chromium/Default/Preferences", "{}");
	temp_put_str(&t, ".config/chromium/Profile 1/Bookmarks", "{}");
	find(chromium_find);
	assert_string_equal(told, "bookmarks-chromium-default=/.config/chromium/Default\n"
				  "bookmarks-chromium-profile-1=/.config/chromium/Profile 1\n");
}

static void
a_damaged_list_of_profiles_finds_none(void **state)
{
	static const char *const bad[] = { "",    "{",
					   "[]",  "{\"profile\":1}",
					   "\"",  "{\"profile\":{\"info_cache\":[1,2]}}",
					   "null" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		temp_put_str(&t, ".config/chromium/Local State", bad[i]);
		temp_put_str(&t, ".mozilla/firefox/profiles.ini", bad[i]);
		find(chromium_find);
		assert_string_equal(told, "");
		find(firefox_find);
		assert_string_equal(told, "");
	}
	find(epiphany_find);
	assert_string_equal(told, "");
}

static void
phone_programs_are_found_by_their_databases(void **state)
{
	char data[200];

	(void)state;
	find(chatty_find);
	assert_string_equal(told, "");
	temp_put_str(&t, ".purple/chatty/db/chatty-history.db", "");
	temp_put_str(&t, "data/calls/records.db", "");
	temp_put_str(&t, "data/epiphany/bookmarks.gvdb", "");
	setenv("XDG_DATA_HOME", below(data, "data"), 1);
	find(chatty_find);
	assert_string_equal(told, "messages=/.purple/chatty/db/chatty-history.db\n");
	find(gnome_calls_find);
	assert_string_equal(told, "calls=/data/calls/records.db\n");
	find(epiphany_find);
	assert_string_equal(told, "bookmarks-epiphany=/data/epiphany/bookmarks.gvdb\n");
	setenv("XDG_DATA_HOME", "data", 1); /* no absolute path: not set */
	find(gnome_calls_find);
	assert_string_equal(told, "");
}

static void
put_profile(const char *root, const char *path)
{
	char ini[200], at[200];

	snprintf(ini, sizeof ini, "[Profile0]\nName=default\nIsRelative=1\nPath=%s\n", path);
	snprintf(at, sizeof at, "%s/profiles.ini", root);
	temp_put_str(&t, at, ini);
	snprintf(at, sizeof at, "%s/%s/places.sqlite", root, path);
	temp_put_str(&t, at, "");
}

/* Whatever the order in which they are found. */
static void
two_of_one_name_are_numbered_by_path(void **state)
{
	struct err err = { 0 };

	(void)state;
	put_profile(".mozilla/firefox", "a");
	put_profile(".config/mozilla/firefox", "b");
	assert_int_equal(apps_find(NULL, 0, note_app, NULL, &err), 0);
	assert_string_equal(told, "bookmarks-firefox-default=/.config/mozilla/firefox/b\n"
				  "bookmarks-firefox-default-2=/.mozilla/firefox/a\n");
}

static void
who_has_a_name_in_the_box_keeps_it(void **state)
{
	char a[200], music[200];
	struct app_known known[] = {
		{ "bookmarks-firefox-default", "firefox", below(a, ".mozilla/firefox/a") },
		{ "bookmarks-firefox-default-3", "files", below(music, "Music") },
	};
	struct err err = { 0 };

	(void)state;
	put_profile(".mozilla/firefox", "a");
	put_profile(".config/mozilla/firefox", "b");
	assert_int_equal(apps_find(known, 1, note_app, NULL, &err), 0);
	assert_string_equal(told, "bookmarks-firefox-default-2=/.config/mozilla/firefox/b\n");
	told[0] = '\0';
	known[0].name = "bookmarks-firefox-default-2"; /* it was the second one once */
	assert_int_equal(apps_find(known, 2, note_app, NULL, &err), 0);
	assert_string_equal(told, "bookmarks-firefox-default=/.config/mozilla/firefox/b\n");
}

static void
one_that_somebody_put_elsewhere_is_not_told_twice(void **state)
{
	char away[200];
	struct app_known known[] = { { "bookmarks-firefox-default", "firefox",
				       below(away, "copy of my profile") } };
	struct err err = { 0 };

	(void)state;
	put_profile(".mozilla/firefox", "a");
	assert_int_equal(apps_find(known, 1, note_app, NULL, &err), 0);
	assert_string_equal(told, "");
}

static void
an_app_of_another_kind_may_have_the_name(void **state)
{
	char exported[200];
	struct app_known known[] = { { "messages", "sms-xml", below(exported, "sms.xml") },
				     { "messages-chatty", "files", below(exported, "x") } };
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, ".purple/chatty/db/chatty-history.db", "");
	assert_int_equal(apps_find(NULL, 0, note_app, NULL, &err), 0);
	assert_string_equal(told, "messages=/.purple/chatty/db/chatty-history.db\n");
	told[0] = '\0';
	assert_int_equal(apps_find(known, 1, note_app, NULL, &err), 0);
	assert_string_equal(told, "messages-chatty=/.purple/chatty/db/chatty-history.db\n");
	told[0] = '\0';
	assert_int_equal(apps_find(known, 2, note_app, NULL, &err), 0);
	assert_string_equal(told, "messages-chatty-2=/.purple/chatty/db/chatty-history.db\n");
}

static void
a_long_name_keeps_room_for_its_number(void **state)
{
	char ini[600], name[201];
	struct err err = { 0 };

	(void)state;
	memset(name, 'n', 200);
	name[200] = '\0';
	snprintf(ini, sizeof ini, "[Profile0]\nName=%s\nPath=a\n[Profile1]\nName=%s\nPath=b\n",
		 name, name);
	temp_put_str(&t, ".mozilla/firefox/profiles.ini", ini);
	temp_put_str(&t, ".mozilla/firefox/a/places.sqlite", "");
	temp_put_str(&t, ".mozilla/firefox/b/places.sqlite", "");
	assert_int_equal(apps_find(NULL, 0, note_app, NULL, &err), 0);
	assert_non_null(strstr(told, "nn=/.mozilla/firefox/a\n"));
	assert_non_null(strstr(told, "nn-2=/.mozilla/firefox/b\n"));
	assert_int_equal(strcspn(strstr(told, "\n") + 1, "="), APP_NAME_MAX);
}

static void
without_a_home_folder_nothing_is_found(void **state)
{
	struct err err = { 0 };

	(void)state;
	unsetenv("HOME");
	assert_int_equal(apps_find(NULL, 0, note_app, NULL, &err), 0);
	find(firefox_find);
	find(chatty_find);
	assert_string_equal(told, "");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_users_folders_are_found_by_their_names),
		T(what_the_box_knows_is_not_told_again),
		T(names_are_made_of_what_people_call_things),
		T(firefox_profiles_are_found_where_either_generation_puts_them),
		T(a_firefox_profile_may_lie_anywhere),
		T(chromium_profiles_are_those_of_local_state_whose_folder_is_there),
		T(a_damaged_list_of_profiles_finds_none),
		T(phone_programs_are_found_by_their_databases),
		T(two_of_one_name_are_numbered_by_path),
		T(who_has_a_name_in_the_box_keeps_it),
		T(one_that_somebody_put_elsewhere_is_not_told_twice),
		T(an_app_of_another_kind_may_have_the_name),
		T(a_long_name_keeps_room_for_its_number),
		T(without_a_home_folder_nothing_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
