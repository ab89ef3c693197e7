/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>

#include "item/contentline.h"

struct line_case {
	const char *text;
	/* one line each: kind group.name params = value as unfolded | bytes of range */
	const char *lines;
};

static const struct line_case cases[] = {
	{ "TEL:1\r\nEMAIL:a\r\n", "P .TEL = 1 |7\nP .EMAIL = a |9\n" },
	{ "item1.TEL;TYPE=CELL:1\n", "P item1.TEL;TYPE=CELL = 1 |22\n" },
	{ "A:1\rB:2\r", "P .A = 1 |4\nP .B = 2 |4\n" },
	{ "A:1\r\r\n 2\r\r\n", "P .A = 12 |11\n" },
	{ "A:1", "P .A = 1 |3\n" },
	{ "\xef\xbb\xbf"
	  "A:1\n",
	  "P .A = 1 |4\n" },
	{ "NOTE:a\r\n  b\r\n\tc\r\n", "P .NOTE = a bc |17\n" },
	{ "NO\r\n TE;X=\r\n 1:a\r\n", "P .NOTE;X=1 = a |18\n" },
	{ "X;A=\"b:c;d\":v\n", "P .X;A=\"b:c;d\" = v |14\n" },
	{ "X;A=\"b:c;d\n", "P .X;A=\"b = c;d |11\n" },
	{ "N;ENCODING=QUOTED-PRINTABLE:a=\r\nb\r\nTEL:1\r\n",
	  "P .N;ENCODING=QUOTED-PRINTABLE = ab |35\nP .TEL = 1 |7\n" },
	{ "N;QUOTED-PRINTABLE:a=\r\nhttp://x=\r\n\r\nTEL:1\r\n",
	  "P .N;QUOTED-PRINTABLE = ahttp://x |34\nB |2\nP .TEL = 1 |7\n" },
	{ "N;ENCODING=QUOTED-PRINTABLE:a=\r\nTEL:1\r\n",
	  "P .N;ENCODING=QUOTED-PRINTABLE = a |32\nP .TEL = 1 |7\n" },
	{ "P;ENCODING=BASE64:AA\r\n  BB\r\nCC==\r\n\r\nA:1\r\n",
	  "P .P;ENCODING=BASE64 = AABBCC== |34\nB |2\nP .A = 1 |5\n" },
	{ "P;ENCODING=b:AA\nno base64\n", "P .P;ENCODING=b = AA |16\nJ |10\n" },
	{ "NOTE:one\ntwo three\nTEL:1\n", "P .NOTE = one\ntwo three |19\nP .TEL = 1 |6\n" },
	{ "junk\n", "J |5\n" },
	{ "\n\nA:1\n", "B |1\nB |1\nP .A = 1 |4\n" },
	{ ":1\n.A:1\nA.:1\n", "J |3\nP .A = 1\nA.:1 |10\n" },
	{ "BEGIN:VCARD\njunk\n", "P .BEGIN = VCARD |12\nJ |5\n" },
	{ "A;B\n C:1\n", "P .A;BC = 1 |9\n" },
	{ "NOTE:a\nX-messaging/xmpp-All:b\ng.X-a/b;C:d\n",
	  "P .NOTE = a |7\nP .X-messaging/xmpp-All = b |23\nP g.X-a/b;C = d |12\n" },
	{ "NOTE:a\nand/or: b\nX/Y:c\n", "P .NOTE = a\nand/or: b\nX/Y:c |23\n" },
	{ "N;ENCODING=QUOTED-PRINTABLE:a=\r\nOTHER:1\r\nend:vevent\r\n",
	  "P .N;ENCODING=QUOTED-PRINTABLE = aOTHER:1 |41\nP .end = vevent |12\n" },
};

/* Of a made-up format. */
static bool
knows_tel(struct span name)
{
	return span_equal(name, span_str("TEL"));
}

