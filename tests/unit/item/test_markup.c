/* SPDX-License-Identifier: Apache-2.0 */
#include "item/markup.h"

#include <string.h>

#include "unit.h"

#define TEXT_MAX ((size_t)1 << 20)

static struct markup_cursor
cursor(const char *text)
{
	return (struct markup_cursor){ .source = span_str(text), .line = 1 };
}

static void
assert_text(struct span s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p, expected, s.n);
}

static void
tags_are_found_between_everything_else(void **state)
{
	struct markup_cursor c =
		cursor("<?xml version='1.0'?>\n<!-- <no> -->\n<smses count=\"2\">\n"
		       "  text <sms a='1>2' b=\"<\"/><mms>\n</mms ></smses>");
	static const struct {
		const char *name;
		enum markup_kind kind;
		unsigned line;
	} expected[] = {
		{ "smses", MARKUP_OPEN, 3 },  { "sms", MARKUP_EMPTY, 4 },
		{ "mms", MARKUP_OPEN, 4 },    { "mms", MARKUP_CLOSE, 5 },
		{ "smses", MARKUP_CLOSE, 5 },
	};
	struct markup tag;

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(markup_next(&c, &tag), 0);
		assert_text(tag.name, expected[i].name);
		assert_int_equal(tag.kind, expected[i].kind);
		assert_int_equal(tag.line, expected[i].line);
	}
	assert_int_equal(markup_next(&c, &tag), MARKUP_END);
}

static void
a_broken_tag_ends_where_the_next_begins(void **state)
{
	struct markup_cursor c = cursor("<sms body=\"a\"\n<sms body=\"b\"/>< ><x");
	struct markup tag;

	(void)state;
	assert_int_equal(markup_next(&c, &tag), 0);
	assert_int_equal(tag.kind, MARKUP_BAD);
	assert_string_equal(tag.expected, "'>'");
	assert_int_equal(tag.fault, 14);
	assert_int_equal(markup_next(&c, &tag), 0);
	assert_int_equal(tag.kind, MARKUP_EMPTY);
	assert_int_equal(markup_next(&c, &tag), 0);
	assert_string_equal(tag.expected, "a tag's name");
	assert_int_equal(markup_next(&c, &tag), 0);
	assert_int_equal(tag.kind, MARKUP_BAD);
	assert_int_equal(markup_next(&c, &tag), MARKUP_END);
}

static void
a_source_that_goes_on_is_never_guessed_at(void **state)
{
	const char *text = "<!-- c --><sms body=\"x\"/><?p ?><mms a='1'>";
	struct markup tag;

	(void)state;
	for (size_t n = 0; n < strlen(text); n++) {
		struct markup_cursor c = { .source = { (const uint8_t *)text, n },
					   .line = 1,
					   .more = true };
		int rc;
		while ((rc = markup_next(&c, &tag)) == 0)
			assert_int_not_equal(tag.kind, MARKUP_BAD);
		c.source = span_str(text);
		c.more = false;
		while (markup_next(&c, &tag) == 0)
			;
		assert_text(tag.name, "mms"); /* gone on with, it ends as if read at once */
	}
}

static void
attributes_are_cut_out_raw(void **state)
{
	struct markup_cursor c =
		cursor("<sms a=\"1 &amp; 2\" b = 'x\"y' lone c=bare a=\"again\" / >");
	struct markup_attribute a;
	struct markup tag;
	struct span value;

	(void)state;
	assert_int_equal(markup_next(&c, &tag), 0);
	assert_true(markup_get(&value, &tag, "a"));
	assert_text(value, "1 &amp; 2"); /* the first */
	assert_true(markup_get(&value, &tag, "b"));
	assert_text(value, "x\"y");
	assert_true(markup_get(&value, &tag, "lone"));
	assert_text(value, "");
	assert_true(markup_get(&value, &tag, "c"));
	assert_text(value, "bare");
	assert_false(markup_get(&value, &tag, "d"));
	struct span rest = tag.attributes;
	size_t n = 0;
	while (markup_attribute(&rest, &a))
		n++;
	assert_int_equal(n, 5);
}

static void
references_become_characters(void **state)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
		{ "a &lt;&gt;&amp;&quot;&apos; b", "a <>&\"' b" },
		{ "smile &#55357;&#56832; end", "smile \xf0\x9f\x98\x80 end" },
		{ "&#xD83D;&#xDE00;", "\xf0\x9f\x98\x80" },
		{ "&#128512;&#x1F600;", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80" },
		{ "lone &#55357; and &#56832;.", "lone \xef\xbf\xbd and \xef\xbf\xbd." },
		{ "&#55357;x&#56832;", "\xef\xbf\xbdx\xef\xbf\xbd" },
		{ "nul &#0; bell &#7; end", "nul \xef\xbf\xbd bell \a end" },
		{ "&#99999999999; &#x110000;", "\xef\xbf\xbd \xef\xbf\xbd" },
		{ "AT&T & co; &nbsp; &; &#; &#x;", "AT&T & co; &nbsp; &; &#; &#x;" },
		{ "line&#10;end", "line\nend" },
		{ "gr\xfc\xdf", "gr\xc3\xbc\xc3\x9f" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(TEXT_MAX);
		struct err err = { 0 };
		assert_int_equal(markup_decode(&out, span_str(cases[i].raw), &err), 0);
		assert_string_equal(buf_str(&out), cases[i].text);
	}
}

static void
what_is_encoded_decodes_to_itself(void **state)
{
	static const char text[] = "a & b < c > \"d\" 'e'\n\r\t\x01 \xc3\xa9 &#10; &amp;";
	AUTO(buf_clear) struct buf raw = BUF_INIT(TEXT_MAX);
	AUTO(buf_clear) struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(markup_encode(&raw, span_str(text), &err), 0);
	assert_null(strpbrk(buf_str(&raw), "<>\"\n"));
	assert_int_equal(markup_decode(&out, buf_span(&raw), &err), 0);
	assert_string_equal(buf_str(&out), text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_found_between_everything_else),
		cmocka_unit_test(a_broken_tag_ends_where_the_next_begins),
		cmocka_unit_test(a_source_that_goes_on_is_never_guessed_at),
		cmocka_unit_test(attributes_are_cut_out_raw),
		cmocka_unit_test(references_become_characters),
		cmocka_unit_test(what_is_encoded_decodes_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
