/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendars, bookmarks and records: the parts of a file lie in it, in order, the same whatever the window;
 * each is parsed as its form, or refused; merging with itself writes nothing; an item and its zones come
 * apart where they were put together; what a survey says about adding is true.
 */
#include "item/ical.h"
#include "fuzz.h"
#include "item/bookmark.h"
#include "item/component.h"
#include "item/record.h"
#include "merge/merge.h"

struct text {
	struct span all;
	size_t at;
	uint64_t end; /* of the part before */
	const struct form *form;
	struct ical_zones *zones;
	size_t n;
};

static int
read_some(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct text *t = ctx;

	(void)err;
	*got = t->all.n - t->at < n ? t->all.n - t->at : n;
	if (*got)
		memcpy(p, t->all.p + t->at, *got);
	t->at += *got;
	return 0;
}

/* Components of any kind: the forms' own names apart. */
static int
unnamed(struct parse *p, struct err *err)
{
	(void)p;
	(void)err;
	return 0;
}

static void
as_component(struct span bytes)
{
	static const struct component_kind any = { "VEVENT", ITEM_ICALENDAR, &form_event, unnamed };
	AUTO(item_free) struct item *it = NULL;

	if (component_parse(&it, bytes, "fuzz", 1, NULL, &any, NULL) == 0)
		FUZZ_TRUE(it->insert_at <= bytes.n);
}

/* Any bytes as an item of @form. */
static void
as_one(const struct form *form, struct span bytes)
{
	AUTO(item_free) struct item *it = NULL;
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(free) uint8_t *exact = fuzz_copy(bytes);

	if (form->parse(&it, span_of(exact, bytes.n), "fuzz", 1, NULL, NULL) < 0)
		return;
	FUZZ_TRUE(it->uid && it->name && it->insert_at <= bytes.n);
	for (size_t i = 0; i < it->n_fields; i++)
		FUZZ_TRUE(it->fields[i].own.end <= bytes.n);
	FUZZ_TRUE(merge_items(&o, it, it, NULL, NULL) == 0 && o.result == MERGE_IDENTICAL);
}

static int
on_part(void *ctx, const struct text_part *part, struct err *err)
{
	struct text *t = ctx;
	AUTO(buf_clear) struct buf with = BUF_INIT(1u << 26);
	size_t own;

	FUZZ_TRUE(part->offset >= t->end && part->offset + part->bytes.n <= t->all.n);
	t->end = part->offset + part->bytes.n;
	t->n++;
	if (part->bad)
		return 0;
	FUZZ_TRUE(buf_append(&with, part->bytes, err) == 0 &&
		  ical_zones_append(&with, t->zones, part->bytes, err) == 0);
	FUZZ_TRUE(ical_own_bytes(&own, buf_span(&with), err) == 0 && own <= with.n);
	as_one(t->form, buf_span(&with));
	return 0;
}

static int
count_part(void *ctx, const struct text_part *part, struct err *err)
{
	struct text *t = ctx;

	(void)part;
	(void)err;
	t->n++;
	return 0;
}

static void
as_rows(struct span bytes)
{
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(record_clear) struct record r = { .n_fields = 0 };
	AUTO(buf_clear) struct buf out = BUF_INIT(1u << 26);

	if (bookmark_parse(&b, bytes, NULL) == 0) {
		AUTO(bookmark_clear) struct bookmark again = { .n_tags = 0 };
		FUZZ_TRUE(bookmark_print(&out, &b, NULL) == 0 &&
			  bookmark_parse(&again, buf_span(&out), NULL) == 0);
		FUZZ_TRUE(again.n_folders == b.n_folders && again.root == b.root);
		buf_reset(&out);
	}
	if (record_parse(&r, bytes, NULL) == 0) {
		AUTO(record_clear) struct record again = { .n_fields = 0 };
		FUZZ_TRUE(record_print(&out, &r, NULL) == 0 &&
			  record_parse(&again, buf_span(&out), NULL) == 0);
		FUZZ_TRUE(again.n_fields == r.n_fields);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct {
		text_split_fn *split;
		const struct form *form;
	} kinds[] = { { ical_split_events, &form_event },
		      { ical_split_tasks, &form_task },
		      { ical_split_memos, &form_memo } };
	struct span all = span_of(data, n);

	for (size_t i = 0; forms[i]; i++)
		if (forms[i]->match == FORM_BY_UID)
			as_one(forms[i], all);
	as_component(all);
	as_rows(all);
	for (size_t i = 0; i < 3; i++) {
		AUTO(ical_zones_clear) struct ical_zones zones = ICAL_ZONES_INIT;
		struct text t = { .all = all, .form = kinds[i].form, .zones = &zones };
		struct text_stream from = { &t, read_some, "fuzz", 64 }, whole = from;
		struct text_frame f;
		size_t parts;

		FUZZ_TRUE(ical_zones_read(&zones, &from, i == 0, NULL) == 0);
		t.at = 0;
		FUZZ_TRUE(kinds[i].split(&from, on_part, &t, NULL) == 0);
		parts = t.n;
		t.at = t.n = 0;
		whole.window = n + 1;
		FUZZ_TRUE(kinds[i].split(&whole, count_part, &t, NULL) == 0 && t.n == parts);
		t.at = 0;
		FUZZ_TRUE(ical_survey(&f, &from, "VCALENDAR", NULL) == 0);
		FUZZ_TRUE(!f.whole || f.end_at < n);
	}
	return 0;
}
