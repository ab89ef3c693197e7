/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "item/key.h"

enum kind {
	TEL,
	EMAIL,
	URL,
	IMPP,
	AIM,
	DATE,
	DATE_NO_YEAR,
	TEXT,
	WORDS,
	NAME,
	EXACT,
	ZONE,
	GEO,
};

static const struct {
	enum kind kind;
	const char *value, *key;
} cases[] = {
	{ TEL, "+1 (415) 555-1212", "+14155551212" },
	{ TEL, "tel:+1-415-555-1212", "+14155551212" },
	{ TEL, "+1.415.555.1212", "+14155551212" },
	{ TEL,
	  "\xe2\x80\xaa+49\xc2\xa0"
	  "30\xe2\x80\x91"
	  "1\xe2\x80\xac",
	  "+49301" },
	{ TEL, "\xef\xbc\x8b\xef\xbc\x91\xef\xbc\x92", "+12" },
	{ TEL, "\xd9\xa1\xd9\xa2\xd9\xa3", "123" },
	{ TEL, "#555", "#555" },
	{ TEL, "*555", "*555" },
	{ TEL, "1234567,89", "1234567,89" },
	{ TEL, "1234567p89", "1234567,89" },
	{ TEL, "1234567;89", "1234567;89" },
	{ TEL, "1234567 W 89", "1234567;89" },
	{ TEL, "1234567 ext. 5", "1234567x5" },
	{ TEL, "1234567;ext=5", "1234567x5" },
	{ TEL, "1234567 Extension: 5", "1234567x5" },
	{ TEL, "1-800-FLOWERS", "1800flowers" },
	{ TEL, "0049 30", "004930" },
	{ TEL, " - ", "-" },
	{ EMAIL, "John@Example.com", "john@example.com" },
	{ EMAIL, " mailto:john@example.COM", "john@example.com" },
	{ EMAIL, "\"John D.\" <john@example.com>", "john@example.com" },
	{ EMAIL, "jo.hn+tag@example.com", "jo.hn+tag@example.com" },
	{ EMAIL,
	  "a@B\xc3\xbc"
	  "cher.example",
	  "a@xn--bcher-kva.example" },
	{ EMAIL, "\xc3\x84@x.example", "\xc3\xa4@x.example" },
	{ EMAIL, "no address", "no address" },
	{ EMAIL, "a@<>", "" },
	{ URL, "HTTP://User@Example.COM:80/Path?Q=A#F", "http://User@example.com:80/Path?Q=A#F" },
	{ URL, "https://example.com", "https://example.com" },
	{ URL, "https://example.com/", "https://example.com/" },
	{ URL, "Example.com/A", "Example.com/A" },
	{ URL, "MAILTO:A@B", "mailto:A@B" },
	{ IMPP, "xmpp:anna@example.com", "xmpp:anna@example.com" },
	{ IMPP, "JABBER:anna@example.com", "xmpp:anna@example.com" },
	{ IMPP, "anna", ":anna" },
	{ AIM, "anna", "aim:anna" },
	{ AIM, "aim:anna", "aim:anna" },
	{ AIM, "x-apple:anna", "aim:anna" },
	{ IMPP, "x-apple:anna", "x-apple:anna" },
	{ IMPP, "xmpp:anna%40example.com", "xmpp:anna@example.com" },
	{ IMPP, "aim:goim?screenname=anna", "aim:anna" },
	{ IMPP, "GTalk:anna@example.com", "xmpp:anna@example.com" },
	{ IMPP, "xmpp:anna%", "xmpp:anna%" },
	{ IMPP, "xmpp:a%ffb", "xmpp:a%ffb" },
	{ AIM, "100%40", "aim:100%40" },
	{ ZONE, "-0500", "-05:00" },
	{ ZONE, "-5", "-05:00" },
	{ ZONE, "-05:00", "-05:00" },
	{ ZONE, "+5:30", "+05:30" },
	{ ZONE, "+0530", "+05:30" },
	{ ZONE, "-00:30", "-00:30" },
	{ ZONE, "Europe/Berlin", "Europe/Berlin" },
	{ ZONE, "-05:00; EST", "-05:00; EST" },
	{ ZONE, "+25", "+25" },
	{ GEO, "geo:37.3860,-122.0829", "37.386,-122.0829" },
	{ GEO, "37.386;-122.08290", "37.386,-122.0829" },
	{ GEO, "37.386, -122.0829", "37.386,-122.0829" },
	{ GEO, "+07.50;.5", "7.5,0.5" },
	{ GEO, "-0.0;100", "0,100" },
	{ GEO, "1,2,3", "1,2,3" },
	{ GEO, "geo:1,2;u=5", "geo:1,2;u=5" },
	{ GEO, "here", "here" },
	{ DATE, "19800101", "1980-01-01" },
	{ DATE, "1980-01-01", "1980-01-01" },
	{ DATE, "1980-01-01T00:00:00Z", "1980-01-01" },
	{ DATE, "--0101", "--01-01" },
	{ DATE, "--01-01", "--01-01" },
	{ DATE, "1604-01-01", "--01-01" },
	{ DATE_NO_YEAR, "1980-01-01", "--01-01" },
	{ DATE, "1980", "1980" },
	{ DATE, "1980-13-01", "1980-13-01" },
	{ DATE, "in spring", "in spring" },
	{ TEXT, " a\r\nb\rc \n", "a\nb\nc" },
	{ TEXT, "Jose\xcc\x81", "Jos\xc3\xa9" },
	{ TEXT, "\xe3\x80\x80x\xe3\x80\x80", "x" },
	{ WORDS, " a \t b\nc ", "a b c" },
	{ NAME, " Anna  SCHMI\xc3\x9fT", "anna schmisst" },
	{ NAME, "Anna Schmisst", "anna schmisst" },
	{ EXACT, " a\r\nB ", " a\nB " },
};

static int
normalise(struct buf *out, enum kind kind, struct span v)
{
	switch (kind) {
	case TEL:
		return key_tel(out, v, NULL, NULL);
	case EMAIL:
		return key_email(out, v, NULL);
	case URL:
		return key_url(out, v, NULL);
	case IMPP:
		return key_impp(out, v, NULL, NULL);
	case AIM:
		return key_impp(out, v, "aim", NULL);
	case DATE:
		return key_date(out, v, false, NULL);
	case DATE_NO_YEAR:
		return key_date(out, v, true, NULL);
	case TEXT:
		return key_text(out, v, NULL);
	case WORDS:
		return key_words(out, v, NULL);
	case NAME:
		return key_name(out, v, NULL);
	case EXACT:
		return key_exact(out, v, NULL);
	case ZONE:
		return key_zone(out, v, NULL);
	case GEO:
		return key_geo(out, v, NULL);
	}
	return -1;
}

static void
values_are_normalised_to_one_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1000);
		assert_int_equal(normalise(&out, cases[i].kind, span_str(cases[i].value)), 0);
		if (strcmp(buf_str(&out), cases[i].key) != 0)
			fail_msg("%s: %s, not %s", cases[i].value, buf_str(&out), cases[i].key);
	}
}

static void
empty_values_have_a_key_too(void **state)
{
	(void)state;
	for (enum kind k = TEL; k <= GEO; k++) {
		AUTO(buf_clear) struct buf out = BUF_INIT(1000);
		assert_int_equal(normalise(&out, k, span_of(NULL, 0)), 0);
		assert_int_equal(normalise(&out, k, span_str("")), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_normalised_to_one_text),
		cmocka_unit_test(empty_values_have_a_key_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
