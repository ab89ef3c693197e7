/* SPDX-License-Identifier: Apache-2.0 */
#include "item/sms_xml.h"

#include <stdio.h>

#include "item/corpus.h"
#include "merge/merge.h"
#include "unit.h"

#define SEEN_MAX ((size_t)16 << 20)
#define SMS      "<sms address=\"+1 555\" date=\"1373942574000\" type=\"1\" body=\"G\""
#define MMS(head, parts)                                                                           \
	"<mms date=\"1373942574000\" msg_box=\"1\" " head ">\n<parts>\n" parts "</parts></mms>"
#define PART(ct, data) "<part ct=\"" ct "\" text=\"null\" data=\"" data "\" />\n"

static struct item *
parse(const char *text)
{
	const struct form *form = strncmp(text, "<call", 5) == 0 ? &form_call : &form_message;
	struct item *it = NULL;
	struct err err = { 0 };

	if (form->parse(&it, span_str(text), "a.xml", 1, NULL, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return it;
}

static void
the_id_says_which_message_it_is(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ SMS "/>", SMS " read=\"1\" contact_name=\"Jane\"></sms>", true },
		{ SMS "/>",
		  "<sms body=\"&#71;\" type=\"1\" date=\"1373942574000\" address=\"+1555\"/>",
		  true },
		{ SMS "/>", "<sms address=\"+1555\" date=\"1373942574321\" type=\"1\" body=\"G\"/>",
		  false },
		{ SMS "/>", "<sms address=\"+1555\" date=\"1373942574000\" type=\"2\" body=\"G\"/>",
		  false },
		{ SMS "/>", "<sms address=\"+1555\" date=\"1373942574000\" type=\"1\" body=\"g\"/>",
		  false },
		{ SMS "/>", "<sms address=\"1555\" date=\"1373942574000\" type=\"1\" body=\"G\"/>",
		  false },
		{ "<sms date=\"1\" body=\"null\"/>", "<sms date=\"1\" body=\"\"/>", false },
		{ "<sms date=\"1\" type=\"4\"/>", "<sms date=\"1\" type=\"5\"/>", true },
		{ "<sms date=\"1\"/>", "<sms date=\"1000\"/>", false },
		{ "<sms/>", "<sms address=\"null\"/>", true },
		{ MMS("m_id=\"x\"", PART("image/png", "AAAA")), MMS("m_id=\"x\"", ""), true },
		{ MMS("m_id=\"x\"", ""), MMS("m_id=\"y\"", ""), false },
		{ MMS("m_id=\"null\" tr_id=\"t\"", ""), MMS("m_id=\"\" tr_id=\"u\"", ""), false },
		{ MMS("", PART("image/png", "AA AA==")),
		  MMS("m_id=\"null\"", PART("image/png", "AAAA")), true },
		{ MMS("", PART("image/png", "AAAA")), MMS("", PART("image/png", "AAAB")), false },
		{ "<call number=\"-1\" date=\"1\" type=\"3\"/>",
		  "<call number=\"-2\" date=\"1\" type=\"3\"/>", false },
		{ "<call number=\"-1\" date=\"1\" type=\"3\"/>",
		  "<call number=\"1\" date=\"1\" type=\"3\"/>", false },
		{ "<call number=\"\" date=\"1\" type=\"3\"/>",
		  "<call number=\"-1\" date=\"1\" type=\"3\"/>", false },
		{ "<call number=\"5\" date=\"1\" type=\"3\" duration=\"0\"/>",
		  "<call duration=\"0\" number=\"5\" date=\"1\" type=\"3\" contact_name=\"x\"/>",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(item_free) struct item *a = parse(cases[i].a);
		AUTO(item_free) struct item *b = parse(cases[i].b);
		if ((strcmp(a->uid, b->uid) == 0) != cases[i].same)
			fail_msg("%zu: %s %s %s", i, cases[i].a, a->uid, b->uid);
	}
}

static void
another_app_s_element_is_a_syntax_error(void **state)
{
	static const struct {
		const struct form *form;
		const char *text;
	} cases[] = {
		{ &form_message, "<call/>" },   { &form_call, "<sms/>" },
		{ &form_call, "<mms></mms>" },  { &form_message, "" },
		{ &form_message, "x" },         { &form_message, "<part/>" },
		{ &form_message, "<sms a=\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct item *it = NULL;
		struct err err = { 0 };
		assert_int_equal(
			cases[i].form->parse(&it, span_str(cases[i].text), "a.xml", 3, NULL, &err),
			-1);
		assert_int_equal(err.code, ERR_SYNTAX);
		assert_non_null(strstr(err.msg, "a.xml:3"));
	}
}

static void
a_part_that_is_lacking_is_added_and_can_be_removed(void **state)
{
	AUTO(item_free)
	struct item *mine =
		parse(MMS("m_id=\"x\"", "<part ct=\"text/plain\" text=\"hi\"></part>\n"));
	AUTO(item_free)
	struct item *theirs = parse(MMS(
		"m_id=\"x\"", "<part ct=\"text/plain\" text=\"hi\"/>\n" PART("image/png", "AAAA")));
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(merge_outcome_clear) struct merge_outcome again = MERGE_OUTCOME_INIT;
	AUTO(buf_clear) struct buf undone = BUF_INIT(SEEN_MAX);
	struct err err = { 0 };
	bool removed = false;

	(void)state;
	assert_int_equal(merge_items(&o, mine, theirs, NULL, &err), 0);
	assert_int_equal(o.result, MERGE_MERGED);
	assert_int_equal(o.n_added, 1);
	assert_non_null(strstr(buf_str(&o.bytes), "data=\"AAAA\" /></parts>"));
	AUTO(item_free) struct item *now = parse(buf_str(&o.bytes));
	assert_int_equal(merge_items(&again, now, theirs, NULL, &err), 0);
	assert_int_equal(again.result, MERGE_IDENTICAL);
	struct field_key key = o.added[0].theirs->stored_key;
	assert_int_equal(merge_remove(&undone, now, &key, 1, &removed, &err), 0);
	assert_true(removed);
	assert_true(span_equal(buf_span(&undone), mine->bytes));
}

static void
a_message_without_a_place_for_parts_has_them_held(void **state)
{
	static const char *const closed[] = {
		"<mms date=\"1\" m_id=\"x\"/>",
		"<mms date=\"1\" m_id=\"x\"><parts/></mms>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
		AUTO(item_free) struct item *mine = parse(closed[i]);
		AUTO(item_free)
		struct item *theirs = parse(MMS("m_id=\"x\"", PART("image/png", "AAAA")));
		AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
		assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
		assert_int_equal(o.n_added, 0);
		assert_int_equal(o.n_held, 1);
		assert_true(span_equal(buf_span(&o.bytes), mine->bytes));
	}
}

/* ---- a file ---- */

struct streamed {
	struct span text;
	size_t at, piece;
	struct buf seen;
};

static int
read_some(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct streamed *s = ctx;

	(void)err;
	*got = s->text.n - s->at;
	if (*got > n)
		*got = n;
	if (s->piece && *got > s->piece)
		*got = s->piece;
	if (*got)
		memcpy(p, s->text.p + s->at, *got);
	s->at += *got;
	return 0;
}

static int
note(void *ctx, const struct text_part *part, struct err *err)
{
	struct streamed *s = ctx;

	assert_memory_equal(part->bytes.p, s->text.p + part->offset, part->bytes.n);
	return buf_append_fmt(&s->seen, err, "%llu+%zu line %u %s\n",
			      (unsigned long long)part->offset, part->bytes.n, part->line,
			      part->bad ? part->bad->msg : "");
}

static struct buf
split(struct span text, text_split_fn *how, size_t window)
{
	struct streamed s = { text, 0, window * 2 / 3, BUF_INIT(SEEN_MAX) };
	struct text_stream from = { &s, read_some, "a.xml", window };
	struct err err = { 0 };

	if (how(&from, note, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s.seen;
}

static void
what_is_broken_is_told_and_its_neighbours_come(void **state)
{
	static const struct {
		const char *text, *seen;
	} cases[] = {
		{ "<smses count=\"9\">\n <sms/>\n<call/><mms>\n</mms></smses>",
		  "19+6 line 2 \n33+12 line 3 \n" },
		{ "<smses>\n<sms/>\n<mms><parts>",
		  "8+6 line 2 \n"
		  "15+12 line 3 a.xml:3:13: expected the end tag of this element, found the end\n"
		  "27+0 line 3 a.xml:3:13: expected the end tag of the file's root, found the "
		  "end\n" },
		{ "<smses></sms><sms/></smses>",
		  "7+6 line 1 a.xml:1:8: expected a start tag before this end tag, found '<'\n"
		  "13+6 line 1 \n" },
		{ "<smses>\n<mms><parts>\n<sms/></smses>",
		  "8+13 line 2 a.xml:3:1: expected the end tag of this element, found '<'\n"
		  "21+6 line 3 \n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(buf_clear)
		struct buf seen = split(span_str(cases[i].text), sms_xml_split_messages, 0);
		assert_string_equal(buf_str(&seen), cases[i].seen);
	}
}

static void
assert_same(void *ctx, const char *path, struct span text)
{
	static const size_t windows[] = { 7, 61, 1000, 30011 };

	(void)ctx;
	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
		for (int calls = 0; calls < 2 && text.n / windows[i] < 3000; calls++) {
			text_split_fn *how = calls ? sms_xml_split_calls : sms_xml_split_messages;
			AUTO(buf_clear) struct buf whole = split(text, how, 0);
			AUTO(buf_clear) struct buf pieces = split(text, how, windows[i]);
			if (!span_equal(buf_span(&pieces), buf_span(&whole)))
				fail_msg("%s by windows of %zu:\n%sinstead of\n%s", path,
					 windows[i], buf_str(&pieces), buf_str(&whole));
		}
}

static void
wherever_windows_end_the_elements_are_the_same(void **state)
{
	static const char *const texts[] = {
		"",
		"<smses",
		"<smses>\n<!-- <sms/> --><sms a='>'/><?p <sms/>?>\n<mms>\n</mms>\n</smses>\n\n",
		"<smses>\n<sms a=\"1\n<sms b=\"2\"/>\n< ><sms/></smses>",
		"text only\n\n<x/><call/>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_same(NULL, texts[i], span_str(texts[i]));
}

static void
real_files_are_split_the_same(void **state)
{
	(void)state;
	if (corpus_each("messages", assert_same, NULL) <= 0 ||
	    corpus_each("calls", assert_same, NULL) <= 0) {
		print_message("no corpus: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
}

static void
a_frame_says_where_elements_go_and_whether_its_count_is_right(void **state)
{
	static const struct {
		const char *text;
		bool whole, has_count;
	} cases[] = {
		{ "<smses count=\"1\"><sms/></smses>", true, true },
		{ "<smses count=\"2\"><sms/><call/></smses>", true, true },
		{ "<smses count=\"12028\"><sms/></smses>", true, false },
		{ "<smses><sms/></smses>", true, false },
		{ "<smses count=\"1\"><sms/>", false, false },
		{ "<smses count=\"0\"/>", false, true },
		{ "<calls count=\"0\"></calls>", false, true },
		{ "<smses></smses><sms/>", false, false },
		{ "<smses></smses><smses></smses>", false, false },
		{ "<smses count=\"1\"><sms/><sms x=\"</smses>", false, false },
		{ "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct streamed s = { .text = span_str(cases[i].text), .seen = BUF_INIT(0) };
		struct text_stream from = { &s, read_some, "a.xml", 0 };
		struct text_frame f;
		assert_int_equal(sms_xml_survey(&f, &from, "smses", NULL), 0);
		if (f.whole != cases[i].whole || f.has_count != cases[i].has_count)
			fail_msg("%s", cases[i].text);
		if (f.whole)
			assert_memory_equal(cases[i].text + f.end_at, "</smses>", 8);
	}
}

static bool
same_under(const struct item_profile *profile, const char *a, const char *b)
{
	AUTO(item_free) struct item *x = NULL;
	AUTO(item_free) struct item *y = NULL;
	unsigned any = 1u << SMS_XML_SMS | 1u << SMS_XML_MMS | 1u << SMS_XML_CALL;
	struct err err = { 0 };

	assert_int_equal(sms_xml_parse(&x, span_str(a), "a", 1, profile, any, &err), 0);
	assert_int_equal(sms_xml_parse(&y, span_str(b), "b", 1, profile, any, &err), 0);
	return strcmp(x->uid, y->uid) == 0;
}

#define AT(date)           "<sms address=\"1\" date=\"" date "\" type=\"1\" body=\"x\"/>"
#define LOG(type)          "<call number=\"1\" date=\"1000\" type=\"" type "\" duration=\"0\"/>"
#define GROUP(head, addrs) "<mms date=\"9\" msg_box=\"1\" " head "><addrs>" addrs "</addrs></mms>"
#define ADDR(a, type)      "<addr address=\"" a "\" type=\"" type "\"/>"

static void
what_an_app_cannot_tell_apart_is_the_same_there_alone(void **state)
{
	static const struct item_profile coarse = { .seconds = true,
						    .conversations = true,
						    .only_missed = true };
	static const struct {
		const char *a, *b;
		bool same; /* under `coarse` */
	} cases[] = {
		{ AT("1373942574000"), AT("1373942574321"), true },
		{ AT("1373942574000"), AT("1373942575000"), false },
		{ LOG("5"), LOG("3"), true },
		{ LOG("6"), LOG("4"), true },
		{ LOG("1"), LOG("3"), false },
		{ GROUP("address=\"1~2\"", ADDR("1", "137")),
		  GROUP("address=\"2~1\"", ADDR("3", "151")), true },
		{ GROUP("address=\"1~2\"", ""), GROUP("address=\"1~3\"", ""), false },
		{ GROUP("", ADDR("1", "137") ADDR("2", "151")), GROUP("address=\"2~1\"", ""),
		  true },
		{ GROUP("m_id=\"a\" address=\"1\"", ""), GROUP("m_id=\"b\" address=\"1\"", ""),
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (same_under(&coarse, cases[i].a, cases[i].b) != cases[i].same)
			fail_msg("%zu", i);
		assert_false(same_under(NULL, cases[i].a, cases[i].b));
	}
	/* An app's own message has one id, whoever reads it. */
	AUTO(item_free) struct item *fine = NULL;
	AUTO(item_free) struct item *seconds = NULL;
	struct err err = { 0 };
	assert_int_equal(
		form_message.parse(&fine, span_str(AT("1373942574000")), "", 1, NULL, &err), 0);
	assert_int_equal(
		form_message.parse(&seconds, span_str(AT("1373942574000")), "", 1, &coarse, &err),
		0);
	assert_string_equal(fine->uid, seconds->uid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_id_says_which_message_it_is),
		cmocka_unit_test(what_an_app_cannot_tell_apart_is_the_same_there_alone),
		cmocka_unit_test(another_app_s_element_is_a_syntax_error),
		cmocka_unit_test(a_part_that_is_lacking_is_added_and_can_be_removed),
		cmocka_unit_test(a_message_without_a_place_for_parts_has_them_held),
		cmocka_unit_test(what_is_broken_is_told_and_its_neighbours_come),
		cmocka_unit_test(wherever_windows_end_the_elements_are_the_same),
		cmocka_unit_test(real_files_are_split_the_same),
		cmocka_unit_test(a_frame_says_where_elements_go_and_whether_its_count_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
