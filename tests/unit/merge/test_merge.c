/* SPDX-License-Identifier: Apache-2.0 */
/* What merging must survive, case by case; each from both sides and again (laws_check). */
#include "merge/laws.h"
#include "phone/phone.h"

/* A and A' as lines of a card; what the new A's lines are, and which values of A' are held. */
struct merge_case {
	const char *says;
	const char *mine, *theirs;
	const char *merged; /* NULL: identical */
	const char *held;   /* "NAME=value;…" */
	const char *const *single;
};

static const char *const note_once[] = { "NOTE", NULL };
static const char *const photo_once[] = { "PHOTO", NULL };

#define V3 "VERSION:3.0\r\n"
#define V4 "VERSION:4.0\r\n"
#define V2 "VERSION:2.1\r\n"

static const struct merge_case cases[] = {
	{ "1: one number in two spellings and types is one number",
	  V3 "TEL;TYPE=CELL:+1 (415) 555-1212\r\n", V3 "TEL;TYPE=WORK:+14155551212\r\n", NULL, "",
	  NULL },
	{ "2: without a home region a national number is another number", V3 "TEL:4155551212\r\n",
	  V3 "TEL:+14155551212\r\n", V3 "TEL:4155551212\r\nTEL:+14155551212\r\n", "", NULL },
	{ "3: hash and star belong to a number", V3 "TEL:555\r\n", V3 "TEL:#555\r\nTEL:*555\r\n",
	  V3 "TEL:555\r\nTEL:#555\r\nTEL:*555\r\n", "", NULL },
	{ "4: waits and extensions belong to a number", V3 "TEL:1234567\r\n",
	  V3 "TEL:1234567;89321\r\nTEL:1234567 ext. 5\r\nTEL:1234567 x5\r\n",
	  V3 "TEL:1234567\r\nTEL:1234567;89321\r\nTEL:1234567 ext. 5\r\n", "", NULL },
	{ "5: case is no part of an e-mail address, dots are", V3 "EMAIL:John@Example.com\r\n",
	  V3 "EMAIL:john@example.COM\r\nEMAIL:jo.hn@example.com\r\n",
	  V3 "EMAIL:John@Example.com\r\nEMAIL:jo.hn@example.com\r\n", "", NULL },
	{ "6: a name composed or decomposed is one name", V3 "UID:1\r\nFN:Jos\xc3\xa9\r\n",
	  V3 "UID:1\r\nFN:Jose\xcc\x81\r\n", NULL, "", NULL },
	{ "7: another name is held, the terminal's stays", V3 "FN:Anna Schmidt\r\nTEL:1\r\n",
	  V3 "FN:Anna Meier\r\nTEL:1\r\n", NULL, "FN=Anna Meier;", NULL },
	{ "11: another photo is held where there is one, another folding is the same photo",
	  V3 "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgAB\r\n",
	  V3 "PHOTO;ENCODING=b;TYPE=JPEG:\r\n /9j/4AAQ\r\n SkZJRgAB\r\nPHOTO;ENCODING=b:AAAA\r\n",
	  NULL, "PHOTO=data, 3 bytes;", photo_once },
	{ "11: a photo is added where there is none, in the card's version", V4 "FN:A\r\n",
	  V3 "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgAB\r\n",
	  V4 "FN:A\r\nPHOTO:data:image/jpeg;base64,/9j/4AAQSkZJRgAB\r\n", "", NULL },
	{ "12: two notes stay two", V3 "NOTE:a\r\n", V3 "NOTE:b\r\n", V3 "NOTE:a\r\nNOTE:b\r\n", "",
	  NULL },
	{ "12: or one is held where the app has one", V3 "NOTE:a\r\n", V3 "NOTE:b\r\n", NULL,
	  "NOTE=b;", note_once },
	{ "13: a birthday only in the backup is added", V3 "FN:A\r\n", V3 "BDAY:1980-01-01\r\n",
	  V3 "FN:A\r\nBDAY:1980-01-01\r\n", "", NULL },
	{ "13: a birthday is its date, however written", V3 "BDAY:19800101\r\n",
	  V3 "BDAY;VALUE=date-time:1980-01-01T00:00:00Z\r\n", NULL, "", NULL },
	{ "13: without a year it is another date", V4 "BDAY:--0101\r\n", V3 "BDAY:1980-01-01\r\n",
	  NULL, "BDAY=1980-01-01;", NULL },
	{ "13: Apple's year 1604 is none", V4 "BDAY:--0101\r\n",
	  V3 "BDAY;X-APPLE-OMIT-YEAR=1604:1604-01-01\r\n", NULL, "", NULL },
	{ "14: labels stay with what they label, an added group gets a free number",
	  V3 "item1.TEL:1\r\nitem1.X-ABLabel:Boat\r\n",
	  V3 "item1.URL:http://shop.example/\r\nitem1.X-ABLabel:Shop\r\n",
	  V3 "item1.TEL:1\r\nitem1.X-ABLabel:Boat\r\nitem2.URL:http://shop.example/\r\n"
	     "item2.X-ABLabel:Shop\r\n",
	  "", NULL },
	{ "14: an unknown property with another label is another field",
	  V3 "item1.X-ABDATE:2001-02-03\r\nitem1.X-ABLabel:Boat\r\n",
	  V3 "item1.X-ABDATE:2001-02-03\r\nitem1.X-ABLabel:Shop\r\n",
	  V3 "item1.X-ABDATE:2001-02-03\r\nitem1.X-ABLabel:Boat\r\n"
	     "item2.X-ABDATE:2001-02-03\r\nitem2.X-ABLabel:Shop\r\n",
	  "", NULL },
	{ "14: two lines of one group share one label", V3 "FN:A\r\n",
	  V3 "g.TEL:1\r\ng.EMAIL:a@b.example\r\ng.X-ABLabel:Boat\r\n",
	  V3 "FN:A\r\ng1.TEL:1\r\ng1.X-ABLabel:Boat\r\ng1.EMAIL:a@b.example\r\n", "", NULL },
	{ "15: a card within a card is one field", V2 "FN:Boss\r\n",
	  V2 "FN:Boss\r\nAGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:Assistant\r\nEND:VCARD\r\nTEL:"
	     "1\r\n",
	  V2 "FN:Boss\r\nAGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:Assistant\r\nEND:VCARD\r\nTEL:"
	     "1\r\n",
	  "", NULL },
	{ "16: a stray soft break does not swallow the next property", V2 "FN:A\r\n",
	  V2 "FN:A\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nTEL:1\r\n",
	  V2 "FN:A\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a\r\nTEL:1\r\n", "", NULL },
	{ "16: nor what is added behind it", V2 "NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\n",
	  V2 "PETS:x\r\n", V2 "NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\n\r\nPETS:x\r\n", "", NULL },
	{ "17: a charset that lies is read as what was meant, and is equal again",
	  V2 "FN;CHARSET=UTF-8:M\xfcller\r\n", V3 "FN:M\xc3\xbcller\r\n", NULL, "", NULL },
	{ "17: so is an invented one", V2 "FN;CHARSET=Murks:M\xfcller\r\n",
	  V3 "FN:M\xc3\xbcller\r\n", NULL, "", NULL },
	{ "17: and one that is true", V2 "FN;CHARSET=WINDOWS-1251:\xcf\xf0\xe8\r\n",
	  V3 "FN:\xd0\x9f\xd1\x80\xd0\xb8\r\n", NULL, "", NULL },
	{ "18: a number twice in the backup is added once", V3 "FN:A\r\n",
	  V3 "TEL:1\r\nTEL;TYPE=HOME:1\r\n", V3 "FN:A\r\nTEL:1\r\n", "", NULL },
	{ "18: twice on the terminal both stay", V3 "TEL:1\r\nTEL;TYPE=HOME:1\r\n", V3 "TEL:1\r\n",
	  NULL, "", NULL },
	{ "19: empty properties are ignored on both sides", V3 "EMAIL:\r\nFN:A\r\n",
	  V3 "FN:A\r\nADR:;;;;;;\r\nEMAIL:\r\nNOTE:  \r\nCATEGORIES:,\r\n", NULL, "", NULL },
	{ "an address is its seven parts", V3 "ADR;TYPE=HOME:;;Main St 1;Town;;1;X\r\n",
	  V3 "ADR;TYPE=WORK:;; Main  St 1;Town;;1;X\r\n", NULL, "", NULL },
	{ "elements of a list are fields of their own", V3 "CATEGORIES:a,b\r\n",
	  V3 "CATEGORIES:b,c\\,d,e\r\n", V3 "CATEGORIES:a,b\r\nCATEGORIES:c\\,d,e\r\n", "", NULL },
	{ "one handle is one handle, whatever the property", V3 "X-JABBER:anna@x.example\r\n",
	  V4 "IMPP:xmpp:anna@x.example\r\nIMPP:aim:anna@x.example\r\n",
	  V3 "X-JABBER:anna@x.example\r\nIMPP:aim:anna@x.example\r\n", "", NULL },
	{ "a link with a query is another link", V3 "URL:HTTP://Example.com/a\r\n",
	  V3
	  "URL:http://example.com/a\r\nURL:http://example.com/a?b\r\nURL:http://example.com/a/\r\n",
	  V3
	  "URL:HTTP://Example.com/a\r\nURL:http://example.com/a?b\r\nURL:http://example.com/a/\r\n",
	  "", NULL },
	{ "revision, program and id are never compared, added or held",
	  V3 "UID:1\r\nREV:1\r\nPRODID:x\r\n",
	  V3 "UID:2\r\nREV:2\r\nPRODID:y\r\nX-CLOUDBOX-UID:3\r\n", NULL, "", NULL },
	{ "2.1 goes into 4.0 as 4.0", V4 "FN:A\r\n",
	  V2 "TEL;CELL;PREF:+1 2\r\nNOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:"
	     "a, b; =E4=0D=0Ac\r\nADR;HOME:;;a\\;b;T;;1;X\r\n",
	  V4 "FN:A\r\nTEL;TYPE=CELL;PREF=1:+1 2\r\nNOTE:a\\, b\\; \xc3\xa4\\nc\r\n"
	     "ADR;TYPE=HOME:;;a\\;b;T;;1;X\r\n",
	  "", NULL },
	{ "4.0 goes into 2.1 as 2.1", V2 "FN:A\r\n",
	  V4 "TEL;VALUE=uri;TYPE=\"voice,home\";PREF=1:tel:+1-555\r\n"
	     "NOTE:\xc3\xa4\\nb\r\nPHOTO:data:image/png;base64,iVBO\r\nURL:http://a.example/"
	     "?a=b;c\r\n",
	  V2 "FN:A\r\nTEL;voice;home;PREF:+1-555\r\n"
	     "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=A4=0D=0Ab\r\n"
	     "PHOTO;ENCODING=BASE64;TYPE=PNG:iVBO\r\n\r\nURL:http://a.example/?a=b;c\r\n",
	  "", NULL },
	{ "a 3.0 link stays a link", V4 "FN:A\r\n", V3 "PHOTO;VALUE=uri:http://a.example/1.jpg\r\n",
	  V4 "FN:A\r\nPHOTO:http://a.example/1.jpg\r\n", "", NULL },
	{ "long lines are folded at 75 bytes, never within a character", V3 "FN:A\r\n",
	  V3 "NOTE:1234567890123456789012345678901234567890123456789012345678901234567890"
	     "\xc3\xa4\xc3\xa4\xc3\xa4\r\n",
	  V3
	  "FN:A\r\nNOTE:1234567890123456789012345678901234567890123456789012345678901234567890\r\n "
	  "\xc3\xa4\xc3\xa4\xc3\xa4\r\n",
	  "", NULL },
	{ "only the first FN is single", V4 "FN:A\r\n", V4 "FN:B\r\nFN;LANGUAGE=de:C\r\n",
	  V4 "FN:A\r\nFN;LANGUAGE=de:C\r\n", "FN=B;", NULL },
	{ "one spouse is one spouse, whichever program wrote it", V3 "X-EVOLUTION-SPOUSE:Maria\r\n",
	  V3 "X-MS-SPOUSE:Maria\r\nitem1.X-ABRELATEDNAMES:Maria\r\nitem1.X-ABLabel:_$!<Spouse>!$_"
	     "\r\nX-SPOUSE:Jenny\r\nitem2.X-ABRELATEDNAMES:Maria\r\nitem2.X-ABLabel:Friend\r\n",
	  V3 "X-EVOLUTION-SPOUSE:Maria\r\nX-SPOUSE:Jenny\r\nitem1.X-ABRELATEDNAMES:Maria\r\n"
	     "item1.X-ABLabel:Friend\r\n",
	  "", NULL },
	{ "an anniversary is one value, whichever program wrote it",
	  V3 "X-MS-ANNIVERSARY:20110113\r\n",
	  V3 "item1.X-ABDATE:2011-01-13\r\nitem1.X-ABLabel:_$!<Anniversary>!$_\r\n"
	     "X-EVOLUTION-ANNIVERSARY:1980-03-22\r\n",
	  NULL, "X-EVOLUTION-ANNIVERSARY=1980-03-22;", NULL },
	{ "a place is the same place in all versions' ways", V4 "GEO:geo:37.7749,-122.4194\r\n",
	  V3 "GEO:37.774900;-122.419400\r\nGEO:1.5;2\r\n",
	  V4 "GEO:geo:37.7749,-122.4194\r\nGEO:geo:1.5,2\r\n", "", NULL },
	{ "quotation marks escaped for nothing are quotation marks", V3 "NOTE:\"AS IS\"\r\n",
	  V3 "NOTE:\\\"AS IS\\\"\r\n", NULL, "", NULL },
	{ "15: an inner card is its fields, in whatever version and order",
	  V2 "AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:Jane\r\nTEL:+1 98\r\nEND:VCARD\r\n",
	  V3 "AGENT:BEGIN:VCARD\\nVERSION:3.0\\nTEL:+1-98\\nFN:Jane\\nEND:VCARD\\n\r\n", NULL, "",
	  NULL },
	{ "15: and another one is another one",
	  V3 "AGENT:BEGIN:VCARD\\nVERSION:3.0\\nUID:1\\nFN:Jane\\nEND:VCARD\\n\r\n",
	  V3 "AGENT:BEGIN:VCARD\\nVERSION:3.0\\nUID:2\\nFN:Jane\\nEND:VCARD\\n\r\n",
	  V3 "AGENT:BEGIN:VCARD\\nVERSION:3.0\\nUID:1\\nFN:Jane\\nEND:VCARD\\n\r\n"
	     "AGENT:BEGIN:VCARD\\nVERSION:3.0\\nUID:2\\nFN:Jane\\nEND:VCARD\\n\r\n",
	  "", NULL },
	{ "2.1's label in the way of 3.0 is the same label", V2 "LABEL;HOME:Street 1\\nTown\r\n",
	  V3 "LABEL;TYPE=HOME:Street 1\\nTown\r\n", NULL, "", NULL },
	{ "Kontact's names with a slash are properties",
	  V3 "NOTE:n\r\nX-messaging/xmpp-All:a@b.example\r\n",
	  V4 "IMPP:xmpp:a@b.example\r\nNOTE:n\r\n", NULL, "", NULL },
	{ "what a card has once only is held", V4 "BIRTHPLACE:Town\r\n",
	  V4 "BIRTHPLACE:Village\r\nDEATHPLACE:Town\r\nX-PHONETIC-LAST-NAME:Dow\r\n",
	  V4 "BIRTHPLACE:Town\r\nDEATHPLACE:Town\r\nX-PHONETIC-LAST-NAME:Dow\r\n",
	  "BIRTHPLACE=Village;", NULL },
	{ "text that was never folded stays with its property", V3 "FN:A\r\n",
	  V3 "NOTE:one\r\ntwo\r\nTEL:1\r\n", V3 "FN:A\r\nNOTE:one\\ntwo\r\nTEL:1\r\n", "", NULL },
};

