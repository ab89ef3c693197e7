/* SPDX-License-Identifier: Apache-2.0 */
/* What a restore plans for cards, against an app in memory. */
#include "restore/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "item/card.h"
#include "item/sms_xml.h"
#include "restore/fit.h"
#include "restore/held.h"
#include "unit.h"

#define APP_MAX 32

/* The app: its cards, and the native ids by which the Box knows them. */
struct app {
	char *cards[APP_MAX];
	const char *ids[APP_MAX];
	size_t n;
	size_t n_writes;
	bool moves; /* under the plan's hands */
};

struct backup {
	const char *id;
	const char *bytes;
};

static int
read_card(void *ctx, size_t at, struct buf *out, struct buf *id, struct err *err)
{
	struct app *a = ctx;

	if (a->moves)
		return PLAN_MOVED;
	return buf_append_str(id, a->ids[at], err) < 0 ? -1
						       : buf_append_str(out, a->cards[at], err);
}

static void
app_add(struct app *a, const char *id, const char *bytes)
{
	assert_true(a->n < APP_MAX);
	a->ids[a->n] = id;
	a->cards[a->n++] = strdup(bytes);
}

static void
app_clear(struct app *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->cards[i]);
	*a = (struct app){ 0 };
}

static struct plan_theirs
theirs_of(const struct backup *b)
{
	struct plan_theirs t = { span_str(b->id), { 0 }, span_str(b->bytes) };

	memcpy(t.item_id, b->id, strlen(b->id) < 16 ? strlen(b->id) : 16);
	return t;
}

static const struct item_profile *profile; /* of the app; NULL: it takes everything */

static struct plan *
plan_of(struct app *a, const struct merge_choice *choice)
{
	struct plan_rules rules = { .form = &form_card,
				    .profile = profile,
				    .choice = choice,
				    .read = read_card,
				    .ctx = a };
	struct plan *p = NULL;

	assert_int_equal(plan_new(&p, &rules, NULL), 0);
	for (size_t i = 0; i < a->n; i++)
		assert_int_equal(plan_add_live(p, span_str(a->ids[i]), span_str(a->cards[i]), NULL),
				 0);
	return p;
}

static void
write_step(struct app *a, const struct plan_step *s, const char *id)
{
	if (!s->writes)
		return;
	a->n_writes++;
	if (s->at == MATCH_NONE) {
		app_add(a, s->new_uid && s->uid_taken ? s->uid : id, buf_str(&s->bytes));
		return;
	}
	assert_string_equal(buf_str(&s->before), a->cards[s->at]);
	free(a->cards[s->at]);
	a->cards[s->at] = strdup(buf_str(&s->bytes));
}

/* One restore of @b: @steps are the plan; the app is written.  What waits is done in another round,
 * as a restore does. */
static void
restore(struct app *a, const struct backup *b, size_t n, struct plan_step *steps,
	const struct merge_choice *choice)
{
	bool done[APP_MAX] = { false };

	for (int round = 0; round < 3; round++) {
		AUTO(plan_free) struct plan *p = plan_of(a, choice);
		int rc[APP_MAX] = { 0 };

		for (int pass = PLAN_SURE; pass <= PLAN_REST; pass++) {
			for (size_t i = 0; i < n; i++) {
				struct plan_theirs t = theirs_of(&b[i]);

				if (done[i] || (pass == PLAN_REST && rc[i] != PLAN_LATER))
					continue;
				rc[i] = plan_item(&steps[i], p, &t, (enum plan_pass)pass, NULL);
				assert_true(rc[i] >= 0 && rc[i] != PLAN_MOVED);
			}
		}
		for (size_t i = 0; i < n; i++) {
			if (done[i] || rc[i] != 0)
				continue;
			write_step(a, &steps[i], b[i].id);
			done[i] = true;
		}
	}
	for (size_t i = 0; i < n; i++)
		assert_true(done[i]);
}

static void
steps_clear(struct plan_step *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		plan_step_clear(&s[i]);
}

/* Whatever the first restore did, the second writes nothing and adds nothing. */
static void
assert_again_writes_nothing(struct app *a, const struct backup *b, size_t n)
{
	struct plan_step again[APP_MAX] = { 0 };
	size_t before = a->n_writes, cards = a->n;

	restore(a, b, n, again, NULL);
	assert_int_equal(a->n_writes, before);
	assert_int_equal(a->n, cards);
	for (size_t i = 0; i < n; i++) {
		assert_false(again[i].writes);
		assert_int_equal(again[i].n_added, 0);
	}
	steps_clear(again, n);
}

