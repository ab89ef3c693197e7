/* SPDX-License-Identifier: Apache-2.0 */
/* The laws of eds_card.h: on cards made up, and on every card of the corpus. */
#include "temp.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/eds_card.h"
#include "base/text.h"
#include "item/card.h"
#include "item/card_walk.h"
#include "os/os.h"

#define TOP "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Anna\r\n"
#define END "END:VCARD\r\n"

/* eds_print_fn: as it is. */
static int
print_all(void *ctx, struct buf *out, const char *text, struct err *err)
{
	(void)ctx;
	return buf_append_str(out, text, err);
}

/* eds_print_fn: nothing that it need not keep. */
static int
print_least(void *ctx, struct buf *out, const char *text, struct err *err)
{
	static const char *const kept[] = { "BEGIN", "VERSION", "UID", EDS_RAW, "END" };
	AUTO(contentline_clear) struct contentline_cursor c;
	struct span source = span_str(text);
	struct contentline line;

	(void)ctx;
	card_lines_init(&c, source, "", 1);
	while (contentline_next(&c, &line, err) == 0)
		for (size_t i = 0; i < N_ELEMENTS(kept); i++)
			if (line.kind == CONTENTLINE_PROPERTY && contentline_is(&line, kept[i]) &&
			    buf_append(out, range_span(source, line.range), err) < 0)
				return -1;
	return 0;
}

static bool
has_key(const struct item *it, const struct field_key *k)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (field_key_equal(&it->fields[i].key, k))
			return true;
	return false;
}

/* The field that is lost between writing and showing; NULL: none. */
static const char *
lost_by(struct span bytes, eds_print_fn *print)
{
	static char name[64];
	AUTO(buf_clear) struct buf written = BUF_INIT(1u << 28);
	AUTO(buf_clear) struct buf printed = BUF_INIT(1u << 28);
	AUTO(buf_clear) struct buf shown = BUF_INIT(1u << 28);
	AUTO(item_free) struct item *was = NULL;
	AUTO(item_free) struct item *now = NULL;

	if (card_parse(&was, bytes, "", 1, NULL, NULL) < 0 || memchr(bytes.p, '\0', bytes.n))
		return NULL; /* refused before */
	assert_int_equal(eds_card_write(&written, bytes, true, print, NULL, NULL), 0);
	assert_int_equal(print(NULL, &printed, buf_str(&written), NULL), 0);
	assert_int_equal(eds_card_show(&shown, buf_span(&printed), NULL), 0);
	assert_int_equal(card_parse(&now, buf_span(&shown), "", 1, NULL, NULL), 0);
	for (size_t i = 0; i < was->n_fields; i++)
		if (!(was->fields[i].flags & FIELD_IGNORED) && !has_key(now, &was->fields[i].key)) {
			snprintf(name, sizeof name, "%s", was->fields[i].name);
			return name;
		}
	return NULL;
}

static void
what_the_service_adds_is_not_shown(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ TOP "TEL;TYPE=CELL;X-EVOLUTION-E164=1234,\"+49\":+491234\r\n" END,
		  TOP "TEL;TYPE=CELL:+491234\r\n" END },
		{ TOP "TEL;TYPE=\"CELL,VOICE\";X-EVOLUTION-E164=12345678901234567890,\r\n"
		      " \"+49\":+4912345678901234567890\r\n" END,
		  TOP "TEL;TYPE=\"CELL,VOICE\":+4912345678901234567890\r\n" END },
		{ TOP "item1.TEL;X-EVOLUTION-E164=1;X-A=b:1\r\nitem1.X-ABLabel:Boat\r\n" END,
		  TOP "item1.TEL;X-A=b:1\r\nitem1.X-ABLabel:Boat\r\n" END },
		{ TOP "NOTE:X-EVOLUTION-E164 is a parameter\r\n" END, NULL },
		{ TOP EDS_RAW ":URL:http\\\\://a\\,b\r\n" END, TOP "URL:http\\://a,b\r\n" END },
		/* what is none of ours stays, whatever it would become */
		{ TOP EDS_RAW ":END:VCARD\r\n" END, NULL },
		{ TOP EDS_RAW ":BEGIN:VCARD\r\n" END, NULL },
		{ TOP EDS_RAW ":A:b\\nEND:VCARD\r\n" END, NULL },
		{ TOP EDS_RAW ":" EDS_RAW ":A:b\r\n" END, NULL },
		{ TOP EDS_RAW ":no property\r\n" END, NULL },
		{ TOP EDS_RAW ":\r\n" END, NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf shown = BUF_INIT(4096);
		AUTO(buf_clear) struct buf again = BUF_INIT(4096);

		assert_int_equal(eds_card_show(&shown, span_str(cases[i].text), NULL), 0);
		assert_string_equal(buf_str(&shown),
				    cases[i].shown ? cases[i].shown : cases[i].text);
		assert_int_equal(eds_card_show(&again, buf_span(&shown), NULL), 0);
		assert_string_equal(buf_str(&again), buf_str(&shown));
	}
}

