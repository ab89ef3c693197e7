/* SPDX-License-Identifier: Apache-2.0 */
/* Which item a text means, which version a moment, and what of a name or path is let through. */
#include "restore/pick.h"

#include <stdio.h>
#include <stdlib.h>

#include "made_cloud.h"
#include "restore/result.h"
#include "restore/when_version.h"

#define CARD "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:X\r\nEND:VCARD\r\n"

struct fixture {
	struct made_account *account;
	struct made_cloud cloud;
	struct fetch *fetch;
};

static const struct made_item first[] = {
	{ "contacts", "anna", "Anna", CARD, NULL, false, NULL },
	{ "contacts", "ben", "anna", CARD, NULL, false,
	  NULL }, /* is called like another one's id */
	{ "contacts", "max1", "Max", CARD, NULL, false, NULL },
	{ "contacts", "max2", "Max", CARD, NULL, false, NULL },
	{ "contacts", "gone", "Gone", CARD, NULL, false, NULL },
};
static const struct made_item second[] = {
	{ "contacts", "anna", "Anna", CARD, NULL, false, NULL },
	{ "contacts", "gone", "Gone", NULL, NULL, false, NULL },
};
static const struct made_item third[] = { { "contacts", "anna", "Anna", CARD, NULL, false, NULL } };

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct opener_keys keys;
	struct fetch_source source;

	assert_non_null(f);
	f->account = made_account_new(2);
	made_cloud_init(&f->cloud, f->account, 0);
	made_batch(&f->cloud, first, N_ELEMENTS(first));
	made_batch(&f->cloud, second, N_ELEMENTS(second));
	made_batch(&f->cloud, third, N_ELEMENTS(third));
	keys = made_keys(&f->cloud);
	source = made_source(&f->cloud);
	assert_int_equal(fetch_new(&f->fetch, &keys, &source, NULL), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	fetch_free(f->fetch);
	made_cloud_clear(&f->cloud);
	made_account_free(f->account);
	free(f);
	return 0;
}

static int
offer(void *ctx, const struct fetched *it, struct err *err)
{
	return picks_offer(ctx, it, err);
}

/* Look @text up; the native id found, or NULL with @err. */
static const char *
look_up(struct fixture *f, const char *text, struct err *err)
{
	static char found[64];
	AUTO(picks_clear) struct picks p = { 0 };
	AUTO(listing_clear) struct listing want = { 0 };
	struct id16 folder = opener_folder_id(fetch_opener(f->fetch), span_str("contacts"));
	struct fetch_sink sink = { &p, offer, NULL };

	*err = (struct err){ 0 };
	assert_int_equal(picks_new(&p, &text, 1, f->account->devices[1].ids, NULL), 0);
	assert_int_equal(fetch_list(f->fetch, NULL), 0);
	assert_int_equal(listing_of_folder(&want, fetch_live(f->fetch), &folder, NULL), 0);
	assert_int_equal(fetch_records(f->fetch, &want, FETCH_LIVE, &sink, NULL), 0);
	if (picks_check(&p, err) < 0)
		return NULL;
	assert_int_equal(p.list[0].n, 1);
	snprintf(found, sizeof found, "%.*s", SPAN_ARGS(p.list[0].found[0].record.native_id));
	return found;
}

static void
a_native_id_goes_before_a_name(void **state)
{
	struct err err;

	assert_string_equal(look_up(*state, "anna", &err), "anna");
	assert_string_equal(look_up(*state, "Anna", &err), "anna");
	assert_string_equal(look_up(*state, "ben", &err), "ben");
}

static void
a_short_id_is_that_of_the_device_or_of_this_terminal(void **state)
{
	struct fixture *f = *state;
	struct err err;

	for (size_t device = 0; device < 2; device++) {
		uint8_t id[16];
		char hex[33];

		keys_item_id(id, f->account->devices[device].ids, span_str("contacts"),
			     span_str("max2"));
		hex_encode(hex, SPAN_ARRAY(id));
		assert_string_equal(look_up(f, hex, &err), "max2");
		hex[8] = '\0';
		assert_string_equal(look_up(f, hex, &err), "max2");
		hex[7] = '\0'; /* too short to be one */
		assert_null(look_up(f, hex, &err));
		assert_int_equal(err.code, ERR_NOT_FOUND);
	}
}

static void
an_ambiguous_name_lists_its_candidates(void **state)
{
	struct err err;

	assert_null(look_up(*state, "Max", &err));
	assert_int_equal(err.code, ERR_AMBIGUOUS);
	assert_non_null(strstr(err.msg, "(Max), "));
}

