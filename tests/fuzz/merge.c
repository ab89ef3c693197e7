/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge: all laws of merging (tests/unit/merge/laws.h) on any two cards.
 *
 * The input holds two cards; where it holds one only, a changed copy of it is the other.  A law that
 * does not hold ends the program: cmocka's fail(), outside of a test, exits.
 */
#include "fuzz.h"
#include "merge/laws.h"
#include "merge/match.h"

struct two {
	struct span text;
	struct item *it[2];
	size_t n;
};

static int
on_part(void *ctx, const struct card_part *part, struct err *err)
{
	struct two *t = ctx;

	if (part->bad == NULL && t->n < 2 &&
	    card_parse(&t->it[t->n], range_span(t->text, part->range), "fuzz", 1, NULL, err) == 0)
		t->n++;
	return 0;
}

static void
match_each(const struct two *t)
{
	AUTO(match_index_free) struct match_index *ix = NULL;
	char why[MATCH_REASON_BYTES];
	struct match m;

	FUZZ_TRUE(match_index_new(&ix, NULL) == 0);
	FUZZ_TRUE(match_add(ix, 0, t->it[0], NULL, 0, MATCH_LIVE, NULL) == 0);
	for (size_t i = 0; i < t->n; i++) {
		FUZZ_TRUE(match_find(&m, ix, t->it[i], NULL, 0, MATCH_RULE_NAME, NULL) == 0);
		FUZZ_TRUE(m.at == 0 || m.at == MATCH_NONE);
		match_reason(why, &m);
	}
	FUZZ_TRUE(match_find(&m, ix, t->it[0], NULL, 0, MATCH_RULE_NAME, NULL) == 0);
	FUZZ_TRUE(m.at == 0 && m.rule == MATCH_RULE_IDENTICAL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct two t = { .text = span_of(data, n) };

	FUZZ_TRUE(card_split(t.text, "fuzz", on_part, &t, NULL) == 0);
	if (t.n > 0) {
		laws_check(t.it[0], t.it[0], "a card and itself");
		match_each(&t);
	}
	if (t.n == 2)
		laws_check(t.it[0], t.it[1], "two cards");
	else if (t.n == 1)
		laws_check_changed_copy(t.it[0], n, "a card and a changed copy");
	for (size_t i = 0; i < t.n; i++)
		item_free(t.it[i]);
	return 0;
}
