/* SPDX-License-Identifier: Apache-2.0 */
/* The laws of merging on made-up cards.  CLOUDBOX_TEST_SEED runs one again. */
#include "merge/laws.h"

#include <time.h>

#define PAIRS 2000

static uint64_t
first_seed(void)
{
	const char *given = getenv("CLOUDBOX_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;

	print_message("CLOUDBOX_TEST_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* In made-up cards nothing is damaged: no version lacks a way to say any of it. */
static void
everything_can_be_written(const struct item *mine, const struct item *theirs, const char *what)
{
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;

	assert_int_equal(merge_items(&o, mine, theirs, NULL, NULL), 0);
	for (size_t i = 0; i < o.n_held; i++)
		if (o.held[i].why == MERGE_HELD_UNWRITABLE)
			fail_msg("%s: %s cannot be written", what, o.held[i].theirs->name);
}

static void
random_cards_merge_by_the_laws(void **state)
{
	static const char *const single[] = { "PHOTO", "NOTE", "ORG", "CATEGORIES", NULL };
	static const struct item_profile once = { .single = single };
	uint64_t seed = first_seed();

	(void)state;
	for (unsigned i = 0; i < scaled(PAIRS); i++, seed += 2) {
		AUTO(buf_clear) struct buf a = BUF_INIT(SIZE_MAX / 4), b = BUF_INIT(SIZE_MAX / 4);
		struct dice d = { seed | 1 };
		const struct item_profile *profile = dice_roll(&d, 2) ? &once : NULL;
		char what[64];
		snprintf(what, sizeof what, "CLOUDBOX_TEST_SEED=%llu", (unsigned long long)seed);
		laws_random_card(&a, &d);
		laws_random_card(&b, &d);
		AUTO(item_free) struct item *mine = laws_parse(buf_span(&a), profile, what);
		AUTO(item_free) struct item *theirs = laws_parse(buf_span(&b), profile, what);
		laws_check(mine, theirs, what);
		everything_can_be_written(mine, theirs, what);
		laws_check(mine, mine, what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_cards_merge_by_the_laws),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
