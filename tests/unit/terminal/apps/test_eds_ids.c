/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/eds_ids.h"

#define MANY 100000

static void
an_id_is_found_again_by_its_number(void **state)
{
	struct eds_ids ids = EDS_IDS_INIT;
	struct err err = { 0 };
	int64_t number;
	char id[32];

	(void)state;
	assert_null(eds_ids_find(&ids, 0));
	for (int round = 0; round < 2; round++) /* noting one twice changes nothing */
		for (int i = 0; i < MANY; i++) {
			snprintf(id, sizeof id, "pas-id-%08X", i);
			assert_int_equal(eds_ids_add(&number, &ids, id, &err), 0);
			assert_true(number >= 0);
			assert_int_equal(number, eds_ids_number(id));
			assert_string_equal(eds_ids_find(&ids, number), id);
		}
	assert_int_equal(ids.n, MANY);
	assert_null(eds_ids_find(&ids, eds_ids_number("another")));
	assert_true(ids.pool.cap + ids.n_slots * 16 < 10u << 20);
	eds_ids_clear(&ids);
}

/* The value is stored in boxes: it may never change. */
static void
a_number_is_the_same_for_ever(void **state)
{
	(void)state;
	assert_int_equal(eds_ids_number(""), INT64_C(2332574252705051493));
	assert_int_equal(eds_ids_number("pas-id-1"), INT64_C(2847876025776258843));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_found_again_by_its_number),
		cmocka_unit_test(a_number_is_the_same_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
