/* SPDX-License-Identifier: Apache-2.0 */
/* Events, tasks and memos: which one it is, what is equal, what a merge makes of them. */
#include <stdio.h>
#ifdef HAVE_LIBICAL
#include <libical/ical.h>
#endif

#include "item/corpus.h"
#include "item/ical.h"
#include "item/property.h"
#include "merge/laws.h"

#define SEEN_MAX       ((size_t)64 << 20)
#define VEVENT(lines)  "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"
#define AT_TEN         "DTSTART;TZID=Europe/Berlin:20240102T100000\r\n"
#define AT_NINE        "DTSTART;TZID=Europe/Berlin:20240102T090000\r\n"
#define ALARM(trigger) "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:" trigger "\r\nEND:VALARM\r\n"
#define ZONE(id, offset)                                                                           \
	"BEGIN:VTIMEZONE\r\nTZID:" id "\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"          \
	"TZOFFSETFROM:" offset "\r\nTZOFFSETTO:" offset "\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"

static struct item *
event(const char *text)
{
	return laws_parse_as(&form_event, span_str(text), NULL, text);
}

/* ---- which one it is, and what is equal ---- */

static void
uid_and_occurrence_say_which_event_it_is(void **state)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
		{ VEVENT("UID:1@x\r\n"), "1@x" },
		{ VEVENT("uid:1@\r\n x\r\nSUMMARY:s\r\n"), "1@x" },
		{ VEVENT("UID:1\r\nRECURRENCE-ID:20240102T030405Z\r\n"),
		  "1;RECURRENCE-ID=20240102T030405Z" },
		{ VEVENT("RECURRENCE-ID;VALUE=DATE:20240102\r\nUID:1\r\n"),
		  "1;RECURRENCE-ID=20240102" },
		{ VEVENT("UID:1\r\nRECURRENCE-ID;TZID=/x.org/Tz/Europe/Berlin:20240102T030405\r\n"),
		  "1;RECURRENCE-ID=20240102T030405@Europe/Berlin" },
		{ VEVENT("UID:1\r\nRECURRENCE-ID;TZID=\"Etc/UTC\":20240102T030405\r\n"),
		  "1;RECURRENCE-ID=20240102T030405Z" },
	};
	AUTO(item_free)
	struct item *a = event(VEVENT("DTSTART:20240102T030405Z\r\nSUMMARY:s\r\nLOCATION:l\r\n"));
	AUTO(item_free)
	struct item *b = event(VEVENT("SUMMARY:s\r\nDTSTAMP:20200101T000000Z\r\n"
				      "DTSTART;VALUE=DATE-TIME:20240102T030405Z\r\n"));
	AUTO(item_free) struct item *c = event(VEVENT("SUMMARY:s\r\n"));

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(item_free) struct item *it = event(cases[i].text);
		assert_string_equal(it->uid, cases[i].id);
	}
	assert_string_equal(a->uid, b->uid);
	assert_string_not_equal(a->uid, c->uid);
}