#define CARD(body) "BEGIN:VCARD\r\nVERSION:3.0\r\n" body "END:VCARD\r\n"

static void
the_same_card_is_identical(void **state)
{
	struct app a = { 0 };
	const struct backup b = { "anna", CARD("UID:anna\r\nFN:Anna\r\nTEL:+4912345\r\n") };
	struct plan_step s = { 0 };

	(void)state;
	app_add(&a, "anna", b.bytes);
	restore(&a, &b, 1, &s, NULL);
	assert_int_equal(s.outcome, RESTORE_IDENTICAL);
	assert_false(s.writes);
	assert_int_equal(a.n_writes, 0);
	assert_true(s.reason[0] != '\0');
	plan_step_clear(&s);
	app_clear(&a);
}

static void
fields_of_both_sides_are_merged_and_nothing_is_replaced(void **state)
{
	struct app a = { 0 };
	const struct backup b = {
		"anna", CARD("UID:anna\r\nFN:Anna "
			     "Meier\r\nTEL:+4912345\r\nTEL:+4999999\r\nBDAY:1980-01-01\r\n")
	};
	struct plan_step s = { 0 };

	(void)state;
	app_add(&a, "anna",
		CARD("UID:anna\r\nFN:Anna Schmidt\r\nTEL:+4912345\r\nEMAIL:a@b.de\r\n"));
	restore(&a, &b, 1, &s, NULL);
	assert_int_equal(s.outcome, RESTORE_MERGED);
	assert_int_equal(s.n_added, 2);
	assert_string_equal(s.added[0].field, "TEL");
	assert_string_equal(s.added[0].value, "+4999999");
	assert_string_equal(s.added[1].field, "BDAY");
	assert_int_equal(s.n_held, 1);
	assert_string_equal(s.held[0].field, "FN");
	assert_string_equal(s.held[0].here, "Anna Schmidt");
	assert_string_equal(s.held[0].value, "Anna Meier");
	assert_non_null(strstr(a.cards[0], "FN:Anna Schmidt\r\n"));
	assert_non_null(strstr(a.cards[0], "EMAIL:a@b.de\r\n"));
	assert_non_null(strstr(a.cards[0], "TEL:+4999999\r\n"));
	assert_null(strstr(a.cards[0], "Meier"));
	plan_step_clear(&s);
	assert_again_writes_nothing(&a, &b, 1);
	app_clear(&a);
}

static void
a_held_value_can_be_read_and_taken_back_later(void **state)
{
	struct app a = { 0 };
	const struct backup b = { "anna", CARD("UID:anna\r\nFN:Anna Meier\r\nTEL:+4912345\r\n") };
	struct plan_step s = { 0 };
	struct held h;
	AUTO(item_free) struct item *card = NULL, *mine = NULL;
	AUTO(buf_clear) struct buf taken = BUF_INIT(4096);

	(void)state;
	app_add(&a, "anna", CARD("UID:anna\r\nFN:Anna Schmidt\r\nTEL:+4912345\r\n"));
	restore(&a, &b, 1, &s, NULL);
	assert_int_equal(s.n_held, 1);
	assert_int_equal(held_decode(&h, buf_span(&s.held_bodies[0]), NULL), 0);
	assert_true(span_equal(h.here, span_str("Anna Schmidt")));
	assert_true(span_equal(h.backup, span_str("Anna Meier")));
	assert_int_equal(card_parse(&card, h.card, "", 1, NULL, NULL), 0);
	assert_int_equal(card_parse(&mine, span_str(a.cards[0]), "", 1, NULL, NULL), 0);
	for (size_t i = 0; i < card->n_fields; i++) {
		for (size_t j = 0; j < mine->n_fields; j++) {
			if (!field_key_equal(&card->fields[i].key, &h.key) ||
			    strcmp(mine->fields[j].name, "FN") != 0)
				continue;
			assert_int_equal(merge_take(&taken, mine, &mine->fields[j], card,
						    &card->fields[i], NULL),
					 0);
		}
	}
	assert_string_equal(buf_str(&taken), b.bytes);
	plan_step_clear(&s);
	app_clear(&a);
}

