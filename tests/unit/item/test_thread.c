/* SPDX-License-Identifier: Apache-2.0 */
/* With whom a message was exchanged, however it says so, and what a person may call that. */
#include "item/thread.h"

#include <stdio.h>

#include "unit.h"

static const struct {
	const char *message, *thread, *party;
} messages[] = {
	{ "<sms address='+1 (555) 000-1' date='1' type='1' body='x' contact_name='Ann'/>",
	  "+15550001", "Ann" },
	{ "<sms address='+15550001' date='1' type='2' body='x' contact_name='(Unknown)'/>",
	  "+15550001", "" },
	{ "<sms address='null' date='1' type='3' body='draft'/>", "", "" },
	{ "<sms address='-1' date='1' type='1' body='x'/>", "-1", "" },
	{ "<mms address='+2~+1~+2' date='1' msg_box='2'><parts/></mms>", "+1~+2", "" },
	{ "<mms address='Ann@Example.org' date='1' msg_box='1'/>", "ann@example.org", "" },
	/* nobody but the sender, and the phone itself */
	{ "<mms date='1' msg_box='1'><addrs><addr address='+1' type='137'/>"
	  "<addr address='+9' type='151'/></addrs></mms>",
	  "+1", "" },
	/* sent: the phone's own number is the sender's, if it is there at all */
	{ "<mms date='1' msg_box='2'><addrs><addr address='+9' type='137'/>"
	  "<addr address='+2' type='151'/><addr address='+1' type='130'/></addrs></mms>",
	  "+1~+2", "" },
	{ "<mms date='1' msg_box='2'><addrs><addr address='insert-address-token' type='137'/>"
	  "<addr address='+2' type='151'/></addrs></mms>",
	  "+2", "" },
	{ "<mms date='1' msg_box='1'/>", "", "" },
};

static void
a_message_is_in_the_thread_of_its_other_parties(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(messages); i++) {
		AUTO(buf_clear) struct buf thread = BUF_INIT(1000);
		AUTO(buf_clear) struct buf party = BUF_INIT(1000);
		AUTO(item_free) struct item *it = NULL;
		struct err err = { 0 };

		if (form_message.parse(&it, span_str(messages[i].message), "a.xml", 1, NULL, &err) <
			    0 ||
		    item_thread(&thread, &party, it, &err) < 0)
			fail_msg("%zu: %s", i, err.msg);
		assert_string_equal(buf_str(&thread), messages[i].thread);
		assert_string_equal(buf_str(&party), messages[i].party);
	}
}

static bool
at_home_in_us(char out[static 32], struct span number, const char *region)
{
	(void)region;
	return snprintf(out, 32, "+1%.*s", SPAN_ARGS(number)) < 32;
}

static const struct {
	const char *typed, *thread, *party;
	bool fits, at_home;
} wishes[] = {
	{ "+1 555-0001", "+15550001", "", true, false },
	{ "5550001", "+15550001", "", false, false },
	{ "5550001", "+15550001", "", true, true },
	{ "+15550001", "5550001", "", true, true },
	{ "+2, +1", "+1~+2", "", true, false },
	{ "+1", "+1~+2", "", false, false },
	{ "ann", "+1", "Ann", true, false },
	{ "Ann", "+1~+2", "Ann, Bob", false, false },
	{ "安娜", "+1", "安娜", true, false },
	{ "", "", "", false, false },
	{ "", "+1", "", false, false },
	{ "Ann", "", "Ann", false, false },
};

static void
a_thread_is_meant_by_its_numbers_or_its_name(void **state)
{
	const struct key_rules home = { "US", at_home_in_us }, nowhere = { 0 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(wishes); i++) {
		AUTO(thread_wish_clear) struct thread_wish w = { 0 };
		struct err err = { 0 };
		int fits;

		assert_int_equal(thread_wish_init(&w, span_str(wishes[i].typed),
						  wishes[i].at_home ? &home : &nowhere, &err),
				 0);
		fits = thread_wish_fits(&w, span_str(wishes[i].thread), span_str(wishes[i].party),
					&err);
		if (fits != wishes[i].fits)
			fail_msg("%zu: %d for \"%s\"", i, fits, wishes[i].typed);
	}
}

static void
a_thread_of_too_many_is_refused(void **state)
{
	AUTO(buf_clear) struct buf many = BUF_INIT(100000);
	AUTO(buf_clear) struct buf thread = BUF_INIT(100000);
	AUTO(buf_clear) struct buf message = BUF_INIT(100000);
	AUTO(item_free) struct item *it = NULL;
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i <= THREAD_MEMBERS_MAX; i++)
		assert_int_equal(buf_append_fmt(&many, &err, "+%d~", i), 0);
	assert_int_equal(thread_of(&thread, buf_span(&many), NULL, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	buf_reset(&thread);
	buf_reset(&message);
	assert_int_equal(
		buf_append_fmt(&message, &err, "<sms address='%s' body='x'/>", buf_str(&many)), 0);
	assert_int_equal(form_message.parse(&it, buf_span(&message), "a.xml", 1, NULL, &err), 0);
	assert_int_equal(item_thread(&thread, &message, it, &err), 0);
	assert_int_equal(thread.n, 0); /* it is a message all the same */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_in_the_thread_of_its_other_parties),
		cmocka_unit_test(a_thread_is_meant_by_its_numbers_or_its_name),
		cmocka_unit_test(a_thread_of_too_many_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
