/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "corpus.h"
#include "item/card.h"
#include "item/card_convert.h"

/* ---- single cases ---- */

struct one {
	enum item_version to;
	const char *from;  /* with \n; VERSION and FN are put before */
	const char *line;  /* that the result has */
	const char *notes; /* "kept GENDER", one behind the other */
};

static struct item *
parsed(struct span bytes)
{
	struct item *it = NULL;
	struct err err = { 0 };

	if (card_parse(&it, bytes, "test", 1, NULL, &err) < 0)
		fail_msg("%s in:\n%.*s", err.msg, (int)bytes.n, (const char *)bytes.p);
	return it;
}

static void
notes_in_words(struct buf *out, const struct card_notes *notes, enum item_version to)
{
	for (size_t i = 0; i < notes->n; i++) {
		char words[CARD_NOTE_BYTES] = "";
		buf_append_fmt(out, NULL, "%s%s %s", i ? ", " : "",
			       card_note_name(notes->list[i].kind), notes->list[i].field);
		card_note_text(words, &notes->list[i], to);
		assert_true(strlen(words) > 10);
	}
}

static void
each_property_goes_over_as_the_standards_say(void **state)
{
	static const struct one cases[] = {
		/* names */
		{ ITEM_VCARD_40, "3.0 X-AIM;TYPE=HOME:johndoe", "IMPP;TYPE=HOME:aim:johndoe", "" },
		{ ITEM_VCARD_40, "3.0 X-JABBER:a@example.org", "IMPP:xmpp:a@example.org", "" },
		{ ITEM_VCARD_40, "3.0 X-YAHOO:jd", "IMPP:ymsgr:jd", "" },
		{ ITEM_VCARD_40, "3.0 X-AIM:john doe", "X-AIM:john doe", "" },
		{ ITEM_VCARD_40, "3.0 AGENT:BEGIN:VCARD\\nFN:Jo\\nEND:VCARD\\n",
		  "RELATED;TYPE=agent;VALUE=text:BEGIN:VCARD\\nFN:Jo\\nEND:VCARD\\n", "" },
		{ ITEM_VCARD_30, "4.0 RELATED;TYPE=agent;VALUE=text:Jo", "AGENT:Jo", "" },
		{ ITEM_VCARD_40, "3.0 MAILER:mutt", "X-CLOUDBOX-MAILER:mutt", "kept MAILER" },
		{ ITEM_VCARD_40, "3.0 CLASS:PRIVATE", "X-CLOUDBOX-CLASS:PRIVATE", "kept CLASS" },
		{ ITEM_VCARD_30, "4.0 GENDER:F;she", "X-CLOUDBOX-GENDER:F;she", "kept GENDER" },
		{ ITEM_VCARD_30, "4.0 KIND:org", "X-ADDRESSBOOKSERVER-KIND:org", "kept KIND" },
		{ ITEM_VCARD_30, "4.0 RELATED;TYPE=friend:urn:uuid:f81d4fae",
		  "X-CLOUDBOX-RELATED;TYPE=friend:urn:uuid:f81d4fae", "kept RELATED" },
		{ ITEM_VCARD_30, "4.0 ANNIVERSARY:20090808", "X-ANNIVERSARY:2009-08-08",
		  "kept ANNIVERSARY" },
		{ ITEM_VCARD_40, "3.0 X-EVOLUTION-ANNIVERSARY:2009-08-08", "ANNIVERSARY:20090808",
		  "" },
		{ ITEM_VCARD_30, "4.0 FN:Other", "X-CLOUDBOX-FN:Other", "kept FN" },
		{ ITEM_VCARD_40, "3.0 X-CLOUDBOX-GENDER:F", "GENDER:F", "" },
		{ ITEM_VCARD_40, "3.0 X-PHONETIC:a\\,b", "X-PHONETIC:a\\,b", "" },
		{ ITEM_VCARD_40, "3.0 FOO;BAR=1:x", "FOO;BAR=1:x", "" },
		/* types and preference */
		{ ITEM_VCARD_40, "2.1 TEL;CELL;PREF:+1 555", "TEL;TYPE=CELL;PREF=1:+1 555", "" },
		{ ITEM_VCARD_30, "4.0 TEL;VALUE=uri;TYPE=\"voice,home\";PREF=1:tel:+1-555",
		  "TEL;TYPE=voice,home,PREF:+1-555", "" },
		{ ITEM_VCARD_30, "4.0 EMAIL;PREF=2:a@b.c", "EMAIL;PREF=2:a@b.c",
		  "parameter EMAIL" },
		{ ITEM_VCARD_30, "4.0 EMAIL;ALTID=1:a@b.c", "EMAIL;ALTID=1:a@b.c",
		  "parameter EMAIL" },
		/* encodings and charsets */
		{ ITEM_VCARD_40,
		  "2.1 NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:a=FCb=0D=0Ac, d",
		  "NOTE:a\xc3\xbc"
		  "b\\nc\\, d",
		  "" },
		{ ITEM_VCARD_30,
		  "2.1 NOTE:a\xfc"
		  "b",
		  "NOTE:a\xc3\xbc"
		  "b",
		  "charset NOTE" },
		{ ITEM_VCARD_40, "2.1 PHOTO;JPEG;ENCODING=BASE64:/9j/4AAQ\n",
		  "PHOTO:data:image/jpeg;base64,/9j/4AAQ", "" },
		{ ITEM_VCARD_30, "4.0 PHOTO;PREF=1:data:image/png;base64,iVBORw==",
		  "PHOTO;TYPE=PREF;ENCODING=b;TYPE=PNG:iVBORw==", "" },
		{ ITEM_VCARD_30, "4.0 PHOTO:http://example.org/a.png",
		  "PHOTO;VALUE=uri:http://example.org/a.png", "" },
		/* dates and places */
		{ ITEM_VCARD_40, "3.0 BDAY:1980-01-31", "BDAY:19800131", "" },
		{ ITEM_VCARD_40, "3.0 BDAY;VALUE=date-time:1980-01-31T10:00:00+01:00",
		  "BDAY:19800131T100000+0100", "" },
		{ ITEM_VCARD_40, "3.0 BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", "BDAY:--0412", "" },
		{ ITEM_VCARD_30, "4.0 BDAY:--0412", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12",
		  "year BDAY" },
		{ ITEM_VCARD_30, "4.0 BDAY:19800131", "BDAY:1980-01-31", "" },
		{ ITEM_VCARD_30, "4.0 BDAY:1980-01", "BDAY;VALUE=text:1980-01", "date BDAY" },
		{ ITEM_VCARD_30, "4.0 BDAY;VALUE=text:circa 1800", "BDAY;VALUE=text:circa 1800",
		  "date BDAY" },
		{ ITEM_VCARD_40, "3.0 GEO:37.38;-122.08", "GEO:geo:37.38,-122.08", "" },
		{ ITEM_VCARD_30, "4.0 GEO:geo:37.38,-122.08", "GEO:37.38;-122.08", "" },
		{ ITEM_VCARD_40, "2.1 GEO:here", "X-CLOUDBOX-GEO:here", "kept GEO" },
		{ ITEM_VCARD_40, "3.0 UID:4711", "UID;VALUE=text:4711", "" },
		{ ITEM_VCARD_40, "3.0 UID:urn:uuid:4711", "UID:urn:uuid:4711", "" },
		{ ITEM_VCARD_30, "4.0 TZ:Europe/Berlin", "TZ;VALUE=text:Europe/Berlin", "" },
		/* labels and sorting */
		{ ITEM_VCARD_40, "3.0 ADR;TYPE=home:;;S;;;;\nLABEL;TYPE=home:a \"b\"\\nc",
		  "ADR;TYPE=home;LABEL=\"a ^'b^'\\nc\":;;S;;;;", "" },
		{ ITEM_VCARD_40, "3.0 LABEL:a", "X-CLOUDBOX-LABEL:a", "kept LABEL" },
		{ ITEM_VCARD_30, "4.0 ADR;LABEL=\"a\\nb\":;;S;;;;",
		  "LABEL;X-CLOUDBOX-DERIVED=1:a\\nb", "parameter ADR" },
		{ ITEM_VCARD_40, "3.0 N:Doe;J\nSORT-STRING:doe", "N;SORT-AS=\"doe\":Doe;J", "" },
		/* groups, and what is no property */
		{ ITEM_VCARD_40, "3.0 item1.TEL:1\nitem1.X-ABLabel:Boat", "item1.X-ABLabel:Boat",
		  "" },
		{ ITEM_VCARD_40, "3.0 item1.X-AIM:x", "item1.IMPP:aim:x", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf card = BUF_INIT(4096), words = BUF_INIT(4096);
		AUTO(buf_clear) struct buf out = BUF_INIT(1 << 20), want = BUF_INIT(4096);
		AUTO(card_notes_clear) struct card_notes notes = { 0 };
		AUTO(item_free) struct item *it = NULL;

		buf_append_fmt(&card, NULL, "BEGIN:VCARD\nVERSION:%.3s\nFN:X\n%s\nEND:VCARD\n",
			       cases[i].from, cases[i].from + 4);
		it = parsed(buf_span(&card));
		assert_int_equal(card_convert(&out, &notes, it, cases[i].to, NULL), 0);
		buf_append_fmt(&want, NULL, "\r\n%s\r\n", cases[i].line);
		notes_in_words(&words, &notes, cases[i].to);
		if (!strstr(buf_str(&out), buf_str(&want)) ||
		    strcmp(buf_str(&words), cases[i].notes) != 0)
			fail_msg("%s\nbecame (notes: %s)\n%s", cases[i].from, buf_str(&words),
				 buf_str(&out));
	}
}

static void
what_the_version_wants_is_made_and_never_compared(void **state)
{
	static const char card[] = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nEND:VCARD\r\n";
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);
	AUTO(card_notes_clear) struct card_notes notes = { 0 };
	AUTO(item_free) struct item *it = parsed(span_str(card));

	(void)state;
	assert_int_equal(card_convert(&out, &notes, it, ITEM_VCARD_30, NULL), 0);
	assert_non_null(strstr(buf_str(&out), "\r\nFN;X-CLOUDBOX-DERIVED=1:Jane Doe\r\n"));
	assert_int_equal(notes.n, 1);
	assert_int_equal(notes.list[0].kind, CARD_NOTE_DERIVED);
	AUTO(item_free) struct item *back = parsed(buf_span(&out));
	for (size_t i = 0; i < back->n_fields; i++)
		if (strcmp(back->fields[i].name, "FN") == 0)
			assert_true(back->fields[i].flags & FIELD_VOLATILE);
}

