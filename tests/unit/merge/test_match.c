/* SPDX-License-Identifier: Apache-2.0 */
/* Which live contact is this backup's contact?  And: a restore done again writes nothing. */
#include <time.h>

#include "merge/app.h"

/* ---- single rules ---- */

#define ANNA    "FN:Anna Schmidt\r\nN:Schmidt;Anna;;;\r\n"
#define ANNA_12 ANNA "TEL:+49 30 5550012\r\n"

struct rule_case {
	const char *live[3]; /* card lines; id is L0, L1… */
	const char *backup, *backup_id;
	size_t at;
	enum match_rule rule;
	const char *reason;
};

static void
contacts_are_matched_by_the_four_rules(void **state)
{
	static const struct rule_case cases[] = {
		{ { ANNA_12 }, ANNA_12, "other", 0, 0, "everything in it is here already" },
		{ { ANNA_12 "NOTE:x\r\n" },
		  ANNA_12,
		  "L0",
		  0,
		  0,
		  "everything in it is here already" },
		{ { ANNA_12 }, ANNA_12 "NOTE:x\r\n", "L0", 0, 1, "same id" },
		{ { ANNA_12 },
		  ANNA_12 "NOTE:x\r\n",
		  "other",
		  0,
		  2,
		  "same name and same number ending 12" },
		{ { ANNA_12 },
		  "FN:anna  SCHMIDT\r\nTEL:+49305550012\r\n",
		  "other",
		  0,
		  2,
		  "same name and same number ending 12" },
		{ { "FN:Anna\r\nEMAIL:a@b.example\r\n" },
		  "FN:Anna\r\nEMAIL:A@B.example\r\nNOTE:1\r\n",
		  "other",
		  0,
		  2,
		  "same name and same e-mail address" },
		{ { ANNA_12 },
		  ANNA "TEL:+49 30 1\r\n",
		  "other",
		  MATCH_NONE,
		  3,
		  "new: the same name, but no number or address in common" },
		{ { ANNA_12 },
		  "FN:Bert\r\nTEL:+49 30 5550012\r\n",
		  "other",
		  MATCH_NONE,
		  3,
		  "new: nothing like it here" },
		/* one id, another name: a shared number makes it one contact, nothing shared makes two */
		{ { ANNA_12 }, "FN:Anna Meier\r\nTEL:+49305550012\r\n", "L0", 0, 1, "same id" },
		{ { ANNA_12 },
		  "FN:Bert\r\nTEL:+49 30 1\r\n",
		  "L0",
		  MATCH_NONE,
		  3,
		  "new: the same id, but another name and nothing in common" },
		/* father and son */
		{ { "FN:M\xc3\xbcller\r\nTEL:1\r\nTEL:100\r\n",
		    "FN:M\xc3\xbcller\r\nTEL:2\r\nTEL:100\r\n" },
		  "FN:M\xc3\xbcller\r\nTEL:2\r\nNOTE:n\r\n",
		  "other",
		  1,
		  2,
		  "same name and same number" },
		{ { "FN:M\xc3\xbcller\r\nTEL:1\r\nTEL:100\r\n",
		    "FN:M\xc3\xbcller\r\nTEL:2\r\nTEL:100\r\n" },
		  "FN:M\xc3\xbcller\r\nTEL:100\r\nTEL:2\r\nNOTE:n\r\n",
		  "other",
		  1,
		  2,
		  "same name and same number ending 00" },
		{ { "FN:M\xc3\xbcller\r\nTEL:1\r\nTEL:100\r\n",
		    "FN:M\xc3\xbcller\r\nTEL:2\r\nTEL:100\r\n" },
		  "FN:M\xc3\xbcller\r\nTEL:100\r\nNOTE:n\r\n",
		  "other",
		  MATCH_NONE,
		  3,
		  "new: several here fit equally well" },
		/* an id that the item carries itself */
		{ { ANNA_12 "X-CLOUDBOX-UID:old\r\n" }, ANNA "NOTE:n\r\n", "old", 0, 1, "same id" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(app_clear) struct app live = { 0 }, backup = { 0 };
		const struct rule_case *c = &cases[i];
		char reason[MATCH_REASON_BYTES];
		for (size_t j = 0; j < 3 && c->live[j]; j++) {
			char id[8];
			snprintf(id, sizeof id, "L%zu", j);
			app_add_text(&live, c->live[j], id);
		}
		app_add_text(&backup, c->backup, c->backup_id);
		AUTO(match_index_free) struct match_index *ix = app_index(&live);
		struct match m = app_find(ix, &backup.cards[0], MATCH_RULE_NAME);
		match_reason(reason, &m);
		if (m.at != c->at || m.rule != c->rule || strcmp(reason, c->reason) != 0)
			fail_msg("case %zu: at %zd, rule %u, %s", i, (ssize_t)m.at, m.rule, reason);
	}
}

static void
a_claimed_contact_is_left_alone_by_name_matching(void **state)
{
	AUTO(app_clear) struct app live = { 0 }, backup = { 0 };

	(void)state;
	app_add_text(&live, "FN:M\xc3\xbcller\r\nTEL:1\r\nTEL:100\r\n", "L0");
	app_add_text(&backup, "FN:M\xc3\xbcller\r\nTEL:2\r\nTEL:100\r\n", "son");
	AUTO(match_index_free) struct match_index *ix = app_index(&live);
	assert_int_equal(app_find(ix, &backup.cards[0], MATCH_RULE_NAME).at, 0);
	match_claim(ix, 0);
	struct match m = app_find(ix, &backup.cards[0], MATCH_RULE_NAME);
	assert_true(m.at == MATCH_NONE);
	assert_int_equal(m.why_new, MATCH_NEW_CLAIMED);
}

static void
two_alike_cards_come_back_as_two_on_a_blank_terminal(void **state)
{
	AUTO(app_clear) struct app live = { 0 }, backup = { 0 };

	(void)state;
	app_add_text(&backup, "FN:Anna\r\n", "h:1");
	app_add_text(&backup, "FN:Anna\r\n", "h:2");
	app_add_text(&backup, "FN:M\xc3\xbcller\r\nTEL:1\r\nTEL:100\r\n", "father");
	app_add_text(&backup, "FN:M\xc3\xbcller\r\nTEL:2\r\nTEL:100\r\n", "son");
	app_add_text(&backup, "", "nothing in it");
	app_restore(&live, &backup);
	assert_int_equal(live.n, 5);
	app_restore(&live, &backup);
	assert_int_equal(live.n_written, 0);
}

static void
an_updated_contact_is_found_by_its_new_fields_only(void **state)
{
	AUTO(app_clear) struct app live = { 0 }, backup = { 0 };
	struct card *now;

	(void)state;
	app_add_text(&live, ANNA_12, "L0");
	app_add_text(&backup, ANNA "TEL:77777\r\n", "b");
	now = app_add_text(&backup, ANNA "TEL:77777\r\nNOTE:n\r\n", "c");
	AUTO(match_index_free) struct match_index *ix = app_index(&live);
	assert_true(app_find(ix, &backup.cards[0], MATCH_RULE_NAME).at == MATCH_NONE);
	struct err err = { 0 };
	assert_int_equal(match_add(ix, 0, now->it, NULL, 0, MATCH_LIVE, &err), 0);
	assert_int_equal(app_find(ix, &backup.cards[0], MATCH_RULE_NAME).at, 0);
	app_add_text(&backup, ANNA_12 "NOTE:q\r\n", "d");
	assert_true(app_find(ix, &backup.cards[2], MATCH_RULE_NAME).at == MATCH_NONE);
}

/* ---- the law over a whole app ---- */

static void
restoring_again_writes_nothing_whatever_the_cards(void **state)
{
	const char *given = getenv("CLOUDBOX_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003;

	(void)state;
	print_message("CLOUDBOX_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (unsigned round = 0; round < scaled(150); round++, seed += 2) {
		AUTO(app_clear) struct app live = { 0 }, backup = { 0 };
		struct dice d = { seed | 1 };
		for (unsigned i = 0, n = dice_roll(&d, 30); i < n; i++) {
			AUTO(buf_clear) struct buf card = BUF_INIT(SIZE_MAX / 4);
			char id[16] = "";
			laws_random_card(&card, &d);
			if (dice_roll(&d, 2))
				snprintf(id, sizeof id, "id%u", dice_roll(&d, 40));
			app_add(dice_roll(&d, 2) ? &live : &backup, buf_span(&card), id);
		}
		app_restore(&live, &backup);
		app_restore(&live, &backup);
		if (live.n_written)
			fail_msg("CLOUDBOX_TEST_SEED=%llu: the second restore wrote %u cards",
				 (unsigned long long)seed, live.n_written);
	}
}

/* ---- ten thousand ---- */

static unsigned long
steps_for(unsigned n, bool one_changed)
{
	AUTO(app_clear) struct app live = { 0 };
	struct err err = { 0 };

	for (unsigned i = 0; i < n; i++) {
		char lines[300], id[16];
		snprintf(lines, sizeof lines,
			 "UID:u%u\r\nFN:Person %u\r\nTEL:+49 30 %u\r\nTEL;TYPE=WORK:+49 89 100\r\n"
			 "ORG:Example\r\n",
			 i, i % (n / 2), 1000000 + i);
		snprintf(id, sizeof id, "u%u", i);
		app_add_text(&live, lines, id);
	}
	AUTO(match_index_free) struct match_index *ix = app_index(&live);
	unsigned n_changed = 0;
	for (unsigned i = 0; i < n; i++) {
		struct match m = app_find(ix, &live.cards[i], MATCH_RULE_NAME);
		assert_int_equal(m.at, i);
		assert_int_equal(m.rule, MATCH_RULE_IDENTICAL);
	}
	struct card *c = &live.cards[n / 2];
	if (one_changed) {
		AUTO(app_clear) struct app backup = { 0 };
		AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
		char id[16];
		snprintf(id, sizeof id, "u%u", n / 2);
		struct card *b = app_add_text(&backup, "FN:Person 0\r\nTEL:+1 1\r\n", id);
		struct match m = app_find(ix, b, MATCH_RULE_NAME);
		assert_int_equal(m.at, n / 2);
		assert_int_equal(merge_items(&o, c->it, b->it, NULL, &err), 0);
		n_changed += o.result == MERGE_MERGED;
	}
	assert_int_equal(n_changed, one_changed);
	return match_steps(ix);
}

static void
ten_thousand_contacts_take_ten_times_the_steps_of_one_thousand(void **state)
{
	unsigned long small = steps_for(scaled(1000), true), large = steps_for(scaled(10000), true);

	(void)state;
	print_message("steps: %lu for %u, %lu for ten times as many\n", small, scaled(1000), large);
	assert_true(large < 11 * small);
	assert_true(large > 9 * small);
}

static void
ten_thousand_alike_contacts_stay_bounded(void **state)
{
	AUTO(app_clear) struct app live = { 0 }, backup = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		char lines[100];
		snprintf(lines, sizeof lines, "FN:Unknown\r\nTEL:100\r\nNOTE:%u\r\n", i);
		app_add_text(&live, lines, NULL);
	}
	AUTO(match_index_free) struct match_index *ix = app_index(&live);
	app_add_text(&backup, "FN:Unknown\r\nTEL:100\r\nNOTE:other\r\n", NULL);
	unsigned long before = match_steps(ix);
	struct match m = app_find(ix, &backup.cards[0], MATCH_RULE_NAME);
	assert_true(m.at == MATCH_NONE);
	assert_int_equal(m.why_new, MATCH_NEW_TIE);
	assert_true(match_steps(ix) - before < 20 * MATCH_LOOK_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contacts_are_matched_by_the_four_rules),
		cmocka_unit_test(a_claimed_contact_is_left_alone_by_name_matching),
		cmocka_unit_test(two_alike_cards_come_back_as_two_on_a_blank_terminal),
		cmocka_unit_test(an_updated_contact_is_found_by_its_new_fields_only),
		cmocka_unit_test(restoring_again_writes_nothing_whatever_the_cards),
		cmocka_unit_test(ten_thousand_contacts_take_ten_times_the_steps_of_one_thousand),
		cmocka_unit_test(ten_thousand_alike_contacts_stay_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
