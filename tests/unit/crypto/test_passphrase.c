/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include "crypto/passphrase.h"
#include "crypto/passphrase_words.h"

static const struct passphrase_cost floor_cost = { PASSPHRASE_MEMORY_KIB_MIN,
						   PASSPHRASE_PASSES_MIN };

static struct passphrase *
typed(const char *text)
{
	struct passphrase *p = NULL;
	struct err err;

	if (passphrase_new(&p, span_str(text), &err) < 0)
		fail_msg("%s", err.msg);
	return p;
}

static void
what_looks_the_same_is_the_same(void **state)
{
	static const struct {
		const char *a, *b;
	} cases[] = {
		{ "U\u0308ni code", "\u00dcni code" },    /* NFC */
		{ "a\u00a0b\tc", "a b c" },               /* no-break space, tab */
		{ "\u3000\u5f20\u4f1f\u2003", " 张伟 " }, /* ideographic and em space */
		{ "one line\n", "one line" },
		{ "one line\r\n", "one line" },
		{ "\u1100\u1161\u11a8", "\uac01" }, /* Hangul */
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(passphrase_free) struct passphrase *a = typed(cases[i].a);
		AUTO(passphrase_free) struct passphrase *b = typed(cases[i].b);

		if (!passphrase_equal(a, b))
			fail_msg("case %zu", i);
	}
}

static void
what_differs_stays_different(void **state)
{
	static const struct {
		const char *a, *b;
	} cases[] = {
		{ "Ab", "ab" },
		{ "a  b", "a b" },
		{ " a", "a" },
		{ "\uff21", "A" }, /* full-width: NFC, not NFKC */
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(passphrase_free) struct passphrase *a = typed(cases[i].a);
		AUTO(passphrase_free) struct passphrase *b = typed(cases[i].b);

		if (passphrase_equal(a, b))
			fail_msg("case %zu", i);
	}
}

static void
what_is_no_line_of_text_is_refused(void **state)
{
	char longest[PASSPHRASE_BYTES_MAX + 2];
	const struct {
		struct span text;
		const char *message;
	} cases[] = {
		{ span_str(""), "the passphrase is empty" },
		{ span_str("\n"), "the passphrase is empty" },
		{ span_str("\xff\xfe"), "the passphrase is not UTF-8 text" },
		{ span_str("\xc0\x80"), "the passphrase is not UTF-8 text" },
		{ span_str("\xed\xa0\x80"), "the passphrase is not UTF-8 text" },
		{ span_of("a\0b", 3), "the passphrase has control characters in it" },
		{ span_str("two\nlines"), "the passphrase has control characters in it" },
		{ span_of(longest, sizeof longest - 1),
		  "the passphrase is longer than 1024 bytes" },
	};

	(void)state;
	memset(longest, 'x', sizeof longest);
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct passphrase *p = NULL;
		struct err err;

		assert_int_equal(passphrase_new(&p, cases[i].text, &err), -1);
		assert_string_equal(err.msg, cases[i].message);
		assert_null(p);
	}
}

static void
the_longest_and_the_most_expanding_fit(void **state)
{
	char text[PASSPHRASE_BYTES_MAX + 1] = "";

	(void)state;
	/* U+1D160 composes never and decomposes from 4 to 12 bytes: three times as long. */
	for (size_t i = 0; i + 4 <= PASSPHRASE_BYTES_MAX; i += 4)
		memcpy(text + i, "\U0001d160", 5);
	AUTO(passphrase_free) struct passphrase *p = typed(text);
	assert_int_equal(passphrase_check_new(p, NULL), -1); /* all the same character */
}

static void
weak_new_passphrases_are_refused(void **state)
{
	static const struct {
		const char *text, *message; /* NULL: good */
	} cases[] = {
		{ "elevenchars", "the passphrase is shorter than 12 characters" },
		{ "一二三四五六七八九十甲", "the passphrase is shorter than 12 characters" },
		{ "一二三四五六七八九十甲乙", NULL },
		{ "Correct-Horse-Battery-Staple", "this passphrase is one of those that everybody "
						  "tries first" },
		{ "passwordpassword",
		  "this passphrase is one of those that everybody tries first" },
		{ "zyzyzyzyzyzyzy", "the passphrase repeats fewer than 5 different characters" },
		{ "plum harbor seven", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(passphrase_free) struct passphrase *p = typed(cases[i].text);
		struct err err = { 0 };
		int rc = passphrase_check_new(p, &err);

		assert_int_equal(rc, cases[i].message ? -1 : 0);
		assert_string_equal(err.msg, cases[i].message ? cases[i].message : "");
	}
}

static void
every_listed_passphrase_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < PASSPHRASE_N_COMMON; i++) {
		AUTO(passphrase_free) struct passphrase *p = typed(passphrase_common[i]);

		assert_int_equal(passphrase_check_new(p, NULL), -1);
		assert_true(i == 0 || strcmp(passphrase_common[i - 1], passphrase_common[i]) < 0);
	}
}

static void
suggestions_are_five_listed_words_and_good(void **state)
{
	char text[PASSPHRASE_SUGGESTION_BYTES], before[PASSPHRASE_SUGGESTION_BYTES] = "";

	(void)state;
	for (size_t i = 1; i < PASSPHRASE_N_WORDS; i++)
		assert_true(strcmp(passphrase_words[i - 1], passphrase_words[i]) < 0);
	for (int round = 0; round < 100; round++) {
		unsigned blanks = 0;

		passphrase_suggest(text);
		for (const char *c = text; *c; c++)
			blanks += *c == ' ';
		assert_int_equal(blanks, 4);
		assert_string_not_equal(text, before);
		strcpy(before, text);
		AUTO(passphrase_free) struct passphrase *p = typed(text);
		assert_int_equal(passphrase_check_new(p, NULL), 0);
	}
}

