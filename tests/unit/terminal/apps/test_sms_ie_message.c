/* SPDX-License-Identifier: Apache-2.0 */
/* sms_ie_message: what a message of SMS Import / Export says as an element; JSON of all kinds. */
#include "temp.h"
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/plugin_message.h"
#include "apps/sms_ie_message.h"
#include "item/form.h"
#include "os/os.h"

static int
data_of(void *ctx, struct buf *out, struct span name, struct err *err)
{
	(void)ctx;
	return span_equal(name, span_str("PART_1")) ? buf_append_str(out, "abc", err) : 1;
}

static const struct sms_ie_data data = { NULL, data_of };

static void
a_message_becomes_the_element_that_says_the_same(void **state)
{
	static const struct {
		const char *json, *element;
		int64_t date;
	} cases[] = {
		{ "{\"_id\":\"1\",\"address\":\"+1\",\"date\":\"1500\",\"type\":\"1\",\"body\":\"a<"
		  "b\",\"thread_id\":\"5\"}",
		  "<sms address=\"+1\" date=\"1500\" type=\"1\" body=\"a&#60;b\"/>", 1500 },
		{ "{\"type\":2,\"body\":null,\"address\":\"\",\"__display_name\":\"Bo\",\"x "
		  "y\":\"1\"}",
		  "<sms type=\"2\" address=\"\" contact_name=\"Bo\"/>", 0 },
		{ "{\"date\":\"1609470000\",\"msg_box\":\"1\",\"__sender_address\":{\"address\":\"+"
		  "7\",\"type\":\"137\"},"
		  "\"__parts\":[{\"_id\":\"4\",\"seq\":\"0\",\"_data\":\"/x/"
		  "PART_1\"},{\"_data\":\"../none\",\"text\":\"t\"}]}",
		  "<mms date=\"1609470000000\" msg_box=\"1\" address=\"+7\"><parts><part seq=\"0\" "
		  "data=\"YWJj\"/>"
		  "<part text=\"t\"/></parts><addrs><addr address=\"+7\" "
		  "type=\"137\"/></addrs></mms>",
		  INT64_C(1609470000000) },
		{ "{\"msg_box\":\"2\",\"recipient_addresses\":[{\"address\":\"+7\"},{\"address\":"
		  "\"+8\"}],"
		  "\"parts\":[{\"binary_data\":\"YWJj\"}]}",
		  "<mms msg_box=\"2\" address=\"+7~+8\"><parts><part data=\"YWJj\"/></parts>"
		  "<addrs><addr address=\"+7\"/><addr address=\"+8\"/></addrs></mms>",
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1 << 16);
		struct err err = { 0 };
		int64_t date;

		assert_int_equal(sms_ie_print(&out, &date, span_str(cases[i].json), &data, &err),
				 0);
		assert_string_equal(buf_str(&out), cases[i].element);
		assert_int_equal(date, cases[i].date);
	}
}

static void
what_is_no_message_is_refused(void **state)
{
	static const char *const cases[] = { "{}", "[]", "{\"a\":1}", "{\"type\":\"1\"}",
					     "{\"type\":" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1 << 16);
		struct err err = { 0 };
		int64_t date;

		assert_int_equal(sms_ie_print(&out, &date, span_str(cases[i]), &data, &err), -1);
		assert_int_equal(err.code, ERR_SYNTAX);
	}
}

/* ---- real JSON, good and bad ---- */

struct text {
	struct span all;
	size_t at;
};

static int
read_some(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct text *t = ctx;

	(void)err;
	*got = t->all.n - t->at < n ? t->all.n - t->at : n;
	memcpy(p, t->all.p + t->at, *got);
	t->at += *got;
	return 0;
}

static int
on_object(void *ctx, const struct text_part *part, struct err *err)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1 << 20);
	struct err why = { 0 };
	int64_t date;

	(void)ctx;
	(void)err;
	if (!part->bad && sms_ie_print(&out, &date, part->bytes, &data, &why) < 0)
		assert_int_equal(why.code, ERR_SYNTAX);
	return 0;
}

static void
no_json_harms_anything(void **state)
{
	const char *folder = corpus("generic/json-test-suite");
	DIR *dir = opendir(folder);
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)); n++) {
		AUTO(buf_clear) struct buf raw = BUF_INIT(1 << 24);
		AUTO(plugin_answer_clear) struct plugin_answer a = PLUGIN_ANSWER_INIT;
		struct err err = { 0 };

		if (!strstr(e->d_name, ".json"))
			continue;
		assert_int_equal(os_read_file(dirfd(dir), e->d_name, &raw, &err), 0);
		struct text t = { .all = buf_span(&raw) };
		struct text_stream stream = { .ctx = &t, .read = read_some, .source = "x" };
		assert_int_equal(sms_ie_split(&stream, on_object, NULL, &err), 0);
		int rc = plugin_answer_parse(&a, &form_record, buf_span(&raw), &err);
		assert_true(rc < 0 ? err.code == ERR_SYNTAX : e->d_name[0] == 'y');
	}
	closedir(dir);
	assert_true(n > 300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_becomes_the_element_that_says_the_same),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(no_json_harms_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
