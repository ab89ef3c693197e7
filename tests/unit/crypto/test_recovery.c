/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include "crypto/recovery.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static struct recovery_code *
parsed(const char *text)
{
	struct recovery_code *c = NULL;
	struct err err;

	if (recovery_code_parse(&c, span_str(text), &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return c;
}

static bool
refused(const char *text, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *c = NULL;

	*err = (struct err){ 0 };
	return recovery_code_parse(&c, span_str(text), err) == -1 && err->code == ERR_SYNTAX;
}

static void
a_code_prints_and_reads_back(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		AUTO(recovery_code_free) struct recovery_code *c = NULL;
		char text[RECOVERY_TEXT_BYTES], again[RECOVERY_TEXT_BYTES];

		assert_int_equal(recovery_code_new(&c, NULL), 0);
		recovery_code_print(text, c);
		assert_int_equal(strlen(text), RECOVERY_TEXT_BYTES - 1);
		AUTO(recovery_code_free) struct recovery_code *back = parsed(text);
		assert_memory_equal(recovery_code_bytes(back), recovery_code_bytes(c),
				    RECOVERY_CODE_BYTES);
		recovery_code_print(again, back);
		assert_string_equal(again, text);
	}
}

static void
the_text_is_the_frozen_one_however_it_is_typed(void **state)
{
	static const char *const ways[] = {
		"M2GT-58X4-MPKA-FA59-NANT-SBDE-NY75",
		"m2gt58x4mpkafa59nantsbdeny75",
		" m2gt 58x4 mpka\nfa59 nant sbde ny75\r\n",
		"M2GT–58X4–MPKA–FA59–NANT–SBDE–NY75", /* en dashes */
		"Ｍ２ＧＴ　５８Ｘ４　ＭＰＫＡ　ＦＡ５９　ＮＡＮＴ　ＳＢＤＥ　ＮＹ７５",
	};
	struct golden code = golden("code"), text = golden("code-text");
	char printed[RECOVERY_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(ways); i++) {
		AUTO(recovery_code_free) struct recovery_code *c = parsed(ways[i]);

		assert_memory_equal(recovery_code_bytes(c), code.p, RECOVERY_CODE_BYTES);
		recovery_code_print(printed, c);
		assert_span_is(span_str(printed), golden_span(&text));
	}
}

static void
letters_that_look_like_digits_are_those_digits(void **state)
{
	struct golden text = golden("code-text-of-zeros"); /* 0000-…-016D */
	AUTO(recovery_code_free)
	struct recovery_code *c = parsed("oOoo-0000-0000-0000-0000-0000-0i6D");
	AUTO(recovery_code_free)
	struct recovery_code *d = parsed("oOoo-0000-0000-0000-0000-0000-oL6D");
	char printed[RECOVERY_TEXT_BYTES];

	(void)state;
	recovery_code_print(printed, c);
	assert_span_is(span_str(printed), golden_span(&text));
	recovery_code_print(printed, d);
	assert_span_is(span_str(printed), golden_span(&text));
}

/* The group that the hint names, or 0. */
static unsigned
hinted_group(const struct err *err)
{
	unsigned group = 0;

	if (sscanf(err->hint, "if only one character is wrong, it is in group %u", &group) != 1)
		assert_string_equal(err->hint, "compare it with your copy, group by group");
	return group;
}

static void
every_mistyped_character_is_refused_and_never_blamed_on_another_group(void **state)
{
	unsigned named = 0, tried = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		AUTO(recovery_code_free) struct recovery_code *c = NULL;
		char text[RECOVERY_TEXT_BYTES];

		assert_int_equal(recovery_code_new(&c, NULL), 0);
		recovery_code_print(text, c);
		for (unsigned at = 0; at < RECOVERY_TEXT_BYTES - 1; at++) {
			char right = text[at];

			for (const char *wrong = alphabet; right != '-' && *wrong; wrong++) {
				struct err err;

				if (*wrong == right)
					continue;
				text[at] = *wrong;
				if (!refused(text, &err))
					fail_msg("%s at %u", text, at);
				assert_true(hinted_group(&err) == 0 ||
					    hinted_group(&err) == at / 5 + 1);
				named += hinted_group(&err) != 0;
				tried++;
			}
			text[at] = right;
		}
	}
	assert_int_equal(tried, 2 * 28 * 31);
	assert_true(named > tried / 4); /* the hint is of use */
}

