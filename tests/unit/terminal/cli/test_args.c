/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const struct option globals[] = {
	{ "--json", NULL, "", false }, { "--home", "DIR", "", false },
	{ "--help", NULL, "", false }, { "--version", NULL, "", false },
	{ NULL, NULL, NULL, false },
};

static const struct option restore_options[] = {
	{ "--version", "N", "", false },
	{ "--field", "NAME", "", true },
	{ "--diff", "[N]", "", false },
	{ NULL, NULL, NULL, false },
};

static const struct command commands[] = {
	{ .name = "apps", .max_words = 0 },
	{ .name = "apps add", .synopsis = "NAME", .min_words = 1, .max_words = 1 },
	{ .name = "restore", .options = restore_options, .max_words = SIZE_MAX },
	{ .name = "recovery confirm" },
	{ .name = NULL },
};

static const struct args_tables tables = { commands, globals };

static int
parse(struct args *a, struct err *err, int n, const char *const *words)
{
	char *argv[16] = { (char *)"cloudbox" };

	for (int i = 0; i < n; i++)
		argv[i + 1] = (char *)words[i];
	return args_parse(a, &tables, n + 1, argv, err);
}

#define PARSE(a, err, ...)                                                                         \
	parse((a), (err), (int)N_ELEMENTS(((const char *[]){ __VA_ARGS__ })),                      \
	      (const char *[]){ __VA_ARGS__ })

static void
global_options_stand_before_or_after_the_command(void **state)
{
	AUTO(args_clear) struct args before = { 0 };
	AUTO(args_clear) struct args after = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&before, &err, "--json", "--home", "/h", "apps"), 0);
	assert_int_equal(PARSE(&after, &err, "apps", "--home=/h", "--json"), 0);
	assert_ptr_equal(before.command, &commands[0]);
	assert_ptr_equal(after.command, &commands[0]);
	assert_string_equal(args_value(&before, "--home"), "/h");
	assert_string_equal(args_value(&after, "--home"), "/h");
	assert_true(args_has(&before, "--json") && args_has(&after, "--json"));
}

static void
a_name_of_two_words_is_found_with_options_between_them(void **state)
{
	AUTO(args_clear) struct args a = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&a, &err, "apps", "--json", "add", "contacts"), 0);
	assert_string_equal(a.command->name, "apps add");
	assert_int_equal(a.n_words, 1);
	assert_string_equal(a.words[0], "contacts");
}

static void
a_second_add_is_a_word(void **state)
{
	AUTO(args_clear) struct args a = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&a, &err, "apps", "add", "add"), 0);
	assert_string_equal(a.command->name, "apps add");
	assert_int_equal(a.n_words, 1);
	assert_string_equal(a.words[0], "add");
}

static void
version_after_restore_is_its_own_option(void **state)
{
	AUTO(args_clear) struct args a = { 0 };
	AUTO(args_clear) struct args b = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&a, &err, "restore", "--version", "3"), 0);
	assert_string_equal(args_value(&a, "--version"), "3");
	assert_int_equal(PARSE(&b, &err, "--version"), 0);
	assert_null(b.command);
	assert_true(args_has(&b, "--version"));
}

static void
a_number_that_may_be_left_out_is_taken_only_if_it_is_one(void **state)
{
	AUTO(args_clear) struct args given = { 0 };
	AUTO(args_clear) struct args left_out = { 0 };
	AUTO(args_clear) struct args last = { 0 };
	AUTO(args_clear) struct args odd = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&given, &err, "restore", "--diff", "12", "zoe"), 0);
	assert_string_equal(args_value(&given, "--diff"), "12");
	assert_int_equal(given.n_words, 1);
	assert_int_equal(PARSE(&left_out, &err, "restore", "--diff", "zoe"), 0);
	assert_true(args_has(&left_out, "--diff") && !args_value(&left_out, "--diff"));
	assert_int_equal(left_out.n_words, 1);
	assert_int_equal(PARSE(&last, &err, "restore", "zoe", "--diff"), 0);
	assert_true(args_has(&last, "--diff") && !args_value(&last, "--diff"));
	assert_int_equal(PARSE(&odd, &err, "restore", "--diff=x"),
			 0); /* args_number() refuses it */
	assert_string_equal(args_value(&odd, "--diff"), "x");
}

static void
two_dashes_end_the_options(void **state)
{
	AUTO(args_clear) struct args a = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&a, &err, "restore", "--", "contacts", "--json", "--"), 0);
	assert_int_equal(a.n_words, 3);
	assert_string_equal(a.words[1], "--json");
	assert_string_equal(a.words[2], "--");
	assert_false(args_has(&a, "--json"));
}

static void
a_single_dash_is_a_word(void **state)
{
	AUTO(args_clear) struct args a = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&a, &err, "restore", "-"), 0);
	assert_string_equal(a.words[0], "-");
}