static void
print_line(struct buf *out, struct span source, const struct contentline *l)
{
	static const char kinds[] = { 'P', 'B', 'J' };

	assert_int_equal(buf_append_fmt(out, NULL, "%c ", kinds[l->kind]), 0);
	if (l->kind == CONTENTLINE_PROPERTY) {
		assert_int_equal(buf_append_fmt(out, NULL, "%.*s.%.*s%.*s = ", SPAN_ARGS(l->group),
						SPAN_ARGS(l->name), SPAN_ARGS(l->params)),
				 0);
		assert_int_equal(contentline_unfold(out, range_span(source, l->value), l->encoding,
						    false, NULL),
				 0);
		assert_int_equal(buf_append_str(out, " ", NULL), 0);
	}
	assert_int_equal(buf_append_fmt(out, NULL, "|%zu\n", l->range.end - l->range.start), 0);
}

static void
lines_are_found_with_their_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(contentline_clear) struct contentline_cursor c = { 0 };
		AUTO(buf_clear) struct buf out = BUF_INIT(10000);
		struct contentline l;
		struct span source = span_str(cases[i].text);
		size_t end;
		contentline_init(&c, source, "x", 1);
		c.knows = knows_tel;
		end = c.at;
		while (contentline_next(&c, &l, NULL) == 0) {
			assert_int_equal(l.range.start, end); /* no gaps */
			end = l.range.end;
			print_line(&out, source, &l);
		}
		assert_int_equal(end, source.n);
		assert_string_equal(buf_str(&out), cases[i].lines);
	}
}

static void
line_numbers_count_physical_lines(void **state)
{
	const char *text = "A:1\n 2\nB:1\r\n\r\nC:1\rD:1";
	const unsigned want[] = { 10, 12, 13, 14, 15 };
	AUTO(contentline_clear) struct contentline_cursor c = { 0 };
	struct contentline l;

	(void)state;
	contentline_init(&c, span_str(text), "x", 10);
	for (size_t i = 0; i < N_ELEMENTS(want); i++) {
		assert_int_equal(contentline_next(&c, &l, NULL), 0);
		assert_int_equal(l.line, want[i]);
	}
	assert_int_equal(contentline_next(&c, &l, NULL), CONTENTLINE_END);
}

static void
parameters_come_one_by_one(void **state)
{
	struct span params = span_str(";CELL;TYPE=\"a,b\", c ;X=\"p;q\";Y=\"open;Z=1"), word;
	struct contentline_param p;
	static const char *const names[] = { "", "TYPE", "X", "Y", "Z" };
	static const char *const values[] = { "CELL", "\"a,b\", c ", "\"p;q\"", "\"open", "1" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		assert_true(contentline_param_next(&params, &p));
		assert_true(span_equal(p.name, span_str(names[i])));
		assert_true(span_equal(p.value, span_str(values[i])));
	}
	assert_false(contentline_param_next(&params, &p));
	struct span list = span_str("\"a,b\", c ");
	for (const char *want = "abc"; *want; want++) {
		assert_true(contentline_param_element(&list, &word));
		assert_true(word.n == 1 && word.p[0] == *want);
	}
	assert_false(contentline_param_element(&list, &word));
}

static void
a_syntax_error_says_where(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *msg;
	} errors[] = {
		{ "abc\r\nxyz", 5, "a.vcf:8:1: expected ':', found 'x'" },
		{ "abc\r\nxyz", 7, "a.vcf:8:3: expected ':', found 'z'" },
		{ "abc\nxyz", 3, "a.vcf:7:4: expected ':', found a line end" },
		{ "abc\nxyz\n", 8, "a.vcf:9:1: expected ':', found the end" },
		{ "abc\x01", 3, "a.vcf:7:4: expected ':', found 0x01" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(errors); i++) {
		struct err err = { 0 };
		assert_int_equal(contentline_syntax(&err, span_str(errors[i].text), "a.vcf", 7,
						    errors[i].at, "':'"),
				 -1);
		assert_int_equal(err.code, ERR_SYNTAX);
		assert_string_equal(err.msg, errors[i].msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_found_with_their_bytes),
		cmocka_unit_test(line_numbers_count_physical_lines),
		cmocka_unit_test(parameters_come_one_by_one),
		cmocka_unit_test(a_syntax_error_says_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