static void
what_says_the_same_is_one_field(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "DTSTART:20240102T030405Z", "DTSTART;TZID=UTC:20240102T030405", true },
		{ "DTSTART:20240102T030405Z", "DTSTART:20240102T030405", false },
		{ "DTSTART;VALUE=DATE:20240102", "DTSTART:20240102", true },
		{ "DTSTART;VALUE=DATE:20240102", "DTSTART:20240102T000000", false },
		{ AT_TEN,
		  "DTSTART;TZID=\"/freeassociation.sourceforge.net/Europe/Berlin\":20240102T100000",
		  true },
		{ AT_TEN, "DTSTART;TZID=Europe/Paris:20240102T100000", false },
		{ "DTSTART;TZID=/x/America/Argentina/Salta:20240102T100000",
		  "DTSTART;TZID=America/Argentina/Salta:20240102T100000", true },
		{ "RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=3",
		  "RRULE;X-EVOLUTION-ENDDATE=20240101T000000Z:COUNT=3;FREQ=weekly;INTERVAL=1;"
		  "BYDAY=TU,MO",
		  true },
		{ "RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=WEEKLY;COUNT=4", false },
		{ "ATTENDEE;CN=Jane;PARTSTAT=ACCEPTED:mailto:Jane@Example.com",
		  "ATTENDEE;ROLE=CHAIR:MAILTO:jane@example.COM", true },
		{ "EXDATE:20240102T030405Z", "EXDATE:20240103T030405Z", false },
		{ "GEO:37.3860;-122.08", "GEO:37.386\\;-122.080", true },
		{ "SUMMARY:a\\, b\\nc", "SUMMARY;LANGUAGE=en:a\r\n \\, b\\Nc", true },
		{ "CATEGORIES:a\\,b", "CATEGORIES:a", false },
		{ ALARM("-PT15M"),
		  "BEGIN:VALARM\nTRIGGER:-PT15M\nX-EVOLUTION-ALARM-UID:7\n"
		  "ACTION:DISPLAY\nEND:VALARM\n",
		  true },
		{ ALARM("-PT15M"),
		  "BEGIN:VALARM\nTRIGGER;RELATED=END:-PT15M\nACTION:DISPLAY\n"
		  "END:VALARM\n",
		  false },
		{ ALARM("-PT15M"), ALARM("-PT5M"), false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf a = BUF_INIT(SEEN_MAX), b = BUF_INIT(SEEN_MAX);
		buf_append_fmt(&a, NULL, "BEGIN:VEVENT\r\n%s\r\nEND:VEVENT\r\n", cases[i].a);
		buf_append_fmt(&b, NULL, "BEGIN:VEVENT\r\n%s\r\nEND:VEVENT\r\n", cases[i].b);
		AUTO(item_free) struct item *x = event(buf_str(&a));
		AUTO(item_free) struct item *y = event(buf_str(&b));
		assert_int_equal(x->n_fields, 1);
		assert_int_equal(y->n_fields, 1);
		if (field_key_equal(&x->fields[0].key, &y->fields[0].key) != cases[i].same)
			fail_msg("%s\n%s", cases[i].a, cases[i].b);
	}
}

static void
every_property_of_the_table_is_found(void **state)
{
	struct properties all;

	(void)state;
	property_in_calendar(span_str("UID"), &all);
	assert_true(all.n > 60);
	for (size_t i = 0; i < all.n; i++) {
		const struct property *p = &all.list[i];
		assert_true(i == 0 || strcmp(p[-1].name, p->name) < 0);
		assert_ptr_equal(property_in(span_str(p->name), ITEM_ICALENDAR), p);
		assert_true(!p->means || property_in(span_str(p->means), ITEM_ICALENDAR)->name);
	}
}

static void
a_list_is_a_field_for_each_element(void **state)
{
	AUTO(item_free)
	struct item *it =
		event(VEVENT("EXDATE;TZID=Europe/Berlin:20240102T100000,20240103T100000\r\n"
			     "CATEGORIES:work,home\r\n"));

	(void)state;
	assert_int_equal(it->n_fields, 4);
	assert_string_equal(it->fields[1].value, "20240103T100000");
	assert_string_equal(it->fields[1].zone, "Europe/Berlin");
	assert_string_equal(it->fields[3].value, "home");
}

/* ---- merging ---- */

static void
assert_merges(const char *a, const char *b, const char *merged, size_t n_held)
{
	AUTO(item_free) struct item *mine = event(a);
	AUTO(item_free) struct item *theirs = event(b);
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;

	assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
	assert_string_equal(buf_str(&o.bytes), merged);
	assert_int_equal(o.n_held, n_held);
	laws_check(mine, theirs, a);
}

static void
an_exception_only_here_stays_and_one_only_there_is_added(void **state)
{
	(void)state; /* case 27 */
	assert_merges(VEVENT("UID:1\r\n" AT_TEN "RRULE:FREQ=DAILY\r\n"
			     "EXDATE;TZID=Europe/Berlin:20240103T100000\r\n"),
		      VEVENT("UID:1\r\n" AT_TEN "RRULE:FREQ=DAILY\r\n"
			     "EXDATE;TZID=Europe/Berlin:20240103T100000,20240104T100000\r\n"),
		      VEVENT("UID:1\r\n" AT_TEN "RRULE:FREQ=DAILY\r\n"
			     "EXDATE;TZID=Europe/Berlin:20240103T100000\r\n"
			     "EXDATE;TZID=Europe/Berlin:20240104T100000\r\n"),
		      0);
}

