/* SPDX-License-Identifier: Apache-2.0 */
/* Files into cards, cards into fields; bad ones refused by name, and nothing crashes or hangs. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "item/card.h"
#include "item/corpus.h"
#include "item/recipe.h"

struct parts {
	struct buf seen; /* "line+bytes" of a card, the message of a refusal, each with a newline */
	struct span text;
};

static int
on_part(void *ctx, const struct card_part *part, struct err *err)
{
	struct parts *p = ctx;

	if (part->bad)
		return buf_append_fmt(&p->seen, err, "%s\n", part->bad->msg);
	return buf_append_fmt(&p->seen, err, "%u+%zu\n", part->line,
			      part->range.end - part->range.start);
}

static void
files_are_split_and_bad_cards_refused_by_name(void **state)
{
	static const struct {
		const char *text, *parts;
	} cases[] = {
		{ "", "" },
		{ "\xef\xbb\xbf", "" },
		{ "\r\n\n", "" },
		{ "BEGIN:VCARD\nFN:A\nEND:VCARD\n", "1+27\n" },
		{ "\xef\xbb\xbf"
		  "begin:vcard\r\nFN:A\r\nend:Vcard \r\n\r\nBEGIN:VCARD\r\nEND:VCARD",
		  "1+31\n5+22\n" },
		{ "BEGIN:VCARD\nFN:A\n", "a.vcf:3:1: expected END:VCARD, found the end\n" },
		{ "BEGIN:VCARD\nFN:A", "a.vcf:2:5: expected END:VCARD, found the end\n" },
		{ "BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\nEND:VCARD\n",
		  "a.vcf:3:1: expected END:VCARD, found 'B'\n3+27\n" },
		{ "rubbish\nmore\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD\n",
		  "a.vcf:1:1: expected BEGIN:VCARD, found 'r'\n3+22\n"
		  "a.vcf:5:1: expected BEGIN:VCARD, found 'E'\n" },
		{ "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD\n", "1+51\n" },
		{ "BEGIN:VCARD\nAGENT:BEGIN:VCARD\nEND:VCARD\nEND:VCARD\n", "1+50\n" },
		{ "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:lost\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n",
		  "a.vcf:6:1: expected END:VCARD, found 'B'\n6+22\n" },
		{ "BEGIN:VCARD\rFN:A\rEND:VCARD\rBEGIN:VCARD\rEND:VCARD\r", "1+27\n4+22\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct parts p = { .seen = BUF_INIT(10000) };
		struct err err = { 0 };
		assert_int_equal(card_split(span_str(cases[i].text), "a.vcf", on_part, &p, &err),
				 0);
		assert_string_equal(buf_str(&p.seen), cases[i].parts);
		buf_clear(&p.seen);
	}
}

static void
what_is_not_one_whole_card_is_a_syntax_error(void **state)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{ "", "a.vcf:7:1: expected BEGIN:VCARD, found the end" },
		{ "FN:A\n", "a.vcf:7:1: expected BEGIN:VCARD, found 'F'" },
		{ "BEGIN:VCARD\nFN:A\n", "a.vcf:9:1: expected END:VCARD, found the end" },
		{ "BEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n",
		  "a.vcf:9:1: expected the end of the card, found 'B'" },
		{ "BEGIN:VCARD\nEND:VCARD\nx\n",
		  "a.vcf:9:1: expected the end of the card, found 'x'" },
		{ "BEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD\n",
		  "a.vcf:8:1: expected END:VCARD, found 'B'" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct item *it = NULL;
		struct err err = { 0 };
		assert_int_equal(card_parse(&it, span_str(cases[i].text), "a.vcf", 7, NULL, &err),
				 -1);
		assert_int_equal(err.code, ERR_SYNTAX);
		assert_string_equal(err.msg, cases[i].msg);
		assert_null(it);
	}
}