static void
append_card(struct buf *out, const char *lines)
{
	assert_int_equal(buf_append_fmt(out, NULL, "BEGIN:VCARD\r\n%sEND:VCARD\r\n", lines), 0);
}

static void
held_of(struct buf *out, const struct merge_outcome *o)
{
	for (size_t i = 0; i < o->n_held; i++)
		assert_int_equal(buf_append_fmt(out, NULL, "%s=%s;", o->held[i].theirs->name,
						o->held[i].theirs->value),
				 0);
}

static void
try_case(const struct merge_case *c)
{
	const struct item_profile profile = { .single = c->single };
	AUTO(buf_clear)
	struct buf a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20),
		   held = BUF_INIT(1 << 20);
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;

	append_card(&a, c->mine);
	append_card(&b, c->theirs);
	append_card(&want, c->merged ? c->merged : c->mine);
	AUTO(item_free) struct item *mine = laws_parse(buf_span(&a), &profile, c->says);
	AUTO(item_free) struct item *theirs = laws_parse(buf_span(&b), &profile, c->says);
	assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
	held_of(&held, &o);
	if (strcmp(buf_str(&o.bytes), buf_str(&want)) != 0 ||
	    strcmp(buf_str(&held), c->held) != 0 ||
	    o.result != (c->merged ? MERGE_MERGED : MERGE_IDENTICAL))
		fail_msg("%s\n--- have\n%s--- held %s\n--- want\n%s--- held %s", c->says,
			 buf_str(&o.bytes), buf_str(&held), buf_str(&want), c->held);
	laws_check(mine, theirs, c->says);
}

