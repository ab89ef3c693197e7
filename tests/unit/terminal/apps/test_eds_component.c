/* SPDX-License-Identifier: Apache-2.0 */
/* eds_component and eds_card with the service's own library, on made-up items and every item of the corpus. */
#include "temp.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "apps/eds_card.h"
#include "apps/eds_component.h"
#include "base/text.h"
#include "eds/eds.h"
#include "item/card.h"
#include "item/ical.h"
#include "os/os.h"

#define EVENT(lines) "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20240102T090000Z\r\n" lines "END:VEVENT\r\n"

struct kind {
	const char *name;
	enum eds_kind kind;
	const struct form *form;
};

static const struct kind kinds[] = {
	{ "contacts", EDS_CONTACTS, &form_card },
	{ "events", EDS_EVENTS, &form_event },
	{ "tasks", EDS_TASKS, &form_task },
	{ "memos", EDS_MEMOS, &form_memo },
};

/* eds_print_fn */
static int
print(void *ctx, struct buf *out, const char *text, struct err *err)
{
	return eds_print(out, ((const struct kind *)ctx)->kind, text, err) ? -1 : 0;
}

static bool
has_key(const struct item *it, const struct field_key *k)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (field_key_equal(&it->fields[i].key, k))
			return true;
	return false;
}

static int
write_item(struct buf *out, const struct kind *k, struct span bytes, struct err *err)
{
	return k->kind == EDS_CONTACTS
		       ? eds_card_write(out, bytes, true, print, (void *)k, err)
		       : eds_component_write(out, bytes, k->form, print, (void *)k, err);
}

/* What is lost of an item between writing and showing; NULL: nothing.  *refused: it was not written. */
static const char *
lost_of(bool *refused, const struct kind *k, struct span bytes)
{
	static char name[64];
	AUTO(buf_clear) struct buf written = BUF_INIT(1u << 28);
	AUTO(buf_clear) struct buf printed = BUF_INIT(1u << 28);
	AUTO(buf_clear) struct buf shown = BUF_INIT(1u << 28);
	AUTO(item_free) struct item *was = NULL;
	AUTO(item_free) struct item *now = NULL;
	struct err err = { 0 };

	*refused = k->form->parse(&was, bytes, "", 1, NULL, NULL) < 0 ||
		   memchr(bytes.p, '\0', bytes.n);
	if (*refused)
		return NULL;
	if (write_item(&written, k, bytes, &err) < 0 && err.code == ERR_SYNTAX) {
		*refused = true;
		return NULL;
	}
	if (written.n == 0 || print((void *)k, &printed, buf_str(&written), &err) < 0) {
		snprintf(name, sizeof name, "%.60s", err.msg);
		return name;
	}
	assert_int_equal((k->kind == EDS_CONTACTS ? eds_card_show : eds_component_show)(
				 &shown, buf_span(&printed), NULL),
			 0);
	assert_int_equal(k->form->parse(&now, buf_span(&shown), "", 1, NULL, NULL), 0);
	if (k->kind != EDS_CONTACTS && strcmp(now->uid, was->uid) != 0)
		return "UID";
	for (size_t i = 0; i < was->n_fields; i++)
		if (!(was->fields[i].flags & FIELD_IGNORED) && !has_key(now, &was->fields[i].key)) {
			snprintf(name, sizeof name, "%s", was->fields[i].name);
			return name;
		}
	return NULL;
}

static void
what_libical_would_drop_comes_back(void **state)
{
	static const char *const events[] = {
		EVENT("STRUCTURED-DATA;VALUE=TEXT;FMTTYPE=application/json:{}\r\n"),
		EVENT("X-EMPTY:\r\nPRIORITY:high\r\nX-COMMAS:a\\,b\r\n"),
		EVENT("RRULE:FREQ=SOMETIMES\r\nCATEGORIES:a,b\\,c\r\n"),
		EVENT("SUMMARY;ENCODING=QUOTED-PRINTABLE:caf=C3=A9\r\n"),
		EVENT("BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:x\r\n"
		      "SOUND-LEVEL:3\r\nEND:VALARM\r\n"),
		"BEGIN:VEVENT\r\nDTSTART:20240102\r\nSUMMARY:no id\r\nEND:VEVENT\r\n",
		"BEGIN:VEVENT\r\nUID:zone\r\nDTSTART;TZID=X:20240102T090000\r\nEND:VEVENT\r\n"
		"BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
		"TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
	};
	bool refused;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(events); i++) {
		assert_null(lost_of(&refused, &kinds[1], span_str(events[i])));
		assert_false(refused);
	}
}

