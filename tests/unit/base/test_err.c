/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void
context_stands_before_the_message(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_set(&err, ERR_SYNTAX, "a.vcf:%d:%d: expected ':'", 1, 3), -1);
	assert_int_equal(err_wrap(&err, "app %s", "contacts"), -1);
	assert_int_equal(err_hint(&err, "mend the card in line %d", 1), -1);
	assert_int_equal(err.code, ERR_SYNTAX);
	assert_string_equal(err.msg, "app contacts: a.vcf:1:3: expected ':'");
	assert_string_equal(err.hint, "mend the card in line 1");
	assert_non_null(strstr(err.where, "test_err.c:"));
	err_set(&err, ERR_LIMIT, "anew");
	assert_string_equal(err.hint, "");
}

static void
a_full_disk_is_told_apart_from_a_broken_one(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_sys(&err, ENOSPC, "cannot write %s", "box.db");
	assert_int_equal(err.code, ERR_FULL);
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_string_equal(err.msg, "cannot write box.db: No space left on device");
	err_sys(&err, EIO, "cannot read it");
	assert_int_equal(err.code, ERR_IO);
	err_sys(&err, ENOMEM, "cannot map it");
	assert_int_equal(err.code, ERR_NOMEM);
}

static void
a_long_message_is_cut_between_characters(void **state)
{
	struct err err = { 0 };
	char text[700];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "\xe4\xbd\xa0", 4);
		err_set(&err, ERR_IO, "%s", text);
		size_t n = strlen(err.msg);
		assert_true(n > sizeof err.msg - 5 && n < sizeof err.msg);
		assert_int_equal((n - shift) % 3, 0);
		err_wrap(&err, "%s", "place");
		assert_int_equal((strlen(err.msg) - shift - strlen("place: ")) % 3, 0);
	}
}

static void
nobody_needs_to_want_the_message(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
	assert_int_equal(err_hint(NULL, "x"), -1);
	assert_int_equal(err_sys(NULL, EIO, "x"), -1);
}

static void
every_code_has_its_own_word(void **state)
{
	(void)state;
	for (int a = ERR_NONE; a <= ERR_INTERNAL; a++) {
		assert_non_null(err_code_name((enum err_code)a));
		for (int b = ERR_NONE; b < a; b++)
			assert_string_not_equal(err_code_name((enum err_code)a),
						err_code_name((enum err_code)b));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context_stands_before_the_message),
		cmocka_unit_test(a_full_disk_is_told_apart_from_a_broken_one),
		cmocka_unit_test(a_long_message_is_cut_between_characters),
		cmocka_unit_test(nobody_needs_to_want_the_message),
		cmocka_unit_test(every_code_has_its_own_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
