/* SPDX-License-Identifier: Apache-2.0 */
/* Which items an expression means, what it says where it is wrong, and the laws of not, and and or. */
#include "item/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "item/form.h"
#include "unit.h"

/* An item in a few words, and its form's bytes. */
struct thing {
	const char *what, *name, *path, *type, *taken, *thread, *party;
	uint64_t size;
	int64_t at_unix_ms;
	const struct form *form;
	const char *bytes;
};

#define DAY_MS    INT64_C(86400000)
#define NOW       INT64_C(1779235200000) /* 2026-05-20T00:00:00Z */
#define CARD(...) "BEGIN:VCARD\r\nVERSION:3.0\r\n" __VA_ARGS__ "END:VCARD\r\n"

static const struct thing things[] = {
	{ .what = "ada",
	  .name = "Ada Lovelace",
	  .path = "family/ada.vcf",
	  .type = "text/vcard",
	  .size = 300,
	  .at_unix_ms = NOW - 40 * DAY_MS,
	  .form = &form_card,
	  .bytes = CARD("FN:Ada Lovelace\r\nTEL;TYPE=CELL:+49 30 123-456\r\n"
			"EMAIL:Ada@Example.org\r\nCATEGORIES:Family,Close friends\r\n"
			"IMPP:xmpp:ada@chat.example\r\nNOTE:met in Oslo\r\n") },
	{ .what = "bob",
	  .name = "Bob",
	  .path = "contacts.vcf",
	  .type = "text/vcard",
	  .size = 90,
	  .at_unix_ms = NOW - 2 * DAY_MS,
	  .form = &form_card,
	  .bytes = CARD("FN:Bob\r\nTEL:030 123456\r\nCATEGORIES:Work\r\n"
			"REV:2026-05-18T23:30:00Z\r\n") },
	{ .what = "photo",
	  .name = "IMG_1.jpg",
	  .path = "DCIM/Camera/IMG_1.jpg",
	  .type = "image/jpeg",
	  .taken = "2026-05-03T23:59:59+02:00",
	  .size = 4800000,
	  .at_unix_ms = NOW },
	{ .what = "film",
	  .name = "Über.mp4",
	  .path = "Videos/Über.mp4",
	  .type = "video/mp4",
	  .size = UINT64_C(2000000000),
	  .at_unix_ms = NOW - 400 * DAY_MS },
	{ .what = "sms",
	  .name = "Ann: hello",
	  .path = "sms.xml",
	  .type = "application/vnd.cloudbox.message",
	  .thread = "+49301~+49302",
	  .party = "Ann, Bo",
	  .size = 80,
	  .at_unix_ms = NOW - 19 * DAY_MS, /* 2026-05-01T00:00Z: already May in Berlin */
	  .form = &form_message,
	  .bytes = "<sms address='+49301~+49302' date='1' type='1' body='Hello from OSLO'/>" },
	{ .what = "event",
	  .name = "Lunch",
	  .path = "calendar.ics",
	  .type = "text/calendar",
	  .size = 120,
	  .at_unix_ms = NOW - 300 * DAY_MS,
	  .form = &form_event,
	  .bytes = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Oslo:20260501T100000\r\n"
		   "SUMMARY:Lunch\r\nATTENDEE:mailto:bob@example.org\r\nEND:VEVENT\r\n" },
	{ .what = "bookmark",
	  .name = "Fjords",
	  .path = "places.sqlite",
	  .type = "application/vnd.cloudbox.bookmark",
	  .size = 60,
	  .form = &form_bookmark,
	  .bytes = "BEGIN:VBKM\r\nVERSION:1.0\r\nFOLDER:toolbar/Travel/Nor%2Fway\r\n"
		   "URL:https://example.org/\r\nTITLE:Fjords\r\nTAG:Trips\r\n"
		   "ADDED:2026-04-30T22:30:00.000Z\r\nEND:VBKM\r\n" },
	{ .what = "nothing", .name = "", .path = "x" },
};

/* Berlin in summer, all year round. */
static int64_t
two_hours_east(int64_t at_unix_ms)
{
	(void)at_unix_ms;
	return 7200;
}

static bool
at_home_in_germany(char out[static 32], struct span number, const char *region)
{
	(void)region;
	if (number.n < 4 || number.p[0] != '0' || number.p[1] == '0')
		return false;
	number = span_skip(number, 1);
	return snprintf(out, 32, "+49%.*s", SPAN_ARGS(number)) < 32;
}

static const struct key_rules rules = { "DE", at_home_in_germany };
static const struct where_clock clock_ = { NOW, two_hours_east };