static void
a_card_that_is_right_already_is_copied(void **state)
{
	static const char card[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nfn: X \r\nx-y;a=\"b;c\":Z\r\n"
				   "END:VCARD\r\n";
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);
	AUTO(card_notes_clear) struct card_notes notes = { 0 };
	AUTO(item_free) struct item *it = parsed(span_str(card));

	(void)state;
	assert_int_equal(card_convert(&out, &notes, it, ITEM_VCARD_30, NULL), 0);
	assert_string_equal(buf_str(&out), card);
}

/* ---- laws, on real cards ---- */

struct law {
	const char *path;
	unsigned n_cards, n_fields, n_notes, n_lines;
};

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct field_key));
}

static bool
has_key(const struct item *it, const struct field *f)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (!(it->fields[i].flags & FIELD_IGNORED) &&
		    key_order(&it->fields[i].key, &f->key) == 0)
			return true;
	return false;
}

/* Fields of @some that @all has not. */
static unsigned
missing(const struct item *some, const struct item *all, bool say, const char *path)
{
	unsigned n = 0;

	for (size_t i = 0; i < some->n_fields; i++) {
		const struct field *f = &some->fields[i];
		if ((f->flags & FIELD_IGNORED) || has_key(all, f))
			continue;
		if (say)
			print_message("%s: line %u: %s is missing\n", path, f->line, f->name);
		n++;
	}
	return n;
}