static void
contacts_merge_as_the_rules_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		try_case(&cases[i]);
}

/* ---- home region ---- */

static void
with_a_home_region_a_national_number_is_international(void **state)
{
	static const struct item_profile us = { .keys = { .region = "US", .e164 = phone_e164 } };
	const char *a = "BEGIN:VCARD\r\nTEL:(415) 555-1212\r\nEND:VCARD\r\n";
	const char *b = "BEGIN:VCARD\r\nTEL:+14155551212\r\nTEL:415 555 1212;9\r\nEND:VCARD\r\n";
	const char *agent =
		"BEGIN:VCARD\r\nAGENT:BEGIN:VCARD\\nFN:X\\nTEL:4155551212\\nEND:VCARD\r\n"
		"AGENT:BEGIN:VCARD\\nFN:X\\nTEL:+14155551212\\nEND:VCARD\r\nEND:VCARD\r\n";

	(void)state;
	if (!phone_is_there()) {
		print_message("skipped: built without libphonenumber\n");
		skip();
	}
	AUTO(item_free) struct item *mine = laws_parse(span_str(a), &us, "US");
	AUTO(item_free) struct item *theirs = laws_parse(span_str(b), &us, "US");
	AUTO(item_free) struct item *nested = laws_parse(span_str(agent), &us, "US");
	assert_memory_equal(&mine->fields[0].key, &theirs->fields[0].key, FIELD_KEY_BYTES);
	assert_memory_not_equal(&mine->fields[0].key, &theirs->fields[1].key, FIELD_KEY_BYTES);
	assert_memory_equal(&nested->fields[0].key, &nested->fields[1].key, FIELD_KEY_BYTES);
	/* what is kept knows no region */
	assert_memory_not_equal(&mine->fields[0].stored_key, &theirs->fields[0].stored_key,
				FIELD_KEY_BYTES);
	assert_memory_not_equal(&nested->fields[0].stored_key, &nested->fields[1].stored_key,
				FIELD_KEY_BYTES);
	laws_check(mine, theirs, "US");
}