static void
another_start_is_held_and_an_alarm_comes_only_where_the_times_agree(void **state)
{
	(void)state; /* case 28 */
	assert_merges(VEVENT("UID:1\r\n" AT_TEN ALARM("-PT5M")),
		      VEVENT("UID:1\r\nSUMMARY:s\r\n" AT_TEN ALARM("-PT15M")),
		      VEVENT("UID:1\r\n" AT_TEN "SUMMARY:s\r\n" ALARM("-PT15M") ALARM("-PT5M")), 0);
	assert_merges(VEVENT("UID:1\r\n" AT_TEN ALARM("-PT5M")),
		      VEVENT("UID:1\r\n" AT_NINE ALARM("-PT15M") ALARM("-PT5M")),
		      VEVENT("UID:1\r\n" AT_TEN ALARM("-PT5M")), 2);
	assert_merges(VEVENT("UID:1\r\n" AT_TEN),
		      VEVENT("UID:1\r\n" AT_TEN "DTEND:20240102T110000Z\r\n" ALARM("-PT15M")),
		      VEVENT("UID:1\r\n" AT_TEN "DTEND:20240102T110000Z\r\n" ALARM("-PT15M")), 0);
	assert_merges(VEVENT("UID:1\r\n" AT_TEN "DTEND:20240102T110000Z\r\n"),
		      VEVENT("UID:1\r\n" AT_TEN "DURATION:PT2H\r\n" ALARM("-PT15M")),
		      VEVENT("UID:1\r\n" AT_TEN "DTEND:20240102T110000Z\r\n"), 2);
}

static void
what_programs_write_for_themselves_never_counts(void **state)
{
	static const char mine[] = VEVENT("UID:1\r\n" AT_TEN "SUMMARY:s\r\n");

	(void)state;
	assert_merges(mine,
		      VEVENT("UID:1\r\n" AT_TEN "SUMMARY:s\r\nDTSTAMP:20240101T000000Z\r\n"
			     "SEQUENCE:7\r\nLAST-MODIFIED:20240101T000000Z\r\n"
			     "CREATED:20240101T000000Z\r\nPRODID:x\r\nX-LIC-ERROR:y\r\n"),
		      mine, 0);
}

static void
a_time_in_a_zone_that_only_the_backup_explains_is_held(void **state)
{
	static const char theirs[] =
		VEVENT("UID:1\r\n" AT_TEN "EXDATE;TZID=Home:20240103T100000\r\n")
			ZONE("Home", "+0130");
	static const char plain[] = VEVENT("UID:1\r\n" AT_TEN);
	static const char named[] =
		VEVENT("UID:1\r\n" AT_TEN "EXDATE;TZID=Home:20240104T100000\r\n");
	static const char carried[] = VEVENT("UID:1\r\n" AT_TEN) ZONE("Home", "+0130");

	(void)state;
	assert_merges(plain, theirs, plain, 1);
	assert_merges(named, theirs,
		      VEVENT("UID:1\r\n" AT_TEN "EXDATE;TZID=Home:20240104T100000\r\n"
			     "EXDATE;TZID=Home:20240103T100000\r\n"),
		      0);
	assert_merges(carried, theirs,
		      VEVENT("UID:1\r\n" AT_TEN "EXDATE;TZID=Home:20240103T100000\r\n")
			      ZONE("Home", "+0130"),
		      0);
	assert_merges(plain,
		      VEVENT("UID:1\r\n" AT_TEN "EXDATE;TZID=Asia/Tokyo:20240103T100000\r\n")
			      ZONE("Asia/Tokyo", "+0900"),
		      VEVENT("UID:1\r\n" AT_TEN "EXDATE;TZID=Asia/Tokyo:20240103T100000\r\n"), 0);
}