static bool
meets(const struct where *w, const struct thing *t)
{
	static const struct item_profile profile = { .keys = { "DE", at_home_in_germany } };
	AUTO(where_test_free) struct where_test *test = NULL;
	AUTO(item_free) struct item *it = NULL;
	struct err err = { 0 };
	int rc = 0;

	if (t->form)
		rc = t->form->parse(&it, span_str(t->bytes), t->what, 1, &profile, &err);
	if (rc == 0)
		rc = where_test_new(&test, w, &rules, &clock_, &err);
	struct where_item item = { .name = span_str(t->name),
				   .path = span_str(t->path),
				   .type = t->type,
				   .size = t->size,
				   .modified_unix_ms = t->at_unix_ms,
				   .taken = t->taken,
				   .thread = span_str(t->thread ? t->thread : ""),
				   .party = span_str(t->party ? t->party : ""),
				   .fields = it };
	if (rc == 0)
		rc = where_meets(test, &item, &err);
	if (rc < 0)
		fail_msg("%s: %s", t->what, err.msg);
	return rc;
}

static struct where *
parsed(const char *text)
{
	struct where *w = NULL;
	struct err err = { 0 };

	if (where_parse(&w, span_str(text), &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return w;
}

static const struct {
	const char *text, *met; /* what of `things`, in order */
} meant[] = {
	{ "group=family", "ada" },
	{ "category=\"close friends\"", "ada" },
	{ "tag=Trips or group=W*", "bob bookmark" },
	{ "分组=Family", "ada" },
	{ "address=+4930123456", "ada bob" },
	{ "number='030 / 12 34 56'", "ada bob" },
	{ "mail=ADA@example.ORG", "ada" },
	{ "address=*@example.org", "ada event" },
	{ "address=ada@chat.example", "ada" },
	{ "with +49302", "sms" },
	{ "address='ann, bo'", "sms" },
	{ "thread=+49302~+49301", "sms" },
	{ "thread=+49301", "" },
	{ "folder=Camera", "photo" },
	{ "folder=dcim/camera", "photo" },
	{ "folder=/Camera", "" },
	{ "folder=/DCIM", "photo" },
	{ "in Travel", "bookmark" },
	{ "folder=toolbar/travel", "bookmark" },
	{ "folder=Nor*", "bookmark" },
	{ "folder=Nor", "" },
	{ "folder=family", "ada" },
	{ "type=image/*", "photo" },
	{ "type=Video", "film" },
	{ "type=image/png", "" },
	{ "name=*.MP4", "film" },
	{ "name=\xc3\x9c*", "film" },
	{ "text=oslo", "ada sms" },
	{ "contains Fjord", "bookmark" },
	{ "text=4930123", "" },
	{ "size<100", "bob sms bookmark nothing" },
	{ "size>=4.8M and size<=4.8MB", "photo" },
	{ "larger than 1GiB", "film" },
	{ "size=300 or size=300B", "ada" },
	{ "date=2026-05", "bob photo sms event bookmark" },
	{ "since 2026-05-02", "bob photo" },
	{ "date>2026-05-03", "bob" },
	{ "date=2026-05-19", "bob" }, /* 23:30 in Greenwich */
	{ "date<=2026-05-03T23:59 and type=image", "photo" },
	{ "date<2026-05-03T23:59 and type=image", "" },
	{ "date=2026-05-03T23:59:59", "photo" },
	{ "before 2026-05", "ada film" },
	{ "until 2026-05-01", "ada film sms event bookmark" },
	{ "date=2026-05-01T10:00", "event" },
	{ "newer than 18d", "bob photo" },
	{ "older than 1y", "film" },
	{ "not type=text/vcard and not size>0", "nothing" },
	{ "type!=text/vcard and size=0", "nothing" },
	{ "group=Family or type=image/* and size<5M", "ada photo" },
	{ "(group=Family or type=image/*) and size<1k", "ada" },
	{ "! group=Work AND Type = text/vcard", "ada" },
	{ "not not group=Work", "bob" },
	{ "号码=+4930123456 且 非 分组=Work", "ada" },
};

static void
an_expression_means_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(meant); i++) {
		AUTO(where_free) struct where *w = NULL;
		AUTO(buf_clear) struct buf met = BUF_INIT(1000);
		struct err err = { 0 };
		int rc = where_parse(&w, span_str(meant[i].text), &err);

		if (rc < 0)
			fail_msg("%s: %s", meant[i].text, err.msg);
		for (size_t k = 0; k < N_ELEMENTS(things); k++)
			if (meets(w, &things[k]))
				assert_int_equal(buf_append_fmt(&met, &err, "%s%s",
								met.n ? " " : "", things[k].what),
						 0);
		if (strcmp(buf_str(&met), meant[i].met) != 0)
			fail_msg("%s: meets %s, not %s", meant[i].text, buf_str(&met),
				 meant[i].met);
	}
}