static void
the_id_made_of_a_cards_content_is_the_same_in_every_region(void **state)
{
	static const struct item_profile us = { .keys = { .region = "US", .e164 = phone_e164 } };
	const char *card = "BEGIN:VCARD\r\nFN:A\r\nTEL:(415) 555-1212\r\nEND:VCARD\r\n";
	AUTO(item_free) struct item *there = laws_parse(span_str(card), &us, "US");
	AUTO(item_free) struct item *nowhere = laws_parse(span_str(card), NULL, "nowhere");
	uint8_t a[ITEM_CONTENT_ID_BYTES], b[ITEM_CONTENT_ID_BYTES];

	(void)state;
	assert_int_equal(item_content_id(there, a, NULL), 0);
	assert_int_equal(item_content_id(nowhere, b, NULL), 0);
	assert_memory_equal(a, b, sizeof a);
}

/* ---- choosing, taking, making new ---- */

static bool
only_tel(void *ctx, const struct field *f)
{
	(void)ctx;
	return strcmp(f->name, "TEL") == 0;
}

static void
only_chosen_fields_are_merged(void **state)
{
	const char *a = "BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD\n";
	const char *b = "BEGIN:VCARD\nVERSION:3.0\nFN:B\nTEL:1\nNOTE:n\nEND:VCARD\n";
	const struct merge_choice choice = { .wants = only_tel };
	AUTO(item_free) struct item *mine = laws_parse(span_str(a), NULL, "A");
	AUTO(item_free) struct item *theirs = laws_parse(span_str(b), NULL, "B");
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;

	(void)state;
	assert_int_equal(merge_items(&o, mine, theirs, &choice, NULL), 0);
	assert_string_equal(buf_str(&o.bytes),
			    "BEGIN:VCARD\nVERSION:3.0\nFN:A\nTEL:1\nEND:VCARD\n");
	assert_int_equal(o.n_chosen, 1);
	assert_int_equal(o.n_held, 0);
}

