/* SPDX-License-Identifier: Apache-2.0 */
#include "item/bookmark.h"

#include "item/component.h"
#include "item/corpus.h"
#include "item/property.h"
#include "item/record.h"
#include "merge/merge.h"
#include "unit.h"

#define SEEN_MAX ((size_t)16 << 20)
#define VBKM(lines)                                                                                \
	"BEGIN:VBKM\r\nVERSION:1.0\r\nFOLDER:toolbar/Work\r\nURL:https://x/\r\n" lines             \
	"END:VBKM\r\n"
#define VITEM(lines) "BEGIN:VITEM\r\nVERSION:1.0\r\n" lines "END:VITEM\r\n"

static struct item *
parse_as(const struct form *form, const char *text, const struct item_profile *profile)
{
	struct item *it = NULL;
	struct err err = { 0 };

	if (form->parse(&it, span_str(text), "a", 1, profile, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return it;
}

static void
assert_says(struct span a, const char *b)
{
	if (!span_equal(a, span_str(b)))
		fail_msg("%.*s is not %s", SPAN_ARGS(a), b);
}

static void
a_bookmark_reads_as_it_is_documented(void **state)
{
	struct span folders[] = { span_str("Work"), span_str("A/B 100%") };
	struct span tags[] = { span_str("news"), span_str("two, words") };
	const struct bookmark b = { .root = BOOKMARK_TOOLBAR,
				    .folders = folders,
				    .n_folders = 2,
				    .url = span_str("https://example.org/?a=1,2;b\\c"),
				    .title = span_str("Example; one, two\nthree"),
				    .keyword = span_str("ex"),
				    .description = span_str("d"),
				    .tags = tags,
				    .n_tags = 2,
				    .added_unix_ms = 1767323045678 };
	AUTO(buf_clear) struct buf out = BUF_INIT(SEEN_MAX);

	(void)state;
	assert_int_equal(bookmark_print(&out, &b, NULL), 0);
	assert_string_equal(buf_str(&out), "BEGIN:VBKM\r\nVERSION:1.0\r\n"
					   "FOLDER:toolbar/Work/A%2FB 100%25\r\n"
					   "URL:https://example.org/?a=1,2;b\\\\c\r\n"
					   "TITLE:Example\\; one\\, two\\nthree\r\n"
					   "TAG:news\r\nTAG:two\\, words\r\nKEYWORD:ex\r\n"
					   "DESCRIPTION:d\r\nADDED:2026-01-02T03:04:05.678Z\r\n"
					   "END:VBKM\r\n");
}

/* What is printed parses as what it was. */
static void
there_and_back(struct span text)
{
	struct span folders[] = { text }, tags[] = { span_str("a"), text };
	const struct bookmark b = { .root = BOOKMARK_MOBILE,
				    .folders = folders,
				    .n_folders = 1,
				    .url = text,
				    .title = text,
				    .keyword = text,
				    .description = text,
				    .tags = tags,
				    .n_tags = 2,
				    .added_unix_ms = -5 };
	AUTO(buf_clear) struct buf out = BUF_INIT(SEEN_MAX), again = BUF_INIT(SEEN_MAX);
	AUTO(bookmark_clear) struct bookmark back = { .n_tags = 0 };
	struct err err = { 0 };

	assert_int_equal(bookmark_print(&out, &b, NULL), 0);
	if (bookmark_parse(&back, buf_span(&out), &err) < 0)
		fail_msg("%.*s: %s", SPAN_ARGS(text), err.msg);
	if (!span_equal(back.title, text) || !span_equal(back.url, text) ||
	    !span_equal(back.folders[0], text) || back.n_folders != 1 ||
	    back.root != BOOKMARK_MOBILE || !span_equal(back.keyword, text) ||
	    !span_equal(back.description, text))
		fail_msg("%s came back as %.*s", buf_str(&out), SPAN_ARGS(back.title));
	assert_int_equal(bookmark_print(&again, &back, NULL), 0);
	assert_int_equal(back.added_unix_ms, 0); /* before 1970: none */
	AUTO(item_free) struct item *a = parse_as(&form_bookmark, buf_str(&out), NULL);
	AUTO(item_free) struct item *c = parse_as(&form_bookmark, buf_str(&again), NULL);
	assert_string_equal(a->uid, c->uid);
}

static void
each_line(void *ctx, const char *path, struct span bytes)
{
	size_t *n = ctx;

	if (!strstr(path, "blns.txt"))
		return;
	while (bytes.n) {
		const uint8_t *end = memchr(bytes.p, '\n', bytes.n);
		size_t len = end ? (size_t)(end - bytes.p) : bytes.n;
		bool blank = true;
		for (size_t i = 0; i < len; i++)
			blank &= bytes.p[i] <= ' ';
		bool has_cr = memchr(bytes.p, '\r', len) != NULL;
		if (!blank && !has_cr) {
			there_and_back(span_of(bytes.p, len));
			(*n)++;
		}
		bytes = span_skip(bytes, end ? len + 1 : len);
	}
}

static void
naughty_texts_come_back_as_they_were(void **state)
{
	size_t n = 0;

	(void)state;
	there_and_back(span_str("%2F%25/%"));
	there_and_back(span_str("\\n\\,\\\\;\n\n x"));
	there_and_back(span_str("=\n ="));
	there_and_back(span_str("END:VBKM"));
	there_and_back(span_str(" blanks around and a run of them                               "
				"                                                            x "));
	if (corpus_each("generic/naughty-strings", each_line, &n) < 0)
		print_message("no corpus: naughty strings not tried\n");
	else
		assert_true(n > 400);
}

static void
its_folder_and_url_say_which_bookmark_it_is(void **state)
{
	static const char base[] = VBKM("");
	static const struct {
		const char *text;
		bool same;
	} cases[] = {
		{ VBKM("TITLE:X\r\nTAG:a\r\nADDED:2020-01-01T00:00:00Z\r\n"), true },
		{ "begin:vbkm\nurl:https://x/\nfolder:toolbar/Work\nend:vbkm\n", true },
		{ "BEGIN:VBKM\r\nFOLDER:toolbar/Work\r\nURL:https:\r\n //x/\r\nEND:VBKM", true },
		{ "BEGIN:VBKM\r\nFOLDER:toolbar\r\nURL:https://x/\r\nEND:VBKM\r\n", false },
		{ "BEGIN:VBKM\r\nFOLDER:menu/Work\r\nURL:https://x/\r\nEND:VBKM\r\n", false },
		{ "BEGIN:VBKM\r\nFOLDER:toolbar/Work\r\nURL:HTTPS://X:443\r\nEND:VBKM\r\n", true },
		{ "BEGIN:VBKM\r\nFOLDER:toolbar/Work\r\nURL:https://x/X\r\nEND:VBKM\r\n", false },
		{ "BEGIN:VBKM\r\nFOLDER:toolbar/Work\r\nURL:https://x/?\r\nEND:VBKM\r\n", false },
		{ "BEGIN:VBKM\r\nFOLDER:toolbar/Work\r\nURL:x\r\nEND:VBKM\r\n", false },
	};
	AUTO(item_free) struct item *a = parse_as(&form_bookmark, base, NULL);

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(item_free) struct item *b = parse_as(&form_bookmark, cases[i].text, NULL);
		if ((strcmp(a->uid, b->uid) == 0) != cases[i].same)
			fail_msg("%s", cases[i].text);
	}
}

static void
a_merge_holds_another_title_and_adds_a_tag(void **state)
{
	AUTO(item_free)
	struct item *mine = parse_as(&form_bookmark, VBKM("TITLE:X\r\nTAG:a\r\n"), NULL);
	AUTO(item_free)
	struct item *theirs = parse_as(
		&form_bookmark,
		VBKM("ADDED:2020-01-01T00:00:00Z\r\nTITLE:Y\r\nTAG:b,a,c\\,d\r\nKEYWORD:k\r\n"),
		NULL);
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(merge_outcome_clear) struct merge_outcome again = MERGE_OUTCOME_INIT;

	(void)state;
	assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
	assert_string_equal(buf_str(&o.bytes),
			    VBKM("TITLE:X\r\nTAG:a\r\nTAG:b,c\\,d\r\nKEYWORD:k\r\n"));
	assert_int_equal(o.n_held, 1);
	assert_string_equal(o.held[0].theirs->value, "Y");
	AUTO(item_free) struct item *now = parse_as(&form_bookmark, buf_str(&o.bytes), NULL);
	assert_int_equal(merge_items(&again, now, theirs, NULL, NULL), 0);
	assert_int_equal(again.result, MERGE_IDENTICAL);
}

static void
a_record_holds_what_a_plug_in_says(void **state)
{
	struct record_field fields[] = { { span_str("name"), span_str("Shopping, list") },
					 { span_str("TEXT"), span_str("milk\nbread; \\x") } };
	const struct record r = { .uid = span_str("note;17"), .fields = fields, .n_fields = 2 };
	AUTO(buf_clear) struct buf out = BUF_INIT(SEEN_MAX);
	AUTO(record_clear) struct record back = { .n_fields = 0 };

	(void)state;
	assert_int_equal(record_print(&out, &r, NULL), 0);
	assert_string_equal(buf_str(&out), VITEM("UID:note\\;17\r\nNAME:Shopping\\, list\r\n"
						 "TEXT:milk\\nbread\\; \\\\x\r\n"));
	assert_int_equal(record_parse(&back, buf_span(&out), NULL), 0);
	assert_says(back.uid, "note;17");
	assert_int_equal(back.n_fields, 2);
	assert_says(back.fields[0].name, "NAME");
	assert_says(back.fields[0].value, "Shopping, list");
	assert_says(back.fields[1].value, "milk\nbread; \\x");
	AUTO(item_free) struct item *it = parse_as(&form_record, buf_str(&out), NULL);
	assert_string_equal(it->uid, "note;17");
	assert_string_equal(it->name, "Shopping, list");
}

static void
a_name_that_is_none_is_refused(void **state)
{
	static const char *const names[] = { "",    "A B", "A:B", "begin",  "UID",
					     "A;B", "A\n", "Ä",   "VERSION" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		struct record_field f = { span_str(names[i]), span_str("x") };
		const struct record r = { .fields = &f, .n_fields = 1 };
		AUTO(buf_clear) struct buf out = BUF_INIT(SEEN_MAX);
		struct err err = { 0 };
		assert_int_equal(record_print(&out, &r, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
}

static void
which_fields_of_a_record_are_single_its_profile_says(void **state)
{
	static const char *const single[] = { "TEXT", NULL };
	static const struct item_profile profile = { .single = single };

	(void)state;
	for (int with = 0; with < 2; with++) {
		const struct item_profile *p = with ? &profile : NULL;
		AUTO(item_free)
		struct item *mine = parse_as(&form_record, VITEM("UID:1\r\nTEXT:a\r\n"), p);
		AUTO(item_free)
		struct item *theirs =
			parse_as(&form_record, VITEM("UID:1\r\nTEXT:b\r\nX:1\r\n"), p);
		AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
		assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
		assert_int_equal(o.n_held, with);
		assert_int_equal(o.n_added, 2 - with);
	}
}

static void
every_property_of_the_tables_is_found(void **state)
{
	static const char *const bookmark[] = {
		"ADDED", "BEGIN",   "DESCRIPTION", "END", "FOLDER",
		"TAG",   "KEYWORD", "TITLE",       "URL", "VERSION"
	};
	static const char *const record[] = { "BEGIN", "END", "UID", "VERSION" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bookmark); i++)
		assert_non_null(property_in(span_str(bookmark[i]), ITEM_BOOKMARK)->name);
	for (size_t i = 0; i < N_ELEMENTS(record); i++)
		assert_non_null(property_in(span_str(record[i]), ITEM_RECORD)->name);
}

static void
what_is_no_whole_item_is_a_syntax_error(void **state)
{
	static const char *const cases[] = {
		"",
		"x",
		"BEGIN:VBKM",
		"BEGIN:VITEM\nEND:VITEM\n",
		"BEGIN:VBKM\nEND:VITEM\n",
		"BEGIN:VBKM\nBEGIN:X\nEND:VBKM\n",
		"BEGIN:VBKM\nEND:VBKM\nURL:x\n",
		"BEGIN:VBKM\nEND:VBKM\nBEGIN:VBKM\nEND:VBKM\n",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct item *it = NULL;
		struct err err = { 0 };
		if (form_bookmark.parse(&it, span_str(cases[i]), "a", 1, NULL, &err) == 0)
			fail_msg("%s", cases[i]);
		assert_int_equal(err.code, ERR_SYNTAX);
	}
}

static void
a_component_within_is_one_field(void **state)
{
	AUTO(item_free)
	struct item *mine =
		parse_as(&form_record, VITEM("UID:1\r\nBEGIN:A\r\nX:1\r\nEND:A\r\n"), NULL);
	AUTO(item_free)
	struct item *theirs = parse_as(&form_record,
				       "BEGIN:VITEM\nUID:1\nBEGIN:a\nx:1\nEND:a\n"
				       "BEGIN:A\nBEGIN:B\nY:2\nEND:B\nX:2\nEND:A\nEND:VITEM\n",
				       NULL);
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(buf_clear) struct buf undone = BUF_INIT(SEEN_MAX);
	bool removed = false;

	(void)state;
	assert_int_equal(theirs->n_fields, 3);
	assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
	assert_string_equal(buf_str(&o.bytes),
			    VITEM("UID:1\r\nBEGIN:A\r\nBEGIN:B\r\nY:2\r\nEND:B\r\nX:2\r\nEND:A\r\n"
				  "BEGIN:A\r\nX:1\r\nEND:A\r\n"));
	AUTO(item_free) struct item *now = parse_as(&form_record, buf_str(&o.bytes), NULL);
	struct field_key key = o.added[0].theirs->stored_key;
	assert_int_equal(merge_remove(&undone, now, &key, 1, &removed, NULL), 0);
	assert_true(removed && span_equal(buf_span(&undone), mine->bytes));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bookmark_reads_as_it_is_documented),
		cmocka_unit_test(naughty_texts_come_back_as_they_were),
		cmocka_unit_test(its_folder_and_url_say_which_bookmark_it_is),
		cmocka_unit_test(a_merge_holds_another_title_and_adds_a_tag),
		cmocka_unit_test(a_record_holds_what_a_plug_in_says),
		cmocka_unit_test(a_name_that_is_none_is_refused),
		cmocka_unit_test(which_fields_of_a_record_are_single_its_profile_says),
		cmocka_unit_test(every_property_of_the_tables_is_found),
		cmocka_unit_test(what_is_no_whole_item_is_a_syntax_error),
		cmocka_unit_test(a_component_within_is_one_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
