/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of merging on pairs grown from real cards by mutation: 2,000, with CLOUDBOX_FULL (make
 * check-laws) 20,000.  Random: CLOUDBOX_TEST_SEED runs one pair again.
 *
 * A mutation that changes nothing of what a card says must leave nothing to do, in either
 * direction; a TEL less or an EMAIL more are just that.
 */
#include <time.h>

#include "item/corpus.h"
#include "merge/mutate.h"

#define PAIRS 2000

/* All real cards; by file, so that one of a thousand cards does not outweigh all others. */
struct cards {
	struct buf bytes; /* of all, one behind the other */
	struct {
		size_t start, end, file;
	} card[4000];
	size_t n, n_files;
	struct span text;
};

static int
keep_card(void *ctx, const struct card_part *part, struct err *err)
{
	struct cards *c = ctx;

	if (part->bad || c->n == N_ELEMENTS(c->card))
		return 0;
	c->card[c->n].start = c->bytes.n;
	c->card[c->n].file = c->n_files;
	assert_int_equal(buf_append(&c->bytes, range_span(c->text, part->range), err), 0);
	c->card[c->n++].end = c->bytes.n;
	return 0;
}

static void
keep_file(void *ctx, const char *path, struct span bytes)
{
	struct cards *c = ctx;
	AUTO(buf_clear) struct buf storage = BUF_INIT((size_t)256 << 20);
	enum charset_form form;
	size_t before = c->n;

	assert_int_equal(charset_open(&c->text, &form, &storage, bytes, NULL), 0);
	assert_int_equal(card_split(c->text, path, keep_card, c, NULL), 0);
	c->n_files += c->n > before;
}

static struct span
pick(const struct cards *c, struct dice *d)
{
	size_t file = dice_roll(d, (unsigned)c->n_files), first = 0, n = 0;

	while (c->card[first].file != file)
		first++;
	while (first + n < c->n && c->card[first + n].file == file)
		n++;
	size_t i = first + dice_roll(d, (unsigned)n);
	return span_of(c->bytes.p + c->card[i].start, c->card[i].end - c->card[i].start);
}

static void
want(bool holds, const char *law, const struct mutant *m, const struct item *a,
     const struct item *b, const struct merge_outcome *o, const char *what)
{
	const struct field *first = o->n_added  ? o->added[0].theirs
				    : o->n_held ? o->held[0].theirs
						: NULL;
	if (!holds)
		fail_msg("%s: %s (%s)\n---- A\n%.*s\n---- A'\n%.*s\nfirst to do: %s %s", what, law,
			 m->did, (int)a->bytes.n, (const char *)a->bytes.p, (int)b->bytes.n,
			 (const char *)b->bytes.p, first ? first->name : "nothing",
			 first ? first->value : "");
}

/* Exactly what the mutation changed is there to do, and nothing else. */
static void
only_what_was_changed(const struct mutant *m, const struct item *it, const struct item *now,
		      const char *what)
{
	AUTO(merge_outcome_clear) struct merge_outcome to = MERGE_OUTCOME_INIT;
	AUTO(merge_outcome_clear) struct merge_outcome from = MERGE_OUTCOME_INIT;

	assert_int_equal(merge_items(&to, it, now, NULL, NULL), 0);
	want(to.n_held == 0 && to.n_added == m->added, "the mutant has something new", m, it, now,
	     &to, what);
	assert_int_equal(merge_items(&from, now, it, NULL, NULL), 0);
	want(from.n_held == 0 && from.n_added <= m->dropped, "the mutant lacks something", m, now,
	     it, &from, what);
}

/* As it came back from another version: what that could say is what was said. */
static void
nothing_new(const struct mutant *m, const struct item *it, const struct item *now, const char *what)
{
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;

	assert_int_equal(merge_items(&o, it, now, NULL, NULL), 0);
	want(o.n_held == 0 && o.n_added == 0, "another version says something new", m, it, now, &o,
	     what);
}

static void
try_pair(const struct cards *c, uint64_t seed)
{
	static const char *const single[] = { "PHOTO", NULL };
	static const struct item_profile profile = { .single = single };
	struct mutant m = MUTANT_INIT;
	struct dice d = { seed | 1 };
	char what[64];

	snprintf(what, sizeof what, "CLOUDBOX_TEST_SEED=%llu", (unsigned long long)seed);
	for (int i = 0; i < 4; i++)
		dice_next(&d); /* seeds that stand side by side part */
	AUTO(item_free) struct item *it = laws_parse(pick(c, &d), &profile, what);
	unsigned kind = dice_roll(&d, 8);
	if (kind == 0) { /* of two people */
		AUTO(item_free) struct item *other = laws_parse(pick(c, &d), &profile, what);
		laws_check(it, other, what);
		return;
	}
	if (kind < 3)
		mutate_version(&m, it, &d);
	else
		mutate(&m, it, &d);
	AUTO(item_free) struct item *now = laws_parse(buf_span(&m.bytes), &profile, what);
	if (kind < 3)
		nothing_new(&m, it, now, what);
	else
		only_what_was_changed(&m, it, now, what);
	laws_check(it, now, what);
	buf_clear(&m.bytes);
}

static void
mutants_of_real_cards_merge_by_the_laws(void **state)
{
	static struct cards c = { .bytes = BUF_INIT((size_t)256 << 20) };
	const char *given = getenv("CLOUDBOX_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	unsigned n = given ? 1 : scaled(PAIRS);

	(void)state;
	if (corpus_each("contacts", keep_file, &c) < 0) {
		print_message("skipped: CLOUDBOX_CORPUS is not set\n");
		skip();
	}
	print_message("CLOUDBOX_TEST_SEED=%llu, %u pairs from %zu cards in %zu files\n",
		      (unsigned long long)seed, n, c.n, c.n_files);
	assert_true(c.n > 1000);
	for (unsigned i = 0; i < n; i++)
		try_pair(&c, seed + i * 2);
	buf_clear(&c.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutants_of_real_cards_merge_by_the_laws),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
