/* SPDX-License-Identifier: Apache-2.0 */
/* series: folders of calendars that keep each series in a file of its own (text_series.h, ical.c). */
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/apps.h"
#include "os_fault.h"

#define HEAD       "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cloudbox//Cloudbox//EN\r\n"
#define TAIL       "END:VCALENDAR\r\n"
#define OTHER_HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n"
#define EVENT(uid) "BEGIN:VEVENT\r\n" uid "DTSTART;TZID=Home:20240102T100000\r\nEND:VEVENT\r\n"
#define A          EVENT("UID:a\r\n")
#define B          EVENT("UID:b\r\n")
#define C          EVENT("UID:c\r\n")
#define C_AGAIN    EVENT("UID:c\r\nRECURRENCE-ID:20240103T100000Z\r\n")
#define A_AGAIN    EVENT("UID:a\r\nRECURRENCE-ID:20240103T100000Z\r\n")
#define UNSAFE     EVENT("UID:../\\;x\r\n")
#define ZONE       "BEGIN:VTIMEZONE\r\nTZID:Home\r\nEND:VTIMEZONE\r\n"

static struct temp t;
static struct app *app;
static struct app_session *s;

static int
setup(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_make(&t);
	assert_int_equal(app_new(&app, "calendar", "ical", t.path, &err), 0);
	return 0;
}

static void
open_app(void)
{
	struct err err = { 0 };

	if (app_session_open(&s, app, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
close_app(void)
{
	app_session_free(s);
	s = NULL;
}

static int
teardown(void **state)
{
	(void)state;
	close_app();
	app_free(app);
	temp_remove(&t);
	return 0;
}

static void
add(struct app_change *changes, const char *const *items, size_t n)
{
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++)
		changes[i] = (struct app_change){ .kind = APP_ADD,
						  .bytes = span_str(items[i]),
						  .name = span_str("x") };
	if (s->adapter->apply(s, changes, n, &err) < 0)
		fail_msg("%s: %s", err.msg, changes[0].err.msg);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(changes[i].result, APP_CHANGE_DONE);
}

static void
take_away(struct app_change *added)
{
	struct app_change c = { .kind = APP_REMOVE,
				.place = added->written,
				.expected = added->bytes };
	struct err err = { 0 };

	if (s->adapter->apply(s, &c, 1, &err) < 0)
		fail_msg("%s: %s", err.msg, c.err.msg);
	app_change_clear(&c);
}

static void
put_two(void)
{
	temp_put_str(&t, "a.ics", OTHER_HEAD ZONE A TAIL);
	temp_put_str(&t, "z.ics", OTHER_HEAD B TAIL);
}

static void
a_series_gets_a_file_and_its_occurrences_go_there(void **state)
{
	static const char *const items[] = { C_AGAIN ZONE, A_AGAIN ZONE, C ZONE };
	struct app_change c[3];

	(void)state;
	put_two();
	temp_put_str(&t, ".cache/c.ics", OTHER_HEAD C TAIL);
	open_app();
	add(c, items, 3);
	temp_assert(&t, "a.ics", OTHER_HEAD ZONE A A_AGAIN TAIL);
	temp_assert(&t, "z.ics", OTHER_HEAD B TAIL);
	temp_assert(&t, "c.ics", HEAD ZONE C_AGAIN C TAIL);
	assert_int_equal(temp_count(&t, "."), 4);
	assert_string_equal(c[0].written.source, "c.ics");
	assert_int_equal(c[0].written.offset, strlen(HEAD ZONE));
	assert_int_equal(c[2].written.offset, strlen(HEAD ZONE C_AGAIN));
	assert_string_equal(c[1].written.source, "a.ics");
	for (size_t i = 0; i < 3; i++)
		app_change_clear(&c[i]);
}

static void
a_portion_later_the_file_that_was_made_takes_the_rest(void **state)
{
	static const char *const first[] = { C ZONE }, *const second[] = { C_AGAIN ZONE };
	struct app_change c[2];
	struct err err = { 0 };

	(void)state;
	put_two();
	temp_put_str(&t, "c.ics", OTHER_HEAD "END:VCALENDAR\r\n"); /* a name that is taken */
	open_app();
	add(&c[0], first, 1);
	add(&c[1], second, 1);
	temp_assert(&t, "c.ics", OTHER_HEAD TAIL);
	temp_assert(&t, "c (from backup).ics", HEAD ZONE C C_AGAIN TAIL);

	/* One after the other goes, and then the file, zone and all. */
	struct app_change gone = { .kind = APP_REMOVE,
				   .place = c[0].written,
				   .expected = span_str(C ZONE) };
	gone.place.stamp = c[1].written.stamp;
	assert_int_equal(s->adapter->apply(s, &gone, 1, &err), 0);
	app_change_clear(&gone);
	temp_assert(&t, "c (from backup).ics", HEAD C_AGAIN ZONE TAIL);
	assert_int_equal(s->adapter->stamp(&c[1].written.stamp, s, "c (from backup).ics", &err), 0);
	c[1].written.offset = strlen(HEAD);
	take_away(&c[1]);
	assert_false(temp_exists(&t, "c (from backup).ics"));
	assert_int_equal(temp_count(&t, "."), 3);
	app_change_clear(&c[0]);
	app_change_clear(&c[1]);
}

static void
a_uid_that_is_no_file_name_is_none(void **state)
{
	static const char *const items[] = { UNSAFE, EVENT("") };
	struct app_change c[2];

	(void)state;
	put_two();
	open_app();
	add(c, items, 2);
	assert_int_equal(temp_count(&t, "."), 4);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(strspn(c[i].written.source, "0123456789abcdef"),
				 strlen(c[i].written.source) - strlen(".ics"));
		take_away(&c[i]);
		app_change_clear(&c[i]);
	}
	assert_int_equal(temp_count(&t, "."), 2);
}

static void
one_file_counts_if_its_uid_is_its_name_and_two_uids_in_a_file_never(void **state)
{
	static const struct {
		const char *name, *text, *other;
		bool apart;
	} cases[] = {
		{ "a.ics", HEAD A A_AGAIN TAIL, NULL, true },
		{ "x.ics", HEAD A TAIL, NULL, false },
		{ "a.ics", HEAD A B TAIL, NULL, false },
		{ "a.ics", HEAD A TAIL, HEAD B EVENT("UID:d\r\n") TAIL, false },
		{ "a.ics", HEAD A TAIL, HEAD B "BEGIN:VTODO\r\nUID:d\r\nEND:VTODO\r\n" TAIL,
		  false },
		{ "x.ics", HEAD A TAIL, HEAD "BEGIN:VTODO\r\nUID:d\r\nEND:VTODO\r\n" TAIL, true },
	};
	static const char *const items[] = { C };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct app_change c;

		teardown(state);
		setup(state);
		temp_put_str(&t, cases[i].name, cases[i].text);
		if (cases[i].other)
			temp_put_str(&t, "other.ics", cases[i].other);
		open_app();
		add(&c, items, 1);
		assert_int_equal(temp_exists(&t, "c.ics"), cases[i].apart);
		app_change_clear(&c);
	}
}