static void
what_is_no_whole_component_is_a_syntax_error(void **state)
{
	static const char *const cases[] = {
		"BEGIN:VTODO\nEND:VTODO\n",
		"BEGIN:VEVENT\nBEGIN:VALARM\nEND:VEVENT\n",
		"BEGIN:VEVENT\nEND:VEVENT\nBEGIN:VALARM\nEND:VALARM\n",
		"BEGIN:VEVENT\nEND:VEVENT\nBEGIN:VTIMEZONE\n",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct item *it = NULL;
		struct err err = { 0 };
		if (form_event.parse(&it, span_str(cases[i]), "a", 1, NULL, &err) == 0)
			fail_msg("%s", cases[i]);
		assert_int_equal(err.code, ERR_SYNTAX);
	}
}

/* ---- files ---- */

struct from {
	struct span text;
	size_t at, step;
	struct buf seen;
	struct ical_zones *zones;
	const struct form *form;
	const char *path;
	size_t n, n_bad;
};

static int
read_some(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct from *f = ctx;

	(void)err;
	*got = f->text.n - f->at < n ? f->text.n - f->at : n;
	if (f->step && *got > f->step)
		*got = f->step;
	if (*got)
		memcpy(p, f->text.p + f->at, *got);
	f->at += *got;
	return 0;
}

static void
run(struct from *f, text_split_fn *split, text_part_fn *fn, size_t window)
{
	struct text_stream stream = { f, read_some, f->path ? f->path : "a.ics", window };
	struct err err = { 0 };

	f->at = 0;
	if (split(&stream, fn, f, &err) < 0)
		fail_msg("%s: %s", stream.source, err.msg);
}

static int
note(void *ctx, const struct text_part *p, struct err *err)
{
	struct from *f = ctx;

	(void)err;
	assert_memory_equal(p->bytes.p, f->text.p + p->offset, p->bytes.n);
	f->n += p->bad == NULL;
	f->n_bad += p->bad != NULL;
	return buf_append_fmt(&f->seen, NULL, "%llu %zu %u %s\n", (unsigned long long)p->offset,
			      p->bytes.n, p->line, p->bad ? p->bad->msg : "");
}

#define CALENDAR(parts) "BEGIN:VCALENDAR\nVERSION:2.0\n" parts "END:VCALENDAR\n"
#define EVENT(uid)      "BEGIN:VEVENT\nUID:" uid "\nEND:VEVENT\n"