static void
a_held_value_is_taken_by_choice_in_the_place_of_the_old_one(void **state)
{
	const char *a = "BEGIN:VCARD\r\nVERSION:2.1\r\nitem1.BDAY:19800101\r\nitem1.X-ABLabel:x\r\n"
			"FN:A\r\nEND:VCARD\r\n";
	const char *b = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:\xc3\x84\r\nBDAY:--0202\r\nEND:VCARD\r\n";
	AUTO(item_free) struct item *mine = laws_parse(span_str(a), NULL, "A");
	AUTO(item_free) struct item *theirs = laws_parse(span_str(b), NULL, "B");
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(buf_clear) struct buf fn = BUF_INIT(1000), bday = BUF_INIT(1000);

	(void)state;
	assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
	assert_int_equal(o.n_held, 2);
	assert_int_equal(merge_take(&fn, mine, o.held[0].mine, theirs, o.held[0].theirs, NULL), 0);
	assert_string_equal(buf_str(&fn),
			    "BEGIN:VCARD\r\nVERSION:2.1\r\nitem1.BDAY:19800101\r\n"
			    "item1.X-ABLabel:x\r\n"
			    "FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=84\r\nEND:VCARD\r\n");
	assert_int_equal(merge_take(&bday, mine, o.held[1].mine, theirs, o.held[1].theirs, NULL),
			 0);
	assert_string_equal(buf_str(&bday), "BEGIN:VCARD\r\nVERSION:2.1\r\nBDAY:--0202\r\nFN:A\r\n"
					    "END:VCARD\r\n");
}

