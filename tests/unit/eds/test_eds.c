/* SPDX-License-Identifier: Apache-2.0 */
/* The module where there is no service: what it does with one is told by tests/e2e/test_eds.py. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eds/eds.h"

static void
without_a_bus_a_store_cannot_be_reached(void **state)
{
	static const enum eds_kind kinds[] = { EDS_CONTACTS, EDS_EVENTS, EDS_TASKS, EDS_MEMOS };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		AUTO(eds_close) struct eds_store *s = NULL;
		struct err err = { 0 };

		assert_int_equal(eds_open(&s, kinds[i], NULL, &err), -1);
		assert_int_equal(err.code, ERR_NOT_FOUND);
		assert_non_null(strstr(err.msg, "cannot be reached"));
		assert_true(strlen(err.hint) > 0);
		assert_null(s);
	}
}

/* Threads of ours; GIO's own worker stays. */
static unsigned
threads(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	unsigned n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "Threads: %u", &n) == 1)
			break;
	fclose(f);
	return n;
}

static void
a_store_that_did_not_open_leaves_no_thread(void **state)
{
	AUTO(eds_close) struct eds_store *s = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(eds_open(&s, EDS_CONTACTS, NULL, &err), -1);
	unsigned before = threads();
	for (int i = 0; i < 20; i++)
		assert_int_equal(eds_open(&s, EDS_CONTACTS, NULL, &err), -1);
	assert_int_equal(threads(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_bus_a_store_cannot_be_reached),
		cmocka_unit_test(a_store_that_did_not_open_leaves_no_thread),
	};

	unsetenv("DISPLAY");
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/tmp/cloudbox-eds-nowhere/bus", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
