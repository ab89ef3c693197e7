/* SPDX-License-Identifier: Apache-2.0 */
/* Without the module (this program has no path to it), and what the locale says. */
#include "unit.h"

#include <stdlib.h>

#include "phone/phone.h"

static void
without_the_module_a_number_stays_as_it_is(void **state)
{
	char out[32];

	(void)state;
	assert_false(phone_is_there());
	assert_false(phone_was_missed());
	assert_false(phone_e164(out, span_str("4155551212"), "US"));
	assert_true(phone_was_missed());
	assert_true(phone_is_region("US"));
	assert_false(phone_is_region("us"));
}

static void
the_locale_names_a_region_or_none(void **state)
{
	static const struct {
		const char *all, *telephone, *lang, *region;
	} cases[] = {
		{ "", "", "", NULL },
		{ NULL, NULL, "C.UTF-8", NULL },
		{ NULL, NULL, "de_DE.UTF-8", "DE" },
		{ NULL, "zh_CN", "de_DE.UTF-8", "CN" },
		{ "fr_CH@euro", "zh_CN", "de_DE.UTF-8", "CH" },
		{ "C", "zh_CN", "de_DE.UTF-8", NULL },
		{ NULL, "", "en_001.UTF-8", NULL },
		{ NULL, NULL, "de_DEX", NULL },
		{ NULL, NULL, "de", NULL },
		{ NULL, NULL, "de_", NULL },
	};
	static const char *const names[] = { "LC_ALL", "LC_TELEPHONE", "LANG" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		const char *const values[] = { cases[i].all, cases[i].telephone, cases[i].lang };
		char region[PHONE_REGION_BYTES];
		for (size_t j = 0; j < N_ELEMENTS(names); j++)
			if (values[j] ? setenv(names[j], values[j], 1) : unsetenv(names[j]))
				fail();
		bool found = phone_locale_region(region);
		assert_int_equal(found, cases[i].region != NULL);
		if (found)
			assert_string_equal(region, cases[i].region);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_module_a_number_stays_as_it_is),
		cmocka_unit_test(the_locale_names_a_region_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