static const struct {
	const char *text, *message;
} wrong[] = {
	{ "", "column 1: expected group, address, thread, folder, type, name, text, size, date, "
	      "since, newer than, not or (, found the end" },
	{ "grup=Family", "column 1: expected group, address, thread, folder, type, name, text, "
			 "size, date, since, newer than, not or (, found grup=Family" },
	{ "group", "column 6: expected = or !=, found the end" },
	{ "group<Family", "column 6: expected = or !=, found <Family" },
	{ "size:5M", "column 1: expected group, address, thread, folder, type, name, text, size, "
		     "date, since, newer than, not or (, found size:5M" },
	{ "size 5M", "column 6: expected =, !=, <, <=, > or >=, found 5M" },
	{ "group=", "column 7: expected what it is to be, found the end" },
	{ "group=Close friends", "column 13: expected and, or, or the end, found friends" },
	{ "分组=\"家人", "column 4: this quotation mark is not closed by another" },
	{ "size<5X", "column 6: expected a size such as 500k, 5M or 2G, found 5X" },
	{ "size<99999999999999999999", "column 6: expected a size such as 500k, 5M or 2G, found "
				       "99999999999999999999" },
	{ "size<18446744073709551615k", "column 6: expected a size such as 500k, 5M or 2G, found "
					"18446744073709551615k" },
	{ "date>=May", "column 7: expected a date such as 2026, 2026-05 or 2026-05-01, found May" },
	{ "after 2026-05-01T09",
	  "column 7: expected a date such as 2026, 2026-05 or 2026-05-01, found "
	  "2026-05-01T09" },
	{ "since 2026-02-30",
	  "column 7: expected a date such as 2026, 2026-05 or 2026-05-01, found 2026-02-30" },
	{ "newer 30d", "column 7: expected than, found 30d" },
	{ "newer than 30", "column 12: expected an age such as 12h, 30d or 6mo, found 30" },
	{ "(group=a or group=b", "column 20: expected and, or, or ), found the end" },
	{ "group=a)", "column 8: expected and, or, or the end, found )" },
	{ "group=a and", "column 12: expected group, address, thread, folder, type, name, text, "
			 "size, date, since, newer than, not or (, found the end" },
	{ "group=a\x01", "column 8: a control character" },
	{ "group=\xff", "the expression is not UTF-8" },
};

static void
what_is_wrong_is_told_with_its_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
		struct where *w = NULL;
		struct err err = { 0 };

		assert_int_equal(where_parse(&w, span_str(wrong[i].text), &err), -1);
		assert_null(w);
		assert_string_equal(err.msg, wrong[i].message);
		assert_int_equal(err.code, ERR_USAGE);
	}
}