static void
a_file_is_split_into_its_events_and_what_is_broken_is_told(void **state)
{
	static const struct {
		const char *text, *seen;
	} cases[] = {
		{ "", "" },
		{ CALENDAR(""), "" },
		{ CALENDAR(EVENT("1")), "28 30 3 \n" },
		{ CALENDAR("BEGIN:VTODO\nEND:VTODO\n" EVENT("1")) CALENDAR(EVENT("2")),
		  "50 30 5 \n122 30 11 \n" },
		{ EVENT("1"), "0 30 1 \n" },
		{ CALENDAR("BEGIN:VEVENT\nUID:0\n" EVENT("1")),
		  "28 19 3 a.ics:5:1: expected END:VEVENT, found 'B'\n47 30 5 \n" },
		{ "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n",
		  "16 19 2 a.ics:3:7: expected END:VEVENT, found the end\n"
		  "35 0 3 a.ics:3:7: expected END:VCALENDAR, found the end\n" },
		{ "BEGIN:VCALENDAR\nBEGIN:VTODO\n" EVENT("1") "END:VCALENDAR\n", "28 30 3 \n" },
		{ "hello\nworld\n" CALENDAR(""),
		  "0 6 1 a.ics:1:1: expected BEGIN:VCALENDAR, found 'h'\n" },
		{ CALENDAR("BEGIN:X\nBEGIN:Y\nEND:Y\nEND:X\nX-A:b\n" EVENT("1")), "62 30 8 \n" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf whole = BUF_INIT(SEEN_MAX);
		for (size_t window = 0; window < 70; window++) {
			struct from f = { .text = span_str(cases[i].text),
					  .step = window,
					  .seen = BUF_INIT(SEEN_MAX) };
			run(&f, ical_split_events, note, window);
			if (window == 0 && strcmp(buf_str(&f.seen), cases[i].seen) != 0 &&
			    !strstr(cases[i].seen, "found the end"))
				fail_msg("%s\n%s\n%s", cases[i].text, buf_str(&f.seen),
					 cases[i].seen);
			if (window == 0)
				assert_int_equal(buf_append(&whole, buf_span(&f.seen), NULL), 0);
			else if (!span_equal(buf_span(&whole), buf_span(&f.seen)))
				fail_msg("window %zu: %s\n%s\n%s", window, cases[i].text,
					 buf_str(&f.seen), buf_str(&whole));
			buf_clear(&f.seen);
		}
	}
}

static void
an_item_takes_along_the_zones_that_it_names(void **state)
{
	static const char text[] =
		ZONE("Home", "+0130") ZONE("(UTC+01:00) A\\, B", "+0100") ZONE("Unused", "+0200");
	static const char item[] = VEVENT("DTSTART;TZID=\"(UTC+01:00) A, B\":20240102T100000\r\n"
					  "DTEND;TZID=Home:20240102T100000\r\n"
					  "EXDATE;TZID=Home:20240103T100000\r\n");
	AUTO(ical_zones_clear) struct ical_zones z = ICAL_ZONES_INIT;
	AUTO(buf_clear) struct buf out = BUF_INIT(SEEN_MAX);
	struct span rest = span_str(text);
	size_t own;

	(void)state;
	while (rest.n) {
		assert_int_equal(ical_own_bytes(&own, rest, NULL), 0);
		assert_int_equal(ical_zones_add(&z, span_of(rest.p, own), NULL, NULL), 0);
		assert_int_equal(ical_zones_add(&z, span_of(rest.p, own), NULL, NULL), 0);
		rest = span_skip(rest, own);
	}
	assert_int_equal(z.n, 3);
	assert_int_equal(buf_append_str(&out, item, NULL), 0);
	assert_int_equal(ical_zones_append(&out, &z, span_str(item), NULL), 0);
	AUTO(item_free) struct item *it = laws_parse_as(&form_event, buf_span(&out), NULL, item);
	assert_int_equal(it->n_fields, 5);
	assert_string_equal(it->fields[3].zone, "(UTC+01:00) A, B");
	assert_string_equal(it->fields[4].zone, "Home");
	assert_int_equal(ical_own_bytes(&own, buf_span(&out), NULL), 0);
	assert_int_equal(own, strlen(item));
}

static void
zones_are_the_same_if_their_rules_are(void **state)
{
#define WINTER(start, more)                                                                        \
	"BEGIN:VTIMEZONE\r\nTZID:W. Europe\r\n" more "BEGIN:STANDARD\r\nDTSTART:" start            \
	"\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\n"                    \
	"TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ WINTER("16010101T030000", ""), WINTER("19701025T030000", ""), true },
		{ WINTER("16010101T030000", ""), WINTER("16010101T030000", "X-A:b\r\n"), true },
		{ WINTER("16010101T030000", ""), WINTER("16010101T020000", ""), false },
		{ ZONE("A", "+0100"), ZONE("B", "+0100"), true },
		{ ZONE("A", "+0100"), ZONE("A", "+01"), true },
		{ ZONE("A", "+0100"), ZONE("A", "+0130"), false },
		{ ZONE("A", "+0100"), WINTER("16010101T030000", ""), false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		bool same;
		assert_int_equal(
			ical_zone_same(&same, span_str(cases[i].a), span_str(cases[i].b), NULL), 0);
		if (same != cases[i].same)
			fail_msg("%s%s", cases[i].a, cases[i].b);
	}
}

/* ---- real files ---- */

#define SMALL_EACH 8 /* under valgrind: so manieth file only */

struct all {
	size_t n_files, n_items, n_bad, n_ical;
	uint64_t seed;
};

static int
take_zone(void *ctx, const struct text_part *p, struct err *err)
{
	struct from *f = ctx;

	return p->bad ? 0 : ical_zones_add(f->zones, p->bytes, NULL, err);
}

#ifdef HAVE_LIBICAL
/* Does libical take it for one component with all the properties we see? */
static void
ask_libical(struct span item, const char *path)
{
	size_t own;

	assert_int_equal(ical_own_bytes(&own, item, NULL), 0);
	AUTO(free) char *text = strndup((const char *)item.p, own);
	icalcomponent *c = icalparser_parse_string(text);
	if (!c)
		fail_msg("%s: libical does not read\n%s", path, text);
	assert_true(icalcomponent_isa(c) == ICAL_VEVENT_COMPONENT ||
		    icalcomponent_isa(c) == ICAL_VTODO_COMPONENT ||
		    icalcomponent_isa(c) == ICAL_VJOURNAL_COMPONENT);
	icalcomponent_free(c);
}

/* Is its title what libical reads? */
static void
compare_title(const struct item *it, const char *path)
{
	AUTO(buf_clear) struct buf have = BUF_INIT(SEEN_MAX);
	size_t own;

	assert_int_equal(ical_own_bytes(&own, it->bytes, NULL), 0);
	AUTO(free) char *text = strndup((const char *)it->bytes.p, own);
	icalcomponent *c = icalparser_parse_string(text);
	const char *title = c ? icalcomponent_get_summary(c) : NULL;
	const struct field *f = NULL;
	for (size_t i = 0; !f && i < it->n_fields; i++)
		if (strcmp(it->fields[i].name, "SUMMARY") == 0)
			f = &it->fields[i];
	if (title && f && !(f->flags & (FIELD_EMPTY | FIELD_GUESSED))) {
		assert_int_equal(key_text(&have, span_str(title), NULL), 0);
		if (strcmp(f->value, buf_str(&have)) != 0)
			fail_msg("%s:%u: %s, libical: %s", path, f->line, f->value, buf_str(&have));
	}
	icalcomponent_free(c);
}
#endif

/* Lines moved, folded anew and left out, an EXDATE and an alarm more. */
static void
change_copy(struct buf *out, const struct item *it, struct dice *d)
{
	size_t own, at = it->insert_at;

	assert_int_equal(ical_own_bytes(&own, it->bytes, NULL), 0);
	for (size_t i = 0, to = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];
		if (f->own.start < to || f->own.end > at)
			continue;
		to = f->own.end;
		struct span before = out->n ? span_of(NULL, 0) : span_of(it->bytes.p, f->own.start);
		assert_int_equal(buf_append(out, before, NULL), 0);
		if (dice_roll(d, 6) && !(f->flags & FIELD_IDENTITY))
			assert_int_equal(buf_append(out, range_span(it->bytes, f->own), NULL), 0);
		if (f->flags & FIELD_IDENTITY)
			assert_int_equal(buf_append(out, range_span(it->bytes, f->own), NULL), 0);
	}
	if (!out->n)
		return;
	assert_int_equal(buf_append_str(out,
					"EXDATE:20990102T030405Z\r\nX-MORE:1\r\n" ALARM("-PT99M"),
					NULL),
			 0);
	assert_int_equal(buf_append(out, span_skip(it->bytes, at), NULL), 0);
}