static void
a_series_file_that_became_another_is_left_alone(void **state)
{
	struct app_change c = { .kind = APP_ADD,
				.bytes = span_str(A_AGAIN),
				.name = span_str("x") };
	struct err err = { 0 };
	const char *home = "";

	(void)state;
	put_two();
	open_app();
	assert_int_equal(s->adapter->home(&home, s, &err), 0);
	assert_null(home);
	temp_put_str(&t, "a.ics", HEAD C TAIL);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_CONFLICT);
	temp_assert(&t, "a.ics", HEAD C TAIL);
	app_change_clear(&c);

	static const char *const again[] = { A_AGAIN };
	add(&c, again, 1); /* by now it is known what is there */
	temp_assert(&t, "a.ics", HEAD C TAIL);
	temp_assert(&t, "a (from backup).ics", HEAD A_AGAIN TAIL);
	app_change_clear(&c);
}

static void
whatever_call_fails_there_is_a_whole_file_or_none(void **state)
{
	struct os_fault fault;
	unsigned nth = 0;

	do {
		struct app_change c[] = {
			{ .kind = APP_ADD, .bytes = span_str(C ZONE), .name = span_str("x") },
			{ .kind = APP_ADD, .bytes = span_str(C_AGAIN ZONE), .name = span_str("x") }
		};
		struct err err = { 0 };

		teardown(state);
		setup(state);
		put_two();
		open_app();
		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = s->adapter->apply(s, c, 2, &err);
		os_fault_end(&fault);
		bool is_made = temp_exists(&t, "c.ics");
		if (is_made)
			temp_assert(&t, "c.ics", HEAD ZONE C C_AGAIN TAIL);
		assert_true(is_made || rc < 0);
		assert_int_equal(temp_count(&t, "."), 2 + is_made);
		temp_assert(&t, "a.ics", OTHER_HEAD ZONE A TAIL);
		temp_assert(&t, "z.ics", OTHER_HEAD B TAIL);
		app_change_clear(&c[0]);
		app_change_clear(&c[1]);
	} while (fault.fired);
	assert_true(nth > 10);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_series_gets_a_file_and_its_occurrences_go_there),
		T(a_portion_later_the_file_that_was_made_takes_the_rest),
		T(a_uid_that_is_no_file_name_is_none),
		T(one_file_counts_if_its_uid_is_its_name_and_two_uids_in_a_file_never),
		T(a_series_file_that_became_another_is_left_alone),
		T(whatever_call_fails_there_is_a_whole_file_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