static void
print_fields(struct buf *out, const struct item *it)
{
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		assert_int_equal(buf_append_fmt(out, NULL, "%s=%s|%s|%s|%s%s%s%s\n", f->name,
						f->value, f->label, f->types,
						f->flags & FIELD_SINGLE ? "1" : "",
						f->flags & FIELD_VOLATILE ? "v" : "",
						f->flags & FIELD_EMPTY ? "e" : "",
						f->flags & FIELD_GUESSED ? "g" : ""),
				 0);
	}
}

static void
fields_say_what_the_card_says(void **state)
{
	static const char *const once[] = { "ORG", NULL };
	static const struct item_profile profile = { .single = once };
	static const struct {
		const char *lines, *name, *fields;
	} cases[] = {
		{ "FN:Anna\r\nN:Schmidt;Anna;Maria;Dr.;jr.\r\n", "Anna",
		  "FN=Anna|||1\nN=Dr. Anna Maria Schmidt jr.|||1\n" },
		{ "N:\xe7\x8e\x8b;\xe5\xb0\x8f\xe6\x98\x8e;;;\r\n",
		  "\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e",
		  "N=\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e|||1\n" },
		{ "ORG:A;B;\r\n", "A, B", "ORG=A, B|||1\n" },
		{ "TEL;TYPE=home,VOICE;type=pref:tel:+1\r\n", "+1",
		  "TEL=+1||home, voice, pref|\n" },
		{ "EMAIL:a@b\r\nTEL:\r\n", "a@b", "EMAIL=a@b|||\nTEL=|||e\n" },
		{ "item1.TEL:1\r\nitem1.X-ABLabel:_$!<Mobile>!$_\r\nITEM1.X-ABADR:us\r\n", "1",
		  "TEL=1|Mobile||\n" },
		{ "item1.X-ABLabel:alone\r\n", "", "X-ABLABEL=alone|||\n" },
		{ "CATEGORIES:a,b\\,c,\r\n", "",
		  "CATEGORIES=a|||\nCATEGORIES=b,c|||\nCATEGORIES=|||e\n" },
		{ "VERSION:2.1\r\nFN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:A=C3=\r\n=A4\r\n",
		  "A\xc3\xa4", "VERSION=2.1|||\nFN=A\xc3\xa4|||1\n" },
		{ "VERSION:2.1\r\nNOTE:a\r\n b\r\n", "", "VERSION=2.1|||\nNOTE=a b|||\n" },
		{ "VERSION:4.0\r\nNOTE:a\r\n b\\nc\\;\\,\\\\\r\n", "",
		  "VERSION=4.0|||\nNOTE=ab\nc;,\\|||\n" },
		{ "REV:1\r\nx-thing;P=1:V\r\nFN:\xe4\r\n", "\xc3\xa4",
		  "REV=1|||v\nX-THING=V|||\nFN=\xc3\xa4|||1g\n" },
		{ "PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\nPHOTO;VALUE=uri:http://x/\r\n"
		  "PHOTO:data:image/png;base64,AAAAAAAA\r\n",
		  "", "PHOTO=jpeg, 3 bytes|||\nPHOTO=http://x/|||\nPHOTO=image/png, 6 bytes|||\n" },
		{ "BDAY:19800101\r\nANNIVERSARY:--0203\r\nGENDER:F\r\nKIND:org\r\n", "",
		  "BDAY=19800101|||1\nANNIVERSARY=--0203|||1\nGENDER=F|||1\nKIND=org|||1\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf card = BUF_INIT(1000), fields = BUF_INIT(1000);
		AUTO(item_free) struct item *it = NULL;
		struct err err = { 0 };
		assert_int_equal(buf_append_fmt(&card, NULL, "BEGIN:VCARD\r\n%sEND:VCARD\r\n",
						cases[i].lines),
				 0);
		if (card_parse(&it, buf_span(&card), "a.vcf", 1, &profile, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(it->name, cases[i].name);
		print_fields(&fields, it);
		assert_string_equal(buf_str(&fields), cases[i].fields);
	}
}

static void
ids_come_from_uid_and_from_the_original_uid(void **state)
{
	const char *card = "BEGIN:VCARD\nX-CLOUDBOX-UID:old\nUID:a\\,b\nX-CLOUDBOX-UID:older\n"
			   "END:VCARD\n";
	AUTO(item_free) struct item *it = NULL;

	(void)state;
	assert_int_equal(card_parse(&it, span_str(card), "", 1, NULL, NULL), 0);
	assert_string_equal(it->uid, "a,b");
	assert_string_equal(item_own_id(it, 0), "a,b");
	assert_string_equal(item_own_id(it, 1), "old");
	assert_string_equal(item_own_id(it, 2), "older");
	assert_null(item_own_id(it, 3));
}

static void
content_id(uint8_t id[static ITEM_CONTENT_ID_BYTES], const char *lines)
{
	AUTO(buf_clear) struct buf card = BUF_INIT(1000);
	AUTO(item_free) struct item *it = NULL;

	assert_int_equal(buf_append_fmt(&card, NULL, "BEGIN:VCARD\n%sEND:VCARD\n", lines), 0);
	assert_int_equal(card_parse(&it, buf_span(&card), "", 1, NULL, NULL), 0);
	assert_int_equal(item_content_id(it, id, NULL), 0);
}

static void
the_content_id_follows_name_and_numbers_alone(void **state)
{
	uint8_t a[ITEM_CONTENT_ID_BYTES], b[ITEM_CONTENT_ID_BYTES];

	(void)state;
	content_id(a, "FN:Anna\nTEL:1\nEMAIL:a@b\n");
	content_id(b, "NOTE:x\nEMAIL:A@B\nTEL;TYPE=CELL:1\nTEL:1\nFN:anna\n");
	assert_memory_equal(a, b, sizeof a);
	content_id(b, "FN:Anna\nTEL:2\nEMAIL:a@b\n");
	assert_memory_not_equal(a, b, sizeof a);
	content_id(a, "NOTE:x\n");
	content_id(b, "NOTE:y\n");
	assert_memory_not_equal(a, b, sizeof a);
}

/* ---- hostile input ---- */

static void
repeat(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_append_str(out, s, NULL), 0);
}

/* Split and parse START, @n times AGAIN, END: refused or not, it must come to an end. */
static void
read_hostile(const char *start, const char *again, size_t n, const char *end)
{
	AUTO(buf_clear) struct buf card = BUF_INIT((size_t)64 << 20);
	struct parts p = { .seen = BUF_INIT((size_t)64 << 20) };
	AUTO(item_free) struct item *it = NULL;
	struct err err = { 0 };

	repeat(&card, start, 1);
	repeat(&card, again, n);
	repeat(&card, end, 1);
	assert_int_equal(card_split(buf_span(&card), "a.vcf", on_part, &p, &err), 0);
	(void)card_parse(&it, buf_span(&card), "a.vcf", 1, NULL, &err);
	buf_clear(&p.seen);
}

static void
hostile_cards_come_to_an_end(void **state)
{
	static const struct {
		const char *start, *again, *end;
	} cases[] = {
		{ "BEGIN:VCARD\n", "a.TEL:1\n", "END:VCARD\n" },
		{ "BEGIN:VCARD\nNOTE:", "\n x", "\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nNOTE:", "\nx", "\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nNOTE;QUOTED-PRINTABLE:", "=\nx", "\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nX;", "\"", ":\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nX;", "a=\"b;", ":\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nX;", "TYPE=a,", ":\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nTEL;", "TYPE=a;", ":\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nCATEGORIES:", "a,", "\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nCATEGORIES:", " ,", "\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nN:", ";", "\nEND:VCARD\n" },
		{ "BEGIN:VCARD\n", "g.X-ABLabel:x\ng.TEL:1\n", "END:VCARD\n" },
		{ "BEGIN:VCARD\n", "AGENT:\nBEGIN:VCARD\n", "END:VCARD\n" },
		{ "", "BEGIN:VCARD\n", "" },
		{ "", "END:VCARD\n", "" },
		{ "", "\r", "" },
		{ "BEGIN:VCARD\n", "x\r", "END:VCARD\n" },
		{ "BEGIN:VCARD\nPHOTO;ENCODING=b:", "QUJD\r ", "\nEND:VCARD\n" },
		{ "BEGIN:VCARD\nFN:", "\xcc\x81", "\nEND:VCARD\n" },
	};

	/* Where work were quadratic in this, the suite's time-out would end it. */
	size_t n = getenv("CLOUDBOX_TEST_SMALL") ? 5000 : 200000;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		read_hostile(cases[i].start, cases[i].again, n, cases[i].end);
}

struct fuzz {
	uint64_t state;
	unsigned n;
};

static unsigned
roll(struct fuzz *f, size_t sides)
{
	f->state = f->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((f->state >> 33) % (sides ? sides : 1));
}

static int
parse_part(void *ctx, const struct card_part *part, struct err *err)
{
	struct span *text = ctx;
	AUTO(item_free) struct item *it = NULL;

	(void)err;
	if (!part->bad)
		(void)card_parse(&it, range_span(*text, part->range), "x", 1, NULL, NULL);
	return 0;
}

static int
ignore_value(void *ctx, struct range range, const struct recipe *recipe, struct span decoded,
	     struct err *err)
{
	(void)ctx, (void)range, (void)recipe, (void)decoded, (void)err;
	return 0;
}

/* Bytes changed, cut, doubled. */
static void
damage(struct buf *b, struct fuzz *f)
{
	static const char spice[] = "\r\n\t :;,=\"\\.\0\xff\xc3"
				    "BEGIN";

	for (unsigned i = 0, n = 1 + roll(f, 20); i < n && b->n; i++) {
		size_t at = roll(f, b->n), len = roll(f, 40);
		if (len > b->n - at)
			len = b->n - at;
		switch (roll(f, 3)) {
		case 0:
			b->p[at] = (uint8_t)spice[roll(f, sizeof spice)];
			break;
		case 1:
			memmove(b->p + at, b->p + at + len, b->n - at - len);
			b->n -= len;
			break;
		default:
			memmove(b->p + roll(f, b->n - len), b->p + at, len);
		}
	}
}

static void
damage_file(void *ctx, const char *path, struct span bytes)
{
	struct fuzz *f = ctx;
	unsigned n = getenv("CLOUDBOX_TEST_SMALL") ? 7 : 20;

	(void)path;
	for (unsigned i = 0; i < n && bytes.n < 20000; i++, f->n++) {
		AUTO(buf_clear)
		struct buf copy = BUF_INIT(SIZE_MAX / 4), wide = BUF_INIT(SIZE_MAX / 4);
		enum charset_form form;
		struct span text;
		assert_int_equal(buf_append(&copy, bytes, NULL), 0);
		damage(&copy, f);
		assert_int_equal(charset_open(&text, &form, &wide, buf_span(&copy), NULL), 0);
		assert_int_equal(card_split(text, "x", parse_part, &text, NULL), 0);
		assert_int_equal(recipe_find(text, 100, ignore_value, NULL, NULL), 0);
	}
}

static void
damaged_real_files_are_survived(void **state)
{
	const char *seed = getenv("CLOUDBOX_TEST_SEED");
	struct fuzz f = { .state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) };

	(void)state;
	print_message("CLOUDBOX_TEST_SEED=%llu\n", (unsigned long long)f.state);
	if (corpus_each("contacts", damage_file, &f) < 0) {
		print_message("skipped: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
	assert_true(f.n > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_split_and_bad_cards_refused_by_name),
		cmocka_unit_test(what_is_not_one_whole_card_is_a_syntax_error),
		cmocka_unit_test(fields_say_what_the_card_says),
		cmocka_unit_test(ids_come_from_uid_and_from_the_original_uid),
		cmocka_unit_test(the_content_id_follows_name_and_numbers_alone),
		cmocka_unit_test(hostile_cards_come_to_an_end),
		cmocka_unit_test(damaged_real_files_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
