/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card: a file into cards and fields; what is printed of a card is the card again.
 *
 * A card as it is written for a new contact, and the little card that keeps one held field, have
 * the fields of the card they were made of.
 */
#include "item/card.h"
#include "fuzz.h"
#include "item/card_print.h"
#include "merge/merge.h"

static bool
has_key(const struct item *it, const struct field_key *k)
{
	for (size_t i = 0; i < it->n_fields; i++)
		if (field_key_equal(&it->fields[i].key, k))
			return true;
	return false;
}

static void
look_at_fields(const struct item *it, struct span bytes)
{
	uint8_t id[ITEM_CONTENT_ID_BYTES];
	size_t last = 0;

	FUZZ_TRUE(it->insert_at <= bytes.n);
	for (size_t i = 0; i < it->n_fields; i++) {
		const struct field *f = &it->fields[i];

		FUZZ_TRUE(f->own.start >= last && f->own.end <= bytes.n &&
			  f->own.start < f->own.end);
		FUZZ_TRUE(charset_is_utf8(span_str(f->value)) &&
			  charset_is_utf8(span_str(f->name)));
		FUZZ_TRUE(f->first_member + f->n_members <= it->n_members);
		last = f->own.start;
	}
	FUZZ_TRUE(charset_is_utf8(span_str(it->name)));
	FUZZ_TRUE(item_content_id(it, id, NULL) == 0);
}

/* Printed and parsed again: every field is there, and nothing that was not. */
static void
print_and_parse(const struct item *it)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(1u << 24);
	AUTO(item_free) struct item *now = NULL;
	struct merge_new how = { .item_id = { 1 } };

	FUZZ_TRUE(merge_new_item(&again, it, &how, NULL) == 0);
	FUZZ_TRUE(card_parse(&now, buf_span(&again), "again", 1, it->profile, NULL) == 0);
	for (size_t i = 0; i < it->n_fields; i++)
		FUZZ_TRUE((it->fields[i].flags & FIELD_IGNORED) ||
			  has_key(now, &it->fields[i].key));
	for (size_t i = 0; i < now->n_fields; i++)
		FUZZ_TRUE((now->fields[i].flags & FIELD_IGNORED) ||
			  has_key(it, &now->fields[i].key));
	FUZZ_TRUE(now->uid != NULL);
}

/* In every version and line end: written, or said to be unwritable. */
static void
print_each(const struct item *it)
{
	AUTO(buf_clear) struct buf line = BUF_INIT(1u << 24);

	for (size_t i = 0; i < it->n_fields; i++)
		for (unsigned form = 0; form < 9; form++) {
			const struct field *f = &it->fields[i];
			const struct item_style to = { (enum item_version)(form / 3),
						       (enum item_line_end)(form % 3) };
			struct err err;

			if (f->flags & FIELD_STRUCTURE)
				continue;
			buf_reset(&line);
			int rc = card_print(&line, it, &f, 1, "", to, &err);
			FUZZ_TRUE(rc == 0 || rc == FORM_UNWRITABLE);
		}
}

static int
on_part(void *ctx, const struct card_part *part, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	struct span text = *(struct span *)ctx;

	FUZZ_TRUE(part->range.start <= part->range.end && part->range.end <= text.n);
	if (part->bad)
		return 0;
	AUTO(free) uint8_t *exact = fuzz_copy(range_span(text, part->range));
	struct span bytes = span_of(exact, part->range.end - part->range.start);
	if (card_parse(&it, bytes, "fuzz", part->line, NULL, err) < 0)
		return 0;
	look_at_fields(it, bytes);
	print_each(it);
	print_and_parse(it);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf storage = BUF_INIT(2 * n + 16);
	enum charset_form form;
	struct span text;

	FUZZ_TRUE(charset_open(&text, &form, &storage, span_of(data, n), NULL) == 0);
	FUZZ_TRUE(card_split(text, "fuzz", on_part, &text, NULL) == 0);
	return 0;
}
