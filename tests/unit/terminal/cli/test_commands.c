/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "os/os.h"

static void
names_are_one_or_two_words_and_stand_once(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		const char *blank = strchr(c->name, ' ');

		assert_true(!blank || !strchr(blank + 1, ' '));
		for (const struct command *other = c + 1; other->name; other++)
			assert_string_not_equal(c->name, other->name);
	}
}

static void
every_command_says_what_it_does_and_can_be_run(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++) {
		assert_non_null(c->run);
		assert_true(c->summary[0] >= 'A' && c->summary[0] <= 'Z');
		assert_true(c->summary[strlen(c->summary) - 1] != '.'); /* the help adds it */
		assert_true(c->min_words <= c->max_words && c->group < N_GROUPS);
		for (const struct option *o = c->options; o && o->name; o++)
			assert_true(!strncmp(o->name, "--", 2) && o->help[0]);
	}
}

static void
every_option_stands_in_the_synopsis(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++)
		for (const struct option *o = c->options; o && o->name; o++)
			assert_non_null(strstr(c->synopsis, o->name));
}

static void
no_option_of_a_command_hides_a_global_one_but_version(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++)
		for (const struct option *o = c->options; o && o->name; o++)
			for (const struct option *g = global_options; g->name; g++)
				assert_true(strcmp(o->name, g->name) ||
					    !strcmp(o->name, "--version"));
}

static void
the_overview_names_every_command(void **state)
{
	struct cli cli = { 0 };
	char *text = NULL;
	size_t n = 0;
	FILE *real = stdout, *f = open_memstream(&text, &n);

	(void)state;
	assert_non_null(f);
	stdout = f;
	help_overview(&cli);
	stdout = real;
	fclose(f);
	for (const struct command *c = commands; c->name; c++) {
		char line[64];

		snprintf(line, sizeof line, "\n  %s ", c->name);
		assert_non_null(strstr(text, line));
		assert_non_null(strstr(text, c->summary));
	}
	free(text);
}

static void
the_manual_page_has_every_command_and_option(void **state)
{
	AUTO(buf_clear) struct buf raw = BUF_INIT(1 << 20);
	AUTO(buf_clear) struct buf page = BUF_INIT(1 << 20);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(os_read_file(AT_FDCWD, MANUAL_PAGE, &raw, &err), 0);
	for (size_t i = 0; i < raw.n; i++) /* roff writes a dash as \- */
		if (raw.p[i] != '\\' || i + 1 == raw.n || raw.p[i + 1] != '-')
			assert_int_equal(buf_append_byte(&page, raw.p[i], &err), 0);
	for (const struct command *c = commands; c->name; c++) {
		if (!strstr(buf_str(&page), c->name))
			fail_msg("%s is not in the manual page", c->name);
		for (const struct option *o = c->options; o && o->name; o++)
			if (!strstr(buf_str(&page), o->name))
				fail_msg("%s of %s is not in the manual page", o->name, c->name);
	}
	for (const struct option *o = global_options; o->name; o++)
		if (!strstr(buf_str(&page), o->name + 2))
			fail_msg("%s is not in the manual page", o->name);
}

static void
exit_statuses_follow_the_contract(void **state)
{
	(void)state;
	assert_int_equal(cli_exit_status(ERR_NONE), 0);
	assert_int_equal(cli_exit_status(ERR_NOT_FOUND), 1);
	assert_int_equal(cli_exit_status(ERR_AMBIGUOUS), 1);
	assert_int_equal(cli_exit_status(ERR_FULL), 1);
	assert_int_equal(cli_exit_status(ERR_USAGE), 2);
	assert_int_equal(cli_exit_status(ERR_PARTIAL), 3);
	assert_int_equal(cli_exit_status(ERR_LOCKED), 4);
	assert_int_equal(cli_exit_status(ERR_UNREACHABLE), 5);
}

static void
json_text_is_always_utf8(void **state)
{
	struct cli cli = { 0 };
	struct json_object *o = json_record(&cli);

	(void)state;
	json_put_text(&cli, o, "t", "a\xff\xc3(\xe4\xb8\xad");
	json_put_text(&cli, o, "none", NULL);
	json_put_when(&cli, o, "never", 0);
	assert_string_equal(
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
		"{\"t\":\"a\xef\xbf\xbd\xef\xbf\xbd(\xe4\xb8\xad\",\"none\":null,\"never\":null}");
	assert_false(cli.json_failed);
	json_object_put(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_one_or_two_words_and_stand_once),
		cmocka_unit_test(every_command_says_what_it_does_and_can_be_run),
		cmocka_unit_test(every_option_stands_in_the_synopsis),
		cmocka_unit_test(no_option_of_a_command_hides_a_global_one_but_version),
		cmocka_unit_test(the_overview_names_every_command),
		cmocka_unit_test(the_manual_page_has_every_command_and_option),
		cmocka_unit_test(exit_statuses_follow_the_contract),
		cmocka_unit_test(json_text_is_always_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