static void
the_cost_follows_the_machine(void **state)
{
	struct passphrase_cost large = passphrase_cost_default(2ull << 30);
	struct passphrase_cost small = passphrase_cost_default((2ull << 30) - 1);

	(void)state;
	assert_int_equal(large.memory_kib, 256 << 10);
	assert_int_equal(large.passes, 3);
	assert_int_equal(small.memory_kib, 64 << 10);
	assert_int_equal(small.passes, 12);
	assert_true(passphrase_machine_bytes() > 128u << 20);
}

static void
a_cost_below_the_floor_or_above_half_the_memory_is_refused(void **state)
{
	static const struct {
		struct passphrase_cost cost;
		uint64_t machine;
		int code;
	} cases[] = {
		{ { 64 << 10, 3 }, 128 << 20, 0 },
		{ { (64 << 10) - 1, 3 }, 8ull << 30, ERR_AUTH },
		{ { 64 << 10, 2 }, 8ull << 30, ERR_AUTH },
		{ { 0, 0 }, 8ull << 30, ERR_AUTH },
		{ { 8, 1000 }, 8ull << 30, ERR_AUTH },
		{ { 64 << 10, 3 }, (128 << 20) - 1, ERR_LIMIT },
		{ { 256 << 10, 3 }, 511 << 20, ERR_LIMIT },
		{ { UINT32_MAX, 3 }, 8ull << 30, ERR_LIMIT },
		{ { 64 << 10, 65 }, 8ull << 30, ERR_LIMIT },
		{ { 64 << 10, 64 }, 8ull << 30, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct err err = { 0 };
		int rc = passphrase_cost_check(cases[i].cost, cases[i].machine, &err);

		assert_int_equal(rc, cases[i].code ? -1 : 0);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void
unlocking_refuses_a_weak_cost_too(void **state)
{
	AUTO(passphrase_free) struct passphrase *p = typed("plum harbor seven");
	struct unlock_keys *k = NULL;
	struct err err;

	(void)state;
	assert_int_equal(passphrase_unlock(&k, p, (struct passphrase_cost){ 8, 1 }, ACCOUNT,
					   row(0x80).p, &err),
			 -1);
	assert_int_equal(err.code, ERR_AUTH);
	assert_null(k);
}

static void
the_keys_of_a_passphrase_are_the_frozen_ones(void **state)
{
	AUTO(passphrase_free)
	struct passphrase *p = typed("U\u0308ni\u0308code\u00a0pass phrase\n");
	AUTO(unlock_keys_free) struct unlock_keys *k = NULL;

	(void)state;
	assert_int_equal(passphrase_unlock(&k, p, floor_cost, ACCOUNT, row(0x80).p, NULL), 0);
	assert_golden("kek-passphrase", secret_bytes(k->kek), SECRET_BYTES);
	assert_golden("login-passphrase", sign_key_public(k->login), CRYPTO_PUBLIC_BYTES);
}

static void
another_account_salt_or_cost_gives_other_keys(void **state)
{
	static const struct passphrase_cost more = { PASSPHRASE_MEMORY_KIB_MIN,
						     PASSPHRASE_PASSES_MIN + 1 };
	AUTO(passphrase_free) struct passphrase *p = typed("Ünïcode pass phrase");
	AUTO(unlock_keys_free) struct unlock_keys *account = NULL, *salt = NULL, *cost = NULL;
	struct golden kek = golden("kek-passphrase");

	(void)state;
	assert_int_equal(passphrase_unlock(&account, p, floor_cost, DEVICE, row(0x80).p, NULL), 0);
	assert_int_equal(passphrase_unlock(&salt, p, floor_cost, ACCOUNT, row(0x81).p, NULL), 0);
	assert_int_equal(passphrase_unlock(&cost, p, more, ACCOUNT, row(0x80).p, NULL), 0);
	assert_memory_not_equal(secret_bytes(account->kek), kek.p, SECRET_BYTES);
	assert_memory_not_equal(secret_bytes(salt->kek), kek.p, SECRET_BYTES);
	assert_memory_not_equal(secret_bytes(cost->kek), kek.p, SECRET_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_looks_the_same_is_the_same),
		cmocka_unit_test(what_differs_stays_different),
		cmocka_unit_test(what_is_no_line_of_text_is_refused),
		cmocka_unit_test(the_longest_and_the_most_expanding_fit),
		cmocka_unit_test(weak_new_passphrases_are_refused),
		cmocka_unit_test(every_listed_passphrase_is_refused),
		cmocka_unit_test(suggestions_are_five_listed_words_and_good),
		cmocka_unit_test(the_cost_follows_the_machine),
		cmocka_unit_test(a_cost_below_the_floor_or_above_half_the_memory_is_refused),
		cmocka_unit_test(unlocking_refuses_a_weak_cost_too),
		cmocka_unit_test(the_keys_of_a_passphrase_are_the_frozen_ones),
		cmocka_unit_test(another_account_salt_or_cost_gives_other_keys),
	};

	return cmocka_run_group_tests(tests, crypto_start, NULL);
}
