/* SPDX-License-Identifier: Apache-2.0 */
/* laws: see laws.h. */
#include "merge/laws.h"

#include "item/contentline.h"

#define FAIL(what, ...)                                                                            \
	do {                                                                                       \
		fprintf(stderr, "%s: ", (what));                                                   \
		fprintf(stderr, __VA_ARGS__);                                                      \
		fprintf(stderr, "\n");                                                             \
		fail();                                                                            \
	} while (0)

struct item *
laws_parse_as(const struct form *form, struct span bytes, const struct item_profile *profile,
	      const char *what)
{
	struct item *it = NULL;
	struct err err = { 0 };

	if (form->parse(&it, bytes, form->name, 1, profile, &err) < 0)
		FAIL(what, "%s\n%.*s", err.msg, (int)bytes.n, (const char *)bytes.p);
	return it;
}

struct item *
laws_parse(struct span bytes, const struct item_profile *profile, const char *what)
{
	return laws_parse_as(&form_card, bytes, profile, what);
}

size_t
laws_count(const struct item *it, const struct field_key *k)
{
	size_t n = 0;

	for (size_t i = 0; i < it->n_fields; i++)
		n += !(it->fields[i].flags & FIELD_IGNORED) &&
		     field_key_equal(&it->fields[i].key, k);
	return n;
}

static bool
is_held(const struct merge_outcome *o, const struct field *f)
{
	for (size_t i = 0; i < o->n_held; i++)
		if (o->held[i].theirs == f)
			return true;
	return false;
}

static void
show(const struct item *mine, const struct item *theirs, const struct merge_outcome *o)
{
	fprintf(stderr, "---- A\n%.*s\n---- A'\n%.*s\n---- merged\n%.*s\n", (int)mine->bytes.n,
		(const char *)mine->bytes.p, (int)theirs->bytes.n, (const char *)theirs->bytes.p,
		(int)o->bytes.n, buf_str(&o->bytes));
}

#define LAW(holds, law)                                                                            \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			show(mine, theirs, o);                                                     \
			FAIL(what, "%s", law);                                                     \
		}                                                                                  \
	} while (0)

static void
a_is_untouched(const struct item *mine, const struct item *theirs, const struct merge_outcome *o,
	       const struct item *now, const char *what)
{
	struct span end = span_skip(mine->bytes, mine->insert_at), bytes = buf_span(&o->bytes);

	LAW(bytes.n >= mine->bytes.n && memcmp(bytes.p, mine->bytes.p, mine->insert_at) == 0 &&
		    span_equal(span_skip(bytes, bytes.n - end.n), end),
	    "A's bytes changed");
	for (size_t i = 0; i < mine->n_fields; i++) {
		const struct field *f = &mine->fields[i];
		if (!(f->flags & FIELD_IGNORED))
			LAW(laws_count(now, &f->key) >= laws_count(mine, &f->key),
			    "a field of A is missing");
	}
	for (size_t i = 0; i < now->n_fields; i++) {
		const struct field *f = &now->fields[i];
		if (!(f->flags & FIELD_IGNORED))
			LAW(laws_count(mine, &f->key) + laws_count(theirs, &f->key) > 0,
			    "a field that nobody had");
	}
}

static void
theirs_is_there_or_held(const struct item *mine, const struct item *theirs,
			const struct merge_outcome *o, const struct item *now, const char *what)
{
	size_t n = 0;

	for (size_t i = 0; i < theirs->n_fields; i++) {
		const struct field *f = &theirs->fields[i];
		if (f->flags & FIELD_IGNORED)
			continue;
		n++;
		LAW((laws_count(now, &f->key) > 0) != is_held(o, f),
		    "a field of A' is neither there nor held, or both");
		LAW(laws_count(mine, &f->key) > 0 || laws_count(now, &f->key) <= 1,
		    "a field of A' was added twice");
	}
	LAW(n == o->n_chosen && n == o->n_added + o->n_held + o->n_equal, "the count is wrong");
}