static void
every_exchange_and_change_of_neighbours_is_refused(void **state)
{
	struct err err;

	(void)state;
	for (int round = 0; round < 20; round++) {
		AUTO(recovery_code_free) struct recovery_code *c = NULL;
		char text[RECOVERY_TEXT_BYTES], plain[29], other[29];
		unsigned n = 0;

		assert_int_equal(recovery_code_new(&c, NULL), 0);
		recovery_code_print(text, c);
		for (const char *at = text; *at; at++)
			if (*at != '-')
				plain[n++] = *at;
		plain[n] = '\0';
		for (unsigned at = 0; at + 1 < n; at++) {
			strcpy(other, plain);
			other[at] = plain[at + 1];
			other[at + 1] = plain[at];
			if (strcmp(other, plain) != 0 && !refused(other, &err))
				fail_msg("%s", other);
			other[at] = alphabet[(unsigned)round];
			other[at + 1] = alphabet[at];
			if (strcmp(other, plain) != 0 && !refused(other, &err))
				fail_msg("%s", other);
		}
	}
}

static void
what_is_no_code_is_refused_with_the_place(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "the recovery code has 0 characters instead of 28" },
		{ "M2GT-58X4-MPKA-FA59-NANT-SBDE-NY7",
		  "the recovery code has 27 characters instead of 28" },
		{ "M2GT-58X4-MPKA-FA59-NANT-SBDE-NY755",
		  "the recovery code has 29 characters instead of 28" },
		{ "M2GT-58X4-MPKA-FA59-NANT-SBDE-NY75 !",
		  "the recovery code has 29 characters instead of 28" },
		{ "M2GT-58X4-MUKA-FA59-NANT-SBDE-NY75",
		  "group 3 of the recovery code has a character that no code has" },
		{ "M2GT-58X4-MPKA-FA59-NANT-SBDE-NY7张",
		  "group 7 of the recovery code has a character that no code has" },
		{ "\xff", "this is no recovery code" },
		{ "0000-0000-0000-0000-0000-0000-0000", "the recovery code is mistyped somewhere" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct err err;

		assert_true(refused(cases[i].text, &err));
		assert_string_equal(err.msg, cases[i].message);
	}
}

static void
the_keys_of_a_code_are_the_frozen_ones(void **state)
{
	AUTO(recovery_code_free)
	struct recovery_code *c = parsed("M2GT-58X4-MPKA-FA59-NANT-SBDE-NY75");
	AUTO(unlock_keys_free) struct unlock_keys *k = NULL;
	uint8_t find[CRYPTO_ID_BYTES];

	(void)state;
	assert_int_equal(recovery_unlock(&k, find, c, NULL), 0);
	assert_golden("kek-recovery", secret_bytes(k->kek), SECRET_BYTES);
	assert_golden("login-recovery", sign_key_public(k->login), CRYPTO_PUBLIC_BYTES);
	assert_golden("find", find, sizeof find);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_prints_and_reads_back),
		cmocka_unit_test(the_text_is_the_frozen_one_however_it_is_typed),
		cmocka_unit_test(letters_that_look_like_digits_are_those_digits),
		cmocka_unit_test(
			every_mistyped_character_is_refused_and_never_blamed_on_another_group),
		cmocka_unit_test(every_exchange_and_change_of_neighbours_is_refused),
		cmocka_unit_test(what_is_no_code_is_refused_with_the_place),
		cmocka_unit_test(the_keys_of_a_code_are_the_frozen_ones),
	};

	return cmocka_run_group_tests(tests, crypto_start, NULL);
}