static void
a_clean_card_is_written_as_it_is(void **state)
{
	static const char card[] = TOP "TEL;TYPE=CELL:+491234\r\nX-A:b\r\n" END;
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);

	(void)state;
	assert_int_equal(eds_card_write(&out, span_str(card), true, print_all, NULL, NULL), 0);
	assert_string_equal(buf_str(&out), card);
}

static void
a_uid_that_would_be_cut_off_is_kept_beside_one_of_ours(void **state)
{
	static const char card[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a;b\r\nFN:A\r\n" END;
	AUTO(buf_clear) struct buf out = BUF_INIT(4096);
	AUTO(buf_clear) struct buf again = BUF_INIT(4096);
	AUTO(item_free) struct item *it = NULL;

	(void)state;
	assert_int_equal(eds_card_write(&out, span_str(card), true, print_all, NULL, NULL), 0);
	assert_int_equal(card_parse(&it, buf_span(&out), "", 1, NULL, NULL), 0);
	assert_int_equal(strncmp(it->uid, "urn:uuid:", 9), 0);
	assert_string_equal(item_own_id(it, 1), "a;b");
	/* one that is there already keeps its own */
	assert_int_equal(eds_card_write(&again, span_str(card), false, print_all, NULL, NULL), 0);
	assert_string_equal(buf_str(&again), card);
}

static void
no_field_is_lost_whatever_the_service_drops(void **state)
{
	static const char *const cards[] = {
		TOP "URL:http\\://a.example/x,y\r\nX-L;VALUE=URI:geo:1,2\r\nNOTE:\\\"a\\\"\r\n" END,
		TOP "NICKNAME:Jim,Jimmie\r\nX-messaging/gadu-All:1\r\nCATEGORIES:a,b\\,c\r\n" END,
		"BEGIN:VCARD\r\nitem1.ADR;type=WORK:;;2 Fidel\r\nFN:Snow\r\nView;CA;USA\r\n" END,
		"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=ISO-8859-1:M\xfcller\r\n"
		"KEY;TYPE=X509;ENCODING=BASE64:/9j/4AAAD\r\n ...\r\n\r\n" END,
		"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A\r\nPHOTO:data:image/png;base64,iVBORw0KGgo=\r\n"
		"GENDER:F\r\nTEL;VALUE=uri:tel:+1\r\nRELATED;TYPE=friend:urn:x\r\n" END,
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cards); i++) {
		assert_null(lost_by(span_str(cards[i]), print_all));
		assert_null(lost_by(span_str(cards[i]), print_least));
	}
}

/* nftw() knows no context. */
static struct {
	unsigned cards, lost;
	const char *path;
	struct span text;
} seen;

static int
on_card(void *ctx, const struct card_part *part, struct err *err)
{
	(void)ctx;
	(void)err;
	if (part->bad)
		return 0;
	seen.cards++;
	for (int least = 0; least < 2; least++) {
		const char *field = lost_by(range_span(seen.text, part->range),
					    least ? print_least : print_all);

		if (!field)
			continue;
		seen.lost++;
		print_message("%s:%u: %s\n", seen.path, part->line, field);
	}
	return 0;
}

static int
on_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	AUTO(buf_clear) struct buf file = BUF_INIT(64u << 20);
	AUTO(buf_clear) struct buf converted = BUF_INIT(128u << 20);
	enum charset_form form;

	(void)st;
	(void)ftw;
	if (kind != FTW_F || !strstr(path, ".vc"))
		return 0;
	assert_int_equal(os_read_file(AT_FDCWD, path, &file, NULL), 0);
	assert_int_equal(charset_open(&seen.text, &form, &converted, buf_span(&file), NULL), 0);
	seen.path = path;
	return card_split(seen.text, path, on_card, NULL, NULL);
}

static void
no_field_of_the_corpus_is_lost(void **state)
{
	(void)state;
	assert_int_equal(nftw(corpus("contacts"), on_file, 16, FTW_PHYS), 0);
	print_message("%u cards\n", seen.cards);
	assert_true(seen.cards > 1000);
	assert_int_equal(seen.lost, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_service_adds_is_not_shown),
		cmocka_unit_test(a_clean_card_is_written_as_it_is),
		cmocka_unit_test(a_uid_that_would_be_cut_off_is_kept_beside_one_of_ours),
		cmocka_unit_test(no_field_is_lost_whatever_the_service_drops),
		cmocka_unit_test(no_field_of_the_corpus_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