static void
again_changes_nothing(const struct item *mine, const struct item *theirs,
		      const struct merge_outcome *o, const struct item *now, const char *what)
{
	AUTO(merge_outcome_clear) struct merge_outcome again = MERGE_OUTCOME_INIT;
	struct err err = { 0 };

	LAW(merge_items(&again, now, theirs, NULL, &err) == 0, err.msg);
	LAW(again.result == MERGE_IDENTICAL && again.n_added == 0 &&
		    span_equal(buf_span(&again.bytes), buf_span(&o->bytes)),
	    "merging again changes something");
	LAW(again.n_held == o->n_held, "merging again holds something else");
}

static void
undo_gives_back(const struct item *mine, const struct item *theirs, const struct merge_outcome *o,
		const struct item *now, const char *what)
{
	AUTO(free) struct field_key *keys = calloc(o->n_added + 1, sizeof *keys);
	AUTO(free) bool *removed = calloc(o->n_added + 1, sizeof *removed);
	AUTO(buf_clear) struct buf before = BUF_INIT(SIZE_MAX / 4);
	struct err err = { 0 };

	for (size_t i = 0; i < o->n_added; i++)
		keys[i] = o->added[i].theirs->stored_key;
	LAW(merge_remove(&before, now, keys, o->n_added, removed, &err) == 0, err.msg);
	for (size_t i = 0; i < o->n_added; i++)
		LAW(removed[i], "an added field cannot be undone");
	LAW(span_equal(buf_span(&before), mine->bytes), "undo leaves other bytes");
	AUTO(item_free)
	struct item *it = laws_parse_as(mine->form, buf_span(&before), mine->profile, what);
	LAW(it->n_fields == mine->n_fields, "undo leaves another number of fields");
	for (size_t i = 0; i < it->n_fields; i++)
		LAW(field_key_equal(&it->fields[i].key, &mine->fields[i].key),
		    "undo leaves other fields");
}

/* What is in merge(A, A') and cannot be single is in merge(A', A), too, or could not be written. */
static void
sides_agree(const struct item *mine, const struct item *theirs, const struct merge_outcome *o,
	    const struct item *now, const struct item *other_now, const struct merge_outcome *other,
	    const char *what)
{
	for (size_t i = 0; i < now->n_fields; i++) {
		const struct field *f = &now->fields[i];
		bool held = false;
		if ((f->flags & FIELD_IGNORED) || laws_count(other_now, &f->key))
			continue;
		for (size_t j = 0; j < other->n_held; j++)
			held |= field_key_equal(&other->held[j].theirs->key, &f->key);
		LAW(held, "another result from the other side");
	}
}

void
laws_check(const struct item *mine, const struct item *theirs, const char *what)
{
	const struct item *sides[2] = { mine, theirs };
	struct merge_outcome outcome[2] = { MERGE_OUTCOME_INIT, MERGE_OUTCOME_INIT };
	struct item *now[2] = { NULL, NULL };
	struct err err = { 0 };

	for (int i = 0; i < 2; i++) {
		const struct item *a = sides[i], *b = sides[!i];
		if (merge_items(&outcome[i], a, b, NULL, &err) < 0) {
			show(a, b, &outcome[i]);
			FAIL(what, "%s", err.msg);
		}
		now[i] = laws_parse_as(a->form, buf_span(&outcome[i].bytes), a->profile, what);
		a_is_untouched(a, b, &outcome[i], now[i], what);
		theirs_is_there_or_held(a, b, &outcome[i], now[i], what);
		again_changes_nothing(a, b, &outcome[i], now[i], what);
		undo_gives_back(a, b, &outcome[i], now[i], what);
	}
	sides_agree(mine, theirs, &outcome[0], now[0], now[1], &outcome[1], what);
	sides_agree(theirs, mine, &outcome[1], now[1], now[0], &outcome[0], what);
	for (int i = 0; i < 2; i++) {
		merge_outcome_clear(&outcome[i]);
		item_free(now[i]);
	}
}

/* ---- made-up cards ---- */

