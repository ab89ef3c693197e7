/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/server_info.h"

#include "unit.h"

static void
a_server_says_who_it_is_and_what_it_takes(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(SERVER_INFO_BYTES_MAX);
	struct server_info i, got;

	(void)state;
	server_info_default(&i);
	i.unix_ms = 1700000000123;
	i.batch_records = 500;
	strcpy(i.name, "Familie \"M\"");
	strcpy(i.version, "0.1.0");
	assert_int_equal(server_info_print(&b, &i, NULL), 0);
	assert_int_equal(server_info_parse(&got, buf_span(&b), NULL), 0);
	assert_string_equal(got.name, i.name);
	assert_string_equal(got.version, "0.1.0");
	assert_true(got.suite_1);
	assert_int_equal(got.unix_ms, i.unix_ms);
	assert_int_equal(got.batch_records, 500);
	assert_int_equal(got.batch_bytes, 8 << 20);
	assert_int_equal(got.folders, 1024);
}

static void
a_limit_is_never_higher_than_ours(void **state)
{
	struct server_info i;

	(void)state;
	assert_int_equal(server_info_parse(&i,
					   span_str("{\"time\":\"2026-11-25T20:52:33Z\","
						    "\"suites\":[2],\"limits\":{\"batch_bytes\":"
						    "999999999,\"have_ids\":-1,\"devices\":\"x\","
						    "\"chunk_bytes\":65536},\"new\":null}"),
					   NULL),
			 0);
	assert_int_equal(i.batch_bytes, 8 << 20);
	assert_int_equal(i.have_ids, 4096);
	assert_int_equal(i.devices, 64);
	assert_int_equal(i.chunk_bytes, 65536);
	assert_false(i.suite_1);
}

static void
other_answers_are_no_server_of_ours(void **state)
{
	static const char *const cases[] = {
		"", "<html>", "[]", "{}", "{\"time\":1}", "{\"time\":\"yesterday\"}", "{\"time\":",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct server_info got;
		struct err err;

		assert_int_equal(server_info_parse(&got, span_str(cases[i]), &err), -1);
		assert_int_equal(err.code, ERR_SYNTAX);
		assert_string_equal(err.msg, "this is no Cloudbox server");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_says_who_it_is_and_what_it_takes),
		cmocka_unit_test(a_limit_is_never_higher_than_ours),
		cmocka_unit_test(other_answers_are_no_server_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