static void
an_expression_is_at_most_so_long_and_so_deep(void **state)
{
	char text[WHERE_BYTES_MAX + 2];
	struct err err = { 0 };
	struct where *w = NULL;

	(void)state;
	snprintf(text, sizeof text, "text=");
	memset(text + 5, 'x', sizeof text - 6);
	text[WHERE_BYTES_MAX] = '\0';
	assert_int_equal(where_parse(&w, span_str(text), &err), 0);
	where_free(TAKE(w));
	text[WHERE_BYTES_MAX] = 'x';
	text[WHERE_BYTES_MAX + 1] = '\0';
	assert_int_equal(where_parse(&w, span_str(text), &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);

	memset(text, '!', WHERE_DEPTH_MAX + 1);
	snprintf(text + WHERE_DEPTH_MAX + 1, 20, "text=x");
	assert_int_equal(where_parse(&w, span_str(text), &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(where_parse(&w, span_str(text + 1), &err), 0);
	where_free(w);
}

/* ---- the laws, on expressions made up ---- */

static uint64_t seed;

static unsigned
below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % n);
}

static void
say(struct buf *out, const char *s)
{
	assert_int_equal(buf_append_str(out, s, NULL), 0);
}

static void
make_up(struct buf *out, unsigned depth)
{
	static const char *const terms[] = {
		"group=Family",
		"tag != trips",
		"address=+4930123456",
		"thread=+49301~+49302",
		"FOLDER=\"DCIM\"",
		"in Travel",
		"type=image/*",
		"name='*\\'a*\\\\'",
		"text=o",
		"size<5M",
		"size != 300",
		"larger than 100",
		"date>=2026-05",
		"since '2026-05-01 10:00'",
		"date!=2026-05-03",
		"older than 3w",
		"newer than 40d",
		"大小>1k",
	};
	unsigned what = depth ? below(6) : 0;

	if (what < 2) {
		say(out, terms[below(N_ELEMENTS(terms))]);
		return;
	}
	if (what == 2) {
		say(out, below(2) ? "not " : "! ");
		make_up(out, depth - 1);
		return;
	}
	if (what == 3)
		say(out, "(");
	make_up(out, depth - 1);
	say(out, what == 4 ? " and " : " or ");
	make_up(out, depth - 1);
	if (what == 3)
		say(out, ")");
}

static void
meets_alike(const char *one, const char *other)
{
	AUTO(where_free) struct where *a = parsed(one);
	AUTO(where_free) struct where *b = parsed(other);

	for (size_t i = 0; i < N_ELEMENTS(things); i++)
		if (meets(a, &things[i]) != meets(b, &things[i]))
			fail_msg("%s: %s, but %s", things[i].what, one, other);
}

static void
printed(struct buf *out, const char *text)
{
	AUTO(where_free) struct where *w = parsed(text);
	struct err err = { 0 };

	if (where_print(out, w, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

#define TEXT_MAX 16384

/* @format has %s for @a, then for @b. */
#define SAID(name, format, ...)                                                                    \
	char name[TEXT_MAX];                                                                       \
	snprintf(name, sizeof name, format, __VA_ARGS__)

static void
the_laws_of_logic_hold(void **state)
{
	const char *given = getenv("CLOUDBOX_TEST_SEED");

	(void)state;
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	print_message("CLOUDBOX_TEST_SEED=%llu\n", (unsigned long long)seed);
	seed |= 1;
	for (int i = 0; i < 300; i++) {
		AUTO(buf_clear) struct buf a = BUF_INIT(TEXT_MAX);
		AUTO(buf_clear) struct buf b = BUF_INIT(TEXT_MAX);
		AUTO(buf_clear) struct buf once = BUF_INIT(TEXT_MAX);
		AUTO(buf_clear) struct buf twice = BUF_INIT(TEXT_MAX);

		make_up(&a, 3);
		make_up(&b, 3);
		if (a.n + b.n > WHERE_BYTES_MAX / 2 - 32)
			continue;
		SAID(double_negation, "not (not (%s))", buf_str(&a));
		meets_alike(buf_str(&a), double_negation);
		SAID(neither, "not ((%s) and (%s))", buf_str(&a), buf_str(&b));
		SAID(one_not, "not (%s) or not (%s)", buf_str(&a), buf_str(&b));
		meets_alike(neither, one_not);
		SAID(none, "not ((%s) or (%s))", buf_str(&a), buf_str(&b));
		SAID(both_not, "not (%s) and not (%s)", buf_str(&a), buf_str(&b));
		meets_alike(none, both_not);
		SAID(either, "(%s) or (%s)", buf_str(&a), buf_str(&b));
		SAID(reverse, "(%s) or (%s)", buf_str(&b), buf_str(&a));
		meets_alike(either, reverse);
		SAID(absorbed, "(%s) and ((%s) or (%s))", buf_str(&a), buf_str(&a), buf_str(&b));
		if (strlen(absorbed) <= WHERE_BYTES_MAX)
			meets_alike(absorbed, buf_str(&a));

		printed(&once, either);
		printed(&twice, buf_str(&once));
		assert_string_equal(buf_str(&once), buf_str(&twice));
		meets_alike(either, buf_str(&once));
	}
}

static const struct {
	const char *text, *printed;
} prints[] = {
	{ " GROUP = 'Family' ", "group=Family" },
	{ "!(tag=a   or mail=b)and in c", "not (group=a or address=b) and folder=c" },
	{ "larger than 5M or since 2026", "size>5M or date>=2026" },
	{ "older than 3w", "older than 3w" },
	{ "text=\"say \\\"hi\\\" (now)\"", "text=\"say \\\"hi\\\" (now)\"" },
	{ "text=a\\b", "text=a\\b" },
	{ "text='a\\\\ b'", "text=\"a\\\\ b\"" },
	{ "(group=a and group=b) and group=c", "(group=a and group=b) and group=c" },
	{ "group=a or (group=b and group=c)", "group=a or group=b and group=c" },
	{ "分组=家人 或 早于 2026-05", "group=家人 or date<2026-05" },
};

static void
it_is_written_down_by_first_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(prints); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1000);

		printed(&out, prints[i].text);
		assert_string_equal(buf_str(&out), prints[i].printed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expression_means_what_it_says),
		cmocka_unit_test(what_is_wrong_is_told_with_its_column),
		cmocka_unit_test(an_expression_is_at_most_so_long_and_so_deep),
		cmocka_unit_test(the_laws_of_logic_hold),
		cmocka_unit_test(it_is_written_down_by_first_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
