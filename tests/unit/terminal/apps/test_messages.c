/* SPDX-License-Identifier: Apache-2.0 */
/* messages: files of messages and calls, written within their root (text_app.h, sms_xml.c). */
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "apps/apps.h"
#include "os_fault.h"

#define A       "<sms address=\"1\" date=\"1\" type=\"1\" body=\"a\"/>"
#define B       "<sms address=\"1\" date=\"2\" type=\"1\" body=\"b\"></sms>"
#define C       "<sms address=\"1\" date=\"3\" type=\"1\" body=\"c\"/>"
#define CALL    "<call number=\"1\" date=\"1\" type=\"1\" duration=\"0\"/>"
#define HEAD(n) "<?xml version='1.0'?>\n<smses count=\"" n "\">\n"
#define TAIL    "</smses>\n"

static struct temp t;
static struct app *app;
static struct app_session *s;

static int
setup(void **state)
{
	(void)state;
	temp_make(&t);
	return 0;
}

static void
open_app(const char *adapter, const char *path)
{
	struct err err = { 0 };
	char full[4200];

	snprintf(full, sizeof full, "%s/%s", t.path, path);
	assert_int_equal(app_new(&app, "messages", adapter, full, &err), 0);
	if (app_session_open(&s, app, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
close_app(void)
{
	app_session_free(s);
	app_free(app);
	s = NULL;
	app = NULL;
}

static int
teardown(void **state)
{
	(void)state;
	close_app();
	temp_remove(&t);
	return 0;
}

/* What a scan gave. */
struct found {
	char source[100];
	struct app_place place;
	char bytes[200];
};

static struct found items[16];
static size_t n_items, n_refused;

static int
take_item(void *ctx, const struct app_item *item, struct err *err)
{
	struct found *f = &items[n_items++];

	(void)ctx;
	(void)err;
	assert_true(n_items < 16);
	snprintf(f->source, sizeof f->source, "%s", item->place.source);
	f->place = item->place;
	f->place.source = f->source;
	snprintf(f->bytes, sizeof f->bytes, "%.*s", SPAN_ARGS(item->bytes));
	return 0;
}

static int
take_refused(void *ctx, const struct app_refused *r, struct err *err)
{
	(void)ctx;
	(void)r;
	(void)err;
	n_refused++;
	return 0;
}

static int
take_source(void *ctx, const struct app_source *source, struct err *err)
{
	return s->adapter->read_source(s, source, take_item, take_refused, ctx, err);
}

static void
scan(void)
{
	struct err err = { 0 };

	n_items = n_refused = 0;
	if (s->adapter->sources(s, take_source, take_refused, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct app_change
addition(const char *bytes)
{
	return (struct app_change){ .kind = APP_ADD,
				    .bytes = span_str(bytes),
				    .name = span_str("x") };
}

static struct app_change
removal(const struct found *f)
{
	return (struct app_change){ .kind = APP_REMOVE,
				    .place = f->place,
				    .expected = span_str(f->bytes) };
}

static void
apply(struct app_change *changes, size_t n)
{
	struct err err = { 0 };

	if (s->adapter->apply(s, changes, n, &err) < 0)
		fail_msg("%s: %s", err.msg, changes[0].err.msg);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(changes[i].result, APP_CHANGE_DONE);
}

static void
what_is_added_comes_before_the_end_tag_and_goes_again(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{ HEAD("1") "  " A "\n" TAIL, HEAD("3") "  " A "\n" B "\n" C "\n" TAIL },
		{ HEAD("9") "  " A "\n" TAIL, HEAD("9") "  " A "\n" B "\n" C "\n" TAIL },
		{ "<smses>" A "</smses>", "<smses>" A B C "</smses>" },
		{ "<smses count='9'>" A A A A A A A A A "</smses>",
		  "<smses count='11'>" A A A A A A A A A B C "</smses>" },
		{ "<smses count=\"0\">\r\n</smses>",
		  "<smses count=\"2\">\r\n" B "\r\n" C "\r\n</smses>" },
		{ "<smses count=\"2\">\n" A "\n" CALL "\n" TAIL,
		  "<smses count=\"4\">\n" A "\n" CALL "\n" B "\n" C "\n" TAIL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct app_change add[] = { addition(B), addition(C) };
		struct app_change gone[2];
		temp_put_str(&t, "a.xml", cases[i].before);
		open_app("sms-xml", "a.xml");
		scan();
		size_t n = n_items;
		apply(add, 2);
		temp_assert(&t, "a.xml", cases[i].after);
		scan();
		assert_int_equal(n_items, n + 2);
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(add[k].written.offset, items[n + k].place.offset);
			assert_int_equal(add[k].written.size, items[n + k].place.size);
			gone[k] = removal(&items[n + k]);
			app_change_clear(&add[k]);
		}
		apply(gone, 2);
		temp_assert(&t, "a.xml", cases[i].before);
		app_change_clear(&gone[0]);
		app_change_clear(&gone[1]);
		close_app();
	}
}

static void
an_app_that_is_one_cut_file_refuses(void **state)
{
	static const char *const texts[] = { HEAD("1") A, "", "<calls></calls>",
					     HEAD("1") A "<sms body=\"" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct app_change c = addition(B);
		struct err err = { 0 };
		temp_put_str(&t, "a.xml", texts[i]);
		open_app("sms-xml", "a.xml");
		assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
		assert_int_equal(c.err.code, ERR_UNSUPPORTED);
		temp_assert(&t, "a.xml", texts[i]);
		assert_int_equal(temp_count(&t, "."), 1);
		app_change_clear(&c);
		close_app();
	}
}

static void
a_folder_s_newest_whole_file_takes_what_comes(void **state)
{
	struct app_change c = addition(CALL), d = addition(B);

	(void)state;
	temp_put_str(&t, "1.xml", HEAD("1") A "\n" TAIL);
	temp_put_str(&t, "2.xml", HEAD("0") TAIL);
	temp_put_str(&t, "3.xml", HEAD("0"));
	open_app("sms-xml", ".");
	scan();
	assert_int_equal(n_items, 1);
	assert_int_equal(n_refused, 1);
	apply(&d, 1);
	temp_assert(&t, "2.xml", HEAD("1") B "\n" TAIL);
	app_change_clear(&d);
	close_app();

	open_app("calls-xml", "."); /* none is a file of calls */
	apply(&c, 1);
	temp_assert(&t, "calls.xml",
		    "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"
		    "<calls count=\"1\">\n" CALL "\n</calls>\n");
	app_change_clear(&c);
	scan();
	assert_int_equal(n_items, 1);
	assert_string_equal(items[0].source, "calls.xml");
	assert_int_equal(temp_count(&t, "."), 4);
}

static void
a_file_that_moved_is_left_alone(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a.xml", HEAD("2") A "\n" B "\n" TAIL);
	open_app("sms-xml", "a.xml");
	scan();
	struct app_change c = removal(&items[0]);
	temp_put_str(&t, "a.xml", HEAD("2") C "\n" B "\n" TAIL);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_CONFLICT);
	temp_assert(&t, "a.xml", HEAD("2") C "\n" B "\n" TAIL);
	app_change_clear(&c);
}

static void
whatever_call_fails_the_file_is_the_old_or_the_new_one(void **state)
{
	const char *before = HEAD("1") "  " A "\n" TAIL, *after = HEAD("2") "  " A "\n" B "\n" TAIL;
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	do {
		struct app_change c = addition(B);
		struct err err = { 0 };
		struct stat st;

		temp_put_str(&t, "a.xml", before);
		open_app("sms-xml", "a.xml");
		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = s->adapter->apply(s, &c, 1, &err);
		os_fault_end(&fault);
		if (fault.fired && rc == 0)
			fail_msg("call %u failed unnoticed", nth);
		assert_int_equal(rc == 0, c.result == APP_CHANGE_DONE);
		assert_int_equal(fstatat(t.fd, "a.xml", &st, 0), 0);
		bool is_new = (size_t)st.st_size == strlen(after);
		assert_true(is_new || rc < 0);
		temp_assert(&t, "a.xml", is_new ? after : before);
		app_change_clear(&c);
		close_app();
		assert_int_equal(temp_count(&t, "."), 1);
	} while (fault.fired);
	assert_true(nth > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_added_comes_before_the_end_tag_and_goes_again, setup, teardown),
		cmocka_unit_test_setup_teardown(an_app_that_is_one_cut_file_refuses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_folder_s_newest_whole_file_takes_what_comes,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_moved_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			whatever_call_fails_the_file_is_the_old_or_the_new_one, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