static int
take_item(void *ctx, const struct text_part *p, struct err *err)
{
	struct from *f = ctx;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(SEEN_MAX), copy = BUF_INIT(SEEN_MAX);
	AUTO(item_free) struct item *it = NULL;
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	struct dice d = { 2 * p->offset + 1 };
	struct err why = { 0 };

	f->n_bad += p->bad != NULL;
	if (p->bad)
		return 0;
	if (buf_append(&bytes, p->bytes, err) < 0 ||
	    ical_zones_append(&bytes, f->zones, p->bytes, err) < 0)
		return -1;
	if (f->form->parse(&it, buf_span(&bytes), f->path, p->line, NULL, &why) < 0) {
		assert_int_equal(why.code, ERR_SYNTAX);
		f->n_bad++;
		return 0;
	}
	f->n++;
#ifdef HAVE_LIBICAL
	compare_title(it, f->path);
#endif
	assert_non_null(it->uid);
	assert_true(it->insert_at < bytes.n);
	laws_check(it, it, f->path);
	change_copy(&copy, it, &d);
	if (!copy.n)
		return 0;
	AUTO(item_free) struct item *other = laws_parse_as(f->form, buf_span(&copy), NULL, f->path);
	laws_check(it, other, f->path);
	assert_int_equal(merge_items(&o, it, other, NULL, NULL), 0);
#ifdef HAVE_LIBICAL
	ask_libical(buf_span(&o.bytes), f->path);
#endif
	return 0;
}

