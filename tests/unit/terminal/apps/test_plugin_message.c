/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_message: what a plug-in's lines say, and what they cannot say; its ids as numbers. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/apps.h"
#include "apps/plugin_ids.h"
#include "apps/plugin_message.h"

#define HELLO "\"cloudbox\":1,\"name\":\"Notes\",\"type\":\"text/x-cloudbox-record\""

static void
a_hello_says_what_the_items_are(void **state)
{
	AUTO(plugin_hello_clear) struct plugin_hello h = { .form = NULL };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(plugin_hello_parse(&h,
					    span_str("{" HELLO ",\"single\":[\"title\",\"X-1\"],"
						     "\"drops\":[],\"writes\":true,\"more\":1}"),
					    &err),
			 0);
	assert_string_equal(h.name, "Notes");
	assert_ptr_equal(h.form, &form_record);
	assert_string_equal(h.single[0], "TITLE");
	assert_string_equal(h.single[1], "X-1");
	assert_null(h.single[2]);
	assert_null(h.drops[0]);
	assert_true(h.writes && !h.matches);
}

static void
what_is_no_hello_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *line;
		enum err_code code;
		const char *said;
	} cases[] = {
		{ "", ERR_SYNTAX, "its answer is not one JSON object on a line" },
		{ "{" HELLO "} x", ERR_SYNTAX, "its answer is not one JSON object on a line" },
		{ "{\"a\":\"\xff\"}", ERR_SYNTAX, "its answer is not one JSON object on a line" },
		{ "{\"a\":[[[[[[[[[[]]]]]]]]]]}", ERR_SYNTAX,
		  "its answer is not one JSON object on a line" },
		{ "{}", ERR_SYNTAX, "its answer has no good \"cloudbox\"" },
		{ "{\"cloudbox\":\"1\"}", ERR_SYNTAX, "its answer has no good \"cloudbox\"" },
		{ "{\"cloudbox\":2}", ERR_UNSUPPORTED,
		  "it speaks version 2 of the protocol, not 1" },
		{ "{\"cloudbox\":1}", ERR_SYNTAX, "its answer has no good \"name\"" },
		{ "{\"cloudbox\":1,\"name\":\"x\",\"type\":\"text/none\"}", ERR_UNSUPPORTED,
		  "its items are of a type that is not known here" },
		{ "{" HELLO ",\"single\":\"TITLE\"}", ERR_SYNTAX,
		  "its answer has no good \"single\"" },
		{ "{" HELLO ",\"drops\":[\"a b\"]}", ERR_SYNTAX,
		  "its answer has no good \"drops\"" },
		{ "{\"error\":\"no\\u0001 way\",\"code\":\"full\"}", ERR_FULL, "no  way" },
		{ "{\"error\":\"no way\",\"code\":\"what\"}", ERR_IO, "no way" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(plugin_hello_clear) struct plugin_hello h = { .form = NULL };
		struct err err = { 0 };

		assert_int_equal(plugin_hello_parse(&h, span_str(cases[i].line), &err), -1);
		assert_string_equal(err.msg, cases[i].said);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void
answers_say_what_they_say(void **state)
{
	static const struct {
		const char *line;
		enum plugin_says says;
		const char *id, *bytes;
	} cases[] = {
		{ "{\"ok\":true}", PLUGIN_OK, "", "" },
		{ "{\"gone\":true}", PLUGIN_GONE, "", "" },
		{ "{\"id\":\"a\"}", PLUGIN_ID, "a", "" },
		{ "{\"end\":0}", PLUGIN_END, "", "" },
		{ "{\"revision\":\"r\"}", PLUGIN_REVISION, "r", "" },
		{ "{\"refused\":\"no\"}", PLUGIN_REFUSED, "", "" },
		{ "{\"error\":\"no\"}", PLUGIN_ERROR, "", "" },
		{ "{\"item\":{\"id\":\"a\",\"fields\":{\"tag\":[\"y\",\"x\"],\"B\":\"1\\n2\",\"A\":"
		  "\"\"}}}",
		  PLUGIN_ITEM, "a",
		  "BEGIN:VITEM\r\nVERSION:1.0\r\nUID:a\r\nA:\r\nB:1\\n2\r\nTAG:y\r\nTAG:x\r\nEND:"
		  "VITEM\r\n" },
		{ "{\"item\":{\"id\":\"a\",\"uid\":\"u\",\"fields\":{}}}", PLUGIN_ITEM, "a",
		  "BEGIN:VITEM\r\nVERSION:1.0\r\nUID:u\r\nEND:VITEM\r\n" },
	};
	AUTO(plugin_answer_clear) struct plugin_answer a = PLUGIN_ANSWER_INIT;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct err err = { 0 };

		assert_int_equal(
			plugin_answer_parse(&a, &form_record, span_str(cases[i].line), &err), 0);
		assert_int_equal(a.says, cases[i].says);
		assert_string_equal(buf_str(&a.id), cases[i].id);
		assert_string_equal(buf_str(&a.bytes), cases[i].bytes);
	}
}

static void
answers_that_cannot_be_are_refused(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"ok\":false}",
		"{\"id\":5}",
		"{\"id\":\"\"}",
		"{\"end\":-1}",
		"{\"end\":\"1\"}",
		"{\"revision\":\"\"}",
		"{\"item\":[]}",
		"{\"item\":{\"fields\":{}}}",
		"{\"item\":{\"id\":\"a\"}}",
		"{\"item\":{\"id\":\"a\",\"fields\":[]}}",
		"{\"item\":{\"id\":\"a\",\"uid\":\"\",\"fields\":{}}}",
		"{\"item\":{\"id\":\"a\",\"uid\":5,\"fields\":{}}}",
		"{\"item\":{\"id\":\"a\",\"fields\":{\"A\":1}}}",
		"{\"item\":{\"id\":\"a\",\"fields\":{\"A\":[null]}}}",
		"{\"item\":{\"id\":\"a\",\"fields\":{\"A\":\"\\u0000\"}}}",
		"{\"item\":{\"id\":\"a\",\"fields\":{\"\":\"x\"}}}",
		"{\"item\":{\"id\":\"a\",\"fields\":{\"UID\":\"x\"}}}",
	};
	AUTO(plugin_answer_clear) struct plugin_answer a = PLUGIN_ANSWER_INIT;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct err err = { 0 };

		assert_int_equal(plugin_answer_parse(&a, &form_record, span_str(cases[i]), &err),
				 -1);
		assert_int_equal(err.code, ERR_SYNTAX);
	}
}