static void
what_is_none_of_ours_stays_as_it_is(void **state)
{
	/* END:VEVENT, BEGIN:VEVENT, two properties, no base64, nothing, an EDS_RAW */
	static const char *const values[] = {
		"RU5EOlZFVkVOVA0K",        "QkVHSU46VkVWRU5UDQo", "QTpiDQpDOmQNCg", "!!", "",
		"WC1DTE9VREJPWC1SQVc6QQ0K"
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(values); i++) {
		AUTO(buf_clear) struct buf text = BUF_INIT(4096);
		AUTO(buf_clear) struct buf shown = BUF_INIT(4096);

		assert_int_equal(buf_append_fmt(&text, NULL, EVENT(EDS_RAW ":%s\r\n"), values[i]),
				 0);
		assert_int_equal(eds_component_show(&shown, buf_span(&text), NULL), 0);
		assert_string_equal(buf_str(&shown), buf_str(&text));
	}
}

/* nftw() knows no context. */
static struct {
	const struct kind *kind;
	const char *path;
	unsigned items, refused, lost;
	struct span text;
	size_t at;
} seen;

static void
look_at(struct span bytes, unsigned line)
{
	bool refused;
	const char *lost = lost_of(&refused, seen.kind, bytes);

	seen.items += !refused;
	seen.refused += refused;
	if (!lost)
		return;
	seen.lost++;
	print_message("%s:%u: %s\n", seen.path, line, lost);
}

static int
on_part(void *ctx, const struct text_part *part, struct err *err)
{
	(void)ctx;
	(void)err;
	if (!part->bad)
		look_at(part->bytes, part->line);
	return 0;
}

static int
read_text(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	size_t left = seen.text.n - seen.at;

	(void)ctx;
	(void)err;
	*got = left < n ? left : n;
	memcpy(p, seen.text.p + seen.at, *got);
	seen.at += *got;
	return 0;
}

static int
on_card(void *ctx, const struct card_part *part, struct err *err)
{
	(void)ctx;
	(void)err;
	if (!part->bad)
		look_at(range_span(seen.text, part->range), part->line);
	return 0;
}

static int
on_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	static text_split_fn *const splits[] = { [EDS_EVENTS] = ical_split_events,
						 [EDS_TASKS] = ical_split_tasks,
						 [EDS_MEMOS] = ical_split_memos };
	AUTO(buf_clear) struct buf file = BUF_INIT(64u << 20);
	AUTO(buf_clear) struct buf converted = BUF_INIT(128u << 20);
	const struct text_stream stream = { .read = read_text, .source = path };
	enum charset_form form;
	struct err ignored = { 0 };

	(void)st;
	(void)ftw;
	if (kind != FTW_F)
		return 0;
	assert_int_equal(os_read_file(AT_FDCWD, path, &file, NULL), 0);
	assert_int_equal(charset_open(&seen.text, &form, &converted, buf_span(&file), NULL), 0);
	seen.path = path;
	seen.at = 0;
	if (seen.kind->kind == EDS_CONTACTS)
		return card_split(seen.text, path, on_card, NULL, NULL);
	splits[seen.kind->kind](&stream, on_part, NULL, &ignored);
	return 0;
}

static void
no_field_of_the_corpus_is_lost_by_the_service_s_library(void **state)
{
	unsigned lost = 0;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		memset(&seen, 0, sizeof seen);
		seen.kind = &kinds[i];
		assert_int_equal(nftw(corpus(i ? "calendar" : "contacts"), on_file, 16, FTW_PHYS),
				 0);
		print_message("%u %s, %u refused\n", seen.items, seen.kind->name, seen.refused);
		/* two of the events are occurrences of nothing */
		assert_true(seen.refused <= (kinds[i].kind == EDS_EVENTS ? 2 : 0));
		assert_true(seen.items > 0);
		lost += seen.lost;
	}
	assert_int_equal(lost, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_libical_would_drop_comes_back),
		cmocka_unit_test(what_is_none_of_ours_stays_as_it_is),
		cmocka_unit_test(no_field_of_the_corpus_is_lost_by_the_service_s_library),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
