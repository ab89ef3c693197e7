/* SPDX-License-Identifier: Apache-2.0 */
/* Without the module: this program has no path to it. */
#include "unit.h"

#include <string.h>

#include "eds/eds.h"

static void
without_the_module_a_book_says_what_is_missing(void **state)
{
	AUTO(eds_close) struct eds_store *s = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(eds_open(&s, EDS_CONTACTS, NULL, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, EDS_MODULE_FILE));
	assert_null(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_module_a_book_says_what_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