static void
a_record_is_told_with_single_fields_as_texts_and_others_as_lists(void **state)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);
	const char *single[] = { "TITLE", NULL };
	struct plugin_hello h = { .form = &form_record, .single = single };
	const char *item =
		"BEGIN:VITEM\r\nVERSION:1.0\r\nUID:u\r\nTITLE:a\\nb\r\nTAG:x\r\nTAG:y/\r\n"
		"END:VITEM\r\n";
	struct err err = { 0 };

	(void)state;
	assert_int_equal(plugin_change_print(&out, &h, "add", span_str(""), span_str(""),
					     span_str(item), &err),
			 0);
	assert_string_equal(buf_str(&out),
			    "{\"do\":\"add\",\"item\":{\"fields\":{\"TITLE\":\"a\\nb\",\"TAG\":"
			    "[\"x\",\"y/\"]},\"uid\":\"u\"}}\n");
	h.form = &form_card;
	buf_reset(&out);
	assert_int_equal(plugin_change_print(&out, &h, "replace", span_str("1"), span_str("old"),
					     span_str("new"), &err),
			 0);
	assert_string_equal(buf_str(&out), "{\"do\":\"replace\",\"id\":\"1\",\"was\":{\"text\":"
					   "\"old\"},\"item\":{\"text\":\"new\"}}\n");
	assert_int_equal(plugin_change_print(&out, &h, "add", span_str(""), span_str(""),
					     span_str("\xff"), &err),
			 -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void
each_id_has_a_number_for_ever(void **state)
{
	AUTO(plugin_ids_clear) struct plugin_ids ids = PLUGIN_IDS_INIT;
	AUTO(free) int64_t *numbers = NULL;
	int64_t number, first = 0;
	char id[20];
	struct err err;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(id, sizeof id, "note-%u", i);
		assert_int_equal(plugin_ids_add(&number, &ids, span_str(id), &err), 0);
		assert_true(number >= 0);
		first = i == 0 ? number : first;
	}
	assert_int_equal(plugin_ids_add(&number, &ids, span_str("note-0"), &err), PLUGIN_ID_THERE);
	assert_int_equal(number, first);
	assert_int_equal(first, INT64_C(4758700824643184406)); /* stored in boxes */
	assert_true(span_equal(plugin_ids_get(&ids, first), span_str("note-0")));
	assert_int_equal(plugin_ids_get(&ids, first + 1).n, 0);
	numbers = plugin_ids_sorted(&ids);
	assert_int_equal(ids.n, 5000);
	for (size_t i = 1; i < ids.n; i++)
		assert_true(numbers[i - 1] < numbers[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_says_what_the_items_are),
		cmocka_unit_test(what_is_no_hello_is_refused_with_a_reason),
		cmocka_unit_test(answers_say_what_they_say),
		cmocka_unit_test(answers_that_cannot_be_are_refused),
		cmocka_unit_test(a_record_is_told_with_single_fields_as_texts_and_others_as_lists),
		cmocka_unit_test(each_id_has_a_number_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