struct new_case {
	const char *card;
	bool taken;
	bool only_tel;
	const char *made;
};

static void
a_new_contact_is_the_backups_card_with_an_id_of_its_own(void **state)
{
#define URN "urn:uuid:61626364-6566-8768-a96a-6b6c6d6e6f70"
	static const struct new_case news[] = {
		{ "UID:1\r\nFN:A\r\n", false, false, "UID:1\r\nFN:A\r\n" },
		{ "FN:A\r\n", false, false, "FN:A\r\nUID:" URN "\r\n" },
		{ "UID:\r\nFN:A\r\n", false, false, "UID:" URN "\r\nFN:A\r\n" },
		{ "UID:a\\;b\r\nFN:A\r\n", true, false,
		  "UID:" URN "\r\nX-CLOUDBOX-UID:a\\;b\r\nFN:A\r\n" },
		{ "UID:1\r\nFN:A\r\nTEL:1\r\ng.URL:x\r\ng.X-ABLabel:y\r\nh.TEL:2\r\nh.URL:z\r\n"
		  "h.X-ABLabel:w\r\nNOTE:n\r\n",
		  false, true, "UID:1\r\nFN:A\r\nTEL:1\r\nh.TEL:2\r\nh.X-ABLabel:w\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(news); i++) {
		const struct new_case *c = &news[i];
		AUTO(buf_clear)
		struct buf card = BUF_INIT(1000), made = BUF_INIT(1000), want = BUF_INIT(1000);
		struct merge_new how = { .item_id = "abcdefghijklmnop", .uid_taken = c->taken };
		how.choice.wants = c->only_tel ? only_tel : NULL;
		how.item_id[15] = 'p';
		append_card(&card, c->card);
		append_card(&want, c->made);
		AUTO(item_free) struct item *it = laws_parse(buf_span(&card), NULL, "new");
		assert_int_equal(merge_new_item(&made, it, &how, NULL), 0);
		assert_string_equal(buf_str(&made), buf_str(&want));
	}
	assert_true(uuid8_is(span_str(URN), (const uint8_t *)"abcdefghijklmnop"));
	assert_true(uuid8_is(span_str("61626364-6566-8768-A96A-6B6C6D6E6F70"),
			     (const uint8_t *)"abcdefghijklmnop"));
	assert_false(uuid8_is(span_str(URN), (const uint8_t *)"abcdefghijklmnoP"));
}

static void
undo_leaves_what_was_edited_since(void **state)
{
	const char *a =
		"BEGIN:VCARD\r\nVERSION:3.0\r\nCATEGORIES:a,b\r\nTEL:1\r\nTEL:1\r\nTEL:2\r\n"
		"g.URL:x\r\ng.EMAIL:e@x.example\r\ng.X-ABLabel:l\r\nEND:VCARD\r\n";
	const char *b = "BEGIN:VCARD\r\nCATEGORIES:b\r\nTEL:1\r\nTEL:3\r\nURL:x\r\nEND:VCARD\r\n";
	AUTO(item_free) struct item *mine = laws_parse(span_str(a), NULL, "A");
	AUTO(item_free) struct item *was = laws_parse(span_str(b), NULL, "B");
	AUTO(buf_clear) struct buf now = BUF_INIT(1000);
	struct field_key keys[4];
	bool removed[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		keys[i] = was->fields[i].key;
	assert_int_equal(merge_remove(&now, mine, keys, 4, removed, NULL), 0);
	assert_false(removed[0]); /* shares its line with a */
	assert_true(removed[1]);  /* one of two */
	assert_false(removed[2]); /* changed */
	assert_true(removed[3]);
	assert_string_equal(buf_str(&now),
			    "BEGIN:VCARD\r\nVERSION:3.0\r\nCATEGORIES:a,b\r\nTEL:1\r\nTEL:2\r\n"
			    "g.EMAIL:e@x.example\r\ng.X-ABLabel:l\r\nEND:VCARD\r\n");
}

/* ---- files ---- */

static void
a_file_in_the_way_gets_the_backups_one_beside_it_once(void **state)
{
	static const char *const names[][2] = {
		{ "DCIM/IMG_0001.JPG", "DCIM/IMG_0001 (from backup).JPG" },
		{ "DCIM/IMG_0001 (from backup).JPG", "DCIM/IMG_0001 (from backup).JPG" },
		{ "README", "README (from backup)" },
		{ "a.b/.profile", "a.b/.profile (from backup)" },
		{ "x.tar.gz", "x.tar (from backup).gz" },
		{ "\xe7\x85\xa7\xe7\x89\x87.jpg", "\xe7\x85\xa7\xe7\x89\x87 (from backup).jpg" },
	};
	struct span one = span_str("1"), two = span_str("2"), three = span_str("3");

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		AUTO(buf_clear) struct buf name = BUF_INIT(1000);
		assert_int_equal(merge_file_name(&name, span_str(names[i][0]), NULL), 0);
		assert_string_equal(buf_str(&name), names[i][1]);
	}
	assert_int_equal(merge_file(one, NULL, NULL), MERGE_FILE_NEW);
	assert_int_equal(merge_file(one, &one, NULL), MERGE_FILE_IDENTICAL);
	assert_int_equal(merge_file(one, &two, NULL), MERGE_FILE_BESIDE);
	assert_int_equal(merge_file(one, &two, &one), MERGE_FILE_IDENTICAL);
	assert_int_equal(merge_file(one, &two, &three), MERGE_FILE_HELD);
}

static void
a_long_name_is_cut_at_a_character(void **state)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(1000), name = BUF_INIT(1000);

	(void)state;
	assert_int_equal(buf_append_str(&path, "d/", NULL), 0);
	for (int i = 0; i < 83; i++)
		assert_int_equal(buf_append_str(&path, "\xe7\x85\xa7", NULL), 0);
	assert_int_equal(buf_append_str(&path, ".jpg", NULL), 0);
	assert_int_equal(merge_file_name(&name, buf_span(&path), NULL), 0);
	assert_true(name.n - 2 <= 255 && name.n - 2 > 252);
	assert_string_equal(buf_str(&name) + name.n - 21, "\xe7\x85\xa7 (from backup).jpg");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contacts_merge_as_the_rules_say),
		cmocka_unit_test(with_a_home_region_a_national_number_is_international),
		cmocka_unit_test(the_id_made_of_a_cards_content_is_the_same_in_every_region),
		cmocka_unit_test(only_chosen_fields_are_merged),
		cmocka_unit_test(a_held_value_is_taken_by_choice_in_the_place_of_the_old_one),
		cmocka_unit_test(a_new_contact_is_the_backups_card_with_an_id_of_its_own),
		cmocka_unit_test(undo_leaves_what_was_edited_since),
		cmocka_unit_test(a_file_in_the_way_gets_the_backups_one_beside_it_once),
		cmocka_unit_test(a_long_name_is_cut_at_a_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
