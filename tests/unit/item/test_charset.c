/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "item/charset.h"

static void
bytes_become_utf8_by_what_they_say_and_by_what_they_are(void **state)
{
	static const struct {
		const char *charset, *bytes, *text;
		bool guessed;
	} cases[] = {
		{ "", "plain", "plain", false },
		{ "", "\xc3\xa4", "\xc3\xa4", false },
		{ "", "\xe4", "\xc3\xa4", true },
		{ "utf-8", "\xe4\x80", "\xc3\xa4\xe2\x82\xac", true },
		{ "ISO-8859-1", "\xe4", "\xc3\xa4", false },
		{ "iso_8859_1", "\xe4", "\xc3\xa4", false },
		{ "Windows-1251", "\xcf", "\xd0\x9f", false },
		{ "SHIFT_JIS", "\x93\xfa", "\xe6\x97\xa5", false },
		{ "GBK", "\xcd\xf5", "\xe7\x8e\x8b", false },
		{ "GBK", "\xff\xff", "\xc3\xbf\xc3\xbf", true }, /* not what it said */
		{ "blabla", "\xe4", "\xc3\xa4", true },
		{ "blabla", "a", "a", true },
		{ "US-ASCII", "\xc3\xa4", "\xc3\xa4", false },
		{ "UTF-7//TRANSLIT", "+AOQ-", "+AOQ-", true },
		{ "", "\x81", "\xef\xbf\xbd", true },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1000);
		bool guessed = false;
		assert_int_equal(charset_decode(&out, span_str(cases[i].bytes),
						span_str(cases[i].charset), &guessed, NULL),
				 0);
		assert_string_equal(buf_str(&out), cases[i].text);
		assert_int_equal(guessed, cases[i].guessed);
	}
}

static void
wide_files_go_to_utf8_and_back(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum charset_form form;
	} files[] = {
		{ "\xff\xfe\x41\x00\xe4\x00", 6, CHARSET_UTF16LE },
		{ "\xfe\xff\x00\x41\x00\xe4", 6, CHARSET_UTF16BE },
		{ "\xff\xfe\0\0\x41\0\0\0\xe4\0\0\0", 12, CHARSET_UTF32LE },
		{ "\0\0\xfe\xff\0\0\0\x41\0\0\0\xe4", 12, CHARSET_UTF32BE },
		{ "\x41\xc3\xa4", 3, CHARSET_BYTES },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		AUTO(buf_clear) struct buf storage = BUF_INIT(1000), again = BUF_INIT(1000);
		struct span file = span_of(files[i].bytes, files[i].n), text;
		enum charset_form form;
		assert_int_equal(charset_open(&text, &form, &storage, file, NULL), 0);
		assert_int_equal(form, files[i].form);
		assert_true(span_equal(text, span_str("A\xc3\xa4")));
		assert_int_equal(charset_close(&again, text, form, NULL), 0);
		assert_true(span_equal(buf_span(&again), file));
	}
}

static void
half_characters_are_replaced(void **state)
{
	AUTO(buf_clear) struct buf storage = BUF_INIT(1000), lone = BUF_INIT(1000);
	enum charset_form form;
	struct span text;

	(void)state;
	/* a lone high surrogate, then A, then half a unit */
	struct span file = span_of("\xff\xfe\x3d\xd8\x41\x00\x42", 7);
	assert_int_equal(charset_open(&text, &form, &storage, file, NULL), 0);
	assert_true(span_equal(text, span_str("\xef\xbf\xbd"
					      "A\xef\xbf\xbd")));
	assert_int_equal(charset_open(&text, &form, &lone, span_of("\xff\xfe", 2), NULL), 0);
	assert_int_equal(text.n, 0);
}

static void
too_large_a_file_is_a_limit(void **state)
{
	AUTO(buf_clear) struct buf storage = BUF_INIT(16);
	enum charset_form form;
	struct span text;
	struct err err = { 0 };

	(void)state;
	struct span file = span_of("\xff\xfe"
				   "0\0"
				   "1\0"
				   "2\0"
				   "3\0"
				   "4\0"
				   "5\0"
				   "6\0"
				   "7\0"
				   "8\0"
				   "9\0"
				   "a\0"
				   "b\0"
				   "c\0"
				   "d\0"
				   "e\0"
				   "f\0"
				   "g\0",
				   36);
	assert_int_equal(charset_open(&text, &form, &storage, file, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_utf8_by_what_they_say_and_by_what_they_are),
		cmocka_unit_test(wide_files_go_to_utf8_and_back),
		cmocka_unit_test(half_characters_are_replaced),
		cmocka_unit_test(too_large_a_file_is_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