static const char *const any_version[] = {
	"FN:Anna Schmidt",
	"FN:王小明",
	"N:Schmidt;Anna;;;",
	"N:Schmidt;Anna;Maria;Dr.;",
	"TEL:+1 (415) 555-1212",
	"TEL;TYPE=CELL:+14155551212",
	"TEL;TYPE=WORK:4155551212",
	"TEL:555",
	"TEL:#555",
	"TEL:1234567;89321",
	"TEL:1234567 ext. 5",
	"EMAIL:John@Example.com",
	"EMAIL;TYPE=HOME:john@example.COM",
	"EMAIL:jo.hn@example.com",
	"EMAIL:",
	"ADR:;;;;;;",
	"ADR;TYPE=HOME:;;Main Street 1;Springfield;IL;12345;USA",
	"ADR:;;Main  Street 1 ;Springfield;IL;12345;USA",
	"ORG:Example Inc.;",
	"ORG:Example Inc.",
	"ORG:Example Inc.;Sales",
	"TITLE:Head of everything",
	"NOTE:a",
	"NOTE:b",
	"NOTE:",
	"URL:http://Example.com/a?b=c",
	"URL:https://example.com/",
	"BDAY:19800101",
	"BDAY:1980-01-01",
	"BDAY:1981-02-03",
	"CATEGORIES:friends,family",
	"CATEGORIES:family,work",
	"NICKNAME:annie",
	"X-AIM:anna",
	"IMPP:aim:anna",
	"X-JABBER:anna",
	"X-Custom;x=y:some value",
	"x-custom:some value",
	"item1.TEL:+49 30 123456\r\nitem1.X-ABLabel:Boat",
	"item1.URL:http://shop.example/\r\nitem1.X-ABLabel:Shop",
	"item7.X-ABDATE:2001-02-03\r\nitem7.X-ABLabel:_$!<Anniversary>!$_",
	"item7.X-ABDATE:2001-02-03\r\nitem7.X-ABLabel:Other",
	"home.TEL:+49 40 1\r\nhome.EMAIL:a@b.example\r\nhome.X-ABLabel:Home",
	"PHOTO;VALUE=uri:http://example.com/a.jpg",
	"UID:abc",
	"UID:def",
	"REV:20200101T000000Z",
	"LABEL:somewhere",
	"junk without a colon",
	"X-EMPTY:",
	"X-ODD:a\\;b",
	"X-ODD:a;b",
};

static const char *const old_version[] = {
	"TEL;CELL;PREF:+14155551212",
	"NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Gr=C3=BC=C3=9Fe=0D=0Aaus Berlin=\r\n"
	" und anderswo",
	"NOTE;ENCODING=QUOTED-PRINTABLE:a=",
	"FN;CHARSET=ISO-8859-1:J\xf6rg M\xfcller",
	"FN;CHARSET=UTF-8:J\xf6rg M\xfcller",
	"PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQEASABIAAD/\r\n  2wBDAAMCAgMCAgMDAwM=\r\n",
	"AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:Assistant\r\nTEL:2\r\nEND:VCARD",
	"X-PATH:C:\\new\\table",
	"NOTE:a long note that goes on and on and on, over more than seventy-five characters in "
	"one "
	"line",
};

static const char *const new_version[] = {
	"TEL;VALUE=uri;TYPE=\"voice,home\";PREF=1:tel:+1-555-555-5555;ext=5555",
	"NOTE:line 1\\nline 2\\, comma\\; semicolon \\\\ backslash",
	("NOTE:Ein l\xc3\xa4ngerer Text mit vielen Umlauten \xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\r\n "
	 "\xc3\xb6\xc3\xbc, der gefaltet ist"),
	"PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgMCAgMDAwM=",
	"PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoAAAANSUhEUg==",
	"PHOTO:data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==",
	"CATEGORIES:a\\,b,c",
	"BDAY:--0203",
	"BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-03",
	"KIND:individual",
	"GENDER:M;Fellow",
	"RELATED;TYPE=spouse:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
	"X-NL:a\\nb",
	"AGENT:BEGIN:VCARD\\nVERSION:2.1\\nFN:Assistant\\nTEL:2\\nEND:VCARD\\n",
};