static unsigned
lines_noted(const struct card_notes *notes)
{
	unsigned n = 0;

	for (size_t i = 0; i < notes->n; i++)
		if (notes->list[i].kind == CARD_NOTE_LINE) {
			/* broken base64 */
			assert_non_null(strstr("PHOTO LOGO KEY", notes->list[i].field));
			n++;
		}
	return n;
}

static void
check_card(struct law *law, const struct item *it)
{
	static const enum item_version to[2] = { ITEM_VCARD_30, ITEM_VCARD_40 };

	law->n_cards++;
	law->n_fields += (unsigned)it->n_fields;
	for (int i = 0; i < 2; i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1 << 25), back = BUF_INIT(1 << 25);
		AUTO(card_notes_clear) struct card_notes notes = { 0 }, ignored = { 0 };
		struct err err = { 0 };

		if (card_convert(&out, &notes, it, to[i], &err) < 0)
			fail_msg("%s: %s", law->path, err.msg);
		AUTO(item_free) struct item *there = parsed(buf_span(&out));
		assert_int_equal(there->version, to[i]);
		assert_int_equal(there->n_junk, 0);
		/* nothing new, and nothing gone but lines that are noted */
		assert_int_equal(missing(there, it, true, law->path), 0);
		unsigned lines = lines_noted(&notes);
		if (lines == 0)
			assert_int_equal(missing(it, there, true, law->path), 0);
		assert_int_equal(card_convert(&back, &ignored, there, to[!i], &err), 0);
		AUTO(item_free) struct item *again = parsed(buf_span(&back));
		assert_int_equal(missing(again, it, true, law->path), 0);
		assert_int_equal(missing(there, again, true, law->path), 0);
		law->n_notes += (unsigned)notes.n;
		law->n_lines += lines;
	}
}