static void
each_file(void *ctx, const char *path, struct span bytes)
{
	static const struct {
		text_split_fn *split;
		const struct form *form;
	} kinds[] = { { ical_split_events, &form_event },
		      { ical_split_tasks, &form_task },
		      { ical_split_memos, &form_memo } };
	struct all *all = ctx;
	const char *dot = strrchr(path, '.');

	if (!dot || (strcmp(dot, ".ics") != 0 && strcmp(dot, ".vcs") != 0))
		return;
	if (getenv("CLOUDBOX_TEST_SMALL") && all->n_files++ % SMALL_EACH)
		return;
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		AUTO(ical_zones_clear) struct ical_zones z = ICAL_ZONES_INIT;
		AUTO(buf_clear) struct buf whole = BUF_INIT(SEEN_MAX);
		struct from f = { .text = bytes, .zones = &z, .path = path, .form = kinds[i].form };
		run(&f, ical_split_zones, take_zone, 0);
		run(&f, kinds[i].split, take_item, 0);
		all->n_items += f.n;
		all->n_bad += f.n_bad;
		for (size_t window = 0; window < 3; window++) {
			struct from g = { .text = bytes, .seen = BUF_INIT(SEEN_MAX), .path = path };
			run(&g, kinds[i].split, note, window * 127);
			if (window == 0)
				assert_int_equal(buf_append(&whole, buf_span(&g.seen), NULL), 0);
			else if (!span_equal(buf_span(&whole), buf_span(&g.seen)))
				fail_msg("%s: another window, other parts\n%s\n%s", path,
					 buf_str(&whole), buf_str(&g.seen));
			buf_clear(&g.seen);
		}
	}
}

static void
real_calendars_are_read_and_merged(void **state)
{
	struct all all = { .n_items = 0 };

	(void)state;
	if (corpus_each("calendar", each_file, &all) < 0) {
		print_message("no corpus: real calendars not tried\n");
		return;
	}
#ifndef HAVE_LIBICAL
	print_message("no libical: it was not asked\n");
#endif
	print_message("%zu items, %zu refused\n", all.n_items, all.n_bad);
	assert_true(all.n_items > (getenv("CLOUDBOX_TEST_SMALL") ? 3300 / SMALL_EACH / 4 : 3300));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uid_and_occurrence_say_which_event_it_is),
		cmocka_unit_test(what_says_the_same_is_one_field),
		cmocka_unit_test(every_property_of_the_table_is_found),
		cmocka_unit_test(a_list_is_a_field_for_each_element),
		cmocka_unit_test(an_exception_only_here_stays_and_one_only_there_is_added),
		cmocka_unit_test(
			another_start_is_held_and_an_alarm_comes_only_where_the_times_agree),
		cmocka_unit_test(what_programs_write_for_themselves_never_counts),
		cmocka_unit_test(a_time_in_a_zone_that_only_the_backup_explains_is_held),
		cmocka_unit_test(what_is_no_whole_component_is_a_syntax_error),
		cmocka_unit_test(a_file_is_split_into_its_events_and_what_is_broken_is_told),
		cmocka_unit_test(an_item_takes_along_the_zones_that_it_names),
		cmocka_unit_test(zones_are_the_same_if_their_rules_are),
		cmocka_unit_test(real_calendars_are_read_and_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