static void
put(struct buf *out, const char *s)
{
	assert_int_equal(buf_append_str(out, s, NULL), 0);
}

static void
put_one(struct buf *out, struct dice *d, bool old)
{
	unsigned which = dice_roll(d, 3);

	put(out, which < 2 ? any_version[dice_roll(d, N_ELEMENTS(any_version))]
		 : old     ? old_version[dice_roll(d, N_ELEMENTS(old_version))]
			   : new_version[dice_roll(d, N_ELEMENTS(new_version))]);
	put(out, "\r\n");
}

/* CRLF as LF or CR. */
static void
other_line_ends(struct buf *card, char end)
{
	size_t n = 0;

	for (size_t i = 0; i < card->n; i++) {
		if (card->p[i] == '\r')
			continue;
		card->p[n++] = card->p[i] == '\n' ? (uint8_t)end : card->p[i];
	}
	card->n = n;
}

void
laws_random_card(struct buf *out, struct dice *d)
{
	static const char *const versions[] = { "2.1", "3.0", "4.0" };
	unsigned version = dice_roll(d, 3), n = dice_roll(d, 12), ends = dice_roll(d, 6);

	put(out, "BEGIN:VCARD\r\n");
	if (dice_roll(d, 20)) {
		put(out, "VERSION:");
		put(out, versions[version]);
		put(out, "\r\n");
	}
	for (unsigned i = 0; i < n; i++)
		put_one(out, d, version == 0);
	put(out, "END:VCARD\r\n");
	if (ends < 2)
		other_line_ends(out, ends ? '\n' : '\r');
}

/* ---- changed copies ---- */

struct lines {
	struct span line[400];
	size_t n;
};

static void
take_lines(struct lines *l, const struct item *it)
{
	for (size_t i = 0; i < it->n_fields && l->n < N_ELEMENTS(l->line); i++)
		if (i == 0 || it->fields[i].own.start != it->fields[i - 1].own.start)
			l->line[l->n++] = range_span(it->bytes, it->fields[i].own);
	for (size_t i = 0; i < it->n_members && l->n < N_ELEMENTS(l->line); i++)
		l->line[l->n++] = range_span(it->bytes, it->members[i]);
}

static bool
is_version(struct span line)
{
	return line.n > 8 && memcmp(line.p, "VERSION:", 8) == 0;
}

void
laws_check_changed_copy(const struct item *it, uint64_t seed, const char *what)
{
	static const char *const versions[] = { "2.1", "3.0", "4.0" };
	struct dice d = { seed * 2 + 1 };
	AUTO(buf_clear) struct buf copy = BUF_INIT(SIZE_MAX / 4);
	struct lines l = { .n = 0 };

	take_lines(&l, it);
	put(&copy, "BEGIN:VCARD\r\n");
	if (dice_roll(&d, 2) == 0) {
		put(&copy, "VERSION:");
		put(&copy, versions[dice_roll(&d, 3)]);
		put(&copy, "\r\n");
	}
	for (size_t i = l.n; i > 1; i--) {
		size_t j = dice_roll(&d, (unsigned)i);
		struct span s = l.line[i - 1];
		l.line[i - 1] = l.line[j];
		l.line[j] = s;
	}
	for (size_t i = 0; i < l.n; i++) {
		if (dice_roll(&d, 8) == 0 && !is_version(l.line[i]))
			continue;
		assert_int_equal(buf_append(&copy, l.line[i], NULL), 0);
		uint8_t last = l.line[i].p[l.line[i].n - 1];
		put(&copy, last == '\n' || last == '\r' ? "" : "\r\n");
		put(&copy, dice_roll(&d, 4) ? "" : "\r\n");
	}
	put(&copy, "EMAIL;TYPE=HOME:added@example.com\r\nTEL:+99 1\r\nEND:VCARD\r\n");
	AUTO(item_free) struct item *theirs = laws_parse(buf_span(&copy), NULL, what);
	laws_check(it, theirs, what);
}