static void
an_option_that_repeats_keeps_its_order(void **state)
{
	AUTO(args_clear) struct args a = { 0 };
	struct err err = { 0 };
	size_t at = 0;

	(void)state;
	assert_int_equal(PARSE(&a, &err, "restore", "--field", "TEL", "--field=EMAIL=x"), 0);
	assert_string_equal(args_next_value(&a, "--field", &at), "TEL");
	assert_string_equal(args_next_value(&a, "--field", &at), "EMAIL=x");
	assert_null(args_next_value(&a, "--field", &at));
	const char **all = NULL;
	size_t n = 0;
	assert_int_equal(args_all_values(&all, &n, &a, "--field", &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(all[0], "TEL");
	assert_string_equal(all[1], "EMAIL=x");
	assert_null(all[2]);
	free(all);
}

static void
what_is_wrong_is_said_with_what_was_probably_meant(void **state)
{
	static const struct {
		const char *words[4];
		const char *msg, *hint;
	} cases[] = {
		{ { "restor" },
		  "there is no command restor",
		  "did you mean restore? All commands: cloudbox --help" },
		{ { "xyzzy" }, "there is no command xyzzy", "all commands: cloudbox --help" },
		{ { "restore", "--vresion", "3" },
		  "restore has no option --vresion",
		  "did you mean --version? All options: cloudbox restore --help" },
		{ { "--field", "restore" },
		  "there is no global option --field",
		  "a command's own options stand after its name" },
		{ { "restore", "--version" }, "--version needs a value", "write --version N" },
		{ { "apps", "--json=1" }, "--json takes no value", "" },
		{ { "apps", "--json", "--json" }, "--json was given twice", "" },
		{ { "recovery" },
		  "recovery needs a second word",
		  "for example: cloudbox recovery confirm" },
		{ { "recovery", "burn" },
		  "there is no command recovery burn",
		  "for example: cloudbox recovery confirm" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(args_clear) struct args a = { 0 };
		struct err err = { 0 };
		int n = 0;

		while (n < 4 && cases[i].words[n])
			n++;
		assert_int_equal(parse(&a, &err, n, cases[i].words), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.msg, cases[i].msg);
		assert_string_equal(err.hint, cases[i].hint);
	}
}

static void
too_few_and_too_many_words_are_told_with_the_synopsis(void **state)
{
	AUTO(args_clear) struct args few = { 0 };
	AUTO(args_clear) struct args many = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(PARSE(&few, &err, "apps", "add"), 0);
	assert_int_equal(args_check(&few, &err), -1);
	assert_string_equal(err.msg, "apps add needs more words after it");
	assert_string_equal(err.hint, "write it so: cloudbox apps add NAME");
	assert_int_equal(PARSE(&many, &err, "apps", "add", "a", "b"), 0);
	assert_int_equal(args_check(&many, &err), -1);
	assert_string_equal(err.msg, "apps add does not know what to do with b");
}

static void
a_number_is_whole_and_within_its_bounds(void **state)
{
	static const struct {
		const char *text;
		int rc;
		unsigned long n;
	} cases[] = {
		{ "1", 0, 1 },   { "70", 0, 70 }, { "0", -1, 0 },
		{ "71", -1, 0 }, { "-1", -1, 0 }, { "3x", -1, 0 },
		{ " 3", -1, 0 }, { "", -1, 0 },   { "99999999999999999999999", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(args_clear) struct args a = { 0 };
		struct err err = { 0 };
		unsigned long n = 0;

		assert_int_equal(PARSE(&a, &err, "restore", "--version", cases[i].text), 0);
		assert_int_equal(args_number(&a, "--version", 70, &n, &err), cases[i].rc);
		assert_int_equal(n, cases[i].n);
	}
}

static void
only_what_is_near_is_suggested(void **state)
{
	static const char *const names[] = { "backup", "box", "restore", "status", NULL };

	(void)state;
	assert_string_equal(args_nearest("bakcup", names), "backup");
	assert_string_equal(args_nearest("stauts", names), "status");
	assert_null(args_nearest("delete-everything", names));
	assert_null(args_nearest("a-word-longer-than-every-name-there-is", names));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(global_options_stand_before_or_after_the_command),
		cmocka_unit_test(a_name_of_two_words_is_found_with_options_between_them),
		cmocka_unit_test(a_second_add_is_a_word),
		cmocka_unit_test(version_after_restore_is_its_own_option),
		cmocka_unit_test(a_number_that_may_be_left_out_is_taken_only_if_it_is_one),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(a_single_dash_is_a_word),
		cmocka_unit_test(an_option_that_repeats_keeps_its_order),
		cmocka_unit_test(what_is_wrong_is_said_with_what_was_probably_meant),
		cmocka_unit_test(too_few_and_too_many_words_are_told_with_the_synopsis),
		cmocka_unit_test(a_number_is_whole_and_within_its_bounds),
		cmocka_unit_test(only_what_is_near_is_suggested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
