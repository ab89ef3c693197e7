/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include <sqlite3.h>

#include "base/module.h"

/* A library that this program does not link. */
static struct {
	__typeof__(sqlite3_libversion_number) *version;
	__typeof__(sqlite3_stricmp) *stricmp;
} sqlite;

static void
functions_are_bound_when_they_are_needed(void **state)
{
	static const struct module_symbol symbols[] = {
		{ "sqlite3_libversion_number", &sqlite.version },
		{ "sqlite3_stricmp", &sqlite.stricmp },
	};
	static struct module m = MODULE_INIT("libsqlite3.so.0", "libsqlite3-0", symbols);
	struct err err = { 0 };

	(void)state;
	assert_null(sqlite.version);
	assert_int_equal(module_need(&m, &err), 0);
	assert_true(sqlite.version() >= SQLITE_VERSION_NUMBER);
	assert_int_equal(sqlite.stricmp("Box", "bOX"), 0);

	sqlite.version = NULL;
	assert_int_equal(module_need(&m, &err), 0);
	assert_null(sqlite.version); /* bound once only */
}

static void
assert_missing(struct module *m, const char *file, const char *hint)
{
	for (int i = 0; i < 2; i++) {
		struct err err = { 0 };
		char want[128];

		snprintf(want, sizeof want, "the library %s is not there, or is another version",
			 file);
		assert_int_equal(module_need(m, &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		assert_string_equal(err.msg, want);
		assert_string_equal(err.hint, hint);
	}
	assert_int_equal(module_need(m, NULL), -1);
}

static void
a_library_that_is_missing_is_named_with_its_package(void **state)
{
	static void (*f)(void);
	static const struct module_symbol symbols[] = { { "f", &f } };
	static struct module m = MODULE_INIT("libcloudbox-none.so.1", "cloudbox-none", symbols);

	(void)state;
	assert_missing(&m, "libcloudbox-none.so.1", "install the package cloudbox-none");
	assert_null(f);
}

static void
a_library_without_one_of_the_functions_is_as_good_as_missing(void **state)
{
	static void (*f)(void);
	static const struct module_symbol symbols[] = { { "sqlite3_no_such_function", &f } };
	static struct module m = MODULE_INIT("libsqlite3.so.0", "libsqlite3-0", symbols);

	(void)state;
	assert_missing(&m, "libsqlite3.so.0", "install the package libsqlite3-0");
	assert_null(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_bound_when_they_are_needed),
		cmocka_unit_test(a_library_that_is_missing_is_named_with_its_package),
		cmocka_unit_test(a_library_without_one_of_the_functions_is_as_good_as_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