static void
a_held_body_that_is_cut_or_bent_is_refused(void **state)
{
	struct app a = { 0 };
	const struct backup b = { "anna", CARD("UID:anna\r\nFN:Anna Meier\r\nTEL:+4912345\r\n") };
	struct plan_step s = { 0 };
	struct held h;
	struct span body;
	struct err err = { 0 };

	(void)state;
	app_add(&a, "anna", CARD("UID:anna\r\nFN:Anna Schmidt\r\nTEL:+4912345\r\n"));
	restore(&a, &b, 1, &s, NULL);
	body = buf_span(&s.held_bodies[0]);
	for (size_t n = 0; n < 18 + 4 + 12 + 4 + 10; n++)
		assert_int_equal(held_decode(&h, span_of(body.p, n), &err), -1);
	s.held_bodies[0].p[0] = 2;
	assert_int_equal(held_decode(&h, body, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	plan_step_clear(&s);
	app_clear(&a);
}

static void
an_item_that_is_not_here_is_added_under_its_own_uid(void **state)
{
	struct app a = { 0 };
	const struct backup b = { "anna", CARD("UID:anna\r\nFN:Anna\r\nTEL:+4912345\r\n") };
	struct plan_step s = { 0 };

	(void)state;
	app_add(&a, "ben", CARD("UID:ben\r\nFN:Ben\r\n"));
	restore(&a, &b, 1, &s, NULL);
	assert_int_equal(s.outcome, RESTORE_ADDED);
	assert_false(s.new_uid);
	assert_string_equal(a.cards[1], b.bytes);
	plan_step_clear(&s);
	assert_again_writes_nothing(&a, &b, 1);
	app_clear(&a);
}

static void
a_card_without_uid_is_added_with_one_and_found_again(void **state)
{
	struct app a = { 0 };
	const struct backup b = { "h:0123456789abcdef", CARD("NOTE:neither name nor number\r\n") };
	struct plan_step s = { 0 };

	(void)state;
	restore(&a, &b, 1, &s, NULL);
	assert_int_equal(s.outcome, RESTORE_ADDED);
	assert_true(s.new_uid);
	assert_false(s.uid_taken);
	assert_non_null(strstr(a.cards[0], s.uid));
	plan_step_clear(&s);
	assert_again_writes_nothing(&a, &b, 1);
	app_clear(&a);
}

static void
an_id_that_was_used_again_makes_a_second_contact(void **state)
{
	struct app a = { 0 };
	const struct backup b = { "x", CARD("UID:x\r\nFN:Anna\r\nTEL:+4912345\r\n") };
	struct plan_step s = { 0 };

	(void)state;
	app_add(&a, "x", CARD("UID:x\r\nFN:Zoe\r\nTEL:+4977777\r\n"));
	restore(&a, &b, 1, &s, NULL);
	assert_int_equal(s.outcome, RESTORE_ADDED);
	assert_true(s.uid_taken);
	assert_non_null(strstr(a.cards[1], "X-CLOUDBOX-UID:x"));
	assert_non_null(strstr(a.cards[0], "FN:Zoe"));
	plan_step_clear(&s);
	assert_again_writes_nothing(&a, &b, 1);
	app_clear(&a);
}

static void
a_near_match_never_takes_the_place_of_a_sure_one(void **state)
{
	struct app a = { 0 };
	/* The first is merely alike (same name and number), the second is the card itself. */
	const struct backup b[] = {
		{ "old", CARD("UID:old\r\nFN:Max\r\nTEL:+4912345\r\nEMAIL:old@b.de\r\n") },
		{ "max", CARD("UID:max\r\nFN:Max\r\nTEL:+4912345\r\nEMAIL:max@b.de\r\n") },
	};
	struct plan_step s[2] = { 0 };

	(void)state;
	app_add(&a, "max", CARD("UID:max\r\nFN:Max\r\nTEL:+4912345\r\n"));
	restore(&a, b, 2, s, NULL);
	assert_int_equal(s[1].at, 0);
	assert_int_equal(s[1].outcome, RESTORE_MERGED);
	assert_non_null(strstr(a.cards[0], "max@b.de"));
	assert_null(strstr(a.cards[0], "old@b.de"));
	assert_int_equal(s[0].outcome, RESTORE_ADDED);
	steps_clear(s, 2);
	assert_again_writes_nothing(&a, b, 2);
	app_clear(&a);
}

static void
two_alike_cards_of_the_backup_come_back_as_two(void **state)
{
	struct app a = { 0 };
	const struct backup b[] = {
		{ "one", CARD("UID:one\r\nFN:Max\r\nTEL:+4912345\r\nNOTE:father\r\n") },
		{ "two", CARD("UID:two\r\nFN:Max\r\nTEL:+4912345\r\nNOTE:son\r\n") },
	};
	struct plan_step s[2] = { 0 };

	(void)state;
	restore(&a, b, 2, s, NULL);
	assert_int_equal(a.n, 2);
	steps_clear(s, 2);
	assert_again_writes_nothing(&a, b, 2);
	app_clear(&a);
}

static void
two_items_for_one_card_are_merged_one_after_the_other(void **state)
{
	struct app a = { 0 };
	const struct backup b[] = {
		{ "x", CARD("UID:x\r\nFN:Anna\r\nTEL:+4912345\r\nEMAIL:one@b.de\r\n") },
		{ "y", CARD("UID:y\r\nFN:Anna\r\nTEL:+4912345\r\nEMAIL:two@b.de\r\n") },
	};
	struct plan_step s[2] = { 0 };

	(void)state;
	/* It was restored under another UID once: it is both x and y. */
	app_add(&a, "y", CARD("UID:y\r\nX-CLOUDBOX-UID:x\r\nFN:Anna\r\nTEL:+4912345\r\n"));
	restore(&a, b, 2, s, NULL);
	assert_int_equal(a.n, 1);
	assert_non_null(strstr(a.cards[0], "one@b.de"));
	assert_non_null(strstr(a.cards[0], "two@b.de"));
	steps_clear(s, 2);
	assert_again_writes_nothing(&a, b, 2);
	app_clear(&a);
}

static void
only_the_wanted_field_is_taken_back(void **state)
{
	struct app a = { 0 };
	const struct backup b = {
		"anna",
		CARD("UID:anna\r\nFN:Anna\r\nTEL:+4912345\r\nTEL:+4999999\r\nNOTE:hi\r\n")
	};
	const char *names[] = { "tel=+4999999" };
	struct plan_fields fields = { names, 1 };
	struct merge_choice choice = { plan_wants, &fields };
	struct plan_step s = { 0 };

	(void)state;
	app_add(&a, "anna", CARD("UID:anna\r\nFN:Anna\r\nEMAIL:a@b.de\r\n"));
	restore(&a, &b, 1, &s, &choice);
	assert_int_equal(s.n_added, 1);
	assert_string_equal(s.added[0].value, "+4999999");
	assert_null(strstr(a.cards[0], "NOTE"));
	assert_null(strstr(a.cards[0], "+4912345"));
	plan_step_clear(&s);
	app_clear(&a);
}

static void
a_broken_card_is_refused_and_its_neighbour_comes(void **state)
{
	struct app a = { 0 };
	const struct backup b[] = {
		{ "bad", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bad\r\n" },
		{ "good", CARD("UID:good\r\nFN:Good\r\n") },
	};
	struct plan_step s[2] = { 0 };

	(void)state;
	restore(&a, b, 2, s, NULL);
	assert_int_equal(s[0].outcome, RESTORE_FAILED);
	assert_true(s[0].reason[0] != '\0');
	assert_int_equal(s[1].outcome, RESTORE_ADDED);
	assert_int_equal(a.n, 1);
	steps_clear(s, 2);
	app_clear(&a);
}

static void
an_app_that_moves_under_the_plan_is_said(void **state)
{
	struct app a = { 0 };
	const struct backup b = { "anna", CARD("UID:anna\r\nFN:Anna\r\nTEL:+4912345\r\n") };
	struct plan_theirs t = theirs_of(&b);
	struct plan_step s = { 0 };
	struct plan *p;

	(void)state;
	app_add(&a, "anna", CARD("UID:anna\r\nFN:Anna\r\n"));
	p = plan_of(&a, NULL);
	a.moves = true;
	assert_int_equal(plan_item(&s, p, &t, PLAN_SURE, NULL), PLAN_MOVED);
	plan_step_clear(&s);
	plan_free(p);
	app_clear(&a);
}

static const char *const drops[] = { "NOTE", "BDAY", NULL };
static const struct item_profile dropping = { .drops = drops };

static void
what_the_app_has_no_place_for_is_left_and_never_comes_again(void **state)
{
	struct app a = { 0 };
	const struct backup b[] = {
		{ "anna", CARD("UID:anna\r\nFN:Anna\r\nTEL:+4912345\r\nTEL:+4999999\r\n"
			       "NOTE:swims\r\nBDAY:1980-01-01\r\n") },
		{ "bo", CARD("UID:bo\r\nFN:Bo\r\nNOTE:runs\r\n") },
	};
	struct plan_step s[2] = { 0 };

	(void)state;
	profile = &dropping;
	app_add(&a, "anna", CARD("UID:anna\r\nFN:Anna\r\nTEL:+4912345\r\nBDAY:1999-09-09\r\n"));
	restore(&a, b, 2, s, NULL);
	assert_int_equal(s[0].outcome, RESTORE_MERGED);
	assert_int_equal(s[0].n_added, 1);
	assert_int_equal(s[0].n_held, 0);
	assert_int_equal(s[0].n_left, 2);
	assert_string_equal(s[0].left[0].field, "NOTE");
	assert_string_equal(s[0].left[0].value, "swims");
	assert_string_equal(s[0].left[1].field, "BDAY");
	assert_int_equal(s[1].outcome, RESTORE_ADDED);
	assert_int_equal(s[1].n_left, 1);
	assert_string_equal(a.cards[0], CARD("UID:anna\r\nFN:Anna\r\nTEL:+4912345\r\n"
					     "BDAY:1999-09-09\r\nTEL:+4999999\r\n"));
	assert_string_equal(a.cards[1], CARD("UID:bo\r\nFN:Bo\r\n"));
	steps_clear(s, 2);
	memset(s, 0, sizeof s);
	restore(&a, b, 2, s, NULL);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(s[i].outcome, RESTORE_IDENTICAL);
		assert_int_equal(s[i].n_left, 2 - i);
	}
	steps_clear(s, 2);
	assert_again_writes_nothing(&a, b, 2);
	app_clear(&a);
	profile = NULL;
}

static void
note_card(struct restore_fit *fit, const struct form *form, const struct item_profile *of,
	  const char *bytes)
{
	assert_int_equal(fit_note(fit, form, of, span_str(bytes), NULL), 0);
}

static void
assert_fields(const struct restore_fit_field *list, size_t n, const char *expected)
{
	char told[400] = "";

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(told);

		snprintf(told + len, sizeof told - len, "%s %u, ", list[i].name,
			 (unsigned)list[i].items);
	}
	assert_string_equal(told, expected);
}

static void
each_field_is_counted_once_an_item_kept_or_left(void **state)
{
	AUTO(fit_clear) struct restore_fit fit = { 0 };

	(void)state;
	note_card(&fit, &form_card, &dropping,
		  CARD("UID:a\r\nFN:A\r\nTEL:1\r\nTEL:2\r\nNOTE:n\r\nNOTE:m\r\nREV:1\r\n"));
	note_card(&fit, &form_card, &dropping, CARD("UID:b\r\nFN:B\r\nNOTE:n\r\nEMAIL:\r\n"));
	note_card(&fit, &form_card, &dropping, "no card");
	assert_int_equal(fit.n_items, 2);
	assert_fields(fit.kept, fit.n_kept, "FN 2, TEL 1, UID 2, ");
	assert_fields(fit.left, fit.n_left, "NOTE 2, ");
}

static void
attributes_of_a_message_can_be_left_too(void **state)
{
	static const char *const names[] = { "SERVICE_CENTER", "SUBJECT", NULL };
	static const struct item_profile no_centre = { .drops = names };
	AUTO(fit_clear) struct restore_fit fit = { 0 };

	(void)state;
	note_card(&fit, &form_message, &no_centre,
		  "<sms address=\"+491\" date=\"1373942574000\" type=\"1\" subject=\"null\" "
		  "body=\"hello\" read=\"1\" service_center=\"+492\"/>");
	assert_fields(fit.kept, fit.n_kept, "ADDRESS 1, BODY 1, DATE 1, DIRECTION 1, ");
	assert_fields(fit.left, fit.n_left, "SERVICE_CENTER 1, ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_card_is_identical),
		cmocka_unit_test(fields_of_both_sides_are_merged_and_nothing_is_replaced),
		cmocka_unit_test(a_held_value_can_be_read_and_taken_back_later),
		cmocka_unit_test(a_held_body_that_is_cut_or_bent_is_refused),
		cmocka_unit_test(an_item_that_is_not_here_is_added_under_its_own_uid),
		cmocka_unit_test(a_card_without_uid_is_added_with_one_and_found_again),
		cmocka_unit_test(an_id_that_was_used_again_makes_a_second_contact),
		cmocka_unit_test(a_near_match_never_takes_the_place_of_a_sure_one),
		cmocka_unit_test(two_alike_cards_of_the_backup_come_back_as_two),
		cmocka_unit_test(two_items_for_one_card_are_merged_one_after_the_other),
		cmocka_unit_test(only_the_wanted_field_is_taken_back),
		cmocka_unit_test(a_broken_card_is_refused_and_its_neighbour_comes),
		cmocka_unit_test(an_app_that_moves_under_the_plan_is_said),
		cmocka_unit_test(what_the_app_has_no_place_for_is_left_and_never_comes_again),
		cmocka_unit_test(each_field_is_counted_once_an_item_kept_or_left),
		cmocka_unit_test(attributes_of_a_message_can_be_left_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
