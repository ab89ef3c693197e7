/* SPDX-License-Identifier: Apache-2.0 */
/* National numbers in their home region, with the module. */
#include "unit.h"

#include <stdio.h>

#include "item/card.h"
#include "phone/phone.h"

static bool
is_loaded(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4096];
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof line, f))
		found = strstr(line, "libphonenumber") != NULL;
	fclose(f);
	return found;
}

static struct field_key
tel_key(const char *tel, const char *region)
{
	char card[200];
	struct item_profile profile = { .keys = { region, phone_e164 } };
	AUTO(item_free) struct item *it = NULL;

	snprintf(card, sizeof card, "BEGIN:VCARD\r\nTEL:%s\r\nEND:VCARD\r\n", tel);
	assert_int_equal(card_parse(&it, span_str(card), "", 1, &profile, NULL), 0);
	return it->fields[0].key;
}

static bool
are_one_number(const char *a, const char *b, const char *region)
{
	struct field_key ka = tel_key(a, region), kb = tel_key(b, region);

	return field_key_equal(&ka, &kb);
}

static void
nothing_is_loaded_before_a_national_number_meets_a_region(void **state)
{
	(void)state;
	assert_true(are_one_number("+14155551212", "+1 415 555 1212", "US"));
	assert_false(are_one_number("4155551212", "+14155551212", NULL));
	assert_false(is_loaded());
	assert_true(are_one_number("4155551212", "+14155551212", "US"));
	assert_true(is_loaded());
}

static void
a_national_number_is_what_it_is_in_its_region(void **state)
{
	static const struct {
		const char *national, *international, *region;
		bool one;
	} cases[] = {
		{ "(415) 555-1212", "+1 415 555 1212", "US", true },
		{ "(415) 555-1212", "+1 415 555 1212", "DE", false },
		{ "1 415 555 1212", "+14155551212", "US", true },
		{ "030 901820", "+49 30 901820", "DE", true },
		{ "0049 30 901820", "+49 30 901820", "DE", true },
		{ "011 49 30 901820", "+49 30 901820", "US", true },
		{ "06 698 12345", "+39 06 698 12345", "IT", true }, /* keeps its zero */
		{ "010 6552 9988", "+86 10 6552 9988", "CN", true },
		{ "\xef\xbc\x90\xef\xbc\x91\xef\xbc\x90 6552 9988", "+861065529988", "CN", true },
		{ "030 901820,12", "+49 30 901820,12", "DE", true },
		{ "030 901820 ext 5", "+49 30 901820;ext=5", "DE", true },
		{ "030 901820,12", "+49 30 901820", "DE", false },
		{ "110", "+49110", "DE", false },
		{ "#31#030901820", "+4930901820", "DE", false },
		{ "555", "+1555", "US", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		if (are_one_number(cases[i].national, cases[i].international, cases[i].region) !=
		    cases[i].one)
			fail_msg("%s and %s in %s", cases[i].national, cases[i].international,
				 cases[i].region);
}

static void
regions_are_known(void **state)
{
	static const char *const no_regions[] = { "", "D", "de", "DEU", "XX", "D1", "ZZ" };

	(void)state;
	assert_true(phone_is_region("DE"));
	assert_true(phone_is_region("CN"));
	for (size_t i = 0; i < N_ELEMENTS(no_regions); i++)
		assert_false(phone_is_region(no_regions[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_loaded_before_a_national_number_meets_a_region),
		cmocka_unit_test(a_national_number_is_what_it_is_in_its_region),
		cmocka_unit_test(regions_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