static int
check_part(void *ctx, const struct card_part *part, struct err *err)
{
	(void)err;
	if (!part->bad) {
		struct law *law = ((void **)ctx)[0];
		const struct span *text = ((void **)ctx)[1];
		struct err why = { 0 };
		AUTO(item_free) struct item *it = NULL;
		if (card_parse(&it, range_span(*text, part->range), law->path, part->line, NULL,
			       &why) == 0)
			check_card(law, it);
	}
	return 0;
}

static void
check_file(void *ctx, const char *path, struct span file)
{
	struct law *law = ctx;
	AUTO(buf_clear) struct buf storage = BUF_INIT((size_t)1 << 26);
	enum charset_form form;
	struct span text;
	void *both[2] = { law, &text };

	law->path = path;
	assert_int_equal(charset_open(&text, &form, &storage, file, NULL), 0);
	assert_int_equal(card_split(text, path, check_part, both, NULL), 0);
}

static void
no_real_card_loses_or_gains_a_field_in_either_version(void **state)
{
	struct law law = { 0 };

	(void)state;
	if (corpus_each("contacts", check_file, &law) < 0) {
		print_message("no CLOUDBOX_CORPUS\n");
		skip();
	}
	print_message("%u cards, %u fields, %u notes, %u lines as text\n", law.n_cards,
		      law.n_fields, law.n_notes, law.n_lines);
	assert_true(law.n_cards > 1000);
	assert_true(law.n_lines < 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_property_goes_over_as_the_standards_say),
		cmocka_unit_test(what_the_version_wants_is_made_and_never_compared),
		cmocka_unit_test(a_card_that_is_right_already_is_copied),
		cmocka_unit_test(no_real_card_loses_or_gains_a_field_in_either_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
