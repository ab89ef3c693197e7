/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"
#include "unit.h"

#include <string.h>

static const struct column columns[] = {
	{ "name", COLUMN_SHRINKS },
	{ "size", COLUMN_RIGHT },
	{ "id", COLUMN_LEFT },
};

/* What the table prints; freed by the caller. */
static char *
printed(struct table *t, size_t width, bool bold)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_int_equal(table_print(t, f, width, bold, NULL), 0);
	fclose(f);
	return text;
}

static void
columns_line_up_by_what_the_screen_shows(void **state)
{
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	(void)state;
	assert_int_equal(TABLE_ADD(&t, NULL, "Anna Berg", "1.2 kB", "a1"), 0);
	assert_int_equal(TABLE_ADD(&t, NULL, "王小明", "12 B", "b2"), 0);
	AUTO(free) char *text = printed(&t, 0, false);
	assert_string_equal(text, "  name         size  id\n"
				  "  Anna Berg  1.2 kB  a1\n"
				  "  王小明       12 B  b2\n");
}

static void
the_widest_text_is_cut_to_fit_the_screen(void **state)
{
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	(void)state;
	assert_int_equal(TABLE_ADD(&t, NULL, "A name that is far too long for it", "1 B", "x"), 0);
	AUTO(free) char *text = printed(&t, 30, false);
	assert_string_equal(text, "  name                size  id\n"
				  "  A name that is fa…   1 B  x\n");
}

static void
a_heading_stands_out_only_where_asked(void **state)
{
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	(void)state;
	assert_int_equal(TABLE_ADD(&t, NULL, "a", "b", "c"), 0);
	AUTO(free) char *plain = printed(&t, 0, false);
	AUTO(free) char *bold = printed(&t, 0, true);
	assert_null(strchr(plain, '\033'));
	assert_memory_equal(bold, "\033[1m", 4);
}

static void
nothing_in_a_cell_can_steer_the_terminal(void **state)
{
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	(void)state;
	assert_int_equal(TABLE_ADD(&t, NULL, "a\033[2Jb\n\tc\x7f", "\xc2\x9b", "\xe2\x80\xae!"), 0);
	AUTO(free) char *text = printed(&t, 0, false);
	assert_string_equal(text, "  name        size  id\n"
				  "  a?[2Jb??c?     ?  ?!\n");
}

static void
bytes_that_are_no_characters_are_shown_as_question_marks(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(100);

	(void)state;
	assert_int_equal(text_clean(&out, "caf\xe9 \xff\xfe", 0, NULL), 0);
	assert_string_equal(buf_str(&out), "caf? ??");
}

static void
widths_are_those_of_the_screen(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("联系人"), 6);
	assert_int_equal(text_width("e\xcc\x81"), 1); /* e and a combining accent */
}

static void
a_cut_never_splits_a_wide_character(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(100);

	(void)state;
	assert_int_equal(text_clean(&out, "联系人们", 6, NULL), 0);
	assert_string_equal(buf_str(&out), "联系…"); /* five cells: a sixth would be half of one */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up_by_what_the_screen_shows),
		cmocka_unit_test(the_widest_text_is_cut_to_fit_the_screen),
		cmocka_unit_test(a_heading_stands_out_only_where_asked),
		cmocka_unit_test(nothing_in_a_cell_can_steer_the_terminal),
		cmocka_unit_test(bytes_that_are_no_characters_are_shown_as_question_marks),
		cmocka_unit_test(widths_are_those_of_the_screen),
		cmocka_unit_test(a_cut_never_splits_a_wide_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
