/* SPDX-License-Identifier: Apache-2.0 */
/* Rules look at what is new or changed, and at nothing else; what a person took out stays out. */
#include "a_box.h"

#include <stdio.h>
#include <unistd.h>

#include "box/kept_out.h"
#include "box/rules.h"
#include "box/settings.h"

#define CARD(uid, more)                                                                            \
	"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" uid "\r\nUID:" uid "\r\n" more "END:VCARD\r\n"
#define FAMILY "CATEGORIES:Family\r\n"

static void
rule(const char *name, const char *where)
{
	const struct rule r = { .name = name, .app = "contacts", .where = where };
	struct err err = { 0 };

	assert_rc(rule_put(my.b, &r, &err), 0, err);
}

static int64_t
number_of_app(void)
{
	struct err err = { 0 };
	int64_t number;

	assert_rc(box_app_number(&number, my.b, "contacts", &err), 0, err);
	return number;
}

static int64_t
count(const char *sql)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct err err = { 0 };

	assert_rc(query_init(&q, my.b, sql, &err), 0, err);
	assert_rc(query_step(&q, &err), QUERY_ROW, err);
	return query_column_int(&q, 0);
}

static void
put(const char *cards)
{
	temp_put_str(&my.t, "app/all.vcf", cards);
}

static void
a_card_behind_one_that_grew_is_not_looked_at(void **state)
{
	(void)state;
	put(CARD("a", "") CARD("b", FAMILY) CARD("c", ""));
	a_box_app("contacts", "vcard", "all.vcf");
	a_box_refresh();
	rule("family", "group=Family");
	put(CARD("a", "NOTE:longer now\r\n" FAMILY) CARD("b", FAMILY) CARD("c", "")
		    CARD("d", FAMILY));
	a_box_refresh();
	assert_string_equal(a_box_state("a"), "new");  /* it changed */
	assert_string_equal(a_box_state("b"), "none"); /* it only moved; the rule came later */
	assert_string_equal(a_box_state("c"), "none");
	assert_string_equal(a_box_state("d"), "new"); /* it is new */
	assert_int_equal(count("SELECT count(*) FROM due"), 0);
}

static void
without_rules_nothing_is_noted(void **state)
{
	struct err err = { 0 };

	(void)state;
	put(CARD("a", FAMILY));
	a_box_app("contacts", "vcard", "all.vcf");
	a_box_refresh();
	put(CARD("a", "") CARD("b", FAMILY));
	a_box_refresh();
	assert_int_equal(count("SELECT count(*) FROM due"), 0);
	assert_int_equal(a_box_add("a"), 0);
	assert_rc(shortcut_remove(my.b, "contacts", span_str("a"), &err), 0, err);
	assert_int_equal(count("SELECT count(*) FROM kept_out"), 0);
}

static void
what_cannot_be_read_is_looked_at_again(void **state)
{
	struct err err = { 0 };
	uint8_t item[BOX_ID_BYTES];

	(void)state;
	put(CARD("a", FAMILY));
	a_box_app("contacts", "vcard", "all.vcf");
	a_box_refresh();
	rule("family", "group=Family");
	assert_rc(inventory_item_id(item, my.b, "contacts", span_str("a"), &err), 0, err);
	assert_rc(rules_note(my.b, number_of_app(), item, &err), 0, err);
	put(CARD("a", FAMILY "NOTE:changed while nobody looked\r\n"));
	assert_rc(rules_apply(my.b, my.s, number_of_app(), &err), 0, err);
	assert_int_equal(count("SELECT count(*) FROM due"), 1);
	assert_string_equal(a_box_state("a"), "none");
	a_box_refresh();
	assert_int_equal(count("SELECT count(*) FROM due"), 0);
	assert_string_equal(a_box_state("a"), "new");
}

static void
an_item_that_vanished_is_looked_at_no_more(void **state)
{
	static const uint8_t gone[BOX_ID_BYTES] = { 1 };
	struct err err = { 0 };

	(void)state;
	put(CARD("a", ""));
	a_box_app("contacts", "vcard", "all.vcf");
	a_box_refresh();
	rule("family", "group=Family");
	assert_rc(rules_note(my.b, number_of_app(), gone, &err), 0, err);
	a_box_refresh();
	assert_int_equal(count("SELECT count(*) FROM due"), 0);
}

