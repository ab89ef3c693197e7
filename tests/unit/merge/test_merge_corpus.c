/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every real card: parsed, merged with itself, with a changed copy, its large values written again;
 * every real file: restored into an empty app and into one of changed copies, each twice.
 */
#include "unit.h"

#include "item/card.h"
#include "item/corpus.h"
#include "item/recipe.h"
#include "merge/app.h"
#include "merge/mutate.h"

struct tally {
	unsigned n_files, n_cards, n_refused, n_values, n_base64;
	const char *path;
	struct span text;
	struct buf previous;        /* the card before this one, of whatever file */
	struct app backup, changed; /* the file's cards; what became of them elsewhere */
	unsigned n_restored, n_whole;
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

static void
keep_for_restore(struct tally *t, const struct item *it)
{
	struct mutant m = MUTANT_INIT;
	struct dice d = { t->n_cards * 2 + 1 };
	const char *id = it->uid && strlen(it->uid) < 80 ? it->uid : "";

	for (int i = 0; i < 4; i++)
		dice_next(&d);
	app_add(&t->backup, it->bytes, id);
	mutate(&m, it, &d);
	app_add(&t->changed, buf_span(&m.bytes), id);
	buf_clear(&m.bytes);
}

/* Everything comes back, each card as a card of its own; and then nothing is left to do. */
static void
restore_into_an_empty_app(struct tally *t)
{
	AUTO(app_clear) struct app blank = { 0 };

	app_restore(&blank, &t->backup);
	if (blank.n != t->backup.n)
		fail_msg("%s: %zu cards of %zu came back", t->path, blank.n, t->backup.n);
	for (size_t i = 0; i < t->backup.n; i++) {
		const struct item *was = t->backup.cards[i].it, *now = blank.cards[i].it;
		for (size_t j = 0; j < was->n_fields; j++)
			if (!(was->fields[j].flags & FIELD_IGNORED) &&
			    laws_count(now, &was->fields[j].key) !=
				    laws_count(was, &was->fields[j].key))
				fail_msg("%s: %s is not what it was", t->path, was->fields[j].name);
	}
	app_restore(&blank, &t->backup);
	if (blank.n_written)
		fail_msg("%s: restored again, %u cards are written", t->path, blank.n_written);
	t->n_restored += (unsigned)blank.n;
}

static void
restore_into_a_changed_app(struct tally *t)
{
	app_restore(&t->changed, &t->backup);
	t->n_whole += (unsigned)t->changed.n - t->changed.n_written;
	app_restore(&t->changed, &t->backup);
	if (t->changed.n_written)
		fail_msg("%s: restored again over changed copies, %u cards are written", t->path,
			 t->changed.n_written);
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
	keep_for_restore(t, it);
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
	restore_into_an_empty_app(t);
	restore_into_a_changed_app(t);
	app_clear(&t->backup);
	app_clear(&t->changed);
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
	print_message("%u restored into nothing and again, %u found whole in changed copies\n",
		      t.n_restored, t.n_whole);
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