static void
what_is_unknown_or_removed_is_not_found(void **state)
{
	struct err err;

	assert_null(look_up(*state, "nobody", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_null(look_up(*state, "gone", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* Versions: anna 1 (at 1000), 2 (2000), 3 (3000); gone 1 (1000), removed (2000). */

static size_t
choose(struct fixture *f, struct version_wish wish, uint32_t *anna, bool *gone)
{
	AUTO(listing_clear) struct listing versions = { 0 };
	AUTO(batch_times_clear) struct batch_times times = { 0 };
	AUTO(listing_clear) struct listing chosen = { 0 };
	struct id16 folder = opener_folder_id(fetch_opener(f->fetch), span_str("contacts"));
	struct id16 ids[2] = {
		opener_item_id(fetch_opener(f->fetch), span_str("contacts"), span_str("anna")),
		opener_item_id(fetch_opener(f->fetch), span_str("contacts"), span_str("gone")),
	};

	assert_int_equal(fetch_versions(&versions, f->fetch, &folder, NULL, NULL), 0);
	assert_int_equal(batch_times_read(&times, f->fetch, &versions, NULL), 0);
	assert_int_equal(times.n, 3);
	assert_int_equal(versions_choose(&chosen, &versions, &wish, &times, NULL), 0);
	*anna = 0;
	*gone = false;
	for (size_t i = 0; i < chosen.n; i++) {
		if (id16_equal(&chosen.items[i].item, &ids[0]))
			*anna = chosen.items[i].version;
		*gone = *gone || id16_equal(&chosen.items[i].item, &ids[1]);
	}
	return chosen.n;
}

static void
a_moment_means_what_was_there_then(void **state)
{
	struct fixture *f = *state;
	uint32_t anna;
	bool gone;

	assert_int_equal(choose(f, (struct version_wish){ 0, 999 }, &anna, &gone), 0);
	assert_int_equal(choose(f, (struct version_wish){ 0, 1000 }, &anna, &gone), 5);
	assert_int_equal(anna, 1);
	assert_true(gone);
	assert_int_equal(choose(f, (struct version_wish){ 0, 2999 }, &anna, &gone), 4);
	assert_int_equal(anna, 2);
	assert_false(gone);
	assert_int_equal(choose(f, (struct version_wish){ 0, 99999 }, &anna, &gone), 4);
	assert_int_equal(anna, 3);
}

static void
a_version_is_that_of_each_item_that_has_it(void **state)
{
	struct fixture *f = *state;
	uint32_t anna;
	bool gone;

	assert_int_equal(choose(f, (struct version_wish){ 1, 0 }, &anna, &gone), 5);
	assert_true(gone); /* its first version can be had back */
	assert_int_equal(choose(f, (struct version_wish){ 2, 0 }, &anna, &gone), 1);
	assert_int_equal(anna, 2);
	assert_int_equal(choose(f, (struct version_wish){ 9, 0 }, &anna, &gone), 0);
}

static void
no_path_leads_out_of_the_folder(void **state)
{
	static const struct {
		const char *path;
		size_t n;
		bool safe;
	} cases[] = {
		{ "a", 1, true },       { "a/b.c", 5, true },
		{ "..a/b..", 7, true }, { "a/.hidden", 9, true },
		{ "", 0, false },       { "/a", 2, false },
		{ "a/", 2, false },     { "a//b", 4, false },
		{ ".", 1, false },      { "..", 2, false },
		{ "a/../b", 6, false }, { "a/..", 4, false },
		{ "../a", 4, false },   { "a/./b", 5, false },
		{ "a\0b", 3, false },   { "\xff\xfe name", 7, true },
	};
	char long_name[300];

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		assert_int_equal(path_is_safe(span_of(cases[i].path, cases[i].n)), cases[i].safe);
	memset(long_name, 'x', sizeof long_name);
	assert_true(path_is_safe(span_of(long_name, 255)));
	assert_false(path_is_safe(span_of(long_name, 256)));
}

static void
text_for_people_is_utf8_without_control_characters(void **state)
{
	static const struct {
		const char *bytes;
		const char *text;
	} cases[] = {
		{ "Anna", "Anna" },
		{ "\xe5\x90\x8d\xe5\xad\x97", "\xe5\x90\x8d\xe5\xad\x97" },
		{ "two\nlines", "two\nlines" },
		{ "bell\a", "bell\xef\xbf\xbd" },
		{ "\x1b[31m", "\xef\xbf\xbd[31m" },
		{ "caf\xe9", "caf\xef\xbf\xbd" },
		{ "\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(free) char *text = text_for_people(span_str(cases[i].bytes), NULL);

		assert_string_equal(text, cases[i].text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_native_id_goes_before_a_name),
		TEST(a_short_id_is_that_of_the_device_or_of_this_terminal),
		TEST(an_ambiguous_name_lists_its_candidates),
		TEST(what_is_unknown_or_removed_is_not_found),
		TEST(a_moment_means_what_was_there_then),
		TEST(a_version_is_that_of_each_item_that_has_it),
		cmocka_unit_test(no_path_leads_out_of_the_folder),
		cmocka_unit_test(text_for_people_is_utf8_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