static void
what_was_taken_out_stays_out_until_it_is_added_by_hand(void **state)
{
	struct err err = { 0 };
	uint64_t n;

	(void)state;
	put("");
	a_box_app("contacts", "vcard", NULL);
	rule("family", "group=Family");
	put(CARD("a", FAMILY) CARD("b", FAMILY));
	a_box_refresh();
	assert_rc(shortcut_remove_all(&n, my.b, "contacts", &err), 0, err);
	assert_int_equal(n, 2);
	put(CARD("a", FAMILY "NOTE:1\r\n") CARD("b", FAMILY "NOTE:1\r\n"));
	a_box_refresh();
	assert_string_equal(a_box_state("a"), "none");
	assert_int_equal(count("SELECT count(*) FROM kept_out"), 2);
	assert_int_equal(count("SELECT sum(length(mark)) FROM kept_out"), 16);
	assert_int_equal(a_box_add("a"), 0);
	assert_int_equal(count("SELECT count(*) FROM kept_out"), 1);

	assert_rc(rule_remove(my.b, "family", &err), 0, err);
	assert_int_equal(count("SELECT count(*) FROM kept_out"), 0);
	assert_rc(rule_remove(my.b, "family", &err), BOX_ABSENT, err);
}

static int
add_up(void *ctx, const struct rule *r, struct err *err)
{
	return buf_append_fmt(ctx, err, "%s %s '%s' %llu%s; ", r->name, r->app, r->where,
			      (unsigned long long)r->made, r->selected ? " selected" : "");
}

static void
rules_are_kept_and_count_what_they_made(void **state)
{
	AUTO(buf_clear) struct buf all = BUF_INIT(4000);
	struct err err = { 0 };
	struct rule other = {
		.name = "other", .app = "elsewhere", .where = "text=x", .selected = true, .made = 7
	};
	bool has;

	(void)state;
	put("");
	a_box_app("contacts", "vcard", NULL);
	rule("b", "group=Family");
	rule("a", "name=b");
	assert_rc(rule_put(my.b, &other, &err), 0, err);
	put(CARD("a", FAMILY) CARD("b", FAMILY) CARD("c", FAMILY));
	a_box_refresh();
	a_box_again();
	assert_rc(rules_each(my.b, add_up, &all, &err), 0, err);
	assert_string_equal(buf_str(&all), "a contacts 'name=b' 1; b contacts 'group=Family' 2; "
					   "other elsewhere 'text=x' 7 selected; ");
	assert_rc(rules_has(&has, my.b, "contacts", &err), 0, err);
	assert_true(has);
	assert_rc(rules_has(&has, my.b, "contact", &err), 0, err);
	assert_false(has);
	assert_rc(rules_remove_app(my.b, "contacts", &err), 0, err);
	buf_reset(&all);
	assert_rc(rules_each(my.b, add_up, &all, &err), 0, err);
	assert_string_equal(buf_str(&all), "other elsewhere 'text=x' 7 selected; ");
	assert_int_equal(count("SELECT count(*) FROM settings WHERE key LIKE 'local-made-%'"), 1);
}

static void
a_rule_that_this_program_cannot_read_stops_no_other(void **state)
{
	AUTO(buf_clear) struct buf all = BUF_INIT(4000);
	struct err err = { 0 };

	(void)state;
	put("");
	a_box_app("contacts", "vcard", NULL);
	rule("a", "colour=blue");
	rule("b", "group=Family");
	assert_rc(setting_set(my.b, "rule-c", span_str("\x02"), &err), 0, err);
	put(CARD("a", FAMILY));
	a_box_refresh();
	assert_string_equal(a_box_state("a"), "new");
	assert_rc(rules_each(my.b, add_up, &all, &err), 0, err);
	assert_non_null(strstr(buf_str(&all), "c  '' 0; "));
	assert_rc(rule_remove(my.b, "c", &err), 0, err);
}

static void
names_and_numbers_of_rules_have_limits(void **state)
{
	static const char *const bad[] = {
		"",     "-a",       "a\n",
		"\xff", "\xc2\x85", "1234567890123456789012345678901234567890123456789"
	};
	struct rule r = { .app = "contacts", .where = "text=x" };
	struct err err = { 0 };
	char name[20];

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		r.name = bad[i];
		assert_int_equal(rule_put(my.b, &r, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
	r.name = name;
	for (int i = 0; i <= RULES_MAX; i++) {
		snprintf(name, sizeof name, "家人 %d", i);
		assert_int_equal(rule_put(my.b, &r, &err), i < RULES_MAX ? 0 : -1);
	}
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(rule_find(my.b, name, &err), BOX_ABSENT);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, a_box_setup, a_box_teardown)
	const struct CMUnitTest tests[] = {
		T(a_card_behind_one_that_grew_is_not_looked_at),
		T(without_rules_nothing_is_noted),
		T(what_cannot_be_read_is_looked_at_again),
		T(an_item_that_vanished_is_looked_at_no_more),
		T(what_was_taken_out_stays_out_until_it_is_added_by_hand),
		T(rules_are_kept_and_count_what_they_made),
		T(a_rule_that_this_program_cannot_read_stops_no_other),
		T(names_and_numbers_of_rules_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
