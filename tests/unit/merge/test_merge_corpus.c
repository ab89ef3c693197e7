/* SPDX-License-Identifier: Apache-2.0 */
/* Every real card: parsed, merged with itself, with a changed copy, its large values written again. */
#include "unit.h"

#include "item/card.h"
#include "item/corpus.h"
#include "item/recipe.h"
#include "merge/laws.h"
#include "merge/merge.h"

struct tally {
	unsigned n_files, n_cards, n_refused, n_values, n_base64;
	const char *path;
	struct span text;
	struct buf previous; /* the card before this one, of whatever file */
};

static int
check_value(void *ctx, struct range range, const struct recipe *recipe, struct span decoded,
	    struct err *err)
{
	struct tally *t = ctx;
	AUTO(buf_clear) struct buf again = BUF_INIT(SIZE_MAX / 4);
	uint8_t bytes[RECIPE_BYTES_MAX];
	struct recipe back;

	size_t n = recipe_encode(bytes, recipe);
	assert_int_equal(recipe_decode(&back, span_of(bytes, n), err), 0);
	assert_int_equal(recipe_apply(&again, &back, decoded, err), 0);
	assert_true(span_equal(buf_span(&again), range_span(t->text, range)));
	t->n_values++;
	t->n_base64 += recipe->kind == RECIPE_BASE64;
	return 0;
}

static void
merge_with_itself(struct tally *t, const struct item *it)
{
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	struct err err = { 0 };

	if (merge_items(&o, it, it, NULL, &err) < 0)
		fail_msg("%s: %s", t->path, err.msg);
	if (o.result != MERGE_IDENTICAL || !span_equal(buf_span(&o.bytes), it->bytes))
		fail_msg("%s: a card merged with itself changes", t->path);
	assert_int_equal(o.n_equal, o.n_chosen);
}

/* A neighbour of another program and version: all that it has is added, and can be undone. */
static void
merge_with_the_previous(struct tally *t, const struct item *it)
{
	AUTO(item_free) struct item *previous = NULL;
	struct err err = { 0 };

	if (t->previous.n) {
		assert_int_equal(card_parse(&previous, buf_span(&t->previous), "", 1, NULL, &err),
				 0);
		laws_check(it, previous, t->path);
	}
	buf_reset(&t->previous);
	assert_int_equal(buf_append(&t->previous, it->bytes, &err), 0);
}

static int
check_card(void *ctx, const struct card_part *part, struct err *err)
{
	struct tally *t = ctx;
	AUTO(item_free) struct item *it = NULL;
	struct span card = range_span(t->text, part->range);

	if (part->bad) {
		assert_non_null(strstr(part->bad->msg, t->path));
		t->n_refused++;
		return 0;
	}
	if (card_parse(&it, card, t->path, part->line, NULL, err) < 0)
		fail_msg("%s", err->msg);
	t->n_cards++;
	merge_with_itself(t, it);
	laws_check_changed_copy(it, t->n_cards, t->path);
	merge_with_the_previous(t, it);
	struct span text = t->text;
	t->text = card;
	assert_int_equal(recipe_find(card, RECIPE_MIN_BYTES, check_value, t, err), 0);
	t->text = text;
	return 0;
}

static void
check_file(void *ctx, const char *path, struct span bytes)
{
	struct tally *t = ctx;
	AUTO(buf_clear) struct buf storage = BUF_INIT((size_t)256 << 20);
	enum charset_form form;
	struct err err = { 0 };

	t->path = path;
	t->n_files++;
	assert_int_equal(charset_open(&t->text, &form, &storage, bytes, &err), 0);
	unsigned before = t->n_cards, refused = t->n_refused;
	if (card_split(t->text, path, check_card, t, &err) < 0)
		fail_msg("%s", err.msg);
	if (getenv("CLOUDBOX_TEST_VERBOSE"))
		print_message("%s: %u cards, %u refused\n", path, t->n_cards - before,
			      t->n_refused - refused);
}

static void
every_real_card_merges_by_the_laws(void **state)
{
	struct tally t = { .previous = BUF_INIT((size_t)256 << 20) };

	(void)state;
	if (corpus_each("contacts", check_file, &t) < 0) {
		print_message("skipped: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
	print_message("%u files, %u cards, %u refused, %u large values, %u of them base64\n",
		      t.n_files, t.n_cards, t.n_refused, t.n_values, t.n_base64);
	buf_clear(&t.previous);
	assert_true(t.n_cards > 1000);
	assert_true(t.n_base64 > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_real_card_merges_by_the_laws),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
